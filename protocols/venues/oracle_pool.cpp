#include "protocols/venues/oracle_pool.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/math.hpp"

namespace faultline {

namespace {

using Params = OraclePool::Params;
using State = OraclePool::State;

/// The pool as one side sees it, all in quote units.
struct Sides {
  double given, taken;  // reserves without the impact pools
  double purse;         // impact pool of the coin taken
  double given_price, taken_price;
};

Sides sides_of(const State& s, Side side) {
  const double base = (s.base - s.impact_base) * s.oracle, quote = s.quote - s.impact_quote;
  if (side == Side::sell) return {base, quote, s.impact_quote, s.oracle, 1};
  return {quote, base, s.impact_base * s.oracle, 1, s.oracle};
}

/// Slope of what an imbalance costs at `rate`, per unit of it.
double slope(const ImpactTerms& t, double d, double rate) {
  const double x = std::fabs(d) / t.at;
  return rate * t.exponent * (t.exponent == 2 ? x : x > 0 ? math::pow(x, t.exponent - 1) : 0);
}

struct Trade {
  double out = 0;     // quote units
  double impact = 0;  // after the purse's limit
  double rate = 0;    // of the last unit
};

Trade walk(const Params& p, const State& s, const Sides& at, double v) {
  const double d0 = at.given - at.taken, d1 = d0 + 2 * v;
  Trade t;
  t.impact = price_impact(p.impact, d0, d1);
  const double more = d1 < 0 ? 2 * slope(p.impact, d1, p.impact.positive)
                             : -2 * slope(p.impact, d1, p.impact.negative);
  const bool capped = t.impact > at.purse;
  if (capped) t.impact = at.purse;
  t.out = (1 - s.fee) * v + t.impact;
  t.rate = 1 - s.fee + (capped ? 0 : more);
  return t;
}

double price_of(const Params& p, const State& s) {
  const double d = (s.base - s.impact_base) * s.oracle - (s.quote - s.impact_quote);
  const double off = 2 * slope(p.impact, d, p.impact.negative);
  return d > 0 ? s.oracle / (1 + off) : s.oracle * (1 + off);
}

/// What an impact that costs leaves in the impact pool of the coin given, and what one in favour
/// takes from that of the coin taken.
void move_purses(State& s, Side side, const Sides& at, const Trade& t) {
  const bool sell = side == Side::sell;
  if (t.impact < 0) {
    (sell ? s.impact_base : s.impact_quote) += -t.impact / at.given_price;
  } else {
    (sell ? s.impact_quote : s.impact_base) -= t.impact / at.taken_price;
  }
}

}  // namespace

Compiled<OraclePool> OraclePool::compile(const Spec& spec, const Opening& at) {
  Params p{.fee = spec.fee.value};
  p.impact.positive = spec.better.value;
  p.impact.negative = spec.worse.value;
  if (spec.better.value > spec.worse.value)
    return {p, "write `better` no higher than `worse`, or trades could earn"};
  p.impact.exponent = spec.exponent;
  p.reserved = spec.reserved.value;
  p.impact.at = in_quote(spec.impact_at, at);
  p.price = at.price();
  if (spec.liquidity && !spec.base && !spec.quote) {
    p.base = 0.5 * in_base(*spec.liquidity, at);
    p.quote = 0.5 * in_quote(*spec.liquidity, at);
  } else if (!spec.liquidity && spec.base && spec.quote) {
    p.base = in_base(*spec.base, at);
    p.quote = in_quote(*spec.quote, at);
  } else {
    return {p, "write either `liquidity` or both `base` and `quote`"};
  }
  p.impact_base = spec.impact_base ? in_base(*spec.impact_base, at) : 0;
  p.impact_quote = spec.impact_quote ? in_quote(*spec.impact_quote, at) : 0;
  constexpr double none = std::numeric_limits<double>::infinity();
  p.cap_base = spec.cap_base ? in_base(*spec.cap_base, at) : none;
  p.cap_quote = spec.cap_quote ? in_quote(*spec.cap_quote, at) : none;
  if (!(p.base > 0 && p.quote > 0 && p.impact.at > 0 && p.impact_base >= 0 && p.impact_quote >= 0 &&
        p.cap_base >= 0 && p.cap_quote >= 0)) {
    return {p, "write every amount in $, base or quote, and reserves above zero"};
  }
  return {p, {}};
}

State OraclePool::open(const Params& p) {
  return {p.base + p.impact_base,
          p.quote + p.impact_quote,
          p.impact_base,
          p.impact_quote,
          p.price,
          p.fee};
}

double OraclePool::marginal(const Params& p, const State& s) {
  return price_of(p, s);
}

Fill OraclePool::fill(const Params& p, const State& s, Side side, double given) {
  const Sides at = sides_of(s, side);
  const double in = std::min(given, most_in(p, s, side));
  const Trade t = walk(p, s, at, in * at.given_price);
  const double out = std::max(0.0, t.out) / at.taken_price;
  State after = s;
  apply(p, after, side, in, out);
  return {out, price_of(p, after), t.rate * (at.given_price / at.taken_price)};
}

double OraclePool::in_to_price(const Params& p, const State& s, Side side, double target) {
  const auto short_of = [&](double in) {
    const double price = fill(p, s, side, in).price;
    return side == Side::sell ? price / target - 1 : target / price - 1;
  };
  const double most = most_in(p, s, side);
  return most > 0 ? input_by_bracket(short_of, 0x1p-20 * most, most) : 0;
}

double OraclePool::in_to_rate(const Params& p, const State& s, Side side, double rate) {
  const Sides at = sides_of(s, side);
  const double target = rate * (at.taken_price / at.given_price);
  const auto margin = [&](double in) { return walk(p, s, at, in * at.given_price).rate - target; };
  const double most = most_in(p, s, side);
  return most > 0 ? input_by_bracket(margin, 0x1p-20 * most, most) : 0;
}

double OraclePool::most_in(const Params& p, const State& s, Side side) {
  const Sides at = sides_of(s, side);
  const double kept = 1 - s.fee, d0 = at.given - at.taken;
  double most = (1 - p.reserved) * at.taken / kept;
  const double cap = side == Side::sell ? p.cap_base : p.cap_quote;
  most = std::min(most, cap * at.given_price - at.given);
  const ImpactTerms& t = p.impact;
  if (t.negative > 0) {  // where kept = 2*negative*e*(d/at)^(e-1)
    const double d = t.at * math::pow(kept / (2 * t.negative * t.exponent), 1 / (t.exponent - 1));
    most = std::min(most, 0.5 * (d - d0));
  }
  return std::max(0.0, most) / at.given_price;
}

void OraclePool::apply(const Params& p, State& s, Side side, double given, double taken) {
  const Sides at = sides_of(s, side);
  const Trade t = walk(p, s, at, given * at.given_price);
  s.base += side == Side::sell ? given : -taken;
  s.quote += side == Side::sell ? -taken : given;
  move_purses(s, side, at, t);
}

bool OraclePool::relax(const Params&, State& s, double, double observed) {
  if (std::isnan(observed) || s.oracle == observed) return false;
  s.oracle = observed;
  return true;
}

void OraclePool::withdraw(const Params&, State& s, double share) {
  const double kept = std::fmax(1 - share, 0x1p-52);
  s.base = s.impact_base + (s.base - s.impact_base) * kept;
  s.quote = s.impact_quote + (s.quote - s.impact_quote) * kept;
}

}  // namespace faultline
