#include "graph/algorithms.hpp"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/strong_components.hpp>
#include <boost/graph/topological_sort.hpp>
#include <boost/graph/visitors.hpp>
#include <boost/pending/queue.hpp>
#include <iterator>
#include <utility>

namespace faultline {
namespace {

using BoostGraph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS>;

BoostGraph boost_graph(const DependencyGraph& graph, EdgeKinds kinds) {
  BoostGraph g(graph.node_count());
  for (const GraphEdge& e : graph.edges()) {
    if (kinds.contains(e.kind)) boost::add_edge(e.from, e.to, g);
  }
  return g;
}

// Renumbers components by their smallest node and lists their members.
Components canonical(const std::vector<std::uint32_t>& raw, std::size_t count) {
  Components c;
  std::vector<std::uint32_t> number(count, no_hop);
  c.of_node.resize(raw.size());
  for (std::uint32_t node = 0; node < raw.size(); ++node) {
    std::uint32_t& n = number[raw[node]];
    if (n == no_hop) {
      n = static_cast<std::uint32_t>(c.members.size());
      c.members.emplace_back();
    }
    c.of_node[node] = n;
    c.members[n].push_back(node);
  }
  return c;
}

// The components as one graph without circles, parallel edges once.
BoostGraph condensed(const DependencyGraph& graph, const Components& c, EdgeKinds kinds) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> links;
  for (const GraphEdge& e : graph.edges()) {
    const std::pair link(c.of_node[e.from], c.of_node[e.to]);
    if (kinds.contains(e.kind) && link.first != link.second) links.push_back(link);
  }
  std::sort(links.begin(), links.end());
  links.erase(std::unique(links.begin(), links.end()), links.end());
  return BoostGraph(links.begin(), links.end(), c.members.size());
}

// Finds the cycles of one exact length through one start node, over larger nodes of its component.
// A step is taken only where the way back still fits, by shortest distance.
class LoopSearch {
 public:
  LoopSearch(const DependencyGraph& graph, EdgeKinds kinds, std::uint32_t max_count)
      : graph_(graph),
        kinds_(kinds),
        max_count_(max_count),
        components_(strong_components(graph, kinds)),
        on_path_(graph.node_count(), false),
        back_(graph.node_count(), no_hop) {}

  void run(std::uint32_t max_length) {
    const auto n = graph_.node_count();
    for (std::uint32_t length = 1; length <= std::min(max_length, n); ++length) {
      for (std::uint32_t start = 0; start < n; ++start) {
        if (result_.truncated) return;
        if (components_.members[components_.of_node[start]].size() < length) continue;
        measure_way_back(start, length);
        path_.assign(1, start);
        extend(length);
        for (const std::uint32_t node : measured_) back_[node] = no_hop;
      }
    }
  }

  FeedbackLoops take() { return std::move(result_); }

 private:
  static constexpr std::uint64_t step_budget = 20'000'000;

  // back_[v] = fewest edges from v to start through nodes above start, up to length.
  void measure_way_back(std::uint32_t start, std::uint32_t length) {
    measured_.assign(1, start);
    back_[start] = 0;
    for (std::size_t i = 0; i < measured_.size(); ++i) {
      const std::uint32_t node = measured_[i];
      if (back_[node] + 1 >= length) continue;
      for (const std::uint32_t index : graph_.in(node)) {
        const GraphEdge& e = graph_.edges()[index];
        if (!kinds_.contains(e.kind) || e.from < start || back_[e.from] != no_hop) continue;
        back_[e.from] = back_[node] + 1;
        measured_.push_back(e.from);
      }
    }
  }

  // Depth is bounded by the length asked for.
  void extend(std::uint32_t length) {
    const std::uint32_t node = path_.back();
    std::uint32_t last = no_hop;  // edges to one node are neighbours: parallel ones count once
    on_path_[node] = true;
    for (const GraphEdge& e : graph_.out(node)) {
      if (result_.truncated) break;
      if (!kinds_.contains(e.kind) || e.to == last) continue;
      last = e.to;
      if (++steps_ > step_budget) result_.truncated = true;
      const auto used = static_cast<std::uint32_t>(path_.size());
      if (e.to == path_.front()) {
        if (used == length) record();
      } else if (used < length && e.to > path_.front() && !on_path_[e.to] &&
                 back_[e.to] != no_hop && used + back_[e.to] <= length) {
        path_.push_back(e.to);
        extend(length);
        path_.pop_back();
      }
    }
    on_path_[node] = false;
  }

  void record() {
    if (result_.loops.size() == max_count_) {
      result_.truncated = true;
    } else {
      result_.loops.push_back(path_);
    }
  }

  const DependencyGraph& graph_;
  EdgeKinds kinds_;
  std::uint32_t max_count_;
  Components components_;
  std::vector<bool> on_path_;
  std::vector<std::uint32_t> back_, measured_, path_;
  std::uint64_t steps_ = 0;
  FeedbackLoops result_;
};

}  // namespace

Components strong_components(const DependencyGraph& graph, EdgeKinds kinds) {
  const BoostGraph g = boost_graph(graph, kinds);
  std::vector<std::uint32_t> raw(graph.node_count());
  const auto index = boost::get(boost::vertex_index, g);
  const auto count =
      boost::strong_components(g, boost::make_iterator_property_map(raw.begin(), index));
  return canonical(raw, static_cast<std::size_t>(count));
}

std::vector<std::uint32_t> hop_distances(const DependencyGraph& graph,
                                         std::span<const std::uint32_t> sources, EdgeKinds kinds) {
  std::vector<std::uint32_t> hops(graph.node_count(), no_hop);
  for (const std::uint32_t source : sources) hops[source] = 0;
  if (sources.empty()) return hops;
  const BoostGraph g = boost_graph(graph, kinds);
  const auto index = boost::get(boost::vertex_index, g);
  std::vector<boost::default_color_type> colour(graph.node_count());
  boost::queue<BoostGraph::vertex_descriptor> queue;
  const auto distance = boost::make_iterator_property_map(hops.begin(), index);
  boost::breadth_first_visit(
      g, sources.begin(), sources.end(), queue,
      boost::make_bfs_visitor(boost::record_distances(distance, boost::on_tree_edge())),
      boost::make_iterator_property_map(colour.begin(), index));
  return hops;
}

std::vector<bool> reachable(const DependencyGraph& graph, std::span<const std::uint32_t> sources,
                            EdgeKinds kinds) {
  const std::vector<std::uint32_t> hops = hop_distances(graph, sources, kinds);
  std::vector<bool> reached(hops.size());
  for (std::size_t i = 0; i < hops.size(); ++i) reached[i] = hops[i] != no_hop;
  return reached;
}

ComponentOrder component_order(const DependencyGraph& graph, EdgeKinds kinds) {
  ComponentOrder result;
  result.components = strong_components(graph, kinds);
  const std::size_t count = result.components.members.size();
  const BoostGraph g = condensed(graph, result.components, kinds);
  std::vector<BoostGraph::vertex_descriptor> holders_first;
  holders_first.reserve(count);
  boost::topological_sort(g, std::back_inserter(holders_first));
  result.level.assign(count, 0);
  for (auto it = holders_first.rbegin(); it != holders_first.rend(); ++it) {
    for (auto [next, end] = boost::adjacent_vertices(*it, g); next != end; ++next) {
      result.level[*next] = std::max(result.level[*next], result.level[*it] + 1);
    }
  }
  result.order.resize(count);
  for (std::uint32_t i = 0; i < count; ++i) result.order[i] = i;
  std::sort(result.order.begin(), result.order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::pair(result.level[a], a) < std::pair(result.level[b], b);
  });
  return result;
}

FeedbackLoops feedback_loops(const DependencyGraph& graph, std::uint32_t max_length,
                             std::uint32_t max_count, EdgeKinds kinds) {
  LoopSearch search(graph, kinds, max_count);
  search.run(max_length);
  return search.take();
}

}  // namespace faultline
