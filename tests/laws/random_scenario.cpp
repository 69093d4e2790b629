// Random scenarios over every verb of EventSpec, compiled the way a file's are.
#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "tests/laws/random_ecosystem.hpp"
#include "tests/laws/vary.hpp"

namespace faultline::laws {

namespace {

struct Stage {
  Draw& draw;
  const Ecosystem& eco;
  std::string_view prefix;

  bool mine(const std::string& name) const { return name.starts_with(prefix); }
  template <class Nodes>
  std::vector<std::string> names(const Nodes& nodes) const {
    std::vector<std::string> out;
    for (const auto& n : nodes) {
      if (mine(n.name)) out.push_back(n.name);
    }
    return out;
  }
  std::vector<std::string> assets(bool claims) const {
    std::vector<std::string> out;
    for (const auto& a : eco.assets) {
      if (a.spec.contract || !a.spec.beside.empty()) continue;
      if (mine(a.name) && a.spec.rate.has_value() == claims) out.push_back(a.name);
    }
    return out;
  }
  double horizon() const { return eco.clock.horizon.value; }
};

void price(Stage& s, EventSpec& e) {
  for (const auto& node : s.eco.assets) {
    if (!s.mine(node.name) || !node.spec.price || s.draw.chance(0.5)) continue;
    const double change = s.draw.between(-0.6, 0.3);
    e.price[node.name] = s.draw.chance(0.7) ? Move{change, false}
                                            : Move{node.spec.price->value * (1 + change), true};
  }
}

/// Whether somebody takes a claim back in his own time: its venues say what it is worth.
bool taken_back(const Ecosystem& eco, const std::string& claim) {
  const auto issues = [&](const auto& node) { return node.spec.issues.text == claim; };
  return std::any_of(eco.bridges.begin(), eco.bridges.end(), issues) ||
         std::any_of(eco.fiat_coins.begin(), eco.fiat_coins.end(), issues);
}

template <class Set>
void to_claims(Stage& s, Set set) {
  for (const std::string& a : s.assets(true)) {
    if (s.draw.chance(0.7)) set(a);
  }
}
void rate(Stage& s, EventSpec& e) {
  to_claims(s, [&](const std::string& a) { e.rate[a] = {s.draw.between(-0.4, 0.1), false}; });
}
void discount(Stage& s, EventSpec& e) {
  to_claims(s, [&](const std::string& a) {
    if (!taken_back(s.eco, a)) e.discount[a] = {s.draw.between(0, 0.5)};
  });
}
void backing(Stage& s, EventSpec& e) {
  to_claims(s, [&](const std::string& a) { e.backing[a] = {s.draw.between(0, 0.8)}; });
}

void withdraw(Stage& s, EventSpec& e) {
  std::vector<std::string> who = s.names(s.eco.venues);
  std::erase_if(who, [](const std::string& name) { return name.ends_with(".bands"); });  // loans'
  const bool pools = std::any_of(s.eco.venues.begin(), s.eco.venues.end(), [](const auto& v) {
    return !std::holds_alternative<Outside::Spec>(v.spec.spec) && !v.name.ends_with(".bands");
  });
  if (s.prefix.empty() && pools) who.push_back("lps");
  for (const auto& a : s.eco.agents) {
    const bool leave = std::holds_alternative<MakerSpec>(a.spec) ||
                       std::holds_alternative<CoinHolders::Spec>(a.spec);
    if (s.mine(a.name) && leave) who.push_back(a.name);
  }
  const std::vector<std::string> vaults = s.names(s.eco.curated);
  if (!vaults.empty() && s.draw.chance(0.5)) {
    e.withdraw[s.draw.pick(vaults)] = {s.draw.chance(0.2) ? 1 : s.draw.between(0, 1)};
    return;
  }
  for (const auto& m : s.eco.markets) {  // lenders ask for their money
    if (!s.mine(m.name)) continue;
    if (std::holds_alternative<IsolatedMarket::Spec>(m.spec.spec)) who.push_back(m.name);
    const auto* pool = std::get_if<PooledLending::Spec>(&m.spec.spec);
    if (pool != nullptr && !pool->shares_cash_with) {  // a spoke has no lenders of its own
      who.push_back(m.name);
      who.push_back(m.name + "." + pool->reserves.begin()->first);
    }
  }
  if (!who.empty()) e.withdraw[s.draw.pick(who)] = {s.draw.between(0, 1)};
}

/// From pools that pay it, of any depth; at once.
void exit(Stage& s, EventSpec& e) {
  std::vector<std::pair<std::string, Pair>> pools;
  const std::vector<std::string> own = s.names(s.eco.venues);
  for (const auto& v : s.eco.venues) {
    if (std::find(own.begin(), own.end(), v.name) == own.end()) continue;
    std::visit(
        [&]<class Spec>(const Spec& spec) {
          if constexpr (std::is_same_v<Spec, StableSwap::Spec> ||
                        std::is_same_v<Spec, WeightedPool::Spec> ||
                        std::is_same_v<Spec, CryptoPool::Spec>) {
            pools.push_back({v.name, spec.pair});
          }
        },
        v.spec.spec);
  }
  if (pools.empty()) return;
  const auto& [name, pair] = s.draw.pick(pools);
  e.exit[name] = {Ratio{s.draw.between(0, 0.6)}, Name{s.draw.chance(0.5) ? pair.base : pair.quote}};
  e.over.reset();
  e.lasts.reset();
  e.back_by.reset();
}

void halt(Stage& s, EventSpec& e) {
  e.over = e.lasts = e.back_by = {};
  const std::vector<std::string> venues = s.names(s.eco.venues);
  if (!venues.empty()) e.halt[s.draw.pick(venues)] = {s.draw.between(0.01, 0.3) * s.horizon()};
}

void freeze(Stage& s, EventSpec& e) {
  e.over = e.lasts = e.back_by = {};
  for (const auto& m : s.eco.markets) {
    const auto* pool = std::get_if<PooledLending::Spec>(&m.spec.spec);
    if (pool == nullptr || !s.mine(m.name) || s.draw.chance(0.5)) continue;
    const std::string& asset = pool->reserves.begin()->first;
    e.freeze[s.draw.chance(0.5) ? m.name : m.name + "." + asset] = {s.draw.between(0.01, 0.3) *
                                                                    s.horizon()};
  }
}

void gas(Stage& s, EventSpec& e) {
  const std::vector<std::string> chains = s.names(s.eco.chains);
  if (!chains.empty()) e.gas[s.draw.pick(chains)] = {s.draw.log_between(0.1, 30)};
}

/// Feeds that exist for certain: those declared.
void oracle(Stage& s, EventSpec& e) {
  const std::vector<std::string> feeds = s.names(s.eco.oracles);
  if (feeds.empty()) return;
  OracleFaultSpec& f = e.oracle[s.draw.pick(feeds)];
  if (s.draw.chance(0.3)) f.latency = Seconds{s.draw.between(0, 600)};
  if (s.draw.chance(0.4)) f.offset = Ratio{s.draw.between(-0.4, 0.4)};
  f.frozen = s.draw.chance(0.3);
  f.outage = s.draw.chance(0.2);
  f.stale = s.draw.chance(0.2);
  for (const auto& node : s.eco.oracles) {
    if (node.name != e.oracle.begin()->first) continue;
    if (node.spec.growth && s.draw.chance(0.5)) f.cap = Ratio{s.draw.between(-0.3, 0.1)};
    const FeedSpec& f0 = node.spec;
    const bool plain =
        !f0.min && !f0.max && !f0.max_jump && !f0.growth && !f0.twap && !f0.ema && !f0.half_life;
    if (f0.venue && plain && s.draw.chance(0.4)) f.manipulated = Ratio{s.draw.between(-0.3, 0.3)};
    if (node.spec.venue && s.draw.chance(0.3)) {
      f.divergent[node.spec.venue->text] = {s.draw.between(-0.3, 0.3)};
    }
  }
}

/// One to three settings, each a seed that `resolve` turns into a change of some kind.
void set(Stage& s, EventSpec& e) {
  for (std::size_t i = 0; i < 1 + s.draw.below(3); ++i) {
    e.set[std::to_string(s.draw.below(1u << 30))] = {std::string(s.prefix)};
  }
}

void exploit(Stage& s, EventSpec& e) {
  const std::string asset = s.draw.pick(s.names(s.eco.assets));
  if (!s.eco.exploitable.contains(asset)) return;
  ExploitSpec spec;
  vary(spec, s.draw);
  double price = 1;
  for (const auto& a : s.eco.assets) {
    if (a.name == asset && a.spec.price) price = a.spec.price->value;
  }
  spec.mint = {s.draw.log_between(1e3, 1e7) / price, asset};
  e.exploit = spec;
}

void path(Stage& s, EventSpec& e) {
  PathSpec spec;
  vary(spec, s.draw);
  spec.file = "drawn";
  e.path = spec;
  const int points = 6;
  for (int i = 0; i < points; ++i) e.path_times_s.push_back(s.horizon() * i / points);
  for (const auto& node : s.eco.assets) {
    if (!s.mine(node.name) || !node.spec.price) continue;
    double at = node.spec.price->value;
    std::vector<double>& prices = e.path_prices[node.name];
    for (int i = 0; i < points; ++i) prices.push_back(at *= s.draw.between(0.8, 1.1));
  }
}

/// What happens to claims that somebody takes back.
void drain(Stage& s, EventSpec& e) {
  const std::vector<std::string> bridges = s.names(s.eco.bridges);
  if (bridges.empty()) return;
  DrainSpec& spec = e.drain[s.draw.pick(bridges)];
  vary(spec, s.draw);
  spec.share.value = s.draw.between(0, 1);
}
void hand_in(Stage& s, EventSpec& e) {
  std::vector<std::string> desks = s.names(s.eco.bridges);
  for (const std::string& coin : s.names(s.eco.fiat_coins)) desks.push_back(coin);
  if (!desks.empty()) e.withdraw[s.draw.pick(desks)] = {s.draw.between(0, 0.5)};
  if (s.draw.chance(0.3)) e.lasts = Seconds{s.draw.between(0.1, 0.3) * s.horizon()};
}
void freeze_reserves(Stage& s, EventSpec& e) {
  for (const auto& coin : s.eco.fiat_coins) {
    if (!s.mine(coin.name) || coin.spec.reserves.empty()) continue;
    e.freeze[coin.name + "." + coin.spec.reserves.begin()->first] = {s.draw.between(0.01, 0.5) *
                                                                     s.horizon()};
  }
}

using What = SettingChange::What;
constexpr std::array<What, 12> settable{What::feed,
                                        What::reserve,
                                        What::venue,
                                        What::perp,
                                        What::depositors,
                                        What::liquidator_capital,
                                        What::liquidator_gas,
                                        What::arbitrageur_capital,
                                        What::arbitrageur_latency,
                                        What::arbitrageur_gas,
                                        What::coin,
                                        What::book_size};

/// The first of `nodes`, from a drawn place on, whose name begins with the prefix.
template <class Nodes, class NameOf>
std::optional<std::uint32_t> any_of(Draw& draw, const Nodes& nodes, const std::string& prefix,
                                    NameOf name_of) {
  if (nodes.empty()) return std::nullopt;
  const std::size_t from = draw.below(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const std::size_t at = (from + i) % nodes.size();
    if (std::string_view(name_of(nodes[at])).starts_with(prefix)) {
      return static_cast<std::uint32_t>(at);
    }
  }
  return std::nullopt;
}

/// Draws one change of the given kind; false where the world has nothing to change. A kind of
/// setting without a case does not compile.
bool change_of(const Snapshot& world, Draw& draw, const std::string& prefix, SettingChange& c) {
  const auto name = [](const auto& node) -> const std::string& { return node.name; };
  const auto market_name = [&](const Reserve& r) -> const std::string& {
    return world.markets[r.market.value].name;
  };
  std::optional<std::uint32_t> target;
  switch (c.what) {
    case What::feed:
      target = any_of(draw, world.oracles, prefix, name);
      if (!target) return false;
      c.feed_other = c.feed = world.oracles[*target].params;
      c.feed.deviation = draw.between(0, 0.05);
      c.feed.latency_s = draw.between(0, 200);
      c.feed.max_age_s = draw.log_between(60, 1e5);
      break;
    case What::reserve:
      target = any_of(draw, world.reserves, prefix, market_name);
      if (!target) return false;
      c.reserve_other = c.reserve = world.reserves[*target];
      c.reserve.terms.lt *= draw.between(0.8, 1);
      c.reserve.terms.ltv = std::min(c.reserve.terms.ltv, c.reserve.terms.lt);
      c.reserve.terms.bonus *= draw.between(0, 1.05);
      c.reserve.supply_cap *= draw.between(0, 2);
      c.reserve.rate.slope1 *= draw.between(0, 3);
      break;
    case What::venue:
      target = any_of(draw, world.venues, prefix, name);
      c.venue.fee = draw.between(0, 0.05);
      c.venue.refill_s = draw.between(1, 300);
      break;
    case What::perp:
      target = any_of(draw, world.perps, prefix, [&](const PerpVenue& v) -> const std::string& {
        return world.markets[v.market.value].name;
      });
      if (!target) return false;
      c.perp_other = c.perp = world.perps[*target].rules;
      c.perp.adl.rank = static_cast<AdlRank>(draw.below(6));
      c.perp.adl.price = static_cast<AdlPrice>(draw.below(3));
      c.perp.liquidation.slice = draw.between(0.05, 1);
      c.perp.liquidation.cooldown_s = draw.between(0, 120);
      break;
    case What::depositors:
      target = any_of(draw, world.depositors, prefix, name);
      if (!target) return false;
      c.depositors_other = c.depositors = world.depositors[*target].rules;
      c.depositors.reacts *= draw.between(0, 1);
      c.depositors.within_s *= draw.log_between(0.3, 3);
      c.depositors.full *= draw.between(0.5, 1);
      break;
    case What::coin:
      target = any_of(draw, world.coins, prefix, name);
      if (!target) return false;
      c.coin_other = c.coin = world.coins[*target].terms;
      c.coin.pools.period = draw.log_between(1, 100);
      c.coin.pools.least_spread = draw.between(0, 0.2);
      c.coin.redeems = draw.chance(0.5);
      break;
    case What::liquidator_capital:
    case What::liquidator_gas:
      target = any_of(draw, world.liquidators, prefix, name);
      c.value = draw.log_between(1, c.what == What::liquidator_gas ? 500 : 1e6);
      break;
    case What::arbitrageur_capital:
    case What::arbitrageur_latency:
    case What::arbitrageur_gas:
      target = any_of(draw, world.arbitrageurs, prefix, name);
      c.value = draw.log_between(1, c.what == What::arbitrageur_capital ? 1e6 : 300);
      break;
    case What::book_size: {
      std::vector<FlowAgentInfo> dealers;
      for (const FlowAgentInfo& a : world.flow_agents) {
        if (a.slot.kind == kind_index<OptionDealers>(FlowKinds{})) dealers.push_back(a);
      }
      target = any_of(draw, dealers, prefix, name);
      for (std::uint32_t i = 0; target && i < world.flow_agents.size(); ++i) {
        if (world.flow_agents[i].name != dealers[*target].name) continue;
        target = i;
        break;
      }
      c.value = draw.between(-2, 2);
      break;
    }
  }
  c.target = target.value_or(0);
  return target.has_value();
}

ResolveSet resolver(const Snapshot& world) {
  return [&world](const std::string& seed, const std::string& prefix, Span) {
    Draw draw(std::stoull(seed));
    SettingChange change;
    change.what = settable[draw.below(settable.size())];
    std::vector<SettingChange> out;
    if (change_of(world, draw, prefix, change)) out.push_back(change);
    return out;
  };
}

struct Verb {
  std::string_view name;
  void (*draw)(Stage&, EventSpec&);
};
constexpr std::array<Verb, 13> verbs{
    Verb{"price", price},   {"rate", rate},       {"discount", discount}, {"backing", backing},
    {"withdraw", withdraw}, {"halt", halt},       {"exit", exit},         {"oracle", oracle},
    {"set", set},           {"exploit", exploit}, {"path", path},         {"gas", gas},
    Verb{"freeze", freeze}};

/// Of claims, from a stream of their own, in worlds that have them.
constexpr std::array<Verb, 3> claim_verbs{Verb{"drain", drain}, Verb{"withdraw", hand_in},
                                          Verb{"freeze", freeze_reserves}};

struct FieldNames {
  std::vector<std::string> names;
  template <class T>
  void operator()(std::string_view name, T&, const Field&) {
    names.emplace_back(name);
  }
};

std::string findings(const Diagnostics& diagnostics) {
  std::string out;
  for (const Diagnostic& d : diagnostics.all()) {
    if (d.severity == Severity::error) out += d.code + " " + d.message + "; " + d.remedy + "\n";
  }
  return out;
}

}  // namespace

std::vector<std::string> declared_verbs() {
  EventSpec event;
  FieldNames visitor;
  event.fields(visitor);
  std::erase_if(visitor.names, [](const std::string& n) {
    return n == "at" || n == "over" || n == "for" || n == "back_by";
  });
  std::sort(visitor.names.begin(), visitor.names.end());
  return visitor.names;
}

std::vector<std::string> generated_verbs() {
  std::vector<std::string> out;
  for (const Verb& v : verbs) out.emplace_back(v.name);
  out.emplace_back(claim_verbs[0].name);
  std::sort(out.begin(), out.end());
  return out;
}

ScenarioSpec random_scenario(const Ecosystem& eco, const Options& options,
                             std::string_view prefix) {
  Draw draw(options.seed ^ 0xabcdef);
  Stage s{draw, eco, prefix};
  ScenarioSpec spec;
  spec.name = "drawn";
  bool followed = false;
  const std::size_t events = 1 + draw.below(4);
  for (std::size_t i = 0; i < events; ++i) {
    EventSpec e;
    const Verb& verb = i == 0 && draw.chance(0.6) ? verbs[0] : verbs[draw.below(verbs.size())];
    if (verb.name == "path" && std::exchange(followed, true)) continue;
    e.at.value = s.horizon() * draw.between(0, 0.5);
    if (draw.chance(0.5)) e.over = Seconds{s.horizon() * draw.between(0, 0.2)};
    if (draw.chance(0.2)) e.lasts = Seconds{s.horizon() * draw.between(0.2, 0.4)};
    if (!e.lasts && draw.chance(0.2)) e.back_by = Seconds{e.at.value + s.horizon() * 0.4};
    verb.draw(s, e);
    spec.events.push_back(std::move(e));
  }
  if (eco.bridges.empty() && eco.fiat_coins.empty()) return spec;
  Draw claims(options.seed ^ 0xc1a1);
  Stage own{claims, eco, prefix};
  for (const Verb& verb : claim_verbs) {
    if (claims.chance(0.5)) continue;
    EventSpec e;
    e.at.value = own.horizon() * claims.between(0, 0.5);
    verb.draw(own, e);
    spec.events.push_back(std::move(e));
  }
  return spec;
}

Case::Case(Ecosystem ecosystem, const ScenarioSpec& spec) : eco(std::move(ecosystem)) {
  Diagnostics diagnostics;
  eco.scenarios.push_back(spec);
  world = compile(eco, diagnostics, {});
  if (diagnostics.failed()) throw std::runtime_error(findings(diagnostics));
  scenario = compile_scenario(world, spec, resolver(world), paths, diagnostics);
  if (diagnostics.failed()) throw std::runtime_error(findings(diagnostics));
}

Case::Case(const Options& options)
    : Case(random_ecosystem(options), random_scenario(random_ecosystem(options), options)) {}

}  // namespace faultline::laws
