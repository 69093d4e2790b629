// Price bands and pauses of an order book (limit up - limit down, sec_luld; percent-price filters).
//   mean    exponential mean of the mid, as old on average as a plain mean over `window`:
//           its time constant is window / 2
//   trades happen only while the mid is within mean * (1 +- width)
//   pause   the mid has stood at an edge for `limit`: nobody trades for `pause`, then quotes stand
//           around the reference anew
#pragma once

#include <cmath>
#include <limits>
#include <optional>
#include <string_view>

#include "core/fields.hpp"
#include "core/math.hpp"
#include "core/values.hpp"

namespace faultline {

struct BandSpec {
  static constexpr std::string_view shorthand = "width";
  Ratio width{0.05};
  Seconds window{300}, limit{15};
  std::optional<Seconds> pause;

  template <class V>
  void fields(V& v) {
    v("width", width,
      Field{.help = "farthest a trade may be from the mean price of `window`",
            .lo = 1e-4,
            .hi = 0.9,
            .source = "US equities of tier 1: 5% (sec_luld)"});
    v("window", window,
      Field{.help = "length of the mean the band lies around",
            .lo = 1,
            .hi = 1e7,
            .source = "US equities: the last five minutes (sec_luld)"});
    v("limit", limit,
      Field{.help = "time at the band's edge before a pause",
            .lo = 0,
            .hi = 1e7,
            .source = "US equities: 15 s (sec_luld)"});
    v("pause", pause,
      Field{.help = "how long trading pauses then, `5min` in US equities; left out: it never does",
            .lo = 0.1,
            .hi = 1e7});
  }
};

struct BandParams {
  double width = 0;  // 0: no band
  double mean_s = 150;
  double limit_s = 15, pause_s = 0;  // 0: never

  bool on() const { return width > 0; }
};

inline BandParams compile_band(const BandSpec& spec) {
  return {spec.width.value, spec.window.value / 2, spec.limit.value,
          spec.pause ? spec.pause->value : 0};
}

/// A book's band as it stands.
struct Band {
  double mean = 1;       // quote per base
  double at_edge_s = 0;  // how long the mid has stood at an edge
  double paused_s = 0;   // left of a pause; above 0 nobody trades

  double low(const BandParams& p) const { return mean * (1 - p.width); }
  double high(const BandParams& p) const { return mean * (1 + p.width); }
};

/// The mid stood at `mid` for dt > 0 seconds of trading. Whether any byte changed.
inline bool watch(const BandParams& p, Band& b, double mid, double dt) {
  if (mid == b.mean && b.at_edge_s == 0) return false;
  constexpr double near = 0x1p-30;
  const bool edge = mid <= b.low(p) * (1 + near) || mid >= b.high(p) * (1 - near);
  b.at_edge_s = edge ? b.at_edge_s + dt : 0;
  if (edge && p.pause_s > 0 && b.at_edge_s >= p.limit_s) {
    b.at_edge_s = 0;
    b.paused_s = p.pause_s;
    return true;
  }
  b.mean = mid + (b.mean - mid) * math::exp(-dt / p.mean_s);
  if (std::fabs(b.mean - mid) < 0x1p-40 * mid) b.mean = mid;
  return true;
}

}  // namespace faultline
