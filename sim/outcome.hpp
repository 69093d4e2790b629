// What one run reports: plain values, one row per node, compared as bytes.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "protocols/losses/adl.hpp"
#include "sim/ledger.hpp"
#include "sim/liquidation_outcomes.hpp"

namespace faultline {

enum class Stop : std::uint8_t {
  horizon,        // the clock ran out
  settled,        // nothing was pending any more; states hold to the horizon
  not_finite,     // a number stopped being finite (law 7)
  not_whole,      // an amount was no whole number of quanta, or too large for a double
  not_conserved,  // an asset's accounts no longer sum to what was issued (law 1)
  capacity        // a fixed capacity (pending oracle reports) was exceeded
};
const char* stop_text(Stop s);
inline bool stop_is_failure(Stop s) {
  return s > Stop::settled;
}

struct MarketOutcome {
  double deposits_usd = 0;       // lenders' claims at the opening
  double bad_debt_usd = 0;       // economic, at its worst round, without legacy
  double bad_debt_end_usd = 0;   // the same at the end
  double bad_debt_exit_usd = 0;  // at the end, collateral valued at what it would fetch
  double recognised_usd = 0;     // as the books admit it
  double legacy_usd = 0;         // there before round 0
  double liquidated_usd = 0;     // debt repaid by liquidators
  double unserved_usd = 0;       // debt of accounts in breach that nobody served, at the end
  double liquidations = 0;
  double forced_accounts = 0, forced_usd = 0;  // perpetual: accounts closed, notional before it
  double first_liquidation_s = -1;             // -1: never
  double insolvent_s = -1;  // first time the hole passed 0.1% of deposits and the reserves
  double utilisation_peak = 0;
  double withdrawn_usd = 0, trapped_usd = 0, trapped_usd_s = 0;  // of all its reserves
  double trapped_longest_s = 0;
  double toxic_liquidations = 0, toxic_usd = 0;  // of accounts that liquidation makes worse
  double scaled_accounts = 0, scaled_usd = 0;  // put in breach by thresholds that fell: their debt
  double drained_usd = 0;                      // borrowed against cheap collateral
  bool operator==(const MarketOutcome&) const = default;
};

/// What lenders of one reserve met.
struct ReserveOutcome {
  double withdrawn_usd = 0;      // paid out to those who asked for it
  double trapped_usd = 0;        // asked for and unpaid at the end
  double trapped_usd_s = 0;      // the same summed over time, dollar-seconds
  double trapped_longest_s = 0;  // the longest anybody waited, or has been waiting
  double full_at_s = -1;         // when all of it was lent out first; -1: never
  double nearly_full_s = 0;      // for how long 99.5% or more was
  double deficit_usd = 0;        // admitted and carried at the end
  double covered_usd = 0;        // taken from stakers for it
  double repaid_usd = 0;         // by borrowers whom the rate hurt
  double full_rate = 0;          // per year, on debt, in the round when all was lent out first
  double rate_end = 0;           // the same at the end, where it was
  bool operator==(const ReserveOutcome&) const = default;
};

struct AssetOutcome {
  double price_start = 0, price_min = 0, price_end = 0;
  // Units on the ledger; of an asset that no issuer mints and burns, those at the start.
  double supply_start = 0, supply_most = 0, supply_end = 0;
  bool operator==(const AssetOutcome&) const = default;
};

/// How much there was of an asset that is minted and burnt, and its price, at one time.
struct SupplyPoint {
  std::uint32_t asset = 0;
  double at_s = 0, units = 0, price_usd = 0;
  bool operator==(const SupplyPoint&) const = default;
};

/// What an issuer of an algorithmic coin burnt and minted, USD.
struct CoinOutcome {
  double redeemed_usd = 0;   // coins burnt, at what it takes them for
  double issued_usd = 0;     // coins minted, likewise
  double spread_usd = 0;     // kept, at the oracle's price
  double widest_spread = 0;  // paid on a whole swap
  double halted_s = -1;      // -1: never
  bool operator==(const CoinOutcome&) const = default;
};

/// What buyers of cheap collateral gave and took.
struct CheapBuyersOutcome {
  double spent_usd = 0;     // for the collateral
  double posted_usd = 0;    // what markets believed it to be worth
  double borrowed_usd = 0;  // at market value
  double first_s = -1;      // -1: never
  bool operator==(const CheapBuyersOutcome&) const = default;
};

struct VenueOutcome {
  double volume_usd = 0;   // all trades
  double forced_usd = 0;   // of which liquidations and agents that trade by a rule
  double lp_loss_usd = 0;  // value at the start less value at the end, at end prices
  bool operator==(const VenueOutcome&) const = default;
};

struct OracleOutcome {
  double largest_gap = 0;  // |published / market - 1| at its largest
  double reports = 0;
  bool operator==(const OracleOutcome&) const = default;
};

/// What happened to one perpetual contract.
struct PerpOutcome {
  double liquidated_usd = 0;   // closed in its book
  double takeover_usd = 0;     // taken over by vaults, at the mark
  double deleveraged_usd = 0;  // closed against other accounts
  double given_up_usd = 0;     // by those accounts, against the mark
  double first_deleveraged_s = -1;
  double funding_least = 0, funding_most = 0;  // per the period the rate is stated for
  double basis_least = 0, basis_most = 0;      // mark over index, less one
  bool operator==(const PerpOutcome&) const = default;
};

/// What happened to the loans of one market on bands. Market values of the moment.
struct BandOutcome {
  double converted_usd = 0;  // collateral its bands sold
  double returned_usd = 0;   // and bought back
  double soft_loss_usd = 0;  // given less taken in those trades: what they cost the borrowers
  double coins_most = 0;     // largest share of what lay in the bands that was the coin
  double coins_end = 0;      // the same at the end
  bool operator==(const BandOutcome&) const = default;
};

/// What a vault, fund or pool behind perpetual venues has, USD; below zero: owed.
struct BackstopOutcome {
  double start_usd = 0, end_usd = 0;
  bool operator==(const BackstopOutcome&) const = default;
};

/// What the depositors of one curated vault met. Losses are economic: holes of the markets it lends
/// to are shared over their lenders, on the books or not.
struct VaultOutcome {
  double deposits_usd = 0;   // at the opening
  double withdrawn_usd = 0;  // paid out to those who asked for it
  double trapped_usd = 0;    // asked for and unpaid at the end
  double trapped_peak_usd = 0;
  double trapped_usd_s = 0;    // the same summed over time, dollar-seconds
  double trapped_s = 0;        // how long somebody who asked was not paid
  double locked_usd = 0;       // at the end: owed to all depositors beyond what could be paid
  double loss_usd = 0;         // put in less taken out less what is left, interest included
  double recognised_usd = 0;   // of it in the price of a share
  double reallocated_usd = 0;  // moved out of markets by its curator
  double price_start = 0, price_end = 0;  // units a share pays by its books
  double stayer_loss = 0;  // share of its opening price that a share is not worth at the end
  bool operator==(const VaultOutcome&) const = default;
};

/// What one manipulation of a scenario took.
struct ManipulationOutcome {
  double cost_usd = 0;     // given less taken, at market prices of the round
  double capital_usd = 0;  // given in its heaviest round
  double rounds = 0;       // in which it was held
  bool ended = false;
};

/// What one feed's error did in one market; told of recorded runs only.
struct FeedHarm {
  std::uint32_t market = 0, oracle = 0;
  // Liquidated though healthy at market prices.
  double false_liquidated_usd = 0, false_liquidations = 0;
  // In breach at market prices and sound at published ones: debt and accounts in the worst round,
  // and debt at the end.
  double missing_usd = 0, missing_accounts = 0, missing_end_usd = 0;
};

/// What a desk paid out and issued, and what it owes.
struct DeskOutcome {
  double redeemed_usd = 0, issued_usd = 0;
  double waiting_end_usd = 0, waiting_most_usd = 0;  // handed in and unpaid
  double longest_wait_s = 0;                         // of those paid
  double drained_usd = 0;
  double behind_start = 0, behind_least = 0, behind_end = 0;  // share of what it owes that is there
  double missing_end_usd = 0;                                 // of what it owes
  double paused_s = -1, emptied_s = -1;                       // when first; -1: never
  bool operator==(const DeskOutcome&) const = default;
};

/// What happened to the LP shares of one pool. Worth of one in USD: at outside prices of its coins,
/// and at what leaving through the pool or a venue brings.
struct PoolShareOutcome {
  double supply_start = 0, supply_end = 0;
  double burnt = 0;     // given by whoever left in one coin
  double paid_usd = 0;  // what that brought, at market value
  double fair_usd = 0;  // what was given for it, at its fair value then
  double fair_start = 0, fair_end = 0, market_end = 0;
  double reserves_most = 0;  // the reserves as they stood, over fair value, at the most
  bool operator==(const PoolShareOutcome&) const = default;
};

/// What an agent that trades by a rule did.
struct AgentOutcome {
  double bought_usd = 0, sold_usd = 0;  // at the venue, at what was paid
  double paid_usd = 0;                  // for options that ended in the money; below zero: received
  double unfilled_usd = 0;  // most it wanted to trade in a round and the venue could not
  bool operator==(const AgentOutcome&) const = default;
};

struct Counters {
  std::uint64_t rounds = 0, nodes_visited = 0, posts = 0, breaches = 0, orders = 0, cut = 0;
};

/// One line of a run's story.
struct TimelineEvent {
  double at_s = 0;
  std::string kind;  // shock, liquidation, oracle, insolvency, exploit, exhaustion ...
  std::string node;
  std::string text;  // "{}" stands for the next amount of `usd`
  std::vector<double> usd;
};

/// Money that depositors of one place took out or, below zero, brought in.
struct DepositFlow {
  double at_s = 0;
  std::uint32_t place = 0;
  double usd = 0;
};

struct Outcome {
  Stop stop = Stop::horizon;
  std::string stop_detail;
  double end_s = 0;
  std::vector<MarketOutcome> markets;
  std::vector<ReserveOutcome> reserves;
  std::vector<AssetOutcome> assets;
  std::vector<VenueOutcome> venues;
  std::vector<OracleOutcome> oracles;
  std::vector<PerpOutcome> perps;  // [contract]
  std::vector<BandOutcome> bands;  // [book of loans on bands]
  std::vector<AdlBurden> burdens;  // [perpetual venue] who was deleveraged, and beyond what need
  std::vector<BackstopOutcome> backstops;
  std::vector<VaultOutcome> vaults;                 // [curated vault]
  std::vector<AuctionOutcome> auctions;             // [auction house]
  std::vector<SystemOutcome> systems;               // [coin system]
  std::vector<TroveOutcome> troves;                 // [market with a stability pool]
  std::vector<AbsorbingOutcome> absorbing;          // [market that absorbs accounts]
  std::vector<ClusterVaultOutcome> cluster_vaults;  // [vault of a cluster]
  std::vector<AgentOutcome> agents;                 // [flow agent]
  std::vector<CoinOutcome> coins;                   // [algorithmic coin]
  std::vector<CheapBuyersOutcome> cheap_buyers;
  std::vector<DeskOutcome> desks;  // [redemption desk]
  std::vector<PoolShareOutcome> pool_shares;
  std::vector<SupplyPoint> claim_path;  // of claims desks take back: every six hours, and the end
  std::vector<SupplyPoint>
      supply_path;  // of assets minted and burnt: the opening, each day, the end
  std::array<double, bearer_count> bearer_gain_usd{};  // wealth at the end less at the start
  /// The same less what the price moves did to the opening holdings: what trading, liquidation,
  /// interest and bad debt took or gave. Sums to the market value of what was minted, but for
  /// claims that desks owe.
  std::array<double, bearer_count> bearer_result_usd{};
  double revaluation_usd = 0;  // of all assets on the ledger, minted units at their market value
  double gas_usd = 0;
  double unserved_wait_p50_s = 0, unserved_wait_p95_s = 0;
  double final_debt_usd = 0;          // all debt of lending markets at the end
  std::vector<double> permanent_log;  // [round * assets + asset], only on an observed path
  Counters counters;
  std::vector<ManipulationOutcome> manipulations;  // as the scenario lists them
  std::vector<FeedHarm> feed_harms;                // as they appear; only when a run is recorded
  std::vector<TimelineEvent> timeline;             // only when a run is recorded
  std::vector<DepositFlow> deposit_flows;          // likewise

  double bad_debt_usd() const;
  double total(double MarketOutcome::*field) const;
};

}  // namespace faultline
