// Phase 5: orders meet at venues. In `batch` all orders of a round share one fill per venue and
// side, or per pair where several venues trade it, split so that the last unit brings the same: the
// sum walks the curve once and each gets its average net of fees. Where an average breaks limits,
// the orders with the worst limits are cut, ties by identity, until what is left pays. In
// `sequential` the order that gains most goes first and each walks alone.
//
// Flow agents trade along with them at whatever it brings: nothing cuts their orders but the end of
// a venue. In `sequential` they trade first, together.
//
//   lane:     collateral -> ... -> debt asset, hop by hop; first hops of all lanes, then second ...
//   an order: pays where  average out / in of its lane >= (repay + gas) / to_liquidator, and every
//             venue on the way takes all that is given
//   cutting:  while some lane's average breaks a limit, of all such lanes' orders the one with the
//             worst limit over the lane's price before the walk; a lane that pays loses none. Then
//             the largest fraction of the first one cut in each lane. Lanes that share no venue
//             never cut each other's orders (law 4)
#include <algorithm>
#include <bit>
#include <cmath>
#include <span>

#include "sim/agents/purse_trade.hpp"
#include "sim/claims/vault_exits.hpp"
#include "sim/credit/auctions.hpp"
#include "sim/credit/band_loans.hpp"
#include "sim/credit/clusters.hpp"
#include "sim/perpetuals/perps.hpp"
#include "sim/phases.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

using Step = WalkStep;

/// The steps of hop `h` of all lanes in use, sells before buys, then by venue.
void steps_of_hop(const Snapshot& world, const Workspace& w, std::size_t h,
                  std::vector<Step>& out) {
  out.clear();
  for (const std::uint32_t l : w.active_lanes) {
    const Lane& lane = world.lanes[l];
    if (h >= lane.hops.size()) continue;
    const Hop& hop = lane.hops[h];
    out.push_back({hop.side, hop.venue, l, hop.bundle});
  }
  std::sort(out.begin(), out.end(), [](const Step& a, const Step& b) {
    if (a.side != b.side) return a.side < b.side;
    if (a.venue != b.venue) return a.venue < b.venue;
    // `alone` first: what trades at one venue before what is split over several.
    return a.bundle != b.bundle ? a.bundle + 1 < b.bundle + 1 : a.lane < b.lane;
  });
}

/// Walks w.lane_in through `states` and leaves w.lane_out. `on_fill(hop, in, out)` is told of every
/// fill and gives what of `out` each lane gets: unrounded when sizing, whole quanta when booking.
template <class OnFill>
void walk_lanes(const Snapshot& world, Workspace& w, VenueStates& states, OnFill&& on_fill) {
  std::vector<Step>& steps = w.walk_steps;
  for (const std::uint32_t l : w.active_lanes) w.lane_out[l] = w.lane_in[l];
  for (std::size_t h = 0; h < world.most_hops; ++h) {
    steps_of_hop(world, w, h, steps);
    for (std::size_t i = 0; i < steps.size();) {
      std::size_t end = i;
      double in = 0;
      for (; end < steps.size() && steps[end].venue == steps[i].venue &&
             steps[end].side == steps[i].side && steps[end].bundle == steps[i].bundle;
           ++end) {
        in += w.lane_out[steps[end].lane];
      }
      if (in > 0) {
        const std::span<const Step> group(steps.data() + i, end - i);
        on_fill(states, group, in);
      }
      i = end;
    }
  }
}

/// Trades at one venue and gives what it brings, unrounded.
double size_trade(const Snapshot& world, VenueStates& states, const Hop& hop, double in) {
  return venue_trade(world, states, hop.venue, hop.side, in, [](double) { return true; });
}

/// More than the venues take is no trade: nobody gives the rest for nothing.
void size_fill(const Snapshot& world, Workspace& w, VenueStates& states,
               std::span<const Step> group, double in) {
  const Hop hop{group[0].venue, group[0].side, group[0].bundle};
  double out = 0;
  if (hop.bundle == Hop::alone) {
    const bool whole = venue_fits(world, states, hop.venue, hop.side, in);
    out = whole ? size_trade(world, states, hop, in) : 0;
  } else if (split_hop(world, states, w.market, hop, in, w.parts)) {
    const std::span<const Hop> venues = world.venues_of(hop);
    for (std::size_t i = 0; i < venues.size(); ++i) {
      if (w.parts[i] > 0) out += size_trade(world, states, venues[i], w.parts[i]);
    }
  }
  const double average = out / in;
  for (const Step& s : group) w.lane_out[s.lane] *= average;
}

void clear_lanes(Workspace& w) {
  for (const std::uint32_t l : w.active_lanes) w.lane_in[l] = 0;
}

/// Brings the scratch copy of every venue on the way of an active lane to the venue's state, less
/// what this round's liquidations may take out of its bands.
void copy_route_venues(const Snapshot& world, Workspace& w) {
  for (const std::uint32_t l : w.active_lanes) {
    for (const Hop& hop : world.lanes[l].hops) {
      for (const Hop& at : world.venues_of(hop)) {
        visit_kind(VenueKinds{}, world.venues[at.venue.value].slot,
                   [&]<class K>(std::uint32_t i) { w.scratch.of<K>()[i] = w.venues.of<K>()[i]; });
      }
    }
  }
  if (world.band_books.empty()) return;
  for (const LiquidationOrder& o : w.orders) {
    if (o.owed > 0 && o.fraction > 0) leave_bands(world, w, o, w.scratch);
  }
}

using Orders = std::span<LiquidationOrder>;

/// What an order sells at its fraction.
double sold(const Snapshot& world, const LiquidationOrder& o) {
  return world.assets[world.lanes[o.lane].from.value].quantum.down(o.fraction * o.to_liquidator);
}

/// Collects orders, sorted by lane and then limit, into queues; all of them are kept.
void queue_orders(const Snapshot& world, Workspace& w, Orders orders) {
  w.queues.clear();
  w.queued.resize(orders.size());
  for (std::uint32_t i = 0; i < orders.size(); ++i) {
    const bool first = i == 0 || orders[i].lane != orders[i - 1].lane;
    if (first) w.queues.push_back({orders[i].lane, i, i, 0, false});
    w.queued[i] = sold(world, orders[i]) + (first ? 0 : w.queued[i - 1]);
    w.queues.back().end = i + 1;
    ++w.queues.back().keep;
  }
}

/// Adds what flow agents trade in a group of lanes, as far as it has not been booked.
void add_flows(const Snapshot& world, Workspace& w, std::uint32_t group) {
  for (const FlowOrder& f : w.flows.orders) {
    if (f.done || !(f.in > 0) || world.lanes[f.lane].group != group) continue;
    if (w.lane_in[f.lane] == 0) w.active_lanes.push_back(f.lane);
    w.lane_in[f.lane] += f.in;
  }
}

/// Whether what the queues keep would be paid its limits, were these all that trade; notes which
/// queues fail. Limits rise along a queue, but for the last of it, of which a part may be kept.
bool limits_hold(const Snapshot& world, Workspace& w, Orders orders) {
  w.active_lanes.clear();
  for (const LaneQueue& q : w.queues) {
    w.lane_in[q.lane] = q.keep == 0 ? 0 : w.queued[q.begin + q.keep - 1];
    if (w.lane_in[q.lane] > 0) w.active_lanes.push_back(q.lane);
  }
  if (!w.flows.orders.empty()) add_flows(world, w, world.lanes[orders[0].lane].group);
  copy_route_venues(world, w);
  walk_lanes(world, w, w.scratch, [&](VenueStates& s, std::span<const Step> g, double in) {
    size_fill(world, w, s, g, in);
  });
  bool hold = true;
  for (LaneQueue& q : w.queues) {
    q.failing = false;
    if (w.lane_in[q.lane] == 0) continue;  // nothing, or less than a quantum: not traded
    const double average = w.lane_out[q.lane] / w.lane_in[q.lane];
    for (std::uint32_t i = q.keep < 2 ? 0 : q.keep - 2; i < q.keep; ++i) {
      const LiquidationOrder& o = orders[q.begin + i];
      if (o.fraction <= 0) continue;
      q.failing = q.failing || leaves_crumbs(world, w, o) ||
                  !(o.fraction * o.to_liquidator * average >= o.cost() + o.gas);
    }
    hold = hold && !q.failing;
  }
  clear_lanes(w);
  return hold;
}

/// Cuts the fewest whole orders of the failing queues, worst limits first, after which one of these
/// queues no longer fails. Leaves `failing` as it then is; gives whether no queue fails.
bool cut_worst(const Snapshot& world, Workspace& w, Orders orders) {
  const auto ratio = [&](const LiquidationOrder& o) { return o.limit / w.lane_price[o.lane]; };
  std::vector<std::uint32_t>& ranked = w.ranked;
  ranked.clear();
  for (LaneQueue& q : w.queues) {
    if (!q.failing) continue;
    for (std::uint32_t i = q.keep; i > 0; --i) ranked.push_back(q.begin + i - 1);
  }
  const auto worse = [&](std::uint32_t a, std::uint32_t b) {
    const double ra = ratio(orders[a]), rb = ratio(orders[b]);
    return ra != rb ? ra > rb : orders[a].position > orders[b].position;
  };
  // One queue alone is in this order already, backwards.
  if (!std::is_sorted(ranked.begin(), ranked.end(), worse)) {
    std::sort(ranked.begin(), ranked.end(), worse);
  }
  std::size_t cut = 0;
  const auto cut_to = [&](std::size_t n) {  // the first n of `ranked`, no more and no fewer
    const auto queue_of = [&](std::uint32_t order) {
      return std::upper_bound(w.queues.begin(), w.queues.end(), order,
                              [](std::uint32_t o, const LaneQueue& q) { return o < q.begin; }) -
             1;
    };
    for (; cut < n; ++cut) --queue_of(ranked[cut])->keep;
    for (; cut > n; --cut) ++queue_of(ranked[cut - 1])->keep;
  };
  std::size_t failing = 0;  // queues that fail before anything is cut
  for (const LaneQueue& q : w.queues) failing += q.failing ? 1 : 0;
  std::size_t low = 0, high = ranked.size();
  bool hold = false;
  std::size_t judged = 0;
  while (high - low > 1) {
    judged = (low + high) / 2;
    cut_to(judged);
    hold = limits_hold(world, w, orders);
    std::size_t still = 0;
    for (const LaneQueue& q : w.queues) still += q.failing ? 1 : 0;
    (still < failing ? high : low) = judged;
  }
  if (judged == high) return hold;
  cut_to(high);
  return limits_hold(world, w, orders);
}

/// Keeps the largest part of the order after what a queue keeps that breaks no limit.
void keep_part(const Snapshot& world, Workspace& w, Orders orders, LaneQueue& q) {
  const std::uint32_t i = q.begin + q.keep;
  LiquidationOrder& next = orders[i];
  const double granted = next.fraction, before = q.keep == 0 ? 0 : w.queued[i - 1];
  const auto try_part = [&](double part) {
    next.fraction = part * granted;
    w.queued[i] = before + sold(world, next);
  };
  ++q.keep;
  double low = 0, high = 1;
  for (int step = 0; step < 20; ++step) {
    const double part = (low + high) / 2;
    try_part(part);
    (limits_hold(world, w, orders) ? low : high) = part;
  }
  try_part(low);
}

/// Cuts orders until every limit holds. While some lane's average breaks a limit, the order with
/// the worst limit among such lanes goes; then the first one cut in each lane gets the part that
/// pays.
void cut_to_limits(const Snapshot& world, Workspace& w, Orders orders) {
  queue_orders(world, w, orders);
  if (limits_hold(world, w, orders)) return;
  while (!cut_worst(world, w, orders)) {
  }
  for (LaneQueue& q : w.queues) {
    w.outcome.counters.cut += q.end - q.begin - q.keep;
    if (q.begin + q.keep < q.end) keep_part(world, w, orders, q);
    for (std::uint32_t i = q.begin + q.keep; i < q.end; ++i) orders[i].fraction = 0;
  }
}

/// Grants capital and reserve cash before the walk, pro rata to size.
void grant(const Snapshot& world, Workspace& w) {
  w.reserve_wants.assign(world.reserves.size(), 0);
  w.capital_wants.assign(world.liquidators.size(), 0);
  const auto usd = [&](const LiquidationOrder& o) {
    return o.repay * w.market.spot[world.reserves[o.debt_reserve].asset.value];
  };
  const auto who = [&](const LiquidationOrder& o) {
    return static_cast<std::size_t>(
        world.liquidator_of[world.reserves[o.debt_reserve].market.value]);
  };
  for (const LiquidationOrder& o : w.orders) {
    w.reserve_wants[world.reserves[o.collateral_reserve].pot] += o.of_lot() ? 0 : o.to_liquidator;
    if (!o.unwinds) w.capital_wants[who(o)] += usd(o);
  }
  for (LiquidationOrder& o : w.orders) {
    const double cash = std::max(0.0, reserve_cash(world, w, o.collateral_reserve));
    const double wants = w.reserve_wants[world.reserves[o.collateral_reserve].pot];
    if (!o.of_lot() && wants > cash) o.fraction = std::min(o.fraction, cash / wants);
    if (o.unwinds) continue;  // it pays for itself
    const double capital = w.settings.liquidator_capital[who(o)];
    const double tied = w.liquidation_out.before(who(o), w.round) + w.auctions.tied_usd[who(o)] +
                        tied_in_clusters(world, w, who(o));
    const double free = std::max(0.0, capital - tied);
    if (w.capital_wants[who(o)] > free) {
      o.fraction = std::min(o.fraction, free / w.capital_wants[who(o)]);
    }
  }
  fit_takes(world, w);
}

/// Notes the capital that what was done ties up.
void commit_capital(const Snapshot& world, Workspace& w) {
  for (const LiquidationOrder& o : w.orders) {
    if (o.fraction <= 0 || o.unwinds) continue;
    const Reserve& debt = world.reserves[o.debt_reserve];
    w.liquidation_out.commit(static_cast<std::size_t>(world.liquidator_of[debt.market.value]),
                             w.round, o.repay * w.market.spot[debt.asset.value]);
  }
}

/// Gas is paid whole whatever the fraction: the limit of what was granted.
void limit_what_was_granted(Workspace& w) {
  for (LiquidationOrder& o : w.orders) {
    if (o.fraction > 0 && o.fraction < 1) {
      o.limit = (o.cost() + o.gas) / (o.fraction * o.to_liquidator);
    }
  }
}

/// What the order's fraction comes to, in whole quanta; an order too small to trade is dropped.
void make_whole(const Snapshot& world, Workspace& w, LiquidationOrder& o) {
  const Quantum& qc = world.assets[world.reserves[o.collateral_reserve].asset.value].quantum;
  const Quantum& qd = world.assets[world.reserves[o.debt_reserve].asset.value].quantum;
  if (o.fraction < 1) {
    o.repay = qd.up(o.fraction * o.repay);
    o.seize = qc.down(o.fraction * o.seize);
    o.to_liquidator = std::min(o.seize, qc.down(o.fraction * o.to_liquidator));
  }
  o.gas = qd.up(o.gas);
  if (o.fraction <= 0 || !(o.to_liquidator > 0)) o.fraction = 0;
  if (o.fraction > 0 && o.owed > 0) take_from_bands(world, w, o);
}

/// Books one trade of whole quanta: transit pays the venue, the venue pays transit. Gives what
/// came.
double book_trade(const Snapshot& world, Workspace& w, VenueStates& states, const Hop& hop,
                  double in) {
  const VenueId v = hop.venue;
  const Side side = hop.side;
  const VenueInfo& venue = world.venues[v.value];
  const AssetId given = asset_given(venue, side), taken = asset_taken(venue, side);
  const Quantum& quantum = world.assets[taken.value].quantum;
  double out = 0;
  const double move = on_venue(world, states, v, [&]<class K>(const auto& p, auto& s) {
    const auto before = s;
    out = trade_at<K>(p, s, side, in, [&](double& brings) {
      brings = quantum.down(brings);
      return true;
    });
    if constexpr (requires { K::permanent_move(p, before, s); }) {
      return K::permanent_move(p, before, s);
    } else {
      return 0.0;
    }
  });
  w.ledger.post(world.dust[given.value], account_given(venue, side), in);
  w.ledger.post(account_taken(venue, side), world.dust[taken.value], out);
  hand_in_shares(world, w, v, in, out);
  note_impact(world, w, v, move);
  w.moved_venues.add(v.value);
  const double usd = in * w.market.spot[given.value];
  VenueOutcome& outcome = w.outcome.venues[world.pool_of(v).value];
  outcome.volume_usd += usd;
  outcome.forced_usd += usd;
  return out;
}

/// Parts of an order in whole quanta, the rest with the largest.
void make_parts_whole(const Quantum& quantum, double in, std::vector<double>& parts) {
  double left = in;
  for (double& x : parts) left -= x = quantum.down(x);
  *std::max_element(parts.begin(), parts.end()) += left;
}

/// Books one fill, at one venue or split over several; lanes share what came.
void book_fill(const Snapshot& world, Workspace& w, VenueStates& states,
               std::span<const Step> group, double in) {
  const Hop hop{group[0].venue, group[0].side, group[0].bundle};
  const VenueInfo& deepest = world.venues[hop.venue.value];
  double out = 0;
  if (hop.bundle != Hop::alone && split_hop(world, states, w.market, hop, in, w.parts)) {
    const std::span<const Hop> venues = world.venues_of(hop);
    make_parts_whole(world.assets[asset_given(deepest, hop.side).value].quantum, in, w.parts);
    for (std::size_t i = 0; i < venues.size(); ++i) {
      if (w.parts[i] > 0) out += book_trade(world, w, states, venues[i], w.parts[i]);
    }
  } else {
    out = book_trade(world, w, states, hop, in);
  }
  const Quantum& quantum = world.assets[asset_taken(deepest, hop.side).value].quantum;
  for (const Step& s : group) w.lane_out[s.lane] = quantum.down(out * (w.lane_out[s.lane] / in));
}

AccountId flow_purse(const Snapshot& world, const FlowOrder& f, AssetId asset) {
  const FlowAgentInfo& agent = world.flow_agents[f.agent];
  return asset == agent.asset ? agent.units : agent.cash;
}

/// Where flow agents together bring more than a venue can take, each brings the same share of it.
void cap_flows(const Snapshot& world, Workspace& w) {
  w.active_lanes.clear();
  for (const FlowOrder& f : w.flows.orders) {
    if (w.lane_in[f.lane] == 0) w.active_lanes.push_back(f.lane);
    w.lane_in[f.lane] += f.in;
  }
  copy_route_venues(world, w);
  walk_lanes(world, w, w.scratch, [&](VenueStates& s, std::span<const Step> g, double in) {
    const double most = venue_most_in(world, s, g[0].venue, g[0].side);
    size_fill(world, w, s, g, in);
    if (in <= most) return;
    for (FlowOrder& f : w.flows.orders) {
      const Hop& hop = world.lanes[f.lane].hops[0];
      if (hop.venue != g[0].venue || hop.side != g[0].side) continue;
      f.in = world.assets[world.lanes[f.lane].from.value].quantum.down(f.in * (most / in));
      w.flows.pending[f.agent] = 1;
    }
  });
  clear_lanes(w);
}

/// Seized collateral leaves the reserve, trades, and the proceeds reach the liquidators' purses; so
/// do flow agents' orders that have not traded.
void book_orders(const Snapshot& world, Workspace& w, std::span<LiquidationOrder> orders) {
  for (LiquidationOrder& o : orders) {
    make_whole(world, w, o);
    if (o.fraction <= 0) continue;
    const AssetId asset = world.reserves[o.collateral_reserve].asset;
    w.ledger.post(sold_from(world, w, o), world.dust[asset.value], o.to_liquidator);
  }
  w.active_lanes.clear();
  for (const LiquidationOrder& o : orders) {
    if (o.fraction <= 0) continue;
    if (w.lane_in[o.lane] == 0) w.active_lanes.push_back(o.lane);
    w.lane_in[o.lane] += o.to_liquidator;
  }
  for (FlowOrder& f : w.flows.orders) {
    if (f.done || !(f.in > 0)) continue;
    const Lane& lane = world.lanes[f.lane];
    w.ledger.post(flow_purse(world, f, lane.from), world.dust[lane.from.value], f.in);
    if (w.lane_in[f.lane] == 0) w.active_lanes.push_back(f.lane);
    w.lane_in[f.lane] += f.in;
  }
  std::sort(w.active_lanes.begin(), w.active_lanes.end());
  walk_lanes(world, w, w.venues, [&](VenueStates& s, std::span<const Step> g, double in) {
    book_fill(world, w, s, g, in);
  });
  for (LiquidationOrder& o : orders) {
    if (o.fraction <= 0) continue;
    const Lane& lane = world.lanes[o.lane];
    const Quantum& quantum = world.assets[lane.to.value].quantum;
    o.proceeds = quantum.down(w.lane_out[o.lane] * (o.to_liquidator / w.lane_in[o.lane]));
    w.ledger.post(world.dust[lane.to.value], world.liquidator_purse(o.debt_reserve, lane.to),
                  o.proceeds);
  }
  for (FlowOrder& f : w.flows.orders) {
    if (f.done || !(f.in > 0)) continue;
    f.done = true;
    const Lane& lane = world.lanes[f.lane];
    const Quantum& quantum = world.assets[lane.to.value].quantum;
    f.out = quantum.down(w.lane_out[f.lane] * (f.in / w.lane_in[f.lane]));
    w.ledger.post(world.dust[lane.to.value], flow_purse(world, f, lane.to), f.out);
  }
  clear_lanes(w);
}

/// The direct run: every order trades in full at the reference price, with the outside world.
void book_at_reference(const Snapshot& world, Workspace& w) {
  for (LiquidationOrder& o : w.orders) {
    make_whole(world, w, o);
    if (o.fraction <= 0) continue;
    const Lane& lane = world.lanes[o.lane];
    const double price = w.market.reference[lane.from.value] / w.market.reference[lane.to.value];
    o.proceeds = world.assets[lane.to.value].quantum.down(o.to_liquidator * price);
    w.ledger.post(sold_from(world, w, o), world.boundary[lane.from.value], o.to_liquidator);
    w.ledger.post(world.boundary[lane.to.value], world.liquidator_purse(o.debt_reserve, lane.to),
                  o.proceeds);
  }
}

/// Sorts few orders of one lane by counting for each how many come before it, of which no branch is
/// guessed wrong. False, and nothing is done, where lanes differ or limits tie.
bool sort_by_count(Workspace& w) {
  constexpr std::size_t most = 64;
  const std::size_t n = w.order_keys.size();
  if (n > most) return false;
  double limits[most];
  bool alike = true;
  for (std::size_t i = 0; i < n; ++i) {
    limits[i] = w.order_keys[i].limit;
    alike &= w.order_keys[i].lane == w.order_keys[0].lane;
  }
  if (!alike) return false;
  std::uint64_t filled = 0;
  w.sorted_orders.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    std::int64_t before = 0;
    for (std::size_t j = 0; j < n; ++j) before += limits[j] < limits[i] ? 1 : 0;
    filled |= std::uint64_t{1} << before;
    w.sorted_orders[static_cast<std::size_t>(before)] = w.orders[i];
  }
  if (static_cast<std::size_t>(std::popcount(filled)) != n) return false;
  std::swap(w.orders, w.sorted_orders);
  return true;
}

/// Sorts the orders: in a batch by group of lanes, then lane; the best limit over the lane's price
/// first, ties by identity.
void sort_orders(const Snapshot& world, Workspace& w) {
  w.order_keys.clear();
  for (std::uint32_t i = 0; i < w.orders.size(); ++i) {
    const LiquidationOrder& o = w.orders[i];
    const std::uint64_t lane =
        world.sequential ? 0 : std::uint64_t{world.lanes[o.lane].group} << 32 | o.lane;
    w.order_keys.push_back({lane, o.limit / w.lane_price[o.lane], o.position, i});
  }
  if (sort_by_count(w)) return;
  std::sort(w.order_keys.begin(), w.order_keys.end(), [](const OrderKey& a, const OrderKey& b) {
    if (a.lane != b.lane) return a.lane < b.lane;
    return a.limit != b.limit ? a.limit < b.limit : a.position < b.position;
  });
  w.sorted_orders.clear();
  for (const OrderKey& key : w.order_keys) w.sorted_orders.push_back(w.orders[key.index]);
  std::swap(w.orders, w.sorted_orders);
}

void execute_in_sequence(const Snapshot& world, Workspace& w) {
  if (!w.flows.orders.empty()) book_orders(world, w, {});
  for (LiquidationOrder& o : w.orders) {
    const std::span<LiquidationOrder> alone(&o, 1);
    cut_to_limits(world, w, alone);
    book_orders(world, w, alone);
    refresh_vault_exits(world, w, true);
  }
}

void execute_batch(const Snapshot& world, Workspace& w) {
  const auto group = [&](const LiquidationOrder& o) { return world.lanes[o.lane].group; };
  for (std::size_t i = 0, end = 0; i < w.orders.size(); i = end) {
    while (end < w.orders.size() && group(w.orders[end]) == group(w.orders[i])) ++end;
    cut_to_limits(world, w, std::span(w.orders).subspan(i, end - i));
  }
  book_orders(world, w, w.orders);
}

}  // namespace

void note_impact(const Snapshot& world, Workspace& w, VenueId v, double move) {
  if (move == 0) return;
  AssetId asset = world.venues[v.value].base;
  if (world.assets[asset.value].contract) asset = world.assets[asset.value].base;
  w.market.permanent[asset.value] *= 1 + move;
  w.impact_due = true;
}

void execute(const Snapshot& world, const Scenario&, Workspace& w) {
  trade_contracts(world, w);
  if (w.orders.empty() && w.flows.orders.empty()) return;
  grant(world, w);
  if (!w.transmission) {
    book_at_reference(world, w);
  } else {
    limit_what_was_granted(w);
    refresh_vault_exits(world, w, true);
    sort_orders(world, w);
    if (!w.flows.orders.empty()) cap_flows(world, w);
    world.sequential ? execute_in_sequence(world, w) : execute_batch(world, w);
  }
  commit_capital(world, w);
}

}  // namespace faultline
