// `run`: one scenario with its direct run and baseline; the answer in two sentences, then the nodes
// in focus, then what happened when.
#include <chrono>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/run_text.hpp"
#include "cli/verbs.hpp"
#include "data/units.hpp"

namespace faultline {

namespace {

/// The scenario with its direct run and baseline; the run itself is recorded.
AssessedRun assess_run(const OpenedWorld& opened, Scenario& scenario, Workspace& w) {
  const auto begin = std::chrono::steady_clock::now();
  AssessedRun a;
  w.record = false;
  a.baseline = run(opened.world, baseline_of(scenario), w);
  a.direct = run(opened.world, direct_of(scenario), w);
  if (!a.baseline.permanent_log.empty()) scenario.baseline_permanent = &a.baseline.permanent_log;
  w.record = true;
  a.full = run(opened.world, scenario, w);
  a.summary = summarise(opened.world, scenario, a.full, a.direct, a.baseline);
  a.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return a;
}

bool failed(const AssessedRun& a) {
  return stop_is_failure(a.full.stop) || stop_is_failure(a.direct.stop) ||
         stop_is_failure(a.baseline.stop);
}

/// Every scenario of the file in turn, as one table.
int run_all(const RunOptions& options, OpenedWorld& opened, Workspace& w) {
  std::deque<FollowedPath> paths;
  std::deque<Scenario> scenarios;
  std::deque<AssessedRun> runs;
  std::vector<RunReport> reports;
  bool bad = false;
  for (const ScenarioSpec& spec : opened.loaded.eco.scenarios) {
    auto scenario = choose_scenario(opened, spec.name, {}, paths);
    if (!scenario) return 2;
    scenarios.push_back(std::move(*scenario));
    runs.push_back(assess_run(opened, scenarios.back(), w));
    bad = bad || failed(runs.back());
    reports.push_back({opened.world, opened.loaded, scenarios.back(), runs.back()});
  }
  if (options.common.format == Format::json) {
    nlohmann::json out{{"schema", 1}, {"name", opened.world.name}};
    for (const RunReport& r : reports) out["scenarios"][r.scenario.name] = run_json(r);
    fmt::print("{}\n", out.dump(2));
  } else {
    print_scenarios(reports);
  }
  return bad ? 1 : 0;
}

}  // namespace

int run_verb(const RunOptions& options) {
  OpenedWorld opened;
  open_world(options.common, opened, false);
  if (!opened.ok) return 2;
  Workers workers(Parallelism{});
  if (options.scenario == "all" && options.shocks.empty()) {
    Workspace w(opened.world);
    w.use(workers);
    return run_all(options, opened, w);
  }
  std::deque<FollowedPath> paths;
  auto scenario = choose_scenario(opened, options.scenario, options.shocks, paths);
  if (!scenario) return 2;
  if (options.assumptions) {
    print_assumptions(opened.loaded.assumptions);
    return 0;
  }
  Workspace w(opened.world);
  w.use(workers);
  const AssessedRun a = assess_run(opened, *scenario, w);
  const RunReport report{opened.world, opened.loaded, *scenario, a};
  if (options.common.format == Format::json) {
    fmt::print("{}\n", run_json(report).dump(2));
  } else {
    print_run(report, options.timeline);
  }
  return failed(a) ? 1 : 0;
}

}  // namespace faultline
