// Constant product pool, Uniswap v2 (adams2020).
//   out = g*in*Ro / (Ri + g*in),  g = 1 - fee;  the fee stays in the reserves, so base*quote grows
//   mid = quote / base;  a withdrawal is proportional: it thins depth and moves no price
// Leaving in one coin is a withdrawal and a trade of the other coin in what is left.
#pragma once

#include <cmath>
#include <limits>
#include <optional>
#include <string_view>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "protocols/venues/curve.hpp"

namespace faultline {

struct ConstantProduct {
  static constexpr std::string_view name = "constant_product";

  /// What a user writes: `liquidity: $85m`, or both reserves, which then set the opening price.
  struct Spec {
    Pair pair;
    std::optional<Amount> liquidity;
    std::optional<Amount> base;
    std::optional<Amount> quote;
    Ratio fee{0.003};

    template <class V>
    void fields(V& v) {
      v("pair", pair,
        Field{.help = "assets traded, BASE/QUOTE", .required = true, .refers = Refers::asset});
      v("liquidity", liquidity,
        Field{.help = "worth of both reserves together, at the opening "
                      "outside price",
              .lo = 0});
      v("base", base, Field{.help = "reserve of the base asset, instead of liquidity", .lo = 0});
      v("quote", quote, Field{.help = "reserve of the quote asset, instead of liquidity", .lo = 0});
      v("fee", fee,
        Field{.help = "share of each input kept by the pool",
              .lo = 0,
              .hi = 0.5,
              .source = "adams2020: 30 bps in Uniswap v2 core"});
    }
  };

  /// Opening reserves in tokens, > 0; fee in [0, 1).
  struct Params {
    double base = 0;
    double quote = 0;
    double fee = 0.003;
  };

  /// Reserves now, fees included.
  struct State {
    double base = 0;
    double quote = 0;
    double fee = 0;     // share of the input
    double shares = 0;  // LP shares there are, where they are an asset
  };

  /// Params from a Spec; problem says what to write if the amounts are missing or of other units.
  static Compiled<ConstantProduct> compile(const Spec& spec, const Opening& at) {
    Params p{.fee = spec.fee.value};
    if (spec.liquidity && !spec.base && !spec.quote) {
      p.base = 0.5 * in_base(*spec.liquidity, at);
      p.quote = 0.5 * in_quote(*spec.liquidity, at);
    } else if (!spec.liquidity && spec.base && spec.quote) {
      p.base = in_base(*spec.base, at);
      p.quote = in_quote(*spec.quote, at);
    } else {
      return {p, "write either `liquidity` or both `base` and `quote`"};
    }
    if (!(p.base > 0 && p.quote > 0)) return {p, "write an amount above zero in $, base or quote"};
    return {p, {}};
  }

  static State open(const Params& p) { return {.base = p.base, .quote = p.quote, .fee = p.fee}; }
  static double fee(const Params&, const State& s) { return s.fee; }
  static double marginal(const Params&, const State& s) { return s.quote / s.base; }
  static double base_held(const Params&, const State& s) { return s.base; }
  static double quote_held(const Params&, const State& s) { return s.quote; }

  static Fill fill(const Params&, const State& s, Side side, double in) {
    const double kept = 1 - s.fee;
    const double ri = side == Side::sell ? s.base : s.quote;
    const double ro = side == Side::sell ? s.quote : s.base;
    const double walked = ri + kept * in;
    const double share = kept * in / walked;
    const double left = ri / walked;
    const double rest = ro * left;  // Ro - out, without the cancellation
    return {ro * share, side == Side::sell ? rest / (ri + in) : (ri + in) / rest,
            kept * (ro / walked) * left};
  }

  static double out_given_in(const Params& p, const State& s, Side side, double in) {
    return fill(p, s, side, in).out;
  }
  static double price_after(const Params& p, const State& s, Side side, double in) {
    return fill(p, s, side, in).price;
  }

  /// (Ri + in)(Ri + g*in) = Ri^2 * m, m = price now over target for a sale, inverse for a buy.
  static double in_to_price(const Params& p, const State& s, Side side, double target) {
    const double now = marginal(p, s);
    const double m = side == Side::sell ? now / target : target / now;
    if (!(m > 1)) return 0;
    const double g = 1 - s.fee;
    const double ri = side == Side::sell ? s.base : s.quote;
    return ri * (2 * (m - 1) / ((1 + g) + std::sqrt(s.fee * s.fee + 4 * g * m)));
  }

  /// in = (sqrt(g*Ri*Ro/rate) - Ri) / g: the optimal arbitrage of the Uniswap v2 periphery.
  static double in_to_rate(const Params&, const State& s, Side side, double rate) {
    const double g = 1 - s.fee;
    const double ri = side == Side::sell ? s.base : s.quote;
    const double ro = side == Side::sell ? s.quote : s.base;
    const double m = g * (ro / ri) / rate;
    return m > 1 ? ri * ((std::sqrt(m) - 1) / g) : 0;
  }

  /// g*Ro / (Ri + g*in) = limit.
  static double in_for_average(const Params& p, const State& s, Side side, double limit) {
    if (!(limit > 0)) return most_in(p, s, side);
    const double ri = side == Side::sell ? s.base : s.quote;
    const double ro = side == Side::sell ? s.quote : s.base;
    return std::fmax(0.0, ro / limit - ri / (1 - s.fee));
  }

  /// The curve never ends.
  static double most_in(const Params&, const State&, Side) {
    return std::numeric_limits<double>::infinity();
  }

  static void apply(const Params&, State& s, Side side, double given, double taken) {
    if (side == Side::sell) {
      s.base += given;
      s.quote -= taken;
    } else {
      s.quote += given;
      s.base -= taken;
    }
  }

  static bool relax(const Params&, State&, double, double) { return false; }

  /// LPs burn this share of all claims, 0 to 1, and take it of both reserves. A trillionth stays,
  /// as Uniswap v2 locks its first claims for ever: an empty pool would have no price.
  static void withdraw(const Params&, State& s, double share) {
    const double kept = std::fmax(1 - share, 0x1p-52);
    s.base *= kept;
    s.quote *= kept;
  }

  static void hold(const Params&, State& s, double base, double quote) {
    s.base = base;
    s.quote = quote;
  }

  /// What burning `share` of all claims brings in one coin, R of it in the pool: base with
  /// Side::buy, which takes base. The proportional part, then the other coin's traded for it in
  /// what is left:
  ///   out = R*u * (1 + g*(1 - u) / (1 - fee*u)),   without fee R*(1 - (1 - u)^2)
  static double exit(const Params&, const State& s, Side side, double share) {
    const double held = side == Side::sell ? s.quote : s.base;
    return held * share * (1 + (1 - s.fee) * (1 - share) / (1 - s.fee * share));
  }
  /// d exit / d share
  static double exit_rate(const Params&, const State& s, Side side, double share) {
    const double held = side == Side::sell ? s.quote : s.base;
    const double kept = 1 - s.fee, rest = 1 - s.fee * share;
    return held * (1 + kept * (1 - share) / rest - share * (kept / rest) * (kept / rest));
  }
  static void apply_exit(const Params&, State& s, Side side, double, double out) {
    (side == Side::sell ? s.quote : s.base) -= out;
  }

  /// Worth of all LP claims at outside prices, which no trade inside the pool can raise but by its
  /// fee: 2*sqrt(base*quote*Pb*Pq) (angeris2020). Prices and result in one unit of account.
  static double fair_value(const State& s, double base_price, double quote_price) {
    return 2 * std::sqrt(s.base * base_price) * std::sqrt(s.quote * quote_price);
  }

  /// Claims minted to the protocol at the next mint or burn when its fee is on: one sixth of the
  /// growth of sqrt(k), S*(sqrt(k) - sqrt(k_last)) / (5*sqrt(k) + sqrt(k_last)) (adams2020, 2.4).
  static double protocol_fee_claims(double supply, const State& last, const State& now) {
    const double was = std::sqrt(last.base) * std::sqrt(last.quote);
    const double is = std::sqrt(now.base) * std::sqrt(now.quote);
    return is > was ? supply * ((is - was) / (5 * is + was)) : 0;
  }
};

static_assert(VenueCurve<ConstantProduct>);

}  // namespace faultline
