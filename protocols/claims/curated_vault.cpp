#include "protocols/claims/curated_vault.hpp"

#include <algorithm>
#include <cmath>

#include "core/math.hpp"

namespace faultline {

double vault_price(const VaultTerms& t, const CuratedVault& v) {
  const double shares = v.shares + t.virtual_units;
  return shares > 0 ? (v.assets + t.virtual_units) / shares : 1;
}

// MetaMorphoV1_1.sol: _accruedFeeAndAssets [metamorpho_code]; VaultV2.sol: accrueInterestView
// [morpho_vault_v2_code]
double accrue_vault(const VaultTerms& t, CuratedVault& v, double real, double dt_s) {
  double now = real;
  if (t.loss == VaultLoss::carry) {
    if (real < v.assets - v.lost) v.lost = v.assets - real;
    now = real + v.lost;
  } else {
    if (std::isfinite(t.max_rate)) now = std::min(real, v.assets * (1 + t.max_rate * dt_s));
    v.lost = 0;
  }
  const double interest = std::max(0.0, now - v.assets);
  const double fees = interest * t.performance_fee + now * t.management_fee * dt_s;
  const double rest = now - fees + t.virtual_units;
  const double minted = fees > 0 && rest > 0 ? fees * (v.shares + t.virtual_units) / rest : 0;
  v.assets = now;
  v.shares += minted;
  return minted;
}

double shares_for(const VaultTerms& t, const CuratedVault& v, double assets) {
  return assets / vault_price(t, v);
}

double assets_for(const VaultTerms& t, const CuratedVault& v, double shares) {
  return shares * vault_price(t, v);
}

double book_deposit(const VaultTerms& t, CuratedVault& v, double assets) {
  const double minted = shares_for(t, v, assets);
  v.shares += minted;
  v.assets += assets;
  return minted;
}

double book_withdrawal(const VaultTerms& t, CuratedVault& v, double assets) {
  const double burned = std::min(v.shares, shares_for(t, v, assets));
  v.shares -= burned;
  v.assets = std::max(0.0, v.assets - assets);
  return burned;
}

namespace {

double room_of(const VaultMarket& m) {
  return std::max(0.0, m.cap - m.claim);
}

double out_of(const VaultMarket& m) {
  return std::max(0.0, std::min(m.claim, m.cash));
}

}  // namespace

double placeable(std::span<const std::uint32_t> queue, std::span<const VaultMarket> markets) {
  std::vector<bool> seen(markets.size());
  double sum = 0;
  for (const std::uint32_t i : queue) {
    if (!seen[i]) sum += room_of(markets[i]);
    seen[i] = true;
  }
  return sum;
}

double withdrawable(std::span<const std::uint32_t> queue, std::span<const VaultMarket> markets) {
  double sum = 0;
  for (const std::uint32_t i : queue) sum += out_of(markets[i]);
  return sum;
}

double supply_along(std::span<const std::uint32_t> queue, std::span<VaultMarket> markets,
                    double assets) {
  for (const std::uint32_t i : queue) {
    const double part = std::min(assets, room_of(markets[i]));
    markets[i].claim += part;
    markets[i].cash += part;
    assets -= part;
  }
  return assets;
}

double withdraw_along(std::span<const std::uint32_t> queue, std::span<VaultMarket> markets,
                      double assets) {
  for (const std::uint32_t i : queue) {
    const double part = std::min(assets, out_of(markets[i]));
    markets[i].claim -= part;
    markets[i].cash -= part;
    assets -= part;
  }
  return assets;
}

// MetaMorpho.sol: reallocate [metamorpho_code]
bool reallocate(std::span<VaultMarket> markets, std::span<const double> targets) {
  double down = 0, up = 0;
  for (std::size_t i = 0; i < markets.size(); ++i) {
    const double change = targets[i] - markets[i].claim;
    if (change < 0 && -change > out_of(markets[i])) return false;
    if (change > 0 && targets[i] > markets[i].cap) return false;
    (change < 0 ? down : up) += std::fabs(change);
  }
  if (std::fabs(down - up) > 1e-12 * std::max(down, up)) return false;
  for (std::size_t i = 0; i < markets.size(); ++i) {
    markets[i].cash += targets[i] - markets[i].claim;
    markets[i].claim = targets[i];
  }
  return true;
}

void submit_cap(const VaultTerms& t, VaultMarket& market, PendingCap& pending, double cap) {
  if (cap <= market.cap) {
    market.cap = cap;
    pending.waiting = false;
  } else {
    pending = {cap, t.timelock_s, true};
    pass_timelock(market, pending, 0);
  }
}

void pass_timelock(VaultMarket& market, PendingCap& pending, double dt_s) {
  if (!pending.waiting) return;
  pending.due_in_s -= dt_s;
  if (pending.due_in_s > 0) return;
  market.cap = pending.cap;
  pending.waiting = false;
}

// PublicAllocator.sol: reallocateTo [metamorpho_code]
double movable(const VaultMarket& from, const FlowCap& from_cap, const VaultMarket& to,
               const FlowCap& to_cap) {
  return std::max(0.0, std::min({out_of(from), from_cap.most_out, room_of(to), to_cap.most_in}));
}

void move_between(VaultMarket& from, FlowCap& from_cap, VaultMarket& to, FlowCap& to_cap,
                  double amount) {
  from.claim -= amount;
  from.cash -= amount;
  from_cap.most_out -= amount;
  from_cap.most_in += amount;
  to.claim += amount;
  to.cash += amount;
  to_cap.most_in -= amount;
  to_cap.most_out += amount;
}

double allocatable(std::span<const RiskCap> caps, double vault_assets) {
  double most = std::numeric_limits<double>::infinity();
  for (const RiskCap& c : caps) {
    double cap = c.absolute;
    if (c.relative < 1) cap = std::min(cap, c.relative * vault_assets);  // 1: no relative cap
    most = std::min(most, cap - c.allocated);
  }
  return std::max(0.0, most);
}

// VaultV2.sol: forceDeallocate [morpho_vault_v2_code]
ForcedExit force_deallocate(VaultMarket& market, double assets, double penalty_rate) {
  const double pulled = std::min(assets, out_of(market));
  market.claim -= pulled;
  market.cash -= pulled;
  return {pulled, pulled * penalty_rate};
}

double best_forced_exit(const VaultMarket& market, double assets, double penalty_rate) {
  return std::min(out_of(market), assets / (1 + penalty_rate));
}

double vault_apy(std::span<const VaultMarket> markets, std::span<const double> supply_rates,
                 double performance_fee) {
  double all = 0, earned = 0;
  for (std::size_t i = 0; i < markets.size(); ++i) {
    all += markets[i].claim;
    earned += markets[i].claim * supply_rates[i];
  }
  return all > 0 ? math::expm1(earned / all * (1 - performance_fee)) : 0;
}

}  // namespace faultline
