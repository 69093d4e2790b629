#include "cli/results_file.hpp"

#include <unistd.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <filesystem>

#include <fmt/format.h>

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

}  // namespace

Output::Output(const std::string& asked) : path_(asked), kept_(!asked.empty()) {
  if (kept_) return;
  std::string name = (fs::temp_directory_path() / "faultline-sweep-XXXXXX").string();
  const int file = mkstemp(name.data());
  if (file >= 0) close(file);
  path_ = name;
}

Output::~Output() {
  if (!kept_) remove();
}

void Output::remove() const {
  std::error_code ignored;
  fs::remove(path_, ignored);
  fs::remove(path_ + "-journal", ignored);
}

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

std::string run_missing(const RunMissing& how, const SweepPlan& plan, const Output& output,
                        ResultsWriter& writer, SweepCall& call) {
  const std::uint64_t before = earlier_runs(output.path());
  const std::uint64_t first = writer.next_id();
  const auto begin = std::chrono::steady_clock::now();
  const std::uint64_t count = how.limit == 0 ? plan.scenarios() : how.limit;
  PipelineEnd end;
  call.engine_runs = before;
  if (first < plan.scenarios()) {
    Workers workers({how.threads});
    SweepRunner runner(plan, workers);
    InterruptGuard guard;
    ProgressBar progress(how.progress, first, std::min(plan.scenarios(), first + count));
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
  writer.set_run_info("ecosystem file", how.ecosystem_file);
  writer.set_run_info("sweep file", how.sweep_file);
  if (!writer.commit() && end.error.empty()) end.error = writer.error();
  if (end.cancelled && how.says_stop) {
    fmt::print(stderr, "stopped after scenario {}; {}\n", end.next,
               output.kept() ? "the same command goes on from there" : "nothing was kept (no -o)");
  }
  return end.error;
}

}  // namespace faultline
