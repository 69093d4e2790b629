#include "sim/credit/troves.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/credit/borrowing.hpp"
#include "sim/readings.hpp"

namespace faultline {

namespace {

/// Calls visit(row, legs) for every loan that owes and holds something.
template <class Visit>
void each_loan(const Snapshot& world, const Workspace& w, const TroveSystem& s, Visit&& visit) {
  for (std::uint32_t p = s.first_position; p < s.first_position + s.loans; ++p) {
    LoanLegs legs;
    if (find_legs(world, w, s.collateral, s.coin, p, legs) && legs.held > 0 && legs.owed_scaled > 0)
      visit(p, legs);
  }
}

/// Debt rounded up to whole coins.
Trove trove_of(const Snapshot& world, const Workspace& w, const TroveSystem& s,
               const LoanLegs& legs) {
  return {legs.held,
          quantum_of(world, s.coin).up(legs.owed_scaled * w.market.borrow_index[s.coin])};
}

/// Liquidations of one round in one market, before what they hand on is handed on.
struct Batch {
  double price = 0, gas_usd = 0;
  std::uint32_t open = 0;                  // loans left; 0: not counted yet
  double debt_scaled = 0, collateral = 0;  // for the other borrowers
};

/// What the amounts of a liquidation are in whole quanta: nothing of the loan is lost.
void make_whole(const Snapshot& world, const TroveSystem& s, const Trove& trove,
                TroveLiquidation& l) {
  const Quantum& q = quantum_of(world, s.collateral);
  l.offset_debt = quantum_of(world, s.coin).down(l.offset_debt);
  l.others_debt = trove.debt - l.offset_debt;
  l.caller_collateral = q.down(l.caller_collateral);
  l.pool_collateral = q.down(l.pool_collateral);
  double rest = trove.collateral - l.caller_collateral - l.pool_collateral;
  if (l.owner_collateral > 0 || !(l.others_debt > 0)) {
    l.owner_collateral = l.others_debt > 0 ? q.down(l.owner_collateral) : rest;
    rest -= l.owner_collateral;
  }
  l.others_collateral = rest;
}

/// The caller's part, out of which gas is paid.
void pay_caller(const Snapshot& world, Workspace& w, const TroveSystem& s, double units,
                double gas_usd) {
  const AssetId asset = world.reserves[s.collateral].asset;
  const AccountId purse = world.liquidator_purse(s.coin, asset);
  w.ledger.post(world.reserves[s.collateral].cash, purse, units);
  const double price = spot_of(world, w, s.collateral);
  const double gas = std::min(units, quantum_of(world, s.collateral).up(gas_usd / price));
  w.ledger.post(purse, world.chain_purse[asset.value], gas);
  w.outcome.gas_usd += gas * price;
}

/// Coins of the pool repay debt and cease to be.
void burn_pool_coins(Workspace& w, const TroveSystem& s, TroveState& state, double coins) {
  state.pool_coins -= coins;
  w.reserves[s.coin].supply_scaled -= coins;
  w.reserves[s.coin].lender_scaled -= coins;
}

void book(const Snapshot& world, Workspace& w, std::uint32_t place, std::uint32_t position,
          const LoanLegs& legs, const TroveLiquidation& l, Batch& batch) {
  const TroveSystem& s = world.troves[place];
  TroveState& state = w.troves.systems[place];
  const AccountId from = world.reserves[s.collateral].cash;
  change_leg(w, position, legs.debt, 0, w.reserves[s.coin].debt_scaled);
  change_leg(w, position, legs.collateral, 0, w.reserves[s.collateral].supply_scaled);
  w.touch(position);
  burn_pool_coins(w, s, state, l.offset_debt);
  w.ledger.post(from, s.gained, l.pool_collateral);
  w.ledger.post(from, s.owners, l.owner_collateral);
  pay_caller(world, w, s, l.caller_collateral, batch.gas_usd);
  batch.collateral += l.others_collateral;
  batch.debt_scaled += quantum_of(world, s.coin).up(l.others_debt / w.market.borrow_index[s.coin]);

  const double coin = spot_of(world, w, s.coin), held = spot_of(world, w, s.collateral);
  TroveOutcome& out = w.outcome.troves[place];
  const double offset_usd = l.offset_debt * coin, handed_usd = l.others_debt * coin;
  const double of_pool = std::max(0.0, offset_usd - l.pool_collateral * held);
  const double of_others = std::max(0.0, handed_usd - l.others_collateral * held);
  note_loss(w, s.market, of_pool + of_others, of_pool);
  note_liquidation(w, s.market, offset_usd + handed_usd);
  out.liquidations += 1;
  out.offset_usd += offset_usd;
  out.gained_usd += l.pool_collateral * held;
  out.handed_usd += handed_usd;
  out.handed_collateral_usd += l.others_collateral * held;
  out.returned_usd += l.owner_collateral * held;
  state.round.offset_usd += offset_usd;
  state.round.gained_usd += l.pool_collateral * held;
  state.round.handed_usd += handed_usd;
  w.quiet = false;
}

/// How many loans owe something: counted once somebody would be liquidated.
std::uint32_t loans_left(const Snapshot& world, const Workspace& w, const TroveSystem& s) {
  std::uint32_t open = 0;
  each_loan(world, w, s, [&](std::uint32_t, const LoanLegs&) { ++open; });
  return open;
}

bool liquidate(const Snapshot& world, Workspace& w, std::uint32_t place, std::uint32_t position,
               Batch& batch) {
  const TroveSystem& s = world.troves[place];
  LoanLegs legs;
  if (!find_legs(world, w, s.collateral, s.coin, position, legs) || !(legs.owed_scaled > 0))
    return false;
  const Trove trove = trove_of(world, w, s, legs);
  Trove system = all_loans(w, s);  // what waits to be handed on is still theirs
  system.collateral += batch.collateral;
  system.debt += batch.debt_scaled * w.market.borrow_index[s.coin];
  const double pool = std::max(0.0, w.troves.systems[place].pool_coins - s.pool_terms.least);
  TroveLiquidation l = liquidate_trove(s.terms, trove, batch.price, pool, system);
  if (!l.done) return false;
  make_whole(world, s, trove, l);
  if (l.others_debt > 0 && !w.transmission) return false;  // direct: no loss is passed on
  const double reward_usd = l.caller_collateral * spot_of(world, w, s.collateral);
  if (reward_usd < batch.gas_usd) return false;
  if (batch.open == 0) batch.open = loans_left(world, w, s);
  if (batch.open == 1) return false;  // the last loan stays
  book(world, w, place, position, legs, l, batch);
  --batch.open;
  return true;
}

/// Hands debt and collateral to all loans left by what they hold; who comes last gets what rounding
/// leaves.
void hand_on(const Snapshot& world, Workspace& w, const TroveSystem& s, const Batch& batch) {
  if (!(batch.debt_scaled > 0)) return;
  const Quantum &qd = quantum_of(world, s.coin), &qc = quantum_of(world, s.collateral);
  double debt = batch.debt_scaled, collateral = batch.collateral, before = 0;
  each_loan(world, w, s, [&](std::uint32_t, const LoanLegs& legs) { before += legs.held; });
  each_loan(world, w, s, [&](std::uint32_t p, const LoanLegs& legs) {
    // Its share of what is left, so that the last takes all of it.
    const bool last = legs.held >= before;
    const double share = legs.held / before;
    const double owed = last ? debt : std::min(debt, qd.up(debt * share));
    const double gets = last ? collateral : qc.down(collateral * share);
    before -= legs.held;
    debt -= owed;
    collateral -= gets;
    change_leg(w, p, legs.debt, legs.owed_scaled + owed, w.reserves[s.coin].debt_scaled);
    change_leg(w, p, legs.collateral, legs.held + gets, w.reserves[s.collateral].supply_scaled);
    w.touch(p);
  });
}

/// Failing rows of one market, riskiest first, ties by identity.
void rank(const Snapshot& world, const Workspace& w, const TroveSystem& s,
          std::vector<std::uint32_t>& rows) {
  const auto ratio = [&](std::uint32_t p) {
    LoanLegs legs;
    find_legs(world, w, s.collateral, s.coin, p, legs);
    return legs.held / legs.owed_scaled;
  };
  std::sort(rows.begin(), rows.end(), [&](std::uint32_t a, std::uint32_t b) {
    const double ra = ratio(a), rb = ratio(b);
    return ra != rb ? ra < rb : a < b;
  });
}

void tell_round(const Snapshot& world, Workspace& w, std::uint32_t place) {
  const std::string& name = world.markets[world.troves[place].market.value].name;
  const TroveRound& r = w.troves.systems[place].round;
  if (r.offset_usd > 0) {
    tell(w, "offset", name, "the stability pool pays {} of debt for collateral worth {}",
         {r.offset_usd, r.gained_usd});
  }
  if (r.handed_usd > 0) {
    tell(w, "redistribution", name, "{} of debt is handed to the other borrowers", {r.handed_usd});
  }
}

}  // namespace

Trove all_loans(const Workspace& w, const TroveSystem& s) {
  return {supply_units(w, s.collateral), debt_units(w, s.coin)};
}

void open_troves(const Snapshot& world, Workspace& w) {
  w.troves.systems.assign(world.troves.size(), {});
  w.troves.failing.clear();
  for (std::size_t i = 0; i < world.troves.size(); ++i) {
    w.troves.systems[i].pool_coins = world.troves[i].pool_coins;
  }
}

void step_recovery(const Snapshot& world, Workspace& w) {
  for (std::size_t i = 0; i < world.troves.size(); ++i) {
    const TroveSystem& s = world.troves[i];
    TroveState& state = w.troves.systems[i];
    const double price = price_in_coin(world, w, s.collateral, s.coin);
    if (!(price > 0)) continue;
    const Trove all = all_loans(w, s);
    const double tcr = collateral_ratio(all, price);
    const bool before = state.recovery;
    state.recovery = in_recovery_mode(s.terms, all, price);
    double& scale = w.pools.thresholds[s.collateral].scale;
    const double wanted = state.recovery ? std::min(1.0, s.terms.mcr / tcr) : 1.0;
    if (wanted != scale) {
      scale = wanted;
      w.changed_factors.push_back(world.reserves[s.collateral].collateral_factor);
    }
    TroveOutcome& out = w.outcome.troves[i];
    if (w.round == 0 || tcr < out.least_ratio) out.least_ratio = all.debt > 0 ? tcr : 0;
    if (state.recovery == before) continue;
    w.quiet = false;
    if (state.recovery) {
      state.recovery_since_s = w.now_s;
    } else {
      out.recovery_s += w.now_s - state.recovery_since_s;
    }
    if (!w.record) continue;
    tell(w, "recovery_mode", world.markets[s.market.value].name,
         state.recovery
             ? fmt::format("its loans hold {:.1f}% of what they owe: recovery mode", 100 * tcr)
             : fmt::format("its loans hold {:.1f}% of what they owe: recovery mode ends",
                           100 * tcr));
  }
}

void liquidate_troves(const Snapshot& world, Workspace& w) {
  if (w.troves.failing.empty()) return;
  std::vector<std::uint32_t>& rows = w.row_scratch;
  for (std::uint32_t i = 0; i < world.troves.size(); ++i) {
    const TroveSystem& s = world.troves[i];
    Batch batch{.price = price_in_coin(world, w, s.collateral, s.coin)};
    if (!(batch.price > 0)) continue;
    rows.clear();
    for (const std::uint32_t p : w.troves.failing) {
      if (world.positions[p].market == s.market) rows.push_back(p);
    }
    if (rows.empty()) continue;
    batch.gas_usd = liquidation_gas_usd(world, w, s.market);
    rank(world, w, s, rows);
    for (const std::uint32_t p : rows) liquidate(world, w, i, p, batch);
    hand_on(world, w, s, batch);
    if (w.record) tell_round(world, w, i);
    w.troves.systems[i].round = {};
  }
  w.troves.failing.clear();
}

bool trove_fails(const Snapshot& world, const Workspace& w, std::uint32_t position) {
  const Market& market = world.markets[world.positions[position].market.value];
  const auto place = static_cast<std::size_t>(market.troves);
  const TroveSystem& s = world.troves[place];
  LoanLegs legs;
  if (!find_legs(world, w, s.collateral, s.coin, position, legs) || !(legs.owed_scaled > 0))
    return false;
  const double price = price_in_coin(world, w, s.collateral, s.coin);
  const double pool = std::max(0.0, w.troves.systems[place].pool_coins - s.pool_terms.least);
  return liquidate_trove(s.terms, trove_of(world, w, s, legs), price, pool, all_loans(w, s)).done;
}

double pool_funds_usd(const Snapshot& world, const Workspace& w, const TroveSystem& s) {
  const auto place = static_cast<std::size_t>(world.markets[s.market.value].troves);
  return w.troves.systems[place].pool_coins * spot_of(world, w, s.coin);
}

void close_troves(const Snapshot& world, Workspace& w) {
  for (std::size_t i = 0; i < world.troves.size(); ++i) {
    const TroveSystem& s = world.troves[i];
    TroveOutcome& out = w.outcome.troves[i];
    const double coin = spot_of(world, w, s.coin);
    const TroveState& state = w.troves.systems[i];
    if (state.recovery) out.recovery_s += counted_until_s(w) - state.recovery_since_s;
    out.pool_start_usd = s.pool_coins * coin;
    out.pool_end_usd = state.pool_coins * coin;
    out.pool_collateral_usd = w.ledger.balance(s.gained) * spot_of(world, w, s.collateral);
  }
}

}  // namespace faultline
