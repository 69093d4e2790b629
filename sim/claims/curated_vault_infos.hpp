// Curated vaults as compiled, and what one run changes of them (sim/claims/curated_vaults.cpp);
// parts of the snapshot and of the workspace.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "protocols/claims/curated_vault.hpp"

namespace faultline {

/// Where a vault's units may stand: a reserve that lends its asset, or another vault of the asset.
struct VaultPlace {
  static constexpr std::uint32_t none = 0xffffffffu;
  std::string name;
  std::uint32_t reserve = none;
  std::uint32_t vault = none;
  std::vector<AssetId> collateral;  // of the reserve's market
};

/// When a curator leaves a market, and what he does with what he takes out.
struct CuratorRule {
  bool acts = false;
  bool out_of_full = false, out_of_bad = false;
  std::vector<AssetId> out_of;  // collateral he leaves once it has come off
  double after_s = 0;
  double off = 0;   // how far that is
  double full = 1;  // share lent out from which a market counts as full
  bool raises_caps = false;
  double gives_up_s = std::numeric_limits<double>::infinity();  // strikes a bad market off after
};

struct CuratedVaultInfo {
  std::string name, cluster, curator;
  AssetId asset, issued;  // issued: its share as an asset; none: it is none
  AccountId idle;         // what it lends to nobody
  AccountId wallet;       // where depositors who left hold their money
  VaultTerms terms;
  CuratorRule rule;
  std::uint32_t first_place = 0, places = 0;                // among those of all vaults
  std::vector<std::uint32_t> supply_queue, withdraw_queue;  // places
  std::int32_t curator_number = -1;                         // the same for all of one curator
  double opening_used = 0;  // share of what it owes that it could not pay at the opening
};

struct VaultPlaceState {
  double claim = 0;  // on a reserve: scaled units, whole; on a vault: shares
  double cap = std::numeric_limits<double>::infinity();  // units; gates what comes in
  PendingCap pending;
  double wanted_since_s = -1;  // since when the curator wants out of it; below 0: he does not
  bool told = false;
  bool struck = false;  // off the books: counts for nothing, whatever it still owes
};

struct CuratedVaultState {
  CuratedVault books;
  double fee_shares = 0;  // minted as fees
  double depositors = 0;  // opening shares of those who are neither vaults nor the ledger
  double waiting = 0;     // shares whose holders ask for their money (sim/agents/depositors.cpp)
  double counted_s = 0;   // when its books were last counted,
  double real = 0;        // and what was there then, units
  double unplaced = 0;    // idle units its curator would lend out again
  double price0 = 1;      // of a share, units, at the opening
  double said = 1;        // price its share's contract rate says
  double worth = 1;       // of a share, units, losses not yet admitted included
  double rate = 1;        // of the issued asset, did the price stand where it opened
  double trapped_usd = 0,
         trapped_since_s = 0;          // asked for in vain now, and since when just so much
  double opening_units = 0;            // worth of all shares at the opening
  double in_units = 0, out_units = 0;  // paid in and out since
  double unpaid_since_s = -1;          // below 0: everybody who asked was paid
};

struct VaultRun {
  std::vector<CuratedVaultState> vaults;
  std::vector<VaultPlaceState> places;
};

}  // namespace faultline
