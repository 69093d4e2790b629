// Stakers behind a reserve: which one they cover, with what, and who of them is leaving.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/compile/context.hpp"

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

}  // namespace faultline
