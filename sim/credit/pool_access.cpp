// Who may still supply to a reserve and borrow from it, and how much. Caps are those of the pot;
// they bind what is new only [aave_v3_code].
#include <algorithm>
#include <cmath>

#include "sim/credit/pools.hpp"

namespace faultline {

bool paused(const Workspace& w, std::uint32_t market) {
  return w.pools.paused_s[market] > w.now_s;
}

bool liquidation_paused(const Workspace& w, std::uint32_t market) {
  return w.pools.liquidation_paused_s[market] > w.now_s;
}

bool takes_supply(const Snapshot& world, const Workspace& w, std::uint32_t r) {
  return w.pools.frozen[r] == 0 && !paused(w, world.reserves[r].market.value);
}

bool lends(const Snapshot& world, const Workspace& w, std::uint32_t r) {
  const std::uint32_t market = world.reserves[r].market.value;
  return world.reserves[r].takes_debt && takes_supply(world, w, r) &&
         !(w.pools.borrowing_paused_s[market] > w.now_s);
}

double supply_room(const Snapshot& world, const Workspace& w, std::uint32_t r) {
  if (!takes_supply(world, w, r)) return 0;
  const double cap = w.settings.reserves[world.reserves[r].pot].supply_cap;
  return std::max(0.0, cap - supply_units(w, r));
}

namespace {

/// What a spoke's accounts owe of a reserve, units: only where a cap asks for it.
double drawn_units(const Snapshot& world, const Workspace& w, std::uint32_t r) {
  const std::uint32_t factor = world.reserves[r].debt_factor;
  double scaled = 0;
  for (std::uint32_t p = 0; p < world.positions.size(); ++p) {
    if (world.positions[p].market != world.reserves[r].market) continue;
    for (std::uint32_t leg = world.book->collateral_legs(p); leg < world.book->legs(p); ++leg) {
      if (world.book->factor(p, leg) == factor) scaled += w.positions.amount(p, leg);
    }
  }
  return scaled * w.market.borrow_index[r];
}

}  // namespace

double borrow_room(const Snapshot& world, const Workspace& w, std::uint32_t r) {
  if (!lends(world, w, r)) return 0;
  const double cap = w.settings.reserves[world.reserves[r].pot].borrow_cap;
  double left = std::max(0.0, cap - debt_units(w, r));
  const double draw_cap = world.reserves[r].draw_cap;
  if (std::isfinite(draw_cap)) {
    left = std::min(left, std::max(0.0, draw_cap - drawn_units(world, w, r)));
  }
  return std::max(0.0, std::min(left, reserve_cash(world, w, r)));
}

double opening_weight(const Workspace& w, std::uint32_t r) {
  if (w.pools.frozen[r] != 0) return 0;
  return w.settings.reserves[r].terms.ltv * w.pools.thresholds[r].scale;
}

}  // namespace faultline
