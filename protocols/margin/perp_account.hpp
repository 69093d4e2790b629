// What a perpetual account is worth, what it must keep, and at which prices it fails. Signed sizes
// throughout: s > 0 is long. Linear contracts count base units and pay quote, inverse contracts
// count face dollars and pay coin:
//   linear  PnL = s (M - E)            inverse  PnL = s (1/E - 1/M) coins
//   equity  = sum of collateral, haircut where positive, + sum of PnL
// Venues differ in what maintenance margin is a share of, so their liquidation prices differ and
// share no formula: of the mark (Binance, Hyperliquid, dYdX), of the mark with the taker fee
// (OKX, Gate), of the entry (Bybit, isolated) [binance_liquidation, okx_margin, bybit_isolated,
// hyperliquid_docs, dydx_v4_code].
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "protocols/margin/margin_tiers.hpp"

namespace faultline {

/// Quote gained by `size` base units from entry to mark.
inline double linear_pnl(double size, double entry, double mark) {
  return size * (mark - entry);
}

/// Coins gained by `face` dollars of an inverse contract; it falls with the price of the coin it is
/// paid in, so a losing long's collateral shrinks too. Prices > 0.
inline double inverse_pnl(double face, double entry, double mark) {
  return face * (1 / entry - 1 / mark);
}

/// A balance posted as margin; negative: owed.
struct PostedBalance {
  double amount =
      0;             // units, unrealised profit in that asset included where it is the venue's rule
  double price = 1;  // USD per unit, as the venue values it
  double weight = 1;  // share of its value that counts
};

/// USD that count: weight x value, but all of what is owed (haircuts are for positive balances).
inline double margin_value(const PostedBalance& b) {
  const double value = b.amount * b.price;
  return std::min(value, value * b.weight);
}

/// Unrealised profit as margin: Drift counts profit at a weight and up to a cap, losses in full
/// [drift_v2_code]. For maintenance all of it counts.
struct ProfitRule {
  double weight = 1;
  double cap = std::numeric_limits<double>::infinity();  // USD of profit that may count
};

inline double margin_profit(double pnl, const ProfitRule& rule) {
  return pnl > 0 ? std::min(pnl, rule.cap) * rule.weight : pnl;
}

/// One linear position with its contract's terms.
struct PerpPosition {
  double size = 0;  // base units, > 0 long
  double entry = 0;
  double mark = 0;  // the price margin is counted at: mark or oracle, as the venue does
  std::span<const MarginTier> tiers;
};

/// An account as margin sees it, in USD.
struct AccountMargin {
  double equity = 0;
  double maintenance = 0;  // liquidated when equity is below
  double initial = 0;      // needed to open more
  double notional = 0;     // sum of |size| x mark
};

/// Sums over an account's balances and positions, left to right.
inline AccountMargin account_margin(std::span<const PostedBalance> posted,
                                    std::span<const PerpPosition> positions,
                                    const ProfitRule& profit = {}) {
  AccountMargin a;
  for (const PostedBalance& b : posted) a.equity += margin_value(b);
  for (const PerpPosition& p : positions) {
    const double notional = std::fabs(p.size) * p.mark;
    a.equity += margin_profit(linear_pnl(p.size, p.entry, p.mark), profit);
    a.maintenance += maintenance_margin(p.tiers, notional);
    a.initial += initial_margin(p.tiers, notional);
    a.notional += notional;
  }
  return a;
}

/// USD that may leave the account: what exceeds initial margin and `floor` x notional (Hyperliquid:
/// 10%, since March 2025).
inline double withdrawable(const AccountMargin& a, double floor) {
  return std::max(0.0, a.equity - std::max(a.initial, floor * a.notional));
}

/// Ratio of portfolio margin accounts, sum of haircut equity / sum of maintenance (Binance's
/// uniMMR): infinite without maintenance. `posted` holds each coin's equity.
/// [binance_portfolio_margin]
inline double portfolio_margin_ratio(std::span<const PostedBalance> posted, double maintenance) {
  double equity = 0;
  for (const PostedBalance& b : posted) equity += margin_value(b);
  return maintenance > 0 ? equity / maintenance : std::numeric_limits<double>::infinity();
}

/// What a portfolio account may still do at its ratio.
enum class PortfolioState : unsigned char { free, reduce_only, liquidation };

inline PortfolioState portfolio_state(double ratio, double reduce_only_at = 1.2,
                                      double liquidate_at = 1.05) {
  if (ratio <= liquidate_at) return PortfolioState::liquidation;
  return ratio <= reduce_only_at ? PortfolioState::reduce_only : PortfolioState::free;
}

/// Mark at which the account is in breach if only this position's mark moves:
///   (equity - s M - MM of the others + d) / (|s| m - s)
/// This is Binance's cross price, Hyperliquid's M - side available / |s| / (1 - m side) and dYdX's
/// (e - s p - MMR of the others) / (|s| MMF - s): the same number. A long's price at or below 0
/// means that no price liquidates it.
/// equity: USD at mark M over the whole account; size != 0; m < 1 for a long.
inline double liquidation_price(double equity, double other_maintenance, double size, double mark,
                                double rate, double deduction = 0) {
  return (equity - size * mark - other_maintenance + deduction) / (std::fabs(size) * rate - size);
}

/// The same over all tiers. Maintenance margin is the greatest of its tiers' lines, so a falling
/// price meets the highest of their prices first and a rising one the lowest.
inline double liquidation_price(double equity, double other_maintenance, double size, double mark,
                                std::span<const MarginTier> tiers) {
  double first =
      size > 0 ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  for (const MarginTier& t : tiers) {
    const double price =
        liquidation_price(equity, other_maintenance, size, mark, t.maintenance, t.deduction);
    first = size > 0 ? std::max(first, price) : std::min(first, price);
  }
  return first;
}

/// OKX and Gate, isolated: (E - margin / s) / (1 - side (m + fee)); margin in quote.
inline double liquidation_price_with_fee(double margin, double size, double entry, double rate,
                                         double taker_fee) {
  const double side = size > 0 ? 1 : -1;
  return (entry - margin / size) / (1 - side * (rate + taker_fee));
}

/// Bybit, isolated: E - (IM - MM) / s with both on the entry value, MM = |s| E m - d.
inline double liquidation_price_at_entry(double initial, double size, double entry, double rate,
                                         double deduction = 0) {
  return entry - (initial - (std::fabs(size) * entry * rate - deduction)) / size;
}

/// Price at which closing this position leaves nothing, the account's equity spread over its
/// positions by their maintenance margin: M - equity (own / total) / s [dydx_v4_code]. With one
/// position own = total: entry - margin / s.
inline double bankruptcy_price(double equity, double size, double mark, double own_maintenance,
                               double total_maintenance) {
  return mark - equity * (own_maintenance / total_maintenance) / size;
}

/// Quote that must come in when `change` base units (of opposite sign to the position) are traded,
/// for the account not to end below zero: -change M - equity |its change of MM| / total MM.
/// Negative: quote that may at most be paid.
inline double bankruptcy_quote(double equity, double change, double mark,
                               double maintenance_released, double total_maintenance) {
  return -change * mark - equity * (maintenance_released / total_maintenance);
}

/// dYdX's limit for a liquidation order. The further equity has fallen below maintenance, the worse
/// a price it takes: M - ABR spread MM / s, ABR = clamp(adjustment (1 - equity / total MM), 0, 1).
inline double fillable_price(double equity, double size, double mark, double own_maintenance,
                             double total_maintenance, double adjustment = 1, double spread = 1.5) {
  const double rating = std::clamp(adjustment * (1 - equity / total_maintenance), 0.0, 1.0);
  return mark - rating * spread * own_maintenance / size;
}

// ---- inverse contracts -------------------------------------------------------------------------

/// Price at which an inverse position has lost `margin` coins and the taker fee of closing:
///   (1 + side f) F / (F / E + side margin); infinite for a short whose margin covers any rise.
/// With margin = F / (E L): E L / (L + 1) long, E L / (L - 1) short. [bybit_inverse]
inline double inverse_bankruptcy_price(double face, double entry, double margin,
                                       double taker_fee = 0) {
  const double side = face > 0 ? 1 : -1;
  const double coins = std::fabs(face) / entry + side * margin;
  if (!(coins > 0)) return std::numeric_limits<double>::infinity();
  return (1 + side * taker_fee) * std::fabs(face) / coins;
}

/// Price at which only maintenance margin is left, on the entry value, and the fee of closing at
/// the bankruptcy price: F / P = F / E + side (margin - MM - f F / P_bankruptcy). margin, MM and d
/// in coins; isolated positions: margin = initial margin, no fee. [bybit_inverse, bybit_isolated]
inline double inverse_liquidation_price(double face, double entry, double margin, double rate,
                                        double taker_fee = 0, double deduction = 0) {
  const double side = face > 0 ? 1 : -1;
  const double value = std::fabs(face) / entry;
  const double closing_fee =
      taker_fee * std::fabs(face) / inverse_bankruptcy_price(face, entry, margin, taker_fee);
  const double coins = value + side * (margin - (value * rate - deduction) - closing_fee);
  if (!(coins > 0)) return std::numeric_limits<double>::infinity();
  return std::fabs(face) / coins;
}

}  // namespace faultline
