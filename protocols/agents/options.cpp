#include "protocols/agents/options.hpp"

#include <algorithm>
#include <cmath>

#include "core/math.hpp"

namespace faultline {

namespace {

constexpr double year_s = 365.0 * 86400;
constexpr double least_volatility = 1e-4;

/// Density of the standard normal.
double density(double x) {
  constexpr double inverse_root_two_pi = 0.398942280401432677939946;
  return inverse_root_two_pi * math::exp(-0.5 * x * x);
}

struct Distances {
  double root_t = 0, d1 = 0, d2 = 0;
};

Distances distances(const OptionTerms& o, double s) {
  const double root_t = std::sqrt(o.years), deviation = o.volatility * root_t;
  const double drift = (o.rate - o.yield + 0.5 * o.volatility * o.volatility) * o.years;
  const double d1 = (math::log(s / o.strike) + drift) / deviation;
  return {root_t, d1, d1 - deviation};
}

/// Without time or volatility: the payoff on the forward.
bool decided(const OptionTerms& o) {
  return !(o.years > 0) || !(o.volatility > 0);
}

double decided_delta(const OptionTerms& o, double s, double keep_s, double keep_k) {
  const double ahead = s * keep_s - o.strike * keep_k;
  const double in = ahead > 0 ? 1 : ahead < 0 ? 0 : 0.5;
  return keep_s * (o.kind == OptionKind::call ? in : in - 1);
}

OptionTerms at_time(const BookRow& row, double now_s, double shift) {
  OptionTerms o = row.terms;
  o.years = (row.expiry_s - now_s) / year_s;
  o.volatility = std::max(least_volatility, o.volatility + shift);
  return o;
}

}  // namespace

double normal_cdf(double x) {
  constexpr double inverse_root_two = 0.707106781186547524400844;
  return 0.5 * math::erfc(-x * inverse_root_two);
}

double option_payoff(OptionKind kind, double strike, double s) {
  return std::max(0.0, kind == OptionKind::call ? s - strike : strike - s);
}

double option_delta(const OptionTerms& o, double s) {
  const double t = std::max(0.0, o.years);
  const double keep_s = math::exp(-o.yield * t);
  if (decided(o)) return decided_delta(o, s, keep_s, math::exp(-o.rate * t));
  const double d1 = distances(o, s).d1;
  return o.kind == OptionKind::call ? keep_s * normal_cdf(d1) : -keep_s * normal_cdf(-d1);
}

Greeks greeks(const OptionTerms& o, double s) {
  const double t = std::max(0.0, o.years);
  const double keep_s = math::exp(-o.yield * t), keep_k = math::exp(-o.rate * t);
  const double sign = o.kind == OptionKind::call ? 1 : -1;
  Greeks g;
  if (decided(o)) {
    g.price = std::max(0.0, sign * (s * keep_s - o.strike * keep_k));
    g.delta = decided_delta(o, s, keep_s, keep_k);
    return g;
  }
  const auto [root_t, d1, d2] = distances(o, s);
  const double n1 = normal_cdf(sign * d1), n2 = normal_cdf(sign * d2), bell = density(d1);
  const double discounted = o.strike * keep_k;
  g.price = sign * (s * keep_s * n1 - discounted * n2);
  g.delta = sign * keep_s * n1;
  g.gamma = keep_s * bell / (s * o.volatility * root_t);
  g.vega = s * keep_s * bell * root_t;
  g.theta = -s * keep_s * bell * o.volatility / (2 * root_t) -
            sign * (o.rate * discounted * n2 - o.yield * s * keep_s * n1);
  g.rho = sign * discounted * t * n2;
  g.vanna = -keep_s * bell * d2 / o.volatility;
  g.charm = sign * o.yield * keep_s * n1 -
            keep_s * bell * ((o.rate - o.yield) / (o.volatility * root_t) - d2 / (2 * t));
  return g;
}

double book_delta(const std::vector<BookRow>& book, double s, double now_s, double shift) {
  double sum = 0;
  for (const BookRow& row : book) {
    if (now_s < row.expiry_s) sum += row.size * option_delta(at_time(row, now_s, shift), s);
  }
  return sum;
}

Greeks book_greeks(const std::vector<BookRow>& book, double s, double now_s, double shift) {
  Greeks sum;
  for (const BookRow& row : book) {
    if (!(now_s < row.expiry_s)) continue;
    const Greeks g = greeks(at_time(row, now_s, shift), s);
    sum.price += row.size * g.price;
    sum.delta += row.size * g.delta;
    sum.gamma += row.size * g.gamma;
    sum.vega += row.size * g.vega;
    sum.theta += row.size * g.theta;
    sum.rho += row.size * g.rho;
    sum.vanna += row.size * g.vanna;
    sum.charm += row.size * g.charm;
  }
  return sum;
}

std::optional<double> flip_price(const std::vector<BookRow>& book, double lo, double hi,
                                 double now_s, double shift) {
  constexpr int steps = 1000;
  const double span = math::log(hi / lo);
  const auto gamma = [&](double s) { return book_greeks(book, s, now_s, shift).gamma; };
  double below = lo, g_below = gamma(lo);
  for (int i = 1; i <= steps; ++i) {
    const double s = lo * math::exp(span * i / steps), g = gamma(s);
    if (g != 0 && g_below != 0 && (g > 0) != (g_below > 0)) {
      double a = below, b = s;
      for (int k = 0; k < 60; ++k) {  // gamma is no function to interpolate; 60 halvings are exact
        const double middle = 0.5 * (a + b);
        ((gamma(middle) > 0) == (g_below > 0) ? a : b) = middle;
      }
      return b;
    }
    below = s;
    g_below = g;
  }
  return std::nullopt;
}

HedgingFeedback hedging_feedback(double gamma, double s, double impact, double shock) {
  const double gain = -gamma * s * impact;
  return {gain, 1 / (1 - gain), shock / (1 - gain)};
}

}  // namespace faultline
