// A cluster of vaults and a dollar that loses its backing: what its file shows.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/cli/saying.hpp"

using nlohmann::json;

TEST_CASE("cluster.yaml: one vault's loss reaches debtors of others, and other designs say so") {
  const std::string file = std::string(FAULTLINE_ROOT) + "/data/ecosystems/cluster.yaml";
  const auto told = [&](const std::string& verb) {
    const auto out =
        faultline::test::output_of(std::string(FAULTLINE_BINARY) + " " + verb + " --format json");
    REQUIRE(out.exit == 0);
    return json::parse(out.text);
  };
  const json run = told("run " + file);
  const json& vaults = run["nodes"]["ring"]["vaults"];
  CHECK(vaults["USDC"]["erased_usd"].get<double>() > 1e7);
  CHECK(vaults["USDC"]["share_lost"].get<double>() > 0.1);
  CHECK(vaults["USDT"]["second_round_accounts"].get<double>() > 10);
  CHECK(vaults["USDC"]["takeovers"].get<double>() > 10);
  CHECK(run["summary"]["contagion_loss_usd"].get<double>() > 1e6);
  const json carried = told("compare " + file + " --designs carried,isolated");
  CHECK(carried["designs"].contains("carried"));
  CHECK(carried["designs"].contains("isolated"));
}
