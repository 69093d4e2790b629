// Guardians and breakers: which reserves and markets they stop, and what they watch.
#include <algorithm>

#include <fmt/format.h>

#include "sim/compile/context.hpp"

namespace faultline {

namespace {

/// The markets a name stands for: its own, or those of its family; reports others.
std::vector<std::uint32_t> markets_named(CompileContext& c, const std::string& name,
                                         const std::string& path) {
  std::vector<std::uint32_t> out;
  std::vector<std::string_view> names;
  for (std::uint32_t m = 0; m < c.world.markets.size(); ++m) {
    const Market& market = c.world.markets[m];
    if (market.perp >= 0) continue;
    if (market.name == name || market.cluster == name) out.push_back(m);
    names.push_back(market.name);
  }
  if (!out.empty()) return out;
  const std::string near = nearest_name(name, names);
  c.diagnostics.error("E0546", c.at(path), "no lending market '" + name + "'",
                      near.empty() ? "name one under markets" : "did you mean '" + near + "'?");
  return out;
}

void compile_guardian(CompileContext& c, const Named<GuardianSpec>& node) {
  const std::string path = "defences." + node.name;
  GuardianInfo g;
  g.name = node.name;
  g.after_s = node.spec.after.value;
  if (node.spec.gap) g.gap = node.spec.gap->value;
  for (const Name& asset : node.spec.watches.empty() ? node.spec.freezes : node.spec.watches) {
    const AssetId a = c.asset(asset.text, path + ".watches");
    if (!a.valid()) return;
    g.watches.push_back(a);
  }
  for (const Name& in : node.spec.in) {
    for (const std::uint32_t m : markets_named(c, in.text, path + ".in")) {
      const Market& market = c.world.markets[m];
      for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
           ++r) {
        const std::string& asset = c.world.assets[c.world.reserves[r].asset.value].name;
        const auto& list = node.spec.freezes;
        const bool named =
            std::any_of(list.begin(), list.end(), [&](const Name& n) { return n.text == asset; });
        if (named) g.freezes.push_back(r);
      }
    }
  }
  if (g.freezes.empty() && !c.diagnostics.failed()) {
    c.diagnostics.error(
        "E0547", c.at(path + ".freezes"),
        fmt::format("'{}' has nothing to freeze: its markets hold none of it", node.name),
        "name assets that are reserves there");
  }
  c.world.guardians.push_back(std::move(g));
}

/// `pool.borrowing`, `pool.liquidation` or `pool`; a family's name stands for all of it.
void add_pauses(CompileContext& c, const std::string& text, const std::string& path,
                BreakerInfo& b) {
  Pause pause;
  std::string market = text;
  const auto takes = [&](std::string_view word) {
    if (!text.ends_with(word)) return false;
    market = text.substr(0, text.size() - word.size());
    return true;
  };
  pause.borrowing = takes(".borrowing");
  pause.liquidation = !pause.borrowing && takes(".liquidation");
  pause.all = !pause.borrowing && !pause.liquidation;
  for (const std::uint32_t m : markets_named(c, market, path)) {
    pause.market = MarketId{m};
    b.pauses.push_back(pause);
  }
}

void compile_breaker(CompileContext& c, const Named<BreakerSpec>& node) {
  const std::string path = "defences." + node.name;
  BreakerInfo b;
  b.name = node.name;
  b.watches = c.asset(node.spec.when.price.text, path + ".when.price");
  if (!b.watches.valid()) return;
  b.moves = node.spec.when.moves.value;
  b.within_s = node.spec.when.within.value;
  b.lasts_s = node.spec.lasts.value;
  b.grace_s = node.spec.grace.value;
  for (const Name& what : node.spec.pauses) add_pauses(c, what.text, path + ".pauses", b);
  c.world.breakers.push_back(std::move(b));
}

}  // namespace

void compile_defences(CompileContext& c) {
  for (const auto& node : c.nodes.guardians) compile_guardian(c, node);
  for (const auto& node : c.nodes.breakers) compile_breaker(c, node);
  for (std::uint32_t r = 0; r < c.world.reserves.size(); ++r) {
    if (c.world.reserves[r].scaling.on()) c.world.scaled_reserves.push_back(r);
  }
}

}  // namespace faultline
