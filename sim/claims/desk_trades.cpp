// Arbitrageurs at desks: who buys a claim below what it is worth to wait with it, hands it in and
// sells what he is paid; or has claims issued while they sell above their rate.
//   redeem:  money -> claims at a venue;  claims x carried value -> money outside, when paid
//   issue:   asset -> claims at the rate -> money at the venue -> asset outside, at once
// Sized until the last unit earns nothing, within capital and gas; what waits ties its money.
#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "protocols/agents/arbitrage.hpp"
#include "sim/agents/purse_trade.hpp"
#include "sim/agents/trade_legs.hpp"
#include "sim/claims/redemption_desks.hpp"

namespace faultline {

namespace {

/// What claims bring whoever hands them in, as he sees it now.
struct CarriedClaims {
  double value = 0;  // of one, in the desk's asset
  double most_claims = 0;
  OutsideTrade rest;

  Fill fill(double x) const {
    const Fill f = rest.fill(x * value);
    return {f.out, f.price, f.rate * value};
  }
  double in_to_rate(double) const { return 0; }
  double most() const { return std::min(most_claims, rest.most() / value); }
};

/// Claims issued and sold at a venue.
struct IssuedClaims {
  double each = 0;  // claims for one unit of the desk's asset
  VenueTrade venue;

  Fill fill(double x) const {
    const Fill f = venue.fill(x * each);
    return {f.out, f.price, f.rate * each};
  }
  double in_to_rate(double rate) const { return venue.in_to_rate(rate / each) / each; }
  double most() const { return venue.most() / each; }
};

double issued_each(const Workspace& w, const RedemptionDesk& desk) {
  return (1 - desk.terms.fee) / w.market.contract_rate[desk.claim.value];
}

/// Claims the desk could still pay beyond those that wait.
double claims_wanted(const Snapshot& world, const Workspace& w, std::uint32_t d) {
  const RedemptionDesk& desk = world.desks[d];
  if (desk.terms.pro_rata) return std::numeric_limits<double>::infinity();
  return std::max(0.0, within_reach(world, w, desk) / w.market.contract_rate[desk.claim.value] -
                           w.desks.desks[d].queued);
}

double rest_rate(const Workspace& w, const DeskRoute& route) {
  return w.market.venue_rate[route.rest.rate_at[0]] * w.market.venue_rate[route.rest.rate_at[1]];
}

/// What the first unit of a trip brings: now, and were the desk open and nobody waiting.
struct FirstRate {
  double now = 0, at_once = 0;
};
FirstRate first_rate(const Snapshot& world, const Workspace& w, const DeskTrip& trip) {
  const RedemptionDesk& desk = world.desks[trip.desk];
  const DeskRoute& route = world.desk_routes[trip.route];
  const double ways =
      w.market.venue_rate[rate_place(route.at.venue, route.at.side)] * rest_rate(w, route);
  if (trip.redeems) {
    const double keep = 1 - desk.terms.fee;
    const double now =
        claims_wanted(world, w, trip.desk) > 0 ? carried_value(world, w, trip.desk) : 0;
    return {ways * now, ways * w.market.contract_rate[desk.claim.value] * keep};
  }
  const double each = issued_each(w, desk);
  const bool open = !w.desks.desks[trip.desk].paused && desk.terms.hours.open_at(w.now_s);
  return {open ? ways * each : 0, ways * each};
}

bool may_have_moved(const Snapshot& world, const Workspace& w, std::uint32_t t) {
  const DeskTrip& trip = world.desk_trips[t];
  const DeskRoute& route = world.desk_routes[trip.route];
  if (w.round == 0 || w.desks.desks[trip.desk].moved || w.desks.gap[t]) return true;
  bool moved = w.moved_venues.has(route.at.venue.value);
  for (int h = 0; h < route.rest.count; ++h) {
    moved = moved || w.moved_venues.has(route.rest.hops[h].venue.value);
  }
  return moved;
}

double gas_of(const Snapshot& world, const Workspace& w, std::uint32_t who, const DeskRoute& r) {
  return gas_usd(world, w, w.settings.arbitrageur_gas[who], world.venues[r.at.venue.value].chain);
}

/// The most profitable round of a trip within `capital_usd`; `in` is 0 where none pays its gas, or
/// the gap has not stood as long as the arbitrageur takes to see it.
TripOffer look(const Snapshot& world, Workspace& w, std::uint32_t who, std::uint32_t t,
               double capital_usd) {
  const DeskTrip& trip = world.desk_trips[t];
  const DeskRoute& route = world.desk_routes[trip.route];
  const RedemptionDesk& desk = world.desks[trip.desk];
  const TripOffer none{t, 0, 0, 0};
  const FirstRate rate = first_rate(world, w, trip);
  w.desks.gap[t] = rate.at_once > 1;
  double& since = w.desks.open_since[t];
  if (!(rate.now > 1)) {
    since = -1;
    return none;
  }
  if (since < 0) since = w.now_s;
  if (w.now_s - since < w.settings.arbitrageur_latency[who]) {
    w.quiet = false;
    return none;
  }
  const double given = w.market.spot[(trip.redeems ? route.money : desk.asset).value];
  const ArbitrageBudget budget{.capital = capital_usd / given,
                               .gas = gas_of(world, w, who, route) / given};
  const VenueTrade venue{world, w, route.at.venue, route.at.side};
  const OutsideTrade rest{world, w, route.rest};
  const TwoLegTrade trade =
      trip.redeems ? arbitrage_through(venue,
                                       CarriedClaims{carried_value(world, w, trip.desk),
                                                     claims_wanted(world, w, trip.desk), rest},
                                       budget)
                   : arbitrage_through(IssuedClaims{issued_each(w, desk), venue}, rest, budget);
  if (!(trade.in > 0)) return none;
  return {t, trade.in, trade.profit * given, trade.in * given};
}

/// Buys claims and hands them in; what was given, 0 where it comes to less than a quantum.
double redeem(const Snapshot& world, Workspace& w, std::uint32_t who, const TripOffer& o) {
  const DeskTrip& trip = world.desk_trips[o.trip];
  const DeskRoute& route = world.desk_routes[trip.route];
  const std::vector<AccountId>& purse = world.arbitrageurs[who].purse;
  const AssetId claim = world.desks[trip.desk].claim;
  const double in = world.assets[route.money.value].quantum.down(o.in);
  const double claims =
      trade_from_purse(world, w, route.at, purse[route.money.value], purse[claim.value], in, false);
  if (!(claims > 0)) return 0;
  hand_in(world, w, trip.desk, who, claims, o.trip, in * w.market.spot[route.money.value]);
  return in;
}

/// Changes so many units outside, along a way that begins with their asset.
void change(const Snapshot& world, Workspace& w, const std::vector<AccountId>& purse,
            const WayBack& way, double units) {
  for (int h = 0; h < way.count && units > 0; ++h) {
    const Hop& hop = way.hops[h];
    const VenueInfo& venue = world.venues[hop.venue.value];
    const AssetId gives = asset_given(venue, hop.side), takes = asset_taken(venue, hop.side);
    const double most = venue_most_in(world, w.venues, hop.venue, hop.side);
    const double in = world.assets[gives.value].quantum.down(std::min(units, most));
    if (!(in > 0)) return;
    units = trade_from_purse(world, w, hop, purse[gives.value], purse[takes.value], in, false);
  }
}

/// Has claims issued, sells them and goes back into the desk's asset; what was given, likewise.
double issue(const Snapshot& world, Workspace& w, std::uint32_t who, const TripOffer& o) {
  const DeskTrip& trip = world.desk_trips[o.trip];
  const DeskRoute& route = world.desk_routes[trip.route];
  const RedemptionDesk& desk = world.desks[trip.desk];
  const std::vector<AccountId>& purse = world.arbitrageurs[who].purse;
  const double in = world.assets[desk.asset.value].quantum.down(o.in);
  const double claims = world.assets[desk.claim.value].quantum.down(in * issued_each(w, desk));
  const double brings = venue_fill(world, w.venues, route.at.venue, route.at.side, claims).out;
  if (!(world.assets[route.money.value].quantum.down(brings) > 0)) return 0;
  w.ledger.post(purse[desk.asset.value], desk.cash, in);
  w.ledger.mint(purse[desk.claim.value], claims);
  w.minted[desk.claim.value] += claims;
  if (!countable(world, w, desk.claim)) return 0;
  w.outcome.desks[trip.desk].issued_usd += in * w.market.spot[desk.asset.value];
  w.desks.desks[trip.desk].moved = true;
  const double money = trade_from_purse(world, w, route.at, purse[desk.claim.value],
                                        purse[route.money.value], claims, false);
  change(world, w, purse, route.rest, money);
  note_backing(world, w, trip.desk);
  return in;
}

bool take(const Snapshot& world, Workspace& w, std::uint32_t who, const TripOffer& o) {
  const DeskTrip& trip = world.desk_trips[o.trip];
  const DeskRoute& route = world.desk_routes[trip.route];
  const double in = trip.redeems ? redeem(world, w, who, o) : issue(world, w, who, o);
  if (!(in > 0)) return false;
  const AssetId given = trip.redeems ? route.money : world.desks[trip.desk].asset;
  const double gas = gas_of(world, w, who, route);
  const double fee = world.assets[given.value].quantum.up(gas / w.market.spot[given.value]);
  w.ledger.post(world.arbitrageurs[who].purse[given.value], world.chain_purse[given.value], fee);
  w.outcome.gas_usd += gas;
  w.quiet = false;
  return true;
}

}  // namespace

double trade_at_desks(const Snapshot& world, Workspace& w, std::uint32_t who) {
  std::vector<TripOffer>& found = w.desks.offers;
  found.clear();
  const double capital = w.settings.arbitrageur_capital[who];
  const bool limited = std::isfinite(capital);
  double used = 0;
  const auto left = [&] {
    if (!limited) return capital;
    return capital - used - w.desks.tied_usd[who] - w.arbitrage_out.before(who, w.round);
  };
  for (const std::uint32_t t : world.arbitrageurs[who].desk_trips) {
    if (!may_have_moved(world, w, t)) continue;
    ++w.outcome.counters.nodes_visited;
    const TripOffer o = look(world, w, who, t, std::max(0.0, left()));
    if (o.in > 0) found.push_back(o);
  }
  std::sort(found.begin(), found.end(), [](const TripOffer& a, const TripOffer& b) {
    const double ra = a.gain_usd / a.capital_usd, rb = b.gain_usd / b.capital_usd;
    return ra != rb ? ra > rb : a.trip < b.trip;
  });
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (limited && !(left() > 1e-9 * capital)) break;
    const TripOffer o = i == 0 ? found[0] : look(world, w, who, found[i].trip, left());
    if (!(o.in > 0) || !take(world, w, who, o)) continue;
    if (world.desk_trips[o.trip].redeems) continue;  // tied until it is paid
    used += o.capital_usd;
    if (limited) w.arbitrage_out.commit(who, w.round, o.capital_usd);
  }
  return used + (limited ? w.desks.tied_usd[who] : 0);
}

}  // namespace faultline
