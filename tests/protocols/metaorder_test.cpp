// The square-root law of metaorders, by hand and against the latent book it comes from.
#include <catch2/catch.hpp>
#include <cmath>

#include "protocols/venues/metaorder.hpp"
#include "protocols/venues/outside.hpp"

using namespace faultline;

namespace {

/// $1bn a day at 3% a day (57.3% a year).
Metaorder::Params market(double coefficient) {
  Metaorder::Spec spec;
  spec.pair = {"ETH", "USDC"};
  spec.volume = {1e9 / 86400, "$"};
  spec.volatility.value = 0.03 * std::sqrt(365.0);
  spec.coefficient = coefficient;
  spec.fee.value = 0;
  const auto made = Metaorder::compile(spec, {"ETH", "USDC", 2000, 1});
  REQUIRE(made.problem.empty());
  return made.params;
}

}  // namespace

TEST_CASE("metaorder: impact is Y sigma sqrt(Q/V), two thirds of it on average") {
  for (const double y : {0.5, 0.7, 1.0}) {
    const auto p = market(y);
    const auto s = Metaorder::open(p);
    for (const double share : {1e-6, 1e-4, 1e-2, 0.1, 1.0}) {  // of a day's volume
      const double sold = share * 1e9 / 2000, impact = y * 0.03 * std::sqrt(share);
      const Fill f = Metaorder::fill(p, s, Side::sell, sold);
      CAPTURE(y, share);
      CHECK(f.price == Approx(2000 * (1 - impact)).epsilon(1e-12));
      CHECK(f.out == Approx(2000 * sold * (1 - impact * 2 / 3)).epsilon(1e-12));
      const double paid = 2000 * sold * (1 + impact * 2 / 3);
      CHECK(Metaorder::out_given_in(p, s, Side::buy, paid) == Approx(sold).epsilon(1e-12));
    }
  }
  // One per cent of the day at Y = 0.7, 3%: 21 bps at the end, 14 bps on average.
  const auto p = market(0.7);
  const Fill f = Metaorder::fill(p, Metaorder::open(p), Side::sell, 5000);
  CHECK(1 - f.price / 2000 == Approx(0.0021).epsilon(1e-9));
  CHECK(1 - f.out / 1e7 == Approx(0.0014).epsilon(1e-9));
}

TEST_CASE("metaorder: it is a linear latent book, h = 2") {
  const auto p = market(0.7);
  Outside::Spec spec;
  spec.pair = {"ETH", "USDC"};
  spec.depth = {{1e9 * std::pow(0.01 / (0.7 * 0.03), 2), "$"}, 0.01};
  spec.exponent = 2;
  spec.fee.value = 0;
  const auto book = Outside::compile(spec, {"ETH", "USDC", 2000, 1}).params;
  for (const double sold : {10.0, 1e3, 1e5}) {
    CHECK(
        Metaorder::out_given_in(p, Metaorder::open(p), Side::sell, sold) ==
        Approx(Outside::out_given_in(book, Outside::open(book), Side::sell, sold)).epsilon(1e-12));
  }
}

TEST_CASE("metaorder: volume is forgotten, impact decays as its root, waiting earns nothing") {
  auto p = market(1);
  p.refill_s = 3600;
  auto s = Metaorder::open(p);
  const double sold = 50000, got = Metaorder::out_given_in(p, s, Side::sell, sold);  // 10% of a day
  Metaorder::apply(p, s, Side::sell, sold, got);
  const double impact = 0.03 * std::sqrt(0.1);
  CHECK(1 - Metaorder::marginal(p, s) / 2000 == Approx(impact).epsilon(1e-12));
  Metaorder::relax(p, s, 7200, 2000);
  CHECK(1 - Metaorder::marginal(p, s) / 2000 == Approx(impact / 2).epsilon(1e-12));
  CHECK(Metaorder::out_given_in(p, s, Side::buy, got) < sold);
  auto at_once = Metaorder::open(p);
  Metaorder::apply(p, at_once, Side::sell, sold, got);
  CHECK(Metaorder::out_given_in(p, at_once, Side::buy, got) == Approx(sold).epsilon(1e-12));
}
