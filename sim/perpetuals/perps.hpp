// What happens at perpetual venues, phase by phase: funding, closing of accounts in breach into the
// contracts' books, and who bears what is left. The rules themselves are in protocols/.
#pragma once

#include <span>

#include "sim/readings.hpp"

namespace faultline {

/// The venue an account of its market belongs to.
inline const PerpVenue& venue_of(const Snapshot& world, std::uint32_t position) {
  const Market& market = world.markets[world.positions[position].market.value];
  return world.perps[static_cast<std::size_t>(market.perp)];
}

/// A perpetual account as its venue sees it: USD at published prices, haircuts taken.
struct TraderView {
  double equity = 0;
  double maintenance = 0;
  double notional = 0;
  std::uint32_t contracts = 0;  // legs with an open contract
};
TraderView view_trader(const Snapshot& world, const Workspace& w, const PerpVenue& venue,
                       std::uint32_t position);

/// 1 shock: premiums are sampled; where an interval ends, one side pays the other.
void accrue_perp_funding(const Snapshot& world, Workspace& w, double dt);
/// Where the running sums of a contract come near its price, every account pays its part into its
/// balance and they start anew: legs must keep a value above zero.
void fold_funding(const Snapshot& world, Workspace& w, const PerpVenue& venue,
                  const PerpContract& contract);
/// Whether funding may still move accounts that do nothing.
bool funding_pending(const Snapshot& world, const Workspace& w);

/// 4 assess: what happens to an account in breach; false where it holds no contract and owes
/// nothing its collateral does not cover, so that lending's rules apply.
bool plan_trader(const Snapshot& world, const Workspace& w, std::uint32_t position,
                 PlannedRows& out);
/// 4 assess: accounts in breach because they are large: the search knows the lowest tier's margin
/// only. Those that could be in a higher tier are looked at one by one; ascending, without `known`.
void find_tiered(const Snapshot& world, const Workspace& w, std::span<const std::uint32_t> known,
                 std::vector<std::uint32_t>& out);
/// Backstops work off what they took over.
void plan_unwinding(const Snapshot& world, Workspace& w);

/// 5 execute: orders meet in the contracts' books; sales before purchases, one fill a side.
void trade_contracts(const Snapshot& world, Workspace& w);

/// 6 settle: fills reach the accounts; backstops take over and pay; the rest is deleveraged.
void settle_perps(const Snapshot& world, Workspace& w);

/// Adds to a trader's balance of the settlement asset, whole quanta; below zero it owes.
void add_balance(const Snapshot& world, Workspace& w, const PerpVenue& venue,
                 std::uint32_t position, double amount);
/// The leg of a position that a factor values; none: 0xffffffff.
std::uint32_t leg_with_factor(const Snapshot& world, std::uint32_t position, std::uint32_t factor);
/// Sets a leg and its reserve's total.
void set_leg(const Snapshot& world, Workspace& w, std::uint32_t position, std::uint32_t leg,
             double amount);

}  // namespace faultline
