// What every venue kind of this folder offers beyond VenueKind: one evaluation of a trade, its
// inverse in net prices, the cut of an order to its limit, and how it is opened from a Spec.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/values.hpp"
#include "protocols/venues/solve.hpp"
#include "protocols/venues/venue.hpp"

namespace faultline {

/// A trade of a given input, unrounded.
struct Fill {
  double out = 0;    // taken, net of fee
  double price = 0;  // marginal mid price after it, quote per base
  double rate = 0;   // out per in of its last unit, net of fee (d out / d in)
};

/// Where a venue opens: the reference prices by which "$" amounts become tokens.
struct Opening {
  std::string_view base;  // names of the pair's assets, as units of amounts
  std::string_view quote;
  double base_usd = 1;  // USD per whole token, > 0
  double quote_usd = 1;
  double base_rate = 1;  // what one token pays by contract, in the asset its chain of rates ends in
  double quote_rate = 1;
  bool claims = false;  // either of these rates may move
  double price() const { return base_usd / quote_usd; }
};

/// A coin of a pool beside the pair a venue trades.
struct OtherCoin {
  double tokens = 0;
  double rate = 1;  // what one pays by contract
  double usd = 1;   // its reference price
};

/// What a Spec compiles to; `problem` is empty, or one sentence saying what must be written
/// instead.
template <class K>
struct Compiled {
  typename K::Params params;
  std::string problem;
};

/// An amount in tokens worth it at the opening prices; NaN where its unit is none of $, base,
/// quote.
inline double in_base(const Amount& a, const Opening& at) {
  if (a.unit == "$") return a.value / at.base_usd;
  if (a.unit == at.base) return a.value;
  if (a.unit == at.quote) return a.value / at.price();
  return std::numeric_limits<double>::quiet_NaN();
}
inline double in_quote(const Amount& a, const Opening& at) {
  if (a.unit == "$") return a.value / at.quote_usd;
  if (a.unit == at.quote) return a.value;
  if (a.unit == at.base) return a.value * at.price();
  return std::numeric_limits<double>::quiet_NaN();
}

// clang-format off
/// The kinds' common interface for the engine and for arbitrage.
template <class K>
concept VenueCurve = VenueKind<K> && std::is_trivially_copyable_v<typename K::State> &&
                     requires(const typename K::Params& p, typename K::State& s,
                              const typename K::State& c, Side side, double x) {
  { K::open(p) } -> std::same_as<typename K::State>;             // the state a run starts from
  { K::fill(p, c, side, x) } -> std::same_as<Fill>;              // out, price and rate in one walk
  { K::in_to_rate(p, c, side, x) } -> std::same_as<double>;      // input whose last unit returns x
                                                                 // out per in, net of fee; or 0
  { K::in_for_average(p, c, side, x) } -> std::same_as<double>;  // greatest input whose out / in is
                                                                 // not below x; 0 if none
  { K::relax(p, s, x, x) } -> std::same_as<bool>;                // whether any byte changed
  K::hold(p, s, x, x);                                           // tokens held (base, quote) become
                                                                 // the ledger's whole amounts
};
// clang-format on

/// Whether a venue takes that much: in <= most_in, which a kind may know without finding it.
template <VenueCurve K>
bool fits(const typename K::Params& p, const typename K::State& s, Side side, double in) {
  if constexpr (requires { K::fits(p, s, side, in); }) {
    return K::fits(p, s, side, in);
  } else {
    return in <= K::most_in(p, s, side);
  }
}

/// Trades `in`: agree(out) is told what it would bring, may round that, and says whether the trade
/// is on. A kind with an `End` walks its curve once for both. Gives what is taken, 0 where it is
/// off.
template <VenueCurve K, class Agree>
double trade_at(const typename K::Params& p, typename K::State& s, Side side, double in,
                Agree&& agree) {
  if constexpr (requires { typename K::End; }) {
    typename K::End end;
    double out = K::fill(p, s, side, in, end).out;
    if (!agree(out)) return 0;
    K::apply(p, s, side, in, out, end);
    return out;
  } else {
    double out = K::fill(p, s, side, in).out;
    if (!agree(out)) return 0;
    K::apply(p, s, side, in, out);
    return out;
  }
}

/// Greatest input up to `most` at which `margin`, which falls, is not below 0; 0 if it starts
/// there. Doubles from `first` (> 0) until margin falls below 0, then brackets: 2^-40 relative.
template <class F>
double input_by_bracket(F&& margin, double first,
                        double most = std::numeric_limits<double>::infinity()) {
  double good = 0, at_good = margin(0.0);
  if (!(at_good > 0)) return 0;
  for (double next = std::min(first, most); std::isfinite(next); next = std::min(2 * next, most)) {
    const double at_next = margin(next);
    if (at_next < 0) return bracketed_root(margin, good, at_good, next, at_next).good;
    if (next == most) return most;
    good = next;
    at_good = at_next;
  }
  return most;
}

/// in_to_rate where a trade's last unit trades at the price it leaves (no fee joins the curve).
///   sell: mid * (1 - fee) = rate;  buy: (1 - fee) / mid = rate
template <class K>
double in_to_rate_by_price(const typename K::Params& p, const typename K::State& s, Side side,
                           double rate) {
  const double kept = 1 - K::fee(p, s);
  return K::in_to_price(p, s, side, side == Side::sell ? rate / kept : kept / rate);
}

/// in_for_average by bracket: out - limit*in grows up to the input where rate = limit, so the last
/// x with out(x)/x >= limit lies beyond it. Solved as 1 - limit*x/out(x) = 0, which is a straight
/// line in x on a constant product curve; 2^-40 relative, and the limit holds at the answer.
template <class K>
double in_for_average_by_bracket(const typename K::Params& p, const typename K::State& s, Side side,
                                 double limit) {
  const double most = K::most_in(p, s, side);
  if (!(limit > 0)) return most;
  const auto margin = [&](double x) { return 1 - limit * x / K::out_given_in(p, s, side, x); };
  double good = std::min(K::in_to_rate(p, s, side, limit), most);
  if (!(good > 0)) return 0;
  double at_good = margin(good);
  if (!(at_good >= 0)) return 0;
  while (good < most) {
    const double next = std::min(2 * good, most);
    const double at_next = margin(next);
    if (at_next < 0) return bracketed_root(margin, good, at_good, next, at_next).good;
    good = next;
    at_good = at_next;
  }
  return most;
}

/// Worth of what a pool's LPs hold at outside prices, wherever its own price stands: the tokens the
/// curve would hold had arbitrage without fees brought it there. A trade inside the pool can raise
/// it by its fee only (angeris2020). Prices and result in one unit of account; on constant product
/// 2*sqrt(base*quote*Pb*Pq).
template <VenueCurve K>
double lp_value(const typename K::Params& params, const typename K::State& state, double base_price,
                double quote_price) {
  typename K::Params p = params;
  typename K::State s = state;
  s.fee = 0;
  if constexpr (requires { K::without_friction(p); }) K::without_friction(p);
  const double outside = base_price / quote_price;
  const Side side = K::marginal(p, s) > outside ? Side::sell : Side::buy;
  const double in = std::min(K::in_to_price(p, s, side, outside), K::most_in(p, s, side));
  if (in > 0) K::apply(p, s, side, in, K::out_given_in(p, s, side, in));
  double base = K::base_held(p, s), quote = K::quote_held(p, s);
  if constexpr (requires { s.aside_base; }) {  // the administrator's
    base -= s.aside_base;
    quote -= s.aside_quote;
  }
  return base * base_price + quote * quote_price;
}

}  // namespace faultline
