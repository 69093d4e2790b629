#include "oracles/aggregate.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace faultline {

namespace {

struct Weighed {
  double value, weight;
};
using Column = std::array<Weighed, Source::most_sources>;

/// Sorted upwards; equal values in the order they came.
std::size_t sorted(std::span<const double> values, std::span<const double> weights, Column& out) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < values.size() && n < out.size(); ++i) {
    const double weight = weights.empty() ? 1.0 : weights[i];
    if (!std::isnan(values[i]) && weight > 0) out[n++] = {values[i], weight};
  }
  std::stable_sort(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(n),
                   [](const Weighed& a, const Weighed& b) { return a.value < b.value; });
  return n;
}

double middle(double a, double b, double unit) {
  return unit > 0 ? std::floor((a + b) / 2 / unit) * unit : (a + b) / 2;
}

}  // namespace

// x[n/2] of n sorted values counted from 0, for equal weights [chainlink_ocr_2021]
double weighted_median(std::span<const double> values, std::span<const double> weights,
                       bool mean_of_middle) {
  Column x;
  const std::size_t n = sorted(values, weights, x);
  double total = 0;
  for (std::size_t i = 0; i < n; ++i) total += x[i].weight;
  double below = 0;
  for (std::size_t i = 0; i < n; ++i) {
    below += x[i].weight;
    if (2 * below < total) continue;
    if (2 * below > total || i + 1 == n) return x[i].value;
    return mean_of_middle ? (x[i].value + x[i + 1].value) / 2 : x[i + 1].value;
  }
  return no_price;
}

double weighted_mean(std::span<const double> values, std::span<const double> weights, double centre,
                     double outlier, bool drop) {
  double sum = 0, total = 0;
  const bool limited = std::isfinite(outlier);
  const double lo = centre * (1 - outlier), hi = centre * (1 + outlier);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double weight = weights.empty() ? 1.0 : weights[i];
    if (std::isnan(values[i]) || !(weight > 0)) continue;
    const bool outside = limited && (values[i] < lo || values[i] > hi);
    if (outside && drop) continue;
    // As distances from the centre: prices that agree have exactly their common value as mean.
    const double value = outside ? std::clamp(values[i], lo, hi) : values[i];
    sum += weight * (value - centre);
    total += weight;
  }
  return total > 0 ? centre + sum / total : no_price;
}

// price = median of all p - c, p, p + c; p25 = v[n>>2], p75 = v[n-1-(n>>2)];
// conf = max(price - p25, p75 - price) [pyth_client_code, upd_aggregate]
PricedInterval aggregate_votes(std::span<const PricedInterval> quotes, double unit) {
  std::array<double, 3 * Source::most_sources> v;
  std::size_t n = 0;
  for (const PricedInterval& q : quotes) {
    if (std::isnan(q.price)) continue;
    v[n++] = q.price - q.confidence;
    v[n++] = q.price;
    v[n++] = q.price + q.confidence;
  }
  if (n == 0) return {};
  std::sort(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(n));
  const double price = n % 2 == 1 ? v[n / 2] : middle(v[n / 2 - 1], v[n / 2], unit);
  const double below = price - v[n >> 2], above = v[n - 1 - (n >> 2)] - price;
  return {price, std::max(below, above)};
}

Aggregate::Params Aggregate::compile(const Spec& spec, bool) {
  Params p;
  if (spec.outlier) p.outlier = spec.outlier->value;
  p.source_confidence = spec.confidence.value;
  p.quorum = static_cast<std::uint32_t>(spec.quorum);
  p.mean_of_middle = spec.median_rule == "mean";
  p.drop_outliers = spec.outliers == "drop";
  return p;
}

void Aggregate::apply(const Params& p, State&, FeedSignal& signal) {
  if (signal.aggregation == Aggregation::none) return;
  const std::span<const double> in = signal.in.sources;
  if (in.size() > Source::most_sources) {
    signal.capacity_exceeded = true;
    return;
  }
  std::array<double, Source::most_sources> x;
  std::uint32_t present = 0;
  for (std::size_t i = 0; i < in.size(); ++i) {
    x[i] = i == signal.faults.odd_source ? in[i] * signal.faults.odd_factor : in[i];
    const bool weighs = signal.in.weights.empty() || signal.in.weights[i] > 0;
    present += !std::isnan(x[i]) && weighs ? 1 : 0;
  }
  if (present < p.quorum) return;
  const std::span<const double> values{x.data(), in.size()};
  if (signal.aggregation == Aggregation::votes) {
    std::array<PricedInterval, Source::most_sources> quotes;
    for (std::size_t i = 0; i < in.size(); ++i) quotes[i] = {x[i], x[i] * p.source_confidence};
    const PricedInterval all = aggregate_votes({quotes.data(), in.size()}, 0);
    signal.value = all.price;
    signal.confidence = all.confidence / all.price;
    return;
  }
  signal.value = weighted_median(values, signal.in.weights, p.mean_of_middle);
  if (signal.aggregation == Aggregation::mean) {
    signal.value =
        weighted_mean(values, signal.in.weights, signal.value, p.outlier, p.drop_outliers);
  }
}

}  // namespace faultline
