// A venue whose counterparty is a pool of two tokens (GMX v2): what users write of it. Traders hold
// contracts on an index, isolated, and post either token; the pool (an `oracle_pool` venue) wins
// what they lose and pays what they win, so its providers bear the loss. The rules: pool_perp.hpp.
//
// A position is a row of the position book, as everywhere (charter, section 5). With the size S
// (USD at entry, a unit called `face`), the index M and the sum i of funding and borrowing due per
// dollar of size since the start:
//   a long of q   is collateral q M and debt S (1 + i) (1 + required)
//   a short of q  is debt q M and collateral S (1 - i) (1 - required)
//   required      min_collateral + the fee of closing + liquidation_impact
// so that collateral - debt = what is left - what must be left: in breach where below zero.
#pragma once

#include <optional>
#include <string_view>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "protocols/margin/funding.hpp"
#include "protocols/margin/pool_perp.hpp"
#include "protocols/margin/rates.hpp"

namespace faultline {

/// The pool's terms as YAML says them. Defaults: GMX v2, ETH/USD on Arbitrum.
struct PoolTermsSpec {
  Ratio impact_positive{0.0003};
  Ratio impact_negative{0.0009};
  Amount impact_at{10e6, "$"};
  Amount impact_least{1, "$"};
  double impact_exponent = 2;
  Ratio impact_most_positive{0.004};
  Ratio impact_most_negative{0.005};
  Ratio liquidation_impact{0};
  Ratio fee_improves{0.0004};
  Ratio fee_worsens{0.0006};
  Ratio liquidation_fee{0.002};
  Ratio min_collateral{0.005};
  Amount least_collateral{1, "$"};
  Ratio profit_cap{0.9};
  Ratio adl_above{0.85};
  Ratio adl_until{0.77};
  Ratio withdraw_below{0.7};
  Ratio reserve{2.75};
  Ratio optimal_usage{0.75};
  PerYear borrow_base{0.45};
  PerYear borrow_above{1.0};

  template <class V>
  void fields(V& v);
};

template <class V>
void PoolTermsSpec::fields(V& v) {
  constexpr auto gmx = "GMX v2 config/markets.ts, ETH/USD (gmx_v2_code)";
  const auto share = [&](std::string_view name, Ratio& value, std::string_view help, double hi) {
    v(name, value, Field{.help = help, .lo = 0, .hi = hi, .source = gmx});
  };
  share("impact_positive", impact_positive, "impact gained at an imbalance of `impact_at`", 1);
  share("impact_negative", impact_negative, "impact paid at an imbalance of `impact_at`", 1);
  v("impact_at", impact_at,
    Field{.help = "imbalance the impacts are stated for", .lo = 1, .source = gmx});
  v("impact_least", impact_least,
    Field{.help = "imbalance below which there is no impact", .lo = 0, .source = gmx});
  v("impact_exponent", impact_exponent,
    Field{.help = "of the imbalance", .lo = 1, .hi = 4, .source = gmx});
  share("impact_most_positive", impact_most_positive, "highest impact gained, of the trade", 1);
  share("impact_most_negative", impact_most_negative, "highest impact paid, of the trade", 1);
  share("liquidation_impact", liquidation_impact, "impact counted in the breach test", 1);
  share("fee_improves", fee_improves, "fee of trades that improve the balance", 0.1);
  share("fee_worsens", fee_worsens, "fee of trades that worsen it", 0.1);
  share("liquidation_fee", liquidation_fee, "fee of a liquidation, of the size", 0.1);
  share("min_collateral", min_collateral, "collateral a position must keep, of its size", 1);
  v("least_collateral", least_collateral,
    Field{.help = "and at least this much", .lo = 0, .source = gmx});
  share("profit_cap", profit_cap, "what traders can win, of the pool's side", 1);
  share("adl_above", adl_above, "profit over pool at which profitable positions are closed", 1);
  share("adl_until", adl_until, "and down to which", 0.99);
  share("withdraw_below", withdraw_below, "profit over pool above which nobody withdraws", 1);
  share("reserve", reserve, "open interest that may be backed, times the pool's side", 100);
  share("optimal_usage", optimal_usage, "use of that at which borrowing turns dear", 0.99);
  v("borrow_base", borrow_base,
    Field{.help = "borrowing rate's slope in use below the optimum", .lo = 0, .source = gmx});
  v("borrow_above", borrow_above,
    Field{.help = "borrowing rate at full use", .lo = 0, .source = gmx});
}

/// The terms a checked spec describes; amounts in USD. A positive impact never exceeds the
/// negative.
inline PoolPerpTerms compile_pool_perp(const PoolTermsSpec& s) {
  PoolPerpTerms t;
  t.impact = {.positive = std::min(s.impact_positive.value, s.impact_negative.value),
              .negative = s.impact_negative.value,
              .exponent = s.impact_exponent,
              .at = s.impact_at.value,
              .least = s.impact_least.value,
              .most_positive = s.impact_most_positive.value,
              .most_negative = s.impact_most_negative.value};
  t.liquidation_impact = s.liquidation_impact.value;
  t.fee_improves = s.fee_improves.value;
  t.fee_worsens = s.fee_worsens.value;
  t.liquidation_fee = s.liquidation_fee.value;
  t.min_collateral = s.min_collateral.value;
  t.least_collateral_usd = s.least_collateral.value;
  t.profit_cap = s.profit_cap.value;
  t.adl_above = s.adl_above.value;
  t.adl_until = s.adl_until.value;
  t.withdraw_below = s.withdraw_below.value;
  t.reserve = s.reserve.value;
  t.optimal_usage = s.optimal_usage.value;
  t.borrow_base = s.borrow_base.value / year_s;
  t.borrow_above = s.borrow_above.value / year_s;
  return t;
}

struct PoolPerps {
  static constexpr std::string_view name = "pool_perpetuals";

  struct Spec : PoolTermsSpec {
    Name pool;
    std::optional<Name> follows, oracle;
    Amount open_long{0, "$"}, open_short{0, "$"};
    FundingSpec funding;

    template <class V>
    void fields(V& v) {
      v("pool", pool,
        Field{.help = "the oracle_pool that pays the traders: its base what longs win, its quote "
                      "what shorts win",
              .required = true,
              .refers = Refers::venue});
      v("follows", follows,
        Field{.help = "asset of the index, if not the pool's base", .refers = Refers::asset});
      v("oracle", oracle,
        Field{.help = "feed of the index, if not the asset's own", .refers = Refers::oracle});
      v("open_long", open_long, Field{.help = "longs open at the start, at the index", .lo = 0});
      v("open_short", open_short, Field{.help = "shorts open at the start, at the index", .lo = 0});
      v("funding", funding,
        Field{.help = "what the heavier side pays the other: adaptive or none"});
      PoolTermsSpec::fields(v);
    }
  };
};

/// What a position must have left beyond its losses, as a share of its size, on the safe side: with
/// the dearer fee and all impact that counts.
inline double pool_requirement(const PoolPerpTerms& t) {
  return t.min_collateral + t.fee_worsens + t.liquidation_impact;
}

}  // namespace faultline
