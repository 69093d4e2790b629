// A market for a coin minted against vaults: what users write of it. Nobody lends: the coin comes
// into being as debt and goes out of being as it is repaid, so there is no cash to run on. A vault
// in breach goes to auction (protocols/liquidation/dutch_auction.hpp, english_auction.hpp); what
// the auctions do not raise is borne by the system's surplus, then by holders of its governance
// token (protocols/losses/surplus_and_debt_auctions.hpp), then by holders of the coin. Mechanics:
// Maker. Source: docs/model.md, "Collateralised debt and auctions".
//
//   safe iff  ink * feed / mat >= art * rate
#pragma once

#include <optional>
#include <string>

#include "core/fields.hpp"
#include "core/values.hpp"

namespace faultline {

/// How a vault's collateral is sold. Defaults: ETH-A of 2021 to 2022; English: as Flip shipped.
struct AuctionSpec {
  std::string kind = "dutch";
  std::string decay = "stairstep";
  Ratio buf{1.2};
  Ratio cut{0.99};
  Seconds step{90};
  Seconds tau{172800};
  Seconds tail{8400};
  Ratio cusp{0.4};
  Ratio chip{0.001};
  Amount tip{0, "$"};
  std::optional<Amount> lump, dunk;
  Ratio beg{1.05};
  Seconds ttl{10800};
  long bidders = 5;
  std::optional<Amount> pays;

  template <class V>
  void fields(V& v) {
    constexpr auto maker = "ETH-A, ranges over 2021 and 2022 (maker_dss_code)";
    v("kind", kind,
      Field{.help = "the price falls by a clock and anyone takes at it, or bids rise",
            .source = maker,
            .choices = "dutch english"});
    v("decay", decay,
      Field{.help = "dutch: how the price falls",
            .source = maker,
            .choices = "stairstep linear exponential"});
    v("buf", buf,
      Field{.help = "dutch: first price over the feed's", .lo = 0.01, .hi = 10, .source = maker});
    v("cut", cut,
      Field{.help = "dutch: factor of the price per step; exponential: per second",
            .lo = 0.01,
            .hi = 0.999999,
            .source = maker});
    v("step", step, Field{.help = "dutch: length of a step", .lo = 1, .source = maker});
    v("tau", tau,
      Field{.help = "linear: time until the price is zero; english: longest time an auction lasts",
            .lo = 1,
            .source = "flip.sol (maker_dss_code)"});
    v("tail", tail, Field{.help = "dutch: an older auction starts anew", .lo = 1, .source = maker});
    v("cusp", cusp,
      Field{.help = "dutch: likewise below this share of its first price",
            .lo = 0,
            .hi = 0.999,
            .source = maker});
    v("chip", chip,
      Field{.help = "share of what is to be raised, paid to who starts an auction",
            .lo = 0,
            .hi = 0.1,
            .source = maker});
    v("tip", tip, Field{.help = "and this much, paid by the system", .lo = 0, .source = maker});
    english_fields(v);
  }

 private:
  template <class V>
  void english_fields(V& v) {
    constexpr auto flip = "flip.sol and cat.sol (maker_dss_code)";
    v("lump", lump,
      Field{
          .help = "english: most collateral in one auction; absent: all", .lo = 0, .source = flip});
    v("dunk", dunk,
      Field{.help = "english: most to be raised by one auction; absent: all",
            .lo = 0,
            .source = flip});
    v("beg", beg,
      Field{.help = "english: least factor between bids", .lo = 1.0001, .hi = 2, .source = flip});
    v("ttl", ttl,
      Field{.help = "english: how long a bid must stand to win", .lo = 1, .source = flip});
    v("bidders", bidders,
      Field{.help = "english: how many bid; each has an equal part of the liquidators' capital",
            .lo = 1,
            .hi = 1000,
            .source = "our choice: a handful of keepers"});
    v("pays", pays,
      Field{
          .help = "english: most that all but one of them pay for a transaction; absent: anything",
          .lo = 0});
  }
};

/// Coins against newly minted tokens, when losses exceed the surplus.
struct DebtAuctionSpec {
  Name token;
  Amount lot{50000, "$"};
  Amount offers;
  Ratio pad{1.5};
  Seconds wait{561600};
  Ratio beg{1.03};
  Seconds ttl{21600};
  Seconds tau{259200};

  template <class V>
  void fields(V& v) {
    constexpr auto maker = "vow.sol and flop.sol, March 2020 (maker_dss_code)";
    v("token", token,
      Field{.help = "minted for who pays", .required = true, .refers = Refers::asset});
    v("lot", lot, Field{.help = "coins asked for at a time", .lo = 0, .source = maker});
    v("offers", offers,
      Field{
          .help = "tokens offered for them at first", .lo = 0, .source = maker, .required = true});
    v("pad", pad,
      Field{.help = "growth of the offer when nobody bids", .lo = 1, .hi = 10, .source = maker});
    v("wait", wait,
      Field{.help = "how long a liquidated debt waits before it counts as lost",
            .lo = 0,
            .source = maker});
    v("beg", beg,
      Field{.help = "least factor between bids", .lo = 1.0001, .hi = 2, .source = maker});
    v("ttl", ttl, Field{.help = "how long a bid must stand to win", .lo = 1, .source = maker});
    v("tau", tau, Field{.help = "longest time an auction lasts", .lo = 1, .source = maker});
  }
};

/// What the system has beyond a buffer, for tokens that are burned.
struct SurplusAuctionSpec {
  Name token;
  Amount lot{10000, "$"}, buffer{500000, "$"};
  Ratio beg{1.05};
  Seconds ttl{10800};
  Seconds tau{172800};

  template <class V>
  void fields(V& v) {
    constexpr auto maker = "vow.sol and flap.sol, March 2020 (maker_dss_code)";
    v("token", token,
      Field{.help = "taken for them and burned", .required = true, .refers = Refers::asset});
    v("lot", lot, Field{.help = "coins sold at a time", .lo = 0, .source = maker});
    v("buffer", buffer, Field{.help = "coins of surplus never sold", .lo = 0, .source = maker});
    v("beg", beg,
      Field{.help = "least factor between bids", .lo = 1.0001, .hi = 2, .source = maker});
    v("ttl", ttl, Field{.help = "how long a bid must stand to win", .lo = 1, .source = maker});
    v("tau", tau, Field{.help = "longest time an auction lasts", .lo = 1, .source = maker});
  }
};

struct CdpMarket {
  static constexpr std::string_view name = "cdp_market";

  struct Spec {
    Name lends;
    Name collateral;
    std::optional<Ratio> lltv;
    Ratio mat{1.5};
    Ratio chop{0.13};
    PerYear fee{0};
    std::optional<Amount> line, dust, hole, system_hole, surplus, borrowed;
    std::optional<Name> oracle, coin_oracle;
    AuctionSpec auction;
    std::optional<DebtAuctionSpec> debt_auction;
    std::optional<SurplusAuctionSpec> surplus_auction;

    template <class V>
    void fields(V& v) {
      constexpr auto maker = "ETH-A, ranges over 2021 and 2022 (maker_dss_code)";
      v("lends", lends,
        Field{.help = "the coin minted against vaults", .required = true, .refers = Refers::asset});
      v("collateral", collateral,
        Field{.help = "the asset posted", .required = true, .refers = Refers::asset});
      v("mat", mat,
        Field{.help = "collateral over debt below which a vault is sold",
              .lo = 1.0001,
              .hi = 100,
              .source = maker});
      v("lltv", lltv,
        Field{.help = "the same as debt over collateral, 1 / mat", .lo = 0.01, .hi = 0.9999});
      v("chop", chop,
        Field{.help = "penalty: raised above what is owed", .lo = 0, .hi = 1, .source = maker});
      v("fee", fee, Field{.help = "stability fee", .lo = 0, .hi = 1000, .source = maker});
      v("line", line, Field{.help = "debt ceiling; absent: none", .lo = 0});
      v("dust", dust, Field{.help = "least debt of a vault; absent: none", .lo = 0});
      v("hole", hole,
        Field{.help = "most to be raised at once from this collateral; absent: no limit", .lo = 0});
      v("system_hole", system_hole,
        Field{.help = "likewise from all collateral of the coin; absent: no limit", .lo = 0});
      v("surplus", surplus, Field{.help = "what the system set aside against losses", .lo = 0});
      v("borrowed", borrowed, Field{.help = "coins owed", .lo = 0});
      v("oracle", oracle,
        Field{.help = "feed of the collateral, if not the asset's own", .refers = Refers::oracle});
      v("coin_oracle", coin_oracle,
        Field{.help = "feed by which the coin counts, if not the asset's own; Maker: fixed: $1",
              .refers = Refers::oracle});
      v("auction", auction, Field{.help = "how a vault's collateral is sold"});
      v("debt_auction", debt_auction,
        Field{.help =
                  "tokens minted against losses beyond the surplus; absent: holders bear them"});
      v("surplus_auction", surplus_auction,
        Field{.help = "what surplus beyond a buffer is sold for; absent: it stays"});
    }
  };
};

}  // namespace faultline
