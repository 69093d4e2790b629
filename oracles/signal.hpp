// What runs down an oracle's pipeline, what scenarios may break in it, and what a stage must offer.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

namespace faultline {

class PriceHistory;

inline constexpr double no_price = std::numeric_limits<double>::quiet_NaN();
inline constexpr double never_s = std::numeric_limits<double>::infinity();
inline constexpr std::uint32_t no_source = 0xffffffff;

/// How several sources become one; none: there is but one.
enum class Aggregation : std::uint8_t { none, median, mean, votes };

/// The next instant: when a stage whose answer moves with time itself is due.
double just_after(double now_s);

/// Overrides a scenario sets in a feed's state; the defaults change nothing.
struct FeedFaults {
  double offset = 1;                     // what the feed observes is multiplied by this
  double latency_override_s = no_price;  // latency of reports made while it is set; NaN = none
  double odd_factor = 1;                 // what its source `odd_source` says is multiplied by this
  double cap_factor = 1;                 // its growth cap stands at this times where it should
  std::uint32_t odd_source = no_source;
  bool frozen = false;  // the answer stays, and looks fresh: reports repeat the published price
  bool outage = false;  // no reports are made (those in flight still arrive); the answer goes stale
  bool stale = false;   // nothing arrives any more, in flight or not; the answer goes stale
};

/// What a feed reads at one instant, USD or the unit it is quoted in; NaN where it is missing.
struct FeedInputs {
  std::span<const double> sources;  // in the order of its spec; see `step`
  std::span<const double> weights;  // of the sources; empty: equal
  double times = 1, over = 1;       // answers of the feeds it multiplies and divides by
  double premium = no_price;        // the price whose average premium it adds
  double fallback = no_price;       // answer of the feed it falls back to, if that may be used
  double updated_s = no_price;      // when the answers it rests on were delivered; NaN: on none
  double gas_usd = 0;               // what a report costs on its chain now
  bool unusable = false;            // an answer it rests on must not be used

  FeedInputs() = default;
  FeedInputs(std::span<const double> s) : sources(s) {}
  FeedInputs(const std::vector<double>& s) : sources(s) {}
};

/// One step's traveller: each stage reads and rewrites it.
struct FeedSignal {
  double now_s = 0;
  FeedInputs in;
  FeedFaults faults;
  PriceHistory* history = nullptr;  // of feeds with a TWAP
  double value = no_price;  // up to `publish`: what to report; after it: what readers see, in USD
  double confidence = 0;    // half-width of the value's interval over the value
  Aggregation aggregation = Aggregation::none;
  bool live = false;
  double times = 1;      // what the source itself is counted in, beside `in.times`
  double updated_s = 0;  // when the value readers see was delivered; infinite: it has no age
  bool capacity_exceeded = false;  // a fixed-size column of a stage is full
  bool not_finite = false;         // an infinite price came in
};

/// A stage of the pipeline is one file; registry.hpp lists them in order. `live` feeds (contract
/// rates, fixed prices, adapters over other feeds) are read from code at the moment of use and are
/// not published.
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
