// Venues whose counterparty is a pool: reserves for the tokens posted, for the contract and for
// dollars of size; accounts drawn so that the stated open interest is met and nobody starts in
// breach.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/math.hpp"
#include "core/rng.hpp"
#include "sim/compile/context.hpp"
#include "sim/compile/expand_contracts.hpp"

namespace faultline {

namespace {

constexpr double least_health = 1.02;  // what is left over what must be, at the start

Reserve& add_token(CompileContext& c, MarketId id, AssetId asset, const std::string& path) {
  Reserve& r = add_reserve(c, id, asset, path, std::nullopt);
  r.terms.lt = 1;
  r.terms.bonus = 0;
  r.lent = r.takes_debt = false;
  return r;
}

/// The index; the asset's own feed, or the one that is named.
OracleId index_feed(CompileContext& c, const PoolPerps::Spec& spec, AssetId asset,
                    const std::string& path) {
  if (!spec.oracle) return feed_of(c, c.world.assets[asset.value].base);
  const auto found = c.oracles.find(spec.oracle->text);
  if (found != c.oracles.end()) return OracleId{found->second};
  c.diagnostics.error("E0441", c.at(path + ".oracle"), "no oracle '" + spec.oracle->text + "'",
                      "declare it under oracles");
  return OracleId::none();
}

/// Draws the traders of a pool.
class PoolTraders {
 public:
  PoolTraders(CompileContext& c, const Named<MarketNode>& node, std::uint32_t m)
      : c_(c),
        node_(node),
        spec_(std::get<PoolPerps::Spec>(node.spec.spec)),
        market_(c.world.markets[m]),
        venue_(c.world.perps[static_cast<std::size_t>(market_.perp)]),
        out_(c.gathered[m]) {}

  void make() {
    for (const bool is_long : {true, false}) make_side(is_long);
  }

 private:
  double draw(std::uint32_t key, std::uint32_t number, std::uint32_t purpose) const {
    return uniform({c_.world.seed, 0, key, number, purpose});
  }

  void make_side(bool is_long) {
    const std::string path = "markets." + node_.name;
    const double open_usd = c_.usd(is_long ? spec_.open_long : spec_.open_short,
                                   path + (is_long ? ".open_long" : ".open_short")) *
                            c_.eco.book_scale;
    std::vector<double> sizes;
    double sum = 0;
    for (const TraderGroup& g : node_.spec.traders) {
      if (g.is_long != is_long) continue;
      const std::uint32_t key = name_key((market_.name + "/" + g.name).c_str());
      for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(g.count); ++i) {
        sizes.push_back(math::exp(g.size_sd * inverse_normal(draw(key, i, 0))));
        sum += sizes.back();
      }
    }
    if (sizes.empty() && open_usd > 0) {
      c_.diagnostics.error("E0492", c_.at(path + ".accounts"),
                           fmt::format("nobody holds the {}s that are open in '{}'",
                                       is_long ? "long" : "short", market_.name),
                           "add a group under accounts, or leave the side out");
    }
    std::size_t at = 0;
    for (const TraderGroup& g : node_.spec.traders) {
      if (g.is_long != is_long) continue;
      const std::uint32_t key = name_key((market_.name + "/" + g.name).c_str());
      for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(g.count); ++i) {
        write(g, key, i, open_usd * (sizes[at++] / sum));
      }
      out_.groups.emplace_back(g.name, static_cast<std::uint32_t>(g.count));
    }
  }

  /// The token an account posts: drawn by the group's shares; left out, the pool's quote.
  bool posts_base(const TraderGroup& g, std::uint32_t key, std::uint32_t number) {
    double base = 0, sum = 0;
    for (const auto& [asset, share] : g.posts) {
      const AssetId id = c_.asset(asset, "markets." + node_.name + ".accounts");
      const bool is_base = id == c_.world.reserves[venue_.pool->base].asset;
      if (!is_base && id != c_.world.reserves[venue_.pool->quote].asset) {
        c_.diagnostics.error("E0451", g.at,
                             fmt::format("'{}' takes no {} as collateral", market_.name, asset),
                             "name one of its pool's two tokens");
        return false;
      }
      if (is_base) base += share;
      sum += share;
    }
    return sum > 0 && draw(key, number, 2) < base / sum;
  }

  void leg(std::uint32_t reserve, double units, bool owed) {
    out_.made.legs.push_back({static_cast<std::uint16_t>(reserve - market_.first_reserve),
                              static_cast<std::uint8_t>(owed), 0});
    out_.made.amounts.push_back(units);
    out_.entries.push_back(0);
  }

  /// An account that holds `usd` of the index at some entry price, as far from breach as its
  /// leverage says.
  void write(const TraderGroup& g, std::uint32_t key, std::uint32_t number, double usd) {
    const PerpPool& pool = *venue_.pool;
    const std::uint32_t contract = venue_.contracts[0].reserve;
    const double mark = c_.reference(c_.world.reserves[contract].asset);
    const double units = usd / mark;
    const double size = usd * math::exp(g.entry_sd * inverse_normal(draw(key, number, 40)));
    const double needs =
        std::max({pool_requirement(pool.terms) * size,
                  pool.terms.least_collateral_usd + pool.terms.fee_worsens * size});
    const double most = usd / (least_health * needs);
    const double equity = usd / draw_leverage(g, draw(key, number, 1), most);
    const double profit = (g.is_long ? 1 : -1) * (usd - size);
    const double collateral = std::max(0.0, equity - profit);
    const bool base = posts_base(g, key, number);
    const Reserve& token = c_.world.reserves[base ? pool.base : pool.quote];
    const double posted = collateral / c_.reference(token.asset);
    leg(pool.base, base ? posted : 0, false);
    leg(pool.quote, base ? 0 : posted, false);
    leg(venue_.settles, size, g.is_long);
    leg(contract, units, !g.is_long);
    out_.made.first_leg.push_back(static_cast<std::uint32_t>(out_.made.legs.size()));
  }

  CompileContext& c_;
  const Named<MarketNode>& node_;
  const PoolPerps::Spec& spec_;
  const Market& market_;
  const PerpVenue& venue_;
  CompileContext::Gathered& out_;
};

}  // namespace

void add_pool_perpetuals(CompileContext& c, Market& market, MarketId id,
                         const PoolPerps::Spec& spec) {
  const std::string path = "markets." + market.name;
  const std::string index = pool_index(c.eco, spec);
  const auto found = c.venues.find(spec.pool.text);
  if (index.empty() || found == c.venues.end()) {
    c.diagnostics.error("E0490", c.at(path + ".pool"),
                        "'" + spec.pool.text + "' is no pool that could pay traders",
                        "name a venue of kind oracle_pool");
    return;
  }
  if (spec.funding.kind == "premium" || !funding_problem(spec.funding).empty()) {
    c.diagnostics.error("E0491", c.at(path + ".funding"),
                        "without a book there is no premium to pay by",
                        "write `kind: adaptive` or `kind: none`");
    return;
  }
  const AssetId face = c.asset(face_name(market.name), path);
  const AssetId asset = c.asset(contract_name(market.name, index), path);
  if (!asset.valid() || !face.valid()) return;
  market.perp = static_cast<std::int32_t>(c.world.perps.size());
  market.losses.recognition = Recognition::never;
  PerpVenue venue;
  venue.market = id;
  venue.number = static_cast<std::uint32_t>(market.perp);
  PerpPool pool;
  pool.venue = VenueId{found->second};
  pool.number = c.world.backstops++;
  pool.terms = compile_pool_perp(spec);
  const VenueInfo& info = c.world.venues[pool.venue.value];
  pool.base = static_cast<std::uint32_t>(c.world.reserves.size());
  pool.quote = pool.base + 1;
  add_token(c, id, info.base, path);
  add_token(c, id, info.quote, path);
  const double required = pool_requirement(pool.terms);
  venue.settles = static_cast<std::uint32_t>(c.world.reserves.size());
  Reserve& size = add_token(c, id, face, path);
  size.contract = true;
  size.terms.lt = 1 - required;
  size.debt_weight = 1 + required;
  PerpContract contract;
  contract.name = contract_name(market.name, index);
  contract.number = c.world.contracts++;
  contract.tiers.push_back({});
  contract.funding = compile_funding(spec.funding, 0, 0);
  contract.book = pool.venue;
  contract.reserve = static_cast<std::uint32_t>(c.world.reserves.size());
  contract.index = index_feed(c, spec, asset, path);
  add_token(c, id, asset, path).contract = true;
  pool.contracts = c.account(Bearer::lp, pool.venue.value, asset);
  pool.face = c.account(Bearer::lp, pool.venue.value, face);
  venue.contracts.push_back(std::move(contract));
  venue.pool = std::move(pool);
  c.world.perps.push_back(std::move(venue));
}

void generate_pool_traders(CompileContext& c, const Named<MarketNode>& node, std::uint32_t m) {
  PoolTraders(c, node, m).make();
}

}  // namespace faultline
