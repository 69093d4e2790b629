// Concentrated liquidity over real tick ranges, Uniswap v3 (adams2021), in whole tokens:
//   s = sqrt(price of base in quote);  inside an interval with active L
//   sell base:  1/s' = 1/s + g*in/L,  out = L*(s - s');   buy:  s' = s + g*in/L,  out = L*(1/s -
//   1/s') g = 1 - fee;  fees never join L
// Intervals without liquidity cost nothing to cross and are crossed only by a trade with input
// left. A price on a boundary belongs to the upper interval when moving up and to the lower when
// moving down. Past the last range nothing trades: most_in is what gets there.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "protocols/venues/curve.hpp"

namespace faultline {

/// Liquidity L between two prices (quote per base): quote it holds below the price is
/// L*(sqrt(upper) - sqrt(lower)). lower may be 0 and upper infinite.
struct LiquidityRange {
  double price_lower = 0;
  double price_upper = 0;
  double liquidity = 0;
};

struct ConcentratedLiquidity {
  static constexpr std::string_view name = "concentrated_liquidity";

  /// A table of ranges: one row per range, columns in whole-token units.
  struct RangeTable {
    struct Columns {
      std::string price_lower{"price_lower"};
      std::string price_upper{"price_upper"};
      std::string liquidity{"liquidity"};

      template <class V>
      void fields(V& v) {
        v("price_lower", price_lower, Field{.help = "column of a range's lower price"});
        v("price_upper", price_upper, Field{.help = "column of a range's upper price"});
        v("liquidity", liquidity, Field{.help = "column of L, sqrt(base * quote) in whole tokens"});
      }
    };
    std::string file;
    Columns columns;

    template <class V>
    void fields(V& v) {
      v("file", file, Field{.help = "CSV of liquidity ranges", .required = true});
      v("columns", columns, Field{.help = "names of its columns"});
    }
  };

  /// What a user writes: `liquidity: $220m` with a shape, or `ranges: {file: pool.csv}`. The shape
  /// is one range of +-width around the opening price and a share spread over all prices. To falls
  /// of 1, 5, 10, 20 and 50% the defaults, set by hand, give up 2, 11, 22, 46 and 46% of the worth;
  /// the WBTC/ETH 0.3% pool gave 3, 12, 23, 38 and 47% (mean of 7 dates): too deep near 20%.
  struct Spec {
    Pair pair;
    std::optional<Amount> liquidity;
    Ratio width{0.25};
    Ratio full_range{0.1};
    std::optional<RangeTable> ranges;
    std::optional<Amount> price;
    Ratio fee{0.003};

    template <class V>
    void fields(V& v) {
      v("pair", pair,
        Field{.help = "assets traded, BASE/QUOTE", .required = true, .refers = Refers::asset});
      v("liquidity", liquidity,
        Field{.help = "worth of all positions together, at the opening outside price", .lo = 0});
      v("width", width,
        Field{.help = "the range reaches from price / (1 + width) to price * (1 + width)",
              .lo = 0.0001,
              .hi = 1000,
              .source = "with full_range: by hand from WBTC/ETH 0.3% on Ethereum, 7 dates 2021-08 "
                        "to 2023-04"});
      v("full_range", full_range,
        Field{
            .help = "share of the liquidity's worth that stands at every price",
            .lo = 0,
            .hi = 1,
            .source =
                "with width: by hand from WBTC/ETH 0.3% on Ethereum, 7 dates 2021-08 to 2023-04"});
      v("ranges", ranges, Field{.help = "a table of real ranges, instead of liquidity"});
      v("price", price,
        Field{.help = "opening price in the quote asset; left out: the opening "
                      "outside price",
              .lo = 0,
              .scales = Scales::no});
      v("fee", fee,
        Field{.help = "share of each input set aside for LPs",
              .lo = 0,
              .hi = 0.5,
              .source = "adams2021: tiers of 1, 5, 30 and 100 bps"});
    }
  };

  /// n intervals between n + 1 boundaries, ascending; their capacities at full scale.
  struct Params {
    std::vector<double> root;       // sqrt price at each boundary
    std::vector<double> liquidity;  // active L of each interval, 0 in a gap
    std::vector<double> base_cap;   // base that walks the interval down, = base held above it
    std::vector<double> quote_cap;  // quote that walks the interval up, = quote held below it
    double fee = 0.003;
    double opening_root = 0;
    std::int32_t opening_interval = 0;
  };

  /// Token totals cover curve, uncollected fees and rounding left by fills; fees and dust are
  /// base_held - curve_base and quote_held - curve_quote.
  struct State {
    double root = 0;   // sqrt price
    double scale = 1;  // share of the opening liquidity that stands
    double base = 0;
    double quote = 0;
    double fee = 0;             // share of the input
    std::int32_t interval = 0;  // root[interval] <= root <= root[interval + 1]
    std::int32_t unused = 0;    // keeps padding bytes determined
  };

  /// Params from a Spec; `ranges` are the rows of its table, empty without one.
  static Compiled<ConcentratedLiquidity> compile(const Spec& spec, const Opening& at,
                                                 std::span<const LiquidityRange> ranges = {});
  /// Params from ranges in any order, a fee and the opening price, which must lie inside them.
  static Compiled<ConcentratedLiquidity> from_ranges(std::span<const LiquidityRange> ranges,
                                                     double fee, double price);

  static State open(const Params& p);
  static double fee(const Params&, const State& s) { return s.fee; }
  static double marginal(const Params&, const State& s) { return s.root * s.root; }
  static double base_held(const Params&, const State& s) { return s.base; }
  static double quote_held(const Params&, const State& s) { return s.quote; }
  /// Tokens the curve itself stands on, without fees; a sum over all intervals.
  static double curve_base(const Params& p, const State& s);
  static double curve_quote(const Params& p, const State& s);

  static Fill fill(const Params& p, const State& s, Side side, double in);
  static double out_given_in(const Params& p, const State& s, Side side, double in) {
    return fill(p, s, side, in).out;
  }
  static double price_after(const Params& p, const State& s, Side side, double in) {
    return fill(p, s, side, in).price;
  }
  /// Input to the price, or to the near edge of the gap, or the end of all ranges, before it.
  static double in_to_price(const Params& p, const State& s, Side side, double target);
  static double in_to_rate(const Params& p, const State& s, Side side, double rate) {
    return in_to_rate_by_price<ConcentratedLiquidity>(p, s, side, rate);
  }
  static double in_for_average(const Params& p, const State& s, Side side, double limit) {
    return in_for_average_by_bracket<ConcentratedLiquidity>(p, s, side, limit);
  }
  static double most_in(const Params& p, const State& s, Side side);
  /// Whether it takes that much: in <= most_in.
  static bool fits(const Params& p, const State& s, Side side, double in);
  static void apply(const Params& p, State& s, Side side, double given, double taken);
  static bool relax(const Params&, State&, double, double) { return false; }
  /// LPs burn this share of every range, 0 to 1, with its uncollected fees; the price stays.
  static void withdraw(const Params&, State& s, double share);
  static void hold(const Params&, State& s, double base, double quote) {
    s.base = base;
    s.quote = quote;
  }
};

static_assert(VenueCurve<ConcentratedLiquidity>);

}  // namespace faultline
