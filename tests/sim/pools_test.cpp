// Pools inside a run: what they read of the world, and what limits the orders of a liquidation.
#include <catch2/catch.hpp>
#include <cmath>

#include "sim/engine.hpp"
#include "sim/venue_ops.hpp"
#include "tests/sim/small_world.hpp"

using namespace faultline;
using faultline::test::add;

namespace {

Ecosystem dollars_and_eth() {
  Ecosystem eco;
  eco.clock.round.value = 12;
  eco.clock.horizon.value = 3600;
  AssetSpec eth, usd;
  eth.price = Amount{2000, "$"};
  usd.price = Amount{1, "$"};
  add(eco.assets, "ETH", eth);
  add(eco.assets, "USD", usd);
  return eco;
}

Snapshot compiled(const Ecosystem& eco) {
  Diagnostics diagnostics;
  Snapshot world = compile(eco, diagnostics, {});
  for (const Diagnostic& d : diagnostics.all()) {
    if (d.severity == Severity::error) FAIL(d.message);
  }
  return world;
}

/// Arbitrageurs between the pool and the outside market, free of gas.
void add_arbitrageurs(Ecosystem& eco, const char* venue) {
  ArbitrageurSpec spec;
  spec.between = {Name{venue}};
  spec.gas = Amount{0, "$"};
  add(eco.agents, "arbitrageurs", AgentSpecs{spec});
  Outside::Spec outside;
  outside.pair = {"ETH", "USD"};
  outside.depth = {{1e9, "$"}, 0.01};
  add(eco.venues, "world", VenueNode{outside, {}});
}

Outcome freeze_and_fall(const Snapshot& world, Workspace& w) {
  Scenario s;
  s.moves.push_back({MoveKind::frozen, world.oracle("ETH").value, 1, {}});
  s.moves.push_back({MoveKind::level, world.asset("ETH").value, 1600, {}});
  return run(world, s, w);
}

}  // namespace

TEST_CASE("pools: a rate pool follows the contract rate without a trade") {
  Ecosystem eco = dollars_and_eth();
  AssetSpec claim;
  claim.rate = Rate{1.2, "ETH"};
  add(eco.assets, "wstETH", claim);
  StableSwap::Spec pool;
  pool.pair = {"wstETH", "ETH"};
  pool.liquidity = Amount{1e8, "$"};
  add(eco.venues, "pool", VenueNode{pool, {}});
  StableSwap::Spec plain = pool;
  plain.rates = "none";
  add(eco.venues, "plain", VenueNode{plain, {}});
  ArbitrageurSpec nobody;
  nobody.gas = Amount{1e15, "$"};
  add(eco.agents, "arbitrageurs", AgentSpecs{nobody});
  const Snapshot world = compiled(eco);
  const VenueId rated = world.venue("pool"), unrated = world.venue("plain");
  CHECK(venue_marginal(world, world.opening.venues, rated) == Approx(1.2).epsilon(1e-12));
  CHECK(venue_marginal(world, world.opening.venues, unrated) == Approx(1.2).epsilon(1e-8));
  Scenario s;
  s.moves.push_back({MoveKind::rate, world.asset("wstETH").value, std::log(0.75), {}});
  Workspace w(world);
  run(world, s, w);
  // Balanced at 1.2, it stands by a quarter off balance at 0.9: near the new rate, not at it.
  CHECK(w.market.venue_price[rated.value] == Approx(0.9).epsilon(0.01));
  CHECK(w.market.venue_price[rated.value] > 0.9);
  CHECK(w.market.venue_price[unrated.value] == world.opening.market.venue_price[unrated.value]);
}

TEST_CASE("pools: an oracle pool trades at the feed it names, also a frozen one") {
  const auto make = [](bool named) {
    Ecosystem eco = dollars_and_eth();
    OraclePool::Spec pool;
    pool.pair = {"ETH", "USD"};
    pool.liquidity = Amount{2e7, "$"};
    if (named) pool.oracle = Name{"ETH"};
    add(eco.venues, "pool", VenueNode{pool, {}});
    add(eco.oracles, "ETH", FeedSpec{});
    add_arbitrageurs(eco, "pool");
    return compiled(eco);
  };
  const Snapshot stale = make(true), fresh = make(false);
  CHECK(stale.assets[stale.asset("ETH").value].pricing != stale.venue("pool"));  // prices nothing
  Workspace w(stale), v(fresh);
  const Outcome drained = freeze_and_fall(stale, w), spared = freeze_and_fall(fresh, v);
  // Sold ETH at 2000 that is worth 1600 until its dollars were gone: a fifth of $10m, less fees.
  CHECK(drained.venues[stale.venue("pool").value].lp_loss_usd > 1.5e6);
  CHECK(w.ledger.balance(stale.venues[stale.venue("pool").value].quote_account) < 2e5);
  CHECK(w.market.venue_price[stale.venue("pool").value] < 2000);
  CHECK(v.outcome.venues[fresh.venue("pool").value].volume_usd == 0);
  CHECK(v.market.venue_price[fresh.venue("pool").value] == Approx(1600).epsilon(0.001));
  CHECK(spared.stop == Stop::settled);
}

TEST_CASE("pools: a band pool turns collateral into dollars as its oracle falls") {
  Ecosystem eco = dollars_and_eth();
  BandPool::Spec pool;
  pool.pair = {"ETH", "USD"};
  pool.deposits["loans"] = {Amount{5000, "ETH"}, 10, Ratio{0.05}};
  pool.oracle_half_life.value = 60;
  add(eco.venues, "pool", VenueNode{pool, {}});
  add_arbitrageurs(eco, "pool");
  const Snapshot world = compiled(eco);
  Scenario s;
  s.moves.push_back({MoveKind::level, world.asset("ETH").value, 1600, {0, 1800, 1e300, 1e300}});
  Workspace w(world);
  w.audit_rounds = true;
  run(world, s, w);
  const VenueInfo& v = world.venues[world.venue("pool").value];
  CHECK(w.ledger.balance(v.base_account) < 1);  // 5000 ETH between 1900 and 1720 dollars
  const double dollars = w.ledger.balance(v.quote_account);
  CHECK(dollars > 5000 * 1650);
  CHECK(dollars < 5000 * 1900);
}

TEST_CASE("pools: a liquidation beyond 30% of a weighted pool waits for the next round") {
  Ecosystem eco = dollars_and_eth();
  WeightedPool::Spec pool;
  pool.pair = {"ETH", "USD"};
  pool.base = Amount{1000, "ETH"};
  pool.quote = Amount{2e6, "USD"};
  add(eco.venues, "pool", VenueNode{pool, {}});
  IsolatedMarket::Spec market;
  market.lends = {"USD"};
  market.collateral = {"ETH"};
  market.ltv.value = market.lt.value = 0.5;
  market.bonus = Ratio{0.9};  // pays whatever the pool does to the price
  market.close_factor = Ratio{1};
  market.rate.kind = "none";
  market.supplied = Amount{1e6, "USD"};
  MarketNode node;
  node.spec = market;
  node.rows.assets = {"ETH", "USD"};
  node.rows.first_leg = {0, 2};
  node.rows.legs = {{0, 0, 0}, {1, 1, 0}};
  node.rows.amounts = {1000, 950000};
  add(eco.markets, "market", node);
  FeedSpec feed;  // seen in the round it happens
  feed.deviation.value = 0;
  feed.latency.value = 0;
  add(eco.oracles, "ETH", feed);
  ChainSpec chain;
  chain.gas = Amount{0, "$"};
  add(eco.chains, "chain", chain);
  ArbitrageurSpec nobody;
  nobody.gas = Amount{1e15, "$"};
  add(eco.agents, "arbitrageurs", AgentSpecs{nobody});
  eco.clock.horizon.value = 12;  // a single round acts
  const Snapshot world = compiled(eco);
  Scenario s;  // 1000 ETH at 1600 against 950000: 900 ETH and more would be seized
  s.moves.push_back({MoveKind::level, world.asset("ETH").value, 1600, {}});
  Workspace w(world);
  w.audit_rounds = true;
  const Outcome& out = run(world, s, w);
  const VenueInfo& v = world.venues[world.venue("pool").value];
  const double sold = w.ledger.balance(v.base_account) - 1000;
  const double most = 300 / 0.997;
  CHECK(out.counters.rounds <= 2);
  CHECK(sold <= most * (out.counters.rounds == 1 ? 1 : 2.31));
  CHECK(sold > 0.99 * most);
  // What came for it is what the curve pays for that much, not for more.
  if (out.counters.rounds == 1) {
    CHECK(2e6 - w.ledger.balance(v.quote_account) ==
          Approx(2e6 * (1 - 1000 / (1000 + 0.997 * sold))).epsilon(1e-6));
  }
}
