#include "sim/studies/statistics.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

#include "core/rng.hpp"
#include "sim/studies/sampling.hpp"

namespace faultline {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

std::vector<double> sorted_copy(std::span<const double> values) {
  std::vector<double> out(values.begin(), values.end());
  for (double& x : out) x += 0.0;  // -0 becomes 0: they compare equal but differ in bytes
  std::sort(out.begin(), out.end());
  return out;
}

// Neumaier's compensated sum (1974) in the order given.
class Sum {
 public:
  void add(double x) {
    const double t = sum_ + x;
    rest_ += std::fabs(sum_) >= std::fabs(x) ? (sum_ - t) + x : (x - t) + sum_;
    sum_ = t;
  }
  double value() const { return sum_ + rest_; }

 private:
  double sum_ = 0, rest_ = 0;
};

double sum_in_order(std::span<const double> values) {
  Sum sum;
  for (const double x : values) sum.add(x);
  return sum.value();
}

double squares_about(std::span<const double> values, double centre) {
  Sum sum;
  for (const double x : values) sum.add((x - centre) * (x - centre));
  return sum.value();
}

double count(std::span<const double> values) {
  return static_cast<double>(values.size());
}

double normal_width(double confidence) {
  return inverse_normal(0.5 + confidence / 2);
}

// Mean and interval of a sample already in an order of its own.
Estimate mean_of_sorted(std::span<const double> sorted, double confidence) {
  if (sorted.empty()) return {nothing, nothing, nothing};
  const double n = count(sorted), mean = sum_in_order(sorted) / n;
  if (sorted.size() == 1) return {mean, -infinity, infinity};
  const double error = std::sqrt(squares_about(sorted, mean) / (n - 1) / n);
  const double width = student_t_quantile(0.5 + confidence / 2, n - 1) * error;
  return {mean, mean - width, mean + width};
}

// P(Binomial(n, p) ≤ k) for k = 0 .. n, from ratios of neighbouring terms outward from the mode, so
// that nothing under- or overflows.
std::vector<double> binomial_cumulative(std::size_t n, double p) {
  const double odds = p / (1 - p);
  std::vector<double> term(n + 1, 0.0);
  const auto mode = std::min(n, static_cast<std::size_t>(static_cast<double>(n + 1) * p));
  term[mode] = 1;
  for (std::size_t k = mode; k < n && term[k] > 1e-300; ++k)
    term[k + 1] = term[k] * odds * static_cast<double>(n - k) / static_cast<double>(k + 1);
  for (std::size_t k = mode; k > 0 && term[k] > 1e-300; --k)
    term[k - 1] = term[k] / odds * static_cast<double>(k) / static_cast<double>(n - k + 1);
  double sum = 0;
  for (double& t : term) t = sum += t;
  for (double& t : term) t /= sum;
  return term;
}

// Twice the middle rank less n + 1: a whole number, 0 on average, so that sums of products are
// exact.
std::vector<std::int64_t> centred_ranks(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<std::int64_t> rank(values.size());
  for (std::size_t from = 0; from < order.size();) {
    std::size_t to = from;
    while (to < order.size() && values[order[to]] == values[order[from]]) ++to;
    for (std::size_t i = from; i < to; ++i)
      rank[order[i]] =
          static_cast<std::int64_t>(from + to + 1) - static_cast<std::int64_t>(values.size() + 1);
    from = to;
  }
  return rank;
}

}  // namespace

double ordered_sum(std::span<const double> values) {
  return sum_in_order(sorted_copy(values));
}

double sorted_quantile(std::span<const double> sorted, double p) {
  if (sorted.empty()) return nothing;
  const double place = p * (count(sorted) - 1);
  const auto below = std::min(sorted.size() - 1, static_cast<std::size_t>(place));
  const auto above = std::min(sorted.size() - 1, below + 1);
  const double part = place - static_cast<double>(below);
  return sorted[below] + part * (sorted[above] - sorted[below]);
}

// [X_(l), X_(u)] with l the last order for which P(B < l) ≤ α/2, u the first for which
// P(B ≥ u) ≤ α/2, B binomial (n, p).
Estimate quantile_estimate(std::span<const double> values, double p, double confidence) {
  const std::vector<double> sorted = sorted_copy(values);
  Estimate out{sorted_quantile(sorted, p), -infinity, infinity};
  if (sorted.empty()) return {nothing, nothing, nothing};
  if (p <= 0 || p >= 1) return out;
  const double side = (1 - confidence) / 2;
  const std::vector<double> below = binomial_cumulative(sorted.size(), p);
  for (std::size_t l = sorted.size(); l >= 1; --l) {
    if (below[l - 1] > side) continue;
    out.lo = sorted[l - 1];
    break;
  }
  for (std::size_t u = 1; u <= sorted.size(); ++u) {
    if (1 - below[u - 1] > side) continue;
    out.hi = sorted[u - 1];
    break;
  }
  return out;
}

Estimate mean_estimate(std::span<const double> values, double confidence) {
  return mean_of_sorted(sorted_copy(values), confidence);
}

// ES = VaR + Σ max(0, x − VaR) / (n(1 − level)), VaR the order statistic at ⌈n·level⌉.
// Var(ES) ≈ (Var(X | tail) + level·(ES − VaR)²) / (n(1 − level)).
Estimate expected_shortfall(std::span<const double> values, double level, double confidence) {
  const std::vector<double> sorted = sorted_copy(values);
  if (sorted.empty()) return {nothing, nothing, nothing};
  const double n = count(sorted), tail = n * (1 - level);
  // n·level is rounded down by a hair so that 0.95 · 100 means 95.
  const double order = std::ceil(n * level - 1e-9 * n);
  const auto at = static_cast<std::size_t>(std::clamp(order - 1, 0.0, n - 1));
  const double var = sorted[at];
  Sum excess, squares;
  for (std::size_t i = at; i < sorted.size(); ++i) {
    excess.add(sorted[i] - var);
    squares.add((sorted[i] - var) * (sorted[i] - var));
  }
  if (!(tail > 0)) return {sorted.back(), -infinity, infinity};
  const double mean_excess = excess.value() / tail;
  const double within = std::max(0.0, squares.value() / tail - mean_excess * mean_excess);
  const double error = std::sqrt((within + level * mean_excess * mean_excess) / tail);
  const double width = normal_width(confidence) * error;
  const double value = var + mean_excess;
  return {value, value - width, tail < 10 - 1e-6 ? infinity : value + width};
}

Estimate probability_estimate(std::uint64_t hits, std::uint64_t trials, double confidence) {
  if (trials == 0) return {nothing, 0, 1};
  const double n = static_cast<double>(trials), p = static_cast<double>(hits) / n;
  const double z = normal_width(confidence), z2 = z * z;
  const double centre = (p + z2 / (2 * n)) / (1 + z2 / n);
  const double width = z / (1 + z2 / n) * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n));
  return {p, hits == 0 ? 0 : centre - width, hits == trials ? 1 : centre + width};
}

Estimate paired_difference(std::span<const double> a, std::span<const double> b,
                           double confidence) {
  assert(a.size() == b.size());
  std::vector<double> differences(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) differences[i] = a[i] - b[i];
  return mean_estimate(differences, confidence);
}

// R = Σa/Σb; its error is that of the mean of (a − R·b) over the mean of b. Cochran, Sampling
// Techniques, 2.11.
Estimate paired_ratio(std::span<const double> a, std::span<const double> b, double confidence) {
  assert(a.size() == b.size());
  const double total = ordered_sum(b);
  if (!(total != 0)) return {nothing, nothing, nothing};
  const double ratio = ordered_sum(a) / total;
  std::vector<double> rest(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) rest[i] = a[i] - ratio * b[i];
  const Estimate error = mean_estimate(rest, confidence);
  const double width = (error.hi - error.value) / std::fabs(total / count(b));
  return {ratio, ratio - width, ratio + width};
}

double spearman(std::span<const double> x, std::span<const double> y) {
  assert(x.size() == y.size());
  const auto rx = centred_ranks(x), ry = centred_ranks(y);
  std::int64_t xx = 0, yy = 0, xy = 0;  // exact up to about 2·10^6 rows
  for (std::size_t i = 0; i < rx.size(); ++i) {
    xx += rx[i] * rx[i];
    yy += ry[i] * ry[i];
    xy += rx[i] * ry[i];
  }
  if (xx == 0 || yy == 0) return 0;
  return static_cast<double>(xy) / std::sqrt(static_cast<double>(xx) * static_cast<double>(yy));
}

std::vector<InputRank> rank_inputs(std::span<const InputColumn> inputs,
                                   std::span<const double> metric) {
  std::vector<InputRank> out;
  for (const auto& input : inputs) out.push_back({input.name, spearman(input.values, metric)});
  std::sort(out.begin(), out.end(), [](const InputRank& a, const InputRank& b) {
    const double x = std::fabs(a.rho), y = std::fabs(b.rho);
    return x != y ? x > y : a.name < b.name;
  });
  return out;
}

namespace {

// ε² = (between − (k − 1)·within/(n − k)) / total, over k classes of the input's rank; rows of one
// value share a class.
double class_share(std::span<const double> input, std::span<const double> metric,
                   std::size_t classes, double mean, double total) {
  const auto rank = centred_ranks(input);
  const auto n = static_cast<std::int64_t>(input.size());
  const auto k = static_cast<std::int64_t>(classes);
  std::vector<std::pair<std::int64_t, double>> rows;
  for (std::size_t i = 0; i < input.size(); ++i) {
    const std::int64_t twice = rank[i] + n;  // twice the middle rank - 1, in [1, 2n - 1]
    rows.emplace_back(std::min(k - 1, twice * k / (2 * n)), metric[i] + 0.0);
  }
  std::sort(rows.begin(), rows.end());
  Sum between;
  double used = 0;
  for (std::size_t from = 0; from < rows.size();) {
    std::size_t to = from;
    Sum sum;
    for (; to < rows.size() && rows[to].first == rows[from].first; ++to) sum.add(rows[to].second);
    const double m = static_cast<double>(to - from), gap = sum.value() / m - mean;
    between.add(m * gap * gap);
    used += 1;
    from = to;
  }
  const double free = static_cast<double>(n) - used;
  if (used < 2 || free <= 0) return 0;
  const double within = std::max(0.0, total - between.value()) / free;
  return std::max(0.0, (between.value() - (used - 1) * within) / total);
}

}  // namespace

VarianceShares variance_shares(std::span<const InputColumn> inputs,
                               std::span<const double> metric) {
  VarianceShares out;
  const auto n = metric.size();
  // About 2·n^(1/3) classes: enough to follow a bend, with some hundred rows each at n = 5,000.
  std::size_t classes = 4;
  while (classes < 60 && (classes + 1) * (classes + 1) * (classes + 1) <= 8 * n) ++classes;
  out.method =
      "first-order Sobol' indices from the sweep's own draws: variance between the means of " +
      std::to_string(classes) + " classes of each input's rank, corrected for chance";
  const std::vector<double> sorted = sorted_copy(metric);
  const double mean = sorted.empty() ? 0 : sum_in_order(sorted) / static_cast<double>(n);
  const double total = squares_about(sorted, mean);
  double sum = 0;
  for (const auto& input : inputs) {
    assert(input.values.size() == n);
    const double share = total > 0 ? class_share(input.values, metric, classes, mean, total) : 0;
    out.inputs.push_back({input.name, share});
  }
  std::sort(out.inputs.begin(), out.inputs.end(), [](const auto& a, const auto& b) {
    return a.share != b.share ? a.share > b.share : a.name < b.name;
  });
  for (const auto& input : out.inputs) sum += input.share;
  out.overlapping = sum > 1;
  for (auto& input : out.inputs)
    if (out.overlapping) input.share /= sum;
  out.together = total > 0 && !out.overlapping ? 1 - sum : 0;
  return out;
}

std::string verdict_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::kept:
      return "kept";
    case Verdict::broken:
      return "broken";
    case Verdict::cannot_tell:
      return "cannot tell";
  }
  return "";
}

LimitAnswer check_limit(std::span<const double> metric, double below, double required,
                        double confidence) {
  const auto hits =
      std::count_if(metric.begin(), metric.end(), [&](double x) { return x < below; });
  LimitAnswer out;
  out.share = probability_estimate(static_cast<std::uint64_t>(hits), metric.size(), confidence);
  if (metric.empty()) return out;
  if (out.share.lo >= required) out.verdict = Verdict::kept;
  if (out.share.hi < required) out.verdict = Verdict::broken;
  return out;
}

}  // namespace faultline
