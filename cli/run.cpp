// `run`: one scenario with its direct run and baseline; the answer in two sentences, then the nodes
// in focus, then what happened when.
#include <chrono>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/run_text.hpp"
#include "cli/verbs.hpp"
#include "data/units.hpp"

namespace faultline {

int run_verb(const RunOptions& options) {
  OpenedWorld opened;
  open_world(options.common, opened, false);
  if (!opened.ok) return 2;
  std::deque<FollowedPath> paths;
  auto scenario = choose_scenario(opened, options.scenario, options.shocks, paths);
  if (!scenario) return 2;
  if (options.assumptions) {
    print_assumptions(opened.loaded.assumptions);
    return 0;
  }
  const auto begin = std::chrono::steady_clock::now();
  AssessedRun a;
  Workers workers(Parallelism{});
  Workspace w(opened.world);
  w.use(workers);
  a.baseline = run(opened.world, baseline_of(*scenario), w);
  a.direct = run(opened.world, direct_of(*scenario), w);
  if (!a.baseline.permanent_log.empty()) scenario->baseline_permanent = &a.baseline.permanent_log;
  w.record = true;
  a.full = run(opened.world, *scenario, w);
  a.summary = summarise(opened.world, *scenario, a.full, a.direct, a.baseline);
  a.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const RunReport report{opened.world, opened.loaded, *scenario, a};
  if (options.common.format == Format::json) {
    fmt::print("{}\n", run_json(report).dump(2));
  } else {
    print_run(report, options.timeline);
  }
  return stop_is_failure(a.full.stop) || stop_is_failure(a.direct.stop) ||
                 stop_is_failure(a.baseline.stop)
             ? 1
             : 0;
}

}  // namespace faultline
