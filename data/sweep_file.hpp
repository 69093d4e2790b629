// A sweep file: what varies, how it is drawn, and what is asked of the results.
//
//   faultline: 1
//   name: 5,000 bad days
//   scenario: none                       # or one of the ecosystem's: every draw runs on top of it
//   sweep: {draws, sampler, seed, vary, rank_correlation, paths, limits}
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "data/ecosystem_file.hpp"
#include "sim/studies/price_path.hpp"
#include "sim/studies/sampling.hpp"

namespace faultline {

struct NormalSpec {
  std::optional<AnyText> mean;
  AnyText sd;

  template <class V>
  void fields(V& v) {
    v("mean", mean, Field{.help = "its mean; left out: 0"});
    v("sd", sd, Field{.help = "its standard deviation", .required = true});
  }
};

struct StudentTSpec {
  std::optional<AnyText> mean;
  AnyText sd;
  double dof = 4;

  template <class V>
  void fields(V& v) {
    v("mean", mean, Field{.help = "its mean; left out: 0"});
    v("sd", sd, Field{.help = "its standard deviation, tails included", .required = true});
    v("dof", dof, Field{.help = "degrees of freedom, above 2: few are fat tails", .lo = 2.001});
  }
};

struct LognormalSpec {
  AnyText median;
  std::optional<AnyText> p1, p5, p95, p99;

  template <class V>
  void fields(V& v) {
    v("median", median, Field{.help = "its median", .required = true});
    v("p1", p1, Field{.help = "1 in 100 lies below"});
    v("p5", p5, Field{.help = "1 in 20 lies below"});
    v("p95", p95, Field{.help = "1 in 20 lies above"});
    v("p99", p99, Field{.help = "1 in 100 lies above"});
  }
};

struct UniformSpec {
  AnyText lo, hi;

  template <class V>
  void fields(V& v) {
    v("lo", lo, Field{.help = "its lower end", .required = true});
    v("hi", hi, Field{.help = "its upper end", .required = true});
  }
};

/// One varied input: one verb that says what, when it happens, and one law.
struct VarySpec {
  std::optional<Name> price, discount;
  std::optional<std::string> set, withdraw;
  std::vector<AnyText> book_scale;
  Seconds at{0};
  std::optional<Seconds> over, lasts, back_by;
  std::optional<NormalSpec> normal;
  std::optional<StudentTSpec> student_t;
  std::optional<LognormalSpec> lognormal;
  std::optional<UniformSpec> uniform;
  std::vector<AnyText> values, between;

  template <class V>
  void fields(V& v) {
    v("price", price,
      Field{.help = "an asset's price: laws are of its log-change, `values` are moves as in events",
            .refers = Refers::asset});
    v("discount", discount,
      Field{.help = "a claim's market discount: the level it goes to", .refers = Refers::asset});
    v("set", set, Field{.help = "any parameter, by path, to the value drawn"});
    v("withdraw", withdraw,
      Field{.help =
                "share of depth that leaves a venue, a family of venues, or `lps`; or of lenders "
                "of a market, `market.ASSET`, a family of markets, or `depositors`"});
    v("book_scale", book_scale,
      Field{.help = "all positions times each of these at fixed depth; every draw runs at each"});
    v("at", at, Field{.help = "when it begins", .lo = 0, .hi = 3.2e8});
    v("over", over, Field{.help = "how long it takes to be in full force", .lo = 0});
    v("for", lasts, Field{.help = "how long after `at` it is undone", .lo = 0});
    v("back_by", back_by, Field{.help = "when it has come back to where it was", .lo = 0});
    v("normal", normal, Field{.help = "normal law"});
    v("student_t", student_t, Field{.help = "Student's t law"});
    v("lognormal", lognormal, Field{.help = "lognormal law: its median and one quantile"});
    v("uniform", uniform, Field{.help = "uniform law"});
    v("values", values, Field{.help = "stated values: levels of a grid, column of a list"});
    v("between", between, Field{.help = "[lo, hi]: the law given that it lies between these"});
  }
};

/// Sudden moves that some assets share.
struct JumpSpec {
  double per_year = 0;
  std::map<std::string, Ratio> mean, sd;

  template <class V>
  void fields(V& v) {
    v("per_year", per_year, Field{.help = "how many a year", .lo = 0, .required = true});
    v("mean", mean,
      Field{.help = "asset to its mean log-change", .required = true, .refers = Refers::asset});
    v("sd", sd,
      Field{.help = "asset to the standard deviation of its log-change",
            .lo = 0,
            .refers = Refers::asset});
  }
};

/// Correlated random prices that every draw follows from the start; results call them synthetic.
struct PathsSpec {
  std::string covariance;
  std::map<std::string, PerYear> growth;
  std::optional<double> dof;
  Ratio volatility{1};
  Seconds step{60};
  std::map<std::string, JumpSpec> jumps;

  template <class V>
  void fields(V& v) {
    v("covariance", covariance,
      Field{.help = "CSV of asset_i, asset_j, cov_per_year of log changes", .required = true});
    v("growth", growth,
      Field{.help = "asset to the growth of its expected price; left out: 0",
            .refers = Refers::asset});
    v("dof", dof,
      Field{.help = "Student's t per step with so many degrees of freedom; left out: normal",
            .lo = 2.001});
    v("volatility", volatility,
      Field{.help = "all standard deviations times this: 3x is three times the fitted ones",
            .lo = 0.001,
            .hi = 1000});
    v("step", step,
      Field{.help = "fine step of the path, whatever the rounds", .lo = 1, .hi = 86400});
    v("jumps", jumps, Field{.help = "sudden moves, by name"});
  }
};

struct LimitSpec {
  std::optional<std::string> loss, bad_debt, liquidated, unserved, trapped, withdrawn;
  AnyText below;
  Ratio in{0.95};

  template <class V>
  void fields(V& v) {
    v("loss", loss, Field{.help = "what depositors of a market, a family of them, or `all` lose"});
    v("bad_debt", bad_debt, Field{.help = "bad debt of a market, a family, or `all`"});
    v("liquidated", liquidated, Field{.help = "debt repaid by liquidators"});
    v("unserved", unserved, Field{.help = "debt in breach that nobody serves at the end"});
    v("trapped", trapped, Field{.help = "deposits asked for and unpaid at the end"});
    v("withdrawn", withdrawn, Field{.help = "deposits paid out to those who asked for them"});
    v("below", below, Field{.help = "1% of deposits, or $25m", .required = true});
    v("in", in, Field{.help = "in this share of scenarios", .lo = 0, .hi = 1, .required = true});
  }
};

struct SweepSpec {
  std::optional<long> draws;
  std::string sampler = "sobol";
  long seed = 1;
  bool direct = true;
  std::map<std::string, VarySpec> vary;
  std::vector<LimitSpec> limits;
  std::optional<PathsSpec> paths;

  template <class V>
  void fields(V& v) {
    v("draws", draws, Field{.help = "how many; a grid or a list says itself", .lo = 1, .hi = 1e9});
    v("sampler", sampler,
      Field{.help = "how inputs are drawn", .choices = "random latin_hypercube sobol grid list"});
    v("seed", seed, Field{.help = "seed of the draws", .lo = 0, .hi = 9e15});
    v("direct", direct,
      Field{.help =
                "each draw also with every transmission off; off is faster, and tells no direct "
                "loss, contagion, amplification or breadth"});
    v("vary", vary, Field{.help = "inputs by name"});
    v("limits", limits, Field{.help = "answered one by one: kept, broken, cannot tell"});
    v("paths", paths, Field{.help = "correlated random prices"});
  }
};

/// A sweep file read; what needs the compiled world is judged by plan_sweep.
struct SweepFile {
  std::string name;
  std::optional<std::string> scenario;
  SweepSpec spec;
  std::vector<RankCorrelation> correlations;
  std::optional<PathModel> paths;  // assets named as in the ecosystem
  std::map<std::string, Place> places;
  std::vector<DataFile> data_files;
  std::string resolved;  // the whole tree as YAML, keys in order of their bytes

  /// Where a path of the file stands, or the nearest path above it that was written.
  Span at(const std::string& path) const;
};

/// Reads a sweep of an ecosystem; mistakes are findings in `reading`.
SweepFile load_sweep(const std::string& path, const Ecosystem& eco, Reading& reading);
/// The same for a text in memory; data files are looked for in `folder`.
SweepFile load_sweep_text(const std::string& shown, const std::string& text,
                          const std::string& folder, const Ecosystem& eco, Reading& reading);

}  // namespace faultline
