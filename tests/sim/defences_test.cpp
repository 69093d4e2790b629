// Guardians, freezes and breakers: what they stop, and when.
#include <catch2/catch.hpp>
#include <cmath>
#include <deque>

#include "sim/credit/pools.hpp"
#include "tests/laws/outcome_numbers.hpp"
#include "tests/sim/pool_world.hpp"

using namespace faultline;
using namespace faultline::test;
using faultline::laws::Case;

namespace {

bool told(const Outcome& out, const char* kind, double at_s) {
  for (const TimelineEvent& e : out.timeline) {
    if (e.kind == kind && e.at_s == at_s) return true;
  }
  return false;
}

/// One loan of 700 USD against 1 ETH: in breach below $875.
PoolWorld one_loan() {
  PoolWorld p;
  p.account(0, 1, 2, 700);
  p.eco.clock.horizon.value = 7200;
  return p;
}

double borrowed(const Case& c, const Workspace& w, const char* asset) {
  return w.ledger.balance(c.world.attacker[c.world.asset(asset).value]);
}

Exploit mint(const Case& c, const char* asset, double units, double at_s, ExploitThen then) {
  return {c.world.asset(asset), units, at_s, then};
}

}  // namespace

TEST_CASE("a window's least value is what a scan of it finds") {
  laws::Draw draw(7);
  WindowLow low;
  struct Seen {
    double from_s, value;
  };
  std::deque<Seen> all;
  for (int i = 0; i < 2000; ++i) {
    const double now = 10.0 * i;
    if (all.empty() || draw.chance(0.6)) all.push_back({now, std::floor(draw.uniform() * 50)});
    low.note(now, all.back().value);
    const double from = now - 170;
    double least = 1e300;
    for (std::size_t k = 0; k < all.size(); ++k) {
      const double until = k + 1 < all.size() ? all[k + 1].from_s : 1e300;
      if (until >= from) least = std::min(least, all[k].value);
    }
    CHECK(low.least(from) == least);
  }
}

TEST_CASE("a guardian freezes after its delay: what is minted later finds no way in") {
  PoolWorld p = one_loan();
  p.eco.exploitable.insert("wst");
  GuardianSpec guardian;
  guardian.freezes = {{"wst"}};
  guardian.in = {{"pool"}};
  guardian.after.value = 1800;
  add(p.eco.guardians, "guardian", guardian);
  p.emode("eth");
  const Case c(p.done(), {});
  Workspace w(c.world);
  w.record = true;
  const auto stolen = [&](double at_s) {
    Scenario s;
    s.exploits.push_back(mint(c, "wst", 1, 600, ExploitThen::hold));
    s.exploits.push_back(mint(c, "wst", 100, at_s, ExploitThen::borrow_out));
    const Outcome& out = run(c.world, s, w);
    CHECK(told(out, "guardian", 2400));
    return borrowed(c, w, "ETH");
  };
  CHECK(stolen(2388) > 0);
  CHECK(stolen(2412) == 0);
  const std::uint32_t wst = reserve_of(c.world, "pool", "wst");
  CHECK(!takes_supply(c.world, w, wst));
  CHECK(opening_weight(w, wst) == 0);
  CHECK(opening_weight(w, reserve_of(c.world, "pool", "wst", 0)) == 0);
  CHECK(takes_supply(c.world, w, reserve_of(c.world, "pool", "ETH")));
}

TEST_CASE("law 4, watches: a guardian acts on what it watches and on nothing else") {
  PoolWorld p = one_loan();
  add_assets(p.eco, {{"other", 5}});
  p.eco.exploitable = {"wst", "other"};
  GuardianSpec guardian;
  guardian.freezes = {{"wst"}};
  guardian.in = {{"pool"}};
  guardian.watches = {{"other"}};
  add(p.eco.guardians, "guardian", guardian);
  const auto stolen = [](const Ecosystem& eco) {
    const Case c(eco, {});
    Workspace w(c.world);
    Scenario s;
    s.exploits.push_back(mint(c, "other", 1, 600, ExploitThen::hold));
    s.exploits.push_back(mint(c, "wst", 100, 1200, ExploitThen::borrow_out));
    run(c.world, s, w);
    return borrowed(c, w, "ETH") * 1000 + borrowed(c, w, "USD");
  };
  const Case c(p.done(), {});
  const auto watched = c.world.graph.find(NodeKind::asset, "other"),
             agent = c.world.graph.find(NodeKind::agent, "guardian");
  bool joined = false;
  for (const GraphEdge& e : c.world.graph.out(*watched)) {
    joined = joined || (e.to == *agent && e.kind == EdgeKind::watches);
  }
  CHECK(joined);
  CHECK(stolen(p.done()) == 0);
  p.eco.guardians.clear();
  CHECK(stolen(p.done()) == Approx(100 * 1200 * 0.75));
}

TEST_CASE("a scenario freezes a reserve and releases it") {
  PoolWorld p = one_loan();
  p.eco.exploitable.insert("wst");
  const auto stolen = [&](double at_s) {
    ScenarioSpec spec;
    EventSpec freeze;
    freeze.at.value = 600;
    freeze.freeze["pool.wst"] = {1200};
    spec.events.push_back(freeze);
    Case c(p.done(), spec);
    c.scenario.exploits.push_back(mint(c, "wst", 100, at_s, ExploitThen::borrow_out));
    Workspace w(c.world);
    run(c.world, c.scenario, w);
    return borrowed(c, w, "ETH") * 1000 + borrowed(c, w, "USD");
  };
  CHECK(stolen(300) > 0);
  CHECK(stolen(900) == 0);
  CHECK(stolen(1812) > 0);
}

TEST_CASE("a breaker that pauses borrowing stops new debt for its time") {
  PoolWorld p = one_loan();
  p.eco.exploitable.insert("wst");
  BreakerSpec breaker;
  breaker.pauses = {{"pool.borrowing"}};
  breaker.when.price = {"ETH"};
  breaker.when.moves.value = 0.1;
  breaker.when.within.value = 600;
  breaker.lasts.value = 600;
  add(p.eco.breakers, "breaker", breaker);
  const Case c(p.done(), {});
  Workspace w(c.world);
  w.record = true;
  const auto stolen = [&](double at_s) {
    Scenario s;
    s.moves.push_back(price_to(c.world, "ETH", 890, 1200));  // -11%, seen the round after
    s.exploits.push_back(mint(c, "wst", 100, at_s, ExploitThen::borrow_out));
    s.transmission = false;
    run(c.world, s, w);
    return borrowed(c, w, "USD") + 890 * borrowed(c, w, "ETH");
  };
  CHECK(stolen(1200) > 0);
  CHECK(stolen(1224) == 0);
  // Tripped until the old price has left the window at 1212 + 600, paused for 600 s after that.
  CHECK(stolen(2400) == 0);
  CHECK(stolen(2424) > 0);
  CHECK(told(w.outcome, "breaker", 1212));
}

TEST_CASE("a breaker that pauses liquidations lets health drift and jump at its end") {
  PoolWorld p = one_loan();
  const auto first = [](const Ecosystem& eco) {
    const Case c(eco, {});
    Workspace w(c.world);
    w.audit_rounds = true;
    Scenario s;
    s.moves.push_back(price_to(c.world, "ETH", 850, 1200));
    s.transmission = false;
    const Outcome& out = run(c.world, s, w);
    CHECK(out.stop_detail == "");
    CHECK(out.markets[0].liquidations > 0);
    return out.markets[0].first_liquidation_s;
  };
  CHECK(first(p.done()) == 1200);
  BreakerSpec breaker;
  breaker.pauses = {{"pool.liquidation"}};
  breaker.when.price = {"ETH"};
  breaker.when.moves.value = 0.05;
  breaker.when.within.value = 0;
  breaker.lasts.value = 1800;
  breaker.grace.value = 600;
  add(p.eco.breakers, "breaker", breaker);
  // The price moves at 1200, liquidators are there in that round; the next fall finds a pause.
  const Case c(p.done(), {});
  Workspace w(c.world);
  Scenario s;
  s.moves.push_back(price_to(c.world, "ETH", 900, 1200));
  s.moves.push_back({MoveKind::price, c.world.asset("ETH").value, std::log(0.94), {1260, 1260}});
  s.transmission = false;
  const Outcome& out = run(c.world, s, w);
  CHECK(out.markets[0].liquidations > 0);
  // Tripped at 1212 and again at 1272: paused to 1272 + 1800 + 600.
  CHECK(out.markets[0].first_liquidation_s == 3672);
}
