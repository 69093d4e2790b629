// Vaults sold at auction, by hand and from Maker's own tests, through the engine.
#include <catch2/catch.hpp>
#include <cmath>

#include "sim/accounting.hpp"
#include "sim/credit/auctions.hpp"
#include "sim/engine.hpp"
#include "tests/laws/outcome_numbers.hpp"
#include "tests/laws/random_ecosystem.hpp"
#include "tests/sim/small_world.hpp"

using namespace faultline;
using namespace faultline::laws;
using faultline::test::add;
using faultline::test::of;
using faultline::test::priced;

namespace {

/// Vaults of ETH that owe USD, at a feed that says `feed_usd` while the market, deep and without a
/// fee, pays `market_usd`. Gas costs nothing and nobody is paid to start an auction.
struct Sale {
  Sale(double market_usd, double feed_usd, double depth_usd, double round_s, double horizon_s) {
    eco.clock.round.value = round_s;
    eco.clock.horizon.value = horizon_s;
    add(eco.assets, "ETH", priced(market_usd));
    add(eco.assets, "USD", priced(1));
    ConstantProduct::Spec pool;
    pool.pair = {"ETH", "USD"};
    pool.liquidity = of(depth_usd, "$");
    pool.fee.value = 0;
    add(eco.venues, "pool", VenueNode{pool, {}});
    FeedSpec feed;
    feed.fixed = of(feed_usd, "$");
    add(eco.oracles, "ETH", feed);
    ChainSpec chain;
    chain.gas = of(0, "$");
    add(eco.chains, "chain", chain);
    terms.lends = {"USD"};
    terms.collateral = {"ETH"};
    terms.auction.chip.value = 0;
    rows.assets = {"ETH", "USD"};
    rows.first_leg = {0};
  }
  void vault(double ink, double art) {
    rows.legs.insert(rows.legs.end(), {{0, 0, 0}, {1, 1, 0}});
    rows.amounts.insert(rows.amounts.end(), {ink, art});
    rows.first_leg.push_back(static_cast<std::uint32_t>(rows.legs.size()));
  }
  Ecosystem whole() const {
    Ecosystem all = eco;
    MarketNode node;
    node.spec = terms;
    node.rows = rows;
    add(all.markets, "maker", node);
    return all;
  }

  Ecosystem eco;
  CdpMarket::Spec terms;
  PositionRows rows;
};

/// A run, audited after every round.
struct Sold {
  explicit Sold(const Sale& sale, const Scenario& scenario = {}) : c(sale.whole(), {}), w(c.world) {
    w.audit_rounds = w.record = true;
    out = run(c.world, scenario, w);
    REQUIRE_FALSE(stop_is_failure(out.stop));
    REQUIRE(audit(c.world, w, true) == "");
  }
  /// When an event whose text holds `what` was told, in order.
  std::vector<double> when(const std::string& what) const {
    std::vector<double> at;
    for (const TimelineEvent& e : out.timeline) {
      if (e.kind == "auction" && e.text.find(what) != std::string::npos) at.push_back(e.at_s);
    }
    return at;
  }
  double held(AccountId a) const { return w.ledger.balance(a); }
  const AuctionOutcome& auctions() const { return out.auctions[0]; }

  Case c;
  Workspace w;
  Outcome out;
};

/// The terms of Maker's own tests: clip.t.sol.
Sale clip(double market_usd) {
  Sale s(market_usd, 4, 1e6, 1, 200);
  s.terms.mat.value = 2;
  s.terms.chop.value = 0.1;
  s.terms.dust = of(20, "USD");
  s.terms.hole = of(1000, "USD");
  s.terms.auction.buf.value = 1.25;
  s.terms.auction.step.value = 1;
  s.terms.auction.cusp.value = 0.3;
  s.terms.auction.tail.value = 3600;
  s.vault(40, 100);
  return s;
}

/// 20 ETH that count 996 each against 13,300 at 150%: sold at once.
Sale market_at_1000() {
  Sale s(1000, 996, 1e9, 12, 7200);
  s.vault(20, 13300);
  return s;
}

}  // namespace

// top 996 x 1.2; after 17 steps 1,007.5, after 18 997.4: below the market's 1,000 for the first
// time. 13,300 x 1.13 are raised with 15.07 ETH, 4.93 go home.
TEST_CASE("auctions: a lot reaches the market after 18 steps and sells there") {
  const Sold sold(market_at_1000());
  const double price = 996 * 1.2 * std::pow(0.99, 18), tab = 13300 * 1.13;
  CHECK(sold.when("go to auction") == std::vector<double>{0});
  CHECK(sold.when("auctions raise") == std::vector<double>{18 * 90});
  CHECK(sold.auctions().started == 1);
  CHECK(sold.auctions().ended == 1);
  CHECK(sold.auctions().raised_usd == Approx(tab).epsilon(1e-9));
  CHECK(sold.held(sold.c.world.houses[0].owners) == Approx(20 - tab / price).epsilon(1e-8));
  CHECK(sold.auctions().unraised_usd == 0);
  CHECK(sold.out.markets[0].bad_debt_usd == 0);
  CHECK(sold.out.markets[0].liquidated_usd == Approx(tab).epsilon(1e-9));
  CHECK(sold.out.markets[0].unserved_usd == 0);
  CHECK(sold.out.systems[0].surplus_end_usd == Approx(13300 * 0.13).epsilon(1e-9));  // the penalty
  CHECK(sold.out.stop == Stop::settled);
  // The taker's gain is what the last step overshot, in a pool of 500,000 ETH and 5e8 USD.
  const double gain = sold.out.bearer_result_usd[static_cast<std::size_t>(Bearer::liquidator)];
  const double sold_eth = tab / price;
  CHECK(gain == Approx(5e8 * sold_eth / (5e5 + sold_eth) - tab).epsilon(1e-5));
}

// Room for 16,000: 15,029 of it for the first. The 971 left would take 859 of debt, less than dust.
TEST_CASE("auctions: a full hole holds the second vault back until the first is sold") {
  Sale sale = market_at_1000();
  sale.vault(20, 13300);
  sale.terms.hole = of(16000, "USD");
  sale.terms.dust = of(5000, "USD");
  const Sold sold(sale);
  CHECK(sold.when("go to auction") == std::vector<double>{0, 1620});
  CHECK(sold.when("auctions raise") == std::vector<double>{1620, 3240});
  CHECK(sold.auctions().in_auction_most_usd == Approx(13300));

  sale.terms.hole.reset();
  const Sold together(sale);
  CHECK(together.when("auctions raise") == std::vector<double>{1620});
  CHECK(together.auctions().in_auction_most_usd == Approx(26600));
}

// 10 ETH bring 9,974.09 of 13,300 owed. Once that has waited, surplus pays 1,000, buyers of tokens
// at 500 coins for 5 tokens each 2,000, and 325.9 are behind no coin.
TEST_CASE("auctions: what a lot does not raise goes down the surplus, the token, the holders") {
  Sale sale(1000, 996, 1e9, 12, 7200);
  sale.vault(10, 13300);
  sale.terms.surplus = of(1000, "USD");
  add(sale.eco.assets, "MKR", priced(100));
  sale.eco.assets.back().spec.supply = of(1000, "MKR");
  DebtAuctionSpec flop;
  flop.token = {"MKR"};
  flop.lot = of(500, "USD");
  flop.offers = of(10, "MKR");
  flop.wait.value = 2000;
  flop.ttl.value = 100;
  sale.terms.debt_auction = flop;
  const Sold sold(sale);
  const double raised = 10 * 996 * 1.2 * std::pow(0.99, 18), lost = 13300 - raised;
  const SystemOutcome& books = sold.out.systems[0];
  CHECK(sold.auctions().raised_usd == Approx(raised).epsilon(1e-9));
  CHECK(sold.auctions().failed == 1);
  CHECK(sold.auctions().unraised_usd == Approx(lost).epsilon(1e-9));
  CHECK(sold.out.markets[0].recognised_usd == Approx(lost).epsilon(1e-9));
  CHECK(sold.out.markets[0].legacy_usd == 3300);
  CHECK(sold.out.markets[0].bad_debt_end_usd == Approx(lost - 3300).epsilon(1e-6));
  CHECK(books.surplus_start_usd == 1000);
  CHECK(books.token_usd == 2000);
  CHECK(books.tokens_minted == Approx(20));
  CHECK(books.diluted == Approx(20.0 / 1020));
  CHECK(books.deficit_usd == Approx(lost - 3000).epsilon(1e-6));
  CHECK(sold.out.assets[sold.c.world.asset("MKR").value].price_end == Approx(100 * 1000.0 / 1020));
  CHECK(sold.when("minted against losses").size() == 4);

  sale.terms.debt_auction.reset();
  const Sold alone(sale);
  CHECK(alone.out.systems[0].deficit_usd == Approx(lost - 1000).epsilon(1e-6));
  CHECK(alone.out.systems[0].tokens_minted == 0);
}

// 1,500 beyond the buffer are 15 lots of 100, each worth 1 MKR: 985 of 1,000 MKR are left, worth
// what all were.
TEST_CASE("auctions: surplus beyond the buffer buys tokens, which are burned") {
  Sale sale(1000, 1000, 1e9, 12, 7200);
  sale.vault(20, 10000);
  sale.terms.surplus = of(3500, "USD");
  add(sale.eco.assets, "MKR", priced(100));
  sale.eco.assets.back().spec.supply = of(1000, "MKR");
  SurplusAuctionSpec flap;
  flap.token = {"MKR"};
  flap.lot = of(100, "USD");
  flap.buffer = of(2000, "USD");
  flap.ttl.value = 100;
  sale.terms.surplus_auction = flap;
  const Sold sold(sale);
  const SystemOutcome& books = sold.out.systems[0];
  CHECK(books.surplus_start_usd == 3500);
  CHECK(books.sold_usd == Approx(1500));
  CHECK(books.tokens_burned == Approx(15));
  CHECK(books.surplus_end_usd == Approx(2000));
  CHECK(sold.out.assets[sold.c.world.asset("MKR").value].price_end == Approx(100 * 1000.0 / 985));
  CHECK(sold.when("burned for surplus") == std::vector<double>(15, 108));

  sale.terms.surplus_auction->lot = of(1600, "USD");
  CHECK(Sold(sale).out.systems[0].tokens_burned == 0);  // buffer and lot are more than there is
}

TEST_CASE("auctions: Maker's tests of bark hold in the engine") {
  const Sold whole(clip(0.05));  // nobody would take
  REQUIRE(whole.w.auctions.open.size() == 1);
  CHECK(whole.w.auctions.open[0].tab == Approx(110));
  CHECK(whole.w.auctions.open[0].lot == Approx(40));
  CHECK(whole.w.auctions.open[0].top == Approx(5));

  Sale sale = clip(0.05);
  sale.terms.hole = of(75, "USD");
  const Sold part(sale);
  REQUIRE(part.w.auctions.open.size() == 1);
  CHECK(part.w.auctions.open[0].tab == Approx(75).epsilon(1e-9));
  CHECK(part.w.auctions.open[0].lot == Approx(27.2727272727).epsilon(1e-8));
  CHECK(part.w.positions.amount(0, 0) == Approx(12.7272727273).epsilon(1e-8));
  CHECK(part.w.positions.amount(0, 1) == Approx(31.8181818182).epsilon(1e-9));
}

TEST_CASE("auctions: Maker's tests of take hold in the engine") {
  const Sold late(clip(2.5));  // 5 x 0.99^69 is the first price below 2.5
  CHECK(late.when("auctions raise") == std::vector<double>{69});
  CHECK(late.auctions().raised_usd == Approx(100).epsilon(1e-3));
  CHECK(late.held(late.c.world.houses[0].owners) == 0);

  const Sold early(clip(2.75));  // 60 steps: 2.7357..., 40 of it 109.43
  CHECK(early.when("auctions raise") == std::vector<double>{60});
  CHECK(early.auctions().raised_usd == Approx(109.4313284781523).epsilon(1e-9));
  CHECK(early.auctions().failed == 0);
  CHECK(early.out.systems[0].surplus_end_usd == Approx(9.4313284781523).epsilon(1e-7));
}

// Market 4.5, feed 4: after 11 steps 4.477. Who has 98 dollars takes as much as leaves 22 to raise.
TEST_CASE("auctions: takers short of capital take slices, and leave no crumbs") {
  Sale sale = clip(4.5);
  LiquidatorSpec one;
  one.capital = of(88 + 10, "$");
  one.turnover.value = 1e6;
  add(sale.eco.agents, "liquidators", AgentSpecs{one});
  const Sold sold(sale);
  CHECK(sold.when("auctions raise").front() == 11);
  // 98 of 110 would leave 12, less than chost = 20 x 1.1: 88 are paid.
  CHECK(sold.auctions().raised_usd == Approx(88).epsilon(1e-9));
  CHECK(sold.auctions().in_auction_usd == Approx(12).epsilon(1e-9));
  REQUIRE(sold.w.auctions.open.size() == 1);
  CHECK(sold.w.auctions.open[0].tab == Approx(22).epsilon(1e-9));
}

TEST_CASE("auctions: nobody takes; they begin anew at the feed's price, for a reward") {
  Sale sale = clip(0.5);
  sale.terms.auction.cusp.value = 0.5;  // 0.99^69 is below it
  sale.terms.auction.tip = of(2, "USD");
  sale.terms.auction.chip.value = 0.02;
  sale.eco.clock.horizon.value = 100;
  const Sold sold(sale);
  CHECK(sold.when("begin anew") == std::vector<double>{69});
  CHECK(sold.auctions().resets == 1);
  const AssetId usd = sold.c.world.asset("USD");
  CHECK(sold.w.minted[usd.value] == Approx(2 * (2 + 0.02 * 110)));  // started and reset once
  CHECK(sold.held(sold.c.world.liquidator_purse(0, usd)) == Approx(8.4));

  sale.eco.chains[0].spec.gas = of(5, "$");  // more than the reward: nobody starts one
  const Sold dear(sale);
  CHECK(dear.auctions().started == 0);
  CHECK(dear.out.markets[0].unserved_usd == Approx(100));
}

namespace {

/// Ten vaults of 20 ETH that owe 13,300 each, sold to rising bids in lots of at most 25 ETH.
Sale flip(double capital_usd) {
  Sale sale = market_at_1000();
  for (int i = 1; i < 10; ++i) sale.vault(20, 13300);
  sale.terms.auction.kind = "english";
  sale.terms.auction.lump = of(25, "ETH");
  sale.terms.auction.beg.value = 1.03;
  sale.terms.auction.ttl.value = 600;
  sale.terms.auction.bidders = 4;
  sale.eco.chains[0].spec.gas = of(1, "$");
  LiquidatorSpec keepers;
  keepers.capital = of(capital_usd, "$");
  add(sale.eco.agents, "liquidators", AgentSpecs{keepers});
  return sale;
}

Scenario gas_times(double factor) {
  Scenario s;
  s.moves.push_back({MoveKind::gas, 0, factor, {0, 0}});
  return s;
}

}  // namespace

// A lot is worth 20,000 and 15,029 are to be raised: they bid all of it, then ask for less of the
// lot, down to two steps above what it is worth.
TEST_CASE("auctions: bidders with money raise all there is to raise, in ten minutes") {
  const Sold sold(flip(1e6));
  CHECK(sold.auctions().started == 10);
  CHECK(sold.auctions().ended == 10);
  CHECK(sold.auctions().raised_usd == Approx(10 * 13300 * 1.13).epsilon(1e-9));
  CHECK(sold.auctions().nothing == 0);
  const double home = sold.held(sold.c.world.houses[0].owners) / 10;
  CHECK(home < 20 - 13300 * 1.13 / 1000);
  CHECK(home > 20 - 13300 * 1.13 / 1000 * 1.03 * 1.03);
  CHECK(sold.out.markets[0].bad_debt_usd == 0);
  const std::size_t who = static_cast<std::size_t>(Bearer::liquidator);
  CHECK(sold.out.bearer_result_usd[who] > 0);
  CHECK(sold.w.auctions.tied_usd[0] == Approx(0).margin(1e-6));  // back once lots are sold
}

TEST_CASE("auctions: with one bidder left lots go for nothing, and the system bears it") {
  Sale sale = flip(1e6);
  sale.terms.auction.pays = of(3, "$");
  const Sold calm(sale);
  CHECK(calm.auctions().nothing == 0);
  const Sold dear(sale, gas_times(6));
  CHECK(dear.auctions().nothing == 10);
  CHECK(dear.auctions().nothing_usd == Approx(10 * 20 * 1000.0).epsilon(1e-6));
  CHECK(dear.auctions().raised_usd == 0);
  CHECK(dear.out.systems[0].deficit_usd == Approx(133000));
  CHECK(dear.out.markets[0].recognised_usd == Approx(133000));
  CHECK(dear.out.markets[0].bad_debt_end_usd == Approx(133000));
}

// Four with 5,000 each: three lead an auction at 0.015029 x 1.03^430 = 4,977 and have 23 left; the
// fourth wins the other seven against that, for at most 24 each of 15,029.
TEST_CASE("auctions: bidders short of coins let the other lots go for nothing") {
  const Sold sold(flip(20000));
  CHECK(sold.auctions().ended == 10);
  CHECK(sold.auctions().nothing == 7);
  const double top = 0.015029 * std::pow(1.03, 430);
  CHECK(sold.auctions().raised_usd > 3 * top);
  CHECK(sold.auctions().raised_usd < 3 * top + 7 * 1.03 * (5000 - top));
  CHECK(sold.auctions().unraised_usd == Approx(133000 - sold.auctions().raised_usd));
}

TEST_CASE("auctions: markets of one family share room and books") {
  Sale sale = market_at_1000();
  sale.terms.system_hole = of(16000, "USD");
  sale.terms.dust = of(5000, "USD");
  Ecosystem eco = sale.whole();
  for (const char* name : {"maker.a", "maker.b"}) {
    eco.markets.push_back(eco.markets[0]);
    eco.markets.back().name = name;
    eco.markets.back().cluster = "maker";
  }
  eco.markets.erase(eco.markets.begin());
  const Case c(eco, {});
  REQUIRE(c.world.systems.size() == 1);
  Workspace w(c.world);
  w.audit_rounds = true;
  const Outcome& out = run(c.world, {}, w);
  CHECK(out.markets[0].first_liquidation_s == 0);
  CHECK(out.markets[1].first_liquidation_s == 1620);
  CHECK(out.systems[0].surplus_end_usd == Approx(2 * 13300 * 0.13));

  std::get<CdpMarket::Spec>(eco.markets[1].spec.spec).system_hole.reset();
  CHECK_THROWS_WITH(Case(eco, {}), Catch::Contains("share one system"));
}

TEST_CASE("auctions: a coin is not minted against itself, and tokens need a worth") {
  Sale sale = market_at_1000();
  sale.terms.collateral = {"USD"};
  CHECK_THROWS_WITH(Case(sale.whole(), {}), Catch::Contains("against itself"));
  sale = market_at_1000();
  sale.terms.debt_auction = DebtAuctionSpec{};
  sale.terms.debt_auction->token = {"ETH"};
  sale.terms.debt_auction->offers = of(1, "ETH");
  CHECK_THROWS_WITH(Case(sale.whole(), {}), Catch::Contains("how much of it is there"));
  sale = market_at_1000();
  for (const char* name : {"MKR", "GOV"}) {
    add(sale.eco.assets, name, priced(100));
    sale.eco.assets.back().spec.supply = of(1000, name);
  }
  sale.terms.surplus_auction = SurplusAuctionSpec{};
  sale.terms.surplus_auction->token = {"GOV"};
  sale.terms.debt_auction = DebtAuctionSpec{};
  sale.terms.debt_auction->token = {"MKR"};
  sale.terms.debt_auction->offers = of(1, "MKR");
  CHECK_THROWS_WITH(Case(sale.whole(), {}),
                    Catch::Contains("losses mint MKR, and surplus burns GOV"));
  sale.terms.debt_auction.reset();
  sale.terms.surplus_auction->lot = of(0, "USD");
  CHECK_THROWS_WITH(Case(sale.whole(), {}), Catch::Contains("a surplus auction of nothing"));
}

TEST_CASE("auctions: random worlds sell, fail, begin anew, give away and mint") {
  AuctionOutcome all;
  double minted = 0, burned = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const Case c({.seed = seed});
    Workspace w(c.world);
    const Outcome& out = run(c.world, c.scenario, w);
    for (const AuctionOutcome& a : out.auctions) {
      all.started += a.started;
      all.ended += a.ended;
      all.resets += a.resets;
      all.failed += a.failed;
      all.nothing += a.nothing;
    }
    for (const SystemOutcome& s : out.systems) {
      minted += s.tokens_minted;
      burned += s.tokens_burned;
    }
  }
  CAPTURE(all.started, all.ended, all.resets, all.failed, all.nothing, minted, burned);
  CHECK(all.started > 100);
  CHECK(all.ended > 50);
  CHECK(all.resets > 10);
  CHECK(all.failed > 10);
  CHECK(all.nothing > 3);
  CHECK(minted > 0);
  CHECK(burned > 0);
}
