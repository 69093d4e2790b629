// Which liquidations the error of a feed made, and which it prevented. Asked of recorded runs only:
// it keeps a search of its own, at market prices.
//
//   false     liquidated though  sum coll x spot x index x threshold >= sum debt x spot x index
//   missing   in breach by that measure, and not at published prices ("zombie" positions)
//
// The feed to blame is the one whose gap from the market changes the row's slack most, in the
// direction that made the difference.
#pragma once

#include "sim/workspace.hpp"

namespace faultline {

/// Before the first round: opens the audit at the opening's market prices.
void open_feed_audit(const Snapshot& world, Workspace& w);
/// Before orders are settled: notes those that are false.
void audit_liquidations(const Snapshot& world, Workspace& w);

/// 6 settle: likewise a vault about to be sold at auction.
void audit_vault(const Snapshot& world, Workspace& w, std::uint32_t position);
/// At the end of a round: notes the missing.
void audit_missing(const Snapshot& world, Workspace& w);

}  // namespace faultline
