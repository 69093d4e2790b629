#include "sim/credit/borrowing.hpp"

#include <algorithm>

#include "sim/credit/pools.hpp"

namespace faultline {

namespace {

/// Adds to the leg of a row that a factor values.
void add_to_leg(const Snapshot& world, Workspace& w, std::uint32_t row, std::uint32_t factor,
                double scaled) {
  for (std::uint32_t leg = 0; leg < world.book->legs(row); ++leg) {
    if (world.book->factor(row, leg) != factor) continue;
    w.positions.set_amount(row, leg, w.positions.amount(row, leg) + scaled);
    w.touch(row);
    return;
  }
}

/// Out of the reserve's cash, or where the coin is minted, out of nothing.
void pay_loan(const Snapshot& world, Workspace& w, std::uint32_t r, double units, AccountId to) {
  if (!world.reserves[r].minted) {
    w.ledger.post(world.reserves[r].cash, to, units);
    return;
  }
  w.ledger.mint(to, units);
  w.minted[world.reserves[r].asset.value] += units;
  pot_state(w, r).supply_scaled += units;
  pot_state(w, r).lender_scaled += units;
}

}  // namespace

double borrowable_units(const Snapshot& world, const Workspace& w, std::uint32_t r) {
  if (!world.reserves[r].minted) return borrow_room(world, w, r);
  return std::max(0.0, w.settings.reserves[r].borrow_cap - debt_units(w, r));
}

void add_collateral(const Snapshot& world, Workspace& w, std::uint32_t row, std::uint32_t r,
                    double scaled) {
  add_to_leg(world, w, row, world.reserves[r].collateral_factor, scaled);
}

void lend_out(const Snapshot& world, Workspace& w, std::uint32_t row, std::uint32_t r, double units,
              AccountId to) {
  const Quantum& q = world.assets[world.reserves[r].asset.value].quantum;
  const double scaled = q.up(units / w.market.borrow_index[r]);
  pay_loan(world, w, r, units, to);
  w.accruing = w.accruing || bears_interest(w.settings.reserves[world.reserves[r].pot].rate);
  add_to_leg(world, w, row, world.reserves[r].debt_factor, scaled);
  pot_state(w, r).debt_scaled += scaled;
}

double scaled_less(double scaled, double units, double index, const Quantum& q, bool round_up) {
  const double off = round_up ? q.up(units / index) : q.down(units / index);
  return std::max(0.0, scaled - off);
}

void change_leg(Workspace& w, std::uint32_t row, std::uint32_t leg, double value, double& total) {
  total -= w.positions.amount(row, leg) - value;
  w.positions.set_amount(row, leg, value);
}

bool may_owe(const Snapshot& world, const Workspace& w, std::uint32_t p, std::uint32_t collateral,
             std::uint32_t r) {
  const Reserve &posts = world.reserves[collateral], &owes = world.reserves[r];
  if (posts.pot == owes.pot) return false;  // against itself
  if (posts.emode >= 0) {
    const Market& market = world.markets[posts.market.value];
    const auto& may = market.emodes[static_cast<std::size_t>(posts.emode)].borrowable;
    if (!std::binary_search(may.begin(), may.end(), r)) return false;
  }
  if (posts.isolation.isolated() && !owes.isolation.borrowable) return false;
  for (std::uint32_t leg = world.book->collateral_legs(p); leg < world.book->legs(p); ++leg) {
    const std::uint32_t other = world.book->factor(p, leg) / 2;
    if (other == r || !(w.positions.amount(p, leg) > 0)) continue;
    if (owes.isolation.siloed || world.reserves[other].isolation.siloed) return false;
  }
  return true;
}

double ceiling_room(const Snapshot& world, const Workspace& w, std::uint32_t r) {
  const Reserve& reserve = world.reserves[r];
  if (!reserve.isolation.isolated()) return reserve.isolation.ceiling_usd;
  return std::max(0.0, reserve.isolation.ceiling_usd - w.pools.isolated_usd[reserve.pot]);
}

void post_collateral(const Snapshot& world, Workspace& w, std::uint32_t row, std::uint32_t rc,
                     AccountId from, double units) {
  const Quantum& q = world.assets[world.reserves[rc].asset.value].quantum;
  w.ledger.post(from, world.reserves[rc].cash, units);
  const double scaled = q.down(units / w.market.supply_index[rc]);
  add_collateral(world, w, row, rc, scaled);
  pot_state(w, rc).supply_scaled += scaled;
}

void borrow_against(const Snapshot& world, Workspace& w, std::uint32_t row, std::uint32_t rc,
                    double posted, const std::vector<AccountId>& purse, const Wanted& wanted) {
  const auto price = [&](std::uint32_t r) {
    return w.market.published[world.reserves[r].oracle.value];
  };
  const Market& market = world.markets[world.reserves[rc].market.value];
  double credit = std::min(posted * price(rc) * opening_weight(w, rc), ceiling_room(world, w, rc));
  for (const std::uint32_t r : market.by_saleability) {
    if (!(credit > 0) || !may_owe(world, w, row, rc, r)) continue;
    const AssetId asset = world.reserves[r].asset;
    const Quantum& q = world.assets[asset.value].quantum;
    const double units = q.down(std::min(borrowable_units(world, w, r), credit / price(r)));
    if (!(units > 0) || !wanted(r, units)) continue;
    credit -= units * price(r);
    if (world.reserves[rc].isolation.isolated()) {
      w.pools.isolated_usd[world.reserves[rc].pot] += units * price(r);
    }
    lend_out(world, w, row, r, units, purse[asset.value]);
  }
}

}  // namespace faultline
