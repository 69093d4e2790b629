// Spec -> Snapshot: names become ids (in order of name, so that the order of YAML keys means
// nothing), dollar amounts become units, amounts become whole quanta, edges are inferred.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/fingerprint.hpp"
#include "sim/compile/context.hpp"
#include "sim/readings.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

/// Units of an asset that the file's scenarios mint from nothing, together.
double minted_units(const CompileContext& c, const std::string& asset) {
  double units = 0;
  for (const ScenarioSpec& scenario : c.eco.scenarios) {
    for (const EventSpec& e : scenario.events) {
      if (e.exploit && e.exploit->mint.unit == asset) units += e.exploit->mint.value;
    }
  }
  return units;
}

/// Units that could change hands on books and outside, whose quotes nobody need hold at the
/// opening.
double tradable_units(const CompileContext& c, AssetId a) {
  double units = 0;
  for (std::uint32_t v = 0; v < c.world.venues.size(); ++v) {
    const VenueInfo& venue = c.world.venues[v];
    if (!venue.relaxes || (venue.base != a && venue.quote != a)) continue;
    if (venue.rests_loans) continue;  // at its deep bands' prices nobody buys
    const Side side = venue.base == a ? Side::sell : Side::buy;
    const double most = venue_most_in(c.world, c.world.opening.venues, VenueId{v}, side);
    if (std::isfinite(most)) units += most;
  }
  return units;
}

/// Quanta so that what may ever exist stays below 2^53 of them: the declared supply, or four
/// times what the opening holds, the scenarios mint and books quote.
void choose_quanta(CompileContext& c) {
  for (std::uint32_t a = 0; a < c.world.assets.size(); ++a) {
    const AssetSpec& spec = c.nodes.assets[a].spec;
    double most = 4 * (c.holdings[a] + minted_units(c, c.world.assets[a].name) +
                       tradable_units(c, AssetId{a}));
    for (std::uint32_t b = 0; b < c.world.assets.size(); ++b) {  // contracts on it are hedged in it
      const AssetInfo& other = c.world.assets[b];
      if (!other.contract || other.base != AssetId{a}) continue;
      most += 4 * (c.holdings[b] + tradable_units(c, AssetId{b}));
    }
    if (spec.supply) most = std::max(most, 2 * c.world.assets[a].supply);
    if (spec.max_supply) {
      most = std::max(c.holdings[a], c.units(*spec.max_supply, AssetId{a}, "assets"));
    }
    c.world.assets[a].quantum = quantum_for(most > 0 ? most : 1e9);
  }
}

/// Opening balances become whole; venues hold what the ledger says they hold.
void round_opening(CompileContext& c) {
  Snapshot& world = c.world;
  for (std::size_t i = 0; i < world.accounts.size(); ++i) {
    double& balance = world.opening.balances[i];
    balance = world.assets[world.accounts[i].asset.value].quantum.down(balance);
  }
  for (const VenueInfo& v : world.venues) {
    if (v.leaves()) continue;  // its pool does
    visit_kind(VenueKinds{}, v.slot, [&]<class K>(std::uint32_t i) {
      K::hold(world.venue_params.of<K>()[i], world.opening.venues.of<K>()[i],
              world.opening.balances[v.base_account.value],
              world.opening.balances[v.quote_account.value]);
    });
  }
}

void sum_supply(Snapshot& world) {
  world.total_supply.assign(world.assets.size(), 0);
  for (std::size_t i = 0; i < world.accounts.size(); ++i) {
    world.total_supply[world.accounts[i].asset.value] += world.opening.balances[i];
  }
}

void add_boundary_accounts(CompileContext& c) {
  Snapshot& world = c.world;
  for (std::uint32_t a = 0; a < world.assets.size(); ++a) {
    world.boundary.push_back(c.account(Bearer::outside, 0, AssetId{a}));
    world.chain_purse.push_back(c.account(Bearer::chain, 0, AssetId{a}));
    world.dust.push_back(c.account(Bearer::dust, 0, AssetId{a}));
    world.attacker.push_back(c.account(Bearer::attacker, 0, AssetId{a}));
  }
}

/// Chains by name; one without `hosts` takes what no other names. A world that names none has one.
void compile_chains(CompileContext& c) {
  std::map<std::string, std::string> host_of;
  std::string everything_else;
  for (const auto& node : c.nodes.chains) {
    const std::string path = "chains." + node.name;
    c.world.chains.push_back({node.name, c.usd(node.spec.gas, path + ".gas")});
    if (node.spec.hosts.empty()) {
      if (!everything_else.empty()) {
        c.diagnostics.error(
            "E0436", c.at(path),
            fmt::format("both '{}' and '{}' host everything else", everything_else, node.name),
            "write `hosts: [...]` at one of them");
      }
      everything_else = node.name;
    }
    for (const Name& n : node.spec.hosts) {
      const auto [other, fresh] = host_of.emplace(n.text, node.name);
      if (fresh) continue;
      c.diagnostics.error(
          "E0437", c.at(path + ".hosts"),
          fmt::format("'{}' stands on '{}' and on '{}'", n.text, other->second, node.name),
          "name it at one of them");
    }
  }
  if (c.world.chains.empty()) c.world.chains.push_back({"chain", ChainSpec{}.gas.value});
}

template <class List>
std::uint32_t index_of(const List& list, std::string_view name) {
  for (std::uint32_t i = 0; i < list.size(); ++i) {
    if (list[i].name == name) return i;
  }
  return AssetId::none().value;
}

std::uint64_t fingerprint_of(const Snapshot& world) {
  Fingerprint f;
  f.add(world.round_s);
  f.add(world.horizon_s);
  f.add(world.seed);
  for (const double b : world.opening.balances) f.add(b);
  for (const double r : world.opening.market.reference) f.add(r);
  for (const Book::Block& block : world.book->blocks()) {
    const double* amounts = world.book->base_amounts(block);
    for (std::size_t i = 0; i < block.amounts(); ++i) f.add(amounts[i]);
  }
  return f.value();
}

}  // namespace

AssetId CompileContext::asset(const std::string& name, const std::string& path) {
  const auto found = assets.find(name);
  if (found != assets.end()) return AssetId{found->second};
  std::vector<std::string_view> names;
  for (const auto& [known, id] : assets) names.push_back(known);
  const std::string near = nearest_name(name, names);
  diagnostics.error("E0401", at(path), "no asset '" + name + "'",
                    near.empty() ? "declare it under assets" : "did you mean '" + near + "'?");
  return AssetId::none();
}

double CompileContext::units(const Amount& amount, AssetId a, const std::string& path) {
  if (!a.valid()) return 0;
  if (amount.unit == "$") return amount.value / reference(a);
  if (amount.unit == world.assets[a.value].name) return amount.value;
  const auto other = assets.find(amount.unit);
  if (other == assets.end()) {
    asset(amount.unit, path);
    return 0;
  }
  return amount.value * reference(AssetId{other->second}) / reference(a);
}

double CompileContext::usd(const Amount& amount, const std::string& path) {
  if (amount.unit == "$") return amount.value;
  const AssetId a = asset(amount.unit, path);
  return a.valid() ? amount.value * reference(a) : 0;
}

std::uint32_t CompileContext::chain_of(const std::string& name, const std::string& cluster) const {
  if (world.chains.size() == 1) return 0;
  std::uint32_t everything_else = ChainInfo::none;
  for (std::uint32_t i = 0; i < world.chains.size(); ++i) {
    const std::vector<Name>& hosts = nodes.chains[i].spec.hosts;
    if (hosts.empty()) everything_else = i;
    for (const Name& n : hosts) {
      if (n.text == name || n.text == cluster) return i;
    }
  }
  return everything_else;
}

AccountId CompileContext::account(Bearer bearer, std::uint32_t owner, AssetId a, double opening) {
  world.accounts.push_back({bearer, owner, a});
  world.opening.balances.push_back(opening);
  holdings[a.value] += std::fabs(opening);
  return AccountId{static_cast<std::uint32_t>(world.accounts.size() - 1)};
}

Snapshot compile(const Ecosystem& eco, Diagnostics& diagnostics, const SpanTable& spans) {
  Snapshot world;
  CompileContext c{.eco = eco,
                   .nodes = SortedNodes(eco),
                   .world = world,
                   .diagnostics = diagnostics,
                   .spans = spans};
  world.name = eco.name;
  world.round_s = eco.clock.round.value;
  world.horizon_s = eco.clock.horizon.value;
  world.seed = static_cast<std::uint64_t>(eco.clock.seed);
  world.sequential = eco.clock.execution == "sequential";
  compile_assets(c);
  compile_chains(c);
  if (diagnostics.failed()) return world;
  add_boundary_accounts(c);
  mark_coins(c);
  mark_desks(c);
  mark_shares(c);
  if (diagnostics.failed()) return world;
  compile_venues(c);
  if (diagnostics.failed() && !world.shares.empty()) return world;
  compile_oracles(c);
  compile_venue_feeds(c);
  if (diagnostics.failed()) return world;
  compile_agents(c);
  compile_dollars(c);
  compile_coins(c);
  compile_desks(c);
  gather_markets(c);
  if (diagnostics.failed()) return world;
  compile_depositors(c);
  compile_repayers(c);
  if (diagnostics.failed()) return world;
  compile_defences(c);
  compile_safety_modules(c);
  compile_cheap_buyers(c);
  choose_quanta(c);
  compile_markets(c);
  if (diagnostics.failed()) return world;
  round_opening(c);
  round_shares(c);
  open_band_runs(c);
  compile_lanes(c);
  open_prices(c);
  open_flow_agents(c);
  sum_supply(world);
  for (std::size_t a = 0; a < world.assets.size(); ++a) {
    AssetInfo& info = world.assets[a];
    if (info.supply <= 0) info.supply = world.total_supply[a];  // what the ledger knows of
  }
  build_book(c);
  open_coins(c);
  open_vaults(c);
  round_stakes(c);
  open_trove_pools(c);
  open_desks(c);
  open_shares(c);
  find_hedges(c);
  find_repaying_rows(c);
  open_vault_exits(c);
  compile_graph(c);
  check_sense(c);
  world.fingerprint = fingerprint_of(world);
  return world;
}

std::string Snapshot::factor_text(std::uint32_t factor) const {
  const Reserve& r = reserves[factor / 2];
  return fmt::format("{} {} in {}", assets[r.asset.value].name,
                     factor % 2 == 0 ? "collateral" : "debt", markets[r.market.value].name);
}

VenueId Snapshot::venue(std::string_view n) const {
  return VenueId{index_of(venues, n)};
}
AssetId Snapshot::asset(std::string_view n) const {
  return AssetId{index_of(assets, n)};
}
MarketId Snapshot::market(std::string_view n) const {
  return MarketId{index_of(markets, n)};
}
OracleId Snapshot::oracle(std::string_view n) const {
  return OracleId{index_of(oracles, n)};
}

}  // namespace faultline
