// Law 7: loud, not wrong. A number that leaves the finite or the whole stops the scenario with a
// reason; no outcome holds a NaN or an infinity, whatever is thrown at a world.
#include <catch2/catch.hpp>
#include <cmath>

#include "sim/engine.hpp"
#include "tests/laws/outcome_numbers.hpp"
#include "tests/laws/random_ecosystem.hpp"

using namespace faultline;
using namespace faultline::laws;

namespace {

/// Names the first number that is not finite; a failure must say why.
std::string quiet_mistake(const Case& c, const Scenario& scenario, Workspace& w) {
  const Outcome& out = run(c.world, scenario, w);
  for (const Number& n : numbers(c.world, out)) {
    if (!std::isfinite(n.value)) {
      return fmt::format("{} of {}: {} ({})", n.name, n.node, n.value, stop_text(out.stop));
    }
  }
  if (stop_is_failure(out.stop) && out.stop_detail.empty()) return "stopped without a reason";
  return {};
}

struct Blow {
  const char* name;
  MoveKind kind;
  double value;
};

// Logs for price and rate, USD for level, shares and seconds for the others.
const Blow blows[] = {{"fall to nothing", MoveKind::price, -690},
                      {"fall below the smallest number", MoveKind::price, -800},
                      {"rise", MoveKind::price, 690},
                      {"rise beyond the largest number", MoveKind::price, 800},
                      {"not a number", MoveKind::price, std::nan("")},
                      {"level 1e-300", MoveKind::level, 1e-300},
                      {"level 1e300", MoveKind::level, 1e300},
                      {"level zero", MoveKind::level, 0},
                      {"level below zero", MoveKind::level, -1},
                      {"level without end", MoveKind::level, INFINITY},
                      {"discount of all", MoveKind::discount, 1},
                      {"backing lost", MoveKind::backing, 1},
                      {"rate to nothing", MoveKind::rate, -700},
                      {"rate without end", MoveKind::rate, 800},
                      {"all depth leaves", MoveKind::withdraw, 1 - 0x1p-20},
                      {"offset 1e300", MoveKind::offset, 1e300},
                      {"offset to zero", MoveKind::offset, -1},
                      {"offset without end", MoveKind::offset, INFINITY},
                      {"latency for ever", MoveKind::latency, 1e300}};

std::uint32_t targets(const Snapshot& world, MoveKind kind) {
  if (kind == MoveKind::withdraw) return static_cast<std::uint32_t>(world.venues.size());
  if (kind > MoveKind::withdraw) return static_cast<std::uint32_t>(world.oracles.size());
  return static_cast<std::uint32_t>(world.assets.size());
}

}  // namespace

TEST_CASE("law 7: every shock beyond reason is loud or finite") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Case c({.seed = seed});
    Workspace w(c.world), fresh(c.world);
    const std::uint64_t before = fingerprint(c.world, run(c.world, c.scenario, fresh));
    for (const Blow& blow : blows) {
      for (std::uint32_t t = 0; t < targets(c.world, blow.kind); t += 2) {
        Scenario s = c.scenario;
        s.moves.push_back({blow.kind, t, blow.value, {60, 60}});
        CAPTURE(seed, blow.name, t);
        CHECK(quiet_mistake(c, s, w) == "");
        s.transmission = false;
        CHECK(quiet_mistake(c, s, w) == "");
      }
    }
    CHECK(fingerprint(c.world, run(c.world, c.scenario, w)) == before);  // the rest goes on
  }
}

TEST_CASE("law 7: amounts no quantum can count are loud") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Case c({.seed = seed});
    Workspace w(c.world);
    for (const double amount : {1e18, 1e300, double(INFINITY), std::nan("")}) {
      for (const ExploitThen then :
           {ExploitThen::borrow_out, ExploitThen::sell, ExploitThen::hold}) {
        Scenario s;
        s.exploits.push_back({AssetId{static_cast<std::uint32_t>(seed % 2)}, amount, 60, then});
        CAPTURE(seed, amount);
        CHECK(quiet_mistake(c, s, w) == "");
        CHECK(w.outcome.stop == Stop::not_whole);
      }
    }
  }
}

TEST_CASE("law 7: budgets and settings beyond reason are loud or finite") {
  using What = SettingChange::What;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Case c({.seed = seed});
    Workspace w(c.world);
    for (const What what :
         {What::liquidator_capital, What::liquidator_gas, What::arbitrageur_capital,
          What::arbitrageur_latency, What::arbitrageur_gas}) {
      const bool liquidator = what == What::liquidator_capital || what == What::liquidator_gas;
      if (liquidator ? c.world.liquidators.empty() : c.world.arbitrageurs.empty()) continue;
      for (const double value : {0.0, 1e-300, 1e300, double(INFINITY)}) {
        Scenario s = c.scenario;
        SettingChange change;
        change.what = what;
        change.value = value;
        s.settings.push_back(change);
        CAPTURE(seed, static_cast<int>(what), value);
        CHECK(quiet_mistake(c, s, w) == "");
      }
    }
  }
}
