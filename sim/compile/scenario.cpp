#include "sim/compile/scenario.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/math.hpp"
#include "sim/agents/depositors.hpp"
#include "sim/agents/manipulation.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

struct ScenarioContext {
  const Snapshot& world;
  const EventSpec& event;
  Diagnostics& diagnostics;
  Scenario& out;

  void move(MoveKind kind, std::uint32_t target, double value) {
    out.moves.push_back({kind, target, value, timing_of(event)});
  }
};

/// No value of a pool's share is moved by itself; whether it is one.
bool refuse_share(ScenarioContext& c, AssetId a) {
  const std::int32_t s = c.world.assets[a.value].share;
  if (s < 0) return false;
  const PoolShare& share = c.world.shares[static_cast<std::size_t>(s)];
  const std::string& pool = c.world.venues[share.pool.value].name;
  c.diagnostics.error("E0668", c.event.written,
                      fmt::format("{} is worth what '{}' holds: it moves with that",
                                  c.world.assets[a.value].name, pool),
                      fmt::format("shock {} or {}, or let providers leave: `withdraw: {{{}: 30%}}`",
                                  c.world.assets[share.base.value].name,
                                  c.world.assets[share.quote.value].name, share.name));
  return true;
}

void move_price(ScenarioContext& c, AssetId a, const Move& m) {
  const AssetInfo& info = c.world.assets[a.value];
  if (refuse_share(c, a)) return;
  if (info.base.valid()) {
    const std::string& base = c.world.assets[info.base.value].name;
    c.diagnostics.error(
        "E0461", c.event.written,
        fmt::format("{} is a claim on {}: which of its values moves?", info.name, base),
        fmt::format("say `discount: {{{0}: 10%}}` (market only), `rate: {{{0}: -10%}}` (slashed), "
                    "`backing: {{{0}: 10%}}` (lost, not admitted), or shock {1}",
                    info.name, base));
    return;
  }
  if (std::isnan(c.world.opening.market.reference[a.value])) {
    c.diagnostics.error("E0462", c.event.written, info.name + " has no price to move",
                        "give it a price");
    return;
  }
  if (m.absolute) {
    c.move(MoveKind::level, a.value, m.value);
  } else if (m.value > -1) {
    c.move(MoveKind::price, a.value, math::log(1 + m.value));
  } else {
    c.diagnostics.error("E0463", c.event.written, "a price cannot fall by 100% or more",
                        "write a smaller fall, or a level such as $0.01");
  }
}

ExploitThen what_then(const std::string& then) {
  return then == "sell"   ? ExploitThen::sell
         : then == "hold" ? ExploitThen::hold
                          : ExploitThen::borrow_out;
}

void move_rate(ScenarioContext& c, AssetId a, const Move& m) {
  const AssetInfo& info = c.world.assets[a.value];
  if (!info.base.valid() || m.absolute || m.value <= -1) {
    c.diagnostics.error("E0464", c.event.written,
                        "a rate event re-rates a claim by a share: `rate: {stETH: -10%}`", "");
    return;
  }
  c.move(MoveKind::rate, a.value, math::log(1 + m.value));
}

/// Why nothing leaves `who`; `loans`: it names pools that hold loans' collateral.
void refuse_withdrawal(ScenarioContext& c, const std::string& who, bool loans) {
  if (loans) {
    c.diagnostics.error("E0586", c.event.written,
                        "the bands of '" + who + "' hold the collateral of loans",
                        "nobody else's depth is there to leave");
    return;
  }
  for (const Market& m : c.world.markets) {
    if (!m.hub.valid() || (who != m.name && !who.starts_with(m.name + "."))) continue;
    c.diagnostics.error("E0555", c.event.written, "nobody lends in '" + m.name + "' itself",
                        "it lends what the lenders of '" + c.world.markets[m.hub.value].name +
                            "' put in: name that");
    return;
  }
  if (who == "lps") {
    c.diagnostics.error("E0465", c.event.written, "no pool and no order book to withdraw from",
                        "declare one under venues");
    return;
  }
  std::vector<std::string_view> names{"lps", "depositors"};
  for (const VenueInfo& v : c.world.venues) names.push_back(v.name);
  for (const MakersInfo& m : c.world.makers) names.push_back(m.name);
  for (const FlowAgentInfo& a : c.world.flow_agents) {
    if (a.slot.kind == kind_index<CoinHolders>(FlowKinds{})) names.push_back(a.name);
  }
  for (const RedemptionDesk& desk : c.world.desks) names.push_back(desk.name);
  std::vector<std::string> lent;
  for (const DepositPlace& place : c.world.places) lent.push_back(place_name(c.world, place));
  for (const Market& m : c.world.markets) names.push_back(m.name);
  names.insert(names.end(), lent.begin(), lent.end());
  const std::string near = nearest_name(who, names);
  c.diagnostics.error("E0465", c.event.written,
                      "no venue and no market '" + who + "' to withdraw from",
                      near.empty() ? "name a venue, makers, a market, `market.ASSET`, a family of "
                                     "them, lps, or depositors"
                                   : "did you mean '" + near + "'?");
}

/// Whose depth a `withdraw` names: a venue's, a group's of makers, a family's, or `lps`: that of
/// every pool and book. Or who asks for their money: depositors of a vault, a market, a family; or
/// which holders of a coin sell, or of a claim hand it in.
void withdraw(ScenarioContext& c, const std::string& who, double share) {
  bool any = false, loans = false;
  for (const std::uint32_t place : places_named(c.world, who)) {
    c.move(MoveKind::deposits, place, share);
    any = true;
  }
  for (std::uint32_t v = 0; v < c.world.venues.size(); ++v) {
    const VenueInfo& venue = c.world.venues[v];
    const bool named = venue.name == who || venue.cluster == who;
    loans = loans || (named && venue.rests_loans);
    if (venue.rests_loans || venue.leaves()) continue;
    if (!named && !(who == "lps" && !venue.is_outside)) continue;
    c.move(MoveKind::withdraw, v, std::min(share, 1 - 0x1p-20));
    any = true;
  }
  for (std::uint32_t g = 0; g < c.world.makers.size(); ++g) {
    const MakersInfo& makers = c.world.makers[g];
    if (makers.name != who && makers.cluster != who) continue;
    c.move(MoveKind::makers, g, std::min(share, 1 - 0x1p-20));
    any = true;
  }
  for (std::uint32_t i = 0; i < c.world.flow_agents.size(); ++i) {
    const FlowAgentInfo& holders = c.world.flow_agents[i];
    if (holders.slot.kind != kind_index<CoinHolders>(FlowKinds{}) || holders.name != who) continue;
    c.move(MoveKind::sale, i, share);
    any = true;
  }
  for (std::uint32_t d = 0; d < c.world.desks.size(); ++d) {
    if (c.world.desks[d].name != who) continue;
    c.move(MoveKind::hand_in, d, share);
    any = true;
  }
  for (const PoolShare& s : c.world.shares) {  // of the shares that are with nobody else
    if (s.name != who) continue;
    const double free =
        c.world.opening.balances[s.holders.value] / c.world.total_supply[s.asset.value];
    c.move(MoveKind::withdraw, s.pool.value, std::min(share * free, 1 - 0x1p-20));
    any = true;
  }
  if (!any) refuse_withdrawal(c, who, loans);
}

/// Transactions on a chain cost so many times what they did.
void congest(ScenarioContext& c, const std::string& who, double times) {
  std::vector<std::string_view> names;
  for (std::uint32_t i = 0; i < c.world.chains.size(); ++i) {
    if (c.world.chains[i].name == who) return c.move(MoveKind::gas, i, times);
    names.push_back(c.world.chains[i].name);
  }
  const std::string near = nearest_name(who, names);
  c.diagnostics.error("E0498", c.event.written, "no chain '" + who + "'",
                      near.empty() ? "declare it under chains" : "did you mean '" + near + "'?");
}

/// Nobody trades at a venue, or a family of them, for so long.
void halt(ScenarioContext& c, const std::string& who, double lasts_s) {
  const EventSpec& e = c.event;
  if (e.over || e.lasts || e.back_by) {
    c.diagnostics.error("E0475", e.written, "a halt says itself how long it lasts",
                        "write `halt: {" + who + ": 5min}` without `over`, `for` and `back_by`");
    return;
  }
  bool any = false;
  for (std::uint32_t v = 0; v < c.world.venues.size(); ++v) {
    const VenueInfo& venue = c.world.venues[c.world.pool_of(VenueId{v}).value];
    if (venue.name != who && venue.cluster != who) continue;
    const double end = e.at.value + lasts_s;
    c.out.moves.push_back({MoveKind::halt, v, 1, {e.at.value, e.at.value, end, end}});
    any = true;
  }
  if (any) return;
  std::vector<std::string_view> names;
  for (const VenueInfo& v : c.world.venues) names.push_back(v.name);
  const std::string near = nearest_name(who, names);
  c.diagnostics.error(
      "E0476", e.written, "no venue '" + who + "' to halt",
      near.empty() ? "name a venue or a family of venues" : "did you mean '" + near + "'?");
}

/// LPs of one pool leave in one coin.
void leave(ScenarioContext& c, const std::string& who, const ExitSpec& exit) {
  const VenueId v = c.world.venue(who);
  if (!v.valid() || c.world.venues[v.value].leaves() || !exits_in_one_coin(c.world, v)) {
    std::string pools;
    for (std::uint32_t i = 0; i < c.world.venues.size(); ++i) {
      if (c.world.venues[i].leaves() || !exits_in_one_coin(c.world, VenueId{i})) continue;
      pools += (pools.empty() ? "" : ", ") + c.world.venues[i].name;
    }
    c.diagnostics.error("E0471", c.event.written, "nobody can leave '" + who + "' in one coin",
                        pools.empty()
                            ? "pools of constant product, weighted, StableSwap and crypto coins "
                              "allow it"
                            : "pools that allow it: " + pools);
    return;
  }
  const VenueInfo& venue = c.world.venues[v.value];
  const AssetId as = c.world.asset(exit.as.text);
  if (as != venue.base && as != venue.quote) {
    c.diagnostics.error("E0471", c.event.written, "'" + who + "' holds no " + exit.as.text,
                        "take " + c.world.assets[venue.base.value].name + " or " +
                            c.world.assets[venue.quote.value].name);
    return;
  }
  if (c.event.over || c.event.lasts || c.event.back_by) {
    c.diagnostics.error("E0471", c.event.written, "an exit happens at once and is not undone",
                        "leave out `over`, `for` and `back_by`; write several events");
    return;
  }
  c.move(as == venue.base ? MoveKind::exit_base : MoveKind::exit_quote, v.value, exit.share.value);
}

/// A reserve, as `pool.rsETH`, or every reserve of a market takes nothing new for so long; or part
/// of a coin's reserves, as `circle.svb`, is out of reach.
void freeze(ScenarioContext& c, const std::string& what, double lasts_s) {
  const EventSpec& e = c.event;
  if (e.over || e.lasts || e.back_by) {
    c.diagnostics.error("E0549", e.written, "a freeze says itself how long it lasts",
                        "write `freeze: {" + what + ": 4h}` without `over`, `for` and `back_by`");
    return;
  }
  bool any = false;
  std::vector<std::string> names;
  for (std::uint32_t r = 0; r < c.world.reserves.size(); ++r) {
    const Reserve& reserve = c.world.reserves[r];
    const Market& market = c.world.markets[reserve.market.value];
    if (reserve.emode >= 0 || market.perp >= 0) continue;
    names.push_back(market.name + "." + c.world.assets[reserve.asset.value].name);
    if (what != names.back() && what != market.name && what != market.cluster) continue;
    const double end = e.at.value + lasts_s;
    c.out.moves.push_back({MoveKind::freeze, r, 1, {e.at.value, e.at.value, end, end}});
    any = true;
  }
  for (std::uint32_t p = 0; p < c.world.reserve_parts.size(); ++p) {
    names.push_back(c.world.reserve_parts[p].name);
    if (what != names.back()) continue;
    const double end = e.at.value + lasts_s;
    c.out.moves.push_back({MoveKind::out_of_reach, p, 1, {e.at.value, e.at.value, end, end}});
    any = true;
  }
  if (any) return;
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::string near = nearest_name(what, views);
  c.diagnostics.error("E0548", e.written, "no reserve '" + what + "' to freeze",
                      near.empty() ? "write the market and the asset, as `pool.rsETH`"
                                   : "did you mean '" + near + "'?");
}

/// What an escrow holds is taken.
void drain(ScenarioContext& c, const std::string& who, const DrainSpec& spec) {
  const EventSpec& e = c.event;
  if (e.over || e.lasts || e.back_by) {
    c.diagnostics.error("E0641", e.written, "an escrow is drained at once and not filled again",
                        "leave out `over`, `for` and `back_by`; write several events");
    return;
  }
  std::vector<std::string_view> names;
  for (std::uint32_t d = 0; d < c.world.desks.size(); ++d) {
    const RedemptionDesk& desk = c.world.desks[d];
    if (!desk.bridge) continue;
    names.push_back(desk.name);
    if (desk.name != who) continue;
    const std::string& asset = c.world.assets[desk.asset.value].name;
    if (spec.takes && spec.takes->unit != asset) {
      c.diagnostics.error("E0642", e.written,
                          fmt::format("the escrow of '{}' holds {}, no {}", who, asset,
                                      spec.takes->unit == "$" ? "dollars" : spec.takes->unit),
                          fmt::format("write `takes: 1000 {}`, or a share of it", asset));
      return;
    }
    c.out.exploits.push_back({desk.asset, spec.takes ? spec.takes->value : 0, e.at.value,
                              what_then(spec.then), d, spec.share.value});
    return;
  }
  const std::string near = nearest_name(who, names);
  c.diagnostics.error("E0640", e.written, "no bridge '" + who + "' to drain",
                      names.empty()  ? "declare one under vaults: `kind: bridge`"
                      : near.empty() ? fmt::format("those there are: {}", fmt::join(names, ", "))
                                     : "did you mean '" + near + "'?");
}

/// The place of a feed's source by its name; no_source: it reads none of that name.
std::uint32_t source_of(const Snapshot& world, const OracleInfo& feed, const std::string& name) {
  for (std::uint32_t i = 0; i < feed.venues.size(); ++i) {
    if (world.venues[feed.venues[i].value].name == name) return i;
  }
  for (std::uint32_t i = 0; i < feed.feeds.size(); ++i) {
    if (world.oracles[feed.feeds[i].value].name == name)
      return i + static_cast<std::uint32_t>(feed.venues.size());
  }
  return no_source;
}

void diverge(ScenarioContext& c, OracleId o, const std::string& source, double off) {
  const OracleInfo& feed = c.world.oracles[o.value];
  const std::uint32_t place = source_of(c.world, feed, source);
  if (place == no_source) {
    c.diagnostics.error("E0466", c.event.written,
                        fmt::format("'{}' is no source of the oracle '{}'", source, feed.name),
                        "name a venue or feed it reads");
    return;
  }
  for (const ExogenousMove& m : c.out.moves) {
    if (m.kind != MoveKind::divergent || m.target != o.value || m.source == place) continue;
    c.diagnostics.error("E0466", c.event.written,
                        fmt::format("two sources of '{}' diverge", feed.name),
                        "let one of them, or move the venues");
    return;
  }
  c.move(MoveKind::divergent, o.value, off);
  c.out.moves.back().source = place;
}

void misplace_cap(ScenarioContext& c, OracleId o, double off) {
  const OracleInfo& feed = c.world.oracles[o.value];
  if (std::isinf(feed.params.growth_per_s)) {
    c.diagnostics.error("E0466", c.event.written,
                        fmt::format("the oracle '{}' has no growth cap", feed.name),
                        "give it one: `growth: 9.8%/y`");
    return;
  }
  c.move(MoveKind::cap, o.value, off);
}

void manipulate(ScenarioContext& c, OracleId o, double target) {
  const double held_s = c.event.lasts ? c.event.lasts->value : c.world.round_s;
  const double rounds = std::max(1.0, std::ceil(held_s / c.world.round_s));
  ManipulationPlan plan = plan_manipulation(c.world, o, target, rounds);
  if (!plan.problem.empty()) {
    c.diagnostics.error("E0466", c.event.written,
                        fmt::format("the oracle '{}' cannot be manipulated so: {}",
                                    c.world.oracles[o.value].name, plan.problem),
                        "`inspect ECO oracles` tells which can be moved, and at what cost");
    return;
  }
  const double start_s = c.event.at.value;
  c.out.manipulations.push_back(
      {o, target, start_s, start_s + rounds * c.world.round_s, std::move(plan.pushes)});
}

void break_feed(ScenarioContext& c, const std::string& name, const OracleFaultSpec& fault) {
  const OracleId o = c.world.oracle(name);
  if (!o.valid()) {
    c.diagnostics.error("E0466", c.event.written, "no market reads an oracle '" + name + "'",
                        "name an asset some market holds");
    return;
  }
  if (fault.latency) c.move(MoveKind::latency, o.value, fault.latency->value);
  if (fault.offset) c.move(MoveKind::offset, o.value, fault.offset->value);
  if (fault.frozen) c.move(MoveKind::frozen, o.value, 1);
  if (fault.outage) c.move(MoveKind::outage, o.value, 1);
  if (fault.stale) c.move(MoveKind::stale, o.value, 1);
  if (fault.cap) misplace_cap(c, o, fault.cap->value);
  if (fault.manipulated) manipulate(c, o, 1 + fault.manipulated->value);
  for (const auto& [source, off] : fault.divergent) diverge(c, o, source, off.value);
}

void follow(ScenarioContext& c, std::deque<FollowedPath>& paths) {
  if (c.out.path != nullptr) {
    c.diagnostics.error("E0467", c.event.written, "a scenario follows one path",
                        "put all assets into one file");
    return;
  }
  FollowedPath path;
  path.times_s = c.event.path_times_s;
  path.observed = c.event.path->kind == "observed";
  for (double& t : path.times_s) t += c.event.at.value;
  for (const auto& [asset, prices] : c.event.path_prices) {
    const AssetId a = c.world.asset(asset);
    if (c.world.assets[a.value].base.valid()) {
      c.diagnostics.error("E0470", c.event.written,
                          asset + " has a contract rate: its price follows from its base",
                          "let the path give the base, or use `discount`");
    }
    path.assets.push_back(a);
  }
  for (std::size_t i = 0; i < path.times_s.size(); ++i) {
    for (const auto& [asset, prices] : c.event.path_prices) path.prices.push_back(prices[i]);
  }
  paths.push_back(std::move(path));
  c.out.path = &paths.back();
}

void compile_event(ScenarioContext& c, const ResolveSet& resolve, std::deque<FollowedPath>& paths) {
  const EventSpec& e = c.event;
  for (const auto& [name, m] : e.price) move_price(c, c.world.asset(name), m);
  for (const auto& [name, m] : e.rate) move_rate(c, c.world.asset(name), m);
  const auto claim = [&](const std::string& name, MoveKind kind, double value) {
    const AssetId a = c.world.asset(name);
    if (refuse_share(c, a)) return;
    if (!c.world.assets[a.value].base.valid()) {
      c.diagnostics.error("E0468", e.written, name + " is no claim: it has no contract rate",
                          "say `price: {" + name + ": -10%}`");
      return;
    }
    c.move(kind, a.value, value);
  };
  for (const auto& [name, level] : e.discount) {
    const AssetId a = c.world.asset(name);
    if (c.world.assets[a.value].desk >= 0 && c.world.assets[a.value].pricing.valid()) {
      c.diagnostics.error(
          "E0638", e.written, name + " is worth what its venues pay for it: no discount moves that",
          "let holders sell or hand it in, or say what is lost or frozen behind it");
      continue;
    }
    claim(name, MoveKind::discount, level.value);
  }
  for (const auto& [name, share] : e.backing) claim(name, MoveKind::backing, share.value);
  for (const auto& [who, share] : e.withdraw) withdraw(c, who, share.value);
  for (const auto& [who, times] : e.gas) congest(c, who, times.value);
  for (const auto& [who, lasts] : e.halt) halt(c, who, lasts.value);
  for (const auto& [what, lasts] : e.freeze) freeze(c, what, lasts.value);
  for (const auto& [who, exit] : e.exit) leave(c, who, exit);
  for (const auto& [who, spec] : e.drain) drain(c, who, spec);
  for (const auto& [name, fault] : e.oracle) break_feed(c, name, fault);
  for (const auto& [path, text] : e.set) {
    for (SettingChange change : resolve(path, text.text, e.written)) {
      change.at_s = e.at.value;
      change.text = path + " to " + text.text;
      c.out.settings.push_back(change);
    }
  }
  if (e.exploit) {
    const AssetId a = c.world.asset(e.exploit->mint.unit);
    if (!a.valid()) {
      c.diagnostics.error("E0469", e.written, "an exploit mints units of an asset",
                          "write `mint: 1000 ETH`");
      return;
    }
    c.out.exploits.push_back({a, e.exploit->mint.value, e.at.value, what_then(e.exploit->then)});
  }
  if (e.path) follow(c, paths);
}

}  // namespace

Scenario compile_scenario(const Snapshot& world, const ScenarioSpec& spec,
                          const ResolveSet& resolve, std::deque<FollowedPath>& paths,
                          Diagnostics& diagnostics) {
  Scenario out;
  out.name = spec.name;
  for (const EventSpec& event : spec.events) {
    ScenarioContext c{world, event, diagnostics, out};
    compile_event(c, resolve, paths);
  }
  return out;
}

}  // namespace faultline
