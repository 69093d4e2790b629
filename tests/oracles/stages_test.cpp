// The stages of a feed one by one, against published numbers and closed forms.
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "oracles/feed.hpp"
#include "tests/known_vectors.hpp"

using namespace faultline;
using nlohmann::json;

namespace {

double number(const json& j) {
  return std::stod(j.get<std::string>());
}

/// A feed that publishes whatever it reads, at once.
struct LiveFeed {
  FeedParams params;
  FeedState state;
  PriceHistory history;

  LiveFeed(FeedSpec spec, double usd, bool has_rate = false) {
    spec.live = true;
    params = compile_feed(spec, has_rate);
    state = start_feed(params, usd, 0);
  }
  double at(double now_s, const FeedInputs& in) {
    step(params, state, now_s, in, &history);
    return state.published;
  }
  double at(double now_s, double price) {
    const std::vector<double> one{price};
    return at(now_s, FeedInputs(one));
  }
};

FeedSpec listed(std::size_t n, std::vector<Name> FeedSpec::*list) {
  FeedSpec s;
  (s.*list).assign(n, Name{"v"});
  return s;
}

constexpr double none = no_price;

}  // namespace

TEST_CASE("votes: every case of pyth_aggregation.json") {
  const json file = test::known("markets/pyth_aggregation");
  CHECK(file["cases"].size() == 38);
  for (const json& c : file["cases"]) {
    INFO(c["name"]);
    std::vector<PricedInterval> quotes;
    for (const json& q : c["quotes"]) {
      if (q[2] == 1) quotes.push_back({q[0], q[1]});
    }
    const PricedInterval all = aggregate_votes(quotes, 1);
    CHECK(all.price == c["expected_price"].get<double>());
    CHECK(all.confidence == c["expected_conf"].get<double>());
  }
}

TEST_CASE("growth cap: aave_capo.json through the whole feed") {
  const json file = test::known("markets/aave_capo");
  const double rel = file["tolerance"]["rel"];
  for (const json& c : file["cases"]) {
    INFO(c["name"]);
    if (c["type"] == "incident") {
      FeedSpec spec;
      spec.growth = PerYear{0};
      spec.snapshot = Amount{number(c["cap_ratio"]), "stETH"};
      LiveFeed feed(spec, number(c["actual_ratio"]), true);
      const std::vector<double> in{number(c["actual_ratio"]), 1};
      const double drop = 1 - feed.at(0, FeedInputs(in)) / number(c["actual_ratio"]);
      CHECK(std::fabs(drop - number(c["expected_price_drop"])) < 1e-4);  // three digits of press
      continue;
    }
    const double snapshot = number(c["snapshot_ratio"]);
    const double growth = c["yearly_bps"].get<double>() / 1e4;
    if (c["type"] == "growth") {  // per second, scaled by 1e6
      const double got = 1e6 * (capped_ratio(snapshot, growth / Growth::year_s, 1) - snapshot);
      CHECK(std::fabs(got - number(c["expected"])) <= rel * number(c["expected"]));
      continue;
    }
    FeedSpec spec;
    spec.growth = PerYear{growth};
    spec.snapshot = Amount{snapshot, "ETH"};
    LiveFeed feed(spec, 1, true);
    const std::vector<double> in{number(c["ratio"]), number(c["base"])};
    const double unit = 1e8;  // eight decimals of the ratio
    const double got = feed.at(c["dt"], FeedInputs(in)) / unit;
    CHECK(std::fabs(got - number(c["expected"])) <= rel * number(c["expected"]));
  }
}

TEST_CASE("a growth cap starts at the opening ratio, rises by the second, and never raises") {
  FeedSpec spec;
  spec.growth = PerYear{0.0876};  // 1e-5 an hour
  const std::vector<double> opening{1.2, 2000}, jumped{1.5, 2000}, fell{1.1, 2000};
  FeedParams params = compile_feed(spec, true);
  FeedState state = open_feed(params, FeedInputs(opening), 0);
  CHECK(state.published == 2400);
  step(params, state, 3600, FeedInputs(jumped));
  CHECK(state.published == Approx(2400 * 1.00001).epsilon(1e-14));
  CHECK(next_due(params, state) == just_after(3600));  // it goes on rising
  step(params, state, 7200, FeedInputs(jumped));
  CHECK(state.published == Approx(2400 * 1.00002).epsilon(1e-14));
  step(params, state, 7200, FeedInputs(fell));
  CHECK(state.published == 2200);
  CHECK(next_due(params, state) == never_s);
  state.faults.cap_factor = 0.9;  // a stale snapshot: what is true is capped
  step(params, state, 7300, FeedInputs(opening));
  CHECK(state.published < 0.9 * 2400 * 1.0001);
}

TEST_CASE("delay: every poke of maker_osm_delay.json") {
  const json file = test::known("markets/maker_osm_delay");
  CHECK(file["cases"].size() == 2);
  for (const json& c : file["cases"]) {
    INFO(c["name"]);
    const Delay::Params p{.hop_s = c["hop"]};
    Delay::State s;
    for (const json& e : c["events"]) {
      CHECK(Delay::poke(p, s, e["source"], e["t"]) == (e["poke"] == "ok"));
      if (e.contains("expect_cur")) CHECK(s.current_usd == e["expect_cur"].get<double>());
      if (e.contains("expect_nxt")) CHECK(s.next_usd == e["expect_nxt"].get<double>());
    }
  }
}

TEST_CASE("a delayed feed shows a price one to two slots later, and keeps it if the source fails") {
  FeedSpec spec;
  spec.delay = Seconds{3600};
  LiveFeed feed(spec, 100);
  CHECK(feed.at(60, 90) == 100);
  CHECK(next_due(feed.params, feed.state) == 3600);
  CHECK(feed.at(3600, 90) == 100);  // read now
  CHECK(feed.at(5000, 80) == 100);
  CHECK(feed.at(7300, 80) == 90);  // a late poke keeps to the clock's slots
  CHECK(next_due(feed.params, feed.state) == 10800);
  CHECK(feed.at(10800, 80) == 80);
  Delay::State s = feed.state;
  CHECK_FALSE(Delay::poke(feed.params, s, none, 20000));
  CHECK(s.next_usd == feed.state.next_usd);
}

TEST_CASE("arithmetic means of uniswap_v2_lp_fee_and_twap.json, in both directions") {
  const json file = test::known("markets/uniswap_v2_lp_fee_and_twap");
  int seen = 0;
  for (const json& c : file["cases"]) {
    if (c["type"] != "twap") continue;
    PriceHistory both[2];
    double opening[2] = {}, now[2] = {};
    for (const json& e : c["events"]) {
      const double r0 = number(e["reserve0"]), r1 = number(e["reserve1"]);
      const double price[2] = {r1 / r0, r0 / r1};
      for (int i = 0; i < 2; ++i) {
        if (e["t"] == 0) opening[i] = price[i];
        both[i].add(e["t"], price[i]);
        now[i] = price[i];
      }
    }
    for (const json& q : c["queries"]) {
      const auto fraction = [](const std::string& text) {
        const std::size_t slash = text.find('/');
        return slash == std::string::npos ? std::stod(text)
                                          : std::stod(text) / std::stod(text.substr(slash + 1));
      };
      const double t = q["t"];
      const double expected[2] = {fraction(q["cum0"]), fraction(q["cum1"])};
      for (int i = 0; i < 2; ++i) {
        CHECK(both[i].integral(0, t, 0, opening[i]) == Approx(expected[i]).epsilon(1e-12));
        if (t < 20) continue;
        const double mean = window_mean(Smoothing::arithmetic, both[i], t, t, now[i], opening[i]);
        CHECK(mean == Approx(expected[i] / t).epsilon(1e-12));
        ++seen;
      }
    }
  }
  CHECK(seen == 2);
}

TEST_CASE(
    "means differ by direction: arithmetic 2/3 against 2, harmonic inverts it, geometric is "
    "its own inverse") {
  const auto mean = [](const std::string& how, double before, double after) {
    FeedSpec spec;
    spec.twap = Seconds{20};
    spec.twap_mean = how;
    LiveFeed feed(spec, before);
    feed.at(10, after);
    return feed.at(20, after);
  };
  CHECK(mean("arithmetic", 1, 1.0 / 3) == Approx(2.0 / 3).epsilon(1e-14));
  CHECK(mean("arithmetic", 1, 3) == Approx(2).epsilon(1e-14));
  CHECK(mean("harmonic", 1, 1.0 / 3) == Approx(0.5).epsilon(1e-14));
  CHECK(mean("geometric", 1, 3) == Approx(std::sqrt(3.0)).epsilon(1e-14));
  CHECK(mean("geometric", 1, 3) * mean("geometric", 1, 1.0 / 3) == Approx(1).epsilon(1e-14));
}

TEST_CASE("a move held for k of N blocks shows as m^(k/N), or as 1 + (m - 1) k/N") {
  for (const std::string how : {"geometric", "arithmetic"}) {
    FeedSpec spec;
    spec.twap = Seconds{1800};
    spec.twap_mean = how;
    LiveFeed feed(spec, 2000);
    double seen = 0;
    for (int block = 0; block <= 150; ++block) {
      const double t = 12.0 * block;
      const double shown = feed.at(t, block < 10 ? 2000.0 : block < 15 ? 2600.0 : 2000.0);
      if (block == 10) CHECK(shown == 2000);  // the block of the trade does not see it
      if (block == 15) seen = shown;
    }
    const double share = 5.0 / 150;
    const double expected =
        how == "geometric" ? 2000 * std::pow(1.3, share) : 2000 * (1 + 0.3 * share);
    CHECK(seen == Approx(expected).epsilon(1e-13));
    CHECK(feed.state.settling);
    CHECK(feed.at(12.0 * 15 + 1800, 2000) == 2000);  // gone from the window, to the last bit
    CHECK_FALSE(feed.state.settling);
    CHECK(next_due(feed.params, feed.state) == never_s);
    CHECK(feed.history.size() == 1);
  }
}

TEST_CASE("an average does not depend on how often it is looked at") {
  for (const std::string how : {"ema", "geometric", "arithmetic", "harmonic"}) {
    FeedSpec spec;
    if (how == "ema") {
      spec.half_life = Seconds{600};
    } else {
      spec.twap = Seconds{1800};
      spec.twap_mean = how;
    }
    LiveFeed coarse(spec, 2000), fine(spec, 2000);
    for (int i = 1; i <= 400; ++i) {
      const double price = 2000 + 100 * std::sin(0.1 * (i / 4));
      for (int sub = 0; sub < 4; ++sub) fine.at(48.0 * i + 12.0 * sub, price);
      coarse.at(48.0 * i, price);
      REQUIRE(coarse.at(48.0 * i + 36, price) == Approx(fine.state.published).epsilon(1e-12));
    }
  }
}

TEST_CASE("averages scale with the price bit for bit, and stand still at rest") {
  for (const std::string how : {"ema", "geometric", "arithmetic", "harmonic"}) {
    FeedSpec spec;
    if (how == "ema") {
      spec.ema = Seconds{333};
    } else {
      spec.twap = Seconds{500};
      spec.twap_mean = how;
    }
    LiveFeed a(spec, 1234.5), b(spec, 1234.5 * 1024), still(spec, 0.1);
    double price = 1234.5;
    for (int i = 1; i < 300; ++i) {
      price *= 1 + 0.01 * std::sin(i * i * 0.37);
      REQUIRE(a.at(7.0 * i, price) * 1024 == b.at(7.0 * i, price * 1024));
      REQUIRE(still.at(7.0 * i, 0.1) == 0.1);
    }
    CHECK(next_due(still.params, still.state) == never_s);
  }
}

TEST_CASE("an exponential average closes half its gap in a half-life and then arrives") {
  FeedSpec spec;
  spec.half_life = Seconds{600};
  LiveFeed feed(spec, 100);
  CHECK(feed.at(0, 200) == 100);
  CHECK(feed.at(600, 200) == Approx(150).epsilon(1e-13));
  CHECK(feed.at(1200, 200) == Approx(175).epsilon(1e-13));
  CHECK(feed.at(600 * 60, 200) == 200);
  CHECK(next_due(feed.params, feed.state) == never_s);
}

TEST_CASE("premium: the price plus the average premium of another") {
  FeedSpec spec;
  spec.premium = Name{"perp"};
  spec.premium_ema.value = 150;
  LiveFeed feed(spec, 100);
  const auto look = [&](double t, double oracle, double mid) {
    const std::vector<double> one{oracle};
    FeedInputs in(one);
    in.premium = mid;
    return feed.at(t, in);
  };
  CHECK(look(0, 100, 101) == 101);  // opens at the premium it finds
  CHECK(look(12, 90, 85) == 91);    // the new premium is in force from now on
  const double kept = std::exp(-1.0);
  CHECK(look(162, 90, 85) == Approx(90 + 1 * kept - 5 * (1 - kept)).epsilon(1e-13));
  CHECK(look(400, 80, none) < 80);  // without a mid the last premium stands
}

TEST_CASE("weighted medians and means; what is missing drops out") {
  const std::vector<double> x{10, 30, 20, 40}, w{1, 1, 5, 1};
  CHECK(weighted_median(x, {}, false) == 30);
  CHECK(weighted_median(x, {}, true) == 25);
  CHECK(weighted_median(x, w, false) == 20);
  const std::vector<double> even{3, 1, 1, 1};  // half of the weight lies on 10
  CHECK(weighted_median(x, even, false) == 20);
  CHECK(weighted_median(x, even, true) == 15);
  const std::vector<double> holes{none, 30, none, 40};
  CHECK(weighted_median(holes, w, false) == 40);
  CHECK(weighted_mean(holes, w, 30, never_s, false) == 35);
  CHECK(weighted_mean(x, w, 20, never_s, false) == Approx(180.0 / 8).epsilon(1e-15));
  CHECK(std::isnan(weighted_median(std::vector<double>{none}, {}, false)));
  // one of five 30% high: clipped to the limit of 5%, or left out
  const std::vector<double> five{100, 100, 100, 100, 130};
  CHECK(weighted_mean(five, {}, 100, 0.05, false) == Approx(101).epsilon(1e-15));
  CHECK(weighted_mean(five, {}, 100, 0.05, true) == 100);
  const std::vector<double> agree{0.1, 0.1, 0.1}, odd{0.3, 0.7, 0.9};
  CHECK(weighted_mean(agree, odd, 0.1, never_s, false) == 0.1);
}

TEST_CASE("a feed of several sources: quorum, divergence, clipping") {
  FeedSpec spec = listed(3, &FeedSpec::mean);
  spec.quorum = 2;
  spec.outlier = Ratio{0.05};
  LiveFeed feed(spec, 100);
  const std::vector<double> agree{100, 100, 100}, two{100, none, 100}, one{90, none, none};
  CHECK(feed.at(1, FeedInputs(agree)) == 100);
  feed.state.faults.odd_source = 2;
  feed.state.faults.odd_factor = 1.5;
  CHECK(feed.at(2, FeedInputs(agree)) == Approx(100 + 5.0 / 3).epsilon(1e-14));
  feed.state.faults = {};
  CHECK(feed.at(3, FeedInputs(two)) == 100);
  CHECK(feed.at(4, FeedInputs(one)) == 100);  // too few: the answer stays

  FeedSpec median = listed(3, &FeedSpec::median);
  LiveFeed robust(median, 100);
  robust.state.faults.odd_source = 0;
  robust.state.faults.odd_factor = 9;
  CHECK(robust.at(1, FeedInputs(agree)) == 100);  // fewer than half cannot move a median
}

TEST_CASE("votes publish an interval; bands and the guard read it") {
  FeedSpec spec = listed(3, &FeedSpec::votes);
  spec.confidence.value = 0.001;
  spec.max_confidence = Ratio{0.01};
  LiveFeed feed(spec, 100);
  const std::vector<double> agree{100, 100, 100}, apart{100, 100, 110};
  feed.at(1, FeedInputs(agree));
  CHECK(feed.state.confidence == Approx(0.001).epsilon(1e-12));
  CHECK(feed.state.usable);
  feed.at(2, FeedInputs(apart));
  CHECK(feed.state.published == 100.1);
  CHECK_FALSE(feed.state.usable);  // 9.9 of 100.1 is too uncertain
  feed.at(3, FeedInputs(agree));
  CHECK(feed.state.usable);
}

TEST_CASE("what fails a check is refused, kept or read elsewhere") {
  FeedSpec spec;
  spec.max_jump = Ratio{0.2};
  LiveFeed refuses(spec, 100);
  spec.on_failure = "keep";
  LiveFeed keeps(spec, 100);
  spec.fallback = Name{"other"};
  LiveFeed falls_back(spec, 100);
  const auto read = [](LiveFeed& feed, double t, double price, double other) {
    const std::vector<double> one{price};
    FeedInputs in(one);
    in.fallback = other;
    return feed.at(t, in);
  };
  for (LiveFeed* feed : {&refuses, &keeps, &falls_back}) CHECK(read(*feed, 1, 90, 95) == 90);
  CHECK(read(refuses, 2, 60, 61) == 60);
  CHECK_FALSE(refuses.state.usable);
  CHECK(read(keeps, 2, 60, 61) == 90);
  CHECK(keeps.state.usable);
  CHECK(read(falls_back, 2, 60, 61) == 61);
  CHECK(read(falls_back, 3, 60, none) == 90);  // nothing to fall back to: the last good answer
  CHECK(read(refuses, 4, 59, 61) == 59);       // the next answer is near the last: believed
  CHECK(refuses.state.usable);
}

TEST_CASE("an adapter is as old, and as usable, as the feed it reads") {
  FeedSpec spec;
  spec.feed = Name{"below"};
  spec.max_age = Seconds{3600};
  FeedParams params = compile_feed(spec, false);
  CHECK(params.live);
  FeedState state = start_feed(params, 100, 0);
  const std::vector<double> one{100};
  FeedInputs in(one);
  in.updated_s = 1000;
  step(params, state, 4600, in);
  CHECK(state.usable);
  CHECK(next_due(params, state) == just_after(4600));
  step(params, state, 4601, in);
  CHECK_FALSE(state.usable);
  in.updated_s = 4600;
  step(params, state, 4602, in);
  CHECK(state.usable);
  in.unusable = true;
  step(params, state, 4603, in);
  CHECK_FALSE(state.usable);
}

TEST_CASE("ratio: a price in another asset times that asset's feed") {
  FeedSpec spec;
  spec.feed = Name{"stETH.ratio"};
  LiveFeed feed(spec, 1);
  const std::vector<double> one{0.98};
  FeedInputs in(one);
  in.times = 2000;
  CHECK(feed.at(1, in) == 1960);
  in.over = 0.5;
  CHECK(feed.at(2, in) == 3920);
}

TEST_CASE("a stale feed loses what was in flight; the price returns at its end") {
  FeedSpec spec;
  spec.latency.value = 24;
  spec.max_age = Seconds{4000};
  FeedParams params = compile_feed(spec, false);
  FeedState state = start_feed(params, 100, 0);
  const auto at = [&](double t, double price) {
    const std::vector<double> one{price};
    step(params, state, t, FeedInputs(one));
    return state.published;
  };
  at(12, 90);
  state.faults.stale = true;
  CHECK(at(36, 90) == 100);
  CHECK(at(4001, 50) == 100);
  CHECK_FALSE(state.usable);
  state.faults.stale = false;
  CHECK(at(5000, 50) == 100);
  CHECK(at(5024, 50) == 50);
  CHECK(state.usable);
}
