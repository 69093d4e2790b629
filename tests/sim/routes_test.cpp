// Liquidations over several venues of one pair: each order is split so that its last unit brings
// the same at all of them.
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

struct PoolOf {
  std::string name, base, quote;
  double liquidity_usd, fee;
};

/// Twenty loans of $14,400 against 20 ETH at $1,000 each, and pools. Nobody arbitrages.
Ecosystem loans(const std::vector<PoolOf>& pools) {
  Ecosystem eco;
  eco.clock.round.value = 12;
  eco.clock.horizon.value = 120;
  add_assets(eco, {{"ETH", 1000.0}, {"BTC", 50000.0}, {"USD", 1.0}});
  for (const PoolOf& p : pools) {
    ConstantProduct::Spec pool;
    pool.pair = {p.base, p.quote};
    pool.liquidity = usd(p.liquidity_usd);
    pool.fee.value = p.fee;
    add(eco.venues, p.name, VenueNode{pool, {}});
  }
  ArbitrageurSpec nobody;
  nobody.gas = usd(1e15);
  add(eco.agents, "arbitrageurs", AgentSpecs{nobody});
  add(eco.oracles, "ETH", prompt_feed());
  const MarketNode node = eth_loans(1e6, 20);
  add(eco.markets, "market", node);
  ChainSpec chain;
  chain.gas = usd(1);
  add(eco.chains, "chain", chain);
  return eco;
}

struct Ran {
  explicit Ran(const Ecosystem& eco, const char* halted = nullptr) : c(eco, {}), w(c.world) {
    w.audit_rounds = true;
    Scenario s;  // ETH's feed says $890, the pools' prices stay
    s.moves.push_back({MoveKind::offset, c.world.oracle("ETH").value, -0.11, {}});
    if (halted != nullptr) {
      s.moves.push_back({MoveKind::halt, c.world.venue(halted).value, 1, {0, 0, 1e9, 1e9}});
    }
    c.world.horizon_s = 0;
    CHECK(!stop_is_failure(run(c.world, s, w).stop));
  }
  double sold(const char* venue) const {  // ETH the pool took in
    const AccountId a = c.world.venues[c.world.venue(venue).value].base_account;
    return w.ledger.balance(a) - c.world.opening.balances[a.value];
  }
  double liquidated() const { return w.outcome.markets[0].liquidated_usd; }
  Case c;
  Workspace w;
};

}  // namespace

TEST_CASE("routes: two pools of a pair serve a liquidation as one of both would") {
  const Ran whole(loans({{"pool", "ETH", "USD", 1e6, 0.003}}));
  const Ran parts(loans({{"a", "ETH", "USD", 2.5e5, 0.003}, {"b", "ETH", "USD", 7.5e5, 0.003}}));
  const Ran small(loans({{"pool", "ETH", "USD", 7.5e5, 0.003}}));
  CHECK(whole.liquidated() > 1000);
  CHECK(parts.liquidated() == Approx(whole.liquidated()).epsilon(1e-5));
  CHECK(small.liquidated() < 0.9 * whole.liquidated());
  CHECK(parts.sold("a") / parts.sold("b") == Approx(1.0 / 3).epsilon(1e-5));
}

TEST_CASE("routes: the last unit brings the same at pools of other fees and sides") {
  // One pool counts USD per ETH, the other ETH per USD.
  const Ran r(loans({{"a", "ETH", "USD", 2e6, 0.003}, {"b", "USD", "ETH", 3e6, 0.0005}}));
  const AccountId b = r.c.world.venues[r.c.world.venue("b").value].quote_account;
  const double at_b = r.w.ledger.balance(b) - r.c.world.opening.balances[b.value];
  // x_i = (sqrt(g_i k_i) t - R_i) / g_i with one t (mechanics-markets 1.6)
  const double in = r.sold("a") + at_b, ga = 0.997, gb = 0.9995;
  const double ka = 1000 * 1e6, kb = 1500 * 1.5e6;
  const double t =
      (in + 1000 / ga + 1500 / gb) / (std::sqrt(ga * ka) / ga + std::sqrt(gb * kb) / gb);
  CHECK(in > 10);
  CHECK(r.sold("a") == Approx((std::sqrt(ga * ka) * t - 1000) / ga).epsilon(1e-6));
  CHECK(at_b == Approx((std::sqrt(gb * kb) * t - 1500) / gb).epsilon(1e-6));
}

TEST_CASE("routes: a halted venue gets no part, the other all") {
  const std::vector<PoolOf> pools{{"a", "ETH", "USD", 1e6, 0.003}, {"b", "ETH", "USD", 3e6, 0.003}};
  const Ran halted(loans(pools), "a");
  const Ran alone(loans({{"b", "ETH", "USD", 3e6, 0.003}}));
  CHECK(halted.sold("a") == 0);
  CHECK(halted.liquidated() == Approx(alone.liquidated()).epsilon(1e-5));
}

TEST_CASE("routes: each hop of a longer way is split by itself") {
  const Ran whole(loans({{"eth", "ETH", "BTC", 2e6, 0.003}, {"btc", "BTC", "USD", 2e6, 0.003}}));
  const Ran parts(loans({{"eth", "ETH", "BTC", 2e6, 0.003},
                         {"btc.a", "BTC", "USD", 5e5, 0.003},
                         {"btc.b", "BTC", "USD", 1.5e6, 0.003}}));
  CHECK(whole.liquidated() > 500);
  CHECK(parts.liquidated() == Approx(whole.liquidated()).epsilon(1e-5));
}
