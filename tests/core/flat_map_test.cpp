#include "core/flat_map.hpp"

#include <catch2/catch.hpp>

using namespace faultline;

TEST_CASE("a map holds what was put in, also after growing, clearing and being copied over") {
  FlatMap<int> small, map;
  for (std::uint32_t key = 0; key < 40; ++key) small.try_emplace(7 * key, static_cast<int>(key));
  for (int turn = 0; turn < 3; ++turn) {
    map = small;
    for (std::uint32_t key = 0; key < 1000; ++key) {
      const auto [value, fresh] = map.try_emplace(3 * key, -1);
      const bool had = 3 * key % 7 == 0 && 3 * key < 280;
      REQUIRE(fresh == !had);
      REQUIRE(*value == (had ? static_cast<int>(3 * key / 7) : -1));
    }
    CHECK(map.size() == 1000 + 40 - 14);
    REQUIRE(map.find(4) == nullptr);
    REQUIRE(*map.find(7) == 1);
  }
  map.clear();
  CHECK(map.size() == 0);
  CHECK(map.find(3) == nullptr);
}
