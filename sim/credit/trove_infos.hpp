// Markets whose failing loans are paid out of a pool of coins or handed to the other borrowers
// (protocols/margin/trove_market.hpp): what never changes, and what a run changes.
#pragma once

#include <cstdint>
#include <vector>

#include "core/ids.hpp"
#include "protocols/claims/redemption_fee.hpp"
#include "protocols/liquidation/trove_liquidation.hpp"
#include "protocols/losses/stability_pool.hpp"

namespace faultline {

struct TroveSystem {
  MarketId market;
  std::uint32_t coin = 0, collateral = 0;  // reserves
  TroveTerms terms;
  StabilityPoolTerms pool_terms;
  bool redeems = false;  // coins at face value
  RedemptionTerms redemption;
  double pool_coins = 0;                        // of the coins minted, in the pool at first
  AccountId gained, owners, fees;               // collateral the pool has; handed back; kept
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
  double base = 0, base_s = 0;  // of the redemption fee, as it was at that time
  TroveRound round;
};

struct TroveRun {
  std::vector<TroveState> systems;
  std::vector<std::uint32_t> failing;  // rows in breach, to be liquidated this round
  struct Ranked {
    double ratio = 0;
    std::uint32_t position = 0;
  };
  std::vector<Ranked> ranked;  // scratch: loans that may be redeemed, riskiest first
};

}  // namespace faultline
