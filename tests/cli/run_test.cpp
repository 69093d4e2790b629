// `check` and `run` as a user meets them: exit codes, stable keys, whole messages.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/cli/small_ecosystem.hpp"

namespace {

struct Said {
  int code = -1;
  std::string text;  // stdout and stderr together
};

Said faultline(const std::string& arguments) {
  Said said;
  std::FILE* pipe = popen((std::string(FAULTLINE_BINARY) + " " + arguments + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  char buffer[4096];
  for (std::size_t n; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) said.text.append(buffer, n);
  said.code = WEXITSTATUS(pclose(pipe));
  return said;
}

/// A folder of its own, removed at the end, and the working directory meanwhile.
class Folder {
 public:
  Folder() : before_(std::filesystem::current_path()) {
    path_ = std::filesystem::temp_directory_path() / ("faultline-run-" + std::to_string(getpid()));
    std::filesystem::create_directories(path_);
    std::filesystem::current_path(path_);
  }
  ~Folder() {
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(path_);
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
  }

 private:
  std::filesystem::path before_, path_;
};

}  // namespace

TEST_CASE("run prints stable keys as JSON", "[cli]") {
  const Folder folder;
  folder.write("small.yaml", small_ecosystem);
  const Said said = faultline("run small.yaml --format json");
  REQUIRE(said.code == 0);
  const auto json = nlohmann::json::parse(said.text);
  CHECK(json.at("schema") == 1);
  CHECK(json.at("stop") == "horizon");
  const std::set<std::string> wanted{"bad_debt_usd",  "bad_debt_exit_usd", "recognised_usd",
                                     "legacy_usd",    "direct_loss_usd",   "contagion_loss_usd",
                                     "amplification", "liquidated_usd",    "unserved_usd",
                                     "breadth",       "breadth_deposits",  "depth_rounds",
                                     "depth_hops",    "trapped_usd"};
  std::set<std::string> got;
  for (const auto& [key, value] : json.at("summary").items()) got.insert(key);
  CHECK(got == wanted);
  CHECK(json.at("summary").at("liquidated_usd") > 0);
  CHECK(json.at("nodes").at("pool").at("kind") == "market");
  CHECK(json.at("assets").at("ETH").at("price_start") == 2000);
  CHECK(json.at("assets").at("ETH").at("price_min") < 1410);
  for (const char* key : {"bearers", "channels", "timeline", "rounds"}) CHECK(json.contains(key));
}

TEST_CASE("the same command prints the same bytes", "[cli]") {
  const Folder folder;
  folder.write("small.yaml", small_ecosystem);
  CHECK(faultline("run small.yaml --format json").text ==
        faultline("run small.yaml --format json").text);
}

TEST_CASE("a shock on the command line replaces the scenario", "[cli]") {
  const Folder folder;
  folder.write("small.yaml", small_ecosystem);
  const auto deep =
      nlohmann::json::parse(faultline("run small.yaml --shock ETH=-50% --format json").text);
  const auto none =
      nlohmann::json::parse(faultline("run small.yaml --scenario none --format json").text);
  CHECK(deep.at("summary").at("liquidated_usd") > 0);
  CHECK(none.at("summary").at("liquidated_usd") == 0);
  CHECK(none.at("summary").at("bad_debt_usd") == 0);
  const Said wrong = faultline("run small.yaml --shock ETJ=-50%");
  CHECK(wrong.code == 2);
  CHECK(wrong.text == "error: no asset 'ETJ': did you mean 'ETH'?\n");
  CHECK(faultline("run small.yaml --shock ETH").code == 2);
}

TEST_CASE("names that nothing bears are told with the nearest", "[cli]") {
  const Folder folder;
  folder.write("small.yaml", small_ecosystem);
  const Said said = faultline("run small.yaml --scenario crush");
  CHECK(said.code == 2);
  CHECK(said.text == "error: no scenario 'crush': did you mean 'crash'?\n");
}

TEST_CASE("values can be set from the command line and by overlays", "[cli]") {
  const Folder folder;
  folder.write("small.yaml", small_ecosystem);
  folder.write("deep.yaml", "venues.amm.liquidity: $5bn\n");
  const auto bad_debt = [](const std::string& arguments) {
    const Said said = faultline("run small.yaml --format json " + arguments);
    REQUIRE(said.code == 0);
    return nlohmann::json::parse(said.text).at("summary").at("liquidated_usd").get<double>();
  };
  const double thin = bad_debt("");
  CHECK(bad_debt("--with deep.yaml") > thin);
  CHECK(bad_debt("--set 'venues.amm.liquidity=$5bn'") == bad_debt("--with deep.yaml"));
  CHECK(faultline("run small.yaml --set 'venues.amn.liquidity=$5bn'").code == 2);
}

TEST_CASE("a scenario may set fees, refill and rates of what stands", "[cli]") {
  const Folder folder;
  folder.write("small.yaml", small_ecosystem);
  const auto run = [&](const std::string& name, const std::string& set) {
    folder.write(name, "include: small.yaml\nscenarios:\n  told:\n" +
                           std::string("    - {at: 5min, price: {ETH: -30%}, over: 10min}\n") +
                           set + "default: told\n");
    const Said said = faultline("run " + name + " --format json");
    REQUIRE(said.code == 0);
    return nlohmann::json::parse(said.text);
  };
  const auto end = [](const nlohmann::json& r) {
    return r.at("assets").at("ETH").at("price_end").get<double>();
  };
  const nlohmann::json as_it_is = run("a.yaml", "");
  const nlohmann::json dear = run("b.yaml", "    - {at: 1min, set: {venues.amm.fee: 9%}}\n");
  CHECK(end(as_it_is) < 1400 * 1.003);
  CHECK(end(dear) > 1400 * 1.04);  // nobody brings the pool further than its fee band
  // Set, and set back: the last holds.
  const nlohmann::json again = run("c.yaml",
                                   "    - {at: 1min, set: {venues.amm.fee: 9%}}\n"
                                   "    - {at: 2min, set: {venues.amm.fee: 30bps}}\n");
  CHECK(end(again) == Approx(end(as_it_is)).epsilon(1e-6));
  const Said text = faultline("run b.yaml");
  CHECK(text.text.find("set          the world: venues.amm.fee to 9%") != std::string::npos);
  folder.write("d.yaml",
               "scenarios:\n  told:\n    - {at: 1min, set: {venues.amm.liquidity: $1m}}\n");
  const Said wrong = faultline("run small.yaml --scenario told --with d.yaml");
  CHECK(wrong.code == 2);
  CHECK(wrong.text.find("depth leaves by `withdraw`") != std::string::npos);
}

TEST_CASE("check reports every mistake of a file in one run", "[cli]") {
  const Folder folder;
  folder.write("bad.yaml", R"(faultline: 1
name: bad
assets:
  ETH: $2,310
  USDC: $1
venues:
  amm: {preset: uniswap_v2, pair: ETH/USDC, liquidty: $50m}
markets:
  pool:
    preset: compound_v2
    reserves:
      ETH: {supplied: 120m}
      USDC: {supplied: $400m, borrowed: $100m, lt: 98%, bonus: 5%}
)");
  const Said said = faultline("check bad.yaml");
  CHECK(said.code == 2);
  for (const char* place : {"bad.yaml:4:", "bad.yaml:7:", "bad.yaml:12:"}) {
    CAPTURE(said.text);
    CHECK(said.text.find(place) != std::string::npos);
  }
  CHECK(said.text.find("did you mean 'liquidity'?") != std::string::npos);
}

TEST_CASE("a threshold that makes every liquidation worsen the position is refused", "[cli]") {
  const Folder folder;
  std::string text = small_ecosystem;
  text.replace(text.find("ETH: {supplied: 300k ETH}"), 25,
               "ETH: {supplied: 300k ETH, ltv: 90%, lt: 98%, bonus: 5%}");
  folder.write("toxic.yaml", text);
  const Said said = faultline("check toxic.yaml");
  CHECK(said.code == 2);
  CHECK(said.text.find(
            "every liquidation would worsen the position: 98% x 1.05 = 1.029 must stay below 1") !=
        std::string::npos);
  CHECK(said.text.find("bonus under 2.04%") != std::string::npos);
}

TEST_CASE("hostile and missing files are clear errors", "[cli]") {
  const Folder folder;
  folder.write("empty.yaml", "");
  folder.write("list.yaml", "- a\n");
  folder.write("deep.yaml", std::string(5000, '['));
  folder.write("escape.yaml", R"(faultline: 1
assets: {ETH: $1, USDC: $1}
markets:
  m: {preset: compound_v2, reserves: {ETH: {}}, borrowers: {file: ../../../etc/passwd}}
)");
  for (const char* file :
       {"empty.yaml", "list.yaml", "deep.yaml", "escape.yaml", "absent.yaml", "."}) {
    const Said said = faultline(std::string("check ") + file);
    CAPTURE(file, said.text);
    CHECK(said.code == 2);
    CHECK(said.text.find("error") != std::string::npos);
  }
  CHECK(faultline("check escape.yaml").text.find("lies outside the folder above this file") !=
        std::string::npos);
  CHECK(faultline("frobnicate").code == 2);
  CHECK(faultline("--help").code == 0);
  CHECK(faultline("run --help").code == 0);
}
