// What `compare` found, and how it is told.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "sim/studies/compare.hpp"
#include "sim/studies/redesign.hpp"

namespace faultline {

/// One design that was run.
struct ComparedDesign {
  std::string name;
  std::string against;  // whose difference from it is reported; empty: the reference itself
  std::string effect;   // what that difference shows: "structure", "parameters", empty
  std::vector<std::string> changes;  // of the file
  std::vector<DesignGap> gaps;
  double gap_usd = 0, idle_usd = 0, shrunk_usd = 0;
  DesignFacts facts;
  std::string output;  // its results file, where kept
};

struct ComparisonReport {
  std::string name, sweep;                // of the ecosystem; empty where one scenario was run
  std::string scenario;                   // that was run alone
  std::uint64_t pairs = 0, left_out = 0;  // scenarios of all designs; that failed in one
  double seconds = 0;
  std::vector<ComparedDesign> designs;  // the reference first
  std::vector<DesignRuns> runs;         // likewise
  std::vector<Comparison> comparisons;  // of each but the reference
  std::vector<FrontierPoint> frontier;
};

void print_comparison(const ComparisonReport& report);
nlohmann::json comparison_json(const ComparisonReport& report);

/// What may be said of one design, in words; never more than the numbers carry.
std::vector<std::string> verdict_sentences(const Comparison& c);

}  // namespace faultline
