#include "sim/credit/absorbing_markets.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "sim/agents/deposits.hpp"
#include "sim/credit/borrowing.hpp"
#include "sim/credit/coin_loans.hpp"
#include "sim/credit/pools.hpp"
#include "sim/feed_audit.hpp"

namespace faultline {

namespace {

bool open_for_sale(const Snapshot& world, const Workspace& w, const AbsorbingInfo& a) {
  const double reserves = base_reserves(world, w, a);
  return reserves < 0 || reserves < a.terms.target_reserves;
}

constexpr std::uint32_t no_counter = 0xffffffffu, no_leg = 0xffffffffu;

/// What is held and owed by a row, as its market's feeds see it.
struct FailingAccount {
  AbsorbableLeg legs[kMostLegs];
  std::uint32_t counter_of[kMostLegs];  // of each leg; of other legs: none
  std::uint32_t count = 0;              // of legs
  std::uint32_t base_leg = no_leg, debt_leg = no_leg;
  double debt = 0;  // base units, whole quanta
};

/// False where a feed gives no price, or nothing is owed: then nobody may absorb it.
bool view_account(const Snapshot& world, const Workspace& w, const AbsorbingInfo& a,
                  std::uint32_t position, FailingAccount& out) {
  Leg legs[kMostLegs];
  const RowLegs row = w.positions.row(position, legs);
  const Reserve& base = world.reserves[a.base];
  out.count = row.collateral;
  for (std::uint32_t leg = 0; leg < row.count; ++leg) {
    const auto [f, amount] = legs[leg];
    const std::uint32_t r = f / 2;
    const OracleId feed = world.reserves[r].oracle;
    const double price = w.market.published[feed.value];
    if (amount > 0 && (!w.market.usable[feed.value] || !(price > 0))) return false;
    if (leg >= row.collateral) {
      out.debt_leg = leg;
      out.debt = quantum_of(world, a.base).up(amount * w.market.borrow_index[r]);
      continue;
    }
    out.counter_of[leg] = no_counter;
    out.legs[leg] = {};
    if (f == base.collateral_factor) {
      out.base_leg = leg;
      continue;
    }
    const std::uint32_t c = a.first_counter + (r - a.base - 1);
    out.counter_of[leg] = c;
    out.legs[leg] = {amount, price, w.settings.reserves[r].terms.lt,
                     world.counters[c].liquidation_factor};
  }
  return out.debt > 0 && out.base_leg != no_leg;
}

/// Takes the collateral into the market's inventory; gives what it is worth, USD.
double seize(const Snapshot& world, Workspace& w, std::uint32_t position,
             const FailingAccount& account) {
  double usd = 0;
  for (std::uint32_t leg = 0; leg < account.count; ++leg) {
    const std::uint32_t i = account.counter_of[leg];
    const AbsorbableLeg& l = account.legs[leg];
    if (i == no_counter || !(l.amount > 0) || !(l.liquidation_factor > 0)) continue;
    const CounterInfo& c = world.counters[i];
    change_leg(w, position, leg, 0, w.reserves[c.reserve].supply_scaled);
    w.ledger.post(world.reserves[c.reserve].cash, c.inventory, l.amount);
    usd += l.amount * worth(world, w, world.reserves[c.reserve].asset);
  }
  return usd;
}

/// Puts down what was paid for what was taken, by worth.
void note_cost(const Snapshot& world, Workspace& w, const FailingAccount& account, double cost,
               double seized_usd) {
  if (!(seized_usd > 0)) return;
  for (std::uint32_t leg = 0; leg < account.count; ++leg) {
    const std::uint32_t i = account.counter_of[leg];
    const AbsorbableLeg& l = account.legs[leg];
    if (i == no_counter || !(l.liquidation_factor > 0)) continue;
    const double usd = l.amount * worth(world, w, world.reserves[world.counters[i].reserve].asset);
    w.absorbing.cost[i] += cost * (usd / seized_usd);
  }
}

/// The caller's gas, where the market pays it.
void pay_gas(const Snapshot& world, Workspace& w, const AbsorbingInfo& a) {
  if (!a.pays_gas) return;
  const Reserve& base = world.reserves[a.base];
  const double price = spot_of(world, w, a.base);
  const double gas = quantum_of(world, a.base).up(liquidation_gas_usd(world, w, a.market) / price);
  const double paid = std::min(gas, std::max(0.0, w.ledger.balance(base.cash)));
  w.ledger.post(base.cash, world.chain_purse[base.asset.value], paid);
  w.outcome.gas_usd += paid * price;
}

void absorb_row(const Snapshot& world, Workspace& w, std::uint32_t place, std::uint32_t position) {
  const AbsorbingInfo& a = world.absorbing[place];
  FailingAccount account;
  if (!view_account(world, w, a, position, account)) return;
  if (w.record) audit_vault(world, w, position);
  const Reserve& base = world.reserves[a.base];
  const double feed = w.market.published[base.oracle.value];
  const Absorption sized =
      absorb_account(std::span(account.legs, account.count), account.debt, feed);
  const Quantum& q = quantum_of(world, a.base);
  const double index = w.market.supply_index[a.base];
  const double credited = q.down(sized.balance / index);
  const double price = spot_of(world, w, a.base), debt_usd = account.debt * price;
  const double seized_usd = seize(world, w, position, account);
  change_leg(w, position, account.debt_leg, 0, w.reserves[a.base].debt_scaled);
  change_leg(w, position, account.base_leg,
             w.positions.amount(position, account.base_leg) + credited,
             w.reserves[a.base].supply_scaled);
  const double lost_usd = std::max(0.0, debt_usd - seized_usd);
  note_cost(world, w, account, account.debt + credited * index - lost_usd / price, seized_usd);
  note_loss(w, a.market, lost_usd, lost_usd);
  pay_gas(world, w, a);
  w.changed_market_factors.push_back(base.debt_factor);
  claims_changed(world, w, a.base);
  w.touch(position);

  note_liquidation(w, a.market, debt_usd);
  AbsorbingOutcome& out = w.outcome.absorbing[place];
  out.absorptions += 1;
  out.absorbed_usd += debt_usd;
  out.seized_usd += seized_usd;
  out.credited_usd += credited * index * price;
  AbsorbingState& state = w.absorbing.markets[place];
  state.last_absorbed = position;
  state.round.absorbed_usd += debt_usd;
  state.round.seized_usd += seized_usd;
}

/// The run's story, and when reserves and counter turn.
void tell_round(const Snapshot& world, Workspace& w, std::uint32_t place) {
  const AbsorbingInfo& a = world.absorbing[place];
  AbsorbingState& state = w.absorbing.markets[place];
  const AbsorbingRound round = std::exchange(state.round, {});
  const std::string& name = world.markets[a.market.value].name;
  if (round.sold_usd > 0) {
    tell(w, "counter", name, "collateral is bought at the counter for {}", {round.sold_usd});
  }
  if (round.absorbed_usd > 0) {
    tell(w, "absorption", name, "accounts owing {} are absorbed with collateral worth {}",
         {round.absorbed_usd, round.seized_usd});
  }
  const double price = spot_of(world, w, a.base), reserves = base_reserves(world, w, a);
  const double unsold_usd = inventory_units(world, w, a) * price;
  const bool closed = unsold_usd > 0 && !open_for_sale(world, w, a);
  if (closed != state.closed) {
    tell(w, "counter", name,
         closed ? "reserves of {} have reached their target: the counter closes, {} unsold"
                : "reserves of {}: the counter is open again, {} unsold",
         {reserves * price, unsold_usd});
    state.closed = closed;
  }
  if ((reserves < 0) == state.negative) return;
  state.negative = reserves < 0;
  if (state.negative) {
    tell(w, "reserves", name, "reserves are negative: {} of what lenders are owed is not there",
         {-reserves * price});
  } else {
    tell(w, "reserves", name, "reserves are positive again", {});
  }
}

}  // namespace

double base_reserves(const Snapshot& world, const Workspace& w, const AbsorbingInfo& a) {
  return reserve_cash(world, w, a.base) + debt_units(w, a.base) - supply_units(w, a.base);
}

double inventory_units(const Snapshot& world, const Workspace& w, const AbsorbingInfo& a) {
  double usd = 0;
  for (std::uint32_t i = a.first_counter; i < a.first_counter + a.counters; ++i) {
    const CounterInfo& c = world.counters[i];
    usd += w.ledger.balance(c.inventory) * worth(world, w, world.reserves[c.reserve].asset);
  }
  return usd / spot_of(world, w, a.base);
}

double absorbing_funds(const Snapshot& world, const Workspace& w, std::uint32_t place) {
  const AbsorbingInfo& a = world.absorbing[place];
  double units = base_reserves(world, w, a);
  for (std::uint32_t i = a.first_counter; i < a.first_counter + a.counters; ++i) {
    units += w.absorbing.cost[i];
  }
  return units * spot_of(world, w, a.base);
}

void add_inventories(const Snapshot& world, const Workspace& w, std::vector<double>& amounts) {
  for (const CounterInfo& c : world.counters) amounts[c.reserve] += w.ledger.balance(c.inventory);
}

void plan_counter_sales(const Snapshot& world, Workspace& w) {
  for (std::uint32_t i = 0; i < world.counters.size(); ++i) {
    const CounterInfo& c = world.counters[i];
    const AbsorbingInfo& a = world.absorbing[c.market];
    const double held = w.ledger.balance(c.inventory);
    const std::uint32_t m = a.market.value;
    if (!(held > 0) || world.liquidator_of[m] < 0 || liquidation_paused(w, m) || paused(w, m) ||
        !open_for_sale(world, w, a)) {
      continue;
    }
    const double price = price_in_coin(world, w, c.reserve, a.base);
    const std::uint16_t lane = world.lane(c.reserve, a.base);
    if (!(price > 0) || !world.lanes[lane].open) continue;
    const double paid = quantum_of(world, a.base)
                            .up(cost_of_inventory(a.terms, held, price, c.liquidation_factor, 1));
    const double gas = liquidation_gas_usd(world, w, a.market) / spot_of(world, w, a.base);
    if (!(held * w.lane_price[lane] > paid + gas)) continue;
    LiquidationOrder& order = w.orders.emplace_back();
    order.position = w.absorbing.markets[c.market].last_absorbed;
    order.lane = lane;
    order.debt_reserve = a.base;
    order.collateral_reserve = c.reserve;
    order.counter = i;
    order.repay = paid;
    order.seize = order.to_liquidator = held;
    order.gas = gas;
    order.limit = (paid + gas) / held;
  }
}

void settle_counter_sale(const Snapshot& world, Workspace& w, const LiquidationOrder& o) {
  const CounterInfo& c = world.counters[o.counter];
  const AbsorbingInfo& a = world.absorbing[c.market];
  const AssetId base = world.reserves[a.base].asset;
  const AccountId purse = world.liquidator_purse(a.base, base);
  const double price = spot_of(world, w, a.base);
  w.ledger.post(purse, world.reserves[a.base].cash, o.repay);
  w.ledger.post(purse, world.chain_purse[base.value], o.gas);
  w.outcome.gas_usd += o.gas * price;
  const double left = w.ledger.balance(c.inventory);  // what was sold has left it already
  const double cost = left > 0 ? w.absorbing.cost[o.counter] * (o.seize / (o.seize + left))
                               : w.absorbing.cost[o.counter];
  w.absorbing.cost[o.counter] = left > 0 ? w.absorbing.cost[o.counter] - cost : 0;
  const double lost_usd = std::max(0.0, cost - o.repay) * price;
  note_loss(w, a.market, lost_usd, lost_usd);
  w.outcome.absorbing[c.market].sold_usd += o.repay * price;
  w.absorbing.markets[c.market].round.sold_usd += o.repay * price;
  claims_changed(world, w, a.base);
}

void absorb_failing(const Snapshot& world, Workspace& w) {
  if (world.absorbing.empty()) return;
  for (const std::uint32_t p : w.absorbing.failing) {
    const MarketId market = world.positions[p].market;
    absorb_row(world, w, static_cast<std::uint32_t>(world.markets[market.value].absorbs), p);
  }
  w.absorbing.failing.clear();
  for (std::uint32_t i = 0; i < world.absorbing.size(); ++i) {
    if (w.record) {
      tell_round(world, w, i);
    } else {
      w.absorbing.markets[i].round = {};
    }
  }
}

void open_absorbing(const Snapshot& world, Workspace& w) {
  w.absorbing.markets.assign(world.absorbing.size(), {});
  w.absorbing.cost.assign(world.counters.size(), 0.0);
  w.absorbing.failing.clear();
}

void open_absorbing_outcomes(const Snapshot& world, Workspace& w) {
  for (std::uint32_t i = 0; i < world.absorbing.size(); ++i) {
    const AbsorbingInfo& a = world.absorbing[i];
    AbsorbingOutcome& out = w.outcome.absorbing[i];
    out.reserves_start_usd = base_reserves(world, w, a) * spot_of(world, w, a.base);
    out.reserves_least_usd = out.reserves_start_usd;
  }
}

void note_absorbing(const Snapshot& world, Workspace& w) {
  for (std::uint32_t i = 0; i < world.absorbing.size(); ++i) {
    const AbsorbingInfo& a = world.absorbing[i];
    AbsorbingOutcome& out = w.outcome.absorbing[i];
    const double price = spot_of(world, w, a.base);
    const double reserves = base_reserves(world, w, a);
    out.inventory_usd = inventory_units(world, w, a) * price;
    out.inventory_most_usd = std::max(out.inventory_most_usd, out.inventory_usd);
    out.reserves_end_usd = reserves * price;
    out.reserves_least_usd = std::min(out.reserves_least_usd, out.reserves_end_usd);
    if (reserves < 0 && out.negative_s < 0) out.negative_s = w.now_s;
  }
}

}  // namespace faultline
