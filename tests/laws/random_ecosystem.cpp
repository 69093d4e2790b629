#include "tests/laws/random_ecosystem.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <fmt/format.h>

#include "sim/expand_contracts.hpp"
#include "tests/laws/vary.hpp"

namespace faultline::laws {

namespace {

const std::string quote_asset = "USDX";

/// One half of a world while it is being drawn: names already taken, and prices to size things by.
struct Sketch {
  Draw& draw;
  const Options& options;
  Ecosystem& eco;
  std::string prefix;
  std::map<std::string, double> usd{};
  std::vector<std::string> roots{}, claims{}, traded{}, venues{}, markets{};
  std::string unpriced{};  // an asset nobody can price, if there is one

  std::vector<std::string> holdings() const {
    std::vector<std::string> all = roots;
    all.insert(all.end(), claims.begin(), claims.end());
    return all;
  }
  /// Dollars written as dollars or as units of `asset`.
  Amount worth(double dollars, const std::string& asset) {
    if (draw.chance(0.5)) return {dollars, "$"};
    return {dollars / usd.at(asset), asset};
  }
};

// ---- venues: one generator per kind; the primary template stays undefined -----------------------

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

// ---- oracles: one generator per stage of the pipeline -------------------------------------------

template <class Stage>
struct StageGenerator;

/// Another feed of the asset, for feeds that read feeds.
std::string raw_feed(Sketch& s, const std::string& asset) {
  FeedSpec raw;
  raw.latency.value = s.draw.chance(0.5) ? 0 : 36;
  const std::string name = s.prefix + "raw." + asset;
  s.eco.oracles.push_back({name, {}, s.prefix + "raw", {}, raw});
  return name;
}

template <>
struct StageGenerator<Source> {
  static void vary_stage(Sketch& s, const std::string& asset, FeedSpec& spec) {
    vary(static_cast<Source::Spec&>(spec), s.draw);
    spec.reads.clear();
    std::vector<std::string> trades;
    for (const auto& v : s.eco.venues) {
      std::visit(
          [&]<class Spec>(const Spec& venue) {
            if constexpr (requires { venue.oracle; }) return;  // its price is an oracle's itself
            if (venue.pair.base == asset || venue.pair.quote == asset) trades.push_back(v.name);
          },
          v.spec.spec);
    }
    spec.live.reset();
    if (s.draw.chance(0.1)) spec.live = true;
    const double u = s.draw.uniform();
    if (u < 0.3 && !trades.empty()) {
      spec.venue = Name{s.draw.pick(trades)};
    } else if (u < 0.5 && !trades.empty()) {
      std::vector<Name>& list = s.draw.chance(0.4)   ? spec.mean
                                : s.draw.chance(0.3) ? spec.votes
                                                     : spec.median;
      for (const std::string& t : trades) list.push_back({t});
      if (s.draw.chance(0.3)) list.push_back({raw_feed(s, asset)});
    } else if (u < 0.55) {
      spec.feed = Name{raw_feed(s, asset)};
    } else if (u < 0.6) {
      spec.fixed = Amount{s.usd.at(asset), "$"};
    } else if (u < 0.75) {
      spec.reads = "reference";
    } else if (u < 0.85) {
      for (const auto& a : s.eco.assets) {
        if (a.name == asset && a.spec.rate) spec.reads = s.draw.chance(0.5) ? "backing" : "rate";
      }
    }
  }
};

template <>
struct StageGenerator<Aggregate> {
  static void vary_stage(Sketch& s, const std::string&, FeedSpec& spec) {
    vary(static_cast<Aggregate::Spec&>(spec), s.draw);
    spec.quorum = 1;
    if (s.draw.chance(0.3)) spec.outlier = Ratio{s.draw.between(0.001, 0.1)};
    for (const auto* list : {&spec.median, &spec.mean}) {
      if (!list->empty() && s.draw.chance(0.4)) {
        spec.weights[list->front().text] = {s.draw.between(0.2, 3)};
      }
    }
  }
};

template <>
struct StageGenerator<Premium> {
  static void vary_stage(Sketch& s, const std::string&, FeedSpec& spec) {
    vary(static_cast<Premium::Spec&>(spec), s.draw);
    if (spec.venue && s.draw.chance(0.4)) spec.premium = spec.venue;
  }
};

template <>
struct StageGenerator<Growth> {
  static void vary_stage(Sketch& s, const std::string&, FeedSpec& spec) {
    vary(static_cast<Growth::Spec&>(spec), s.draw);
    if (s.draw.chance(0.2)) spec.growth = PerYear{s.draw.between(0, 0.3)};
  }
};

template <>
struct StageGenerator<FeedRatio> {
  static void vary_stage(Sketch& s, const std::string&, FeedSpec& spec) {
    if (!spec.feed || !s.draw.chance(0.5)) return;
    spec.times = spec.over = spec.feed;  // multiplied by a feed and divided by it again
  }
};

template <>
struct StageGenerator<Bounds> {
  static void vary_stage(Sketch& s, const std::string& asset, FeedSpec& spec) {
    vary(static_cast<Bounds::Spec&>(spec), s.draw);
    if (s.draw.chance(0.3)) spec.min = Amount{s.usd.at(asset) * s.draw.between(0.3, 0.9), "$"};
    if (s.draw.chance(0.3)) spec.max = Amount{s.usd.at(asset) * s.draw.between(1.1, 3), "$"};
  }
};

template <>
struct StageGenerator<Publish> {
  static void vary_stage(Sketch& s, const std::string&, FeedSpec& spec) {
    vary(static_cast<Publish::Spec&>(spec), s.draw);
    if (s.draw.chance(0.3)) spec.latency.value = 0;
    if (s.draw.chance(0.3)) spec.deviation.value = 0;
    if (s.draw.chance(0.3)) spec.heartbeat.reset();
    spec.pays.reset();
    if (s.draw.chance(0.2)) spec.pays = Amount{s.draw.between(20, 200), "$"};
  }
};

template <>
struct StageGenerator<Smooth> {
  static void vary_stage(Sketch& s, const std::string&, FeedSpec& spec) {
    vary(static_cast<Smooth::Spec&>(spec), s.draw);
    const double u = s.draw.uniform();
    if (u < 0.1) spec.ema = Seconds{s.draw.log_between(12, 3600)};
    if (u >= 0.1 && u < 0.15) spec.half_life = Seconds{s.draw.log_between(12, 3600)};
    if (u >= 0.15 && u < 0.3) spec.twap = Seconds{s.draw.log_between(12, 3600)};
  }
};

template <>
struct StageGenerator<Delay> {
  static void vary_stage(Sketch& s, const std::string&, FeedSpec& spec) {
    vary(static_cast<Delay::Spec&>(spec), s.draw);
    if (s.draw.chance(0.1)) spec.delay = Seconds{s.draw.log_between(60, 3600)};
  }
};

template <>
struct StageGenerator<Guard> {
  static void vary_stage(Sketch& s, const std::string&, FeedSpec& spec) {
    vary(static_cast<Guard::Spec&>(spec), s.draw);
    if (s.options.still) {  // an answer kept fresh by its heartbeat, or never asked for its age
      const double below_s = 8000;  // what it rests on may be as old as that
      if (spec.heartbeat)
        spec.max_age = Seconds{spec.heartbeat->value + spec.latency.value + 600 + below_s};
    } else if (s.draw.chance(0.3)) {
      spec.max_age = Seconds{s.draw.log_between(60, 2e4)};
      if (s.draw.chance(0.4)) spec.max_jump = Ratio{s.draw.between(0.001, 0.2)};
      if (s.draw.chance(0.4)) spec.max_confidence = Ratio{s.draw.between(0.0001, 0.01)};
    }
    if (spec.feed && s.draw.chance(0.5)) spec.fallback = spec.feed;
    if (!spec.fallback && spec.on_failure == "fallback") spec.on_failure = "refuse";
  }
};

template <class... Stages>
void vary_stages(TypeList<Stages...>, Sketch& s, const std::string& asset, FeedSpec& spec) {
  (StageGenerator<Stages>::vary_stage(s, asset, spec), ...);
}

void add_oracles(Sketch& s) {
  for (const std::string& a : s.holdings()) {
    if (s.draw.chance(0.3)) continue;  // the default feed
    FeedSpec spec;
    vary_stages(FeedStages{}, s, a, spec);
    s.eco.oracles.push_back({a, {}, {}, {}, spec});
  }
}

// ---- markets: one generator per kind ------------------------------------------------------------

void vary_terms(Sketch& s, LendingTermsSpec& t) {
  vary(t, s.draw);
  t.lltv.reset();
  t.lt.value = s.draw.between(0.5, 0.9);
  t.ltv.value = t.lt.value * s.draw.between(0.7, 1);
  t.bonus = Ratio{s.draw.between(0, std::min(0.15, 0.97 / t.lt.value - 1))};
  t.seize_share.value = s.draw.chance(0.3) ? s.draw.between(0, 0.03) : 0;
  t.protocol_fee.value = s.draw.chance(0.5) ? s.draw.between(0, 0.2) : 0;
  if (s.draw.chance(0.5)) t.close_factor = Ratio{s.draw.between(0.2, 1)};
  if (s.draw.chance(0.5)) t.full_below_hf = Ratio{s.draw.between(0.8, 1)};
  if (s.draw.chance(0.5)) t.small = Amount{s.draw.log_between(1, 5000), "$"};
  if (s.draw.chance(0.3)) t.min_leftover = Amount{s.draw.log_between(1, 2000), "$"};
  t.target_health.reset();
  t.full_bonus_below.reset();
  t.max_discount.reset();
  if (s.draw.chance(0.2)) t.target_health = Ratio{s.draw.between(1, 1.3)};
  if (s.draw.chance(0.2)) t.full_bonus_below = Ratio{s.draw.between(0.6, 0.99)};
  if (s.draw.chance(0.1)) {
    t.max_discount = Ratio{s.draw.between(0, std::min(0.2, 1 - t.lt.value / 0.97))};
  }
}

void vary_rate(Sketch& s, RateSpec& rate) {
  vary(rate, s.draw);
  if (s.options.still || s.draw.chance(0.3)) rate.kind = "none";
}

/// Adds one account: two or three legs of `assets`, by place; collateral first.
void add_account(Sketch& s, PositionRows& rows, const std::vector<std::size_t>& collateral,
                 const std::vector<double>& weights, std::size_t debt) {
  if (rows.first_leg.empty()) rows.first_leg.push_back(0);
  const double owed = s.draw.log_between(50, 3e5);
  const double health =
      s.options.still ? s.draw.between(1.3, 3) : std::exp(s.draw.between(-0.06, 0.8));
  const double share = s.draw.between(0.2, 0.8);
  for (std::size_t i = 0; i < collateral.size(); ++i) {
    const double part = collateral.size() == 1 ? 1 : i == 0 ? share : 1 - share;
    const std::string& asset = rows.assets[collateral[i]];
    rows.legs.push_back({static_cast<std::uint16_t>(collateral[i]), 0, 0});
    rows.amounts.push_back(owed * health * part / (weights[collateral[i]] * s.usd.at(asset)));
  }
  rows.legs.push_back({static_cast<std::uint16_t>(debt), 1, 0});
  rows.amounts.push_back(owed / s.usd.at(rows.assets[debt]));
  rows.first_leg.push_back(static_cast<std::uint32_t>(rows.legs.size()));
  rows.accounts.push_back(fmt::format("account-{}", rows.accounts.size()));
}

/// Units of one asset all accounts post and owe, the greater of the two.
double most_used(const PositionRows& rows, std::size_t asset) {
  double posted = 0, owed = 0;
  for (std::size_t l = 0; l < rows.legs.size(); ++l) {
    if (rows.legs[l].asset == asset) (rows.legs[l].side == 1 ? owed : posted) += rows.amounts[l];
  }
  return std::max(posted, owed);
}

template <class Kind>
struct MarketGenerator;

template <>
struct MarketGenerator<PooledLending> {
  static MarketNode make(Sketch& s) {
    PooledLending::Spec spec;
    vary(spec.losses, s.draw);
    MarketNode node;
    node.rows.assets = s.holdings();
    node.rows.assets.push_back(quote_asset);
    std::vector<double> weights;
    for (const std::string& a : node.rows.assets) {
      ReserveSpec& r = spec.reserves[a];
      vary_terms(s, r);
      vary_rate(s, r.rate);
      r.collateral = true;
      weights.push_back(r.lt.value);
    }
    const std::size_t n = node.rows.assets.size();
    const bool grouped = !s.options.still && s.draw.chance(0.25);
    for (int i = 0; !grouped && i < 3 * s.options.size * s.options.size; ++i) {
      std::vector<std::size_t> collateral{s.draw.below(n)};
      const std::size_t second = s.draw.below(n);
      if (s.draw.chance(0.4) && second != collateral[0]) collateral.push_back(second);
      add_account(s, node.rows, collateral, weights, s.draw.below(n));
    }
    for (std::size_t a = 0; a < n; ++a) size_reserve(s, node, a, spec.reserves, grouped);
    if (!s.unpriced.empty()) {
      ReserveSpec& r = spec.reserves[s.unpriced];
      vary_terms(s, r);
      vary_rate(s, r.rate);
      r.supplied = Amount{s.draw.log_between(1, 1e6), s.unpriced};
    }
    node.spec = spec;
    return node;
  }

 private:
  static void size_reserve(Sketch& s, MarketNode& node, std::size_t a,
                           std::map<std::string, ReserveSpec>& reserves, bool grouped) {
    const std::string& asset = node.rows.assets[a];
    ReserveSpec& r = reserves[asset];
    const double used = most_used(node.rows, a);
    if (grouped && s.draw.chance(0.5)) {
      r.borrowed = s.worth(s.draw.log_between(1e4, 1e6), asset);
      AccountGroup g;
      g.name = "group-" + asset;
      g.count = static_cast<long>(4 + s.draw.below(12));
      g.owes[asset] = *r.borrowed;
      node.groups.push_back(g);
    } else if (used > 0 && s.draw.chance(0.7)) {
      r.supplied = Amount{used * s.draw.between(1.02, 2), asset};
    }
    if (s.draw.chance(0.3)) r.supply_cap = s.worth(s.draw.log_between(1e5, 1e8), asset);
    if (s.draw.chance(0.3)) r.borrow_cap = s.worth(s.draw.log_between(1e5, 1e8), asset);
    if (s.draw.chance(0.3)) r.protocol_reserves = s.worth(s.draw.log_between(10, 1e5), asset);
  }
};

template <>
struct MarketGenerator<IsolatedMarket> {
  static MarketNode make(Sketch& s) {
    IsolatedMarket::Spec spec;
    vary(spec.losses, s.draw);
    vary_terms(s, spec);
    vary_rate(s, spec.rate);
    if (s.draw.chance(0.5)) {
      spec.lltv = Ratio{s.draw.between(0.6, 0.92)};
      spec.bonus.reset();
      spec.lt = *spec.lltv;
      spec.max_discount.reset();
    }
    MarketNode node;
    const std::string collateral = s.draw.pick(s.holdings());
    std::string loan = s.draw.chance(0.5) ? quote_asset : s.roots[0];
    if (loan == collateral) loan = quote_asset;
    spec.lends = {loan};
    spec.collateral = {collateral};
    node.rows.assets = {collateral, loan};
    for (int i = 0; i < s.options.size * s.options.size; ++i) {
      add_account(s, node.rows, {0}, {spec.lt.value, 1}, 1);
    }
    if (s.draw.chance(0.6)) {
      spec.supplied = Amount{most_used(node.rows, 1) * s.draw.between(1.02, 2), loan};
    }
    node.spec = spec;
    return node;
  }
};

template <>
struct MarketGenerator<BandMarket> {
  static MarketNode make(Sketch& s) {
    BandMarket::Spec spec;
    vary(spec, s.draw);
    vary_rate(s, spec.rate);
    MarketNode node;
    const std::string collateral = s.draw.pick(s.holdings());
    std::string coin = s.draw.chance(0.5) ? quote_asset : s.roots[0];
    if (coin == collateral) coin = quote_asset;
    spec.lends = {coin};
    spec.collateral = {collateral};
    spec.amplification = s.draw.between(50, 200);
    spec.oracle.reset();
    spec.base_price.reset();
    spec.supplied.reset();
    spec.borrowed.reset();
    spec.fee.value = s.draw.between(0.0005, 0.02);
    spec.loan_discount.value = s.draw.between(0.05, 0.2);
    spec.liquidation_discount.value = s.draw.between(0.02, spec.loan_discount.value);
    spec.oracle_half_life.value = s.draw.chance(0.3) ? 0 : s.draw.log_between(30, 3000);
    node.rows.assets = {collateral, coin};
    if (s.draw.chance(0.4)) {
      AccountGroup g;
      g.name = "loans";
      g.count = static_cast<long>(4 + s.draw.below(20));
      g.owes[coin] = s.worth(s.draw.log_between(1e4, 1e6), coin);
      g.bands = s.draw.chance(0.5) ? 0 : static_cast<long>(4 + s.draw.below(20));
      node.groups.push_back(g);
    }
    // What a loan of `bands` becomes at the price, less the discount, is its collateral's weight.
    const double weight = (1 - spec.liquidation_discount.value) *
                          (1 - static_cast<double>(spec.bands) / (2 * spec.amplification));
    for (int i = 0; i < s.options.size * s.options.size; ++i) {
      add_account(s, node.rows, {0}, {weight, 1}, 1);
      if (!s.options.still && s.draw.chance(0.4)) lay_somewhere(s, node.rows);
    }
    if (s.draw.chance(0.4)) {
      spec.supplied = Amount{most_used(node.rows, 1) * s.draw.between(1.02, 2) +
                                 (node.groups.empty() ? 0 : 2e6 / s.usd.at(coin)),
                             coin};
    }
    node.spec = spec;
    return node;
  }

 private:
  /// The last account's loan lies where the price has been, and holds coins.
  static void lay_somewhere(Sketch& s, PositionRows& rows) {
    rows.bands.resize(rows.accounts.size());
    const long first = static_cast<long>(s.draw.below(60)) - 20;
    rows.bands.back() = {first, first + 3 + static_cast<long>(s.draw.below(30))};
    if (s.draw.chance(0.5)) return;
    rows.legs.push_back({1, 0, 0});
    rows.amounts.push_back(s.draw.log_between(50, 1e4) / s.usd.at(rows.assets[1]));
    rows.first_leg.back() = static_cast<std::uint32_t>(rows.legs.size());
  }
};

/// Who bears the losses of a perpetual venue; its vaults and funds are added to the world.
std::vector<std::string> absorbers(Sketch& s) {
  std::vector<std::string> out{"margin"};
  const std::string suffix = std::to_string(s.eco.vaults.size() + s.eco.funds.size());
  if (s.draw.chance(0.5)) {
    VaultSpec vault;
    vary(vault, s.draw);
    vault.holds = s.worth(s.draw.log_between(1e4, 1e7), s.roots[0]);
    s.eco.vaults.push_back({s.prefix + "vault" + suffix, {}, {}, {}, vault});
    out.push_back(s.eco.vaults.back().name);
  }
  if (s.draw.chance(0.5)) {
    FundSpec fund;
    vary(fund, s.draw);
    fund.holds = s.worth(s.draw.log_between(1e3, 1e6), s.roots[0]);
    if (s.draw.chance(0.4)) fund.cap = s.worth(s.draw.log_between(1e2, 1e5), s.roots[0]);
    s.eco.funds.push_back({s.prefix + "fund" + suffix, {}, {}, {}, fund});
    out.push_back(s.eco.funds.back().name);
  }
  if (s.draw.chance(0.7)) out.push_back("adl");
  if (s.draw.chance(0.5)) out.push_back("socialise");
  return out;
}

/// Margin that rises with the size of a position, at notionals some accounts reach.
void add_tiers(Sketch& s, PerpContractSpec& contract, double open_usd) {
  if (s.draw.chance(0.5)) return;
  contract.tiers.resize(1);
  MarginTierSpec& first = contract.tiers[0];
  first.above = {0, "$"};
  first.maintenance.reset();
  first.max_leverage.value = s.draw.between(15, 40);
  double above = open_usd * s.draw.log_between(1e-3, 0.05), leverage = first.max_leverage.value;
  for (std::size_t n = 0; n < 1 + s.draw.below(3); ++n) {
    MarginTierSpec next;
    next.above = s.worth(above, quote_asset);
    leverage *= s.draw.between(0.4, 0.9);
    next.max_leverage.value = std::max(1.0, leverage);
    contract.tiers.push_back(next);
    above *= s.draw.between(1.5, 4);
  }
}

/// Traders of both sides, posting the assets of `posts` in some proportion.
void add_traders(Sketch& s, MarketNode& node, const std::vector<std::string>& posts,
                 std::size_t most_contracts) {
  for (const bool is_long : {true, false}) {
    TraderGroup g;
    g.name = is_long ? "longs" : "shorts";
    g.is_long = is_long;
    g.count = static_cast<long>(5 + s.draw.below(20));
    g.leverage_median = s.draw.between(1.5, 8);
    g.leverage_high = g.leverage_median * s.draw.between(1.5, 4);
    g.entry_sd = 0.05;
    g.contracts = static_cast<long>(1 + s.draw.below(most_contracts));
    for (const std::string& asset : posts) {
      if (s.draw.chance(0.7)) g.posts[asset] = s.draw.between(0.1, 1);
    }
    node.traders.push_back(g);
  }
}

template <>
struct MarketGenerator<PerpMarket> {
  static MarketNode make(Sketch& s) {
    PerpMarket::Spec spec;
    spec.collateral[quote_asset];
    if (s.draw.chance(0.6)) {
      PerpCollateralSpec& posted = spec.collateral[s.draw.pick(s.holdings())];
      vary(posted, s.draw);
      posted.weight.value = s.draw.between(0.5, 0.99);
    }
    spec.settles = Name{quote_asset};
    spec.mark.median.clear();
    for (const char* part : {"premium", "book", "average", "index"}) {
      if (s.options.still && std::string_view(part) == "index") continue;  // it may be off
      if (s.draw.chance(0.5)) spec.mark.median.push_back(part);
    }
    if (spec.mark.median.empty()) spec.mark.median.push_back("book");
    vary(spec.liquidation, s.draw);
    vary(spec.adl, s.draw);
    vary(spec.funding, s.draw);
    if (!funding_problem(spec.funding).empty()) {
      spec.funding = {};
      spec.funding.kind = "premium";
    }
    if (s.options.still || s.draw.chance(0.3)) spec.funding.kind = "none";
    if (s.draw.chance(0.6)) spec.liquidation.takeover_below = Ratio{s.draw.between(0.3, 0.9)};
    spec.liquidate_at.value = s.draw.chance(0.3) ? s.draw.between(1, 1.2) : 1;
    spec.losses = absorbers(s);
    MarketNode node;
    for (const std::string& root : s.roots) {
      if (!spec.contracts.empty() && s.draw.chance(0.5)) continue;
      PerpContractSpec& contract = spec.contracts[root];
      vary(contract, s.draw);
      const double size = s.draw.log_between(1e5, 1e7);
      contract.open_interest = s.worth(size, root);
      contract.depth = {s.worth(size * s.draw.between(0.005, 0.5), root), 0.01};
      contract.permanent.value = 0;
      add_tiers(s, contract, size);
    }
    if (s.draw.chance(0.25)) {  // coin-margined: one contract, paid in its coin
      const std::string coin = spec.contracts.begin()->first;
      PerpContractSpec contract = spec.contracts.begin()->second;
      contract.inverse = Name{quote_asset};
      spec.settles = Name{coin};
      spec.collateral.clear();
      spec.collateral[coin];
      spec.contracts = {{coin, contract}};
    }
    std::vector<std::string> posts;
    for (const auto& [asset, collateral] : spec.collateral) posts.push_back(asset);
    add_traders(s, node, posts, 3);
    node.spec = spec;
    return node;
  }
};

template <>
struct MarketGenerator<PoolPerps> {
  static MarketNode make(Sketch& s) {
    const std::string root = s.draw.pick(s.roots);
    const std::string pool = fmt::format("{}gm{}", s.prefix, s.eco.venues.size());
    VenueNode venue = VenueGenerator<OraclePool>::make(s, {root, quote_asset});
    auto& swaps = std::get<OraclePool::Spec>(venue.spec);
    const double size = s.draw.log_between(1e6, 1e7);
    swaps.liquidity = s.worth(size, root);
    s.eco.venues.push_back({pool, {}, pool, {}, venue});
    s.venues.push_back(pool);
    PoolPerps::Spec spec;
    vary(spec, s.draw);
    spec.pool = {pool};
    spec.impact_positive.value = std::min(spec.impact_positive.value, spec.impact_negative.value);
    spec.impact_at = s.worth(size, root);
    spec.min_collateral.value = s.draw.between(0.002, 0.03);
    spec.liquidation_impact.value = s.draw.chance(0.3) ? s.draw.between(0, 0.01) : 0;
    spec.least_collateral = s.worth(s.draw.log_between(1, 1e3), root);
    spec.adl_above.value = s.draw.between(0.05, 0.9);
    spec.adl_until.value = spec.adl_above.value * s.draw.between(0.3, 0.95);
    spec.open_long = s.worth(size * s.draw.between(0.1, 1), root);
    spec.open_short = s.worth(size * s.draw.between(0.1, 1), root);
    spec.funding = {};
    if (!s.options.still && s.draw.chance(0.7)) {
      spec.funding.kind = "adaptive";
      if (s.draw.chance(0.5)) spec.funding.every.value = 0;
    }
    if (s.options.still) spec.borrow_base.value = spec.borrow_above.value = 0;
    MarketNode node;
    add_traders(s, node, {root, quote_asset}, 1);
    for (TraderGroup& g : node.traders) {
      if (s.options.still) g.entry_sd = 0;  // gains could close them at once
    }
    node.spec = spec;
    return node;
  }
};

template <>
struct MarketGenerator<TroveMarket> {
  static MarketNode make(Sketch& s) {
    TroveMarket::Spec spec;
    vary(spec, s.draw);
    const std::string collateral = s.draw.pick(s.holdings());
    std::string coin = s.draw.chance(0.5) ? quote_asset : s.roots[0];
    if (coin == collateral) coin = quote_asset;
    spec.lends = {coin};
    spec.collateral = {collateral};
    spec.mcr.value = s.draw.between(1.05, 1.5);
    spec.ccr.value = spec.mcr.value + s.draw.between(0, 1);
    spec.recovery_mode = !s.options.still && s.draw.chance(0.6);
    spec.caller_share.value = s.draw.between(0, 0.02);
    spec.fee.value = s.options.still || s.draw.chance(0.5) ? 0 : s.draw.between(0, 0.2);
    spec.line = s.worth(s.draw.log_between(1e5, 1e8), coin);
    if (s.draw.chance(0.3)) spec.caller_most = s.worth(s.draw.log_between(1, 1e3), collateral);
    if (s.draw.chance(0.4)) spec.pool_penalty = Ratio{s.draw.between(0, 0.2)};
    if (s.draw.chance(0.4)) spec.others_penalty = Ratio{s.draw.between(0, 0.2)};
    spec.pool_keeps = s.worth(s.draw.log_between(0.1, 10), coin);
    if (!s.options.still && s.draw.chance(0.6)) {
      spec.redemption = CoinRedemptionSpec{};
      spec.redemption->fee.value = s.draw.between(0, 0.02);
      spec.redemption->beta = s.draw.log_between(0.5, 10);
      spec.redemption->half_life.value = s.draw.log_between(60, 1e5);
    }
    MarketNode node;
    node.rows.assets = {collateral, coin};
    for (int i = 0; i < s.options.size * s.options.size; ++i) {
      add_account(s, node.rows, {0}, {1 / spec.mcr.value, 1}, 1);
    }
    double owed = 0;
    for (std::size_t l = 0; l < node.rows.legs.size(); ++l) {
      if (node.rows.legs[l].side == 1) owed += node.rows.amounts[l];
    }
    if (s.draw.chance(0.8)) spec.pool = Amount{owed * s.draw.between(0, 0.95), coin};
    node.spec = spec;
    return node;
  }
};

template <>
struct MarketGenerator<AbsorbingMarket> {
  static MarketNode make(Sketch& s) {
    AbsorbingMarket::Spec spec;
    const bool of_quote = s.draw.chance(0.6) || s.holdings().size() == 1;
    const std::string base = of_quote ? quote_asset : s.roots[0];
    MarketNode node;
    std::vector<double> weights;
    std::vector<std::string> taken = s.holdings();
    if (base != quote_asset && s.draw.chance(0.5)) taken.push_back(quote_asset);
    for (const std::string& asset : taken) {
      if (asset == base) continue;
      AbsorbedCollateralSpec& c = spec.collateral[asset];
      c.liquidate_cf.value = s.draw.between(0.5, 0.92);
      c.borrow_cf.value = c.liquidate_cf.value * s.draw.between(0.7, 0.99);
      c.liquidation_factor.value =
          s.draw.chance(0.1) ? 0 : s.draw.between(c.liquidate_cf.value * 0.95, 1);
      if (s.draw.chance(0.3)) c.supply_cap = s.worth(s.draw.log_between(1e5, 1e8), asset);
      node.rows.assets.push_back(asset);
      weights.push_back(c.liquidate_cf.value);
    }
    const std::size_t n = node.rows.assets.size();
    node.rows.assets.push_back(base);
    weights.push_back(1);
    spec.lends = {base};
    vary_rate(s, spec.rate);
    spec.price_factor.value = s.draw.between(0, 1);
    spec.pays_gas = s.draw.chance(0.4);
    if (s.draw.chance(0.8)) spec.target_reserves = s.worth(s.draw.log_between(10, 1e6), base);
    if (s.draw.chance(0.6)) spec.protocol_reserves = s.worth(s.draw.log_between(10, 1e5), base);
    for (int i = 0; i < 2 * s.options.size * s.options.size; ++i) {
      std::vector<std::size_t> collateral{s.draw.below(n)};
      const std::size_t second = s.draw.below(n);
      if (s.draw.chance(0.4) && second != collateral[0]) collateral.push_back(second);
      add_account(s, node.rows, collateral, weights, n);
    }
    if (s.draw.chance(0.7)) {
      spec.supplied = Amount{most_used(node.rows, n) * s.draw.between(1.02, 2), base};
    }
    node.spec = spec;
    return node;
  }
};

template <>
struct MarketGenerator<Cluster> {
  static MarketNode make(Sketch& s) {
    Cluster::Spec spec;
    MarketNode node;
    node.rows.assets = s.holdings();
    if (node.rows.assets.size() > 4) node.rows.assets.resize(4);
    node.rows.assets.push_back(quote_asset);
    const std::size_t n = node.rows.assets.size();
    std::vector<std::vector<double>> lt(n, std::vector<double>(n, 0));  // [owed][posted]
    std::vector<std::size_t> lend;
    for (std::size_t d = 0; d < n; ++d) {
      ClusterVaultSpec& v = spec.vaults[node.rows.assets[d]];
      vary_vault(s, v, node.rows.assets[d]);
      v.escrow = d + 1 < n && s.draw.chance(0.2);
      for (std::size_t c = 0; !v.escrow && c < n; ++c) {
        if (c == d || !(s.draw.chance(0.7) || (d + 1 == n && c == 0))) continue;
        ClusterPairSpec& pair = v.collateral[node.rows.assets[c]];
        lt[d][c] = pair.lt.value = s.draw.between(0.5, 0.95);
        if (s.draw.chance(0.5)) pair.ltv = Ratio{lt[d][c] * s.draw.between(0.8, 1)};
      }
      if (!v.collateral.empty()) lend.push_back(d);
    }
    for (int i = 0; i < 3 * s.options.size * s.options.size; ++i) {
      const std::size_t d = s.draw.pick(lend);
      std::vector<std::size_t> taken;
      for (std::size_t c = 0; c < n; ++c) {
        if (lt[d][c] > 0) taken.push_back(c);
      }
      std::vector<std::size_t> collateral{s.draw.pick(taken)};
      const std::size_t second = s.draw.pick(taken);
      if (s.draw.chance(0.4) && second != collateral[0]) collateral.push_back(second);
      add_account(s, node.rows, collateral, lt[d], d);
    }
    for (std::size_t a = 0; a < n; ++a) {
      ClusterVaultSpec& v = spec.vaults[node.rows.assets[a]];
      const double used = most_used(node.rows, a);
      if (s.draw.chance(0.7))
        v.supplied = Amount{used * s.draw.between(1.02, 2), node.rows.assets[a]};
    }
    node.spec = spec;
    return node;
  }

 private:
  static void vary_vault(Sketch& s, ClusterVaultSpec& v, const std::string& asset) {
    vary_rate(s, v.rate);
    v.max_discount.value = s.draw.between(0, 0.3);
    v.ramp.value = s.draw.chance(0.5) ? s.draw.log_between(60, 1e5) : 0;
    v.socialise = s.draw.chance(0.7);
    if (s.draw.chance(0.3)) v.least_socialised = s.worth(s.draw.log_between(1, 1e4), asset);
    if (s.draw.chance(0.2)) v.borrow_cap = s.worth(s.draw.log_between(1e5, 1e8), asset);
  }
};

template <>
struct MarketGenerator<CdpMarket> {
  static MarketNode make(Sketch& s) {
    CdpMarket::Spec spec;
    vary(spec, s.draw);
    const std::string collateral = s.draw.pick(s.holdings());
    std::string coin = s.draw.chance(0.5) ? quote_asset : s.roots[0];
    if (coin == collateral) coin = quote_asset;
    spec.lends = {coin};
    spec.collateral = {collateral};
    spec.mat.value = s.draw.between(1.05, 2);
    spec.fee.value = s.options.still || s.draw.chance(0.3) ? 0 : s.draw.between(0, 0.2);
    spec.line = s.worth(s.draw.log_between(1e5, 1e8), coin);
    if (s.draw.chance(0.4)) spec.dust = s.worth(s.draw.log_between(1, 1e4), coin);
    if (s.draw.chance(0.4)) spec.hole = s.worth(s.draw.log_between(1e3, 1e6), coin);
    if (s.draw.chance(0.3)) spec.system_hole = s.worth(s.draw.log_between(1e3, 1e6), coin);
    if (s.draw.chance(0.6)) spec.surplus = s.worth(s.draw.log_between(1, 1e5), coin);
    vary_auction(s, spec.auction, coin, collateral);
    if (s.draw.chance(0.6)) spec.debt_auction = debt_auction(s, coin, collateral);
    if (!s.options.still && s.draw.chance(0.4))
      spec.surplus_auction = surplus_auction(s, coin, collateral);
    MarketNode node;
    node.rows.assets = {collateral, coin};
    for (int i = 0; i < s.options.size * s.options.size; ++i) {
      add_account(s, node.rows, {0}, {1 / spec.mat.value, 1}, 1);
    }
    node.spec = spec;
    return node;
  }

 private:
  static void vary_auction(Sketch& s, AuctionSpec& a, const std::string& coin,
                           const std::string& collateral) {
    a.buf.value = s.draw.between(0.8, 1.3);
    a.cut.value =
        a.decay == "exponential" ? s.draw.between(0.99, 0.9999) : s.draw.between(0.8, 0.99);
    a.step.value = s.draw.log_between(1, 120);
    a.tail.value = s.draw.log_between(60, 3000);
    a.cusp.value = s.draw.between(0, 0.9);
    a.tau.value = s.draw.log_between(100, 3000);
    a.ttl.value = s.draw.log_between(10, 600);
    if (s.draw.chance(0.5)) a.tip = s.worth(s.draw.log_between(1, 300), coin);
    if (s.draw.chance(0.5)) a.lump = s.worth(s.draw.log_between(1e3, 1e6), collateral);
    if (s.draw.chance(0.3)) a.dunk = s.worth(s.draw.log_between(1e3, 1e6), coin);
    a.bidders = static_cast<long>(1 + s.draw.below(4));
    if (s.draw.chance(0.4)) a.pays = Amount{s.draw.between(0, 60), "$"};
  }
  /// An asset whose supply is known, if there is one.
  static Name governance_token(const Sketch& s, const std::string& coin,
                               const std::string& collateral) {
    Name token;
    for (const auto& asset : s.eco.assets) {
      const bool other =
          asset.name != coin && asset.name != collateral && s.usd.contains(asset.name);
      if (other && asset.spec.price && asset.spec.supply) token = {asset.name};
    }
    return token;
  }
  static std::optional<SurplusAuctionSpec> surplus_auction(Sketch& s, const std::string& coin,
                                                           const std::string& collateral) {
    SurplusAuctionSpec a;
    a.token = governance_token(s, coin, collateral);
    if (a.token.text.empty()) return std::nullopt;
    a.lot = s.worth(s.draw.log_between(1e2, 1e4), coin);
    a.buffer = s.worth(s.draw.log_between(1, 1e4), coin);
    a.ttl.value = s.draw.log_between(10, 300);
    a.tau.value = s.draw.log_between(100, 1000);
    return a;
  }
  static std::optional<DebtAuctionSpec> debt_auction(Sketch& s, const std::string& coin,
                                                     const std::string& collateral) {
    DebtAuctionSpec d;
    d.token = governance_token(s, coin, collateral);
    if (d.token.text.empty()) return std::nullopt;
    const double size = s.draw.log_between(1e2, 1e5);
    d.lot = s.worth(size, coin);
    d.offers = s.worth(size * s.draw.between(0.5, 3), d.token.text);
    d.wait.value = s.draw.chance(0.5) ? 0 : s.draw.log_between(10, 1000);
    d.ttl.value = s.draw.log_between(10, 300);
    d.tau.value = s.draw.log_between(100, 1000);
    return d;
  }
};

template <class... Kinds>
MarketNode make_market(MarketTypeList<Kinds...>, std::size_t n, Sketch& s) {
  using Make = MarketNode (*)(Sketch&);
  constexpr std::array<Make, sizeof...(Kinds)> makes{&MarketGenerator<Kinds>::make...};
  return makes[n % sizeof...(Kinds)](s);
}

void add_markets(Sketch& s) {
  const std::size_t count = 1 + s.draw.below(static_cast<std::size_t>(s.options.size));
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = fmt::format("{}m{}", s.prefix, i);
    s.markets.push_back(name);
    s.eco.markets.push_back(
        {name, {}, name, {}, make_market(MarketKinds{}, i + s.options.seed, s)});
    if (std::holds_alternative<BandMarket::Spec>(s.eco.markets.back().spec.spec)) {
      s.venues.push_back(band_pool_name(name));
    }
  }
}

// ---- curated vaults -----------------------------------------------------------------------------

/// Makes room for a vault's loan in a market that lends the quote asset; what it lends there, USD,
/// or 0.
double lent_by_vault(Sketch& s, MarketNode& node) {
  const auto debt = [&] {
    const auto& assets = node.rows.assets;
    const auto at = std::find(assets.begin(), assets.end(), quote_asset);
    return at == assets.end() ? 0.0
                              : most_used(node.rows, static_cast<std::size_t>(at - assets.begin()));
  };
  if (auto* market = std::get_if<IsolatedMarket::Spec>(&node.spec)) {
    if (market->lends.text != quote_asset || !node.groups.empty()) return 0;
    if (market->supplied) return market->supplied->value * s.draw.between(0.1, 0.9);
    return debt() * s.draw.between(1.02, 2) + s.draw.log_between(1, 1e4);
  }
  if (auto* market = std::get_if<AbsorbingMarket::Spec>(&node.spec)) {
    if (market->lends.text != quote_asset) return 0;
    if (market->supplied) return market->supplied->value * s.draw.between(0.1, 0.9);
    return debt() * s.draw.between(1.02, 2) + s.draw.log_between(1, 1e4);
  }
  auto* pool = std::get_if<PooledLending::Spec>(&node.spec);
  if (pool == nullptr) return 0;
  const auto reserve = pool->reserves.find(quote_asset);
  if (reserve == pool->reserves.end() || !reserve->second.supplied) return 0;
  const double usd = s.draw.log_between(1e2, 1e6);
  reserve->second.supplied->value += usd;
  return usd;
}

CuratedVaultSpec drawn_vault(Sketch& s) {
  CuratedVaultSpec v;
  vary(v, s.draw);
  if (s.draw.chance(0.6)) v.curator = s.prefix + (s.draw.chance(0.7) ? "house" : "other");
  v.asset = {quote_asset};
  v.performance_fee.value = s.draw.chance(0.5) ? s.draw.between(0, 0.3) : 0;
  if (!s.options.still && s.draw.chance(0.2)) v.management_fee.value = s.draw.between(0, 0.05);
  if (v.losses == "realise" && s.draw.chance(0.3)) v.max_rate = PerYear{s.draw.between(0, 2)};
  v.timelock.value = s.draw.chance(0.5) ? 0 : s.draw.log_between(10, 1000);
  if (s.draw.chance(0.6)) v.allocates["idle"] = s.worth(s.draw.log_between(10, 1e6), quote_asset);
  if (s.draw.chance(0.5)) {
    ReallocationSpec& curator = v.reallocates.emplace();
    vary(curator, s.draw);
    curator.after.value = s.draw.chance(0.3) ? 0 : s.draw.log_between(10, 1000);
    if (s.options.still) curator.full.value = 1;
    if (s.draw.chance(0.5)) curator.out_of.push_back({s.draw.pick(s.holdings())});
    curator.raises_caps = s.draw.chance(0.5);
    if (s.draw.chance(0.7)) {
      curator.gives_up = Seconds{s.draw.log_between(1, 100)};
      curator.out_of.push_back({"bad"});
    }
  }
  return v;
}

/// A market that takes a vault's share as collateral: small, so that its shares suffice.
void add_share_market(Sketch& s, const std::string& name, const std::string& share) {
  IsolatedMarket::Spec spec;
  vary(spec.losses, s.draw);
  vary_terms(s, spec);
  vary_rate(s, spec.rate);
  spec.lends = {quote_asset};
  spec.collateral = {share};
  MarketNode node;
  node.rows.assets = {share, quote_asset};
  for (int i = 0; i < 2; ++i) add_account(s, node.rows, {0}, {spec.lt.value, 1}, 1);
  node.spec = spec;
  s.eco.markets.push_back({name, {}, name, {}, node});
  s.markets.push_back(name);
}

/// One or two vaults over what lends the quote asset; their shares may be collateral of markets
/// that either of them funds.
void add_curated_vaults(Sketch& s) {
  if (s.draw.chance(0.4)) return;
  const std::size_t count = 1 + s.draw.below(2);
  std::vector<CuratedVaultSpec> vaults;
  for (std::size_t i = 0; i < count; ++i) vaults.push_back(drawn_vault(s));
  const auto name_of = [&](std::size_t i) { return fmt::format("{}cv.{}", s.prefix, i); };
  const auto lend = [&](std::size_t to, const std::string& market, double usd) {
    vaults[to].allocates[market] = {usd, "$"};
    if (s.draw.chance(0.4)) vaults[to].caps[market] = {usd * s.draw.between(1, 1.5), "$"};
  };
  for (auto& market : s.eco.markets) {
    if (!market.name.starts_with(s.prefix) || s.draw.chance(0.3)) continue;
    const double usd = lent_by_vault(s, market.spec);
    if (usd > 0) lend(s.draw.below(count), market.name, usd);
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (s.draw.chance(0.5)) continue;
    AssetSpec share;
    share.rate = Rate{s.draw.between(0.8, 1.5), quote_asset};
    const std::string asset = fmt::format("{}VS{}", s.prefix, i), market = s.prefix + "on" + asset;
    s.eco.assets.push_back({asset, {}, {}, {}, share});
    s.usd[asset] = share.rate->value;
    vaults[i].issues = Name{asset};
    add_share_market(s, market, asset);
    const PositionRows& rows = s.eco.markets.back().spec.rows;
    lend(s.draw.below(count), market, most_used(rows, 1) * 1.5);
    const bool traded = s.draw.chance(0.3);  // enough of it for those who post it, and for pools
    const double posted = most_used(rows, 0) * share.rate->value * s.draw.between(1, 3);
    vaults[i].allocates["idle"] = {traded ? 1e9 : posted, "$"};
    if (traded) add_venue(s, s.draw.below(VenueKinds::size), {asset, quote_asset});
  }
  if (count == 2 && s.draw.chance(0.4)) {
    Amount& idle = vaults[0].allocates["idle"];
    idle = {std::max(idle.value, 0.0) + 1e7, "$"};
    vaults[1].allocates[name_of(0)] = {s.draw.log_between(1e3, 1e6), "$"};
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (vaults[i].allocates.empty()) vaults[i].allocates["idle"] = {1e3, "$"};
    s.eco.curated.push_back({name_of(i), {}, s.prefix + "cv", {}, vaults[i]});
  }
}

// ---- agents: one generator per kind -------------------------------------------------------------

std::vector<Name> names_of(const std::vector<std::string>& texts) {
  std::vector<Name> out;
  for (const std::string& t : texts) out.push_back({t});
  return out;
}

template <class Spec>
struct AgentGenerator;

template <>
struct AgentGenerator<ArbitrageurSpec> {
  static void add(Sketch& s) {
    std::vector<std::string> served;
    for (const std::string& v : s.venues) {
      if (s.draw.chance(0.9)) served.push_back(v);
    }
    if (served.empty()) return;
    ArbitrageurSpec spec;
    spec.between = names_of(served);
    if (s.draw.chance(0.4)) spec.capital = s.worth(s.draw.log_between(1e4, 1e7), s.roots[0]);
    if (s.draw.chance(0.4)) spec.latency.value = s.draw.between(0, 200);
    if (s.draw.chance(0.4)) spec.gas = Amount{s.draw.between(0, 40), "$"};
    s.eco.agents.push_back({s.prefix + "arbitrageurs", {}, {}, {}, spec});
  }
};

template <>
struct AgentGenerator<LiquidatorSpec> {
  static void add(Sketch& s) {
    const std::size_t groups = 1 + s.draw.below(2);
    for (std::size_t g = 0; g < groups; ++g) {
      LiquidatorSpec spec;
      for (std::size_t m = g; m < s.markets.size(); m += groups) {
        spec.serves.push_back({s.markets[m]});
      }
      if (spec.serves.empty()) continue;
      if (s.draw.chance(0.5)) spec.capital = s.worth(s.draw.log_between(1e3, 1e6), s.roots[0]);
      if (s.draw.chance(0.4)) spec.gas = Amount{s.draw.between(0, 100), "$"};
      s.eco.agents.push_back({fmt::format("{}liquidators{}", s.prefix, g), {}, {}, {}, spec});
    }
  }
};

template <>
struct AgentGenerator<MakerSpec> {
  static void add(Sketch& s) {
    std::vector<std::string> books;
    for (const auto& v : s.eco.venues) {
      const bool book = std::holds_alternative<OrderBook::Spec>(v.spec.spec);
      if (book && v.name.starts_with(s.prefix) && s.draw.chance(0.8)) books.push_back(v.name);
    }
    if (books.empty()) return;
    for (std::size_t g = 0; g < 1 + s.draw.below(2); ++g) {
      MakerSpec spec;
      spec.quotes = names_of(books);
      if (s.draw.chance(0.3)) spec.share = Ratio{s.draw.between(0.1, 0.5)};
      if (s.draw.chance(0.4)) spec.capital = s.worth(s.draw.log_between(1e3, 1e7), s.roots[0]);
      if (s.draw.chance(0.7)) vary(spec.retreat.emplace(), s.draw);
      s.eco.agents.push_back({fmt::format("{}makers{}", s.prefix, g), {}, {}, {}, spec});
    }
  }
};

/// Fields every flow agent has; nullopt where the world has nothing for it to trade.
template <class Spec>
std::optional<Spec> flow_spec(Sketch& s) {
  if (s.traded.empty() || s.draw.chance(0.82)) return std::nullopt;
  Spec spec;
  vary(spec, s.draw);
  spec.asset = {s.draw.pick(s.traded)};
  std::vector<std::string> trade;
  bool priced = false;  // by some venue: pools that trade at an oracle's price tell none
  for (const auto& v : s.eco.venues) {
    if (!v.name.starts_with(s.prefix)) continue;
    std::visit(
        [&]<class Venue>(const Venue& venue) {
          // Its other asset must not be valued by this venue: the quote asset never is.
          if (venue.pair.base != spec.asset.text || venue.pair.quote != quote_asset) return;
          trade.push_back(v.name);
          priced = priced || !(std::is_same_v<Venue, BandPool::Spec> ||
                               std::is_same_v<Venue, OraclePool::Spec>);
        },
        v.spec.spec);
  }
  if (trade.empty()) return std::nullopt;
  if (!priced || s.draw.chance(0.7)) spec.at = Name{s.draw.pick(trade)};
  if (s.draw.chance(0.3)) spec.capital = s.worth(s.draw.log_between(1e4, 1e7), spec.asset.text);
  if (s.draw.chance(0.3)) spec.gas = Amount{s.draw.between(0, 40), "$"};
  if (s.draw.chance(0.3)) spec.band = s.worth(s.draw.log_between(10, 1e5), spec.asset.text);
  if (s.draw.chance(0.3)) spec.every.value = s.draw.between(0, 300);
  if (s.draw.chance(0.3)) spec.latency.value = s.draw.between(0, 200);
  return spec;
}

void add_flow_agent(Sketch& s, std::string_view name, AgentSpecs spec) {
  s.eco.agents.push_back({s.prefix + std::string(name), {}, {}, {}, std::move(spec)});
}

template <>
struct AgentGenerator<OptionDealers::Spec> {
  static void add(Sketch& s) {
    auto spec = flow_spec<OptionDealers::Spec>(s);
    if (!spec) return;
    const std::string& asset = spec->asset.text;
    const double price = s.usd.at(asset);
    const bool timed = !s.options.still && s.draw.chance(0.6);  // a book's delta drifts by itself
    for (std::size_t i = 0; timed && i < 1 + s.draw.below(6); ++i) {
      OptionSpec option;
      vary(option, s.draw);
      option.strike = {price * s.draw.between(0.6, 1.4), "$"};
      option.expiry.value = s.draw.log_between(100, 1e6);
      option.size = s.worth(s.draw.log_between(1e3, 1e7), asset);
      if (s.draw.chance(0.5)) option.size.value *= -1;
      spec->options.push_back(option);
    }
    if (timed && s.draw.chance(0.3)) {
      OptionGridSpec grid;
      vary(grid, s.draw);
      grid.expiry.value = s.draw.log_between(100, 1e6);
      grid.calls = s.worth(s.draw.between(-1, 1) * 1e6, asset);
      grid.puts = s.worth(s.draw.between(-1, 1) * 1e6, asset);
      spec->grid.push_back(grid);
    }
    if (s.draw.chance(0.3)) spec->standard_size = s.worth(s.draw.log_between(1e4, 1e7), asset);
    double at = price * s.draw.between(0.3, 0.9);
    for (std::size_t i = 0; (!timed || s.draw.chance(0.3)) && i < 4; ++i) {
      ProfilePoint point;
      point.at = {at, "$"};
      point.gamma = {s.draw.between(-1, 0.5) * s.draw.log_between(1e2, 1e6), "$"};
      if (s.draw.chance(0.5)) point.vega = Amount{s.draw.between(-1e4, 1e4), "$"};
      spec->profile.push_back(point);
      at *= s.draw.between(1.05, 1.5);
    }
    if (spec->profile.size() == 1) spec->profile.clear();
    if (spec->options.empty() && spec->profile.empty()) return;
    if (s.draw.chance(0.3)) spec->iv_half_life = Seconds{s.draw.log_between(60, 1e5)};
    if (s.draw.chance(0.3)) spec->iv_on_fall = s.draw.between(0, 3);
    add_flow_agent(s, OptionDealers::name, *spec);
    if (s.options.still || s.draw.chance(0.5)) return;
    PutHolderSpec puts;
    vary(puts, s.draw);
    puts.from = {s.prefix + std::string(OptionDealers::name)};
    puts.strike = {price * s.draw.between(0.6, 1.4), "$"};
    puts.expiry.value = s.draw.log_between(100, 1e6);
    puts.size = s.worth(s.draw.log_between(1e3, 1e6), asset);
    add_flow_agent(s, PutHolderSpec::name, puts);
  }
};

template <>
struct AgentGenerator<PutHolderSpec> {
  static void add(Sketch&) {}  // needs dealers: added with them
};

template <>
struct AgentGenerator<PortfolioInsurers::Spec> {
  static void add(Sketch& s) {
    auto spec = flow_spec<PortfolioInsurers::Spec>(s);
    if (!spec) return;
    if (s.options.still) spec->policy = "cppi";  // the delta of a put drifts by itself
    spec->assets = s.worth(s.draw.log_between(1e4, 1e7), spec->asset.text);
    add_flow_agent(s, PortfolioInsurers::name, *spec);
  }
};

template <>
struct AgentGenerator<TrendFollowers::Spec> {
  static void add(Sketch& s) {
    auto spec = flow_spec<TrendFollowers::Spec>(s);
    if (!spec) return;
    spec->position = s.worth(s.draw.log_between(1e3, 1e7), spec->asset.text);
    spec->lookback.value = s.draw.log_between(60, 1e5);
    add_flow_agent(s, TrendFollowers::name, *spec);
  }
};

/// A dollar that rests on carry traders, backed by about as much as it owes; at rest, by more.
void add_synthetic_dollar(Sketch& s, const std::string& traders, double position_usd) {
  SyntheticDollarSpec vault;
  AssetSpec dollar;
  dollar.rate = Rate{1, quote_asset};
  const std::string name = s.prefix + "SD";
  const double reserve = position_usd * s.draw.between(0.05, 0.3);
  const double cover = s.options.still ? s.draw.between(1.1, 1.3) : s.draw.between(0.9, 1.3);
  dollar.supply = Amount{(1.5 * position_usd + reserve) / cover, name};
  s.eco.assets.push_back({name, {}, {}, {}, dollar});
  s.usd[name] = 1;
  vault.issues = {name};
  vault.rests_on = {{traders}};
  vault.holds[quote_asset] = {reserve, "$"};
  if (s.draw.chance(0.3)) vault.admits = "never";
  vault.reports.value = s.draw.chance(0.4) ? 0 : s.draw.log_between(10, 1e4);
  s.eco.dollars.push_back({s.prefix + "issuer", {}, {}, {}, vault});
  add_venue(s, s.draw.below(VenueKinds::size), {name, quote_asset});
}

template <>
struct AgentGenerator<BasisTraders::Spec> {
  static void add(Sketch& s) {
    for (const auto& market : s.eco.markets) {
      const auto* perps = std::get_if<PerpMarket::Spec>(&market.spec.spec);
      if (perps == nullptr || !market.name.starts_with(s.prefix)) continue;
      for (const auto& [root, contract] : perps->contracts) {
        auto spec = flow_spec<BasisTraders::Spec>(s);
        if (!spec || spec->asset.text != root || contract.inverse) continue;
        const Amount& open = *contract.open_interest;
        const double open_usd = open.unit == "$" ? open.value : open.value * s.usd.at(open.unit);
        const double usd = open_usd * s.draw.between(0.05, 0.6);
        spec->market = {market.name};
        spec->position = s.worth(usd, root);
        spec->leverage.value = s.options.still ? 2 : s.draw.between(0.5, 6);
        spec->capital.reset();
        spec->posts.reset();
        add_flow_agent(s, BasisTraders::name, *spec);
        if (s.draw.chance(0.7)) {
          add_synthetic_dollar(s, s.prefix + std::string(BasisTraders::name), usd);
        }
        return;
      }
    }
  }
};

template <>
struct AgentGenerator<CoinHolders::Spec> {
  static void add(Sketch&) {}  // need a coin: added with it (random_coins.cpp)
};

template <>
struct AgentGenerator<CheapBuyersSpec> {
  static void add(Sketch&) {}  // likewise
};

template <>
struct AgentGenerator<DepositorsSpec> {
  static void add(Sketch& s) {
    std::vector<std::string> lending;
    for (const auto& m : s.eco.markets) {
      const bool lends = std::holds_alternative<PooledLending::Spec>(m.spec.spec) ||
                         std::holds_alternative<IsolatedMarket::Spec>(m.spec.spec);
      if (lends && m.name.starts_with(s.prefix)) lending.push_back(m.name);
    }
    if (lending.empty() || s.draw.chance(0.5)) return;
    DepositorsSpec spec;
    vary(spec, s.draw);
    std::vector<std::string> curated;
    for (const auto& v : s.eco.curated) {
      if (v.name.starts_with(s.prefix) && s.draw.chance(0.7)) curated.push_back(v.name);
    }
    spec.in = names_of(lending);
    for (const std::string& v : curated) spec.in.push_back({v});
    spec.within.value = s.draw.log_between(10, 1e4);
    if (s.draw.chance(0.3)) spec.sees.hole.reset();
    if (s.draw.chance(0.3)) spec.sees.depeg.reset();
    if (s.draw.chance(0.3)) spec.sees.full->value = s.draw.between(0.5, 1);
    if (s.draw.chance(0.3)) spec.herding.value = s.draw.between(0, 5);
    if (s.draw.chance(0.4)) spec.large.value = s.draw.between(0, 1);
    if (s.draw.chance(0.5)) spec.fear.value = s.draw.between(0, 1);
    if (s.draw.chance(0.5)) spec.same_curator.value = s.draw.between(0, 1);
    if (s.draw.chance(0.5)) spec.same_asset.value = s.draw.between(0, 1);
    if (s.draw.chance(0.5)) spec.hearsay.value = s.draw.log_between(0.2, 20);
    if (s.draw.chance(0.6)) spec.borrows_out.value = s.draw.between(0, 1);
    if (lending.size() > 1 && s.draw.chance(0.5)) {  // what two of them lend, if anything
      for (const auto& m : s.eco.markets) {
        const auto* pool = std::get_if<PooledLending::Spec>(&m.spec.spec);
        if (pool != nullptr && m.name == lending[0]) spec.havens[m.name] = {s.draw.between(0, 0.5)};
      }
    }
    if (curated.size() > 1 && s.draw.chance(0.6)) {
      spec.havens[curated[s.draw.below(curated.size())]] = {s.draw.between(0, 0.5)};
    }
    s.eco.agents.push_back({s.prefix + std::string(DepositorsSpec::name), {}, {}, {}, spec});
  }
};

template <>
struct AgentGenerator<RepayersSpec> {
  static void add(Sketch& s) {
    if (s.draw.chance(0.5)) return;
    RepayersSpec spec;
    vary(spec, s.draw);
    for (const auto& m : s.eco.markets) {
      const bool market = std::holds_alternative<PooledLending::Spec>(m.spec.spec) ||
                          std::holds_alternative<IsolatedMarket::Spec>(m.spec.spec) ||
                          std::holds_alternative<CdpMarket::Spec>(m.spec.spec);
      if (market && m.name.starts_with(s.prefix)) spec.in.push_back({m.name});
    }
    if (spec.in.empty()) return;
    spec.bears.value = s.draw.log_between(1e-4, 0.3);
    spec.within.value = s.draw.log_between(10, 3000);
    spec.repays.value = s.draw.chance(0.4) ? 1 : s.draw.between(0, 1);
    spec.holds.value = s.draw.chance(0.6) ? 1.2 : s.draw.between(0, 1);
    s.eco.agents.push_back({s.prefix + std::string(RepayersSpec::name), {}, {}, {}, spec});
  }
};

template <class... Specs>
void add_agents(std::variant<Specs...>*, Sketch& s) {
  (AgentGenerator<Specs>::add(s), ...);
}

// ---- the whole ----------------------------------------------------------------------------------

void add_assets(Sketch& s) {
  const auto size = static_cast<std::size_t>(s.options.size);
  s.usd[quote_asset] = 1;
  for (std::size_t i = 0; i < 1 + size / 2; ++i) {
    const std::string name = fmt::format("{}R{}", s.prefix, i);
    AssetSpec spec;
    spec.price = Amount{s.draw.log_between(0.01, 5e4), "$"};
    s.usd[name] = spec.price->value;
    if (s.draw.chance(0.3)) spec.supply = Amount{s.draw.log_between(1e8, 1e10), "$"};
    s.eco.assets.push_back({name, {}, {}, {}, spec});
    s.roots.push_back(name);
  }
  for (std::size_t i = 0; i < size / 2; ++i) {
    const std::string name = fmt::format("{}C{}", s.prefix, i);
    const std::string base = s.draw.pick(s.holdings());
    AssetSpec spec;
    spec.rate = Rate{s.draw.between(0.5, 2), base};
    if (s.draw.chance(0.4)) spec.discount = Ratio{s.draw.between(0, 0.05)};
    if (s.draw.chance(0.5)) spec.supply = Amount{s.draw.log_between(1e8, 1e10), "$"};
    s.usd[name] =
        spec.rate->value * s.usd.at(base) * (1 - (spec.discount ? spec.discount->value : 0));
    s.eco.assets.push_back({name, {}, {}, {}, spec});
    s.claims.push_back(name);
  }
  if (s.draw.chance(0.2)) s.unpriced = s.prefix + "N";
  if (!s.unpriced.empty()) s.eco.assets.push_back({s.unpriced, {}, {}, {}, AssetSpec{}});
}

void add_component(Draw& draw, const Options& options, Ecosystem& eco, const std::string& prefix) {
  Sketch s{.draw = draw, .options = options, .eco = eco, .prefix = prefix};
  add_assets(s);
  add_venues(s);
  add_oracles(s);
  add_markets(s);
  add_curated_vaults(s);
  add_agents(static_cast<AgentSpecs*>(nullptr), s);
  for (const std::string& a : s.holdings()) eco.exploitable.insert(a);
  add_pool_rules(eco, options, prefix);
  add_coins(eco, options, prefix);
  add_claims(eco, options, prefix);
  add_shares(eco, options, prefix);
}

}  // namespace

double Draw::log_between(double lo, double hi) {
  return lo * std::exp(uniform() * std::log(hi / lo));
}

Ecosystem random_ecosystem(const Options& options) {
  Draw draw(options.seed);
  Ecosystem eco;
  eco.name = fmt::format("random world {}", options.seed);
  vary(eco.clock, draw);
  eco.clock.round.value = draw.chance(0.5) ? 12 : 60;
  eco.clock.horizon.value = eco.clock.round.value * (20 + static_cast<double>(draw.below(30)));
  AssetSpec quote;
  quote.price = Amount{1, "$"};
  eco.assets.push_back({quote_asset, {}, {}, {}, quote});
  ChainSpec chain;
  chain.gas = {draw.between(0, 30), "$"};
  eco.chains.push_back({"chain", {}, {}, {}, chain});
  add_component(draw, options, eco, options.components ? "a" : "");
  if (options.components) add_component(draw, options, eco, "b");
  if (!options.components && draw.chance(0.3)) {  // some of it stands on another chain
    ChainSpec far;
    far.gas = {draw.between(0, 300), "$"};
    for (const auto& v : eco.venues) {
      if (draw.chance(0.4)) far.hosts.push_back({v.name});
    }
    for (const auto& m : eco.markets) {
      if (draw.chance(0.4)) far.hosts.push_back({m.name});
    }
    if (!far.hosts.empty()) eco.chains.push_back({"far", {}, {}, {}, far});
  }
  expand_contracts(eco);
  return eco;
}

}  // namespace faultline::laws
