// A loan whose collateral lies in price bands and turns into the coin owed as the price falls
// through them: crvUSD and LlamaLend [crvusd_controller_code, egorov2022]. The bands trade in
// `venues/band_pool.hpp`; here is where they are put, what they are worth and when a loan fails.
//   band n     from p_up(n) = base ((A-1)/A)^n down to p_up(n + 1)
//   y_eff      y (1 - loan discount) sqrt((A-1)/A) / N sum_k ((A-1)/A)^k,   k < N
//   first band n1 = n0 + floor(ln(y_eff p_up(n0) / debt) / ln(A/(A-1))), p_up(n1) < oracle
//   most debt  y_eff x the highest band edge not above the oracle, less 1e-4
//   x_down     coins the bands become if the price falls through them slowly: each band is traded
//              to the oracle first, then what is left of it at sqrt(p_down min(p_up, oracle))
//   health     x_down (1 - liquidation discount) / debt - 1; "full": above its bands also
//              + (oracle - p_up(n1)) y / debt. Below zero anybody may liquidate
//   liquidate  a share f of the debt takes f ((1 + h/2) / (1 + h) (1 - f) + f) of the bands, h the
//              liquidation discount; the caller pays what the coins among them do not
// No bonus and no haircut: if the bands are worth less than the debt nobody liquidates.
#pragma once

#include <cstdint>
#include <span>

namespace faultline {

/// Defaults: crvUSD's markets.
struct BandLoanTerms {
  double a = 100;
  double loan_discount = 0.09;
  double liquidation_discount = 0.06;
  long least_bands = 4;
  long most_bands = 50;
};

/// What a loan has in one band.
struct BandShare {
  double x = 0;  // coins
  double y = 0;  // collateral
};

/// Upper edge of band n, in oracle prices.
double band_top(const BandLoanTerms& t, double base, long n);

/// Price at which the pool trades in a band at an oracle price: at its upper edge of the oracle
/// (all collateral) oracle^3 / top^2, at its lower (all coins) oracle^3 / bottom^2.
double band_price_low(double top, double oracle);
double band_price_high(const BandLoanTerms& t, double top, double oracle);

/// Collateral as a loan's coins at the top of its first band: y_eff.
double effective_collateral(const BandLoanTerms& t, double collateral, long bands, double discount);

/// Highest band edge not above the oracle: what a new loan may start at.
double highest_start(const BandLoanTerms& t, double base, double oracle);

/// Most that can be borrowed; `start` from `highest_start`.
double max_band_debt(const BandLoanTerms& t, double collateral, long bands, double start);

/// Least collateral for a debt.
double least_band_collateral(const BandLoanTerms& t, double debt, long bands, double start);

/// Loan to value of the most that can be borrowed, were the oracle on a band's edge.
double max_band_ltv(const BandLoanTerms& t, long bands);

/// Where a loan's bands begin. `active`: the pool's active band.
struct BandPlace {
  long first = 0;
  bool allowed = false;  // else the debt is too high: the band would reach the oracle
};
BandPlace place_loan(const BandLoanTerms& t, double base, long active, double oracle,
                     double collateral, double debt, long bands);

/// Coins the bands become on the way down, collateral on the way up.
double coins_on_the_way_down(const BandLoanTerms& t, double base, long first,
                             std::span<const BandShare> bands, double oracle);
double collateral_on_the_way_up(const BandLoanTerms& t, double base, long first,
                                std::span<const BandShare> bands, double oracle);

/// A band's holdings once arbitrage has traded it to the oracle price; `top`: its upper edge.
BandShare traded_to_oracle(const BandLoanTerms& t, const BandShare& s, double top, double oracle);

/// Coins one band becomes on the way down.
double band_coins_down(const BandLoanTerms& t, const BandShare& s, double top, double oracle);

/// Health without and with the distance above the bands.
double band_health(const BandLoanTerms& t, double x_down, double debt);
double full_band_health(const BandLoanTerms& t, double x_down, double debt, double oracle,
                        double top, double collateral);

/// What liquidating a share of a loan moves.
struct BandLiquidation {
  double debt = 0;         // repaid
  double from_bands = 0;   // of it, out of the bands' coins
  double paid = 0;         // of it, by the liquidator
  double collateral = 0;   // to the liquidator
  double coins = 0;        // to the liquidator, beyond the debt
  double share_taken = 0;  // of the bands
};

/// Liquidates a share (0, 1] of a loan that holds x coins and y collateral in its bands.
BandLiquidation liquidate_bands(const BandLoanTerms& t, double x, double y, double debt,
                                double share = 1);

/// The share of the debt that is repaid where `taken` of the bands leave: inverse of `share_taken`.
double debt_share_for(const BandLoanTerms& t, double taken);

/// Borrow rate of LlamaLend: least (most / least)^utilisation.
double semilog_rate(double least, double most, double utilisation);

}  // namespace faultline
