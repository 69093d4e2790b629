// Plain lenders in a round: who asks for his money, who is paid, who waits, who borrows against
// what is trapped, and what those who watch see. Rules: protocols/agents/depositors.hpp.
//
//   ask      the scenario's share of lenders, and those who react to trouble, join the queue
//   serve    first come, first served, as far as there is cash; the rest is trapped
//   borrow   trapped claims that count as collateral carry loans of assets that have cash
//   trapped  sum over reserves of what waits, at market value
#pragma once

#include "sim/snapshot.hpp"
#include "sim/workspace.hpp"

namespace faultline {

/// 6 settle, after losses are recognised. A run under way keeps the world from being quiet.
void settle_withdrawals(const Snapshot& world, Workspace& w);

/// 7 mark-down: what those who watch see now. Visits nothing in a quiet round.
void watch_deposits(const Snapshot& world, Workspace& w);

/// What is trapped stays so to the horizon; markets take over the sums of their reserves.
void measure_trapped(const Snapshot& world, Workspace& w);

/// What lenders who borrowed against trapped claims have there now, less what they owe: USD at
/// market prices.
double escaped_usd(const Snapshot& world, const Workspace& w, const DepositPlace& place);

/// Whether a row of the position book is that of trapped lenders.
bool is_escape(const Snapshot& world, std::uint32_t row);

/// Places that a `withdraw` means: of a market, "market.ASSET", a family of markets, a crowd, or
/// `depositors`: all.
std::vector<std::uint32_t> places_named(const Snapshot& world, std::string_view who);

/// "pool.WETH", or "loans" where a market lends one asset.
std::string place_name(const Snapshot& world, const DepositPlace& place);

}  // namespace faultline
