// What a file says of books that lose depth, of makers, bands, halts, metaorders and chains, read
// and compiled.
#include <catch2/catch.hpp>
#include <cmath>
#include <deque>

#include "data/ecosystem_file.hpp"
#include "data/parameter_paths.hpp"
#include "sim/compile/scenario.hpp"
#include "sim/engine.hpp"
#include "tests/data/opened.hpp"

using namespace faultline;
using faultline::test::Opened;

namespace {

const std::string file = R"(faultline: 1
name: depth that leaves
clock: {round: 12s, horizon: 4h}
assets: {ETH: $2000, BTC: $50000, USDC: $1}
venues:
  spot: {preset: order_book, pair: ETH/USDC, depth: $25m within 1%, band: 10%}
  btc:
    preset: order_book
    pair: BTC/USDC
    depth: $40m within 1%
    retreat: {volatility: 50%/y, exponent: 1.5, down_to: 3%, leave: 10s, back: 10min}
    band: {width: 5%, window: 5min, limit: 15s, pause: 5min}
  desk: {kind: metaorder, pair: ETH/USDC, volume: $20bn/d, volatility: 60%/y, coefficient: 0.7}
  far.pool: {preset: uniswap_v2, pair: ETH/USDC, liquidity: $10m}
agents:
  makers: {quotes: [spot, btc], capital: $20m, retreat: {at_volatility: 3x, down_to: 5%}}
chains:
  near: {gas: $15}
  far: {gas: 1 USDC, hosts: [far.pool]}
scenarios:
  leave:
    - {at: 10min, withdraw: {makers: 95%}, over: 4min, back_by: 90min}
    - {at: 20min, halt: {far.pool: 5min}}
    - {at: 1min, price: {ETH: -25%}, over: 10min}
)";

}  // namespace

TEST_CASE("depth: a file's books, makers, halts and chains are what it says") {
  Opened o(file);
  REQUIRE(o.desk.findings() == "");
  const auto book = [&](const char* name) {
    return o.world.venue_params
        .of<OrderBook>()[o.world.venues[o.world.venue(name).value].slot.index];
  };
  CHECK(book("spot").band.width == 0.1);
  CHECK(book("spot").band.pause_s == 0);
  CHECK(!book("spot").retreat.on());
  CHECK(book("btc").band.width == 0.05);
  CHECK(book("btc").band.pause_s == 300);
  CHECK(book("btc").retreat.usual == Approx(0.25 / 31536000));
  CHECK(book("btc").retreat.leave_s == 10);
  REQUIRE(o.world.makers.size() == 1);
  CHECK(o.world.makers[0].capital_usd == 2e7);
  CHECK(o.world.makers[0].retreat.exponent == Approx(std::log(20) / std::log(3)));
  CHECK(o.world.makers[0].books.size() == 2);
  const auto& desk = o.world.venue_params.of<Metaorder>().at(0);
  // 1% of price takes ($20bn)(1% / (0.7 * 60%/sqrt(365)))^2 = $4.14bn
  CHECK(desk.curve.depth * 2000 == Approx(2e10 * std::pow(0.01 / (0.7 * 0.6), 2) * 365));
  REQUIRE(o.world.chains.size() == 2);
  CHECK(o.world.chains[o.world.venues[o.world.venue("far.pool").value].chain].name == "far");
  CHECK(o.world.chains[o.world.venues[o.world.venue("spot").value].chain].name == "near");

  std::deque<FollowedPath> paths;
  const Scenario s = compile_scenario(o.world, o.loaded.eco.scenarios.at(0),
                                      set_resolver(o.loaded.eco, o.world, o.desk.diagnostics),
                                      paths, o.desk.diagnostics);
  REQUIRE(o.desk.findings() == "");
  REQUIRE(s.moves.size() == 3);
  CHECK(s.moves[0].kind == MoveKind::makers);
  CHECK(s.moves[1].kind == MoveKind::halt);
  CHECK(s.moves[1].when.share(1200) == 1);
  CHECK(s.moves[1].when.share(1499) == 1);
  CHECK(s.moves[1].when.share(1500) == 0);
  Workspace w(o.world);
  w.record = w.audit_rounds = true;
  const Outcome& out = run(o.world, s, w);
  CHECK(!stop_is_failure(out.stop));
  bool left = false, halted = false;
  for (const TimelineEvent& e : out.timeline) {
    left = left || (e.kind == "depth" && e.node == "makers");
    halted = halted || (e.kind == "halt" && e.node == "far.pool");
  }
  CHECK(left);
  CHECK(halted);
}

TEST_CASE("depth: what cannot be meant is told with its place") {
  const auto said = [](std::string text, const std::string& from, const std::string& to) {
    text.replace(text.find(from), from.size(), to);
    return Opened(text).desk.findings();
  };
  CHECK_THAT(said(file, "leave: 10s", "memory: 30s"),
             Catch::Contains("memory is no shorter than `sampled`"));
  CHECK_THAT(said(file, "[spot, btc]", "[spot, far.pool]"), Catch::Contains("is no order book"));
  CHECK_THAT(said(file, "[spot, btc]", "[spott, btc]"), Catch::Contains("spot"));
  CHECK_THAT(said(file, "volume: $20bn/d", "volume: 20 DOGE/d"), Catch::Contains("desk"));
}
