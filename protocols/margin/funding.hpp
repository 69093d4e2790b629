// What keeps a perpetual near its index: the side that pulls the price away pays the other. Over an
// average premium P of the contract over its index the stated rate of a period is
//   banded    F = P + clamp(interest - P, -band, band)     [hyperliquid_docs, binance_funding]
//   additive  F = P + interest                             [dydx_v4_code, drift_v2_code, mango_v3]
// then clamped to +-cap, and every interval pays F x every / per of the notional. Where there is no
// book (GMX v2) the rate itself moves with the skew of open interest [gmx_v2_code]:
//   d rate / dt = |L - S| / (L + S) x most / rise, towards the heavier side, while the skew is
//   above `stable`; falls by most / fall while it is below `falling`
// A payment is per unit of notional, so it folds into one running index per contract.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/fields.hpp"
#include "core/values.hpp"

namespace faultline {

enum class FundingKind : std::uint8_t { none, premium, adaptive };

/// How premiums become the interval's average. All are over time, so none depends on the round.
enum class Averaging : std::uint8_t {
  mean,    // Hyperliquid, Drift
  rising,  // weights grow linearly from 0 at the interval's start: Binance, Bybit
  median,  // mean of medians, each over the 15 votes of a minute: dYdX v4
};

/// Funding ready to run. Rates are shares of notional per `per_s`, those of `adaptive` per second.
struct FundingTerms {
  FundingKind kind = FundingKind::none;
  Averaging averaging = Averaging::mean;
  bool banded = true;
  double interest = 0;
  double band = 0;
  double cap = std::numeric_limits<double>::infinity();          // of |F|
  double premium_cap = std::numeric_limits<double>::infinity();  // of each |premium|
  double per_s = 28800;                                          // the period F is stated for
  double every_s = 3600;  // paid at the end of each; 0: continuously
  double increase = 0;    // adaptive: growth of the rate per second at full skew
  double decrease = 0;    // adaptive: fall of the rate per second
  double stable = 0;      // adaptive: skew up to which the rate stands still
  double falling = 0;     // adaptive: skew below which it falls
  double least = 0;       // adaptive: smallest |rate| that is paid
  double most = 0;        // adaptive: greatest |rate|
};

/// What a contract's funding remembers between rounds.
struct FundingState {
  double elapsed_s = 0;  // into the interval
  double weighted = 0;   // sum of weight x premium
  double weight = 0;
  double rate = 0;  // adaptive: per second, > 0: longs pay
  std::uint32_t voted = 0;
  std::array<double, 15> votes{};
};

/// What funding looks at during one round.
struct FundingView {
  double premium = 0;  // of the contract over its index, share of the index; finite
  double longs = 0;    // open interest of each side, USD
  double shorts = 0;
};

/// What fell due, per USD of notional of each side; negative: it receives. What one side pays the
/// other gets: longs x longs_pay + shorts x shorts_pay = 0 where both sides have open interest.
struct FundingDue {
  double longs_pay = 0;
  double shorts_pay = 0;
};

/// Premium from what it costs to trade `impact notional`: zero while the index lies between.
/// impact_bid, impact_ask: average prices of such a sale and purchase; a side that cannot fill it
/// is given as bid 0 or ask infinity, and counts for nothing. index > 0.
double impact_premium(double impact_bid, double impact_ask, double index);

/// Premium of a mark over its index.
inline double mark_premium(double mark, double index) {
  return mark / index - 1;
}

/// A level of a book: price and base units standing there.
struct BookLevel {
  double price = 0;
  double size = 0;
};

/// Average price of trading `notional` quote against levels from the best outwards; nothing if they
/// hold less. Zero notional: the best price.
std::optional<double> impact_price(std::span<const BookLevel> levels, double notional);

/// F, the stated rate at an average premium, per `per_s`.
double stated_rate(const FundingTerms& terms, double average);

/// Lets `dt_s` >= 0 seconds pass at one view and gives what fell due: the sum over the intervals
/// that ended, or, paid continuously, over the time that passed.
FundingDue accrue_funding(const FundingTerms& terms, FundingState& state, double dt_s,
                          const FundingView& view);

/// Seconds until the next payment; infinite without funding, 0 if it is paid continuously.
double funding_due_in(const FundingTerms& terms, const FundingState& state);

/// Funding as YAML says it.
struct FundingSpec {
  std::string kind = "none";
  std::string average = "mean";
  Seconds every{3600};
  Seconds per{28800};
  Ratio interest{0.0001};
  std::optional<Ratio> band;
  std::optional<Ratio> cap, cap_of_margin, premium_cap;
  PerYear most{1.0};
  PerYear least{0};
  Seconds rise{10800};
  std::optional<Seconds> fall;
  Ratio stable{0.04};
  Ratio falling{0};

  template <class V>
  void fields(V& v) {
    constexpr auto hyperliquid = "Hyperliquid Docs, Funding (hyperliquid_docs)";
    constexpr auto dydx = "dYdX v4 x/perpetuals (dydx_v4_code)";
    constexpr auto gmx = "GMX v2 MarketUtils (gmx_v2_code)";
    v("kind", kind,
      Field{.help = "paid by premium over the index, adapting to the skew, or not at all",
            .choices = "none premium adaptive"});
    v("average", average,
      Field{.help = "of the interval's premiums: plain, rising weights, or mean of minute medians",
            .source = hyperliquid,
            .choices = "mean rising median"});
    v("every", every,
      Field{.help = "interval of payment; 0 pays continuously", .lo = 0, .source = hyperliquid});
    v("per", per, Field{.help = "period the rate is stated for", .lo = 1, .source = hyperliquid});
    v("interest", interest,
      Field{.help = "interest part of the rate, per `per`",
            .lo = -1,
            .hi = 1,
            .source = hyperliquid});
    v("band", band,
      Field{.help = "how far the premium is bent towards interest; left out, interest is added",
            .lo = 0,
            .hi = 1,
            .source = hyperliquid});
    v("cap", cap, Field{.help = "highest rate per `per`", .lo = 0, .source = hyperliquid});
    v("cap_of_margin", cap_of_margin,
      Field{.help = "highest rate as a multiple of initial less maintenance margin, as 6x",
            .lo = 0,
            .source = dydx});
    v("premium_cap", premium_cap, Field{.help = "highest single premium", .lo = 0, .source = dydx});
    v("most", most, Field{.help = "adaptive: highest rate", .lo = 0, .hi = 1000, .source = gmx});
    v("least", least,
      Field{.help = "adaptive: lowest rate that is paid", .lo = 0, .hi = 1000, .source = gmx});
    v("rise", rise,
      Field{.help = "adaptive: time from nothing to the highest rate when all is on one side",
            .lo = 1,
            .source = gmx});
    v("fall", fall,
      Field{.help = "adaptive: time from the highest rate to nothing; left out, it never falls",
            .lo = 1,
            .source = gmx});
    v("stable", stable,
      Field{.help = "adaptive: skew up to which the rate stands", .lo = 0, .hi = 1, .source = gmx});
    v("falling", falling,
      Field{.help = "adaptive: skew below which the rate falls", .lo = 0, .hi = 1, .source = gmx});
  }
};

/// The terms a checked spec describes. initial, maintenance: margin rates of the contract's lowest
/// tier, for `cap_of_margin`.
FundingTerms compile_funding(const FundingSpec& spec, double initial, double maintenance);

/// What is wrong with a spec, as the remedy; empty if it can be used.
std::string_view funding_problem(const FundingSpec& spec);

}  // namespace faultline
