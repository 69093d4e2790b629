#include "sim/studies/price_path.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "core/fingerprint.hpp"

namespace faultline {
namespace {

constexpr double year_s = 365.0 * 86400.0;

PathModel two_assets(double dof) {
  PathModel model;
  model.assets = {"ETH", "BTC"};
  model.growth_per_year = {0.1, 0.0};
  model.covariance_per_year = {0.64, 0.336, 0.336, 0.36};  // 80%, 60%, correlation 0.7
  model.dof = dof;
  model.fine_step_s = 3600;
  return model;
}

struct Moments {
  double mean_ratio = 0, mean = 0, variance = 0, other = 0, covariance = 0, fourth = 0;
};

// Of the log moves of ETH (and BTC) at one time.
Moments moments_at(const PathModel& model, double time_s, int paths) {
  const PathSampler sampler(model);
  Moments m;
  std::vector<double> out(2), x, y;
  for (int i = 0; i < paths; ++i) {
    sampler.sample(3, static_cast<std::uint64_t>(i), std::vector<double>{time_s}, out);
    m.mean_ratio += out[0] / paths;
    x.push_back(std::log(out[0]));
    y.push_back(std::log(out[1]));
    m.mean += x.back() / paths;
    m.other += y.back() / paths;
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double d = x[i] - m.mean;
    m.variance += d * d / paths;
    m.fourth += d * d * d * d / paths;
    m.covariance += d * (y[i] - m.other) / paths;
  }
  return m;
}

}  // namespace

TEST_CASE("normal paths are geometric brownian motion", "[price_path]") {
  const double t = 86400 * 10, years = t / year_s;
  const Moments m = moments_at(two_assets(0), t, 40000);
  CHECK(std::fabs(m.mean_ratio - std::exp(0.1 * years)) < 5 * 0.8 * std::sqrt(years / 40000));
  CHECK(std::fabs(m.mean - (0.1 - 0.32) * years) < 5 * 0.8 * std::sqrt(years / 40000));
  CHECK(std::fabs(m.variance / (0.64 * years) - 1) < 0.03);
  CHECK(std::fabs(m.covariance / (0.336 * years) - 1) < 0.05);
  CHECK(std::fabs(m.fourth / (m.variance * m.variance) - 3) < 0.15);
}

TEST_CASE("t paths keep the covariance and have fat tails", "[price_path]") {
  const Moments m = moments_at(two_assets(6), 3600, 60000);  // one fine step: kurtosis 6
  CHECK(std::fabs(m.variance / (0.64 * 3600 / year_s) - 1) < 0.05);
  CHECK(std::fabs(m.covariance / (0.336 * 3600 / year_s) - 1) < 0.06);
  CHECK(m.fourth / (m.variance * m.variance) > 4.5);
  CHECK(m.fourth / (m.variance * m.variance) < 8.0);
}

TEST_CASE("jumps arrive at their rate and size", "[price_path]") {
  PathModel model = two_assets(0);
  model.covariance_per_year = {0, 0, 0, 0};
  model.growth_per_year = {0, 0};
  model.jumps = {{"crash", 52, {-0.2, 0}, {0.1, 0}}};
  REQUIRE(path_error(model).empty());
  const double t = year_s / 52;  // one arrival on average
  const Moments m = moments_at(model, t, 40000);
  CHECK(std::fabs(m.mean + 0.2) < 0.006);
  CHECK(std::fabs(m.variance - (0.04 + 0.01)) < 0.0025);  // rate·(mean² + sd²)
  CHECK(m.other == 0);
}

TEST_CASE("a path does not know the length of rounds", "[price_path][laws]") {
  PathModel model = two_assets(5);
  model.fine_step_s = 60;
  model.jumps = {{"crash", 20000, {-0.1, -0.05}, {0.05, 0.02}}};
  const PathSampler sampler(model);
  const auto path = [&](double round_s, std::size_t n) {
    std::vector<double> times, out(2 * n);
    for (std::size_t i = 0; i < n; ++i) times.push_back(static_cast<double>(i) * round_s);
    sampler.sample(9, 4, times, out);
    return out;
  };
  const auto fine = path(6, 1001), coarse = path(12, 501), coarser = path(120, 51);
  for (std::size_t i = 0; i < 51; ++i) {
    CHECK(coarser[2 * i] == fine[40 * i]);
    CHECK(coarser[2 * i + 1] == coarse[20 * i + 1]);
  }
  CHECK(fine[0] == 1);
  CHECK(fine[1] == 1);
  CHECK(fine.back() != 1);
}

TEST_CASE("an asset's path depends on names, not on order", "[price_path][laws]") {
  PathModel one = two_assets(5), two = one;
  two.assets = {"BTC", "ETH"};
  two.growth_per_year = {0.0, 0.1};
  two.covariance_per_year = {0.36, 0.336, 0.336, 0.64};
  one.jumps = {{"a", 3000, {-0.1, 0}, {0.1, 0}}, {"b", 3000, {0, -0.1}, {0.1, 0.2}}};
  two.jumps = {{"b", 3000, {-0.1, 0}, {0.2, 0.1}}, {"a", 3000, {0, -0.1}, {0, 0.1}}};
  const std::vector<double> times{0, 5000, 100000};
  std::vector<double> x(6), y(6);
  PathSampler(one).sample(1, 1, times, x);
  PathSampler(two).sample(1, 1, times, y);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(x[2 * i] == y[2 * i + 1]);
    CHECK(x[2 * i + 1] == y[2 * i]);
  }
}

TEST_CASE("impossible models are refused", "[price_path]") {
  CHECK(path_error(two_assets(0)).empty());
  CHECK_FALSE(path_error(two_assets(1.5)).empty());
  PathModel model = two_assets(0);
  model.covariance_per_year[1] = model.covariance_per_year[2] = 0.9;
  CHECK(path_error(model) == "the covariance is not positive semidefinite: no prices can move so");
  model.covariance_per_year[1] = 0;
  CHECK(path_error(model) == "the covariance must be symmetric");
  model = two_assets(0);
  model.fine_step_s = 0;
  CHECK_FALSE(path_error(model).empty());
  model = two_assets(0);
  model.jumps = {{"x", 1, {0}, {0}}};
  CHECK_FALSE(path_error(model).empty());
  CHECK_FALSE(path_error(PathModel{}).empty());
}

TEST_CASE("stated paths interpolate", "[price_path]") {
  StatedPath path{{0, 100, 200}, {1, 4, 2}, Interpolation::log_linear};
  REQUIRE(path_error(path).empty());
  CHECK(value_at(path, -5) == 1);
  CHECK(value_at(path, 100) == 4);
  CHECK(value_at(path, 1000) == 2);
  CHECK(std::fabs(value_at(path, 50) - 2) < 1e-14);
  path.between = Interpolation::step;
  CHECK(value_at(path, 99.9) == 1);
  CHECK(value_at(path, 100) == 4);
  CHECK(path_error(StatedPath{{0, 0}, {1, 1}, {}}) == "the times of a path must rise (point 2)");
  CHECK_FALSE(path_error(StatedPath{{0, 1}, {1, -1}, {}}).empty());
  CHECK_FALSE(path_error(StatedPath{{0, 1}, {1}, {}}).empty());
  CHECK_FALSE(path_error(StatedPath{}).empty());
}

TEST_CASE("paths are the same bytes everywhere", "[price_path][laws]") {
  PathModel model = two_assets(4.5);
  model.jumps = {{"crash", 5000, {-0.1, -0.05}, {0.05, 0.02}}};
  const PathSampler sampler(model);
  std::vector<double> times, out;
  for (int i = 0; i < 200; ++i) times.push_back(1800.0 * i);
  out.resize(400);
  Fingerprint hash;
  for (std::uint64_t scenario = 0; scenario < 20; ++scenario) {
    sampler.sample(7, scenario, times, out);
    for (const double x : out) hash.add(x);
  }
  CHECK(hash.text() == "05d7de0f7d58");
}

}  // namespace faultline
