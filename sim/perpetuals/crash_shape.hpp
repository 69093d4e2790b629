// The shape of a crash at perpetual venues, in ratios and times that do not depend on its size.
#pragma once

#include "sim/outcome.hpp"
#include "sim/snapshot.hpp"

namespace faultline {

/// NaN where there is nothing to tell: nobody liquidated, nobody deleveraged.
struct CrashShape {
  double deleveraged_over_liquidated = 0;  // USD over USD; liquidated: in books and taken over
  double first_deleveraged_after_s = 0;    // from the first liquidation
  /// 1 - D / L, L the notional of accounts that were closed against their will and D that of those
  /// the same shock closes where no sale moves a price: the share owed to earlier closings, n of a
  /// branching process in which D / (1 - n) follows from D (hardiman_bouchaud2014). Below 0: sales
  /// at the venue spare more than they draw in.
  double branching = 0;
  double backstop_share = 0;     // of what was liquidated, taken over by vaults and funds
  double top10 = 0, top100 = 0;  // of what winners gave up, by the venue that deleveraged most
};

/// Over all perpetual venues. `direct`: the run without transmission.
CrashShape crash_shape(const Snapshot& world, const Outcome& full, const Outcome& direct);

}  // namespace faultline
