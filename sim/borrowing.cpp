#include "sim/borrowing.hpp"

#include <algorithm>

#include "sim/pools.hpp"

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

}  // namespace faultline
