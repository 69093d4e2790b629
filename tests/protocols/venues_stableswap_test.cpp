// StableSwap against published numbers (the paper's invariant at 80 digits, a pool on Ethereum) and
// what the venue adds: rates, the NG fee, the ramp of A, the administrator's share.
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "protocols/venues/stableswap.hpp"
#include "tests/known_vectors.hpp"

using namespace faultline;
using nlohmann::json;

namespace {

double number(const json& j) {
  return j.is_string() ? std::stod(j.get<std::string>()) : j.get<double>();
}

void near(double got, double expected, double relative) {
  INFO("got " << got << " expected " << expected);
  CHECK(std::fabs(got - expected) <= relative * std::fabs(expected));
}

/// A pool of these coins that trades coins i and j, as base and quote.
StableSwap::Params pool(const std::vector<double>& x, std::size_t i, std::size_t j, double a,
                        double fee) {
  StableSwap::Params p{.base = x[i], .quote = x[j], .a = a, .ramp_to = a, .fee = fee};
  for (std::size_t m = 0; m < x.size(); ++m) {
    if (m != i && m != j) p.others[p.other_count++] = x[m];
  }
  return p;
}

}  // namespace

TEST_CASE("stableswap: trades of 2 and 3 coins match stableswap.json") {
  const json file = test::known("markets/stableswap");
  const double rel = 1e-12;  // "1e-12 relative in doubles"
  for (const json& c : file["cases"]) {
    INFO(c["name"]);
    const auto x = c["balances"].get<std::vector<double>>();
    const std::size_t i = c["sell_index"], j = c["buy_index"];
    const double in = c["amount_in"], fee = c["fee"];
    const json& e = c["expected"];
    double sum = 0;
    for (const double each : x) sum += each;
    near(stable_invariant(x, c["Ann"], sum), number(e["D"]), rel);
    near(stable_invariant(x, c["Ann"], sum * 1e-3), number(e["D"]), rel);
    const auto free = pool(x, i, j, c["A_contract"], 0), paid = pool(x, i, j, c["A_contract"], fee);
    auto s = StableSwap::open(free);
    near(StableSwap::marginal(free, s), number(e["spot_price_before"]), rel);
    const Fill f = StableSwap::fill(free, s, Side::sell, in);
    near(f.out, number(e["amount_out_no_fee"]), rel);
    near(f.rate, number(e["spot_price_after"]), rel);
    near(f.price, number(e["spot_price_after"]), rel);
    near(f.out / in, number(e["average_price_no_fee"]), rel);
    near(StableSwap::in_given_out(free, s, Side::sell, f.out), in, 1e-11);
    const auto t = StableSwap::open(paid);
    near(StableSwap::out_given_in(paid, t, Side::sell, in), number(e["amount_out"]), rel);
    near(StableSwap::in_given_out(paid, t, Side::sell, number(e["amount_out"])), in, 1e-11);
    // The same pool with the pair the other way round.
    const auto back = pool(x, j, i, c["A_contract"], fee);
    const auto b = StableSwap::open(back);
    near(StableSwap::out_given_in(back, b, Side::buy, in), number(e["amount_out"]), rel);
  }
}

TEST_CASE("stableswap: a pool on Ethereum, to the unit, and in the middle of a ramp") {
  const json file = test::known("markets/curve_stableswap_base");
  const double off = file["tolerance"]["abs_raw"];
  std::vector<double> x;
  for (const json& b : file["pool"]["balances"]) x.push_back(number(b));
  for (const json& c : file["cases"]) {
    INFO(c["name"]);
    auto p = pool(x, c["in_index"], c["out_index"], file["pool"]["A"], number(file["pool"]["fee"]));
    auto s = StableSwap::open(p);
    if (c.contains("note")) {  // A from 1000 to 2000, half way
      p.a = 1000, p.ramp_to = 2000, p.ramp_s = 86400;
      s = StableSwap::open(p);
      CHECK(StableSwap::relax(p, s, 43200, 1));
      CHECK(s.ann == 3000);
    }
    const double in = number(c["dx"]), dy = number(c["expected_dy"]);
    const double out = StableSwap::out_given_in(p, s, Side::sell, in);
    CHECK(std::fabs(out - dy) <= off + 1);  // the contract also gives one unit less, and floors
    CHECK(std::fabs(out / (1 - p.fee) - out - number(c["expected_fee"])) <= off);
  }
}

TEST_CASE("stableswap: a coin counts as what it pays by contract") {
  StableSwap::Spec spec;
  spec.pair = {"wstETH", "ETH"};
  spec.liquidity = Amount{150e6, "$"};
  Opening at{"wstETH", "ETH", 2420, 2000};
  at.base_rate = 1.21;
  at.claims = true;
  const auto made = StableSwap::compile(spec, at, {});
  REQUIRE(made.problem.empty());
  const auto& p = made.params;
  auto s = StableSwap::open(p);
  near(p.base * 2420, 75e6, 1e-15);  // balanced in worth and in pool units, at the contract's price
  near(p.base * 1.21, p.quote, 1e-15);
  near(StableSwap::marginal(p, s), 1.21, 1e-15);
  // As the same pool in stETH, where the rate is written into the amounts.
  StableSwap::Params plain = p;
  plain.base *= 1.21;
  plain.base_rate = 1;
  const auto u = StableSwap::open(plain);
  near(StableSwap::out_given_in(p, s, Side::sell, 1000),
       StableSwap::out_given_in(plain, u, Side::sell, 1210), 1e-14);
  near(StableSwap::out_given_in(p, s, Side::buy, 1000) * 1.21,
       StableSwap::out_given_in(plain, u, Side::buy, 1000), 1e-14);
  // A rate that falls by a tenth pulls the price with it; a balanced pool is then out of balance.
  CHECK(StableSwap::re_rate(p, s, 1.089, 1));
  CHECK(!StableSwap::re_rate(p, s, 1.089, 1));
  CHECK(StableSwap::marginal(p, s) > 1.089);
  CHECK(StableSwap::marginal(p, s) < 1.0912);
  spec.rates = "none";
  const auto none = StableSwap::compile(spec, at, {});
  auto t = StableSwap::open(none.params);
  near(StableSwap::marginal(none.params, t), 1.21, 1e-9);  // still the outside price, off balance
  CHECK(none.params.base < 0.2 * none.params.quote);
  CHECK(!StableSwap::re_rate(none.params, t, 1.089, 1));
}

TEST_CASE("stableswap: opens at any outside price") {
  for (const double a : {2.0, 50.0, 2000.0}) {
    for (const double price : {0.3, 0.9, 0.9999, 1.0, 1.001, 1.5}) {
      StableSwap::Spec spec;
      spec.pair = {"A", "B"};
      spec.amplification = a;
      spec.liquidity = Amount{1e8, "$"};
      const auto made = StableSwap::compile(spec, Opening{"A", "B", price, 1}, {});
      REQUIRE(made.problem.empty());
      INFO("A " << a << " price " << price);
      near(StableSwap::marginal(made.params, StableSwap::open(made.params)), price, 1e-10);
      near(made.params.base * price + made.params.quote, 1e8, 1e-13);
    }
  }
}

TEST_CASE("stableswap: the fee of NG pools rises off balance, that of Balancer is on the input") {
  // f*m / ((m - 1)*4xy/(x + y)^2 + 1) by hand: f = 4 bps, m = 5, x = 3, y = 1: 5*4/(4*0.75 + 1)
  auto p = pool({3e6, 1e6}, 0, 1, 1000, 0.0004);
  p.offpeg = 5;
  const auto s = StableSwap::open(p);
  near(StableSwap::fee(p, s), 0.0005, 1e-12);
  auto even = pool({2e6, 2e6}, 0, 1, 1000, 0.0004);
  even.offpeg = 5;
  near(StableSwap::fee(even, StableSwap::open(even)), 0.0004, 1e-12);
  // Of a trade: the means of the balances before and after it count.
  const double in = 8e5;
  auto free = p;
  free.fee = 0;
  const double gross = StableSwap::out_given_in(free, StableSwap::open(free), Side::sell, in);
  const double x = 3e6 + in / 2, y = 1e6 - gross / 2;
  const double fee = 0.0004 * 5 / (4 * 4 * x * y / ((x + y) * (x + y)) + 1);
  near(StableSwap::out_given_in(p, s, Side::sell, in), gross * (1 - fee), 1e-12);
  const double out = StableSwap::out_given_in(p, s, Side::sell, in);
  near(StableSwap::in_given_out(p, s, Side::sell, out), in, 1e-11);
  const double step = 1;  // the last unit's rate is the slope
  near((StableSwap::out_given_in(p, s, Side::sell, in + step) -
        StableSwap::out_given_in(p, s, Side::sell, in - step)) /
           (2 * step),
       StableSwap::fill(p, s, Side::sell, in).rate, 1e-7);

  auto balancer = pool({3e6, 1e6}, 0, 1, 1000, 0.01);
  balancer.fee_on_input = true;
  const auto t = StableSwap::open(balancer);
  near(StableSwap::out_given_in(balancer, t, Side::sell, in),
       StableSwap::out_given_in(free, StableSwap::open(free), Side::sell, 0.99 * in), 1e-12);
  near(StableSwap::in_given_out(balancer, t, Side::sell, 5e5) * 0.99,
       StableSwap::in_given_out(free, StableSwap::open(free), Side::sell, 5e5), 1e-12);
}

TEST_CASE("stableswap: the administrator's share of the fee leaves the curve, not the pool") {
  auto p = pool({1e6, 1e6}, 0, 1, 100, 0.01);
  p.admin_fee = 0.5;
  auto s = StableSwap::open(p);
  const double out = StableSwap::out_given_in(p, s, Side::sell, 1e5);
  const Fill f = StableSwap::fill(p, s, Side::sell, 1e5);
  StableSwap::apply(p, s, Side::sell, 1e5, out);
  near(s.aside_quote, 0.5 * out * (0.01 / 0.99), 1e-12);
  CHECK(s.aside_base == 0);
  CHECK(s.quote == 1e6 - out);
  CHECK(StableSwap::marginal(p, s) == f.price);
  CHECK(s.d > 2e6);  // the other half makes LPs richer
  const double aside = s.aside_quote;
  StableSwap::withdraw(p, s, 0.25);
  CHECK(s.aside_quote == aside);
  near(s.quote - aside, 0.75 * (1e6 - out - aside), 1e-14);
  // Without it the whole fee joins the curve.
  p.admin_fee = 0;
  auto t = StableSwap::open(p);
  StableSwap::apply(p, t, Side::sell, 1e5, out);
  CHECK(t.aside_quote == 0);
  near(t.d - 2e6, 2 * (s.d / 0.75 - 2e6), 0.01);
}
