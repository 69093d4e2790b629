// A central limit order book: the power-law curve of book_curve.hpp whose makers re-quote.
//   displaced and (centre - reference) both halve every `refill` (obizhaeva2013)
// A displacement of q decays, so the mid's distance, which goes as q^(1/h), decays 1/h times
// faster. Makers may retreat from volatile prices (retreat.hpp); some of the depth may be that of
// named makers, whose stance the engine tells the book (sim/agents/makers.hpp). A band stops trades
// far from the mean price, and may pause them (band.hpp). Makers quote so many tokens of the base,
// or so many of the quote: then a coin that falls is quoted more of, its depth in base going as 1 /
// centre.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "protocols/venues/band.hpp"
#include "protocols/venues/book_curve.hpp"
#include "protocols/venues/retreat.hpp"

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
    std::string quoted_in = "base";
    std::optional<RetreatSpec> retreat;
    std::optional<BandSpec> band;

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
      v("quoted_in", quoted_in,
        Field{.help = "what makers hold their depth in as the centre moves: as many tokens of the "
                      "base, or as much of the quote",
              .source = "our choice",
              .choices = "base quote"});
      v("retreat", retreat,
        Field{.help = "makers pull quotes and widen as volatility rises; left out: they stay"});
      v("band", band,
        Field{.help = "no trade beyond this distance from the mean price; left out: no band"});
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

  struct Params : QuoteBook::Params {
    RetreatParams retreat;
    BandParams band;
    bool in_quote = false;
  };

  struct State : QuoteBook::State {
    Gauge gauge;         // of the mid
    double seen = 1;     // mid when last looked at
    Stance own;          // of makers nobody named
    double unnamed = 1;  // share of the depth that is theirs
    Stance named{0, 1};  // of all depth, what named makers quote; the least they widened
    Band band;
    double stopped = 0;  // 1: halted from outside
    double sized = 1;    // centre that the depth is for
  };

  static State open(const Params& p) {
    State s{QuoteBook::open(p), {}, p.centre, {}, 1, {0, 1}, {p.centre, 0, 0}, 0, p.centre};
    if (p.band.on()) set_band(p, s);
    return s;
  }
  /// Whether a pause is on.
  static bool halted(const Params&, const State& s) { return s.band.paused_s > 0; }
  /// Trading stops, or goes on.
  static void halt(const Params& p, State& s, bool stops) {
    s.stopped = stops ? 1 : 0;
    set_band(p, s);
  }

  /// Params from a Spec at the opening prices; problem says what to write instead.
  static Compiled<OrderBook> compile(const Spec& spec, const Opening& at) {
    const double depth = in_base(spec.depth.amount, at);
    if (!(depth > 0)) return {{}, "write a depth above zero in $, base or quote"};
    if (!(spec.depth.within > 0 && spec.depth.within < 1)) {
      return {{}, "write a depth within a distance between 0% and 100%"};
    }
    Params p;
    std::string problem;
    if (spec.retreat) p.retreat = compile_retreat(*spec.retreat, problem);
    if (!problem.empty()) return {{}, problem};
    if (spec.band) p.band = compile_band(*spec.band);
    p.fee = spec.fee.value;
    p.half_spread = spec.half_spread.value;
    p.refill_s = spec.refill.value;
    p.permanent = spec.permanent.value;
    p.in_quote = spec.quoted_in == "quote";
    p.centre = at.price();
    p.curve = book_curve(depth, spec.depth.within, spec.exponent, spec.reach.value);
    p.base = depth * p.curve.farthest;  // what the quotes of each side need, to the last one
    p.quote = p.centre * depth * p.curve.walk(0, 0, Side::sell, p.curve.farthest).worth;
    return {p, {}};
  }

  /// Some of the depth is that of named makers, `named.stands` of all; the rest stays unnamed.
  static void name_makers(const Params& p, State& s, const Stance& named) {
    s.unnamed = std::max(0.0, 1 - named.stands);
    s.named = named;
    take_stance(p, s);
  }
  /// Named makers now quote that much of all depth, the best of them at so many times the calm
  /// half-spread. Whether any byte changed.
  static bool tell_makers(const Params& p, State& s, const Stance& named) {
    if (s.named.stands == named.stands && s.named.widened == named.widened) return false;
    s.named = named;
    take_stance(p, s);
    return true;
  }

  /// dt seconds pass; the centre follows the reference (quote per base; NaN: it stays where it is).
  static bool relax(const Params& p, State& s, double dt, double reference) {
    if (s.band.paused_s > 0) return wait(p, s, dt, reference);
    bool moved = p.retreat.on() && dt > 0 && retreat(p, s, dt);
    if (p.band.on() && dt > 0 && watch(p.band, s.band, marginal(p, s), dt)) {
      moved = true;
      set_band(p, s);
      if (s.band.paused_s > 0) return true;
    }
    if (s.displaced == 0 && (s.centre == reference || std::isnan(reference))) return moved;
    const State was = s;
    const double kept = decay(p, s, dt);
    if (kept < 1 && !std::isnan(reference)) {
      s.centre = reference + (s.centre - reference) * kept;
      hold_quote(p, s);
    }
    return moved || s.centre != was.centre || s.displaced != was.displaced;
  }

 private:
  /// Trades stop at the band's edges; in a pause or a halt there are none.
  static void set_band(const Params& p, State& s) {
    constexpr double inf = std::numeric_limits<double>::infinity();
    const bool closed = s.band.paused_s > 0 || s.stopped > 0;
    s.low = closed ? inf : p.band.on() ? s.band.low(p.band) : 0;
    s.high = closed || !p.band.on() ? inf : s.band.high(p.band);
  }
  /// A pause goes on; at its end quotes stand around the reference. Whether any byte changed.
  static bool wait(const Params& p, State& s, double dt, double reference) {
    s.band.paused_s = std::max(0.0, s.band.paused_s - dt);
    if (s.band.paused_s == 0) {
      if (!std::isnan(reference)) s.centre = reference;
      s.displaced = s.distance = 0;
      hold_quote(p, s);
      s.band.mean = s.centre;
      set_band(p, s);
    }
    return dt > 0;
  }
  /// Depth follows the centre where makers hold it in quote.
  static void hold_quote(const Params& p, State& s) {
    if (!p.in_quote || s.centre == s.sized) return;
    set_depth(p, s, s.depth * (s.sized / s.centre), s.stands);
    s.sized = s.centre;
  }
  /// Unnamed makers look at where the mid went. Whether any byte changed.
  static bool retreat(const Params& p, State& s, double dt) {
    const double mid = marginal(p, s);
    if (mid == s.seen && s.gauge.at_rest() && s.own.calm()) return false;
    observe(p.retreat, s.gauge, mid == s.seen ? 0 : math::log(mid / s.seen), dt);
    follow(p.retreat, s.own, stance_at(p.retreat, s.gauge.variance), dt);
    s.seen = mid;
    take_stance(p, s);
    return true;
  }
  /// The depth that stands is everyone's; the best quotes are those of who widened least.
  static void take_stance(const Params& p, State& s) {
    set_depth(p, s, s.depth, s.unnamed * s.own.stands + s.named.stands);
    s.widened = s.named.stands > 0 && s.unnamed > 0 ? std::min(s.own.widened, s.named.widened)
                : s.unnamed > 0                     ? s.own.widened
                                                    : s.named.widened;
  }
};

static_assert(VenueCurve<OrderBook>);

}  // namespace faultline
