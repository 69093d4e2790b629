// What a lending market demands of a borrower and pays a liquidator: weights, bonus, who shares it,
// and how much one liquidation may repay. Read by margin (weights) and by liquidation (the rest).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "core/fields.hpp"
#include "core/values.hpp"

namespace faultline {

/// What the close factor is a share of.
enum class CloseBase : std::uint8_t {
  reserve,  // the debt in the reserve being repaid: Aave v2 to v3.2, Compound v2
  total,    // the account's whole debt value: Aave v3.3 and later
};

/// When an account may be liquidated.
enum class Trigger : std::uint8_t {
  below,        // health < 1: Aave, Compound, Morpho
  at_or_below,  // health <= 1: Euler v2
};

/// One reserve's terms. Shares of one; USD amounts scale with quantities.
struct LendingTerms {
  double ltv = 0;           // weight of collateral when opening or borrowing more
  double lt = 0;            // weight of collateral in health
  double bonus = 0;         // seized value = repaid value x (1 + bonus), at most
  double protocol_fee = 0;  // protocol's share of the bonus part of what is seized (Aave v3)
  double seize_share = 0;   // protocol's share of all that is seized (Compound v2)
  double close_factor = 1;  // share of `close_base` one call may repay
  double full_below_hf =
      0;                 // health at or below which all the reserve's debt may be repaid; 0 = off
  double small_usd = 0;  // debt or collateral below this: all may be repaid; 0 = off
  double min_leftover_usd =
      0;  // a call may not leave less on either side unless one is empty; 0 = off
  double target_health = 0;      // a call repays no more than brings health back to it; 0 = off
  double full_bonus_below = 0;   // the bonus grows from health 1 down to here; 0 = it is fixed
  double least_bonus_share = 1;  // of the bonus, paid at health 1
  bool discount_grows = false;   // bonus = 1 / health - 1, at most `bonus`
  CloseBase close_base = CloseBase::reserve;
  Trigger trigger = Trigger::below;
};

/// The bonus an account of this health pays: fixed; growing as health falls, Aave v4
/// [aave_v4_code]; or what a discount of 1 - health makes, Euler v2 [euler_v2_code].
inline double bonus_at(const LendingTerms& t, double health) {
  if (t.discount_grows) return std::clamp(1 / health - 1, 0.0, t.bonus);
  if (!(t.full_bonus_below > 0) || health <= t.full_bonus_below) return t.bonus;
  const double least = t.bonus * t.least_bonus_share;
  return least + (t.bonus - least) * std::max(0.0, 1 - health) / (1 - t.full_bonus_below);
}

/// Liquidation incentive from the liquidation LTV, LIF = min(1.15, 1 / (1 - 0.3 (1 - LLTV))).
/// [morpho_blue_code] lltv in [0, 1]; gives 1 + bonus.
inline double incentive_from_lltv(double lltv) {
  return std::min(1.15, 1 / (1 - 0.3 * (1 - lltv)));
}

/// Terms as YAML says them. `lltv` stands for ltv and lt at once and, unless they are stated,
/// brings Morpho's bonus and a close factor of 100%.
struct LendingTermsSpec {
  std::optional<Ratio> lltv;
  Ratio ltv{0.75};
  Ratio lt{0.8};
  std::optional<Ratio> bonus;
  Ratio protocol_fee{0.0};
  Ratio seize_share{0.0};
  std::optional<Ratio> close_factor;
  std::string close_base = "reserve";
  std::optional<Ratio> full_below_hf;
  std::optional<Amount> small;
  std::optional<Amount> min_leftover;
  std::optional<Ratio> target_health, full_bonus_below, max_discount;
  Ratio least_bonus_share{0.5};
  std::string trigger = "below";

  template <class V>
  void fields(V& v) {
    constexpr auto morpho = "Morpho Blue ConstantsLib (morpho_blue_code)";
    constexpr auto aave = "Aave v3 LiquidationLogic (aave_v3_code)";
    constexpr auto compound = "Compound v2 CToken (compound_v2_code)";
    v("lltv", lltv,
      Field{.help = "opening and liquidation LTV in one, with the bonus that follows from it",
            .lo = 0,
            .hi = 1,
            .source = morpho});
    v("ltv", ltv,
      Field{.help = "share of the collateral's value that may be borrowed",
            .lo = 0,
            .hi = 1,
            .source = aave});
    v("lt", lt,
      Field{.help = "share of the collateral's value that counts in health",
            .lo = 0,
            .hi = 1,
            .source = aave});
    v("bonus", bonus,
      Field{.help = "value seized above value repaid; 5% unless lltv sets it",
            .lo = 0,
            .hi = 1,
            .source = aave});
    v("protocol_fee", protocol_fee,
      Field{.help = "protocol's share of the bonus", .lo = 0, .hi = 1, .source = aave});
    v("seize_share", seize_share,
      Field{.help = "protocol's share of everything seized", .lo = 0, .hi = 1, .source = compound});
    v("close_factor", close_factor,
      Field{.help = "share of the debt one call may repay; 50%, or 100% with lltv",
            .lo = 0,
            .hi = 1,
            .source = aave});
    v("close_base", close_base,
      Field{.help = "what the close factor is a share of: this reserve's debt or all debt",
            .source = aave,
            .choices = "reserve total"});
    v("full_below_hf", full_below_hf,
      Field{.help = "health at or below which one call may repay everything; off if absent",
            .lo = 0,
            .hi = 1,
            .source = aave});
    v("small", small,
      Field{.help = "a debt or collateral worth less may be closed in one call; off if absent",
            .lo = 0,
            .source = aave});
    v("min_leftover", min_leftover,
      Field{
          .help = "least value a call may leave on either side, unless one is empty; off if absent",
          .lo = 0,
          .source = aave});
    fields_by_health(v);
    v("trigger", trigger,
      Field{.help = "liquidatable when health is below 1, or at 1 too",
            .source = aave,
            .choices = "below at_or_below"});
  }

 private:
  template <class V>
  void fields_by_health(V& v) {
    constexpr auto aave_v4 = "Aave v4 LiquidationLogic (aave_v4_code)";
    v("target_health", target_health,
      Field{.help = "a call repays no more than brings health back to this, instead of a close "
                    "factor; off if absent",
            .lo = 1,
            .hi = 10,
            .source = aave_v4});
    v("full_bonus_below", full_bonus_below,
      Field{.help = "health at or below which the whole bonus is paid, growing from "
                    "`least_bonus_share` of it at 1; off if absent",
            .lo = 0.01,
            .hi = 0.99,
            .source = aave_v4});
    v("least_bonus_share", least_bonus_share,
      Field{.help = "share of the bonus paid at a health of 1, with `full_bonus_below`",
            .lo = 0,
            .hi = 1,
            .source = aave_v4});
    v("max_discount", max_discount,
      Field{.help = "collateral is sold at a discount of 1 - health, at most this; replaces the "
                    "bonus",
            .lo = 0,
            .hi = 0.5,
            .source = "Euler v2 Liquidation (euler_v2_code)"});
  }
};

/// The terms a checked spec describes; `small` and `min_leftover` are in dollars.
inline LendingTerms compile_terms(const LendingTermsSpec& s) {
  LendingTerms t;
  t.ltv = s.lltv ? s.lltv->value : s.ltv.value;
  t.lt = s.lltv ? s.lltv->value : s.lt.value;
  t.bonus = s.bonus ? s.bonus->value : s.lltv ? incentive_from_lltv(s.lltv->value) - 1 : 0.05;
  t.protocol_fee = s.protocol_fee.value;
  t.seize_share = s.seize_share.value;
  t.close_factor = s.close_factor ? s.close_factor->value : s.lltv ? 1.0 : 0.5;
  t.full_below_hf = s.full_below_hf ? s.full_below_hf->value : 0;
  t.small_usd = s.small ? s.small->value : 0;
  t.min_leftover_usd = s.min_leftover ? s.min_leftover->value : 0;
  t.target_health = s.target_health ? s.target_health->value : 0;
  t.full_bonus_below = s.full_bonus_below ? s.full_bonus_below->value : 0;
  t.least_bonus_share = s.least_bonus_share.value;
  t.discount_grows = s.max_discount.has_value();
  if (s.max_discount) t.bonus = 1 / (1 - s.max_discount->value) - 1;
  t.close_base = s.close_base == "total" ? CloseBase::total : CloseBase::reserve;
  t.trigger = s.trigger == "at_or_below" ? Trigger::at_or_below : Trigger::below;
  return t;
}

/// Whether an account of this health may be liquidated. NaN (no debt, no price): never.
inline bool liquidatable(double health, const LendingTerms& t) {
  return t.trigger == Trigger::below ? health < 1 : health <= 1;
}

/// Share of what is seized that reaches the liquidator, 1 - f b / (1 + b) - s.
inline double liquidator_share(const LendingTerms& t) {
  return 1 - t.protocol_fee * t.bonus / (1 + t.bonus) - t.seize_share;
}

}  // namespace faultline
