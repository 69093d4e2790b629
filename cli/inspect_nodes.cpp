// `inspect venues`, `oracles`, `markets`: the nodes as they open.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/inspect_parts.hpp"
#include "cli/text_table.hpp"
#include "data/units.hpp"
#include "sim/depositors.hpp"
#include "sim/liquidation_map.hpp"
#include "sim/manipulation.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

using nlohmann::json;

constexpr std::array<double, 3> distances{0.01, 0.05, 0.1};

// --- venues ---

struct VenueRow {
  VenueId id;
  double price = 0, gap = 0, fee = 0, held_usd = 0;
  bool unlimited = false;
  std::array<double, 3> sell_usd{}, buy_usd{};
};

VenueRow venue_row(const Snapshot& world, VenueId id) {
  const VenueInfo& v = world.venues[id.value];
  const VenueStates& states = world.opening.venues;
  const MarketState& market = world.opening.market;
  VenueRow row{.id = id};
  row.price = venue_marginal(world, states, id);
  row.gap = row.price * market.reference[v.quote.value] / market.reference[v.base.value] - 1;
  row.fee = venue_fee(world, states, id);
  const double base = on_venue(
      world, states, id, []<class K>(const auto& p, const auto& s) { return K::base_held(p, s); });
  const double quote = on_venue(
      world, states, id, []<class K>(const auto& p, const auto& s) { return K::quote_held(p, s); });
  row.held_usd = base * market.spot[v.base.value] + quote * market.spot[v.quote.value];
  row.unlimited = v.is_outside && base == 0 && quote == 0;
  for (std::size_t i = 0; i < distances.size(); ++i) {
    const auto depth = [&](Side side, double target, AssetId given) {
      const double in = std::min(venue_in_to_price(world, states, id, side, target),
                                 venue_most_in(world, states, id, side));
      return in * market.spot[given.value];
    };
    row.sell_usd[i] = depth(Side::sell, row.price * (1 - distances[i]), v.base);
    row.buy_usd[i] = depth(Side::buy, row.price * (1 + distances[i]), v.quote);
  }
  return row;
}

std::string pair_name(const Snapshot& world, const VenueInfo& v) {
  return world.assets[v.base.value].name + "/" + world.assets[v.quote.value].name;
}

const char* kind_name(const VenueInfo& v) {
  return v.leaves() ? "way out" : VenueKinds::names[v.slot.kind].data();
}

void print_venues(const Snapshot& world, const std::vector<VenueRow>& rows) {
  fmt::print("{}: {} venues at their opening\n\n", world.name, rows.size());
  TextTable table({{"venue", true},
                   {"pair", true},
                   {"price"},
                   {"vs ref"},
                   {"fee"},
                   {"sell 1%"},
                   {"5%"},
                   {"10%"},
                   {"buy 1%"},
                   {"5%"},
                   {"10%"},
                   {"held"}});
  for (const VenueRow& r : rows) {
    const VenueInfo& v = world.venues[r.id.value];
    std::vector<std::string> cells{v.name, pair_name(world, v), precise(r.price),
                                   percent(r.gap, 2, true), percent(r.fee, 2)};
    for (const double usd : r.sell_usd) cells.push_back(format_usd(usd));
    for (const double usd : r.buy_usd) cells.push_back(format_usd(usd));
    cells.push_back(r.unlimited ? "no limit" : format_usd(r.held_usd));
    table.add(std::move(cells));
  }
  fmt::print("{}", table.text());
  fmt::print(
      "\n  vs ref: against the reference prices; sell, buy: dollars of base (quote) given that "
      "move "
      "the price by so much\n");
}

json venues_json(const Snapshot& world, const std::vector<VenueRow>& rows) {
  json out{{"schema", 1}, {"name", world.name}, {"venues", json::object()}};
  for (const VenueRow& r : rows) {
    const VenueInfo& v = world.venues[r.id.value];
    json sell = json::object(), buy = json::object();
    for (std::size_t i = 0; i < distances.size(); ++i) {
      const std::string key = percent(distances[i], 0);
      sell[key] = r.sell_usd[i];
      buy[key] = r.buy_usd[i];
    }
    out["venues"][v.name] = {{"kind", kind_name(v)},
                             {"family", v.cluster},
                             {"base", world.assets[v.base.value].name},
                             {"quote", world.assets[v.quote.value].name},
                             {"price", r.price},
                             {"price_vs_reference", r.gap},
                             {"fee", r.fee},
                             {"sell_depth_usd", sell},
                             {"buy_depth_usd", buy},
                             {"held_usd", r.unlimited ? json(nullptr) : json(r.held_usd)}};
  }
  return out;
}

// --- oracles ---

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

// --- markets ---

struct ReserveRow {
  std::uint32_t id = 0;
  double supplied = 0, borrowed = 0, cash = 0, used = 0, usd = 0;  // units; usd of one
  Rates rates{};
};

ReserveRow reserve_row(const Snapshot& world, std::uint32_t r) {
  const Reserve& reserve = world.reserves[r];
  const ReserveState& s = world.opening.reserves[reserve.pot];
  const MarketState& market = world.opening.market;
  ReserveRow row{.id = r};
  row.supplied = s.supply_scaled * market.supply_index[r];
  row.borrowed = s.debt_scaled * market.borrow_index[r];
  row.cash = world.opening.balances[reserve.cash.value];
  row.used = utilisation(row.cash, row.borrowed);
  row.usd = market.spot[reserve.asset.value];
  row.rates = rates_at(reserve.rate, s.rate, row.cash, row.borrowed, s.deficit, row.supplied);
  return row;
}

std::string losses_text(const LossPolicy& losses) {
  constexpr std::array<const char*, 4> when{
      "never recognised", "recognised when its collateral is gone",
      "recognised when all collateral is gone", "recognised at once"};
  constexpr std::array<const char*, 4> who{"reserves", "stakers", "a haircut of suppliers",
                                           "a hole carried"};
  std::string out =
      std::string("losses ") + when[static_cast<std::size_t>(losses.recognition)] + ": ";
  for (std::size_t i = 0; i < losses.order.size(); ++i) {
    if (i > 0 && losses.order[i] == losses.order[i - 1]) break;
    out += (i == 0 ? "" : ", then ") + std::string(who[static_cast<std::size_t>(losses.order[i])]);
  }
  return out;
}

/// How vaults are sold, and who bears what that does not raise.
std::string house_text(const Snapshot& world, std::uint32_t m) {
  const AuctionHouse& h = world.houses[static_cast<std::size_t>(world.markets[m].house)];
  const CoinSystem& system = world.systems[h.system];
  const DutchAuctionTerms& t = h.dutch;
  std::string out;
  if (h.english) {
    out = fmt::format("vaults sold to {} bidders, each bid {} above the last and standing for {}",
                      h.bidders, percent(h.bids.beg - 1, 1), format_duration(h.bids.ttl_s));
  } else {
    const std::string falls = t.decay.kind == PriceDecay::linear
                                  ? fmt::format("to zero in {}", format_duration(t.decay.tau_s))
                                  : fmt::format("by {} {}", percent(1 - t.decay.cut, 1),
                                                t.decay.kind == PriceDecay::stairstep
                                                    ? "every " + format_duration(t.decay.step_s)
                                                    : std::string("a second"));
    out = fmt::format("vaults sold from {} of the feed's price down, {}; anew after {} or below {}",
                      percent(t.buf, 0), falls, format_duration(t.tail_s), percent(t.cusp, 0));
  }
  out += fmt::format("; penalty {}", percent(t.chop - 1, 1));
  if (std::isfinite(t.hole)) out += fmt::format("; {} at once", format_number(t.hole, 3));
  if (t.dust > 0) out += fmt::format("; vaults of {} or more", format_number(t.dust, 3));
  out += "; losses: surplus, then ";
  if (system.mints) out += "holders of " + world.assets[system.token.value].name + ", then ";
  return out + "holders of " + world.assets[system.coin.value].name;
}

/// Who pays failing loans of a market with a stability pool.
std::string pool_text(const Snapshot& world, std::uint32_t m) {
  const TroveSystem& s = world.troves[static_cast<std::size_t>(world.markets[m].troves)];
  const std::string& coin = world.assets[world.reserves[s.coin].asset.value].name;
  std::string out = fmt::format(
      "failing loans paid out of a pool of {} {}, beyond it by the other "
      "borrowers; from {} of collateral over debt",
      format_number(s.pool_coins, 3), coin, percent(s.terms.mcr, 0));
  if (s.terms.recovery) {
    out += fmt::format(", from that of all loans while it is below {}", percent(s.terms.ccr, 0));
  }
  return out;
}

/// What a market does with failing accounts, and at which price it sells what it took.
std::string counter_text(const Snapshot& world, std::uint32_t m) {
  const AbsorbingInfo& a = world.absorbing[static_cast<std::size_t>(world.markets[m].absorbs)];
  double least = 1, most = 0;
  for (std::uint32_t i = a.first_counter; i < a.first_counter + a.counters; ++i) {
    const double off = 1 - storefront_price(a.terms, 1, world.counters[i].liquidation_factor);
    least = std::min(least, off);
    most = std::max(most, off);
  }
  return fmt::format(
      "failing accounts absorbed, their collateral sold at a counter {} below the feed while "
      "reserves are under {} {}; losses: reserves, then a hole carried",
      least == most ? percent(most, 2) : percent(least, 2) + " to " + percent(most, 2),
      format_number(a.terms.target_reserves, 3),
      world.assets[world.reserves[a.base].asset.value].name);
}

json counter_json(const Snapshot& world, std::uint32_t m) {
  const AbsorbingInfo& a = world.absorbing[static_cast<std::size_t>(world.markets[m].absorbs)];
  json factors = json::object();
  for (std::uint32_t i = a.first_counter; i < a.first_counter + a.counters; ++i) {
    const CounterInfo& c = world.counters[i];
    factors[world.assets[world.reserves[c.reserve].asset.value].name] = c.liquidation_factor;
  }
  return {{"target_reserves", a.terms.target_reserves},
          {"price_factor", a.terms.price_factor},
          {"liquidation_factors", factors},
          {"pays_gas", a.pays_gas}};
}

/// How debts of a cluster's vaults are taken over, and who bears what is left.
std::string cluster_text(const Snapshot& world, std::uint32_t m) {
  const ClusterInfo& cluster =
      world.clusters[static_cast<std::size_t>(world.markets[m].vault_cluster)];
  double most = 0;
  std::string carried;
  bool held = false;
  for (const ClusterVault& v : cluster.vaults) {
    if (v.emode < 0) continue;
    most = std::max(most, v.terms.max_discount);
    held = held || v.held != ClusterVault::none;
    if (v.terms.socialise) continue;
    carried +=
        (carried.empty() ? "" : ", ") + world.assets[world.reserves[v.reserve].asset.value].name;
  }
  return fmt::format(
      "debts taken over with the shares posted, at a discount of 1 - health up to {}{}; losses: "
      "shares of the vault owed{}",
      percent(most, 0), held ? ", by liquidators who may hold them" : ", by flash loans only",
      carried.empty() ? "" : fmt::format(" ({}: a hole carried)", carried));
}

/// How a market meets what its debtors cannot pay.
std::string meets_losses_text(const Snapshot& world, std::uint32_t m) {
  if (world.markets[m].house >= 0) return house_text(world, m);
  if (world.markets[m].absorbs >= 0) return counter_text(world, m);
  if (world.markets[m].vault_cluster >= 0) return cluster_text(world, m);
  return world.markets[m].troves >= 0 ? pool_text(world, m) : losses_text(world.markets[m].losses);
}

json pool_json(const Snapshot& world, std::uint32_t m) {
  if (world.markets[m].troves < 0) return nullptr;
  const TroveSystem& s = world.troves[static_cast<std::size_t>(world.markets[m].troves)];
  const auto limit = [](double x) { return std::isfinite(x) ? json(x) : json(nullptr); };
  return {{"coins", s.pool_coins},
          {"mcr", s.terms.mcr},
          {"ccr", s.terms.ccr},
          {"recovery_mode", s.terms.recovery},
          {"caller_share", s.terms.gas_share},
          {"pool_penalty", limit(s.terms.pool_penalty)},
          {"others_penalty", limit(s.terms.others_penalty)}};
}

/// The same as numbers; null where the market sells nothing at auction.
json house_json(const Snapshot& world, std::uint32_t m) {
  if (world.markets[m].house < 0) return nullptr;
  const AuctionHouse& h = world.houses[static_cast<std::size_t>(world.markets[m].house)];
  const DutchAuctionTerms& t = h.dutch;
  const auto limit = [](double units) {
    return std::isfinite(units) ? json(units) : json(nullptr);
  };
  return {{"kind", h.english ? "english" : "dutch"},
          {"system", world.systems[h.system].name},
          {"chop", t.chop - 1},
          {"dust", t.dust},
          {"hole", limit(t.hole)},
          {"system_hole", limit(world.systems[h.system].hole)},
          {"buf", t.buf},
          {"cut", t.decay.cut},
          {"step_s", t.decay.step_s},
          {"tail_s", t.tail_s},
          {"cusp", t.cusp},
          {"tip", t.tip},
          {"chip", t.chip},
          {"lump", limit(h.bite.lump)},
          {"dunk", limit(h.bite.dunk)},
          {"beg", h.bids.beg},
          {"ttl_s", h.bids.ttl_s},
          {"tau_s", h.bids.tau_s},
          {"bidders", h.bidders},
          {"mints_tokens", world.systems[h.system].mints}};
}

std::string served_text(const Snapshot& world, std::uint32_t m) {
  if (world.liquidator_of[m] < 0) return "nobody liquidates here";
  const LiquidatorInfo& l = world.liquidators[static_cast<std::size_t>(world.liquidator_of[m])];
  return fmt::format(
      "served by {} ({})", l.name,
      std::isfinite(l.capital_usd) ? format_usd(l.capital_usd) + " a round" : "flash-funded");
}

struct MarketSums {
  std::uint64_t accounts = 0;
  double debt_usd = 0;
};

std::vector<MarketSums> sum_markets(const Snapshot& world) {
  std::vector<MarketSums> out(world.markets.size());
  for (std::uint32_t p = 0; p < world.positions.size(); ++p) {
    const std::uint32_t m = world.positions[p].market.value;
    if (world.of_attacker(p) || is_escape(world, p)) continue;
    const double debt = view_account(world, p).debt_usd;
    out[m].accounts += debt > 0 ? 1 : 0;
    out[m].debt_usd += debt;
  }
  return out;
}

std::string cap_text(double cap, double in_use) {
  if (!std::isfinite(cap)) return "none";
  return fmt::format("{} ({} full)", format_number(cap, 3), percent(in_use / cap, 0));
}

/// The asset of a reserve, and the category whose terms these are, or that it lies in bands.
std::string reserve_name(const Snapshot& world, std::uint32_t r) {
  const Reserve& reserve = world.reserves[r];
  const std::string& asset = world.assets[reserve.asset.value].name;
  if (reserve.lies == Lies::in_bands) return asset + " in bands";
  if (reserve.emode < 0) return asset;
  const auto& emodes = world.markets[reserve.market.value].emodes;
  return asset + " (" + emodes[static_cast<std::size_t>(reserve.emode)].name + ")";
}

/// What a category's accounts may owe: "USDC, ETH".
std::string borrowable_text(const Snapshot& world, const Emode& emode) {
  std::vector<std::string> names;
  for (const std::uint32_t r : emode.borrowable) {
    names.push_back(world.assets[world.reserves[r].asset.value].name);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

/// Rules beyond terms: categories, isolation, scaled thresholds, who is staked.
void print_rules(const Snapshot& world, std::uint32_t m) {
  const Market& market = world.markets[m];
  if (market.vault_cluster >= 0) {
    fmt::print("  in brackets: at which terms debtors of that vault post shares of the first\n");
  }
  for (const Emode& e : market.emodes) {
    if (market.vault_cluster >= 0) break;
    fmt::print("  e-mode {}: its accounts owe {} only\n", e.name, borrowable_text(world, e));
  }
  if (market.hub.valid()) {
    fmt::print("  a spoke: its cash and lenders are those of {}\n",
               world.markets[market.hub.value].name);
  }
  for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
       ++r) {
    const Reserve& reserve = world.reserves[r];
    if (reserve.emode >= 0) continue;
    const std::string name = reserve_name(world, r);
    if (std::isfinite(reserve.draw_cap)) {
      fmt::print("  {}: {} may be drawn\n", name, format_number(reserve.draw_cap, 3));
    }
    if (reserve.isolation.isolated()) {
      fmt::print("  {}: isolated, {} of {} owed on it\n", name,
                 format_usd(world.opening.isolated_usd[r]),
                 format_usd(reserve.isolation.ceiling_usd));
    }
    if (reserve.isolation.siloed) fmt::print("  {}: siloed, owed alone or not at all\n", name);
    if (reserve.scaling.on()) {
      fmt::print(
          "  {}: thresholds down to {} of theirs while its feed swings more than {} a year\n", name,
          percent(reserve.scaling.floor, 0), percent(reserve.scaling.usual * std::sqrt(year_s), 0));
    }
    for (const SafetyModuleInfo& s : world.safety_modules) {
      if (s.reserve != r) continue;
      fmt::print("  {}: {} {} staked by {}{}, beyond a first {}\n", name, format_number(s.holds, 3),
                 s.claim ? "claims" : "units", s.name,
                 s.leaving > 0 ? fmt::format(" ({} leaving)", format_number(s.leaving, 3)) : "",
                 format_number(s.offset, 3));
    }
    const double deficit = world.opening.reserves[r].deficit;
    if (deficit > 0) fmt::print("  {}: deficit of {}\n", name, format_number(deficit, 3));
  }
}

void print_market(const Snapshot& world, std::uint32_t m, const MarketSums& sums) {
  const Market& market = world.markets[m];
  fmt::print("\n{}: {} {}, {} owed by {} accounts, legacy {}{}\n", market.name,
             format_usd(market.deposits_usd),
             world.reserves[market.first_reserve].minted ? "minted" : "lent in",
             format_usd(sums.debt_usd), thousands(sums.accounts), format_usd(market.legacy_usd),
             market.stand_in ? "   (stand-in until its own mechanism is built)" : "");
  fmt::print("  {}; {}\n", meets_losses_text(world, m), served_text(world, m));
  if (!market.note.empty()) fmt::print("  note: {}\n", market.note);
  TextTable table({{"reserve", true},
                   {"supplied"},
                   {"borrowed"},
                   {"used"},
                   {"pays"},
                   {"earns"},
                   {"cash"},
                   {"ltv"},
                   {"lt"},
                   {"bonus"},
                   {"supply cap"},
                   {"borrow cap"}});
  for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
       ++r) {
    const Reserve& reserve = world.reserves[r];
    if (reserve.lies == Lies::promised) continue;
    const ReserveRow row = reserve_row(world, r);
    const LendingTerms& t = reserve.terms;
    const bool posts = t.lt > 0;
    std::vector<std::string> cells{reserve_name(world, r), format_usd(row.supplied * row.usd)};
    if (reserve.emode >= 0) {
      cells = {cells[0], "shared", "-", "-", "-", "-", "-"};
    } else if (reserve.takes_debt) {
      cells.insert(cells.end(), {format_usd(row.borrowed * row.usd), percent(row.used, 1),
                                 percent(row.rates.borrow, 2), percent(row.rates.supply, 2),
                                 format_usd(row.cash * row.usd)});
    } else {
      cells.insert(cells.end(), {"-", "-", "-", "-", format_usd(row.cash * row.usd)});
    }
    cells.insert(cells.end(),
                 {posts ? percent(t.ltv, 1) : "-", posts ? percent(t.lt, 1) : "-",
                  posts ? percent(t.bonus, 1) : "-",
                  reserve.emode >= 0 ? "shared" : cap_text(reserve.supply_cap, row.supplied),
                  reserve.emode >= 0 ? "shared" : cap_text(reserve.borrow_cap, row.borrowed)});
    table.add(std::move(cells));
  }
  fmt::print("{}", table.text());
  print_rules(world, m);
}

json reserve_json(const Snapshot& world, std::uint32_t r) {
  const Reserve& reserve = world.reserves[r];
  const ReserveRow row = reserve_row(world, r);
  const LendingTerms& t = reserve.terms;
  const auto cap = [](double units) { return std::isfinite(units) ? json(units) : json(nullptr); };
  return {{"price_usd", row.usd},
          {"oracle", world.oracles[reserve.oracle.value].name},
          {"supplied", row.supplied},
          {"supplied_usd", row.supplied * row.usd},
          {"borrowed", row.borrowed},
          {"borrowed_usd", row.borrowed * row.usd},
          {"utilisation", row.used},
          {"borrow_rate", row.rates.borrow},
          {"supply_rate", row.rates.supply},
          {"cash", row.cash},
          {"ltv", t.ltv},
          {"lt", t.lt},
          {"bonus", t.bonus},
          {"close_factor", t.close_factor},
          {"protocol_fee", t.protocol_fee},
          {"seize_share", t.seize_share},
          {"lent", reserve.lent},
          {"takes_debt", reserve.takes_debt},
          {"deficit", world.opening.reserves[reserve.pot].deficit},
          {"supply_cap", cap(reserve.supply_cap)},
          {"borrow_cap", cap(reserve.borrow_cap)}};
}

json markets_json(const Inspection& in, const std::vector<MarketSums>& sums) {
  const Snapshot& world = in.world();
  json out{{"schema", 1}, {"name", world.name}, {"markets", json::object()}};
  for (const std::uint32_t m : in.markets) {
    const Market& market = world.markets[m];
    json entry{{"family", market.cluster},
               {"accounts", sums[m].accounts},
               {"debt_usd", sums[m].debt_usd},
               {"deposits_usd", market.deposits_usd},
               {"legacy_usd", market.legacy_usd},
               {"stand_in", market.stand_in},
               {"note", market.note},
               {"losses", losses_text(market.losses)},
               {"auction", house_json(world, m)},
               {"stability_pool", pool_json(world, m)},
               {"reserves", json::object()}};
    if (market.absorbs >= 0) entry["counter"] = counter_json(world, m);
    for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
         ++r) {
      const Reserve& reserve = world.reserves[r];
      if (reserve.lies == Lies::promised) continue;
      const std::string& asset = world.assets[reserve.asset.value].name;
      if (reserve.emode < 0) {
        entry["reserves"][reserve_name(world, r)] = reserve_json(world, r);
        continue;
      }
      const Emode& emode = market.emodes[static_cast<std::size_t>(reserve.emode)];
      entry["emodes"][emode.name]["collateral"][asset] = {
          {"ltv", reserve.terms.ltv}, {"lt", reserve.terms.lt}, {"bonus", reserve.terms.bonus}};
      entry["emodes"][emode.name]["borrow"] = borrowable_text(world, emode);
    }
    out["markets"][market.name] = std::move(entry);
  }
  return out;
}

}  // namespace

int inspect_venues(const Inspection& in) {
  std::vector<VenueRow> rows;
  for (std::uint32_t v = 0; v < in.world().venues.size(); ++v) {
    rows.push_back(venue_row(in.world(), VenueId{v}));
  }
  if (in.json()) {
    fmt::print("{}\n", venues_json(in.world(), rows).dump(2));
  } else {
    print_venues(in.world(), rows);
  }
  return 0;
}

int inspect_oracles(const Inspection& in) {
  if (in.json()) {
    fmt::print("{}\n", oracles_json(in.world()).dump(2));
  } else {
    print_oracles(in.world());
  }
  return 0;
}

int inspect_markets(const Inspection& in) {
  const std::vector<MarketSums> sums = sum_markets(in.world());
  if (in.json()) {
    fmt::print("{}\n", markets_json(in, sums).dump(2));
    return 0;
  }
  fmt::print("{}: {} market{} at the opening, at market prices; rates a year\n", in.world().name,
             in.markets.size(), in.markets.size() == 1 ? "" : "s");
  for (const std::uint32_t m : in.markets) print_market(in.world(), m, sums[m]);
  return 0;
}

}  // namespace faultline
