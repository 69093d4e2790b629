// Thresholds that follow volatility (protocols/margin/threshold_scaling.hpp): the law by hand, its
// independence of the round, and who it puts in breach.
#include <catch2/catch.hpp>
#include <cmath>

#include "tests/sim/pool_world.hpp"

using namespace faultline;
using namespace faultline::test;
using faultline::laws::Case;

namespace {

ThresholdScalingSpec hourly(double usual, double floor) {
  ThresholdScalingSpec s;
  s.usual.value = usual;
  s.half_life.value = 3600;
  s.floor.value = floor;
  s.ramp.value = 3600;
  s.recovers.value = 3600;
  return s;
}

}  // namespace

TEST_CASE("scaled thresholds: one move by hand, the ramp down and the way back") {
  const ThresholdScaling t = compile_scaling(hourly(4, 0.3));
  ScaledThreshold s;
  CHECK_FALSE(follow(t, s, 1000, 0));
  // A fall of 10%: V = ln(0.9)^2 ln 2 / 3600, 821% a year: 400% asks for 0.4872.
  follow(t, s, 900, 0);
  const double a_year = std::sqrt(s.variance * 31536000);
  CHECK(a_year == Approx(0.105361 * std::sqrt(0.693147 * 31536000 / 3600)).epsilon(1e-5));
  CHECK(wanted_scale(t, s.variance) == Approx(4 / a_year));
  CHECK(s.scale == 1);
  follow(t, s, 900, 900);  // a quarter of the ramp: 0.7 / 4
  CHECK(s.scale == Approx(1 - 0.175));
  // Two half-lives later half the volatility is left: 4 / 4.1.
  follow(t, s, 900, 6300);
  CHECK(std::sqrt(s.variance * 31536000) == Approx(a_year / 2));
  CHECK(wanted_scale(t, s.variance) == Approx(8 / a_year));
  for (int i = 0; i < 100; ++i) follow(t, s, 900, 3600);
  CHECK(s.scale == 1);  // and no less: what is left of the way is forgotten
  CHECK_FALSE(follow(t, s, 900, 3600));
}

TEST_CASE("scaled thresholds: half the step, the same way") {
  const ThresholdScaling t = compile_scaling(hourly(1, 0.5));
  const auto after = [&](int steps) {
    ScaledThreshold s;
    follow(t, s, 1000, 0);
    follow(t, s, 950, 0);
    double least = 1;
    for (int i = 0; i < steps; ++i) {
      follow(t, s, 950, 86400.0 / steps);
      least = std::min(least, s.scale);
    }
    return std::pair(least, s.scale);
  };
  const auto coarse = after(1440), fine = after(5760);
  CHECK(coarse.first == Approx(fine.first).epsilon(2e-3));
  CHECK(coarse.second == Approx(fine.second).epsilon(2e-3));
  CHECK(coarse.second > coarse.first);
}

// One loan at health 1.05. ETH falls by 1%: 1.0395. With hourly memory that is 78% a year; against
// 10% the thresholds fall to the floor of 80% within the hour, and the account is in breach once
// they are at 1 / 1.0395 = 0.9620, 684 s after.
TEST_CASE("scaled thresholds put accounts in breach, and these are counted") {
  PoolWorld p;
  p.account(0, 1, 2, 800 / 1.05);
  p.eco.clock.horizon.value = 7200;
  const auto fall = [](const Case& c, Workspace& w) -> const Outcome& {
    w.audit_rounds = true;
    Scenario s;
    s.moves.push_back(price_to(c.world, "ETH", 990, 600));
    s.transmission = false;
    return run(c.world, s, w);
  };
  {
    const Case c(p.done(), {});
    Workspace w(c.world);
    CHECK(fall(c, w).markets[0].liquidations == 0);
  }
  p.pool.reserves["ETH"].volatility_scaled = hourly(0.1, 0.8);
  const Case c(p.done(), {});
  Workspace w(c.world);
  const Outcome& out = fall(c, w);
  CHECK(out.stop_detail == "");
  CHECK(out.markets[0].scaled_accounts == 1);
  CHECK(out.markets[0].scaled_usd == Approx(800 / 1.05));
  CHECK(out.markets[0].liquidations > 0);
  CHECK(out.markets[0].first_liquidation_s >= 1284);
  CHECK(out.markets[0].first_liquidation_s <= 1284 + 3 * 12);
}

TEST_CASE("scaled thresholds lie still while the feed does") {
  PoolWorld p;
  p.account(0, 1, 2, 700);
  p.pool.reserves["ETH"].volatility_scaled = hourly(0.1, 0.8);
  const Case c(p.done(), {});
  Workspace w(c.world);
  const Outcome& out = run(c.world, {}, w);
  CHECK(out.stop == Stop::settled);
  CHECK(w.pools.thresholds[reserve_of(c.world, "pool", "ETH")].scale == 1);
}
