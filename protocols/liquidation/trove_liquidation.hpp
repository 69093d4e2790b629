// Whole-loan liquidation into a stability pool and, beyond it, onto the other borrowers: Liquity v1
// and v2 [liquity_v1_code, liquity_v2_code]. Nobody needs capital to liquidate.
//   ICR    collateral price / debt of a loan, TCR of all
//   offset min(debt, pool); the pool gets collateral in proportion, of which at most
//          (1 + penalty) offset / price
//   rest   to the other borrowers, with the rest of the collateral, at most (1 + penalty) debt /
//          price; what no cap lets through is the owner's
//   caller 0.5% of the collateral (v2: of the offset part, at most 2 units)
//   v1     no penalty caps below the liquidation ratio. In recovery mode (TCR < CCR):
//            ICR <= 100%        no offset, all to the other borrowers
//            100% < ICR < MCR   as always
//            MCR <= ICR < TCR   only if the pool can pay all of it; collateral MCR debt / price,
//                               the rest is the owner's
//   v2     no recovery mode; a branch with TCR < SCR is shut down (`urgent_redemption`)
#pragma once

#include <limits>

namespace faultline {

/// Terms of one system (v2: branch) of loans. Defaults: Liquity v1.
struct TroveTerms {
  double mcr = 1.1;          // below it a loan may be liquidated
  double ccr = 1.5;          // v1: below it all loans are in recovery mode
  double scr = 0;            // v2: below it the branch is shut down; 0 = never
  bool recovery = true;      // v1
  double gas_share = 0.005;  // of the collateral, to the caller
  double gas_cap = std::numeric_limits<double>::infinity();  // units
  bool gas_on_offset_only = false;                           // v2
  double pool_penalty = std::numeric_limits<double>::infinity();
  double others_penalty = std::numeric_limits<double>::infinity();
};

/// Terms of v2's branches: WETH by default.
inline TroveTerms liquity_v2_terms(double mcr = 1.1, double ccr = 1.5, double scr = 1.1,
                                   double others_penalty = 0.1) {
  return {mcr, ccr, scr, false, 0.005, 2, true, 0.05, others_penalty};
}

/// A loan (or all of them): collateral units and debt, everything handed over included.
struct Trove {
  double collateral = 0;
  double debt = 0;
};

/// ICR or TCR; infinite without debt.
inline double collateral_ratio(const Trove& t, double price) {
  return t.debt > 0 ? t.collateral * price / t.debt : std::numeric_limits<double>::infinity();
}

inline bool in_recovery_mode(const TroveTerms& terms, const Trove& system, double price) {
  return terms.recovery && collateral_ratio(system, price) < terms.ccr;
}

/// v2: whether the branch must be shut down.
inline bool to_be_shut_down(const TroveTerms& terms, const Trove& system, double price) {
  return collateral_ratio(system, price) < terms.scr;
}

/// Where a liquidated loan goes; debt = offset + handed on, collateral the sum of the other five.
struct TroveLiquidation {
  bool done = false;  // else it may not be liquidated and all amounts are zero
  double offset_debt = 0;
  double pool_collateral = 0;
  double others_debt = 0;
  double others_collateral = 0;
  double caller_collateral = 0;
  double owner_collateral = 0;  // surplus, claimable
};

/// Decides and sizes the liquidation of one loan. pool: debt the stability pool can still pay;
/// system: all loans, this one included. The only loan left is never liquidated.
TroveLiquidation liquidate_trove(const TroveTerms& terms, const Trove& trove, double price,
                                 double pool, const Trove& system, bool last = false);

/// Takes what leaves the system out of its totals: what was handed on stays.
inline void leave_system(Trove& system, const TroveLiquidation& l) {
  system.debt -= l.offset_debt;
  system.collateral -= l.pool_collateral + l.caller_collateral + l.owner_collateral;
}

}  // namespace faultline
