// Dutch auctions: every case of maker_clip.json, and what must hold of any of them.
#include <catch2/catch.hpp>
#include <cmath>
#include <string>

#include "protocols/liquidation/dutch_auction.hpp"
#include "tests/known_vectors.hpp"

using namespace faultline;
using nlohmann::json;
using test::check_near;

namespace {

constexpr double all_of_it = 1e9;

DutchAuctionTerms terms_of(const json& setup) {
  DutchAuctionTerms t;
  t.decay = {PriceDecay::stairstep, 0, setup["cut"], setup["step"]};
  t.buf = setup["buf"];
  t.tail_s = setup["tail"];
  t.cusp = setup["cusp"];
  t.chop = setup["chop"];
  t.dust = setup["dust"];
  t.hole = setup["hole"];
  return t;
}

AuctionedVault vault_of(const json& setup) {
  return {setup["ink"], setup["art"], setup["rate"]};
}

void run_bark(json setup, const json& c, double rel) {
  if (c.contains("override")) setup.update(c["override"]);
  const DutchAuctionTerms t = terms_of(setup);
  const AuctionedVault v = vault_of(setup);
  CHECK(vault_unsafe(v, setup["feed"], setup["mat"]));
  const Barked b = bark(t, v, 0, 0, setup["Hole"]);
  CHECK(b.refusal == AuctionRefusal::none);
  const DutchAuction a = start_auction(t, b.tab, b.ink, setup["feed"]);
  const json& want = c["expected"];
  check_near(b.tab, want["tab"], rel);
  check_near(b.ink, want["lot"], rel);
  check_near(a.top, want["top"], rel);
  check_near(v.ink - b.ink, want["left_ink"], rel);
  check_near(v.art - b.art, want["left_art"], rel);
}

void run_takes(const json& setup, const json& c, double rel) {
  const DutchAuctionTerms t = terms_of(setup);
  const Barked b = bark(t, vault_of(setup), 0, 0, setup["Hole"]);
  DutchAuction a = start_auction(t, b.tab, b.ink, setup["feed"]);
  const json& want = c["expected"];
  double returned = 0, unraised = 0, freed = 0, paid = 0;
  bool closed = false;
  for (std::size_t i = 0; i < c["takes"].size(); ++i) {
    a.elapsed_s = c["takes"][i]["t"];
    const Taken got = take_slice(t, a, c["takes"][i]["amt"]);
    CHECK(got.refusal == AuctionRefusal::none);
    check_near(got.paid, want["paid"][i], rel);
    check_near(got.got, want["got"][i], rel);
    returned += got.returned;
    unraised += got.unraised;
    freed += got.freed;
    paid += got.paid;
    closed = got.closed;
  }
  check_near(returned, want["returned"], rel);
  check_near(a.tab, want["tab"], rel);
  check_near(a.lot, want["lot"], rel);
  CHECK(closed == want["closed"].get<bool>());
  check_near(freed + a.tab, b.tab, rel);
  // the source's 10 is 110 less 99.95 rounded to 100
  if (want.contains("unrecovered_tab")) check_near(unraised, want["unrecovered_tab"], 0.01);
  check_near(paid + unraised + a.tab, b.tab, rel);
}

void run_redo(const json& setup, const json& c, double rel) {
  DutchAuctionTerms t = terms_of(setup);
  t.tip = c["tip"];
  t.chip = c["chip"];
  DutchAuction a{c["tab"], c["lot"], 5, t.tail_s + 1};
  CHECK(needs_reset(t, a));
  check_near(reset_auction(t, a, setup["feed"]), c["expected"], rel);
  CHECK(a.elapsed_s == 0);
}

void run_reset(const json& setup, const json& c, double rel) {
  DutchAuctionTerms t = terms_of(setup);
  t.decay = {PriceDecay::linear, c["tau_linear"], 0, 0};
  t.tail_s = c["tail"];
  t.cusp = c["cusp"];
  DutchAuction a = start_auction(t, 110, 40, setup["feed"]);
  for (const json& check : c["checks"]) {
    a.elapsed_s = check[0];
    CHECK(needs_reset(t, a) == check[1].get<bool>());
    if (check[1]) {
      DutchAuction copy = a;
      CHECK(take_slice(t, copy, 1).refusal == AuctionRefusal::expired);
    }
  }
  reset_auction(t, a, c["new_feed"]);
  check_near(a.top, c["expected_top"], rel);
  CHECK_FALSE(needs_reset(t, a));
}

}  // namespace

TEST_CASE("dutch auctions: maker_clip.json") {
  const json file = test::known("lending/maker_clip");
  std::size_t compared = 0;
  for (const json& c : file["cases"]) {
    INFO(c["name"]);
    const double rel = test::tolerance_of(file, c);
    const std::string type = c["type"];
    if (type == "bark") {
      run_bark(file["setup"], c, rel);
    } else if (type == "takes") {
      run_takes(file["setup"], c, rel);
    } else if (type == "price") {
      const DecayTerms d{PriceDecay::stairstep, 0, c["cut"], c["step"]};
      check_near(decayed_price(d, c["top"], c["t"]), c["expected"], rel);
    } else if (type == "redo") {
      run_redo(file["setup"], c, rel);
    } else if (type == "reset") {
      run_reset(file["setup"], c, rel);
    } else if (type == "linear") {
      const DecayTerms d{PriceDecay::linear, c["tau"], 0, 0};
      for (std::size_t i = 0; i < c["at"].size(); ++i) {
        check_near(decayed_price(d, c["top"], c["at"][i]), c["expected"][i], rel);
      }
    } else {
      FAIL("a type of case nobody reads: " + type);
    }
    ++compared;
  }
  CHECK(compared == file["cases"].size());
}

TEST_CASE("dutch auctions: prices fall, and when they are where is known") {
  for (const DecayTerms& d :
       {DecayTerms{PriceDecay::linear, 3600, 0, 0}, DecayTerms{PriceDecay::stairstep, 0, 0.99, 90},
        DecayTerms{PriceDecay::exponential, 0, 0.9995, 0}}) {
    CHECK(decayed_price(d, 120, 0) == 120);
    double before = 120;
    for (double t = 0; t < 4000; t += 7) {
      const double now = decayed_price(d, 120, t);
      CHECK(now <= before);
      before = now;
    }
    for (const double target : {119.0, 100.0, 60.0, 30.0}) {
      const double t = time_to_price(d, 120, target);
      CHECK(decayed_price(d, 120, t * (1 + 1e-12)) <= target * (1 + 1e-9));
      CHECK(decayed_price(d, 120, t * (1 - 1e-6)) >= target * (1 - 1e-9));
    }
    CHECK(time_to_price(d, 120, 130) == 0);
  }
  // from buf 1.2 to the market in steps of 1% takes 19 steps of 90 s: 0.99^18 = 0.8345 > 1 / 1.2
  CHECK(time_to_price({PriceDecay::stairstep, 0, 0.99, 90}, 1.2, 1) == 19 * 90);
  CHECK(time_to_price({PriceDecay::stairstep, 0, 0.5, 10}, 8, 2) == 20);
  CHECK(time_to_price({PriceDecay::linear, 100, 0, 0}, 8, 0) == 100);
}

TEST_CASE("dutch auctions: room holds liquidations back") {
  DutchAuctionTerms t{.chop = 1.1, .dust = 20, .hole = 1000};
  const AuctionedVault v{40, 100, 1};
  CHECK(bark(t, v, 1000, 0, 5000).refusal == AuctionRefusal::no_room);
  CHECK(bark(t, v, 0, 5000, 5000).refusal == AuctionRefusal::no_room);
  CHECK(bark(t, v, 985, 985, 5000).refusal == AuctionRefusal::dusty);
  CHECK(bark(t, {0, 100, 1}, 0, 0, 5000).refusal == AuctionRefusal::nothing);
  const Barked b = bark(t, v, 945, 1945, 2000);  // 55 of room is 50 of debt
  CHECK(b.tab == Approx(55));
  CHECK(b.due == Approx(50));
  CHECK(b.ink == Approx(20));
  const AuctionedVault accrued{40, 100, 2};  // interest makes the same debt fewer art
  CHECK(bark(t, accrued, 945, 1945, 2000).art == Approx(25));
  CHECK_FALSE(vault_unsafe({40, 100, 1}, 5, 2));  // exactly at the ratio is safe
  CHECK(vault_unsafe({40, 100, 1}, 4.999, 2));
}

TEST_CASE("dutch auctions: nothing is lost, whatever is asked") {
  DutchAuctionTerms t{.decay = {PriceDecay::exponential, 0, 0.999, 0}, .chop = 1.13, .dust = 15};
  const double least = least_tab(t);
  for (const double lot : {10.0, 40.0, 400.0}) {
    for (const double asked : {0.5, 3.0, 17.0, all_of_it}) {
      DutchAuction a = start_auction(t, 113, lot, 4);
      double got = 0, paid = 0, returned = 0, unraised = 0;
      bool closed = false;
      for (int i = 0; i < 400 && !closed; ++i) {
        a.elapsed_s = std::min(i, 800);
        const DutchAuction before = a;
        Taken s = take_slice(t, a, asked);
        if (s.refusal == AuctionRefusal::no_partial) {
          CHECK(before.tab <= least);
          CHECK((a.tab == before.tab && a.lot == before.lot));
          s = take_slice(t, a, all_of_it);
        }
        REQUIRE(s.refusal == AuctionRefusal::none);
        CHECK(s.paid == Approx(s.got * auction_price(t, before)));
        CHECK(s.freed == Approx(s.paid + s.unraised));
        if (!s.closed) CHECK(a.tab >= least * (1 - 1e-12));
        got += s.got;
        paid += s.paid;
        returned += s.returned;
        unraised += s.unraised;
        closed = s.closed;
      }
      CHECK(closed);
      CHECK(got + returned == Approx(lot));
      CHECK(paid + unraised == Approx(113));
      CHECK((returned == 0 || unraised == 0));
    }
  }
  DutchAuction a = start_auction(t, 113, 40, 4);
  CHECK(take_slice(t, a, 5, 4.7).refusal == AuctionRefusal::above_limit);
  CHECK(take_slice(t, a, 0).refusal == AuctionRefusal::nothing);
  const Yanked rest = yank(a);
  CHECK(rest.lot == 40);
  CHECK(rest.tab == 113);
  CHECK(take_slice(t, a, 5).refusal == AuctionRefusal::nothing);
}
