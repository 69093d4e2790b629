// `compare`: the same users under different designs, on the same draws.
#include "cli/compare.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "cli/results_file.hpp"
#include "cli/verbs.hpp"
#include "data/sweep_file.hpp"
#include "data/sweep_plan.hpp"
#include "data/units.hpp"
#include "viz/frontier_picture.hpp"

namespace faultline {

namespace {

namespace fs = std::filesystem;

constexpr const char* as_written = "today";

/// One design to open: where it comes from and what it does.
struct Leg {
  std::string name, against, effect;
  std::string own;      // of the file's designs
  std::string overlay;  // a file
  DesignSpec spec;
};

bool is_file(const std::string& name) {
  return name.ends_with(".yaml") || name.ends_with(".yml");
}

bool built_in(const std::string& name) {
  return name == "monolithic" || name == "isolated" || name == "dynamic";
}

/// A design as named on the command line; reports one that is not known.
std::optional<Leg> find_leg(const std::string& name, const LoadedEcosystem& loaded) {
  Leg leg;
  leg.name = name;
  const auto own = loaded.designs.find(name);
  if (own != loaded.designs.end()) {
    leg.own = name;
    leg.spec = own->second;
    return leg;
  }
  if (name == as_written) return leg;
  if (built_in(name)) {
    leg.spec.redesign = name;
    return leg;
  }
  if (is_file(name)) {
    leg.overlay = name;
    leg.name = fs::path(name).stem().string();
    return leg;
  }
  std::vector<std::string_view> names{as_written, "monolithic", "isolated", "dynamic"};
  for (const auto& [known, spec] : loaded.designs) names.push_back(known);
  const std::string near = nearest_name(name, names);
  fmt::print(stderr, "error: no design '{}'{}\n  the file's own, {}, or an overlay file\n", name,
             near.empty() ? "" : ": did you mean '" + near + "'?",
             "today, monolithic, isolated, dynamic");
  return std::nullopt;
}

/// A design with parameters of its own besides its structure is run with the source's first, so
/// that the two effects can be told apart.
void add_legs(const Leg& leg, std::vector<Leg>& out) {
  out.push_back(leg);
  const bool has_own = leg.spec.redesign == "isolated" || leg.spec.redesign == "dynamic";
  if (!has_own || leg.spec.weights) return;
  out.back().spec.weights = "source";
  out.back().effect = "structure";
  Leg& own = out.emplace_back(leg);
  own.name += "_own";
  own.spec.weights = "own";
  own.against = leg.name;
  own.effect = "parameters";
}

std::optional<std::vector<Leg>> choose_legs(const std::vector<std::string>& asked,
                                            const LoadedEcosystem& loaded) {
  std::vector<std::string> names = asked;
  if (names.empty()) {
    for (const auto& [name, spec] : loaded.designs) names.push_back(name);
  }
  if (names.empty()) names = {"monolithic", "isolated", "dynamic"};
  std::vector<Leg> out;
  for (const std::string& name : names) {
    const auto leg = find_leg(name, loaded);
    if (!leg) return std::nullopt;
    const bool twice = std::any_of(out.begin(), out.end(),
                                   [&](const Leg& other) { return other.name == leg->name; });
    if (twice) {
      fmt::print(stderr, "error: design '{}' is named twice\n", leg->name);
      return std::nullopt;
    }
    add_legs(*leg, out);
  }
  return out;
}

/// An ecosystem under one design, ready to run.
struct OpenedDesign {
  OpenedWorld opened;
  ComparedDesign told;
  bool unchanged = false;  // as the file has it
};

/// Opens a design and says what it changed; false after an error, which was reported.
bool open_design(const CommonOptions& common, const Leg& leg, OpenedDesign& out) {
  CommonOptions options = common;
  options.overlays.design = leg.own;
  if (!leg.overlay.empty()) options.overlays.files.push_back(leg.overlay);
  open_world(options, out.opened, false);
  if (!out.opened.ok) return false;
  out.told.name = leg.name;
  out.told.against = leg.against;
  out.told.effect = leg.effect;
  LoadedEcosystem& loaded = out.opened.loaded;
  if (leg.spec.redesign != "none") {
    Redesigned changed = redesign(loaded.eco, out.opened.world, leg.spec);
    out.told.gap_usd = changed.gap_usd();
    out.told.gaps = std::move(changed.gaps);
    out.told.idle_usd = changed.idle_usd;
    out.told.shrunk_usd = changed.shrunk_usd;
    out.told.changes = std::move(changed.changes);
    if (!out.told.changes.empty()) {
      loaded.eco = std::move(changed.eco);
      Diagnostics found;
      out.opened.world = compile(loaded.eco, found, loaded.spans());
      if (found.failed()) {
        fmt::print(stderr, "error: design '{}' cannot stand\n", leg.name);
        report_findings(found, out.opened.sources, common.format, false);
        return false;
      }
    }
  }
  const bool laid_over = !leg.overlay.empty() || !leg.own.empty();
  out.unchanged = out.told.changes.empty() && !laid_over;
  out.told.facts = design_facts(out.opened.world);
  return true;
}

/// Puts the file as written first: among those asked for, or added to them.
bool open_designs(const CompareOptions& options, std::deque<OpenedDesign>& out) {
  OpenedDesign today;
  if (!open_design(options.common, {as_written, "", "", "", "", {}}, today)) return false;
  const auto legs = choose_legs(options.designs, today.opened.loaded);
  if (!legs) return false;
  for (const Leg& leg : *legs) {
    OpenedDesign& design = out.emplace_back();
    if (!open_design(options.common, leg, design)) return false;
    // Its parameters make no difference where its structure changed nothing.
    if (!leg.against.empty() && design.told.changes.empty()) out.pop_back();
  }
  const auto same =
      std::find_if(out.begin(), out.end(), [](const OpenedDesign& d) { return d.unchanged; });
  if (same == out.end()) {
    out.push_front(std::move(today));
  } else if (same != out.begin()) {
    OpenedDesign first = std::move(*same);
    out.erase(same);
    out.push_front(std::move(first));
  }
  for (OpenedDesign& design : out) {
    if (&design != &out.front() && design.told.against.empty()) {
      design.told.against = out.front().told.name;
    }
  }
  out.front().told.against.clear();
  return true;
}

// ---- one scenario -----------------------------------------------------------------------------

/// Runs the scenario asked for in one design; false after an error.
bool run_once(const CompareOptions& options, OpenedDesign& design, DesignRuns& runs,
              std::string& scenario_name) {
  std::deque<FollowedPath> paths;
  auto scenario = choose_scenario(design.opened, options.scenario, options.shocks, paths);
  if (!scenario) return false;
  scenario_name = scenario->name;
  SweepPlan plan;
  plan.draws = 1;
  plan.scenario_named = true;
  SweepWorld& world = plan.worlds.emplace_back();
  world.world = std::make_unique<const Snapshot>(std::move(design.opened.world));
  world.scenario = std::move(*scenario);
  Workers workers({1});
  SweepRunner runner(plan, workers);
  DrawnScenario drawn;
  runner.draw(0, drawn);
  const SweepRun run = runner.run_alone(0);
  if (!run.failure.empty()) {
    fmt::print(stderr, "error: design '{}': {}\n", design.told.name, run.failure);
    return false;
  }
  const ScenarioResult row = runner.row(drawn, run);
  const std::vector<std::string> names = plan.layout().metrics;
  for (std::size_t i = 0; i < names.size(); ++i) runs.metrics[names[i]] = {row.metrics[i]};
  return true;
}

// ---- many -------------------------------------------------------------------------------------

/// Where one design's results go.
std::string results_path(const CompareOptions& options, const std::string& design) {
  if (options.output.empty()) return {};
  return (fs::path(options.output) / (design + ".sqlite")).string();
}

/// A results file read: which scenarios ended well, and their metrics.
struct Column {
  std::vector<std::uint64_t> ids;
  std::map<std::string, std::vector<double>, std::less<>> metrics;
};

/// Runs the sweep in one design and reads it back; an error's sentence, empty if none.
std::string run_sweep(const CompareOptions& options, OpenedDesign& design, Column& out) {
  Diagnostics found;
  OpenedWorld& opened = design.opened;
  Reading reading(opened.sources, found);
  const SweepFile file = load_sweep(options.sweep_file, opened.loaded.eco, reading);
  std::deque<FollowedPath> followed;
  SweepPlan plan = plan_sweep(file, opened.loaded, std::move(opened.world), followed, found);
  if (report_findings(found, opened.sources, options.common.format, false)) {
    return "design '" + design.told.name + "' cannot run this sweep";
  }
  plan.meta["design"] = design.told.name;
  for (const std::string& change : design.told.changes) plan.meta["design"] += "; " + change;
  const Output output(results_path(options, design.told.name));
  std::string error;
  auto writer = open_results(output, plan, options.fresh, error);
  if (!writer) return error;
  SweepCall call;
  error =
      run_missing({options.threads, options.limit, !options.quiet,
                   options.common.format == Format::text, options.common.file, options.sweep_file},
                  plan, output, *writer, call);
  writer.reset();
  if (!error.empty()) return error;
  const auto reader = ResultsReader::open(output.path(), error);
  if (!reader) return error;
  out.ids = reader->ids("ok");
  for (const std::string& name : plan.layout().metrics) {
    out.metrics[name] = reader->metric(name, "ok");
  }
  if (output.kept()) design.told.output = output.path();
  return reader->error();
}

/// Keeps the scenarios that ended well in every design, in order of their ids.
void pair_up(std::vector<Column>& columns, ComparisonReport& report) {
  std::vector<std::uint64_t> common = columns.front().ids;
  std::size_t most = 0;
  for (const Column& c : columns) {
    std::vector<std::uint64_t> both;
    std::set_intersection(common.begin(), common.end(), c.ids.begin(), c.ids.end(),
                          std::back_inserter(both));
    common = std::move(both);
    most = std::max(most, c.ids.size());
  }
  report.pairs = common.size();
  report.left_out = most - common.size();
  for (std::size_t d = 0; d < columns.size(); ++d) {
    for (const auto& [name, values] : columns[d].metrics) {
      std::vector<double>& kept = report.runs[d].metrics[name];
      std::size_t at = 0;
      for (std::size_t i = 0; i < columns[d].ids.size() && at < common.size(); ++i) {
        if (columns[d].ids[i] != common[at]) continue;
        kept.push_back(values[i]);
        ++at;
      }
    }
  }
}

std::string run_sweeps(const CompareOptions& options, std::deque<OpenedDesign>& designs,
                       ComparisonReport& report) {
  if (!options.output.empty()) {
    std::error_code made;
    fs::create_directories(options.output, made);
    if (made) return "cannot make the folder '" + options.output + "'";
  }
  std::vector<Column> columns(designs.size());
  for (std::size_t d = 0; d < designs.size(); ++d) {
    const std::string error = run_sweep(options, designs[d], columns[d]);
    if (!error.empty()) return error;
  }
  pair_up(columns, report);
  return report.pairs == 0 ? "no scenario ended well in every design" : "";
}

void draw_conclusions(ComparisonReport& report) {
  const auto place = [&](const std::string& name) {
    std::size_t i = 0;
    while (report.designs[i].name != name) ++i;
    return i;
  };
  for (std::size_t d = 0; d < report.designs.size(); ++d) {
    const std::vector<double>& loss = report.runs[d].of("bad_debt_usd");
    report.frontier.push_back({report.designs[d].name, report.designs[d].facts, mean_estimate(loss),
                               expected_shortfall(loss, 0.99)});
    if (d == 0) continue;
    const std::size_t reference = place(report.designs[d].against);
    report.comparisons.push_back(compare_designs(report.runs[reference], report.runs[d]));
  }
  find_frontier(report.runs, report.frontier);
}

/// Writes the picture; false if the file cannot be written.
bool draw_picture(const std::string& path, const ComparisonReport& report) {
  std::ofstream out(path, std::ios::binary);
  out << frontier_svg(report.frontier, report.name + ": what designs lend and lose",
                      [](double usd) { return format_usd(usd); });
  out.flush();
  return out.good();
}

}  // namespace

int compare_verb(const CompareOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  std::deque<OpenedDesign> designs;
  if (!open_designs(options, designs)) return 2;
  ComparisonReport report;
  report.name = designs.front().opened.loaded.eco.name;
  report.sweep = options.sweep_file;
  for (const OpenedDesign& d : designs) report.runs.push_back({d.told.name, {}});
  if (options.sweep_file.empty()) {
    for (std::size_t d = 0; d < designs.size(); ++d) {
      if (!run_once(options, designs[d], report.runs[d], report.scenario)) return 1;
    }
    report.pairs = 1;
  } else if (const std::string error = run_sweeps(options, designs, report); !error.empty()) {
    return refuse(options.common.format, error, "", 2);
  }
  for (OpenedDesign& d : designs) report.designs.push_back(std::move(d.told));
  draw_conclusions(report);
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (!options.picture.empty() && !draw_picture(options.picture, report)) {
    return refuse(options.common.format, "cannot write '" + options.picture + "'", "", 2);
  }
  if (options.common.format == Format::json) {
    fmt::print("{}\n", comparison_json(report).dump(2));
  } else {
    print_comparison(report);
  }
  return report.left_out == 0 ? 0 : 1;
}

}  // namespace faultline
