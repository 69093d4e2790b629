// The book curve against its closed forms and against a fine numerical walk; refill, permanent
// impact and capital of the two kinds that use it.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>

#include "protocols/venues/order_book.hpp"
#include "protocols/venues/outside.hpp"

using namespace faultline;

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();

OrderBook::Params book(double depth, double centre, double fee, double exponent = 0.4) {
  OrderBook::Params p;
  p.curve = book_curve(depth, 0.01, exponent, 0.9);
  p.centre = centre;
  p.fee = fee;
  p.refill_s = 20;
  return p;
}

template <class K>
double trade(const typename K::Params& p, typename K::State& s, Side side, double in) {
  const double out = K::out_given_in(p, s, side, in);
  K::apply(p, s, side, in, out);
  return out;
}

}  // namespace

TEST_CASE("book: end price and average slippage of a walk from the centre") {
  // mechanics-markets section 2: d = within*(Q/N1)^(1/h), average slippage d*h/(1+h)
  for (const double h : {0.37, 0.4, 0.49, 1.0, 2.0}) {
    const auto p = book(1000, 50, 0, h);
    const auto s = OrderBook::open(p);
    for (const double sold : {0.5, 10.0, 500.0, 1000.0, 3000.0}) {
      const double d = 0.01 * std::pow(sold / 1000, 1 / h);
      const Fill f = OrderBook::fill(p, s, Side::sell, sold);
      CHECK(f.price == Approx(50 * (1 - d)).epsilon(1e-13));
      CHECK(f.out == Approx(50 * sold * (1 - d * h / (1 + h))).epsilon(1e-13));
      const double cost = 50 * sold * (1 + d * h / (1 + h));
      CHECK(OrderBook::out_given_in(p, s, Side::buy, cost) == Approx(sold).epsilon(1e-13));
      CHECK(OrderBook::price_after(p, s, Side::buy, cost) == Approx(50 * (1 + d)).epsilon(1e-13));
      const double digits =
          4e-16 / d;  // of d left in the price 1 + d, which the inverse starts from
      CHECK(OrderBook::in_to_price(p, s, Side::buy, 50 * (1 + d)) ==
            Approx(cost).epsilon(1e-13 + h * digits));
    }
  }
}

TEST_CASE("book: a buy after sales walks back through the centre to the other side") {
  const auto p = book(1000, 50, 0);
  auto s = OrderBook::open(p);
  const double proceeds = trade<OrderBook>(p, s, Side::sell, 1500);
  const double through = trade<OrderBook>(p, s, Side::buy, proceeds + 60000);
  auto t = OrderBook::open(p);  // what 60000 buys from the centre, and the 1500 back
  CHECK(through == Approx(1500 + trade<OrderBook>(p, t, Side::buy, 60000)).epsilon(1e-13));
  CHECK(OrderBook::marginal(p, s) == Approx(OrderBook::marginal(p, t)).epsilon(1e-13));
  // and a small trade far out keeps its digits
  const double little = 1e-6, price = OrderBook::marginal(p, s);
  CHECK(OrderBook::out_given_in(p, s, Side::sell, little) / little == Approx(price).epsilon(1e-8));
  CHECK(OrderBook::out_given_in(p, s, Side::buy, little * price) / little ==
        Approx(1).epsilon(1e-8));
}

TEST_CASE("order_book: displacement and centre halve with refill") {
  const auto p = book(1000, 50, 0.001);
  auto s = OrderBook::open(p);
  trade<OrderBook>(p, s, Side::sell, 800);
  const double q = s.displaced;
  CHECK(OrderBook::relax(p, s, 20, 40));
  CHECK(s.displaced == Approx(q / 2).epsilon(1e-14));
  CHECK(s.centre == Approx(45).epsilon(1e-14));
  OrderBook::relax(p, s, 20, none);
  CHECK(s.centre == Approx(45).epsilon(1e-14));
  CHECK(s.displaced == Approx(q / 4).epsilon(1e-14));
  OrderBook::relax(p, s, 20000, 40);  // to rest, and then silence
  CHECK(s.displaced == 0);
  CHECK(s.centre == 40);
  CHECK(!OrderBook::relax(p, s, 60, 40));
  auto never = p;
  never.refill_s = inf;
  auto t = OrderBook::open(never);
  trade<OrderBook>(never, t, Side::sell, 800);
  CHECK(!OrderBook::relax(never, t, 1e9, 40));
  auto instant = p;
  instant.refill_s = 0;
  t = OrderBook::open(instant);
  trade<OrderBook>(instant, t, Side::sell, 800);
  OrderBook::relax(instant, t, 1e-3, 40);
  CHECK(t.displaced == 0);
  CHECK(t.centre == 40);
}

TEST_CASE("order_book: no slow round trip earns while the centre stands") {
  std::mt19937_64 engine(11);
  const auto uniform = [&] { return static_cast<double>(engine() >> 11) * 0x1p-53; };
  for (const double h : {0.3, 0.4, 1.0, 2.5}) {  // convex, linear and concave impact alike
    const auto p = book(1000, 50, 0, h);
    for (int round = 0; round < 300; ++round) {
      auto s = OrderBook::open(p);
      double base = 0, quote = 0, turnover = 0;
      for (int i = 0; i < 10; ++i) {
        const double size = 600 * uniform() * uniform();
        if (engine() & 1) {
          base -= size;
          quote += trade<OrderBook>(p, s, Side::sell, size);
        } else {
          quote -= 50 * size;
          base += trade<OrderBook>(p, s, Side::buy, 50 * size);
        }
        turnover += 50 * size;
        OrderBook::relax(p, s, 40 * uniform(), none);
      }
      if (base > 0) {
        quote += trade<OrderBook>(p, s, Side::sell, base);
      } else {  // buy back exactly what is short
        const double cost = s.centre * p.curve.depth *
                            p.curve.walk(s.displaced, s.distance, Side::buy, -base / 1000).worth;
        quote -= cost;
      }
      CHECK(quote <= 1e-12 * turnover);
    }
  }
}

TEST_CASE("order_book: permanent impact is linear in volume and closes over a round trip") {
  auto p = book(1000, 50, 0);
  p.permanent = 0.3;
  const auto before = OrderBook::open(p);
  auto s = before;
  trade<OrderBook>(p, s, Side::sell, 1000);
  const double down = OrderBook::permanent_move(p, before, s);
  CHECK(down == Approx(std::exp(-0.3 * 0.01) - 1).epsilon(1e-12));
  const auto low = s;
  trade<OrderBook>(p, s, Side::buy, OrderBook::in_to_price(p, s, Side::buy, 50));
  const double up = OrderBook::permanent_move(p, low, s);
  CHECK((1 + down) * (1 + up) == Approx(1).epsilon(1e-15));
  CHECK(OrderBook::permanent_move(p, before, before) == 0);
}

TEST_CASE("outside: the centre is the reference, capital binds") {
  const Opening at{"ETH", "USDC", 2000, 1};
  Outside::Spec spec;
  spec.depth = {{20e6, "$"}, 0.01};
  spec.capital = Amount{5e6, "$"};
  spec.fee = {0};
  const auto c = Outside::compile(spec, at);
  REQUIRE(c.problem.empty());
  const auto& p = c.params;
  auto s = Outside::open(p);
  CHECK(p.curve.depth == Approx(10000));
  CHECK(Outside::marginal(p, s) == 2000);
  CHECK(Outside::relax(p, s, 0, 1900));
  CHECK(Outside::marginal(p, s) == 1900);
  const double most = Outside::most_in(p, s, Side::sell);
  CHECK(Outside::out_given_in(p, s, Side::sell, most) == Approx(5e6).epsilon(1e-13));
  CHECK(Outside::out_given_in(p, s, Side::sell, 2 * most) == Approx(5e6).epsilon(1e-13));
  trade<Outside>(p, s, Side::sell, most);
  CHECK(Outside::most_in(p, s, Side::sell) <= 1e-9 * most);
  Outside::relax(p, s, 1e9, 1900);  // refill restores the price, not the money
  CHECK(Outside::marginal(p, s) == 1900);
  CHECK(Outside::most_in(p, s, Side::sell) <= 1e-9 * most);
  CHECK(Outside::out_given_in(p, s, Side::buy, 1e9) == Approx(2500 + most).epsilon(1e-12));

  spec.capital.reset();
  const auto free = Outside::compile(spec, at).params;
  auto t = Outside::open(free);
  CHECK(Outside::most_in(free, t, Side::sell) == Approx(10000 * std::pow(90, 0.4)).epsilon(1e-13));
  trade<Outside>(free, t, Side::sell, 100);
  CHECK(Outside::base_held(free, t) == 100);
  CHECK(Outside::quote_held(free, t) < 0);
  spec.depth.amount.unit = "BTC";
  CHECK(!Outside::compile(spec, at).problem.empty());
  spec.depth = {{20e6, "$"}, 0};
  CHECK(!Outside::compile(spec, at).problem.empty());
}

TEST_CASE("order_book: compiles, opening with what its quotes need") {
  const Opening at{"ETH", "USDC", 2000, 1};
  OrderBook::Spec spec;
  spec.depth = {{25e6, "$"}, 0.01};
  const auto c = OrderBook::compile(spec, at);
  REQUIRE(c.problem.empty());
  const auto& p = c.params;
  auto s = OrderBook::open(p);
  CHECK(OrderBook::fee(p, s) == Approx(0.00055));
  const double out =
      OrderBook::out_given_in(p, s, Side::sell, OrderBook::most_in(p, s, Side::sell));
  CHECK(out == Approx(OrderBook::quote_held(p, s)).epsilon(1e-12));
  const double base = OrderBook::out_given_in(p, s, Side::buy, OrderBook::most_in(p, s, Side::buy));
  CHECK(base == Approx(OrderBook::base_held(p, s)).epsilon(1e-12));
  OrderBook::withdraw(p, s, 0.95);  // makers leave; the price does not move
  CHECK(OrderBook::marginal(p, s) == 2000);
  CHECK(OrderBook::in_to_price(p, s, Side::sell, 1980) ==
        Approx(0.05 * 12500 / 0.99945).epsilon(1e-12));
}
