// A system's own books, and the auctions that square them by its governance token: Maker's Vow,
// Flap and Flop [maker_dss_code].
//   sin      every liquidation adds what was owed; it waits `wait` in the queue, while collateral
//            is being sold, before it counts as bad debt
//   heal     surplus (fees, penalties, proceeds of auctions) pays sin that neither waits nor is
//            being auctioned
//   debt     free sin >= sump and no surplus: sump coins are asked for newly minted tokens, `dump`
//            at first; bidders take fewer, by beg; without a bid the lot grows by pad
//   surplus  >= sin + bump + hump, no free sin: bump coins are sold for tokens, which are burned
// Token holders bear what liquidations lost, by dilution, and later than it was lost.
#pragma once

#include <cstdint>
#include <vector>

#include "protocols/liquidation/english_auction.hpp"

namespace faultline {

/// Defaults: Maker in March 2020, with the wait of then.
struct SystemBookTerms {
  double debt_lot = 50000;                     // sump, coins
  double first_tokens = 250;                   // dump, tokens for it
  double pad = 1.5;                            // growth of that lot without a bid
  double surplus_lot = 10000;                  // bump, coins
  double buffer = 500000;                      // hump, coins of surplus never sold
  double wait_s = 561600;                      // 156 h
  BidTerms bids{1.03, 21600, 259200};          // for tokens, of debt auctions
  BidTerms surplus_bids{1.05, 10800, 172800};  // flap.sol as shipped
};

/// The books. free sin = sin - queued - on_auction.
struct SystemBooks {
  struct Queued {
    double at_s = 0;
    double amount = 0;
  };
  double surplus = 0;     // coins
  double sin = 0;         // coins nothing stands behind
  double queued = 0;      // of it, waiting
  double on_auction = 0;  // of it, being auctioned
  double minted = 0;      // tokens, ever
  double burned = 0;
  std::vector<Queued> queue;  // in order of time

  double free_sin() const { return sin - queued - on_auction; }
};

/// A liquidation's debt goes on the books. An auction's proceeds go to `surplus`.
void take_on(SystemBooks& b, double due, double now_s);

/// What has waited long enough counts.
void release_queued(const SystemBookTerms& t, SystemBooks& b, double now_s);

/// Pays free sin out of surplus. Gives how much.
double heal(SystemBooks& b);

/// Coins asked for tokens yet to be minted.
struct DebtAuction {
  double bid = 0;  // coins, fixed
  double lot = 0;  // tokens
  BidClock clock;
};

bool may_auction_debt(const SystemBookTerms& t, const SystemBooks& b);
DebtAuction start_debt_auction(const SystemBookTerms& t, SystemBooks& b, double now_s);
/// Fewer tokens for the same coins. The first bid's coins pay sin at once, later ones refund.
BidFlow bid_for_tokens(const SystemBookTerms& t, SystemBooks& b, DebtAuction& a, double lot,
                       std::uint32_t who, double now_s);
/// Nobody bid: more tokens are offered. Whether it did.
bool retry_debt_auction(const SystemBookTerms& t, DebtAuction& a, double now_s);
/// Tokens minted for the winner; 0 unless finished. Closes it.
double settle_debt_auction(SystemBooks& b, DebtAuction& a, double now_s);

/// Coins sold for tokens to be burned.
struct SurplusAuction {
  double lot = 0;  // coins, fixed
  double bid = 0;  // tokens
  BidClock clock;
};

bool may_auction_surplus(const SystemBookTerms& t, const SystemBooks& b);
SurplusAuction start_surplus_auction(const SystemBookTerms& t, SystemBooks& b, double now_s);
/// More tokens for the same coins.
BidFlow bid_for_surplus(const SystemBookTerms& t, SurplusAuction& a, double bid, std::uint32_t who,
                        double now_s);
/// Nobody bid: its time begins anew.
bool retry_surplus_auction(const SystemBookTerms& t, SurplusAuction& a, double now_s);
/// Coins to the winner; 0 unless finished. Burns the bid, closes it.
double settle_surplus_auction(SystemBooks& b, SurplusAuction& a, double now_s);

/// What holders of `supply` tokens give up by minting, as a share of what they had: minted /
/// (supply + minted).
inline double dilution(double supply, double minted) {
  return minted > 0 ? minted / (supply + minted) : 0;
}

}  // namespace faultline
