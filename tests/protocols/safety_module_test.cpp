// Safety modules: numbers of Umbrella's own tests (Umbrella.t.sol), its rules worked by hand, and
// what must hold of any slash.
#include <catch2/catch.hpp>

#include "protocols/losses/safety_module.hpp"

using namespace faultline;

TEST_CASE("safety module: numbers of the contract's tests") {
  const SafetyModuleTerms t{.least_stake = 1};
  StakePool pool{10000, 10000};  // test_slash
  CoveredDeficit d{.deficit = 1000};
  CHECK(slash(t, pool, d).covered == 1000);
  CHECK(pool.assets == 9000);
  CHECK(d.pending == 1000);
  pool = {501, 501};  // test_slashHalfDeficit
  d = {.deficit = 1000};
  CHECK(slash(t, pool, d).covered == 500);
  CHECK(pool.assets == 1);
  CHECK(d.pending == 500);
  d = {.deficit = 1000, .offset = 1000};  // test_coverDeficitOffsetInvalidAmount
  CHECK(slash(t, pool, d).taken == 0);
  CHECK(cover_pending(d, 1000) == 0);
}

TEST_CASE("safety module: offset, fee, pending") {
  const SafetyModuleTerms t{.fee = 0.1};
  StakePool pool{1000, 500};
  CoveredDeficit d{.deficit = 150, .offset = 100};
  CHECK(new_deficit(d) == 50);
  Slash s = slash(t, pool, d);
  CHECK(s.taken == Approx(55));
  CHECK(s.covered == 50);
  CHECK(s.fee == Approx(5));
  CHECK(pool.rate() == Approx(945.0 / 500));
  CHECK(new_deficit(d) == 0);
  CHECK(slash(t, pool, d).taken == 0);  // once for each unit
  CHECK(d.deficit == 150);              // the hole is there until it is burned
  CHECK(cover_pending(d, 30) == 30);
  CHECK(d.deficit == 120);
  CHECK(new_deficit(d) == 0);
  CHECK(cover_pending(d, 1000) == 20);
  CHECK(cover_offset(d, 40) == 40);
  CHECK(d.offset == 60);
  CHECK(d.deficit == 60);
  CHECK(new_deficit(d) == 0);
  d.deficit += 7;
  CHECK(slash(t, pool, d).covered == Approx(7));
  CoveredDeficit raised{.deficit = 30, .offset = 100, .pending = 10};
  CHECK(cover_offset(raised, 100) == 20);
}

TEST_CASE("safety module: a stake too small is taken but for its least") {
  const SafetyModuleTerms t{.fee = 0.25, .least_stake = 1};
  StakePool pool{101, 101};
  CoveredDeficit d{.deficit = 400};
  const Slash s = slash(t, pool, d, 2, 1);  // asks 1,000
  CHECK(s.taken == 100);
  CHECK(s.covered == Approx(40));
  CHECK(s.fee == Approx(10));
  CHECK(s.covered * 2 + s.fee * 2 == Approx(s.taken));  // by value
  CHECK(pool.assets == 1);
  CHECK(new_deficit(d) == Approx(360));  // the next stakers would bear it
  const SafetyModuleTerms stk{.most_share = 0.3};
  StakePool aave{1000, 1000};
  CoveredDeficit e{.deficit = 1e6};
  CHECK(slash(stk, aave, e, 1, 100).taken == Approx(300));
  CHECK(e.pending == Approx(30000));
  CHECK(slash(stk, aave, e, 1, 0).taken == 0);  // worthless stake covers nothing
}

TEST_CASE("safety module: slashing hits all shares alike, more deficit never less") {
  double before = 0;
  for (const double deficit : {0.0, 10.0, 100.0, 500.0, 5000.0}) {
    StakePool pool{1000, 1000};
    CoveredDeficit d{.deficit = deficit};
    const double mine = 250, rate = pool.rate();
    const Slash s = slash({.fee = 0.05}, pool, d);
    CHECK(mine * (rate - pool.rate()) == Approx(s.taken / 4));
    CHECK(s.taken >= before);
    CHECK(s.taken + pool.assets == Approx(1000));
    before = s.taken;
  }
}

TEST_CASE("safety module: cooldown and window") {
  const SafetyModuleTerms t{.cooldown_s = 20, .window_s = 2};
  StakePool pool{200, 100};
  Cooldown c;
  CHECK(redeemable_shares(t, c, 40) == 0);
  start_cooldown(c, 40);
  c.elapsed_s = 19.9;
  CHECK(redeemable_shares(t, c, 40) == 0);
  CHECK(stake(pool, 20) == 10);  // later stake does not share the cooldown
  CoveredDeficit d{.deficit = 110};
  slash(t, pool, d);  // stake in cooldown is slashed
  c.elapsed_s = 20;
  CHECK(redeemable_shares(t, c, 50) == 40);
  CHECK(redeemable_shares(t, c, 30) == 30);
  CHECK(redeem_stake(pool, c, 15) == Approx(15));
  CHECK(pool.rate() == Approx(1));
  CHECK(redeemable_shares(t, c, 35) == 25);
  c.elapsed_s = 22.1;
  CHECK(redeemable_shares(t, c, 35) == 0);  // too late: begin again
  SafetyModuleTerms stk = t;
  stk.open_after_slash = true;
  CHECK(redeemable_shares(stk, c, 35, true) == 35);
  CHECK(redeemable_shares(stk, c, 35, false) == 0);
}
