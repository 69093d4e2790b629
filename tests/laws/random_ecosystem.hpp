// Random worlds for the laws: every kind in the registries, every verb of a scenario. A kind that
// is registered without a generator in random_*.cpp does not compile; a field that has a
// choice, a share, a time or a rate is varied from its declaration, so it needs nothing there.
#pragma once

#include <cstdint>
#include <deque>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "sim/compile/scenario.hpp"
#include "sim/ecosystem.hpp"
#include "sim/scenario.hpp"
#include "sim/snapshot.hpp"

namespace faultline::laws {

/// What to draw. The same options give the same world.
struct Options {
  std::uint64_t seed = 1;
  int size = 4;             // 1 to 6: assets, venues, markets and accounts grow with it
  bool still = false;       // nothing moves by itself: no rates, venues at the reference, nobody in
                            // breach
  bool components = false;  // two worlds, prefixes "a" and "b", that share only the quote asset
};

/// Draws in a fixed order from one seed.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : engine_(seed * 0x9e3779b97f4a7c15ull + 1) {}
  double uniform() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }
  double between(double lo, double hi) { return lo + (hi - lo) * uniform(); }
  /// Spread evenly over orders of magnitude; 0 < lo < hi.
  double log_between(double lo, double hi);
  bool chance(double p) { return uniform() < p; }
  /// A whole number from 0 to n - 1; n > 0.
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(uniform() * double(n)); }
  template <class T>
  T pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }

 private:
  std::mt19937_64 engine_;
};

Ecosystem random_ecosystem(const Options& options);

/// Lays rules around pools (random_pools.cpp) onto a world's component.
void add_pool_rules(Ecosystem& eco, const Options& options, std::string_view prefix);

/// Adds algorithmic coins and buyers of cheap collateral (random_coins.cpp) to a component.
void add_coins(Ecosystem& eco, const Options& options, std::string_view prefix);

/// Adds claims that somebody takes back in his own time (random_claims.cpp) to a component.
void add_claims(Ecosystem& eco, const Options& options, std::string_view prefix);

/// Adds LP shares that are assets, and who lends on them (random_shares.cpp), to a component.
void add_shares(Ecosystem& eco, const Options& options, std::string_view prefix);

/// One to four events, over every verb a scenario knows. Only nodes whose name begins with `prefix`
/// are touched.
ScenarioSpec random_scenario(const Ecosystem& eco, const Options& options,
                             std::string_view prefix = {});

/// A world and a scenario in it, at a fixed address. Throws std::runtime_error with the findings
/// where the two do not compile: a generator must write what is legal.
struct Case {
  Case(Ecosystem ecosystem, const ScenarioSpec& spec);
  explicit Case(const Options& options);
  Case(const Case&) = delete;
  Case& operator=(const Case&) = delete;

  Ecosystem eco;
  Snapshot world;
  std::deque<FollowedPath> paths;
  Scenario scenario;
};

/// The verbs of EventSpec, by the names of its fields, and those a generator here knows.
std::vector<std::string> declared_verbs();
std::vector<std::string> generated_verbs();

}  // namespace faultline::laws
