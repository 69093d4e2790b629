// Shares of curated vaults that anybody may hand in for the cash there is: a venue SHARE/ASSET for
// every vault that pays at once (sim/compile/expand_contracts.cpp), at the price by its books.
//   room   what the vault could draw now along its withdraw queue, each market's cash once
#pragma once

#include "sim/readings.hpp"

namespace faultline {

/// Brings every exit's room to what its vault could pay now. Liquidations of this round that were
/// granted take their collateral out of reserves first (`reserve_wants`), and exits they sell at
/// draw on the same cash one after the other.
void refresh_vault_exits(const Snapshot& world, Workspace& w, bool granted);

/// After a trade of whole quanta was posted at a venue: where that is a vault's exit, the shares
/// given are burnt and the vault pays what was taken.
void pay_shares(const Snapshot& world, Workspace& w, VenueId venue, double given, double taken);

}  // namespace faultline
