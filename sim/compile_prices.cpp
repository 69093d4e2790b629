// Feeds open at what their sources say now; claim feeds after the feed below them.
#include "sim/compile_context.hpp"
#include "sim/feed_sources.hpp"

namespace faultline {

void open_feed(CompileContext& c, std::uint32_t o) {
  Snapshot& world = c.world;
  MarketState& market = world.opening.market;
  if (world.opening.feeds.size() < world.oracles.size()) {
    world.opening.feeds.resize(world.oracles.size());
  }
  if (market.published[o] == market.published[o]) return;  // opened as somebody's feed below
  const OracleInfo& info = world.oracles[o];
  if (info.params.source == SourceKind::rate) open_feed(c, info.below.value);
  world.feed_order.push_back(OracleId{o});
  const FeedSources sources = feed_sources(world, market, info.params, o, true);
  FeedState state = start_feed(info.params, no_price, 0);
  FeedSignal signal;
  signal.sources = sources.values();
  Source::apply(info.params, state, signal);
  world.opening.feeds[o] = start_feed(info.params, signal.value, 0);
  market.published[o] = signal.value;
}

}  // namespace faultline
