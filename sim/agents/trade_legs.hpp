// The legs of an arbitrageur's round trip through venues as they stand
// (protocols/agents/arbitrage.hpp).
#pragma once

#include <limits>

#include "sim/venue_ops.hpp"
#include "sim/workspace.hpp"

namespace faultline {

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
  const WayBack& route;
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
  bool fits(double x) const {
    return route.count == 0 ||
           venue_fits(world, w.venues, route.hops[0].venue, route.hops[0].side, x);
  }
  double most() const {
    return route.count == 0
               ? std::numeric_limits<double>::infinity()
               : venue_most_in(world, w.venues, route.hops[0].venue, route.hops[0].side);
  }
};

}  // namespace faultline
