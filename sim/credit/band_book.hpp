// Loans on bands as the engine holds them: what never changes of one market's loans, and what one
// run changes. A loan's part of a band is its share of it, so a trade of the pool changes no share.
//
//   a loan has   kept x sum over its bands of  share / all shares x what the band holds
//   a row has    collateral in the bands, coins in the bands, what the bands would become less the
//                liquidation discount, and the debt: health is the third over the fourth
#pragma once

#include <cstdint>
#include <vector>

#include "core/ids.hpp"
#include "protocols/margin/band_loan.hpp"

namespace faultline {

/// One loan: its bands from `first`, counted from the pool's first, and where its shares begin.
struct LoanPlace {
  std::uint32_t first = 0, bands = 0, first_share = 0;
};

/// The loans of one market, in the order of its rows.
struct BandBook {
  enum Leg : std::uint32_t { collateral_leg, coins_leg, promised_leg, debt_leg };

  MarketId market;
  VenueId venue;
  std::uint32_t pool = 0;  // among the band pools
  BandLoanTerms terms;
  std::uint32_t lends = 0, collateral = 0, coins = 0, promised = 0;  // reserves
  std::uint32_t first_position = 0;
  std::vector<LoanPlace> loans;
  std::vector<double> shares;                         // of a loan in each of its bands
  std::vector<std::uint32_t> first_in_band, in_band;  // [band] its loans in `in_band`
  std::vector<double> band_shares;                    // [band] of all loans
};

/// What a loan has in its bands, in whole quanta.
struct LoanHolding {
  double collateral = 0, coins = 0;
  double promised = 0;  // what they would become on the way down, less the liquidation discount
};

/// A loan of health below 1 that nobody need look at until a price gets somewhere.
struct WaitingLoan {
  double price = 0;
  std::uint32_t position = 0, stamp = 0;  // of its row when it was parked
};

/// What such a loan waits for: where it fails, its collateral to sell above this price; else the
/// pool's oracle price below it.
struct AwaitedPrice {
  bool fails = false;
  double price = 0;
};

/// One market's loans in one run.
struct BandMarketRun {
  std::vector<double> kept;                         // [loan] share of its opening shares
  std::vector<double> shares;                       // [band] of all loans
  std::vector<double> coins, collateral, promised;  // [band] per share
  std::uint32_t active = 0, oracle_band = 0;        // of the pool when those were last found
  double oracle = 0;
  double base = 0, quote = 0;       // the pool's balances then
  double told = 0;                  // share of coins the story told of
  std::vector<std::uint32_t> seen;  // [loan] the refresh it was last brought up to date in
  std::uint32_t refreshes = 0;
  std::vector<WaitingLoan> sound;    // a heap, highest first: may fail once the oracle is below
  std::vector<WaitingLoan> unpaid;   // a heap, lowest first: may pay once the lane brings more
  std::vector<AwaitedPrice> awaits;  // [loan] what its last entry there names
  double index = 1;                  // of debt, when `sound` was last empty
  double gas = 0;                    // least of a liquidation's, in coins, that `unpaid` counts on
};

struct BandRun {
  std::vector<BandMarketRun> markets;
  std::vector<std::uint32_t> closed;  // loans whose coins repay them: liquidated without a trade
};

}  // namespace faultline
