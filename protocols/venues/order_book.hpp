// A central limit order book: the power-law curve of book_curve.hpp whose makers re-quote.
//   displaced and (centre - reference) both halve every `refill` (obizhaeva2013)
// A displacement of q decays, so the mid's distance, which goes as q^(1/h), decays 1/h times
// faster.
#pragma once

#include <cmath>
#include <limits>
#include <optional>
#include <string_view>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "protocols/venues/book_curve.hpp"

namespace faultline {

struct OrderBook : QuoteBook {
  static constexpr std::string_view name = "order_book";

  /// What makers quote, whatever the pair: also what a perpetual contract says of its book.
  struct Quotes {
    Depth depth;
    double exponent = 0.4;
    Ratio reach{0.9};
    Ratio fee{0.0005};
    Ratio half_spread{0.00005};
    Seconds refill{20};
    Ratio permanent{0};

    template <class V>
    void fields(V& v) {
      v("depth", depth,
        Field{.help = "standing on each side, as `$20m within 1%`", .lo = 0, .required = true});
      v("exponent", exponent,
        Field{.help = "h in depth(d) = depth * (d / within)^h; below 1 the book thins outwards",
              .lo = 0.1,
              .hi = 4,
              .source = "BTC books of Oct and Nov 2025 imply 0.37 to 0.49 (mechanics-markets 2)"});
      v("reach", reach,
        Field{.help = "farthest quote from the centre; beyond it nobody stands",
              .lo = 0.02,
              .hi = 0.99,
              .source = "our choice: a fall by nine tenths"});
      v("fee", fee,
        Field{.help = "taker fee, share of the input",
              .lo = 0,
              .hi = 0.1,
              .source = "published taker fees of large exchanges, 2 to 10 bps"});
      v("half_spread", half_spread,
        Field{.help = "from mid to the best quote, share of the price",
              .lo = 0,
              .hi = 0.5,
              .source = "single basis points in calm markets (mechanics-markets 2)"});
      v("refill", refill,
        Field{.help = "half-life with which makers quote anew around the "
                      "reference; 0 leaves no trace after any time",
              .lo = 0,
              .source = "seconds in calm markets (obizhaeva2013)"});
      v("permanent", permanent,
        Field{.help = "share of the price displacement, at the stated depth, that moves the "
                      "asset's reference",
              .lo = 0,
              .hi = 1,
              .source = "our choice: none"});
    }
  };

  struct Spec : Quotes {
    Pair pair;

    template <class V>
    void fields(V& v) {
      v("pair", pair,
        Field{.help = "assets traded, BASE/QUOTE", .required = true, .refers = Refers::asset});
      Quotes::fields(v);
    }
  };

  /// Params from a Spec at the opening prices; problem says what to write instead.
  static Compiled<OrderBook> compile(const Spec& spec, const Opening& at) {
    const double depth = in_base(spec.depth.amount, at);
    if (!(depth > 0)) return {{}, "write a depth above zero in $, base or quote"};
    if (!(spec.depth.within > 0 && spec.depth.within < 1)) {
      return {{}, "write a depth within a distance between 0% and 100%"};
    }
    Params p;
    p.fee = spec.fee.value;
    p.half_spread = spec.half_spread.value;
    p.refill_s = spec.refill.value;
    p.permanent = spec.permanent.value;
    p.centre = at.price();
    p.curve = book_curve(depth, spec.depth.within, spec.exponent, spec.reach.value);
    p.base = depth * p.curve.farthest;  // what the quotes of each side need, to the last one
    p.quote = p.centre * depth * p.curve.walk(0, 0, Side::sell, p.curve.farthest).worth;
    return {p, {}};
  }

  static double in_to_rate(const Params& p, const State& s, Side side, double rate) {
    return in_to_rate_by_price<OrderBook>(p, s, side, rate);
  }
  static double in_for_average(const Params& p, const State& s, Side side, double limit) {
    return in_for_average_by_bracket<OrderBook>(p, s, side, limit);
  }

  /// dt seconds pass; the centre follows the reference (quote per base; NaN: it stays where it is).
  static bool relax(const Params& p, State& s, double dt, double reference) {
    if (s.displaced == 0 && (s.centre == reference || std::isnan(reference))) return false;
    const State was = s;
    const double kept = decay(p, s, dt);
    if (kept < 1 && !std::isnan(reference)) {
      s.centre = reference + (s.centre - reference) * kept;
    }
    return s.centre != was.centre || s.displaced != was.displaced;
  }
};

static_assert(VenueCurve<OrderBook>);

}  // namespace faultline
