// Thresholds that follow risk: a collateral counts for less while its price swings more than it
// usually does. The law is ours; live engines of this kind (risk oracles that set parameters) state
// none.
//   variance  V <- V 2^(-dt / half life) + (ln p - ln p_before)^2 ln 2 / half life, per second: of
//             every published move, so that it does not depend on how often one looks; 0 at
//             the start
//   wanted    m* = min(1, max(floor, U / sqrt(V))), U the usual volatility
//   scale     falls towards m* by at most (1 - floor) / ramp a second;
//             rises towards it with a half-life of its own
//   lt, ltv   times the scale, for all accounts at once
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/fields.hpp"
#include "core/math.hpp"
#include "core/values.hpp"
#include "protocols/margin/rates.hpp"

namespace faultline {

struct ThresholdScalingSpec {
  Ratio usual{0.8};
  Seconds half_life{21600};
  Ratio floor{0.8};
  Seconds ramp{14400};
  Seconds recovers{86400};

  template <class V>
  void fields(V& v) {
    constexpr auto ours = "our choice";
    v("usual", usual,
      Field{.help = "volatility a year up to which nothing is scaled",
            .lo = 1e-6,
            .hi = 1e3,
            .source = ours});
    v("half_life", half_life,
      Field{.help = "half-life with which moves of its feed are forgotten",
            .lo = 1,
            .hi = 3.2e8,
            .source = ours});
    v("floor", floor,
      Field{.help = "least share of lt and ltv that is left", .lo = 0.01, .hi = 1, .source = ours});
    v("ramp", ramp,
      Field{.help = "time the whole way down to the floor takes at least",
            .lo = 0,
            .hi = 3.2e8,
            .source = ours});
    v("recovers", recovers,
      Field{.help = "half-life with which it comes back", .lo = 0, .hi = 3.2e8, .source = ours});
  }
};

struct ThresholdScaling {
  double usual = std::numeric_limits<double>::infinity();  // per square root of a second; off
  double half_life_s = 0, floor = 1, ramp_s = 0, recovers_s = 0;

  bool on() const { return std::isfinite(usual); }
};

inline ThresholdScaling compile_scaling(const ThresholdScalingSpec& s) {
  return {s.usual.value / std::sqrt(year_s), s.half_life.value, s.floor.value, s.ramp.value,
          s.recovers.value};
}

/// One reserve's thresholds in a run.
struct ScaledThreshold {
  double variance = 0;  // per second
  double price = 0;     // last seen
  double scale = 1;     // of lt and ltv
};

/// The scale that a variance asks for.
inline double wanted_scale(const ThresholdScaling& t, double variance) {
  const double now = std::sqrt(variance);
  return now > t.usual ? std::max(t.floor, t.usual / now) : 1.0;
}

/// `half` of what is left after a time; nothing where the half-life is 0.
inline double left_after(double dt_s, double half_life_s) {
  constexpr double ln2 = 0.69314718055994530942;
  return half_life_s > 0 ? math::exp(-ln2 * dt_s / half_life_s) : dt_s > 0 ? 0.0 : 1.0;
}

/// Lets dt seconds pass and a price be seen, > 0. Gives whether the scale moved.
inline bool follow(const ThresholdScaling& t, ScaledThreshold& s, double price, double dt_s) {
  constexpr double ln2 = 0.69314718055994530942, near = 1e-6;
  s.variance *= left_after(dt_s, t.half_life_s);
  if (price != s.price && s.price > 0) {
    const double move = math::log(price / s.price);
    s.variance += move * move * ln2 / t.half_life_s;
  }
  s.price = price;
  const double wanted = wanted_scale(t, s.variance), before = s.scale;
  if (wanted < s.scale) {
    const double most = t.ramp_s > 0 ? (1 - t.floor) * dt_s / t.ramp_s : 1.0;
    s.scale = std::max(wanted, s.scale - most);
  } else {
    s.scale = wanted - (wanted - s.scale) * left_after(dt_s, t.recovers_s);
    if (wanted - s.scale < near) s.scale = wanted;
  }
  return s.scale != before;
}

}  // namespace faultline
