// Feeds that read venues and other feeds, from YAML to what markets believe in a run.
#include <catch2/catch.hpp>
#include <cmath>
#include <string>

#include "data/ecosystem_file.hpp"
#include "sim/compile/scenario.hpp"
#include "sim/engine.hpp"
#include "sim/readings.hpp"
#include "sim/scenario.hpp"
#include "tests/data/findings.hpp"

using namespace faultline;
using faultline::test::Desk;

namespace {

const std::string world_text = R"(faultline: 1
name: feeds
clock: {round: 12s, horizon: 40min}
assets:
  ETH: $2000
  USDC: $1
  stETH: {rate: 1.1 ETH}
venues:
  amm: {preset: uniswap_v2, pair: ETH/USDC, liquidity: $40m, fee: 0%}
  thin: {preset: uniswap_v2, pair: ETH/USDC, liquidity: $1m, fee: 0%}
  steth: {preset: uniswap_v2, pair: stETH/ETH, liquidity: $20m, fee: 0%}
agents:
  arbitrageurs: {gas: $1000000000000}
markets:
  bank:
    preset: aave_v3
    reserves:
      ETH: {supplied: 1k ETH, oracle: READ}
      USDC: {supplied: $1m, borrowed: $100k}
    borrowers: {count: 5, posts: ETH, health: {median: 4, p1: 3}}
oracles:
ORACLES
)";

/// The world with these oracles, of which the bank reads one.
struct Feeds {
  Desk desk;
  LoadedEcosystem loaded;
  Snapshot world;

  Feeds(const std::string& oracles, const std::string& read) {
    std::string text = world_text;
    text.replace(text.find("ORACLES"), 7, oracles);
    text.replace(text.find("READ"), 4, read);
    loaded = load_ecosystem_text("t.yaml", text, "", desk.reading);
    if (!desk.diagnostics.failed()) world = compile(loaded.eco, desk.diagnostics, loaded.spans());
  }
  double opening(const std::string& feed) const {
    return world.opening.market.published[world.oracle(feed).value];
  }
  /// What a feed says at the end of a run under some moves.
  double at_end(const std::string& feed, const Scenario& s) const {
    Workspace w(world);
    const Outcome& out = run(world, s, w);
    CHECK_FALSE(stop_is_failure(out.stop));
    return w.market.published[world.oracle(feed).value];
  }
  Scenario sale(double eth, double at_s) const {
    Scenario s;
    s.exploits.push_back({world.asset("ETH"), eth, at_s, ExploitThen::sell});
    return s;
  }
};

}  // namespace

TEST_CASE("a ratio feed is quoted in its asset; an adapter multiplies it by that asset's feed") {
  const Feeds f(
      "  pool.stETH: {venue: steth, in: ETH, live: on}\n"
      "  full.stETH: {feed: pool.stETH, times: ETH}\n"
      "  rate.stETH: {reads: rate, in: ETH}\n",
      "ETH");
  CHECK(f.desk.findings() == "");
  CHECK(f.opening("pool.stETH") == Approx(1.1).epsilon(1e-12));
  CHECK(f.opening("rate.stETH") == 1.1);
  CHECK(f.opening("full.stETH") == Approx(2200).epsilon(1e-12));
}

TEST_CASE("the median of venues and feeds, weights by name, a mark with an average premium") {
  const Feeds f(
      "  raw.ETH: {reads: reference, deviation: 0%, latency: 0s}\n"
      "  ETH: {median: [amm, thin, raw.ETH], weights: {raw.ETH: 300%}, live: on}\n"
      "  mark.ETH: {feed: raw.ETH, premium: thin, premium_ema: 150s}\n"
      "  all.ETH: {median: [mark.ETH, ETH, amm], live: on}\n",
      "all.ETH");
  CHECK(f.desk.findings() == "");
  for (const char* feed : {"ETH", "mark.ETH", "all.ETH", "raw.ETH"}) {
    INFO(feed);
    CHECK(f.opening(feed) == Approx(2000).epsilon(1e-9));
  }
  const OracleInfo& median = f.world.oracles[f.world.oracle("ETH").value];
  CHECK(median.weights == std::vector<double>{1, 1, 3});
  Scenario s;
  s.moves.push_back({MoveKind::price, f.world.asset("ETH").value, std::log(0.9), {60, 60}});
  CHECK(f.at_end("ETH", s) == Approx(1800).epsilon(1e-9));  // the heavy feed moved, no pool did
  // thin stands 200 above the feed now: after 39 minutes nearly all of it is in the premium
  CHECK(f.at_end("mark.ETH", s) ==
        Approx(2000 - 200 * std::exp(-(2400.0 - 60) / 150)).epsilon(1e-9));
}

TEST_CASE("a pool's mean follows a trade by the share of the window it has stood") {
  for (const std::string mean : {"geometric", "arithmetic"}) {
    Feeds f("  ETH: {venue: amm, live: on, twap: 30min, twap_mean: " + mean + "}\n", "ETH");
    CHECK(f.desk.findings() == "");
    f.loaded.eco.exploitable.insert("ETH");
    f.world = compile(f.loaded.eco, f.desk.diagnostics, f.loaded.spans());
    const Scenario s = f.sale(4000, 1800);  // 2,400 - 1,800 = 600 s of 1,800 s at the end
    Workspace w(f.world);
    run(f.world, s, w);
    const double pool = w.market.venue_price[f.world.venue("amm").value] *
                        w.market.spot[f.world.asset("USDC").value];
    REQUIRE(pool < 1700);
    const double m = pool / 2000, share = 1.0 / 3;
    const double expected =
        mean == "geometric" ? 2000 * std::pow(m, share) : 2000 * (1 + (m - 1) * share);
    CHECK(w.market.published[f.world.oracle("ETH").value] == Approx(expected).epsilon(1e-9));
  }
}

TEST_CASE("an adapter falls back while its feed is stale, and the market follows") {
  const Feeds f(
      "  push.ETH: {heartbeat: 10min, latency: 0s}\n"
      "  pool.ETH: {venue: amm, live: on}\n"
      "  ETH: {feed: push.ETH, max_age: 15min, fallback: pool.ETH}\n",
      "ETH");
  CHECK(f.desk.findings() == "");
  Scenario s;
  s.moves.push_back({MoveKind::outage, f.world.oracle("push.ETH").value, 1, {60, 60}});
  s.moves.push_back({MoveKind::price, f.world.asset("ETH").value, std::log(0.8), {120, 120}});
  CHECK(f.at_end("push.ETH", s) == 2000);
  CHECK(f.at_end("ETH", s) == Approx(2000).epsilon(1e-9));  // nobody arbitrages the pool
  Scenario drained = s;
  drained.moves.push_back({MoveKind::offset, f.world.oracle("pool.ETH").value, -0.3, {60, 60}});
  CHECK(f.at_end("ETH", drained) == Approx(1400).epsilon(1e-9));
}

TEST_CASE("bands value collateral low and debt high") {
  const Feeds plain("  ETH: {votes: [amm, thin], confidence: 1%, live: on}\n", "ETH");
  const Feeds bands("  ETH: {votes: [amm, thin], confidence: 1%, live: on, bands: on}\n", "ETH");
  CHECK(bands.desk.findings() == "");
  const Reserve& r = bands.world.reserves[0];
  CHECK(bands.world.assets[r.asset.value].name == "ETH");
  const auto ratio = [&](std::uint32_t factor) {
    return bands.world.opening.factors[factor] / plain.world.opening.factors[factor];
  };
  CHECK(ratio(r.collateral_factor) == Approx(0.99).epsilon(1e-9));
  CHECK(ratio(r.debt_factor) == Approx(1.01).epsilon(1e-9));
  Workspace w(bands.world);
  run(bands.world, Scenario{}, w);
  CHECK(w.factors[r.collateral_factor] == bands.world.opening.factors[r.collateral_factor]);
}

TEST_CASE("what cannot be meant of a feed is said, with its remedy") {
  const auto said = [](const std::string& oracles, const std::string& read = "ETH") {
    return Feeds(oracles, read).desk.findings();
  };
  CHECK(said("  a.ETH: {feed: b.ETH}\n  b.ETH: {feed: a.ETH}\n").find("E0427") !=
        std::string::npos);
  CHECK(said("  q.ETH: {venue: amm, in: USDC}\n", "q.ETH").find("E0428") != std::string::npos);
  CHECK(said("  ETH: {median: [amm, thin], weights: {steth: 20%}}\n").find("E0426") !=
        std::string::npos);
  CHECK(said("  ETH: {venue: amm, feed: USDC}\n").find("E0423") != std::string::npos);
  CHECK(said("  ETH: {venue: amm, twap: 1min, ema: 1min}\n").find("E0423") != std::string::npos);
  CHECK(said("  ETH: {venue: amm, on_failure: fallback}\n").find("E0423") != std::string::npos);
  CHECK(said("  ETH: {median: [amm, thinn]}\n").find("did you mean 'thin'") != std::string::npos);
}
