// What a worker holds, and that running the same scenario again takes nothing more.
#include <catch2/catch.hpp>

#include <malloc.h>

#include <cstdlib>
#include <new>

#include "core/math.hpp"
#include "sim/engine.hpp"
#include "tests/data/shipped_ecosystem.hpp"

#if !defined(__SANITIZE_ADDRESS__)

namespace {

// Of this thread: Catch and other tests' threads do not count.
thread_local std::size_t allocations = 0;
thread_local std::ptrdiff_t live_bytes = 0;

void* counted(void* p) {
  if (p == nullptr) throw std::bad_alloc();
  ++allocations;
  live_bytes += static_cast<std::ptrdiff_t>(malloc_usable_size(p));
  return p;
}

void release(void* p) {
  if (p != nullptr) live_bytes -= static_cast<std::ptrdiff_t>(malloc_usable_size(p));
  std::free(p);
}

}  // namespace

void* operator new(std::size_t size) {
  return counted(std::malloc(size == 0 ? 1 : size));
}
void* operator new(std::size_t size, std::align_val_t align) {
  const auto a = static_cast<std::size_t>(align);
  return counted(std::aligned_alloc(a, (size + a - 1) / a * a));
}
void operator delete(void* p) noexcept {
  release(p);
}
void operator delete(void* p, std::size_t) noexcept {
  release(p);
}
void operator delete(void* p, std::align_val_t) noexcept {
  release(p);
}
void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
  release(p);
}

namespace faultline::test {

namespace {

/// ETH falls to `share` of its price over 20 minutes.
Scenario fall(const Snapshot& world, double share) {
  Scenario s;
  ExogenousMove move;
  move.kind = MoveKind::price;
  move.target = world.asset("ETH").value;
  move.value = math::log(share);
  move.when.start_s = 60;
  move.when.end_s = 1260;
  s.moves.push_back(move);
  return s;
}

}  // namespace

TEST_CASE("the same scenario again in one workspace allocates nothing") {
  const Shipped eco("ethereum_2023.yaml");
  Workspace w(eco.world);
  for (const double share : {0.9, 0.7, 0.5}) {
    const Scenario scenario = fall(eco.world, share);
    run(eco.world, scenario, w);
    REQUIRE(w.outcome.counters.breaches > 0);
    const std::size_t before = allocations;
    run(eco.world, scenario, w);
    CHECK(allocations - before == 0);
  }
}

TEST_CASE("a worker holds 4 MB at most, and 48 KB a block it touched") {
  const Shipped eco("ethereum_2023.yaml");
  const std::ptrdiff_t before = live_bytes;
  Workspace w(eco.world);
  CHECK(live_bytes - before < 4'000'000);
  run(eco.world, fall(eco.world, 0.5), w);
  const std::size_t touched = w.positions.touched_blocks();
  REQUIRE(touched > 10);
  CHECK(live_bytes - before < 4'000'000 + 48'000 * static_cast<std::ptrdiff_t>(touched));
}

}  // namespace faultline::test

#endif
