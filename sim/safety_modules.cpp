// Stakers behind a reserve (protocols/losses/safety_module.hpp): what they cover of a hole as it is
// admitted. Tokens they lose go into the reserve's cash; claims on the reserve are burnt: there is
// less to pay and no new cash.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/compile/context.hpp"
#include "sim/pools.hpp"

namespace faultline {

namespace {

/// The reserve that `pool.WETH` names; none, and said, where there is none.
std::uint32_t covered_reserve(CompileContext& c, const std::string& text, const std::string& path) {
  const std::size_t dot = text.rfind('.');
  if (dot != std::string::npos) {
    for (std::uint32_t r = 0; r < c.world.reserves.size(); ++r) {
      const Reserve& reserve = c.world.reserves[r];
      if (!c.world.owns_pot(r) || !reserve.lent || !reserve.takes_debt || reserve.contract)
        continue;
      if (c.world.markets[reserve.market.value].name == text.substr(0, dot) &&
          c.world.assets[reserve.asset.value].name == text.substr(dot + 1)) {
        return r;
      }
    }
  }
  c.diagnostics.error("E0550", c.at(path + ".covers"), "no reserve '" + text + "' that lends",
                      "write the pool and the asset, as `pool.WETH`");
  return 0xffffffffu;
}

void compile_module(CompileContext& c, const Named<SafetyModuleSpec>& node) {
  const std::string path = "funds." + node.name;
  const SafetyModuleSpec& spec = node.spec;
  SafetyModuleInfo m;
  m.name = node.name;
  m.reserve = covered_reserve(c, spec.covers.text, path);
  if (m.reserve == 0xffffffffu) return;
  const Reserve& reserve = c.world.reserves[m.reserve];
  for (const SafetyModuleInfo& other : c.world.safety_modules) {
    if (other.reserve != m.reserve) continue;
    c.diagnostics.error("E0551", c.at(path + ".covers"),
                        fmt::format("'{}' covers {} already", other.name, spec.covers.text),
                        "let one module cover a reserve");
    return;
  }
  const auto& order = c.world.markets[reserve.market.value].losses.order;
  if (std::find(order.begin(), order.end(), Absorber::stakers) == order.end()) {
    c.diagnostics.error("E0552", c.at(path + ".covers"),
                        fmt::format("the losses of '{}' name no stakers",
                                    c.world.markets[reserve.market.value].name),
                        "write `losses: {bearers: [stakers, carry]}` there");
    return;
  }
  m.number = c.world.backstops++;
  m.claim = spec.claim;
  m.terms = {
      .fee = spec.fee.value, .cooldown_s = spec.cooldown.value, .window_s = spec.window.value};
  m.holds = c.units(spec.holds, reserve.asset, path + ".holds");
  if (spec.offset) m.offset = c.units(*spec.offset, reserve.asset, path + ".offset");
  if (spec.leaving) m.leaving = c.units(*spec.leaving, reserve.asset, path + ".leaving");
  m.leaves_s = spec.leaves_in ? spec.leaves_in->value : spec.cooldown.value;
  if (m.leaving > m.holds) {
    c.diagnostics.error("E0553", c.at(path + ".leaving"), "more is leaving than is staked",
                        "state no more than `holds`");
  }
  const auto number = static_cast<std::uint32_t>(c.world.safety_modules.size());
  m.stake = c.account(Bearer::fund, number, reserve.asset, m.claim ? 0 : m.holds);
  m.left = c.account(Bearer::fund, number, reserve.asset);
  c.world.safety_modules.push_back(std::move(m));
}

}  // namespace

void compile_safety_modules(CompileContext& c) {
  for (const auto& node : c.nodes.safety_modules) compile_module(c, node);
}

void round_stakes(CompileContext& c) {
  for (SafetyModuleInfo& m : c.world.safety_modules) {
    const Quantum& q = c.world.assets[c.world.reserves[m.reserve].asset.value].quantum;
    for (double* units : {&m.holds, &m.offset, &m.leaving}) *units = q.down(*units);
    if (!m.claim) continue;
    ReserveState& state = c.world.opening.reserves[m.reserve];
    const double free = state.lender_scaled - state.vault_scaled;
    if (m.holds > free) {
      c.diagnostics.warning(
          "W0554", c.at("funds." + m.name + ".holds"),
          fmt::format("{:.6g} claims are staked, lenders hold {:.6g}", m.holds, free),
          "these are staked; state more `supplied` at the reserve");
      m.holds = free;
      m.leaving = std::min(m.leaving, free);
    }
    state.staked_scaled = m.holds;
  }
}

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
  return staked_units(world, w, m) * w.market.spot[world.reserves[m.reserve].asset.value];
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
