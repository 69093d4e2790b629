// Weighted pool (balancer2019): the product of balances to their weights is what a trade keeps.
//   out = Bo * (1 - (Bi / (Bi + g*in))^(wi/wo)),  g = 1 - fee on the input, which stays in the pool
//   in  = Bi * ((Bo / (Bo - out))^(wo/wi) - 1) / g
//   mid = (Bq / wq) / (Bb / wb);  equal weights are a constant product pool
// Hard limits (balancer2021, WeightedMath): more than 30% of a balance, net of fee, neither enters
// in one trade given exactly, nor leaves in one taken exactly. A larger order fills to the limit.
// Joins and exits in one coin are a proportional part, free, and a trade of the rest, which pays
// the fee. Shares below are of all LP claims before the event.
#pragma once

#include <limits>
#include <optional>
#include <string_view>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "protocols/venues/curve.hpp"

namespace faultline {

struct WeightedPool {
  static constexpr std::string_view name = "weighted_pool";

  /// What a user writes: `liquidity: $85m`, or both reserves, which then set the opening price.
  struct Spec {
    Pair pair;
    std::optional<Amount> liquidity;
    std::optional<Amount> base;
    std::optional<Amount> quote;
    Ratio base_weight{0.5};
    std::optional<Ratio> quote_weight;
    Ratio fee{0.003};
    Ratio most_traded{0.3};

    template <class V>
    void fields(V& v) {
      v("pair", pair,
        Field{.help = "assets traded, BASE/QUOTE", .required = true, .refers = Refers::asset});
      v("liquidity", liquidity,
        Field{.help = "worth of the pair's reserves together, at the opening outside price",
              .lo = 0});
      v("base", base, Field{.help = "reserve of the base asset, instead of liquidity", .lo = 0});
      v("quote", quote, Field{.help = "reserve of the quote asset, instead of liquidity", .lo = 0});
      v("base_weight", base_weight,
        Field{.help = "weight of the base asset",
              .lo = 0.01,
              .hi = 0.99,
              .source = "balancer2021: at least 1%; half where nothing is said"});
      v("quote_weight", quote_weight,
        Field{.help = "weight of the quote asset; left out: the rest. Less in a pool of more coins",
              .lo = 0.01,
              .hi = 0.99});
      v("fee", fee,
        Field{.help = "share of each input kept by the pool",
              .lo = 0.000001,
              .hi = 0.1,
              .source = "balancer2021: 0.0001% to 10%; 30 bps as constant product pools"});
      v("most_traded", most_traded,
        Field{.help = "most of a balance that may enter or leave in one trade",
              .lo = 0.01,
              .hi = 1,
              .source = "balancer2021: _MAX_IN_RATIO and _MAX_OUT_RATIO of WeightedMath"});
    }
  };

  /// Opening reserves in tokens, > 0; weights in (0, 1).
  struct Params {
    double base = 0, quote = 0;
    double base_weight = 0.5, quote_weight = 0.5;
    double fee = 0.003;
    double most_traded = 0.3;
  };

  struct State {
    double base = 0, quote = 0;  // fees included
    double fee = 0;              // share of the input
    double shares = 0;           // LP shares there are, where they are an asset
  };

  /// Params from a Spec; problem says what to write if the amounts are missing or of other units.
  static Compiled<WeightedPool> compile(const Spec& spec, const Opening& at);

  static State open(const Params& p) { return {.base = p.base, .quote = p.quote, .fee = p.fee}; }
  static double fee(const Params&, const State& s) { return s.fee; }
  static double marginal(const Params& p, const State& s) {
    return s.quote / s.base * (p.base_weight / p.quote_weight);
  }
  static double base_held(const Params&, const State& s) { return s.base; }
  static double quote_held(const Params&, const State& s) { return s.quote; }

  static Fill fill(const Params& p, const State& s, Side side, double in);
  static double out_given_in(const Params& p, const State& s, Side side, double in) {
    return fill(p, s, side, in).out;
  }
  /// The input that brings `out`, net of fee; infinite beyond the limit.
  static double in_given_out(const Params& p, const State& s, Side side, double out);
  static double price_after(const Params& p, const State& s, Side side, double in) {
    return fill(p, s, side, in).price;
  }
  static double in_to_price(const Params& p, const State& s, Side side, double target);
  /// ((g*Bo*wi/wo / (rate*Bi))^(1/(1 + wi/wo)) - 1) * Bi / g
  static double in_to_rate(const Params& p, const State& s, Side side, double rate);
  static double in_for_average(const Params& p, const State& s, Side side, double limit) {
    return in_for_average_by_bracket<WeightedPool>(p, s, side, limit);
  }
  static double most_in(const Params& p, const State& s, Side side) {
    return p.most_traded * (side == Side::sell ? s.base : s.quote) / (1 - s.fee);
  }
  static void apply(const Params&, State& s, Side side, double given, double taken) {
    s.base += side == Side::sell ? given : -taken;
    s.quote += side == Side::sell ? -taken : given;
  }
  static bool relax(const Params&, State&, double, double) { return false; }

  /// LPs take this share, 0 to 1, of both reserves; a trillionth stays, as an empty pool has no
  /// price.
  static void withdraw(const Params&, State& s, double share) {
    const double kept = std::max(1 - share, 0x1p-52);
    s.base *= kept;
    s.quote *= kept;
  }
  static void hold(const Params&, State& s, double base, double quote) {
    s.base = base;
    s.quote = quote;
  }

  static void without_friction(Params& p) { p.most_traded = 1e9; }

  /// New claims, per claim there was, for these amounts given (either may be 0).
  static double join(const Params& p, const State& s, double base, double quote);
  /// The amount of one coin that buys `share` new claims per claim there was: base with
  /// Side::sell, which gives base.
  static double join_for(const Params& p, const State& s, Side side, double share);
  /// What burning `share` of all claims brings in one coin: base with Side::buy, which takes base.
  static double exit(const Params& p, const State& s, Side side, double share);
  /// d exit / d share
  static double exit_rate(const Params& p, const State& s, Side side, double share);
  /// Most of all claims burnt at once for one coin: _MIN_INVARIANT_RATIO of WeightedMath is 70%.
  static constexpr double most_leaving = 0.3;
  static void apply_exit(const Params&, State& s, Side side, double, double out) {
    (side == Side::sell ? s.quote : s.base) -= out;
  }
  /// The share of all claims to burn for `out` of one coin.
  static double exit_for(const Params& p, const State& s, Side side, double out);
};

static_assert(VenueCurve<WeightedPool>);

}  // namespace faultline
