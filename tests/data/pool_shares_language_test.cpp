// What a file says of pools' shares as assets, and what it may not say.
#include <catch2/catch.hpp>
#include <deque>

#include "data/ecosystem_file.hpp"
#include "data/parameter_paths.hpp"
#include "sim/compile/scenario.hpp"
#include "sim/snapshot.hpp"
#include "tests/data/opened.hpp"

using namespace faultline;
using faultline::test::with;

namespace {

const std::string file = R"(faultline: 1
name: a pool's share
assets: {ETH: $2000, USDC: $1, stETH: {rate: 1 ETH}}
venues:
  world: {preset: outside, pair: ETH/USDC, depth: $20m within 1%}
  v3: {kind: concentrated_liquidity, pair: ETH/USDC, liquidity: $20m}
  many: {preset: stableswap, pair: stETH/ETH, liquidity: $20m, others: {USDC: 1m USDC}}
  curve: {preset: stableswap, pair: stETH/ETH, liquidity: $20m}
vaults:
  steCRV: {kind: lp_share, of: curve}
oracles:
  reserves.steCRV: {reads: reserves}
markets:
  lender:
    kind: isolated_market
    lends: USDC
    collateral: steCRV
    lltv: 80%
    oracle: reserves.steCRV
    supplied: 1m USDC
    borrowers: [{name: a, posts: [1m steCRV], owes: [700k USDC]}]
scenarios:
  s: [{at: 0, withdraw: {steCRV: 30%}}]
)";

/// With what its scenarios compile to.
struct Opened : test::Opened {
  explicit Opened(const std::string& text) : test::Opened(text) {
    if (desk.diagnostics.failed()) return;
    for (const ScenarioSpec& s : loaded.eco.scenarios) {
      scenarios.push_back(compile_scenario(
          world, s, set_resolver(loaded.eco, world, desk.diagnostics), paths, desk.diagnostics));
    }
  }
  std::deque<FollowedPath> paths;
  std::vector<Scenario> scenarios;
};

std::string findings(const std::string& from, const std::string& to) {
  return Opened(with(file, from, to)).desk.findings();
}

}  // namespace

TEST_CASE(
    "pool shares: a vault names the pool, and its share is an asset, a feed and two ways out") {
  Opened o(file);
  REQUIRE(o.desk.findings() == "");
  REQUIRE(o.world.shares.size() == 1);
  const PoolShare& s = o.world.shares[0];
  CHECK(o.world.assets[s.asset.value].name == "steCRV");
  CHECK(o.world.venues[s.pool.value].name == "curve");
  CHECK(o.world.venue("leave.steCRV.ETH") == s.out_in_quote);
  CHECK(o.world.venue("leave.steCRV.stETH") == s.out_in_base);
  CHECK(o.world.total_supply[s.asset.value] == Approx(2e7).epsilon(1e-9));
  const OracleInfo& feed = o.world.oracles[o.world.oracle("reserves.steCRV").value];
  CHECK(feed.params.source == SourceKind::reserves);
  CHECK(o.world.oracles[feed.pool_base.value].name == "stETH");
  CHECK(o.world.oracles[feed.pool_quote.value].name == "ETH");
  // 30% of the 19m shares that are with other providers, of all 20m.
  REQUIRE(o.scenarios[0].moves.size() == 1);
  CHECK(o.scenarios[0].moves[0].target == s.pool.value);
  CHECK(o.scenarios[0].moves[0].value == Approx(0.3 * 0.95).epsilon(1e-6));
}

TEST_CASE("pool shares: every mistake has its place and its remedy") {
  CHECK(findings("of: curve}", "of: world}") ==
        R"(t.yaml:10:32: error E0661: 'world' issues no shares that are all alike
   10 |   steCRV: {kind: lp_share, of: world}
      |                                ^^^^^ pools that do: curve
)");
  CHECK(findings("of: curve}", "of: v3}") ==
        R"(t.yaml:10:32: error E0661: 'v3' issues no shares that are all alike
   10 |   steCRV: {kind: lp_share, of: v3}
      |                                ^^ pools that do: curve
)");
  CHECK(findings("of: curve}", "of: many}") ==
        R"(t.yaml:10:32: error E0662: a share of 'many' is also one of coins beside stETH/ETH
   10 |   steCRV: {kind: lp_share, of: many}
      |                                ^^^^ shares of pools of two coins can be assets: write the pool with the pair alone
)");
  CHECK(findings("of: curve}", "of: curv}") ==
        R"(t.yaml:10:32: error E0330: no venue 'curv'
   10 |   steCRV: {kind: lp_share, of: curv}
      |                                ^^^^ did you mean 'curve'? Or declare it under 'venues'
)");
  CHECK(findings("curve: {preset: stableswap, pair: stETH/ETH, liquidity: $20m}",
                 "curve: {preset: stableswap, each: {stETH/ETH: {liquidity: $20m}}}") ==
        R"(t.yaml:10:32: error E0660: 'curve' is no pool
   10 |   steCRV: {kind: lp_share, of: curve}
      |                                ^^^^^ pools there are: curve.stETH/ETH
)");
  CHECK(findings("stETH: {rate: 1 ETH}}", "stETH: {rate: 1 ETH}, steCRV: $1}") ==
        R"(t.yaml:3:62: error E0663: steCRV is the share of 'curve': it needs no declaration
    3 | assets: {ETH: $2000, USDC: $1, stETH: {rate: 1 ETH}, steCRV: $1}
      |                                                              ^^ leave `steCRV` out of assets, or let `vaults.steCRV` issue another name
)");
  CHECK(
      findings("of: curve}", "of: curve, supply: 900k steCRV}") ==
      R"(t.yaml:10:11: error E0664: 1e+06 steCRV are held and posted, of the 900000 that 'curve' has issued
   10 |   steCRV: {kind: lp_share, of: curve, supply: 900k steCRV}
      |           ^ state a larger `supply`, make the pool larger, or let others hold less of it
)");
  CHECK(findings("of: curve}", "of: curve, supply: $20m}") ==
        R"(t.yaml:10:47: error E0669: a supply of shares is counted in steCRV
   10 |   steCRV: {kind: lp_share, of: curve, supply: $20m}
      |                                               ^^^^ write `supply: 1m steCRV`, or leave it out for one share a dollar
)");
  CHECK(findings("of: curve}", "of: curve}\n  again: {kind: lp_share, of: curve}") ==
        R"(t.yaml:10:32: error E0666: 'again' is the share of 'curve' already
   10 |   steCRV: {kind: lp_share, of: curve}
      |                                ^^^^^ let one vault issue them
)");
  CHECK(findings("reserves.steCRV: {reads: reserves}",
                 "reserves.steCRV: {reads: reserves}\n  ETH: {reads: reserves}") ==
        R"(t.yaml:13:16: error E0665: ETH is no share of a pool: it has no reserves
   13 |   ETH: {reads: reserves}
      |                ^^^^^^^^ read `rate`, `backing` or `reference`, or a venue
)");
  CHECK(
      findings("pair: stETH/ETH, liquidity: $20m}\nvaults",
               "pair: steCRV/ETH, liquidity: $20m}\nvaults") ==
      R"(t.yaml:10:11: error E0667: the pool of 'steCRV' holds its own share, itself or by way of others
   10 |   steCRV: {kind: lp_share, of: curve}
      |           ^ let the pools of the circle trade something else
)");
  CHECK(findings("withdraw: {steCRV: 30%}", "price: {steCRV: -30%}") ==
        R"(t.yaml:23:7: error E0668: steCRV is worth what 'curve' holds: it moves with that
   23 |   s: [{at: 0, price: {steCRV: -30%}}]
      |       ^ shock stETH or ETH, or let providers leave: `withdraw: {steCRV: 30%}`
)");
  CHECK(findings("withdraw: {steCRV: 30%}", "backing: {steCRV: 30%}") ==
        R"(t.yaml:23:7: error E0668: steCRV is worth what 'curve' holds: it moves with that
   23 |   s: [{at: 0, backing: {steCRV: 30%}}]
      |       ^ shock stETH or ETH, or let providers leave: `withdraw: {steCRV: 30%}`
)");
}
