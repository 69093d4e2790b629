// What a run prints, as text and as JSON.
#pragma once

#include <cstdint>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/verbs.hpp"
#include "sim/assessment.hpp"

namespace faultline {

struct AssessedRun {
  Outcome full, direct, baseline;
  Summary summary;
  double seconds = 0;
};

struct RunReport {
  const Snapshot& world;
  const LoadedEcosystem& loaded;
  const Scenario& scenario;
  const AssessedRun& run;
};

void print_run(const RunReport& report, bool whole_timeline);
/// One line per scenario and market in focus: who was hurt by which, and by which feed's error.
void print_scenarios(const std::vector<RunReport>& reports);
void print_assumptions(const std::vector<Assumption>& assumptions);
nlohmann::json run_json(const RunReport& report);

/// Markets that `focus` names (by name or family); all where it names none.
std::vector<std::uint32_t> focus_markets(const RunReport& report);

}  // namespace faultline
