// `inspect drops`: the static liquidation map. Prices fall at once, nobody trades: how much debt
// may be liquidated, and what is lost if nobody comes.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/inspect_parts.hpp"
#include "cli/text_table.hpp"
#include "data/units.hpp"
#include "sim/liquidation_map.hpp"

namespace faultline {

namespace {

using nlohmann::json;

/// One row of the map: what moved, and what follows in every market.
struct MapRow {
  double change = 0;  // of every falling asset; NaN where each has its own
  std::vector<StaticLoss> markets;
  StaticLoss total;
};

MapRow map_row(const Inspection& in, double change, std::span<const AssetId> falling,
               std::span<const double> factors) {
  MapRow row{change, static_losses(in.world(), static_prices(in.world(), falling, factors)), {}};
  for (const std::uint32_t m : in.markets) {
    const StaticLoss& loss = row.markets[m];
    row.total.debt_usd += loss.debt_usd;
    row.total.liquidatable_usd += loss.liquidatable_usd;
    row.total.bad_debt_usd += loss.bad_debt_usd;
    row.total.accounts += loss.accounts;
  }
  return row;
}

/// `ETH=-10%`, `ETH=$1500`: the asset and the factor on its opening price.
bool read_drop(const Snapshot& world, const std::string& text, AssetId& asset, double& factor) {
  const std::size_t equals = text.find('=');
  Move move;
  if (equals == std::string::npos ||
      parse_value(text.substr(equals + 1), move, Wanted{.field = "drop"})) {
    fmt::print(stderr, "error: a drop is written ETH=-10% or ETH=$1500, not '{}'\n", text);
    return false;
  }
  const std::string name = text.substr(0, equals);
  asset = world.asset(name);
  if (!asset.valid()) {
    std::vector<std::string_view> names;
    for (const AssetInfo& a : world.assets) names.push_back(a.name);
    const std::string near = nearest_name(name, names);
    fmt::print(stderr, "error: no asset '{}'{}\n", name,
               near.empty() ? "" : ": did you mean '" + near + "'?");
    return false;
  }
  factor =
      move.absolute ? move.value / world.opening.market.reference[asset.value] : 1 + move.value;
  if (factor > 0 && std::isfinite(factor)) return true;
  fmt::print(stderr, "error: '{}' leaves {} no price above zero\n", text, name);
  return false;
}

std::string change_text(const MapRow& row) {
  return std::isnan(row.change) ? "as stated" : row.change == 0 ? "none" : percent(row.change, 0);
}

void print_totals(const std::vector<MapRow>& rows) {
  TextTable table(
      {{"change"}, {"accounts"}, {"liquidatable"}, {"of all debt"}, {"bad debt if frozen"}});
  for (const MapRow& row : rows) {
    const StaticLoss& t = row.total;
    table.add({change_text(row), thousands(t.accounts), format_usd(t.liquidatable_usd),
               percent(t.debt_usd > 0 ? t.liquidatable_usd / t.debt_usd : 0, 1),
               format_usd(t.bad_debt_usd)});
  }
  fmt::print("\n{}", table.text());
}

/// Markets down, changes across; markets where nothing can be liquidated are counted only.
void print_by_market(const Inspection& in, const std::vector<MapRow>& rows) {
  std::vector<const MapRow*> shown;
  for (const MapRow& row : rows) {
    const double tenth = row.change * 10;
    if (std::isnan(row.change) || std::fabs(tenth - std::round(tenth)) < 1e-9)
      shown.push_back(&row);
  }
  const auto size = [&](std::uint32_t m) { return rows.back().markets[m].liquidatable_usd; };
  std::vector<std::uint32_t> markets = in.markets;
  std::stable_sort(markets.begin(), markets.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return size(a) > size(b); });
  std::vector<TextTable::Column> columns{{"liquidatable in", true}};
  for (const MapRow* row : shown) columns.push_back({change_text(*row)});
  TextTable table(columns);
  std::size_t left_out = 0;
  for (std::size_t i = 0; i < markets.size(); ++i) {
    const bool none = std::all_of(rows.begin(), rows.end(), [&](const MapRow& row) {
      return row.markets[markets[i]].liquidatable_usd == 0;
    });
    if (none || (in.options.top != 0 && i >= in.options.top)) {
      ++left_out;
      continue;
    }
    const Market& market = in.world().markets[markets[i]];
    std::vector<std::string> cells{market.name + (market.stand_in ? " (stand-in)" : "")};
    for (const MapRow* row : shown)
      cells.push_back(format_usd(row->markets[markets[i]].liquidatable_usd));
    table.add(std::move(cells));
  }
  if (table.empty() || in.markets.size() == 1) return;
  fmt::print("\n{}", table.text());
  if (left_out > 0) fmt::print("  and {} with less or nothing\n", left_out);
}

json loss_json(const StaticLoss& loss) {
  return {{"debt_usd", loss.debt_usd},
          {"liquidatable_usd", loss.liquidatable_usd},
          {"accounts", loss.accounts},
          {"bad_debt_frozen_usd", loss.bad_debt_usd}};
}

json map_json(const Inspection& in, const std::vector<std::string>& falling,
              const std::vector<MapRow>& rows) {
  json out{{"schema", 1}, {"name", in.world().name}, {"falling", falling}, {"rows", json::array()}};
  for (const MapRow& row : rows) {
    json entry{
        {"change", row.change}, {"total", loss_json(row.total)}, {"markets", json::object()}};
    for (const std::uint32_t m : in.markets) {
      entry["markets"][in.world().markets[m].name] = loss_json(row.markets[m]);
    }
    out["rows"].push_back(std::move(entry));
  }
  return out;
}

}  // namespace

int inspect_drops(const Inspection& in) {
  const Snapshot& world = in.world();
  std::vector<AssetId> falling;
  std::vector<double> factors;
  std::vector<std::string> names;
  for (const std::string& text : in.options.drops) {
    AssetId asset;
    double factor = 1;
    if (!read_drop(world, text, asset, factor)) return 2;
    falling.push_back(asset);
    factors.push_back(factor);
    names.push_back(
        fmt::format("{} {}", world.assets[asset.value].name, percent(factor - 1, 1, true)));
  }
  std::vector<MapRow> rows{map_row(in, 0, {}, {})};
  if (!falling.empty()) {
    rows.push_back(map_row(in, std::nan(""), falling, factors));
  } else {
    falling = falling_assets(world);
    for (const AssetId a : falling) names.push_back(world.assets[a.value].name);
    for (int share = 5; share <= 60; share += 5) {
      factors.assign(falling.size(), (100 - share) / 100.0);
      rows.push_back(map_row(in, -share / 100.0, falling, factors));
    }
  }
  if (in.json()) {
    fmt::print("{}\n", map_json(in, names, rows).dump(2));
    return 0;
  }
  fmt::print("{}: falling at once{}: {}\n", world.name,
             in.options.drops.empty() ? ", all alike" : "",
             names.empty() ? "nothing" : fmt::format("{}", fmt::join(names, ", ")));
  print_totals(rows);
  print_by_market(in, rows);
  fmt::print(
      "\n  static: nobody trades, nothing is repaid; claims move with their base; every feed has "
      "caught up, within its\n  bounds; debt at the prices markets then believe; bad debt at "
      "market "
      "prices, if nobody liquidates, without legacy\n");
  return 0;
}

}  // namespace faultline
