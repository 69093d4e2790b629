// Folding: what stands alike is drawn as one, what differs is not, markets never fold.
#include "viz/graph_fold.hpp"

#include <catch2/catch.hpp>

namespace faultline {
namespace {

using enum NodeKind;

/// Three coins, each with a book, a feed and a place in one market; `odd` also prices a second one.
DependencyGraph coins() {
  DependencyGraphBuilder builder;
  const auto node = [&](NodeKind kind, const std::string& name, const std::string& box = "") {
    return *builder.add_node({kind, name, "", box, 10});
  };
  const auto pool = node(market, "pool"), other = node(market, "other");
  for (const std::string coin : {"AAA", "BBB", "CCC", "odd"}) {
    const auto a = node(asset, coin), v = node(venue, "dex." + coin, "dex");
    const auto o = node(oracle, coin);
    REQUIRE(builder.add_edge({a, v, EdgeKind::prices, 1}));
    REQUIRE(builder.add_edge({a, o, EdgeKind::prices, 1}));
    REQUIRE(builder.add_edge({o, pool, EdgeKind::prices, 5}));
    REQUIRE(builder.add_edge({v, pool, EdgeKind::depth, 5}));
    if (coin == "odd") REQUIRE(builder.add_edge({o, other, EdgeKind::prices, 5}));
  }
  return builder.freeze();
}

std::uint32_t members(const FoldedGraph& folded, NodeKind kind, const std::string& name) {
  const auto node = folded.graph.find(kind, name);
  return node ? folded.members[*node] : 0;
}

}  // namespace

TEST_CASE("nodes that stand alike are one, with their dollars together") {
  const FoldedGraph folded = fold_alike(coins(), nullptr, {});
  CHECK(folded.graph.node_count() == 8);  // of 14
  CHECK(members(folded, asset, "AAA, BBB, CCC") == 3);
  CHECK(members(folded, venue, "dex.AAA, dex.BBB, dex.CCC") == 3);
  CHECK(members(folded, oracle, "AAA, BBB, CCC") == 3);
  CHECK(members(folded, asset, "odd") == 1);
  CHECK(members(folded, market, "pool") == 1);
  CHECK(members(folded, market, "other") == 1);
  const std::uint32_t o = *folded.graph.find(oracle, "AAA, BBB, CCC");
  CHECK(folded.graph.nodes()[o].exposure_usd == 30);
  CHECK(folded.graph.nodes()[o].label == "AAA, BBB + 1");
  REQUIRE(folded.graph.out(o).size() == 1);
  CHECK(folded.graph.out(o)[0].exposure_usd == 15);
}

TEST_CASE("nodes that ended otherwise are kept apart") {
  const DependencyGraph graph = coins();
  GraphOutcome outcome{std::vector<NodeOutcome>(graph.node_count())};
  outcome.nodes[*graph.find(venue, "dex.BBB")].state = OutcomeState::stressed;
  const FoldedGraph folded = fold_alike(graph, &outcome, {});
  // The book of BBB stands out, so do its coin and its feed, whose neighbours differ now.
  CHECK(members(folded, asset, "AAA, CCC") == 2);
  CHECK(members(folded, asset, "BBB") == 1);
  CHECK(members(folded, oracle, "BBB") == 1);
  const std::uint32_t bbb = *folded.graph.find(venue, "dex.BBB");
  CHECK(folded.outcome.nodes[bbb].state == OutcomeState::stressed);
  CHECK(folded.outcome.nodes[*folded.graph.find(venue, "dex.AAA, dex.CCC")].state ==
        OutcomeState::sound);
}

TEST_CASE("what is to be one is one, whatever it touches") {
  const DependencyGraph graph = coins();
  std::vector<std::uint32_t> together(graph.node_count(), 0);
  for (const char* name : {"dex.AAA", "dex.BBB", "dex.CCC", "dex.odd"}) {
    together[*graph.find(venue, name)] = 1;
  }
  GraphOutcome outcome{std::vector<NodeOutcome>(graph.node_count())};
  NodeOutcome& hurt = outcome.nodes[*graph.find(venue, "dex.odd")];
  hurt.state = OutcomeState::stressed;
  hurt.loss_usd = 7;
  hurt.hop = 2;
  const FoldedGraph folded = fold_alike(graph, &outcome, together);
  const std::uint32_t dex = *folded.graph.find(venue, "dex.AAA, dex.BBB, dex.CCC, dex.odd");
  CHECK(folded.members[dex] == 4);
  CHECK(folded.graph.nodes()[dex].label == "dex");  // the whole box
  CHECK(folded.graph.nodes()[dex].cluster.empty());
  CHECK(folded.outcome.nodes[dex].state == OutcomeState::stressed);
  CHECK(folded.outcome.nodes[dex].loss_usd == 7);
  CHECK(folded.outcome.nodes[dex].hop == 2);
}

TEST_CASE("equal lines to every node of a box are one line to the box") {
  DependencyGraphBuilder builder;
  std::vector<std::uint32_t> pools;
  for (const char* name : {"a", "b", "c"}) {
    pools.push_back(*builder.add_node({market, name, "", "family", 0}));
  }
  const auto all = *builder.add_node({agent, "all", "", "", 0});
  const auto two = *builder.add_node({agent, "two", "", "", 0});
  for (const std::uint32_t p : pools) REQUIRE(builder.add_edge({all, p, EdgeKind::capital, 2e6}));
  REQUIRE(builder.add_edge({two, pools[0], EdgeKind::capital, 0}));
  REQUIRE(builder.add_edge({two, pools[1], EdgeKind::capital, 0}));
  const std::string dot = write_dot(builder.freeze(), {});
  const auto lines = [&](const std::string& part) {
    std::size_t n = 0;
    for (std::size_t at = 0; (at = dot.find(part, at)) != std::string::npos; ++at) ++n;
    return n;
  };
  CHECK(lines("-> \"agent:all\"") == 1);
  CHECK(lines("-> \"agent:two\"") == 2);
  CHECK(lines("ltail=cluster_0") == 1);
  CHECK(dot.find("tooltip=\"capital $6m\"") != std::string::npos);
}

}  // namespace faultline
