// Terra's market module: its formulas by hand and the published capacity, and what must hold.
#include <catch2/catch.hpp>
#include <cmath>

#include "protocols/claims/virtual_pools.hpp"

using namespace faultline;

TEST_CASE("virtual pools: the spread is that of a constant product") {
  const VirtualPoolTerms t;
  VirtualPools p;
  CHECK(terra_pool(t, p) == 50e6);
  CHECK(luna_pool(t, p) == 50e6);
  CHECK(swap_spread(t, p, 1e5, true) == 0.02);  // the minimum
  // 10m: y = 50m - 2500e12 / 60m = 8.3333m, spread 1/6
  CHECK(swap_spread(t, p, 10e6, true) == Approx(1.0 / 6));
  CHECK(swap_spread(t, p, 10e6, false) == Approx(1.0 / 6));
  VirtualSwap s = redeem_stable(t, p, 10e6, 0.75, 60);
  CHECK(s.value == 7.5e6);
  CHECK(s.spread == Approx(7.5 / 57.5));
  CHECK(s.out == Approx(7.5e6 / 60 * (1 - 7.5 / 57.5)));
  CHECK(s.out + s.fee == Approx(7.5e6 / 60));
  CHECK(p.delta == 7.5e6);
  // y / x with pools apart, as written in the contract
  const double x = 3e6, luna = luna_pool(t, p), terra = terra_pool(t, p);
  const double y = luna - 2500e12 / (terra + x);
  CHECK(swap_spread(t, p, x, true) == Approx(1 - y / x));
  // the way back costs only the minimum now
  CHECK(swap_spread(t, p, 1e6, false) == 0.02);
  s = mint_stable(t, p, 1e6 / 60, 0.75, 60);
  CHECK(s.out == Approx(1e6 / 0.75 * 0.98));
  CHECK(p.delta == Approx(7.5e6 - 0.98e6));  // by what was paid out
  CHECK(swap_stables(t, 100, 0.75, 1.5) == Approx(50 * 0.9965));
}

TEST_CASE("virtual pools: replenishing, and the capacity it leaves") {
  VirtualPoolTerms t;
  VirtualPools p{36e6};
  replenish(t, p, 1);
  CHECK(p.delta == Approx(35e6));
  VirtualPools q = p;
  replenish(t, p, 10);
  for (int i = 0; i < 10; ++i) replenish(t, q, 1);
  CHECK(p.delta == Approx(q.delta));
  VirtualPools half = p;
  replenish(t, half, 0.5);
  replenish(t, half, 0.5);
  replenish(t, p, 1);
  CHECK(half.delta == Approx(p.delta));  // blocks may be cut: half twice is one
  replenish(t, p, 1e6);
  CHECK(p.delta == Approx(0).margin(1e-9));
  // 14,400 blocks a day at 2%: SDR 203m, four times that after prop 1164's 100m and 18 blocks
  CHECK(capacity_per_block(t, 0.02) * 14400 == Approx(203e6).epsilon(0.005));
  const double before = capacity_per_block(t, 0.02);
  t.base = 100e6;
  t.period = 18;
  CHECK(capacity_per_block(t, 0.02) == Approx(4 * before));
  t.base = 1e9;
  t.period = 1;
  CHECK(capacity_per_block(t, 0.02) == Approx(720 * before));
  VirtualPools gone{1e6};
  replenish(t, gone, 1);
  CHECK(gone.delta == 0);
}

TEST_CASE("virtual pools: a steady flow at capacity holds the spread, above it the coin floats") {
  const VirtualPoolTerms t;
  VirtualPools p;
  const double flow = capacity_per_block(t, 0.1);
  for (int block = 0; block < 2000; ++block) {
    redeem_stable(t, p, flow, 1, 60);
    replenish(t, p, 1);
  }
  CHECK(p.delta == Approx(delta_at_spread(t, 0.1)).epsilon(0.05));
  CHECK(arbitrage_floor(t, p) == Approx(0.9).epsilon(0.01));
  double before = arbitrage_floor(t, p);
  for (const double more : {1.5, 3.0, 10.0}) {
    for (int block = 0; block < 2000; ++block) {
      redeem_stable(t, p, more * flow, 1, 60);
      replenish(t, p, 1);
    }
    CHECK(arbitrage_floor(t, p) < before);
    before = arbitrage_floor(t, p);
  }
}

TEST_CASE("virtual pools: out and back loses, more in never yields less out") {
  const VirtualPoolTerms t;
  for (const double delta : {-20e6, 0.0, 40e6}) {
    double before = 0;
    for (const double x : {1.0, 1e4, 1e6, 2e7, 1e9}) {
      VirtualPools p{delta};
      const VirtualSwap there = redeem_stable(t, p, x, 1, 60);
      CHECK(there.out >= before);
      CHECK(there.out * 60 <= x);
      before = there.out;
      CHECK(mint_stable(t, p, there.out, 1, 60).out <= x * (1 + 1e-12));
      CHECK(terra_pool(t, p) > 0);
    }
  }
  // the token's price falls, tokens minted for the same coins grow as its reciprocal
  VirtualPools a, b;
  CHECK(redeem_stable(t, a, 1e5, 1, 1).out * 1000 ==
        Approx(redeem_stable(t, b, 1e5, 1, 0.001).out));
}
