// Halts, bands and pauses in the engine: what cannot trade waits.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "sim/assessment.hpp"
#include "sim/engine.hpp"
#include "tests/laws/random_ecosystem.hpp"
#include "tests/sim/small_world.hpp"

using namespace faultline;
using namespace faultline::laws;
using faultline::test::add;
using faultline::test::add_assets;
using faultline::test::eth_loans;
using faultline::test::prompt_feed;
using faultline::test::usd;

namespace {

/// One loan of $14,400 against 20 ETH at $1,000, liquidated below $900, and where ETH trades.
Ecosystem one_loan(VenueNode venue) {
  Ecosystem eco;
  eco.clock.round.value = 12;
  eco.clock.horizon.value = 1200;
  add_assets(eco, {{"ETH", 1000.0}, {"USD", 1.0}});
  add(eco.venues, "venue", std::move(venue));
  add(eco.oracles, "ETH", prompt_feed());
  const MarketNode node = eth_loans(50000, 1);
  add(eco.markets, "market", node);
  return eco;
}

VenueNode pool() {
  ConstantProduct::Spec spec;
  spec.pair = {"ETH", "USD"};
  spec.liquidity = usd(1e6);
  return {spec, {}};
}

VenueNode book(double depth_usd, std::optional<BandSpec> band) {
  OrderBook::Spec spec;
  spec.pair = {"ETH", "USD"};
  spec.depth = {usd(depth_usd), 0.01};
  spec.band = band;
  return {spec, {}};
}

/// ETH falls by 15% after a minute; `halted_s` from then nobody trades at the venue.
ScenarioSpec fall(double halted_s) {
  ScenarioSpec spec;
  spec.name = "fall";
  EventSpec price;
  price.at.value = 60;
  price.price["ETH"] = {-0.15, false};
  spec.events.push_back(price);
  if (halted_s <= 0) return spec;
  EventSpec halt;
  halt.at.value = 60;
  halt.halt["venue"] = {halted_s};
  spec.events.push_back(halt);
  return spec;
}

struct Ran {
  Ran(const Ecosystem& eco, const ScenarioSpec& spec) : c(eco, spec), w(c.world) {
    w.record = w.audit_rounds = true;
    run(c.world, c.scenario, w);
  }
  std::vector<TimelineEvent> told(const std::string& kind) const {
    std::vector<TimelineEvent> out;
    for (const TimelineEvent& e : w.outcome.timeline) {
      if (e.kind == kind) out.push_back(e);
    }
    return out;
  }
  Case c;
  Workspace w;
};

}  // namespace

TEST_CASE("halt: liquidators and arbitrageurs wait until a halted venue trades again") {
  const Ran open(one_loan(pool()), fall(0)), halted(one_loan(pool()), fall(300));
  REQUIRE(open.told("liquidation").size() == 1);
  CHECK(open.told("liquidation")[0].at_s == 60);
  REQUIRE(halted.told("liquidation").size() == 1);
  CHECK(halted.told("liquidation")[0].at_s == 360);
  const std::vector<TimelineEvent> told = halted.told("halt");
  REQUIRE(told.size() == 2);
  CHECK(told[0].at_s == 60);
  CHECK(told[0].text == "trading is halted");
  CHECK(told[1].at_s == 360);

  // A halt to the end: nothing trades there at all, and the debt stays unserved.
  const Ran never(one_loan(pool()), fall(1e6));
  CHECK(never.w.outcome.venues[never.c.world.venue("venue").value].volume_usd == 0);
  CHECK(never.w.outcome.assets[never.c.world.asset("ETH").value].price_end == 1000);
  CHECK(never.w.outcome.markets[0].unserved_usd == Approx(14400).epsilon(1e-6));
  // but the direct run trades at the reference, with the outside world
  Workspace w(never.c.world);
  CHECK(run(never.c.world, direct_of(never.c.scenario), w).markets[0].liquidations == 1);
}

TEST_CASE("halt: it says itself how long it lasts, and names a venue") {
  ScenarioSpec spec = fall(300);
  spec.events[1].lasts = Seconds{60};
  CHECK_THROWS_WITH(Case(one_loan(pool()), spec), Catch::Contains("says itself how long"));
  spec = fall(300);
  spec.events[1].halt = {{"venu", {300}}};
  CHECK_THROWS_WITH(Case(one_loan(pool()), spec), Catch::Contains("did you mean 'venue'?"));
}

TEST_CASE("band: a thin book is not walked beyond its band, and pauses there") {
  BandSpec band;
  band.width.value = 0.1;
  const ScenarioSpec calm = fall(0);
  // $100 within 1%: the sale of 18 ETH would walk the whole book
  Ecosystem free = one_loan(book(100, {}));
  ArbitrageurSpec nobody;
  nobody.gas = usd(1e15);
  add(free.agents, "arbitrageurs", AgentSpecs{nobody});
  Ecosystem banded = one_loan(book(100, band));
  banded.agents = free.agents;
  const Ran b(banded, calm);
  const AssetOutcome& eth = b.w.outcome.assets[b.c.world.asset("ETH").value];
  CHECK(eth.price_min > 840);
  CHECK(b.told("halt").empty());

  // Arbitrageurs against a deep outside market bring the book to its edge; there it pauses.
  band.width.value = 0.05;
  band.pause = Seconds{300};
  const Ran paused(one_loan(book(1e6, band)), calm);
  const std::vector<TimelineEvent> told = paused.told("halt");
  REQUIRE(told.size() >= 2);
  CHECK(told[0].text == "trading pauses: the price stood at its band");
  CHECK(told[1].text == "trading resumes");
  CHECK(told[1].at_s - told[0].at_s == Approx(300).margin(13));
}
