// CryptoSwap pool of 2 or 3 coins without a peg (egorov2021; Curve two- and tricrypto-NG). Balances
// count at the pool's own price scale, x = tokens * scale; the quote is the coin that scales are
// in.
//   S - D = D * (1 - K)*(gamma + 1 - K)^2 / (a * K * gamma^2),  K = prod(n*x/D),  a = stored A /
//   10^4 price of i in j = (1 + w/x_i) / (1 + w/x_j) * scale_i / scale_j,  w = -K * d(S - D)/dK fee
//   on the output = mid*h + out*(1 - h),  h = fee_gamma / (fee_gamma + 1 - prod(n*x/S)), at the
//   balances after the trade
// Liquidity stands around the scale. After each trade it may move one step toward the pool's own
// price average, but only out of profit: 2*vp - 1 > profit + 2*extra_profit before, with
// vp = D / (n * prod(scale)^(1/n)) per claim, and 2*vp - 1 > profit after it.
#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "protocols/venues/curve.hpp"

namespace faultline {

struct CryptoPool {
  static constexpr std::string_view name = "crypto_pool";

  struct Spec {
    Pair pair;
    std::optional<Amount> liquidity, base, quote;
    std::map<std::string, Amount> others;
    std::optional<Amount> price_scale;
    double amplification = 400000;
    double gamma = 7.25e-5;
    Ratio fee{0.0026}, out_fee{0.0045};
    double fee_gamma = 2.3e-4;
    double extra_profit = 2e-6;
    double step = 1.46e-4;
    Seconds oracle_half_life{600};
    double virtual_price = 1;
    double profit = 1;

    template <class V>
    void fields(V& v) {
      v("pair", pair,
        Field{.help = "assets traded, BASE/QUOTE", .required = true, .refers = Refers::asset});
      v("liquidity", liquidity,
        Field{.help = "worth of the pair's reserves together, half each, at the opening outside "
                      "price",
              .lo = 0});
      v("base", base, Field{.help = "reserve of the base asset, instead of liquidity", .lo = 0});
      v("quote", quote, Field{.help = "reserve of the quote asset, instead of liquidity", .lo = 0});
      v("others", others,
        Field{.help = "reserve of a third coin; no trade of this pair moves it",
              .lo = 0,
              .refers = Refers::asset});
      v("price_scale", price_scale,
        Field{.help = "price of the base in the quote around which liquidity stands; left out: the "
                      "opening outside price",
              .lo = 0,
              .scales = Scales::no});
      v("amplification", amplification,
        Field{.help = "A as the contract stores it, 10^4 * n^n times the paper's",
              .lo = 1000,
              .hi = 1e10,
              .source = "Curve's STG/USDC pool; crvUSD/ETH/CRV has 2700000"});
      v("gamma", gamma,
        Field{.help = "width of the region of high depth",
              .lo = 1e-8,
              .hi = 0.05,
              .source = "Curve's STG/USDC pool"});
      v("fee", fee,
        Field{.help = "share of the output kept at balance",
              .lo = 0,
              .hi = 0.5,
              .source = "Curve's STG/USDC pool, 26 bps"});
      v("out_fee", out_fee,
        Field{.help = "share kept far from balance",
              .lo = 0,
              .hi = 0.5,
              .source = "Curve's STG/USDC pool, 45 bps"});
      v("fee_gamma", fee_gamma,
        Field{.help = "how soon the fee rises off balance",
              .lo = 1e-10,
              .hi = 1,
              .source = "parameters voted for crypto pools, 2.3e-4"});
      v("extra_profit", extra_profit,
        Field{.help = "profit kept back before the scale may move",
              .lo = 0,
              .hi = 0.01,
              .source = "parameters voted for crypto pools, 2e-6"});
      v("step", step,
        Field{.help = "least relative step of the scale",
              .lo = 1e-10,
              .hi = 1,
              .source = "parameters voted for crypto pools, 1.46e-4; 1e-7 to 1.5e-4 in use"});
      v("oracle_half_life", oracle_half_life,
        Field{.help = "half-life of the pool's own price average",
              .lo = 1,
              .hi = 604800,
              .source = "600 s in Curve's pools"});
      v("virtual_price", virtual_price,
        Field{
            .help = "worth of a claim at the opening, 1 when the pool began", .lo = 0.5, .hi = 10});
      v("profit", profit,
        Field{.help = "the contract's xcp_profit at the opening", .lo = 0.5, .hi = 10});
    }
  };

  /// Coins in the order base, quote, third; a scale is the coin's price in the quote.
  static constexpr std::size_t most_coins = 3;
  using Coins = std::array<double, most_coins>;

  struct Params {
    std::size_t coins = 2;
    Coins tokens{}, scale{1, 1, 1};  // at the opening, > 0
    double a = 40, gamma = 7.25e-5;
    double fee = 0.0026, out_fee = 0.0045, fee_gamma = 2.3e-4;
    double extra_profit = 2e-6, step = 1.46e-4, half_life_s = 600;
    double virtual_price = 1, profit = 1;
  };

  struct State {
    Coins tokens{}, scale{1, 1, 1};
    Coins average{1, 1, 1}, last{1, 1, 1};  // prices in the quote: the pool's average, and now
    double d = 0;
    double fee = 0;     // at balance
    double claims = 0;  // of LPs, in units that began at a virtual price of 1
    double virtual_price = 1, profit = 1;
    double shares = 0;  // LP shares there are, where they are an asset: `claims` in its units
  };

  /// Params from a Spec; problem says what to write instead.
  static Compiled<CryptoPool> compile(const Spec& spec, const Opening& at,
                                      std::span<const OtherCoin> others);

  static State open(const Params& p);
  static bool moves_with_time(const Params&) { return true; }
  /// The fee of the smallest trade.
  static double fee(const Params& p, const State& s);
  static double marginal(const Params& p, const State& s);
  static double base_held(const Params&, const State& s) { return s.tokens[0]; }
  static double quote_held(const Params&, const State& s) { return s.tokens[1]; }
  static Fill fill(const Params& p, const State& s, Side side, double in);
  static double out_given_in(const Params& p, const State& s, Side side, double in);
  /// The input that brings `out`, net of fee; infinite where no input does.
  static double in_given_out(const Params& p, const State& s, Side side, double out);
  static double price_after(const Params& p, const State& s, Side side, double in) {
    return fill(p, s, side, in).price;
  }
  static double in_to_price(const Params& p, const State& s, Side side, double target);
  static double in_to_rate(const Params& p, const State& s, Side side, double rate);
  static double in_for_average(const Params& p, const State& s, Side side, double limit) {
    return in_for_average_by_bracket<CryptoPool>(p, s, side, limit);
  }
  /// The curve never ends.
  static double most_in(const Params&, const State&, Side) {
    return std::numeric_limits<double>::infinity();
  }
  static void apply(const Params& p, State& s, Side side, double given, double taken);
  /// The average follows the price; nothing trades at it, so no price moves: false.
  static bool relax(const Params& p, State& s, double dt, double reference);
  /// LPs take this share, 0 to 1, of all coins; a trillionth stays, as an empty pool has no price.
  static void withdraw(const Params&, State& s, double share);
  static void hold(const Params& p, State& s, double base, double quote);
  /// Without fees beyond that of the state, and with the scale where it stands.
  static void without_friction(Params& p) {
    p.out_fee = 0;
    p.extra_profit = 1e9;
  }

  /// What burning `share` of all claims brings in one coin, net of half the fee: base with
  /// Side::buy, which takes base.
  static double exit(const Params& p, const State& s, Side side, double share);
  static void apply_exit(const Params& p, State& s, Side side, double share, double out);
  /// Share of all claims at which exits are told apart, as their root is found to 2^-40.
  static constexpr double exit_step = 0x1p-12;
};

static_assert(VenueCurve<CryptoPool>);

}  // namespace faultline
