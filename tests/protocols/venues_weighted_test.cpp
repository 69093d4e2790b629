// Weighted pools against a Balancer v3 pool (both directions, exact in and out, joins and exits),
// and against constant product pools, which they are at equal weights.
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "protocols/venues/constant_product.hpp"
#include "protocols/venues/weighted_pool.hpp"

using namespace faultline;
using nlohmann::json;

namespace {

double number(const json& j) {
  return std::stod(j.get<std::string>());
}

}  // namespace

TEST_CASE("weighted_pool: swaps, joins and exits match balancer_weighted_onchain.json") {
  std::ifstream in(FAULTLINE_TEST_DIR "/known/markets/balancer_weighted_onchain.json");
  REQUIRE(in);
  const json file = json::parse(in);
  const json& pool = file["pool"];
  const double rel = file["tolerance"]["double_rel"], raw = file["tolerance"]["abs_raw"];
  WeightedPool::Params p{.base = number(pool["balancesLiveScaled18"][0]) * 1e-18,
                         .quote = number(pool["balancesLiveScaled18"][1]) * 1e-18,
                         .base_weight = number(pool["weights"][0]) * 1e-18,
                         .quote_weight = number(pool["weights"][1]) * 1e-18,
                         .fee = number(pool["swapFee"]) * 1e-18};
  const auto s = WeightedPool::open(p);
  const double supply = number(pool["totalSupply"]) * 1e-18;
  const double unit[2] = {1e-6, 1e-18};  // USDC, DAI
  const auto near = [&](double got, double expected, double quantum) {
    INFO("got " << got << " expected " << expected);
    CHECK(std::fabs(got - expected) <= std::max(rel * std::fabs(expected), raw * quantum));
  };
  int tested = 0;
  for (const json& c : file["cases"]) {
    INFO(c.dump());
    const std::string type = c["type"];
    ++tested;
    if (type == "swap") {
      const Side side =
          c["tokenIn"].get<std::string>().starts_with("0x94a9") ? Side::sell : Side::buy;
      const int given = side == Side::sell ? 0 : 1, taken = 1 - given;
      if (c["swapKind"] == 0) {
        near(WeightedPool::out_given_in(p, s, side, number(c["amountRaw"]) * unit[given]),
             number(c["outputRaw"]) * unit[taken], unit[taken]);
      } else {
        near(WeightedPool::in_given_out(p, s, side, number(c["amountRaw"]) * unit[taken]),
             number(c["outputRaw"]) * unit[given], unit[given]);
      }
      continue;
    }
    if (type.starts_with("add")) {
      const double base = number(c["inputAmountsRaw"][0]) * unit[0];
      const double quote = number(c["inputAmountsRaw"][1]) * unit[1];
      const double share = number(c["bptOutRaw"]) * 1e-18 / supply;
      if (type == "add_SingleToken") {
        const Side side = base > 0 ? Side::sell : Side::buy;
        near(WeightedPool::join_for(p, s, side, share), base + quote, base > 0 ? 1e-6 : 1e-18);
      } else {
        near(WeightedPool::join(p, s, base, quote) * supply, share * supply, 1e-18);
      }
      continue;
    }
    const double base = number(c["amountsOutRaw"][0]) * unit[0];
    const double quote = number(c["amountsOutRaw"][1]) * unit[1];
    const double share = number(c["bptInRaw"]) * 1e-18 / supply;
    if (type == "remove_Proportional") {
      auto left = s;
      WeightedPool::withdraw(p, left, share);
      near(s.base - left.base, base, unit[0]);
      near(s.quote - left.quote, quote, unit[1]);
    } else if (type == "remove_SingleTokenExactIn") {
      const Side side = base > 0 ? Side::buy : Side::sell;
      near(WeightedPool::exit(p, s, side, share), base + quote, base > 0 ? 1e-6 : 1e-18);
    } else {
      REQUIRE(type == "remove_SingleTokenExactOut");
      const Side side = base > 0 ? Side::buy : Side::sell;
      near(WeightedPool::exit_for(p, s, side, base + quote) * supply, share * supply, 1e-18);
    }
  }
  CHECK(tested == 12);
}

TEST_CASE("weighted_pool: equal weights are a constant product pool, up to the limit") {
  const WeightedPool::Params p{.base = 1000, .quote = 3000, .fee = 0.01, .most_traded = 1};
  const ConstantProduct::Params q{1000, 3000, 0.01};
  const auto s = WeightedPool::open(p);
  const auto t = ConstantProduct::open(q);
  for (const Side side : {Side::sell, Side::buy}) {
    for (const double in : {1e-6, 1.0, 37.0, 500.0}) {
      const Fill a = WeightedPool::fill(p, s, side, in), b = ConstantProduct::fill(q, t, side, in);
      CHECK(a.out == Approx(b.out).epsilon(1e-14));
      CHECK(a.price == Approx(b.price).epsilon(1e-13));
      CHECK(a.rate == Approx(b.rate).epsilon(1e-14));
    }
    const double rate = 0.8 * WeightedPool::fill(p, s, side, 0).rate;
    CHECK(WeightedPool::in_to_rate(p, s, side, rate) ==
          Approx(ConstantProduct::in_to_rate(q, t, side, rate)).epsilon(1e-12));
  }
}

TEST_CASE("weighted_pool: an order beyond 30% of a balance fills to the limit") {
  const WeightedPool::Params p{
      .base = 1000, .quote = 3000, .base_weight = 0.8, .quote_weight = 0.2, .fee = 0.01};
  const auto s = WeightedPool::open(p);
  const double most = WeightedPool::most_in(p, s, Side::sell);
  CHECK(most * 0.99 == Approx(300).epsilon(1e-14));
  // 3000 * (1 - (1000/1300)^4)
  CHECK(WeightedPool::out_given_in(p, s, Side::sell, most) ==
        Approx(3000 * (1 - 1 / 2.8561)).epsilon(1e-13));
  CHECK(WeightedPool::out_given_in(p, s, Side::sell, 5 * most) ==
        WeightedPool::out_given_in(p, s, Side::sell, most));
  CHECK(WeightedPool::in_given_out(p, s, Side::buy, 300) < 1e9);
  CHECK(std::isinf(WeightedPool::in_given_out(p, s, Side::buy, 301)));
}

TEST_CASE("weighted_pool: exact in and exact out, in and out again, are inverse") {
  const WeightedPool::Params p{
      .base = 1000, .quote = 3000, .base_weight = 0.3, .quote_weight = 0.5, .fee = 0.002};
  const auto s = WeightedPool::open(p);
  for (const Side side : {Side::sell, Side::buy}) {
    const double out = WeightedPool::out_given_in(p, s, side, 70);
    CHECK(WeightedPool::in_given_out(p, s, side, out) == Approx(70).epsilon(1e-13));
    const double in = WeightedPool::join_for(p, s, side, 0.05);
    const double share =
        WeightedPool::join(p, s, side == Side::sell ? in : 0, side == Side::sell ? 0 : in);
    CHECK(share == Approx(0.05).epsilon(1e-4));  // the contract taxes the two forms a little apart
    const double left = WeightedPool::exit(p, s, side, 0.05);
    CHECK(WeightedPool::exit_for(p, s, side, left) == Approx(0.05).epsilon(1e-4));
  }
}
