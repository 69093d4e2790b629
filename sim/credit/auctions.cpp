// Dutch auctions and what both kinds share (protocols/liquidation/dutch_auction.hpp). The price of
// a lot falls by the clock; liquidators take what pays at the venues, all their trades of a round
// clearing together. What is raised repays what the vault owed first, then its penalty.
#include "sim/credit/auctions.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/credit/borrowing.hpp"
#include "sim/credit/coin_loans.hpp"
#include "sim/feed_audit.hpp"
#include "sim/readings.hpp"

namespace faultline {

namespace {

constexpr std::size_t most_auctions = 100000;  // under way at once

double coin_usd(const Snapshot& world, const Workspace& w, const AuctionHouse& h) {
  return w.market.spot[world.reserves[h.coin].asset.value];
}

DutchAuction dutch_now(const Workspace& w, const Auction& a) {
  return {a.tab, a.lot, a.top, w.now_s - a.start_s};
}

/// The feed's price of the collateral in coins; NaN without one.
double feed_price(const Snapshot& world, const Workspace& w, const AuctionHouse& h) {
  return price_in_coin(world, w, h.collateral, h.coin);
}
bool feeds_usable(const Snapshot& world, const Workspace& w, const AuctionHouse& h) {
  return !std::isnan(feed_price(world, w, h));
}

/// One order for all of a lot that is left, at `paid` coins for `got` of it, if that gains.
void order_take(const Snapshot& world, Workspace& w, std::uint32_t auction, double paid,
                double got) {
  const Auction& a = w.auctions.open[auction];
  const AuctionHouse& h = world.houses[a.house];
  const std::uint16_t lane = world.lane(h.collateral, h.coin);
  const double gas = liquidation_gas_usd(world, w, h.market) / coin_usd(world, w, h);
  if (!world.lanes[lane].open || !(got > 0) || !(got * w.lane_price[lane] > paid + gas)) return;
  LiquidationOrder& order = w.orders.emplace_back();
  order.position = a.position;
  order.lane = lane;
  order.debt_reserve = h.coin;
  order.collateral_reserve = h.collateral;
  order.auction = auction;
  order.repay = paid;
  order.seize = order.to_liquidator = got;
  order.gas = gas;
  order.limit = (paid + gas) / got;
}

/// Coins newly made for who starts an auction: the system owes them. His gas comes out of them.
void pay_reward(const Snapshot& world, Workspace& w, const AuctionHouse& h, double reward,
                double gas) {
  const AssetId coin = world.reserves[h.coin].asset;
  const Quantum& q = quantum_of(world, h.coin);
  const double coins = q.down(reward);
  if (!(coins > 0)) return;
  const AccountId purse = world.liquidator_purse(h.coin, coin);
  issue_coins(world, w, h.coin, purse, coins);
  w.auctions.systems[h.system].books.sin += coins;
  const double paid_on = std::min(coins, q.up(gas));
  w.ledger.post(purse, world.chain_purse[coin.value], paid_on);
  w.outcome.gas_usd += paid_on * coin_usd(world, w, h);
}

/// Nobody starts or resets an auction for less than his gas, unless the terms pay nothing: then
/// who means to take does it.
bool worth_starting(double reward, double gas) {
  return reward == 0 || reward >= gas;
}

void reset_if_due(const Snapshot& world, Workspace& w, Auction& a) {
  const AuctionHouse& h = world.houses[a.house];
  DutchAuction d = dutch_now(w, a);
  if (!needs_reset(h.dutch, d) || !feeds_usable(world, w, h)) return;
  const double gas = liquidation_gas_usd(world, w, h.market) / coin_usd(world, w, h);
  const double reward = reset_auction(h.dutch, d, feed_price(world, w, h));
  if (!worth_starting(reward, gas)) return;
  pay_reward(world, w, h, reward, gas);
  a.top = d.top;
  a.start_s = w.now_s;
  w.outcome.auctions[a.house].resets += 1;
  w.auctions.round[a.house].reset_usd += a.tab * coin_usd(world, w, h);
  w.quiet = false;
}

/// A vault's legs in its house's reserves.
struct Vault {
  std::uint32_t position = 0;
  LoanLegs legs;
  AuctionedVault holds;  // collateral in units, debt before interest
};

bool find_vault(const Snapshot& world, const Workspace& w, const AuctionHouse& h,
                std::uint32_t position, Vault& vault) {
  if (!find_legs(world, w, h.collateral, h.coin, position, vault.legs)) return false;
  vault.position = position;
  vault.holds.ink = vault.legs.held;
  vault.holds.art = vault.legs.owed_scaled;
  vault.holds.rate = w.market.borrow_index[h.coin];
  return true;
}

/// How much of a vault goes into the next auction.
Barked next_lot(const Snapshot& world, const Workspace& w, const AuctionHouse& h,
                std::uint32_t house, const AuctionedVault& vault) {
  const CoinSystem& system = world.systems[h.system];
  const double own = w.auctions.houses[house].tab;
  double all = 0;
  for (const std::uint32_t other : system.houses) all += w.auctions.houses[other].tab;
  if (!h.english) return bark(h.dutch, vault, own, all, system.hole);
  return bite(h.bite, vault, std::min(h.dutch.hole - own, system.hole - all));
}

/// What one auction's start moves: debt and collateral leave the vault.
Auction take_lot(const Snapshot& world, Workspace& w, std::uint32_t house, const Vault& v,
                 const Barked& b) {
  const AuctionHouse& h = world.houses[house];
  const Quantum &qd = quantum_of(world, h.coin), &qc = quantum_of(world, h.collateral);
  const bool whole = b.art == v.holds.art;
  const double art = whole ? v.holds.art : qd.down(b.art);
  Auction a;
  a.house = house;
  a.position = v.position;
  a.lot = b.ink == v.holds.ink ? v.holds.ink : qc.down(b.ink);
  if (!(art > 0) || !(a.lot > 0)) return {};
  a.owed = qd.up(art * v.holds.rate);
  a.tab = std::max(a.owed, qd.up(art * v.holds.rate * h.dutch.chop));
  change_leg(w, v.position, v.legs.debt, v.holds.art - art, w.reserves[h.coin].debt_scaled);
  change_leg(w, v.position, v.legs.collateral, v.holds.ink - a.lot,
             w.reserves[h.collateral].supply_scaled);
  w.ledger.post(world.reserves[h.collateral].cash, h.lots, a.lot);
  w.auctions.houses[house].tab += a.tab;
  w.auctions.houses[house].owed += a.owed;
  take_on(w.auctions.systems[h.system].books, a.owed, w.now_s);
  return a;
}

void note_started(const Snapshot& world, Workspace& w, const Auction& a) {
  const AuctionHouse& h = world.houses[a.house];
  note_liquidation(w, h.market, 0);  // what is raised counts as it comes in
  w.outcome.auctions[a.house].started += 1;
  w.auctions.round[a.house].started_usd += a.owed * coin_usd(world, w, h);
  w.quiet = false;
}

/// Sells a vault in breach, as far as there is room: one auction, or where lots are limited
/// several.
void sell_vault(const Snapshot& world, Workspace& w, std::uint32_t position) {
  const MarketId market = world.positions[position].market;
  const auto house = static_cast<std::uint32_t>(world.markets[market.value].house);
  const AuctionHouse& h = world.houses[house];
  const double gas = liquidation_gas_usd(world, w, h.market) / coin_usd(world, w, h);
  if (!feeds_usable(world, w, h)) return;
  if (w.record) audit_vault(world, w, position);
  Vault v;
  bool sold = false;
  while (find_vault(world, w, h, position, v)) {
    const Barked b = next_lot(world, w, h, house, v.holds);
    if (b.refusal != AuctionRefusal::none) break;
    const double reward = h.english ? 0 : start_reward(h.dutch, b.tab);
    if (!worth_starting(reward, gas)) break;
    Auction a = take_lot(world, w, house, v, b);
    if (a.closed()) break;
    if (w.auctions.open.size() == most_auctions) {
      fail(w, Stop::capacity, "more auctions under way than a run can keep");
      break;
    }
    a.top = feed_price(world, w, h) * h.dutch.buf;
    a.start_s = w.now_s;
    a.clock.restart(h.bids, w.now_s);
    pay_reward(world, w, h, reward, gas);
    note_started(world, w, a);
    w.auctions.open.push_back(a);
    sold = true;
  }
  if (sold) w.touch(position);
}

void tell_round(const Snapshot& world, Workspace& w) {
  for (std::size_t house = 0; house < world.houses.size(); ++house) {
    const HouseRound& r = w.auctions.round[house];
    const std::string& name = world.markets[world.houses[house].market.value].name;
    const auto say = [&](double usd, const char* text) {
      if (usd > 0) tell(w, "auction", name, text, {usd});
    };
    say(r.started_usd, "vaults owing {} go to auction");
    say(r.taken_usd, "auctions raise {}");
    say(r.reset_usd, "auctions to raise {} begin anew");
    say(r.nothing_usd, "lots worth {} are won for next to nothing");
    say(r.lost_usd, "auctions end {} short of what their vaults owed");
  }
}

}  // namespace

void plan_takes(const Snapshot& world, Workspace& w) {
  for (std::uint32_t i = 0; i < w.auctions.open.size(); ++i) {
    const Auction& a = w.auctions.open[i];
    const AuctionHouse& h = world.houses[a.house];
    if (h.english) {
      if (a.sold) order_take(world, w, i, 0, a.lot);
      continue;
    }
    DutchAuction d = dutch_now(w, a);
    const Taken t = take_slice(h.dutch, d, a.lot);
    if (t.refusal != AuctionRefusal::none) continue;
    const double paid = std::min(a.tab, quantum_of(world, h.coin).up(t.paid));
    order_take(world, w, i, paid,
               t.got == a.lot ? a.lot : quantum_of(world, h.collateral).down(t.got));
  }
}

AccountId sold_from(const Snapshot& world, const Workspace& w, const LiquidationOrder& o) {
  const Reserve& collateral = world.reserves[o.collateral_reserve];
  if (o.counter != LiquidationOrder::no_auction) return world.counters[o.counter].inventory;
  if (o.auction == LiquidationOrder::no_auction) return collateral.cash;
  const Auction& a = w.auctions.open[o.auction];
  return a.sold ? world.liquidator_purse(o.debt_reserve, collateral.asset)
                : world.houses[a.house].lots;
}

bool leaves_crumbs(const Snapshot& world, const Workspace& w, const LiquidationOrder& o) {
  if (o.auction == LiquidationOrder::no_auction || o.fraction <= 0 || o.fraction >= 1) return false;
  const Auction& a = w.auctions.open[o.auction];
  return !a.sold && a.tab - o.fraction * o.repay < least_tab(world.houses[a.house].dutch);
}

void fit_takes(const Snapshot& world, Workspace& w) {
  for (LiquidationOrder& o : w.orders) {
    if (!leaves_crumbs(world, w, o)) continue;
    const Auction& a = w.auctions.open[o.auction];
    o.fraction =
        std::max(0.0, (a.tab - least_tab(world.houses[a.house].dutch)) / o.repay * (1 - 1e-12));
  }
}

void note_raised(const Snapshot& world, Workspace& w, Auction& a, double coins) {
  const AuctionHouse& h = world.houses[a.house];
  const double owed = std::min(a.owed, coins);
  a.tab -= coins;
  a.owed -= owed;
  w.auctions.houses[a.house].tab -= coins;
  w.auctions.houses[a.house].owed -= owed;
  const double usd = coins * coin_usd(world, w, h);
  w.outcome.markets[h.market.value].liquidated_usd += usd;
  w.outcome.auctions[a.house].raised_usd += usd;
  w.auctions.round[a.house].taken_usd += usd;
  w.quiet = false;
}

void settle_take(const Snapshot& world, Workspace& w, const LiquidationOrder& o) {
  Auction& a = w.auctions.open[o.auction];
  const AuctionHouse& h = world.houses[a.house];
  const AssetId coin = world.reserves[o.debt_reserve].asset;
  const AccountId purse = world.liquidator_purse(o.debt_reserve, coin);
  w.ledger.post(purse, world.chain_purse[coin.value], o.gas);
  w.outcome.gas_usd += o.gas * coin_usd(world, w, h);
  a.lot -= o.seize;
  w.quiet = false;
  if (a.sold) {
    if (a.lot == 0) close_auction(world, w, a);
    return;
  }
  w.ledger.post(purse, world.reserves[h.coin].cash, o.repay);
  note_raised(world, w, a, o.repay);
  if (a.tab == 0 || a.lot == 0) close_auction(world, w, a);
}

void close_auction(const Snapshot& world, Workspace& w, Auction& a) {
  const AuctionHouse& h = world.houses[a.house];
  AuctionOutcome& out = w.outcome.auctions[a.house];
  HouseSums& sums = w.auctions.houses[a.house];
  if (a.owed > 0) {
    const double usd = a.owed * coin_usd(world, w, h);
    out.failed += 1;
    out.unraised_usd += usd;
    note_loss(w, h.market, usd, usd);
    w.auctions.round[a.house].lost_usd += usd;
  }
  sums.tab -= a.tab;
  sums.owed -= a.owed;
  a.tab = a.owed = 0;
  if (a.sold && a.lot > 0) return;  // the winner's, not sold yet
  if (a.lot > 0) {
    w.ledger.post(h.lots, h.owners, a.lot);
    out.returned_usd += a.lot * w.market.spot[world.reserves[h.collateral].asset.value];
  }
  a.lot = 0;
  const auto who = static_cast<std::size_t>(world.liquidator_of[h.market.value]);
  w.auctions.tied_usd[who] -= a.tied_usd;
  w.auctions.bidder_usd[who * w.auctions.most_bidders + a.clock.bidder] -= a.tied_usd;
  a.tied_usd = 0;
  if (!a.sold) out.ended += 1;
}

void run_auctions(const Snapshot& world, Workspace& w) {
  AuctionRun& run = w.auctions;
  if (world.houses.empty()) return;
  for (Auction& a : run.open) {
    if (a.closed()) continue;
    world.houses[a.house].english ? run_english(world, w, a) : reset_if_due(world, w, a);
  }
  std::erase_if(run.open, [](const Auction& a) { return a.closed(); });
  for (const std::uint32_t position : run.vaults) sell_vault(world, w, position);
  run.vaults.clear();
  balance_books(world, w);
  for (std::size_t house = 0; house < world.houses.size(); ++house) {
    const AuctionHouse& h = world.houses[house];
    AuctionOutcome& out = w.outcome.auctions[house];
    out.in_auction_usd = run.houses[house].owed * coin_usd(world, w, h);
    out.in_auction_most_usd = std::max(out.in_auction_most_usd, out.in_auction_usd);
  }
  if (w.record) tell_round(world, w);
  run.round.assign(world.houses.size(), {});
}

double auctions_hole(const Snapshot& world, const Workspace& w, std::uint32_t house,
                     double collateral_usd) {
  const double coin = coin_usd(world, w, world.houses[house]);
  double usd = 0;
  for (const Auction& a : w.auctions.open) {
    if (a.house != house || a.sold) continue;
    const double hole = a.owed * coin - a.lot * collateral_usd;
    usd += std::max(0.0, world.whole_usd(hole));
  }
  return usd;
}

void add_lots(const Snapshot& world, const Workspace& w, std::vector<double>& amounts) {
  for (const Auction& a : w.auctions.open) {
    if (!a.sold) amounts[world.houses[a.house].collateral] += a.lot;
  }
}

std::string lots_balance(const Snapshot& world, const Workspace& w) {
  for (std::uint32_t house = 0; house < world.houses.size(); ++house) {
    double lots = 0, tab = 0, owed = 0;
    for (const Auction& a : w.auctions.open) {
      if (a.house != house || a.sold) continue;
      lots += a.lot;
      tab += a.tab;
      owed += a.owed;
    }
    const HouseSums& sums = w.auctions.houses[house];
    if (lots != w.ledger.balance(world.houses[house].lots) || tab != sums.tab ||
        owed != sums.owed) {
      return "lots of " + world.markets[world.houses[house].market.value].name +
             " do not sum to what is being sold";
    }
  }
  return {};
}

}  // namespace faultline
