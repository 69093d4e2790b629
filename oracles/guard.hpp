// Stage 4: the reader's own check. An answer older than max_age is not used: markets that ask for
// it neither lend nor liquidate on it. A reader without the check believes a frozen price for ever.
#pragma once

#include <cmath>
#include <limits>
#include <optional>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "oracles/signal.hpp"

namespace faultline {

struct Guard {
  static constexpr const char* name = "guard";

  struct Spec {
    std::optional<Seconds> max_age;

    template <class V>
    void fields(V& v) {
      v("max_age", max_age,
        Field{.help = "an older answer is not used; absent = never checked; unused by live feeds",
              .lo = 0});
    }
  };
  struct Params {
    double max_age_s = never_s;
  };
  struct State {
    double stale_after_s = never_s;  // last second at which the answer may still be used
  };

  static Params compile(const Spec& s, bool live) {
    return {.max_age_s = s.max_age && !live ? s.max_age->value : never_s};
  }
  static void start(const Params& p, State& s, double, double now_s) {
    s.stale_after_s = now_s + p.max_age_s;
  }
  // usable iff now - updatedAt <= max_age
  static void apply(const Params& p, State& s, FeedSignal& signal) {
    s.stale_after_s = signal.updated_s + p.max_age_s;
  }
  static double due(const Params&, const State& s, double after_s) {
    if (!(s.stale_after_s >= after_s) || std::isinf(s.stale_after_s)) return never_s;
    return std::nextafter(s.stale_after_s, std::numeric_limits<double>::infinity());
  }
};
static_assert(FeedStage<Guard>);

}  // namespace faultline
