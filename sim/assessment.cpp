#include "sim/assessment.hpp"

#include <algorithm>
#include <cmath>

#include "graph/algorithms.hpp"
#include "sim/agents/deposit_places.hpp"

namespace faultline {

namespace {

double deposits(const Outcome& o) {
  return o.total(&MarketOutcome::deposits_usd);
}

double first_change_s(const Scenario& scenario) {
  double first = scenario.path != nullptr ? 0 : 1e300;
  for (const ExogenousMove& m : scenario.moves) first = std::min(first, m.when.start_s);
  for (const Exploit& e : scenario.exploits) first = std::min(first, e.at_s);
  for (const Manipulation& m : scenario.manipulations) first = std::min(first, m.start_s);
  for (const SettingChange& s : scenario.settings) first = std::min(first, s.at_s);
  return first < 1e299 ? first : 0;
}

void measure_spread(const Snapshot& world, const Scenario& scenario, const Outcome& full,
                    const Outcome& direct, const Outcome& baseline, Summary& s) {
  const std::vector<std::uint32_t> sources = shocked_nodes(world, scenario);
  const std::vector<std::uint32_t> hops = hop_distances(world.graph, sources);
  for (std::size_t m = 0; m < full.markets.size(); ++m) {
    const MarketOutcome& market = full.markets[m];
    if (market.insolvent_s < 0 || baseline.markets[m].insolvent_s >= 0) continue;
    s.depth_rounds =
        std::max(s.depth_rounds, (market.insolvent_s - first_change_s(scenario)) / world.round_s);
    const auto node = world.graph.find(NodeKind::market, world.markets[m].name);
    if (node && hops[*node] != no_hop) {
      s.depth_hops = std::max(s.depth_hops, static_cast<double>(hops[*node]));
    }
    s.failing_usd += market.deposits_usd;
    if (direct.markets[m].insolvent_s >= 0) continue;
    s.breadth += 1;
    s.breadth_deposits += deposits(full) > 0 ? market.deposits_usd / deposits(full) : 0;
    s.breadth_usd += market.deposits_usd;
  }
}

}  // namespace

Scenario direct_of(const Scenario& scenario) {
  Scenario out = scenario;
  out.transmission = false;
  out.baseline_permanent = nullptr;  // nothing trades at a venue, so nothing moves a reference
  return out;
}

Scenario baseline_of(const Scenario& scenario) {
  Scenario out;
  out.id = scenario.id;
  out.name = "baseline";
  const bool only_path =
      scenario.moves.empty() && scenario.exploits.empty() && scenario.manipulations.empty();
  out.path = only_path ? nullptr : scenario.path;
  return out;
}

namespace {

/// Calls add(kind, name) for every node that a setting of the scenario changes.
template <class Add>
void add_set_nodes(const Snapshot& world, const Scenario& scenario, Add&& add) {
  using What = SettingChange::What;
  for (const SettingChange& s : scenario.settings) {
    if (s.what == What::feed) add(NodeKind::oracle, world.oracles[s.target].name);
    if (s.what == What::venue) add(NodeKind::venue, world.venues[s.target].name);
    if (s.what == What::reserve) {
      add(NodeKind::market, world.markets[world.reserves[s.target].market.value].name);
    }
    if (s.what == What::liquidator_capital || s.what == What::liquidator_gas) {
      add(NodeKind::agent, world.liquidators[s.target].name);
    }
    if (s.what == What::arbitrageur_capital || s.what == What::arbitrageur_latency ||
        s.what == What::arbitrageur_gas) {
      add(NodeKind::agent, world.arbitrageurs[s.target].name);
    }
    if (s.what == What::coin) add(NodeKind::vault, world.coins[s.target].name);
    if (s.what == What::depositors) add(NodeKind::agent, world.depositors[s.target].name);
    if (s.what == What::book_size) add(NodeKind::agent, world.flow_agents[s.target].name);
  }
}

/// Whose reserves a part belongs to.
const RedemptionDesk& desk_of_part(const Snapshot& world, std::uint32_t part) {
  return *std::find_if(world.desks.begin(), world.desks.end(), [&](const RedemptionDesk& d) {
    return std::find(d.parts.begin(), d.parts.end(), part) != d.parts.end();
  });
}

}  // namespace

std::vector<std::uint32_t> shocked_nodes(const Snapshot& world, const Scenario& scenario) {
  std::vector<std::uint32_t> out;
  const auto add = [&](NodeKind kind, const std::string& name) {
    if (const auto node = world.graph.find(kind, name)) out.push_back(*node);
  };
  for (const ExogenousMove& m : scenario.moves) {
    switch (m.kind) {
      case MoveKind::price:
      case MoveKind::level:
      case MoveKind::discount:
      case MoveKind::backing:
      case MoveKind::rate:
        add(NodeKind::asset, world.assets[m.target].name);
        break;
      case MoveKind::makers:
        add(NodeKind::agent, world.makers[m.target].name);
        break;
      case MoveKind::deposits: {
        const DepositPlace& place = world.places[m.target];
        add(is_vault(place) ? NodeKind::vault : NodeKind::market, node_of(world, place));
        break;
      }
      case MoveKind::sale:
        add(NodeKind::agent, world.flow_agents[m.target].name);
        break;
      case MoveKind::gas:
        add(NodeKind::chain, world.chains[m.target].name);
        break;
      case MoveKind::out_of_reach:
        add(NodeKind::vault, desk_of_part(world, m.target).name);
        break;
      case MoveKind::hand_in:
        add(NodeKind::vault, world.desks[m.target].name);
        break;
      case MoveKind::freeze:
        add(NodeKind::market, world.markets[world.reserves[m.target].market.value].name);
        break;
      case MoveKind::halt:
      case MoveKind::exit_base:
      case MoveKind::exit_quote:
      case MoveKind::withdraw:
        add(NodeKind::venue, world.venues[world.pool_of(VenueId{m.target}).value].name);
        break;
      default:
        add(NodeKind::oracle, world.oracles[m.target].name);
    }
  }
  for (const Exploit& e : scenario.exploits) {
    add(NodeKind::asset, world.assets[e.asset.value].name);
    if (e.desk != Exploit::nobody) add(NodeKind::vault, world.desks[e.desk].name);
  }
  for (const Manipulation& m : scenario.manipulations) {
    add(NodeKind::oracle, world.oracles[m.feed.value].name);
    for (const VenuePush& p : m.pushes) add(NodeKind::venue, world.venues[p.venue.value].name);
  }
  if (scenario.path != nullptr) {
    for (const AssetId a : scenario.path->assets) add(NodeKind::asset, world.assets[a.value].name);
  }
  add_set_nodes(world, scenario, add);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

Standing standing(const MarketOutcome& full, const MarketOutcome& baseline) {
  const auto more = [&](double MarketOutcome::*field) {
    return full.*field - baseline.*field > 1;  // USD
  };
  if (full.insolvent_s >= 0 && baseline.insolvent_s < 0) return Standing::insolvent;
  const bool full_now = full.utilisation_peak >= 1 && baseline.utilisation_peak < 1;
  if (full_now || more(&MarketOutcome::trapped_usd)) return Standing::illiquid;
  const bool touched = more(&MarketOutcome::liquidated_usd) || more(&MarketOutcome::bad_debt_usd) ||
                       more(&MarketOutcome::unserved_usd);
  return touched ? Standing::stressed : Standing::sound;
}

Standing standing(const VaultOutcome& full, const VaultOutcome& baseline) {
  const double lost = full.loss_usd - baseline.loss_usd;
  const double admitted = full.recognised_usd - baseline.recognised_usd;
  if (lost - admitted > 0.001 * full.deposits_usd) return Standing::insolvent;
  if (full.trapped_usd_s > baseline.trapped_usd_s) return Standing::illiquid;
  const bool touched = std::fabs(lost) > 1 || full.withdrawn_usd - baseline.withdrawn_usd > 1 ||
                       full.reallocated_usd - baseline.reallocated_usd > 1;  // USD
  return touched ? Standing::stressed : Standing::sound;
}

Summary summarise(const Snapshot& world, const Scenario& scenario, const Outcome& full,
                  const Outcome& direct, const Outcome& baseline) {
  const auto net = [&](double MarketOutcome::*field, const Outcome& of) {
    return of.total(field) - baseline.total(field);
  };
  Summary s;
  s.bad_debt_usd = net(&MarketOutcome::bad_debt_usd, full);
  s.bad_debt_exit_usd = net(&MarketOutcome::bad_debt_exit_usd, full);
  s.recognised_usd = net(&MarketOutcome::recognised_usd, full);
  s.legacy_usd = full.total(&MarketOutcome::legacy_usd);
  s.liquidated_usd = net(&MarketOutcome::liquidated_usd, full);
  s.unserved_usd = net(&MarketOutcome::unserved_usd, full);
  s.withdrawn_usd = net(&MarketOutcome::withdrawn_usd, full);
  s.trapped_usd = net(&MarketOutcome::trapped_usd, full);
  for (std::size_t v = 0; v < full.vaults.size(); ++v) {
    s.trapped_usd += full.vaults[v].trapped_usd - baseline.vaults[v].trapped_usd;
  }
  s.direct_loss_usd = net(&MarketOutcome::bad_debt_usd, direct);
  s.contagion_loss_usd = s.bad_debt_usd - s.direct_loss_usd;
  if (s.direct_loss_usd > 1e-4 * deposits(full)) {
    s.amplification = s.bad_debt_usd / s.direct_loss_usd;
  }
  measure_spread(world, scenario, full, direct, baseline, s);
  return s;
}

}  // namespace faultline
