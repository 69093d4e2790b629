// Band pools against the properties their authors state: prices at the edges of bands, conversion
// as the oracle falls and back as it rises, losses of a fee per crossing.
#include <catch2/catch.hpp>
#include <cmath>

#include "protocols/agents/arbitrage.hpp"
#include "protocols/venues/band_pool.hpp"

using namespace faultline;

namespace {

BandPool::Params pool(double below, long bands, double fee) {
  BandPool::Spec spec;
  spec.pair = {"ETH", "crvUSD"};
  spec.deposits["all"] = {Amount{1000, "ETH"}, bands, Ratio{below}};
  spec.fee.value = fee;
  spec.oracle_half_life.value = 0;
  const auto made = BandPool::compile(spec, Opening{"ETH", "crvUSD", 2000, 1});
  REQUIRE(made.problem.empty());
  return made.params;
}

/// Arbitrage to the outside price until nothing moves.
void arbitrage(const BandPool::Params& p, BandPool::State& s, double price) {
  const BandTrade t = arbitrage_to_band<BandPool>(p, s, price);
  if (t.in > 0) BandPool::apply(p, s, t.side, t.in, BandPool::out_given_in(p, s, t.side, t.in));
}

double quote_in(const BandPool::State& s) {
  double sum = 0;
  for (const double x : s.quote_in) sum += x;
  return sum;
}
double base_in(const BandPool::State& s) {
  double sum = 0;
  for (const double y : s.base_in) sum += y;
  return sum;
}

}  // namespace

TEST_CASE("band_pool: a band's price runs from p^3/u^2 to p^3/(its lower edge)^2") {
  const auto p = pool(0.05, 4, 0);
  auto s = BandPool::open(p);
  const std::size_t k = s.active;
  CHECK(p.up[k] == Approx(1900).epsilon(0.005));
  CHECK(p.up[k + 1] == Approx(0.99 * p.up[k]).epsilon(1e-15));
  CHECK(BandPool::marginal(p, s) == Approx(8e9 / (p.up[k] * p.up[k])).epsilon(1e-14));
  CHECK(BandPool::most_in(p, s, Side::sell) == 0);
  CHECK(BandPool::fill(p, s, Side::sell, 5).out == 0);
  // Buying a whole band ends at its upper price; inside, the curve is continuous.
  const double whole = BandPool::most_in(p, s, Side::buy);
  CHECK(BandPool::out_given_in(p, s, Side::buy, whole) == Approx(1000).epsilon(1e-13));
  CHECK(BandPool::price_after(p, s, Side::buy, whole) ==
        Approx(8e9 / (p.up[p.count] * p.up[p.count])).epsilon(1e-12));
  // A band is worth the same on the way: its average price is the geometric mean of its edges'.
  double first = 0;
  {
    const auto one = pool(0.05, 1, 0);
    const auto t = BandPool::open(one);
    first = BandPool::most_in(one, t, Side::buy) / 1000;
    const double low = 8e9 / (one.up[k] * one.up[k]), high = 8e9 / (one.up[k + 1] * one.up[k + 1]);
    CHECK(first == Approx(std::sqrt(low * high)).epsilon(1e-12));
  }
}

TEST_CASE("band_pool: the contract's invariant holds with both coins in a band") {
  const auto p = pool(0.02, 5, 0);
  auto s = BandPool::open(p);
  BandPool::relax(p, s, 12, 1930);
  arbitrage(p, s, 1930);
  const std::size_t k = s.active;
  const double x = s.quote_in[k], y = s.base_in[k], o = 1930, u = p.up[k], a = 100;
  REQUIRE(x > 0);
  REQUIRE(y > 0);
  // y0 from the quadratic, solved here by bisection
  double low = 0, high = 1e4;
  for (int i = 0; i < 200; ++i) {
    const double mid = 0.5 * (low + high);
    const double v = o * a * mid * mid - mid * (u / o * (a - 1) * x + o * o / u * a * y) - x * y;
    (v < 0 ? low : high) = mid;
  }
  const double f = a * low * o * o / u, g = (a - 1) * low * u / o;
  CHECK((f + x) * (g + y) == Approx(o * a * a * low * low).epsilon(1e-10));
  CHECK(BandPool::marginal(p, s) == Approx((f + x) / (g + y)).epsilon(1e-10));
  CHECK(BandPool::marginal(p, s) == Approx(1930).epsilon(1e-9));  // where arbitrage left it
}

TEST_CASE("band_pool: collateral turns into the stablecoin as the oracle falls, and back") {
  const auto p = pool(0.02, 10, 0.006);
  auto s = BandPool::open(p);
  arbitrage(p, s, 2000);
  CHECK(base_in(s) == 1000);  // above the range nothing trades
  double last = 1000;
  for (double price = 1990; price >= 1700; price -= 2) {
    CHECK(BandPool::relax(p, s, 12, price));
    arbitrage(p, s, price);
    CHECK(base_in(s) <= last);
    last = base_in(s);
  }
  CHECK(last == 0);  // below the range all of it is the stablecoin
  const double sold_for = quote_in(s) / 1000;
  CHECK(sold_for > p.up[p.count] * 0.98);
  CHECK(sold_for < p.up[2] * 1.02);
  for (double price = 1702; price <= 2100; price += 2) {
    BandPool::relax(p, s, 12, price);
    arbitrage(p, s, price);
  }
  CHECK(quote_in(s) == 0);   // it comes back,
  CHECK(base_in(s) < 1000);  // less what arbitrage cost
  CHECK(base_in(s) > 950);
}

TEST_CASE("band_pool: the oracle's average has its half-life") {
  auto p = pool(0.02, 10, 0.006);
  p.half_life_s = 600;
  auto s = BandPool::open(p);
  CHECK(BandPool::relax(p, s, 600, 1000));
  CHECK(s.oracle == Approx(1500).epsilon(1e-14));
  CHECK(!BandPool::relax(p, s, 0, 1000));
  CHECK(BandPool::relax(p, s, 1200, 1000));
  CHECK(s.oracle == Approx(1125).epsilon(1e-14));
  CHECK(!BandPool::relax(p, s, 600, std::nan("")));
}

TEST_CASE("band_pool: a limit holds the oracle near its feed, the average goes on") {
  auto p = pool(0.02, 10, 0.006);
  p.half_life_s = 600;
  p.limit = 0.015;
  auto s = BandPool::open(p);
  CHECK(BandPool::relax(p, s, 600, 1000));
  CHECK(s.average == Approx(1500).epsilon(1e-14));
  CHECK(s.oracle == Approx(1015).epsilon(1e-14));
  CHECK(BandPool::relax(p, s, 600, 1490));
  CHECK(s.oracle == Approx(1495).epsilon(1e-14));
}

TEST_CASE("band_pool: what lies in no reach is refused") {
  BandPool::Spec spec;
  spec.pair = {"ETH", "crvUSD"};
  const Opening at{"ETH", "crvUSD", 2000, 1};
  CHECK(!BandPool::compile(spec, at).problem.empty());
  spec.deposits["far"] = {Amount{1000, "ETH"}, 50, Ratio{0.7}};
  spec.amplification = 1000;  // the first of them is number 1,203, and a pool has 1,088
  CHECK(BandPool::compile(spec, at).problem.find("amplification") != std::string::npos);
  spec.amplification = 300;
  CHECK(BandPool::compile(spec, at).problem.empty());
}
