// Statistics of a sweep. Every function is independent of the order of rows, to the last bit:
// values are sorted before they are summed. Inputs are finite (failed scenarios are left out by the
// caller); an empty input gives a NaN value. Intervals are of sampling alone, taken as if draws
// were independent: for Latin hypercubes and Sobol' sequences they are, for means, wider than need
// be.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace faultline {

/// A number with its interval, in the metric's unit. An end that the sample cannot give is
/// infinite.
struct Estimate {
  double value = 0;
  double lo = 0;
  double hi = 0;
};

/// Sum of values, the same for any order of rows.
double ordered_sum(std::span<const double> values);

/// The quantile at p in [0, 1], type 7 of Hyndman and Fan 1996 (R's default), of a sorted sample.
double sorted_quantile(std::span<const double> sorted, double p);

/// The quantile with its distribution-free interval from binomial order statistics (Conover,
/// Practical Nonparametric Statistics, 3.2). Where the sample is too short the end is infinite.
Estimate quantile_estimate(std::span<const double> values, double p, double confidence = 0.95);

/// The mean with Student's t interval; one value gives an infinite interval.
Estimate mean_estimate(std::span<const double> values, double confidence = 0.95);

/// The mean of the worst (greatest) share 1 - level, the boundary value counted by its part
/// (Rockafellar and Uryasev 2002), with the asymptotic interval of Manistre and Hancock, N.
/// American Actuarial J. 9 (2005). The upper end is infinite where fewer than 10 values make up the
/// tail.
Estimate expected_shortfall(std::span<const double> values, double level, double confidence = 0.95);

/// A probability from `hits` of `trials`, with Wilson's score interval (J. ASA 22, 1927).
Estimate probability_estimate(std::uint64_t hits, std::uint64_t trials, double confidence = 0.95);

/// Mean of a[i] - b[i] with Student's t interval of the differences. a.size() == b.size().
Estimate paired_difference(std::span<const double> a, std::span<const double> b,
                           double confidence = 0.95);

/// Total of a over total of b with the delta-method interval of paired ratios; NaN where b's total
/// is 0.
Estimate paired_ratio(std::span<const double> a, std::span<const double> b,
                      double confidence = 0.95);

/// Spearman's rank correlation, ties at their middle rank; 0 if either never changes.
double spearman(std::span<const double> x, std::span<const double> y);

/// One varied input and its values by row.
struct InputColumn {
  std::string name;
  std::span<const double> values;
};

/// How one input goes with a metric.
struct InputRank {
  std::string name;
  double rho = 0;  // Spearman
};

/// Inputs by |Spearman's rho| with the metric, greatest first, ties by name.
std::vector<InputRank> rank_inputs(std::span<const InputColumn> inputs,
                                   std::span<const double> metric);

/// The share of a metric's variance that one input alone explains.
struct VarianceShare {
  std::string name;
  double share = 0;
};

/// "What moves it": first-order Sobol' indices from given data. The rows are cut into classes of an
/// input's rank, and the share is what lies between class means, corrected for chance (epsilon
/// squared, Kelley 1935; given-data estimator, Plischke, Borgonovo and Smith 2013).
struct VarianceShares {
  std::vector<VarianceShare> inputs;  // greatest first, ties by name
  double together = 0;                // 1 - the sum: interactions, and what chance hides
  bool overlapping = false;  // correlated inputs explained more than all: scaled to a sum of 1
  std::string method;        // one line, for the page that shows the shares
};
VarianceShares variance_shares(std::span<const InputColumn> inputs, std::span<const double> metric);

enum class Verdict { kept, broken, cannot_tell };
std::string verdict_text(Verdict verdict);

/// A limit: the metric stays below `below` in a share `required` of scenarios.
struct LimitAnswer {
  Estimate share;  // of scenarios below, with Wilson's interval
  Verdict verdict = Verdict::cannot_tell;
};
/// Kept if the whole interval reaches `required`, broken if none of it does. required in [0, 1].
LimitAnswer check_limit(std::span<const double> metric, double below, double required,
                        double confidence = 0.95);

}  // namespace faultline
