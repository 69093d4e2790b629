// Collateral sold by rising bids: Maker's first liquidations, Cat and Flip [maker_dss_code].
//   lot    at most `lump` of the collateral (Cat 1.0; later at most `dunk` of tab and what room the
//          box has left); art in proportion, tab = art rate chop
//   tend   bids rise from 0 up to tab, each by the factor beg or to tab itself; the system has the
//          money at once, whoever was outbid gets his back
//   dent   at tab they bid the lot down instead, each by beg; the owner gets what is let go
//   end    ttl after the last bid, or tau after the start; without any bid it starts over
// There is no reserve price: with one bidder left (12 March 2020) the lot goes for nearly nothing
// and tab less the bid is the system's. What decides is how many bid, not what the lot is worth.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>

#include "protocols/liquidation/dutch_auction.hpp"

namespace faultline {

struct BidTerms {
  double beg = 1.05;      // least factor between bids
  double ttl_s = 10800;   // of a bid
  double tau_s = 172800;  // of an auction
};

/// When an auction ends, and who leads. Times on the caller's clock.
struct BidClock {
  double ends_s = 0;
  double bid_ends_s = 0;
  bool has_bid = false;
  std::uint32_t bidder = 0;

  /// Whether a bid may be placed.
  bool open(double now_s) const { return (!has_bid || bid_ends_s > now_s) && ends_s > now_s; }
  /// Whether the leader may take what was sold.
  bool finished(double now_s) const { return has_bid && (bid_ends_s < now_s || ends_s < now_s); }
  /// Whether it ended without a bid and may start over.
  bool stale(double now_s) const { return !has_bid && ends_s < now_s; }

  void restart(const BidTerms& t, double now_s) { ends_s = now_s + t.tau_s; }
  void lead(const BidTerms& t, std::uint32_t who, double now_s) {
    bidder = who;
    has_bid = true;
    bid_ends_s = now_s + t.ttl_s;
  }
};

/// How much of a vault goes into one auction. A plain lump, or (dunk, room finite) by debt.
struct BiteTerms {
  double chop = 1.13;
  double lump = std::numeric_limits<double>::infinity();  // collateral units
  double dunk = std::numeric_limits<double>::infinity();  // tab
  double dust = 0;                                        // least room (Cat 1.1)
};

/// Sizes one auction of a vault in breach; room: left in the box for tab of all auctions.
Barked bite(const BiteTerms& terms, const AuctionedVault& vault,
            double room = std::numeric_limits<double>::infinity());

/// An auction under way.
struct EnglishAuction {
  double tab = 0;
  double lot = 0;
  double bid = 0;
  BidClock clock;
};

inline EnglishAuction start_english(const BidTerms& t, double tab, double lot, double now_s) {
  EnglishAuction a{tab, lot, 0, {}};
  a.clock.restart(t, now_s);
  return a;
}

/// What one bid moves.
struct BidFlow {
  double to_system = 0;        // debt units
  double refund = 0;           // to the bidder who led
  std::uint32_t refunded = 0;  // who that is
  double to_owner = 0;         // collateral
  AuctionRefusal refusal = AuctionRefusal::none;
};

/// A higher bid for the whole lot, at most tab. The first may be 0: the contract asks for one of
/// its units, 1e-45 coins.
BidFlow tend(const BidTerms& t, EnglishAuction& a, double bid, std::uint32_t who, double now_s);

/// A smaller lot for all of tab.
BidFlow dent(const BidTerms& t, EnglishAuction& a, double lot, std::uint32_t who, double now_s);

/// What the winner gets, and what was not raised; nothing unless it is finished. Closes it.
struct EnglishEnd {
  bool done = false;
  std::uint32_t winner = 0;
  double lot = 0;
  double unraised = 0;  // of tab
};
EnglishEnd deal(EnglishAuction& a, double now_s);

/// Somebody who would bid: what a unit is worth to him, what he can spend, what a bid costs.
struct Bidder {
  std::uint32_t id = 0;
  double worth = 0;    // debt units per collateral unit
  double capital = 0;  // debt units
  double cost = 0;     // of one bid, gas included
};

/// The least bid that beats the last one, `opening` (>= 0) if there is none, if the bidder would
/// gain by it and does not lead already: a debt amount below tab, and at tab a lot. After a bid of
/// 0 it goes on at no less than a millionth of tab.
struct NextBid {
  double bid = 0;
  double lot = 0;
};
std::optional<NextBid> next_bid(const BidTerms& t, const EnglishAuction& a, const Bidder& b,
                                double opening);

/// All who are there outbid each other, in turn, until nobody would go on: what it moved in sum.
/// Only the leader's money stays in it.
struct BiddingOut {
  double to_system = 0;  // debt units
  double to_owner = 0;   // collateral
  int bids = 0;
};
BiddingOut bid_out(const BidTerms& t, EnglishAuction& a, std::span<const Bidder> bidders,
                   double opening, double now_s);

/// Places it: tends or dents.
BidFlow place_bid(const BidTerms& t, EnglishAuction& a, const NextBid& n, std::uint32_t who,
                  double now_s);

}  // namespace faultline
