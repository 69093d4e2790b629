// What a run prints, as text and as JSON.
#pragma once

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

/// What a run did to pools beyond the table of markets; the same for JSON.
void print_pools(const RunReport& report);
void add_pools(const RunReport& report, nlohmann::json& out);

void print_run(const RunReport& report, bool whole_timeline);
/// One line per scenario and market in focus: who was hurt by which, and by which feed's error.
void print_scenarios(const std::vector<RunReport>& reports);
nlohmann::json run_json(const RunReport& report);
void print_assumptions(const std::vector<Assumption>& assumptions);

/// Lots sold at auction and the systems behind them (run_auctions.cpp).
void print_auctions(const RunReport& report);
void add_auctions(const RunReport& report, nlohmann::json& out);
/// Loans paid out of stability pools or handed to other borrowers (run_troves.cpp).
void print_troves(const RunReport& report);
void add_troves(const RunReport& report, nlohmann::json& out);
/// Markets that absorb failing accounts and sell over a counter (run_absorbing.cpp).
void print_absorbing(const RunReport& report);
void add_absorbing(const RunReport& report, nlohmann::json& out);

/// Vaults of clusters: debts taken over, shares that lost worth (run_clusters.cpp).
void print_clusters(const RunReport& report);
void add_clusters(const RunReport& report, nlohmann::json& out);

/// Markets that `focus` names (by name or family); all where it names none.
std::vector<std::uint32_t> focus_markets(const RunReport& report);

}  // namespace faultline
