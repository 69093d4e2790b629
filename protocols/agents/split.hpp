// One order over several venues of the same pair: the best split lets the last unit given bring the
// same everywhere (the condition of optimal routing, angeris2022).
//   sum over venues of x_i(rate) = in;   x_i: the input whose last unit brings `rate`, net of fee
//   on constant product x_i = (sqrt(g_i k_i / rate) - R_i) / g_i, at least 0
// Solved in t = 1 / sqrt(rate), in which the sum is a straight line where all venues are constant
// product: there the first secant step lands on the closed form.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "protocols/agents/arbitrage.hpp"

namespace faultline {

/// Shares `in` > 0 among venues: `parts`, one for each, add up to it. False, and parts are zero,
/// where it is more than they take together.
template <TradeLeg L>
bool split_order(std::span<const L> venues, double in, std::span<double> parts) {
  double best = 0, worst = std::numeric_limits<double>::infinity(), room = 0;
  for (const L& v : venues) {
    const double most = v.most();
    if (!(most > 0)) continue;
    room += most;
    best = std::max(best, v.fill(0).rate);
    worst = std::min(worst, v.fill(std::min(in, most)).rate);
  }
  std::fill(parts.begin(), parts.end(), 0.0);
  if (!(in <= room) || !(best > 0)) return false;
  worst = std::max(worst, best * 0x1p-40);
  const auto part = [&](std::size_t i, double t) {
    return std::min({venues[i].in_to_rate(1 / (t * t)), venues[i].most(), in});
  };
  const auto excess = [&](double t) {
    double sum = 0;
    for (std::size_t i = 0; i < venues.size(); ++i) sum += part(i, t);
    return sum / in - 1;
  };
  double low = 1 / std::sqrt(best), high = 1 / std::sqrt(worst), at_high = excess(high);
  for (double step = 0x1p-48; at_high < 0 && step < 1; step *= 4) {  // rounding held it short
    high *= 1 + step;
    at_high = excess(high);
  }
  const double at_low = excess(low);
  if (at_high >= 0 && at_low < 0) {
    const Root root = bracketed_root(excess, low, at_low, high, at_high);
    low = root.bad;
    high = root.good;
  } else {
    low = 0;  // one venue takes all at its first rate, or all are taken to their ends
  }
  // Up to the rate that is not enough first, then, venue by venue, on to the one that is.
  double left = in;
  std::size_t largest = 0;
  for (std::size_t i = 0; i < venues.size(); ++i) {
    if (low > 0) parts[i] = part(i, low);
    left -= parts[i];
  }
  for (std::size_t i = 0; i < venues.size(); ++i) {
    const double more = std::clamp(part(i, high) - parts[i], 0.0, std::max(left, 0.0));
    parts[i] += more;
    left -= more;
    if (parts[i] > parts[largest]) largest = i;
  }
  parts[largest] += left;
  return true;
}

}  // namespace faultline
