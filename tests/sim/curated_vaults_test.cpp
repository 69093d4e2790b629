// Curated vaults in a run, against numbers worked out by hand. Loans are of 14,400 USD against 20
// ETH; at $500 they leave a hole of 4,400 each, and nobody can sell ETH.
#include <catch2/catch.hpp>
#include <memory>

#include "protocols/losses/losses.hpp"
#include "sim/accounting.hpp"
#include "sim/agents/depositors.hpp"
#include "sim/claims/curated_vaults.hpp"
#include "sim/compile/scenario.hpp"
#include "sim/engine.hpp"
#include "tests/sim/small_world.hpp"

using namespace faultline;
using namespace faultline::test;

namespace {

IsolatedMarket::Spec& isolated(MarketNode& node) {
  return std::get<IsolatedMarket::Spec>(node.spec);
}

/// A market of loans whose lenders are the vaults alone; books admit holes at once, or never.
MarketNode loans(std::size_t count, bool admits) {
  MarketNode node = eth_loans(1, count);
  isolated(node).supplied.reset();
  isolated(node).losses.recognise = admits ? "at_once" : "never";
  isolated(node).losses.bearers = {"haircut"};
  return node;
}

/// The same loans against another asset of the same price.
MarketNode against(MarketNode node, const char* asset) {
  isolated(node).collateral = {asset};
  node.rows.assets[0] = asset;
  return node;
}

CuratedVaultSpec usd_vault(std::map<std::string, double> allocates, const char* losses) {
  CuratedVaultSpec v;
  v.asset = {"USD"};
  v.losses = losses;
  for (const auto& [name, units] : allocates) v.allocates[name] = of(units, "USD");
  return v;
}

Ecosystem start() {
  Ecosystem eco;
  eco.clock.round.value = 12;
  eco.clock.horizon.value = 1200;
  add_assets(eco, {{"ETH", 1000}, {"BTC", 1000}, {"USD", 1}});
  add(eco.oracles, "ETH", prompt_feed());
  add(eco.oracles, "BTC", prompt_feed());
  return eco;
}

struct Ran {
  Diagnostics diagnostics;
  Snapshot world;
  std::unique_ptr<Workspace> w;
  explicit Ran(const Ecosystem& eco) : world(compile(eco, diagnostics, {})) {
    for (const Diagnostic& d : diagnostics.all()) {
      if (d.severity == Severity::error) FAIL(d.code << " " << d.message);
    }
    w = std::make_unique<Workspace>(world);
    w->audit_rounds = true;
  }
  const Outcome& run(const Scenario& s) {
    const Outcome& out = faultline::run(world, s, *w);
    CAPTURE(out.stop_detail);
    REQUIRE(!stop_is_failure(out.stop));
    return out;
  }
  ExogenousMove level(const char* asset, double usd, double at_s) const {
    return {MoveKind::level, world.asset(asset).value, usd, {at_s, at_s}};
  }
  ExogenousMove leave(std::uint32_t vault, double share, double at_s) const {
    const std::uint32_t place = places_named(world, world.vaults[vault].name).at(0);
    return {MoveKind::deposits, place, share, {at_s, at_s}};
  }
  const VaultOutcome& vault(std::uint32_t v) const { return w->outcome.vaults[v]; }
  double claim(std::uint32_t p) const { return w->vaults.places[p].claim; }
};

Scenario of_moves(std::vector<ExogenousMove> moves) {
  Scenario s;
  s.moves = std::move(moves);
  return s;
}

std::string codes(const Ecosystem& eco) {
  Diagnostics d;
  (void)compile(eco, d, {});
  std::string out;
  for (const Diagnostic& x : d.all()) {
    const bool ours = x.severity == Severity::error || x.code == "W0512";
    if (ours) out += (out.empty() ? "" : " ") + x.code;
  }
  return out;
}

}  // namespace

TEST_CASE("a vault that allocates everything to one market equals that market") {
  for (const bool admits : {false, true}) {
    CAPTURE(admits);
    Ecosystem lent = start(), placed = start();
    MarketNode node = loans(2, admits);
    add(placed.markets, "loans", node);
    add(placed.curated, "vault", usd_vault({{"loans", 40000}}, "realise"));
    isolated(node).supplied = of(40000, "USD");
    add(lent.markets, "loans", node);
    Ran a(lent), b(placed);
    const Outcome& x = a.run(of_moves({a.level("ETH", 500, 24)}));
    const Outcome& y = b.run(of_moves({b.level("ETH", 500, 24)}));
    CHECK(x.markets[0] == y.markets[0]);
    CHECK(a.w->market.supply_index == b.w->market.supply_index);
    const auto of = [](Bearer who) { return static_cast<std::size_t>(who); };
    CHECK(x.bearer_result_usd[of(Bearer::depositor)] == -8800);
    CHECK(y.bearer_result_usd[of(Bearer::vault)] == -8800);
    CHECK(y.bearer_result_usd[of(Bearer::depositor)] == 0);
    CHECK(y.vaults[0].loss_usd == 8800);
    CHECK(y.vaults[0].deposits_usd == 40000);
    CHECK(y.vaults[0].recognised_usd == Approx(admits ? 8800 : 0).epsilon(1e-12));
  }
}

TEST_CASE("a share s of a vault in a bad market costs it s of the hole, at once or at exit") {
  // 14,000 of the 28,000 in the bad market are the vault's, the rest other lenders': half of the
  // hole of 4,400 is its, 2,200 of the 40,000 it holds.
  for (const bool carries : {false, true}) {
    CAPTURE(carries);
    Ecosystem eco = start();
    MarketNode bad = loans(1, true);
    isolated(bad).supplied = of(28000, "USD");
    add(eco.markets, "bad", bad);
    add(eco.curated, "vault",
        usd_vault({{"bad", 14000}, {"idle", 26000}}, carries ? "carry" : "realise"));
    Ran r(eco);
    r.run(of_moves({r.level("ETH", 500, 24)}));
    CHECK(r.vault(0).loss_usd == Approx(2200).epsilon(1e-12));
    CHECK(r.vault(0).price_end == Approx(carries ? 1 : 1 - 2200.0 / 40000).epsilon(1e-12));
    CHECK(r.w->vaults.vaults[0].books.lost == Approx(carries ? 2200 : 0).epsilon(1e-12));
    // Three quarters ask after the loss: 26,000 lie idle, 13,600 of cash lie in the market.
    r.run(of_moves({r.level("ETH", 500, 24), r.leave(0, 0.75, 240)}));
    const double price = carries ? 1 : 1 - 2200.0 / 40000;
    CHECK(r.vault(0).withdrawn_usd == Approx(30000 * price).epsilon(1e-12));
    CHECK(r.vault(0).trapped_peak_usd == 0);
    CHECK(r.vault(0).loss_usd == Approx(2200).epsilon(1e-12));
    const CuratedVaultState& s = r.w->vaults.vaults[0];
    const double each = vault_worth(r.world, *r.w, 0) / s.books.shares;
    CHECK(s.books.shares == Approx(10000).epsilon(1e-12));
    CHECK(each == Approx(carries ? stayers_recover(40000, 30000, 2200) : price).epsilon(1e-9));
  }
}

TEST_CASE("the order of the withdraw queue decides who is left with the illiquid rest") {
  // 24,000 lent against ETH and 20,000 against BTC, 14,400 of each lent on: 9,600 and 5,600 of
  // cash. A quarter of the depositors, 11,000, ask.
  for (const bool eth_first : {true, false}) {
    CAPTURE(eth_first);
    Ecosystem eco = start();
    add(eco.markets, "eth", loans(1, false));
    add(eco.markets, "btc", against(loans(1, false), "BTC"));
    CuratedVaultSpec vault = usd_vault({{"eth", 24000}, {"btc", 20000}}, "carry");
    vault.withdraw_queue = {{eth_first ? "eth" : "btc"}, {eth_first ? "btc" : "eth"}};
    add(eco.curated, "vault", vault);
    Ran r(eco);
    r.run(of_moves({r.leave(0, 0.25, 24)}));
    CHECK(r.vault(0).withdrawn_usd == 11000);
    CHECK(r.vault(0).trapped_peak_usd == 0);
    const double btc = r.claim(0), eth = r.claim(1);  // by name
    CHECK(eth == (eth_first ? 24000 - 9600 : 24000 - 5400));
    CHECK(btc == (eth_first ? 20000 - 1400 : 20000 - 5600));
    CHECK(vault_payable(r.world, *r.w, 0) == 4200);
    CHECK(r.vault(0).locked_usd == 33000 - 4200);
  }
}

TEST_CASE("who asks and finds no cash waits, and is counted for as long") {
  Ecosystem eco = start();
  eco.clock.horizon.value = 2400;
  add(eco.markets, "eth", loans(1, false));
  add(eco.curated, "vault", usd_vault({{"eth", 20000}}, "carry"));
  Ran r(eco);
  const Outcome& out = r.run(of_moves({r.leave(0, 0.5, 24)}));
  CHECK(r.vault(0).withdrawn_usd == 5600);
  CHECK(r.vault(0).trapped_usd == Approx(4400).epsilon(1e-12));
  CHECK(r.vault(0).trapped_usd_s == Approx(4400 * (2400 - 24)).epsilon(1e-12));
  CHECK(r.vault(0).trapped_s == 2400 - 24);
  CHECK(out.stop == Stop::settled);
  CHECK(out.reserves[r.world.vault_places[0].reserve].full_at_s == 24);
  CHECK(r.vault(0).loss_usd == Approx(0).margin(1e-6));
}

TEST_CASE("vaults of vaults: a hole reaches the depositors two vaults away") {
  Ecosystem eco = start();
  add(eco.markets, "bad", loans(1, true));
  add(eco.curated, "inner", usd_vault({{"bad", 16000}, {"idle", 4000}}, "realise"));
  add(eco.curated, "outer", usd_vault({{"inner", 10000}, {"idle", 10000}}, "realise"));
  Ran r(eco);
  r.run(of_moves({r.level("ETH", 500, 24)}));
  CHECK(r.vault(0).loss_usd == Approx(4400).epsilon(1e-12));
  CHECK(r.vault(1).loss_usd == Approx(2200).epsilon(1e-12));  // it holds half of the inner one
  CHECK(r.vault(1).price_end == Approx(1 - 2200.0 / 20000).epsilon(1e-12));
  // Everybody leaves the outer one: 10,000 of its own, then the inner one's 4,000 and 1,600 of
  // cash.
  r.run(of_moves({r.leave(1, 1, 24)}));
  CHECK(r.vault(1).withdrawn_usd == 15600);
  CHECK(r.vault(1).trapped_usd == Approx(4400).epsilon(1e-12));
  CHECK(r.vault(0).withdrawn_usd == 5600);
}

TEST_CASE(
    "deposits follow the supply queue under caps, withdrawals burn shares at the books' price") {
  Ecosystem eco = start();
  add(eco.markets, "eth", loans(1, false));
  add(eco.markets, "btc", against(loans(1, false), "BTC"));
  CuratedVaultSpec spec = usd_vault({{"eth", 20000}, {"btc", 20000}}, "carry");
  spec.caps["eth"] = of(25000, "USD");
  spec.caps["btc"] = of(21000, "USD");
  spec.supply_queue = {{"eth"}, {"btc"}};
  add(eco.curated, "vault", spec);
  Ran r(eco);
  Workspace& w = *r.w;
  w.reset();
  const AccountId purse = r.world.attacker[r.world.asset("USD").value];
  w.ledger.mint(purse, 9000);
  double shares = 0;
  deposit_into_vault(r.world, w, 0, 9000, shares, purse);
  CHECK(shares == 9000);
  CHECK(r.claim(1) == 25000);
  CHECK(r.claim(0) == 21000);
  CHECK(w.ledger.balance(r.world.vaults[0].idle) == 3000);
  CHECK(vault_owed(r.world, w, 0) == 49000);
  CHECK(vault_payable(r.world, w, 0) == 3000 + 10600 + 6600);
  CHECK(withdraw_from_vault(r.world, w, 0, 50000, shares, purse) == 9000);
  CHECK(shares == 0);
  CHECK(vaults_balance(r.world, w).empty());
  CHECK(vault_owed(r.world, w, 0) == 40000);
}

TEST_CASE("a vault's share as an asset: its rate follows the price, a round later") {
  Ecosystem eco = start();
  AssetSpec share;
  share.rate = Rate{1, "USD"};
  add(eco.assets, "VS", share);
  add(eco.markets, "bad", loans(1, true));
  CuratedVaultSpec vault = usd_vault({{"bad", 22000}}, "realise");
  vault.issues = Name{"VS"};
  add(eco.curated, "vault", vault);
  const auto rate = [](Ran& r) { return r.w->market.contract_rate[r.world.asset("VS").value]; };
  Ran admits(eco);
  admits.run(of_moves({admits.level("ETH", 500, 24)}));
  CHECK(rate(admits) == Approx(0.8).epsilon(1e-12));
  CHECK(admits.world.assets[admits.world.asset("VS").value].supply == 22000);

  isolated(eco.markets[0].spec).losses.recognise = "never";
  Ran hides(eco);
  hides.run(of_moves({hides.level("ETH", 500, 24)}));
  CHECK(rate(hides) == 1);
  CHECK(backed_share(hides.world, *hides.w, hides.world.asset("VS")) == Approx(0.8).epsilon(1e-12));
}

TEST_CASE("vaults that take each other's shares as collateral: the greatest fixed point") {
  // X lends 4,000 against Y's shares and keeps 6,000; Y lends 4,000 against X's shares and 6,000
  // against ETH. Either borrower posts 4,000 shares and owes 3,600; the ETH loan owes 6,000 against
  // 10 ETH, which fall to $100: a hole of 5,000.
  //   x = (10000 - (3600 - 4000 y)) / 10000,  y = (5000 - (3600 - 4000 x)) / 10000
  // which hold together at x = 29/35, y = 33/70.
  Ecosystem eco = start();
  AssetSpec share;
  share.rate = Rate{1, "USD"};
  add(eco.assets, "XS", share);
  add(eco.assets, "YS", share);
  const auto loan = [](const char* collateral, double posts, double owes, double lt) {
    MarketNode node = loans(1, false);
    isolated(node).collateral = {collateral};
    isolated(node).lt.value = isolated(node).ltv.value = lt;
    isolated(node).bonus = Ratio{0.01};
    node.rows.assets[0] = collateral;
    node.rows.amounts = {posts, owes};
    return node;
  };
  add(eco.markets, "p", loan("YS", 4000, 3600, 0.95));
  add(eco.markets, "q", loan("XS", 4000, 3600, 0.95));
  add(eco.markets, "r", loan("ETH", 10, 6000, 0.8));
  CuratedVaultSpec x = usd_vault({{"p", 4000}, {"idle", 6000}}, "carry");
  CuratedVaultSpec y = usd_vault({{"q", 4000}, {"r", 6000}}, "carry");
  x.issues = Name{"XS"};
  y.issues = Name{"YS"};
  add(eco.curated, "x", x);
  add(eco.curated, "y", y);
  Ran r(eco);
  r.run(of_moves({r.level("ETH", 100, 24)}));
  const auto share_of = [&](const char* asset) {
    return backed_share(r.world, *r.w, r.world.asset(asset));
  };
  CHECK(share_of("XS") == Approx(29.0 / 35).epsilon(1e-11));
  CHECK(share_of("YS") == Approx(33.0 / 70).epsilon(1e-11));
  CHECK(r.vault(0).loss_usd == Approx(10000 * 6.0 / 35).epsilon(1e-9));
  CHECK(r.vault(1).loss_usd == Approx(10000 * 37.0 / 70).epsilon(1e-9));
  CHECK(r.w->outcome.markets[2].bad_debt_end_usd == 5000);

  // Back at $1000 nothing is missing: found from par downwards, not from where it was.
  r.run(of_moves({{MoveKind::level, r.world.asset("ETH").value, 100, {24, 24, 240, 240}}}));
  CHECK(share_of("XS") == 1);
  CHECK(share_of("YS") == 1);
}

TEST_CASE("a curator leaves what goes bad after a delay, as far as cash and caps allow") {
  Ecosystem eco = start();
  add(eco.markets, "eth", loans(1, false));
  add(eco.markets, "btc", against(loans(1, false), "BTC"));
  CuratedVaultSpec spec = usd_vault({{"eth", 20000}, {"btc", 20000}}, "carry");
  spec.caps["btc"] = of(22000, "USD");
  spec.timelock.value = 120;
  spec.reallocates.emplace();
  spec.reallocates->out_of = {{"bad"}};
  spec.reallocates->after.value = 240;
  const auto ran = [&](bool raises) {
    Ecosystem all = eco;
    spec.reallocates->raises_caps = raises;
    add(all.curated, "vault", spec);
    auto r = std::make_unique<Ran>(all);
    r->run(of_moves({r->level("ETH", 500, 24)}));
    return r;
  };
  const auto held = ran(false);  // 5,600 of cash: 2,000 find room, 3,600 stay idle
  CHECK(held->vault(0).reallocated_usd == 5600);
  CHECK(held->claim(1) == 14400);
  CHECK(held->claim(0) == 22000);
  CHECK(held->w->ledger.balance(held->world.vaults[0].idle) == 3600);
  // Seen the round after, in which it begins to count; the run ends a round after it has moved.
  const auto raised = ran(true);
  CHECK(raised->claim(0) == 25600);
  CHECK(raised->w->ledger.balance(raised->world.vaults[0].idle) == 0);
  CHECK(raised->w->outcome.end_s == 24 + 12 + 240 + 120 + 12);
}

TEST_CASE("a curator leaves what takes an asset that has come off") {
  Ecosystem eco = start();
  add(eco.markets, "eth", loans(1, false));
  CuratedVaultSpec spec = usd_vault({{"eth", 20000}}, "carry");
  spec.reallocates.emplace();
  spec.reallocates->out_of = {{"ETH"}};
  spec.reallocates->after.value = 0;
  add(eco.curated, "vault", spec);
  Ran r(eco);
  r.run(of_moves({r.level("ETH", 960, 24)}));
  CHECK(r.vault(0).reallocated_usd == 0);
  r.run(of_moves({r.level("ETH", 940, 24)}));
  CHECK(r.vault(0).reallocated_usd == 5600);
}

TEST_CASE("a vault's books grow by interest, less its curator's fee") {
  Ecosystem eco = start();
  eco.clock.horizon.value = 12000;
  MarketNode node = loans(1, false);
  isolated(node).rate = RateSpec{};
  add(eco.markets, "eth", node);
  CuratedVaultSpec spec = usd_vault({{"eth", 20000}}, "realise");
  add(eco.curated, "vault", spec);
  spec.performance_fee.value = 0.1;
  Ecosystem feed = eco;
  feed.curated[0].spec = spec;
  Ran plain(eco), fee(feed);
  plain.run({});
  fee.run({});
  const double gained = -plain.vault(0).loss_usd, kept = -fee.vault(0).loss_usd;
  CHECK(gained > 0);
  CHECK(plain.vault(0).price_end == Approx(1 + gained / 20000).epsilon(1e-12));
  CHECK(kept == Approx(0.9 * gained).epsilon(1e-6));
}

TEST_CASE("what vaults lend must be there, and what they name must exist") {
  Ecosystem eco = start();
  add(eco.markets, "eth", loans(1, false));
  const auto with = [&](CuratedVaultSpec spec) {
    Ecosystem all = eco;
    add(all.curated, "vault", spec);
    return codes(all);
  };
  CHECK(with(usd_vault({{"eth", 20000}}, "carry")) == "");
  CHECK(with(usd_vault({{"ehh", 20000}}, "carry")) == "E0510");
  CHECK(with(usd_vault({{"eth", 10000}}, "carry")) == "E0444");  // 14,400 are lent out
  CuratedVaultSpec other = usd_vault({{"eth", 20000}}, "carry");
  other.asset = {"BTC"};
  other.allocates["eth"] = of(20, "BTC");
  CHECK(with(other) == "E0511");
  CuratedVaultSpec queue = usd_vault({{"eth", 20000}}, "carry");
  queue.supply_queue = {{"btc"}};
  CHECK(with(queue) == "E0513");
  CuratedVaultSpec capped = usd_vault({{"eth", 20000}}, "carry");
  capped.caps["eth"] = of(10000, "USD");
  CHECK(with(capped) == "W0512");
  CHECK(with(usd_vault({{"vault", 20000}}, "carry")).starts_with("E0516"));
  isolated(eco.markets[0].spec).supplied = of(19000, "USD");
  CHECK(with(usd_vault({{"eth", 20000}}, "carry")) == "E0518");
}
