// Flow agents in whole runs: the hedging loop against 1/(1-g), its exhaustion, insurers, followers,
// options that pay. Numbers by hand from the numbers of the world.
#include <catch2/catch.hpp>
#include <cmath>
#include <deque>
#include <filesystem>
#include <fstream>

#include "data/ecosystem_file.hpp"
#include "data/parameter_paths.hpp"
#include "protocols/agents/options.hpp"
#include "sim/agents/flows.hpp"
#include "sim/engine.hpp"
#include "sim/venue_ops.hpp"
#include "tests/sim/small_world.hpp"

using namespace faultline;
using faultline::test::add;
using faultline::test::of;

namespace {

/// ETH at $2000 in a pool of `liquidity` nobody arbitrages.
Ecosystem pool_world(double liquidity) {
  Ecosystem eco;
  eco.clock.round.value = 12;
  eco.clock.horizon.value = 1200;
  AssetSpec eth, usd;
  eth.price = of(2000, "$");
  usd.price = of(1, "$");
  add(eco.assets, "ETH", eth);
  add(eco.assets, "USD", usd);
  ConstantProduct::Spec pool;
  pool.pair = {"ETH", "USD"};
  pool.liquidity = of(liquidity, "$");
  pool.fee.value = 0;
  add(eco.venues, "pool", VenueNode{pool, {}});
  ArbitrageurSpec nobody;
  nobody.gas = of(1e15, "$");
  add(eco.agents, "arbitrageurs", AgentSpecs{nobody});
  return eco;
}

/// A book of flat gamma, units per dollar, from $1500 to $2500.
OptionDealers::Spec dealers(double gamma) {
  OptionDealers::Spec spec;
  spec.asset = {"ETH"};
  spec.gas = of(0, "$");
  spec.profile = {{of(1500, "$"), of(gamma, "ETH"), {}}, {of(2500, "$"), of(gamma, "ETH"), {}}};
  return spec;
}

struct Built {
  explicit Built(const Ecosystem& of_eco) : eco(of_eco) {
    Diagnostics diagnostics;
    world = compile(eco, diagnostics, {});
    faultline::test::require_sound(diagnostics);
  }
  /// Someone sells so much ETH made from nothing that the pool's price moves by `share` at once.
  Scenario sale(double share) const {
    const VenueId pool = world.venue("pool");
    const double price = venue_marginal(world, world.opening.venues, pool);
    Scenario s;
    s.exploits.push_back(
        {world.asset("ETH"),
         venue_in_to_price(world, world.opening.venues, pool, Side::sell, price * (1 + share)), 0,
         ExploitThen::sell});
    return s;
  }
  Scenario fall(double share) const {
    Scenario s;
    s.moves.push_back({MoveKind::price, world.asset("ETH").value, std::log(1 + share), {}});
    return s;
  }
  double end(const Outcome& out) const {
    const AssetOutcome& eth = out.assets[world.asset("ETH").value];
    return eth.price_end / eth.price_start - 1;
  }

  Ecosystem eco;
  Snapshot world;
};

/// The shipped world at one round length.
struct Squeeze {
  explicit Squeeze(double round_s = 0) {
    Reading reading(sources, diagnostics);
    loaded = load_ecosystem(std::string(FAULTLINE_ROOT) + "/data/ecosystems/gamma_squeeze.yaml", {},
                            reading);
    REQUIRE(!diagnostics.failed());
    if (round_s > 0) loaded.eco.clock.round.value = round_s;
    world = compile(loaded.eco, diagnostics, loaded.spans());
    REQUIRE(!diagnostics.failed());
  }
  Outcome of_size(double size, double shock) {
    Scenario s;
    s.moves.push_back({MoveKind::price, world.asset("ETH").value, std::log(1 + shock), {60, 120}});
    SettingChange set;
    set.what = SettingChange::What::book_size;
    set.value = size;
    s.settings.push_back(set);
    Workspace w(world);
    return run(world, s, w);
  }
  static double total(const Outcome& o, const Snapshot& world) {
    const AssetOutcome& eth = o.assets[world.asset("ETH").value];
    return eth.price_end / eth.price_start - 1;
  }
  /// g = -Gamma S lambda, lambda of the venue as it opens.
  double gain(double size) const {
    const VenueId book = world.venue("book");
    const double in =
        venue_in_to_price(world, world.opening.venues, book, Side::sell, 2000 * (1 - 1e-4));
    return 100 * size * 2000 * (1e-4 / in);
  }

  Sources sources;
  Diagnostics diagnostics;
  LoadedEcosystem loaded;
  Snapshot world;
};

}  // namespace

TEST_CASE("flows: a shock under dealers' gamma ends at shock / (1 - g)") {
  Squeeze squeeze;
  CHECK(squeeze.gain(1) == Approx(0.5).epsilon(2e-3));
  for (const double shock : {-0.005, 0.005}) {
    for (const double size : {-2.0, -1.0, 0.5, 1.0, 1.5}) {
      const double total = Squeeze::total(squeeze.of_size(size, shock), squeeze.world);
      CAPTURE(shock, size, total);
      CHECK(total / shock == Approx(1 / (1 - squeeze.gain(size))).epsilon(0.05));
    }
    CHECK(Squeeze::total(squeeze.of_size(0, shock), squeeze.world) == Approx(shock).epsilon(1e-6));
  }
}

TEST_CASE("flows: beyond a gain of one the book at risk runs out, at a price above zero") {
  Squeeze squeeze;
  const Outcome out = squeeze.of_size(4, -0.005);  // g = 2
  CHECK(!stop_is_failure(out.stop));
  const AssetOutcome& eth = out.assets[squeeze.world.asset("ETH").value];
  // All 400 ETH per dollar from $2000 to $1800 are sold; 80,000 ETH move the price by 20%.
  const double by_hand = 2000 * 0.995 * std::exp(-80000 * 2.5e-6);
  CHECK(eth.price_end == Approx(by_hand).epsilon(0.005));
  CHECK(eth.price_min > 0);
  CHECK(out.agents[0].bought_usd < 0.05 * out.agents[0].sold_usd);
}

TEST_CASE("flows: the loop does not depend on the length of a round") {
  Squeeze whole(20), half(10), quarter(5);
  for (const double size : {-1.0, 1.0, 1.5, 4.0}) {
    const Outcome a = whole.of_size(size, -0.005), b = half.of_size(size, -0.005),
                  c = quarter.of_size(size, -0.005);
    CAPTURE(size);
    CHECK(Squeeze::total(a, whole.world) == Approx(Squeeze::total(b, half.world)).epsilon(0.01));
    CHECK(Squeeze::total(b, half.world) == Approx(Squeeze::total(c, quarter.world)).epsilon(0.01));
  }
}

TEST_CASE("flows: in a pool of reserves B the impact of one unit is 2 / B") {
  for (const double gain : {-1.0, 0.3, 0.6, 0.8}) {
    Ecosystem eco = pool_world(4e7);  // 10,000 ETH: lambda = 2e-4, g = -gamma 2000 lambda
    add(eco.agents, "dealers", AgentSpecs{dealers(-gain / 0.4)});
    const Built b(eco);
    Workspace w(b.world);
    const Outcome& out = run(b.world, b.sale(-0.002), w);
    CAPTURE(gain);
    CHECK(b.end(out) / -0.002 == Approx(1 / (1 - gain)).epsilon(0.05));
    CHECK(w.ledger.balance(b.world.flow_agents[0].units) ==
          Approx(gain / 0.4 * 2000 * b.end(out)).epsilon(1e-6));
  }
}

TEST_CASE("flows: several agents at one venue clear together as one would") {
  Ecosystem one = pool_world(4e7), two = pool_world(4e7);
  add(one.agents, "dealers", AgentSpecs{dealers(-2)});
  add(two.agents, "a", AgentSpecs{dealers(-0.5)});
  add(two.agents, "b", AgentSpecs{dealers(-1.5)});
  const Built x(one), y(two);
  Workspace w(x.world), v(y.world);
  const double alone = x.end(run(x.world, x.sale(-0.01), w));
  const double together = y.end(run(y.world, y.sale(-0.01), v));
  CHECK(together == Approx(alone).epsilon(1e-6));
}

TEST_CASE("flows: insurers sell (m - 1) E r, and a gap leaves them below their floor") {
  Ecosystem eco = pool_world(4e12);  // their sales move nothing
  PortfolioInsurers::Spec spec;
  spec.asset = {"ETH"};
  spec.gas = of(0, "$");
  spec.assets = of(1e6, "$");
  spec.floor.value = 0.8;
  spec.multiplier = 4;
  add(eco.agents, "fund", AgentSpecs{spec});
  const Built b(eco);
  Workspace w(b.world);
  const Outcome& out = run(b.world, b.sale(-0.01), w);
  CHECK(out.agents[0].sold_usd == Approx(3 * 800000 * 0.01).epsilon(0.02));
  CHECK(out.agents[0].bought_usd < 1e-3 * out.agents[0].sold_usd);
  const Outcome& gap = run(b.world, b.sale(-0.4), w);                   // beyond -1/4 in one step
  CHECK(gap.agents[0].sold_usd == Approx(800000 * 0.6).epsilon(1e-3));  // everything
  const FlowAgentInfo& fund = b.world.flow_agents[0];
  CHECK(w.ledger.balance(fund.units) == Approx(0).margin(1e-6));
  CHECK(w.ledger.balance(fund.cash) == Approx(200000 + 480000).epsilon(1e-3));  // below 800,000
}

TEST_CASE("flows: a protective put is replicated by the delta of its call") {
  Ecosystem eco = pool_world(4e12);
  PortfolioInsurers::Spec spec;
  spec.asset = {"ETH"};
  spec.gas = of(0, "$");
  spec.assets = of(1e6, "$");
  spec.policy = "put";
  spec.floor.value = 0.8;
  spec.volatility.value = 0.5;
  add(eco.agents, "fund", AgentSpecs{spec});
  const Built b(eco);
  const auto& p = b.world.flow_params.of<PortfolioInsurers>()[0];
  // n shares and n puts cost the assets, and n strikes are the floor.
  CHECK(p.shares * (2000 + greeks(p.terms, 2000).price) == Approx(1e6).epsilon(1e-9));
  CHECK(p.shares * p.terms.strike == Approx(8e5).epsilon(1e-9));
  Workspace w(b.world);
  run(b.world, b.sale(-0.1), w);
  OptionTerms call = p.terms;
  call.kind = OptionKind::call;
  call.years = p.terms.years * (1 - 1200 / p.horizon_s);
  const double end = w.market.spot[b.world.asset("ETH").value];
  CHECK(w.ledger.balance(b.world.flow_agents[0].units) ==
        Approx(p.shares * option_delta(call, end)).epsilon(1e-5));
}

TEST_CASE("flows: followers hold c tanh(m / sd) and come back as the average follows") {
  Ecosystem eco = pool_world(4e12);
  TrendFollowers::Spec spec;
  spec.asset = {"ETH"};
  spec.gas = of(0, "$");
  spec.position = of(1000, "ETH");
  spec.lookback.value = 600;
  add(eco.agents, "cta", AgentSpecs{spec});
  eco.clock.horizon.value = 12;
  const Built b(eco);
  Workspace w(b.world);
  run(b.world, b.sale(-0.001), w);
  // One round has passed at the new price: the average kept exp(-12/600) of the old one.
  const double sd = 0.6 * std::sqrt(300 / (365 * 86400.0));
  const double m = std::log(0.999) * std::exp(-12.0 / 600);
  CHECK(w.ledger.balance(b.world.flow_agents[0].units) ==
        Approx(1000 * std::tanh(m / sd)).epsilon(2e-3));  // their own sale adds a thousandth of m
  eco.clock.horizon.value = 60000;
  const Built longer(eco);
  Workspace v(longer.world);
  const Outcome& out = run(longer.world, longer.sale(-0.001), v);
  CHECK(v.ledger.balance(longer.world.flow_agents[0].units) == Approx(0).margin(1e-3));
  CHECK(out.stop == Stop::settled);
}

TEST_CASE("flows: options end and pay from the dealers' purse; their hedge is let go") {
  Ecosystem eco = pool_world(4e12);
  OptionDealers::Spec spec;
  spec.asset = {"ETH"};
  spec.gas = of(0, "$");
  spec.options = {{"put", of(1900, "$"), {600}, of(-100, "ETH"), {0.6}},
                  {"call", of(1900, "$"), {600}, of(50, "ETH"), {0.6}},
                  {"put", of(1900, "$"), {86400}, of(-10, "ETH"), {0.6}}};
  add(eco.agents, "dealers", AgentSpecs{spec});
  const Built b(eco);
  Workspace w(b.world);
  const FlowAgentInfo& dealer = b.world.flow_agents[0];
  CHECK(b.world.opening.balances[dealer.units.value] < 0);  // short puts are hedged short
  const Outcome& out = run(b.world, b.sale(-0.1), w);
  CHECK(out.agents[0].paid_usd == Approx(100 * (1900 - 1800)).epsilon(1e-5));
  const double left =
      option_delta({OptionKind::put, 1900, (86400.0 - 1200) / (365 * 86400), 0.6}, 1800);
  CHECK(w.ledger.balance(dealer.units) == Approx(10 * left).epsilon(1e-3));
  CHECK(w.flows.next_contract == 2);
}

TEST_CASE("flows: bought puts pay their holder from the dealers' purse") {
  Ecosystem eco = pool_world(4e12);
  OptionDealers::Spec spec = dealers(0);
  add(eco.agents, "dealers", AgentSpecs{spec});
  PutHolderSpec puts{{"dealers"}, of(1900, "$"), {600}, of(20, "ETH"), {0.6}};
  add(eco.agents, "fund", AgentSpecs{puts});
  const Built b(eco);
  Workspace w(b.world);
  const FlowAgentInfo& dealer = b.world.flow_agents[0];
  const double hedge = b.world.opening.balances[dealer.units.value];
  CHECK(hedge ==
        Approx(20 * option_delta({OptionKind::put, 1900, 600 / (365 * 86400.0), 0.6}, 2000))
            .margin(1e-5));
  run(b.world, b.sale(-0.1), w);
  CHECK(w.ledger.balance(b.world.put_holders[0].cash) == Approx(20 * 100).epsilon(1e-6));
  run(b.world, b.sale(-0.01), w);  // ends above the strike
  CHECK(w.ledger.balance(b.world.put_holders[0].cash) == 0);
}

TEST_CASE("flows: implied volatility answers a fall, and vanna sells more") {
  const auto hedge_after = [](double on_fall) {
    Ecosystem eco = pool_world(4e12);
    OptionDealers::Spec spec;
    spec.asset = {"ETH"};
    spec.gas = of(0, "$");
    spec.options = {{"put", of(1500, "$"), {30 * 86400}, of(-1000, "ETH"), {0.6}}};
    spec.iv_on_fall = on_fall;
    add(eco.agents, "dealers", AgentSpecs{spec});
    const Built b(eco);
    Workspace w(b.world);
    run(b.world, b.sale(-0.05), w);
    return w.ledger.balance(b.world.flow_agents[0].units);
  };
  // By hand: -5% adds 2 x -ln 0.95 = 10.3 points; the hedge is -(-1000) x the put's delta.
  const double years = (30 * 86400 - 1200) / (365 * 86400.0);
  const auto by_hand = [&](double iv) {
    return 1000 * option_delta({OptionKind::put, 1500, years, iv}, 1900);
  };
  CHECK(hedge_after(0) == Approx(by_hand(0.6)).epsilon(1e-4));
  CHECK(hedge_after(2) == Approx(by_hand(0.6 - 2 * std::log(0.95))).epsilon(1e-4));
  CHECK(hedge_after(2) < hedge_after(0));
}

TEST_CASE("flows: bands, intervals, capital and latency hold an agent back") {
  const auto sold = [](auto change) {
    Ecosystem eco = pool_world(4e12);
    OptionDealers::Spec spec = dealers(-10);
    change(spec);
    add(eco.agents, "dealers", AgentSpecs{spec});
    const Built b(eco);
    Workspace w(b.world);
    run(b.world, b.sale(-0.01), w);
    return -w.ledger.balance(b.world.flow_agents[0].units);
  };
  using Spec = OptionDealers::Spec;
  CHECK(sold([](Spec&) {}) == Approx(200).epsilon(1e-4));
  CHECK(sold([](Spec& s) { s.band = of(150, "ETH"); }) == Approx(200).epsilon(1e-4));
  CHECK(sold([](Spec& s) { s.band = of(250, "ETH"); }) == 0);
  CHECK(sold([](Spec& s) { s.gas = of(500000, "$"); }) == 0);  // more than the trade is worth
  CHECK(sold([](Spec& s) { s.capital = of(100 * 1980, "$"); }) == Approx(100).epsilon(1e-4));
  CHECK(sold([](Spec& s) { s.latency.value = 600; }) == Approx(200).epsilon(1e-4));
  CHECK(sold([](Spec& s) { s.latency.value = 1300; }) == 0);  // beyond the horizon
}

TEST_CASE("flows: a book that grows takes its hedge along and moves implied volatility") {
  Ecosystem eco = pool_world(4e12);
  OptionDealers::Spec spec;
  spec.asset = {"ETH"};
  spec.gas = of(0, "$");
  spec.options = {{"put", of(1800, "$"), {30 * 86400}, of(-100, "ETH"), {0.6}}};
  spec.standard_size = of(50, "ETH");
  add(eco.agents, "dealers", AgentSpecs{spec});
  const Built b(eco);
  Workspace w(b.world);
  Scenario twice;
  SettingChange set;
  set.what = SettingChange::What::book_size;
  set.value = 2;
  twice.settings.push_back(set);
  const Outcome& out = run(b.world, twice, w);
  // The dealers sold 100 puts more: two standard sizes, two points. The hedge came at the market
  // price from the outside; only the points are traded at the venue.
  const auto& state = w.flows.states.of<OptionDealers>()[0];
  CHECK(state.shift == Approx(0.02));
  const double years = (30 * 86400.0 - 1200) / (365 * 86400);
  CHECK(w.ledger.balance(b.world.flow_agents[0].units) ==
        Approx(200 * option_delta({OptionKind::put, 1800, years, 0.62}, 2000)).epsilon(1e-4));
  const double vanna = greeks({OptionKind::put, 1800, 30.0 / 365, 0.61}, 2000).vanna;
  CHECK(out.agents[0].sold_usd == Approx(200 * 0.02 * -vanna * 2000).epsilon(0.1));
}

TEST_CASE("flows: a book may stand in a table, or be made by rule") {
  namespace fs = std::filesystem;
  const fs::path folder = fs::temp_directory_path() / "faultline-books";
  fs::create_directories(folder);
  std::ofstream(folder / "book.csv") << "kind,strike,expiry_s,size,iv\n"
                                        "put,1800,600,-20,0.7\n"
                                        "call,2200,1200,30,0.5\n";
  std::ofstream(folder / "books.yaml") << R"(faultline: 1
name: books
clock: {round: 12s, horizon: 10min}
assets: {ETH: $2000, USDC: $1}
venues: {book: {preset: order_book, pair: ETH/USDC, depth: $8m within 1%}}
agents:
  dealers: {kind: option_dealers, asset: ETH, file: book.csv}
  grid:
    kind: option_dealers
    asset: ETH
    grid: {expiry: 7d, calls: 300 ETH, puts: -500 ETH, strikes: 5, step: 5%}
  amm: {preset: lyra_v1, asset: ETH, options: [{kind: put, strike: $1900, expiry: 1d, size: -1 ETH}]}
)";
  Sources sources;
  Diagnostics diagnostics;
  Reading reading(sources, diagnostics);
  const LoadedEcosystem loaded = load_ecosystem((folder / "books.yaml").string(), {}, reading);
  const Snapshot world = compile(loaded.eco, diagnostics, loaded.spans());
  faultline::test::require_sound(diagnostics);
  fs::remove_all(folder);
  const auto& params = world.flow_params.of<OptionDealers>();  // amm, dealers, grid
  REQUIRE(params.size() == 3);
  CHECK(world.flow_agents[0].every_s == 86400);
  REQUIRE(params[1].book.size() == 2);
  CHECK(params[1].book[0].terms.kind == OptionKind::put);
  CHECK(params[1].book[0].size == -20);
  CHECK(params[1].book[1].terms.strike == 2200);
  CHECK(params[1].book[1].terms.volatility == 0.5);
  double calls = 0, puts = 0;
  for (const BookRow& row : params[2].book) {
    (row.terms.kind == OptionKind::call ? calls : puts) += row.size;
    CHECK(
        (row.terms.kind == OptionKind::call ? row.terms.strike >= 2000 : row.terms.strike <= 2000));
  }
  CHECK(params[2].book.size() == 10);
  CHECK(calls == Approx(300));
  CHECK(puts == Approx(-500));
  CHECK(params[2].book[0].size > params[2].book[1].size);  // most at the price
}
