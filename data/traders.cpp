#include "data/traders.hpp"

namespace faultline {

namespace {

TraderGroup to_group(const std::string& name, const TraderGroupSpec& spec, bool is_long, Span at) {
  TraderGroup g;
  g.name = name;
  g.count = spec.count;
  g.is_long = is_long;
  g.at = at;
  for (const auto& [asset, share] : spec.posts) g.posts[asset] = share.value;
  g.leverage_median = spec.leverage.median.value;
  g.leverage_high = spec.leverage.median.value * 3;
  if (spec.leverage.p90) {
    g.leverage_high = spec.leverage.p90->value;
    g.leverage_high_quantile = 0.9;
  }
  if (spec.leverage.p99) {
    g.leverage_high = spec.leverage.p99->value;
    g.leverage_high_quantile = 0.99;
  }
  g.size_sd = spec.size_sd;
  g.entry_sd = spec.entry_spread.value;
  g.contracts = spec.contracts;
  return g;
}

}  // namespace

void read_traders(const Node& node, const std::string& market_name, MarketNode& market,
                  ReadContext& context) {
  if (!node.is_map()) {
    context.reading.error("E0616", node.span, "accounts of a perpetual venue are groups by name",
                          "write `longs: {count: 8k, leverage: {median: 8x, p99: 35x}}`");
    return;
  }
  for (const Entry& entry : node.entries) {
    TraderGroupSpec spec;
    if (!read_fields(entry.value, spec, "markets." + market_name + ".accounts." + entry.key,
                     {"group", entry.key, "'" + market_name + "'"}, context)) {
      continue;
    }
    const bool named = entry.key == "longs" || entry.key == "shorts";
    if (!spec.side && !named) {
      context.reading.error("E0617", entry.key_span,
                            "which side do the traders of '" + entry.key + "' hold?",
                            "write `side: long` or `side: short`");
      continue;
    }
    const LeverageSpec& l = spec.leverage;
    if ((l.p90 && !(l.p90->value > l.median.value)) ||
        (l.p99 && !(l.p99->value > l.median.value))) {
      context.reading.error("E0618", entry.value.span,
                            "quantiles of leverage must lie above its median",
                            "write {median: 8x, p99: 35x}");
      continue;
    }
    const bool is_long = spec.side ? *spec.side == "long" : entry.key == "longs";
    market.traders.push_back(to_group(entry.key, spec, is_long, entry.key_span));
  }
}

}  // namespace faultline
