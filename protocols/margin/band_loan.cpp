#include "protocols/margin/band_loan.hpp"

#include <algorithm>
#include <cmath>

#include "core/math.hpp"

namespace faultline {

namespace {

double shrink(const BandLoanTerms& t) {
  return (t.a - 1) / t.a;
}

}  // namespace

// It is worth the same at the oracle price: (f + x)(g + y) stays.
BandShare traded_to_oracle(const BandLoanTerms& t, const BandShare& s, double top, double oracle) {
  const double bottom = top * shrink(t);
  if ((s.x == 0 && oracle > top) || (s.y == 0 && oracle < bottom)) return s;
  const double b = (t.a - 1) * s.x * (top / oracle) + t.a * s.y * (oracle * (oracle / top));
  const double y0 = (b + std::sqrt(b * b + 4 * t.a * oracle * s.x * s.y)) / (2 * t.a * oracle);
  const double f = t.a * y0 * (oracle * (oracle / top)), g = (t.a - 1) * y0 * (top / oracle);
  if (!(y0 > 0)) return {};
  const double kept = (f + s.x) * (g + s.y);
  if (oracle > top) return {0, std::max(0.0, kept / f - g)};
  if (oracle < bottom) return {std::max(0.0, kept / g - f), 0};
  const double y = t.a * y0 * (oracle - bottom) / oracle;
  return {std::max(0.0, kept / (g + y) - f), y};
}

double band_coins_down(const BandLoanTerms& t, const BandShare& s, double top, double oracle) {
  const BandShare now = traded_to_oracle(t, s, top, oracle);
  return now.x + now.y * std::sqrt(top * shrink(t) * std::min(top, oracle));
}

double band_top(const BandLoanTerms& t, double base, long n) {
  return base * math::exp(static_cast<double>(n) * math::log(shrink(t)));
}

double band_price_low(double top, double oracle) {
  return oracle * (oracle / top) * (oracle / top);
}

double band_price_high(const BandLoanTerms& t, double top, double oracle) {
  return band_price_low(top * shrink(t), oracle);
}

// Controller.vy: get_y_effective [crvusd_controller_code]
double effective_collateral(const BandLoanTerms& t, double collateral, long bands,
                            double discount) {
  double sum = 0, factor = 1;
  for (long k = 0; k < bands; ++k) {
    sum += factor;
    factor *= shrink(t);
  }
  return collateral * (1 - discount) * std::sqrt(shrink(t)) * sum / static_cast<double>(bands);
}

double highest_start(const BandLoanTerms& t, double base, double oracle) {
  long n = static_cast<long>(std::ceil(math::log(oracle / base) / math::log(shrink(t)) - 1e-9));
  if (band_top(t, base, n) > oracle * (1 + 1e-12)) ++n;
  return band_top(t, base, n);
}

// Controller.vy: max_borrowable, min_collateral [crvusd_controller_code]
double max_band_debt(const BandLoanTerms& t, double collateral, long bands, double start) {
  return effective_collateral(t, collateral, bands, t.loan_discount) * start * (1 - 1e-4);
}

double least_band_collateral(const BandLoanTerms& t, double debt, long bands, double start) {
  return debt / max_band_debt(t, 1, bands, start);
}

double max_band_ltv(const BandLoanTerms& t, long bands) {
  return effective_collateral(t, 1, bands, t.loan_discount);
}

// Controller.vy: _calculate_debt_n1 [crvusd_controller_code]
BandPlace place_loan(const BandLoanTerms& t, double base, long active, double oracle,
                     double collateral, double debt, long bands) {
  BandPlace place;
  if (!(debt > 0) || bands < t.least_bands || bands > t.most_bands) return place;
  const double ratio = effective_collateral(t, collateral, bands, t.loan_discount) *
                       band_top(t, base, active) / debt;
  if (!(ratio > 0)) return place;
  const double steps = std::floor(math::log(ratio) / -math::log(shrink(t)));
  place.first = active + static_cast<long>(std::min(steps, 1024.0 - static_cast<double>(bands)));
  place.allowed = band_top(t, base, place.first) < oracle;
  return place;
}

// AMM.vy: get_xy_up [crvusd_controller_code]
double coins_on_the_way_down(const BandLoanTerms& t, double base, long first,
                             std::span<const BandShare> bands, double oracle) {
  double sum = 0;
  for (std::size_t k = 0; k < bands.size(); ++k) {
    const double top = band_top(t, base, first + static_cast<long>(k));
    sum += band_coins_down(t, bands[k], top, oracle);
  }
  return sum;
}

double collateral_on_the_way_up(const BandLoanTerms& t, double base, long first,
                                std::span<const BandShare> bands, double oracle) {
  double sum = 0;
  for (std::size_t k = 0; k < bands.size(); ++k) {
    const double top = band_top(t, base, first + static_cast<long>(k));
    const BandShare s = traded_to_oracle(t, bands[k], top, oracle);
    sum += s.y + s.x / std::sqrt(top * std::max(top * shrink(t), oracle));
  }
  return sum;
}

// Controller.vy: _health [crvusd_controller_code]
double band_health(const BandLoanTerms& t, double x_down, double debt) {
  return x_down * (1 - t.liquidation_discount) / debt - 1;
}

double full_band_health(const BandLoanTerms& t, double x_down, double debt, double oracle,
                        double top, double collateral) {
  return band_health(t, x_down, debt) + std::max(0.0, oracle - top) * collateral / debt;
}

// Controller.vy: _liquidate, _get_f_remove [crvusd_controller_code]
BandLiquidation liquidate_bands(const BandLoanTerms& t, double x, double y, double debt,
                                double share) {
  BandLiquidation l;
  const double h = t.liquidation_discount;
  l.share_taken = share < 1 ? ((1 + h / 2) / (1 + h) * (1 - share) + share) * share : 1;
  l.debt = share * debt;
  const double coins = x * l.share_taken;
  l.collateral = y * l.share_taken;
  l.from_bands = std::min(coins, l.debt);
  l.paid = l.debt - l.from_bands;
  l.coins = coins - l.from_bands;
  return l;
}

double debt_share_for(const BandLoanTerms& t, double taken) {
  if (!(taken < 1)) return 1;
  const double h = t.liquidation_discount, k = (1 + h / 2) / (1 + h);
  if (k == 1) return taken;
  // taken = k f + (1 - k) f^2
  return 2 * taken / (k + std::sqrt(k * k + 4 * (1 - k) * taken));
}

double semilog_rate(double least, double most, double utilisation) {
  return least * math::exp(utilisation * math::log(most / least));
}

}  // namespace faultline
