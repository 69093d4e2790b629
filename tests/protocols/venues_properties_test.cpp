// Laws every venue kind obeys, on random venues in random states: the contract of mechanics-markets
// section 8.1, and scale-freeness (charter law 5) bit for bit.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "protocols/venues/registry.hpp"

using namespace faultline;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

struct Dice {
  std::mt19937_64 engine;
  explicit Dice(std::uint64_t seed) : engine(seed) {}
  double between(double lo, double hi) {
    return lo + (hi - lo) * (static_cast<double>(engine() >> 11) * 0x1p-53);
  }
  double log_between(double lo, double hi) { return std::exp(between(std::log(lo), std::log(hi))); }
  Side side() { return engine() & 1 ? Side::sell : Side::buy; }
};

/// Random params whose quantities are all multiplied by `scale`, a power of two.
template <class K>
typename K::Params random_params(std::uint64_t seed, double scale, bool with_fee = true);

template <>
ConstantProduct::Params random_params<ConstantProduct>(std::uint64_t seed, double scale, bool fee) {
  Dice d(seed);
  const double base = d.log_between(1e-2, 1e8), price = d.log_between(1e-6, 1e6);
  return {scale * base, scale * (base * price), fee ? d.between(0, 0.02) : 0};
}

template <>
ConcentratedLiquidity::Params random_params<ConcentratedLiquidity>(std::uint64_t seed, double scale,
                                                                   bool fee) {
  Dice d(seed);
  const double price = d.log_between(1e-6, 1e6);
  const int n = 1 + static_cast<int>(d.between(0, 40));
  std::vector<LiquidityRange> ranges;
  for (int i = 0; i < n; ++i) {
    const double low = price * d.log_between(0.3, 3), wide = d.log_between(1.001, 1.5);
    ranges.push_back({low, low * wide, scale * d.log_between(1, 1e6)});
  }
  ranges.push_back({price / 1.1, price * 1.05, scale * d.log_between(1, 1e6)});
  const auto made = ConcentratedLiquidity::from_ranges(ranges, fee ? d.between(0, 0.02) : 0, price);
  REQUIRE(made.problem.empty());
  return made.params;
}

QuoteBook::Params random_book(std::uint64_t seed, double scale, bool fee) {
  Dice d(seed);
  QuoteBook::Params p;
  p.curve = book_curve(scale * d.log_between(1e-2, 1e8), d.between(0.002, 0.05),
                       d.between(0.25, 2.5), d.between(0.3, 0.95));
  p.centre = d.log_between(1e-6, 1e6);
  p.fee = fee ? d.between(0, 0.02) : 0;
  p.refill_s = d.log_between(1, 1e5);
  p.permanent = d.between(0, 1);
  return p;
}

template <>
OrderBook::Params random_params<OrderBook>(std::uint64_t seed, double scale, bool fee) {
  return {random_book(seed, scale, fee), {}, {}};
}

template <>
Metaorder::Params random_params<Metaorder>(std::uint64_t seed, double scale, bool fee) {
  Dice d(seed);
  QuoteBook::Params p = random_book(seed, scale, fee);
  p.permanent = 0;
  p.curve = book_curve(p.curve.depth, 0.01, 2, d.between(0.3, 0.95));
  return p;
}

template <>
Outside::Params random_params<Outside>(std::uint64_t seed, double scale, bool fee) {
  QuoteBook::Params p = random_book(seed, scale, fee);
  if (seed % 2) {  // a purse that binds now and then
    Dice d(seed + 1);
    p.bounded = true;
    p.base = p.curve.depth * d.between(0.1, 6);
    p.quote = p.curve.depth * p.centre * d.between(0.1, 6);
  }
  return p;
}

template <>
StableSwap::Params random_params<StableSwap>(std::uint64_t seed, double scale, bool fee) {
  Dice d(seed);
  StableSwap::Params p;
  p.base_rate = d.log_between(0.5, 2);
  p.quote_rate = seed % 2 ? 1 : d.log_between(0.5, 2);
  p.base = scale * d.log_between(1e-2, 1e8);
  p.quote = p.base * (p.base_rate / p.quote_rate) * d.log_between(0.2, 5);
  p.a = d.log_between(10, 3000);
  p.ramp_to = p.a;
  p.fee = fee ? d.between(0, 0.004) : 0;
  p.offpeg = seed % 5 == 0 ? d.between(1, 5) : 1;
  p.fee_on_input = p.offpeg == 1 && seed % 3 == 0;
  p.admin_fee = d.between(0, 1);
  for (std::uint64_t i = 0; i < seed % 4; ++i) {
    p.others[p.other_count++] = p.base * p.base_rate * d.log_between(0.3, 3);
  }
  return p;
}

template <>
WeightedPool::Params random_params<WeightedPool>(std::uint64_t seed, double scale, bool fee) {
  Dice d(seed);
  WeightedPool::Params p;
  p.base = scale * d.log_between(1e-2, 1e8);
  p.quote = p.base * d.log_between(1e-6, 1e6);
  p.base_weight = d.between(0.05, 0.95);
  p.quote_weight = seed % 3 == 0 ? (1 - p.base_weight) * d.between(0.2, 1) : 1 - p.base_weight;
  p.fee = fee ? d.between(0, 0.02) : 0;
  p.most_traded = seed % 4 == 0 ? 1 : 0.3;
  return p;
}

template <>
CryptoPool::Params random_params<CryptoPool>(std::uint64_t seed, double scale, bool fee) {
  Dice d(seed);
  CryptoPool::Params p;
  const double price = d.log_between(1e-6, 1e6), off = d.log_between(0.5, 2);
  p.coins = 2 + seed % 2;
  p.tokens[1] = scale * d.log_between(1e-2, 1e8);
  p.tokens[0] = p.tokens[1] / price * off;
  p.tokens[2] = p.tokens[1] * d.log_between(0.5, 2);
  p.scale = {price, 1, 1};
  p.a = d.log_between(1, 1000);
  p.gamma = d.log_between(1e-6, 0.02);
  p.fee = fee ? d.between(0, 0.004) : 0;
  p.out_fee = fee ? p.fee + d.between(0, 0.004) : 0;
  p.fee_gamma = d.log_between(1e-4, 1e-2);
  p.extra_profit = 10;  // the scale stays: its steps are tested apart
  return p;
}

template <>
BandPool::Params random_params<BandPool>(std::uint64_t seed, double scale, bool fee) {
  Dice d(seed);
  BandPool::Params p;
  p.a = d.between(20, 200);
  p.price = d.log_between(1e-6, 1e6);
  p.count = 5 + seed % 60;
  p.up[0] = p.price;
  const double each = scale * d.log_between(1e-2, 1e6);
  for (std::size_t k = 0; k < p.count; ++k) {
    p.up[k + 1] = p.up[k] * ((p.a - 1) / p.a);
    p.base[k] = each * d.log_between(0.2, 5);
  }
  p.fee = fee ? d.between(0, 0.01) : 0;
  p.admin_fee = d.between(0, 1);
  p.half_life_s = seed % 3 == 0 ? 0 : 600;
  return p;
}

template <>
OraclePool::Params random_params<OraclePool>(std::uint64_t seed, double scale, bool fee) {
  Dice d(seed);
  OraclePool::Params p;
  p.price = d.log_between(1e-6, 1e6);
  p.base = scale * d.log_between(1e-2, 1e8);
  p.quote = p.base * p.price * d.log_between(0.5, 2);
  p.impact_base = p.base * d.between(0, 0.01);
  p.impact_quote = p.quote * d.between(0, 0.01);
  p.fee = fee ? d.between(0, 0.002) : 0;
  p.impact.at = p.quote;
  p.impact.negative = d.between(0, 0.1);
  p.impact.positive = p.impact.negative * d.between(0, 1);
  p.impact.exponent = seed % 2 ? 2 : d.between(1.2, 3);
  p.reserved = seed % 3 ? 0 : d.between(0, 0.5);
  p.cap_base = p.cap_quote = inf;
  return p;
}

/// What an undisturbed venue looks at: the price it stands at, or the oracle it trades by.
template <class K>
double rest_reference(const typename K::Params& p, const typename K::State& s) {
  if constexpr (requires { s.oracle; }) return s.oracle;
  return K::marginal(p, s);
}

/// Kinds whose impact is of a stated size, whatever the depth, and differs by direction.
template <class K>
constexpr bool oracle_priced = std::is_same_v<K, OraclePool>;

/// Share by which the fee may change along one order, as the trade leads to balance or away.
template <class K>
double fee_range(const typename K::Params& p) {
  if constexpr (std::is_same_v<K, CryptoPool>) return p.out_fee - p.fee;
  if constexpr (std::is_same_v<K, StableSwap>) return p.fee * (p.offpeg - 1);
  return 0;
}

/// A size worth trading: a random share of what the venue takes, or of its depth.
template <class K>
double random_size(Dice& d, const typename K::Params& p, const typename K::State& s, Side side) {
  const double now = K::marginal(p, s);
  const double goal = side == Side::sell ? now * d.between(0.5, 1) : now * d.between(1, 1.8);
  return K::in_to_price(p, s, side, goal) * d.log_between(1e-4, 1);
}

template <class K>
void trade(const typename K::Params& p, typename K::State& s, Side side, double in) {
  K::apply(p, s, side, in, K::out_given_in(p, s, side, in));
}

/// A state reached by a few random trades.
template <class K>
typename K::State random_state(Dice& d, const typename K::Params& p) {
  auto s = K::open(p);
  for (int i = 0; i < 3; ++i) {
    const Side side = d.side();
    trade<K>(p, s, side, random_size<K>(d, p, s, side));
  }
  if (d.between(0, 1) < 0.5) K::withdraw(p, s, d.between(0, 0.9));
  if constexpr (std::is_same_v<K, OrderBook>) {
    Dice makers(static_cast<std::uint64_t>(p.refill_s * 1e6));
    K::name_makers(p, s, {makers.between(0, 1), 1});
    K::tell_makers(p, s, {s.named.stands * makers.between(0, 1), makers.between(1, 20)});
  }
  return s;
}

bool close(double a, double b, double relative) {
  return std::fabs(a - b) <= relative * std::max(std::fabs(a), std::fabs(b));
}

constexpr Side opposite(Side side) {
  return side == Side::sell ? Side::buy : Side::sell;
}

}  // namespace

#define KINDS                                                                           \
  ConstantProduct, ConcentratedLiquidity, OrderBook, Outside, StableSwap, WeightedPool, \
      CryptoPool, BandPool, OraclePool, Metaorder

TEMPLATE_TEST_CASE("venues: marginal price is monotone and one walk tells all", "", KINDS) {
  using K = TestType;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const auto p = random_params<K>(seed, 1);
    Dice d(seed ^ 0x51);
    const auto s = random_state<K>(d, p);
    for (const Side side : {Side::sell, Side::buy}) {
      INFO("seed " << seed << " side " << int(side));
      double size = random_size<K>(d, p, s, side) * 1e-3;
      double price = K::price_after(p, s, side, 0), out = 0, rate = inf;
      CHECK(close(price, K::marginal(p, s), 1e-15));
      CHECK(K::out_given_in(p, s, side, 0) == 0);
      for (int i = 0; i < 20; ++i, size *= 1.7) {
        const Fill f = K::fill(p, s, side, size);
        if constexpr (std::is_same_v<K, StableSwap>) {
          if (p.offpeg > 1 && f.rate <= 0)
            break;  // the NG fee takes more than the last unit brings
        }
        CHECK(f.out == K::out_given_in(p, s, side, size));
        CHECK(close(f.price, K::price_after(p, s, side, size), 1e-15));
        CHECK((side == Side::sell ? f.price <= price : f.price >= price));
        CHECK(f.out >= out);
        CHECK(f.rate <= rate * (1 + fee_range<K>(p)));
        price = f.price;
        out = f.out;
        rate = f.rate;
      }
      CHECK(rate <= K::fill(p, s, side, 0).rate * (1 + fee_range<K>(p)));
    }
  }
}

TEMPLATE_TEST_CASE("venues: one order equals its parts", "", KINDS) {
  using K = TestType;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const auto p = random_params<K>(seed, 1);
    Dice d(seed ^ 0x52);
    const auto s = random_state<K>(d, p);
    const Side side = d.side();
    const double in = random_size<K>(d, p, s, side);
    const double whole = K::out_given_in(p, s, side, in);
    auto t = s;
    double parts = 0;
    const double share = d.between(0.1, 0.9);
    for (const double part : {share * in, in - share * in}) {
      const double out = K::out_given_in(p, t, side, part);
      K::apply(p, t, side, part, out);
      parts += out;
    }
    INFO("seed " << seed);
    if (std::is_same_v<K, ConstantProduct> || std::is_same_v<K, WeightedPool> ||
        std::is_same_v<K, BandPool>) {  // differs by what the first part's fee adds
      CHECK(close(parts, whole, 2 * p.fee + 1e-14));
      CHECK(parts <= whole * (1 + 1e-14));
    } else if constexpr (oracle_priced<K>) {  // and by what impacts leave to the purses
      CHECK(close(parts, whole, p.fee + p.impact.negative));
    } else if (p.fee > 0 && (std::is_same_v<K, StableSwap> || std::is_same_v<K, CryptoPool>)) {
      // likewise, but for fees that depend on the balance
      CHECK(close(parts, whole, 0.1 * p.fee + fee_range<K>(p)));
    } else {
      CHECK(close(parts, whole, 1e-11));
      CHECK(close(K::marginal(p, t), K::price_after(p, s, side, in), 1e-12));
    }
  }
}

TEMPLATE_TEST_CASE("venues: no immediate round trip earns", "", KINDS) {
  using K = TestType;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const bool fee = seed % 3 != 0;
    const auto p = random_params<K>(seed, 1, fee);
    Dice d(seed ^ 0x53);
    auto s = random_state<K>(d, p);
    const Side side = d.side();
    const double in = random_size<K>(d, p, s, side);
    const double before = K::marginal(p, s);
    const double out = K::out_given_in(p, s, side, in);
    K::apply(p, s, side, in, out);
    const double back = K::out_given_in(p, s, opposite(side), out);
    INFO("seed " << seed << " in " << in << " back " << back);
    CHECK(back <= in * (1 + 1e-11));
    if (!fee && !oracle_priced<K> &&
        out <= K::most_in(p, s, opposite(side))) {  // without a fee: to where it was
      CHECK(close(back, in, 1e-10));
      CHECK(close(K::price_after(p, s, opposite(side), out), before, 1e-10));
    }
  }
}

TEMPLATE_TEST_CASE("venues: in_to_price lands on the price", "", KINDS) {
  using K = TestType;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    const auto p = random_params<K>(seed, 1);
    Dice d(seed ^ 0x54);
    auto s = random_state<K>(d, p);
    const double now = K::marginal(p, s);
    for (const Side side : {Side::sell, Side::buy}) {
      CHECK(close(K::price_after(p, s, side, K::in_to_price(p, s, side, now)), now, 1e-14));
      CHECK(K::in_to_price(p, s, side, side == Side::sell ? now * 1.1 : now / 1.1) == 0);
    }
    const Side side = d.side();
    const double goal = side == Side::sell ? now * d.between(0.8, 1) : now * d.between(1, 1.2);
    const double in = K::in_to_price(p, s, side, goal);
    const double room = K::most_in(p, s, side);
    trade<K>(p, s, side, in);
    INFO("seed " << seed << " goal " << goal << " marginal " << K::marginal(p, s));
    if constexpr (std::is_same_v<K, ConcentratedLiquidity>) {
      // On the price, or at the near edge of a gap that holds it, or at the last boundary.
      const double root = s.root, want = std::sqrt(goal);
      if (!close(root, want, 1e-12)) {
        CHECK((side == Side::sell ? root > want : root < want));
        CHECK(K::in_to_price(p, s, side, goal) <= 1e-12 * in + 1e-300);
      }
    } else if (in < room * (1 - 1e-12)) {
      CHECK(close(K::marginal(p, s), goal, 1e-11));
    }
  }
}

TEMPLATE_TEST_CASE("venues: average and marginal limits are kept and are tight", "", KINDS) {
  using K = TestType;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    const auto p = random_params<K>(seed, 1);
    Dice d(seed ^ 0x55);
    const auto s = random_state<K>(d, p);
    const Side side = d.side();
    const double now = K::fill(p, s, side, 0).rate;
    const double limit = now * d.between(0.6, 1.02);
    const double in = K::in_for_average(p, s, side, limit);
    const double most = K::most_in(p, s, side);
    INFO("seed " << seed << " limit/now " << limit / now << " in " << in << " most " << most);
    CHECK(in <= most);
    if (limit >= now) CHECK(in == 0);
    if (in > 0) CHECK(K::out_given_in(p, s, side, in) >= limit * in * (1 - 1e-12));
    if (in > 0 && in < most) {
      const double more = in * (1 + 4e-12);
      CHECK(K::out_given_in(p, s, side, more) <= limit * more * (1 + 1e-13));
    }
    const double to_rate = K::in_to_rate(p, s, side, limit);
    CHECK(to_rate <= in * (1 + 1e-9));
    if (to_rate > 0 && to_rate < most && !std::is_same_v<K, ConcentratedLiquidity>) {
      const double last = K::fill(p, s, side, to_rate).rate;
      CHECK(last >= limit * (1 - 1e-10));
      // an oracle pool's rate jumps where its purse ends
      if (!oracle_priced<K>) CHECK(close(last, limit, 1e-10));
    }
    CHECK(K::in_for_average(p, s, side, 0) == most);
  }
}

TEMPLATE_TEST_CASE("venues: fills stop at most_in, tokens are counted exactly", "", KINDS) {
  using K = TestType;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const auto p = random_params<K>(seed, 1);
    Dice d(seed ^ 0x56);
    auto s = random_state<K>(d, p);
    const Side side = d.side();
    const double most = K::most_in(p, s, side);
    if (std::isfinite(most)) {
      const double at = K::out_given_in(p, s, side, most);
      CHECK(close(K::out_given_in(p, s, side, 2 * most), at, 1e-12));
      CHECK(close(K::out_given_in(p, s, side, most * 1.001), at, 1e-12));
    }
    K::hold(p, s, 4096, 1 << 20);
    const double base = K::base_held(p, s), quote = K::quote_held(p, s);
    CHECK(base == 4096);
    CHECK(quote == 1 << 20);
    K::apply(p, s, Side::sell, 0.5, 0.25);
    CHECK(K::base_held(p, s) == base + 0.5);
    CHECK(K::quote_held(p, s) == quote - 0.25);
    K::apply(p, s, Side::buy, 0.125, 0.75);
    CHECK(K::base_held(p, s) == base + 0.5 - 0.75);
    CHECK(K::quote_held(p, s) == quote - 0.25 + 0.125);
  }
}

TEMPLATE_TEST_CASE("venues: a withdrawal thins depth and moves no price", "", KINDS) {
  using K = TestType;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const auto p = random_params<K>(seed, 1);
    Dice d(seed ^ 0x57);
    const auto s = random_state<K>(d, p);
    auto half = s;
    K::withdraw(p, half, 0.5);
    const Side side = d.side();
    const double in = random_size<K>(d, p, s, side);
    if (!oracle_priced<K>) CHECK(close(K::marginal(p, half), K::marginal(p, s), 1e-15));
    if (!oracle_priced<K> && in < 0.999 * K::most_in(p, s, side) &&
        0.5 * in < 0.999 * K::most_in(p, half, side)) {
      CHECK(close(K::out_given_in(p, half, side, 0.5 * in), 0.5 * K::out_given_in(p, s, side, in),
                  1e-13));
    }
    K::withdraw(p, half, 1);
    CHECK(std::isfinite(K::marginal(p, half)));
    CHECK(K::out_given_in(p, half, side, in) <= 1e-9 * K::out_given_in(p, s, side, in) + 1e-300);
  }
}

TEMPLATE_TEST_CASE("venues: relaxing composes, and rest stays at rest", "", KINDS) {
  using K = TestType;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const auto p = random_params<K>(seed, 1);
    Dice d(seed ^ 0x58);
    const auto s = random_state<K>(d, p);
    const double reference = K::marginal(p, s) * d.between(0.7, 1.3), dt = d.log_between(0.1, 1e4);
    auto once = s, twice = s, quiet = K::open(p);
    K::relax(p, once, 2 * dt, reference);
    K::relax(p, twice, dt, reference);
    K::relax(p, twice, dt, reference);
    CHECK(close(K::marginal(p, once), K::marginal(p, twice), 1e-13));
    const Side side = d.side();
    const double in = random_size<K>(d, p, once, side);
    CHECK(close(K::out_given_in(p, once, side, in), K::out_given_in(p, twice, side, in), 1e-11));
    CHECK(K::base_held(p, once) == K::base_held(p, s));
    const double at = K::marginal(p, quiet);
    CHECK(!K::relax(p, quiet, dt, rest_reference<K>(p, quiet)));
    CHECK(!K::relax(p, quiet, dt, std::numeric_limits<double>::quiet_NaN()));
    CHECK(K::marginal(p, quiet) == at);
    auto frozen = s;
    const bool at_once = std::is_same_v<K, Outside> || std::is_same_v<K, Metaorder> ||
                         oracle_priced<K> ||
                         (std::is_same_v<K, BandPool> && seed % 3 == 0);  // no average
    CHECK(K::relax(p, frozen, 0, reference) == at_once);
  }
}

TEMPLATE_TEST_CASE("venues: quantities times 2^n change no price and no digit", "", KINDS) {
  using K = TestType;
  for (const double scale : {0x1p7, 0x1p-3}) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
      INFO("seed " << seed << " scale " << scale);
      const auto p = random_params<K>(seed, 1), q = random_params<K>(seed, scale);
      Dice d(seed ^ 0x59);
      auto s = K::open(p), t = K::open(q);
      for (int i = 0; i < 6; ++i) {
        const Side side = d.side();
        const double in = random_size<K>(d, p, s, side);
        const double limit = K::fill(p, s, side, 0).rate * d.between(0.7, 1);
        const double goal = K::marginal(p, s) * d.between(0.8, 1.2);
        const Fill f = K::fill(p, s, side, in), g = K::fill(q, t, side, scale * in);
        CHECK(g.out == scale * f.out);
        CHECK(g.price == f.price);
        CHECK(g.rate == f.rate);
        CHECK(K::in_to_price(q, t, side, goal) == scale * K::in_to_price(p, s, side, goal));
        CHECK(K::in_to_rate(q, t, side, limit) == scale * K::in_to_rate(p, s, side, limit));
        CHECK(K::in_for_average(q, t, side, limit) == scale * K::in_for_average(p, s, side, limit));
        CHECK(K::most_in(q, t, side) == scale * K::most_in(p, s, side));
        K::apply(p, s, side, in, f.out);
        K::apply(q, t, side, scale * in, scale * f.out);
        K::relax(p, s, 3, goal);
        K::relax(q, t, 3, goal);
        K::withdraw(p, s, 0.1);
        K::withdraw(q, t, 0.1);
        CHECK(K::marginal(q, t) == K::marginal(p, s));
        CHECK(K::base_held(q, t) == scale * K::base_held(p, s));
        CHECK(K::quote_held(q, t) == scale * K::quote_held(p, s));
      }
    }
  }
}

TEMPLATE_TEST_CASE("venues: trades cannot talk up what a share is worth", "", ConstantProduct,
                   ConcentratedLiquidity, StableSwap, WeightedPool, CryptoPool, BandPool) {
  using K = TestType;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const auto p = random_params<K>(seed, 1);
    auto free = p;
    if constexpr (requires { K::without_friction(free); }) K::without_friction(free);
    Dice d(seed ^ 0x5a);
    const auto s = random_state<K>(d, p);
    auto t = s;
    t.fee = 0;
    const double outside = K::marginal(p, s) * d.between(0.8, 1.25);
    const double worth = lp_value<K>(free, t, outside, 1);
    INFO("seed " << seed);
    CHECK(worth > 0);
    // Whoever pushes the price away, without a fee, leaves the share's worth where it was, and its
    // tokens worth more at outside prices only because the pusher paid.
    const Side side = d.side();
    const double in = random_size<K>(d, free, t, side);
    auto pushed = t;
    trade<K>(free, pushed, side, in);
    CHECK(close(lp_value<K>(free, pushed, outside, 1), worth, 1e-9));
    double aside = 0;
    if constexpr (requires { s.aside_base; }) aside = t.aside_base * outside + t.aside_quote;
    CHECK(K::base_held(free, pushed) * outside + K::quote_held(free, pushed) - aside >=
          worth * (1 - 1e-9));
    // A fee makes LPs richer.
    auto paid = s;
    trade<K>(p, paid, side, random_size<K>(d, p, s, side));
    CHECK(lp_value<K>(p, paid, outside, 1) >= lp_value<K>(p, s, outside, 1) * (1 - 1e-9));
  }
}

TEMPLATE_TEST_CASE("venues: leaving in one coin", "", StableSwap, WeightedPool, CryptoPool) {
  using K = TestType;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const bool fee = seed % 3 != 0;
    const auto p = random_params<K>(seed, 1, fee);
    Dice d(seed ^ 0x5b);
    const auto s = random_state<K>(d, p);
    const Side side = d.side();
    const double share = d.log_between(1e-4, 0.4);
    const double out = K::exit(p, s, side, share);
    const double held = side == Side::sell ? K::quote_held(p, s) : K::base_held(p, s);
    const double before = K::marginal(p, s);
    auto left = s;
    K::apply_exit(p, left, side, share, out);
    INFO("seed " << seed << " share " << share << " out " << out << " of " << held);
    CHECK(out > 0);
    CHECK(out < held);
    CHECK(K::exit(p, s, side, share * 1.1) > out);
    // The coin taken grows dearer.
    CHECK((side == Side::sell ? K::marginal(p, left) <= before * (1 + 1e-12)
                              : K::marginal(p, left) >= before * (1 - 1e-12)));
    // Those who stay hold, per claim, no less than before; without a fee, as much.
    double grown = 1;
    if constexpr (std::is_same_v<K, StableSwap>) {
      grown = left.d / (s.d * (1 - share));
    } else if constexpr (std::is_same_v<K, CryptoPool>) {
      grown = left.virtual_price / s.virtual_price;
    } else {
      grown = std::pow(left.base / s.base, p.base_weight) *
              std::pow(left.quote / s.quote, p.quote_weight) / (1 - share);
    }
    CHECK(grown >= 1 - 1e-10);
    if (!fee) CHECK(grown <= 1 + 1e-10);
  }
}

namespace {

/// Counts declared fields and reads what each says of itself.
struct Declared {
  int fields = 0;
  template <class T>
  void operator()(std::string_view field, T&, const Field& about) {
    INFO(field);
    CHECK(!about.help.empty());
    CHECK(about.lo <= about.hi);
    ++fields;
  }
};

}  // namespace

TEMPLATE_TEST_CASE("venues: every field of a Spec is declared", "", KINDS) {
  typename TestType::Spec spec;
  Declared declared;
  spec.fields(declared);
  CHECK(declared.fields >= 5);
  CHECK(kind_index<TestType>(VenueKinds{}) < VenueKinds::size);
}
