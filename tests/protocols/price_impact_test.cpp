// Impact of oracle-priced pools against GMX's own tests.
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "protocols/venues/price_impact.hpp"

using namespace faultline;
using nlohmann::json;

namespace {

double number(const json& j) {
  return j.is_string() ? std::stod(j.get<std::string>()) : j.get<double>();
}

json vectors() {
  std::ifstream in(std::string(FAULTLINE_TEST_DIR) + "/known/markets/gmx_v2_price_impact.json");
  REQUIRE(in);
  return json::parse(in);
}

}  // namespace

TEST_CASE("price impact: powers and imbalances match gmx_v2_price_impact.json") {
  const json file = vectors();
  const double rel = file["tolerance"]["double_rel"];
  int compared = 0;
  for (const json& c : file["cases"]) {
    INFO(c["name"]);
    if (c["type"] == "apply") {
      const ImpactTerms t{.exponent = number(c["exponent"])};
      const double expected = number(c["expected_1e30"]) * 1e-30;
      CHECK(std::fabs(impact_of(t, number(c["factor"]), number(c["diff"])) - expected) <=
            rel * expected);
      ++compared;
    } else if (c["type"] == "position_impact") {
      const ImpactTerms t{.positive = number(c["f_pos"]),
                          .negative = number(c["f_neg"]),
                          .exponent = number(c["exponent"])};
      const double before = number(c["long_oi"]) - number(c["short_oi"]);
      const double after = before + (c["is_long"] ? 1 : -1) * number(c["size"]);
      CHECK(price_impact(t, before, after) == Approx(number(c["expected_impact"])).epsilon(rel));
      ++compared;
    }
  }
  CHECK(compared == 16);
}

TEST_CASE("price impact: one rule at every scale, and no round trip earns") {
  for (const double exponent : {1.0, 1.5, 2.0, 3.0}) {
    const ImpactTerms t{.positive = 3e-4, .negative = 9e-4, .exponent = exponent, .at = 1e7};
    CHECK(price_impact(t, 0, 1e7) == Approx(-9e-4 * 1e7));  // the rate at `at`
    ImpactTerms doubled = t;
    doubled.at *= 1024;
    doubled.least *= 1024;
    for (const double before : {-3e7, -2e5, 0.0, 4e6}) {
      for (const double change : {-5e7, -1e5, 2e5, 3e7}) {
        const double there = price_impact(t, before, before + change);
        CHECK(there + price_impact(t, before + change, before) <= 1e-6);
        CHECK(price_impact(doubled, before * 1024, (before + change) * 1024) == there * 1024);
        // two halves cost what the whole costs while the balance is not crossed
        if (before * (before + change) >= 0) {
          const double half = before + change / 2;
          CHECK(price_impact(t, before, half) + price_impact(t, half, before + change) ==
                Approx(there).margin(1e-9));
        }
      }
    }
  }
}

TEST_CASE("price impact: caps and shared inventory") {
  const ImpactTerms t{.most_positive = 0.004, .most_negative = 0.005};
  CHECK(capped_impact(t, 100, 1e5, 1e9) == 100);
  CHECK(capped_impact(t, 1000, 1e5, 1e9) == 400);
  CHECK(capped_impact(t, 100, 1e5, 30) == 30);
  CHECK(capped_impact(t, -1000, 1e5, 0) == -500);
  CHECK(worse_impact(-10, -25) == -25);
  CHECK(worse_impact(-10, 5) == -10);
  CHECK(worse_impact(10, -25) == 10);
}
