// Phase 2: arbitrageurs whose latency has run out trade a venue against the outside market until
// the last unit of the round trip earns nothing: the venue then stands at its fee band.
//
//   round trip of x:  venue gives y = out(x), outside turns y back into x';  gain = x' - x
//   size:             d x'/d x = rate_venue(x) * rate_outside(y) = 1
//   (protocols/agents/arbitrage.hpp)
#include <algorithm>
#include <cmath>
#include <limits>

#include "protocols/agents/arbitrage.hpp"
#include "sim/agents/manipulation.hpp"
#include "sim/agents/purse_trade.hpp"
#include "sim/agents/trade_legs.hpp"
#include "sim/claims/algorithmic_coins.hpp"
#include "sim/claims/pool_shares.hpp"
#include "sim/claims/redemption_desks.hpp"
#include "sim/credit/band_loans.hpp"
#include "sim/phases.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

const WayBack& way_back(const Snapshot& world, const Hop& hop) {
  return world.ways_back[rate_place(hop.venue, hop.side)];
}

/// The price references showed `latency` ago, or the oldest the run remembers.
double seen_reference(const Snapshot& world, const Workspace& w, double latency_s, AssetId a) {
  const auto back = static_cast<std::uint32_t>(std::ceil(latency_s / world.round_s));
  const std::uint32_t then = w.round - std::min({back, w.round, w.reference_depth - 1});
  return w.reference_log[(then % w.reference_depth) * world.assets.size() + a.value];
}

/// Whether the venue already stood beyond its fee band at the prices seen `latency` ago.
bool seen_gap(const Snapshot& world, const Workspace& w, double latency_s, VenueId v, Side side) {
  if (latency_s <= 0) return true;
  const VenueInfo& venue = world.venues[v.value];
  const double price = seen_reference(world, w, latency_s, venue.base) /
                       seen_reference(world, w, latency_s, venue.quote);
  const double rate = w.market.venue_rate[rate_place(v, side)];
  return side == Side::sell ? rate > price : rate * price > 1;
}

/// Whether a gap may have opened since it was last looked at: the venue, its outside market or a
/// reference moved, the latter as long ago as the latency reaches.
bool may_have_moved(const Snapshot& world, const Workspace& w, VenueId v, double latency_s) {
  const VenueInfo& venue = world.venues[v.value];
  const auto rounds = static_cast<std::uint32_t>(std::ceil(latency_s / world.round_s));
  const auto touched = [&](AssetId a) {
    const std::uint32_t moved = w.reference_moved_round[a.value];
    return w.moved_references.has(a.value) || (moved > 0 && w.round - moved <= rounds) ||
           (world.outside[a.value].valid() && w.moved_venues.has(world.outside[a.value].value));
  };
  return w.round == 0 || w.moved_venues.has(v.value) || touched(hedge_of(world, venue.base)) ||
         touched(venue.base) || touched(hedge_of(world, venue.quote));
}

/// The most profitable round trip through a venue on one side within `capital_usd`; `in` is 0 where
/// none pays for its gas.
Opportunity look(const Snapshot& world, const Workspace& w, std::uint32_t who, const Hop& hop,
                 double capital_usd) {
  const WayBack& route = way_back(world, hop);
  const Opportunity none{hop.venue, hop.side, 0, 0, 0};
  const double* rates = w.market.venue_rate.data();
  const double rate = rates[rate_place(hop.venue, hop.side)];
  const double start = rate * rates[route.rate_at[0]] * rates[route.rate_at[1]];
  if (!(start > 1) || !route.exists) return none;
  const VenueInfo& venue = world.venues[hop.venue.value];
  const AssetId given = asset_given(venue, hop.side);
  if (!seen_gap(world, w, w.settings.arbitrageur_latency[who], hop.venue, hop.side)) return none;
  const double price = w.market.reference[given.value];
  const double gas = gas_usd(world, w, w.settings.arbitrageur_gas[who], venue.chain);
  const VenueTrade first{world, w, hop.venue, hop.side};
  // Rates only fall with size, so no trade gains more than its first unit does, all the way.
  const double most = first.in_to_rate(rate / start) * price;
  if (!(std::min(most, capital_usd) * (start - 1) > gas)) return none;
  const ArbitrageBudget budget{.capital = capital_usd / price, .gas = gas / price};
  const TwoLegTrade trade = arbitrage_through(first, OutsideTrade{world, w, route}, budget);
  if (!(trade.in > 0)) return none;
  return {hop.venue, hop.side, trade.in, trade.profit * price, trade.in * price};
}

void take(const Snapshot& world, Workspace& w, std::uint32_t who, const Opportunity& o) {
  const ArbitrageurInfo& agent = world.arbitrageurs[who];
  const VenueInfo& venue = world.venues[o.venue.value];
  const AssetId given = asset_given(venue, o.side), taken = asset_taken(venue, o.side);
  const double in = world.assets[given.value].quantum.down(o.in);
  double amount = trade_from_purse(world, w, {o.venue, o.side}, agent.purse[given.value],
                                   agent.purse[taken.value], in, false);
  if (!(amount > 0)) return;  // less than a quantum on one side: nothing trades, no gas is paid
  const WayBack& route = way_back(world, {o.venue, o.side});
  for (int h = 0; h < route.count && amount > 0; ++h) {
    const VenueInfo& hop = world.venues[route.hops[h].venue.value];
    const AssetId gives = asset_given(hop, route.hops[h].side);  // a contract's hedge is another's
    amount = world.assets[gives.value].quantum.down(amount);
    amount =
        trade_from_purse(world, w, route.hops[h], agent.purse[gives.value],
                         agent.purse[asset_taken(hop, route.hops[h].side).value], amount, false);
  }
  const double gas = gas_usd(world, w, w.settings.arbitrageur_gas[who], venue.chain);
  const double fee = world.assets[given.value].quantum.up(gas / w.market.reference[given.value]);
  w.ledger.post(agent.purse[given.value], world.chain_purse[given.value], fee);
  w.outcome.gas_usd += gas;
  w.quiet = false;
}

constexpr double no_limit = std::numeric_limits<double>::infinity();

/// Without a limit on capital, venues are taken in order, each at the prices the last one left.
void act_freely(const Snapshot& world, Workspace& w, std::uint32_t who) {
  const double latency = w.settings.arbitrageur_latency[who];
  for (const VenueId v : world.arbitrageurs[who].venues) {
    if (!may_have_moved(world, w, v, latency)) continue;
    ++w.outcome.counters.nodes_visited;
    for (const Side side : {Side::sell, Side::buy}) {
      const Opportunity o = look(world, w, who, {v, side}, no_limit);
      if (o.in > 0) take(world, w, who, o);
    }
  }
}

/// With a limit, the best return on capital goes first, ties by identity; each after it is sized
/// anew. Who ran out of capital looks at every venue again. used_usd: in swaps of this round
/// and waiting at desks.
void act_within_capital(const Snapshot& world, Workspace& w, std::uint32_t who, double used_usd) {
  std::vector<Opportunity>& found = w.opportunities;
  found.clear();
  const double capital = w.settings.arbitrageur_capital[who];
  double left = capital - used_usd - w.arbitrage_out.before(who, w.round);
  const double enough = 1e-9 * capital;
  const double latency = w.settings.arbitrageur_latency[who];
  for (const VenueId v : world.arbitrageurs[who].venues) {
    if (!w.short_of_capital[who] && !may_have_moved(world, w, v, latency)) continue;
    ++w.outcome.counters.nodes_visited;
    for (const Side side : {Side::sell, Side::buy}) {
      const Opportunity o = look(world, w, who, {v, side}, left);
      if (o.in > 0) found.push_back(o);
    }
  }
  std::sort(found.begin(), found.end(), [](const Opportunity& a, const Opportunity& b) {
    const double ra = a.gain_usd / a.capital_usd, rb = b.gain_usd / b.capital_usd;
    if (ra != rb) return ra > rb;
    return a.venue != b.venue ? a.venue < b.venue : a.side < b.side;
  });
  bool moved = false;  // a venue, or what is left, since they were found
  for (const Opportunity& seen : found) {
    if (!(left > enough)) break;
    const Opportunity o = moved ? look(world, w, who, {seen.venue, seen.side}, left) : seen;
    if (!(o.in > 0)) continue;
    moved = true;
    take(world, w, who, o);
    left -= o.capital_usd;
    w.arbitrage_out.commit(who, w.round, o.capital_usd);
  }
  w.short_of_capital[who] = capital > 0 && !(left > enough) ? 1 : 0;
  if (w.short_of_capital[who]) w.quiet = false;
}

}  // namespace

void align(const Snapshot& world, const Scenario& scenario, Workspace& w) {
  if (!scenario.manipulations.empty()) recall_pushes(world, scenario, w);
  refresh_venue_prices(world, w);
  for (std::uint32_t who = 0; w.transmission && who < world.arbitrageurs.size(); ++who) {
    double used = world.arbitrageurs[who].desk_trips.empty() ? 0 : trade_at_desks(world, w, who);
    if (!world.arbitrageurs[who].trips.empty()) used += swap_coins(world, w, who, used);
    if (std::isfinite(w.settings.arbitrageur_capital[who])) {
      act_within_capital(world, w, who, used);
    } else {
      act_freely(world, w, who);
    }
  }
  if (w.transmission && !scenario.manipulations.empty()) push_venues(world, scenario, w);
  if (!w.transmission) align_bands_at_reference(world, w);
  follow_pools(world, w, true);
  refresh_spots(world, w);
  refresh_band_loans(world, w);
}

}  // namespace faultline
