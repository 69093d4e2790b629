// Categories of assets that move together: an account that chose one posts the category's
// collateral at the category's own terms and borrows its borrowable assets only (Aave's efficiency
// mode) [aave_v3_code]. Collateral beyond the category counts at its reserve's own terms.
#pragma once

#include <vector>

#include "core/fields.hpp"
#include "core/values.hpp"

namespace faultline {

struct EmodeSpec {
  std::vector<Name> collateral, borrow;
  Ratio ltv{0.93}, lt{0.95}, bonus{0.01};

  template <class V>
  void fields(V& v) {
    constexpr auto aave = "Aave v3 governance, ETH-correlated (aave_v3_code)";
    v("collateral", collateral,
      Field{
          .help = "reserves that count at these terms", .required = true, .refers = Refers::asset});
    v("borrow", borrow,
      Field{.help = "reserves its accounts may owe", .required = true, .refers = Refers::asset});
    v("ltv", ltv,
      Field{.help = "share of the collateral's value that may be borrowed",
            .lo = 0,
            .hi = 1,
            .source = aave});
    v("lt", lt,
      Field{.help = "share of the collateral's value that counts in health",
            .lo = 0,
            .hi = 1,
            .source = aave});
    v("bonus", bonus,
      Field{.help = "value seized above value repaid, where its collateral is seized",
            .lo = 0,
            .hi = 1,
            .source = aave});
  }
};

}  // namespace faultline
