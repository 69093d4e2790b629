// What was reported of an event, as written under `reported:` by scenario: `run` prints it beside
// what the scenario does here.
#pragma once

#include <optional>

#include "core/fields.hpp"
#include "core/values.hpp"

namespace faultline {

struct ReportedShape {
  std::optional<Ratio> deleveraged_over_liquidated, backstop_share, top10_share, top100_share;
  std::optional<Seconds> first_deleveraged_after;
  std::optional<double> branching;

  template <class V>
  void fields(V& v) {
    v("deleveraged_over_liquidated", deleveraged_over_liquidated,
      Field{.help = "positions closed against winners, over those liquidated", .lo = 0, .hi = 100});
    v("first_deleveraged_after", first_deleveraged_after,
      Field{.help = "from the first liquidation to the first deleveraging", .lo = 0});
    v("branching", branching,
      Field{.help = "share of what was liquidated that earlier liquidations brought about",
            .lo = 0,
            .hi = 10});
    v("backstop_share", backstop_share,
      Field{.help = "share of what was liquidated that vaults and funds took over",
            .lo = 0,
            .hi = 1});
    v("top10_share", top10_share,
      Field{
          .help = "share of the deleveraging that the ten largest bearers bore", .lo = 0, .hi = 1});
    v("top100_share", top100_share, Field{.help = "the same of the hundred", .lo = 0, .hi = 1});
  }
};

}  // namespace faultline
