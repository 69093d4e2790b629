// A market for a coin minted against loans ("troves") that nobody need buy out: what users write of
// it. A failing loan is paid out of a pool of coins set aside for that, which gets its collateral
// (protocols/losses/stability_pool.hpp); what the pool cannot pay goes, debt and collateral, to all
// other borrowers (protocols/losses/redistribution.hpp). Liquity v1, and a branch of v2
// (protocols/liquidation/trove_liquidation.hpp). Source: docs/model.md, "Stability pools".
#pragma once

#include <optional>

#include "core/fields.hpp"
#include "core/values.hpp"

namespace faultline {

/// Coins taken back at face value out of the riskiest loans' collateral.
struct CoinRedemptionSpec {
  Ratio fee{0.005};
  double beta = 2;
  Seconds half_life{43200};

  template <class V>
  void fields(V& v) {
    constexpr auto v1 = "TroveManager.sol and LiquityBase.sol (liquity_v1_code)";
    v("fee", fee,
      Field{.help = "least share of the collateral drawn that is kept",
            .lo = 0,
            .hi = 1,
            .source = v1});
    v("beta", beta,
      Field{.help = "redeeming a share x of all coins raises it by x / beta",
            .lo = 0.01,
            .hi = 1000,
            .source = v1});
    v("half_life", half_life, Field{.help = "with which that fades", .lo = 60, .source = v1});
  }
};

struct TroveMarket {
  static constexpr std::string_view name = "trove_market";

  struct Spec {
    Name lends;
    Name collateral;
    Ratio mcr{1.1};
    Ratio ccr{1.5};
    bool recovery_mode = true;
    Ratio caller_share{0.005};
    std::optional<Amount> caller_most;
    bool caller_of_pool_only = false;
    std::optional<Ratio> pool_penalty, others_penalty;
    std::optional<Amount> pool;
    Amount pool_keeps{1, "$"};
    PerYear fee{0};
    std::optional<Amount> line, borrowed;
    std::optional<CoinRedemptionSpec> redemption;
    std::optional<Name> oracle, coin_oracle;

    template <class V>
    void fields(V& v) {
      constexpr auto v1 = "LiquityBase.sol and TroveManager.sol (liquity_v1_code)";
      constexpr auto v2 = "TroveManager.sol and Constants.sol (liquity_v2_code)";
      v("lends", lends,
        Field{.help = "the coin minted against loans", .required = true, .refers = Refers::asset});
      v("collateral", collateral,
        Field{.help = "the asset posted", .required = true, .refers = Refers::asset});
      v("mcr", mcr,
        Field{.help = "collateral over debt below which a loan is liquidated",
              .lo = 1.0001,
              .hi = 100,
              .source = v1});
      v("ccr", ccr,
        Field{.help = "that of all loans together below which they are in recovery mode",
              .lo = 1.0001,
              .hi = 100,
              .source = v1});
      v("recovery_mode", recovery_mode,
        Field{.help = "below `ccr` loans below the ratio of all may be liquidated, too",
              .source = v1});
      v("caller_share", caller_share,
        Field{.help = "of the collateral, to who calls the liquidation",
              .lo = 0,
              .hi = 0.1,
              .source = v1});
      v("caller_most", caller_most,
        Field{.help = "at most so much of it; absent: no limit", .lo = 0, .source = v2});
      v("caller_of_pool_only", caller_of_pool_only,
        Field{.help = "that share is of what the pool pays for alone", .source = v2});
      v("pool_penalty", pool_penalty,
        Field{.help = "collateral the pool gets above the debt it pays, at most; absent: all of it",
              .lo = 0,
              .hi = 1,
              .source = v2});
      v("others_penalty", others_penalty,
        Field{.help = "likewise what the other borrowers get", .lo = 0, .hi = 1, .source = v2});
      v("pool", pool,
        Field{.help = "coins in the stability pool at the start; absent: none", .lo = 0});
      v("pool_keeps", pool_keeps,
        Field{.help = "coins no liquidation takes out of the pool", .lo = 0, .source = v1});
      v("fee", fee, Field{.help = "interest on debt", .lo = 0, .hi = 1000, .source = v2});
      v("line", line, Field{.help = "debt ceiling; absent: none", .lo = 0});
      v("borrowed", borrowed, Field{.help = "coins owed", .lo = 0});
      v("redemption", redemption,
        Field{.help = "coins are taken back at face value for collateral; absent: they are not"});
      v("oracle", oracle,
        Field{.help = "feed of the collateral, if not the asset's own", .refers = Refers::oracle});
      v("coin_oracle", coin_oracle,
        Field{.help = "feed by which the coin counts, if not the asset's own; Liquity: fixed: $1",
              .refers = Refers::oracle});
    }
  };
};

}  // namespace faultline
