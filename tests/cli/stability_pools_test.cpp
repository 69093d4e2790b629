// Maker's vaults of Black Thursday under a stability pool: the design of its file.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/cli/saying.hpp"

using nlohmann::json;

TEST_CASE("compare: vaults nobody bids for, and the same out of a stability pool", "[cli]") {
  const std::string file = std::string(FAULTLINE_ROOT) + "/data/ecosystems/black_thursday.yaml";
  const auto told = [&](const std::string& verb) {
    const auto out =
        faultline::test::output_of(std::string(FAULTLINE_BINARY) + " " + verb + " --format json");
    REQUIRE(out.exit == 0);
    return json::parse(out.text);
  };
  const json both = told("compare " + file + " --designs today,stability_pool");
  const auto loss = [&](const char* design) {
    return both["designs"][design]["bad_debt_usd"].get<double>();
  };
  CHECK(loss("today") > 1e7);
  CHECK(loss("stability_pool") < 1e4);
}
