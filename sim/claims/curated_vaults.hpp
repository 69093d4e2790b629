// Curated vaults at work (protocols/claims/curated_vault.hpp): their books, money along the queues,
// what their curators move, and what is behind their shares.
//   worth of a share   (idle + sum of claims x what is behind them + shares of other vaults x
//                       theirs) / shares
//   behind a claim     1 - max(0, hole + deficit - the protocol's own) / claims, of its reserve
// Where shares are collateral the hole depends on the worth: the greatest fixed point, reached from
// par downwards.
#pragma once

#include "sim/readings.hpp"

namespace faultline {

/// What a vault's depositors could claim by its books now, together, units of its asset.
double vault_owed(const Snapshot& world, const Workspace& w, std::uint32_t vault);
/// What it could pay now: what lies idle, and along its withdraw queue the least of each claim and
/// its market's cash. Cash that it reaches by two ways counts twice.
double vault_payable(const Snapshot& world, const Workspace& w, std::uint32_t vault);
/// Cash already spoken for: of reserves, and idle in vaults, units.
struct CashDrawn {
  std::vector<double> reserves, idle;
};
/// What it could pay now, up to `most`, beyond what is drawn already; notes what that draws.
double draw_from_vault(const Snapshot& world, const Workspace& w, std::uint32_t vault, double most,
                       CashDrawn& drawn);
/// What all its shares are worth, losses not yet admitted included, units of its asset.
double vault_worth(const Snapshot& world, const Workspace& w, std::uint32_t vault);

/// Units a share of it pays by its books now.
double share_price(const Snapshot& world, const Workspace& w, std::uint32_t vault);
/// Units it would take in: room along its supply queue, past markets its curator wants out of; any
/// number where it lets some lie idle (an idle market is enabled); none where its shares are worth
/// nothing.
double vault_room(const Snapshot& world, const Workspace& w, std::uint32_t vault);

/// Pays up to `units` of what some of its shares are worth by its books to an account, as far as
/// there is cash along the withdraw queue, and burns them. Gives what was paid, whole units.
double withdraw_from_vault(const Snapshot& world, Workspace& w, std::uint32_t vault, double units,
                           double& shares, AccountId to);
/// Burns so many of its shares for just so many units, and pays them likewise. Gives what was paid.
double redeem_shares(const Snapshot& world, Workspace& w, std::uint32_t vault, double shares,
                     double units, AccountId to);
/// Takes whole units of an account in for shares at the price by its books, and lends them along
/// the supply queue under its caps; what finds no room stays idle (MetaMorpho would refuse it, its
/// curators enable an idle market against that).
void deposit_into_vault(const Snapshot& world, Workspace& w, std::uint32_t vault, double units,
                        double& shares, AccountId from);

/// 1 shock: contract rates of vaults' shares follow their prices; whether one moved. rebuilt: rates
/// have just been set anew by the scenario.
bool re_rate_shares(const Snapshot& world, Workspace& w, bool rebuilt);
/// 6 settle, after depositors who asked were paid: books are counted, curators move what they can.
void settle_vaults(const Snapshot& world, Workspace& w);
/// 7 mark-down: shares that are collateral stand at par again, before holes are looked for.
void restart_shares(const Snapshot& world, Workspace& w);
/// 7 mark-down, after `measure_holes`: what is behind shares; false: the run has stopped.
bool back_shares(const Snapshot& world, Workspace& w);
/// Whether time alone will change something at a vault.
bool vaults_pending(const Snapshot& world, const Workspace& w);

void open_vault_outcomes(const Snapshot& world, Workspace& w);
void close_vault_outcomes(const Snapshot& world, Workspace& w);
/// Law 1: claims of vaults on a reserve sum to what the reserve says they have; empty: they do.
std::string vaults_balance(const Snapshot& world, const Workspace& w);

/// What is behind a claim on a reserve, as a share of it: holes that are new, and deficits.
double behind_claim(const Snapshot& world, const Workspace& w, std::uint32_t reserve);
/// Share of what a vault's share pays by contract now that is behind it.
inline double unadmitted_share_of(const Workspace& w, std::int32_t vault) {
  const CuratedVaultState& s = w.vaults.vaults[static_cast<std::size_t>(vault)];
  return s.worth < s.said ? s.worth / s.said : 1;
}

}  // namespace faultline
