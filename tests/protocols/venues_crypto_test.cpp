// CryptoSwap pools against a TwoCrypto-NG pool on Arbitrum, and the rule of repegging only out of
// profit.
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "protocols/venues/crypto_pool.hpp"

using namespace faultline;
using nlohmann::json;

namespace {

double number(const json& j, double unit) {
  return std::stod(j.get<std::string>()) * unit;
}

/// A pool of $20m in ETH at 2000 that charges its usual fees.
CryptoPool::Params pool() {
  CryptoPool::Params p;
  p.tokens = {5000, 1e7, 0};
  p.scale = {2000, 1, 1};
  return p;
}

void trade(const CryptoPool::Params& p, CryptoPool::State& s, Side side, double in) {
  CryptoPool::apply(p, s, side, in, CryptoPool::out_given_in(p, s, side, in));
}

}  // namespace

TEST_CASE("crypto_pool: trades match curve_twocrypto_ng.json") {
  std::ifstream in(FAULTLINE_TEST_DIR "/known/markets/curve_twocrypto_ng.json");
  REQUIRE(in);
  const json file = json::parse(in);
  const json& pool = file["pool"];
  const double rel = file["tolerance"]["double_rel"];
  CryptoPool::Params p;  // coin 1 is the base: the scale is its price in coin 0
  p.tokens = {number(pool["balances"][1], 1e-18), number(pool["balances"][0], 1e-18), 0};
  p.scale = {number(pool["price_scale"][0], 1e-18), 1, 1};
  p.a = number(pool["ANN"], 1e-4);
  p.gamma = number(pool["gamma"], 1e-18);
  p.fee = number(pool["mid_fee"], 1e-10);
  p.out_fee = number(pool["out_fee"], 1e-10);
  p.fee_gamma = number(pool["fee_gamma"], 1e-18);
  const auto s = CryptoPool::open(p);
  CHECK(s.d == Approx(number(pool["D"], 1e-18)).epsilon(1e-12));
  int tested = 0;
  for (const json& c : file["cases"]) {
    INFO(c["name"]);
    const Side side = c["in_index"] == 1 ? Side::sell : Side::buy;
    const double dx = number(c["dx"], 1e-18), dy = number(c["expected_dy"], 1e-18);
    const double out = CryptoPool::out_given_in(p, s, side, dx);
    INFO(out << " expected " << dy);
    CHECK(std::fabs(out - dy) <= std::max(rel * dy, 1e3 * 1e-18));
    CHECK(CryptoPool::in_given_out(p, s, side, out) == Approx(dx).epsilon(1e-10));
    ++tested;
  }
  CHECK(tested == 9);
}

TEST_CASE("crypto_pool: the last unit's rate is the slope, the price that of the state after") {
  const auto p = pool();
  const auto s = CryptoPool::open(p);
  CHECK(CryptoPool::marginal(p, s) == Approx(2000).epsilon(1e-14));
  CHECK(CryptoPool::fee(p, s) == Approx(0.0026).epsilon(1e-9));
  for (const double in : {1.0, 50.0, 700.0, 4000.0}) {
    const Fill f = CryptoPool::fill(p, s, Side::sell, in);
    const double h = 1e-4 * in;
    const double slope = (CryptoPool::out_given_in(p, s, Side::sell, in + h) -
                          CryptoPool::out_given_in(p, s, Side::sell, in - h)) /
                         (2 * h);
    INFO("in " << in);
    CHECK(f.rate == Approx(slope).epsilon(1e-6));
    auto t = s;
    trade(p, t, Side::sell, in);
    CHECK(CryptoPool::marginal(p, t) == f.price);
  }
}

TEST_CASE("crypto_pool: three coins of one scale are symmetric, and a third one adds depth") {
  CryptoPool::Params p;
  p.coins = 3;
  p.a = 2700000e-4;
  p.gamma = 1.3e-6;
  p.tokens = {5000, 1e7, 20e6};
  p.scale = {2000, 1, 0.5};
  const auto s = CryptoPool::open(p);
  CHECK(s.d == Approx(3e7).epsilon(1e-12));
  CHECK(CryptoPool::marginal(p, s) == Approx(2000).epsilon(1e-12));
  CHECK(s.last[2] == Approx(0.5).epsilon(1e-12));
  const double sold = CryptoPool::out_given_in(p, s, Side::sell, 100);
  const double bought = CryptoPool::out_given_in(p, s, Side::buy, 200000);
  CHECK(sold == Approx(2000 * bought).epsilon(1e-12));  // at balance both ways are alike
  CHECK(sold < 200000);
  const double constant_product = 200000.0 * 5000 / 5100;
  CHECK(sold > constant_product * (1 - CryptoPool::fee(p, s)));
}

TEST_CASE("crypto_pool: the scale moves toward the average, and only out of profit") {
  auto p = pool();
  auto s = CryptoPool::open(p);
  trade(p, s, Side::sell, 200);  // the price falls; one trade's fee buys at most a step
  const double fallen = CryptoPool::marginal(p, s);
  CHECK(fallen < 1990);
  CHECK(s.virtual_price > 1);
  CHECK(s.profit >= s.virtual_price);
  CHECK(s.scale[0] == 2000);  // the average has not moved yet
  CHECK(s.average[0] == Approx(2000));
  // Ten minutes are one half-life of the average; no price moves by that.
  CHECK(!CryptoPool::relax(p, s, 600, 1500));
  CHECK(s.average[0] == Approx((2000 + s.last[0]) / 2).epsilon(1e-12));
  CHECK(CryptoPool::marginal(p, s) == fallen);
  // Trading to and fro earns fees; the scale then follows the average, a fifth of the way at most.
  double scale = s.scale[0];
  int steps = 0;
  for (int i = 0; i < 60; ++i) {
    CryptoPool::relax(p, s, 600, 0);
    const double worth = s.virtual_price;
    trade(p, s, i % 2 ? Side::sell : Side::buy, i % 2 ? 20 : 39000);
    if (s.scale[0] == scale) {
      CHECK(s.virtual_price > worth);  // every trade earns
      continue;
    }
    ++steps;
    CHECK(s.scale[0] < scale);
    const double gap = scale - s.average[0];
    CHECK(scale - s.scale[0] <= std::max(0.2 * gap, p.step * scale) * (1 + 1e-9));
    CHECK(s.scale[0] > s.average[0]);
    CHECK(2 * s.virtual_price - 1 > s.profit);
    CHECK(s.virtual_price > 1);
    scale = s.scale[0];
  }
  CHECK(steps > 3);
  // Without fees there is no profit and the scale stays, whatever the average says.
  p.fee = p.out_fee = 0;
  auto t = CryptoPool::open(p);
  trade(p, t, Side::sell, 500);
  for (int i = 0; i < 30; ++i) {
    CryptoPool::relax(p, t, 6000, 0);
    trade(p, t, Side::sell, 0.001);
    CHECK(t.scale[0] == 2000);
    CHECK(t.virtual_price == Approx(1).epsilon(1e-13));
  }
  CHECK(t.average[0] < 1950);
}

TEST_CASE("crypto_pool: a step of the scale is what the contract's formula says") {
  auto p = pool();
  p.virtual_price = 1.2;  // an old pool, rich in profit: 2*1.2 - 1 > 1.1
  p.profit = 1.1;
  auto s = CryptoPool::open(p);
  trade(p, s, Side::sell, 30);
  const double average = (2000 * 3 + s.last[0]) / 4;  // a quarter of the way back, by hand
  s.average[0] = average;
  auto free = s;
  auto stays = p;
  stays.extra_profit = 10;
  trade(p, s, Side::buy, 1000);
  trade(stays, free, Side::buy, 1000);
  const double norm = 1 - average / 2000, step = std::max(p.step, norm / 5);
  CHECK(free.scale[0] == 2000);
  CHECK(s.scale[0] == Approx((2000 * (norm - step) + step * average) / norm).epsilon(1e-14));
  // The claims' worth is D/2 of each coin at the new scale, per claim.
  CHECK(s.virtual_price == Approx(s.d / 2 / std::sqrt(s.scale[0]) / s.claims).epsilon(1e-14));
  CHECK(s.profit == Approx(free.profit).epsilon(1e-14));  // a step is no profit
}
