#include "protocols/venues/stableswap.hpp"

#include <algorithm>
#include <cmath>

namespace faultline {

namespace {

using Params = StableSwap::Params;
using State = StableSwap::State;

/// Balances of the given and the taken coin in pool units, and tokens of each per unit.
struct Sides {
  double x, y;
  double given_rate, taken_rate;
};

Sides sides_of(const State& s, Side side) {
  const double base = (s.base - s.aside_base) * s.base_rate;
  const double quote = (s.quote - s.aside_quote) * s.quote_rate;
  return side == Side::sell ? Sides{base, quote, s.base_rate, s.quote_rate}
                            : Sides{quote, base, s.quote_rate, s.base_rate};
}

/// D and k of the balances as they stand.
void settle_invariant(const Params& p, State& s) {
  std::array<double, StableSwap::most_others + 2> x{};
  const Sides at = sides_of(s, Side::sell);
  x[0] = at.x;
  x[1] = at.y;
  const std::size_t n = p.other_count + 2;
  for (std::size_t i = 2; i < n; ++i) x[i] = s.left * p.others[i - 2];
  s.d = stable_invariant(std::span(x).first(n), s.ann, s.d);
  double share = s.d / s.ann;
  for (std::size_t i = 0; i < n; ++i) share *= s.d / (static_cast<double>(n) * x[i]);
  s.k = share;
}

/// Price of the coin that stands at x in the one that stands at y.
double price_of(double x, double y, double k) {
  return (1 + k / x) / (1 + k / y);
}

/// Share of the output an NG pool keeps, and how it grows with what is given.
struct DynamicFee {
  double fee, slope;
};

DynamicFee dynamic_fee(const Params& p, const State& s, double x, double y, double price) {
  const double m = p.offpeg;
  const double sum = x + y;
  const double w = 4 * (x / sum) * (y / sum);
  const double below = (m - 1) * w + 1;
  const double dw = 2 * (y - x) / sum * ((y + x * price) / sum) / sum;
  return {s.fee * m / below, -s.fee * m * (m - 1) * dw / (below * below)};
}

/// What must leave y when dx more (or less, below 0) stands at x: the root nearest 0.
double moved(double x, double y, double k, double dx) {
  const double h = dx + k - y, b = dx + k + y;
  const double root = std::sqrt(h * h + 4 * k * y * (x / (x + dx)));
  return b > 0 ? 2 * dx * y * (1 + k / (x + dx)) / (b + root) : 0.5 * (b - root);
}

/// What is left at y then: y - moved, without the cancellation.
///   left^2 + (dx + k - y)*left - k*y*x/(x + dx) = 0
double left(double x, double y, double k, double dx) {
  const double h = dx + k - y, q = k * y * (x / (x + dx));
  const double root = std::sqrt(h * h + 4 * q);
  return h > 0 ? 2 * q / (h + root) : 0.5 * (root - h);
}

/// A trade in pool units: what leaves before the fee on it, and the fees by coin.
struct Trade {
  double gross = 0, given_fee = 0, taken_fee = 0;
  double rate = 0;  // taken per given of the last unit, net of fee, pool units
};

Trade walk(const Params& p, const State& s, const Sides& at, double in) {
  Trade t;
  t.given_fee = p.fee_on_input ? s.fee * in : 0;
  const double dx = in - t.given_fee, x = at.x + dx, k = s.k;
  t.gross = moved(at.x, at.y, k, dx);
  const double y = left(at.x, at.y, k, dx);
  const double price = price_of(x, y, k * (at.x / x) * (at.y / y));
  t.rate = (1 - s.fee) * price;
  if (p.fee_on_input) return t;
  double fee = s.fee;
  if (p.offpeg > 1) {
    const DynamicFee f = dynamic_fee(p, s, 0.5 * (at.x + x), 0.5 * (at.y + y), price);
    fee = f.fee;
    t.rate = (1 - fee) * price - t.gross * f.slope;
  }
  t.taken_fee = fee * t.gross;
  return t;
}

/// Moves the tokens of a trade; the pool's balances lose the administrator's share of its fees.
void book(const Params& p, State& s, Side side, const Sides& at, const Trade& t, double given,
          double taken) {
  const double aside_given = p.admin_fee * t.given_fee / at.given_rate;
  const double aside_taken = p.admin_fee * t.taken_fee / at.taken_rate;
  const bool sell = side == Side::sell;
  s.base += sell ? given : -taken;
  s.quote += sell ? -taken : given;
  s.aside_base += sell ? aside_given : aside_taken;
  s.aside_quote += sell ? aside_taken : aside_given;
  settle_invariant(p, s);
}

double tokens_out(const Sides& at, const Trade& t) {
  return (t.gross - t.taken_fee) / at.taken_rate;
}

using Balances = std::array<double, StableSwap::most_others + 2>;

/// All balances in pool units, the coin of interest first; how many.
std::size_t all_balances(const Params& p, const State& s, const Sides& at, Balances& x) {
  x[0] = at.y;
  x[1] = at.x;
  for (std::size_t i = 0; i < p.other_count; ++i) x[i + 2] = s.left * p.others[i];
  return p.other_count + 2;
}

/// The first balance at which the others and D keep the invariant:
///   y^2 + (S' + D/Ann - D)*y = D^2/(n*Ann) * prod(D/(n*x')), S' and x' of the others
double balance_at(const Balances& x, std::size_t coins, double ann, double d) {
  const double n = static_cast<double>(coins);
  double b = d / ann - d, c = d / ann * (d / n);
  for (std::size_t i = 1; i < coins; ++i) {
    b += x[i];
    c *= d / (n * x[i]);
  }
  const double root = std::sqrt(b * b + 4 * c);
  return b > 0 ? 2 * c / (b + root) : 0.5 * (root - b);
}

/// What leaves in one coin for a share of all claims, pool units: before the fee, and the fee.
struct ExitOfOne {
  double free = 0, fee = 0;
};

ExitOfOne exit_of_one(const Params& p, const State& s, Side side, double share) {
  Balances x{};
  const std::size_t coins = all_balances(p, s, sides_of(s, side), x);
  const double n = static_cast<double>(coins), d = s.d * (1 - share);
  const double had = x[0], left = balance_at(x, coins, s.ann, d);
  if (p.fee_on_input) return {had - left, s.fee * (had * (1 - share) - left)};
  const double base_fee = s.fee * n / (4 * (n - 1));
  const double even = (s.d + d) / (2 * n);
  for (std::size_t i = 0; i < coins; ++i) {
    const double off = i == 0 ? x[i] * (1 - share) - left : x[i] * share;
    const double mean = i == 0 ? 0.5 * (x[i] + left) : x[i];
    double fee = base_fee;
    if (p.offpeg > 1) {
      const double w = 4 * (mean / (mean + even)) * (even / (mean + even));
      fee *= p.offpeg / ((p.offpeg - 1) * w + 1);
    }
    x[i] -= fee * off;
  }
  const double paid = x[0] - balance_at(x, coins, s.ann, d);
  return {had - left, had - left - paid};
}

/// Reserves worth `worth` in quote whose price is `price`: base worth z times the quote.
bool open_at(const Params& p, double worth, double price, double& base, double& quote) {
  const auto price_at = [&](double z) {
    Params q = p;
    q.base = worth / price * (z / (1 + z));
    q.quote = worth / (1 + z);
    base = q.base;
    quote = q.quote;
    return StableSwap::marginal(q, StableSwap::open(q));
  };
  const auto above = [&](double z) { return price_at(z) / price - 1; };
  const double even = above(1);
  if (std::fabs(even) <= 0x1p-50) return true;
  double near = 1, at_near = even;
  for (int i = 0; i < 200; ++i) {
    const double next = even > 0 ? 2 * near : 0.5 * near;
    const double at_next = above(next);
    if ((at_next >= 0) != (even >= 0)) {
      above(bracketed_root(above, near, at_near, next, at_next).good);
      return true;
    }
    near = next;
    at_near = at_next;
  }
  return false;
}

}  // namespace

// f(D) = K + (Ann - 1)*D - Ann*S is convex, so from the second step on D only falls; it is settled
// where it no longer does.
double stable_invariant(std::span<const double> x, double ann, double start) {
  const double n = static_cast<double>(x.size());
  double sum = 0;
  for (const double each : x) sum += each;
  double d = start;
  for (int i = 0; i < 255; ++i) {
    double k = d;
    for (const double each : x) k *= d / (n * each);
    const double next = d * ((ann * sum + n * k) / ((ann - 1) * d + (n + 1) * k));
    if (std::fabs(next - d) <= 0x1p-46 * d) return next;
    d = next;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

Compiled<StableSwap> StableSwap::compile(const Spec& spec, const Opening& at,
                                         std::span<const OtherCoin> others) {
  Params p{.a = spec.amplification, .fee = spec.fee.value, .offpeg = spec.offpeg};
  p.admin_fee = spec.admin_fee.value;
  p.fee_on_input = spec.fee_on == "input";
  if (p.fee_on_input && p.offpeg > 1) return {p, "leave out `offpeg`: it is a fee on the output"};
  p.ramp_to = spec.ramp_to.value_or(p.a);
  p.ramp_s = spec.ramp_to ? spec.ramp_over.value : 0;
  if (spec.rates == "contract") {
    p.base_rate = at.base_rate;
    p.quote_rate = at.quote_rate;
    p.follows_rates = at.claims;
  }
  if (others.size() > most_others) return {p, "write at most six other coins"};
  for (const OtherCoin& each : others) {
    if (!(each.tokens > 0)) return {p, "write an amount above zero for each of the other coins"};
    p.others[p.other_count++] = each.tokens * (spec.rates == "contract" ? each.rate : 1);
  }
  if (spec.liquidity && !spec.base && !spec.quote) {
    const double worth = in_quote(*spec.liquidity, at);
    if (!(worth > 0)) return {p, "write a liquidity above zero in $, base or quote"};
    if (!open_at(p, worth, at.price(), p.base, p.quote)) {
      return {p, "write `base` and `quote`: no balances of that worth give the outside price"};
    }
  } else if (!spec.liquidity && spec.base && spec.quote) {
    p.base = in_base(*spec.base, at);
    p.quote = in_quote(*spec.quote, at);
  } else {
    return {p, "write either `liquidity` or both `base` and `quote`"};
  }
  if (!(p.base > 0 && p.quote > 0)) return {p, "write an amount above zero in $, base or quote"};
  return {p, {}};
}

State StableSwap::open(const Params& p) {
  State s{.base = p.base, .quote = p.quote, .base_rate = p.base_rate, .quote_rate = p.quote_rate};
  s.ann = p.a * (p.other_count + 2);
  s.fee = p.fee;
  s.d = p.base * p.base_rate + p.quote * p.quote_rate;
  for (std::size_t i = 0; i < p.other_count; ++i) s.d += p.others[i];
  settle_invariant(p, s);
  return s;
}

double StableSwap::fee(const Params& p, const State& s) {
  if (!(p.offpeg > 1)) return s.fee;
  const Sides at = sides_of(s, Side::sell);
  return dynamic_fee(p, s, at.x, at.y, 1).fee;
}

double StableSwap::marginal(const Params&, const State& s) {
  const Sides at = sides_of(s, Side::sell);
  return price_of(at.x, at.y, s.k) * (at.given_rate / at.taken_rate);
}

Fill StableSwap::fill(const Params& p, const State& s, Side side, double in) {
  const Sides at = sides_of(s, side);
  const Trade t = walk(p, s, at, in * at.given_rate);
  const double out = tokens_out(at, t);
  const double rate = t.rate * (at.given_rate / at.taken_rate);
  if (!(in > 0)) return {out, marginal(p, s), rate};
  State after = s;
  book(p, after, side, at, t, in, out);
  return {out, marginal(p, after), rate};
}

double StableSwap::out_given_in(const Params& p, const State& s, Side side, double in) {
  const Sides at = sides_of(s, side);
  return tokens_out(at, walk(p, s, at, in * at.given_rate));
}

double StableSwap::in_given_out(const Params& p, const State& s, Side side, double out) {
  const Sides at = sides_of(s, side);
  const double wanted = out * at.taken_rate;
  if (!(wanted > 0)) return 0;
  if (!(p.offpeg > 1)) {
    const double gross = p.fee_on_input ? wanted : wanted / (1 - s.fee);
    if (!(gross < at.y)) return std::numeric_limits<double>::infinity();
    const double net = -moved(at.y, at.x, s.k, -gross);
    return (p.fee_on_input ? net / (1 - s.fee) : net) / at.given_rate;
  }
  const auto room = [&](double in) {
    const Trade t = walk(p, s, at, in);
    return 1 - (t.gross - t.taken_fee) / wanted;
  };
  return input_by_bracket(room, wanted) / at.given_rate;
}

double StableSwap::in_to_price(const Params& p, const State& s, Side side, double target) {
  const Sides at = sides_of(s, side);
  const auto short_of = [&](double in) {
    const double price = fill(p, s, side, in).price;
    return side == Side::sell ? price / target - 1 : target / price - 1;
  };
  return input_by_bracket(short_of, 0x1p-20 * at.x / at.given_rate);
}

double StableSwap::in_to_rate(const Params& p, const State& s, Side side, double rate) {
  const Sides at = sides_of(s, side);
  const double target = rate * (at.taken_rate / at.given_rate);
  const auto margin = [&](double in) {
    const double last = walk(p, s, at, in).rate;
    return last > 0 ? 1 - std::sqrt(target / last) : -1.0;
  };
  return input_by_bracket(margin, 0x1p-20 * at.x) / at.given_rate;
}

void StableSwap::apply(const Params& p, State& s, Side side, double given, double taken) {
  const Sides at = sides_of(s, side);
  book(p, s, side, at, walk(p, s, at, given * at.given_rate), given, taken);
}

bool StableSwap::relax(const Params& p, State& s, double dt, double) {
  if (!(dt > 0) || !(s.ramped_s < p.ramp_s)) return false;
  s.ramped_s = std::min(s.ramped_s + dt, p.ramp_s);
  s.ann = (p.a + (p.ramp_to - p.a) * (s.ramped_s / p.ramp_s)) * (p.other_count + 2);
  settle_invariant(p, s);
  return true;
}

bool StableSwap::re_rate(const Params& p, State& s, double base_rate, double quote_rate) {
  if (!p.follows_rates || (s.base_rate == base_rate && s.quote_rate == quote_rate)) return false;
  s.base_rate = base_rate;
  s.quote_rate = quote_rate;
  settle_invariant(p, s);
  return true;
}

void StableSwap::withdraw(const Params& p, State& s, double share) {
  const double kept = std::fmax(1 - share, 0x1p-52);
  s.base = s.aside_base + (s.base - s.aside_base) * kept;
  s.quote = s.aside_quote + (s.quote - s.aside_quote) * kept;
  s.left *= kept;
  s.d *= kept;
  settle_invariant(p, s);
}

double StableSwap::exit(const Params& p, const State& s, Side side, double share) {
  const ExitOfOne e = exit_of_one(p, s, side, share);
  return (e.free - e.fee) / sides_of(s, side).taken_rate;
}

void StableSwap::apply_exit(const Params& p, State& s, Side side, double share, double out) {
  const double aside =
      p.admin_fee * exit_of_one(p, s, side, share).fee / sides_of(s, side).taken_rate;
  const bool quote = side == Side::sell;
  (quote ? s.quote : s.base) -= out;
  (quote ? s.aside_quote : s.aside_base) += aside;
  settle_invariant(p, s);
}

void StableSwap::hold(const Params& p, State& s, double base, double quote) {
  s.base = base;
  s.quote = quote;
  settle_invariant(p, s);
}

}  // namespace faultline
