// StableSwap pool of n coins (egorov2019; Curve v1 and NG, Balancer stable). Balances x count in
// pool units: tokens times their rate (wstETH in stETH), multiplied in before, divided out after.
//   Ann*S + D = Ann*D + K,  K = D^(n+1) / (n^n * prod x),  S = sum x;  Ann = A*n in the CODE's A,
//   which is the paper's A times n^(n-1)
//   price of i in j = (Ann + K/x_i) / (Ann + K/x_j), times the rates
//   a trade keeps D; with k = K/Ann it is a quadratic in what is taken, dy, for dx given:
//   dy^2 - (dx + y + k)*dy + dx*y*(1 + k/(x + dx)) = 0, the smaller root
//   fee on the output (Curve) or the input (Balancer). NG: f*m / ((m - 1)*4*x*y/(x + y)^2 + 1), x
//   and y the means before and after the trade (curve2023ng)
// Fees join the pool but for the administrator's share, so D grows by trading. A trade is of one
// pair; the other coins stand still.
#pragma once

#include <array>
#include <cstdint>
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

/// D of balances in pool units, all > 0, by Newton from `start` (> 0), to the last bits; NaN if 255
/// steps, the contract's number, do not settle it.
double stable_invariant(std::span<const double> x, double ann, double start);

struct StableSwap {
  static constexpr std::string_view name = "stableswap";
  static constexpr std::size_t most_others = 6;

  /// What a user writes: `liquidity: $85m`, which opens at the outside price, or both reserves,
  /// which then set it.
  struct Spec {
    Pair pair;
    std::optional<Amount> liquidity;
    std::optional<Amount> base;
    std::optional<Amount> quote;
    std::map<std::string, Amount> others;
    double amplification = 200;
    std::optional<double> ramp_to;
    Seconds ramp_over{7 * 86400.0};
    Ratio fee{0.0004};
    std::string fee_on = "output";
    double offpeg = 1;
    Ratio admin_fee{0.5};
    std::string rates = "contract";

    template <class V>
    void fields(V& v) {
      v("pair", pair,
        Field{.help = "assets traded, BASE/QUOTE", .required = true, .refers = Refers::asset});
      v("liquidity", liquidity,
        Field{.help = "worth of the pair's reserves together; they stand so that the pool opens at "
                      "the outside price",
              .lo = 0});
      v("base", base, Field{.help = "reserve of the base asset, instead of liquidity", .lo = 0});
      v("quote", quote, Field{.help = "reserve of the quote asset, instead of liquidity", .lo = 0});
      v("others", others,
        Field{.help = "reserves of the pool's further coins, at most six; no trade of this pair "
                      "moves them",
              .lo = 0,
              .refers = Refers::asset});
      v("amplification", amplification,
        Field{.help = "A of the contract, which is the paper's times n^(n-1)",
              .lo = 1,
              .hi = 1e6,
              .source = "Curve's pools use 30 to 2000; 200 its template for coins of one peg"});
      v("ramp_to", ramp_to,
        Field{.help = "A moves there on a straight line from the start of a run",
              .lo = 1,
              .hi = 1e6});
      v("ramp_over", ramp_over,
        Field{.help = "how long that takes",
              .lo = 0,
              .source = "our choice; Curve's contracts refuse less than a day"});
      v("fee", fee,
        Field{.help = "share of each trade kept by the pool",
              .lo = 0,
              .hi = 0.5,
              .source = "egorov2019: 4 bps in Curve's first pools"});
      v("fee_on", fee_on,
        Field{.help = "what the fee is taken from: output as Curve does, input as Balancer does",
              .choices = "output input"});
      v("offpeg", offpeg,
        Field{
            .help = "NG pools: the fee is this many times higher far from balance; 1: it is fixed",
            .lo = 1,
            .hi = 100,
            .source = "curve2023ng: 1 switches it off; 2 to 20 in use"});
      v("admin_fee", admin_fee,
        Field{.help = "share of the fee set aside for the pool's administrator",
              .lo = 0,
              .hi = 1,
              .source = "half in Curve's contracts"});
      v("rates", rates,
        Field{.help =
                  "contract: a coin counts as what it pays by contract (wstETH as stETH); none: "
                  "as itself",
              .choices = "contract none"});
    }
  };

  /// A further coin, in pool units, > 0.
  using Others = std::array<double, most_others>;

  struct Params {
    double base = 0, quote = 0;            // opening reserves in tokens, > 0
    double base_rate = 1, quote_rate = 1;  // pool units per token at the opening, > 0
    double a = 200, ramp_to = 200;         // A at the opening and after ramp_s seconds
    double ramp_s = 0;
    double fee = 0.0004, offpeg = 1, admin_fee = 0;
    bool fee_on_input = false;
    bool follows_rates = false;  // some coin's contract rate may move
    std::uint32_t other_count = 0;
    Others others{};
  };

  struct State {
    double base = 0, quote = 0;              // tokens held
    double aside_base = 0, aside_quote = 0;  // of these the administrator's
    double base_rate = 1, quote_rate = 1;
    double ann = 0;
    double k = 0;     // K / Ann, of the balances above
    double left = 1;  // share of the other coins that LPs have not taken out
    double fee = 0;
    double ramped_s = 0;
    double d = 0;       // invariant, pool units
    double shares = 0;  // LP shares there are, where they are an asset
  };

  /// Params from a Spec; `others` are the further coins, in order of name. problem says what to
  /// write instead.
  static Compiled<StableSwap> compile(const Spec& spec, const Opening& at,
                                      std::span<const OtherCoin> others);

  static State open(const Params& p);
  static bool moves_with_time(const Params& p) { return p.follows_rates || p.ramp_s > 0; }
  /// The fee of the smallest trade.
  static double fee(const Params& p, const State& s);
  static double marginal(const Params& p, const State& s);
  static double base_held(const Params&, const State& s) { return s.base; }
  static double quote_held(const Params&, const State& s) { return s.quote; }
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
    return in_for_average_by_bracket<StableSwap>(p, s, side, limit);
  }
  /// The curve never ends.
  static double most_in(const Params&, const State&, Side) {
    return std::numeric_limits<double>::infinity();
  }
  static void apply(const Params& p, State& s, Side side, double given, double taken);
  /// A ramps on.
  static bool relax(const Params& p, State& s, double dt, double reference);
  /// The coins' contract rates are now these; whether any byte changed.
  static bool re_rate(const Params& p, State& s, double base_rate, double quote_rate);
  /// LPs take this share, 0 to 1, of all coins; a trillionth stays, as an empty pool has no price.
  static void withdraw(const Params& p, State& s, double share);
  static void hold(const Params& p, State& s, double base, double quote);

  /// What burning `share` of all claims brings in one coin: base with Side::buy, which takes base.
  /// The fee falls on what leaves out of proportion: f*n / (4*(n - 1)) of each coin's share of it
  /// in Curve's pools, f of the coin's own in Balancer's.
  static double exit(const Params& p, const State& s, Side side, double share);
  static void apply_exit(const Params& p, State& s, Side side, double share, double out);
};

static_assert(VenueCurve<StableSwap>);

}  // namespace faultline
