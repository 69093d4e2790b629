// Funds that buy what rises and sell what falls.
//   position = c tanh(m / sd),  m = ln price - its exponential average over `lookback`
//   sd = volatility sqrt(lookback / 2): of m, were the price a random walk (m is then an
//   Ornstein-Uhlenbeck process); the average as in potters_bouchaud2006
#pragma once

#include <string_view>

#include "protocols/agents/flow_agent.hpp"

namespace faultline {

struct TrendFollowers {
  static constexpr std::string_view name = "trend_followers";
  static constexpr std::string_view deed = "sale";
  static constexpr bool on_credit = true;

  struct Spec : FlowSpec {
    static constexpr std::string_view name = "trend_followers";
    Amount position;
    Seconds lookback{86400};
    Ratio volatility{0.6};

    template <class V>
    void fields(V& v) {
      FlowSpec::fields(v);
      v("position", position,
        Field{.help = "most they hold, long or short", .lo = 0, .required = true});
      v("lookback", lookback,
        Field{.help = "memory of the average they measure the trend against",
              .lo = 1,
              .hi = 3.2e8,
              .source = "our choice: a day"});
      v("volatility", volatility,
        Field{.help = "by which they scale a trend, a year",
              .lo = 0.001,
              .hi = 20,
              .source = "our choice: ETH at calm, 60%"});
    }
  };

  struct Params {
    double position = 0;  // c, units
    double lookback_s = 86400;
    double deviation = 1;  // sd of m
    double opening_price = 1;
  };
  struct State {
    double average = 0;  // of ln price
    double price = 0;    // last seen
    double seen_s = 0;
  };

  static Compiled<TrendFollowers> compile(const Spec& spec, const FlowOpening& at);
  static State open(const Params& p);
  static FlowHoldings holds(const Params& p, const State& s, double price);
  static void observe(const Params& p, State& s, const FlowSight& sight);
  static double target(const Params& p, const State& s, const FlowSight& sight);
  static bool waits(const Params& p, const State& s, double now_s);
  static double most(const Params& p) { return p.position; }
};

static_assert(FlowAgentKind<TrendFollowers>);

}  // namespace faultline
