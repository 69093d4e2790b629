#include "protocols/margin/rates.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "core/math.hpp"
#include "tests/known_vectors.hpp"

using namespace faultline;

namespace {

void near(double got, double want, double rel, double abs = 1e-15) {
  CAPTURE(got, want);
  CHECK(std::fabs(got - want) <= std::max(abs, rel * std::fabs(want)));
}

RateModel kinked() {
  RateSpec spec;
  return compile_rate(spec);
}

RateModel adaptive() {
  RateSpec spec;
  spec.kind = "adaptive";
  spec.reserve_factor.value = 0;
  return compile_rate(spec);
}

struct FieldNames {
  std::set<std::string> names;
  template <class T>
  void operator()(std::string_view name, T&, const Field& field) {
    CHECK(names.insert(std::string(name)).second);
    CHECK_FALSE(field.help.empty());
  }
};

}  // namespace

TEST_CASE("aave rates: every published case") {
  const auto file = test::known("lending/aave_rates");
  const double rel = file["tolerance"]["rel"], abs = file["tolerance"]["abs"];
  REQUIRE(file["cases"].size() == 8);
  for (const auto& c : file["cases"]) {
    CAPTURE(c["name"].get<std::string>());
    RateModel m;
    m.kind = RateKind::kink;
    m.base = c["base"];
    m.slope1 = c["slope1"];
    m.slope2 = c["slope2"];
    m.kink = c["kink"];
    m.reserve_factor = c["reserve_factor"];
    const Rates r = rates_at(m, RateState{}, c["liquidity"], c["debt"], c["deficit"]);
    near(r.borrow, c["expected"]["borrow_rate"], rel, abs);
    near(r.supply, c["expected"]["supply_rate"], rel, abs);
  }
}

TEST_CASE("a whole step is two half steps at one rate") {
  const RateModel m = kinked();
  RateState s;
  const double whole = accrue(m, s, 30, 70, 0, 86400).borrow_growth;
  const double half = accrue(m, s, 30, 70, 0, 43200).borrow_growth;
  CHECK(half * half == Approx(whole).epsilon(1e-15));

  const RateModel a = adaptive();
  RateState one{0.04}, two{0.04};
  accrue(a, one, 5, 95, 0, 86400);
  accrue(a, two, 5, 95, 0, 43200);
  accrue(a, two, 5, 95, 0, 43200);
  CHECK(two.rate_at_target == Approx(one.rate_at_target).epsilon(1e-14));
}

TEST_CASE("halving the round converges for every model") {
  const double days = 30 * 86400;
  for (const char* kind : {"fixed", "kink", "adaptive"}) {
    for (const char* compounding : {"continuous", "simple"}) {
      CAPTURE(kind, compounding);
      RateSpec spec;
      spec.kind = kind;
      spec.base.value = 0.05;
      spec.compounding = compounding;
      const RateModel m = compile_rate(spec);
      const auto debt_after = [&](int steps) {
        RateState s{0.04};
        double debt = 95;
        for (int i = 0; i < steps; ++i)
          debt *= accrue(m, s, 5, debt, 0, days / steps).borrow_growth;
        return debt - 95;
      };
      CHECK(std::fabs(debt_after(8) - debt_after(16)) < 0.01 * debt_after(16));
      const double coarse = std::fabs(debt_after(512) - debt_after(1024));
      const double fine = std::fabs(debt_after(1024) - debt_after(2048));
      CHECK(fine <= 0.6 * coarse + 1e-10);  // first order
    }
  }
}

TEST_CASE("no time and no rate are no interest, exactly") {
  RateState s{0.04};
  CHECK(accrue(kinked(), s, 20, 80, 0, 0).borrow_growth == 1.0);
  CHECK(accrue(adaptive(), s, 20, 80, 0, 0).borrow_growth == 1.0);
  CHECK(s.rate_at_target == 0.04);
  RateSpec none;
  none.kind = "none";
  CHECK(accrue(compile_rate(none), s, 20, 80, 0, 1e9).borrow_growth == 1.0);
  CHECK(rates_at(kinked(), s, 0, 0, 0).borrow == 0.0);
}

TEST_CASE("rates follow ratios only: doubling every amount changes no bit") {
  for (const RateModel& m : {kinked(), adaptive()}) {
    for (int n : {-20, -1, 1, 30}) {
      RateState a{0.0371}, b{0.0371};
      const double k = std::ldexp(1.0, n);
      const Accrual x = accrue(m, a, 12.7, 91.3, 3.3, 12),
                    y = accrue(m, b, 12.7 * k, 91.3 * k, 3.3 * k, 12);
      CHECK(x.borrow_growth == y.borrow_growth);
      CHECK(x.rates.supply == y.rates.supply);
      CHECK(a.rate_at_target == b.rate_at_target);
    }
  }
}

TEST_CASE("interest is shared without loss between suppliers and reserves") {
  RateState s;
  const double cash = 25, debt = 75, deficit = 10;
  const Accrual a = accrue(kinked(), s, cash, debt, deficit, 86400);
  const double interest = debt * (a.borrow_growth - 1);
  const double claims = cash + debt + deficit;
  const double suppliers = claims * (supply_growth(a, debt, claims) - 1);
  CHECK(suppliers + a.reserve_share * interest == Approx(interest).epsilon(1e-10));
  CHECK(supply_growth(a, debt, claims) - 1 ==
        Approx(a.rates.supply * 86400 / year_s).epsilon(1e-3));
  CHECK(supply_growth(a, debt, 0) == 1.0);
}

TEST_CASE("the adaptive rate doubles in about five days at full use and stays within its bounds") {
  const RateModel m = adaptive();
  RateState s{0.04};
  accrue(m, s, 0, 100, 0, 5 * 86400.0);
  CHECK(s.rate_at_target == Approx(0.08).epsilon(0.02));
  for (int i = 0; i < 400; ++i) accrue(m, s, 0, 100, 0, 86400);
  CHECK(s.rate_at_target == m.most);
  CHECK(rates_at(m, s, 0, 100, 0).borrow == Approx(8.0));  // 800%
  for (int i = 0; i < 400; ++i) accrue(m, s, 100, 0, 0, 86400);
  CHECK(s.rate_at_target == m.least);
}

TEST_CASE("a rate's fields are declared once each") {
  RateSpec spec;
  FieldNames v;
  spec.fields(v);
  CHECK(v.names.count("kink") == 1);
  CHECK(v.names.size() == 17);
}
