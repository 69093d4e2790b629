// Law 4, one kind of edge at a time: a world of two nodes in which that edge alone carries an
// effect, and the same world with the edge cut, in which there is none. The graph has the edge
// exactly where it works.
#include <array>
#include <catch2/catch.hpp>

#include "sim/agents/depositors.hpp"
#include "sim/assessment.hpp"
#include "sim/compile/expand_contracts.hpp"
#include "sim/engine.hpp"
#include "tests/laws/outcome_numbers.hpp"
#include "tests/laws/random_ecosystem.hpp"
#include "tests/sim/small_world.hpp"

using namespace faultline;
using namespace faultline::laws;
using faultline::test::add;
using faultline::test::eth_loans;
using faultline::test::of;
using faultline::test::priced;
using faultline::test::prompt_feed;

namespace {

/// A pool of ETH and USD, and a market of one loan against ETH, in breach below $900.
Ecosystem small_world() {
  Ecosystem eco;
  eco.clock.round.value = 12;
  eco.clock.horizon.value = 240;
  add(eco.assets, "ETH", priced(1000));
  add(eco.assets, "USD", priced(1));
  ConstantProduct::Spec pool;
  pool.pair = {"ETH", "USD"};
  pool.liquidity = of(1e6, "$");
  add(eco.venues, "pool", VenueNode{pool, {}});
  add(eco.markets, "market", eth_loans(50000, 1));
  ChainSpec chain;
  chain.gas = of(1, "$");
  add(eco.chains, "chain", chain);
  return eco;
}

ArbitrageurSpec& arbitrageur(Ecosystem& eco) {
  if (eco.agents.empty()) add(eco.agents, "arbitrageurs", AgentSpecs{ArbitrageurSpec{}});
  return std::get<ArbitrageurSpec>(eco.agents.front().spec);
}
void nobody_arbitrages(Ecosystem& eco) {
  arbitrageur(eco).gas = of(1e15, "$");
}
struct Built {
  explicit Built(const Ecosystem& eco) : c(eco, {}) {}
  Case c;

  bool has(NodeKind from_kind, const char* from, NodeKind to_kind, const char* to,
           EdgeKind kind) const {
    const auto a = c.world.graph.find(from_kind, from), b = c.world.graph.find(to_kind, to);
    if (!a || !b) return false;
    for (const GraphEdge& e : c.world.graph.out(*a)) {
      if (e.to == *b && e.kind == kind) return true;
    }
    return false;
  }
  /// Whether the numbers of a node differ between the calm run and the shocked one.
  bool moves(const Scenario& s, NodeKind kind, const char* node, const Scenario& calm = {}) const {
    Workspace w(c.world);
    const std::vector<Number> before = numbers(c.world, run(c.world, calm, w));
    const std::vector<Number> after = numbers(c.world, run(c.world, s, w));
    bool differ = false;
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (before[i].kind != kind || before[i].node != node) continue;
      differ = differ || !same_bits(before[i].value, after[i].value);
    }
    return differ;
  }
  Scenario move(MoveKind kind, std::uint32_t target, double value) const {
    Scenario s;
    s.moves.push_back({kind, target, value, {}});
    return s;
  }
  Scenario fall(const char* asset, double to_usd) const {
    return move(MoveKind::level, c.world.asset(asset).value, to_usd);
  }
  /// Units from nothing are sold: the pool's price falls and no reference does.
  Scenario sale(const char* asset, double units) const {
    Scenario s;
    s.exploits.push_back({c.world.asset(asset), units, 0, ExploitThen::sell});
    return s;
  }
};

constexpr NodeKind asset_k = NodeKind::asset, venue_k = NodeKind::venue,
                   oracle_k = NodeKind::oracle, market_k = NodeKind::market,
                   vault_k = NodeKind::vault, fund_k = NodeKind::fund, agent_k = NodeKind::agent,
                   chain_k = NodeKind::chain;

}  // namespace

TEST_CASE("law 4, prices: a feed moves a market through the feed that reads it") {
  Ecosystem eco = small_world();
  nobody_arbitrages(eco);
  add(eco.oracles, "raw.ETH", prompt_feed());
  FeedSpec adapter;
  adapter.feed = Name{"raw.ETH"};
  add(eco.oracles, "ETH", adapter);
  const auto low = [](const Built& b) {
    return b.move(MoveKind::offset, b.c.world.oracle("raw.ETH").value, -0.15);
  };
  const Built reads(eco);
  CHECK(reads.has(oracle_k, "raw.ETH", oracle_k, "ETH", EdgeKind::prices));
  CHECK(reads.moves(low(reads), market_k, "market"));

  eco.oracles.at(1).spec = prompt_feed();
  const Built apart(eco);
  CHECK_FALSE(apart.has(oracle_k, "raw.ETH", oracle_k, "ETH", EdgeKind::prices));
  CHECK_FALSE(apart.moves(low(apart), market_k, "market"));
}

TEST_CASE("law 4, prices: a venue moves a market through the oracle that reads it") {
  Ecosystem eco = small_world();
  nobody_arbitrages(eco);
  eco.exploitable.insert("ETH");
  FeedSpec feed = prompt_feed();
  feed.venue = Name{"pool"};
  add(eco.oracles, "ETH", feed);
  const Built reads(eco);
  CHECK(reads.has(venue_k, "pool", oracle_k, "ETH", EdgeKind::prices));
  CHECK(reads.has(oracle_k, "ETH", market_k, "market", EdgeKind::prices));
  CHECK(reads.moves(reads.sale("ETH", 50), market_k, "market"));

  eco.oracles.at(0).spec.venue.reset();
  eco.oracles.at(0).spec.fixed = of(1000, "$");
  const Built blind(eco);
  CHECK_FALSE(blind.has(venue_k, "pool", oracle_k, "ETH", EdgeKind::prices));
  Workspace w(blind.c.world);
  const Outcome& out = run(blind.c.world, blind.sale("ETH", 50), w);
  CHECK(out.assets[blind.c.world.asset("ETH").value].price_end < 910);
  CHECK(out.oracles[blind.c.world.oracle("ETH").value].reports == 0);
  CHECK(out.markets[0].liquidations == 0);
}

TEST_CASE("law 4, collateral: an asset moves the market that takes it") {
  Ecosystem eco = small_world();
  add(eco.oracles, "ETH", prompt_feed());
  add(eco.assets, "WBTC", priced(30000));
  const Built takes(eco);
  CHECK(takes.has(asset_k, "ETH", market_k, "market", EdgeKind::collateral));
  CHECK(takes.moves(takes.fall("ETH", 700), market_k, "market"));
  CHECK_FALSE(takes.has(asset_k, "WBTC", market_k, "market", EdgeKind::collateral));
  CHECK_FALSE(takes.moves(takes.fall("WBTC", 700), market_k, "market"));
}

TEST_CASE("law 4, claim: an issuer's asset moves the claim on it") {
  Ecosystem eco = small_world();
  AssetSpec claim;
  claim.rate = Rate{1.1, "ETH"};
  add(eco.assets, "stETH", claim);
  const Built on_eth(eco);
  CHECK(on_eth.has(asset_k, "ETH", asset_k, "stETH", EdgeKind::claim));
  CHECK(on_eth.moves(on_eth.fall("ETH", 950), asset_k, "stETH"));

  eco.assets.back().spec = priced(1100);
  const Built alone(eco);
  CHECK_FALSE(alone.has(asset_k, "ETH", asset_k, "stETH", EdgeKind::claim));
  CHECK_FALSE(alone.moves(alone.fall("ETH", 950), asset_k, "stETH"));
}

TEST_CASE("law 4, trades: a market that liquidates moves the venue it sells to") {
  Ecosystem eco = small_world();
  nobody_arbitrages(eco);
  add(eco.oracles, "ETH", prompt_feed());
  const auto fall = [](const Built& b) {  // the feed says 850, the pool's price stays
    return b.move(MoveKind::offset, b.c.world.oracle("ETH").value, -0.15);
  };
  const Built sells(eco);
  CHECK(sells.has(market_k, "market", venue_k, "pool", EdgeKind::trades));
  CHECK(sells.moves(fall(sells), venue_k, "pool"));

  LiquidatorSpec elsewhere;
  elsewhere.serves = {{"other"}};
  add(eco.markets, "other", eco.markets.at(0).spec);
  eco.markets.back().spec.rows = {};
  add(eco.agents, "liquidators", AgentSpecs{elsewhere});
  const Built unserved(eco);
  CHECK_FALSE(unserved.has(market_k, "market", venue_k, "pool", EdgeKind::trades));
  CHECK_FALSE(unserved.moves(fall(unserved), venue_k, "pool"));
}

TEST_CASE("law 4, prices and trades: a dealer hedges where it looks, and nowhere else") {
  Ecosystem eco = small_world();
  nobody_arbitrages(eco);
  eco.exploitable.insert("ETH");
  ConstantProduct::Spec shallow;
  shallow.pair = {"ETH", "USD"};
  shallow.liquidity = of(1e5, "$");
  add(eco.venues, "shallow", VenueNode{shallow, {}});
  OptionDealers::Spec spec;
  spec.asset = {"ETH"};
  spec.at = Name{"pool"};
  spec.gas = of(0, "$");
  spec.profile = {{of(500, "$"), of(-0.1, "ETH"), {}}, {of(1500, "$"), of(-0.1, "ETH"), {}}};
  add(eco.agents, "dealers", AgentSpecs{spec});
  const auto twice = [](const Built& b) {  // the sale, and a book of twice the size
    Scenario s = b.sale("ETH", 50);
    SettingChange set;
    set.what = SettingChange::What::book_size;
    set.value = 2;
    s.settings.push_back(set);
    return s;
  };
  const Built here(eco);
  CHECK(here.has(venue_k, "pool", agent_k, "dealers", EdgeKind::prices));
  CHECK(here.has(agent_k, "dealers", venue_k, "pool", EdgeKind::trades));
  CHECK(here.moves(here.sale("ETH", 50), agent_k, "dealers"));
  CHECK(here.moves(twice(here), venue_k, "pool", here.sale("ETH", 50)));

  // A sale would be split over both venues: only the pool is pushed.
  const auto push = [](const Built& b) {
    Scenario s;
    s.manipulations.push_back(
        {OracleId{0}, 0.9, 0, 12, {{b.c.world.venue("pool"), b.c.world.asset("ETH"), 0.9}}});
    return s;
  };
  CHECK(here.moves(push(here), agent_k, "dealers"));
  std::get<OptionDealers::Spec>(eco.agents.back().spec).at = Name{"shallow"};
  const Built elsewhere(eco);
  CHECK_FALSE(elsewhere.has(venue_k, "pool", agent_k, "dealers", EdgeKind::prices));
  CHECK_FALSE(elsewhere.has(agent_k, "dealers", venue_k, "pool", EdgeKind::trades));
  CHECK_FALSE(elsewhere.moves(push(elsewhere), agent_k, "dealers"));
  CHECK_FALSE(elsewhere.moves(twice(elsewhere), venue_k, "pool", elsewhere.sale("ETH", 50)));
}

TEST_CASE("law 4, depth: a venue that thins hurts the market that must sell there") {
  Ecosystem eco = small_world();
  nobody_arbitrages(eco);
  add(eco.oracles, "ETH", prompt_feed());
  const auto lower = [](const Built& b, double withdrawn) {
    Scenario s = b.move(MoveKind::offset, b.c.world.oracle("ETH").value, -0.11);
    if (withdrawn > 0) {
      s.moves.push_back({MoveKind::withdraw, b.c.world.venue("pool").value, withdrawn, {}});
    }
    return s;
  };
  const Built needs(eco);
  CHECK(needs.has(venue_k, "pool", market_k, "market", EdgeKind::depth));
  CHECK(needs.moves(lower(needs, 0.999), market_k, "market", lower(needs, 0)));

  ConstantProduct::Spec second;  // an order is split over both
  second.pair = {"ETH", "USD"};
  second.liquidity = of(1e4, "$");
  add(eco.venues, "second", VenueNode{second, {}});
  const Built split(eco);
  CHECK(split.has(venue_k, "pool", market_k, "market", EdgeKind::depth));
  CHECK(split.has(venue_k, "second", market_k, "market", EdgeKind::depth));
  CHECK(split.moves(lower(split, 0.999), market_k, "market", lower(split, 0)));

  add(eco.assets, "WBTC", priced(30000));  // the way out leads elsewhere
  std::get<ConstantProduct::Spec>(eco.venues.front().spec.spec).pair = {"WBTC", "USD"};
  const Built spared(eco);
  CHECK_FALSE(spared.has(venue_k, "pool", market_k, "market", EdgeKind::depth));
  CHECK_FALSE(spared.moves(lower(spared, 0.999), market_k, "market", lower(spared, 0)));
}

// At $850 the account of 20 ETH is absorbed; the pool says how much of it is bought at the counter.
TEST_CASE("law 4, depth: a market that absorbs accounts needs the venue where its buyers sell") {
  Ecosystem eco = small_world();
  nobody_arbitrages(eco);
  MarketNode& node = eco.markets.at(0).spec;
  AbsorbingMarket::Spec absorbing;
  absorbing.lends = {"USD"};
  absorbing.collateral["ETH"].liquidate_cf.value = 0.8;
  absorbing.collateral["ETH"].borrow_cf.value = 0.75;
  absorbing.rate.kind = "none";
  absorbing.supplied = of(50000, "USD");
  absorbing.target_reserves = of(1e5, "USD");
  node.spec = absorbing;
  const auto fall = [](const Built& b, bool thin) {
    Scenario s = b.fall("ETH", 850);
    if (thin) s.moves.push_back({MoveKind::withdraw, b.c.world.venue("pool").value, 0.999, {}});
    return s;
  };
  const Built sells(eco);
  CHECK(sells.has(venue_k, "pool", market_k, "market", EdgeKind::depth));
  CHECK(sells.has(market_k, "market", venue_k, "pool", EdgeKind::trades));
  CHECK(sells.moves(fall(sells, true), market_k, "market", fall(sells, false)));
  // Where nobody serves it, nobody calls: what the pool holds changes nothing for it but prices.
  LiquidatorSpec elsewhere;
  add(eco.markets, "other", eth_loans(50000, 1));
  elsewhere.serves = {{"other"}};
  add(eco.agents, "liquidators", AgentSpecs{elsewhere});
  CHECK_FALSE(Built(eco).has(venue_k, "pool", market_k, "market", EdgeKind::depth));
}

TEST_CASE("law 4, depth: makers who quote two books take the one's trouble to the other") {
  Ecosystem eco = small_world();
  nobody_arbitrages(eco);
  eco.venues.clear();
  add(eco.assets, "BTC", priced(50000));
  for (const char* base : {"ETH", "BTC"}) {
    OrderBook::Spec book;
    book.pair = {base, "USD"};
    book.depth = {of(2e4, "$"), 0.01};
    add(eco.venues, std::string("book.") + base, VenueNode{book, {}});
  }
  add(eco.oracles, "ETH", prompt_feed());
  MakerSpec makers;
  makers.quotes = {{"book.ETH"}, {"book.BTC"}};
  makers.retreat.emplace().leave.value = 0;
  add(eco.agents, "makers", AgentSpecs{makers});
  // BTC falls; later ETH's feed does, and the market sells ETH into what is left of its book.
  const auto falls = [](const Built& b, bool btc) {
    Scenario s;
    s.moves.push_back({MoveKind::offset, b.c.world.oracle("ETH").value, -0.13, {120, 120}});
    if (btc) s.moves.push_back({MoveKind::price, b.c.world.asset("BTC").value, -0.5, {12, 12}});
    return s;
  };
  const Built shared(eco);
  CHECK(shared.has(venue_k, "book.BTC", agent_k, "makers", EdgeKind::prices));
  CHECK(shared.has(agent_k, "makers", venue_k, "book.ETH", EdgeKind::depth));
  CHECK(shared.moves(falls(shared, true), market_k, "market", falls(shared, false)));

  std::get<MakerSpec>(eco.agents.back().spec).quotes = {{"book.ETH"}};
  const Built apart(eco);
  CHECK_FALSE(apart.has(venue_k, "book.BTC", agent_k, "makers", EdgeKind::prices));
  CHECK_FALSE(apart.moves(falls(apart, true), market_k, "market", falls(apart, false)));
}

TEST_CASE("law 4, capital: one purse joins the markets it serves") {
  Ecosystem eco = small_world();
  nobody_arbitrages(eco);
  add(eco.assets, "WBTC", priced(1000));
  ConstantProduct::Spec pool;
  pool.pair = {"WBTC", "USD"};
  pool.liquidity = of(1e6, "$");
  add(eco.venues, "wbtc", VenueNode{pool, {}});
  MarketNode other = eco.markets.at(0).spec;
  std::get<IsolatedMarket::Spec>(other.spec).collateral = {"WBTC"};
  other.rows.assets = {"WBTC", "USD"};
  add(eco.markets, "other", other);
  add(eco.oracles, "ETH", prompt_feed());
  add(eco.oracles, "WBTC", prompt_feed());
  LiquidatorSpec one;
  one.capital = of(2000, "$");
  add(eco.agents, "liquidators", AgentSpecs{one});
  // Both feeds fall, or only ETH's does: what `market` gets done depends on what `other` needs.
  const auto feeds = [](const Built& b, bool both) {
    Scenario s = b.move(MoveKind::offset, b.c.world.oracle("ETH").value, -0.11);
    if (both) s.moves.push_back({MoveKind::offset, b.c.world.oracle("WBTC").value, -0.11, {}});
    return s;
  };
  const Built shared(eco);
  CHECK(shared.has(market_k, "other", agent_k, "liquidators", EdgeKind::capital));
  CHECK(shared.has(agent_k, "liquidators", market_k, "market", EdgeKind::capital));
  CHECK(shared.moves(feeds(shared, true), market_k, "market", feeds(shared, false)));

  std::get<LiquidatorSpec>(eco.agents.back().spec).capital.reset();  // flash-funded
  const Built funded(eco);
  CHECK_FALSE(funded.has(market_k, "other", agent_k, "liquidators", EdgeKind::capital));
  CHECK_FALSE(funded.moves(feeds(funded, true), market_k, "market", feeds(funded, false)));

  one.serves = {{"market"}};
  eco.agents.back().spec = one;
  LiquidatorSpec second = one;
  second.serves = {{"other"}};
  add(eco.agents, "others", AgentSpecs{second});
  const Built apart(eco);
  CHECK_FALSE(apart.has(agent_k, "others", market_k, "market", EdgeKind::capital));
  CHECK_FALSE(apart.moves(feeds(apart, true), market_k, "market", feeds(apart, false)));
}

// No sale of A pays, so its debt is taken over: what is paid in stays tied, and is missing where
// the same purse liquidates.
TEST_CASE("law 4, capital: what is held of a cluster is missing in the markets of the same purse") {
  Ecosystem eco = small_world();
  nobody_arbitrages(eco);
  add(eco.assets, "A", priced(100));
  ConstantProduct::Spec pool;
  pool.pair = {"A", "USD"};
  pool.liquidity = of(1e9, "$");
  pool.fee.value = 0.5;
  add(eco.venues, "a", VenueNode{pool, {}});
  Cluster::Spec ring;
  for (const char* asset : {"A", "USD"}) {
    ring.vaults[asset].supplied = of(10000, asset);
    ring.vaults[asset].rate.kind = "none";
  }
  ring.vaults["USD"].collateral["A"].lt.value = 0.85;
  MarketNode node;
  node.spec = ring;
  node.rows.assets = {"A", "USD"};
  node.rows.first_leg = {0, 2};
  node.rows.legs = {{0, 0, 0}, {1, 1, 0}};
  node.rows.amounts = {100, 8000};
  add(eco.markets, "ring", node);
  for (const char* asset : {"ETH", "A"}) add(eco.oracles, asset, prompt_feed());
  LiquidatorSpec one;
  one.capital = of(1500, "$");
  add(eco.agents, "liquidators", AgentSpecs{one});
  const auto falls = [](const Built& b, bool both) {
    Scenario s;
    s.moves.push_back({MoveKind::offset, b.c.world.oracle("ETH").value, -0.11, {24, 24}});
    if (both) s.moves.push_back({MoveKind::level, b.c.world.asset("A").value, 90, {}});
    return s;
  };
  const Built shared(eco);
  CHECK(shared.has(market_k, "ring", agent_k, "liquidators", EdgeKind::capital));
  CHECK(shared.has(agent_k, "liquidators", market_k, "market", EdgeKind::capital));
  CHECK(shared.has(asset_k, "A", market_k, "ring", EdgeKind::collateral));
  CHECK(shared.moves(falls(shared, true), market_k, "market", falls(shared, false)));

  one.serves = {{"market"}};
  eco.agents.back().spec = one;
  LiquidatorSpec second = one;
  second.serves = {{"ring"}};
  add(eco.agents, "others", AgentSpecs{second});
  const Built apart(eco);
  CHECK_FALSE(apart.has(agent_k, "others", market_k, "market", EdgeKind::capital));
  CHECK_FALSE(apart.moves(falls(apart, true), market_k, "market", falls(apart, false)));
}

TEST_CASE("law 4, hosts: a chain's gas decides what is worth doing on it") {
  Ecosystem eco = small_world();
  nobody_arbitrages(eco);
  add(eco.oracles, "ETH", prompt_feed());
  const auto liquidated = [](Ecosystem world, double gas_usd) {
    world.chains.at(0).spec.gas = of(gas_usd, "$");
    const Built b(world);
    Workspace w(b.c.world);
    const Scenario s = b.move(MoveKind::offset, b.c.world.oracle("ETH").value, -0.11);
    return run(b.c.world, s, w).markets[0].liquidated_usd;
  };
  CHECK(Built(eco).has(chain_k, "chain", market_k, "market", EdgeKind::hosts));
  CHECK(liquidated(eco, 1) > 0);
  CHECK(liquidated(eco, 1e6) == 0);

  LiquidatorSpec own;  // pays its own way, whatever the chain takes
  own.gas = of(1, "$");
  add(eco.agents, "liquidators", AgentSpecs{own});
  CHECK_FALSE(Built(eco).has(chain_k, "chain", market_k, "market", EdgeKind::hosts));
  CHECK(liquidated(eco, 1) > 0);
  CHECK(liquidated(eco, 1e6) == liquidated(eco, 1));
}

// Longs at 20 times their equity, closed at a mark below their bankruptcy price.
TEST_CASE("law 4, insures: a fund pays what a venue's accounts cannot") {
  Ecosystem eco = small_world();
  nobody_arbitrages(eco);
  PerpMarket::Spec perps;
  perps.collateral["USD"];
  PerpContractSpec& contract = perps.contracts["ETH"];
  contract.open_interest = of(1e5, "$");
  contract.depth = {of(1e4, "$"), 0.01};
  contract.tiers[0].max_leverage.value = 40;
  perps.losses = {"margin", "fund"};
  MarketNode node;
  for (const bool is_long : {true, false}) {
    TraderGroup g;
    g.name = is_long ? "longs" : "shorts";
    g.count = 10;
    g.is_long = is_long;
    g.leverage_median = is_long ? 20 : 1;
    g.leverage_high = is_long ? 25 : 1.5;
    node.traders.push_back(g);
  }
  node.spec = perps;
  add(eco.markets, "perps", node);
  FundSpec fund;
  fund.holds = of(1e5, "$");
  add(eco.funds, "fund", fund);
  const auto hole = [](Ecosystem world) {
    expand_contracts(world);
    const Built b(world);
    Workspace w(b.c.world);
    return run(b.c.world, b.fall("ETH", 850), w).markets[1].bad_debt_end_usd;
  };
  Ecosystem expanded = eco;
  expand_contracts(expanded);
  CHECK(Built(expanded).has(fund_k, "fund", market_k, "perps", EdgeKind::insures));
  const double insured = hole(eco);
  std::get<PerpMarket::Spec>(eco.markets.back().spec.spec).losses = {"margin"};
  expanded = eco;
  expand_contracts(expanded);
  CHECK_FALSE(Built(expanded).has(fund_k, "fund", market_k, "perps", EdgeKind::insures));
  CHECK(hole(eco) > 1000);
  CHECK(insured < 0.1 * hole(eco));  // what the last round's trades opened again
}

TEST_CASE("law 4, funds and claim: a vault and the market it lends to") {
  Ecosystem eco = small_world();
  eco.venues.clear();
  add(eco.oracles, "ETH", prompt_feed());
  std::get<IsolatedMarket::Spec>(eco.markets.front().spec.spec).supplied.reset();
  CuratedVaultSpec vault;
  vault.asset = {"USD"};
  vault.allocates["market"] = of(50000, "USD");
  add(eco.curated, "vault", vault);
  const auto leave = [](const Built& b) {
    return b.move(MoveKind::deposits, places_named(b.c.world, "vault").at(0), 0.5);
  };
  const Built lends(eco);
  CHECK(lends.has(vault_k, "vault", market_k, "market", EdgeKind::funds));
  CHECK(lends.has(market_k, "market", vault_k, "vault", EdgeKind::claim));
  CHECK(lends.moves(leave(lends), market_k, "market"));
  CHECK(lends.moves(lends.fall("ETH", 500), vault_k, "vault"));

  eco.curated.front().spec.allocates = {{"idle", of(50000, "USD")}};
  const Built apart(eco);
  CHECK_FALSE(apart.has(vault_k, "vault", market_k, "market", EdgeKind::funds));
  CHECK_FALSE(apart.has(market_k, "market", vault_k, "vault", EdgeKind::claim));
  CHECK_FALSE(apart.moves(leave(apart), market_k, "market"));
  CHECK_FALSE(apart.moves(apart.fall("ETH", 500), vault_k, "vault"));
}

TEST_CASE("law 4, claim and funds: a vault's share, and a vault that holds another's") {
  Ecosystem eco = small_world();
  eco.venues.clear();
  add(eco.oracles, "ETH", prompt_feed());
  auto& market = std::get<IsolatedMarket::Spec>(eco.markets.front().spec.spec);
  market.supplied.reset();
  market.losses.recognise = "at_once";
  market.losses.bearers = {"haircut"};
  AssetSpec share;
  share.rate = Rate{1, "USD"};
  add(eco.assets, "VS", share);
  CuratedVaultSpec inner, outer;
  inner.asset = outer.asset = {"USD"};
  inner.losses = outer.losses = "realise";
  inner.allocates["market"] = of(50000, "USD");
  inner.issues = Name{"VS"};
  outer.allocates = {{"inner", of(10000, "USD")}, {"idle", of(10000, "USD")}};
  add(eco.curated, "inner", inner);
  add(eco.curated, "outer", outer);
  const Built holds(eco);
  CHECK(holds.has(vault_k, "inner", asset_k, "VS", EdgeKind::claim));
  CHECK(holds.has(vault_k, "inner", vault_k, "outer", EdgeKind::claim));
  CHECK(holds.has(vault_k, "outer", vault_k, "inner", EdgeKind::funds));
  CHECK(holds.moves(holds.fall("ETH", 500), asset_k, "VS"));
  CHECK(holds.moves(holds.fall("ETH", 500), vault_k, "outer"));
  CHECK(holds.moves(holds.move(MoveKind::deposits, places_named(holds.c.world, "outer").at(0), 1),
                    vault_k, "inner"));

  eco.curated.back().spec.allocates = {{"idle", of(20000, "USD")}};
  eco.curated.front().spec.issues.reset();
  const Built apart(eco);
  CHECK_FALSE(apart.has(vault_k, "inner", asset_k, "VS", EdgeKind::claim));
  CHECK_FALSE(apart.has(vault_k, "inner", vault_k, "outer", EdgeKind::claim));
  CHECK_FALSE(apart.has(vault_k, "outer", vault_k, "inner", EdgeKind::funds));
  CHECK_FALSE(apart.moves(apart.fall("ETH", 500), asset_k, "VS"));
  CHECK_FALSE(apart.moves(apart.fall("ETH", 500), vault_k, "outer"));
  CHECK_FALSE(
      apart.moves(apart.move(MoveKind::deposits, places_named(apart.c.world, "outer").at(0), 1),
                  vault_k, "inner"));
}

// A vault of 10 ETH that owes 9,000: when the feed says 800 its lot brings less than it owed.
TEST_CASE("law 4, claim: what a system's auctions lose, its token pays") {
  Ecosystem eco = small_world();
  nobody_arbitrages(eco);
  add(eco.assets, "MKR", priced(100));
  eco.assets.back().spec.supply = of(1000, "MKR");
  add(eco.oracles, "ETH", prompt_feed());
  CdpMarket::Spec vaults;
  vaults.lends = {"USD"};
  vaults.collateral = {"ETH"};
  vaults.mat.value = 1.05;
  vaults.auction.buf.value = 1;
  DebtAuctionSpec flop;
  flop.token = {"MKR"};
  flop.lot = of(100, "USD");
  flop.offers = of(10, "MKR");
  flop.wait.value = flop.ttl.value = 12;
  vaults.debt_auction = flop;
  MarketNode node = eco.markets.at(0).spec;
  node.rows.amounts = {10, 9000};
  node.spec = vaults;
  eco.markets.at(0).spec = node;
  const Built mints(eco);
  CHECK(mints.has(market_k, "market", asset_k, "MKR", EdgeKind::claim));
  CHECK(mints.moves(mints.fall("ETH", 800), asset_k, "MKR"));

  std::get<CdpMarket::Spec>(eco.markets.at(0).spec.spec).debt_auction.reset();
  SurplusAuctionSpec flap;
  flap.token = {"MKR"};
  flap.lot = of(100, "USD");
  flap.buffer = of(0, "USD");
  flap.ttl.value = 12;
  std::get<CdpMarket::Spec>(eco.markets.at(0).spec.spec).surplus_auction = flap;
  const Built burns(eco);
  CHECK(burns.has(market_k, "market", asset_k, "MKR", EdgeKind::claim));
  CHECK(burns.moves(burns.fall("ETH", 940), asset_k, "MKR"));

  std::get<CdpMarket::Spec>(eco.markets.at(0).spec.spec).surplus_auction.reset();
  const Built bears(eco);
  CHECK_FALSE(bears.has(market_k, "market", asset_k, "MKR", EdgeKind::claim));
  CHECK_FALSE(bears.moves(bears.fall("ETH", 800), asset_k, "MKR"));
}

// The first market's loan is short of 4.8% of deposits at $600, the second's is sound: what the
// second's lenders do rests on whether they lend in the first too.
TEST_CASE("law 4, watches and funds: lenders carry trouble from one of their markets to another") {
  Ecosystem eco = small_world();
  nobody_arbitrages(eco);
  eco.venues.clear();
  FeedSpec fixed;
  fixed.fixed = of(1000, "$");
  add(eco.oracles, "ETH", fixed);
  MarketNode second = eth_loans(50000, 1);
  second.rows.amounts[0] = 40;
  add(eco.markets, "second", second);
  DepositorsSpec spec;
  spec.sees.depeg.reset();
  spec.fear.value = 1;
  spec.within.value = 60;
  add(eco.agents, "lenders", AgentSpecs{spec});
  const Built both(eco);
  CHECK(both.has(market_k, "market", agent_k, "lenders", EdgeKind::watches));
  CHECK(both.has(market_k, "market", agent_k, "lenders", EdgeKind::claim));
  CHECK(both.has(agent_k, "lenders", market_k, "second", EdgeKind::funds));
  CHECK(both.moves(both.fall("ETH", 600), market_k, "second"));

  spec.in = {{"second"}};
  eco.agents.back().spec = spec;
  const Built apart(eco);
  CHECK_FALSE(apart.has(market_k, "market", agent_k, "lenders", EdgeKind::watches));
  CHECK_FALSE(apart.moves(apart.fall("ETH", 600), market_k, "second"));

  spec.in = {{"market"}};  // they leave the first, and lend again in the second
  eco.agents.back().spec = spec;
  const Built first(eco);
  CHECK_FALSE(first.has(agent_k, "lenders", market_k, "second", EdgeKind::funds));
  CHECK_FALSE(first.moves(first.fall("ETH", 600), market_k, "second"));
  spec.havens["second"] = {1};
  eco.agents.back().spec = spec;
  const Built haven(eco);
  CHECK(haven.has(agent_k, "lenders", market_k, "second", EdgeKind::funds));
  const auto lent = [](const Built& b) {  // in the second market at the end
    Workspace w(b.c.world);
    run(b.c.world, b.fall("ETH", 600), w);
    double claims = 0;
    for (std::uint32_t r = 0; r < b.c.world.reserves.size(); ++r) {
      const Reserve& reserve = b.c.world.reserves[r];
      const bool there = reserve.lent && reserve.market == b.c.world.market("second");
      if (there) claims += w.reserves[r].lender_scaled;
    }
    return claims;
  };
  CHECK(lent(first) == 50000);
  CHECK(lent(haven) > 55000);
}

TEST_CASE("law 4, watches: lenders see an asset below what its code pays") {
  Ecosystem eco = small_world();
  nobody_arbitrages(eco);
  eco.venues.clear();
  AssetSpec claim;
  claim.rate = Rate{1, "ETH"};
  add(eco.assets, "stETH", claim);
  auto& market = std::get<IsolatedMarket::Spec>(eco.markets.at(0).spec.spec);
  eco.markets.at(0).spec.rows.assets[0] = "stETH";
  market.collateral = {"stETH"};
  market.lt.value = market.ltv.value = 0.75;
  DepositorsSpec spec;
  spec.within.value = 60;
  add(eco.agents, "lenders", AgentSpecs{spec});
  const auto discounted = [](const Built& b) {
    return b.move(MoveKind::discount, b.c.world.asset("stETH").value, 0.05);
  };
  const Built watched(eco);
  CHECK(watched.has(asset_k, "stETH", agent_k, "lenders", EdgeKind::watches));
  CHECK(watched.moves(discounted(watched), market_k, "market"));
  eco.agents.pop_back();
  const Built alone(eco);
  CHECK_FALSE(alone.has(asset_k, "stETH", agent_k, "lenders", EdgeKind::watches));
  CHECK_FALSE(alone.moves(discounted(alone), market_k, "market"));
}

// Whether the pool trades decides whether its loans turn into coins as ETH falls through their
// bands, or wait for a liquidator.
TEST_CASE("law 4, claim: a market of loans on bands has what its pool has") {
  Ecosystem eco = small_world();
  MarketNode loans;
  BandMarket::Spec bands;
  bands.lends = {"USD"};
  bands.collateral = {"ETH"};
  bands.oracle_half_life.value = 0;
  bands.rate.kind = "none";
  loans.spec = bands;
  loans.rows = eco.markets.at(0).spec.rows;
  add(eco.markets, "loans", loans);
  const auto halted = [](const Built& b, const char* pool, bool halt) {
    Scenario s = b.fall("ETH", 700);
    s.moves[0].when = {0, 200};
    if (halt) s.moves.push_back({MoveKind::halt, b.c.world.venue(pool).value, 1, {0, 0}});
    return s;
  };
  Ecosystem expanded = eco;
  expand_contracts(expanded);
  const Built rests(expanded);
  CHECK(rests.has(venue_k, "loans.bands", market_k, "loans", EdgeKind::claim));
  CHECK(rests.moves(halted(rests, "loans.bands", true), market_k, "loans",
                    halted(rests, "loans.bands", false)));

  MarketNode plain = eth_loans(50000, 1);  // its collateral in its own account
  eco.markets.back().spec = plain;
  BandPool::Spec pool;
  pool.pair = {"ETH", "USD"};
  pool.deposits["all"] = {of(20, "ETH"), 10, Ratio{0.01}};
  add(eco.venues, "loans.bands", VenueNode{pool, {}});
  const Built apart(eco);
  CHECK_FALSE(apart.has(venue_k, "loans.bands", market_k, "loans", EdgeKind::claim));
}

TEST_CASE("law 4, watches and funds: depositors of vaults hear of another of the same curator") {
  Ecosystem eco = small_world();
  nobody_arbitrages(eco);
  eco.venues.clear();
  FeedSpec fixed;
  fixed.fixed = of(1000, "$");
  add(eco.oracles, "ETH", fixed);
  CuratedVaultSpec first, second;
  first.asset = second.asset = {"USD"};
  first.curator = second.curator = "house";
  first.allocates["market"] = of(20000, "USD");
  second.allocates["idle"] = of(20000, "USD");
  add(eco.curated, "first", first);
  add(eco.curated, "second", second);
  DepositorsSpec spec;
  spec.within.value = 60;
  spec.same_curator.value = 1;
  add(eco.agents, "crowd", AgentSpecs{spec});
  const Built both(eco);
  CHECK(both.has(vault_k, "first", agent_k, "crowd", EdgeKind::watches));
  CHECK(both.has(vault_k, "first", agent_k, "crowd", EdgeKind::claim));
  CHECK(both.has(agent_k, "crowd", vault_k, "second", EdgeKind::funds));
  CHECK(both.has(asset_k, "ETH", agent_k, "crowd", EdgeKind::watches));
  CHECK(both.moves(both.fall("ETH", 600), vault_k, "second"));

  spec.in = {{"second"}};
  eco.agents.back().spec = spec;
  const Built apart(eco);
  CHECK_FALSE(apart.has(vault_k, "first", agent_k, "crowd", EdgeKind::watches));
  CHECK_FALSE(apart.moves(apart.fall("ETH", 600), vault_k, "second"));

  spec.in = {{"first"}};  // they leave the first for the second
  spec.havens["second"] = {1};
  eco.agents.back().spec = spec;
  const Built haven(eco);
  CHECK(haven.has(agent_k, "crowd", vault_k, "second", EdgeKind::funds));
  Workspace w(haven.c.world);
  run(haven.c.world, haven.fall("ETH", 600), w);
  CHECK(w.vaults.vaults[1].in_units > 5000);
}

TEST_CASE("law 4, watches and funds: borrowers who go by the rate pay lenders who wait") {
  Ecosystem eco = small_world();
  nobody_arbitrages(eco);
  auto& market = std::get<IsolatedMarket::Spec>(eco.markets.at(0).spec.spec);
  market.rate.kind = "kink";
  market.supplied = of(20000, "USD");
  RepayersSpec spec;
  spec.bears.value = 0.01;
  spec.within.value = 10;
  add(eco.agents, "borrowers", AgentSpecs{spec});
  const auto ask = [](const Built& b) {
    return b.move(MoveKind::deposits, places_named(b.c.world, "market").at(0), 1);
  };
  const auto paid = [&](const Built& b) {
    Workspace w(b.c.world);
    return run(b.c.world, ask(b), w).markets[0].withdrawn_usd;
  };
  const Built hurt(eco);
  CHECK(hurt.has(market_k, "market", agent_k, "borrowers", EdgeKind::watches));
  CHECK(hurt.has(agent_k, "borrowers", market_k, "market", EdgeKind::funds));
  CHECK(paid(hurt) > 19000);
  eco.agents.pop_back();
  const Built patient(eco);
  CHECK_FALSE(patient.has(market_k, "market", agent_k, "borrowers", EdgeKind::watches));
  CHECK(paid(patient) < 6000);
}

namespace {

/// A coin at a pool of its own, minted against a token at another.
Ecosystem coin_world() {
  Ecosystem eco = small_world();
  eco.markets.clear();
  for (const char* name : {"COIN", "TOKEN"}) {
    AssetSpec asset = priced(1);
    asset.supply = of(1e7, name);
    asset.max_supply = of(1e12, name);
    add(eco.assets, name, asset);
    ConstantProduct::Spec pool;
    pool.pair = {name, "USD"};
    pool.liquidity = of(1e6, "$");
    add(eco.venues, std::string("pool.") + name, VenueNode{pool, {}});
    FeedSpec feed = prompt_feed();
    feed.venue = Name{std::string("pool.") + name};
    add(eco.oracles, name, feed);
  }
  AlgorithmicCoinSpec mint;
  mint.coin = {"COIN"};
  mint.token = {"TOKEN"};
  mint.base_pool = of(1e8, "$");
  add(eco.coins, "mint", mint);
  CoinHolders::Spec savers;
  savers.asset = {"COIN"};
  savers.position = of(1e6, "COIN");
  add(eco.agents, "savers", AgentSpecs{savers});
  return eco;
}

}  // namespace

TEST_CASE("law 4, claim, prices and trades: an issuer carries a coin's sale to its token") {
  Ecosystem eco = coin_world();
  const auto leave = [](const Built& b) { return b.move(MoveKind::sale, 0, 0.5); };
  const Built mints(eco);
  CHECK(mints.has(agent_k, "savers", venue_k, "pool.COIN", EdgeKind::trades));
  CHECK(mints.has(oracle_k, "TOKEN", vault_k, "mint", EdgeKind::prices));
  CHECK(mints.has(vault_k, "mint", asset_k, "TOKEN", EdgeKind::claim));
  CHECK(mints.has(vault_k, "mint", asset_k, "COIN", EdgeKind::claim));
  CHECK(mints.has(agent_k, "arbitrageurs", vault_k, "mint", EdgeKind::trades));
  CHECK(mints.has(agent_k, "arbitrageurs", venue_k, "pool.TOKEN", EdgeKind::trades));
  CHECK(mints.moves(leave(mints), asset_k, "COIN"));
  CHECK(mints.moves(leave(mints), vault_k, "mint"));
  CHECK(mints.moves(leave(mints), asset_k, "TOKEN"));

  eco.coins.clear();  // the two pools stand apart
  const Built apart(eco);
  CHECK_FALSE(apart.has(agent_k, "arbitrageurs", vault_k, "mint", EdgeKind::trades));
  CHECK(apart.moves(leave(apart), asset_k, "COIN"));
  CHECK_FALSE(apart.moves(leave(apart), asset_k, "TOKEN"));
}

TEST_CASE("law 4, prices and collateral: buyers carry a venue's price to a market that is blind") {
  Ecosystem eco = small_world();
  nobody_arbitrages(eco);
  FeedSpec feed = prompt_feed();
  feed.fixed = of(1000, "$");
  add(eco.oracles, "ETH", feed);
  eco.exploitable.insert("ETH");
  CheapBuyersSpec buyers;
  buyers.buys = {{"ETH"}};
  buyers.latency.value = 0;
  add(eco.agents, "buyers", AgentSpecs{buyers});
  // Sold to $250, and posted at a thousand.
  const Built buys(eco);
  CHECK(buys.has(venue_k, "pool", agent_k, "buyers", EdgeKind::prices));
  CHECK(buys.has(oracle_k, "ETH", agent_k, "buyers", EdgeKind::prices));
  CHECK(buys.has(agent_k, "buyers", market_k, "market", EdgeKind::collateral));
  CHECK(buys.has(agent_k, "buyers", venue_k, "pool", EdgeKind::trades));
  CHECK(buys.moves(buys.sale("ETH", 500), agent_k, "buyers"));
  Workspace w(buys.c.world);
  CHECK(run(buys.c.world, buys.sale("ETH", 500), w).markets[0].drained_usd > 1000);

  eco.oracles.front().spec.fixed.reset();  // it sees what they see
  eco.oracles.front().spec.venue = Name{"pool"};
  const Built sees(eco);
  Workspace v(sees.c.world);
  CHECK(run(sees.c.world, sees.sale("ETH", 500), v).markets[0].drained_usd == 0);
}

TEST_CASE(
    "law 4, bridges, claim and prices: what a desk holds reaches its claim and who lends on it") {
  Ecosystem eco = small_world();
  nobody_arbitrages(eco);
  AssetSpec far;
  far.rate = Rate{1, "ETH"};
  far.supply = of(1000, "ETH.far");
  add(eco.assets, "ETH.far", far);
  ConstantProduct::Spec pool;
  pool.pair = {"ETH.far", "USD"};
  pool.liquidity = of(1e5, "$");
  add(eco.venues, "far", VenueNode{pool, {}});
  auto& market = std::get<IsolatedMarket::Spec>(eco.markets.at(0).spec.spec);
  market.collateral = {"ETH.far"};
  eco.markets.at(0).spec.rows.assets.at(0) = "ETH.far";
  BridgeSpec bridge;
  bridge.issues = {"ETH.far"};
  add(eco.bridges, "bridge", bridge);
  const auto emptied = [](const Built& b) {
    Scenario s;
    s.exploits.push_back({b.c.world.asset("ETH"), 0, 0, ExploitThen::hold, 0, 1});
    return s;
  };
  const Built drained(eco);
  CHECK(drained.has(asset_k, "ETH", vault_k, "bridge", EdgeKind::prices));
  CHECK(drained.has(vault_k, "bridge", asset_k, "ETH.far", EdgeKind::bridges));
  CHECK(drained.has(asset_k, "ETH.far", vault_k, "bridge", EdgeKind::prices));
  CHECK(drained.has(asset_k, "ETH.far", market_k, "market", EdgeKind::collateral));
  CHECK(drained.moves(emptied(drained), market_k, "market"));

  auto& home = std::get<IsolatedMarket::Spec>(eco.markets.at(0).spec.spec);
  home.collateral = {"ETH"};  // a market at home does not feel it
  eco.markets.at(0).spec.rows.assets.at(0) = "ETH";
  const Built at_home(eco);
  CHECK_FALSE(at_home.has(asset_k, "ETH.far", market_k, "market", EdgeKind::collateral));
  CHECK_FALSE(at_home.moves(emptied(at_home), market_k, "market"));
}

TEST_CASE(
    "law 4, prices and trades: who hands a claim in carries its sale to where its asset is sold") {
  Ecosystem eco = small_world();
  eco.markets.clear();
  eco.exploitable.insert("ETH.far");
  AssetSpec far;
  far.rate = Rate{1, "ETH"};
  far.supply = of(1000, "ETH.far");
  add(eco.assets, "ETH.far", far);
  ConstantProduct::Spec pool;
  pool.pair = {"ETH.far", "USD"};
  pool.liquidity = of(1e5, "$");
  add(eco.venues, "far", VenueNode{pool, {}});
  BridgeSpec bridge;
  bridge.issues = {"ETH.far"};
  bridge.delay.value = 0;
  add(eco.bridges, "bridge", bridge);
  const Built joined(eco);
  CHECK(joined.has(venue_k, "far", agent_k, "arbitrageurs", EdgeKind::prices));
  CHECK(joined.has(agent_k, "arbitrageurs", vault_k, "bridge", EdgeKind::trades));
  CHECK(joined.has(vault_k, "bridge", agent_k, "arbitrageurs", EdgeKind::prices));
  CHECK(joined.has(agent_k, "arbitrageurs", venue_k, "outside.ETH", EdgeKind::trades));
  CHECK(joined.moves(joined.sale("ETH.far", 20), vault_k, "bridge"));
  CHECK(joined.moves(joined.sale("ETH.far", 20), venue_k, "outside.ETH"));

  eco.bridges.clear();
  const Built apart(eco);
  CHECK_FALSE(apart.moves(apart.sale("ETH.far", 20), venue_k, "outside.ETH"));
}

TEST_CASE(
    "law 4, claim, collateral and trades: a pool reaches who lends on its shares, who leaves it") {
  Ecosystem eco = small_world();
  nobody_arbitrages(eco);
  PoolShareSpec share;
  share.of = {"pool"};
  share.supply = of(2000, "LP");  // a share holds as much as one ETH
  add(eco.shares, "LP", share);
  add(eco.oracles, "ETH", prompt_feed());
  auto& market = std::get<IsolatedMarket::Spec>(eco.markets.at(0).spec.spec);
  market.collateral = {"LP"};
  eco.markets.at(0).spec.rows.assets.at(0) = "LP";
  for (double& x : eco.markets.at(0).spec.rows.amounts) x = x == 20 ? 40 : x;  // $500 each
  Ecosystem expanded = eco;
  expand_contracts(expanded);
  const Built joined(expanded);
  CHECK(joined.has(venue_k, "pool", asset_k, "LP", EdgeKind::claim));
  CHECK(joined.has(asset_k, "ETH", asset_k, "LP", EdgeKind::claim));
  CHECK(joined.has(asset_k, "USD", asset_k, "LP", EdgeKind::claim));
  CHECK(joined.has(venue_k, "pool", oracle_k, "LP", EdgeKind::prices));
  CHECK(joined.has(asset_k, "LP", market_k, "market", EdgeKind::collateral));
  CHECK(joined.has(market_k, "market", venue_k, "pool", EdgeKind::trades));
  CHECK(joined.has(venue_k, "pool", market_k, "market", EdgeKind::depth));
  CHECK(joined.moves(joined.fall("ETH", 640), market_k, "market"));  // a share: $400
  CHECK(joined.moves(joined.fall("ETH", 640), venue_k, "pool"));     // left by the liquidator

  eco.shares.clear();
  eco.markets.at(0) = small_world().markets.at(0);
  auto& plain = std::get<IsolatedMarket::Spec>(eco.markets.at(0).spec.spec);
  plain.collateral = {"USD"};  // neither claim nor sale leads there
  eco.markets.at(0).spec.rows.assets = {"USD", "ETH"};
  plain.lends = {"ETH"};
  plain.supplied = of(100, "ETH");
  eco.markets.at(0).spec.rows.amounts = {20000, 2};
  const Built apart(eco);
  CHECK_FALSE(apart.has(venue_k, "pool", asset_k, "USD", EdgeKind::claim));
  CHECK_FALSE(apart.moves(apart.fall("ETH", 640), venue_k, "pool"));
}

TEST_CASE("law 4: every kind of edge a world has today has its case above") {
  std::array<bool, edge_kind_count> seen{};
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const Case c({.seed = seed});
    for (const GraphEdge& e : c.world.graph.edges()) seen[static_cast<std::size_t>(e.kind)] = true;
  }
  const std::vector<EdgeKind> covered{EdgeKind::prices,  EdgeKind::collateral, EdgeKind::claim,
                                      EdgeKind::trades,  EdgeKind::depth,      EdgeKind::capital,
                                      EdgeKind::hosts,   EdgeKind::insures,    EdgeKind::funds,
                                      EdgeKind::watches, EdgeKind::bridges};
  for (std::size_t k = 0; k < edge_kind_count; ++k) {
    const bool has_case =
        std::find(covered.begin(), covered.end(), static_cast<EdgeKind>(k)) != covered.end();
    CAPTURE(to_string(static_cast<EdgeKind>(k)));
    CHECK(seen[k] == has_case);
  }
}
