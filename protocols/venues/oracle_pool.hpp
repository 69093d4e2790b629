// Oracle-priced pool (swaps of GMX v2, gmx_v2_code): trades happen at an outside price, moved by
// how they change the balance of the pool. In quote units, d = base*price - quote the imbalance and
// v what is given:
//   out = (1 - fee)*v + impact, at the price;  d becomes d +- 2*v
//   impact(d0, d1) as in price_impact.hpp
// What an impact costs a trader joins an impact pool of the coin given; an impact in favour is paid
// from that of the coin taken, as far as it reaches. Nobody moves the price but the oracle.
#pragma once

#include <optional>
#include <string_view>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "protocols/venues/curve.hpp"
#include "protocols/venues/price_impact.hpp"

namespace faultline {

struct OraclePool {
  static constexpr std::string_view name = "oracle_pool";
  static constexpr bool priced_by_oracle = true;  // its price says nothing new of its assets

  struct Spec {
    Pair pair;
    std::optional<Amount> liquidity, base, quote;
    std::optional<Amount> impact_base, impact_quote;
    Ratio fee{0.0007};
    Amount impact_at{1e6, "$"};
    Ratio better{0.00003}, worse{0.00009};
    double exponent = 2;
    Ratio reserved{0};
    std::optional<Amount> cap_base, cap_quote;
    std::optional<Name> oracle;

    template <class V>
    void fields(V& v) {
      v("pair", pair,
        Field{.help = "assets traded, BASE/QUOTE", .required = true, .refers = Refers::asset});
      v("liquidity", liquidity,
        Field{.help = "worth of both reserves together, half each, at the opening outside price",
              .lo = 0});
      v("base", base, Field{.help = "reserve of the base asset, instead of liquidity", .lo = 0});
      v("quote", quote, Field{.help = "reserve of the quote asset, instead of liquidity", .lo = 0});
      v("impact_base", impact_base, Field{.help = "impact pool of the base asset", .lo = 0});
      v("impact_quote", impact_quote, Field{.help = "impact pool of the quote asset", .lo = 0});
      v("fee", fee,
        Field{.help = "share of each input kept by the pool",
              .lo = 0,
              .hi = 0.5,
              .source =
                  "gmx_v2_code: 5 bps for a swap that improves balance, 7 for one that does not"});
      v("impact_at", impact_at,
        Field{.help = "imbalance at which `better` and `worse` are stated", .lo = 1e-9});
      v("better", better,
        Field{.help = "share of that imbalance a trade earns that ends it",
              .lo = 0,
              .hi = 1,
              .source = "gmx_v2_code: 3e-11 per dollar squared for ETH and BTC"});
      v("worse", worse,
        Field{.help = "share of that imbalance a trade pays that makes it",
              .lo = 0,
              .hi = 1,
              .source = "gmx_v2_code: 9e-11 per dollar squared for ETH and BTC"});
      v("exponent", exponent,
        Field{.help = "how impact grows with imbalance",
              .lo = 1.05,
              .hi = 4,
              .source = "gmx_v2_code: 2"});
      v("reserved", reserved,
        Field{.help = "share of each reserve that positions claim and no swap may take",
              .lo = 0,
              .hi = 1});
      v("cap_base", cap_base, Field{.help = "most the pool takes of the base asset", .lo = 0});
      v("cap_quote", cap_quote, Field{.help = "most the pool takes of the quote asset", .lo = 0});
      v("oracle", oracle,
        Field{.help = "feed of the base asset it trades at, as published in the round before; left "
                      "out: the outside price",
              .refers = Refers::oracle});
    }
  };

  struct Params {
    double base = 0, quote = 0;  // reserves at the opening, tokens, > 0
    double impact_base = 0, impact_quote = 0;
    double fee = 0.0007;
    ImpactTerms impact{.positive = 3e-5, .negative = 9e-5, .at = 1e6, .least = 0};  // quote units
    double reserved = 0;
    double cap_base = 0, cap_quote = 0;  // infinite: none
    double price = 1;                    // the oracle's at the opening
  };

  struct State {
    double base = 0, quote = 0;                // tokens held, impact pools included
    double impact_base = 0, impact_quote = 0;  // tokens of the impact pools
    double oracle = 1;
    double fee = 0;
  };

  /// Params from a Spec; problem says what to write instead.
  static Compiled<OraclePool> compile(const Spec& spec, const Opening& at);

  static State open(const Params& p);
  static bool moves_with_time(const Params&) { return true; }
  static double fee(const Params&, const State& s) { return s.fee; }
  /// The oracle's price, less or more what a small trade that worsens the balance pays.
  static double marginal(const Params& p, const State& s);
  static double base_held(const Params&, const State& s) { return s.base; }
  static double quote_held(const Params&, const State& s) { return s.quote; }
  /// The rate of an input of 0 is that of the first unit.
  static Fill fill(const Params& p, const State& s, Side side, double in);
  static double out_given_in(const Params& p, const State& s, Side side, double in) {
    return fill(p, s, side, in).out;
  }
  static double price_after(const Params& p, const State& s, Side side, double in) {
    return fill(p, s, side, in).price;
  }
  static double in_to_price(const Params& p, const State& s, Side side, double target);
  static double in_to_rate(const Params& p, const State& s, Side side, double rate);
  static double in_for_average(const Params& p, const State& s, Side side, double limit) {
    return in_for_average_by_bracket<OraclePool>(p, s, side, limit);
  }
  /// To the cap of the coin given, to what is free of the coin taken, and to where one unit more
  /// would bring nothing, whichever comes first.
  static double most_in(const Params& p, const State& s, Side side);
  static void apply(const Params& p, State& s, Side side, double given, double taken);
  /// Trades at `observed` from now on (quote per base; NaN: as before).
  static bool relax(const Params& p, State& s, double dt, double observed);
  static void withdraw(const Params&, State& s, double share);
  static void hold(const Params&, State& s, double base, double quote) {
    s.base = base;
    s.quote = quote;
  }
};

static_assert(VenueCurve<OraclePool>);

}  // namespace faultline
