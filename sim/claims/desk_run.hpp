// What a run changes of those who take claims back; part of the workspace.
#pragma once

#include <cstdint>
#include <vector>

#include "protocols/claims/redemption_queue.hpp"
#include "sim/claims/coin_run.hpp"

namespace faultline {

/// A place in a desk's queue: `owner` is an arbitrageur, or the claim's holders.
struct DeskRequest : QueuedRequest {
  static constexpr std::uint32_t holders = 0xffffffffu;
  std::uint32_t trip = 0;  // how an arbitrageur goes on with what he is paid
  double tied_usd = 0;     // of his capital
};

struct DeskState {
  std::vector<DeskRequest> queue;  // by time, from `head` on
  std::size_t head = 0;
  double queued = 0;         // claims that wait
  double room = 0;           // of the asset, that may be paid out now
  double left = 1;           // share of what holders have that the scenario leaves with them
  double asked = 0;          // claims holders have asked for so far
  double behind = 1;         // share of what it owes that is there, when last looked at
  double told = 1;           // of the run's story
  double hole_since_s = -1;  // less than all is behind
  double out_of_reach = 0;   // share of what is held that cannot be paid out
  bool paused = false;       // for good
  bool moved = true;         // what it would pay or when, this round
};

struct DeskRun {
  std::vector<DeskState> desks;
  std::vector<unsigned char> frozen, frozen_next;  // [reserve part]
  std::vector<double> tied_usd;                    // [arbitrageur] capital that waits in queues
  std::vector<double> open_since;                  // [trip] s; -1: it does not pay
  std::vector<unsigned char> gap;                  // [trip] it would pay if nobody had to wait
  std::vector<TripOffer> offers;                   // scratch
};

}  // namespace faultline
