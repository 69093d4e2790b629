// A comparison told: first what may be said in words, then the figures, then where designs stand
// between what they lend and what they lose.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "cli/compare.hpp"
#include "cli/text_table.hpp"
#include "data/units.hpp"

namespace faultline {

namespace {

using nlohmann::json;

struct MetricWords {
  const char* name;
  const char* column;  // of the table
};
constexpr std::array<MetricWords, 12> words{{
    {"bad_debt_usd", "bad debt, worst round"},
    {"loss_usd", "bad debt at the end"},
    {"bad_debt_exit_usd", "after exit depth"},
    {"recognised_usd", "recognised"},
    {"contagion_loss_usd", "contagion"},
    {"failing_usd", "deposits in markets that fail"},
    {"breadth_usd", "of them by contagion"},
    {"liquidated_usd", "liquidated"},
    {"unserved_usd", "unserved"},
    {"trapped_usd", "trapped at the end"},
    {"trapped_usd_h", "trapped, dollar-hours"},
    {"withdrawn_usd", "withdrawn"},
}};

std::string words_of(const std::string& metric) {
  for (const MetricWords& w : words) {
    if (metric == w.name) return w.column;
  }
  constexpr std::string_view begin = "result_", end = "_usd";
  return metric.substr(begin.size(), metric.size() - begin.size() - end.size());
}

std::string interval(const Estimate& e) {
  if (!std::isfinite(e.lo) || !std::isfinite(e.hi)) return "";
  return fmt::format(" [{}, {}]", dollars(e.lo), dollars(e.hi));
}

/// "38x less in total", "12% more in total"; empty where no ratio may be printed or it says
/// nothing.
std::string times(const Estimate& ratio) {
  if (std::isnan(ratio.value) || !std::isfinite(ratio.lo) || !std::isfinite(ratio.hi)) return {};
  const bool less = ratio.value > 0 && ratio.hi < 1;
  if (!less && !(ratio.lo > 1)) return {};
  const char* word = less ? "less" : "more";
  const double apart = std::fabs(1 - ratio.value);
  if (apart < 0.5) return fmt::format("{:.2g}% {} in total", 100 * apart, word);
  return less ? fmt::format("{:.3g}x less in total", 1 / ratio.value)
              : fmt::format("{:.3g}x as much in total", ratio.value);
}

std::string bound(std::uint64_t scenarios) {
  return fmt::format("no loss in {} scenarios: its chance is below {}", thousands(scenarios),
                     percent(chance_bound(scenarios), 2));
}

/// How one metric is said: "loses $4.8m less a scenario than monolithic".
struct Saying {
  const char* metric;
  const char* verb;
  const char* of;    // after the amount
  const char* what;  // in "cannot be told by ..."
};
constexpr std::array<Saying, 3> sayings{{
    {"bad_debt_usd", "loses", "", "bad debt"},
    {"trapped_usd", "traps", " of deposits", "trapped deposits"},
    {"failing_usd", "has", " of deposits in markets that fail", "deposits in markets that fail"},
}};

std::string sentence(const Comparison& c, const PairedMetric& m, const Saying& say) {
  if (m.told == Told::same) {
    return fmt::format("{} {} as much{} as {} in every scenario{}", c.design, say.verb, say.of,
                       c.reference, m.design_hits == 0 ? " (" + bound(c.pairs) + ")" : "");
  }
  if (m.told == Told::cannot_tell) {
    return fmt::format("{} cannot be told from {} by {} ({}{})", c.design, c.reference, say.what,
                       dollars(m.difference.value), interval(m.difference));
  }
  const bool less = m.told == Told::less;
  std::string out = fmt::format("{} {} {} {}{} a scenario than {}{}", c.design, say.verb,
                                dollars(std::fabs(m.difference.value)), less ? "less" : "more",
                                say.of, c.reference, interval(m.difference));
  const std::string ratio = times(m.ratio);
  if (!ratio.empty()) out += ", " + ratio;
  if (m.design_hits == 0) out += "; " + bound(c.pairs);
  return out;
}

/// One scenario has no interval: only what happened is said.
std::string single_sentence(const Comparison& c) {
  const PairedMetric* m = c.metric("bad_debt_usd");
  if (m == nullptr) return {};
  const double d = m->difference.value;
  if (d == 0) return fmt::format("{} loses what {} loses", c.design, c.reference);
  return fmt::format("{} loses {} {} than {}: {} against {}", c.design, format_usd(std::fabs(d)),
                     d < 0 ? "less" : "more", c.reference, format_usd(m->design.value),
                     format_usd(m->reference.value));
}

const char* word(Told told) {
  switch (told) {
    case Told::less:
      return "less";
    case Told::more:
      return "more";
    case Told::same:
      return "same";
    case Told::cannot_tell:
      return "cannot tell";
  }
  return "";
}

std::string band_text(const SeverityBand& b) {
  if (!(b.most_usd > 0)) return "none";
  return b.least_usd == b.most_usd
             ? format_usd(b.most_usd)
             : fmt::format("{} to {}", format_usd(b.least_usd), format_usd(b.most_usd));
}

void print_verdicts(const ComparisonReport& r) {
  for (const Comparison& c : r.comparisons) {
    for (const std::string& s : verdict_sentences(c)) fmt::print("  {}.\n", s);
  }
  if (r.sweep.empty()) {
    fmt::print("  One scenario, {}: what happened, without an interval.\n\n", r.scenario);
  } else {
    fmt::print(
        "  {} pairs; intervals are of sampling alone, at 95%, not of the model's error{}.\n\n",
        thousands(r.pairs),
        r.left_out > 0 ? fmt::format("; {} scenarios failed in some design and are left out",
                                     thousands(r.left_out))
                       : "");
  }
}

void print_changes(const ComparisonReport& r) {
  for (const ComparedDesign& d : r.designs) {
    if (d.changes.empty()) {
      fmt::print("  {:<16} {}\n", d.name, d.against.empty() ? "as the file has it" : "an overlay");
      continue;
    }
    for (std::size_t i = 0; i < std::min<std::size_t>(d.changes.size(), 3); ++i) {
      fmt::print("  {:<16} {}\n", i == 0 ? d.name : "", d.changes[i]);
    }
    if (d.changes.size() > 3) fmt::print("  {:<16} and {} more\n", "", d.changes.size() - 3);
    std::string price;
    if (d.effect == "parameters") price = "with risk parameters of its own";
    const auto add = [&](double usd, const char* text) {
      if (usd > 0) price += (price.empty() ? "" : "; ") + format_usd(usd) + text;
    };
    add(d.gap_usd, " comes from outside lenders (the price of the design)");
    add(d.shrunk_usd, " of debt is not lent any more (the price of the design)");
    add(d.idle_usd, " of lenders' money has no borrower and stays out");
    if (!price.empty()) fmt::print("  {:<16} {}\n", "", price);
  }
  fmt::print("\n");
}

/// Metrics of one kind, design by design, and what differs; `bears`: who gains and loses.
void print_table(const ComparisonReport& r, bool bears) {
  std::vector<TextTable::Column> head{
      {bears ? "who bears it (gain, mean)" : "mean, net of the baseline", true}};
  for (const ComparedDesign& d : r.designs) head.push_back({d.name});
  for (const Comparison& c : r.comparisons) {
    head.push_back({fmt::format("{} - {}", c.design, c.reference)});
  }
  TextTable table(head);
  for (const PairedMetric& first : r.comparisons.front().metrics) {
    if (first.name.starts_with("result_") != bears) continue;
    std::vector<std::string> cells{words_of(first.name)};
    bool any = false;
    for (const DesignRuns& runs : r.runs) {
      const Estimate mean = mean_estimate(runs.of(first.name));
      any = any || std::fabs(mean.value) >= 1;
      cells.push_back(dollars(mean.value));
    }
    for (const Comparison& c : r.comparisons) {
      const PairedMetric* m = c.metric(first.name);
      cells.push_back(m == nullptr ? "-" : dollars(m->difference.value) + interval(m->difference));
    }
    if (any) table.add(std::move(cells));
  }
  if (!table.empty()) fmt::print("{}\n", table.text());
}

/// Whether and when markets were lent out whole.
void print_fullness(const ComparisonReport& r) {
  TextTable table({{"a market lent out whole", true}, {"scenarios"}, {"after, median"}});
  bool any = false;
  for (const DesignRuns& runs : r.runs) {
    std::vector<double> after;
    for (const double s : runs.of("full_after_s")) {
      if (!std::isnan(s)) after.push_back(s);
    }
    std::sort(after.begin(), after.end());
    any = any || !after.empty();
    const double share =
        r.pairs > 0 ? static_cast<double>(after.size()) / static_cast<double>(r.pairs) : 0;
    table.add({runs.name, percent(share, 1),
               after.empty() ? "-" : format_duration_words(sorted_quantile(after, 0.5))});
  }
  if (any) fmt::print("{}\n", table.text());
}

void print_bands(const Comparison& c) {
  if (c.bands.size() < 2) return;
  TextTable table({{fmt::format("{} - {}, by direct loss", c.design, c.reference), true},
                   {"scenarios"},
                   {"bad debt"},
                   {"", true},
                   {"failing deposits"},
                   {"", true}});
  for (const SeverityBand& b : c.bands) {
    table.add({band_text(b), thousands(b.scenarios),
               dollars(b.bad_debt.difference.value) + interval(b.bad_debt.difference),
               word(b.bad_debt.told),
               dollars(b.failing.difference.value) + interval(b.failing.difference),
               word(b.failing.told)});
  }
  fmt::print("{}\n", table.text());
}

void print_frontier(const ComparisonReport& r) {
  TextTable table({{"what it lends and loses", true},
                   {"credit"},
                   {"collateral"},
                   {"lenders"},
                   {"credit per $ of collateral"},
                   {"per $ locked"},
                   {"mean bad debt"},
                   {"worst 1%"},
                   {"beaten by", true}});
  for (const FrontierPoint& p : r.frontier) {
    table.add({p.name, format_usd(p.facts.credit_usd), format_usd(p.facts.collateral_usd),
               format_usd(p.facts.deposits_usd), fmt::format("{:.3f}", p.facts.per_collateral()),
               fmt::format("{:.3f}", p.facts.per_dollar_locked()), dollars(p.loss.value),
               dollars(p.tail.value),
               p.beaten_by.empty() ? (r.pairs > 1 ? "nobody" : "-") : p.beaten_by});
  }
  fmt::print("{}", table.text());
}

// ---- JSON -------------------------------------------------------------------------------------

json number(double x) {
  return std::isfinite(x) ? json(x) : json(nullptr);
}

json metric_json(const PairedMetric& m) {
  return {{"reference", number(m.reference.value)},
          {"design", number(m.design.value)},
          {"difference", number(m.difference.value)},
          {"ratio", number(m.ratio.value)},
          {"ratio_ci95", {number(m.ratio.lo), number(m.ratio.hi)}},
          {"ci95", {number(m.difference.lo), number(m.difference.hi)}},
          {"told", word(m.told)}};
}

json metrics_json(const Comparison& c) {
  json out = json::object();
  for (const PairedMetric& m : c.metrics) out[m.name] = metric_json(m);
  return out;
}

json design_json(const ComparisonReport& r, std::size_t d) {
  const ComparedDesign& told = r.designs[d];
  json out = json::object();
  for (const auto& [name, values] : r.runs[d].metrics) {
    if (name.starts_with("gross_") || name.starts_with("baseline_") || name.starts_with("price_"))
      continue;
    std::vector<double> there;
    for (const double x : values) {
      if (!std::isnan(x)) there.push_back(x);
    }
    out[name] = there.empty() ? json(nullptr) : number(mean_estimate(there).value);
  }
  const FrontierPoint& p = r.frontier[d];
  out["credit_usd"] = told.facts.credit_usd;
  out["collateral_usd"] = told.facts.collateral_usd;
  out["lenders_usd"] = told.facts.deposits_usd;
  out["credit_per_collateral"] = told.facts.per_collateral();
  out["credit_per_dollar_locked"] = told.facts.per_dollar_locked();
  out["gap_usd"] = told.gap_usd;
  out["gaps"] = json::object();
  for (const DesignGap& g : told.gaps) {
    out["gaps"][g.asset] = {{"units", g.units}, {"usd", g.usd}};
  }
  out["idle_usd"] = told.idle_usd;
  out["shrunk_usd"] = told.shrunk_usd;
  out["es99_bad_debt_usd"] = number(p.tail.value);
  out["beaten_by"] = p.beaten_by.empty() ? json(nullptr) : json(p.beaten_by);
  out["changes"] = told.changes;
  if (!told.effect.empty()) out["effect"] = told.effect;
  if (!told.output.empty()) out["output"] = told.output;
  return out;
}

}  // namespace

std::vector<std::string> verdict_sentences(const Comparison& c) {
  if (c.pairs < 2) return {single_sentence(c)};
  std::vector<std::string> out;
  for (const Saying& say : sayings) {
    const PairedMetric* m = c.metric(say.metric);
    if (m == nullptr || (m->told == Told::same && out.size() > 0)) continue;
    out.push_back(sentence(c, *m, say));
  }
  if (c.bad_debt_flips) {
    out.push_back(
        "which of the two loses more turns with the size of the shock: see the bands of direct "
        "loss");
  }
  if (c.failing_flips) {
    out.push_back(
        "which of the two lets more deposits fail turns with the size of the shock: see the bands "
        "of direct loss");
  }
  return out;
}

void print_comparison(const ComparisonReport& r) {
  fmt::print("{}{}\n\n", r.name, r.sweep.empty() ? ", " + r.scenario : "");
  print_verdicts(r);
  print_changes(r);
  if (!r.comparisons.empty()) {
    print_table(r, false);
    print_table(r, true);
  }
  print_fullness(r);
  for (const Comparison& c : r.comparisons) print_bands(c);
  print_frontier(r);
}

json comparison_json(const ComparisonReport& r) {
  json out{{"schema", 1},          {"name", r.name},       {"scenarios", r.pairs},
           {"failed", r.left_out}, {"seconds", r.seconds}, {"reference", r.designs.front().name}};
  if (!r.scenario.empty()) out["scenario"] = r.scenario;
  for (std::size_t d = 0; d < r.designs.size(); ++d) {
    out["designs"][r.designs[d].name] = design_json(r, d);
  }
  out["paired"] = r.comparisons.empty() ? json::object() : metrics_json(r.comparisons.front());
  out["pairs"] = json::object();
  out["verdict"] = json::array();
  for (const Comparison& c : r.comparisons) {
    json bands = json::array();
    for (const SeverityBand& b : c.bands) {
      bands.push_back({{"least_usd", b.least_usd},
                       {"most_usd", b.most_usd},
                       {"scenarios", b.scenarios},
                       {"bad_debt_usd", metric_json(b.bad_debt)},
                       {"failing_usd", metric_json(b.failing)}});
    }
    out["pairs"][c.design] = {{"reference", c.reference},
                              {"metrics", metrics_json(c)},
                              {"by_direct_loss", bands},
                              {"bad_debt_flips", c.bad_debt_flips},
                              {"failing_flips", c.failing_flips}};
    for (const std::string& s : verdict_sentences(c)) out["verdict"].push_back(s);
  }
  return out;
}

}  // namespace faultline
