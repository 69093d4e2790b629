#include "sim/credit/band_loans.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/credit/coin_loans.hpp"

namespace faultline {

namespace {

const BandPool::Params& params_of(const Snapshot& world, const BandBook& book) {
  return world.venue_params.of<BandPool>()[book.pool];
}
BandPool::State& state_of(Workspace& w, const BandBook& book) {
  return w.venues.of<BandPool>()[book.pool];
}
const BandPool::State& state_of(const Workspace& w, const BandBook& book) {
  return w.venues.of<BandPool>()[book.pool];
}
std::size_t place_of(const Snapshot& world, const BandBook& book) {
  return static_cast<std::size_t>(world.markets[book.market.value].bands);
}

/// The first and last band whose holdings or whose promise may differ from when they were last
/// found: where trades went, and all between the active band and the oracle's, then and now. Others
/// are whole: above these all coins, below them all collateral, and neither follows the price.
struct BandRange {
  std::size_t low = 0, high = 0;
};
BandRange reached(const BandPool::State& s, const BandMarketRun& run, std::size_t oracle_band) {
  const auto active = static_cast<std::uint32_t>(s.active);
  const auto now = static_cast<std::uint32_t>(oracle_band);
  return {std::min({run.active, run.oracle_band, active, now, s.traded_low}),
          std::max({run.active, run.oracle_band, active, now, s.traded_high})};
}

/// Writes the legs of a loan, and its reserves' totals, as its bands stand.
void write_legs(const Snapshot& world, Workspace& w, const BandBook& book, std::uint32_t loan) {
  const LoanHolding has = loan_holding(world, book, w.bands.markets[place_of(world, book)], loan);
  const std::uint32_t position = book.first_position + loan;
  Leg legs[kMostLegs];
  w.positions.row(position, legs);
  bool changed = false;
  const auto write = [&](BandBook::Leg leg, double amount, std::uint32_t reserve) {
    if (legs[leg].amount == amount) return;
    w.positions.set_amount(position, leg, amount);
    w.reserves[reserve].supply_scaled += amount - legs[leg].amount;
    changed = true;
  };
  write(BandBook::collateral_leg, has.collateral, book.collateral);
  write(BandBook::coins_leg, has.coins, book.coins);
  write(BandBook::promised_leg, has.promised, book.promised);
  if (!changed) return;
  w.touch(position);
  w.quiet = false;
}

/// What the pool's trades since it was last looked at took from borrowers and gave them.
void note_trades(const Snapshot& world, Workspace& w, const BandBook& book, BandMarketRun& run) {
  const VenueInfo& venue = world.venues[book.venue.value];
  const double base = w.ledger.balance(venue.base_account);
  const double quote = w.ledger.balance(venue.quote_account);
  const double gained = (base - run.base) * w.market.spot[venue.base.value];
  BandOutcome& out = w.outcome.bands[place_of(world, book)];
  (gained < 0 ? out.converted_usd : out.returned_usd) += std::fabs(gained);
  out.soft_loss_usd -= gained + (quote - run.quote) * w.market.spot[venue.quote.value];
  run.base = base;
  run.quote = quote;
  const double share = coin_share(world, w, book);
  out.coins_most = std::max(out.coins_most, share);
  constexpr double told_step = 0.05;
  if (!w.record || std::fabs(share - run.told) < told_step) return;
  run.told = share;
  tell(w, "soft_liquidation", world.markets[book.market.value].name,
       fmt::format("{:.0f}% of what lies in its bands is {}: {{}}", 100 * share,
                   world.assets[venue.quote.value].name),
       {quote * w.market.spot[venue.quote.value]});
}

void refresh_market(const Snapshot& world, Workspace& w, const BandBook& book) {
  BandMarketRun& run = w.bands.markets[place_of(world, book)];
  const BandPool::Params& p = params_of(world, book);
  BandPool::State& s = state_of(w, book);
  const bool traded = s.traded_low <= s.traded_high;
  if (!traded && s.oracle == run.oracle) return;
  const std::size_t oracle_band =
      s.oracle == run.oracle ? run.oracle_band : BandPool::band_at(p, s.oracle);
  const BandRange range = reached(s, run, oracle_band);
  if (traded) note_trades(world, w, book, run);
  s.traded_low = BandPool::most_bands;
  s.traded_high = 0;
  run.active = static_cast<std::uint32_t>(s.active);
  run.oracle_band = static_cast<std::uint32_t>(oracle_band);
  run.oracle = s.oracle;
  ++run.refreshes;
  for (std::size_t k = range.low; k <= range.high; ++k) value_band(book, p, s, k, run);
  for (std::uint32_t i = book.first_in_band[range.low]; i < book.first_in_band[range.high + 1];
       ++i) {
    const std::uint32_t loan = book.in_band[i];
    if (run.seen[loan] == run.refreshes) continue;
    run.seen[loan] = run.refreshes;
    if (run.kept[loan] > 0) write_legs(world, w, book, loan);
  }
}

/// What liquidating a loan whole moves; `owed` whole quanta.
BandLiquidation whole_liquidation(const Snapshot& world, const Workspace& w, const BandBook& book,
                                  std::uint32_t position, double& owed) {
  owed =
      quantum_of(world, book.lends)
          .up(w.positions.amount(position, BandBook::debt_leg) * w.market.borrow_index[book.lends]);
  return liquidate_bands(book.terms, w.positions.amount(position, BandBook::coins_leg),
                         w.positions.amount(position, BandBook::collateral_leg), owed);
}

/// All shares of a band, loan by loan: nothing is left of loans that are gone.
double shares_in(const BandBook& book, const BandMarketRun& run, std::uint32_t band) {
  double sum = 0;
  for (std::uint32_t i = book.first_in_band[band]; i < book.first_in_band[band + 1]; ++i) {
    const LoanPlace& l = book.loans[book.in_band[i]];
    sum += run.kept[book.in_band[i]] * book.shares[l.first_share + band - l.first];
  }
  return sum;
}

}  // namespace

void value_band(const BandBook& book, const BandPool::Params& p, const BandPool::State& s,
                std::size_t k, BandMarketRun& run) {
  const double shares = run.shares[k];
  if (!(shares > 0)) {
    run.coins[k] = run.collateral[k] = run.promised[k] = 0;
    return;
  }
  const BandShare all{s.quote_in[k], s.base_in[k]};
  run.coins[k] = all.x / shares;
  run.collateral[k] = all.y / shares;
  run.promised[k] = band_coins_down(book.terms, all, p.up[k], s.oracle) / shares;
}

LoanHolding loan_holding(const Snapshot& world, const BandBook& book, const BandMarketRun& run,
                         std::uint32_t loan) {
  const LoanPlace& l = book.loans[loan];
  const double* share = book.shares.data() + l.first_share;
  const double *coins = run.coins.data() + l.first, *collateral = run.collateral.data() + l.first,
               *promised = run.promised.data() + l.first;
  double x = 0, y = 0, down = 0;
  for (std::uint32_t k = 0; k < l.bands; ++k) {
    x += share[k] * coins[k];
    y += share[k] * collateral[k];
    down += share[k] * promised[k];
  }
  const double kept = run.kept[loan];
  const Quantum& qx = quantum_of(world, book.lends);
  return {quantum_of(world, book.collateral).down(kept * y), qx.down(kept * x),
          qx.down(kept * down * (1 - book.terms.liquidation_discount))};
}

// full_band_health of protocols/margin/band_loan.hpp, times the debt.
bool below_full_health(const BandBook& book, const BandPool::Params& p, const BandPool::State& s,
                       std::uint32_t loan, const LoanHolding& has, double owed) {
  if (has.promised >= owed) return false;
  const std::uint32_t first = book.loans[loan].first;
  if (s.active > first || (s.active == first && s.quote_in[first] > 0)) return true;
  return has.promised + std::max(0.0, s.oracle - p.up[first]) * has.collateral < owed;
}

double coin_share(const Snapshot& world, const Workspace& w, const BandBook& book) {
  const VenueInfo& venue = world.venues[book.venue.value];
  const double coins = w.ledger.balance(venue.quote_account) * w.market.spot[venue.quote.value];
  const double rest = w.ledger.balance(venue.base_account) * w.market.spot[venue.base.value];
  return coins > 0 ? coins / (coins + rest) : 0;
}

void write_loan(const Snapshot& world, Workspace& w, std::uint32_t position) {
  const auto [book, loan] = band_loan_at(world, position);
  write_legs(world, w, book, loan);
}

void refresh_band_loans(const Snapshot& world, Workspace& w) {
  for (const BandBook& book : world.band_books) {
    if (w.moved_venues.has(book.venue.value)) refresh_market(world, w, book);
  }
}

void align_bands_at_reference(const Snapshot& world, Workspace& w) {
  for (const BandBook& book : world.band_books) {
    const VenueInfo& venue = world.venues[book.venue.value];
    const double price =
        w.market.reference[venue.base.value] / w.market.reference[venue.quote.value];
    for (const Side side : {Side::sell, Side::buy}) {
      const AssetId given = asset_given(venue, side), taken = asset_taken(venue, side);
      const double rate = side == Side::sell ? price : 1 / price;
      if (!(w.market.venue_rate[rate_place(book.venue, side)] > rate)) continue;
      const double in = world.assets[given.value].quantum.down(
          BandPool::in_to_rate(params_of(world, book), state_of(w, book), side, rate));
      if (!(in > 0)) continue;
      const Quantum& quantum = world.assets[taken.value].quantum;
      const double out = venue_trade(world, w.venues, book.venue, side, in, [&](double& brings) {
        brings = quantum.down(brings);
        return brings > 0;
      });
      if (!(out > 0)) continue;
      w.ledger.post(world.boundary[given.value], account_given(venue, side), in);
      w.ledger.post(account_taken(venue, side), world.boundary[taken.value], out);
      post_price(world, w.venues, book.venue, w.market);
      w.moved_venues.add(book.venue.value);
      w.quiet = false;
    }
  }
}

bool loan_fails(const Snapshot& world, const Workspace& w, std::uint32_t position) {
  const auto [book, loan] = band_loan_at(world, position);
  const auto amount = [&](BandBook::Leg leg) { return w.positions.amount(position, leg); };
  const LoanHolding has{amount(BandBook::collateral_leg), amount(BandBook::coins_leg),
                        amount(BandBook::promised_leg)};
  const double owed = amount(BandBook::debt_leg) * w.market.borrow_index[book.lends];
  return below_full_health(book, params_of(world, book), state_of(w, book), loan, has, owed);
}

bool loan_fails_at_opening(const Snapshot& world, std::uint32_t position) {
  const auto [book, loan] = band_loan_at(world, position);
  const auto amount = [&](BandBook::Leg leg) { return world.book->base_amount(position, leg); };
  const LoanHolding has{amount(BandBook::collateral_leg), amount(BandBook::coins_leg),
                        amount(BandBook::promised_leg)};
  return below_full_health(book, params_of(world, book),
                           world.opening.venues.of<BandPool>()[book.pool], loan, has,
                           amount(BandBook::debt_leg));
}

BandLoanView view_band_loan(const Snapshot& world, std::uint32_t position) {
  const auto [book, loan] = band_loan_at(world, position);
  const BandPool::Params& p = params_of(world, book);
  const double oracle = world.opening.venues.of<BandPool>()[book.pool].oracle;
  const double coins = world.book->base_amount(position, BandBook::coins_leg);
  const double rest = world.book->base_amount(position, BandBook::collateral_leg) * oracle;
  const LoanPlace& l = book.loans[loan];
  const long first = p.first + static_cast<long>(l.first);
  return {first, first + static_cast<long>(l.bands) - 1, coins > 0 ? coins / (coins + rest) : 0,
          std::max(0.0, 1 - p.up[l.first] / oracle), loan_fails_at_opening(world, position)};
}

namespace {

bool by_highest(const WaitingLoan& a, const WaitingLoan& b) {
  return a.price != b.price ? a.price < b.price : a.position > b.position;
}
bool by_lowest(const WaitingLoan& a, const WaitingLoan& b) {
  return a.price != b.price ? a.price > b.price : a.position > b.position;
}

/// Wakes the first of a heap while `due(price)`; entries of rows parked anew since are dropped.
template <class Order, class Due>
void wake_while(Workspace& w, std::vector<WaitingLoan>& heap, Order order, Due&& due) {
  while (!heap.empty() && due(heap.front().price)) {
    std::pop_heap(heap.begin(), heap.end(), order);
    const WaitingLoan loan = heap.back();
    heap.pop_back();
    const ParkState* state = w.parked.states.find(loan.position);
    if (!state->parked || state->stamp != loan.stamp) continue;
    w.set_parked(loan.position, false);
    w.parked.woken.push_back(loan.position);
  }
}

constexpr double index_room = 1e-3;  // debts may grow by this before sound loans are looked at
constexpr double gas_room = 0x1p-5;  // gas may fall by this before unpaid loans are looked at

/// Gas of liquidating one loan, in the coin lent.
double gas_of_closing(const Snapshot& world, const Workspace& w, const BandBook& book) {
  if (world.liquidator_of[book.market.value] < 0) return 0;
  return liquidation_gas_usd(world, w, book.market) / spot_of(world, w, book.lends);
}

}  // namespace

void wake_band_loans(const Snapshot& world, Workspace& w) {
  for (const BandBook& book : world.band_books) {
    BandMarketRun& run = w.bands.markets[place_of(world, book)];
    const double oracle = state_of(w, book).oracle;
    const bool grown = w.market.borrow_index[book.lends] > run.index * (1 + index_room);
    wake_while(w, run.sound, by_highest, [&](double price) { return grown || oracle < price; });
    const double gas = gas_of_closing(world, w, book);
    if (gas < run.gas) wake_while(w, run.unpaid, by_lowest, [](double) { return true; });
    if (run.unpaid.empty()) run.gas = gas * (1 - gas_room);
    const double pays = w.lane_price[world.lane(book.collateral, book.lends)];
    wake_while(w, run.unpaid, by_lowest, [&](double price) { return pays > price; });
  }
}

namespace {

constexpr double early = 0x1p-9;  // of an awaited price: loans that move with it are asked so soon

// Sound while promised + (oracle - top) y >= debt; paid for while price y > debt - coins + gas.
AwaitedPrice awaited(const Snapshot& world, const Workspace& w, std::uint32_t position) {
  const auto [book, loan] = band_loan_at(world, position);
  const double collateral = w.positions.amount(position, BandBook::collateral_leg);
  const double owed =
      w.positions.amount(position, BandBook::debt_leg) * w.market.borrow_index[book.lends];
  if (loan_fails(world, w, position)) {
    const double costs = owed - w.positions.amount(position, BandBook::coins_leg) +
                         w.bands.markets[place_of(world, book)].gas;
    return {true, costs / collateral};
  }
  const double promised = w.positions.amount(position, BandBook::promised_leg);
  return {false, params_of(world, book).up[book.loans[loan].first] +
                     (owed * (1 + 2 * index_room) - promised) / collateral};
}

void wait_for(const Snapshot& world, Workspace& w, std::uint32_t position, AwaitedPrice at) {
  const auto [book, loan] = band_loan_at(world, position);
  BandMarketRun& run = w.bands.markets[place_of(world, book)];
  std::vector<WaitingLoan>& heap = at.fails ? run.unpaid : run.sound;
  if (heap.empty() && !at.fails) run.index = w.market.borrow_index[book.lends];
  at.price *= at.fails ? 1 - early : 1 + early;
  run.awaits[loan] = at;
  heap.push_back({at.price, position, w.parked.states.find(position)->stamp});
  std::push_heap(heap.begin(), heap.end(), at.fails ? by_lowest : by_highest);
}

}  // namespace

void wait_for_price(const Snapshot& world, Workspace& w, std::uint32_t position) {
  const BandBook& book = band_loan_at(world, position).book;
  if (world.liquidator_of[book.market.value] < 0) return;
  if (!(w.positions.amount(position, BandBook::collateral_leg) > 0)) return;
  wait_for(world, w, position, awaited(world, w, position));
}

bool keeps_waiting(const Snapshot& world, Workspace& w, std::uint32_t position) {
  if (world.markets[world.positions[position].market.value].bands < 0) return false;
  const auto [book, loan] = band_loan_at(world, position);
  if (!(w.positions.amount(position, BandBook::collateral_leg) > 0)) return false;
  if (world.liquidator_of[book.market.value] < 0) return true;
  const AwaitedPrice now = awaited(world, w, position);
  const bool there = now.fails ? w.lane_price[world.lane(book.collateral, book.lends)] > now.price
                               : state_of(w, book).oracle < now.price;
  const AwaitedPrice& entry = w.bands.markets[place_of(world, book)].awaits[loan];
  if (there || now.fails != entry.fails) return false;
  if (now.fails ? now.price < entry.price : now.price > entry.price) {
    wait_for(world, w, position, now);
  }
  return true;
}

// A liquidator pays what the coins in the bands leave of the debt, and sells the collateral.
void plan_band_loan(const Snapshot& world, const Workspace& w, std::uint32_t position,
                    double gas_usd, PlannedRows& out) {
  const auto wait = [&] {
    const auto none = static_cast<std::uint32_t>(out.needs.size());
    out.parked.push_back({position, none, none});
  };
  if (!loan_fails(world, w, position)) return wait();
  const BandBook& book = band_loan_at(world, position).book;
  double owed = 0;
  const BandLiquidation all = whole_liquidation(world, w, book, position, owed);
  const AssetId coin = world.reserves[book.lends].asset;
  const double gas = gas_usd / w.market.spot[coin.value];
  if (!(all.collateral > 0)) {
    if (all.paid > 0 || all.coins == 0) return wait();
    out.kept.push_back(position);
    if (all.coins > gas) out.closed_loans.push_back(position);
    return;
  }
  const std::uint16_t lane = world.lane(book.collateral, book.lends);
  const double costs = all.paid - all.coins + gas;
  if (!world.lanes[lane].open || !(all.collateral * w.lane_price[lane] > costs)) return wait();
  out.kept.push_back(position);
  LiquidationOrder& o = out.orders.emplace_back();
  o.position = position;
  o.lane = lane;
  o.debt_leg = BandBook::debt_leg;
  o.collateral_leg = BandBook::collateral_leg;
  o.debt_reserve = book.lends;
  o.collateral_reserve = book.collateral;
  o.repay = all.paid;
  o.seize = o.to_liquidator = all.collateral;
  o.gas = gas;
  o.limit = costs / all.collateral;
  o.owed = owed;
  o.held = all.from_bands + all.coins;
  o.discount = book.terms.liquidation_discount;
}

double LiquidationOrder::cost() const {
  if (owed == 0) return fraction * (repay + keeps);
  BandLoanTerms terms;
  terms.liquidation_discount = discount;
  return debt_share_for(terms, fraction) * owed - fraction * held;
}

void leave_bands(const Snapshot& world, const Workspace& w, const LiquidationOrder& o,
                 VenueStates& states) {
  const auto [book, loan] = band_loan_at(world, o.position);
  const BandMarketRun& run = w.bands.markets[place_of(world, book)];
  const BandPool::State& now = state_of(w, book);
  BandPool::State& s = states.of<BandPool>()[book.pool];
  const LoanPlace& l = book.loans[loan];
  for (std::uint32_t i = 0; i < l.bands; ++i) {
    const std::uint32_t k = l.first + i;
    if (!(run.shares[k] > 0)) continue;
    const double part = run.kept[loan] * book.shares[l.first_share + i] / run.shares[k];
    const double coins = std::min(s.quote_in[k], part * now.quote_in[k]);
    const double collateral = std::min(s.base_in[k], part * now.base_in[k]);
    s.quote_in[k] -= coins;
    s.base_in[k] -= collateral;
    s.quote -= coins;
    s.base -= collateral;
  }
}

void take_from_bands(const Snapshot& world, Workspace& w, LiquidationOrder& o) {
  const auto [book, loan] = band_loan_at(world, o.position);
  BandMarketRun& run = w.bands.markets[place_of(world, book)];
  BandPool::State& s = state_of(w, book);
  const VenueInfo& venue = world.venues[book.venue.value];
  const Quantum &qx = quantum_of(world, book.lends), &qy = quantum_of(world, book.collateral);
  const LoanPlace& l = book.loans[loan];
  const bool sells = o.to_liquidator > 0;
  const double before = run.kept[loan];
  double x = 0, y = 0;
  const auto each_band = [&](auto&& visit) {
    for (std::uint32_t i = 0; i < l.bands; ++i) {
      const std::uint32_t k = l.first + i;
      if (run.shares[k] > 0)
        visit(k, o.fraction * before * book.shares[l.first_share + i] / run.shares[k]);
    }
  };
  each_band([&](std::uint32_t k, double part) {
    x += part * s.quote_in[k];
    y += part * s.base_in[k];
  });
  const double collateral = std::min(qy.down(y), w.ledger.balance(venue.base_account));
  const double coins = std::min(qx.down(x), w.ledger.balance(venue.quote_account));
  if (sells && !(collateral > 0)) {
    o.fraction = 0;
    return;
  }
  run.kept[loan] = o.fraction < 1 ? before * (1 - o.fraction) : 0;
  each_band([&](std::uint32_t k, double part) {
    s.quote_in[k] -= part * s.quote_in[k];
    s.base_in[k] -= part * s.base_in[k];
  });
  for (std::uint32_t k = l.first; k < l.first + l.bands; ++k) {
    run.shares[k] = shares_in(book, run, k);
    if (run.shares[k] == 0) s.quote_in[k] = s.base_in[k] = 0;
  }
  o.seize = o.to_liquidator = collateral;
  o.repaid = o.fraction < 1
                 ? std::min(o.owed, qx.up(debt_share_for(book.terms, o.fraction) * o.owed))
                 : o.owed;
  const double from_bands = std::min(coins, o.repaid);
  o.repay = o.repaid - from_bands;
  w.ledger.post(venue.quote_account, world.reserves[book.lends].cash, from_bands);
  w.ledger.post(venue.quote_account,
                world.liquidator_purse(book.lends, world.reserves[book.lends].asset),
                coins - from_bands);
  s.base -= collateral;
  s.quote -= coins;
  run.base -= collateral;
  run.quote -= coins;
  w.moved_venues.add(book.venue.value);
}

void measure_bands(const Snapshot& world, Workspace& w) {
  for (const BandBook& book : world.band_books) {
    w.outcome.bands[place_of(world, book)].coins_end = coin_share(world, w, book);
  }
}

LiquidationOrder closing_order(const Snapshot& world, Workspace& w, std::uint32_t position) {
  const BandBook& book = band_loan_at(world, position).book;
  LiquidationOrder o;
  const BandLiquidation all = whole_liquidation(world, w, book, position, o.owed);
  const AssetId coin = world.reserves[book.lends].asset;
  const double gas = liquidation_gas_usd(world, w, book.market);
  o.position = position;
  o.debt_leg = BandBook::debt_leg;
  o.collateral_leg = BandBook::collateral_leg;
  o.debt_reserve = book.lends;
  o.collateral_reserve = book.collateral;
  o.held = all.from_bands + all.coins;
  o.discount = book.terms.liquidation_discount;
  o.gas = world.assets[coin.value].quantum.up(gas / w.market.spot[coin.value]);
  o.fraction = all.collateral == 0 && all.paid == 0 && all.coins > o.gas ? 1 : 0;
  if (o.fraction > 0) take_from_bands(world, w, o);
  return o;
}

}  // namespace faultline
