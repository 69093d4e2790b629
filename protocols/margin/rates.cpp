#include "protocols/margin/rates.hpp"

#include <algorithm>

#include "core/math.hpp"

namespace faultline {

namespace {

// r(U) = base + s1 min(U, k) / k + s2 max(0, U - k) / (1 - k)
// Aave DefaultReserveInterestRateStrategyV2 [aave_v3_code]; the same curve as Compound v2's
// JumpRateModelV2 [compound_v2_code] with s1 = multiplier k and s2 = jump multiplier (1 - k).
double kinked(const RateModel& m, double u) {
  const double below = m.base + m.slope1 * std::min(u, m.kink) / m.kink;
  return u > m.kink ? below + m.slope2 * (u - m.kink) / (1 - m.kink) : below;
}

// e = (U - target) / (U > target ? 1 - target : target), in [-1, 1].
double utilisation_error(const RateModel& m, double u) {
  return (u - m.target) / (u > m.target ? 1 - m.target : m.target);
}

// r = rT (1 + e (steepness - 1)) above target, rT (1 + e (1 - 1/steepness)) below.
// [morpho_irm_code]
double curve(const RateModel& m, double at_target, double error) {
  const double slope = error < 0 ? 1 - 1 / m.steepness : m.steepness - 1;
  return (slope * error + 1) * at_target;
}

struct Drift {
  double average, end;  // rate at target, per year
};

// rT(t) = clamp(rT exp(speed e t), least, most); its mean over a step is taken by the trapezoid
// rule on two halves, (start + end + 2 mid) / 4, as AdaptiveCurveIrm._borrowRate does.
// [morpho_irm_code]
Drift drift(const RateModel& m, double at_target, double error, double dt_s) {
  if (at_target == 0) return {m.initial, m.initial};  // a market's first interaction does not adapt
  const double step = m.speed * error * (dt_s / year_s);
  if (step == 0) return {at_target, at_target};
  const double end = std::clamp(at_target * math::exp(step), m.least, m.most);
  const double mid = std::clamp(at_target * math::exp(step / 2), m.least, m.most);
  return {(at_target + end + 2 * mid) / 4, end};
}

double borrow_rate(const RateModel& m, double u, double at_target) {
  switch (m.kind) {
    case RateKind::none:
      return 0;
    case RateKind::fixed:
      return m.base;
    case RateKind::kink:
      return kinked(m, u);
    case RateKind::adaptive:
      return curve(m, at_target, utilisation_error(m, u));
    case RateKind::split:
      return kinked_rate(m.split.borrow, u);
  }
  return 0;
}

/// What the borrow rate goes by.
double used(const RateModel& m, double cash, double debt, double claims) {
  return m.kind == RateKind::split ? base_utilisation(claims, debt) : utilisation(cash, debt);
}

KinkedCurve curve_of(double base, double slope1, double slope2, double kink) {
  return {base, slope1 / kink, slope2 / (1 - kink), kink};
}

// supply = r U_s (1 - RF), U_s = debt / (cash + debt + deficit). [aave_v3_code, aave_v3_3_features]
double supply_rate(const RateModel& m, double borrow, double cash, double debt, double deficit,
                   double claims) {
  if (m.kind == RateKind::split) return kinked_rate(m.split.supply, base_utilisation(claims, debt));
  return borrow * utilisation(cash + deficit, debt) * (1 - m.reserve_factor);
}

}  // namespace

RateModel compile_rate(const RateSpec& s) {
  RateModel m;
  m.kind = s.kind == "none"    ? RateKind::none
           : s.kind == "fixed" ? RateKind::fixed
           : s.kind == "kink"  ? RateKind::kink
           : s.kind == "split" ? RateKind::split
                               : RateKind::adaptive;
  m.compounding = s.compounding == "simple" ? Compounding::simple : Compounding::continuous;
  m.reserve_factor = s.reserve_factor.value;
  m.base = s.base.value;
  m.slope1 = s.slope1.value;
  m.slope2 = s.slope2.value;
  m.kink = s.kink.value;
  m.target = s.target.value;
  m.steepness = s.steepness.value;
  m.speed = s.speed.value;
  m.initial = s.initial.value;
  m.least = s.least.value;
  m.most = s.most.value;
  m.split.borrow = curve_of(m.base, m.slope1, m.slope2, m.kink);
  m.split.supply = curve_of(s.supply_base.value, s.supply_slope1.value, s.supply_slope2.value,
                            s.supply_kink.value);
  return m;
}

bool bears_interest(const RateModel& m) {
  switch (m.kind) {
    case RateKind::none:
      return false;
    case RateKind::fixed:
      return m.base != 0;
    case RateKind::kink:
      return m.base != 0 || m.slope1 != 0 || m.slope2 != 0;
    case RateKind::adaptive:
      return true;
    case RateKind::split:
      for (const KinkedCurve& c : {m.split.borrow, m.split.supply}) {
        if (c.base != 0 || c.low != 0 || c.high != 0) return true;
      }
      return false;
  }
  return true;
}

double utilisation(double cash, double debt) {
  return debt > 0 ? debt / (cash + debt) : 0;
}

Rates rates_at(const RateModel& m, RateState state, double cash, double debt, double deficit,
               double claims) {
  const double at_target = state.rate_at_target == 0 ? m.initial : state.rate_at_target;
  const double borrow = borrow_rate(m, used(m, cash, debt, claims), at_target);
  return {borrow, supply_rate(m, borrow, cash, debt, deficit, claims)};
}

// growth = exp(r dt / year), or 1 + r dt / year for Compound v2 (CToken.accrueInterest).
// Aave v3 (MathUtils.calculateCompoundedInterest) and Morpho Blue (wTaylorCompounded) use the first
// three terms x + x^2/2 + x^3/6 instead of exp: x^4/24 apart, 2e-16 for a day at 9%. The
// exponential is kept because it composes: two half steps at one rate give the whole step.
Accrual accrue(const RateModel& m, RateState& state, double cash, double debt, double deficit,
               double dt_s, double claims) {
  const double u = used(m, cash, debt, claims);
  double at_target = 0;
  if (m.kind == RateKind::adaptive) {
    const Drift d = drift(m, state.rate_at_target, utilisation_error(m, u), dt_s);
    at_target = d.average;
    state.rate_at_target = d.end;
  }
  Accrual a;
  a.rates.borrow = borrow_rate(m, u, at_target);
  a.rates.supply = supply_rate(m, a.rates.borrow, cash, debt, deficit, claims);
  a.reserve_share = m.reserve_factor;
  if (m.kind == RateKind::split) {
    const SplitAccrual both = accrue_split(m.split, claims, debt, dt_s / year_s);
    a.borrow_growth = both.borrow_growth;
    a.claims_growth = both.supply_growth;
    return a;
  }
  const double x = a.rates.borrow * dt_s / year_s;
  if (x != 0) a.borrow_growth = m.compounding == Compounding::simple ? 1 + x : math::exp(x);
  return a;
}

double supply_growth(const Accrual& a, double debt, double claims) {
  if (!(claims > 0)) return 1;
  if (a.claims_growth > 0) return a.claims_growth;
  return 1 + (1 - a.reserve_share) * (debt * (a.borrow_growth - 1)) / claims;
}

double exchange_rate(double cash, double debt, double reserves, double tokens) {
  return (cash + debt - reserves) / tokens;
}

double supply_change_to_utilisation(double supply, double debt, double target) {
  return debt / target - supply;
}

double debt_change_to_utilisation(double supply, double debt, double target) {
  return supply * target - debt;
}

}  // namespace faultline
