// Phase 4: markets find who is in breach; liquidators decide what would pay. Read-only on the
// world: the output is a list of orders.
//
//   pays where  to_liquidator x route price net of fees  >  repay + gas
//   per dollar repaid: (1 + b) x liquidator's share x rho > 1 + gas / repaid,
//   rho = route price over the oracle's price of the pair
//
// A row in breach that no pair of legs would pay for is parked under the least rho at which it
// could, and is looked at again once some lane reaches it or its debt gained 5% in value.
#include <algorithm>
#include <cmath>
#include <limits>

#include "protocols/liquidation/economics.hpp"
#include "sim/phases.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

constexpr double never = std::numeric_limits<double>::infinity();
constexpr double drift = 1.05;  // growth of debt prices after which parked rows are looked at again

/// What one unit of a lane's asset brings at the margin, net of fees, in the lane's target.
double lane_rate(const Snapshot& world, const Workspace& w, const Lane& lane) {
  if (!w.transmission) {
    return w.market.reference[lane.from.value] / w.market.reference[lane.to.value];
  }
  double rate = 1;
  for (const Hop& hop : lane.hops) rate *= venue_rate(world, w.venues, hop.venue, hop.side);
  return rate;
}

void refresh_factors(const Snapshot& world, Workspace& w) {
  for (const std::uint32_t o : w.moved_feeds.members()) {
    for (const std::uint32_t r : world.reserves_of_feed[o]) {
      w.changed_factors.push_back(world.reserves[r].collateral_factor);
      w.changed_factors.push_back(world.reserves[r].debt_factor);
    }
  }
  std::sort(w.changed_factors.begin(), w.changed_factors.end());
  w.changed_factors.erase(std::unique(w.changed_factors.begin(), w.changed_factors.end()),
                          w.changed_factors.end());
  std::size_t kept = 0;
  for (const std::uint32_t f : w.changed_factors) {
    const double y = breach_factor(w, f);
    w.changed_market_factors.push_back(f);
    if (y == w.factors[f]) continue;
    w.factors[f] = y;
    w.changed_factors[kept++] = f;
  }
  w.changed_factors.resize(kept);
}

void refresh_lanes(const Snapshot& world, Workspace& w) {
  for (std::uint32_t l = 0; l < world.lanes.size(); ++l) {
    const Lane& lane = world.lanes[l];
    bool moved = w.round == 0;
    for (const Hop& hop : lane.hops) moved = moved || w.moved_venues.has(hop.venue.value);
    if (!w.transmission) {
      moved =
          moved || w.moved_references.has(lane.from.value) || w.moved_references.has(lane.to.value);
    }
    if (moved && lane.open) w.lane_price[l] = lane_rate(world, w, lane);
  }
}

bool by_needs(const ParkedRow& a, const ParkedRow& b) {
  return a.needs != b.needs ? a.needs > b.needs : a.position > b.position;
}

/// Brings back parked rows that might pay now. rho is the best any lane offers.
void wake_parked(const Snapshot& world, Workspace& w) {
  if (w.parked.empty()) return;
  bool all = false;
  for (std::uint32_t o = 0; o < world.oracles.size(); ++o) {
    if (w.market.published[o] > drift * w.parked_prices[o]) all = true;
  }
  double rho = 0;
  for (std::uint32_t l = 0; l < world.lanes.size(); ++l) {
    if (!world.lanes[l].open) continue;
    rho = std::max(rho, w.lane_price[l] / lane_oracle_price(world, w, l));
  }
  while (!w.parked.empty() && (all || w.parked.front().needs <= rho)) {
    std::pop_heap(w.parked.begin(), w.parked.end(), by_needs);
    const std::uint32_t p = w.parked.back().position;
    w.parked.pop_back();
    w.set_parked(p, false);
    w.breach.unpark(p);
  }
  if (all) w.parked_prices = w.market.published;
}

void park(Workspace& w, std::uint32_t position, double needs) {
  w.breach.park(position);
  if (w.is_parked(position)) return;  // a rekey listed it again; its entry still holds
  if (w.parked.empty()) w.parked_prices = w.market.published;
  w.set_parked(position, true);
  w.parked.push_back({position, needs});
  std::push_heap(w.parked.begin(), w.parked.end(), by_needs);
}

/// A row in breach with its legs in units and dollars, as the market's oracles see it.
struct RowView {
  double debt_usd = 0, weighted_usd = 0;
  std::uint32_t legs = 0, collateral_legs = 0;
  bool priced = true;  // every feed it rests on may be used
};

RowView view_row(const Snapshot& world, const Workspace& w, std::uint32_t position) {
  RowView row;
  row.legs = world.book->legs(position);
  row.collateral_legs = world.book->collateral_legs(position);
  for (std::uint32_t leg = 0; leg < row.legs; ++leg) {
    const double amount = w.positions.amount(position, leg);
    if (amount == 0) continue;
    const std::uint32_t f = world.book->factor(position, leg);
    const double value = amount * w.factors[f];
    (leg < row.collateral_legs ? row.weighted_usd : row.debt_usd) += value;
    if (!w.market.usable[world.reserves[f / 2].oracle.value]) row.priced = false;
  }
  return row;
}

struct Pair {
  std::uint32_t debt_leg = 0, collateral_leg = 0, debt_reserve = 0, collateral_reserve = 0;
  std::uint16_t lane = 0;
  double gas = 0;  // debt units
};

/// Sizes the liquidation of one pair of legs.
LiquidationPlan plan_pair(const Snapshot& world, const Workspace& w, std::uint32_t position,
                          const RowView& row, const Pair& pair) {
  const std::uint32_t rd = pair.debt_reserve, rc = pair.collateral_reserve;
  const Quantum& qd = world.assets[world.reserves[rd].asset.value].quantum;
  const Quantum& qc = world.assets[world.reserves[rc].asset.value].quantum;
  LiquidationRow r;
  r.debt = qd.up(w.positions.amount(position, pair.debt_leg) * w.market.borrow_index[rd]);
  r.collateral =
      qc.down(w.positions.amount(position, pair.collateral_leg) * w.market.supply_index[rc]);
  r.debt_price = w.market.published[world.reserves[rd].oracle.value];
  r.collateral_price = w.market.published[world.reserves[rc].oracle.value];
  r.total_debt_usd = row.debt_usd;
  r.health = row.weighted_usd / row.debt_usd;
  r.debt_quantum = qd;
  r.collateral_quantum = qc;
  return plan_liquidation(r, w.settings.reserves[rc].terms);
}

struct Best {
  Pair pair;
  LiquidationPlan plan;
  double profit_usd = 0;
  double needs = never;  // least rho at which any pair could pay
};

void try_pair(const Snapshot& world, Workspace& w, std::uint32_t position, const RowView& row,
              const Pair& pair, double gas_usd, Best& best) {
  const Lane& lane = world.lanes[pair.lane];
  if (!lane.open) return;
  const std::uint32_t rd = pair.debt_reserve, rc = pair.collateral_reserve;
  const LendingTerms& terms = w.settings.reserves[rc].terms;
  const double pd = w.market.published[world.reserves[rd].oracle.value];
  const double debt_usd =
      w.positions.amount(position, pair.debt_leg) * w.market.borrow_index[rd] * pd;
  const double gain = (1 + terms.bonus) * liquidator_share(terms);
  best.needs = std::min(best.needs, (1 + gas_usd / (drift * debt_usd)) / gain);
  const double rho = w.lane_price[pair.lane] / lane_oracle_price(world, w, pair.lane);
  if (!(gain * rho > 1 + gas_usd / debt_usd)) return;
  const LiquidationPlan plan = plan_pair(world, w, position, row, pair);
  if (plan.reverts()) return;
  const double profit = liquidation_profit(plan, w.lane_price[pair.lane], pair.gas) * pd;
  if (profit > best.profit_usd) {
    best.pair = pair;
    best.plan = plan;
    best.profit_usd = profit;
  }
}

/// The pair of legs a liquidator gains most from.
Best best_pair(const Snapshot& world, Workspace& w, std::uint32_t position, const RowView& row,
               double gas_usd) {
  Best best;
  for (std::uint32_t d = row.collateral_legs; d < row.legs; ++d) {
    if (w.positions.amount(position, d) == 0) continue;
    const std::uint32_t rd = world.book->factor(position, d) / 2;
    const double gas = gas_usd / w.market.spot[world.reserves[rd].asset.value];
    for (std::uint32_t c = 0; c < row.collateral_legs; ++c) {
      if (w.positions.amount(position, c) == 0) continue;
      const std::uint32_t rc = world.book->factor(position, c) / 2;
      const std::uint16_t lane = world.lane(rc, rd);
      try_pair(world, w, position, row, {d, c, rd, rc, lane, gas}, gas_usd, best);
    }
  }
  return best;
}

void add_order(Workspace& w, std::uint32_t position, const Best& best) {
  LiquidationOrder o;
  o.position = position;
  o.lane = best.pair.lane;
  o.debt_leg = static_cast<std::uint16_t>(best.pair.debt_leg);
  o.collateral_leg = static_cast<std::uint16_t>(best.pair.collateral_leg);
  o.debt_reserve = best.pair.debt_reserve;
  o.collateral_reserve = best.pair.collateral_reserve;
  o.repay = best.plan.repay;
  o.seize = best.plan.seize;
  o.to_liquidator = best.plan.to_liquidator;
  o.gas = best.pair.gas;
  o.limit = required_price(best.plan, best.pair.gas);
  w.orders.push_back(o);
}

}  // namespace

double lane_oracle_price(const Snapshot& world, const Workspace& w, std::uint32_t lane) {
  return w.market.published[world.lanes[lane].from_oracle.value] /
         w.market.published[world.lanes[lane].to_oracle.value];
}

double breach_factor(const Workspace& w, std::uint32_t factor) {
  const std::uint32_t r = factor / 2;
  const Reserve& reserve = w.settings.reserves[r];
  const double price = w.market.published[reserve.oracle.value];
  return factor == reserve.debt_factor ? price * w.market.borrow_index[r]
                                       : price * w.market.supply_index[r] * reserve.terms.lt;
}

void assess(const Snapshot& world, const Scenario&, Workspace& w) {
  w.orders.clear();
  refresh_factors(world, w);
  refresh_lanes(world, w);
  wake_parked(world, w);
  if (const auto bad = w.breach.find(w.factors, w.changed_factors, w.breached)) {
    fail(w, Stop::not_finite,
         "the value of " + world.factor_text(*bad) + " is not a finite number");
    return;
  }
  for (const std::uint32_t p : w.breached) {
    ++w.outcome.counters.breaches;
    w.breach_since.try_emplace(p, w.round);
    const MarketId market = world.positions[p].market;
    const std::int32_t who = world.liquidator_of[market.value];
    const RowView row = view_row(world, w, p);
    if (who < 0 || !row.priced) {
      if (who < 0) park(w, p, never);
      continue;
    }
    const double gas_usd = w.settings.liquidator_gas[static_cast<std::size_t>(who)];
    const Best best = best_pair(world, w, p, row, gas_usd);
    if (best.profit_usd > 0) {
      add_order(w, p, best);
    } else {
      park(w, p, best.needs);
    }
  }
  w.changed_factors.clear();
  w.moved_references.clear();
  w.moved_venues.clear();
  w.moved_feeds.clear();
  w.moved_spots.clear();
  w.outcome.counters.orders += w.orders.size();
  if (!w.orders.empty()) w.quiet = false;
}

}  // namespace faultline
