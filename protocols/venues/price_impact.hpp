// What a trade against an oracle-priced pool pays or earns for moving the pool's balance, GMX v2
// [gmx_v2_code]. With d the imbalance in USD (of open interest, or of the two sides of a pool):
//   same side:  +- f (|d0|^e - |d1|^e), f positive or negative by whether the balance improves
//   crossing:   f_positive |d0|^e - f_negative |d1|^e
// Here f = rate x at^(1 - e), so that `rate` is the impact, as a share, of an imbalance `at`, and
// scaling every amount scales the impact. Below `least` an imbalance costs nothing (the contract's
// power function begins at 1 USD).
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/math.hpp"

namespace faultline {

/// One market's impact. Rates are shares of an imbalance of `at`.
struct ImpactTerms {
  double positive = 0;  // paid to trades that improve the balance; at most `negative`
  double negative = 0;  // taken from trades that worsen it
  double exponent = 2;
  double at = 1;                                                   // USD
  double least = 1;                                                // USD
  double most_positive = std::numeric_limits<double>::infinity();  // share of the trade
  double most_negative = std::numeric_limits<double>::infinity();
};

/// rate |d|^e at^(1 - e), USD; d in USD.
inline double impact_of(const ImpactTerms& t, double rate, double imbalance) {
  const double d = std::fabs(imbalance);
  if (d < t.least || d == 0) return 0;
  if (t.exponent == 1) return rate * d;
  const double share = d / t.at;
  return rate * t.at * (t.exponent == 2 ? share * share : math::pow(share, t.exponent));
}

/// USD the trade gains (> 0) or loses by moving the signed imbalance from `before` to `after`.
inline double price_impact(const ImpactTerms& t, double before, double after) {
  if ((before <= 0) == (after <= 0)) {
    const double rate = std::fabs(after) < std::fabs(before) ? t.positive : t.negative;
    return impact_of(t, rate, before) - impact_of(t, rate, after);
  }
  return impact_of(t, t.positive, before) - impact_of(t, t.negative, after);
}

/// The worse of a market's own impact and that of the inventory it shares with other markets of the
/// same index; a trade that helps its own market is not held to the shared one.
inline double worse_impact(double own, double shared) {
  return own >= 0 ? own : std::min(own, shared);
}

/// Impact of a trade of `size` USD after the caps; what is gained cannot exceed `pool_usd`, the
/// losses of earlier trades kept for this.
inline double capped_impact(const ImpactTerms& t, double impact, double size, double pool_usd) {
  if (impact > 0) return std::min({impact, pool_usd, t.most_positive * size});
  return std::max(impact, -t.most_negative * size);
}

}  // namespace faultline
