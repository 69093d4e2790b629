// Arbitrage to the fee band and between two venues, against closed forms and brute force.
#include "protocols/agents/arbitrage.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "protocols/venues/registry.hpp"

using namespace faultline;

namespace {

ConcentratedLiquidity::Params ranges(double price, double scale = 1) {
  const std::vector<LiquidityRange> rows{{price * 0.5, price * 0.93, scale * 4000},
                                         {price * 0.97, price * 1.02, scale * 90000},
                                         {price * 1.01, price * 1.4, scale * 6000}};
  const auto c = ConcentratedLiquidity::from_ranges(rows, 0.0005, price);
  REQUIRE(c.problem.empty());
  return c.params;
}

OrderBook::Params book(double price, double scale = 1) {
  OrderBook::Params p;
  p.curve = book_curve(scale * 400, 0.01, 0.4, 0.9);
  p.centre = price;
  p.fee = 0.0005;
  p.refill_s = 20;
  return p;
}

ConstantProduct::Params pool(double price, double scale = 1) {
  return {scale * 5000, scale * 5000 * price, 0.003};
}

template <class K>
typename K::Params venue(double price, double scale = 1) {
  if constexpr (std::is_same_v<K, ConstantProduct>) return pool(price, scale);
  if constexpr (std::is_same_v<K, ConcentratedLiquidity>) return ranges(price, scale);
  if constexpr (std::is_same_v<K, OrderBook> || std::is_same_v<K, Outside>) {
    return book(price, scale);
  }
}

template <class A, class B>
double profit_of(const typename A::Params& pa, const typename B::Params& pb, double in) {
  const double base = A::out_given_in(pa, A::open(pa), Side::buy, in);
  return B::out_given_in(pb, B::open(pb), Side::sell, base) - in;
}

/// The trade beats every other input on a grid, and its neighbours.
template <class A, class B>
void check_best(double price_a, double price_b) {
  const auto pa = venue<A>(price_a);
  const auto pb = venue<B>(price_b);
  const auto best = arbitrage_between<A, B>(pa, A::open(pa), pb, B::open(pb));
  INFO(A::name << " to " << B::name << " at " << price_a << " and " << price_b << ": in " << best.in
               << " profit " << best.profit);
  if (best.in > 0) {
    CHECK(best.profit == Approx((profit_of<A, B>(pa, pb, best.in))).epsilon(1e-9));
  }
  const double top = std::max(best.in, 1.0);
  for (int i = -40; i <= 40; ++i) {
    const double in = top * std::pow(1.1, i);
    CHECK(profit_of<A, B>(pa, pb, in) <= best.profit + 1e-9 * top);
  }
}

}  // namespace

TEMPLATE_TEST_CASE("arbitrage: a venue stops at its fee band, and rests inside it", "",
                   ConstantProduct, ConcentratedLiquidity, OrderBook, Outside) {
  using K = TestType;
  const auto p = venue<K>(2000);
  for (const double price : {1500.0, 1900.0, 1985.0, 2015.0, 2100.0, 2500.0}) {
    auto s = K::open(p);
    const auto t = arbitrage_to_band<K>(p, s, price);
    INFO("price " << price << " in " << t.in);
    REQUIRE(t.in > 0);
    CHECK(t.side == (price < 2000 ? Side::sell : Side::buy));
    const Fill f = K::fill(p, s, t.side, t.in);
    const double last = t.side == Side::sell ? f.rate : 1 / f.rate;  // net price of the last unit
    const double edge = t.side == Side::sell ? price / (1 - p.fee) : price * (1 - p.fee);
    if (!std::is_same_v<K, ConcentratedLiquidity>) {
      CHECK(last == Approx(price).epsilon(1e-11));
    } else {  // unless it stands at a gap or at its last range
      CHECK((t.side == Side::sell ? last >= price * (1 - 1e-11) || price < 0.93 * 2000
                                  : last <= price * (1 + 1e-11)));
    }
    if (std::is_same_v<K, OrderBook> || std::is_same_v<K, Outside>) {
      CHECK(f.price == Approx(edge).epsilon(1e-11));
    }
    K::apply(p, s, t.side, t.in, f.out);
    const auto again = arbitrage_to_band<K>(p, s, price);  // nothing is left to earn
    CHECK((again.in == 0 || again.in <= 1e-4 * t.in || K::fee(p, s) == 0));
    CHECK(again.in * K::fill(p, s, again.side, 0).rate <=
          1e-4 * t.in * K::fill(p, s, t.side, 0).rate);
  }
  const auto s = K::open(p);
  CHECK(arbitrage_to_band<K>(p, s, 2000).in == 0);
  CHECK(arbitrage_to_band<K>(p, s, 2000 * (1 + 0.9 * p.fee)).in == 0);
  CHECK(arbitrage_to_band<K>(p, s, 2000 * (1 - 0.9 * p.fee)).in == 0);
}

TEST_CASE("arbitrage: two constant product pools have a closed form") {
  // Two pools in series are one: Ea = g*a1*b2/(b2 + g*a2..), mechanics-markets 1.6; maximum of
  // Eb*g*x/(Ea + g*x) - x at x = (sqrt(g*Ea*Eb) - Ea)/g
  const auto a = pool(1900);
  auto b = pool(2000);
  b.base *= 3;
  b.quote *= 3;
  const double g = 1 - 0.003;
  const double ea = a.quote * b.base / (b.base + g * a.base);
  const double eb = g * a.base * b.quote / (b.base + g * a.base);
  const double in = (std::sqrt(g * ea * eb) - ea) / g;
  const auto t = arbitrage_between<ConstantProduct, ConstantProduct>(a, ConstantProduct::open(a), b,
                                                                     ConstantProduct::open(b));
  CHECK(t.in == Approx(in).epsilon(1e-11));
  CHECK(t.out == Approx(eb * g * in / (ea + g * in)).epsilon(1e-11));
  CHECK(t.profit == Approx(t.out - t.in).epsilon(1e-11));
}

TEST_CASE("arbitrage: between any two kinds no other size earns more") {
  for (const double gap : {1.0, 1.002, 1.01, 1.05, 1.3}) {
    check_best<ConstantProduct, ConstantProduct>(2000, 2000 * gap);
    check_best<ConstantProduct, OrderBook>(2000, 2000 * gap);
    check_best<OrderBook, ConstantProduct>(2000, 2000 * gap);
    check_best<ConstantProduct, ConcentratedLiquidity>(2000, 2000 * gap);
    check_best<ConcentratedLiquidity, ConstantProduct>(2000, 2000 * gap);
    check_best<ConcentratedLiquidity, ConcentratedLiquidity>(2000, 2000 * gap);
    check_best<ConcentratedLiquidity, OrderBook>(2000, 2000 * gap);
    check_best<OrderBook, ConcentratedLiquidity>(2000, 2000 * gap);
    check_best<OrderBook, Outside>(2000, 2000 * gap);
  }
}

TEST_CASE("arbitrage: capital, gas, exchange and a short purse bind") {
  const auto a = pool(1900);
  const auto b = book(2000);
  const auto sa = ConstantProduct::open(a);
  const auto sb = Outside::open(b);
  const auto free = arbitrage_between<ConstantProduct, Outside>(a, sa, b, sb);
  REQUIRE(free.profit > 0);
  const auto poor =
      arbitrage_between<ConstantProduct, Outside>(a, sa, b, sb, {.capital = free.in / 10});
  CHECK(poor.in == free.in / 10);
  CHECK(poor.profit > 0);
  CHECK(poor.profit < free.profit);
  const auto paid =
      arbitrage_between<ConstantProduct, Outside>(a, sa, b, sb, {.gas = free.profit * 0.999});
  CHECK(paid.in == free.in);
  CHECK(arbitrage_between<ConstantProduct, Outside>(a, sa, b, sb, {.gas = free.profit}).in == 0);
  CHECK(arbitrage_between<ConstantProduct, Outside>(a, sa, b, sb, {.exchange = 0.95}).in == 0);
  const auto dear = arbitrage_between<ConstantProduct, Outside>(a, sa, b, sb, {.exchange = 1.02});
  CHECK(dear.in > free.in);
  CHECK(dear.profit == Approx(dear.out * 1.02 - dear.in).epsilon(1e-12));
  auto purse = b;
  purse.bounded = true;
  purse.quote = free.out / 4;
  const auto small =
      arbitrage_between<ConstantProduct, Outside>(a, sa, purse, Outside::open(purse));
  CHECK(small.out == Approx(free.out / 4).epsilon(1e-9));
  CHECK(small.profit > 0);
  // the other way round nothing pays
  CHECK(arbitrage_between<Outside, ConstantProduct>(b, sb, a, sa).in == 0);
}

TEST_CASE("arbitrage: quantities times 2^n give 2^n times the trade, bit for bit") {
  std::mt19937_64 engine(5);
  const auto uniform = [&] { return static_cast<double>(engine() >> 11) * 0x1p-53; };
  for (const double scale : {0x1p7, 0x1p-3}) {
    for (int i = 0; i < 200; ++i) {
      const double low = 1000 + 1000 * uniform(), high = low * (1 + 0.2 * uniform());
      const auto check = [&](const auto& t, const auto& u) {
        CHECK(u.in == scale * t.in);
        CHECK(u.middle == scale * t.middle);
        CHECK(u.out == scale * t.out);
        CHECK(u.profit == scale * t.profit);
      };
      const auto a = pool(low), a2 = pool(low, scale);
      const auto b = book(high), b2 = book(high, scale);
      const auto c = ranges(high), c2 = ranges(high, scale);
      using P = ConstantProduct;
      using C = ConcentratedLiquidity;
      const double gas = uniform();
      check(arbitrage_between<P, OrderBook>(a, P::open(a), b, OrderBook::open(b), {.gas = gas}),
            arbitrage_between<P, OrderBook>(a2, P::open(a2), b2, OrderBook::open(b2),
                                            {.gas = scale * gas}));
      check(arbitrage_between<P, C>(a, P::open(a), c, C::open(c)),
            arbitrage_between<P, C>(a2, P::open(a2), c2, C::open(c2)));
      check(arbitrage_between<C, OrderBook>(c, C::open(c), b, OrderBook::open(b)),
            arbitrage_between<C, OrderBook>(c2, C::open(c2), b2, OrderBook::open(b2)));
    }
  }
}
