#include "sim/credit/clusters.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "sim/credit/borrowing.hpp"
#include "sim/credit/coin_loans.hpp"
#include "sim/credit/pools.hpp"

namespace faultline {

namespace {

const ClusterInfo& cluster_of(const Snapshot& world, MarketId market) {
  return world.clusters[static_cast<std::size_t>(world.markets[market.value].vault_cluster)];
}

/// Which of liquidators' rows at a vault a position is, 0 or 1; else 2.
std::uint32_t row_of(const ClusterVault& vault, std::uint32_t position) {
  if (vault.held == ClusterVault::none) return 2;
  return position == vault.held ? 0 : position == vault.held + 1 ? 1 : 2;
}

double told_price(const Snapshot& world, const Workspace& w, std::uint32_t r) {
  return w.market.published[world.reserves[r].oracle.value];
}

/// What a row of a cluster owes: its one debt, and the vault.
struct Owed {
  std::size_t vault = 0;  // of the cluster
  std::uint32_t reserve = 0, leg = 0;
  double scaled = 0, units = 0;  // before and after interest; 0: it owes nothing
};

Owed owed_by(const Snapshot& world, const Workspace& w, std::uint32_t position) {
  Leg legs[kMostLegs];
  const RowLegs row = w.positions.row(position, legs);
  Owed out;
  for (std::uint32_t leg = row.collateral; leg < row.count; ++leg) {
    if (!(legs[leg].amount > 0)) continue;
    const std::uint32_t r = legs[leg].factor / 2;
    const MarketId market = world.positions[position].market;
    out = {r - world.markets[market.value].first_reserve, r, leg, legs[leg].amount,
           quantum_of(world, r).up(legs[leg].amount * w.market.borrow_index[r])};
  }
  return out;
}

/// Value of a row's listed shares at their weights less its debt, USD, at prices and indices of
/// now.
double slack_of(const Workspace& w, std::uint32_t position) {
  Leg legs[kMostLegs];
  const RowLegs row = w.positions.row(position, legs);
  double usd = 0;
  for (std::uint32_t leg = 0; leg < row.count; ++leg) {
    if (legs[leg].amount == 0) continue;
    const double value = legs[leg].amount * breach_factor(w, legs[leg].factor);
    usd += leg < row.collateral ? value : -value;
  }
  return usd;
}

/// Of the pair a row's debt and one of its shares make: what a liquidator may take over.
struct Take {
  std::uint32_t leg = 0, reserve = 0;  // of the shares
  double scaled = 0;                   // all of them
  double held = 0;                     // the same in units
  TakenOver whole;                     // were capital no limit
  double gain_usd = 0;                 // at market prices, before gas
};

/// The pair that gains most at market prices; no leg's `whole` takes anything: none gains.
Take best_take(const Snapshot& world, const Workspace& w, std::uint32_t position,
               const Owed& owed) {
  Leg legs[kMostLegs];
  const RowLegs row = w.positions.row(position, legs);
  const double debt_price = told_price(world, w, owed.reserve);
  double weighted = 0;
  std::uint32_t with_balance = 0;
  for (std::uint32_t leg = 0; leg < row.collateral; ++leg) {
    const std::uint32_t r = legs[leg].factor / 2;
    weighted += legs[leg].amount * w.market.supply_index[r] * told_price(world, w, r) *
                w.settings.reserves[r].terms.lt * w.pools.thresholds[r].scale;
    with_balance += legs[leg].amount > 0 ? 1 : 0;
  }
  Take best;
  for (std::uint32_t leg = 0; leg < row.collateral; ++leg) {
    if (!(legs[leg].amount > 0)) continue;
    Take t{leg, legs[leg].factor / 2, legs[leg].amount, 0, {}, 0};
    t.held = quantum_of(world, t.reserve).down(t.scaled * w.market.supply_index[t.reserve]);
    const double bonus = w.settings.reserves[t.reserve].terms.bonus;
    const DiscountTerms terms{.max_discount = bonus / (1 + bonus), .socialise = false};
    const Violation v{owed.units,
                      debt_price,
                      t.held,
                      told_price(world, w, t.reserve),
                      std::min(1.0, health_score(weighted, owed.units * debt_price)),
                      with_balance > 1};
    t.whole = take_over(terms, v);
    t.gain_usd = t.whole.collateral * worth(world, w, world.reserves[t.reserve].asset) -
                 t.whole.debt * spot_of(world, w, owed.reserve);
    if (t.gain_usd > best.gain_usd && t.whole.debt > 0) best = t;
  }
  return best;
}

/// Shares less debt of a liquidator's row at opening LTVs, bid and ask, in USD.
struct OpeningValue {
  double bid = 0, ask = 0;  // of a unit of the shares after their LTV; of the debt
};
OpeningValue opening_value(const Snapshot& world, const Workspace& w, std::uint32_t shares,
                           std::uint32_t debt) {
  const auto band = [&](std::uint32_t r) { return w.market.band[world.reserves[r].oracle.value]; };
  return {std::max(0.0, told_price(world, w, shares) - band(shares)) * opening_weight(w, shares),
          told_price(world, w, debt) + band(debt)};
}

double opening_slack(const Snapshot& world, const Workspace& w, std::uint32_t row,
                     std::uint32_t debt) {
  double usd = 0;
  for (std::uint32_t leg = 0; leg < world.book->legs(row); ++leg) {
    const std::uint32_t r = world.book->factor(row, leg) / 2;
    const double amount = w.positions.amount(row, leg);
    const OpeningValue v = opening_value(world, w, r, debt);
    usd += leg < world.book->collateral_legs(row) ? amount * w.market.supply_index[r] * v.bid
                                                  : -amount * w.market.borrow_index[r] * v.ask;
  }
  return usd;
}

/// A liquidator at work: whose purse, and what of his capital is free, USD.
struct Taker {
  std::size_t who = 0;
  double free_usd = 0;
};

double free_capital(const Snapshot& world, const Workspace& w, std::size_t who) {
  double usd = w.settings.liquidator_capital[who] - w.liquidation_out.before(who, w.round) -
               w.auctions.tied_usd[who] - tied_in_clusters(world, w, who);
  for (const LiquidationOrder& o : w.orders) {
    const std::uint32_t market = world.reserves[o.debt_reserve].market.value;
    if (o.fraction <= 0 || o.unwinds) continue;
    if (static_cast<std::size_t>(world.liquidator_of[market]) != who) continue;
    usd -= o.repay * spot_of(world, w, o.debt_reserve);
  }
  return usd;
}

/// Part of a take that the liquidator's row can bear once all his free capital is paid in.
double bearable(const Snapshot& world, const Workspace& w, const Take& t, const Owed& owed,
                std::uint32_t held, double free_usd) {
  const OpeningValue v = opening_value(world, w, t.reserve, owed.reserve);
  const double paid = std::max(0.0, free_usd) / spot_of(world, w, owed.reserve) * v.ask;
  const double slack = opening_slack(world, w, held, owed.reserve) + paid;
  const double needs = t.whole.debt * v.ask - t.whole.collateral * v.bid;
  if (!(needs > 0)) return slack + std::max(0.0, -needs) >= 0 ? 1 : 0;
  return std::clamp(slack / needs, 0.0, 1.0);
}

/// Moves scaled amounts between the legs of two rows that one factor values.
void move_leg(const Snapshot& world, Workspace& w, std::uint32_t from, std::uint32_t leg,
              std::uint32_t to, double scaled) {
  const std::uint32_t factor = world.book->factor(from, leg);
  w.positions.set_amount(from, leg, w.positions.amount(from, leg) - scaled);
  for (std::uint32_t other = 0; other < world.book->legs(to); ++other) {
    if (world.book->factor(to, other) != factor) continue;
    w.positions.set_amount(to, other, w.positions.amount(to, other) + scaled);
  }
  w.touch(from);
  w.touch(to);
}

/// Pays into a liquidator's row what opening LTVs ask for. Gives units.
double pay_in(const Snapshot& world, Workspace& w, std::uint32_t held, std::uint32_t debt,
              AccountId purse) {
  const Quantum& q = quantum_of(world, debt);
  const Owed owes = owed_by(world, w, held);
  const double missing = -opening_slack(world, w, held, debt);
  if (!(missing > 0) || !(owes.units > 0)) return 0;
  const double ask = opening_value(world, w, debt, debt).ask;
  const double units = std::min(owes.units, q.up(missing / ask));
  const double left = units >= owes.units
                          ? 0
                          : scaled_less(owes.scaled, units, w.market.borrow_index[debt], q, false);
  change_leg(w, held, owes.leg, left, pot_state(w, debt).debt_scaled);
  w.ledger.post(purse, world.reserves[debt].cash, units);
  return units;
}

void note_taken(const Snapshot& world, Workspace& w, std::size_t place, std::uint32_t debt,
                double taken_usd, double shares_usd, double repaid_usd) {
  ClusterVaultOutcome& out = w.outcome.cluster_vaults[place];
  out.takeovers += 1;
  out.taken_usd += taken_usd;
  out.shares_usd += shares_usd;
  out.repaid_usd += repaid_usd;
  ClusterRound& round = w.clusters.vaults[place].round;
  round.taken_usd += taken_usd;
  round.shares_usd += shares_usd;
  round.repaid_usd += repaid_usd;
  w.changed_market_factors.push_back(world.reserves[debt].debt_factor);  // rows are looked at again
  w.quiet = false;
}

/// Debt and shares of one pair move to the liquidator's row, as far as his capital reaches. Gives
/// units of debt, 0 where it does not pay him.
double take_pair(const Snapshot& world, Workspace& w, std::uint32_t position, const Owed& owed,
                 std::size_t place, std::uint32_t held, Taker& taker) {
  const Take t = best_take(world, w, position, owed);
  const Reserve& debt = world.reserves[owed.reserve];
  const double gas_usd = liquidation_gas_usd(world, w, debt.market);
  if (!(t.gain_usd > gas_usd)) return 0;
  const double part = bearable(world, w, t, owed, held, taker.free_usd - gas_usd);
  if (!(part * t.gain_usd > gas_usd)) {
    if (part < 1 && w.liquidation_out.before(taker.who, w.round + 1) > 0) w.quiet = false;
    return 0;  // capital that is out comes back
  }
  const Quantum &qd = quantum_of(world, owed.reserve), &qc = quantum_of(world, t.reserve);
  const double debt_index = w.market.borrow_index[owed.reserve];
  const double share_index = w.market.supply_index[t.reserve];
  const bool all_debt = part == 1 && t.whole.debt >= owed.units;
  const bool all_shares = part == 1 && t.whole.collateral >= t.held;
  const double owes =
      all_debt ? owed.scaled : std::min(owed.scaled, qd.down(part * t.whole.debt / debt_index));
  const double shares =
      all_shares ? t.scaled : std::min(t.scaled, qc.down(part * t.whole.collateral / share_index));
  if (!(owes > 0) || !(shares > 0)) return 0;
  move_leg(world, w, position, owed.leg, held, owes);
  move_leg(world, w, position, t.leg, held, shares);
  const AccountId purse = world.liquidator_purse(owed.reserve, debt.asset);
  const double spot = spot_of(world, w, owed.reserve);
  const double repaid_usd = spot * pay_in(world, w, held, owed.reserve, purse);
  w.ledger.post(purse, world.chain_purse[debt.asset.value], qd.up(gas_usd / spot));
  w.outcome.gas_usd += gas_usd;
  taker.free_usd -= repaid_usd + gas_usd;
  w.clusters.vaults[place].tied_usd += repaid_usd;
  const ClusterVault& vault = cluster_of(world, debt.market).vaults[owed.vault];
  double* const cost = &w.clusters.cost[2 * t.reserve];
  const double taken_usd = owes * debt_index * spot;
  if (const std::uint32_t from = row_of(vault, position); from < 2) {
    cost[from] *= 1 - shares / t.scaled;
  } else {
    note_liquidation(w, debt.market, world.whole_usd(taken_usd));
  }
  cost[row_of(vault, held)] += owes * debt_index;
  note_taken(world, w, place, owed.reserve, taken_usd,
             shares * share_index * worth(world, w, world.reserves[t.reserve].asset), repaid_usd);
  return owes * debt_index;
}

/// Where liquidators take a row over to: the first of their rows that is sound; from one of theirs,
/// the other.
std::uint32_t taking_row(const Workspace& w, const ClusterVault& vault, std::uint32_t position) {
  const std::uint32_t from = row_of(vault, position);
  if (vault.held == ClusterVault::none) return vault.held;
  if (from < 2) return vault.held + (from == 0 ? 1 : 0);
  return vault.held + (slack_of(w, vault.held) < 0 ? 1 : 0);
}

/// Takes over a row in breach, pair after pair. Gives units of debt.
double take_over_row(const Snapshot& world, Workspace& w, const ClusterInfo& cluster,
                     std::uint32_t position, Taker& taker) {
  double taken = 0;
  for (std::uint32_t i = 0; i < world.book->collateral_legs(position); ++i) {
    const Owed owed = owed_by(world, w, position);
    if (!(owed.units > 0) || !(slack_of(w, position) < 0)) break;
    const std::uint32_t held = taking_row(w, cluster.vaults[owed.vault], position);
    if (held == ClusterVault::none) break;
    const double units =
        take_pair(world, w, position, owed, cluster.first + owed.vault, held, taker);
    if (!(units > 0)) break;
    taken += units;
  }
  return taken;
}

/// Shares of no worth stand in nobody's way: whoever liquidates takes them for nothing.
void claim_worthless(const Snapshot& world, Workspace& w, const ClusterInfo& cluster,
                     std::uint32_t position) {
  const Owed owed = owed_by(world, w, position);
  const std::uint32_t held = taking_row(w, cluster.vaults[owed.vault], position);
  if (held == ClusterVault::none) return;
  for (std::uint32_t leg = 0; leg < world.book->collateral_legs(position); ++leg) {
    const double scaled = w.positions.amount(position, leg);
    if (scaled > 0) move_leg(world, w, position, leg, held, scaled);
  }
}

void tell_vault(const Snapshot& world, Workspace& w, const ClusterInfo& cluster, std::size_t i) {
  const ClusterRound round = std::exchange(w.clusters.vaults[cluster.first + i].round, {});
  if (!w.record) return;
  const std::uint32_t r = cluster.vaults[i].reserve;
  const std::string& market = world.markets[cluster.market.value].name;
  const std::string& asset = world.assets[world.reserves[r].asset.value].name;
  if (round.taken_usd > 0) {
    tell(w, "takeover", market,
         fmt::format("liquidators take over debts of {{}} to the {} vault with shares worth {{}}, "
                     "paying in {{}}",
                     asset),
         {round.taken_usd, round.shares_usd, round.repaid_usd});
  }
  if (round.unwound_usd > 0) {
    tell(w, "takeover", market,
         fmt::format("shares they took over are sold, and {{}} repaid to the {} vault", asset),
         {round.unwound_usd});
  }
  if (round.erased_usd > 0) {
    const double fall = 1 - w.clusters.kept[r] / round.kept_before;
    tell(w, "socialisation", market,
         fmt::format("{{}} owed to the {0} vault without collateral is erased: a share of it is "
                     "worth {1:.2f}% less",
                     asset, 100 * fall),
         {round.erased_usd});
  }
}

}  // namespace

void open_clusters(const Snapshot& world, Workspace& w) {
  ClusterRun& run = w.clusters;
  run.ramps.clear();
  run.failing.clear();
  run.cut = false;
  if (world.clusters.empty()) return;
  run.kept.assign(world.reserves.size(), 1.0);
  run.cost.assign(2 * world.reserves.size(), 0.0);
  run.vaults.assign(w.world->clusters.back().first + w.world->clusters.back().vaults.size(), {});
}

void start_ramp(const Snapshot& world, Workspace& w, std::uint32_t reserve, double before) {
  const Reserve& r = world.reserves[reserve];
  if (world.markets[r.market.value].vault_cluster < 0 || r.emode < 0) return;
  double& lt = w.settings.reserves[reserve].terms.lt;
  if (lt == before) return;
  std::erase_if(w.clusters.ramps, [&](const LtvRamp& other) { return other.reserve == reserve; });
  for (const ClusterVault& vault : cluster_of(world, r.market).vaults) {
    if (vault.emode != r.emode || !(lt < before) || !(vault.ramp_s > 0)) continue;
    w.clusters.ramps.push_back({reserve, before, lt, w.now_s, vault.ramp_s});
    lt = before;
  }
}

void step_ramps(const Snapshot& world, Workspace& w) {
  for (const LtvRamp& ramp : w.clusters.ramps) {
    w.settings.reserves[ramp.reserve].terms.lt =
        ramped_ltv(ramp.from, ramp.to, w.now_s - ramp.start_s, ramp.length_s);
    w.changed_factors.push_back(world.reserves[ramp.reserve].collateral_factor);
    w.quiet = false;
  }
  std::erase_if(w.clusters.ramps,
                [&](const LtvRamp& r) { return w.now_s - r.start_s >= r.length_s; });
  w.pools.pending = w.pools.pending || !w.clusters.ramps.empty();
}

bool may_take_over(const Snapshot& world, MarketId market) {
  const auto& vaults = cluster_of(world, market).vaults;
  return std::any_of(vaults.begin(), vaults.end(),
                     [](const ClusterVault& v) { return v.held != ClusterVault::none; });
}

void count_second_round(const Snapshot& world, Workspace& w) {
  Leg legs[kMostLegs];
  std::vector<double>& by_vault = w.exit_amounts;
  by_vault.assign(w.clusters.vaults.size(), 0.0);
  for (const std::uint32_t p : w.entered) {
    const MarketId market = world.positions[p].market;
    if (world.markets[market.value].vault_cluster < 0 || w.breach_since.find(p) != nullptr)
      continue;
    const RowLegs row = w.positions.row(p, legs);
    double without = 0, debt = 0;  // shares as if none had lost worth
    for (std::uint32_t leg = 0; leg < row.count; ++leg) {
      if (!(legs[leg].amount > 0)) continue;
      const double value = legs[leg].amount * w.factors[legs[leg].factor];
      const double kept = w.clusters.kept[world.reserves[legs[leg].factor / 2].pot];
      if (leg >= row.collateral) {
        debt += value;
      } else {
        without += kept > 0 ? value / kept : std::numeric_limits<double>::infinity();
      }
    }
    if (!(without > debt)) continue;
    const ClusterInfo& cluster = cluster_of(world, market);
    const std::size_t place = cluster.first + owed_by(world, w, p).vault;
    w.outcome.cluster_vaults[place].second_accounts += 1;
    w.outcome.cluster_vaults[place].second_usd += debt;
    by_vault[place] += debt;
  }
  if (!w.record) return;
  for (const ClusterInfo& cluster : world.clusters) {
    for (std::size_t i = 0; i < cluster.vaults.size(); ++i) {
      if (!(by_vault[cluster.first + i] > 0)) continue;
      const Reserve& r = world.reserves[cluster.vaults[i].reserve];
      tell(w, "second_round", world.markets[cluster.market.value].name,
           fmt::format("accounts owing {{}} to the {} vault fail only because the shares they "
                       "posted are worth less",
                       world.assets[r.asset.value].name),
           {by_vault[cluster.first + i]});
    }
  }
}

namespace {

/// Orders of one liquidator's row: every share it holds, as far as its vault has cash, in turn.
void plan_row_unwinding(const Snapshot& world, Workspace& w, const ClusterVault& vault,
                        std::uint32_t row) {
  const std::uint32_t held = vault.held + row, rd = vault.reserve;
  const Owed owed = owed_by(world, w, held);
  const Quantum& qd = quantum_of(world, rd);
  const MarketId market = world.reserves[rd].market;
  const double gas = liquidation_gas_usd(world, w, market) / spot_of(world, w, rd);
  const std::uint32_t debt_leg = world.book->collateral_legs(held);
  double left = owed.units;
  for (std::uint32_t leg = 0; leg < debt_leg; ++leg) {
    const std::uint32_t rc = world.book->factor(held, leg) / 2;
    const Quantum& qc = quantum_of(world, rc);
    const double all = qc.down(w.positions.amount(held, leg) * w.market.supply_index[rc]);
    const double units = qc.down(std::min(all, std::max(0.0, reserve_cash(world, w, rc))));
    const std::uint16_t lane = world.lane(rc, rd);
    if (!(units > 0) || !world.lanes[lane].open) continue;
    const OpeningValue v = opening_value(world, w, rc, rd);
    const double least =
        std::max(w.clusters.cost[2 * rc + row] / all, left > 0 ? v.bid / v.ask : 0.0);
    LiquidationOrder o;
    o.position = held;
    o.lane = lane;
    o.debt_leg = static_cast<std::uint16_t>(debt_leg);
    o.collateral_leg = static_cast<std::uint16_t>(leg);
    o.debt_reserve = rd;
    o.collateral_reserve = rc;
    o.unwinds = true;
    o.repay = std::min(left, qd.up(units * least));
    o.keeps = std::max(0.0, units * least - o.repay);
    o.seize = o.to_liquidator = units;
    o.gas = gas;
    o.limit = (o.repay + o.keeps + gas) / units;
    if (!(w.lane_price[lane] > o.limit)) continue;
    left -= o.repay;
    w.orders.push_back(o);
  }
}

}  // namespace

void plan_unwinding_of_shares(const Snapshot& world, Workspace& w) {
  for (const ClusterInfo& cluster : world.clusters) {
    if (paused(w, cluster.market.value)) continue;
    for (const ClusterVault& vault : cluster.vaults) {
      for (std::uint32_t row = 0; row < 2 && vault.held != ClusterVault::none; ++row) {
        // In breach it is liquidated like any other.
        if (std::binary_search(w.breached.begin(), w.breached.end(), vault.held + row)) continue;
        plan_row_unwinding(world, w, vault, row);
      }
    }
  }
}

double tied_in_clusters(const Snapshot& world, const Workspace& w, std::size_t liquidator) {
  double usd = 0;
  for (const ClusterInfo& cluster : world.clusters) {
    if (static_cast<std::size_t>(world.liquidator_of[cluster.market.value]) != liquidator) continue;
    for (std::size_t i = 0; i < cluster.vaults.size(); ++i) {
      usd += w.clusters.vaults[cluster.first + i].tied_usd;
    }
  }
  return usd;
}

void note_unwound(const Snapshot& world, Workspace& w, const LiquidationOrder& o) {
  const double spot = spot_of(world, w, o.debt_reserve);
  const double all = quantum_of(world, o.collateral_reserve)
                         .down(w.positions.amount(o.position, o.collateral_leg) *
                               w.market.supply_index[o.collateral_reserve]);
  const MarketId market = world.reserves[o.debt_reserve].market;
  const ClusterInfo& cluster = cluster_of(world, market);
  const std::size_t vault = o.debt_reserve - world.markets[market.value].first_reserve;
  const std::size_t place = cluster.first + vault;
  double& cost =
      w.clusters.cost[2 * o.collateral_reserve + row_of(cluster.vaults[vault], o.position)];
  cost = o.seize >= all ? 0 : cost * (1 - o.seize / all);
  HeldState& state = w.clusters.vaults[place];
  state.tied_usd -= std::clamp((o.proceeds - o.repay - o.gas) * spot, 0.0, state.tied_usd);
  state.round.unwound_usd += o.repay * spot;
  w.outcome.cluster_vaults[place].unwound_usd += o.repay * spot;
}

bool is_erased(const Snapshot& world, const Workspace& w, std::uint32_t position, double repaid) {
  const Owed owed = owed_by(world, w, position);
  if (!w.transmission || !(owed.units > 0)) return false;  // the direct run passes no loss on
  const DiscountTerms& terms =
      cluster_of(world, world.positions[position].market).vaults[owed.vault].terms;
  const double before_usd = (owed.units + repaid) * told_price(world, w, owed.reserve);
  if (!terms.socialise || !(before_usd >= terms.least_socialised)) return false;
  for (std::uint32_t leg = 0; leg < world.book->collateral_legs(position); ++leg) {
    const double scaled = w.positions.amount(position, leg);
    const std::uint32_t r = world.book->factor(position, leg) / 2;
    if (scaled > 0 && !(scaled * w.market.supply_index[r] * told_price(world, w, r) == 0)) {
      return false;  // one quantum is enough, and a share without a price counts as worth something
    }
  }
  return true;
}

void note_share_fall(const Snapshot& world, Workspace& w, std::uint32_t pot, double factor,
                     double erased_usd) {
  const MarketId market = world.reserves[pot].market;
  const std::size_t place =
      cluster_of(world, market).first + pot - world.markets[market.value].first_reserve;
  ClusterRound& round = w.clusters.vaults[place].round;
  if (round.erased_usd == 0) round.kept_before = w.clusters.kept[pot];
  round.erased_usd += erased_usd;
  w.outcome.cluster_vaults[place].erased_usd += erased_usd;
  w.clusters.kept[pot] *= factor;
  w.clusters.cut = true;
}

void take_over_failing(const Snapshot& world, Workspace& w,
                       const std::function<void(std::uint32_t, double)>& recognise) {
  std::vector<Taker> takers;  // by liquidator, free capital as it is used up
  for (const std::uint32_t p : w.clusters.failing) {
    const MarketId market = world.positions[p].market;
    const ClusterInfo& cluster = cluster_of(world, market);
    const auto who = static_cast<std::size_t>(world.liquidator_of[market.value]);
    auto taker =
        std::find_if(takers.begin(), takers.end(), [&](const Taker& t) { return t.who == who; });
    if (taker == takers.end()) {
      taker = takers.insert(takers.end(), {who, free_capital(world, w, who)});
    }
    const double taken = take_over_row(world, w, cluster, p, *taker);
    if (is_erased(world, w, p, taken)) claim_worthless(world, w, cluster, p);
    recognise(p, taken);
  }
  w.clusters.failing.clear();
  for (const ClusterInfo& cluster : world.clusters) {
    for (std::size_t i = 0; i < cluster.vaults.size(); ++i) tell_vault(world, w, cluster, i);
  }
}

double held_usd(const Snapshot& world, const Workspace& w, std::uint32_t row) {
  double usd = 0;
  for (std::uint32_t leg = 0; leg < world.book->legs(row); ++leg) {
    const std::uint32_t f = world.book->factor(row, leg), r = f / 2;
    const double index = f % 2 == 0 ? w.market.supply_index[r] : -w.market.borrow_index[r];
    usd += w.positions.amount(row, leg) * index * spot_of(world, w, r);
  }
  return usd;
}

void close_clusters(const Snapshot& world, Workspace& w) {
  for (const ClusterInfo& cluster : world.clusters) {
    for (std::size_t i = 0; i < cluster.vaults.size(); ++i) {
      const ClusterVault& vault = cluster.vaults[i];
      ClusterVaultOutcome& out = w.outcome.cluster_vaults[cluster.first + i];
      out.share_lost = 1 - w.clusters.kept[vault.reserve];
      for (std::uint32_t row = 0; row < 2 && vault.held != ClusterVault::none; ++row) {
        const double debt =
            owed_by(world, w, vault.held + row).units * spot_of(world, w, vault.reserve);
        out.held_debt_usd += debt;
        out.held_usd += held_usd(world, w, vault.held + row) + debt;
      }
    }
  }
}

}  // namespace faultline
