// Parameters by path: a change to any word of a field takes effect, the first one too, and changes
// of two fields of one node stand side by side.
#include "data/parameter_paths.hpp"

#include <catch2/catch.hpp>
#include <initializer_list>
#include <utility>

#include "tests/data/shipped_ecosystem.hpp"

using namespace faultline;
using faultline::test::Shipped;

namespace {

/// Rules of the shipped perpetual venue in a run that begins with these parameters set so, written
/// or, where the text is empty, drawn as a place in the list of words.
PerpRules with(std::initializer_list<std::pair<const char*, const char*>> settings,
               double place = 0) {
  Shipped crash("perp_crash.yaml");
  Diagnostics diagnostics;
  Scenario scenario;
  for (const auto& [path, text] : settings) {
    for (const Parameter& p :
         find_parameters(path, crash.loaded.eco, crash.world, diagnostics, {})) {
      scenario.settings.push_back(*text != 0 ? p.at_text(text, diagnostics, {})
                                             : p.at_number(place));
    }
  }
  CHECK_FALSE(diagnostics.failed());
  Workspace w(crash.world);
  run(crash.world, scenario, w);
  return w.settings.perps.at(0);
}

}  // namespace

TEST_CASE("parameters: every word takes effect, the first of its list too") {
  CHECK(with({}).adl.price == AdlPrice::previous_mark);
  CHECK(with({{"markets.perps.adl.price", "bankruptcy"}}).adl.price == AdlPrice::bankruptcy);
  CHECK(with({{"markets.perps.adl.price", "oracle"}}).adl.price == AdlPrice::oracle);
  CHECK(with({{"markets.perps.adl.price", ""}}, 0).adl.price == AdlPrice::bankruptcy);
  CHECK(with({{"markets.perps.adl.price", ""}}, 2).adl.price == AdlPrice::oracle);
}

TEST_CASE("parameters: changes of two fields of one node stand side by side") {
  const PerpRules rules = with({{"markets.perps.adl.price", "bankruptcy"},
                                {"markets.perps.adl.rank", "pro_rata"},
                                {"markets.perps.liquidation.slice", "50%"}});
  CHECK(rules.adl.price == AdlPrice::bankruptcy);
  CHECK(rules.adl.rank == AdlRank::pro_rata);
  CHECK(rules.liquidation.slice == 0.5);
}
