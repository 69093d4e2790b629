// Lenders who owe nothing, in markets or through curated vaults: where they stand, which of them
// watch, where they go, and the rows of the position book that those who borrow against trapped
// claims will have.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "sim/agents/deposit_places.hpp"
#include "sim/agents/depositors.hpp"
#include "sim/compile/context.hpp"

namespace faultline {

namespace {

/// Every reserve lenders lend in, and every curated vault.
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
  for (std::uint32_t v = 0; v < world.vaults.size(); ++v) {
    DepositPlace place;
    place.vault = v;
    place.wallet = world.vaults[v].wallet;
    world.places.push_back(std::move(place));
  }
}

/// What a name or family means: markets that lend, and vaults.
struct NamedLenders {
  std::vector<MarketId> markets;
  std::vector<std::uint32_t> vaults;
  bool empty() const { return markets.empty() && vaults.empty(); }
};

/// Reports a name that means nothing.
NamedLenders lenders_named(CompileContext& c, const std::string& who, const std::string& path) {
  NamedLenders out;
  std::vector<std::string_view> names;
  for (std::uint32_t m = 0; m < c.world.markets.size(); ++m) {
    const Market& market = c.world.markets[m];
    if (market.perp >= 0) continue;
    names.push_back(market.name);
    if (who.empty() || market.name == who || market.cluster == who) {
      out.markets.push_back(MarketId{m});
    }
  }
  for (std::uint32_t v = 0; v < c.world.vaults.size(); ++v) {
    const CuratedVaultInfo& vault = c.world.vaults[v];
    names.push_back(vault.name);
    if (who.empty() || vault.name == who || vault.cluster == who) out.vaults.push_back(v);
  }
  if (out.empty() && !who.empty()) {
    const std::string near = nearest_name(who, names);
    c.diagnostics.error("E0520", c.at(path), "no lending market or vault '" + who + "'",
                        near.empty() ? "name a market that lends, a curated vault, or a family"
                                     : "did you mean '" + near + "'?");
  }
  return out;
}

/// The places of what is named where an asset is lent, but for those of one market or vault.
std::vector<std::uint32_t> places_of(const Snapshot& world, const NamedLenders& named,
                                     AssetId asset, const DepositPlace& but) {
  std::vector<std::uint32_t> out;
  for (std::uint32_t i = 0; i < world.places.size(); ++i) {
    const DepositPlace& place = world.places[i];
    if (asset_at(world, place) != asset || node_of(world, place) == node_of(world, but)) continue;
    const bool meant =
        is_vault(place)
            ? std::count(named.vaults.begin(), named.vaults.end(), place.vault) > 0
            : std::count(named.markets.begin(), named.markets.end(), market_at(world, place)) > 0;
    if (meant) out.push_back(i);
  }
  return out;
}

/// Where those of one crowd lend again: wherever a haven lends what they took out.
void find_havens(CompileContext& c, const DepositorsInfo& info, const DepositorsSpec& spec) {
  Snapshot& world = c.world;
  const std::string path = "agents." + info.name + ".havens";
  double sum = 0;
  for (const auto& [name, share] : spec.havens) {
    sum += share.value;
    const NamedLenders named = lenders_named(c, name, path);
    bool any = false;
    for (const std::uint32_t from : info.places) {
      DepositPlace& left = world.places[from];
      const std::vector<std::uint32_t> to = places_of(world, named, asset_at(world, left), left);
      for (const std::uint32_t there : to) {
        left.havens.push_back({there, share.value / static_cast<double>(to.size())});
      }
      any = any || !to.empty();
    }
    if (any || named.empty()) continue;
    c.diagnostics.error("E0522", c.at(path),
                        fmt::format("'{}' lends nothing that they could take out", name),
                        "name a market or vault that lends an asset they hold elsewhere");
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
  std::set<std::uint32_t> markets, vaults;
  const auto take = [&](const std::string& who) {
    const NamedLenders named = lenders_named(c, who, path + ".in");
    for (const MarketId m : named.markets) markets.insert(m.value);
    vaults.insert(named.vaults.begin(), named.vaults.end());
  };
  for (const Name& n : spec.in) take(n.text);
  if (spec.in.empty()) take({});
  for (const std::uint32_t m : markets) info.markets.push_back(MarketId{m});
  info.vaults.assign(vaults.begin(), vaults.end());
  const auto crowd = static_cast<std::int32_t>(world.depositors.size());
  for (std::uint32_t i = 0; i < world.places.size(); ++i) {
    DepositPlace& place = world.places[i];
    const bool theirs = is_vault(place) ? vaults.contains(place.vault)
                                        : markets.contains(market_at(world, place).value);
    if (!theirs) continue;
    if (place.crowd >= 0) {
      const std::string& other = world.depositors[static_cast<std::size_t>(place.crowd)].name;
      c.diagnostics.error(
          "E0521", c.at(path + ".in"),
          fmt::format("lenders of '{}' are both '{}' and '{}'", node_of(world, place), other, name),
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
  legs.clear();
  if (place.crowd < 0 || is_vault(place)) return;
  const Reserve& reserve = world.reserves[place.reserve];
  if (!(reserve.terms.lt > 0)) return;
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
