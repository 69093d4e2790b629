// A dependency graph as DOT text: the picture a risk committee looks at. Columns from what breaks
// first to whom it reaches (assets and venues, oracles, markets, vaults, agents), boxes by chain
// and protocol, dollar exposure as line width, and, with an outcome, how distress spread. The text
// is a function of its arguments alone.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "graph/algorithms.hpp"
#include "graph/dependency_graph.hpp"

namespace faultline {

/// How a node ended, in order of gravity.
enum class OutcomeState : std::uint8_t { sound, stressed, illiquid, insolvent, failed };

inline constexpr std::size_t outcome_state_count = 5;

/// The state's name as users read it.
std::string_view to_string(OutcomeState state);

/// What a run did to one node.
struct NodeOutcome {
  OutcomeState state = OutcomeState::sound;
  double loss_usd = 0;
  double when_s = std::numeric_limits<double>::quiet_NaN();  // entered its state; NaN: never
  std::uint32_t hop = no_hop;                                // 0: shocked itself; no_hop: untouched
  std::string note = {};                                     // a few words of its own: "-30.4%"
};

/// What a run did to each node, by index; as long as the graph's nodes.
struct GraphOutcome {
  std::vector<NodeOutcome> nodes;
};

/// What stands around the graph. Empty lines are left out.
struct DotOptions {
  std::string title;
  std::string scenario;
  std::string date;
  bool legend = true;
  std::vector<std::uint32_t> members = {};  // by node: how many it stands for; empty: one each
};

/// The graph as DOT text for `render_graph`. Edges between the same two nodes are drawn as one line
/// of several strands; equal lines to every node of a box as one line to the box; `hosts` edges
/// into the chain's own box are left to the box. Names may hold anything: they are escaped, and
/// bytes that are not UTF-8 are shown as the replacement character.
std::string write_dot(const DependencyGraph& graph, const DotOptions& options,
                      const GraphOutcome* outcome = nullptr);

/// Dollars in short: $950, $45k, $1.9bn, $120m; two digits below ten, else whole.
std::string short_usd(double usd);

/// A time in short: 12s, 77min, 2h17min, 4d6h; "?" for none.
std::string short_time(double seconds);

}  // namespace faultline
