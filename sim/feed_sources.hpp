// What a feed reads this round, gathered for oracles/feed.hpp's `step`.
#pragma once

#include <array>
#include <span>

#include "sim/snapshot.hpp"

namespace faultline {

/// Prices in USD (for a rate feed: the rate, then the price below), NaN where missing.
class FeedSources {
 public:
  void add(double usd) { values_[count_++] = usd; }
  std::span<const double> values() const { return {values_.data(), count_}; }

 private:
  std::array<double, Source::most_sources> values_{};
  std::size_t count_ = 0;
};

/// With `transmission` off venues are taken to sit at the reference.
FeedSources feed_sources(const Snapshot& world, const MarketState& market, const FeedParams& params,
                         std::uint32_t oracle, bool transmission);

}  // namespace faultline
