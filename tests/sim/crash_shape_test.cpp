// Ratios of a crash, from outcomes written by hand.
#include "sim/perpetuals/crash_shape.hpp"

#include <catch2/catch.hpp>
#include <cmath>

using namespace faultline;

namespace {

Snapshot one_venue() {
  Snapshot world;
  PerpVenue venue;
  venue.market = MarketId{0};
  world.perps.push_back(venue);
  return world;
}

}  // namespace

TEST_CASE("the shape of a crash is told in ratios") {
  const Snapshot world = one_venue();
  Outcome full, direct;
  full.markets.resize(1);
  direct.markets.resize(1);
  full.perps.resize(2);
  full.burdens.resize(1);
  full.perps[0].liquidated_usd = 30;
  full.perps[0].takeover_usd = 50;
  full.perps[1].liquidated_usd = 20;
  full.perps[1].deleveraged_usd = 25;
  full.perps[1].first_deleveraged_s = 90;
  full.markets[0].first_liquidation_s = 30;
  full.markets[0].forced_usd = 200;
  direct.markets[0].forced_usd = 150;
  full.burdens[0].total = 1;
  full.burdens[0].top10 = 0.4;
  full.burdens[0].top100 = 0.9;
  const CrashShape s = crash_shape(world, full, direct);
  CHECK(s.deleveraged_over_liquidated == Approx(25.0 / 100));
  CHECK(s.first_deleveraged_after_s == 60);
  CHECK(s.backstop_share == Approx(0.5));
  CHECK(s.branching == Approx(0.25));  // 150 / (1 - 0.25) = 200
  CHECK(s.top10 == 0.4);
  CHECK(s.top100 == 0.9);
}

TEST_CASE("where nothing happened there is no shape") {
  const Snapshot world = one_venue();
  Outcome calm;
  calm.markets.resize(1);
  calm.perps.resize(1);
  calm.burdens.resize(1);
  const CrashShape s = crash_shape(world, calm, calm);
  for (const double x : {s.deleveraged_over_liquidated, s.first_deleveraged_after_s, s.branching,
                         s.backstop_share, s.top10, s.top100}) {
    CHECK(std::isnan(x));
  }
}
