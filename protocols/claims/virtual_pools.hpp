// Redeeming an algorithmic stablecoin for newly minted tokens: Terra's market module
// [terra_market_code]. Two pools that hold nothing, only a distance `delta`, set the spread.
//   terra = B + delta,  luna = B^2 / terra       in the unit of account (SDR)
//   y     = ask - B^2 / (offer + x);  spread = max(min spread, 1 - y / x)
//   out   = x / oracle price x (1 - spread): minted, while x is burned; the spread is minted, too,
//           and kept for voters' rewards
//   delta += x for stablecoin in, -= what is paid out for tokens in; each block delta -= delta /
//           period
// Below capacity the peg is defended by dilution; above it the spread outgrows any discount and the
// coin floats. The token's supply then grows as its price falls, without end.
#pragma once

#include <algorithm>
#include <cmath>

#include "core/math.hpp"

namespace faultline {

/// Defaults: Columbus-5 before May 2022.
struct VirtualPoolTerms {
  double base = 50e6;  // B
  double period = 36;  // blocks in which delta would go, at its first block's pace
  double least_spread = 0.02;
  double tobin_tax = 0.0035;  // between two stablecoins
};

/// The whole state of the pools.
struct VirtualPools {
  double delta = 0;
};

inline double terra_pool(const VirtualPoolTerms& t, const VirtualPools& p) {
  return t.base + p.delta;
}
inline double luna_pool(const VirtualPoolTerms& t, const VirtualPools& p) {
  return t.base * t.base / terra_pool(t, p);
}

/// Spread of offering x (> 0, unit of account): stablecoin for tokens, or tokens for stablecoin.
inline double swap_spread(const VirtualPoolTerms& t, const VirtualPools& p, double x,
                          bool stable_in) {
  const double offer = stable_in ? terra_pool(t, p) : luna_pool(t, p);
  const double ask = stable_in ? luna_pool(t, p) : terra_pool(t, p);
  // 1 - (ask - B^2 / (offer + x)) / x with ask = B^2 / offer, without cancellation
  return std::max(t.least_spread, 1 - ask / (offer + x));
}

/// What offering x (>= 0, unit of account) brings before prices: its worth net of the spread, and
/// what the last unit of it brought.
///   worth = min(x (1 - least), ask - B^2 / (offer + x)), concave in x
struct SwapWorth {
  double worth = 0;
  double marginal = 0;
};
inline SwapWorth swap_worth(const VirtualPoolTerms& t, const VirtualPools& p, double x,
                            bool stable_in) {
  const double offer = stable_in ? terra_pool(t, p) : luna_pool(t, p);
  const double ask = stable_in ? luna_pool(t, p) : terra_pool(t, p);
  const double average = ask / (offer + x), least = 1 - t.least_spread;
  if (average >= least) return {x * least, least};
  return {x * average, average * (offer / (offer + x))};
}

/// The greatest x whose last unit brings `rate` (above 0, at most 1 - least spread); 0 where none
/// does. Past the kink of `swap_worth` it is sqrt(offer x ask / rate) - offer.
inline double swap_to_rate(const VirtualPoolTerms& t, const VirtualPools& p, double rate,
                           bool stable_in) {
  const double offer = stable_in ? terra_pool(t, p) : luna_pool(t, p);
  const double ask = stable_in ? luna_pool(t, p) : terra_pool(t, p);
  const double least = 1 - t.least_spread;
  if (rate > least) return 0;
  const double kink = std::max(0.0, ask / least - offer);
  return std::max(kink, std::sqrt(offer * (ask / rate)) - offer);
}

/// What a swap burns and mints. Amounts of stablecoin count as units of account x `stable_price`.
struct VirtualSwap {
  double spread = 0;
  double out = 0;    // to the trader, minted
  double fee = 0;    // minted, to the voters
  double value = 0;  // offered, unit of account
};

/// Burns `amount` of stablecoin for tokens. Prices in the unit of account, as the oracle votes.
inline VirtualSwap redeem_stable(const VirtualPoolTerms& t, VirtualPools& p, double amount,
                                 double stable_price, double token_price) {
  VirtualSwap s{.value = amount * stable_price};
  s.spread = swap_spread(t, p, s.value, true);
  const double gross = s.value / token_price;
  s.fee = gross * s.spread;
  s.out = gross - s.fee;
  p.delta += s.value;
  return s;
}

/// Burns `amount` of tokens for stablecoin.
inline VirtualSwap mint_stable(const VirtualPoolTerms& t, VirtualPools& p, double amount,
                               double stable_price, double token_price) {
  VirtualSwap s{.value = amount * token_price};
  s.spread = swap_spread(t, p, s.value, false);
  const double gross = s.value / stable_price;
  s.fee = gross * s.spread;
  s.out = gross - s.fee;
  p.delta -= s.out * stable_price;
  return s;
}

/// One stablecoin for another: the oracle's cross rate less the tax, the pools do not move.
inline double swap_stables(const VirtualPoolTerms& t, double amount, double price_in,
                           double price_out) {
  return amount * price_in / price_out * (1 - t.tobin_tax);
}

/// `blocks` (whole or not) pass.
inline void replenish(const VirtualPoolTerms& t, VirtualPools& p, double blocks) {
  if (p.delta == 0 || !(blocks > 0)) return;
  p.delta = t.period > 1 ? p.delta * math::exp(blocks * math::log1p(-1 / t.period)) : 0;
}

/// delta at which the next unit of stablecoin costs spread s: (B / (B + delta))^2 = 1 - s.
inline double delta_at_spread(const VirtualPoolTerms& t, double s) {
  return t.base * (1 / std::sqrt(1 - s) - 1);
}

/// Steady flow (unit of account per block) that holds the marginal spread at s: what replenishing
/// takes away.
inline double capacity_per_block(const VirtualPoolTerms& t, double s) {
  return delta_at_spread(t, s) / t.period;
}

/// Discount of the coin at which arbitrage stops: below this price redeeming pays.
inline double arbitrage_floor(const VirtualPoolTerms& t, const VirtualPools& p) {
  return 1 - std::max(t.least_spread, 1 - luna_pool(t, p) / terra_pool(t, p));
}

}  // namespace faultline
