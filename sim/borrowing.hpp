// Loans taken out within a run, by whoever made collateral from nothing and by lenders who are
// trapped; and what of them is paid back.
#pragma once

#include "sim/phases.hpp"

namespace faultline {

/// What could be borrowed from a reserve now, units: cash, within the cap.
double borrowable_units(const Snapshot& world, const Workspace& w, std::uint32_t reserve);

/// Adds scaled units to the collateral a row has in a reserve; its claims are the caller's to move.
void add_collateral(const Snapshot& world, Workspace& w, std::uint32_t row, std::uint32_t reserve,
                    double scaled);

/// Lends whole units of a reserve's cash to a row, paid to an account; its debt is rounded up.
void lend_out(const Snapshot& world, Workspace& w, std::uint32_t row, std::uint32_t reserve,
              double units, AccountId to);

/// Scaled units left after `units` at an index went off: what goes off is rounded up or down to
/// whole ones, so that the protocol is never the loser.
double scaled_less(double scaled, double units, double index, const Quantum& q, bool round_up);

/// Sets the amount of a leg and takes what went off it out of a total.
void change_leg(Workspace& w, std::uint32_t row, std::uint32_t leg, double value, double& total);

}  // namespace faultline
