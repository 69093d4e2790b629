#include "protocols/agents/trend_followers.hpp"

#include <cmath>

#include "core/math.hpp"

namespace faultline {

Compiled<TrendFollowers> TrendFollowers::compile(const Spec& spec, const FlowOpening& at) {
  constexpr double year_s = 365.0 * 86400;
  Params p;
  p.position = in_units(spec.position, at);
  p.lookback_s = spec.lookback.value;
  p.deviation = spec.volatility.value * std::sqrt(0.5 * p.lookback_s / year_s);
  p.opening_price = at.price;
  if (std::isnan(p.position)) return {p, "write `position` in $ or in units of the asset"};
  return {p, {}};
}

TrendFollowers::State TrendFollowers::open(const Params& p) {
  return {math::log(p.opening_price), p.opening_price, 0};
}

FlowHoldings TrendFollowers::holds(const Params& p, const State& s, double price) {
  return {target(p, s, {.price = price}), 0};
}

void TrendFollowers::observe(const Params& p, State& s, const FlowSight& sight) {
  const double stood = math::log(s.price);  // until now: who trades looks whenever it moves
  s.average = stood + (s.average - stood) * math::exp(-(sight.now_s - s.seen_s) / p.lookback_s);
  const double now = math::log(sight.price);
  if (std::fabs(s.average - now) < 1e-9) s.average = now;
  s.price = sight.price;
  s.seen_s = sight.now_s;
}

double TrendFollowers::target(const Params& p, const State& s, const FlowSight& sight) {
  return p.position * math::tanh((math::log(sight.price) - s.average) / p.deviation);
}

bool TrendFollowers::waits(const Params&, const State& s, double) {
  return s.average != math::log(s.price);
}

}  // namespace faultline
