#include "sim/credit/coin_loans.hpp"

#include <cmath>

namespace faultline {

bool find_legs(const Snapshot& world, const Workspace& w, std::uint32_t collateral,
               std::uint32_t coin, std::uint32_t position, LoanLegs& out) {
  Leg legs[kMostLegs];
  const RowLegs row = w.positions.row(position, legs);
  bool held = false, owed = false;
  for (std::uint32_t leg = 0; leg < row.count; ++leg) {
    if (legs[leg].factor == world.reserves[collateral].collateral_factor) {
      out.collateral = leg;
      out.held = legs[leg].amount;
      held = true;
    } else if (legs[leg].factor == world.reserves[coin].debt_factor) {
      out.debt = leg;
      out.owed_scaled = legs[leg].amount;
      owed = true;
    }
  }
  return held && owed;
}

double price_in_coin(const Snapshot& world, const Workspace& w, std::uint32_t collateral,
                     std::uint32_t coin) {
  const OracleId unit = world.reserves[coin].oracle, held = world.reserves[collateral].oracle;
  if (!w.market.usable[unit.value] || !w.market.usable[held.value]) return std::nan("");
  return w.market.published[held.value] / w.market.published[unit.value];
}

double liquidation_gas_usd(const Snapshot& world, const Workspace& w, MarketId market) {
  const auto who = static_cast<std::size_t>(world.liquidator_of[market.value]);
  return gas_usd(world, w, w.settings.liquidator_gas[who], world.markets[market.value].chain);
}

}  // namespace faultline
