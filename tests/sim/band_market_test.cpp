// Loans on bands in the engine, against the kernels walked by hand and numbers worked out on paper.
// Band 0 begins at 3000 USD, bands are 1% wide, the pool reads the outside price at once.
#include <catch2/catch.hpp>
#include <cmath>

#include "protocols/agents/arbitrage.hpp"
#include "sim/accounting.hpp"
#include "sim/compile/expand_contracts.hpp"
#include "sim/compile/scenario.hpp"
#include "sim/credit/band_loans.hpp"
#include "sim/engine.hpp"
#include "tests/laws/random_ecosystem.hpp"
#include "tests/sim/small_world.hpp"

using namespace faultline;
using faultline::test::add;
using faultline::test::of;
using faultline::test::priced;
using faultline::test::usd;

namespace {

struct LoanOf {
  double eth, owes;
  long first, last;
  double coins = 0;
};

/// ETH at `price`, an outside market without end or cost, and a market of these loans.
struct World {
  Ecosystem eco;
  BandMarket::Spec spec;
  MarketNode node;

  explicit World(double price, std::vector<LoanOf> loans) {
    eco.clock.round.value = 12;
    eco.clock.horizon.value = 1200;
    add(eco.assets, "ETH", priced(price));
    add(eco.assets, "USD", priced(1));
    Outside::Spec outside;
    outside.pair = {"ETH", "USD"};
    outside.depth = {of(1e9, "$"), 0.01};
    outside.fee.value = outside.refill.value = 0;
    add(eco.venues, "outside", VenueNode{outside, {}});
    ChainSpec chain;
    chain.gas = usd(0);
    add(eco.chains, "chain", chain);
    spec.lends = {"USD"};
    spec.collateral = {"ETH"};
    spec.base_price = usd(3000);
    spec.oracle_half_life.value = 0;
    spec.rate.kind = "none";
    node.rows.assets = {"ETH", "USD"};
    node.rows.first_leg = {0};
    for (const LoanOf& l : loans) {
      node.rows.legs.insert(node.rows.legs.end(), {{0, 0, 0}, {1, 0, 0}, {1, 1, 0}});
      node.rows.amounts.insert(node.rows.amounts.end(), {l.eth, l.coins, l.owes});
      node.rows.first_leg.push_back(static_cast<std::uint32_t>(node.rows.legs.size()));
      node.rows.bands.push_back({l.first, l.last});
    }
  }

  Snapshot compiled() const {
    Ecosystem all = eco;
    MarketNode market = node;
    market.spec = spec;
    add(all.markets, "loans", market);
    expand_contracts(all);
    Diagnostics diagnostics;
    Snapshot world = compile(all, diagnostics, {});
    for (const Diagnostic& d : diagnostics.all()) {
      if (d.severity == Severity::error) FAIL(d.message);
    }
    return world;
  }
};

/// A world and its state at the end of a run along these prices, 600 s apart.
struct Ran {
  Snapshot world;
  Workspace w;
  explicit Ran(const World& of, const std::vector<double>& prices, bool transmission = true)
      : world(of.compiled()), w(world) {
    w.audit_rounds = true;
    FollowedPath path;
    path.assets = {world.asset("ETH")};
    for (std::size_t i = 0; i < prices.size(); ++i) {
      path.times_s.push_back(600.0 * static_cast<double>(i));
      path.prices.push_back(prices[i]);
    }
    Scenario s;
    s.path = &path;
    s.transmission = transmission;
    const Outcome& out = run(world, s, w);
    CAPTURE(out.stop_detail);
    REQUIRE(!stop_is_failure(out.stop));
  }
  double leg(std::uint32_t loan, BandBook::Leg leg) const { return w.positions.amount(loan, leg); }
  double owed(std::uint32_t loan) const { return leg(loan, BandBook::debt_leg); }
  double eth(std::uint32_t loan) const { return leg(loan, BandBook::collateral_leg); }
  double coins(std::uint32_t loan) const { return leg(loan, BandBook::coins_leg); }
  double health(std::uint32_t loan) const { return leg(loan, BandBook::promised_leg) / owed(loan); }
  const BandOutcome& bands() const { return w.outcome.bands[0]; }
};

/// The pool alone, walked round by round along the same prices.
BandPool::State walked(std::size_t bands, double each, double fee,
                       const std::vector<double>& prices) {
  BandPool::Params p{.a = 100, .fee = fee, .half_life_s = 0, .price = prices[0]};
  BandPool::lay(p, 3000, 0, bands);
  for (std::size_t k = 0; k < bands; ++k) p.base[k] = each;
  BandPool::State s = BandPool::open(p);
  for (int round = 0; round <= 100; ++round) {
    const double at = 12.0 * round / 600;
    const auto i = std::min(prices.size() - 2, static_cast<std::size_t>(at));
    const double price = prices[i] + (prices[i + 1] - prices[i]) * (at - static_cast<double>(i));
    BandPool::relax(p, s, 12, price);
    const BandTrade t = arbitrage_to_band<BandPool>(p, s, price);
    if (t.in > 0) BandPool::apply(p, s, t.side, t.in, BandPool::out_given_in(p, s, t.side, t.in));
  }
  return s;
}

double sum(const std::array<double, BandPool::most_bands>& of, std::size_t bands) {
  double total = 0;
  for (std::size_t k = 0; k < bands; ++k) total += of[k];
  return total;
}

}  // namespace

TEST_CASE("loans on bands: health at the opening is the controller's") {
  const Ran r(World(3300, {{10, 20000, 3, 7}, {4, 8000, 20, 29}}), {3300, 3300, 3300});
  const BandLoanTerms terms;
  for (const auto& [loan, eth, first, n] : {std::tuple{0u, 10.0, 3l, 5}, {1u, 4.0, 20l, 10}}) {
    const std::vector<BandShare> even(static_cast<std::size_t>(n), BandShare{0, eth / n});
    const double x = coins_on_the_way_down(terms, band_top(terms, 3000, first), 0, even, 3300);
    CHECK(r.health(loan) == Approx(1 + band_health(terms, x, r.owed(loan))).epsilon(1e-9));
  }
  CHECK(r.w.positions.touched_blocks() == 0);  // nothing touched them
  CHECK(r.w.outcome.markets[0].liquidated_usd == 0);
  CHECK(r.bands() == BandOutcome{});
}

TEST_CASE("loans on bands: a fall through them and back costs what the pool's path costs") {
  for (const double fee : {0.0, 0.006}) {
    World world(3100, {{10, 15000, 0, 4}});
    world.spec.fee.value = fee;
    const std::vector<double> down{3100, 2820, 2820}, back{3100, 2820, 3100};
    const Ran fell(world, down), came_back(world, back);
    const auto below = walked(5, 2, fee, down), above = walked(5, 2, fee, back);
    CAPTURE(fee);
    CHECK(fell.eth(0) == Approx(sum(below.base_in, 5)).margin(1e-6));
    CHECK(fell.coins(0) == Approx(sum(below.quote_in, 5)).epsilon(1e-6));
    CHECK(fell.bands().coins_end == Approx(1).epsilon(1e-8));
    CHECK(came_back.eth(0) == Approx(sum(above.base_in, 5)).epsilon(1e-6));
    CHECK(came_back.coins(0) == 0);
    // What is missing is the loss, and arbitrageurs have it.
    CHECK(came_back.eth(0) < 10);
    CHECK(came_back.eth(0) > 10 * (fee > 0 ? 0.96 : 0.97));
    CHECK(came_back.w.outcome.bearer_gain_usd[static_cast<std::size_t>(Bearer::borrower)] ==
          Approx((came_back.eth(0) - 10) * 3100).epsilon(1e-5));  // each trade rounds
    CHECK(came_back.owed(0) == 15000);
    CHECK(came_back.w.outcome.markets[0].liquidated_usd == 0);
    CHECK(came_back.w.outcome.markets[0].bad_debt_usd == 0);
    CHECK(came_back.w.outcome.venues[came_back.world.venue("loans.bands").value].lp_loss_usd == 0);
  }
}

TEST_CASE("loans on bands: loans of the same bands share them") {
  World world(3100, {{10, 12000, 0, 4}, {5, 4000, 0, 4}, {3, 3000, 2, 6}});
  const Ran r(world, {3100, 2890, 2890});
  REQUIRE(r.coins(1) > 0);
  REQUIRE(r.eth(1) > 0);
  CHECK(r.eth(0) == Approx(2 * r.eth(1)).epsilon(1e-8));
  CHECK(r.coins(0) == Approx(2 * r.coins(1)).epsilon(1e-8));
  const VenueInfo& pool = r.world.venues[r.world.venue("loans.bands").value];
  CHECK(r.eth(0) + r.eth(1) + r.eth(2) ==
        Approx(r.w.ledger.balance(pool.base_account)).epsilon(1e-6));
  CHECK(r.coins(0) + r.coins(1) + r.coins(2) ==
        Approx(r.w.ledger.balance(pool.quote_account)).epsilon(1e-6));
  CHECK(r.eth(0) + r.eth(1) + r.eth(2) <= r.w.ledger.balance(pool.base_account));
}

// x_down of 10 ETH in bands 0 to 4: 2 x 3000 x sqrt(0.99) x (1 + .99 + ... + .99^4) = 29,259.5;
// less 6%, against 28,000: health 0.98228. At 3,100 the 100 dollars above the bands add 10 x 100 /
// 28,000.
TEST_CASE("loans on bands: full health below zero is liquidated for the debt less the coins") {
  const World world(3100, {{10, 28000, 0, 4}});
  const Ran calm(world, {3100, 3060, 3060});
  CHECK(calm.health(0) == Approx(29258.57 * 0.94 / 28000).epsilon(1e-5));
  CHECK(calm.owed(0) == 28000);  // 0.98225 + 600 / 28000 > 1
  CHECK(calm.w.outcome.markets[0].unserved_usd == 0);

  const Ran r(world, {3100, 3010, 3010});  // 0.98225 + 497 / 28000 is 1: at 3,049.7
  CHECK(r.owed(0) == 0);
  CHECK(r.eth(0) == 0);
  CHECK(r.leg(0, BandBook::promised_leg) == 0);
  CHECK(r.w.outcome.markets[0].liquidated_usd == Approx(28000).epsilon(1e-9));
  CHECK(r.w.outcome.markets[0].liquidations == 1);
  CHECK(r.bands().converted_usd == 0);  // its collateral left the bands whole
  const double borrower = r.w.outcome.bearer_gain_usd[static_cast<std::size_t>(Bearer::borrower)];
  CHECK(borrower == Approx(28000 - 10 * 3100).epsilon(1e-9));
  const double served = r.w.outcome.bearer_gain_usd[static_cast<std::size_t>(Bearer::liquidator)];
  CHECK(served > 10 * 3040 - 28000);
  CHECK(served < 10 * 3050 - 28000);
}

TEST_CASE("loans on bands: who has less capital takes a share, and the loan is safer after") {
  World world(3100, {{10, 28000, 0, 4}});
  LiquidatorSpec poor;
  poor.capital = usd(14000);
  poor.turnover.value = 1e6;
  add(world.eco.agents, "liquidators", AgentSpecs{poor});
  const Ran r(world, {3100, 3048, 3048});
  // Half of the bands for f of the debt: (1.03 / 1.06 (1 - f) + f) f = 1/2, f = 0.50702.
  const double f = debt_share_for({}, 0.5);
  CHECK((1.03 / 1.06 * (1 - f) + f) * f == Approx(0.5).epsilon(1e-14));
  CHECK(r.eth(0) == Approx(5).epsilon(1e-8));
  CHECK(r.owed(0) == Approx(28000 * (1 - f)).epsilon(1e-8));
  CHECK(r.health(0) > 29258.57 * 0.94 / 28000 * (1 + 1e-3));
}

TEST_CASE("loans on bands: nobody liquidates what is worth less than its debt; holders carry it") {
  // One jump below all bands: what they sell at falls with the cube of the price.
  const World world(3100, {{10, 27000, 0, 4}});
  Ran r(world, {3100, 3100, 3100});
  Scenario jump;
  jump.moves.push_back({MoveKind::level, r.world.asset("ETH").value, 2500, {24, 24}});
  const Outcome& out = run(r.world, jump, r.w);
  REQUIRE(!stop_is_failure(out.stop));
  CHECK(r.eth(0) < 1e-8);  // a quantum
  CHECK(r.coins(0) < 27000);
  CHECK(r.owed(0) == 27000);
  CHECK(out.markets[0].liquidated_usd == 0);
  CHECK(out.markets[0].recognised_usd == 0);
  CHECK(out.markets[0].bad_debt_end_usd == Approx(27000 - r.coins(0)).epsilon(1e-6));
  CHECK(out.markets[0].unserved_usd == Approx(27000).epsilon(1e-9));
  CHECK(out.bearer_gain_usd[static_cast<std::size_t>(Bearer::depositor)] ==
        Approx(r.coins(0) - 27000).epsilon(1e-6));
}

TEST_CASE("loans on bands: coins that repay a loan in breach close it") {
  // All coins since long ago: 28,500 of them less 6% are below 28,000, and cover it.
  const Ran r(World(2500, {{0, 28000, 0, 4, 28500}, {10, 10000, 60, 69}}), {2500, 2500, 2500});
  CHECK(r.owed(0) == 0);
  CHECK(r.coins(0) == 0);
  CHECK(r.w.outcome.markets[0].liquidated_usd == Approx(28000).epsilon(1e-9));
  CHECK(r.w.outcome.bearer_gain_usd[static_cast<std::size_t>(Bearer::liquidator)] ==
        Approx(500).epsilon(1e-9));
  CHECK(r.owed(1) == 10000);
}

TEST_CASE("loans on bands: a loan that does not say lies where a new one would") {
  World world(3000, {});
  world.spec.base_price.reset();
  world.node.rows.legs = {{0, 0, 0}, {1, 1, 0}};
  world.node.rows.amounts = {10, 15000};
  world.node.rows.first_leg = {0, 2};
  const Snapshot compiled = world.compiled();
  const BandPlace place = place_loan({}, 3000, 0, 3000, 10, 15000, 10);
  REQUIRE(place.allowed);
  const BandLoanView loan = view_band_loan(compiled, 0);
  CHECK(loan.first == place.first);
  CHECK(loan.last == place.first + 9);
  CHECK(loan.converted == 0);
  CHECK(loan.to_bands == Approx(1 - std::pow(0.99, place.first)).epsilon(1e-12));
}

TEST_CASE("loans on bands: without transmission bands convert at the reference price") {
  World world(3100, {{10, 15000, 0, 4}});
  world.spec.fee.value = 0;
  const std::vector<double> down{3100, 2820, 2820};
  const Ran direct(world, down, false);
  const auto below = walked(5, 2, 0, down);
  CHECK(direct.coins(0) == Approx(sum(below.quote_in, 5)).epsilon(1e-6));
  CHECK(direct.eth(0) == Approx(0).margin(1e-6));
}

// What is brought up to date after a trade are the bands it reached: all others must be what a new
// look at the whole pool finds.
TEST_CASE("loans on bands: rows are what a look at the whole pool finds") {
  std::size_t loans = 0, moved = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const laws::Case c({.seed = seed});
    if (c.world.band_books.empty()) continue;
    Workspace w(c.world);
    if (stop_is_failure(run(c.world, c.scenario, w).stop)) continue;
    CAPTURE(seed);
    for (std::size_t b = 0; b < c.world.band_books.size(); ++b) {
      const BandBook& book = c.world.band_books[b];
      const BandPool::Params& p = c.world.venue_params.of<BandPool>()[book.pool];
      const BandPool::State& s = w.venues.of<BandPool>()[book.pool];
      BandMarketRun fresh = w.bands.markets[b];
      for (std::size_t k = 0; k < p.count; ++k) value_band(book, p, s, k, fresh);
      const double qy = c.world.assets[c.world.reserves[book.collateral].asset.value].quantum.step;
      const double qx = c.world.assets[c.world.reserves[book.lends].asset.value].quantum.step;
      for (std::uint32_t i = 0; i < book.loans.size(); ++i) {
        const std::uint32_t position = book.first_position + i;
        const LoanHolding has = loan_holding(c.world, book, fresh, i);
        const auto close = [&](BandBook::Leg leg, double value, double step) {
          const double row = w.positions.amount(position, leg);
          CHECK(row == Approx(value).epsilon(1e-9).margin(2 * step));
          moved += row != c.world.book->base_amount(position, leg) ? 1 : 0;
        };
        ++loans;
        close(BandBook::collateral_leg, has.collateral, qy);
        close(BandBook::coins_leg, has.coins, qx);
        close(BandBook::promised_leg, has.promised, qx);
      }
    }
  }
  CHECK(loans > 200);
  CHECK(moved > 100);
}
