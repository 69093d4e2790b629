// The story of a recorded run: dated events, told as they happen. Nothing here bears on results.
#pragma once

#include "sim/workspace.hpp"

namespace faultline {

void note_liquidations(const Snapshot& world, Workspace& w, std::uint32_t market);
/// A contract's funding rate reached a new extreme.
void note_funding(const Snapshot& world, Workspace& w, const PerpContract& contract, double rate);
/// A contract's mark, further than 2% from its index before, is within 0.5% of it again.
void note_recovery(Workspace& w, const PerpContract& contract, double basis);
/// What vaults took over, funds paid and counterparties were closed for at a perpetual venue.
void note_backstops(const Snapshot& world, Workspace& w, std::uint32_t market);
void note_insolvency(const Snapshot& world, Workspace& w, std::uint32_t market, double hole_usd,
                     double funds_usd);
/// Quotes leave when less than half of them stand, and are back when nine tenths do.
void note_depth(Workspace& w, const std::string& node, DepthStory& story, double stands,
                double widened);

}  // namespace faultline
