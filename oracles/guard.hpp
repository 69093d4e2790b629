// Stage 10: the reader's own checks. An answer too old, too uncertain, or too far from the one
// before is not used: markets then neither lend nor liquidate on the feed (refuse), go on with the
// last answer that passed (keep), or read another feed (fallback). A reader without checks believes
// a frozen price for ever.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "oracles/signal.hpp"

namespace faultline {

enum class OnFailure : std::uint8_t { refuse, keep, fallback };

struct Guard {
  static constexpr const char* name = "guard";

  struct Spec {
    std::optional<Seconds> max_age;
    std::optional<Ratio> max_confidence;
    std::optional<Ratio> max_jump;
    std::string on_failure = "refuse";
    std::optional<Name> fallback;
    bool bands = false;

    template <class V>
    void fields(V& v) {
      v("max_age", max_age,
        Field{.help =
                  "an older answer is not used; absent = never checked; what is read live is as "
                  "old as the feed it rests on, if any",
              .lo = 0});
      v("max_confidence", max_confidence,
        Field{.help =
                  "an answer with a wider interval, over its price, is not used; absent = never "
                  "checked",
              .lo = 0});
      v("max_jump", max_jump,
        Field{.help = "an answer further than this from the one before is not used; absent = never "
                      "checked",
              .lo = 0});
      v("on_failure", on_failure,
        Field{.help = "then markets refuse the feed, keep its last good answer, or read `fallback`",
              .choices = "refuse keep fallback"});
      v("fallback", fallback,
        Field{.help = "the feed read while a check fails; sets on_failure",
              .refers = Refers::oracle});
      v("bands", bands,
        Field{.help = "collateral counts at the low end of the interval, debt at the high end",
              .source = "Pyth best practices: confidence intervals (pyth_docs)"});
    }
  };
  struct Params {
    double max_age_s = never_s;
    double max_confidence = never_s;
    double max_jump = never_s;
    OnFailure on_failure = OnFailure::refuse;
    bool bands = false;
  };
  struct State {
    double stale_after_s = never_s;  // last second at which the answer may still be used
    double answer_usd = no_price;    // the answer last seen, good or not
    double kept_usd = no_price;      // the last good one
    bool jumped = false;             // that answer was too far from the one before
    bool refused = false;            // readers must not use what the feed says
  };

  static Params compile(const Spec& s, bool) {
    Params p;
    if (s.max_age) p.max_age_s = s.max_age->value;
    if (s.max_confidence) p.max_confidence = s.max_confidence->value;
    if (s.max_jump) p.max_jump = s.max_jump->value;
    p.on_failure = s.fallback || s.on_failure == "fallback" ? OnFailure::fallback
                   : s.on_failure == "keep"                 ? OnFailure::keep
                                                            : OnFailure::refuse;
    p.bands = s.bands;
    return p;
  }
  static void start(const Params& p, State& s, double usd, double now_s) {
    s = State{};
    s.stale_after_s = now_s + p.max_age_s;  // live feeds: told by the first step
    s.answer_usd = s.kept_usd = usd;
  }
  // usable iff now - updatedAt <= max_age
  static void apply(const Params& p, State& s, FeedSignal& signal) {
    s.stale_after_s = signal.updated_s + p.max_age_s;
    if (signal.value != s.answer_usd && !std::isnan(signal.value)) {
      s.jumped = std::fabs(signal.value - s.answer_usd) > p.max_jump * std::fabs(s.answer_usd);
      s.answer_usd = signal.value;
    }
    const bool fails = s.jumped || signal.in.unusable || signal.now_s > s.stale_after_s ||
                       signal.confidence > p.max_confidence;
    s.refused = fails && p.on_failure == OnFailure::refuse;
    if (!fails) {
      s.kept_usd = signal.value;
    } else if (p.on_failure != OnFailure::refuse) {
      const bool other = p.on_failure == OnFailure::fallback && !std::isnan(signal.in.fallback);
      signal.value = other ? signal.in.fallback : s.kept_usd;
    }
  }
  static double due(const Params&, const State& s, double after_s) {
    if (!(s.stale_after_s >= after_s) || std::isinf(s.stale_after_s)) return never_s;
    return std::nextafter(s.stale_after_s, std::numeric_limits<double>::infinity());
  }
};
static_assert(FeedStage<Guard>);

}  // namespace faultline
