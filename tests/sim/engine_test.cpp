// The engine as a whole: what must hold between runs that differ in one thing.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "sim/assessment.hpp"
#include "sim/engine.hpp"
#include "tests/laws/outcome_numbers.hpp"
#include "tests/laws/random_ecosystem.hpp"
#include "tests/sim/small_world.hpp"

using namespace faultline;
using namespace faultline::laws;
using faultline::test::add;
using faultline::test::usd;

namespace {

struct Setting {
  double depth_usd = 2e6;
  double capital_usd = 0;  // 0: flash-funded
  double gas_usd = 5;
  std::string execution = "batch";
};

/// One asset, one pool, one market of `accounts` loans of $20,000 at healths from 1.02 upwards.
Ecosystem one_asset(const Setting& s, int accounts = 60) {
  Ecosystem eco;
  eco.clock.round.value = 12;
  eco.clock.horizon.value = 1800;
  eco.clock.execution = s.execution;
  AssetSpec coin, dollar;
  coin.price = usd(1000);
  dollar.price = usd(1);
  add(eco.assets, "ETH", coin);
  add(eco.assets, "USD", dollar);
  ConstantProduct::Spec pool;
  pool.pair = {"ETH", "USD"};
  pool.liquidity = usd(s.depth_usd);
  add(eco.venues, "pool", VenueNode{pool, {}});
  FeedSpec feed;
  feed.deviation.value = 0.005;
  feed.latency.value = 24;
  add(eco.oracles, "ETH", feed);
  PooledLending::Spec lending;
  for (const char* asset : {"ETH", "USD"}) {
    ReserveSpec& r = lending.reserves[asset];
    r.ltv.value = 0.75;
    r.lt.value = 0.8;
    r.bonus = Ratio{0.06};
    r.rate.kind = "none";
  }
  MarketNode node{lending, {}, {}, {}, 1, {}};
  node.rows.assets = {"ETH", "USD"};
  node.rows.first_leg = {0};
  for (int i = 0; i < accounts; ++i) {
    const double health = 1.02 + 0.01 * i;
    node.rows.legs.push_back({0, 0, 0});
    node.rows.amounts.push_back(20000 * health / (0.8 * 1000));
    node.rows.legs.push_back({1, 1, 0});
    node.rows.amounts.push_back(20000);
    node.rows.first_leg.push_back(static_cast<std::uint32_t>(node.rows.legs.size()));
  }
  add(eco.markets, "market", node);
  LiquidatorSpec liquidators;
  if (s.capital_usd > 0) liquidators.capital = usd(s.capital_usd);
  liquidators.gas = usd(s.gas_usd);
  add(eco.agents, "liquidators", AgentSpecs{liquidators});
  ChainSpec chain;
  chain.gas = usd(5);
  add(eco.chains, "chain", chain);
  return eco;
}

struct Result {
  Outcome full, direct, baseline;
  Summary summary;
};

Result fall(const Ecosystem& eco, double share) {
  const Case c(eco, {});
  Scenario s;
  s.moves.push_back({MoveKind::price, c.world.asset("ETH").value, std::log(1 - share), {60, 300}});
  Workspace w(c.world);
  Result r;
  r.full = run(c.world, s, w);
  r.direct = run(c.world, direct_of(s), w);
  r.baseline = run(c.world, baseline_of(s), w);
  r.summary = summarise(c.world, s, r.full, r.direct, r.baseline);
  return r;
}

}  // namespace

TEST_CASE("a shock of no size leaves nothing once the baseline is taken off") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const Case c({.seed = seed});
    CAPTURE(seed);
    Scenario nothing;
    nothing.moves.push_back({MoveKind::price, 0, 0, {60, 120}});
    Workspace w(c.world);
    const Outcome full = run(c.world, nothing, w);
    const Outcome direct = run(c.world, direct_of(nothing), w);
    const Outcome baseline = run(c.world, baseline_of(nothing), w);
    const Outcome direct_baseline = run(c.world, direct_of(baseline_of(nothing)), w);
    const Summary s = summarise(c.world, nothing, full, direct, baseline);
    CHECK(s.bad_debt_usd == 0);
    CHECK(s.bad_debt_exit_usd == 0);
    CHECK(s.recognised_usd == 0);
    CHECK(s.liquidated_usd == 0);
    CHECK(s.unserved_usd == 0);
    CHECK(s.breadth == 0);
    CHECK(direct.bad_debt_usd() == direct_baseline.bad_debt_usd());
  }
}

// At exit depth: at spot prices the claim is false. Seizing at a bonus from an account that owes
// more than 1 / (1 + bonus) of its collateral deepens the hole, and only depth lets that happen.
TEST_CASE("more depth never leaves more bad debt behind one asset") {
  int with_bad_debt = 0;
  for (const double share : {0.2, 0.3, 0.4, 0.5}) {
    double before = std::numeric_limits<double>::infinity();
    for (double depth = 2e5; depth < 1e8; depth *= 2) {
      const Result r = fall(one_asset({.depth_usd = depth}), share);
      CAPTURE(share, depth);
      const double bad = r.full.total(&MarketOutcome::bad_debt_exit_usd);
      CHECK(bad <= before * (1 + 1e-9));
      before = bad;
      with_bad_debt += bad > 1000 ? 1 : 0;
    }
  }
  CHECK(with_bad_debt > 10);
}

TEST_CASE("a deeper fall leaves no less bad debt") {
  double bad = 0;
  for (double share = 0.05; share < 0.6; share += 0.05) {
    const Result r = fall(one_asset({.depth_usd = 1e6}), share);
    CAPTURE(share);
    CHECK(r.full.total(&MarketOutcome::bad_debt_exit_usd) >= bad);
    bad = r.full.total(&MarketOutcome::bad_debt_exit_usd);
  }
  CHECK(bad > 0);
}

TEST_CASE("gas that no bonus covers stops every liquidation, and it is counted as unserved") {
  const Result r = fall(one_asset({.gas_usd = 1e6}), 0.3);
  const MarketOutcome& m = r.full.markets[0];
  CHECK(m.liquidations == 0);
  CHECK(m.liquidated_usd == 0);
  CHECK(m.unserved_usd > 500000);
  CHECK(r.full.unserved_wait_p95_s > 0);
  CHECK(r.full.gas_usd < 5000);  // arbitrageurs still pay the chain
}

TEST_CASE("liquidators with little capital take longer, and never more than they have in a round") {
  const Result plenty = fall(one_asset({.depth_usd = 5e7}), 0.15);
  const Result little = fall(one_asset({.depth_usd = 5e7, .capital_usd = 3000}), 0.15);
  CHECK(little.full.markets[0].liquidations > plenty.full.markets[0].liquidations);
  CHECK(little.full.total(&MarketOutcome::unserved_usd) >=
        plenty.full.total(&MarketOutcome::unserved_usd));
  const double rounds = static_cast<double>(little.full.counters.rounds);
  CHECK(little.full.markets[0].liquidated_usd <= 3000 * rounds * (1 + 1e-9));
  CHECK(little.full.markets[0].liquidated_usd > 0);
}

TEST_CASE("an account with more legs than a row holds is an error with its number") {
  Ecosystem eco = one_asset({}, 1);
  PositionRows& rows = eco.markets.at(0).spec.rows;
  for (int i = 0; i < 65; ++i) {
    rows.legs.push_back({0, 0, 0});
    rows.amounts.push_back(1);
  }
  rows.first_leg.push_back(static_cast<std::uint32_t>(rows.legs.size()));
  Diagnostics diagnostics;
  compile(eco, diagnostics, {});
  REQUIRE(diagnostics.errors() == 1);
  CHECK(diagnostics.all().front().code == "E0446");
  CHECK(diagnostics.all().front().message == "account 2 of 'market' has 65 legs, one may have 64");
}

TEST_CASE("without cash in the collateral's reserve nobody repays for its receipt") {
  const auto world = [](double lent_share) {
    Ecosystem eco = one_asset({.depth_usd = 5e7});
    MarketNode& market = eco.markets.at(0).spec;
    PositionRows& rows = market.rows;
    double posted = 0;
    for (std::size_t i = 0; i < rows.amounts.size(); i += 2) posted += rows.amounts[i];
    std::get<PooledLending::Spec>(market.spec).reserves["ETH"].supplied = Amount{posted, "ETH"};
    rows.legs.insert(rows.legs.end(), {{1, 0, 0}, {0, 1, 0}});  // dollars posted, ETH owed
    rows.amounts.insert(rows.amounts.end(), {5000 * posted, lent_share * posted});
    rows.first_leg.push_back(static_cast<std::uint32_t>(rows.legs.size()));
    return eco;
  };
  const MarketOutcome half = fall(world(0.5), 0.15).full.markets[0];
  const MarketOutcome little = fall(world(0.999), 0.15).full.markets[0];
  const MarketOutcome none = fall(world(1), 0.15).full.markets[0];
  CHECK(half.liquidated_usd > 0);
  CHECK(half.unserved_usd < 0.1 * half.liquidated_usd);
  CHECK(little.liquidated_usd > 0);
  CHECK(little.liquidated_usd < 0.1 * half.liquidated_usd);
  CHECK(little.unserved_usd > 1000);
  CHECK(none.liquidations == 0);
  CHECK(none.unserved_usd > little.unserved_usd);
}

TEST_CASE("law 8: what limited capital does in a minute does not depend on the round's length") {
  double at_12s = 0;
  for (const double round_s : {12.0, 6.0, 3.0}) {
    Ecosystem eco = one_asset({.depth_usd = 5e7, .capital_usd = 3000});
    eco.clock.round.value = round_s;
    const double liquidated = fall(eco, 0.15).full.markets[0].liquidated_usd;
    if (round_s == 12) at_12s = liquidated;
    CAPTURE(round_s);
    CHECK(liquidated == Approx(at_12s).epsilon(0.1));
  }
  Ecosystem slow = one_asset({.depth_usd = 5e7, .capital_usd = 3000});
  for (auto& agent : slow.agents) {
    if (auto* l = std::get_if<LiquidatorSpec>(&agent.spec)) l->turnover.value = 120;
  }
  // The purse is whole again every two minutes of the half hour.
  CHECK(fall(slow, 0.15).full.markets[0].liquidated_usd == Approx(15 * 3000));
}

TEST_CASE("one order alone fares the same in a batch as in sequence") {
  const Result batch = fall(one_asset({}, 1), 0.1);
  const Result sequence = fall(one_asset({.execution = "sequential"}, 1), 0.1);
  REQUIRE(batch.full.markets[0].liquidations > 0);
  CHECK(batch.full.markets == sequence.full.markets);
  CHECK(batch.full.assets == sequence.full.assets);
  CHECK(batch.full.venues == sequence.full.venues);
  CHECK(batch.full.bearer_gain_usd == sequence.full.bearer_gain_usd);
}

TEST_CASE("in a batch every seller of a round gets the same price net of fee") {
  // Two accounts alike but in size, in breach in the same round: the liquidators' margin per unit
  // repaid is the same, so repaying twice as much earns twice as much.
  const Result one = fall(one_asset({.depth_usd = 1e9, .gas_usd = 0}, 1), 0.1);
  const Result two = [] {
    Ecosystem eco = one_asset({.depth_usd = 1e9, .gas_usd = 0}, 1);
    PositionRows& rows = eco.markets.at(0).spec.rows;
    rows.legs.insert(rows.legs.end(), {{0, 0, 0}, {1, 1, 0}});
    rows.amounts.insert(rows.amounts.end(), {2 * rows.amounts[0], 2 * rows.amounts[1]});
    rows.first_leg.push_back(4);
    return fall(eco, 0.1);
  }();
  const auto liquidators = [](const Result& r) {
    return r.full.bearer_gain_usd[static_cast<std::size_t>(Bearer::liquidator)];
  };
  REQUIRE(one.full.markets[0].liquidations > 0);
  CHECK(two.full.markets[0].liquidated_usd ==
        Approx(3 * one.full.markets[0].liquidated_usd).epsilon(1e-9));
  CHECK(liquidators(two) == Approx(3 * liquidators(one)).epsilon(1e-3));  // impact on a $1bn pool
}

TEST_CASE("contagion is what is left of the loss when the direct run is taken off") {
  const Result r = fall(one_asset({.depth_usd = 5e5}), 0.35);
  CHECK(r.summary.bad_debt_usd > 0);
  CHECK(r.summary.bad_debt_usd == Approx(r.summary.direct_loss_usd + r.summary.contagion_loss_usd));
  CHECK(r.summary.contagion_loss_usd > 0);
  if (r.summary.amplification > 0) {
    CHECK(r.summary.amplification == Approx(r.summary.bad_debt_usd / r.summary.direct_loss_usd));
  }
}
