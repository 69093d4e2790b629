// Price paths: random ones, correlated, with fat tails and jumps, and stated ones. A path is a pure
// function of (seed, scenario, asset name, time): rounds sample it, so their length changes
// nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace faultline {

/// Sudden moves shared by some assets: arrivals are Poisson; at each, every asset's log price moves
/// by a normal amount of its own. Merton, J. Financial Economics 3 (1976).
struct JumpModel {
  std::string name;              // keys the draws
  double per_year = 0;           // mean number of arrivals, ≥ 0
  std::vector<double> mean_log;  // per asset; 0 with sd 0: the asset does not jump
  std::vector<double> sd_log;    // per asset, ≥ 0
};

/// A random path of several assets. With normal increments prices are geometric Brownian motion,
/// exact in distribution at multiples of `fine_step_s`; between them the log price is a straight
/// line.
struct PathModel {
  std::vector<std::string> assets;      // unique names; they key the draws
  std::vector<double> growth_per_year;  // ln of the expected price ratio per year, without jumps
  std::vector<double> covariance_per_year;  // of log changes, n × n, row by row
  /// 0: normal increments. Above 2: multivariate Student t per fine step, scaled to the covariance
  /// (Kotz and Nadarajah 2004, 1.1); sums over many steps come close to normal, as they must.
  double dof = 0;
  std::vector<JumpModel> jumps;  // come on top of the growth, uncompensated
  double fine_step_s = 60;       // a property of the world, never of the clock's rounds
};

/// What is wrong with a model, as a sentence; empty if nothing.
std::string path_error(const PathModel& model);

/// A model made ready to sample. Immutable, safe to share between threads.
class PathSampler {
 public:
  /// Needs path_error(model) empty.
  explicit PathSampler(const PathModel& model);

  std::size_t assets() const { return columns_.size(); }

  /// Prices relative to the start, at rising `times_s` ≥ 0, one row of assets() per time, in the
  /// model's order of assets. out.size() == times_s.size() · assets(). Work grows with the last
  /// time over the fine step. Times of 2^32 fine steps or more are not representable (asserted).
  void sample(std::uint64_t seed, std::uint64_t scenario, std::span<const double> times_s,
              std::span<double> out) const;

 private:
  struct Column {
    std::uint32_t key = 0;
    std::size_t place = 0;  // in the model's order
    double drift_step = 0;  // of the log price, per fine step
  };
  struct Jump {
    std::uint32_t key = 0;
    double rate_step = 0;          // arrivals per fine step
    std::vector<double> mean, sd;  // by name of the asset
  };
  struct Draw {
    std::uint64_t seed;
    std::uint64_t scenario;
    std::uint32_t step;
  };
  struct Moves;
  void draw_step(const Draw& draw, Moves& moves) const;
  void draw_jumps(const Draw& draw, Moves& moves) const;

  std::vector<Column> columns_;  // by name
  std::vector<double> factor_;   // Cholesky of the covariance per fine step, by name
  std::vector<Jump> jumps_;
  double dof_ = 0;
  double step_s_ = 60;
};

/// How a stated path runs between its points.
enum class Interpolation { log_linear, step };

/// A path stated by points: rising times in seconds, positive values (prices or ratios).
struct StatedPath {
  std::vector<double> times_s;
  std::vector<double> values;
  Interpolation between = Interpolation::log_linear;
};

/// What is wrong with a stated path, as a sentence; empty if nothing.
std::string path_error(const StatedPath& path);

/// The value at a time; before the first point the first value, after the last the last. Exact at
/// the points. `step` holds a value until the next point. Needs path_error(path) empty.
double value_at(const StatedPath& path, double time_s);

}  // namespace faultline
