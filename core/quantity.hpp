// Money in whole quanta. An asset's quantum is 2^-k of its unit, with k picked so that the declared
// maximum supply stays below 2^53 quanta: sums of balances are then exact doubles in any order.
#pragma once

#include <cmath>

namespace faultline {

/// The smallest step of one asset: a power of two of its unit.
struct Quantum {
  double step = 1;     // size of one quantum, in units of the asset
  double inverse = 1;  // quanta per unit

  /// Greatest whole amount not above x; x in units, |x| below 2^53 quanta.
  double down(double x) const { return std::floor(x * inverse) * step; }
  /// Least whole amount not below x.
  double up(double x) const { return std::ceil(x * inverse) * step; }
  /// Whether x is a whole number of quanta that a double holds exactly.
  bool whole(double x) const {
    const double n = x * inverse;
    return n == std::floor(n) && std::fabs(n) <= 9007199254740992.0;
  }
};

/// The quantum for a maximum supply (in units, > 0): max_supply stays below 2^52 quanta.
inline Quantum quantum_for(double max_supply) {
  const int k = 51 - std::ilogb(max_supply);
  return Quantum{std::ldexp(1.0, -k), std::ldexp(1.0, k)};
}

}  // namespace faultline
