// Whether a liquidation pays: what the engine asks per position before it trades.
#pragma once

#include "protocols/liquidation/sizing.hpp"

namespace faultline {

/// Least average price, in debt units received net of all trading fees per unit of collateral sold,
/// at which the plan pays for itself: (repay + gas) / to_liquidator. Gas in debt units; infinite
/// where the liquidator gets nothing.
double required_price(const LiquidationPlan& plan, double gas_debt_units);

/// What the liquidator keeps, debt units: to_liquidator x average net price - repay - gas.
double liquidation_profit(const LiquidationPlan& plan, double average_price, double gas_debt_units);

/// Costs of turning seized collateral back into the debt asset.
struct TradingCost {
  double slippage = 0;   // average price below the oracle's, share
  double pool_fee = 0;   // share of the input
  double gas_share = 0;  // gas over the value repaid
};

/// Profit of a slice per unit of value repaid:
/// (1 + b) x liquidator's share x (1 - slippage)(1 - fee) - 1 - gas,
/// to first order bonus x (1 - protocol fee) - slippage - pool fee - gas.
double profit_per_repaid(const LendingTerms& terms, const TradingCost& cost);

/// Price fall below the oracle's at which `profit_per_repaid` is zero: the most slippage one
/// accepts.
double break_even_slippage(const LendingTerms& terms, double pool_fee, double gas_share);

}  // namespace faultline
