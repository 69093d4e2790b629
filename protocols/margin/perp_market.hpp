// A venue for perpetual contracts: what users write of it. Accounts post collateral and hold linear
// contracts on margin; whoever falls below maintenance is closed into the contract's own book.
//
// A position is a leg of the same position book lending uses (charter, section 5). With the mark M,
// the maintenance share m and the sum F of funding paid per contract so far, both in the settlement
// asset:
//   a long of q   is collateral  q * (M * (1 - m) - F)
//   a short of q  is debt        q * (M * (1 + m) - F)
//   what it traded for, and all it earned since, is its balance of the settlement asset: collateral
//   where above zero, debt where below
// An inverse contract on a coin is a linear one on a dollar, settled in the coin, held the other
// way round: a long of face F at entry E gains F (1/E - 1/M) coins, as a short of F dollars does.
//
// So that collateral - debt = equity - maintenance margin: in breach where below zero.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "protocols/liquidation/perp_sizing.hpp"
#include "protocols/losses/adl.hpp"
#include "protocols/margin/funding.hpp"
#include "protocols/margin/margin_tiers.hpp"
#include "protocols/margin/mark_price.hpp"
#include "protocols/venues/order_book.hpp"

namespace faultline {

/// An asset accounts may post: `USDC: 100%`.
struct PerpCollateralSpec {
  static constexpr std::string_view shorthand = "weight";
  Ratio weight{1.0};
  Ratio bonus{0.05};
  std::optional<Name> oracle;

  template <class V>
  void fields(V& v) {
    v("weight", weight, Field{.help = "share of its value that counts", .lo = 0, .hi = 1});
    v("bonus", bonus,
      Field{.help = "what buyers of seized collateral get above what they pay",
            .lo = 0,
            .hi = 1,
            .source = "our choice: as lending markets pay (aave_v3_code)"});
    v("oracle", oracle, Field{.help = "feed, if not the asset's own", .refers = Refers::oracle});
  }
};

/// One contract, named by its underlying asset: its book and its margin.
struct PerpContractSpec : OrderBook::Quotes, MarginTiersSpec {
  std::optional<Amount> open_interest;
  std::optional<Name> oracle;
  std::optional<Name> inverse;

  template <class V>
  void fields(V& v) {
    v("open_interest", open_interest,
      Field{.help = "contracts open at the start, on each side", .lo = 0});
    v("oracle", oracle,
      Field{.help = "feed of its index, if not the underlying's own", .refers = Refers::oracle});
    v("inverse", inverse,
      Field{.help = "the dollar asset its face is counted in, of a contract paid in the coin it "
                    "follows; left out: linear",
            .refers = Refers::asset});
    Quotes::fields(v);
    MarginTiersSpec::fields(v);
  }
};

struct PerpMarket {
  static constexpr std::string_view name = "perpetuals";

  struct Spec {
    std::optional<Name> settles;
    std::map<std::string, PerpCollateralSpec> collateral;
    std::map<std::string, PerpContractSpec> contracts;
    MarkSpec mark;
    Ratio liquidate_at{1.0};
    PerpLiquidationSpec liquidation;
    FundingSpec funding;
    Amount impact{20e3, "$"};
    std::vector<std::string> losses{"margin", "adl"};
    AdlSpec adl;

    template <class V>
    void fields(V& v) {
      v("settles", settles,
        Field{.help = "asset gains and losses are paid in; left out: the collateral that counts in "
                      "full, by name the first",
              .refers = Refers::asset});
      v("collateral", collateral,
        Field{.help = "assets accounts may post, and the share of each that counts",
              .required = true,
              .refers = Refers::asset});
      v("contracts", contracts,
        Field{.help = "contracts traded, by the asset they follow",
              .required = true,
              .refers = Refers::asset});
      v("mark", mark, Field{.help = "the price accounts are valued at"});
      v("liquidate_at", liquidate_at,
        Field{
            .help = "equity over maintenance margin at which accounts are liquidated",
            .lo = 1,
            .hi = 10,
            .source = "cross margin; portfolio margin on Binance 105% (binance_portfolio_margin)"});
      v("liquidation", liquidation, Field{.help = "how accounts in breach are closed"});
      v("funding", funding, Field{.help = "what longs and shorts pay each other"});
      v("impact", impact,
        Field{.help = "size of the trade whose price makes the premium",
              .lo = 0,
              .source = "Hyperliquid Docs, Funding: $20k for BTC and ETH (hyperliquid_docs)"});
      v("losses", losses,
        Field{.help =
                  "who bears what an account cannot, in this order: margin, vaults and funds by "
                  "name, adl (closing winners), socialise (all holders)"});
      v("adl", adl, Field{.help = "whose positions are closed, and at which price"});
    }
  };
};

}  // namespace faultline
