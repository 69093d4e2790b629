// `render`: the dependency graph as a picture, with --run coloured by how distress spread.
#include <algorithm>
#include <deque>
#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/verbs.hpp"
#include "data/units.hpp"
#include "sim/assessment.hpp"
#include "viz/dot_writer.hpp"
#include "viz/graph_fold.hpp"
#include "viz/graph_picture.hpp"
#include "viz/graphviz_render.hpp"

namespace faultline {

namespace {

/// A run to colour the graph by.
struct Coloured {
  GraphOutcome nodes;
  Summary summary;
  std::string scenario;
  Stop stop = Stop::horizon;
  std::string stop_detail;
};

std::optional<Coloured> colour(OpenedWorld& opened, const RenderOptions& options) {
  std::deque<FollowedPath> paths;
  const auto scenario = choose_scenario(opened, options.scenario, options.shocks, paths);
  if (!scenario) return std::nullopt;
  const Snapshot& world = opened.world;
  Workspace w(world);
  const Outcome baseline = run(world, baseline_of(*scenario), w);
  const Outcome direct = run(world, direct_of(*scenario), w);
  const Outcome full = run(world, *scenario, w);
  Coloured out;
  out.nodes = picture_of(world, *scenario, full, baseline);
  out.summary = summarise(world, *scenario, full, direct, baseline);
  out.scenario = scenario->name;
  if (out.scenario == "command line") {
    out.scenario = fmt::format("{}", fmt::join(options.shocks, ", "));
  }
  for (const Outcome* o : {&full, &direct, &baseline}) {
    if (!stop_is_failure(o->stop)) continue;
    out.stop = o->stop;
    out.stop_detail = o->stop_detail;
  }
  return out;
}

std::string subtitle(const Coloured& c) {
  const Summary& s = c.summary;
  std::string out = fmt::format("{}: {} of new bad debt", c.scenario,
                                s.bad_debt_usd > 0 ? format_usd(s.bad_debt_usd) : "no dollar");
  if (s.bad_debt_usd > 0) {
    out += fmt::format(" ({} of it direct)", format_usd(std::max(0.0, s.direct_loss_usd)));
  }
  return out + fmt::format(", {} of debt liquidated", format_usd(std::max(0.0, s.liquidated_usd)));
}

/// More nodes than this, and those that stand alike are drawn as one.
constexpr std::uint32_t readable_nodes = 40;

std::string picture_text(const Snapshot& world, DotOptions options, const GraphOutcome* outcome,
                         bool all) {
  if (all || world.graph.node_count() <= readable_nodes) {
    return write_dot(world.graph, options, outcome);
  }
  const FoldedGraph folded = fold_alike(world.graph, outcome, drawn_together(world));
  options.members = folded.members;
  return write_dot(folded.graph, options, outcome == nullptr ? nullptr : &folded.outcome);
}

nlohmann::json picture_json(const OpenedWorld& opened, const RenderOptions& options,
                            const Coloured* coloured) {
  using nlohmann::json;
  const DependencyGraph& graph = opened.world.graph;
  json out{{"schema", 1},
           {"output", options.output},
           {"nodes", graph.node_count()},
           {"edges", graph.edges().size()}};
  if (coloured == nullptr) return out;
  json nodes = json::array();
  for (std::uint32_t i = 0; i < graph.node_count(); ++i) {
    const NodeOutcome& n = coloured->nodes.nodes[i];
    if (n.hop == no_hop) continue;
    nodes.push_back({{"kind", to_string(graph.nodes()[i].kind)},
                     {"name", graph.nodes()[i].name},
                     {"state", to_string(n.state)},
                     {"hop", n.hop},
                     {"loss_usd", n.loss_usd},
                     {"when_s", n.when_s},
                     {"note", n.note}});
  }
  out["run"] = {{"scenario", coloured->scenario}, {"reached", nodes}};
  return out;
}

void print_picture(const OpenedWorld& opened, const RenderOptions& options,
                   const Coloured* coloured) {
  const DependencyGraph& graph = opened.world.graph;
  fmt::print("{}: {} nodes, {} edges\n", options.output, graph.node_count(), graph.edges().size());
  if (coloured == nullptr) return;
  const auto reached = std::count_if(coloured->nodes.nodes.begin(), coloured->nodes.nodes.end(),
                                     [](const NodeOutcome& n) { return n.hop != no_hop; });
  const auto counts = count_states(coloured->nodes);
  std::string states;
  for (std::size_t s = counts.size(); s-- > 1;) {
    if (counts[s] == 0) continue;
    states += fmt::format("{}{} {}", states.empty() ? "" : ", ", counts[s],
                          to_string(static_cast<OutcomeState>(s)));
  }
  fmt::print("  {}\n  distress reached {} nodes{}\n", subtitle(*coloured), reached,
             states.empty() ? "" : ": " + states);
}

}  // namespace

int render_verb(const RenderOptions& options) {
  const auto format = render_format_of(options.output);
  if (!format) {
    fmt::print(stderr, "error: '{}' names no picture: end it in .svg, .png, .pdf or .dot\n",
               options.output);
    return 2;
  }
  const bool asked = !options.scenario.empty() || !options.shocks.empty();
  if (asked && !options.run) {
    fmt::print(stderr, "error: --scenario and --shock colour a run: add --run\n");
    return 2;
  }
  OpenedWorld opened;
  open_world(options.common, opened, false);
  if (!opened.ok) return 2;
  std::optional<Coloured> coloured;
  if (options.run) {
    coloured = colour(opened, options);
    if (!coloured) return 2;
  }
  DotOptions dot;
  dot.title = !options.title.empty() ? options.title
              : !opened.world.name.empty()
                  ? opened.world.name
                  : std::filesystem::path(options.common.file).stem().string();
  if (coloured) dot.scenario = subtitle(*coloured);
  const std::string text =
      picture_text(opened.world, dot, coloured ? &coloured->nodes : nullptr, options.all);
  std::string error;
  if (!render_graph_to(text, *format, options.output, error)) {
    fmt::print(stderr, "error: {}\n", error);
    return 2;
  }
  const Coloured* run = coloured ? &*coloured : nullptr;
  if (options.common.format == Format::json) {
    fmt::print("{}\n", picture_json(opened, options, run).dump(2));
  } else {
    print_picture(opened, options, run);
  }
  if (!coloured || !stop_is_failure(coloured->stop)) return 0;
  fmt::print(stderr, "stopped: {}: {}\n", stop_text(coloured->stop), coloured->stop_detail);
  return 1;
}

}  // namespace faultline
