// `inspect positions`: who owes how much, how close to liquidation, and whom no liquidation heals.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/inspect_parts.hpp"
#include "cli/text_table.hpp"
#include "data/units.hpp"
#include "sim/agents/depositors.hpp"
#include "sim/credit/band_loans.hpp"
#include "sim/liquidation_map.hpp"

namespace faultline {

namespace {

using nlohmann::json;

/// Lower ends of the health classes; the last is open.
constexpr std::array<double, 9> health_from{0, 1, 1.02, 1.05, 1.1, 1.25, 1.5, 2, 3};

/// A number of accounts and what they owe.
struct Tally {
  std::uint64_t accounts = 0;
  double debt_usd = 0;

  void add(double usd) {
    ++accounts;
    debt_usd += usd;
  }
};

/// All accounts of the chosen markets, counted once; the largest debtors kept.
struct Census {
  std::vector<AccountView> top;
  std::array<Tally, health_from.size()> by_health;
  Tally debtors, breach, toxic;
  std::uint64_t without_debt = 0;
  double collateral_usd = 0;
};

std::size_t health_class(double health) {
  std::size_t at = 0;
  while (at + 1 < health_from.size() && health >= health_from[at + 1]) ++at;
  return at;
}

bool larger(const AccountView& a, const AccountView& b) {
  return a.debt_usd != b.debt_usd ? a.debt_usd > b.debt_usd : a.position < b.position;
}

void keep(Census& census, const AccountView& view, std::size_t most) {
  census.top.push_back(view);
  if (most == 0 || census.top.size() < 2 * most + 1000) return;
  std::nth_element(census.top.begin(), census.top.begin() + static_cast<std::ptrdiff_t>(most),
                   census.top.end(), larger);
  census.top.resize(most);
}

Census take_census(const Inspection& in) {
  const Snapshot& world = in.world();
  std::vector<char> wanted(world.markets.size(), 0);
  for (const std::uint32_t m : in.markets) wanted[m] = 1;
  const std::size_t most = in.options.top;
  Census census;
  for (std::uint32_t p = 0; p < world.positions.size(); ++p) {
    const std::uint32_t m = world.positions[p].market.value;
    if (!wanted[m] || world.of_attacker(p) || is_escape(world, p)) continue;
    const AccountView view = view_account(world, p);
    if (view.debt_usd == 0) {
      ++census.without_debt;
      continue;
    }
    census.debtors.add(view.debt_usd);
    census.collateral_usd += view.collateral_usd;
    census.by_health[health_class(view.health())].add(view.debt_usd);
    if (view.distance() < 0) census.breach.add(view.debt_usd);
    if (view.toxic()) census.toxic.add(view.debt_usd);
    keep(census, view, most);
  }
  std::sort(census.top.begin(), census.top.end(), larger);
  if (most != 0 && census.top.size() > most) census.top.resize(most);
  return census;
}

std::string account_name(const Snapshot& world, std::uint32_t position) {
  std::string name = world.positions.name(position);
  return name.empty() ? fmt::format("#{}", world.positions[position].account + 1) : name;
}

std::string class_text(std::size_t i) {
  if (i == 0) return "below 1";
  if (i + 1 == health_from.size()) return fmt::format("{} and more", health_from[i]);
  return fmt::format("{} to {}", health_from[i], health_from[i + 1]);
}

void print_histogram(const Census& census) {
  double most = 0;
  for (const Tally& t : census.by_health) most = std::max(most, t.debt_usd);
  TextTable table({{"health", true}, {"accounts"}, {"debt"}, {"", true}});
  for (std::size_t i = 0; i < census.by_health.size(); ++i) {
    const Tally& t = census.by_health[i];
    const double share = most > 0 ? t.debt_usd / most : 0;
    const auto bars = static_cast<std::size_t>(std::ceil(40 * share));
    table.add(
        {class_text(i), thousands(t.accounts), format_usd(t.debt_usd), std::string(bars, '#')});
  }
  fmt::print("\n{}", table.text());
}

/// "; bands 27 to 30, 12% converted", of a loan on bands.
std::string bands_text(const Snapshot& world, const AccountView& view) {
  if (!view.to_bands) return {};
  const BandLoanView loan = view_band_loan(world, view.position);
  std::string out = fmt::format("; bands {} to {}", loan.first, loan.last);
  if (loan.converted > 0) out += fmt::format(", {} converted", percent(loan.converted, 0));
  return out;
}

void print_top(const Snapshot& world, const Census& census) {
  TextTable table({{"account", true},
                   {"market", true},
                   {"health"},
                   {"LTV"},
                   {"collateral"},
                   {"debt"},
                   {"to breach"},
                   {"toxic", true},
                   {"legs", true}});
  for (const AccountView& v : census.top) {
    const Market& market = world.markets[world.positions[v.position].market.value];
    table.add({shortened(account_name(world, v.position), 13), market.name,
               fmt::format("{:.3f}", v.health()), percent(v.ltv(), 1), format_usd(v.collateral_usd),
               format_usd(v.debt_usd),
               v.distance() < 0    ? "breach"
               : v.distance() >= 1 ? "never"
               : v.to_bands        ? percent(-v.distance(), 1) + " (bands)"
                                   : percent(-v.distance(), 1),
               v.toxic() ? "toxic" : "",
               legs_text(world, v.position, false, 2) + " / " +
                   legs_text(world, v.position, true, 2) + bands_text(world, v)});
  }
  fmt::print("\n{}", table.text());
}

void print_positions(const Inspection& in, const Census& c) {
  const Snapshot& world = in.world();
  fmt::print("{}: {} accounts in {} market{} owe {} against {} of collateral\n", world.name,
             thousands(c.debtors.accounts), in.markets.size(), in.markets.size() == 1 ? "" : "s",
             format_usd(c.debtors.debt_usd), format_usd(c.collateral_usd));
  fmt::print("  in breach {} owing {}; toxic {} owing {}; {} without debt\n",
             thousands(c.breach.accounts), format_usd(c.breach.debt_usd),
             thousands(c.toxic.accounts), format_usd(c.toxic.debt_usd), thousands(c.without_debt));
  if (c.debtors.accounts == 0) return;
  print_histogram(c);
  print_top(world, c);
  fmt::print(
      "\n  valued at the prices markets believe; to breach: all it posted falling together, debt "
      "in "
      "the same coins too;\n  toxic: LTV above 1/(1 + bonus) of its main collateral, so that every "
      "liquidation worsens it\n");
  if (std::any_of(c.top.begin(), c.top.end(),
                  [](const auto& v) { return v.to_bands.has_value(); })) {
    fmt::print(
        "  (bands): how far the pool's price may fall before the loan's collateral begins to be "
        "sold; no liquidation\n");
  }
  if (c.top.size() < c.debtors.accounts) {
    fmt::print("  the {} largest by debt of {}: --top\n", c.top.size(),
               thousands(c.debtors.accounts));
  }
}

json tally_json(const Tally& t) {
  return {{"accounts", t.accounts}, {"debt_usd", t.debt_usd}};
}

json legs_json(const Snapshot& world, std::uint32_t position) {
  json legs = json::array();
  const Book& book = *world.book;
  for (std::uint32_t leg = 0; leg < book.legs(position); ++leg) {
    const std::uint32_t r = book.factor(position, leg) / 2;
    if (world.reserves[r].lies == Lies::promised) continue;
    const double units = book.base_amount(position, leg);
    legs.push_back(
        {{"side", leg < book.collateral_legs(position) ? "collateral" : "debt"},
         {"asset", world.assets[world.reserves[r].asset.value].name},
         {"units", units},
         {"usd", units * world.opening.market.published[world.reserves[r].oracle.value]}});
  }
  return legs;
}

json positions_json(const Inspection& in, const Census& c) {
  const Snapshot& world = in.world();
  json out{{"schema", 1},
           {"name", world.name},
           {"accounts", c.debtors.accounts},
           {"accounts_without_debt", c.without_debt},
           {"debt_usd", c.debtors.debt_usd},
           {"collateral_usd", c.collateral_usd},
           {"in_breach", tally_json(c.breach)},
           {"toxic", tally_json(c.toxic)},
           {"health", json::array()},
           {"positions", json::array()}};
  for (std::size_t i = 0; i < c.by_health.size(); ++i) {
    json row = tally_json(c.by_health[i]);
    row["from"] = health_from[i];
    row["below"] = i + 1 < health_from.size() ? json(health_from[i + 1]) : json(nullptr);
    out["health"].push_back(std::move(row));
  }
  for (const AccountView& v : c.top) {
    json& entry = out["positions"].emplace_back();
    entry = json({{"account", account_name(world, v.position)},
                  {"market", world.markets[world.positions[v.position].market.value].name},
                  {"health", v.health()},
                  {"ltv", v.ltv()},
                  {"collateral_usd", v.collateral_usd},
                  {"debt_usd", v.debt_usd},
                  {"distance", v.distance()},
                  {"toxic", v.toxic()},
                  {"legs", legs_json(world, v.position)}});
    if (!v.to_bands) continue;
    const BandLoanView loan = view_band_loan(world, v.position);
    entry["bands"] = {{"first", loan.first},
                      {"last", loan.last},
                      {"converted", loan.converted},
                      {"to_bands", loan.to_bands}};
  }
  return out;
}

}  // namespace

int inspect_positions(const Inspection& in) {
  const Census census = take_census(in);
  if (in.json()) {
    fmt::print("{}\n", positions_json(in, census).dump(2));
  } else {
    print_positions(in, census);
  }
  return 0;
}

}  // namespace faultline
