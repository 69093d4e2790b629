// `accounts:` of a perpetual venue: groups of traders drawn from a stated distribution.
#pragma once

#include "core/fields.hpp"
#include "data/field_reader.hpp"
#include "sim/ecosystem.hpp"

namespace faultline {

/// Leverage as people write it: {median: 8x, p99: 35x}.
struct LeverageSpec {
  Ratio median{5.0};
  std::optional<Ratio> p90, p99;

  template <class V>
  void fields(V& v) {
    constexpr auto source = "our choice: between the medians venues have published";
    v("median", median, Field{.help = "half are below", .lo = 0.01, .hi = 200, .source = source});
    v("p90", p90, Field{.help = "one in ten is above", .lo = 0.01, .hi = 200});
    v("p99", p99, Field{.help = "one in a hundred is above", .lo = 0.01, .hi = 200});
  }
};

/// Traders drawn from a stated distribution; a side's groups share its open interest by count.
struct TraderGroupSpec {
  long count = 1000;
  std::optional<std::string> side;
  LeverageSpec leverage;
  std::map<std::string, Ratio> posts;
  long contracts = 1;
  double size_sd = 2;
  Ratio entry_spread{0.05};

  template <class V>
  void fields(V& v) {
    v("count", count, Field{.help = "accounts", .lo = 1, .hi = 1e7, .required = true});
    v("side", side,
      Field{.help = "what they hold; a group named `longs` or `shorts` need not say",
            .choices = "long short"});
    v("leverage", leverage, Field{.help = "notional over equity at the start, by quantiles"});
    v("posts", posts,
      Field{.help = "collateral: an asset, or shares of accounts by asset; left out, what the "
                    "venue settles in, or the quote of its pool",
            .refers = Refers::asset});
    v("contracts", contracts,
      Field{.help = "contracts each account holds, at most", .lo = 1, .hi = 20});
    v("size_sd", size_sd,
      Field{.help = "standard deviation of ln(notional) over accounts",
            .lo = 0,
            .hi = 5,
            .source = "our choice: a heavy tail"});
    v("entry_spread", entry_spread,
      Field{.help = "standard deviation of ln(entry price / price at the start)",
            .lo = 0,
            .hi = 2,
            .source = "our choice: entries within some days' moves"});
  }
};

/// Reads the groups of traders of a perpetual venue into `market.traders`.
void read_traders(const Node& node, const std::string& market_name, MarketNode& market,
                  ReadContext& context);

}  // namespace faultline
