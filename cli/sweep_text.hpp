// What a sweep prints: progress while it runs, then its summary as text or JSON.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include "sim/studies/sweep_summary.hpp"

namespace faultline {

/// Facts of this call, beside what the results say.
struct SweepCall {
  std::uint64_t asked = 0;        // scenarios of the plan
  std::uint64_t ran = 0;          // of them in this call
  std::uint64_t engine_runs = 0;  // over all calls that made the file
  double seconds = 0;
  std::string output;  // empty: a temporary file, gone by now
};

/// A bar on stderr, from two seconds on and only on a terminal.
class ProgressBar {
 public:
  /// `done` of `total` were there before this call.
  ProgressBar(bool wanted, std::uint64_t done, std::uint64_t total);
  ~ProgressBar();
  void step(bool failed);

 private:
  using Clock = std::chrono::steady_clock;
  void draw(Clock::time_point now);

  bool on_;
  bool drawn_ = false;
  std::uint64_t before_, done_, total_, failed_ = 0;
  Clock::time_point start_ = Clock::now(), last_ = start_;
};

void print_sweep(const SweepPlan& plan, const SweepSummary& summary, const SweepCall& call);
nlohmann::json sweep_json(const SweepPlan& plan, const SweepSummary& summary,
                          const SweepCall& call);

}  // namespace faultline
