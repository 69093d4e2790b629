// Law 2: at rest stays at rest. Without a shock, a scheduled flow, rates, a venue beyond its band
// or an account in breach, nothing changes at all, and a round visits nothing.
#include <catch2/catch.hpp>
#include <cstring>

#include "sim/engine.hpp"
#include "tests/laws/outcome_numbers.hpp"
#include "tests/laws/random_ecosystem.hpp"

using namespace faultline;
using namespace faultline::laws;

namespace {

Options still(std::uint64_t seed) {
  return {.seed = seed, .still = true};
}

template <class... Kinds>
bool same_states(TypeList<Kinds...>, const KindStates<VenueKinds>& a,
                 const KindStates<VenueKinds>& b) {
  return ([&] {
    const auto& x = a.of<Kinds>();
    const auto& y = b.of<Kinds>();
    return x.size() == y.size() &&
           (x.empty() || std::memcmp(x.data(), y.data(), x.size() * sizeof(x[0])) == 0);
  }() && ...);
}

bool same_column(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}

/// Names the state that is no longer the opening's; empty where all bytes are.
std::string changed(const Snapshot& world, const Workspace& w) {
  const OpeningState& o = world.opening;
  if (!same_column(w.ledger.balances(), o.balances)) return "balances";
  if (!same_column(w.market.reference, o.market.reference)) return "references";
  if (!same_column(w.market.spot, o.market.spot)) return "market prices";
  if (!same_column(w.market.venue_price, o.market.venue_price)) return "venue prices";
  if (!same_column(w.market.published, o.market.published)) return "published prices";
  if (w.market.usable != o.market.usable) return "usable feeds";
  if (!same_column(w.market.supply_index, o.market.supply_index)) return "supply indices";
  if (!same_column(w.market.borrow_index, o.market.borrow_index)) return "borrow indices";
  if (!same_column(w.factors, o.factors)) return "factors";
  if (!same_column(w.market_factors, o.market_factors)) return "market factors";
  if (!same_states(VenueKinds{}, w.venues, o.venues)) return "venues";
  if (w.positions.touched_blocks() != 0) return "positions";
  return {};
}

/// Numbers that may differ from zero in a world where nothing happens.
bool describes_opening(const Number& n) {
  return n.name == "deposits" || n.name == "final debt" || n.name.starts_with("price") ||
         n.name == "lowest price" || n.name == "largest gap" || n.name == "insolvent" ||
         n.name.starts_with("supply") || n.name.starts_with("first") || n.name.ends_with("basis") ||
         n.name == "utilisation" || n.name.starts_with("held") || n.name == "stop" ||
         n.name == "counter";
}

}  // namespace

TEST_CASE("law 2: a world at rest stays at rest") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const Case c(random_ecosystem(still(seed)), {});
    CAPTURE(seed);
    Workspace w(c.world);
    const Outcome& out = run(c.world, {}, w);
    CHECK(out.stop == Stop::settled);
    CHECK(out.counters.rounds == 1);
    CHECK(changed(c.world, w) == "");
    for (const Number& n : numbers(c.world, out)) {
      CAPTURE(n.name, n.node);
      if (!describes_opening(n)) CHECK(n.value == 0);
      if (n.name.starts_with("first") || n.name == "insolvent") CHECK(n.value == -1);
      if (n.name.ends_with("basis")) CHECK(std::fabs(n.value) < 1e-6);
    }
    for (const AssetOutcome& a : out.assets) {
      CHECK((a.price_end == a.price_start && a.price_min == a.price_start));
    }
  }
}

TEST_CASE("law 2: a quiet round visits nothing") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Ecosystem eco = random_ecosystem(still(seed));
    for (auto& feed : eco.oracles) {  // a timer is a reason to look; without one there is none
      feed.spec.heartbeat.reset();
      feed.spec.max_age.reset();
    }
    for (const auto& asset : eco.assets) {
      const bool declared = std::any_of(eco.oracles.begin(), eco.oracles.end(),
                                        [&](const auto& o) { return o.name == asset.name; });
      if (declared) continue;
      FeedSpec feed;
      feed.heartbeat.reset();
      eco.oracles.push_back({asset.name, {}, {}, {}, feed});
    }
    const Case c(eco, {});
    CAPTURE(seed);
    Workspace w(c.world);
    const std::uint64_t opening = run(c.world, {}, w).counters.nodes_visited;
    // A fault of no size at the very end keeps the clock running.
    Scenario waiting;
    waiting.moves.push_back({MoveKind::offset, 0, 0, {c.world.horizon_s, c.world.horizon_s}});
    const Outcome& out = run(c.world, waiting, w);
    CHECK(out.end_s == c.world.horizon_s);
    CHECK(out.counters.rounds > 10);
    CHECK(out.counters.nodes_visited == opening);
    CHECK(changed(c.world, w) == "");
  }
}

TEST_CASE("law 2: lenders who see no trouble change no byte") {
  for (std::uint64_t seed = 1; seed <= 80; ++seed) {
    Ecosystem eco = random_ecosystem({.seed = seed});
    std::erase_if(eco.agents, [](const Named<AgentSpecs>& a) {
      return std::holds_alternative<DepositorsSpec>(a.spec);
    });
    const Case without(eco, random_scenario(eco, {.seed = seed}));
    DepositorsSpec blind;
    blind.sees = {.hole = {}, .deficit = {}, .depeg = {}, .full = {}};
    blind.borrows_out.value = 0.5;
    eco.agents.push_back({"watchers", {}, {}, {}, blind});
    const Case with(eco, without.eco.scenarios.back());
    CAPTURE(seed);
    const auto without_counters = [](std::vector<Number> all) {
      std::erase_if(all, [](const Number& n) { return n.name == "counter"; });
      return all;
    };
    Scenario scenario = without.scenario;  // settings of the other world name its lenders
    Workspace w(without.world), v(with.world);
    const std::vector<Number> a = numbers(without.world, run(without.world, scenario, w));
    const std::vector<Number> b = numbers(with.world, run(with.world, scenario, v));
    CHECK(difference(without_counters(a), without_counters(b)) == "");
  }
}

TEST_CASE("law 2: a run that stops early says what it would have said at the horizon") {
  int early = 0;
  for (std::uint64_t k = 1; k <= 801; ++k) {
    const bool small = k <= 800;  // the fewer there are, the more often all come to rest
    const std::uint64_t seed = small ? k : 1649;  // once: a claim's base moved, its worth did not
    const Options options{.seed = seed, .size = small ? 1 + static_cast<int>(k % 4) : 4};
    Ecosystem eco = random_ecosystem(options);
    for (auto& m : eco.markets) {  // debt that bears interest is never at rest
      if (auto* pool = std::get_if<PooledLending::Spec>(&m.spec.spec)) {
        for (auto& [name, reserve] : pool->reserves) reserve.rate.kind = "none";
      } else if (auto* perp = std::get_if<PerpMarket::Spec>(&m.spec.spec)) {
        perp->funding.kind = "none";
      } else if (auto* pooled = std::get_if<PoolPerps::Spec>(&m.spec.spec)) {
        pooled->funding.kind = "none";
        pooled->borrow_base.value = pooled->borrow_above.value = 0;
      } else if (auto* cdp = std::get_if<CdpMarket::Spec>(&m.spec.spec)) {
        cdp->fee.value = 0;
      } else if (auto* troves = std::get_if<TroveMarket::Spec>(&m.spec.spec)) {
        troves->fee.value = 0;
      } else if (auto* absorbing = std::get_if<AbsorbingMarket::Spec>(&m.spec.spec)) {
        absorbing->rate.kind = "none";
      } else if (auto* cluster = std::get_if<Cluster::Spec>(&m.spec.spec)) {
        for (auto& [asset, vault] : cluster->vaults) vault.rate.kind = "none";
      } else if (auto* bands = std::get_if<BandMarket::Spec>(&m.spec.spec)) {
        bands->rate.kind = "none";
      } else {
        std::get<IsolatedMarket::Spec>(m.spec.spec).rate.kind = "none";
      }
    }
    const Case c(eco, random_scenario(eco, options));
    Workspace w(c.world);
    const Outcome& out = run(c.world, c.scenario, w);
    if (out.stop != Stop::settled || out.end_s >= c.world.horizon_s) continue;
    if (c.world.oracles.empty()) continue;
    ++early;
    CAPTURE(seed, out.end_s);
    const auto without_clock = [&](std::vector<Number> all) {
      std::erase_if(all, [](const Number& n) {
        return n.name == "end" || n.name == "stop" || n.name == "counter";
      });
      return all;
    };
    const std::vector<Number> stopped = without_clock(numbers(c.world, out));
    Scenario longer = c.scenario;
    longer.moves.push_back({MoveKind::offset, 0, 0, {c.world.horizon_s, c.world.horizon_s}});
    const std::vector<Number> ran_on = without_clock(numbers(c.world, run(c.world, longer, w)));
    CHECK(difference(stopped, ran_on) == "");
  }
  CHECK(early > 50);
}
