#include "protocols/liquidation/sizing.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "protocols/liquidation/target_health.hpp"

namespace faultline {

namespace {

bool priced(double price) {
  return price > 0 && std::isfinite(price);
}

// seize = repay q (1 + b) / p, capped at the balance; then repay = balance p / (q (1 + b)).
// Aave LiquidationLogic._calculateAvailableCollateralToLiquidate [aave_v3_code]; Compound v2
// liquidateCalculateSeizeTokens [compound_v2_code], which rejects a seizure above the balance where
// Aave scales it down: an informed liquidator sends the scaled amount; Morpho Blue liquidate
// [morpho_blue_code].
void exchange(const LiquidationRow& row, const LendingTerms& t, double repay,
              LiquidationPlan& plan) {
  const double seize =
      row.collateral_quantum.down(repay * row.debt_price * (1 + t.bonus) / row.collateral_price);
  if (seize <= row.collateral) {
    plan.repay = repay;
    plan.seize = seize;
  } else {
    const double worth = row.collateral * row.collateral_price / (row.debt_price * (1 + t.bonus));
    plan.repay = std::min(repay, row.debt_quantum.up(worth));
    plan.seize = row.collateral;
  }
}

// Aave v3: f (seized - seized / (1 + b)); Compound v2: s x seized (2.8% on mainnet).
void split(const LiquidationRow& row, const LendingTerms& t, LiquidationPlan& plan) {
  const double fee = t.protocol_fee * (plan.seize - plan.seize / (1 + t.bonus));
  plan.to_protocol = row.collateral_quantum.down(fee + t.seize_share * plan.seize);
  plan.to_liquidator = plan.seize - plan.to_protocol;
}

// Rejected iff debt and collateral both remain in these two reserves and either is worth less than
// the minimum: Aave v3.3 MustNotLeaveDust [aave_v3_code, aave_v3_3_features].
bool leaves_dust(const LiquidationRow& row, const LendingTerms& t, const LiquidationPlan& plan) {
  const double debt = row.debt - plan.repay;
  const double collateral = row.collateral - plan.seize;
  if (!(debt > 0) || !(collateral > 0)) return false;
  return debt * row.debt_price < t.min_leftover_usd ||
         collateral * row.collateral_price < t.min_leftover_usd;
}

// Neither side can be emptied within the close rule, so both must keep the minimum:
// repay <= D - m/q  and  repay q (1 + b) <= C p - m. One quantum less where rounding broke the
// rule.
double largest_without_dust(const LiquidationRow& row, const LendingTerms& t, double cap) {
  const double by_debt = row.debt - t.min_leftover_usd / row.debt_price;
  const double by_collateral = (row.collateral - t.min_leftover_usd / row.collateral_price) *
                               row.collateral_price / (row.debt_price * (1 + t.bonus));
  double repay = row.debt_quantum.down(std::min({cap, by_debt, by_collateral}));
  for (int i = 0; i < 2 && repay > 0; ++i) {
    LiquidationPlan trial;
    exchange(row, t, repay, trial);
    if (!leaves_dust(row, t, trial)) break;
    repay -= row.debt_quantum.step;
  }
  return std::max(repay, 0.0);
}

}  // namespace

// all of the reserve's debt D if HF <= full_below or D q or C p below `small`;
// else min(D, cf D) or, on total debt T, min(D, cf T / q).   Aave v3.3 LiquidationLogic
// [aave_v3_code, aave_v3_3_features]; base `reserve` is Aave before v3.3 and Compound v2.
double max_repay(const LiquidationRow& row, const LendingTerms& t) {
  const bool small = row.debt * row.debt_price < t.small_usd ||
                     row.collateral * row.collateral_price < t.small_usd;
  const bool deep = t.full_below_hf > 0 && row.health <= t.full_below_hf;
  if (small || deep || t.close_factor >= 1) return row.debt;
  const double allowed = t.close_base == CloseBase::reserve
                             ? t.close_factor * row.debt
                             : t.close_factor * row.total_debt_usd / row.debt_price;
  return allowed >= row.debt ? row.debt : row.debt_quantum.down(allowed);
}

namespace {

/// A call sized by the health it leaves, in whole quanta.
LiquidationPlan plan_by_health(const LiquidationRow& row, const LendingTerms& t, double request) {
  const TargetHealthTerms terms{.collateral_factor = t.lt,
                                .most_bonus = t.bonus,
                                .fee = t.protocol_fee,
                                .target = t.target_health,
                                .full_bonus_below = t.full_bonus_below,
                                .least_bonus_share = t.least_bonus_share,
                                .dust_usd = t.min_leftover_usd};
  const TargetPlan sized = plan_to_target(terms, row, request);
  LiquidationPlan plan;
  plan.refusal = sized.refusal;
  plan.repay = plan.max_repay = std::min(row.debt, row.debt_quantum.up(sized.repay));
  plan.seize = sized.empties_collateral ? row.collateral : row.collateral_quantum.down(sized.seize);
  const double fee = sized.to_protocol + t.seize_share * plan.seize;
  plan.to_protocol = std::min(plan.seize, row.collateral_quantum.down(fee));
  plan.to_liquidator = plan.seize - plan.to_protocol;
  const bool nothing = !(plan.repay > 0) || !(plan.seize > 0);
  if (nothing && plan.refusal == Refusal::none) plan.refusal = Refusal::nothing;
  return plan;
}

}  // namespace

LiquidationPlan plan_liquidation(const LiquidationRow& row, const LendingTerms& terms,
                                 const std::optional<double>& request) {
  LiquidationPlan plan;
  if (!priced(row.debt_price) || !priced(row.collateral_price)) {
    plan.refusal = Refusal::no_price;
    return plan;
  }
  if (terms.target_health > 0) {
    const bool asked = request && !std::isnan(*request);
    return plan_by_health(row, terms, asked ? *request : std::numeric_limits<double>::infinity());
  }
  LendingTerms t = terms;
  t.bonus = bonus_at(terms, row.health);
  plan.max_repay = max_repay(row, t);
  if (!(plan.max_repay > 0) || !(row.collateral > 0)) {
    plan.refusal = Refusal::nothing;
    return plan;
  }
  LiquidationPlan raw = plan;
  exchange(row, t, plan.max_repay, raw);
  plan.max_reverts = leaves_dust(row, t, raw);

  double repay = plan.max_repay;
  if (request && !std::isnan(*request)) {
    if (*request < repay) repay = row.debt_quantum.down(*request);
  } else if (plan.max_reverts) {
    repay = largest_without_dust(row, t, repay);
    if (!(repay > 0)) {
      plan.refusal = Refusal::dust;
      return plan;
    }
  }
  if (repay == plan.max_repay) {
    plan.repay = raw.repay;
    plan.seize = raw.seize;
  } else {
    exchange(row, t, repay, plan);
  }
  split(row, t, plan);
  if (!(plan.repay > 0) || !(plan.seize > 0)) {
    plan.refusal = Refusal::nothing;
  } else if (leaves_dust(row, t, plan)) {
    plan.refusal = Refusal::dust;
  }
  return plan;
}

}  // namespace faultline
