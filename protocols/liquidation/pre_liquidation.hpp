// Small liquidations before the large one, to which a borrower agrees beforehand: Morpho's
// pre-liquidation [morpho_pre_liquidation_code].
//   open    pre LLTV < LTV <= LLTV; above it the market's own liquidation takes over
//   q       (LTV - pre LLTV) / (LLTV - pre LLTV)
//   share   at most first + q (last - first) of the debt in one call
//   seize   repay x factor, factor = first + q (last - first), at most 1 / LLTV
#pragma once

#include <algorithm>
#include <limits>

namespace faultline {

/// Terms a borrower signed up to. Factors of seizure are 1 + bonus.
struct PreLiquidationTerms {
  double lltv = 0.86;
  double pre_lltv = 0.8;
  double first_share = 0.05, last_share = 0.5;  // of the debt, at pre LLTV and at LLTV
  double first_factor = 1.01, last_factor = 1.04;
};

/// What a call repays and seizes; zero where none may be made.
struct PreLiquidation {
  double repay = 0;  // debt units
  double seize = 0;  // collateral units
  double share = 0;  // most of the debt now
  double factor = 1;
};

/// Sizes one call. price: debt units per collateral unit; request: debt units offered.
inline PreLiquidation pre_liquidate(const PreLiquidationTerms& t, double debt, double collateral,
                                    double price,
                                    double request = std::numeric_limits<double>::infinity()) {
  const double worth = collateral * price;
  if (!(worth > 0) || !(debt > worth * t.pre_lltv) || debt > worth * t.lltv) return {};
  const double q = (debt / worth - t.pre_lltv) / (t.lltv - t.pre_lltv);
  PreLiquidation p;
  p.share = std::min(1.0, t.first_share + q * (t.last_share - t.first_share));
  p.factor = t.first_factor + q * (t.last_factor - t.first_factor);
  p.repay = std::min(request, debt * p.share);
  p.seize = std::min(collateral, p.repay * p.factor / price);
  return p;
}

}  // namespace faultline
