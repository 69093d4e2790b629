#include "sim/agents/deposits.hpp"

#include <algorithm>

#include "sim/credit/pools.hpp"

namespace faultline {

void claims_changed(const Snapshot& world, Workspace& w, std::uint32_t r) {
  w.changed_market_factors.push_back(world.reserves[r].collateral_factor);
  w.quiet = false;
}

double payable(const Snapshot& world, const Workspace& w, std::uint32_t r) {
  if (paused(w, world.reserves[r].market.value)) return 0;
  return std::max(0.0, reserve_cash(world, w, r));
}

// Scaled units burned are rounded up, minted down, as the contracts do (aave_v3_code, rayDivCeil in
// ScaledBalanceTokenBase; morpho_blue_code, SharesMathLib).
double pay_out(const Snapshot& world, Workspace& w, std::uint32_t r, double units,
               double& claim_scaled, AccountId to) {
  const Quantum& q = world.assets[world.reserves[r].asset.value].quantum;
  const double index = w.market.supply_index[r];
  const double owed = q.down(claim_scaled * index);
  const double paid = q.down(std::min({units, owed, payable(world, w, r)}));
  if (!(paid > 0)) return 0;
  const double burned = paid >= owed ? claim_scaled : std::min(claim_scaled, q.up(paid / index));
  claim_scaled -= burned;
  w.reserves[r].supply_scaled -= burned;
  w.reserves[r].lender_scaled -= burned;
  w.ledger.post(world.reserves[r].cash, to, paid);
  claims_changed(world, w, r);
  return paid;
}

void pay_in(const Snapshot& world, Workspace& w, std::uint32_t r, double units,
            double& claim_scaled, AccountId from) {
  const Quantum& q = world.assets[world.reserves[r].asset.value].quantum;
  const double minted = q.down(units / w.market.supply_index[r]);
  claim_scaled += minted;
  w.reserves[r].supply_scaled += minted;
  w.reserves[r].lender_scaled += minted;
  w.ledger.post(from, world.reserves[r].cash, units);
  claims_changed(world, w, r);
}

}  // namespace faultline
