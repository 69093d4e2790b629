// Lenders of a reserve: what they are paid, what leaves with them, and who finds no cash.
#include <catch2/catch.hpp>

#include "sim/accounting.hpp"
#include "sim/agents/deposits.hpp"
#include "sim/engine.hpp"
#include "tests/sim/small_world.hpp"

using namespace faultline;
using namespace faultline::test;

namespace {

/// Two loans of 14,400 USD out of 40,000 lent in: 11,200 USD of cash.
struct LentOut {
  Ecosystem eco;
  Snapshot world;
  Diagnostics found;

  LentOut() {
    add_assets(eco, {{"ETH", 1000}, {"USD", 1}});
    add(eco.markets, "loans", eth_loans(40000, 2));
    world = compile(eco, found, {});
  }
};

std::uint32_t reserve_of(const Snapshot& world, const char* asset) {
  for (std::uint32_t r = 0; r < world.reserves.size(); ++r) {
    if (world.assets[world.reserves[r].asset.value].name == asset) return r;
  }
  return 0;
}

}  // namespace

TEST_CASE("lenders are paid first come first served, while there is cash") {
  LentOut lent;
  REQUIRE(!lent.found.failed());
  Workspace w(lent.world);
  w.reset();
  const std::uint32_t r = reserve_of(lent.world, "USD");
  const AccountId purse = lent.world.attacker[lent.world.asset("USD").value];
  double early = 8000, late = 32000;
  CHECK(payable(lent.world, w, r) == 11200);
  CHECK(pay_out(lent.world, w, r, 8000, early, purse) == 8000);
  CHECK(early == 0);
  CHECK(pay_out(lent.world, w, r, 32000, late, purse) == 3200);
  CHECK(late == 28800);
  CHECK(payable(lent.world, w, r) == 0);
  CHECK(w.reserves[r].lender_scaled == 28800);
  pay_in(lent.world, w, r, 1000, early, purse);
  CHECK(early == 1000);
  CHECK(payable(lent.world, w, r) == 1000);
  CHECK(audit(lent.world, w, true).find("scaled units") == std::string::npos);
}

TEST_CASE("what lenders take out at an index above one rounds to the side of those who stay") {
  LentOut lent;
  Workspace w(lent.world);
  w.reset();
  const std::uint32_t r = reserve_of(lent.world, "USD");
  const Quantum& q = lent.world.assets[lent.world.asset("USD").value].quantum;
  const AccountId purse = lent.world.attacker[lent.world.asset("USD").value];
  w.market.supply_index[r] = 1.0000001;
  const double before = supply_units(w, r);
  double claim = 20000;
  const double paid = pay_out(lent.world, w, r, 5000, claim, purse);
  CHECK(paid == 5000);
  CHECK(supply_units(w, r) <= before - paid);
  CHECK(supply_units(w, r) > before - paid - 2 * q.step);
}

TEST_CASE("a reserve that is lent out whole says since when") {
  LentOut lent;
  MarketNode full = eth_loans(28800, 2);
  lent.eco.markets.clear();
  add(lent.eco.markets, "loans", full);
  lent.eco.clock.horizon.value = 3600;
  const Snapshot world = compile(lent.eco, lent.found, {});
  REQUIRE(!lent.found.failed());
  Workspace w(world);
  const Outcome& out = run(world, {}, w);
  const ReserveOutcome& usd = out.reserves[reserve_of(world, "USD")];
  CHECK(usd.full_at_s == 0);
  CHECK(usd.nearly_full_s == 3600);
  CHECK(out.reserves[reserve_of(world, "ETH")].full_at_s == -1);
}
