// The levels at which liquidation changes its nature, and the plain account formulas they are
// stated in. Buffers in order: health 1, toxic, certain bad debt at the full bonus, insolvent.
#pragma once

#include <span>

namespace faultline {

/// One asset of an account: units, USD per unit, and its weight (1 for debts).
struct WeightedLeg {
  double amount = 0;
  double price = 0;
  double weight = 1;
};

/// Sum of amount x price x weight, left to right, USD.
double weighted_value(std::span<const WeightedLeg> legs);

/// Compound v2's liquidity: weighted collateral less debt, USD; liquidatable iff negative.
double account_liquidity(std::span<const WeightedLeg> collateral,
                         std::span<const WeightedLeg> debts);

/// Weighted collateral over debt; infinite without debt.
double health_factor(std::span<const WeightedLeg> collateral, std::span<const WeightedLeg> debts);

/// LTV above which a partial liquidation raises LTV, and full liquidation leaves bad debt: 1 / (1 +
/// b).
double toxic_ltv(double bonus);

/// Health below which a partial liquidation lowers health: LT (1 + b). At 1 or more, every one
/// does.
double toxic_health(double lt, double bonus);

/// Health after repaying the share `repaid` (in [0, 1)) of an account's debt at bonus b, one
/// collateral.
double health_after(double health, double lt, double bonus, double repaid);

/// Debt left once all collateral is seized at the full bonus, max(0, D - C / (1 + b)); same unit as
/// given.
double bad_debt_exhausted(double collateral_value, double debt_value, double bonus);

/// Debt not covered if nobody liquidates, max(0, D - C).
double bad_debt_frozen(double collateral_value, double debt_value);

/// Falls of the collateral's price, as shares of it, at which a fresh loop of this leverage is
/// hurt.
struct LoopFrontier {
  double health = 0;         // at opening
  double eligible_from = 0;  // fall at which it may be liquidated
  double loss_from = 0;      // fall at which its liquidation leaves a loss
};

/// leverage > 1 (collateral over equity), lt and bonus as shares.
LoopFrontier loop_frontier(double leverage, double lt, double bonus);

}  // namespace faultline
