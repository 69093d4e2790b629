// What flow agents do within one run (sim/agents/flows.cpp); part of the workspace.
#pragma once

#include <cstdint>
#include <vector>

#include "core/registry.hpp"
#include "protocols/agents/registry.hpp"

namespace faultline {

/// A trade of a flow agent, at whatever it brings.
struct FlowOrder {
  std::uint32_t agent = 0;
  std::uint32_t lane = 0;
  double in = 0;   // of the lane's first asset, whole
  double out = 0;  // of its last
  bool done = false;
};

/// What a flow agent wants at a price, and what holds it back.
struct FlowWish {
  double seen = 0;      // USD; the price it goes by if it sees late, else 0
  bool active = false;  // it trades this round
};

struct FlowRun {
  KindStates<FlowKinds> states;        // what agents remember
  std::vector<FlowOrder> orders;       // of the round
  std::vector<unsigned char> pending;  // [agent] has more to do though nothing moves
  std::vector<double> traded_s;        // [agent] when it last did
  std::vector<double> prices;          // [(round % depth) * agents + agent], USD
  std::uint32_t depth = 1;             // rounds of prices kept
  std::vector<FlowWish> wishes;        // [agent] scratch
  std::vector<double> gamma;           // [agent] as last told
  std::size_t next_contract = 0;       // the first that has not ended

  void reset(const KindStates<FlowKinds>& opening, std::size_t agents) {
    states = opening;
    orders.clear();
    pending.assign(agents, 0);
    traded_s.assign(agents, -1e300);
    gamma.clear();
    next_contract = 0;
  }
};

}  // namespace faultline
