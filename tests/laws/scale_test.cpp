// Law 5: scale-free. All quantities, depths, budgets, caps, gas and fixed amounts times 2^n, and
// each quantum with them, give the same relative outcome, bit for bit. Prices do not scale: their
// declarations say so.
#include <catch2/catch.hpp>
#include <cmath>

#include "sim/engine.hpp"
#include "tests/laws/outcome_numbers.hpp"
#include "tests/laws/random_ecosystem.hpp"

using namespace faultline;
using namespace faultline::laws;

namespace {

/// Multiplies every quantity a spec declares.
class Enlarge {
 public:
  explicit Enlarge(int exponent) : exponent_(exponent) {}

  void operator()(std::string_view, Amount& x, const Field& f) {
    if (f.scales == Scales::with_quantities) x.value = std::ldexp(x.value, exponent_);
  }
  void operator()(std::string_view name, Depth& x, const Field& f) { (*this)(name, x.amount, f); }
  void operator()(std::string_view, Flow& x, const Field& f) {
    if (f.scales == Scales::with_quantities) x.per_second = std::ldexp(x.per_second, exponent_);
  }
  template <class T>
  void operator()(std::string_view name, T& x, const Field& f) {
    if constexpr (requires { x.fields(*this); }) {
      x.fields(*this);
    } else if constexpr (requires { x.has_value(); }) {
      if (x) (*this)(name, *x, f);
    } else if constexpr (requires { x.front().fields(*this); }) {
      for (auto& value : x) (*this)(name, value, f);
    } else if constexpr (requires { typename T::mapped_type; }) {
      for (auto& [key, value] : x) (*this)(name, value, f);
    } else if constexpr (requires { x.begin()->fields(*this); }) {
      for (auto& element : x) element.fields(*this);
    }
  }

 private:
  int exponent_;
};

Ecosystem enlarged(Ecosystem eco, int exponent) {
  Enlarge enlarge(exponent);
  const auto times = [&](double& x) { x = std::ldexp(x, exponent); };
  for (auto& a : eco.assets) a.spec.fields(enlarge);
  for (auto& o : eco.oracles) o.spec.fields(enlarge);
  for (auto& c : eco.chains) c.spec.fields(enlarge);
  for (auto& v : eco.venues) {
    std::visit([&](auto& spec) { spec.fields(enlarge); }, v.spec.spec);
    for (LiquidityRange& r : v.spec.ranges) times(r.liquidity);
  }
  for (auto& v : eco.vaults) v.spec.fields(enlarge);
  for (auto& d : eco.dollars) d.spec.fields(enlarge);
  for (auto& v : eco.coins) v.spec.fields(enlarge);
  for (auto& v : eco.bridges) v.spec.fields(enlarge);
  for (auto& v : eco.fiat_coins) v.spec.fields(enlarge);
  for (auto& v : eco.curated) v.spec.fields(enlarge);
  for (auto& v : eco.shares) v.spec.fields(enlarge);
  for (auto& f : eco.funds) f.spec.fields(enlarge);
  for (auto& m : eco.safety_modules) m.spec.fields(enlarge);
  for (auto& a : eco.agents) std::visit([&](auto& spec) { spec.fields(enlarge); }, a.spec);
  for (auto& m : eco.markets) {
    std::visit([&](auto& spec) { spec.fields(enlarge); }, m.spec.spec);
    for (double& x : m.spec.rows.amounts) times(x);
    for (AccountGroup& g : m.spec.groups) {
      for (auto& [asset, amount] : g.owes) times(amount.value);
    }
  }
  for (ScenarioSpec& s : eco.scenarios) {
    for (EventSpec& e : s.events) {
      if (e.exploit) e.exploit->fields(enlarge);
      for (auto& [bridge, spec] : e.drain) spec.fields(enlarge);
    }
  }
  return eco;
}

/// The compiled scenario of the large world: budgets and reserves that `set` wrote are quantities.
void enlarge_settings(Scenario& scenario, int exponent) {
  using What = SettingChange::What;
  for (SettingChange& s : scenario.settings) {
    const bool budget = s.what != What::feed && s.what != What::reserve && s.what != What::venue &&
                        s.what != What::arbitrageur_latency && s.what != What::book_size;
    if (budget) s.value = std::ldexp(s.value, exponent);
  }
}

}  // namespace

TEST_CASE("law 5: worlds of every size fare alike, bit for bit") {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const Options options{.seed = seed};
    const Case c(options);
    for (const int n : {-7, 11}) {
      Ecosystem large = enlarged(c.eco, n);
      const ScenarioSpec spec = large.scenarios.back();
      large.scenarios.pop_back();
      Case d(std::move(large), spec);
      enlarge_settings(d.scenario, n);
      d.world.usd_step = std::ldexp(c.world.usd_step, n);
      CAPTURE(seed, n);
      for (std::size_t a = 0; a < c.world.assets.size(); ++a) {
        const bool exists = c.world.assets[a].pricing.valid() || c.world.total_supply[a] != 0;
        const double step = c.world.assets[a].quantum.step;
        if (exists) CHECK(d.world.assets[a].quantum.step == std::ldexp(step, n));
      }
      Workspace w(c.world), v(d.world);
      const std::vector<Number> small = numbers(c.world, run(c.world, c.scenario, w));
      CHECK(difference(small, numbers(d.world, run(d.world, d.scenario, v)), n) == "");
    }
  }
}
