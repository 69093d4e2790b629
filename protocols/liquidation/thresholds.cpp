#include "protocols/liquidation/thresholds.hpp"

#include <algorithm>
#include <limits>

namespace faultline {

double weighted_value(std::span<const WeightedLeg> legs) {
  double sum = 0;
  for (const WeightedLeg& leg : legs) sum += leg.amount * leg.price * leg.weight;
  return sum;
}

// liquidity = sum(supply p CF) - sum(borrow q): Comptroller.getHypotheticalAccountLiquidityInternal
// [compound_v2_code]
double account_liquidity(std::span<const WeightedLeg> collateral,
                         std::span<const WeightedLeg> debts) {
  return weighted_value(collateral) - weighted_value(debts);
}

// HF = sum(c p LT) / sum(d q): Aave GenericLogic.calculateUserAccountData [aave_v3_code]
double health_factor(std::span<const WeightedLeg> collateral, std::span<const WeightedLeg> debts) {
  const double owed = weighted_value(debts);
  return owed > 0 ? weighted_value(collateral) / owed : std::numeric_limits<double>::infinity();
}

// LTV' = (D - d) / (C - d (1 + b)) < LTV  iff  LTV < 1 / (1 + b). [warmuz_toxic_2022]
double toxic_ltv(double bonus) {
  return 1 / (1 + bonus);
}

double toxic_health(double lt, double bonus) {
  return lt * (1 + bonus);
}

// HF' - HF = r (HF - LT (1 + b)) / (B - r), here with r = x B. [warmuz_toxic_2022]
double health_after(double health, double lt, double bonus, double repaid) {
  return health + repaid * (health - toxic_health(lt, bonus)) / (1 - repaid);
}

double bad_debt_exhausted(double collateral_value, double debt_value, double bonus) {
  return std::max(0.0, debt_value - collateral_value / (1 + bonus));
}

double bad_debt_frozen(double collateral_value, double debt_value) {
  return std::max(0.0, debt_value - collateral_value);
}

// HF0 = LT L / (L - 1); eligible from 1 - 1/HF0; loss from max(1 - 1/HF0, 1 - (1 + b) LT / HF0).
// [gatto_liquidation_2026]
LoopFrontier loop_frontier(double leverage, double lt, double bonus) {
  const double health = lt * leverage / (leverage - 1);
  const double eligible = 1 - 1 / health;
  return {health, eligible, std::max(eligible, 1 - (1 + bonus) * lt / health)};
}

}  // namespace faultline
