// A run's outcome as colours and words on the dependency graph. A node counts as reached only where
// the run changed it beyond its baseline, never because a path leads there.
#pragma once

#include <array>

#include "sim/outcome.hpp"
#include "sim/scenario.hpp"
#include "sim/snapshot.hpp"
#include "viz/dot_writer.hpp"

namespace faultline {

/// What a run did to each node of `world.graph`, net of its baseline:
///   market  insolvent, illiquid (all cash lent out), stressed (liquidations); loss: bad debt
///   asset   stressed when its price fell by more than 1%
///   venue   stressed by forced sales, or when its pair's price fell by more than 1%
///   oracle  stressed when it stood more than 1% off the market; a mark is told against its index
///   vault, fund  stressed when it lost more than 1% of what it had, failed when 1% or less is left
///   agent   reached when it acted; stressed when debt it serves stayed unserved
/// Hops are counted along reached nodes from those the scenario touches.
GraphOutcome picture_of(const Snapshot& world, const Scenario& scenario, const Outcome& full,
                        const Outcome& baseline);

/// By node of `world.graph`, equal numbers for what a large picture shows as one node: outside
/// markets, and a contract's mark with the feeds it is made of; else 0.
std::vector<std::uint32_t> drawn_together(const Snapshot& world);

/// How many nodes ended in each state, by OutcomeState.
std::array<std::size_t, outcome_state_count> count_states(const GraphOutcome& outcome);

}  // namespace faultline
