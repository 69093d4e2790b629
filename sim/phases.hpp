// The seven phases of a round, in their order, and what each may touch. Everything a phase reads
// that is not listed is the snapshot, which nobody writes. See docs/architecture.md.
#pragma once

#include "sim/readings.hpp"
#include "sim/scenario.hpp"

namespace faultline {

/// 1. Interest accrues; the scenario moves what is exogenous.
/// reads: scenario, clock. writes: references, indices, settings, withdrawn depth, minted assets.
void shock(const Snapshot& world, const Scenario& scenario, Workspace& w);

/// 2. Arbitrageurs whose latency has run out bring venues to their fee band.
/// reads: references, venues, budgets. writes: venues, ledger, spot.
void align(const Snapshot& world, const Scenario& scenario, Workspace& w);

/// 3. Each oracle publishes what its readers will believe.
/// reads: references, venues, spot, contract rates. writes: feeds, published.
void publish(const Snapshot& world, const Scenario& scenario, Workspace& w);

/// 4. Markets find who is in breach, liquidators decide what would pay. Read-only on the world.
/// reads: published, indices, positions, venues. writes: factors, searches, orders, parked rows.
void assess(const Snapshot& world, const Scenario& scenario, Workspace& w);
/// Who is in breach before anything happens, and who of them nobody would serve; of a workspace at
/// the opening.
void find_opening_breaches(const Snapshot& world, Workspace& w, OpeningRows& found);

/// 5. Orders meet at venues: one fill per lane, cut where a limit would break.
/// reads: orders, venues, reserve cash, capital. writes: venues, ledger (swaps), fractions.
void execute(const Snapshot& world, const Scenario& scenario, Workspace& w);

/// 6. Fills, repayments and seizures are posted; shortfalls run down each market's losses policy.
/// reads: orders. writes: positions, reserves, ledger, supply indices (haircuts).
void settle(const Snapshot& world, const Scenario& scenario, Workspace& w);

/// 7. Market values follow the venues; claims their backing; holes and utilisation are measured.
/// reads: venues, positions, reserves. writes: spot, market factors, outcome.
void mark_down(const Snapshot& world, const Scenario& scenario, Workspace& w);

/// Who owes more than he holds before anything happens, in `hollow` of a workspace at the opening.
void find_opening_holes(const Snapshot& world, Workspace& w);

}  // namespace faultline
