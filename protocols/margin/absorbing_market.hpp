// A market for loans of one base asset that absorbs failing accounts itself: what users write of
// it. Collateral is held and not lent. Whoever calls an absorption hands all collateral of an
// account to the market, whose reserves pay its debt and credit the rest of its value, less the
// liquidation factor, as base; the market then sells the collateral over a counter
// (protocols/liquidation/absorb_and_sell.hpp). Mechanics: Compound v3. Source: docs/model.md,
// "Absorbing markets".
#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "protocols/margin/rates.hpp"

namespace faultline {

/// One asset taken as collateral.
struct AbsorbedCollateralSpec {
  Ratio borrow_cf{0.8};
  Ratio liquidate_cf{0.85};
  Ratio liquidation_factor{0.93};
  std::optional<Amount> supply_cap;
  std::optional<Name> oracle;

  template <class V>
  void fields(V& v) {
    constexpr auto comet = "Comet.sol and CometConfiguration.sol (compound_v3_code)";
    v("borrow_cf", borrow_cf,
      Field{.help = "share of its value that may be borrowed",
            .lo = 0,
            .hi = 0.9999,
            .source = comet});
    v("liquidate_cf", liquidate_cf,
      Field{.help = "share of its value below which an account's debt may not stay",
            .lo = 0.0001,
            .hi = 0.9999,
            .source = comet});
    v("liquidation_factor", liquidation_factor,
      Field{.help = "share of its value an absorbed account is credited; 0: it is not taken",
            .lo = 0,
            .hi = 1,
            .source = comet});
    v("supply_cap", supply_cap,
      Field{.help = "no new collateral above this; absent: none", .lo = 0, .source = comet});
    v("oracle", oracle, Field{.help = "feed, if not the asset's own", .refers = Refers::oracle});
  }
};

struct AbsorbingMarket {
  static constexpr std::string_view name = "absorbing_market";

  struct Spec {
    Name lends;
    std::map<std::string, AbsorbedCollateralSpec> collateral;
    std::optional<Amount> supplied, borrowed, protocol_reserves;
    Amount target_reserves{0, "$"};
    Ratio price_factor{0.5};
    bool pays_gas = false;
    std::optional<Name> loan_oracle;
    RateSpec rate{.kind = "split"};

    template <class V>
    void fields(V& v) {
      constexpr auto comet = "Comet.sol and CometConfiguration.sol (compound_v3_code)";
      v("lends", lends, Field{.help = "the base asset", .required = true, .refers = Refers::asset});
      v("collateral", collateral,
        Field{.help = "assets held against loans, by asset",
              .required = true,
              .refers = Refers::asset});
      v("supplied", supplied, Field{.help = "base lent in, borrowed or not", .lo = 0});
      v("borrowed", borrowed, Field{.help = "base owed", .lo = 0});
      v("protocol_reserves", protocol_reserves,
        Field{.help = "base the market owns at the start", .lo = 0});
      v("target_reserves", target_reserves,
        Field{.help = "at or above these, and above zero, nothing is for sale at the counter",
              .lo = 0,
              .source = comet});
      v("price_factor", price_factor,
        Field{.help = "buyers' part of what an absorption keeps back: the counter sells at price x "
                      "(1 - this x (1 - liquidation_factor))",
              .lo = 0,
              .hi = 1,
              .source = comet});
      v("pays_gas", pays_gas,
        Field{.help = "reserves pay for the gas of absorptions; off: whoever calls them means to "
                      "buy, and what it costs him is left out",
              .source = comet});
      v("loan_oracle", loan_oracle,
        Field{.help = "feed of the base asset, if not the asset's own", .refers = Refers::oracle});
      v("rate", rate,
        Field{.help = "rates of borrowers and lenders; split unless it names another kind"});
    }
  };
};

}  // namespace faultline
