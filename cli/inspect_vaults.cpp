// `inspect vaults`: where curated vaults lend, in what order they are filled and drained, what they
// could pay now, and what stands behind the debts they fund.
#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/inspect_parts.hpp"
#include "cli/text_table.hpp"
#include "data/units.hpp"
#include "sim/claims/algorithmic_coins.hpp"
#include "sim/claims/curated_vaults.hpp"

namespace faultline {

namespace {

using nlohmann::json;

/// One place of a vault at the opening, USD.
struct PlaceRow {
  std::uint32_t place = 0;
  double lent_usd = 0, payable_usd = 0, cap_usd = 0;
  std::size_t fills = 0, drains = 0;  // place in the queues, from 1; 0: in none
};

std::size_t place_in(const std::vector<std::uint32_t>& queue, std::uint32_t p) {
  const auto found = std::find(queue.begin(), queue.end(), p);
  return found == queue.end() ? 0 : static_cast<std::size_t>(found - queue.begin()) + 1;
}

/// The opening of the world, and what its vaults do in it.
class VaultView {
 public:
  explicit VaultView(const Snapshot& world) : world_(world), w_(world) { w_.reset(); }

  const Workspace& opened() const { return w_; }
  double usd(std::uint32_t v) const { return w_.market.spot[world_.vaults[v].asset.value]; }
  double owed_usd(std::uint32_t v) const { return vault_owed(world_, w_, v) * usd(v); }
  double payable_usd(std::uint32_t v) const { return vault_payable(world_, w_, v) * usd(v); }
  double idle_usd(std::uint32_t v) const {
    return w_.ledger.balance(world_.vaults[v].idle) * usd(v);
  }

  std::vector<PlaceRow> rows(std::uint32_t v) const {
    const CuratedVaultInfo& info = world_.vaults[v];
    std::vector<PlaceRow> out;
    for (std::uint32_t p = info.first_place; p < info.first_place + info.places; ++p) {
      const VaultPlace& place = world_.vault_places[p];
      PlaceRow row{.place = p};
      row.lent_usd = units(p) * usd(v);
      const double cash = place.vault == VaultPlace::none ? payable_of(place.reserve)
                                                          : vault_payable(world_, w_, place.vault);
      row.payable_usd = std::min(units(p), cash) * usd(v);
      row.cap_usd = w_.vaults.places[p].cap * usd(v);
      row.fills = place_in(info.supply_queue, p);
      row.drains = place_in(info.withdraw_queue, p);
      out.push_back(row);
    }
    return out;
  }

  /// Dollars of its depositors that were lent on, by the collateral they were lent against, in
  /// proportion to its value.
  std::map<std::string, double> exposure(std::uint32_t v) const {
    std::map<std::string, double> out;
    add_exposure(v, 1, out);
    return out;
  }

 private:
  double units(std::uint32_t p) const {
    const VaultPlace& place = world_.vault_places[p];
    const double claim = w_.vaults.places[p].claim;
    return place.vault == VaultPlace::none ? claim : claim * w_.vaults.vaults[place.vault].price0;
  }
  double payable_of(std::uint32_t r) const { return std::max(0.0, reserve_cash(world_, w_, r)); }

  void add_exposure(std::uint32_t v, double share, std::map<std::string, double>& out) const {
    const CuratedVaultInfo& info = world_.vaults[v];
    for (std::uint32_t p = info.first_place; p < info.first_place + info.places; ++p) {
      const VaultPlace& place = world_.vault_places[p];
      if (place.vault != VaultPlace::none) {
        const double all = vault_owed(world_, w_, place.vault);
        if (all > 0) add_exposure(place.vault, share * units(p) / all, out);
        continue;
      }
      const double debt = debt_units(w_, place.reserve);
      const double lent =
          share * units(p) * usd(v) * utilisation(reserve_cash(world_, w_, place.reserve), debt);
      add_collateral(world_.reserves[place.reserve].market.value, lent, out);
    }
  }

  void add_collateral(std::uint32_t m, double usd, std::map<std::string, double>& out) const {
    const Market& market = world_.markets[m];
    std::map<std::string, double> posted;
    double all = 0;
    for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
         ++r) {
      const Reserve& reserve = world_.reserves[r];
      if (!(reserve.terms.lt > 0)) continue;
      const ReserveState& s = w_.reserves[r];
      const double value =
          (s.supply_scaled - s.lender_scaled) * w_.market.spot[reserve.asset.value];
      posted[world_.assets[reserve.asset.value].name] += value;
      all += value;
    }
    if (!(all > 0)) return;
    for (const auto& [asset, value] : posted) {
      if (value > 0 && usd > 0) out[asset] += usd * value / all;
    }
  }

  const Snapshot& world_;
  Workspace w_;
};

std::string order_text(std::size_t n) {
  return n == 0 ? "-" : std::to_string(n);
}

const char* losses_text(const VaultTerms& t) {
  return t.loss == VaultLoss::realise ? "losses in the price at once" : "losses carried";
}

void print_vault(const Snapshot& world, const VaultView& view, std::uint32_t v) {
  const CuratedVaultInfo& info = world.vaults[v];
  const double owed = view.owed_usd(v), pays = view.payable_usd(v);
  fmt::print("\n{}: {} of {}{}, {} payable now ({}); {}, fee {}, timelock {}{}\n", info.name,
             format_usd(owed), world.assets[info.asset.value].name,
             info.curator.empty() ? "" : ", run by " + info.curator, format_usd(pays),
             percent(owed > 0 ? pays / owed : 1, 0), losses_text(info.terms),
             percent(info.terms.performance_fee, 1), format_duration(info.terms.timelock_s),
             info.issued.valid() ? ", its share is " + world.assets[info.issued.value].name : "");
  TextTable table(
      {{"lends to", true}, {"lent"}, {"share"}, {"cap"}, {"payable"}, {"fills"}, {"drains"}});
  table.add({"idle", format_usd(view.idle_usd(v)),
             percent(owed > 0 ? view.idle_usd(v) / owed : 0, 1), "none",
             format_usd(view.idle_usd(v)), "-", "0"});
  for (const PlaceRow& row : view.rows(v)) {
    table.add({world.vault_places[row.place].name, format_usd(row.lent_usd),
               percent(owed > 0 ? row.lent_usd / owed : 0, 1),
               std::isfinite(row.cap_usd) ? format_usd(row.cap_usd) : "none",
               format_usd(row.payable_usd), order_text(row.fills), order_text(row.drains)});
  }
  fmt::print("{}", table.text());
  std::string parts;
  for (const auto& [asset, usd] : view.exposure(v)) {
    parts += fmt::format("{}{} {}", parts.empty() ? "" : ", ", asset, format_usd(usd));
  }
  if (!parts.empty()) fmt::print("  lent against: {}\n", parts);
}

json vault_json(const Snapshot& world, const VaultView& view, std::uint32_t v) {
  const CuratedVaultInfo& info = world.vaults[v];
  json out{{"family", info.cluster},
           {"curator", info.curator},
           {"asset", world.assets[info.asset.value].name},
           {"deposits_usd", view.owed_usd(v)},
           {"payable_usd", view.payable_usd(v)},
           {"idle_usd", view.idle_usd(v)},
           {"losses", info.terms.loss == VaultLoss::realise ? "realise" : "carry"},
           {"performance_fee", info.terms.performance_fee},
           {"timelock_s", info.terms.timelock_s},
           {"allocates", json::object()},
           {"exposure_usd", view.exposure(v)}};
  if (info.issued.valid()) out["issues"] = world.assets[info.issued.value].name;
  for (const PlaceRow& row : view.rows(v)) {
    out["allocates"][world.vault_places[row.place].name] = {
        {"lent_usd", row.lent_usd},
        {"payable_usd", row.payable_usd},
        {"cap_usd", std::isfinite(row.cap_usd) ? json(row.cap_usd) : json(nullptr)},
        {"supply_queue", row.fills},
        {"withdraw_queue", row.drains}};
  }
  return out;
}

/// What an issuer pays now, and what it could pay in a day at a spread (virtual_pools.hpp).
void print_coin(const Snapshot& world, const Workspace& w, std::uint32_t i) {
  const AlgorithmicCoin& c = world.coins[i];
  const std::string &coin = world.assets[c.coin.value].name,
                    &token = world.assets[c.token.value].name;
  const VirtualPoolTerms& t = c.terms.pools;
  fmt::print("\n{}: {} {} against {} {}, at ${} a {} by the oracle {}{}\n", c.name,
             format_number(world.assets[c.coin.value].supply, 4), coin,
             format_number(world.assets[c.token.value].supply, 4), token, precise(c.peg_usd), coin,
             world.oracles[c.oracle.value].name,
             !c.terms.redeems ? "; it only mints"
             : !c.terms.mints ? "; it only redeems"
                              : "");
  TextTable table({{"spread"}, {"at once"}, {"a day"}, {token + " minted for it"}});
  for (const double spread : {t.least_spread, 0.05, 0.1, 0.3, 0.5}) {
    if (!(spread >= t.least_spread) || !(spread < 1)) continue;
    const double once = delta_at_spread(t, spread);
    const double day = capacity_per_block(t, spread) * (86400 / c.terms.block_s);
    table.add({percent(spread, 1), format_usd(once), format_usd(day),
               format_number(swap_gives(world, w, i, true, once / c.peg_usd), 4)});
  }
  fmt::print("{}  at once: until the next {} costs that spread; a day: what keeps it there\n",
             table.text(), coin);
}

json coin_json(const Snapshot& world, std::uint32_t i) {
  const AlgorithmicCoin& c = world.coins[i];
  const double day = 86400 / c.terms.block_s;
  return {{"kind", "algorithmic_coin"},
          {"coin", world.assets[c.coin.value].name},
          {"token", world.assets[c.token.value].name},
          {"peg_usd", c.peg_usd},
          {"oracle", world.oracles[c.oracle.value].name},
          {"base_pool_usd", c.terms.pools.base},
          {"recovery_blocks", c.terms.pools.period},
          {"block_s", c.terms.block_s},
          {"least_spread", c.terms.pools.least_spread},
          {"redeems", c.terms.redeems},
          {"mints", c.terms.mints},
          {"daily_usd_at_least_spread",
           capacity_per_block(c.terms.pools, c.terms.pools.least_spread) * day},
          {"daily_usd_at_10_percent", capacity_per_block(c.terms.pools, 0.1) * day}};
}

}  // namespace

int inspect_vaults(const Inspection& in) {
  const Snapshot& world = in.world();
  const VaultView view(world);
  if (in.json()) {
    json out{{"schema", 1}, {"name", world.name}, {"vaults", json::object()}};
    for (std::uint32_t v = 0; v < world.vaults.size(); ++v) {
      out["vaults"][world.vaults[v].name] = vault_json(world, view, v);
    }
    for (std::uint32_t i = 0; i < world.coins.size(); ++i) {
      out["vaults"][world.coins[i].name] = coin_json(world, i);
    }
    for (std::uint32_t d = 0; d < world.desks.size(); ++d) {
      out["vaults"][world.desks[d].name] = desk_json(world, view.opened(), d);
    }
    for (std::uint32_t s = 0; s < world.shares.size(); ++s) {
      out["vaults"][world.shares[s].name] = share_json(world, s);
    }
    fmt::print("{}\n", out.dump(2));
    return 0;
  }
  const std::size_t issuers = world.coins.size() + world.desks.size();
  const std::size_t pools = world.shares.size();
  fmt::print(
      "{}: {} curated vaults{}{} at their opening\n", world.name, world.vaults.size(),
      issuers == 0 ? ""
                   : fmt::format(", {} {} of coins", issuers, issuers == 1 ? "issuer" : "issuers"),
      pools == 0 ? "" : fmt::format(", shares of {} {}", pools, pools == 1 ? "pool" : "pools"));
  for (std::uint32_t i = 0; i < world.coins.size(); ++i) print_coin(world, view.opened(), i);
  for (std::uint32_t d = 0; d < world.desks.size(); ++d) print_desk(world, view.opened(), d);
  for (std::uint32_t s = 0; s < pools; ++s) print_share(world, s);
  for (std::uint32_t v = 0; v < world.vaults.size(); ++v) print_vault(world, view, v);
  if (!world.vaults.empty()) {
    fmt::print(
        "\n  fills, drains: place in the supply and in the withdraw queue; payable: the least of "
        "the claim and the market's cash\n");
  }
  return 0;
}

}  // namespace faultline
