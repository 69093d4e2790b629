#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/verbs.hpp"

namespace faultline {

int check_verb(const std::vector<std::string>& files, const Overlays& overlays, Format format) {
  bool failed = false;
  nlohmann::json all = nlohmann::json::array();
  for (const std::string& file : files) {
    OpenedWorld opened;
    open_world({file, overlays, format}, opened, true);
    failed = failed || !opened.ok;
    if (opened.ok) {
      std::deque<FollowedPath> paths;
      for (const ScenarioSpec& s : opened.loaded.eco.scenarios) {
        if (!choose_scenario(opened, s.name, {}, paths)) failed = true;
      }
    }
    if (!opened.ok) {
      if (format == Format::text) {
        fmt::print(stderr, "{} error{} in {}\n", opened.diagnostics.errors(),
                   opened.diagnostics.errors() == 1 ? "" : "s", file);
      }
      continue;
    }
    const DependencyGraph& graph = opened.world.graph;
    if (format == Format::text) {
      fmt::print("{}: {} nodes, {} edges, {} accounts, {} scenarios understood\n", file,
                 graph.node_count(), graph.edges().size(), opened.world.positions.size(),
                 opened.loaded.eco.scenarios.size());
    } else {
      all.push_back({{"file", file},
                     {"nodes", graph.node_count()},
                     {"edges", graph.edges().size()},
                     {"accounts", opened.world.positions.size()}});
    }
  }
  if (format == Format::json && !failed) {
    fmt::print("{}\n", nlohmann::json{{"schema", 1}, {"files", all}}.dump(2));
  }
  return failed ? 2 : 0;
}

}  // namespace faultline
