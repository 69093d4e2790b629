// Loans their market absorbs, and the same under liquidators: the design of its file.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/cli/saying.hpp"

using nlohmann::json;

TEST_CASE("compare: loans absorbed by their market, and repaid by liquidators", "[cli]") {
  const std::string file = std::string(FAULTLINE_ROOT) + "/data/ecosystems/storefront.yaml";
  const auto told = [&](const std::string& verb) {
    const auto out =
        faultline::test::output_of(std::string(FAULTLINE_BINARY) + " " + verb + " --format json");
    REQUIRE(out.exit == 0);
    return json::parse(out.text);
  };
  const json crash = told("run " + file);
  const json& market = crash["nodes"]["comet"]["absorbing"];
  CHECK(market["absorptions"].get<double>() > 100);
  CHECK(market["sold_usd"].get<double>() > 0);
  CHECK(crash["summary"]["unserved_usd"].get<double>() == 0);
  const json both = told("compare " + file + " --designs today,liquidators");
  CHECK(both["designs"].contains("liquidators"));
}
