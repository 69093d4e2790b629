#include "sim/studies/statistics.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "core/math.hpp"
#include "core/rng.hpp"

namespace faultline {
namespace {

bool close(double x, double expected, double tolerance) {
  return std::fabs(x - expected) <= tolerance;
}

std::vector<double> normals(std::uint64_t seed, std::size_t n) {
  std::vector<double> out;
  for (std::size_t i = 0; i < n; ++i) out.push_back(standard_normal({.seed = seed, .scenario = i}));
  return out;
}

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

// R 4: quantile(c(2, 4, 4, 5, 7, 9, 10, 12), c(.1, .25, .5, .95), type = 7).
TEST_CASE("quantiles are R's type 7", "[statistics]") {
  const std::vector<double> x = {2, 4, 4, 5, 7, 9, 10, 12};
  CHECK(close(sorted_quantile(x, 0.1), 3.4, 1e-14));
  CHECK(sorted_quantile(x, 0.25) == 4);
  CHECK(sorted_quantile(x, 0.5) == 6);
  CHECK(close(sorted_quantile(x, 0.95), 11.3, 1e-14));
  CHECK(sorted_quantile(x, 0) == 2);
  CHECK(sorted_quantile(x, 1) == 12);
  CHECK(std::isnan(sorted_quantile({}, 0.5)));
}

// The classical table of confidence limits for the median (Conover, table A3): n = 10 -> orders
// 2 and 9, n = 20 -> 6 and 15, n = 100 -> 40 and 61.
TEST_CASE("quantile intervals are the binomial order statistics", "[statistics]") {
  const auto orders = [](int n, double p) {
    std::vector<double> x;
    for (int i = n; i >= 1; --i) x.push_back(i);
    const Estimate e = quantile_estimate(x, p);
    return std::pair(e.lo, e.hi);
  };
  CHECK(orders(10, 0.5) == std::pair(2.0, 9.0));
  CHECK(orders(20, 0.5) == std::pair(6.0, 15.0));
  CHECK(orders(100, 0.5) == std::pair(40.0, 61.0));
  CHECK(orders(5, 0.5) == std::pair(-infinity, infinity));
  CHECK(orders(100, 0.99).second == infinity);  // a hundred draws cannot bound the p99
  CHECK(orders(5000, 0.99).second < 5000);
  int covered = 0;
  for (std::uint64_t s = 1; s <= 400; ++s) {
    const Estimate e = quantile_estimate(normals(s, 500), 0.9);
    covered += e.lo <= 1.2815515655446004 && 1.2815515655446004 <= e.hi;
  }
  CHECK(covered >= 370);
}

// R 4: t.test(c(1, 2, 3, 4, 10)) -> mean 4, interval [-0.3899, 8.3899] (t = 2.776445, se 1.581139).
TEST_CASE("the mean has student's interval", "[statistics]") {
  const Estimate e = mean_estimate(std::vector<double>{10, 1, 2, 3, 4});
  CHECK(e.value == 4);
  CHECK(close(e.hi - e.value, 2.7764451051977987 * 1.5811388300841898, 1e-10));
  CHECK(close(e.value - e.lo, e.hi - e.value, 1e-12));
  CHECK(mean_estimate(std::vector<double>{3}).hi == infinity);
  CHECK(std::isnan(mean_estimate({}).value));
}

TEST_CASE("expected shortfall is the mean of the tail", "[statistics]") {
  std::vector<double> x;
  for (int i = 1; i <= 1000; ++i) x.push_back(i);
  CHECK(close(expected_shortfall(x, 0.99).value, 995.5, 1e-10));  // mean of 991 .. 1000
  CHECK(close(expected_shortfall(x, 0.95).value, 975.5, 1e-10));
  CHECK(close(expected_shortfall(x, 0.9995).value, 1000, 1e-10));
  CHECK(expected_shortfall(x, 0.9995).hi == infinity);
  // Half a value: the worst 1.5 of 3 -> (3 + 0.5·2) / 1.5.
  CHECK(close(expected_shortfall(std::vector<double>{1, 2, 3}, 0.5).value, 4 / 1.5, 1e-12));
  // A normal's is φ(z)/(1 - level) = 2.665214 at 99%; the interval covers it as often as it says.
  int covered = 0;
  for (std::uint64_t s = 1; s <= 300; ++s) {
    const Estimate e = expected_shortfall(normals(s, 5000), 0.99);
    covered += e.lo <= 2.665214220345806 && 2.665214220345806 <= e.hi;
  }
  CHECK(covered >= 270);
}

// Newcombe, Statistics in Medicine 17 (1998), table I, method 3: 81/263, 15/148, 0/20, 1/29.
TEST_CASE("wilson's interval gives newcombe's table", "[statistics]") {
  const auto check = [](std::uint64_t hits, std::uint64_t n, double lo, double hi) {
    const Estimate e = probability_estimate(hits, n);
    CHECK(close(e.lo, lo, 5e-5));
    CHECK(close(e.hi, hi, 5e-5));
  };
  check(81, 263, 0.2553, 0.3662);
  check(15, 148, 0.0624, 0.1605);
  check(0, 20, 0.0000, 0.1611);
  check(1, 29, 0.0061, 0.1718);
  CHECK(probability_estimate(20, 20).hi == 1);
  CHECK(probability_estimate(0, 0).hi == 1);
}

// R 4: cor(c(1,2,3,4,5), c(2,1,4,3,5), method = "spearman") = 0.8; with ties
// cor(c(1,2,2,3), c(1,3,2,4), method = "spearman") = 0.9486833.
TEST_CASE("spearman's rho with ties at the middle rank", "[statistics]") {
  CHECK(close(spearman(std::vector<double>{1, 2, 3, 4, 5}, std::vector<double>{2, 1, 4, 3, 5}), 0.8,
              1e-15));
  CHECK(close(spearman(std::vector<double>{1, 2, 2, 3}, std::vector<double>{1, 3, 2, 4}),
              0.9486832980505138, 1e-15));
  CHECK(spearman(std::vector<double>{1, 1, 1}, std::vector<double>{1, 2, 3}) == 0);
  const std::vector<double> x = {1, 2, 3, 4}, y = {4, 3, 2, 1}, z = {1, 3, 2, 4};
  const std::vector<InputColumn> inputs = {{"z", z}, {"y", y}, {"x", x}};
  const auto ranked = rank_inputs(inputs, std::vector<double>{1, 2, 3, 4});
  CHECK(ranked[0].name == "x");
  CHECK(ranked[1].name == "y");
  CHECK(ranked[1].rho == -1);
  CHECK(ranked[2].name == "z");
}

// Ishigami's function (a = 7, b = 0.1): S1 = 0.3139, S2 = 0.4424, S3 = 0; x3 acts through x1 alone.
TEST_CASE("variance shares give ishigami's first-order indices", "[statistics]") {
  const std::size_t n = 20000;
  std::vector<double> x[3], y;
  for (std::uint32_t j = 0; j < 3; ++j)
    for (std::size_t i = 0; i < n; ++i)
      x[j].push_back((2 * uniform({.scenario = i, .entity = j}) - 1) * 3.141592653589793);
  for (std::size_t i = 0; i < n; ++i) {
    const double s1 = math::sin(x[0][i]), s2 = math::sin(x[1][i]);
    const double c = x[2][i] * x[2][i];
    y.push_back(s1 + 7 * s2 * s2 + 0.1 * c * c * s1);
  }
  const std::vector<InputColumn> inputs = {{"x1", x[0]}, {"x2", x[1]}, {"x3", x[2]}};
  const VarianceShares shares = variance_shares(inputs, y);
  CHECK(shares.inputs[0].name == "x2");
  CHECK(close(shares.inputs[0].share, 0.4424, 0.02));
  CHECK(shares.inputs[1].name == "x1");
  CHECK(close(shares.inputs[1].share, 0.3139, 0.02));
  CHECK(close(shares.inputs[2].share, 0, 0.01));
  CHECK(close(shares.together, 0.2437, 0.03));
  CHECK_FALSE(shares.overlapping);
}

TEST_CASE("variance shares of awkward inputs", "[statistics]") {
  const auto a = normals(1, 2000), noise = normals(2, 2000);
  const std::vector<double> flat(2000, 3.0);
  const std::vector<InputColumn> twice = {{"a", a}, {"again", a}, {"flat", flat}, {"noise", noise}};
  const VarianceShares both = variance_shares(twice, a);
  CHECK(both.overlapping);
  CHECK(both.together == 0);
  CHECK(close(both.inputs[0].share, 0.5, 0.01));
  CHECK(both.inputs[3].share < 0.01);
  CHECK(variance_shares(twice, flat).together == 0);
  CHECK(variance_shares(twice, flat).inputs[0].share == 0);
  CHECK(variance_shares({}, {}).inputs.empty());
  std::vector<double> level, y;  // a stated list of two values explains itself
  for (std::size_t i = 0; i < 2000; ++i) {
    level.push_back(i % 2 == 0 ? 1 : 5);
    y.push_back(level.back() + noise[i]);
  }
  const std::vector<InputColumn> levels = {{"level", level}};
  CHECK(close(variance_shares(levels, y).inputs[0].share, 0.8, 0.03));
}

TEST_CASE("limits are kept, broken or cannot be told", "[statistics]") {
  std::vector<double> x(5000, 0.0);
  for (std::size_t i = 0; i < 5; ++i) x[i * 7] = 2;  // 99.9% below 1
  CHECK(check_limit(x, 1, 0.99).verdict == Verdict::kept);
  CHECK(check_limit(x, 1, 0.9999).verdict == Verdict::broken);
  CHECK(check_limit(x, 1, 0.999).verdict == Verdict::cannot_tell);
  CHECK(check_limit({}, 1, 0.99).verdict == Verdict::cannot_tell);
  CHECK(verdict_text(Verdict::cannot_tell) == "cannot tell");
  CHECK(check_limit(x, 2, 1.0).share.value == 0.999);  // below, not at
}

TEST_CASE("paired statistics use the pairs", "[statistics]") {
  const std::vector<double> a = {10, 20, 30, 40}, b = {9, 18, 29, 36};
  const Estimate d = paired_difference(a, b);
  CHECK(d.value == 2);
  CHECK(close(d.hi - 2, 3.182446305284263 * std::sqrt(2.0 / 4), 1e-9));  // sd² of 1,2,1,4 is 2
  CHECK(close(paired_ratio(a, b).value, 100.0 / 92, 1e-15));
  CHECK(paired_ratio(a, b).lo > 1);
  CHECK(std::isnan(paired_ratio(a, std::vector<double>(4)).value));
}

TEST_CASE("no statistic depends on the order of rows", "[statistics][laws]") {
  std::vector<double> x, y, z;
  for (std::size_t i = 0; i < 3000; ++i) {
    const double u = standard_normal({.seed = 4, .scenario = i});
    x.push_back(u);
    y.push_back(math::exp(3 * u) + standard_normal({.seed = 5, .scenario = i}));
    z.push_back(std::floor(4 * uniform({.seed = 6, .scenario = i})));
  }
  const auto all = [&] {
    const std::vector<InputColumn> inputs = {{"x", x}, {"z", z}};
    const auto shares = variance_shares(inputs, y);
    std::vector<double> out = {ordered_sum(y), spearman(x, y), spearman(z, y), shares.together};
    for (const auto& s : shares.inputs) out.push_back(s.share);
    for (const Estimate& e :
         {mean_estimate(y), quantile_estimate(y, 0.95), expected_shortfall(y, 0.99),
          paired_difference(y, x), paired_ratio(y, x), check_limit(y, 1, 0.9).share}) {
      out.push_back(e.value);
      out.push_back(e.lo);
      out.push_back(e.hi);
    }
    return out;
  };
  const auto before = all();
  std::vector<std::size_t> order(x.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i * 1009 % order.size();
  const auto shuffled = [&](const std::vector<double>& v) {
    std::vector<double> out;
    for (const std::size_t i : order) out.push_back(v[i]);
    return out;
  };
  x = shuffled(x);
  y = shuffled(y);
  z = shuffled(z);
  CHECK(all() == before);
}

}  // namespace faultline
