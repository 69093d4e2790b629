// What was reported of an event stands beside what the run does; what it names must be there.
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

#include <unistd.h>
#include <nlohmann/json.hpp>

#include "tests/cli/saying.hpp"

using faultline::test::output_of;

namespace {

std::string world(const char* reserve) {
  return std::string(R"(faultline: 1
name: All lent out
clock: {round: 1min, horizon: 2h}
assets: {ETH: $2000, USDC: $1}
markets:
  pool:
    preset: aave_v3
    reserves: {ETH: {supplied: 20k ETH}, USDC: {supplied: $10m, borrowed: $10m}}
    borrowers: {count: 20, posts: ETH, health: {median: 2, p1: 1.5}}
scenarios:
  dip: [{at: 1min, price: {ETH: -5%}}]
reported:
  dip: {full_after: {)") +
         reserve + ": 90min}, nearly_full_for: {pool.USDC: 1h}, bad_debt: {pool: $2m}}\n";
}

std::string run_of(const std::string& yaml, const char* options) {
  const auto file = std::filesystem::temp_directory_path() /
                    ("faultline-reported-" + std::to_string(getpid()) + ".yaml");
  std::ofstream(file) << yaml;
  const std::string text =
      output_of("'" FAULTLINE_BINARY "' run " + file.string() + " " + options + " 2>&1").text;
  std::filesystem::remove(file);
  return text;
}

}  // namespace

TEST_CASE("a run of lenders is told beside what was reported of one", "[cli]") {
  const auto json = nlohmann::json::parse(run_of(world("pool.USDC"), "--format json"));
  const auto& shape = json["shape"];
  CHECK(shape["pool.USDC lent out whole after"]["here"] == 0);
  CHECK(shape["pool.USDC lent out whole after"]["reported"] == 5400);
  CHECK(shape["pool.USDC used 99.5% or more for"]["here"] == 7200);
  CHECK(shape["bad debt of pool"]["here"] == 0);
  CHECK(shape["bad debt of pool"]["unit"] == "$");
  CHECK(run_of(world("pool.USDC"), "").find("pool.USDC lent out whole after") != std::string::npos);
}

TEST_CASE("what was reported of something that is not there is an error", "[cli]") {
  const std::string said = run_of(world("pool.USDT"), "");
  CAPTURE(said);
  CHECK(said.find("nothing is called 'pool.USDT' here") != std::string::npos);
  CHECK(said.find("did you mean 'pool.USDC'?") != std::string::npos);
}
