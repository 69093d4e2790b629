// One order over several venues: the closed form of parallel constant-product pools, its defining
// property on every kind, and serial composition.
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include "protocols/agents/split.hpp"
#include "protocols/venues/registry.hpp"

using namespace faultline;

namespace {

using CP = ConstantProduct;

CP::Params pool(double base, double quote, double fee) {
  CP::Params p;
  p.base = base;
  p.quote = quote;
  p.fee = fee;
  return p;
}

struct Pools {
  std::vector<CP::Params> params;
  std::vector<CP::State> states{};
  std::vector<VenueLeg<CP>> legs(Side side) {
    for (const auto& p : params) states.push_back(CP::open(p));
    std::vector<VenueLeg<CP>> out;
    for (std::size_t i = 0; i < params.size(); ++i) out.push_back({params[i], states[i], side});
    return out;
  }
};

template <class Legs>
double proceeds(const Legs& legs, const std::vector<double>& parts) {
  double out = 0;
  for (std::size_t i = 0; i < legs.size(); ++i) out += legs[i].fill(parts[i]).out;
  return out;
}

/// A leg of any kind.
struct AnyLeg {
  std::function<Fill(double)> filled;
  std::function<double(double)> to_rate;
  double capacity;
  Fill fill(double x) const { return filled(x); }
  double in_to_rate(double rate) const { return to_rate(rate); }
  double most() const { return capacity; }
};

template <class K>
AnyLeg leg(const typename K::Params& p, Side side) {
  const typename K::State s = K::open(p);
  return {[=](double x) { return K::fill(p, s, side, x); },
          [=](double r) { return K::in_to_rate(p, s, side, r); }, K::most_in(p, s, side)};
}

}  // namespace

TEST_CASE("split: parallel constant-product pools, in closed form") {
  // x_i = (sqrt(g_i k_i / rate) - R_i) / g_i where above 0, one rate for all
  // (mechanics-markets 1.6)
  Pools pools{{pool(1000, 2e6, 0.003), pool(400, 790000, 0.0005), pool(50, 110000, 0.01),
               pool(3000, 5.4e6, 0.003)}};
  const auto legs = pools.legs(Side::sell);
  for (const double in : {0.5, 30.0, 400.0, 20000.0}) {
    std::vector<double> parts(4);
    REQUIRE(split_order<VenueLeg<CP>>(legs, in, parts));
    // by hand: the set of pools in use, best first rate first, until the rate stays above the next
    double root_t = 0;
    std::vector<bool> used(4, true);
    for (bool again = true; again;) {
      double gk = 0, r_g = 0;
      again = false;
      for (std::size_t i = 0; i < 4; ++i) {
        if (!used[i]) continue;
        const double g = 1 - pools.params[i].fee, r = pools.params[i].base;
        gk += std::sqrt(g * r * pools.params[i].quote) / g;
        r_g += r / g;
      }
      root_t = (in + r_g) / gk;
      for (std::size_t i = 0; i < 4; ++i) {
        const double g = 1 - pools.params[i].fee, r = pools.params[i].base;
        const bool takes = std::sqrt(g * r * pools.params[i].quote) * root_t > r;
        if (used[i] && !takes) used[i] = false, again = true;
      }
    }
    double sum = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const double g = 1 - pools.params[i].fee, r = pools.params[i].base;
      const double x = std::max(0.0, (std::sqrt(g * r * pools.params[i].quote) * root_t - r) / g);
      CAPTURE(in, i);
      CHECK(parts[i] == Approx(used[i] ? x : 0).epsilon(1e-11).margin(1e-11 * in));
      sum += parts[i];
    }
    CHECK(sum == Approx(in).epsilon(1e-15));
  }
}

TEST_CASE("split: pools of one price and fee are one pool") {
  Pools parts_of{{pool(100, 200000, 0.003), pool(250, 500000, 0.003), pool(650, 1.3e6, 0.003)}};
  const auto legs = parts_of.legs(Side::buy);
  const CP::Params whole = pool(1000, 2e6, 0.003);
  for (const double in : {10.0, 1e5, 3e6}) {
    std::vector<double> parts(3);
    REQUIRE(split_order<VenueLeg<CP>>(legs, in, parts));
    CHECK(parts[0] == Approx(in * 0.1).epsilon(1e-10));
    CHECK(parts[1] == Approx(in * 0.25).epsilon(1e-10));
    CHECK(proceeds(legs, parts) ==
          Approx(CP::out_given_in(whole, CP::open(whole), Side::buy, in)).epsilon(1e-12));
  }
}

TEST_CASE("split: no other split brings more, whatever the kinds") {
  std::mt19937_64 random(3);
  const auto uniform = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  Outside::Params book;
  book.curve = book_curve(300, 0.01, 0.4, 0.9);
  book.centre = 2000;
  book.fee = 0.0005;
  OrderBook::Params latent;
  latent.curve = book_curve(200, 0.01, 2, 0.5);
  latent.centre = 2010;
  latent.fee = 0.001;
  const std::vector<LiquidityRange> ranges{{1500, 2500, 40000}, {1900, 2100, 90000}};
  const auto ranged = ConcentratedLiquidity::from_ranges(ranges, 0.0005, 1995);
  REQUIRE(ranged.problem.empty());
  for (const Side side : {Side::sell, Side::buy}) {
    const std::vector<AnyLeg> legs{leg<CP>(pool(1000, 2e6, 0.003), side), leg<Outside>(book, side),
                                   leg<OrderBook>(latent, side),
                                   leg<ConcentratedLiquidity>(ranged.params, side)};
    for (const double share : {1e-4, 0.01, 0.3}) {
      const double in = share * 2000 * (side == Side::sell ? 1 : 2000);
      std::vector<double> parts(4);
      REQUIRE(split_order<AnyLeg>(legs, in, parts));
      const double best = proceeds(legs, parts);
      double sum = 0, low = 1e300, high = 0;
      for (std::size_t i = 0; i < 4; ++i) {
        sum += parts[i];
        const double rate = legs[i].fill(parts[i]).rate;
        high = std::max(high, rate);
        if (parts[i] > 0) low = std::min(low, rate);
      }
      CAPTURE(int(side), share);
      CHECK(sum == Approx(in).epsilon(1e-14));
      CHECK(low == Approx(high).epsilon(1e-8));  // one rate for all in use, no better one left out
      for (int trial = 0; trial < 300; ++trial) {
        std::vector<double> other(4);
        double total = 0;
        for (double& x : other) total += x = -std::log(uniform());
        bool fits = true;
        for (std::size_t i = 0; i < 4; ++i) {
          other[i] *= in / total;
          fits = fits && other[i] <= legs[i].most();
        }
        if (fits) CHECK(proceeds(legs, other) <= best * (1 + 1e-12));
      }
    }
  }
}

TEST_CASE("split: venues that end are taken to their ends, and no further") {
  Outside::Params small;
  small.curve = book_curve(10, 0.01, 1, 0.5);  // 500 units to its last quote
  small.centre = 2000;
  Outside::Params large = small;
  large.curve = book_curve(30, 0.01, 1, 0.5);
  const std::vector<AnyLeg> legs{leg<Outside>(small, Side::sell), leg<Outside>(large, Side::sell)};
  std::vector<double> parts(2);
  REQUIRE(split_order<AnyLeg>(legs, 1999.9999, parts));
  CHECK(parts[0] == Approx(500).epsilon(1e-6));
  CHECK(parts[1] == Approx(1500).epsilon(1e-6));
  CHECK(!split_order<AnyLeg>(legs, 2001, parts));
  CHECK(parts[0] == 0);
}

TEST_CASE("routes: serial constant-product hops are one constant-product pool") {
  // Ea = a1 b2 / (b2 + g b1), Ec = g b1 c2 / (b2 + g b1) (mechanics-markets 1.6)
  const double a1 = 1200, b1 = 2.4e6, b2 = 9e5, c2 = 31000, g = 0.997;
  const CP::Params first = pool(a1, b1, 0.003), second = pool(b2, c2, 0.003);
  const CP::Params whole = pool(a1 * b2 / (b2 + g * b1), g * b1 * c2 / (b2 + g * b1), 0.003);
  for (const double in : {0.1, 10.0, 1000.0}) {
    const double middle = CP::out_given_in(first, CP::open(first), Side::sell, in);
    CHECK(CP::out_given_in(second, CP::open(second), Side::sell, middle) ==
          Approx(CP::out_given_in(whole, CP::open(whole), Side::sell, in)).epsilon(1e-12));
  }
}
