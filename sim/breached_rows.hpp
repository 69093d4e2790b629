// Rows in trouble as a run keeps them: parked until a trade with them would pay, owing more than
// they hold, and both as they are at the opening.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/flat_map.hpp"

namespace faultline {

/// An entry of a row that waits.
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
  // A lane moved, or a row was parked whose lane is there, since lanes were last asked.
  bool asks = true;
  double best_rho = 0;  // of all lanes, when they were asked
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
