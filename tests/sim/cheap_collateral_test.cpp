// Buyers of cheap collateral, by hand. A market lends a million dollars against TOKEN at an LTV of
// 60%; its feed says $0.107 and TOKEN costs $0.01: each dollar spent borrows 0.107 x 0.6 / 0.01 =
// 6.42 dollars, so that 155,763 of them take it all.
#include <catch2/catch.hpp>

#include "sim/accounting.hpp"
#include "sim/agents/cheap_collateral.hpp"
#include "sim/engine.hpp"
#include "tests/sim/small_world.hpp"

using namespace faultline;
using faultline::test::add;
using faultline::test::of;
using faultline::test::priced;

namespace {

constexpr double cash = 1e6, believed = 0.107, cost = 0.01, ltv = 0.6;
constexpr double all = cash / (believed * ltv / cost);  // what it takes

struct World {
  Ecosystem eco;
  IsolatedMarket::Spec market;
  CheapBuyersSpec buyers;
  FeedSpec feed = faultline::test::prompt_feed();

  World() {
    eco.clock.round.value = 12;
    eco.clock.horizon.value = 600;
    add(eco.assets, "USD", priced(1));
    add(eco.assets, "TOKEN", priced(cost));
    OrderBook::Spec book;  // anything at its price
    book.pair = {"TOKEN", "USD"};
    book.depth = {of(1e12, "$"), 0.01};
    book.fee.value = book.half_spread.value = book.refill.value = 0;
    add(eco.venues, "book", VenueNode{book, {}});
    feed.fixed = of(believed, "$");
    market.lends = {"USD"};
    market.collateral = {"TOKEN"};
    market.ltv.value = market.lt.value = ltv;
    market.bonus = Ratio{0.08};
    market.close_factor = Ratio{1};
    market.rate.kind = "none";
    market.supplied = of(cash, "USD");
    buyers.buys = {{"TOKEN"}};
    buyers.gas = of(0, "$");
    buyers.latency.value = 0;
  }
  Snapshot compiled() const {
    Ecosystem whole = eco;
    add(whole.oracles, "TOKEN", feed);
    MarketNode node;
    node.spec = market;
    node.rows.first_leg = {0};
    add(whole.markets, "market", node);
    add(whole.agents, "buyers", AgentSpecs{buyers});
    Diagnostics diagnostics;
    Snapshot world = compile(whole, diagnostics, {});
    faultline::test::require_sound(diagnostics);
    return world;
  }
};

Outcome ran(const Snapshot& world) {
  Workspace w(world);
  w.audit_rounds = true;
  const Outcome out = run(world, {}, w);
  INFO(out.stop_detail);
  REQUIRE(!stop_is_failure(out.stop));
  return out;
}

double gain(const Outcome& out, Bearer b) {
  return out.bearer_gain_usd[static_cast<std::size_t>(b)];
}

}  // namespace

TEST_CASE("cheap collateral: a market is drained at once, and its lenders bear it") {
  const World w;
  const Snapshot world = w.compiled();
  const Outcome out = ran(world);
  const CheapBuyersOutcome& b = out.cheap_buyers[0];
  CHECK(b.spent_usd == Approx(all).epsilon(1e-6));
  CHECK(b.posted_usd == Approx(all * believed / cost).epsilon(1e-6));
  CHECK(b.borrowed_usd == Approx(cash).epsilon(1e-6));
  CHECK(b.first_s == 0);
  CHECK(drained_share(world, out, MarketId{0}) == Approx(1).epsilon(1e-6));
  CHECK(out.markets[0].bad_debt_usd == Approx(cash - all).epsilon(1e-6));
  CHECK(gain(out, Bearer::attacker) == Approx(cash - all).epsilon(1e-6));
  CHECK(gain(out, Bearer::depositor) == Approx(all - cash).epsilon(1e-6));
}

TEST_CASE("cheap collateral: where the feed reads the market nobody gains") {
  World w;
  w.feed.fixed.reset();
  const Outcome out = ran(w.compiled());
  CHECK(out.cheap_buyers[0].spent_usd == 0);
  CHECK(out.markets[0].bad_debt_usd == 0);
  // nor as long as a feed says less than the price over the LTV
  w.feed.fixed = of(cost / ltv * 0.999, "$");
  CHECK(ran(w.compiled()).cheap_buyers[0].spent_usd == 0);
  w.feed.fixed = of(cost / ltv * 1.001, "$");
  CHECK(ran(w.compiled()).cheap_buyers[0].borrowed_usd == Approx(cash).epsilon(1e-4));
}

TEST_CASE("cheap collateral: capital and its turnover set the pace, a guardian ends it") {
  World w;
  w.buyers.capital = of(1000, "$");
  w.buyers.turnover.value = 60;
  const double a_round = 1000 * believed * ltv / cost;
  CHECK(ran(w.compiled()).cheap_buyers[0].borrowed_usd == Approx(11 * a_round).epsilon(1e-5));
  GuardianSpec guardian;
  guardian.freezes = {{"TOKEN"}};
  guardian.in = {{"market"}};
  guardian.gap = Ratio{5};
  guardian.after.value = 150;
  add(w.eco.guardians, "guardian", guardian);
  // at 0, 60 and 120 s; what was bought for 150 s on is frozen
  CHECK(ran(w.compiled()).cheap_buyers[0].borrowed_usd == Approx(3 * a_round).epsilon(1e-5));
  w.buyers.latency.value = 100;
  CHECK(ran(w.compiled()).cheap_buyers[0].borrowed_usd == Approx(a_round).epsilon(1e-5));
  w.eco.guardians[0].spec.gap = Ratio{20};  // never that far
  CHECK(ran(w.compiled()).cheap_buyers[0].borrowed_usd > 8 * a_round);
}

TEST_CASE("cheap collateral: caps and the venue's depth bound it") {
  World w;
  w.market.supply_cap = of(1e6, "TOKEN");
  Outcome out = ran(w.compiled());
  CHECK(out.cheap_buyers[0].posted_usd == Approx(1e6 * believed).epsilon(1e-6));
  CHECK(out.markets[0].bad_debt_usd == Approx(1e6 * (believed * ltv - cost)).epsilon(1e-6));
  w.market.supply_cap.reset();
  w.market.borrow_cap = of(1e5, "USD");
  CHECK(ran(w.compiled()).cheap_buyers[0].borrowed_usd == Approx(1e5).epsilon(1e-5));
  w.market.borrow_cap.reset();
  // A pool of $10,000 a side: bought until the last token costs what it borrows, 0.0642
  ConstantProduct::Spec pool;
  pool.pair = {"TOKEN", "USD"};
  pool.base = of(1e6, "TOKEN");
  pool.quote = of(1e4, "USD");
  pool.fee.value = 0;
  w.eco.venues.clear();
  add(w.eco.venues, "pool", VenueNode{pool, {}});
  ArbitrageurSpec nobody;
  nobody.gas = of(1e15, "$");
  add(w.eco.agents, "arbitrageurs", AgentSpecs{nobody});
  const Snapshot world = w.compiled();
  out = ran(world);
  CHECK(out.assets[world.asset("TOKEN").value].price_end == Approx(believed * ltv).epsilon(1e-6));
  const double spent = std::sqrt(believed * ltv * 1e10) - 1e4;  // there, and in the outside market
  CHECK(out.cheap_buyers[0].spent_usd > spent);
  CHECK(out.cheap_buyers[0].spent_usd < 1.2 * spent);
}
