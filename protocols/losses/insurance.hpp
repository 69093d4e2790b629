// An insurance fund of a perpetual venue: who shares it and how fast it may be spent. It is not one
// pot: dYdX limits what an account may cost it in a block and keeps funds of isolated markets
// apart, Drift caps it by market, Bybit pools new listings, Hyperliquid has its vault instead
// [dydx_v4_code, drift_v2_code].
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "core/fields.hpp"
#include "core/values.hpp"

namespace faultline {

enum class FundScope : std::uint8_t { venue, contract };

/// Rules ready to run; USD amounts scale with quantities.
struct InsuranceTerms {
  FundScope scope = FundScope::venue;
  double cap_usd = std::numeric_limits<double>::infinity();  // paid out within a window
  double window_s = 1;
  double contract_cap_usd = std::numeric_limits<double>::infinity();  // paid for one contract, ever
};

/// What the fund has paid, per contract or for the venue.
struct InsuranceSpent {
  double window_usd = 0;  // in the current window
  double elapsed_s = 0;   // into it
  double contract_usd = 0;
};

/// Lets time pass: a window that ended forgets what was paid in it.
inline void pass_window(const InsuranceTerms& terms, InsuranceSpent& spent, double dt_s) {
  spent.elapsed_s += dt_s;
  if (spent.elapsed_s < terms.window_s) return;
  spent.elapsed_s = std::fmod(spent.elapsed_s, terms.window_s);
  spent.window_usd = 0;
}

/// USD of `loss` the fund may cover now out of `balance`; all >= 0. Does not book it.
inline double insurable(const InsuranceTerms& terms, const InsuranceSpent& spent, double loss,
                        double balance) {
  return std::max(0.0, std::min({loss, balance, terms.cap_usd - spent.window_usd,
                                 terms.contract_cap_usd - spent.contract_usd}));
}

/// An insurance fund's rule as YAML says it.
struct InsuranceSpec {
  std::string scope = "venue";
  std::optional<Amount> cap, contract_cap;
  Seconds window{1};

  template <class V>
  void fields(V& v) {
    v("scope", scope,
      Field{.help = "one fund for the venue, or one for each contract",
            .source = "dYdX v4: one for cross markets, one for each isolated market (dydx_v4_code)",
            .choices = "venue contract"});
    v("cap", cap,
      Field{.help = "most paid out within a window; no limit if absent",
            .lo = 0,
            .source = "dYdX v4 block limits (dydx_v4_code)"});
    v("window", window,
      Field{.help = "of the cap; a block", .lo = 0.01, .source = "dYdX v4 blocks"});
    v("contract_cap", contract_cap,
      Field{.help = "most paid for one contract; no limit if absent",
            .lo = 0,
            .source = "Drift v2, quote_max_insurance (drift_v2_code)"});
  }
};

/// The rule a checked spec describes; amounts in USD.
inline InsuranceTerms compile_insurance(const InsuranceSpec& spec) {
  InsuranceTerms t;
  t.scope = spec.scope == "contract" ? FundScope::contract : FundScope::venue;
  if (spec.cap) t.cap_usd = spec.cap->value;
  if (spec.contract_cap) t.contract_cap_usd = spec.contract_cap->value;
  t.window_s = spec.window.value;
  return t;
}

}  // namespace faultline
