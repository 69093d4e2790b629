// Loans on bands: crvUSD's formulas by hand, against the band pool that trades them, and limits.
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "protocols/agents/arbitrage.hpp"
#include "protocols/margin/band_loan.hpp"
#include "protocols/venues/band_pool.hpp"

using namespace faultline;

namespace {

const BandLoanTerms terms;

std::vector<BandShare> even(double collateral, long bands) {
  return std::vector<BandShare>(static_cast<std::size_t>(bands),
                                BandShare{0, collateral / static_cast<double>(bands)});
}

double sum_x(const std::vector<BandShare>& b) {
  double sum = 0;
  for (const BandShare& s : b) sum += s.x;
  return sum;
}

double sum_y(const std::vector<BandShare>& b) {
  double sum = 0;
  for (const BandShare& s : b) sum += s.y;
  return sum;
}

}  // namespace

TEST_CASE("band loans: edges and prices in a band") {
  CHECK(band_top(terms, 3000, 0) == 3000);
  CHECK(band_top(terms, 3000, 1) == Approx(2970).epsilon(1e-14));
  CHECK(band_top(terms, 3000, -1) == Approx(3000 / 0.99).epsilon(1e-14));
  CHECK(band_price_low(3000, 3000) == 3000);
  CHECK(band_price_high(terms, 3000, 2970) == Approx(2970));
  CHECK(band_price_low(3000, 2970) == Approx(2970 * 0.99 * 0.99));  // below the oracle
  CHECK(band_price_high(terms, 3000, 3000) == Approx(3000 / 0.99 / 0.99));
}

TEST_CASE("band loans: how much and where") {
  // ten bands of 1%: the effective sum is (1 - 0.99^10) / 0.1 sqrt(0.99), less 9%
  const double sum = (1 - std::pow(0.99, 10)) / 0.1 * std::sqrt(0.99);
  CHECK(effective_collateral(terms, 1, 10, 0) == Approx(sum));
  CHECK(max_band_ltv(terms, 10) == Approx(0.91 * sum));
  CHECK(max_band_ltv(terms, 4) == Approx(1 - 0.09 - 4.0 / 200).epsilon(0.005));  // Curve's own rule
  CHECK(max_band_ltv(terms, 10) == Approx(1 - 0.09 - 10.0 / 200).epsilon(0.01));
  CHECK(highest_start(terms, 3000, 3000) == Approx(3000));
  CHECK(highest_start(terms, 3000, 2999) == Approx(2970));
  CHECK(highest_start(terms, 3000, 3100) == Approx(3000 / std::pow(0.99, 3)));
  const double start = highest_start(terms, 3000, 2999);
  for (const long n : {4L, 10L, 50L}) {
    const double most = max_band_debt(terms, 7, n, start);
    CHECK(least_band_collateral(terms, most, n, start) == Approx(7));
    const BandPlace at_most = place_loan(terms, 3000, 0, 2999, 7, most, n);
    CHECK(at_most.allowed);
    CHECK(at_most.first == 1);
    CHECK_FALSE(place_loan(terms, 3000, 0, 2999, 7, most * 1.01, n).allowed);
    // half the debt: ln 2 / ln(1/0.99) = 68.97 bands lower
    CHECK(place_loan(terms, 3000, 0, 2999, 7, most / 2, n).first == 69);
    // where the pool's active band stands makes no difference
    CHECK(place_loan(terms, 3000, -20, 2999, 7, most / 2, n).first ==
          place_loan(terms, 3000, 5, 2999, 7, most / 2, n).first);
  }
  CHECK_FALSE(place_loan(terms, 3000, 0, 2999, 7, 100, 3).allowed);
  CHECK_FALSE(place_loan(terms, 3000, 0, 2999, 7, 100, 51).allowed);
  CHECK_FALSE(place_loan(terms, 3000, 0, 2999, 7, 0, 10).allowed);
  CHECK(place_loan(terms, 3000, 0, 2999, 7, 1e-9, 10).first == 1024 - 10);
}

TEST_CASE("band loans: x_down of whole collateral is the geometric mean of each band's edges") {
  const std::vector<BandShare> bands = even(10, 5);
  double by_hand = 0;
  for (int k = 0; k < 5; ++k) by_hand += 2 * 3000 * std::pow(0.99, k) * std::sqrt(0.99);
  for (const double oracle : {3000.0, 3001.0, 5000.0}) {  // above the range nothing changes
    CHECK(coins_on_the_way_down(terms, 3000, 0, bands, oracle) == Approx(by_hand));
    CHECK(collateral_on_the_way_up(terms, 3000, 0, bands, oracle) == Approx(10));
  }
  // the discount that places a loan is the one between x_down and debt at the start
  const BandPlace p = place_loan(terms, 3000, 0, 2999, 10, 20000, 5);
  const double x = coins_on_the_way_down(terms, 3000, p.first, bands, 2999);
  CHECK(x * 0.91 >= 20000 * (1 - 1e-9));
  CHECK(x * 0.91 * 0.99 < 20000);
  CHECK(band_health(terms, x, 20000) > 0);
  CHECK(full_band_health(terms, x, 20000, 2999, band_top(terms, 3000, p.first), 10) >
        band_health(terms, x, 20000));
}

TEST_CASE("band loans: coins stay coins, and each way is the other's inverse by the mean price") {
  std::vector<BandShare> bands(4, BandShare{1000, 0});
  CHECK(coins_on_the_way_down(terms, 3000, 0, bands, 2000) == Approx(4000));
  double by_hand = 0;
  for (int k = 0; k < 4; ++k) by_hand += 1000 / (3000 * std::pow(0.99, k) * std::sqrt(0.99));
  CHECK(collateral_on_the_way_up(terms, 3000, 0, bands, 2000) == Approx(by_hand));
  // in a band on the oracle: half of each side by value, both ends between the plain sums
  const double oracle = 3000 * std::sqrt(0.99);
  const BandShare mid{1000, 1000 / oracle};
  const double down = coins_on_the_way_down(terms, 3000, 0, std::vector{mid}, oracle);
  CHECK(down < 2000);
  CHECK(down > 2000 * 0.99);
}

TEST_CASE("band loans: the pool's bands, traded slowly, keep x_down; a jump lowers it") {
  BandPool::Spec spec;
  spec.pair = {"ETH", "crvUSD"};
  spec.deposits["loan"] = {Amount{10, "ETH"}, 5, Ratio{0}};
  spec.fee.value = 0;
  spec.oracle_half_life.value = 0;
  const auto made = BandPool::compile(spec, Opening{"ETH", "crvUSD", 3000, 1});
  REQUIRE(made.problem.empty());
  const BandPool::Params& p = made.params;
  BandPool::State s = BandPool::open(p);
  const auto held = [&] {
    std::vector<BandShare> bands;
    for (std::size_t k = 0; k < p.count; ++k) bands.push_back({s.quote_in[k], s.base_in[k]});
    return bands;
  };
  const auto step_to = [&](double oracle) {
    BandPool::relax(p, s, 12, oracle);
    const BandTrade t = arbitrage_to_band<BandPool>(p, s, oracle);
    if (t.in > 0) BandPool::apply(p, s, t.side, t.in, BandPool::out_given_in(p, s, t.side, t.in));
  };
  const double x0 = coins_on_the_way_down(terms, 3000, 0, even(10, 5), 3000);
  double oracle = 3000;
  for (; oracle > 2830; oracle -= 0.25) {
    step_to(oracle);
    CHECK(coins_on_the_way_down(terms, 3000, 0, held(), oracle) == Approx(x0).epsilon(3e-4));
    CHECK(collateral_on_the_way_up(terms, 3000, 0, held(), oracle) == Approx(10).epsilon(3e-4));
  }
  CHECK(sum_y(held()) < 1e-6);
  CHECK(sum_x(held()) == Approx(x0).epsilon(3e-4));  // what health had promised
  for (; oracle < 3020; oracle += 0.25) step_to(oracle);
  CHECK(sum_y(held()) == Approx(10).epsilon(6e-4));  // without a fee nothing is lost
  // a jump below all bands: they sell in a pool that quotes far below the oracle
  const double jumped = coins_on_the_way_down(terms, 3000, 0, even(10, 5), 2700);
  CHECK(jumped < x0 * 0.9);
  double last = x0;
  for (oracle = 2990; oracle > 2000; oracle -= 10) {
    const double now = coins_on_the_way_down(terms, 3000, 0, even(10, 5), oracle);
    CHECK(now <= last * (1 + 1e-12));
    last = now;
  }
}

TEST_CASE("band loans: health and liquidation") {
  CHECK(band_health(terms, 1000, 940) == Approx(0).margin(1e-12));
  CHECK(band_health(terms, 1000, 950) < 0);
  CHECK(full_band_health(terms, 1000, 950, 3100, 3000, 0.5) ==
        Approx(1000 * 0.94 / 950 - 1 + 50 / 950.0));
  CHECK(full_band_health(terms, 1000, 950, 2900, 3000, 0.5) == band_health(terms, 1000, 950));
  BandLiquidation l = liquidate_bands(terms, 400, 0.2, 950);
  CHECK(l.share_taken == 1);
  CHECK(l.from_bands == 400);
  CHECK(l.paid == 550);
  CHECK(l.collateral == 0.2);
  CHECK(l.coins == 0);
  l = liquidate_bands(terms, 1000, 0, 950);  // fully converted: it pays for itself
  CHECK(l.paid == 0);
  CHECK(l.coins == 50);
  const double f = 0.3;
  l = liquidate_bands(terms, 400, 0.2, 950, f);
  CHECK(l.debt == Approx(285));
  CHECK(l.share_taken == Approx(f * (1.03 / 1.06 * 0.7 + 0.3)));
  CHECK(l.share_taken < f);  // less than the share of the debt: the loan gets safer
  CHECK(l.from_bands + l.paid == Approx(l.debt));
  double before = 0;
  for (double share = 0.1; share <= 1; share += 0.1) {
    l = liquidate_bands(terms, 400, 0.2, 950, share);
    CHECK(l.share_taken > before);
    before = l.share_taken;
  }
}

TEST_CASE("band loans: semilog rate") {
  CHECK(semilog_rate(0.01, 0.5, 0) == Approx(0.01));
  CHECK(semilog_rate(0.01, 0.5, 1) == Approx(0.5));
  CHECK(semilog_rate(0.01, 0.49, 0.5) == Approx(0.07));
}
