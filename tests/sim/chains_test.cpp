// Liquidity on several chains: pools of one pair that only arbitrageurs join, at the gas of each.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "sim/engine.hpp"
#include "tests/laws/random_ecosystem.hpp"
#include "tests/sim/small_world.hpp"

using namespace faultline;
using namespace faultline::laws;
using faultline::test::add;
using faultline::test::add_assets;
using faultline::test::eth_loans;
using faultline::test::prompt_feed;
using faultline::test::usd;

namespace {

void add_pool(Ecosystem& eco, const std::string& name) {
  ConstantProduct::Spec pool;
  pool.pair = {"ETH", "USD"};
  pool.liquidity = usd(1e6);
  pool.fee.value = 0.003;
  add(eco.venues, name, VenueNode{pool, {}});
}

void add_chain(Ecosystem& eco, const std::string& name, double gas_usd, std::vector<Name> hosts) {
  ChainSpec chain;
  chain.gas = usd(gas_usd);
  chain.hosts = std::move(hosts);
  add(eco.chains, name, chain);
}

/// A pool and a market on each of two chains; each market lends to twenty accounts, in breach below
/// $900.
Ecosystem two_chains(double near_gas, double far_gas) {
  Ecosystem eco;
  eco.clock.round.value = 12;
  eco.clock.horizon.value = 240;
  add_assets(eco, {{"ETH", 1000.0}, {"USD", 1.0}});
  add_pool(eco, "near.pool");
  add_pool(eco, "far.pool");
  Outside::Spec world;
  world.pair = {"ETH", "USD"};
  world.depth = {usd(1e9), 0.01};
  world.exponent = 1;
  add(eco.venues, "world", VenueNode{world, {}});
  add(eco.oracles, "ETH", prompt_feed());
  const MarketNode node = eth_loans(1e6, 20);
  add(eco.markets, "near.market", node);
  add(eco.markets, "far.market", node);
  add_chain(eco, "near", near_gas, {});
  add_chain(eco, "far", far_gas, {{"far.pool"}, {"far.market"}});
  return eco;
}

struct Ran {
  Ran(const Ecosystem& eco, MoveKind kind, double value) : c(eco, {}), w(c.world) {
    w.audit_rounds = true;
    Scenario s;
    const std::uint32_t target =
        kind == MoveKind::price ? c.world.asset("ETH").value : c.world.oracle("ETH").value;
    s.moves.push_back({kind, target, value, {}});
    CHECK(!stop_is_failure(run(c.world, s, w).stop));
  }
  double price(const char* venue) const { return w.market.venue_price[c.world.venue(venue).value]; }
  double volume(const char* venue) const {
    return w.outcome.venues[c.world.venue(venue).value].volume_usd;
  }
  double liquidations(const char* market) const {
    return w.outcome.markets[c.world.market(market).value].liquidations;
  }
  Case c;
  Workspace w;
};

void nobody_arbitrages(Ecosystem& eco) {
  ArbitrageurSpec nobody;
  nobody.gas = usd(1e15);
  add(eco.agents, "arbitrageurs", AgentSpecs{nobody});
}

}  // namespace

TEST_CASE("chains: a gap that does not pay for a chain's gas stays open there") {
  const double fall = std::log(0.98);  // a gap of 2% earns some $25 in a pool of $1m
  const Ran cheap(two_chains(1, 1), MoveKind::price, fall);
  CHECK(cheap.price("near.pool") < 985);
  CHECK(cheap.price("far.pool") == Approx(cheap.price("near.pool")).epsilon(1e-4));
  const Ran dear(two_chains(1, 500), MoveKind::price, fall);
  CHECK(dear.price("near.pool") < 985);
  CHECK(dear.price("far.pool") == 1000);
  CHECK(dear.volume("far.pool") == 0);

  Ecosystem own = two_chains(1, 500);  // who states his own gas pays that
  ArbitrageurSpec sponsored;
  sponsored.gas = usd(1);
  add(own.agents, "arbitrageurs", AgentSpecs{sponsored});
  CHECK(Ran(own, MoveKind::price, fall).price("far.pool") < 985);
}

TEST_CASE("chains: a market is liquidated on its own chain, at its gas") {
  // The feed says $890, the pools' prices stay.
  Ecosystem eco = two_chains(1, 1);
  nobody_arbitrages(eco);
  eco.markets.erase(eco.markets.begin());  // only the far one
  const Ran far(eco, MoveKind::offset, -0.11);
  CHECK(far.liquidations("far.market") > 0);
  CHECK(far.volume("far.pool") > 0);
  CHECK(far.volume("near.pool") == 0);
  CHECK(far.price("near.pool") == 1000);

  Ecosystem dear = two_chains(1, 1e5);
  nobody_arbitrages(dear);
  const Ran r(dear, MoveKind::offset, -0.11);
  CHECK(r.liquidations("near.market") > 0);
  CHECK(r.liquidations("far.market") == 0);

  // On one chain, both pools serve both markets.
  Ecosystem one = two_chains(1, 1);
  nobody_arbitrages(one);
  one.chains.pop_back();
  one.markets.erase(one.markets.begin());
  const Ran joined(one, MoveKind::offset, -0.11);
  CHECK(joined.volume("near.pool") == Approx(joined.volume("far.pool")).epsilon(1e-6));
  CHECK(joined.liquidations("far.market") > far.liquidations("far.market"));
}

TEST_CASE("chains: arbitrageurs carry a liquidation's impact from chain to chain, in time") {
  Ecosystem eco = two_chains(1, 1);
  eco.markets.erase(eco.markets.begin());
  // All they can turn to is about as deep as one pool, and slow.
  auto& world = std::get<Outside::Spec>(eco.venues.back().spec.spec);
  world.depth = {usd(5000), 0.01};
  world.refill.value = 600;
  const Ran joined(eco, MoveKind::offset, -0.11);
  CHECK(joined.liquidations("far.market") > 0);
  CHECK(joined.volume("near.pool") > 0);
  CHECK(joined.price("near.pool") < 1000);
  ArbitrageurSpec near_only;  // nobody serves the far pool
  near_only.between = {{"near.pool"}};
  add(eco.agents, "arbitrageurs", AgentSpecs{near_only});
  const Ran apart(eco, MoveKind::offset, -0.11);
  CHECK(apart.liquidations("far.market") > 0);
  CHECK(apart.price("near.pool") == 1000);
}

TEST_CASE("chains: one chain takes what no other hosts, and each node stands on one") {
  Ecosystem eco = two_chains(1, 1);
  add_chain(eco, "third", 1, {});
  CHECK_THROWS_WITH(Case(eco, {}), Catch::Contains("host everything else"));
  eco = two_chains(1, 1);
  add_chain(eco, "third", 1, {{"far.pool"}});
  CHECK_THROWS_WITH(Case(eco, {}), Catch::Contains("'far.pool' stands on 'far' and on 'third'"));
  const Case c(two_chains(1, 1), {});
  const auto far = c.world.graph.find(NodeKind::chain, "far");
  REQUIRE(far);
  std::vector<std::string> hosted;
  for (const GraphEdge& e : c.world.graph.out(*far)) {
    hosted.push_back(c.world.graph.nodes()[e.to].name);
  }
  CHECK(hosted == std::vector<std::string>{"far.market", "arbitrageurs", "liquidators"});
}
