// Venues of random worlds: one generator per kind; the primary template stays undefined.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "tests/laws/random_sketch.hpp"
#include "tests/laws/vary.hpp"

namespace faultline::laws {

namespace {

template <class Kind>
struct VenueGenerator;

template <>
struct VenueGenerator<ConstantProduct> {
  static VenueNode make(Sketch& s, const Pair& pair) {
    ConstantProduct::Spec spec;
    vary(spec, s.draw);
    spec.pair = pair;
    const double size = s.draw.log_between(1e5, 1e8);
    if (!s.options.still && s.draw.chance(0.3)) {
      spec.base = Amount{size / s.usd.at(pair.base), pair.base};
      spec.quote = Amount{size / s.usd.at(pair.quote) * s.draw.between(0.97, 1.03), pair.quote};
    } else {
      spec.liquidity = s.worth(size, pair.base);
    }
    return {spec, {}};
  }
};

template <>
struct VenueGenerator<ConcentratedLiquidity> {
  static VenueNode make(Sketch& s, const Pair& pair) {
    ConcentratedLiquidity::Spec spec;
    vary(spec, s.draw);
    spec.pair = pair;
    const double size = s.draw.log_between(1e5, 1e8);
    if (s.draw.chance(0.6)) {
      spec.liquidity = s.worth(size, pair.quote);
      spec.full_range.value = s.draw.between(0.02, 0.3);
      return {spec, {}};
    }
    spec.ranges = ConcentratedLiquidity::RangeTable{"ranges.csv", {}};
    const double price = s.usd.at(pair.base) / s.usd.at(pair.quote);
    const double unit = size / s.usd.at(pair.quote) / std::sqrt(price);
    std::vector<LiquidityRange> ranges{{price * 0.01, price * 50, unit * 0.2}};
    for (int i = 0; i < 3; ++i) {
      const double low = price * s.draw.between(0.4, 1.2);
      ranges.push_back({low, low * s.draw.between(1.01, 1.6), unit * s.draw.between(0.1, 3)});
    }
    return {spec, ranges};
  }
};

template <>
struct VenueGenerator<OrderBook> {
  static VenueNode make(Sketch& s, const Pair& pair) {
    OrderBook::Spec spec;
    vary(spec, s.draw);
    spec.pair = pair;
    spec.depth = {s.worth(s.draw.log_between(1e4, 1e7), pair.base), s.draw.between(0.005, 0.02)};
    spec.permanent.value = s.draw.chance(0.3) ? s.draw.between(0.05, 0.5) : 0;
    if (s.draw.chance(0.5)) vary(spec.retreat.emplace(), s.draw);
    if (s.draw.chance(0.3)) {
      vary(spec.band.emplace(), s.draw);
      if (s.draw.chance(0.6)) spec.band->pause = Seconds{s.draw.log_between(30, 600)};
    }
    return {spec, {}};
  }
};

template <>
struct VenueGenerator<Outside> {
  static VenueNode make(Sketch& s, const Pair& pair) {
    Outside::Spec spec;
    vary(spec, s.draw);
    spec.pair = {pair.base, quote_asset};
    spec.depth = {s.worth(s.draw.log_between(1e5, 1e8), pair.base), s.draw.between(0.005, 0.02)};
    if (s.draw.chance(0.3)) spec.capital = s.worth(s.draw.log_between(1e6, 1e9), pair.base);
    return {spec, {}};
  }
};

template <>
struct VenueGenerator<StableSwap> {
  static VenueNode make(Sketch& s, const Pair& pair) {
    StableSwap::Spec spec;
    vary(spec, s.draw);
    spec.pair = pair;
    const double size = s.draw.log_between(1e5, 1e8);
    spec.amplification = s.draw.log_between(5, 1000);
    if (s.draw.chance(0.3)) {
      for (const std::string& coin : s.roots) {
        if (coin != pair.base && coin != pair.quote) spec.others[coin] = s.worth(size / 2, coin);
        if (spec.others.size() == StableSwap::most_others) break;
      }
    }
    spec.offpeg = spec.fee_on == "output" && s.draw.chance(0.4) ? s.draw.between(1, 10) : 1;
    if (!s.options.still && s.draw.chance(0.3)) {
      spec.ramp_to = s.draw.log_between(5, 1000);
      spec.ramp_over.value = s.draw.log_between(100, 1e5);
    }
    const double worth = s.usd.at(pair.base) / s.usd.at(pair.quote);
    const bool of_one_peg = worth > 0.3 && worth < 3;  // elsewhere its rates do not meet the price
    if (of_one_peg && !s.options.still && s.draw.chance(0.3)) {
      spec.base = Amount{size / s.usd.at(pair.base), pair.base};
      spec.quote = Amount{size / s.usd.at(pair.quote) * s.draw.between(0.8, 1.2), pair.quote};
    } else {
      spec.liquidity = s.worth(size, pair.base);
    }
    return {spec, {}};
  }
};

template <>
struct VenueGenerator<WeightedPool> {
  static VenueNode make(Sketch& s, const Pair& pair) {
    WeightedPool::Spec spec;
    vary(spec, s.draw);
    spec.pair = pair;
    spec.base_weight.value = s.draw.between(0.1, 0.9);
    if (s.draw.chance(0.3)) spec.quote_weight = Ratio{(1 - spec.base_weight.value) / 2};
    spec.liquidity = s.worth(s.draw.log_between(1e5, 1e8), pair.quote);
    return {spec, {}};
  }
};

template <>
struct VenueGenerator<CryptoPool> {
  static VenueNode make(Sketch& s, const Pair& pair) {
    CryptoPool::Spec spec;
    vary(spec, s.draw);
    spec.pair = pair;
    spec.out_fee.value = std::max(spec.out_fee.value, spec.fee.value);
    spec.virtual_price = 1;
    spec.profit = s.draw.between(0.99, 1);  // below 1 there is profit to move the scale with
    const double size = s.draw.log_between(1e5, 1e8);
    if (s.draw.chance(0.3)) {
      for (const std::string& coin : s.roots) {
        if (coin == pair.base || coin == pair.quote || !spec.others.empty()) continue;
        spec.others[coin] = s.worth(size / 2, coin);
      }
    }
    spec.liquidity = s.worth(size, pair.base);
    return {spec, {}};
  }
};

template <>
struct VenueGenerator<BandPool> {
  static VenueNode make(Sketch& s, const Pair& pair) {
    BandPool::Spec spec;
    vary(spec, s.draw);
    spec.pair = pair;
    for (const std::string name : {"near", "far"}) {
      BandPool::Deposit d{s.worth(s.draw.log_between(1e4, 1e7), pair.base), 10, {}};
      d.bands = static_cast<long>(4 + s.draw.below(20));
      d.below.value = name == "near" ? s.draw.between(0.01, 0.05) : s.draw.between(0.05, 0.2);
      spec.deposits[name] = d;
    }
    return {spec, {}};
  }
};

template <>
struct VenueGenerator<OraclePool> {
  static VenueNode make(Sketch& s, const Pair& pair) {
    OraclePool::Spec spec;
    vary(spec, s.draw);
    spec.pair = pair;
    spec.better.value = std::min(spec.better.value, spec.worse.value);
    const double size = s.draw.log_between(1e5, 1e8);
    spec.liquidity = s.worth(size, pair.base);
    if (s.draw.chance(0.5)) spec.impact_base = s.worth(size * 1e-3, pair.base);
    if (s.draw.chance(0.5)) spec.impact_quote = s.worth(size * 1e-3, pair.quote);
    if (s.draw.chance(0.3)) spec.cap_base = s.worth(size, pair.base);
    if (s.draw.chance(0.3)) spec.reserved.value = s.draw.between(0, 0.5);
    return {spec, {}};
  }
};

template <>
struct VenueGenerator<Metaorder> {
  static VenueNode make(Sketch& s, const Pair& pair) {
    Metaorder::Spec spec;
    vary(spec, s.draw);
    spec.pair = pair;
    spec.reach.value = s.draw.between(0.05, 0.3);
    const Amount daily = s.worth(s.draw.log_between(1e5, 1e8), pair.base);
    spec.volume = {daily.value / 86400, daily.unit};
    return {spec, {}};
  }
};

template <>
struct VenueGenerator<Redemption> {
  static VenueNode make(Sketch& s, const Pair& pair) {
    for (const auto& a : s.eco.assets) {
      const bool claim = a.name == pair.base && a.spec.rate && a.spec.rate->unit == pair.quote;
      if (!claim || (s.options.still && a.spec.discount)) continue;
      Redemption::Spec spec;
      vary(spec, s.draw);
      spec.pair = pair;
      const Amount daily = s.worth(s.draw.log_between(1e5, 1e8), pair.quote);
      spec.capacity = {daily.value / 86400, daily.unit};
      return {spec, {}};
    }
    return VenueGenerator<ConstantProduct>::make(s, pair);  // no claim: nobody pays by contract
  }
};

/// A venue of the n-th registered kind.
template <class... Kinds>
VenueNode make_venue(TypeList<Kinds...>, std::size_t n, Sketch& s, const Pair& pair) {
  using Make = VenueNode (*)(Sketch&, const Pair&);
  constexpr std::array<Make, sizeof...(Kinds)> makes{&VenueGenerator<Kinds>::make...};
  return makes[n](s, pair);
}

}  // namespace

void add_pool(Addition& c, const std::string& name, const Pair& pair, double size) {
  ConstantProduct::Spec pool;
  vary(pool, c.draw);
  pool.pair = pair;
  pool.liquidity = Amount{size, "$"};
  c.add(c.eco.venues, name, VenueNode{pool, {}});
}

VenueNode drawn_oracle_pool(Sketch& s, const Pair& pair) {
  return VenueGenerator<OraclePool>::make(s, pair);
}

void add_venue(Sketch& s, std::size_t kind, const Pair& pair) {
  VenueNode node = make_venue(VenueKinds{}, kind, s, pair);
  const bool outside = std::holds_alternative<Outside::Spec>(node.spec);
  const std::string name = fmt::format("{}.{}{}", s.prefix + (outside ? "world" : "dex"),
                                       s.venues.size(), outside ? pair.base : "");
  if (outside && std::any_of(s.venues.begin(), s.venues.end(), [&](const std::string& v) {
        return v.starts_with(s.prefix + "world") && v.ends_with(pair.base);
      })) {
    return;  // one outside market per asset
  }
  s.venues.push_back(name);
  s.eco.venues.push_back({name, {}, s.prefix + (outside ? "world" : "dex"), {}, std::move(node)});
}

void add_venues(Sketch& s) {
  std::size_t kind = s.options.seed;
  const auto next = [&] { return kind++ % VenueKinds::size; };
  for (const std::string& a : s.holdings()) {
    if (s.draw.chance(0.06)) continue;  // nobody can sell it
    const std::string root = s.draw.pick(s.roots);
    add_venue(s, next(), {a, root != a && s.draw.chance(0.5) ? root : quote_asset});
    if (s.draw.chance(0.5)) add_venue(s, next(), {a, quote_asset});
    s.traded.push_back(a);
  }
}

}  // namespace faultline::laws
