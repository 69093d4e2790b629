// Borrowers who repay when the rate hurts: two loans of 14,400 USD against 20 ETH, out of 40,000
// lent in: 72% used, 11,200 of cash.
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>

#include "protocols/agents/repayers.hpp"
#include "sim/accounting.hpp"
#include "sim/agents/depositors.hpp"
#include "sim/engine.hpp"
#include "tests/sim/small_world.hpp"

using namespace faultline;
using namespace faultline::test;

namespace {

/// Kink at 80%: 3.6% a year at 72% used, 64% at 100%. Half of all lenders ask at 24 s.
struct Hurt {
  Ecosystem eco;
  Snapshot world;
  std::unique_ptr<Workspace> w;

  explicit Hurt(const RepayersSpec* spec) {
    eco.clock.round.value = 12;
    eco.clock.horizon.value = 1200;
    add_assets(eco, {{"ETH", 1000}, {"USD", 1}});
    MarketNode loans = eth_loans(40000, 2);
    RateSpec& rate = std::get<IsolatedMarket::Spec>(loans.spec).rate;
    rate.kind = "kink";
    rate.slope1.value = 0.04;
    rate.slope2.value = 0.6;
    rate.kink.value = 0.8;
    rate.reserve_factor.value = 0;
    add(eco.markets, "loans", loans);
    if (spec != nullptr) add(eco.agents, "borrowers", AgentSpecs{*spec});
    Diagnostics found;
    world = compile(eco, found, {});
    for (const Diagnostic& d : found.all()) {
      if (d.severity == Severity::error) FAIL(d.code << " " << d.message);
    }
    w = std::make_unique<Workspace>(world);
    w->audit_rounds = true;
  }
  const ReserveOutcome& run(double asks, double eth = 1000) {
    Scenario s;
    s.moves = {{MoveKind::level, world.asset("ETH").value, eth, {12, 12}},
               {MoveKind::deposits, places_named(world, "loans").at(0), asks, {24, 24}}};
    const Outcome& out = faultline::run(world, s, *w);
    CAPTURE(out.stop_detail);
    REQUIRE(!stop_is_failure(out.stop));
    REQUIRE(audit(world, *w, true) == "");
    return out.reserves[world.places[places_named(world, "loans").at(0)].reserve];
  }
  double wallet(const char* asset) const {
    return w->ledger.balance(world.repayers[0].wallet[world.asset(asset).value]);
  }
};

RepayersSpec borrowers(double bears) {
  RepayersSpec spec;
  spec.bears.value = bears;
  spec.spread.value = 0;
  spec.within.value = 1;
  spec.holds.value = 1.1;
  return spec;
}

}  // namespace

TEST_CASE("repayers: a tolerance is lognormal, a delay exponential") {
  RepayersSpec spec;
  spec.bears.value = 0.08;
  spec.spread.value = 0.5;
  spec.within.value = 3600;
  CHECK(tolerance_of(spec, 0) == Approx(0.08));
  CHECK(tolerance_of(spec, 1) == Approx(0.08 * std::exp(0.5)));
  CHECK(delay_of(spec, std::exp(-1)) == Approx(3600));
  CHECK(delay_of(spec, 0.5) == Approx(3600 * std::log(2)));
}

TEST_CASE("repayers: at 100% used they repay, lenders who wait are paid, collateral goes back") {
  CHECK(Hurt(nullptr).run(0.5).withdrawn_usd == Approx(11200).margin(0.01));
  const RepayersSpec spec = borrowers(0.5);
  Hurt h(&spec);
  const ReserveOutcome& out = h.run(0.5);
  CHECK(out.withdrawn_usd == Approx(20000).margin(0.2));  // and the interest of a minute
  CHECK(out.trapped_usd == 0);
  CHECK(out.repaid_usd > 14400);
  const double repaid = out.repaid_usd;
  CHECK(h.wallet("USD") == Approx(1.1 * 28800 - repaid).margin(1e-3));
  CHECK(h.wallet("ETH") == 20 * std::round(repaid / 14400));
  CHECK(h.run(0.1).repaid_usd == 0);  // 80% used: 4% a year
}

TEST_CASE(
    "repayers: who bears the rate does not repay, nor who has no money, nor who is under water") {
  const RepayersSpec patient = borrowers(0.61), poor = [] {
    RepayersSpec spec = borrowers(0.5);
    spec.holds.value = 0.25;
    return spec;
  }();
  CHECK(Hurt(&patient).run(0.5).repaid_usd == 0);
  Hurt h(&poor);
  CHECK(h.run(0.5).repaid_usd == Approx(7200).margin(1e-3));
  const double back = h.wallet("ETH");  // half of one loan, or a quarter of both
  CHECK(back == Approx(10).epsilon(1e-4));
  const RepayersSpec spec = borrowers(0.5);
  Hurt low(&spec);
  CHECK(low.run(0.5, 700).repaid_usd == 0);  // 14,000 against 14,400
  CHECK(low.run(0.5, 730).repaid_usd > 0);
}

TEST_CASE("repayers: a share of the debt goes back with that share of the collateral, once") {
  RepayersSpec spec = borrowers(0.02);
  spec.repays.value = 0.25;
  Hurt h(&spec);
  const ReserveOutcome& out = h.run(0.5);
  CHECK(out.repaid_usd == Approx(7200).epsilon(1e-4));
  CHECK(h.wallet("ETH") == Approx(10).epsilon(1e-6));
}

TEST_CASE("repayers: the borrowers of a market are of one kind, and of a market") {
  const auto codes = [](std::vector<std::vector<Name>> in) {
    Ecosystem eco;
    add_assets(eco, {{"ETH", 1000}, {"USD", 1}});
    add(eco.markets, "loans", eth_loans(40000, 2));
    for (std::size_t i = 0; i < in.size(); ++i) {
      RepayersSpec spec;
      spec.in = in[i];
      add(eco.agents, "b" + std::to_string(i), AgentSpecs{spec});
    }
    Diagnostics found;
    (void)compile(eco, found, {});
    std::string out;
    for (const Diagnostic& d : found.all()) {
      if (d.severity == Severity::error) out += d.code + " ";
    }
    return out;
  };
  CHECK(codes({{{"loans"}}}) == "");
  CHECK(codes({{{"lones"}}}) == "E0524 ");
  CHECK(codes({{}, {{"loans"}}}) == "E0525 ");
}
