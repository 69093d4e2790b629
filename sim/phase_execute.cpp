// Phase 5: orders meet at venues. In `batch` all orders of a round share one fill per venue and
// side: the sum walks the curve once and each gets its average net of fees. Where an average breaks
// limits, the orders with the worst limits are cut, ties by identity, until what is left pays. In
// `sequential` the order that gains most goes first and each walks alone.
//
//   lane:     collateral -> ... -> debt asset, hop by hop; first hops of all lanes, then second ...
//   an order: pays where  average out / in of its lane >= (repay + gas) / to_liquidator
//   cutting:  among lanes that share venues, orders sorted by limit over the lane's price before
//   the
//             walk; the longest prefix all of whose limits hold, then the largest fraction of the
//             next. Lanes that share no venue never cut each other's orders (law 4)
#include <algorithm>
#include <cmath>
#include <span>

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
    if (h < lane.hops.size()) out.push_back({lane.hops[h].side, lane.hops[h].venue, l});
  }
  std::sort(out.begin(), out.end(), [](const Step& a, const Step& b) {
    if (a.side != b.side) return a.side < b.side;
    return a.venue != b.venue ? a.venue < b.venue : a.lane < b.lane;
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
             steps[end].side == steps[i].side;
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

void size_fill(const Snapshot& world, Workspace& w, VenueStates& states,
               std::span<const Step> group, double in) {
  const VenueId v = group[0].venue;
  const Side side = group[0].side;
  const double takes = std::min(in, venue_most_in(world, states, v, side));
  const double out = takes > 0 ? venue_fill(world, states, v, side, takes).out : 0;
  if (takes > 0) venue_apply(world, states, v, side, takes, out);
  const double average = out / in;
  for (const Step& s : group) w.lane_out[s.lane] *= average;
}

/// Sum of the orders' collateral by lane, at their fractions.
void gather_lanes(const Snapshot& world, Workspace& w, std::span<LiquidationOrder> orders) {
  w.active_lanes.clear();
  for (const LiquidationOrder& o : orders) {
    if (o.fraction <= 0) continue;
    if (w.lane_in[o.lane] == 0) w.active_lanes.push_back(o.lane);
    w.lane_in[o.lane] +=
        world.assets[world.lanes[o.lane].from.value].quantum.down(o.fraction * o.to_liquidator);
  }
  std::sort(w.active_lanes.begin(), w.active_lanes.end());
  w.active_lanes.erase(std::unique(w.active_lanes.begin(), w.active_lanes.end()),
                       w.active_lanes.end());
}

void clear_lanes(Workspace& w) {
  for (const std::uint32_t l : w.active_lanes) w.lane_in[l] = 0;
}

/// Whether every order that is in would be paid its limit, were these all that trade.
bool limits_hold(const Snapshot& world, Workspace& w, std::span<LiquidationOrder> orders) {
  gather_lanes(world, w, orders);
  w.scratch = w.venues;
  walk_lanes(world, w, w.scratch, [&](VenueStates& s, std::span<const Step> g, double in) {
    size_fill(world, w, s, g, in);
  });
  bool hold = true;
  for (const LiquidationOrder& o : orders) {
    if (o.fraction <= 0 || w.lane_in[o.lane] == 0) continue;  // less than a quantum: not traded
    const double average = w.lane_out[o.lane] / w.lane_in[o.lane];
    const double got = o.fraction * o.to_liquidator * average;
    if (!(got >= o.fraction * o.repay + o.gas)) hold = false;
  }
  clear_lanes(w);
  return hold;
}

/// Cuts orders until every limit holds: keeps the longest prefix by limit, then part of the next.
void cut_to_limits(const Snapshot& world, Workspace& w, std::span<LiquidationOrder> orders) {
  if (orders.empty() || limits_hold(world, w, orders)) return;
  w.granted.resize(orders.size());
  for (std::size_t i = 0; i < orders.size(); ++i) w.granted[i] = orders[i].fraction;
  const auto keep = [&](std::size_t n, double part) {
    for (std::size_t i = 0; i < orders.size(); ++i) {
      orders[i].fraction = i < n ? w.granted[i] : (i == n ? part * w.granted[i] : 0);
    }
  };
  std::size_t good = 0, bad = orders.size();
  while (bad - good > 1) {
    const std::size_t middle = (good + bad) / 2;
    keep(middle, 0);
    (limits_hold(world, w, orders) ? good : bad) = middle;
  }
  double low = 0, high = 1;  // of the order after the prefix: the largest part that still pays
  for (int i = 0; i < 20; ++i) {
    const double part = (low + high) / 2;
    keep(good, part);
    (limits_hold(world, w, orders) ? low : high) = part;
  }
  keep(good, low);
  w.outcome.counters.cut += orders.size() - good;
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
    w.reserve_wants[o.collateral_reserve] += o.to_liquidator;
    w.capital_wants[who(o)] += usd(o);
  }
  for (LiquidationOrder& o : w.orders) {
    const double cash = std::max(0.0, reserve_cash(world, w, o.collateral_reserve));
    const double wants = w.reserve_wants[o.collateral_reserve];
    if (wants > cash) o.fraction = std::min(o.fraction, cash / wants);
    const double capital = w.settings.liquidator_capital[who(o)];
    if (w.capital_wants[who(o)] > capital) {
      o.fraction = std::min(o.fraction, capital / w.capital_wants[who(o)]);
    }
  }
}

/// Gas is paid whole whatever the fraction: the limit of what was granted.
void limit_what_was_granted(Workspace& w) {
  for (LiquidationOrder& o : w.orders) {
    if (o.fraction > 0 && o.fraction < 1) {
      o.limit = (o.fraction * o.repay + o.gas) / (o.fraction * o.to_liquidator);
    }
  }
}

/// What the order's fraction comes to, in whole quanta; an order too small to trade is dropped.
void make_whole(const Snapshot& world, LiquidationOrder& o) {
  const Quantum& qc = world.assets[world.reserves[o.collateral_reserve].asset.value].quantum;
  const Quantum& qd = world.assets[world.reserves[o.debt_reserve].asset.value].quantum;
  if (o.fraction < 1) {
    o.repay = qd.up(o.fraction * o.repay);
    o.seize = qc.down(o.fraction * o.seize);
    o.to_liquidator = std::min(o.seize, qc.down(o.fraction * o.to_liquidator));
  }
  o.gas = qd.up(o.gas);
  if (o.fraction <= 0 || !(o.to_liquidator > 0)) o.fraction = 0;
}

void note_impact(const Snapshot& world, Workspace& w, VenueId v, double move) {
  if (move == 0) return;
  w.market.permanent[world.venues[v.value].base.value] *= 1 + move;
  w.impact_due = true;
}

/// Books one fill: transit pays the venue, the venue pays transit, lanes share what came.
void book_fill(const Snapshot& world, Workspace& w, VenueStates& states,
               std::span<const Step> group, double in) {
  const VenueId v = group[0].venue;
  const Side side = group[0].side;
  const VenueInfo& venue = world.venues[v.value];
  const AssetId given = asset_given(venue, side), taken = asset_taken(venue, side);
  const Quantum& quantum = world.assets[taken.value].quantum;
  const double out = quantum.down(venue_fill(world, states, v, side, in).out);
  w.ledger.post(world.dust[given.value], account_given(venue, side), in);
  w.ledger.post(account_taken(venue, side), world.dust[taken.value], out);
  const double move = on_venue(world, states, v, [&]<class K>(const auto& p, auto& s) {
    const auto before = s;
    K::apply(p, s, side, in, out);
    if constexpr (requires { K::permanent_move(p, before, s); }) {
      return K::permanent_move(p, before, s);
    } else {
      return 0.0;
    }
  });
  note_impact(world, w, v, move);
  w.moved_venues.add(v.value);
  const double usd = in * w.market.spot[given.value];
  w.outcome.venues[v.value].volume_usd += usd;
  w.outcome.venues[v.value].forced_usd += usd;
  for (const Step& s : group) w.lane_out[s.lane] = quantum.down(out * (w.lane_out[s.lane] / in));
}

/// Seized collateral leaves the reserve, trades, and the proceeds reach the liquidators' purses.
void book_orders(const Snapshot& world, Workspace& w, std::span<LiquidationOrder> orders) {
  for (LiquidationOrder& o : orders) {
    make_whole(world, o);
    if (o.fraction <= 0) continue;
    const Reserve& from = world.reserves[o.collateral_reserve];
    w.ledger.post(from.cash, world.dust[from.asset.value], o.to_liquidator);
  }
  w.active_lanes.clear();
  for (const LiquidationOrder& o : orders) {
    if (o.fraction <= 0) continue;
    if (w.lane_in[o.lane] == 0) w.active_lanes.push_back(o.lane);
    w.lane_in[o.lane] += o.to_liquidator;
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
  clear_lanes(w);
}

/// The direct run: every order trades in full at the reference price, with the outside world.
void book_at_reference(const Snapshot& world, Workspace& w) {
  for (LiquidationOrder& o : w.orders) {
    make_whole(world, o);
    if (o.fraction <= 0) continue;
    const Reserve& from = world.reserves[o.collateral_reserve];
    const Lane& lane = world.lanes[o.lane];
    const double price = w.market.reference[lane.from.value] / w.market.reference[lane.to.value];
    o.proceeds = world.assets[lane.to.value].quantum.down(o.to_liquidator * price);
    w.ledger.post(from.cash, world.boundary[lane.from.value], o.to_liquidator);
    w.ledger.post(world.boundary[lane.to.value], world.liquidator_purse(o.debt_reserve, lane.to),
                  o.proceeds);
  }
}

}  // namespace

void execute(const Snapshot& world, const Scenario&, Workspace& w) {
  if (w.orders.empty()) return;
  grant(world, w);
  if (!w.transmission) {
    book_at_reference(world, w);
    return;
  }
  limit_what_was_granted(w);
  const auto sooner = [&](const LiquidationOrder& a, const LiquidationOrder& b) {
    const double ra = a.limit / w.lane_price[a.lane], rb = b.limit / w.lane_price[b.lane];
    return ra != rb ? ra < rb : a.position < b.position;
  };
  const auto group = [&](const LiquidationOrder& o) { return world.lanes[o.lane].group; };
  if (!world.sequential) {
    std::sort(w.orders.begin(), w.orders.end(),
              [&](const LiquidationOrder& a, const LiquidationOrder& b) {
                return group(a) != group(b) ? group(a) < group(b) : sooner(a, b);
              });
    for (std::size_t i = 0, end = 0; i < w.orders.size(); i = end) {
      while (end < w.orders.size() && group(w.orders[end]) == group(w.orders[i])) ++end;
      cut_to_limits(world, w, std::span(w.orders).subspan(i, end - i));
    }
    book_orders(world, w, w.orders);
    return;
  }
  std::sort(w.orders.begin(), w.orders.end(), sooner);
  for (LiquidationOrder& o : w.orders) {
    const std::span<LiquidationOrder> alone(&o, 1);
    cut_to_limits(world, w, alone);
    book_orders(world, w, alone);
  }
}

}  // namespace faultline
