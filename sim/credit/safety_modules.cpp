// Stakers behind a reserve (protocols/losses/safety_module.hpp): what they cover of a hole as it is
// admitted. Tokens they lose go into the reserve's cash; claims on the reserve are burnt: there is
// less to pay and no new cash.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/credit/pools.hpp"

namespace faultline {

namespace {

const SafetyModuleInfo* module_of(const Snapshot& world, std::uint32_t pot) {
  for (const SafetyModuleInfo& m : world.safety_modules) {
    if (m.reserve == pot) return &m;
  }
  return nullptr;
}

StakeState& state_of(const Snapshot& world, Workspace& w, const SafetyModuleInfo& m) {
  return w.pools.stakes[static_cast<std::size_t>(&m - world.safety_modules.data())];
}

/// What is staked now, in units of the asset.
double staked_units(const Snapshot& world, const Workspace& w, const SafetyModuleInfo& m) {
  if (!m.claim) return w.ledger.balance(m.stake);
  const auto i = static_cast<std::size_t>(&m - world.safety_modules.data());
  return w.pools.stakes[i].staked * w.market.supply_index[m.reserve];
}

}  // namespace

double staked_usd(const Snapshot& world, const Workspace& w, const SafetyModuleInfo& m) {
  return staked_units(world, w, m) * spot_of(world, w, m.reserve);
}

double staked_cover(const Snapshot& world, const Workspace& w, std::uint32_t pot, double hole) {
  const SafetyModuleInfo* m = module_of(world, pot);
  if (m == nullptr) return 0;
  const Quantum& q = world.assets[world.reserves[pot].asset.value].quantum;
  StakePool pool{.assets = staked_units(world, w, *m), .shares = 1};
  CoveredDeficit deficit{.deficit = w.reserves[pot].deficit + hole, .offset = m->offset};
  return std::min(hole, q.down(slash(m->terms, pool, deficit).covered));
}

void slash_stakers(const Snapshot& world, Workspace& w, std::uint32_t pot, double units) {
  if (!(units > 0)) return;
  const SafetyModuleInfo& m = *module_of(world, pot);
  StakeState& s = state_of(world, w, m);
  const Reserve& reserve = world.reserves[pot];
  const Quantum& q = world.assets[reserve.asset.value].quantum;
  s.covered += units;
  const double taken = units * (1 + m.terms.fee);  // what goes beyond the hole is the protocol's
  if (m.claim) {
    const double burnt = std::min(s.staked, q.up(taken / w.market.supply_index[pot]));
    s.staked -= burnt;
    w.reserves[pot].supply_scaled -= burnt;
    w.reserves[pot].lender_scaled -= burnt;
    w.reserves[pot].staked_scaled -= burnt;
  } else {
    const double paid = std::min(w.ledger.balance(m.stake), q.up(taken));
    s.staked -= paid;
    w.ledger.post(m.stake, reserve.cash, paid);
  }
  const double usd = units * w.market.spot[reserve.asset.value];
  w.outcome.reserves[pot].covered_usd += usd;
  w.changed_market_factors.push_back(reserve.collateral_factor);
  if (!w.record) return;
  tell(w, "slash", m.name,
       "{} of its stake covers what is missing in " + world.markets[reserve.market.value].name,
       {usd});
}

}  // namespace faultline
