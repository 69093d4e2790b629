#include "core/parallel.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include "core/fingerprint.hpp"
#include "core/rng.hpp"

namespace faultline {
namespace {

// A sweep of `count` ids of uneven cost; the hash of all it wrote, in the order written.
std::string hash_of_sweep(unsigned threads, std::uint64_t first, std::uint64_t count) {
  Workers workers({threads});
  std::vector<double> workspace(workers.threads());
  std::array<double, pipeline_slots> results{};
  Fingerprint hash;
  Pipeline sweep;
  sweep.first = first;
  sweep.count = count;
  sweep.run = [&](unsigned worker, unsigned slot, std::uint64_t id) {
    workspace[worker] = 0;
    const int work = 1 + static_cast<int>(id % 37) * 20;
    for (int i = 0; i < work; ++i)
      workspace[worker] += uniform({.scenario = id, .index = static_cast<std::uint32_t>(i)});
    results[slot] = workspace[worker];
  };
  sweep.write = [&](unsigned slot, std::uint64_t id) {
    hash.add(id);
    hash.add(results[slot]);
    return true;
  };
  const PipelineEnd end = workers.run_pipeline(sweep);
  CHECK(end.next == first + count);
  CHECK(end.error.empty());
  CHECK_FALSE(end.cancelled);
  return hash.text();
}

}  // namespace

TEST_CASE("a sweep writes the same bytes for any number of threads", "[parallel][laws]") {
  const std::string one = hash_of_sweep(1, 0, 3000);
  for (const unsigned threads : {2u, 3u, 4u, 8u, 0u}) CHECK(hash_of_sweep(threads, 0, 3000) == one);
  CHECK(hash_of_sweep(4, 1, 3000) != one);
}

TEST_CASE("workers and slots are never shared", "[parallel]") {
  Workers workers({6});
  std::array<std::atomic<int>, 6> busy{};
  std::array<std::atomic<bool>, pipeline_slots> taken{};
  std::atomic<int> in_flight{0}, most{0}, clashes{0};
  Pipeline sweep;
  sweep.count = 2000;
  sweep.run = [&](unsigned worker, unsigned slot, std::uint64_t id) {
    if (busy.at(worker)++ != 0) ++clashes;
    if (taken.at(slot).exchange(true)) ++clashes;
    most = std::max(most.load(), ++in_flight);
    if (id % 100 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(3));
    --busy.at(worker);
  };
  std::uint64_t expected = 0;
  sweep.write = [&](unsigned slot, std::uint64_t id) {
    if (id != expected++) ++clashes;
    --in_flight;
    taken.at(slot) = false;
    return true;
  };
  CHECK(workers.run_pipeline(sweep).next == 2000);
  CHECK(clashes == 0);
  CHECK(most <= static_cast<int>(pipeline_slots));
}

TEST_CASE("an exception ends the sweep at its id, in order, for any number of threads",
          "[parallel]") {
  for (const unsigned threads : {1u, 2u, 5u}) {
    Workers workers({threads});
    std::vector<std::uint64_t> written;
    Pipeline sweep;
    sweep.count = 500;
    sweep.run = [](unsigned, unsigned, std::uint64_t id) {
      if (id == 150 || id == 120) throw std::runtime_error("id " + std::to_string(id));
      if (id % 7 == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
    };
    sweep.write = [&](unsigned, std::uint64_t id) {
      written.push_back(id);
      return true;
    };
    const PipelineEnd end = workers.run_pipeline(sweep);
    CHECK(end.next == 120);
    CHECK(end.error == "id 120");
    CHECK(written.size() == 120);

    sweep.run = [](unsigned, unsigned, std::uint64_t) {};
    sweep.write = [](unsigned, std::uint64_t id) -> bool {
      if (id == 33) throw 5;
      return true;
    };
    CHECK(workers.run_pipeline(sweep).next == 33);
    CHECK(workers.run_pipeline(sweep).error == "exception of an unknown kind");

    sweep.write = [](unsigned, std::uint64_t) { return true; };
    sweep.produce = [](std::uint64_t id) -> bool {
      if (id == 21) throw std::runtime_error("no draw");
      return true;
    };
    CHECK(workers.run_pipeline(sweep).next == 21);
    CHECK(workers.run_pipeline(sweep).error == "no draw");
    sweep.produce = [](std::uint64_t id) { return id < 9; };
    CHECK(workers.run_pipeline(sweep).next == 9);
    CHECK(workers.run_pipeline(sweep).error.empty());
  }
}

TEST_CASE("a writer may end a sweep, and a flag cancels it", "[parallel]") {
  Workers workers({3});
  CancelFlag cancel{false};
  std::uint64_t last = 0;
  Pipeline sweep;
  sweep.count = 100000;
  sweep.cancel = &cancel;
  sweep.run = [](unsigned, unsigned, std::uint64_t) {};
  sweep.write = [&](unsigned, std::uint64_t id) {
    last = id;
    return id < 77;
  };
  const PipelineEnd ended = workers.run_pipeline(sweep);
  CHECK(ended.next == 78);
  CHECK_FALSE(ended.cancelled);
  std::uint64_t expected = 0;
  sweep.write = [&](unsigned, std::uint64_t id) {
    CHECK(id == expected++);
    last = id;
    if (id == 200) cancel = true;
    return true;
  };
  const PipelineEnd cancelled = workers.run_pipeline(sweep);
  CHECK(cancelled.cancelled);
  CHECK(cancelled.next == last + 1);
  CHECK(cancelled.next >= 201);
  CHECK(cancelled.next <= 201 + pipeline_slots);
}

TEST_CASE("blocks all run once, and the lowest failure is named", "[parallel]") {
  for (const unsigned threads : {1u, 2u, 7u}) {
    Workers workers({threads});
    std::vector<int> calls(1000);
    const std::string error = workers.for_blocks(calls.size(), [&](unsigned worker, std::size_t b) {
      if (worker >= workers.threads()) throw std::logic_error("worker out of range");
      ++calls[b];
      if (b == 300 || b == 800) throw std::runtime_error("block " + std::to_string(b));
    });
    CHECK(error == "block 300");
    CHECK(calls == std::vector<int>(1000, 1));
    CHECK(workers.for_blocks(0, [](unsigned, std::size_t) {}).empty());
  }
}

}  // namespace faultline
