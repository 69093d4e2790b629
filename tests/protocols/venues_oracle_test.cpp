// Oracle-priced pools by hand: what a swap does to the reserves and the impact pools. Impacts by
// themselves are held to GMX's numbers in price_impact_test.cpp.
#include <catch2/catch.hpp>
#include <cmath>

#include "protocols/venues/oracle_pool.hpp"

using namespace faultline;

namespace {

OraclePool::Params pool() {
  return {.base = 1000,
          .quote = 2.4e6,
          .impact_base = 0.5,
          .impact_quote = 300,
          .fee = 0.001,
          .impact = {.positive = 0.005, .negative = 0.01, .at = 1e6, .least = 0},
          .reserved = 0,
          .cap_base = 1e9,
          .cap_quote = 1e12,
          .price = 2000};
}

}  // namespace

TEST_CASE("oracle_pool: a swap by hand") {
  const auto p = pool();
  auto s = OraclePool::open(p);
  // Base 2,000,000 against 2,400,000: selling 100 base, 200,000, ends at balance.
  // Impact 1e6 * 0.005 * (0.4^2 - 0) = 800, of which the purse of quote pays 300.
  const double out = OraclePool::out_given_in(p, s, Side::sell, 100);
  CHECK(out == Approx(200000 * 0.999 + 300).epsilon(1e-14));
  OraclePool::apply(p, s, Side::sell, 100, out);
  CHECK(s.impact_quote == Approx(0).margin(1e-9));
  CHECK(s.base == 1100.5);
  // Selling 50 more worsens it: 1100 * 2000 against 2,200,200: d from -200 to 199,800.
  const double cost = 1e6 * (0.01 * 0.1998 * 0.1998 - 0.005 * 0.0002 * 0.0002);
  const double more = OraclePool::out_given_in(p, s, Side::sell, 50);
  CHECK(more == Approx(100000 * 0.999 - cost).epsilon(1e-9));
  OraclePool::apply(p, s, Side::sell, 50, more);
  CHECK(s.impact_base == Approx(0.5 + cost / 2000).epsilon(1e-9));
  // Buying base back improves: paid from the purse of base.
  const Fill back = OraclePool::fill(p, s, Side::buy, more);
  CHECK(back.out < 50);
  CHECK(back.out > more / 2000 * 0.999);
}

TEST_CASE("oracle_pool: the price is the oracle's, and trades cannot move it") {
  const auto p = pool();
  auto s = OraclePool::open(p);
  CHECK(OraclePool::relax(p, s, 12, 1500));
  CHECK(!OraclePool::relax(p, s, 12, 1500));
  CHECK(!OraclePool::relax(p, s, 12, std::nan("")));
  CHECK(s.oracle == 1500);
  // 1,500,000 against 2,400,000: base is scarce, so giving it earns more than the price
  CHECK(OraclePool::fill(p, s, Side::sell, 0).rate == Approx(1500 * (0.999 + 2 * 2 * 0.005 * 0.9)));
  CHECK(OraclePool::fill(p, s, Side::buy, 0).rate == Approx((0.999 - 2 * 2 * 0.01 * 0.9) / 1500));
}

TEST_CASE("oracle_pool: reserves, caps and the last unit bound an order") {
  auto p = pool();
  p.impact.positive = p.impact.negative = 0;
  const auto s = OraclePool::open(p);
  CHECK(OraclePool::most_in(p, s, Side::sell) == Approx(2.4e6 / 0.999 / 2000).epsilon(1e-14));
  p.reserved = 0.25;
  CHECK(OraclePool::most_in(p, s, Side::sell) == Approx(1.8e6 / 0.999 / 2000).epsilon(1e-14));
  p.cap_base = 1010;
  CHECK(OraclePool::most_in(p, s, Side::sell) == Approx(10).epsilon(1e-12));
  CHECK(OraclePool::out_given_in(p, s, Side::sell, 50) == Approx(19980).epsilon(1e-12));
  // (1 - fee) = 2 * worse * 2 * d / at ends a sale at d = 0.999/(4*0.4) * 1e6
  auto steep = pool();
  steep.impact.negative = 0.4;
  const auto t = OraclePool::open(steep);
  const double most = OraclePool::most_in(steep, t, Side::buy);
  CHECK(most == Approx(0.5 * (0.999 / 1.6 * 1e6 - 0.4e6)).epsilon(1e-12));
  CHECK(OraclePool::fill(steep, t, Side::buy, most).rate == Approx(0).margin(1e-12));
}
