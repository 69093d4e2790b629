// Stage 9: the next-hour module. A price read now is used from the next poke on, one hop or more
// later, and everybody can see it coming.
//
//   poke allowed when now >= zzz + hop:  cur <- nxt, nxt <- source, zzz <- now - now mod hop
//
// A source that fails leaves all three. Pokes come at once when allowed. [maker_osm_code]
#pragma once

#include <cmath>
#include <optional>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "oracles/signal.hpp"

namespace faultline {

struct Delay {
  static constexpr const char* name = "delay";

  struct Spec {
    std::optional<Seconds> delay;

    template <class V>
    void fields(V& v) {
      v("delay", delay,
        Field{.help = "a value read is used one such slot of the clock later; absent = at once",
              .lo = 1});
    }
  };
  struct Params {
    double hop_s = 0;  // 0: none
  };
  struct State {
    double current_usd = no_price;  // what readers see
    double next_usd = no_price;     // what they will see after the next poke
    double poked_s = -never_s;      // the slot of the last poke
    bool pending = false;           // a poke would change something
  };

  static Params compile(const Spec& s, bool) { return {.hop_s = s.delay ? s.delay->value : 0}; }
  static void start(const Params& p, State& s, double usd, double now_s) {
    s.current_usd = s.next_usd = usd;
    s.poked_s = p.hop_s > 0 ? now_s - std::fmod(now_s, p.hop_s) : now_s;
  }
  /// Whether the poke went through; with `usd` NaN the source has failed and nothing changes.
  static bool poke(const Params& p, State& s, double usd, double now_s) {
    if (now_s < s.poked_s + p.hop_s || std::isnan(usd)) return false;
    s.current_usd = s.next_usd;
    s.next_usd = usd;
    s.poked_s = now_s - std::fmod(now_s, p.hop_s);
    return true;
  }
  static void apply(const Params& p, State& s, FeedSignal& signal) {
    if (p.hop_s == 0) return;
    if (!s.pending) {  // pokes that changed nothing were made all the same
      const double past_s = std::fmod(signal.now_s, p.hop_s);
      const double slot_s = signal.now_s - (past_s == 0 ? p.hop_s : past_s);
      if (slot_s > s.poked_s) s.poked_s = slot_s;
    }
    poke(p, s, signal.value, signal.now_s);
    s.pending =
        s.current_usd != s.next_usd || (!std::isnan(signal.value) && signal.value != s.next_usd);
    signal.value = s.current_usd;
  }
  static double due(const Params& p, const State& s, double after_s) {
    const double at_s = s.poked_s + p.hop_s;
    return s.pending && at_s > after_s ? at_s : never_s;
  }
};
static_assert(FeedStage<Delay>);

}  // namespace faultline
