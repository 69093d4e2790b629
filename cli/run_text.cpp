#include "cli/run_text.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "cli/run_parts.hpp"
#include "cli/text_table.hpp"
#include "data/units.hpp"
#include "sim/agents/depositors.hpp"

namespace faultline {

namespace {

/// What a table of markets says of one of them, net of the baseline; or of several together.
struct MarketLine {
  double deposits = 0, withdrawn = 0, liquidated = 0, bad_debt = 0, recognised = 0, unserved = 0,
         trapped = 0, longest_s = 0;
  std::string state;
};

MarketLine market_line(const RunReport& r, std::uint32_t m) {
  const MarketOutcome &full = r.run.full.markets[m], &base = r.run.baseline.markets[m];
  return {full.deposits_usd,
          net(r, &MarketOutcome::withdrawn_usd, m),
          net(r, &MarketOutcome::liquidated_usd, m),
          net(r, &MarketOutcome::bad_debt_usd, m),
          net(r, &MarketOutcome::recognised_usd, m),
          net(r, &MarketOutcome::unserved_usd, m),
          net(r, &MarketOutcome::trapped_usd, m),
          full.trapped_longest_s > base.trapped_longest_s ? full.trapped_longest_s : 0,
          state_text(r, m)};
}

/// Whether anybody's deposits moved that stay where they are without the shock.
bool deposits_moved(const std::vector<MarketLine>& lines) {
  return std::any_of(lines.begin(), lines.end(), [](const MarketLine& l) {
    return l.withdrawn != 0 || l.trapped != 0 || l.longest_s != 0;
  });
}

void print_table(const RunReport& r) {
  const std::vector<std::uint32_t> focus = focus_markets(r);
  std::vector<std::string> names;
  std::vector<MarketLine> lines;
  MarketLine rest;
  std::size_t others = 0;
  for (std::uint32_t m = 0; m < r.world.markets.size(); ++m) {
    const MarketLine line = market_line(r, m);
    if (std::find(focus.begin(), focus.end(), m) != focus.end()) {
      names.push_back(r.world.markets[m].name + (r.world.markets[m].stand_in ? " (stand-in)" : ""));
      lines.push_back(line);
      continue;
    }
    for (const auto member :
         {&MarketLine::deposits, &MarketLine::withdrawn, &MarketLine::liquidated,
          &MarketLine::bad_debt, &MarketLine::recognised, &MarketLine::unserved,
          &MarketLine::trapped}) {
      rest.*member += line.*member;
    }
    rest.longest_s = std::max(rest.longest_s, line.longest_s);
    ++others;
  }
  if (others > 0) {
    names.push_back(fmt::format("all else ({})", others));
    lines.push_back(rest);
  }
  const bool moved = deposits_moved(lines);
  std::vector<TextTable::Column> heads{{"market", true}, {"deposits"}};
  if (moved) heads.insert(heads.end(), {{"withdrawn"}, {"trapped"}, {"longest"}});
  heads.insert(heads.end(), {{"liquidated"}, {"bad debt"}, {"recognised"}, {"unserved"}});
  heads.push_back({"state", true});
  TextTable table(heads);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const MarketLine& l = lines[i];
    std::vector<std::string> cells{names[i], dollars(l.deposits)};
    if (moved) {
      const std::string share =
          l.deposits > 0 ? fmt::format(" {:.0f}%", 100 * l.withdrawn / l.deposits) : "";
      cells.insert(cells.end(), {dollars(l.withdrawn) + share, dollars(l.trapped),
                                 l.longest_s > 0 ? format_duration_words(l.longest_s) : "-"});
    }
    cells.insert(cells.end(), {dollars(l.liquidated), dollars(l.bad_debt), dollars(l.recognised),
                               dollars(l.unserved), l.state});
    table.add(cells);
  }
  fmt::print("\n{}", table.text());
}

bool in_focus(const RunReport& r, const CuratedVaultInfo& v) {
  const auto& focus = r.loaded.eco.focus;
  return std::find(focus.begin(), focus.end(), v.name) != focus.end() ||
         std::find(focus.begin(), focus.end(), v.cluster) != focus.end();
}

std::string share_text(double part, double of) {
  return of > 0 && part >= 1 ? fmt::format("{} {:>3.0f}%", dollars(part), 100 * part / of)
                             : dollars(part);
}

/// What the depositors of curated vaults lose, and who cannot leave.
void print_vaults(const RunReport& r) {
  if (r.world.vaults.empty()) return;
  TextTable table({{"vault", true},
                   {"deposits"},
                   {"withdrawn"},
                   {"loss"},
                   {"in the price"},
                   {"trapped, longest"},
                   {"not payable"},
                   {"state", true}});
  for (const bool focused : {true, false}) {
    for (std::size_t v = 0; v < r.world.vaults.size(); ++v) {
      if (in_focus(r, r.world.vaults[v]) != focused) continue;
      const VaultOutcome& o = r.run.full.vaults[v];
      std::string trapped = dollars(net(r, &VaultOutcome::trapped_peak_usd, v));
      if (o.trapped_s > 0) trapped += " " + format_duration_words(o.trapped_s);
      table.add({r.world.vaults[v].name, dollars(o.deposits_usd),
                 share_text(net(r, &VaultOutcome::withdrawn_usd, v), o.deposits_usd),
                 share_text(net(r, &VaultOutcome::loss_usd, v), o.deposits_usd),
                 dollars(net(r, &VaultOutcome::recognised_usd, v)), trapped, dollars(o.locked_usd),
                 standing_text(standing(o, r.run.baseline.vaults[v]))});
    }
  }
  fmt::print("\n{}", table.text());
  fmt::print("  not payable: owed to depositors at the end beyond what is idle or in cash\n");
}

void print_prices(const RunReport& r) {
  std::vector<std::string> parts;
  for (std::size_t a = 0; a < r.world.assets.size(); ++a) {
    const AssetOutcome& o = r.run.full.assets[a];
    if (!(o.price_min < 0.999 * o.price_start)) continue;
    parts.push_back(fmt::format("{} {:.1f}% (low {:.1f}%)", r.world.assets[a].name,
                                100 * (o.price_end / o.price_start - 1),
                                100 * (o.price_min / o.price_start - 1)));
  }
  if (!parts.empty()) fmt::print("\n  prices: {}\n", fmt::join(parts, ", "));
}

void print_losses(const RunReport& r) {
  const Summary& s = r.run.summary;
  if (!r.world.markets.empty()) {
    fmt::print("\n  direct loss {}, contagion {}", dollars(s.direct_loss_usd),
               dollars(s.contagion_loss_usd));
    if (s.amplification != 0) fmt::print(" ({:.2f}x)", s.amplification);
    fmt::print("; bad debt at exit depth {}\n", dollars(s.bad_debt_exit_usd));
  }
  std::vector<std::string> parts;
  for (std::size_t b = 0; b < bearer_count; ++b) {
    const double gain = r.run.full.bearer_result_usd[b] - r.run.baseline.bearer_result_usd[b];
    if (std::abs(gain) < 1) continue;
    parts.push_back(fmt::format("{} {}{}", bearer_name(static_cast<Bearer>(b)), gain > 0 ? "+" : "",
                                format_usd(gain)));
  }
  fmt::print("  who gained and lost, beyond the price move on what they held: {}\n",
             fmt::join(parts, ", "));
  std::size_t assumed = 0;
  for (const Assumption& a : r.loaded.assumptions) assumed += a.path.empty() ? 0 : 1;
  std::string stand_ins;
  for (const Market& m : r.world.markets)
    stand_ins += m.stand_in ? (stand_ins.empty() ? "" : ", ") + m.name : "";
  if (!stand_ins.empty()) fmt::print("  stand-in for mechanisms not built yet: {}\n", stand_ins);
  fmt::print(
      "  net of the same world without the shock; legacy bad debt {} left out.   {} values "
      "assumed: --assumptions\n",
      dollars(s.legacy_usd), assumed);
}

}  // namespace

std::vector<std::uint32_t> focus_markets(const RunReport& r) {
  std::vector<std::uint32_t> out;
  for (std::uint32_t m = 0; m < r.world.markets.size(); ++m) {
    const Market& market = r.world.markets[m];
    const auto& focus = r.loaded.eco.focus;
    if (focus.empty() || std::find(focus.begin(), focus.end(), market.name) != focus.end() ||
        std::find(focus.begin(), focus.end(), market.cluster) != focus.end()) {
      out.push_back(m);
    }
  }
  return out;
}

void print_assumptions(const std::vector<Assumption>& assumptions) {
  for (const Assumption& a : assumptions) {
    fmt::print("{:<60} {:<24} {}\n", a.path, a.text, a.source);
  }
  fmt::print("{} values assumed\n", assumptions.size());
}

void print_run(const RunReport& r, bool whole) {
  const Outcome& full = r.run.full;
  fmt::print("{}, {}: {} in {} rounds of {}, seed {}{:>24.2f} s\n", r.world.name, r.scenario.name,
             format_duration_words(full.end_s), full.counters.rounds,
             format_duration(r.world.round_s), r.world.seed, r.run.seconds);
  if (stop_is_failure(full.stop)) {
    fmt::print("\n  stopped: {}: {}\n", stop_text(full.stop), full.stop_detail);
  }
  if (const std::string text = answer(r); !text.empty()) fmt::print("\n  {}\n", text);
  if (!r.world.markets.empty()) {
    const bool vaults_first = std::any_of(r.world.vaults.begin(), r.world.vaults.end(),
                                          [&](const auto& v) { return in_focus(r, v); });
    if (vaults_first) print_vaults(r);
    print_table(r);
    if (!vaults_first) print_vaults(r);
  }
  print_agents(r);
  print_timeline(r, whole);
  print_prices(r);
  print_contracts(r);
  print_bands(r);
  print_dollars(r);
  print_supplies(r);
  print_desks(r);
  print_shares(r);
  print_auctions(r);
  print_troves(r);
  print_absorbing(r);
  print_clusters(r);
  print_pools(r);
  print_shape(r);
  print_feeds(r);
  print_losses(r);
}

void print_scenarios(const std::vector<RunReport>& reports) {
  if (reports.empty()) return;
  fmt::print("{}: {} scenarios, each net of the same world without it\n\n",
             reports.front().world.name, reports.size());
  TextTable table({{"scenario", true},
                   {"market", true},
                   {"liquidated"},
                   {"of which false"},
                   {"missing at worst"},
                   {"bad debt"},
                   {"by feed", true},
                   {"state", true}});
  for (const RunReport& r : reports) {
    bool first = true;
    for (const std::uint32_t m : focus_markets(r)) {
      double falsely = 0, missing = 0;
      std::string feeds;
      for (const FeedHarm& h : r.run.full.feed_harms) {
        if (h.market != m) continue;
        falsely += h.false_liquidated_usd;
        missing += h.missing_usd;
        feeds += (feeds.empty() ? "" : ", ") + r.world.oracles[h.oracle].name;
      }
      table.add({first ? r.scenario.name : "", r.world.markets[m].name,
                 dollars(net(r, &MarketOutcome::liquidated_usd, m)), dollars(falsely),
                 dollars(missing), dollars(net(r, &MarketOutcome::bad_debt_usd, m)), feeds,
                 state_text(r, m)});
      first = false;
    }
  }
  fmt::print("{}", table.text());
  for (const RunReport& r : reports) {
    for (std::size_t i = 0; i < r.run.full.manipulations.size(); ++i) {
      fmt::print("\n  {}: manipulating {} cost {}", r.scenario.name,
                 r.world.oracles[r.scenario.manipulations[i].feed.value].name,
                 dollars(r.run.full.manipulations[i].cost_usd));
    }
  }
  fmt::print(
      "\n  false: healthy at market prices; missing: in breach at market prices, not at published "
      "ones\n");
}

}  // namespace faultline
