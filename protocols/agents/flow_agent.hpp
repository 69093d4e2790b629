// Agents that hold a position in one asset because a rule says so, and trade towards it whatever
// the trade brings: hedgers of options, portfolio insurers, followers of trends. A kind says what
// it wants to hold at a price; the frame (sim/agents/flows.cpp) finds the price at which, after its
// own trade and those of everybody else at the same venue, each holds what it wants there.
#pragma once

#include <concepts>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "protocols/venues/curve.hpp"

namespace faultline {

/// What every kind of flow agent is asked: what it trades, where, and its budgets.
struct FlowSpec {
  Name asset;
  std::optional<Name> at;
  std::optional<Amount> capital, gas, band;
  Seconds every{0};
  Seconds latency{0};

  template <class V>
  void fields(V& v) {
    v("asset", asset,
      Field{.help = "what it holds and trades", .required = true, .refers = Refers::asset});
    v("at", at,
      Field{.help = "venue it trades at; left out: the one that prices the asset",
            .refers = Refers::venue});
    v("capital", capital,
      Field{.help = "most its position may be worth, long or short; left out: unlimited", .lo = 0});
    v("gas", gas, Field{.help = "cost of one trade; left out: the chain's", .lo = 0});
    v("band", band,
      Field{.help = "least distance from what it wants to hold at which it trades; left out: any",
            .lo = 0});
    v("every", every,
      Field{.help = "least time between two trades; 0: every round", .lo = 0, .hi = 3.2e7});
    v("latency", latency, Field{.help = "how late it sees the price", .lo = 0, .hi = 86400});
  }
};

/// Where an agent opens.
struct FlowOpening {
  std::string_view asset;  // its name, as a unit of amounts
  double price = 1;        // USD per unit
};

/// An amount in units of the asset at the opening price; NaN where its unit is neither.
inline double in_units(const Amount& a, const FlowOpening& at) {
  if (a.unit == "$") return a.value / at.price;
  return a.unit == at.asset ? a.value : std::numeric_limits<double>::quiet_NaN();
}

/// What an agent knows when it decides.
struct FlowSight {
  double now_s = 0;
  double price = 0;   // USD per unit, the mid where it trades, as it sees it
  double units = 0;   // of the asset it holds; below zero: short
  double cash = 0;    // USD it holds besides
  double size = 1;    // its book, times this
  double hedged = 0;  // units it is short of at a perpetual venue
};

/// What it holds at the opening.
struct FlowHoldings {
  double units = 0;
  double cash = 0;  // USD
};

/// A kind of flow agent. Params are compiled once, State is what it remembers within a run.
template <class K>
concept FlowAgentKind = requires(typename K::Spec& spec, const typename K::Params& p,
                                 typename K::State& s, const typename K::State& cs,
                                 const FlowSight& sight, const FlowOpening& at) {
  { K::name } -> std::convertible_to<std::string_view>;
  { K::deed } -> std::convertible_to<std::string_view>;  // kind of event its trades are told as
  {
    K::on_credit
    } -> std::convertible_to<bool>;  // its purse may fall below zero: the outside lends
  { K::compile(spec, at) } -> std::same_as<Compiled<K>>;
  { K::open(p) } -> std::same_as<typename K::State>;
  // Holdings at the opening, where it has nothing to trade.
  { K::holds(p, cs, at.price) } -> std::same_as<FlowHoldings>;
  { K::observe(p, s, sight) } -> std::same_as<void>;    // time passed; a price is seen
  { K::target(p, cs, sight) } -> std::same_as<double>;  // units it wants to hold at sight.price
  // Whether what it wants may change though no price moves.
  { K::waits(p, cs, sight.now_s) } -> std::same_as<bool>;
  { K::most(p) } -> std::same_as<double>;  // units it could ever hold, long or short
};

}  // namespace faultline
