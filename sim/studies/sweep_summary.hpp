// What a sweep says: distributions, probabilities, what moves them, and limits answered. Read from
// the results file, so that a resumed sweep says what an uninterrupted one says.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/studies/results_store.hpp"
#include "sim/studies/statistics.hpp"
#include "sim/studies/sweep.hpp"

namespace faultline {

inline constexpr std::array<double, 3> insolvency_shares{0.001, 0.01, 0.1};

/// One metric over all scenarios that did not fail.
struct MetricSummary {
  std::string name;
  Estimate mean, p50, p95, p99, es99;
  double worst = 0;
  std::uint64_t worst_id = 0;  // the lowest id among equals
};

struct NodeSummary {
  std::string name;
  double deposits_usd = 0;                                     // mean over scenarios
  std::array<Estimate, insolvency_shares.size()> p_insolvent;  // hole above that share of deposits
  std::vector<MetricSummary> metrics;                          // net
};

struct LimitSummary {
  SweepLimit limit;
  LimitAnswer answer;
};

/// All scenarios at one scale of the books.
struct ScaleSummary {
  double scale = 1;
  std::uint64_t scenarios = 0;
  double deposits_usd = 0;
  Estimate bad_debt, direct, liquidated;
  Estimate amplification;  // total over direct, where direct exceeds 0.01% of deposits
  std::uint64_t amplified_scenarios = 0;  // how many those are
  /// Dollars of debt that others' liquidation put in breach per dollar that the shock itself put in
  /// breach: (full - direct) / direct of liquidated and unserved debt, totals over scenarios.
  double offspring = 0;
  double late_share = 0;  // of scenarios that liquidate: those still at it in the last tenth
  bool sustains = false;  // offspring of 1 or more, or half the scenarios still at it
};

/// A scenario that was listed, not drawn: told one by one.
struct ListedScenario {
  std::uint64_t id = 0;
  std::vector<double> inputs;             // in the plan's order
  std::map<std::string, double> metrics;  // net
};
inline constexpr std::uint64_t most_listed = 40;

struct SweepSummary {
  std::uint64_t scenarios = 0, failed = 0;
  std::vector<MetricSummary> net, gross, baseline;
  std::vector<NodeSummary> nodes;
  std::vector<LimitSummary> limits;
  VarianceShares moves_bad_debt;
  std::vector<InputRank> ranks;
  std::vector<ScaleSummary> scales;
  std::vector<ListedScenario> listed;  // of a list or a grid of at most `most_listed`
  std::optional<std::pair<double, double>> amplified_between;
  std::optional<double> sustained_from;
  std::vector<std::pair<std::uint64_t, std::string>> failures;  // the first ten
  std::string fingerprint;

  const MetricSummary* metric(std::string_view name) const;
};

/// Reads the whole results file; its error() says what went wrong.
SweepSummary summarise_sweep(const SweepPlan& plan, ResultsReader& results);

}  // namespace faultline
