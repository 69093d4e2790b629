// Clusters of vaults, by hand and from Euler's own tests (full.t.sol), through the engine.
#include <catch2/catch.hpp>
#include <cmath>

#include <fmt/format.h>

#include "sim/accounting.hpp"
#include "sim/credit/clusters.hpp"
#include "sim/engine.hpp"
#include "tests/known_vectors.hpp"
#include "tests/laws/outcome_numbers.hpp"
#include "tests/laws/random_ecosystem.hpp"
#include "tests/sim/pool_world.hpp"

using namespace faultline;
using namespace faultline::laws;
using namespace faultline::test;
using nlohmann::json;

namespace {

/// Vaults of some assets, a deep market at the reference for each of them, feeds that publish at
/// once, no interest, no gas. `fee` of the markets: at 50% no sale pays a liquidation.
struct Vaults {
  explicit Vaults(std::initializer_list<std::pair<const char*, double>> prices, double fee = 0,
                  double depth_usd = 1e9) {
    eco.clock.round.value = 12;
    eco.clock.horizon.value = 240;
    add_assets(eco, prices);
    ChainSpec chain;
    chain.gas = of(0, "$");
    add(eco.chains, "chain", chain);
    for (const auto& [asset, price] : prices) {
      rows.assets.push_back(asset);
      add(eco.oracles, asset, prompt_feed());
      ClusterVaultSpec& v = spec.vaults[asset];
      v.rate.kind = "none";
      v.supplied = of(10000, asset);
      if (std::string(asset) == "USD") continue;
      Outside::Spec world;
      world.pair = {asset, "USD"};
      world.depth = {usd(depth_usd), 0.01};
      world.fee.value = fee;
      add(eco.venues, std::string("world.") + asset, VenueNode{world, {}});
    }
    rows.first_leg = {0};
  }
  /// Debtors of a vault may post shares of another.
  ClusterPairSpec& pair(const char* owed, const char* posted, double lt) {
    ClusterPairSpec& p = spec.vaults[owed].collateral[posted];
    p.lt.value = lt;
    return p;
  }
  Vaults& account(std::initializer_list<std::pair<const char*, double>> posts, const char* owes,
                  double owed) {
    const auto leg = [&](const char* asset, std::uint8_t side, double units) {
      const auto at = std::find(rows.assets.begin(), rows.assets.end(), asset);
      rows.legs.push_back({static_cast<std::uint16_t>(at - rows.assets.begin()), side, 0});
      rows.amounts.push_back(units);
    };
    for (const auto& [asset, units] : posts) leg(asset, 0, units);
    if (owed > 0) leg(owes, 1, owed);
    rows.first_leg.push_back(static_cast<std::uint32_t>(rows.legs.size()));
    return *this;
  }
  Vaults& capital(double dollars) {
    LiquidatorSpec liquidators;
    liquidators.capital = usd(dollars);
    add(eco.agents, "liquidators", AgentSpecs{liquidators});
    return *this;
  }
  Ecosystem whole() const {
    Ecosystem all = eco;
    MarketNode node;
    node.spec = spec;
    node.rows = rows;
    add(all.markets, "cluster", node);
    return all;
  }

  Ecosystem eco;
  Cluster::Spec spec;
  PositionRows rows;
};

/// A run, audited after every round.
struct Done {
  explicit Done(const Vaults& vaults,
                const std::vector<std::pair<const char*, double>>& prices = {},
                const std::function<void(const Snapshot&, Scenario&)>& more = {})
      : c(vaults.whole(), {}), w(c.world) {
    w.audit_rounds = w.record = true;
    Scenario s;
    for (const auto& [asset, dollars] : prices)
      s.moves.push_back(price_to(c.world, asset, dollars));
    if (more) more(c.world, s);
    out = run(c.world, s, w);
    INFO(out.stop_detail);
    REQUIRE_FALSE(stop_is_failure(out.stop));
    REQUIRE(audit(c.world, w, true) == "");
  }
  std::uint32_t vault(const char* asset) const { return reserve_of(c.world, "cluster", asset); }
  const ClusterVaultOutcome& at(const char* asset) const {
    return out.cluster_vaults[vault(asset) - c.world.markets[0].first_reserve];
  }
  const ClusterVault& info(const char* asset) const {
    return c.world.clusters[0].vaults[vault(asset) - c.world.markets[0].first_reserve];
  }
  double owes(std::uint32_t position) const { return units_of(c.world, w, position, true); }
  double posts(std::uint32_t position) const { return units_of(c.world, w, position, false); }
  double share(const char* asset) const { return w.market.supply_index[vault(asset)]; }
  double result(Bearer b) const { return out.bearer_result_usd[static_cast<std::size_t>(b)]; }
  bool told(const std::string& kind) const {
    return std::any_of(out.timeline.begin(), out.timeline.end(),
                       [&](const TimelineEvent& e) { return e.kind == kind; });
  }

  Case c;
  Workspace w;
  Outcome out;
};

/// A, whose shares the USD vault takes, and ETH, owed against shares of USD. Account 0: 100 A
/// ($10,000) against 8,000 USD. Account 1: shares of 2,000 USD against 1 ETH.
Vaults two_rounds(double fee) {
  Vaults v({{"A", 100}, {"ETH", 1000}, {"USD", 1}}, fee);
  v.pair("USD", "A", 0.85);
  v.pair("ETH", "USD", 0.85);
  v.account({{"A", 100}}, "USD", 8000).account({{"USD", 2000}}, "ETH", 1);
  return v;
}

}  // namespace

TEST_CASE("clusters: euler_v2_liquidation.json, taken over or sold at once") {
  const json file = known("lending/euler_v2_liquidation");
  std::size_t compared = 0;
  for (const json& c : file["cases"]) {
    if (c.value("type", "") == "ramp") continue;  // below
    for (const bool flash : {false, true}) {
      const json& want = c["expected"];
      const bool worthless = c["collateral_price"] == 0.0;
      if (flash && worthless) continue;  // nobody sells what is worth nothing
      INFO(c["name"] << (flash ? " flash" : " taken over"));
      Vaults v({{"C", worthless ? 1.0 : c["collateral_price"].get<double>()},
                {"D", c["debt_price"].get<double>()},
                {"USD", 1}},
               flash ? 0 : 0.5, 1e5);
      if (worthless) v.eco.oracles[0].spec.fixed = usd(0);
      v.pair("D", "C", c["ltv"].get<double>());
      v.spec.vaults["D"].max_discount.value = file["max_discount"];
      v.spec.vaults["D"].socialise = c.value("socialise", true);
      v.account({{"C", c["collateral"]}}, "D", c["debt"]);
      if (c.contains("other_debt")) v.account({{"C", 9000}}, "D", c["other_debt"]);
      v.eco.clock.horizon.value = 0;
      if (!flash) v.capital(1e6);
      const Done done(v);
      const double rel = std::max(1e-9, tolerance_of(file, c));
      const double debt = c["debt"], collateral = c["collateral"];
      const double erased = done.at("D").erased_usd / c["debt_price"].get<double>();
      check_near(erased, want["socialised"], rel, 1e-8);
      check_near(debt - done.owes(0) - erased, want["repay"], rel, 1e-8);
      check_near(collateral - done.posts(0), want["yield"], rel, 1e-8);
      if (!flash) {
        check_near(done.posts(done.info("D").held), want["yield"], rel, 1e-8);
        CHECK(done.at("D").takeovers == (worthless ? 0 : 1));
      }
      if (want.contains("total_borrows_after")) {
        const double paid_in = done.at("D").repaid_usd / c["debt_price"].get<double>();
        const double total = debt_units(done.w, done.vault("D"));
        check_near(total + paid_in + (flash ? want["repay"].get<double>() : 0),
                   want["total_borrows_after"], rel);
      }
      ++compared;
    }
  }
  CHECK(compared == 17);
}

TEST_CASE("clusters: euler_v2_liquidation.json, the ramp; opening LTVs follow at once") {
  int ramps = 0;
  for (const json& c : known("lending/euler_v2_liquidation")["cases"]) {
    if (c.value("type", "") != "ramp") continue;
    ++ramps;
    for (std::size_t i = 0; i < c["at"].size(); ++i) {
      Vaults v({{"C", 1}, {"D", 1}, {"USD", 1}});
      v.pair("D", "C", c["from"]).ltv = Ratio{c["from"].get<double>()};
      v.spec.vaults["D"].ramp.value = c["duration"];
      v.account({{"C", 100}}, "D", 1);
      v.eco.clock.round.value = 1;
      v.eco.clock.horizon.value = c["at"][i];
      const Done done(v, {}, [&](const Snapshot& world, Scenario& s) {
        SettingChange change;
        change.what = SettingChange::What::reserve;
        change.target = reserve_of(world, "cluster", "C", 0);
        change.reserve_other = change.reserve = world.reserves[change.target];
        change.reserve_other.terms.lt = change.reserve_other.terms.ltv = 0.77;
        change.reserve.terms.lt = change.reserve.terms.ltv = c["to"];
        s.settings.push_back(change);
      });
      const std::uint32_t r = reserve_of(done.c.world, "cluster", "C", 0);
      check_near(done.w.settings.reserves[r].terms.lt, c["expected"][i], 1e-9);
      CHECK(done.w.settings.reserves[r].terms.ltv == c["to"].get<double>());
    }
  }
  CHECK(ramps > 0);
}

// A at $40: 4,000 against 8,000. Factor 0.85: 3,400 repaid for all shares, 4,600 erased of 10,000
// deposits. A share of USD is then worth 0.54: 2,000 of them count 918 against 1,000 of ETH, at
// prices that never moved. Factor 0.918: 1,080 x 0.918 = 991.44 repaid, 8.56 erased.
TEST_CASE("clusters: debt erased at one vault puts debtors of another in breach") {
  for (const double fee : {0.0, 0.5}) {
    Vaults v = two_rounds(fee);
    if (fee > 0) v.capital(1e6);
    const Done done(v, {{"A", 40}});
    CAPTURE(fee);
    CHECK(done.at("USD").erased_usd == Approx(4600));
    CHECK(done.share("USD") == Approx(0.54));
    CHECK(done.at("USD").share_lost == Approx(0.46));
    CHECK(done.at("ETH").second_accounts == 1);
    CHECK(done.at("ETH").second_usd == Approx(1000).epsilon(1e-6));
    CHECK(done.at("ETH").erased_usd == Approx(8.56).epsilon(1e-5));
    CHECK(done.share("ETH") == Approx(1 - 0.00856 / 10000));
    CHECK(done.owes(0) == 0);
    CHECK(done.owes(1) == 0);
    CHECK(done.told("socialisation"));
    CHECK(done.told("second_round"));
    CHECK(done.told("takeover") == (fee > 0));
    CHECK(done.out.markets[0].liquidations == 2);
    CHECK(done.out.markets[0].recognised_usd == Approx(4608.56).epsilon(1e-5));
  }
  // Where the vault carries its losses the fall stays where it is.
  Vaults v = two_rounds(0);
  v.spec.vaults["USD"].socialise = false;
  const Done done(v, {{"A", 40}});
  CHECK(done.share("USD") == 1);
  CHECK(done.owes(0) == Approx(4600));
  CHECK(done.owes(1) == 1);
  CHECK(done.at("ETH").second_accounts == 0);
  CHECK(done.out.markets[0].bad_debt_end_usd == Approx(4600));
}

// At $90 health is 9,000 x 0.85 / 8,000 = 0.95625: all of the debt for 8,000 / 0.95625 = 8,366.01
// of shares. At the opening LTV of 83% those carry 6,943.79: 1,056.21 are paid in.
TEST_CASE("clusters: what the liquidator pays in, and unwinds when its vault has cash again") {
  Vaults v = two_rounds(0);
  v.pair("A", "ETH", 0.85);
  v.spec.vaults["A"].supplied = of(5100, "A");  // of which 100 are account 0's, and 5,100 are lent
  v.account({{"ETH", 700}}, "A", 5100).capital(1e5);
  const Done done(v, {{"A", 90}}, [&](const Snapshot& world, Scenario& s) {
    // 50 A come back when the price has: the debtor repays them.
    s.moves.push_back(price_to(world, "A", 100, 60));
  });
  const ClusterVaultOutcome& usd_vault = done.at("USD");
  CHECK(usd_vault.takeovers == 1);
  CHECK(usd_vault.taken_usd == Approx(8000));
  CHECK(usd_vault.shares_usd == Approx(8000 / 0.95625));
  CHECK(usd_vault.repaid_usd == Approx(8000 - 8000 / 0.95625 * 0.83));
  CHECK(usd_vault.unwound_usd == 0);  // the vault of A has no cash
  CHECK(usd_vault.held_debt_usd == Approx(8000 / 0.95625 * 0.83));
  CHECK(usd_vault.held_usd == Approx(8000 / 0.95625 / 90 * 100).epsilon(1e-6));
  CHECK(tied_in_clusters(done.c.world, done.w, 0) == Approx(usd_vault.repaid_usd));
  // He holds $9,295.57 of shares for $8,000: what the price brought back is his.
  CHECK(done.result(Bearer::liquidator) == Approx(8000 / 0.95625 / 90 * 100 - 8000).epsilon(1e-5));
  CHECK(done.owes(0) == 0);
  CHECK(done.posts(0) == Approx(100 - 8000 / 0.95625 / 90));
}

TEST_CASE("clusters: shares are sold once a lane pays what they cost") {
  Vaults v = two_rounds(0);
  v.pair("A", "ETH", 0.85);
  v.spec.vaults["A"].supplied = of(5100, "A");
  v.account({{"ETH", 700}}, "A", 5100).capital(1e5);
  v.eco.clock.horizon.value = 600;
  // At $90 the shares are taken over; then the A vault's debtor fails (ETH at $745: 700 x 0.85 x
  // 745 < 5,100 x 90) and what liquidators repay is cash again.
  const Done done(v, {{"A", 90}}, [&](const Snapshot& world, Scenario& s) {
    s.moves.push_back(price_to(world, "ETH", 745, 120));
  });
  const ClusterVaultOutcome& usd_vault = done.at("USD");
  CHECK(usd_vault.takeovers == 1);
  CHECK(usd_vault.unwound_usd == Approx(usd_vault.taken_usd - usd_vault.repaid_usd).epsilon(1e-6));
  CHECK(usd_vault.held_usd == Approx(0).margin(1e-3));
  CHECK(usd_vault.held_debt_usd == Approx(0).margin(1e-3));
  CHECK(tied_in_clusters(done.c.world, done.w, 0) == Approx(0).margin(1));
  CHECK(done.result(Bearer::liquidator) > 0);
}

// At $88 health is 0.935: 8,555.6 of shares carry 7,101 of the 8,000 at 83%. Who may pay in 500
// takes over 500 / 899 of the pair; then his capital is tied.
TEST_CASE("clusters: capital bounds what is taken over") {
  Vaults v = two_rounds(0.5);
  v.capital(500);
  const Done done(v, {{"A", 88}});
  const double needs = 8000 - 8000 / 0.935 * 0.83;
  CHECK(done.at("USD").repaid_usd == Approx(500).epsilon(1e-6));
  CHECK(done.at("USD").taken_usd == Approx(8000 * 500 / needs).epsilon(1e-6));
  CHECK(done.out.markets[0].unserved_usd == Approx(8000 - 8000 * 500 / needs).epsilon(1e-6));
  // Flash-funded liquidators hold nothing, and no sale pays.
  const Done flash(two_rounds(0.5), {{"A", 88}});
  CHECK(flash.at("USD").takeovers == 0);
  CHECK(flash.out.markets[0].unserved_usd == Approx(8000).epsilon(1e-6));
}

// What he took over at $90 fails at $60: 92.96 A are worth 5,577 against 6,944 owed. Others of them
// take the shares at 15% below that, with 4,741 of the debt; 2,203 are erased.
TEST_CASE("clusters: a liquidator's row can fail") {
  Vaults v = two_rounds(0.5);
  v.capital(1e5);
  const Done done(v, {{"A", 90}}, [&](const Snapshot& world, Scenario& s) {
    s.moves.push_back(price_to(world, "A", 60, 120));
  });
  const double shares = 8000 / 0.95625 / 90, owes = 8000 / 0.95625 * 0.83;
  const double taken = 0.85 * 60 * shares, erased = owes - taken;
  CHECK(done.at("USD").takeovers == 2);
  CHECK(done.at("USD").taken_usd == Approx(8000 + taken));
  CHECK(done.at("USD").erased_usd == Approx(erased));
  CHECK(done.at("USD").repaid_usd == Approx(8000 - owes + (0.85 - 0.83) * 60 * shares));
  CHECK(done.at("USD").held_usd == Approx(60 * shares).epsilon(1e-6));
  CHECK(done.at("USD").held_debt_usd == Approx(0.83 * 60 * shares));
  CHECK(done.out.markets[0].bad_debt_end_usd == Approx(erased));
  CHECK(done.result(Bearer::liquidator) == Approx(60 * shares - 8000 + erased).epsilon(1e-5));
  // A fifth of the shares are account 1's.
  CHECK(done.result(Bearer::depositor) == Approx(-0.8 * erased).epsilon(1e-5));
}

TEST_CASE("clusters: one quantum of another share keeps the debt alive, a tiny debt stays") {
  Vaults v = two_rounds(0);
  v.pair("USD", "ETH", 0.8);
  v.rows.legs.insert(v.rows.legs.begin() + 1, PositionRows::Leg{1, 0, 0});
  v.rows.amounts.insert(v.rows.amounts.begin() + 1, 1e-6);
  for (std::size_t i = 1; i < v.rows.first_leg.size(); ++i) v.rows.first_leg[i] += 1;
  v.eco.clock.horizon.value = 12;
  ChainSpec chain;
  chain.gas = of(1, "$");
  v.eco.chains[0].spec = chain;
  const Done blocked(v, {{"A", 40}});
  CHECK(blocked.at("USD").erased_usd == 0);
  CHECK(blocked.owes(0) == Approx(4600).epsilon(1e-5));
  Vaults tiny = two_rounds(0);
  tiny.spec.vaults["USD"].least_socialised = usd(8000.01);
  CHECK(Done(tiny, {{"A", 40}}).at("USD").erased_usd == 0);
  tiny.spec.vaults["USD"].least_socialised = usd(7999.99);
  CHECK(Done(tiny, {{"A", 40}}).at("USD").erased_usd == Approx(4600));
}

TEST_CASE("clusters: an escrow vault of the same shares has nothing to lose, a lent one has") {
  // The same collapse, deposits of the posted shares lent or not: in escrow they can be sold.
  for (const bool escrow : {false, true}) {
    Vaults v = two_rounds(0);
    if (!escrow) {
      v.pair("A", "ETH", 0.85);
      v.spec.vaults["A"].supplied = of(5100, "A");
      v.account({{"ETH", 700}}, "A", 5100);
    } else {
      v.spec.vaults["A"].escrow = true;
    }
    const Done done(v, {{"A", 90}});
    CAPTURE(escrow);
    CHECK(done.out.markets[0].unserved_usd == Approx(escrow ? 0 : 8000).epsilon(1e-6));
  }
}

TEST_CASE("clusters: the group's accounts owe one vault each, at that vault's terms") {
  Vaults v = two_rounds(0);
  AccountGroup g;
  g.name = "many";
  g.count = 90;
  g.owes["USD"] = of(4000, "USD");
  g.owes["ETH"] = of(2, "ETH");
  Ecosystem eco = v.whole();
  eco.markets[0].spec.rows = {};
  eco.markets[0].spec.groups = {g};
  const Case c(eco, {});
  std::size_t of_usd = 0, of_eth = 0;
  for (std::uint32_t p = 0; p < c.world.positions.size(); ++p) {
    REQUIRE(c.world.book->legs(p) == 2);
    const std::uint32_t posted = c.world.book->factor(p, 0) / 2,
                        owed = c.world.book->factor(p, 1) / 2;
    const auto& emode =
        c.world.markets[0].emodes[static_cast<std::size_t>(c.world.reserves[posted].emode)];
    CHECK(emode.borrowable == std::vector<std::uint32_t>{owed});
    (emode.name == "USD" ? of_usd : of_eth) += 1;
  }
  CHECK(of_usd == 60);
  CHECK(of_eth == 30);
}

TEST_CASE("clusters: liquidation goes by mid prices whatever band a feed states") {
  const Case c(two_rounds(0).whole(), {});
  Workspace w(c.world);
  w.reset();
  const std::uint32_t shares = reserve_of(c.world, "cluster", "A", 1);
  const std::uint32_t owed = reserve_of(c.world, "cluster", "USD");
  REQUIRE(c.world.markets[0].emodes[1].name == "USD");
  const double before = breach_factor(w, 2 * shares), debt = breach_factor(w, 2 * owed + 1);
  CHECK(before == Approx(85));
  for (double& band : w.market.band) band = 0.01;
  CHECK(breach_factor(w, 2 * shares) == before);
  CHECK(breach_factor(w, 2 * owed + 1) == debt);
}
