// Sweeps: what decides a result and what must not, what is shared, what a limit answers.
#include "sim/studies/sweep.hpp"

#include <stdlib.h>

#include <catch2/catch.hpp>
#include <deque>
#include <filesystem>
#include <set>

#include "data/parameter_paths.hpp"
#include "data/sweep_file.hpp"
#include "data/sweep_plan.hpp"
#include "sim/studies/sweep_summary.hpp"

using namespace faultline;

namespace {

namespace fs = std::filesystem;

const std::string ecosystem = R"(faultline: 1
name: small
clock: {round: 12s, horizon: 30min}
assets:
  ETH: $2000
  USDC: $1
  stETH: {rate: 1 ETH}
venues:
  world: {preset: outside, pair: ETH/USDC, depth: $20m within 1%, refill: 2min}
  amm: {preset: uniswap_v2, pair: ETH/USDC, liquidity: $50m}
  steth: {preset: uniswap_v2, pair: stETH/ETH, liquidity: $20m}
agents:
  liquidators: {capital: $40m}
markets:
  pool:
    preset: compound_v2
    reserves:
      ETH: {supplied: 300k ETH, borrowed: 10k ETH}
      stETH: {supplied: 50k stETH}
      USDC: {supplied: $400m, borrowed: $250m}
    borrowers: {count: 300, posts: {ETH: 80%, stETH: 20%}, health: {median: 1.5, p1: 1.02}}
scenarios:
  crash:
    - {at: 1min, price: {ETH: -30%}, over: 5min}
default: none
)";

const std::string bad_days = R"(faultline: 1
name: bad days
scenario: none
sweep:
  draws: 60
  sampler: sobol
  seed: 7
  vary:
    eth:      {price: ETH, over: 10min, student_t: {mean: -15%, sd: 12%, dof: 4}}
    discount: {discount: stETH, over: 10min, lognormal: {median: 0.4%, p99: 8%}}
    latency:  {set: oracles.*.latency, lognormal: {median: 24s, p99: 5min}}
    capital:  {set: agents.liquidators.capital, lognormal: {median: $10m, p1: $1m}}
  rank_correlation:
    - [eth, discount, -0.7]
    - [eth, capital, 0.3]
  limits:
    - {bad_debt: all, below: $1bn, in: 90%}
    - {loss: pool, below: $0.01, in: 99%}
    - {liquidated: pool, below: $5m, in: 50%}
)";

/// A plan with all it rests on.
struct Planned {
  Sources sources;
  Diagnostics diagnostics;
  Reading reading{sources, diagnostics};
  LoadedEcosystem loaded;
  SweepFile file;
  std::deque<FollowedPath> followed;
  SweepPlan plan;

  explicit Planned(const std::string& sweep, const std::string& eco = ecosystem) {
    loaded = load_ecosystem_text("eco.yaml", eco, FAULTLINE_ROOT "/data/sweeps", reading);
    REQUIRE(findings() == "");
    Snapshot world = compile(loaded.eco, diagnostics, loaded.spans());
    REQUIRE_FALSE(diagnostics.failed());
    file = load_sweep_text("sweep.yaml", sweep, FAULTLINE_ROOT "/data/sweeps", loaded.eco, reading);
    plan = plan_sweep(file, loaded, std::move(world), followed, diagnostics);
  }
  std::string findings() const {
    std::string out;
    for (const Diagnostic& d : diagnostics.sorted()) {
      if (d.severity == Severity::error) out += render(d, sources);
    }
    return out;
  }
  std::string sweep_findings() const {
    std::string out;
    for (const Diagnostic& d : diagnostics.sorted()) {
      if (sources.name(d.at.file) == "sweep.yaml") out += render(d, sources);
    }
    return out;
  }
};

/// A results file of its own, removed at the end.
class TempFile {
 public:
  TempFile() {
    std::string name = (fs::temp_directory_path() / "faultline-sweep-test-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~TempFile() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  std::string path() const { return (folder_ / "r.sqlite").string(); }

 private:
  fs::path folder_;
};

std::unique_ptr<ResultsWriter> writer_for(const SweepPlan& plan, const std::string& path) {
  std::string error;
  auto writer =
      fs::exists(path)
          ? ResultsWriter::open_for_resume(path, plan.layout(), plan.meta, {.scenarios = 7}, error)
          : ResultsWriter::create(path, plan.layout(), plan.meta, 0, {.scenarios = 7}, error);
  INFO(error);
  REQUIRE(writer != nullptr);
  return writer;
}

struct Swept {
  std::string fingerprint;
  SweepSummary summary;
  std::uint64_t engine_runs = 0;
};

Swept sweep(const SweepPlan& plan, const std::string& path, unsigned threads,
            std::uint64_t count = 1'000'000) {
  Swept out;
  Workers workers({threads});
  SweepRunner runner(plan, workers);
  {
    auto writer = writer_for(plan, path);
    const PipelineEnd end = runner.run(*writer, count, nullptr, {});
    REQUIRE(end.error == "");
    REQUIRE(writer->commit());
  }
  std::string error;
  const auto reader = ResultsReader::open(path, error);
  REQUIRE(reader != nullptr);
  out.summary = summarise_sweep(plan, *reader);
  out.fingerprint = out.summary.fingerprint;
  out.engine_runs = runner.engine_runs();
  return out;
}

Swept sweep(const SweepPlan& plan, unsigned threads) {
  const TempFile file;
  return sweep(plan, file.path(), threads);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

bool same(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

bool same_row(const ScenarioResult& a, const ScenarioResult& b) {
  const auto equal = [](const std::vector<double>& x, const std::vector<double>& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), same);
  };
  bool out = a.id == b.id && a.status == b.status && a.stop == b.stop &&
             equal(a.metrics, b.metrics) && equal(a.inputs, b.inputs) &&
             a.nodes.size() == b.nodes.size();
  for (std::size_t i = 0; out && i < a.nodes.size(); ++i) {
    out = a.nodes[i].node == b.nodes[i].node && equal(a.nodes[i].values, b.nodes[i].values);
  }
  return out;
}

}  // namespace

TEST_CASE("a sweep gives the same bytes on any number of threads and however it is cut") {
  const Planned p(bad_days);
  REQUIRE(p.findings() == "");
  const Swept one = sweep(p.plan, 1);
  CHECK(one.summary.scenarios == 60);
  CHECK(one.summary.failed == 0);
  CHECK(one.summary.metric("bad_debt_usd")->worst >
        0);  // a sweep in which nothing happens says little
  CHECK(one.fingerprint.size() == 12);
  for (const unsigned threads : {2u, 3u, 8u}) {
    CHECK(sweep(p.plan, threads).fingerprint == one.fingerprint);
  }
  const TempFile file;
  CHECK(sweep(p.plan, file.path(), 2, 13).summary.scenarios == 13);
  CHECK(sweep(p.plan, file.path(), 1, 20).fingerprint != one.fingerprint);
  CHECK(sweep(p.plan, file.path(), 3).fingerprint == one.fingerprint);
  CHECK(sweep(p.plan, file.path(), 3).fingerprint == one.fingerprint);  // nothing left to do
}

TEST_CASE("without direct runs all else stays as it is, and contagion is not told") {
  const Planned with(bad_days), without(replaced(bad_days, "seed: 7", "seed: 7\n  direct: off"));
  REQUIRE(without.findings() == "");
  const Swept a = sweep(with.plan, 2), b = sweep(without.plan, 2);
  for (const char* metric : {"bad_debt_usd", "liquidated_usd", "unserved_usd"}) {
    CAPTURE(metric);
    CHECK(a.summary.metric(metric)->mean.value == b.summary.metric(metric)->mean.value);
    CHECK(a.summary.metric(metric)->worst_id == b.summary.metric(metric)->worst_id);
  }
  CHECK(a.summary.metric("direct_loss_usd")->mean.value > 0);
  for (const char* metric : {"direct_loss_usd", "contagion_loss_usd", "breadth"}) {
    CAPTURE(metric);
    CHECK(std::isnan(b.summary.metric(metric)->mean.value));
  }
}

TEST_CASE("a scenario run alone, in any order, equals its row") {
  const Planned p(bad_days);
  const TempFile file;
  sweep(p.plan, file.path(), 2);
  std::string error;
  const auto reader = ResultsReader::open(file.path(), error);
  Workers workers({1});
  SweepRunner runner(p.plan, workers);
  for (std::uint64_t i = 0; i < 60; ++i) {
    const std::uint64_t id = (i * 37 + 11) % 60;  // 37 and 60 share no factor: every id once
    DrawnScenario drawn;
    runner.draw(id, drawn);
    const auto row = reader->scenario(id);
    REQUIRE(row);
    CHECK(same_row(runner.row(drawn, runner.run_alone(id)), *row));
  }
}

TEST_CASE("a draw runs as the engine runs its scenario") {
  // A grid of one: the move and the setting written as events give the same outcome.
  const std::string grid = R"(faultline: 1
scenario: none
sweep:
  sampler: grid
  vary:
    eth: {price: ETH, at: 1min, over: 5min, values: [-30%]}
    lat: {set: oracles.ETH.latency, values: [3min]}
)";
  const Planned p(grid);
  REQUIRE(p.findings() == "");
  const std::string as_events =
      replaced(ecosystem, "scenarios:\n",
               "scenarios:\n  same:\n    - {set: {oracles.ETH.latency: 3min}}\n"
               "    - {at: 1min, price: {ETH: -30%}, over: 5min}\n");
  Planned q(replaced(grid, "scenario: none", "scenario: same"), as_events);
  Workers workers({1});
  SweepRunner runner(p.plan, workers);
  const SweepRun drawn = runner.run_alone(0);
  Diagnostics none;
  Snapshot world = compile(q.loaded.eco, none, q.loaded.spans());
  std::deque<FollowedPath> paths;
  const Scenario written = compile_scenario(world, q.loaded.eco.scenarios[0],
                                            set_resolver(q.loaded.eco, world, none), paths, none);
  Workspace w(world);
  const Outcome& full = run(world, written, w);
  REQUIRE(full.bad_debt_usd() > 0);
  CHECK(full.markets == drawn.full.markets);
  CHECK(full.assets == drawn.full.assets);
  const Outcome direct = run(world, direct_of(written), w);
  CHECK(direct.markets == drawn.direct.markets);
}

TEST_CASE("the order of keys, comments and layout of a sweep or an ecosystem mean nothing") {
  const std::string reordered = R"(# another order
sweep:
  limits:
    - {in: 90%, below: $1bn, bad_debt: all}
    - {loss: pool, below: $0.01, in: 99%}
    - {liquidated: pool, below: $5m, in: 50%}
  rank_correlation: [[eth, discount, -0.7], [eth, capital, 0.3]]
  seed: 7
  vary:
    capital:
      lognormal: {p1: $1m, median: $10m}
      set: agents.liquidators.capital
    latency:  {set: oracles.*.latency, lognormal: {median: 24s, p99: 5min}}
    eth:      {over: 10min, price: ETH, student_t: {dof: 4, sd: 12%, mean: -15%}}
    discount: {discount: stETH, over: 10min, lognormal: {median: 0.4%, p99: 8%}}
  sampler: sobol
  draws: 60
scenario: none
name: bad days
faultline: 1
)";
  std::string eco = replaced(ecosystem, "  ETH: $2000\n  USDC: $1\n", "  USDC: $1\n  ETH: $2000\n");
  eco = replaced(eco, "default: none\n", "");
  eco = "default: none\n" + eco;
  const Planned a(bad_days), b(reordered, eco);
  REQUIRE(b.findings() == "");
  CHECK(a.plan.meta == b.plan.meta);
  CHECK(sweep(a.plan, 2).fingerprint == sweep(b.plan, 2).fingerprint);
}

TEST_CASE("another seed, sampler or ecosystem is another result") {
  std::set<std::string> seen{sweep(Planned(bad_days).plan, 2).fingerprint};
  seen.insert(sweep(Planned(replaced(bad_days, "seed: 7", "seed: 8")).plan, 2).fingerprint);
  seen.insert(sweep(Planned(replaced(bad_days, "sobol", "random")).plan, 2).fingerprint);
  seen.insert(sweep(Planned(replaced(bad_days, "sobol", "latin_hypercube")).plan, 2).fingerprint);
  seen.insert(sweep(Planned(bad_days, replaced(ecosystem, "$50m", "$51m")).plan, 2).fingerprint);
  CHECK(seen.size() == 5);
}

TEST_CASE("runs that cannot differ are shared, and sharing changes nothing") {
  // Left alone this world has no trade, breach or report: settings cannot matter there, so that one
  // baseline serves all draws.
  const Planned p(bad_days);
  Workers workers({1});
  SweepRunner runner(p.plan, workers);
  REQUIRE(runner.engine_runs() == 1);
  for (std::uint64_t id = 0; id < 20; ++id) {
    const std::uint64_t before = runner.engine_runs();
    const SweepRun shared = runner.run_alone(id);
    CHECK(runner.engine_runs() == before + 2);
    DrawnScenario drawn;
    runner.draw(id, drawn);
    CHECK(drawn.baseline.settings.size() >= 3);
    CHECK(drawn.baseline.moves.empty());
    Workspace w(*p.plan.worlds[0].world);
    CHECK(run(*p.plan.worlds[0].world, drawn.baseline, w).markets == shared.baseline.markets);
  }
}

TEST_CASE("a baseline that a draw can change is run for each draw") {
  // Two accounts open in breach and liquidators may serve them: their purse matters at once.
  const std::string legacy = replaced(
      ecosystem,
      "borrowers: {count: 300, posts: {ETH: 80%, stETH: 20%}, health: {median: 1.5, p1: 1.02}}",
      "borrowers:\n      - {name: a, posts: [1000 ETH], owes: [1700000 USDC]}\n"
      "      - {name: b, posts: [30000 ETH], owes: [20000000 USDC]}");
  const std::string small = replaced(bad_days, "median: $10m, p1: $1m", "median: $100k, p1: $10k");
  const std::string budgets = replaced(small,
                                       "    latency:  {set: oracles.*.latency, lognormal: "
                                       "{median: 24s, p99: 5min}}\n",
                                       "");
  std::string eco = replaced(legacy, "      ETH: {supplied: 300k ETH, borrowed: 10k ETH}",
                             "      ETH: {supplied: 300k ETH}");
  eco = replaced(eco, "borrowed: $250m", "borrowed: 21.7m USDC");
  const Planned p(budgets, eco);
  REQUIRE(p.findings() == "");
  Workers workers({1});
  SweepRunner runner(p.plan, workers);
  const SweepRun first = runner.run_alone(0);
  REQUIRE(first.baseline.counters.orders > 0);
  CHECK(runner.engine_runs() == 4);  // the world left alone, and three for the draw
  bool differ = false;
  for (std::uint64_t id = 1; id < 10; ++id) {
    differ = differ || runner.run_alone(id).baseline.markets != first.baseline.markets;
  }
  CHECK(differ);
}

TEST_CASE("a named scenario is the shock: its baseline keeps what was drawn") {
  const std::string on_crash = R"(faultline: 1
scenario: crash
sweep:
  sampler: grid
  vary:
    eth: {price: ETH, at: 10min, values: [-5%, -15%]}
)";
  const Planned p(on_crash);
  REQUIRE(p.findings() == "");
  Workers workers({1});
  SweepRunner runner(p.plan, workers);
  DrawnScenario drawn;
  runner.draw(1, drawn);
  CHECK(drawn.full.moves.size() == 2);
  REQUIRE(drawn.baseline.moves.size() == 1);
  CHECK(drawn.baseline.moves[0].when.start_s == 600);
  const SweepRun r = runner.run_alone(1);
  CHECK(r.baseline.total(&MarketOutcome::liquidated_usd) > 0);
  CHECK(r.summary.liquidated_usd == r.full.total(&MarketOutcome::liquidated_usd) -
                                        r.baseline.total(&MarketOutcome::liquidated_usd));
}

TEST_CASE("a scenario that fails is recorded with its reason and the rest goes on") {
  const std::string list = R"(faultline: 1
scenario: none
sweep:
  sampler: list
  vary:
    eth: {price: ETH, at: 1min, values: [-10%, $1e308, -30%]}
)";
  const Planned p(list);
  REQUIRE(p.findings() == "");
  const Swept s = sweep(p.plan, 2);
  CHECK(s.summary.scenarios == 3);
  CHECK(s.summary.failed == 1);
  REQUIRE(s.summary.failures.size() == 1);
  CHECK(s.summary.failures[0].first == 1);
  CHECK(s.summary.failures[0].second.starts_with("not whole: "));
  CHECK(s.summary.metric("bad_debt_usd")->worst_id == 2);
}

TEST_CASE("limits are answered by their interval") {
  const Planned p(bad_days);
  const SweepSummary s = sweep(p.plan, 2).summary;
  REQUIRE(s.limits.size() == 3);
  CHECK(s.limits[0].answer.verdict == Verdict::kept);
  CHECK(s.limits[0].answer.share.value == 1);
  CHECK(s.limits[1].answer.verdict == Verdict::broken);
  for (const LimitSummary& l : s.limits) {
    const bool kept = l.answer.share.lo >= l.limit.required;
    const bool broken = l.answer.share.hi < l.limit.required;
    CHECK(l.answer.verdict == (kept     ? Verdict::kept
                               : broken ? Verdict::broken
                                        : Verdict::cannot_tell));
  }
  // The share itself, from the rows.
  const TempFile file;
  sweep(p.plan, file.path(), 1);
  std::string error;
  const auto reader = ResultsReader::open(file.path(), error);
  double below = 0;
  for (const double x : reader->node_metric("pool", "liquidated_usd")) below += x < 5e6 ? 1 : 0;
  CHECK(s.limits[2].answer.share.value == below / 60);
  CHECK(below > 0);
  CHECK(below < 60);
}

TEST_CASE("books can be scaled: one world per scale, every draw at each") {
  const std::string scales = R"(faultline: 1
scenario: none
sweep:
  draws: 4
  sampler: sobol
  vary:
    eth: {price: ETH, over: 5min, normal: {mean: -30%, sd: 5%}}
    books: {book_scale: [5, 1, 2x]}
)";
  const Planned p(scales);
  REQUIRE(p.findings() == "");
  REQUIRE(p.plan.worlds.size() == 3);
  CHECK(p.plan.scenarios() == 12);
  CHECK(p.plan.worlds[2].book_scale == 5);
  const Snapshot& one = *p.plan.worlds[0].world;
  const Snapshot& five = *p.plan.worlds[2].world;
  CHECK(five.markets[0].deposits_usd == Approx(5 * one.markets[0].deposits_usd).epsilon(1e-9));
  CHECK(five.opening.balances[five.venues[0].base_account.value] ==
        one.opening.balances[one.venues[0].base_account.value]);
  {
    Workers workers({1});
    SweepRunner runner(p.plan, workers);
    DrawnScenario a, b;
    runner.draw(3, a);
    runner.draw(5, b);
    CHECK(a.inputs == b.inputs);  // the same days for every size of the books
    CHECK(a.world == 0);
    CHECK(b.world == 2);
  }
  const SweepSummary s = sweep(p.plan, 2).summary;
  REQUIRE(s.scales.size() == 3);
  for (const ScaleSummary& x : s.scales) CHECK(x.scenarios == 4);
  CHECK(s.scales[2].bad_debt.value > s.scales[0].bad_debt.value);
}

TEST_CASE("random paths: the same for every size of round, and labelled") {
  const std::string paths = R"(faultline: 1
scenario: none
sweep:
  draws: 8
  sampler: random
  seed: 3
  paths:
    assets: {ETH: ETH, USDC: USDC}
    covariance: ../prices/covariance_2023.csv
    dof: 4
    volatility: 10x
    jumps:
      crash: {per_year: 9000, mean: {ETH: -10%}, sd: {ETH: 5%}}
)";
  const Planned p(paths);
  REQUIRE(p.findings() == "");
  CHECK(p.plan.meta.at("paths") == "synthetic: correlated Student t(4) with jumps of ETH, USDC");
  CHECK(p.plan.meta.contains("file ../prices/covariance_2023.csv"));
  const Planned half(paths, replaced(ecosystem, "round: 12s", "round: 6s"));
  {
    Workers workers({1});
    SweepRunner runner(p.plan, workers), finer(half.plan, workers);
    DrawnScenario a, b;
    runner.draw(5, a);
    finer.draw(5, b);
    REQUIRE(a.path.times_s.size() == 151);
    REQUIRE(b.path.times_s.size() == 301);
    CHECK(a.path.prices[0] == 2000);
    for (std::size_t i = 0; i < 151; ++i) {
      CHECK(a.path.prices[2 * i] == b.path.prices[4 * i]);
    }
    CHECK(a.full.path == &a.path);
    CHECK(a.baseline.path == nullptr);  // under `scenario: none` the path is the shock
  }
  CHECK(sweep(p.plan, 1).fingerprint == sweep(p.plan, 3).fingerprint);
}

TEST_CASE("a results file refuses inputs that changed, by name") {
  const TempFile file;
  sweep(Planned(bad_days).plan, file.path(), 1, 5);
  const auto refused = [&](const Planned& p) {
    std::string error;
    CHECK(ResultsWriter::open_for_resume(file.path(), p.plan.layout(), p.plan.meta, {}, error) ==
          nullptr);
    return error.substr(error.find("': ") + 3);
  };
  CHECK(refused(Planned(replaced(bad_days, "seed: 7", "seed: 8"))) ==
        "seed differs: the results have 7, now 8; sweep changed");
  CHECK(refused(Planned(bad_days, replaced(ecosystem, "$50m", "$51m"))) == "ecosystem changed");
}

TEST_CASE("every mistake of a sweep file is reported in one run, with its place and remedy") {
  const Planned p(R"(faultline: 1
scenario: crsh
sweep:
  draws: 100
  vary:
    a: {price: ETHX, normal: {sd: 5%}}
    b: {price: ETH, normal: {sd: 0.05}}
    c: {price: stETH, normal: {sd: 5%}}
    d: {set: oracles.ETH.latency, normal: {mean: 20s, sd: 10s}}
    e: {discount: stETH, lognormal: {median: 1%}}
    f: {price: ETH, uniform: {lo: 2%, hi: 1%}}
    g: {set: agents.liquidators.capital, values: [$1m, 5min]}
  limits:
    - {loss: pol, below: 1%, in: 95%}
)");
  CHECK(p.sweep_findings() == R"(sweep.yaml:2:11: error E0211: no scenario 'crsh'
    2 | scenario: crsh
      |           ^^^^ did you mean 'crash'?
sweep.yaml:6:16: error E0330: no asset 'ETHX'
    6 |     a: {price: ETHX, normal: {sd: 5%}}
      |                ^^^^ did you mean 'ETH'? Or declare it under 'assets'
sweep.yaml:7:34: error E0310: 0.05 what? 'sd' takes a share with its unit
    7 |     b: {price: ETH, normal: {sd: 0.05}}
      |                                  ^^^^ write '5%'
sweep.yaml:8:16: error E0461: stETH is a claim on ETH: which of its values moves?
    8 |     c: {price: stETH, normal: {sd: 5%}}
      |                ^^^^^ vary `discount: stETH` (market only), or `price: ETH`
sweep.yaml:9:8: error E0643: 'd' may be drawn below zero, where it means nothing
    9 |     d: {set: oracles.ETH.latency, normal: {mean: 20s, sd: 10s}}
      |        ^ take a lognormal or uniform law, or add `between: [0, ...]`
sweep.yaml:10:37: error E0640: a lognormal law takes its median and one quantile, 'e' has 0
   10 |     e: {discount: stETH, lognormal: {median: 1%}}
      |                                     ^ write one of p1, p5, p95, p99 beside the median
sweep.yaml:11:8: error E0647: 'f': uniform needs two ends, the first below the second
   11 |     f: {price: ETH, uniform: {lo: 2%, hi: 1%}}
      |        ^ change its law
sweep.yaml:12:56: error E0315: 'values' takes an amount with its unit, not '5min'
   12 |     g: {set: agents.liquidators.capital, values: [$1m, 5min]}
      |                                                        ^^^^ write for example '$1.9bn' or '420k ETH'
sweep.yaml:14:7: error E0330: no market or vault 'pol' to hold to a limit
   14 |     - {loss: pol, below: 1%, in: 95%}
      |       ^ did you mean 'pool'?
)");
}

TEST_CASE("correlations that cannot hold together are refused with the nearest that can") {
  const Planned p(replaced(replaced(bad_days, "[eth, discount, -0.7]", "[eth, latency, -0.9]"),
                           "[eth, capital, 0.3]",
                           "[eth, capital, 0.9]\n    - [latency, capital, 0.9]"));
  CHECK(p.sweep_findings() ==
        R"(sweep.yaml:14:7: error E0649: eth, latency, capital cannot hold together
   14 |     - [eth, latency, -0.9]
      |       ^ nearest possible: -0.48, 0.48, 0.48
)");
}

TEST_CASE("two inputs may set two parameters of one node, not the same one twice") {
  const auto with = [](const std::string& input) {
    return replaced(bad_days, "  rank_correlation", "    " + input + "\n  rank_correlation");
  };
  const Planned both(with("beat: {set: oracles.ETH.heartbeat, uniform: {lo: 1h, hi: 2h}}"));
  CHECK(both.sweep_findings() == "");
  const Planned twice(with("late: {set: oracles.ETH.latency, uniform: {lo: 1s, hi: 2s}}"));
  CHECK(twice.sweep_findings().find("'late' and 'latency' change the same thing") !=
        std::string::npos);
}

TEST_CASE("a move that outlasts the clock is told") {
  const Planned p(
      replaced(bad_days, "eth:      {price: ETH, over: 10min", "eth:      {price: ETH, over: 6h"));
  CHECK(
      p.sweep_findings() ==
      R"(sweep.yaml:9:34: warning W0654: 'eth' is in full force after 6h, the clock ends at 30min: results hold only part of it
    9 |     eth:      {price: ETH, over: 6h, student_t: {mean: -15%, sd: 12%, dof: 4}}
      |                                  ^^ shorten `over`, or lengthen `clock.horizon`
)");
}
