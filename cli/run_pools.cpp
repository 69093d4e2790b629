// What a run says of pools beyond the table: toxic liquidations, thresholds that fell, deficits and
// who covered them.
#include <cmath>

#include <fmt/format.h>

#include "cli/run_parts.hpp"
#include "data/units.hpp"

namespace faultline {

namespace {

std::string reserve_text(const Snapshot& world, std::uint32_t r) {
  const Reserve& reserve = world.reserves[r];
  return world.markets[reserve.market.value].name + "." + world.assets[reserve.asset.value].name;
}

/// Market by market: accounts that liquidation or falling thresholds hurt.
void print_markets(const RunReport& r) {
  for (std::size_t m = 0; m < r.world.markets.size(); ++m) {
    const MarketOutcome& o = r.run.full.markets[m];
    const std::string& name = r.world.markets[m].name;
    if (o.toxic_liquidations > 0) {
      fmt::print(
          "\n  {}: {} of {} liquidations were toxic, {} of debt repaid: each left its "
          "account worse\n",
          name, o.toxic_liquidations, o.liquidations, format_usd(o.toxic_usd));
    }
    if (o.scaled_accounts > 0) {
      fmt::print("\n  {}: {} accounts owing {} came into breach because thresholds fell\n", name,
                 o.scaled_accounts, format_usd(o.scaled_usd));
    }
  }
}

}  // namespace

void print_pools(const RunReport& r) {
  print_markets(r);
  for (std::uint32_t i = 0; i < r.run.full.reserves.size(); ++i) {
    const ReserveOutcome& o = r.run.full.reserves[i];
    if (o.deficit_usd == 0 && o.covered_usd == 0) continue;
    fmt::print(
        "\n  {}: deficit of {} at the end{}\n", reserve_text(r.world, i), format_usd(o.deficit_usd),
        o.covered_usd > 0 ? fmt::format(", after stakers covered {}", format_usd(o.covered_usd))
                          : "");
  }
  for (const SafetyModuleInfo& s : r.world.safety_modules) {
    const BackstopOutcome& o = r.run.full.backstops[s.number];
    if (std::fabs(o.end_usd - o.start_usd) < 1e-3 * o.start_usd) continue;
    fmt::print("  {}: {} staked at the start, {} at the end\n", s.name, format_usd(o.start_usd),
               format_usd(o.end_usd));
  }
}

void add_pools(const RunReport& r, nlohmann::json& out) {
  for (std::size_t m = 0; m < r.world.markets.size(); ++m) {
    const MarketOutcome& o = r.run.full.markets[m];
    nlohmann::json& node = out["nodes"][r.world.markets[m].name];
    node["toxic_liquidations"] = o.toxic_liquidations;
    node["toxic_usd"] = o.toxic_usd;
    if (r.world.scaled_reserves.empty()) continue;
    node["scaled_accounts"] = o.scaled_accounts;
    node["scaled_usd"] = o.scaled_usd;
  }
  for (std::uint32_t i = 0; i < r.run.full.reserves.size(); ++i) {
    const ReserveOutcome& o = r.run.full.reserves[i];
    if (o.deficit_usd == 0 && o.covered_usd == 0) continue;
    const Reserve& reserve = r.world.reserves[i];
    out["nodes"][r.world.markets[reserve.market.value].name]["deficits"]
       [r.world.assets[reserve.asset.value].name] = {{"deficit_usd", o.deficit_usd},
                                                     {"covered_usd", o.covered_usd}};
  }
  for (const SafetyModuleInfo& s : r.world.safety_modules) {
    const BackstopOutcome& o = r.run.full.backstops[s.number];
    out["nodes"][s.name] = {{"kind", "fund"},
                            {"covers", reserve_text(r.world, s.reserve)},
                            {"start_usd", o.start_usd},
                            {"end_usd", o.end_usd}};
  }
}

}  // namespace faultline
