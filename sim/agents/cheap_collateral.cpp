#include "sim/agents/cheap_collateral.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include <fmt/format.h>

#include "protocols/venues/solve.hpp"
#include "sim/agents/purse_trade.hpp"
#include "sim/credit/borrowing.hpp"
#include "sim/credit/pools.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

double believed(const Snapshot& world, const Workspace& w, std::uint32_t r) {
  return w.market.published[world.reserves[r].oracle.value];
}
bool readable(const Snapshot& world, const Workspace& w, std::uint32_t r) {
  return w.market.usable[world.reserves[r].oracle.value] != 0 && believed(world, w, r) > 0;
}

/// What a dollar of credit in a reserve brings: its market price over what the market believes; 0
/// where nobody could sell it.
double per_credit(const Snapshot& world, const Workspace& w, std::uint32_t r) {
  const AssetId a = world.reserves[r].asset;
  if (a != world.numeraire && world.exits[a.value].empty()) return 0;
  return readable(world, w, r) ? w.market.spot[a.value] / believed(world, w, r) : 0;
}

/// What a place offers for collateral of one reserve.
struct Bid {
  double worth_usd = 0;   // of what one unit borrows, at most
  double room_units = 0;  // that can still be posted and borrowed against
};

Bid bid_of(const Snapshot& world, const Workspace& w, const CheapPlace& place, std::uint32_t rc) {
  const double weight = opening_weight(w, rc);
  if (!(weight > 0) || !readable(world, w, rc)) return {};
  const Market& market = world.markets[place.market.value];
  double credit_usd = 0, best = 0;
  for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
       ++r) {
    if (!may_owe(world, w, place.row, rc, r)) continue;
    const double units = borrowable_units(world, w, r), brings = per_credit(world, w, r);
    if (!(units > 0 && brings > 0)) continue;
    credit_usd += units * believed(world, w, r);
    best = std::max(best, brings);
  }
  const double unit_usd = believed(world, w, rc) * weight;
  credit_usd = std::min(credit_usd, ceiling_room(world, w, rc));
  return {unit_usd * best, std::min(supply_room(world, w, rc), credit_usd / unit_usd)};
}

/// Dollars the first unit costs where it is cheapest; infinite where it is not sold.
double cheapest(const Workspace& w, const CheapBuyersInfo& info, AssetId asset,
                const CheapOffer** at) {
  double least = std::numeric_limits<double>::infinity();
  for (const CheapOffer& o : info.offers) {
    if (o.asset != asset) continue;
    const double rate = w.market.venue_rate[rate_place(o.venue, o.side)];
    const double usd = rate > 0 ? w.market.spot[o.money.value] / rate : least;
    if (usd < least) {
      least = usd;
      *at = &o;
    }
  }
  return least;
}

/// Money to give at a venue: until its last unit costs what it is worth, within a budget, for no
/// more than the place takes.
double money_for(const Snapshot& world, const Workspace& w, const CheapOffer& o, const Bid& bid,
                 double budget_usd) {
  const double money = w.market.spot[o.money.value];
  const double most = venue_most_in(world, w.venues, o.venue, o.side);
  const double paying = venue_in_to_rate(world, w.venues, o.venue, o.side, money / bid.worth_usd);
  double in = std::min({paying, most, budget_usd / money});
  if (!(in > 0)) return 0;
  const auto left = [&](double x) {
    return 1 - venue_fill(world, w.venues, o.venue, o.side, x).out / bid.room_units;
  };
  if (left(in) < 0) in = bracketed_root(left, 0, 1, in, left(in)).good;
  return in;
}

/// Buys for so much money, posts it, borrows, and sells what was borrowed. Dollars spent.
double drain(const Snapshot& world, Workspace& w, std::size_t who, const CheapPlace& place,
             std::uint32_t rc, const CheapOffer& offer, double money_in) {
  const CheapBuyersInfo& info = world.cheap_buyers[who];
  const AssetId asset = offer.asset;
  const double in = world.assets[offer.money.value].quantum.down(money_in);
  const double units =
      in > 0 ? trade_from_purse(world, w, {offer.venue, offer.side}, info.purse[offer.money.value],
                                info.purse[asset.value], in, true)
             : 0;
  if (!(units > 0)) return 0;
  const double cost_usd = in * w.market.spot[offer.money.value], each_usd = cost_usd / units;
  const double credit = believed(world, w, rc) * opening_weight(w, rc);
  post_collateral(world, w, place.row, rc, info.purse[asset.value], units);
  double borrowed_usd = 0;
  const auto pays = [&](std::uint32_t r, double loan) {
    if (!(credit * per_credit(world, w, r) > each_usd)) return false;
    borrowed_usd += loan * w.market.spot[world.reserves[r].asset.value];
    w.changed_market_factors.push_back(
        world.reserves[r].debt_factor);  // its rows are looked at again
    return true;
  };
  borrow_against(world, w, place.row, rc, units, info.purse, std::ref(pays));
  for (const std::uint32_t r : world.markets[place.market.value].by_saleability) {
    const AssetId sold = world.reserves[r].asset;
    if (sold != asset && sold != offer.money && w.ledger.balance(info.purse[sold.value]) > 0) {
      sell_purse(world, w, info.purse, sold);
    }
  }
  CheapBuyersOutcome& out = w.outcome.cheap_buyers[who];
  MarketOutcome& market = w.outcome.markets[place.market.value];
  out.spent_usd += cost_usd;
  out.posted_usd += units * believed(world, w, rc);
  out.borrowed_usd += borrowed_usd;
  market.drained_usd += borrowed_usd;
  if (out.first_s < 0) out.first_s = w.now_s;
  w.quiet = false;
  if (w.record) {
    tell(w, "drain", world.markets[place.market.value].name,
         fmt::format("{} post {{}} of {}, believed to be worth {{}}, and borrow {{}}", info.name,
                     world.assets[asset.value].name),
         {cost_usd, units * believed(world, w, rc), borrowed_usd});
  }
  return cost_usd;
}

/// Gas of one round of it at a place, USD.
double gas_at(const Snapshot& world, const Workspace& w, const CheapBuyersInfo& info,
              const CheapPlace& place) {
  return gas_usd(world, w, info.gas_usd, world.markets[place.market.value].chain);
}

void pay_gas(const Snapshot& world, Workspace& w, const CheapBuyersInfo& info, AssetId money,
             double usd) {
  const double fee = world.assets[money.value].quantum.up(usd / w.market.spot[money.value]);
  w.ledger.post(info.purse[money.value], world.chain_purse[money.value], fee);
  w.outcome.gas_usd += usd;
}

/// One place and reserve: whether a gap stands, and since when; acts on it once it is seen.
void visit_place(const Snapshot& world, Workspace& w, std::size_t who, const CheapPlace& place,
                 std::uint32_t rc, double& since, double& left_usd) {
  const CheapBuyersInfo& info = world.cheap_buyers[who];
  const CheapOffer* offer = nullptr;
  const double cost = cheapest(w, info, world.reserves[rc].asset, &offer);
  const Bid bid = bid_of(world, w, place, rc);
  if (offer == nullptr || !(bid.worth_usd > cost) || !(bid.room_units > 0)) {
    since = -1;
    return;
  }
  if (since < 0) since = w.now_s;
  if (w.now_s - since < info.latency_s) {
    w.cheap_buyers.waits = true;
    return;
  }
  const double money = money_for(world, w, *offer, bid, left_usd);
  if (!(money > 0)) {
    w.cheap_buyers.waits = w.cheap_buyers.waits || left_usd < 1e-9 * info.capital_usd;
    return;
  }
  const double units = venue_fill(world, w.venues, offer->venue, offer->side, money).out;
  const double spent = money * w.market.spot[offer->money.value];
  const double gas = gas_at(world, w, info, place);
  if (!(std::min(units, bid.room_units) * bid.worth_usd - spent > gas)) return;
  const double used = drain(world, w, who, place, rc, *offer, money);
  if (!(used > 0)) return;
  pay_gas(world, w, info, offer->money, gas);
  left_usd -= used;
  if (std::isfinite(info.capital_usd)) w.cheap_buyers.out.commit(who, w.round, used);
}

}  // namespace

void open_cheap_buyers(const Snapshot& world, Workspace& w) {
  std::size_t watches = 0;
  for (const CheapBuyersInfo& info : world.cheap_buyers) {
    for (const CheapPlace& place : info.places) watches += place.reserves.size();
  }
  w.cheap_buyers.open_since.assign(watches, -1.0);
  w.cheap_buyers.out.reset();
  w.cheap_buyers.waits = false;
  w.outcome.cheap_buyers.assign(world.cheap_buyers.size(), CheapBuyersOutcome{});
}

void buy_cheap_collateral(const Snapshot& world, Workspace& w) {
  w.cheap_buyers.waits = false;
  if (world.cheap_buyers.empty() || !w.transmission) return;
  refresh_venue_prices(world, w);  // flows and liquidations of this round have moved some
  for (std::size_t who = 0; who < world.cheap_buyers.size(); ++who) {
    const CheapBuyersInfo& info = world.cheap_buyers[who];
    double left = info.capital_usd;
    if (std::isfinite(left)) left -= w.cheap_buyers.out.before(who, w.round);
    std::uint32_t watch = info.first_watch;
    for (const CheapPlace& place : info.places) {
      for (const std::uint32_t rc : place.reserves) {
        visit_place(world, w, who, place, rc, w.cheap_buyers.open_since[watch++], left);
      }
    }
  }
}

double drained_share(const Snapshot& world, const Outcome& outcome, MarketId m) {
  const Market& market = world.markets[m.value];
  double lendable = 0;
  for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
       ++r) {
    const Reserve& reserve = world.reserves[r];
    if (!reserve.takes_debt || reserve.emode >= 0 || !world.owns_pot(r)) continue;
    lendable +=
        world.opening.balances[reserve.cash.value] * world.opening.market.spot[reserve.asset.value];
  }
  return lendable > 0 ? outcome.markets[m.value].drained_usd / lendable
                      : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace faultline
