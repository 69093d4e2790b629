// Reserves that share a pot: the collateral of a pool's categories (protocols/margin/emode.hpp),
// and the reserves of a spoke, which lend from those of its hub. Each has terms and a feed of its
// own, hence factors of its own; cash, debt, claims, indices and caps are the pot's.
#include <algorithm>

#include <fmt/format.h>

#include "sim/compile/clusters.hpp"

namespace faultline {

namespace {

constexpr std::uint32_t no_reserve = 0xffffffffu;

/// A market's own reserve of an asset, no category's.
std::uint32_t own_reserve(const Snapshot& world, const Market& m, AssetId asset,
                          std::uint32_t count) {
  for (std::uint32_t r = m.first_reserve; r < m.first_reserve + count; ++r) {
    if (world.reserves[r].asset == asset && world.reserves[r].emode < 0) return r;
  }
  return no_reserve;
}

/// The pool's reserve a category names; reports one that does not exist.
std::uint32_t named_reserve(CompileContext& c, const Market& m, const std::string& asset,
                            const std::string& path) {
  const AssetId a = c.asset(asset, path);
  if (!a.valid()) return no_reserve;
  const auto count = static_cast<std::uint32_t>(c.world.reserves.size()) - m.first_reserve;
  const std::uint32_t r = own_reserve(c.world, m, a, count);
  if (r == no_reserve) {
    c.diagnostics.error("E0540", c.at(path),
                        fmt::format("'{}' has no reserve of {}", m.name, asset),
                        "declare it under `reserves`, or leave it out");
  }
  return r;
}

}  // namespace

void add_sharer(CompileContext& c, std::uint32_t pot, std::int32_t emode,
                const LendingTerms& terms) {
  const auto r = static_cast<std::uint32_t>(c.world.reserves.size());
  Reserve reserve = c.world.reserves[pot];
  reserve.pot = pot;
  reserve.emode = emode;
  reserve.collateral_factor = 2 * r;
  reserve.debt_factor = 2 * r + 1;
  reserve.takes_debt = false;
  reserve.terms = terms;
  c.world.reserves.push_back(reserve);
  for (auto* column : {&c.supplied, &c.posted, &c.borrowed, &c.protocol}) column->push_back(0);
}

void add_emodes(CompileContext& c, Market& market, const PooledLending::Spec& spec) {
  for (const auto& [name, emode] : spec.emodes) {
    const std::string path = "markets." + market.name + ".emodes." + name;
    Emode made{name, {}};
    for (const Name& asset : emode.borrow) {
      const std::uint32_t r = named_reserve(c, market, asset.text, path + ".borrow");
      if (r != no_reserve) made.borrowable.push_back(r);
    }
    std::sort(made.borrowable.begin(), made.borrowable.end());
    std::vector<std::string> posted;
    for (const Name& asset : emode.collateral) posted.push_back(asset.text);
    std::sort(posted.begin(), posted.end());
    posted.erase(std::unique(posted.begin(), posted.end()), posted.end());
    const auto number = static_cast<std::int32_t>(market.emodes.size());
    for (const std::string& asset : posted) {
      const std::uint32_t r = named_reserve(c, market, asset, path + ".collateral");
      if (r == no_reserve) continue;
      LendingTerms terms = c.world.reserves[r].terms;
      terms.ltv = emode.ltv.value;
      terms.lt = emode.lt.value;
      terms.bonus = emode.bonus.value;
      add_sharer(c, r, number, terms);
    }
    market.emodes.push_back(std::move(made));
  }
}

std::uint32_t posted_in(const Snapshot& world, const Market& market, std::int32_t emode,
                        std::uint32_t reserve) {
  if (reserve == no_reserve || emode < 0) return reserve;
  for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
       ++r) {
    if (world.reserves[r].emode == emode &&
        world.reserves[r].asset == world.reserves[reserve].asset)
      return r;
  }
  return reserve;
}

namespace {

/// The pool whose reserves a market lends from; none where it lends its own.
MarketId hub_of(CompileContext& c, const Named<MarketNode>& node) {
  const auto* pool = std::get_if<PooledLending::Spec>(&node.spec.spec);
  if (pool == nullptr || !pool->shares_cash_with) return MarketId::none();
  const std::string path = "markets." + node.name + ".shares_cash_with";
  const std::string& hub = pool->shares_cash_with->text;
  for (const auto& other : c.nodes.markets) {
    if (other.name != hub) continue;
    const auto* spec = std::get_if<PooledLending::Spec>(&other.spec.spec);
    if (spec == nullptr || spec->shares_cash_with || other.name == node.name) break;
    return MarketId{c.markets.at(hub)};
  }
  c.diagnostics.error("E0541", c.at(path), fmt::format("'{}' is no pool with cash of its own", hub),
                      "name a pool of reserves that is no spoke itself");
  return MarketId::none();
}

/// A spoke's reserve draws on its hub's of the same asset.
void draw_on(CompileContext& c, const Market& spoke, const Market& hub, std::uint32_t r) {
  Reserve& reserve = c.world.reserves[r];
  const std::string& asset = c.world.assets[reserve.asset.value].name;
  const std::string path = "markets." + spoke.name + ".reserves." + asset;
  const std::uint32_t pot = own_reserve(c.world, hub, reserve.asset, hub.reserve_count);
  if (pot == no_reserve) {
    c.diagnostics.error(
        "E0542", c.at(path),
        fmt::format("'{}' has no {} for '{}' to draw on", hub.name, asset, spoke.name),
        "declare the reserve there, or leave it out here");
    return;
  }
  if (c.supplied[r] >= 0 || c.protocol[r] > 0) {
    c.diagnostics.error(
        "E0543", c.at(path),
        fmt::format("what lenders supplied of {} is '{}''s to state", asset, hub.name),
        "write `supplied` and `protocol_reserves` there, `draw_cap` here");
    return;
  }
  reserve.pot = pot;
  reserve.cash = c.world.reserves[pot].cash;
  c.supplied[r] = 0;
}

}  // namespace

void share_pots(CompileContext& c) {
  Snapshot& world = c.world;
  for (std::uint32_t m = 0; m < world.markets.size(); ++m) {
    const MarketId hub = hub_of(c, c.nodes.markets[m]);
    if (!hub.valid()) continue;
    Market& spoke = world.markets[m];
    spoke.hub = hub;
    for (std::uint32_t r = spoke.first_reserve; r < spoke.first_reserve + spoke.reserve_count;
         ++r) {
      if (world.reserves[r].emode < 0) draw_on(c, spoke, world.markets[hub.value], r);
    }
  }
  world.sharers.resize(world.reserves.size());
  for (std::uint32_t r = 0; r < world.reserves.size(); ++r) {
    Reserve& reserve = world.reserves[r];
    reserve.pot = world.reserves[reserve.pot].pot;  // a category's, of a spoke's, of the hub's
    reserve.cash = world.reserves[reserve.pot].cash;
    reserve.rate = world.reserves[reserve.pot].rate;
    if (reserve.pot != r) world.sharers[reserve.pot].push_back(r);
  }
}

void check_emodes(CompileContext& c, const AccountRows& rows, std::uint32_t m) {
  if (rows.rows == nullptr || rows.rows->emode_of.empty()) return;
  const Market& market = c.world.markets[m];
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::uint16_t mode = rows.rows->emode_of[i];
    if (mode == 0) continue;
    const std::string& name = rows.rows->emodes[mode - 1u];
    const auto emode = std::find_if(market.emodes.begin(), market.emodes.end(),
                                    [&](const Emode& e) { return e.name == name; });
    if (emode == market.emodes.end()) return;  // said before
    bool wrong = false;
    rows.each_leg(i, [&](std::uint32_t r, double units, bool debt) {
      const auto& may = emode->borrowable;
      if (!debt || wrong || !(units > 0) || std::binary_search(may.begin(), may.end(), r)) return;
      wrong = true;
      const std::string& asset = c.world.assets[c.world.reserves[r].asset.value].name;
      c.diagnostics.error(
          "E0545", c.at("markets." + market.name + ".borrowers"),
          fmt::format("an account of '{}' in the e-mode '{}' owes {}, which it does "
                      "not lend",
                      market.name, name, asset),
          "add it to the e-mode's `borrow`, or take the account out of it");
    });
    if (wrong) return;
  }
}

}  // namespace faultline
