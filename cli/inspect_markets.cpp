// `inspect markets`: the terms, use and rules of each market as the world opens.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/inspect_parts.hpp"
#include "cli/text_table.hpp"
#include "data/units.hpp"
#include "sim/agents/depositors.hpp"
#include "sim/liquidation_map.hpp"

namespace faultline {

namespace {

using nlohmann::json;

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
