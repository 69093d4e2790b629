// Stage 6: a price outside [min, max] is rejected, so that the feed freezes at its last good answer
// and goes stale (Chainlink), or is clamped to the bound.
#pragma once

#include <algorithm>
#include <limits>
#include <optional>
#include <string>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "oracles/signal.hpp"

namespace faultline {

struct Bounds {
  static constexpr const char* name = "bounds";

  struct Spec {
    std::optional<Amount> min;
    std::optional<Amount> max;
    std::string out_of_bounds = "reject";

    template <class V>
    void fields(V& v) {
      constexpr auto source =
          "Chainlink OffchainAggregator minAnswer, maxAnswer (chainlink_ocr_code)";
      v("min", min,
        Field{
            .help = "lowest answer, $ per unit", .lo = 0, .source = source, .scales = Scales::no});
      v("max", max,
        Field{
            .help = "highest answer, $ per unit", .lo = 0, .source = source, .scales = Scales::no});
      v("out_of_bounds", out_of_bounds,
        Field{.help = "beyond a bound: reject the report (the feed freezes) or clamp it",
              .source = source,
              .choices = "reject clamp"});
    }
  };
  struct Params {
    double min_usd = -std::numeric_limits<double>::infinity();
    double max_usd = std::numeric_limits<double>::infinity();
    bool clamp = false;
  };
  struct State {};

  static Params compile(const Spec& s, bool) {
    Params p;
    if (s.min) p.min_usd = s.min->value;
    if (s.max) p.max_usd = s.max->value;
    p.clamp = s.out_of_bounds == "clamp";
    return p;
  }
  static void start(const Params&, State&, double, double) {}

  // transmit() reverts unless minAnswer <= median <= maxAnswer. [chainlink_ocr_code]
  static void apply(const Params& p, State&, FeedSignal& signal) {
    if (signal.value >= p.min_usd && signal.value <= p.max_usd) return;
    if (signal.value != signal.value) return;
    signal.value = p.clamp ? std::min(std::max(signal.value, p.min_usd), p.max_usd) : no_price;
  }
  static double due(const Params&, const State&, double) { return never_s; }
};
static_assert(FeedStage<Bounds>);

}  // namespace faultline
