// Venues: curves at opening prices, an outside market for every asset that has none, and the venue
// each asset's market price is read from.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/compile/context.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

constexpr double nowhere = 0;

/// Adds a compiled venue of kind K under the next id.
template <class K>
void add_venue(CompileContext& c, const std::string& name, const std::string& cluster, AssetId base,
               AssetId quote, typename K::Params params, bool rests_loans = false) {
  Snapshot& world = c.world;
  const auto id = static_cast<std::uint32_t>(world.venues.size());
  const typename K::State state = K::open(params);
  constexpr bool quotes = std::is_base_of_v<QuoteBook, K>;
  constexpr bool beyond = std::is_same_v<K, Outside> || std::is_same_v<K, Redemption>;
  const Bearer bearer = beyond        ? Bearer::outside
                        : quotes      ? Bearer::maker
                        : rests_loans ? Bearer::borrower
                                      : Bearer::lp;
  VenueInfo v;
  v.name = name;
  v.cluster = cluster;
  v.chain = c.chain_of(name, cluster);
  v.base = base;
  v.quote = quote;
  v.base_account = c.account(bearer, id, base, K::base_held(params, state));
  v.quote_account = c.account(bearer, id, quote, K::quote_held(params, state));
  v.base_wallet = c.account(bearer, id, base);
  v.quote_wallet = c.account(bearer, id, quote);
  v.is_outside = std::is_same_v<K, Outside>;
  v.relaxes = quotes;
  if constexpr (requires { K::moves_with_time(params); }) v.relaxes = K::moves_with_time(params);
  if constexpr (requires { params.ramp_s; }) {
    c.world.ramps_end_s = std::max(c.world.ramps_end_s, params.ramp_s);
  }
  v.rests_loans = rests_loans;
  if constexpr (requires { params.of_vault; }) v.of_vault = params.of_vault;
  v.priced_by_oracle = requires {
    K::priced_by_oracle;
  };
  v.slot = {kind_index<K>(VenueKinds{}),
            static_cast<std::uint32_t>(world.venue_params.of<K>().size())};
  world.venue_params.of<K>().push_back(std::move(params));
  world.opening.venues.of<K>().push_back(state);
  world.venues.push_back(std::move(v));
  c.venues.emplace(name, id);
}

/// A pool's coins beside the pair, in order of name.
std::vector<OtherCoin> other_coins(CompileContext& c, const std::map<std::string, Amount>& others,
                                   const std::string& path) {
  std::vector<OtherCoin> out;
  for (const auto& [name, amount] : others) {
    const AssetId coin = c.asset(name, path);
    if (!coin.valid()) continue;
    out.push_back({c.units(amount, coin, path),
                   contract_worth(c.world, c.world.opening.market, coin), c.reference(coin)});
  }
  return out;
}

template <class K>
Compiled<K> compile_curve(CompileContext& c, const Named<VenueNode>& node,
                          const typename K::Spec& spec, const Opening& opening) {
  if constexpr (std::is_same_v<K, ConcentratedLiquidity>) {
    return K::compile(spec, opening, node.spec.ranges);
  } else if constexpr (requires { spec.others; }) {
    return K::compile(spec, opening,
                      other_coins(c, spec.others, "venues." + node.name + ".others"));
  } else {
    return K::compile(spec, opening);
  }
}

template <class K>
void compile_venue(CompileContext& c, const Named<VenueNode>& node, const typename K::Spec& spec) {
  const std::string path = "venues." + node.name;
  const AssetId base = c.asset(spec.pair.base, path + ".pair");
  const AssetId quote = c.asset(spec.pair.quote, path + ".pair");
  if (!base.valid() || !quote.valid()) return;
  if (base == quote) {
    c.diagnostics.error("E0411", c.at(path + ".pair"), "a venue trades two different assets");
    return;
  }
  const double pb = c.reference(base), pq = c.reference(quote);
  if (!(pb > 0 && pq > 0)) {
    c.diagnostics.error("E0412", c.at(path + ".pair"),
                        fmt::format("'{}' cannot open: {} has no reference price", node.name,
                                    pb > 0 ? spec.pair.quote : spec.pair.base),
                        "give the asset a price or a rate");
    return;
  }
  Opening opening{spec.pair.base, spec.pair.quote, pb, pq};
  opening.base_rate = contract_worth(c.world, c.world.opening.market, base);
  opening.quote_rate = contract_worth(c.world, c.world.opening.market, quote);
  opening.claims =
      c.world.assets[base.value].base.valid() || c.world.assets[quote.value].base.valid();
  Compiled<K> compiled = compile_curve<K>(c, node, spec, opening);
  if (!compiled.problem.empty()) {
    c.diagnostics.error("E0413", c.at(path), "'" + node.name + "' cannot open", compiled.problem);
    return;
  }
  bool rests_loans = false;
  if constexpr (requires { spec.rests_loans; }) rests_loans = spec.rests_loans;
  add_venue<K>(c, node.name, node.cluster, base, quote, std::move(compiled.params), rests_loans);
}

template <class... Kinds>
void compile_node(CompileContext& c, const Named<VenueNode>& node, TypeList<Kinds...>) {
  const auto compile_if = [&]<class K>(const K*) {
    if (const auto* spec = std::get_if<typename K::Spec>(&node.spec.spec)) {
      compile_venue<K>(c, node, *spec);
    }
  };
  (compile_if(static_cast<const Kinds*>(nullptr)), ...);
}

/// The venues in order of name, but one that trades a pool's share after that pool; false where
/// some pool with a share does not stand.
bool compile_curves(CompileContext& c) {
  std::vector<char> made(c.nodes.venues.size(), 0), valued(c.nodes.shares.size(), 0);
  const auto waits_for = [&](const std::string& asset) {
    const auto found = c.assets.find(asset);
    if (found == c.assets.end()) return false;
    const std::int32_t share = c.world.assets[found->second].share;
    return share >= 0 && !valued[static_cast<std::size_t>(share)];
  };
  for (bool more = true; more;) {
    more = false;
    for (std::size_t v = 0; v < made.size(); ++v) {
      const auto& node = c.nodes.venues[v];
      const Pair& pair =
          std::visit([](const auto& s) -> const Pair& { return s.pair; }, node.spec.spec);
      if (made[v] || waits_for(pair.base) || waits_for(pair.quote)) continue;
      compile_node(c, node, VenueKinds{});
      made[v] = 1;
      more = true;
    }
    for (std::uint32_t s = 0; s < valued.size(); ++s) {
      if (valued[s] || !c.venues.contains(c.nodes.shares[s].spec.of.text)) continue;
      if (!value_share(c, s)) return false;
      valued[s] = 1;
      more = true;
    }
  }
  return std::count(valued.begin(), valued.end(), 0) == 0;  // a pool that cannot open has told why
}

/// The asset outside markets are quoted in: the declared ones' quote, else, among priced assets
/// near a dollar if there are any, the one most venues quote in, and of equals the one nearest to a
/// dollar.
AssetId choose_numeraire(const CompileContext& c) {
  const Snapshot& world = c.world;
  std::vector<int> votes(world.assets.size(), 0);
  for (const VenueInfo& v : world.venues) votes[v.quote.value] += v.is_outside ? 1000 : 1;
  AssetId best;
  double best_score = -1;
  for (std::uint32_t a = 0; a < world.assets.size(); ++a) {
    const double price = world.opening.market.reference[a];
    if (world.assets[a].base.valid() || world.assets[a].at_home_only() || !(price > 0)) continue;
    const bool dollar = std::fabs(price - 1) < 0.05;
    const double score = (dollar ? 500.0 : 0.0) + votes[a] + 1 / (1 + std::fabs(price - 1));
    if (score > best_score) {
      best_score = score;
      best = AssetId{a};
    }
  }
  return best;
}

/// Dollars that move a venue's price by 1%, selling `a`; 0 where it does not trade it, or only at
/// an oracle's price.
double depth_usd(const CompileContext& c, std::uint32_t v, AssetId a) {
  const Snapshot& world = c.world;
  const VenueInfo& venue = world.venues[v];
  if ((venue.base != a && venue.quote != a) || venue.priced_by_oracle) return nowhere;
  const double price = venue_marginal(world, world.opening.venues, VenueId{v});
  const bool sells = venue.base == a;
  const double in =
      venue_in_to_price(world, world.opening.venues, VenueId{v}, sells ? Side::sell : Side::buy,
                        sells ? price * 0.99 : price / 0.99);
  return in * c.reference(a);
}

double deepest_book(const CompileContext& c, AssetId a) {
  double deepest = 0;
  for (std::uint32_t v = 0; v < c.world.venues.size(); ++v) {
    deepest = std::max(deepest, depth_usd(c, v, a));
  }
  return deepest;
}

/// "outside as deep as the asset's deepest book", for every traded asset that names none.
void add_outside_markets(CompileContext& c) {
  Snapshot& world = c.world;
  world.outside.assign(world.assets.size(), VenueId::none());
  for (std::uint32_t v = 0; v < world.venues.size(); ++v) {
    if (!world.venues[v].is_outside) continue;
    if (world.venues[v].quote != world.numeraire) {
      c.diagnostics.error("E0414", c.at("venues." + world.venues[v].name + ".pair"),
                          "outside markets must share one quote asset",
                          "quote it in " + world.assets[world.numeraire.value].name);
      continue;
    }
    world.outside[world.venues[v].base.value] = VenueId{v};
  }
  for (std::uint32_t a = 0; a < world.assets.size(); ++a) {
    const AssetId id{a};
    if (id == world.numeraire || world.outside[a].valid() || !(c.reference(id) > 0)) continue;
    if (world.assets[a].contract) continue;        // what hedges it is its underlying
    if (world.assets[a].at_home_only()) continue;  // nobody outside holds it at its opening price
    const double deepest = deepest_book(c, id);
    if (!(deepest > 0)) continue;
    Outside::Spec spec;
    spec.depth = {{deepest, "$"}, 0.01};
    const std::string& name = world.assets[a].name;
    const std::string& quote = world.assets[world.numeraire.value].name;
    const Opening opening{name, quote, c.reference(id), c.reference(world.numeraire)};
    world.outside[a] = VenueId{static_cast<std::uint32_t>(world.venues.size())};
    add_venue<Outside>(c, "outside." + name, "outside", id, world.numeraire,
                       Outside::compile(spec, opening).params);
  }
}

/// Market value comes from the deepest venue that trades the asset against one already priced.
void choose_pricing(CompileContext& c) {
  Snapshot& world = c.world;
  std::vector<char> priced(world.assets.size(), 0);
  if (world.numeraire.valid()) priced[world.numeraire.value] = 1;
  std::vector<AssetId> order;
  if (world.numeraire.valid()) order.push_back(world.numeraire);
  for (bool more = true; more;) {
    more = false;
    double best = 0;
    std::uint32_t best_asset = 0, best_venue = 0;
    for (std::uint32_t v = 0; v < world.venues.size(); ++v) {
      const VenueInfo& venue = world.venues[v];
      const bool base = priced[venue.base.value], quote = priced[venue.quote.value];
      if (base == quote || (base && venue.leaves())) continue;
      const AssetId a = base ? venue.quote : venue.base;
      // A stand-in outside market is as deep as the deepest venue by construction: that one prices.
      const double depth = depth_usd(c, v, a) * (venue.name.starts_with("outside.") ? 0.5 : 1);
      if (depth > best) {
        best = depth;
        best_asset = a.value;
        best_venue = v;
        more = true;
      }
    }
    if (!more) break;
    AssetInfo& info = world.assets[best_asset];
    info.pricing = VenueId{best_venue};
    info.pricing_is_quote = world.venues[best_venue].quote.value == best_asset;
    priced[best_asset] = 1;
    order.push_back(AssetId{best_asset});
  }
  for (const AssetId a : world.price_order) {
    if (!priced[a.value]) order.push_back(a);
  }
  world.spot_order = std::move(order);
}

}  // namespace

void compile_venues(CompileContext& c) {
  if (!compile_curves(c)) return;
  c.world.numeraire = choose_numeraire(c);
  add_outside_markets(c);
  add_ways_out(c);
  choose_pricing(c);
}

void compile_venue_feeds(CompileContext& c) {
  for (const auto& node : c.nodes.venues) {
    std::visit(
        [&](const auto& spec) {
          if constexpr (requires { spec.oracle; }) {
            if (!spec.oracle) return;
            const std::string& name = spec.oracle->text;
            const auto feed = c.oracles.find(name);
            const auto asset = c.assets.find(name);  // whose default feed nobody declared
            if (feed == c.oracles.end() && asset == c.assets.end()) {
              c.diagnostics.error("E0415", c.at("venues." + node.name + ".oracle"),
                                  "no oracle '" + name + "'", "declare it under oracles");
              return;
            }
            c.world.venues[c.venues.at(node.name)].feed = feed != c.oracles.end()
                                                              ? OracleId{feed->second}
                                                              : feed_of(c, AssetId{asset->second});
          }
        },
        node.spec.spec);
  }
}

}  // namespace faultline
