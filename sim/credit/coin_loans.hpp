// Loans against which a market mints its coin, whatever becomes of them when they fail: sold at
// auction (sim/credit/auctions.hpp), paid out of a pool (sim/credit/troves.hpp) or redeemed
// (sim/credit/redemptions.cpp).
#pragma once

#include "sim/readings.hpp"

namespace faultline {

/// Legs of a row: a loan has both, an attacker's account only what it may hold and owe.
struct LoanLegs {
  std::uint32_t collateral = 0, debt = 0;
  double held = 0, owed_scaled = 0;  // units; debt before interest
};
/// False where the row has not a leg in both reserves.
bool find_legs(const Snapshot& world, const Workspace& w, std::uint32_t collateral,
               std::uint32_t coin, std::uint32_t position, LoanLegs& out);

/// The feed's price of a reserve of collateral in coins as the system counts them; NaN where either
/// feed gives none.
double price_in_coin(const Snapshot& world, const Workspace& w, std::uint32_t collateral,
                     std::uint32_t coin);

/// Gas of a transaction of who liquidates in a market, USD; somebody must.
double liquidation_gas_usd(const Snapshot& world, const Workspace& w, MarketId market);

}  // namespace faultline
