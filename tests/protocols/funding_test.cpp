// Funding: dYdX's unit tests, GMX's, the documented formulas of the others, and law 8.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/math.hpp"
#include "protocols/margin/funding.hpp"
#include "tests/known_vectors.hpp"

using namespace faultline;
using nlohmann::json;

namespace {

double number(const json& j) {
  return j.is_string() ? std::stod(j.get<std::string>()) : j.get<double>();
}

std::vector<BookLevel> levels(const json& side) {
  std::vector<BookLevel> out;
  for (const json& l : side) out.push_back({number(l[0]), number(l[1])});
  return out;
}

FundingTerms hyperliquid() {
  FundingSpec s;
  s.kind = "premium";
  s.band = Ratio{0.0005};
  s.cap = Ratio{0.32};  // 4% an hour
  return compile_funding(s, 0.025, 0.0125);
}

FundingTerms dydx() {
  FundingSpec s;
  s.kind = "premium";
  s.average = "median";
  s.cap_of_margin = Ratio{6};
  return compile_funding(s, 0.02, 0.012);
}

/// Sum of what longs pay over `horizon` seconds in rounds of dt, the premium standing for a minute.
double paid_over(const FundingTerms& terms, double horizon, double dt, double swing) {
  FundingState state;
  double sum = 0;
  const auto rounds = static_cast<int>(horizon / dt + 0.5);
  for (int n = 0; n < rounds; ++n) {
    const double minute = std::floor(n * dt / 60 + 1e-9);
    const double premium = swing * math::sin(minute * 0.37) + 0.002;
    sum += accrue_funding(terms, state, dt, {premium, 6e6, 4e6}).longs_pay;
  }
  return sum;
}

}  // namespace

TEST_CASE("funding: premiums and payments match dydx_v4_premium_and_funding.json") {
  int compared = 0;
  const json file = test::known("markets/dydx_v4_premium_and_funding");
  for (const json& c : file["cases"]) {
    INFO(c["name"]);
    if (c["type"] == "premium") {
      const double notional = number(c["impact_notional"]), index = number(c["index"]);
      const auto bid = impact_price(levels(c["bids"]), notional);
      const auto ask = impact_price(levels(c["asks"]), notional);
      double premium = impact_premium(bid.value_or(0),
                                      ask.value_or(std::numeric_limits<double>::infinity()), index);
      if (c.contains("max_abs_ppm")) {
        FundingTerms t{.kind = FundingKind::premium, .banded = false, .per_s = 1, .every_s = 0};
        t.premium_cap = number(c["max_abs_ppm"]) / 1e6;
        FundingState s;
        premium = accrue_funding(t, s, 1, {premium, 0, 0}).longs_pay;
      }
      CHECK(std::trunc(premium * 1e6 * (1 + 1e-13)) == number(c["expected_ppm"]));
    } else {
      const double price = number(c["price"]) * std::pow(10, number(c["exponent"]));
      FundingTerms t{.kind = FundingKind::premium, .banded = false};
      t.every_s = number(c["dt"]);
      FundingState s;
      const double due =
          accrue_funding(t, s, t.every_s, {number(c["rate_ppm"]) / 1e6, 0, 0}).longs_pay;
      const double index = due * price * std::pow(10, number(c["atomic_resolution"]) + 12);
      CHECK(std::trunc(index * (1 + 1e-13)) == number(c["expected"]));
    }
    ++compared;
  }
  CHECK(compared == 18);
}

TEST_CASE("funding: Hyperliquid's and Binance's formula, by hand") {
  const FundingTerms t = hyperliquid();
  CHECK(stated_rate(t, 0) == 0.0001);  // interest alone
  CHECK(stated_rate(t, 0.0001) == 0.0001);
  CHECK(stated_rate(t, 0.0006) == Approx(0.0001));  // still inside the band
  CHECK(stated_rate(t, 0.01) == Approx(0.0095));    // premium less the band
  CHECK(stated_rate(t, -0.02) == Approx(-0.0195));  // and plus it below
  CHECK(stated_rate(t, -0.5) == -0.32);             // 4% an hour
  FundingState s;
  double paid = 0;
  for (int n = 0; n < 1200; ++n) paid += accrue_funding(t, s, 3, {-0.02, 1, 1}).longs_pay;
  CHECK(paid == Approx(-0.0195 / 8));
  CHECK(accrue_funding(t, s, 3, {-0.02, 1, 1}).longs_pay == 0);  // the next hour has begun
  CHECK(funding_due_in(t, s) == 3597);
}

TEST_CASE("funding: averages over the interval") {
  FundingTerms t{.kind = FundingKind::premium, .banded = false, .per_s = 3600, .every_s = 3600};
  const auto pay = [&](Averaging how, double first, double second) {
    t.averaging = how;
    FundingState s;
    accrue_funding(t, s, 1800, {first, 0, 0});
    return accrue_funding(t, s, 1800, {second, 0, 0}).longs_pay;
  };
  CHECK(pay(Averaging::mean, 0.01, 0.03) == Approx(0.02));
  CHECK(pay(Averaging::rising, 0.01, 0.03) == Approx(0.01 * 0.25 + 0.03 * 0.75));
  CHECK(pay(Averaging::median, 0.01, 0.03) == Approx(0.02));
  // A median forgets what lasts less than half a minute; a mean does not.
  const auto spike = [&](Averaging how) {
    t.averaging = how;
    FundingState s;
    double due = 0;
    for (int n = 0; n < 900; ++n) {
      due += accrue_funding(t, s, 4, {n % 15 < 7 ? 1.0 : 0.01, 0, 0}).longs_pay;
    }
    return due;
  };
  CHECK(spike(Averaging::median) == Approx(0.01));
  CHECK(spike(Averaging::mean) == Approx((7 * 1 + 8 * 0.01) / 15));
}

TEST_CASE("funding: dYdX is capped by margin, Drift and Mango by the day") {
  CHECK(stated_rate(dydx(), 1) == Approx(6 * (0.02 - 0.012)));
  FundingSpec drift;
  drift.kind = "premium";
  drift.per = Seconds{86400};
  drift.interest = Ratio{1.0 / 5000};
  drift.cap = Ratio{1.0 / 33};
  const FundingTerms t = compile_funding(drift, 0.1, 0.05);
  FundingState s;
  CHECK(accrue_funding(t, s, 3600, {0.01, 0, 0}).longs_pay == Approx((0.01 + 0.0002) / 24));
  CHECK(accrue_funding(t, s, 3600, {0.5, 0, 0}).longs_pay == Approx(1.0 / 33 / 24));
  FundingSpec mango;  // continuous
  mango.kind = "premium";
  mango.every = Seconds{0};
  mango.per = Seconds{86400};
  mango.interest = Ratio{0};
  mango.cap = Ratio{0.05};
  const FundingTerms m = compile_funding(mango, 0.1, 0.05);
  CHECK(accrue_funding(m, s, 43200, {0.9, 0, 0}).longs_pay == Approx(0.025));
  CHECK(funding_due_in(m, s) == 0);
}

TEST_CASE("funding: GMX's adaptive rate matches gmx_v2_price_impact.json and moves as it should") {
  const json file = test::known("markets/gmx_v2_price_impact");
  int compared = 0;
  FundingTerms t{.kind = FundingKind::adaptive, .most = 1};
  for (const json& c : file["cases"]) {
    if (c["type"] != "adaptive_funding") continue;
    t.increase = number(c["increase_per_s"]);
    t.stable = number(c["threshold_stable"]);
    t.falling = number(c["threshold_decrease"]);
    FundingState s{.rate = number(c["saved"])};
    accrue_funding(t, s, number(c["dt"]), {0, number(c["long_oi"]), number(c["short_oi"])});
    CHECK(s.rate == Approx(number(c["expected_per_s"])).epsilon(1e-12));
    ++compared;
  }
  CHECK(compared == 1);

  t.decrease = 1e-8;
  t.most = 5e-5;
  const auto after = [&](double rate, double dt, double longs, double shorts) {
    FundingState s{.rate = rate};
    accrue_funding(t, s, dt, {0, longs, shorts});
    return s.rate;
  };
  CHECK(after(3e-5, 100, 102, 98) == Approx(2.9e-5));  // skew 2%: falls
  CHECK(after(1e-7, 100, 102, 98) == 0);               // not beyond nothing
  CHECK(after(3e-5, 100, 104, 96) == 3e-5);            // 4%: stands
  CHECK(after(3e-5, 100, 110, 90) == Approx(4e-5));    // 10%: rises
  CHECK(after(4.9e-5, 1000, 110, 90) == 5e-5);         // to the highest rate
  CHECK(after(3e-5, 100, 98, 102) == Approx(2.8e-5));  // the other side: at once, at any skew
  CHECK(after(1e-6, 1000, 90, 110) == -5e-5);          // through nothing, to the lowest
  FundingState s{.rate = 5e-5};
  const FundingDue due = accrue_funding(t, s, 10, {0, 120, 80});
  CHECK(due.longs_pay == Approx(5e-4));
  CHECK(120 * due.longs_pay + 80 * due.shorts_pay == Approx(0).margin(1e-15));
  CHECK(accrue_funding(t, s, 10, {0, 120, 0}).longs_pay == 0);  // nobody to be paid
}

TEST_CASE("funding: what is paid does not depend on the length of a round") {
  FundingTerms rising = hyperliquid();
  rising.averaging = Averaging::rising;
  for (const FundingTerms& t : {hyperliquid(), dydx(), rising}) {
    const double whole = paid_over(t, 6 * 3600, 60, 0.01);
    CHECK(whole != 0);
    for (const double dt : {30.0, 12.0, 3.0, 1.5, 0.4, 0.3}) {
      CHECK(paid_over(t, 6 * 3600, dt, 0.01) == Approx(whole).epsilon(1e-9));
    }
  }
  // rounds longer than the interval pay what shorter ones do
  FundingState s;
  const FundingTerms t = hyperliquid();
  CHECK(accrue_funding(t, s, 5 * 3600 + 1800, {0.01, 1, 1}).longs_pay == Approx(5 * 0.0095 / 8));
  CHECK(funding_due_in(t, s) == Approx(1800));
  FundingSpec spec;
  spec.kind = "adaptive";
  const FundingTerms adaptive = compile_funding(spec, 0.01, 0.005);
  const double coarse = paid_over(adaptive, 2 * 3600, 60, 0);
  CHECK(coarse > 0);
  CHECK(paid_over(adaptive, 2 * 3600, 7.5, 0) == Approx(coarse).epsilon(1e-9));
}

TEST_CASE("funding: without it nothing happens, and what cannot be meant is refused") {
  FundingState s;
  CHECK(accrue_funding({}, s, 1e6, {0.5, 1, 1}).longs_pay == 0);
  CHECK(s.elapsed_s == 0);
  CHECK(std::isinf(funding_due_in({}, s)));
  FundingSpec spec;
  CHECK(funding_problem(spec).empty());
  spec.kind = "premium";
  spec.average = "median";
  spec.every = Seconds{90};
  CHECK(funding_problem(spec) == "pay medians of minutes over whole minutes, as `every: 1h`");
  spec.kind = "adaptive";
  spec.falling = Ratio{0.5};
  CHECK(funding_problem(spec) == "keep `falling` at or below `stable`");
  spec.falling = Ratio{0};
  spec.least = PerYear{2};
  CHECK(funding_problem(spec) == "keep `least` below `most`");
}
