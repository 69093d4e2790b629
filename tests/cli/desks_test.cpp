// What an analyst sees of data/ecosystems/banking_weekend.yaml and drained_bridge.yaml: what a
// claim is worth until it is paid, who was paid, what is missing and whose it is.
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/cli/saying.hpp"

namespace {

using faultline::test::said;
using nlohmann::json;

const std::string folder = std::string(FAULTLINE_ROOT) + "/data/ecosystems/";
const std::string weekend = folder + "banking_weekend.yaml",
                  bridge = folder + "drained_bridge.yaml";

json ran(const std::string& options) {
  return json::parse(said("run " + options + " --format json"));
}

}  // namespace

TEST_CASE("inspect vaults: what backs a coin, and when who asks is paid", "[shipped]") {
  const json circle =
      json::parse(said("inspect " + weekend + " vaults --format json"))["vaults"]["circle"];
  CHECK(circle["kind"] == "fiat_coin");
  CHECK(circle["behind"] == 1);
  CHECK(circle["claims"] == Approx(42.1e9));
  CHECK(circle["wait_s"] == 63 * 3600);  // Friday, 22:00, to Monday, 13:00
  // half of nothing is in doubt yet: 20% a year for 63 hours
  CHECK(circle["carried_value"] == Approx(std::exp(-0.2 * 63 / 8760)));
  CHECK(circle["holds"]["circle.svb"] == Approx(3.3e9).epsilon(0.001));
  const std::string text = said("inspect " + weekend + " vaults");
  CHECK(text.find("who asks at the start is paid in 2 d 15 h") != std::string::npos);
}

TEST_CASE("run: a coin floats over the weekend and is paid on Monday", "[shipped]") {
  const json out = ran(weekend);
  const json& circle = out["nodes"]["circle"];
  CHECK(circle["behind_least"] == 1);
  CHECK(circle["waiting_end_usd"] == 0);
  CHECK(circle["redeemed_usd"].get<double>() > 1e9);
  // on Sunday morning: half of what lies at SVB in doubt, and a day to Monday
  const double doubt = 1 - 0.5 * 0.0784, wait_years = (63 - 36) / 8760.0;
  for (const json& p : out["assets"]["USDC"]["claim_path"]) {
    if (p["at_s"] != 36 * 3600) continue;
    CHECK(p["price_usd"] == Approx(doubt * std::exp(-0.2 * wait_years)).epsilon(0.001));
  }
  CHECK(out["assets"]["USDC"]["price_end"] == Approx(1).epsilon(0.001));
  CHECK(out["shape"]["lowest price of USDC"]["reported"] == 0.8774);
  const json poorer = ran(weekend + " --set agents.arbitrageurs.capital='$100m'");
  CHECK(poorer["assets"]["USDC"]["price_min"].get<double>() <
        out["assets"]["USDC"]["price_min"].get<double>() - 0.01);
}

TEST_CASE("run: the same hole from below and from above", "[shipped]") {
  const json drained = ran(bridge), minted = ran(bridge + " --scenario minted");
  CHECK(drained["nodes"]["adapter"]["drained_usd"] == Approx(116500 * 1.07 * 2309));
  CHECK(drained["nodes"]["adapter"]["missing_end_usd"].get<double>() ==
        Approx(minted["nodes"]["adapter"]["missing_end_usd"].get<double>()).epsilon(0.01));
  for (const json& out : {drained, minted}) {
    CHECK(out["nodes"]["core"]["bad_debt_usd"] == 0);
    CHECK(out["nodes"]["far"]["bad_debt_usd"].get<double>() > 1e7);
    CHECK(out["bearers"]["attackers"].get<double>() > 1e7);
    CHECK(out["bearers"]["depositors"].get<double>() < -1e7);
  }
  // nobody sells: the theft is the holders', whole
  CHECK(ran(bridge + " --scenario hold")["bearers"]["holders"].get<double>() ==
        Approx(-116500 * 1.07 * 2309));
  const std::string text = said("run " + bridge);
  CHECK(text.find("116500 rsETH are taken out of its escrow") != std::string::npos);
  CHECK(text.find("stopped: nobody hands rsETH.far in any more") != std::string::npos);
}
