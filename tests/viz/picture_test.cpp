// The example picture: sixty nodes on two chains with invented names, drawn as it stands and as a
// run left it. FAULTLINE_PICTURES=<dir> keeps the files, to be looked at.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "graph/algorithms.hpp"
#include "graph/dependency_graph.hpp"
#include "viz/dot_writer.hpp"
#include "viz/graphviz_render.hpp"

namespace faultline {
namespace {

struct NodeRow {
  NodeKind kind;
  const char* name;
  const char* cluster;
  double usd;
};

struct EdgeRow {
  const char* from;
  const char* to;
  EdgeKind kind;
  double usd;
};

using enum NodeKind;

const std::vector<NodeRow> node_rows = {
    {asset, "ETH", "", 0},
    {asset, "USDC", "", 0},
    {asset, "WBTC", "", 0},
    {chain, "Ethereum", "", 0},
    {chain, "Basin", "", 0},
    {venue, "outside ETH", "", 4e9},
    {venue, "outside WBTC", "", 3e9},
    {vault, "stETH", "Ethereum/Issuers", 24e9},
    {vault, "rsETH", "Ethereum/Issuers", 1.9e9},
    {vault, "weETH", "Ethereum/Issuers", 6.2e9},
    {vault, "USDx", "Ethereum/Issuers", 5.4e9},
    {vault, "sUSDx", "Ethereum/Issuers", 2.6e9},
    {venue, "WETH/USDC", "Ethereum/Venues", 310e6},
    {venue, "WBTC/WETH", "Ethereum/Venues", 120e6},
    {venue, "stETH/ETH", "Ethereum/Venues", 240e6},
    {venue, "rsETH/ETH", "Ethereum/Venues", 21e6},
    {venue, "weETH/ETH", "Ethereum/Venues", 64e6},
    {venue, "USDx/USDC", "Ethereum/Venues", 85e6},
    {oracle, "ETH feed", "Ethereum/Oracles", 0},
    {oracle, "BTC feed", "Ethereum/Oracles", 0},
    {oracle, "stETH rate", "Ethereum/Oracles", 0},
    {oracle, "rsETH rate", "Ethereum/Oracles", 0},
    {oracle, "weETH market", "Ethereum/Oracles", 0},
    {oracle, "USDx at par", "Ethereum/Oracles", 0},
    {market, "Pool WETH", "Ethereum/Pool (monolithic)", 3.4e9},
    {market, "Pool USDC", "Ethereum/Pool (monolithic)", 2.7e9},
    {market, "Pool USDx", "Ethereum/Pool (monolithic)", 900e6},
    {market, "Pool WBTC", "Ethereum/Pool (monolithic)", 1.2e9},
    {fund, "Pool umbrella", "Ethereum/Pool (monolithic)", 220e6},
    {market, "stETH/WETH 94.5%", "Ethereum/Isolated markets", 480e6},
    {market, "rsETH/WETH 94.5%", "Ethereum/Isolated markets", 160e6},
    {market, "weETH/WETH 94.5%", "Ethereum/Isolated markets", 210e6},
    {market, "sUSDx/USDC 91.5%", "Ethereum/Isolated markets", 340e6},
    {market, "WBTC/USDC 86%", "Ethereum/Isolated markets", 520e6},
    {market, "ETH/USDC 86%", "Ethereum/Isolated markets", 150e6},
    {vault, "Harbour USDC", "Ethereum/Isolated markets", 430e6},
    {vault, "Heron USDC", "Ethereum/Isolated markets", 260e6},
    {vault, "Heron WETH", "Ethereum/Isolated markets", 330e6},
    {vault, "Lynx WETH", "Ethereum/Isolated markets", 140e6},
    {market, "ETH-PERP", "Ethereum/Perpetuals", 620e6},
    {vault, "Backstop LP", "Ethereum/Perpetuals", 90e6},
    {fund, "Insurance", "Ethereum/Perpetuals", 25e6},
    {venue, "WETH/USDC (B)", "Basin", 95e6},
    {venue, "rsETH/WETH dex (B)", "Basin", 9e6},
    {oracle, "ETH feed (B)", "Basin", 0},
    {oracle, "rsETH feed (B)", "Basin", 0},
    {market, "Pool WETH (B)", "Basin", 420e6},
    {market, "Pool USDC (B)", "Basin", 380e6},
    {market, "rsETH/WETH (B)", "Basin", 45e6},
    {vault, "Harbour USDC (B)", "Basin", 110e6},
    {vault, "rsETH bridge", "Basin", 70e6},
    {agent, "Liquidator fleet", "", 45e6},
    {agent, "Small liquidators", "", 6e6},
    {agent, "Arbitrageurs", "", 60e6},
    {agent, "Loopers", "", 700e6},
    {agent, "Depositors", "", 2.2e9},
    {agent, "Market makers", "", 150e6},
    {agent, "Heron curator", "", 0},
    {entity, "Whale 0x7a", "", 410e6},
    {entity, "Heron Labs", "", 0},
};

using enum EdgeKind;

const std::vector<EdgeRow> edge_rows = {
    {"ETH", "outside ETH", prices, 0},
    {"ETH", "stETH", claim, 24e9},
    {"ETH", "weETH", claim, 6.2e9},
    {"WBTC", "outside WBTC", prices, 0},
    {"ETH", "WETH/USDC", prices, 310e6},
    {"USDC", "WETH/USDC", prices, 310e6},
    {"WBTC", "WBTC/WETH", prices, 120e6},
    {"USDC", "USDx/USDC", prices, 85e6},
    {"ETH", "USDx", claim, 2.1e9},
    {"stETH", "rsETH", claim, 900e6},
    {"USDx", "sUSDx", claim, 2.6e9},
    {"stETH", "stETH/ETH", prices, 240e6},
    {"rsETH", "rsETH/ETH", prices, 21e6},
    {"weETH", "weETH/ETH", prices, 64e6},
    {"USDx", "USDx/USDC", prices, 85e6},
    {"WETH/USDC", "ETH feed", prices, 0},
    {"outside ETH", "ETH feed", prices, 0},
    {"outside WBTC", "BTC feed", prices, 0},
    {"WBTC/WETH", "BTC feed", prices, 0},
    {"stETH", "stETH rate", prices, 0},
    {"rsETH", "rsETH rate", prices, 0},
    {"weETH/ETH", "weETH market", prices, 0},
    {"USDx", "USDx at par", prices, 0},
    {"ETH feed", "Pool WETH", prices, 3.4e9},
    {"ETH feed", "Pool USDC", prices, 2.7e9},
    {"BTC feed", "Pool WBTC", prices, 1.2e9},
    {"stETH rate", "Pool WETH", prices, 1.9e9},
    {"rsETH rate", "Pool WETH", prices, 600e6},
    {"weETH market", "Pool WETH", prices, 800e6},
    {"USDx at par", "Pool USDx", prices, 900e6},
    {"stETH rate", "stETH/WETH 94.5%", prices, 480e6},
    {"rsETH rate", "rsETH/WETH 94.5%", prices, 160e6},
    {"weETH market", "weETH/WETH 94.5%", prices, 210e6},
    {"USDx at par", "sUSDx/USDC 91.5%", prices, 340e6},
    {"BTC feed", "WBTC/USDC 86%", prices, 520e6},
    {"ETH feed", "ETH/USDC 86%", prices, 150e6},
    {"ETH feed", "ETH-PERP", prices, 620e6},
    {"ETH", "ETH/USDC 86%", collateral, 150e6},
    {"stETH", "Pool WETH", collateral, 1.9e9},
    {"rsETH", "Pool WETH", collateral, 600e6},
    {"weETH", "Pool WETH", collateral, 800e6},
    {"WBTC", "Pool WBTC", collateral, 1.2e9},
    {"USDx", "Pool USDx", collateral, 900e6},
    {"stETH", "stETH/WETH 94.5%", collateral, 480e6},
    {"rsETH", "rsETH/WETH 94.5%", collateral, 160e6},
    {"weETH", "weETH/WETH 94.5%", collateral, 210e6},
    {"sUSDx", "sUSDx/USDC 91.5%", collateral, 340e6},
    {"WBTC", "WBTC/USDC 86%", collateral, 520e6},
    {"stETH/ETH", "stETH/WETH 94.5%", depth, 240e6},
    {"rsETH/ETH", "rsETH/WETH 94.5%", depth, 21e6},
    {"rsETH/ETH", "Pool WETH", depth, 21e6},
    {"weETH/ETH", "weETH/WETH 94.5%", depth, 64e6},
    {"USDx/USDC", "sUSDx/USDC 91.5%", depth, 85e6},
    {"WETH/USDC", "Pool USDC", depth, 310e6},
    {"WBTC/WETH", "WBTC/USDC 86%", depth, 120e6},
    {"Pool USDC", "WETH/USDC", trades, 310e6},
    {"rsETH/WETH 94.5%", "rsETH/ETH", trades, 160e6},
    {"stETH/WETH 94.5%", "stETH/ETH", trades, 480e6},
    {"Harbour USDC", "WBTC/USDC 86%", funds, 280e6},
    {"Harbour USDC", "ETH/USDC 86%", funds, 90e6},
    {"Heron USDC", "sUSDx/USDC 91.5%", funds, 190e6},
    {"Heron USDC", "WBTC/USDC 86%", funds, 60e6},
    {"Heron WETH", "stETH/WETH 94.5%", funds, 200e6},
    {"Heron WETH", "rsETH/WETH 94.5%", funds, 80e6},
    {"Lynx WETH", "rsETH/WETH 94.5%", funds, 60e6},
    {"Lynx WETH", "weETH/WETH 94.5%", funds, 75e6},
    {"WBTC/USDC 86%", "Harbour USDC", claim, 280e6},
    {"ETH/USDC 86%", "Harbour USDC", claim, 90e6},
    {"sUSDx/USDC 91.5%", "Heron USDC", claim, 190e6},
    {"WBTC/USDC 86%", "Heron USDC", claim, 60e6},
    {"stETH/WETH 94.5%", "Heron WETH", claim, 200e6},
    {"rsETH/WETH 94.5%", "Heron WETH", claim, 80e6},
    {"rsETH/WETH 94.5%", "Lynx WETH", claim, 60e6},
    {"weETH/WETH 94.5%", "Lynx WETH", claim, 75e6},
    {"Pool WETH", "Pool umbrella", insures, 150e6},
    {"Pool USDC", "Pool umbrella", insures, 70e6},
    {"ETH-PERP", "Backstop LP", claim, 90e6},
    {"ETH-PERP", "Insurance", insures, 25e6},
    {"Liquidator fleet", "Pool WETH", capital, 45e6},
    {"Liquidator fleet", "Pool USDC", capital, 45e6},
    {"Liquidator fleet", "rsETH/WETH 94.5%", capital, 45e6},
    {"Liquidator fleet", "WBTC/USDC 86%", capital, 45e6},
    {"Pool WETH", "Liquidator fleet", capital, 45e6},
    {"Pool USDC", "Liquidator fleet", capital, 45e6},
    {"Small liquidators", "weETH/WETH 94.5%", capital, 6e6},
    {"Small liquidators", "ETH/USDC 86%", capital, 6e6},
    {"Arbitrageurs", "WETH/USDC", trades, 60e6},
    {"Arbitrageurs", "rsETH/ETH", trades, 10e6},
    {"Arbitrageurs", "WETH/USDC (B)", trades, 20e6},
    {"Market makers", "ETH-PERP", capital, 150e6},
    {"Market makers", "WETH/USDC", trades, 150e6},
    {"Loopers", "stETH/ETH", trades, 400e6},
    {"Pool WETH", "Loopers", capital, 700e6},
    {"Harbour USDC", "Depositors", claim, 430e6},
    {"Heron WETH", "Depositors", claim, 330e6},
    {"Lynx WETH", "Depositors", claim, 140e6},
    {"Heron USDC", "Depositors", claim, 260e6},
    {"Pool WETH", "Depositors", claim, 1.1e9},
    {"Backstop LP", "Depositors", claim, 90e6},
    {"Heron curator", "Heron WETH", owner, 0},
    {"Heron curator", "Heron USDC", owner, 0},
    {"Heron Labs", "Heron curator", owner, 0},
    {"Whale 0x7a", "Pool WBTC", owner, 410e6},
    {"Pool WBTC", "Whale 0x7a", owner, 410e6},
    {"Whale 0x7a", "ETH-PERP", owner, 410e6},
    {"rsETH", "rsETH bridge", bridges, 70e6},
    {"rsETH bridge", "rsETH/WETH (B)", collateral, 45e6},
    {"rsETH bridge", "rsETH/WETH (B)", claim, 45e6},
    {"rsETH/WETH (B)", "Harbour USDC (B)", claim, 15e6},
    {"rsETH bridge", "Pool WETH (B)", collateral, 25e6},
    {"ETH", "WETH/USDC (B)", prices, 95e6},
    {"WETH/USDC (B)", "ETH feed (B)", prices, 0},
    {"rsETH bridge", "rsETH/WETH dex (B)", prices, 9e6},
    {"rsETH/WETH dex (B)", "rsETH feed (B)", prices, 0},
    {"rsETH/WETH dex (B)", "rsETH/WETH (B)", depth, 9e6},
    {"ETH feed (B)", "Pool WETH (B)", prices, 420e6},
    {"ETH feed (B)", "Pool USDC (B)", prices, 380e6},
    {"rsETH feed (B)", "rsETH/WETH (B)", prices, 45e6},
    {"rsETH feed (B)", "Pool WETH (B)", prices, 25e6},
    {"Pool USDC (B)", "Harbour USDC (B)", claim, 80e6},
    {"Harbour USDC (B)", "Depositors", claim, 110e6},
    {"Small liquidators", "Pool WETH (B)", capital, 6e6},
};

DependencyGraph example() {
  DependencyGraphBuilder builder;
  std::map<std::string, std::uint32_t> handle;
  for (const NodeRow& row : node_rows) {
    const auto added = builder.add_node({row.kind, row.name, "", row.cluster, row.usd});
    REQUIRE(added);
    handle[row.name] = *added;
  }
  for (const EdgeRow& row : edge_rows) {
    INFO(row.from << " -> " << row.to);
    REQUIRE(builder.add_edge({handle.at(row.from), handle.at(row.to), row.kind, row.usd}));
  }
  for (const NodeRow& row : node_rows) {
    const std::string cluster = row.cluster;
    if (cluster.empty()) continue;
    const std::string chain_name = cluster.substr(0, cluster.find('/'));
    REQUIRE(builder.add_edge({handle.at(chain_name), handle.at(row.name), hosts, row.usd}));
  }
  return builder.freeze();
}

// An exploit mints rsETH out of nothing: the claim, its venues, and who lends against it.
GraphOutcome example_outcome(const DependencyGraph& graph) {
  GraphOutcome outcome;
  outcome.nodes.resize(graph.node_count());
  const auto set = [&](const char* name, OutcomeState state, double loss, double when,
                       std::uint32_t hop) {
    outcome.nodes.at(graph.find(name).value()) = {state, loss, when, hop};
  };
  set("rsETH", OutcomeState::failed, 290e6, 0, 0);
  set("rsETH/ETH", OutcomeState::stressed, 11e6, 24, 1);
  set("rsETH rate", OutcomeState::sound, 0, 36, 1);
  set("rsETH bridge", OutcomeState::insolvent, 38e6, 12, 1);
  set("rsETH/WETH 94.5%", OutcomeState::insolvent, 96e6, 1080, 1);
  set("Pool WETH", OutcomeState::illiquid, 71e6, 8220, 1);
  set("rsETH/WETH (B)", OutcomeState::insolvent, 31e6, 600, 2);
  set("Pool WETH (B)", OutcomeState::stressed, 6e6, 1500, 2);
  set("Heron WETH", OutcomeState::insolvent, 55e6, 9000, 2);
  set("Lynx WETH", OutcomeState::insolvent, 41e6, 9600, 2);
  set("Pool umbrella", OutcomeState::failed, 60e6, 86400, 2);
  set("Harbour USDC (B)", OutcomeState::illiquid, 4e6, 12000, 3);
  set("Depositors", OutcomeState::stressed, 118e6, 172800, 3);
  set("Liquidator fleet", OutcomeState::stressed, 3e6, 2400, 2);
  set("Loopers", OutcomeState::stressed, 22e6, 14000, 2);
  return outcome;
}

std::filesystem::path picture_folder() {
  const char* kept = std::getenv("FAULTLINE_PICTURES");
  const auto folder = kept != nullptr ? std::filesystem::path(kept)
                                      : std::filesystem::temp_directory_path() /
                                            ("faultline-pictures-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  return folder;
}

const DotOptions options = {"Restaked ether on two chains", "Scenario: none (as declared)",
                            "Balances of 1 March 2026", true};

}  // namespace

TEST_CASE("the example is drawn", "[viz]") {
  const DependencyGraph graph = example();
  REQUIRE(graph.node_count() == 60);
  const GraphOutcome outcome = example_outcome(graph);
  DotOptions after = options;
  after.scenario = "Scenario: 116k rsETH minted from nothing";
  const auto folder = picture_folder();
  std::string error;
  for (const char* name : {"example.dot", "example.svg", "example.png"}) {
    const bool done =
        render_graph_to(write_dot(graph, options), *render_format_of(name), folder / name, error);
    CAPTURE(error);
    REQUIRE(done);
  }
  for (const char* name : {"outcome.dot", "outcome.svg", "outcome.png"}) {
    const bool done = render_graph_to(write_dot(graph, after, &outcome), *render_format_of(name),
                                      folder / name, error);
    CAPTURE(error);
    REQUIRE(done);
  }
  for (const char* name : {"example.svg", "outcome.svg"}) {
    std::ifstream in(folder / name);
    std::string svg(std::istreambuf_iterator<char>(in), {});
    const std::string dash = "&#45;";  // how Graphviz writes a hyphen
    for (auto at = svg.find(dash); at != std::string::npos; at = svg.find(dash, at)) {
      svg.replace(at, dash.size(), "-");
    }
    for (const GraphNode& n : graph.nodes()) {
      CAPTURE(name, n.name);
      CHECK(svg.find(">" + n.name + "<") != std::string::npos);
    }
  }
  // What was drawn before does not show: Graphviz keeps state between calls.
  for (int i = 0; i < 3; ++i) {
    std::string svg;
    REQUIRE(render_graph(write_dot(graph, after, &outcome), RenderFormat::svg, svg, error));
    std::ifstream in(folder / "outcome.svg");
    CHECK(svg == std::string(std::istreambuf_iterator<char>(in), {}));
    REQUIRE(render_graph("digraph g { subgraph cluster_0 { x } x -> y }", RenderFormat::svg, svg,
                         error));
  }
  if (std::getenv("FAULTLINE_PICTURES") == nullptr) std::filesystem::remove_all(folder);
}

}  // namespace faultline
