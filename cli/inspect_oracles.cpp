// `inspect oracles`: what each feed reads, who reads it, and what bending it would cost.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/inspect_parts.hpp"
#include "cli/text_table.hpp"
#include "data/units.hpp"
#include "sim/agents/manipulation.hpp"

namespace faultline {

namespace {

using nlohmann::json;

std::string listed_text(const Snapshot& world, const OracleInfo& o) {
  std::string names;
  for (const VenueId v : o.venues)
    names += (names.empty() ? "" : ", ") + world.venues[v.value].name;
  for (const OracleId f : o.feeds)
    names += (names.empty() ? "" : ", ") + world.oracles[f.value].name;
  if (o.venues.size() + o.feeds.size() == 1) return names;
  const char* how = o.params.aggregation == Aggregation::mean    ? "mean"
                    : o.params.aggregation == Aggregation::votes ? "votes"
                                                                 : "median";
  return fmt::format("{} of {}", how, names);
}

std::string first_source_text(const Snapshot& world, const OracleInfo& o) {
  const char* what = o.params.source == SourceKind::backing ? "backed rate" : "rate";
  switch (o.params.source) {
    case SourceKind::reference:
      return "reference";
    case SourceKind::fixed:
      return "fixed " + format_usd(o.params.fixed_usd, 6);
    case SourceKind::reserves:
      return "reserves of its pool";
    case SourceKind::rate:
    case SourceKind::backing:
      if (o.pool_base.valid()) {
        return fmt::format("fair value at {} and {}", world.oracles[o.pool_base.value].name,
                           world.oracles[o.pool_quote.value].name);
      }
      return o.below.valid() ? fmt::format("{} x {}", what, world.oracles[o.below.value].name)
                             : what;
    case SourceKind::listed:
      break;
  }
  return listed_text(world, o);
}

/// "median of spot, dex x ETH, 30min geometric mean": the source and what is done to it.
std::string source_text(const Snapshot& world, const OracleInfo& o) {
  std::string out = first_source_text(world, o);
  const auto feed = [&](OracleId f) { return world.oracles[f.value].name; };
  if (o.premium_feed.valid()) out += " + premium of " + feed(o.premium_feed);
  if (o.premium_venue.valid()) out += " + premium of " + world.venues[o.premium_venue.value].name;
  if (o.times.valid()) out += " x " + feed(o.times);
  if (o.over.valid()) out += " / " + feed(o.over);
  constexpr std::array<const char*, 5> means{"", "average", "geometric mean", "arithmetic mean",
                                             "harmonic mean"};
  if (o.params.smoothing != Smoothing::none) {
    out += fmt::format(", {} {}", format_duration(o.params.smooth_s),
                       means[static_cast<std::size_t>(o.params.smoothing)]);
  }
  if (o.params.hop_s > 0) out += ", used " + format_duration(o.params.hop_s) + " later";
  return out;
}

bool live(const OracleInfo& o) {
  return o.params.live;
}

/// What its readers cannot see; empty where they see the market.
const char* blindness(const Snapshot& world, const OracleInfo& o) {
  if (o.params.source == SourceKind::fixed) return "blind to every price";
  if (o.pool_base.valid()) {  // as its coins' feeds are
    const char* base = blindness(world, world.oracles[o.pool_base.value]);
    return *base != 0 ? base : blindness(world, world.oracles[o.pool_quote.value]);
  }
  const bool claim = world.assets[o.asset.value].base.valid();
  return o.params.source == SourceKind::rate && claim ? "blind to discounts" : "";
}

/// Markets whose reserves it prices, and feeds that stand on it.
std::vector<std::string> readers(const Snapshot& world, std::uint32_t oracle) {
  std::vector<std::string> out;
  for (const std::uint32_t r : world.reserves_of_feed[oracle]) {
    const std::string& market = world.markets[world.reserves[r].market.value].name;
    if (std::find(out.begin(), out.end(), market) == out.end()) out.push_back(market);
  }
  for (const OracleInfo& o : world.oracles) {
    if (std::find(o.reads.begin(), o.reads.end(), OracleId{oracle}) != o.reads.end()) {
      out.push_back(o.name + " (feed)");
    }
  }
  return out;
}

std::string some(const std::vector<std::string>& names, std::size_t most) {
  if (names.empty()) return "nobody";
  std::string out;
  for (std::size_t i = 0; i < names.size() && i < most; ++i) out += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > most) out += fmt::format(" + {}", names.size() - most);
  return out;
}

/// "stale after 2h", "answers from $0.1 to $1000, else rejected": the feed's own limits.
std::string limits_text(const OracleInfo& o) {
  std::vector<std::string> parts;
  if (std::isfinite(o.params.max_age_s)) {
    parts.push_back("stale after " + format_duration(o.params.max_age_s));
  }
  const char* beyond = o.params.clamp ? "clamped" : "rejected";
  if (std::isfinite(o.params.min_usd)) {
    parts.push_back(fmt::format("below {} {}", format_usd(o.params.min_usd, 6), beyond));
  }
  if (std::isfinite(o.params.max_usd)) {
    parts.push_back(fmt::format("above {} {}", format_usd(o.params.max_usd, 6), beyond));
  }
  if (std::isfinite(o.params.growth_per_s)) {
    parts.push_back(
        fmt::format("capped at {}/y", percent(o.params.growth_per_s * Growth::year_s, 2)));
  }
  if (std::isfinite(o.params.max_jump)) {
    parts.push_back("refuses jumps beyond " + percent(o.params.max_jump, 2));
  }
  if (std::isfinite(o.params.max_confidence)) {
    parts.push_back("refuses intervals beyond " + percent(o.params.max_confidence, 2));
  }
  if (o.params.bands) parts.push_back("collateral low, debt high");
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// The cheaper of moving a feed up and down by a tenth.
ManipulationPlan cheaper_tenth(const Snapshot& world, std::uint32_t o, double& move) {
  const ManipulationPlan up = cheapest_manipulation(world, OracleId{o}, 1.1);
  const ManipulationPlan down = cheapest_manipulation(world, OracleId{o}, 0.9);
  const bool take_up =
      up.problem.empty() && (!down.problem.empty() || up.cost_usd <= down.cost_usd);
  move = take_up ? 0.1 : -0.1;
  return take_up ? up : down;
}

/// "$12k over 150 rounds".
std::string cost_text(const Snapshot& world, std::uint32_t o) {
  double move = 0;
  const ManipulationPlan plan = cheaper_tenth(world, o, move);
  if (!plan.problem.empty()) return "-";
  if (plan.rounds == 1) return dollars(plan.cost_usd);
  return fmt::format("{} over {}", dollars(plan.cost_usd),
                     format_duration(plan.rounds * world.round_s));
}

json cost_json(const Snapshot& world, std::uint32_t o) {
  double move = 0;
  const ManipulationPlan plan = cheaper_tenth(world, o, move);
  if (!plan.problem.empty()) return {{"problem", plan.problem}};
  json venues = json::object();
  for (const VenuePush& p : plan.pushes) venues[world.venues[p.venue.value].name] = p.factor;
  return {{"move", move},
          {"rounds", plan.rounds},
          {"cost_usd", plan.cost_usd},
          {"capital_usd", plan.capital_usd},
          {"venues", venues}};
}

void print_oracles(const Snapshot& world) {
  fmt::print("{}: {} oracles at their opening\n\n", world.name, world.oracles.size());
  TextTable table({{"oracle", true},
                   {"asset", true},
                   {"price"},
                   {"source", true},
                   {"deviation"},
                   {"heartbeat"},
                   {"latency"},
                   {"to move 10%"},
                   {"read by", true},
                   {"", true}});
  for (std::uint32_t o = 0; o < world.oracles.size(); ++o) {
    const OracleInfo& info = world.oracles[o];
    const FeedParams& p = info.params;
    const bool code = live(info);
    std::string note = blindness(world, info);
    const std::string limits = limits_text(info);
    if (!limits.empty()) note += (note.empty() ? "" : "; ") + limits;
    if (info.fallback.valid()) note += "; falls back to " + world.oracles[info.fallback.value].name;
    const std::string price = precise(world.opening.market.published[o]);
    table.add({info.name, world.assets[info.asset.value].name,
               info.unit.valid() ? price + " " + world.assets[info.unit.value].name : "$" + price,
               source_text(world, info), code ? "live" : percent(p.deviation, 2),
               code                           ? "live"
               : std::isfinite(p.heartbeat_s) ? format_duration(p.heartbeat_s)
                                              : "none",
               code ? "live" : format_duration(p.latency_s), cost_text(world, o),
               some(readers(world, o), 3), note});
  }
  fmt::print("{}", table.text());
  fmt::print(
      "\n  live: read from code at the moment of use, never published\n"
      "  to move 10%: what raising or lowering the answer by a tenth loses to arbitrage and fees, "
      "the cheaper of the two,\n"
      "  held as long as is cheapest; \"-\": trades cannot move it\n");
}

json oracles_json(const Snapshot& world) {
  json out{{"schema", 1}, {"name", world.name}, {"oracles", json::object()}};
  constexpr std::array<const char*, 5> kinds{"reference", "venues", "fixed", "rate", "backing"};
  const auto seconds = [](double s) { return std::isfinite(s) ? json(s) : json(nullptr); };
  for (std::uint32_t o = 0; o < world.oracles.size(); ++o) {
    const OracleInfo& info = world.oracles[o];
    const FeedParams& p = info.params;
    json venues = json::array();
    for (const VenueId v : info.venues) venues.push_back(world.venues[v.value].name);
    json feeds = json::array();
    for (const OracleId f : info.reads) feeds.push_back(world.oracles[f.value].name);
    json entry{{"asset", world.assets[info.asset.value].name},
               {"price_usd", world.opening.market.published[o]},
               {"source", kinds[static_cast<std::size_t>(p.source)]},
               {"venues", venues},
               {"feeds", feeds},
               {"pipeline", source_text(world, info)},
               {"live", live(info)},
               {"manipulation", cost_json(world, o)},
               {"read_by", readers(world, o)},
               {"blind_to_discounts", *blindness(world, info) != 0}};
    if (info.unit.valid()) entry["unit"] = world.assets[info.unit.value].name;
    if (info.below.valid()) entry["below"] = world.oracles[info.below.value].name;
    if (!live(info)) {
      entry["deviation"] = p.deviation;
      entry["heartbeat_s"] = seconds(p.heartbeat_s);
      entry["latency_s"] = p.latency_s;
      entry["max_age_s"] = seconds(p.max_age_s);
    }
    entry["min_usd"] = seconds(p.min_usd);
    entry["max_usd"] = seconds(p.max_usd);
    out["oracles"][info.name] = std::move(entry);
  }
  return out;
}

}  // namespace

int inspect_oracles(const Inspection& in) {
  if (in.json()) {
    fmt::print("{}\n", oracles_json(in.world()).dump(2));
  } else {
    print_oracles(in.world());
  }
  return 0;
}

}  // namespace faultline
