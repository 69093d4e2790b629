// Absorbing and selling at the counter: numbers of Comet's own tests (quote-collateral-test.ts,
// absorb-test.ts), and its rules worked by hand.
#include <catch2/catch.hpp>
#include <vector>

#include "protocols/liquidation/absorb_and_sell.hpp"

using namespace faultline;

namespace {

/// The USDC market's WETH.
AbsorbableLeg weth(double amount, double price) {
  return {amount, price, 0.895, 0.95};
}

}  // namespace

TEST_CASE("absorb: numbers of the contract's tests") {
  const auto quote = [](double factor, double price, double lf, double base) {
    return quote_collateral({.price_factor = factor}, price, lf, base, 1);
  };
  CHECK(quote(0.5, 200, 0.6, 200) == Approx(1.25).epsilon(1e-12));
  CHECK(quote(0.5, 200, 0.6, 0) == 0);
  CHECK(quote(0, 200, 0.6, 200) == 1);
  CHECK(quote(0.5, 9, 0.8, 810) == Approx(100).epsilon(1e-12));
  CHECK(quote(0.8, 200, 0.75, 1e15) == Approx(6.25e12).epsilon(1e-12));
  // all but the last millionth of $44,175 is owed: that millionth is paid back as supply
  const std::vector<AbsorbableLeg> legs{{1, 175, 0, 1}, {1, 3000, 0, 1}, {1, 41000, 0, 1}};
  BaseMarket m{.borrow = 44174.999999};
  CHECK(absorbable(legs, m.borrow, 1));
  const Absorption a = absorb_account(legs, m.borrow, 1);
  CHECK(a.balance == Approx(1e-6).epsilon(1e-4));
  book_absorption(m, a);
  CHECK(m.borrow == 0);
  CHECK(base_reserves(m) == Approx(-1e-6).epsilon(1e-4));
  // 1, 1e6 and 1e12 owed against next to nothing: all of it is the reserves'
  BaseMarket big{.supply = 4e15, .borrow = 3e15};
  for (const double debt : {1.0, 1e6, 1e12}) {
    book_absorption(big, absorb_account(std::vector{weth(1e-9, 3000)}, debt, 1));
  }
  CHECK(big.supply == 4e15);
  CHECK(base_reserves(big) == -1e15 - 1 - 1e6 - 1e12);
}

TEST_CASE("absorb: the test is strict, the haircut is the liquidation factor") {
  const std::vector<AbsorbableLeg> at_limit{weth(10, 2000)};
  CHECK_FALSE(absorbable(at_limit, 17900, 1));
  CHECK(absorbable(at_limit, 17900.01, 1));
  CHECK_FALSE(absorbable(at_limit, 0, 1));
  // 19,000 credited against 18,000 owed: 1,000 stay the borrower's as supply
  Absorption a = absorb_account(at_limit, 18000, 1);
  CHECK(a.balance == Approx(1000));
  CHECK(a.paid_out == Approx(19000));
  CHECK(a.collateral_value == 20000);
  // more owed than credited: nothing is left, the protocol pays the whole debt
  a = absorb_account(at_limit, 19500, 1);
  CHECK(a.balance == 0);
  CHECK(a.paid_out == 19500);
  // several collaterals, a base asset off its peg
  const std::vector<AbsorbableLeg> two{weth(10, 2000), {100, 30, 0.7, 0.93}};
  a = absorb_account(two, 15000, 0.9);
  CHECK(a.balance == Approx((19000 + 2790) / 0.9 - 15000));
  CHECK(absorbable(two, 22300, 0.9));  // 20,000 < 20,070
  CHECK_FALSE(absorbable(two, 22200, 0.9));
  // delisted collateral is neither taken nor credited
  const std::vector<AbsorbableLeg> delisted{weth(10, 2000), {100, 30, 0.7, 0}};
  a = absorb_account(delisted, 15000, 1);
  CHECK(a.collateral_value == 20000);
  CHECK(a.balance == Approx(4000));
}

TEST_CASE("absorb: reserves pay, and may turn negative") {
  BaseMarket m{.cash = 100e3, .supply = 1e6, .borrow = 905e3};
  CHECK(base_reserves(m) == 5e3);
  const std::vector<AbsorbableLeg> legs{weth(10, 2000)};
  const Absorption a = absorb_account(legs, 18000, 1);
  book_absorption(m, a);
  CHECK(base_reserves(m) == Approx(5e3 - a.paid_out));
  CHECK(m.cash == 100e3);  // no cash moves
  CHECK(m.supply == Approx(1e6 + 1000));
}

TEST_CASE("counter: half the haircut is the buyer's, up to the target") {
  const StorefrontTerms t{.price_factor = 0.5, .target_reserves = 1000};
  CHECK(storefront_price(t, 2000, 0.95) == Approx(2000 * 0.975));
  CHECK(quote_collateral(t, 2000, 0.95, 1950, 1) == Approx(1));
  CHECK(quote_collateral(t, 2000, 0.95, 1950, 0.5) == Approx(0.5));
  BaseMarket m{.cash = 0, .supply = 1000, .borrow = 0};  // a hole of 1,000
  double inventory = 2;
  CounterSale s = buy_collateral(t, m, inventory, 2000, 0.95, 1950, 1);
  CHECK(s.got == Approx(1));
  CHECK(m.cash == 1950);
  CHECK(inventory == Approx(1));
  s = buy_collateral(t, m, inventory, 2000, 0.95, 1951, 1);  // 950: still under target
  CHECK(s.refusal == CounterRefusal::sold_out);
  CHECK(m.cash == 1950);
  s = buy_collateral(t, m, inventory, 2000, 0.95, 195, 1);
  CHECK(s.refusal == CounterRefusal::none);
  s = buy_collateral(t, m, inventory, 2000, 0.95, 195, 1);  // 1,145 now: nothing for sale
  CHECK(s.refusal == CounterRefusal::not_for_sale);
  CHECK(inventory == Approx(0.9));
  BaseMarket hole{.cash = 0, .supply = 10, .borrow = 0};  // negative reserves always sell
  CHECK(buy_collateral({.price_factor = 1, .target_reserves = 0}, hole, inventory, 10, 0.9, 0.9, 1)
            .got == Approx(0.1));
}

TEST_CASE("counter: what the protocol risks by waiting") {
  const StorefrontTerms t{.price_factor = 0.5};
  const AbsorbableLeg leg = weth(10, 2000);
  const Absorption a = absorb_account(std::vector{leg}, 18000, 1);
  CHECK(absorption_loss(t, leg, a, 0, 1) == Approx(19000 - 19500));  // the other half is its own
  CHECK(absorption_loss(t, leg, a, -0.1, 1) == Approx(19000 - 17550));
  double before = -1e9;
  for (const double fall : {0.0, 0.02, 0.05, 0.2, 0.6}) {
    const double loss = absorption_loss(t, leg, a, -fall, 1);
    CHECK(loss > before);
    before = loss;
  }
  CHECK(cost_of_inventory(t, 10, 2000, 0.95, 1) == Approx(19500));
}
