// Stage 4: a ratio may not grow faster than its cap, so that a contract rate that jumps is not
// believed. It only ever lowers; a snapshot that has gone stale lowers what is true.
//
//   ratio' = min(ratio, snapshot (1 + g (t - t_snapshot)))    Aave CAPO [aave_capo_code]
#pragma once

#include <cmath>
#include <optional>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "oracles/signal.hpp"

namespace faultline {

/// The greatest ratio believed `elapsed_s` after its snapshot; growth is simple, per second.
inline double capped_ratio(double snapshot, double growth_per_s, double elapsed_s) {
  return snapshot + snapshot * growth_per_s * elapsed_s;
}

struct Growth {
  static constexpr const char* name = "growth";
  static constexpr double year_s = 31536000;  // SECONDS_PER_YEAR, 365 days

  struct Spec {
    std::optional<PerYear> growth;
    std::optional<Amount> snapshot;
    Seconds snapshot_age{0};

    template <class V>
    void fields(V& v) {
      v("growth", growth,
        Field{.help = "most its ratio may have grown a year since the snapshot; absent = no cap",
              .lo = 0,
              .source = "none unless a reader caps it"});
      v("snapshot", snapshot,
        Field{.help = "the ratio (or price) the cap starts from; absent = the opening one",
              .lo = 0,
              .scales = Scales::no});
      v("snapshot_age", snapshot_age,
        Field{.help = "age of the snapshot at the start; Aave asks for 7 to 14 days",
              .lo = 0,
              .source = "assumed taken at the start (aave_capo_code)"});
    }
  };
  struct Params {
    double growth_per_s = never_s;
    double snapshot_ratio = no_price;
    double snapshot_age_s = 0;
  };
  struct State {
    double opening_ratio = no_price;  // the first one seen
    double cap_since_s = 0;
    bool capped = false;
  };

  static Params compile(const Spec& s, bool) {
    Params p;
    if (s.growth) p.growth_per_s = s.growth->value / year_s;
    if (s.snapshot) p.snapshot_ratio = s.snapshot->value;
    p.snapshot_age_s = s.snapshot_age.value;
    return p;
  }
  static void start(const Params&, State& s, double, double now_s) { s.cap_since_s = now_s; }
  static void apply(const Params& p, State& s, FeedSignal& signal) {
    if (std::isinf(p.growth_per_s)) return;
    if (std::isnan(s.opening_ratio)) s.opening_ratio = signal.value;
    const double snapshot = std::isnan(p.snapshot_ratio) ? s.opening_ratio : p.snapshot_ratio;
    const double elapsed_s = signal.now_s - s.cap_since_s + p.snapshot_age_s;
    const double cap = signal.faults.cap_factor * capped_ratio(snapshot, p.growth_per_s, elapsed_s);
    s.capped = signal.value > cap && p.growth_per_s > 0;  // the cap rises while it binds
    if (signal.value > cap) signal.value = cap;
    if (signal.value <= 0 || signal.times <= 0) signal.value = 0;  // as the adapter answers
  }
  static double due(const Params&, const State& s, double after_s) {
    return s.capped ? just_after(after_s) : never_s;
  }
};
static_assert(FeedStage<Growth>);

}  // namespace faultline
