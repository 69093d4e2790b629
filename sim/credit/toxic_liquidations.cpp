// Liquidations that make their account worse [warmuz_toxic_2022]. Repaying d dollars takes g d of
// collateral, g = what is seized per dollar repaid at the prices the LTV uses: (1 + bonus), or
// (1 + bonus) / (1 - s) where it is sold at a further discount s. LTV' = (D - d) / (C - g d) is
// above D / C iff D / C > 1 / g; then all that is repaid ends in bad debt.
#include "sim/credit/pools.hpp"

namespace faultline {

void note_toxic(const Snapshot& world, Workspace& w, const LiquidationOrder& o) {
  if (o.owed > 0) return;  // a loan on bands gives all it holds in proportion, and no bonus
  Leg legs[kMostLegs];
  const RowLegs row = w.positions.row(o.position, legs);
  const auto price = [&](std::uint32_t r) {
    return w.market.published[world.reserves[r].oracle.value];
  };
  double collateral = 0, debt = 0;
  for (std::uint32_t leg = 0; leg < row.count; ++leg) {
    if (legs[leg].amount == 0) continue;
    const std::uint32_t r = legs[leg].factor / 2;
    if (leg < row.collateral) {
      collateral += legs[leg].amount * w.market.supply_index[r] * price(r);
    } else {
      debt += legs[leg].amount * w.market.borrow_index[r] * price(r);
    }
  }
  const double repaid = o.repay * price(o.debt_reserve);
  if (!(debt * o.seize * price(o.collateral_reserve) > collateral * repaid)) return;
  const Reserve& owed = world.reserves[o.debt_reserve];
  MarketOutcome& out = w.outcome.markets[owed.market.value];
  out.toxic_liquidations += 1;
  out.toxic_usd += o.repay * w.market.spot[owed.asset.value];
}

}  // namespace faultline
