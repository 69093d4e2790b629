// Agents: arbitrageurs and liquidators with their budgets and purses; where nobody is named, the
// defaults serve everything without limit.
#include <algorithm>
#include <limits>

#include "sim/compile_context.hpp"

namespace faultline {

namespace {

constexpr double unlimited = std::numeric_limits<double>::infinity();

std::vector<AccountId> purses(CompileContext& c, Bearer bearer, std::uint32_t owner) {
  std::vector<AccountId> out;
  for (std::uint32_t a = 0; a < c.world.assets.size(); ++a) {
    out.push_back(c.account(bearer, owner, AssetId{a}));
  }
  return out;
}

template <class Nodes>
bool matches(const std::string& wanted, const Nodes& node) {
  return node.name == wanted || node.cluster == wanted;
}

void unknown(CompileContext& c, const std::string& path, const std::string& family,
             const std::string& name, const std::vector<std::string_view>& names) {
  const std::string near = nearest_name(name, names);
  c.diagnostics.error("E0431", c.at(path), "no " + family + " '" + name + "'",
                      near.empty() ? "" : "did you mean '" + near + "'?");
}

void add_arbitrageurs(CompileContext& c, const std::string& name, const ArbitrageurSpec& spec) {
  Snapshot& world = c.world;
  const std::string path = "agents." + name;
  ArbitrageurInfo info;
  info.name = name;
  info.capital_usd = spec.capital ? c.usd(*spec.capital, path + ".capital") : unlimited;
  info.turnover_s = spec.turnover.value;
  info.gas_usd = spec.gas ? c.usd(*spec.gas, path + ".gas") : world.gas_usd;
  info.latency_s = spec.latency.value;
  for (std::uint32_t v = 0; v < world.venues.size(); ++v) {
    if (world.venues[v].is_outside) continue;
    const bool served = spec.between.empty() ||
                        std::any_of(spec.between.begin(), spec.between.end(), [&](const Name& n) {
                          return matches(n.text, world.venues[v]);
                        });
    if (served) info.venues.push_back(VenueId{v});
  }
  std::vector<std::string_view> names;
  for (const VenueInfo& v : world.venues) names.push_back(v.name);
  for (const Name& n : spec.between) {
    if (std::none_of(world.venues.begin(), world.venues.end(),
                     [&](const VenueInfo& v) { return matches(n.text, v); })) {
      unknown(c, path + ".between", "venue", n.text, names);
    }
  }
  info.purse =
      purses(c, Bearer::arbitrageur, static_cast<std::uint32_t>(world.arbitrageurs.size()));
  world.arbitrageurs.push_back(std::move(info));
}

void add_liquidators(CompileContext& c, const std::string& name, const LiquidatorSpec& spec) {
  Snapshot& world = c.world;
  const std::string path = "agents." + name;
  LiquidatorInfo info;
  info.name = name;
  info.capital_usd = spec.capital ? c.usd(*spec.capital, path + ".capital") : unlimited;
  info.turnover_s = spec.turnover.value;
  info.gas_usd = spec.gas ? c.usd(*spec.gas, path + ".gas") : world.gas_usd;
  const auto who = static_cast<std::int32_t>(world.liquidators.size());
  std::vector<std::string_view> names;
  for (const auto& m : c.nodes.markets) names.push_back(m.name);
  world.liquidator_of.resize(c.nodes.markets.size(), -1);
  for (std::uint32_t m = 0; m < c.nodes.markets.size(); ++m) {
    const bool served = spec.serves.empty() ||
                        std::any_of(spec.serves.begin(), spec.serves.end(), [&](const Name& n) {
                          return matches(n.text, c.nodes.markets[m]);
                        });
    if (!served) continue;
    if (world.liquidator_of[m] >= 0) {
      c.diagnostics.error("E0432", c.at(path + ".serves"),
                          "two groups of liquidators serve '" + c.nodes.markets[m].name + "'",
                          "let each market be served by one group");
    }
    world.liquidator_of[m] = who;
    info.markets.push_back(MarketId{m});
  }
  for (const Name& n : spec.serves) {
    bool found = false;
    for (const auto& m : c.nodes.markets) found = found || matches(n.text, m);
    if (!found) unknown(c, path + ".serves", "market", n.text, names);
  }
  info.purse = purses(c, Bearer::liquidator, static_cast<std::uint32_t>(who));
  world.liquidators.push_back(std::move(info));
}

}  // namespace

void compile_agents(CompileContext& c) {
  bool arbitrage = false, liquidation = false;
  for (const auto& node : c.nodes.agents) {
    if (const auto* a = std::get_if<ArbitrageurSpec>(&node.spec)) {
      add_arbitrageurs(c, node.name, *a);
      arbitrage = true;
    } else {
      add_liquidators(c, node.name, std::get<LiquidatorSpec>(node.spec));
      liquidation = true;
    }
  }
  if (!arbitrage) add_arbitrageurs(c, "arbitrageurs", {});
  if (!liquidation && !c.nodes.markets.empty()) add_liquidators(c, "liquidators", {});
  c.world.liquidator_of.resize(c.nodes.markets.size(), -1);
}

}  // namespace faultline
