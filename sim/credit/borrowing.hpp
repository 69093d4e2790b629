// Loans taken out within a run, by whoever made collateral from nothing and by lenders who are
// trapped; and what of them is paid back.
#pragma once

#include <functional>
#include <vector>

#include "sim/readings.hpp"

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

/// Whether a row with this collateral may owe that reserve: its category lends it, isolated
/// collateral allows it, and neither it nor anything owed so far is siloed.
bool may_owe(const Snapshot& world, const Workspace& w, std::uint32_t row,
             std::uint32_t collateral_reserve, std::uint32_t reserve);
/// What more may be owed against collateral of a reserve by its debt ceiling, USD.
double ceiling_room(const Snapshot& world, const Workspace& w, std::uint32_t reserve);

/// Moves whole units from an account into a reserve, as a row's collateral.
void post_collateral(const Snapshot& world, Workspace& w, std::uint32_t row, std::uint32_t reserve,
                     AccountId from, double units);
/// Borrows against units just posted there, the most saleable assets first, into a purse: all that
/// weight, cash and caps allow. wanted(reserve, units) is asked before each loan and told of it.
using Wanted = std::function<bool(std::uint32_t, double)>;
void borrow_against(const Snapshot& world, Workspace& w, std::uint32_t row,
                    std::uint32_t collateral_reserve, double posted,
                    const std::vector<AccountId>& purse, const Wanted& wanted);

}  // namespace faultline
