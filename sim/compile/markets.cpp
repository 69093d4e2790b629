// Lending markets: reserves with their terms, the accounts in them, and one residual lender per
// reserve who supplied what no listed account did.
#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "protocols/margin/breach_search.hpp"
#include "sim/compile/clusters.hpp"
#include "sim/compile/generate_accounts.hpp"
#include "sim/readings.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

/// Used where a file states no `supplied`: lenders enough that the opening is 80% used.
constexpr double default_utilisation = 0.8;

constexpr std::uint32_t no_reserve = 0xffffffffu;
constexpr double no_cap = std::numeric_limits<double>::infinity();

}  // namespace

Reserve& add_reserve(CompileContext& c, MarketId market, AssetId asset, const std::string& path,
                     const std::optional<Name>& oracle) {
  Snapshot& world = c.world;
  const auto r = static_cast<std::uint32_t>(world.reserves.size());
  Reserve reserve;
  reserve.asset = asset;
  reserve.market = market;
  reserve.pot = r;
  reserve.oracle = OracleId::none();
  if (oracle) {
    const auto found = c.oracles.find(oracle->text);
    if (found != c.oracles.end()) {
      reserve.oracle = OracleId{found->second};
    } else if (const auto a = c.assets.find(oracle->text); a != c.assets.end()) {
      reserve.oracle = feed_of(c, AssetId{a->second});
    } else {
      std::vector<std::string_view> names;
      for (const OracleInfo& o : world.oracles) names.push_back(o.name);
      const std::string near = nearest_name(oracle->text, names);
      c.diagnostics.error(
          "E0441", c.at(path + ".oracle"), "no oracle '" + oracle->text + "'",
          near.empty() ? "declare it under oracles" : "did you mean '" + near + "'?");
    }
  }
  if (!reserve.oracle.valid()) reserve.oracle = feed_of(c, asset);
  const OracleInfo& feed = world.oracles[reserve.oracle.value];
  if (feed.unit.valid()) {
    c.diagnostics.error("E0428", c.at(path),
                        fmt::format("'{}' says a price in {}, and markets count in dollars",
                                    feed.name, world.assets[feed.unit.value].name),
                        fmt::format("name a feed with `feed: {}, times: {}`", feed.name,
                                    world.assets[feed.unit.value].name));
  }
  reserve.cash = c.account(Bearer::depositor, r, asset);
  reserve.collateral_factor = 2 * r;
  reserve.debt_factor = 2 * r + 1;
  reserve.supply_cap = reserve.borrow_cap = no_cap;
  world.reserves.push_back(reserve);
  c.supplied.push_back(-1);
  c.posted.push_back(0);
  c.borrowed.push_back(0);
  c.protocol.push_back(0);
  return world.reserves.back();
}

bool add_minted_pair(CompileContext& c, MarketId market, const std::string& path,
                     const MintedPair& pair) {
  const AssetId coin = c.asset(pair.lends.text, path + ".lends");
  const AssetId collateral = c.asset(pair.collateral.text, path + ".collateral");
  if (!coin.valid() || !collateral.valid()) return false;
  if (coin == collateral) {
    c.diagnostics.error("E0560", c.at(path + ".collateral"),
                        "a coin cannot be minted against itself", "name another collateral");
    return false;
  }
  Reserve& minted = add_reserve(c, market, coin, path, pair.coin_oracle);
  minted.minted = true;
  minted.lent = false;
  minted.rate = compile_rate({.kind = "fixed", .base = pair.fee, .reserve_factor = Ratio{1.0}});
  if (pair.line) {
    minted.borrow_cap = c.units(*pair.line, coin, path + ".line");
    c.holdings[coin.value] += minted.borrow_cap;  // what the ceiling leaves room for
  }
  if (pair.borrowed) c.borrowed.back() = c.units(*pair.borrowed, coin, path + ".borrowed");
  Reserve& posted = add_reserve(c, market, collateral, path, pair.oracle);
  posted.terms.lt = posted.terms.ltv = pair.threshold;
  posted.lent = posted.takes_debt = false;
  return true;
}

namespace {

void size_reserve(CompileContext& c, const std::optional<Amount>& supplied,
                  const std::optional<Amount>& borrowed, const std::string& path) {
  const auto r = c.world.reserves.size() - 1;
  const AssetId asset = c.world.reserves[r].asset;
  if (supplied) c.supplied[r] = c.units(*supplied, asset, path + ".supplied");
  if (borrowed) c.borrowed[r] = c.units(*borrowed, asset, path + ".borrowed");
}

double cap_of(CompileContext& c, const std::optional<Amount>& cap, AssetId asset,
              const std::string& path) {
  return cap ? c.units(*cap, asset, path) : no_cap;
}

void add_pool(CompileContext& c, Market& market, MarketId id, const PooledLending::Spec& spec) {
  const std::string path = "markets." + market.name;
  market.losses = compile_losses(spec.losses);
  market.stand_in = spec.stand_in;
  for (const auto& [name, reserve] : spec.reserves) {
    const std::string at = path + ".reserves." + name;
    const AssetId asset = c.asset(name, at);
    if (!asset.valid()) continue;
    Reserve& r = add_reserve(c, id, asset, at, reserve.oracle);
    r.terms = compile_terms(reserve);
    if (!reserve.collateral) r.terms.ltv = r.terms.lt = 0;
    r.rate = compile_rate(reserve.rate);
    r.supply_cap = cap_of(c, reserve.supply_cap, asset, at + ".supply_cap");
    r.borrow_cap = cap_of(c, reserve.borrow_cap, asset, at + ".borrow_cap");
    size_reserve(c, reserve.supplied, reserve.borrowed, at);
    if (reserve.protocol_reserves) {
      c.protocol.back() = c.units(*reserve.protocol_reserves, asset, at + ".protocol_reserves");
    }
    if (reserve.draw_cap) r.draw_cap = c.units(*reserve.draw_cap, asset, at + ".draw_cap");
    if (reserve.volatility_scaled) r.scaling = compile_scaling(*reserve.volatility_scaled);
    r.isolation.borrowable = reserve.borrowable_in_isolation;
    r.isolation.siloed = reserve.siloed;
    if (reserve.debt_ceiling) {
      r.isolation.ceiling_usd = c.usd(*reserve.debt_ceiling, at + ".debt_ceiling");
    }
  }
  add_emodes(c, market, spec);
}

void add_isolated(CompileContext& c, Market& market, MarketId id,
                  const IsolatedMarket::Spec& spec) {
  const std::string path = "markets." + market.name;
  market.losses = compile_losses(spec.losses);
  market.stand_in = spec.stand_in;
  const AssetId loan = c.asset(spec.lends.text, path + ".lends");
  const AssetId collateral = c.asset(spec.collateral.text, path + ".collateral");
  if (!loan.valid() || !collateral.valid()) return;
  Reserve& lends = add_reserve(c, id, loan, path, spec.loan_oracle);
  lends.terms = compile_terms(spec);
  lends.terms.ltv = lends.terms.lt = 0;
  lends.rate = compile_rate(spec.rate);
  lends.borrow_cap = cap_of(c, spec.borrow_cap, loan, path + ".borrow_cap");
  size_reserve(c, spec.supplied, spec.borrowed, path);
  if (spec.protocol_reserves) {
    c.protocol.back() = c.units(*spec.protocol_reserves, loan, path + ".protocol_reserves");
  }
  Reserve& posted = add_reserve(c, id, collateral, path, spec.oracle);
  posted.terms = compile_terms(spec);
  posted.supply_cap = cap_of(c, spec.supply_cap, collateral, path + ".supply_cap");
  posted.lent = posted.takes_debt = false;
  if (spec.volatility_scaled) posted.scaling = compile_scaling(*spec.volatility_scaled);
}

std::uint32_t reserve_in(const CompileContext& c, const Market& m, AssetId asset, bool debt) {
  if (m.bands >= 0) return band_reserve(c.world, m, asset, debt);
  for (std::uint32_t r = m.first_reserve; r < m.first_reserve + m.reserve_count; ++r) {
    if (c.world.reserves[r].asset != asset) continue;
    if (debt && !c.world.reserves[r].takes_debt) continue;
    if (!debt && m.absorbs < 0 && m.reserve_count == 2 && c.world.reserves[r].takes_debt &&
        !c.world.reserves[r + 1 < m.first_reserve + 2 ? r + 1 : r].takes_debt) {
      continue;  // the loan side of an isolated market takes no collateral
    }
    return r;
  }
  return no_reserve;
}

/// The place of a category among its market's; reports a name that is none.
std::int32_t emode_named(CompileContext& c, const Market& market, const std::string& name) {
  std::vector<std::string_view> names;
  for (const Emode& e : market.emodes) names.push_back(e.name);
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<std::int32_t>(found - names.begin());
  const std::string near = nearest_name(name, names);
  c.diagnostics.error("E0544", c.at("markets." + market.name + ".borrowers"),
                      fmt::format("'{}' has no e-mode '{}'", market.name, name),
                      near.empty() ? "declare it under `emodes`" : "did you mean '" + near + "'?");
  return -1;
}

/// What a leg of listed accounts lacks a reserve for, and accounts of too many legs, are reported
/// once; what lenders supplied is added up.
void check_rows(CompileContext& c, const Named<MarketNode>& node, const Market& market,
                const AccountRows& listed) {
  const PositionRows& rows = *listed.rows;
  const Span at = c.at("markets." + node.name + ".borrowers");
  const std::size_t most_legs = kMostLegs - (market.absorbs >= 0 ? 1 : 0);  // one for a credit
  for (std::size_t l = 0; l < rows.legs.size(); ++l) {
    const PositionRows::Leg& leg = rows.legs[l];
    const std::uint32_t r = listed.reserve_of[leg.side == 1 ? 1 : 0][leg.asset];
    if (r == no_reserve) {
      c.diagnostics.error(
          "E0442", at,
          fmt::format("'{}' has no reserve for the {} of {} its accounts hold", node.name,
                      leg.side == 1 ? "debt" : "collateral", rows.assets[leg.asset]),
          "declare the reserve, or leave those rows out");
      return;
    }
    if (leg.side == 2) c.lent_plain[r] += rows.amounts[l] * c.eco.book_scale;
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows.first_leg[i + 1] - rows.first_leg[i] <= most_legs) continue;
    c.diagnostics.error(
        "E0446", at,
        fmt::format("account {} of '{}' has {} legs, one may have {}", i + 1, node.name,
                    rows.first_leg[i + 1] - rows.first_leg[i], most_legs),
        "add up its legs in one asset, or give it as two accounts");
    return;
  }
}

/// Listed and CSV accounts: where their assets are held and owed in this market.
void gather_rows(CompileContext& c, const Named<MarketNode>& node, std::uint32_t m) {
  const PositionRows& rows = node.spec.rows;
  const Market& market = c.world.markets[m];
  AccountRows& listed = c.gathered[m].listed;
  listed.rows = &rows;
  listed.scale[0] = node.spec.rescale;
  listed.book_scale = c.eco.book_scale;
  for (auto& reserve_of : listed.reserve_of) reserve_of.assign(rows.assets.size(), no_reserve);
  for (std::size_t a = 0; a < rows.assets.size(); ++a) {
    const auto found = c.assets.find(rows.assets[a]);
    if (found == c.assets.end()) {
      c.asset(rows.assets[a], "markets." + node.name + ".borrowers");
      continue;
    }
    for (const bool debt : {false, true}) {
      listed.reserve_of[debt][a] = reserve_in(c, market, AssetId{found->second}, debt);
    }
    if (market.bands >= 0 && listed.reserve_of[1][a] != no_reserve) listed.unscaled = a;
  }
  const std::size_t errors = c.diagnostics.errors();
  const bool modes = market.vault_cluster < 0;
  if (!modes) find_controllers(c, market, listed);
  for (const std::string& name : modes ? rows.emodes : std::vector<std::string>{}) {
    const std::int32_t emode = emode_named(c, market, name);
    std::vector<std::uint32_t>& there = listed.posted_in.emplace_back();
    for (const std::uint32_t r : listed.reserve_of[0]) {
      there.push_back(posted_in(c.world, market, emode, r));
    }
  }
  check_rows(c, node, market, listed);
  check_absorbed_rows(c, market, listed);
  if (modes) check_emodes(c, listed, m);
  if (c.diagnostics.errors() > errors) listed.rows = nullptr;
}

/// Vaults lend part of what is supplied, beside what accounts post.
void check_vault_lending(CompileContext& c, std::uint32_t r, const std::string& path) {
  const double supplied = c.supplied[r], of_vaults = c.vault_units[r] + c.posted[r];
  if (c.vault_units[r] == 0 || supplied >= of_vaults * (1 - 1e-9)) return;
  c.diagnostics.error(
      "E0518", c.at(path),
      fmt::format("{:.6g} {} supplied in '{}', of which vaults lend {:.6g} ({}){}", supplied,
                  c.world.assets[c.world.reserves[r].asset.value].name,
                  c.world.markets[c.world.reserves[r].market.value].name, c.vault_units[r],
                  c.vault_lenders[r],
                  c.posted[r] > 0 ? fmt::format(" and accounts post {:.6g}", c.posted[r]) : ""),
      "state more `supplied`, or leave it out: it is then what they lend");
}

/// What a market's accounts post, into its pots, and owe, against what it states.
void count_legs(CompileContext& c, std::uint32_t m) {
  std::vector<double> debt(c.world.reserves.size(), 0);
  c.gathered[m].each_account([&](const AccountRows& rows, std::size_t account) {
    rows.each_leg(account, [&](std::uint32_t reserve, double units, bool is_debt) {
      (is_debt ? debt[reserve] : c.posted[c.world.reserves[reserve].pot]) += units;
    });
  });
  const Market& market = c.world.markets[m];
  for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
       ++r) {
    const bool listed = !c.gathered[m].empty();
    const std::string path = "markets." + market.name;
    const double stated = c.borrowed[r] * c.eco.book_scale;
    if (listed && stated > 0 && std::fabs(debt[r] / stated - 1) > 1e-3) {
      c.diagnostics.warning(
          "W0443", c.at(path),
          fmt::format("'{}' states {:.6g} {} borrowed, its accounts owe {:.6g}", market.name,
                      stated, c.world.assets[c.world.reserves[r].asset.value].name, debt[r]),
          "the accounts are used");
    }
    c.borrowed[r] = debt[r];
    if (market.perp < 0) continue;
    const PerpVenue& venue = c.world.perps[static_cast<std::size_t>(market.perp)];
    for (const Backstop& b : venue.backstops) {
      if (r == venue.settles) c.posted[r] += b.holds_usd / c.reference(c.world.reserves[r].asset);
    }
  }
}

/// What is owed of each pot, and supplied to it: of all markets that draw on it.
void total_reserves(CompileContext& c) {
  std::vector<double> debt = c.borrowed;
  for (std::uint32_t r = 0; r < debt.size(); ++r) {
    for (const std::uint32_t other : c.world.sharers[r]) {
      debt[r] += c.borrowed[other];
      c.lent_plain[r] += c.lent_plain[other];
    }
  }
  for (std::uint32_t r = 0; r < debt.size(); ++r) {
    if (!c.world.owns_pot(r)) continue;
    c.borrowed[r] = debt[r];
    const Market& market = c.world.markets[c.world.reserves[r].market.value];
    const std::string path = "markets." + market.name;
    const double plain = c.lent_plain[r], vaults = c.vault_units[r];
    if (c.world.reserves[r].minted) {
      c.supplied[r] = debt[r];
    } else if (!c.world.reserves[r].lent) {
      c.supplied[r] = c.posted[r];
    } else if (c.supplied[r] < 0 && vaults > 0) {
      c.supplied[r] = c.posted[r] + plain + vaults;
    } else if (c.supplied[r] < 0) {
      c.supplied[r] = std::max(c.posted[r] + plain, debt[r] / default_utilisation);
    } else {
      c.supplied[r] *= c.eco.book_scale;
    }
    check_vault_lending(c, r, path);
    const AssetId asset = c.world.reserves[r].asset;
    if (debt[r] > 0 && !(c.reference(asset) > 0)) {
      c.diagnostics.error("E0445", c.at(path),
                          fmt::format("{} is owed in '{}' but has no price",
                                      c.world.assets[asset.value].name, market.name),
                          "give it a price or a rate");
    }
    const double short_of = std::max(c.posted[r], debt[r]);
    if (c.world.reserves[r].contract) {
      c.holdings[asset.value] += c.posted[r] + debt[r];
      continue;
    }
    // What accounts of a perpetual venue owe, other accounts and makers of its books are owed.
    if (market.perp < 0 && c.supplied[r] < short_of * (1 - 1e-9)) {
      c.diagnostics.error(
          "E0444", c.at(path),
          fmt::format("{:.6g} {} {} of {:.6g} supplied in '{}'{}", short_of,
                      c.world.assets[c.world.reserves[r].asset.value].name,
                      debt[r] > c.posted[r] ? "lent out" : "posted", c.supplied[r], market.name,
                      vaults > 0 ? " (" + c.vault_lenders[r] + ")" : ""),
          "lower it, or state more `supplied` with other lenders");
    }
    if (market.perp < 0) c.supplied[r] = std::max(c.supplied[r], short_of);
    c.holdings[c.world.reserves[r].asset.value] += c.supplied[r] + c.borrowed[r] + c.protocol[r];
  }
}

}  // namespace

void gather_markets(CompileContext& c) {
  Snapshot& world = c.world;
  for (const auto& node : c.nodes.markets) {
    const MarketId id{static_cast<std::uint32_t>(world.markets.size())};
    Market market;
    market.name = node.name;
    market.cluster = node.cluster;
    market.chain = c.chain_of(node.name, node.cluster);
    market.note = node.spec.note;
    market.first_reserve = static_cast<std::uint32_t>(world.reserves.size());
    if (const auto* pool = std::get_if<PooledLending::Spec>(&node.spec.spec)) {
      add_pool(c, market, id, *pool);
    } else if (const auto* perp = std::get_if<PerpMarket::Spec>(&node.spec.spec)) {
      add_perpetuals(c, market, id, *perp);
    } else if (const auto* pooled = std::get_if<PoolPerps::Spec>(&node.spec.spec)) {
      add_pool_perpetuals(c, market, id, *pooled);
    } else if (const auto* cdp = std::get_if<CdpMarket::Spec>(&node.spec.spec)) {
      add_cdp(c, market, id, *cdp);
    } else if (const auto* troves = std::get_if<TroveMarket::Spec>(&node.spec.spec)) {
      add_troves(c, market, id, *troves);
    } else if (const auto* absorbing = std::get_if<AbsorbingMarket::Spec>(&node.spec.spec)) {
      add_absorbing(c, market, id, *absorbing);
    } else if (const auto* cluster = std::get_if<Cluster::Spec>(&node.spec.spec)) {
      add_cluster(c, market, id, *cluster);
    } else if (const auto* bands = std::get_if<BandMarket::Spec>(&node.spec.spec)) {
      add_band_market(c, market, id, *bands);
    } else {
      add_isolated(c, market, id, std::get<IsolatedMarket::Spec>(node.spec.spec));
    }
    market.reserve_count = static_cast<std::uint32_t>(world.reserves.size()) - market.first_reserve;
    c.markets.emplace(node.name, id.value);
    world.markets.push_back(std::move(market));
  }
  if (!c.diagnostics.failed()) share_pots(c);
  check_hedges(c);
  gather_vaults(c);
  if (c.diagnostics.failed()) return;
  c.gathered.resize(world.markets.size());
  c.lent_plain.assign(world.reserves.size(), 0);
  for (std::uint32_t m = 0; m < world.markets.size(); ++m) {
    gather_rows(c, c.nodes.markets[m], m);
    if (world.markets[m].perp >= 0) {
      generate_traders(c, c.nodes.markets[m], m);
    } else if (world.markets[m].bands >= 0) {
      generate_band_loans(c, c.nodes.markets[m], m);
    } else {
      generate_accounts(c, c.nodes.markets[m], m);
    }
    count_legs(c, m);
    if (world.markets[m].bands >= 0) open_bands(c, c.nodes.markets[m], m);
  }
  total_reserves(c);
}

void compile_markets(CompileContext& c) {
  Snapshot& world = c.world;
  world.reserves_of_asset.resize(world.assets.size());
  world.reserves_of_feed.resize(world.oracles.size());
  MarketState& market = world.opening.market;
  market.supply_index.assign(world.reserves.size(), 1);
  market.borrow_index.assign(world.reserves.size(), 1);
  market.funding.assign(2 * world.reserves.size(), 0);
  for (std::uint32_t r = 0; r < world.reserves.size(); ++r) {
    const Reserve& reserve = world.reserves[r];
    const Quantum& q = world.assets[reserve.asset.value].quantum;
    world.reserves_of_asset[reserve.asset.value].push_back(r);
    world.reserves_of_feed[reserve.oracle.value].push_back(r);
    ReserveState state;
    // Less what accounts posted, see build_book.
    state.lender_scaled = reserve.lies == Lies::in_cash ? q.up(c.supplied[r]) : 0;
    world.opening.reserves.push_back(state);
  }
}

namespace {

/// A row of whole amounts: collateral legs by factor, then debt legs by factor.
void row_legs(const CompileContext& c, const AccountRows& rows, std::size_t account,
              std::vector<LegInput>& legs) {
  const Snapshot& world = c.world;
  legs.clear();
  rows.each_leg(account, [&](std::uint32_t r, double amount, bool debt) {
    const Reserve& reserve = world.reserves[r];
    const Quantum& q = world.assets[reserve.asset.value].quantum;
    const double units = debt ? q.up(amount) : q.down(amount);
    if (units > 0 || c.world.markets[reserve.market.value].perp >= 0) {
      legs.push_back({debt ? reserve.debt_factor : reserve.collateral_factor, units, debt});
    }
  });
  std::sort(legs.begin(), legs.end(), [](const LegInput& a, const LegInput& b) {
    return a.debt != b.debt ? !a.debt : a.factor < b.factor;
  });
}

/// An attacker's row: every leg its market offers, empty; none where nothing can be exploited.
void attacker_legs(const CompileContext& c, std::uint32_t m, std::vector<LegInput>& legs) {
  const Snapshot& world = c.world;
  const Market& market = world.markets[m];
  legs.clear();
  for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
       ++r) {
    const Reserve& reserve = world.reserves[r];
    if (c.eco.exploitable.contains(world.assets[reserve.asset.value].name) &&
        reserve.terms.lt > 0 && reserve.lies == Lies::in_cash) {
      legs.push_back({reserve.collateral_factor, 0, false});
    }
  }
  if (legs.empty()) return;
  for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
       ++r) {
    if (world.reserves[r].takes_debt) legs.push_back({world.reserves[r].debt_factor, 0, true});
  }
}

/// Calls visit(market, legs) for every row of the book, in the order of positions.
template <class Visit>
void each_row(const CompileContext& c, Visit&& visit) {
  std::vector<LegInput> legs;
  const auto row = [&](std::uint32_t m) {
    add_credit_leg(c.world, c.world.markets[m], legs);
    visit(m, legs);
  };
  for (std::uint32_t m = 0; m < c.world.markets.size(); ++m) {
    std::uint32_t loan = 0;
    c.gathered[m].each_account([&](const AccountRows& rows, std::size_t account) {
      if (c.world.markets[m].bands >= 0) {
        double owed = 0;
        rows.each_leg(account,
                      [&](std::uint32_t, double units, bool debt) { owed += debt ? units : 0; });
        band_loan_legs(c, m, loan++, owed, legs);
      } else {
        row_legs(c, rows, account, legs);
      }
      row(m);
    });
    attacker_legs(c, m, legs);
    const std::size_t accounts = legs.empty() ? 0 : 1 + c.world.markets[m].emodes.size();
    for (std::size_t i = 0; i < accounts; ++i) row(m);
    if (c.world.markets[m].perp < 0) continue;
    const PerpVenue& venue = c.world.perps[static_cast<std::size_t>(c.world.markets[m].perp)];
    for (const Backstop& backstop : venue.backstops) {
      backstop_legs(c, venue, backstop, legs);
      visit(m, legs);
    }
  }
  for (const DepositPlace& place : c.world.places) {  // last: they shift no other row
    escape_legs(c, place, legs);
    if (!legs.empty()) row(c.world.reserves[place.reserve].market.value);
  }
  for (const CheapBuyersInfo& info : c.world.cheap_buyers) {  // likewise
    for (const CheapPlace& place : info.places) {
      cheap_buyer_legs(c, info, place.market, legs);
      row(place.market.value);
    }
  }
  for (const ClusterInfo& cluster : c.world.clusters) {
    for (const ClusterVault& vault : cluster.vaults) {
      held_legs(c, cluster, vault, legs);
      if (legs.empty()) continue;
      for (int i = 0; i < 2; ++i) row(cluster.market.value);
    }
  }
}

/// Who owns which row, in the order of `each_row`.
void name_positions(CompileContext& c) {
  Snapshot& world = c.world;
  std::vector<LegInput> legs;
  for (std::uint32_t m = 0; m < world.markets.size(); ++m) {
    const CompileContext::Gathered& g = c.gathered[m];
    if (world.markets[m].bands >= 0) {
      world.band_books[static_cast<std::size_t>(world.markets[m].bands)].first_position =
          world.positions.size();
    }
    auto accounts = static_cast<std::uint32_t>(g.listed.size());
    if (accounts > 0) {
      world.positions.add({MarketId{m}, 0, accounts, g.listed.rows->accounts, {}});
    }
    for (const auto& [group, count] : g.groups) {
      world.positions.add({MarketId{m}, accounts, count, {}, group});
      accounts += count;
    }
    world.attacker_row.push_back(world.positions.size());
    attacker_legs(c, m, legs);
    if (legs.empty()) {
      world.attacker_row.back() = 0xffffffffu;
    } else {
      world.positions.add({MarketId{m}, 0, 1, {"attacker"}, {}});
      for (const Emode& e : world.markets[m].emodes) {
        world.positions.add({MarketId{m}, 0, 1, {"attacker in " + e.name}, {}});
      }
    }
    if (world.markets[m].perp < 0) continue;
    for (Backstop& b : world.perps[static_cast<std::size_t>(world.markets[m].perp)].backstops) {
      b.row = world.positions.size();
      world.positions.add({MarketId{m}, 0, 1, {b.name}, {}});
    }
  }
  for (DepositPlace& place : world.places) {
    escape_legs(c, place, legs);
    if (legs.empty()) continue;
    place.row = world.positions.size();
    world.positions.add({world.reserves[place.reserve].market, 0, 1, {"trapped lenders"}, {}});
  }
  for (CheapBuyersInfo& info : world.cheap_buyers) {
    for (CheapPlace& place : info.places) {
      place.row = world.positions.size();
      world.positions.add({place.market, 0, 1, {info.name}, {}});
    }
  }
  for (ClusterInfo& cluster : world.clusters) {
    for (ClusterVault& vault : cluster.vaults) {
      held_legs(c, cluster, vault, legs);
      if (legs.empty()) continue;
      const auto who = static_cast<std::size_t>(world.liquidator_of[cluster.market.value]);
      const std::string& asset = world.assets[world.reserves[vault.reserve].asset.value].name;
      const std::string name = world.liquidators[who].name + " owing " + asset;
      vault.held = world.positions.size();
      world.positions.add({cluster.market, 0, 1, {name}, {}});
      world.positions.add({cluster.market, 0, 1, {name + ", others"}, {}});
    }
  }
}

void add_opening(ReserveState& state, const LegInput& leg) {
  if (leg.debt) {
    state.debt_scaled += leg.amount;
  } else {
    state.lender_scaled -= leg.amount;
  }
}

/// What accounts hold more than others are short of, the makers of the contract's book are short,
/// or the pool that stands against them: all holdings of it sum to nothing.
void open_contract(CompileContext& c, std::uint32_t r) {
  Snapshot& world = c.world;
  const Reserve& reserve = world.reserves[r];
  if (const auto& pool = venue_of_contract(world, r).pool) {
    const AccountId held = r == venue_of_contract(world, r).settles ? pool->face : pool->contracts;
    world.opening.balances[held.value] = -world.opening.balances[reserve.cash.value];
    world.total_supply[reserve.asset.value] = 0;
    return;
  }
  const VenueInfo& book = world.venues[world.venue(world.assets[reserve.asset.value].name).value];
  world.opening.balances[book.base_account.value] = -world.opening.balances[reserve.cash.value];
  world.total_supply[reserve.asset.value] = 0;
  visit_kind(VenueKinds{}, book.slot, [&]<class K>(std::uint32_t i) {
    K::hold(world.venue_params.of<K>()[i], world.opening.venues.of<K>()[i],
            world.opening.balances[book.base_account.value],
            world.opening.balances[book.quote_account.value]);
  });
}

/// Cash is what was supplied and not lent out; lenders get what no account posted.
void open_reserves(CompileContext& c) {
  Snapshot& world = c.world;
  for (std::uint32_t r = 0; r < world.reserves.size(); ++r) {
    if (!world.owns_pot(r)) continue;
    const Reserve& reserve = world.reserves[r];
    const Quantum& q = world.assets[reserve.asset.value].quantum;
    ReserveState& state = world.opening.reserves[r];
    if (reserve.lies != Lies::in_cash) {  // its rows' own, in their pool's accounts
      state.supply_scaled = -state.lender_scaled;
      state.lender_scaled = 0;
      continue;
    }
    double supplied = q.up(c.supplied[r]);
    state.lender_scaled = std::max(0.0, state.lender_scaled);
    const bool traded = world.markets[reserve.market.value].perp >= 0;
    if (traded) {  // its accounts own all there is
      supplied -= state.lender_scaled;
      state.lender_scaled = 0;
    }
    if (reserve.minted) supplied = state.lender_scaled = state.debt_scaled;  // what was minted
    state.supply_scaled = supplied;
    const double cash = supplied - state.debt_scaled + q.down(c.protocol[r]);
    world.opening.balances[reserve.cash.value] = cash;
    world.total_supply[reserve.asset.value] += cash;
    if (reserve.contract) {
      open_contract(c, r);
      continue;
    }
    if (!(c.reference(reserve.asset) > 0)) continue;
    world.markets[reserve.market.value].deposits_usd +=
        (traded ? cash : state.lender_scaled) * c.reference(reserve.asset);
  }
}

/// Debt of accounts whose collateral is isolated, by that collateral.
void note_isolated(CompileContext& c) {
  Snapshot& world = c.world;
  world.opening.isolated_usd.assign(world.reserves.size(), 0.0);
  const auto isolated = [&](const Reserve& r) { return r.isolation.isolated(); };
  if (std::none_of(world.reserves.begin(), world.reserves.end(), isolated)) return;
  for (std::uint32_t p = 0; p < world.positions.size(); ++p) {
    std::uint32_t posted = no_reserve;
    double debt = 0;
    for (std::uint32_t leg = 0; leg < world.book->legs(p); ++leg) {
      const std::uint32_t f = world.book->factor(p, leg), r = f / 2;
      const double units = world.book->base_amount(p, leg);
      if (leg >= world.book->collateral_legs(p)) {
        debt += units * world.opening.market.published[world.reserves[r].oracle.value];
      } else if (units > 0 && isolated(world.reserves[r])) {
        posted = world.reserves[r].pot;
      }
    }
    if (posted != no_reserve && debt > 0) world.opening.isolated_usd[posted] += debt;
  }
}

void note_legacy(CompileContext& c) {
  Snapshot& world = c.world;
  Positions positions(*world.book);
  std::vector<std::uint32_t> hollow;
  reference_scan(*world.book, positions, world.opening.market_factors, hollow);
  for (const std::uint32_t p : hollow) {
    double slack = 0;
    for (std::uint32_t leg = 0; leg < world.book->legs(p); ++leg) {
      const double value = world.book->base_amount(p, leg) *
                           world.opening.market_factors[world.book->factor(p, leg)];
      slack += leg < world.book->collateral_legs(p) ? value : -value;
    }
    world.legacy_rows.push_back(p);
    world.legacy_usd.push_back(-slack);
    world.markets[world.positions[p].market.value].legacy_usd += -slack;
  }
}

/// A loan's first band: trades of its pool reach its neighbours with it.
std::optional<double> band_of_row(const Snapshot& world, std::uint32_t m, std::uint32_t position) {
  if (world.markets[m].bands < 0) return std::nullopt;
  const BandBook& book = world.band_books[static_cast<std::size_t>(world.markets[m].bands)];
  const std::uint32_t loan = position - book.first_position;
  if (loan >= book.loans.size()) return std::nullopt;
  return static_cast<double>(book.loans[loan].first);
}

}  // namespace

void build_book(CompileContext& c) {
  Snapshot& world = c.world;
  name_positions(c);
  BookAssembly book(world.opening.factors, world.positions.size());
  std::uint32_t position = 0;
  each_row(c, [&](std::uint32_t m, const std::vector<LegInput>& legs) {
    for (const LegInput& leg : legs) {
      add_opening(world.opening.reserves[world.reserves[leg.factor / 2].pot], leg);
    }
    book.add_row(m, legs, band_of_row(world, m, position++));
  });
  open_reserves(c);
  book.place_rows();
  position = 0;
  each_row(c, [&](std::uint32_t, const std::vector<LegInput>& legs) {
    book.fill_row(position++, legs);
  });
  number_traders(c);
  c.gathered.clear();
  world.book = std::make_unique<const Book>(std::move(book).finish());
  rank_traders(world);
  note_isolated(c);
  note_legacy(c);
}

void open_prices(CompileContext& c) {
  Snapshot& world = c.world;
  OpeningState& opening = world.opening;
  MarketState& market = opening.market;
  const std::size_t venues = world.venues.size();
  market.venue_price.assign(venues, 0);
  market.venue_rate.assign(2 * venues, 0);
  market.halted.assign(venues, 0);
  market.venue_rate.insert(market.venue_rate.end(), {1.0, 0.0});
  market.venue_rate.resize(market.venue_rate.size() + world.bundles.size(), 0.0);
  market.spot.assign(world.assets.size(), std::numeric_limits<double>::quiet_NaN());
  for (std::uint32_t v = 0; v < venues; ++v) {
    post_price(world, opening.venues, VenueId{v}, market);
  }
  for (const AssetId a : world.spot_order) market.spot[a.value] = market_value(world, market, a);
  for (double& usd : market.spot) usd = std::isnan(usd) ? 0 : usd;  // nobody pays anything for it
  market.published.assign(world.oracles.size(), std::numeric_limits<double>::quiet_NaN());
  market.usable.assign(world.oracles.size(), 1);
  market.band.assign(world.oracles.size(), 0);
  for (std::uint32_t o = 0; o < world.oracles.size(); ++o) open_feed(c, o);
  for (std::uint32_t o = 0; o < world.oracles.size(); ++o) {
    market.usable[o] = std::isfinite(market.published[o]) ? 1 : 0;
  }
  opening.factors.assign(2 * world.reserves.size(), 0);
  opening.market_factors = opening.factors;
  for (std::uint32_t r = 0; r < world.reserves.size(); ++r) {
    const Reserve& reserve = world.reserves[r];
    const double answer = market.published[reserve.oracle.value];
    const double published = std::isnan(answer) ? 0 : answer;  // counts for nothing
    const bool at_mid = world.markets[reserve.market.value].vault_cluster >= 0;
    const double band = at_mid ? 0 : market.band[reserve.oracle.value];
    opening.factors[2 * r] = std::max(0.0, published - band) * reserve.terms.lt;
    opening.factors[2 * r + 1] = (published + band) * reserve.debt_weight;
    opening.market_factors[2 * r] = opening.market_factors[2 * r + 1] =
        reserve.contract && published > 0 ? published : market.spot[reserve.asset.value];
    if (reserve.lies == Lies::promised) opening.market_factors[2 * r] = 0;
  }
}

}  // namespace faultline
