// What `run` tells of clusters of vaults: which debts liquidators took over and still hold, whose
// shares lost worth, and whom that put in breach.
#include <fmt/format.h>

#include "cli/run_parts.hpp"
#include "cli/text_table.hpp"
#include "data/units.hpp"

namespace faultline {

namespace {

/// Calls visit(cluster's name, vault's asset, what happened there) for every vault.
template <class Visit>
void each_vault(const RunReport& r, Visit&& visit) {
  for (const ClusterInfo& cluster : r.world.clusters) {
    for (std::size_t i = 0; i < cluster.vaults.size(); ++i) {
      const Reserve& reserve = r.world.reserves[cluster.vaults[i].reserve];
      visit(r.world.markets[cluster.market.value].name, r.world.assets[reserve.asset.value].name,
            r.run.full.cluster_vaults[cluster.first + i]);
    }
  }
}

bool quiet(const ClusterVaultOutcome& o) {
  return o.takeovers == 0 && o.erased_usd == 0 && o.second_accounts == 0;
}

}  // namespace

void print_clusters(const RunReport& r) {
  TextTable table({{"vaults of clusters", true},
                   {"taken over"},
                   {"debt"},
                   {"shares"},
                   {"paid in"},
                   {"unwound"},
                   {"still held"},
                   {"against"},
                   {"erased"},
                   {"a share lost"},
                   {"fail by shares"},
                   {"owing"}});
  bool any = false;
  each_vault(r, [&](const std::string& market, const std::string& asset,
                    const ClusterVaultOutcome& o) {
    if (quiet(o)) return;
    any = true;
    table.add({market + "." + asset, thousands(static_cast<std::uint64_t>(o.takeovers)),
               dollars(o.taken_usd), dollars(o.shares_usd), dollars(o.repaid_usd),
               dollars(o.unwound_usd), dollars(o.held_usd), dollars(o.held_debt_usd),
               dollars(o.erased_usd), fmt::format("{:.2f}%", 100 * o.share_lost),
               thousands(static_cast<std::uint64_t>(o.second_accounts)), dollars(o.second_usd)});
  });
  if (!any) return;
  fmt::print(
      "\n{}  debts taken over with the shares posted, from liquidators in trouble too; erased: "
      "without\n"
      "  collateral, at the cost of the vault's shares; fail by shares: sound at the same prices,\n"
      "  had no share lost worth\n",
      table.text());
}

void add_clusters(const RunReport& r, nlohmann::json& out) {
  each_vault(
      r, [&](const std::string& market, const std::string& asset, const ClusterVaultOutcome& o) {
        out["nodes"][market]["vaults"][asset] = {
            {"takeovers", o.takeovers},         {"taken_over_usd", o.taken_usd},
            {"shares_usd", o.shares_usd},       {"paid_in_usd", o.repaid_usd},
            {"unwound_usd", o.unwound_usd},     {"held_usd", o.held_usd},
            {"held_debt_usd", o.held_debt_usd}, {"erased_usd", o.erased_usd},
            {"share_lost", o.share_lost},       {"second_round_accounts", o.second_accounts},
            {"second_round_usd", o.second_usd}};
      });
}

}  // namespace faultline
