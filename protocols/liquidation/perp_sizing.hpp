// How much of a failing perpetual position is closed now, at what worst price, and who takes what
// the book does not. Four ways are settings of one struct:
//   full       everything in one order (Binance: an IOC at the bankruptcy price, rest to the fund)
//   slice      a share of a large position, then everything while the cooldown runs (Hyperliquid)
//   capped     at most max(least, share of the position) a block, and so much an account (dYdX v4)
//   to_buffer  what lifts equity to maintenance plus a buffer, ramping up over time (Drift)
// [binance_liquidation, hyperliquid_docs, dydx_v4_code, drift_v2_code]
// Pure arithmetic over one position of one account; which position, and where it trades, belong to
// the engine.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "core/fields.hpp"
#include "core/quantity.hpp"
#include "core/values.hpp"

namespace faultline {

enum class PerpSizing : std::uint8_t { full, slice, capped, to_buffer };

/// The worst price an order takes.
enum class PerpLimit : std::uint8_t {
  none,        // a market order: Hyperliquid
  bankruptcy,  // where the account is left with nothing: Binance
  fillable,    // ever farther from the mark as equity runs out: dYdX v4
  mark_fee,    // the mark less the liquidator's fee: Drift, whose liquidators take positions over
};

/// Rules ready to run. USD amounts scale with quantities.
struct PerpLiquidationTerms {
  PerpSizing sizing = PerpSizing::full;
  PerpLimit limit = PerpLimit::bankruptcy;
  bool leftover_to_fund = false;  // the fund takes what an order leaves, at the bankruptcy price
  double takeover_below = 0;      // the backstop takes the account at equity < this x MM; 0: never
  double slice = 1;               // share of a position above `slice_above_usd`
  double slice_above_usd = 0;
  double cooldown_s = 0;
  double block_s = 1;          // capped: one order an account in each
  double block_share = 1;      // of the position, or
  double block_least_usd = 0;  // this, whichever is more
  double block_most_usd = std::numeric_limits<double>::infinity();  // of one account
  double buffer = 0;          // to_buffer: above maintenance, share of notional
  double ramp_start = 1;      // share of the shortage that may be covered at once
  double ramp_s = 0;          // until all of it may
  double small_usd = 0;       // a shortage or position below: all at once
  double adjustment = 1;      // fillable: how fast the rating moves
  double spread = 1.5;        // fillable: most distance from the mark, x maintenance margin
  double fund_fee = 0;        // share of a fill to the insurance fund, out of what is left
  double liquidator_fee = 0;  // share of a fill to whoever takes the position
  double liquidator_fee_most = 0;
};

/// A position of an account in breach.
struct PerpInBreach {
  double size = 0;               // base units, > 0 long; whole quanta
  double mark = 0;               // USD per unit
  double bankruptcy = 0;         // USD per unit (bankruptcy_price)
  double equity = 0;             // of the account, USD
  double own_maintenance = 0;    // of the position, USD
  double total_maintenance = 0;  // of the account, USD
  double total_notional = 0;     // of the account, USD
  double margin_ratio = 0;       // maintenance rate of the position's tier
  double since_order_s = std::numeric_limits<double>::infinity();  // the account's last order
  double since_breach_s = 0;  // how long the account has been in breach
  double freed_usd = 0;       // to_buffer: shortage covered since then
  double round_s = 0;         // length of the round: several blocks may fit in it
  Quantum quantum;            // of the size
};

enum class PerpAction : std::uint8_t {
  wait,        // not its turn yet
  order,       // to the book, up to `limit`
  takeover,    // the backstop takes every position and all margin of the account
  deleverage,  // equity below zero: counterparties are closed against it; to_buffer goes on closing
               // positions instead, and the loss is borne when none is left (Drift)
};

struct PerpPlan {
  PerpAction action = PerpAction::wait;
  double change = 0;  // base units to trade, of opposite sign to the position; whole quanta
  double limit = 0;   // worst price: least for a sale, most for a purchase (0, infinity: none)
};

/// What happens to the position now. The caller has found the account in breach.
PerpPlan plan_perp_liquidation(const PerpLiquidationTerms& terms, const PerpInBreach& row);

/// Whether a fill at `price` is within the plan's limit.
inline bool within_limit(const PerpPlan& plan, double price) {
  return plan.change < 0 ? price >= plan.limit : price <= plan.limit;
}

/// USD of notional to close for `shortage` USD of margin: shortage / (ratio - fees), all of it
/// (infinite) where closing frees nothing. ratio: maintenance rate, buffer included.
double notional_to_cover(double shortage, double ratio, double liquidator_fee, double fund_fee);

/// Units of a borrowed asset to repay out of collateral for `shortage` USD in a cross-margin
/// account: shortage / (P (w_l - w_a k_a / k_l) - P f w_l); weights of liability and asset, k their
/// liquidation multipliers (1 +- fee), f the fund's fee. Infinite where it frees nothing.
double liability_to_cover(double shortage, double price, double liability_weight,
                          double liability_multiplier, double asset_weight, double asset_multiplier,
                          double fund_fee);

/// Share of the shortage that may be covered now: the ramp's share of all of it, less what was.
double ramped_share(const PerpLiquidationTerms& terms, double shortage, double freed_usd,
                    double since_breach_s);

/// The fund's part of a fill, at most 95% of what margin leaves: min(fund_fee, 0.95 (ratio -
/// liquidator's fee - shortage / notional)), not below 0.
double fund_fee_now(const PerpLiquidationTerms& terms, double ratio, double liquidator_fee,
                    double shortage, double notional);

/// The liquidator's fee after so long in breach: it rises by 0.25 bp a second, from 10 minutes on.
double liquidator_fee_now(const PerpLiquidationTerms& terms, double since_breach_s);

/// What the fund gets (> 0) or pays (< 0) for a fill: `quote` came in (negative: was paid), at the
/// bankruptcy price `bankruptcy_quote` would have. A surplus pays at most `fund_fee` of the fill.
double fund_delta(const PerpLiquidationTerms& terms, double quote, double bankruptcy_quote);

/// Liquidation of a perpetual market as YAML says it.
struct PerpLiquidationSpec {
  std::string sizing = "full";
  std::string limit = "bankruptcy";
  std::string leftover = "stays";
  std::optional<Ratio> takeover_below;
  Ratio slice{0.2};
  Amount slice_above{100e3, "$"};
  Seconds cooldown{30};
  Seconds block{1};
  Ratio block_share{0.1};
  Amount block_least{1000, "$"};
  Amount block_most{100e3, "$"};
  Ratio buffer{0.02};
  Ratio ramp_start{0.1};
  Seconds ramp{60};
  Amount small{50, "$"};
  double adjustment = 1;
  double spread = 1.5;
  Ratio fund_fee{0};
  Ratio liquidator_fee{0};
  std::optional<Ratio> liquidator_fee_most;

  template <class V>
  void fields(V& v) {
    constexpr auto hyperliquid = "Hyperliquid Docs, Liquidations (hyperliquid_docs)";
    constexpr auto dydx = "dYdX v4 liquidations config (dydx_v4_code)";
    constexpr auto drift = "Drift v2 math/liquidation.rs (drift_v2_code)";
    v("sizing", sizing,
      Field{.help = "all at once, a slice first, capped per block, or up to a buffer",
            .source = "Binance: one IOC (binance_liquidation)",
            .choices = "full slice capped to_buffer"});
    v("limit", limit,
      Field{.help = "worst price of an order",
            .source = "Binance: the bankruptcy price (binance_liquidation)",
            .choices = "none bankruptcy fillable mark_fee"});
    v("leftover", leftover,
      Field{.help = "what an order leaves stays with the account, or goes to the fund",
            .choices = "stays fund"});
    v("takeover_below", takeover_below,
      Field{.help = "the backstop takes the account when equity is below this share of maintenance "
                    "margin; never if absent",
            .lo = 0,
            .hi = 1,
            .source = hyperliquid});
    v("slice", slice, Field{.help = "slice: share", .lo = 0.001, .hi = 1, .source = hyperliquid});
    v("slice_above", slice_above,
      Field{.help = "slice: of positions above", .lo = 0, .source = hyperliquid});
    v("cooldown", cooldown,
      Field{.help = "slice: after one, orders are for everything", .lo = 0, .source = hyperliquid});
    v("block", block,
      Field{.help = "capped: one order an account in each", .lo = 0.01, .source = dydx});
    v("block_share", block_share,
      Field{.help = "capped: share of the position", .lo = 0.001, .hi = 1, .source = dydx});
    v("block_least", block_least,
      Field{.help = "capped: or this much, whichever is more", .lo = 0, .source = dydx});
    v("block_most", block_most,
      Field{.help = "capped: but no more of one account", .lo = 0, .source = dydx});
    v("buffer", buffer,
      Field{.help = "to_buffer: above maintenance margin", .lo = 0, .hi = 1, .source = drift});
    v("ramp_start", ramp_start,
      Field{.help = "to_buffer: share of the shortage covered at once",
            .lo = 0,
            .hi = 1,
            .source = drift});
    v("ramp", ramp, Field{.help = "to_buffer: until all of it may be", .lo = 0, .source = drift});
    v("small", small,
      Field{
          .help = "to_buffer: smaller shortages and positions at once", .lo = 0, .source = drift});
    v("adjustment", adjustment,
      Field{.help = "fillable: how fast the price gives way", .lo = 0, .hi = 5000, .source = dydx});
    v("spread", spread,
      Field{.help = "fillable: most distance from the mark, times maintenance margin",
            .lo = 0,
            .hi = 100,
            .source = dydx});
    v("fund_fee", fund_fee,
      Field{.help = "share of a fill to the insurance fund, at most what is left over",
            .lo = 0,
            .hi = 0.2,
            .source = dydx});
    v("liquidator_fee", liquidator_fee,
      Field{.help = "share of a fill to who takes the position",
            .lo = 0,
            .hi = 0.2,
            .source = drift});
    v("liquidator_fee_most", liquidator_fee_most,
      Field{.help = "to which it rises the longer nobody comes",
            .lo = 0,
            .hi = 0.2,
            .source = drift});
  }
};

/// The terms a checked spec describes; amounts in USD.
PerpLiquidationTerms compile_perp_liquidation(const PerpLiquidationSpec& spec);

}  // namespace faultline
