// An exponential average in continuous time: between two samples the first of them is in force, so
// it does not matter how often one looks.
//
//   ema(t) = x + (ema(s) - x) exp(-(t - s) / tau),  x in force from s to t
//
// Curve's ma_price with ma_exp_time = tau and its last price in force since the last trade
// [curve_stableswap_ng_code]; tau = half-life / ln 2.
#pragma once

namespace faultline {

struct Ema {
  double value = 0;
  double held = 0;  // in force since at_s
  double at_s = 0;

  /// Opens where it would be if x had been in force for ever.
  static Ema open(double x, double now_s) { return {x, x, now_s}; }
  /// Brings it to `now_s`, from when x is in force.
  void step(double tau_s, double now_s, double x);
  /// Whether it still moves if nothing else does.
  bool moving() const { return value != held; }
};

}  // namespace faultline
