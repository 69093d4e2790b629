// Borrowers whom a high rate drives to repay. Each bears so much more than the rate at the opening,
// and pays a share of his debt back from money outside once the rate has stood above that for his
// own delay.
//   tolerance = bears exp(spread z),  z standard normal     per year, above the opening rate
//   delay     = -within ln u,         u uniform in (0, 1)
// Both are drawn once per account, keyed by its identity. Form: our choice. That repayment answers
// rates, late, is what refills a market whose lenders leave (morpho_irm_code steers by it).
#pragma once

#include <string_view>
#include <vector>

#include "core/fields.hpp"
#include "core/values.hpp"

namespace faultline {

struct RepayersSpec {
  static constexpr std::string_view name = "repayers";
  std::vector<Name> in;
  PerYear bears{0.05};
  Ratio spread{0.5};
  Seconds within{86400};
  Ratio repays{1};
  Ratio holds{1};

  template <class V>
  void fields(V& v) {
    constexpr auto ours = "our choice";
    v("in", in,
      Field{.help = "lending markets whose borrowers they are; left out: all",
            .refers = Refers::market});
    v("bears", bears,
      Field{.help = "how far above the rate at the opening the median borrower lets his rate rise",
            .lo = 1e-6,
            .hi = 100,
            .source = ours});
    v("spread", spread,
      Field{.help = "standard deviation of its logarithm over borrowers: 50% is a factor of 1.6 "
                    "either way",
            .lo = 0,
            .hi = 5,
            .source = ours});
    v("within", within,
      Field{.help = "mean time from then until he repays: an exponential delay; he stays if the "
                    "rate falls back before",
            .lo = 1,
            .hi = 3.2e8,
            .source = ours});
    v("repays", repays,
      Field{.help = "share of his debt that he pays back, with the same share of his collateral "
                    "released",
            .lo = 0,
            .hi = 1,
            .source = ours});
    v("holds", holds,
      Field{.help = "money they have outside, over what they owe at the opening: no more is repaid",
            .lo = 0,
            .hi = 10,
            .source = "our choice: they still have what they borrowed"});
  }
};

/// How far above the opening rate one borrower lets his rate rise, per year; z standard normal.
double tolerance_of(const RepayersSpec& spec, double z);
/// How long he takes, seconds; u uniform in (0, 1).
double delay_of(const RepayersSpec& spec, double u);

}  // namespace faultline
