// Rising bids, the system's own auctions and its settlement: numbers of Maker's own tests
// (flip.t.sol, flop.t.sol, end.t.sol), rules worked by hand, and what must hold of any auction.
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "protocols/liquidation/english_auction.hpp"
#include "protocols/losses/global_settlement.hpp"
#include "protocols/losses/surplus_and_debt_auctions.hpp"

using namespace faultline;

namespace {

const BidTerms terms{.beg = 1.05, .ttl_s = 100, .tau_s = 1000};

/// They bid it out at once. Gives the end.
EnglishEnd run(EnglishAuction& a, const std::vector<Bidder>& bidders, double opening,
               double& raised, double& returned) {
  const BiddingOut out = bid_out(terms, a, bidders, opening, 0);
  raised += out.to_system;
  returned += out.to_owner;
  return deal(a, 100.5);
}

}  // namespace

TEST_CASE("english auctions: lots by lump and by debt") {
  const AuctionedVault v{100, 9000, 1.1};
  Barked b = bite({.chop = 1.13, .lump = 50}, v);
  CHECK(b.ink == 50);
  CHECK(b.art == 4500);
  CHECK(b.due == Approx(4950));
  CHECK(b.tab == Approx(4950 * 1.13));
  b = bite({.chop = 1.13, .lump = 500}, v);
  CHECK(b.ink == 100);
  CHECK(b.art == 9000);
  b = bite({.chop = 1, .dunk = 1980}, v);
  CHECK(b.tab == Approx(1980));
  CHECK(b.ink == Approx(20));
  b = bite({.chop = 1, .dunk = 1980, .dust = 100}, v, 990);
  CHECK(b.tab == Approx(990));
  CHECK(bite({.dust = 100}, v, 99).refusal == AuctionRefusal::no_room);
  CHECK(bite({}, {}, 99).refusal == AuctionRefusal::nothing);
}

TEST_CASE("english auctions: numbers of flip.t.sol and flop.t.sol") {
  const BidTerms t{1.05, 3 * 3600, 2 * 86400};
  EnglishAuction a = start_english(t, 50, 100, 0);
  CHECK(tend(t, a, 1, 1, 0).to_system == 1);  // test_tend
  const BidFlow second = tend(t, a, 2, 2, 0);
  CHECK(second.to_system == 1);
  CHECK(second.refund == 1);
  EnglishEnd end = deal(a, 5 * 3600);
  CHECK(end.winner == 2);
  CHECK(end.lot == 100);
  a = start_english(t, 50, 100, 0);  // test_beg
  CHECK(tend(t, a, 1, 1, 0).refusal == AuctionRefusal::none);
  CHECK(tend(t, a, 1.01, 2, 0).refusal == AuctionRefusal::too_low);
  CHECK(tend(t, a, 1.07, 2, 0).refusal == AuctionRefusal::none);
  CHECK(tend(t, a, 49, 1, 0).refusal == AuctionRefusal::none);
  CHECK(tend(t, a, 50, 2, 0).refusal == AuctionRefusal::none);
  CHECK(dent(t, a, 100, 1, 0).refusal == AuctionRefusal::too_low);
  CHECK(dent(t, a, 99, 1, 0).refusal == AuctionRefusal::too_low);
  CHECK(dent(t, a, 95, 1, 0).to_owner == 5);  // test_dent
  a = start_english(t, 50, 100, 0);           // test_deal: only after ttl, or after the end
  tend(t, a, 1, 1, 0);
  CHECK_FALSE(deal(a, 0).done);
  CHECK(deal(a, 4.1 * 3600).done);
  a = start_english(t, 50, 100, 4.1 * 3600);
  tend(t, a, 1, 1, 2 * 86400);
  CHECK_FALSE(deal(a, 2 * 86400).done);
  CHECK(deal(a, 3 * 86400).done);

  const SystemBookTerms flop{.debt_lot = 10, .first_tokens = 1e6, .bids = {1.05, 10800, 172800}};
  SystemBooks b;
  b.sin = 10;
  DebtAuction d = start_debt_auction(flop, b, 0);
  CHECK(bid_for_tokens(flop, b, d, 100, 1, 0).to_system == 10);
  const BidFlow better = bid_for_tokens(flop, b, d, 80, 2, 0);
  CHECK(better.to_system == 0);
  CHECK(better.refund == 10);
  CHECK(settle_debt_auction(b, d, 5 * 7 * 86400) == 80);
  CHECK(b.minted == 80);
}

TEST_CASE("english auctions: bids rise to tab, then the lot falls") {
  EnglishAuction a = start_english(terms, 50, 100, 0);
  BidFlow f = tend(terms, a, 1, 1, 0);
  CHECK(f.to_system == 1);
  CHECK(f.refund == 0);
  f = tend(terms, a, 2, 2, 1);
  CHECK(f.to_system == 1);  // the difference
  CHECK(f.refund == 1);
  CHECK(f.refunded == 1);
  CHECK(tend(terms, a, 2, 1, 2).refusal == AuctionRefusal::too_low);
  CHECK(tend(terms, a, 2.09, 1, 2).refusal == AuctionRefusal::too_low);  // less than 5% more
  CHECK(tend(terms, a, 51, 1, 2).refusal == AuctionRefusal::too_low);    // above tab
  CHECK(dent(terms, a, 90, 1, 2).refusal == AuctionRefusal::too_low);    // not at tab yet
  CHECK(tend(terms, a, 49, 1, 2).refusal == AuctionRefusal::none);
  CHECK(tend(terms, a, 50, 2, 3).refusal == AuctionRefusal::none);  // to tab by any step
  CHECK(dent(terms, a, 96, 1, 4).refusal == AuctionRefusal::too_low);
  f = dent(terms, a, 95, 1, 4);
  CHECK(f.refund == 50);
  CHECK(f.to_owner == 5);
  CHECK(f.to_system == 0);
  CHECK_FALSE(deal(a, 104).done);  // a bid lives ttl
  const EnglishEnd end = deal(a, 104.5);
  CHECK(end.done);
  CHECK(end.winner == 1);
  CHECK(end.lot == 95);
  CHECK(end.unraised == 0);
}

TEST_CASE("english auctions: clocks") {
  EnglishAuction a = start_english(terms, 50, 100, 0);
  CHECK_FALSE(a.clock.stale(1000));
  CHECK(a.clock.stale(1001));
  CHECK_FALSE(deal(a, 1001).done);  // nobody bid
  CHECK(tend(terms, a, 1, 1, 1001).refusal == AuctionRefusal::over);
  a.clock.restart(terms, 1001);
  CHECK(tend(terms, a, 1, 1, 1950).refusal == AuctionRefusal::none);
  CHECK(tend(terms, a, 2, 2, 2001).refusal == AuctionRefusal::over);  // tau ends it, too
  const EnglishEnd end = deal(a, 2001.5);
  CHECK(end.done);
  CHECK(end.unraised == 49);
  CHECK(tend(terms, a, 5, 2, 2002).refusal != AuctionRefusal::none);
}

TEST_CASE("english auctions: how many bid decides, not what it is worth") {
  const double tab = 100, lot = 1, worth = 180;
  const Bidder one{1, worth, 1e6, 0.01}, two{2, 170, 1e6, 0.01}, poor{3, worth, 20, 0.01};
  double raised = 0, returned = 0;
  EnglishAuction a = start_english(terms, tab, lot, 0);
  EnglishEnd end = run(a, {one}, 0.001, raised, returned);
  CHECK(end.winner == 1);  // 12 March 2020
  CHECK(end.lot == 1);
  CHECK(raised == 0.001);
  CHECK(end.unraised == Approx(tab - 0.001));
  raised = returned = 0;
  a = start_english(terms, tab, lot, 0);
  end = run(a, {one}, 0, raised, returned);  // for nothing at all
  CHECK(end.winner == 1);
  CHECK(end.lot == 1);
  CHECK(end.unraised == tab);
  // a second one without money does not help much
  raised = returned = 0;
  raised = returned = 0;
  a = start_english(terms, tab, lot, 0);
  end = run(a, {one, poor}, 0.001, raised, returned);
  CHECK(raised <= 20 * 1.05);
  // a second one with money: the price is the second's worth, within a step
  raised = returned = 0;
  a = start_english(terms, tab, lot, 0);
  end = run(a, {one, two}, 0.001, raised, returned);
  CHECK(raised == Approx(tab));
  CHECK(end.unraised == 0);
  CHECK(end.lot + returned == Approx(lot));
  CHECK(tab / end.lot <= worth);
  CHECK(tab / end.lot >= 170 / (1.05 * 1.05));
  // with a bid of nothing to beat it ends where it would have ended
  raised = returned = 0;
  a = start_english(terms, tab, lot, 0);
  const EnglishEnd same = run(a, {one, two}, 0, raised, returned);
  CHECK(raised == Approx(tab));
  CHECK(same.lot == Approx(end.lot).epsilon(0.06));
  // worth less than tab: it stops in the first phase
  raised = returned = 0;
  a = start_english(terms, 300, lot, 0);
  end = run(a, {one, two}, 0.001, raised, returned);
  CHECK(raised >= 170 / 1.06);
  CHECK(raised <= worth);
  CHECK(raised + end.unraised == Approx(300));
  CHECK_FALSE(next_bid(terms, start_english(terms, 10, 1, 0), {1, 5, 1e6, 6}, 0.1));  // gas
  a = start_english(terms, 10, 1, 0);
  CHECK(tend(terms, a, 0, 1, 0).refusal == AuctionRefusal::none);
  CHECK(tend(terms, a, 0, 2, 0).refusal == AuctionRefusal::too_low);  // only the first
  const BidTerms no_step{1, 100, 1000};
  a = start_english(no_step, tab, lot, 0);
  CHECK(bid_out(no_step, a, std::vector{one, two}, 1, 0).bids == 1);  // without a step nobody does
}

TEST_CASE("debt auctions: sin waits, surplus pays first, then tokens are minted") {
  SystemBookTerms t{.debt_lot = 100, .first_tokens = 10, .pad = 1.5, .wait_s = 50, .bids = terms};
  SystemBooks b;
  take_on(b, 150, 0);
  take_on(b, 60, 20);
  b.surplus = 30;
  CHECK(heal(b) == 0);  // all of it waits
  release_queued(t, b, 49);
  CHECK(b.queued == 210);
  release_queued(t, b, 50);
  CHECK(b.queued == 60);
  CHECK_FALSE(may_auction_debt(t, b));  // surplus first
  CHECK(heal(b) == 30);
  CHECK(b.free_sin() == 120);
  CHECK(may_auction_debt(t, b));
  DebtAuction a = start_debt_auction(t, b, 50);
  CHECK(b.free_sin() == 20);
  CHECK_FALSE(may_auction_debt(t, b));
  CHECK_FALSE(retry_debt_auction(t, a, 1050));
  CHECK(retry_debt_auction(t, a, 1051));
  CHECK(a.lot == 15);
  CHECK(bid_for_tokens(t, b, a, 14.5, 1, 1100).refusal == AuctionRefusal::too_low);
  BidFlow f = bid_for_tokens(t, b, a, 14, 1, 1100);
  CHECK(f.to_system == 100);
  CHECK(b.sin == 80);
  CHECK(b.on_auction == 0);
  f = bid_for_tokens(t, b, a, 9, 2, 1150);
  CHECK(f.to_system == 0);
  CHECK(f.refund == 100);
  CHECK(f.refunded == 1);
  CHECK(b.sin == 80);
  CHECK(settle_debt_auction(b, a, 1250) == 0);
  CHECK(settle_debt_auction(b, a, 1251) == 9);
  CHECK(b.minted == 9);
  CHECK(dilution(91, 9) == Approx(0.09));
  CHECK(dilution(91, 0) == 0);
}

TEST_CASE("surplus auctions: only beyond buffer and sin; tokens are burned") {
  SystemBookTerms t{.surplus_lot = 100, .buffer = 500, .wait_s = 50, .surplus_bids = terms};
  SystemBooks b;
  b.surplus = 620;
  take_on(b, 30, 0);
  CHECK_FALSE(may_auction_surplus(t, b));  // 620 < 30 + 100 + 500
  b.surplus = 630;
  CHECK(may_auction_surplus(t, b));
  release_queued(t, b, 60);
  CHECK_FALSE(may_auction_surplus(t, b));  // free sin first
  CHECK(heal(b) == 30);
  CHECK(may_auction_surplus(t, b));
  SurplusAuction a = start_surplus_auction(t, b, 60);
  CHECK(b.surplus == 500);
  CHECK(bid_for_surplus(t, a, 1, 1, 70).refusal == AuctionRefusal::none);
  CHECK(bid_for_surplus(t, a, 1.04, 2, 80).refusal == AuctionRefusal::too_low);
  const BidFlow f = bid_for_surplus(t, a, 1.05, 2, 80);
  CHECK(f.refund == 1);
  CHECK(settle_surplus_auction(b, a, 180) == 0);
  CHECK(settle_surplus_auction(b, a, 181) == 100);
  CHECK(b.burned == 1.05);
  SurplusAuction none = start_surplus_auction(t, b, 0);
  CHECK_FALSE(retry_surplus_auction(t, none, 1000));
  CHECK(retry_surplus_auction(t, none, 1001));
  CHECK(none.clock.open(1500));
}

TEST_CASE("settlement: numbers of end.t.sol") {
  // test_cage_collateralised: 10 gold at 5, 15 coins; _deficit: 16 coins
  for (const double coins : {15.0, 16.0}) {
    SettledCollateral gold = cage(5, 15, 1);
    CHECK(skim(gold, 10, 15).freed == Approx(7).epsilon(1e-12));
    share_out_collateral(gold, coins);
    CHECK(cash_out(gold, coins) == Approx(3).epsilon(1e-12));
  }
  // test_cage_undercollateralised: 15 coins against 10 and 3 against 1, gold at 2; 18 coins, or 17
  // where a surplus of 1 paid sin first
  for (const double coins : {18.0, 17.0}) {
    SettledCollateral gold = cage(2, 18, 1);
    CHECK(skim(gold, 10, 15).freed == 2.5);
    CHECK(skim(gold, 1, 3).freed == 0);
    share_out_collateral(gold, coins);
    CHECK(cash_out(gold, coins - 3) + cash_out(gold, 3) == Approx(8.5).epsilon(1e-12));
    CHECK(gold.pot == Approx(0).margin(1e-12));
  }
  // test_cage_skip: an auction of the whole vault is undone
  SettledCollateral undone = cage(5, 0, 1);
  CHECK(undo_auction(undone, 15) == 15);
  CHECK(skim(undone, 10, 15).freed == Approx(7).epsilon(1e-12));
  // test_cage_net_undercollateralised_multiple_ilks
  SettledCollateral gold = cage(2, 15, 1), coal = cage(2, 5, 1);
  skim(gold, 10, 15);
  skim(coal, 1, 5);
  CHECK(gold.gap == 0);
  CHECK(coal.gap == 1.5);
  share_out_collateral(gold, 20);
  share_out_collateral(coal, 20);
  CHECK(gold.fix == Approx(0.375).epsilon(1e-12));
  CHECK(coal.fix == Approx(0.05).epsilon(1e-12));
}

TEST_CASE("settlement: owners first, the hole is everybody's") {
  // gold at 5: 15 coins against 10 units; coal at 2: 30 coins against 10 units, a hole of 10
  std::vector<SettledCollateral> all{cage(5, 15, 1), cage(2, 30, 1)};
  CHECK(all[0].tag == Approx(0.2));
  Skimmed s = skim(all[0], 10, 15);
  CHECK(s.taken == Approx(3));
  CHECK(s.freed == Approx(7));
  CHECK(s.lacked == 0);
  s = skim(all[1], 10, 30);
  CHECK(s.taken == 10);
  CHECK(s.freed == 0);
  CHECK(s.lacked == Approx(5));
  for (SettledCollateral& c : all) share_out_collateral(c, 45);
  CHECK(all[0].fix == Approx(3.0 / 45));
  CHECK(all[1].fix == Approx(10.0 / 45));
  CHECK(worth_of_coin(all, std::vector<double>{5, 2}) == Approx(35.0 / 45));
  CHECK(cash_out(all[0], 15) == Approx(1));  // gold borrowers' coins bear two thirds of coal's hole
  CHECK(cash_out(all[0], 30) == Approx(2));
  CHECK(all[0].pot == Approx(0).margin(1e-12));
  CHECK(cash_out(all[1], 45) == Approx(10));
}

TEST_CASE("settlement: auctions are undone, interest and coins without backing count") {
  SettledCollateral c = cage(5, 10, 1.2);
  CHECK(undo_auction(c, 24) == Approx(20));
  CHECK(c.art == Approx(30));
  CHECK(skim(c, 8, 20).taken == Approx(20 * 1.2 / 5));
  CHECK(skim(c, 1, 10).lacked == Approx(10 * 1.2 / 5 - 1));
  share_out_collateral(c, 40);  // 36 from vaults, 4 nothing stands behind
  CHECK(c.fix * 40 == Approx(c.pot));
  CHECK(cash_out(c, 40) == Approx(4.8 + 1));
}
