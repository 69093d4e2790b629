// Who takes claims back at their rate, in his own time, as compiled
// (protocols/claims/redemption_desk.hpp).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "core/market_state.hpp"
#include "protocols/claims/redemption_desk.hpp"

namespace faultline {

/// A place where reserves lie that are not cash.
struct ReservePart {
  std::string name;  // `circle.svb`
  AccountId account;
  double per_s = 0;  // turned into cash, units per second of open hours; infinite: at once
};

/// An issuer who holds an asset and pays it out for claims on it.
struct RedemptionDesk {
  std::string name;
  bool bridge = false;  // the asset on another chain; else a coin on money in banks
  AssetId claim, asset;
  AccountId cash;                    // escrow, or what lies ready
  std::vector<std::uint32_t> parts;  // of Snapshot::reserve_parts
  AccountId holders, paid;           // claims nobody else holds; what their holders are paid
  DeskTerms terms;
  double opening_held = 0;  // units
  double rounding = 0;      // held less than promised at the opening by no more than quanta
  std::uint32_t chain = 0xffffffffu;
};

/// A round trip through a desk: money -> claim at a venue, handed in and paid later, asset -> money
/// outside; or asset -> claim issued, claim -> money at the venue, money -> asset outside.
struct DeskTrip {
  std::uint32_t desk = 0;
  bool redeems = true;
  std::uint32_t route = 0;  // of Snapshot::desk_routes
};

}  // namespace faultline
