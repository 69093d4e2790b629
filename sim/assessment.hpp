// A scenario judged: its run, its direct run (every transmission off) and its baseline (without the
// named shock), and what follows from comparing them.
#pragma once

#include "sim/engine.hpp"

namespace faultline {

/// The summary users read; all figures net of the baseline, in USD unless said otherwise.
struct Summary {
  double bad_debt_usd = 0, bad_debt_exit_usd = 0, recognised_usd = 0, legacy_usd = 0;
  double direct_loss_usd = 0, contagion_loss_usd = 0;
  double amplification = 0;  // 0: not printed (direct loss at or below 0.01% of deposits)
  double liquidated_usd = 0, unserved_usd = 0;
  double breadth = 0;           // nodes insolvent in the full run and not in the direct run
  double breadth_deposits = 0;  // their share of depositors' dollars
  double breadth_usd = 0;       // those dollars
  double failing_usd = 0;       // deposits of all nodes insolvent in the full run
  double depth_rounds = 0;      // rounds from the first change to the last insolvency
  double depth_hops = 0;        // edges from the shocked nodes to the farthest insolvent one
  double withdrawn_usd = 0;     // deposits paid out to those who asked for them
  double trapped_usd = 0;       // asked for and unpaid at the end
  bool operator==(const Summary&) const = default;
};

/// How a market stands at the end of a run, beyond what its baseline does.
enum class Standing { sound, stressed, illiquid, insolvent };
Standing standing(const MarketOutcome& full, const MarketOutcome& baseline);
/// Likewise a curated vault: insolvent owes by its books more than 0.1% of its deposits beyond what
/// it has; illiquid did not pay somebody who asked.
Standing standing(const VaultOutcome& full, const VaultOutcome& baseline);

/// Net of the baseline, field by field.
Summary summarise(const Snapshot& world, const Scenario& scenario, const Outcome& full,
                  const Outcome& direct, const Outcome& baseline);

/// The same scenario with every transmission off.
Scenario direct_of(const Scenario& scenario);
/// The same world and path without the named shock.
Scenario baseline_of(const Scenario& scenario);

/// Nodes of the graph a scenario touches first.
std::vector<std::uint32_t> shocked_nodes(const Snapshot& world, const Scenario& scenario);

}  // namespace faultline
