// Lenders come and go: cash against claims of a reserve. Whoever calls keeps the claim: a crowd of
// depositors, a curated vault.
#pragma once

#include "sim/readings.hpp"

namespace faultline {

/// What reads a reserve's cash or claims looks again: rates, holes, utilisation.
void claims_changed(const Snapshot& world, Workspace& w, std::uint32_t reserve);

/// What a lender could take out of a reserve now, whole units of its asset: cash is paid first
/// come, first served.
double payable(const Snapshot& world, const Workspace& w, std::uint32_t reserve);

/// Pays up to `units` of what a claim is worth to an account, as far as there is cash. Rounded so
/// that those who stay never lose by it. claim_scaled, >= 0: scaled units of the reserve. Gives
/// what was paid.
double pay_out(const Snapshot& world, Workspace& w, std::uint32_t reserve, double units,
               double& claim_scaled, AccountId to);

/// Takes whole units of an account in and adds them to a claim, rounded likewise.
void pay_in(const Snapshot& world, Workspace& w, std::uint32_t reserve, double units,
            double& claim_scaled, AccountId from);

}  // namespace faultline
