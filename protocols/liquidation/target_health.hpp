// Liquidation back to a target health, with a bonus that grows as health falls: Aave v4
// [aave_v4_code].
//   bonus  LB = LBmax where HF <= HFmax, else from 1 + (LBmax - 1) factor at HF = 1 up to LBmax
//   repay  D (THF - HF) / (THF - LB CF) in value, at most the reserve's debt and what is asked;
//          all of the reserve's debt where less than $1,000 of it would stay
//   seize  repay LB; all of it, and the repay that pays for it, where there is not enough or less
//          than $1,000 would stay beside debt. Then asking for less than that is refused
//   fee    of the bonus part, seize (LB - 1) / LB
//   deficit all debts of the account, if this emptied its only active collateral
// As LBmax CF <= HFmax is kept by governance, splitting a liquidation never pays.
#pragma once

#include <limits>

#include "protocols/liquidation/sizing.hpp"

namespace faultline {

/// Terms of one collateral (factor, bonus, fee: versioned in the contracts, a position keeps its
/// own) and of its spoke.
struct TargetHealthTerms {
  double collateral_factor = 0.8;  // CF: opening and liquidation weight
  double most_bonus = 0.05;        // LBmax - 1
  double fee = 0.1;                // protocol's share of the bonus part
  double target = 1.05;            // THF >= 1
  double full_bonus_below = 0.9;   // HFmax < 1
  double least_bonus_share = 0.5;  // factor: of the bonus, paid at HF = 1
  double dust_usd = 1000;
};

/// Bonus (LB - 1) at a health below one.
double growing_bonus(const TargetHealthTerms& t, double health);

/// Debt value to repay so that health reaches the target; infinite where no repayment does.
double debt_to_target(const TargetHealthTerms& t, double total_debt_usd, double health,
                      double bonus);

/// What a call does, unrounded units.
struct TargetPlan {
  double repay = 0;
  double seize = 0;  // = to_liquidator + to_protocol
  double to_liquidator = 0;
  double to_protocol = 0;
  double bonus = 0;
  bool empties_debt = false;        // of this reserve
  bool empties_collateral = false;  // of this reserve
  Refusal refusal = Refusal::none;
};

/// Sizes one call that offers up to `request` debt units. Does not ask whether health is below one.
TargetPlan plan_to_target(const TargetHealthTerms& t, const LiquidationRow& row,
                          double request = std::numeric_limits<double>::infinity());

/// Whether the account's remaining debts, in every reserve, become a deficit. Counts are of before.
inline bool leaves_deficit(const TargetPlan& plan, int active_collaterals, int debts) {
  if (!plan.empties_collateral || active_collaterals > 1) return false;
  return !plan.empties_debt || debts > 1;
}

/// Health after a call, from the account's totals.
double health_after(const TargetHealthTerms& t, const LiquidationRow& row, const TargetPlan& plan);

}  // namespace faultline
