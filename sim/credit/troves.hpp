// Loans paid out of a pool of coins, or handed to the other borrowers (sim/credit/trove_infos.hpp),
// through a round: whether a market is in recovery mode is seen before breaches are looked for (4),
// failing loans are liquidated once trades are settled (6). Nothing is sold, so no venue moves.
#pragma once

#include "sim/credit/coin_loans.hpp"
#include "sim/snapshot.hpp"
#include "sim/workspace.hpp"

namespace faultline {

/// 4 assess, first: in recovery mode loans count as failing below the ratio of all of them.
void step_recovery(const Snapshot& world, Workspace& w);
/// 4 assess: orders coins bought where they trade and redeemed at face value, as far as that pays
/// (sim/credit/redemptions.cpp).
void plan_redemptions(const Snapshot& world, Workspace& w);
/// 6 settle: what the round's redemptions took out of the riskiest loans.
void settle_redemptions(const Snapshot& world, Workspace& w);
/// 6 settle: liquidates what assess found, riskiest first, as far as pool, terms and gas allow.
void liquidate_troves(const Snapshot& world, Workspace& w);

/// All loans of a market.
Trove all_loans(const Workspace& w, const TroveSystem& s);

/// Whether the loan of a row may be liquidated now; in recovery mode the search finds more than the
/// pool can pay whole.
bool trove_fails(const Snapshot& world, const Workspace& w, std::uint32_t position);
/// What a market's pool can pay, USD.
double pool_funds_usd(const Snapshot& world, const Workspace& w, const TroveSystem& system);

void open_troves(const Snapshot& world, Workspace& w);
void close_troves(const Snapshot& world, Workspace& w);

}  // namespace faultline
