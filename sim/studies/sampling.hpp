// Draws for sweeps: laws of one input, samplers of the unit cube, and rank correlation. A draw is a
// pure function of seed, draw id and the inputs' names; the order of inputs never matters.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace faultline {

// ---- laws ------------------------------------------------------------------------------------

/// Normal with standard deviation `sd` > 0, in the unit of the input.
struct Normal {
  double mean = 0;
  double sd = 1;
};

/// Student's t stretched so that its standard deviation is `sd`; dof > 2.
struct StudentT {
  double mean = 0;
  double sd = 1;
  double dof = 4;
};

/// exp(log_median + log_sd·z), in the unit of the input; log_sd > 0.
struct Lognormal {
  double log_median = 0;
  double log_sd = 1;
};

/// Uniform on [lo, hi].
struct Uniform {
  double lo = 0;
  double hi = 1;
};

/// Equally likely stated values; the levels of a grid, the column of a list.
struct Fixed {
  std::vector<double> values;
};

using Law = std::variant<Normal, StudentT, Lognormal, Uniform, Fixed>;

/// Limits of `between: [lo, hi]`, in the unit of the input.
struct Between {
  double lo = 0;
  double hi = 0;
};

/// A quantile as people state it: {0.99, 0.08} is `p99: 8%`; the median is {0.5, x}.
struct StatedQuantile {
  double p = 0.5;
  double value = 0;
};

/// The lognormal through two stated quantiles; empty unless both values are positive and they rise
/// with distinct p in (0, 1).
std::optional<Lognormal> lognormal_through(StatedQuantile a, StatedQuantile b);

/// What is wrong with a law (and its truncation), as a sentence; empty if nothing.
std::string law_error(const Law& law, const std::optional<Between>& between = std::nullopt);

/// The law's name as results state it, with its parameters: "student_t(mean 0, sd 0.08, dof 4)".
std::string law_text(const Law& law, const std::optional<Between>& between = std::nullopt);

/// The value below which a share p in (0, 1) lies. With `between`, of the law given lo ≤ x ≤ hi:
/// the range of p is renormalised. Needs law_error() empty. Accuracy 1e-10 relative for Student's
/// t, 1e-14 otherwise.
double quantile(const Law& law, double p, const std::optional<Between>& between = std::nullopt);

/// P(Z ≤ z), standard normal; relative error below 1e-13 for z in [-37, 8].
double normal_cumulative(double z);

/// P(T ≤ t) of Student's t (not rescaled), dof > 0; relative error below 1e-11 for dof ≤ 1e6.
double student_t_cumulative(double t, double dof);

/// The quantile of Student's t (not rescaled), dof ≥ 1, p in (0, 1).
double student_t_quantile(double p, double dof);

// ---- correlation -----------------------------------------------------------------------------

/// `rank_correlation: [a, b, rho]`: Spearman's rho between two inputs, in [-1, 1].
struct RankCorrelation {
  std::string a;
  std::string b;
  double rho = 0;
};

/// A square matrix of n rows, row by row.
struct Matrix {
  std::size_t n = 0;
  std::vector<double> cells;
  explicit Matrix(std::size_t size = 0) : n(size), cells(size * size, 0.0) {}
  static Matrix identity(std::size_t size);
  double& operator()(std::size_t i, std::size_t j) { return cells[i * n + j]; }
  double operator()(std::size_t i, std::size_t j) const { return cells[i * n + j]; }
};

/// Lower L with L·Lᵀ = m for a symmetric positive semidefinite m; empty if m is not (beyond 1e-10
/// of its greatest diagonal cell).
std::optional<Matrix> cholesky(const Matrix& m);

/// The correlation matrix nearest to m in the Frobenius norm whose cells stay 0 where `free` is 0.
/// Higham, IMA J. Numer. Anal. 22 (2002), algorithm 3.3.
Matrix nearest_correlation(const Matrix& m, const Matrix& free);

/// Inputs whose stated rank correlations no draws can have, and the nearest that can be had: one
/// pair each, in the order stated, rounded to 0.01 towards what is possible.
struct Impossible {
  std::vector<std::string> names;
  std::vector<RankCorrelation> nearest;
  /// "eth, latency, capital cannot hold together; nearest possible: -0.48, 0.48, 0.48"
  std::string text() const;
};

/// One entry per group of linked inputs that cannot hold together; empty if all can.
std::vector<Impossible> nearest_possible(std::span<const RankCorrelation> pairs);

// ---- samplers --------------------------------------------------------------------------------

enum class SamplerKind { random, latin_hypercube, sobol, grid, list };

std::string sampler_name(SamplerKind kind);

/// One input that varies. Names are unique.
struct Input {
  std::string name;
  Law law;
  std::optional<Between> between;
};

/// What `sweep:` says. For grid and list every law is Fixed and `draws` is ignored: a grid takes
/// all combinations (the input last by name turns fastest), a list the k-th value of every input.
struct SamplingPlan {
  SamplerKind kind = SamplerKind::sobol;
  std::uint64_t seed = 1;
  std::uint64_t draws = 0;
  std::vector<Input> inputs;
  std::vector<RankCorrelation> correlations;
};

/// Every mistake of a plan, as sentences that name the input; empty if it can be drawn.
std::vector<std::string> plan_errors(const SamplingPlan& plan);

/// A plan made ready to draw. Immutable, safe to share between threads; draws come in any order.
/// random: Philox. latin_hypercube: strata by a keyed permutation (the law of a draw depends on
/// `draws`). sobol: Joe and Kuo's direction numbers, Owen-scrambled by the seed; draws 0 .. 2^32
/// - 1. Random and Sobol' sweeps may be lengthened later: draw k stays what it was.
class Sampler {
 public:
  /// Needs plan_errors(plan) empty.
  explicit Sampler(const SamplingPlan& plan);

  std::uint64_t draws() const { return draws_; }
  std::size_t inputs() const { return columns_.size(); }
  /// Writes draw `id` < draws(), one value per input in the plan's order; out.size() == inputs().
  void draw(std::uint64_t id, std::span<double> out) const;

 private:
  struct Column {
    Law law;
    std::optional<Between> between;
    std::uint32_t key = 0;                  // hash of the name
    std::size_t place = 0;                  // in the plan's order
    std::uint64_t stride = 1;               // grid: draws per step of this input
    std::vector<std::uint32_t> directions;  // sobol
    bool linked = false;                    // correlated with another input
  };
  double unit(const Column& column, std::uint64_t id) const;

  SamplerKind kind_;
  std::uint64_t seed_;
  std::uint64_t draws_ = 0;
  std::vector<Column> columns_;  // by name
  Matrix factor_;                // Cholesky of the normal copula's correlation, by name
};

}  // namespace faultline
