// Reserves that share a pot: categories of a pool, spokes of a hub. Numbers worked by hand.
#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/laws/outcome_numbers.hpp"
#include "tests/sim/pool_world.hpp"

using namespace faultline;
using namespace faultline::test;
using faultline::laws::Case;

namespace {

/// Account 0 in e-mode: 100 wst ($120,000) against 110 ETH, health 120 x 0.95 / 110 = 1.0364.
/// Account 1 outside it: 100 wst against 90 ETH, health 120 x 0.8 / 90 = 1.0667.
PoolWorld two_accounts() {
  PoolWorld p;
  p.emode("eth");
  p.account(1, 100, 0, 110, 1);
  p.account(1, 100, 0, 90);
  return p;
}

}  // namespace

TEST_CASE("e-mode: an account is judged and liquidated at its category's terms") {
  const Case c(two_accounts().done(), {});
  Workspace w(c.world);
  w.audit_rounds = true;
  Scenario s;
  s.moves.push_back(price_to(c.world, "wst", 1140));
  s.transmission = false;  // everything sold brings the reference price
  const Outcome& out = run(c.world, s, w);
  CHECK(out.stop_detail == "");
  // Health 114 x 0.95 / 110 = 0.9845: half of 110 ETH is repaid, 55 x 1000 x 1.01 / 1140 wst go,
  // and health is (114 - 55.55) x 0.95 / 55 = 1.0096. The other stays at 114 x 0.8 / 90 = 1.0133.
  CHECK(out.markets[0].liquidations == 1);
  CHECK(out.markets[0].liquidated_usd == Approx(55000));
  CHECK(units_of(c.world, w, 0, true) == Approx(55));
  CHECK(units_of(c.world, w, 0, false) == Approx(100 - 55 * 1010.0 / 1140));
  CHECK(units_of(c.world, w, 1, true) == 90);
  const std::uint32_t own = reserve_of(c.world, "pool", "wst");
  const std::uint32_t shared = reserve_of(c.world, "pool", "wst", 0);
  CHECK(c.world.reserves[shared].pot == own);
  CHECK(w.reserves[shared].supply_scaled == 0);
  CHECK(supply_units(w, shared) == supply_units(w, own));
  CHECK(supply_units(w, own) == Approx(10000 - 55 * 1010.0 / 1140));
}

TEST_CASE("e-mode: interest of the pot reaches debts of every category") {
  PoolWorld p = two_accounts();
  p.pool.reserves["ETH"].rate.kind = "fixed";
  p.pool.reserves["ETH"].rate.base.value = 0.5;
  p.pool.reserves["wst"].rate.kind = "none";
  p.eco.clock.horizon.value = 3600;
  const Case c(p.done(), {});
  Workspace w(c.world);
  w.audit_rounds = true;
  CHECK(run(c.world, {}, w).stop_detail == "");
  const std::uint32_t eth = reserve_of(c.world, "pool", "ETH");
  CHECK(w.market.borrow_index[eth] > 1);
  CHECK(debt_units(w, eth) == Approx(200 * w.market.borrow_index[eth]));
}

TEST_CASE("e-mode: a category nobody is in changes nothing") {
  const auto of_reserves = [](const laws::Number& n) {
    return n.name == "withdrawn" || n.name.starts_with("trapped") || n.name == "longest trapped" ||
           n.name == "first full" || n.name == "nearly full for" || n.name == "deficit" ||
           n.name == "covered by stakers" || n.name == "repaid by borrowers" ||
           n.name.starts_with("rate ");
  };
  int pools = 0;
  for (std::uint64_t seed = 1; seed <= 170; ++seed) {
    Ecosystem with = laws::random_ecosystem({.seed = seed});
    with.exploitable.clear();
    ScenarioSpec spec = laws::random_scenario(with, {.seed = seed});
    std::erase_if(spec.events, [](const EventSpec& e) {
      return e.exploit.has_value() || !e.set.empty();  // an attacker would look for it
    });
    Ecosystem without = with;
    for (Ecosystem* eco : {&with, &without}) {
      for (auto& m : eco->markets) {
        m.spec.rows.emodes.clear();
        m.spec.rows.emode_of.clear();
        for (AccountGroup& g : m.spec.groups) g.emode = "none";
        auto* pool = std::get_if<PooledLending::Spec>(&m.spec.spec);
        if (pool == nullptr) continue;
        pools += eco == &with && !pool->emodes.empty();
        if (eco == &without) pool->emodes.clear();
      }
    }
    const Case a(with, spec), b(without, spec);
    Workspace w(a.world), v(b.world);
    auto one = laws::numbers(a.world, run(a.world, a.scenario, w));
    auto other = laws::numbers(b.world, run(b.world, b.scenario, v));
    std::erase_if(one, of_reserves);
    std::erase_if(other, of_reserves);
    CAPTURE(seed);
    CHECK(laws::difference(one, other) == "");
  }
  CHECK(pools > 10);
}

TEST_CASE("e-mode: units from nothing go where most may be borrowed") {
  PoolWorld p;
  EmodeSpec& eth = p.emode("eth");
  eth.ltv.value = 0.93;
  p.account(1, 1, 0, 0.5);
  p.eco.exploitable.insert("wst");
  const Case c(p.done(), {});
  Workspace w(c.world);
  w.audit_rounds = true;
  Scenario s;
  s.exploits.push_back({c.world.asset("wst"), 1000, 12, ExploitThen::borrow_out});
  CHECK(run(c.world, s, w).stop_detail == "");
  // 1000 x 1200 x 0.93 / 1000 ETH in the e-mode; 0.75 of it, and dollars too, outside.
  const AccountId purse = c.world.attacker[c.world.asset("ETH").value];
  CHECK(w.ledger.balance(purse) == Approx(1116));
  const std::uint32_t base = c.world.attacker_row[0];
  CHECK(c.world.of_attacker(base + 1));
  CHECK(!c.world.of_attacker(base - 1));
  CHECK(units_of(c.world, w, base, true) == 0);
  CHECK(units_of(c.world, w, base + 1, true) == Approx(1116));
}

TEST_CASE("e-mode: caps are the pot's, and what does not fit goes elsewhere") {
  PoolWorld p;
  p.emode("eth").ltv.value = 0.93;
  p.account(1, 1, 0, 0.5);
  p.eco.exploitable.insert("wst");
  p.pool.reserves["wst"].supply_cap = of(10600, "wst");
  p.pool.reserves["ETH"].borrow_cap = of(100.5, "ETH");
  const Case c(p.done(), {});
  Workspace w(c.world);
  Scenario s;
  s.exploits.push_back({c.world.asset("wst"), 1000, 12, ExploitThen::borrow_out});
  run(c.world, s, w);
  // 600 wst fit. Outside the e-mode they bring 540,000 in ETH and USD, inside 100 ETH at most.
  const auto has = [&](const char* asset) {
    return w.ledger.balance(c.world.attacker[c.world.asset(asset).value]);
  };
  CHECK(has("wst") == Approx(400));
  CHECK(has("ETH") * 1000 + has("USD") == Approx(540000));
}

TEST_CASE("e-mode: what an account in it owes must be borrowable there") {
  PoolWorld p = two_accounts();
  p.pool.emodes["eth"].borrow = {{"USD"}};
  Diagnostics d;
  compile(p.done(), d, {});
  REQUIRE(d.failed());
  CHECK(d.all()[0].code == "E0545");
}

namespace {

/// A hub that lends USD and holds ETH, and a spoke of it with one account: 100 ETH against 70,000
/// USD of the hub's million.
Ecosystem hub_and_spoke(double draw_cap_usd = 1e9) {
  PoolWorld p;
  p.pool.reserves.erase("wst");
  p.pool.reserves["USD"].supplied = of(1e6, "USD");
  p.pool.reserves["ETH"].supplied = of(1000, "ETH");
  Ecosystem eco = p.done();
  eco.markets.back().name = eco.markets.back().cluster = "hub";
  eco.markets.back().spec.rows = {};
  PoolWorld q;
  q.pool = p.pool;
  q.pool.shares_cash_with = Name{"hub"};
  q.pool.losses.recognise = "all_collateral_gone";
  q.pool.losses.bearers = {"haircut"};
  for (auto& [asset, reserve] : q.pool.reserves) reserve.supplied.reset();
  q.pool.reserves["USD"].draw_cap = of(draw_cap_usd, "USD");
  q.pool.reserves["ETH"].close_factor = Ratio{1};
  q.account(0, 100, 2, 70000);
  Ecosystem other = q.done();
  other.markets.back().name = other.markets.back().cluster = "spoke";
  eco.markets.push_back(other.markets.back());
  return eco;
}

}  // namespace

TEST_CASE("a spoke lends what its hub's lenders put in, and they bear what it loses") {
  const Case c(hub_and_spoke(), {});
  Workspace w(c.world);
  w.audit_rounds = true;
  const std::uint32_t hub = reserve_of(c.world, "hub", "USD"),
                      spoke = reserve_of(c.world, "spoke", "USD");
  w.reset();
  CHECK(c.world.reserves[spoke].pot == hub);
  CHECK(reserve_cash(c.world, w, spoke) == 930000);
  CHECK(c.world.markets[c.world.market("spoke").value].deposits_usd == 0);
  CHECK(c.world.markets[c.world.market("hub").value].deposits_usd == Approx(1e6 + 900e3));
  // At $500 all 100 ETH are seized for 50,000 / 1.06; what is left of the debt is written off the
  // claims of the hub's lenders.
  Scenario s;
  s.moves.push_back(price_to(c.world, "ETH", 500));
  s.transmission = false;
  const Outcome& out = run(c.world, s, w);
  CHECK(out.stop_detail == "");
  const double lost = 70000 - 50000 / 1.06;
  CHECK(out.markets[c.world.market("spoke").value].recognised_usd == Approx(lost));
  CHECK(w.market.supply_index[hub] == Approx(1 - lost / 1e6));
  CHECK(w.market.supply_index[spoke] == w.market.supply_index[hub]);
}

TEST_CASE("law 4, funds: a hub's shortage of cash reaches its spoke") {
  Ecosystem eco = hub_and_spoke();
  eco.exploitable.insert("ETH");
  const Case c(eco, {});
  const auto hub = c.world.graph.find(NodeKind::market, "hub"),
             spoke = c.world.graph.find(NodeKind::market, "spoke");
  const auto has = [&](std::uint32_t from, std::uint32_t to, EdgeKind kind) {
    const auto edges = c.world.graph.out(from);
    return std::any_of(edges.begin(), edges.end(),
                       [&](const GraphEdge& e) { return e.to == to && e.kind == kind; });
  };
  CHECK(has(*hub, *spoke, EdgeKind::funds));
  CHECK(has(*spoke, *hub, EdgeKind::claim));
  // What the draw cap leaves is all that an attacker gets of the hub's cash through the spoke.
  Ecosystem capped = hub_and_spoke(75000);
  capped.exploitable.insert("ETH");
  std::get<PooledLending::Spec>(capped.markets[0].spec.spec).reserves["ETH"].ltv.value = 0;
  const Case d(capped, {});
  Workspace w(d.world);
  w.audit_rounds = true;
  Scenario s;
  s.exploits.push_back({d.world.asset("ETH"), 1000, 12, ExploitThen::borrow_out});
  CHECK(run(d.world, s, w).stop_detail == "");
  CHECK(w.ledger.balance(d.world.attacker[d.world.asset("USD").value]) == Approx(5000));
}
