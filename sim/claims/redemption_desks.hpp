// Who takes claims back in his own time (protocols/claims/redemption_desk.hpp): bridges and coins
// on money in banks. Whoever asks waits in a queue and is paid out of what is there; arbitrageurs
// buy claims below what it is worth to wait with them (desk_trades.cpp).
#pragma once

#include "sim/readings.hpp"

namespace faultline {

/// What a run starts with.
void open_desk_run(const Snapshot& world, Workspace& w);

/// 1 shock: reserves are turned into cash, the queue moves up, guardians stop bridges.
void step_desks(const Snapshot& world, Workspace& w, double dt);

/// 2 align: an arbitrageur buys claims to hand them in, or has claims issued to sell them, the best
/// return first; dollars of capital that took, with what waits in queues.
double trade_at_desks(const Snapshot& world, Workspace& w, std::uint32_t arbitrageur);

/// Whether somebody waits at a desk, or would trade there at another hour.
bool desks_pending(const Snapshot& world, const Workspace& w);

/// Claims there are, whoever has them.
double claims_owed(const Snapshot& world, const Workspace& w, const RedemptionDesk& desk);
/// What lies behind a desk's claims, units of its asset.
double held_behind(const Snapshot& world, const Workspace& w, const RedemptionDesk& desk);
/// Of that, what may be paid out sooner or later: neither frozen nor lost.
double within_reach(const Snapshot& world, const Workspace& w, const RedemptionDesk& desk);
/// Share of what a desk owes that is there, at most 1.
double share_behind(const Snapshot& world, const Workspace& w, const RedemptionDesk& desk);
/// Seconds until who asks now is paid; infinite where nobody is any more.
double wait_for_desk(const Snapshot& world, const Workspace& w, std::uint32_t desk);
/// What whoever would hand a claim in now gives for it, of the desk's asset.
double carried_value(const Snapshot& world, const Workspace& w, std::uint32_t desk);

/// A thief takes up to `units` out of an escrow.
void drain_escrow(const Snapshot& world, Workspace& w, std::uint32_t desk, double units);

/// Places a request of claims that lie in an arbitrageur's purse or with their holders.
void hand_in(const Snapshot& world, Workspace& w, std::uint32_t desk, std::uint32_t owner,
             double units, std::uint32_t trip, double tied_usd);

/// After what is behind a desk's claims changed.
void note_backing(const Snapshot& world, Workspace& w, std::uint32_t desk);

/// 7 mark-down, and at the end: what waits, what is behind, the claim's price every six hours.
void note_desks(const Snapshot& world, Workspace& w);
void close_desks(const Snapshot& world, Workspace& w);

}  // namespace faultline
