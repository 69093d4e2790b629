// Lenders who ask for their money: because the scenario says so, or because they see trouble.
// Worlds of two loans of 14,400 USD out of 40,000 lent in: 11,200 USD of cash.
#include <catch2/catch.hpp>
#include <cmath>

#include <fmt/format.h>

#include "protocols/losses/losses.hpp"
#include "sim/accounting.hpp"
#include "sim/agents/depositors.hpp"
#include "sim/engine.hpp"
#include "sim/readings.hpp"
#include "tests/sim/small_world.hpp"

using namespace faultline;
using namespace faultline::test;

namespace {

/// ETH at 1,000; its feed says so whatever happens, unless it is told to follow.
struct Lenders {
  Ecosystem eco;
  Snapshot world;

  Lenders(double round_s, double horizon_s) {
    eco.clock.round.value = round_s;
    eco.clock.horizon.value = horizon_s;
    add_assets(eco, {{"ETH", 1000}, {"USD", 1}});
    add(eco.markets, "loans", eth_loans(40000, 2));
    FeedSpec fixed;
    fixed.fixed = usd(1000);
    add(eco.oracles, "ETH", fixed);
  }
  void compiled() {
    Diagnostics found;
    world = compile(eco, found, {});
    for (const Diagnostic& d : found.all()) {
      if (d.severity == Severity::error) FAIL(d.message);
    }
  }
  const Outcome& run_on(Workspace& w, const Scenario& s) const {
    w.audit_rounds = true;
    const Outcome& out = run(world, s, w);
    INFO(out.stop_detail);
    REQUIRE(!stop_is_failure(out.stop));
    REQUIRE(audit(world, w, true) == "");
    return out;
  }
  Scenario asks(double share, Timing when = {}) const {
    Scenario s;
    for (const std::uint32_t place : places_named(world, "loans")) {
      s.moves.push_back({MoveKind::deposits, place, share, when});
    }
    return s;
  }
  /// ETH is worth so much at market, whatever its feed says.
  Scenario falls_to(double usd_each) const {
    Scenario s;
    s.moves.push_back({MoveKind::level, world.asset("ETH").value, usd_each, {}});
    return s;
  }
  std::uint32_t reserve(const char* asset, const char* market = "loans") const {
    for (std::uint32_t r = 0; r < world.reserves.size(); ++r) {
      const bool here = world.reserves[r].market == world.market(market);
      if (here && world.reserves[r].asset == world.asset(asset)) return r;
    }
    FAIL("no such reserve");
    return 0;
  }
};

/// Half of all lenders react, an hour's thousand seconds later on average.
DepositorsSpec crowd() {
  DepositorsSpec spec;
  spec.reacts.value = 0.5;
  spec.within.value = 1000;
  return spec;
}

}  // namespace

TEST_CASE("depositors: a withdrawal within cash is paid at once") {
  Lenders l(12, 3600);
  l.compiled();
  Workspace w(l.world);
  const ReserveOutcome& usd = l.run_on(w, l.asks(0.2)).reserves[l.reserve("USD")];
  CHECK(usd.withdrawn_usd == 8000);
  CHECK(usd.trapped_usd == 0);
  CHECK(usd.trapped_longest_s == 0);
  CHECK(usd.full_at_s == -1);
  CHECK(w.outcome.stop == Stop::settled);
}

TEST_CASE("depositors: beyond cash they wait to the end, and dollars times hours are counted") {
  Lenders l(12, 3600);
  l.compiled();
  Workspace w(l.world);
  const Outcome& out = l.run_on(w, l.asks(0.5, {1200, 1200}));
  const ReserveOutcome& usd = out.reserves[l.reserve("USD")];
  CHECK(usd.withdrawn_usd == 11200);
  CHECK(usd.trapped_usd == 8800);
  CHECK(usd.trapped_usd_s == 8800.0 * 2400);
  CHECK(usd.trapped_longest_s == 2400);
  CHECK(usd.full_at_s == 1200);
  CHECK(out.markets[0].trapped_usd == 8800);
}

// 20 USD/s ask; cash ends at 560 s. Rounds of 10 s: sum of 20 (t - 560) 10 over t = 560, 570 ..
// 990.
TEST_CASE("depositors: a slow withdrawal traps who comes late") {
  Lenders l(10, 2000);
  l.compiled();
  Workspace w(l.world);
  const ReserveOutcome& usd = l.run_on(w, l.asks(0.5, {0, 1000})).reserves[l.reserve("USD")];
  CHECK(usd.full_at_s == 560);
  CHECK(usd.trapped_usd == 8800);
  CHECK(usd.trapped_usd_s == Approx(1892000 + 8800.0 * 1000).margin(1));
  CHECK(usd.trapped_longest_s == 2000 - 570);
}

TEST_CASE("depositors: a wish taken back frees who waits, and who was paid lends again") {
  Lenders l(12, 3600);
  l.compiled();
  Workspace w(l.world);
  Timing hour;
  hour.undo_s = hour.back_s = 1200;
  const ReserveOutcome& usd = l.run_on(w, l.asks(0.5, hour)).reserves[l.reserve("USD")];
  CHECK(usd.withdrawn_usd == 11200);
  CHECK(usd.trapped_usd == 0);
  CHECK(usd.trapped_usd_s == 8800.0 * 1200);
  CHECK(w.reserves[l.reserve("USD")].lender_scaled == 40000);
  CHECK(w.ledger.balance(l.world.reserves[l.reserve("USD")].cash) == 11200);
}

TEST_CASE("depositors: repayments pay who waits, in order") {
  Lenders l(12, 3600);
  l.eco.oracles[0].spec = prompt_feed();
  ConstantProduct::Spec pool;
  pool.pair = {"ETH", "USD"};
  pool.liquidity = usd(1e8);
  add(l.eco.venues, "pool", VenueNode{pool, {}});
  l.compiled();
  Workspace w(l.world);
  Scenario s = l.asks(0.5);  // 8,800 wait; both loans are repaid at 240 s
  s.moves.push_back({MoveKind::level, l.world.asset("ETH").value, 850, {240, 240}});
  const Outcome& out = l.run_on(w, s);
  CHECK(out.markets[0].liquidated_usd == Approx(28800).epsilon(1e-6));
  const ReserveOutcome& usd = out.reserves[l.reserve("USD")];
  CHECK(usd.withdrawn_usd == Approx(20000).epsilon(1e-9));
  CHECK(usd.trapped_usd == 0);
  CHECK(usd.trapped_longest_s == 240);
  CHECK(usd.trapped_usd_s == Approx(8800.0 * 240).epsilon(1e-9));
}

// S = 40,000, L = 11,200; at 500 USD the loans are short of 8,800: who stays has 20,000 for 28,800.
TEST_CASE("depositors: first come leave at par, who stays bears the hole") {
  Lenders l(12, 3600);
  l.compiled();
  Workspace w(l.world);
  Scenario s = l.asks(1);
  s.moves.push_back({MoveKind::level, l.world.asset("ETH").value, 500, {}});
  const Outcome& out = l.run_on(w, s);
  const std::uint32_t r = l.reserve("USD");
  CHECK(out.reserves[r].withdrawn_usd == 11200);
  CHECK(out.markets[0].bad_debt_end_usd == 8800);
  const double claims = supply_units(w, r);
  CHECK((claims - out.markets[0].bad_debt_end_usd) / claims ==
        Approx(stayers_recover(40000, 11200, 8800)));
  const auto depositors = static_cast<std::size_t>(Bearer::depositor);
  CHECK(out.bearer_result_usd[depositors] == Approx(-8800));
}

// asked(t) = 20,000 (1 - exp(-t / 1000)): cash ends when that is 11,200, at 1000 ln(1 / 0.44) s.
TEST_CASE("depositors: a run of constant hazard follows its closed form") {
  for (const double horizon : {500.0, 3000.0}) {
    Lenders l(1, horizon);
    add(l.eco.agents, "depositors", AgentSpecs{crowd()});
    l.compiled();
    Workspace w(l.world);
    const Outcome& out = l.run_on(w, l.falls_to(900));  // 10% below what its feed says
    const ReserveOutcome& usd = out.reserves[l.reserve("USD")];
    const double asked = 20000 * (1 - std::exp(-horizon / 1000));
    CHECK(usd.withdrawn_usd == Approx(std::min(asked, 11200.0)).margin(1e-5));
    CHECK(usd.trapped_usd == Approx(std::max(0.0, asked - 11200)).margin(1e-5));
    if (horizon < 820) {
      CHECK(out.markets[0].utilisation_peak == Approx(28800 / (40000 - asked)).epsilon(1e-9));
      continue;
    }
    const double dry = -1000 * std::log(0.44);
    CHECK(usd.full_at_s == std::ceil(dry));
    const double trapped_s = 8800 * (horizon - dry) - 2e7 * (0.44 - std::exp(-horizon / 1000));
    CHECK(usd.trapped_usd_s == Approx(trapped_s).epsilon(1e-3));
  }
}

TEST_CASE("depositors: large lenders leave faster") {
  Lenders l(10, 400);
  DepositorsSpec spec = crowd();
  spec.large.value = 0.3;
  spec.faster.value = 4;
  add(l.eco.agents, "depositors", AgentSpecs{spec});
  l.compiled();
  Workspace w(l.world);
  const double asked = 20000 * (0.7 * (1 - std::exp(-0.4)) + 0.3 * (1 - std::exp(-1.6)));
  CHECK(l.run_on(w, l.falls_to(900)).reserves[l.reserve("USD")].withdrawn_usd ==
        Approx(asked).margin(1e-5));
}

// One class that hurries as others leave: x' = (1 + h x)(X - x) / 1000, a logistic.
TEST_CASE("depositors: herding makes a logistic of it") {
  Lenders l(1, 300);
  DepositorsSpec spec = crowd();
  spec.herding.value = 6;
  add(l.eco.agents, "depositors", AgentSpecs{spec});
  l.compiled();
  Workspace w(l.world);
  const double X = 0.5, h = 6, g = std::exp((1 + h * X) * 0.3) / X;
  CHECK(l.run_on(w, l.falls_to(900)).reserves[l.reserve("USD")].withdrawn_usd ==
        Approx(40000 * (g * X - 1) / (g + h)).epsilon(2e-3));
}

TEST_CASE("depositors: each sight of trouble starts a run, and none does not") {
  const auto withdrawn = [](const DepositorsSpec& spec, double to_usd) {
    Lenders l(10, 400);
    add(l.eco.agents, "depositors", AgentSpecs{spec});
    l.compiled();
    Workspace w(l.world);
    return l.run_on(w, l.falls_to(to_usd)).reserves[l.reserve("USD")].withdrawn_usd;
  };
  DepositorsSpec blind = crowd();
  blind.sees.hole.reset();
  blind.sees.deficit.reset();
  blind.sees.depeg.reset();
  blind.sees.full.reset();
  CHECK(withdrawn(blind, 500) == 0);
  DepositorsSpec hole = blind;
  hole.sees.hole = Ratio{0.2};  // 8,800 of 40,000 are missing at 500 USD, 4,800 at 600
  CHECK(withdrawn(hole, 500) > 0);
  CHECK(withdrawn(hole, 600) == 0);
  DepositorsSpec depeg = blind;
  depeg.sees.depeg = Ratio{0.45};
  CHECK(withdrawn(depeg, 500) > 0);
  CHECK(withdrawn(depeg, 600) == 0);
}

TEST_CASE("depositors: a market that fills up is left by those who watch it") {
  Lenders l(10, 1000);
  DepositorsSpec spec = crowd();
  spec.sees.full = Ratio{0.9};
  add(l.eco.agents, "depositors", AgentSpecs{spec});
  l.compiled();
  Workspace w(l.world);
  const std::uint32_t r = l.reserve("USD");
  CHECK(l.run_on(w, l.asks(0.1)).reserves[r].withdrawn_usd == 4000);    // 80% used
  CHECK(l.run_on(w, l.asks(0.25)).reserves[r].withdrawn_usd == 11200);  // 96% used
  CHECK(w.outcome.reserves[r].trapped_usd > 0);
}

TEST_CASE("depositors: halving the round changes what is withdrawn and trapped by little") {
  const auto outcome = [](double round_s) {
    Lenders l(round_s, 3600);
    DepositorsSpec spec = crowd();
    spec.herding.value = 2;
    spec.large.value = 0.4;
    add(l.eco.agents, "depositors", AgentSpecs{spec});
    l.compiled();
    Workspace w(l.world);
    return l.run_on(w, l.falls_to(900)).markets[0];
  };
  const MarketOutcome a = outcome(60), b = outcome(30), c = outcome(15);
  for (const auto field : {&MarketOutcome::withdrawn_usd, &MarketOutcome::trapped_usd,
                           &MarketOutcome::trapped_usd_s}) {
    CHECK(b.*field == Approx(a.*field).epsilon(0.1));
    CHECK(c.*field == Approx(b.*field).epsilon(0.1));
  }
}

TEST_CASE("depositors: nobody runs in the direct run") {
  Lenders l(10, 1000);
  add(l.eco.agents, "depositors", AgentSpecs{crowd()});
  l.compiled();
  Workspace w(l.world);
  Scenario s = l.falls_to(500);
  s.transmission = false;
  CHECK(l.run_on(w, s).reserves[l.reserve("USD")].withdrawn_usd == 0);
}

TEST_CASE("depositors: havens get their share of what was paid") {
  Lenders l(10, 5000);
  MarketNode other = eth_loans(50000, 1);
  std::get<IsolatedMarket::Spec>(other.spec).collateral = {"BTC"};
  other.rows.assets = {"BTC", "USD"};
  add_assets(l.eco, {{"BTC", 1000}});
  add(l.eco.markets, "haven", other);
  DepositorsSpec spec = crowd();
  spec.in = {{"loans"}};
  spec.havens["haven"] = {0.5};
  add(l.eco.agents, "depositors", AgentSpecs{spec});
  l.compiled();
  Workspace w(l.world);
  const Outcome& out = l.run_on(w, l.falls_to(900));
  CHECK(out.reserves[l.reserve("USD")].withdrawn_usd == 11200);
  CHECK(supply_units(w, l.reserve("USD", "haven")) == Approx(55600).margin(1e-4));
  const auto depositors = static_cast<std::size_t>(Bearer::depositor);
  CHECK(out.bearer_result_usd[depositors] == Approx(0).margin(1e-6));
}

TEST_CASE("depositors: mistakes are found") {
  const auto finding = [](const std::vector<DepositorsSpec>& crowds) {
    Lenders l(10, 1000);
    int n = 0;
    for (const DepositorsSpec& spec : crowds) {
      add(l.eco.agents, fmt::format("crowd{}", n++), AgentSpecs{spec});
    }
    Diagnostics found;
    compile(l.eco, found, {});
    std::string codes;
    for (const Diagnostic& d : found.all()) {
      if (d.severity == Severity::error) codes += d.code + " ";
    }
    return codes;
  };
  DepositorsSpec nowhere = crowd(), greedy = crowd();
  nowhere.in = {{"loanz"}};
  greedy.havens["loans"] = {0.5};
  CHECK(finding({crowd()}) == "");
  CHECK(finding({nowhere}) == "E0520 ");
  CHECK(finding({crowd(), crowd()}) == "E0521 ");
  CHECK(finding({greedy}) == "E0522 ");
}

namespace {

/// A pool: 1,000 ETH lent in and 900 lent out; $1m of USD lent in and $800,000 lent out; gold is
/// only posted.
Lenders shared_pool(double round_s, double horizon_s) {
  Lenders l(round_s, horizon_s);
  l.eco.markets.clear();
  add_assets(l.eco, {{"GOLD", 1}});
  PooledLending::Spec pool;
  for (const char* asset : {"ETH", "GOLD", "USD"}) {
    ReserveSpec& r = pool.reserves[asset];
    r.ltv.value = 0.8;
    r.lt.value = 0.85;
    r.bonus = Ratio{0.05};
    r.rate.kind = "none";
  }
  pool.reserves["ETH"].supplied = of(1000, "ETH");
  pool.reserves["USD"].supplied = of(1e6, "USD");
  pool.reserves["GOLD"].supplied = of(4e6, "GOLD");
  pool.reserves["GOLD"].borrow_cap = of(0, "GOLD");
  MarketNode node;
  node.spec = pool;
  node.rows.assets = {"ETH", "GOLD", "USD"};
  node.rows.first_leg = {0, 2, 4};
  node.rows.legs = {{1, 0, 0}, {0, 1, 0}, {1, 0, 0}, {2, 1, 0}};
  node.rows.amounts = {2e6, 900, 2e6, 8e5};
  add(l.eco.markets, "pool", node);
  return l;
}

}  // namespace

// 150 of 1,000 ETH are asked for at once: 100 are paid, and everybody sees a full reserve. Half of
// the trapped borrow USD at 80% x 95%: 425 ETH of them, for $323,000, where $200,000 are to be had.
TEST_CASE("depositors: trapped claims borrow their way out, and carry the run on") {
  Lenders l = shared_pool(10, 4000);
  DepositorsSpec spec = crowd();
  spec.reacts.value = 1;
  spec.within.value = 100;
  spec.borrows_out.value = 0.5;
  add(l.eco.agents, "depositors", AgentSpecs{spec});
  l.compiled();
  const std::uint32_t eth = l.reserve("ETH", "pool"), usd = l.reserve("USD", "pool");
  const DepositPlace& place = l.world.places[places_named(l.world, "pool.ETH").at(0)];
  Scenario s;
  s.moves.push_back({MoveKind::deposits, places_named(l.world, "pool.ETH").at(0), 0.15, {}});
  Workspace w(l.world);
  const Outcome& out = l.run_on(w, s);
  CHECK(out.reserves[eth].withdrawn_usd == 100000);
  CHECK(out.reserves[eth].full_at_s == 0);
  // The dollars: all cash went, and $800,000 of lenders found none, who then cannot borrow ETH.
  // Ties of 425 (1 - (1 + t / 100) exp(-t / 100)) ETH at $760 each are $200,000 after 209.5 s.
  CHECK(out.reserves[usd].full_at_s == Approx(209.5).margin(20));
  CHECK(w.ledger.balance(l.world.reserves[usd].cash) < 1e-3);
  const double borrowed = w.positions.amount(place.row, 2);
  CHECK(w.positions.amount(place.row, 0) * 1000 * 0.8 * 0.95 == Approx(borrowed).epsilon(1e-9));
  CHECK(borrowed + out.reserves[usd].withdrawn_usd == Approx(200000).margin(0.01));
  CHECK(out.reserves[usd].trapped_usd == Approx(1e6 - out.reserves[usd].withdrawn_usd).margin(1));
  CHECK(out.reserves[eth].trapped_usd ==
        Approx(900000 - 1000 * w.positions.amount(place.row, 0)).margin(1));
  const auto depositors = static_cast<std::size_t>(Bearer::depositor);
  CHECK(out.bearer_result_usd[depositors] == Approx(0).margin(1e-3));
}

TEST_CASE("depositors: with cash enough they borrow what their claims allow, and no more") {
  Lenders l = shared_pool(10, 4000);
  auto& pool = std::get<PooledLending::Spec>(l.eco.markets[0].spec.spec);
  pool.reserves["USD"].supplied = of(5e6, "USD");
  DepositorsSpec spec = crowd();
  spec.reacts.value = 1;
  spec.within.value = 100;
  spec.borrows_out.value = 0.5;
  add(l.eco.agents, "depositors", AgentSpecs{spec});
  l.compiled();
  const std::uint32_t at = places_named(l.world, "pool.ETH").at(0);
  Scenario s;
  s.moves.push_back({MoveKind::deposits, at, 0.15, {}});
  Workspace w(l.world);
  const Outcome& out = l.run_on(w, s);
  const std::uint32_t row = l.world.places[at].row;
  CHECK(w.positions.amount(row, 0) == Approx(425).margin(0.01));
  CHECK(w.positions.amount(row, 2) == Approx(323000).margin(10));
  CHECK(out.reserves[l.reserve("ETH", "pool")].trapped_usd == Approx(475000).margin(10));

  // They are liquidated like anybody: ETH at 850 leaves 361,250 x 0.85 < 323,000.
  FeedSpec feed = prompt_feed();
  l.eco.oracles[0].spec = feed;
  ConstantProduct::Spec venue;
  venue.pair = {"ETH", "USD"};
  venue.liquidity = usd(1e9);
  add(l.eco.venues, "venue", VenueNode{venue, {}});
  l.compiled();
  s.moves.push_back({MoveKind::level, l.world.asset("ETH").value, 850, {3000, 3000}});
  Workspace v(l.world);
  CHECK(l.run_on(v, s).markets[0].liquidated_usd == 0);  // no ETH left to seize
  const std::uint32_t eth = l.reserve("ETH", "pool");
  CHECK(v.ledger.balance(l.world.reserves[eth].cash) == 0);
  CHECK(v.outcome.markets[0].unserved_usd > 300000);
}
