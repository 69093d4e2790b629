// What one run changes at perpetual venues besides positions and prices.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "core/flat_map.hpp"
#include "protocols/losses/adl.hpp"
#include "protocols/losses/insurance.hpp"
#include "protocols/margin/funding.hpp"

namespace faultline {

/// A perpetual position, or part of one, to be closed in its contract's book.
struct PerpOrder {
  std::uint32_t position = 0;
  std::uint32_t contract = 0;  // among all
  std::uint32_t reserve = 0;
  std::uint32_t leg = 0;
  bool sells = true;
  double size = 0;        // contracts, whole quanta
  double limit = 0;       // worst price, settlement asset per contract
  double bankruptcy = 0;  // price at which the account is left with nothing, likewise
  double filled = 0;      // contracts
  double quote = 0;       // settlement asset they brought or cost
};

/// Part of a position, or all of it, to be closed against its venue's pool.
struct PoolClosing {
  std::uint32_t position = 0;
  double contracts = 0;  // whole quanta
  bool winning = false;  // closed because the pool owes too much, not because the account does
};

/// Of a run's story: since when a contract's mark has been far from its index.
struct BasisStory {
  double away_s = -1;  // below 0: it is not
  double furthest = 0;
  double traded_usd = 0;  // in its book by others than the liquidated, until then
};

/// Fields by the phase that writes them; a run starts from `open`.
struct PerpRun {
  // 1 shock
  std::vector<FundingState> funding;  // [contract]
  // 4 assess
  std::vector<PerpOrder> orders;
  std::vector<std::uint32_t> taken_over, deleveraged;  // accounts, ascending
  std::vector<std::uint32_t> tiered;                   // in breach by size alone, ascending
  std::vector<PoolClosing> closings;                   // losers by row, then winners by venue
  bool waits = false;                                  // some account in breach bides its time
  // 6 settle
  FlatMap<double> ordered_s;               // position to when it last traded
  FlatMap<double> freed_usd;               // position to the shortage covered since its breach
  std::vector<double> mark_before;         // [contract] the round before, USD; 0: none
  std::vector<BasisStory> stories;         // [contract]
  std::vector<double> round_takeover_usd;  // [market] this round
  std::vector<double> round_fund_usd;      // likewise
  std::vector<double> round_deleveraged_usd;
  std::vector<InsuranceSpent> spent;  // [backstop]
  FlatMap<unsigned char> forced;      // accounts closed against their will so far
  FlatMap<double> given_usd;          // position to what was closed of it, or taken
  std::vector<double> shortfall_usd;  // [market] of accounts that were deleveraged
  std::vector<double> impact_usd;     // [market] what a pool kept of impacts, for those in favour
  AdlWork adl;                        // scratch, like the next: profit, USD
  std::vector<std::pair<double, PoolClosing>> winners;

  void open(std::size_t contracts, std::size_t backstops, std::size_t markets) {
    funding.assign(contracts, FundingState{});
    mark_before.assign(contracts, 0.0);
    stories.assign(contracts, BasisStory{});
    spent.assign(backstops, InsuranceSpent{});
    forget_orders();
    ordered_s.clear();
    freed_usd.clear();
    given_usd.clear();
    forced.clear();
    for (auto* usd : {&round_takeover_usd, &round_fund_usd, &round_deleveraged_usd, &shortfall_usd,
                      &impact_usd}) {
      usd->assign(markets, 0.0);
    }
  }
  void forget_orders() {
    orders.clear();
    taken_over.clear();
    deleveraged.clear();
    closings.clear();
    waits = false;
  }
  bool acts() const {
    return !orders.empty() || !taken_over.empty() || !deleveraged.empty() || !closings.empty();
  }
};

}  // namespace faultline
