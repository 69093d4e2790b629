// What the parts of compile() share: the names-to-ids tables and where to report. Private to
// sim/compile/
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/diagnostics.hpp"
#include "sim/compile/sorted_nodes.hpp"
#include "sim/snapshot.hpp"

namespace faultline {

/// Accounts of a market and how they read here. An amount counts `scale[side] * book_scale` units.
struct AccountRows {
  const PositionRows* rows = nullptr;
  std::vector<std::uint32_t> reserve_of[2];  // [side][asset of the rows]; none: 0xffffffff
  std::vector<std::vector<std::uint32_t>>
      posted_in;  // [e-mode of the rows][asset] collateral there
  double scale[2] = {1, 1};
  double book_scale = 1;
  std::size_t unscaled = 0xffffffffu;      // asset of the rows that stands in coins already
  std::vector<std::uint16_t> controllers;  // [account] of a cluster: its category, plus 1

  std::size_t size() const { return rows == nullptr ? 0 : rows->size(); }
  /// Calls visit(reserve, units, is debt) for every leg of an account that is no plain supply.
  template <class Visit>
  void each_leg(std::size_t account, Visit&& visit) const {
    for (std::uint32_t l = rows->first_leg[account]; l < rows->first_leg[account + 1]; ++l) {
      const PositionRows::Leg leg = rows->legs[l];
      if (leg.side == 2) continue;
      const auto& modes = controllers.empty() ? rows->emode_of : controllers;
      const std::uint16_t mode = modes.empty() ? 0 : modes[account];
      const double factor = leg.asset == unscaled ? 1 : scale[leg.side];
      visit(leg.side == 0 && mode > 0 ? posted_in[mode - 1u][leg.asset]
                                      : reserve_of[leg.side][leg.asset],
            rows->amounts[l] * factor * book_scale, leg.side == 1);
    }
  }
};

struct CompileContext {
  const Ecosystem& eco;
  SortedNodes nodes;
  Snapshot& world;
  Diagnostics& diagnostics;
  const SpanTable& spans;

  std::map<std::string, std::uint32_t, std::less<>> assets{}, venues{}, oracles{}, markets{};
  std::vector<double> holdings{};  // [asset] units the opening puts on the ledger, before rounding

  /// A market's accounts: as the file lists them, and what its groups made.
  struct Gathered {
    AccountRows listed, generated;
    PositionRows made;  // the rows of `generated`; their assets are the market's reserves
    std::vector<std::pair<std::string, std::uint32_t>> groups;  // of `made`: name and accounts
    std::vector<std::string> hedged;  // carry traders among `made`, last of all
    std::vector<double> entries;  // [leg of `made`] price a contract was entered at, USD; else 0
    bool empty() const { return listed.size() + generated.size() == 0; }
    /// Calls visit(rows, account) for every account.
    template <class Visit>
    void each_account(Visit&& visit) const {
      for (const AccountRows* part : {&listed, &generated}) {
        for (std::size_t i = 0; i < part->size(); ++i) visit(*part, i);
      }
    }
  };
  /// A carry trader's account at a perpetual venue, before rows are numbered.
  struct HedgeAccount {
    std::string agent;
    std::uint32_t market = 0, account = 0;  // among those of the market
  };
  std::vector<HedgeAccount> hedges{};
  std::vector<Gathered> gathered{};  // [market]; filled by gather_markets
  std::vector<double> supplied{}, posted{}, borrowed{}, protocol{},
      lent_plain{};                          // [reserve] units
  std::vector<double> vault_units{};         // [reserve] units that curated vaults lend there
  std::vector<std::string> vault_lenders{};  // [reserve] which, for messages: "core $112m"
  std::vector<double> placed{};              // [vault place] units, at the opening

  Span at(const std::string& path) const { return spans.at ? spans.at(path) : Span{}; }
  /// The asset's id; reports an unknown name at `path`.
  AssetId asset(const std::string& name, const std::string& path);
  /// An amount in units of `asset`: "$" by its opening reference, its own name as it stands.
  double units(const Amount& amount, AssetId asset, const std::string& path);
  /// An amount in USD at opening references.
  double usd(const Amount& amount, const std::string& path);
  /// A node's chain: what hosts it or its family; else the one that names no hosts; else none.
  std::uint32_t chain_of(const std::string& name, const std::string& cluster) const;
  double reference(AssetId a) const { return world.opening.market.reference[a.value]; }
  AccountId account(Bearer bearer, std::uint32_t owner, AssetId asset, double opening = 0);
};

/// A reserve of one asset in a market under construction, without terms; its feed is `oracle` or
/// the asset's own.
Reserve& add_reserve(CompileContext& c, MarketId market, AssetId asset, const std::string& path,
                     const std::optional<Name>& oracle);

/// What markets write alike that mint a coin against one collateral.
struct MintedPair {
  const Name &lends, &collateral;
  const std::optional<Name>&coin_oracle, &oracle;
  PerYear fee;
  const std::optional<Amount>&line, &borrowed;
  double threshold;  // debt over collateral, most
};
/// Two reserves, the coin's and then its collateral's; whether those are assets, and not one.
bool add_minted_pair(CompileContext& c, MarketId market, const std::string& path,
                     const MintedPair& pair);

/// Curated vaults: where they lend how much, before rounding; then their books, once the position
/// book stands.
void gather_vaults(CompileContext& c);
void open_vaults(CompileContext& c);
/// What every vault could pay for its shares at the opening; last, for it asks a workspace.
void open_vault_exits(CompileContext& c);
/// Where plain lenders and depositors of vaults stand, who of them watches, and where they go.
void compile_depositors(CompileContext& c);
/// Borrowers who repay: their money outside; and, once the position book stands, which rows they
/// are and what each bears.
void compile_repayers(CompileContext& c);
void find_repaying_rows(CompileContext& c);
/// The row of those who borrow against what is trapped in a place: their claim, and every debt.
void escape_legs(const CompileContext& c, const DepositPlace& place, std::vector<LegInput>& legs);
/// The reserves of a pool's categories, after the pool's own.
void add_emodes(CompileContext& c, Market& market, const PooledLending::Spec& spec);
/// The reserve where accounts of a category post an asset; else where all do; or 0xffffffff.
std::uint32_t posted_in(const Snapshot& world, const Market& market, std::int32_t emode,
                        std::uint32_t reserve);
/// Once all markets stand: whose pot each reserve draws on.
void share_pots(CompileContext& c);
/// Reports accounts of a category that owe what it does not lend.
void check_emodes(CompileContext& c, const AccountRows& rows, std::uint32_t market);
void compile_defences(CompileContext& c);        // guardians and breakers
void compile_safety_modules(CompileContext& c);  // their stakes, before amounts are whole
void round_stakes(CompileContext& c);            // likewise whole
/// Reserves of a market of loans on bands, whose pool stands already.
void add_band_market(CompileContext& c, Market& market, MarketId id, const BandMarket::Spec& spec);
/// Where its accounts' legs lie; none: 0xffffffff.
std::uint32_t band_reserve(const Snapshot& world, const Market& market, AssetId asset, bool debt);
/// Its accounts, by group; adds to `gathered`.
void generate_band_loans(CompileContext& c, const Named<MarketNode>& node, std::uint32_t m);
/// Once its accounts are known: their bands, and the pool they fill.
void open_bands(CompileContext& c, const Named<MarketNode>& node, std::uint32_t m);
/// Once balances are whole: what each band holds a share at the opening.
void open_band_runs(CompileContext& c);
/// The row of one loan.
void band_loan_legs(const CompileContext& c, std::uint32_t m, std::uint32_t loan, double owed,
                    std::vector<LegInput>& legs);
/// Issuers of synthetic dollars: the agents they rest on, and what they hold besides.
void compile_dollars(CompileContext& c);
/// Coins that are minted and burnt against tokens: first which assets these are (before venues),
/// then who swaps them along which ways, then, with the opening whole, who holds the rest of them.
void mark_coins(CompileContext& c);
void compile_coins(CompileContext& c);
void open_coins(CompileContext& c);
/// Who takes claims back in his own time: likewise in three steps.
void mark_desks(CompileContext& c);
void compile_desks(CompileContext& c);
void open_desks(CompileContext& c);
/// LP shares that are assets: which; as pools stand, how many and what each is worth, if a pool has
/// such shares; where they are burnt; then, with the opening whole, worth and holders.
void mark_shares(CompileContext& c);
bool value_share(CompileContext& c, std::uint32_t share);
void add_ways_out(CompileContext& c);
void round_shares(CompileContext& c);
void open_shares(CompileContext& c);
/// Who buys collateral that a market believes to be worth more than it costs.
void compile_cheap_buyers(CompileContext& c);
/// The row of such buyers at one of their markets: the collateral they watch, every debt.
void cheap_buyer_legs(const CompileContext& c, const CheapBuyersInfo& info, MarketId market,
                      std::vector<LegInput>& legs);
/// Reserves of a market whose coin is minted against vaults, and where those are sold.
void add_cdp(CompileContext& c, Market& market, MarketId id, const CdpMarket::Spec& spec);
/// A market with a stability pool; once its rows stand, what of the coin minted lies there.
void add_troves(CompileContext& c, Market& market, MarketId id, const TroveMarket::Spec& spec);
void open_trove_pools(CompileContext& c);
/// A market that absorbs failing accounts: its base asset, then its collateral.
void add_absorbing(CompileContext& c, Market& m, MarketId id, const AbsorbingMarket::Spec& spec);
/// Reports accounts that lend what they owe.
void check_absorbed_rows(CompileContext& c, const Market& market, const AccountRows& rows);
/// A leg where a row of such a market is credited what its collateral brings beyond its debt.
void add_credit_leg(const Snapshot& world, const Market& market, std::vector<LegInput>& legs);
/// Reserves of a perpetual venue: its settlement asset, other collateral, then its contracts.
void add_perpetuals(CompileContext& c, Market& market, MarketId id, const PerpMarket::Spec& spec);
/// Likewise of a venue whose counterparty is a pool: the pool's tokens, dollars of size, the
/// contract.
void add_pool_perpetuals(CompileContext& c, Market& market, MarketId id,
                         const PoolPerps::Spec& spec);
/// A lognormal leverage with the stated median and high quantile at a draw `u`, at most `most`:
/// draws above fold back below the median.
double draw_leverage(const TraderGroup& g, double u, double most);
void generate_pool_traders(CompileContext& c, const Named<MarketNode>& node, std::uint32_t m);
/// Its accounts, by group; adds to `gathered`.
void generate_traders(CompileContext& c, const Named<MarketNode>& node, std::uint32_t m);
/// After the rows of the book are numbered: which are a venue's, and what they were entered at.
void number_traders(CompileContext& c);
/// Whether carry traders can be short where they say they are.
void check_hedges(CompileContext& c);
/// Once the position book stands: which rows carry traders' shorts are.
void find_hedges(CompileContext& c);
/// Once the position book stands: accounts by size, for contracts whose margin rises with it.
void rank_traders(Snapshot& world);
/// The row of one of a venue's backstops: every leg the venue knows.
void backstop_legs(const CompileContext& c, const PerpVenue& venue, const Backstop& backstop,
                   std::vector<LegInput>& legs);

void compile_assets(CompileContext& c);       // ids, references, price order
void compile_venues(CompileContext& c);       // curves, default outside markets, pricing venues
void compile_oracles(CompileContext& c);      // feeds, default feeds
void compile_venue_feeds(CompileContext& c);  // which feeds pools trade by
void gather_markets(CompileContext& c);       // positions and totals in units, before rounding
void compile_markets(CompileContext& c);      // reserves, opening cash and claims, whole
void open_prices(CompileContext& c);          // opening spot, published, factors
void build_book(CompileContext& c);           // position rows into blocks; legacy bad debt
void compile_agents(CompileContext& c);       // arbitrageurs, liquidators, purses
void compile_flow_agents(CompileContext& c);  // who trades what where, and who holds options
void open_flow_agents(CompileContext& c);     // what they hold where the venues open
void compile_lanes(CompileContext& c);        // routes from collateral to debt assets
void compile_graph(CompileContext& c);        // nodes and typed edges
void check_sense(CompileContext& c);          // what is legal yet cannot be meant

/// From one asset to another through the outside market; none is needed where they are the same.
WayBack way_back(const Snapshot& world, AssetId from, AssetId to);

/// Opens a feed at what its sources say.
void open_feed(CompileContext& c, std::uint32_t oracle);

/// The feed an asset is priced by, made with the defaults if nobody declared it.
OracleId feed_of(CompileContext& c, AssetId asset);

}  // namespace faultline
