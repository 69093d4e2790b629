// The story of a run on one screen. Each phase is a file named after itself (phase_*.cpp); what it
// reads and writes stands in phases.hpp.
#include "sim/engine.hpp"

#include <cmath>

#include "sim/accounting.hpp"
#include "sim/agents/flows.hpp"
#include "sim/claims/curated_vaults.hpp"
#include "sim/claims/redemption_desks.hpp"
#include "sim/claims/synthetic_dollars.hpp"
#include "sim/credit/auctions.hpp"
#include "sim/feed_audit.hpp"
#include "sim/perpetuals/perps.hpp"
#include "sim/phases.hpp"

namespace faultline {

namespace {

/// Nothing moves any more and nothing will: no change this round, none due, no interest.
bool nothing_pending(const Snapshot& world, const Scenario& scenario, const Workspace& w) {
  if (!w.quiet || w.accruing || scenario.path != nullptr) return false;
  if (auctions_pending(world, w)) return false;
  if (funding_pending(world, w) || w.perps.waits || w.now_s < world.ramps_end_s) return false;
  for (const ExogenousMove& m : scenario.moves) {
    if (m.when.pending(w.now_s)) return false;
  }
  for (const Exploit& e : scenario.exploits) {
    if (e.at_s > w.now_s) return false;
  }
  for (const Manipulation& m : scenario.manipulations) {
    if (m.end_s >= w.now_s) return false;
  }
  for (const SettingChange& s : scenario.settings) {
    if (s.at_s > w.now_s) return false;
  }
  for (const std::uint32_t moved : w.reference_moved_round) {  // some arbitrageur has yet to see it
    if (moved > 0 && w.round - moved < w.reference_depth) return false;
  }
  for (std::uint32_t o = 0; o < world.oracles.size(); ++o) {
    if (feed_may_change(world, w, o)) return false;
  }
  return !w.pools.pending && !w.cheap_buyers.waits && !flows_pending(world, w) &&
         !reports_pending(world, w) && !vaults_pending(world, w) && !desks_pending(world, w);
}

/// What every run of a workspace begins with, found before its first.
void find_opening_rows(const Snapshot& world, Workspace& w) {
  OpeningRows found;
  find_opening_breaches(world, w, found);
  find_opening_holes(world, w);
  found.hollow = w.hollow;
  w.opening_rows = std::move(found);
  w.reset();
}

/// Law 1, after every round: for tests, since it costs the size of the book.
void audit_round(const Snapshot& world, Workspace& w) {
  const std::string broken = audit(world, w, true);
  if (!broken.empty()) fail(w, Stop::not_conserved, broken);
}

}  // namespace

const Outcome& run(const Snapshot& world, const Scenario& scenario, Workspace& w) {
  w.reset();
  if (!w.opening_rows) find_opening_rows(world, w);
  w.transmission = scenario.transmission;
  w.outcome.manipulations.resize(scenario.manipulations.size());
  open_books(world, w);
  if (w.record) open_feed_audit(world, w);
  const auto rounds = static_cast<std::uint32_t>(std::ceil(world.horizon_s / world.round_s));
  for (w.round = 0; w.round <= rounds; ++w.round) {
    w.now_s = w.round * world.round_s;
    shock(world, scenario, w);      // 1  interest accrues, exogenous state moves
    align(world, scenario, w);      // 2  arbitrageurs bring venues to their fee bands
    publish(world, scenario, w);    // 3  oracles say what their readers will believe
    assess(world, scenario, w);     // 4  who is in breach, and what would pay to liquidate
    execute(world, scenario, w);    // 5  orders meet at venues
    settle(world, scenario, w);     // 6  the ledger moves, losses find their bearer
    mark_down(world, scenario, w);  // 7  market values, backing, holes
    if (w.audit_rounds) audit_round(world, w);
    if (stop_is_failure(w.outcome.stop)) break;
    if (nothing_pending(world, scenario, w)) {
      w.outcome.stop = Stop::settled;
      break;
    }
  }
  close_books(world, w);
  return w.outcome;
}

}  // namespace faultline
