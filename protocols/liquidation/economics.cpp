#include "protocols/liquidation/economics.hpp"

#include <limits>

namespace faultline {

// p* = (repay + gas) / to_liquidator: the limit of the atomic repay-seize-swap intent. [accounting
// identity; legs as in plan_liquidation]
double required_price(const LiquidationPlan& plan, double gas_debt_units) {
  if (!(plan.to_liquidator > 0)) return std::numeric_limits<double>::infinity();
  return (plan.repay + gas_debt_units) / plan.to_liquidator;
}

double liquidation_profit(const LiquidationPlan& plan, double average_price,
                          double gas_debt_units) {
  return plan.to_liquidator * average_price - plan.repay - gas_debt_units;
}

// Per unit repaid the liquidator holds (1 + b) share of value and sells it at (1 - slippage)(1 -
// fee).
double profit_per_repaid(const LendingTerms& t, const TradingCost& c) {
  const double received = (1 + t.bonus) * liquidator_share(t);
  return received * (1 - c.slippage) * (1 - c.pool_fee) - 1 - c.gas_share;
}

double break_even_slippage(const LendingTerms& t, double pool_fee, double gas_share) {
  return 1 - (1 + gas_share) / ((1 + t.bonus) * liquidator_share(t) * (1 - pool_fee));
}

}  // namespace faultline
