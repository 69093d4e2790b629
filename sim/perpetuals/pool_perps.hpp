// What happens at a venue whose counterparty is a pool, phase by phase: borrowing and funding,
// accounts in breach, winners the pool can no longer carry, and the tokens that change hands. The
// rules themselves: protocols/margin/pool_perp.hpp.
#pragma once

#include "sim/perpetuals/perps.hpp"

namespace faultline {

/// One account against the pool, at published prices.
struct PoolAccount {
  PoolPosition position;  // size in USD at entry; nothing open: contracts 0
  double owed = 0;        // funding and borrowing so far, USD
  std::uint32_t contract_leg = 0, face_leg = 0;
};
PoolAccount view_pool_account(const Snapshot& world, const Workspace& w, const PerpVenue& venue,
                              std::uint32_t position);

/// One side of the pool and the traders it stands against, USD at published prices.
PoolSide pool_side(const Snapshot& world, const Workspace& w, const PerpVenue& venue, bool longs);

/// What the providers own of pools that stand against traders, USD: 0 for other venues.
double pool_worth(const Snapshot& world, const Workspace& w, const PerpVenue& venue);

/// 1 shock: what positions owe for borrowing, and the heavier side to the other.
void accrue_pool(const Snapshot& world, Workspace& w, const PerpVenue& venue, double dt);
/// 1 shock: whether the providers of a venue may take anything out now.
bool pool_lets_go(const Snapshot& world, const Workspace& w, VenueId venue);

/// 4 assess: an account the search reports: closed, or close to it.
void plan_pool_trader(const Snapshot& world, const Workspace& w, const PerpVenue& venue,
                      std::uint32_t position, PlannedRows& out);
/// 4 assess: the most profitable positions, where the pool owes a side too much.
void plan_pool_deleveraging(const Snapshot& world, Workspace& w);

/// 6 settle: closings, one after the other, at the index moved by each one's own impact.
void settle_pool(const Snapshot& world, Workspace& w, const PerpVenue& venue);

}  // namespace faultline
