#include "protocols/venues/band_pool.hpp"

#include <algorithm>
#include <cmath>

#include "core/math.hpp"

namespace faultline {

namespace {

using Params = BandPool::Params;
using State = BandPool::State;

constexpr double ln2 = 0.693147180559945309417;

/// One band's curve: (f + x)*(g + y) is kept.
struct Band {
  double f = 0, g = 0;
};

Band curve_of(const Params& p, const State& s, std::size_t k, double x, double y) {
  const double o = s.oracle, u = p.up[k];
  const double b = (p.a - 1) * x * (u / o) + p.a * y * (o * (o / u));
  const double y0 = (b + std::sqrt(b * b + 4 * p.a * o * x * y)) / (2 * p.a * o);
  return {p.a * y0 * (o * (o / u)), (p.a - 1) * y0 * (u / o)};
}

double price_in(const Params& p, const State& s, std::size_t k, double x, double y) {
  const double o = s.oracle;
  if (!(y > 0 && x > 0)) {
    const double edge = y > 0 || !(x > 0) ? p.up[k] : p.up[k + 1];
    return o * (o / edge) * (o / edge);
  }
  const Band c = curve_of(p, s, k, x, y);
  return (c.f + x) / (c.g + y);
}

/// A trade's end: the band it stops in, what that then holds, and what was taken on the way.
struct Walk {
  std::size_t band = 0;
  double x = 0, y = 0;
  double out = 0;
  double rate = 0;  // taken per given of the last unit, net of fee; 0 where nothing trades
};

/// Walks the bands from the active one, buying base upward in k or selling it downward. `pass(k, x,
/// y)` is told what each band that was left behind then holds.
template <class Pass>
Walk walk(const Params& p, const State& s, Side side, double in, Pass&& pass) {
  const double kept = 1 - s.fee, stays = 1 - p.admin_fee * s.fee;  // of an input
  const bool buy = side == Side::buy;
  double left = in;
  Walk w{.band = s.active, .x = s.quote_in[s.active], .y = s.base_in[s.active]};
  for (std::size_t k = s.active;; buy ? ++k : --k) {
    double x = s.quote_in[k], y = s.base_in[k];
    const double there = buy ? y : x;
    if (there > 0) {
      const Band c = curve_of(p, s, k, x, y);
      const double from = buy ? c.f + x : c.g + y, to = buy ? c.g + y : c.f + x;
      // All of `there` leaves when the other side has grown by the factor to / (to - there).
      const double room = from * (there / (to - there)) / kept;
      const bool ends = left <= room;
      const double net = kept * (ends ? left : room);
      const double taken = ends ? std::min(to * (net / (from + net)), there) : there;
      w.rate = kept * ((to - taken) / (from + net));
      w.out += taken;
      (buy ? x : y) += stays * (ends ? left : room);
      (buy ? y : x) -= taken;
      w.band = k, w.x = x, w.y = y;
      if (ends) return w;
      left -= room;
    }
    if (k == (buy ? p.count - 1 : 0)) return w;
    pass(k, x, y);
  }
}

Walk walk(const Params& p, const State& s, Side side, double in) {
  return walk(p, s, side, in, [](std::size_t, double, double) {});
}

}  // namespace

Compiled<BandPool> BandPool::compile(const Spec& spec, const Opening& at) {
  Params p{.a = spec.amplification, .fee = spec.fee.value, .admin_fee = spec.admin_fee.value};
  p.half_life_s = spec.oracle_half_life.value;
  p.price = at.price();
  const double shrink = (p.a - 1) / p.a;
  std::size_t end = 0;
  for (const auto& [name, d] : spec.deposits) {
    const double base = in_base(d.base, at);
    if (!(base > 0)) return {p, "write the collateral of '" + name + "' in $, base or quote"};
    const double steps = math::log1p(-d.below.value) / math::log(shrink);
    const auto first = static_cast<std::size_t>(std::floor(steps + 0.5));
    const auto bands = static_cast<std::size_t>(d.bands);
    if (first + bands > most_bands) {
      return {p, "write deposits within the first 128 bands, or a lower `amplification`"};
    }
    for (std::size_t k = first; k < first + bands; ++k)
      p.base[k] += base / static_cast<double>(bands);
    end = std::max(end, first + bands);
  }
  if (end == 0) return {p, "write at least one entry of `deposits`"};
  p.count = end;
  p.up[0] = p.price;
  for (std::size_t k = 0; k < end; ++k) p.up[k + 1] = p.up[k] * shrink;
  return {p, {}};
}

State BandPool::open(const Params& p) {
  State s{.base_in = p.base, .oracle = p.price, .fee = p.fee};
  while (s.active + 1 < p.count && !(p.base[s.active] > 0)) ++s.active;
  for (std::size_t k = 0; k < p.count; ++k) s.base += p.base[k];
  return s;
}

double BandPool::marginal(const Params& p, const State& s) {
  return price_in(p, s, s.active, s.quote_in[s.active], s.base_in[s.active]);
}

Fill BandPool::fill(const Params& p, const State& s, Side side, double in) {
  const Walk w = walk(p, s, side, in);
  const double held = side == Side::sell ? s.quote : s.base;  // binds by rounding only
  if (!(in > 0)) return {0, marginal(p, s), w.rate};
  return {std::min(w.out, held), price_in(p, s, w.band, w.x, w.y), w.rate};
}

double BandPool::in_to_price(const Params& p, const State& s, Side side, double target) {
  const auto short_of = [&](double in) {
    const double price = fill(p, s, side, in).price;
    return side == Side::sell ? price / target - 1 : target / price - 1;
  };
  const double most = most_in(p, s, side);
  return most > 0 ? input_by_bracket(short_of, 0x1p-20 * most, most) : 0;
}

double BandPool::in_to_rate(const Params& p, const State& s, Side side, double rate) {
  const auto margin = [&](double in) {
    const double last = walk(p, s, side, in).rate;
    return last > 0 ? 1 - std::sqrt(rate / last) : -1.0;
  };
  const double most = most_in(p, s, side);
  return most > 0 ? input_by_bracket(margin, 0x1p-20 * most, most) : 0;
}

double BandPool::most_in(const Params& p, const State& s, Side side) {
  const bool buy = side == Side::buy;
  double sum = 0;
  for (std::size_t k = s.active;; buy ? ++k : --k) {
    const double x = s.quote_in[k], y = s.base_in[k], there = buy ? y : x;
    if (there > 0) {
      const Band c = curve_of(p, s, k, x, y);
      const double from = buy ? c.f + x : c.g + y, to = buy ? c.g + y : c.f + x;
      sum += from * (there / (to - there)) / (1 - s.fee);
    }
    if (k == (buy ? p.count - 1 : 0)) return sum;
  }
}

void BandPool::apply(const Params& p, State& s, Side side, double given, double taken) {
  State after = s;
  const Walk w = walk(p, s, side, given, [&](std::size_t k, double x, double y) {
    after.quote_in[k] = x;
    after.base_in[k] = y;
  });
  s = after;
  s.active = w.band;
  s.quote_in[w.band] = w.x;
  s.base_in[w.band] = w.y;
  s.base += side == Side::sell ? given : -taken;
  s.quote += side == Side::sell ? -taken : given;
}

bool BandPool::relax(const Params& p, State& s, double dt, double observed) {
  if (std::isnan(observed) || s.oracle == observed) return false;
  const double kept = p.half_life_s > 0 ? math::exp(-ln2 * dt / p.half_life_s) : 0;
  if (kept == 1) return false;
  s.oracle = observed + (s.oracle - observed) * kept;
  if (std::fabs(s.oracle / observed - 1) < 0x1p-40) s.oracle = observed;
  return true;
}

void BandPool::withdraw(const Params& p, State& s, double share) {
  const double kept = std::fmax(1 - share, 0x1p-52);
  for (std::size_t k = 0; k < p.count; ++k) {
    s.quote_in[k] *= kept;
    s.base_in[k] *= kept;
  }
  s.base *= kept;
  s.quote *= kept;
}

}  // namespace faultline
