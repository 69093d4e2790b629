// What a feed reads this round, gathered for oracles/feed.hpp's `step`.
#pragma once

#include <array>
#include <span>

#include "sim/snapshot.hpp"

namespace faultline {

struct Workspace;

/// The inputs of one feed; they point into this object.
class FeedReadings {
 public:
  /// As `market` has them. With `transmission` off venues are taken to sit at the reference. `w`:
  /// the run; null at the opening, where every claim is backed.
  FeedReadings(const Snapshot& world, const MarketState& market, const FeedParams& params,
               std::uint32_t oracle, bool transmission, const Workspace* w);
  FeedReadings(const FeedReadings&) = delete;
  FeedReadings& operator=(const FeedReadings&) = delete;

  const FeedInputs& inputs() const { return inputs_; }

 private:
  void add(double usd) { values_[count_++] = usd; }
  void add_listed(const Snapshot& world, const MarketState& market, const OracleInfo& oracle,
                  bool transmission);
  void rest_on(const MarketState& market, OracleId feed, const Workspace* w);

  std::array<double, Source::most_sources> values_;
  std::size_t count_ = 0;
  FeedInputs inputs_;
};

}  // namespace faultline
