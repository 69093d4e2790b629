// A sweep: many scenarios of one ecosystem, drawn, run beside their direct run and baseline, and
// written in id order. What decides a result is the plan alone: never threads, order or resume.
//
//   id        = draw * worlds + world       (worlds: one per value of `book_scale`)
//   full      = the named scenario, what the draw sets, what it moves, its path
//   direct    = full with every transmission off
//   baseline  = full without the shock. A scenario that is named is the shock, so the baseline
//   keeps
//               all that was drawn; under `scenario: none` the shock is what the draw moves
//               (prices, discounts, depth, paths) and the baseline keeps what it sets
//
// Runs that cannot differ are shared: all baselines of one world for which nothing of the draw
// stays, or only settings that this world, left alone, never reads; a full run without a shock is
// its baseline.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/parallel.hpp"
#include "sim/assessment.hpp"
#include "sim/studies/price_path.hpp"
#include "sim/studies/results_store.hpp"
#include "sim/studies/sampling.hpp"

namespace faultline {

/// When a setting can change a run at all; used to share baselines, never to alter one.
enum class Reads : std::uint8_t {
  always,         // may matter in any run
  with_orders,    // only where somebody is liquidated (a purse)
  with_breaches,  // only where an account is in breach (what a liquidation costs)
  with_changes    // only where a price that a feed reads moves (latency, heartbeat, deviation)
};

/// What the value drawn for one input does in one world: a move of targets, or changes of settings.
struct DrawAction {
  std::optional<MoveKind> move;  // none: settings
  std::vector<std::uint32_t> targets;
  Timing when;  // of the move; settings change at its start
  std::vector<std::function<SettingChange(double)>> settings;
  Reads reads = Reads::always;
};

/// The ecosystem at one size of its books, with everything compiled for it.
struct SweepWorld {
  double book_scale = 1;
  std::unique_ptr<const Snapshot> world;
  /// The same world with nine tenths of the horizon: what it has not liquidated is liquidated in
  /// the last tenth. Only in sweeps over `book_scale`.
  std::unique_ptr<const Snapshot> early;
  Scenario scenario;                // the named one; calm for none
  std::vector<DrawAction> actions;  // [input]
};

/// Correlated random prices that every draw follows.
struct SweepPaths {
  PathModel model;
  std::vector<AssetId> assets;  // in the model's order
};

enum class LimitMetric : std::uint8_t { loss, bad_debt, liquidated, unserved, trapped, withdrawn };

/// `{bad_debt: all, below: $25m, in: 95%}`.
struct SweepLimit {
  LimitMetric metric = LimitMetric::loss;
  std::string whom;                  // as written: a market, a family of them, or all
  std::vector<std::string> markets;  // those it means
  double below = 0;                  // USD, or a share of deposits
  bool share_of_deposits = false;
  double required = 0.95;
  std::string below_text, in_text;  // as written
};

struct SweepPlan {
  std::string name;
  std::uint64_t draws = 0;
  std::uint64_t seed = 1;
  SamplingPlan sampling;  // inputs may be empty where paths are drawn
  std::map<std::string, std::vector<std::string>>
      words;  // of inputs whose values are places of one
  std::optional<SweepPaths> paths;
  bool direct = true;              // every draw has a direct run
  bool scenario_named = false;     // false: `scenario: none`, the draws are the shock
  std::vector<SweepWorld> worlds;  // at least one
  bool over_book_scale = false;
  std::vector<SweepLimit> limits;
  std::vector<std::string> focus;  // markets that summaries begin with
  ResultsMeta meta;

  std::uint64_t scenarios() const { return draws * worlds.size(); }
  /// Columns of the results file.
  ResultsLayout layout() const;
};

/// One draw made into scenarios; `full` and `baseline` may follow `path`.
struct DrawnScenario {
  std::uint64_t id = 0, draw = 0;
  std::size_t world = 0;
  Scenario full, baseline;
  FollowedPath path;
  std::vector<double> inputs;       // in the order of the plan's inputs
  std::vector<double> path_lows;    // [path asset] lowest price over the first, less 1
  std::vector<double> path_ratios;  // room for sampling
};

/// One id's three runs.
struct SweepRun {
  Outcome full, direct, baseline;
  Summary summary;
  double late_liquidated_usd = 0;  // in the last tenth of the horizon, net; NaN: not measured
  std::string failure;             // empty: none of the three failed
};

/// Runs a plan. Holds one workspace per worker and world, made when first needed.
class SweepRunner {
 public:
  /// `plan` and `workers` must outlive it. Runs each world's shared baseline.
  SweepRunner(const SweepPlan& plan, Workers& workers);
  ~SweepRunner();

  /// Draws scenario `id` < plan.scenarios(). `out.full` follows `out.path`: do not move `out`.
  void draw(std::uint64_t id, DrawnScenario& out) const;
  /// Runs scenario `id` alone, as the sweep runs it.
  SweepRun run_alone(std::uint64_t id);
  /// The row the results file holds for it.
  ScenarioResult row(const DrawnScenario& drawn, const SweepRun& run) const;

  /// Runs ids from writer.next_id(), at most `count` of them. `on_written` is called after each, in
  /// id order.
  PipelineEnd run(ResultsWriter& writer, std::uint64_t count, const CancelFlag* cancel,
                  const std::function<void(std::uint64_t id, bool failed)>& on_written);

  /// Engine runs made so far by this object.
  std::uint64_t engine_runs() const { return engine_runs_.load(); }

 private:
  struct Worker;
  struct Shared;
  const Outcome& engine(Worker& worker, std::size_t world, const Scenario& scenario);
  double liquidated_early(Worker& worker, std::size_t world, const Scenario& scenario);
  void draw_actions(DrawnScenario& out) const;
  void draw_path(DrawnScenario& out) const;
  void share_baseline(std::size_t world);
  void run_drawn(Worker& worker, DrawnScenario& drawn, SweepRun& out);
  void measure_late(Worker& worker, const DrawnScenario& drawn, SweepRun& out);

  const SweepPlan& plan_;
  Workers& workers_;
  std::optional<Sampler> sampler_;
  std::optional<PathSampler> path_sampler_;
  std::vector<double> path_times_s_;
  std::vector<std::unique_ptr<Worker>> worker_;
  std::vector<std::unique_ptr<Shared>> shared_;  // [world]
  std::atomic<std::uint64_t> engine_runs_{0};
};

}  // namespace faultline
