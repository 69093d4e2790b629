// November 2025 in shape (data/ecosystems/recursive_vaults.yaml): books that see nothing, a small
// share of a vault in a bad market, and the run on vaults with much, little and none of it.
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/cli/saying.hpp"

namespace {

using faultline::test::said;
using nlohmann::json;

const std::string folder = std::string(FAULTLINE_ROOT) + "/data/ecosystems/";
const std::string file = folder + "recursive_vaults.yaml";

json told(const std::string& options) {
  return json::parse(said("run " + file + " --format json" + options));
}

std::string text_of(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("inspect vaults: shares of the bad market are what was reported", "[cli]") {
  const json vaults = json::parse(said("inspect " + file + " vaults --format json"))["vaults"];
  const auto share = [&](const char* vault, const char* market) {
    const json& v = vaults[vault];
    return v["allocates"][market]["lent_usd"].get<double>() / v["deposits_usd"].get<double>();
  };
  CHECK(share("exposed.mev", "morpho.sdeUSD") == Approx(0.0088).margin(1e-4));
  CHECK(share("exposed.relend", "morpho.sdeUSD") == Approx(0.102).margin(1e-3));
  CHECK(share("elixir", "plume.xUSD") == Approx(0.65).margin(1e-3));
  for (const char* clean :
       {"clean.core", "clean.frontier", "clean.hyperithm", "clean.smokehouse"}) {
    CHECK_FALSE(vaults[clean]["allocates"].contains("morpho.sdeUSD"));
  }
}

TEST_CASE("run: books at net asset value liquidate nobody, and who stays bears what others left",
          "[cli]") {
  const json run = told("");
  const auto here = [&](const std::string& row) { return run["shape"][row]["here"].get<double>(); };
  CHECK(here("liquidations in morpho.sdeUSD") == 0);
  CHECK(here("liquidations in arbitrum.xUSD") == 0);
  CHECK(here("times the rate of morpho.sdeUSD.USDC grows a day") ==
        Approx(std::exp(50.0 / 365)).epsilon(0.005));
  CHECK(here("stayers of exposed.mev lose") > 2 * 0.0088);
  CHECK(here("stayers of exposed.relend lose") > 2 * 0.102);
  for (const char* clean : {"clean.core", "clean.hyperithm"}) {
    CHECK(run["nodes"][clean]["withdrawn_usd"].get<double>() >
          0.1 * run["nodes"][clean]["deposits_usd"].get<double>());
    // Interest they would have earned, had they stayed.
    CHECK(std::abs(run["nodes"][clean]["loss_usd"].get<double>()) <
          0.005 * run["nodes"][clean]["deposits_usd"].get<double>());
  }
}

// Nobody listens to names and assets: what reaches vaults with none of it is the cash that others
// took out of the markets they share.
TEST_CASE("run: vaults with none of it are run on once their markets have no cash", "[cli]") {
  const json run =
      told(" --set agents.depositors.same_asset=0% --set agents.depositors.same_curator=0%");
  bool bad = false, clean = false;
  for (const json& event : run["timeline"]) {
    if (event["kind"] != "run") continue;
    const std::string text = event["text"];
    if (event["node"] == "exposed.mev") bad = text.find("is missing") != std::string::npos;
    if (event["node"] != "clean.core") continue;
    clean = text.find("cannot be paid now") != std::string::npos;
    CHECK(event["at_s"].get<double>() > 6 * 3600);
  }
  CHECK(bad);
  CHECK(clean);
}

TEST_CASE("one behaviour file serves both events, and neither changes it", "[cli]") {
  for (const char* name : {"bad_collateral.yaml", "recursive_vaults.yaml"}) {
    const std::string text = text_of(folder + name);
    CAPTURE(name);
    CHECK(text.find("\ninclude: behaviour/lenders_and_borrowers.yaml\n") != std::string::npos);
    CHECK(text.find("\n  depositors:") == std::string::npos);
    CHECK(text.find("\n  borrowers:") == std::string::npos);
    CHECK(text.find("agents.depositors") == std::string::npos);
  }
}
