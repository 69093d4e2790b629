// What lenders who leave do within one run (sim/depositors.cpp); part of the workspace.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/ids.hpp"

namespace faultline {

/// Money asked for at one time and not yet paid.
struct Waiting {
  double since_s = 0;
  double scaled = 0;   // units of its reserve's claims, whole
  bool crowd = false;  // of those who watch; else the scenario asked
};

/// The lenders of one place. Claims in scaled units.
struct PlaceRun {
  double left = 1, left_before = 1;  // share the scenario's withdrawals leave, now and before
  std::array<double, 2> stays{}, members{};  // of others and of the large: not asking yet; all
  double reacts = 0;                         // share of these who leave in the end, as they see it
  double asked = 0, asked_whole = 0;         // by those who watch, so far
  double by_scenario = 0;                    // asked for by the scenario, and not taken back
  std::vector<Waiting> queue;                // from `head` on, in order of time
  std::size_t head = 0;
  double waiting = 0;  // sum of the queue
  double tied = 0;     // claims that became collateral of loans, so far
  double trapped_usd = 0, trapped_since_s = 0;
  double paid_now = 0;  // units paid this round to those who watch, for havens
  bool borrows = false;
};

/// One market as those who watch see it.
struct MarketSight {
  const char* trouble = nullptr;  // null: none
  double size = 0;                // a share
  AssetId culprit;                // the asset the trouble is with, if any
};

struct DepositRun {
  std::vector<PlaceRun> places;
  std::vector<MarketSight> sights;  // [market] scratch
  bool awake = false;               // somebody asks, waits, or is about to

  /// Keeps the storage of earlier runs.
  void reset(std::size_t count, std::size_t markets) {
    places.resize(count);
    for (PlaceRun& p : places) {
      std::vector<Waiting> queue = std::move(p.queue);
      queue.clear();
      p = PlaceRun{};
      p.queue = std::move(queue);
    }
    sights.resize(markets);
    awake = false;
  }
};

}  // namespace faultline
