#include "oracles/feed.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <vector>

using namespace faultline;

namespace {

struct Rig {
  FeedParams params;
  FeedState state;
  PriceHistory history;

  Rig(const FeedSpec& spec, double usd, bool has_rate = false)
      : params(compile_feed(spec, has_rate)), state(start_feed(params, usd, 0)) {}
  StepResult to(double now_s, std::vector<double> sources) {
    return step(params, state, now_s, sources, &history);
  }
  StepResult read(double now_s, const FeedInputs& in) {
    return step(params, state, now_s, in, &history);
  }
};

FeedSpec feed(double latency_s = 0) {
  FeedSpec s;
  s.latency.value = latency_s;
  return s;
}

FeedSpec median_of(std::size_t n, const std::string& rule = "upper") {
  FeedSpec s = feed();
  s.median.assign(n, Name{"v"});
  s.median_rule = rule;
  s.deviation.value = 0;
  return s;
}

struct FieldNames {
  std::set<std::string> seen;
  template <class T>
  void operator()(std::string_view name, T&, const Field& field) {
    CHECK(seen.insert(std::string(name)).second);
    CHECK_FALSE(field.help.empty());
  }
};

// The instants at which the answer changed, and what it became.
struct Change {
  double at_s, usd;
};

// A staircase rising 1% a minute; the feed is stepped every `round_s`.
std::vector<Change> staircase(const FeedSpec& spec, double round_s, double until_s) {
  Rig rig(spec, 1000);
  std::vector<Change> changes;
  for (double t = round_s; t <= until_s; t += round_s) {
    const double price = 1000 * (1 + 0.01 * std::floor(t / 60));
    if (rig.to(t, {price}).changed) changes.push_back({t, rig.state.published});
  }
  return changes;
}

}  // namespace

TEST_CASE("a report is made at the deviation, inclusive") {
  Rig rig(feed(), 2000);
  CHECK_FALSE(rig.to(12, {2009.99}).changed);
  CHECK(rig.state.published == 2000);
  CHECK(rig.to(24, {2010}).changed);  // exactly 0.5%
  CHECK(rig.state.published == 2010);
  CHECK_FALSE(rig.to(36, {2000}).changed);  // 0.4975% of 2010
  CHECK(rig.to(48, {1999.9}).changed);
}

TEST_CASE("deviation zero reports every change and nothing else") {
  FeedSpec s = feed();
  s.deviation.value = 0;
  s.heartbeat.reset();
  Rig rig(s, 5);
  CHECK_FALSE(rig.to(1, {5}).changed);
  CHECK(rig.to(2, {std::nextafter(5.0, 6.0)}).changed);
  CHECK(rig.state.count == 0);
  CHECK(next_due(rig.params, rig.state) == never_s);
}

TEST_CASE("the median drops missing sources") {
  const double none = no_price;
  Rig odd(median_of(3), 1);
  odd.to(1, {3, 1, 2});
  CHECK(odd.state.published == 2);
  odd.to(2, {none, 1, 4});
  CHECK(odd.state.published == 4);  // element n/2 of the sorted: the upper of two
  odd.to(3, {none, none, 7});
  CHECK(odd.state.published == 7);
  CHECK_FALSE(odd.to(4, {none, none, none}).changed);
  CHECK(odd.state.published == 7);
  CHECK_FALSE(odd.to(5, {}).changed);

  Rig mean(median_of(4, "mean"), 1);
  mean.to(1, {1, 2, 4, 100});
  CHECK(mean.state.published == 3);
}

TEST_CASE("more sources than fit stop the scenario") {
  Rig rig(median_of(40), 1);
  CHECK(rig.to(1, std::vector<double>(40, 2.0)).capacity_exceeded);
  CHECK_FALSE(rig.to(2, std::vector<double>(32, 2.0)).capacity_exceeded);
}

TEST_CASE("an infinite price is said, not published in silence") {
  Rig rig(feed(), 1);
  CHECK(rig.to(1, {std::numeric_limits<double>::infinity()}).not_finite);
}

TEST_CASE(
    "a rejected price freezes the feed until it goes stale; a clamped one follows to the bound") {
  FeedSpec s = feed();
  s.min = Amount{0.10, "$"};
  s.max_age = Seconds{7200};
  Rig rejects(s, 0.107);
  s.out_of_bounds = "clamp";
  Rig clamps(s, 0.107);
  bool flipped = false;
  for (double t = 600; t <= 9000; t += 600) {
    flipped = rejects.to(t, {0.01}).changed || flipped;
    clamps.to(t, {0.01});
    CHECK(rejects.state.published == 0.107);
    CHECK(clamps.state.published == 0.10);
    CHECK(rejects.state.usable == (t <= 7200));
    CHECK(usable(clamps.params, clamps.state, t));  // its heartbeat goes on
  }
  CHECK(flipped);
  CHECK(
      rejects.to(9600, {0.10}).changed);  // a price inside, the bound itself included, is reported
  CHECK(rejects.state.published == 0.10);
  CHECK(rejects.state.usable);
}

TEST_CASE("latency delays every report by itself, in order") {
  FeedSpec s = feed(24);
  s.heartbeat.reset();
  Rig rig(s, 100);
  rig.to(0, {101});
  CHECK(rig.state.published == 100);
  rig.to(12, {102});
  CHECK(rig.state.published == 100);
  CHECK(next_due(rig.params, rig.state) == 24);
  CHECK(rig.to(24, {103}).changed);
  CHECK(rig.state.published == 101);
  CHECK(rig.to(36, {103}).changed);
  CHECK(rig.state.published == 102);
  CHECK(rig.to(48, {103}).changed);
  CHECK(rig.state.published == 103);
  CHECK(rig.state.delivered_s == 48);
  CHECK_FALSE(rig.to(60, {103}).changed);
  CHECK(next_due(rig.params, rig.state) == never_s);
}

TEST_CASE("latency zero is published within the step") {
  Rig rig(feed(0), 100);
  CHECK(rig.to(12, {110}).changed);
  CHECK(rig.state.published == 110);
}

TEST_CASE("a price that returns before its report lands is not reported twice") {
  Rig rig(feed(24), 100);
  rig.to(12, {101});  // decided
  rig.to(24, {100});  // back at the answer on chain: nothing to say yet
  CHECK(rig.state.count == 1);
  CHECK(rig.to(36, {100}).changed);
  CHECK(rig.state.published == 101);
  CHECK(rig.to(60, {100}).changed);  // the way back was decided when the first landed
  CHECK(rig.state.published == 100);
}

TEST_CASE("too many reports in flight is a capacity stop, not a silent loss") {
  FeedSpec s = feed(1e6);
  s.deviation.value = 0;
  Rig rig(s, 1);
  for (std::uint32_t i = 1; i <= Publish::most_pending; ++i)
    REQUIRE_FALSE(rig.to(i, {1.0 + i}).capacity_exceeded);
  CHECK(rig.to(1000, {5000}).capacity_exceeded);
}

TEST_CASE("the heartbeat repeats the answer, and its rhythm does not depend on the round") {
  for (double round_s : {1.0, 7.0, 60.0, 3599.0}) {
    CAPTURE(round_s);
    Rig rig(feed(24), 50);
    double last = 0;
    int beats = 0;
    for (double t = round_s; t <= 40000; t += round_s) {
      CHECK_FALSE(rig.to(t, {50}).changed);
      if (rig.state.delivered_s != last) {
        ++beats;
        last = rig.state.delivered_s;
        CHECK(last ==
              beats * 3624.0);  // decided every 3600 s after the last landed, 24 s on the way
      }
    }
    CHECK(beats == (round_s == 3599 ? 10 : 11));
  }
}

TEST_CASE("rounds longer than a heartbeat still beat, and never sleep through the next") {
  Rig rig(feed(24), 50);
  for (double t = 14400; t <= 144000; t += 14400) {
    rig.to(t, {50});
    CHECK(rig.state.delivered_s == 3624 * std::floor(t / 3624));
    CHECK(next_due(rig.params, rig.state) > t);
    CHECK(next_due(rig.params, rig.state) <= t + 3624);
  }
}

TEST_CASE("sleeping until next_due gives what stepping every second gives") {
  FeedSpec s = feed(24);
  s.max_age = Seconds{3000};
  Rig awake(s, 50), asleep(s, 50);
  double due = next_due(asleep.params, asleep.state);
  for (double t = 1; t <= 20000; t += 1) {
    awake.to(t, {50});
    if (t >= due) {
      asleep.to(t, {50});
      due = next_due(asleep.params, asleep.state);
      REQUIRE(due > t);
    }
    REQUIRE(asleep.state.published == awake.state.published);
    REQUIRE(asleep.state.usable == awake.state.usable);
    REQUIRE(asleep.state.delivered_s == awake.state.delivered_s);
  }
}

TEST_CASE("halving the round moves no report by more than one round") {
  FeedSpec s = feed(24);
  s.deviation.value = 0.005;
  const auto fine = staircase(s, 1, 1800);
  for (double round_s : {3.0, 6.0, 12.0, 24.0}) {
    const auto coarse = staircase(s, round_s, 1800);
    REQUIRE(coarse.size() >= fine.size() - 1);
    for (std::size_t i = 0; i < std::min(coarse.size(), fine.size()); ++i) {
      CHECK(coarse[i].usd == fine[i].usd);
      CHECK(std::fabs(coarse[i].at_s - fine[i].at_s) <= round_s);
    }
  }
}

TEST_CASE("an outage makes no reports; what was in flight lands; the price returns at its end") {
  FeedSpec s = feed(24);
  s.max_age = Seconds{4000};
  Rig rig(s, 100);
  rig.to(12, {90});
  rig.state.faults.outage = true;
  CHECK(rig.to(36, {50}).changed);
  CHECK(rig.state.published == 90);
  CHECK_FALSE(rig.to(3600, {50}).changed);
  CHECK(rig.to(4100, {50}).changed);  // went stale
  CHECK_FALSE(rig.state.usable);
  CHECK(next_due(rig.params, rig.state) == never_s);  // nothing to wake for
  rig.state.faults.outage = false;
  rig.to(5000, {50});
  CHECK(rig.to(5024, {50}).changed);
  CHECK(rig.state.published == 50);
  CHECK(rig.state.usable);
}

TEST_CASE("a heartbeat that found no price counts from the price's return") {
  Rig rig(feed(24), 100);
  rig.state.faults.outage = true;
  rig.to(3600, {100});
  rig.state.faults.outage = false;
  rig.to(5000, {100});
  CHECK(rig.state.delivered_s == 0);
  rig.to(5024, {100});
  CHECK(rig.state.delivered_s == 5024);
}

TEST_CASE("a late heartbeat does not overtake a report decided after it") {
  Rig rig(feed(24), 100);
  rig.to(3590, {100});
  rig.to(3650, {101});  // moved, and the heartbeat is late too
  rig.to(3660, {100});  // late still, and the price is back
  CHECK(rig.state.count == 2);
  rig.to(3674, {100});
  CHECK(rig.state.published == 101);
  rig.to(3684, {100});
  CHECK(rig.state.published == 100);
}

TEST_CASE("a frozen feed keeps its price and looks fresh") {
  FeedSpec s = feed(0);
  s.max_age = Seconds{4000};
  Rig rig(s, 100);
  rig.state.faults.frozen = true;
  for (double t = 600; t <= 20000; t += 600) {
    CHECK_FALSE(rig.to(t, {40}).changed);
    CHECK(rig.state.published == 100);
    CHECK(rig.state.usable);
  }
  rig.state.faults.frozen = false;
  CHECK(rig.to(20100, {40}).changed);
  CHECK(rig.state.published == 40);
}

TEST_CASE("a report in flight when the feed freezes is not lost on thaw") {
  Rig rig(feed(24), 100);
  rig.to(12, {90});
  rig.state.faults.frozen = true;
  rig.to(36, {90});
  CHECK(rig.state.published == 100);
  rig.state.faults.frozen = false;
  rig.to(48, {90});
  rig.to(72, {90});
  CHECK(rig.state.published == 90);
}

TEST_CASE("offset and latency faults run through the pipeline") {
  Rig rig(feed(24), 100);
  rig.state.faults.offset = 1.1;
  rig.state.faults.latency_override_s = 900;
  rig.to(12, {100});
  CHECK(next_due(rig.params, rig.state) == 912);
  rig.state.faults = FeedFaults{};
  rig.to(24, {120});  // overtakes: the older report would be rejected as stale
  rig.to(48, {120});
  CHECK(rig.state.published == 120);
  CHECK_FALSE(rig.to(912, {120}).changed);
  CHECK(rig.state.published == 120);
}

TEST_CASE("rate and fixed feeds are read live") {
  FeedSpec s;  // 0.5%, 1 h, 24 s, none of which applies
  Rig rate(s, 2840.64, true);
  CHECK(rate.params.source == SourceKind::rate);
  CHECK(rate.to(1, {1.23, 2310}).changed);
  CHECK(rate.state.published == 1.23 * 2310);
  CHECK_FALSE(rate.to(2, {no_price, 2310}).changed);
  CHECK(next_due(rate.params, rate.state) == never_s);

  s.fixed = Amount{1, "$"};
  Rig fixed(s, 1);
  CHECK(fixed.params.source == SourceKind::fixed);
  CHECK_FALSE(fixed.to(1e6, {}).changed);
  CHECK(fixed.state.published == 1);
}

TEST_CASE("a feed without an answer publishes its first price") {
  Rig rig(feed(0), no_price);
  CHECK_FALSE(rig.state.usable);
  CHECK_FALSE(rig.to(1, {no_price}).changed);
  CHECK(rig.to(2, {3}).changed);
  CHECK(rig.state.published == 3);
  CHECK(rig.state.usable);
}

TEST_CASE("doubling every price and bound doubles what is published, bit for bit") {
  for (int n : {-8, 1, 20}) {
    const double k = std::ldexp(1.0, n);
    FeedSpec a = feed(24), b = feed(24);
    a.min = Amount{700, "$"};
    b.min = Amount{700 * k, "$"};
    Rig x(a, 1000), y(b, 1000 * k);
    double price = 1000;
    for (int i = 1; i < 2000; ++i) {
      price *= 1 + 0.004 * std::sin(i * i * 0.37);
      const StepResult p = x.to(12.0 * i, {price}), q = y.to(12.0 * i, {price * k});
      REQUIRE(p.changed == q.changed);
      REQUIRE(y.state.published == x.state.published * k);
    }
  }
}

TEST_CASE("what a feed's spec means and what it contradicts") {
  FeedSpec s;
  CHECK(s.stated() == 0);
  s.venue = Name{"dex"};
  s.fixed = Amount{1, "$"};
  CHECK(s.stated() == 2);
  FieldNames names;
  s.fields(names);
  CHECK(names.seen.size() == 41);
}
