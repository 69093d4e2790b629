#include "sim/claims/algorithmic_coins.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "protocols/agents/arbitrage.hpp"
#include "sim/agents/purse_trade.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

constexpr double day_s = 86400;

double oracle_price(const Snapshot& world, const Workspace& w, std::uint32_t coin) {
  const OracleId o = world.coins[coin].oracle;
  return w.market.usable[o.value] != 0 ? w.market.published[o.value] : 0;
}

/// An issuer's swap in one direction, as it stands.
struct Swap {
  const CoinState& state;
  bool redeems;
  double given_usd, taken_usd;  // worth of one unit to the issuer; 0: it takes none

  bool open() const {
    const bool taken = redeems ? state.terms.redeems : state.terms.mints;
    return taken && !state.halted && given_usd > 0 && taken_usd > 0;
  }
  Fill fill(double in) const {
    if (!open()) return {};
    const double price = given_usd / taken_usd;
    const SwapWorth s = swap_worth(state.terms.pools, state.pools, in * given_usd, redeems);
    return {s.worth / taken_usd, price, s.marginal * price};
  }
  /// The input whose last unit brings `rate`.
  double in_to_rate(double rate) const {
    if (!open()) return 0;
    const double worth = rate * taken_usd / given_usd;
    return swap_to_rate(state.terms.pools, state.pools, worth, redeems) / given_usd;
  }
  double most() const { return redeems ? state.room : std::numeric_limits<double>::infinity(); }
};

Swap swap_of(const Snapshot& world, const Workspace& w, std::uint32_t coin, bool redeems) {
  const AlgorithmicCoin& c = world.coins[coin];
  const double price = oracle_price(world, w, coin);
  return {w.coins.states[coin], redeems, redeems ? c.peg_usd : price, redeems ? price : c.peg_usd};
}

Fill leg_fill(const Snapshot& world, const Workspace& w, const TripLeg& leg, double in) {
  if (!leg.there()) return {in, 1, 1};
  return venue_fill(world, w.venues, leg.venue, leg.side, in);
}
double leg_rate(const Workspace& w, const TripLeg& leg) {
  return leg.there() ? w.market.venue_rate[rate_place(leg.venue, leg.side)] : 1;
}
double leg_most(const Snapshot& world, const Workspace& w, const TripLeg& leg) {
  if (!leg.there()) return std::numeric_limits<double>::infinity();
  return venue_most_in(world, w.venues, leg.venue, leg.side);
}

/// The way in and the swap: money for what the issuer gives.
struct SwapLeg {
  const Snapshot& world;
  const Workspace& w;
  const TripLeg& in;
  Swap swap;

  Fill fill(double x) const {
    const Fill first = leg_fill(world, w, in, x);
    const Fill second = swap.fill(first.out);
    return {second.out, second.price, first.rate * second.rate};
  }
  /// Not below the input whose last unit returns `rate`: each leg alone as far as the other's first
  /// unit would let it; and no more than the issuer takes.
  double in_to_rate(double rate) const {
    const double first = leg_fill(world, w, in, 0).rate, second = swap.fill(0).rate;
    if (!(first * second >= rate)) return 0;
    double x = swap.in_to_rate(rate / first);
    if (in.there()) {
      x = std::min(venue_in_to_rate(world, w.venues, in.venue, in.side, rate / second), most_in());
    }
    const double room = swap.most();
    if (!(room > 0)) return 0;
    if (std::isfinite(room) && leg_fill(world, w, in, x).out > room) {
      const auto left = [&](double y) { return 1 - leg_fill(world, w, in, y).out / room; };
      x = bracketed_root(left, 0, 1, x, left(x)).good;
    }
    return x;
  }
  double most() const { return most_in(); }

 private:
  double most_in() const { return leg_most(world, w, in); }
};

/// The way out. Only `fill` and `most` are asked of a second leg.
struct OutLeg {
  const Snapshot& world;
  const Workspace& w;
  const TripLeg& out;
  Fill fill(double x) const { return leg_fill(world, w, out, x); }
  double in_to_rate(double) const { return 0; }
  double most() const { return leg_most(world, w, out); }
};

/// What the first unit of a trip brings.
double first_rate(const Snapshot& world, const Workspace& w, const SwapTrip& trip) {
  const Swap swap = swap_of(world, w, trip.coin, trip.redeems);
  if (!swap.open() || !(swap.most() > 0)) return 0;
  return leg_rate(w, trip.in) * swap.fill(0).rate * leg_rate(w, trip.out);
}

bool leg_moved(const Workspace& w, const TripLeg& leg) {
  return leg.there() && w.moved_venues.has(leg.venue.value);
}

double gas_of(const Snapshot& world, const Workspace& w, std::uint32_t who, const SwapTrip& trip) {
  return gas_usd(world, w, w.settings.arbitrageur_gas[who], world.coins[trip.coin].chain);
}

/// The most profitable round of a trip within `capital_usd`; `in` is 0 where none pays its gas, or
/// the gap has not stood as long as the arbitrageur takes to see it.
TripOffer look(const Snapshot& world, Workspace& w, std::uint32_t who, std::uint32_t t,
               double capital_usd) {
  const SwapTrip& trip = world.trips[t];
  const TripOffer none{t, 0, 0, 0};
  double& since = w.coins.open_since[t];
  if (!(first_rate(world, w, trip) > 1)) {
    since = -1;
    return none;
  }
  if (since < 0) since = w.now_s;
  if (w.now_s - since < w.settings.arbitrageur_latency[who]) {
    w.quiet = false;
    return none;
  }
  const double money = w.market.spot[trip.money.value];
  const double gas = gas_of(world, w, who, trip);
  const ArbitrageBudget budget{.capital = capital_usd / money, .gas = gas / money};
  const SwapLeg first{world, w, trip.in, swap_of(world, w, trip.coin, trip.redeems)};
  const TwoLegTrade trade = arbitrage_through(first, OutLeg{world, w, trip.out}, budget);
  if (!(trade.in > 0)) return none;
  return {t, trade.in, trade.profit * money, trade.in * money};
}

/// Burns what is given and mints what it brings and what the spread keeps.
void swap_units(const Snapshot& world, Workspace& w, const SwapTrip& trip, AccountId from,
                AccountId to, double in, double out) {
  const AlgorithmicCoin& c = world.coins[trip.coin];
  CoinState& s = w.coins.states[trip.coin];
  const double price = oracle_price(world, w, trip.coin);
  const AssetId given = trip.redeems ? c.coin : c.token, taken = trip.redeems ? c.token : c.coin;
  const VirtualSwap swap = trip.redeems
                               ? redeem_stable(s.terms.pools, s.pools, in, c.peg_usd, price)
                               : mint_stable(s.terms.pools, s.pools, in, c.peg_usd, price);
  const double fee = world.assets[taken.value].quantum.down(swap.fee);
  w.ledger.burn(from, in);
  w.ledger.mint(to, out);
  w.ledger.mint(trip.redeems ? c.token_fees : c.coin_fees, fee);
  w.minted[given.value] -= in;
  w.minted[taken.value] += out + fee;
  if (trip.redeems) s.room -= in;
  s.moved = true;
  CoinOutcome& o = w.outcome.coins[trip.coin];
  (trip.redeems ? o.redeemed_usd : o.issued_usd) += (trip.redeems ? in : out) * c.peg_usd;
  o.spread_usd += fee * (trip.redeems ? price : c.peg_usd);
  o.widest_spread = std::max(o.widest_spread, swap.spread);
}

/// A chain whose token has reached the supply stated is halted.
void halt_beyond(const Snapshot& world, Workspace& w, std::uint32_t coin) {
  const AlgorithmicCoin& c = world.coins[coin];
  const double units = world.total_supply[c.token.value] + w.minted[c.token.value];
  if (units < c.halts_at) return;
  w.coins.states[coin].halted = true;
  w.outcome.coins[coin].halted_s = w.now_s;
  tell(w, "halt", c.name,
       fmt::format("there are {:.4g} {}: the chain is halted, nothing is swapped any more", units,
                   world.assets[c.token.value].name));
}

/// One round of a trip from a purse; false where it comes to less than a quantum on the way.
bool take(const Snapshot& world, Workspace& w, std::uint32_t who, const TripOffer& o) {
  const SwapTrip& trip = world.trips[o.trip];
  const AlgorithmicCoin& c = world.coins[trip.coin];
  const AssetId given = trip.redeems ? c.coin : c.token, taken = trip.redeems ? c.token : c.coin;
  const std::vector<AccountId>& purse = world.arbitrageurs[who].purse;
  const Quantum &qg = world.assets[given.value].quantum, &qt = world.assets[taken.value].quantum;
  const double in = world.assets[trip.money.value].quantum.down(o.in);
  const Swap swap = swap_of(world, w, trip.coin, trip.redeems);
  const double seen = qg.down(std::min(leg_fill(world, w, trip.in, in).out, swap.most()));
  if (!(in > 0 && qt.down(swap.fill(seen).out) > 0)) return false;
  double units = in;
  if (trip.in.there()) {
    units = trade_from_purse(world, w, {trip.in.venue, trip.in.side}, purse[trip.money.value],
                             purse[given.value], in, true);
  }
  units = std::min(units, qg.down(swap.most()));
  const double minted = qt.down(swap.fill(units).out);
  if (!(units > 0 && minted > 0)) return false;
  swap_units(world, w, trip, purse[given.value], purse[taken.value], units, minted);
  if (!countable(world, w, given) || !countable(world, w, taken)) return false;
  halt_beyond(world, w, trip.coin);
  if (trip.out.there()) {
    trade_from_purse(world, w, {trip.out.venue, trip.out.side}, purse[taken.value],
                     purse[trip.money.value], minted, true);
  }
  const double money = w.market.spot[trip.money.value], gas = gas_of(world, w, who, trip);
  const double fee = world.assets[trip.money.value].quantum.up(gas / money);
  w.ledger.post(purse[trip.money.value], world.chain_purse[trip.money.value], fee);
  w.outcome.gas_usd += gas;
  w.quiet = false;
  if (!w.record) return true;
  tell(w, trip.redeems ? "redemption" : "issue", c.name,
       fmt::format("{{}} of {} burnt for {:.4g} {} at a spread of {:.1f}%",
                   world.assets[given.value].name, minted, world.assets[taken.value].name,
                   100 * (1 - minted * swap.taken_usd / (units * swap.given_usd))),
       {units * swap.given_usd});
  return true;
}

}  // namespace

void open_coin_run(const Snapshot& world, Workspace& w) {
  w.coins.states.resize(world.coins.size());
  for (std::size_t i = 0; i < world.coins.size(); ++i) {
    w.coins.states[i] = {world.coins[i].terms, {}, world.coins[i].daily_cap, 0, true, false};
  }
  w.coins.open_since.assign(world.trips.size(), -1.0);
  w.outcome.coins.assign(world.coins.size(), CoinOutcome{});
  w.outcome.supply_path.clear();
}

void replenish_coins(const Snapshot& world, Workspace& w, double dt) {
  for (std::uint32_t i = 0; i < world.coins.size(); ++i) {
    const AlgorithmicCoin& c = world.coins[i];
    CoinState& s = w.coins.states[i];
    const double price = oracle_price(world, w, i);
    s.moved = w.round == 0 || price != s.seen_price;
    s.seen_price = price;
    if (s.pools.delta != 0 && dt > 0) {
      replenish(s.terms.pools, s.pools, dt / s.terms.block_s);
      if (std::fabs(s.pools.delta) < 0x1p-40 * s.terms.pools.base) s.pools.delta = 0;
      s.moved = true;
    }
    if (s.room < c.daily_cap && dt > 0) {
      s.room = std::min(c.daily_cap, s.room + c.daily_cap * (dt / day_s));
      s.moved = true;
    }
    if (s.moved && w.round != 0) w.quiet = false;
  }
}

double swap_coins(const Snapshot& world, Workspace& w, std::uint32_t who, double busy_usd) {
  std::vector<TripOffer>& found = w.coins.offers;
  found.clear();
  const double capital = w.settings.arbitrageur_capital[who];
  double left =
      capital - (std::isfinite(capital) ? busy_usd + w.arbitrage_out.before(who, w.round) : 0);
  for (const std::uint32_t t : world.arbitrageurs[who].trips) {
    const SwapTrip& trip = world.trips[t];
    const bool moved = w.round == 0 || leg_moved(w, trip.in) || leg_moved(w, trip.out) ||
                       w.coins.states[trip.coin].moved || w.coins.open_since[t] >= 0;
    if (!moved) continue;
    ++w.outcome.counters.nodes_visited;
    const TripOffer o = look(world, w, who, t, left);
    if (o.in > 0) found.push_back(o);
  }
  std::sort(found.begin(), found.end(), [](const TripOffer& a, const TripOffer& b) {
    const double ra = a.gain_usd / a.capital_usd, rb = b.gain_usd / b.capital_usd;
    return ra != rb ? ra > rb : a.trip < b.trip;
  });
  double used = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!(left > 1e-9 * capital) && std::isfinite(capital)) break;
    const TripOffer o = i == 0 ? found[0] : look(world, w, who, found[i].trip, left);
    if (!(o.in > 0) || !take(world, w, who, o)) continue;
    left -= o.capital_usd;
    used += o.capital_usd;
    if (std::isfinite(capital)) w.arbitrage_out.commit(who, w.round, o.capital_usd);
  }
  return used;
}

double swap_gives(const Snapshot& world, const Workspace& w, std::uint32_t coin, bool redeems,
                  double in) {
  const Swap swap = swap_of(world, w, coin, redeems);
  return swap.fill(std::min(in, swap.most())).out;
}

namespace {

double units_of(const Snapshot& world, const Workspace& w, std::size_t a) {
  return world.total_supply[a] + w.minted[a];
}

void add_points(const Snapshot& world, Workspace& w) {
  for (std::uint32_t a = 0; a < world.assets.size(); ++a) {
    if (!world.assets[a].algorithmic) continue;
    w.outcome.supply_path.push_back({a, w.now_s, units_of(world, w, a), w.market.spot[a]});
  }
}

}  // namespace

void note_supplies(const Snapshot& world, Workspace& w) {
  if (world.coins.empty()) return;
  for (std::uint32_t a = 0; a < world.assets.size(); ++a) {
    if (!world.assets[a].algorithmic) continue;
    double& most = w.outcome.assets[a].supply_most;
    most = std::max(most, units_of(world, w, a));
  }
  const double before = w.now_s - world.round_s;
  if (w.round == 0 || std::floor(w.now_s / day_s) > std::floor(before / day_s)) {
    add_points(world, w);
  }
}

void close_supplies(const Snapshot& world, Workspace& w) {
  for (std::size_t a = 0; a < world.assets.size(); ++a) {
    AssetOutcome& o = w.outcome.assets[a];
    o.supply_end = world.assets[a].algorithmic ? units_of(world, w, a) : o.supply_start;
  }
  if (world.coins.empty()) return;
  std::vector<SupplyPoint>& path = w.outcome.supply_path;
  if (path.empty() || path.back().at_s < w.now_s) add_points(world, w);
}

}  // namespace faultline
