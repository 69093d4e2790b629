// A venue whose counterparty is a pool, against numbers worked out by hand. ETH stands at 1000; the
// pool holds 1000 ETH and some dollars; one long of 100 ETH posts 10,000 (10x), one short of 50 ETH
// posts 50,000 (1x). No impact, 0.1% a trade, 0.2% a liquidation, 1% of size must be left.
//   at 915  left 10000 - 8500 - 100 = 1400 > 1000: stands
//   at 905  left 10000 - 9500 - 100 =  400 < 1000: closed; 9500 + 300 of fees to the pool, 200 stay
//   at 850  loses 15000 of 10000: the pool gets all there is, 5000 are missing
#include <catch2/catch.hpp>

#include "sim/accounting.hpp"
#include "sim/compile/expand_contracts.hpp"
#include "sim/engine.hpp"
#include "sim/perpetuals/pool_perps.hpp"
#include "sim/venue_ops.hpp"
#include "tests/sim/small_world.hpp"

using namespace faultline;
using faultline::test::add;
using faultline::test::of;
using faultline::test::priced;
using faultline::test::trader;

namespace {

struct Venue {
  Ecosystem eco;
  PoolPerps::Spec spec;
  double dollars = 1e6;  // of the pool
  double short_leverage = 1;

  Venue() {
    eco.clock.round.value = 1;
    eco.clock.horizon.value = 3;
    add(eco.assets, "ETH", priced(1000));
    add(eco.assets, "USD", priced(1));
    add(eco.oracles, "ETH", faultline::test::prompt_feed());
    spec.pool = Name{"pool"};
    spec.open_long = of(1e5, "$");
    spec.open_short = of(5e4, "$");
    spec.impact_positive.value = spec.impact_negative.value = 0;
    spec.fee_improves.value = spec.fee_worsens.value = 0.001;
    spec.liquidation_fee.value = 0.002;
    spec.min_collateral.value = 0.01;
    spec.borrow_base.value = spec.borrow_above.value = 0;
    ArbitrageurSpec nobody;  // at this cost per trade
    nobody.gas = of(1e15, "$");
    add(eco.agents, "arbitrageurs", AgentSpecs{nobody});
  }

  Snapshot world() const {
    Ecosystem all = eco;
    OraclePool::Spec pool;
    pool.pair = {"ETH", "USD"};
    pool.base = of(1000, "ETH");
    pool.quote = of(dollars, "USD");
    pool.fee.value = 0;
    add(all.venues, "pool", VenueNode{pool, {}});
    Outside::Spec outside;
    outside.pair = {"ETH", "USD"};
    outside.depth = {of(1e6, "$"), 0.01};
    add(all.venues, "market", VenueNode{outside, {}});
    MarketNode node;
    node.spec = spec;
    node.traders = {trader("longs", true, 10), trader("shorts", false, short_leverage)};
    add(all.markets, "gm", node);
    expand_contracts(all);
    Diagnostics diagnostics;
    Snapshot out = compile(all, diagnostics, {});
    for (const Diagnostic& d : diagnostics.all()) {
      if (d.severity == Severity::error) FAIL(d.message);
    }
    return out;
  }
};

/// A run in which ETH stands at `price` from the first round on, and half the pool's depth leaves
/// from `leaves_s` on.
struct Ran {
  Snapshot world;
  Workspace w;
  Ran(const Venue& venue, double price, double leaves_s = 1e9) : world(venue.world()), w(world) {
    w.audit_rounds = true;
    w.record = true;
    Scenario s;
    s.moves.push_back({MoveKind::level, world.asset("ETH").value, price, {1, 1}});
    s.moves.push_back({MoveKind::withdraw, world.venue("pool").value, 0.5, {leaves_s, leaves_s}});
    const Outcome& out = run(world, s, w);
    CAPTURE(out.stop_detail);
    REQUIRE(!stop_is_failure(out.stop));
  }
  const PerpVenue& venue() const { return world.perps[0]; }
  PoolAccount account(std::uint32_t p) const { return view_pool_account(world, w, venue(), p); }
  double pool_dollars() const {
    return w.ledger.balance(world.venues[world.venue("pool").value].quote_account);
  }
};

constexpr std::uint32_t the_long = 0, the_short = 1;
constexpr double rounding = 1e-6;  // a few quanta

}  // namespace

TEST_CASE("pool venue: accounts open at their leverage, the pool holds the other side") {
  const Ran r(Venue(), 1000);
  const PoolAccount a = r.account(the_long), b = r.account(the_short);
  CHECK(a.position.contracts == 100);
  CHECK(a.position.size == 1e5);
  CHECK(a.position.collateral == Approx(10000).margin(rounding));
  CHECK(b.position.side == -1);
  CHECK(b.position.collateral == Approx(50000).margin(rounding));
  CHECK(r.w.ledger.balance(r.venue().pool->contracts) == -50);
  CHECK(r.w.ledger.balance(r.venue().pool->face) == 5e4);
  CHECK(pool_worth(r.world, r.w, r.venue()) == Approx(2e6));
}

TEST_CASE("pool venue: an account with enough left stands, one with less is closed at the index") {
  const Ran stands(Venue(), 915);
  CHECK(stands.account(the_long).position.contracts == 100);
  CHECK(pool_worth(stands.world, stands.w, stands.venue()) ==
        Approx(915e3 + 1e6 + 8500 - 50 * 85).margin(rounding));
  const Ran closed(Venue(), 905);
  CHECK(closed.account(the_long).position.contracts == 0);
  CHECK(closed.account(the_long).position.collateral == Approx(200).margin(rounding));
  CHECK(closed.pool_dollars() == Approx(1e6 + 9800).margin(rounding));
  CHECK(closed.w.outcome.perps[0].liquidated_usd == Approx(90500));
  CHECK(closed.w.outcome.markets[0].bad_debt_usd == 0);
  CHECK(closed.w.outcome.venues[closed.world.venue("market").value].volume_usd == 0);
}

TEST_CASE("pool venue: what an account cannot pay its providers miss") {
  const Ran r(Venue(), 850);
  CHECK(r.account(the_long).position.collateral == 0);
  CHECK(r.pool_dollars() == Approx(1e6 + 10000).margin(rounding));
  CHECK(r.w.outcome.markets[0].bad_debt_usd == Approx(5000).margin(0.01));
  CHECK(r.w.outcome.markets[0].recognised_usd == Approx(5000).margin(0.01));
}

TEST_CASE("pool venue: losses and fees are paid in the token posted, gains in the side's own") {
  Venue v;
  v.eco.clock.horizon.value = 2;
  v.spec.adl_above.value = 1e-3;  // winners are closed at once
  v.spec.adl_until.value = 0;
  const Ran r(v, 1100);  // the long gains 10,000: paid in ETH
  const VenueInfo& pool = r.world.venues[r.world.venue("pool").value];
  CHECK(r.w.outcome.perps[0].deleveraged_usd == Approx(110000));
  CHECK(r.w.ledger.balance(pool.base_account) == Approx(1000 - (10000 - 100) / 1100.0));
  CHECK(r.account(the_long).position.collateral == Approx(10000 + 10000 - 100));
}

TEST_CASE(
    "pool venue: where it owes a side too much, the greatest winners are closed until it does "
    "not") {
  Venue v;
  v.dollars = 50000;
  v.spec.adl_above.value = 0.5;
  v.spec.adl_until.value = 0.4;
  v.spec.open_long = of(0, "$");
  v.eco.clock.horizon.value = 2;
  const Ran r(v, 200);  // the short gains 40,000 of 50,000: 33,333.33 are realised, 5/6 of it
  const double part = 5.0 / 6;
  CHECK(r.account(the_short).position.contracts == Approx(50 * (1 - part)));
  CHECK(r.w.outcome.perps[0].deleveraged_usd == Approx(50 * part * 200));
  CHECK(r.pool_dollars() == Approx(50000 - 40000 * part + 0.001 * 50000 * part).margin(0.01));
  const PoolSide shorts = pool_side(r.world, r.w, r.venue(), false);
  CHECK(side_profit(shorts, 200) / shorts.value == Approx(0.4).margin(0.002));
}

TEST_CASE("pool venue: providers cannot leave while it owes too much") {
  Venue v;
  v.dollars = 50000;
  v.spec.open_long = of(0, "$");
  v.spec.withdraw_below.value = 0.5;
  v.spec.adl_above.value = 1;
  const Ran free(v, 600, 2);  // gains of 20,000
  CHECK(free.pool_dollars() == Approx(25000).margin(rounding));
  const Ran held(v, 400, 2);  // gains of 30,000
  CHECK(held.pool_dollars() == Approx(50000).margin(rounding));
}

TEST_CASE("pool venue: borrowing and funding are owed by size, and are part of the breach") {
  Venue v;
  v.eco.clock.horizon.value = 3;
  v.spec.reserve.value = 1;                   // longs use 10% of the room, shorts 5%
  v.spec.borrow_base.value = 365.25 * 86400;  // 1 a second at full use
  v.spec.borrow_above.value = 0;
  const Ran r(v, 1000);
  CHECK(r.account(the_long).position.contracts == 0);  // 10% a second
  CHECK(r.w.outcome.markets[0].liquidations == 1);
  CHECK(r.account(the_short).owed == Approx(50000 * 0.05 * 3).epsilon(0.02));
  CHECK(r.account(the_short).position.contracts == 50);

  Venue f;
  f.spec.funding.kind = "adaptive";
  f.spec.funding.every.value = 0;
  f.spec.funding.most.value = 365.25 * 86400 * 0.01;
  f.spec.funding.rise.value = 1;
  f.spec.open_long = of(1.5e5, "$");
  f.eco.clock.horizon.value = 2;
  const Ran g(f, 1000);
  const double longs = g.account(the_long).owed, shorts = g.account(the_short).owed;
  CHECK(longs > 0);
  CHECK(shorts == Approx(-longs));  // what one side pays the other gets
}
