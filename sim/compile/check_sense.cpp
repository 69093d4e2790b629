// What is legal but cannot be meant: thresholds that make every liquidation worsen the position,
// caps below debt, assets nobody can sell, accounts already in breach, delays below a round.
#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "protocols/margin/breach_search.hpp"
#include "sim/compile/context.hpp"
#include "sim/credit/band_loans.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

std::string reserve_path(const CompileContext& c, std::uint32_t r) {
  const Reserve& reserve = c.world.reserves[r];
  const Market& market = c.world.markets[reserve.market.value];
  if (market.vault_cluster >= 0) {
    const std::string path = "markets." + market.name + ".vaults.";
    const std::string& asset = c.world.assets[reserve.asset.value].name;
    return reserve.emode < 0 ? path + asset
                             : path + market.emodes[static_cast<std::size_t>(reserve.emode)].name +
                                   ".collateral." + asset;
  }
  if (reserve.emode >= 0) {
    return "markets." + market.name + ".emodes." +
           market.emodes[static_cast<std::size_t>(reserve.emode)].name;
  }
  if (market.absorbs >= 0) {
    const std::string path = "markets." + market.name;
    return reserve.lent ? path : path + ".collateral." + c.world.assets[reserve.asset.value].name;
  }
  const bool pooled = reserve.lent || market.reserve_count != 2;
  return "markets." + market.name +
         (pooled ? ".reserves." + c.world.assets[reserve.asset.value].name : std::string());
}

/// 345e9 is "345bn": as it may be written.
std::string format_units(double x) {
  const char* suffix = x >= 1e9 ? "bn" : x >= 1e6 ? "m" : x >= 1e3 ? "k" : "";
  const double by = x >= 1e9 ? 1e9 : x >= 1e6 ? 1e6 : x >= 1e3 ? 1e3 : 1;
  return fmt::format("{:.7g}{}", x / by, suffix);
}

void check_thresholds(CompileContext& c) {
  for (std::uint32_t r = 0; r < c.world.reserves.size(); ++r) {
    const LendingTerms& t = c.world.reserves[r].terms;
    if (c.world.markets[c.world.reserves[r].market.value].perp >= 0) continue;
    if (c.world.reserves[r].lies == Lies::promised) continue;
    const std::string path = reserve_path(c, r);
    // A discount that grows with the violation begins at nothing.
    if (!t.discount_grows && t.lt > 0 && t.lt * (1 + t.bonus) >= 1) {
      c.diagnostics.error(
          "E0501", c.at(path + ".lt"),
          fmt::format("every liquidation would worsen the position: {:.4g}% x {:.4g} = {:.3f} must "
                      "stay below 1",
                      100 * t.lt, 1 + t.bonus, t.lt * (1 + t.bonus)),
          fmt::format("bonus under {:.2f}%", 100 * (1 / t.lt - 1)));
    }
    if (t.ltv > t.lt) {
      c.diagnostics.error("E0502", c.at(path + ".ltv"),
                          fmt::format("one may borrow {:.4g}% but is liquidated at {:.4g}%",
                                      100 * t.ltv, 100 * t.lt),
                          "ltv must not exceed lt");
    }
  }
}

void check_caps(CompileContext& c) {
  for (std::uint32_t r = 0; r < c.world.reserves.size(); ++r) {
    const Reserve& reserve = c.world.reserves[r];
    const std::string& asset = c.world.assets[reserve.asset.value].name;
    if (c.borrowed[r] > reserve.draw_cap) {
      c.diagnostics.warning("W0548", c.at(reserve_path(c, r) + ".draw_cap"),
                            fmt::format("{:.6g} {} are drawn, above the cap of {:.6g}",
                                        c.borrowed[r], asset, reserve.draw_cap),
                            "caps only stop new debt");
    }
    if (!c.world.owns_pot(r)) continue;
    if (c.borrowed[r] > reserve.borrow_cap) {
      c.diagnostics.warning("W0503", c.at(reserve_path(c, r) + ".borrow_cap"),
                            fmt::format("{:.6g} {} are owed, above the cap of {:.6g}",
                                        c.borrowed[r], asset, reserve.borrow_cap),
                            "caps only stop new debt");
    }
    if (c.supplied[r] > reserve.supply_cap) {
      c.diagnostics.warning("W0504", c.at(reserve_path(c, r) + ".supply_cap"),
                            fmt::format("{:.6g} {} are supplied, above the cap of {:.6g}",
                                        c.supplied[r], asset, reserve.supply_cap),
                            "caps only stop new supply");
    }
  }
}

void check_saleable(CompileContext& c) {
  std::set<std::uint32_t> told;
  for (std::uint32_t r = 0; r < c.world.reserves.size(); ++r) {
    const Reserve& reserve = c.world.reserves[r];
    const AssetInfo& asset = c.world.assets[reserve.asset.value];
    if (reserve.contract || reserve.terms.lt <= 0 || asset.illiquid ||
        reserve.asset == c.world.numeraire)
      continue;
    if (!c.world.exits[reserve.asset.value].empty() || c.posted[r] == 0) continue;
    if (!told.insert(reserve.asset.value).second) continue;
    c.diagnostics.warning(
        "W0505", c.at("assets." + asset.name),
        fmt::format("nobody can sell {0}, so nobody will liquidate it", asset.name),
        "give it a venue or a redemption, or say `illiquid: yes`");
  }
}

void check_breaches(CompileContext& c) {
  Snapshot& world = c.world;
  Positions positions(*world.book);
  std::vector<std::uint32_t> breached;
  reference_scan(*world.book, positions, world.opening.factors, breached);
  std::vector<double> usd(world.markets.size(), 0);
  std::vector<std::size_t> count(world.markets.size(), 0);
  for (const std::uint32_t p : breached) {
    const std::uint32_t m = world.positions[p].market.value;
    if (world.markets[m].bands >= 0 && !loan_fails_at_opening(world, p)) continue;
    ++count[m];
    for (std::uint32_t leg = world.book->collateral_legs(p); leg < world.book->legs(p); ++leg) {
      usd[m] += world.book->base_amount(p, leg) * world.opening.factors[world.book->factor(p, leg)];
    }
  }
  for (std::uint32_t m = 0; m < world.markets.size(); ++m) {
    if (count[m] == 0) continue;
    c.diagnostics.warning("W0506", c.at("markets." + world.markets[m].name),
                          fmt::format("{} accounts of '{}' owe ${:.0f} in breach before any shock",
                                      count[m], world.markets[m].name, usd[m]),
                          "shown as legacy, kept out of every result");
  }
}

/// Venues that stand outside each other's fee bands at the start.
void check_agreement(CompileContext& c) {
  const Snapshot& world = c.world;
  for (std::uint32_t v = 0; v < world.venues.size(); ++v) {
    const VenueInfo& venue = world.venues[v];
    if (venue.is_outside || venue.priced_by_oracle || venue.leaves()) continue;
    const double price = venue_marginal(world, world.opening.venues, VenueId{v});
    const double reference = c.reference(venue.base) / c.reference(venue.quote);
    const double fee = venue_fee(world, world.opening.venues, VenueId{v});
    const double gap = price / reference - 1;
    if (std::fabs(gap) <= fee + 1e-12) continue;
    c.diagnostics.note(
        "N0507", c.at("venues." + venue.name),
        fmt::format("'{}' opens {:+.2f}% off the reference, beyond its fee of {:.2f}%", venue.name,
                    100 * gap, 100 * fee),
        "arbitrageurs will trade in the first round");
  }
}

void check_delays(CompileContext& c) {
  for (const OracleInfo& o : c.world.oracles) {
    const double latency = o.params.latency_s;
    if (o.params.live) continue;
    if (latency > 0 && latency < c.world.round_s) {
      c.diagnostics.note("N0508", c.at("oracles." + o.name + ".latency"),
                         fmt::format("the {:.4g} s latency of '{}' counts as one round of {:.4g} s",
                                     latency, o.name, c.world.round_s),
                         fmt::format("`round: {:.4g}s` would show it", latency));
    }
  }
  for (const FlowAgentInfo& a : c.world.flow_agents) {
    for (const auto& [delay, field] : {std::pair{a.latency_s, "latency"}, {a.every_s, "every"}}) {
      if (!(delay > 0 && delay < c.world.round_s)) continue;
      c.diagnostics.note("N0508", c.at("agents." + a.name + "." + field),
                         fmt::format("`{}` of '{}', {:.4g} s, counts as one round of {:.4g} s",
                                     field, a.name, delay, c.world.round_s),
                         fmt::format("`round: {:.4g}s` would show it", delay));
    }
  }
}

/// What is minted without end outgrows the quanta chosen for the supply of the opening.
void check_growth(CompileContext& c) {
  for (const AlgorithmicCoin& coin : c.world.coins) {
    const AssetInfo& token = c.world.assets[coin.token.value];
    if (c.nodes.assets[coin.token.value].spec.max_supply) continue;
    c.diagnostics.warning(
        "W0599", c.at("assets." + token.name),
        fmt::format("{} declares no max_supply, and '{}' may mint it without end", token.name,
                    coin.name),
        fmt::format("`max_supply: {} {}` lets it be counted when the price falls a thousandfold",
                    format_units(1000 * token.supply), token.name));
  }
}

/// What was reported of markets and reserves names some of this world.
void check_reported(CompileContext& c) {
  std::vector<std::string> markets, reserves, vaults, lenders{"depositors"};
  for (const Market& m : c.world.markets) {
    markets.push_back(m.name);
    lenders.insert(lenders.end(), {m.name, m.cluster});
  }
  for (const CuratedVaultInfo& v : c.world.vaults) {
    vaults.push_back(v.name);
    lenders.insert(lenders.end(), {v.name, v.cluster});
  }
  for (const DepositorsInfo& d : c.world.depositors) lenders.push_back(d.name);
  for (const Reserve& r : c.world.reserves) {
    if (!r.lent) continue;
    reserves.push_back(c.world.markets[r.market.value].name + "." +
                       c.world.assets[r.asset.value].name);
  }
  std::vector<std::string> buyers, coins;
  for (const CheapBuyersInfo& b : c.world.cheap_buyers) buyers.push_back(b.name);
  for (const AssetInfo& a : c.world.assets) {
    if (a.algorithmic) coins.push_back(a.name);
  }
  const auto check = [&](const std::string& path, const std::string& name,
                         const std::vector<std::string>& known) {
    if (std::find(known.begin(), known.end(), name) != known.end()) return;
    const std::vector<std::string_view> names(known.begin(), known.end());
    const std::string near = nearest_name(name, names);
    c.diagnostics.error("E0214", c.at(path + "." + name), "nothing is called '" + name + "' here",
                        near.empty()
                            ? "write a market, market.ASSET for one of its reserves, or a vault"
                            : "did you mean '" + near + "'?");
  };
  for (const auto& [scenario, told] : c.eco.reported) {
    const std::string path = "reported." + scenario;
    for (const auto& [name, x] : told.full_after) check(path + ".full_after", name, reserves);
    for (const auto& [name, x] : told.nearly_full_for) {
      check(path + ".nearly_full_for", name, reserves);
    }
    for (const auto& [name, x] : told.withdrawn) check(path + ".withdrawn", name, markets);
    for (const auto& [name, x] : told.bad_debt) check(path + ".bad_debt", name, markets);
    for (const auto& [name, x] : told.liquidations) check(path + ".liquidations", name, markets);
    for (const auto& [name, x] : told.stayers_lose) check(path + ".stayers_lose", name, vaults);
    for (const auto& [name, x] : told.outflow) check(path + ".outflow", name, lenders);
    for (const auto& [name, x] : told.full_rate_grows) {
      check(path + ".full_rate_grows", name, reserves);
    }
    for (const auto& [name, x] : told.drained) check(path + ".drained", name, markets);
    for (const auto& [name, x] : told.overvaluation) check(path + ".overvaluation", name, buyers);
    for (const auto& [name, x] : told.supply_growth) check(path + ".supply_growth", name, coins);
    for (const auto& [name, x] : told.supply) {
      check(path + ".supply", name.substr(0, name.rfind('.')), coins);
    }
  }
}

}  // namespace

void check_sense(CompileContext& c) {
  check_reported(c);
  check_thresholds(c);
  check_caps(c);
  check_saleable(c);
  check_breaches(c);
  check_agreement(c);
  check_delays(c);
  check_growth(c);
}

}  // namespace faultline
