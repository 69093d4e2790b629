// Deficits a pool admits and the stakers who cover them, liquidations that make an account worse,
// and rules on what may be borrowed against what.
#include <catch2/catch.hpp>

#include "tests/known_vectors.hpp"
#include "tests/sim/pool_world.hpp"

using namespace faultline;
using namespace faultline::test;
using faultline::laws::Case;

namespace {

/// 20 ETH against 14,400 USD, closed whole at a bonus of 8%. At $500 the collateral pays
/// 10,000 / 1.08 = 9,259.26, and 5,140.74 are missing.
PoolWorld lost_loan(std::vector<std::string> bearers = {"stakers", "carry"}) {
  PoolWorld p;
  p.pool.losses.recognise = "all_collateral_gone";
  p.pool.losses.bearers = std::move(bearers);
  p.pool.reserves["ETH"].bonus = Ratio{0.08};
  p.pool.reserves["ETH"].close_factor = Ratio{1};
  p.account(0, 20, 2, 14400);
  return p;
}

constexpr double missing = 14400 - 10000 / 1.08;

SafetyModuleSpec stakers(double holds, double offset) {
  SafetyModuleSpec s;
  s.holds = of(holds, "USD");
  s.covers = {"pool.USD"};
  s.offset = of(offset, "USD");
  return s;
}

const Outcome& falls(const Case& c, Workspace& w, double to_usd = 500, double at_s = 12) {
  w.audit_rounds = true;
  Scenario s;
  s.moves.push_back(price_to(c.world, "ETH", to_usd, at_s));
  s.transmission = false;
  return run(c.world, s, w);
}

}  // namespace

TEST_CASE("a deficit is carried where nobody is staked") {
  const Case c(lost_loan().done(), {});
  Workspace w(c.world);
  const Outcome& out = falls(c, w);
  const std::uint32_t usd = reserve_of(c.world, "pool", "USD");
  CHECK(out.stop_detail == "");
  CHECK(out.reserves[usd].deficit_usd == Approx(missing));
  CHECK(out.reserves[usd].covered_usd == 0);
}

TEST_CASE("stakers cover what is missing beyond the offset, as far as they reach") {
  PoolWorld p = lost_loan();
  add(p.eco.safety_modules, "umbrella", stakers(3000, 1000));
  const Case c(p.done(), {});
  Workspace w(c.world);
  const Outcome& out = falls(c, w);
  CHECK(out.stop_detail == "");
  const std::uint32_t usd = reserve_of(c.world, "pool", "USD");
  const SafetyModuleInfo& m = c.world.safety_modules[0];
  CHECK(out.reserves[usd].covered_usd == Approx(3000));
  CHECK(out.reserves[usd].deficit_usd == Approx(missing - 3000));
  CHECK(w.ledger.balance(m.stake) == 0);
  CHECK(out.backstops[m.number].start_usd == 3000);
  CHECK(out.backstops[m.number].end_usd == 0);
  CHECK(out.bearer_result_usd[static_cast<std::size_t>(Bearer::fund)] == Approx(-3000));
  // Cash: what liquidators repaid and what stakers lost.
  CHECK(reserve_cash(c.world, w, usd) == Approx(1e7 - 14400 + 10000 / 1.08 + 3000));
}

TEST_CASE("stakers with more than is missing lose no more than that beyond the offset") {
  PoolWorld p = lost_loan({"stakers", "haircut"});
  add(p.eco.safety_modules, "umbrella", stakers(50000, 1000));
  const Case c(p.done(), {});
  Workspace w(c.world);
  const Outcome& out = falls(c, w);
  const std::uint32_t usd = reserve_of(c.world, "pool", "USD");
  CHECK(out.stop_detail == "");
  CHECK(out.reserves[usd].covered_usd == Approx(missing - 1000));
  CHECK(w.market.supply_index[usd] == Approx(1 - 1000 / 1e7));  // the rest is the lenders'
}

TEST_CASE("staked claims are burnt: less is owed, and no cash comes") {
  PoolWorld p = lost_loan();
  SafetyModuleSpec s = stakers(3000, 0);
  s.claim = true;
  add(p.eco.safety_modules, "umbrella", s);
  const Case c(p.done(), {});
  Workspace w(c.world);
  const Outcome& out = falls(c, w);
  CHECK(out.stop_detail == "");
  const std::uint32_t usd = reserve_of(c.world, "pool", "USD");
  CHECK(reserve_cash(c.world, w, usd) == Approx(1e7 - 14400 + 10000 / 1.08));
  CHECK(supply_units(w, usd) == Approx(1e7 - 3000));
  CHECK(out.reserves[usd].deficit_usd == Approx(missing - 3000));
  CHECK(out.bearer_result_usd[static_cast<std::size_t>(Bearer::fund)] == Approx(-3000));
}

TEST_CASE(
    "a market is insolvent once a loss exceeds what stood behind it, not what is left of that") {
  const auto insolvent = [](double reserves, double staked) {
    PoolWorld p = lost_loan({"reserve", "stakers", "carry"});
    for (int i = 0; i < 19; ++i) p.account(0, 20, 2, 14400);
    p.pool.reserves["USD"].protocol_reserves = of(reserves, "USD");
    add(p.eco.safety_modules, "umbrella", stakers(staked, 0));
    const Case c(p.done(), {});
    Workspace w(c.world);
    const Outcome& out = falls(c, w);
    CHECK(out.stop_detail == "");
    CHECK(out.markets[0].bad_debt_usd == Approx(20 * missing));
    return out.markets[0].insolvent_s >= 0;
  };
  const double loss = 20 * missing;
  CHECK_FALSE(insolvent(loss + 1000, 1));
  CHECK(insolvent(loss - 1000, 1));
  CHECK_FALSE(insolvent(loss / 2, loss / 2 + 1000));
  CHECK(insolvent(loss / 2, loss / 2 - 1000));
}

TEST_CASE("stakers who leave before the loss bear none of it") {
  const auto covered = [](double leaves_s, double falls_at_s) {
    PoolWorld p = lost_loan();
    SafetyModuleSpec s = stakers(3000, 0);
    s.leaving = of(2500, "USD");
    s.leaves_in = Seconds{leaves_s};
    add(p.eco.safety_modules, "umbrella", s);
    const Case c(p.done(), {});
    Workspace w(c.world);
    const Outcome& out = falls(c, w, 500, falls_at_s);
    CHECK(out.stop_detail == "");
    return out.reserves[reserve_of(c.world, "pool", "USD")].covered_usd;
  };
  CHECK(covered(60, 120) == Approx(500));
  CHECK(covered(180, 120) == Approx(3000));
}

TEST_CASE("law 4, insures and claim: a safety module and the pool it covers") {
  PoolWorld p = lost_loan();
  add(p.eco.safety_modules, "umbrella", stakers(3000, 0));
  const auto joined = [](const Case& c, EdgeKind kind, bool outward) {
    const auto fund = c.world.graph.find(NodeKind::fund, "umbrella"),
               pool = c.world.graph.find(NodeKind::market, "pool");
    if (!fund) return false;
    for (const GraphEdge& e : c.world.graph.out(outward ? *fund : *pool)) {
      if (e.to == (outward ? *pool : *fund) && e.kind == kind) return true;
    }
    return false;
  };
  CHECK(joined(Case(p.done(), {}), EdgeKind::insures, true));
  CHECK(joined(Case(p.done(), {}), EdgeKind::claim, false));
  p.eco.safety_modules.clear();
  CHECK_FALSE(joined(Case(p.done(), {}), EdgeKind::insures, true));
}

TEST_CASE("a market whose losses name no stakers cannot be covered by them") {
  PoolWorld p = lost_loan({"carry"});
  add(p.eco.safety_modules, "umbrella", stakers(3000, 0));
  Diagnostics d;
  compile(p.done(), d, {});
  REQUIRE(d.failed());
  CHECK(d.all()[0].code == "E0552");
}

// Vectors: an account's LTV falls by a liquidation below 1 / (1 + bonus), stays there and rises
// above it; collateral of 100 in dollars, half of the debt repaid at a time.
TEST_CASE("toxic liquidation: the engine turns where the formula says") {
  const auto vectors = known("lending/toxic_liquidation");
  int turned = 0;
  for (const auto& path : vectors["paths"]) {
    const double debt = path["debt"], bonus = path["bonus"], posted = path["collateral"];
    PoolWorld p;
    p.eco.clock.horizon.value = 12;
    ReserveSpec& eth = p.pool.reserves["ETH"];
    eth.lt.value = eth.ltv.value = 0.8;
    eth.bonus = Ratio{bonus};
    eth.close_factor = Ratio{path["close_factor"].get<double>()};
    p.account(0, posted / 100, 2, debt * 10);  // 1 ETH = $1,000 = 100 of the vector's
    Ecosystem eco = p.done();
    for (auto& asset : eco.assets) {
      if (asset.name == "ETH") asset.spec.price = usd(1400);
    }
    const Case c(eco, {});
    Workspace w(c.world);
    const Outcome& out = falls(c, w, 1000);
    const double before = debt / posted;
    const double after = units_of(c.world, w, 0, true) / (1000 * units_of(c.world, w, 0, false));
    CAPTURE(path["name"].get<std::string>());
    REQUIRE(out.markets[0].liquidations == 1);
    const auto& next = path["path_half_at_a_time"][1];
    CHECK(after == Approx(next["ltv"].get<double>()).epsilon(1e-6));
    ++turned;
    const double frontier = path["frontier"];
    if (before == Approx(frontier).epsilon(1e-12)) continue;  // it does not move: neither
    const bool toxic = before > frontier;
    CHECK(out.markets[0].toxic_liquidations == (toxic ? 1 : 0));
    CHECK(out.markets[0].toxic_usd == Approx(toxic ? debt * 5 : 0));
    CHECK((after > before) == toxic);
  }
  CHECK(turned >= 4);
}

TEST_CASE("isolated collateral borrows what may be, up to its ceiling") {
  PoolWorld p;
  p.account(0, 1, 2, 500);
  p.eco.exploitable.insert("wst");
  p.pool.reserves["wst"].debt_ceiling = of(20000, "$");
  p.pool.reserves["USD"].borrowable_in_isolation = true;
  p.account(1, 10, 2, 4000);  // rests on it already
  const Case c(p.done(), {});
  Workspace w(c.world);
  w.audit_rounds = true;
  Scenario s;
  s.exploits.push_back({c.world.asset("wst"), 1000, 12, ExploitThen::borrow_out});
  CHECK(run(c.world, s, w).stop_detail == "");
  const auto has = [&](const char* asset) {
    return w.ledger.balance(c.world.attacker[c.world.asset(asset).value]);
  };
  CHECK(has("USD") == Approx(16000));
  CHECK(has("ETH") == 0);
}

TEST_CASE("a siloed asset is owed alone or not at all") {
  const auto stolen = [](double usd_supplied) {
    PoolWorld p;
    p.account(0, 1, 2, 500);
    p.eco.exploitable.insert("wst");
    p.pool.reserves["USD"].siloed = true;
    p.pool.reserves["USD"].supplied = of(usd_supplied, "USD");
    p.pool.reserves["ETH"].supplied = of(100, "ETH");
    const Case c(p.done(), {});
    Workspace w(c.world);
    Scenario s;
    s.exploits.push_back({c.world.asset("wst"), 1000, 12, ExploitThen::borrow_out});
    run(c.world, s, w);
    const auto has = [&](const char* asset) {
      return w.ledger.balance(c.world.attacker[c.world.asset(asset).value]);
    };
    return std::pair(has("USD"), has("ETH"));
  };
  const auto [dollars, ether] = stolen(400500);
  CHECK((dollars == 0 || ether == 0));
  CHECK(dollars + 1000 * ether >= 100000 * (1 - 1e-9));
}
