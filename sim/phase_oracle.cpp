// Phase 3: each oracle publishes what its readers will believe. A feed is stepped only when one of
// its sources moved or its own timer is due.
#include <cmath>

#include "sim/feed_sources.hpp"
#include "sim/phases.hpp"
#include "sim/venue_ops.hpp"
#include "sim/workspace.hpp"

namespace faultline {

namespace {

/// Price of the feed's asset at one venue, in what the feed is quoted in: its marginal price, or
/// that times the other side's value.
double venue_source(const Snapshot& world, const MarketState& market, VenueId v,
                    const OracleInfo& oracle, bool transmission) {
  const VenueInfo& venue = world.venues[v.value];
  const double price = market.venue_price[v.value];
  const AssetId asset = oracle.asset, unit = oracle.unit;
  if (!transmission) {
    const double usd = market.reference[asset.value];
    return unit.valid() ? usd / market.reference[unit.value] : usd;
  }
  const bool sold = venue.base == asset;
  const AssetId other = sold ? venue.quote : venue.base;
  if (unit == other) return sold ? price : 1 / price;
  const double usd = sold ? price * market.spot[other.value] : market.spot[other.value] / price;
  return unit.valid() ? usd / market.spot[unit.value] : usd;
}

double in_unit(const MarketState& market, double usd, AssetId unit) {
  return unit.valid() ? usd / market.reference[unit.value] : usd;
}

VenueId pool_behind(const Snapshot& world, const OracleInfo& oracle) {
  return world.shares[static_cast<std::size_t>(world.assets[oracle.asset.value].share)].pool;
}

/// What one share of a pool's liquidity holds, in the pool's quote, as its coins' feeds have them:
/// at fair value, or as the reserves stand.
double share_rate(const Snapshot& world, const MarketState& market, const Workspace* w,
                  SourceKind source, const OracleInfo& oracle) {
  const VenueId pool = pool_behind(world, oracle);
  const VenueStates& states = w == nullptr ? world.opening.venues : w->venues;
  const double base = market.published[oracle.pool_base.value];
  const double quote = market.published[oracle.pool_quote.value];
  const double shares = venue_shares(world, states, pool);
  if (!(base > 0 && quote > 0 && shares > 0)) return no_price;
  const ShareReading reading =
      source == SourceKind::reserves ? ShareReading::reserves : ShareReading::fair;
  return venue_lp_value(world, states, pool, base, quote, reading) / shares / quote;
}

bool venue_moved(const Snapshot& world, const Workspace& w, VenueId v) {
  const VenueInfo& venue = world.venues[v.value];
  return w.moved_venues.has(v.value) || w.moved_spots.has(venue.base.value) ||
         w.moved_spots.has(venue.quote.value);
}

bool source_moved(const Snapshot& world, const Workspace& w, const OracleInfo& oracle) {
  for (const OracleId o : oracle.reads) {
    if (w.moved_feeds.has(o.value)) return true;
  }
  const bool reference = w.moved_references.has(oracle.asset.value) ||
                         (oracle.unit.valid() && w.moved_references.has(oracle.unit.value));
  const bool premium = oracle.premium_venue.valid();
  switch (oracle.params.source) {
    case SourceKind::fixed:
      return premium && (reference || venue_moved(world, w, oracle.premium_venue));
    case SourceKind::rate:
    case SourceKind::backing:
    case SourceKind::reserves:
      if (oracle.pool_base.valid() && w.moved_venues.has(pool_behind(world, oracle).value)) {
        return true;
      }
      [[fallthrough]];
    case SourceKind::reference:
      return reference || (premium && venue_moved(world, w, oracle.premium_venue));
    case SourceKind::listed:
      break;
  }
  if (!w.transmission) return reference;
  if (oracle.unit.valid() && w.moved_spots.has(oracle.unit.value)) return true;
  for (const VenueId v : oracle.venues) {
    if (venue_moved(world, w, v)) return true;
  }
  return premium && venue_moved(world, w, oracle.premium_venue);
}

void publish_one(const Snapshot& world, Workspace& w, std::uint32_t o) {
  const OracleInfo& oracle = world.oracles[o];
  const FeedParams& params = w.settings.feeds[o];
  FeedState& state = w.feeds[o];
  const FeedReadings readings(world, w.market, params, o, w.transmission, &w);
  PriceHistory* history = needs_history(params) ? &w.feed_histories[o] : nullptr;
  const StepResult result = step(params, state, w.now_s, readings.inputs(), history);
  if (result.capacity_exceeded) {
    fail(w, Stop::capacity, "feed " + oracle.name + " has more reports in flight than it can hold");
  }
  if (result.not_finite)
    fail(w, Stop::not_finite, "feed " + oracle.name + " read an infinite price");
  w.feed_due[o] = next_due(params, state);
  const bool now_usable = usable(params, state, w.now_s);
  if (now_usable != (w.market.usable[o] != 0)) w.moved_feeds.add(o);
  w.market.usable[o] = now_usable;
  const double band = params.bands ? state.confidence * std::fabs(state.published) : 0;
  if (band != w.market.band[o] && !std::isnan(band)) {
    w.market.band[o] = band;
    w.moved_feeds.add(o);
  }
  if (state.published == w.market.published[o] || std::isnan(state.published)) return;
  w.market.published[o] = state.published;
  w.moved_feeds.add(o);
  w.outcome.oracles[o].reports += 1;
  w.quiet = false;
}

}  // namespace

void FeedReadings::add_listed(const Snapshot& world, const MarketState& market,
                              const OracleInfo& oracle, bool transmission) {
  for (const VenueId v : oracle.venues) add(venue_source(world, market, v, oracle, transmission));
  for (const OracleId f : oracle.feeds) {  // the only one: it is rested on
    const bool missing = !oracle.below.valid() && market.usable[f.value] == 0;
    add(missing ? no_price : market.published[f.value]);
  }
}

void FeedReadings::rest_on(const MarketState& market, OracleId feed, const Workspace* w) {
  inputs_.unusable = inputs_.unusable || market.usable[feed.value] == 0;
  const double updated_s = w == nullptr ? 0 : w->feeds[feed.value].updated_s;
  if (!(updated_s >= inputs_.updated_s)) inputs_.updated_s = updated_s;
}

FeedReadings::FeedReadings(const Snapshot& world, const MarketState& market,
                           const FeedParams& params, std::uint32_t o, bool transmission,
                           const Workspace* w) {
  const OracleInfo& oracle = world.oracles[o];
  const AssetId asset = oracle.asset;
  switch (params.source) {
    case SourceKind::fixed:
      break;
    case SourceKind::reference:
      add(in_unit(market, market.reference[asset.value], oracle.unit));
      break;
    case SourceKind::rate:
    case SourceKind::backing:
    case SourceKind::reserves: {
      const double rate = oracle.pool_base.valid()
                              ? share_rate(world, market, w, params.source, oracle)
                              : market.contract_rate[asset.value];
      const bool all = w == nullptr || params.source != SourceKind::backing;
      add(all ? rate : rate * backed_share(world, *w, asset));
      add(oracle.below.valid() ? market.published[oracle.below.value] : 1.0);
      break;
    }
    case SourceKind::listed:
      add_listed(world, market, oracle, transmission);
      break;
  }
  inputs_.sources = {values_.data(), count_};
  if (w != nullptr) inputs_.gas_usd = gas_usd(world, *w, no_price, oracle.chain);
  if (oracle.reads.empty() && !oracle.premium_venue.valid()) {
    inputs_.weights = oracle.weights;
    return;
  }
  inputs_.weights = oracle.weights;
  if (oracle.times.valid()) inputs_.times = market.published[oracle.times.value];
  if (oracle.over.valid()) inputs_.over = market.published[oracle.over.value];
  if (oracle.premium_venue.valid()) {
    inputs_.premium = venue_source(world, market, oracle.premium_venue, oracle, transmission);
  }
  if (oracle.premium_feed.valid() && market.usable[oracle.premium_feed.value] != 0) {
    inputs_.premium = market.published[oracle.premium_feed.value];
  }
  if (oracle.fallback.valid() && market.usable[oracle.fallback.value] != 0) {
    inputs_.fallback = market.published[oracle.fallback.value];
  }
  for (const OracleId f : oracle.rests_on) rest_on(market, f, w);
}

bool feed_may_change(const Snapshot& world, const Workspace& w, std::uint32_t o) {
  constexpr int most_steps = 12;  // made, in flight, arrived and once more; as often again and two
                                  // pokes where a delay follows
  const FeedParams& params = w.settings.feeds[o];
  const FeedReadings readings(world, w.market, params, o, w.transmission, &w);
  FeedState ahead = w.feeds[o];
  const bool averages = needs_history(params);
  PriceHistory history;
  if (averages) history = w.feed_histories[o];
  const int steps = params.hop_s > 0 ? most_steps : 4;
  for (int i = 0; i < steps; ++i) {
    double due = next_due(params, ahead);
    if (due > ahead.stepped_s && due < ahead.stepped_s + world.round_s && ahead.settles()) {
      due = ahead.stepped_s + world.round_s;  // an average is looked at once a round
    }
    if (!(due < world.horizon_s)) return false;
    const double before = ahead.published;
    const StepResult result =
        step(params, ahead, due, readings.inputs(), averages ? &history : nullptr);
    if (result.changed && ahead.published != before) return true;
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
