// Who takes claims back in his own time, against numbers worked out by hand. A claim of rate r
// trades in a constant product without fee against the dollars it is paid in; whoever buys it below
// what it is worth to wait, v, stops where the last one costs v: the pool's dollars end at sqrt(k
// v).
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "sim/accounting.hpp"
#include "sim/claims/redemption_desks.hpp"
#include "sim/compile/expand_contracts.hpp"
#include "sim/compile/scenario.hpp"
#include "sim/engine.hpp"
#include "tests/known_vectors.hpp"
#include "tests/sim/small_world.hpp"

using namespace faultline;
using faultline::test::add;
using faultline::test::of;
using faultline::test::priced;

namespace {

constexpr double one_year_s = 365 * 86400.0, hour_s = 3600;

struct World {
  Ecosystem eco;
  BridgeSpec bridge;
  FiatCoinSpec fiat;
  bool is_fiat = false;
  ArbitrageurSpec arbitrageurs;

  /// Of a million claims so many lie in the pool against dollars.
  World(double claims, double dollars) {
    eco.clock.round.value = 60;
    eco.clock.horizon.value = 3600;
    add(eco.assets, "USD", priced(1));
    AssetSpec coin;
    coin.rate = of(1, "USD");
    coin.supply = of(1e6, "COIN");
    coin.max_supply = of(1e7, "COIN");
    add(eco.assets, "COIN", coin);
    ConstantProduct::Spec pool;
    pool.pair = {"COIN", "USD"};
    pool.base = of(claims, "COIN");
    pool.quote = of(dollars, "USD");
    pool.fee.value = 0;
    add(eco.venues, "pool", VenueNode{pool, {}});
    arbitrageurs.gas = of(0, "$");
    for (DeskSpec* spec : {static_cast<DeskSpec*>(&bridge), static_cast<DeskSpec*>(&fiat)}) {
      spec->issues = {"COIN"};
      spec->carry.value = 0;
    }
    bridge.delay.value = 0;
  }
  Snapshot compiled(Diagnostics& diagnostics) const {
    Ecosystem all = eco;
    add(all.agents, "arbitrageurs", AgentSpecs{arbitrageurs});
    if (is_fiat) add(all.fiat_coins, "issuer", fiat);
    if (!is_fiat) add(all.bridges, "issuer", bridge);
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
Outcome ran(const Snapshot& world, Workspace& w, const Scenario& scenario = {}) {
  w.audit_rounds = true;
  const Outcome out = run(world, scenario, w);
  INFO(out.stop_detail);
  REQUIRE(!stop_is_failure(out.stop));
  double gains = 0;
  for (const double g : out.bearer_gain_usd) gains += g;
  CHECK(gains == Approx(out.revaluation_usd).margin(1e-3));
  return out;
}
Outcome ran(const Snapshot& world, const Scenario& scenario = {}) {
  Workspace w(world);
  return ran(world, w, scenario);
}

double gain(const Outcome& out, Bearer b) {
  return out.bearer_gain_usd[static_cast<std::size_t>(b)];
}
double price(const Snapshot& world, const Outcome& out) {
  return out.assets[world.asset("COIN").value].price_end;
}

Scenario asks(double share, double at_s = 0) {
  Scenario s;
  s.moves.push_back({MoveKind::hand_in, 0, share, {at_s, at_s}});
  return s;
}
Scenario drained(const Snapshot& world, double units, double at_s = 60) {
  Scenario s;
  s.exploits.push_back({world.asset("USD"), units, at_s, ExploitThen::hold, 0, 0});
  return s;
}

}  // namespace

TEST_CASE("a claim below its rate is bought and handed in until the last one earns nothing") {
  World w(1e5, 0.81e5);  // at $0.81: dollars end at sqrt(0.81e10) = 90,000
  const Snapshot world = w.compiled();
  const Outcome out = ran(world);
  CHECK(price(world, out) == Approx(1).epsilon(1e-9));
  CHECK(out.desks[0].redeemed_usd == Approx(10000).epsilon(1e-9));
  CHECK(gain(out, Bearer::arbitrageur) == Approx(1000).epsilon(1e-6));
  CHECK(out.desks[0].behind_end == 1);
  CHECK(out.desks[0].longest_wait_s == 60);  // the round after
  CHECK(out.stop == Stop::settled);
}

TEST_CASE("what waits is worth its rate less what its money asks") {
  World w(1e5, 0.81e5);
  w.bridge.carry.value = 0.5;
  w.bridge.delay.value = 30 * 86400;
  const Snapshot world = w.compiled();
  const Outcome out = ran(world);
  const double v = std::exp(-0.5 * 30 * 86400 / one_year_s);
  CHECK(price(world, out) == Approx(v).epsilon(1e-9));
  CHECK(out.desks[0].redeemed_usd == 0);
  CHECK(out.desks[0].waiting_end_usd == Approx(1e5 - std::sqrt(0.81e10 / v)).epsilon(1e-9));
  // less for a fee, and for doubt about what nobody can reach
  World doubtful = w;
  doubtful.is_fiat = true;
  doubtful.fiat.carry.value = 0;
  doubtful.fiat.doubt.value = 0.4;
  doubtful.fiat.fee.value = 0.01;
  doubtful.fiat.reserves["bank"] = {{0.25}, {0}};
  const Snapshot closed = doubtful.compiled();
  Scenario frozen;
  frozen.moves.push_back({MoveKind::out_of_reach, 0, 1, {0, 0, 1e9, 1e9}});
  const Outcome o = ran(closed, frozen);
  CHECK(price(closed, o) == Approx(0.99 * (1 - 0.4 * 0.25)).epsilon(1e-9));
}

TEST_CASE("capital that waits in a queue is out until it is paid") {
  World w(1e5, 0.81e5);
  w.arbitrageurs.capital = of(2000, "$");
  w.arbitrageurs.turnover.value = 1;
  w.bridge.delay.value = 600;
  const Snapshot world = w.compiled();
  Snapshot shorter = w.compiled();
  shorter.horizon_s = 540;
  const Outcome before = ran(shorter);  // bought once, for all they have
  const double bought = 1e5 - 0.81e10 / 83000;
  CHECK(before.desks[0].waiting_end_usd == Approx(bought).epsilon(1e-9));
  CHECK(before.desks[0].redeemed_usd == 0);
  shorter.horizon_s = 600;
  const Outcome after = ran(shorter);  // paid, and at it again
  CHECK(after.desks[0].redeemed_usd == Approx(bought).epsilon(1e-9));
  CHECK(after.desks[0].waiting_end_usd == Approx(0.81e10 / 83000 - 0.81e10 / 85000).epsilon(1e-9));
}

TEST_CASE("above its rate a claim is issued, while it is open") {
  World w(0.81e5, 1e5);  // at 1.2346; both end at 90,000
  w.is_fiat = true;
  const Snapshot world = w.compiled();
  const Outcome out = ran(world);
  CHECK(price(world, out) == Approx(1).epsilon(1e-9));
  CHECK(out.desks[0].issued_usd == Approx(9000).epsilon(1e-9));
  CHECK(gain(out, Bearer::arbitrageur) == Approx(1000).epsilon(1e-6));
  CHECK(out.desks[0].behind_end == 1);
  w.eco.clock.starts = "2023-03-10 21:30";  // a Friday night
  w.fiat.open = "mon-fri 13:00-21:00";
  const Snapshot night = w.compiled();
  CHECK(price(night, ran(night)) == Approx(1 / 0.81).epsilon(1e-9));
  w.eco.clock.round.value = 3600;
  w.eco.clock.horizon.value = 3 * 86400;
  const Snapshot weekend = w.compiled();
  CHECK(price(weekend, ran(weekend)) == Approx(1).epsilon(1e-9));
  w.fiat.mints = false;
  const Snapshot never = w.compiled();
  CHECK(price(never, ran(never)) == Approx(1 / 0.81).epsilon(1e-9));
}

TEST_CASE("over a weekend a coin floats where its money is worth waiting; Monday it is paid") {
  World w(1e5, 0.81e5);
  w.is_fiat = true;
  w.eco.clock.starts = "2023-03-10 21:30";
  w.eco.clock.round.value = 1800;
  w.eco.clock.horizon.value = 4 * 86400;
  w.fiat.open = "mon-fri 13:00-21:00";
  w.fiat.carry.value = 0.5;
  const Snapshot world = w.compiled();
  Workspace at(world);
  Snapshot first = w.compiled();
  first.horizon_s = 0;
  const double wait = 2 * 86400 + 15.5 * hour_s;  // to Monday, 13:00
  CHECK(price(first, ran(first)) == Approx(std::exp(-0.5 * wait / one_year_s)).epsilon(1e-9));
  const Outcome out = ran(world, at);
  CHECK(out.desks[0].longest_wait_s == wait);
  CHECK(out.desks[0].waiting_end_usd == 0);
  CHECK(price(world, out) == Approx(1).epsilon(1e-9));
}

TEST_CASE("a queue is paid in order, as fast as the desk may") {
  World w(1e5, 1e5);  // 900,000 with holders
  w.bridge.capacity = Flow{10, "USD"};
  w.bridge.window.value = 60;
  const Snapshot world = w.compiled();
  // 18,000 asked for at 600 s: 600 lie ready, 600 more each minute
  const Outcome out = ran(world, asks(0.02, 600));
  CHECK(out.desks[0].redeemed_usd == Approx(18000));
  CHECK(out.desks[0].longest_wait_s == 29 * 60);
  CHECK(out.desks[0].waiting_most_usd == Approx(17400));
  Snapshot shorter = w.compiled();
  shorter.horizon_s = 1200;
  CHECK(ran(shorter, asks(0.02, 600)).desks[0].redeemed_usd == Approx(11 * 600));
  // who takes his wish back is the youngest
  Scenario back = asks(0.02, 600);
  back.moves[0].when.undo_s = back.moves[0].when.back_s = 1200;
  CHECK(ran(world, back).desks[0].redeemed_usd == Approx(10 * 600));
}

TEST_CASE("a drained escrow: what is there over what is owed, and first come, first served") {
  World w(1e5, 1e5);
  const Snapshot world = w.compiled();
  const Outcome out = ran(world, drained(world, 764000));
  CHECK(out.desks[0].behind_start == 1);
  CHECK(out.desks[0].behind_end == Approx(0.236));
  CHECK(gain(out, Bearer::attacker) == 764000);
  CHECK(gain(out, Bearer::holder) == -764000);  // nobody has sold
  CHECK(out.desks[0].missing_end_usd == Approx(764000));

  // Holders of 225,000 ask at once: all whole. Of the other 775,000, 11,000 are there.
  Scenario run_on = drained(world, 764000);
  run_on.moves.push_back({MoveKind::hand_in, 0, 0.25, {120, 120}});
  const Outcome ran_on = ran(world, run_on);
  CHECK(ran_on.desks[0].redeemed_usd == Approx(225000));
  CHECK(ran_on.desks[0].behind_end == Approx(11000.0 / 775000));
  run_on.moves[0].value = 0.5;  // 450,000 ask for 236,000
  const Outcome dry = ran(world, run_on);
  CHECK(dry.desks[0].redeemed_usd == Approx(236000));
  CHECK(dry.desks[0].waiting_end_usd == Approx(214000));
  CHECK(dry.desks[0].emptied_s == 120);
  CHECK(dry.desks[0].behind_end == Approx(0).margin(1e-9));

  // With minted claims the hole is one number: 236,000 for 1,250,000.
  Scenario both = drained(world, 764000);
  both.exploits.push_back({world.asset("COIN"), 250000, 120, ExploitThen::hold});
  CHECK(ran(world, both).desks[0].behind_end == Approx(236.0 / 1250));
}

TEST_CASE("pro rata: everybody gets his share, and the price goes there") {
  World w(1e5, 1e5);
  w.bridge.pays = "pro_rata";
  const Snapshot world = w.compiled();
  Scenario s = drained(world, 764000);
  s.moves.push_back({MoveKind::hand_in, 0, 0.5, {120, 120}});
  const Outcome out = ran(world, s);
  CHECK(out.desks[0].redeemed_usd == Approx(0.236 * 450000));
  CHECK(out.desks[0].behind_end == Approx(0.236).epsilon(1e-9));
  CHECK(price(world, out) == 1);  // who would sell?
  World cheap(1e5, 0.09e5);       // at $0.09
  cheap.bridge.pays = "pro_rata";
  const Snapshot below = cheap.compiled();
  const Outcome bought = ran(below, drained(below, 764000, 0));
  CHECK(price(below, bought) == Approx(0.236).epsilon(1e-9));
  CHECK(bought.desks[0].behind_end == Approx(0.236).epsilon(1e-9));
}

TEST_CASE("a guardian stops a bridge some time after the hole") {
  World w(1e5, 1e5);
  w.bridge.pauses_after = Seconds{600};
  const Snapshot world = w.compiled();
  Scenario s = drained(world, 764000);
  s.moves.push_back({MoveKind::hand_in, 0, 0.1, {300, 300}});
  s.moves.push_back({MoveKind::hand_in, 0, 0.1, {1200, 1200}});
  const Outcome out = ran(world, s);
  CHECK(out.desks[0].paused_s == 60 + 60 + 600);  // the hole is seen a round later
  CHECK(out.desks[0].redeemed_usd == Approx(90000));
  CHECK(out.desks[0].waiting_end_usd == Approx(81000));
}

TEST_CASE("reserves: some frozen, some sold in time, some lost") {
  World w(1e5, 1e5);
  w.is_fiat = true;
  w.fiat.reserves["bills"] = {{0.5}, {1000}};  // 500,000 in 1,000 s: 30,000 a minute
  w.fiat.reserves["svb"] = {{0.3}, {0}};       // 200,000 are cash
  const Snapshot world = w.compiled();
  REQUIRE(world.reserve_parts[1].name == "issuer.svb");
  Scenario s = asks(0.5, 60);  // 450,000
  s.moves.push_back({MoveKind::out_of_reach, 1, 1, {60, 60, 1200, 1200}});
  Snapshot shorter = w.compiled();
  shorter.horizon_s = 60;
  CHECK(ran(shorter, s).desks[0].redeemed_usd == Approx(230000));
  shorter.horizon_s = 300;
  CHECK(ran(shorter, s).desks[0].redeemed_usd == Approx(350000));
  const Outcome out = ran(world, s);
  CHECK(out.desks[0].redeemed_usd == Approx(450000));
  CHECK(out.desks[0].longest_wait_s == 8 * 60);
  CHECK(out.desks[0].behind_least == 1);  // frozen is not lost

  // A tenth of all is lost and nobody has admitted it: who asks is paid whole as long as there is.
  Scenario lost = asks(1, 60);
  lost.moves.push_back({MoveKind::backing, world.asset("COIN").value, 0.1, {0, 0}});
  const Outcome left = ran(world, lost);
  CHECK(left.desks[0].redeemed_usd == Approx(900000));
  CHECK(left.desks[0].behind_end ==
        Approx(0).margin(1e-9));  // the pool's 100,000 are worth nothing
}

TEST_CASE("a claim's rate falls while it waits: it is paid less, never more") {
  World w(1e5, 1e5);
  w.bridge.delay.value = 300;
  w.arbitrageurs.gas = of(1e15, "$");
  w.eco.assets[1].spec.rate = of(2, "USD");
  w.eco.venues.clear();
  ConstantProduct::Spec pool;
  pool.pair = {"COIN", "USD"};
  pool.liquidity = of(2e5, "USD");
  add(w.eco.venues, "pool", VenueNode{pool, {}});
  const Snapshot world = w.compiled();
  for (const double log_change : {-0.25, 0.25}) {
    Scenario s = asks(0.1, 60);
    s.moves.push_back({MoveKind::rate, world.asset("COIN").value, log_change, {120, 120}});
    const double units = 0.1 * 9.5e5;  // all but the pool's
    CHECK(ran(world, s).desks[0].redeemed_usd ==
          Approx(units * 2 * std::min(1.0, std::exp(log_change))).epsilon(1e-9));
  }
}

TEST_CASE("no more is taken out of an escrow than there is") {
  const World w(1e5, 1e5);
  const Snapshot world = w.compiled();
  CHECK(ran(world, drained(world, 5e6)).desks[0].drained_usd == 1e6);  // no more than there is
  Scenario all;
  all.exploits.push_back({world.asset("USD"), 0, 60, ExploitThen::hold, 0, 0.25});
  CHECK(ran(world, all).desks[0].drained_usd == 250000);
}

TEST_CASE("Lido's queue through the engine: lido_withdrawal_queue.json") {
  const nlohmann::json file = test::known("lending/lido_withdrawal_queue");
  World w(1e5, 1e5);
  w.bridge.capacity = Flow{1, "USD"};
  const Snapshot world = w.compiled();
  Workspace at(world);
  std::size_t compared = 0;
  for (const nlohmann::json& c : file["cases"]) {
    if (c["type"] != "prefinalize") continue;
    INFO(c["name"]);
    at.reset();
    double& rate = at.market.contract_rate[world.desks[0].claim.value];
    for (const auto& r : c["requests"]) {
      rate = r[0].get<double>() / r[1].get<double>();  // when it was placed
      hand_in(world, at, 0, DeskRequest::holders, r[1], 0, 0);
    }
    rate = c["max_share_rate"];
    at.desks.desks[0].room = c["budget"];
    const std::size_t all = at.desks.desks[0].queue.size();
    step_desks(world, at, 0);
    const DeskState& s = at.desks.desks[0];
    const std::size_t done = s.queue.empty() ? all : s.head;
    CHECK(done == c["expected"]["finalised"].get<std::size_t>());
    const double paid = at.ledger.balance(world.desks[0].paid);
    // the next in line gets what is left
    CHECK(paid ==
          Approx(done == all ? c["expected"]["eth"].get<double>() : c["budget"].get<double>())
              .margin(1e-6));
    ++compared;
  }
  CHECK(compared > 3);
}

TEST_CASE("desks: mistakes of a file") {
  const auto finding = [](const World& w) {
    Diagnostics diagnostics;
    w.compiled(diagnostics);
    REQUIRE(!diagnostics.all().empty());
    const Diagnostic& d = diagnostics.all().front();
    return d.code + " " + d.message + "; " + d.remedy;
  };
  const World sound(1e5, 1e5);
  World w = sound;
  w.eco.assets[1].spec.supply.reset();
  CHECK(finding(w) ==
        "E0630 how much of COIN is owed, and in what?; give it both: `COIN: {rate: 1 ETH, supply: "
        "5m COIN}`");
  w = sound;
  add(w.eco.bridges, "another", w.bridge);
  CHECK(finding(w) ==
        "E0631 COIN is issued by 'another' already; let one vault hold all that is behind it");
  w = sound;
  w.eco.assets[1].spec.redeem = Flow{1, "USD"};
  CHECK(finding(w) ==
        "E0637 'issuer' takes COIN back already; leave `redeem` out, and write a `capacity` at "
        "'issuer'");
  w = sound;
  w.is_fiat = true;
  w.fiat.open = "office hours";
  CHECK(finding(w) ==
        "E0633 'office hours' are no hours; write days and a span in UTC, `mon-fri 14:00-22:00`, "
        "or `always`");
  w.fiat.open = "mon-fri 14:00-22:00";
  CHECK(finding(w) ==
        "E0634 'issuer' keeps hours, and the run starts on no day; say when it starts, in UTC: "
        "`clock: {starts: 2023-03-10 21:00}`");
  w.eco.clock.starts = "Friday";
  CHECK(finding(w) ==
        "E0634 'Friday' is no time; write a date and a time of day in UTC: `starts: 2023-03-10 "
        "21:00`");
  w.eco.clock.starts = "2023-03-10 21:00";
  w.fiat.reserves = {{"a", {{0.6}, {0}}}, {"b", {{0.5}, {0}}}};
  CHECK(finding(w) ==
        "E0632 its reserves add up to 110% of what it holds; let their shares add up to 100% or "
        "less: the rest is cash");
  w = sound;
  w.bridge.capacity = Flow{0, "USD"};
  CHECK(finding(w) ==
        "E0636 'issuer' would never pay anybody; write a capacity above zero, or leave it out for "
        "no limit");
  w = sound;
  w.eco.assets[1].spec.supply = of(5e4, "COIN");
  CHECK(finding(w) ==
        "E0635 100000 COIN are held, more than the 50000 there are; raise the supply, or let "
        "venues, markets and agents hold less");
  w = sound;
  w.eco.venues.clear();
  CHECK(finding(w) ==
        "W0630 nobody can earn by bringing COIN back to its rate; give COIN a venue against an "
        "asset that USD can be exchanged for outside");
}

TEST_CASE("desks: mistakes of a scenario") {
  const World w(1e5, 1e5);
  const Snapshot world = w.compiled();
  const auto finding = [&](const EventSpec& e) {
    Diagnostics diagnostics;
    std::deque<FollowedPath> paths;
    compile_scenario(
        world, {"s", {e}}, [](const auto&...) { return std::vector<SettingChange>{}; }, paths,
        diagnostics);
    REQUIRE(!diagnostics.all().empty());
    const Diagnostic& d = diagnostics.all().front();
    return d.code + " " + d.message + "; " + d.remedy;
  };
  EventSpec e;
  e.drain["isuer"] = {};
  CHECK(finding(e) == "E0640 no bridge 'isuer' to drain; did you mean 'issuer'?");
  e.drain = {{"issuer", {}}};
  e.over = Seconds{60};
  CHECK(finding(e) ==
        "E0641 an escrow is drained at once and not filled again; leave out `over`, `for` and "
        "`back_by`; write several events");
  e.over.reset();
  e.drain["issuer"].takes = of(5, "COIN");
  CHECK(finding(e) ==
        "E0642 the escrow of 'issuer' holds USD, no COIN; write `takes: 1000 USD`, or a share of "
        "it");
  e.drain.clear();
  e.discount["COIN"] = {0.1};
  CHECK(finding(e) ==
        "E0638 COIN is worth what its venues pay for it: no discount moves that; let holders sell "
        "or hand it in, or say what is lost or frozen behind it");
  e.discount.clear();
  e.freeze["issuer.svb"] = {3600};
  CHECK_THAT(finding(e), Catch::Contains("E0548"));
}
