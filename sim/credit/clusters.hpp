// Clusters of vaults through a round (protocols/margin/cluster.hpp). Where the vault of the
// collateral has cash and a lane pays, accounts in breach are liquidated like any other (4, 5):
// shares redeemed, sold, the debt repaid. What is then still in breach (6), liquidators with
// capital take over: debt and shares move to a row of theirs at the vault, into which they pay what
// the opening LTVs ask for; from a row of theirs that fails, to the other one. From the next round
// on they redeem, sell and repay (4, 5) what brings them their cost. Debt of an account without
// shares is erased and falls on its vault's shares, which are collateral elsewhere.
//
//   takes over    if shares at market price > debt at market price + gas
//   pays in       max(0, debt - sum of shares x bid x LTV), as far as capital reaches
//   unwinds       where the lane brings  >= max(cost, LTV x price of the pair) + gas
//   erased        what an account with no listed share of any worth owes
#pragma once

#include <functional>

#include "sim/workspace.hpp"

namespace faultline {

void open_clusters(const Snapshot& world, Workspace& w);

/// 1 shock: a setting moved the liquidation LTV of a reserve from `before`; a lower one comes in
/// over its vault's ramp.
void start_ramp(const Snapshot& world, Workspace& w, std::uint32_t reserve, double before);
/// 1 shock, after pools: ramps under way.
void step_ramps(const Snapshot& world, Workspace& w);

/// 4 assess: whether liquidators would take over debts of this market, or there is nothing to lose
/// by looking at the row again: it has no share of any worth.
bool may_take_over(const Snapshot& world, MarketId market);
/// 4 assess: counts accounts that entered breach only because shares lost worth.
void count_second_round(const Snapshot& world, Workspace& w);
/// 4 assess: orders that sell what liquidators hold.
void plan_unwinding_of_shares(const Snapshot& world, Workspace& w);

/// 5 execute: capital of a liquidator tied in what he took over, USD.
double tied_in_clusters(const Snapshot& world, const Workspace& w, std::size_t liquidator);

/// 6 settle: one of those orders traded; before its legs move.
void note_unwound(const Snapshot& world, Workspace& w, const LiquidationOrder& order);
/// 6 settle: whether what an account owes now is erased, having owed `repaid` units more this
/// round.
bool is_erased(const Snapshot& world, const Workspace& w, std::uint32_t position, double repaid);
/// 6 settle: claims on a pot are worth `factor` of before.
void note_share_fall(const Snapshot& world, Workspace& w, std::uint32_t pot, double factor,
                     double erased_usd);
/// 6 settle: takes over what is still in breach. recognise(row, units repaid): erases what is to
/// be.
void take_over_failing(const Snapshot& world, Workspace& w,
                       const std::function<void(std::uint32_t, double)>& recognise);

/// What liquidators hold in a row of theirs less what they owe, USD.
double held_usd(const Snapshot& world, const Workspace& w, std::uint32_t row);
/// The end of a run: what is still held.
void close_clusters(const Snapshot& world, Workspace& w);

}  // namespace faultline
