// Markets that absorb failing accounts, by hand and from Comet's own tests (absorb-test.ts,
// quote-collateral-test.ts), through the engine.
#include <catch2/catch.hpp>
#include <cmath>

#include "protocols/margin/split_rates.hpp"
#include "sim/accounting.hpp"
#include "sim/agents/depositors.hpp"
#include "sim/credit/absorbing_markets.hpp"
#include "sim/engine.hpp"
#include "tests/laws/outcome_numbers.hpp"
#include "tests/laws/random_ecosystem.hpp"
#include "tests/sim/small_world.hpp"

using namespace faultline;
using namespace faultline::laws;
using faultline::test::add;
using faultline::test::add_assets;
using faultline::test::of;
using faultline::test::prompt_feed;

namespace {

/// USDC lent against ETH at $2,100, terms of the USDC market; 100,000 lent in, no interest, 5,000
/// of reserves and as much asked for. One account of 10 ETH owes 18,000: absorbed below $2,011. An
/// outside market deep enough not to matter, or a pool that nobody keeps at the price.
struct Comet {
  explicit Comet(double pool_usd = 0) {
    eco.clock.round.value = 12;
    eco.clock.horizon.value = 240;
    add_assets(eco, {{"ETH", 2100}, {"USDC", 1}});
    add(eco.oracles, "ETH", prompt_feed());
    ChainSpec chain;
    chain.gas = of(0, "$");
    add(eco.chains, "chain", chain);
    if (pool_usd > 0) {
      ConstantProduct::Spec pool;
      pool.pair = {"ETH", "USDC"};
      pool.liquidity = of(pool_usd, "$");
      pool.fee.value = 0;
      add(eco.venues, "pool", VenueNode{pool, {}});
    } else {
      Outside::Spec world;
      world.pair = {"ETH", "USDC"};
      world.depth = {of(1e11, "$"), 0.01};
      world.fee.value = 0;
      add(eco.venues, "world", VenueNode{world, {}});
    }
    terms.lends = {"USDC"};
    AbsorbedCollateralSpec& eth = terms.collateral["ETH"];
    eth.borrow_cf.value = 0.825;
    eth.liquidate_cf.value = 0.895;
    eth.liquidation_factor.value = 0.95;
    terms.rate.kind = "none";
    terms.supplied = of(1e5, "USDC");
    terms.protocol_reserves = of(5000, "USDC");
    terms.target_reserves = of(5000, "USDC");
    rows.assets = {"ETH", "USDC"};
    rows.first_leg = {0};
  }
  Comet& account(double eth, double owed) {
    rows.legs.insert(rows.legs.end(), {{0, 0, 0}, {1, 1, 0}});
    rows.amounts.insert(rows.amounts.end(), {eth, owed});
    rows.first_leg.push_back(static_cast<std::uint32_t>(rows.legs.size()));
    return *this;
  }
  Comet& without_arbitrage() {
    ArbitrageurSpec nobody;
    nobody.gas = of(1e15, "$");
    add(eco.agents, "arbitrageurs", AgentSpecs{nobody});
    return *this;
  }
  Ecosystem whole() const {
    Ecosystem all = eco;
    MarketNode node;
    node.spec = terms;
    node.rows = rows;
    add(all.markets, "comet", node);
    return all;
  }

  Ecosystem eco;
  AbsorbingMarket::Spec terms;
  PositionRows rows;
};

/// A run, audited after every round; ETH is at a price from a time on.
struct Done {
  using Prices = std::vector<std::pair<double, double>>;  // s, USD
  explicit Done(const Comet& comet, const Prices& prices = {}, double withdraw = 0)
      : c(comet.whole(), {}), w(c.world) {
    w.audit_rounds = w.record = true;
    Scenario s;
    for (const auto& [at_s, usd] : prices) {
      s.moves.push_back({MoveKind::level, c.world.asset("ETH").value, usd, {at_s, at_s}});
    }
    if (withdraw > 0) {
      for (const std::uint32_t place : places_named(c.world, "comet")) {
        s.moves.push_back({MoveKind::deposits, place, withdraw, {120, 120}});
      }
    }
    out = run(c.world, s, w);
    INFO(out.stop_detail);
    REQUIRE_FALSE(stop_is_failure(out.stop));
    REQUIRE(audit(c.world, w, true) == "");
  }
  const AbsorbingOutcome& market() const { return out.absorbing[0]; }
  double result(Bearer b) const { return out.bearer_result_usd[static_cast<std::size_t>(b)]; }
  double inventory() const { return w.ledger.balance(c.world.counters[0].inventory); }
  std::string story(const std::string& kind) const {
    std::string all;
    for (const TimelineEvent& e : out.timeline) {
      if (e.kind == kind) all += fmt::format("{} s: {}\n", e.at_s, e.text);
    }
    return all;
  }

  Case c;
  Workspace w;
  Outcome out;
};

}  // namespace

// At $2,000 10 ETH count 17,900 against 18,000. They are credited 19,000: 1,000 stay the owner's as
// supply, reserves go from 5,000 to -14,000. The counter sells at 1,950: 19,500 bring them to
// 5,500.
TEST_CASE("absorb: reserves pay, the owner is credited, the counter sells") {
  const Done done(Comet().account(10, 18000), {{12, 2000}});
  const AbsorbingOutcome& m = done.market();
  CHECK(m.absorptions == 1);
  CHECK(m.absorbed_usd == Approx(18000));
  CHECK(m.seized_usd == Approx(20000).epsilon(1e-6));
  CHECK(m.credited_usd == Approx(1000));
  CHECK(m.reserves_start_usd == Approx(5000));
  CHECK(m.reserves_least_usd == Approx(-14000));
  CHECK(m.reserves_end_usd == Approx(5500));
  CHECK(m.sold_usd == Approx(19500));
  CHECK(m.negative_s == 12);
  CHECK(done.inventory() == 0);
  CHECK(done.w.positions.amount(0, 0) == Approx(1000));  // supply
  CHECK(done.w.positions.amount(0, 1) == 0);             // ETH
  CHECK(done.w.positions.amount(0, 2) == 0);             // debt
  // The penalty of 1,000 is shared by the market and whoever bought.
  CHECK(done.result(Bearer::borrower) == Approx(-1000).epsilon(1e-4));
  CHECK(done.result(Bearer::depositor) == Approx(500).epsilon(1e-4));
  CHECK(done.result(Bearer::liquidator) == Approx(500).epsilon(1e-4));
  CHECK(done.out.markets[0].bad_debt_usd == 0);
  CHECK(done.out.markets[0].liquidated_usd == Approx(18000));
  CHECK(done.out.markets[0].unserved_usd == 0);
  CHECK(done.story("absorption") ==
        "12 s: accounts owing {} are absorbed with collateral worth {}\n");
  CHECK(done.story("counter") == "24 s: collateral is bought at the counter for {}\n");
  CHECK(done.story("reserves") ==
        "12 s: reserves are negative: {} of what lenders are owed is not there\n"
        "24 s: reserves are positive again\n");
}

TEST_CASE("absorb: exactly at the limit nobody is absorbed") {
  CHECK(Done(Comet().account(10, 17900), {{12, 2000}}).market().absorptions == 0);
  CHECK(Done(Comet().account(10, 17900.01), {{12, 2000}}).market().absorptions == 1);
}

// absorb-test.ts: one unit each of assets at 175, 3,000 and 41,000, credited whole, owes all but a
// millionth of it; and 1, 1e6, 1e12 owed against next to nothing.
TEST_CASE("absorbing markets: numbers of the contract's tests, through a run") {
  Comet comet(1000);
  comet.terms.collateral.clear();
  comet.terms.protocol_reserves.reset();
  comet.rows.assets = {"COMP", "WETH", "WBTC", "USDC"};
  const double prices[] = {175, 3000, 41000};
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string& name = comet.rows.assets[i];
    add(comet.eco.assets, name, test::priced(prices[i]));
    add(comet.eco.oracles, name, prompt_feed());
    comet.terms.collateral[name].borrow_cf.value = 0;
    comet.terms.collateral[name].liquidate_cf.value = 0.0001;
    comet.terms.collateral[name].liquidation_factor.value = 1;
    comet.rows.legs.push_back({static_cast<std::uint16_t>(i), 0, 0});
    comet.rows.amounts.push_back(1);
  }
  comet.rows.legs.push_back({3, 1, 0});
  comet.rows.amounts.push_back(44174.999999);
  comet.rows.first_leg.push_back(4);
  const Done done(comet);
  CHECK(done.market().credited_usd == Approx(1e-6).epsilon(1e-3));
  CHECK(done.market().reserves_least_usd == Approx(-44175).epsilon(1e-9));
  for (const CounterInfo& c : done.c.world.counters) CHECK(done.w.ledger.balance(c.inventory) == 1);

  Comet big;
  big.terms.supplied = of(4e15, "USDC");
  big.terms.protocol_reserves.reset();
  for (const double debt : {1.0, 1e6, 1e12}) big.account(1e-6, debt);
  const Done lost(big);
  CHECK(lost.market().absorptions == 3);
  CHECK(lost.market().reserves_least_usd == Approx(-1 - 1e6 - 1e12).epsilon(1e-11));
  CHECK(lost.w.reserves[0].supply_scaled == 4e15);
}

// A pool of R ETH sells x of them for 2,000 R / (R + x) each: at 1,950 that is x = R (1/0.975 - 1).
// After that the next ETH brings 2,000 * 0.975^2, which pays nobody.
TEST_CASE("counter: buyers take what still pays where they sell, the rest stays on the shelf") {
  Comet comet(400000);  // 100 ETH
  comet.account(10, 18000);
  comet.without_arbitrage();
  comet.eco.assets[0].spec.price = of(2000, "$");
  comet.terms.collateral["ETH"].liquidate_cf.value = 0.8;
  comet.terms.collateral["ETH"].borrow_cf.value = 0.7;
  const Done done(comet);
  const double sold = 100 * (1 / 0.975 - 1);
  CHECK(done.inventory() == Approx(10 - sold).epsilon(1e-4));
  CHECK(done.market().sold_usd == Approx(1950 * sold).epsilon(1e-4));
  CHECK(done.market().inventory_usd == Approx((10 - sold) * 2000 * 0.975 * 0.975).epsilon(1e-4));
  CHECK(done.market().inventory_most_usd == Approx(20000).epsilon(1e-6));
  // What it paid 1,900 apiece for is worth 1,901.
  CHECK(done.w.absorbing.cost[0] == Approx(1900 * (10 - sold)).epsilon(1e-4));
  CHECK(done.out.markets[0].bad_debt_end_usd == 0);
  comet.terms.price_factor.value = 1;  // the whole penalty: 5% off
  CHECK(Done(comet).inventory() == Approx(10 - 100 * (1 / 0.95 - 1)).epsilon(1e-4));
  comet.terms.price_factor.value = 0;
  CHECK(Done(comet).inventory() == 10);
}

// Reserves of 30,000 pay 19,000 and are above their target of 5,000 still: nothing is for sale, and
// the fall to $1,500 is the market's. They are asked for 12,000 next: the counter opens.
TEST_CASE("counter: closed at the target, open below it") {
  Comet comet;
  comet.account(10, 18000);
  comet.terms.protocol_reserves = of(30000, "USDC");
  const Done closed(comet, {{12, 2000}, {60, 1500}});
  CHECK(closed.inventory() == 10);
  CHECK(closed.market().sold_usd == 0);
  CHECK(closed.out.markets[0].bad_debt_usd == Approx(19000 - 15000).epsilon(1e-6));
  CHECK(closed.out.markets[0].bad_debt_exit_usd == Approx(4000).epsilon(1e-4));
  CHECK(closed.out.markets[0].recognised_usd == 0);
  CHECK(closed.out.markets[0].insolvent_s < 0);  // 30,000 stood against it
  CHECK(closed.result(Bearer::depositor) == Approx(-4000).epsilon(1e-4));
  CHECK(closed.story("counter") ==
        "12 s: reserves of {} have reached their target: the counter closes, {} unsold\n");
  comet.terms.target_reserves = of(11001, "USDC");
  const Done open(comet, {{12, 2000}});
  CHECK(open.inventory() == 0);
  CHECK(open.market().reserves_end_usd == Approx(30500));  // one sale may go past the target
  comet.terms.target_reserves = of(11000, "USDC");
  CHECK(Done(comet, {{12, 2000}}).inventory() == 10);
}

// At $1,000 the account's 10,000 of collateral leave 8,000 unpaid: lost at once. Reserves: 5,000 -
// 18,000 + 9,750. Lenders are owed 100,000 and 96,750 are there.
TEST_CASE("absorb: beyond reserves it is a hole of the lenders, who come first gets all") {
  Comet comet;
  comet.account(10, 18000);
  const Done done(comet, {{12, 1000}}, 1);
  CHECK(done.market().credited_usd == 0);
  CHECK(done.market().reserves_end_usd == Approx(-3250).epsilon(1e-6));
  const MarketOutcome& m = done.out.markets[0];
  CHECK(m.bad_debt_usd == Approx(8250).epsilon(1e-4));  // 250 of it off at the counter
  CHECK(m.recognised_usd == Approx(8250).epsilon(1e-4));
  CHECK(m.insolvent_s == 12);  // 8,000 against 5,000
  CHECK(m.withdrawn_usd == Approx(96750).epsilon(1e-6));
  CHECK(m.trapped_usd == Approx(3250).epsilon(1e-6));
  CHECK(done.result(Bearer::depositor) == Approx(-8250).epsilon(1e-4));
  CHECK(done.result(Bearer::liquidator) == Approx(250).epsilon(1e-3));
  const Done half(comet, {{12, 1000}}, 0.5);  // half of them leave without a loss
  CHECK(half.out.markets[0].withdrawn_usd == Approx(50000));
  CHECK(half.out.markets[0].trapped_usd == 0);
}

TEST_CASE("absorb: what stops it") {
  Comet aged;  // interest brings it into breach while its feed is out
  aged.account(10, 18790);
  aged.terms.rate = {.kind = "fixed", .base = PerYear{100}};
  aged.eco.oracles[0].spec.heartbeat = Seconds{12};
  aged.eco.oracles[0].spec.max_age = Seconds{12};
  const Case out(aged.whole(), {});
  Scenario silent;
  silent.moves.push_back({MoveKind::outage, out.world.oracle("ETH").value, 1, {0, 0}});
  Workspace w(out.world);
  CHECK(run(out.world, {}, w).absorbing[0].absorptions == 1);
  CHECK(run(out.world, silent, w).absorbing[0].absorptions == 0);
  CHECK(w.outcome.markets[0].unserved_usd == Approx(18800).epsilon(1e-3));

  Comet delisted;  // not taken, not credited, and the debt is wiped out all the same
  delisted.account(10, 18000);
  delisted.terms.collateral["ETH"].liquidation_factor.value = 0;
  const Done kept(delisted, {{12, 2000}});
  CHECK(kept.market().absorptions == 1);
  CHECK(kept.w.positions.amount(0, 1) == 10);
  CHECK(kept.w.positions.amount(0, 2) == 0);
  CHECK(kept.market().reserves_end_usd == Approx(-13000));

  Comet paid;
  paid.account(10, 18000);
  paid.terms.pays_gas = true;
  paid.eco.chains[0].spec.gas = of(7, "$");
  CHECK(Done(paid, {{12, 2000}}).market().reserves_end_usd == Approx(5493));
  paid.terms.pays_gas = false;
  CHECK(Done(paid, {{12, 2000}}).market().reserves_end_usd == Approx(5500));
}

TEST_CASE("counter: buyers with little capital buy little") {
  Comet comet;
  comet.account(10, 18000);
  LiquidatorSpec poor;
  poor.capital = of(1950, "$");
  poor.turnover.value = 1e6;
  add(comet.eco.agents, "liquidators", AgentSpecs{poor});
  const Done done(comet, {{12, 2000}});
  CHECK(done.market().sold_usd == Approx(1950).epsilon(1e-6));
  CHECK(done.inventory() == Approx(9).epsilon(1e-6));
}

// U = 18,000 / 100,000 on curves of the USDC market for a year of hours: each index on its own, the
// rest the reserves'.
TEST_CASE("absorbing markets: lenders and borrowers have a curve each") {
  Comet comet;
  comet.account(10, 18000);
  comet.eco.clock.round.value = 3600;
  comet.eco.clock.horizon.value = 36000;
  comet.terms.rate = {.kind = "split",
                      .base = PerYear{0.015},
                      .slope1 = PerYear{0.028},
                      .slope2 = PerYear{0.05},
                      .kink = Ratio{0.8},
                      .supply_base = PerYear{0},
                      .supply_slope1 = PerYear{0.026},
                      .supply_slope2 = PerYear{0.08},
                      .supply_kink = Ratio{0.8}};
  const Done done(comet);
  const SplitRates rates{{0, 0.0325 / year_s, 0.4 / year_s, 0.8},
                         {0.015 / year_s, 0.035 / year_s, 0.25 / year_s, 0.8}};
  double supply = 1e5, borrow = 18000;
  for (int hour = 0; hour < 10; ++hour) {
    const SplitAccrual a = accrue_split(rates, supply, borrow, 3600);
    supply *= a.supply_growth;
    borrow *= a.borrow_growth;
  }
  CHECK(done.w.market.supply_index[0] == Approx(supply / 1e5).epsilon(1e-13));
  CHECK(done.w.market.borrow_index[0] == Approx(borrow / 18000).epsilon(1e-13));
  CHECK(done.market().reserves_end_usd ==
        Approx(5000 + (borrow - 18000) - (supply - 1e5)).epsilon(1e-9));
}

TEST_CASE("absorbing markets: random worlds absorb, sell and run out of reserves") {
  AbsorbingOutcome all;
  int unsold = 0, negative = 0, credited = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const Case c({.seed = seed});
    if (c.world.absorbing.empty()) continue;
    Workspace w(c.world);
    for (const AbsorbingOutcome& a : run(c.world, c.scenario, w).absorbing) {
      all.absorptions += a.absorptions;
      all.sold_usd += a.sold_usd;
      unsold += a.inventory_usd > 0;
      negative += a.negative_s >= 0;
      credited += a.credited_usd > 0;
    }
  }
  CAPTURE(all.absorptions, all.sold_usd, unsold, negative, credited);
  CHECK(all.absorptions > 50);
  CHECK(all.sold_usd > 0);
  CHECK(unsold > 3);
  CHECK(negative > 3);
  CHECK(credited > 3);
}
