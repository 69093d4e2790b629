// A small ecosystem for tests of the program. In no namespace: a test calls the program by its
// name.
#pragma once

inline const char* const small_ecosystem = R"(faultline: 1
name: small
clock: {round: 12s, horizon: 20min}
assets:
  ETH: $2000
  USDC: $1
venues:
  amm: {preset: uniswap_v2, pair: ETH/USDC, liquidity: $50m}
markets:
  pool:
    preset: compound_v2
    reserves:
      ETH: {supplied: 300k ETH}
      USDC: {supplied: $400m, borrowed: $100m}
    borrowers: {count: 500, posts: ETH, health: {median: 1.5, p1: 1.02}}
scenarios:
  crash: [{at: 1min, price: {ETH: -30%}, over: 5min}]
)";
