#include "protocols/venues/book_curve.hpp"

#include <algorithm>

#include "core/math.hpp"

namespace faultline {

namespace {

double sign(Side side) {
  return side == Side::sell ? 1.0 : -1.0;
}

/// x^y for x > 0: cheaper than math::pow, good to |y*ln x| + 2 units in the last place.
double power(double x, double y) {
  return math::exp(y * math::log(x));
}

/// x^(n/4) for x > 0 and n > 0: by roots and products, a third of the time of `power`.
double quarter_power(double x, unsigned n) {
  double result = math::power(x, n / 4);
  if (n % 4 == 0) return result;
  const double root = std::sqrt(x);
  if (n & 2) result *= root;
  if (n & 1) result *= std::sqrt(root);
  return result;
}

/// n where y = n/4 for a whole n between 1 and 64, else 0.
unsigned in_quarters(double y) {
  const double n = 4 * y;
  return n >= 1 && n <= 64 && n == std::floor(n) ? static_cast<unsigned>(n) : 0;
}

}  // namespace

BookCurve book_curve(double depth, double within, double exponent, double reach) {
  BookCurve c{depth, within, exponent, 1 / exponent, in_quarters(1 / exponent), 0, 0};
  c.farthest = power(reach / within, exponent);
  c.still = power(0x1p-54 / within, exponent);
  return c;
}

double BookCurve::distance(double q) const {
  const double size = std::fabs(q);
  if (size == 0) return 0;
  return within * (quarters > 0 ? quarter_power(size, quarters) : power(size, inverse));
}

// d(q (1 + g)) = d (1 + g)^(1/h) by its binomial series; the first term left out is below 2^-56 of
// it.
double BookCurve::distance_from(double near, double d, double q) const {
  const double g = (q - near) / near, k = inverse;
  if (!(std::fabs(g) * std::max(1.0, k) <= 0x1p-9)) return distance(q);
  constexpr double half = 1.0 / 2, third = 1.0 / 3, fourth = 1.0 / 4, fifth = 1.0 / 5;
  const double fine = 1 + (k - 3) * fourth * g * (1 + (k - 4) * fifth * g);
  return d + d * (k * g * (1 + (k - 1) * half * g * (1 + (k - 2) * third * g * fine)));
}

double BookCurve::at(double ratio) const {
  const double d = 1 - ratio;
  if (d == 0) return 0;
  const double size = std::min(power(std::fabs(d) / within, exponent), farthest);
  return d > 0 ? size : -size;
}

BookCurve::Walk BookCurve::walk(double q, double d, Side side, double step) const {
  const double way = sign(side), next = q + way * step, k = exponent / (1 + exponent);
  const double end = distance_from(q, d, next);
  return {step - way * k * (std::fabs(next) * end - std::fabs(q) * d), factor(next, end), end};
}

// Newton on walk(step).worth = worth: its slope is the factor at the step's end, so it is concave
// for a sale and convex for a buy, and iterates close in from one side without overshooting. What a
// Newton step m leaves is m^2 * slope' / (2 * slope); it ends when that is below 2^-53 of the
// whole.
BookCurve::Step BookCurve::step_for(double q, double d0, Side side, double worth,
                                    double room) const {
  const double way = sign(side), k = exponent / (1 + exponent);
  if (!(worth > 0) || !(room > 0)) return {0, d0};
  const double held = std::fabs(q) * d0;
  double step = std::min(worth / factor(q, d0), room);
  double at = q, d = d0;  // the last point looked at
  for (int i = 0; i < 60; ++i) {
    const double next = q + way * step, size = std::fabs(next);
    d = distance_from(at, d, next);
    at = next;
    const double slope = factor(next, d);
    const double refined =
        std::min(step + (worth - (step - way * k * (size * d - held))) / slope, room);
    const double moved = std::fabs(refined - step), length = step;
    step = refined;
    if (moved <= 0x1p-51 * length) break;
    const double left = moved * moved * (inverse * d);
    if (moved <= 0x1p-10 * length && left <= 0x1p-52 * (length * size * slope)) break;
  }
  return {step, distance_from(at, d, q + way * step)};
}

double QuoteBook::steps_room(const Params& p, const State& s, Side side) {
  const double way = sign(side), room = std::max(0.0, p.curve.farthest - way * s.displaced);
  if (!banded(s)) return room;
  constexpr double near = 0x1p-30;  // a trade may end a bit beyond the edge
  const double mid = marginal(p, s);
  if (mid < s.low * (1 - near) || mid > s.high * (1 + near)) return 0;
  const double edge = p.curve.at((side == Side::sell ? s.low : s.high) / s.centre);
  return std::min(room, std::max(0.0, way * (edge - s.displaced)));
}

void QuoteBook::displace(const Params& p, State& s, double q) {
  s.displaced = q;
  s.distance = p.curve.distance(q);
}

void QuoteBook::set_depth(const Params& p, State& s, double depth, double stands) {
  const double before = s.depth * s.stands;
  s.depth = depth;
  s.stands = stands;
  const double now = depth * stands;
  if (now > before && s.displaced != 0) displace(p, s, s.displaced * (before / now));
}

Fill QuoteBook::fill(const Params& p, const State& s, Side side, double in, End& end) {
  const double n = standing(p, s), kept = 1 - fee(p, s);
  const double takes = p.bounded ? std::min(in, most_in(p, s, side)) : in, net = kept * takes;
  double out = 0, factor = 0;
  if (!(n > 0)) {
    factor = BookCurve::factor(s.displaced, s.distance);
  } else if (side == Side::sell) {
    const double step = std::min(net / n, steps_room(p, s, side));
    const auto walk = p.curve.walk(s.displaced, s.distance, side, step);
    out = s.centre * n * walk.worth;
    factor = walk.factor;
    if (takes == in) end = {step, walk.distance};
  } else {
    const auto there = p.curve.step_for(s.displaced, s.distance, side, net / (s.centre * n),
                                        steps_room(p, s, side));
    out = n * there.step;
    factor = BookCurve::factor(s.displaced - there.step, there.distance);
    if (takes == in) end.step = there.step;
  }
  if (p.bounded) out = std::min(out, std::max(0.0, side == Side::sell ? s.quote : s.base));
  const double price = s.centre * factor;
  return {out, price, side == Side::sell ? kept * price : kept / price};
}

double QuoteBook::price_after(const Params& p, const State& s, Side side, double in) {
  const double n = standing(p, s);
  if (!(n > 0)) return marginal(p, s);
  if (side == Side::buy) return fill(p, s, side, in).price;
  const double net = (1 - fee(p, s)) * (p.bounded ? std::min(in, most_in(p, s, side)) : in);
  const double end = s.displaced + std::min(net / n, steps_room(p, s, side));
  return s.centre * BookCurve::factor(end, p.curve.distance(end));
}

double QuoteBook::in_to_price(const Params& p, const State& s, Side side, double target) {
  const double n = standing(p, s);
  double step = sign(side) * (p.curve.at(target / s.centre) - s.displaced);
  if (banded(s)) step = std::min(step, steps_room(p, s, side));
  if (!(step > 0) || !(n > 0)) return 0;
  const double net = side == Side::sell
                         ? n * step
                         : s.centre * n * p.curve.walk(s.displaced, s.distance, side, step).worth;
  const double in = net / (1 - fee(p, s));
  return p.bounded ? std::min(in, most_in(p, s, side)) : in;
}

double QuoteBook::most_in(const Params& p, const State& s, Side side) {
  const double n = standing(p, s);
  if (!(n > 0)) return 0;
  double step = steps_room(p, s, side);
  if (p.bounded && side == Side::sell) {
    const double worth = std::max(0.0, s.quote) / (s.centre * n);
    step = p.curve.step_for(s.displaced, s.distance, side, worth, step).step;
  } else if (p.bounded) {
    step = std::min(step, std::max(0.0, s.base) / n);
  }
  if (side == Side::sell) return n * step / (1 - fee(p, s));
  return s.centre * n * p.curve.walk(s.displaced, s.distance, side, step).worth / (1 - fee(p, s));
}

// A purchase of all there is costs no less than at the price it begins at: most answers need not
// find its end. 2^-40 is far more than rounding takes from a sum of such terms.
bool QuoteBook::fits(const Params& p, const State& s, Side side, double in) {
  if (side == Side::buy && !p.bounded) {
    const double room = steps_room(p, s, side);
    const double rounding = 0x1p-40 * (room + p.curve.farthest + std::fabs(s.displaced));
    const double least = room * BookCurve::factor(s.displaced, s.distance) - rounding;
    if (in < s.centre * standing(p, s) * least) return true;
  }
  return in <= most_in(p, s, side);
}

void QuoteBook::apply(const Params& p, State& s, Side side, double given, double taken,
                      const End& end) {
  const double n = standing(p, s);
  if (side == Side::sell) {
    if (n > 0 && end.step >= 0) {
      s.displaced += end.step;
      s.distance = end.distance;
    } else if (n > 0) {
      displace(p, s, s.displaced + std::min((1 - fee(p, s)) * given / n, steps_room(p, s, side)));
    }
    s.base += given;
    s.quote -= taken;
  } else {
    const double net = (1 - fee(p, s)) * given;
    if (n > 0) {
      const double step = end.step >= 0
                              ? end.step
                              : p.curve
                                    .step_for(s.displaced, s.distance, side, net / (s.centre * n),
                                              steps_room(p, s, side))
                                    .step;
      displace(p, s, s.displaced - step);
    }
    s.quote += given;
    s.base -= taken;
  }
}

double QuoteBook::permanent_move(const Params& p, const State& before, const State& after) {
  if (before.permanent == 0 || before.displaced == after.displaced) return 0;
  return math::exp(-before.permanent * p.curve.within * (after.displaced - before.displaced)) - 1;
}

double QuoteBook::decay(const Params& p, State& s, double dt) {
  if (!(dt > 0) || s.refill_s == std::numeric_limits<double>::infinity()) return 1;
  if (dt != s.decayed_s || s.refill_s != s.decayed_refill_s) {
    constexpr double ln2 = 0.693147180559945309417;
    s.decay_kept = math::exp(-ln2 * (dt / s.refill_s));
    s.decayed_s = dt;
    s.decayed_refill_s = s.refill_s;
  }
  const double q = s.displaced * s.decay_kept;
  displace(p, s, std::fabs(q) < p.curve.still ? 0 : q);
  return s.decay_kept;
}

bool QuoteBook::follow_reference(const Params& p, State& s, double dt, double reference) {
  if (s.displaced == 0 && (s.centre == reference || std::isnan(reference))) return false;
  const State was = s;
  decay(p, s, dt);
  if (!std::isnan(reference)) s.centre = reference;
  return s.centre != was.centre || s.displaced != was.displaced;
}

}  // namespace faultline
