#include "viz/graph_picture.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>

#include <fmt/format.h>

#include "sim/assessment.hpp"

namespace faultline {

namespace {

constexpr double seen = 0.01;     // a move or gap that colours a node
constexpr double noticed = 1e-4;  // one that counts as reached

class Painter {
 public:
  Painter(const Snapshot& world, const Outcome& full, const Outcome& baseline)
      : world_(world), full_(full), base_(baseline), reached_(world.graph.node_count(), false) {
    out_.nodes.resize(world.graph.node_count());
  }

  GraphOutcome paint(const Scenario& scenario) {
    for (std::uint32_t a = 0; a < world_.assets.size(); ++a) asset(a);
    for (std::uint32_t v = 0; v < world_.venues.size(); ++v) venue(v);
    for (std::uint32_t o = 0; o < world_.oracles.size(); ++o) oracle(o);
    for (std::uint32_t m = 0; m < world_.markets.size(); ++m) market(m);
    for (const PerpVenue& v : world_.perps) {
      for (const Backstop& b : v.backstops) backstop(b);
    }
    for (std::uint32_t v = 0; v < world_.vaults.size(); ++v) vault(v);
    agents();
    count_hops(shocked_nodes(world_, scenario));
    return std::move(out_);
  }

 private:
  NodeOutcome* node(NodeKind kind, const std::string& name, bool reached) {
    const auto index = world_.graph.find(kind, name);
    if (!index) return nullptr;
    if (reached) reached_[*index] = true;
    return &out_.nodes[*index];
  }

  /// Fall of an asset's market price at its lowest, net of the baseline's; negative: it only rose.
  double fall(std::uint32_t a) const {
    const AssetOutcome &x = full_.assets[a], &b = base_.assets[a];
    if (!(x.price_start > 0)) return 0;
    const double lowest = (b.price_min - x.price_min) / x.price_start;
    const double end = (b.price_end - x.price_end) / x.price_start;
    return lowest > noticed ? lowest : std::min(end, lowest);
  }

  void asset(std::uint32_t a) {
    const double fell = fall(a);
    NodeOutcome* n = node(NodeKind::asset, world_.assets[a].name, std::fabs(fell) > noticed);
    if (n == nullptr || std::fabs(fell) <= noticed) return;
    n->note = fmt::format("{}{:.1f}%", fell > 0 ? "−" : "+", 100 * std::fabs(fell));
    if (fell > seen) n->state = OutcomeState::stressed;
  }

  void venue(std::uint32_t v) {
    const VenueInfo& info = world_.venues[v];
    const VenueOutcome &x = full_.venues[v], &b = base_.venues[v];
    const double forced = x.forced_usd - b.forced_usd, traded = x.volume_usd - b.volume_usd;
    const double quote = fall(info.quote.value);
    const double fell = 1 - (1 - fall(info.base.value)) / (1 - quote);
    const bool reached = forced > 1 || traded > 1 || std::fabs(fell) > noticed;
    NodeOutcome* n = node(NodeKind::venue, info.name, reached);
    if (n == nullptr || !reached) return;
    if (forced >= 1) n->note = short_usd(forced) + " forced";
    if (forced < 1 && traded >= 1) n->note = short_usd(traded) + " traded";
    if (forced >= 1 || std::fabs(fell) > seen) n->state = OutcomeState::stressed;
    n->loss_usd = info.is_outside ? 0 : std::max(0.0, x.lp_loss_usd - b.lp_loss_usd);
  }

  void oracle(std::uint32_t o) {
    const OracleInfo& info = world_.oracles[o];
    const double gap = full_.oracles[o].largest_gap;
    const bool off = gap > base_.oracles[o].largest_gap + noticed;
    const bool moved = std::fabs(fall(info.asset.value)) > info.params.deviation + noticed;
    NodeOutcome* n = node(NodeKind::oracle, info.name, off || moved);
    if (n == nullptr || !off || gap <= seen) return;
    n->state = OutcomeState::stressed;
    n->note = fmt::format("{:.1f}% off", 100 * gap);
    if (world_.assets[info.asset.value].contract) n->note = mark_note(info);
  }

  /// How far a contract's mark was from its index: its own book says nothing of that.
  std::string mark_note(const OracleInfo& info) const {
    for (const PerpVenue& venue : world_.perps) {
      for (const PerpContract& c : venue.contracts) {
        if (world_.reserves[c.reserve].asset != info.asset) continue;
        const PerpOutcome& o = full_.perps[c.number];
        const double basis = -o.basis_least > o.basis_most ? o.basis_least : o.basis_most;
        return fmt::format("{}{:.1f}% off its index", basis < 0 ? "−" : "+",
                           100 * std::fabs(basis));
      }
    }
    return {};
  }

  void backstop(const Backstop& b) {
    const BackstopOutcome &x = full_.backstops[b.number], &calm = base_.backstops[b.number];
    const double lost = calm.end_usd - x.end_usd;
    NodeOutcome* n = node(b.takes_over ? NodeKind::vault : NodeKind::fund, b.name,
                          std::fabs(lost) > noticed * x.start_usd);
    if (n == nullptr || !(lost > seen * x.start_usd)) return;
    n->loss_usd = lost;
    n->state = x.end_usd <= seen * x.start_usd ? OutcomeState::failed : OutcomeState::stressed;
    n->note = n->state == OutcomeState::failed ? "spent" : "";
  }

  void vault(std::uint32_t v) {
    const VaultOutcome &x = full_.vaults[v], &b = base_.vaults[v];
    const Standing stands = standing(x, b);
    NodeOutcome* n = node(NodeKind::vault, world_.vaults[v].name, stands != Standing::sound);
    if (n == nullptr || stands == Standing::sound) return;
    n->state = stands == Standing::insolvent  ? OutcomeState::insolvent
               : stands == Standing::illiquid ? OutcomeState::illiquid
                                              : OutcomeState::stressed;
    const double lost = x.loss_usd - b.loss_usd;
    const double trapped = x.trapped_peak_usd - b.trapped_peak_usd;
    n->loss_usd = lost > 1 ? lost : 0;
    if (trapped > 1) n->note = short_usd(trapped) + " trapped";
  }

  void market(std::uint32_t m) {
    const MarketOutcome &x = full_.markets[m], &b = base_.markets[m];
    const double liquidated = x.liquidated_usd - b.liquidated_usd;
    const double loss = x.bad_debt_usd - b.bad_debt_usd;
    const double unserved = x.unserved_usd - b.unserved_usd;
    const Standing stands = standing(x, b);
    const bool reached = stands != Standing::sound;
    NodeOutcome* n = node(NodeKind::market, world_.markets[m].name, reached);
    if (n == nullptr || !reached) return;
    n->state = stands == Standing::insolvent  ? OutcomeState::insolvent
               : stands == Standing::illiquid ? OutcomeState::illiquid
                                              : OutcomeState::stressed;
    n->loss_usd = loss > 1 ? loss : 0;
    if (liquidated > 1) n->note = short_usd(liquidated) + " liquidated";
    if (unserved > 1) {
      n->note += (n->note.empty() ? "" : ", ") + short_usd(unserved) + " unserved";
    }
    if (stands == Standing::insolvent) {
      n->when_s = x.insolvent_s;
    } else if (x.first_liquidation_s >= 0) {
      n->when_s = x.first_liquidation_s;
    }
  }

  void agents() {
    for (const LiquidatorInfo& l : world_.liquidators) {
      double liquidated = 0, unserved = 0;
      for (const MarketId m : l.markets) {
        const MarketOutcome &x = full_.markets[m.value], &b = base_.markets[m.value];
        liquidated += x.liquidated_usd - b.liquidated_usd;
        unserved += x.unserved_usd - b.unserved_usd;
      }
      NodeOutcome* n = node(NodeKind::agent, l.name, liquidated > 1 || unserved > 1);
      if (n == nullptr || !(unserved > 1) || !std::isfinite(l.capital_usd)) continue;
      n->state = OutcomeState::stressed;
      n->note = short_usd(unserved) + " unserved";
    }
    for (const ArbitrageurInfo& a : world_.arbitrageurs) {
      double traded = 0;
      for (const VenueId v : a.venues) {
        const VenueOutcome &x = full_.venues[v.value], &b = base_.venues[v.value];
        traded += (x.volume_usd - x.forced_usd) - (b.volume_usd - b.forced_usd);
      }
      node(NodeKind::agent, a.name, traded > 1);
    }
  }

  /// Breadth first from the shocked nodes over reached nodes; what was reached by no such path
  /// takes the plain distance.
  void count_hops(const std::vector<std::uint32_t>& sources) {
    std::deque<std::uint32_t> queue;
    for (const std::uint32_t s : sources) {
      out_.nodes[s].hop = 0;
      queue.push_back(s);
    }
    while (!queue.empty()) {
      const std::uint32_t from = queue.front();
      queue.pop_front();
      for (const GraphEdge& e : world_.graph.out(from)) {
        if (!reached_[e.to] || out_.nodes[e.to].hop != no_hop) continue;
        out_.nodes[e.to].hop = out_.nodes[from].hop + 1;
        queue.push_back(e.to);
      }
    }
    const std::vector<std::uint32_t> plain = hop_distances(world_.graph, sources);
    for (std::uint32_t i = 0; i < out_.nodes.size(); ++i) {
      if (reached_[i] && out_.nodes[i].hop == no_hop) out_.nodes[i].hop = plain[i];
    }
  }

  const Snapshot& world_;
  const Outcome& full_;
  const Outcome& base_;
  std::vector<bool> reached_;
  GraphOutcome out_;
};

}  // namespace

GraphOutcome picture_of(const Snapshot& world, const Scenario& scenario, const Outcome& full,
                        const Outcome& baseline) {
  return Painter(world, full, baseline).paint(scenario);
}

std::vector<std::uint32_t> drawn_together(const Snapshot& world) {
  std::vector<std::uint32_t> out(world.graph.node_count(), 0);
  for (std::uint32_t o = 0; o < world.oracles.size(); ++o) {
    const std::string& contract = world.assets[world.oracles[o].asset.value].name;
    const auto whole = world.graph.find(NodeKind::oracle, contract);
    const auto part = world.graph.find(NodeKind::oracle, world.oracles[o].name);
    if (!whole || !part || !world.oracles[o].name.starts_with(contract + ".")) continue;
    out[*whole] = out[*part] = 2 + *whole;
  }
  for (const VenueInfo& v : world.venues) {
    const auto node = world.graph.find(NodeKind::venue, v.name);
    if (v.is_outside && node) out[*node] = 1;
  }
  return out;
}

std::array<std::size_t, outcome_state_count> count_states(const GraphOutcome& outcome) {
  std::array<std::size_t, outcome_state_count> out{};
  for (const NodeOutcome& n : outcome.nodes) ++out[static_cast<std::size_t>(n.state)];
  return out;
}

}  // namespace faultline
