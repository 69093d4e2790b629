#include "sim/borrowing.hpp"

#include <algorithm>

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
  w.reserves[r].supply_scaled += units;
  w.reserves[r].lender_scaled += units;
}

}  // namespace

double borrowable_units(const Snapshot& world, const Workspace& w, std::uint32_t r) {
  if (!world.reserves[r].takes_debt) return 0;
  const double cap = std::max(0.0, w.settings.reserves[r].borrow_cap - debt_units(w, r));
  if (world.reserves[r].minted) return cap;
  return std::max(0.0, std::min(cap, reserve_cash(world, w, r)));
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
  w.accruing = w.accruing || bears_interest(w.settings.reserves[r].rate);
  add_to_leg(world, w, row, world.reserves[r].debt_factor, scaled);
  w.reserves[r].debt_scaled += scaled;
}

}  // namespace faultline
