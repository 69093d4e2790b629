// Supply and borrow rates that follow utilisation each by its own curve, so that the spread between
// them is the protocol's: Compound v3, Comet [compound_v3_code].
//   U      = borrows / supply, both with interest; above 1 where reserves are lent, too
//   rate   = base + low U up to the kink, then base + low kink + high (U - kink)
//   growth 1 + rate dt for each step, of the index of supply and of that of borrows
//   reserves gain borrows rate_b dt - supply rate_s dt: they may lose
#pragma once

#include <algorithm>

namespace faultline {

/// One side's curve. Rates per second.
struct KinkedCurve {
  double base = 0;
  double low = 0;   // slope below the kink
  double high = 0;  // and above it
  double kink = 0.8;
};

inline double kinked_rate(const KinkedCurve& c, double utilisation) {
  return c.base + c.low * std::min(utilisation, c.kink) +
         c.high * std::max(0.0, utilisation - c.kink);
}

struct SplitRates {
  KinkedCurve supply{};
  KinkedCurve borrow{};
};

/// Borrows over supply; 0 without supply.
inline double base_utilisation(double supply, double borrow) {
  return supply > 0 ? borrow / supply : 0;
}

/// What a step of interest does to a market whose claims and debts these are.
struct SplitAccrual {
  double supply_growth = 1;  // of the supply index
  double borrow_growth = 1;  // of the borrow index
  double to_reserves = 0;    // base units, may be negative
};

inline SplitAccrual accrue_split(const SplitRates& r, double supply, double borrow, double dt_s) {
  const double u = base_utilisation(supply, borrow);
  const double earned = kinked_rate(r.supply, u) * dt_s, owed = kinked_rate(r.borrow, u) * dt_s;
  return {1 + earned, 1 + owed, borrow * owed - supply * earned};
}

}  // namespace faultline
