// What a file says of markets that absorb failing accounts, and what it may not say.
#include <catch2/catch.hpp>

#include "data/ecosystem_file.hpp"
#include "data/parameter_paths.hpp"
#include "sim/snapshot.hpp"
#include "tests/data/opened.hpp"

using namespace faultline;
using faultline::test::Opened;
using faultline::test::with;

namespace {

const std::string file = R"(faultline: 1
name: a storefront
assets: {WETH: $2000, UNI: $5, USDC: $1}
venues: {world: {preset: outside, each: {WETH/USDC: {depth: $20m within 1%}, UNI/USDC: {depth: $1m within 1%}}}}
markets:
  comet:
    preset: compound_v3_usdc
    lends: USDC
    supplied: 1m USDC
    protocol_reserves: 10k USDC
    collateral: {WETH: {supply_cap: 5k WETH}, UNI: {liquidation_factor: 90%}}
    borrowers: [{name: a, posts: [10 WETH, 100 UNI], owes: [12k USDC]}, {name: b, posts: [2k USDC]}]
)";

std::string findings(const std::string& from, const std::string& to) {
  return Opened(with(file, from, to)).desk.findings();
}

}  // namespace

TEST_CASE("absorbing markets: a preset's terms lie beneath the collateral one names") {
  Opened o(file);
  REQUIRE(o.desk.findings() == "");
  REQUIRE(o.world.absorbing.size() == 1);
  const AbsorbingInfo& a = o.world.absorbing[0];
  CHECK(a.terms.target_reserves == 5e6);
  CHECK(a.terms.price_factor == 0.5);
  REQUIRE(o.world.counters.size() == 2);  // UNI, WETH
  const Reserve& uni = o.world.reserves[o.world.counters[0].reserve];
  const Reserve& weth = o.world.reserves[o.world.counters[1].reserve];
  CHECK(uni.terms.lt == 0.81);
  CHECK(o.world.counters[0].liquidation_factor == 0.9);
  CHECK(weth.terms.ltv == 0.825);
  CHECK(weth.supply_cap == 5000);
  CHECK_FALSE(weth.lent);
  const Reserve& base = o.world.reserves[a.base];
  CHECK(base.rate.kind == RateKind::split);
  CHECK(base.rate.split.supply.high == Approx(0.4));
  CHECK(base.rate.split.borrow.low == Approx(0.035));
  CHECK(o.world.book->legs(0) == 4);  // supply, UNI, WETH, debt
  CHECK(o.world.book->base_amount(1, 0) == 2000);
  const auto found =
      find_parameters("markets.comet.rate.slope2", o.loaded.eco, o.world, o.desk.diagnostics, {});
  CHECK(found.size() == 1);
}

TEST_CASE("absorbing markets: what cannot be meant is told with its place and a remedy") {
  CHECK(findings("UNI: {liq", "USDC: {liq") ==
        "t.yaml:11:53: error E0600: USDC is the base asset and cannot be collateral for itself\n"
        "   11 |     collateral: {WETH: {supply_cap: 5k WETH}, USDC: {liquidation_factor: 90%}}\n"
        "      |                                                     ^ take it out of "
        "`collateral`\n");
  CHECK(
      findings("UNI: {liquidation_factor: 90%}", "UNI: {borrow_cf: 85%}") ==
      "preset compound_v3_usdc:28:41: error E0604: one may borrow 85% of UNI and is absorbed at "
      "81%\n"
      "   28 |     UNI: {borrow_cf: 75%, liquidate_cf: 81%, liquidation_factor: 93%}\n"
      "      |                                         ^^^ state a liquidate_cf above borrow_cf\n");
  CHECK(findings("{WETH: {supply_cap: 5k WETH}, UNI: {liquidation_factor: 90%}}", "{}") ==
        "t.yaml:11:17: error E0602: 'comet' takes no collateral, so nobody can borrow\n"
        "   11 |     collateral: {}\n"
        "      |                 ^ name an asset: `collateral: {WETH: {}}`\n");
  CHECK(findings("posts: [2k USDC]", "posts: [2k USDC, 1 WETH], owes: [1k USDC]") ==
        "t.yaml:7:5: error E0603: account 2 of 'comet' lends USDC and owes it: there the two are "
        "one balance\n"
        "    7 |     preset: compound_v3_usdc\n"
        "      |     ^ state what is left of the two\n");
  CHECK(
      findings("    protocol_reserves", "    target_reserves: 0 USDC\n    protocol_reserves") ==
      "t.yaml:10:22: warning W0600: 'comet' sells nothing at its counter until reserves are below "
      "zero\n"
      "   10 |     target_reserves: 0 USDC\n"
      "      |                      ^^^^^^ state the `target_reserves` up to which it sells\n");
}
