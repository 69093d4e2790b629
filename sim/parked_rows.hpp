// Rows in breach that nobody would be paid for: out of the game until they might be.
#pragma once

#include <span>

#include "sim/workspace.hpp"

namespace faultline {

/// How far in a row's favour values may drift before parked rows are looked at again: those that
/// wait for a lane, and those that wait for any since even then none would do.
inline constexpr double near_drift = 1.03, far_drift = 2;

/// Takes a row out of the game until one of its needs, of `needs`, is met; it may be any lane's if
/// all are far. One without needs waits for nothing.
void park(Workspace& w, const PlannedRows::Parking& row, std::span<const LaneNeeds> needs);
/// Brings back parked rows that might pay now, in `woken` of them, ascending.
void wake_parked(Workspace& w);

}  // namespace faultline
