// Buyers of cheap collateral: where a lending market believes an asset to be worth more than it
// costs by so much that borrowing against it pays more than its price, they buy it, post it, borrow
// what they can sell and do not come back (Venus and Blizz, 12 May 2022, when LUNA's feed had a
// floor: rekt_venus_blizz).
//   pays while   believed price x LTV x (market over believed price of what is lent)
//                > price of the last unit bought
//   size         to that unit; within capital, the market's caps and cash, and what it takes
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/fields.hpp"
#include "core/values.hpp"

namespace faultline {

struct CheapBuyersSpec {
  static constexpr std::string_view name = "cheap_collateral_buyers";
  std::vector<Name> buys, in;
  std::optional<Amount> capital, gas;
  Seconds turnover{600};
  Seconds latency{60};

  template <class V>
  void fields(V& v) {
    v("buys", buys, Field{.help = "assets they watch", .required = true, .refers = Refers::asset});
    v("in", in,
      Field{.help = "lending markets they post them in; left out: all", .refers = Refers::market});
    v("capital", capital,
      Field{.help = "one purse for all of them, most that is out at once; left out: unlimited",
            .lo = 0});
    v("turnover", turnover,
      Field{.help = "until what was spent is free again: bought, moved, posted, borrowed, sold",
            .lo = 0,
            .hi = 8.64e6,
            .source = "our choice: ten minutes"});
    v("latency", latency,
      Field{.help = "how long a gap stands before they act on it",
            .lo = 0,
            .hi = 8.64e6,
            .source = "our choice: a minute"});
    v("gas", gas,
      Field{.help = "cost of one round of it; left out: the market's chain's", .lo = 0});
  }
};

}  // namespace faultline
