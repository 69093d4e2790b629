#include "graph/dependency_graph.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>

namespace faultline {
namespace {

constexpr std::array<std::string_view, node_kind_count> node_kind_names = {
    "asset", "venue", "oracle", "market", "vault", "fund", "agent", "chain", "entity"};
constexpr std::array<std::string_view, edge_kind_count> edge_kind_names = {
    "prices",  "collateral", "claim", "trades", "depth",   "funds",
    "insures", "capital",    "owner", "hosts",  "bridges", "watches"};

bool valid_exposure(double usd) {
  return std::isfinite(usd) && usd >= 0;
}

auto edge_key(const GraphEdge& e) {
  return std::tuple(e.from, e.to, e.kind);
}

auto node_key(const GraphNode& n) {
  return std::pair<NodeKind, std::string_view>(n.kind, n.name);
}

// Counts become offsets: begin[i] is the number of items with a key below i.
void accumulate_offsets(std::vector<std::uint32_t>& begin) {
  std::uint32_t sum = 0;
  for (std::uint32_t& x : begin) sum += std::exchange(x, sum);
}

}  // namespace

std::string_view to_string(NodeKind kind) {
  return node_kind_names[static_cast<std::size_t>(kind)];
}

std::string_view to_string(EdgeKind kind) {
  return edge_kind_names[static_cast<std::size_t>(kind)];
}

std::optional<std::uint32_t> DependencyGraph::find(NodeKind kind, std::string_view name) const {
  const std::pair key(kind, name);
  const auto it =
      std::lower_bound(nodes_.begin(), nodes_.end(), key,
                       [](const GraphNode& n, const auto& k) { return node_key(n) < k; });
  if (it == nodes_.end() || node_key(*it) != key) return std::nullopt;
  return static_cast<std::uint32_t>(it - nodes_.begin());
}

std::optional<std::uint32_t> DependencyGraph::find(std::string_view name) const {
  for (std::size_t kind = 0; kind < node_kind_count; ++kind) {
    if (const auto node = find(static_cast<NodeKind>(kind), name)) return node;
  }
  return std::nullopt;
}

std::vector<std::uint32_t>::const_iterator DependencyGraphBuilder::position(
    NodeKind kind, std::string_view name) const {
  return std::lower_bound(
      by_name_.begin(), by_name_.end(), std::pair(kind, name),
      [this](std::uint32_t handle, const auto& key) { return node_key(nodes_[handle]) < key; });
}

std::optional<std::uint32_t> DependencyGraphBuilder::find(NodeKind kind,
                                                          std::string_view name) const {
  const auto it = position(kind, name);
  if (it == by_name_.end() || node_key(nodes_[*it]) != std::pair(kind, name)) return std::nullopt;
  return *it;
}

std::optional<std::uint32_t> DependencyGraphBuilder::add_node(GraphNode node) {
  if (node.name.empty() || !valid_exposure(node.exposure_usd)) return std::nullopt;
  if (find(node.kind, node.name)) return std::nullopt;
  const auto handle = static_cast<std::uint32_t>(nodes_.size());
  by_name_.insert(position(node.kind, node.name), handle);
  nodes_.push_back(std::move(node));
  return handle;
}

bool DependencyGraphBuilder::add_edge(GraphEdge edge) {
  if (edge.from >= nodes_.size() || edge.to >= nodes_.size()) return false;
  if (!valid_exposure(edge.exposure_usd)) return false;
  edges_.push_back(edge);
  return true;
}

DependencyGraph DependencyGraphBuilder::freeze() const {
  DependencyGraph g;
  std::vector<std::uint32_t> index_of(nodes_.size());
  g.nodes_.reserve(nodes_.size());
  for (const std::uint32_t handle : by_name_) {
    index_of[handle] = static_cast<std::uint32_t>(g.nodes_.size());
    g.nodes_.push_back(nodes_[handle]);
  }

  std::vector<GraphEdge> all = edges_;
  for (GraphEdge& e : all) {
    e.from = index_of[e.from];
    e.to = index_of[e.to];
  }
  std::sort(all.begin(), all.end(), [](const GraphEdge& a, const GraphEdge& b) {
    return std::tuple_cat(edge_key(a), std::tuple(a.exposure_usd)) <
           std::tuple_cat(edge_key(b), std::tuple(b.exposure_usd));
  });
  for (const GraphEdge& e : all) {
    if (!g.edges_.empty() && edge_key(g.edges_.back()) == edge_key(e)) {
      g.edges_.back().exposure_usd += e.exposure_usd;
    } else {
      g.edges_.push_back(e);
    }
  }

  g.out_begin_.assign(nodes_.size() + 1, 0);
  g.in_begin_.assign(nodes_.size() + 1, 0);
  for (const GraphEdge& e : g.edges_) {
    ++g.out_begin_[e.from];
    ++g.in_begin_[e.to];
  }
  accumulate_offsets(g.out_begin_);
  accumulate_offsets(g.in_begin_);
  g.in_edges_.resize(g.edges_.size());
  std::vector<std::uint32_t> next = g.in_begin_;
  for (std::uint32_t i = 0; i < g.edges_.size(); ++i) g.in_edges_[next[g.edges_[i].to]++] = i;
  return g;
}

}  // namespace faultline
