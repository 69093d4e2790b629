// Pre-liquidation: Morpho's rules worked by hand.
#include <catch2/catch.hpp>

#include "protocols/liquidation/pre_liquidation.hpp"

using namespace faultline;

TEST_CASE("pre-liquidation: between its own threshold and the market's") {
  const PreLiquidationTerms t;
  CHECK(pre_liquidate(t, 80, 100, 1).repay == 0);      // at the threshold: safe
  CHECK(pre_liquidate(t, 86.001, 100, 1).repay == 0);  // the market's business
  PreLiquidation p = pre_liquidate(t, 83, 100, 1);     // half way
  CHECK(p.share == Approx(0.275));
  CHECK(p.factor == Approx(1.025));
  CHECK(p.repay == Approx(83 * 0.275));
  CHECK(p.seize == Approx(83 * 0.275 * 1.025));
  p = pre_liquidate(t, 86, 100, 1);  // at LLTV itself it is open
  CHECK(p.share == Approx(0.5));
  CHECK(p.factor == Approx(1.04));
  CHECK(pre_liquidate(t, 83 * 2000, 100, 2000, 1000).seize == Approx(1000 * 1.025 / 2000));
  CHECK(pre_liquidate(t, 83, 0, 1).repay == 0);
  CHECK(pre_liquidate(t, 83, 100, 0).repay == 0);
}

TEST_CASE("pre-liquidation: every call makes the loan safer") {
  const PreLiquidationTerms t;
  double share = 0, factor = 1;
  for (const double debt : {80.1, 81.0, 82.5, 84.0, 85.9}) {
    const PreLiquidation p = pre_liquidate(t, debt, 100, 1);
    CHECK((debt - p.repay) / (100 - p.seize) < debt / 100);
    CHECK(p.share > share);
    CHECK(p.factor > factor);
    share = p.share;
    factor = p.factor;
  }
}
