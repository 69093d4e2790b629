// A borrower pays for the risk of what stands behind its debt: Aave v4 [aave_v4_code].
//   premium = average risk of the safest collateral that covers the debt, by value: safest first,
//             equal risks the largest first, the last one in part
//   rate    = the reserve's rate x (1 + premium)
// Collateral beyond the debt costs nothing; what covers none of it neither. It is computed when the
// borrower acts, not when prices move.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

namespace faultline {

struct RiskyCollateral {
  double risk = 0;   // share of the rate, 0: as good as it gets
  double value = 0;  // USD
};

/// Average risk of the safest collateral up to `debt` (USD); 0 without debt or collateral.
inline double risk_premium(std::span<const RiskyCollateral> collateral, double debt) {
  std::vector<RiskyCollateral> order(collateral.begin(), collateral.end());
  std::sort(order.begin(), order.end(), [](const RiskyCollateral& a, const RiskyCollateral& b) {
    return a.risk < b.risk || (a.risk == b.risk && a.value > b.value);
  });
  double covered = 0, weighted = 0;
  for (const RiskyCollateral& c : order) {
    const double part = std::min(c.value, debt - covered);
    if (!(part > 0)) continue;
    covered += part;
    weighted += part * c.risk;
  }
  return covered > 0 ? weighted / covered : 0;
}

}  // namespace faultline
