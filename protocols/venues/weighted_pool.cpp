#include "protocols/venues/weighted_pool.hpp"

#include <algorithm>
#include <cmath>

#include "core/math.hpp"

namespace faultline {

namespace {

using Params = WeightedPool::Params;
using State = WeightedPool::State;

/// The given and the taken coin, and the ratio of their weights.
struct Sides {
  double in, out;
  double ratio;
};

Sides sides_of(const Params& p, const State& s, Side side) {
  return side == Side::sell ? Sides{s.base, s.quote, p.base_weight / p.quote_weight}
                            : Sides{s.quote, s.base, p.quote_weight / p.base_weight};
}

/// A coin that enters or leaves alone.
struct Coin {
  double balance, weight;
};

Coin coin_given(const Params& p, const State& s, Side side) {
  return side == Side::sell ? Coin{s.base, p.base_weight} : Coin{s.quote, p.quote_weight};
}

Coin coin_taken(const Params& p, const State& s, Side side) {
  return side == Side::sell ? Coin{s.quote, p.quote_weight} : Coin{s.base, p.base_weight};
}

}  // namespace

Compiled<WeightedPool> WeightedPool::compile(const Spec& spec, const Opening& at) {
  Params p{.fee = spec.fee.value, .most_traded = spec.most_traded.value};
  p.base_weight = spec.base_weight.value;
  p.quote_weight = spec.quote_weight ? spec.quote_weight->value : 1 - p.base_weight;
  const double both = p.base_weight + p.quote_weight;
  if (both > 1 + 1e-12) return {p, "write weights that are 100% together at most"};
  if (spec.liquidity && !spec.base && !spec.quote) {
    p.base = in_base(*spec.liquidity, at) * (p.base_weight / both);
    p.quote = in_quote(*spec.liquidity, at) * (p.quote_weight / both);
  } else if (!spec.liquidity && spec.base && spec.quote) {
    p.base = in_base(*spec.base, at);
    p.quote = in_quote(*spec.quote, at);
  } else {
    return {p, "write either `liquidity` or both `base` and `quote`"};
  }
  if (!(p.base > 0 && p.quote > 0)) return {p, "write an amount above zero in $, base or quote"};
  return {p, {}};
}

Fill WeightedPool::fill(const Params& p, const State& s, Side side, double given) {
  const Sides at = sides_of(p, s, side);
  const double in = std::min(given, most_in(p, s, side)), kept = 1 - s.fee;
  const double log = -math::log1p(kept * in / at.in);
  const double out = -at.out * math::expm1(at.ratio * log);
  State after = s;
  apply(p, after, side, in, out);
  return {out, marginal(p, after),
          kept * at.ratio * (at.out / at.in) * math::exp((at.ratio + 1) * log)};
}

double WeightedPool::in_given_out(const Params& p, const State& s, Side side, double out) {
  const Sides at = sides_of(p, s, side);
  if (!(out <= p.most_traded * at.out && out < at.out)) {
    return std::numeric_limits<double>::infinity();
  }
  return at.in / (1 - s.fee) * math::expm1(-math::log1p(-out / at.out) / at.ratio);
}

double WeightedPool::in_to_price(const Params& p, const State& s, Side side, double target) {
  const auto short_of = [&](double in) {
    const double price = fill(p, s, side, in).price;
    return side == Side::sell ? price / target - 1 : target / price - 1;
  };
  const double most = most_in(p, s, side);
  return input_by_bracket(short_of, 0x1p-20 * most, most);
}

double WeightedPool::in_to_rate(const Params& p, const State& s, Side side, double rate) {
  const Sides at = sides_of(p, s, side);
  const double kept = 1 - s.fee;
  const double m = kept * at.ratio * (at.out / at.in) / rate;
  if (!(m > 1)) return 0;
  return std::min(at.in / kept * math::expm1(math::log(m) / (1 + at.ratio)), most_in(p, s, side));
}

// Proportional to the invariant's growth each coin enters free; what exceeds that pays the fee.
double WeightedPool::join(const Params& p, const State& s, double base, double quote) {
  double b = base / s.base, q = quote / s.quote;  // relative growth of the balances
  const auto growth = [&] {
    return math::expm1(p.base_weight * math::log1p(b) + p.quote_weight * math::log1p(q));
  };
  const double free = growth();
  b -= std::max(0.0, b - free) * s.fee;
  q -= std::max(0.0, q - free) * s.fee;
  return growth();
}

double WeightedPool::join_for(const Params& p, const State& s, Side side, double share) {
  const Coin coin = coin_given(p, s, side);
  const double grown = math::expm1(math::log1p(share) / coin.weight);
  return coin.balance * (share + (grown - share) / (1 - s.fee));
}

double WeightedPool::exit(const Params& p, const State& s, Side side, double share) {
  const Coin coin = coin_taken(p, s, side);
  const double shrunk = -math::expm1(math::log1p(-share) / coin.weight);
  return coin.balance * (share + (shrunk - share) * (1 - s.fee));
}

double WeightedPool::exit_rate(const Params& p, const State& s, Side side, double share) {
  const Coin coin = coin_taken(p, s, side);
  const double steep = math::exp(math::log1p(-share) * (1 / coin.weight - 1)) / coin.weight;
  return coin.balance * (1 + (steep - 1) * (1 - s.fee));
}

double WeightedPool::exit_for(const Params& p, const State& s, Side side, double out) {
  const Coin coin = coin_taken(p, s, side);
  const double left = math::log1p(-out / coin.balance);
  const double free = -math::expm1(coin.weight * left);
  const double taxed = (out / coin.balance - free) / (1 - s.fee);
  return -math::expm1(coin.weight * math::log1p(-free - taxed));
}

}  // namespace faultline
