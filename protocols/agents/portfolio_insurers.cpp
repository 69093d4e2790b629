#include "protocols/agents/portfolio_insurers.hpp"

#include <algorithm>
#include <cmath>

namespace faultline {

namespace {

/// Strike K of the put with which n = assets / (S + put(K)) shares keep n K = floor: the share
/// K / (S + put(K)) of the assets that is kept rises with K.
double strike_for(OptionTerms terms, double s, double share) {
  double lo = 0, hi = 1e3 * s;
  for (int i = 0; i < 200; ++i) {
    terms.strike = 0.5 * (lo + hi);
    (terms.strike < share * (s + greeks(terms, s).price) ? lo : hi) = terms.strike;
  }
  return lo;
}

}  // namespace

Compiled<PortfolioInsurers> PortfolioInsurers::compile(const Spec& spec, const FlowOpening& at) {
  constexpr double year_s = 365.0 * 86400;
  Params p;
  p.put = spec.policy == "put";
  p.opening_price = at.price;
  p.assets = in_units(spec.assets, at) * at.price;
  if (std::isnan(p.assets)) return {p, "write `assets` in $ or in units of the asset"};
  p.floor = spec.floor.value * p.assets;
  p.multiplier = spec.multiplier;
  p.most = spec.most.value;
  p.horizon_s = spec.horizon.value;
  p.terms = {OptionKind::put, 0, p.horizon_s / year_s, spec.volatility.value, spec.rate.value};
  if (p.put && !(spec.floor.value > 0)) return {p, "a put needs a `floor` above zero"};
  if (p.put) {
    p.terms.strike = strike_for(p.terms, at.price, spec.floor.value);
    p.shares = p.floor / p.terms.strike;
  }
  return {p, {}};
}

FlowHoldings PortfolioInsurers::holds(const Params& p, const State& s, double price) {
  const double units = target(p, s, {.price = price, .cash = p.assets});
  return {units, p.assets - units * price};
}

double PortfolioInsurers::target(const Params& p, const State&, const FlowSight& sight) {
  if (p.put) {
    OptionTerms call = p.terms;
    call.kind = OptionKind::call;
    call.years = p.terms.years * std::max(0.0, 1 - sight.now_s / p.horizon_s);
    return p.shares * option_delta(call, sight.price);
  }
  const double assets = sight.cash + sight.units * sight.price;
  const double exposure = p.multiplier * (assets - p.floor);
  return std::clamp(exposure, 0.0, std::max(0.0, p.most * assets)) / sight.price;
}

}  // namespace faultline
