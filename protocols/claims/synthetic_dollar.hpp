// A dollar whose backing is a hedged book: what its carry traders hold and earn, and a reserve. Its
// backing is what all of that is worth at market over what it owes its holders:
//   backing = min(1, (sum of carry books + reserve) / (supply x what one unit pays by contract))
// It pays by contract until its issuer reports a loss: every so often, at once, or never
// (ethena_docs). Coins that a short hedges count at the index of its contract, so that what stands
// between them is the basis and no delay.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/fields.hpp"
#include "core/values.hpp"

namespace faultline {

struct SyntheticDollarSpec {
  static constexpr std::string_view name = "synthetic_dollar";
  Name issues;
  std::vector<Name> rests_on;
  std::map<std::string, Amount> holds;
  std::string admits = "reports";
  Seconds reports{3600};

  template <class V>
  void fields(V& v) {
    v("issues", issues,
      Field{.help = "the dollar: an asset with a rate and a supply",
            .required = true,
            .refers = Refers::asset});
    v("rests_on", rests_on,
      Field{.help = "the basis traders whose books back it", .refers = Refers::agent});
    v("holds", holds, Field{.help = "what else it holds, by asset", .refers = Refers::asset});
    v("admits", admits,
      Field{.help = "when what it pays follows what is behind it: with its reports, or never",
            .choices = "reports never"});
    v("reports", reports,
      Field{.help = "time between two reports; 0: every round",
            .lo = 0,
            .hi = 3.2e7,
            .source = "our choice: an hour"});
  }
};

}  // namespace faultline
