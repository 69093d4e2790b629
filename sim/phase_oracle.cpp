// Phase 3: each oracle publishes what its readers will believe. A feed is stepped only when one of
// its sources moved or its own timer is due.
#include <cmath>

#include "sim/feed_sources.hpp"
#include "sim/phases.hpp"
#include "sim/workspace.hpp"

namespace faultline {

namespace {

/// USD price of the feed's asset at one venue: its marginal price times the other side's value.
double venue_source(const Snapshot& world, const MarketState& market, VenueId v, AssetId asset) {
  const VenueInfo& venue = world.venues[v.value];
  const double price = market.venue_price[v.value];
  return venue.base == asset ? price * market.spot[venue.quote.value]
                             : market.spot[venue.base.value] / price;
}

bool source_moved(const Snapshot& world, const Workspace& w, const OracleInfo& oracle) {
  const bool reference = w.moved_references.has(oracle.asset.value);
  switch (oracle.params.source) {
    case SourceKind::fixed:
      return false;
    case SourceKind::reference:
      return reference;
    case SourceKind::rate:
      return reference || w.moved_feeds.has(oracle.below.value);
    case SourceKind::venues:
      break;
  }
  if (!w.transmission) return reference;
  for (const VenueId v : oracle.venues) {
    const VenueInfo& venue = world.venues[v.value];
    if (w.moved_venues.has(v.value) || w.moved_spots.has(venue.base.value) ||
        w.moved_spots.has(venue.quote.value)) {
      return true;
    }
  }
  return false;
}

void publish_one(const Snapshot& world, Workspace& w, std::uint32_t o) {
  const OracleInfo& oracle = world.oracles[o];
  const FeedParams& params = w.settings.feeds[o];
  FeedState& state = w.feeds[o];
  const FeedSources sources = feed_sources(world, w.market, params, o, w.transmission);
  const StepResult result = step(params, state, w.now_s, sources.values());
  if (result.capacity_exceeded) {
    fail(w, Stop::capacity, "feed " + oracle.name + " has more reports in flight than it can hold");
  }
  if (result.not_finite)
    fail(w, Stop::not_finite, "feed " + oracle.name + " read an infinite price");
  w.feed_due[o] = next_due(params, state);
  const bool below_usable =
      params.source != SourceKind::rate || w.market.usable[oracle.below.value] != 0;
  const bool now_usable = usable(params, state, w.now_s) && below_usable;
  if (now_usable != (w.market.usable[o] != 0)) w.moved_feeds.add(o);
  w.market.usable[o] = now_usable;
  if (state.published == w.market.published[o] || std::isnan(state.published)) return;
  w.market.published[o] = state.published;
  w.moved_feeds.add(o);
  w.outcome.oracles[o].reports += 1;
  w.quiet = false;
}

}  // namespace

FeedSources feed_sources(const Snapshot& world, const MarketState& market, const FeedParams& params,
                         std::uint32_t o, bool transmission) {
  const OracleInfo& oracle = world.oracles[o];
  const double reference = market.reference[oracle.asset.value];
  FeedSources out;
  switch (params.source) {
    case SourceKind::fixed:
      break;
    case SourceKind::reference:
      out.add(reference);
      break;
    case SourceKind::rate:
      out.add(market.contract_rate[oracle.asset.value]);
      out.add(market.published[oracle.below.value]);
      break;
    case SourceKind::venues:
      for (const VenueId v : oracle.venues) {
        out.add(transmission ? venue_source(world, market, v, oracle.asset) : reference);
      }
      break;
  }
  return out;
}

bool feed_may_change(const Snapshot& world, const Workspace& w, std::uint32_t o) {
  const FeedParams& params = w.settings.feeds[o];
  const FeedSources sources = feed_sources(world, w.market, params, o, w.transmission);
  FeedState ahead = w.feeds[o];
  for (int reports = 0; reports < 4; ++reports) {  // made, in flight, arrived, and once more
    const double due = next_due(params, ahead);
    if (!(due < world.horizon_s)) return false;
    const double before = ahead.published;
    if (step(params, ahead, due, sources.values()).changed && ahead.published != before)
      return true;
    if (ahead.usable != w.feeds[o].usable) return true;
  }
  return false;
}

void publish(const Snapshot& world, const Scenario&, Workspace& w) {
  for (const OracleId id : world.feed_order) {
    const std::uint32_t o = id.value;
    if (w.round != 0 && w.now_s < w.feed_due[o] && !source_moved(world, w, world.oracles[o]))
      continue;
    ++w.outcome.counters.nodes_visited;
    publish_one(world, w, o);
  }
}

}  // namespace faultline
