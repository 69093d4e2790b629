// The engine: one scenario, from the opening to its end.
#pragma once

#include "sim/outcome.hpp"
#include "sim/scenario.hpp"
#include "sim/snapshot.hpp"
#include "sim/workspace.hpp"

namespace faultline {

/// Runs one scenario in the workspace (which it resets first) and gives its outcome. A pure
/// function of (world, scenario): the workspace's earlier runs leave no trace.
const Outcome& run(const Snapshot& world, const Scenario& scenario, Workspace& w);

}  // namespace faultline
