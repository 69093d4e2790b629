// Auctions of one run: what is being sold, who leads, and the books losses meet.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/credit/auction_house.hpp"

namespace faultline {

/// A lot under way. Amounts are whole quanta of the coin and of the collateral.
struct Auction {
  std::uint32_t house = 0, position = 0;
  double tab = 0;   // to be raised
  double owed = 0;  // of it, debt the vault left behind
  double lot = 0;
  double top = 0, start_s = 0;   // dutch
  double bid = 0, tied_usd = 0;  // english: what leads, and what of its bidder's capital that ties
  BidClock clock;
  bool sold = false;  // english: the winner has the lot and is yet to sell it

  bool closed() const { return tab == 0 && lot == 0; }
};

/// What one house has under way, coins.
struct HouseSums {
  double tab = 0, owed = 0;
};

/// What happened in one house this round, USD.
struct HouseRound {
  double started_usd = 0, taken_usd = 0, reset_usd = 0, lost_usd = 0, nothing_usd = 0;
};

struct SystemRun {
  SystemBooks books;
  std::vector<DebtAuction> debt;
  std::vector<SurplusAuction> surplus;

  bool auctions() const { return !debt.empty() || !surplus.empty(); }
};

struct AuctionRun {
  std::vector<Auction> open;
  std::vector<HouseSums> houses;
  std::vector<HouseRound> round;
  std::vector<SystemRun> systems;
  std::vector<double> tied_usd;    // [liquidator] in standing bids and lots won
  std::vector<double> bidder_usd;  // [liquidator * most_bidders + bidder] of it
  std::uint32_t most_bidders = 1;
  std::vector<std::uint32_t> vaults;  // in breach, to be sold this round; ascending
  std::vector<Bidder> bidders;        // scratch

  /// Nothing is being sold; keeps the storage of earlier runs.
  void reset(std::size_t house_count, std::size_t system_count, std::size_t liquidators) {
    open.clear();
    houses.assign(house_count, {});
    round.assign(house_count, {});
    systems.resize(system_count);
    for (SystemRun& s : systems) {
      std::vector<SystemBooks::Queued> queue = std::move(s.books.queue);
      queue.clear();
      s.books = {};
      s.books.queue = std::move(queue);
      s.debt.clear();
      s.surplus.clear();
    }
    tied_usd.assign(liquidators, 0.0);
    bidder_usd.assign(liquidators * most_bidders, 0.0);
    vaults.clear();
  }
};

}  // namespace faultline
