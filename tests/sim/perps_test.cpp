// Perpetual venues against numbers worked out by hand: one long of 100 contracts entered at 1000 on
// 10,000 of margin, one short of 100 on 100,000. Maintenance is 2.5% (half of 1/20).
//
//   book   linear (exponent 1), no fee, no spread, quoted at once around the reference (refill 0):
//          selling q moves the mid by d = 1% q / N and fills at centre * (1 - d/2)
//   at 915 equity = 10000 - 8500 = 1500 < MM = 91500 * 2.5% = 2287.5: in breach
//          bankruptcy price = 915 - 1500/100 = 900
//   at 850 equity = 10000 - 15000 = -5000: bankruptcy price 850 + 50 = 900
#include <catch2/catch.hpp>
#include <cmath>

#include "sim/accounting.hpp"
#include "sim/compile/expand_contracts.hpp"
#include "sim/compile/scenario.hpp"
#include "sim/engine.hpp"
#include "sim/perpetuals/perps.hpp"
#include "tests/sim/small_world.hpp"

using namespace faultline;
using faultline::test::add;
using faultline::test::of;
using faultline::test::priced;
using faultline::test::trader;

namespace {

/// One long, one short; contracts within 1% of the book's centre.
struct Venue {
  Ecosystem eco;
  PerpMarket::Spec spec;

  explicit Venue(double contracts_within) {
    eco.clock.round.value = 1;
    eco.clock.horizon.value = 3;
    add(eco.assets, "ETH", priced(1000));
    add(eco.assets, "USD", priced(1));
    spec.collateral["USD"];
    PerpContractSpec& c = spec.contracts["ETH"];
    c.open_interest = of(100, "ETH");
    c.depth = {of(contracts_within, "ETH"), 0.01};
    c.exponent = 1;
    c.fee.value = c.half_spread.value = c.refill.value = 0;
    c.tiers[0].max_leverage.value = 20;
    spec.mark.median = {"book"};
    spec.losses = {"margin"};
    spec.adl.price = "bankruptcy";
    ArbitrageurSpec nobody;  // at this cost per trade
    nobody.gas = of(1e15, "$");
    add(eco.agents, "arbitrageurs", AgentSpecs{nobody});
  }

  Snapshot world() {
    MarketNode node;
    node.spec = spec;
    node.traders = {trader("longs", true, 10), trader("shorts", false, 1)};
    eco.markets.clear();
    add(eco.markets, "perps", node);
    Ecosystem all = eco;
    expand_contracts(all);
    Diagnostics diagnostics;
    Snapshot out = compile(all, diagnostics, {});
    for (const Diagnostic& d : diagnostics.all()) {
      if (d.severity == Severity::error) FAIL(d.message);
    }
    return out;
  }
};

/// A run in which ETH stands at `price` from the first round on.
struct Ran {
  Snapshot world;
  Workspace w;
  Ran(Venue venue, double price) : world(venue.world()), w(world) {
    w.audit_rounds = true;
    Scenario s;
    s.moves.push_back({MoveKind::level, world.asset("ETH").value, price, {1, 1}});
    const Outcome& out = run(world, s, w);
    CAPTURE(out.stop_detail);
    REQUIRE(!stop_is_failure(out.stop));
  }
  double leg(std::uint32_t position, const char* asset, bool owed) const {
    for (std::uint32_t r = 0; r < world.reserves.size(); ++r) {
      if (world.assets[world.reserves[r].asset.value].name != asset) continue;
      const std::uint32_t l = leg_with_factor(world, position, 2 * r + (owed ? 1 : 0));
      return l == 0xffffffffu ? 0 : w.positions.amount(position, l);
    }
    return 0;
  }
  double balance(std::uint32_t p) const { return leg(p, "USD", false) - leg(p, "USD", true); }
  double longs(std::uint32_t p) const { return leg(p, "perps.ETH", false); }
  double shorts(std::uint32_t p) const { return leg(p, "perps.ETH", true); }
};

constexpr double rounding = 1e-6;  // a few quanta

}  // namespace

TEST_CASE("a trader's legs are contracts, and what they traded for") {
  const Ran r(Venue(1000), 1000);
  CHECK(r.longs(0) == 100);
  CHECK(r.balance(0) == Approx(10000 - 100000).margin(rounding));
  CHECK(r.shorts(1) == 100);
  CHECK(r.balance(1) == Approx(100000 + 100000).margin(rounding));
  CHECK(r.w.outcome.total(&MarketOutcome::liquidated_usd) == 0);
}

TEST_CASE("an account in breach is closed into its contract's book") {
  const Ran r(Venue(1000), 915);
  // d = 1% * 100/1000 = 0.1%: 100 * 915 * (1 - 0.05%) = 91454.25 come in
  CHECK(r.longs(0) == 0);
  CHECK(r.balance(0) == Approx(-90000 + 91454.25).margin(rounding));
  CHECK(r.w.outcome.total(&MarketOutcome::liquidated_usd) == Approx(91454.25).margin(1e-3));
  CHECK(r.w.outcome.perps[0].liquidated_usd == Approx(91454.25).margin(1e-3));
  CHECK(r.w.outcome.total(&MarketOutcome::bad_debt_usd) == 0);
}

TEST_CASE("an order stops at the bankruptcy price") {
  Venue venue(10);
  venue.spec.contracts["ETH"].refill.value = 1e9;  // nobody quotes anew
  Snapshot world = venue.world();
  Workspace w(world);
  Scenario s;  // the mark is told, the book's centre stays: 1000 quoted, feed 8.5% lower
  s.moves.push_back({MoveKind::offset, world.oracle("perps.ETH").value, -0.085, {1, 1}});
  const Outcome& out = run(world, s, w);
  // Average 1000 (1 - 1% q/10 / 2) >= 900 holds up to q = 200: all 100 are sold, at 950.
  CHECK(out.perps[0].liquidated_usd == Approx(95000).epsilon(1e-3));

  Venue thin(4);  // 1000 (1 - 1% q/4 / 2) >= 900 up to q = 80: 20 are left
  thin.spec.contracts["ETH"].refill.value = 1e9;
  thin.eco.clock.horizon.value = 1;
  world = thin.world();
  Workspace v(world);
  const Outcome& part = run(world, s, v);
  CHECK(part.perps[0].liquidated_usd == Approx(80 * 900).epsilon(1e-6));
}

TEST_CASE("what the book does not take at the bankruptcy price, the fund takes there") {
  Venue venue(4);
  venue.spec.contracts["ETH"].refill.value = 1e9;
  venue.spec.liquidation.leftover = "fund";
  venue.spec.losses = {"margin", "fund"};
  FundSpec fund;
  fund.holds = of(50000, "$");
  add(venue.eco.funds, "fund", fund);
  venue.eco.clock.horizon.value = 1;
  const Snapshot world = venue.world();
  Workspace w(world);
  Scenario s;
  s.moves.push_back({MoveKind::offset, world.oracle("perps.ETH").value, -0.085, {1, 1}});
  run(world, s, w);
  const PerpVenue& perps = world.perps[0];
  const std::uint32_t row = perps.backstops[0].row;
  const std::uint32_t held = leg_with_factor(world, row, 2 * perps.contracts[0].reserve);
  CHECK(w.positions.amount(row, held) == Approx(20).epsilon(1e-6));
  CHECK(view_trader(world, w, perps, 0).contracts == 0);
  CHECK(view_trader(world, w, perps, 0).equity == Approx(0).margin(1e-3));
  // 20 contracts bought at 900 stand at 915.
  CHECK(view_trader(world, w, perps, row).equity == Approx(50000 + 20 * 15).epsilon(1e-6));
}

TEST_CASE("a large account is closed by the margin of its own tier") {
  Venue venue(1000);
  PerpContractSpec& c = venue.spec.contracts["ETH"];
  c.tiers.resize(2);
  c.tiers[1].above = of(50000, "$");
  c.tiers[1].max_leverage.value = 5;
  // Margin of 100 contracts at P: 10 P - 50000 (10% - 2.5%). Equity 100 P - 90000 falls below it at
  // P = 86250 / 90 = 958.33; the lowest tier alone would let it go on to 90000 / 97.5 = 923.
  CHECK(Ran(venue, 959).longs(0) == 100);
  const Ran r(venue, 957);
  CHECK(r.longs(0) == 0);
  CHECK(r.w.outcome.perps[0].liquidated_usd == Approx(100 * 957 * (1 - 0.0005)).epsilon(1e-6));
  CHECK(r.w.outcome.total(&MarketOutcome::unserved_usd) == 0);
}

TEST_CASE("an inverse long is closed where its coins no longer carry it") {
  const auto ran = [](double price) {
    Venue venue(1000);
    venue.spec.settles = Name{"ETH"};
    venue.spec.collateral.clear();
    venue.spec.collateral["ETH"];
    PerpContractSpec& c = venue.spec.contracts["ETH"];
    c.inverse = Name{"USD"};
    c.open_interest = of(100000, "$");
    c.depth = {of(1e9, "$"), 0.01};
    FeedSpec prompt;  // of the coin they are paid in
    prompt.live = true;
    add(venue.eco.oracles, "ETH", prompt);
    return Ran(venue, price);
  };
  // Face F at entry E = 1000 and leverage 10 leaves F (1/(10 E) + 1/E - 1/M) coins, of which m F /
  // M must stay, m = 2.5%: it is closed below M = E 1.025 / 1.1 = 931.8, bankrupt at E 10 / 11.
  const auto face = [](const Ran& r) {  // a long of the coin is short of dollars
    return r.leg(r.world.positions.size() - 1, "perps.ETH", true);
  };
  CHECK(face(ran(933)) == Approx(100000));
  CHECK(face(ran(931)) == 0);
  const Ran gone = ran(931);  // F/E 1.1 - F/931 coins are left, less half the impact and the tick
  const std::uint32_t p = static_cast<std::uint32_t>(gone.world.positions.size() - 1);
  CHECK(gone.leg(p, "ETH", false) == Approx(110 - 100000.0 / 931).margin(0.01));
  CHECK(gone.w.outcome.perps[0].basis_least <= 0);
}

TEST_CASE("the mark is the median of index with premium, book, and the book's average") {
  Venue venue(1000);
  venue.eco.clock.horizon.value = 40;
  venue.spec.contracts["ETH"].depth.amount.value = 1e9;  // nobody's closing moves it
  venue.spec.contracts["ETH"].tiers[0].max_leverage.value = 10.5;
  venue.spec.mark.median = {"premium", "book", "average"};
  FeedSpec index;  // the index stays at 1000 whatever the book does
  index.fixed = of(1000, "$");
  add(venue.eco.oracles, "fixed.ETH", index);
  venue.spec.contracts["ETH"].oracle = Name{"fixed.ETH"};
  const Ran r(venue, 990);  // the book follows the world from the first second on
  // 39 s later: premium -10 (1 - exp(-39/150)) = -2.2895; average 1000 - 10 (1 - exp(-39/30)).
  const double premium = 1000 - 10 * (1 - std::exp(-39.0 / 150));
  const double average = 1000 - 10 * (1 - std::exp(-39.0 / 30));
  const auto published = [&](const char* feed) {
    return r.w.market.published[r.world.oracle(feed).value];
  };
  CHECK(published("perps.ETH.premium") == Approx(premium).epsilon(1e-9));
  CHECK(published("perps.ETH.average") == Approx(average).epsilon(1e-9));
  CHECK(published("perps.ETH") == Approx(average).epsilon(1e-9));  // between premium and book
}

TEST_CASE("auto-deleveraging at the bankruptcy price leaves the loser with nothing") {
  Venue venue(1000);
  venue.spec.losses = {"margin", "adl"};
  const Ran r(venue, 850);
  CHECK(r.longs(0) == 0);
  CHECK(r.balance(0) == Approx(0).margin(rounding));
  CHECK(r.shorts(1) == 0);
  CHECK(r.balance(1) == Approx(200000 - 90000).margin(rounding));
  CHECK(r.w.outcome.perps[0].deleveraged_usd == Approx(85000).margin(1e-3));
  CHECK(r.w.outcome.perps[0].given_up_usd == Approx(5000).margin(1e-3));
  CHECK(r.w.outcome.burdens[0].overshoot == Approx(0).margin(1e-3));
  CHECK(r.w.outcome.burdens[0].hit == 1);
}

TEST_CASE("at the mark before, winners give up more than was missing") {
  Venue venue(1000);
  venue.spec.losses = {"margin", "adl"};
  venue.spec.adl.price = "previous_mark";
  const Ran r(venue, 850);
  CHECK(r.balance(0) == Approx(-90000 + 100000).margin(rounding));
  CHECK(r.balance(1) == Approx(200000 - 100000).margin(rounding));
  CHECK(r.w.outcome.perps[0].given_up_usd == Approx(15000).margin(1e-3));
  CHECK(r.w.outcome.burdens[0].overshoot == Approx(10000).margin(1e-3));
}

TEST_CASE("a haircut of profit leaves positions open") {
  Venue venue(1000);
  venue.spec.losses = {"margin", "adl"};
  venue.spec.adl.takes = "profit";
  venue.eco.clock.horizon.value = 1;
  const Ran r(venue, 850);
  CHECK(r.shorts(1) == 100);
  CHECK(r.balance(1) == Approx(200000 - 5000).margin(rounding));
  CHECK(r.balance(0) == Approx(-90000 + 5000).margin(rounding));
}

TEST_CASE("a fund pays what is missing, as far as it goes") {
  Venue venue(1e6);
  venue.spec.losses = {"margin", "fund"};
  FundSpec fund;
  fund.holds = of(3000, "$");
  add(venue.eco.funds, "fund", fund);
  const Ran r(venue, 850);
  CHECK(r.balance(2) == Approx(0).margin(rounding));
  CHECK(r.balance(0) == Approx(-90000 + 3000).margin(rounding));
  CHECK(r.w.outcome.total(&MarketOutcome::bad_debt_end_usd) == Approx(2000).margin(1e-3));
}

TEST_CASE("a vault takes the account over, and works it off") {
  Venue venue(1e6);
  venue.spec.losses = {"margin", "vault"};
  VaultSpec vault;
  vault.holds = of(1e6, "$");
  vault.unwind.value = 0;
  add(venue.eco.vaults, "vault", vault);
  const Ran r(venue, 850);
  CHECK(r.longs(0) == 0);
  CHECK(r.balance(0) == 0);
  CHECK(r.longs(2) == 0);  // sold the round after, at 850 less half of 1% * 100/1e6
  CHECK(r.balance(2) == Approx(1e6 - 90000 + 85000 * (1 - 0.5e-6)).margin(1e-3));
  CHECK(r.w.outcome.perps[0].takeover_usd == Approx(85000).margin(1e-3));
}

TEST_CASE("what nobody else bears is shared by both sides, per contract") {
  Venue venue(1e6);
  venue.spec.losses = {"margin", "adl", "socialise"};
  venue.spec.adl.price = "previous_mark";
  venue.spec.contracts["ETH"].open_interest = of(100, "ETH");
  const Ran r(venue, 850);  // the mark before is the entry: the loser keeps its margin
  CHECK(r.balance(0) == Approx(10000).margin(rounding));
}

TEST_CASE("funding moves money from longs to shorts and touches no account") {
  Venue venue(1000);
  venue.spec.funding.kind = "premium";
  venue.spec.funding.interest.value = 0.001;  // per hour, paid every second
  venue.spec.funding.every.value = 1;
  venue.spec.funding.per.value = 3600;
  const Ran r(venue, 1000);
  // Three seconds of 0.1%/h on 1000: 3 * 1000 * 0.001/3600 a contract.
  const double paid = 3 * 1000 * 0.001 / 3600;
  const std::uint32_t reserve = r.world.perps[0].contracts[0].reserve;
  CHECK(r.w.market.funding[2 * reserve] == Approx(paid).epsilon(1e-9));
  CHECK(r.w.market.funding[2 * reserve + 1] == Approx(paid).epsilon(1e-9));
  CHECK(r.balance(0) == Approx(-90000).margin(rounding));
  const TraderView l = view_trader(r.world, r.w, r.world.perps[0], 0);
  CHECK(l.equity == Approx(10000 - 100 * paid).epsilon(1e-9));
}
