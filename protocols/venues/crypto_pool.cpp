#include "protocols/venues/crypto_pool.hpp"

#include <algorithm>
#include <cmath>

#include "core/math.hpp"

namespace faultline {

namespace {

using Params = CryptoPool::Params;
using State = CryptoPool::State;
using Coins = CryptoPool::Coins;

constexpr double ln2 = 0.693147180559945309417;
constexpr double lost = std::numeric_limits<double>::quiet_NaN();

/// q(u) = u*(gamma + u)^2 and its slope, u = 1 - K.
double cubic(double u, double gamma) {
  return u * (gamma + u) * (gamma + u);
}
double cubic_slope(double u, double gamma) {
  return (gamma + u) * (gamma + 3 * u);
}

Coins balances(const Params& p, const State& s) {
  Coins x{};
  for (std::size_t i = 0; i < p.coins; ++i) x[i] = s.tokens[i] * s.scale[i];
  return x;
}

/// prod(n*x/of): 1 at balance.
double product(const Params& p, const Coins& x, double of) {
  const double n = static_cast<double>(p.coins);
  double k = 1;
  for (std::size_t i = 0; i < p.coins; ++i) k *= n * x[i] / of;
  return k;
}

double sum(const Params& p, const Coins& x) {
  double total = 0;
  for (std::size_t i = 0; i < p.coins; ++i) total += x[i];
  return total;
}

/// D by Newton within [0, S], where S - D - D*q/(a*gamma^2*K) falls from above 0 to below; halves
/// the bracket where a step leaves it. NaN if 255 steps do not settle it.
double invariant(const Params& p, const Coins& x, double start) {
  const double n = static_cast<double>(p.coins), flat = p.a * p.gamma * p.gamma;
  const double total = sum(p, x);
  double low = 0, high = total, d = start > 0 && start < high ? start : high;
  for (int i = 0; i < 255; ++i) {
    const double k = product(p, x, d), u = 1 - k;
    const double lift = cubic(u, p.gamma) / (flat * k);
    const double over = total - d - d * lift;
    if (over == 0) return d;
    (over > 0 ? low : high) = d;
    const double slope =
        -1 - lift - n * (cubic_slope(u, p.gamma) * k + cubic(u, p.gamma)) / (flat * k);
    double next = d - over / slope;
    if (!(next > low && next < high)) next = 0.5 * (low + high);
    if (std::fabs(next - d) <= 0x1p-48 * d) return next;
    d = next;
  }
  return lost;
}

/// w of the prices: how S - D answers to a relative change of one balance.
double weight(const Params& p, double d, double k) {
  const double u = 1 - k;
  const double c = d / (p.a * p.gamma * p.gamma);
  return c * (cubic_slope(u, p.gamma) * k + cubic(u, p.gamma)) / k;
}

/// Price of coin i in coin j.
double price_of(const Params& p, const State& s, std::size_t i, std::size_t j) {
  const Coins x = balances(p, s);
  const double w = weight(p, s.d, product(p, x, s.d));
  return (1 + w / x[i]) / (1 + w / x[j]) * (s.scale[i] / s.scale[j]);
}

/// The given and the taken coin, by place.
struct Way {
  std::size_t given, taken;
};
Way way(Side side) {
  return side == Side::sell ? Way{0, 1} : Way{1, 0};
}

/// What leaves balance y, before the fee, when dx joins x at the same D. The equation is the
/// difference of the invariant after and before, whose terms are all of one sign:
///   dx - dy = -c*(K' - K)*(Q*K + q(u)) / (K*K'),   Q = (q(u') - q(u)) / (u' - u),  c =
///   D/(a*gamma^2)
double taken_at(const Params& p, double d, double k, double x, double y, double dx) {
  if (!(dx > 0)) return 0;
  const double g = p.gamma, u = 1 - k, after = x + dx;
  const double c = d / (p.a * g * g);
  const double start = (1 + weight(p, d, k) / x) / (1 + weight(p, d, k) / y) * dx;
  double low = 0, high = y, dy = y * (start / (y + start));
  for (int i = 0; i < 255; ++i) {
    const double left = y - dy;
    const double k1 = k * (after / x) * (left / y), u1 = 1 - k1;
    const double change = k * ((dx * y - dy * after) / (x * y));
    const double secant = u1 * u1 + u1 * u + u * u + 2 * g * (u1 + u) + g * g;
    const double over = dx - dy + c * change * ((secant * k + cubic(u, g)) / (k * k1));
    if (over == 0) return dy;
    (over > 0 ? low : high) = dy;
    const double slope = -1 - c * (cubic_slope(u1, g) * k1 + cubic(u1, g)) / (k1 * left);
    double next = dy - over / slope;
    if (!(next > low && next < high)) next = 0.5 * (low + high);
    if (std::fabs(next - dy) <= 0x1p-50 * dy) return next;
    dy = next;
  }
  return lost;
}

/// The fee at balances x, and its change per unit of prod(n*x/S).
struct PoolFee {
  double fee, slope, evenness;
};
PoolFee fee_at(const Params& p, const State& s, const Coins& x) {
  const double even = product(p, x, sum(p, x));
  const double below = p.fee_gamma + 1 - even;
  const double h = p.fee_gamma / below;
  return {s.fee * h + p.out_fee * (1 - h), (s.fee - p.out_fee) * h / below, even};
}

/// A trade in pool units.
struct Trade {
  double gross = 0, fee = 0;  // before the fee; its share
  double rate = 0;            // taken per given of the last unit, net of fee
};

Trade walk(const Params& p, const State& s, Side side, double in) {
  const Way at = way(side);
  Coins x = balances(p, s);
  const double k = product(p, x, s.d);
  const double before_x = x[at.given], before_y = x[at.taken];
  Trade t;
  t.gross = taken_at(p, s.d, k, before_x, before_y, in);
  x[at.given] += in;
  x[at.taken] -= t.gross;
  const double k1 = k * (x[at.given] / before_x) * (x[at.taken] / before_y);
  const double w = weight(p, s.d, k1);
  const double price = (1 + w / x[at.given]) / (1 + w / x[at.taken]);
  const PoolFee f = fee_at(p, s, x);
  const double n = static_cast<double>(p.coins);
  const double turn = f.evenness * (1 / x[at.given] - price / x[at.taken] -
                                    n * (1 - price) / sum(p, x));  // of evenness per unit given
  t.fee = f.fee;
  t.rate = (1 - f.fee) * price - t.gross * f.slope * turn;
  return t;
}

/// Worth of all claims in units of their own beginning: D/n of each coin, geometric mean.
double claims_worth(const Params& p, double d, const Coins& scale) {
  const double n = static_cast<double>(p.coins);
  const double mean = p.coins == 2 ? std::sqrt(scale[0] * scale[1])
                                   : math::pow(scale[0] * scale[1] * scale[2], 1 / n);
  return d / n / mean;
}

/// The scale one step toward the average, where profit pays for it (tweak_price of the contract).
void follow_average(const Params& p, State& s) {
  if (!(2 * s.virtual_price - 1 > s.profit + 2 * p.extra_profit)) return;
  double norm = 0;
  for (std::size_t i = 0; i < p.coins; ++i) {
    const double off = s.average[i] / s.scale[i] - 1;
    norm += off * off;
  }
  norm = std::sqrt(norm);
  const double step = std::max(p.step, norm / 5);
  if (!(norm > step)) return;
  State moved = s;
  for (std::size_t i = 0; i < p.coins; ++i) {
    moved.scale[i] = (s.scale[i] * (norm - step) + step * s.average[i]) / norm;
  }
  const Coins x = balances(p, moved);
  moved.d = invariant(p, x, s.d);
  for (std::size_t i = 0; i < p.coins; ++i) {
    if (!(x[i] >= 0.01 * moved.d && x[i] <= 100 * moved.d)) return;
  }
  moved.virtual_price = claims_worth(p, moved.d, moved.scale) / s.claims;
  if (moved.virtual_price > 1 && 2 * moved.virtual_price - 1 > s.profit) s = moved;
}

/// After the balances changed by a trade: D, profit, the last prices, the scale.
void settle(const Params& p, State& s) {
  s.d = invariant(p, balances(p, s), s.d);
  for (std::size_t i = 0; i < p.coins; ++i) s.last[i] = price_of(p, s, i, 1);
  const double worth = claims_worth(p, s.d, s.scale) / s.claims;
  s.profit *= worth / s.virtual_price;
  s.virtual_price = worth;
  follow_average(p, s);
}

void book(const Params& p, State& s, Side side, double given, double taken) {
  const Way at = way(side);
  s.tokens[at.given] += given;
  s.tokens[at.taken] -= taken;
  settle(p, s);
}

}  // namespace

Compiled<CryptoPool> CryptoPool::compile(const Spec& spec, const Opening& at,
                                         std::span<const OtherCoin> others) {
  Params p{.a = spec.amplification * 1e-4, .gamma = spec.gamma};
  p.fee = spec.fee.value;
  p.out_fee = spec.out_fee.value;
  p.fee_gamma = spec.fee_gamma;
  p.extra_profit = spec.extra_profit;
  p.step = spec.step;
  p.half_life_s = spec.oracle_half_life.value;
  p.virtual_price = spec.virtual_price;
  p.profit = spec.profit;
  p.scale = {spec.price_scale ? spec.price_scale->value : at.price(), 1, 1};
  if (spec.price_scale && spec.price_scale->unit != at.quote) {
    return {p, "write `price_scale` in the quote asset"};
  }
  if (others.size() > 1) return {p, "write at most one third coin"};
  if (!others.empty()) {
    p.coins = 3;
    p.tokens[2] = others[0].tokens;
    p.scale[2] = others[0].usd / at.quote_usd;
    if (!(p.tokens[2] > 0)) return {p, "write an amount above zero for the third coin"};
  }
  if (spec.liquidity && !spec.base && !spec.quote) {
    p.tokens[0] = 0.5 * in_base(*spec.liquidity, at);
    p.tokens[1] = 0.5 * in_quote(*spec.liquidity, at);
  } else if (!spec.liquidity && spec.base && spec.quote) {
    p.tokens[0] = in_base(*spec.base, at);
    p.tokens[1] = in_quote(*spec.quote, at);
  } else {
    return {p, "write either `liquidity` or both `base` and `quote`"};
  }
  if (!(p.tokens[0] > 0 && p.tokens[1] > 0 && p.scale[0] > 0)) {
    return {p, "write an amount above zero in $, base or quote"};
  }
  return {p, {}};
}

State CryptoPool::open(const Params& p) {
  State s{.tokens = p.tokens, .scale = p.scale, .fee = p.fee};
  s.d = invariant(p, balances(p, s), 0);
  for (std::size_t i = 0; i < p.coins; ++i) s.last[i] = price_of(p, s, i, 1);
  s.average = s.last;
  s.virtual_price = p.virtual_price;
  s.profit = p.profit;
  s.claims = claims_worth(p, s.d, s.scale) / p.virtual_price;
  return s;
}

double CryptoPool::fee(const Params& p, const State& s) {
  return fee_at(p, s, balances(p, s)).fee;
}

double CryptoPool::marginal(const Params& p, const State& s) {
  return price_of(p, s, 0, 1);
}

Fill CryptoPool::fill(const Params& p, const State& s, Side side, double in) {
  const Way at = way(side);
  const Trade t = walk(p, s, side, in * s.scale[at.given]);
  const double out = t.gross * (1 - t.fee) / s.scale[at.taken];
  const double rate = t.rate * (s.scale[at.given] / s.scale[at.taken]);
  if (!(in > 0)) return {out, marginal(p, s), rate};
  State after = s;
  book(p, after, side, in, out);
  return {out, marginal(p, after), rate};
}

double CryptoPool::out_given_in(const Params& p, const State& s, Side side, double in) {
  const Way at = way(side);
  const Trade t = walk(p, s, side, in * s.scale[at.given]);
  return t.gross * (1 - t.fee) / s.scale[at.taken];
}

double CryptoPool::in_given_out(const Params& p, const State& s, Side side, double out) {
  if (!(out > 0)) return 0;
  const double balance = s.tokens[way(side).taken];
  if (!(out < balance)) return std::numeric_limits<double>::infinity();
  const auto room = [&](double in) { return 1 - out_given_in(p, s, side, in) / out; };
  const double price = marginal(p, s);
  return input_by_bracket(room, side == Side::sell ? out / price : out * price);
}

double CryptoPool::in_to_price(const Params& p, const State& s, Side side, double target) {
  const auto short_of = [&](double in) {
    const double price = fill(p, s, side, in).price;
    return side == Side::sell ? price / target - 1 : target / price - 1;
  };
  return input_by_bracket(short_of, 0x1p-20 * s.tokens[way(side).given]);
}

double CryptoPool::in_to_rate(const Params& p, const State& s, Side side, double rate) {
  const Way at = way(side);
  const double target = rate * (s.scale[at.taken] / s.scale[at.given]);
  const auto margin = [&](double in) {
    const double last = walk(p, s, side, in).rate;
    return last > 0 ? 1 - std::sqrt(target / last) : -1.0;
  };
  const double balance = s.tokens[at.given] * s.scale[at.given];
  return input_by_bracket(margin, 0x1p-20 * balance) / s.scale[at.given];
}

void CryptoPool::apply(const Params& p, State& s, Side side, double given, double taken) {
  book(p, s, side, given, taken);
}

bool CryptoPool::relax(const Params& p, State& s, double dt, double) {
  if (!(dt > 0)) return false;
  const double kept = math::exp(-ln2 * dt / p.half_life_s);
  for (std::size_t i = 0; i < p.coins; ++i) {
    const double seen = std::min(s.last[i], 2 * s.scale[i]);
    if (s.average[i] != seen) s.average[i] = seen + (s.average[i] - seen) * kept;
  }
  return false;
}

void CryptoPool::withdraw(const Params&, State& s, double share) {
  const double kept = std::fmax(1 - share, 0x1p-52);
  for (double& tokens : s.tokens) tokens *= kept;
  s.d *= kept;
  s.claims *= kept;
}

// D falls by the share, less half of the fee on it at the balances the exit about leaves; the coin
// then is what the invariant asks of it (_calc_withdraw_one_coin of the contract).
double CryptoPool::exit(const Params& p, const State& s, Side side, double share) {
  const std::size_t i = way(side).taken;
  Coins x = balances(p, s);
  Coins rough = x;
  const double leaves = x[i] * static_cast<double>(p.coins) * share;
  rough[i] -= leaves;
  const double fee = leaves < x[i] ? fee_at(p, s, rough).fee : p.out_fee;
  const double d = s.d * (1 - share * (1 - 0.5 * fee));
  const double had = x[i];
  const auto too_much = [&](double y) {  // S - D - D*q/(a*gamma^2*K) grows with y
    x[i] = y;
    const double k = product(p, x, d);
    return sum(p, x) - d - d * (cubic(1 - k, p.gamma) / (p.a * p.gamma * p.gamma * k));
  };
  const double at_had = too_much(had);
  if (!(at_had > 0)) return 0;
  double low = 0.5 * had, at_low = too_much(low);
  while (at_low >= 0 && low > 0) low *= 0.5, at_low = too_much(low);
  return (had - bracketed_root(too_much, had, at_had, low, at_low).good) / s.scale[i];
}

void CryptoPool::apply_exit(const Params& p, State& s, Side side, double share, double out) {
  s.tokens[way(side).taken] -= out;
  s.claims *= 1 - share;
  settle(p, s);
}

void CryptoPool::hold(const Params& p, State& s, double base, double quote) {
  s.tokens[0] = base;
  s.tokens[1] = quote;
  s.d = invariant(p, balances(p, s), s.d);
}

}  // namespace faultline
