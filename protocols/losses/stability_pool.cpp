#include "protocols/losses/stability_pool.hpp"

#include <algorithm>

namespace faultline {

namespace {

constexpr double scale_factor = 1e9;

/// A sum as a depositor meets it: its own page from where it came in, and the next page, whose
/// product was scaled up, at its true size.
double gain(const StabilityPool& pool, const PoolDeposit& d, double StabilityPool::Page::*sum,
            double seen) {
  if (!(d.deposit > 0)) return 0;
  const StabilityPool::Page& own = pool.pages[d.page];
  double per_coin = own.*sum - seen;
  if (d.page + 1 < pool.pages.size() && pool.pages[d.page + 1].epoch == own.epoch) {
    per_coin += pool.pages[d.page + 1].*sum / scale_factor;
  }
  return d.deposit * per_coin / d.product;
}

}  // namespace

double offsettable(const StabilityPoolTerms& terms, const StabilityPool& pool) {
  return pool.deposits - std::min(terms.least, pool.deposits);
}

// StabilityPool.sol: offset, _updateRewardSumAndProduct [liquity_v1_code]
void offset(StabilityPool& pool, double debt, double collateral) {
  if (!(pool.deposits > 0) || !(debt > 0)) return;
  StabilityPool::Page& page = pool.pages.back();
  page.collateral += collateral / pool.deposits * pool.product;
  pool.collateral += collateral;
  const std::uint32_t epoch = page.epoch;
  if (debt >= pool.deposits) {
    pool.deposits = 0;
    pool.product = 1;
    pool.pages.push_back({epoch + 1, 0, 0});
    return;
  }
  pool.product *= 1 - debt / pool.deposits;
  pool.deposits -= debt;
  if (pool.product < 1 / scale_factor) {
    pool.product *= scale_factor;
    pool.pages.push_back({epoch, 0, 0});
  }
}

// StabilityPool.sol: _updateYieldRewardsSum [liquity_v2_code]
void add_income(StabilityPool& pool, double coins) {
  pool.waiting_income += coins;
  if (!(pool.deposits > 0)) return;
  pool.pages.back().income += pool.waiting_income / pool.deposits * pool.product;
  pool.income += pool.waiting_income;
  pool.waiting_income = 0;
}

double deposit_now(const StabilityPool& pool, const PoolDeposit& d) {
  const std::size_t newest = pool.pages.size() - 1;
  if (!(d.deposit > 0) || pool.pages[d.page].epoch != pool.pages[newest].epoch) return 0;
  const std::size_t passed = newest - d.page;
  if (passed > 1) return 0;
  const double left = d.deposit * (pool.product / d.product) / (passed == 1 ? scale_factor : 1);
  return left < d.deposit / 1e9 ? 0 : left;
}

double collateral_gain(const StabilityPool& pool, const PoolDeposit& d) {
  return gain(pool, d, &StabilityPool::Page::collateral, d.collateral_sum);
}

double income_gain(const StabilityPool& pool, const PoolDeposit& d) {
  return gain(pool, d, &StabilityPool::Page::income, d.income_sum);
}

PoolPayment touch_deposit(StabilityPool& pool, PoolDeposit& d, double change) {
  const double left = deposit_now(pool, d);
  PoolPayment paid;
  paid.coins = std::min(left, std::max(0.0, -change));
  paid.collateral = std::min(pool.collateral, collateral_gain(pool, d));
  paid.income = std::min(pool.income, income_gain(pool, d));
  pool.collateral -= paid.collateral;
  pool.income -= paid.income;
  const double added = std::max(0.0, change) - paid.coins;
  pool.deposits = std::max(0.0, pool.deposits + added);
  d.deposit = left + added;
  d.product = pool.product;
  d.page = static_cast<std::uint32_t>(pool.pages.size() - 1);
  d.collateral_sum = pool.pages.back().collateral;
  d.income_sum = pool.pages.back().income;
  return paid;
}

}  // namespace faultline
