// What an analyst sees of data/ecosystems/death_spiral.yaml: supplies day by day, what the issuer
// pays, who was drained, and what was reported beside it.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/cli/saying.hpp"

namespace {

using faultline::test::said;
using nlohmann::json;

const std::string file = std::string(FAULTLINE_ROOT) + "/data/ecosystems/death_spiral.yaml";

}  // namespace

TEST_CASE("inspect vaults: what an issuer of coins pays, at which spread", "[shipped]") {
  const json terra =
      json::parse(said("inspect " + file + " vaults --format json"))["vaults"]["terra"];
  CHECK(terra["kind"] == "algorithmic_coin");
  CHECK(terra["recovery_blocks"] == 36);
  // 203m SDR at $1.34; officially $293m
  CHECK(terra["daily_usd_at_least_spread"].get<double>() == Approx(203e6 * 1.34).epsilon(0.005));
  const std::string text = said("inspect " + file + " vaults");
  CHECK(text.find("terra: 18.7bn UST against 345m LUNA") != std::string::npos);
}

TEST_CASE("run: supplies explode day by day, and lenders behind a floor are drained", "[shipped]") {
  const json out = json::parse(said("run " + file + " --format json"));
  CHECK(out["nodes"]["terra"]["halted_s"].get<double>() > 86400);
  const json& path = out["assets"]["LUNA"]["supply_path"];
  REQUIRE(path.size() >= 6);
  CHECK(path[0]["units"] == Approx(345e6));
  for (std::size_t i = 1; i < path.size(); ++i) {
    CHECK(path[i]["units"].get<double>() >= path[i - 1]["units"].get<double>());
  }
  CHECK(out["assets"]["LUNA"]["supply_end"].get<double>() > 100 * 345e6);
  CHECK(out["assets"]["UST"]["supply_end"].get<double>() < 18.7e9);
  CHECK(out["nodes"]["blizz"]["bad_debt_usd"].get<double>() > 1e6);
  CHECK(out["shape"]["bad debt of blizz"]["reported"] == 8.3e6);
  CHECK(out["bearers"]["attackers"].get<double>() > 1e6);
  CHECK(out["bearers"]["depositors"].get<double>() < -1e6);
  const std::string text = said("run " + file);
  CHECK(text.find("LUNA there is") != std::string::npos);
  CHECK(text.find("borrowed against it") != std::string::npos);
}

TEST_CASE("run: without the floor nobody is drained, and shut pools leave the token alone",
          "[shipped]") {
  const json open = json::parse(said("run " + file + " --scenario no_floor --format json"));
  for (const char* lender : {"venus", "blizz"}) {
    CHECK(open["nodes"][lender]["bad_debt_usd"].get<double>() < 1e4);
  }
}
