// Markets whose failing loans are paid out of a pool of coins or handed to the other borrowers
// (protocols/margin/trove_market.hpp): what never changes, and what a run changes.
#pragma once

#include <cstdint>
#include <vector>

#include "core/ids.hpp"
#include "protocols/liquidation/trove_liquidation.hpp"
#include "protocols/losses/stability_pool.hpp"

namespace faultline {

struct TroveSystem {
  MarketId market;
  std::uint32_t coin = 0, collateral = 0;  // reserves
  TroveTerms terms;
  StabilityPoolTerms pool_terms;
  double pool_coins = 0;                        // of the coins minted, in the pool at first
  AccountId gained, owners;                     // collateral the pool has; handed back
  std::uint32_t first_position = 0, loans = 0;  // its rows, one after the other
};

/// What happened in one market this round, USD.
struct TroveRound {
  double offset_usd = 0, gained_usd = 0, handed_usd = 0;
};

struct TroveState {
  double pool_coins = 0;
  bool recovery = false;
  double recovery_since_s = 0;
  TroveRound round;
};

struct TroveRun {
  std::vector<TroveState> systems;
  std::vector<std::uint32_t> failing;  // rows in breach, to be liquidated this round
};

}  // namespace faultline
