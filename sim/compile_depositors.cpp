// Lenders who owe nothing: where they stand, which of them watch, where they go, and the rows of
// the position book that those who borrow against trapped claims will have.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "sim/compile_context.hpp"
#include "sim/depositors.hpp"

namespace faultline {

namespace {

/// Every reserve lenders lend in.
void add_places(CompileContext& c) {
  Snapshot& world = c.world;
  for (std::uint32_t r = 0; r < world.reserves.size(); ++r) {
    const Reserve& reserve = world.reserves[r];
    if (!reserve.lent || reserve.minted || !world.owns_pot(r) ||
        world.markets[reserve.market.value].perp >= 0)
      continue;
    DepositPlace place;
    place.reserve = r;
    place.wallet = c.account(Bearer::depositor, r, reserve.asset);
    world.places.push_back(std::move(place));
  }
}

/// The lending markets of a name or family; reports a name that has none.
std::vector<MarketId> lending_markets(CompileContext& c, const std::string& who,
                                      const std::string& path) {
  std::vector<MarketId> out;
  std::vector<std::string_view> names;
  for (std::uint32_t m = 0; m < c.world.markets.size(); ++m) {
    const Market& market = c.world.markets[m];
    if (market.perp >= 0) continue;
    names.push_back(market.name);
    if (who.empty() || market.name == who || market.cluster == who) out.push_back(MarketId{m});
  }
  if (out.empty() && !who.empty()) {
    const std::string near = nearest_name(who, names);
    c.diagnostics.error(
        "E0520", c.at(path), "no lending market '" + who + "'",
        near.empty() ? "name a market that lends, or a family" : "did you mean '" + near + "'?");
  }
  return out;
}

/// The place of an asset in a market; none: it is not lent there.
std::uint32_t place_in(const Snapshot& world, MarketId m, AssetId asset) {
  for (std::uint32_t i = 0; i < world.places.size(); ++i) {
    const Reserve& reserve = world.reserves[world.places[i].reserve];
    if (reserve.market == m && reserve.asset == asset) return i;
  }
  return DepositPlace::none;
}

/// Where those of one crowd lend again: wherever a haven lends what they took out.
void find_havens(CompileContext& c, const DepositorsInfo& info, const DepositorsSpec& spec) {
  Snapshot& world = c.world;
  const std::string path = "agents." + info.name + ".havens";
  double sum = 0;
  for (const auto& [name, share] : spec.havens) {
    sum += share.value;
    const std::vector<MarketId> markets = lending_markets(c, name, path);
    bool any = false;
    for (const std::uint32_t from : info.places) {
      const Reserve& left = world.reserves[world.places[from].reserve];
      std::vector<std::uint32_t> to;
      for (const MarketId m : markets) {
        const std::uint32_t there = place_in(world, m, left.asset);
        if (m != left.market && there != DepositPlace::none) to.push_back(there);
      }
      for (const std::uint32_t there : to) {
        world.places[from].havens.push_back({there, share.value / static_cast<double>(to.size())});
      }
      any = any || !to.empty();
    }
    if (any || markets.empty()) continue;
    c.diagnostics.error("E0522", c.at(path),
                        fmt::format("'{}' lends nothing that they could take out", name),
                        "name a market that lends an asset they hold elsewhere");
  }
  if (sum > 1 + 1e-12) {
    c.diagnostics.error("E0523", c.at(path),
                        fmt::format("they take {:.4g}% of what they are paid to havens", 100 * sum),
                        "let the shares add up to no more than 100%");
  }
}

void add_depositors(CompileContext& c, const std::string& name, const DepositorsSpec& spec) {
  Snapshot& world = c.world;
  const std::string path = "agents." + name;
  DepositorsInfo info;
  info.name = name;
  info.rules = compile_depositor_rules(spec);
  info.large = spec.large.value;
  std::set<std::uint32_t> theirs;
  const auto take = [&](const std::string& who) {
    for (const MarketId m : lending_markets(c, who, path + ".in")) theirs.insert(m.value);
  };
  for (const Name& n : spec.in) take(n.text);
  if (spec.in.empty()) take({});
  for (const std::uint32_t m : theirs) info.markets.push_back(MarketId{m});
  const auto crowd = static_cast<std::int32_t>(world.depositors.size());
  for (std::uint32_t i = 0; i < world.places.size(); ++i) {
    DepositPlace& place = world.places[i];
    const MarketId m = world.reserves[place.reserve].market;
    if (!theirs.contains(m.value)) continue;
    if (place.crowd >= 0) {
      const std::string& other = world.depositors[static_cast<std::size_t>(place.crowd)].name;
      c.diagnostics.error("E0521", c.at(path + ".in"),
                          fmt::format("lenders of '{}' are both '{}' and '{}'",
                                      world.markets[m.value].name, other, name),
                          "let the lenders of each market be of one kind: `in: [...]`");
      return;
    }
    place.crowd = crowd;
    info.places.push_back(i);
  }
  find_havens(c, info, spec);
  world.depositors.push_back(std::move(info));
}

}  // namespace

void compile_depositors(CompileContext& c) {
  add_places(c);
  for (const auto& node : c.nodes.agents) {
    if (const auto* spec = std::get_if<DepositorsSpec>(&node.spec)) {
      add_depositors(c, node.name, *spec);
    }
  }
}

void escape_legs(const CompileContext& c, const DepositPlace& place, std::vector<LegInput>& legs) {
  const Snapshot& world = c.world;
  const Reserve& reserve = world.reserves[place.reserve];
  legs.clear();
  if (place.crowd < 0 || !(reserve.terms.lt > 0)) return;
  if (!(world.depositors[static_cast<std::size_t>(place.crowd)].rules.borrows_out > 0)) return;
  const Market& market = world.markets[reserve.market.value];
  legs.push_back({reserve.collateral_factor, 0, false});
  for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
       ++r) {
    if (r != place.reserve && world.reserves[r].takes_debt && world.reserves[r].emode < 0 &&
        legs.size() < kMostLegs) {
      legs.push_back({world.reserves[r].debt_factor, 0, true});
    }
  }
  if (legs.size() == 1) legs.clear();
}

}  // namespace faultline
