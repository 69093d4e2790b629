#include "cli/sweep_text.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "cli/text_table.hpp"
#include "data/units.hpp"

namespace faultline {

namespace {

constexpr int bar_width = 30;
constexpr std::size_t shown_failures = 3;
constexpr std::size_t least_for_interval = 30;

std::string bar(std::uint64_t done, std::uint64_t total) {
  const auto full = total == 0 ? bar_width : static_cast<int>(done * bar_width / total);
  return std::string(static_cast<std::size_t>(full), '=') +
         std::string(static_cast<std::size_t>(bar_width - full), ' ');
}

std::string rate_text(std::uint64_t scenarios, double seconds) {
  const double rate = seconds > 0 ? static_cast<double>(scenarios) / seconds : 0;
  return thousands(static_cast<std::uint64_t>(std::llround(rate))) + "/s";
}

std::string percent(double share) {
  return fmt::format("{:.1f}%", 100 * share);
}

std::string percent_interval(const Estimate& e) {
  return fmt::format("{:>5.1f}% [{:.1f}, {:.1f}]", 100 * e.value, 100 * e.lo, 100 * e.hi);
}

/// "$4.9m", and its interval where the sample gives one.
std::string usd_interval(const Estimate& e) {
  if (!std::isfinite(e.lo) || !std::isfinite(e.hi)) return dollars(e.value);
  return fmt::format("{} [{}, {}]", dollars(e.value), dollars(e.lo), dollars(e.hi));
}

struct Line {
  const char* title;
  const char* metric;
};
constexpr Line lines[] = {{"bad debt", "bad_debt_usd"},
                          {"liquidated", "liquidated_usd"},
                          {"unserved", "unserved_usd"},
                          {"trapped", "trapped_usd"}};

void print_table(const SweepPlan& plan, const SweepSummary& s) {
  const auto row = [](const auto&... cells) {
    return fmt::format("  {:<10} {:>8} {:>8} {:>8} {:>8}   {:<14} {}", cells...);
  };
  std::vector<std::string> right{fmt::format("{:<16} {:>18}", "P(insolvent, 1%)", "[95%]")};
  for (const NodeSummary& node : s.nodes) {
    if (std::find(plan.focus.begin(), plan.focus.end(), node.name) == plan.focus.end()) continue;
    right.push_back(fmt::format("{:<14} {}", node.name, percent_interval(node.p_insolvent[1])));
  }
  const std::size_t rows = std::max(1 + std::size(lines), right.size());
  right.resize(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    std::string text;
    if (i == 0) {
      text = row("", "mean", "p95", "p99", "ES99", "worst", right[i]);
    } else if (i <= std::size(lines)) {
      const MetricSummary& m = *s.metric(lines[i - 1].metric);
      text =
          row(lines[i - 1].title, dollars(m.mean.value), dollars(m.p95.value), dollars(m.p99.value),
              dollars(m.es99.value), fmt::format("{} #{}", dollars(m.worst), m.worst_id), right[i]);
    } else {
      text = row("", "", "", "", "", "", right[i]);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    fmt::print("{}\n", text);
  }
  const MetricSummary& bad = *s.metric("bad_debt_usd");
  if (s.scenarios - s.failed >= least_for_interval) {
    fmt::print("  bad debt, 95% intervals of sampling: mean {}, p95 {}, ES99 {}\n",
               usd_interval(bad.mean), usd_interval(bad.p95), usd_interval(bad.es99));
  }
}

struct ListedColumn {
  const char* title;
  const char* metric;
  enum class Unit { usd, count, share } unit;
};
constexpr ListedColumn listed_columns[] = {
    {"bad debt", "bad_debt_usd", ListedColumn::Unit::usd},
    {"liquidated", "liquidated_usd", ListedColumn::Unit::usd},
    {"unserved", "unserved_usd", ListedColumn::Unit::usd},
    {"withdrawn", "withdrawn_usd", ListedColumn::Unit::usd},
    {"trapped", "trapped_usd", ListedColumn::Unit::usd},
    {"taken over", "takeover_usd", ListedColumn::Unit::usd},
    {"deleveraged", "deleveraged_usd", ListedColumn::Unit::usd},
    {"winners gave up", "given_up_usd", ListedColumn::Unit::usd},
    {"beyond what was missing", "overshoot_usd", ListedColumn::Unit::usd},
    {"accounts hit", "deleveraged_count", ListedColumn::Unit::count},
    {"ten largest bore", "deleveraged_top10", ListedColumn::Unit::share}};

std::string input_text(const SweepPlan& plan, std::size_t i, double value) {
  const auto words = plan.words.find(plan.sampling.inputs[i].name);
  if (words == plan.words.end()) return fmt::format("{:.6g}", value);
  return words->second[static_cast<std::size_t>(value)];
}

/// Listed scenarios one by one, with the figures perpetual venues add where there are any.
void print_listed(const SweepPlan& plan, const SweepSummary& s) {
  if (s.listed.empty()) return;
  std::vector<ListedColumn> columns;
  for (const ListedColumn& c : listed_columns) {
    if (s.listed[0].metrics.contains(c.metric)) columns.push_back(c);
  }
  std::vector<TextTable::Column> heads{{"#"}};
  for (const Input& input : plan.sampling.inputs) heads.push_back({input.name, true});
  for (const ListedColumn& c : columns) heads.push_back({c.title});
  TextTable table(std::move(heads));
  for (const ListedScenario& one : s.listed) {
    std::vector<std::string> cells{std::to_string(one.id)};
    for (std::size_t i = 0; i < one.inputs.size(); ++i) {
      cells.push_back(input_text(plan, i, one.inputs[i]));
    }
    for (const ListedColumn& c : columns) {
      const double x = one.metrics.at(c.metric);
      cells.push_back(c.unit == ListedColumn::Unit::usd ? dollars(x)
                      : c.unit == ListedColumn::Unit::share
                          ? percent(x)
                          : thousands(static_cast<std::uint64_t>(x)));
    }
    table.add(std::move(cells));
  }
  fmt::print("\n{}\n", table.text());
}

void print_losses(const SweepSummary& s) {
  const double direct = s.metric("direct_loss_usd")->mean.value;
  const double contagion = s.metric("contagion_loss_usd")->mean.value;
  if (std::isnan(direct)) {
    fmt::print("  no direct runs: what of it is contagion is not told\n");
    return;
  }
  fmt::print("  direct loss {} a scenario, contagion {}", dollars(direct), dollars(contagion));
  if (const MetricSummary* a = s.metric("amplification")) {
    fmt::print(" (amplification: mean {:.2f}x where direct loss exceeds 0.01% of deposits)",
               a->mean.value);
  }
  fmt::print("\n");
}

void print_ranking(const SweepSummary& s) {
  const VarianceShares& v = s.moves_bad_debt;
  double sum = 0;
  for (const VarianceShare& i : v.inputs) sum += i.share;
  if (v.inputs.empty() || sum == 0) return;
  std::vector<std::string> parts;
  for (const VarianceShare& i : v.inputs) {
    parts.push_back(fmt::format("{} {:.0f}%", i.name, 100 * i.share));
  }
  fmt::print("  what moves bad debt: {}, {}\n", fmt::join(parts, ", "),
             v.overlapping ? "correlated inputs scaled to 100%"
                           : fmt::format("acting together {:.0f}%", 100 * v.together));
}

const char* limit_words(LimitMetric m) {
  return m == LimitMetric::loss         ? "loss of"
         : m == LimitMetric::bad_debt   ? "bad debt of"
         : m == LimitMetric::liquidated ? "liquidations of"
         : m == LimitMetric::unserved   ? "unserved debt of"
         : m == LimitMetric::trapped    ? "trapped deposits of"
                                        : "withdrawals from";
}

std::string limit_text(const SweepLimit& l) {
  return fmt::format("{} {} below {} in {}", limit_words(l.metric), l.whom, l.below_text,
                     l.in_text);
}

void print_limits(const SweepSummary& s) {
  for (std::size_t i = 0; i < s.limits.size(); ++i) {
    const LimitSummary& l = s.limits[i];
    fmt::print("  {} {:<12} {}: {} [{:.1f}, {:.1f}]\n", i == 0 ? "limits:" : "       ",
               verdict_text(l.answer.verdict), limit_text(l.limit), percent(l.answer.share.value),
               100 * l.answer.share.lo, 100 * l.answer.share.hi);
  }
}

void print_scales(const SweepSummary& s) {
  fmt::print("\n  {:>8} {:>10} {:>10} {:>12} {:>16} {:>10} {:>9}\n", "books x", "bad debt",
             "direct", "liquidated", "amplification", "offspring", "going on");
  for (const ScaleSummary& x : s.scales) {
    const std::string amplification = x.amplified_scenarios == 0
                                          ? "direct < 0.01%"
                                          : fmt::format("{:.2f} ({} of {})", x.amplification.value,
                                                        x.amplified_scenarios, x.scenarios);
    fmt::print("  {:>8} {:>10} {:>10} {:>12} {:>16} {:>10.2f} {:>9}{}\n", format_number(x.scale),
               dollars(x.bad_debt.value), dollars(x.direct.value), dollars(x.liquidated.value),
               amplification, x.offspring, percent(x.late_share),
               x.sustains ? "   sustains itself" : "");
  }
  if (!s.amplified_between) {
    fmt::print("  amplification passes 1.5 at none of these scales\n");
  } else if (s.amplified_between->first == 0) {
    fmt::print("  amplification is above 1.5 at the first scale already, {}x\n",
               format_number(s.amplified_between->second));
  } else {
    fmt::print("  amplification passes 1.5 between {}x and {}x\n",
               format_number(s.amplified_between->first),
               format_number(s.amplified_between->second));
  }
  fmt::print("  the cascade {}\n",
             s.sustained_from ? "sustains itself from " + format_number(*s.sustained_from) + "x on"
                              : "dies out at every one of these scales");
  fmt::print(
      "  offspring: debt put in breach by others' liquidation per dollar the shock put in breach;\n"
      "  going on: scenarios that still liquidate in the last tenth of the horizon, shock over;\n"
      "  direct loss below 0.01% of deposits counts as that much where 1.5 is looked for\n");
}

nlohmann::json number(double x) {
  return std::isfinite(x) ? nlohmann::json(x) : nlohmann::json(nullptr);
}

nlohmann::json to_json(const Estimate& e) {
  return {{"value", number(e.value)}, {"lo", number(e.lo)}, {"hi", number(e.hi)}};
}

nlohmann::json to_json(const std::vector<MetricSummary>& metrics) {
  nlohmann::json out = nlohmann::json::object();
  for (const MetricSummary& m : metrics) {
    out[m.name] = {
        {"mean", to_json(m.mean)},
        {"quantiles", {{"p50", to_json(m.p50)}, {"p95", to_json(m.p95)}, {"p99", to_json(m.p99)}}},
        {"es99", to_json(m.es99)},
        {"worst", {{"value", number(m.worst)}, {"id", m.worst_id}}}};
  }
  return out;
}

nlohmann::json scales_json(const SweepSummary& s) {
  nlohmann::json rows = nlohmann::json::array();
  for (const ScaleSummary& x : s.scales) {
    rows.push_back({{"book_scale", x.scale},
                    {"scenarios", x.scenarios},
                    {"bad_debt_usd", to_json(x.bad_debt)},
                    {"direct_loss_usd", to_json(x.direct)},
                    {"deposits_usd", number(x.deposits_usd)},
                    {"liquidated_usd", to_json(x.liquidated)},
                    {"amplification", to_json(x.amplification)},
                    {"amplified_scenarios", x.amplified_scenarios},
                    {"offspring", number(x.offspring)},
                    {"late_share", number(x.late_share)},
                    {"sustains", x.sustains}});
  }
  nlohmann::json out{{"rows", rows}};
  out["amplification_passes_1_5"] = nullptr;
  if (s.amplified_between) {
    out["amplification_passes_1_5"] = {{"after", s.amplified_between->first},
                                       {"at", s.amplified_between->second}};
  }
  out["sustained_from"] =
      s.sustained_from ? nlohmann::json(*s.sustained_from) : nlohmann::json(nullptr);
  return out;
}

}  // namespace

ProgressBar::ProgressBar(bool wanted, std::uint64_t done, std::uint64_t total)
    : on_(wanted && isatty(STDERR_FILENO) != 0), before_(done), done_(done), total_(total) {}

ProgressBar::~ProgressBar() {
  if (drawn_) fmt::print(stderr, "\r{:100}\r", "");
}

void ProgressBar::step(bool failed) {
  ++done_;
  failed_ += failed ? 1 : 0;
  if (!on_) return;
  const Clock::time_point now = Clock::now();
  if (now - start_ < std::chrono::seconds(2) || now - last_ < std::chrono::milliseconds(100))
    return;
  draw(now);
}

void ProgressBar::draw(Clock::time_point now) {
  last_ = now;
  drawn_ = true;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const std::uint64_t here = done_ - before_;
  const double left = static_cast<double>(total_ - done_) * seconds /
                      static_cast<double>(std::max<std::uint64_t>(1, here));
  fmt::print(stderr, "\r  {} of {} {}  {}  {:.0f} s, {:.0f} s to go  {} failed ", thousands(done_),
             thousands(total_), bar(done_, total_), rate_text(here, seconds), seconds, left,
             failed_);
  std::fflush(stderr);
}

void print_sweep(const SweepPlan& plan, const SweepSummary& s, const SweepCall& call) {
  fmt::print("  {} of {} {}  {}  {:.0f} s   {} failed   fingerprint {}\n", thousands(s.scenarios),
             thousands(call.asked), bar(s.scenarios, call.asked), rate_text(call.ran, call.seconds),
             call.seconds, thousands(s.failed), s.fingerprint);
  for (std::size_t i = 0; i < std::min(shown_failures, s.failures.size()); ++i) {
    fmt::print("  #{} failed: {}\n", s.failures[i].first, s.failures[i].second);
  }
  if (s.scenarios > s.failed) {
    if (plan.over_book_scale) fmt::print("  all scales together:\n");
    print_table(plan, s);
    print_listed(plan, s);
    print_losses(s);
    print_ranking(s);
    print_limits(s);
    if (plan.over_book_scale) print_scales(s);
  }
  std::string stand_ins;
  for (const Market& m : plan.worlds[0].world->markets) {
    if (m.stand_in) stand_ins += (stand_ins.empty() ? "" : ", ") + m.name;
  }
  if (!stand_ins.empty()) fmt::print("  stand-in for mechanisms not built yet: {}\n", stand_ins);
  if (plan.paths) fmt::print("  prices are {}\n", plan.meta.at("paths"));
  fmt::print("  net of the same draws without {}; {} engine runs; seed {}, {}\n",
             plan.scenario_named ? "the scenario" : "their price moves",
             thousands(call.engine_runs), plan.seed, sampler_name(plan.sampling.kind));
  if (call.output.empty()) fmt::print("  results were not kept: -o FILE.sqlite keeps them\n");
}

nlohmann::json sweep_json(const SweepPlan& plan, const SweepSummary& s, const SweepCall& call) {
  using nlohmann::json;
  json out{{"schema", 1},
           {"name", plan.name},
           {"scenarios", s.scenarios},
           {"asked", call.asked},
           {"failed", s.failed},
           {"engine_runs", call.engine_runs},
           {"seconds", call.seconds},
           {"fingerprint", s.fingerprint},
           {"seed", plan.seed},
           {"sampler", sampler_name(plan.sampling.kind)},
           {"output", call.output.empty() ? json(nullptr) : json(call.output)},
           {"summary", to_json(s.net)},
           {"gross", to_json(s.gross)},
           {"baseline", to_json(s.baseline)},
           {"nodes", json::object()},
           {"limits", json::array()},
           {"ranking", json::array()}};
  for (const NodeSummary& n : s.nodes) {
    json node = to_json(n.metrics);
    node["deposits_usd"] = number(n.deposits_usd);
    node["p_insolvent"] = {{"0.1%", to_json(n.p_insolvent[0])},
                           {"1%", to_json(n.p_insolvent[1])},
                           {"10%", to_json(n.p_insolvent[2])}};
    out["nodes"][n.name] = node;
  }
  for (const LimitSummary& l : s.limits) {
    out["limits"].push_back({{"limit", limit_text(l.limit)},
                             {"verdict", verdict_text(l.answer.verdict)},
                             {"required", l.limit.required},
                             {"share", to_json(l.answer.share)}});
  }
  for (const VarianceShare& v : s.moves_bad_debt.inputs) {
    double rho = 0;
    for (const InputRank& r : s.ranks) rho = r.name == v.name ? r.rho : rho;
    out["ranking"].push_back({{"input", v.name}, {"share", v.share}, {"rho", rho}});
  }
  for (const ListedScenario& one : s.listed) {
    json entry{{"id", one.id}, {"metrics", json::object()}};
    for (std::size_t i = 0; i < one.inputs.size(); ++i) {
      entry["inputs"][plan.sampling.inputs[i].name] = input_text(plan, i, one.inputs[i]);
    }
    for (const auto& [name, value] : one.metrics) entry["metrics"][name] = number(value);
    out["listed"].push_back(std::move(entry));
  }
  out["ranking_method"] = s.moves_bad_debt.method;
  out["acting_together"] = s.moves_bad_debt.together;
  for (const auto& [id, why] : s.failures) {
    out["failures"].push_back({{"id", id}, {"reason", why}});
  }
  if (plan.paths) out["paths"] = plan.meta.at("paths");
  if (plan.over_book_scale) out["scales"] = scales_json(s);
  return out;
}

}  // namespace faultline
