// LP shares that are assets, against numbers worked out by hand. A constant product pool without
// fee of 1000 ETH at $1,000 and a million dollars; 20,000 shares of $100. With E and U what it
// holds of each and S shares, at an outside price p of ETH:
//   fair value of a share       2 sqrt(E p U) / S
//   its reserves as they stand  (E p + U) / S
//   k shares burnt for dollars  U (1 - (1 - k/S)^2),   the price then (1 - k/S)^2 of what it was
#include <catch2/catch.hpp>
#include <cmath>

#include "sim/accounting.hpp"
#include "sim/agents/manipulation.hpp"
#include "sim/claims/pool_shares.hpp"
#include "sim/compile/expand_contracts.hpp"
#include "sim/compile/scenario.hpp"
#include "sim/engine.hpp"
#include "sim/readings.hpp"
#include "sim/venue_ops.hpp"
#include "tests/sim/small_world.hpp"

using namespace faultline;
using faultline::test::add;
using faultline::test::of;
using faultline::test::priced;
using faultline::test::prompt_feed;

namespace {

/// One loan of so many dollars against so many shares, at an LLTV of 80%, in breach where a share
/// is worth less than debt / shares / 0.8; closed whole at a bonus of 8%, without interest.
MarketNode share_loan(double shares, double debt) {
  MarketNode node = test::eth_loans(1e6, 1);
  auto& market = std::get<IsolatedMarket::Spec>(node.spec);
  market.collateral = {"LP"};
  node.rows.assets = {"LP", "USD"};
  node.rows.amounts = {shares, debt};
  return node;
}

struct World {
  Ecosystem eco;
  PoolShareSpec share;
  bool arbitrage = false;

  explicit World(double fee = 0) {
    eco.clock.round.value = 12;
    eco.clock.horizon.value = 120;
    test::add_assets(eco, {{"ETH", 1000}, {"USD", 1}});
    ConstantProduct::Spec pool;
    pool.pair = {"ETH", "USD"};
    pool.base = of(1000, "ETH");
    pool.quote = of(1e6, "USD");
    pool.fee.value = fee;
    add(eco.venues, "pool", VenueNode{pool, {}});
    Outside::Spec outside;
    outside.pair = {"ETH", "USD"};
    outside.depth = {of(1e9, "$"), 0.01};
    add(eco.venues, "world", VenueNode{outside, {}});
    add(eco.oracles, "ETH", prompt_feed());
    add(eco.oracles, "USD", prompt_feed());
    add(eco.oracles, "LP", FeedSpec{});  // fair value at those two
    FeedSpec reserves;
    reserves.reads = "reserves";
    eco.oracles.push_back({"spot.LP", {}, "spot", {}, reserves});
    ChainSpec chain;
    chain.gas = of(0, "$");
    add(eco.chains, "chain", chain);
    share.of = {"pool"};
    share.supply = of(20000, "LP");
  }
  Snapshot compiled(Diagnostics& diagnostics) const {
    Ecosystem all = eco;
    add(all.shares, "LP", share);
    ArbitrageurSpec traders;
    if (!arbitrage) traders.gas = of(1e15, "$");
    add(all.agents, "arbitrageurs", AgentSpecs{traders});
    expand_contracts(all);
    return compile(all, diagnostics, {});
  }
  Snapshot compiled() const {
    Diagnostics diagnostics;
    Snapshot world = compiled(diagnostics);
    faultline::test::require_sound(diagnostics);
    return world;
  }
};

struct Ran {
  Snapshot world;
  Workspace w;
  Outcome out;

  Ran(Snapshot snapshot, const Scenario& scenario) : world(std::move(snapshot)), w(world) {
    w.audit_rounds = true;
    out = run(world, scenario, w);
    INFO(out.stop_detail);
    REQUIRE(!stop_is_failure(out.stop));
    double gains = 0;
    for (const double g : out.bearer_gain_usd) gains += g;
    CHECK(gains == Approx(out.revaluation_usd).margin(1e-3));
    for (const PoolShare& s : world.shares) {
      const double there = world.total_supply[s.asset.value] + w.minted[s.asset.value];
      CHECK(venue_shares(world, w.venues, s.pool) == there);
    }
  }
  double gain(Bearer b) const { return out.bearer_gain_usd[static_cast<std::size_t>(b)]; }
  double held(bool base) const {
    const VenueInfo& pool = world.venues[world.venue("pool").value];
    return w.ledger.balance(base ? pool.base_account : pool.quote_account);
  }
  double published(const char* feed) const { return w.market.published[world.oracle(feed).value]; }
};

Scenario fall_to(const Snapshot& world, double usd, double at_s = 0) {
  Scenario s;
  s.moves.push_back({MoveKind::level, world.asset("ETH").value, usd, {at_s, at_s}});
  return s;
}

}  // namespace

TEST_CASE("a pool's share is worth what is behind it, one for each dollar where nobody counts") {
  World w;
  const Snapshot stated = w.compiled();
  CHECK(stated.opening.market.reference[stated.asset("LP").value] == Approx(100).epsilon(1e-12));
  CHECK(stated.total_supply[stated.asset("LP").value] == 20000);
  w.share.supply.reset();
  const Snapshot counted = w.compiled();
  const std::uint32_t lp = counted.asset("LP").value;
  CHECK(counted.total_supply[lp] == Approx(2e6).epsilon(1e-12));
  CHECK(counted.opening.market.reference[lp] == Approx(1).epsilon(1e-12));
  CHECK(counted.opening.balances[counted.shares[0].holders.value] == counted.total_supply[lp]);
}

TEST_CASE("the price falls by a square and a share by its root; its reserves say more") {
  World w;
  Ran r(w.compiled(), fall_to(w.compiled(), 250));
  // 2 sqrt(1000 * 250 * 1e6) = 1e6 over 20,000; the reserves: (250,000 + 1e6) / 20,000.
  CHECK(r.out.pool_shares[0].fair_start == Approx(100).epsilon(1e-12));
  CHECK(r.out.pool_shares[0].fair_end == Approx(50).epsilon(1e-9));
  CHECK(r.published("LP") == Approx(50).epsilon(1e-9));
  CHECK(r.published("spot.LP") == Approx(62.5).epsilon(1e-9));
  CHECK(r.out.pool_shares[0].reserves_most == Approx(1.25).epsilon(1e-9));
}

TEST_CASE("arbitrage brings a pool to the price and its reserves to the fair value of its shares") {
  World w;
  w.arbitrage = true;
  Ran r(w.compiled(), fall_to(w.compiled(), 250));
  CHECK(r.held(true) == Approx(2000).epsilon(1e-3));  // the outside market's own move is 0.1%
  CHECK(r.out.pool_shares[0].fair_end == Approx(50).epsilon(1e-6));
  CHECK(r.published("spot.LP") == Approx(r.published("LP")).epsilon(1e-6));
}

TEST_CASE("a trade inside the pool moves the reserves' reading and leaves fair value but its fee") {
  World w(0.003);
  const Snapshot world = w.compiled();
  Workspace run_of(world);
  run_of.reset();
  const VenueId pool = world.venue("pool");
  const PoolShare& share = world.shares[0];
  const auto fair = [&] { return fair_rate(world, run_of.venues, run_of.market.reference, share); };
  const auto reserves = [&] {
    return venue_lp_value(world, run_of.venues, pool, 1000, 1, ShareReading::reserves) / 20000;
  };
  const double before = fair();
  CHECK(reserves() == Approx(before).epsilon(1e-12));
  venue_apply(world, run_of.venues, pool, Side::buy, 1e6,  // twice the dollars, half the ETH
              venue_fill(world, run_of.venues, pool, Side::buy, 1e6).out);
  // E = 1000 * 1e6 / (1e6 + 0.997e6) = 500.75, U = 2e6: root of E U over what it was, 1.00075.
  const double left = 1000 * 1e6 / 1.997e6;
  CHECK(fair() == Approx(2 * std::sqrt(left * 1000 * 2e6) / 20000).epsilon(1e-12));
  CHECK(fair() / before == Approx(1.00075).epsilon(1e-6));
  CHECK(reserves() == Approx((left * 1000 + 2e6) / 20000).epsilon(1e-12));
  CHECK(reserves() / before > 1.25);
}

TEST_CASE("a liquidation burns shares, and the pool pays what its curve says for them") {
  World w;
  // 1,000 shares of $100, $70,000 owed: in breach below $87.50. ETH at $640: $80.
  add(w.eco.markets, "market", share_loan(1000, 70000));
  Ran r(w.compiled(), fall_to(w.compiled(), 640));
  const double seized = 70000 * 1.08 / 80;  // 945 shares
  const double u = seized / 20000, paid = 1e6 * (1 - (1 - u) * (1 - u));
  CHECK(r.out.markets[0].liquidated_usd == Approx(70000).epsilon(1e-6));
  CHECK(r.out.pool_shares[0].burnt == Approx(seized).epsilon(1e-6));
  CHECK(1e6 - r.held(false) == Approx(paid).epsilon(1e-6));
  CHECK(r.held(true) == 1000);
  CHECK(r.out.pool_shares[0].supply_end == Approx(20000 - seized).epsilon(1e-9));
  CHECK(r.gain(Bearer::liquidator) == Approx(paid - 70000).epsilon(1e-4));
  // Those who trade there find it moved, as after a sale.
  const VenueId pool = r.world.venue("pool");
  CHECK(r.w.market.venue_price[pool.value] == Approx(1000 * (1 - u) * (1 - u)).epsilon(1e-6));
  // Without a fee leaving is a trade like any other: those who stay hold what they held, at 640.
  CHECK(r.out.pool_shares[0].fair_end == Approx(80).epsilon(1e-9));
}

TEST_CASE("as many shares are sold as pay: what leaves last brings least") {
  World w;
  // All dollars there are would not pay for this: 16,000 shares, LLTV 80%, $1.12m owed.
  MarketNode node = share_loan(16000, 1.12e6);
  std::get<IsolatedMarket::Spec>(node.spec).supplied = of(2e6, "USD");
  add(w.eco.markets, "market", node);
  Ran r(w.compiled(), fall_to(w.compiled(), 640));
  const double price = 80 / 1.08;  // dollars repaid for each share, at least
  const double share = r.out.pool_shares[0].burnt / 20000;
  CHECK(share > 0.1);
  CHECK(share < 0.8);
  // On average each brings what it must: U (2 - u) / S = 1e6 (2 - u) / 20000 = 74.07, u = 0.5185.
  CHECK(share == Approx(2 - price * 20000 / 1e6).epsilon(1e-4));
  CHECK(r.out.markets[0].unserved_usd == 0);  // 5,630 shares are left for $352,000: $62.5 each
}

TEST_CASE("the coin that brings most is left in: the way to the debt asset through either") {
  World w;
  add(w.eco.markets, "market", share_loan(1000, 70000));
  const Snapshot world = w.compiled();
  const Lane& lane =
      world.lanes[world.lane(world.markets[0].first_reserve, world.markets[0].first_reserve + 1)];
  const bool collateral_first = lane.from == world.asset("LP");
  const Lane& used = collateral_first ? lane
                                      : world.lanes[world.lane(world.markets[0].first_reserve + 1,
                                                               world.markets[0].first_reserve)];
  REQUIRE(!used.hops.empty());
  CHECK(world.venues[used.hops[0].venue.value].name == "leave.LP.USD");
  CHECK(world.pool_of(used.hops[0].venue) == world.venue("pool"));
}

TEST_CASE("stable pools pay for shares by their own exit, fees included") {
  World w;
  StableSwap::Spec pool;
  pool.pair = {"ETH", "USD"};
  pool.liquidity = of(2e6, "$");
  pool.amplification = 100;
  w.eco.assets.clear();
  test::add_assets(w.eco, {{"ETH", 1}, {"USD", 1}});
  w.eco.venues.clear();
  add(w.eco.venues, "pool", VenueNode{pool, {}});
  add(w.eco.markets, "market", share_loan(4000, 300000));  // in breach below $93.75
  const Snapshot world = w.compiled();
  Ran r(w.compiled(), fall_to(world, 0.9));
  const StableSwap::Params& p = world.venue_params.of<StableSwap>()[0];
  const StableSwap::State s = world.opening.venues.of<StableSwap>()[0];
  const double share = r.out.pool_shares[0].burnt / 20000;
  REQUIRE(share > 0.1);
  CHECK(world.opening.balances[world.venues[0].quote_account.value] - r.held(false) ==
        Approx(StableSwap::exit(p, s, Side::sell, share)).epsilon(1e-9));
}

TEST_CASE("providers who leave in proportion burn their shares, and those who stay lose nothing") {
  World w;
  add(w.eco.markets, "market", share_loan(15000, 10));
  const Snapshot world = w.compiled();
  Scenario s;  // 40% of the depth: 8,000 shares, of which 5,000 are with nobody else
  s.moves.push_back({MoveKind::withdraw, world.venue("pool").value, 0.4, {12, 12}});
  Ran r(w.compiled(), s);
  CHECK(r.held(false) == Approx(0.75e6).epsilon(1e-9));
  CHECK(r.held(true) == Approx(750).epsilon(1e-9));
  CHECK(r.out.pool_shares[0].supply_end == 15000);
  CHECK(r.out.pool_shares[0].fair_end == Approx(100).epsilon(1e-9));
  for (const double g : r.out.bearer_gain_usd) CHECK(g == Approx(0).margin(1e-3));

  Scenario back = s;
  back.moves[0].when = {12, 12, 60, 60};
  Ran again(w.compiled(), back);
  CHECK(again.held(false) == Approx(1e6).epsilon(1e-9));
  CHECK(again.out.pool_shares[0].supply_end == Approx(20000).epsilon(1e-9));
}

TEST_CASE("shares from nothing dilute all others at once") {
  World w;
  Scenario s;
  const Snapshot world = w.compiled();
  s.exploits.push_back({world.asset("LP"), 20000, 12, ExploitThen::hold});
  Ran r(w.compiled(), s);
  CHECK(r.out.pool_shares[0].fair_end == Approx(50).epsilon(1e-9));
  CHECK(r.gain(Bearer::attacker) == Approx(20000 * r.out.pool_shares[0].market_end).epsilon(1e-9));
}

TEST_CASE("what is lost behind a pool's coin is lost behind its share") {
  World w;
  AssetSpec staked;
  staked.rate = of(1, "ETH");
  add(w.eco.assets, "stETH", staked);
  ConstantProduct::Spec pool;
  pool.pair = {"stETH", "ETH"};
  pool.liquidity = of(2e6, "$");
  w.eco.venues.erase(w.eco.venues.begin());
  add(w.eco.venues, "pool", VenueNode{pool, {}});
  add(w.eco.markets, "market", share_loan(1000, 70000));
  const Snapshot world = w.compiled();
  Scenario s;
  s.moves.push_back({MoveKind::backing, world.asset("stETH").value, 0.5, {0, 0}});
  Ran r(w.compiled(), s);
  const AssetId lp = r.world.asset("LP");
  CHECK(worth(r.world, r.w, lp) == Approx(0.75 * r.w.market.spot[lp.value]).epsilon(1e-9));
}

TEST_CASE("a pool may hold another pool's share") {
  World w;
  StableSwap::Spec top;
  top.pair = {"LP", "USD"};
  top.liquidity = of(1e5, "$");
  top.rates = "contract";
  add(w.eco.venues, "a_top", VenueNode{top, {}});  // before its share's pool, by name
  PoolShareSpec meta;
  meta.of = {"a_top"};
  add(w.eco.shares, "META", meta);
  const Snapshot world = w.compiled();
  const auto& reference = world.opening.market.reference;
  CHECK(reference[world.asset("META").value] == Approx(1).epsilon(1e-9));
  Ran r(w.compiled(), fall_to(world, 640));
  CHECK(r.w.market.reference[world.asset("LP").value] == Approx(80).epsilon(1e-9));
  const double meta_end = r.w.market.reference[world.asset("META").value];
  CHECK(meta_end < 1);
  CHECK(meta_end > 0.8);
}

TEST_CASE("more shares posted than there are is an error") {
  World w;
  add(w.eco.markets, "market", share_loan(20001, 10));
  Diagnostics diagnostics;
  (void)w.compiled(diagnostics);
  REQUIRE(diagnostics.failed());
  CHECK(diagnostics.all()[0].code == "E0664");
}

TEST_CASE("a push on the reserves' reading is planned by the pool's curve; fair value has none") {
  World w;
  const Snapshot world = w.compiled();
  // E p + U = 1e6 (1/x + x) at x dollars for each there were, the price x^2: 2.5e6 at x = 2.
  const ManipulationPlan plan = plan_manipulation(world, world.oracle("spot.LP"), 1.25, 1);
  REQUIRE(plan.problem.empty());
  REQUIRE(plan.pushes.size() == 1);
  CHECK(plan.pushes[0].venue == world.venue("pool"));
  CHECK(plan.pushes[0].factor == Approx(4).epsilon(1e-6));
  CHECK(plan.capital_usd == Approx(1e6).epsilon(1e-6));
  CHECK(!plan_manipulation(world, world.oracle("spot.LP"), 0.9, 1).problem.empty());
  CHECK(!plan_manipulation(world, world.oracle("LP"), 1.25, 1).problem.empty());
}
