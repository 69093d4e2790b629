// English auctions (protocols/liquidation/english_auction.hpp): in each round those who can bid
// outbid each other until nobody would go on; an exchange of bids costs who leads one transaction.
// Coins of a bid are the system's at once, and tie up its bidder's capital until the lot he wins
// has been sold. Nobody who could bid asks a price: how many can decides what a lot brings.
#include <algorithm>
#include <cmath>

#include "sim/credit/auctions.hpp"
#include "sim/credit/coin_loans.hpp"
#include "sim/readings.hpp"

namespace faultline {

namespace {

constexpr double nothing = 0.01;  // of what is to be raised: a lot won for less is counted apart

/// Who is there, with what they can spend, the leader's bid included.
void gather_bidders(const Snapshot& world, Workspace& w, const AuctionHouse& h, const Auction& a,
                    double coin_usd) {
  const auto who = static_cast<std::size_t>(world.liquidator_of[h.market.value]);
  const double gas = liquidation_gas_usd(world, w, h.market);
  const std::uint16_t lane = world.lane(h.collateral, h.coin);
  const double worth = world.lanes[lane].open ? w.lane_price[lane] : 0;
  const double each = w.settings.liquidator_capital[who] / h.bidders;
  w.auctions.bidders.clear();
  for (std::uint32_t i = 0; i < h.bidders; ++i) {
    if (i > 0 && gas > h.pays_usd) break;  // one pays whatever it takes
    double free = each - w.auctions.bidder_usd[who * w.auctions.most_bidders + i];
    if (a.clock.has_bid && a.clock.bidder == i) free += a.tied_usd;
    w.auctions.bidders.push_back({i, worth, std::max(0.0, free) / coin_usd, gas / coin_usd});
  }
}

void tie_capital(const Snapshot& world, Workspace& w, const AuctionHouse& h, Auction& a,
                 std::uint32_t before, double usd) {
  const auto who = static_cast<std::size_t>(world.liquidator_of[h.market.value]);
  double* bidders = &w.auctions.bidder_usd[who * w.auctions.most_bidders];
  w.auctions.tied_usd[who] += usd - a.tied_usd;
  bidders[before] -= a.tied_usd;
  bidders[a.clock.bidder] += usd;
  a.tied_usd = usd;
}

void bid(const Snapshot& world, Workspace& w, const AuctionHouse& h, Auction& a) {
  const AssetId coin = world.reserves[h.coin].asset;
  const Quantum& qd = world.assets[coin.value].quantum;
  const Quantum& qc = world.assets[world.reserves[h.collateral].asset.value].quantum;
  const double spot = w.market.spot[coin.value];
  gather_bidders(world, w, h, a, spot);
  // What is still to be raised shrinks with every bid; the auction's rules go by the whole.
  const double goal = a.tab + a.bid;
  EnglishAuction e{goal, a.lot, a.bid, a.clock};
  if (bid_out(h.bids, e, w.auctions.bidders, 0, w.now_s).bids == 0) return;
  const std::uint32_t before = a.clock.bidder;
  const double to = std::min(goal, qd.up(e.bid)), rise = to - a.bid, lot = qc.up(e.lot);
  const AccountId purse = world.liquidator_purse(h.coin, coin);
  a.clock = e.clock;
  tie_capital(world, w, h, a, before, to * spot);
  a.bid = to;
  const double gas = qd.up(w.auctions.bidders[0].cost);
  w.ledger.post(purse, world.chain_purse[coin.value], gas);
  w.outcome.gas_usd += gas * spot;
  w.ledger.post(purse, world.reserves[h.coin].cash, rise);
  note_raised(world, w, a, rise);
  if (lot < a.lot) {
    w.ledger.post(h.lots, h.owners, a.lot - lot);
    w.outcome.auctions[a.house].returned_usd +=
        (a.lot - lot) * w.market.spot[world.reserves[h.collateral].asset.value];
    a.lot = lot;
  }
}

/// The winner takes the lot, to sell it from the next round on.
void deal(const Snapshot& world, Workspace& w, const AuctionHouse& h, Auction& a) {
  const AssetId asset = world.reserves[h.collateral].asset;
  AuctionOutcome& out = w.outcome.auctions[a.house];
  const double usd = a.lot * w.market.spot[asset.value];
  if (a.bid < nothing * (a.tab + a.bid)) {
    out.nothing += 1;
    out.nothing_usd += usd;
    w.auctions.round[a.house].nothing_usd += usd;
  }
  w.ledger.post(h.lots, world.liquidator_purse(h.coin, asset), a.lot);
  a.sold = true;
  out.ended += 1;
  close_auction(world, w, a);
  w.quiet = false;
}

}  // namespace

void run_english(const Snapshot& world, Workspace& w, Auction& a) {
  const AuctionHouse& h = world.houses[a.house];
  if (a.sold) return;
  if (a.clock.finished(w.now_s)) {
    deal(world, w, h, a);
  } else if (a.clock.stale(w.now_s)) {
    a.clock.restart(h.bids, w.now_s);
    w.outcome.auctions[a.house].resets += 1;
    w.auctions.round[a.house].reset_usd +=
        a.tab * w.market.spot[world.reserves[h.coin].asset.value];
    w.quiet = false;
  } else if (a.clock.open(w.now_s)) {
    bid(world, w, h, a);
  }
}

}  // namespace faultline
