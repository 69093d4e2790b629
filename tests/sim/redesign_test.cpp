// The same users under another design: nothing is lost or put in breach by taking a pool apart, a
// split that isolates what was isolated changes nothing, and which design loses more turns with the
// size of the shock.
#include <catch2/catch.hpp>

#include <cmath>

#include "sim/engine.hpp"
#include "sim/studies/redesign.hpp"
#include "tests/sim/small_world.hpp"

using namespace faultline;
using namespace faultline::test;

namespace {

DesignSpec design(const char* name) {
  DesignSpec out;
  out.redesign = name;
  return out;
}

ReserveSpec taken(double lt) {
  ReserveSpec r;
  r.ltv.value = r.lt.value = lt;
  r.rate.kind = "none";
  return r;
}

ReserveSpec lent(double supplied, const char* asset) {
  ReserveSpec r = taken(0);
  r.collateral = false;
  r.supplied = of(supplied, asset);
  return r;
}

/// Adds an account: amounts by asset, collateral or debt.
void add_account(PositionRows& rows, const char* name,
                 std::initializer_list<std::tuple<const char*, bool, double>> legs) {
  if (rows.first_leg.empty()) rows.first_leg.push_back(0);
  for (const auto& [asset, owed, units] : legs) {
    auto at = std::find(rows.assets.begin(), rows.assets.end(), asset);
    if (at == rows.assets.end()) at = rows.assets.insert(at, asset);
    const auto number = static_cast<std::uint16_t>(at - rows.assets.begin());
    rows.legs.push_back({number, static_cast<std::uint8_t>(owed ? 1 : 0), 0});
    rows.amounts.push_back(units);
  }
  rows.first_leg.push_back(static_cast<std::uint32_t>(rows.legs.size()));
  rows.accounts.push_back(name);
}

Snapshot compiled(const Ecosystem& eco) {
  Diagnostics found;
  Snapshot world = compile(eco, found, {});
  for (const Diagnostic& d : found.sorted()) {
    if (d.severity == Severity::error) FAIL(d.message);
  }
  return world;
}

Scenario crash(const Snapshot& world, const char* asset, double log_change) {
  Scenario s;
  Timing at_once;
  at_once.start_s = at_once.end_s = 24;
  s.moves.push_back({MoveKind::price, world.asset(asset).value, log_change, at_once});
  return s;
}

/// A pool whose lenders bring USD and EUR; two accounts post several coins and owe both.
Ecosystem mixed_pool() {
  Ecosystem eco;
  add_assets(eco, {{"ETH", 2000}, {"BTC", 30000}, {"USD", 1}, {"EUR", 1.1}});
  PooledLending::Spec pool;
  pool.reserves = {{"ETH", taken(0.8)},
                   {"BTC", taken(0.7)},
                   {"USD", lent(100000, "USD")},
                   {"EUR", lent(50000, "EUR")}};
  pool.reserves["ETH"].supplied = of(40, "ETH");
  MarketNode node;
  add_account(node.rows, "ann",
              {{"ETH", false, 10}, {"BTC", false, 1}, {"USD", true, 20000}, {"EUR", true, 9000}});
  add_account(node.rows, "bob", {{"ETH", false, 12}, {"USD", true, 15000}});
  add_account(node.rows, "eve", {{"BTC", false, 0.5}, {"ETH", true, 3}});
  node.spec = pool;
  add(eco.markets, "pool", node);
  return eco;
}

double total(const Snapshot& world, const char* asset, double ReserveState::*field) {
  double sum = 0;
  for (std::uint32_t r = 0; r < world.reserves.size(); ++r) {
    if (world.assets[world.reserves[r].asset.value].name == asset) {
      sum += world.opening.reserves[r].*field;
    }
  }
  return sum;
}

double health(const Snapshot& world, std::uint32_t p) {
  double weighed = 0, owed = 0;
  for (std::uint32_t leg = 0; leg < world.book->legs(p); ++leg) {
    const double usd =
        world.book->base_amount(p, leg) * world.opening.factors[world.book->factor(p, leg)];
    (leg < world.book->collateral_legs(p) ? weighed : owed) += usd;
  }
  return weighed / owed;
}

}  // namespace

TEST_CASE("an account taken apart keeps its health, its debts and its collateral in every part") {
  const Snapshot source = compiled(mixed_pool());
  const Redesigned split = redesign(mixed_pool(), source, design("isolated"));
  const Snapshot world = compiled(split.eco);
  // ann: ETH and BTC against USD and EUR; bob: ETH against USD; eve: BTC against ETH.
  CHECK(world.markets.size() == 5);
  CHECK(world.positions.size() == 6);
  for (std::uint32_t p = 0; p < world.positions.size(); ++p) {
    const std::string name = world.positions.name(p);
    for (std::uint32_t q = 0; q < source.positions.size(); ++q) {
      if (source.positions.name(q) == name) {
        CHECK(health(world, p) == Approx(health(source, q)).epsilon(1e-12));
      }
    }
  }
  for (const char* asset : {"USD", "EUR", "ETH"}) {
    CHECK(total(world, asset, &ReserveState::debt_scaled) ==
          total(source, asset, &ReserveState::debt_scaled));
  }
  const auto posted = [](const Snapshot& w, const char* asset) {
    return total(w, asset, &ReserveState::supply_scaled) -
           total(w, asset, &ReserveState::lender_scaled);
  };
  for (const char* asset : {"ETH", "BTC"}) {
    CHECK(posted(world, asset) == Approx(posted(source, asset)).epsilon(1e-12));
  }
  // Half of ann's BTC-weighted debt: 21,000 of 37,000 dollars of weighted collateral.
  const MarketId btc_usd = world.market("pool.BTC/USD");
  const std::uint32_t loan = world.markets[btc_usd.value].first_reserve;
  CHECK(world.opening.reserves[loan].debt_scaled == Approx(20000 * 21000.0 / 37000).epsilon(1e-9));
}

TEST_CASE("what the pool lent of its borrowers' collateral, outside lenders bring") {
  const Snapshot source = compiled(mixed_pool());
  const Redesigned split = redesign(mixed_pool(), source, design("isolated"));
  // 3 ETH are owed. 40 were supplied, 22 of them collateral: 18 lenders' are more than enough.
  CHECK(split.gaps.empty());
  Ecosystem tight = mixed_pool();
  std::get<PooledLending::Spec>(tight.markets[0].spec.spec).reserves["ETH"].supplied =
      of(22, "ETH");
  const Snapshot lent_out = compiled(tight);
  const Redesigned filled = redesign(tight, lent_out, design("isolated"));
  // Nobody but borrowers brought ETH. At a use of 80%, as the rate aims at, 3 ETH need 3.75.
  REQUIRE(filled.gaps.size() == 1);
  CHECK(filled.gaps[0].asset == "ETH");
  CHECK(filled.gaps[0].units == Approx(3.75).epsilon(1e-12));
  CHECK(filled.gap_usd() == Approx(7500).epsilon(1e-12));
  DesignSpec shrink = design("isolated");
  shrink.gap = "shrink";
  const Redesigned shrunk = redesign(tight, lent_out, shrink);
  CHECK(shrunk.gaps.empty());
  CHECK(shrunk.shrunk_usd == Approx(6000).epsilon(1e-9));
}

TEST_CASE("no account is put in breach by a design, whatever its weights") {
  const Ecosystem eco = mixed_pool();
  const Snapshot source = compiled(eco);
  for (const char* name : {"isolated", "dynamic"}) {
    for (const char* weights : {"source", "own"}) {
      DesignSpec spec = design(name);
      spec.weights = weights;
      const Snapshot world = compiled(redesign(eco, source, spec).eco);
      Workspace w(world);
      const Outcome& out = run(world, {}, w);
      CHECK(out.counters.breaches == 0);
    }
  }
  CHECK(lltv_at_least(0.8) == 0.86);
  CHECK(lltv_at_least(0.86) == 0.86);
  CHECK(lltv_at_least(0.99) == 0.99);
}

namespace {

/// A pool of two pairs that share nothing: A lent against X, B against Y, each with its own book.
Ecosystem two_strangers() {
  Ecosystem eco;
  add_assets(eco, {{"A", 100}, {"X", 1}, {"B", 50}, {"Y", 2}});
  const auto book = [&](const char* name, const char* base, const char* quote, double depth) {
    OrderBook::Spec spec;
    spec.pair = {base, quote};
    spec.depth.amount = usd(depth);
    add(eco.venues, name, VenueNode{spec, {}});
  };
  book("ax", "A", "X", 40000);
  book("by", "B", "Y", 30000);
  for (const char* asset : {"A", "X", "B", "Y"}) add(eco.oracles, asset, prompt_feed());
  PooledLending::Spec pool;
  pool.reserves = {
      {"A", taken(0.8)}, {"B", taken(0.75)}, {"X", lent(90000, "X")}, {"Y", lent(40000, "Y")}};
  pool.reserves["X"].protocol_reserves = of(500, "X");
  pool.losses.recognise = "all_collateral_gone";
  pool.losses.bearers = {"reserve", "haircut"};
  MarketNode node;
  for (int i = 0; i < 8; ++i) {
    add_account(node.rows, ("a" + std::to_string(i)).c_str(),
                {{"A", false, 100}, {"X", true, 6000 + 250 * i}});
    add_account(node.rows, ("b" + std::to_string(i)).c_str(),
                {{"B", false, 100}, {"Y", true, 1400 + 60 * i}});
  }
  node.spec = pool;
  add(eco.markets, "pool", node);
  eco.clock.horizon.value = 3600;
  return eco;
}

}  // namespace

TEST_CASE("splitting a pool whose markets share nothing equals the pool to the quantum") {
  const Ecosystem eco = two_strangers();
  const Snapshot pool = compiled(eco);
  const Snapshot split = compiled(redesign(eco, pool, design("isolated")).eco);
  REQUIRE(split.markets.size() == 2);
  Workspace one(pool), other(split);
  const auto shock = [](const Snapshot& world) {
    Scenario s = crash(world, "A", std::log(0.6));
    s.moves.push_back(crash(world, "B", std::log(0.7)).moves[0]);
    return s;
  };
  const Outcome& a = run(pool, shock(pool), one);
  const Outcome& b = run(split, shock(split), other);
  REQUIRE(a.total(&MarketOutcome::liquidations) > 4);
  REQUIRE(a.total(&MarketOutcome::bad_debt_end_usd) > 1000);
  for (const auto field : {&MarketOutcome::bad_debt_end_usd, &MarketOutcome::recognised_usd,
                           &MarketOutcome::liquidated_usd, &MarketOutcome::unserved_usd,
                           &MarketOutcome::liquidations, &MarketOutcome::deposits_usd}) {
    CHECK(a.total(field) == b.total(field));
  }
  for (const char* asset : {"A", "X", "B", "Y"}) {
    const std::uint32_t at = pool.asset(asset).value, there = split.asset(asset).value;
    CHECK(a.assets[at].price_min == b.assets[there].price_min);
    CHECK(a.assets[at].price_end == b.assets[there].price_end);
  }
  for (const char* asset : {"X", "Y"}) {
    double cash[2] = {0, 0};
    for (int k = 0; k < 2; ++k) {
      const Snapshot& world = k == 0 ? pool : split;
      const Workspace& w = k == 0 ? one : other;
      for (const Reserve& r : world.reserves) {
        if (world.assets[r.asset.value].name == asset) cash[k] += w.ledger.balance(r.cash);
      }
    }
    CHECK(cash[0] == cash[1]);
  }
}

namespace {

/// Ten collaterals nobody can sell, one loan asset, and reserves of 0.5 for each against a hole.
Ecosystem ten_banks() {
  Ecosystem eco;
  add_assets(eco, {{"USD", 1}});
  PooledLending::Spec pool;
  pool.reserves["USD"] = lent(200, "USD");
  pool.reserves["USD"].protocol_reserves = of(5, "USD");
  MarketNode node;
  for (int i = 0; i < 10; ++i) {
    const std::string coin = "C" + std::to_string(i);
    AssetSpec spec = priced(1);
    spec.illiquid = true;
    add(eco.assets, coin, spec);
    add(eco.oracles, coin, prompt_feed());
    pool.reserves[coin] = taken(0.8);
    add_account(node.rows, ("bank" + std::to_string(i)).c_str(),
                {{coin.c_str(), false, 14}, {"USD", true, 10}});
  }
  node.spec = pool;
  add(eco.markets, "pool", node);
  eco.clock.horizon.value = 600;
  return eco;
}

/// Depositors' dollars in markets that fail once the first bank's collateral is worth 10 - hole.
double failing_usd(const Snapshot& world, double hole) {
  Workspace w(world);
  const Outcome& out = run(world, crash(world, "C0", std::log((10 - hole) / 14)), w);
  double usd = 0;
  for (const MarketOutcome& m : out.markets) usd += m.insolvent_s >= 0 ? m.deposits_usd : 0;
  return usd;
}

}  // namespace

// Acemoglu, Ozdaglar and Tahbaz-Salehi 2015 [acemoglu2015]: ten banks with a - v = 0.5 of their own
// each. Below eps* = n (a - v) = 5 the complete network is the most stable; above it all fail, and
// weakly connected ones do better.
TEST_CASE("which of pool and isolated markets is better turns with the size of the shock") {
  const Ecosystem eco = ten_banks();
  const Snapshot pool = compiled(eco);
  const Snapshot split = compiled(redesign(eco, pool, design("isolated")).eco);
  REQUIRE(split.markets.size() == 10);
  const double everybody = 200, one_of_ten = 20;
  CHECK(failing_usd(pool, 0.4) == 0);
  CHECK(failing_usd(split, 0.4) == 0);
  for (const double hole : {0.9, 1.6, 2.3, 4.9}) {
    CAPTURE(hole);
    CHECK(failing_usd(pool, hole) == 0);
    CHECK(failing_usd(split, hole) == one_of_ten);
  }
  CHECK(failing_usd(pool, 5.1) == everybody);
  CHECK(failing_usd(split, 5.1) == one_of_ten);
}

TEST_CASE("isolated markets of a family become one pool, accounts of one name one account") {
  Ecosystem eco;
  add_assets(eco, {{"ETH", 2000}, {"BTC", 30000}, {"USD", 1}});
  const auto market = [&](const char* collateral, double lltv, double units, double owed) {
    IsolatedMarket::Spec spec;
    spec.lends = {"USD"};
    spec.collateral = {collateral};
    spec.lltv = Ratio{lltv};
    spec.rate.kind = "none";
    spec.supplied = of(30000, "USD");
    MarketNode node;
    add_account(node.rows, "ann", {{collateral, false, units}, {"USD", true, owed}});
    node.spec = spec;
    eco.markets.push_back({std::string("blue.") + collateral, {}, "blue", {}, node});
  };
  market("ETH", 0.86, 10, 15000);
  market("BTC", 0.77, 1, 20000);
  const Snapshot source = compiled(eco);
  const Redesigned joined = redesign(eco, source, design("monolithic"));
  REQUIRE(joined.changes.size() == 1);
  const Snapshot world = compiled(joined.eco);
  REQUIRE(world.markets.size() == 1);
  REQUIRE(world.positions.size() == 1);
  CHECK(health(world, 0) == Approx((20000 * 0.86 + 30000 * 0.77) / 35000).epsilon(1e-12));
  CHECK(total(world, "USD", &ReserveState::lender_scaled) == 60000);
  CHECK(redesign(joined.eco, world, design("monolithic")).changes.empty());
}

TEST_CASE("lenders of a pool taken apart may lend through one vault an asset") {
  const Ecosystem eco = mixed_pool();
  const Snapshot source = compiled(eco);
  DesignSpec spec = design("isolated");
  spec.lenders = "vaults";
  const Snapshot world = compiled(redesign(eco, source, spec).eco);
  REQUIRE(world.vaults.size() == 3);  // of ETH, EUR and USD
  double lent_by_vaults = 0;
  for (const ReserveState& r : world.opening.reserves) {
    CHECK(r.vault_scaled == Approx(r.lender_scaled).epsilon(1e-12));  // whole, rounded down
    lent_by_vaults += r.vault_scaled;
  }
  CHECK(lent_by_vaults > 150000);
}

TEST_CASE("vaults lend on to what became of their markets") {
  Ecosystem eco = mixed_pool();
  CuratedVaultSpec vault;
  vault.asset = {"USD"};
  vault.allocates = {{"pool", of(60000, "USD")}, {"idle", of(500, "USD")}};
  vault.withdraw_queue = {{"pool"}};
  add(eco.curated, "vault", vault);
  const Snapshot source = compiled(eco);
  const Redesigned split = redesign(eco, source, design("isolated"));
  const CuratedVaultSpec& after = split.eco.curated[0].spec;
  CHECK(after.withdraw_queue.size() == 2);
  CHECK(after.allocates.at("pool.BTC/USD").value + after.allocates.at("pool.ETH/USD").value ==
        Approx(60000).epsilon(1e-12));
  CHECK(after.allocates.at("idle").value == 500);
  const Snapshot world = compiled(split.eco);
  CHECK(total(world, "USD", &ReserveState::vault_scaled) == Approx(60000).epsilon(1e-9));
  const Redesigned joined = redesign(split.eco, world, design("monolithic"));
  CHECK(joined.eco.curated[0].spec.allocates.at("pool").value == Approx(60000).epsilon(1e-12));
}

TEST_CASE("a dynamic design sizes by health; its own thresholds follow volatility") {
  const Ecosystem eco = mixed_pool();
  const Snapshot source = compiled(eco);
  for (const bool own : {false, true}) {
    DesignSpec spec = design("dynamic");
    spec.weights = own ? "own" : "source";
    const Redesigned changed = redesign(eco, source, spec);
    REQUIRE(changed.changes.size() == 1);
    const Snapshot world = compiled(changed.eco);
    CHECK(world.scaled_reserves.size() == (own ? 2 : 0));  // ETH and BTC
    for (const Reserve& r : world.reserves) CHECK(r.terms.target_health == 1.05);
    REQUIRE(world.breakers.size() == 2);
    CHECK(world.assets[world.breakers[0].watches.value].name == "BTC");
    const Snapshot parts = compiled(redesign(changed.eco, world, design("isolated")).eco);
    CHECK(parts.scaled_reserves.empty() == !own);
  }
}

TEST_CASE("under a dynamic design nobody borrows for half an hour after a fall by a fifth") {
  const Ecosystem eco = mixed_pool();
  const Snapshot world = compiled(redesign(eco, compiled(eco), design("dynamic")).eco);
  for (const double fall : {0.19, 0.21}) {
    Workspace w(world);
    run(world, crash(world, "ETH", std::log1p(-fall)), w);
    CHECK((w.pools.borrowing_paused_s[0] >= 24 + 1800) == (fall > 0.2));
    CHECK(w.pools.paused_s[0] <= 0);
  }
}

TEST_CASE("guardians and breakers go on to what became of their markets") {
  Ecosystem eco = mixed_pool();
  GuardianSpec guardian;
  guardian.freezes = {{"ETH"}};
  guardian.in = {{"pool"}};
  add(eco.guardians, "guardian", guardian);
  BreakerSpec breaker;
  breaker.pauses = {{"pool.borrowing"}, {"pool"}};
  breaker.when.price = {"ETH"};
  add(eco.breakers, "breaker", breaker);
  const Redesigned split = redesign(eco, compiled(eco), design("isolated"));
  const Snapshot parts = compiled(split.eco);
  CHECK(parts.breakers[0].pauses.size() == 2 * parts.markets.size());
  CHECK(parts.guardians[0].freezes.size() > 1);
  const Redesigned joined = redesign(split.eco, parts, design("monolithic"));
  CHECK(joined.eco.guardians[0].spec.in.size() == 1);
  CHECK(joined.eco.breakers[0].spec.pauses.size() == 2);
  CHECK(compiled(joined.eco).breakers[0].pauses.size() == 2);
}
