// Coins minted and burnt against tokens, against numbers worked out by hand.
//   capacity   a coin at a fixed discount s, blocks of one round: what is burnt in a day is
//              d (1 + 14400 / period),  d = B ((1 - s)^(-1/2) - 1)   (mechanics of
//              virtual_pools.hpp)
//   spiral     tokens R against dollars Q in a constant product without fee, the coin at c of its
//              peg, no spread, the oracle a round behind: each round ends where the last token
//              minted sells for what it cost, price x c; R grows by 1 / sqrt(c), the price falls to
//              c
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "sim/accounting.hpp"
#include "sim/claims/algorithmic_coins.hpp"
#include "sim/compile/expand_contracts.hpp"
#include "sim/compile/scenario.hpp"
#include "sim/engine.hpp"
#include "tests/sim/small_world.hpp"

using namespace faultline;
using faultline::test::add;
using faultline::test::of;
using faultline::test::priced;

namespace {

struct World {
  Ecosystem eco;
  AlgorithmicCoinSpec issuer;
  ArbitrageurSpec arbitrageurs;
  OrderBook::Spec coins;

  explicit World(double coin_usd) {
    eco.clock.round.value = 6;
    eco.clock.horizon.value = 60;
    add(eco.assets, "USD", priced(1));
    add(eco.assets, "COIN", supplied(coin_usd, 2e13, "COIN"));
    add(eco.assets, "TOKEN", supplied(80, 3.5e8, "TOKEN"));
    eco.assets.back().spec.max_supply = of(1e13, "TOKEN");
    coins.pair = {"COIN", "USD"};  // anything at its price, quoted anew at once
    coins.depth = {of(1e12, "$"), 0.01};
    coins.fee.value = coins.half_spread.value = coins.refill.value = 0;
    arbitrageurs.gas = of(0, "$");
    issuer.coin = {"COIN"};
    issuer.token = {"TOKEN"};
    issuer.base_pool = of(50e6, "$");
  }
  static AssetSpec supplied(double usd, double units, const char* name) {
    AssetSpec spec = priced(usd);
    spec.supply = of(units, name);
    return spec;
  }
  /// Tokens trade in a constant product that opens at their price.
  void token_pool(double tokens) {
    ConstantProduct::Spec pool;
    pool.pair = {"TOKEN", "USD"};
    pool.base = of(tokens, "TOKEN");
    pool.quote = of(80 * tokens, "USD");
    pool.fee.value = 0;
    add(eco.venues, "tokens", VenueNode{pool, {}});
    FeedSpec feed = faultline::test::prompt_feed();
    feed.venue = Name{"tokens"};
    add(eco.oracles, "TOKEN", feed);
  }
  /// Anything at $80.
  void token_book() {
    OrderBook::Spec book = coins;
    book.pair = {"TOKEN", "USD"};
    eco.assets[2].spec.supply = of(1e12, "TOKEN");
    add(eco.venues, "tokens", VenueNode{book, {}});
    add(eco.oracles, "TOKEN", faultline::test::prompt_feed());
  }
  Snapshot compiled(Diagnostics& diagnostics) const {
    Ecosystem all = eco;
    add(all.venues, "coins", VenueNode{coins, {}});
    add(all.agents, "arbitrageurs", AgentSpecs{arbitrageurs});
    add(all.coins, "mint", issuer);
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

/// Runs it, audited after every round.
Outcome ran(const Snapshot& world, const Scenario& scenario = {}) {
  Workspace w(world);
  w.audit_rounds = true;
  const Outcome out = run(world, scenario, w);
  INFO(out.stop_detail);
  REQUIRE(!stop_is_failure(out.stop));
  return out;
}

double units(const Snapshot& world, const Outcome& out, const char* asset) {
  return out.assets[world.asset(asset).value].supply_end;
}

double redeemed_in_a_day(double base, double period, double discount, double round_s = 6) {
  World w(1 - discount);
  w.token_book();
  w.issuer.base_pool = of(base, "$");
  w.issuer.recovery = period;
  w.eco.clock.round.value = round_s;
  w.eco.clock.horizon.value = 86400;
  return ran(w.compiled()).coins[0].redeemed_usd;
}

}  // namespace

TEST_CASE("an algorithmic coin at a steady discount is redeemed as fast as its pools recover") {
  const VirtualPoolTerms t;
  const double at_once = delta_at_spread(t, 0.1);
  const double day = redeemed_in_a_day(50e6, 36, 0.1);
  CHECK(day == Approx(at_once * (1 + 14400 / 36.0)).epsilon(1e-4));
  CHECK(day - at_once == Approx(14400 * capacity_per_block(t, 0.1)).epsilon(1e-4));
  // rounds of ten blocks: what has recovered when somebody looks
  const double tens = redeemed_in_a_day(50e6, 36, 0.1, 60);
  CHECK(tens == Approx(at_once * (1 + 1440 * (1 - std::pow(35 / 36.0, 10)))).epsilon(1e-4));
  // half a block: nearer to what flows without a pause, 400.6 to 405.6 of d
  const double halves = redeemed_in_a_day(50e6, 36, 0.1, 3);
  CHECK(halves == Approx(at_once * (1 + 28800 * (1 - std::sqrt(35 / 36.0)))).epsilon(1e-4));
}

TEST_CASE("Terra's published capacity comes out of the engine: 203m a day, and four times that") {
  // a hair beyond the least spread; swaps pay their average, and so overshoot it by a hundredth
  const double before = redeemed_in_a_day(50e6, 36, 0.02001);
  CHECK(before == Approx(203e6).epsilon(0.025));
  const double after = redeemed_in_a_day(100e6, 18, 0.02001);
  CHECK(after == Approx(4 * before).epsilon(0.02));
  // within the least spread nobody redeems
  CHECK(redeemed_in_a_day(50e6, 36, 0.0199) == 0);
}

TEST_CASE("a death spiral by hand: each round the token falls by the coin's discount") {
  World w(0.8);
  w.token_pool(1e6);
  w.issuer.least_spread.value = 0;
  w.issuer.base_pool = of(1e18, "$");  // no spread
  w.eco.clock.horizon.value = 6 * 20;
  const Snapshot world = w.compiled();
  for (const int rounds : {1, 2, 5, 20}) {
    Snapshot shorter = w.compiled();
    shorter.horizon_s = 6 * (rounds - 1);
    const Outcome out = ran(shorter);
    const double pool = 1e6 * std::pow(0.8, -0.5 * rounds);
    CAPTURE(rounds);
    CHECK(units(shorter, out, "TOKEN") - 3.5e8 == Approx(pool - 1e6).epsilon(1e-7));
    CHECK(out.assets[shorter.asset("TOKEN").value].price_end ==
          Approx(80 * std::pow(0.8, rounds)).epsilon(1e-7));
    // what is burnt: tokens minted x the price they were minted at, the one a round before
    double burnt = 0;
    for (int n = 0; n < rounds; ++n) {
      const double before = 1e6 * std::pow(0.8, -0.5 * n);
      burnt += before * (1 / std::sqrt(0.8) - 1) * 80 * std::pow(0.8, n);
    }
    CHECK(out.coins[0].redeemed_usd == Approx(burnt).epsilon(1e-6));
    CHECK(2e13 - units(shorter, out, "COIN") == Approx(burnt).epsilon(1e-6));
  }
}

TEST_CASE("above its peg an algorithmic coin is minted, and tokens are burnt") {
  World w(1.1);
  w.token_book();
  const Snapshot world = w.compiled();
  const Outcome out = ran(world);
  CHECK(out.coins[0].redeemed_usd == 0);
  CHECK(out.coins[0].issued_usd > 1e6);
  CHECK(units(world, out, "COIN") > 2e13 + 1e6);
  // its own spread is minted, too
  CHECK(units(world, out, "COIN") - 2e13 ==
        Approx(out.coins[0].issued_usd + out.coins[0].spread_usd));
  CHECK(1e12 - units(world, out, "TOKEN") ==
        Approx((out.coins[0].issued_usd + out.coins[0].spread_usd) / 80).epsilon(1e-4));
  w.issuer.opens = "redeem";
  CHECK(ran(w.compiled()).coins[0].issued_usd == 0);
}

TEST_CASE("a daily cap, capital and latency hold redemption back") {
  World w(0.9);
  w.token_book();
  w.eco.clock.horizon.value = 86400;
  w.issuer.daily_cap = of(40e6, "COIN");
  const double capped = ran(w.compiled()).coins[0].redeemed_usd;
  CHECK(capped == Approx(80e6).epsilon(0.07));  // a day's room at the opening, and a day's
  w.issuer.daily_cap.reset();
  w.eco.clock.horizon.value = 0.5;  // one round
  w.arbitrageurs.capital = of(9000, "$");
  CHECK(ran(w.compiled()).coins[0].redeemed_usd == Approx(10000).epsilon(0.01));
  w.arbitrageurs.latency.value = 12;
  CHECK(ran(w.compiled()).coins[0].redeemed_usd == 0);
  w.eco.clock.horizon.value = 12;
  CHECK(ran(w.compiled()).coins[0].redeemed_usd == Approx(10000).epsilon(0.01));
}

TEST_CASE("holders of a coin sell when a scenario says so, and its pool is all there is") {
  World w(1);
  w.token_pool(1e6);
  w.arbitrageurs.capital = of(0, "$");
  w.issuer.opens = "mint";
  StableSwap::Spec pool;
  pool.pair = {"COIN", "USD"};
  pool.liquidity = of(20e6, "$");
  add(w.eco.venues, "pool", VenueNode{pool, {}});
  w.coins.pair = {"OTHER", "USD"};  // no book of the coin
  add(w.eco.assets, "OTHER", priced(1));
  CoinHolders::Spec holders;
  holders.asset = {"COIN"};
  holders.at = Name{"pool"};
  holders.position = of(40e6, "COIN");
  holders.gas = of(0, "$");
  add(w.eco.agents, "savers", AgentSpecs{holders});
  const Snapshot world = w.compiled();
  Diagnostics diagnostics;
  std::deque<FollowedPath> paths;
  EventSpec event;
  event.withdraw["savers"] = {0.5};
  event.over = Seconds{30};
  const Scenario s = compile_scenario(
      world, {"run", {event}},
      [](const auto&, const auto&, Span) { return std::vector<SettingChange>{}; }, paths,
      diagnostics);
  REQUIRE(!diagnostics.failed());
  Workspace ws(world);
  const Outcome out = run(world, s, ws);
  REQUIRE(!stop_is_failure(out.stop));
  const FlowAgentInfo& savers = world.flow_agents[0];
  CHECK(ws.ledger.balance(savers.units) == Approx(20e6));
  CHECK(ws.ledger.balance(savers.cash) == Approx(out.agents[0].sold_usd));
  CHECK(out.agents[0].sold_usd < 10e6);  // the pool held ten million
  CHECK(out.assets[world.asset("COIN").value].price_end < 0.5);
  const Outcome calm = run(world, {}, ws);  // nothing of it is left
  CHECK(calm.agents[0].sold_usd == 0);
  CHECK(calm.assets[world.asset("COIN").value].price_end == Approx(1));
}

TEST_CASE("a chain is halted once there is so much of its token") {
  World w(0.8);
  w.token_pool(1e6);
  w.issuer.least_spread.value = 0;
  w.issuer.base_pool = of(1e18, "$");
  w.issuer.halts_at = of(3.51e8, "TOKEN");  // a million more: pools of 2m and above, 7 rounds
  w.eco.clock.horizon.value = 6 * 30;
  const Snapshot world = w.compiled();
  const Outcome out = ran(world);
  CHECK(out.coins[0].halted_s == 36);
  CHECK(units(world, out, "TOKEN") - 3.5e8 ==
        Approx(1e6 * std::pow(0.8, -3.5) - 1e6).epsilon(1e-6));
  CHECK(out.assets[world.asset("TOKEN").value].price_end ==
        Approx(80 * std::pow(0.8, 7)).epsilon(1e-6));
}

TEST_CASE("tokens that lie in a market are part of what there is of them") {
  World w(1);
  w.token_pool(1e5);
  PooledLending::Spec pool;
  pool.reserves["TOKEN"].supplied = of(1e6, "TOKEN");
  MarketNode node;
  node.spec = pool;
  add(w.eco.markets, "lender", node);
  const Snapshot world = w.compiled();
  CHECK(world.total_supply[world.asset("TOKEN").value] == 3.5e8);
  CHECK(units(world, ran(world), "TOKEN") == 3.5e8);
}

TEST_CASE("what cannot be counted any more stops the run") {
  World w(0.5);
  w.token_pool(1e6);
  w.issuer.least_spread.value = 0;
  w.issuer.base_pool = of(1e18, "$");
  w.eco.assets[2].spec.max_supply = of(4e8, "TOKEN");
  w.eco.clock.horizon.value = 6 * 200;
  const Snapshot world = w.compiled();
  Workspace ws(world);
  const Outcome& out = run(world, {}, ws);
  CHECK(out.stop == Stop::not_whole);
  CHECK(out.stop_detail.find("declare a larger `max_supply`") != std::string::npos);
}

TEST_CASE("algorithmic coins: what cannot be meant is said whole") {
  const auto findings = [](const World& w) {
    Diagnostics d;
    w.compiled(d);
    std::string out;
    for (const Diagnostic& x : d.all()) {
      if (x.severity == Severity::error) out += x.code + " " + x.message + "; " + x.remedy + "\n";
    }
    return out;
  };
  World w(1);
  w.token_book();
  CHECK(findings(w) == "");
  World same = w;
  same.issuer.token = {"COIN"};
  CHECK(findings(same) ==
        "E0590 a coin cannot be minted against itself; name the token that absorbs its ups and "
        "downs\n");
  World none = w;
  none.eco.assets[2].spec.supply.reset();
  CHECK(findings(none) ==
        "E0592 how much TOKEN is there before 'mint' mints and burns it?; give it a supply: "
        "`TOKEN: {price: $1, supply: 1bn TOKEN}`\n");
  World claim = w;
  claim.eco.assets[1].spec.price.reset();
  claim.eco.assets[1].spec.rate = Rate{1, "USD"};
  CHECK(findings(claim) ==
        "E0591 COIN has a contract rate: nobody mints it against another; give it a price; from "
        "then on its venues say what it is worth\n");
  World small = w;  // legal, but it will not do
  small.eco.assets[2].spec.max_supply.reset();
  Diagnostics d;
  small.compiled(d);
  REQUIRE(!d.failed());
  const auto warned = std::find_if(d.all().begin(), d.all().end(),
                                   [](const Diagnostic& x) { return x.code == "W0599"; });
  REQUIRE(warned != d.all().end());
  CHECK(warned->message == "TOKEN declares no max_supply, and 'mint' may mint it without end");
  CHECK(warned->remedy ==
        "`max_supply: 1000000bn TOKEN` lets it be counted when the price falls a thousandfold");
  World few = w;
  few.eco.assets[1].spec.supply = of(10, "COIN");
  CHECK(findings(few).starts_with("E0596 "));
}
