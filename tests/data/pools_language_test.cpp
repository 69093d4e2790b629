// What a file says of pools: categories, spokes, isolation, scaled thresholds, stakers, defences.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>

#include "data/ecosystem_file.hpp"
#include "data/parameter_paths.hpp"
#include "sim/compile/scenario.hpp"
#include "sim/engine.hpp"
#include "tests/data/opened.hpp"

using namespace faultline;
using faultline::test::Desk;
using faultline::test::Opened;
using faultline::test::with;

namespace {

const std::string file = R"(faultline: 1
name: a pool with everything around it
clock: {round: 12s, horizon: 1h}
assets: {ETH: $2000, USDC: $1, wstETH: {rate: 1.2 ETH}}
venues:
  world: {preset: outside, pair: ETH/USDC, depth: $20m within 1%}
  steth: {preset: uniswap_v2, pair: wstETH/ETH, liquidity: $100m}
markets:
  pool:
    preset: aave_v3
    losses: {bearers: [stakers, carry]}
    reserves:
      ETH: {supplied: 10k ETH, volatility_scaled: {usual: 60%, floor: 85%, ramp: 2h}}
      USDC: {supplied: $20m, borrowable_in_isolation: yes, siloed: yes}
      wstETH: {supplied: 2k wstETH, debt_ceiling: $1m}
    emodes:
      eth: {collateral: [wstETH], borrow: ETH}
    borrowers:
      - {name: a, posts: [10 ETH], owes: [10k USDC]}
      - {name: b, posts: [100 wstETH], owes: [110 ETH], emode: eth}
  spoke:
    preset: aave_v4
    shares_cash_with: pool
    reserves:
      ETH: {lt: 80%, ltv: 75%, draw_cap: 100 ETH}
      USDC: {lt: 75%, ltv: 70%, draw_cap: $1m}
    borrowers: [{name: c, posts: [10 ETH], owes: [9k USDC]}]
funds:
  umbrella: {covers: pool.USDC, holds: 1m USDC, claim: yes, offset: 50k USDC, leaving: $400k, leaves_in: 1h}
defences:
  guardian: {freezes: [wstETH, ETH], in: pool, watches: wstETH, after: 77min}
  breaker: {pauses: [pool.borrowing, spoke], when: {price: ETH, moves: 20%, within: 1h}, for: 30min, grace: 5min}
scenarios:
  frozen: [{at: 10min, freeze: {pool.ETH: 1h, spoke: 2h}}]
)";

std::string code_of(const std::string& text) {
  Opened o(text);
  for (const Diagnostic& d : o.desk.diagnostics.sorted()) {
    if (d.severity == Severity::error) return d.code;
  }
  return {};
}

}  // namespace

TEST_CASE("pools: a file's categories, spokes, stakers and defences are what it says") {
  Opened o(file);
  REQUIRE(o.desk.findings() == "");
  REQUIRE(o.world.markets.size() == 2);
  const Market& pool = o.world.markets[o.world.market("pool").value];
  REQUIRE(pool.emodes.size() == 1);
  CHECK(pool.reserve_count == 4);
  const Reserve& shared = o.world.reserves[pool.first_reserve + 3];
  CHECK(shared.emode == 0);
  CHECK(shared.terms.lt == 0.95);
  CHECK(shared.terms.bonus == 0.01);
  CHECK(shared.terms.protocol_fee == 0.1);  // of its asset's reserve
  CHECK(o.world.reserves[shared.pot].terms.lt == 0.81);
  const Reserve& eth = o.world.reserves[pool.first_reserve];
  CHECK(eth.scaling.on());
  CHECK(eth.scaling.floor == 0.85);
  CHECK(eth.scaling.ramp_s == 7200);
  CHECK(o.world.reserves[pool.first_reserve + 1].isolation.siloed);
  CHECK(o.world.reserves[pool.first_reserve + 1].isolation.borrowable);
  CHECK(o.world.reserves[pool.first_reserve + 2].isolation.ceiling_usd == 1e6);
  const Market& spoke = o.world.markets[o.world.market("spoke").value];
  CHECK(spoke.hub == o.world.market("pool"));
  CHECK(o.world.reserves[spoke.first_reserve + 1].pot == pool.first_reserve + 1);
  CHECK(o.world.reserves[spoke.first_reserve].terms.target_health == 1.05);
  REQUIRE(o.world.safety_modules.size() == 1);
  CHECK(o.world.safety_modules[0].reserve == pool.first_reserve + 1);
  CHECK(o.world.safety_modules[0].leaving == 400e3);
  CHECK(o.world.safety_modules[0].leaves_s == 3600);
  REQUIRE(o.world.guardians.size() == 1);
  CHECK(o.world.guardians[0].freezes.size() == 3);  // wstETH twice: its category too
  CHECK(o.world.guardians[0].after_s == 77 * 60);
  REQUIRE(o.world.breakers.size() == 1);
  CHECK(o.world.breakers[0].pauses.size() == 2);
  CHECK(o.world.breakers[0].pauses[0].borrowing);
  CHECK(o.world.breakers[0].pauses[1].all);
  std::deque<FollowedPath> paths;
  const ResolveSet resolve = set_resolver(o.loaded.eco, o.world, o.desk.diagnostics);
  const Scenario s =
      compile_scenario(o.world, o.loaded.eco.scenarios[0], resolve, paths, o.desk.diagnostics);
  CHECK(o.desk.findings() == "");
  CHECK(s.moves.size() == 3);
  Workspace w(o.world);
  w.audit_rounds = true;
  CHECK(run(o.world, s, w).stop_detail == "");
}

TEST_CASE("pools: every mistake is told with its code") {
  CHECK(code_of(with(file, "collateral: [wstETH]", "collateral: [wstETH, BTC]")) == "E0330");
  CHECK(code_of(with(file, "emode: eth}", "emode: eht}")) == "E0544");
  CHECK(code_of(with(file, "borrow: ETH}", "borrow: USDC}")) == "E0545");
  CHECK(code_of(with(file, "shares_cash_with: pool", "shares_cash_with: spoke")) == "E0541");
  CHECK(code_of(with(file, "draw_cap: 100 ETH", "supplied: 100 ETH")) == "E0543");
  CHECK(code_of(with(file, "in: pool,", "in: [pool, spoke], watches: USDC, kind: breaker,")) != "");
  CHECK(code_of(with(file, "pauses: [pool.borrowing, spoke]", "pauses: pool.lending")) == "E0546");
  CHECK(code_of(with(file, "covers: pool.USDC", "covers: pool.DAI")) == "E0550");
  CHECK(code_of(with(file, "bearers: [stakers, carry]", "bearers: [carry]")) == "E0552");
  CHECK(code_of(with(file, "leaving: $400k", "leaving: $4m")) == "E0553");
}

TEST_CASE("pools: a column of a table says which category an account is in") {
  std::string folder = (std::filesystem::temp_directory_path() / "faultline-emode-XXXXXX").string();
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  std::ofstream(folder + "/p.csv") << "account,posted,owed,mode\n"
                                      "a,100,80,\n"
                                      "b,100,110,eth\n"
                                      "c,10,8,\n";
  const std::string from =
      "    borrowers:\n      - {name: a, posts: [10 ETH], owes: [10k USDC]}\n"
      "      - {name: b, posts: [100 wstETH], owes: [110 ETH], emode: eth}\n";
  const std::string to =
      "    borrowers: {file: p.csv, columns: {posts: {wstETH: posted}, owes: {ETH: owed}, emode: "
      "mode}}\n";
  Desk desk;
  const LoadedEcosystem loaded =
      load_ecosystem_text("t.yaml", with(file, from, to), folder, desk.reading);
  const Snapshot world = compile(loaded.eco, desk.diagnostics, loaded.spans());
  std::filesystem::remove_all(folder);
  REQUIRE(desk.findings() == "");
  const Market& pool = world.markets[world.market("pool").value];
  const auto emode = [&](std::uint32_t position) {
    return world.reserves[world.book->factor(position, 0) / 2].emode;
  };
  REQUIRE(pool.emodes.size() == 1);
  CHECK(emode(0) == -1);
  CHECK(emode(1) == 0);
  CHECK(emode(2) == -1);
}

TEST_CASE("pools: terms of a category are a parameter") {
  Opened o(file);
  const auto found =
      find_parameters("markets.pool.emodes.eth.lt", o.loaded.eco, o.world, o.desk.diagnostics, {});
  REQUIRE(found.size() == 1);
  const SettingChange c = found[0].at_number(0.9);
  CHECK(c.reserve.terms.lt == 0.9);
  CHECK(c.reserve.terms.ltv == c.reserve_other.terms.ltv);
  CHECK(o.world.reserves[c.target].emode == 0);
}
