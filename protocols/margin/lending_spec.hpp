// The parts lending markets are described with, shared by the pooled and the isolated form.
#pragma once

#include <limits>
#include <optional>
#include <string>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "protocols/losses/losses.hpp"
#include "protocols/margin/lending_terms.hpp"
#include "protocols/margin/rates.hpp"
#include "protocols/margin/threshold_scaling.hpp"

namespace faultline {

/// Who may borrow what against what: Aave v3's isolation mode and siloed borrowing [aave_v3_code].
/// They bind new debt only.
struct IsolationTerms {
  // Debt that may rest on it as collateral, USD. Finite: it must then be the account's only
  // collateral, and the debt in assets `borrowable` so.
  double ceiling_usd = std::numeric_limits<double>::infinity();
  bool borrowable = false;
  bool siloed = false;  // owed alone or not at all

  bool isolated() const { return ceiling_usd < std::numeric_limits<double>::infinity(); }
};

/// One asset lent or posted in a pool: its terms, its size, its rate.
struct ReserveSpec : LendingTermsSpec {
  std::optional<Amount> supplied;
  std::optional<Amount> borrowed;
  std::optional<Amount> supply_cap, borrow_cap, protocol_reserves;
  std::optional<Name> oracle;
  bool collateral = true;
  bool borrowable_in_isolation = false, siloed = false;
  std::optional<Amount> debt_ceiling, draw_cap;
  std::optional<ThresholdScalingSpec> volatility_scaled;
  RateSpec rate;

  template <class V>
  void fields(V& v) {
    LendingTermsSpec::fields(v);
    v("supplied", supplied,
      Field{.help = "units supplied, borrowers' collateral included", .lo = 0});
    v("borrowed", borrowed, Field{.help = "units owed", .lo = 0});
    v("supply_cap", supply_cap, Field{.help = "no new supply above this; absent: none", .lo = 0});
    v("borrow_cap", borrow_cap, Field{.help = "no new debt above this; absent: none", .lo = 0});
    v("protocol_reserves", protocol_reserves,
      Field{.help = "units the protocol set aside against bad debt", .lo = 0});
    v("oracle", oracle, Field{.help = "feed, if not the asset's own", .refers = Refers::oracle});
    v("collateral", collateral, Field{.help = "whether it counts as collateral at all"});
    v("rate", rate, Field{.help = "borrow rate of this reserve"});
    v("volatility_scaled", volatility_scaled,
      Field{.help = "ltv and lt fall while its feed swings more than usual; off if absent"});
    fields_of_isolation(v);
  }

 private:
  template <class V>
  void fields_of_isolation(V& v) {
    v("draw_cap", draw_cap,
      Field{.help = "with `shares_cash_with`: most this market's accounts may owe of it", .lo = 0});
    v("debt_ceiling", debt_ceiling,
      Field{.help = "isolated collateral: it must be posted alone, and no more may be owed on it; "
                    "off if absent",
            .lo = 0});
    v("borrowable_in_isolation", borrowable_in_isolation,
      Field{.help = "may be owed against isolated collateral"});
    v("siloed", siloed, Field{.help = "whoever owes it may owe nothing else"});
  }
};

}  // namespace faultline
