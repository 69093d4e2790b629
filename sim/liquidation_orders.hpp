// From rows in breach to trades: orders, the queues they stand in, and rows parked until a trade
// with them would pay.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/flat_map.hpp"
#include "core/ids.hpp"
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

struct ParkedRow {
  std::uint32_t position = 0;
  std::uint32_t stamp = 0;  // of the row when it was parked: the entry holds while it is the same
  double needs = 0;         // least ratio of route price to published price at which it would pay
};

/// What a row waits for at one lane: while values drift a little, and while they drift far.
struct LaneNeeds {
  std::uint16_t lane = 0;
  double needs = 0, far = 0;
};

struct ParkState {
  bool parked = false;
  std::uint32_t stamp = 0;
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

/// The least of what rows were parked under, since: [factor]; [reserve] spot over published.
struct ParkedUnder {
  std::vector<double> factor, gap;
};

/// Rows in breach that would not pay: what they wait for, and under which values that was found.
struct ParkedRows {
  std::vector<ParkedRow> any;                   // a heap, least needs first: waiting for any lane
  std::vector<std::vector<ParkedRow>> by_lane;  // [lane] a heap each
  std::vector<double> least;                    // [lane] of its heap; infinity where it is empty
  std::uint32_t heaps = 0;                      // of lanes that are not empty
  bool asks =
      true;  // a lane moved, or a row was parked whose lane is there, since lanes were asked
  double best_rho = 0;  // of all lanes, when they were
  FlatMap<ParkState> states;
  ParkedUnder near, far;             // of rows that wait for lanes; of those that wait for any
  std::vector<std::uint32_t> woken;  // scratch

  bool empty() const { return any.empty() && heaps == 0; }
  /// Something changed that no value shows: all of them are looked at again.
  void distrust() {
    for (ParkedUnder* under : {&near, &far})
      std::fill(under->factor.begin(), under->factor.end(), 0.0);
  }
  /// Forgets all of them; costs what is held.
  void clear();
};

/// Rows that owe more than they hold at market value, and what such rows sum to.
struct HollowRows {
  std::vector<double> units;           // [factor] amounts of all of them
  FlatMap<std::uint32_t> at;           // such a row, or one that was, to its legs in:
  std::vector<double> legs;            // amounts as they went into the sums; 0 since it is not
  std::vector<std::uint32_t> at_once;  // those of markets that recognise losses at once, ascending

  void clear(std::size_t factors) {
    units.assign(factors, 0.0);
    at.clear();
    legs.clear();
    at_once.clear();
  }
};

/// What the first round of any run finds before anything has happened: found once for all.
struct OpeningRows {
  std::vector<std::uint32_t> breached;  // ascending
  std::vector<std::uint32_t> kept;      // of them, not parked
  FlatMap<std::uint32_t> since;         // each to round 0
  ParkedRows parked;
  HollowRows hollow;
};

}  // namespace faultline
