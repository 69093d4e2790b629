// What lenders who leave do within one run (sim/agents/depositors.cpp); part of the workspace.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/ids.hpp"

namespace faultline {

/// Money asked for at one time and not yet paid.
struct Waiting {
  double since_s = 0;
  double scaled = 0;   // units of its reserve's claims, whole; shares of its vault
  bool crowd = false;  // of those who watch; else the scenario asked
};

/// The lenders of one place. Claims in scaled units, or shares of a vault.
struct PlaceRun {
  double left = 1, left_before = 1;  // share the scenario's withdrawals leave, now and before
  std::array<double, 2> stays{}, members{};  // of others and of the large: not asking yet; all
  double reacts = 0;                         // share of these who leave in the end, as they see it
  double slower = 1;                         // how many times longer they take over it
  bool filled = false;                       // a reserve that is lent out, and was not
  double asked = 0, asked_whole = 0;         // by those who watch, so far
  double by_scenario = 0;                    // asked for by the scenario, and not taken back
  std::vector<Waiting> queue;                // from `head` on, in order of time
  std::size_t head = 0;
  double waiting = 0;  // sum of the queue
  double tied = 0;     // claims that became collateral of loans, so far
  double trapped_usd = 0, trapped_since_s = 0;
  double paid_now = 0;  // units paid this round to those who watch, for havens
  bool borrows = false;
  bool unpaid = false;  // scratch: no more cash for it this round
};

/// One market, or vault, as those who watch see it.
struct MarketSight {
  const char* trouble = nullptr;  // null: none
  double size = 0;                // a share
  AssetId culprit;                // the asset the trouble is with, if any
};

struct DepositRun {
  std::vector<PlaceRun> places;
  std::vector<MarketSight> sights;    // [market], then [vault]; scratch
  std::vector<std::int32_t> told_of;  // [asset] a market or vault in trouble that lends it; scratch
  std::vector<double> crossed;        // [asset] units out of vaults, into markets by plain lenders
  bool awake = false;                 // somebody asks, waits, or is about to

  /// Keeps the storage of earlier runs.
  void reset(std::size_t count, std::size_t watched, std::size_t assets) {
    places.resize(count);
    for (PlaceRun& p : places) {
      std::vector<Waiting> queue = std::move(p.queue);
      queue.clear();
      p = PlaceRun{};
      p.queue = std::move(queue);
    }
    sights.resize(watched);
    told_of.resize(assets);
    crossed.assign(assets, 0.0);
    awake = false;
  }
};

}  // namespace faultline
