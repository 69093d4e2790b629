// Lanes: the way each market's collateral takes to each of its debt assets. Among routes of at most
// three hops the one whose narrowest hop is deepest; pools and books before the outside market,
// which liquidators use only where no venue joins the two. Where several venues trade a pair, a hop
// is all of them: as deep as they are together, and each order is split over them. A market's lanes
// lead over venues of its chain and of none; ways out of an asset over all.
#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "sim/compile/context.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

struct Edge {
  Hop hop;
  AssetId to;
  double depth_usd = 0;
};

/// Dollars given at this hop that move its price by 2%.
double hop_depth(const CompileContext& c, const Hop& hop) {
  const Snapshot& world = c.world;
  const VenueInfo& v = world.venues[hop.venue.value];
  const double price = venue_marginal(world, world.opening.venues, hop.venue);
  const double target = hop.side == Side::sell ? price * 0.98 : price / 0.98;
  return venue_in_to_price(world, world.opening.venues, hop.venue, hop.side, target) *
         c.reference(asset_given(v, hop.side));
}

/// All ways to trade one asset for another, the deepest first, ties by id.
using Ways = std::map<std::pair<AssetId, AssetId>, std::vector<Edge>>;

constexpr std::uint32_t every_chain = 0xfffffffeu;

/// Venues of one chain, and those on none.
Ways ways_to_trade(const CompileContext& c, bool with_outside, std::uint32_t chain) {
  const Snapshot& world = c.world;
  Ways ways;
  for (const bool outside : {false, true}) {
    if (outside && !with_outside) continue;
    for (std::uint32_t v = 0; v < world.venues.size(); ++v) {
      const VenueInfo& venue = world.venues[v];
      const bool reached =
          outside || chain == every_chain || venue.chain == chain || venue.chain == ChainInfo::none;
      if (venue.is_outside != outside || !reached) continue;
      for (const Side side : {Side::sell, Side::buy}) {
        const Hop hop{VenueId{v}, side};
        const AssetId to = asset_taken(venue, side);
        std::vector<Edge>& found = ways[{asset_given(venue, side), to}];
        const double depth = hop_depth(c, hop);
        const bool beside_venues =  // the outside market only where no venue trades the pair
            outside && !found.empty() && !world.venues[found[0].hop.venue.value].is_outside;
        if (depth > 0 && !beside_venues) found.push_back({hop, to, depth});
      }
    }
  }
  for (auto& [pair, found] : ways) {
    std::stable_sort(found.begin(), found.end(),
                     [](const Edge& a, const Edge& b) { return a.depth_usd > b.depth_usd; });
  }
  return ways;
}

/// The bundle of these venues; a new one if there is none yet.
std::uint32_t bundle_of(Snapshot& world, const std::vector<Edge>& venues) {
  std::vector<Hop> hops;
  for (const Edge& e : venues) hops.push_back(e.hop);
  std::sort(hops.begin(), hops.end(), [](const Hop& a, const Hop& b) { return a.venue < b.venue; });
  const auto same = [&](const std::vector<Hop>& other) {
    return std::equal(
        other.begin(), other.end(), hops.begin(), hops.end(),
        [](const Hop& a, const Hop& b) { return a.venue == b.venue && a.side == b.side; });
  };
  const auto found = std::find_if(world.bundles.begin(), world.bundles.end(), same);
  const auto at = static_cast<std::uint32_t>(found - world.bundles.begin());
  if (found == world.bundles.end()) world.bundles.push_back(std::move(hops));
  return at;
}

/// One edge per pair and direction, as deep as its venues together, by the least of their ids.
std::vector<std::vector<Edge>> trade_edges(CompileContext& c, bool with_outside,
                                           std::uint32_t chain) {
  Snapshot& world = c.world;
  std::vector<std::vector<std::pair<VenueId, Edge>>> ordered(world.assets.size());
  for (const auto& [pair, found] : ways_to_trade(c, with_outside, chain)) {
    if (found.empty()) continue;
    Edge edge = found[0];
    VenueId least = edge.hop.venue;
    for (std::size_t i = 1; i < found.size(); ++i) {
      edge.depth_usd += found[i].depth_usd;
      least = std::min(least, found[i].hop.venue);
    }
    if (found.size() > 1) edge.hop.bundle = bundle_of(world, found);
    ordered[pair.first.value].emplace_back(least, edge);
  }
  std::vector<std::vector<Edge>> edges(world.assets.size());
  for (std::size_t a = 0; a < edges.size(); ++a) {
    std::sort(ordered[a].begin(), ordered[a].end(),
              [](const auto& x, const auto& y) { return x.first < y.first; });
    for (const auto& [least, edge] : ordered[a]) edges[a].push_back(edge);
  }
  return edges;
}

/// Widest route by depth, shorter before longer where equal; depth-first over at most three hops.
void search(const std::vector<std::vector<Edge>>& edges, AssetId at, AssetId to, double width,
            std::vector<Hop>& path, std::vector<AssetId>& seen, std::vector<Hop>& best,
            double& best_width) {
  if (at == to) {
    const bool wider = width > best_width * (1 + 1e-12);
    const bool shorter = width >= best_width * (1 - 1e-12) && path.size() < best.size();
    if (wider || shorter || best.empty()) {
      best = path;
      best_width = width;
    }
    return;
  }
  if (path.size() == kMostHops) return;
  for (const Edge& e : edges[at.value]) {
    if (std::find(seen.begin(), seen.end(), e.to) != seen.end()) continue;
    // Each further hop costs fees and adds its own impact: it must be worth a third more depth.
    const double narrowed = std::min(width, e.depth_usd) * (path.empty() ? 1 : 0.75);
    if (!best.empty() && narrowed < best_width) continue;
    path.push_back(e.hop);
    seen.push_back(e.to);
    search(edges, e.to, to, narrowed, path, seen, best, best_width);
    path.pop_back();
    seen.pop_back();
  }
}

std::vector<Hop> route(const std::vector<std::vector<Edge>>& edges, AssetId from, AssetId to) {
  std::vector<Hop> path, best;
  std::vector<AssetId> seen{from};
  double width = 0;
  search(edges, from, to, 1e300, path, seen, best, width);
  return best;
}

class LaneTable {
 public:
  explicit LaneTable(CompileContext& c) : c_(c) {}

  std::uint16_t lane(const Reserve& from, const Reserve& to) {
    std::vector<Lane>& lanes = c_.world.lanes;
    const std::uint32_t chain = c_.world.markets[from.market.value].chain;
    for (std::uint16_t l = 0; l < lanes.size(); ++l) {
      if (lanes[l].from_oracle == from.oracle && lanes[l].to_oracle == to.oracle &&
          lanes[l].from == from.asset && lanes[l].to == to.asset && chains_[l] == chain) {
        return l;
      }
    }
    Lane lane{from.asset, to.asset, from.oracle, to.oracle, {}, true, 0};
    if (from.asset != to.asset) {
      lane.hops = way(from.asset, to.asset, chain);
      lane.open = !lane.hops.empty();
    }
    c_.world.most_hops = std::max(c_.world.most_hops, lane.hops.size());
    lanes.push_back(std::move(lane));
    chains_.push_back(chain);
    return static_cast<std::uint16_t>(lanes.size() - 1);
  }

  /// The way out over the venues of one chain, or of every chain.
  std::vector<Hop> way(AssetId from, AssetId to, std::uint32_t chain) {
    const auto [found, fresh] = edges_.try_emplace(chain);
    if (fresh) found->second = {trade_edges(c_, false, chain), trade_edges(c_, true, chain)};
    std::vector<Hop> hops = route(found->second.inside, from, to);
    return hops.empty() ? route(found->second.all, from, to) : hops;
  }

 private:
  struct Reached {
    std::vector<std::vector<Edge>> inside, all;
  };
  CompileContext& c_;
  std::map<std::uint32_t, Reached> edges_;  // by chain
  std::vector<std::uint32_t> chains_;       // [lane]
};

double exit_depth(const CompileContext& c, AssetId a) {
  if (a == c.world.numeraire) return 1e300;
  double width = 1e300;
  for (const Hop& hop : c.world.exits[a.value]) {
    double depth = 0;
    for (const Hop& at : c.world.venues_of(hop)) depth += hop_depth(c, at);
    width = std::min(width, depth);
  }
  return c.world.exits[a.value].empty() ? 0 : width;
}

/// Numbers the sets of lanes that venues join, each by its first lane.
void group_lanes(Snapshot& world) {
  std::vector<std::uint32_t> group_of(world.venues.size(), 0xffffffffu);
  const auto join = [&](std::uint32_t before, std::uint32_t joined, std::uint32_t group) {
    for (std::uint32_t& g : group_of) g = g == joined ? group : g;
    for (std::uint32_t k = 0; k < before; ++k) {
      if (world.lanes[k].group == joined) world.lanes[k].group = group;
    }
  };
  for (std::uint32_t l = 0; l < world.lanes.size(); ++l) {
    std::vector<VenueId> venues;
    for (const Hop& hop : world.lanes[l].hops) {
      for (const Hop& at : world.venues_of(hop)) venues.push_back(world.pool_of(at.venue));
    }
    std::uint32_t group = l;
    for (const VenueId v : venues) group = std::min(group, group_of[v.value]);
    world.lanes[l].group = group;
    for (const VenueId v : venues) {
      const std::uint32_t joined = std::exchange(group_of[v.value], group);
      if (joined != 0xffffffffu && joined != group) join(l, joined, group);
    }
  }
}

/// The lanes of flow agents, one venue long, after those of markets: nobody asks their price.
void add_flow_lanes(Snapshot& world) {
  const std::size_t first = world.lanes.size();
  const auto lane = [&](const FlowAgentInfo& a, Side side) {
    for (std::size_t l = first; l < world.lanes.size(); ++l) {
      const Hop& hop = world.lanes[l].hops[0];
      if (hop.venue == a.venue && hop.side == side) return static_cast<std::uint32_t>(l);
    }
    const VenueInfo& v = world.venues[a.venue.value];
    world.lanes.push_back(
        {asset_given(v, side), asset_taken(v, side), {}, {}, {{a.venue, side}}, true, 0});
    world.most_hops = std::max<std::size_t>(world.most_hops, 1);
    return static_cast<std::uint32_t>(world.lanes.size() - 1);
  };
  for (FlowAgentInfo& a : world.flow_agents) {
    a.sell_lane = lane(a, a.sells);
    a.buy_lane = lane(a, opposite(a.sells));
  }
}

/// Of the lanes there are so far: those of markets.
void note_sources(Snapshot& world) {
  const auto no_hop = static_cast<std::uint32_t>(2 * world.venues.size());
  world.lanes_of_venue.resize(world.venues.size());
  for (const Lane& lane : world.lanes) {
    const auto number = static_cast<std::uint32_t>(world.lane_sources.size());
    for (const Hop& hop : lane.hops) {
      for (const Hop& at : world.venues_of(hop)) {
        world.lanes_of_venue[at.venue.value].push_back(number);
      }
    }
    LaneSources from{{no_hop, no_hop, no_hop}, lane.from_oracle.value, lane.to_oracle.value};
    for (std::size_t h = 0; h < lane.hops.size(); ++h) {
      from.rate_at[h] = rate_place(world, lane.hops[h]);
    }
    if (!lane.open) from.rate_at[0] = no_hop + 1;
    world.lane_sources.push_back(from);
  }
}

}  // namespace

WayBack way_back(const Snapshot& world, AssetId from, AssetId to) {
  const auto no_hop = static_cast<std::uint32_t>(2 * world.venues.size());
  WayBack way;
  way.rate_at[0] = way.rate_at[1] = no_hop;
  if (from == to) return way;
  const auto hop = [&](AssetId a, Side side) {
    a = hedge_of(world, a);
    if (a == world.numeraire) return;
    const VenueId outside = world.outside[a.value];
    way.exists = way.exists && outside.valid();
    if (outside.valid()) way.rate_at[way.count] = rate_place(outside, side);
    way.hops[way.count++] = {outside, side};
  };
  hop(from, Side::sell);
  hop(to, Side::buy);
  return way;
}

namespace {

void note_ways_back(Snapshot& world) {
  for (const VenueInfo& v : world.venues) {
    world.ways_back.push_back(way_back(world, v.quote, v.base));  // sold, bought back outside
    world.ways_back.push_back(way_back(world, v.base, v.quote));
  }
}

}  // namespace

void compile_lanes(CompileContext& c) {
  Snapshot& world = c.world;
  LaneTable table(c);
  world.exits.resize(world.assets.size());
  for (std::uint32_t a = 0; a < world.assets.size(); ++a) {
    if (AssetId{a} != world.numeraire && world.numeraire.valid()) {
      world.exits[a] = table.way(AssetId{a}, world.numeraire, every_chain);
    }
  }
  for (Market& m : world.markets) {
    m.lanes.assign(std::size_t{m.reserve_count} * m.reserve_count, 0);
    for (std::uint32_t i = 0; i < m.reserve_count; ++i) {
      const Reserve& from = world.reserves[m.first_reserve + i];
      for (std::uint32_t j = 0; j < m.reserve_count; ++j) {
        const Reserve& to = world.reserves[m.first_reserve + j];
        if (to.takes_debt) m.lanes[i * m.reserve_count + j] = table.lane(from, to);
      }
      if (from.takes_debt) m.by_saleability.push_back(m.first_reserve + i);
    }
    std::stable_sort(
        m.by_saleability.begin(), m.by_saleability.end(), [&](std::uint32_t a, std::uint32_t b) {
          return exit_depth(c, world.reserves[a].asset) > exit_depth(c, world.reserves[b].asset);
        });
  }
  note_sources(world);
  note_ways_back(world);
  add_flow_lanes(world);
  group_lanes(world);
}

}  // namespace faultline
