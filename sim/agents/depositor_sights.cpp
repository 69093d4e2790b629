// What lenders who watch see: trouble of their own market or vault, and what they hear of others.
//   own      hole, deficit, depeg, full: of the place itself
//   hearsay  the same collateral (`fear`), the same curator, the same asset: the largest share wins
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/agents/deposit_places.hpp"
#include "sim/agents/depositors.hpp"
#include "sim/claims/curated_vaults.hpp"
#include "sim/readings.hpp"

namespace faultline {

namespace {

constexpr std::uint32_t nowhere = VaultPlace::none;

/// Market value of an asset below what its code pays, or what a feed says of it: a share.
double depeg(const Snapshot& world, const MarketState& market, AssetId a, OracleId feed) {
  const AssetInfo& info = world.assets[a.value];
  double stated = market.published[feed.value];
  if (info.base.valid()) {
    const double contract = market.contract_rate[a.value] * market.spot[info.base.value];
    stated = stated > contract ? stated : contract;
  }
  return stated > 0 ? 1 - market.spot[a.value] / stated : 0;
}

/// The collateral most of a market's hole stands against, at market value.
AssetId hole_asset(const Snapshot& world, const Workspace& w, std::uint32_t m) {
  const Market& market = world.markets[m];
  AssetId most = AssetId::none();
  double usd = 0;
  for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
       ++r) {
    const std::uint32_t f = world.reserves[r].collateral_factor;
    const double held = w.hollow.units[f] * w.market_factors[f];
    if (!(held > usd)) continue;
    usd = held;
    most = world.reserves[r].asset;
  }
  return most;
}

/// Whether something a market lends or takes trades below what it is said to be worth, by more
/// than at the opening.
MarketSight look_for_depeg(const Snapshot& world, const Workspace& w, const DepositorRules& rules,
                           const Market& market) {
  for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
       ++r) {
    const Reserve& reserve = world.reserves[r];
    if (!reserve.lent && !(reserve.terms.lt > 0)) continue;
    const double gap = depeg(world, w.market, reserve.asset, reserve.oracle) -
                       depeg(world, world.opening.market, reserve.asset, reserve.oracle);
    if (gap > rules.depeg)
      return {"{1} trades {0:.2g}% below its stated value", gap, reserve.asset};
  }
  return {};
}

/// What anybody can see of a market.
MarketSight look(const Snapshot& world, const Workspace& w, const DepositorRules& rules,
                 std::uint32_t m) {
  const MarketOutcome& out = w.outcome.markets[m];
  const double hole = out.bad_debt_end_usd / out.deposits_usd;
  const double deficit = out.recognised_usd / out.deposits_usd;
  if (hole > rules.hole)
    return {"it has bad debt of {:.2g}% of deposits", hole, hole_asset(world, w, m)};
  if (deficit > rules.deficit) {
    return {"its books admit a loss of {:.2g}% of deposits", deficit, hole_asset(world, w, m)};
  }
  return look_for_depeg(world, w, rules, world.markets[m]);
}

/// The collateral that most of what is missing behind a vault stands against.
AssetId vault_culprit(const Snapshot& world, const Workspace& w, const CuratedVaultInfo& v) {
  AssetId culprit = AssetId::none();
  double most = 0;
  for (std::uint32_t p = v.first_place; p < v.first_place + v.places; ++p) {
    const std::uint32_t r = world.vault_places[p].reserve;
    if (r == nowhere) continue;
    const double missing = w.vaults.places[p].claim * (1 - behind_claim(world, w, r));
    if (!(missing > most)) continue;
    most = missing;
    culprit = hole_asset(world, w, world.reserves[r].market.value);
  }
  return culprit;
}

/// What a vault's depositors can see of it: what is behind a share, what its books admit, what the
/// markets it lends to rest on, what it could pay.
MarketSight look_at_vault(const Snapshot& world, const Workspace& w, const DepositorRules& rules,
                          std::uint32_t v) {
  const CuratedVaultInfo& info = world.vaults[v];
  const CuratedVaultState& s = w.vaults.vaults[v];
  const double price = share_price(world, w, v);
  if (!(s.books.shares > 0) || !(price > 0)) return {};
  const double hole = 1 - vault_worth(world, w, v) / (s.books.shares * price);
  if (hole > rules.hole) {
    return {"{:.2g}% of what it owes is missing", hole, vault_culprit(world, w, info)};
  }
  const double lost = s.books.assets > 0 ? s.books.lost / s.books.assets : 0;
  const double deficit = std::max(lost, 1 - price / s.price0);
  if (deficit > rules.deficit) {
    return {"its books admit a loss of {:.2g}%", deficit, vault_culprit(world, w, info)};
  }
  for (std::uint32_t p = info.first_place; p < info.first_place + info.places; ++p) {
    const std::uint32_t r = world.vault_places[p].reserve;
    if (r == nowhere || !(w.vaults.places[p].claim > 0)) continue;
    const Market& market = world.markets[world.reserves[r].market.value];
    const MarketSight sight = look_for_depeg(world, w, rules, market);
    if (sight.trouble != nullptr) return sight;
  }
  if (info.opening_used < rules.full) {
    const double used = 1 - vault_payable(world, w, v) / vault_owed(world, w, v);
    if (used >= rules.full) return {"{:.4g}% of what it owes cannot be paid now", used, {}};
  }
  return {};
}

/// Whether a reserve is lent out that was not at the opening.
bool filled_up(const Snapshot& world, const Workspace& w, std::uint32_t r, double full) {
  const ReserveState& opening = world.opening.reserves[r];
  const double was =
      utilisation(world.opening.balances[world.reserves[r].cash.value], opening.debt_scaled);
  return was < full && utilisation(reserve_cash(world, w, r), debt_units(w, r)) >= full;
}

/// Whether a place lends against an asset.
bool lends_against(const Snapshot& world, const Workspace& w, const DepositPlace& place,
                   AssetId asset) {
  if (is_vault(place)) {
    const CuratedVaultInfo& v = world.vaults[place.vault];
    for (std::uint32_t p = v.first_place; p < v.first_place + v.places; ++p) {
      const std::vector<AssetId>& takes = world.vault_places[p].collateral;
      const bool here = std::find(takes.begin(), takes.end(), asset) != takes.end();
      if (here && w.vaults.places[p].claim > 0) return true;
    }
    return false;
  }
  const Market& market = world.markets[market_at(world, place).value];
  for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
       ++r) {
    if (world.reserves[r].asset == asset && world.reserves[r].terms.lt > 0) return true;
  }
  return false;
}

/// What those who watch one place make of trouble elsewhere.
struct Hearsay {
  double reacts = 0;     // share of those who would react to trouble of their own
  std::uint32_t of = 0;  // sight
  const char* with = nullptr;
  AssetId asset;
};

class Watcher {
 public:
  Watcher(const Snapshot& world, Workspace& w, std::size_t crowd)
      : world_(world),
        w_(w),
        crowd_(world.depositors[crowd]),
        rules_(w.settings.depositors[crowd]),
        markets_(static_cast<std::uint32_t>(world.markets.size())) {}

  void watch() {
    bool trouble = false;
    for (const MarketId m : crowd_.markets) {
      sight(m.value) = look(world_, w_, rules_, m.value);
      trouble = trouble || sight(m.value).trouble != nullptr;
    }
    for (const std::uint32_t v : crowd_.vaults) {
      sight(markets_ + v) = look_at_vault(world_, w_, rules_, v);
      trouble = trouble || sight(markets_ + v).trouble != nullptr;
    }
    for (const std::uint32_t i : crowd_.places) {
      const DepositPlace& place = world_.places[i];
      PlaceRun& p = w_.deposits.places[i];
      p.filled = !is_vault(place) && filled_up(world_, w_, place.reserve, rules_.full);
      trouble = trouble || p.filled;
    }
    if (trouble && rules_.same_asset > 0) note_assets();
    for (const std::uint32_t i : crowd_.places) see(i, trouble);
  }

 private:
  MarketSight& sight(std::uint32_t of) { return w_.deposits.sights[of]; }
  std::uint32_t sight_of(const DepositPlace& place) const {
    return is_vault(place) ? markets_ + place.vault : market_at(world_, place).value;
  }
  const std::string& name_of(std::uint32_t of) const {
    return of < markets_ ? world_.markets[of].name : world_.vaults[of - markets_].name;
  }

  /// Which assets are lent by somebody in trouble.
  void note_assets() {
    std::vector<std::int32_t>& told_of = w_.deposits.told_of;
    std::fill(told_of.begin(), told_of.end(), -1);
    const auto note = [&](AssetId a, std::uint32_t of) {
      if (told_of[a.value] < 0) told_of[a.value] = static_cast<std::int32_t>(of);
    };
    for (const MarketId m : crowd_.markets) {
      if (sight(m.value).trouble == nullptr) continue;
      const Market& market = world_.markets[m.value];
      for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
           ++r) {
        if (world_.reserves[r].lent) note(world_.reserves[r].asset, m.value);
      }
    }
    for (const std::uint32_t v : crowd_.vaults) {
      if (sight(markets_ + v).trouble != nullptr) note(world_.vaults[v].asset, markets_ + v);
    }
    for (const std::uint32_t i : crowd_.places) {
      const DepositPlace& place = world_.places[i];
      if (w_.deposits.places[i].filled) note(asset_at(world_, place), sight_of(place));
    }
  }

  void hear(Hearsay& best, double share, std::uint32_t of, const char* with, AssetId asset) const {
    if (share > best.reacts) best = {share, of, with, asset};
  }

  /// The strongest thing that is said of others; a place in trouble itself does not listen.
  Hearsay listen(const DepositPlace& place) {
    Hearsay best;
    const auto same_collateral = [&](std::uint32_t of) {
      const MarketSight& other = sight(of);
      if (other.trouble == nullptr || !other.culprit.valid() || !(rules_.fear > best.reacts))
        return;
      if (of == sight_of(place) || !lends_against(world_, w_, place, other.culprit)) return;
      hear(best, rules_.fear, of, "{} is in trouble with {}", other.culprit);
    };
    for (const MarketId m : crowd_.markets) same_collateral(m.value);
    for (const std::uint32_t v : crowd_.vaults) {
      same_collateral(markets_ + v);
      const bool trouble = sight(markets_ + v).trouble != nullptr;
      if (!trouble || !is_vault(place) || v == place.vault) continue;
      const std::int32_t curator = world_.vaults[place.vault].curator_number;
      if (curator < 0 || world_.vaults[v].curator_number != curator) continue;
      hear(best, rules_.same_curator, markets_ + v, "{} of the same curator is in trouble", {});
    }
    const AssetId asset = asset_at(world_, place);
    if (rules_.same_asset > 0 && w_.deposits.told_of[asset.value] >= 0) {
      hear(best, rules_.same_asset, static_cast<std::uint32_t>(w_.deposits.told_of[asset.value]),
           "{}, which lends {} too, is in trouble", asset);
    }
    return best;
  }

  void see(std::uint32_t number, bool trouble_somewhere) {
    const DepositPlace& place = world_.places[number];
    PlaceRun& p = w_.deposits.places[number];
    const MarketSight& own = sight(sight_of(place));
    Hearsay heard;
    double reacts = 0;
    if (own.trouble != nullptr || p.filled) {
      reacts = rules_.reacts;
    } else if (trouble_somewhere) {
      heard = listen(place);
      reacts = rules_.reacts * heard.reacts;
    }
    p.slower = heard.reacts > 0 ? rules_.hearsay : 1;
    if (reacts == p.reacts) return;
    const bool somebody = p.members[0] + p.members[1] > 0;
    if (p.reacts == 0 && w_.record && somebody) tell_why(place, p, own, heard);
    p.reacts = reacts;
    w_.quiet = false;
    w_.deposits.awake = true;
  }

  void tell_why(const DepositPlace& place, const PlaceRun& p, const MarketSight& own,
                const Hearsay& heard) {
    const auto name = [&](AssetId a) { return a.valid() ? world_.assets[a.value].name : ""; };
    std::string why = "all of it is lent out";
    if (own.trouble != nullptr) {
      why = fmt::format(fmt::runtime(own.trouble), 100 * own.size, name(own.culprit));
    } else if (!p.filled) {
      why = fmt::format(fmt::runtime(heard.with), name_of(heard.of), name(heard.asset));
    }
    tell(w_, "run", node_of(world_, place),
         fmt::format("{} {} begin to leave: {}", world_.assets[asset_at(world_, place).value].name,
                     is_vault(place) ? "depositors" : "lenders", why));
  }

  const Snapshot& world_;
  Workspace& w_;
  const DepositorsInfo& crowd_;
  const DepositorRules& rules_;
  std::uint32_t markets_;
};

}  // namespace

void watch_deposits(const Snapshot& world, Workspace& w) {
  if (world.depositors.empty() || !w.transmission || (w.quiet && w.round > 0)) return;
  for (std::size_t i = 0; i < world.depositors.size(); ++i) Watcher(world, w, i).watch();
}

}  // namespace faultline
