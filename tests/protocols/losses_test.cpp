#include "protocols/losses/losses.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "core/quantity.hpp"

using namespace faultline;

namespace {

LossPolicy policy(const std::string& recognise, std::vector<std::string> bearers) {
  LossSpec s;
  s.recognise = recognise;
  s.bearers = std::move(bearers);
  return compile_losses(s);
}

}  // namespace

TEST_CASE("absorbing a hole conserves it exactly, in every order") {
  const std::vector<std::vector<std::string>> orders{{},
                                                     {"carry"},
                                                     {"haircut"},
                                                     {"reserve"},
                                                     {"reserve", "haircut"},
                                                     {"reserve", "carry"},
                                                     {"haircut", "reserve"},
                                                     {"reserve", "haircut", "carry"},
                                                     {"reserve", "reserve", "haircut"}};
  std::mt19937_64 rng(5);
  const Quantum q = quantum_for(4e9);
  const auto draw = [&](double most) {
    const double u = std::uniform_real_distribution<double>(0, 1)(rng);
    return u < 0.1 ? 0.0 : q.down(most * u * u);
  };
  for (int i = 0; i < 20000; ++i) {
    const LossPolicy p = policy("at_once", orders[static_cast<std::size_t>(i) % orders.size()]);
    const double deficit = draw(2e9), reserve = draw(1e8), claims = draw(3e9);
    const Absorbed a = absorb(deficit, reserve, claims, p);
    REQUIRE(a.from_reserve + a.haircut + a.carried == deficit);
    REQUIRE(q.whole(a.from_reserve));
    REQUIRE(q.whole(a.haircut));
    REQUIRE(q.whole(a.carried));
    REQUIRE(a.from_reserve >= 0);
    REQUIRE(a.haircut >= 0);
    REQUIRE(a.carried >= 0);
    REQUIRE(a.from_reserve <= reserve);
    REQUIRE(a.haircut <= claims);
  }
}

TEST_CASE("bearers pay in their order") {
  const Absorbed aave = absorb(100, 30, 1000, policy("all_collateral_gone", {"reserve", "carry"}));
  CHECK(aave.from_reserve == 30);
  CHECK(aave.haircut == 0);
  CHECK(aave.carried == 70);
  const Absorbed morpho = absorb(100, 30, 1000, policy("collateral_gone", {"haircut"}));
  CHECK(morpho.from_reserve == 0);
  CHECK(morpho.haircut == 100);
  const Absorbed hole = absorb(100, 30, 50, policy("at_once", {"reserve", "haircut"}));
  CHECK(hole.carried == 20);  // claims cannot fall below nothing
  const Absorbed first = absorb(100, 30, 1000, policy("at_once", {"carry", "reserve"}));
  CHECK(first.carried == 100);
}

TEST_CASE("a hole is recognised when its rule says so") {
  const auto loss = [](const std::string& rule, DebtorLeft left) {
    return recognised_loss(policy(rule, {}).recognition, left);
  };
  const DebtorLeft dust{
      .debt = 10, .collateral = 1e-9, .collateral_value = 1e-9, .all_collateral_usd = 1e-9};
  const DebtorLeft elsewhere{
      .debt = 10, .collateral = 0, .collateral_value = 0, .all_collateral_usd = 5};
  const DebtorLeft empty{.debt = 10};
  for (const DebtorLeft& left : {dust, elsewhere, empty}) CHECK(loss("never", left) == 0);
  CHECK(loss("collateral_gone", dust) == 0);  // one unit left postpones it
  CHECK(loss("collateral_gone", elsewhere) == 10);
  CHECK(loss("all_collateral_gone", elsewhere) == 0);
  CHECK(loss("all_collateral_gone", empty) == 10);
  CHECK(loss("at_once", {.debt = 10, .collateral = 3, .collateral_value = 7}) == 3);
  CHECK(loss("at_once", {.debt = 10, .collateral = 3, .collateral_value = 17}) == 0);
}

TEST_CASE("a carried hole falls on those who stay") {
  CHECK(claim_factor(1000, 100) == Approx(0.9));
  CHECK(claim_factor(0, 0) == 1);
  CHECK(stayers_recover(1000, 0, 100) == Approx(0.9));
  CHECK(stayers_recover(1000, 800, 100) == Approx(0.5));
  CHECK(stayers_recover(1000, 950, 100) == 0);
  CHECK(stayers_recover(1000, 1000, 100) == 1);  // nobody stays
}
