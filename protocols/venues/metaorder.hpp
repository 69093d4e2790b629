// Orders worked over hours (a desk, an OTC dealer): the square-root law of metaorder impact.
//   peak impact of Q          I(Q) = Y * sigma_day * sqrt(Q / V_day)       (toth2011, donier2015)
//   average price paid        2/3 * I(Q) away
// It is the walk up a latent book whose density grows linearly from the price, N(d) ~ d^2 (the same
// papers), so it is the curve of book_curve.hpp with h = 2: N1 within w where
//   w = Y * sigma_day * sqrt(N1 / V_day)
// What is displaced is volume, which halves every `refill`; price impact decays as its root. Decay
// of volume leaves no round trip that earns, decay of a power-law price would (gatheral2010).
#pragma once

#include <cmath>
#include <string_view>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "protocols/venues/book_curve.hpp"

namespace faultline {

struct Metaorder : QuoteBook {
  static constexpr std::string_view name = "metaorder";

  struct Spec {
    Pair pair;
    Flow volume;
    PerYear volatility{0.6};
    double coefficient = 0.7;
    Ratio reach{0.3};
    Ratio fee{0.0005};
    Seconds refill{21600};

    template <class V>
    void fields(V& v) {
      v("pair", pair,
        Field{.help = "assets traded, BASE/QUOTE", .required = true, .refers = Refers::asset});
      v("volume", volume,
        Field{.help = "what the whole market trades of the pair, as `$20bn/d`",
              .lo = 0,
              .required = true});
      v("volatility", volatility,
        Field{.help = "of the price over a year; a day's variance is a 365th of that of a year",
              .lo = 1e-4,
              .hi = 1000,
              .source = "our choice: ETH in calm years"});
      v("coefficient", coefficient,
        Field{.help = "Y in impact = Y * daily volatility * sqrt(order / daily volume)",
              .lo = 0.01,
              .hi = 100,
              .source = "0.5 to 1 (mechanics-markets 2, donier2015)"});
      v("reach", reach,
        Field{.help = "farthest from the reference anybody trades",
              .lo = 0.02,
              .hi = 0.99,
              .source = "our choice: beyond it nobody has seen the law"});
      v("fee", fee,
        Field{.help = "cost of trading there, share of the input",
              .lo = 0,
              .hi = 0.1,
              .source = "published taker fees of large exchanges, 2 to 10 bps"});
      v("refill", refill,
        Field{.help = "half-life with which the market forgets the volume of an order",
              .lo = 0,
              .source = "our choice: hours, as orders of this kind take"});
    }
  };

  /// Params from a Spec at the opening prices; problem says what to write instead.
  static Compiled<Metaorder> compile(const Spec& spec, const Opening& at) {
    constexpr double day_s = 86400, days_a_year = 365, within = 0.01;
    const double daily = in_base({spec.volume.per_second * day_s, spec.volume.unit}, at);
    if (!(daily > 0)) return {{}, "write a volume above zero in $, base or quote"};
    const double scale = within / (spec.coefficient * spec.volatility.value);
    Params p;
    p.fee = spec.fee.value;
    p.refill_s = spec.refill.value;
    p.centre = at.price();
    p.curve = book_curve(daily * days_a_year * scale * scale, within, 2, spec.reach.value);
    p.base = p.curve.depth * p.curve.farthest;
    p.quote = p.centre * p.curve.depth * p.curve.walk(0, 0, Side::sell, p.curve.farthest).worth;
    return {p, {}};
  }

  /// dt seconds pass; the price impact is counted from is the reference at once (NaN: it stays).
  static bool relax(const Params& p, State& s, double dt, double reference) {
    return follow_reference(p, s, dt, reference);
  }
};

static_assert(VenueCurve<Metaorder>);

}  // namespace faultline
