// What a user sees of the dealers of data/ecosystems/gamma_squeeze.yaml: their gamma by price, and
// what it makes of one shock, as the file works it out by hand.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/cli/saying.hpp"

namespace {

using faultline::test::said;
using nlohmann::json;

const std::string file = std::string(FAULTLINE_ROOT) + "/data/ecosystems/gamma_squeeze.yaml";

double amplification(const std::string& scenario) {
  const json out = json::parse(said("run " + file + " --format json --scenario " + scenario));
  return out.at("assets").at("ETH").at("price_amplification");
}

}  // namespace

TEST_CASE("inspect gamma: exposure, flip and gain of the loop by price") {
  const json desk = json::parse(said("inspect " + file + " gamma --format json"))["desks"][0];
  CHECK(desk["dealers"] == json{"dealers"});
  CHECK(desk["gamma_usd_per_percent"].get<double>() == Approx(-100 * 2000.0 * 2000 * 0.01));
  CHECK(desk["loop_gain"].get<double>() == Approx(0.5).epsilon(2e-3));
  CHECK(desk["amplification"].get<double>() == Approx(2).epsilon(4e-3));
  CHECK(desk["flip_price"].is_null());
  for (const json& level : desk["levels"]) {
    const double price = level["price"], gamma = level["gamma_usd_per_percent"];
    CAPTURE(price);
    // Flat from $1800 up to, and without, $2200; nothing beyond.
    const bool inside = price > 1799.9 && price < 2199.9;
    CHECK(gamma == Approx(inside ? -price * price : 0).margin(1e-6));
  }
}

TEST_CASE("run: the shipped gamma squeeze ends where its file says") {
  CHECK(amplification("short_gamma") == Approx(2).epsilon(0.05));
  CHECK(amplification("short_squeezed") == Approx(2).epsilon(0.05));
  CHECK(amplification("long_gamma") == Approx(2.0 / 3).epsilon(0.05));
  CHECK(amplification("no_gamma") == Approx(1).epsilon(1e-4));
  CHECK(amplification("runaway") == Approx((1629.0 / 2000 - 1) / -0.005).epsilon(0.01));
  const std::string text = said("run " + file);
  CHECK(text.find("times the shock") != std::string::npos);
  CHECK(text.find("hedge") != std::string::npos);
}

TEST_CASE("a loop that gains on itself tells where and why it stops") {
  const std::string out = said("run " + file + " --scenario runaway");
  CHECK(out.find("each unit traded makes agents want 2.00 more") != std::string::npos);
  CHECK(out.find("where what they want to trade is exhausted") != std::string::npos);
  CHECK(said("run " + file).find("runaway") == std::string::npos);
}
