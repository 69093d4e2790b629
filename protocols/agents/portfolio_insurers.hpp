// Funds that insure themselves by selling what falls.
//   cppi (black_jones1987):  exposure E = m (V - F), at most `most` of V; after a return r they
//     trade (m - 1) E r to first order. A jump below -1/m leaves less than the floor: gap risk
//   put (rubinstein_leland1981):  hold n N(d1) units, the delta of n shares and n puts struck at K,
//     the rest in cash; n (S + put) = assets and n K = floor at the opening
#pragma once

#include <string>
#include <string_view>

#include "protocols/agents/flow_agent.hpp"
#include "protocols/agents/options.hpp"

namespace faultline {

struct PortfolioInsurers {
  static constexpr std::string_view name = "portfolio_insurers";
  static constexpr std::string_view deed = "sale";
  static constexpr bool on_credit = false;

  struct Spec : FlowSpec {
    static constexpr std::string_view name = "portfolio_insurers";
    Amount assets;
    std::string policy = "cppi";
    Ratio floor{0.8};
    double multiplier = 3;
    Ratio most{1};
    Seconds horizon{365.0 * 86400};
    Ratio volatility{0.6};
    PerYear rate{0};

    template <class V>
    void fields(V& v) {
      FlowSpec::fields(v);
      v("assets", assets, Field{.help = "all they own at the start", .lo = 0, .required = true});
      v("policy", policy,
        Field{.help = "cppi: a multiple of the cushion; put: the delta of a protective put",
              .choices = "cppi put"});
      v("floor", floor,
        Field{.help = "share of the assets to be kept",
              .lo = 0,
              .hi = 0.999,
              .source = "our choice"});
      v("multiplier", multiplier,
        Field{.help = "m of cppi: exposure over cushion",
              .lo = 1,
              .hi = 100,
              .source = "our choice"});
      v("most", most, Field{.help = "most of the assets cppi may put in", .lo = 0, .hi = 1});
      v("horizon", horizon, Field{.help = "end of the put", .lo = 1, .hi = 3.2e8});
      v("volatility", volatility,
        Field{.help = "the put is hedged by, a year", .lo = 0.001, .hi = 20});
      v("rate", rate, Field{.help = "interest the put is discounted by", .lo = -1, .hi = 10});
    }
  };

  struct Params {
    bool put = false;
    double assets = 0, floor = 0;  // USD
    double multiplier = 3, most = 1;
    double shares = 0;  // n
    OptionTerms terms;  // of the put
    double horizon_s = 0;
    double opening_price = 1;
  };
  struct State {};

  static Compiled<PortfolioInsurers> compile(const Spec& spec, const FlowOpening& at);
  static State open(const Params&) { return {}; }
  static FlowHoldings holds(const Params& p, const State& s, double price);
  static void observe(const Params&, State&, const FlowSight&) {}
  static double target(const Params& p, const State& s, const FlowSight& sight);
  static bool waits(const Params& p, const State&, double now_s) {
    return p.put && now_s < p.horizon_s;
  }
  static double most(const Params& p) { return p.assets / p.opening_price; }
};

static_assert(FlowAgentKind<PortfolioInsurers>);

}  // namespace faultline
