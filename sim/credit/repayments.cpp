#include "sim/credit/repayments.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "sim/agents/deposits.hpp"
#include "sim/credit/borrowing.hpp"
#include "sim/readings.hpp"

namespace faultline {

namespace {

constexpr double done = std::numeric_limits<double>::infinity();

/// Value of a row's legs of one side at the market factors of the last round, USD.
double side_usd(const Snapshot& world, const Workspace& w, std::uint32_t row, bool debts) {
  const std::uint32_t split = world.book->collateral_legs(row);
  double usd = 0;
  for (std::uint32_t leg = debts ? split : 0; leg < (debts ? world.book->legs(row) : split);
       ++leg) {
    usd += w.positions.amount(row, leg) * w.market_factors[world.book->factor(row, leg)];
  }
  return usd;
}

/// Hands a share of a row's collateral back, as far as there is cash.
void release(const Snapshot& world, Workspace& w, std::uint32_t row, double share,
             const RepayersInfo& who) {
  for (std::uint32_t leg = 0; leg < world.book->collateral_legs(row); ++leg) {
    const std::uint32_t r = world.book->factor(row, leg) / 2;
    const Reserve& reserve = world.reserves[r];
    const Quantum& q = world.assets[reserve.asset.value].quantum;
    const double index = w.market.supply_index[r], posted = w.positions.amount(row, leg);
    const double all = q.down(posted * index);
    const double cash = q.down(payable(world, w, r));
    const double back = std::min(share < 1 ? q.down(all * share) : all, cash);
    if (!(back > 0)) continue;
    const double stays = back >= all ? 0 : scaled_less(posted, back, index, q, true);
    change_leg(w, row, leg, stays, pot_state(w, r).supply_scaled);
    w.ledger.post(reserve.cash, who.wallet[reserve.asset.value], back);
    claims_changed(world, w, r);
  }
}

/// Pays one debt back, as far as there is money outside. Gives the units.
double repay(const Snapshot& world, Workspace& w, const RepayingRow& debt, std::uint32_t r,
             const RepayersInfo& who) {
  const Reserve& reserve = world.reserves[r];
  const Quantum& q = world.assets[reserve.asset.value].quantum;
  const double owes_usd = side_usd(world, w, debt.row, true);
  const double index = w.market.borrow_index[r];
  const double owed = w.positions.amount(debt.row, debt.leg);
  const double all = q.up(owed * index);
  const AccountId wallet = who.wallet[reserve.asset.value];
  const double wants = who.repays < 1 ? q.down(all * who.repays) : all;
  const double units = std::min(wants, std::max(0.0, w.ledger.balance(wallet)));
  if (!(units > 0)) return 0;
  const double stays = units >= all ? 0 : scaled_less(owed, units, index, q, false);
  const double usd = (owed - stays) * w.market_factors[reserve.debt_factor];
  change_leg(w, debt.row, debt.leg, stays, pot_state(w, r).debt_scaled);
  w.ledger.post(wallet, reserve.cash, units);
  w.changed_market_factors.push_back(reserve.debt_factor);
  claims_changed(world, w, r);
  const bool owes_nothing = side_usd(world, w, debt.row, true) == 0;
  release(world, w, debt.row, owes_nothing ? 1 : std::min(1.0, usd / owes_usd), who);
  w.touch(debt.row);
  if (w.is_parked(debt.row)) w.set_parked(debt.row, false);
  return units;
}

/// Those whom the rate of one reserve hurts now, and since when.
void count_hurt(const Snapshot& world, Workspace& w, std::size_t i) {
  const RepayingReserve& debts = world.repaying[i];
  const double over = borrow_rate_now(world, w, debts.reserve) - debts.opening_rate;
  std::uint32_t& hurt = w.repayments.hurt[i];
  const auto bears = [&](std::uint32_t n) { return world.repaying_rows[debts.first + n].bears; };
  while (hurt > 0 && !(bears(hurt - 1) < over)) --hurt;
  while (hurt < debts.count && bears(hurt) < over) {
    double& since = w.repayments.since_s[debts.first + hurt++];
    if (since != done) since = w.now_s;
  }
}

}  // namespace

double borrow_rate_of(const RateModel& model, const ReserveState& state, double cash, double debt,
                      double claims) {
  return rates_at(model, state.rate, std::max(0.0, cash), debt, state.deficit, claims).borrow;
}

double borrow_rate_now(const Snapshot& world, const Workspace& w, std::uint32_t r) {
  const std::uint32_t pot = world.reserves[r].pot;
  return borrow_rate_of(w.settings.reserves[pot].rate, w.reserves[pot], reserve_cash(world, w, pot),
                        debt_units(w, pot), supply_units(w, pot));
}

void settle_repayments(const Snapshot& world, Workspace& w) {
  if (!w.transmission) return;
  for (std::size_t i = 0; i < world.repaying.size(); ++i) {
    count_hurt(world, w, i);
    const RepayingReserve& debts = world.repaying[i];
    const RepayersInfo& who = world.repayers[debts.agent];
    const Reserve& reserve = world.reserves[debts.reserve];
    for (std::uint32_t n = debts.first; n < debts.first + w.repayments.hurt[i]; ++n) {
      const RepayingRow& debt = world.repaying_rows[n];
      double& since = w.repayments.since_s[n];
      if (since == done || w.now_s - since < debt.delay_s) continue;
      const double has = side_usd(world, w, debt.row, false);
      if (!(has >= side_usd(world, w, debt.row, true))) continue;
      since = done;
      const double units = repay(world, w, debt, debts.reserve, who);
      if (!(units > 0)) continue;
      const double usd = units * w.market.spot[reserve.asset.value];
      w.outcome.reserves[debts.reserve].repaid_usd += usd;
      if (!w.record || w.repayments.told[i]) continue;
      w.repayments.told[i] = 1;
      tell(w, "run", world.markets[reserve.market.value].name,
           fmt::format("borrowers of {} begin to repay: the rate hurts",
                       world.assets[reserve.asset.value].name));
    }
  }
}

}  // namespace faultline
