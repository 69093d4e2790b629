#include "protocols/liquidation/trove_liquidation.hpp"

#include <algorithm>

namespace faultline {

namespace {

// TroveManager.sol: _getOffsetAndRedistributionVals, _getCollPenaltyAndSurplus [liquity_v2_code];
// without caps and with the caller's part taken off first it is v1's [liquity_v1_code].
TroveLiquidation offset_then_others(const TroveTerms& t, const Trove& trove, double price,
                                    double pool) {
  TroveLiquidation l;
  l.done = true;
  double collateral = trove.collateral;
  if (!t.gas_on_offset_only) {
    l.caller_collateral = std::min(t.gas_cap, t.gas_share * collateral);
    collateral -= l.caller_collateral;
  }
  l.offset_debt = std::min(trove.debt, pool);
  const double share = l.offset_debt / trove.debt,
               part = share >= 1 ? collateral : collateral * share;
  double for_pool = part;
  if (t.gas_on_offset_only) {
    l.caller_collateral = std::min(t.gas_cap, t.gas_share * part);
    for_pool -= l.caller_collateral;
  }
  const auto most = [&](double debt, double penalty) {  // infinite without a cap, whatever debt
    return penalty < std::numeric_limits<double>::infinity()
               ? debt * (1 + penalty) / price
               : std::numeric_limits<double>::infinity();
  };
  l.pool_collateral = std::min(for_pool, most(l.offset_debt, t.pool_penalty));
  l.owner_collateral = for_pool - l.pool_collateral;
  l.others_debt = trove.debt - l.offset_debt;
  const double rest = collateral - part;
  if (l.others_debt > 0 && rest > 0) {  // what the pool left may go to the other borrowers
    l.others_collateral =
        std::min(rest + l.owner_collateral, most(l.others_debt, t.others_penalty));
    l.owner_collateral = rest + l.owner_collateral - l.others_collateral;
  }
  return l;
}

// TroveManager.sol: _getCappedOffsetVals [liquity_v1_code]
TroveLiquidation capped_offset(const TroveTerms& t, const Trove& trove, double price) {
  TroveLiquidation l;
  l.done = true;
  const double capped = std::min(trove.collateral, trove.debt * t.mcr / price);
  l.caller_collateral = t.gas_share * capped;
  l.pool_collateral = capped - l.caller_collateral;
  l.offset_debt = trove.debt;
  l.owner_collateral = trove.collateral - capped;
  return l;
}

}  // namespace

// TroveManager.sol: _liquidateNormalMode, _liquidateRecoveryMode [liquity_v1_code]
TroveLiquidation liquidate_trove(const TroveTerms& t, const Trove& trove, double price, double pool,
                                 const Trove& system, bool last) {
  if (last || !(trove.debt > 0)) return {};
  const double icr = collateral_ratio(trove, price);
  if (in_recovery_mode(t, system, price)) {
    if (icr <= 1) return offset_then_others(t, trove, price, 0);
    if (icr >= t.mcr) {
      if (icr < collateral_ratio(system, price) && trove.debt <= pool) {
        return capped_offset(t, trove, price);
      }
      return {};
    }
  }
  return icr < t.mcr ? offset_then_others(t, trove, price, pool) : TroveLiquidation{};
}

}  // namespace faultline
