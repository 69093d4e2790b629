// Makers who retreat: the formula by hand, the volatility they see against its definition, and what
// nobody may earn from depth that comes and goes.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>

#include "protocols/venues/order_book.hpp"

using namespace faultline;

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

RetreatParams params(const RetreatSpec& spec) {
  std::string problem;
  const RetreatParams p = compile_retreat(spec, problem);
  REQUIRE(problem.empty());
  return p;
}

/// The stance after volatility stood at `times` the usual for a long time.
Stance settled(const RetreatParams& p, double times) {
  Stance s;
  for (int i = 0; i < 400; ++i) follow(p, s, stance_at(p, times * times * p.usual), 60);
  return s;
}

/// The variance seen `at_s` after a jump, looked at every `dt`.
double after_jump(const RetreatParams& p, double jump, double at_s, double dt) {
  Gauge g;
  const int steps = static_cast<int>(std::lround(at_s / dt));
  for (int i = 0; i < steps; ++i) observe(p, g, i == 0 ? jump : 0, dt);
  return g.variance;
}

OrderBook::Params book(double depth, double exponent) {
  OrderBook::Params p;
  p.curve = book_curve(depth, 0.01, exponent, 0.9);
  p.centre = 50;
  p.half_spread = 0.0001;
  p.refill_s = 60;
  RetreatSpec spec;
  spec.leave.value = 0;
  p.retreat = params(spec);
  return p;
}

}  // namespace

TEST_CASE("retreat: depth and spread are powers of volatility over the usual") {
  // mechanics-markets 2: m = max(m_min, (sigma_ref/sigma)^a), spread = s0*(sigma/sigma_ref)^b
  RetreatSpec spec;
  spec.exponent = 1.5;
  spec.down_to.value = 0.03;
  spec.spread = 1;
  const RetreatParams p = params(spec);
  CHECK(settled(p, 0.5).calm());
  CHECK(settled(p, 1).calm());
  CHECK(settled(p, 2).stands == Approx(0.35355339059327379).epsilon(1e-12));    // 2^-1.5
  CHECK(settled(p, 3).stands == Approx(0.19245008972987526).epsilon(1e-12));    // 3^-1.5
  CHECK(settled(p, 10).stands == Approx(0.031622776601683793).epsilon(1e-12));  // 10^-1.5
  CHECK(settled(p, 12).stands == Approx(0.03).epsilon(1e-12));
  CHECK(settled(p, 3).widened == Approx(3).epsilon(1e-12));
  spec.spread = 2;
  CHECK(settled(params(spec), 3).widened == Approx(9).epsilon(1e-12));
  // "at three times the usual they are down to 5%"
  spec.at_volatility = Ratio{3};
  spec.down_to.value = 0.05;
  const RetreatParams by_point = params(spec);
  CHECK(by_point.exponent == Approx(2.7268330278608400).epsilon(1e-12));  // ln 20 / ln 3
  CHECK(settled(by_point, 3).stands == Approx(0.05).epsilon(1e-12));
  CHECK(settled(by_point, std::sqrt(3)).stands == Approx(std::sqrt(0.05)).epsilon(1e-12));
  spec.memory.value = 30;
  std::string problem;
  compile_retreat(spec, problem);
  CHECK(problem != "");
}

TEST_CASE("retreat: quotes leave and come back with their half-lives") {
  RetreatSpec spec;
  spec.leave.value = 20;
  spec.back.value = 300;
  const RetreatParams p = params(spec);
  Stance s;
  const double target = 0.35355339059327379;  // at twice the usual
  follow(p, s, stance_at(p, 4 * p.usual), 20);
  CHECK(s.stands == Approx((1 + target) / 2).epsilon(1e-12));
  follow(p, s, stance_at(p, 4 * p.usual), 40);
  CHECK(s.stands == Approx(target + (1 - target) / 8).epsilon(1e-12));
  const double low = s.stands;
  follow(p, s, {}, 300);
  CHECK(s.stands == Approx(1 - (1 - low) / 2).epsilon(1e-12));
  CHECK(s.widened == 1);
  for (int i = 0; i < 40; ++i) follow(p, s, {}, 300);
  CHECK(s.calm());  // to the last bit
}

TEST_CASE("retreat: a jump counts by its square, however often one looks") {
  const RetreatParams p = params({});
  double integral = 0;
  Gauge g;
  const double dt = 0.5, jump = 0.1;
  for (int i = 0; i < 40000; ++i) {
    const double before = g.variance;
    observe(p, g, i == 0 ? jump : 0, dt);
    integral += 0.5 * (before + g.variance) * dt;
  }
  CHECK(integral == Approx(jump * jump).epsilon(1e-4));
  CHECK(g.at_rest());
  for (const double at : {60.0, 600.0, 3600.0}) {
    const double coarse = after_jump(p, jump, at, 60);
    CHECK(after_jump(p, jump, at, 12) == Approx(coarse).epsilon(1e-12));
    CHECK(after_jump(p, jump, at, 1) == Approx(coarse).epsilon(1e-12));
  }
  // By hand, tau 60 s and M = 300/ln 2: v(600) = J^2 (2/tau) (1/M) (e^-600/M - e^-20)/(2/tau - 1/M)
  const double m = 300 / std::log(2.0);
  const double by_hand =
      jump * jump * (1 / 30.0) / m * (0.25 - std::exp(-20.0)) / (1 / 30.0 - 1 / m);
  CHECK(after_jump(p, jump, 600, 60) == Approx(by_hand).epsilon(1e-12));
}

TEST_CASE("retreat: a random walk is seen at its own variance at every step length") {
  const RetreatParams p = params({});
  for (const double dt : {1.0, 12.0, 60.0}) {
    std::mt19937_64 random(7);
    std::normal_distribution<double> normal;
    const double variance = 4 * p.usual;
    Gauge g;
    double sum = 0;
    const int steps = 400000;
    for (int i = 0; i < steps; ++i) {
      observe(p, g, std::sqrt(variance * dt) * normal(random), dt);
      sum += g.variance;
    }
    CAPTURE(dt);
    CHECK(sum / steps == Approx(variance).epsilon(0.05));
  }
}

TEST_CASE("retreat: a slide counts the same whether seen in long steps or short ones") {
  const RetreatParams p = params({});
  const auto slide = [&](double dt) {  // 20% within 20 minutes
    Gauge g;
    for (double t = 0; t < 1200; t += dt) observe(p, g, std::log(0.8) * dt / 1200, dt);
    return g.variance;
  };
  // settled: d = speed * tau, v = 2 * speed^2 * tau * (1 - 2^-4), for short steps
  const double speed = std::log(0.8) / 1200;
  CHECK(slide(0.05) == Approx(2 * speed * speed * 60 * (1 - 1.0 / 16)).epsilon(0.04));
  CHECK(slide(3) == Approx(slide(6)).epsilon(0.01));
  CHECK(slide(6) == Approx(slide(12)).epsilon(0.02));
}

TEST_CASE("order_book: a fall takes depth and widens the spread, calm brings both back") {
  const OrderBook::Params p = book(1000, 0.4);
  OrderBook::State s = OrderBook::open(p);
  const double calm = OrderBook::in_to_price(p, s, Side::sell, 49.5);
  CHECK(!OrderBook::relax(p, s, 60, 50));
  for (int i = 0; i < 10; ++i) OrderBook::relax(p, s, 12, 35);
  const double stands = s.stands;
  CHECK(stands == p.retreat.down_to);
  CHECK(OrderBook::fee(p, s) > 10 * p.half_spread);
  const double mid = OrderBook::marginal(p, s);
  OrderBook::State at_centre = s;
  CHECK(OrderBook::in_to_price(p, at_centre, Side::sell, 0.99 * mid) <
        1.01 * calm * stands);  // of base, to move by 1%
  int rounds = 0;
  while (OrderBook::relax(p, s, 12, 35)) REQUIRE(++rounds < 10000);
  CHECK(s.stands == 1);
  CHECK(s.widened == 1);
  CHECK(OrderBook::fee(p, s) == p.fee + p.half_spread);
  CHECK(rounds * 12 > 3600);
}

TEST_CASE("order_book: the mid stays when depth leaves, and no round trip earns when it returns") {
  for (const double h : {0.4, 1.0, 2.0}) {
    OrderBook::Params p = book(1000, h);
    p.half_spread = 0;
    OrderBook::State s = OrderBook::open(p);
    const double sold = 100, proceeds = OrderBook::out_given_in(p, s, Side::sell, sold);
    OrderBook::apply(p, s, Side::sell, sold, proceeds);
    const double mid = OrderBook::marginal(p, s);
    OrderBook::name_makers(p, s, {1, 1});
    OrderBook::tell_makers(p, s, {0.1, 1});
    CHECK(OrderBook::marginal(p, s) == mid);
    OrderBook::tell_makers(p, s, {1, 1});
    CHECK(OrderBook::marginal(p, s) > mid);  // what comes back is quoted around the centre

    // Sold into a thin book, bought back from a deep one, and the other way round.
    std::mt19937_64 random(11);
    const auto uniform = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
    for (int trial = 0; trial < 400; ++trial) {
      s = OrderBook::open(p);
      OrderBook::name_makers(p, s, {1, 1});
      double base = 0, quote = 0;
      for (int step = 0; step < 6; ++step) {
        OrderBook::tell_makers(p, s, {0.02 + 0.98 * uniform(), 1});
        const double size = 200 * uniform();
        if (uniform() < 0.5) {
          const double out = OrderBook::out_given_in(p, s, Side::sell, size);
          OrderBook::apply(p, s, Side::sell, size, out);
          base -= size, quote += out;
        } else {
          const double out = OrderBook::out_given_in(p, s, Side::buy, 50 * size);
          OrderBook::apply(p, s, Side::buy, 50 * size, out);
          base += out, quote -= 50 * size;
        }
        if (uniform() < 0.5) OrderBook::relax(p, s, 30 * uniform(), none);
      }
      OrderBook::tell_makers(p, s, {0.02 + 0.98 * uniform(), 1});
      const Side back = base > 0 ? Side::sell : Side::buy;
      if (base > 0) {
        quote += OrderBook::out_given_in(p, s, back, base);
      } else {  // quote that brings -base
        double lo = 0, hi = 1e7;
        for (int i = 0; i < 200; ++i) {
          const double x = 0.5 * (lo + hi);
          (OrderBook::out_given_in(p, s, back, x) < -base ? lo : hi) = x;
        }
        quote -= hi;
      }
      CAPTURE(h, trial);
      CHECK(quote < 1e-9);
    }
  }
}
