// Stage 5: the price times the answer of another feed, over that of a third: stETH per ETH times
// ETH in dollars. What a contract rate is counted in multiplies here too. Then what is observed is
// off by as much as a scenario says.
#pragma once

#include <optional>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "oracles/signal.hpp"

namespace faultline {

struct FeedRatio {
  static constexpr const char* name = "ratio";

  struct Spec {
    std::optional<Name> times, over;

    template <class V>
    void fields(V& v) {
      v("times", times,
        Field{.help = "a feed whose answer it is multiplied by", .refers = Refers::oracle});
      v("over", over,
        Field{.help = "a feed whose answer it is divided by", .refers = Refers::oracle});
    }
  };
  struct Params {};
  struct State {};

  static Params compile(const Spec&, bool) { return {}; }
  static void start(const Params&, State&, double, double) {}
  static void apply(const Params&, State&, FeedSignal& signal) {
    signal.value = signal.value * signal.times * signal.in.times / signal.in.over;
    signal.value *= signal.faults.offset;
  }
  static double due(const Params&, const State&, double) { return never_s; }
};
static_assert(FeedStage<FeedRatio>);

}  // namespace faultline
