// Carry traders: long an asset, short as many perpetual contracts on it, so that its price hardly
// matters to them and they earn the funding and the premium of the contract over the asset.
//   worth    units x spot + margin posted + short x (entry - mark) + funding received so far
//   wants    to hold as many units as it is still short of
// The short is an account of the perpetual venue like any other: where it is liquidated, or, in
// profit, closed against accounts that cannot pay, the units it covered stand naked, and are sold
// (mechanics: Ethena's docs, Backing and Hedging; ethena_docs).
#pragma once

#include <map>
#include <string_view>

#include "protocols/agents/flow_agent.hpp"

namespace faultline {

struct BasisTraders {
  static constexpr std::string_view name = "basis_traders";
  static constexpr std::string_view deed = "sale";
  static constexpr bool on_credit = false;

  struct Spec : FlowSpec {
    static constexpr std::string_view name = "basis_traders";
    Name market;
    Amount position;
    Ratio leverage{2.0};
    std::optional<Name> posts;

    template <class V>
    void fields(V& v) {
      FlowSpec::fields(v);
      v("market", market,
        Field{.help = "the perpetual venue they are short at",
              .required = true,
              .refers = Refers::market});
      v("position", position,
        Field{.help = "units held, and contracts short of them", .lo = 0, .required = true});
      v("leverage", leverage,
        Field{.help = "of the short: notional over the margin posted for it",
              .lo = 0.05,
              .hi = 100,
              .source = "our choice: twice, far from liquidation"});
      v("posts", posts,
        Field{.help = "what the margin is; left out, what the venue settles in",
              .refers = Refers::asset});
    }
  };

  struct Params {
    double units = 0;  // at the opening
  };
  struct State {};

  static Compiled<BasisTraders> compile(const Spec& spec, const FlowOpening& at) {
    const double units = in_units(spec.position, at);
    if (units != units) return {{}, "write `position` in $ or in units of the asset"};
    return {{units}, {}};
  }
  static State open(const Params&) { return {}; }
  static FlowHoldings holds(const Params& p, const State&, double) { return {p.units, 0}; }
  static void observe(const Params&, State&, const FlowSight&) {}
  /// As many as are hedged; never more than it has, as it opens no new shorts.
  static double target(const Params&, const State&, const FlowSight& sight) {
    return sight.hedged < sight.units ? sight.hedged : sight.units;
  }
  static bool waits(const Params&, const State&, double) { return false; }
  static double most(const Params& p) { return p.units; }
};

static_assert(FlowAgentKind<BasisTraders>);

}  // namespace faultline
