// What was reported of an event, as written under `reported:` by scenario: `run` prints it beside
// what the scenario does here.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/fields.hpp"
#include "core/values.hpp"

namespace faultline {

/// What had left by some time.
struct ReportedOutflow {
  Seconds by{0};
  Ratio share{0};

  template <class V>
  void fields(V& v) {
    v("by", by, Field{.help = "from the start", .lo = 0, .required = true});
    v("share", share,
      Field{.help = "of deposits at the start, net of what came in; below 0: more came in",
            .lo = -10,
            .hi = 1,
            .required = true});
  }
};

struct ReportedShape {
  std::optional<Ratio> deleveraged_over_liquidated, backstop_share, top10_share, top100_share;
  std::optional<Seconds> first_deleveraged_after;
  std::optional<double> branching;
  std::map<std::string, Seconds> full_after, nearly_full_for;  // by market.ASSET
  std::map<std::string, Ratio> withdrawn;                      // by market
  std::map<std::string, Amount> bad_debt;                      // by market
  std::map<std::string, ReportedOutflow> outflow;              // by market, vault, family or crowd
  std::map<std::string, Ratio> stayers_lose;                   // by vault
  std::map<std::string, double> liquidations;                  // by market
  std::map<std::string, double> full_rate_grows;               // by market.ASSET
  std::map<std::string, double> supply_growth, overvaluation;  // by asset; by agent
  std::map<std::string, Amount> supply, price_low;             // by ASSET.DAY; by asset
  std::map<std::string, Ratio> drained;                        // by market

  template <class V>
  void fields(V& v) {
    v("deleveraged_over_liquidated", deleveraged_over_liquidated,
      Field{.help = "positions closed against winners, over those liquidated", .lo = 0, .hi = 100});
    v("first_deleveraged_after", first_deleveraged_after,
      Field{.help = "from the first liquidation to the first deleveraging", .lo = 0});
    v("branching", branching,
      Field{.help = "share of what was liquidated that earlier liquidations brought about",
            .lo = 0,
            .hi = 10});
    v("backstop_share", backstop_share,
      Field{.help = "share of what was liquidated that vaults and funds took over",
            .lo = 0,
            .hi = 1});
    v("top10_share", top10_share,
      Field{
          .help = "share of the deleveraging that the ten largest bearers bore", .lo = 0, .hi = 1});
    v("top100_share", top100_share, Field{.help = "the same of the hundred", .lo = 0, .hi = 1});
    v("full_after", full_after,
      Field{.help = "from the start until all of a reserve was lent out, by market.ASSET",
            .lo = 0});
    v("nearly_full_for", nearly_full_for,
      Field{.help = "for how long 99.5% or more of it was, by market.ASSET", .lo = 0});
    v("withdrawn", withdrawn,
      Field{.help = "share of a market's deposits that left, by market", .lo = 0, .hi = 1});
    v("bad_debt", bad_debt, Field{.help = "bad debt in dollars, by market", .lo = 0});
    v("outflow", outflow,
      Field{.help = "deposits that had left by a time, by market, vault, family or depositors"});
    v("stayers_lose", stayers_lose,
      Field{.help = "how much less than at the start a share held to the end is worth, losses not "
                    "yet admitted included, by vault",
            .lo = 0,
            .hi = 1});
    v("liquidations", liquidations, Field{.help = "liquidations to the end, by market", .lo = 0});
    v("full_rate_grows", full_rate_grows,
      Field{.help = "times the borrow rate grows in a day while all is lent out, by market.ASSET",
            .lo = 0});
    v("supply", supply,
      Field{.help = "units of an asset after so many days, by ASSET.DAY, as `LUNA.4: 1.5bn LUNA`",
            .lo = 0});
    v("supply_growth", supply_growth,
      Field{.help = "how many times as much of an asset there was at the end, by asset", .lo = 0});
    v("price_low", price_low,
      Field{.help = "an asset's lowest price, by asset",
            .lo = 0,
            .refers = Refers::asset,
            .scales = Scales::no});
    v("overvaluation", overvaluation,
      Field{.help = "what markets believed cheap collateral to be worth over what its buyers paid, "
                    "by agent",
            .lo = 0,
            .refers = Refers::agent});
    v("drained", drained,
      Field{.help = "share of what a market could lend that buyers of cheap collateral took, by "
                    "market",
            .lo = 0,
            .hi = 1,
            .refers = Refers::market});
  }
};

}  // namespace faultline
