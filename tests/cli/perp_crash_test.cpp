// The shipped crash at a perpetual venue, at the command line.
#include <catch2/catch.hpp>

#include "tests/cli/saying.hpp"

using faultline::test::said;

namespace {
const std::string eco = std::string(FAULTLINE_ROOT) + "/data/ecosystems/perp_crash.yaml";
}

TEST_CASE("a crash at a perpetual venue shows every step of it", "[cli]") {
  const std::string out = said("run '" + eco + "'");
  for (const char* kind : {"  shock  ", "  liquidation  ", "  depth  ", "  takeover  ",
                           "  insurance  ", "  adl  ", "  funding  ", "  recovery  "}) {
    CAPTURE(kind);
    CHECK(out.find(kind) != std::string::npos);
  }
  CHECK(out.find("shorts pay") != std::string::npos);  // funding went below zero
  CHECK(out.find("makers leave: ") != std::string::npos);
}

TEST_CASE("10 October 2025 is told beside what was reported of it", "[cli]") {
  const std::string out = said("run '" + eco + "' --scenario october_2025");
  for (const char* row : {"deleveraged over liquidated", "first liquidation to first deleveraging",
                          "branching ratio of liquidations", "taken over by vaults and funds",
                          "borne by the ten largest", "borne by the hundred largest"}) {
    CAPTURE(row);
    CHECK(out.find(row) != std::string::npos);
  }
  CHECK(out.find("38.0%\n") != std::string::npos);
  CHECK(out.find("1 min 02 s\n") != std::string::npos);
}

TEST_CASE("a list of deleveraging rules is told rule by rule", "[cli]") {
  const std::string out =
      said("sweep '" + eco + "' '" FAULTLINE_ROOT "/data/sweeps/perp_adl.yaml' --quiet");
  for (const char* rule : {"hyperliquid", "binance", "bybit", "quantile", "random", "pro_rata"}) {
    CAPTURE(rule);
    CHECK(out.find(std::string("  ") + rule) != std::string::npos);
  }
  CHECK(out.find("beyond what was missing") != std::string::npos);
}
