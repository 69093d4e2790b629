// Buyers of collateral that a market believes to be worth more than it costs
// (protocols/agents/cheap_collateral.hpp).
#pragma once

#include "sim/readings.hpp"

namespace faultline {

/// What a run starts with.
void open_cheap_buyers(const Snapshot& world, Workspace& w);

/// 6 settle, after withdrawals: they buy, post, borrow and sell what they borrowed.
void buy_cheap_collateral(const Snapshot& world, Workspace& w);

/// Share of what a market could lend at the opening that they took, at market value; NaN where
/// nobody buys for it.
double drained_share(const Snapshot& world, const Outcome& outcome, MarketId market);

}  // namespace faultline
