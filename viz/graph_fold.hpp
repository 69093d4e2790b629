// A large graph made small enough to read: assets, venues and oracles that stand alike are drawn as
// one node. Markets, vaults, funds, agents, chains and entities always stand alone.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "viz/dot_writer.hpp"

namespace faultline {

struct FoldedGraph {
  DependencyGraph graph;
  GraphOutcome outcome;                // as long as the graph's nodes; empty without one
  std::vector<std::uint32_t> members;  // node -> how many it stands for
};

/// Two nodes stand alike where they are of one kind and box, ended in one state, and their edges of
/// each kind come from and lead to nodes that stand alike; `together` (by node; 0: nothing said)
/// holds equal numbers for nodes to be drawn as one in any case. Exposures are summed, the gravest
/// outcome is kept. The result is a function of the arguments alone.
FoldedGraph fold_alike(const DependencyGraph& graph, const GraphOutcome* outcome,
                       std::span<const std::uint32_t> together);

}  // namespace faultline
