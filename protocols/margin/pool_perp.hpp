// A pool as counterparty of perpetual positions, GMX v2 [gmx_v2_code]. Everything, liquidations
// too, executes at the oracle price moved by the trade's own impact; no order ever reaches a book.
// Contagion goes through the pool: what traders win it pays, up to a cap, and its holders cannot
// leave while it owes too much.
//   entry    size / (size / P + side impact / P): the impact is paid in contracts
//   profit   side (contracts P - size), of all traders at most cap x pool side
//   breach   collateral + profit + min(0, impact, not beyond its own cap) - fees
//              < max(0, min_collateral size), or < least
//   borrow   usage base, and above the optimum (above - base) (usage - optimum) / (1 - optimum)
//   more
#pragma once

#include <algorithm>

#include "protocols/venues/price_impact.hpp"

namespace faultline {

/// One market's terms. Shares of one; fees are shares of size; rates per second.
struct PoolPerpTerms {
  ImpactTerms impact;
  double liquidation_impact = 0;  // most impact counted against a position in the breach test
  double fee_improves = 0;        // of trades that improve the balance
  double fee_worsens = 0;
  double liquidation_fee = 0;
  double min_collateral = 0;  // of size
  double least_collateral_usd = 0;
  double profit_cap = 1;      // what traders can win of a pool side
  double adl_above = 1;       // profit / pool side at which profitable positions are closed
  double adl_until = 1;       // and down to which
  double withdraw_below = 1;  // above this profit / pool side holders cannot withdraw
  double reserve = 1;         // open interest that a pool side may back, x its value
  double optimal_usage = 0.75;
  double borrow_base = 0;   // at full use, were there no kink
  double borrow_above = 0;  // at full use
};

/// One trader's position. `size` and `contracts` > 0; side +1 long, -1 short.
struct PoolPosition {
  double size = 0;        // USD at entry
  double contracts = 0;   // index units
  double collateral = 0;  // USD
  double side = 1;
};

/// Profit (> 0) or loss at an index price, USD.
inline double pool_profit(const PoolPosition& p, double price) {
  return p.side * (p.contracts * price - p.size);
}

/// Average price of opening `size` USD with an impact (USD, > 0 gained).
inline double pool_entry_price(double size, double side, double price, double impact) {
  return size / (size / price + side * impact / price);
}

/// Price of closing `closed` USD of a position with an impact: profit changes by exactly that.
inline double pool_exit_price(const PoolPosition& p, double closed, double price, double impact) {
  return price + p.side * impact * (p.size / p.contracts) / closed;
}

/// Fee of a trade of `size` USD.
inline double pool_fee(const PoolPerpTerms& t, double size, double impact) {
  return size * (impact > 0 ? t.fee_improves : t.fee_worsens);
}

/// Whether a position is in breach. impact: of closing it all, USD; fees: owed and due on closing,
/// funding and borrowing included, USD.
inline bool pool_in_breach(const PoolPerpTerms& t, const PoolPosition& p, double price,
                           double impact, double fees) {
  const double counted = std::max(std::min(0.0, impact), -t.liquidation_impact * p.size);
  const double left = p.collateral + pool_profit(p, price) + counted - fees;
  return left <= 0 || left < t.min_collateral * p.size || left < t.least_collateral_usd;
}

/// Where a closed position's collateral goes, USD. All sum to collateral + profit paid in.
struct PoolSettlement {
  double to_trader = 0;
  double to_pool = 0;  // losses (> 0) or profit paid (< 0)
  double to_fees = 0;
  double to_impact = 0;  // kept for later positive impact, or drawn from it
  double unpaid = 0;     // loss, fees and impact the collateral did not reach
};

/// Pays in the contract's order: the loss, then fees, then impact; what is missing stays unpaid.
/// profit: capped, USD; fees >= 0; impact: capped, USD.
inline PoolSettlement settle_pool_position(double collateral, double profit, double fees,
                                           double impact) {
  PoolSettlement s;
  double left = collateral + std::max(0.0, profit) + std::max(0.0, impact);
  s.to_pool = -std::max(0.0, profit);
  s.to_impact = -std::max(0.0, impact);
  const auto pay = [&](double due, double& to) {
    const double paid = std::min(left, due);
    to += paid;
    left -= paid;
    s.unpaid += due - paid;
  };
  pay(std::max(0.0, -profit), s.to_pool);
  pay(fees, s.to_fees);
  pay(std::max(0.0, -impact), s.to_impact);
  s.to_trader = left;
  return s;
}

/// One side of the pool and the traders it stands against.
struct PoolSide {
  double value = 0;      // USD of the token that backs the side
  double size = 0;       // sum of sizes, USD at entry
  double contracts = 0;  // sum of contracts
  double side = 1;
};

inline double side_profit(const PoolSide& s, double price) {
  return s.side * (s.contracts * price - s.size);
}

/// What the traders of a side can win at most, as a factor on each one's profit: 1 below the cap.
inline double profit_factor(const PoolPerpTerms& t, const PoolSide& s, double price) {
  const double profit = side_profit(s, price), cap = t.profit_cap * s.value;
  return profit > cap && profit > 0 ? std::max(0.0, cap) / profit : 1;
}

/// USD of profit to be realised by closing positions: (profit - until x value) / (1 - until) brings
/// the ratio down to `until`, as what is paid leaves the pool too. 0 unless it is above
/// `adl_above`.
inline double pool_adl_profit(const PoolPerpTerms& t, const PoolSide& s, double price) {
  const double profit = side_profit(s, price);
  if (profit <= t.adl_above * s.value) return 0;
  return std::min(profit, (profit - t.adl_until * s.value) / (1 - t.adl_until));
}

/// Whether holders may withdraw from a side now.
inline bool pool_withdrawable(const PoolPerpTerms& t, const PoolSide& s, double price) {
  return side_profit(s, price) <= t.withdraw_below * s.value;
}

/// What a side has reserved for its traders: contracts at the price for longs, sizes for shorts.
inline double reserved(const PoolSide& s, double price) {
  return s.side > 0 ? s.contracts * price : s.size;
}

/// USD by which open interest of a side may still grow.
inline double reserve_left(const PoolPerpTerms& t, const PoolSide& s, double price) {
  return std::max(0.0, t.reserve * s.value - reserved(s, price));
}

/// What the pool's holders own, USD: both sides less what traders have won, capped.
inline double pool_value(const PoolPerpTerms& t, const PoolSide& longs, const PoolSide& shorts,
                         double price) {
  return longs.value + shorts.value - side_profit(longs, price) * profit_factor(t, longs, price) -
         side_profit(shorts, price) * profit_factor(t, shorts, price);
}

/// Borrowing rate of a side, per second of its reserved value.
inline double pool_borrow_rate(const PoolPerpTerms& t, const PoolSide& s, double price) {
  const double room = t.reserve * s.value;
  if (!(room > 0)) return 0;
  const double usage = reserved(s, price) / room;
  const double steep =
      usage > t.optimal_usage && t.borrow_above > t.borrow_base
          ? (t.borrow_above - t.borrow_base) * (usage - t.optimal_usage) / (1 - t.optimal_usage)
          : 0;
  return usage * t.borrow_base + steep;
}

}  // namespace faultline
