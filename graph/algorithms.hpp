// Questions one asks of a dependency graph: what can reach what, how far, where it runs in circles.
// All answers follow edges in their direction (the way distress travels) and depend on the graph
// alone, never on the order in which it was built. Boost.Graph does the work, in the .cpp.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>
#include <vector>

#include "graph/dependency_graph.hpp"

namespace faultline {

/// Which kinds of edge a walk may use.
class EdgeKinds {
 public:
  /// Every kind.
  static constexpr EdgeKinds all() { return EdgeKinds((1U << edge_kind_count) - 1U); }

  constexpr EdgeKinds(EdgeKind kind) : bits_(bit(kind)) {}
  constexpr EdgeKinds(std::initializer_list<EdgeKind> kinds) {
    for (const EdgeKind kind : kinds) bits_ |= bit(kind);
  }

  constexpr bool contains(EdgeKind kind) const { return (bits_ & bit(kind)) != 0; }
  /// The same set less one kind.
  constexpr EdgeKinds without(EdgeKind kind) const { return EdgeKinds(bits_ & ~bit(kind)); }
  constexpr bool operator==(const EdgeKinds&) const = default;

 private:
  constexpr explicit EdgeKinds(std::uint32_t bits) : bits_(bits) {}
  static constexpr std::uint32_t bit(EdgeKind kind) {
    return 1U << static_cast<std::uint32_t>(kind);
  }
  std::uint32_t bits_ = 0;
};

/// Strongly connected components: nodes that can all reach each other. Numbered by their smallest
/// node; the nodes of each are sorted.
struct Components {
  std::vector<std::uint32_t> of_node;               // node -> component
  std::vector<std::vector<std::uint32_t>> members;  // component -> nodes
};

/// The strongly connected components over the given kinds of edge.
Components strong_components(const DependencyGraph& graph, EdgeKinds kinds = EdgeKinds::all());

/// For each node, whether a path leads there from any source (a source reaches itself). Law 4 says
/// that a shock at the sources leaves every other node's bytes as they were.
std::vector<bool> reachable(const DependencyGraph& graph, std::span<const std::uint32_t> sources,
                            EdgeKinds kinds = EdgeKinds::all());

inline constexpr std::uint32_t no_hop = std::numeric_limits<std::uint32_t>::max();

/// For each node, the fewest edges from any source: 0 at a source, `no_hop` where no path leads.
std::vector<std::uint32_t> hop_distances(const DependencyGraph& graph,
                                         std::span<const std::uint32_t> sources,
                                         EdgeKinds kinds = EdgeKinds::all());

/// Components in an order in which each comes after all that can reach it. `level` is the greatest
/// number of edges between components on a way to it; `order` sorts by (level, component), so that
/// components of one level are independent of each other.
struct ComponentOrder {
  Components components;
  std::vector<std::uint32_t> level;  // component -> level
  std::vector<std::uint32_t> order;  // components, sources first
};

/// The order in which to value claims: issuers before holders, circles of claims as one.
ComponentOrder component_order(const DependencyGraph& graph, EdgeKinds kinds = EdgeKind::claim);

/// Feedback loops: each a path of distinct nodes whose last has an edge to its first, written from
/// its smallest node; by (length, nodes).
struct FeedbackLoops {
  std::vector<std::vector<std::uint32_t>> loops;
  bool truncated = false;  // there may be more: the count or the search budget ran out
};

/// The elementary cycles of at most `max_length` nodes, shortest first, at most `max_count`. A node
/// with an edge to itself is a loop of length one. Parallel edges of several kinds are one loop.
FeedbackLoops feedback_loops(const DependencyGraph& graph, std::uint32_t max_length,
                             std::uint32_t max_count, EdgeKinds kinds = EdgeKinds::all());

}  // namespace faultline
