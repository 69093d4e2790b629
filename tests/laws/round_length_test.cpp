// Law 8: round length is not a parameter of the world. On every shipped ecosystem, at its shortest
// delay, half and a quarter of it, halving the round changes bad debt, liquidated volume and trough
// prices by less than a tenth.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <deque>
#include <filesystem>
#include <set>

#include "data/ecosystem_file.hpp"
#include "data/parameter_paths.hpp"
#include "sim/engine.hpp"

using namespace faultline;

namespace {

/// What does not converge, as "ecosystem/scenario: figure" (docs/model.md, section 18). In steep
/// falls feeds are asked once a round, so that a report is up to a round late and a tenth of a
/// percent of price decides whether the last accounts still pay to liquidate; and venues come back
/// to the outside price once a round, so that more rounds sell more. What is left is a tail: 0.02
/// to 1.6% of deposits. `ftx_hour` ends within a hair of one large account's threshold. An entry
/// that has come to converge fails the test, so the list stays true.
const std::set<std::string> not_converging{
    "ethereum_2023/ftx_hour: liquidated", "ethereum_2023/liquidity_and_oracle: bad debt",
    // What its books take, as above; what vault and winners take over moves by a twentieth.
    "perp_crash/october_2025: bad debt", "perp_crash/october_2025: liquidated",
    "perp_crash/october_2025: trough price", "perp_crash/quarter_in_ten_minutes: bad debt",
    "perp_crash/quarter_in_ten_minutes: liquidated",
    "perp_crash/quarter_in_ten_minutes: trough price",
    // The same books again, and who is deleveraged there decides what is behind the dollar.
    "carry_dollar/congested: bad debt", "carry_dollar/congested: liquidated",
    "carry_dollar/congested: trough price", "carry_dollar/crash: bad debt",
    "carry_dollar/crash: liquidated", "carry_dollar/crash: trough price",
    "carry_dollar/half: bad debt", "carry_dollar/half: liquidated",
    "carry_dollar/half: trough price"};

constexpr double allowed = 0.1;
/// Less bad debt than this share of deposits is none: the charter prints no amplification of it.
constexpr double nothing = 1e-4;

/// The least time in which something that waits comes about: a feed's or an arbitrageur's latency,
/// the half-life of a book.
double shortest_delay_s(const Snapshot& world) {
  double least = world.horizon_s;
  const auto delay = [&](double seconds) {
    if (seconds > 0) least = std::min(least, seconds);
  };
  for (const OracleInfo& o : world.oracles) delay(o.params.latency_s);
  for (const ArbitrageurInfo& a : world.arbitrageurs) {
    delay(a.latency_s);
    if (std::isfinite(a.capital_usd)) delay(a.turnover_s);
  }
  for (const LiquidatorInfo& l : world.liquidators) {
    if (std::isfinite(l.capital_usd)) delay(l.turnover_s);
  }
  for (const MakersInfo& m : world.makers) delay(m.retreat.on() ? m.retreat.leave_s : 0);
  for (const FlowAgentInfo& a : world.flow_agents) {
    delay(a.latency_s);
    delay(a.every_s);
  }
  for (const VenueInfo& v : world.venues) {
    visit_kind(VenueKinds{}, v.slot, [&]<class K>(std::uint32_t i) {
      const auto& params = world.venue_params.of<K>()[i];
      if constexpr (requires { params.refill_s; }) delay(params.refill_s);
      if constexpr (requires { params.retreat; })
        delay(params.retreat.on() ? params.retreat.leave_s : 0);
    });
  }
  return least;
}

struct Figures {
  double bad_debt = 0, liquidated = 0, deposits = 0;
  std::vector<double> trough;  // [asset] lowest price over the first
};

struct Shipped {
  explicit Shipped(const std::filesystem::path& path) {
    Reading reading(sources, diagnostics);
    loaded = load_ecosystem(path.string(), {}, reading);
  }
  Snapshot at(double round_s) {
    if (round_s > 0) loaded.eco.clock.round.value = round_s;
    return compile(loaded.eco, diagnostics, loaded.spans());
  }
  Figures figures(const Snapshot& world, const ScenarioSpec& spec) {
    std::deque<FollowedPath> paths;
    const Scenario s = compile_scenario(world, spec, set_resolver(loaded.eco, world, diagnostics),
                                        paths, diagnostics);
    Workspace w(world);
    const Outcome& out = run(world, s, w);
    REQUIRE(!stop_is_failure(out.stop));
    Figures f{out.bad_debt_usd(),
              out.total(&MarketOutcome::liquidated_usd),
              out.total(&MarketOutcome::deposits_usd),
              {}};
    for (const AssetOutcome& a : out.assets) {
      f.trough.push_back(a.price_start > 0 ? a.price_min / a.price_start : 1);
    }
    return f;
  }

  Sources sources;
  Diagnostics diagnostics;
  LoadedEcosystem loaded;
};

double change(double before, double after, double floor) {
  if (std::max(before, after) <= floor) return 0;
  return std::fabs(after - before) / std::max(before, floor);
}

/// The figures that halving the round changes by a tenth or more.
std::set<std::string> changed(const Figures& before, const Figures& after) {
  std::set<std::string> out;
  const double floor = nothing * before.deposits;
  if (change(before.bad_debt, after.bad_debt, floor) >= allowed) out.insert("bad debt");
  if (change(before.liquidated, after.liquidated, floor) >= allowed) out.insert("liquidated");
  for (std::size_t a = 0; a < before.trough.size(); ++a) {
    if (change(before.trough[a], after.trough[a], 0) >= allowed) out.insert("trough price");
  }
  return out;
}

}  // namespace

TEST_CASE("law 8: halving the round changes no shipped result by a tenth") {
  std::size_t compared = 0;
  std::set<std::string> found;
  const std::filesystem::path folder = std::filesystem::path(FAULTLINE_ROOT) / "data/ecosystems";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".yaml") continue;
    Shipped shipped(entry.path());
    CAPTURE(entry.path().filename());
    REQUIRE(!shipped.diagnostics.failed());
    const double delay = shortest_delay_s(shipped.at(0));
    const Snapshot whole = shipped.at(delay), half = shipped.at(delay / 2),
                   quarter = shipped.at(delay / 4);
    for (const ScenarioSpec& spec : shipped.loaded.eco.scenarios) {
      const Figures a = shipped.figures(whole, spec), b = shipped.figures(half, spec),
                    c = shipped.figures(quarter, spec);
      std::set<std::string> here = changed(a, b);
      here.merge(changed(b, c));
      for (const std::string& figure : here) {
        found.insert(entry.path().stem().string() + "/" + spec.name + ": " + figure);
      }
      ++compared;
    }
  }
  CHECK(compared > 5);
  CHECK(found == not_converging);
}
