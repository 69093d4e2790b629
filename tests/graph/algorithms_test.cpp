#include "graph/algorithms.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace faultline {
namespace {

using Nodes = std::vector<std::uint32_t>;

// A graph of vaults a, b, c, ...; index 0 is a.
DependencyGraph letters(std::uint32_t count, const std::vector<GraphEdge>& edges) {
  DependencyGraphBuilder builder;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::string name(1, static_cast<char>('a' + i));
    REQUIRE(builder.add_node({NodeKind::vault, name, "", "", 0}));
  }
  for (const GraphEdge& e : edges) REQUIRE(builder.add_edge(e));
  return builder.freeze();
}

GraphEdge claim(std::uint32_t from, std::uint32_t to) {
  return {from, to, EdgeKind::claim, 1};
}

// a <-> b -> c -> d <-> e, f alone; and prices from d back to a.
DependencyGraph chain_of_circles() {
  return letters(6, {claim(0, 1),
                     claim(1, 0),
                     claim(1, 2),
                     claim(2, 3),
                     claim(3, 4),
                     claim(4, 3),
                     {3, 0, EdgeKind::prices, 1}});
}

// Every elementary cycle of at most `longest` nodes by plain search, shortest first.
std::vector<Nodes> cycles_by_hand(const DependencyGraph& g, std::uint32_t longest) {
  std::set<std::pair<std::size_t, Nodes>> found;
  Nodes path;
  const auto walk = [&](const auto& self, std::uint32_t node) -> void {
    path.push_back(node);
    for (const GraphEdge& e : g.out(node)) {
      if (e.to == path[0]) found.emplace(path.size(), path);
      const bool fresh = std::find(path.begin(), path.end(), e.to) == path.end();
      if (fresh && e.to > path[0] && path.size() < longest) self(self, e.to);
    }
    path.pop_back();
  };
  for (std::uint32_t start = 0; start < g.node_count(); ++start) walk(walk, start);
  std::vector<Nodes> out;
  for (const auto& [length, nodes] : found) out.push_back(nodes);
  return out;
}

}  // namespace

TEST_CASE("strongly connected components, of all edges and of one kind", "[graph]") {
  const DependencyGraph g = chain_of_circles();
  const Components all = strong_components(g);
  CHECK(all.members == std::vector<Nodes>{{0, 1, 2, 3, 4}, {5}});
  const Components claims = strong_components(g, EdgeKind::claim);
  CHECK(claims.members == std::vector<Nodes>{{0, 1}, {2}, {3, 4}, {5}});
  CHECK(claims.of_node == Nodes{0, 0, 1, 2, 2, 3});
  CHECK(strong_components(g, EdgeKind::hosts).members.size() == 6);
  CHECK(strong_components(DependencyGraph()).members.empty());
}

TEST_CASE("reachability and hops follow edges one way", "[graph]") {
  const DependencyGraph g = chain_of_circles();
  const Nodes from_c = {2};
  CHECK(hop_distances(g, from_c) == Nodes{2, 3, 0, 1, 2, no_hop});
  CHECK(hop_distances(g, from_c, EdgeKind::claim) == Nodes{no_hop, no_hop, 0, 1, 2, no_hop});
  CHECK(reachable(g, from_c, EdgeKinds::all().without(EdgeKind::prices)) ==
        std::vector<bool>{false, false, true, true, true, false});
  const Nodes both = {5, 3, 5};
  CHECK(hop_distances(g, both) == Nodes{1, 2, 3, 0, 1, 0});
  CHECK(reachable(g, Nodes{}) == std::vector<bool>(6, false));
}

TEST_CASE("issuers are valued before holders, circles as one", "[graph]") {
  const DependencyGraph g = chain_of_circles();
  const ComponentOrder order = component_order(g);
  CHECK(order.level == Nodes{0, 1, 2, 0});
  CHECK(order.order == Nodes{0, 3, 1, 2});
  // The level is the longest way, not the shortest: a -> b -> c and a -> c.
  const DependencyGraph triangle = letters(3, {claim(0, 1), claim(1, 2), claim(0, 2)});
  CHECK(component_order(triangle).level == Nodes{0, 1, 2});
}

TEST_CASE("feedback loops come shortest first, each once", "[graph]") {
  const DependencyGraph g = chain_of_circles();
  const FeedbackLoops found = feedback_loops(g, 6, 100);
  CHECK(found.loops == std::vector<Nodes>{{0, 1}, {3, 4}, {0, 1, 2, 3}});
  CHECK_FALSE(found.truncated);
  CHECK(feedback_loops(g, 3, 100).loops.size() == 2);
  CHECK(feedback_loops(g, 6, 100, EdgeKind::claim).loops.size() == 2);
  const FeedbackLoops one = feedback_loops(g, 6, 1);
  CHECK(one.loops == std::vector<Nodes>{{0, 1}});
  CHECK(one.truncated);
  CHECK_FALSE(feedback_loops(g, 6, 3).truncated);
}

TEST_CASE("a self-edge is a loop, parallel edges are one", "[graph]") {
  const DependencyGraph g =
      letters(2, {claim(0, 0), claim(0, 1), {0, 1, EdgeKind::funds, 1}, claim(1, 0)});
  CHECK(feedback_loops(g, 4, 9).loops == std::vector<Nodes>{{0}, {0, 1}});
}

TEST_CASE("loops agree with a plain search on random graphs", "[graph]") {
  std::mt19937 random(11);
  for (int round = 0; round < 60; ++round) {
    std::vector<GraphEdge> edges;
    const std::uint32_t n = 3 + static_cast<std::uint32_t>(random() % 6);
    for (std::uint32_t i = 0; i < 2 * n; ++i) {
      edges.push_back(claim(static_cast<std::uint32_t>(random() % n),
                            static_cast<std::uint32_t>(random() % n)));
    }
    const DependencyGraph g = letters(n, edges);
    const auto longest = 1 + static_cast<std::uint32_t>(random() % n);
    CHECK(feedback_loops(g, longest, 100000).loops == cycles_by_hand(g, longest));
  }
}

TEST_CASE("a long chain needs no deep stack", "[graph]") {
  DependencyGraphBuilder builder;
  constexpr std::uint32_t n = 20000;
  for (std::uint32_t i = 0; i < n; ++i) {
    REQUIRE(builder.add_node({NodeKind::vault, std::to_string(100000 + i), "", "", 0}));
    if (i > 0) REQUIRE(builder.add_edge(claim(i - 1, i)));
  }
  const DependencyGraph g = builder.freeze();
  CHECK(component_order(g).level.back() == n - 1);
  CHECK(hop_distances(g, Nodes{0}).back() == n - 1);
}

}  // namespace faultline
