// How perpetual positions are closed: dYdX's and Drift's unit tests, Hyperliquid's documentation.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "protocols/liquidation/perp_sizing.hpp"
#include "protocols/losses/insurance.hpp"
#include "protocols/margin/perp_account.hpp"

using namespace faultline;

namespace {

/// 100 units at $3,000 with 5% maintenance, equity at `share` of it.
PerpInBreach row(double size, double share) {
  PerpInBreach r;
  r.size = size;
  r.mark = 3000;
  r.total_notional = std::fabs(size) * 3000;
  r.own_maintenance = r.total_maintenance = 0.05 * r.total_notional;
  r.margin_ratio = 0.05;
  r.equity = share * r.total_maintenance;
  r.bankruptcy = bankruptcy_price(r.equity, size, r.mark, 1, 1);
  r.quantum = quantum_for(1e6);
  return r;
}

PerpLiquidationTerms hyperliquid() {
  PerpLiquidationSpec s;
  s.sizing = "slice";
  s.limit = "none";
  s.takeover_below = Ratio{2.0 / 3};
  return compile_perp_liquidation(s);
}

PerpLiquidationTerms dydx() {
  PerpLiquidationSpec s;
  s.sizing = "capped";
  s.limit = "fillable";
  s.fund_fee = Ratio{0.015};
  return compile_perp_liquidation(s);
}

PerpLiquidationTerms drift() {
  PerpLiquidationSpec s;
  s.sizing = "to_buffer";
  s.limit = "mark_fee";
  s.liquidator_fee = Ratio{0.01};
  return compile_perp_liquidation(s);
}

}  // namespace

TEST_CASE("perp liquidation: Hyperliquid closes a fifth of large positions, then all of it") {
  const auto t = hyperliquid();
  PerpInBreach r = row(100, 0.9);  // $300,000
  PerpPlan p = plan_perp_liquidation(t, r);
  CHECK(p.action == PerpAction::order);
  CHECK(p.change == -20);
  CHECK(p.limit == 0);
  r.since_order_s = 10;  // within the cooldown
  CHECK(plan_perp_liquidation(t, r).change == -100);
  r.since_order_s = 30;
  CHECK(plan_perp_liquidation(t, r).change == -20);
  CHECK(plan_perp_liquidation(t, row(30, 0.9)).change == -30);  // $90,000 is not large
  p = plan_perp_liquidation(t, row(-100, 0.9));
  CHECK(p.change == 20);
  CHECK(std::isinf(p.limit));
  CHECK(within_limit(p, 1e9));
  CHECK(plan_perp_liquidation(t, row(100, 0.67)).action == PerpAction::order);
  CHECK(plan_perp_liquidation(t, row(100, 0.66)).action == PerpAction::takeover);
  CHECK(plan_perp_liquidation(t, row(100, -0.01)).action == PerpAction::deleverage);
}

TEST_CASE("perp liquidation: dYdX closes the greater of $1,000 and a tenth in a block") {
  const auto t = dydx();
  PerpInBreach r = row(100, 0.5);
  PerpPlan p = plan_perp_liquidation(t, r);
  CHECK(p.change == -10);
  CHECK(p.limit == Approx(3000 - 0.5 * 1.5 * 0.05 * 3000));
  CHECK(within_limit(p, p.limit));
  CHECK(!within_limit(p, p.limit * 0.999));
  r.since_order_s = 0.5;
  CHECK(plan_perp_liquidation(t, r).action == PerpAction::wait);
  CHECK(plan_perp_liquidation(t, row(1, 0.5)).change == Approx(-1.0 / 3));  // $1,000 of $3,000
  CHECK(plan_perp_liquidation(t, row(0.3, 0.5)).change == -0.3);
  CHECK(plan_perp_liquidation(t, row(1000, 0.5)).change == Approx(-100.0 / 3));  // $100,000
  // a round of three blocks closes what three rounds of a block do
  r = row(100, 0.5);
  r.round_s = 3;
  CHECK(plan_perp_liquidation(t, r).change == Approx(-(10 + 9 + 8.1)));
}

TEST_CASE("perp liquidation: what dYdX's fund takes and pays") {
  // v4-chain, x/clob/keeper/liquidations_test.go: a short of 1 BTC with $50,499 of quote
  PerpLiquidationTerms t;
  t.fund_fee = 0.005;
  CHECK(fund_delta(t, -50000, -50499) == 250);         // 0.5% of the fill, of $499 left
  CHECK(fund_delta(t, -12500, -50499.0 / 4) == 62.5);  // a quarter filled
  CHECK(fund_delta(t, -50498.0 / 4, -50499.0 / 4) == 0.25);
  CHECK(fund_delta(t, -50500, -50499) == -1);
  // a long of 1 BTC that owes $50,500, sold at $50,498 and $50,500
  CHECK(fund_delta(t, 50500, 50500) == 0);
  CHECK(fund_delta(t, 50498, 50500) == -2);
}

TEST_CASE("perp liquidation: Drift closes what lifts the account above its buffer") {
  // protocol-v2, math/liquidation/tests.rs: $10 short at 10x, one unit of $100
  CHECK(notional_to_cover(10, 0.1, 0, 0) / 100 == Approx(1).epsilon(1e-12));
  CHECK(notional_to_cover(10, 0.1, 0.01, 0) / 100 == Approx(10.0 / 9).epsilon(1e-12));
  CHECK(notional_to_cover(10, 0.1, 0.01, 0.01) / 100 == Approx(1.25).epsilon(1e-12));
  CHECK(std::isinf(notional_to_cover(10, 0.01, 0.01, 0)));
  // spot: asset weight 0.8, liability 1.2; the chain truncates its weights, hence 1e-4
  CHECK(liability_to_cover(10, 100, 1.2, 1, 0.8, 1, 0) == Approx(0.25).epsilon(1e-12));
  CHECK(liability_to_cover(10, 100, 1.2, 0.9, 0.8, 1.1, 0) == Approx(0.449984250).epsilon(1e-4));
  CHECK(liability_to_cover(10, 100, 1.2, 1, 0.8, 1, 0.01) == Approx(0.257731958).epsilon(1e-8));
  CHECK(liability_to_cover(10, 100, 1.2, 0.9, 0.8, 1.1, 0.01) == Approx(0.475669504).epsilon(1e-4));
  PerpLiquidationTerms t;
  t.fund_fee = 0.05;
  CHECK(fund_fee_now(t, 0.05, 0.01, 20, 1000) == Approx(0.019));
  CHECK(fund_fee_now(t, 0.05, 0.01, 1, 1000) == Approx(0.03705));
  CHECK(fund_fee_now(t, 0.05, 0.01, 1000, 1000) == 0);
  CHECK(fund_fee_now(t, 0.05, 0.1, 20, 1000) == 0);
  CHECK(fund_fee_now(t, 0.05, 0.01, 20, 0) == 0);
  t.liquidator_fee = 0.02;
  t.liquidator_fee_most = 0.05;
  CHECK(liquidator_fee_now(t, 100000 * 0.4) == 0.05);
  CHECK(liquidator_fee_now(t, 10 * 0.4) == 0.02);
  CHECK(liquidator_fee_now(t, 10000 * 0.4) == Approx(0.03));
  CHECK(ramped_share(drift(), 49, 0, 0) == 1);  // under $50
}

TEST_CASE("perp liquidation: Drift's part rises with time and ends above the buffer") {
  const auto t = drift();
  PerpInBreach r = row(100, 0.9);
  const double shortage = 0.05 * 3e5 * 0.1 + 0.02 * 3e5;
  PerpPlan p = plan_perp_liquidation(t, r);
  const double whole = shortage / (0.07 - 0.01) / 3000;
  CHECK(p.change == Approx(-0.1 * whole));
  CHECK(p.limit == Approx(2970));
  r.since_breach_s = 30;
  CHECK(plan_perp_liquidation(t, r).change == Approx(-0.6 * whole));
  r.freed_usd = shortage;  // half done: of twice the shortage 60% is open, half used
  CHECK(plan_perp_liquidation(t, r).change == Approx(-0.2 * whole));
  r.freed_usd = 0;
  r.since_breach_s = 60;
  p = plan_perp_liquidation(t, r);
  CHECK(p.change == Approx(-whole));
  const double left = 3e5 + p.change * 3000;  // notional afterwards, the fee paid by the account
  CHECK(r.equity + p.change * 3000 * 0.01 == Approx((0.05 + 0.02) * left));
  CHECK(p.change == r.quantum.down(whole) * -1);
  CHECK(plan_perp_liquidation(t, row(-100, 0.9)).limit == Approx(3030));
  r.equity = -1;  // under water it is closed all the same
  p = plan_perp_liquidation(t, r);
  CHECK(p.action == PerpAction::order);
  CHECK(p.change == -100);
  CHECK(p.limit == Approx(2970));
  r.equity = 3e5;  // above the buffer: nothing to do
  CHECK(plan_perp_liquidation(t, r).action == PerpAction::wait);
}

TEST_CASE("perp liquidation: Binance sends everything to bankruptcy, the rest is the fund's") {
  PerpLiquidationSpec s;
  s.leftover = "fund";
  const auto t = compile_perp_liquidation(s);
  const PerpPlan p = plan_perp_liquidation(t, row(-100, 0.9));
  CHECK(t.leftover_to_fund);
  CHECK(p.change == 100);
  CHECK(p.limit == Approx(3000 * (1 + 0.9 * 0.05)));
}

TEST_CASE("insurance: not one pot") {
  InsuranceSpec spec;
  spec.cap = Amount{100, "$"};
  spec.contract_cap = Amount{250, "$"};
  const auto t = compile_insurance(spec);
  InsuranceSpent spent;
  CHECK(insurable(t, spent, 40, 1000) == 40);
  CHECK(insurable(t, spent, 400, 1000) == 100);
  CHECK(insurable(t, spent, 400, 30) == 30);
  spent.window_usd = spent.contract_usd = 90;
  CHECK(insurable(t, spent, 400, 1000) == 10);
  pass_window(t, spent, 0.5);
  CHECK(insurable(t, spent, 400, 1000) == 10);
  pass_window(t, spent, 0.5);
  CHECK(insurable(t, spent, 400, 1000) == 100);
  spent.contract_usd = 240;
  CHECK(insurable(t, spent, 400, 1000) == 10);
  spent.contract_usd = 300;
  CHECK(insurable(t, spent, 400, 1000) == 0);
  CHECK(insurable(InsuranceTerms{}, InsuranceSpent{}, 400, 1000) == 400);
}
