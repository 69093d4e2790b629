// A pool as counterparty: GMX's own execution prices, and its rules worked by hand.
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "protocols/margin/pool_perp_market.hpp"

using namespace faultline;
using nlohmann::json;

namespace {

double number(const json& j) {
  return j.is_string() ? std::stod(j.get<std::string>()) : j.get<double>();
}

/// A pool of $10m on the long side against longs of `size` USD at `entry`.
PoolSide longs(double size, double entry) {
  return {.value = 10e6, .size = size, .contracts = size / entry, .side = 1};
}

}  // namespace

TEST_CASE("pool perps: execution prices match gmx_v2_price_impact.json") {
  std::ifstream in(std::string(FAULTLINE_TEST_DIR) + "/known/markets/gmx_v2_price_impact.json");
  REQUIRE(in);
  const json file = json::parse(in);
  const double rel = file["tolerance"]["double_rel"];
  int compared = 0;
  for (const json& c : file["cases"]) {
    if (c["type"] != "position_impact") continue;
    INFO(c["name"]);
    const ImpactTerms t{.positive = number(c["f_pos"]),
                        .negative = number(c["f_neg"]),
                        .exponent = number(c["exponent"])};
    const double side = c["is_long"] ? 1 : -1, size = number(c["size"]);
    const double before = number(c["long_oi"]) - number(c["short_oi"]);
    const double impact = price_impact(t, before, before + side * size);
    CHECK(pool_entry_price(size, side, number(c["oracle_price"]), impact) ==
          Approx(number(c["expected_exec_price"])).epsilon(rel));
    ++compared;
  }
  CHECK(compared == 6);
}

TEST_CASE("pool perps: an exit's impact changes the profit by exactly itself") {
  for (const double side : {1.0, -1.0}) {
    const PoolPosition p{.size = 50000, .contracts = 20, .collateral = 5000, .side = side};
    for (const double impact : {-120.0, 80.0}) {
      const double price = pool_exit_price(p, p.size, 2600, impact);
      CHECK(pool_profit(p, price) == Approx(pool_profit(p, 2600) + impact));
      const double half = pool_exit_price(p, p.size / 2, 2600, impact);
      CHECK(pool_profit(p, half) / 2 == Approx(pool_profit(p, 2600) / 2 + impact));
    }
  }
}

TEST_CASE("pool perps: the liquidation test") {
  PoolTermsSpec spec;
  PoolPerpTerms t = compile_pool_perp(spec);
  // $50,000 at $2,500 with $5,000: below 0.5% of size less fees at (2500 - 250 + 12.5 + 1.5)
  const PoolPosition p{.size = 50000, .contracts = 20, .collateral = 5000, .side = 1};
  CHECK_FALSE(pool_in_breach(t, p, 2264.01, 0, 30));
  CHECK(pool_in_breach(t, p, 2263.99, 0, 30));
  CHECK_FALSE(pool_in_breach(t, p, 2264.01, -400, 30));  // in production no impact counts
  CHECK_FALSE(pool_in_breach(t, p, 2264.01, 400, 30));
  t.liquidation_impact = 0.005;
  CHECK(pool_in_breach(t, p, 2264.01, -400, 30));
  CHECK_FALSE(pool_in_breach(t, p, 2276.6, -4000, 30));  // but no more than 0.5%
  CHECK(pool_in_breach(t, p, 2263.99, 4000, 30));        // and never in favour
  const PoolPosition tiny{.size = 100, .contracts = 0.04, .collateral = 0.9, .side = -1};
  CHECK(pool_in_breach(t, tiny, 2500, 0, 0));  // under $1
}

TEST_CASE("pool perps: what closing pays to whom") {
  PoolSettlement s = settle_pool_position(5000, -3000, 100, -50);
  CHECK(s.to_pool == 3000);
  CHECK(s.to_fees == 100);
  CHECK(s.to_impact == 50);
  CHECK(s.to_trader == 1850);
  CHECK(s.unpaid == 0);
  s = settle_pool_position(5000, 700, 100, 20);
  CHECK(s.to_pool == -700);
  CHECK(s.to_impact == -20);
  CHECK(s.to_trader == 5620);
  s = settle_pool_position(5000, -4950, 100, -50);  // the loss first, then fees
  CHECK(s.to_pool == 4950);
  CHECK(s.to_fees == 50);
  CHECK(s.to_impact == 0);
  CHECK(s.to_trader == 0);
  CHECK(s.unpaid == 100);
  for (const double profit : {-9000.0, -4990.0, 0.0, 2500.0}) {
    s = settle_pool_position(5000, profit, 100, -50);
    CHECK(s.to_trader + s.to_pool + s.to_fees + s.to_impact == 5000);
    CHECK(s.unpaid == std::max(0.0, 150 - profit - 5000));
  }
}

TEST_CASE("pool perps: caps, deleveraging, withdrawals and reserves") {
  const PoolPerpTerms t = compile_pool_perp({});
  const PoolSide s = longs(20e6, 2500);  // 8,000 contracts
  CHECK(side_profit(s, 3000) == 4e6);
  CHECK(profit_factor(t, s, 3000) == 1);
  CHECK(profit_factor(t, s, 5000) == Approx(9.0 / 20));  // $20m won of a pool of $10m: 90% is paid
  CHECK(profit_factor(t, s, 2000) == 1);                 // losses are not scaled
  CHECK(pool_adl_profit(t, s, 3562.5) == 0);             // 85% exactly
  const double close = pool_adl_profit(t, s, 3600);      // 88%
  CHECK((side_profit(s, 3600) - close) / (s.value - close) == Approx(0.77));
  CHECK(pool_withdrawable(t, s, 3375));  // 70%
  CHECK_FALSE(pool_withdrawable(t, s, 3376));
  CHECK(reserve_left(t, s, 3000) == 27.5e6 - 24e6);
  CHECK(reserve_left(t, s, 4000) == 0);
  const PoolSide shorts{.value = 10e6, .size = 20e6, .contracts = 8000, .side = -1};
  CHECK(reserve_left(t, shorts, 4000) == 27.5e6 - 20e6);  // what shorts can win is bounded
  CHECK(pool_value(t, s, shorts, 3000) == 20e6);          // one side's win is the other's loss
  CHECK(pool_value(t, s, {.value = 10e6, .size = 0, .contracts = 0, .side = -1}, 5000) == 11e6);
}

TEST_CASE("pool perps: borrowing turns dear above the optimum") {
  const PoolPerpTerms t = compile_pool_perp({});
  const auto yearly = [&](double usage) {
    return pool_borrow_rate(t, longs(usage * 27.5e6, 2500), 2500) * year_s;
  };
  CHECK(yearly(0) == 0);
  CHECK(yearly(0.5) == Approx(0.225));
  CHECK(yearly(0.75) == Approx(0.3375));
  CHECK(yearly(1) == Approx(1.0));
  CHECK(pool_borrow_rate(t, {}, 2500) == 0);
}
