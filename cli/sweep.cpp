// `sweep`: many scenarios into one results file, resumed where it exists; then what they say.
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "cli/sweep_text.hpp"
#include "cli/verbs.hpp"
#include "data/sweep_file.hpp"
#include "data/sweep_plan.hpp"

namespace faultline {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t note_every = 64;  // scenarios between two notes of the engine runs

CancelFlag interrupted{false};

void on_interrupt(int) {
  interrupted.store(true);
}

/// Lets Ctrl-C end a sweep after the scenarios under way; a second one kills as usual.
class InterruptGuard {
 public:
  InterruptGuard() {
    interrupted.store(false);
    struct sigaction action = {};
    action.sa_handler = on_interrupt;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGINT, &action, &before_);
  }
  ~InterruptGuard() { sigaction(SIGINT, &before_, nullptr); }
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  struct sigaction before_ = {};
};

/// Where results go: the file asked for, or one that is removed at the end.
class Output {
 public:
  explicit Output(const std::string& asked) : path_(asked), kept_(!asked.empty()) {
    if (kept_) return;
    std::string name = (fs::temp_directory_path() / "faultline-sweep-XXXXXX").string();
    const int file = mkstemp(name.data());
    if (file >= 0) close(file);
    path_ = name;
  }
  ~Output() {
    if (!kept_) remove();
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  const std::string& path() const { return path_; }
  bool kept() const { return kept_; }
  void remove() const {
    std::error_code ignored;
    fs::remove(path_, ignored);
    fs::remove(path_ + "-journal", ignored);
  }

 private:
  std::string path_;
  bool kept_;
};

int fail(Format format, const std::string& message, const std::string& remedy, int code) {
  if (format == Format::json) {
    fmt::print("{}\n",
               nlohmann::json{{"schema", 1},
                              {"diagnostics",
                               {{{"severity", "error"}, {"message", message}, {"remedy", remedy}}}}}
                   .dump(2));
  } else {
    fmt::print(stderr, "error: {}\n", message);
    if (!remedy.empty()) fmt::print(stderr, "  {}\n", remedy);
  }
  return code;
}

/// Opens the file to go on, or makes it. Null and a sentence in `error` if it may not be used.
std::unique_ptr<ResultsWriter> open_results(const Output& output, const SweepPlan& plan, bool fresh,
                                            std::string& error) {
  if (output.kept() && fresh) {
    // Only a results file may be replaced: never another file that the name hit by mistake.
    std::error_code ignored;
    if (fs::exists(output.path(), ignored) && fs::file_size(output.path(), ignored) != 0 &&
        ResultsReader::open(output.path(), error) == nullptr) {
      return nullptr;
    }
    output.remove();
  }
  std::error_code ignored;
  const bool there =
      fs::exists(output.path(), ignored) && fs::file_size(output.path(), ignored) > 0;
  if (there) {
    return ResultsWriter::open_for_resume(output.path(), plan.layout(), plan.meta, {}, error);
  }
  return ResultsWriter::create(output.path(), plan.layout(), plan.meta, 0, {}, error);
}

/// Engine runs that earlier calls made for this file.
std::uint64_t earlier_runs(const std::string& path) {
  std::string error;
  const auto reader = ResultsReader::open(path, error);
  if (!reader) return 0;
  const auto info = reader->run_info();
  const auto found = info.find("engine_runs");
  std::uint64_t runs = 0;
  if (found != info.end()) {
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), runs);
  }
  return runs;
}

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

/// Runs what is missing; gives an error's sentence, empty if none.
std::string run_missing(const SweepOptions& options, const SweepPlan& plan, const Output& output,
                        ResultsWriter& writer, SweepCall& call) {
  const std::uint64_t before = earlier_runs(output.path());
  const std::uint64_t first = writer.next_id();
  const auto begin = std::chrono::steady_clock::now();
  const std::uint64_t count = options.limit == 0 ? plan.scenarios() : options.limit;
  PipelineEnd end;
  call.engine_runs = before;
  if (first < plan.scenarios()) {
    Workers workers({options.threads});
    SweepRunner runner(plan, workers);
    InterruptGuard guard;
    ProgressBar progress(!options.quiet, first, std::min(plan.scenarios(), first + count));
    const auto note = [&] {
      call.engine_runs = before + runner.engine_runs();
      writer.set_run_info("engine_runs", std::to_string(call.engine_runs));
    };
    end = runner.run(writer, count, &interrupted, [&](std::uint64_t id, bool failed) {
      if (id % note_every == 0) note();
      progress.step(failed);
    });
    note();
    call.ran = end.next - first;
  }
  call.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  writer.set_run_info("ecosystem file", options.common.file);
  writer.set_run_info("sweep file", options.sweep_file);
  if (!writer.commit() && end.error.empty()) end.error = writer.error();
  if (end.cancelled && options.common.format == Format::text) {
    fmt::print(stderr, "stopped after scenario {}; {}\n", end.next,
               output.kept() ? "the same command goes on from there" : "nothing was kept (no -o)");
  }
  return end.error;
}

int report(const SweepOptions& options, const SweepPlan& plan, const Output& output,
           SweepCall& call) {
  std::string error;
  const auto reader = ResultsReader::open(output.path(), error);
  if (!reader) return fail(options.common.format, error, "", 1);
  const SweepSummary summary = summarise_sweep(plan, *reader);
  if (!reader->error().empty()) return fail(options.common.format, reader->error(), "", 1);
  if (!options.csv.empty() && !export_tables(options.csv, *reader, error)) {
    return fail(options.common.format, error, "", 1);
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
    return fail(format, error, "choose another file, or replace this one with --fresh", 2);
  }
  SweepCall call;
  call.asked = plan.scenarios();
  error = run_missing(options, plan, output, *writer, call);
  writer.reset();
  if (!error.empty()) return fail(format, error, "", 1);
  return report(options, plan, output, call);
}

}  // namespace faultline
