// What it costs to make a feed say something else: which trades on the venues it reads move its
// answer to a target, for how many rounds they must be held, and what arbitrage against them takes.
//
// The price that must stand in the venues, m times what it was, for an answer of R times what it
// was, held H seconds (mechanics of the averages, see oracles/smooth.hpp):
//   no average    m = R                       one round
//   geometric     m = R^(W/H)                 arithmetic  m = 1 + (R - 1) W/H
//   harmonic      1/m = 1 + (1/R - 1) W/H     EMA         m = 1 + (R - 1) / (1 - exp(-H/tau))
// and of a mean of which weight s is moved, m = 1 + (R - 1) / s; of a median, half of the weight.
//
// One push loses what it gives less what it takes, at market prices; arbitrage takes it back and
// the next round it is made again. On a constant product of quote reserve y and no fee one push
// costs y (sqrt(m) - 1)^2 / sqrt(m) [angeris2020].
#pragma once

#include <string>
#include <vector>

#include "core/market_state.hpp"
#include "sim/scenario.hpp"
#include "sim/snapshot.hpp"

namespace faultline {

struct Workspace;

struct ManipulationPlan {
  std::vector<VenuePush> pushes;
  double rounds = 1;       // held so long
  double cost_usd = 0;     // lost to arbitrage and fees over all rounds
  double capital_usd = 0;  // given in one round
  std::string problem;     // why it cannot be done; empty: it can
};

/// The trades that bring the feed to `target` times its answer after `rounds` rounds, as the world
/// opens; a set of sources is chosen by cost per weight.
ManipulationPlan plan_manipulation(const Snapshot& world, OracleId feed, double target,
                                   double rounds);
/// The same, held for as many rounds as make it cheapest.
ManipulationPlan cheapest_manipulation(const Snapshot& world, OracleId feed, double target);

/// Before arbitrage: venues pushed the round before have moved, and whoever trades them back looks.
void recall_pushes(const Snapshot& world, const Scenario& scenario, Workspace& w);
/// After arbitrage, before feeds read: whoever manipulates a feed trades its venues to where the
/// plan wants them, on credit of the outside world.
void push_venues(const Snapshot& world, const Scenario& scenario, Workspace& w);

}  // namespace faultline
