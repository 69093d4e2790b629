// Published numbers: Uniswap v2 core and periphery, Uniswap v3 SwapMath, and exact closed forms.
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "protocols/agents/arbitrage.hpp"
#include "protocols/venues/registry.hpp"
#include "tests/known_vectors.hpp"

using namespace faultline;
using nlohmann::json;

namespace {

double whole(const json& j) {
  return std::stod(j.get<std::string>()) * 1e-18;
}

void near(double got, double expected, double relative) {
  INFO("got " << got << " expected " << expected);
  CHECK(std::fabs(got - expected) <= relative * std::fabs(expected));
}

ConstantProduct::Params pool(double base, double quote, double fee) {
  return {base, quote, fee};
}

}  // namespace

TEST_CASE("constant_product: swaps and closed forms match constant_product.json") {
  const json file = test::known("markets/constant_product");
  const double rel = 1e-15;
  for (const json& c : file["cases"]) {
    const auto p = pool(c["reserve_in"], c["reserve_out"], c["fee"]);
    const auto s = ConstantProduct::open(p);
    const double in = c["amount_in"];
    near(ConstantProduct::out_given_in(p, s, Side::sell, in), c["amount_out"], rel);
    near(ConstantProduct::price_after(p, s, Side::sell, in), c["price_after"], rel);
    near(ConstantProduct::marginal(p, s), c["price_before"], rel);
    const auto q =
        pool(c["reserve_out"], c["reserve_in"], c["fee"]);  // the same pool, from the buy
    near(ConstantProduct::out_given_in(q, ConstantProduct::open(q), Side::buy, in), c["amount_out"],
         rel);
  }
  for (const json& c : file["closed_forms_no_fee"]) {
    const double r = c["reserve_in"], f = c["fraction_sold"];
    const auto p = pool(r, 7 * r, 0);
    const auto fill = ConstantProduct::fill(p, ConstantProduct::open(p), Side::sell, f * r);
    near(fill.out / (7 * f * r), c["no_fee"]["amount_out_over_spot"], 4 * rel);
    near(fill.price / 7, c["no_fee"]["marginal_price_ratio"], 4 * rel);
  }
  for (const json& c : file["sale_for_target_drop"]) {
    const auto p = pool(1000, 3000, 0);
    const double drop = c["target_price_drop"];
    const double in =
        ConstantProduct::in_to_price(p, ConstantProduct::open(p), Side::sell, 3 * (1 - drop));
    near(in / 1000, c["required_sale_over_reserve_no_fee"], 1e-13);  // 1 - drop rounds first
  }
  for (const json& c : file["impermanent_loss"]) {
    const auto p = pool(1000, 1000, 0);
    auto s = ConstantProduct::open(p);
    const double r = c["price_ratio"];
    const Side side = r < 1 ? Side::sell : Side::buy;
    const double in = ConstantProduct::in_to_price(p, s, side, r);
    ConstantProduct::apply(p, s, side, in, ConstantProduct::out_given_in(p, s, side, in));
    const double held = s.base * r + s.quote, kept = 1000 * r + 1000;
    near(held / kept - 1, c["impermanent_loss"], 1e-12);
    near(ConstantProduct::fair_value(s, r, 1), held, 1e-14);
  }
}

TEST_CASE("constant_product: swaps match uniswap_v2_swap.json") {
  const json file = test::known("markets/uniswap_v2_swap");
  const double rel = file["tolerance"]["double_rel"];
  int tested = 0;
  for (const json& c : file["cases"]) {
    if (c["type"] != "exact_in") continue;  // same-token flash swaps are no trade of a venue
    const auto p = pool(whole(c["reserve_in"]), whole(c["reserve_out"]), 0.003);
    const auto s = ConstantProduct::open(p);
    near(ConstantProduct::out_given_in(p, s, Side::sell, whole(c["in"])), whole(c["expected_out"]),
         rel);
    ++tested;
  }
  CHECK(tested == 7);
}

TEST_CASE("constant_product: arbitrage and LP value match uniswap_v2_optimal_arbitrage.json") {
  const json file = test::known("markets/uniswap_v2_optimal_arbitrage");
  const double rel = file["tolerance"]["double_rel"];
  for (const json& c : file["cases"]) {
    INFO(c["name"]);
    const bool fee_on = c.value("fee_on", false);
    const json& initial = c.contains("initial") ? c["initial"] : file["initial"];
    const auto p = pool(whole(initial["reserveA"]), whole(initial["reserveB"]), 0.003);
    double supply = whole(initial["supply"]);
    const auto opened = ConstantProduct::open(p);
    auto s = opened;
    if (c.contains("swap_in_A")) {
      const double in = whole(c["swap_in_A"]);
      ConstantProduct::apply(p, s, Side::sell, in,
                             ConstantProduct::out_given_in(p, s, Side::sell, in));
    } else {
      const auto trade =
          arbitrage_to_band<ConstantProduct>(p, s, c["pB"].get<double>() / c["pA"].get<double>());
      ConstantProduct::apply(p, s, trade.side, trade.in,
                             ConstantProduct::out_given_in(p, s, trade.side, trade.in));
    }
    if (fee_on) supply += ConstantProduct::protocol_fee_claims(supply, opened, s);
    if (c["type"] == "reserves_after_arb") {
      near(s.base, whole(c["expected_reserveA"]), rel);
      near(s.quote, whole(c["expected_reserveB"]), rel);
    } else if (c["name"] == "lp5_at_new_price_after_swap" || c["name"] == "lp7_after_swap_10A" ||
               c["type"] == "lp_value_after_arb" || fee_on) {
      const double share = whole(c["shares"]) / supply;
      near(share * s.base, whole(c["expected_amountA"]), rel);
      near(share * s.quote, whole(c["expected_amountB"]), rel);
    } else {
      FAIL("untested case");
    }
  }
}

TEST_CASE("constant_product: burning and the protocol fee match uniswap_v2_lp_fee_and_twap.json") {
  const json file = test::known("markets/uniswap_v2_lp_fee_and_twap");
  const double rel = file["tolerance"]["double_rel"];
  for (const json& c : file["cases"]) {
    if (c["type"] == "twap") continue;  // belongs to the oracles
    INFO(c["name"]);
    const auto p = pool(whole(c["reserve0"]), whole(c["reserve1"]), 0.003);
    double supply = whole(c["supply"]);
    const double locked = whole(c["locked_min_liquidity"]);
    auto s = ConstantProduct::open(p);
    const double burned = supply - locked;
    double fee_claims = 0;
    if (c["type"] == "protocol_fee") {  // token 1 is given: a buy
      ConstantProduct::apply(p, s, Side::buy, whole(c["swap_in"]), whole(c["swap_out"]));
      fee_claims = ConstantProduct::protocol_fee_claims(supply, ConstantProduct::open(p), s);
      near(fee_claims, whole(c["expected_fee_lp"]), rel);
      supply += fee_claims;
      ConstantProduct::withdraw(p, s, burned / supply);
      near(s.base, whole(c["expected_left_reserve0"]), rel);
      near(s.quote, whole(c["expected_left_reserve1"]), rel);
    } else {  // all but 1000 wei of 3e18; a share next to 1 resolves one part in 2^53
      ConstantProduct::withdraw(p, s, burned / supply);
      const double resolved = 3 * 0x1p-52;
      CHECK(std::fabs(s.base - whole(c["expected_left_reserve0"])) <= resolved);
      CHECK(std::fabs(s.quote - whole(c["expected_left_reserve1"])) <= resolved);
    }
  }
}

TEST_CASE("concentrated_liquidity: swap steps match uniswap_v3_swap_step.json") {
  const json file = test::known("markets/uniswap_v3_swap_step");
  const double rel = file["tolerance"]["double_rel"];
  using K = ConcentratedLiquidity;
  for (const json& c : file["cases"]) {
    INFO(c["name"]);
    const double price = c["price"][0].get<double>() / c["price"][1].get<double>();
    const double target = c["target"][0].get<double>() / c["target"][1].get<double>();
    const double fee = c["fee_pips"].get<double>() * 1e-6;
    const double remaining = whole(c["remaining"]);
    const json& e = c["expected"];
    // A range that ends at the target: a step that would pass it stops there, as SwapMath's does.
    const std::vector<LiquidityRange> ranges{{price / 2, target, whole(c["liquidity"])}};
    const auto made = K::from_ranges(ranges, fee, price);
    REQUIRE(made.problem.empty());
    const auto& p = made.params;
    auto s = K::open(p);
    const double to_target = K::in_to_price(p, s, Side::buy, target);
    near(to_target, K::most_in(p, s, Side::buy), 1e-14);
    double in;
    if (remaining > 0) {
      in = std::min(remaining, to_target);
    } else if (e["reaches_target"]) {
      in = to_target;
    } else {  // exact output: the input that gives it
      in = whole(e["amount_in"]) + whole(e["fee"]);
    }
    near(in, whole(e["amount_in"]) + whole(e["fee"]), rel);
    near(in * fee, whole(e["fee"]), rel);
    near(K::out_given_in(p, s, Side::buy, in), whole(e["amount_out"]), rel);
    near(K::out_given_in(p, s, Side::buy, remaining > 0 ? remaining : in), whole(e["amount_out"]),
         rel);
    K::apply(p, s, Side::buy, in, whole(e["amount_out"]));
    CHECK((s.root == p.root.back()) == e["reaches_target"].get<bool>());
  }
}
