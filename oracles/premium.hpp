// Stage 3: the price plus the average premium of another over it, as marks of perpetuals are built.
//
//   p + EMA(other - p)    Hyperliquid: oracle + 150 s EMA of (mid - oracle) [hyperliquid_docs]
#pragma once

#include <cmath>
#include <optional>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "oracles/ema.hpp"
#include "oracles/signal.hpp"

namespace faultline {

struct Premium {
  static constexpr const char* name = "premium";

  struct Spec {
    std::optional<Name> premium;
    Seconds premium_ema{150};

    template <class V>
    void fields(V& v) {
      v("premium", premium,
        Field{.help = "venue or feed whose average premium over this price is added",
              .refers = Refers::price});
      v("premium_ema", premium_ema,
        Field{.help = "time constant of that average",
              .lo = 1,
              .source = "Hyperliquid robust price indices (hyperliquid_docs)"});
    }
  };
  struct Params {
    double premium_tau_s = 0;  // 0: none
  };
  struct State {
    Ema premium;
    bool premium_open = false;
  };

  static Params compile(const Spec& s, bool) {
    return {.premium_tau_s = s.premium ? s.premium_ema.value : 0};
  }
  static void start(const Params&, State&, double, double) {}
  static void apply(const Params& p, State& s, FeedSignal& signal) {
    if (p.premium_tau_s == 0) return;
    const double gap = signal.in.premium - signal.value;
    if (!s.premium_open && std::isnan(gap)) return;
    if (!s.premium_open) s.premium = Ema::open(gap, signal.now_s);
    s.premium_open = true;
    s.premium.step(p.premium_tau_s, signal.now_s, std::isnan(gap) ? s.premium.held : gap);
    signal.value += s.premium.value;
  }
  static double due(const Params&, const State& s, double after_s) {
    return s.premium.moving() ? just_after(after_s) : never_s;
  }
};
static_assert(FeedStage<Premium>);

}  // namespace faultline
