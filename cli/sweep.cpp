// `sweep`: many scenarios into one results file, resumed where it exists; then what they say.
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "cli/results_file.hpp"
#include "cli/sweep_text.hpp"
#include "cli/verbs.hpp"
#include "data/sweep_file.hpp"
#include "data/sweep_plan.hpp"

namespace faultline {

namespace {

namespace fs = std::filesystem;

bool export_tables(const std::string& folder, ResultsReader& reader, std::string& error) {
  std::error_code made;
  fs::create_directories(folder, made);
  for (const char* table : {"meta", "scenarios", "inputs", "nodes"}) {
    const std::string path = (fs::path(folder) / (std::string(table) + ".csv")).string();
    std::ofstream out(path, std::ios::binary);
    if (!out) {
      error = "cannot write '" + path + "'";
      return false;
    }
    if (!reader.export_csv(table, out)) {
      error = reader.error();
      return false;
    }
  }
  return true;
}

int report(const SweepOptions& options, const SweepPlan& plan, const Output& output,
           SweepCall& call) {
  std::string error;
  const auto reader = ResultsReader::open(output.path(), error);
  if (!reader) return refuse(options.common.format, error, "", 1);
  const SweepSummary summary = summarise_sweep(plan, *reader);
  if (!reader->error().empty()) return refuse(options.common.format, reader->error(), "", 1);
  if (!options.csv.empty() && !export_tables(options.csv, *reader, error)) {
    return refuse(options.common.format, error, "", 1);
  }
  if (output.kept()) call.output = output.path();
  if (options.common.format == Format::json) {
    fmt::print("{}\n", sweep_json(plan, summary, call).dump(2));
  } else {
    print_sweep(plan, summary, call);
  }
  return summary.failed == 0 ? 0 : 1;
}

}  // namespace

int sweep_verb(const SweepOptions& options) {
  const Format format = options.common.format;
  OpenedWorld opened;
  open_world(options.common, opened, false);
  if (!opened.ok) return 2;
  Diagnostics found;
  Reading reading(opened.sources, found);
  const SweepFile file = load_sweep(options.sweep_file, opened.loaded.eco, reading);
  std::deque<FollowedPath> followed;
  const SweepPlan plan = plan_sweep(file, opened.loaded, std::move(opened.world), followed, found);
  if (report_findings(found, opened.sources, format, true)) return 2;
  const Output output(options.output);
  std::string error;
  auto writer = open_results(output, plan, options.fresh, error);
  if (!writer) {
    return refuse(format, error, "choose another file, or replace this one with --fresh", 2);
  }
  SweepCall call;
  call.asked = plan.scenarios();
  error = run_missing({options.threads, options.limit, !options.quiet, format == Format::text,
                       options.common.file, options.sweep_file},
                      plan, output, *writer, call);
  writer.reset();
  if (!error.empty()) return refuse(format, error, "", 1);
  return report(options, plan, output, call);
}

}  // namespace faultline
