// One group's stance:
//   v        = sum over its books of weight x v(book);  weights: its share of each book's dollars
//              of depth at the opening (protocols/venues/retreat.hpp)
//   capital  = max(0, 1 + gains since the opening / capital), at most 1: who lost half of what he
//              may lose quotes half (kyle_xiong2001)
//   stance   -> min(stance under v, capital), with the half-lives `leave` and `back`: quotes that
//              return lift a fallen mid and with it what makers hold, a loop that takes time
//   quotes   = what the scenario leaves x stance
#include "sim/agents/makers.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/math.hpp"
#include "sim/narration.hpp"
#include "sim/readings.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

/// The group's variance dt seconds on, from where the mids of its books went.
double look_at_books(const Snapshot& world, Workspace& w, std::uint32_t g, double dt) {
  const MakersInfo& info = world.makers[g];
  MakersState& now = w.makers[g];
  double variance = 0;
  for (std::size_t i = 0; i < info.books.size(); ++i) {
    MakersState::Watched& seen = now.books[i];
    const double mid = venue_marginal(world, w.venues, info.books[i].venue);
    if (mid != seen.mid || !seen.gauge.at_rest()) {
      observe(info.retreat, seen.gauge, mid == seen.mid ? 0 : math::log(mid / seen.mid), dt);
      seen.mid = mid;
    }
    variance += info.books[i].weight * seen.gauge.variance;
  }
  return variance;
}

/// What the group's share of each book's purse gained since the opening, in USD at market prices.
double gains_usd(const Snapshot& world, const Workspace& w, const MakersInfo& info) {
  double usd = 0;
  for (const QuotedBook& book : info.books) {
    const VenueInfo& venue = world.venues[book.venue.value];
    const auto gained = [&](AccountId account, AssetId asset) {
      return (w.ledger.balance(account) - world.opening.balances[account.value]) *
             w.market.spot[asset.value];
    };
    usd += book.share *
           (gained(venue.base_account, venue.base) + gained(venue.quote_account, venue.quote));
  }
  return usd;
}

/// The group's stance dt seconds on. Whether what it quotes changed.
bool take_stance(const Snapshot& world, Workspace& w, std::uint32_t g, double dt) {
  const MakersInfo& info = world.makers[g];
  MakersState& now = w.makers[g];
  if (dt > 0) {
    Stance called;
    if (info.retreat.on()) {
      called = stance_at(info.retreat, look_at_books(world, w, g, dt));
      for (const MakersState::Watched& b : now.books) {
        if (!b.gauge.at_rest()) w.quiet = false;  // it will forget
      }
    }
    if (std::isfinite(info.capital_usd)) {
      const double left = 1 + gains_usd(world, w, info) / info.capital_usd;
      called.stands = std::min(called.stands, std::clamp(left, 0.0, 1.0));
    }
    if (now.stance.stands != called.stands) w.quiet = false;
    follow(info.retreat, now.stance, called, dt);
  }
  const double quotes = now.stance.stands * now.left;
  const bool changed = quotes != now.quotes || now.stance.widened != now.widened;
  now.quotes = quotes;
  now.widened = now.stance.widened;
  if (w.record) note_depth(w, info.name, now.story, quotes, now.widened);
  return changed;
}

}  // namespace

void quote_anew(const Snapshot& world, Workspace& w, double dt) {
  bool any = false;
  for (std::uint32_t g = 0; g < world.makers.size(); ++g) {
    any = take_stance(world, w, g, dt) || any;
  }
  if (!any) return;
  for (std::uint32_t v = 0; v < world.venues.size(); ++v) {
    if (world.makers_of[v].empty()) continue;
    Stance named{0, std::numeric_limits<double>::infinity()};
    for (const BookMaker& m : world.makers_of[v]) {
      named.stands += m.share * w.makers[m.group].quotes;
      named.widened = std::min(named.widened, w.makers[m.group].widened);
    }
    OrderBook::State& book = w.venues.of<OrderBook>()[world.venues[v].slot.index];
    const OrderBook::Params& params =
        world.venue_params.of<OrderBook>()[world.venues[v].slot.index];
    if (!OrderBook::tell_makers(params, book, named)) continue;
    w.moved_venues.add(v);
    w.quiet = false;
  }
}

}  // namespace faultline
