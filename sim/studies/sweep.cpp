#include "sim/studies/sweep.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <limits>

namespace faultline {

namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
constexpr double most_share = 1 - 0x1p-20;  // of a venue's depth or a claim's value that can go

/// What is reported net, gross and of the baseline.
struct NetMetric {
  const char* name;
  double MarketOutcome::*field;
};
constexpr std::array<NetMetric, 8> net_metrics{{
    {"bad_debt_usd", &MarketOutcome::bad_debt_usd},
    {"bad_debt_exit_usd", &MarketOutcome::bad_debt_exit_usd},
    {"recognised_usd", &MarketOutcome::recognised_usd},
    {"liquidated_usd", &MarketOutcome::liquidated_usd},
    {"unserved_usd", &MarketOutcome::unserved_usd},
    {"loss_usd", &MarketOutcome::bad_debt_end_usd},
    {"trapped_usd", &MarketOutcome::trapped_usd},
    {"withdrawn_usd", &MarketOutcome::withdrawn_usd},
}};

struct SummaryMetric {
  const char* name;
  double Summary::*field;
};
constexpr std::array<SummaryMetric, 16> summary_metrics{{
    {"bad_debt_usd", &Summary::bad_debt_usd},
    {"bad_debt_exit_usd", &Summary::bad_debt_exit_usd},
    {"recognised_usd", &Summary::recognised_usd},
    {"legacy_usd", &Summary::legacy_usd},
    {"direct_loss_usd", &Summary::direct_loss_usd},
    {"contagion_loss_usd", &Summary::contagion_loss_usd},
    {"liquidated_usd", &Summary::liquidated_usd},
    {"unserved_usd", &Summary::unserved_usd},
    {"breadth", &Summary::breadth},
    {"breadth_deposits", &Summary::breadth_deposits},
    {"breadth_usd", &Summary::breadth_usd},
    {"failing_usd", &Summary::failing_usd},
    {"depth_rounds", &Summary::depth_rounds},
    {"depth_hops", &Summary::depth_hops},
    {"withdrawn_usd", &Summary::withdrawn_usd},
    {"trapped_usd", &Summary::trapped_usd},
}};

/// What perpetual venues report, all together; present where there are any.
constexpr std::array<const char*, 7> perp_metrics{
    "closed_usd",    "takeover_usd",      "deleveraged_usd",  "given_up_usd",
    "overshoot_usd", "deleveraged_count", "deleveraged_top10"};

std::vector<double> perp_row(const Outcome& o) {
  std::vector<double> row(perp_metrics.size(), 0);
  for (const PerpOutcome& c : o.perps) {
    row[0] += c.liquidated_usd;
    row[1] += c.takeover_usd;
    row[2] += c.deleveraged_usd;
    row[3] += c.given_up_usd;
  }
  for (const AdlBurden& b : o.burdens) {
    row[4] += b.overshoot;
    row[5] += static_cast<double>(b.hit);
    row[6] = std::max(row[6], b.top10);
  }
  return row;
}

/// What each bearer gained beyond what prices did to what he held, as `result_depositors_usd`.
std::string bearer_metric(std::size_t b) {
  return std::string("result_") + bearer_name(static_cast<Bearer>(b)) + "_usd";
}

/// When some reserve was lent out whole first; NaN: never.
double full_after_s(const Outcome& o) {
  double first = nothing;
  for (const ReserveOutcome& r : o.reserves) {
    if (r.full_at_s >= 0 && !(r.full_at_s >= first)) first = r.full_at_s;
  }
  return first;
}

/// Deposits asked for and unpaid, summed over time, dollar-hours.
double trapped_usd_h(const Outcome& o) {
  double usd_s = 0;
  for (const ReserveOutcome& r : o.reserves) usd_s += r.trapped_usd_s;
  for (const VaultOutcome& v : o.vaults) usd_s += v.trapped_usd_s;
  return usd_s / 3600;
}

/// Appends `from` to `to`.
template <class T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

/// When the last of the shock is in full force; infinite where a path goes on.
double shock_end_s(const Scenario& s) {
  double end = 0;
  for (const ExogenousMove& m : s.moves) {
    end = std::max(end, m.when.undo_s < 1e299 ? m.when.back_s : m.when.end_s);
  }
  for (const Exploit& e : s.exploits) end = std::max(end, e.at_s);
  for (const Manipulation& m : s.manipulations) end = std::max(end, m.end_s);
  for (const SettingChange& c : s.settings) end = std::max(end, c.at_s);
  if (s.path != nullptr) end = std::max(end, s.path->times_s.back());
  return end;
}

/// Whether nothing a feed reads moved in a run: no trade, no price, no report.
bool was_still(const Outcome& o) {
  if (o.counters.posts != 0) return false;
  for (const OracleOutcome& r : o.oracles) {
    if (r.reports != 0) return false;
  }
  return std::all_of(o.assets.begin(), o.assets.end(), [](const AssetOutcome& a) {
    const bool none = std::isnan(a.price_start);
    return none || (a.price_min == a.price_start && a.price_end == a.price_start);
  });
}

std::string failure_text(const char* which, const Outcome& o) {
  if (!stop_is_failure(o.stop)) return {};
  std::string out = which;
  out += stop_text(o.stop);
  return o.stop_detail.empty() ? out : out + ": " + o.stop_detail;
}

/// Assets whose lowest and last market price a results file keeps: beyond these a table would have
/// too many columns.
std::size_t priced_assets(const Snapshot& world) {
  return std::min<std::size_t>(world.assets.size(), 400);
}

}  // namespace

ResultsLayout SweepPlan::layout() const {
  ResultsLayout out;
  for (const SummaryMetric& m : summary_metrics) out.metrics.push_back(m.name);
  for (const char* m : {"loss_usd", "amplification", "direct_liquidated_usd", "direct_unserved_usd",
                        "late_liquidated_usd", "rounds"}) {
    out.metrics.push_back(m);
  }
  for (const char* of : {"gross_", "baseline_"}) {
    for (const NetMetric& m : net_metrics) out.metrics.push_back(std::string(of) + m.name);
  }
  const Snapshot& world = *worlds.front().world;
  out.metrics.push_back("trapped_usd_h");
  out.metrics.push_back("full_after_s");
  out.metrics.push_back("final_debt_usd");
  for (std::size_t b = 0; b < bearer_count; ++b) out.metrics.push_back(bearer_metric(b));
  if (!world.perps.empty()) {
    for (const char* m : perp_metrics) out.metrics.push_back(m);
  }
  for (std::size_t a = 0; a < priced_assets(world); ++a) {
    for (const char* price : {"price_min ", "price_end "}) {
      out.metrics.push_back(price + world.assets[a].name);
    }
  }
  for (const Input& input : sampling.inputs) out.inputs.push_back(input.name);
  if (over_book_scale) out.inputs.push_back("book_scale");
  if (paths) {
    for (const std::string& asset : paths->model.assets) out.inputs.push_back("low " + asset);
  }
  for (const char* of : {"", "gross_"}) {
    for (const NetMetric& m : net_metrics) out.node_metrics.push_back(std::string(of) + m.name);
  }
  for (const char* m : {"deposits_usd", "insolvent", "insolvent_s"}) {
    out.node_metrics.push_back(m);
  }
  return out;
}

namespace {

/// A vault's row among the nodes: it lends and liquidates nobody; what it lost is its
/// `bad_debt_usd`, too, so that shares of deposits are answered as for markets.
std::vector<double> vault_row(const VaultOutcome& full, const VaultOutcome& base) {
  const auto row = [](const VaultOutcome& v) {  // in the order of net_metrics
    return std::array<double, net_metrics.size()>{v.loss_usd, v.loss_usd,    v.recognised_usd, 0, 0,
                                                  v.loss_usd, v.trapped_usd, v.withdrawn_usd};
  };
  const auto gross = row(full), calm = row(base);
  std::vector<double> out;
  for (std::size_t i = 0; i < gross.size(); ++i) out.push_back(gross[i] - calm[i]);
  out.insert(out.end(), gross.begin(), gross.end());
  out.push_back(full.deposits_usd);
  out.push_back(full.loss_usd - base.loss_usd > 0.001 * full.deposits_usd ? 1 : 0);
  out.push_back(nothing);
  return out;
}

}  // namespace

/// What one thread owns.
struct SweepRunner::Worker {
  std::vector<std::unique_ptr<Workspace>> workspace, early;  // [world]
  DrawnScenario drawn;
  SweepRun run;
};

/// What the scenarios of one world may share.
struct SweepRunner::Shared {
  bool baseline_shared = false;
  bool shockless = false;  // full runs have no shock: each is its baseline
  Outcome baseline;
  double early_liquidated_usd = 0;  // of the shared baseline
};

SweepRunner::SweepRunner(const SweepPlan& plan, Workers& workers) : plan_(plan), workers_(workers) {
  assert(!plan.worlds.empty());
  if (!plan.sampling.inputs.empty()) sampler_.emplace(plan.sampling);
  if (plan.paths) path_sampler_.emplace(plan.paths->model);
  const Snapshot& first = *plan.worlds[0].world;
  for (double t = 0, round = 0; t < first.horizon_s; ++round) {
    t = round * first.round_s;
    path_times_s_.push_back(t);
  }
  for (unsigned i = 0; i < workers.threads(); ++i) {
    auto worker = std::make_unique<Worker>();
    worker->workspace.resize(plan.worlds.size());
    worker->early.resize(plan.worlds.size());
    worker_.push_back(std::move(worker));
  }
  for (std::size_t k = 0; k < plan.worlds.size(); ++k) share_baseline(k);
}

SweepRunner::~SweepRunner() = default;

const Outcome& SweepRunner::engine(Worker& worker, std::size_t k, const Scenario& scenario) {
  const Snapshot& world = *plan_.worlds[k].world;
  std::unique_ptr<Workspace>& w = worker.workspace[k];
  if (!w) w = std::make_unique<Workspace>(world);
  engine_runs_.fetch_add(1, std::memory_order_relaxed);
  return faultline::run(world, scenario, *w);
}

/// Debt liquidated in the first nine tenths of the horizon.
double SweepRunner::liquidated_early(Worker& worker, std::size_t k, const Scenario& scenario) {
  const Snapshot& world = *plan_.worlds[k].early;
  std::unique_ptr<Workspace>& w = worker.early[k];
  if (!w) w = std::make_unique<Workspace>(world);
  engine_runs_.fetch_add(1, std::memory_order_relaxed);
  return faultline::run(world, scenario, *w).total(&MarketOutcome::liquidated_usd);
}

/// Runs the world's baseline with nothing drawn, and finds whether every draw's is the same.
void SweepRunner::share_baseline(std::size_t k) {
  const SweepWorld& at = plan_.worlds[k];
  shared_.push_back(std::make_unique<Shared>());
  Shared& shared = *shared_.back();
  const bool moves = plan_.paths || std::any_of(at.actions.begin(), at.actions.end(),
                                                [](const DrawAction& a) { return a.move; });
  shared.shockless = at.scenario.calm() && (plan_.scenario_named || !moves);
  if (plan_.scenario_named && moves) return;
  Worker& worker = *worker_[0];
  const Scenario nothing_drawn = baseline_of(at.scenario);
  shared.baseline = engine(worker, k, nothing_drawn);
  const Outcome& calm = shared.baseline;
  const Workspace& w = *worker.workspace[k];
  const bool breached = calm.counters.breaches > 0 || !w.opening_rows->breached.empty();
  const std::vector<unsigned char>& usable = w.market.usable;
  const bool usable_throughout =
      std::all_of(usable.begin(), usable.end(), [](unsigned char u) { return u != 0; });
  shared.baseline_shared = !stop_is_failure(calm.stop);
  for (const DrawAction& a : at.actions) {
    if (a.move) continue;
    const bool unread = (a.reads == Reads::with_orders && calm.counters.orders == 0) ||
                        (a.reads == Reads::with_breaches && !breached) ||
                        (a.reads == Reads::with_changes && nothing_drawn.calm() &&
                         calm.counters.orders == 0 && usable_throughout && was_still(calm));
    shared.baseline_shared = shared.baseline_shared && unread;
  }
  if (at.early && shared.baseline_shared) {
    shared.early_liquidated_usd = liquidated_early(worker, k, nothing_drawn);
  }
}

void SweepRunner::draw_actions(DrawnScenario& out) const {
  const SweepWorld& at = plan_.worlds[out.world];
  for (std::size_t i = 0; i < at.actions.size(); ++i) {
    const DrawAction& action = at.actions[i];
    if (action.move) {
      const bool share = *action.move == MoveKind::discount || *action.move == MoveKind::withdraw ||
                         *action.move == MoveKind::deposits;
      const double value = share ? std::min(out.inputs[i], most_share) : out.inputs[i];
      for (const std::uint32_t target : action.targets) {
        const ExogenousMove move{*action.move, target, value, action.when};
        out.full.moves.push_back(move);
        if (plan_.scenario_named) out.baseline.moves.push_back(move);
      }
      continue;
    }
    for (const auto& setting : action.settings) {
      SettingChange change = setting(out.inputs[i]);
      change.at_s = action.when.start_s;
      out.full.settings.push_back(change);
      out.baseline.settings.push_back(change);
    }
  }
}

void SweepRunner::draw_path(DrawnScenario& out) const {
  const std::vector<AssetId>& assets = plan_.paths->assets;
  const std::vector<double>& opening = plan_.worlds[out.world].world->opening.market.reference;
  out.path.assets = assets;
  out.path.times_s = path_times_s_;
  out.path.prices.resize(path_times_s_.size() * assets.size());
  path_sampler_->sample(plan_.seed, out.draw, path_times_s_, out.path.prices);
  out.path_lows.assign(assets.size(), 0.0);
  for (std::size_t i = 0; i < out.path.prices.size(); ++i) {
    const std::size_t a = i % assets.size();
    out.path_lows[a] = std::min(out.path_lows[a], out.path.prices[i] - 1);
    out.path.prices[i] *= opening[assets[a].value];
  }
  out.full.path = &out.path;
  if (plan_.scenario_named) out.baseline.path = &out.path;
}

void SweepRunner::draw(std::uint64_t id, DrawnScenario& out) const {
  out.id = id;
  out.draw = id / plan_.worlds.size();
  out.world = static_cast<std::size_t>(id % plan_.worlds.size());
  out.inputs.resize(plan_.sampling.inputs.size());
  if (sampler_) sampler_->draw(out.draw, out.inputs);
  const Scenario& named = plan_.worlds[out.world].scenario;
  out.full = named;
  out.full.id = id;
  out.baseline = baseline_of(out.full);
  draw_actions(out);
  out.path_lows.clear();
  if (plan_.paths) draw_path(out);
}

void SweepRunner::run_drawn(Worker& worker, DrawnScenario& drawn, SweepRun& out) {
  const Shared& shared = *shared_[drawn.world];
  const Outcome* baseline = &shared.baseline;
  if (!shared.baseline_shared) {
    out.baseline = engine(worker, drawn.world, drawn.baseline);
    baseline = &out.baseline;
  }
  const auto runs = [&](Outcome& into, const Scenario& scenario) {
    into = shared.shockless ? *baseline : engine(worker, drawn.world, scenario);
  };
  // On an observed path only the impact that the shock adds to the baseline's moves references.
  if (!baseline->permanent_log.empty()) drawn.full.baseline_permanent = &baseline->permanent_log;
  runs(out.full, drawn.full);
  if (plan_.direct) {
    runs(out.direct, direct_of(drawn.full));
  } else {
    out.direct = out.full;
  }
  if (shared.baseline_shared) out.baseline = shared.baseline;
  out.failure = failure_text("", out.full);
  if (out.failure.empty()) out.failure = failure_text("direct run: ", out.direct);
  if (out.failure.empty()) out.failure = failure_text("baseline: ", out.baseline);
  out.late_liquidated_usd = nothing;
  if (!out.failure.empty()) return;
  const Snapshot& world = *plan_.worlds[drawn.world].world;
  out.summary = summarise(world, drawn.full, out.full, out.direct, out.baseline);
  if (!plan_.direct) {
    for (const auto member : {&Summary::direct_loss_usd, &Summary::contagion_loss_usd,
                              &Summary::breadth, &Summary::breadth_deposits}) {
      out.summary.*member = nothing;
    }
    out.summary.amplification = 0;
  }
  if (plan_.worlds[drawn.world].early) measure_late(worker, drawn, out);
}

/// What the shock has liquidated in the last tenth of the horizon, if it was over by then.
void SweepRunner::measure_late(Worker& worker, const DrawnScenario& drawn, SweepRun& out) {
  const SweepWorld& at = plan_.worlds[drawn.world];
  if (shock_end_s(drawn.full) > at.early->horizon_s) return;
  const Shared& shared = *shared_[drawn.world];
  if (shared.shockless) {
    out.late_liquidated_usd = 0;
    return;
  }
  const double before = liquidated_early(worker, drawn.world, drawn.full);
  const double calm = shared.baseline_shared
                          ? shared.early_liquidated_usd
                          : liquidated_early(worker, drawn.world, drawn.baseline);
  const auto liquidated = [](const Outcome& o) { return o.total(&MarketOutcome::liquidated_usd); };
  out.late_liquidated_usd = (liquidated(out.full) - before) - (liquidated(out.baseline) - calm);
}

SweepRun SweepRunner::run_alone(std::uint64_t id) {
  DrawnScenario drawn;
  draw(id, drawn);
  SweepRun out;
  run_drawn(*worker_[0], drawn, out);
  return out;
}

ScenarioResult SweepRunner::row(const DrawnScenario& drawn, const SweepRun& run) const {
  ScenarioResult out;
  out.id = drawn.id;
  out.inputs = drawn.inputs;
  const SweepWorld& at = plan_.worlds[drawn.world];
  if (plan_.over_book_scale) out.inputs.push_back(at.book_scale);
  append(out.inputs, drawn.path_lows);
  if (!run.failure.empty()) {
    out.status = "failed";
    out.stop = run.failure;
    out.metrics.assign(plan_.layout().metrics.size(), nothing);
    return out;
  }
  out.status = "ok";
  out.stop = stop_text(run.full.stop);
  const Summary& s = run.summary;
  const auto net = [&](const Outcome& of, double MarketOutcome::*field) {
    return of.total(field) - run.baseline.total(field);
  };
  for (const SummaryMetric& m : summary_metrics) out.metrics.push_back(s.*m.field);
  out.metrics.push_back(net(run.full, &MarketOutcome::bad_debt_end_usd));
  out.metrics.push_back(s.amplification == 0 ? nothing : s.amplification);
  for (const auto field : {&MarketOutcome::liquidated_usd, &MarketOutcome::unserved_usd}) {
    out.metrics.push_back(plan_.direct ? net(run.direct, field) : nothing);
  }
  out.metrics.push_back(run.late_liquidated_usd);
  out.metrics.push_back(static_cast<double>(run.full.counters.rounds));
  for (const NetMetric& m : net_metrics) out.metrics.push_back(run.full.total(m.field));
  for (const NetMetric& m : net_metrics) out.metrics.push_back(run.baseline.total(m.field));
  out.metrics.push_back(trapped_usd_h(run.full) - trapped_usd_h(run.baseline));
  out.metrics.push_back(full_after_s(run.baseline) >= 0 ? nothing : full_after_s(run.full));
  out.metrics.push_back(run.full.final_debt_usd);
  for (std::size_t b = 0; b < bearer_count; ++b) {
    out.metrics.push_back(run.full.bearer_result_usd[b] - run.baseline.bearer_result_usd[b]);
  }
  if (!at.world->perps.empty()) append(out.metrics, perp_row(run.full));
  for (std::size_t a = 0; a < priced_assets(*at.world); ++a) {
    out.metrics.push_back(run.full.assets[a].price_min);
    out.metrics.push_back(run.full.assets[a].price_end);
  }
  for (std::size_t m = 0; m < at.world->markets.size(); ++m) {
    const MarketOutcome& full = run.full.markets[m];
    const MarketOutcome& base = run.baseline.markets[m];
    NodeResult& node = out.nodes.emplace_back();
    node.node = at.world->markets[m].name;
    for (const NetMetric& n : net_metrics) node.values.push_back(full.*n.field - base.*n.field);
    for (const NetMetric& n : net_metrics) node.values.push_back(full.*n.field);
    const bool insolvent = full.insolvent_s >= 0 && base.insolvent_s < 0;
    node.values.push_back(full.deposits_usd);
    node.values.push_back(insolvent ? 1 : 0);
    node.values.push_back(insolvent ? full.insolvent_s : nothing);
  }
  for (std::size_t v = 0; v < at.world->vaults.size(); ++v) {
    NodeResult& node = out.nodes.emplace_back();
    node.node = at.world->vaults[v].name;
    node.values = vault_row(run.full.vaults[v], run.baseline.vaults[v]);
  }
  return out;
}

PipelineEnd SweepRunner::run(ResultsWriter& writer, std::uint64_t count, const CancelFlag* cancel,
                             const std::function<void(std::uint64_t, bool)>& on_written) {
  std::vector<ScenarioResult> slots(pipeline_slots);
  Pipeline p;
  p.first = writer.next_id();
  p.count = std::min(count, plan_.scenarios() - std::min(plan_.scenarios(), p.first));
  p.cancel = cancel;
  p.run = [&](unsigned index, unsigned slot, std::uint64_t id) {
    Worker& worker = *worker_[index];
    draw(id, worker.drawn);
    run_drawn(worker, worker.drawn, worker.run);
    slots[slot] = row(worker.drawn, worker.run);
  };
  p.write = [&](unsigned slot, std::uint64_t id) {
    if (!writer.append(slots[slot])) return false;
    if (on_written) on_written(id, slots[slot].status == "failed");
    return true;
  };
  PipelineEnd end = workers_.run_pipeline(p);
  if (end.error.empty()) end.error = writer.error();
  return end;
}

}  // namespace faultline
