// Coins bought where they trade below their face value, redeemed for collateral out of the riskiest
// loans, and the collateral sold: a trade that pays for itself, ordered and cleared with all
// liquidations [liquity_v1_code]. Who does it is whoever liquidates there.
//
//   x coins bring  x (1 - fee(X)) / feed  of collateral,   fee(X) = floor + b + X / (supply beta)
//   pays while     lane (1 - fee(X)) / feed > 1, at what the last unit of collateral brings
//
// b fades with its half-life in whole minutes. X is redeemed in slices, each at the fee of its end.
#include <algorithm>
#include <cmath>

#include "sim/credit/borrowing.hpp"
#include "sim/credit/troves.hpp"
#include "sim/readings.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

constexpr int slices = 8;  // of what would pay at the round's prices

double base_now(const Workspace& w, const TroveSystem& s, const TroveState& state) {
  return decayed_base(s.redemption, state.base, w.now_s - state.base_s);
}

/// Loans that may be redeemed, riskiest first, ties by identity; gives what they owe, coins.
double rank_loans(const Snapshot& world, const Workspace& w, const TroveSystem& s, double price,
                  std::vector<TroveRun::Ranked>& ranked) {
  ranked.clear();
  double owed = 0;
  const Quantum& q = quantum_of(world, s.coin);
  for (std::uint32_t p = s.first_position; p < s.first_position + s.loans; ++p) {
    LoanLegs legs;
    if (!find_legs(world, w, s.collateral, s.coin, p, legs) || !(legs.owed_scaled > 0)) continue;
    const double debt = q.up(legs.owed_scaled * w.market.borrow_index[s.coin]);
    const double ratio = legs.held * price / debt;
    if (!(ratio >= s.redemption.least_ratio)) continue;
    ranked.push_back({ratio, p});
    owed += debt;
  }
  std::sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) {
    return a.ratio != b.ratio ? a.ratio < b.ratio : a.position < b.position;
  });
  return owed;
}

/// What the last of `in` sold along a lane brings, coins a unit, net of fees; 0 beyond its depth.
double last_rate(const Snapshot& world, Workspace& w, const Lane& lane, double in) {
  double rate = 1, x = in;
  for (const Hop& hop : lane.hops) {
    const std::span<const Hop> venues = world.venues_of(hop);
    if (venues.size() == 1) {
      if (!venue_fits(world, w.venues, hop.venue, hop.side, x)) return 0;
      const Fill f = venue_fill(world, w.venues, hop.venue, hop.side, x);
      rate *= f.rate;
      x = f.out;
      continue;
    }
    if (!split_hop(world, w.venues, w.market, hop, x, w.parts)) return 0;
    double out = 0, best = 0;  // where something is given the last unit brings the same everywhere
    for (std::size_t i = 0; i < venues.size(); ++i) {
      if (!(w.parts[i] > 0)) continue;
      const Fill f = venue_fill(world, w.venues, venues[i].venue, venues[i].side, w.parts[i]);
      out += f.out;
      best = std::max(best, f.rate);
    }
    rate *= best;
    x = out;
  }
  return rate;
}

/// Coins, at most `most`, of which the last still gains at the venues as they stand.
template <class Fee>
double size_of(const Snapshot& world, Workspace& w, const Lane& lane, double feed, double most,
               Fee&& fee) {
  const auto gains = [&](double x) {
    const double kept = 1 - fee(x);
    return last_rate(world, w, lane, x * kept / feed) * kept > feed;
  };
  if (gains(most)) return most;
  double low = 0, high = most;
  for (int step = 0; step < 40; ++step) {
    const double x = (low + high) / 2;
    (gains(x) ? low : high) = x;
  }
  return low;
}

void plan(const Snapshot& world, Workspace& w, std::uint32_t place) {
  const TroveSystem& s = world.troves[place];
  const std::uint16_t lane = world.lane(s.collateral, s.coin);
  const double feed = price_in_coin(world, w, s.collateral, s.coin);
  if (!(feed > 0) || !world.lanes[lane].open || world.liquidator_of[s.market.value] < 0) return;
  const TroveState& state = w.troves.systems[place];
  const double base = base_now(w, s, state), kept = s.redemption.fee_floor + base;
  const double edge = 1 - feed / w.lane_price[lane] - kept;
  if (!(edge > 0) || collateral_ratio(all_loans(w, s), feed) < s.terms.mcr) return;
  const double supply = supply_units(w, s.coin);
  const double owed = rank_loans(world, w, s, feed, w.troves.ranked);
  const auto fee_at = [&](double x) { return kept + x / (supply * s.redemption.beta); };
  const double most = size_of(world, w, world.lanes[lane], feed,
                              std::min(owed, supply * s.redemption.beta * edge), fee_at);
  const Quantum &qd = quantum_of(world, s.coin), &qc = quantum_of(world, s.collateral);
  const double spot = w.market.spot[world.reserves[s.coin].asset.value];
  const double gas = liquidation_gas_usd(world, w, s.market) / spot;
  const double each = qd.down(most / slices);
  for (int k = 1; k <= slices && each > 0; ++k) {
    const double fee = fee_at(k * each);
    LiquidationOrder order;
    order.position = w.troves.ranked.front().position;
    order.lane = lane;
    order.debt_reserve = s.coin;
    order.collateral_reserve = s.collateral;
    order.redeems = true;
    order.repay = each;
    order.seize = qc.down(each / feed);
    order.to_liquidator = qc.down(each * (1 - fee) / feed);
    order.gas = gas;
    order.limit = (each + gas) / order.to_liquidator;
    if (!(order.to_liquidator * w.lane_price[lane] > each + gas)) break;
    w.orders.push_back(order);
  }
}

/// Takes debt and collateral out of the riskiest loans, in whole quanta.
void draw(const Snapshot& world, Workspace& w, const TroveSystem& s, double debt,
          double collateral) {
  const Quantum &qd = quantum_of(world, s.coin), &qc = quantum_of(world, s.collateral);
  const double index = w.market.borrow_index[s.coin];
  double &debts = w.reserves[s.coin].debt_scaled, &held = w.reserves[s.collateral].supply_scaled;
  for (const TroveRun::Ranked& r : w.troves.ranked) {
    if (!(debt > 0)) break;
    LoanLegs legs;
    find_legs(world, w, s.collateral, s.coin, r.position, legs);
    const double owed = qd.up(legs.owed_scaled * index), part = std::min(owed, debt);
    const double gives = part == debt ? collateral : qc.down(collateral * (part / debt));
    const bool whole = part == owed;
    const double owes = whole ? 0 : std::max(0.0, legs.owed_scaled - qd.down(part / index));
    const double keeps = whole ? 0 : legs.held - gives;
    if (whole) {  // what is left of its collateral is its owner's
      w.ledger.post(world.reserves[s.collateral].cash, s.owners, legs.held - gives);
    }
    change_leg(w, r.position, legs.debt, owes, debts);
    change_leg(w, r.position, legs.collateral, keeps, held);
    w.touch(r.position);
    debt -= part;
    collateral -= gives;
  }
}

void settle(const Snapshot& world, Workspace& w, std::uint32_t place) {
  const TroveSystem& s = world.troves[place];
  const AssetId coin = world.reserves[s.coin].asset;
  const AccountId purse = world.liquidator_purse(s.coin, coin);
  const double spot = w.market.spot[coin.value];
  double redeemed = 0, drawn = 0, fees = 0;
  for (const LiquidationOrder& o : w.orders) {
    if (!o.redeems || o.debt_reserve != s.coin || o.fraction <= 0) continue;
    redeemed += o.repay;
    drawn += o.seize;
    fees += o.seize - o.to_liquidator;
    w.ledger.post(purse, world.chain_purse[coin.value], o.gas);
    w.outcome.gas_usd += o.gas * spot;
  }
  if (!(redeemed > 0)) return;
  const double feed = price_in_coin(world, w, s.collateral, s.coin),
               supply = supply_units(w, s.coin);
  rank_loans(world, w, s, feed, w.troves.ranked);
  w.ledger.post(purse, world.reserves[s.coin].cash, redeemed);
  w.ledger.post(world.reserves[s.collateral].cash, s.fees, fees);
  draw(world, w, s, redeemed, drawn);
  TroveState& state = w.troves.systems[place];
  BaseRate base{state.base, w.now_s - state.base_s};
  set_base(base, raised_base(s.redemption, base, redeemed, supply));
  state.base = base.rate;
  state.base_s = w.now_s - base.elapsed_s;
  TroveOutcome& out = w.outcome.troves[place];
  out.redeemed_usd += redeemed * spot;
  out.fees_usd += fees * w.market.spot[world.reserves[s.collateral].asset.value];
  w.quiet = false;
  if (!w.record) return;
  tell(w, "redemption", world.markets[s.market.value].name,
       "{} of its coin is redeemed at face value out of the riskiest loans", {redeemed * spot});
}

}  // namespace

void plan_redemptions(const Snapshot& world, Workspace& w) {
  if (!w.transmission) return;
  for (std::uint32_t i = 0; i < world.troves.size(); ++i) {
    if (world.troves[i].redeems) plan(world, w, i);
  }
}

void settle_redemptions(const Snapshot& world, Workspace& w) {
  for (std::uint32_t i = 0; i < world.troves.size(); ++i) {
    if (world.troves[i].redeems) settle(world, w, i);
  }
}

}  // namespace faultline
