#include "sim/studies/compare.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/math.hpp"

namespace faultline {

namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t bands_of_loss = 3;

std::uint64_t hits(std::span<const double> values) {
  return static_cast<std::uint64_t>(
      std::count_if(values.begin(), values.end(), [](double x) { return x > 0; }));
}

/// Below half a cent a scenario, no difference is told.
constexpr double least_told_usd = 0.005;

Told told_of(const Estimate& difference, std::span<const double> a, std::span<const double> b) {
  if (std::equal(a.begin(), a.end(), b.begin())) return Told::same;
  if (difference.hi < -least_told_usd) return Told::less;
  if (difference.lo > least_told_usd) return Told::more;
  return Told::cannot_tell;
}

std::vector<double> chosen(const std::vector<double>& from, std::span<const std::size_t> rows) {
  std::vector<double> out;
  for (const std::size_t i : rows) out.push_back(from[i]);
  return out;
}

SeverityBand band_of(const DesignRuns& a, const DesignRuns& b, const std::vector<double>& severity,
                     std::span<const std::size_t> rows) {
  SeverityBand out;
  out.scenarios = rows.size();
  out.least_usd = severity[rows.front()];
  out.most_usd = severity[rows.back()];
  const auto pair = [&](const char* metric) {
    return pair_metric(metric, chosen(a.of(metric), rows), chosen(b.of(metric), rows));
  };
  out.bad_debt = pair("bad_debt_usd");
  out.failing = pair("failing_usd");
  return out;
}

/// Scenarios without a direct loss, then thirds of the others.
void cut_bands(const DesignRuns& a, const DesignRuns& b, Comparison& out) {
  const std::vector<double>& severity = a.of("direct_loss_usd");
  if (severity.size() != out.pairs || a.of("failing_usd").size() != out.pairs) return;
  if (std::any_of(severity.begin(), severity.end(), [](double x) { return std::isnan(x); })) return;
  std::vector<std::size_t> rows(severity.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  std::stable_sort(rows.begin(), rows.end(),
                   [&](std::size_t i, std::size_t j) { return severity[i] < severity[j]; });
  const auto lossy = static_cast<std::size_t>(
      std::find_if(rows.begin(), rows.end(), [&](std::size_t i) { return severity[i] > 0; }) -
      rows.begin());
  const std::span<const std::size_t> all(rows);
  if (lossy > 0) out.bands.push_back(band_of(a, b, severity, all.first(lossy)));
  const std::size_t rest = rows.size() - lossy;
  const std::size_t bands = std::min(bands_of_loss, rest);
  for (std::size_t k = 0; k < bands; ++k) {
    const std::size_t begin = lossy + rest * k / bands, end = lossy + rest * (k + 1) / bands;
    out.bands.push_back(band_of(a, b, severity, all.subspan(begin, end - begin)));
  }
  const auto flips = [&](PairedMetric SeverityBand::*metric) {
    bool better = false, worse = false;
    for (const SeverityBand& band : out.bands) {
      better = better || (band.*metric).told == Told::less;
      worse = worse || (band.*metric).told == Told::more;
    }
    return better && worse;
  };
  out.bad_debt_flips = flips(&SeverityBand::bad_debt);
  out.failing_flips = flips(&SeverityBand::failing);
}

}  // namespace

const std::vector<double>& DesignRuns::of(std::string_view metric) const {
  static const std::vector<double> none;
  const auto found = metrics.find(metric);
  return found == metrics.end() ? none : found->second;
}

const PairedMetric* Comparison::metric(std::string_view name) const {
  for (const PairedMetric& m : metrics) {
    if (m.name == name) return &m;
  }
  return nullptr;
}

DesignFacts design_facts(const Snapshot& world) {
  DesignFacts out;
  for (std::uint32_t r = 0; r < world.reserves.size(); ++r) {
    if (world.markets[world.reserves[r].market.value].perp >= 0) continue;
    const ReserveState& s = world.opening.reserves[r];
    const double usd = world.opening.market.spot[world.reserves[r].asset.value];
    out.credit_usd += s.debt_scaled * usd;
    out.collateral_usd += (s.supply_scaled - s.lender_scaled) * usd;
    out.deposits_usd += s.lender_scaled * usd;
  }
  return out;
}

PairedMetric pair_metric(std::string name, std::span<const double> reference,
                         std::span<const double> design) {
  PairedMetric out;
  out.name = std::move(name);
  out.reference = mean_estimate(reference);
  out.design = mean_estimate(design);
  out.difference = paired_difference(design, reference);
  out.reference_hits = hits(reference);
  out.design_hits = hits(design);
  out.told = told_of(out.difference, design, reference);
  const bool printable = reference.size() > 1 && out.reference.lo > 0;
  out.ratio = printable ? paired_ratio(design, reference) : Estimate{nothing, nothing, nothing};
  return out;
}

Comparison compare_designs(const DesignRuns& reference, const DesignRuns& design) {
  Comparison out;
  out.reference = reference.name;
  out.design = design.name;
  out.pairs = reference.of("bad_debt_usd").size();
  const auto add = [&](const std::string& name) {
    const std::vector<double>&a = reference.of(name), &b = design.of(name);
    const auto missing = [](double x) { return std::isnan(x); };
    if (a.empty() || a.size() != b.size() || std::any_of(a.begin(), a.end(), missing) ||
        std::any_of(b.begin(), b.end(), missing)) {
      return;
    }
    out.metrics.push_back(pair_metric(name, a, b));
  };
  for (const std::string_view name : compared_metrics) add(std::string(name));
  for (const auto& [name, values] : reference.metrics) {
    if (name.starts_with("result_")) add(name);
  }
  if (out.pairs > 1) cut_bands(reference, design, out);
  return out;
}

double chance_bound(std::uint64_t scenarios) {
  if (scenarios == 0) return 1;
  return 1 - math::pow(0.05, 1 / static_cast<double>(scenarios));
}

void find_frontier(const std::vector<DesignRuns>& runs, std::vector<FrontierPoint>& points) {
  for (std::size_t i = 0; i < points.size(); ++i) {
    for (std::size_t j = 0; j < points.size() && points[i].beaten_by.empty(); ++j) {
      if (i == j) continue;
      const PairedMetric m =
          pair_metric("bad_debt_usd", runs[i].of("bad_debt_usd"), runs[j].of("bad_debt_usd"));
      const double mine = points[i].facts.per_dollar_locked(),
                   theirs = points[j].facts.per_dollar_locked();
      const bool loses_less = m.told == Told::less && theirs >= mine;
      const bool lends_more = m.told == Told::same && theirs > mine;
      if (loses_less || lends_more) points[i].beaten_by = points[j].name;
    }
  }
}

}  // namespace faultline
