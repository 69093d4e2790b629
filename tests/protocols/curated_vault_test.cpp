// Curated vaults: rules of MetaMorpho and Vault V2 worked by hand, and what must hold of them.
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "protocols/claims/curated_vault.hpp"

using namespace faultline;

namespace {

using Queue = std::vector<std::uint32_t>;

double claims_of(const std::vector<VaultMarket>& markets) {
  double sum = 0;
  for (const VaultMarket& m : markets) sum += m.claim;
  return sum;
}

}  // namespace

TEST_CASE("vaults: a loss is realised or carried") {
  const VaultTerms v10{.loss = VaultLoss::realise}, v11{.loss = VaultLoss::carry};
  CuratedVault a{1000, 1000, 0}, b = a;
  accrue_vault(v10, a, 900);
  accrue_vault(v11, b, 900);
  CHECK(vault_price(v10, a) == Approx(0.9));
  CHECK(vault_price(v11, b) == 1);
  CHECK(b.lost == 100);
  // half leaves: in v1.0 both halves bear alike, in v1.1 the first leaves in full
  book_withdrawal(v10, a, 450);
  CHECK(vault_price(v10, a) == Approx(0.9));
  book_withdrawal(v11, b, 500);
  CHECK(b.assets == 500);
  accrue_vault(v11, b, 400);
  CHECK(b.lost == 100);  // nothing new is missing
  CHECK(vault_price(v11, b) == 1);
  CHECK((b.assets - b.lost) / b.shares == Approx(0.8));  // what those who stay could get
  accrue_vault(v11, b, 440);  // interest comes on top of the hole, it does not fill it
  CHECK(b.lost == 100);
  CHECK(vault_price(v11, b) == Approx(1.08));
  accrue_vault(v11, b, 410);  // a second loss adds to the first
  CHECK(b.lost == Approx(130));
  CHECK(vault_price(v11, b) == Approx(1.08));
}

TEST_CASE("vaults: lost assets as in the contract's LostAssetsTest") {
  const VaultTerms t{.loss = VaultLoss::carry};
  CuratedVault v;
  book_deposit(t, v, 1);
  accrue_vault(t, v, 0.5);
  CHECK(v.lost == 0.5);  // test_lostAssetsValue
  CHECK(v.assets == 1);
  book_deposit(t, v, 3);
  accrue_vault(t, v, 3.5);
  CHECK(v.lost == 0.5);  // test_resupplyOnLostAssets
  accrue_vault(t, v, 2);
  CHECK(v.lost == 2);  // test_newLostAssetsOnLostAssets: 0.5 + 1.5
  accrue_vault(t, v, 2.25);
  CHECK(v.assets == 4.25);  // test_interestAccrualWithLostAssets: what there is + what was lost
}

TEST_CASE("vaults: fees are shares of the interest, at the price after it") {
  for (const VaultLoss loss : {VaultLoss::realise, VaultLoss::carry}) {
    const VaultTerms t{.loss = loss, .performance_fee = 0.15};
    CuratedVault v{1000, 1000, 0};
    const double minted = accrue_vault(t, v, 1100);
    CHECK(minted * vault_price(t, v) == Approx(15));
    CHECK(1000 * vault_price(t, v) == Approx(1085));
    CHECK(accrue_vault(t, v, 1100) == 0);
    CHECK(accrue_vault(t, v, 1000) == 0);                                 // no fee on losses
    if (loss == VaultLoss::realise) CHECK(accrue_vault(t, v, 1100) > 0);  // no high-water mark
    if (loss == VaultLoss::carry) CHECK(accrue_vault(t, v, 1000) == 0);
  }
}

TEST_CASE("vaults: deposits and withdrawals at the price change it for nobody") {
  const VaultTerms t{.performance_fee = 0.1, .virtual_units = 1e-6};
  CuratedVault v;
  CHECK(vault_price(t, v) == 1);
  CHECK(book_deposit(t, v, 700) == Approx(700));
  accrue_vault(t, v, 777);
  const double price = vault_price(t, v);
  const double shares = book_deposit(t, v, 123);
  CHECK(vault_price(t, v) == Approx(price).epsilon(1e-12));
  CHECK(assets_for(t, v, shares) == Approx(123).epsilon(1e-12));
  CHECK(book_withdrawal(t, v, 123) == Approx(shares).epsilon(1e-12));
  CHECK(v.assets == Approx(777).epsilon(1e-12));
  CHECK(shares_for(t, v, assets_for(t, v, 55)) == Approx(55).epsilon(1e-12));
}

TEST_CASE("vaults: queues, caps and cash") {
  std::vector<VaultMarket> markets{{100, 20, 150}, {50, 80, 60}, {0, 0, 40}};
  const Queue supply{1, 2, 0}, withdraw{0, 1, 2};
  CHECK(placeable(supply, markets) == 10 + 40 + 50);
  CHECK(withdrawable(withdraw, markets) == 20 + 50);
  CHECK(supply_along(supply, markets, 30) == 0);
  CHECK(markets[1].claim == 60);
  CHECK(markets[2].claim == 20);
  CHECK(markets[0].claim == 100);
  CHECK(claims_of(markets) == 180);
  CHECK(withdraw_along(withdraw, markets, 60) == 0);
  CHECK(markets[0].cash == 0);  // drained first
  CHECK(markets[0].claim == 80);
  CHECK(markets[1].claim == 20);
  CHECK(claims_of(markets) == 120);
  CHECK(withdraw_along(withdraw, markets, 1000) == 1000 - 40);
  CHECK(claims_of(markets) == 80);  // the illiquid rest, for who is left
  CHECK(supply_along(supply, markets, 1000) == 1000 - 60 - 40 - 70);
  markets[0].cap = 10;  // above its cap: nothing comes in, nothing has to leave
  CHECK(placeable(supply, markets) == 0);
}

TEST_CASE("vaults: allocators and timelocks") {
  std::vector<VaultMarket> markets{{100, 60, 150}, {50, 80, 60}};
  CHECK(reallocate(markets, std::vector<double>{90, 60}));
  CHECK(markets[0].cash == 50);
  CHECK(markets[1].cash == 90);
  CHECK_FALSE(reallocate(markets, std::vector<double>{80, 70}));  // cap
  CHECK(reallocate(markets, std::vector<double>{100, 50}));
  CHECK_FALSE(reallocate(markets, std::vector<double>{90, 40}));  // sums differ
  markets[1].cap = 500;
  CHECK_FALSE(reallocate(markets, std::vector<double>{10, 140}));  // cash
  CHECK(markets[0].claim == 100);

  const VaultTerms t{.timelock_s = 86400};
  PendingCap pending;
  submit_cap(t, markets[0], pending, 300);
  CHECK(markets[0].cap == 150);
  pass_timelock(markets[0], pending, 86399);
  CHECK(markets[0].cap == 150);
  pass_timelock(markets[0], pending, 1);
  CHECK(markets[0].cap == 300);
  submit_cap(t, markets[0], pending, 400);
  submit_cap(t, markets[0], pending, 20);  // lowering is at once and ends the wait
  CHECK(markets[0].cap == 20);
  pass_timelock(markets[0], pending, 1e9);
  CHECK(markets[0].cap == 20);
  submit_cap({}, markets[0], pending, 70);  // no timelock
  CHECK(markets[0].cap == 70);
}

TEST_CASE("vaults: the public moves funds within flow caps that refund each other") {
  VaultMarket from{100, 30, 200}, to{10, 5, 100};
  FlowCap out{0, 25}, in{40, 0};
  CHECK(movable(from, out, to, in) == 25);
  move_between(from, out, to, in, 25);
  CHECK(from.claim + to.claim == 110);
  CHECK(movable(from, out, to, in) == 0);
  CHECK(movable(to, in, from, out) == 25);  // as much may go back
  CHECK(in.most_in == 15);
  to.cash = 3;
  CHECK(movable(to, in, from, out) == 3);
}

TEST_CASE("vaults: V2 lets gains in slowly and losses at once") {
  const double day = 86400;
  const VaultTerms t{.loss = VaultLoss::realise, .max_rate = 0.1 / (365 * day)};
  CuratedVault v{1000, 1000, 0};
  accrue_vault(t, v, 1100, day);
  CHECK(v.assets == Approx(1000 * (1 + 0.1 / 365)));
  accrue_vault(t, v, 900, 0);
  CHECK(v.assets == 900);
  accrue_vault(t, v, 1000, 0);  // what comes back, too, comes slowly
  CHECK(v.assets == 900);
  const VaultTerms fees{.loss = VaultLoss::realise, .management_fee = 0.05 / (365 * day)};
  CuratedVault w{1000, 1000, 0};
  const double minted = accrue_vault(fees, w, 990, 365 * day);  // on losses, too
  CHECK(minted * vault_price(fees, w) == Approx(990 * 0.05));

  std::vector<RiskCap> caps{{50, 100, 0.5}, {10, 1000, 0.02}};
  CHECK(allocatable(caps, 10000) == 50);
  CHECK(allocatable(caps, 600) == Approx(2));
  CHECK(allocatable(caps, 60) == 0);  // above a relative cap: nothing more, nothing has to leave
  caps[1].relative = 1;
  CHECK(allocatable(caps, 10) == 0);
  caps[0].relative = 1;
  CHECK(allocatable(caps, 10) == 50);  // a relative cap of one is none

  VaultMarket market{500, 80, 0};
  CHECK(best_forced_exit(market, 51, 0.02) == Approx(50));
  CHECK(best_forced_exit(market, 510, 0.02) == 80);
  VaultTerms plain{.loss = VaultLoss::realise};
  CuratedVault u{500, 500, 0};
  const ForcedExit e = force_deallocate(market, 50, 0.02);
  CHECK(e.pulled == 50);
  CHECK(market.claim == 450);
  book_withdrawal(plain, u, e.penalty);  // leaves no assets
  CHECK(vault_price(plain, u) == Approx(1));
  book_withdrawal(plain, u, e.pulled);
  accrue_vault(plain, u, market.claim);
  CHECK(vault_price(plain, u) == Approx(450.0 / 449));  // the others have the penalty
}

TEST_CASE("vaults: yield") {
  const std::vector<VaultMarket> markets{{100, 0, 0}, {300, 0, 0}};
  const std::vector<double> rates{0.08, 0.04};
  CHECK(vault_apy(markets, rates, 0) == Approx(std::exp(0.05) - 1));
  CHECK(vault_apy(markets, rates, 0.2) == Approx(std::exp(0.04) - 1));
  CHECK(vault_apy({}, {}, 0.2) == 0);
}
