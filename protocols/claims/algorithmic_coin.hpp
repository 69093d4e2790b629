// A coin whose only backing is another that its issuer mints: whoever burns the coin gets newly
// minted tokens worth its peg at the oracle's price, less a spread that two virtual pools set
// (virtual_pools.hpp), and the reverse [terra_market_code].
//   redeem x coins:  minted = x peg / oracle price x (1 - spread)        delta += x peg
//   mint:            burns y tokens for y oracle price / peg x (1 - spread) coins
// Both are counted: nothing is held, supply is all there is. delta goes back by 1 / recovery a
// block, and blocks may be cut: half a block twice is one, whatever a round's length.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "protocols/claims/virtual_pools.hpp"

namespace faultline {

struct AlgorithmicCoinSpec {
  static constexpr std::string_view name = "algorithmic_coin";
  Name coin, token;
  Amount peg{1, "$"};
  Amount base_pool{67e6, "$"};
  double recovery = 36;
  Seconds block{6};
  Ratio least_spread{0.02};
  std::optional<Name> oracle;
  std::string opens = "both";
  std::optional<Amount> daily_cap, halts_at;

  template <class V>
  void fields(V& v) {
    constexpr auto terra = "Terra's market module, Columbus-5 (terra_market_code)";
    v("coin", coin,
      Field{.help = "the coin: an asset with a supply", .required = true, .refers = Refers::asset});
    v("token", token,
      Field{.help = "what is minted for it and burnt for it: an asset with a supply and a "
                    "max_supply",
            .required = true,
            .refers = Refers::asset});
    v("peg", peg,
      Field{.help = "what the issuer takes one coin for, whatever it trades at",
            .lo = 1e-12,
            .source = terra,
            .scales = Scales::no});
    v("base_pool", base_pool,
      Field{.help = "B: each virtual pool at rest; the spread of a swap of B is a half",
            .lo = 1e-9,
            .source = "50m SDR (terra_market_code) at $1.34"});
    v("recovery", recovery,
      Field{.help = "blocks in which a pool would be back, at its first block's pace",
            .lo = 1,
            .hi = 1e9,
            .source = terra});
    v("block", block,
      Field{.help = "time between two blocks", .lo = 0.01, .hi = 86400, .source = terra});
    v("least_spread", least_spread,
      Field{.help = "spread of the smallest swap", .lo = 0, .hi = 0.99, .source = terra});
    v("oracle", oracle,
      Field{.help = "the token's price in swaps; left out, the feed of its name",
            .refers = Refers::oracle});
    v("opens", opens,
      Field{.help = "which swaps it takes: coin for token, token for coin, or both",
            .choices = "both redeem mint"});
    v("halts_at", halts_at,
      Field{.help =
                "supply of the token at which its chain is halted: nothing is swapped any more; "
                "left out: never",
            .lo = 0});
    v("daily_cap", daily_cap,
      Field{.help = "most that is redeemed in a day, made room for evenly; left out: none",
            .lo = 0});
  }
};

/// What of it a run may change.
struct CoinTerms {
  VirtualPoolTerms pools;  // base in USD
  double block_s = 6;
  bool redeems = true, mints = true;
};

/// Its terms; base_usd is its base pool in dollars.
inline CoinTerms compile_coin_terms(const AlgorithmicCoinSpec& spec, double base_usd) {
  CoinTerms t;
  t.pools.base = base_usd;
  t.pools.period = spec.recovery;
  t.pools.least_spread = spec.least_spread.value;
  t.block_s = spec.block.value;
  t.redeems = spec.opens != "mint";
  t.mints = spec.opens != "redeem";
  return t;
}

}  // namespace faultline
