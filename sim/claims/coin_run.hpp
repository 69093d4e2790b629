// What a run changes of algorithmic coins, and of buyers of cheap collateral; parts of the
// workspace.
#pragma once

#include <cstdint>
#include <vector>

#include "protocols/claims/algorithmic_coin.hpp"
#include "sim/agents/capital_out.hpp"

namespace faultline {

struct CoinState {
  CoinTerms terms;
  VirtualPools pools;
  double room = 0;        // coins that may still be redeemed under a daily cap
  double seen_price = 0;  // the oracle's, when last looked at
  bool moved = true;      // its rate since the last round
  bool halted = false;    // for good
};

/// A trip through an issuer that would pay.
struct TripOffer {
  std::uint32_t trip = 0;
  double in = 0;  // of its money
  double gain_usd = 0, capital_usd = 0;
};

struct CoinRun {
  std::vector<CoinState> states;
  std::vector<double> open_since;  // [trip] s; -1: it does not pay
  std::vector<TripOffer> offers;   // scratch
};

struct CheapBuyersRun {
  CapitalOut out;
  std::vector<double> open_since;  // [watch] s; -1: no gap
  bool waits = false;              // some gap stands and nobody has acted on it yet
};

}  // namespace faultline
