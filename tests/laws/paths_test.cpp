// Law 4: no path, no effect. Where no directed path leads from a shocked node to Y, Y's bytes do
// not change.
#include <algorithm>
#include <catch2/catch.hpp>

#include "graph/algorithms.hpp"
#include "sim/assessment.hpp"
#include "sim/engine.hpp"
#include "tests/laws/outcome_numbers.hpp"
#include "tests/laws/random_ecosystem.hpp"

using namespace faultline;
using namespace faultline::laws;

namespace {

/// The gap between a feed and its asset's market is a number about two nodes: it may move because
/// the asset did, though nothing travels to the feed.
bool about_two_nodes(const Number& n) {
  return n.name == "largest gap";
}

/// What changed at nodes for which `spared` says that it must not; empty where nothing did.
template <class Spared>
std::string touched(const std::vector<Number>& before, const std::vector<Number>& after,
                    Spared spared) {
  REQUIRE(before.size() == after.size());
  std::string out;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i].node.empty() || about_two_nodes(before[i]) || !spared(before[i])) continue;
    if (same_bits(before[i].value, after[i].value)) continue;
    out += fmt::format("{} of {} {}: {:.17g} and {:.17g}\n", before[i].name,
                       to_string(before[i].kind), before[i].node, before[i].value, after[i].value);
  }
  return out;
}

std::vector<Number> result(const Case& c, const Scenario& s) {
  Workspace w(c.world);
  const Outcome& out = run(c.world, s, w);
  INFO(out.stop_detail);
  REQUIRE(!stop_is_failure(out.stop));
  return numbers(c.world, out);
}

}  // namespace

TEST_CASE("law 4: a shock to one component leaves the other's bytes") {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const Options options{.seed = seed, .size = 3, .components = true};
    const Ecosystem eco = random_ecosystem(options);
    const Case a(eco, random_scenario(eco, options, "a"));
    const Case b(eco, random_scenario(eco, {.seed = seed + 7000, .size = 3}, "b"));
    const Case both(eco, [&] {
      ScenarioSpec spec = a.eco.scenarios.back();
      const ScenarioSpec& other = b.eco.scenarios.back();
      for (const EventSpec& e : other.events) {
        if (!e.path || std::none_of(spec.events.begin(), spec.events.end(),
                                    [](const EventSpec& x) { return x.path.has_value(); })) {
          spec.events.push_back(e);
        }
      }
      return spec;
    }());
    CAPTURE(seed);
    const auto of = [](std::string_view prefix) {
      return [prefix](const Number& n) { return n.node.starts_with(prefix); };
    };
    // One world and its quanta for all three scenarios.
    const Scenario only_a = [&] {
      Scenario s = both.scenario;
      const auto mine = [&](const ExogenousMove& m) {
        Scenario one;
        one.moves.push_back(m);
        const auto nodes = shocked_nodes(both.world, one);
        return both.world.graph.nodes()[nodes.at(0)].name.starts_with("a");
      };
      std::erase_if(s.moves, [&](const ExogenousMove& m) { return !mine(m); });
      s.exploits.clear();
      s.manipulations.clear();
      s.settings.clear();
      s.path = nullptr;
      return s;
    }();
    CHECK(touched(result(both, {}), result(both, only_a), of("b")) == "");
    CHECK(touched(result(a, {}), result(a, a.scenario), of("b")) == "");
    CHECK(touched(result(b, {}), result(b, b.scenario), of("a")) == "");
  }
}

TEST_CASE("law 4: what changes can be reached from what is shocked") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const Case c({.seed = seed, .size = 1 + static_cast<int>(seed % 4)});
    CAPTURE(seed);
    const auto shocked = shocked_nodes(c.world, c.scenario);
    const std::vector<bool> reached = reachable(c.world.graph, shocked);
    const auto spared = [&](const Number& n) {
      const auto node = c.world.graph.find(n.kind, n.node);
      REQUIRE(node);
      return !reached[*node];
    };
    CHECK(touched(result(c, {}), result(c, c.scenario), spared) == "");
  }
}

TEST_CASE("law 4: the graph keeps components apart") {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const Options options{.seed = seed, .size = 3, .components = true};
    const Case c(random_ecosystem(options), {});
    CAPTURE(seed);
    for (const std::string prefix : {"a", "b"}) {
      std::vector<std::uint32_t> sources;
      for (std::uint32_t n = 0; n < c.world.graph.node_count(); ++n) {
        if (c.world.graph.nodes()[n].name.starts_with(prefix)) sources.push_back(n);
      }
      const std::vector<bool> reached = reachable(c.world.graph, sources);
      for (std::uint32_t n = 0; n < c.world.graph.node_count(); ++n) {
        const GraphNode& node = c.world.graph.nodes()[n];
        const bool other =
            node.name.starts_with(prefix == "a" ? "b" : "a") && node.name != "arbitrageurs";
        CAPTURE(prefix, node.name);
        if (other) CHECK(!reached[n]);
      }
    }
  }
}
