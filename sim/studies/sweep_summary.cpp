#include "sim/studies/sweep_summary.hpp"

#include <algorithm>
#include <cmath>

namespace faultline {

namespace {

constexpr double amplified = 1.5;      // the mark that `amplified_between` looks for
constexpr double least_direct = 1e-4;  // of deposits: the least direct loss amplification is of
constexpr double late_part = 0.01;  // of what a scenario liquidates: less is not a cascade going on

MetricSummary summarise_metric(std::string name, const std::vector<double>& values,
                               const std::vector<std::uint64_t>& ids) {
  MetricSummary out;
  out.name = std::move(name);
  out.mean = mean_estimate(values);
  out.p50 = quantile_estimate(values, 0.50);
  out.p95 = quantile_estimate(values, 0.95);
  out.p99 = quantile_estimate(values, 0.99);
  out.es99 = expected_shortfall(values, 0.99);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i != 0 && !(values[i] > out.worst)) continue;
    out.worst = values[i];
    out.worst_id = ids[i];
  }
  return out;
}

std::string metric_name(LimitMetric m) {
  switch (m) {
    case LimitMetric::loss:
      return "loss_usd";
    case LimitMetric::bad_debt:
      return "bad_debt_usd";
    case LimitMetric::liquidated:
      return "liquidated_usd";
    case LimitMetric::unserved:
      return "unserved_usd";
    case LimitMetric::trapped:
      return "trapped_usd";
    case LimitMetric::withdrawn:
      return "withdrawn_usd";
  }
  return {};
}

/// Reads the tables of one results file.
class Summariser {
 public:
  Summariser(const SweepPlan& plan, ResultsReader& results)
      : plan_(plan), results_(results), ids_(results.ids("ok")) {}

  SweepSummary read() {
    out_.scenarios = results_.ids().size();
    const std::vector<std::uint64_t> failed = results_.ids("failed");
    out_.failed = failed.size();
    for (std::size_t i = 0; i < std::min<std::size_t>(10, failed.size()); ++i) {
      if (const auto row = results_.scenario(failed[i])) {
        out_.failures.emplace_back(failed[i], row->stop);
      }
    }
    read_metrics();
    read_nodes();
    answer_limits();
    rank();
    list_scenarios();
    if (plan_.over_book_scale) read_scales();
    out_.fingerprint = results_.fingerprint();
    return std::move(out_);
  }

 private:
  std::vector<double> column(const std::string& name) const { return results_.metric(name, "ok"); }
  std::vector<double> of_node(const std::string& node, const std::string& name) const {
    return results_.node_metric(node, name, "ok");
  }

  void read_metrics() {
    for (const std::string& name : plan_.layout().metrics) {
      if (name.starts_with("gross_")) {
        out_.gross.push_back(summarise_metric(name.substr(6), column(name), ids_));
      } else if (name.starts_with("baseline_")) {
        out_.baseline.push_back(summarise_metric(name.substr(9), column(name), ids_));
      } else if (name == "amplification" || name == "late_liquidated_usd" ||
                 name == "full_after_s") {
        read_partial(name);
      } else if (name != "rounds") {
        out_.net.push_back(summarise_metric(name, column(name), ids_));
      }
    }
  }

  /// A metric that some scenarios do not have.
  void read_partial(const std::string& name) {
    const std::vector<double> all = column(name);
    std::vector<double> values;
    std::vector<std::uint64_t> ids;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (std::isnan(all[i])) continue;
      values.push_back(all[i]);
      ids.push_back(ids_[i]);
    }
    if (!values.empty()) out_.net.push_back(summarise_metric(name, values, ids));
  }

  void read_nodes() {
    std::vector<std::string> names;
    for (const Market& m : plan_.worlds[0].world->markets) names.push_back(m.name);
    for (const CuratedVaultInfo& v : plan_.worlds[0].world->vaults) names.push_back(v.name);
    for (const std::string& name_of : names) {
      NodeSummary& node = out_.nodes.emplace_back();
      node.name = name_of;
      for (const std::string& name : plan_.layout().node_metrics) {
        if (!name.ends_with("_usd") || name.starts_with("gross_") || name == "deposits_usd")
          continue;
        node.metrics.push_back(summarise_metric(name, of_node(node.name, name), ids_));
      }
      const std::vector<double> deposits = of_node(node.name, "deposits_usd");
      const std::vector<double> insolvent = of_node(node.name, "insolvent");
      const std::vector<double> hole = of_node(node.name, "bad_debt_usd");
      node.deposits_usd = mean_estimate(deposits).value;
      for (std::size_t k = 0; k < insolvency_shares.size(); ++k) {
        std::uint64_t hits = 0;
        for (std::size_t i = 0; i < hole.size(); ++i) {
          if (insolvent[i] == 1 && hole[i] > insolvency_shares[k] * deposits[i]) ++hits;
        }
        node.p_insolvent[k] = probability_estimate(hits, hole.size());
      }
    }
  }

  void list_scenarios() {
    const bool drawn =
        plan_.sampling.kind != SamplerKind::list && plan_.sampling.kind != SamplerKind::grid;
    if (drawn || plan_.over_book_scale || ids_.size() > most_listed) return;
    for (const std::uint64_t id : ids_) out_.listed.push_back({id, {}, {}});
    for (const Input& input : plan_.sampling.inputs) {
      const std::vector<double> values = results_.input(input.name, "ok");
      for (std::size_t i = 0; i < ids_.size(); ++i) out_.listed[i].inputs.push_back(values[i]);
    }
    for (const std::string& name : plan_.layout().metrics) {
      if (name.starts_with("gross_") || name.starts_with("baseline_")) continue;
      const std::vector<double> values = column(name);
      for (std::size_t i = 0; i < ids_.size(); ++i) out_.listed[i].metrics[name] = values[i];
    }
  }

  void answer_limits() {
    for (const SweepLimit& limit : plan_.limits) {
      std::vector<double> sum(ids_.size(), 0), deposits(ids_.size(), 0);
      for (const std::string& market : limit.markets) {
        const std::vector<double> part = of_node(market, metric_name(limit.metric));
        const std::vector<double> held = of_node(market, "deposits_usd");
        for (std::size_t i = 0; i < ids_.size(); ++i) {
          sum[i] += part[i];
          deposits[i] += held[i];
        }
      }
      if (limit.share_of_deposits) {
        for (std::size_t i = 0; i < ids_.size(); ++i) {
          sum[i] = deposits[i] > 0 ? sum[i] / deposits[i] : 0;
        }
      }
      out_.limits.push_back({limit, check_limit(sum, limit.below, limit.required)});
    }
  }

  void rank() {
    const std::vector<double> bad_debt = column("bad_debt_usd");
    std::vector<std::vector<double>> values;
    const std::vector<std::string> names = plan_.layout().inputs;
    for (const std::string& name : names) values.push_back(results_.input(name, "ok"));
    std::vector<InputColumn> inputs;
    for (std::size_t i = 0; i < names.size(); ++i) inputs.push_back({names[i], values[i]});
    if (inputs.empty() || bad_debt.empty()) return;
    out_.moves_bad_debt = variance_shares(inputs, bad_debt);
    out_.ranks = rank_inputs(inputs, bad_debt);
  }

  void read_scales() {
    const std::vector<double> bad_debt = column("bad_debt_usd"), ratio = column("amplification"),
                              served = column("liquidated_usd"), unserved = column("unserved_usd"),
                              direct = column("direct_loss_usd"),
                              direct_served = column("direct_liquidated_usd"),
                              direct_unserved = column("direct_unserved_usd"),
                              late = column("late_liquidated_usd");
    const std::size_t worlds = plan_.worlds.size();
    for (std::size_t k = 0; k < worlds; ++k) {
      ScaleSummary& s = out_.scales.emplace_back();
      s.scale = plan_.worlds[k].book_scale;
      for (const Market& m : plan_.worlds[k].world->markets) s.deposits_usd += m.deposits_usd;
      std::vector<double> lost, lost_directly, ratios, liquidated;
      double breached = 0, breached_directly = 0;
      std::uint64_t active = 0, going_on = 0;
      for (std::size_t i = 0; i < ids_.size(); ++i) {
        if (ids_[i] % worlds != k) continue;
        lost.push_back(bad_debt[i]);
        lost_directly.push_back(direct[i]);
        liquidated.push_back(served[i]);
        if (!std::isnan(ratio[i])) ratios.push_back(ratio[i]);
        breached += served[i] + unserved[i];
        breached_directly += direct_served[i] + direct_unserved[i];
        if (!(served[i] > 0) || std::isnan(late[i])) continue;
        ++active;
        if (late[i] > late_part * served[i]) ++going_on;
      }
      s.scenarios = lost.size();
      s.bad_debt = mean_estimate(lost);
      s.direct = mean_estimate(lost_directly);
      s.liquidated = mean_estimate(liquidated);
      s.amplification = mean_estimate(ratios);
      s.amplified_scenarios = ratios.size();
      s.offspring = breached_directly > 0 ? (breached - breached_directly) / breached_directly : 0;
      s.late_share = active > 0 ? static_cast<double>(going_on) / static_cast<double>(active) : 0;
      s.sustains = s.offspring >= 1 || s.late_share >= 0.5;
    }
    find_marks();
  }

  /// Where direct loss is too small to divide by, the loss over 0.01% of deposits bounds the
  /// amplification from below.
  static bool is_amplified(const ScaleSummary& s) {
    if (s.amplified_scenarios > 0) return s.amplification.value > amplified;
    return s.bad_debt.value > amplified * std::max(s.direct.value, least_direct * s.deposits_usd);
  }

  void find_marks() {
    double below = 0;
    for (const ScaleSummary& s : out_.scales) {
      if (!out_.amplified_between && is_amplified(s)) out_.amplified_between = {below, s.scale};
      below = s.scale;
      if (!out_.sustained_from && s.sustains) out_.sustained_from = s.scale;
    }
  }

  const SweepPlan& plan_;
  ResultsReader& results_;
  std::vector<std::uint64_t> ids_;
  SweepSummary out_;
};

}  // namespace

const MetricSummary* SweepSummary::metric(std::string_view name) const {
  for (const MetricSummary& m : net) {
    if (m.name == name) return &m;
  }
  return nullptr;
}

SweepSummary summarise_sweep(const SweepPlan& plan, ResultsReader& results) {
  return Summariser(plan, results).read();
}

}  // namespace faultline
