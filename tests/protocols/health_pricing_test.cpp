// Terms that answer to health: a call that ends at a target, a bonus that grows as health falls, a
// discount as large as the violation. 100 ETH at $2000 with a threshold of 80%: health 1 at a debt
// of $160,000.
#include <catch2/catch.hpp>
#include <cmath>

#include "protocols/liquidation/sizing.hpp"

using namespace faultline;

namespace {

LiquidationRow owing(double usd) {
  LiquidationRow row;
  row.debt = row.total_debt_usd = usd;
  row.debt_price = 1;
  row.collateral = 100;
  row.collateral_price = 2000;
  row.health = 160000 / usd;
  row.debt_quantum = row.collateral_quantum = Quantum{std::ldexp(1.0, -20), std::ldexp(1.0, 20)};
  return row;
}

double health_after(const LiquidationRow& row, const LiquidationPlan& plan) {
  return (row.collateral - plan.seize) * row.collateral_price * 0.8 / (row.debt - plan.repay);
}

}  // namespace

TEST_CASE("terms by health: a call repays what brings health back to its target") {
  LendingTermsSpec spec;
  spec.lt.value = 0.8;
  spec.bonus = Ratio{0.05};
  spec.target_health = Ratio{1.05};
  const LendingTerms t = compile_terms(spec);
  const LiquidationRow row = owing(162000);
  const LiquidationPlan plan = plan_liquidation(row, t);
  CHECK(plan.refusal == Refusal::none);
  // 162,000 x (1.05 - 160/162) / (1.05 - 1.05 x 0.8)
  CHECK(plan.repay == Approx(162000 * (1.05 - 160.0 / 162) / 0.21).epsilon(1e-9));
  CHECK(health_after(row, plan) == Approx(1.05).epsilon(1e-6));
  CHECK(plan.seize == Approx(plan.repay * 1.05 / 2000).epsilon(1e-9));
  // Too deep to come back: all of it.
  CHECK(plan_liquidation(owing(230000), t).seize == 100);
}

TEST_CASE("terms by health: the bonus grows from its least share to all of it") {
  LendingTermsSpec spec;
  spec.lt.value = 0.8;
  spec.bonus = Ratio{0.1};
  spec.close_factor = Ratio{0.5};
  spec.full_bonus_below = Ratio{0.9};
  spec.least_bonus_share = Ratio{0.4};
  const LendingTerms t = compile_terms(spec);
  CHECK(bonus_at(t, 1) == Approx(0.04));
  CHECK(bonus_at(t, 0.95) == Approx(0.07));
  CHECK(bonus_at(t, 0.9) == Approx(0.1));
  CHECK(bonus_at(t, 0.5) == Approx(0.1));
  const LiquidationRow row = owing(160000 / 0.95);
  const LiquidationPlan plan = plan_liquidation(row, t);
  CHECK(plan.repay == Approx(row.debt / 2));
  const double quantum_usd = 2000 * row.collateral_quantum.step;
  CHECK(plan.seize * 2000 == Approx(plan.repay * 1.07).margin(quantum_usd));
}

TEST_CASE("terms by health: the discount is the violation, up to its most") {
  LendingTermsSpec spec;
  spec.lt.value = 0.8;
  spec.max_discount = Ratio{0.15};
  spec.close_factor = Ratio{1};
  const LendingTerms t = compile_terms(spec);
  CHECK(bonus_at(t, 1) == 0);
  CHECK(bonus_at(t, 0.97) == Approx(1 / 0.97 - 1));
  CHECK(bonus_at(t, 0.5) == Approx(1 / 0.85 - 1));
  const LiquidationRow row = owing(160000 / 0.97);
  const LiquidationPlan plan = plan_liquidation(row, t);
  CHECK(plan.repay == Approx(row.debt));
  const double quantum_usd = 2000 * row.collateral_quantum.step;
  CHECK(plan.seize * 2000 * 0.97 == Approx(row.debt).margin(quantum_usd));
}
