// Holders of a coin who keep it until a scenario says that a share of them sells (`withdraw`), as
// depositors do who leave a lender and want another currency. They sell at whatever it brings.
//   wants   position x (1 - share that has left)
#pragma once

#include <string_view>

#include "protocols/agents/flow_agent.hpp"

namespace faultline {

struct CoinHolders {
  static constexpr std::string_view name = "coin_holders";
  static constexpr std::string_view deed = "sale";
  static constexpr bool on_credit = false;

  struct Spec : FlowSpec {
    static constexpr std::string_view name = "coin_holders";
    Amount position;

    template <class V>
    void fields(V& v) {
      FlowSpec::fields(v);
      v("position", position,
        Field{.help = "what they hold at the opening", .lo = 0, .required = true});
    }
  };

  struct Params {
    double units = 0;
    double size = 1;  // share of the position that is kept
  };
  struct State {};

  static Compiled<CoinHolders> compile(const Spec& spec, const FlowOpening& at) {
    const double units = in_units(spec.position, at);
    if (units != units) return {{}, "write `position` in $ or in units of the asset"};
    return {{units, 1}, {}};
  }
  static State open(const Params&) { return {}; }
  static FlowHoldings holds(const Params& p, const State&, double) { return {p.units, 0}; }
  static void observe(const Params&, State&, const FlowSight&) {}
  /// Never more than it has: nobody comes back.
  static double target(const Params& p, const State&, const FlowSight& sight) {
    const double kept = p.units * sight.size;
    return kept < sight.units ? kept : sight.units;
  }
  static bool waits(const Params&, const State&, double) { return false; }
  static double most(const Params& p) { return p.units; }
};

static_assert(FlowAgentKind<CoinHolders>);

}  // namespace faultline
