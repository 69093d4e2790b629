// The whole loop against numbers worked out by hand, in exact fractions.
#include <catch2/catch.hpp>
#include <cmath>

#include "sim/compile/scenario.hpp"
#include "sim/engine.hpp"
#include "sim/venue_ops.hpp"
#include "tests/sim/small_world.hpp"

using namespace faultline;
using faultline::test::add;
using faultline::test::of;
using faultline::test::priced;

namespace {

// One constant-product pool without a fee is at once the venue, the oracle's only source (no
// deviation, no latency) and the price of one isolated market. LT = 5/8, bonus b = 1/4, close
// factor 1, no gas, no rates; all collateral is ETH, all debt USD.
//
//   pool           448 ETH x 458752 USD, price 1024
//   shock          64 ETH from nothing are sold:  out = 458752 * 64/512 = 57344
//                  512 ETH x 401408 USD, price 401408/512 = 784;  k = 512 * 401408 = 205520896
//   in breach      where debt > 5/8 price * ETH;  at 784: debt/ETH > 490
//   liquidation    repays D, seizes D (1+b)/price; where that is more than the collateral c, seizes
//                  c and repays c price/(1+b)
//
//   account  ETH   USD     debt/ETH
//   plain     64   32144   502.25    in breach at 784: seizes 32144 * 5/4 / 784 = 205/4
//   deep      48   30240   630       in breach at 784: 30240 * 5/4 > 48 * 784 = 37632, so all 48
//   are
//                                    seized for 37632 * 4/5 = 150528/5; bad debt 672/5
//   second    16    6400   400       sound at 784, in breach below 640
//   third     16    7680   480       sound at 784, in breach below 768, bad below 600
//   sound     16    4000   250       sound above 400
//
// Round 0: 205/4 + 48 = 397/4 ETH are sold in one fill: R1 = 512 + 397/4 = 2445/4,
//   p1 = k/R1^2 = 205520896 * 16/5978025 = 3288334336/5978025 = 550.07..., and the average
//   401408/R1 = 656.70... is above both limits, 784/(1+b) = 627.2: nobody is cut.
// Round 1, at p1: second seizes 6400 * 5/4 / p1 = 8000/p1 = 14.54... of its 16; third is bad: all
// 16
//   ETH for 16 p1 4/5 = 64 p1/5 = 7040.9...; bad debt 7680 - 64 p1/5.
//   R2 = R1 + 16 + 8000/p1, p2 = k/R2^2 = 498.9... > 400: sound stays sound, the loop ends.
// Feedback off (nothing is sold into the pool; the reference falls to 784 at once): plain and deep
//   are liquidated at 784, the price stays there, second and third stay sound.
constexpr double k = 205520896.0;
constexpr double r1 = 2445.0 / 4;
constexpr double p1 = 3288334336.0 / 5978025;
constexpr double bad_deep = 672.0 / 5;
constexpr double bad_third = 7680 - 64 * p1 / 5;
constexpr double r2 = r1 + 16 + 8000 / p1;
constexpr double p2 = k / (r2 * r2);
constexpr double repaid_0 = 32144 + 150528.0 / 5;
constexpr double repaid_1 = 6400 + 64 * p1 / 5;

/// Amounts round to quanta of 2^-27 USD and 2^-38 ETH here, a handful of times.
constexpr double rounding = 1e-5;

void add_account(PositionRows& rows, double eth, double usd) {
  if (rows.first_leg.empty()) {
    rows.assets = {"ETH", "USD"};
    rows.first_leg.push_back(0);
  }
  rows.legs.push_back({0, 0, 0});
  rows.amounts.push_back(eth);
  rows.legs.push_back({1, 1, 0});
  rows.amounts.push_back(usd);
  rows.first_leg.push_back(static_cast<std::uint32_t>(rows.legs.size()));
}

Ecosystem coupled_world() {
  Ecosystem eco;
  eco.clock.round.value = 12;
  eco.clock.horizon.value = 120;
  add(eco.assets, "ETH", priced(1024));
  add(eco.assets, "USD", priced(1));
  ConstantProduct::Spec pool;
  pool.pair = {"ETH", "USD"};
  pool.base = of(448, "ETH");
  pool.quote = of(458752, "USD");
  pool.fee.value = 0;
  add(eco.venues, "pool", VenueNode{pool, {}});
  FeedSpec feed;
  feed.venue = Name{"pool"};
  feed.deviation.value = 0;
  feed.heartbeat.reset();
  feed.latency.value = 0;
  add(eco.oracles, "ETH", feed);
  IsolatedMarket::Spec market;
  market.lends = {"USD"};
  market.collateral = {"ETH"};
  market.ltv.value = market.lt.value = 0.625;
  market.bonus = Ratio{0.25};
  market.close_factor = Ratio{1};
  market.rate.kind = "none";
  market.supplied = of(131072, "USD");
  MarketNode node{market, {}, {}, {}, 1, {}};
  add_account(node.rows, 64, 32144);
  add_account(node.rows, 48, 30240);
  add_account(node.rows, 16, 6400);
  add_account(node.rows, 16, 7680);
  add_account(node.rows, 16, 4000);
  add(eco.markets, "market", node);
  ArbitrageurSpec nobody;  // at this cost per trade
  nobody.gas = of(1e15, "$");
  add(eco.agents, "arbitrageurs", AgentSpecs{nobody});
  ChainSpec chain;
  chain.gas = of(0, "$");
  add(eco.chains, "chain", chain);
  eco.exploitable.insert("ETH");
  return eco;
}

Snapshot compiled(const Ecosystem& eco) {
  Diagnostics diagnostics;
  Snapshot world = compile(eco, diagnostics, {});
  for (const Diagnostic& d : diagnostics.all()) {
    if (d.severity == Severity::error) FAIL(d.message);
  }
  return world;
}

/// 64 ETH are minted and sold; the world's price is 784 from then on.
Scenario sale(const Snapshot& world) {
  Scenario s;
  s.exploits.push_back({world.asset("ETH"), 64, 0, ExploitThen::sell});
  s.moves.push_back({MoveKind::level, world.asset("ETH").value, 784, {}});
  return s;
}

double gain(const Outcome& o, Bearer b) {
  return o.bearer_gain_usd[static_cast<std::size_t>(b)];
}

}  // namespace

TEST_CASE("the coupled loop, feedback on: a pool that is oracle and price of one market") {
  const Snapshot world = compiled(coupled_world());
  Workspace w(world);
  w.audit_rounds = true;
  const Outcome& out = run(world, sale(world), w);
  CHECK(out.stop == Stop::settled);
  const MarketOutcome& m = out.markets[0];
  CHECK(m.liquidations == 4);
  CHECK(m.liquidated_usd == Approx(repaid_0 + repaid_1).margin(rounding));
  CHECK(m.bad_debt_usd == Approx(bad_deep + bad_third).margin(rounding));
  CHECK(m.bad_debt_end_usd == Approx(bad_deep + bad_third).margin(rounding));
  CHECK(m.recognised_usd == Approx(bad_deep + bad_third).margin(rounding));
  CHECK(m.unserved_usd == 0);
  CHECK(m.first_liquidation_s == 0);

  const std::uint32_t eth = world.asset("ETH").value;
  CHECK(out.assets[eth].price_start == 1024);
  CHECK(out.assets[eth].price_end == Approx(p2).margin(rounding));
  CHECK(out.assets[eth].price_min == Approx(p2).margin(rounding));
  CHECK(w.market.published[world.oracle("ETH").value] == Approx(p2).margin(rounding));

  // Every dollar by bearer. The pool keeps k; lenders bear the bad debt and nothing else; the
  // attacker keeps what its sale brought; a liquidator what its fill brought less what it repaid.
  const double lps = (r2 * p2 + k / r2) - (448 * 1024.0 + 458752);
  const double fills = 401408 - k / r2;  // USD the pool paid after the attacker's sale
  CHECK(gain(out, Bearer::lp) == Approx(lps).margin(rounding));
  CHECK(gain(out, Bearer::depositor) == Approx(-bad_deep - bad_third).margin(rounding));
  CHECK(gain(out, Bearer::attacker) == Approx(57344).margin(rounding));
  CHECK(gain(out, Bearer::liquidator) == Approx(fills - repaid_0 - repaid_1).margin(rounding));
  const double eth_left = 160 - 205.0 / 4 - 48 - 16 - 8000 / p1;
  const double debts_paid = repaid_0 + repaid_1 + bad_deep + bad_third;
  CHECK(gain(out, Bearer::borrower) ==
        Approx(eth_left * p2 - 160 * 1024.0 + debts_paid).margin(rounding));
  CHECK(gain(out, Bearer::arbitrageur) == 0);
  CHECK(gain(out, Bearer::chain) == 0);
}

TEST_CASE("the coupled loop, feedback off: the same fall without what it causes") {
  const Snapshot world = compiled(coupled_world());
  Workspace w(world);
  Scenario direct = sale(world);
  direct.transmission = false;
  const Outcome& out = run(world, direct, w);
  const MarketOutcome& m = out.markets[0];
  CHECK(m.liquidations == 2);
  CHECK(m.liquidated_usd == Approx(repaid_0).margin(rounding));
  CHECK(m.bad_debt_usd == Approx(bad_deep).margin(rounding));
  CHECK(m.recognised_usd == Approx(bad_deep).margin(rounding));
  CHECK(out.assets[world.asset("ETH").value].price_end == 784);
  CHECK(out.venues[world.venue("pool").value].volume_usd == 0);
  CHECK(gain(out, Bearer::depositor) == Approx(-bad_deep).margin(rounding));
  // Sold at 784 with nobody moved: 397/4 * 784 = 77812 less what was repaid.
  CHECK(gain(out, Bearer::liquidator) == Approx(77812 - repaid_0).margin(rounding));
}

TEST_CASE("ETH falls by 30% with no debt anywhere: bands are closed and LPs pay for it") {
  Ecosystem eco;
  eco.clock.round.value = 12;
  eco.clock.horizon.value = 7200;
  add(eco.assets, "ETH", priced(2000));
  add(eco.assets, "USD", priced(1));
  AssetSpec staked;
  staked.rate = of(1.1, "ETH");
  add(eco.assets, "stETH", staked);
  ConstantProduct::Spec pool;
  pool.pair = {"ETH", "USD"};
  pool.liquidity = of(5e6, "$");
  add(eco.venues, "pool", VenueNode{pool, {}});
  ConcentratedLiquidity::Spec ranges;
  ranges.pair = {"ETH", "USD"};
  ranges.liquidity = of(2e7, "$");
  ranges.fee.value = 0.0005;
  add(eco.venues, "ranges", VenueNode{ranges, {}});
  OrderBook::Spec book;
  book.pair = {"ETH", "USD"};
  book.depth = {of(1e6, "$"), 0.01};
  add(eco.venues, "book", VenueNode{book, {}});
  pool.pair = {"stETH", "ETH"};
  add(eco.venues, "staked", VenueNode{pool, {}});
  ChainSpec chain;
  chain.gas = of(0.01, "$");
  add(eco.chains, "chain", chain);
  const Snapshot world = compiled(eco);
  Scenario fall;
  fall.moves.push_back({MoveKind::price, world.asset("ETH").value, std::log(0.7), {}});
  Workspace w(world);
  w.audit_rounds = true;
  const Outcome& out = run(world, fall, w);
  REQUIRE(!stop_is_failure(out.stop));

  for (std::uint32_t v = 0; v < world.venues.size(); ++v) {
    const VenueInfo& venue = world.venues[v];
    if (venue.is_outside) continue;
    const double price = venue_marginal(world, w.venues, VenueId{v});
    const double keep = 1 - venue_fee(world, w.venues, VenueId{v});
    // The way back: one or two trades with the outside world, each at its fee.
    double back = 1;
    for (const AssetId a : {venue.base, venue.quote}) {
      const VenueId outside = world.outside[a.value];
      if (outside.valid()) back *= 1 - venue_fee(world, w.venues, outside);
    }
    const double reference =
        w.market.reference[venue.base.value] / w.market.reference[venue.quote.value];
    CAPTURE(venue.name, price / reference);
    // A gap g beyond the band of a pool with V a side is worth V g^2 / 4; gas of 1 cent is not
    // worth closing less than 2 sqrt(0.01 / V). The least V is that of `ranges` below its range,
    // where a tenth is left: $1m a side, times sqrt(0.7): 2.2e-4.
    const double gap = 2.2e-4;
    CHECK(price / reference <= (1 + gap) / (keep * back));
    CHECK(price / reference >= (1 - gap) * keep * back);
    if (venue.quote == world.asset("USD")) CHECK(out.venues[v].lp_loss_usd > 0);
  }

  // What LPs and makers miss of their opening holdings is what others hold now.
  double missed = 0;
  for (std::uint32_t v = 0; v < world.venues.size(); ++v) {
    if (!world.venues[v].is_outside) missed += out.venues[v].lp_loss_usd;
  }
  double taken = 0;
  for (const Bearer b : {Bearer::arbitrageur, Bearer::outside, Bearer::chain, Bearer::dust}) {
    taken += gain(out, b);
  }
  CHECK(missed > 1000);
  CHECK(taken == Approx(missed).epsilon(1e-9));
  CHECK(gain(out, Bearer::depositor) == 0);
  CHECK(gain(out, Bearer::borrower) == 0);
}
