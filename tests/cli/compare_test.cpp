// `compare` at the command line: its words, its JSON, and what it refuses.
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

#include <unistd.h>
#include <nlohmann/json.hpp>

#include "tests/cli/saying.hpp"

namespace {

const char* const world = R"(faultline: 1
name: A pool and its parts
clock: {round: 12s, horizon: 1h}
assets: {ETH: $2000, BTC: $30000, USDC: $1}
venues:
  world:
    preset: outside
    each:
      ETH/USDC: {depth: $1m within 1%}
      BTC/USDC: {depth: $1m within 1%}
markets:
  pool:
    preset: aave_v3
    reserves:
      ETH: {supplied: 20k ETH, borrowed: 2k ETH}
      BTC: {supplied: 1k BTC}
      USDC: {supplied: $60m, borrowed: $40m}
    borrowers: {count: 300, health: {median: 1.4, p1: 1.02}}
scenarios:
  crash: [{at: 1min, price: {ETH: -35%}, over: 10min}]
designs:
  halved: {markets.pool.reserves.ETH.close_factor: 25%}
  apart: {redesign: isolated, of: pool, weights: source, gap: shrink}
)";

const char* const sweep = R"(faultline: 1
name: falls
scenario: none
sweep:
  draws: 24
  sampler: sobol
  vary: {eth: {price: ETH, at: 1min, over: 10min, uniform: {lo: -60%, hi: 0%}}}
)";

struct Folder {
  std::filesystem::path at =
      std::filesystem::temp_directory_path() / ("faultline-compare-" + std::to_string(getpid()));
  Folder() {
    std::filesystem::create_directories(at);
    std::ofstream(at / "eco.yaml") << world;
    std::ofstream(at / "falls.yaml") << sweep;
  }
  ~Folder() { std::filesystem::remove_all(at); }
  std::string says(const std::string& arguments) const {
    const auto out = faultline::test::output_of(
        "cd " + at.string() + " && '" FAULTLINE_BINARY "' compare eco.yaml " + arguments);
    return out.text + "exit " + std::to_string(out.exit) + "\n";
  }
};

}  // namespace

TEST_CASE("compare runs a scenario under the designs a file names", "[cli]") {
  const Folder folder;
  const std::string said = folder.says("");
  CAPTURE(said);
  CHECK(said.find("One scenario, crash: what happened, without an interval.") != std::string::npos);
  CHECK(said.find("as the file has it") != std::string::npos);
  CHECK(said.find("apart loses") != std::string::npos);
  CHECK(said.find("halved loses") != std::string::npos);
  CHECK(said.find("of debt is not lent any more") != std::string::npos);
  CHECK(said.find("who bears it") != std::string::npos);
}

TEST_CASE("compare pairs the draws of a sweep and says only what they carry", "[cli]") {
  const Folder folder;
  const std::string said = folder.says(
      "--designs monolithic,isolated,dynamic --sweep falls.yaml --format json -o out 2>/dev/null");
  const auto parsed = [](const std::string& text) {
    return nlohmann::json::parse(text.substr(0, text.rfind("exit ")));
  };
  const auto json = parsed(said);
  CHECK(json["scenarios"] == 24);
  CHECK(json["reference"] == "monolithic");
  for (const char* design : {"monolithic", "isolated", "isolated_own", "dynamic", "dynamic_own"}) {
    CAPTURE(design);
    REQUIRE(json["designs"].contains(design));
    CHECK(json["designs"][design]["bad_debt_usd"].is_number());
    CHECK(std::filesystem::exists(folder.at / "out" / (std::string(design) + ".sqlite")));
  }
  CHECK(json["designs"]["isolated"]["credit_usd"] == Approx(44e6).epsilon(1e-6));
  CHECK(json["designs"]["isolated"]["gap_usd"] > 1);
  CHECK(json["designs"]["monolithic"]["gap_usd"] == 0);
  CHECK(json["designs"]["isolated_own"]["effect"] == "parameters");
  CHECK(json["pairs"]["isolated_own"]["reference"] == "isolated");
  const auto& paired = json["paired"]["bad_debt_usd"];
  CHECK(paired["ci95"][0] <= paired["difference"]);
  CHECK(paired["difference"] <= paired["ci95"][1]);
  CHECK(json["pairs"]["isolated"]["metrics"]["bad_debt_usd"] == paired);
  const double pool = json["designs"]["monolithic"]["bad_debt_usd"],
               split = json["designs"]["isolated"]["bad_debt_usd"];
  CHECK(paired["difference"] == Approx(split - pool).margin(1e-6));
  CHECK(json["verdict"].size() >= 3);
  // The files go on where they stand: a second call runs nothing anew and says the same.
  const auto again = parsed(folder.says(
      "--designs monolithic,isolated,dynamic --sweep falls.yaml --format json -o out 2>/dev/null"));
  CHECK(again["pairs"] == json["pairs"]);
}

TEST_CASE("compare names what it does not know", "[cli]") {
  const Folder folder;
  const std::string said = folder.says("--designs isolatd 2>&1");
  CAPTURE(said);
  CHECK(said.find("no design 'isolatd': did you mean 'isolated'?") != std::string::npos);
  CHECK(said.find("exit 2") != std::string::npos);
  std::ofstream(folder.at / "eco.yaml") << world << "  wrong: {markets.pol.reserves.ETH.lt: 50%}\n";
  const std::string wrong = folder.says("2>&1");
  CAPTURE(wrong);
  CHECK(wrong.find("pol") != std::string::npos);
  CHECK(wrong.find("exit 2") != std::string::npos);
}
