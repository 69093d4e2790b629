// Dealers who hold the other side of a book of options and keep its delta hedged.
//   wanted hedge = -(delta of the book at the price, the time and the implied volatility seen)
//   book: options listed, read or by rule, greeks by options.hpp; and a profile: gamma by price,
//   straight between its points and 0 outside, delta its integral from the opening price; vanna the
//   slope of its vega implied volatility: every row shifted by s,  ds = a (RV - IV) dt + b max(-r,
//   0)
//     and by 1% for every standard size the dealers sell (lyra_v1_code)
//     RV^2 = IV0^2 + moves beyond it: exponentially weighted squares of returns over `sample`
//     (riskmetrics1996); r the return since last seen: the leverage effect (black1976)
// Gamma, vanna and charm flows all follow from evaluating the one delta again. At the opening the
// book is hedged. Options pay at expiry from one purse to the other.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/agents/flow_agent.hpp"
#include "protocols/agents/options.hpp"

namespace faultline {

/// One line of a book as written.
struct OptionSpec {
  std::string kind = "call";
  Amount strike{0, "$"};
  Seconds expiry{0};
  Amount size;
  Ratio iv{0.6};

  template <class V>
  void fields(V& v) {
    v("kind", kind, Field{.help = "what it gives", .required = true, .choices = "call put"});
    v("strike", strike, Field{.help = "in $", .lo = 1e-12, .required = true, .scales = Scales::no});
    v("expiry", expiry,
      Field{
          .help = "when it ends, from the start of a run", .lo = 1, .hi = 3.2e8, .required = true});
    v("size", size,
      Field{.help = "of the underlying; below zero: the dealers are short", .required = true});
    v("iv", iv,
      Field{.help = "implied volatility a year",
            .lo = 0.001,
            .hi = 20,
            .source = "our choice: ETH at calm, 60%"});
  }
};

/// A book by rule: calls at strikes from the opening price up, puts from it down, most of them near
/// it. Their sizes fall as a normal density in ln(strike / price) does.
struct OptionGridSpec {
  Seconds expiry{0};
  Amount calls, puts;
  long strikes = 10;
  Ratio step{0.025};
  Ratio spread{0.1};
  Ratio iv{0.6};

  template <class V>
  void fields(V& v) {
    v("expiry", expiry,
      Field{
          .help = "when it ends, from the start of a run", .lo = 1, .hi = 3.2e8, .required = true});
    v("calls", calls,
      Field{.help = "of all calls; below zero: the dealers are short", .required = true});
    v("puts", puts,
      Field{.help = "of all puts; below zero: the dealers are short", .required = true});
    v("strikes", strikes, Field{.help = "strikes on each side of the price", .lo = 1, .hi = 1000});
    v("step", step, Field{.help = "from one strike to the next", .lo = 1e-4, .hi = 1});
    v("spread", spread,
      Field{.help = "standard deviation of ln(strike / price)",
            .lo = 1e-3,
            .hi = 10,
            .source = "our choice"});
    v("iv", iv,
      Field{.help = "implied volatility a year",
            .lo = 0.001,
            .hi = 20,
            .source = "our choice: ETH at calm, 60%"});
  }
};

/// One point of a stated profile.
struct ProfilePoint {
  Amount at{0, "$"};
  Amount gamma{0, "$"};
  std::optional<Amount> vega;

  template <class V>
  void fields(V& v) {
    v("at", at,
      Field{.help = "price of the asset", .lo = 1e-12, .required = true, .scales = Scales::no});
    v("gamma", gamma,
      Field{.help = "of the dealers' book: dollars per 1% move, or units per $1; below zero: they "
                    "trade with the move",
            .required = true});
    v("vega", vega, Field{.help = "of the dealers' book: dollars per point of volatility"});
  }
};

struct OptionDealers {
  static constexpr std::string_view name = "option_dealers";
  static constexpr std::string_view deed = "hedge";
  static constexpr bool on_credit = true;

  struct Spec : FlowSpec {
    static constexpr std::string_view name = "option_dealers";
    std::vector<OptionSpec> options;
    std::optional<std::string> file;
    std::vector<OptionGridSpec> grid;
    std::vector<ProfilePoint> profile;
    Ratio size{1};
    PerYear rate{0}, yield{0};
    std::optional<Seconds> iv_half_life;
    double iv_on_fall = 0;
    Seconds realised_over{3600};
    Seconds sample{300};
    std::optional<Amount> standard_size;

    template <class V>
    void fields(V& v) {
      FlowSpec::fields(v);
      v("options", options, Field{.help = "the book, line by line"});
      v("file", file,
        Field{.help = "CSV of more lines: kind, strike, expiry_s, size (units of the asset), iv"});
      v("grid", grid, Field{.help = "and lines by rule"});
      v("profile", profile, Field{.help = "or its gamma and vega by price, lowest price first"});
      v("size", size,
        Field{.help =
                  "the book times this; below zero: the other side of it. Where `set`, the hedge "
                  "changes hands with the options",
              .lo = -1e6,
              .hi = 1e6});
      v("rate", rate, Field{.help = "interest options are discounted by", .lo = -1, .hi = 10});
      v("yield", yield,
        Field{.help = "of the underlying; the rate itself for options on futures",
              .lo = -1,
              .hi = 10});
      v("iv_half_life", iv_half_life,
        Field{.help = "in which implied volatility goes half the way to realised; left out: never",
              .lo = 1,
              .hi = 3.2e8});
      v("iv_on_fall", iv_on_fall,
        Field{.help = "rise of implied volatility over the fall of the price: 1 adds 10 points on "
                      "-10%",
              .lo = 0,
              .hi = 100,
              .source = "our choice: none"});
      v("realised_over", realised_over,
        Field{
            .help = "memory of realised volatility", .lo = 1, .hi = 3.2e7, .source = "our choice"});
      v("sample", sample,
        Field{
            .help = "time between the prices realised volatility is measured on; at least a round",
            .lo = 1,
            .hi = 86400,
            .source = "five minutes: andersen2003"});
      v("standard_size", standard_size,
        Field{.help =
                  "options the dealers sell that raise implied volatility by a point; left out: "
                  "none do",
              .lo = 0,
              .source = "an options AMM's inventory rule: lyra_v1_code"});
    }
  };

  /// A stretch of the profile: gamma from one point to the next, the delta gathered before it.
  struct Stretch {
    double from = 0, to = 0;              // USD
    double gamma_from = 0, gamma_to = 0;  // units per dollar
    double before = 0;                    // integral of gamma up to `from`
    double vanna = 0;                     // slope of vega: units per 1.00 of volatility
  };
  struct Params {
    std::vector<BookRow> book;
    std::vector<Stretch> profile;
    double opening_price = 0;
    double reversion = 0;  // a, per second
    double on_fall = 0;    // b
    double memory_s = 3600, sample_s = 300;
    double implied = 0;  // IV0: of the book by size, at the opening
    double last_expiry_s = 0;
    double size = 1;
    double per_unit = 0;  // rise of IV by one option sold
  };
  struct State {
    double price = 0;  // last seen
    double seen_s = 0;
    double shift = 0;   // s
    double excess = 0;  // realised variance beyond the implied one, a year
    double sample_price = 0, sample_at_s = 0;
  };

  static Compiled<OptionDealers> compile(const Spec& spec, const FlowOpening& at);
  static State open(const Params& p) {
    return {p.opening_price, 0, 0, 0, p.opening_price, p.sample_s};
  }
  static FlowHoldings holds(const Params& p, const State& s, double price);
  static void observe(const Params& p, State& s, const FlowSight& sight);
  static double target(const Params& p, const State& s, const FlowSight& sight);
  static bool waits(const Params& p, const State& s, double now_s) {
    return now_s < p.last_expiry_s || (p.reversion > 0 && (s.shift != 0 || s.excess != 0));
  }
  static double most(const Params& p);
  /// The book changes its size: what the dealers sell of it raises implied volatility, what they
  /// buy lowers it.
  static void resized(const Params& p, State& s, double from, double to);
  /// Gamma of the book, units per dollar.
  static double gamma(const Params& p, const State& s, const FlowSight& sight);
};

static_assert(FlowAgentKind<OptionDealers>);

}  // namespace faultline
