// What a file says of clusters of vaults, and what it may not say.
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
name: a cluster
assets: {WETH: $2000, UNI: $5, USDC: $1}
venues: {world: {preset: outside, each: {WETH/USDC: {depth: $20m within 1%}, UNI/USDC: {depth: $1m within 1%}}}}
markets:
  ring:
    preset: euler_v2
    vaults:
      USDC: {supplied: 1m USDC, collateral: {WETH: 85%, UNI: {lt: 60%, ltv: 50%}}}
      WETH: {supplied: 1k WETH, collateral: {USDC: 87%}, max_discount: 10%}
      UNI: {escrow: yes}
    borrowers: [{name: a, posts: [10 WETH, 100 UNI], owes: [12k USDC]}, {name: b, posts: [2k USDC], owes: [0.5 WETH]}]
)";

std::string findings(const std::string& from, const std::string& to) {
  return Opened(with(file, from, to)).desk.findings();
}

std::size_t parameters(const Opened& o, const std::string& path, Diagnostics& diagnostics) {
  return find_parameters(path, o.loaded.eco, o.world, diagnostics, {}).size();
}

}  // namespace

TEST_CASE("clusters: vaults, the shares each takes, and which vault an account owes") {
  Opened o(file);
  REQUIRE(o.desk.findings() == "");
  const Market& market = o.world.markets[0];
  REQUIRE(market.reserve_count == 6);  // UNI, USDC, WETH; UNI and WETH for USDC; USDC for WETH
  REQUIRE(market.emodes.size() == 2);
  const Reserve& uni = o.world.reserves[3];
  CHECK(uni.terms.lt == 0.6);
  CHECK(uni.terms.ltv == 0.5);
  CHECK(uni.terms.bonus == Approx(0.15 / 0.85));
  CHECK(uni.pot == 0);
  const Reserve& weth = o.world.reserves[4];
  CHECK(weth.terms.ltv == Approx(0.83));
  CHECK(weth.terms.discount_grows);
  CHECK(o.world.reserves[5].terms.bonus == Approx(0.1 / 0.9));
  CHECK_FALSE(o.world.reserves[0].takes_debt);
  CHECK(o.world.reserves[1].rate.kink == 0.9);
  CHECK(o.world.clusters[0].vaults[2].ramp_s == 30 * 86400);
  CHECK(o.world.book->factor(0, 0) == 2 * 3);
  CHECK(o.world.book->factor(0, 1) == 2 * 4);
  CHECK(o.world.book->factor(0, 2) == 2 * 1 + 1);
  CHECK(o.world.book->factor(1, 0) == 2 * 5);
  CHECK(parameters(o, "markets.ring.vaults.USDC.collateral.WETH.lt", o.desk.diagnostics) == 1);
  CHECK(parameters(o, "markets.ring.vaults.*.max_discount", o.desk.diagnostics) == 3);
  CHECK(parameters(o, "markets.ring.vaults.USDC.rate.slope2", o.desk.diagnostics) == 1);
  CHECK(parameters(o, "markets.ring.vaults.USDC.borrow_cap", o.desk.diagnostics) == 1);
}

TEST_CASE("clusters: what cannot be meant is told with its place and a remedy") {
  CHECK(findings("UNI: {escrow: yes}", "UNI: {escrow: yes, borrowed: 5 UNI}") ==
        "t.yaml:11:36: error E0670: UNI lies in escrow in 'ring' and is lent to nobody\n"
        "   11 |       UNI: {escrow: yes, borrowed: 5 UNI}\n"
        "      |                                    ^^^^^ leave out `borrowed` and `collateral`, "
        "or `escrow`\n");
  CHECK(findings("UNI: {escrow: yes}", "UNI: {borrowed: 5 UNI}") ==
        "t.yaml:11:23: error E0671: the UNI of 'ring' is owed, but against nothing\n"
        "   11 |       UNI: {borrowed: 5 UNI}\n"
        "      |                       ^^^^^ name the vaults whose shares it takes: `collateral: "
        "{WETH: 85%}`\n");
  CHECK(
      findings("      UNI: {escrow: yes}\n", "") ==
      "t.yaml:9:62: error E0672: 'ring' has no vault of UNI\n"
      "    9 |       USDC: {supplied: 1m USDC, collateral: {WETH: 85%, UNI: {lt: 60%, ltv: 50%}}}\n"
      "      |                                                              ^ declare it under "
      "`vaults`, or leave it out\n");
  CHECK(findings("collateral: {USDC: 87%}", "collateral: {WETH: 87%}") ==
        "t.yaml:10:52: error E0673: the WETH of 'ring' cannot be owed against shares of itself\n"
        "   10 |       WETH: {supplied: 1k WETH, collateral: {WETH: 87%}, max_discount: 10%}\n"
        "      |                                                    ^^^ take it out of its own "
        "`collateral`\n");
  CHECK(findings("owes: [0.5 WETH]", "owes: [0.5 WETH, 1 USDC]") ==
        "t.yaml:7:5: error E0675: account 'b' of 'ring' owes two vaults: one controls an account\n"
        "    7 |     preset: euler_v2\n"
        "      |     ^ give it as two accounts\n");
  CHECK(findings("posts: [2k USDC]", "posts: [2k USDC, 5 UNI]") ==
        "t.yaml:7:5: error E0676: account 'b' of 'ring' posts shares of UNI, which the WETH it "
        "owes does not take\n"
        "    7 |     preset: euler_v2\n"
        "      |     ^ name UNI under `collateral` of WETH, or take it out\n");
  CHECK(findings("name: b,", "name: b, emode: USDC,") ==
        "t.yaml:7:5: error E0674: 'ring' has no e-modes: an account's terms follow from the vault "
        "it owes\n"
        "    7 |     preset: euler_v2\n"
        "      |     ^ leave `emode` out\n");
  CHECK(
      findings("lt: 60%, ltv: 50%", "lt: 60%, ltv: 70%") ==
      "t.yaml:9:77: error E0502: one may borrow 70% but is liquidated at 60%\n"
      "    9 |       USDC: {supplied: 1m USDC, collateral: {WETH: 85%, UNI: {lt: 60%, ltv: 70%}}}\n"
      "      |                                                                             ^^^ ltv "
      "must not exceed lt\n");
  const std::size_t at = file.find("borrowers: [");
  CHECK(Opened(file.substr(0, at) + "borrowers: {count: 10, owes: 5 UNI}\n").desk.findings() ==
        "t.yaml:12:16: error E0677: nobody can owe UNI to 'ring'\n"
        "   12 |     borrowers: {count: 10, owes: 5 UNI}\n"
        "      |                ^ declare its vault, with the shares it takes as `collateral`\n");
}
