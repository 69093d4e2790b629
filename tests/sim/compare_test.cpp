// What may be said of two designs on the same draws: by differences, with their intervals, and no
// more than the numbers carry.
#include <catch2/catch.hpp>

#include <cmath>

#include "sim/studies/compare.hpp"

using namespace faultline;

namespace {

DesignRuns runs(const char* name, std::vector<double> bad_debt, std::vector<double> failing = {},
                std::vector<double> direct = {}) {
  DesignRuns out;
  out.name = name;
  const std::size_t n = bad_debt.size();
  if (failing.empty()) failing.assign(n, 0);
  if (direct.empty()) direct = bad_debt;
  out.metrics["bad_debt_usd"] = std::move(bad_debt);
  out.metrics["failing_usd"] = std::move(failing);
  out.metrics["direct_loss_usd"] = std::move(direct);
  return out;
}

}  // namespace

TEST_CASE("a paired difference is told only beyond its interval") {
  // Differences -4, -6, -5, -5: mean -5, sd 0.8165, t(3) = 3.182446: +- 1.299228.
  const PairedMetric m =
      pair_metric("bad_debt_usd", std::vector<double>{10, 20, 30, 40}, {{6, 14, 25, 35}});
  CHECK(m.difference.value == -5);
  CHECK(m.difference.lo == Approx(-6.299228).epsilon(1e-6));
  CHECK(m.difference.hi == Approx(-3.700772).epsilon(1e-6));
  CHECK(m.told == Told::less);
  CHECK(m.ratio.value == 0.8);
  const PairedMetric unclear = pair_metric("x", std::vector<double>{1, 5, 1, 5}, {{5, 1, 2, 5}});
  CHECK(unclear.told == Told::cannot_tell);
  const PairedMetric same = pair_metric("x", std::vector<double>{1, 5}, {{1, 5}});
  CHECK(same.told == Told::same);
  // A tenth of a cent more in every scenario: sure, and of no account.
  const PairedMetric crumbs =
      pair_metric("x", std::vector<double>{1, 5, 9}, {{1.001, 5.001, 9.001}});
  CHECK(crumbs.difference.lo > 0);
  CHECK(crumbs.told == Told::cannot_tell);
}

TEST_CASE("no ratio is given of a total whose interval holds zero") {
  const PairedMetric rare =
      pair_metric("x", std::vector<double>{0, 0, 0, 0, 100}, {{0, 0, 0, 0, 10}});
  CHECK(rare.reference.lo < 0);
  CHECK(std::isnan(rare.ratio.value));
  CHECK(rare.told == Told::cannot_tell);
  CHECK(rare.reference_hits == 1);
}

TEST_CASE("what never happened in n scenarios has a greatest chance") {
  CHECK(chance_bound(1) == Approx(0.95));
  CHECK(chance_bound(59) == Approx(0.04951).epsilon(1e-3));  // the first n below 5%
  CHECK(chance_bound(2000) == Approx(0.0014967).epsilon(1e-4));
}

TEST_CASE("bands of severity show where the better design turns into the worse") {
  std::vector<double> direct, pool, split;
  for (int i = 0; i < 30; ++i) {
    direct.push_back(1 + i);
    pool.push_back(i < 10 ? 0 : 100 + i % 3);
    split.push_back(20 + i % 2);
  }
  const DesignRuns a = runs("pool", direct, pool, direct), b = runs("split", direct, split, direct);
  const Comparison c = compare_designs(a, b);
  REQUIRE(c.bands.size() == 3);
  CHECK(c.bands[0].scenarios == 10);
  CHECK(c.bands[0].most_usd == 10);
  CHECK(c.bands[0].failing.told == Told::more);
  CHECK(c.bands[2].failing.told == Told::less);
  CHECK(c.failing_flips);
  CHECK(!c.bad_debt_flips);
  const Comparison back = compare_designs(b, a);
  CHECK(back.failing_flips);
  CHECK(back.bands[0].failing.told == Told::less);
}

TEST_CASE("a metric that some scenario lacks is not compared") {
  DesignRuns a = runs("a", {1, 2}), b = runs("b", {1, 3});
  a.metrics["breadth_usd"] = {1, std::nan("")};
  b.metrics["breadth_usd"] = {1, 1};
  b.metrics["liquidated_usd"] = {1, 1};
  const Comparison c = compare_designs(a, b);
  CHECK(c.metric("bad_debt_usd") != nullptr);
  CHECK(c.metric("breadth_usd") == nullptr);
  CHECK(c.metric("liquidated_usd") == nullptr);
}

TEST_CASE("a design is beaten by one that lends as much and is told to lose less") {
  const std::vector<DesignRuns> all{runs("pool", {10, 11, 12, 13}), runs("safe", {1, 2, 3, 4}),
                                    runs("dear", {1, 2, 3, 4})};
  std::vector<FrontierPoint> points(3);
  const double locked[] = {200, 200, 400};
  for (std::size_t i = 0; i < 3; ++i) {
    points[i].name = all[i].name;
    points[i].facts = {100, locked[i] / 2, locked[i] / 2};
  }
  find_frontier(all, points);
  CHECK(points[0].beaten_by == "safe");
  CHECK(points[1].beaten_by.empty());
  CHECK(points[2].beaten_by == "safe");  // the same loss, and ties up twice the money
  CHECK(points[0].facts.per_dollar_locked() == 0.5);
  CHECK(points[0].facts.per_collateral() == 1);
}
