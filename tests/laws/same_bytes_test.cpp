// Law 3: same bytes. An outcome depends on ecosystem, scenario and seed only.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "data/ecosystem_file.hpp"
#include "data/parameter_paths.hpp"
#include "sim/accounting.hpp"
#include "sim/engine.hpp"
#include "sim/phases.hpp"
#include "tests/laws/outcome_numbers.hpp"
#include "tests/laws/random_ecosystem.hpp"

using namespace faultline;
using namespace faultline::laws;

namespace {

template <class T>
void reverse(std::vector<T>& v) {
  std::reverse(v.begin(), v.end());
}

/// The same world with its nodes, and what they list, written in the opposite order.
Ecosystem reversed(Ecosystem eco) {
  reverse(eco.assets);
  reverse(eco.venues);
  reverse(eco.oracles);
  reverse(eco.markets);
  reverse(eco.bridges);
  reverse(eco.fiat_coins);
  reverse(eco.shares);
  reverse(eco.agents);
  reverse(eco.chains);
  for (auto& v : eco.venues) reverse(v.spec.ranges);
  for (auto& o : eco.oracles) reverse(o.spec.median);
  for (auto& m : eco.markets) reverse(m.spec.groups);
  for (auto& a : eco.agents) {
    if (auto* arbitrageur = std::get_if<ArbitrageurSpec>(&a.spec)) reverse(arbitrageur->between);
    if (auto* liquidator = std::get_if<LiquidatorSpec>(&a.spec)) reverse(liquidator->serves);
  }
  return eco;
}

/// The hash of every scenario of pinned.yaml, run and direct run, in hexadecimal.
std::string pinned_now() {
  Sources sources;
  Diagnostics diagnostics;
  Reading reading(sources, diagnostics);
  const std::string path = std::string(FAULTLINE_TEST_DIR) + "/laws/pinned.yaml";
  const LoadedEcosystem loaded = load_ecosystem(path, {}, reading);
  const Snapshot world = compile(loaded.eco, diagnostics, loaded.spans());
  for (const Diagnostic& d : diagnostics.all()) {
    if (d.severity == Severity::error) return d.message;
  }
  Fingerprint f;
  std::deque<FollowedPath> paths;
  Workspace w(world);
  for (const ScenarioSpec& spec : loaded.eco.scenarios) {
    Scenario s = compile_scenario(world, spec, set_resolver(loaded.eco, world, diagnostics), paths,
                                  diagnostics);
    for (const bool transmission : {true, false}) {
      s.transmission = transmission;
      const Outcome& out = run(world, s, w);
      if (stop_is_failure(out.stop)) return out.stop_detail;
      f.add(fingerprint(world, out));
    }
  }
  return diagnostics.failed() ? "the scenarios do not compile" : f.text();
}

/// What this program prints when run again under other CPU features, for the test tagged `tag`.
std::string run_again(const std::string& environment, const std::string& tag) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::string command = "env " + environment + " '" + self + "' '" + tag + "' 2>&1";
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return "could not be run";
  std::string text;
  std::array<char, 256> part{};
  while (std::fgets(part.data(), part.size(), pipe) != nullptr) text += part.data();
  pclose(pipe);
  return text;
}

/// The phases of a run as long as `like`, in a workspace that knows nothing of the opening.
const Outcome& run_unprepared(const Snapshot& world, const Scenario& scenario, const Outcome& like,
                              Workspace& w) {
  w.reset();
  w.outcome.manipulations.resize(scenario.manipulations.size());
  open_books(world, w);
  for (w.round = 0; w.round < like.counters.rounds; ++w.round) {
    w.now_s = w.round * world.round_s;
    for (const auto phase : {shock, align, publish, assess, execute, settle, mark_down}) {
      phase(world, scenario, w);
    }
  }
  if (like.stop != Stop::horizon) --w.round;  // `run` leaves its loop inside that round
  w.outcome.stop = like.stop;
  close_books(world, w);
  return w.outcome;
}

std::vector<Number> without_counters(const Snapshot& world, const Outcome& outcome) {
  std::vector<Number> all = numbers(world, outcome);
  std::erase_if(all, [](const Number& n) { return n.name == "counter"; });
  return all;
}

std::vector<Number> result(const Case& c, Workspace& w) {
  return numbers(c.world, run(c.world, c.scenario, w));
}

}  // namespace

TEST_CASE("law 3: a workspace keeps no trace of earlier runs") {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const Case c({.seed = seed});
    CAPTURE(seed);
    Workspace fresh(c.world), used(c.world);
    const std::vector<Number> expected = result(c, fresh);
    Scenario other = c.scenario;  // another scenario, then its direct run, then this one
    other.moves.push_back({MoveKind::price, 0, -0.5, {}});
    run(c.world, other, used);
    other.transmission = false;
    run(c.world, other, used);
    CHECK(difference(expected, result(c, used)) == "");
    CHECK(difference(expected, result(c, used)) == "");
  }
}

// A run begins with what its workspace knows of the opening; round by round it comes to the same.
TEST_CASE("law 3: what is known of the opening beforehand changes no byte") {
  const auto check = [](const Snapshot& world, const Scenario& scenario) {
    Workspace knows(world), fresh(world);
    const Outcome& out = run(world, scenario, knows);
    if (stop_is_failure(out.stop)) return std::size_t{0};
    CHECK(difference(without_counters(world, out),
                     without_counters(world, run_unprepared(world, scenario, out, fresh))) == "");
    return knows.opening_rows->breached.size() - knows.opening_rows->kept.size();
  };
  std::size_t parked = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const Case c({.seed = seed});
    CAPTURE(seed);
    parked += check(c.world, c.scenario);
  }
  CHECK(parked > 20);
  Diagnostics diagnostics;
  Sources sources;
  Reading reading(sources, diagnostics);
  const std::string path = std::string(FAULTLINE_ROOT) + "/data/ecosystems/ethereum_2023.yaml";
  const LoadedEcosystem loaded = load_ecosystem(path, {}, reading);
  const Snapshot world = compile(loaded.eco, diagnostics, loaded.spans());
  for (const double log_move : {-0.35, 0.25}) {
    Scenario scenario;
    scenario.moves.push_back({MoveKind::price, world.asset("ETH").value, log_move, {0, 1200}});
    CHECK(check(world, scenario) > 1000);
  }
}

TEST_CASE("law 3: the order of nodes in the file means nothing") {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const Options options{.seed = seed};
    const Case c(options);
    const Case back(reversed(random_ecosystem(options)), c.eco.scenarios.back());
    CAPTURE(seed);
    Workspace w(c.world), v(back.world);
    CHECK(c.world.fingerprint == back.world.fingerprint);
    CHECK(c.world.graph == back.world.graph);
    CHECK(difference(result(c, w), result(back, v)) == "");
  }
}

// A change of the model changes this hash: then, and only then, put what
// `faultline_tests "[.pinned]"` prints into pinned_hash.txt, and say why in CHANGELOG.md.
TEST_CASE("law 3: the results of a fixed world are pinned") {
  std::string pinned;
  std::ifstream(std::string(FAULTLINE_TEST_DIR) + "/laws/pinned_hash.txt") >> pinned;
  CHECK(pinned_now() == pinned);
}

// glibc picks its exp, log and pow by the CPU's features; nothing that bears on results may call
// them.
TEST_CASE("law 3: the results of a fixed world are the same on a CPU without FMA and AVX2") {
  const std::string masked = run_again("GLIBC_TUNABLES=glibc.cpu.hwcaps=-FMA,-AVX2", "[.pinned]");
  CHECK_THAT(masked, Catch::Contains("pinned: " + pinned_now() + "\n"));
}

TEST_CASE("prints the hash to pin", "[.pinned]") {
  std::cout << "pinned: " << pinned_now() << "\n";
}

TEST_CASE("prints what libm makes of some numbers", "[.libm]") {
  double x = 0.1;
  Fingerprint f;
  for (int i = 0; i < 20000; ++i, x += 0.0371) f.add(std::pow(x, 1.7) + std::exp(x / 100));
  std::cout << "libm: " << f.text() << "\n";
}

TEST_CASE("law 3: masking CPU features changes libm, so the test above can fail") {
  const std::string plain = run_again("A=0", "[.libm]");
  const std::string masked = run_again("GLIBC_TUNABLES=glibc.cpu.hwcaps=-FMA,-AVX2", "[.libm]");
  REQUIRE_THAT(plain, Catch::Contains("libm: "));
  REQUIRE_THAT(masked, Catch::Contains("libm: "));
  CHECK(plain != masked);
}
