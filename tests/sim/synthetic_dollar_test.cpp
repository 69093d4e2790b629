// A dollar on a carry book, against numbers worked out by hand: 60 of the 100 contracts shorted on
// ETH at 1000 belong to carry traders who hold 60 ETH and posted 30,000; a reserve of 5,000 stands
// beside; 95,000 dollars are out. ETH falls to 850: the one long, at 10x, cannot pay; every short
// is closed against it at its bankruptcy price of 900.
//   the short gained 60 x 100 = 6,000 of the 9,000 the ETH lost: 92,000 stand behind 95,000
#include <catch2/catch.hpp>

#include "sim/accounting.hpp"
#include "sim/claims/synthetic_dollars.hpp"
#include "sim/compile/expand_contracts.hpp"
#include "sim/compile/scenario.hpp"
#include "sim/engine.hpp"
#include "sim/perpetuals/perps.hpp"
#include "tests/sim/small_world.hpp"

using namespace faultline;
using faultline::test::add;
using faultline::test::of;
using faultline::test::priced;
using faultline::test::trader;

namespace {

struct World {
  Ecosystem eco;
  PerpMarket::Spec spec;
  BasisTraders::Spec carry;
  SyntheticDollarSpec issuer;

  World() {
    eco.clock.round.value = 1;
    eco.clock.horizon.value = 5;
    add(eco.assets, "ETH", priced(1000));
    add(eco.assets, "USD", priced(1));
    AssetSpec dollar;
    dollar.rate = Rate{1, "USD"};
    dollar.supply = of(95000, "DUSD");
    add(eco.assets, "DUSD", dollar);
    add(eco.oracles, "ETH", faultline::test::prompt_feed());
    OrderBook::Spec spot;  // quoted anew at once, deeper than anything sold here
    spot.pair = {"ETH", "USD"};
    spot.depth = {of(1e11, "$"), 0.01};
    spot.fee.value = spot.half_spread.value = spot.refill.value = 0;
    add(eco.venues, "spot", VenueNode{spot, {}});
    spec.collateral["USD"];
    PerpContractSpec& c = spec.contracts["ETH"];
    c.open_interest = of(100, "ETH");
    c.depth = {of(1000, "ETH"), 0.01};
    c.exponent = 1;
    c.fee.value = c.half_spread.value = c.refill.value = 0;
    c.tiers[0].max_leverage.value = 20;
    spec.mark.median = {"index"};
    spec.losses = {"margin", "adl"};
    spec.adl.price = "bankruptcy";
    ArbitrageurSpec nobody;  // at this cost per trade
    nobody.gas = of(1e15, "$");
    add(eco.agents, "arbitrageurs", AgentSpecs{nobody});
    carry.asset = {"ETH"};
    carry.at = Name{"spot"};
    carry.market = {"perps"};
    carry.position = of(60, "ETH");
    carry.leverage.value = 2;
    carry.gas = of(0, "$");
    issuer.issues = {"DUSD"};
    issuer.rests_on = {{"carry"}};
    issuer.holds["USD"] = of(5000, "USD");
    issuer.reports.value = 0;
  }

  Snapshot compiled(Diagnostics& diagnostics) const {
    Ecosystem all = eco;
    MarketNode node;
    node.spec = spec;
    node.traders = {trader("longs", true, 10), trader("shorts", false, 1)};
    add(all.markets, "perps", node);
    add(all.agents, "carry", AgentSpecs{carry});
    add(all.dollars, "issuer", issuer);
    expand_contracts(all);
    return compile(all, diagnostics, {});
  }
};

struct Ran {
  Diagnostics diagnostics;
  Snapshot world;
  Workspace w;
  Ran(const World& of, double price) : world(of.compiled(diagnostics)), w(world) {
    for (const Diagnostic& d : diagnostics.all()) {
      if (d.severity == Severity::error) FAIL(d.message);
    }
    w.audit_rounds = true;
    Scenario s;
    s.moves.push_back({MoveKind::level, world.asset("ETH").value, price, {1, 1}});
    const Outcome& out = run(world, s, w);
    CAPTURE(out.stop_detail);
    REQUIRE(!stop_is_failure(out.stop));
  }
  double short_of() const {
    const Hedge& h = world.flow_agents[0].hedge;
    return w.positions.amount(h.row, h.leg);
  }
  double pays() const { return w.market.contract_rate[world.asset("DUSD").value]; }
  double behind() const { return w.dollars[0].behind; }
};

}  // namespace

TEST_CASE("a carry book is worth the same whatever its asset does, while it is hedged") {
  for (const double price : {1000.0, 930.0, 1040.0}) {
    const Ran r(World(), price);
    CAPTURE(price);
    CHECK(r.short_of() == 60);
    CHECK(issuer_worth(r.world, r.w, r.world.dollars[0]) == Approx(95000).epsilon(1e-9));
    CHECK(r.behind() == Approx(1).epsilon(1e-9));
    CHECK(r.w.outcome.agents[0].sold_usd == 0);
  }
}

TEST_CASE("a short closed against accounts that cannot pay leaves a dollar short of its backing") {
  const Ran r(World(), 850);
  CHECK(r.short_of() == 0);
  CHECK(r.w.ledger.balance(r.world.flow_agents[0].units) == Approx(0).margin(1e-6));  // sold
  CHECK(r.w.outcome.agents[0].sold_usd == Approx(60 * 850).epsilon(1e-6));
  CHECK(issuer_worth(r.world, r.w, r.world.dollars[0]) == Approx(92000).epsilon(1e-6));
  CHECK(r.behind() == Approx(92.0 / 95).epsilon(1e-6));
  CHECK(r.pays() == Approx(92.0 / 95).epsilon(1e-6));
  CHECK(r.w.market.reference[r.world.asset("DUSD").value] == Approx(92.0 / 95).epsilon(1e-6));
  CHECK(backed_share(r.world, r.w, r.world.asset("DUSD")) == Approx(1).epsilon(1e-9));
}

TEST_CASE("a dollar pays by contract until its issuer reports") {
  World world;
  world.issuer.reports.value = 4;
  world.eco.clock.horizon.value = 3;
  CHECK(Ran(world, 850).pays() == 1);
  world.eco.clock.horizon.value = 5;
  CHECK(Ran(world, 850).pays() == Approx(92.0 / 95).epsilon(1e-6));
}

TEST_CASE("an issuer who admits nothing pays as before, and its dollar is worth less") {
  World world;
  world.issuer.admits = "never";
  const Ran r(world, 850);
  CHECK(r.pays() == 1);
  CHECK(backed_share(r.world, r.w, r.world.asset("DUSD")) == Approx(92.0 / 95).epsilon(1e-6));
}

TEST_CASE("a rise that the margin of a carry book does not bear is a loss of its dollar") {
  World world;
  world.carry.leverage.value = 10;  // 6,000 posted
  world.issuer.holds["USD"] = of(29000, "USD");
  const Ran r(world, 1200);  // closed against the long at 1100; the ETH is sold for 72,000
  CHECK(r.short_of() == 0);
  CHECK(r.w.outcome.agents[0].sold_usd == Approx(60 * 1200).epsilon(1e-6));
  CHECK(r.behind() == 1);  // 6,000 posted are lost, 12,000 gained on the ETH
}

TEST_CASE("what a carry book or a dollar cannot rest on is an error") {
  const auto codes = [](const World& world) {
    Diagnostics diagnostics;
    const Snapshot none = world.compiled(diagnostics);
    std::vector<std::string> out;
    for (const Diagnostic& d : diagnostics.all()) {
      if (d.severity == Severity::error) out.push_back(d.code);
    }
    return out;
  };
  World world;
  world.carry.position = of(101, "ETH");  // 100 are open
  CHECK(codes(world) == std::vector<std::string>{"E0494"});
  world = World();
  world.issuer.rests_on = {{"carry"}, {"carri"}};
  CHECK(codes(world) == std::vector<std::string>{"E0495"});
  world = World();
  world.carry.market = {"perp"};
  CHECK(codes(world) == std::vector<std::string>{"E0499"});
  world = World();
  world.eco.assets[2].spec.supply.reset();
  CHECK(codes(world) == std::vector<std::string>{"E0496"});
}
