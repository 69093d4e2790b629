// The outside market: everything not modelled, as one counterparty with stated depth, refill and
// capital (charter section 1). The curve of book_curve.hpp, its centre pinned to the reference.
#pragma once

#include <cmath>
#include <optional>
#include <string_view>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "protocols/venues/book_curve.hpp"

namespace faultline {

struct Outside : QuoteBook {
  static constexpr std::string_view name = "outside";

  struct Spec {
    Pair pair;
    Depth depth;
    double exponent = 0.4;
    Ratio reach{0.9};
    Ratio fee{0.0005};
    Seconds refill{120};
    std::optional<Amount> capital;

    template <class V>
    void fields(V& v) {
      v("pair", pair,
        Field{.help = "assets traded, BASE/QUOTE", .required = true, .refers = Refers::asset});
      v("depth", depth,
        Field{.help = "standing on each side, as `$20m within 1%`", .lo = 0, .required = true});
      v("exponent", exponent,
        Field{.help = "h in depth(d) = depth * (d / within)^h; below 1 the market thins outwards",
              .lo = 0.1,
              .hi = 4,
              .source = "BTC books of Oct and Nov 2025 imply 0.37 to 0.49 (mechanics-markets 2)"});
      v("reach", reach,
        Field{.help = "farthest quote from the reference; beyond it nobody stands",
              .lo = 0.02,
              .hi = 0.99,
              .source = "our choice: a fall by nine tenths"});
      v("fee", fee,
        Field{.help = "cost of trading there, half-spread included, share of the input",
              .lo = 0,
              .hi = 0.1,
              .source = "published taker fees of large exchanges, 2 to 10 bps"});
      v("refill", refill,
        Field{.help = "half-life with which new money restores the price",
              .lo = 0,
              .source = "seconds to minutes in calm markets (obizhaeva2013)"});
      v("capital", capital,
        Field{.help = "most it can pay out net, on each side; left out: no "
                      "limit",
              .lo = 0});
    }
  };

  /// Params from a Spec at the opening prices; problem says what to write instead.
  static Compiled<Outside> compile(const Spec& spec, const Opening& at) {
    const double depth = in_base(spec.depth.amount, at);
    if (!(depth > 0)) return {{}, "write a depth above zero in $, base or quote"};
    if (!(spec.depth.within > 0 && spec.depth.within < 1)) {
      return {{}, "write a depth within a distance between 0% and 100%"};
    }
    Params p;
    p.fee = spec.fee.value;
    p.refill_s = spec.refill.value;
    p.centre = at.price();
    p.curve = book_curve(depth, spec.depth.within, spec.exponent, spec.reach.value);
    if (spec.capital) {
      p.bounded = true;
      p.base = in_base(*spec.capital, at);
      p.quote = in_quote(*spec.capital, at);
      if (!(p.base >= 0)) return {p, "write capital in $, base or quote"};
    }
    return {p, {}};
  }

  /// dt seconds pass; the centre is the reference at once (quote per base; NaN: it stays).
  static bool relax(const Params& p, State& s, double dt, double reference) {
    return follow_reference(p, s, dt, reference);
  }
};

static_assert(VenueCurve<Outside>);

}  // namespace faultline
