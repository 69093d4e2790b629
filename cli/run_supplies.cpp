#include "cli/run_parts.hpp"

#include <cmath>

#include <fmt/format.h>

#include "cli/text_table.hpp"
#include "data/units.hpp"

namespace faultline {

namespace {

/// How much there was of one asset through the run, in order of time.
std::vector<SupplyPoint> path_of(const Outcome& o, std::uint32_t asset) {
  std::vector<SupplyPoint> out;
  for (const SupplyPoint& p : o.supply_path) {
    if (p.asset == asset) out.push_back(p);
  }
  return out;
}

/// Times as much as the day before.
std::string growth(const std::vector<SupplyPoint>& path, std::size_t i) {
  if (i == 0 || !(path[i - 1].units > 0)) return "-";
  return fmt::format("{:.4g}x", path[i].units / path[i - 1].units);
}

/// Day by day: what there was of an issuer's coin and token, and what they were worth.
void print_paths(const RunReport& r, const AlgorithmicCoin& c) {
  const std::string &coin = r.world.assets[c.coin.value].name,
                    &token = r.world.assets[c.token.value].name;
  const std::vector<SupplyPoint> coins = path_of(r.run.full, c.coin.value),
                                 tokens = path_of(r.run.full, c.token.value);
  TextTable table({{"after", true},
                   {token + " there is"},
                   {"growth"},
                   {token + " at"},
                   {coin + " there is"},
                   {coin + " at"}});
  for (std::size_t i = 0; i < tokens.size() && i < coins.size(); ++i) {
    table.add({format_duration_words(tokens[i].at_s), format_number(tokens[i].units, 4),
               growth(tokens, i), "$" + precise(tokens[i].price_usd),
               format_number(coins[i].units, 4), "$" + precise(coins[i].price_usd)});
  }
  fmt::print("\n{}", table.text());
}

/// Whether a run minted or burnt any of an issuer's coin or token.
bool swapped(const RunReport& r, std::size_t i) {
  const CoinOutcome& o = r.run.full.coins[i];
  return o.redeemed_usd > 0 || o.issued_usd > 0;
}

}  // namespace

void print_supplies(const RunReport& r) {
  for (std::size_t i = 0; i < r.world.coins.size(); ++i) {
    if (!swapped(r, i)) continue;
    const AlgorithmicCoin& c = r.world.coins[i];
    const CoinOutcome& o = r.run.full.coins[i];
    print_paths(r, c);
    fmt::print(
        "  {}: {} of {} burnt for {}, {} minted from it; {} kept; widest spread {}{}\n", c.name,
        dollars(o.redeemed_usd), r.world.assets[c.coin.value].name,
        r.world.assets[c.token.value].name, dollars(o.issued_usd), dollars(o.spread_usd),
        percent(o.widest_spread, 1),
        o.halted_s < 0 ? "" : fmt::format("; halted after {}", format_duration_words(o.halted_s)));
  }
  for (std::size_t i = 0; i < r.world.cheap_buyers.size(); ++i) {
    const CheapBuyersOutcome& o = r.run.full.cheap_buyers[i];
    if (o.first_s < 0) continue;
    fmt::print(
        "\n  {}: from {} on, {} spent on collateral believed to be worth {} ({:.1f} times), {} "
        "borrowed against it\n",
        r.world.cheap_buyers[i].name, format_duration_words(o.first_s), dollars(o.spent_usd),
        dollars(o.posted_usd), o.posted_usd / o.spent_usd, dollars(o.borrowed_usd));
  }
}

void add_supplies(const RunReport& r, nlohmann::json& out) {
  for (const SupplyPoint& p : r.run.full.supply_path) {
    out["assets"][r.world.assets[p.asset].name]["supply_path"].push_back(
        {{"at_s", p.at_s}, {"units", p.units}, {"price_usd", p.price_usd}});
  }
  for (std::size_t i = 0; i < r.world.coins.size(); ++i) {
    const AlgorithmicCoin& c = r.world.coins[i];
    const CoinOutcome& o = r.run.full.coins[i];
    out["nodes"][c.name] = {
        {"kind", "vault"},
        {"coin", r.world.assets[c.coin.value].name},
        {"token", r.world.assets[c.token.value].name},
        {"redeemed_usd", o.redeemed_usd},
        {"issued_usd", o.issued_usd},
        {"spread_usd", o.spread_usd},
        {"widest_spread", o.widest_spread},
        {"halted_s", o.halted_s < 0 ? nlohmann::json(nullptr) : nlohmann::json(o.halted_s)}};
  }
  for (std::size_t i = 0; i < r.world.cheap_buyers.size(); ++i) {
    const CheapBuyersOutcome& o = r.run.full.cheap_buyers[i];
    out["nodes"][r.world.cheap_buyers[i].name] = {
        {"kind", "agent"},
        {"spent_usd", o.spent_usd},
        {"posted_usd", o.posted_usd},
        {"borrowed_usd", o.borrowed_usd},
        {"first_s", o.first_s < 0 ? nlohmann::json(nullptr) : nlohmann::json(o.first_s)}};
  }
}

}  // namespace faultline
