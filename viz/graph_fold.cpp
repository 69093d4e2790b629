#include "viz/graph_fold.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <tuple>

namespace faultline {

namespace {

using Colours = std::vector<std::uint32_t>;

bool foldable(NodeKind kind) {
  return kind == NodeKind::asset || kind == NodeKind::venue || kind == NodeKind::oracle;
}

/// Numbers the distinct keys in their order; gives each node its key's number.
template <class Key>
Colours number(const std::vector<Key>& keys) {
  std::map<Key, std::uint32_t> numbers;
  for (const Key& key : keys) numbers.emplace(key, 0);
  std::uint32_t next = 0;
  for (auto& [key, n] : numbers) n = next++;
  Colours out;
  for (const Key& key : keys) out.push_back(numbers.at(key));
  return out;
}

std::size_t count(const Colours& colours) {
  return std::set<std::uint32_t>(colours.begin(), colours.end()).size();
}

Colours first_colours(const DependencyGraph& graph, const GraphOutcome* outcome,
                      std::span<const std::uint32_t> together) {
  using Key = std::tuple<NodeKind, std::uint32_t, std::string, int, bool, bool>;
  std::vector<Key> keys;
  for (std::uint32_t i = 0; i < graph.node_count(); ++i) {
    const GraphNode& n = graph.nodes()[i];
    const std::uint32_t group = i < together.size() ? together[i] : 0;
    if (group != 0) {
      keys.emplace_back(n.kind, group, "", 0, false, false);
      continue;
    }
    const NodeOutcome after = outcome == nullptr ? NodeOutcome{} : outcome->nodes[i];
    // A node that may not be folded has a colour to itself: its name, and the graph's is unique.
    keys.emplace_back(n.kind, 0, (foldable(n.kind) ? "/" + n.cluster : n.name),
                      static_cast<int>(after.state), after.hop == 0, after.hop != no_hop);
  }
  return number(keys);
}

/// Splits colours until nodes of one colour see the same colours along the same kinds of edge.
Colours refine(const DependencyGraph& graph, Colours colours,
               std::span<const std::uint32_t> together) {
  using Seen = std::set<std::tuple<bool, EdgeKind, std::uint32_t>>;
  for (std::size_t before = 0; before != count(colours);) {
    before = count(colours);
    std::vector<std::pair<std::uint32_t, Seen>> keys(graph.node_count());
    for (std::uint32_t i = 0; i < graph.node_count(); ++i) keys[i].first = colours[i];
    for (const GraphEdge& e : graph.edges()) {
      const auto free = [&](std::uint32_t n) { return n >= together.size() || together[n] == 0; };
      if (free(e.from)) keys[e.from].second.emplace(true, e.kind, colours[e.to]);
      if (free(e.to)) keys[e.to].second.emplace(false, e.kind, colours[e.from]);
    }
    colours = number(keys);
  }
  return colours;
}

/// "AAVE, BAT + 6", names as people see them.
std::string label_of(const DependencyGraph& graph, const std::vector<std::uint32_t>& nodes) {
  const std::string part = graph.nodes()[nodes[0]].name + ".";
  if (std::all_of(nodes.begin() + 1, nodes.end(),
                  [&](std::uint32_t n) { return graph.nodes()[n].name.starts_with(part); })) {
    return graph.nodes()[nodes[0]].label;  // one thing and its parts
  }
  std::string out;
  for (std::size_t i = 0; i < nodes.size() && i < 2; ++i) {
    const GraphNode& n = graph.nodes()[nodes[i]];
    out += (i == 0 ? "" : ", ") + (n.label.empty() ? n.name : n.label);
  }
  return nodes.size() > 2 ? out + " + " + std::to_string(nodes.size() - 2) : out;
}

GraphNode folded_node(const DependencyGraph& graph, const std::vector<std::uint32_t>& nodes) {
  GraphNode out = graph.nodes()[nodes[0]];
  if (nodes.size() == 1) return out;
  out.label = label_of(graph, nodes);
  const auto whole = std::count_if(graph.nodes().begin(), graph.nodes().end(),
                                   [&](const GraphNode& n) { return n.cluster == out.cluster; });
  if (!out.cluster.empty() && static_cast<std::size_t>(whole) == nodes.size()) {
    out.label = out.cluster.substr(out.cluster.rfind('/') + 1);
  }
  out.exposure_usd = 0;
  out.name.clear();
  for (const std::uint32_t n : nodes) {
    out.name += (out.name.empty() ? "" : ", ") + graph.nodes()[n].name;
    out.exposure_usd += graph.nodes()[n].exposure_usd;
  }
  return out;
}

NodeOutcome folded_outcome(const GraphOutcome& outcome, const std::vector<std::uint32_t>& nodes) {
  NodeOutcome out = outcome.nodes[nodes[0]];
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    const NodeOutcome& next = outcome.nodes[nodes[i]];
    out.state = std::max(out.state, next.state);
    out.loss_usd += next.loss_usd;
    out.when_s = std::fmin(out.when_s, next.when_s);
    out.hop = std::min(out.hop, next.hop);
    if (out.note != next.note) out.note.clear();
  }
  return out;
}

/// Boxes left with one node say nothing: it steps out of them.
void leave_lone_boxes(std::vector<GraphNode>& nodes) {
  std::map<std::string, std::size_t> in_box;
  for (const GraphNode& n : nodes) ++in_box[n.cluster];
  for (GraphNode& n : nodes) {
    if (n.cluster.empty() || in_box[n.cluster] != 1) continue;
    const std::size_t slash = n.cluster.rfind('/');
    n.cluster = slash == std::string::npos ? "" : n.cluster.substr(0, slash);
  }
}

}  // namespace

FoldedGraph fold_alike(const DependencyGraph& graph, const GraphOutcome* outcome,
                       std::span<const std::uint32_t> together) {
  const Colours colours = refine(graph, first_colours(graph, outcome, together), together);
  std::vector<std::vector<std::uint32_t>> groups(count(colours));
  for (std::uint32_t i = 0; i < graph.node_count(); ++i) groups[colours[i]].push_back(i);
  std::vector<GraphNode> nodes;
  for (const auto& group : groups) nodes.push_back(folded_node(graph, group));
  leave_lone_boxes(nodes);
  DependencyGraphBuilder builder;
  std::vector<std::uint32_t> handles(graph.node_count());
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const auto handle = builder.add_node(nodes[g]);
    for (const std::uint32_t n : groups[g]) handles[n] = handle.value_or(0);
  }
  for (const GraphEdge& e : graph.edges()) {
    if (handles[e.from] == handles[e.to]) continue;
    static_cast<void>(builder.add_edge({handles[e.from], handles[e.to], e.kind, e.exposure_usd}));
  }
  FoldedGraph out{builder.freeze(), {}, {}};
  out.members.resize(out.graph.node_count());
  if (outcome != nullptr) out.outcome.nodes.resize(out.graph.node_count());
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const std::uint32_t at = out.graph.find(nodes[g].kind, nodes[g].name).value_or(0);
    out.members[at] = static_cast<std::uint32_t>(groups[g].size());
    if (outcome != nullptr) out.outcome.nodes[at] = folded_outcome(*outcome, groups[g]);
  }
  return out;
}

}  // namespace faultline
