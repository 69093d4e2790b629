// Shares of vaults that are handed in for cash, against numbers worked out by hand: loans of ETH
// against shares S of a vault that lends USD to another market and lets some lie idle.
//   10 ETH owed at $1,000 against 12,500 S at $1, LLTV 80%: health 1. At $1,100 health is 0.909;
//   all is repaid at a bonus of 8%, which takes 10 * 1,100 * 1.08 = 11,880 S of each.
#include <catch2/catch.hpp>
#include <cmath>

#include "sim/accounting.hpp"
#include "sim/claims/curated_vaults.hpp"
#include "sim/compile/expand_contracts.hpp"
#include "sim/compile/scenario.hpp"
#include "sim/engine.hpp"
#include "tests/sim/small_world.hpp"

using namespace faultline;
using namespace faultline::test;

namespace {

constexpr double seized = 10 * 1100 * 1.08;

struct World {
  Ecosystem eco;
  CuratedVaultSpec vault;

  explicit World(double idle_usd, std::size_t count = 1) {
    eco.clock.round.value = 12;
    eco.clock.horizon.value = 120;
    add_assets(eco, {{"ETH", 1000}, {"USD", 1}});
    AssetSpec share;
    share.rate = Rate{1, "USD"};
    add(eco.assets, "S", share);
    add(eco.oracles, "ETH", prompt_feed());
    add(eco.oracles, "S", prompt_feed());
    OrderBook::Spec book;  // anything at its price, quoted anew at once
    book.pair = {"ETH", "USD"};
    book.depth = {of(1e12, "$"), 0.01};
    book.fee.value = book.half_spread.value = book.refill.value = 0;
    add(eco.venues, "book", VenueNode{book, {}});
    add(eco.markets, "shorts", shorts(count));
    LiquidatorSpec liquidators;
    liquidators.gas = of(0, "$");
    add(eco.agents, "liquidators", AgentSpecs{liquidators});
    vault.asset = {"USD"};
    vault.issues = Name{"S"};
    vault.losses = "realise";
    vault.allocates["idle"] = of(idle_usd, "USD");
  }
  static MarketNode shorts(std::size_t count) {
    MarketNode node = eth_loans(1, count);
    auto& market = std::get<IsolatedMarket::Spec>(node.spec);
    market.lends = {"ETH"};
    market.collateral = {"S"};
    market.supplied = of(1000, "ETH");
    node.rows.assets = {"S", "ETH"};
    for (std::size_t i = 0; i < count; ++i) {
      node.rows.amounts[2 * i] = 12500;
      node.rows.amounts[2 * i + 1] = 10;
    }
    return node;
  }
  Snapshot compiled() const {
    Ecosystem all = eco;
    add(all.curated, "vault", vault);
    expand_contracts(all);
    Diagnostics diagnostics;
    Snapshot world = compile(all, diagnostics, {});
    faultline::test::require_sound(diagnostics);
    return world;
  }
};

Scenario eth_to(const Snapshot& world, double usd) {
  Scenario s;
  ExogenousMove move;
  move.kind = MoveKind::price;
  move.target = world.asset("ETH").value;
  move.value = std::log(usd / 1000);
  move.when.start_s = move.when.end_s = 12;
  s.moves.push_back(move);
  return s;
}

const Outcome& ran(const Snapshot& world, Workspace& w, const Scenario& scenario) {
  w.audit_rounds = true;
  const Outcome& out = run(world, scenario, w);
  INFO(out.stop_detail);
  REQUIRE(!stop_is_failure(out.stop));
  return out;
}

}  // namespace

TEST_CASE("seized shares of a vault are handed in for its cash, and burnt") {
  World made(20000);
  const Snapshot world = made.compiled();
  REQUIRE(world.vault_exits.size() == 1);
  Workspace w(world);
  const Outcome& out = ran(world, w, eth_to(world, 1100));
  CHECK(out.markets[0].liquidations == 1);
  CHECK(out.markets[0].liquidated_usd == Approx(11000));
  CHECK(w.minted[world.asset("S").value] == Approx(-seized));
  CHECK(out.vaults[0].withdrawn_usd == Approx(seized));
  CHECK(w.ledger.balance(world.vaults[0].idle) == Approx(20000 - seized));
  CHECK(w.vaults.vaults[0].books.shares == Approx(20000 - seized));
  CHECK(share_price(world, w, 0) == Approx(1));
  // A quantum of USD is 1/32; S is quoted a few millionths off.
  CHECK(out.bearer_result_usd[static_cast<std::size_t>(Bearer::vault)] == Approx(0).margin(0.1));
}

TEST_CASE("a vault without cash stops liquidation of its shares, and some cash serves a part") {
  World empty(20000);
  MarketNode lent = eth_loans(1, 0);  // all of it lent out
  auto& market = std::get<IsolatedMarket::Spec>(lent.spec);
  market.supplied.reset();
  market.borrowed = of(20000, "USD");
  lent.rows = eth_loans(1, 1).rows;
  lent.rows.amounts = {100, 20000};
  add(empty.eco.markets, "borrowed", lent);
  empty.vault.allocates = {{"borrowed", of(20000, "USD")}};
  const Snapshot none = empty.compiled();
  Workspace w(none);
  const std::uint32_t shorts = none.market("shorts").value;
  CHECK(ran(none, w, eth_to(none, 1100)).markets[shorts].liquidations == 0);
  CHECK(w.outcome.markets[shorts].unserved_usd == Approx(11000));

  empty.vault.allocates["idle"] = of(seized / 4, "USD");
  const Snapshot some = empty.compiled();
  Workspace v(some);
  const Outcome& out = ran(some, v, eth_to(some, 1100));
  CHECK(out.markets[shorts].liquidated_usd == Approx(11000 / 4.0).epsilon(1e-3));
  CHECK(out.vaults[0].withdrawn_usd == Approx(seized / 4).epsilon(1e-3));
}

TEST_CASE("shares that must be asked for cannot be handed in") {
  World made(20000);
  made.vault.redeems = "asked";
  const Snapshot world = made.compiled();
  CHECK(world.vault_exits.empty());
  Workspace w(world);
  CHECK(ran(world, w, eth_to(world, 1100)).markets[0].liquidations == 0);
}

TEST_CASE("law 4, claim and trades: a vault and the exit of its shares") {
  World made(20000);
  const auto joined = [](const Snapshot& world, bool outward) {
    const auto vault = world.graph.find(NodeKind::vault, "vault"),
               exit = world.graph.find(NodeKind::venue, "exit.S");
    if (!vault || !exit) return false;
    const EdgeKind kind = outward ? EdgeKind::claim : EdgeKind::trades;
    for (const GraphEdge& e : world.graph.out(outward ? *vault : *exit)) {
      if (e.to == (outward ? *exit : *vault) && e.kind == kind) return true;
    }
    return false;
  };
  const Snapshot at_once = made.compiled();
  CHECK(joined(at_once, true));
  CHECK(joined(at_once, false));
  made.vault.redeems = "asked";
  CHECK_FALSE(joined(made.compiled(), true));
}

TEST_CASE("two vaults' shares draw on one market's cash once") {
  World made(20000, 1);
  AssetSpec share;
  share.rate = Rate{1, "USD"};
  add(made.eco.assets, "T", share);
  add(made.eco.oracles, "T", prompt_feed());
  MarketNode second = World::shorts(1);
  std::get<IsolatedMarket::Spec>(second.spec).collateral = {"T"};
  second.rows.assets[0] = "T";
  add(made.eco.markets, "others", second);
  MarketNode lent = eth_loans(1, 1);  // 26,000 lent, 14,400 of it out: cash of 11,600
  std::get<IsolatedMarket::Spec>(lent.spec).supplied.reset();
  add(made.eco.markets, "lent", lent);
  made.vault.allocates = {{"lent", of(13000, "USD")}};
  CuratedVaultSpec other = made.vault;
  other.issues = Name{"T"};
  add(made.eco.curated, "other", other);
  const Snapshot world = made.compiled();
  Workspace w(world);
  const Outcome& out = ran(world, w, eth_to(world, 1100));
  const double cash = 26000 - 14400;
  CHECK(out.vaults[0].withdrawn_usd + out.vaults[1].withdrawn_usd <= cash);
  CHECK(out.vaults[0].withdrawn_usd + out.vaults[1].withdrawn_usd == Approx(cash).epsilon(1e-3));
}
