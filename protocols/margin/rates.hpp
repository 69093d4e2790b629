// What borrowers pay and suppliers earn. A rate model is a tagged struct of numbers; the engine
// calls `accrue` once per market and round and multiplies the market's index by the growth it
// gives.
#pragma once

#include <cstdint>
#include <string>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "protocols/margin/split_rates.hpp"

namespace faultline {

/// One year of 365 days, as Aave, Compound and Morpho count it.
inline constexpr double year_s = 31536000.0;

enum class RateKind : std::uint8_t { none, fixed, kink, adaptive, split };

/// How a rate becomes growth over a step: exp(r dt), or 1 + r dt per accrual step (Compound v2).
enum class Compounding : std::uint8_t { continuous, simple };

/// A rate model ready to run. Rates per year, shares of one.
struct RateModel {
  RateKind kind = RateKind::none;
  Compounding compounding = Compounding::continuous;
  double reserve_factor = 0;  // share of interest kept by the protocol
  double base = 0;            // kink: rate at U = 0; fixed: the rate
  double slope1 = 0;          // kink: rise from U = 0 to the kink
  double slope2 = 0;          // kink: further rise from the kink to U = 1
  double kink = 0.8;          // kink: optimal utilisation, in (0, 1)
  double target = 0.9;        // adaptive: utilisation at which the rate does not drift, in (0, 1)
  double steepness = 4;       // adaptive: rate at U = 1 over rate at target, >= 1
  double speed = 50;          // adaptive: drift of ln(rate at target) per year at U = 1
  double initial = 0.04;      // adaptive: rate at target of a market nobody has touched
  double least = 0.001;       // adaptive: bounds of the rate at target
  double most = 2.0;
  SplitRates split;  // split: a curve for each side, per year; no reserve factor
};

/// What a rate model remembers. 0 = never touched (as in the contract: the first accrual starts
/// it).
struct RateState {
  double rate_at_target = 0;  // per year
};

/// The yearly rates that hold at one instant.
struct Rates {
  double borrow = 0;  // per year, on debt
  double supply = 0;  // per year, on supply claims, after the reserve share
};

/// What one step of interest does to a market.
struct Accrual {
  double borrow_growth = 1;  // the borrow index is multiplied by this
  double reserve_share = 0;  // share of the interest that goes to the protocol's reserves
  Rates rates;               // rates that held on average over the step
  double claims_growth = 0;  // split: of the supply index; 0: it follows from the debt's interest
};

/// Rates as YAML says them.
struct RateSpec {
  std::string kind = "kink";
  PerYear base{0.0};
  PerYear slope1{0.04};
  PerYear slope2{0.6};
  Ratio kink{0.8};
  Ratio reserve_factor{0.1};
  std::string compounding = "continuous";
  Ratio target{0.9};
  Ratio steepness{4.0};
  PerYear speed{50.0};
  PerYear initial{0.04};
  PerYear least{0.001};
  PerYear most{2.0};
  PerYear supply_base{0.0};
  PerYear supply_slope1{0.03};
  PerYear supply_slope2{0.5};
  Ratio supply_kink{0.8};

  template <class V>
  void fields(V& v) {
    constexpr auto aave = "Aave v3 reference listing (aave_v3_code)";
    constexpr auto morpho = "AdaptiveCurveIrm ConstantsLib (morpho_irm_code)";
    v("kind", kind,
      Field{.help = "how the borrow rate follows utilisation",
            .source = aave,
            .choices = "none fixed kink adaptive split"});
    v("base", base,
      Field{.help = "borrow rate of an empty market; the rate itself where kind is fixed",
            .lo = 0,
            .hi = 1000,
            .source = aave});
    v("slope1", slope1,
      Field{.help = "rise of the rate up to the kink", .lo = 0, .hi = 1000, .source = aave});
    v("slope2", slope2,
      Field{
          .help = "further rise from the kink to 100% used", .lo = 0, .hi = 1000, .source = aave});
    v("kink", kink,
      Field{.help = "utilisation where the rate bends", .lo = 0.01, .hi = 0.99, .source = aave});
    v("reserve_factor", reserve_factor,
      Field{.help = "share of interest kept by the protocol", .lo = 0, .hi = 1, .source = aave});
    v("compounding", compounding,
      Field{.help = "growth over a step: exp(r dt), or 1 + r dt as Compound v2 accrues",
            .source = aave,
            .choices = "continuous simple"});
    v("target", target,
      Field{.help = "adaptive: utilisation the rate steers to",
            .lo = 0.01,
            .hi = 0.99,
            .source = morpho});
    v("steepness", steepness,
      Field{.help = "adaptive: rate at 100% used over rate at target",
            .lo = 1,
            .hi = 100,
            .source = morpho});
    v("speed", speed,
      Field{.help = "adaptive: drift of the log rate at 100% used",
            .lo = 0,
            .hi = 10000,
            .source = morpho});
    v("initial", initial,
      Field{.help = "adaptive: first rate at target", .lo = 0, .hi = 1000, .source = morpho});
    v("least", least,
      Field{.help = "adaptive: lowest rate at target", .lo = 0, .hi = 1000, .source = morpho});
    v("most", most,
      Field{.help = "adaptive: highest rate at target", .lo = 0, .hi = 1000, .source = morpho});
    split_fields(v);
  }

 private:
  template <class V>
  void split_fields(V& v) {
    constexpr auto comet = "Comet getSupplyRate (compound_v3_code)";
    v("supply_base", supply_base,
      Field{.help = "split: what lenders earn while nothing is borrowed; borrowers' curve is base, "
                    "slope1, slope2 and kink, and used is debt over supply",
            .lo = 0,
            .hi = 1000,
            .source = comet});
    v("supply_slope1", supply_slope1,
      Field{.help = "split: rise of that up to its kink", .lo = 0, .hi = 1000, .source = comet});
    v("supply_slope2", supply_slope2,
      Field{.help = "split: further rise from its kink to 100% used",
            .lo = 0,
            .hi = 1000,
            .source = comet});
    v("supply_kink", supply_kink,
      Field{.help = "split: where it bends", .lo = 0.01, .hi = 0.99, .source = comet});
  }
};

/// The model a checked spec describes; words must be among the declared choices.
RateModel compile_rate(const RateSpec& spec);

/// Whether debt under this model can grow at all.
bool bears_interest(const RateModel& model);

/// Share of the pool that is lent, U = debt / (cash + debt); 0 for an empty pool. cash, debt in
/// units.
double utilisation(double cash, double debt);

/// Rates at this instant. cash, debt, deficit in units of the lent asset, >= 0; for Compound v2
/// `cash` is cash less reserves. `deficit` (an unpaid hole) dilutes suppliers only. `claims` of
/// suppliers, units, count where supply and borrow rates have curves of their own.
Rates rates_at(const RateModel& model, RateState state, double cash, double debt, double deficit,
               double claims = 0);

/// Interest over `dt_s` seconds (>= 0) at the utilisation of its start. Moves `state`. A step
/// of no time or at no rate has growth exactly 1. The error against continuous time is that of
/// holding U still for one step: first order in dt_s, so halving the round converges.
Accrual accrue(const RateModel& model, RateState& state, double cash, double debt, double deficit,
               double dt_s, double claims = 0);

/// Growth of what supply claims are worth: their own, or the suppliers' share of interest spread
/// over `claims` (units, deficit included): 1 + (1 - reserve share) debt (g - 1) / claims; 1 if no
/// claims.
double supply_growth(const Accrual& a, double debt, double claims);

/// Underlying per claim token, (cash + debt - reserves) / tokens (Compound v2). tokens > 0.
double exchange_rate(double cash, double debt, double reserves, double tokens);

/// Supply to add (negative: to withdraw) that brings U = debt / supply to `target` > 0.
double supply_change_to_utilisation(double supply, double debt, double target);
/// Debt to add (negative: to repay) that brings U to `target`.
double debt_change_to_utilisation(double supply, double debt, double target);

}  // namespace faultline
