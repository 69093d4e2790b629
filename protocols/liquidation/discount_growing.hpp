// Liquidation by taking a debt over, at a discount that grows with the violation: Euler v2
// [euler_v2_code].
//   HS     = sum(c_i p_i LTV_i) / (debt price);  liquidatable iff HS <= 1
//   factor = max(HS, 1 - max discount);  yield value = min(debt value / factor, collateral value)
//   repay  = yield value factor: the liquidator assumes it with the collateral, which is a claim
//            on another vault; it needs no cash, only to be solvent with both
//   rest   with no collateral of any kind left, the rest of the debt is erased and the share
//            price of its vault falls, unless the vault says not to or the debt was tiny
//   LTV    a lower liquidation LTV comes in linearly over its ramp, a higher one at once
// Worthless collateral may be claimed for nothing, so that it does not stand in the way.
#pragma once

#include <algorithm>
#include <limits>

namespace faultline {

struct DiscountTerms {
  double max_discount = 0.15;
  bool socialise = true;
  double least_socialised = 1e-12;  // debt before, in units of account: smaller stays
  double cool_off_s = 0;  // after a passed check of an account's health nobody may liquidate it
};

/// Health score. weighted: sum of collateral values x liquidation LTV.
inline double health_score(double weighted, double debt_value) {
  return debt_value > 0 ? weighted / debt_value : std::numeric_limits<double>::infinity();
}

/// Whether an account may be liquidated, `since_check_s` after it last passed a check.
inline bool in_violation(const DiscountTerms& t, double health,
                         double since_check_s = std::numeric_limits<double>::infinity()) {
  return health <= 1 && since_check_s >= t.cool_off_s;
}

/// Liquidation LTV `elapsed_s` into a ramp.
inline double ramped_ltv(double from, double to, double elapsed_s, double ramp_s) {
  if (to >= from || elapsed_s >= ramp_s) return to;
  return to + (from - to) * (1 - elapsed_s / ramp_s);
}

/// An account in violation, seen through one collateral. Values at mid prices.
struct Violation {
  double debt = 0;  // units
  double debt_price = 0;
  double collateral = 0;  // units of the one to be taken
  double collateral_price = 0;
  double health = 0;              // of the account
  bool other_collateral = false;  // any other with a balance, worth something or not
};

/// What a liquidator takes over.
struct TakenOver {
  double debt = 0;        // now the liquidator's
  double collateral = 0;  // units, too
  double socialised = 0;  // debt erased at the cost of the vault's depositors
  double left = 0;        // debt still the violator's
};

/// debt / collateral the liquidator takes at most, at this health.
inline double discount_factor(const DiscountTerms& t, double health) {
  return std::max(health, 1 - t.max_discount);
}

/// Takes over up to `most` of the debt (more than may be taken is not asked for: the contract
/// would refuse). Nothing for an account not in violation.
inline TakenOver take_over(const DiscountTerms& t, const Violation& v,
                           double most = std::numeric_limits<double>::infinity()) {
  TakenOver out{.left = v.debt};
  if (!(v.health <= 1) || !(v.debt > 0)) return out;
  const double factor = discount_factor(t, v.health);
  const double owed = v.debt * v.debt_price, worth = v.collateral * v.collateral_price;
  if (!(worth > 0)) {
    out.collateral = v.collateral;
  } else if (worth < owed / factor) {
    out.debt = worth * factor / v.debt_price;
    out.collateral = v.collateral;
  } else {
    out.debt = v.debt;
    out.collateral = owed / factor / v.collateral_price;
  }
  if (out.debt > most) {
    out.collateral *= most / out.debt;
    out.debt = most;
  }
  out.left = v.debt - out.debt;
  const bool none_left = out.collateral >= v.collateral && !v.other_collateral;
  if (t.socialise && none_left && out.left > 0 && owed >= t.least_socialised) {
    out.socialised = out.left;
    out.left = 0;
  }
  return out;
}

/// What taking over earns at these prices before gas, in units of account.
inline double take_over_profit(const Violation& v, const TakenOver& t) {
  return t.collateral * v.collateral_price - t.debt * v.debt_price;
}

}  // namespace faultline
