// Market makers: groups who quote order books under one stance. What moves one of their books, or
// takes their capital, takes depth from all of them.
#pragma once

#include "sim/scenario.hpp"
#include "sim/workspace.hpp"

namespace faultline {

/// Every group looks at its books and its purse, dt seconds after it last did, and quotes anew.
/// reads: venues, ledger, spot, quotes the scenario leaves. writes: makers, venues' named stance.
void quote_anew(const Snapshot& world, Workspace& w, double dt);

}  // namespace faultline
