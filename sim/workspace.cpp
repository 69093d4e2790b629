#include "sim/workspace.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "sim/agents/cheap_collateral.hpp"
#include "sim/claims/algorithmic_coins.hpp"
#include "sim/claims/pool_shares.hpp"
#include "sim/claims/redemption_desks.hpp"
#include "sim/credit/absorbing_markets.hpp"
#include "sim/credit/clusters.hpp"
#include "sim/credit/pools.hpp"
#include "sim/credit/troves.hpp"

namespace faultline {

namespace {

/// Rounds of references an arbitrageur may have to look back on.
std::uint32_t rounds_remembered(const Snapshot& world) {
  double latest = 0;
  for (const ArbitrageurInfo& a : world.arbitrageurs) latest = std::max(latest, a.latency_s);
  return 2 + static_cast<std::uint32_t>(std::ceil(latest / world.round_s));
}

/// Rounds of prices a flow agent may have to look back on.
std::uint32_t flow_rounds_remembered(const Snapshot& world) {
  double latest = 0;
  for (const FlowAgentInfo& a : world.flow_agents) latest = std::max(latest, a.latency_s);
  return 1 + static_cast<std::uint32_t>(std::ceil(latest / world.round_s));
}

/// Rounds until what each agent commits is free again.
template <class Infos>
std::vector<std::uint32_t> turnover_rounds(const Snapshot& world, const Infos& agents) {
  std::vector<std::uint32_t> out;
  for (const auto& a : agents) {
    out.push_back(
        std::max(1u, static_cast<std::uint32_t>(std::ceil(a.turnover_s / world.round_s))));
  }
  return out;
}

void open_settings(const Snapshot& world, Settings& settings) {
  settings.feeds.clear();
  for (const OracleInfo& o : world.oracles) settings.feeds.push_back(o.params);
  settings.reserves = world.reserves;
  settings.perps.clear();
  for (const PerpVenue& v : world.perps) settings.perps.push_back(v.rules);
  settings.liquidator_capital.clear();
  settings.liquidator_gas.clear();
  for (const LiquidatorInfo& l : world.liquidators) {
    settings.liquidator_capital.push_back(l.capital_usd);
    settings.liquidator_gas.push_back(l.gas_usd);
  }
  settings.depositors.clear();
  for (const DepositorsInfo& d : world.depositors) settings.depositors.push_back(d.rules);
  settings.flow_size.clear();
  for (const FlowAgentInfo& a : world.flow_agents) settings.flow_size.push_back(a.size);
  settings.arbitrageur_capital.clear();
  settings.arbitrageur_latency.clear();
  settings.arbitrageur_gas.clear();
  for (const ArbitrageurInfo& a : world.arbitrageurs) {
    settings.arbitrageur_capital.push_back(a.capital_usd);
    settings.arbitrageur_latency.push_back(a.latency_s);
    settings.arbitrageur_gas.push_back(a.gas_usd);
  }
}

void open_outcome(const Snapshot& world, Outcome& out) {
  out.stop = Stop::horizon;
  out.stop_detail.clear();
  out.end_s = 0;
  out.markets.assign(world.markets.size(), MarketOutcome{});
  out.reserves.assign(world.reserves.size(), ReserveOutcome{});
  out.assets.assign(world.assets.size(), AssetOutcome{});
  out.venues.assign(world.venues.size(), VenueOutcome{});
  out.oracles.assign(world.oracles.size(), OracleOutcome{});
  out.perps.assign(world.contracts, PerpOutcome{});
  out.bands.assign(world.band_books.size(), BandOutcome{});
  out.burdens.assign(world.perps.size(), AdlBurden{});
  out.backstops.assign(world.backstops, BackstopOutcome{});
  out.auctions.assign(world.houses.size(), AuctionOutcome{});
  out.troves.assign(world.troves.size(), TroveOutcome{});
  out.absorbing.assign(world.absorbing.size(), AbsorbingOutcome{});
  out.cluster_vaults.assign(world.clusters.empty()
                                ? 0
                                : world.clusters.back().first + world.clusters.back().vaults.size(),
                            ClusterVaultOutcome{});
  out.systems.assign(world.systems.size(), SystemOutcome{});
  out.agents.assign(world.flow_agents.size(), AgentOutcome{});
  out.vaults.assign(world.vaults.size(), VaultOutcome{});
  out.bearer_gain_usd = out.bearer_result_usd = {};
  out.revaluation_usd = out.gas_usd = out.final_debt_usd = 0;
  out.unserved_wait_p50_s = out.unserved_wait_p95_s = 0;
  out.permanent_log.clear();
  out.manipulations.clear();
  out.feed_harms.clear();
  out.counters = {};
  out.timeline.clear();
  out.deposit_flows.clear();
}

/// Whoever issues dollars and coins, and who lives by what markets believe of them.
void open_issues(const Snapshot& world, Workspace& w) {
  w.dollars.clear();
  for (const DollarIssuer& d : world.dollars) {
    w.dollars.push_back({.rate = w.market.contract_rate[d.issued.value]});
  }
  open_coin_run(world, w);
  open_cheap_buyers(world, w);
  open_desk_run(world, w);
  open_share_run(world, w);
}

}  // namespace

void ParkedRows::clear() {
  any.clear();
  for (std::size_t l = 0; heaps > 0 && l < by_lane.size(); ++l) by_lane[l].clear();
  std::fill(least.begin(), least.end(), std::numeric_limits<double>::infinity());
  heaps = 0;
  asks = true;
  states.clear();
}

void update_rows(std::vector<std::uint32_t>& rows, const std::vector<std::uint32_t>& entered,
                 const std::vector<std::uint32_t>& left, std::vector<std::uint32_t>& scratch) {
  if (entered.empty() && (left.empty() || rows.empty())) return;
  scratch.clear();
  std::set_difference(rows.begin(), rows.end(), left.begin(), left.end(),
                      std::back_inserter(scratch));
  rows.clear();
  std::set_union(scratch.begin(), scratch.end(), entered.begin(), entered.end(),
                 std::back_inserter(rows));
}

Workspace::Workspace(const Snapshot& world_in)
    : world(&world_in),
      positions(*world_in.book),
      breach(*world_in.book, positions),
      underwater(*world_in.book, positions, world_in.opening.market_factors) {
  const std::size_t assets = world->assets.size(), venue_count = world->venues.size();
  reference_depth = rounds_remembered(*world);
  reference_log.resize(reference_depth * assets);
  flows.depth = flow_rounds_remembered(*world);
  flows.prices.resize(flows.depth * world->flow_agents.size());
  flows.wishes.resize(world->flow_agents.size());
  moved_references.resize(assets);
  moved_spots.resize(assets);
  moved_venues.resize(venue_count);
  moved_feeds.resize(world->oracles.size());
  exit_prices.resize(world->reserves.size());
  asset_sums.reserve(world->assets.size());
  arbitrage_out.open(turnover_rounds(*world, world->arbitrageurs));
  liquidation_out.open(turnover_rounds(*world, world->liquidators));
  cheap_buyers.out.open(turnover_rounds(*world, world->cheap_buyers));
  for (const AuctionHouse& h : world->houses) {
    auctions.most_bidders = std::max(auctions.most_bidders, h.bidders);
  }
  depth_left.resize(venue_count);
  halts.resize(venue_count);
  faults.resize(world->oracles.size());
  feed_histories.resize(world->oracles.size());
  published_inverse.resize(world->oracles.size());
  lane_in.resize(world->lanes.size());
  lane_out.resize(world->lanes.size());
  parked.by_lane.resize(world->lanes.size());
  parked.least.resize(world->lanes.size());
  settings.feeds.reserve(world->oracles.size());
  settings_changed = true;
  scratch = world->opening.venues;
}

namespace {

/// Whether some debt grows with time.
bool any_interest(const Snapshot& world, const std::vector<ReserveState>& reserves) {
  for (std::size_t r = 0; r < reserves.size(); ++r) {
    if (reserves[r].debt_scaled > 0 && bears_interest(world.reserves[r].rate)) return true;
  }
  return false;
}

}  // namespace

/// Who is in breach before anything happens, and who of them is parked, is known from the first run
/// on; so is who owes more than he holds, for when holes are first measured.
void Workspace::open_rows() {
  hollow.clear(factors.size());
  holes_found = false;
  if (!opening_rows) {
    breached.clear();
    breach_since.clear();
    parked.clear();
    return;
  }
  breached = opening_rows->kept;
  breach_since = opening_rows->since;
  parked = opening_rows->parked;
  breach.know_base();
  underwater.know_base();
}

void Workspace::reset() {
  const OpeningState& opening = world->opening;
  now_s = 0;
  round = 0;
  market = opening.market;
  venues = opening.venues;
  feeds = opening.feeds;
  for (PriceHistory& h : feed_histories) h.clear();
  reserves = opening.reserves;
  ledger.reset(opening.balances);
  base_reference = opening.market.reference;
  if (settings_changed) open_settings(*world, settings);
  settings_changed = false;
  const std::size_t assets = world->assets.size(), markets = world->markets.size();
  accruing = any_interest(*world, reserves);
  backing.assign(assets, 1.0);
  gas_factor.assign(world->chains.size(), 1.0);
  gas_next = gas_factor;
  reference_moved_round.assign(assets, 0);
  minted.assign(assets, 0.0);
  withdrawn.assign(world->venues.size(), 0.0);
  makers = opening.makers;
  vaults = opening.vaults;
  depth_stories.assign(world->venues.size(), {});
  impact_due = false;
  for (CapitalOut* out : {&arbitrage_out, &liquidation_out}) out->reset();
  short_of_capital.assign(world->arbitrageurs.size(), 0);
  for (DirtySet* moved : {&moved_references, &moved_venues, &moved_spots, &moved_feeds}) {
    moved->clear();
  }
  feed_due.assign(world->oracles.size(), 0.0);
  factors = opening.factors;
  market_factors = opening.market_factors;
  changed_factors.clear();
  changed_market_factors.clear();
  marked_in_round.assign(factors.size(), 0);
  for (std::uint32_t f = 0; f < factors.size(); ++f) changed_market_factors.push_back(f);
  positions.reset();
  for (BreachSearch* search : {&breach, &underwater}) search->reset();
  open_rows();
  orders.clear();
  flows.reset(opening.flows, world->flow_agents.size());
  lane_price.assign(world->lanes.size(), 0.0);
  lane_rho.assign(world->lanes.size(), 0.0);
  spot_gap.assign(world->reserves.size(), 0.0);
  active_lanes.clear();
  realised_usd.assign(markets, 0.0);
  paid_usd.assign(markets, 0.0);
  rows_changed = false;
  round_liquidated_usd.assign(markets, 0.0);
  perps.open(world->contracts, world->backstops, markets);
  auctions.reset(world->houses.size(), world->systems.size(), world->liquidators.size());
  bands.markets = opening.bands;
  open_pools(*world, *this);
  open_troves(*world, *this);
  open_absorbing(*world, *this);
  open_clusters(*world, *this);
  hole_usd.assign(markets, 0.0);
  deposits.reset(world->places.size(), markets + world->vaults.size(), assets);
  repayments.reset(world->repaying.size(), world->repaying_rows.size());
  nearly_full_since.assign(reserves.size(), -1.0);
  std::fill(lane_in.begin(), lane_in.end(), 0.0);
  open_outcome(*world, outcome);
  open_issues(*world, *this);
}

}  // namespace faultline
