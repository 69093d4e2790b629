// LP shares of pools that are assets, as compiled, and what a run remembers of them.
#pragma once

#include <string>

#include "core/ids.hpp"

namespace faultline {

/// A pool's share: what is behind it lies in the pool's accounts.
struct PoolShare {
  std::string name;  // of the vault that says so
  AssetId asset;     // its rate is in the pool's quote
  VenueId pool;
  AssetId base, quote;                // the pool's coins
  VenueId out_in_base, out_in_quote;  // venues at which it is burnt for one coin
  AccountId holders;  // the pool's other providers: shares no market, venue or agent holds
};

/// What a share was last valued from, and what has been told of those that left.
struct PoolShareState {
  double base = 0, quote = 0, shares = 0;
  double told = 0;  // shares burnt when the story last spoke of them
};

}  // namespace faultline
