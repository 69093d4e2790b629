// Funding of perpetual contracts (protocols/margin/funding.hpp): a payment per contract goes into a
// running sum for longs and one for shorts, so that it touches no account.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/narration.hpp"
#include "sim/perpetuals/pool_perps.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

constexpr double most_folded = 0.25;  // of the mark: what a running sum may reach

/// Premium of the book over the index: what trading the impact notional costs, fees aside.
double book_premium(const Snapshot& world, const Workspace& w, const PerpVenue& venue,
                    const PerpContract& contract, double index) {
  const double keep = 1 - venue_fee(world, w.venues, contract.book);
  const double quote_usd = w.market.published[world.reserves[venue.settles].oracle.value];
  const double base = contract.impact_usd / index, paid = contract.impact_usd / quote_usd;
  double bid = 0, ask = std::numeric_limits<double>::infinity();
  if (base <= venue_most_in(world, w.venues, contract.book, Side::sell)) {
    bid = venue_fill(world, w.venues, contract.book, Side::sell, base).out / (base * keep);
  }
  if (paid <= venue_most_in(world, w.venues, contract.book, Side::buy)) {
    ask = paid * keep / venue_fill(world, w.venues, contract.book, Side::buy, paid).out;
  }
  return impact_premium(bid * quote_usd, ask * quote_usd, index);
}

/// Who holds contracts outside the position book pays, or is paid, in cash.
void settle_holders(const Snapshot& world, Workspace& w, const PerpVenue& venue,
                    const PerpContract& contract, double per_contract) {
  const AccountId cash = world.reserves[venue.settles].cash;
  const Quantum& q = world.assets[world.reserves[venue.settles].asset.value].quantum;
  for (const auto& [holds, pays] : contract.holders) {
    const double due = w.ledger.balance(holds) * per_contract;
    if (due > 0) w.ledger.post(pays, cash, q.up(due));
    if (due < 0) w.ledger.post(cash, pays, q.down(-due));
  }
}

void pay(const Snapshot& world, Workspace& w, const PerpVenue& venue, const PerpContract& contract,
         const FundingDue& due, double index) {
  const double quote_usd = w.market.published[world.reserves[venue.settles].oracle.value];
  const double longs = due.longs_pay * index / quote_usd;
  const double shorts = due.shorts_pay * index / quote_usd;
  if (longs == 0 && shorts == 0) return;
  w.market.funding[2 * contract.reserve] += longs;
  w.market.funding[2 * contract.reserve + 1] -= shorts;
  settle_holders(world, w, venue, contract, longs);
  for (const std::uint32_t f : {2 * contract.reserve, 2 * contract.reserve + 1}) {
    w.changed_factors.push_back(f);
  }
  w.quiet = false;
  PerpOutcome& out = w.outcome.perps[contract.number];
  const double longs_rate = due.longs_pay * (contract.funding.per_s /
                                             std::max(contract.funding.every_s, w.world->round_s));
  const double rate = contract.inverse ? -longs_rate : longs_rate;  // what longs of the coin pay
  const bool worse = rate < std::min(2 * out.funding_least, -0.001) ||
                     rate > std::max(2 * out.funding_most, 0.001);
  out.funding_least = std::min(out.funding_least, rate);
  out.funding_most = std::max(out.funding_most, rate);
  if (worse && w.record) note_funding(world, w, contract, rate);
}

}  // namespace

void accrue_perp_funding(const Snapshot& world, Workspace& w, double dt) {
  for (const PerpVenue& venue : world.perps) {
    if (venue.pool) {
      accrue_pool(world, w, venue, dt);
      continue;
    }
    for (const PerpContract& contract : venue.contracts) {
      if (contract.funding.kind == FundingKind::none) continue;
      const double index = w.market.published[contract.index.value];
      if (!(index > 0)) continue;
      const ReserveState& open = w.reserves[contract.reserve];
      const double side = std::max(open.supply_scaled, open.debt_scaled) * index;
      FundingView view{.premium = 0, .longs = side, .shorts = side};
      if (contract.funding.kind == FundingKind::premium && w.transmission) {
        view.premium = book_premium(world, w, venue, contract, index);
      }
      const FundingDue due =
          accrue_funding(contract.funding, w.perps.funding[contract.number], dt, view);
      pay(world, w, venue, contract, due, index);
      fold_funding(world, w, venue, contract);
    }
  }
}

void fold_funding(const Snapshot& world, Workspace& w, const PerpVenue& venue,
                  const PerpContract& contract) {
  const double quote_usd = w.market.published[world.reserves[venue.settles].oracle.value];
  const double price =
      w.market.published[world.reserves[contract.reserve].oracle.value] / quote_usd;
  double* paid = &w.market.funding[2 * contract.reserve];
  if (std::fabs(paid[0]) <= most_folded * price && std::fabs(paid[1]) <= most_folded * price) {
    return;
  }
  const Quantum& q = world.assets[world.reserves[venue.settles].asset.value].quantum;
  const auto fold = [&](std::uint32_t position) {
    for (std::uint32_t leg = 0; leg < world.book->legs(position); ++leg) {
      const std::uint32_t f = world.book->factor(position, leg);
      const double amount = w.positions.amount(position, leg);
      if (f / 2 != contract.reserve || amount == 0) continue;
      const double due = amount * paid[f % 2];
      add_balance(world, w, venue, position, q.down(f % 2 == 0 ? -due : due));
      w.touch(position);
    }
  };
  for (std::uint32_t i = 0; i < venue.positions; ++i) fold(venue.first_position + i);
  for (const Backstop& b : venue.backstops) fold(b.row);
  paid[0] = paid[1] = 0;
  for (const std::uint32_t f : {2 * contract.reserve, 2 * contract.reserve + 1}) {
    w.changed_factors.push_back(f);
  }
}

bool funding_pending(const Snapshot& world, const Workspace& w) {
  for (const PerpVenue& venue : world.perps) {
    for (const PerpContract& contract : venue.contracts) {
      const ReserveState& open = w.reserves[contract.reserve];
      const bool borrows =
          venue.pool && venue.pool->terms.borrow_base + venue.pool->terms.borrow_above > 0;
      if ((borrows || contract.funding.kind != FundingKind::none) &&
          open.supply_scaled + open.debt_scaled > 0) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace faultline
