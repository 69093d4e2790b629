// Markets that absorb failing accounts (protocols/margin/absorbing_market.hpp), through a round:
// who buys at the counter is decided with all liquidations (4), trades with them (5), and then what
// was bought is paid for and accounts in breach are absorbed (6), for sale from the next round on.
//
//   reserves = cash + borrows - supply;  the counter is open while they are < 0 or < target
//   cost     = what reserves paid for what the market holds and has not sold, base units:
//              min(debt + credit, the collateral's worth) when absorbed; what debt was above the
//              collateral's worth is lost at once
#pragma once

#include <algorithm>
#include <cmath>

#include "sim/snapshot.hpp"
#include "sim/workspace.hpp"

namespace faultline {

/// 4 assess: orders, of each collateral, all that is held where the counter is open and that gains.
void plan_counter_sales(const Snapshot& world, Workspace& w);
/// 6 settle: what one purchase paid and got.
void settle_counter_sale(const Snapshot& world, Workspace& w, const LiquidationOrder& order);
/// 6 settle: absorbs what assess found, in the order of rows.
void absorb_failing(const Snapshot& world, Workspace& w);

/// What belongs to a market, base units; below zero: a hole of its lenders nobody books.
double base_reserves(const Snapshot& world, const Workspace& w, const AbsorbingInfo& market);
/// What a market holds and has not sold, at worth, in base units.
double inventory_units(const Snapshot& world, const Workspace& w, const AbsorbingInfo& market);
/// What was paid for what a market holds beyond what that brings, USD, each collateral for itself.
/// price(reserve): USD per unit.
template <class Price>
double counters_hole(const Snapshot& world, const Workspace& w, std::uint32_t market,
                     Price&& price) {
  const AbsorbingInfo& a = world.absorbing[market];
  const double base_usd = w.market.spot[world.reserves[a.base].asset.value];
  double usd = 0;
  for (std::uint32_t i = a.first_counter; i < a.first_counter + a.counters; ++i) {
    const CounterInfo& c = world.counters[i];
    const double hole =
        w.absorbing.cost[i] * base_usd - w.ledger.balance(c.inventory) * price(c.reserve);
    usd += std::max(0.0, std::floor(hole / world.usd_step + 0.5) * world.usd_step);
  }
  return usd;
}
/// What a market can set against losses, USD: reserves, as they would be had it lost nothing.
double absorbing_funds(const Snapshot& world, const Workspace& w, std::uint32_t market);
/// Collateral that would be sold if all were, by reserve.
void add_inventories(const Snapshot& world, const Workspace& w, std::vector<double>& amounts);

void open_absorbing(const Snapshot& world, Workspace& w);
/// Once the outcome is open: reserves at the start.
void open_absorbing_outcomes(const Snapshot& world, Workspace& w);
/// 7 mark-down: reserves and what is left to sell, at the round's end.
void note_absorbing(const Snapshot& world, Workspace& w);

}  // namespace faultline
