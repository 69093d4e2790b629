// Stability pools, redistribution and redemptions: every case of liquity_v1.json, hand-worked cases
// of v2, and a plain pro-rata ledger as reference.
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "core/rng.hpp"
#include "protocols/claims/redemption_fee.hpp"
#include "protocols/liquidation/trove_liquidation.hpp"
#include "protocols/losses/redistribution.hpp"
#include "protocols/losses/stability_pool.hpp"
#include "tests/known_vectors.hpp"

using namespace faultline;
using nlohmann::json;
using test::check_near;

namespace {

void run_pool(const json& c, const json& constants, double rel) {
  const double kept = 1 - constants["gas_fee"].get<double>();
  const StabilityPoolTerms terms{.least = constants["min_in_pool"]};
  StabilityPool pool;
  std::map<std::string, PoolDeposit> deposits;
  for (const json& e : c["events"]) {
    if (e[0] == "deposit") {
      touch_deposit(pool, deposits[e[1]], e[2]);
    } else {
      const double debt = e[1], paid = std::min(debt, offsettable(terms, pool));
      offset(pool, paid, e[2].get<double>() * kept * paid / debt);
    }
  }
  const double abs = c.value("tol_abs", 1e-9);
  for (const auto& [who, want] : c["expected"]["deposit"].items()) {
    INFO(who);
    check_near(deposit_now(pool, deposits[who]), want, rel, abs);
    check_near(collateral_gain(pool, deposits[who]), c["expected"]["gain"][who], rel, abs);
  }
}

void run_redistribution(const json& c, double gas_fee, double rel) {
  Redistribution r;
  struct Loan {
    double collateral = 0;
    LoanStake stake;
  };
  std::map<std::string, Loan> loans;
  double all = 0;
  for (const json& e : c["events"]) {
    Loan& loan = loans[e[1]];
    if (e[0] == "open") {
      loan.collateral = e[2];
      all += loan.collateral;
      touch_stake(r, loan.stake, loan.collateral);
    } else {
      const double whole = loan.collateral + handed_over(r, loan.stake).collateral;
      drop_stake(r, loan.stake);
      loan.collateral = 0;
      CHECK(redistribute(r, 0, whole * (1 - gas_fee)));
      all -= whole * gas_fee;
      remember_stakes(r, all);
    }
  }
  double sum = 0;
  for (const auto& [who, loan] : loans)
    sum += loan.collateral + handed_over(r, loan.stake).collateral;
  check_near(sum, all, 1e-12);
  for (const auto& [who, want] : c["expected"].items()) {
    const Loan& loan = loans[who];
    check_near(loan.collateral + handed_over(r, loan.stake).collateral, want, rel);
  }
}

void run_partial_offset(const json& c, double rel) {
  const Trove trove{c["collateral"], c["debt"]};
  const double price = 1.05 * trove.debt / trove.collateral;  // between 100% and 110%
  const TroveLiquidation l =
      liquidate_trove({}, trove, price, c["pool_available"], {100 * trove.collateral, trove.debt});
  const json& want = c["expected"];
  check_near(l.offset_debt, want["offset_debt"], rel);
  check_near(l.pool_collateral, want["pool_collateral"], rel);
  check_near(l.others_debt, want["redistributed_debt"], rel);
  check_near(l.others_collateral, want["redistributed_collateral"], rel);
  Redistribution r{.stakes = c["other_stakes"]};
  redistribute(r, l.others_debt, l.others_collateral);
  check_near(r.debt_per_stake, want["debt_per_stake"], rel);
  check_near(r.collateral_per_stake, want["collateral_per_stake"], rel);
}

void run_capped(const json& c, double rel) {
  const Trove trove{c["collateral"], c["debt"]};  // 120% where all have 140%: recovery mode
  const double price = c["price"];
  const Trove system{1.4 * 10000 / price, 10000};
  const TroveLiquidation l = liquidate_trove({}, trove, price, 1000, system);
  REQUIRE(l.done);
  check_near(l.pool_collateral + l.caller_collateral, c["expected"]["capped"], rel);
  check_near(l.pool_collateral, c["expected"]["pool_gets"], rel);
  check_near(l.owner_collateral, c["expected"]["surplus"], rel);
  CHECK(l.offset_debt == trove.debt);
}

double sum_of(const TroveLiquidation& l) {
  return l.pool_collateral + l.others_collateral + l.caller_collateral + l.owner_collateral;
}

}  // namespace

TEST_CASE("stability pool: liquity_v1.json") {
  const json file = test::known("lending/liquity_v1");
  const json& constants = file["constants"];
  RedemptionTerms fees;
  CHECK(fees.minute_decay == constants["minute_decay"].get<double>());
  CHECK(fees.beta == constants["beta"].get<double>());
  CHECK(TroveTerms{}.mcr == constants["MCR"].get<double>());
  CHECK(TroveTerms{}.ccr == constants["CCR"].get<double>());
  CHECK(TroveTerms{}.gas_share == constants["gas_fee"].get<double>());
  std::size_t compared = 0;
  for (const json& c : file["cases"]) {
    INFO(c["name"]);
    const double rel = test::tolerance_of(file, c);
    const std::string type = c["type"];
    if (type == "decay") {
      for (std::size_t i = 0; i < c["seconds"].size(); ++i) {
        CAPTURE(c["seconds"][i]);  // the contract's 18 digits end at 1e-18, its errors above that
        check_near(decayed_base(fees, c["base_rate"], c["seconds"][i]), c["expected"][i], rel,
                   2e-17);
      }
    } else if (type == "sp") {
      run_pool(c, constants, rel);
    } else if (type == "redistribution") {
      run_redistribution(c, constants["gas_fee"], rel);
    } else if (type == "offset_redistribute") {
      run_partial_offset(c, rel);
    } else if (type == "capped") {
      run_capped(c, rel);
    } else {
      FAIL("a type of case nobody reads: " + type);
    }
    ++compared;
  }
  CHECK(compared == file["cases"].size());
}

TEST_CASE("stability pool: sums and products are the plain pro-rata ledger") {
  const auto draw = [](std::uint32_t n, std::uint32_t purpose) {
    return uniform({.seed = 3, .scenario = 0, .entity = n, .purpose = purpose, .index = 0});
  };
  StabilityPool pool;
  std::vector<PoolDeposit> deposits(20);
  std::vector<double> coins(20), collateral(20), income(20);
  double given = 0, paid_out = 0;
  for (std::uint32_t n = 0; n < 400; ++n) {
    const auto who = static_cast<std::size_t>(draw(n, 1) * 20);
    if (n < 5 || draw(n, 2) < 0.6) {
      const double change = (draw(n, 3) - 0.3) * 1000;
      const PoolPayment p = touch_deposit(pool, deposits[who], change);
      CHECK(p.coins == Approx(std::min(coins[who], std::max(0.0, -change))).margin(1e-9));
      CHECK(p.collateral == Approx(collateral[who]).margin(1e-9));
      CHECK(p.income == Approx(income[who]).margin(1e-9));
      coins[who] += std::max(0.0, change) - p.coins;
      paid_out += collateral[who];
      collateral[who] = income[who] = 0;
      continue;
    }
    double all = 0;
    for (const double c : coins) all += c;
    if (draw(n, 4) < 0.3) {
      add_income(pool, 7);
      for (std::size_t i = 0; i < 20; ++i) income[i] += 7 * coins[i] / all;
      continue;
    }
    const double debt = offsettable({}, pool) * draw(n, 5) * draw(n, 6);
    offset(pool, debt, debt * 1.05);
    given += debt * 1.05;
    for (std::size_t i = 0; i < 20; ++i) {
      collateral[i] += debt * 1.05 * coins[i] / all;
      coins[i] -= debt * coins[i] / all;
    }
  }
  CHECK(pool.pages.size() == 1 + static_cast<std::size_t>(pool.pages.size() > 1));
  double held = 0;
  for (std::size_t i = 0; i < 20; ++i) {
    CHECK(deposit_now(pool, deposits[i]) == Approx(coins[i]).margin(1e-9));
    CHECK(collateral_gain(pool, deposits[i]) == Approx(collateral[i]).margin(1e-9));
    held += collateral_gain(pool, deposits[i]);
  }
  CHECK(held == Approx(pool.collateral).margin(1e-6));
  CHECK(held + paid_out == Approx(given));
}

TEST_CASE("stability pool: scales and epochs") {
  StabilityPool pool;
  PoolDeposit a, b, late, ancient;
  touch_deposit(pool, a, 1e12);
  touch_deposit(pool, ancient, 1e12);
  offset(pool, 2e12 - 4e3, 2);  // P = 2e-9
  CHECK(pool.pages.size() == 1);
  touch_deposit(pool, b, 4e3);
  offset(pool, 4e3, 10);  // half is left: P = 1e-9, no page yet; then below it
  offset(pool, 2e3, 10);
  REQUIRE(pool.pages.size() == 2);
  CHECK(deposit_now(pool, b) == Approx(1000));
  CHECK(collateral_gain(pool, b) == Approx(10));     // half of each
  CHECK(deposit_now(pool, a) == 0);                  // 500 of 1e12: less than a billionth
  CHECK(collateral_gain(pool, a) == Approx(1 + 5));  // 1 of 2, then a quarter of 20
  touch_deposit(pool, late, 8e12);
  offset(pool, 7.99e12, 30);  // b is as good as gone, across one change of scale
  CHECK(pool.product > 1e-9);
  offset(pool, pool.deposits, 12);  // emptied
  CHECK(pool.product == 1);
  CHECK(pool.deposits == 0);
  CHECK(deposit_now(pool, late) == 0);
  CHECK(deposit_now(pool, b) == 0);
  CHECK(collateral_gain(pool, late) == Approx(42).epsilon(1e-6));
  offset(pool, 5, 5);  // nobody there
  CHECK(pool.collateral == Approx(64));
  add_income(pool, 3);
  PoolDeposit fresh;
  touch_deposit(pool, fresh, 100);
  CHECK(income_gain(pool, fresh) == 0);
  add_income(pool, 1);  // what waited goes to the first who are there
  CHECK(income_gain(pool, fresh) == Approx(4));
  CHECK(collateral_gain(pool, fresh) == 0);
  CHECK(offsettable({.least = 1}, pool) == 99);
  CHECK(offsettable({.least = 0}, pool) == 100);
  CHECK(offsettable({.least = 1}, StabilityPool{}) == 0);
}

TEST_CASE("troves: who may be liquidated, and where it goes") {
  const TroveTerms v1;
  const Trove safe_system{300, 10000}, system{140, 10000};  // 300% and 140% at 100
  const auto at = [](double ratio) { return Trove{ratio * 10, 1000}; };
  CHECK_FALSE(liquidate_trove(v1, at(1.1), 100, 1e9, safe_system).done);  // MCR itself is safe
  CHECK(liquidate_trove(v1, at(1.0999), 100, 1e9, safe_system).done);
  CHECK_FALSE(liquidate_trove(v1, at(1.05), 100, 1e9, safe_system, true).done);  // the last one
  TroveLiquidation l = liquidate_trove(v1, at(0.9), 100, 1e9, safe_system);
  CHECK(l.offset_debt == 1000);  // outside recovery mode the pool pays under-water loans in full
  CHECK(l.pool_collateral == Approx(9 * 0.995));
  l = liquidate_trove(v1, at(0.9), 100, 1e9, system);  // in recovery mode it pays none of it
  CHECK(l.offset_debt == 0);
  CHECK(l.others_debt == 1000);
  CHECK(l.others_collateral == Approx(9 * 0.995));
  CHECK(liquidate_trove(v1, at(1.3), 100, 1000, system).owner_collateral == Approx(2));
  CHECK_FALSE(liquidate_trove(v1, at(1.3), 100, 999, system).done);  // pool too small
  CHECK_FALSE(liquidate_trove(v1, at(1.4), 100, 1e9, system).done);  // not below TCR
  CHECK_FALSE(liquidate_trove(v1, at(1.3), 100, 1e9, safe_system).done);
  Trove left = system;
  leave_system(left, liquidate_trove(v1, at(1.3), 100, 1000, system));
  CHECK(left.debt == 9000);
  CHECK(left.collateral == Approx(140 - 13));
  const TroveTerms v2 = liquity_v2_terms();
  for (const TroveTerms& t : {v1, v2}) {
    for (const double ratio : {0.5, 0.9, 1.0, 1.004, 1.06, 1.0999, 1.2, 1.35}) {
      for (const double pool : {0.0, 1.0, 400.0, 999.0, 1000.0, 1e9}) {
        for (const Trove& all : {safe_system, system}) {
          l = liquidate_trove(t, at(ratio), 100, pool, all);
          if (!l.done) continue;
          CHECK(sum_of(l) == Approx(ratio * 10));
          CHECK(l.offset_debt + l.others_debt == 1000);
          CHECK(l.offset_debt <= pool);
          CHECK(std::min({l.pool_collateral, l.others_collateral, l.owner_collateral}) >= 0);
        }
      }
    }
  }
}

TEST_CASE("troves: v2's penalties and its capped reward") {
  const TroveTerms v2 = liquity_v2_terms();
  // liquidations.t.sol without interest: testLiquidationOffsetWithSurplus, ..NoSurplus
  const TroveLiquidation with = liquidate_trove(v2, {2, 2000}, 1100 - 1e-9, 2100, {6, 4100});
  CHECK(with.pool_collateral == Approx(2000 / 1100.0 * 1.05).epsilon(1e-9));
  CHECK(with.owner_collateral == Approx(2 * 0.995 - 2000 / 1100.0 * 1.05).epsilon(1e-9));
  const TroveLiquidation without = liquidate_trove(v2, {10, 10000}, 1030, 10100, {40, 20100});
  CHECK(without.pool_collateral == Approx(9.95).epsilon(1e-12));
  CHECK(without.owner_collateral == 0);
  const Trove system{300, 10000};
  // 109%: 10.9 units, 0.0545 to the caller, 10.5 to the pool, the rest is the owner's
  TroveLiquidation l = liquidate_trove(v2, {10.9, 1000}, 100, 1e9, system);
  CHECK(l.caller_collateral == Approx(0.0545));
  CHECK(l.pool_collateral == Approx(10.5));
  CHECK(l.owner_collateral == Approx(10.9 - 10.5 - 0.0545));
  // no pool: no reward in collateral, others get up to 110%
  l = liquidate_trove(v2, {10.9, 1000}, 100, 0, system);
  CHECK(l.caller_collateral == 0);
  CHECK(l.others_collateral == Approx(10.9));
  // half and half: what the pool may not take the others may
  l = liquidate_trove(v2, {10.9, 1000}, 100, 500, system);
  CHECK(l.caller_collateral == Approx(0.02725));
  CHECK(l.pool_collateral == Approx(5.25));
  CHECK(l.others_collateral == Approx(5.5));
  CHECK(l.owner_collateral == Approx(10.9 - 0.02725 - 5.25 - 5.5));
  l = liquidate_trove(v2, {10900, 1000000}, 100, 1e9, system);
  CHECK(l.caller_collateral == 2);
  CHECK_FALSE(liquidate_trove(v2, {13, 1000}, 100, 1e9, {140, 10000}).done);  // no recovery mode
  CHECK(to_be_shut_down(v2, {109, 10000}, 100));
  CHECK_FALSE(to_be_shut_down(v2, {110, 10000}, 100));
  CHECK_FALSE(to_be_shut_down({}, {10, 10000}, 100));
}

TEST_CASE("redistribution: nothing is lost and late-comers bear none of it") {
  Redistribution r;
  std::vector<LoanStake> s(4);
  std::vector<Trove> t{{10, 500}, {20, 900}, {30, 700}, {0, 0}};
  for (std::size_t i = 0; i < 3; ++i) touch_stake(r, s[i], t[i].collateral);
  drop_stake(r, s[0]);
  CHECK(redistribute(r, 500, 10));
  remember_stakes(r, 60);
  CHECK(handed_over(r, s[1]).debt == Approx(200));
  CHECK(handed_over(r, s[2]).collateral == Approx(6));
  t[3] = {36, 100};  // as much collateral as the third has by now
  touch_stake(r, s[3], 36);
  CHECK(s[3].stake == Approx(s[2].stake));
  CHECK(handed_over(r, s[3]).debt == 0);
  drop_stake(r, s[1]);
  CHECK(redistribute(r, 1100, 24));
  CHECK(handed_over(r, s[2]).debt == Approx(300 + 550));
  CHECK(handed_over(r, s[3]).debt == Approx(550));
  remember_stakes(r, 96);
  const double before = s[2].stake;
  touch_stake(r, s[2], 30 + handed_over(r, s[2]).collateral);
  CHECK(s[2].stake == Approx(before));  // touching a loan changes nothing
  drop_stake(r, s[2]);
  drop_stake(r, s[3]);
  r.stakes = 0;
  CHECK_FALSE(redistribute(r, 1, 1));  // nobody left: the hole stays with the coin's holders
}

TEST_CASE("redemptions: order, fee and crumbs of v1") {
  const RedemptionTerms t;
  const double price = 100;
  const std::vector<RedeemableLoan> loans{{{30, 2500}, 0, 0},   // 120%
                                          {{26, 2500}, 0, 1},   // 104%: left out
                                          {{60, 4200}, 0, 2},   // 143%
                                          {{28, 2500}, 0, 3},   // 112%: first
                                          {{75, 6250}, 0, 4}};  // 120%, too: after the first
  CHECK(redemption_order(t, loans, price) == std::vector<std::uint32_t>{3, 0, 4, 2});
  BaseRate base{0.01, 125};
  CoinRedemption r = redeem(t, loans, 3000, price, 100000, base);
  REQUIRE(r.parts.size() == 1);  // 2300 closes the first; 700 of 2300 would leave 1600 < 1800
  CHECK(r.redeemed == 2300);
  CHECK(r.parts[0].closed);
  CHECK(r.parts[0].owner_returned == Approx(28 - 23));
  const double decayed = 0.01 * t.minute_decay * t.minute_decay;
  CHECK(base.rate == Approx(decayed + 0.023 / 2));
  CHECK(base.elapsed_s == 5);
  CHECK(r.rate == Approx(0.005 + base.rate));
  CHECK(r.fee == Approx(r.rate * 23));
  CHECK(r.to_redeemer + r.fee == Approx(23));
  base = {};
  r = redeem(t, loans, 2700, price, 100000, base);
  CHECK(r.redeemed == 2700);  // leaves 1900
  CHECK_FALSE(r.parts[1].closed);
  base = {};
  CHECK(redeem(t, loans, 1e9, price, 1e5, base).redeemed == 2300 + 2300 + 6050 + 4000);
  for (const RedeemedPart& p : r.parts) {  // a borrower loses no worth
    CHECK(p.collateral * price == Approx(p.debt));
  }
  CHECK(borrowing_rate(t, 0, false) == 0.005);
  CHECK(borrowing_rate(t, 0.2, false) == 0.05);
  CHECK(borrowing_rate(t, 0.2, true) == 0);
  CHECK(redemption_rate(t, 0.999) == 1);
  CHECK(raised_base(t, {0.9, 0}, 1, 1) == 1);
  CHECK(decayed_base(t, 1, 12 * 3600) == Approx(0.5));
}

TEST_CASE("redemptions: v2's branches, interest first, and urgent ones") {
  const RedemptionTerms t = liquity_v2_redemption();
  CHECK(decayed_base(t, 1, 6 * 3600) == Approx(0.5));
  const std::vector<RedeemableLoan> loans{
      {{30, 2000}, 0.05, 0}, {{19, 2000}, 0.01, 1}, {{50, 2000}, 0.02, 2}};
  CHECK(redemption_order(t, loans, 100) == std::vector<std::uint32_t>{2, 0});
  BaseRate base;
  const CoinRedemption r = redeem(t, loans, 3000, 100, 1e6, base);
  CHECK(r.redeemed == 3000);
  CHECK(r.rate == Approx(0.005 + 0.003));
  CHECK(r.parts[0].debt == 2000);
  CHECK(r.parts[0].collateral == Approx(20 * (1 - 0.008)));  // the fee stays with the loan
  CHECK(r.parts[1].debt == 1000);
  CHECK(r.to_redeemer == Approx(r.parts[0].collateral + r.parts[1].collateral));
  const std::vector<RedemptionBranch> branches{
      {1000, 400, true}, {500, 200, true}, {900, 0, false}};
  std::vector<double> parts = split_over_branches(branches, 300);
  CHECK(parts[0] == Approx(200));
  CHECK(parts[1] == Approx(100));
  CHECK(parts[2] == 0);
  parts = split_over_branches(branches, 5000);  // no more than what is unbacked
  CHECK(parts[0] + parts[1] == Approx(900));
  parts =
      split_over_branches(std::vector<RedemptionBranch>{{1000, 1500, true}, {500, 500, true}}, 300);
  CHECK(parts[0] == Approx(200));  // all backed: by debt
  CHECK(parts[0] + parts[1] == 300);
  UrgentRedemption u = urgent_redemption({11, 1000}, 1e9, 100);
  CHECK(u.debt == 1000);
  CHECK(u.collateral == Approx(10.2));
  u = urgent_redemption({9, 1000}, 1e9, 100);  // as far as the collateral goes
  CHECK(u.collateral == 9);
  CHECK(u.debt == Approx(900 / 1.02));
  CHECK(urgent_redemption({9, 1000}, 100, 100).debt == 100);
}
