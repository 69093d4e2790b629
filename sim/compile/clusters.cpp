// Clusters of vaults: a reserve for each vault, and for each that lends a category of its debtors,
// whose collateral are the shares it takes, at the terms of the pair. One vault controls an
// account: which category it is in follows from what it owes.
#include "sim/compile/clusters.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace faultline {

namespace {

constexpr std::uint32_t no_reserve = 0xffffffffu;

std::string vault_path(const Market& market, const std::string& asset) {
  return "markets." + market.name + ".vaults." + asset;
}

/// What a vault says that it cannot mean; reported.
bool sound_vault(CompileContext& c, const Market& market, const std::string& name,
                 const ClusterVaultSpec& spec) {
  const std::string path = vault_path(market, name);
  if (spec.escrow && (!spec.collateral.empty() || spec.borrowed)) {
    c.diagnostics.error(
        "E0670", c.at(path + (spec.borrowed ? ".borrowed" : ".collateral")),
        fmt::format("{} lies in escrow in '{}' and is lent to nobody", name, market.name),
        "leave out `borrowed` and `collateral`, or `escrow`");
    return false;
  }
  if (spec.borrowed && spec.borrowed->value > 0 && spec.collateral.empty()) {
    c.diagnostics.error(
        "E0671", c.at(path + ".borrowed"),
        fmt::format("the {} of '{}' is owed, but against nothing", name, market.name),
        "name the vaults whose shares it takes: `collateral: {WETH: 85%}`");
    return false;
  }
  return true;
}

void add_vault(CompileContext& c, const Market& market, MarketId id, ClusterInfo& cluster,
               const std::string& name, const ClusterVaultSpec& spec) {
  const std::string path = vault_path(market, name);
  const AssetId asset = c.asset(name, path);
  if (!asset.valid() || !sound_vault(c, market, name, spec)) return;
  Reserve& r = add_reserve(c, id, asset, path, spec.oracle);
  r.terms = {.ltv = 0, .lt = 0, .trigger = Trigger::at_or_below};
  r.rate = compile_rate(spec.rate);
  r.takes_debt = !spec.escrow && !spec.collateral.empty();
  if (spec.supply_cap) r.supply_cap = c.units(*spec.supply_cap, asset, path + ".supply_cap");
  if (spec.borrow_cap) r.borrow_cap = c.units(*spec.borrow_cap, asset, path + ".borrow_cap");
  if (spec.supplied) c.supplied.back() = c.units(*spec.supplied, asset, path + ".supplied");
  if (spec.borrowed) c.borrowed.back() = c.units(*spec.borrowed, asset, path + ".borrowed");
  ClusterVault vault;
  vault.reserve = static_cast<std::uint32_t>(c.world.reserves.size() - 1);
  vault.terms = {.max_discount = spec.max_discount.value,
                 .socialise = spec.socialise,
                 .least_socialised = c.usd(spec.least_socialised, path + ".least_socialised")};
  vault.ramp_s = spec.ramp.value;
  cluster.vaults.push_back(vault);
}

/// The vault of an asset; none: null.
const ClusterVault* vault_of(const CompileContext& c, const ClusterInfo& cluster,
                             const std::string& asset) {
  for (const ClusterVault& v : cluster.vaults) {
    if (c.world.assets[c.world.reserves[v.reserve].asset.value].name == asset) return &v;
  }
  return nullptr;
}

/// The shares a vault's debtors may post.
void add_pairs(CompileContext& c, Market& market, const ClusterInfo& cluster, ClusterVault& vault,
               const std::string& name, const ClusterVaultSpec& spec) {
  if (spec.collateral.empty()) return;
  vault.emode = static_cast<std::int32_t>(market.emodes.size());
  market.emodes.push_back({name, {vault.reserve}});
  const std::string path = vault_path(market, name) + ".collateral.";
  for (const auto& [asset, pair] : spec.collateral) {
    const ClusterVault* posted = vault_of(c, cluster, asset);
    if (posted == nullptr) {
      c.diagnostics.error("E0672", c.at(path + asset),
                          fmt::format("'{}' has no vault of {}", market.name, asset),
                          "declare it under `vaults`, or leave it out");
      continue;
    }
    if (posted == &vault) {
      c.diagnostics.error(
          "E0673", c.at(path + asset),
          fmt::format("the {} of '{}' cannot be owed against shares of itself", name, market.name),
          "take it out of its own `collateral`");
      continue;
    }
    const double discount = vault.terms.max_discount;
    add_sharer(c, posted->reserve, vault.emode,
               {.ltv = opening_ltv(pair),
                .lt = pair.lt.value,
                .bonus = 1 / (1 - discount) - 1,
                .discount_grows = true,
                .trigger = Trigger::at_or_below});
  }
}

/// The vault with a reserve.
const ClusterVault& vault_at(const ClusterInfo& cluster, std::uint32_t reserve) {
  return *std::find_if(cluster.vaults.begin(), cluster.vaults.end(),
                       [&](const ClusterVault& v) { return v.reserve == reserve; });
}

void refuse_modes(CompileContext& c, const Market& market, Span at) {
  c.diagnostics.error("E0674", at,
                      fmt::format("'{}' has no e-modes: an account's terms follow from the vault "
                                  "it owes",
                                  market.name),
                      "leave `emode` out");
}

}  // namespace

void add_cluster(CompileContext& c, Market& market, MarketId id, const Cluster::Spec& spec) {
  ClusterInfo cluster;
  cluster.market = id;
  for (const ClusterInfo& other : c.world.clusters) {
    cluster.first += static_cast<std::uint32_t>(other.vaults.size());
  }
  const std::size_t errors = c.diagnostics.errors();
  for (const auto& [name, vault] : spec.vaults) add_vault(c, market, id, cluster, name, vault);
  if (c.diagnostics.errors() > errors) return;
  std::size_t place = 0;
  for (const auto& [name, vault] : spec.vaults) {
    add_pairs(c, market, cluster, cluster.vaults[place++], name, vault);
  }
  market.losses = compile_losses({.recognise = "collateral_gone", .bearers = {"haircut"}});
  market.vault_cluster = static_cast<std::int32_t>(c.world.clusters.size());
  c.world.clusters.push_back(std::move(cluster));
}

void find_controllers(CompileContext& c, const Market& market, AccountRows& rows) {
  const PositionRows& from = *rows.rows;
  const std::string path = "markets." + market.name + ".borrowers";
  if (!from.emodes.empty()) return refuse_modes(c, market, c.at(path));
  const ClusterInfo& cluster = c.world.clusters[static_cast<std::size_t>(market.vault_cluster)];
  for (std::size_t e = 0; e < market.emodes.size(); ++e) {
    std::vector<std::uint32_t>& there = rows.posted_in.emplace_back();
    for (const std::uint32_t r : rows.reserve_of[0]) {
      there.push_back(posted_in(c.world, market, static_cast<std::int32_t>(e), r));
    }
  }
  rows.controllers.assign(from.size(), 0);
  const auto refuse = [&](const char* code, std::size_t i, const std::string& what,
                          std::string remedy) {
    const std::string who = i < from.accounts.size() && !from.accounts[i].empty()
                                ? "'" + from.accounts[i] + "'"
                                : std::to_string(i + 1);
    c.diagnostics.error(code, c.at(path),
                        fmt::format("account {} of '{}' {}", who, market.name, what),
                        std::move(remedy));
  };
  const auto each = [&](std::size_t i, std::uint8_t side, auto&& visit) {
    for (std::uint32_t l = from.first_leg[i]; l < from.first_leg[i + 1]; ++l) {
      const PositionRows::Leg leg = from.legs[l];
      if (leg.side == side && from.amounts[l] > 0) visit(leg.asset);
    }
  };
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::uint32_t owes = no_reserve;
    bool two = false;
    each(i, 1, [&](std::uint16_t asset) {
      const std::uint32_t r = rows.reserve_of[1][asset];
      two = two || (owes != no_reserve && owes != r);
      owes = r;
    });
    if (two) {
      return refuse("E0675", i, "owes two vaults: one controls an account",
                    "give it as two accounts");
    }
    if (owes == no_reserve) continue;
    const std::int32_t emode = vault_at(cluster, owes).emode;
    rows.controllers[i] = static_cast<std::uint16_t>(emode + 1);
    std::string strange;
    each(i, 0, [&](std::uint16_t asset) {
      const std::uint32_t r = rows.posted_in[static_cast<std::size_t>(emode)][asset];
      if (r == no_reserve || c.world.reserves[r].emode < 0) strange = from.assets[asset];
    });
    if (strange.empty()) continue;
    const std::string& owed = c.world.assets[c.world.reserves[owes].asset.value].name;
    return refuse(
        "E0676", i,
        fmt::format("posts shares of {}, which the {} it owes does not take", strange, owed),
        fmt::format("name {} under `collateral` of {}, or take it out", strange, owed));
  }
}

std::vector<AccountGroup> parts_by_vault(CompileContext& c, const Market& market,
                                         const AccountGroup& group,
                                         const std::vector<double>& left) {
  if (!group.emode.empty()) {
    refuse_modes(c, market, group.at);
    return {};
  }
  const ClusterInfo& cluster = c.world.clusters[static_cast<std::size_t>(market.vault_cluster)];
  std::map<std::string, Amount> owes = group.owes;
  for (const ClusterVault& v : cluster.vaults) {
    const std::string& asset = c.world.assets[c.world.reserves[v.reserve].asset.value].name;
    if (group.owes.empty() && left[v.reserve] > 0) owes[asset] = {left[v.reserve], asset};
  }
  double sum = 0;
  std::vector<double> usd;
  for (const auto& [asset, amount] : owes) {
    const ClusterVault* vault = vault_of(c, cluster, asset);
    if (vault == nullptr || vault->emode < 0) {
      c.diagnostics.error("E0677", group.at,
                          fmt::format("nobody can owe {} to '{}'", asset, market.name),
                          "declare its vault, with the shares it takes as `collateral`");
      return {};
    }
    usd.push_back(amount.value * c.reference(c.world.reserves[vault->reserve].asset));
    sum += usd.back();
  }
  std::vector<AccountGroup> parts;
  for (const auto& [asset, amount] : owes) {
    AccountGroup part = group;
    part.emode = asset;
    part.owes = {{asset, amount}};
    const double share = sum > 0 ? usd[parts.size()] / sum : 1;
    part.count = std::max(1L, std::lround(share * static_cast<double>(group.count)));
    if (owes.size() > 1) part.name += " " + asset;
    parts.push_back(std::move(part));
  }
  return parts;
}

void held_legs(const CompileContext& c, const ClusterInfo& cluster, const ClusterVault& vault,
               std::vector<LegInput>& legs) {
  const Snapshot& world = c.world;
  legs.clear();
  const std::int32_t who = world.liquidator_of[cluster.market.value];
  if (who < 0 || vault.emode < 0) return;
  if (!std::isfinite(world.liquidators[static_cast<std::size_t>(who)].capital_usd)) return;
  const Market& market = world.markets[cluster.market.value];
  for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
       ++r) {
    if (world.reserves[r].emode == vault.emode && legs.size() + 1 < kMostLegs) {
      legs.push_back({world.reserves[r].collateral_factor, 0, false});
    }
  }
  legs.push_back({world.reserves[vault.reserve].debt_factor, 0, true});
}

}  // namespace faultline
