// What one run changes around pools besides positions and reserves: freezes, pauses, scaled
// thresholds, stakes.
#pragma once

#include <cstdint>
#include <vector>

#include "protocols/margin/threshold_scaling.hpp"

namespace faultline {

/// The least of the values seen in a window of time, when only changes are noted: candidates with
/// the instants until which they stood, oldest first.
class WindowLow {
 public:
  void clear() {
    seen_.clear();
    first_ = 0;
  }
  /// At `now_s` the value is `value`, until the next call.
  void note(double now_s, double value) {
    if (seen_.size() > first_ && seen_.back().value == value) return;
    if (seen_.size() > first_) seen_.back().until_s = now_s;
    while (seen_.size() > first_ && seen_.back().value >= value) seen_.pop_back();
    seen_.push_back({value, 1e300});
  }
  /// Of the values that stood at some time from `from_s` on.
  double least(double from_s) {
    while (seen_[first_].until_s < from_s) ++first_;
    if (first_ > 64 && 2 * first_ > seen_.size()) {
      seen_.erase(seen_.begin(), seen_.begin() + static_cast<std::ptrdiff_t>(first_));
      first_ = 0;
    }
    return seen_[first_].value;
  }

 private:
  struct Seen {
    double value, until_s;
  };
  std::vector<Seen> seen_;
  std::size_t first_ = 0;
};

struct GuardianState {
  double acts_s = -1;  // when it will; -1: nothing to act on
  bool acted = false;
};

struct BreakerState {
  WindowLow low, high;  // of the price; of the price below zero
  double ends_s = -1;   // what it paused goes on, grace included; -1: it is not tripped
};

struct StakeState {
  double staked = 0;      // units of the asset; of a claim scaled units of the reserve
  double left = 0;        // of a claim: what stakers took out
  double covered = 0;     // deficit it has taken over, units
  bool has_left = false;  // those who were leaving
};

/// Fields by the phase that writes them; a run starts from `open`.
struct PoolRun {
  // 1 shock
  std::vector<unsigned char> frozen;         // [reserve] by whom: 1 a guardian, 2 the scenario
  std::vector<double> borrowing_paused_s;    // [market] until when; below 0: it is not
  std::vector<double> liquidation_paused_s;  // likewise
  std::vector<double> paused_s;              // likewise: nothing works
  std::vector<GuardianState> guardians;
  std::vector<BreakerState> breakers;
  std::vector<ScaledThreshold> thresholds;  // [reserve]
  bool scaled = false;                      // some threshold is not its own
  bool pending = false;                     // something above changes with time alone
  // 6 settle
  std::vector<StakeState> stakes;    // [safety module]
  std::vector<double> isolated_usd;  // [reserve] debt that rests on it, opening and new
};

}  // namespace faultline
