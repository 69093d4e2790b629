// How much one liquidation repays, seizes and pays to whom. Pure arithmetic over one account's
// chosen debt leg and collateral leg; which legs are chosen, who liquidates and where the seized
// collateral is sold belong to the engine.
#pragma once

#include <cstdint>
#include <optional>

#include "core/quantity.hpp"
#include "protocols/margin/lending_terms.hpp"

namespace faultline {

/// One account in breach, seen through the pair of legs a liquidator picked. For Compound v2 the
/// collateral is in cTokens and its price is the underlying's price x exchange rate.
struct LiquidationRow {
  double debt = 0;              // owed in the debt leg, units, whole quanta
  double debt_price = 0;        // USD per unit, as the market's oracle says
  double collateral = 0;        // posted in the collateral leg, units, whole quanta
  double collateral_price = 0;  // USD per unit, as the market's oracle says
  double total_debt_usd = 0;    // the account's debt over all reserves
  double health = 0;            // the account's health factor
  Quantum debt_quantum;         // quanta in which the two legs are kept
  Quantum collateral_quantum;
};

enum class Refusal : std::uint8_t {
  none,
  no_price,  // a leg has no positive finite price: nobody can size the seizure
  nothing,   // no debt, no collateral, or less than one quantum to do
  dust,      // it would leave less than min_leftover on a side, neither side being empty
};

/// What a call does. All amounts are whole quanta; seize = to_liquidator + to_protocol exactly.
struct LiquidationPlan {
  double repay = 0;          // debt units the liquidator pays
  double seize = 0;          // collateral units the borrower loses
  double to_liquidator = 0;  // collateral units
  double to_protocol = 0;    // collateral units
  double max_repay = 0;      // the cap of the close rule, before the collateral's, in debt units
  Refusal refusal = Refusal::none;
  bool max_reverts = false;  // asking for `max_repay` ("max") would be rejected by the dust rule

  /// Whether the contract would reject the call (the amounts tell what it would have done).
  bool reverts() const { return refusal != Refusal::none; }
  /// The account's debt leg, or its collateral leg, is gone afterwards.
  bool clears_debt(const LiquidationRow& row) const { return repay == row.debt; }
  bool takes_all(const LiquidationRow& row) const { return seize == row.collateral; }
};

/// Most debt of this leg one call may repay by the close rule, whole quanta (rounded down).
double max_repay(const LiquidationRow& row, const LendingTerms& terms);

/// Sizes one call. `request`: debt units to repay, capped by the close rule and then by the
/// collateral balance (repay is scaled down to what the balance pays for); infinity asks for "max".
/// Nothing or NaN: an informed liquidator, who takes the largest amount the dust rule admits. Does
/// not ask whether the account is in breach (`liquidatable`). Rounds repay up and seize down where
/// one follows from the other.
LiquidationPlan plan_liquidation(const LiquidationRow& row, const LendingTerms& terms,
                                 const std::optional<double>& request = std::nullopt);

}  // namespace faultline
