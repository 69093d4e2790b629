// What runs down an oracle's pipeline, what scenarios may break in it, and what a stage must offer.
#pragma once

#include <concepts>
#include <limits>
#include <span>
#include <type_traits>

namespace faultline {

inline constexpr double no_price = std::numeric_limits<double>::quiet_NaN();
inline constexpr double never_s = std::numeric_limits<double>::infinity();

/// Overrides a scenario sets in a feed's state; the defaults change nothing.
struct FeedFaults {
  double offset = 1;                     // what the feed observes is multiplied by this
  double latency_override_s = no_price;  // latency of reports made while it is set; NaN = none
  bool frozen = false;  // the answer stays, and looks fresh: reports repeat the published price
  bool outage = false;  // no reports are made (those in flight still arrive); the answer goes stale
};

/// One step's traveller: each stage reads and rewrites it.
struct FeedSignal {
  double now_s = 0;
  std::span<const double> sources;  // USD; NaN where a source is missing
  FeedFaults faults;
  double value = no_price;  // up to `publish`: what to report; after it: what readers see, in USD
  double updated_s = 0;     // when the value readers see was delivered
  bool capacity_exceeded = false;  // a fixed-size column of a stage is full
  bool not_finite = false;         // an infinite price came in
};

/// A stage of the pipeline is one file; registry.hpp lists them in order. `live` feeds (contract
/// rates, fixed prices) are read from code at the moment of use and are not published.
template <class S>
concept FeedStage = std::is_trivially_copyable_v<typename S::State> &&
    std::is_trivially_copyable_v<typename S::Params> &&
    requires(const typename S::Spec& spec, const typename S::Params& p, typename S::State& s,
             const typename S::State& c, FeedSignal& signal, double t, bool live) {
  {S::name};
  { S::compile(spec, live) } -> std::same_as<typename S::Params>;
  S::start(p, s, t, t);                         // opens at this price, at this second
  S::apply(p, s, signal);                       // one step
  { S::due(p, c, t) } -> std::same_as<double>;  // first time after t it must be stepped
};

}  // namespace faultline
