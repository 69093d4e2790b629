// Arbitrage. A venue is brought to its fee band around a price, never to the price itself; two
// venues are brought together until the last unit bought at one and sold at the other earns
// nothing.
//   band:  sell base until its last unit returns P, or buy until it costs P, both net of fee;
//          on constant product in* = (sqrt(g*k/P_out) - Ri)/g (angeris2020, Uniswap v2 periphery)
//   pair:  rate_buy(x) * rate_sell(out_buy(x)) = 1, rates net of fee
// Amounts unrounded; the engine rounds and grants capital.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>

#include "protocols/venues/curve.hpp"
#include "protocols/venues/solve.hpp"

namespace faultline {

/// A trade: side, and input in the given asset (base for a sale, quote for a buy).
struct BandTrade {
  Side side = Side::sell;
  double in = 0;
};

/// The trade that brings a venue to its fee band around `price` (quote per base, > 0); in is 0
/// inside the band.
template <VenueCurve K>
BandTrade arbitrage_to_band(const typename K::Params& p, const typename K::State& s, double price) {
  const double sell = K::in_to_rate(p, s, Side::sell, price);
  if (sell > 0) return {Side::sell, sell};
  return {Side::buy, K::in_to_rate(p, s, Side::buy, 1 / price)};
}

/// One leg of an arbitrage: a way to turn one asset into another.
template <class L>
concept TradeLeg = requires(const L& leg, double x) {
  { leg.fill(x) } -> std::same_as<Fill>;  // of input x >= 0
  {
    leg.in_to_rate(x)
    } -> std::same_as<double>;             // input whose last unit returns x, or all it can
                                           // fill; 0 if no unit returns x
  { leg.most() } -> std::same_as<double>;  // greatest input
};

/// Whether a leg takes that much: x <= leg.most(), which a leg may know without finding it.
template <TradeLeg L>
bool leg_fits(const L& leg, double x) {
  if constexpr (requires { leg.fits(x); }) {
    return leg.fits(x);
  } else {
    return x <= leg.most();
  }
}

/// A venue walked on one side.
template <VenueCurve K>
struct VenueLeg {
  const typename K::Params& params;
  const typename K::State& state;
  Side side;

  Fill fill(double x) const { return K::fill(params, state, side, x); }
  double in_to_rate(double rate) const { return K::in_to_rate(params, state, side, rate); }
  double most() const { return K::most_in(params, state, side); }
};

/// What limits an arbitrageur between two venues.
struct ArbitrageBudget {
  double capital = std::numeric_limits<double>::infinity();  // in the asset first given
  double gas = 0;       // cost of both trades, in the asset first given; profit must exceed it
  double exchange = 1;  // worth of one unit last taken, in the asset first given
};

/// What it does: gives `in`, takes and gives on `middle`, takes `out`; profit = out*exchange - in,
/// before gas, in the asset first given. All zero if nothing pays.
struct TwoLegTrade {
  double in = 0;
  double middle = 0;
  double out = 0;
  double profit = 0;
};

/// The most profitable input through `first` and then `second`. With r(x) = rate of both legs,
/// solves 1 - 1/sqrt(r(x)) = 0, a straight line in x where both legs are constant product (or
/// inside one interval of concentrated liquidity): there the first secant step lands on the closed
/// form.
template <TradeLeg First, TradeLeg Second>
TwoLegTrade arbitrage_through(const First& first, const Second& second,
                              const ArbitrageBudget& budget = {}) {
  const Fill nothing = second.fill(0);
  const double second_start = nothing.rate * budget.exchange;
  const double start = first.fill(0).rate * second_start;
  if (!(start > 1)) return {};
  // Were the second venue infinitely deep, the first would be walked to here and no further.
  double most = std::min(budget.capital, first.in_to_rate(1 / second_start));
  if (!(most > 0)) return {};
  double back = 0;  // of the second leg, for what `margin_at` was last asked
  const auto margin_at = [&](const Fill& fill) {
    const Fill end = second.fill(fill.out);
    back = end.out;
    return 1 - 1 / std::sqrt(fill.rate * end.rate * budget.exchange);
  };
  Fill at_most = first.fill(most);
  if (!(at_most.out > 0 && leg_fits(second, at_most.out))) {
    const double most_middle = second.most();
    if (!(most_middle > 0)) return {};
    if (at_most.out > most_middle) {  // the second venue ends before the first does
      const auto room = [&](double x) { return 1 - first.fill(x).out / most_middle; };
      most = bracketed_root(room, 0, 1, most, 1 - at_most.out / most_middle).good;
      at_most = first.fill(most);
    }
  }
  TwoLegTrade trade{.in = most, .middle = at_most.out};
  if (const double end = margin_at(at_most); end < 0) {
    trade = {.out = nothing.out};
    const auto margin = [&](double x) {
      const Fill fill = first.fill(x);
      const double m = margin_at(fill);
      // The last of these is the bracket's good.
      if (m >= 0) trade = {.in = x, .middle = fill.out, .out = back};
      return m;
    };
    const double good =
        bracketed_root(margin, 0, 1 - 1 / std::sqrt(start), most, end, 0x1p-44).good;
    if (trade.in != good) {
      trade = {.in = good, .middle = first.fill(good).out};
      trade.out = second.fill(trade.middle).out;
    }
  } else {
    trade.out = back;
  }
  trade.profit = trade.out * budget.exchange - trade.in;
  return trade.profit > budget.gas ? trade : TwoLegTrade{};
}

/// Buys base at A and sells it at B, two venues whose prices are quote per base; amounts and budget
/// in A's quote, `exchange` the worth of B's quote in A's.
template <VenueCurve A, VenueCurve B>
TwoLegTrade arbitrage_between(const typename A::Params& pa, const typename A::State& sa,
                              const typename B::Params& pb, const typename B::State& sb,
                              const ArbitrageBudget& budget = {}) {
  return arbitrage_through(VenueLeg<A>{pa, sa, Side::buy}, VenueLeg<B>{pb, sb, Side::sell}, budget);
}

}  // namespace faultline
