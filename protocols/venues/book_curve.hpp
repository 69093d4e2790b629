// The curve an order book and the outside market share: power-law depth around a centre c.
//   N(d) = N1 * (d / within)^h base units stand within a relative distance d of c, on each side
//   q = base sold since the centre / N1, signed;  d(q) = within * |q|^(1/h)
//   mid = c * (1 - d) for q >= 0,  c * (1 + d) for q < 0
//   quote paid out from q to q': c * N1 * [(q' - q) - (F(q') - F(q))],  F(q) = h/(1+h) * |q| * d(q)
// Depth: mechanics-markets section 2; shape as in alfonsi2010. One signed displacement means a buy
// after a sale walks back the same curve, so no immediate round trip earns. Nor does a slow one
// while the centre stands still: with displacement decaying at any rate r, a round trip costs
// integral of r*q*(c - mid) dt >= 0, whatever h (alfonsi2010, volume impact reversion;
// gatheral2010's counterexamples decay the price instead). A centre that follows trades
// (`permanent`) weakens this to first order; there the fee and the half-spread guard.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "protocols/venues/curve.hpp"

namespace faultline {

/// The curve in numbers without dimension but `depth`.
struct BookCurve {
  double depth = 0;        // N1: base units within `within` of the centre, one side, > 0
  double within = 0.01;    // relative distance, (0, 1)
  double exponent = 0.4;   // h, > 0
  double inverse = 2.5;    // 1/h
  unsigned quarters = 10;  // 4/h where that is a whole number up to 64, else 0
  double farthest = 0;     // |q| at the last quote: (reach / within)^h
  double still = 0;        // |q| below which d(q) < 2^-54: the mid is the centre to the last bit

  /// d(q) >= 0, relative distance from the centre.
  double distance(double q) const;
  /// d(q) where `d` is that of `near`, of the same sign as q: by a series where q is close.
  double distance_from(double near, double d, double q) const;
  /// mid / centre at q, whose distance is `d`.
  static double factor(double q, double d) { return q < 0 ? 1 + d : 1 - d; }
  /// Signed q at which mid / centre is `ratio`, held within the last quotes.
  double at(double ratio) const;
  /// The least step >= 0 from q, whose distance is `d`, (up for a sale, down for a buy) over which
  /// quote amounting to `worth` (in units of centre * depth) changes hands, but no more than
  /// `room`. And the distance at its end.
  struct Step {
    double step = 0;
    double distance = 0;
  };
  Step step_for(double q, double d, Side side, double worth, double room) const;
  /// What a step >= 0 from q, whose distance is `d`, comes to: quote changing hands, in units of
  /// centre * depth, and mid / centre at its end.
  struct Walk {
    double worth = 0;
    double factor = 1;
    double distance = 0;  // at its end
  };
  Walk walk(double q, double d, Side side, double step) const;
};

/// A curve from its numbers: depth in base units, reach in (0, 1).
BookCurve book_curve(double depth, double within, double exponent, double reach);

/// Params, State and operations of all kinds of book. Fee and half-spread are one share of the
/// input.
struct QuoteBook {
  struct Params {
    BookCurve curve;
    double fee = 0;          // taker fee, share of the input
    double half_spread = 0;  // from mid to the best quote, share of the price
    double refill_s = 0;     // half-life of the displacement, seconds; inf: never
    double permanent = 0;    // share of the move that stays, [0, 1]
    double centre = 1;       // opening centre, quote per base
    double base = 0;         // opening purse of the makers, tokens
    double quote = 0;
    bool bounded = false;  // whether the purse limits what they can deliver
  };

  struct State {
    double centre = 1;
    double displaced = 0;    // q
    double distance = 0;     // d(q): kept, since every question asks for it
    double depth = 1;        // share of the opening depth that stands
    double fee = 0;          // taker fee, share of the input
    double half_spread = 0;  // from mid to the best quote, share of the price
    double refill_s = 0;     // half-life of the displacement, seconds; inf: never
    double permanent = 0;    // share of the move that stays, [0, 1]
    double base = 0;     // makers' purse: opening amounts and every fill since; may fall below zero
    double quote = 0;    // where not bounded
    double stands = 1;   // share of the depth left that makers quote now
    double widened = 1;  // times the half-spread
    double low = 0;      // trades stop where the mid would pass these; and none happen while
    double high = std::numeric_limits<double>::infinity();  // it is beyond
    // The last decay asked for, and what it kept: rounds are alike.
    double decayed_s = 0, decayed_refill_s = 0, decay_kept = 1;
  };

  static State open(const Params& p) {
    return {p.centre, 0, 0, 1, p.fee, p.half_spread, p.refill_s, p.permanent, p.base, p.quote};
  }
  static double fee(const Params&, const State& s) {
    return s.fee + std::min(widest, s.half_spread * s.widened);
  }
  static double marginal(const Params&, const State& s) {
    return s.centre * BookCurve::factor(s.displaced, s.distance);
  }
  /// The purse: quotes are backed by it, refill moves nothing in or out of it.
  static double base_held(const Params&, const State& s) { return s.base; }
  static double quote_held(const Params&, const State& s) { return s.quote; }

  /// Where a trade leads on the curve, as `fill` found it, so that `apply` need not look again.
  struct End {
    double step = -1;     // below 0: not known
    double distance = 0;  // at its end, of a sale
  };
  static Fill fill(const Params& p, const State& s, Side side, double in, End& end);
  static Fill fill(const Params& p, const State& s, Side side, double in) {
    End end;
    return fill(p, s, side, in, end);
  }
  static double out_given_in(const Params& p, const State& s, Side side, double in) {
    return fill(p, s, side, in).out;
  }
  static double price_after(const Params& p, const State& s, Side side, double in);
  static double in_to_price(const Params& p, const State& s, Side side, double target);
  static double in_to_rate(const Params& p, const State& s, Side side, double rate) {
    return in_to_rate_by_price<QuoteBook>(p, s, side, rate);
  }
  static double in_for_average(const Params& p, const State& s, Side side, double limit) {
    return in_for_average_by_bracket<QuoteBook>(p, s, side, limit);
  }
  static double most_in(const Params& p, const State& s, Side side);
  /// Whether it takes that much: in <= most_in.
  static bool fits(const Params& p, const State& s, Side side, double in);
  static void apply(const Params& p, State& s, Side side, double given, double taken) {
    apply(p, s, side, given, taken, End{});
  }
  /// The same for what `fill` of the same input found in the same state.
  static void apply(const Params& p, State& s, Side side, double given, double taken,
                    const End& end);

  /// Whether anybody trades on this side now.
  static bool takes(const Params& p, const State& s, Side side) {
    return !banded(s) || steps_room(p, s, side) > 0;
  }

  /// Makers pull this share of their quotes, 0 to 1; price and purse stay, impact grows. Below 0
  /// they come back.
  static void withdraw(const Params& p, State& s, double share) {
    set_depth(p, s, s.depth * (1 - share), s.stands);
  }
  static void hold(const Params&, State& s, double base, double quote) {
    s.base = base;
    s.quote = quote;
  }

  /// Relative change of the asset's reference price that a trade leaves for good:
  ///   exp(-permanent * within * (q_after - q_before)) - 1
  /// linear in volume, the only permanent impact without manipulation (huberman2004), and
  /// `permanent` of the displacement for a trade of the stated depth. `after` is `before` with
  /// trades applied and nothing else.
  static double permanent_move(const Params& p, const State& before, const State& after);
  /// The displacement after dt seconds: halves every refill_s, and is zero once no bit of the mid
  /// shows it. Gives the share kept, 1 where nothing decays.
  static double decay(const Params& p, State& s, double dt);
  /// Decay around a centre that is the reference at once (NaN: it stays). Whether any byte changed.
  static bool follow_reference(const Params& p, State& s, double dt, double reference);

 protected:
  /// Depth leaves under the mid as it is; depth that comes back is quoted around the centre, so
  /// that the base displaced stays. With E = centre * N * integral of d(q) dq, a trade changes E by
  /// exactly what it costs against the centre, and neither change, nor decay, raises E: no round
  /// trip earns by waiting for depth to leave or to return.
  static void set_depth(const Params& p, State& s, double depth, double stands);

 private:
  static bool banded(const State& s) {
    return s.low > 0 || s.high < std::numeric_limits<double>::infinity();
  }
  static constexpr double widest = 0.5;  // of a price: half-spread at the most
  static double standing(const Params& p, const State& s) {
    return p.curve.depth * (s.depth * s.stands);
  }
  static double steps_room(const Params& p, const State& s, Side side);
  static void displace(const Params& p, State& s, double q);
};

}  // namespace faultline
