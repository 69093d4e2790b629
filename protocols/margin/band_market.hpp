// A market of loans on bands: each loan's collateral lies in price bands of the market's own pool
// (venues/band_pool.hpp) and turns into the coin owed as the price falls through them
// (margin/band_loan.hpp). Mechanics: crvUSD and LlamaLend. Source: docs/model.md, "Loans on bands".
#pragma once

#include <optional>
#include <string>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "protocols/margin/band_loan.hpp"
#include "protocols/margin/rates.hpp"

namespace faultline {

struct BandMarket {
  static constexpr std::string_view name = "band_loans";

  struct Spec {
    Name lends;
    Name collateral;
    std::optional<Amount> supplied, borrowed;
    std::optional<Name> oracle;
    Seconds oracle_half_life{600};
    std::optional<Ratio> oracle_limit;
    double amplification = 100;
    Ratio fee{0.006};
    Ratio loan_discount{0.09}, liquidation_discount{0.06};
    long bands = 10;
    std::optional<Amount> base_price;
    RateSpec rate;

    template <class V>
    void fields(V& v) {
      constexpr auto crvusd = "crvUSD's markets (crvusd_controller_code)";
      v("lends", lends, Field{.help = "the coin owed", .required = true, .refers = Refers::asset});
      v("collateral", collateral,
        Field{.help = "the asset posted", .required = true, .refers = Refers::asset});
      v("supplied", supplied,
        Field{.help = "coins lent in, borrowed or not; left out: loans mint the coin", .lo = 0});
      v("borrowed", borrowed, Field{.help = "coins owed by generated loans", .lo = 0});
      v("oracle", oracle,
        Field{.help = "feed of the collateral its pool reads, as published in the round before; "
                      "left out: the outside price",
              .refers = Refers::oracle});
      v("oracle_half_life", oracle_half_life,
        Field{.help = "half-life of the average the pool takes of that; 0: none",
              .lo = 0,
              .source = "crvUSD's oracles average over about 10 minutes"});
      v("oracle_limit", oracle_limit,
        Field{.help = "how far that average may lie off what it is taken of; left out: no limit",
              .lo = 0,
              .hi = 1,
              .source = "1.5% about Chainlink's price while a market's `use_chainlink` is on "
                        "(crvusd_oracle_code)"});
      v("amplification", amplification,
        Field{.help = "A: a band is 1/A wide", .lo = 2, .hi = 10000, .source = crvusd});
      v("fee", fee,
        Field{.help = "share of what is given to the pool that stays in its bands",
              .lo = 0,
              .hi = 0.5,
              .source = crvusd});
      v("loan_discount", loan_discount,
        Field{.help = "taken off what the bands would become, when a loan is opened",
              .lo = 0,
              .hi = 0.9,
              .source = crvusd});
      v("liquidation_discount", liquidation_discount,
        Field{.help = "taken off it in health: below its debt a loan may be liquidated",
              .lo = 0,
              .hi = 0.9,
              .source = crvusd});
      v("bands", bands,
        Field{.help = "how many bands a loan lies in that does not say",
              .lo = 4,
              .hi = 50,
              .source = "crvUSD: 4 to 50, its page begins with 10"});
      v("base_price", base_price,
        Field{.help = "where band 0 begins, $ a unit of collateral, at the date of the accounts: "
                      "divided by their `rescale`; left out: at the opening price",
              .lo = 1e-15,
              .hi = 1e15,
              .scales = Scales::no});
      v("rate", rate, Field{.help = "borrow rate"});
    }
  };
};

/// The terms of loans a checked spec describes.
inline BandLoanTerms compile_band_terms(const BandMarket::Spec& s) {
  BandLoanTerms t;
  t.a = s.amplification;
  t.loan_discount = s.loan_discount.value;
  t.liquidation_discount = s.liquidation_discount.value;
  return t;
}

}  // namespace faultline
