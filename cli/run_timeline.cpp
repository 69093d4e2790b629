// What happened when: the whole story, and the part of it that is told.
#include "cli/run_parts.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "data/units.hpp"
#include "sim/agents/deposit_places.hpp"
#include "sim/agents/depositors.hpp"

namespace faultline {

namespace {

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

}  // namespace

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

/// Everything that happened, in order of time; what the scenario does before what follows.
std::vector<TimelineEvent> whole_story(const RunReport& r) {
  std::vector<TimelineEvent> out;
  add_shocks(r, out);
  out.insert(out.end(), r.run.full.timeline.begin(), r.run.full.timeline.end());
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

}  // namespace faultline
