// LP shares that are assets: which pool's, how many there are at the opening and what one is worth,
// and the venues at which they are burnt for one of the pool's coins.
#include <algorithm>

#include <fmt/format.h>

#include "sim/claims/pool_shares.hpp"
#include "sim/compile/context.hpp"
#include "sim/compile/expand_contracts.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

/// The pools there are whose shares can be an asset, for remedies.
std::string shared_pools(const CompileContext& c) {
  std::string out;
  for (const auto& node : c.nodes.venues) {
    const bool shared = std::visit(
        [](const auto& spec) {
          using Spec = std::remove_cvref_t<decltype(spec)>;
          if constexpr (requires { spec.others; }) {
            if (!spec.others.empty()) return false;
          }
          return std::is_same_v<Spec, ConstantProduct::Spec> ||
                 std::is_same_v<Spec, WeightedPool::Spec> ||
                 std::is_same_v<Spec, StableSwap::Spec> || std::is_same_v<Spec, CryptoPool::Spec>;
        },
        node.spec.spec);
    if (shared) out += (out.empty() ? "" : ", ") + node.name;
  }
  return out;
}

/// Whether a pool holds coins beside the pair its venue trades.
template <class K>
bool holds_others(const typename K::Params& p) {
  if constexpr (requires { p.other_count; }) return p.other_count > 0;
  if constexpr (requires { p.coins; }) return p.coins > 2;
  if constexpr (requires { p.quote_weight; }) return p.base_weight + p.quote_weight < 1 - 1e-9;
  return false;
}

/// The reference of a share, and of every claim that rests on it.
void carry_reference(Snapshot& world, const PoolShare& share) {
  MarketState& market = world.opening.market;
  market.contract_rate[share.asset.value] =
      fair_rate(world, world.opening.venues, market.reference, share);
  const std::vector<AssetId>& rest = world.claims_on[share.asset.value];
  for (const AssetId a : world.price_order) {
    if (a != share.asset && std::find(rest.begin(), rest.end(), a) == rest.end()) continue;
    const AssetInfo& info = world.assets[a.value];
    if (info.share >= 0 && a != share.asset) continue;  // valued in its turn
    market.reference[a.value] = market.contract_rate[a.value] * market.reference[info.base.value] *
                                (1 - market.discount[a.value]);
  }
}

/// Pools that count coins at contract rates go by those of the shares they hold.
void carry_rates(Snapshot& world) {
  for (std::uint32_t v = 0; v < world.venues.size(); ++v) {
    const VenueInfo& venue = world.venues[v];
    on_venue(world, world.opening.venues, VenueId{v}, [&]<class K>(const auto& p, auto& state) {
      if constexpr (requires { K::re_rate(p, state, 1.0, 1.0); }) {
        K::re_rate(p, state, contract_worth(world, world.opening.market, venue.base),
                   contract_worth(world, world.opening.market, venue.quote));
      }
    });
  }
}

/// The shares in price order, so that one whose pool holds another comes after it.
std::vector<std::uint32_t> in_price_order(const Snapshot& world) {
  std::vector<std::uint32_t> out;
  for (const AssetId a : world.price_order) {
    const std::int32_t s = world.assets[a.value].share;
    if (s >= 0) out.push_back(static_cast<std::uint32_t>(s));
  }
  return out;
}

}  // namespace

void mark_shares(CompileContext& c) {
  Snapshot& world = c.world;
  for (const auto& node : c.nodes.shares) {
    const std::string path = "vaults." + node.name;
    const std::string& name = node.spec.issues.value_or(node.name);
    PoolShare share;
    share.name = node.name;
    share.asset = AssetId{c.assets.at(name)};
    const AssetSpec& spec = c.nodes.assets[share.asset.value].spec;
    const auto& venues = c.eco.venues;
    const bool known = std::any_of(venues.begin(), venues.end(),
                                   [&](const auto& v) { return v.name == node.spec.of.text; });
    if (!known) {
      const std::string pools = shared_pools(c);
      c.diagnostics.error("E0660", c.at(path + ".of"),
                          fmt::format("'{}' is no pool", node.spec.of.text),
                          pools.empty() ? "declare one under venues" : "pools there are: " + pools);
    } else if (spec.beside.empty()) {
      c.diagnostics.error(
          "E0663", c.at("assets." + name),
          fmt::format("{} is the share of '{}': it needs no declaration", name, node.spec.of.text),
          fmt::format("leave `{}` out of assets, or let `vaults.{}` issue another "
                      "name",
                      name, node.name));
    } else {
      share.base = c.asset(spec.beside, path + ".of");
      share.quote = world.assets[share.asset.value].base;
    }
    world.assets[share.asset.value].share = static_cast<std::int32_t>(world.shares.size());
    world.shares.push_back(std::move(share));
  }
}

bool value_share(CompileContext& c, std::uint32_t s) {
  Snapshot& world = c.world;
  PoolShare& share = world.shares[s];
  const auto& node = c.nodes.shares[s];
  const std::string path = "vaults." + node.name;
  const std::string& pool = node.spec.of.text;
  share.pool = VenueId{c.venues.at(pool)};
  if (!exits_in_one_coin(world, share.pool)) {
    const std::string known = shared_pools(c);
    c.diagnostics.error(
        "E0661", c.at(path + ".of"), fmt::format("'{}' issues no shares that are all alike", pool),
        known.empty() ? "name a pool of kind constant_product, weighted_pool, stableswap or "
                        "crypto_pool"
                      : "pools that do: " + known);
    return false;
  }
  const bool others = visit_kind(
      VenueKinds{}, world.venues[share.pool.value].slot,
      [&]<class K>(std::uint32_t i) { return holds_others<K>(world.venue_params.of<K>()[i]); });
  if (others) {
    c.diagnostics.error(
        "E0662", c.at(path + ".of"),
        fmt::format("a share of '{}' is also one of coins beside {}/{}", pool,
                    world.assets[share.base.value].name, world.assets[share.quote.value].name),
        "shares of pools of two coins can be assets: write the pool with the pair alone");
    return false;
  }
  for (std::uint32_t before = 0; before < s; ++before) {
    if (world.shares[before].pool != share.pool) continue;
    c.diagnostics.error(
        "E0666", c.at(path + ".of"),
        fmt::format("'{}' is the share of '{}' already", world.shares[before].name, pool),
        "let one vault issue them");
    return false;
  }
  const std::optional<Amount>& supply = node.spec.supply;
  AssetInfo& asset = world.assets[share.asset.value];
  if (supply && supply->unit != asset.name) {
    c.diagnostics.error(
        "E0669", c.at(path + ".supply"),
        fmt::format("a supply of shares is counted in {}", asset.name),
        fmt::format("write `supply: 1m {}`, or leave it out for one share a dollar", asset.name));
    return false;
  }
  const std::vector<double>& reference = world.opening.market.reference;
  asset.supply = supply ? supply->value
                        : venue_lp_value(world, world.opening.venues, share.pool,
                                         reference[share.base.value], reference[share.quote.value]);
  c.holdings[share.asset.value] += asset.supply;
  set_venue_shares(world, world.opening.venues, share.pool, asset.supply);
  carry_reference(world, share);
  return asset.supply > 0;
}

void add_ways_out(CompileContext& c) {
  Snapshot& world = c.world;
  for (std::uint32_t s = 0; s < world.shares.size(); ++s) {
    PoolShare& share = world.shares[s];
    const auto add = [&](AssetId coin, bool base) {
      const VenueInfo& pool = world.venues[share.pool.value];
      const VenueId id{static_cast<std::uint32_t>(world.venues.size())};
      VenueInfo v;
      v.name = v.cluster =
          way_out_name(world.assets[share.asset.value].name, world.assets[coin.value].name);
      v.chain = pool.chain;
      v.base = share.asset;
      v.quote = coin;
      v.quote_account = base ? pool.base_account : pool.quote_account;
      v.quote_wallet = base ? pool.base_wallet : pool.quote_wallet;
      v.base_account = v.base_wallet = c.account(Bearer::lp, share.pool.value, share.asset);
      v.slot = pool.slot;
      v.share = static_cast<std::int32_t>(s);
      v.leaves_in = base ? Side::buy : Side::sell;
      world.venues.push_back(v);
      c.venues.emplace(v.name, id.value);
      return id;
    };
    share.out_in_base = add(share.base, true);
    share.out_in_quote = add(share.quote, false);
    share.holders = c.account(Bearer::lp, share.pool.value, share.asset);
  }
}

void round_shares(CompileContext& c) {
  Snapshot& world = c.world;
  for (const std::uint32_t s : in_price_order(world)) {
    const PoolShare& share = world.shares[s];
    AssetInfo& asset = world.assets[share.asset.value];
    asset.supply = asset.quantum.down(asset.supply);
    set_venue_shares(world, world.opening.venues, share.pool, asset.supply);
    carry_reference(world, share);
    carry_rates(world);
  }
}

void open_shares(CompileContext& c) {
  Snapshot& world = c.world;
  for (const PoolShare& share : world.shares) {
    const AssetInfo& asset = world.assets[share.asset.value];
    double elsewhere = 0;
    for (std::size_t i = 0; i < world.accounts.size(); ++i) {
      if (world.accounts[i].asset == share.asset) elsewhere += world.opening.balances[i];
    }
    if (elsewhere > asset.supply) {
      c.diagnostics.error(
          "E0664", c.at("vaults." + share.name),
          fmt::format("{:.6g} {} are held and posted, of the {:.6g} that '{}' has issued",
                      elsewhere, asset.name, asset.supply, world.venues[share.pool.value].name),
          "state a larger `supply`, make the pool larger, or let others hold less of it");
      continue;
    }
    world.opening.balances[share.holders.value] = asset.supply - elsewhere;
    world.total_supply[share.asset.value] = asset.supply;
  }
}

}  // namespace faultline
