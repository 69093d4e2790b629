// Algorithmic coins: what is minted against what, and the ways by which somebody earns from it.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/compile/context.hpp"

namespace faultline {

namespace {

/// Both assets of an issuer; reports what is none of a kind that can be minted and burnt.
bool find_assets(CompileContext& c, const Named<AlgorithmicCoinSpec>& node, AlgorithmicCoin& coin) {
  const std::string path = "vaults." + node.name;
  coin.coin = c.asset(node.spec.coin.text, path + ".coin");
  coin.token = c.asset(node.spec.token.text, path + ".token");
  if (!coin.coin.valid() || !coin.token.valid()) return false;
  if (coin.coin == coin.token) {
    c.diagnostics.error("E0590", c.at(path + ".token"), "a coin cannot be minted against itself",
                        "name the token that absorbs its ups and downs");
    return false;
  }
  for (const AssetId a : {coin.coin, coin.token}) {
    const AssetInfo& asset = c.world.assets[a.value];
    const std::string at = "assets." + asset.name;
    if (asset.base.valid() || asset.contract) {
      c.diagnostics.error("E0591", c.at(at),
                          asset.name + " has a contract rate: nobody mints it against another",
                          "give it a price; from then on its venues say what it is worth");
      return false;
    }
    if (!(asset.supply > 0)) {
      c.diagnostics.error(
          "E0592", c.at(at),
          fmt::format("how much {} is there before '{}' mints and burns it?", asset.name,
                      node.name),
          fmt::format("give it a supply: `{0}: {{price: $1, supply: 1bn {0}}}`", asset.name));
      return false;
    }
  }
  return true;
}

/// Two issuers may share a token, not a coin.
bool shares_coin(CompileContext& c, const Named<AlgorithmicCoinSpec>& node, AssetId coin) {
  for (const AlgorithmicCoin& other : c.world.coins) {
    if (other.coin != coin) continue;
    c.diagnostics.error(
        "E0593", c.at("vaults." + node.name + ".coin"),
        fmt::format("{} is minted by '{}' already", node.spec.coin.text, other.name),
        "let one vault mint it");
    return true;
  }
  return false;
}

bool find_oracle(CompileContext& c, const Named<AlgorithmicCoinSpec>& node, AlgorithmicCoin& coin) {
  if (!node.spec.oracle) {
    coin.oracle = feed_of(c, coin.token);
    return true;
  }
  const std::string& name = node.spec.oracle->text;
  const auto feed = c.oracles.find(name);
  const std::string path = "vaults." + node.name + ".oracle";
  if (feed == c.oracles.end()) {
    c.diagnostics.error("E0594", c.at(path), "no oracle '" + name + "'",
                        "declare it under oracles");
    return false;
  }
  coin.oracle = OracleId{feed->second};
  if (c.world.oracles[feed->second].asset == coin.token) return true;
  c.diagnostics.error(
      "E0594", c.at(path),
      fmt::format("the oracle '{}' does not price {}", name, c.world.assets[coin.token.value].name),
      "name a feed of the token");
  return false;
}

void compile_coin(CompileContext& c, const Named<AlgorithmicCoinSpec>& node) {
  Snapshot& world = c.world;
  const std::string path = "vaults." + node.name;
  AlgorithmicCoin coin;
  coin.name = node.name;
  if (!find_assets(c, node, coin) || shares_coin(c, node, coin.coin)) return;
  if (!find_oracle(c, node, coin)) return;
  if (node.spec.peg.unit != "$") {
    c.diagnostics.error("E0595", c.at(path + ".peg"), "a peg is in dollars", "write `peg: $1`");
    return;
  }
  coin.peg_usd = node.spec.peg.value;
  coin.terms = compile_coin_terms(node.spec, c.usd(node.spec.base_pool, path + ".base_pool"));
  if (node.spec.daily_cap) {
    const double usd = c.usd(*node.spec.daily_cap, path + ".daily_cap");
    const bool counted = node.spec.daily_cap->unit == node.spec.coin.text;
    coin.daily_cap = counted ? node.spec.daily_cap->value : usd / coin.peg_usd;
  }
  if (node.spec.halts_at) {
    coin.halts_at = c.units(*node.spec.halts_at, coin.token, path + ".halts_at");
  }
  coin.chain = c.chain_of(node.name, node.cluster);
  const auto owner = static_cast<std::uint32_t>(world.coins.size());
  coin.coin_fees = c.account(Bearer::holder, owner, coin.coin);
  coin.token_fees = c.account(Bearer::holder, owner, coin.token);
  coin.coin_holders = c.account(Bearer::holder, owner, coin.coin);
  coin.token_holders = c.account(Bearer::holder, owner, coin.token);
  world.coins.push_back(std::move(coin));
}

/// A venue that gives one asset for another.
struct Way {
  AssetId other;
  TripLeg leg;
};

/// Venues where an asset is taken for another (`taken`), or given for it; an issuer's other side
/// included.
std::vector<Way> ways(const Snapshot& world, AssetId a, bool taken) {
  std::vector<Way> out;
  for (std::uint32_t v = 0; v < world.venues.size(); ++v) {
    const VenueInfo& venue = world.venues[v];
    if (venue.priced_by_oracle || venue.leaves() || (venue.base != a && venue.quote != a)) continue;
    const bool is_base = venue.base == a;
    const Side side = is_base == taken ? Side::buy : Side::sell;
    out.push_back({is_base ? venue.quote : venue.base, {VenueId{v}, side}});
  }
  return out;
}

/// Every round trip through an issuer in one direction.
void add_trips(Snapshot& world, std::uint32_t i, bool redeems) {
  const AlgorithmicCoin& coin = world.coins[i];
  const AssetId given = redeems ? coin.coin : coin.token, got = redeems ? coin.token : coin.coin;
  std::vector<Way> in = ways(world, given, true);
  in.push_back({given, {}});
  for (const Way& first : in) {
    if (first.other == got) continue;
    for (const Way& last : ways(world, got, false)) {
      if (last.other != first.other) continue;
      if (world.assets[last.other.value].contract) continue;
      world.trips.push_back({i, redeems, last.other, first.leg, last.leg});
    }
  }
}

/// Whether an arbitrageur stands at a venue: outside markets are everybody's.
bool stands_at(const Snapshot& world, const ArbitrageurInfo& a, const TripLeg& leg) {
  if (!leg.there() || world.venues[leg.venue.value].is_outside) return true;
  return std::find(a.venues.begin(), a.venues.end(), leg.venue) != a.venues.end();
}

}  // namespace

void mark_coins(CompileContext& c) {
  for (const auto& node : c.nodes.coins) {
    for (const Name& name : {node.spec.coin, node.spec.token}) {
      const auto found = c.assets.find(name.text);
      if (found != c.assets.end()) c.world.assets[found->second].algorithmic = true;
    }
  }
}

void compile_coins(CompileContext& c) {
  Snapshot& world = c.world;
  for (const auto& node : c.nodes.coins) compile_coin(c, node);
  for (std::uint32_t i = 0; i < world.coins.size(); ++i) {
    add_trips(world, i, true);
    add_trips(world, i, false);
  }
  for (ArbitrageurInfo& a : world.arbitrageurs) {
    for (std::uint32_t t = 0; t < world.trips.size(); ++t) {
      const SwapTrip& trip = world.trips[t];
      if (stands_at(world, a, trip.in) && stands_at(world, a, trip.out)) a.trips.push_back(t);
    }
  }
}

void open_coins(CompileContext& c) {
  Snapshot& world = c.world;
  std::vector<double> held(world.assets.size(), 0);
  for (std::size_t i = 0; i < world.accounts.size(); ++i) {
    held[world.accounts[i].asset.value] += world.opening.balances[i];
  }
  for (const AlgorithmicCoin& coin : world.coins) {
    for (const auto& [asset, holders] :
         {std::pair(coin.coin, coin.coin_holders), std::pair(coin.token, coin.token_holders)}) {
      const AssetInfo& info = world.assets[asset.value];
      const double rest = info.quantum.down(info.supply) - held[asset.value];
      if (rest < 0) {
        c.diagnostics.error("E0596", c.at("assets." + info.name + ".supply"),
                            fmt::format("{:.6g} {} are held, more than the {:.6g} there are",
                                        held[asset.value], info.name, info.supply),
                            "raise the supply, or let venues, markets and agents hold less");
        continue;
      }
      world.opening.balances[holders.value] += rest;
      world.total_supply[asset.value] += rest;
      held[asset.value] += rest;  // a token of two coins: its holders once
    }
  }
}

}  // namespace faultline
