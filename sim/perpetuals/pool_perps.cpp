#include "sim/perpetuals/pool_perps.hpp"

#include <algorithm>
#include <cmath>

#include "sim/narration.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

double price_of(const Snapshot& world, const Workspace& w, std::uint32_t reserve) {
  return w.market.published[world.reserves[reserve].oracle.value];
}

double index_price(const Snapshot& world, const Workspace& w, const PerpVenue& venue) {
  return price_of(world, w, venue.contracts[0].reserve);
}

/// Tokens of a side that the pool can pay with: what it holds, impacts of its swaps apart.
double tokens_held(const Snapshot& world, const Workspace& w, const PerpPool& pool, bool base) {
  return on_venue(world, w.venues, pool.venue, [&]<class K>(const auto& p, const auto& state) {
    double held = base ? K::base_held(p, state) : K::quote_held(p, state);
    if constexpr (requires { state.impact_base; }) {
      held -= base ? state.impact_base : state.impact_quote;
    }
    return std::max(0.0, held);
  });
}

/// Of all open positions, longs less shorts, USD at entry.
double imbalance(const Workspace& w, const PerpVenue& venue) {
  return w.reserves[venue.settles].debt_scaled - w.reserves[venue.settles].supply_scaled;
}

/// What closing part of a position gains or loses by moving the balance of longs and shorts, USD.
double impact_of_closing(const Workspace& w, const PerpVenue& venue, double size, double side) {
  const ImpactTerms& terms = venue.pool->terms.impact;
  const double before = imbalance(w, venue);
  return capped_impact(terms, price_impact(terms, before, before - side * size), size,
                       w.perps.impact_usd[venue.market.value]);
}

}  // namespace

PoolAccount view_pool_account(const Snapshot& world, const Workspace& w, const PerpVenue& venue,
                              std::uint32_t position) {
  PoolAccount a;
  const PerpPool& pool = *venue.pool;
  Leg legs[kMostLegs];
  const RowLegs row = w.positions.row(position, legs);
  for (std::uint32_t leg = 0; leg < row.count; ++leg) {
    const auto [f, amount] = legs[leg];
    if (f / 2 == pool.base || f / 2 == pool.quote) {
      a.position.collateral += amount * price_of(world, w, f / 2);
    } else if (f / 2 == venue.settles) {
      a.face_leg = leg;
      a.position.size = amount;
      a.owed = f % 2 == 0 ? amount * (1 - w.market.supply_index[venue.settles])
                          : amount * (w.market.borrow_index[venue.settles] - 1);
    } else {
      a.contract_leg = leg;
      a.position.contracts = amount;
      a.position.side = f % 2 == 0 ? 1 : -1;
    }
  }
  return a;
}

PoolSide pool_side(const Snapshot& world, const Workspace& w, const PerpVenue& venue, bool longs) {
  const PerpPool& pool = *venue.pool;
  const ReserveState& size = w.reserves[venue.settles];
  const ReserveState& open = w.reserves[venue.contracts[0].reserve];
  return {.value = tokens_held(world, w, pool, longs) *
                   price_of(world, w, longs ? pool.base : pool.quote),
          .size = longs ? size.debt_scaled : size.supply_scaled,
          .contracts = longs ? open.supply_scaled : open.debt_scaled,
          .side = longs ? 1.0 : -1.0};
}

double pool_worth(const Snapshot& world, const Workspace& w, const PerpVenue& venue) {
  return pool_value(venue.pool->terms, pool_side(world, w, venue, true),
                    pool_side(world, w, venue, false), index_price(world, w, venue));
}

void accrue_pool(const Snapshot& world, Workspace& w, const PerpVenue& venue, double dt) {
  const PoolPerpTerms& terms = venue.pool->terms;
  const PerpContract& contract = venue.contracts[0];
  const double price = index_price(world, w, venue);
  const PoolSide longs = pool_side(world, w, venue, true);
  const PoolSide shorts = pool_side(world, w, venue, false);
  if (!(price > 0) || longs.size + shorts.size == 0) return;
  const FundingDue due = accrue_funding(contract.funding, w.perps.funding[contract.number], dt,
                                        {.premium = 0, .longs = longs.size, .shorts = shorts.size});
  const double long_rate = pool_borrow_rate(terms, longs, price) * dt + due.longs_pay;
  const double short_rate = pool_borrow_rate(terms, shorts, price) * dt + due.shorts_pay;
  if (long_rate == 0 && short_rate == 0) return;
  w.market.borrow_index[venue.settles] += long_rate;
  // Whoever owes more than his size has lost it all: what is due beyond it nobody could pay.
  double& kept = w.market.supply_index[venue.settles];
  kept = std::max(0.0, kept - short_rate);
  for (const std::uint32_t f : {2 * venue.settles, 2 * venue.settles + 1}) {
    w.changed_factors.push_back(f);
    w.changed_market_factors.push_back(f);
  }
  w.quiet = false;
  if (dt == 0) return;
  PerpOutcome& out = w.outcome.perps[contract.number];
  const double pays = longs.size >= shorts.size ? due.longs_pay : -due.shorts_pay;
  const double rate = pays * (contract.funding.per_s / dt);  // of the heavier side
  const bool worse = rate < std::min(2 * out.funding_least, -0.001) ||
                     rate > std::max(2 * out.funding_most, 0.001);
  out.funding_least = std::min(out.funding_least, rate);
  out.funding_most = std::max(out.funding_most, rate);
  if (worse && w.record) note_funding(world, w, contract, rate);
}

bool pool_lets_go(const Snapshot& world, const Workspace& w, VenueId v) {
  for (const PerpVenue& venue : world.perps) {
    if (!venue.pool || venue.pool->venue != v) continue;
    const double price = index_price(world, w, venue);
    for (const bool longs : {true, false}) {
      if (!pool_withdrawable(venue.pool->terms, pool_side(world, w, venue, longs), price)) {
        return false;
      }
    }
  }
  return true;
}

void plan_pool_trader(const Snapshot& world, const Workspace& w, const PerpVenue& venue,
                      std::uint32_t position, PlannedRows& out) {
  const PoolAccount a = view_pool_account(world, w, venue, position);
  if (a.position.contracts == 0) return;
  out.kept.push_back(position);
  const double price = index_price(world, w, venue);
  if (!(price > 0)) return;
  const PoolPerpTerms& terms = venue.pool->terms;
  const double impact = impact_of_closing(w, venue, a.position.size, a.position.side);
  const double fees = a.owed + pool_fee(terms, a.position.size, impact);
  if (!pool_in_breach(terms, a.position, price, impact, fees)) return;
  out.closings.push_back({.position = position, .contracts = a.position.contracts});
}

void plan_pool_deleveraging(const Snapshot& world, Workspace& w) {
  for (const PerpVenue& venue : world.perps) {
    if (!venue.pool) continue;
    const double price = index_price(world, w, venue);
    for (const bool longs : {true, false}) {
      const PoolSide side = pool_side(world, w, venue, longs);
      double due = price > 0 ? pool_adl_profit(venue.pool->terms, side, price) : 0;
      if (!(due > 0)) continue;
      std::vector<std::pair<double, PoolClosing>>& winners = w.perps.winners;
      winners.clear();
      for (std::uint32_t i = 0; i < venue.positions; ++i) {
        const std::uint32_t p = venue.first_position + i;
        const PoolAccount a = view_pool_account(world, w, venue, p);
        if (a.position.contracts == 0 || (a.position.side > 0) != longs) continue;
        const double profit = pool_profit(a.position, price);
        if (profit > 0) winners.push_back({profit, {p, a.position.contracts, true}});
      }
      std::sort(winners.begin(), winners.end(), [](const auto& a, const auto& b) {
        return a.first != b.first ? a.first > b.first : a.second.position < b.second.position;
      });
      const Quantum& q =
          world.assets[world.reserves[venue.contracts[0].reserve].asset.value].quantum;
      for (auto& [profit, closing] : winners) {
        if (!(due > 0)) break;
        if (profit > due) closing.contracts = q.up(closing.contracts * (due / profit));
        due -= profit;
        w.perps.closings.push_back(closing);
      }
    }
  }
}

namespace {

/// Closes part of a position against the pool, and moves what one owes the other in tokens.
class PoolSettlementRun {
 public:
  PoolSettlementRun(const Snapshot& world, Workspace& w, const PerpVenue& venue,
                    const PoolClosing& closing)
      : world_(world),
        w_(w),
        venue_(venue),
        pool_(*venue.pool),
        closing_(closing),
        account_(view_pool_account(world, w, venue, closing.position)),
        price_(index_price(world, w, venue)) {}

  void run() {
    const PoolPosition& a = account_.position;
    const double contracts = std::min(closing_.contracts, a.contracts);
    if (!(contracts > 0)) return;
    note_forced();
    const bool whole = contracts == a.contracts;
    const double part = contracts / a.contracts;
    const double size = whole ? a.size : face_quantum().down(a.size * part);
    const double impact = impact_of_closing(w_, venue_, size, a.side);
    double profit = a.side * (contracts * price_ - size);
    if (profit > 0) {
      profit *= profit_factor(pool_.terms, pool_side(world_, w_, venue_, a.side > 0), price_);
    }
    const double fees = account_.owed * part + pool_fee(pool_.terms, size, impact) +
                        (closing_.winning ? 0 : pool_.terms.liquidation_fee * size);
    const PoolSettlement due = settle_pool_position(a.collateral, profit, fees, impact);
    close_legs(contracts, size);
    const double to_pool = due.to_pool + due.to_fees + due.to_impact;
    if (to_pool > 0) collect(to_pool, whole && due.to_trader == 0);
    if (to_pool < 0) pay(-to_pool);
    w_.perps.impact_usd[venue_.market.value] += due.to_impact;
    note(contracts,
         whole ? account_.owed - a.collateral - a.side * (contracts * price_ - size) : 0);
  }

 private:
  const Quantum& face_quantum() const {
    return world_.assets[world_.reserves[venue_.settles].asset.value].quantum;
  }

  /// What was a claim of one on the other is none.
  void close_legs(double contracts, double size) {
    const std::uint32_t p = closing_.position;
    const bool is_long = account_.position.side > 0;
    set_leg(world_, w_, p, account_.contract_leg, account_.position.contracts - contracts);
    set_leg(world_, w_, p, account_.face_leg, account_.position.size - size);
    const AccountId open = world_.reserves[venue_.contracts[0].reserve].cash;
    const AccountId face = world_.reserves[venue_.settles].cash;
    w_.ledger.post(is_long ? open : pool_.contracts, is_long ? pool_.contracts : open, contracts);
    w_.ledger.post(is_long ? pool_.face : face, is_long ? face : pool_.face, size);
    w_.touch(p);
    if (w_.is_parked(p)) w_.set_parked(p, false);
  }

  AccountId pool_account(bool base) const {
    const VenueInfo& info = world_.venues[pool_.venue.value];
    if (w_.transmission) return base ? info.base_account : info.quote_account;
    return world_.boundary[(base ? info.base : info.quote).value];
  }

  /// Moves tokens between an account's collateral and the pool; > 0 to the pool.
  void move(bool base, double units) {
    if (units == 0) return;
    const std::uint32_t reserve = base ? pool_.base : pool_.quote;
    const std::uint32_t leg = leg_with_factor(world_, closing_.position, 2 * reserve);
    const AccountId cash = world_.reserves[reserve].cash;
    set_leg(world_, w_, closing_.position, leg,
            w_.positions.amount(closing_.position, leg) - units);
    w_.ledger.post(units > 0 ? cash : pool_account(base), units > 0 ? pool_account(base) : cash,
                   std::fabs(units));
    if (!w_.transmission) return;
    const VenueInfo& info = world_.venues[pool_.venue.value];
    on_venue(world_, w_.venues, pool_.venue, [&]<class K>(const auto& p, auto& state) {
      K::hold(p, state, w_.ledger.balance(info.base_account),
              w_.ledger.balance(info.quote_account));
    });
    w_.moved_venues.add(pool_.venue.value);
  }

  void collect(double usd, bool everything) {
    for (const bool base : {true, false}) {
      const std::uint32_t reserve = base ? pool_.base : pool_.quote;
      const std::uint32_t leg = leg_with_factor(world_, closing_.position, 2 * reserve);
      const double has = w_.positions.amount(closing_.position, leg);
      const double price = price_of(world_, w_, reserve);
      if (has == 0 || !(price > 0)) continue;
      const Quantum& q = world_.assets[world_.reserves[reserve].asset.value].quantum;
      const double units = everything ? has : std::min(has, q.up(usd / price));
      move(base, units);
      usd -= units * price;
      if (!(usd > 0)) return;
    }
  }

  /// Longs are paid in the pool's base, shorts in its quote; in the other where that is gone.
  void pay(double usd) {
    const bool longs = account_.position.side > 0;
    for (const bool base : {longs, !longs}) {
      const std::uint32_t reserve = base ? pool_.base : pool_.quote;
      const double price = price_of(world_, w_, reserve);
      if (!(price > 0)) continue;
      const Quantum& q = world_.assets[world_.reserves[reserve].asset.value].quantum;
      const double held = w_.transmission ? tokens_held(world_, w_, pool_, base) : usd / price;
      const double units = q.down(std::min(held, usd / price));
      move(base, -units);
      usd -= units * price;
      if (usd < q.step * price) return;
    }
  }

  void note_forced() {
    if (!w_.perps.forced.try_emplace(closing_.position, 1).second) return;
    MarketOutcome& out = w_.outcome.markets[venue_.market.value];
    out.forced_accounts += 1;
    out.forced_usd += account_.position.contracts * price_;
  }

  /// unpaid: what the account's loss and what it owed were beyond its collateral, USD.
  void note(double contracts, double unpaid_usd) {
    const double usd = contracts * price_;
    PerpOutcome& contract = w_.outcome.perps[venue_.contracts[0].number];
    if (closing_.winning) {
      contract.deleveraged_usd += usd;
      if (contract.first_deleveraged_s < 0) contract.first_deleveraged_s = w_.now_s;
      w_.perps.round_deleveraged_usd[venue_.market.value] += usd;
      *w_.perps.given_usd.try_emplace(closing_.position, 0.0).first += usd;
      return;
    }
    contract.liquidated_usd += usd;
    note_liquidation(w_, venue_.market, usd);
    w_.round_liquidated_usd[venue_.market.value] += usd;
    if (unpaid_usd > 0) note_loss(w_, venue_.market, unpaid_usd, unpaid_usd);
  }

  const Snapshot& world_;
  Workspace& w_;
  const PerpVenue& venue_;
  const PerpPool& pool_;
  const PoolClosing& closing_;
  PoolAccount account_;
  double price_;
};

}  // namespace

void settle_pool(const Snapshot& world, Workspace& w, const PerpVenue& venue) {
  for (const PoolClosing& closing : w.perps.closings) {
    if (world.positions[closing.position].market != venue.market) continue;
    PoolSettlementRun(world, w, venue, closing).run();
  }
}

}  // namespace faultline
