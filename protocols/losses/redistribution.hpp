// Debt and collateral of a failed loan handed to all other borrowers by stake, none of whom is
// touched: Liquity's TroveManager [liquity_v1_code, liquity_v2_code].
//   L_debt += debt / stakes,  L_coll += collateral / stakes
//   owed   = stake (L_debt - L_debt when the loan was last touched), and likewise collateral
//   stake  = collateral x (stakes / collateral of all) as they were after the last liquidation: a
//            loan that comes later does not share in what was handed out before
// The losers are borrowers, never holders of the coin, while a solvent borrower is left.
#pragma once

namespace faultline {

/// Sums of one system of loans.
struct Redistribution {
  double debt_per_stake = 0;        // L_debt
  double collateral_per_stake = 0;  // L_coll
  double stakes = 0;                // of all loans
  double stakes_then = 0;           // after the last liquidation
  double collateral_then = 0;       // of all loans then, what was handed out included
};

/// One loan's part in it.
struct LoanStake {
  double stake = 0;
  double debt_seen = 0;  // L_debt and L_coll when it was last touched
  double collateral_seen = 0;
};

/// What was handed to a loan since.
struct HandedOver {
  double debt = 0;
  double collateral = 0;
};

inline HandedOver handed_over(const Redistribution& r, const LoanStake& s) {
  return {s.stake * (r.debt_per_stake - s.debt_seen),
          s.stake * (r.collateral_per_stake - s.collateral_seen)};
}

/// Gives a loan its stake anew for the collateral it has now, everything handed over included.
inline void touch_stake(Redistribution& r, LoanStake& s, double collateral) {
  r.stakes -= s.stake;
  s.stake = r.collateral_then > 0 ? collateral * (r.stakes_then / r.collateral_then) : collateral;
  s.debt_seen = r.debt_per_stake;
  s.collateral_seen = r.collateral_per_stake;
  r.stakes += s.stake;
}

/// Takes a loan out: closed or about to be liquidated.
inline void drop_stake(Redistribution& r, LoanStake& s) {
  r.stakes -= s.stake;
  s = {};
}

/// Hands debt and collateral to all stakes left; false, and nothing happens, if there are none.
inline bool redistribute(Redistribution& r, double debt, double collateral) {
  if (!(r.stakes > 0)) return false;
  r.debt_per_stake += debt / r.stakes;
  r.collateral_per_stake += collateral / r.stakes;
  return true;
}

/// To be called at the end of each liquidation (or batch), with the collateral of all loans left,
/// what was handed out included and the caller's reward not.
inline void remember_stakes(Redistribution& r, double collateral) {
  r.stakes_then = r.stakes;
  r.collateral_then = collateral;
}

}  // namespace faultline
