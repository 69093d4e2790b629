#include "cli/run_parts.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include <fmt/format.h>

#include "cli/text_table.hpp"
#include "data/units.hpp"
#include "sim/agents/cheap_collateral.hpp"
#include "sim/agents/deposit_places.hpp"
#include "sim/agents/depositors.hpp"
#include "sim/perpetuals/crash_shape.hpp"

namespace faultline {

namespace {

enum class Measure { share, seconds, usd, price, count, times, number };

struct ShapeRow {
  std::string name;
  double here;
  std::optional<double> reported;
  Measure measure;
};

const ReportedShape* reported_of(const RunReport& r) {
  const auto found = r.loaded.eco.reported.find(r.scenario.name);
  return found == r.loaded.eco.reported.end() ? nullptr : &found->second;
}

/// How a crash of perpetuals ran.
void add_crash(const RunReport& r, const ReportedShape& told, std::vector<ShapeRow>& rows) {
  const CrashShape s = crash_shape(r.world, r.run.full, r.run.direct);
  const auto share = [](const std::optional<Ratio>& x) {
    return x ? std::optional<double>(x->value) : std::nullopt;
  };
  const auto after = told.first_deleveraged_after;
  rows.push_back({"deleveraged over liquidated", s.deleveraged_over_liquidated,
                  share(told.deleveraged_over_liquidated), Measure::share});
  rows.push_back({"first liquidation to first deleveraging", s.first_deleveraged_after_s,
                  after ? std::optional(after->value) : std::nullopt, Measure::seconds});
  rows.push_back({"branching ratio of liquidations", s.branching, told.branching, Measure::share});
  rows.push_back({"taken over by vaults and funds", s.backstop_share, share(told.backstop_share),
                  Measure::share});
  rows.push_back({"borne by the ten largest", s.top10, share(told.top10_share), Measure::share});
  rows.push_back(
      {"borne by the hundred largest", s.top100, share(told.top100_share), Measure::share});
}

/// A reserve written `market.ASSET`; none: no such.
std::optional<std::uint32_t> reserve_named(const Snapshot& world, const std::string& name) {
  for (std::uint32_t r = 0; r < world.reserves.size(); ++r) {
    const Reserve& reserve = world.reserves[r];
    const std::string& market = world.markets[reserve.market.value].name;
    if (reserve.lent && market + "." + world.assets[reserve.asset.value].name == name) return r;
  }
  return std::nullopt;
}

/// How lenders fared.
void add_runs(const RunReport& r, const ReportedShape& told, std::vector<ShapeRow>& rows) {
  constexpr double never = std::numeric_limits<double>::quiet_NaN();
  const Outcome& o = r.run.full;
  for (const auto& [name, when] : told.full_after) {
    const auto at = reserve_named(r.world, name);
    const double here = at && o.reserves[*at].full_at_s >= 0 ? o.reserves[*at].full_at_s : never;
    rows.push_back({name + " lent out whole after", here, when.value, Measure::seconds});
  }
  for (const auto& [name, how_long] : told.nearly_full_for) {
    const auto at = reserve_named(r.world, name);
    rows.push_back({name + " used 99.5% or more for", at ? o.reserves[*at].nearly_full_s : never,
                    how_long.value, Measure::seconds});
  }
  for (const auto& [name, share] : told.withdrawn) {
    const MarketId m = r.world.market(name);
    double paid = 0;
    for (std::uint32_t at = 0; at < r.world.reserves.size(); ++at) {
      if (r.world.reserves[at].market == m) paid += o.reserves[at].withdrawn_usd;
    }
    const double deposits = m.valid() ? o.markets[m.value].deposits_usd : 0;
    rows.push_back({"deposits of " + name + " withdrawn", deposits > 0 ? paid / deposits : never,
                    share.value, Measure::share});
  }
  for (const auto& [name, amount] : told.bad_debt) {
    const MarketId m = r.world.market(name);
    const double here =
        m.valid() ? o.markets[m.value].bad_debt_usd - r.run.baseline.markets[m.value].bad_debt_usd
                  : never;
    rows.push_back({"bad debt of " + name, here, amount.value, Measure::usd});
  }
}

/// Share of what was deposited in some places at the opening that had left, net, by a time.
double outflow_by(const RunReport& r, const std::string& who, double by_s) {
  const std::vector<std::uint32_t> places = places_named(r.world, who);
  double usd = 0, all = 0;
  for (const DepositFlow& f : r.run.full.deposit_flows) {
    const bool theirs = std::find(places.begin(), places.end(), f.place) != places.end();
    if (theirs && f.at_s <= by_s) usd += f.usd;
  }
  for (const std::uint32_t i : places) {
    const DepositPlace& place = r.world.places[i];
    const AssetId asset = asset_at(r.world, place);
    const double each = is_vault(place) ? r.run.full.vaults[place.vault].price_start : 1;
    all += opening_claims(r.world, place) * each * r.world.opening.market.spot[asset.value];
  }
  return all > 0 ? usd / all : std::numeric_limits<double>::quiet_NaN();
}

/// How depositors of vaults and markets without liquidations fared.
void add_stayers(const RunReport& r, const ReportedShape& told, std::vector<ShapeRow>& rows) {
  constexpr double never = std::numeric_limits<double>::quiet_NaN();
  const Outcome& o = r.run.full;
  for (const auto& [name, left] : told.outflow) {
    rows.push_back({fmt::format("left {} by {}", name, format_duration_words(left.by.value)),
                    outflow_by(r, name, left.by.value), left.share.value, Measure::share});
  }
  for (const auto& [name, share] : told.stayers_lose) {
    for (std::size_t v = 0; v < r.world.vaults.size(); ++v) {
      if (r.world.vaults[v].name != name) continue;
      rows.push_back(
          {"stayers of " + name + " lose", o.vaults[v].stayer_loss, share.value, Measure::share});
    }
  }
  for (const auto& [name, count] : told.liquidations) {
    const MarketId m = r.world.market(name);
    const double here = m.valid() ? o.markets[m.value].liquidations : never;
    rows.push_back({"liquidations in " + name, here, count, Measure::number});
  }
  for (const auto& [name, times] : told.full_rate_grows) {
    const auto at = reserve_named(r.world, name);
    double here = never;
    if (at && o.reserves[*at].full_at_s >= 0 && o.reserves[*at].full_rate > 0) {
      const ReserveOutcome& x = o.reserves[*at];
      const double days = (o.end_s - x.full_at_s) / 86400;
      if (days > 0) here = std::pow(x.rate_end / x.full_rate, 1 / days);
    }
    rows.push_back({"times the rate of " + name + " grows a day", here, times, Measure::number});
  }
}

/// Units of an asset after so many whole days, as `LUNA.4`; after a run that settled, those at its
/// end. NaN where it ended before.
double supply_at(const RunReport& r, const std::string& name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string::npos) return std::numeric_limits<double>::quiet_NaN();
  const AssetId a = r.world.asset(name.substr(0, dot));
  const double at_s = 86400 * std::atof(name.c_str() + dot + 1);
  for (const SupplyPoint& p : r.run.full.supply_path) {
    if (p.asset == a.value && std::fabs(p.at_s - at_s) <= r.world.round_s) return p.units;
  }
  const bool holds = a.valid() && r.run.full.stop == Stop::settled && at_s > r.run.full.end_s;
  return holds ? r.run.full.assets[a.value].supply_end : std::numeric_limits<double>::quiet_NaN();
}

/// How coins grew, and what buyers of cheap collateral took.
void add_spirals(const RunReport& r, const ReportedShape& told, std::vector<ShapeRow>& rows) {
  constexpr double never = std::numeric_limits<double>::quiet_NaN();
  const Outcome& o = r.run.full;
  for (const auto& [name, amount] : told.supply) {
    const std::size_t dot = name.rfind('.');
    const std::string day = dot == std::string::npos ? "" : name.substr(dot + 1);
    rows.push_back({fmt::format("{} there is after {} days", name.substr(0, dot), day),
                    supply_at(r, name), amount.value, Measure::count});
  }
  for (const auto& [name, times] : told.supply_growth) {
    const AssetId a = r.world.asset(name);
    const double start = a.valid() ? o.assets[a.value].supply_start : 0;
    rows.push_back({name + " at the end over the start",
                    start > 0 ? o.assets[a.value].supply_end / start : never, times,
                    Measure::times});
  }
  for (const auto& [name, price] : told.price_low) {
    const AssetId a = r.world.asset(name);
    rows.push_back({"lowest price of " + name, a.valid() ? o.assets[a.value].price_min : never,
                    price.value, Measure::price});
  }
  for (const auto& [name, times] : told.overvaluation) {
    double here = never;
    for (std::size_t i = 0; i < r.world.cheap_buyers.size(); ++i) {
      const CheapBuyersOutcome& b = o.cheap_buyers[i];
      if (r.world.cheap_buyers[i].name == name && b.spent_usd > 0) {
        here = b.posted_usd / b.spent_usd;
      }
    }
    rows.push_back({"believed over paid, " + name, here, times, Measure::times});
  }
  for (const auto& [name, share] : told.drained) {
    const MarketId m = r.world.market(name);
    rows.push_back({"cash of " + name + " borrowed by them",
                    m.valid() ? drained_share(r.world, o, m) : never, share.value, Measure::share});
  }
}

std::vector<ShapeRow> shape_rows(const RunReport& r) {
  const ReportedShape nothing;
  const ReportedShape* told = reported_of(r);
  std::vector<ShapeRow> rows;
  if (!r.world.perps.empty()) add_crash(r, told != nullptr ? *told : nothing, rows);
  if (told != nullptr) {
    add_runs(r, *told, rows);
    add_stayers(r, *told, rows);
    add_spirals(r, *told, rows);
  }
  return rows;
}

std::string text(double x, Measure measure) {
  if (std::isnan(x)) return measure == Measure::seconds ? "never" : "-";
  if (measure == Measure::usd) return format_usd(x);
  if (measure == Measure::number) return fmt::format("{:.4g}", x);
  if (measure == Measure::price) return "$" + precise(x);
  if (measure == Measure::count) return format_number(x, 4);
  if (measure == Measure::times) return fmt::format("{:.4g}x", x);
  return measure == Measure::seconds ? format_duration_words(x) : percent(x, 1);
}

}  // namespace

void print_shape(const RunReport& r) {
  if (reported_of(r) == nullptr) return;
  TextTable table({{"shape", true}, {"here"}, {"reported"}});
  for (const ShapeRow& row : shape_rows(r)) {
    table.add({row.name, text(row.here, row.measure),
               row.reported ? text(*row.reported, row.measure) : "-"});
  }
  fmt::print("\n{}", table.text());
}

void add_shape(const RunReport& r, nlohmann::json& out) {
  for (const ShapeRow& row : shape_rows(r)) {
    nlohmann::json& entry = out["shape"][row.name];
    entry["here"] = std::isnan(row.here) ? nlohmann::json(nullptr) : nlohmann::json(row.here);
    if (row.reported) entry["reported"] = *row.reported;
    static constexpr const char* units[] = {"share", "s", "$", "$", "units", "times", "number"};
    entry["unit"] = units[static_cast<std::size_t>(row.measure)];
  }
}

}  // namespace faultline
