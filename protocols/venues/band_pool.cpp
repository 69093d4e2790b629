#include "protocols/venues/band_pool.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

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

/// What one band takes, net of fee, until its other side is gone: `room`; to the curve (from +
/// net)(to - taken) = from to.
struct Room {
  double from = 0, to = 0, room = 0;
};

/// Calls visit(room) for each band a trade would reach, in order, while it says so.
template <class Visit>
void each_room(const Params& p, const State& s, Side side, Visit&& visit) {
  const bool buy = side == Side::buy;
  for (std::size_t k = s.active;; buy ? ++k : --k) {
    const double x = s.quote_in[k], y = s.base_in[k], there = buy ? y : x;
    if (there > 0) {
      const Band c = curve_of(p, s, k, x, y);
      const double from = buy ? c.f + x : c.g + y, to = buy ? c.g + y : c.f + x;
      if (!visit(Room{from, to, from * (there / (to - there))})) return;
    }
    if (k == (buy ? p.count - 1 : 0)) return;
  }
}

}  // namespace

Compiled<BandPool> BandPool::compile(const Spec& spec, const Opening& at) {
  Params p{.a = spec.amplification, .fee = spec.fee.value, .admin_fee = spec.admin_fee.value};
  p.half_life_s = spec.oracle_half_life.value;
  if (spec.oracle_limit) p.limit = spec.oracle_limit->value;
  p.price = at.price();
  if (spec.rests_loans) {
    lay(p, p.price, 0, 1);
    return {p, {}};
  }
  const double shrink = (p.a - 1) / p.a;
  std::size_t end = 0;
  for (const auto& [name, d] : spec.deposits) {
    const double base = in_base(d.base, at);
    if (!(base > 0)) return {p, "write the collateral of '" + name + "' in $, base or quote"};
    const double steps = math::log1p(-d.below.value) / math::log(shrink);
    const auto first = static_cast<std::size_t>(std::floor(steps + 0.5));
    const auto bands = static_cast<std::size_t>(d.bands);
    if (first + bands > most_bands) {
      return {p, "write deposits within the first 1088 bands, or a lower `amplification`"};
    }
    for (std::size_t k = first; k < first + bands; ++k)
      p.base[k] += base / static_cast<double>(bands);
    end = std::max(end, first + bands);
  }
  if (end == 0) return {p, "write at least one entry of `deposits`"};
  lay(p, p.price, 0, end);
  return {p, {}};
}

void BandPool::lay(Params& p, double top, long first, std::size_t count) {
  const double shrink = (p.a - 1) / p.a;
  p.first = first;
  p.count = count;
  p.up[0] = first == 0 ? top : top * math::exp(static_cast<double>(first) * math::log(shrink));
  for (std::size_t k = 0; k < count; ++k) p.up[k + 1] = p.up[k] * shrink;
}

State BandPool::open(const Params& p) {
  State s{.base_in = p.base, .average = p.price, .oracle = p.price, .fee = p.fee};
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

// kept from to / (from + net)^2 is what the last unit brings after `net` in one band.
double BandPool::in_to_rate(const Params& p, const State& s, Side side, double rate) {
  const double kept = 1 - s.fee;
  double in = 0;
  each_room(p, s, side, [&](const Room& r) {
    const double net = std::sqrt(kept * r.from * (r.to / rate)) - r.from;
    if (net >= r.room) {
      in += r.room / kept;
      return true;
    }
    in += std::max(0.0, net) / kept;
    return false;
  });
  return in;
}

double BandPool::most_in(const Params& p, const State& s, Side side) {
  double sum = 0;
  each_room(p, s, side, [&](const Room& r) {
    sum += r.room / (1 - s.fee);
    return true;
  });
  return sum;
}

bool BandPool::fits(const Params& p, const State& s, Side side, double in) {
  double sum = 0;
  bool enough = !(in > 0);
  each_room(p, s, side, [&](const Room& r) {
    sum += r.room / (1 - s.fee);
    enough = enough || in <= sum;
    return !enough;
  });
  return enough;
}

void BandPool::apply(const Params& p, State& s, Side side, double given, double taken) {
  const std::size_t from = s.active;
  // A band is read before it is written, and never again.
  const Walk w = walk(p, s, side, given, [&](std::size_t k, double x, double y) {
    s.quote_in[k] = x;
    s.base_in[k] = y;
  });
  s.traded_low = std::min(s.traded_low, static_cast<std::uint32_t>(std::min(from, w.band)));
  s.traded_high = std::max(s.traded_high, static_cast<std::uint32_t>(std::max(from, w.band)));
  s.active = w.band;
  s.quote_in[w.band] = w.x;
  s.base_in[w.band] = w.y;
  s.base += side == Side::sell ? given : -taken;
  s.quote += side == Side::sell ? -taken : given;
}

std::size_t BandPool::band_at(const Params& p, double price) {
  // Edges fall: the first that lies below the price ends its band.
  const auto end = p.up.begin() + static_cast<std::ptrdiff_t>(p.count);
  const auto below = std::lower_bound(p.up.begin() + 1, end, price, std::greater<>());
  return static_cast<std::size_t>(below - p.up.begin()) - 1;
}

bool BandPool::relax(const Params& p, State& s, double dt, double observed) {
  if (std::isnan(observed) || s.average == observed) return false;
  const double kept = p.half_life_s > 0 ? math::exp(-ln2 * dt / p.half_life_s) : 0;
  if (kept == 1) return false;
  s.average = observed + (s.average - observed) * kept;
  if (std::fabs(s.average / observed - 1) < 0x1p-40) s.average = observed;
  s.oracle = std::clamp(s.average, observed * std::fmax(0, 1 - p.limit), observed * (1 + p.limit));
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
