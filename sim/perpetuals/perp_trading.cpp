// How accounts in breach at a perpetual venue are closed into its books.
//
//   equity       sum of haircut collateral + balance + sum q (M - F), shorts with the sign turned
//   maintenance  sum of tiers' margin on q M
//   an order     what the venue's rule closes now, at no worse a price than its limit
//   one fill     all sales of a contract in a round walk its book once and get the average net of
//                fee; then all purchases. While the average breaks a limit the worst limit is cut.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/math.hpp"
#include "core/rng.hpp"
#include "protocols/margin/perp_account.hpp"
#include "protocols/venues/solve.hpp"
#include "sim/perpetuals/perps.hpp"
#include "sim/perpetuals/pool_perps.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

double quote_published(const Snapshot& world, const Workspace& w, const PerpVenue& venue) {
  return w.market.published[world.reserves[venue.settles].oracle.value];
}

/// One position of an account as the sizing rule wants it.
PerpInBreach breach_of(const Snapshot& world, const Workspace& w, const PerpVenue& venue,
                       const TraderView& view, std::uint32_t position, const Leg& leg) {
  const PerpContract& contract = venue.contract_of(leg.factor / 2);
  const Reserve& reserve = world.reserves[contract.reserve];
  PerpInBreach row;
  row.size = leg.factor % 2 == 0 ? leg.amount : -leg.amount;
  row.mark = w.market.published[reserve.oracle.value];
  const double notional = leg.amount * row.mark;
  row.own_maintenance = maintenance_margin(contract.tiers, notional);
  row.total_maintenance = view.maintenance;
  row.total_notional = view.notional;
  row.equity = view.equity;
  row.bankruptcy = std::max(0.0, bankruptcy_price(view.equity, row.size, row.mark,
                                                  row.own_maintenance, view.maintenance));
  row.margin_ratio = contract.tiers[tier_of(contract.tiers, notional)].maintenance;
  if (const double* last = w.perps.ordered_s.find(position)) row.since_order_s = w.now_s - *last;
  if (const std::uint32_t* since = w.breach_since.find(position)) {
    row.since_breach_s = (w.round - *since) * world.round_s;
  }
  if (const double* freed = w.perps.freed_usd.find(position)) row.freed_usd = *freed;
  row.round_s = world.round_s;
  row.quantum = world.assets[reserve.asset.value].quantum;
  return row;
}

/// Whether some vault of the venue stands above its own maintenance margin.
bool vault_willing(const Snapshot& world, const Workspace& w, const PerpVenue& venue) {
  for (const PerpAbsorber& a : venue.absorbers) {
    if (a.kind != PerpAbsorber::Kind::backstop || !venue.backstops[a.backstop].takes_over) continue;
    const TraderView vault = view_trader(world, w, venue, venue.backstops[a.backstop].row);
    if (vault.equity > vault.maintenance) return true;
  }
  return false;
}

/// Of the contracts a venue closes one by one, which is next: by lot (dYdX).
std::uint32_t drawn_leg(const Snapshot& world, const Workspace& w, std::uint32_t position,
                        std::uint32_t count) {
  const double u = uniform({world.seed, w.round, name_key("liquidation"), position, 0});
  return std::min(count - 1, static_cast<std::uint32_t>(u * count));
}

}  // namespace

std::uint32_t leg_with_factor(const Snapshot& world, std::uint32_t position, std::uint32_t factor) {
  for (std::uint32_t leg = 0; leg < world.book->legs(position); ++leg) {
    if (world.book->factor(position, leg) == factor) return leg;
  }
  return 0xffffffffu;
}

void set_leg(const Snapshot& world, Workspace& w, std::uint32_t position, std::uint32_t leg,
             double amount) {
  const std::uint32_t f = world.book->factor(position, leg);
  if (!std::isfinite(amount)) {
    fail(w, Stop::not_finite, "an account's " + world.factor_text(f) + " is not a finite number");
    return;
  }
  ReserveState& reserve = w.reserves[f / 2];
  (f % 2 == 0 ? reserve.supply_scaled : reserve.debt_scaled) +=
      amount - w.positions.amount(position, leg);
  w.positions.set_amount(position, leg, amount);
}

void add_balance(const Snapshot& world, Workspace& w, const PerpVenue& venue,
                 std::uint32_t position, double amount) {
  const std::uint32_t has = leg_with_factor(world, position, 2 * venue.settles);
  const std::uint32_t owes = leg_with_factor(world, position, 2 * venue.settles + 1);
  const double net =
      w.positions.amount(position, has) - w.positions.amount(position, owes) + amount;
  set_leg(world, w, position, has, std::max(net, 0.0));
  set_leg(world, w, position, owes, std::max(-net, 0.0));
}

TraderView view_trader(const Snapshot& world, const Workspace& w, const PerpVenue& venue,
                       std::uint32_t position) {
  if (venue.pool) {
    const PoolAccount a = view_pool_account(world, w, venue, position);
    const double price =
        w.market.published[world.reserves[venue.contracts[0].reserve].oracle.value];
    return {.equity = a.position.collateral + pool_profit(a.position, price) - a.owed,
            .maintenance = venue.pool->terms.min_collateral * a.position.size,
            .notional = a.position.contracts * price,
            .contracts = a.position.contracts > 0 ? 1u : 0u};
  }
  TraderView view;
  Leg legs[kMostLegs];
  const RowLegs row = w.positions.row(position, legs);
  const double quote = quote_published(world, w, venue);
  for (std::uint32_t leg = 0; leg < row.count; ++leg) {
    const auto [f, amount] = legs[leg];
    if (amount == 0) continue;
    const Reserve& reserve = w.settings.reserves[f / 2];
    const double price = w.market.published[reserve.oracle.value];
    const double side = f % 2 == 0 ? 1 : -1;
    if (!reserve.contract) {
      view.equity += side * amount * price * (f % 2 == 0 ? reserve.terms.lt : 1);
      continue;
    }
    ++view.contracts;
    view.equity += side * amount * (price - w.market.funding[f] * quote);
    view.notional += amount * price;
    view.maintenance += maintenance_margin(venue.contract_of(f / 2).tiers, amount * price);
  }
  view.maintenance *= venue.liquidate_at;
  return view;
}

bool plan_trader(const Snapshot& world, const Workspace& w, std::uint32_t position,
                 PlannedRows& out) {
  const PerpVenue& venue = venue_of(world, position);
  if (venue.pool) {
    plan_pool_trader(world, w, venue, position, out);
    return true;
  }
  const TraderView view = view_trader(world, w, venue, position);
  if (venue.backstop_of(position) != nullptr) {  // it works off what it holds, see plan_unwinding
    if (view.equity < 0) out.deleveraged.push_back(position);
    out.kept.push_back(position);
    return true;
  }
  if (view.contracts == 0) {
    if (view.equity >= 0) return false;
    Leg legs[kMostLegs];
    const RowLegs row = w.positions.row(position, legs);
    for (std::uint32_t leg = 0; leg < row.collateral; ++leg) {
      if (legs[leg].amount > 0) return false;  // what it posted is sold first
    }
    out.deleveraged.push_back(position);
    out.kept.push_back(position);
    return true;
  }
  out.kept.push_back(position);
  PerpLiquidationTerms terms = w.settings.perps[venue.number].liquidation;
  if (terms.takeover_below > 0 && !vault_willing(world, w, venue)) terms.takeover_below = 0;
  Leg legs[kMostLegs];
  const RowLegs row = w.positions.row(position, legs);
  const bool one = terms.sizing == PerpSizing::capped || terms.sizing == PerpSizing::to_buffer;
  const std::uint32_t chosen = one ? drawn_leg(world, w, position, view.contracts) : 0;
  std::uint32_t seen = 0;
  for (std::uint32_t leg = 0; leg < row.count; ++leg) {
    if (legs[leg].amount == 0 || !world.reserves[legs[leg].factor / 2].contract) continue;
    if (one && seen++ != chosen) continue;
    const PerpInBreach breach = breach_of(world, w, venue, view, position, legs[leg]);
    const PerpPlan plan = plan_perp_liquidation(terms, breach);
    if (plan.action == PerpAction::takeover) {
      out.taken_over.push_back(position);
      return true;
    }
    if (plan.action == PerpAction::deleverage) {
      out.deleveraged.push_back(position);
      return true;
    }
    if (plan.action == PerpAction::wait) {
      out.waits = true;
      continue;
    }
    const double quote = quote_published(world, w, venue);
    out.perp_orders.push_back({.position = position,
                               .contract = venue.contract_of(legs[leg].factor / 2).number,
                               .reserve = legs[leg].factor / 2,
                               .leg = leg,
                               .sells = plan.change < 0,
                               .size = std::fabs(plan.change),
                               .limit = plan.limit / quote,
                               .bankruptcy = breach.bankruptcy / quote});
  }
  return true;
}

namespace {

/// Small accounts of a pool that have less left than the least it asks of anyone.
void find_small(const Snapshot& world, const Workspace& w, const PerpVenue& venue,
                std::span<const std::uint32_t> known, std::vector<std::uint32_t>& out) {
  for (const std::uint32_t p : venue.pool->small) {
    if (std::binary_search(known.begin(), known.end(), p)) continue;
    const TraderView view = view_trader(world, w, venue, p);
    const double left = view.equity - venue.pool->terms.fee_worsens * view.notional;
    if (view.contracts > 0 && left < venue.pool->terms.least_collateral_usd) out.push_back(p);
  }
}

}  // namespace

void find_tiered(const Snapshot& world, const Workspace& w, std::span<const std::uint32_t> known,
                 std::vector<std::uint32_t>& out) {
  out.clear();
  for (const PerpVenue& venue : world.perps) {
    if (venue.pool) find_small(world, w, venue, known, out);
    for (const PerpContract& contract : venue.contracts) {
      if (contract.by_size.empty()) continue;
      const double mark = w.market.published[world.reserves[contract.reserve].oracle.value];
      for (const SizedRow& large : contract.by_size) {
        if (!(large.size * mark > contract.tiers[1].floor)) break;
        if (std::binary_search(known.begin(), known.end(), large.position)) continue;
        const TraderView view = view_trader(world, w, venue, large.position);
        if (view.equity < view.maintenance) out.push_back(large.position);
      }
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
}

void plan_unwinding(const Snapshot& world, Workspace& w) {
  for (const PerpVenue& venue : world.perps) {
    for (const Backstop& b : venue.backstops) {
      Leg legs[kMostLegs];
      const RowLegs row = w.positions.row(b.row, legs);
      for (std::uint32_t leg = 0; leg < row.count; ++leg) {
        const auto [f, amount] = legs[leg];
        if (amount == 0 || !world.reserves[f / 2].contract) continue;
        const PerpContract& contract = venue.contract_of(f / 2);
        const Quantum& q = world.assets[world.reserves[f / 2].asset.value].quantum;
        const double share =
            b.unwind_s > 0 ? 1 - math::exp(-0.69314718055994530942 * world.round_s / b.unwind_s)
                           : 1;
        // The last ten dollars go at once: a half-life alone would never end.
        const double price = w.market.published[world.reserves[f / 2].oracle.value];
        const bool last = amount * price <= 1e-7 * b.holds_usd;
        w.perps.orders.push_back(
            {.position = b.row,
             .contract = contract.number,
             .reserve = f / 2,
             .leg = leg,
             .sells = f % 2 == 0,
             .size = last ? amount : q.up(share * amount),
             .limit = f % 2 == 0 ? 0 : std::numeric_limits<double>::infinity()});
      }
    }
  }
}

namespace {

/// Settlement asset needed at the book to take `size` contracts out of it; all it can take where it
/// holds fewer.
double cost_of(const Snapshot& world, const Workspace& w, VenueId book, double size) {
  const double most = venue_most_in(world, w.venues, book, Side::buy);
  const auto lacks = [&](double in) {
    return venue_fill(world, w.venues, book, Side::buy, in).out / size - 1;
  };
  double high = std::min(most, 1.05 * size / w.market.venue_rate[rate_place(book, Side::buy)]);
  double at_high = lacks(high);
  while (at_high < 0 && high < most) {
    high = std::min(most, 2 * high);
    at_high = lacks(high);
  }
  if (at_high < 0) return most;
  return bracketed_root(lacks, high, at_high, 0, -1).good;
}

/// What `size` contracts bring (sales) or cost (purchases) at the book now, net of fee; with
/// transmission off at the reference. Gives the contracts filled, too.
struct BookFill {
  double size = 0;   // contracts
  double quote = 0;  // settlement asset
};
BookFill walk(const Snapshot& world, const Workspace& w, const PerpContract& c, bool sells,
              double size) {
  const VenueInfo& book = world.venues[c.book.value];
  if (!w.transmission) {
    return {size,
            size * w.market.reference[book.base.value] / w.market.reference[book.quote.value]};
  }
  if (sells) {
    const double takes = std::min(size, venue_most_in(world, w.venues, c.book, Side::sell));
    return {takes, takes > 0 ? venue_fill(world, w.venues, c.book, Side::sell, takes).out : 0};
  }
  const double in = cost_of(world, w, c.book, size);
  const double out = in > 0 ? venue_fill(world, w.venues, c.book, Side::buy, in).out : 0;
  return {std::min(size, out), in};
}

bool meets(const BookFill& fill, bool sells, double limit) {
  return sells ? fill.quote >= limit * fill.size : fill.quote <= limit * fill.size;
}

using Orders = std::span<PerpOrder>;

/// Contracts of a side's orders, best limit first, that one fill can give without breaking a limit:
/// all of the first ones, and of the next what keeps the average at its limit.
double keep_within_limits(const Snapshot& world, const Workspace& w, const PerpContract& c,
                          Orders orders) {
  const bool sells = orders[0].sells;
  std::vector<double> sum(orders.size());
  double total = 0;
  for (std::size_t i = 0; i < orders.size(); ++i) sum[i] = total += orders[i].size;
  std::size_t low = 0, high = orders.size() + 1;  // the first `low` hold
  if (meets(walk(world, w, c, sells, total), sells, orders.back().limit)) return total;
  while (high - low > 1) {
    const std::size_t middle = (low + high) / 2;
    const bool holds = middle <= orders.size() && meets(walk(world, w, c, sells, sum[middle - 1]),
                                                        sells, orders[middle - 1].limit);
    (holds ? low : high) = middle;
  }
  if (low == orders.size()) return total;
  const double before = low == 0 ? 0 : sum[low - 1];
  const double limit = orders[low].limit;
  const double in = on_venue(world, w.venues, c.book, [&]<class K>(const auto& p, const auto& s) {
    return K::in_for_average(p, s, sells ? Side::sell : Side::buy, sells ? limit : 1 / limit);
  });
  const double most =
      sells || in == 0 ? in : venue_fill(world, w.venues, c.book, Side::buy, in).out;
  return std::clamp(most, before, sum[low]);
}

/// Books one fill between the venue's accounts and the makers of the contract's book.
void book(const Snapshot& world, Workspace& w, const PerpVenue& venue, const PerpContract& c,
          bool sells, const BookFill& fill) {
  const VenueInfo& info = world.venues[c.book.value];
  const Reserve& contract = world.reserves[c.reserve];
  const AccountId cash = world.reserves[venue.settles].cash;
  const AccountId makers_base =
      w.transmission ? info.base_account : world.boundary[info.base.value];
  const AccountId makers_quote =
      w.transmission ? info.quote_account : world.boundary[info.quote.value];
  if (sells) {
    w.ledger.post(contract.cash, makers_base, fill.size);
    w.ledger.post(makers_quote, world.dust[info.quote.value], fill.quote);
  } else {
    w.ledger.post(makers_base, contract.cash, fill.size);
    w.ledger.post(cash, makers_quote, fill.quote);
  }
  w.outcome.venues[c.book.value].volume_usd += fill.quote * w.market.spot[info.quote.value];
  w.outcome.venues[c.book.value].forced_usd += fill.quote * w.market.spot[info.quote.value];
  if (!w.transmission) return;
  const double move = on_venue(world, w.venues, c.book, [&]<class K>(const auto& p, auto& s) {
    const auto before = s;
    if (sells) {
      K::apply(p, s, Side::sell, fill.size, fill.quote);
    } else {
      K::apply(p, s, Side::buy, fill.quote, fill.size);
    }
    if constexpr (requires { K::permanent_move(p, before, s); }) {
      return K::permanent_move(p, before, s);
    } else {
      return 0.0;
    }
  });
  note_impact(world, w, c.book, move);
  w.moved_venues.add(c.book.value);
}

/// All orders of one side of one contract, by limit.
void trade_side(const Snapshot& world, Workspace& w, const PerpVenue& venue, const PerpContract& c,
                Orders orders) {
  const Quantum& qc = world.assets[world.reserves[c.reserve].asset.value].quantum;
  const Quantum& qq = world.assets[world.reserves[venue.settles].asset.value].quantum;
  const bool sells = orders[0].sells;
  double left = qc.down(keep_within_limits(world, w, c, orders));
  if (!(left > 0)) return;
  BookFill fill = walk(world, w, c, sells, left);
  fill.size = left = qc.down(std::min(left, fill.size));
  fill.quote = sells ? qq.down(fill.quote) : qq.up(fill.quote);
  if (!(fill.size > 0)) return;
  double shared = 0;
  for (PerpOrder& o : orders) {
    o.filled = std::min(o.size, left);
    left -= o.filled;
    const double part = fill.quote * (o.filled / fill.size);
    o.quote = o.filled > 0 ? (sells ? qq.down(part) : qq.up(part)) : 0;
    shared += o.quote;
  }
  const AssetId quote = world.reserves[venue.settles].asset;
  const AccountId cash = world.reserves[venue.settles].cash, dust = world.dust[quote.value];
  book(world, w, venue, c, sells, fill);
  if (sells) {
    w.ledger.post(dust, cash, shared);
  } else {
    w.ledger.post(cash, dust, shared - fill.quote);
  }
}

}  // namespace

void trade_contracts(const Snapshot& world, Workspace& w) {
  if (w.perps.orders.empty()) return;
  std::sort(w.perps.orders.begin(), w.perps.orders.end(),
            [](const PerpOrder& a, const PerpOrder& b) {
              if (a.contract != b.contract) return a.contract < b.contract;
              if (a.sells != b.sells) return a.sells;
              if (a.limit != b.limit) return a.sells ? a.limit < b.limit : a.limit > b.limit;
              return a.position < b.position;
            });
  const Orders all(w.perps.orders);
  for (std::size_t begin = 0, end = 0; begin < all.size(); begin = end) {
    while (end < all.size() && all[end].contract == all[begin].contract &&
           all[end].sells == all[begin].sells) {
      ++end;
    }
    const PerpVenue& venue = venue_of(world, all[begin].position);
    trade_side(world, w, venue, venue.contract_of(all[begin].reserve),
               all.subspan(begin, end - begin));
  }
}

}  // namespace faultline
