// Strong indices: one type per family, so an oracle's number can never index a venue.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace faultline {

/// An index into one family's columns. `none()` means "refers to nothing".
template <class Family>
struct Id {
  std::uint32_t value = std::numeric_limits<std::uint32_t>::max();

  static constexpr Id none() { return Id{}; }
  constexpr bool valid() const { return value != std::numeric_limits<std::uint32_t>::max(); }
  constexpr auto operator<=>(const Id&) const = default;
};

using AssetId = Id<struct AssetFamily>;
using VenueId = Id<struct VenueFamily>;
using OracleId = Id<struct OracleFamily>;
using MarketId = Id<struct MarketFamily>;
using ReserveId = Id<struct ReserveFamily>;  // one asset lent or posted inside one market
using AgentId = Id<struct AgentFamily>;
using AccountId = Id<struct AccountFamily>;  // one ledger account: an owner and an asset
using NodeId = Id<struct NodeFamily>;        // a node of the dependency graph

}  // namespace faultline
