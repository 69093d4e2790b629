// Phase 4: markets find who is in breach; liquidators decide what would pay. Read-only on the
// world: the output is a list of orders.
//
//   pays where  to_liquidator x route price net of fees  >  repay + gas
//   per dollar repaid: (1 + b) x liquidator's share x rho > 1 + gas / repaid,
//   rho = route price over the oracle's price of the pair
//
// A row in breach that no pair of legs would pay for is parked until a lane reaches the least rho
// at which its pair could pay, or some value it was found under has drifted by 3% in its favour.
#include <algorithm>
#include <cmath>

#include "protocols/liquidation/economics.hpp"
#include "sim/agents/flows.hpp"
#include "sim/credit/absorbing_markets.hpp"
#include "sim/credit/auctions.hpp"
#include "sim/credit/band_loans.hpp"
#include "sim/credit/clusters.hpp"
#include "sim/credit/coin_loans.hpp"
#include "sim/credit/pools.hpp"
#include "sim/credit/troves.hpp"
#include "sim/parked_rows.hpp"
#include "sim/perpetuals/perps.hpp"
#include "sim/perpetuals/pool_perps.hpp"
#include "sim/phases.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

void refresh_factors(const Snapshot& world, Workspace& w) {
  for (const std::uint32_t o : w.moved_feeds.members()) {
    for (const std::uint32_t r : world.reserves_of_feed[o]) {
      w.changed_factors.push_back(world.reserves[r].collateral_factor);
      w.changed_factors.push_back(world.reserves[r].debt_factor);
      add_contracts_settled_in(world, r, w.changed_factors);
    }
  }
  std::size_t kept = 0;
  for (const std::uint32_t f : w.changed_factors) {
    const double y = breach_factor(w, f);
    w.changed_market_factors.push_back(f);
    if (y == w.factors[f]) continue;  // equal, or met before
    w.factors[f] = y;
    w.changed_factors[kept++] = f;
  }
  w.changed_factors.resize(kept);
}

/// A lane's price, and what it makes of the oracles' price of the pair.
void set_lane(const Snapshot& world, Workspace& w, std::size_t l, double price) {
  const LaneSources& at = world.lane_sources[l];
  w.lane_price[l] = price;
  w.lane_rho[l] = price * w.market.published[at.to_oracle] * w.published_inverse[at.from_oracle];
}

void price_lane(const Snapshot& world, Workspace& w, std::size_t l) {
  static_assert(kMostHops == 3);
  const LaneSources& at = world.lane_sources[l];
  const double* rate = w.market.venue_rate.data();
  set_lane(world, w, l, rate[at.rate_at[0]] * rate[at.rate_at[1]] * rate[at.rate_at[2]]);
}

/// In the direct run a lane brings the reference price.
void price_lanes_at_reference(const Snapshot& world, Workspace& w) {
  for (std::size_t l = 0; l < world.lane_sources.size(); ++l) {
    const Lane& lane = world.lanes[l];
    if (!lane.open) continue;
    set_lane(world, w, l, w.market.reference[lane.from.value] / w.market.reference[lane.to.value]);
  }
}

/// The best of the venues a bundle stands for.
void price_bundles(const Snapshot& world, Workspace& w) {
  for (const std::vector<Hop>& bundle : world.bundles) {
    double best = 0;
    for (const Hop& h : bundle)
      best = std::max(best, w.market.venue_rate[rate_place(h.venue, h.side)]);
    const Hop whole{bundle[0].venue, bundle[0].side,
                    static_cast<std::uint32_t>(&bundle - world.bundles.data())};
    w.market.venue_rate[rate_place(world, whole)] = best;
  }
}

/// Prices anew the lanes whose venues or feeds moved; all of them once a feed did.
void refresh_lanes(const Snapshot& world, Workspace& w) {
  const bool all = w.round == 0 || !w.moved_feeds.empty();
  if (all) {
    for (std::uint32_t o = 0; o < world.oracles.size(); ++o) {
      w.published_inverse[o] = 1 / w.market.published[o];
    }
  }
  if (!w.transmission && w.round > 0) {
    if (!all && w.moved_references.empty()) return;
    w.parked.asks = true;
    price_lanes_at_reference(world, w);
    return;
  }
  if (!all && w.moved_venues.empty()) return;
  w.parked.asks = true;
  price_bundles(world, w);
  if (all) {
    for (std::size_t l = 0; l < world.lane_sources.size(); ++l) price_lane(world, w, l);
  } else {
    for (const std::uint32_t v : w.moved_venues.members()) {
      for (const std::uint32_t l : world.lanes_of_venue[v]) price_lane(world, w, l);
    }
  }
  if (!w.transmission) price_lanes_at_reference(world, w);
}

/// Market value over what the oracle says, of every reserve's asset.
void refresh_gaps(const Snapshot& world, Workspace& w) {
  if (w.round > 0 && w.moved_feeds.empty() && w.moved_spots.empty()) return;
  for (std::uint32_t r = 0; r < world.reserves.size(); ++r) {
    const Reserve& reserve = world.reserves[r];
    w.spot_gap[r] = w.market.spot[reserve.asset.value] / w.market.published[reserve.oracle.value];
  }
}

/// A row in breach with its legs in units and dollars, as the market's oracles see it.
struct RowView {
  Leg legs[kMostLegs];
  RowLegs count{};
  double debt_usd = 0, weighted_usd = 0;
  bool priced = true;  // every feed it rests on may be used
};

void view_row(const Snapshot& world, const Workspace& w, std::uint32_t position, RowView& row) {
  row.count = w.positions.row(position, row.legs);
  row.debt_usd = row.weighted_usd = 0;
  row.priced = true;
  for (std::uint32_t leg = 0; leg < row.count.count; ++leg) {
    const auto [f, amount] = row.legs[leg];
    if (amount == 0) continue;
    const double value = amount * w.factors[f];
    (leg < row.count.collateral ? row.weighted_usd : row.debt_usd) += value;
    if (!w.market.usable[world.reserves[f / 2].oracle.value]) row.priced = false;
  }
}

struct Pair {
  std::uint32_t debt_leg = 0, collateral_leg = 0, debt_reserve = 0, collateral_reserve = 0;
  std::uint16_t lane = 0;
  double gas = 0;  // debt units
};

/// Sizes the liquidation of one pair of legs.
LiquidationPlan plan_pair(const Snapshot& world, const Workspace& w, const RowView& row,
                          const Pair& pair) {
  const std::uint32_t rd = pair.debt_reserve, rc = pair.collateral_reserve;
  const Quantum& qd = world.assets[world.reserves[rd].asset.value].quantum;
  const Quantum& qc = world.assets[world.reserves[rc].asset.value].quantum;
  LiquidationRow r;
  r.debt = qd.up(row.legs[pair.debt_leg].amount * w.market.borrow_index[rd]);
  r.collateral = qc.down(row.legs[pair.collateral_leg].amount * w.market.supply_index[rc]);
  r.debt_price = w.market.published[world.reserves[rd].oracle.value];
  r.collateral_price = w.market.published[world.reserves[rc].oracle.value];
  r.total_debt_usd = row.debt_usd;
  r.health = row.weighted_usd / row.debt_usd;
  r.debt_quantum = qd;
  r.collateral_quantum = qc;
  const LendingTerms& terms = w.settings.reserves[rc].terms;
  if (w.pools.thresholds[rc].scale == 1) return plan_liquidation(r, terms);
  LendingTerms scaled = terms;
  scaled.lt *= w.pools.thresholds[rc].scale;
  return plan_liquidation(r, scaled);
}

/// Most of a debt leg that one call may ever repay, as a share of it.
double most_share(const LendingTerms& t) {
  const bool may_be_all = t.small_usd > 0 || t.full_below_hf > 0 || t.target_health > 0 ||
                          t.close_base == CloseBase::total;
  return may_be_all ? 1 : std::min(1.0, t.close_factor);
}

/// Least rho at which a pair could pay while values drift no further than they may, a little or
/// far. One call repays no more than the leg owes, nor than the collateral is worth less the bonus,
/// rounded up; gas is paid at the market price of the debt. Rounded down.
LaneNeeds least_rho(const Snapshot& world, const Workspace& w, const RowView& row, const Pair& pair,
                    double gas_usd, double gain) {
  const Reserve& debt = world.reserves[pair.debt_reserve];
  const Reserve& collateral = world.reserves[pair.collateral_reserve];
  const double pd = w.market.published[debt.oracle.value];
  const double owed =
      row.legs[pair.debt_leg].amount * w.market.borrow_index[pair.debt_reserve] * pd;
  const double posted = row.legs[pair.collateral_leg].amount *
                        w.market.supply_index[pair.collateral_reserve] *
                        w.market.published[collateral.oracle.value];
  const double step = world.assets[debt.asset.value].quantum.step * pd;
  const double bonus = w.settings.reserves[pair.collateral_reserve].terms.bonus;
  const double most =
      std::min(most_share(w.settings.reserves[pair.collateral_reserve].terms) * owed + step,
               posted / (1 + bonus) + step);
  const double gas = gas_usd / w.spot_gap[pair.debt_reserve];
  const auto needs = [&](double drift) {
    const double rho = (1 + gas / drift / (drift * most)) / gain * (1 - 1e-9);
    return std::isnan(rho) ? 0 : rho;
  };
  return {pair.lane, needs(near_drift), needs(far_drift * near_drift)};
}

/// Plans one pair; where it gains more than `best_usd`, the order and that sum are replaced by it.
void try_pair(const Snapshot& world, const Workspace& w, const RowView& row, const Pair& pair,
              double gas_usd, double& best_usd, LiquidationOrder& order,
              std::vector<LaneNeeds>& needs) {
  const Lane& lane = world.lanes[pair.lane];
  if (!lane.open) return;
  const std::uint32_t rd = pair.debt_reserve, rc = pair.collateral_reserve;
  const LendingTerms& terms = w.settings.reserves[rc].terms;
  const double pd = w.market.published[world.reserves[rd].oracle.value];
  const double debt_usd = row.legs[pair.debt_leg].amount * w.market.borrow_index[rd] * pd;
  const double gain = (1 + terms.bonus) * liquidator_share(terms);
  needs.push_back(least_rho(world, w, row, pair, gas_usd, gain));
  const double rho = w.lane_rho[pair.lane];
  if (!(gain * rho > 1 + gas_usd / debt_usd) || needs.back().needs > rho) return;
  const LiquidationPlan plan = plan_pair(world, w, row, pair);
  if (plan.reverts()) return;
  const double profit_usd = liquidation_profit(plan, w.lane_price[pair.lane], pair.gas) * pd;
  if (!(profit_usd > best_usd)) return;
  best_usd = profit_usd;
  order.lane = pair.lane;
  order.debt_leg = static_cast<std::uint16_t>(pair.debt_leg);
  order.collateral_leg = static_cast<std::uint16_t>(pair.collateral_leg);
  order.debt_reserve = rd;
  order.collateral_reserve = rc;
  order.repay = plan.repay;
  order.seize = plan.seize;
  order.to_liquidator = plan.to_liquidator;
  order.gas = pair.gas;
  order.limit = required_price(plan, pair.gas);
}

/// Orders the pair of legs a liquidator gains most from, and gives what it gains, USD, 0 if none
/// pays; appends what every pair needs.
double best_pair(const Snapshot& world, const Workspace& w, const RowView& row, double gas_usd,
                 LiquidationOrder& order, std::vector<LaneNeeds>& needs) {
  double best_usd = 0;
  for (std::uint32_t d = row.count.collateral; d < row.count.count; ++d) {
    if (row.legs[d].amount == 0) continue;
    const std::uint32_t rd = row.legs[d].factor / 2;
    const double gas = gas_usd / w.market.spot[world.reserves[rd].asset.value];
    for (std::uint32_t c = 0; c < row.count.collateral; ++c) {
      if (row.legs[c].amount == 0) continue;
      const std::uint32_t rc = row.legs[c].factor / 2;
      const std::uint16_t lane = world.lane(rc, rd);
      try_pair(world, w, row, {d, c, rd, rc, lane, gas}, gas_usd, best_usd, order, needs);
    }
  }
  return best_usd;
}

/// Rows in breach at the opening that the first round finds sound were never in breach.
void forget_healed(Workspace& w) {
  if (w.left.empty()) return;
  w.breach_since.clear();
  for (const std::uint32_t p : w.opening_rows->breached) {
    if (!std::binary_search(w.left.begin(), w.left.end(), p)) w.breach_since.try_emplace(p, 0);
  }
}

/// Brings the list of rows to look at up to date: what the search reported, and who may pay again.
void refresh_breached(const Snapshot& world, Workspace& w) {
  std::erase_if(w.entered,
                [&](std::uint32_t p) { return w.is_parked(p) && keeps_waiting(world, w, p); });
  for (const auto* rows : {&w.left, &w.entered}) {
    for (const std::uint32_t p : *rows)
      if (w.is_parked(p)) w.set_parked(p, false);
  }
  if (w.round == 0 && w.opening_rows) forget_healed(w);
  for (const std::uint32_t p : w.entered) w.breach_since.try_emplace(p, w.round);
  update_rows(w.breached, w.entered, w.left, w.row_scratch);
  wake_parked(w);
  w.left.clear();
  update_rows(w.breached, w.parked.woken, w.left, w.row_scratch);
}

/// Accounts in breach by their size alone join the rows to be planned, for this round.
void add_tiered(const Snapshot& world, Workspace& w) {
  find_tiered(world, w, w.breached, w.perps.tiered);
  if (w.perps.tiered.empty()) return;
  for (const std::uint32_t p : w.perps.tiered) w.breach_since.try_emplace(p, w.round);
  w.left.clear();
  update_rows(w.breached, w.perps.tiered, w.left, w.row_scratch);
}

void drop_tiered(Workspace& w) {
  if (w.perps.tiered.empty()) return;
  w.entered.clear();
  update_rows(w.breached, w.entered, w.perps.tiered, w.row_scratch);
}

/// Plans one row in breach: it is ordered, parked, or looked at again next round whatever happens.
void plan_row(const Snapshot& world, const Workspace& w, std::uint32_t position, PlannedRows& out) {
  const MarketId market = world.positions[position].market;
  const std::int32_t who = world.liquidator_of[market.value];
  const auto first_need = static_cast<std::uint32_t>(out.needs.size());
  if (world.markets[market.value].perp >= 0 && plan_trader(world, w, position, out)) return;
  if (who < 0) {
    out.parked.push_back({position, first_need, first_need});  // for good: nothing to wait for
    return;
  }
  if (world.markets[market.value].house >= 0) {
    out.vaults.push_back(position);
    out.kept.push_back(position);
    return;
  }
  if (world.markets[market.value].troves >= 0) {
    out.troves.push_back(position);
    out.kept.push_back(position);
    return;
  }
  const double gas = liquidation_gas_usd(world, w, market);
  if (liquidation_paused(w, market.value)) {
    out.kept.push_back(position);
    return;
  }
  if (world.markets[market.value].absorbs >= 0) {
    out.absorbed.push_back(position);
    out.kept.push_back(position);
    return;
  }
  if (world.markets[market.value].bands >= 0) {
    plan_band_loan(world, w, position, gas, out);
    return;
  }
  RowView row;
  view_row(world, w, position, row);
  if (!row.priced) {
    out.kept.push_back(position);
    return;
  }
  if (world.markets[market.value].vault_cluster >= 0) out.clustered.push_back(position);
  // Written where it stays: an order is copied once, when all rows are planned.
  LiquidationOrder& order = out.orders.emplace_back();
  order.position = position;
  if (best_pair(world, w, row, gas, order, out.needs) > 0) {
    out.kept.push_back(position);
    out.needs.resize(first_need);
    return;
  }
  out.orders.pop_back();
  if (world.markets[market.value].vault_cluster >= 0 &&
      (row.weighted_usd == 0 || may_take_over(world, market))) {
    out.kept.push_back(position);
    out.needs.resize(first_need);
    return;
  }
  out.parked.push_back({position, first_need, static_cast<std::uint32_t>(out.needs.size())});
}

/// What was planned of vaults and of perpetual accounts, in the order of their rows.
void take_over_plans(const PlannedRows& rows, Workspace& w) {
  w.perps.orders.insert(w.perps.orders.end(), rows.perp_orders.begin(), rows.perp_orders.end());
  w.perps.taken_over.insert(w.perps.taken_over.end(), rows.taken_over.begin(),
                            rows.taken_over.end());
  w.perps.deleveraged.insert(w.perps.deleveraged.end(), rows.deleveraged.begin(),
                             rows.deleveraged.end());
  w.auctions.vaults.insert(w.auctions.vaults.end(), rows.vaults.begin(), rows.vaults.end());
  w.troves.failing.insert(w.troves.failing.end(), rows.troves.begin(), rows.troves.end());
  w.absorbing.failing.insert(w.absorbing.failing.end(), rows.absorbed.begin(), rows.absorbed.end());
  w.clusters.failing.insert(w.clusters.failing.end(), rows.clustered.begin(), rows.clustered.end());
  w.perps.closings.insert(w.perps.closings.end(), rows.closings.begin(), rows.closings.end());
  w.perps.waits = w.perps.waits || rows.waits;
}

/// Plans all rows in breach, pieces of the list in parallel where a scenario runs alone.
void plan_rows(const Snapshot& world, Workspace& w) {
  constexpr std::size_t piece = 512;
  const std::size_t pieces = (w.breached.size() + piece - 1) / piece;
  if (w.planned.size() < pieces) w.planned.resize(pieces);
  w.spread(pieces, 2, [&](std::size_t i) {
    PlannedRows& out = w.planned[i];
    out.clear();
    const std::size_t end = std::min(w.breached.size(), (i + 1) * piece);
    for (std::size_t k = i * piece; k < end; ++k) plan_row(world, w, w.breached[k], out);
  });
  w.breached.clear();
  for (std::size_t i = 0; i < pieces; ++i) {
    const PlannedRows& rows = w.planned[i];
    w.orders.insert(w.orders.end(), rows.orders.begin(), rows.orders.end());
    w.breached.insert(w.breached.end(), rows.kept.begin(), rows.kept.end());
    take_over_plans(rows, w);
    w.bands.closed.insert(w.bands.closed.end(), rows.closed_loans.begin(), rows.closed_loans.end());
    for (const PlannedRows::Parking& p : rows.parked) {
      park(w, p, rows.needs);
      if (world.markets[world.positions[p.position].market.value].bands >= 0) {
        wait_for_price(world, w, p.position);
      }
    }
  }
}

}  // namespace

double breach_factor(const Workspace& w, std::uint32_t factor) {
  const std::uint32_t r = factor / 2;
  const Reserve& reserve = w.settings.reserves[r];
  const double answer = w.market.published[reserve.oracle.value];
  if (std::isnan(answer)) return 0;  // no answer yet: it counts for nothing
  const bool at_mid = w.world->markets[reserve.market.value].vault_cluster >= 0;
  const double band = at_mid ? 0 : w.market.band[reserve.oracle.value];
  return breach_factor_at(
      w, factor, factor == reserve.debt_factor ? answer + band : std::max(0.0, answer - band));
}

double breach_factor_at(const Workspace& w, std::uint32_t factor, double price) {
  const std::uint32_t r = factor / 2;
  const Reserve& reserve = w.settings.reserves[r];
  const double lt = reserve.terms.lt * w.pools.thresholds[r].scale;
  if (factor == reserve.collateral_factor && reserve.terms.trigger == Trigger::at_or_below) {
    return std::nextafter(price * w.market.supply_index[r] * lt, 0.0);
  }
  if (reserve.contract) {
    const Reserve& quote = w.world->reserves[venue_of_contract(*w.world, r).settles];
    const double paid = w.market.funding[factor] * w.market.published[quote.oracle.value];
    const bool owed = factor == reserve.debt_factor;
    const double index = owed ? w.market.borrow_index[r] : w.market.supply_index[r];
    return price * index * (owed ? reserve.debt_weight : reserve.terms.lt) - paid;
  }
  return factor == reserve.debt_factor ? price * w.market.borrow_index[r]
                                       : price * w.market.supply_index[r] * lt;
}

/// Whether rows of a market are served one by one, along lanes.
bool sells_along_lanes(const Market& m) {
  return m.perp < 0 && m.house < 0 && m.troves < 0 && m.absorbs < 0 && m.bands < 0 &&
         m.vault_cluster < 0;
}

void find_opening_breaches(const Snapshot& world, Workspace& w, OpeningRows& found) {
  refresh_lanes(world, w);
  refresh_gaps(world, w);
  w.breach.find(w.factors, {}, found.breached, w.left);  // the base is finite
  PlannedRows plans;
  for (const std::uint32_t p : found.breached) {
    found.since.try_emplace(p, 0);
    const Market& market = world.markets[world.positions[p].market.value];
    sells_along_lanes(market) ? plan_row(world, w, p, plans) : plans.kept.push_back(p);
  }
  for (const PlannedRows::Parking& p : plans.parked) park(w, p, plans.needs);
  found.kept = std::move(plans.kept);
  found.parked = w.parked;
}

void assess(const Snapshot& world, const Scenario&, Workspace& w) {
  w.orders.clear();
  w.bands.closed.clear();
  w.perps.forget_orders();
  step_recovery(world, w);
  refresh_factors(world, w);
  refresh_lanes(world, w);
  refresh_gaps(world, w);
  if (const auto bad = w.find_rows(w.breach, w.factors, w.changed_factors)) {
    fail(w, Stop::not_finite,
         "the value of " + world.factor_text(*bad) + " is not a finite number");
    return;
  }
  if (w.pools.scaled) count_scaled(world, w);
  if (w.clusters.cut) count_second_round(world, w);
  refresh_breached(world, w);
  add_tiered(world, w);
  w.outcome.counters.breaches += w.breached.size();
  plan_rows(world, w);
  drop_tiered(w);
  plan_takes(world, w);
  plan_counter_sales(world, w);
  plan_unwinding_of_shares(world, w);
  plan_redemptions(world, w);
  plan_unwinding(world, w);
  plan_pool_deleveraging(world, w);
  plan_flows(world, w);
  w.changed_factors.clear();
  w.moved_references.clear();
  w.moved_venues.clear();
  w.moved_feeds.clear();
  w.moved_spots.clear();
  w.outcome.counters.orders += w.orders.size() + w.perps.orders.size() + w.bands.closed.size();
  if (!w.orders.empty() || !w.bands.closed.empty() || w.perps.acts()) w.quiet = false;
}

}  // namespace faultline
