// What stands around pools in a compiled world: who may freeze or pause them, and who is staked
// behind a reserve.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "protocols/losses/safety_module.hpp"

namespace faultline {

struct GuardianInfo {
  std::string name;
  std::vector<AssetId> watches;
  std::vector<std::uint32_t> freezes;  // reserves, those of its e-modes included
  double after_s = 0;
  double gap = std::numeric_limits<double>::infinity();  // of their feeds over the market
};

/// What a breaker stops in one market.
struct Pause {
  MarketId market;
  bool borrowing = false, liquidation = false, all = false;
};

struct BreakerInfo {
  std::string name;
  AssetId watches;
  double moves = 0, within_s = 0, lasts_s = 0, grace_s = 0;
  std::vector<Pause> pauses;
};

struct SafetyModuleInfo {
  std::string name;
  std::uint32_t number = 0;   // among all backstops
  std::uint32_t reserve = 0;  // it covers, and is staked in
  bool claim = false;         // staked are claims on that reserve
  AccountId stake, left;      // of tokens: what is staked; what its stakers took out
  SafetyModuleTerms terms;
  double holds = 0, leaving = 0, offset = 0;  // units
  double leaves_s = 0;                        // when those who are leaving may
};

/// A category of a pool. Its reserves follow the pool's own.
struct Emode {
  std::string name;
  std::vector<std::uint32_t> borrowable;  // reserves its accounts may owe, ascending
};

}  // namespace faultline
