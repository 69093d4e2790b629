// The compiled world: everything that does not change while scenarios run, shared by all threads.
// Built once by compile() from an Ecosystem; passed by const reference from then on.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "core/market_state.hpp"
#include "core/quantity.hpp"
#include "graph/dependency_graph.hpp"
#include "oracles/feed.hpp"
#include "protocols/agents/registry.hpp"
#include "protocols/losses/losses.hpp"
#include "protocols/margin/book.hpp"
#include "protocols/margin/lending_spec.hpp"
#include "protocols/margin/lending_terms.hpp"
#include "protocols/margin/rates.hpp"
#include "protocols/venues/registry.hpp"
#include "sim/agents/agent_infos.hpp"
#include "sim/agents/deposit_infos.hpp"
#include "sim/claims/coin_infos.hpp"
#include "sim/claims/curated_vault_infos.hpp"
#include "sim/claims/desk_infos.hpp"
#include "sim/claims/share_infos.hpp"
#include "sim/credit/absorbing_infos.hpp"
#include "sim/credit/auction_house.hpp"
#include "sim/credit/band_book.hpp"
#include "sim/credit/cluster_infos.hpp"
#include "sim/credit/pool_infos.hpp"
#include "sim/credit/repayment_infos.hpp"
#include "sim/credit/trove_infos.hpp"
#include "sim/ecosystem.hpp"
#include "sim/ledger.hpp"
#include "sim/markets.hpp"
#include "sim/perpetuals/perp_venue.hpp"
#include "sim/position_table.hpp"
#include "sim/routes.hpp"

namespace faultline {

struct AssetInfo {
  std::string name;
  Quantum quantum;
  AssetId base;     // for a claim with a contract rate: what the rate is counted in
  VenueId pricing;  // the venue whose marginal price is the asset's market price, if any
  bool pricing_is_quote = false;  // the asset is that venue's quote (priced through its base)
  bool illiquid = false;
  bool contract = false;     // a perpetual on `base`: nobody holds more of it than others are short
  double supply = 0;         // units in existence, where declared
  std::int32_t issuer = -1;  // of a synthetic dollar; -1: none
  std::int32_t vault = -1;   // curated vault whose share it is; -1: none
  std::int32_t desk = -1;    // that takes it back in its own time; -1: none
  std::int32_t share = -1;   // of a pool's liquidity, of Snapshot::shares; -1: none
  bool algorithmic = false;  // minted and burnt against another: no price but that of its venues

  /// Whether its venues are all there is: nobody outside quotes it at its reference.
  bool at_home_only() const { return algorithmic || desk >= 0 || share >= 0; }
  /// Whether what one holds of it is owed by another account: together they have nothing.
  bool owed_by_issuer() const { return desk >= 0 || vault >= 0 || share >= 0; }
};

/// An issuer whose dollar rests on carry books and a reserve
/// (protocols/claims/synthetic_dollar.hpp).
struct DollarIssuer {
  std::string name;
  std::uint32_t number = 0;  // among all backstops
  AssetId issued;
  std::vector<std::uint32_t> agents;  // carry traders whose books are its
  std::vector<AccountId> reserve;
  bool admits = true;   // what it pays follows what is behind it,
  double report_s = 0;  // this often
};

struct VenueInfo {
  std::string name;
  std::string cluster;
  std::uint32_t chain = ChainInfo::none;
  AssetId base, quote;
  AccountId base_account, quote_account;
  AccountId base_wallet, quote_wallet;  // where its providers hold what they took out
  Slot slot;
  bool is_outside = false;
  bool relaxes = false;           // its state moves with time
  bool priced_by_oracle = false;  // trades there tell nothing of its assets' worth
  bool rests_loans = false;       // its bands hold the collateral of a market's loans
  bool of_vault = false;          // a curated vault pays its shares here
  OracleId feed;            // whose published price it reads instead of the outside price, if any
  std::int32_t share = -1;  // of Snapshot::shares, burnt here: the way out of a pool in one coin,
  Side leaves_in = Side::sell;  // its quote, or its base; `slot` is the pool's
  bool leaves() const { return share >= 0; }
};

struct OracleInfo {
  std::string name;
  AssetId asset;
  AssetId unit;  // what it is quoted in; none: USD
  std::uint32_t chain = ChainInfo::none;
  FeedParams params;
  std::vector<VenueId> venues;     // of its list of sources, where it has one
  std::vector<OracleId> feeds;     // likewise: its sources are the venues, then the feeds
  std::vector<double> weights;     // of both; empty: equal
  OracleId below;                  // for a contract rate or one feed: the answer it stands on
  OracleId times, over;            // multiply and divide it
  OracleId fallback;               // read while a check fails
  OracleId pool_base, pool_quote;  // of a pool's share: its coins', by which it is valued
  OracleId premium_feed;           // what its premium is taken of: a feed,
  VenueId premium_venue;           // or a venue
  std::vector<OracleId> rests_on;  // without these it cannot be used: below, times, over
  std::vector<OracleId> reads;     // every feed it reads
};

/// Start values of everything a run changes; a workspace copies from here.
struct OpeningState {
  MarketState market;
  std::vector<double> balances;
  std::vector<ReserveState> reserves;
  KindStates<VenueKinds> venues;
  KindStates<FlowKinds> flows;
  std::vector<FeedState> feeds;
  std::vector<MakersState> makers;
  VaultRun vaults;
  std::vector<double> factors, market_factors;
  std::vector<double> isolated_usd;  // [reserve] debt that rests on it as isolated collateral
  std::vector<BandMarketRun> bands;
};

struct Snapshot {
  std::string name;
  double round_s = 12, horizon_s = 86400;
  double ramps_end_s = 0;  // until then some pool's curve moves with time alone
  std::uint64_t seed = 1;
  bool sequential = false;
  std::vector<ChainInfo> chains;

  std::vector<AssetInfo> assets;
  std::vector<AssetId> price_order;             // every asset after the assets its price rests on
  std::vector<std::vector<AssetId>> claims_on;  // [asset] every claim that rests on it
  std::vector<AssetId> spot_order;  // every asset after the one its market price is read through
  std::vector<VenueInfo> venues;
  KindParams<VenueKinds> venue_params;
  std::vector<OracleInfo> oracles;
  std::vector<OracleId> feed_order;  // every claim feed after the feed below it
  std::vector<Reserve> reserves;
  std::vector<Market> markets;
  std::vector<PerpVenue> perps;
  std::vector<BandBook> band_books;
  std::uint32_t contracts = 0, backstops = 0;  // of all perpetual venues
  std::vector<AuctionHouse> houses;
  std::vector<TroveSystem> troves;
  std::vector<AbsorbingInfo> absorbing;
  std::vector<CounterInfo> counters;  // by market, then by asset
  std::vector<ClusterInfo> clusters;
  std::vector<CoinSystem> systems;
  std::vector<Lane> lanes;
  std::vector<std::vector<Hop>> bundles;  // venues that give one asset for the same other, by id
  std::vector<LaneSources> lane_sources;  // [lane] of markets; those of flow agents come after
  std::vector<std::vector<std::uint32_t>> lanes_of_venue;  // [venue] lanes of markets through it
  std::size_t most_hops = 0;                               // of any lane
  std::vector<WayBack> ways_back;                          // [2 * venue + side]
  std::vector<std::vector<std::uint32_t>> reserves_of_feed, reserves_of_asset;
  std::vector<std::vector<std::uint32_t>> sharers;  // [reserve] others that share its pot
  std::vector<std::uint32_t> scaled_reserves;       // whose thresholds follow volatility
  std::vector<GuardianInfo> guardians;
  std::vector<BreakerInfo> breakers;
  std::vector<SafetyModuleInfo> safety_modules;
  std::vector<ArbitrageurInfo> arbitrageurs;
  std::vector<LiquidatorInfo> liquidators;
  std::vector<MakersInfo> makers;
  std::vector<std::vector<BookMaker>> makers_of;  // [venue]
  std::vector<std::int32_t> liquidator_of;        // [market]; -1: nobody serves it
  std::vector<FlowAgentInfo> flow_agents;
  KindParams<FlowKinds> flow_params;
  std::vector<FlowDesk> flow_desks;
  std::vector<PutHolderInfo> put_holders;
  std::vector<DepositPlace> places;  // where plain lenders stand: every reserve that is lent, then
                                     // every curated vault
  std::vector<DepositorsInfo> depositors;
  std::vector<RepayersInfo> repayers;
  std::vector<RepayingReserve> repaying;  // by agents, then by reserve
  std::vector<RepayingRow> repaying_rows;
  std::vector<DollarIssuer> dollars;
  std::vector<AlgorithmicCoin> coins;
  std::vector<SwapTrip> trips;  // by coin
  std::vector<CheapBuyersInfo> cheap_buyers;
  std::vector<RedemptionDesk> desks;
  std::vector<ReservePart> reserve_parts;  // by desk, then by name
  std::vector<DeskTrip> desk_trips;        // by desk
  std::vector<DeskRoute> desk_routes;
  std::vector<PoolShare> shares;                 // of pools that are assets
  std::vector<CuratedVaultInfo> vaults;          // curated ones
  std::vector<VaultPlace> vault_places;          // by vault, then by name
  std::vector<std::uint32_t> vault_order;        // every vault after those it lends to
  std::vector<VenueId> vault_exits;              // where their shares are handed in
  std::vector<OptionContract> option_contracts;  // by expiry
  std::vector<AccountInfo> accounts;
  std::vector<AccountId> boundary, chain_purse, dust, attacker;  // [asset]
  std::vector<std::vector<Hop>> exits;  // [asset] deepest way to the numeraire; empty: none
  std::vector<VenueId> outside;         // [asset] where outside money trades it; none: nowhere
  AssetId numeraire;                    // quote of the outside markets

  std::unique_ptr<const Book> book;
  PositionTable positions;                  // [position]
  std::vector<std::uint32_t> attacker_row;  // [market] the first, one for each e-mode after it;
                                            // none: 0xffffffff
  std::vector<double> legacy_usd;           // [position], only where above zero at the start
  std::vector<std::uint32_t> legacy_rows;

  OpeningState opening;
  DependencyGraph graph;
  std::vector<double> total_supply;  // [asset] units on the ledger at the start
  std::uint64_t fingerprint = 0;
  double usd_step = 0x1p-12;

  /// Metrics are rounded per row, so that their sums are exact in any order.
  double whole_usd(double usd) const { return std::floor(usd / usd_step + 0.5) * usd_step; }

  /// What a transaction costs whoever states no gas of his own (`own` is NaN), USD.
  double gas_usd(double own, std::uint32_t chain) const {
    return !std::isnan(own) ? own : chain == ChainInfo::none ? 0 : chains[chain].gas_usd;
  }
  /// The venues a hop trades at.
  std::span<const Hop> venues_of(const Hop& hop) const {
    return hop.bundle == Hop::alone ? std::span(&hop, 1) : std::span(bundles[hop.bundle]);
  }
  /// The pool whose curve a venue stands on: itself, but for the ways out of one.
  VenueId pool_of(VenueId v) const {
    const std::int32_t share = venues[v.value].share;
    return share < 0 ? v : shares[static_cast<std::size_t>(share)].pool;
  }
  /// Whether a reserve's cash, debt and claims are its own.
  bool owns_pot(std::uint32_t reserve) const { return reserves[reserve].pot == reserve; }
  /// Whether a row is an attacker's.
  bool of_attacker(std::uint32_t position) const {
    const std::uint32_t m = positions[position].market.value, first = attacker_row[m];
    return position >= first && position <= first + markets[m].emodes.size();
  }
  /// The lane from one reserve's asset to another's, in the same market.
  std::uint16_t lane(std::uint32_t collateral_reserve, std::uint32_t debt_reserve) const {
    const Market& m = markets[reserves[debt_reserve].market.value];
    return m.lanes[(collateral_reserve - m.first_reserve) * m.reserve_count +
                   (debt_reserve - m.first_reserve)];
  }
  /// The purse that pays and is paid for liquidations in a debt reserve's market.
  AccountId liquidator_purse(std::uint32_t debt_reserve, AssetId asset) const {
    const auto who = static_cast<std::size_t>(liquidator_of[reserves[debt_reserve].market.value]);
    return liquidators[who].purse[asset.value];
  }
  /// "ETH collateral of compound": what a factor values, for messages.
  std::string factor_text(std::uint32_t factor) const;
  VenueId venue(std::string_view name) const;
  AssetId asset(std::string_view name) const;
  MarketId market(std::string_view name) const;
  OracleId oracle(std::string_view name) const;
};

/// Builds the world. Semantic mistakes are appended to `diagnostics`, located through `spans`
/// (path to span); on errors the result must not be run.
/// Where a path of the ecosystem file stands, for diagnostics; empty: nowhere.
struct SpanTable {
  std::function<Span(const std::string&)> at;
};
Snapshot compile(const Ecosystem& ecosystem, Diagnostics& diagnostics, const SpanTable& spans);

}  // namespace faultline
