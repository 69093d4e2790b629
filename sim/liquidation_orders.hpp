// From rows in breach to trades: orders, the queues they stand in, and what was decided of each
// row.
#pragma once

#include <cstdint>
#include <vector>

#include "core/ids.hpp"
#include "sim/breached_rows.hpp"
#include "sim/perpetuals/perp_run.hpp"
#include "sim/snapshot.hpp"

namespace faultline {

/// A liquidation someone would like to do: one intent of three legs (repay, seize, swap).
struct LiquidationOrder {
  static constexpr std::uint32_t no_auction = 0xffffffffu;
  std::uint32_t position = 0;
  std::uint16_t lane = 0;
  std::uint16_t debt_leg = 0, collateral_leg = 0;  // of the position
  std::uint32_t debt_reserve = 0, collateral_reserve = 0;
  std::uint32_t auction = no_auction;  // the lot it takes from, among those under way
  std::uint32_t counter = no_auction;  // or what it buys at a market's counter
  bool redeems = false;                // coins at face value, out of loans that do not fail
  bool unwinds = false;                // what liquidators took over; `keeps` of it is theirs
  double repay = 0;                    // units of the debt asset
  double seize = 0;                    // units of the collateral asset the borrower loses
  double to_liquidator = 0;  // of which the liquidator gets; the rest stays with the protocol
  double gas = 0;            // in units of the debt asset
  double limit = 0;          // least debt units per collateral unit, net, at which it pays
  double fraction = 1;       // share of it that is done
  double proceeds = 0;       // units of the debt asset the swap brought
  double keeps = 0;          // debt units it must bring beside what is repaid
  // Of a loan on bands, of which `fraction` is the share of the bands taken: what it owes, the
  // coins in its bands, the liquidation discount; what was repaid in all, coins included.
  double owed = 0, held = 0, discount = 0, repaid = 0;

  /// What it sells was nobody's position any more: a lot at auction, or a market's own.
  bool of_lot() const { return auction != no_auction || counter != no_auction; }
  /// Units of the debt asset its fraction costs before gas; below zero: it brings some.
  double cost() const;
};

/// One lane's amount at one hop of a walk.
struct WalkStep {
  Side side = Side::sell;
  VenueId venue;
  std::uint32_t lane = 0;
  std::uint32_t bundle = Hop::alone;
};

/// What orders are sorted by.
struct OrderKey {
  std::uint64_t lane = 0;  // after the group of lanes it belongs to; 0 where all are one queue
  double limit = 0;        // over the lane's price before the walk
  std::uint32_t position = 0;
  std::uint32_t index = 0;  // among the orders
};

/// The orders of one lane, best limit first, of which the first `keep` trade.
struct LaneQueue {
  std::uint32_t lane = 0;
  std::uint32_t begin = 0, end = 0, keep = 0;  // places among the round's orders; how many
  bool failing = false;                        // its average does not pay the last of them
};

/// What was decided of some rows in breach, ready to be taken over in their order.
struct PlannedRows {
  struct Parking {
    std::uint32_t position = 0;
    std::uint32_t first_need = 0, end_need = 0;  // of `needs`; none: it waits for nothing
  };
  std::vector<LiquidationOrder> orders;
  std::vector<std::uint32_t> kept;  // to be looked at again next round
  std::vector<Parking> parked;
  std::vector<LaneNeeds> needs;
  std::vector<PerpOrder> perp_orders;
  std::vector<std::uint32_t> taken_over, deleveraged;  // perpetual accounts
  bool waits = false;                                  // some of those bide their time
  std::vector<PoolClosing> closings;
  std::vector<std::uint32_t> vaults;        // to be sold at auction
  std::vector<std::uint32_t> troves;        // to be paid out of a stability pool
  std::vector<std::uint32_t> absorbed;      // to be absorbed by their market
  std::vector<std::uint32_t> closed_loans;  // on bands, by the coins in them
  std::vector<std::uint32_t> clustered;     // in breach at a vault of a cluster

  void clear() {
    waits = false;
    perp_orders.clear();
    taken_over.clear();
    deleveraged.clear();
    closings.clear();
    vaults.clear();
    troves.clear();
    absorbed.clear();
    clustered.clear();
    closed_loans.clear();
    orders.clear();
    kept.clear();
    parked.clear();
    needs.clear();
  }
};

}  // namespace faultline
