// Concentrated liquidity against a plain tick walk, at boundaries, over gaps and past the end.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "protocols/venues/concentrated_liquidity.hpp"

using namespace faultline;
using K = ConcentratedLiquidity;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

K::Params made(const std::vector<LiquidityRange>& ranges, double fee, double price) {
  const auto c = K::from_ranges(ranges, fee, price);
  REQUIRE(c.problem.empty());
  return c.params;
}

/// The slow way, in long double: at each step sums the ranges that hold the price in the direction
/// of the move, and goes to the nearest end of any range.
struct SlowPool {
  std::vector<LiquidityRange> ranges;
  long double fee, root;

  long double swap(Side side, long double in) {
    long double left = in * (1 - fee), out = 0;
    for (;;) {
      long double liquidity = 0, stop = side == Side::sell ? -1 : -1;
      for (const auto& r : ranges) {
        const long double low = std::sqrt(r.price_lower), high = std::sqrt(r.price_upper);
        if (side == Side::sell) {
          if (low < root && root <= high) liquidity += r.liquidity;
          for (const long double e : {low, high}) {
            if (e < root && e > stop) stop = e;
          }
        } else {
          if (low <= root && root < high) liquidity += r.liquidity;
          for (const long double e : {low, high}) {
            if (e > root && (stop < 0 || e < stop)) stop = e;
          }
        }
      }
      if (stop < 0 || left <= 0) return out;
      if (side == Side::sell) {
        const long double need = liquidity * (1 / stop - 1 / root);
        if (liquidity > 0 && left < need) {
          const long double next = 1 / (1 / root + left / liquidity);
          out += liquidity * (root - next);
          root = next;
          return out;
        }
        out += liquidity * (root - stop);
        left -= need;
      } else {
        const long double need = liquidity * (stop - root);
        if (liquidity > 0 && left < need) {
          const long double next = root + left / liquidity;
          out += liquidity * (1 / root - 1 / next);
          root = next;
          return out;
        }
        out += liquidity * (1 / root - 1 / stop);
        left -= need;
      }
      root = stop;
    }
  }
};

bool close(double a, double b, double relative) {
  return std::fabs(a - b) <= relative * std::max(std::fabs(a), std::fabs(b));
}

}  // namespace

TEST_CASE("concentrated_liquidity: walks like the slow tick walk") {
  std::mt19937_64 engine(7);
  const auto uniform = [&] { return static_cast<double>(engine() >> 11) * 0x1p-53; };
  int gaps = 0, crossings = 0;
  for (int round = 0; round < 400; ++round) {
    const double tick = 1.01, fee = 0.003 * (round % 3);
    std::vector<LiquidityRange> ranges;
    const int n = 1 + static_cast<int>(engine() % 30);
    for (int i = 0; i < n; ++i) {  // on a coarse grid, so that many share ends
      const int low = static_cast<int>(engine() % 60) - 30;
      const int wide = 1 + static_cast<int>(engine() % 8);
      ranges.push_back(
          {1500 * std::pow(tick, low), 1500 * std::pow(tick, low + wide), 1 + 1000 * uniform()});
    }
    const auto& first = ranges[engine() % ranges.size()];
    const double price = first.price_lower + uniform() * (first.price_upper - first.price_lower);
    const auto p = made(ranges, fee, price);
    auto s = K::open(p);
    SlowPool slow{ranges, fee, std::sqrt(price)};
    for (const double l : p.liquidity) gaps += l == 0;
    double all_base = s.base, all_quote = s.quote;  // what could ever stand on either side
    for (const double b : p.base_cap) all_base += b;
    for (const double q : p.quote_cap) all_quote += q;
    for (int i = 0; i < 12; ++i) {
      const Side side = engine() & 1 ? Side::sell : Side::buy;
      const double most = K::most_in(p, s, side);
      const double in = uniform() * (i % 4 == 3 ? 1.5 : 0.6) * most;
      slow.root = s.root;
      const auto expected = static_cast<double>(slow.swap(side, in));
      const double out = K::out_given_in(p, s, side, in);
      const auto interval = s.interval;
      INFO("round " << round << " trade " << i << " in/most " << in / most);
      CHECK(close(out, expected, 1e-12));
      K::apply(p, s, side, in, out);
      CHECK(close(s.root, static_cast<double>(slow.root), 1e-13));
      crossings += std::abs(s.interval - interval);
      const auto k = static_cast<std::size_t>(s.interval);
      CHECK((p.root[k] <= s.root && s.root <= p.root[k + 1]));
      // Tokens: what the curve stands on, and the fees of what came in.
      CHECK(K::base_held(p, s) >= K::curve_base(p, s) - 1e-12 * all_base);
      CHECK(K::quote_held(p, s) >= K::curve_quote(p, s) - 1e-12 * all_quote);
      CHECK(K::base_held(p, s) >= 0);
      CHECK(K::quote_held(p, s) >= 0);
    }
  }
  CHECK(gaps > 100);
  CHECK(crossings > 5000);
}

TEST_CASE("concentrated_liquidity: fees do not join the curve, and are all there") {
  const auto p = made({{1000, 4000, 500}}, 0.01, 2000);
  auto s = K::open(p);
  const double root = s.root;
  double base_fees = 0;
  for (int i = 0; i < 50; ++i) {
    const double in = 0.5, out = K::out_given_in(p, s, Side::sell, in);
    K::apply(p, s, Side::sell, in, out);
    base_fees += 0.01 * in;
    const double back = K::in_to_price(p, s, Side::buy, root * root);
    K::apply(p, s, Side::buy, back, K::out_given_in(p, s, Side::buy, back));
  }
  CHECK(K::base_held(p, s) - K::curve_base(p, s) == Approx(base_fees).epsilon(1e-9));
  CHECK(K::curve_base(p, s) == Approx(K::curve_base(p, K::open(p))).epsilon(1e-12));
}

TEST_CASE("concentrated_liquidity: a price on a boundary moves either way") {
  const auto p = made({{1, 4, 10}, {4, 9, 100}}, 0, 4);
  const auto s = K::open(p);
  CHECK(s.root == 2);
  CHECK(K::price_after(p, s, Side::buy, 10) == Approx(2.1 * 2.1).epsilon(1e-15));  // L = 100
  const double sold = 10 * (1 / 1.5 - 1 / 2.0);                                    // L = 10
  CHECK(K::price_after(p, s, Side::sell, sold) == Approx(1.5 * 1.5).epsilon(1e-15));
  auto t = s;  // arriving on it from either side leaves the same market
  K::apply(p, t, Side::sell, sold, K::out_given_in(p, t, Side::sell, sold));
  const double back = K::in_to_price(p, t, Side::buy, 4);
  K::apply(p, t, Side::buy, back, K::out_given_in(p, t, Side::buy, back));
  CHECK(t.root == 2);
  CHECK(K::out_given_in(p, t, Side::buy, 10) == K::out_given_in(p, s, Side::buy, 10));
  CHECK(K::out_given_in(p, t, Side::sell, 1) == K::out_given_in(p, s, Side::sell, 1));
}

TEST_CASE("concentrated_liquidity: a gap costs nothing, and needs a buyer beyond it") {
  const auto p = made({{1, 4, 10}, {9, 16, 10}}, 0, 2.25);
  auto s = K::open(p);
  const double to_edge = 10 * (2 - 1.5);
  CHECK(K::in_to_price(p, s, Side::buy, 6) == Approx(to_edge).epsilon(1e-12));
  CHECK(K::price_after(p, s, Side::buy, to_edge) == 4);  // all spent at the near edge
  CHECK(K::in_to_price(p, s, Side::buy, 12.25) == Approx(to_edge + 10 * 0.5).epsilon(1e-14));
  CHECK(K::price_after(p, s, Side::buy, to_edge * (1 + 1e-9)) >= 9);
  const double in = K::in_to_price(p, s, Side::buy, 6);
  K::apply(p, s, Side::buy, in, 0);
  CHECK(K::marginal(p, s) <= 4);
  CHECK(K::in_for_average(p, s, Side::buy, 1 / 8.9) <= 1e-9);  // beyond the gap it costs 9 and more
}

TEST_CASE("concentrated_liquidity: past the last range an order fills in part") {
  const auto p = made({{1, 4, 10}}, 0.003, 2.25);
  auto s = K::open(p);
  const double most = K::most_in(p, s, Side::sell);
  CHECK(most == Approx(10 * (1 - 1 / 1.5) / 0.997).epsilon(1e-14));
  CHECK(K::out_given_in(p, s, Side::sell, 5 * most) == Approx(10 * 0.5).epsilon(1e-14));
  K::apply(p, s, Side::sell, most, 5);
  CHECK(K::marginal(p, s) == Approx(1).epsilon(1e-14));
  CHECK(K::most_in(p, s, Side::sell) <= 1e-12 * most);
  CHECK(K::out_given_in(p, s, Side::sell, 1) <= 1e-12);
  CHECK(K::in_to_price(p, s, Side::sell, 0.5) <= 1e-12 * most);
  CHECK(K::most_in(p, s, Side::buy) == Approx(10 * (2 - 1) / 0.997).epsilon(1e-12));
}

TEST_CASE(
    "concentrated_liquidity: a range over all prices is constant product without compounding") {
  const auto p = made({{0, inf, 1000}}, 0.003, 25);
  const auto s = K::open(p);
  CHECK(s.base == Approx(200).epsilon(1e-15));
  CHECK(s.quote == Approx(5000).epsilon(1e-15));
  const double g = 0.997 * 7;
  CHECK(K::out_given_in(p, s, Side::sell, 7) == Approx(g * 5000 / (200 + g)).epsilon(1e-14));
  CHECK(K::most_in(p, s, Side::sell) == inf);
  CHECK(K::most_in(p, s, Side::buy) == inf);
  CHECK(K::in_for_average(p, s, Side::sell, 12.5) == Approx(200 / 0.997 * 0.994).epsilon(1e-11));
}

TEST_CASE("concentrated_liquidity: specs compile, mistakes are told") {
  const Opening at{"ETH", "USDC", 3800, 1};
  K::Spec spec;
  spec.liquidity = Amount{220e6, "$"};
  const auto c = K::compile(spec, at);
  REQUIRE(c.problem.empty());
  const auto s = K::open(c.params);
  CHECK(s.base * 3800 + s.quote == Approx(220e6).epsilon(1e-12));
  CHECK(s.base * 3800 == Approx(s.quote).epsilon(1e-12));
  CHECK(K::marginal(c.params, s) == Approx(3800).epsilon(1e-15));
  const double to = K::in_to_price(c.params, s, Side::sell, 3800 * 0.9);  // the shape it is fit to
  CHECK(K::out_given_in(c.params, s, Side::sell, to) / 220e6 == Approx(0.221).epsilon(0.01));

  spec.price = Amount{2000, "USDC"};
  CHECK(K::marginal(c.params, K::open(K::compile(spec, at).params)) == Approx(2000).epsilon(1e-15));
  spec.price = Amount{2000, "ETH"};
  CHECK(!K::compile(spec, at).problem.empty());
  spec.price.reset();
  spec.ranges.emplace();
  CHECK(!K::compile(spec, at).problem.empty());  // both
  spec.liquidity.reset();
  CHECK(!K::compile(spec, at).problem.empty());  // no rows
  const std::vector<LiquidityRange> rows{{3000, 4000, 5}, {2000, 3000, 7}};
  CHECK(K::compile(spec, at, rows).problem.empty());
  const std::vector<LiquidityRange> away{{1000, 2000, 5}}, inverted{{4000, 3000, 5}};
  CHECK(!K::compile(spec, at, away).problem.empty());
  CHECK(!K::compile(spec, at, inverted).problem.empty());
}

TEST_CASE("concentrated_liquidity: neither row order nor a large neighbour leaves a trace") {
  std::vector<LiquidityRange> rows{{1, 2, 1e15}, {1.5, 3, 0.1}, {2.5, 5, 0.3}, {6, 7, 0.7}};
  const auto p = made(rows, 0, 1.2);
  const std::vector<double> active{1e15, 1e15 + 0.1, 0.1, 0.1 + 0.3, 0.3, 0, 0.7};
  REQUIRE(p.liquidity.size() == active.size());
  for (std::size_t k = 0; k < active.size(); ++k) {
    CHECK(p.liquidity[k] == Approx(active[k]).epsilon(1e-15));
  }
  CHECK(p.liquidity[5] == 0);
  std::reverse(rows.begin(), rows.end());
  CHECK(made(rows, 0, 1.2).liquidity == p.liquidity);
}
