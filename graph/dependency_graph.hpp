// The dependency graph: who can hurt whom. Every edge points the way distress travels. A builder
// collects nodes and edges in any order; the frozen graph is sorted, so that the same set of nodes
// and edges is the same graph, byte for byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace faultline {

/// What a node is; the order of kinds is the order of nodes in a frozen graph.
enum class NodeKind : std::uint8_t {
  asset,
  venue,
  oracle,
  market,
  vault,
  fund,
  agent,
  chain,
  entity
};

/// What an edge carries, named as in the charter (section 1).
enum class EdgeKind : std::uint8_t {
  prices,
  collateral,
  claim,
  trades,
  depth,
  funds,
  insures,
  capital,
  owner,
  hosts,
  bridges,
  watches
};

inline constexpr std::size_t node_kind_count = 9;
inline constexpr std::size_t edge_kind_count = 12;

/// The kind's name as users read it ("market", "collateral").
std::string_view to_string(NodeKind kind);
std::string_view to_string(EdgeKind kind);

/// One node. `name` identifies it within its kind; `label` is shown to people (empty: the name);
/// `cluster` is the box it is drawn in ("Ethereum", "Ethereum/Aave v3"; empty: none).
struct GraphNode {
  NodeKind kind = NodeKind::asset;
  std::string name;
  std::string label;
  std::string cluster;
  double exposure_usd = 0;  // dollars that stand in it; finite, not negative

  bool operator==(const GraphNode&) const = default;
};

/// One edge, in the direction distress travels; `from` and `to` index nodes.
struct GraphEdge {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  EdgeKind kind = EdgeKind::prices;
  double exposure_usd = 0;  // dollars that depend on it; finite, not negative

  bool operator==(const GraphEdge&) const = default;
};

/// The frozen graph, in compressed rows both ways. Nodes are sorted by (kind, name), edges by
/// (from, to, kind); a node's index is its place in `nodes()`.
class DependencyGraph {
 public:
  DependencyGraph() = default;

  std::span<const GraphNode> nodes() const { return nodes_; }
  std::span<const GraphEdge> edges() const { return edges_; }
  std::uint32_t node_count() const { return static_cast<std::uint32_t>(nodes_.size()); }

  /// The edges that leave a node, by (to, kind).
  std::span<const GraphEdge> out(std::uint32_t node) const {
    return edges().subspan(out_begin_[node], out_begin_[node + 1] - out_begin_[node]);
  }
  /// The edges that enter a node, as indices into `edges()`, by (from, kind).
  std::span<const std::uint32_t> in(std::uint32_t node) const {
    return std::span(in_edges_).subspan(in_begin_[node], in_begin_[node + 1] - in_begin_[node]);
  }

  /// The node of that kind and name.
  std::optional<std::uint32_t> find(NodeKind kind, std::string_view name) const;
  /// The node of that name; where several kinds share it, the first in the order of kinds.
  std::optional<std::uint32_t> find(std::string_view name) const;

  bool operator==(const DependencyGraph&) const = default;

 private:
  friend class DependencyGraphBuilder;

  std::vector<GraphNode> nodes_;
  std::vector<GraphEdge> edges_;
  std::vector<std::uint32_t> out_begin_ = {0};  // node_count + 1 offsets into edges_
  std::vector<std::uint32_t> in_begin_ = {0};   // node_count + 1 offsets into in_edges_
  std::vector<std::uint32_t> in_edges_;
};

/// Collects nodes and edges. The order of calls never shows in the frozen graph: repeated edges are
/// summed in order of size, not of arrival.
class DependencyGraphBuilder {
 public:
  /// Adds a node and gives the handle that `add_edge` takes (not its index in the frozen graph).
  /// Refused (nothing is added): an empty name, a (kind, name) already there, an exposure that is
  /// negative or not finite.
  [[nodiscard]] std::optional<std::uint32_t> add_node(GraphNode node);

  /// Adds an edge between two handles; one of the same (from, to, kind) adds to its exposure. False
  /// (nothing is added) for a handle of no node or an exposure that is negative or not finite.
  [[nodiscard]] bool add_edge(GraphEdge edge);

  /// The handle of a node added before.
  std::optional<std::uint32_t> find(NodeKind kind, std::string_view name) const;

  /// Sorts, merges and gives the graph; the builder is left as it was.
  DependencyGraph freeze() const;

 private:
  std::vector<GraphNode> nodes_;
  std::vector<GraphEdge> edges_;  // by handle
  // handles sorted by (kind, name), so that look-ups need no second copy of the names
  std::vector<std::uint32_t> by_name_;

  std::vector<std::uint32_t>::const_iterator position(NodeKind kind, std::string_view name) const;
};

}  // namespace faultline
