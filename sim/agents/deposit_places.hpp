// What a place of lenders is: a reserve, where claims are scaled units, whole; or a curated vault,
// where they are shares. Whoever asks, waits, leaves and lends again goes through here and does not
// know which.
#pragma once

#include "sim/snapshot.hpp"
#include "sim/workspace.hpp"

namespace faultline {

/// Whether a place is a vault.
inline bool is_vault(const DepositPlace& place) {
  return place.vault != DepositPlace::none;
}
/// What is lent there.
AssetId asset_at(const Snapshot& world, const DepositPlace& place);
/// The market of a reserve, or the vault: what stories call it.
const std::string& node_of(const Snapshot& world, const DepositPlace& place);
/// The market of a reserve; none: a vault.
MarketId market_at(const Snapshot& world, const DepositPlace& place);

/// Claims of its plain lenders, of no vault and nobody who owes, at the opening: scaled units, or
/// shares of holders who are neither vaults nor on the ledger.
double opening_claims(const Snapshot& world, const DepositPlace& place);
/// Units a claim is worth by the books.
double units_per_claim(const Snapshot& world, const Workspace& w, const DepositPlace& place);
/// The part of a claim that can be asked for: whole scaled units, any part of a share.
double whole_claim(const Snapshot& world, const DepositPlace& place, double claim);

/// Pays what there is for a claim into its lenders' wallet. Gives the units.
double pay_lenders(const Snapshot& world, Workspace& w, const DepositPlace& place, double& claim);
/// Takes units of an account in; adds to a claim.
void lend_at(const Snapshot& world, Workspace& w, const DepositPlace& place, double units,
             double& claim, AccountId from);
/// Units that could still be lent there.
double room_at(const Snapshot& world, const Workspace& w, const DepositPlace& place);

/// Where what lenders met is told; null: a vault tells it itself (sim/claims/curated_vaults.cpp).
ReserveOutcome* told_at(Workspace& w, const DepositPlace& place);

}  // namespace faultline
