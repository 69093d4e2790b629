#include "sim/compile/expand_contracts.hpp"

#include <algorithm>

namespace faultline {

namespace {

template <class Nodes>
bool declared(const Nodes& nodes, const std::string& name) {
  return std::any_of(nodes.begin(), nodes.end(), [&](const auto& n) { return n.name == name; });
}

/// What one contract is worth by contract: a unit of its coin, or, of an inverse one, a dollar.
const std::string& followed(const PerpContractSpec& contract, const std::string& underlying) {
  return contract.inverse ? contract.inverse->text : underlying;
}

/// A feed of the venue itself: at once, whatever the move.
FeedSpec own_feed() {
  FeedSpec feed;
  feed.live = true;
  return feed;
}

/// The mark of a contract as a feed by its name, resting on feeds of the parts that are averages.
void add_mark(Ecosystem& eco, const Named<MarketNode>& market, const MarkSpec& spec,
              const std::string& name, const PerpContractSpec& contract,
              const std::string& underlying) {
  const Name index = contract.oracle ? *contract.oracle : Name{followed(contract, underlying)};
  std::vector<Name> parts;
  for (const std::string& part : spec.median) {
    if (part == "book") parts.push_back({name});
    if (part == "index") parts.push_back(index);
    if (part != "premium" && part != "average") continue;
    FeedSpec feed = own_feed();
    if (part == "premium") {
      feed.feed = index;
      feed.premium = Name{name};
      feed.premium_ema = spec.premium_ema;
    } else {
      feed.venue = Name{name};
      feed.ema = spec.book_ema;
    }
    parts.push_back({name + "." + part});
    eco.oracles.push_back({parts.back().text, market.origin, market.name, market.at, feed});
  }
  FeedSpec mark = own_feed();
  mark.median = std::move(parts);
  mark.median_rule = "mean";
  eco.oracles.push_back({name, market.origin, market.name, market.at, mark});
}

void expand(Ecosystem& eco, const Named<MarketNode>& market, const PerpMarket::Spec& spec,
            const std::string& underlying, const PerpContractSpec& contract) {
  const std::string name = contract_name(market.name, underlying);
  AssetSpec asset;
  asset.rate = Amount{1, followed(contract, underlying)};
  asset.contract = true;
  eco.assets.push_back({name, market.origin, market.name, market.at, asset});
  OrderBook::Spec book;
  static_cast<OrderBook::Quotes&>(book) = contract;
  book.pair = {name, settlement_asset(spec)};
  if (book.depth.amount.unit == underlying && !contract.inverse) book.depth.amount.unit = name;
  eco.venues.push_back({name, market.origin, market.name, market.at, {book, {}}});
  if (!declared(eco.oracles, name)) add_mark(eco, market, spec.mark, name, contract, underlying);
}

/// A pool's contract on its index, its mark the index itself, and the unit its sizes are counted
/// in: a dollar at entry, whatever a coin is worth.
void expand_pool(Ecosystem& eco, const Named<MarketNode>& market, const PoolPerps::Spec& spec) {
  const std::string index = pool_index(eco, spec);
  const std::string name = contract_name(market.name, index), face = face_name(market.name);
  AssetSpec asset;
  asset.rate = Amount{1, index};
  asset.contract = true;
  eco.assets.push_back({name, market.origin, market.name, market.at, asset});
  AssetSpec unit;
  unit.price = Amount{1, "$"};
  unit.contract = true;
  eco.assets.push_back({face, market.origin, market.name, market.at, unit});
  FeedSpec mark = own_feed(), dollar = own_feed();
  mark.feed = spec.oracle ? *spec.oracle : Name{index};
  dollar.fixed = Amount{1, "$"};
  eco.oracles.push_back({name, market.origin, market.name, market.at, mark});
  eco.oracles.push_back({face, market.origin, market.name, market.at, dollar});
}

/// The pool of a market of loans on bands.
void expand_bands(Ecosystem& eco, const Named<MarketNode>& market, const BandMarket::Spec& spec) {
  BandPool::Spec pool;
  pool.pair = {spec.collateral.text, spec.lends.text};
  pool.amplification = spec.amplification;
  pool.fee = spec.fee;
  pool.oracle = spec.oracle;
  pool.oracle_half_life = spec.oracle_half_life;
  pool.oracle_limit = spec.oracle_limit;
  pool.rests_loans = true;
  eco.venues.push_back(
      {band_pool_name(market.name), market.origin, market.cluster, market.at, {pool, {}}});
}

/// Shares are handed in at a venue of their own.
void expand_exit(Ecosystem& eco, const Named<CuratedVaultSpec>& vault) {
  const std::string& share = vault.spec.issues->text;
  const auto known = std::find_if(eco.assets.begin(), eco.assets.end(),
                                  [&](const auto& asset) { return asset.name == share; });
  if (known == eco.assets.end() || !known->spec.rate) return;  // said when it is compiled
  Redemption::Spec exit;
  exit.pair = {share, vault.spec.asset.text};
  exit.of_vault = true;
  eco.venues.push_back({"exit." + share, vault.origin, "exit", vault.at, {exit, {}}});
}

/// The share of a pool's liquidity as an asset; without a pool, one that compiles until that is
/// told.
void expand_share(Ecosystem& eco, const Named<PoolShareSpec>& node) {
  const std::string& name = node.spec.issues.value_or(node.name);
  if (declared(eco.assets, name)) return;
  AssetSpec asset;
  asset.price = Amount{1, "$"};
  for (const Named<VenueNode>& venue : eco.venues) {
    if (venue.name != node.spec.of.text) continue;
    const Pair pair = std::visit([](const auto& spec) { return spec.pair; }, venue.spec.spec);
    asset.price.reset();
    asset.rate = Rate{1, pair.quote};
    asset.beside = pair.base;
  }
  eco.assets.push_back({name, node.origin, node.cluster, node.at, asset});
}

}  // namespace

std::string way_out_name(const std::string& share, const std::string& coin) {
  return "leave." + share + "." + coin;
}

std::string face_name(const std::string& market) {
  return market + ".face";
}

std::string band_pool_name(const std::string& market) {
  return market + ".bands";
}

std::string pool_index(const Ecosystem& eco, const PoolPerps::Spec& spec) {
  if (spec.follows) return spec.follows->text;
  for (const Named<VenueNode>& venue : eco.venues) {
    const auto* pool = std::get_if<OraclePool::Spec>(&venue.spec.spec);
    if (venue.name == spec.pool.text && pool != nullptr) return pool->pair.base;
  }
  return {};
}

std::string contract_name(const std::string& market, const std::string& underlying) {
  return market + "." + underlying;
}

std::string settlement_asset(const PerpMarket::Spec& spec) {
  if (spec.settles) return spec.settles->text;
  for (const auto& [name, collateral] : spec.collateral) {
    if (collateral.weight.value >= 1) return name;
  }
  return spec.collateral.empty() ? std::string() : spec.collateral.begin()->first;
}

void expand_contracts(Ecosystem& eco) {
  for (const Named<PoolShareSpec>& share : eco.shares) expand_share(eco, share);
  for (const Named<AssetSpec>& asset : eco.assets) {
    if (!asset.spec.redeem || !asset.spec.rate) continue;
    Redemption::Spec queue;
    queue.pair = {asset.name, asset.spec.rate->unit};
    queue.capacity = *asset.spec.redeem;
    eco.venues.push_back({"redeem." + asset.name, asset.origin, "redeem", asset.at, {queue, {}}});
  }
  for (const Named<CuratedVaultSpec>& vault : eco.curated) {
    if (vault.spec.issues && vault.spec.redeems == "at_once") expand_exit(eco, vault);
  }
  for (const Named<MarketNode>& market : eco.markets) {
    if (const auto* pooled = std::get_if<PoolPerps::Spec>(&market.spec.spec)) {
      if (!pool_index(eco, *pooled).empty()) expand_pool(eco, market, *pooled);
    }
    if (const auto* bands = std::get_if<BandMarket::Spec>(&market.spec.spec)) {
      expand_bands(eco, market, *bands);
    }
    const auto* spec = std::get_if<PerpMarket::Spec>(&market.spec.spec);
    if (spec == nullptr) continue;
    for (const auto& [underlying, contract] : spec->contracts) {
      expand(eco, market, *spec, underlying, contract);
    }
  }
}

}  // namespace faultline
