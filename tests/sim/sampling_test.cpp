#include "sim/studies/sampling.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <set>

#include "core/fingerprint.hpp"
#include "core/rng.hpp"

namespace faultline {
namespace {

bool near(double x, double expected, double relative) {
  return std::fabs(x - expected) <= relative * std::fabs(expected);
}

SamplingPlan two_inputs(SamplerKind kind, std::uint64_t draws) {
  SamplingPlan plan;
  plan.kind = kind;
  plan.draws = draws;
  plan.inputs = {{"b", Uniform{0, 1}, {}}, {"a", Uniform{0, 1}, {}}};
  return plan;
}

std::vector<std::vector<double>> all_draws(const SamplingPlan& plan) {
  REQUIRE(plan_errors(plan).empty());
  const Sampler sampler(plan);
  std::vector<std::vector<double>> columns(sampler.inputs());
  std::vector<double> row(sampler.inputs());
  for (std::uint64_t id = 0; id < sampler.draws(); ++id) {
    sampler.draw(id, row);
    for (std::size_t i = 0; i < row.size(); ++i) columns[i].push_back(row[i]);
  }
  return columns;
}

double spearman_of(const std::vector<double>& x, const std::vector<double>& y) {
  const auto ranks = [](const std::vector<double>& v) {
    std::vector<std::size_t> order(v.size());
    for (std::size_t i = 0; i < v.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return v[a] < v[b]; });
    std::vector<double> r(v.size());
    for (std::size_t i = 0; i < v.size(); ++i) r[order[i]] = static_cast<double>(i);
    return r;
  };
  const auto rx = ranks(x), ry = ranks(y);
  double d2 = 0;
  for (std::size_t i = 0; i < rx.size(); ++i) d2 += (rx[i] - ry[i]) * (rx[i] - ry[i]);
  const double n = static_cast<double>(x.size());
  return 1 - 6 * d2 / (n * (n * n - 1));
}

}  // namespace

// Reference values: mpmath 1.3 at 60 digits (ncdf; betainc inverted for t).
TEST_CASE("normal_cumulative gives reference values", "[sampling]") {
  CHECK(normal_cumulative(0) == 0.5);
  CHECK(near(normal_cumulative(-1), 0.15865525393145705141, 1e-15));
  CHECK(near(normal_cumulative(-3), 0.0013498980316300945267, 1e-13));
  CHECK(near(normal_cumulative(-8), 6.2209605742717841235e-16, 1e-13));
  CHECK(near(normal_cumulative(-20), 2.7536241186062336951e-89, 1e-13));
  CHECK(near(normal_cumulative(0.5), 0.69146246127401310364, 1e-15));
  CHECK(near(normal_cumulative(2.9), 0.99813418669961596205, 1e-15));
  CHECK(near(normal_cumulative(3.1), 0.99903239678678164311, 1e-15));
  for (double p = 1e-12; p < 0.5; p *= 1.7)
    CHECK(near(normal_cumulative(inverse_normal(p)), p, 1e-12));
}

TEST_CASE("student_t_quantile gives reference values", "[sampling]") {
  CHECK(near(student_t_quantile(0.975, 3), 3.1824463052837095927, 1e-11));
  CHECK(near(student_t_quantile(0.01, 2.5), -5.3531111730308743158, 1e-11));
  CHECK(near(student_t_quantile(1e-6, 3), -103.29946778041934274, 1e-11));
  CHECK(near(student_t_quantile(1e-10, 5.5), -110.87696465656079741, 1e-11));
  CHECK(near(student_t_quantile(0.4, 7), -0.26316686135202281214, 1e-11));
  CHECK(near(student_t_quantile(0.001, 30), -3.3851848668293051234, 1e-11));
  CHECK(near(student_t_quantile(0.05, 1000), -1.6463788172854647156, 1e-11));
  CHECK(near(student_t_quantile(0.2, 2.1), -1.0483046779883707414, 1e-11));
  CHECK(near(student_t_quantile(1e-4, 19000), -3.7197423627710734769, 1e-11));
  CHECK(near(student_t_quantile(1e-4, 25000), -3.7195681290974866684, 1e-11));
  // Shaw 2006: dof 4 in closed form, dof 2 too.
  for (double p = 1e-12; p < 0.5; p *= 1.9) {
    const double alpha = 4 * p * (1 - p);
    const double four =
        -2 * std::sqrt(std::cos(std::acos(std::sqrt(alpha)) / 3) / std::sqrt(alpha) - 1);
    CHECK(near(student_t_quantile(p, 4), four, 1e-10));
    CHECK(near(student_t_quantile(p, 2), (2 * p - 1) * std::sqrt(2 / alpha), 1e-10));
    for (const double dof : {2.01, 3.0, 8.5, 60.0, 900.0, 19999.0})
      CHECK(near(student_t_cumulative(student_t_quantile(p, dof), dof), p, 1e-10));
  }
}

TEST_CASE("laws have the spread and the quantiles they state", "[sampling]") {
  const int n = 200000;
  double sum = 0, square = 0;
  const Law t = StudentT{.mean = 0.1, .sd = 0.08, .dof = 6};
  for (int i = 0; i < n; ++i) {
    const double x = quantile(t, (i + 0.5) / n);
    sum += x;
    square += (x - 0.1) * (x - 0.1);
  }
  CHECK(near(sum / n, 0.1, 1e-9));
  CHECK(near(std::sqrt(square / n), 0.08, 1e-3));
  CHECK(near(quantile(Normal{1, 2}, 0.975), 1 + 2 * 1.959963984540054, 1e-15));

  const auto discount = lognormal_through({0.5, 0.004}, {0.99, 0.08});
  REQUIRE(discount);
  CHECK(near(quantile(*discount, 0.5), 0.004, 1e-14));
  CHECK(near(quantile(*discount, 0.99), 0.08, 1e-13));
  const auto capital = lognormal_through({0.01, 2e6}, {0.5, 40e6});
  REQUIRE(capital);
  CHECK(near(quantile(*capital, 0.01), 2e6, 1e-13));
  CHECK(near(quantile(*capital, 0.5), 40e6, 1e-13));
  CHECK_FALSE(lognormal_through({0.5, 1}, {0.99, 0.5}));
  CHECK_FALSE(lognormal_through({0.5, 1}, {0.5, 2}));
  CHECK_FALSE(lognormal_through({0.5, -1}, {0.99, 2}));
  CHECK(quantile(Fixed{{5, 7, 9}}, 0.34) == 7);
  CHECK(quantile(Fixed{{5, 7, 9}}, 0.9999999) == 9);
}

TEST_CASE("between renormalises the law, in either tail", "[sampling]") {
  for (const Law& law : {Law{Normal{0, 1}}, Law{StudentT{0, 1, 3}}}) {
    for (const Between range : {Between{-1, 2}, Between{2, 3}, Between{-3, -2}, Between{6, 9}}) {
      REQUIRE(law_error(law, range).empty());
      double last = range.lo;
      for (int i = 1; i < 50; ++i) {
        const double x = quantile(law, i / 50.0, range);
        CHECK(x > last);
        last = x;
      }
      CHECK(last < range.hi);
      CHECK(near(quantile(law, 0.3, range), -quantile(law, 0.7, Between{-range.hi, -range.lo}),
                 1e-9));
    }
  }
  // Φ(-1) = 0.158655..., Φ(1) = 0.841344...: the median of [-1, inf) stands where Φ = 0.579327...
  const double x = quantile(Normal{0, 1}, 0.5, Between{-1, 1e300});
  CHECK(near(normal_cumulative(x), 0.5 * (1 + 0.15865525393145705), 1e-14));
  CHECK(quantile(Uniform{0, 10}, 0.5, Between{4, 20}) == 7);
  CHECK(quantile(*lognormal_through({0.5, 1}, {0.9, 2}), 1e-9, Between{-5, 3}) > 0);
  CHECK_FALSE(law_error(Normal{0, 1}, Between{50, 60}).empty());
  CHECK_FALSE(law_error(Normal{0, 1}, Between{2, 1}).empty());
  CHECK_FALSE(law_error(StudentT{0, 1, 2}).empty());
  CHECK_FALSE(law_error(Normal{0, 0}).empty());
  CHECK_FALSE(law_error(Uniform{1, 1}).empty());
  CHECK_FALSE(law_error(Fixed{}).empty());
}

TEST_CASE("draws depend on seed, id and name, not on the order of inputs", "[sampling][laws]") {
  for (const auto kind : {SamplerKind::random, SamplerKind::latin_hypercube, SamplerKind::sobol}) {
    SamplingPlan plan = two_inputs(kind, 100);
    plan.inputs.push_back({"c", Normal{0, 1}, {}});
    plan.correlations = {{"a", "c", 0.6}};
    const auto one = all_draws(plan);
    std::swap(plan.inputs[0], plan.inputs[2]);
    plan.correlations = {{"c", "a", 0.6}};
    const auto two = all_draws(plan);
    CHECK(one[0] == two[2]);
    CHECK(one[1] == two[1]);
    CHECK(one[2] == two[0]);
    plan.seed = 2;
    CHECK(all_draws(plan)[1] != two[1]);
  }
}

TEST_CASE("random and sobol sweeps can be lengthened", "[sampling]") {
  for (const auto kind : {SamplerKind::random, SamplerKind::sobol}) {
    auto longer = all_draws(two_inputs(kind, 300));
    const auto shorter = all_draws(two_inputs(kind, 100));
    for (auto& column : longer) column.resize(100);
    CHECK(longer == shorter);
  }
}

TEST_CASE("a latin hypercube has one draw in each stratum", "[sampling]") {
  for (const std::uint64_t n : {1u, 2u, 7u, 100u, 1000u, 4097u}) {
    const auto columns = all_draws(two_inputs(SamplerKind::latin_hypercube, n));
    for (const auto& column : columns) {
      std::set<int> strata;
      for (const double u : column) strata.insert(static_cast<int>(u * static_cast<double>(n)));
      CHECK(strata.size() == n);
    }
    if (n > 50) CHECK(std::fabs(spearman_of(columns[0], columns[1])) < 5 / std::sqrt(double(n)));
  }
}

// A (0, 2)-sequence: scrambled or not, the first 2^(a+b) points of the first two dimensions put one
// point in each box of 2^-a by 2^-b.
TEST_CASE("scrambled sobol keeps its boxes", "[sampling]") {
  const auto columns = all_draws(two_inputs(SamplerKind::sobol, 1024));
  for (int a = 0; a <= 10; ++a) {
    std::set<std::pair<int, int>> boxes;
    for (std::size_t i = 0; i < 1024; ++i)
      boxes.insert({static_cast<int>(columns[0][i] * (1 << a)),
                    static_cast<int>(columns[1][i] * (1 << (10 - a)))});
    CHECK(boxes.size() == 1024);
  }
  double worst = 0;  // integrates x·y far better than random draws (error about 0.007)
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    SamplingPlan plan = two_inputs(SamplerKind::sobol, 1024);
    plan.seed = seed;
    const auto c = all_draws(plan);
    double sum = 0;
    for (std::size_t i = 0; i < 1024; ++i) sum += c[0][i] * c[1][i];
    worst = std::max(worst, std::fabs(sum / 1024 - 0.25));
  }
  CHECK(worst < 3e-4);
}

// Every coordinate of a Sobol' sequence is a (0, 1)-sequence: one of 2^m points in each 2^-m.
TEST_CASE("every scrambled sobol coordinate is stratified", "[sampling]") {
  SamplingPlan plan;
  plan.draws = 512;
  for (int i = 0; i < 40; ++i)
    plan.inputs.push_back({"x" + std::to_string(i), Uniform{0, 1}, std::nullopt});
  for (const auto& column : all_draws(plan)) {
    std::set<int> strata;
    for (const double u : column) strata.insert(static_cast<int>(u * 512));
    CHECK(strata.size() == 512);
  }
}

TEST_CASE("grid and list enumerate stated values", "[sampling]") {
  SamplingPlan plan;
  plan.kind = SamplerKind::grid;
  plan.inputs = {{"z", Fixed{{1, 2, 3}}, {}}, {"a", Fixed{{10, 20}}, {}}};
  const auto grid = all_draws(plan);
  CHECK(grid[0] == std::vector<double>{1, 2, 3, 1, 2, 3});  // last by name turns fastest
  CHECK(grid[1] == std::vector<double>{10, 10, 10, 20, 20, 20});
  plan.kind = SamplerKind::list;
  CHECK(plan_errors(plan).size() == 1);
  plan.inputs[1].law = Fixed{{10, 20, 30}};
  const auto list = all_draws(plan);
  CHECK(list[0] == std::vector<double>{1, 2, 3});
  CHECK(list[1] == std::vector<double>{10, 20, 30});
}

TEST_CASE("draws have the rank correlations asked for", "[sampling]") {
  for (const auto kind : {SamplerKind::random, SamplerKind::latin_hypercube, SamplerKind::sobol}) {
    SamplingPlan plan;
    plan.kind = kind;
    plan.draws = 8192;
    plan.inputs = {{"eth", StudentT{0, 0.08, 4}, {}},
                   {"discount", *lognormal_through({0.5, 0.004}, {0.99, 0.08}), {}},
                   {"latency", *lognormal_through({0.5, 24}, {0.99, 900}), Between{5, 600}},
                   {"capital", *lognormal_through({0.5, 40e6}, {0.01, 2e6}), {}}};
    plan.correlations = {
        {"eth", "discount", -0.7}, {"eth", "latency", -0.4}, {"eth", "capital", 0.3}};
    const auto c = all_draws(plan);
    CHECK(std::fabs(spearman_of(c[0], c[1]) + 0.7) < 0.02);
    CHECK(std::fabs(spearman_of(c[0], c[2]) + 0.4) < 0.03);
    CHECK(std::fabs(spearman_of(c[0], c[3]) - 0.3) < 0.03);
    CHECK(std::fabs(spearman_of(c[1], c[3])) < 0.035);
    CHECK(*std::min_element(c[2].begin(), c[2].end()) >= 5);
    CHECK(*std::max_element(c[2].begin(), c[2].end()) <= 600);
  }
}

TEST_CASE("correlations that cannot hold together are told the nearest that can", "[sampling]") {
  const std::vector<RankCorrelation> bad = {{"eth", "latency", -0.9},
                                            {"eth", "capital", 0.9},
                                            {"latency", "capital", 0.9},
                                            {"x", "y", 1}};
  const auto found = nearest_possible(bad);
  REQUIRE(found.size() == 1);
  CHECK(found[0].text() ==
        "eth, latency, capital cannot hold together; nearest possible: -0.48, 0.48, 0.48");
  CHECK(nearest_possible(found[0].nearest).empty());
  CHECK(nearest_possible(std::vector<RankCorrelation>{{"a", "b", 1}, {"b", "c", 1}, {"a", "c", 1}})
            .empty());
  // An unlisted pair stays 0: a chain of strong links must weaken.
  const auto chain =
      nearest_possible(std::vector<RankCorrelation>{{"a", "b", 0.9}, {"b", "c", 0.9}});
  REQUIRE(chain.size() == 1);
  CHECK(chain[0].nearest.size() == 2);
}

// Higham 2002, section 4 (also MATLAB's nearcorr and R's Matrix::nearPD): the nearest to this
// matrix.
TEST_CASE("nearest_correlation gives Higham's example", "[sampling]") {
  Matrix m = Matrix::identity(3), all(3);
  m(0, 1) = m(1, 0) = m(1, 2) = m(2, 1) = 1;
  for (double& cell : all.cells) cell = 1;
  const Matrix nearest = nearest_correlation(m, all);
  CHECK(std::fabs(nearest(0, 1) - 0.7606899) < 1e-6);
  CHECK(std::fabs(nearest(0, 2) - 0.1572981) < 1e-6);
}

TEST_CASE("every mistake of a plan is named", "[sampling]") {
  SamplingPlan plan = two_inputs(SamplerKind::sobol, 0);
  plan.inputs.push_back({"a", Normal{0, -1}, {}});
  plan.correlations = {{"a", "nothing", 0.5}, {"a", "b", 1.5}, {"a", "a", 0.1}, {"b", "a", 0.2}};
  CHECK(plan_errors(plan).size() == 7);
  plan = two_inputs(SamplerKind::grid, 0);
  CHECK(plan_errors(plan).size() == 2);
}

// One pinned hash of all samplers and laws: the same on every machine (charter, law 3).
TEST_CASE("draws are the same bytes everywhere", "[sampling][laws]") {
  Fingerprint hash;
  for (const auto kind : {SamplerKind::random, SamplerKind::latin_hypercube, SamplerKind::sobol}) {
    SamplingPlan plan;
    plan.kind = kind;
    plan.draws = 500;
    plan.inputs = {{"n", Normal{0, 1}, {}},
                   {"t", StudentT{0, 0.08, 4.5}, {}},
                   {"l", Lognormal{1, 0.5}, Between{1, 9}}};
    plan.correlations = {{"n", "t", -0.7}, {"l", "t", 0.4}};
    for (const auto& column : all_draws(plan))
      for (const double x : column) hash.add(x);
  }
  CHECK(hash.text() == "7a9118c992de");
}

}  // namespace faultline
