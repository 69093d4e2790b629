// The parts lending markets are described with, shared by the pooled and the isolated form.
#pragma once

#include <optional>
#include <string>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "protocols/losses/losses.hpp"
#include "protocols/margin/lending_terms.hpp"
#include "protocols/margin/rates.hpp"

namespace faultline {

/// One asset lent or posted in a pool: its terms, its size, its rate.
struct ReserveSpec : LendingTermsSpec {
  std::optional<Amount> supplied;
  std::optional<Amount> borrowed;
  std::optional<Amount> supply_cap, borrow_cap, protocol_reserves;
  std::optional<Name> oracle;
  bool collateral = true;
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
  }
};

}  // namespace faultline
