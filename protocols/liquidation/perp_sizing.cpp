#include "protocols/liquidation/perp_sizing.hpp"

#include <algorithm>
#include <cmath>

#include "protocols/margin/perp_account.hpp"

namespace faultline {

namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr double fee_grace_s = 600;        // Drift: 1,500 slots of 0.4 s
constexpr double fee_rise_per_s = 2.5e-6;  // Drift: 0.01 bp a slot

/// USD of a position worth `notional` that `blocks` orders close, each max(least, share of what is
/// left), together not more than `most` a block.
double closed_in_blocks(const PerpLiquidationTerms& t, double notional, double blocks) {
  double left = notional;
  for (; blocks > 0 && left > 0; --blocks) {
    left -= std::min({left, std::max(t.block_least_usd, t.block_share * left), t.block_most_usd});
  }
  return notional - left;
}

double closed_to_buffer(const PerpLiquidationTerms& t, const PerpInBreach& r, double notional) {
  const double shortage = r.total_maintenance + t.buffer * r.total_notional - r.equity;
  if (shortage <= 0) return 0;
  const double ratio = r.margin_ratio + t.buffer;
  const double fee = liquidator_fee_now(t, r.since_breach_s);
  const double to_fund = fund_fee_now(t, ratio, fee, shortage, notional);
  if (notional < t.small_usd) return notional;
  return std::min(notional, notional_to_cover(shortage, ratio, fee, to_fund) *
                                ramped_share(t, shortage, r.freed_usd, r.since_breach_s));
}

/// USD of the position to close now.
double closed_now(const PerpLiquidationTerms& t, const PerpInBreach& r, double notional) {
  switch (t.sizing) {
    case PerpSizing::full:
      return notional;
    case PerpSizing::slice:
      return notional > t.slice_above_usd && r.since_order_s >= t.cooldown_s ? t.slice * notional
                                                                             : notional;
    case PerpSizing::capped:
      if (r.since_order_s < t.block_s) return 0;
      return closed_in_blocks(t, notional, std::max(1.0, std::floor(r.round_s / t.block_s)));
    case PerpSizing::to_buffer:
      return closed_to_buffer(t, r, notional);
  }
  return 0;
}

double limit_of(const PerpLiquidationTerms& t, const PerpInBreach& r) {
  switch (t.limit) {
    case PerpLimit::none:
      return r.size > 0 ? 0 : infinite;
    case PerpLimit::bankruptcy:
      return r.bankruptcy;
    case PerpLimit::fillable:
      return fillable_price(r.equity, r.size, r.mark, r.own_maintenance, r.total_maintenance,
                            t.adjustment, t.spread);
    case PerpLimit::mark_fee:
      return r.mark * (1 - std::copysign(liquidator_fee_now(t, r.since_breach_s), r.size));
  }
  return r.bankruptcy;
}

}  // namespace

double notional_to_cover(double shortage, double ratio, double liquidator_fee, double fund_fee) {
  const double freed = ratio - liquidator_fee - fund_fee;
  return freed > 0 ? shortage / freed : infinite;
}

double liability_to_cover(double shortage, double price, double liability_weight,
                          double liability_multiplier, double asset_weight, double asset_multiplier,
                          double fund_fee) {
  const double freed = liability_weight - asset_weight * asset_multiplier / liability_multiplier -
                       fund_fee * liability_weight;
  return freed > 0 ? shortage / (price * freed) : infinite;
}

double ramped_share(const PerpLiquidationTerms& t, double shortage, double freed_usd,
                    double since_breach_s) {
  if (shortage < t.small_usd || t.ramp_s == 0) return 1;
  const double open = std::min(1.0, since_breach_s / t.ramp_s + t.ramp_start);
  return std::max(0.0, (shortage + freed_usd) * open - freed_usd) / shortage;
}

double fund_fee_now(const PerpLiquidationTerms& t, double ratio, double liquidator_fee,
                    double shortage, double notional) {
  if (!(notional > 0)) return 0;
  const double left = std::max(0.0, ratio - liquidator_fee - shortage / notional);
  return std::min(t.fund_fee, 0.95 * left);
}

double liquidator_fee_now(const PerpLiquidationTerms& t, double since_breach_s) {
  if (since_breach_s < fee_grace_s) return t.liquidator_fee;
  return std::max(t.liquidator_fee, std::min(t.liquidator_fee + fee_rise_per_s * since_breach_s,
                                             t.liquidator_fee_most));
}

double fund_delta(const PerpLiquidationTerms& t, double quote, double bankruptcy_quote) {
  const double surplus = quote - bankruptcy_quote;
  return surplus <= 0 ? surplus : std::min(surplus, t.fund_fee * std::fabs(quote));
}

PerpPlan plan_perp_liquidation(const PerpLiquidationTerms& t, const PerpInBreach& r) {
  PerpPlan plan;
  if (r.equity < 0 && t.sizing != PerpSizing::to_buffer) {
    plan.action = PerpAction::deleverage;
    plan.change = -r.size;
    plan.limit = r.bankruptcy;
    return plan;
  }
  if (t.takeover_below > 0 && r.equity < t.takeover_below * r.total_maintenance) {
    plan.action = PerpAction::takeover;
    plan.change = -r.size;
    plan.limit = r.mark;
    return plan;
  }
  const double held = std::fabs(r.size), notional = held * r.mark;
  const double closed = closed_now(t, r, notional);
  if (!(closed > 0)) return plan;
  const double units = closed >= notional ? held : r.quantum.down(held * (closed / notional));
  plan.action = PerpAction::order;
  plan.change = std::copysign(std::min(held, std::max(units, r.quantum.step)), -r.size);
  plan.limit = limit_of(t, r);
  return plan;
}

PerpLiquidationTerms compile_perp_liquidation(const PerpLiquidationSpec& s) {
  PerpLiquidationTerms t;
  t.sizing = s.sizing == "slice"       ? PerpSizing::slice
             : s.sizing == "capped"    ? PerpSizing::capped
             : s.sizing == "to_buffer" ? PerpSizing::to_buffer
                                       : PerpSizing::full;
  t.limit = s.limit == "none"       ? PerpLimit::none
            : s.limit == "fillable" ? PerpLimit::fillable
            : s.limit == "mark_fee" ? PerpLimit::mark_fee
                                    : PerpLimit::bankruptcy;
  t.leftover_to_fund = s.leftover == "fund";
  t.takeover_below = s.takeover_below ? s.takeover_below->value : 0;
  t.slice = s.slice.value;
  t.slice_above_usd = s.slice_above.value;
  t.cooldown_s = s.cooldown.value;
  t.block_s = s.block.value;
  t.block_share = s.block_share.value;
  t.block_least_usd = s.block_least.value;
  t.block_most_usd = s.block_most.value;
  t.buffer = t.sizing == PerpSizing::to_buffer ? s.buffer.value : 0;
  t.ramp_start = s.ramp_start.value;
  t.ramp_s = s.ramp.value;
  t.small_usd = s.small.value;
  t.adjustment = s.adjustment;
  t.spread = s.spread;
  t.fund_fee = s.fund_fee.value;
  t.liquidator_fee = s.liquidator_fee.value;
  t.liquidator_fee_most = s.liquidator_fee_most ? s.liquidator_fee_most->value : 0;
  return t;
}

}  // namespace faultline
