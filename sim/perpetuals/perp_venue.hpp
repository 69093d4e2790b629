// A perpetual venue as compiled: its contracts and rules, who holds them, who stands behind it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/ids.hpp"
#include "protocols/liquidation/perp_sizing.hpp"
#include "protocols/losses/adl.hpp"
#include "protocols/losses/insurance.hpp"
#include "protocols/margin/funding.hpp"
#include "protocols/margin/margin_tiers.hpp"
#include "protocols/margin/pool_perp.hpp"

namespace faultline {

/// An account and the contracts it opens with on one side.
struct SizedRow {
  double size = 0;
  std::uint32_t position = 0;
};

/// One contract of a venue.
struct PerpContract {
  std::string name;
  std::uint32_t number = 0;  // among all contracts
  bool inverse = false;      // of dollars, paid in the coin: who is long of it is short of the coin
  std::uint32_t reserve = 0;  // whose collateral are its longs, whose debt its shorts
  VenueId book;               // with a pool, the pool
  OracleId index;             // feed of the underlying
  std::vector<MarginTier> tiers;
  /// Where margin rises with size: accounts, the largest first. Sizes only fall in a run.
  std::vector<SizedRow> by_size;
  FundingTerms funding;
  double impact_usd = 0;  // traded for the premium
  /// Accounts of the ledger that hold the contract, each with the one its funding is paid from.
  std::vector<std::pair<AccountId, AccountId>> holders;
};

/// A vault or fund behind a venue; what it has lies in a row of the position book.
struct Backstop {
  std::string name;
  std::uint32_t number = 0;  // among all backstops
  std::uint32_t row = 0;
  bool takes_over = false;  // whole accounts, as a vault does; else it pays what is missing
  double holds_usd = 0;
  double unwind_s = 0;       // half-life of what it took over
  InsuranceTerms insurance;  // of a fund
};

/// The pool that stands against every account of a venue without books. What it holds against them
/// lies in ledger accounts of its providers: contracts, and dollars of size.
struct PerpPool {
  VenueId venue;
  std::uint32_t number = 0;  // among all backstops
  PoolPerpTerms terms;
  std::uint32_t base = 0, quote = 0;  // reserves of its tokens, as collateral
  AccountId contracts, face;
  std::vector<std::uint32_t> small;  // accounts whose margin is the least one, ascending
};

/// Who bears what an account cannot, in order.
struct PerpAbsorber {
  enum class Kind : std::uint8_t { backstop, deleverage, socialise };
  Kind kind = Kind::deleverage;
  std::uint32_t backstop = 0;
};

/// Rules of a venue that a scenario may change.
struct PerpRules {
  PerpLiquidationTerms liquidation;
  AdlTerms adl;
};

/// A venue and the rows of the position book that are its accounts.
struct PerpVenue {
  MarketId market;
  std::uint32_t settles = 0;  // reserve of the settlement asset; with a pool, of dollars of size
  std::optional<PerpPool> pool;
  double liquidate_at = 1;   // equity over maintenance margin below which it acts
  std::uint32_t number = 0;  // among all venues
  PerpRules rules;           // at the opening; a run's are in Settings
  std::vector<PerpContract> contracts;
  std::vector<Backstop> backstops;
  std::vector<PerpAbsorber> absorbers;
  std::uint32_t first_position = 0, positions = 0;  // backstops last
  /// What each contract leg was entered at, in the settlement asset per contract: by account, in
  /// the order of its legs.
  std::vector<std::uint32_t> entry_first;  // [account], and one past the end
  std::vector<double> entry;

  std::span<const double> entries(std::uint32_t position) const {
    const std::uint32_t i = position - first_position;
    return {entry.data() + entry_first[i], entry.data() + entry_first[i + 1]};
  }
  const PerpContract& contract_of(std::uint32_t reserve) const {
    return contracts[reserve - contracts[0].reserve];
  }
  /// The backstop whose row it is; null for traders.
  const Backstop* backstop_of(std::uint32_t position) const {
    for (const Backstop& b : backstops) {
      if (b.row == position) return &b;
    }
    return nullptr;
  }
};

}  // namespace faultline
