// The results file of one sweep as verbs use it: opened, gone on with, or thrown away at the end.
#pragma once

#include <memory>
#include <string>

#include "cli/sweep_text.hpp"
#include "sim/studies/results_store.hpp"
#include "sim/studies/sweep.hpp"

namespace faultline {

/// Where results go: the file asked for, or one that is removed at the end.
class Output {
 public:
  explicit Output(const std::string& asked);
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  const std::string& path() const { return path_; }
  bool kept() const { return kept_; }
  void remove() const;

 private:
  std::string path_;
  bool kept_;
};

/// Opens the file to go on, or makes it. Null and a sentence in `error` if it may not be used.
std::unique_ptr<ResultsWriter> open_results(const Output& output, const SweepPlan& plan, bool fresh,
                                            std::string& error);

/// How a call runs what is missing.
struct RunMissing {
  unsigned threads = 0;     // 0: one per core
  std::uint64_t limit = 0;  // of scenarios; 0: none
  bool progress = true;
  bool says_stop = true;                   // tells on stderr when it was interrupted
  std::string ecosystem_file, sweep_file;  // for run_info
};

/// Runs what is missing; gives an error's sentence, empty if none.
std::string run_missing(const RunMissing& how, const SweepPlan& plan, const Output& output,
                        ResultsWriter& writer, SweepCall& call);

}  // namespace faultline
