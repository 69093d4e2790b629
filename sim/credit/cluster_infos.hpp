// Clusters of vaults that take each other's shares (protocols/margin/cluster.hpp): what never
// changes, and what a run changes.
#pragma once

#include <cstdint>
#include <vector>

#include "core/ids.hpp"
#include "protocols/liquidation/discount_growing.hpp"

namespace faultline {

/// One vault. Whoever owes it is in a category of its market of his own (sim/compile/pots.cpp).
struct ClusterVault {
  static constexpr std::uint32_t none = 0xffffffffu;
  std::uint32_t reserve = 0;
  std::int32_t emode = -1;  // category of its debtors; -1: nobody may owe it
  DiscountTerms terms;      // least_socialised in USD
  double ramp_s = 0;
  // First of two rows in which liquidators with capital hold what they took over: when the one
  // fails, others of them take it over into the other.
  std::uint32_t held = none;
};

struct ClusterInfo {
  MarketId market;
  std::uint32_t first = 0;           // of its vaults, among those of all clusters
  std::vector<ClusterVault> vaults;  // in the order of their reserves
};

/// A liquidation LTV on its way down.
struct LtvRamp {
  std::uint32_t reserve = 0;
  double from = 0, to = 0, start_s = 0, length_s = 0;
};

/// What happened at one vault this round, USD.
struct ClusterRound {
  double taken_usd = 0, shares_usd = 0, repaid_usd = 0, unwound_usd = 0, erased_usd = 0;
  double kept_before = 1;  // of a share, when the round's first debt was erased
};

/// What liquidators hold at one vault.
struct HeldState {
  double tied_usd = 0;  // of their capital
  ClusterRound round;
};

struct ClusterRun {
  std::vector<double> kept;       // [reserve] part of a share's worth that losses left
  std::vector<double> cost;       // [2 * reserve + row] debt units given for what is held there
  std::vector<HeldState> vaults;  // of all clusters
  std::vector<LtvRamp> ramps;     // under way
  std::vector<std::uint32_t> failing;  // rows in breach, to be looked at this round
  bool cut = false;                    // some share lost worth
};

}  // namespace faultline
