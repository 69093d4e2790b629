// The protocol itself absorbs failing accounts and sells their collateral over the counter:
// Compound v3, Comet [compound_v3_code].
//   absorbable  sum(c_i p_i liquidateCF_i) < debt p_base
//   absorb      all collateral becomes the protocol's, the borrower is credited
//               balance = max(0, sum(c_i p_i LF_i) / p_base - debt); reserves pay debt + balance.
//               What is delisted (LF = 0) stays the borrower's (the version for 24 assets)
//   reserves    = cash + borrows - supply; below zero it is a hole of the suppliers nobody books
//   counter     p (1 - SFPF (1 - LF)), as long as reserves < target; nothing forces a sale
// Absorbing needs no capital and no sale, so the protocol bears the price until somebody buys.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

namespace faultline {

/// One collateral of an account.
struct AbsorbableLeg {
  double amount = 0;  // units
  double price = 0;
  double liquidate_cf = 0;        // weight in the test
  double liquidation_factor = 1;  // share of its value credited
};

/// Whether an account may be absorbed. debt in base units.
inline bool absorbable(std::span<const AbsorbableLeg> legs, double debt, double base_price) {
  double weighted = 0;
  for (const AbsorbableLeg& leg : legs) weighted += leg.amount * leg.price * leg.liquidate_cf;
  return debt > 0 && weighted < debt * base_price;
}

/// What absorbing does to borrower and protocol, base units.
struct Absorption {
  double debt = 0;              // wiped out
  double balance = 0;           // the borrower's supply afterwards
  double paid_out = 0;          // by reserves, debt + balance
  double collateral_value = 0;  // of what the protocol holds now, at the oracle's price
};

inline Absorption absorb_account(std::span<const AbsorbableLeg> legs, double debt,
                                 double base_price) {
  Absorption a{.debt = debt};
  double credited = 0;
  for (const AbsorbableLeg& leg : legs) {
    if (!(leg.liquidation_factor > 0)) continue;
    credited += leg.amount * leg.price * leg.liquidation_factor;
    a.collateral_value += leg.amount * leg.price / base_price;
  }
  a.balance = std::max(0.0, credited / base_price - debt);
  a.paid_out = debt + a.balance;
  return a;
}

/// Totals of a market, base units.
struct BaseMarket {
  double cash = 0;
  double supply = 0;
  double borrow = 0;
};

/// What belongs to the protocol; inventory of collateral does not count.
inline double base_reserves(const BaseMarket& m) {
  return m.cash + m.borrow - m.supply;
}

inline void book_absorption(BaseMarket& m, const Absorption& a) {
  m.borrow -= a.debt;
  m.supply += a.balance;
}

/// The counter's terms.
struct StorefrontTerms {
  double price_factor = 0.5;   // SFPF: buyers' part of what absorption kept back
  double target_reserves = 0;  // base units: at or above it nothing is for sale
};

/// Price at the counter.
inline double storefront_price(const StorefrontTerms& t, double price, double liquidation_factor) {
  return price * (1 - t.price_factor * (1 - liquidation_factor));
}

/// Collateral units that `base` buys.
inline double quote_collateral(const StorefrontTerms& t, double price, double liquidation_factor,
                               double base, double base_price) {
  return base * base_price / storefront_price(t, price, liquidation_factor);
}

enum class CounterRefusal : std::uint8_t { none, not_for_sale, sold_out };

/// What a buyer pays and gets.
struct CounterSale {
  double paid = 0;  // base units, become cash
  double got = 0;   // collateral units
  CounterRefusal refusal = CounterRefusal::none;
};

/// Buys for `base` out of `inventory` units. The contract checks reserves before the sale only
/// (one sale may overshoot the target) and refuses to sell more than there is.
inline CounterSale buy_collateral(const StorefrontTerms& t, BaseMarket& m, double& inventory,
                                  double price, double liquidation_factor, double base,
                                  double base_price) {
  if (base_reserves(m) >= 0 && base_reserves(m) >= t.target_reserves) {
    return {.refusal = CounterRefusal::not_for_sale};
  }
  const double got = quote_collateral(t, price, liquidation_factor, base, base_price);
  if (got > inventory) return {.refusal = CounterRefusal::sold_out};
  inventory -= got;
  m.cash += base;
  return {.paid = base, .got = got};
}

/// Base that buys out an inventory.
inline double cost_of_inventory(const StorefrontTerms& t, double inventory, double price,
                                double liquidation_factor, double base_price) {
  return inventory * storefront_price(t, price, liquidation_factor) / base_price;
}

/// Loss (> 0) or gain of reserves once the collateral is sold at the counter at `price` moved by
/// `change` since, base units: of one collateral.
inline double absorption_loss(const StorefrontTerms& t, const AbsorbableLeg& leg,
                              const Absorption& a, double change, double base_price) {
  return a.paid_out - cost_of_inventory(t, leg.amount, leg.price * (1 + change),
                                        leg.liquidation_factor, base_price);
}

}  // namespace faultline
