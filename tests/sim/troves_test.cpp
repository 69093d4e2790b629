// Loans paid out of stability pools and handed to other borrowers, by hand and from Liquity's own
// tests (tests/known/lending/liquity_v1.json), through the engine.
#include <catch2/catch.hpp>
#include <cmath>

#include "sim/accounting.hpp"
#include "sim/credit/troves.hpp"
#include "sim/engine.hpp"
#include "tests/known_vectors.hpp"
#include "tests/laws/outcome_numbers.hpp"
#include "tests/laws/random_ecosystem.hpp"
#include "tests/sim/small_world.hpp"

using namespace faultline;
using namespace faultline::laws;
using faultline::test::add;
using faultline::test::of;
using faultline::test::priced;
using faultline::test::prompt_feed;

namespace {

/// Loans of ETH that owe LUSD, which the feed takes at one dollar; gas costs `gas_usd`. Nothing is
/// sold, so there is no venue.
struct Loans {
  explicit Loans(double eth_usd, double gas_usd = 0) {
    eco.clock.round.value = 12;
    eco.clock.horizon.value = 120;
    add(eco.assets, "ETH", priced(eth_usd));
    add(eco.assets, "LUSD", priced(1));
    add(eco.oracles, "ETH", prompt_feed());
    ChainSpec chain;
    chain.gas = of(gas_usd, "$");
    add(eco.chains, "chain", chain);
    terms.lends = {"LUSD"};
    terms.collateral = {"ETH"};
    terms.pool_keeps = of(0, "LUSD");
    rows.assets = {"ETH", "LUSD"};
    rows.first_leg = {0};
  }
  void loan(double collateral, double debt) {
    rows.legs.insert(rows.legs.end(), {{0, 0, 0}, {1, 1, 0}});
    rows.amounts.insert(rows.amounts.end(), {collateral, debt});
    rows.first_leg.push_back(static_cast<std::uint32_t>(rows.legs.size()));
  }
  Ecosystem whole() const {
    Ecosystem all = eco;
    MarketNode node;
    node.spec = terms;
    node.rows = rows;
    add(all.markets, "liquity", node);
    return all;
  }

  Ecosystem eco;
  TroveMarket::Spec terms;
  PositionRows rows;
};

/// A run, audited after every round; ETH goes to `to_usd` after 12 s.
struct Done {
  explicit Done(const Loans& loans, double to_usd = 0) : c(loans.whole(), {}), w(c.world) {
    w.audit_rounds = w.record = true;
    Scenario s;
    if (to_usd > 0) {
      s.moves.push_back({MoveKind::level, c.world.asset("ETH").value, to_usd, {12, 12}});
    }
    out = run(c.world, s, w);
    INFO(out.stop_detail);
    REQUIRE_FALSE(stop_is_failure(out.stop));
    REQUIRE(audit(c.world, w, true) == "");
  }
  double collateral(std::uint32_t row) const { return w.positions.amount(row, 0); }
  double debt(std::uint32_t row) const { return w.positions.amount(row, 1); }
  double held(AccountId a) const { return w.ledger.balance(a); }
  const TroveSystem& system() const { return c.world.troves[0]; }
  const TroveOutcome& pool() const { return out.troves[0]; }
  bool told(const std::string& kind) const {
    return std::any_of(out.timeline.begin(), out.timeline.end(),
                       [&](const TimelineEvent& e) { return e.kind == kind; });
  }

  Case c;
  Workspace w;
  Outcome out;
};

const nlohmann::json& vector_of(const std::string& name) {
  static const nlohmann::json file = test::known("lending/liquity_v1");
  for (const auto& c : file["cases"]) {
    if (c["name"] == name) return c;
  }
  throw std::runtime_error("no case " + name);
}

}  // namespace

// TroveManager_RecoveryModeTest.js: 21 ETH at $100 against 2,000, the pool can pay 390; the others
// hold 6 ETH between them.
TEST_CASE("troves: what the pool cannot pay goes to the other borrowers by collateral") {
  const auto& v = vector_of("partial_offset_then_redistribute");
  Loans loans(100);
  loans.loan(v["collateral"], v["debt"]);
  loans.loan(3, 10);
  loans.loan(2, 20);
  loans.loan(1, 30);
  loans.terms.pool = of(v["pool_available"].get<double>(), "LUSD");
  const Done done(loans);
  const auto& e = v["expected"];
  CHECK(done.debt(0) == 0);
  CHECK(done.collateral(0) == 0);
  CHECK(done.pool().offset_usd == Approx(e["offset_debt"].get<double>()).epsilon(1e-9));
  CHECK(done.held(done.system().gained) ==
        Approx(e["pool_collateral"].get<double>()).epsilon(1e-9));
  CHECK(done.pool().pool_end_usd == 0);
  const double stakes[] = {3, 2, 1}, owed[] = {10, 20, 30};
  for (std::uint32_t i = 0; i < 3; ++i) {
    CHECK(done.debt(i + 1) ==
          Approx(owed[i] + stakes[i] * e["debt_per_stake"].get<double>()).epsilon(1e-9));
    CHECK(done.collateral(i + 1) ==
          Approx(stakes[i] * (1 + e["collateral_per_stake"].get<double>())).epsilon(1e-9));
  }
  CHECK(done.told("offset"));
  CHECK(done.told("redistribution"));
  // 0.5% of the collateral is the caller's.
  const AssetId eth = done.c.world.asset("ETH");
  CHECK(done.held(done.c.world.liquidator_purse(done.system().coin, eth)) == Approx(0.105));
}

// At $100 all loans hold 137.5% of what they owe: the first, at 120%, fails because of that. The
// pool gets 110% of the debt in collateral, its owner the rest.
TEST_CASE("troves: in recovery mode a loan above the least ratio is paid whole or not at all") {
  const auto& v = vector_of("capped_recovery_mode_250");
  Loans loans(100);
  loans.loan(v["collateral"], v["debt"]);
  loans.loan(2.5, 150);
  loans.terms.pool = of(250, "LUSD");
  const Done done(loans);
  const auto& e = v["expected"];
  CHECK(done.told("recovery_mode"));
  CHECK(done.pool().least_ratio == Approx(1.375));
  CHECK(done.debt(0) == 0);
  CHECK(done.held(done.system().gained) == Approx(e["pool_gets"].get<double>()).epsilon(1e-9));
  CHECK(done.held(done.system().owners) == Approx(e["surplus"].get<double>()).epsilon(1e-9));
  CHECK(done.debt(1) == 150);  // at 167% then
  CHECK(done.out.markets[0].unserved_usd == 0);

  loans.terms.pool = of(249, "LUSD");
  const Done waits(loans);
  CHECK(waits.debt(0) == 250);
  CHECK(waits.out.markets[0].unserved_usd == 0);  // it may not be liquidated
  CHECK(waits.pool().recovery_s == 120);          // to the horizon
  loans.terms.pool = of(250, "LUSD");
  loans.terms.recovery_mode = false;
  CHECK(Done(loans).debt(0) == 250);
}

// StabilityPool_SPWithdrawalTest.js: three loans against deposits of 471,100.
TEST_CASE("troves: the pool shrinks and gains as its depositors' sums say") {
  const auto& v = vector_of("sp_three_varying");
  double deposits = 0, debt = 0, collateral = 0, left = 0, gained = 0;
  Loans loans(1000);
  loans.loan(1e6, 500000);
  for (const auto& event : v["events"]) {
    if (event[0] == "deposit") {
      deposits += event[2].get<double>();
      continue;
    }
    // The source's loans hold 100 ETH per 10,000; their price does not matter to the pool.
    loans.loan(event[2].get<double>() / 10, event[1].get<double>());
    debt += event[1].get<double>();
    collateral += event[2].get<double>();
  }
  for (const auto& [who, coins] : v["expected"]["deposit"].items()) left += coins.get<double>();
  for (const auto& [who, eth] : v["expected"]["gain"].items()) gained += eth.get<double>();
  loans.terms.pool = of(deposits, "LUSD");
  const Done done(loans);
  CHECK(done.pool().liquidations == 3);
  CHECK(done.pool().pool_end_usd == Approx(left).epsilon(1e-9));
  CHECK(deposits - debt == Approx(left).epsilon(1e-9));
  CHECK(done.held(done.system().gained) == Approx(gained / 10).epsilon(1e-9));
  CHECK(done.held(done.system().gained) == Approx(0.995 * collateral / 10).epsilon(1e-9));
}

// One loan of 9 ETH owes 1,000: at $100 a tenth of its debt is behind nothing.
TEST_CASE("troves: who pays for a loan that holds less than it owes") {
  Loans loans(200);
  loans.loan(9, 1000);
  loans.loan(1000, 1000);
  loans.terms.recovery_mode = false;
  loans.terms.caller_share.value = 0;
  loans.terms.pool = of(1000, "LUSD");
  const auto result = [](const Done& d, Bearer b) {
    return d.out.bearer_result_usd[static_cast<std::size_t>(b)];
  };
  const Done pool(loans, 100);
  CHECK(result(pool, Bearer::depositor) == Approx(-100).epsilon(1e-9));
  CHECK(result(pool, Bearer::borrower) == Approx(100).epsilon(1e-9));  // of whom one walked away
  CHECK(pool.out.markets[0].recognised_usd == Approx(100).epsilon(1e-9));
  CHECK(pool.out.markets[0].bad_debt_usd == Approx(100).epsilon(1e-9));
  loans.terms.pool.reset();
  const Done others(loans, 100);
  CHECK(result(others, Bearer::depositor) == Approx(0).margin(1e-9));
  CHECK(result(others, Bearer::borrower) == Approx(0).margin(1e-6));
  CHECK(others.debt(1) == 2000);
  CHECK(others.collateral(1) == 1009);
  CHECK(others.out.markets[0].recognised_usd == Approx(100).epsilon(1e-9));
}

TEST_CASE("troves: the last loan stays, and nobody calls at a loss") {
  Loans alone(200);
  alone.loan(9, 1000);
  alone.terms.pool = of(1000, "LUSD");
  const Done last(alone, 100);
  CHECK(last.debt(0) == 1000);
  CHECK(last.out.markets[0].bad_debt_usd == Approx(100).epsilon(1e-9));

  Loans costly(100, 6);  // 0.5% of 10 ETH is $5
  costly.loan(10, 1000);
  costly.loan(1000, 1000);
  costly.terms.pool = of(1000, "LUSD");
  const Done unpaid(costly);
  CHECK(unpaid.debt(0) == 1000);
  CHECK(unpaid.out.markets[0].unserved_usd == Approx(1000));
  costly.eco.chains.front().spec.gas = of(4, "$");
  const Done paid(costly);
  CHECK(paid.debt(0) == 0);
  CHECK(paid.out.gas_usd == Approx(4).epsilon(1e-6));
}

TEST_CASE("troves: terms that cannot be meant are told") {
  Loans loans(200);
  loans.loan(10, 1000);
  loans.terms.pool = of(1001, "LUSD");
  CHECK_THROWS_WITH(Case(loans.whole(), {}), Catch::Contains("whose loans minted 1000"));
  loans.terms.pool.reset();
  loans.terms.ccr.value = 1.05;
  CHECK_THROWS_WITH(Case(loans.whole(), {}), Catch::Contains("recovery mode would begin"));
  loans.terms.lends = {"ETH"};
  CHECK_THROWS_WITH(Case(loans.whole(), {}), Catch::Contains("against itself"));
}

TEST_CASE("troves: random worlds offset, hand on and are in recovery mode") {
  TroveOutcome all;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const Case c({.seed = seed});
    if (c.world.troves.empty()) continue;
    Workspace w(c.world);
    for (const TroveOutcome& t : run(c.world, c.scenario, w).troves) {
      all.liquidations += t.liquidations;
      all.offset_usd += t.offset_usd;
      all.handed_usd += t.handed_usd;
      all.returned_usd += t.returned_usd;
      all.recovery_s += t.recovery_s;
    }
  }
  CAPTURE(all.liquidations, all.offset_usd, all.handed_usd, all.returned_usd, all.recovery_s);
  CHECK(all.liquidations > 50);
  CHECK(all.offset_usd > 0);
  CHECK(all.handed_usd > 0);
  CHECK(all.returned_usd > 0);
  CHECK(all.recovery_s > 0);
}

namespace {

/// 100 loans of 10 ETH at $1,000 that owe from 4,000 to 8,950; one of their coins sells for
/// `coin_usd` in a deep pool of dollars.
Loans below_par(double coin_usd, double depth_usd = 1e9) {
  Loans loans(1000);
  add(loans.eco.assets, "USD", priced(1));
  FeedSpec par;
  par.fixed = of(1, "$");
  add(loans.eco.oracles, "LUSD", par);
  loans.eco.assets[1].spec.price = of(coin_usd, "$");
  for (const auto& [pair, deep] :
       {std::pair{Pair{"ETH", "USD"}, 1e9}, std::pair{Pair{"LUSD", "USD"}, depth_usd}}) {
    ConstantProduct::Spec pool;
    pool.pair = pair;
    pool.liquidity = of(deep, "$");
    pool.fee.value = 0;
    add(loans.eco.venues, pair.base, VenueNode{pool, {}});
  }
  for (int i = 0; i < 100; ++i) loans.loan(10, 8950 - 50 * i);
  loans.terms.redemption = CoinRedemptionSpec{};
  return loans;
}

}  // namespace

// At $0.98 with pools so deep that nothing moves, a redemption of X pays while 1 - fee(X) > 0.98:
// X < supply beta (0.02 - 0.005), in eight slices each at the fee of its end; then b is 1.5%.
TEST_CASE("redemptions: coins below par are taken back until the fee eats the gain") {
  const Loans loans = below_par(0.98, 1e12);
  const Done done(loans);
  double supply = 0;
  for (int i = 0; i < 100; ++i) supply += 8950 - 50 * i;
  const double x = supply * 2 * 0.015;
  CHECK(done.pool().redeemed_usd == Approx(0.98 * x).epsilon(0.01));
  // Redeemed for collateral at face value: the riskiest lost debt and as much worth.
  const double first = 8950;
  REQUIRE(x > first);
  CHECK(done.debt(0) == 0);
  CHECK(done.collateral(0) == 0);
  CHECK(done.held(done.system().owners) == Approx(10 * 2 - (8950 + 8900) / 1000.0).epsilon(1e-6));
  double owed = 0;
  for (std::uint32_t i = 0; i < 100; ++i) owed += done.debt(i);
  CHECK(owed == Approx(supply - x).epsilon(0.01));
  CHECK(done.debt(99) == 4000);
  // Borrowers lose nothing; the stakers' fees are less than the redeemers could gain.
  const auto result = [&](Bearer b) {
    return done.out.bearer_result_usd[static_cast<std::size_t>(b)];
  };
  CHECK(result(Bearer::fund) > 0.005 * x);
  CHECK(result(Bearer::fund) < 0.02 * x);
  CHECK(done.told("redemption"));
}

TEST_CASE("redemptions: nothing is redeemed within the fee, and a shallow coin goes to its floor") {
  CHECK(Done(below_par(0.996)).pool().redeemed_usd == 0);
  Loans off = below_par(0.9);
  off.terms.redemption.reset();
  CHECK(Done(off).pool().redeemed_usd == 0);

  const Done pulled(below_par(0.9, 2e4));  // buying what is redeemed lifts its price
  const AssetId coin = pulled.c.world.asset("LUSD");
  CHECK(pulled.pool().redeemed_usd > 500);
  CHECK(pulled.w.market.spot[coin.value] > 0.95);
  CHECK(pulled.w.market.spot[coin.value] < 0.996);
}

// Twelve hours halve the base.
TEST_CASE("redemptions: what one raised the fee by fades") {
  Loans loans = below_par(0.98, 1e12);
  loans.eco.clock.round.value = 3600;
  loans.eco.clock.horizon.value = 48 * 3600;
  const Done done(loans);
  double supply = 0;
  for (int i = 0; i < 100; ++i) supply += 8950 - 50 * i;
  CHECK(done.pool().redeemed_usd > 0.98 * supply * 2 * 0.015 * 1.5);
}
