#include "cli/run_text.hpp"
#include "cli/run_desks.hpp"
#include "cli/run_shape.hpp"
#include "cli/run_shares.hpp"
#include "cli/run_supplies.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "cli/text_table.hpp"
#include "data/units.hpp"
#include "sim/deposit_places.hpp"
#include "sim/depositors.hpp"

namespace faultline {

namespace {

double net(const RunReport& r, double MarketOutcome::*field, std::size_t m) {
  return r.run.full.markets[m].*field - r.run.baseline.markets[m].*field;
}

const char* standing_text(Standing s) {
  switch (s) {
    case Standing::sound:
      return "sound";
    case Standing::stressed:
      return "stressed";
    case Standing::illiquid:
      return "illiquid";
    case Standing::insolvent:
      return "insolvent";
  }
  return "";
}

const char* state_text(const RunReport& r, std::size_t m) {
  return standing_text(standing(r.run.full.markets[m], r.run.baseline.markets[m]));
}

/// What happens to vaults' depositors, in a sentence; empty where nothing does.
std::string third_sentence(const RunReport& r) {
  double lost = 0, unpaid = 0;
  std::string worst;
  for (std::size_t v = 0; v < r.world.vaults.size(); ++v) {
    const VaultOutcome &o = r.run.full.vaults[v], &calm = r.run.baseline.vaults[v];
    lost += o.loss_usd - calm.loss_usd;
    const double trapped = o.trapped_peak_usd - calm.trapped_peak_usd;
    if (!(trapped >= 1) || trapped <= unpaid) continue;
    unpaid = trapped;
    worst = fmt::format("{} of {} cannot leave for {}",
                        percent(trapped / o.deposits_usd, trapped < 0.1 * o.deposits_usd ? 1 : 0),
                        r.world.vaults[v].name, format_duration_words(o.trapped_s));
  }
  if (lost < 1 && worst.empty()) return {};
  std::string out = lost < 1 ? " No vault loses" : " Depositors of vaults lose " + dollars(lost);
  if (!worst.empty()) out += (lost < 1 ? ", yet " : "; ") + worst;
  return out + ".";
}

std::string first_sentence(const RunReport& r) {
  const Summary& s = r.run.summary;
  if (r.scenario.calm()) return "Nothing is shocked.";
  std::string out = fmt::format(
      "{} {} of bad debt",
      r.scenario.name == "command line" ? "This shock leaves" : r.scenario.name + " leaves",
      s.bad_debt_usd >= 1 ? dollars(s.bad_debt_usd) : "no new dollar");
  if (s.bad_debt_usd > 0) out += fmt::format(", {} of it on the books", dollars(s.recognised_usd));
  return out + fmt::format(", and {} of debt is liquidated.", dollars(s.liquidated_usd));
}

/// Which reserves ran dry, when, and what that leaves waiting; empty where none did.
std::string dry_sentence(const RunReport& r) {
  std::multimap<double, std::string> by_time;
  for (const DepositPlace& place : r.world.places) {
    if (is_vault(place)) continue;
    const double at_s = r.run.full.reserves[place.reserve].full_at_s;
    if (at_s < 0 || r.run.baseline.reserves[place.reserve].full_at_s >= 0) continue;
    by_time.emplace(at_s, place_name(r.world, place) + " after " + format_duration_words(at_s));
  }
  std::vector<std::string> dry;
  for (const auto& [at_s, text] : by_time) dry.push_back(text);
  const double trapped = r.run.summary.trapped_usd;
  std::string out;
  if (!dry.empty()) out = fmt::format(" Out of cash: {}", fmt::join(dry, ", "));
  if (trapped >= 1) {
    out += fmt::format("{}{} of deposits are trapped at the end", dry.empty() ? " " : "; ",
                       dollars(trapped));
  }
  return out.empty() ? out : out + ".";
}

std::string second_sentence(const RunReport& r) {
  const Summary& s = r.run.summary;
  std::vector<std::string> broken;
  for (std::size_t m = 0; m < r.world.markets.size(); ++m) {
    const MarketOutcome& o = r.run.full.markets[m];
    if (o.insolvent_s >= 0 && r.run.baseline.markets[m].insolvent_s < 0) {
      broken.push_back(r.world.markets[m].name + " after " + format_duration_words(o.insolvent_s));
    }
  }
  std::string out = broken.empty() ? "No market becomes insolvent"
                                   : fmt::format("Insolvent: {}", fmt::join(broken, ", "));
  if (s.unserved_usd >= 1) {
    out += fmt::format("; nobody serves {} of debt in breach at the end", dollars(s.unserved_usd));
  }
  return out + "." + dry_sentence(r);
}

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

/// What a vault's figure is beyond the baseline's.
double net(const RunReport& r, double VaultOutcome::*field, std::size_t v) {
  return r.run.full.vaults[v].*field - r.run.baseline.vaults[v].*field;
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

std::string event_text(const TimelineEvent& e) {
  std::string out;
  std::size_t next = 0;
  for (std::size_t i = 0; i < e.text.size(); ++i) {
    if (e.text.compare(i, 2, "{}") == 0 && next < e.usd.size()) {
      out += format_usd(e.usd[next++]);
      ++i;
    } else {
      out += e.text[i];
    }
  }
  return out;
}

std::string move_text(const ExogenousMove& m) {
  const std::string share = format_ratio(std::fabs(m.value), 3);
  switch (m.kind) {
    case MoveKind::price:
      return fmt::format("{:+.3g}%", 100 * (std::exp(m.value) - 1));
    case MoveKind::level:
      return "to " + format_usd(m.value, 5);
    case MoveKind::discount:
      return "valued " + share + " below contract";
    case MoveKind::backing:
      return share + " of its backing lost";
    case MoveKind::rate:
      return fmt::format("re-rated by {:+.1f}%", 100 * (std::exp(m.value) - 1));
    case MoveKind::exit_base:
    case MoveKind::exit_quote:
      return share + " of its claims leave in one coin";
    case MoveKind::makers:
      return share + " of their quotes leave";
    case MoveKind::deposits:
      return share + " of its deposits are asked for";
    case MoveKind::sale:
      return share + " of what they hold is for sale";
    case MoveKind::gas:
      return fmt::format("gas at {:.3g} times its price", m.value);
    case MoveKind::out_of_reach:
      return "out of reach";
    case MoveKind::hand_in:
      return share + " of what its holders have is handed in";
    case MoveKind::freeze:
      return "frozen to new supply and debt";
    case MoveKind::halt:
      return "halted";
    case MoveKind::withdraw:
      return share + " of its depth leaves";
    case MoveKind::latency:
      return "reports take " + format_duration_words(m.value);
    case MoveKind::offset:
      return fmt::format("observes {:+.1f}% off", 100 * m.value);
    case MoveKind::frozen:
      return "frozen";
    case MoveKind::outage:
      return "no reports";
    case MoveKind::stale:
      return "nothing arrives any more";
    case MoveKind::divergent:
      return fmt::format("one source {:+.1f}% off", 100 * m.value);
    case MoveKind::cap:
      return fmt::format("growth cap {:+.2f}% off", 100 * m.value);
  }
  return "";
}

/// What the scenario does to the world, as events of its own; moves of one time share a line.
void add_shocks(const RunReport& r, std::vector<TimelineEvent>& out) {
  std::map<std::pair<double, double>, std::map<std::string, std::vector<std::string>>> by_time;
  for (const ExogenousMove& m : r.scenario.moves) {
    const bool asset = m.kind <= MoveKind::rate,
               venue = m.kind >= MoveKind::halt && m.kind <= MoveKind::withdraw;
    if (venue && r.world.venues[m.target].leaves()) continue;  // told of its pool
    const std::string name =
        asset                          ? r.world.assets[m.target].name
        : venue                        ? r.world.venues[m.target].name
        : m.kind == MoveKind::makers   ? r.world.makers[m.target].name
        : m.kind == MoveKind::deposits ? place_name(r.world, r.world.places[m.target])
        : m.kind == MoveKind::sale     ? r.world.flow_agents[m.target].name
        : m.kind == MoveKind::gas      ? r.world.chains[m.target].name
        : m.kind == MoveKind::freeze   ? r.world.assets[r.world.reserves[m.target].asset.value].name
        : m.kind == MoveKind::out_of_reach ? r.world.reserve_parts[m.target].name
        : m.kind == MoveKind::hand_in      ? r.world.desks[m.target].name
                                           : r.world.oracles[m.target].name;
    by_time[{m.when.start_s, m.when.end_s}][move_text(m)].push_back(name);
  }
  for (const auto& [when, moves] : by_time) {
    std::vector<std::string> parts;
    for (const auto& [text, names] : moves) {
      parts.push_back(names.size() > 4
                          ? fmt::format("{} and {} more {}", names[0], names.size() - 1, text)
                          : fmt::format("{} {}", fmt::join(names, ", "), text));
    }
    const double took = when.second - when.first;
    out.push_back({when.first,
                   "shock",
                   "the world",
                   fmt::format("{}{}", fmt::join(parts, "; "),
                               took > 0 ? ", over " + format_duration_words(took) : ", at once"),
                   {}});
  }
  std::map<double, std::set<std::string>> settings;  // a path may stand for many nodes
  for (const SettingChange& s : r.scenario.settings) settings[s.at_s].insert(s.text);
  for (const auto& [at_s, texts] : settings) {
    out.push_back({at_s, "set", "the world", fmt::format("{}", fmt::join(texts, "; ")), {}});
  }
  if (r.scenario.path != nullptr) {
    std::vector<std::string> names;
    for (const AssetId a : r.scenario.path->assets) names.push_back(r.world.assets[a.value].name);
    out.push_back(
        {0, "shock", fmt::format("{}", fmt::join(names, ", ")), "prices follow a path", {}});
  }
}

/// Everything that happened, in order of time; what the scenario does before what follows.
std::vector<TimelineEvent> whole_story(const RunReport& r) {
  std::vector<TimelineEvent> out;
  add_shocks(r, out);
  out.insert(out.end(), r.run.full.timeline.begin(), r.run.full.timeline.end());
  std::stable_sort(out.begin(), out.end(),
                   [](const TimelineEvent& a, const TimelineEvent& b) { return a.at_s < b.at_s; });
  return out;
}

/// What recurs round after round, told by its first and its heaviest round, and when it ends.
bool recurs(const std::string& kind) {
  return kind == "liquidation" || kind == "takeover" || kind == "insurance" || kind == "adl" ||
         kind == "auction" || kind == "offset" || kind == "redistribution" ||
         kind == "redemption" || kind == "hedge" || kind == "sale" || kind == "purchase" ||
         kind == "issue" || kind == "drain";
}

/// Events of one kind that a story tells: a run spreads from reserve to reserve.
std::size_t most_told(const std::string& kind) {
  return kind == "run" ? 12 : 3;
}

/// All rounds in which one thing happened at one node.
struct Recurring {
  const TimelineEvent *first = nullptr, *largest = nullptr, *last = nullptr;
  std::size_t rounds = 0;
  double usd = 0;
};

void tell_recurring(const Recurring& s, std::vector<TimelineEvent>& out) {
  TimelineEvent first = *s.first, heaviest = *s.largest;
  const std::string all =
      s.rounds == 1 ? ""
                    : fmt::format("heaviest of {} rounds up to {}: {{}}; {} in all", s.rounds,
                                  format_duration_words(s.last->at_s), format_usd(s.usd));
  if (s.rounds == 1) first.text += ", once";
  if (s.rounds > 1 && s.largest == s.first) first.text = "first and " + all;
  out.push_back(first);
  if (s.largest == s.first) return;
  heaviest.text = all;
  out.push_back(heaviest);
}

/// The story: shocks, failures, and of what recurs the first and the heaviest round.
std::vector<TimelineEvent> story(const RunReport& r) {
  std::vector<TimelineEvent> out;
  add_shocks(r, out);
  std::map<std::pair<std::string, std::string>, Recurring> recurring;  // kind, node
  std::map<std::string, std::size_t> told;
  for (const TimelineEvent& e : r.run.full.timeline) {
    if (!recurs(e.kind)) {
      if (told[e.kind]++ < most_told(e.kind)) out.push_back(e);
      continue;
    }
    // Auctions begin, raise and end: several things recur at one node.
    Recurring& s = recurring[{e.kind, e.kind == "auction" ? e.node + e.text : e.node}];
    ++s.rounds;
    s.usd += e.usd[0];
    if (s.first == nullptr) s.first = &e;
    if (s.largest == nullptr || e.usd[0] > s.largest->usd[0]) s.largest = &e;
    s.last = &e;
  }
  std::map<std::string, std::vector<std::pair<double, const Recurring*>>> by_kind;
  for (const auto& [of, s] : recurring) by_kind[of.first].emplace_back(-s.largest->usd[0], &s);
  for (auto& [kind, nodes] : by_kind) {
    std::sort(nodes.begin(), nodes.end());
    for (std::size_t i = 0; i < nodes.size() && i < 3; ++i) tell_recurring(*nodes[i].second, out);
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const TimelineEvent& a, const TimelineEvent& b) { return a.at_s < b.at_s; });
  return out;
}

void print_timeline(const RunReport& r, bool whole) {
  const std::vector<TimelineEvent> events = whole ? whole_story(r) : story(r);
  if (events.empty()) return;
  fmt::print("\n");
  for (const TimelineEvent& e : events) {
    fmt::print("  {:>11}  {:<11}  {}: {}\n", format_duration_words(e.at_s), e.kind, e.node,
               event_text(e));
  }
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

struct BackstopRow {
  std::string name;
  const char* kind;
  std::uint32_t number;
};

/// The vaults and funds behind a perpetual venue, or the pool that is its counterparty.
std::vector<BackstopRow> backstops_of(const Snapshot& world, const PerpVenue& venue) {
  std::vector<BackstopRow> rows;
  for (const Backstop& b : venue.backstops) {
    rows.push_back({b.name, b.takes_over ? "vault" : "fund", b.number});
  }
  if (venue.pool) {
    rows.push_back({world.venues[venue.pool->venue.value].name, "venue", venue.pool->number});
  }
  return rows;
}

/// What became of each perpetual contract.
void print_contracts(const RunReport& r) {
  for (const PerpVenue& venue : r.world.perps) {
    for (const PerpContract& c : venue.contracts) {
      const PerpOutcome& o = r.run.full.perps[c.number];
      if (o == PerpOutcome{}) continue;
      fmt::print("\n  {}: {} closed {}, {} taken over, {} deleveraged", c.name,
                 dollars(o.liquidated_usd), venue.pool ? "against its pool" : "in its book",
                 dollars(o.takeover_usd), dollars(o.deleveraged_usd));
      if (o.liquidated_usd > 0 && o.deleveraged_usd > 0) {
        fmt::print(" ({:.0f}% of what was closed)", 100 * o.deleveraged_usd / o.liquidated_usd);
      }
      fmt::print("; mark {:+.1f}% to {:+.1f}% off its index; funding {:+.3f}% to {:+.3f}%\n",
                 100 * o.basis_least, 100 * o.basis_most, 100 * o.funding_least,
                 100 * o.funding_most);
    }
    for (const auto& [name, kind, number] : backstops_of(r.world, venue)) {
      const BackstopOutcome& o = r.run.full.backstops[number];
      if (o.start_usd == o.end_usd) continue;
      fmt::print("  {}: {} at the start, {} at the end\n", name, dollars(o.start_usd),
                 dollars(o.end_usd));
    }
    const AdlBurden& b = r.run.full.burdens[venue.number];
    if (b.hit == 0) continue;
    fmt::print(
        "  {}: {} accounts deleveraged, the ten largest bore {:.0f}%, the hundred {:.0f}%; "
        "they gave up {}, {} more than was missing\n",
        r.world.markets[venue.market.value].name, b.hit, 100 * b.top10, 100 * b.top100,
        dollars(b.total), dollars(b.overshoot));
  }
}

/// What became of loans on bands, market by market.
void print_bands(const RunReport& r) {
  for (std::size_t b = 0; b < r.world.band_books.size(); ++b) {
    const BandBook& book = r.world.band_books[b];
    const BandOutcome& o = r.run.full.bands[b];
    if (o.converted_usd == 0 && o.returned_usd == 0) continue;
    const VenueInfo& pool = r.world.venues[book.venue.value];
    fmt::print(
        "\n  {}: its bands sold {} of {} and bought {} back, at a cost of {} to its borrowers; "
        "at most {:.0f}% of what lay in them was {}, at the end {:.0f}%\n",
        r.world.markets[book.market.value].name, dollars(o.converted_usd),
        r.world.assets[pool.base.value].name, dollars(o.returned_usd), dollars(o.soft_loss_usd),
        100 * o.coins_most, r.world.assets[pool.quote.value].name, 100 * o.coins_end);
  }
}

/// What is behind synthetic dollars.
void print_dollars(const RunReport& r) {
  for (const DollarIssuer& d : r.world.dollars) {
    const BackstopOutcome& o = r.run.full.backstops[d.number];
    const AssetInfo& asset = r.world.assets[d.issued.value];
    if (o.start_usd == o.end_usd) continue;
    fmt::print("\n  {}: {} behind {} {} at the start, {} at the end\n", d.name,
               dollars(o.start_usd), format_number(asset.supply, 3), asset.name,
               dollars(o.end_usd));
  }
}

/// A fall by the run over the fall by its direct run; NaN where the direct run hardly moves.
double price_amplification(const RunReport& r, std::size_t a) {
  const auto move = [&](const Outcome& o) {
    return o.assets[a].price_end / o.assets[a].price_start - 1;
  };
  const double direct = move(r.run.direct);
  return std::fabs(direct) < 1e-5 ? std::nan("") : move(r.run.full) / direct;
}

/// What agents that trade by a rule did, and what it made of the prices they trade at.
void print_agents(const RunReport& r) {
  const Outcome &full = r.run.full, &base = r.run.baseline;
  TextTable table(
      {{"agent", true}, {"trades", true}, {"bought"}, {"sold"}, {"paid out"}, {"unfilled"}});
  std::set<std::uint32_t> traded;
  for (std::size_t i = 0; i < full.agents.size(); ++i) {
    const AgentOutcome &o = full.agents[i], &b = base.agents[i];
    const FlowAgentInfo& agent = r.world.flow_agents[i];
    table.add(
        {agent.name,
         r.world.assets[agent.asset.value].name + " at " + r.world.venues[agent.venue.value].name,
         dollars(o.bought_usd - b.bought_usd), dollars(o.sold_usd - b.sold_usd),
         dollars(o.paid_usd - b.paid_usd), dollars(o.unfilled_usd)});
    traded.insert(agent.asset.value);
  }
  if (table.empty()) return;
  fmt::print("\n{}", table.text());
  for (const std::uint32_t a : traded) {
    const AssetOutcome &o = full.assets[a], &d = r.run.direct.assets[a];
    const double times = price_amplification(r, a);
    fmt::print("  {} ends at {:+.2f}%, without them and all transmission at {:+.2f}%{}\n",
               r.world.assets[a].name, 100 * (o.price_end / o.price_start - 1),
               100 * (d.price_end / d.price_start - 1),
               std::isnan(times) ? "" : fmt::format(": {:.2f} times the shock", times));
  }
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

/// The gap a shock opened between a feed and the market, where it is more than the calm one.
double opened_gap(const RunReport& r, std::size_t feed) {
  const double gap = r.run.full.oracles[feed].largest_gap;
  return gap > r.run.baseline.oracles[feed].largest_gap ? gap : 0;
}

/// A feed's harms over all markets.
FeedHarm harm_by(const RunReport& r, std::uint32_t feed) {
  FeedHarm sum;
  for (const FeedHarm& h : r.run.full.feed_harms) {
    if (h.oracle != feed) continue;
    sum.false_liquidated_usd += h.false_liquidated_usd;
    sum.false_liquidations += h.false_liquidations;
    sum.missing_usd += h.missing_usd;
    sum.missing_accounts += h.missing_accounts;
    sum.missing_end_usd += h.missing_end_usd;
  }
  return sum;
}

/// Feeds that made or prevented liquidations, with the largest gap each had from the market.
void print_feeds(const RunReport& r) {
  TextTable table({{"feed", true},
                   {"largest gap"},
                   {"false liquidations"},
                   {"missing at worst"},
                   {"accounts"},
                   {"missing at the end"}});
  for (std::uint32_t o = 0; o < r.world.oracles.size(); ++o) {
    const FeedHarm h = harm_by(r, o);
    if (h.false_liquidations == 0 && h.missing_usd == 0) continue;
    table.add({r.world.oracles[o].name, percent(opened_gap(r, o), 1),
               dollars(h.false_liquidated_usd), dollars(h.missing_usd),
               thousands(static_cast<std::uint64_t>(h.missing_accounts)),
               dollars(h.missing_end_usd)});
  }
  if (!table.empty()) fmt::print("\n{}", table.text());
  for (std::size_t i = 0; i < r.run.full.manipulations.size(); ++i) {
    const ManipulationOutcome& m = r.run.full.manipulations[i];
    const Manipulation& what = r.scenario.manipulations[i];
    fmt::print("\n  manipulating {} by {} for {:.0f} {} cost {}; {} at most in a round\n",
               r.world.oracles[what.feed.value].name, percent(what.target - 1, 1, true), m.rounds,
               m.rounds == 1 ? "round" : "rounds", dollars(m.cost_usd), dollars(m.capital_usd));
  }
}

nlohmann::json harm_json(const FeedHarm& h) {
  return {{"false_liquidated_usd", h.false_liquidated_usd},
          {"false_liquidations", h.false_liquidations},
          {"missing_usd", h.missing_usd},
          {"missing_accounts", h.missing_accounts},
          {"missing_end_usd", h.missing_end_usd}};
}

void add_feeds(const RunReport& r, nlohmann::json& out) {
  for (std::uint32_t o = 0; o < r.world.oracles.size(); ++o) {
    nlohmann::json entry = harm_json(harm_by(r, o));
    entry["largest_gap"] = r.run.full.oracles[o].largest_gap;
    entry["reports"] = r.run.full.oracles[o].reports;
    for (const FeedHarm& h : r.run.full.feed_harms) {
      if (h.oracle == o) entry["markets"][r.world.markets[h.market].name] = harm_json(h);
    }
    out["oracles"][r.world.oracles[o].name] = std::move(entry);
  }
  for (std::size_t i = 0; i < r.run.full.manipulations.size(); ++i) {
    const ManipulationOutcome& m = r.run.full.manipulations[i];
    const Manipulation& what = r.scenario.manipulations[i];
    out["manipulations"].push_back({{"oracle", r.world.oracles[what.feed.value].name},
                                    {"move", what.target - 1},
                                    {"at_s", what.start_s},
                                    {"rounds", m.rounds},
                                    {"cost_usd", m.cost_usd},
                                    {"capital_usd", m.capital_usd}});
  }
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
  if (!r.world.markets.empty()) {
    fmt::print("\n  {} {}{}\n", first_sentence(r), second_sentence(r), third_sentence(r));
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

namespace {

void add_perps(const RunReport& r, nlohmann::json& out) {
  using nlohmann::json;
  for (const PerpVenue& venue : r.world.perps) {
    for (const PerpContract& c : venue.contracts) {
      const PerpOutcome& o = r.run.full.perps[c.number];
      out["contracts"][c.name] = {
          {"liquidated_usd", o.liquidated_usd},
          {"takeover_usd", o.takeover_usd},
          {"deleveraged_usd", o.deleveraged_usd},
          {"first_deleveraged_s",
           o.first_deleveraged_s < 0 ? json(nullptr) : json(o.first_deleveraged_s)},
          {"funding_least", o.funding_least},
          {"funding_most", o.funding_most},
          {"basis_least", o.basis_least},
          {"basis_most", o.basis_most}};
    }
  }
  for (const PerpVenue& venue : r.world.perps) {
    for (const auto& [name, kind, number] : backstops_of(r.world, venue)) {
      const BackstopOutcome& o = r.run.full.backstops[number];
      out["nodes"][name] = {{"kind", kind}, {"start_usd", o.start_usd}, {"end_usd", o.end_usd}};
    }
  }
  for (std::size_t v = 0; v < r.world.perps.size(); ++v) {
    const AdlBurden& b = r.run.full.burdens[v];
    out["deleveraging"][r.world.markets[r.world.perps[v].market.value].name] = {
        {"accounts", b.hit},      {"given_up_usd", b.total},  {"overshoot_usd", b.overshoot},
        {"top10_share", b.top10}, {"top100_share", b.top100}, {"gini", b.gini}};
  }
}

/// What lenders met, reserve by reserve; of the run itself, not net.
void add_reserves(const RunReport& r, nlohmann::json& out) {
  for (const DepositPlace& place : r.world.places) {
    if (is_vault(place)) continue;
    const Reserve& reserve = r.world.reserves[place.reserve];
    const ReserveOutcome& o = r.run.full.reserves[place.reserve];
    if (o == ReserveOutcome{}) continue;
    const auto never = [](double s) { return s < 0 ? nlohmann::json(nullptr) : nlohmann::json(s); };
    out["nodes"][r.world.markets[reserve.market.value].name]["reserves"]
       [r.world.assets[reserve.asset.value].name] = {{"withdrawn_usd", o.withdrawn_usd},
                                                     {"trapped_usd", o.trapped_usd},
                                                     {"trapped_usd_hours", o.trapped_usd_s / 3600},
                                                     {"trapped_longest_s", o.trapped_longest_s},
                                                     {"full_at_s", never(o.full_at_s)},
                                                     {"nearly_full_s", o.nearly_full_s},
                                                     {"repaid_usd", o.repaid_usd}};
  }
}

void add_bands(const RunReport& r, nlohmann::json& out) {
  for (std::size_t b = 0; b < r.world.band_books.size(); ++b) {
    const BandOutcome& o = r.run.full.bands[b];
    out["bands"][r.world.markets[r.world.band_books[b].market.value].name] = {
        {"converted_usd", o.converted_usd},
        {"returned_usd", o.returned_usd},
        {"soft_loss_usd", o.soft_loss_usd},
        {"coins_most", o.coins_most},
        {"coins_end", o.coins_end}};
  }
}

void add_dollars(const RunReport& r, nlohmann::json& out) {
  for (const DollarIssuer& d : r.world.dollars) {
    const BackstopOutcome& o = r.run.full.backstops[d.number];
    out["nodes"][d.name] = {{"kind", "vault"},
                            {"issues", r.world.assets[d.issued.value].name},
                            {"start_usd", o.start_usd},
                            {"end_usd", o.end_usd}};
  }
}

void add_vaults(const RunReport& r, nlohmann::json& out) {
  for (std::size_t v = 0; v < r.world.vaults.size(); ++v) {
    const VaultOutcome& o = r.run.full.vaults[v];
    out["nodes"][r.world.vaults[v].name] = {
        {"kind", "vault"},
        {"state", standing_text(standing(o, r.run.baseline.vaults[v]))},
        {"loss_usd", net(r, &VaultOutcome::loss_usd, v)},
        {"recognised_usd", net(r, &VaultOutcome::recognised_usd, v)},
        {"withdrawn_usd", net(r, &VaultOutcome::withdrawn_usd, v)},
        {"trapped_usd", net(r, &VaultOutcome::trapped_usd, v)},
        {"trapped_peak_usd", net(r, &VaultOutcome::trapped_peak_usd, v)},
        {"trapped_usd_s", net(r, &VaultOutcome::trapped_usd_s, v)},
        {"trapped_s", net(r, &VaultOutcome::trapped_s, v)},
        {"stayer_loss", o.stayer_loss},
        {"locked_usd", o.locked_usd},
        {"reallocated_usd", net(r, &VaultOutcome::reallocated_usd, v)},
        {"deposits_usd", o.deposits_usd},
        {"price_start", o.price_start},
        {"price_end", o.price_end}};
  }
}

void add_agents(const RunReport& r, nlohmann::json& out) {
  for (std::size_t i = 0; i < r.world.flow_agents.size(); ++i) {
    const AgentOutcome &o = r.run.full.agents[i], &b = r.run.baseline.agents[i];
    out["nodes"][r.world.flow_agents[i].name] = {{"kind", "agent"},
                                                 {"bought_usd", o.bought_usd - b.bought_usd},
                                                 {"sold_usd", o.sold_usd - b.sold_usd},
                                                 {"paid_usd", o.paid_usd - b.paid_usd},
                                                 {"unfilled_usd", o.unfilled_usd}};
    const std::uint32_t a = r.world.flow_agents[i].asset.value;
    const double times = price_amplification(r, a);
    out["assets"][r.world.assets[a].name]["price_amplification"] =
        std::isnan(times) ? nlohmann::json(nullptr) : nlohmann::json(times);
  }
}

/// Reserves, agents, vaults and funds.
void add_other_nodes(const RunReport& r, nlohmann::json& out) {
  add_reserves(r, out);
  add_agents(r, out);
  add_dollars(r, out);
  add_vaults(r, out);
  add_auctions(r, out);
  add_troves(r, out);
  add_absorbing(r, out);
  add_clusters(r, out);
  add_pools(r, out);
  add_supplies(r, out);
  add_desks(r, out);
  add_shares(r, out);
}

nlohmann::json summary_json(const Summary& x) {
  using nlohmann::json;
  return json{{"bad_debt_usd", x.bad_debt_usd},
              {"bad_debt_exit_usd", x.bad_debt_exit_usd},
              {"recognised_usd", x.recognised_usd},
              {"legacy_usd", x.legacy_usd},
              {"direct_loss_usd", x.direct_loss_usd},
              {"contagion_loss_usd", x.contagion_loss_usd},
              {"amplification", x.amplification == 0 ? json(nullptr) : json(x.amplification)},
              {"liquidated_usd", x.liquidated_usd},
              {"unserved_usd", x.unserved_usd},
              {"breadth", x.breadth},
              {"breadth_deposits", x.breadth_deposits},
              {"depth_rounds", x.depth_rounds},
              {"depth_hops", x.depth_hops},
              {"trapped_usd", x.trapped_usd}};
}

}  // namespace

nlohmann::json run_json(const RunReport& r) {
  using nlohmann::json;
  const Summary& s = r.run.summary;
  json out{{"schema", 1},
           {"name", r.world.name},
           {"scenario", r.scenario.name},
           {"stop", stop_text(r.run.full.stop)},
           {"rounds", r.run.full.counters.rounds},
           {"summary", summary_json(s)}};
  if (!r.run.full.stop_detail.empty()) out["stop_detail"] = r.run.full.stop_detail;
  for (std::size_t m = 0; m < r.world.markets.size(); ++m) {
    const MarketOutcome& o = r.run.full.markets[m];
    out["nodes"][r.world.markets[m].name] = {
        {"kind", "market"},
        {"state", state_text(r, m)},
        {"bad_debt_usd", net(r, &MarketOutcome::bad_debt_usd, m)},
        {"loss_usd", net(r, &MarketOutcome::bad_debt_end_usd, m)},
        {"liquidated_usd", net(r, &MarketOutcome::liquidated_usd, m)},
        {"recognised_usd", net(r, &MarketOutcome::recognised_usd, m)},
        {"unserved_usd", net(r, &MarketOutcome::unserved_usd, m)},
        {"withdrawn_usd", net(r, &MarketOutcome::withdrawn_usd, m)},
        {"trapped_usd", net(r, &MarketOutcome::trapped_usd, m)},
        {"trapped_usd_hours", net(r, &MarketOutcome::trapped_usd_s, m) / 3600},
        {"trapped_longest_s", o.trapped_longest_s},
        {"deposits_usd", o.deposits_usd},
        {"stand_in", r.world.markets[m].stand_in},
        {"time_to_insolvency_s", o.insolvent_s < 0 ? json(nullptr) : json(o.insolvent_s)},
        {"cause", o.insolvent_s < 0 ? "" : "debt above collateral and reserves"}};
  }
  add_other_nodes(r, out);
  for (std::size_t a = 0; a < r.world.assets.size(); ++a) {
    const AssetOutcome& o = r.run.full.assets[a];
    out["assets"][r.world.assets[a].name].update(json{
        {"price_start", o.price_start}, {"price_min", o.price_min}, {"price_end", o.price_end}});
    if (o.supply_start == o.supply_end && o.supply_start == o.supply_most) continue;
    out["assets"][r.world.assets[a].name].update(json{{"supply_start", o.supply_start},
                                                      {"supply_most", o.supply_most},
                                                      {"supply_end", o.supply_end}});
  }
  add_perps(r, out);
  add_shape(r, out);
  add_bands(r, out);
  for (std::size_t b = 0; b < bearer_count; ++b) {
    out["bearers"][bearer_name(static_cast<Bearer>(b))] =
        r.run.full.bearer_gain_usd[b] - r.run.baseline.bearer_gain_usd[b];
  }
  out["channels"] = {{"direct", s.direct_loss_usd}, {"contagion", s.contagion_loss_usd}};
  add_feeds(r, out);
  out["timeline"] = json::array();
  for (const TimelineEvent& e : whole_story(r)) {
    out["timeline"].push_back(
        {{"at_s", e.at_s}, {"kind", e.kind}, {"node", e.node}, {"text", event_text(e)}});
  }
  return out;
}

}  // namespace faultline
