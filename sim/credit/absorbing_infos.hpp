// Markets that absorb failing accounts and sell their collateral over a counter
// (protocols/margin/absorbing_market.hpp): what never changes, and what a run changes.
#pragma once

#include <cstdint>
#include <vector>

#include "core/ids.hpp"
#include "protocols/liquidation/absorb_and_sell.hpp"

namespace faultline {

/// One collateral of such a market.
struct CounterInfo {
  std::uint32_t market = 0;       // place among such markets
  std::uint32_t reserve = 0;      // where accounts post it
  double liquidation_factor = 1;  // share credited; 0: it is not taken
  AccountId inventory;            // what the market holds and has not sold
};

struct AbsorbingInfo {
  MarketId market;
  std::uint32_t base = 0;                         // reserve
  StorefrontTerms terms;                          // target in base units
  bool pays_gas = false;                          // of absorptions, out of cash
  std::uint32_t first_counter = 0, counters = 0;  // in the order of their reserves
};

/// What happened in one market this round, USD.
struct AbsorbingRound {
  double absorbed_usd = 0, seized_usd = 0, sold_usd = 0;
};

struct AbsorbingState {
  bool closed = false;    // the counter, with something left to sell
  bool negative = false;  // reserves
  std::uint32_t last_absorbed = 0;
  AbsorbingRound round;
};

struct AbsorbingRun {
  std::vector<AbsorbingState> markets;
  std::vector<double> cost;            // [counter] base units paid for what it holds
  std::vector<std::uint32_t> failing;  // rows in breach, to be absorbed this round
};

}  // namespace faultline
