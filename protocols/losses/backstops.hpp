// Who stands behind a perpetual venue: a vault that takes failing accounts over and works their
// positions off, and a fund that pays what an account can never pay. Both hold the settlement asset
// in an account of the venue.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "protocols/losses/insurance.hpp"

namespace faultline {

/// A backstop vault as YAML says it.
struct VaultSpec {
  static constexpr std::string_view name = "backstop_vault";
  Amount holds;
  Seconds unwind{600};
  Seconds withdraw_after{0};

  template <class V>
  void fields(V& v) {
    v("holds", holds, Field{.help = "what its depositors put in", .lo = 0, .required = true});
    v("unwind", unwind,
      Field{.help = "half-life with which it sells or buys back what it took over",
            .lo = 0,
            .source = "our choice: minutes, as liquidator vaults do"});
    v("withdraw_after", withdraw_after,
      Field{.help = "how long a deposit is locked; a run no longer than this loses none", .lo = 0});
  }
};

/// An insurance fund as YAML says it.
struct FundSpec : InsuranceSpec {
  static constexpr std::string_view name = "insurance_fund";
  Amount holds;
  std::vector<Name> covers;

  template <class V>
  void fields(V& v) {
    v("holds", holds, Field{.help = "what it has at the start", .lo = 0, .required = true});
    v("covers", covers,
      Field{.help = "the perpetual venue it stands behind", .refers = Refers::market});
    InsuranceSpec::fields(v);
  }
};

}  // namespace faultline
