// Two designs on the same draws: what differs, scenario by scenario, and what can be said of it.
// Differences come first; a ratio is of totals, and none is given where the interval of the total
// below the line holds zero. Intervals are of sampling alone, never of the model.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/snapshot.hpp"
#include "sim/studies/statistics.hpp"

namespace faultline {

/// Scenarios of one design, metric by metric; row i is the same draw in every design.
struct DesignRuns {
  std::string name;
  std::map<std::string, std::vector<double>, std::less<>> metrics;

  /// A metric's values; empty where the design has none.
  const std::vector<double>& of(std::string_view metric) const;
};

/// What a design opens with, USD at market.
struct DesignFacts {
  double credit_usd = 0;      // owed in lending markets
  double collateral_usd = 0;  // posted by those who owe
  double deposits_usd = 0;    // lenders'
  /// Credit extended per dollar of collateral, and per dollar locked by lenders and borrowers.
  double per_collateral() const { return collateral_usd > 0 ? credit_usd / collateral_usd : 0; }
  double per_dollar_locked() const {
    const double locked = collateral_usd + deposits_usd;
    return locked > 0 ? credit_usd / locked : 0;
  }
};
DesignFacts design_facts(const Snapshot& world);

/// What one sign of a difference means; less than half a cent a scenario has none.
enum class Told { less, more, same, cannot_tell };

/// One metric of a design against that of the reference.
struct PairedMetric {
  std::string name;
  Estimate reference, design;  // means
  Estimate difference;         // design - reference, paired
  Estimate ratio;              // totals, design over reference; NaN where it may not be printed
  Told told = Told::cannot_tell;
  std::uint64_t reference_hits = 0, design_hits = 0;  // scenarios above zero
};

/// Scenarios of like severity: the reference's direct loss, which no design's structure moves.
struct SeverityBand {
  double least_usd = 0, most_usd = 0;  // direct loss
  std::uint64_t scenarios = 0;
  PairedMetric bad_debt, failing;
};

struct Comparison {
  std::string reference, design;
  std::uint64_t pairs = 0;
  std::vector<PairedMetric> metrics;  // in the order of `compared_metrics`, then who bears it
  std::vector<SeverityBand> bands;    // none, then thirds of what loses, mildest first
  /// Whether the design is told better in one band and worse in another.
  bool bad_debt_flips = false, failing_flips = false;

  const PairedMetric* metric(std::string_view name) const;
};

/// What is compared of every scenario, where its results have it: USD unless the name says more.
inline constexpr std::array<std::string_view, 12> compared_metrics{
    "bad_debt_usd",       "loss_usd",      "bad_debt_exit_usd", "recognised_usd",
    "contagion_loss_usd", "failing_usd",   "breadth_usd",       "liquidated_usd",
    "unserved_usd",       "withdrawn_usd", "trapped_usd",       "trapped_usd_h"};

/// Compares row by row. Both have the same number of rows, none failed.
Comparison compare_designs(const DesignRuns& reference, const DesignRuns& design);

/// One paired metric of two columns of equal length.
PairedMetric pair_metric(std::string name, std::span<const double> reference,
                         std::span<const double> design);

/// The greatest chance at 95% of what never happened in `scenarios` independent draws:
/// 1 - 0.05^(1/n) [clopper_pearson1934].
double chance_bound(std::uint64_t scenarios);

/// A design on the plane of efficiency and loss.
struct FrontierPoint {
  std::string name;
  DesignFacts facts;
  Estimate loss;            // mean bad debt
  Estimate tail;            // mean of the worst hundredth
  std::string beaten_by{};  // a design at least as efficient that loses less; empty: none
};

/// Who is beaten: another is as efficient or more, and its loss is told less (or the same loss and
/// more efficient).
void find_frontier(const std::vector<DesignRuns>& runs, std::vector<FrontierPoint>& points);

}  // namespace faultline
