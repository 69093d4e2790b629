// A pool made by hand: ETH, USD and a token that follows ETH, feeds that publish at once, venues
// deep enough not to matter, no interest.
#pragma once

#include <string>

#include "sim/engine.hpp"
#include "sim/readings.hpp"
#include "tests/laws/random_ecosystem.hpp"
#include "tests/sim/small_world.hpp"

namespace faultline::test {

struct PoolWorld {
  Ecosystem eco;
  PooledLending::Spec pool;
  PositionRows rows;

  PoolWorld() {
    eco.clock.round.value = 12;
    eco.clock.horizon.value = 240;
    add_assets(eco, {{"ETH", 1000}, {"wst", 1200}, {"USD", 1}});
    for (const char* base : {"ETH", "wst"}) {
      ConstantProduct::Spec venue;
      venue.pair = {base, "USD"};
      venue.liquidity = of(1e10, "$");
      add(eco.venues, std::string("deep.") + base, VenueNode{venue, {}});
    }
    for (const char* asset : {"ETH", "wst", "USD"}) {
      add(eco.oracles, asset, prompt_feed());
      ReserveSpec& r = pool.reserves[asset];
      r.ltv.value = 0.75;
      r.lt.value = 0.8;
      r.bonus = Ratio{0.06};
      r.rate.kind = "none";
      r.supplied = of(10000, asset);
    }
    pool.reserves["USD"].supplied = of(1e7, "USD");
    rows.assets = {"ETH", "wst", "USD"};
    rows.first_leg = {0};
  }
  /// An account: units of assets by place in `rows.assets`; in an e-mode, by place plus 1.
  void account(std::uint16_t posts, double posted, std::uint16_t owes, double owed,
               std::uint16_t emode = 0) {
    rows.legs.insert(rows.legs.end(), {{posts, 0, 0}, {owes, 1, 0}});
    rows.amounts.insert(rows.amounts.end(), {posted, owed});
    rows.first_leg.push_back(static_cast<std::uint32_t>(rows.legs.size()));
    rows.emode_of.push_back(emode);
  }
  EmodeSpec& emode(const char* name) {
    EmodeSpec& e = pool.emodes[name];
    e.collateral = {{"wst"}};
    e.borrow = {{"ETH"}};
    rows.emodes = {name};
    return e;
  }
  Ecosystem done() const {
    Ecosystem out = eco;
    MarketNode node;
    node.spec = pool;
    node.rows = rows;
    if (node.rows.emodes.empty()) node.rows.emode_of.clear();
    add(out.markets, "pool", node);
    return out;
  }
};

inline laws::Case built(const Ecosystem& eco) {
  return laws::Case(eco, {});
}

/// An asset's price is another at a time, for good.
inline ExogenousMove price_to(const Snapshot& world, const char* asset, double usd_each,
                              double at_s = 12) {
  return {MoveKind::level, world.asset(asset).value, usd_each, {at_s, at_s}};
}

inline std::uint32_t reserve_of(const Snapshot& world, const char* market, const char* asset,
                                std::int32_t emode = -1) {
  for (std::uint32_t r = 0; r < world.reserves.size(); ++r) {
    const Reserve& reserve = world.reserves[r];
    if (world.markets[reserve.market.value].name == market && reserve.emode == emode &&
        world.assets[reserve.asset.value].name == asset) {
      return r;
    }
  }
  return 0xffffffffu;
}

/// Units a row posts (owes) of all its legs on one side, at today's indices.
inline double units_of(const Snapshot& world, const Workspace& w, std::uint32_t position,
                       bool owed) {
  double units = 0;
  for (std::uint32_t leg = 0; leg < world.book->legs(position); ++leg) {
    const bool debt = leg >= world.book->collateral_legs(position);
    if (debt == owed) units += w.positions.amount(position, leg);
  }
  return units;
}

}  // namespace faultline::test
