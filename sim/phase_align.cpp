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
#include "sim/phases.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

/// The way back through the outside market: at most one sale for the numeraire and one purchase.
struct OutsideRoute {
  Hop hops[2];
  int count = 0;
  bool exists = true;
};

OutsideRoute outside_route(const Snapshot& world, AssetId from, AssetId to) {
  OutsideRoute route;
  if (from != world.numeraire) {
    route.exists = route.exists && world.outside[from.value].valid();
    route.hops[route.count++] = {world.outside[from.value], Side::sell};
  }
  if (to != world.numeraire) {
    route.exists = route.exists && world.outside[to.value].valid();
    route.hops[route.count++] = {world.outside[to.value], Side::buy};
  }
  return route;
}

/// The first leg of a round trip: the venue itself.
struct VenueTrade {
  const Snapshot& world;
  const Workspace& w;
  VenueId venue;
  Side side;
  Fill fill(double x) const { return venue_fill(world, w.venues, venue, side, x); }
  double in_to_rate(double rate) const {
    return venue_in_to_rate(world, w.venues, venue, side, rate);
  }
  double most() const { return venue_most_in(world, w.venues, venue, side); }
};

/// The way back: outside hops in a row. Only `fill` and `most` are asked of a second leg.
struct OutsideTrade {
  const Snapshot& world;
  const Workspace& w;
  const OutsideRoute& route;
  Fill fill(double x) const {
    Fill through{x, 0, 1};
    for (int h = 0; h < route.count; ++h) {
      const Fill f =
          venue_fill(world, w.venues, route.hops[h].venue, route.hops[h].side, through.out);
      through = {f.out, f.price, through.rate * f.rate};
    }
    return through;
  }
  double in_to_rate(double) const { return 0; }
  double most() const {
    return route.count == 0
               ? std::numeric_limits<double>::infinity()
               : venue_most_in(world, w.venues, route.hops[0].venue, route.hops[0].side);
  }
};

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
  const double rate = venue_rate(world, w.venues, v, side);
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
  return w.round == 0 || w.moved_venues.has(v.value) || touched(venue.base) || touched(venue.quote);
}

void consider(const Snapshot& world, const Workspace& w, std::uint32_t who, VenueId v, Side side,
              std::vector<Opportunity>& found) {
  if (!seen_gap(world, w, w.settings.arbitrageur_latency[who], v, side)) return;
  const VenueInfo& venue = world.venues[v.value];
  const AssetId given = asset_given(venue, side);
  const OutsideRoute route = outside_route(world, asset_taken(venue, side), given);
  if (!route.exists) return;
  const double price = w.market.reference[given.value];
  const ArbitrageBudget budget{.gas = w.settings.arbitrageur_gas[who] / price};
  const TwoLegTrade trade =
      arbitrage_through(VenueTrade{world, w, v, side}, OutsideTrade{world, w, route}, budget);
  if (!(trade.in > 0)) return;
  found.push_back({v, side, trade.in, trade.profit * price, trade.in * price});
}

/// Gives `in` at a venue and takes what it brings, rounded against the trader.
double trade(const Snapshot& world, Workspace& w, const Hop& hop, AccountId pays, AccountId takes,
             double in) {
  const VenueInfo& venue = world.venues[hop.venue.value];
  const Quantum& quantum = world.assets[asset_taken(venue, hop.side).value].quantum;
  const double out = quantum.down(venue_fill(world, w.venues, hop.venue, hop.side, in).out);
  if (!(out > 0)) return 0;
  w.ledger.post(pays, account_given(venue, hop.side), in);
  w.ledger.post(account_taken(venue, hop.side), takes, out);
  venue_apply(world, w.venues, hop.venue, hop.side, in, out);
  w.moved_venues.add(hop.venue.value);
  w.outcome.venues[hop.venue.value].volume_usd +=
      in * w.market.spot[asset_given(venue, hop.side).value];
  return out;
}

void take(const Snapshot& world, Workspace& w, std::uint32_t who, const Opportunity& o) {
  const ArbitrageurInfo& agent = world.arbitrageurs[who];
  const VenueInfo& venue = world.venues[o.venue.value];
  const AssetId given = asset_given(venue, o.side), taken = asset_taken(venue, o.side);
  const double in = world.assets[given.value].quantum.down(o.in);
  double amount =
      trade(world, w, {o.venue, o.side}, agent.purse[given.value], agent.purse[taken.value], in);
  const OutsideRoute route = outside_route(world, taken, given);
  for (int h = 0; h < route.count && amount > 0; ++h) {
    const VenueInfo& hop = world.venues[route.hops[h].venue.value];
    amount = trade(world, w, route.hops[h], agent.purse[asset_given(hop, route.hops[h].side).value],
                   agent.purse[asset_taken(hop, route.hops[h].side).value], amount);
  }
  const double gas = w.settings.arbitrageur_gas[who] / w.market.spot[given.value];
  const double fee = world.assets[given.value].quantum.up(gas);
  w.ledger.post(agent.purse[given.value], world.chain_purse[given.value], fee);
  w.outcome.gas_usd += w.settings.arbitrageur_gas[who];
  w.quiet = false;
}

void act(const Snapshot& world, Workspace& w, std::uint32_t who) {
  std::vector<Opportunity>& found = w.opportunities;
  found.clear();
  const double latency = w.settings.arbitrageur_latency[who];
  for (const VenueId v : world.arbitrageurs[who].venues) {
    if (!may_have_moved(world, w, v, latency)) continue;
    ++w.outcome.counters.nodes_visited;
    consider(world, w, who, v, Side::sell, found);
    consider(world, w, who, v, Side::buy, found);
  }
  double left = w.settings.arbitrageur_capital[who];
  const bool limited = left > 0;
  if (limited) {
    std::stable_sort(found.begin(), found.end(), [](const Opportunity& a, const Opportunity& b) {
      const double ra = a.gain_usd / a.capital_usd, rb = b.gain_usd / b.capital_usd;
      return ra != rb ? ra > rb : a.venue < b.venue;
    });
  }
  for (Opportunity& o : found) {
    if (limited) {
      if (left <= 0) break;
      o.in *= std::min(1.0, left / o.capital_usd);
      left -= std::min(left, o.capital_usd);
    }
    take(world, w, who, o);
  }
}

}  // namespace

void align(const Snapshot& world, const Scenario&, Workspace& w) {
  if (w.transmission) {
    for (std::uint32_t who = 0; who < world.arbitrageurs.size(); ++who) act(world, w, who);
  }
  refresh_spots(world, w);
}

}  // namespace faultline
