// Issuers of algorithmic coins and buyers of cheap collateral, as compiled.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "core/market_state.hpp"
#include "protocols/claims/algorithmic_coin.hpp"

namespace faultline {

/// An issuer that mints and burns a coin against a token (protocols/claims/algorithmic_coin.hpp).
struct AlgorithmicCoin {
  std::string name;
  AssetId coin, token;
  OracleId oracle;  // of the token
  double peg_usd = 1;
  CoinTerms terms;
  double daily_cap = std::numeric_limits<double>::infinity();  // coins redeemed
  double halts_at = std::numeric_limits<double>::infinity();   // of the token, units
  AccountId coin_fees, token_fees;                             // what the spread keeps
  AccountId coin_holders, token_holders;                       // who has what nobody else does
  std::uint32_t chain = 0xffffffffu;
};

/// One leg of a way through an issuer: a venue, or none where what is given is already it.
struct TripLeg {
  VenueId venue;
  Side side = Side::sell;
  bool there() const { return venue.valid(); }
};

/// A round trip: money -> coin -> token -> money where it redeems, money -> token -> coin -> money
/// where it mints. Money may be what is swapped first: then there is no way in.
struct SwapTrip {
  std::uint32_t coin = 0;  // issuer
  bool redeems = true;
  AssetId money;
  TripLeg in, out;
};

/// A market where cheap collateral is posted: the buyers' row there.
struct CheapPlace {
  MarketId market;
  std::uint32_t row = 0xffffffffu;
  std::vector<std::uint32_t> reserves;  // of the assets they buy, no category's
};

/// A way to buy an asset: at a venue, for money.
struct CheapOffer {
  AssetId asset, money;
  VenueId venue;
  Side side = Side::buy;  // on which the asset is taken
};

struct CheapBuyersInfo {
  std::string name;
  double capital_usd = 0;  // infinite: unlimited
  double turnover_s = 0, latency_s = 0;
  double gas_usd = 0;  // NaN: that of the market's chain
  std::vector<AssetId> buys;
  std::vector<CheapPlace> places;
  std::vector<CheapOffer> offers;
  std::vector<AccountId> purse;   // [asset]
  std::uint32_t first_watch = 0;  // of its gaps, by place and reserve, among all buyers'
};

}  // namespace faultline
