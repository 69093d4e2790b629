// Law 3: same bytes. An outcome depends on ecosystem, scenario and seed only.
#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>

#include "data/ecosystem_file.hpp"
#include "data/parameter_paths.hpp"
#include "sim/engine.hpp"
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
