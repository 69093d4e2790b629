// A pool of stablecoins that pays failing loans' debt and gets their collateral: Liquity's
// stability pool [liquity_v1_code, liquity_v2_code]. Deposits shrink together, so none is touched:
//   P      product of (1 - offset / pool);                deposit now = deposit P / P at its start
//   S      sum of (collateral / pool) P before each;      gain = deposit (S - S at start) / P then
//   scale  P below 1e-9 is multiplied by 1e9 and a new page of S begins: a deposit lives through
//          one such change, after a second (or below a billionth) it is nothing
//   epoch  a pool emptied to the last coin starts over: P = 1, older deposits are nothing
//   least  Liquity v2 and later v1 leave 1 coin in the pool, so that no epoch ends
// Income (v2: 75% of interest) is shared by a second sum, like collateral.
#pragma once

#include <cstdint>
#include <vector>

namespace faultline {

struct StabilityPoolTerms {
  double least = 1;  // coins an offset leaves in the pool; 0: v1 as deployed, which may be emptied
};

/// The pool. Begins empty.
struct StabilityPool {
  struct Page {
    std::uint32_t epoch = 0;
    double collateral = 0;  // S
    double income = 0;      // the same sum of income
  };
  double deposits = 0;  // coins
  double collateral = 0;
  double income = 0;          // coins not yet paid out
  double waiting_income = 0;  // came while nobody was there to share it
  double product = 1;         // P
  std::vector<Page> pages{Page{}};
};

/// A depositor as of the last time it touched the pool.
struct PoolDeposit {
  double deposit = 0;  // coins then
  double product = 1;
  double collateral_sum = 0;
  double income_sum = 0;
  std::uint32_t page = 0;
};

/// Debt an offset could pay now.
double offsettable(const StabilityPoolTerms& terms, const StabilityPool& pool);

/// Pays `debt` (at most `offsettable`) against `collateral` units. Nothing happens in an empty
/// pool.
void offset(StabilityPool& pool, double debt, double collateral);

/// Shares out coins earned among the deposits.
void add_income(StabilityPool& pool, double coins);

/// What is left of a deposit, coins.
double deposit_now(const StabilityPool& pool, const PoolDeposit& d);

/// Collateral it has gained since it last touched the pool.
double collateral_gain(const StabilityPool& pool, const PoolDeposit& d);

/// Coins it has earned since.
double income_gain(const StabilityPool& pool, const PoolDeposit& d);

/// What a depositor takes along.
struct PoolPayment {
  double coins = 0;  // withdrawn
  double collateral = 0;
  double income = 0;
};

/// Pays a depositor its gains and adds `change` coins to its deposit (< 0: withdraws, at most what
/// is left). Contracts refuse withdrawals while any loan is below the liquidation ratio.
PoolPayment touch_deposit(StabilityPool& pool, PoolDeposit& d, double change);

}  // namespace faultline
