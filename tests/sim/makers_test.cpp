// Makers in the engine: one stance over all their books, one purse, and what a scenario takes.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "sim/engine.hpp"
#include "sim/venue_ops.hpp"
#include "tests/laws/random_ecosystem.hpp"
#include "tests/sim/small_world.hpp"

using namespace faultline;
using namespace faultline::laws;
using faultline::test::add;
using faultline::test::add_assets;
using faultline::test::usd;

namespace {

void add_book(Ecosystem& eco, const std::string& name, const std::string& base) {
  OrderBook::Spec book;
  book.pair = {base, "USD"};
  book.depth = {usd(1e6), 0.01};
  add(eco.venues, name, VenueNode{book, {}});
}

/// ETH and BTC, each on a book of its own.
Ecosystem two_books() {
  Ecosystem eco;
  eco.clock.round.value = 12;
  eco.clock.horizon.value = 6 * 3600;
  add_assets(eco, {{"ETH", 2000.0}, {"BTC", 50000.0}, {"USD", 1.0}});
  add_book(eco, "eth", "ETH");
  add_book(eco, "btc", "BTC");
  return eco;
}

void add_makers(Ecosystem& eco, const std::string& name, std::vector<Name> quotes,
                std::optional<RetreatSpec> retreat, std::optional<Amount> capital = {}) {
  MakerSpec spec;
  spec.quotes = std::move(quotes);
  spec.retreat = retreat;
  spec.capital = capital;
  add(eco.agents, name, AgentSpecs{spec});
}

/// The book named so, as the run left it.
const OrderBook::State& book(const Snapshot& world, const Workspace& w, const char* name) {
  return w.venues.of<OrderBook>()[world.venues[world.venue(name).value].slot.index];
}

struct Ran {
  explicit Ran(const Ecosystem& eco) : c(eco, {}), w(c.world) { w.record = w.audit_rounds = true; }
  const Outcome& fall(const char* asset, double share, double until_s) {
    Scenario s;
    s.moves.push_back({MoveKind::price, c.world.asset(asset).value, std::log(1 - share), {60, 60}});
    c.world.horizon_s = until_s;
    return run(c.world, s, w);
  }
  std::vector<TimelineEvent> told(const std::string& kind) const {
    std::vector<TimelineEvent> out;
    for (const TimelineEvent& e : w.outcome.timeline) {
      if (e.kind == kind) out.push_back(e);
    }
    return out;
  }
  Case c;
  Workspace w;
};

RetreatSpec at_three_times() {
  RetreatSpec spec;
  spec.at_volatility = Ratio{3};
  spec.down_to.value = 0.05;
  return spec;
}

}  // namespace

TEST_CASE("makers: a fall of one asset takes depth from the other book they quote") {
  Ecosystem eco = two_books();
  add_makers(eco, "makers", {{"eth"}, {"btc"}}, at_three_times());
  Ran shared(eco);
  const Outcome& out = shared.fall("ETH", 0.2, 600);
  CHECK(!stop_is_failure(out.stop));
  CHECK(book(shared.c.world, shared.w, "eth").stands == Approx(0.05).epsilon(1e-6));
  CHECK(book(shared.c.world, shared.w, "btc").stands == Approx(0.05).epsilon(1e-6));
  CHECK(book(shared.c.world, shared.w, "btc").widened > 10);
  CHECK(out.assets[shared.c.world.asset("BTC").value].price_min == 50000);

  eco.agents.clear();
  add_makers(eco, "makers", {{"eth"}}, at_three_times());
  add_makers(eco, "others", {{"btc"}}, at_three_times());
  Ran apart(eco);
  apart.fall("ETH", 0.2, 600);
  CHECK(book(apart.c.world, apart.w, "eth").stands == Approx(0.05).epsilon(1e-6));
  CHECK(book(apart.c.world, apart.w, "btc").stands == 1);
}

TEST_CASE("makers: they leave within a minute, come back when it is calm, and the story says so") {
  Ecosystem eco = two_books();
  add_makers(eco, "makers", {{"eth"}, {"btc"}}, at_three_times());
  Ran r(eco);
  const Outcome& out = r.fall("ETH", 0.2, 6 * 3600);
  CHECK(out.stop == Stop::settled);  // calm again, to the last bit, before the horizon
  CHECK(book(r.c.world, r.w, "eth").stands == 1);
  CHECK(book(r.c.world, r.w, "btc").widened == 1);
  const std::vector<TimelineEvent> told = r.told("depth");
  REQUIRE(told.size() == 2);
  CHECK(told[0].node == "makers");
  CHECK(told[0].at_s > 60);
  CHECK(told[0].at_s <= 120);
  CHECK(told[1].at_s > told[0].at_s + 1800);
  CHECK(told[1].text.find("at the worst 5%") != std::string::npos);
}

TEST_CASE("makers: a book's own retreat is told under the book's name") {
  Ecosystem eco = two_books();
  std::get<OrderBook::Spec>(eco.venues[0].spec.spec).retreat = at_three_times();
  Ran r(eco);
  r.fall("ETH", 0.2, 600);
  CHECK(book(r.c.world, r.w, "eth").stands == Approx(0.05).epsilon(1e-6));
  CHECK(book(r.c.world, r.w, "btc").stands == 1);
  REQUIRE(r.told("depth").size() == 1);
  CHECK(r.told("depth")[0].node == "eth");
}

TEST_CASE("makers: shares of a book leave with who quotes them") {
  Ecosystem eco = two_books();
  add_makers(eco, "a", {{"eth"}}, at_three_times());
  add_makers(eco, "b", {{"eth"}, {"btc"}}, {});
  std::get<MakerSpec>(eco.agents[0].spec).share = Ratio{0.6};
  Ran r(eco);
  r.fall("ETH", 0.2, 600);
  CHECK(book(r.c.world, r.w, "eth").stands == Approx(0.6 * 0.05 + 0.4).epsilon(1e-6));
  CHECK(book(r.c.world, r.w, "eth").widened == 1);  // b still quotes the calm spread
  CHECK(book(r.c.world, r.w, "btc").stands == 1);

  std::get<MakerSpec>(eco.agents[1].spec).share = Ratio{0.5};
  CHECK_THROWS_WITH(Case(eco, {}), Catch::Contains("makers quote 110% of the depth of 'eth'"));
}

TEST_CASE("makers: a scenario takes their quotes out and lets them return") {
  Ecosystem eco = two_books();
  add_makers(eco, "makers", {{"eth"}, {"btc"}}, {});
  ScenarioSpec spec;
  spec.name = "they leave";
  EventSpec e;
  e.at.value = 600;
  e.over = Seconds{240};
  e.back_by = Seconds{5400};
  e.withdraw["makers"] = {0.95};
  spec.events.push_back(e);
  Case c(eco, spec);
  Workspace w(c.world);
  w.record = true;
  const auto stands = [&](double until_s) {
    c.world.horizon_s = until_s;
    run(c.world, c.scenario, w);
    return book(c.world, w, "btc").stands;
  };
  CHECK(stands(600) == 1);
  CHECK(stands(720) == Approx(1 - 0.95 / 2));
  CHECK(stands(840) == Approx(0.05));
  CHECK(stands(5400) == 1);
  CHECK(std::count_if(w.outcome.timeline.begin(), w.outcome.timeline.end(),
                      [](const TimelineEvent& t) { return t.kind == "depth"; }) == 2);
}

TEST_CASE("makers: who loses half of his capital at one book quotes half at all of them") {
  // The book is flooded with ETH minted from nothing: its makers hold it at what it then fetches.
  Ecosystem eco = two_books();
  eco.exploitable.insert("ETH");
  ArbitrageurSpec nobody;
  nobody.gas = usd(1e15);
  add(eco.agents, "arbitrageurs", AgentSpecs{nobody});
  std::get<OrderBook::Spec>(eco.venues[0].spec.spec).refill = Seconds{1e9};
  RetreatSpec at_once;  // and for good; no volatility moves them
  at_once.volatility.value = 1000;
  at_once.leave.value = 0;
  at_once.back.value = 1e7;
  add_makers(eco, "makers", {{"eth"}, {"btc"}}, at_once, usd(1e5));
  Ran r(eco);
  Scenario s;
  s.exploits.push_back({r.c.world.asset("ETH"), 1000, 60, ExploitThen::sell});
  r.c.world.horizon_s = 120;
  run(r.c.world, s, r.w);
  const OrderBook::State& eth = book(r.c.world, r.w, "eth");
  const Snapshot& world = r.c.world;
  const VenueInfo& venue = world.venues[world.venue("eth").value];
  const double price = r.w.market.spot[world.asset("ETH").value];
  const auto gained = [&](AccountId a) {
    return r.w.ledger.balance(a) - world.opening.balances[a.value];
  };
  const double gain = gained(venue.base_account) * price + gained(venue.quote_account);
  CHECK(gain < -1e4);
  CHECK(gain > -1e5);
  CHECK(eth.stands == Approx(1 + gain / 1e5).epsilon(1e-4));
  CHECK(book(r.c.world, r.w, "btc").stands == eth.stands);
}

TEST_CASE("makers: only order books are quoted") {
  Ecosystem eco = two_books();
  ConstantProduct::Spec pool;
  pool.pair = {"ETH", "USD"};
  pool.liquidity = usd(1e6);
  add(eco.venues, "pool", VenueNode{pool, {}});
  add_makers(eco, "makers", {{"pool"}}, {});
  CHECK_THROWS_WITH(Case(eco, {}), Catch::Contains("'pool' is no order book"));
}
