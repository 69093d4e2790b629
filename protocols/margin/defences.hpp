// Who may stop part of a market, and when: a guardian, people who need time; a breaker, code that
// does not. A freeze stops new supply and new debt and takes the asset's LTV away; repaying,
// withdrawing and liquidating go on [aave_v3_code]. A pause stops what it names.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/fields.hpp"
#include "core/values.hpp"

namespace faultline {

/// Freezes assets some time after less than all is behind one it watches, or after a market
/// believes one to be worth more than it is.
struct GuardianSpec {
  static constexpr std::string_view name = "guardian";
  std::vector<Name> freezes, in, watches;
  Seconds after{0};
  std::optional<Ratio> gap;

  template <class V>
  void fields(V& v) {
    v("freezes", freezes,
      Field{.help = "assets that are frozen", .required = true, .refers = Refers::asset});
    v("in", in, Field{.help = "pools it guards", .required = true, .refers = Refers::market});
    v("watches", watches,
      Field{.help = "assets whose backing it watches: units from nothing, assets lost; left out: "
                    "those it freezes",
            .refers = Refers::asset});
    v("gap", gap,
      Field{.help = "also watches the feeds of what it freezes: acts once one says so much more "
                    "than the market; left out: it does not",
            .lo = 1e-6,
            .hi = 1e12});
    v("after", after,
      Field{.help = "from what it watches for to the freeze", .lo = 0, .hi = 3.2e8});
  }
};

/// What trips a breaker: a price that moved so far, either way, within so long.
struct BreakerTrip {
  Name price;
  Ratio moves{0.2};
  Seconds within{3600};

  template <class V>
  void fields(V& v) {
    v("price", price,
      Field{.help = "asset whose market price it watches",
            .required = true,
            .refers = Refers::asset});
    v("moves", moves,
      Field{.help = "move from the lowest or highest price of that time that trips it",
            .lo = 1e-6,
            .hi = 10,
            .required = true});
    v("within", within,
      Field{.help = "how far it looks back", .lo = 0, .hi = 3.2e8, .required = true});
  }
};

/// Pauses a market, its borrowing or its liquidations for a time.
struct BreakerSpec {
  static constexpr std::string_view name = "breaker";
  std::vector<Name> pauses;
  BreakerTrip when;
  Seconds lasts{1800};
  Seconds grace{0};

  template <class V>
  void fields(V& v) {
    v("pauses", pauses,
      Field{.help = "`pool.borrowing`, `pool.liquidation`, or `pool` for all that is done there",
            .required = true});
    v("when", when, Field{.help = "what trips it", .required = true});
    v("for", lasts,
      Field{.help = "how long it pauses, from the last round in which it is tripped",
            .lo = 0,
            .hi = 3.2e8});
    v("grace", grace,
      Field{.help = "liquidations stay paused so much longer",
            .lo = 0,
            .hi = 3.2e8,
            .source = "Aave v3 grace period (aave_v3_code)"});
  }
};

}  // namespace faultline
