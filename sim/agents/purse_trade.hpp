// A trade of an agent at one venue, from its purse, at once.
#pragma once

#include "sim/readings.hpp"

namespace faultline {

/// Gives `in` (whole) of an account's asset at a venue and puts what it brings, rounded against the
/// trader, into another; what it brought, 0 where nothing traded. lasting: the trade is news, and
/// moves the asset's reference where the venue says that trades do.
double trade_from_purse(const Snapshot& world, Workspace& w, const Hop& hop, AccountId pays,
                        AccountId takes, double in, bool lasting);

/// After a trade of whole quanta was posted at a venue: shares given at the way out of a pool are
/// burnt, and those given at a vault's exit paid by it.
void hand_in_shares(const Snapshot& world, Workspace& w, VenueId venue, double given, double taken);

/// Sells all a purse has of an asset along the deepest way to the numeraire, at whatever it brings.
void sell_purse(const Snapshot& world, Workspace& w, const std::vector<AccountId>& purse,
                AssetId asset);

}  // namespace faultline
