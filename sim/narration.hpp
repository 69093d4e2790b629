// The story of a recorded run: dated events, told as they happen. Nothing here bears on results.
#pragma once

#include "sim/workspace.hpp"

namespace faultline {

void note_liquidations(const Snapshot& world, Workspace& w, std::uint32_t market);
void note_insolvency(const Snapshot& world, Workspace& w, std::uint32_t market, double hole_usd,
                     double funds_usd);

}  // namespace faultline
