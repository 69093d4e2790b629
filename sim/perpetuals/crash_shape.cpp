#include "sim/perpetuals/crash_shape.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace faultline {

namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

/// Notional of the accounts closed.
double forced_usd(const Snapshot& world, const Outcome& out) {
  double sum = 0;
  for (const PerpVenue& venue : world.perps) sum += out.markets[venue.market.value].forced_usd;
  return sum;
}

struct Totals {
  double liquidated = 0, taken_over = 0, deleveraged = 0;
  double first_deleveraged_s = -1;
};

Totals totals_of(const Outcome& out) {
  Totals t;
  for (const PerpOutcome& o : out.perps) {
    t.liquidated += o.liquidated_usd + o.takeover_usd;
    t.taken_over += o.takeover_usd;
    t.deleveraged += o.deleveraged_usd;
    const double first = o.first_deleveraged_s;
    if (first < 0) continue;
    t.first_deleveraged_s =
        t.first_deleveraged_s < 0 ? first : std::min(first, t.first_deleveraged_s);
  }
  return t;
}

double first_liquidation_s(const Snapshot& world, const Outcome& out) {
  double first = -1;
  for (const PerpVenue& venue : world.perps) {
    const double at = out.markets[venue.market.value].first_liquidation_s;
    if (at >= 0) first = first < 0 ? at : std::min(first, at);
  }
  return first;
}

}  // namespace

CrashShape crash_shape(const Snapshot& world, const Outcome& full, const Outcome& direct) {
  const Totals t = totals_of(full);
  const double forced = forced_usd(world, full);
  const bool any = t.liquidated > 0, closed = t.deleveraged > 0;
  const double first_s = first_liquidation_s(world, full);
  CrashShape s;
  s.deleveraged_over_liquidated = any ? t.deleveraged / t.liquidated : nothing;
  s.first_deleveraged_after_s =
      first_s >= 0 && t.first_deleveraged_s >= 0 ? t.first_deleveraged_s - first_s : nothing;
  s.branching = forced > 0 ? 1 - forced_usd(world, direct) / forced : nothing;
  s.backstop_share = any ? t.taken_over / t.liquidated : nothing;
  s.top10 = s.top100 = nothing;
  double most = 0;
  for (const AdlBurden& b : full.burdens) {
    if (!closed || !(b.total > most)) continue;
    most = b.total;
    s.top10 = b.top10;
    s.top100 = b.top100;
  }
  return s;
}

}  // namespace faultline
