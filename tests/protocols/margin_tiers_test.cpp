// Margin by size: Binance's published brackets, dYdX's own unit tests, Hyperliquid's rule.
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "protocols/margin/margin_tiers.hpp"
#include "tests/known_vectors.hpp"

using namespace faultline;
using nlohmann::json;

namespace {

double number(const json& j) {
  return j.is_string() ? std::stod(j.get<std::string>()) : j.get<double>();
}

MarginTierSpec tier(double above, double leverage) {
  return {.above = {above, "$"}, .max_leverage = Ratio{leverage}, .maintenance = {}};
}

/// The chain keeps rates in whole parts per million: what it floors, from our unrounded value.
double whole_ppm(double rate) {
  return std::floor(rate * 1e6 * (1 + 1e-13));
}

}  // namespace

TEST_CASE("margin tiers: deductions follow from rates as in binance_margin_tiers.json") {
  const json file = test::known("markets/binance_margin_tiers");
  const double tolerance = file["tolerance"]["abs"];
  int compared = 0;
  for (const json& c : file["cases"]) {
    INFO(c["name"]);
    MarginTiersSpec spec;
    spec.tiers.clear();
    for (const json& t : c["tiers"]) {
      MarginTierSpec s = tier(number(t["notionalFloor"]), number(t["initialLeverage"]));
      s.maintenance = Ratio{number(t["maintMarginRatio"])};
      spec.tiers.push_back(s);
    }
    CHECK(tiers_problem(spec).empty());
    const auto tiers = compile_tiers(spec);
    for (std::size_t n = 0; n < tiers.size(); ++n) {
      const json& t = c["tiers"][n];
      CHECK(std::fabs(tiers[n].deduction - number(t["cum"])) <= tolerance);
      const double middle = (number(t["notionalFloor"]) + number(t["notionalCap"])) / 2;
      CHECK(tier_of(tiers, middle) == n);
      CHECK(std::fabs(maintenance_margin(tiers, middle) -
                      (middle * number(t["maintMarginRatio"]) - number(t["cum"]))) <= tolerance);
      CHECK(initial_margin(tiers, middle) == middle * (1 / number(t["initialLeverage"])));
      const double below = std::nextafter(tiers[n].floor, 0);  // margin does not jump
      CHECK(maintenance_margin(tiers, tiers[n].floor) ==
            Approx(maintenance_margin(tiers, below)).epsilon(1e-12));
      ++compared;
    }
  }
  CHECK(compared == 33);
}

TEST_CASE("margin tiers: half of initial margin is asked where no maintenance is stated") {
  // Hyperliquid's BTC: 40x up to $150m of notional, 20x above.
  MarginTiersSpec spec;
  spec.tiers = {tier(0, 40), tier(150e6, 20)};
  REQUIRE(tiers_problem(spec).empty());
  const auto tiers = compile_tiers(spec);
  CHECK(tiers[0].maintenance == 0.0125);
  CHECK(tiers[1].maintenance == 0.025);
  CHECK(tiers[1].deduction == 150e6 * 0.0125);
  CHECK(maintenance_margin(tiers, 100e6) == 1.25e6);
  CHECK(maintenance_margin(tiers, 200e6) == 5e6 - 1.875e6);
  CHECK(initial_margin(tiers, 100e6) == 2.5e6);
  CHECK(initial_margin(tiers, 200e6) == 10e6);
  spec.tiers = {tier(0, 3)};  // one third of notional opens, one sixth maintains
  CHECK(compile_tiers(spec)[0].maintenance == Approx(1.0 / 6).epsilon(1e-15));
}

TEST_CASE("margin tiers: initial margin rises with open interest as in dydx_v4_margin_oimf.json") {
  int compared = 0;
  const json file = test::known("markets/dydx_v4_margin_oimf");
  for (const json& c : file["cases"]) {
    INFO(c["name"]);
    const double base = number(c["imf_ppm"]) / 1e6;
    if (c["type"] == "funding_clamp") {
      const double kept = whole_ppm(base * (number(c["maint_fraction_ppm"]) / 1e6)) / 1e6;
      CHECK(whole_ppm(funding_clamp(number(c["clamp_ppm"]) / 1e6, base, kept)) ==
            number(c["expected_ppm"]));
      ++compared;
      continue;
    }
    const OpenInterestScale scale{number(c["lower"]), number(c["upper"])};
    const double rate = scaled_initial(base, scale, number(c["oi"]));
    if (c["type"] == "imf") {
      CHECK(whole_ppm(rate) == number(c["expected_ppm"]));
    } else {
      const double whole = whole_ppm(rate) / 1e6;
      CHECK(std::ceil(number(c["notional"]) * whole * (1 - 1e-13)) == number(c["expected_im"]));
    }
    ++compared;
  }
  CHECK(compared == 18);
}

TEST_CASE("margin tiers: what cannot be meant is answered with what to write instead") {
  MarginTiersSpec spec;
  CHECK(tiers_problem(spec).empty());
  CHECK(compile_open_interest(spec).upper == 0);
  spec.tiers = {tier(5, 40)};
  CHECK(tiers_problem(spec) == "let the first tier begin at $0");
  spec.tiers = {tier(0, 40), tier(10, 20), tier(10, 10)};
  CHECK(tiers_problem(spec) == "list the tiers by rising `above`");
  spec.tiers = {tier(0, 20), tier(10, 40)};
  CHECK(tiers_problem(spec) == "let margin rise, and leverage fall, from tier to tier");
  spec.tiers = {tier(0, 20)};
  spec.tiers[0].maintenance = Ratio{0.06};
  CHECK(tiers_problem(spec) ==
        "keep maintenance margin at or below initial margin, 1 / max_leverage");
  spec.tiers = {tier(0, 20)};
  spec.open_interest_from = Amount{40e6, "$"};
  CHECK(tiers_problem(spec) == "add open_interest_to");
  spec.open_interest_to = Amount{40e6, "$"};
  CHECK(tiers_problem(spec) == "write an open_interest_to above open_interest_from");
  spec.open_interest_to = Amount{100e6, "$"};
  CHECK(tiers_problem(spec).empty());
  CHECK(scaled_initial(0.05, compile_open_interest(spec), 70e6) == Approx(0.525));
}
