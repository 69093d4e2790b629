#include "graph/dependency_graph.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <random>
#include <vector>

namespace faultline {
namespace {

struct Parts {
  std::vector<GraphNode> nodes;
  std::vector<GraphEdge> edges;  // by place in nodes
};

// Freezes the parts, added in a shuffled order.
DependencyGraph shuffled(const Parts& parts, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::uint32_t> order(parts.nodes.size()), handle(parts.nodes.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::shuffle(order.begin(), order.end(), random);
  DependencyGraphBuilder builder;
  for (const std::uint32_t i : order) handle[i] = builder.add_node(parts.nodes[i]).value();
  std::vector<GraphEdge> edges = parts.edges;
  std::shuffle(edges.begin(), edges.end(), random);
  for (const GraphEdge& e : edges) {
    REQUIRE(builder.add_edge({handle[e.from], handle[e.to], e.kind, e.exposure_usd}));
  }
  return builder.freeze();
}

}  // namespace

TEST_CASE("nodes and edges are sorted, and walked both ways", "[graph]") {
  DependencyGraphBuilder builder;
  const auto pool = builder.add_node({NodeKind::market, "pool", "", "", 5}).value();
  const auto feed = builder.add_node({NodeKind::oracle, "feed", "", "", 0}).value();
  const auto dex = builder.add_node({NodeKind::venue, "dex", "", "", 1}).value();
  const auto alpha = builder.add_node({NodeKind::market, "alpha", "", "", 2}).value();
  REQUIRE(builder.add_edge({feed, pool, EdgeKind::prices, 4}));
  REQUIRE(builder.add_edge({dex, feed, EdgeKind::prices, 0}));
  REQUIRE(builder.add_edge({dex, pool, EdgeKind::depth, 3}));
  REQUIRE(builder.add_edge({feed, alpha, EdgeKind::prices, 2}));
  REQUIRE(builder.find(NodeKind::market, "alpha") == alpha);
  const DependencyGraph g = builder.freeze();

  REQUIRE(g.node_count() == 4);
  CHECK(g.nodes()[0].name == "dex");
  CHECK(g.nodes()[1].name == "feed");
  CHECK(g.nodes()[2].name == "alpha");
  CHECK(g.nodes()[3].name == "pool");
  REQUIRE(g.out(0).size() == 2);
  CHECK(g.out(0)[0] == GraphEdge{0, 1, EdgeKind::prices, 0});
  CHECK(g.out(0)[1] == GraphEdge{0, 3, EdgeKind::depth, 3});
  CHECK(g.out(3).empty());
  REQUIRE(g.in(3).size() == 2);
  CHECK(g.edges()[g.in(3)[0]].from == 0);
  CHECK(g.edges()[g.in(3)[1]].from == 1);
  CHECK(g.in(0).empty());
  CHECK(g.find("pool") == 3U);
  CHECK(g.find(NodeKind::oracle, "feed") == 1U);
  CHECK_FALSE(g.find(NodeKind::vault, "feed"));
  CHECK_FALSE(g.find("nobody"));
}

TEST_CASE("a name shared by several kinds is found by kind, and first in the order of kinds",
          "[graph]") {
  DependencyGraphBuilder builder;
  REQUIRE(builder.add_node({NodeKind::vault, "rsETH", "", "", 0}));
  REQUIRE(builder.add_node({NodeKind::asset, "rsETH", "", "", 0}));
  const DependencyGraph g = builder.freeze();
  CHECK(g.find("rsETH") == 0U);
  CHECK(g.find(NodeKind::vault, "rsETH") == 1U);
}

TEST_CASE("what does not fit is refused and leaves no trace", "[graph]") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  DependencyGraphBuilder builder;
  const auto a = builder.add_node({NodeKind::asset, "a", "", "", 0}).value();
  CHECK_FALSE(builder.add_node({NodeKind::asset, "a", "again", "", 0}));
  CHECK_FALSE(builder.add_node({NodeKind::asset, "", "", "", 0}));
  CHECK_FALSE(builder.add_node({NodeKind::asset, "b", "", "", nan}));
  CHECK_FALSE(builder.add_node({NodeKind::asset, "b", "", "", -1}));
  CHECK_FALSE(builder.add_edge({a, a + 1, EdgeKind::prices, 0}));
  CHECK_FALSE(builder.add_edge({a + 1, a, EdgeKind::prices, 0}));
  CHECK_FALSE(builder.add_edge({a, a, EdgeKind::prices, nan}));
  CHECK_FALSE(builder.add_edge({a, a, EdgeKind::prices, -1}));
  const DependencyGraph g = builder.freeze();
  CHECK(g.node_count() == 1);
  CHECK(g.edges().empty());
}

TEST_CASE("an empty graph and a graph without edges can be asked", "[graph]") {
  const DependencyGraph empty;
  CHECK(empty.node_count() == 0);
  CHECK(empty == DependencyGraphBuilder().freeze());
  DependencyGraphBuilder builder;
  REQUIRE(builder.add_node({NodeKind::agent, "alone", "", "", 0}));
  const DependencyGraph g = builder.freeze();
  CHECK(g.out(0).empty());
  CHECK(g.in(0).empty());
}

TEST_CASE("repeated edges are summed, whatever the order of arrival", "[graph]") {
  Parts parts;
  for (int i = 0; i < 9; ++i) {
    parts.nodes.push_back(
        {static_cast<NodeKind>(i % 4), "n" + std::to_string(i * 7 % 9), "", "", 1});
  }
  std::mt19937 random(7);
  for (int i = 0; i < 200; ++i) {
    const auto pick = [&](unsigned n) { return static_cast<std::uint32_t>(random() % n); };
    const double usd = static_cast<double>(random()) * 0.1 + (i % 3 == 0 ? 1e15 : 0.0);
    parts.edges.push_back({pick(9), pick(9), static_cast<EdgeKind>(pick(3)), usd});
  }
  const DependencyGraph first = shuffled(parts, 1);
  CHECK(first.edges().size() < 200);
  for (unsigned seed = 2; seed < 20; ++seed) CHECK(shuffled(parts, seed) == first);
}

}  // namespace faultline
