#include "protocols/liquidation/target_health.hpp"

#include <algorithm>
#include <cmath>

namespace faultline {

namespace {

constexpr double whole = 1 - 1e-12;  // of a sum: what the contract's whole units would call all

bool dusty(const TargetHealthTerms& t, double left, double price) {
  return left > 0 && left * price < t.dust_usd * whole;
}

}  // namespace

// LiquidationLogic.sol: calculateLiquidationBonus [aave_v4_code]
double growing_bonus(const TargetHealthTerms& t, double health) {
  LendingTerms terms;
  terms.bonus = t.most_bonus;
  terms.full_bonus_below = t.full_bonus_below;
  terms.least_bonus_share = t.least_bonus_share;
  return bonus_at(terms, health);
}

// LiquidationLogic.sol: _calculateDebtToTargetHealthFactor [aave_v4_code]
double debt_to_target(const TargetHealthTerms& t, double total_debt_usd, double health,
                      double bonus) {
  const double gained = t.target - (1 + bonus) * t.collateral_factor;
  if (!(gained > 0)) return std::numeric_limits<double>::infinity();
  return total_debt_usd * std::max(0.0, t.target - health) / gained;
}

// LiquidationLogic.sol: _calculateDebtToLiquidate, _calculateLiquidationAmounts [aave_v4_code]
TargetPlan plan_to_target(const TargetHealthTerms& t, const LiquidationRow& row, double request) {
  TargetPlan plan;
  const auto refuse = [&](Refusal why) {
    TargetPlan none;
    none.bonus = plan.bonus;
    none.refusal = why;
    return none;
  };
  const auto priced = [](double p) { return p > 0 && std::isfinite(p); };
  if (!priced(row.debt_price) || !priced(row.collateral_price)) return refuse(Refusal::no_price);
  if (!(row.debt > 0) || !(row.collateral > 0) || !(request > 0)) return refuse(Refusal::nothing);
  plan.bonus = growing_bonus(t, row.health);
  double repay =
      std::min({row.debt, request,
                debt_to_target(t, row.total_debt_usd, row.health, plan.bonus) / row.debt_price});
  if (dusty(t, row.debt - repay, row.debt_price)) repay = row.debt;
  const double per_unit = row.debt_price * (1 + plan.bonus) / row.collateral_price;
  double seize = repay * per_unit;
  const bool crumbs = dusty(t, row.collateral - seize, row.collateral_price) && repay < row.debt;
  if (seize > row.collateral || crumbs) {
    seize = row.collateral;
    repay = std::min(row.debt, seize / per_unit);
  }
  if (request < repay * whole) return refuse(Refusal::dust);
  plan.repay = repay;
  plan.seize = seize;
  plan.to_protocol = t.fee * seize * plan.bonus / (1 + plan.bonus);
  plan.to_liquidator = seize - plan.to_protocol;
  plan.empties_debt = repay >= row.debt * whole;
  plan.empties_collateral = seize >= row.collateral;
  return plan;
}

double health_after(const TargetHealthTerms& t, const LiquidationRow& row, const TargetPlan& plan) {
  const double debt = row.total_debt_usd - plan.repay * row.debt_price;
  const double weighted =
      row.health * row.total_debt_usd - plan.seize * row.collateral_price * t.collateral_factor;
  return debt > 0 ? weighted / debt : std::numeric_limits<double>::infinity();
}

}  // namespace faultline
