// What a perpetual venue demands of a position by its size. Margin is piecewise linear in the
// notional N and continuous, because each tier deducts what its higher rate would charge below it:
//   MM(N) = N m_n - d_n,  d_n = d_(n-1) + floor_n (m_n - m_(n-1)),  IM(N) = N i_n
// [binance_margin_tiers, hyperliquid_docs]. Hyperliquid asks half of the initial margin at the
// tier's highest leverage for maintenance; dYdX a stated fraction of it. dYdX also raises initial
// margin, never maintenance, with open interest [dydx_v4_code]:
//   IMF(OI) = base + (1 - base) clamp((OI - lower) / (upper - lower), 0, 1)
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/fields.hpp"
#include "core/values.hpp"

namespace faultline {

/// Terms of one contract from a notional upwards. Rates are shares of the notional.
struct MarginTier {
  double floor = 0;        // USD of notional from which the tier holds, inclusive
  double maintenance = 0;  // m: below equity of this share the position is liquidated
  double initial = 0;      // i: equity needed to open, 1 / highest leverage
  double deduction = 0;    // d: USD taken off, keeps maintenance margin continuous
};

/// Number of the tier a notional falls in. `tiers` ascend from floor 0; notional in USD, >= 0.
inline std::size_t tier_of(std::span<const MarginTier> tiers, double notional) {
  std::size_t n = tiers.size() - 1;
  while (n > 0 && notional < tiers[n].floor) --n;
  return n;
}

/// USD of equity below which a position of this notional (USD, >= 0) is liquidated.
inline double maintenance_margin(std::span<const MarginTier> tiers, double notional) {
  const MarginTier& t = tiers[tier_of(tiers, notional)];
  return notional * t.maintenance - t.deduction;
}

/// USD of equity needed to open a position of this notional (USD, >= 0).
inline double initial_margin(std::span<const MarginTier> tiers, double notional) {
  return notional * tiers[tier_of(tiers, notional)].initial;
}

/// Open interest over which initial margin rises to 100%; upper = 0: it never does.
struct OpenInterestScale {
  double lower = 0;  // USD
  double upper = 0;  // USD
};

/// Initial margin rate at an open interest in USD. Not for maintenance: rising open interest stops
/// people from opening, it liquidates nobody.
inline double scaled_initial(double base, OpenInterestScale scale, double open_interest) {
  if (scale.upper == 0 || open_interest <= scale.lower) return base;
  if (open_interest >= scale.upper) return 1;
  return base + (1 - base) * ((open_interest - scale.lower) / (scale.upper - scale.lower));
}

/// Highest absolute funding rate over eight hours: clamp x (initial - maintenance), rates of the
/// lowest tier [dydx_v4_code].
inline double funding_clamp(double clamp, double initial, double maintenance) {
  return clamp * (initial - maintenance);
}

/// One tier as YAML says it.
struct MarginTierSpec {
  Amount above{0, "$"};
  Ratio max_leverage{20};
  std::optional<Ratio> maintenance{};

  template <class V>
  void fields(V& v) {
    v("above", above, Field{.help = "notional from which the tier holds", .lo = 0});
    v("max_leverage", max_leverage,
      Field{.help = "highest leverage, as 40x; initial margin is its inverse",
            .lo = 1,
            .hi = 1000,
            .required = true});
    v("maintenance", maintenance,
      Field{.help = "maintenance margin; left out, `maintenance_fraction` of the initial margin",
            .lo = 0,
            .hi = 1,
            .source = "Binance leverage and margin brackets (binance_margin_tiers)"});
  }
};

/// A contract's margin as YAML says it.
struct MarginTiersSpec {
  std::vector<MarginTierSpec> tiers{MarginTierSpec{}};
  Ratio maintenance_fraction{0.5};
  std::optional<Amount> open_interest_from, open_interest_to;

  template <class V>
  void fields(V& v) {
    constexpr auto dydx = "dYdX v4 liquidity tiers (dydx_v4_code)";
    v("tiers", tiers, Field{.help = "margin by notional, the first from $0 upwards"});
    v("maintenance_fraction", maintenance_fraction,
      Field{.help = "maintenance margin as a share of the initial margin at the highest leverage",
            .lo = 0,
            .hi = 1,
            .source = "Hyperliquid, Margining: half (hyperliquid_docs)"});
    v("open_interest_from", open_interest_from,
      Field{.help = "open interest above which initial margin rises towards 100%; never if absent",
            .lo = 0,
            .source = dydx});
    v("open_interest_to", open_interest_to,
      Field{.help = "open interest at which initial margin is 100%", .lo = 0, .source = dydx});
  }
};

/// The scale a checked spec describes; amounts in USD.
inline OpenInterestScale compile_open_interest(const MarginTiersSpec& spec) {
  if (!spec.open_interest_to) return {};
  return {spec.open_interest_from ? spec.open_interest_from->value : 0,
          spec.open_interest_to->value};
}

/// The tiers a checked spec describes, deductions included; floors in USD.
inline std::vector<MarginTier> compile_tiers(const MarginTiersSpec& spec) {
  std::vector<MarginTier> tiers;
  for (const MarginTierSpec& s : spec.tiers) {
    MarginTier t{.floor = s.above.value, .initial = 1 / s.max_leverage.value};
    t.maintenance =
        s.maintenance ? s.maintenance->value : t.initial * spec.maintenance_fraction.value;
    if (!tiers.empty()) {
      const MarginTier& below = tiers.back();
      t.deduction = below.deduction + t.floor * (t.maintenance - below.maintenance);
    }
    tiers.push_back(t);
  }
  return tiers;
}

/// What is wrong with tiers, as the remedy; empty if they can be used.
inline std::string_view tiers_problem(const MarginTiersSpec& spec) {
  const std::vector<MarginTier> tiers = compile_tiers(spec);
  if (tiers.empty() || tiers[0].floor != 0) return "let the first tier begin at $0";
  for (std::size_t n = 0; n < tiers.size(); ++n) {
    if (tiers[n].maintenance > tiers[n].initial) {
      return "keep maintenance margin at or below initial margin, 1 / max_leverage";
    }
    if (n == 0) continue;
    if (!(tiers[n].floor > tiers[n - 1].floor)) return "list the tiers by rising `above`";
    if (tiers[n].maintenance < tiers[n - 1].maintenance ||
        tiers[n].initial < tiers[n - 1].initial) {
      return "let margin rise, and leverage fall, from tier to tier";
    }
  }
  const OpenInterestScale scale = compile_open_interest(spec);
  if (spec.open_interest_from && !spec.open_interest_to) return "add open_interest_to";
  if (spec.open_interest_to && !(scale.upper > scale.lower)) {
    return "write an open_interest_to above open_interest_from";
  }
  return {};
}

}  // namespace faultline
