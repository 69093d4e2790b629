// Bands of an order book, and pauses at their edges, in the numbers of the US plan: 5% around the
// mean of five minutes, 15 seconds at the edge, five minutes of pause (sec_luld).
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "protocols/venues/order_book.hpp"

using namespace faultline;

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

OrderBook::Params luld(double pause_s = 300) {
  OrderBook::Params p;
  p.curve = book_curve(1000, 0.01, 0.4, 0.9);
  p.centre = 50;
  p.fee = 0.001;
  p.refill_s = std::numeric_limits<double>::infinity();
  BandSpec spec;
  if (pause_s > 0) spec.pause = Seconds{pause_s};
  p.band = compile_band(spec);
  return p;
}

double trade(const OrderBook::Params& p, OrderBook::State& s, Side side, double in) {
  const double out = OrderBook::out_given_in(p, s, side, in);
  OrderBook::apply(p, s, side, in, out);
  return out;
}

}  // namespace

TEST_CASE("band: a sale stops at 95% of the mean price, a purchase at 105%") {
  const auto p = luld();
  auto s = OrderBook::open(p);
  // N(5%) = 1000 * 5^0.4 = 1903.654 units of base, fee on top
  const double most = OrderBook::most_in(p, s, Side::sell);
  CHECK(most == Approx(1903.6539387158786 / 0.999).epsilon(1e-12));
  CHECK(OrderBook::price_after(p, s, Side::sell, 1e9) == Approx(47.5).epsilon(1e-12));
  CHECK(OrderBook::out_given_in(p, s, Side::sell, 1e9) ==
        Approx(OrderBook::out_given_in(p, s, Side::sell, most)).epsilon(1e-12));
  CHECK(OrderBook::in_to_price(p, s, Side::sell, 40) == Approx(most).epsilon(1e-12));
  CHECK(OrderBook::price_after(p, s, Side::buy, 1e9) == Approx(52.5).epsilon(1e-12));
  CHECK(OrderBook::in_to_price(p, s, Side::buy, 60) ==
        Approx(OrderBook::most_in(p, s, Side::buy)).epsilon(1e-12));

  trade(p, s, Side::sell, most);
  CHECK(OrderBook::most_in(p, s, Side::sell) < 1e-9 * most);
  CHECK(OrderBook::takes(p, s, Side::buy));  // from the edge the price may come back
  CHECK(OrderBook::price_after(p, s, Side::buy, 1e9) == Approx(52.5).epsilon(1e-12));
}

TEST_CASE("band: nobody trades while the price is beyond it, until the mean has followed") {
  auto p = luld(0);
  p.refill_s = 1e-3;  // makers go where the reference is
  auto s = OrderBook::open(p);
  OrderBook::relax(p, s, 12, 45);
  CHECK(OrderBook::marginal(p, s) == Approx(45));
  CHECK(!OrderBook::takes(p, s, Side::sell));
  CHECK(!OrderBook::takes(p, s, Side::buy));
  CHECK(OrderBook::most_in(p, s, Side::buy) == 0);
  CHECK(OrderBook::in_to_price(p, s, Side::buy, 46) == 0);
  // mean = 45 + 5 e^(-t/150); trades again from mean * 0.95 = 45 on, t = 150 ln 2.111 = 112.1 s
  double t = 0;
  while (!OrderBook::takes(p, s, Side::buy)) {
    OrderBook::relax(p, s, 1, 45);
    REQUIRE(++t < 1000);
  }
  CHECK(t == Approx(150 * std::log(5 / (45 / 0.95 - 45))).margin(1));
  CHECK(s.band.mean == Approx(45 + 5 * std::exp(-t / 150)).epsilon(1e-6));
}

TEST_CASE("band: fifteen seconds at the edge pause trading for five minutes") {
  const auto p = luld();
  auto s = OrderBook::open(p);
  trade(p, s, Side::sell, OrderBook::most_in(p, s, Side::sell));
  OrderBook::relax(p, s, 10, none);
  CHECK(!OrderBook::halted(p, s));
  trade(p, s, Side::sell, OrderBook::most_in(p, s, Side::sell));  // the mean sank a bit
  OrderBook::relax(p, s, 5, none);
  CHECK(OrderBook::halted(p, s));
  for (const Side side : {Side::sell, Side::buy}) {
    CHECK(!OrderBook::takes(p, s, side));
    CHECK(OrderBook::most_in(p, s, side) == 0);
    CHECK(OrderBook::out_given_in(p, s, side, 100) == 0);
  }
  const double mid = OrderBook::marginal(p, s);
  for (int i = 0; i < 29; ++i) CHECK(OrderBook::relax(p, s, 10, 44));
  CHECK(OrderBook::halted(p, s));
  CHECK(OrderBook::marginal(p, s) == mid);
  OrderBook::relax(p, s, 10, 44);  // reopens around the reference
  CHECK(!OrderBook::halted(p, s));
  CHECK(OrderBook::marginal(p, s) == 44);
  CHECK(OrderBook::price_after(p, s, Side::sell, 1e9) == Approx(0.95 * 44).epsilon(1e-12));
}

TEST_CASE("band: who leaves the edge in time starts no pause") {
  const auto p = luld();
  auto s = OrderBook::open(p);
  trade(p, s, Side::sell, OrderBook::most_in(p, s, Side::sell));
  OrderBook::relax(p, s, 10, none);
  trade(p, s, Side::buy, 20000);
  for (int i = 0; i < 5; ++i) OrderBook::relax(p, s, 10, none);
  CHECK(!OrderBook::halted(p, s));
  // and a book at rest has a band at rest
  auto calm = OrderBook::open(p);
  CHECK(!OrderBook::relax(p, calm, 60, 50));
}
