// Lanes: the way each market's collateral takes to each of its debt assets. Among routes of at most
// three hops the one whose narrowest hop is deepest; pools and books before the outside market,
// which liquidators use only where no venue joins the two.
#include <algorithm>
#include <utility>

#include "sim/compile_context.hpp"
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

std::vector<std::vector<Edge>> trade_edges(const CompileContext& c, bool with_outside) {
  const Snapshot& world = c.world;
  std::vector<std::vector<Edge>> edges(world.assets.size());
  for (std::uint32_t v = 0; v < world.venues.size(); ++v) {
    if (world.venues[v].is_outside && !with_outside) continue;
    for (const Side side : {Side::sell, Side::buy}) {
      const Hop hop{VenueId{v}, side};
      const double depth = hop_depth(c, hop);
      if (!(depth > 0)) continue;
      edges[asset_given(world.venues[v], side).value].push_back(
          {hop, asset_taken(world.venues[v], side), depth});
    }
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
  explicit LaneTable(CompileContext& c)
      : c_(c), inside_(trade_edges(c, false)), all_(trade_edges(c, true)) {}

  std::uint16_t lane(const Reserve& from, const Reserve& to) {
    std::vector<Lane>& lanes = c_.world.lanes;
    for (std::uint16_t l = 0; l < lanes.size(); ++l) {
      if (lanes[l].from_oracle == from.oracle && lanes[l].to_oracle == to.oracle &&
          lanes[l].from == from.asset && lanes[l].to == to.asset) {
        return l;
      }
    }
    Lane lane{from.asset, to.asset, from.oracle, to.oracle, {}, true, 0};
    if (from.asset != to.asset) {
      lane.hops = exit(from.asset, to.asset);
      lane.open = !lane.hops.empty();
    }
    c_.world.most_hops = std::max(c_.world.most_hops, lane.hops.size());
    lanes.push_back(std::move(lane));
    return static_cast<std::uint16_t>(lanes.size() - 1);
  }

  std::vector<Hop> exit(AssetId from, AssetId to) const {
    std::vector<Hop> hops = route(inside_, from, to);
    return hops.empty() ? route(all_, from, to) : hops;
  }

 private:
  CompileContext& c_;
  std::vector<std::vector<Edge>> inside_, all_;
};

double exit_depth(const CompileContext& c, AssetId a) {
  if (a == c.world.numeraire) return 1e300;
  double width = 1e300;
  for (const Hop& hop : c.world.exits[a.value]) width = std::min(width, hop_depth(c, hop));
  return c.world.exits[a.value].empty() ? 0 : width;
}

/// Numbers the sets of lanes that venues join, each by its first lane.
void group_lanes(Snapshot& world) {
  std::vector<std::uint32_t> group_of(world.venues.size(), 0xffffffffu);
  for (std::uint32_t l = 0; l < world.lanes.size(); ++l) {
    std::uint32_t group = l;
    for (const Hop& hop : world.lanes[l].hops) group = std::min(group, group_of[hop.venue.value]);
    world.lanes[l].group = group;
    for (const Hop& hop : world.lanes[l].hops) {
      const std::uint32_t joined = std::exchange(group_of[hop.venue.value], group);
      if (joined == 0xffffffffu || joined == group) continue;
      for (std::uint32_t& g : group_of) g = g == joined ? group : g;
      for (std::uint32_t k = 0; k < l; ++k) {
        if (world.lanes[k].group == joined) world.lanes[k].group = group;
      }
    }
  }
}

void note_sources(Snapshot& world) {
  const auto no_hop = static_cast<std::uint32_t>(2 * world.venues.size());
  for (const Lane& lane : world.lanes) {
    LaneSources from{{no_hop, no_hop, no_hop}, lane.from_oracle.value, lane.to_oracle.value};
    for (std::size_t h = 0; h < lane.hops.size(); ++h) {
      from.rate_at[h] = rate_place(lane.hops[h].venue, lane.hops[h].side);
    }
    if (!lane.open) from.rate_at[0] = no_hop + 1;
    world.lane_sources.push_back(from);
  }
}

}  // namespace

void compile_lanes(CompileContext& c) {
  Snapshot& world = c.world;
  LaneTable table(c);
  world.exits.resize(world.assets.size());
  for (std::uint32_t a = 0; a < world.assets.size(); ++a) {
    if (AssetId{a} != world.numeraire && world.numeraire.valid()) {
      world.exits[a] = table.exit(AssetId{a}, world.numeraire);
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
  group_lanes(world);
  note_sources(world);
}

}  // namespace faultline
