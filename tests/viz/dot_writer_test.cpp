#include "viz/dot_writer.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <string>
#include <vector>

namespace faultline {
namespace {

// A venue prices a feed, the feed a market, a vault lends to it; added in one order or the other.
DependencyGraph four_nodes(bool reversed) {
  DependencyGraphBuilder builder;
  std::vector<GraphNode> nodes = {{NodeKind::venue, "dex", "ETH/USDC", "Main", 25e6},
                                  {NodeKind::oracle, "feed", "", "Main", 0},
                                  {NodeKind::market, "pool", "", "Main/Pool", 1.9e9},
                                  {NodeKind::vault, "heron", "Heron USDC", "", 260e6}};
  if (reversed) std::reverse(nodes.begin(), nodes.end());
  for (const GraphNode& n : nodes) REQUIRE(builder.add_node(n));
  const auto node = [&](NodeKind kind, const char* name) { return *builder.find(kind, name); };
  const auto dex = node(NodeKind::venue, "dex"), feed = node(NodeKind::oracle, "feed");
  const auto pool = node(NodeKind::market, "pool"), heron = node(NodeKind::vault, "heron");
  std::vector<GraphEdge> edges = {{dex, feed, EdgeKind::prices, 0},
                                  {feed, pool, EdgeKind::prices, 1.9e9},
                                  {pool, dex, EdgeKind::trades, 25e6},
                                  {heron, pool, EdgeKind::funds, 200e6},
                                  {pool, heron, EdgeKind::claim, 200e6}};
  if (reversed) std::reverse(edges.begin(), edges.end());
  for (const GraphEdge& e : edges) REQUIRE(builder.add_edge(e));
  return builder.freeze();
}

const DotOptions plain = {"Four nodes", "at rest", "1 March 2026", false};

const std::string four_nodes_text = R"dot(digraph faultline {
  graph [rankdir=LR, newrank=true, compound=true, splines=true, outputorder=edgesfirst,
    nodesep=0.14, ranksep="0.75", pad=0.3, bgcolor="#FFFFFF", charset="UTF-8",
    fontname="Helvetica,Arial,DejaVu Sans", fontsize=12, labelloc=t, labeljust=l,
    label=<<TABLE BORDER="0" CELLBORDER="0" CELLPADDING="1">
    <TR><TD ALIGN="LEFT"><FONT POINT-SIZE="30" COLOR="#202124"><B>Four nodes</B></FONT></TD></TR>
    <TR><TD ALIGN="LEFT"><FONT POINT-SIZE="18" COLOR="#3C4043">at rest</FONT></TD></TR>
    <TR><TD ALIGN="LEFT"><FONT POINT-SIZE="14" COLOR="#5F6368">1 March 2026</FONT></TD></TR>
    </TABLE>>];
  node [fontname="Helvetica,Arial,DejaVu Sans", fontsize=13, style=filled,
    fontcolor="#202124", width=0.6, height=0.4, penwidth=1.2];
  edge [arrowsize=0.65];
  subgraph cluster_0 {
    graph [label=<<B>Main</B>>, labeljust=l, labelloc=t, style="rounded,filled", color="#C0C6CF", fillcolor="#F8F9FB", fontcolor="#3C4043", fontsize=19, margin=14];
    subgraph cluster_1 {
      graph [label=<<B>Pool</B>>, labeljust=l, labelloc=t, style="rounded,filled", color="#D7DBE0", fillcolor="#EEF0F4", fontcolor="#5F6368", fontsize=13, margin=9];
      "market:pool" [shape=box, margin="0.12,0.05", fillcolor="#DFF2EC", color="#00795A", fontcolor="#202124", style="rounded,filled",
        label=<<B>pool</B><BR/><FONT POINT-SIZE="10" COLOR="#5F6368">market · $1.9bn</FONT>>, tooltip="market pool"];
    }
    "venue:dex" [shape=cylinder, margin="0.12,0.09", fillcolor="#FDEFD5", color="#B9770E", fontcolor="#202124",
      label=<<B>ETH/USDC</B><BR/><FONT POINT-SIZE="10" COLOR="#5F6368">venue · $25m</FONT>>, tooltip="venue dex"];
    "oracle:feed" [shape=hexagon, margin="0.0,0.02", fillcolor="#FFFBDC", color="#9A8700", fontcolor="#202124",
      label=<<B>feed</B><BR/><FONT POINT-SIZE="10" COLOR="#5F6368">oracle</FONT>>, tooltip="oracle feed"];
  }
  "vault:heron" [shape=folder, margin="0.12,0.06", fillcolor="#F5E4F0", color="#8E3B80", fontcolor="#202124",
    label=<<B>Heron USDC</B><BR/><FONT POINT-SIZE="10" COLOR="#5F6368">vault · $260m</FONT>>, tooltip="vault heron"];
  { rank=same; "venue:dex"; }
  { rank=same; "oracle:feed"; }
  "venue:dex" -> "oracle:feed" [style=invis, weight=0];
  { rank=same; "market:pool"; }
  "oracle:feed" -> "market:pool" [style=invis, weight=0];
  { rank=same; "vault:heron"; }
  "market:pool" -> "vault:heron" [style=invis, weight=0];
  "venue:dex" -> "oracle:feed" [color="#0072B2C8", penwidth=0.7, tooltip="prices"];
  "venue:dex" -> "market:pool" [color="#E69F00C8", penwidth=1.5, style=dashed, dir=back, tooltip="trades $25m"];
  "oracle:feed" -> "market:pool" [color="#0072B2C8", penwidth=3.4, tooltip="prices $1.9bn"];
  "market:pool" -> "vault:heron" [color="#D55E00C8:#AA4499C8", penwidth=1.4, dir=both, tooltip="claim, funds $200m"];
}
)dot";

}  // namespace

TEST_CASE("the whole text of a graph of four nodes", "[viz]") {
  CHECK(write_dot(four_nodes(false), plain) == four_nodes_text);
}

TEST_CASE("the text does not depend on the order of building", "[viz]") {
  const GraphOutcome outcome = {{{OutcomeState::failed, 1e6, 0, 0}, {}, {}, {}}};
  DotOptions full = plain;
  full.legend = true;
  CHECK(write_dot(four_nodes(false), plain) == write_dot(four_nodes(true), plain));
  CHECK(write_dot(four_nodes(false), full, &outcome) ==
        write_dot(four_nodes(true), full, &outcome));
}

TEST_CASE("the legend names what is used and nothing else", "[viz]") {
  DotOptions full = plain;
  full.legend = true;
  const std::string text = write_dot(four_nodes(false), full);
  for (const char* word : {">prices  <", ">trades  <", ">funds  <", ">claim  <", "≥ $10bn",
                           "key_2_venue", "key_3_oracle", "key_4_market", "key_5_vault"}) {
    CAPTURE(word);
    CHECK(text.find(word) != std::string::npos);
  }
  for (const char* word : {">insures  <", "key_6_agent", "insolvent"}) {
    CAPTURE(word);
    CHECK(text.find(word) == std::string::npos);
  }
}

TEST_CASE("an outcome colours nodes and the lines distress took", "[viz]") {
  const DependencyGraph g = four_nodes(false);  // dex, feed, pool, heron
  GraphOutcome outcome;
  outcome.nodes = {{OutcomeState::stressed, 0, 0, 0},
                   {OutcomeState::sound, 0, 0, 1},
                   {OutcomeState::insolvent, 96e6, 8220, 2},
                   {}};
  const std::string text = write_dot(g, plain, &outcome);
  CHECK(text.find("insolvent · −$96m · 2h17min") != std::string::npos);
  CHECK(text.find("shocked · stressed") != std::string::npos);
  CHECK(text.find("\"oracle:feed\" -> \"market:pool\" [color=\"#0072B2\"") != std::string::npos);
  CHECK(text.find("\"market:pool\" -> \"vault:heron\" [color=\"#C4C7CC80\"") != std::string::npos);
}

TEST_CASE("a chain is its box, and shows its state there", "[viz]") {
  DependencyGraphBuilder builder;
  const auto main = builder.add_node({NodeKind::chain, "Main", "", "", 0}).value();
  const auto side = builder.add_node({NodeKind::chain, "Side", "", "", 0}).value();
  for (const char* name : {"a", "b", "c"}) {
    const auto pool = builder.add_node({NodeKind::market, name, "", "Main", 0}).value();
    REQUIRE(builder.add_edge({main, pool, EdgeKind::hosts, 0}));
    REQUIRE(builder.add_edge({side, pool, EdgeKind::hosts, 0}));
  }
  GraphOutcome outcome;
  outcome.nodes.resize(5);
  outcome.nodes[3] = {OutcomeState::failed, 0, 60, 0};
  const std::string text = write_dot(builder.freeze(), plain, &outcome);
  CHECK(text.find("\"chain:Main\"") == std::string::npos);
  CHECK(text.find("chain · shocked · failed · 60s") != std::string::npos);
  // Another chain's three edges into the box are one line that stops at the box.
  const auto line = text.find("lhead=cluster_0");
  REQUIRE(line != std::string::npos);
  CHECK(text.find("lhead=", line + 1) == std::string::npos);
}

TEST_CASE("dollars and times in short", "[viz]") {
  CHECK(short_usd(0) == "$0");
  CHECK(short_usd(950.4) == "$950");
  CHECK(short_usd(999.5) == "$1k");
  CHECK(short_usd(1e6) == "$1m");
  CHECK(short_usd(9.94e6) == "$9.9m");
  CHECK(short_usd(9.96e6) == "$10m");
  CHECK(short_usd(1.9e9) == "$1.9bn");
  CHECK(short_usd(999.6e6) == "$1bn");
  CHECK(short_usd(45.4e9) == "$45bn");
  CHECK(short_usd(-120e6) == "-$120m");
  CHECK(short_usd(-0.2) == "$0");
  CHECK(short_usd(std::numeric_limits<double>::quiet_NaN()) == "$?");
  CHECK(short_time(12) == "12s");
  CHECK(short_time(4620) == "77min");
  CHECK(short_time(8220) == "2h17min");
  CHECK(short_time(345600) == "4d");
  CHECK(short_time(-1) == "?");
}

}  // namespace faultline
