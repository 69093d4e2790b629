// Taking debts over at a growing discount: every case of euler_v2_liquidation.json.
#include <catch2/catch.hpp>

#include "protocols/liquidation/discount_growing.hpp"
#include "tests/known_vectors.hpp"

using namespace faultline;
using nlohmann::json;
using test::check_near;

TEST_CASE("growing discount: euler_v2_liquidation.json") {
  const json file = test::known("lending/euler_v2_liquidation");
  std::size_t compared = 0;
  for (const json& c : file["cases"]) {
    INFO(c["name"]);
    const double rel = test::tolerance_of(file, c);
    const json& want = c["expected"];
    ++compared;
    if (c.value("type", "") == "ramp") {
      for (std::size_t i = 0; i < c["at"].size(); ++i) {
        check_near(ramped_ltv(c["from"], c["to"], c["at"][i], c["duration"]), want[i], rel);
      }
      continue;
    }
    DiscountTerms t{.max_discount = file["max_discount"], .socialise = c.value("socialise", true)};
    Violation v{c["debt"], c["debt_price"], c["collateral"], c["collateral_price"], 0, false};
    v.health = health_score(v.collateral * v.collateral_price * c["ltv"].get<double>(),
                            v.debt * v.debt_price);
    check_near(v.health, want["health"], c.contains("tol_rel") ? 1e-3 : rel);
    CHECK(in_violation(t, v.health));
    const TakenOver got = take_over(t, v);
    check_near(got.debt, want["repay"], rel);
    check_near(got.collateral, want["yield"], rel);
    check_near(got.socialised, want["socialised"], rel);
    if (want.contains("total_borrows_after")) {
      const double others = c["other_debt"];
      check_near(others + v.debt - got.socialised, want["total_borrows_after"], rel);
    }
    if (want.contains("liability_value_left")) {
      check_near(got.left * v.debt_price, want["liability_value_left"], rel);
    }
  }
  CHECK(compared == file["cases"].size());
}

TEST_CASE("growing discount: debt is taken over, left or erased, never lost") {
  for (const bool socialise : {true, false}) {
    const DiscountTerms t{.max_discount = 0.15, .socialise = socialise};
    for (const bool other : {true, false}) {
      double before = 1e9;
      for (const double price : {1.25, 1.1, 1.05, 0.9, 0.5, 0.0}) {
        Violation v{90, 1, 100, price, 0, other};
        v.health = health_score(v.collateral * price * 0.8, 90);
        const TakenOver got = take_over(t, v);
        CHECK(got.debt + got.left + got.socialised == Approx(90));
        if (v.health > 1) {
          CHECK(got.left == 90);
          continue;
        }
        CHECK(got.collateral <= 100);
        if (other || !socialise) CHECK(got.socialised == 0);
        if (price > 0) {
          CHECK(got.debt / (got.collateral * price) == Approx(discount_factor(t, v.health)));
          CHECK(take_over_profit(v, got) >= 0);
        }
        CHECK(got.debt <= before);  // the lower the price, the less of the debt finds a taker
        before = got.debt;
        const TakenOver half = take_over(t, v, got.debt / 2);
        CHECK(half.debt == Approx(got.debt / 2));
        if (got.debt > 0) CHECK(half.collateral == Approx(got.collateral / 2));
        if (got.debt > 0) CHECK(half.socialised == 0);
      }
    }
  }
}

TEST_CASE("growing discount: thresholds, ramps and cool-off") {
  const DiscountTerms t{.max_discount = 0.15, .cool_off_s = 1};
  CHECK(in_violation(t, 1));  // at one, unlike elsewhere
  CHECK_FALSE(in_violation(t, 1.0000001));
  CHECK_FALSE(in_violation(t, 0.5, 0));
  CHECK(in_violation(t, 0.5, 1));
  CHECK(health_score(5, 0) > 1e300);
  CHECK(discount_factor(t, 1) == 1);  // no discount at the threshold
  CHECK(discount_factor(t, 0.95) == 0.95);
  CHECK(discount_factor(t, 0.2) == 0.85);
  CHECK(ramped_ltv(0.8, 0.6, 0, 100) == 0.8);
  CHECK(ramped_ltv(0.8, 0.6, 1000, 100) == 0.6);
  CHECK(ramped_ltv(0.6, 0.8, 0, 100) == 0.8);
  Violation tiny{1e-13, 1, 1, 0, 0, false};
  CHECK(take_over(t, tiny).socialised == 0);
}
