// Flow agents in a round: what they want, the price at which they all hold it, and what became of
// their orders. Their compilation is in compile/flows.cpp, their trades in phase_execute.cpp.
#pragma once

#include "sim/snapshot.hpp"
#include "sim/workspace.hpp"

namespace faultline {

/// Price of what an agent holds, USD: the mid of its venue at the market value of the other side.
double flow_price(const Snapshot& world, const MarketState& market, const FlowAgentInfo& agent);

/// Fills w.flows.orders (phase 4). Costs nothing where no agent's price moved and none waits.
void plan_flows(const Snapshot& world, Workspace& w);

/// Gas, rows and story of what was traded; options that end pay (phase 6).
void settle_flows(const Snapshot& world, Workspace& w);

/// Whether some agent or contract will act though nothing moves.
bool flows_pending(const Snapshot& world, const Workspace& w);

/// Sets the size of a book; its hedge changes hands with it, at the market price, with the outside.
void resize_book(const Snapshot& world, Workspace& w, std::uint32_t agent, double size);

/// Dollars an option dealer must trade per 1% move at `price` now; 0 for other kinds.
double gamma_exposure_usd(const Snapshot& world, const Workspace& w, std::uint32_t agent,
                          double price);

}  // namespace faultline
