// LP shares of pools in random worlds, with a lender who takes them, by fair value or by the
// reserves as they stand. Drawn from a stream of their own, onto a world that is whole without
// them.
#include <algorithm>

#include <fmt/format.h>

#include "tests/laws/random_sketch.hpp"
#include "tests/laws/vary.hpp"

namespace faultline::laws {

namespace {

template <class Spec>
VenueNode pool_of(Addition& c, const Pair& pair, double size) {
  Spec spec;
  vary(spec, c.draw);
  spec.pair = pair;
  spec.liquidity = Amount{size, "$"};
  if constexpr (requires { spec.base_weight; }) {
    spec.base_weight.value = c.draw.between(0.2, 0.8);
    spec.quote_weight.reset();
  }
  if constexpr (requires { spec.fee_on; }) {
    if (spec.fee_on == "input") spec.offpeg = 1;
  }
  return {spec, {}};
}

VenueNode any_pool(Addition& c, const Pair& pair, double size) {
  switch (c.draw.below(4)) {
    case 0:
      return pool_of<ConstantProduct::Spec>(c, pair, size);
    case 1:
      return pool_of<WeightedPool::Spec>(c, pair, size);
    case 2:
      return pool_of<StableSwap::Spec>(c, pair, size);
    default:
      return pool_of<CryptoPool::Spec>(c, pair, size);
  }
}

/// A market that lends dollars against a share worth `usd`, a part of all there are.
void add_lender(Addition& c, const std::string& name, const std::string& share, double usd,
                double shares) {
  IsolatedMarket::Spec spec;
  spec.lends = {quote_asset};
  spec.collateral = {share};
  spec.lltv = Ratio{c.draw.between(0.5, 0.92)};
  spec.lt = *spec.lltv;
  spec.rate.kind = c.options.still ? "none" : "kink";
  if (c.draw.chance(0.5)) spec.oracle = Name{c.prefix + "reserves." + share};
  MarketNode node;
  node.rows.assets = {share, quote_asset};
  node.rows.first_leg = {0};
  const int loans = 2 * c.options.size;
  double owed = 0;
  for (int i = 0; i < loans; ++i) {
    const double posted = shares * c.draw.between(0.02, 0.25) / loans;
    const double health = c.draw.between(c.options.still ? 1.1 : 1.01, 1.6);
    const double debt = posted * usd * spec.lt.value / health;
    node.rows.legs.insert(node.rows.legs.end(), {{0, 0, 0}, {1, 1, 0}});
    node.rows.amounts.insert(node.rows.amounts.end(), {posted, debt});
    node.rows.first_leg.push_back(static_cast<std::uint32_t>(node.rows.legs.size()));
    owed += debt;
  }
  spec.supplied = Amount{1.3 * owed, quote_asset};
  node.spec = spec;
  c.add(c.eco.markets, name, node);
}

void add_reserves_feed(Addition& c, const std::string& share) {
  FeedSpec feed;
  feed.reads = "reserves";
  const std::string family = c.prefix + "reserves";
  c.eco.oracles.push_back({family + "." + share, {}, family, {}, feed});
}

/// Providers who leave in one coin at any price, a part of all there are.
void add_leavers(Addition& c, const std::string& share, const std::string& coin, double shares) {
  CoinHolders::Spec holders;
  vary(holders, c.draw);
  holders.asset = {share};
  holders.at = Name{"leave." + share + "." + coin};
  holders.position = Amount{shares * c.draw.between(0.01, 0.1), share};
  holders.capital.reset();
  holders.band.reset();
  holders.gas.reset();
  holders.every.value = holders.latency.value = 0;
  c.add(c.eco.agents, share.substr(c.prefix.size()) + "_leavers", AgentSpecs{holders});
}

/// A share of a pool of a coin of its own, and one of a pool that holds the first.
void add_pools(Addition& c) {
  const std::string coin = c.prefix + "LC", share = c.prefix + "LP", meta = c.prefix + "MLP";
  const double usd = c.draw.log_between(0.01, 1e4), size = c.draw.log_between(1e5, 1e8);
  AssetSpec token;
  token.price = Amount{usd, "$"};
  c.eco.assets.push_back({coin, {}, {}, {}, token});
  c.eco.exploitable.insert(coin);
  c.add(c.eco.venues, "lp_pool", any_pool(c, {coin, quote_asset}, size));
  if (c.draw.chance(0.6)) {  // a second market for the coin
    c.add(c.eco.venues, "lp_coin_pool",
          pool_of<ConstantProduct::Spec>(c, {coin, quote_asset}, 3 * size));
  }
  PoolShareSpec spec;
  spec.of = {c.prefix + "lp_pool"};
  const double each = c.draw.chance(0.5) ? 1 : c.draw.log_between(1e-3, 1e3);
  const double shares = size / each;
  if (each != 1) spec.supply = Amount{shares, share};
  c.add(c.eco.shares, "LP", spec);
  c.eco.exploitable.insert(share);
  add_reserves_feed(c, share);
  if (c.draw.chance(0.8)) add_lender(c, "share_market", share, each, 0.9 * shares);
  if (c.draw.chance(0.4)) add_leavers(c, share, c.draw.chance(0.5) ? coin : quote_asset, shares);
  if (c.draw.chance(0.4)) {  // somewhere to sell it, and a pool of pools
    c.add(c.eco.venues, "lp_meta_pool", any_pool(c, {share, quote_asset}, 0.2 * size));
    PoolShareSpec top;
    top.of = {c.prefix + "lp_meta_pool"};
    c.add(c.eco.shares, "MLP", top);
    add_reserves_feed(c, meta);
    if (c.draw.chance(0.5)) add_lender(c, "meta_market", meta, 1, 0.18 * size);
  }
}

}  // namespace

void add_shares(Ecosystem& eco, const Options& options, std::string_view prefix) {
  Draw draw(options.seed ^ (prefix == "b" ? 0x5a4e2 : 0x5a4e1));
  Addition c{draw, options, eco, std::string(prefix)};
  if (draw.chance(0.5)) add_pools(c);
}

}  // namespace faultline::laws
