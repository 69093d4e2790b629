// European options: price and greeks, books of them, and what hedging a book does to the price it
// is hedged at.
//   generalised Black-Scholes (haug2007, chapter 2): with q the yield of the underlying,
//   d1 = (ln(S/K) + (r - q + v^2/2) T) / (v sqrt T),   d2 = d1 - v sqrt T
//   call = S e^-qT N(d1) - K e^-rT N(d2),   put = K e^-rT N(-d2) - S e^-qT N(-d1)
//   G = sum over rows of size * gamma;  dollars traded per 1% move = G * S^2 * 0.01
//   hedge flow for a move dS: -G dS units; with relative impact lambda per unit sold or bought
//   gain g = -G S lambda, total move = shock / (1 - g) while g < 1  (frey_stremme1997)
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace faultline {

enum class OptionKind : std::uint8_t { call, put };

/// One option in numbers: USD prices, years, yearly rates; `volatility` 0.65 is 65% a year.
struct OptionTerms {
  OptionKind kind = OptionKind::call;
  double strike = 0;
  double years = 0;  // to expiry; at or below 0 it is worth what it pays
  double volatility = 0;
  double rate = 0;
  double yield = 0;  // of the underlying: dividend, staking, or the rate for a future
};

/// Per unit of underlying. Vega per 1.00 of volatility, theta and charm per year of passing time.
struct Greeks {
  double price = 0, delta = 0, gamma = 0, vega = 0, theta = 0, rho = 0;
  double vanna = 0;  // d delta / d volatility = d vega / d S
  double charm = 0;  // d delta / d time as it passes
};

/// N(x), the standard normal distribution function, to 2 + x^2 ULP: far out the rounding of x
/// tells.
double normal_cdf(double x);

/// All greeks at spot `s` > 0. Without time or volatility left: the forward's payoff, discounted.
Greeks greeks(const OptionTerms& o, double s);
/// Only the delta, bit for bit that of `greeks`.
double option_delta(const OptionTerms& o, double s);
/// What it pays at expiry.
double option_payoff(OptionKind kind, double strike, double s);

/// One line of a book: `size` options on a unit each, above zero where the book's owner is long.
struct BookRow {
  OptionTerms terms;    // as at time 0
  double expiry_s = 0;  // seconds from time 0
  double size = 0;      // units of the underlying
};

/// A book at `now_s`, every volatility shifted by `shift` (and held above a hundredth of a
/// percent). Rows past their expiry count for nothing.
double book_delta(const std::vector<BookRow>& book, double s, double now_s, double shift);
Greeks book_greeks(const std::vector<BookRow>& book, double s, double now_s, double shift);

/// USD to trade per 1% move of the underlying for a gamma in units per dollar.
inline double dollars_per_percent(double gamma, double s) {
  return gamma * s * s * 0.01;
}

/// The lowest price in [lo, hi] at which the book's gamma changes sign; none where it does not.
/// Looks at 1,000 prices, evenly spread over the logarithm.
std::optional<double> flip_price(const std::vector<BookRow>& book, double lo, double hi,
                                 double now_s, double shift);

/// What hedging makes of a shock to first order.
struct HedgingFeedback {
  double gain = 0;           // g
  double amplification = 0;  // 1 / (1 - g); meaningless from g = 1 on
  double total_return = 0;   // shock * amplification; may pass -1: then the book ends it, not this
};
/// `gamma` in units per dollar, `impact` relative per unit, `shock` a return. g must not be 1.
HedgingFeedback hedging_feedback(double gamma, double s, double impact, double shock);

}  // namespace faultline
