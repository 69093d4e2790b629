// Rules around pools as a run applies them: who may still supply and borrow, freezes and pauses,
// thresholds that follow volatility, stakes behind reserves.
#pragma once

#include "sim/readings.hpp"

namespace faultline {

/// What a run starts with.
void open_pools(const Snapshot& world, Workspace& w);

/// 1 shock, after exploits: guardians and breakers act, thresholds follow volatility, stakers whose
/// time has come leave.
void step_pools(const Snapshot& world, Workspace& w, double dt);

/// The scenario freezes or releases a reserve, its categories included.
void freeze_reserve(const Snapshot& world, Workspace& w, std::uint32_t reserve, bool on);

/// Whether a reserve takes new supply.
bool takes_supply(const Snapshot& world, const Workspace& w, std::uint32_t reserve);
/// Whether new debt in it may be made, cash and caps aside.
bool lends(const Snapshot& world, const Workspace& w, std::uint32_t reserve);
/// Units that could still be supplied, and borrowed: caps, cash, freezes, pauses.
double supply_room(const Snapshot& world, const Workspace& w, std::uint32_t reserve);
double borrow_room(const Snapshot& world, const Workspace& w, std::uint32_t reserve);
/// Share of collateral there that may be borrowed against now.
double opening_weight(const Workspace& w, std::uint32_t reserve);
/// Whether liquidations, or anything at all, are paused in a market.
bool liquidation_paused(const Workspace& w, std::uint32_t market);
bool paused(const Workspace& w, std::uint32_t market);

/// Accounts among `entered` that are in breach only because thresholds fell: counted.
void count_scaled(const Snapshot& world, Workspace& w);

/// Before a liquidation is settled: whether it makes its account worse; counted.
void note_toxic(const Snapshot& world, Workspace& w, const LiquidationOrder& order);

/// Units of a reserve's hole that stakers would take over, whole quanta.
double staked_cover(const Snapshot& world, const Workspace& w, std::uint32_t pot, double hole);
/// Takes so much of it from them, what `staked_cover` gave.
void slash_stakers(const Snapshot& world, Workspace& w, std::uint32_t pot, double units);
/// What is staked in a module, USD.
double staked_usd(const Snapshot& world, const Workspace& w, const SafetyModuleInfo& module);

}  // namespace faultline
