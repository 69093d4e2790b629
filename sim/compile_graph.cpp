// The dependency graph, inferred from the compiled world: an edge exists only while its mechanism
// is on. Directed the way distress travels (charter, section 1).
#include <algorithm>
#include <cmath>
#include <map>

#include "sim/compile_context.hpp"
#include "sim/phases.hpp"
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

  void add_nodes() {
    for (std::uint32_t a = 0; a < world_.assets.size(); ++a) {
      const double supply = world_.total_supply[a] * world_.opening.market.spot[a];
      assets_.push_back(node(NodeKind::asset, world_.assets[a].name, "assets", supply));
    }
    for (const VenueInfo& v : world_.venues) {
      const double usd = held_usd(v.base_account) + held_usd(v.quote_account);
      venues_.push_back(node(NodeKind::venue, v.name, v.cluster, usd));
    }
    for (std::uint32_t o = 0; o < world_.oracles.size(); ++o) {
      oracles_.push_back(node(NodeKind::oracle, world_.oracles[o].name, "oracles", 0));
    }
    for (const Market& m : world_.markets) {
      markets_.push_back(node(NodeKind::market, m.name, m.cluster, m.deposits_usd));
    }
  }

  /// What moves prices: base assets their claims, venues the assets priced there and the feeds that
  /// read them, references the outside market and the feeds that follow it.
  void add_price_edges() {
    for (std::uint32_t a = 0; a < world_.assets.size(); ++a) {
      const AssetInfo& info = world_.assets[a];
      if (info.base.valid()) edge(assets_[info.base.value], assets_[a], EdgeKind::claim, 0);
      if (info.pricing.valid()) edge(venues_[info.pricing.value], assets_[a], EdgeKind::prices, 0);
    }
    for (std::uint32_t v = 0; v < world_.venues.size(); ++v) {
      const VenueInfo& venue = world_.venues[v];
      if (venue.relaxes) {
        edge(assets_[venue.base.value], venues_[v], EdgeKind::prices, 0);
        edge(assets_[venue.quote.value], venues_[v], EdgeKind::prices, 0);
      }
    }
    for (std::uint32_t o = 0; o < world_.oracles.size(); ++o) {
      const OracleInfo& oracle = world_.oracles[o];
      for (const VenueId v : oracle.venues)
        edge(venues_[v.value], oracles_[o], EdgeKind::prices, 0);
      if (oracle.params.source == SourceKind::reference ||
          oracle.params.source == SourceKind::rate) {
        edge(assets_[oracle.asset.value], oracles_[o], EdgeKind::prices, 0);
      }
      if (oracle.below.valid())
        edge(oracles_[oracle.below.value], oracles_[o], EdgeKind::prices, 0);
    }
  }

  void add_market_edges() {
    for (std::uint32_t r = 0; r < world_.reserves.size(); ++r) {
      const Reserve& reserve = world_.reserves[r];
      const Handle market = markets_[reserve.market.value];
      const double posted = reserve_usd(r, false), owed = reserve_usd(r, true);
      edge(oracles_[reserve.oracle.value], market, EdgeKind::prices, posted + owed);
      if (reserve.terms.lt > 0) {
        edge(assets_[reserve.asset.value], market, EdgeKind::collateral, posted);
      } else {
        edge(assets_[reserve.asset.value], market, EdgeKind::prices, owed);
      }
    }
    for (std::uint32_t m = 0; m < world_.markets.size(); ++m) {
      if (world_.liquidator_of[m] < 0) continue;
      for (const std::uint16_t l : world_.markets[m].lanes) {
        if (world_.lanes.empty()) break;
        for (const Hop& hop : world_.lanes[l].hops) {
          edge(venues_[hop.venue.value], markets_[m], EdgeKind::depth, 0);
          edge(markets_[m], venues_[hop.venue.value], EdgeKind::trades, 0);
        }
      }
    }
  }

  void add_agent_edges() {
    for (const ArbitrageurInfo& a : world_.arbitrageurs) {
      const Handle agent = node(NodeKind::agent, a.name, "agents", a.capital_usd);
      for (const VenueId v : a.venues) {
        const VenueInfo& venue = world_.venues[v.value];
        edge(agent, venues_[v.value], EdgeKind::trades, 0);
        edge(venues_[v.value], agent, EdgeKind::prices, 0);
        for (const AssetId side : {venue.base, venue.quote}) {
          const VenueId outside = world_.outside[side.value];
          if (!outside.valid()) continue;
          edge(venues_[outside.value], agent, EdgeKind::prices, 0);
          edge(agent, venues_[outside.value], EdgeKind::trades, 0);
        }
      }
    }
    for (const LiquidatorInfo& l : world_.liquidators) {
      const Handle agent = node(NodeKind::agent, l.name, "agents", l.capital_usd);
      for (const MarketId m : l.markets) {
        edge(agent, markets_[m.value], EdgeKind::capital, l.capital_usd);
        if (l.capital_usd > 0) edge(markets_[m.value], agent, EdgeKind::capital, l.capital_usd);
      }
    }
  }

  /// Gas is a constant of each chain: an edge to what pays it.
  void add_chain_edges() {
    const std::string name = c_.eco.chains.empty() ? "chain" : c_.eco.chains[0].name;
    const Handle chain = node(NodeKind::chain, name, "", 0);
    for (const Handle m : markets_) edge(chain, m, EdgeKind::hosts, 0);
  }

  CompileContext& c_;
  Snapshot& world_;
  DependencyGraphBuilder builder_;
  std::vector<Handle> assets_, venues_, oracles_, markets_;
};

}  // namespace

void compile_graph(CompileContext& c) {
  GraphMaker(c).make();
}

}  // namespace faultline
