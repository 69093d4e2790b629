// The dependency graph, inferred from the compiled world: an edge exists only while its mechanism
// is on. Directed the way distress travels (charter, section 1).
#include <algorithm>
#include <cmath>
#include <map>

#include "sim/agents/deposit_places.hpp"
#include "sim/compile/context.hpp"
#include "sim/readings.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

using Handle = std::uint32_t;

class GraphMaker {
 public:
  explicit GraphMaker(CompileContext& c) : c_(c), world_(c.world) {}

  void make() {
    add_nodes();
    add_price_edges();
    add_market_edges();
    add_agent_edges();
    add_flow_edges();
    add_holder_edges();
    add_dollar_edges();
    add_vault_edges();
    add_depositor_edges();
    add_repayer_edges();
    add_coin_edges();
    add_desk_edges();
    add_share_edges();
    add_cheap_buyer_edges();
    add_pool_edges();
    add_chain_edges();
    world_.graph = builder_.freeze();
  }

 private:
  Handle node(NodeKind kind, const std::string& name, const std::string& cluster, double usd) {
    const auto handle = builder_.add_node({kind, name, name, cluster, finite(usd)});
    return handle ? *handle : *builder_.find(kind, name);
  }
  void edge(Handle from, Handle to, EdgeKind kind, double usd) {
    if (!builder_.add_edge({from, to, kind, finite(usd)})) return;
  }
  static double finite(double usd) { return std::isfinite(usd) && usd > 0 ? usd : 0; }

  double held_usd(AccountId a) const {
    return std::fabs(world_.opening.balances[a.value]) *
           world_.opening.market.spot[world_.accounts[a.value].asset.value];
  }
  double reserve_usd(std::uint32_t r, bool debt) const {
    const ReserveState& s = world_.opening.reserves[r];
    return (debt ? s.debt_scaled : s.supply_scaled - s.lender_scaled) *
           world_.opening.market.spot[world_.reserves[r].asset.value];
  }

  /// A member of a family stands in its family's box, under its own name there. The one chain needs
  /// no box: everything stands on it.
  Handle member(NodeKind kind, const std::string& name, const std::string& family, double usd) {
    const auto siblings = families_.find(family);
    if (siblings == families_.end() || siblings->second < 2) return node(kind, name, "", usd);
    const bool prefixed = name.compare(0, family.size() + 1, family + ".") == 0;
    const std::string label = prefixed ? name.substr(family.size() + 1) : name;
    const auto handle = builder_.add_node({kind, name, label, family, finite(usd)});
    return handle ? *handle : *builder_.find(kind, name);
  }

  /// `written` of `written.USDC`; a feed of its asset's name has no family.
  std::string family_of(const OracleInfo& oracle) const {
    const std::string& asset = world_.assets[oracle.asset.value].name;
    if (oracle.name.starts_with(asset + ".")) return oracle.name;  // part of a mark
    if (oracle.name.size() <= asset.size() + 1) return oracle.name;
    return oracle.name.substr(0, oracle.name.size() - asset.size() - 1);
  }

  /// Collateral and debt that a feed prices.
  double read_usd(std::uint32_t oracle) const {
    double usd = 0;
    for (const std::uint32_t r : world_.reserves_of_feed[oracle]) {
      usd += reserve_usd(r, false) + reserve_usd(r, true);
    }
    return usd;
  }

  void add_nodes() {
    for (const VenueInfo& v : world_.venues) families_[v.cluster] += v.leaves() ? 0 : 1;
    for (const Market& m : world_.markets) ++families_[m.cluster];
    for (const CuratedVaultInfo& v : world_.vaults) ++families_[v.cluster];
    for (const OracleInfo& o : world_.oracles) ++families_[family_of(o)];
    for (std::uint32_t a = 0; a < world_.assets.size(); ++a) {
      const double supply = world_.total_supply[a] * world_.opening.market.spot[a];
      assets_.push_back(node(NodeKind::asset, world_.assets[a].name, "", supply));
    }
    for (const VenueInfo& v : world_.venues) {
      if (v.leaves()) {  // its pool, which comes before it
        venues_.push_back(venues_[world_.shares[static_cast<std::size_t>(v.share)].pool.value]);
        continue;
      }
      const double usd = held_usd(v.base_account) + held_usd(v.quote_account);
      venues_.push_back(member(NodeKind::venue, v.name, v.cluster, usd));
    }
    for (std::uint32_t o = 0; o < world_.oracles.size(); ++o) {
      const OracleInfo& oracle = world_.oracles[o];
      oracles_.push_back(member(NodeKind::oracle, oracle.name, family_of(oracle), 0));
    }
    for (const Market& m : world_.markets) {
      markets_.push_back(member(NodeKind::market, m.name, m.cluster, m.deposits_usd));
    }
  }

  /// Whether trades there move the base asset's reference for good.
  bool leaves_impact(const VenueInfo& venue) const {
    return visit_kind(VenueKinds{}, venue.slot, [&]<class K>(std::uint32_t i) {
      if constexpr (requires { world_.venue_params.of<K>()[i].permanent; }) {
        return world_.venue_params.of<K>()[i].permanent != 0;
      } else {
        return false;
      }
    });
  }

  /// What moves prices: base assets their claims, venues the assets priced there and the feeds that
  /// read them, references the outside market and the feeds that follow it.
  void add_price_edges() {
    for (std::uint32_t a = 0; a < world_.assets.size(); ++a) {
      const AssetInfo& info = world_.assets[a];
      const double usd = world_.total_supply[a] * world_.opening.market.spot[a];
      if (info.base.valid()) edge(assets_[info.base.value], assets_[a], EdgeKind::claim, usd);
      if (info.pricing.valid())
        edge(venues_[info.pricing.value], assets_[a], EdgeKind::prices, usd);
    }
    for (std::uint32_t v = 0; v < world_.venues.size(); ++v) {
      const VenueInfo& venue = world_.venues[v];
      if (venue.leaves()) continue;
      // What it holds, and what it says in dollars, follows the worth of both its assets.
      edge(assets_[venue.base.value], venues_[v], EdgeKind::prices, held_usd(venue.base_account));
      edge(assets_[venue.quote.value], venues_[v], EdgeKind::prices, held_usd(venue.quote_account));
      if (venue.feed.valid()) {
        edge(oracles_[venue.feed.value], venues_[v], EdgeKind::prices,
             held_usd(venue.base_account));
      }
      if (leaves_impact(venue)) {
        const AssetInfo& base = world_.assets[venue.base.value];
        edge(venues_[v], assets_[base.contract ? base.base.value : venue.base.value],
             EdgeKind::prices, 0);
      }
    }
    for (std::uint32_t a = 0; a < world_.assets.size(); ++a) {
      // Units made from nothing may be sold along the asset's way out.
      if (!c_.eco.exploitable.contains(world_.assets[a].name)) continue;
      for (const Hop& hop : world_.exits[a]) {
        for (const Hop& at : world_.venues_of(hop)) {
          edge(assets_[a], venues_[at.venue.value], EdgeKind::trades, 0);
        }
      }
    }
    for (std::uint32_t o = 0; o < world_.oracles.size(); ++o) {
      const OracleInfo& oracle = world_.oracles[o];
      const double usd = read_usd(o);
      for (const VenueId v : oracle.venues)
        edge(venues_[v.value], oracles_[o], EdgeKind::prices, usd);
      if (oracle.params.source != SourceKind::listed && oracle.params.source != SourceKind::fixed) {
        edge(assets_[oracle.asset.value], oracles_[o], EdgeKind::prices, usd);
      }
      if (oracle.unit.valid()) edge(assets_[oracle.unit.value], oracles_[o], EdgeKind::prices, usd);
      if (oracle.premium_venue.valid())
        edge(venues_[oracle.premium_venue.value], oracles_[o], EdgeKind::prices, usd);
      for (const OracleId below : oracle.reads)
        edge(oracles_[below.value], oracles_[o], EdgeKind::prices, usd);
    }
  }

  void add_market_edges() {
    for (std::uint32_t r = 0; r < world_.reserves.size(); ++r) {
      const Reserve& reserve = world_.reserves[r];
      const Handle market = markets_[reserve.market.value];
      const double posted = reserve_usd(r, false), owed = reserve_usd(r, true);
      edge(oracles_[reserve.oracle.value], market, EdgeKind::prices, posted + owed);
      if (reserve.lies == Lies::promised) continue;
      if (reserve.terms.lt > 0 || reserve.lies == Lies::in_bands) {
        edge(assets_[reserve.asset.value], market, EdgeKind::collateral, posted);
      } else {
        edge(assets_[reserve.asset.value], market, EdgeKind::prices, owed);
      }
    }
    for (std::uint32_t m = 0; m < world_.markets.size(); ++m) {
      const std::int32_t troves = world_.markets[m].troves;  // sold there for coins redeemed only
      const bool sells = world_.liquidator_of[m] >= 0 &&
                         (troves < 0 || world_.troves[static_cast<std::size_t>(troves)].redeems);
      if (sells && !world_.lanes.empty()) add_lane_edges(m);
    }
    for (const PerpVenue& venue : world_.perps) add_perp_edges(venue);
    for (const AuctionHouse& h : world_.houses) {
      const CoinSystem& system = world_.systems[h.system];
      const double owed = reserve_usd(h.coin, true);
      for (const std::uint32_t other : system.houses) {  // they share room and books
        const MarketId market = world_.houses[other].market;
        if (market == h.market) continue;
        edge(markets_[h.market.value], markets_[market.value], EdgeKind::insures, owed);
      }
      if (!system.mints && !system.sells) continue;  // losses dilute its token, surplus burns it
      edge(markets_[h.market.value], assets_[system.token.value], EdgeKind::claim, owed);
      edge(assets_[system.token.value], markets_[h.market.value], EdgeKind::insures, owed);
    }
    for (const BandBook& book : world_.band_books) {  // loans are shares of what the pool holds
      const Handle market = markets_[book.market.value], pool = venues_[book.venue.value];
      const double usd = reserve_usd(book.collateral, false) + reserve_usd(book.coins, false);
      edge(pool, market, EdgeKind::claim, usd);
      edge(market, pool, EdgeKind::trades, usd);
    }
  }

  /// A spoke lends what its hub's lenders put in, who bear what it loses; stakers stand behind a
  /// reserve; guardians and breakers watch what they stop markets for.
  void add_pool_edges() {
    for (std::uint32_t m = 0; m < world_.markets.size(); ++m) {
      const MarketId hub = world_.markets[m].hub;
      if (!hub.valid()) continue;
      double usd = 0;
      for (const std::uint32_t r : reserves_of(m)) usd += reserve_usd(r, true);
      edge(markets_[hub.value], markets_[m], EdgeKind::funds, usd);
      edge(markets_[m], markets_[hub.value], EdgeKind::claim, usd);
    }
    for (const SafetyModuleInfo& s : world_.safety_modules) {
      const Reserve& reserve = world_.reserves[s.reserve];
      const double usd = s.holds * world_.opening.market.spot[reserve.asset.value];
      const Handle fund = node(NodeKind::fund, s.name, "", usd);
      edge(markets_[reserve.market.value], fund, EdgeKind::claim, usd);
      edge(fund, markets_[reserve.market.value], EdgeKind::insures, usd);
      edge(assets_[reserve.asset.value], fund, EdgeKind::prices, usd);
    }
    for (const GuardianInfo& g : world_.guardians) {
      const Handle guardian = node(NodeKind::agent, g.name, "", 0);
      for (const AssetId a : g.watches) edge(assets_[a.value], guardian, EdgeKind::watches, 0);
      for (const std::uint32_t r : g.freezes) {
        if (std::isfinite(g.gap)) {
          edge(oracles_[world_.reserves[r].oracle.value], guardian, EdgeKind::watches, 0);
          edge(assets_[world_.reserves[r].asset.value], guardian, EdgeKind::watches, 0);
        }
        edge(guardian, markets_[world_.reserves[r].market.value], EdgeKind::watches, 0);
      }
    }
    for (const BreakerInfo& b : world_.breakers) {
      const Handle breaker = node(NodeKind::agent, b.name, "", 0);
      edge(assets_[b.watches.value], breaker, EdgeKind::watches, 0);
      for (const Pause& p : b.pauses) {
        edge(breaker, markets_[p.market.value], EdgeKind::watches, 0);
      }
    }
  }

  std::vector<std::uint32_t> reserves_of(std::uint32_t m) const {
    std::vector<std::uint32_t> out;
    for (std::uint32_t i = 0; i < world_.markets[m].reserve_count; ++i) {
      out.push_back(world_.markets[m].first_reserve + i);
    }
    return out;
  }

  /// A perpetual venue closes accounts in its books; vaults and funds stand behind it and lose with
  /// it.
  void add_perp_edges(const PerpVenue& venue) {
    const Handle market = markets_[venue.market.value];
    for (const PerpContract& c : venue.contracts) {
      const double usd = reserve_usd(c.reserve, false) + reserve_usd(c.reserve, true);
      if (venue.pool) {  // its providers bear what the traders win, as far as its tokens reach
        edge(market, venues_[c.book.value], EdgeKind::claim, usd);
        edge(venues_[c.book.value], market, EdgeKind::insures, usd);
      } else {
        edge(venues_[c.book.value], market, EdgeKind::depth, usd);
        edge(market, venues_[c.book.value], EdgeKind::trades, usd);
      }
      edge(oracles_[c.index.value], market, EdgeKind::prices, usd);
    }
    for (const Backstop& b : venue.backstops) {
      const NodeKind kind = b.takes_over ? NodeKind::vault : NodeKind::fund;
      const Handle backstop = node(kind, b.name, "", b.holds_usd);
      edge(market, backstop, EdgeKind::claim, b.holds_usd);
      edge(backstop, market, EdgeKind::insures, b.holds_usd);
    }
  }

  /// A market sells where its lanes lead. Dollars at stake on a lane: the collateral of its
  /// reserve, shared over the debts it may have to repay.
  void add_lane_edges(std::uint32_t m) {
    const Market& market = world_.markets[m];
    double owed = 0;
    for (std::uint32_t j = 0; j < market.reserve_count; ++j) {
      owed += reserve_usd(market.first_reserve + j, true);
    }
    for (std::uint32_t i = 0; i < market.reserve_count; ++i) {
      for (std::uint32_t j = 0; j < market.reserve_count; ++j) {
        if (!world_.reserves[market.first_reserve + j].takes_debt) continue;  // it has no lane
        const std::uint16_t lane = market.lanes[i * market.reserve_count + j];
        const double debt = reserve_usd(market.first_reserve + j, true);
        const double usd =
            owed > 0 ? reserve_usd(market.first_reserve + i, false) * debt / owed : 0;
        for (const Hop& hop : world_.lanes[lane].hops) {
          for (const Hop& at : world_.venues_of(hop)) {
            edge(venues_[at.venue.value], markets_[m], EdgeKind::depth, usd);
            edge(markets_[m], venues_[at.venue.value], EdgeKind::trades, usd);
          }
        }
      }
    }
  }

  void add_agent_edges() {
    for (const ArbitrageurInfo& a : world_.arbitrageurs) {
      const Handle agent = node(NodeKind::agent, a.name, "", a.capital_usd);
      for (const VenueId v : a.venues) {
        const VenueInfo& venue = world_.venues[v.value];
        edge(agent, venues_[v.value], EdgeKind::trades, 0);
        edge(venues_[v.value], agent, EdgeKind::prices, 0);
        for (const AssetId traded : {venue.base, venue.quote}) {
          const AssetInfo& info = world_.assets[traded.value];  // a contract is hedged by its base
          const AssetId side = info.contract ? info.base : traded;
          const VenueId outside = world_.outside[side.value];
          if (!outside.valid()) continue;
          edge(venues_[outside.value], agent, EdgeKind::prices, 0);
          edge(agent, venues_[outside.value], EdgeKind::trades, 0);
        }
      }
    }
    for (const MakersInfo& m : world_.makers) {
      const Handle agent = node(NodeKind::agent, m.name, "", m.capital_usd);
      for (const QuotedBook& book : m.books) {
        const VenueInfo& venue = world_.venues[book.venue.value];
        const double usd =
            book.share * (held_usd(venue.base_account) + held_usd(venue.quote_account));
        edge(agent, venues_[book.venue.value], EdgeKind::depth, usd);
        if (m.retreat.on()) edge(venues_[book.venue.value], agent, EdgeKind::prices, usd);
        if (std::isfinite(m.capital_usd)) {
          edge(venues_[book.venue.value], agent, EdgeKind::capital, m.capital_usd);
        }
      }
    }
    for (const LiquidatorInfo& l : world_.liquidators) {
      const Handle agent = node(NodeKind::agent, l.name, "", l.capital_usd);
      for (const MarketId m : l.markets) {
        edge(agent, markets_[m.value], EdgeKind::capital, l.capital_usd);
        if (std::isfinite(l.capital_usd))
          edge(markets_[m.value], agent, EdgeKind::capital, l.capital_usd);
      }
    }
  }

  /// A flow agent goes by its venue's price and depth, trades there, and is paid in the venue's
  /// other asset.
  void add_flow_edges() {
    for (const FlowAgentInfo& a : world_.flow_agents) {
      const Handle agent = node(NodeKind::agent, a.name, "", held_usd(a.units) + held_usd(a.cash));
      const Handle venue = venues_[a.venue.value];
      edge(agent, venue, EdgeKind::trades, held_usd(a.units));
      edge(venue, agent, EdgeKind::prices, held_usd(a.units));
      edge(venue, agent, EdgeKind::depth, held_usd(a.units));
      for (const AssetId held : {a.asset, a.money}) {
        edge(assets_[held.value], agent, EdgeKind::prices, 0);
      }
    }
  }

  /// What holders of puts are paid comes from the writer's purse, in its money.
  void add_holder_edges() {
    for (const PutHolderInfo& h : world_.put_holders) {
      const FlowAgentInfo& writer = world_.flow_agents[h.writer];
      const Handle holder = node(NodeKind::agent, h.name, "", 0);
      edge(*builder_.find(NodeKind::agent, writer.name), holder, EdgeKind::claim, 0);
      edge(assets_[writer.money.value], holder, EdgeKind::prices, 0);
    }
  }

  /// A carry trader's short is a claim on its venue; what it earns and loses is behind a dollar.
  void add_dollar_edges() {
    for (const FlowAgentInfo& a : world_.flow_agents) {
      if (a.hedge.row == Hedge::none) continue;
      const MarketId market = world_.positions[a.hedge.row].market;
      const Handle agent = *builder_.find(NodeKind::agent, a.name);
      edge(markets_[market.value], agent, EdgeKind::claim, held_usd(a.units));
      edge(agent, markets_[market.value], EdgeKind::trades, held_usd(a.units));
    }
    for (const DollarIssuer& d : world_.dollars) {
      const double owes =
          world_.assets[d.issued.value].supply * world_.opening.market.spot[d.issued.value];
      const Handle vault = node(NodeKind::vault, d.name, "", owes);
      edge(vault, assets_[d.issued.value], EdgeKind::claim, owes);
      for (const std::uint32_t i : d.agents) {
        edge(*builder_.find(NodeKind::agent, world_.flow_agents[i].name), vault, EdgeKind::claim,
             held_usd(world_.flow_agents[i].units));
      }
      for (const AccountId a : d.reserve) {
        edge(assets_[world_.accounts[a.value].asset.value], vault, EdgeKind::prices, held_usd(a));
      }
    }
  }

  /// A vault lends to markets and other vaults, and lives by what they owe it; its share may be an
  /// asset.
  void add_vault_edges() {
    std::vector<Handle>& vaults = vaults_;
    for (const CuratedVaultInfo& v : world_.vaults) {
      const CuratedVaultState& s = world_.opening.vaults.vaults[vaults.size()];
      const double price = world_.opening.market.spot[v.asset.value];
      const double usd = s.books.assets * price;
      vaults.push_back(member(NodeKind::vault, v.name, v.cluster, usd));
      edge(assets_[v.asset.value], vaults.back(), EdgeKind::prices, usd);
      if (v.issued.valid()) {
        edge(vaults.back(), assets_[v.issued.value], EdgeKind::claim,
             world_.total_supply[v.issued.value] * world_.opening.market.spot[v.issued.value]);
      }
      for (const AssetId a : v.rule.out_of) {  // its curator goes by what it is worth
        edge(assets_[a.value], vaults.back(), EdgeKind::prices, 0);
      }
    }
    for (const VenueId exit : world_.vault_exits) {
      const auto v =
          static_cast<std::size_t>(world_.assets[world_.venues[exit.value].base.value].vault);
      const double usd = world_.opening.vaults.vaults[v].opening_units *
                         world_.opening.market.spot[world_.vaults[v].asset.value];
      edge(vaults[v], venues_[exit.value], EdgeKind::claim, usd);
      edge(venues_[exit.value], vaults[v], EdgeKind::trades, usd);
    }
    for (std::size_t v = 0; v < vaults.size(); ++v) {
      const CuratedVaultInfo& info = world_.vaults[v];
      for (std::uint32_t p = info.first_place; p < info.first_place + info.places; ++p) {
        const VaultPlace& place = world_.vault_places[p];
        const Handle to = place.vault == VaultPlace::none
                              ? markets_[world_.reserves[place.reserve].market.value]
                              : vaults[place.vault];
        const double usd = c_.placed[p] * world_.opening.market.spot[info.asset.value];
        edge(vaults[v], to, EdgeKind::funds, usd);
        edge(to, vaults[v], EdgeKind::claim, usd);
      }
    }
  }

  /// Lenders who watch see trouble at any of their markets and vaults, and in the prices of what
  /// these hold; what they take out each of them funds, and their havens get. Losses of a market
  /// are theirs.
  void add_depositor_edges() {
    for (const DepositorsInfo& d : world_.depositors) {
      const Handle agent = node(NodeKind::agent, d.name, "", 0);
      for (const MarketId m : d.markets) {
        const Market& market = world_.markets[m.value];
        edge(markets_[m.value], agent, EdgeKind::watches, market.deposits_usd);
        edge(markets_[m.value], agent, EdgeKind::claim, market.deposits_usd);
        edge(agent, markets_[m.value], EdgeKind::funds, market.deposits_usd);
        for (std::uint32_t r = 0; r < market.reserve_count; ++r) {
          const Reserve& reserve = world_.reserves[market.first_reserve + r];
          edge(assets_[reserve.asset.value], agent, EdgeKind::watches, 0);
        }
      }
      for (const std::uint32_t v : d.vaults) {
        const CuratedVaultInfo& vault = world_.vaults[v];
        const double usd = world_.opening.vaults.vaults[v].opening_units *
                           world_.opening.market.spot[vault.asset.value];
        edge(vaults_[v], agent, EdgeKind::watches, usd);
        edge(vaults_[v], agent, EdgeKind::claim, usd);
        edge(agent, vaults_[v], EdgeKind::funds, usd);
        for (std::uint32_t p = vault.first_place; p < vault.first_place + vault.places; ++p) {
          for (const AssetId a : world_.vault_places[p].collateral) {
            edge(assets_[a.value], agent, EdgeKind::watches, 0);
          }
        }
      }
      for (const std::uint32_t from : d.places) {
        for (const Haven& haven : world_.places[from].havens) {
          const DepositPlace& to = world_.places[haven.place];
          edge(agent, is_vault(to) ? vaults_[to.vault] : markets_[market_at(world_, to).value],
               EdgeKind::funds, 0);
        }
      }
    }
  }

  /// Borrowers who repay go by the rates of their markets, and fund them.
  void add_repayer_edges() {
    for (const RepayersInfo& r : world_.repayers) {
      const Handle agent = node(NodeKind::agent, r.name, "", 0);
      for (const MarketId m : r.markets) {
        edge(markets_[m.value], agent, EdgeKind::watches, world_.markets[m.value].deposits_usd);
        edge(agent, markets_[m.value], EdgeKind::funds, world_.markets[m.value].deposits_usd);
      }
    }
  }

  /// An issuer mints and burns by its oracle's price: what it owes one dilutes the other. Whoever
  /// swaps there moves its pools, and the venues on the way.
  void add_coin_edges() {
    std::vector<Handle> vaults;
    for (const AlgorithmicCoin& c : world_.coins) {
      const double owes = world_.assets[c.coin.value].supply * c.peg_usd;
      vaults.push_back(node(NodeKind::vault, c.name, "", owes));
      edge(oracles_[c.oracle.value], vaults.back(), EdgeKind::prices, owes);
      for (const AssetId a : {c.coin, c.token}) {
        edge(vaults.back(), assets_[a.value], EdgeKind::claim, owes);
      }
    }
    for (const ArbitrageurInfo& a : world_.arbitrageurs) {
      const Handle agent = *builder_.find(NodeKind::agent, a.name);
      for (const std::uint32_t t : a.trips) {
        const SwapTrip& trip = world_.trips[t];
        edge(vaults[trip.coin], agent, EdgeKind::prices, 0);
        edge(agent, vaults[trip.coin], EdgeKind::trades, 0);
        edge(assets_[trip.money.value], agent, EdgeKind::prices, 0);
        for (const TripLeg& leg : {trip.in, trip.out}) {
          if (!leg.there()) continue;
          edge(agent, venues_[leg.venue.value], EdgeKind::trades, 0);
          edge(venues_[leg.venue.value], agent, EdgeKind::prices, 0);
        }
      }
    }
  }

  /// What a desk holds is behind its claims, and how many there are at which rate is what it owes.
  /// Who buys or sells these through it goes by both, and moves the venues on the way.
  void add_desk_edges() {
    std::vector<Handle> vaults;
    for (const RedemptionDesk& d : world_.desks) {
      const double owes =
          world_.total_supply[d.claim.value] * world_.opening.market.spot[d.claim.value];
      vaults.push_back(node(NodeKind::vault, d.name, "", owes));
      edge(assets_[d.asset.value], vaults.back(), EdgeKind::prices, owes);
      edge(assets_[d.claim.value], vaults.back(), EdgeKind::prices, owes);
      edge(vaults.back(), assets_[d.claim.value], d.bridge ? EdgeKind::bridges : EdgeKind::claim,
           owes);
    }
    for (const ArbitrageurInfo& a : world_.arbitrageurs) {
      const Handle agent = *builder_.find(NodeKind::agent, a.name);
      const auto trades_at = [&](VenueId v) {
        edge(agent, venues_[v.value], EdgeKind::trades, 0);
        edge(venues_[v.value], agent, EdgeKind::prices, 0);
      };
      for (const std::uint32_t t : a.desk_trips) {
        const DeskTrip& trip = world_.desk_trips[t];
        const DeskRoute& route = world_.desk_routes[trip.route];
        edge(vaults[trip.desk], agent, EdgeKind::prices, 0);
        edge(agent, vaults[trip.desk], EdgeKind::trades, 0);
        for (const AssetId held : {route.money, world_.desks[trip.desk].asset}) {
          edge(assets_[held.value], agent, EdgeKind::prices, 0);
        }
        trades_at(route.at.venue);
        for (int h = 0; h < route.rest.count; ++h) trades_at(route.rest.hops[h].venue);
      }
    }
  }

  /// What a pool holds is behind its shares, as much as its coins are worth; feeds that value them
  /// read the pool.
  void add_share_edges() {
    for (const PoolShare& s : world_.shares) {
      const double usd =
          world_.total_supply[s.asset.value] * world_.opening.market.spot[s.asset.value];
      edge(venues_[s.pool.value], assets_[s.asset.value], EdgeKind::claim, usd);
      edge(assets_[s.base.value], assets_[s.asset.value], EdgeKind::claim, usd);
      if (c_.eco.exploitable.contains(world_.assets[s.asset.value].name)) {  // and dilute the rest
        edge(assets_[s.asset.value], venues_[s.pool.value], EdgeKind::trades, usd);
      }
    }
    for (std::uint32_t o = 0; o < world_.oracles.size(); ++o) {
      const OracleInfo& oracle = world_.oracles[o];
      if (!oracle.pool_base.valid()) continue;
      const auto s = static_cast<std::size_t>(world_.assets[oracle.asset.value].share);
      edge(venues_[world_.shares[s].pool.value], oracles_[o], EdgeKind::prices, read_usd(o));
    }
  }

  /// They go by what a market believes and what venues ask, bring it collateral, take its cash and
  /// sell that.
  void add_cheap_buyer_edges() {
    for (const CheapBuyersInfo& info : world_.cheap_buyers) {
      const Handle agent = node(NodeKind::agent, info.name, "", info.capital_usd);
      const auto trades_at = [&](VenueId v) {
        edge(agent, venues_[v.value], EdgeKind::trades, 0);
        edge(venues_[v.value], agent, EdgeKind::prices, 0);
      };
      for (const CheapOffer& o : info.offers) {
        trades_at(o.venue);
        edge(assets_[o.money.value], agent, EdgeKind::prices, 0);
      }
      for (const CheapPlace& place : info.places) {
        const Handle market = markets_[place.market.value];
        edge(agent, market, EdgeKind::collateral, 0);
        edge(market, agent, EdgeKind::capital, 0);
        for (const std::uint32_t r : reserves_of(place.market.value)) {
          const Reserve& reserve = world_.reserves[r];
          edge(oracles_[reserve.oracle.value], agent, EdgeKind::prices, 0);
          edge(assets_[reserve.asset.value], agent, EdgeKind::prices, 0);
          if (!reserve.takes_debt) continue;
          for (const Hop& hop : world_.exits[reserve.asset.value]) {
            for (const Hop& at : world_.venues_of(hop)) trades_at(at.venue);
          }
        }
      }
    }
  }

  /// Whether the file states what these agents pay for gas; else they pay their chain's.
  bool states_gas(const std::string& agent) const {
    for (const auto& node : c_.nodes.agents) {
      if (node.name != agent) continue;
      return std::visit(
          [](const auto& spec) {
            if constexpr (requires { spec.gas; }) return spec.gas.has_value();
            return true;  // pays none
          },
          node.spec);
    }
    return false;
  }

  /// Gas is a constant of each chain: an edge to the agents that pay it, and to the markets they
  /// liquidate.
  void add_chain_edges() {
    for (std::uint32_t i = 0; i < world_.chains.size(); ++i) {
      const Handle chain = node(NodeKind::chain, world_.chains[i].name, "", 0);
      const auto pays = [&](const std::string& name) {
        const auto agent = builder_.find(NodeKind::agent, name);
        if (agent && !states_gas(name)) edge(chain, *agent, EdgeKind::hosts, 0);
        return agent && !states_gas(name);
      };
      for (const ArbitrageurInfo& a : world_.arbitrageurs) {
        const bool there = std::any_of(a.venues.begin(), a.venues.end(), [&](VenueId v) {
          return world_.venues[v.value].chain == i;
        });
        if (there || world_.chains.size() == 1) pays(a.name);
      }
      for (const FlowAgentInfo& a : world_.flow_agents) {
        if (world_.venues[a.venue.value].chain == i || world_.chains.size() == 1) pays(a.name);
      }
      for (std::uint32_t o = 0; o < world_.oracles.size(); ++o) {
        const OracleInfo& oracle = world_.oracles[o];
        if (oracle.chain != i || std::isinf(oracle.params.pays_usd)) continue;
        edge(chain, oracles_[o], EdgeKind::hosts, 0);
      }
      for (const LiquidatorInfo& l : world_.liquidators) {
        for (const MarketId m : l.markets) {
          if (world_.markets[m.value].chain != i || !pays(l.name)) continue;
          edge(chain, markets_[m.value], EdgeKind::hosts, 0);
        }
        if (l.markets.empty() && world_.chains.size() == 1) pays(l.name);
      }
      for (const ArbitrageurInfo& a : world_.arbitrageurs) {
        for (const std::uint32_t t : a.trips) {
          if (world_.coins[world_.trips[t].coin].chain == i) pays(a.name);
        }
      }
      for (const CheapBuyersInfo& info : world_.cheap_buyers) {
        for (const CheapPlace& place : info.places) {
          if (world_.markets[place.market.value].chain == i) pays(info.name);
        }
      }
    }
  }

  CompileContext& c_;
  Snapshot& world_;
  DependencyGraphBuilder builder_;
  std::map<std::string, std::size_t> families_;  // name to how many venues and markets bear it
  std::vector<Handle> assets_, venues_, oracles_, markets_, vaults_;
};

}  // namespace

void compile_graph(CompileContext& c) {
  GraphMaker(c).make();
}

}  // namespace faultline
