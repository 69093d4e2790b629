// Feeds open at what their sources say now; claim feeds after the feed below them.
#include <algorithm>
#include <cmath>

#include "sim/compile/context.hpp"
#include "sim/feed_sources.hpp"

namespace faultline {

void open_feed(CompileContext& c, std::uint32_t o) {
  Snapshot& world = c.world;
  MarketState& market = world.opening.market;
  if (world.opening.feeds.size() < world.oracles.size()) {
    world.opening.feeds.resize(world.oracles.size());
  }
  const auto opened = [o](OracleId id) { return id.value == o; };
  if (std::any_of(world.feed_order.begin(), world.feed_order.end(), opened)) return;
  const OracleInfo& info = world.oracles[o];
  for (const OracleId f : info.reads) open_feed(c, f.value);
  world.feed_order.push_back(OracleId{o});
  const FeedReadings readings(world, market, info.params, o, true, nullptr);
  const FeedState state = open_feed(info.params, readings.inputs(), 0);
  world.opening.feeds[o] = state;
  market.published[o] = state.published;
  if (info.params.bands) market.band[o] = state.confidence * std::fabs(state.published);
}

}  // namespace faultline
