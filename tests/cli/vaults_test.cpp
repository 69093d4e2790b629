// What a curator sees of data/ecosystems/two_curators.yaml: where the vaults lend, what their
// depositors lose, and who cannot leave.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/cli/saying.hpp"

namespace {

using faultline::test::said;
using nlohmann::json;

const std::string file = std::string(FAULTLINE_ROOT) + "/data/ecosystems/two_curators.yaml";

json nodes(const std::string& options) {
  return json::parse(said("run " + file + " --format json" + options)).at("nodes");
}

}  // namespace

TEST_CASE("inspect vaults: allocation, queues, what is payable and what it was lent against") {
  const json vaults = json::parse(said("inspect " + file + " vaults --format json"))["vaults"];
  const json& core = vaults["curated.core"];
  CHECK(core["deposits_usd"].get<double>() == Approx(120e6));
  CHECK(core["idle_usd"] == 8e6);
  // 118 of the 133 million in its market are lent on: 15 are cash.
  CHECK(core["payable_usd"].get<double>() == Approx(23e6).epsilon(1e-6));
  CHECK(core["exposure_usd"]["wstETH"].get<double>() == Approx(112e6 * 118 / 133).epsilon(1e-6));
  const json& place = vaults["curated.yield"]["allocates"]["morpho.rsETH"];
  CHECK(place["lent_usd"].get<double>() == Approx(32e6));
  CHECK(place["payable_usd"].get<double>() == Approx(4e6).epsilon(1e-6));
  CHECK(place["cap_usd"].get<double>() == Approx(32e6));
  CHECK(place["withdraw_queue"] == 2);
  const std::string text = said("inspect " + file + " vaults");
  CHECK(text.find("lent against: rsETH $28m, wstETH") != std::string::npos);
}

TEST_CASE("run: depositors lose what the bad market lacks, and wait where there is no cash") {
  const json hit = nodes(""), calm = nodes(" --scenario run_only");
  const double hole = hit["morpho.rsETH"]["loss_usd"], lost = hit["curated.yield"]["loss_usd"];
  CHECK(hole > 1e6);
  CHECK(lost == Approx(hole).epsilon(0.01));  // it is the only lender there
  CHECK(std::abs(hit["curated.core"]["loss_usd"].get<double>()) < 0.01 * hole);
  CHECK(hit["curated.yield"]["kind"] == "vault");
  CHECK(hit["curated.yield"]["state"] == "insolvent");
  CHECK(calm["curated.yield"]["state"] != "insolvent");
  for (const json* run : {&hit, &calm}) {
    for (const char* vault : {"curated.core", "curated.yield"}) {
      const json& v = (*run)[vault];
      const double asked = v["withdrawn_usd"].get<double>() + v["trapped_usd"].get<double>();
      CHECK(asked == Approx(0.3 * v["deposits_usd"].get<double>()).epsilon(1e-3));
    }
  }
  const std::string text = said("run " + file);
  CHECK(text.find("Depositors of vaults lose") != std::string::npos);
  CHECK(text.find("trapped, longest") != std::string::npos);
}

TEST_CASE("run: once markets admit a loss, those who leave bear it or leave it to the others") {
  const json carried = nodes(" --scenario written_off")["curated.yield"];
  const json realised =
      nodes(" --scenario written_off --set vaults.curated.losses=realise")["curated.yield"];
  const double loss = carried["loss_usd"];
  CHECK(loss > 1e6);
  CHECK(realised["loss_usd"].get<double>() == Approx(loss).epsilon(1e-3));
  CHECK(std::abs(carried["recognised_usd"].get<double>()) < 0.01 * loss);
  CHECK(realised["recognised_usd"].get<double>() > 0.5 * loss);
  const auto asked = [](const json& v) {
    return v["withdrawn_usd"].get<double>() + v["trapped_usd"].get<double>();
  };
  CHECK(asked(carried) == Approx(0.3 * 53e6).epsilon(1e-3));
  CHECK(asked(realised) == Approx(0.3 * (53e6 - loss)).epsilon(1e-3));
}

TEST_CASE("sweep: a vault's row tells what its depositors lost and could not take out") {
  const std::filesystem::path days = std::filesystem::temp_directory_path() /
                                     ("faultline-vaults-" + std::to_string(getpid()) + ".yaml");
  std::ofstream(days) << "faultline: 1\nname: days\nscenario: half_is_gone\n"
                         "sweep:\n  draws: 4\n  vary: {eth: {price: ETH, at: 1h, over: 1h, "
                         "uniform: {lo: -5%, hi: 0%}}}\n"
                         "  limits: [{loss: curated.yield, below: 1%, in: 95%}]\n";
  const auto out = faultline::test::output_of(std::string(FAULTLINE_BINARY) + " sweep " + file +
                                              " " + days.string() + " --quiet --format json");
  std::filesystem::remove(days);
  REQUIRE(out.exit == 0);
  const json told = json::parse(out.text);
  CHECK(told["failed"] == 0);
  CHECK(told["limits"][0]["verdict"] == "broken");
  const json& vault = told["nodes"]["curated.yield"];
  CHECK(vault["loss_usd"]["mean"]["value"].get<double>() > 1e6);
  CHECK(vault["trapped_usd"]["mean"]["value"].get<double>() > 1e6);
  CHECK(vault["withdrawn_usd"]["mean"]["value"].get<double>() > 1e6);
}

TEST_CASE("sweep: a share of a vault's depositors that asks may be drawn") {
  const std::filesystem::path days = std::filesystem::temp_directory_path() /
                                     ("faultline-asks-" + std::to_string(getpid()) + ".yaml");
  std::ofstream(days) << "faultline: 1\nname: days\nscenario: none\n"
                         "sweep:\n  draws: 8\n  vary: {asks: {withdraw: curated.core, at: 1h, "
                         "uniform: {lo: 5%, hi: 15%}}}\n";
  const auto out = faultline::test::output_of(std::string(FAULTLINE_BINARY) + " sweep " + file +
                                              " " + days.string() + " --quiet --format json");
  std::filesystem::remove(days);
  INFO(out.text);
  REQUIRE(out.exit == 0);
  const json told = json::parse(out.text);
  CHECK(told["failed"] == 0);
  const double paid = told["nodes"]["curated.core"]["withdrawn_usd"]["mean"]["value"];
  CHECK(paid == Approx(0.1 * 120e6).epsilon(0.2));
  CHECK(told["nodes"]["curated.core"]["trapped_usd"]["mean"]["value"] == 0);
}
