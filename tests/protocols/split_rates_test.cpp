// Split rates and risk premia: numbers of the contracts' own tests (Comet's interest-rate-test.ts)
// and rules worked by hand.
#include <catch2/catch.hpp>
#include <vector>

#include "protocols/margin/rates.hpp"
#include "protocols/margin/risk_premium.hpp"
#include "protocols/margin/split_rates.hpp"

using namespace faultline;

namespace {

KinkedCurve yearly(double base, double low, double high, double kink) {
  return {base / year_s, low / year_s, high / year_s, kink};
}

}  // namespace

TEST_CASE("split rates: a kinked curve, also above full use") {
  const KinkedCurve c = yearly(0.005, 0.1, 3, 0.8);
  CHECK(kinked_rate(c, 0) * year_s == Approx(0.005));
  CHECK(kinked_rate(c, 0.1) * year_s == Approx(0.015));
  CHECK(kinked_rate(c, 0.8) * year_s == Approx(0.085));
  CHECK(kinked_rate(c, 0.9) * year_s == Approx(0.385));
  CHECK(kinked_rate(yearly(0.01, 0.02, 0.1, 0.8), 1.1) * year_s == Approx(0.056));
  CHECK(base_utilisation(100, 110) == Approx(1.1));
  CHECK(base_utilisation(0, 110) == 0);
}

TEST_CASE("split rates: the spread is the reserves', whichever its sign") {
  // the USDC market: borrow 1.5% + 3.5% + 25%, supply 0 + 3.25% + 40%
  const SplitRates r{yearly(0, 0.0325, 0.4, 0.8), yearly(0.015, 0.035, 0.25, 0.8)};
  for (const double borrow : {0.0, 500.0, 790.0, 900.0, 1000.0, 1200.0}) {
    const double supply = 1000, dt = 3600;
    const SplitAccrual a = accrue_split(r, supply, borrow, dt);
    const double debts = borrow * (a.borrow_growth - 1), claims = supply * (a.supply_growth - 1);
    CHECK(a.to_reserves == Approx(debts - claims).margin(1e-12));
    CHECK(a.supply_growth >= 1);
    CHECK(accrue_split(r, supply, borrow, 0).borrow_growth == 1);
  }
  CHECK(accrue_split(r, 1000, 700, 3600).to_reserves > 0);
  CHECK(accrue_split(r, 1000, 300, 3600).to_reserves < 0);  // with these numbers below a half
  CHECK(accrue_split(r, 1000, 950, 3600).to_reserves < 0);  // and near full use
}

TEST_CASE("risk premium: only the safest that is needed") {
  const std::vector<RiskyCollateral> c{{0.5, 1000}, {0, 1000}, {0.1, 1000}};
  CHECK(risk_premium(c, 800) == 0);
  CHECK(risk_premium(c, 1000) == 0);
  CHECK(risk_premium(c, 1500) == Approx(0.1 * 500 / 1500));
  CHECK(risk_premium(c, 2500) == Approx((0.1 * 1000 + 0.5 * 500) / 2500));
  CHECK(risk_premium(c, 9000) == Approx(0.6 * 1000 / 3000));  // under water: of what there is
  CHECK(risk_premium(c, 0) == 0);
  CHECK(risk_premium({}, 100) == 0);
  double before = 0;
  for (double debt = 100; debt < 4000; debt += 100) {
    CHECK(risk_premium(c, debt) >= before);
    before = risk_premium(c, debt);
  }
}
