// Everything one run changes, reused from run to run. Resetting costs what the last run touched.
// Fields are grouped by the phase that writes them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/flat_map.hpp"
#include "core/parallel.hpp"
#include "protocols/margin/book.hpp"
#include "protocols/margin/breach_search.hpp"
#include "sim/agents/capital_out.hpp"
#include "sim/agents/deposit_run.hpp"
#include "sim/agents/flow_run.hpp"
#include "sim/breached_rows.hpp"
#include "sim/claims/coin_run.hpp"
#include "sim/claims/desk_run.hpp"
#include "sim/credit/auction_run.hpp"
#include "sim/credit/pool_run.hpp"
#include "sim/credit/repayment_infos.hpp"
#include "sim/liquidation_orders.hpp"
#include "sim/outcome.hpp"
#include "sim/perpetuals/perp_run.hpp"
#include "sim/scenario.hpp"
#include "sim/snapshot.hpp"

namespace faultline {

/// A set of small numbers that remembers its members; clearing costs what it holds.
class DirtySet {
 public:
  void resize(std::size_t n) {
    in_.assign(n, 0);
    members_.clear();
    members_.reserve(n);
  }
  void add(std::uint32_t i) {
    if (in_[i]) return;
    in_[i] = 1;
    members_.push_back(i);
  }
  bool has(std::uint32_t i) const { return in_[i] != 0; }
  bool empty() const { return members_.empty(); }
  /// Members in the order added.
  const std::vector<std::uint32_t>& members() const { return members_; }
  void clear() {
    for (const std::uint32_t i : members_) in_[i] = 0;
    members_.clear();
  }

 private:
  std::vector<unsigned char> in_;
  std::vector<std::uint32_t> members_;
};

/// What markets may be told to change by `set`.
struct Settings {
  std::vector<FeedParams> feeds;
  std::vector<Reserve> reserves;
  std::vector<PerpRules> perps;
  std::vector<double> liquidator_capital, liquidator_gas;
  std::vector<double> arbitrageur_capital, arbitrageur_latency, arbitrageur_gas;
  std::vector<double> flow_size;  // [flow agent]
  std::vector<DepositorRules> depositors;
};

/// What is behind a synthetic dollar, as a share of what it owes by contract at the opening rate.
struct DollarState {
  double behind = 1;    // now, at most 1
  double admitted = 1;  // the part of it that its rate says
  double rate = 1;      // its contract rate, were all of it there
  double told = 1;      // of the run's story
};

/// A round trip between a venue and the outside market that would pay.
struct Opportunity {
  VenueId venue;
  Side side = Side::sell;
  double in = 0;  // of the asset given at the venue
  double gain_usd = 0, capital_usd = 0;
};

/// Who is in breach at market prices, whatever feeds say (sim/feed_audit.hpp).
struct FeedAudit {
  FeedAudit(const Book& book, const Positions& positions, std::vector<double> at_market)
      : factors(std::move(at_market)), search(book, positions, factors) {}

  std::vector<double> factors;  // of the breach search, at market prices
  BreachSearch search;
  std::vector<std::uint32_t> rows;                    // in breach at market prices, ascending
  std::vector<std::uint32_t> changed, changed_since;  // factors that moved; scratch
  std::vector<double> missing_usd, missing_accounts;  // [harm] this round
};

struct Workspace {
  explicit Workspace(const Snapshot& world);
  /// Back to the opening of the world.
  void reset();

  const Snapshot* world;
  double now_s = 0;
  std::uint32_t round = 0;
  bool transmission = true;
  bool record = false;

  /// Spreads searches and the planning of rows over the threads, for a scenario that runs alone;
  /// the workers must outlive the workspace. Not for sweeps, whose scenarios are spread themselves.
  void use(Workers& workers) { workers_ = workers.threads() > 1 ? &workers : nullptr; }

  // 1 shock
  MarketState market;
  Settings settings;
  bool settings_changed = false;
  std::vector<double> base_reference;        // [asset] before permanent impact
  std::vector<double> backing;               // [asset] share of contract value still backed
  std::vector<double> gas_factor, gas_next;  // [chain] of what a transaction costs; scratch
  std::vector<DollarState> dollars;          // [issuer] of synthetic dollars; 1 and 7
  CoinRun coins;                             // algorithmic ones; 1, 2 and 7
  DeskRun desks;                             // who takes claims back; 1 and 2
  std::vector<PoolShareState> shares;        // LP shares that are assets; 1 and 7
  CheapBuyersRun cheap_buyers;               // 6 settle
  VaultRun vaults;                           // curated vaults; 1, 6 and 7
  std::vector<ReserveState> reserves;
  DirtySet moved_references;          // assets
  std::vector<double> reference_log;  // [(round % depth) * assets + asset], for arbitrage latency
  std::uint32_t reference_depth = 1;
  std::vector<std::uint32_t> reference_moved_round;  // [asset] last round it moved; see seen_gap
  std::vector<double> withdrawn;                     // [venue] share of depth taken out so far
  std::vector<unsigned char> halts;                  // [venue] whether the scenario halts it now
  std::vector<double> depth_left;  // [venue] share the scenario's withdrawals leave now
  std::vector<MakersState> makers;
  std::vector<DepthStory> depth_stories;  // [venue]
  std::vector<FeedFaults> faults;         // [oracle] what the scenario breaks there now
  std::vector<double> minted;             // [asset]
  bool accruing = false;                  // some debt bears interest
  bool impact_due = false;                // permanent impact moved a reference since the last round

  PerpRun perps;           // 1 shock to 6 settle
  AuctionRun auctions;     // 4 assess to 6 settle
  TroveRun troves;         // likewise
  AbsorbingRun absorbing;  // likewise
  ClusterRun clusters;     // likewise
  PoolRun pools;           // likewise
  BandRun bands;           // 2 align to 6 settle

  // 2 align and 5 execute
  KindStates<VenueKinds> venues, scratch;
  Ledger ledger;
  std::vector<Opportunity> opportunities;
  CapitalOut arbitrage_out, liquidation_out;    // of arbitrageurs, of liquidators
  std::vector<unsigned char> short_of_capital;  // [arbitrageur] gaps were left open for lack of it
  DirtySet moved_venues, moved_spots;

  // 3 oracle
  std::vector<FeedState> feeds;
  std::vector<PriceHistory> feed_histories;  // [oracle] empty where no average asks for one
  std::vector<double> feed_due;
  DirtySet moved_feeds;

  // 4 assess
  std::vector<double> factors, market_factors;  // y of the search; of the bad-debt search
  std::vector<std::uint32_t> changed_factors, changed_market_factors;
  std::vector<std::uint32_t> marked_in_round;  // [factor] the last it was marked down in, plus 1
  Positions positions;
  BreachSearch breach, underwater;
  std::vector<std::uint32_t> breached;       // in breach and not parked, ascending
  std::vector<std::uint32_t> entered, left;  // what a search reported; scratch
  std::vector<std::uint32_t> row_scratch;
  FlatMap<std::uint32_t> breach_since;  // position to the round it was first in breach
  std::vector<LiquidationOrder> orders;
  std::vector<double> published_inverse;  // [oracle]
  std::vector<double> lane_price;         // [lane] marginal, net of fees
  std::vector<double> lane_rho;           // [lane] that over the oracles' price of the pair
  std::vector<double> spot_gap;           // [reserve] market value over the oracle's price
  ParkedRows parked;
  std::optional<OpeningRows> opening_rows;  // once the first run has found them
  std::vector<PlannedRows> planned;         // pieces of `breached`; scratch

  FlowRun flows;  // what agents with a rule want, and their trades (5)

  // 5 execute
  std::vector<double> lane_in, lane_out;
  std::vector<std::uint32_t> active_lanes;
  std::vector<WalkStep> walk_steps;
  std::vector<double> parts;                    // of one order, by venue; scratch
  std::vector<OrderKey> order_keys;             // scratch
  std::vector<LiquidationOrder> sorted_orders;  // scratch
  std::vector<LaneQueue> queues;                // of the lanes that share venues
  std::vector<double> queued;                   // [order] sold by its queue up to and with it
  std::vector<std::uint32_t> ranked;            // orders, worst limit first; scratch
  std::vector<double> reserve_wants, capital_wants;

  RepaymentRun repayments;  // 6 settle
  DepositRun deposits;  // 1 shock (what the scenario leaves), 6 settle, 7 mark-down (what is seen)

  // 6 settle
  std::vector<double> realised_usd;          // [market] bad debt written off so far,
  std::vector<double> paid_usd;              // [market] what of it the funds behind it paid
  std::vector<double> round_liquidated_usd;  // [market] this round

  // 7 mark-down and what is reported
  Outcome outcome;
  std::optional<FeedAudit> feed_audit;    // of recorded runs
  bool rows_changed = false;              // a leg, since holes were last measured
  std::vector<double> hole_usd;           // [market] owed beyond collateral now, legacy included
  std::vector<double> nearly_full_since;  // [reserve] s; -1: it has cash to spare
  HollowRows hollow;
  bool holes_found = false;                  // in this run
  std::vector<std::uint32_t> share_factors;  // of vaults' shares posted; scratch
  std::vector<double> shares_before;         // [vault] worth of a share; scratch
  std::array<double, bearer_count> opening_wealth{};
  std::vector<double> exit_amounts, exit_prices, asset_sums;
  std::vector<std::uint32_t> exit_rows;  // in breach or under water at the end
  bool quiet = false;                    // this round changed nothing
  bool audit_rounds = false;             // law 1 after every round, rows included (tests)

  /// Calls visit(i) once for each i < count: in parallel from `worth` on, where there are workers.
  template <class Visit>
  void spread(std::size_t count, std::size_t worth, Visit&& visit) {
    if (workers_ == nullptr || count < worth) {
      for (std::size_t i = 0; i < count; ++i) visit(i);
      return;
    }
    const std::string error =
        workers_->for_blocks(count, [&](unsigned, std::size_t i) { visit(i); });
    if (!error.empty()) throw std::runtime_error(error);
  }

  /// Runs one of the searches into `entered` and `left`.
  std::optional<std::uint32_t> find_rows(BreachSearch& search, const std::vector<double>& y,
                                         const std::vector<std::uint32_t>& changed) {
    return search.find(y, changed, entered, left,
                       [this](std::size_t count, auto&& visit) { spread(count, 128, visit); });
  }

  /// Tells the searches that a leg of the row changed.
  void touch(std::uint32_t position) {
    breach.touch(position);
    underwater.touch(position);
    rows_changed = true;
    if (record && feed_audit) feed_audit->search.touch(position);
  }

  bool is_parked(std::uint32_t position) const {
    const ParkState* p = parked.states.find(position);
    return p != nullptr && p->parked;
  }
  /// Parks a row or takes it out; entries made before no longer hold.
  ParkState set_parked(std::uint32_t position, bool on) {
    ParkState& state = *parked.states.try_emplace(position, {}).first;
    state = {on, state.stamp + 1};
    return state;
  }

 private:
  void open_rows();

  Workers* workers_ = nullptr;  // null: one thread
};

/// Brings a sorted list of rows up to date: without those of `left`, with those of `entered`.
void update_rows(std::vector<std::uint32_t>& rows, const std::vector<std::uint32_t>& entered,
                 const std::vector<std::uint32_t>& left, std::vector<std::uint32_t>& scratch);

}  // namespace faultline
