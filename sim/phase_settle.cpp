// Phase 6: repayments and seizures are posted to the position book and the reserves; what a
// borrower can never repay runs down its market's losses policy.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/agents/cheap_collateral.hpp"
#include "sim/agents/depositors.hpp"
#include "sim/agents/flows.hpp"
#include "sim/claims/curated_vaults.hpp"
#include "sim/credit/absorbing_markets.hpp"
#include "sim/credit/auctions.hpp"
#include "sim/credit/band_loans.hpp"
#include "sim/credit/borrowing.hpp"
#include "sim/credit/clusters.hpp"
#include "sim/credit/pools.hpp"
#include "sim/credit/repayments.hpp"
#include "sim/credit/troves.hpp"
#include "sim/feed_audit.hpp"
#include "sim/narration.hpp"
#include "sim/perpetuals/perps.hpp"
#include "sim/phases.hpp"

namespace faultline {

namespace {

void settle_order(const Snapshot& world, Workspace& w, const LiquidationOrder& o) {
  const std::uint32_t rd = o.debt_reserve, rc = o.collateral_reserve;
  const Reserve& debt = world.reserves[rd];
  const Reserve& collateral = world.reserves[rc];
  const Quantum& qd = world.assets[debt.asset.value].quantum;
  const Quantum& qc = world.assets[collateral.asset.value].quantum;
  o.unwinds ? note_unwound(world, w, o) : note_toxic(world, w, o);
  const AccountId purse = world.liquidator_purse(rd, debt.asset);

  const double owed = w.positions.amount(o.position, o.debt_leg);
  const double owed_units = qd.up(owed * w.market.borrow_index[rd]);
  const double repaid = o.owed > 0 ? o.repaid : o.repay;  // what coins in bands did, too
  const double left =
      repaid >= owed_units ? 0 : scaled_less(owed, repaid, w.market.borrow_index[rd], qd, false);
  change_leg(w, o.position, o.debt_leg, left, pot_state(w, rd).debt_scaled);
  w.ledger.post(purse, debt.cash, o.repay);
  w.ledger.post(purse, world.chain_purse[debt.asset.value], o.gas);

  if (o.owed > 0) {
    write_loan(world, w, o.position);
  } else {
    const double posted = w.positions.amount(o.position, o.collateral_leg);
    const double posted_units = qc.down(posted * w.market.supply_index[rc]);
    const double stays = o.seize >= posted_units
                             ? 0
                             : scaled_less(posted, o.seize, w.market.supply_index[rc], qc, true);
    change_leg(w, o.position, o.collateral_leg, stays, pot_state(w, rc).supply_scaled);
  }

  const double price = w.market.spot[debt.asset.value];
  w.outcome.gas_usd += o.gas * price;
  w.touch(o.position);
  if (o.unwinds) return;
  const double repaid_usd = world.whole_usd(repaid * price);
  note_liquidation(w, debt.market, repaid_usd);
  w.round_liquidated_usd[debt.market.value] += repaid_usd;
  if (w.is_parked(o.position)) w.set_parked(o.position, false);
}

/// Value of a row's legs from `begin` to `end` at the market's oracle prices, USD.
double legs_usd(const Snapshot& world, const Workspace& w, std::uint32_t position,
                std::uint32_t begin, std::uint32_t end) {
  double usd = 0;
  for (std::uint32_t leg = begin; leg < end; ++leg) {
    const std::uint32_t f = world.book->factor(position, leg), r = f / 2;
    const double index = f % 2 == 0 ? w.market.supply_index[r] : w.market.borrow_index[r];
    usd += w.positions.amount(position, leg) * index *
           w.market.published[world.reserves[r].oracle.value];
  }
  return usd;
}

/// Writes one debt off and lets the market's policy say who bears it.
void write_off(const Snapshot& world, Workspace& w, std::uint32_t position, std::uint32_t leg,
               double collateral_usd, double debt_usd) {
  const std::uint32_t r = world.book->factor(position, leg) / 2;
  const Reserve& reserve = world.reserves[r];
  const std::uint32_t pot = reserve.pot;
  const Market& market = world.markets[reserve.market.value];
  const Quantum& q = world.assets[reserve.asset.value].quantum;
  const double debt = q.up(w.positions.amount(position, leg) * w.market.borrow_index[r]);
  DebtorLeft left;
  left.debt = debt;
  left.all_collateral_usd = collateral_usd;
  left.collateral = collateral_usd;
  left.collateral_value = debt * (collateral_usd / debt_usd);  // each debt has its share of it
  const double loss = q.down(recognised_loss(market.losses.recognition, left));
  if (!(loss > 0)) return;
  const double claims = supply_units(w, r);
  const double own = std::max(0.0, q.down(reserve_cash(world, w, r) + debt_units(w, r) - claims));
  const double owed = w.positions.amount(position, leg);
  const double stays =
      loss >= debt ? 0 : std::max(0.0, owed - q.down(loss / w.market.borrow_index[r]));
  change_leg(w, position, leg, stays, w.reserves[pot].debt_scaled);
  const double staked = staked_cover(world, w, pot, std::max(0.0, loss - own));
  const Absorbed a = absorb(loss, own, q.down(claims), market.losses, staked);
  slash_stakers(world, w, pot, a.from_stakers);
  if (a.haircut > 0) {
    const double factor = claim_factor(supply_units(w, pot), a.haircut);
    w.market.supply_index[pot] *= factor;
    if (market.vault_cluster >= 0) {
      note_share_fall(world, w, pot, factor, a.haircut * w.market.spot[reserve.asset.value]);
    }
    w.changed_factors.push_back(world.reserves[pot].collateral_factor);
    w.changed_market_factors.push_back(world.reserves[pot].collateral_factor);
    share_indices(world, w, pot);
  }
  w.changed_market_factors.push_back(reserve.debt_factor);
  w.quiet = false;
  w.reserves[pot].deficit += a.carried;
  const double price = w.market.spot[reserve.asset.value];
  note_loss(w, reserve.market, loss * price, (a.from_reserve + a.from_stakers) * price);
  w.touch(position);
}

/// repaid: units of its debt that went this round.
void recognise(const Snapshot& world, Workspace& w, std::uint32_t position, double repaid = 0) {
  const Market& market = world.markets[world.positions[position].market.value];
  if (market.losses.recognition == Recognition::never) return;
  if (market.vault_cluster >= 0 && !is_erased(world, w, position, repaid)) return;
  const std::uint32_t split = world.book->collateral_legs(position);
  const std::uint32_t end = world.book->legs(position);
  const double collateral = legs_usd(world, w, position, 0, split);
  const double debt = legs_usd(world, w, position, split, end);
  for (std::uint32_t leg = split; leg < end; ++leg) {
    if (w.positions.amount(position, leg) > 0) write_off(world, w, position, leg, collateral, debt);
  }
}

}  // namespace

void note_liquidation(Workspace& w, MarketId market, double usd) {
  MarketOutcome& out = w.outcome.markets[market.value];
  out.liquidated_usd += usd;
  out.liquidations += 1;
  if (out.first_liquidation_s < 0) out.first_liquidation_s = w.now_s;
}

void note_loss(Workspace& w, MarketId market, double usd, double paid_usd) {
  w.outcome.markets[market.value].recognised_usd += usd;
  w.realised_usd[market.value] += usd;
  w.paid_usd[market.value] += paid_usd;
}

void settle(const Snapshot& world, const Scenario&, Workspace& w) {
  for (auto* usd : {&w.round_liquidated_usd, &w.perps.round_takeover_usd, &w.perps.round_fund_usd,
                    &w.perps.round_deleveraged_usd}) {
    std::fill(usd->begin(), usd->end(), 0.0);
  }
  if (w.record) audit_liquidations(world, w);
  refresh_band_loans(world, w);
  for (const LiquidationOrder& o : w.orders) {
    if (o.fraction <= 0 || o.redeems) continue;
    if (o.counter != LiquidationOrder::no_auction) {
      settle_counter_sale(world, w, o);
    } else {
      o.auction == LiquidationOrder::no_auction ? settle_order(world, w, o)
                                                : settle_take(world, w, o);
    }
  }
  for (const std::uint32_t p : w.bands.closed) {
    const LiquidationOrder o = closing_order(world, w, p);
    if (o.fraction > 0) settle_order(world, w, o);
  }
  for (const LiquidationOrder& o : w.orders) {
    if (o.fraction > 0 && !o.redeems && !o.of_lot()) recognise(world, w, o.position, o.repay);
  }
  for (const std::uint32_t p : w.hollow.at_once) recognise(world, w, p);
  if (!world.clusters.empty()) {
    take_over_failing(world, w,
                      [&](std::uint32_t p, double repaid) { recognise(world, w, p, repaid); });
  }
  run_auctions(world, w);
  settle_redemptions(world, w);
  liquidate_troves(world, w);
  absorb_failing(world, w);
  settle_perps(world, w);
  settle_flows(world, w);
  settle_repayments(world, w);
  settle_withdrawals(world, w);
  settle_vaults(world, w);
  buy_cheap_collateral(world, w);
  if (!w.record) return;
  for (std::uint32_t m = 0; m < world.markets.size(); ++m) {
    if (w.round_liquidated_usd[m] > 0) note_liquidations(world, w, m);
    if (world.markets[m].perp >= 0) note_backstops(world, w, m);
  }
}

}  // namespace faultline
