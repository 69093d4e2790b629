// Liquidation to a target health: numbers of Aave v4's own tests (LiquidationLogic.LiquidationBonus
// and .LiquidationAmounts), its formulas worked by hand, and what must hold of them.
#include <catch2/catch.hpp>
#include <cmath>

#include "protocols/liquidation/target_health.hpp"

using namespace faultline;

namespace {

const TargetHealthTerms terms{.collateral_factor = 0.8,
                              .most_bonus = 0.1,
                              .fee = 0.1,
                              .target = 1.1,
                              .full_bonus_below = 0.9,
                              .least_bonus_share = 0.5,
                              .dust_usd = 1000};

/// One debt at $1, one collateral, health from both.
LiquidationRow row_of(double debt, double collateral, double price) {
  LiquidationRow row;
  row.debt = debt;
  row.debt_price = 1;
  row.collateral = collateral;
  row.collateral_price = price;
  row.total_debt_usd = debt;
  row.health = collateral * price * terms.collateral_factor / debt;
  return row;
}

}  // namespace

TEST_CASE("target health: numbers of the contract's tests") {
  TargetHealthTerms t{.collateral_factor = 0.5,
                      .most_bonus = 0.2,
                      .fee = 0.1,
                      .target = 1,
                      .full_bonus_below = 0.8,
                      .least_bonus_share = 0.5};
  LiquidationRow row;
  row.debt = 5;
  row.debt_price = 2000;
  row.collateral = 11000;
  row.collateral_price = 1;
  row.total_debt_usd = 10000;
  row.health = 0.8;
  TargetPlan p = plan_to_target(t, row, 3);  // test_calculateLiquidationAmounts_EnoughCollateral
  CHECK(p.repay == Approx(2.5).epsilon(1e-12));
  CHECK(p.seize == Approx(6000).epsilon(1e-12));
  CHECK(p.to_liquidator == Approx(5900).epsilon(1e-12));
  row.collateral = 3000;  // test_calculateLiquidationAmounts_InsufficientCollateral
  p = plan_to_target(t, row, 3);
  CHECK(p.repay == Approx(1.25).epsilon(1e-12));
  CHECK(p.seize == 3000);
  CHECK(p.to_liquidator == Approx(2950).epsilon(1e-12));
  t.most_bonus = 0.1;
  CHECK(growing_bonus(t, 1) == Approx(0.05).epsilon(1e-12));
  CHECK(growing_bonus(t, 0.96) == Approx(0.06).epsilon(1e-12));
  CHECK(growing_bonus(t, 0.8) == 0.1);
}

TEST_CASE("target health: the bonus grows as health falls") {
  CHECK(growing_bonus(terms, 1) == Approx(0.05));
  CHECK(growing_bonus(terms, 0.95) == Approx(0.075));
  CHECK(growing_bonus(terms, 0.9) == 0.1);
  CHECK(growing_bonus(terms, 0.3) == 0.1);
  double before = 0;
  for (double hf = 1; hf > 0.8; hf -= 0.01) {
    CHECK(growing_bonus(terms, hf) >= before);
    before = growing_bonus(terms, hf);
  }
}

TEST_CASE("target health: a liquidation ends at the target") {
  for (const double price : {1990.0, 1950.0, 1900.0, 1860.0}) {
    const LiquidationRow row = row_of(80000, 50, price);
    const TargetPlan p = plan_to_target(terms, row);
    REQUIRE(p.refusal == Refusal::none);
    CHECK(health_after(terms, row, p) == Approx(terms.target));
    CHECK(p.repay * (1 + p.bonus) == Approx(p.seize * price));
    CHECK(p.to_protocol == Approx(0.1 * (p.seize - p.seize / (1 + p.bonus))));
    CHECK(p.to_liquidator + p.to_protocol == Approx(p.seize));
  }
  // by hand: HF 0.95, LB 1.075: 80,000 (1.1 - 0.95) / (1.1 - 1.075 0.8) = 50,000
  const TargetPlan p = plan_to_target(terms, row_of(80000, 50, 1900));
  CHECK(p.repay == Approx(50000));
  CHECK(p.seize == Approx(50000 * 1.075 / 1900));
  // offered less, so much is done
  const TargetPlan part = plan_to_target(terms, row_of(80000, 50, 1900), 20000);
  CHECK(part.repay == 20000);
  // as bonus x CF < HFmax, two halves pay no more than one whole
  LiquidationRow row = row_of(80000, 50, 1900);
  const double worth = p.to_liquidator * 1900 - p.repay;
  double halves = 0;
  for (int i = 0; i < 2; ++i) {
    const TargetPlan h = plan_to_target(terms, row, 25000);
    halves += h.to_liquidator * 1900 - h.repay;
    row = row_of(row.debt - h.repay, row.collateral - h.seize, 1900);
  }
  CHECK(halves <= worth);
}

TEST_CASE("target health: no crumbs are left") {
  // debt: 2,500 owed, 1,562.5 to the target leaves 937.5: all of it goes
  TargetPlan p = plan_to_target(terms, row_of(2500, 50 * 2500.0 / 80000, 1900));
  CHECK(p.empties_debt);
  CHECK(p.repay == 2500);
  CHECK(plan_to_target(terms, row_of(2500, 50 * 2500.0 / 80000, 1900), 2000).refusal ==
        Refusal::dust);
  // exactly $1,000 may stay
  LiquidationRow row = row_of(80000, 50, 1900);
  row.debt = 51000;
  CHECK(plan_to_target(terms, row).repay == Approx(50000));
  row.debt = 50999;
  CHECK(plan_to_target(terms, row).repay == 50999);
  // collateral: 50,000 debt takes 53,750 of 54,000; 250 would stay, so all is taken and paid for
  row = row_of(80000, 50, 1900);
  row.collateral = 54000.0 / 1900;
  p = plan_to_target(terms, row);
  CHECK(p.empties_collateral);
  CHECK(p.repay == Approx(54000 / 1.075));
  CHECK(plan_to_target(terms, row, 50000).refusal == Refusal::dust);
  CHECK(plan_to_target(terms, row, 54000 / 1.075).refusal == Refusal::none);
  // fewer than enough: scaled down, crumbs of debt may stay
  row.collateral = 10;
  p = plan_to_target(terms, row, 40000);
  CHECK(p.seize == 10);
  CHECK(p.repay == Approx(19000 / 1.075));
  CHECK_FALSE(p.empties_debt);
}

TEST_CASE("target health: deficits, refusals and thresholds beyond repair") {
  const LiquidationRow row = row_of(80000, 38, 1900);  // under water
  const TargetPlan p = plan_to_target(terms, row);
  CHECK(p.empties_collateral);
  CHECK(p.repay == Approx(38 * 1900 / 1.1));
  CHECK(leaves_deficit(p, 1, 1));
  CHECK_FALSE(leaves_deficit(p, 2, 1));  // crumbs of another collateral keep it from the books
  TargetPlan paid = p;
  paid.empties_debt = true;
  CHECK_FALSE(leaves_deficit(paid, 1, 1));
  CHECK(leaves_deficit(paid, 1, 2));
  TargetHealthTerms steep = terms;
  steep.collateral_factor = 0.95;
  steep.most_bonus = 0.2;
  CHECK(std::isinf(debt_to_target(steep, 100, 0.8, 0.2)));
  LiquidationRow bad = row;
  bad.collateral_price = 0;
  CHECK(plan_to_target(terms, bad).refusal == Refusal::no_price);
  bad = row;
  bad.debt = 0;
  CHECK(plan_to_target(terms, bad).refusal == Refusal::nothing);
}
