// Ways between assets, as compiled: hops over venues, the lanes liquidated collateral takes, and
// the ways back through the outside market.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/ids.hpp"
#include "protocols/venues/venue.hpp"

namespace faultline {

/// One way to trade at one venue, or, where several trade the pair, at all of them: the venue is
/// then the deepest.
struct Hop {
  static constexpr std::uint32_t alone = 0xffffffffu;
  VenueId venue;
  Side side = Side::sell;
  std::uint32_t bundle = alone;  // the venues an order is split over
};

/// The way liquidated collateral takes to the debt asset; empty when they are the same asset. Or
/// the one hop of a flow agent, which no oracle values.
struct Lane {
  AssetId from, to;
  OracleId from_oracle, to_oracle;  // as the market that needs the lane reads them
  std::vector<Hop> hops;
  bool open = true;         // false: no venue joins the two
  std::uint32_t group = 0;  // lanes joined by shared venues, directly or through others, share it
};

constexpr std::size_t kMostHops = 3;

/// Where the rate and the oracle prices of a lane are read.
struct LaneSources {
  // [hop] place in MarketState::venue_rate: that of the 1 where the lane has no such hop, that of
  // the 0 where it is closed, that of its bundle's best where it has several venues
  std::uint32_t rate_at[kMostHops];
  std::uint32_t from_oracle, to_oracle;
};

/// The way from what a venue pays out back to what was given for it, through the outside market: at
/// most one sale for the numeraire and one purchase.
struct WayBack {
  Hop hops[2];
  std::uint32_t rate_at[2] = {0, 0};  // as in LaneSources
  int count = 0;
  bool exists = true;
};

/// A venue where a desk's claim is bought or sold, and how money and the desk's asset are
/// exchanged.
struct DeskRoute {
  AssetId money;
  Hop at;
  WayBack rest;
};

}  // namespace faultline
