// LP shares of pools at work (protocols/claims/pool_share.hpp): what one is worth, who leaves with
// how many, and what is told of it.
#pragma once

#include "sim/readings.hpp"
#include "sim/workspace.hpp"

namespace faultline {

/// The share of a pool's liquidity that is an asset; null: none.
const PoolShare* share_of_pool(const Snapshot& world, VenueId pool);

/// What one share pays by fair value, in the pool's quote, at these references of its coins.
double fair_rate(const Snapshot& world, const KindStates<VenueKinds>& venues,
                 const std::vector<double>& reference, const PoolShare& share);

void open_share_run(const Snapshot& world, Workspace& w);
/// 1 shock: whether some share may be worth something else in its pool's quote though no reference
/// moved.
bool shares_moved(const Snapshot& world, const Workspace& w);
/// Its rate at the references of its coins as they now are.
double rate_share(const Snapshot& world, Workspace& w, std::uint32_t share);

/// Providers leave a pool in proportion (part > 0) or come back: shares of those with no market,
/// venue or agent are burnt or issued. Gives the part that could be.
double burn_in_proportion(const Snapshot& world, Workspace& w, const PoolShare& share, double part);
/// Units made from nothing are shares like any other: all are diluted. Of other assets, nothing.
void count_minted_shares(const Snapshot& world, Workspace& w, AssetId asset, double units);
/// After a trade of whole quanta was posted at a venue: where that is a way out of a pool, what was
/// given is burnt, and the pool has moved.
void burn_given(const Snapshot& world, Workspace& w, VenueId venue, double given, double taken);

/// Once one of a pool and the ways out of it moved, all of them have: marks them and, where `post`,
/// puts their prices on the board.
void follow_pools(const Snapshot& world, Workspace& w, bool post);
/// 7 mark-down: an asset's worth over its market price through what is behind a share.
double share_worth(const Snapshot& world, const Workspace& w, const PoolShare& share);

void note_shares(const Snapshot& world, Workspace& w);
void close_shares(const Snapshot& world, Workspace& w);

}  // namespace faultline
