// A congested chain: reports that nobody pays for are not made, liquidations that cost more than
// they bring wait, and both come about once gas has fallen.
#include <catch2/catch.hpp>

#include "sim/compile/scenario.hpp"
#include "sim/engine.hpp"
#include "tests/sim/small_world.hpp"

using namespace faultline;
using faultline::test::add;
using faultline::test::of;
using faultline::test::priced;

namespace {

/// One loan of 14,400 USD on 20 ETH, in breach below $900; ETH falls to 850 at 2 s. Gas is $10.
struct Loan {
  Ecosystem eco;
  FeedSpec feed = faultline::test::prompt_feed();

  Loan() {
    eco.clock.round.value = 1;
    eco.clock.horizon.value = 20;
    faultline::test::add_assets(eco, {{"ETH", 1000}, {"USD", 1}});
    ChainSpec chain;
    chain.gas = of(10, "$");
    add(eco.chains, "ethereum", chain);
    Outside::Spec world;
    world.pair = {"ETH", "USD"};
    world.depth = {of(1e9, "$"), 0.01};
    add(eco.venues, "world", VenueNode{world, {}});
    add(eco.markets, "loans", faultline::test::eth_loans(1e5, 1));
  }

  Outcome at_gas(double times, double lasts_s) {
    Ecosystem all = eco;
    add(all.oracles, "ETH", feed);
    Diagnostics diagnostics;
    const Snapshot world = compile(all, diagnostics, {});
    for (const Diagnostic& d : diagnostics.all()) {
      if (d.severity == Severity::error) FAIL(d.message);
    }
    Scenario s;
    s.moves.push_back({MoveKind::level, world.asset("ETH").value, 850, {2, 2}});
    s.moves.push_back({MoveKind::gas, 0, times, {1, 1, 1 + lasts_s, 1 + lasts_s}});
    Workspace w(world);
    w.audit_rounds = true;
    return run(world, s, w);
  }
};

}  // namespace

TEST_CASE("congestion: a report is made while its gas costs no more than its reporters pay") {
  Loan loan;
  loan.feed.pays = of(40, "$");
  const Outcome calm = loan.at_gas(4, 10);  // $40: paid
  CHECK(calm.oracles[0].reports == 1);
  CHECK(calm.markets[0].first_liquidation_s == 2);
  const Outcome dear = loan.at_gas(4.1, 10);  // $41: not before it has fallen, at 11 s
  CHECK(dear.oracles[0].reports == 1);
  CHECK(dear.markets[0].first_liquidation_s == 11);
  CHECK(dear.oracles[0].largest_gap > 0.17);
  const Outcome never = loan.at_gas(4.1, 100);
  CHECK(never.oracles[0].reports == 0);
  CHECK(never.markets[0].liquidated_usd == 0);
}

TEST_CASE("congestion: who liquidates waits while gas takes more than the bonus") {
  Loan loan;  // 14,400 repaid bring 8%: $1,152
  CHECK(loan.at_gas(100, 10).markets[0].first_liquidation_s == 2);
  const Outcome dear = loan.at_gas(130, 10);
  CHECK(dear.markets[0].first_liquidation_s == 11);
  CHECK(loan.at_gas(130, 100).markets[0].liquidated_usd == 0);
}
