// An isolated market: one collateral, one loan asset, one threshold, losses realised in place.
// Mechanics: Morpho Blue as preset. Source: docs/model.md, "Isolated markets".
#pragma once

#include <optional>
#include <string>

#include "protocols/margin/lending_spec.hpp"

namespace faultline {

struct IsolatedMarket {
  static constexpr std::string_view name = "isolated_market";

  struct Spec : LendingTermsSpec {
    Name lends;
    Name collateral;
    std::optional<Amount> supplied, borrowed, protocol_reserves;
    std::optional<Amount> supply_cap, borrow_cap;
    std::optional<Name> oracle, loan_oracle;
    std::optional<ThresholdScalingSpec> volatility_scaled;
    RateSpec rate;
    LossSpec losses{.recognise = "collateral_gone", .bearers = {"haircut"}};
    bool stand_in = false;

    template <class V>
    void fields(V& v) {
      LendingTermsSpec::fields(v);
      v("lends", lends, Field{.help = "the loan asset", .required = true, .refers = Refers::asset});
      v("collateral", collateral,
        Field{.help = "the asset posted", .required = true, .refers = Refers::asset});
      v("supplied", supplied, Field{.help = "loan asset lent in, borrowed or not", .lo = 0});
      v("borrowed", borrowed, Field{.help = "loan asset owed", .lo = 0});
      v("oracle", oracle,
        Field{.help = "feed of the collateral, if not the asset's own", .refers = Refers::oracle});
      v("loan_oracle", loan_oracle,
        Field{.help = "feed of the loan asset, if not the asset's own", .refers = Refers::oracle});
      v("supply_cap", supply_cap,
        Field{.help = "no new collateral above this; absent: none", .lo = 0});
      v("borrow_cap", borrow_cap, Field{.help = "no new debt above this; absent: none", .lo = 0});
      v("protocol_reserves", protocol_reserves,
        Field{.help = "units set aside against bad debt", .lo = 0});
      v("volatility_scaled", volatility_scaled,
        Field{.help = "lltv falls while the collateral's feed swings more than usual; off if "
                      "absent"});
      v("rate", rate, Field{.help = "borrow rate"});
      v("losses", losses,
        Field{.help = "when bad debt is booked, and who bears it in which order"});
      v("stand_in", stand_in,
        Field{.help = "hosted here only until its real mechanism exists; every summary says so"});
    }
  };
};

}  // namespace faultline
