// Depositors of curated vaults who watch and leave. Loans are of 14,400 USD against 20 ETH; at $500
// they leave a hole of 4,400 each, nobody can sell ETH, and no feed tells.
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>

#include "protocols/losses/losses.hpp"
#include "sim/accounting.hpp"
#include "sim/agents/depositors.hpp"
#include "sim/claims/curated_vaults.hpp"
#include "sim/engine.hpp"
#include "tests/sim/small_world.hpp"

using namespace faultline;
using namespace faultline::test;

namespace {

IsolatedMarket::Spec& isolated(MarketNode& node) {
  return std::get<IsolatedMarket::Spec>(node.spec);
}

/// One loan out of 28,000: a hole of 4,400 at $500, 13,600 of cash.
MarketNode bad_market(bool admits) {
  MarketNode node = eth_loans(28000, 1);
  isolated(node).losses.recognise = admits ? "at_once" : "never";
  isolated(node).losses.bearers = {"haircut"};
  return node;
}

CuratedVaultSpec usd_vault(std::map<std::string, double> allocates, const char* losses,
                           const char* curator = "") {
  CuratedVaultSpec v;
  v.asset = {"USD"};
  v.losses = losses;
  if (*curator != 0) v.curator = curator;
  for (const auto& [name, units] : allocates) v.allocates[name] = of(units, "USD");
  return v;
}

/// Half react, a thousand seconds later on average.
DepositorsSpec crowd(std::vector<Name> in) {
  DepositorsSpec spec;
  spec.in = std::move(in);
  spec.reacts.value = 0.5;
  spec.within.value = 1000;
  return spec;
}

struct Vaults {
  Ecosystem eco;
  Snapshot world;
  std::unique_ptr<Workspace> w;

  /// Its feed says 1,000 whatever happens, or what the market says.
  explicit Vaults(double horizon_s, bool tells = false) {
    eco.clock.round.value = 12;
    eco.clock.horizon.value = horizon_s;
    add_assets(eco, {{"ETH", 1000}, {"USD", 1}});
    FeedSpec fixed;
    fixed.fixed = usd(1000);
    add(eco.oracles, "ETH", tells ? prompt_feed() : fixed);
  }
  const Outcome& run(const std::vector<ExogenousMove>& moves) {
    Scenario s;
    s.moves = moves;
    const Outcome& out = faultline::run(world, s, *w);
    CAPTURE(out.stop_detail);
    REQUIRE(!stop_is_failure(out.stop));
    REQUIRE(audit(world, *w, true) == "");
    return out;
  }
  void compiled() {
    Diagnostics found;
    world = compile(eco, found, {});
    for (const Diagnostic& d : found.all()) {
      if (d.severity == Severity::error) FAIL(d.code << " " << d.message);
    }
    w = std::make_unique<Workspace>(world);
    w->audit_rounds = true;
  }
  /// ETH is worth so much at market at 24 s, whatever its feed says.
  ExogenousMove falls_to(double usd_each) const {
    return {MoveKind::level, world.asset("ETH").value, usd_each, {24, 24}};
  }
  ExogenousMove ask(const char* who, double share, Timing when) const {
    return {MoveKind::deposits, places_named(world, who).at(0), share, when};
  }
  const VaultOutcome& vault(const char* name) const {
    for (std::size_t v = 0; v < world.vaults.size(); ++v) {
      if (world.vaults[v].name == name) return w->outcome.vaults[v];
    }
    FAIL("no such vault");
    return w->outcome.vaults[0];
  }
};

/// What of `deposits` half of which react has asked `at_s` after what they saw at 24 s.
double asked(double deposits, double at_s, double within_s = 1000) {
  return 0.5 * deposits * (1 - std::exp(-(at_s - 24) / within_s));
}

}  // namespace

// Half of the hole of 4,400 is the vault's: 2,200 of 40,000. Of S = 40,000 L leave, h is the hole:
// who stays recovers (S - L - h) / (S - L) where it is carried, 1 - h / S where books admit it.
TEST_CASE("a vault's depositors see the hole and leave; where it is carried it is the stayers'") {
  for (const bool carries : {true, false}) {
    CAPTURE(carries);
    Vaults v(1200, !carries);
    add(v.eco.markets, "bad", bad_market(!carries));
    add(v.eco.curated, "vault",
        usd_vault({{"bad", 14000}, {"idle", 26000}}, carries ? "carry" : "realise"));
    add(v.eco.agents, "crowd", AgentSpecs{crowd({{"vault"}})});
    v.compiled();
    v.run({v.falls_to(500)});
    const double left = asked(40000, 1200);
    const VaultOutcome& out = v.vault("vault");
    if (carries) {
      CHECK(out.withdrawn_usd == Approx(left).epsilon(1e-9));
      CHECK(out.stayer_loss == Approx(2200 / (40000 - left)).epsilon(1e-6));
    } else {  // seen at 24 s, on the books from 36 s on
      CHECK(out.withdrawn_usd == Approx(left * (1 - 2200.0 / 40000)).epsilon(1e-3));
      CHECK(out.stayer_loss == Approx(2200.0 / 40000).epsilon(1e-3));
    }
    CHECK(out.loss_usd == Approx(2200).epsilon(1e-3));
    CHECK(out.trapped_usd == 0);
    CHECK(v.run({}).vaults[0].withdrawn_usd == 0);
  }
}

TEST_CASE("the same curator, the same asset: trouble elsewhere, fewer and later") {
  const auto withdrawn = [](double curator, double asset) {
    Vaults v(1200);
    add(v.eco.markets, "bad", bad_market(false));
    add(v.eco.curated, "a", usd_vault({{"bad", 14000}, {"idle", 26000}}, "carry", "house"));
    add(v.eco.curated, "b", usd_vault({{"idle", 10000}}, "carry", "house"));
    add(v.eco.curated, "c", usd_vault({{"idle", 10000}}, "carry", "other"));
    DepositorsSpec spec = crowd({{"a"}, {"b"}, {"c"}});
    spec.same_curator.value = curator;
    spec.same_asset.value = asset;
    spec.hearsay.value = 2;
    add(v.eco.agents, "crowd", AgentSpecs{spec});
    v.compiled();
    v.run({v.falls_to(500)});
    CHECK(v.vault("a").withdrawn_usd == Approx(asked(40000, 1200)).epsilon(1e-9));
    return std::pair(v.vault("b").withdrawn_usd, v.vault("c").withdrawn_usd);
  };
  const double all = asked(10000, 1200, 2000);
  CHECK(withdrawn(0, 0) == std::pair(0.0, 0.0));
  CHECK(withdrawn(0.4, 0).first == Approx(0.4 * all).epsilon(1e-9));
  CHECK(withdrawn(0.4, 0).second == 0);
  CHECK(withdrawn(0.4, 0.1).first == Approx(0.4 * all).epsilon(1e-9));  // the larger share wins
  CHECK(withdrawn(0.4, 0.1).second == Approx(0.1 * all).epsilon(1e-9));
}

TEST_CASE("a vault whose market fills up is left, and who asks waits") {
  Vaults v(1200);
  add(v.eco.markets, "loans", eth_loans(40000, 2));  // 11,200 of cash
  add(v.eco.curated, "vault", usd_vault({{"loans", 20000}}, "carry"));
  add(v.eco.agents, "crowd", AgentSpecs{crowd({{"vault"}})});
  v.compiled();
  v.run({v.ask("loans", 0.5, {24, 24})});  // of 20,000 plain lenders': cash for the vault is left
  CHECK(v.vault("vault").withdrawn_usd == 0);
  v.run({v.ask("loans", 1, {24, 24})});  // they take all of it
  CHECK(v.vault("vault").withdrawn_usd == 0);
  CHECK(v.vault("vault").trapped_usd == Approx(asked(20000, 1200)).epsilon(1e-9));
}

TEST_CASE("vaults on one market are served by who has waited longest, not by name") {
  Vaults v(600);
  add(v.eco.markets, "loans", eth_loans(40000, 2));
  add(v.eco.curated, "a", usd_vault({{"loans", 10000}}, "carry"));
  add(v.eco.curated, "b", usd_vault({{"loans", 10000}}, "carry"));
  v.compiled();
  Timing lent{12, 12};
  lent.undo_s = lent.back_s = 300;
  // The plain lenders' cash is gone; b asks, then a; 11,200 come back.
  v.run({v.ask("loans", 0.56, lent), v.ask("b", 1, {60, 60}), v.ask("a", 1, {120, 120})});
  CHECK(v.vault("b").withdrawn_usd == 10000);
  CHECK(v.vault("a").withdrawn_usd == 1200);
  CHECK(v.vault("a").trapped_usd == 8800);
}

TEST_CASE(
    "havens of a vault's depositors: another vault, a market; they stay depositors of vaults") {
  Vaults v(12000);
  add(v.eco.markets, "bad", bad_market(false));
  MarketNode good = eth_loans(28000, 1);
  good.rows.amounts[0] = 100;
  add(v.eco.markets, "good", good);
  add(v.eco.curated, "from", usd_vault({{"bad", 14000}, {"idle", 26000}}, "carry"));
  CuratedVaultSpec capped = usd_vault({{"good", 5000}}, "carry");
  capped.caps["good"] = of(8000, "USD");
  add(v.eco.curated, "to", capped);
  DepositorsSpec spec = crowd({{"from"}});
  spec.havens["to"] = Ratio{0.5};
  spec.havens["good"] = Ratio{0.25};
  add(v.eco.agents, "crowd", AgentSpecs{spec});
  v.compiled();
  const Outcome& out = v.run({v.falls_to(500)});
  CHECK(v.vault("from").withdrawn_usd == Approx(20000).margin(1e-3));
  CHECK(v.w->vaults.vaults[1].in_units == Approx(3000).margin(1e-3));  // up to its cap
  const std::uint32_t r = v.world.places[places_named(v.world, "good").at(0)].reserve;
  CHECK(v.w->reserves[r].lender_scaled == Approx(28000 + 3000 + 5000).margin(1e-3));
  const auto of = [&](Bearer b) { return out.bearer_result_usd[static_cast<std::size_t>(b)]; };
  CHECK(of(Bearer::vault) == Approx(-2200).margin(1e-6));
  CHECK(of(Bearer::depositor) == Approx(-2200).margin(1e-6));  // the other half of the hole
}

TEST_CASE("depositors of a vault who asked come back where the wish is taken back") {
  Vaults v(600);
  add(v.eco.curated, "vault", usd_vault({{"idle", 10000}}, "carry"));
  v.compiled();
  Timing when{24, 24};
  when.undo_s = when.back_s = 300;
  v.run({v.ask("vault", 0.5, when)});
  CHECK(v.vault("vault").withdrawn_usd == 5000);
  CHECK(v.w->vaults.vaults[0].books.shares == Approx(10000));
  CHECK(v.w->ledger.balance(v.world.vaults[0].wallet) == 0);
}

TEST_CASE("who watches names markets and vaults that are there, each for one crowd") {
  const auto found = [](std::vector<std::vector<Name>> crowds, const char* haven) {
    Vaults v(600);
    add(v.eco.markets, "loans", eth_loans(40000, 2));
    add(v.eco.curated, "vault", usd_vault({{"loans", 10000}}, "carry"));
    for (std::size_t i = 0; i < crowds.size(); ++i) {
      DepositorsSpec spec = crowd(crowds[i]);
      if (*haven != 0) spec.havens[haven] = Ratio{1};
      add(v.eco.agents, "crowd" + std::to_string(i), AgentSpecs{spec});
    }
    Diagnostics d;
    (void)compile(v.eco, d, {});
    std::string out;
    for (const Diagnostic& x : d.all()) {
      if (x.severity == Severity::error) out += x.code + " " + x.message + " (" + x.remedy + ") ";
    }
    return out;
  };
  CHECK(found({{{"loans"}, {"vault"}}}, "") == "");
  CHECK(found({{{"loans"}}, {{"vault"}}}, "") == "");
  CHECK(found({{{"vualt"}}}, "") ==
        "E0520 no lending market or vault 'vualt' (did you mean 'vault'?) ");
  CHECK(found({{}, {{"vault"}}}, "") ==
        "E0521 lenders of 'vault' are both 'crowd0' and 'crowd1' "
        "(let the lenders of each market be of one kind: `in: [...]`) ");
  CHECK(found({{{"loans"}}}, "vault") == "");
  CHECK(found({{{"vault"}}}, "vault") ==
        "E0522 'vault' lends nothing that they could take out "
        "(name a market or vault that lends an asset they hold elsewhere) ");
}

// 14,000 of 40,000 are struck off 600 s after the hole appeared; a quarter of the hole's 14,000 was
// missing before.
TEST_CASE("a curator strikes a bad market off: the price falls by all of it, or carries it") {
  for (const bool carries : {true, false}) {
    Vaults v(1200);
    add(v.eco.markets, "bad", bad_market(false));
    CuratedVaultSpec spec =
        usd_vault({{"bad", 14000}, {"idle", 26000}}, carries ? "carry" : "realise");
    spec.reallocates = ReallocationSpec{};
    spec.reallocates->out_of = {{"bad"}};
    spec.reallocates->after.value = 1e6;
    spec.reallocates->gives_up = Seconds{600};
    add(v.eco.curated, "vault", spec);
    v.compiled();
    v.run({v.falls_to(500), v.ask("vault", 0.5, {240, 240})});
    CHECK(v.vault("vault").withdrawn_usd == 20000);  // before: at par
    CHECK(v.vault("vault").price_end == Approx(carries ? 1 : 1 - 14000.0 / 20000).epsilon(1e-12));
    CHECK(v.vault("vault").loss_usd == Approx(2200).epsilon(1e-9));
    v.run({v.ask("vault", 0.5, {900, 900})});  // no hole: nothing is struck off
    CHECK(v.vault("vault").price_end == 1);
  }
}
