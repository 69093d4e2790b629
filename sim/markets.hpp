// Chains, and the markets on them that lend, mint or take margin, as compiled: their reserves, and
// what a run changes of those.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "protocols/losses/losses.hpp"
#include "protocols/margin/lending_spec.hpp"
#include "protocols/margin/lending_terms.hpp"
#include "protocols/margin/rates.hpp"
#include "sim/credit/pool_infos.hpp"
#include "sim/ledger.hpp"

namespace faultline {

struct ChainInfo {
  static constexpr std::uint32_t none = 0xffffffffu;  // on no chain: an exchange
  std::string name;
  double gas_usd = 0;  // of one transaction
};

/// Where what rows post in a reserve lies.
enum class Lies : std::uint8_t {
  in_cash,   // in its own account
  in_bands,  // in the bands of its market's pool; margin goes by `promised`
  promised   // nowhere: the coins the bands would become, which count in health alone
};

/// One asset lent or posted inside one market, at one set of terms. Several may share one pot: the
/// cash, debt, claims, indices and caps of the reserve they name. Their own state stays empty,
/// their own indices follow the pot's.
struct Reserve {
  AssetId asset;
  MarketId market;
  std::uint32_t pot = 0;    // itself, unless it shares another's
  std::int32_t emode = -1;  // category of its market whose collateral it is; -1: none's
  OracleId oracle;
  AccountId cash;
  std::uint32_t collateral_factor = 0, debt_factor = 0;  // ids in the factor columns
  LendingTerms terms;
  RateModel rate;
  double supply_cap = 0, borrow_cap = 0;                      // units; infinite: none
  double draw_cap = std::numeric_limits<double>::infinity();  // of a spoke: owed by its accounts
  bool lent = true;  // false: collateral is only held (isolated markets)
  bool takes_debt = true;
  bool minted = false;     // lent by nobody: it comes into being as debt
  bool contract = false;   // a perpetual: supplied are longs, owed are shorts
  double debt_weight = 1;  // of what is owed, in health; above 1 for shorts of a contract
  Lies lies = Lies::in_cash;
  ThresholdScaling scaling;
  IsolationTerms isolation;
};

struct Market {
  std::string name;
  std::string cluster;
  std::uint32_t chain = ChainInfo::none;
  std::vector<std::uint16_t> lanes;  // [collateral reserve * reserve_count + debt reserve], local
  std::uint32_t first_reserve = 0, reserve_count = 0;
  std::vector<Emode> emodes;
  MarketId hub = MarketId::none();  // whose lenders it lends from, where not its own
  LossPolicy losses;
  bool stand_in = false;
  std::vector<std::uint32_t> by_saleability;  // its reserves that lend, deepest market first
  double deposits_usd = 0;                    // lenders' claims at the opening reference
  double legacy_usd = 0;                      // bad debt there before round 0
  std::string note;                           // what the file says of its source
  std::int32_t perp = -1;                     // place among the perpetual venues
  std::int32_t house = -1;                    // place among the auction houses
  std::int32_t troves = -1;                   // place among those with a stability pool
  std::int32_t bands = -1;                    // place among the books of loans on bands
  std::int32_t absorbs = -1;                  // place among those that absorb failing accounts
  std::int32_t vault_cluster = -1;            // place among clusters of vaults
};

struct ReserveState {
  double supply_scaled = 0, debt_scaled = 0;  // totals over everyone, in scaled units
  double lender_scaled = 0;                   // of which lenders, who owe nothing
  double vault_scaled = 0;                    // of which curated vaults
  double deficit = 0;                         // recognised and not yet covered, units
  double staked_scaled = 0;                   // of the lenders' those of stakers, past and present
  RateState rate;
};

}  // namespace faultline
