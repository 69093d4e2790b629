// The books of a system that mints a coin (protocols/losses/surplus_and_debt_auctions.hpp). What
// liquidations left unpaid is paid out of the surplus once it has waited, then by who buys newly
// minted tokens; what neither pays is behind no coin. Tokens minted lower what each is worth:
//
//   reference of the token  *= supply / (supply + minted)
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/auctions.hpp"
#include "sim/phases.hpp"

namespace faultline {

namespace {

/// The market of a system whose vaults and coins are furthest apart gets what is paid in.
std::uint32_t neediest(const Snapshot& world, const Workspace& w, const CoinSystem& system) {
  std::uint32_t house = system.houses[0];
  double least = std::numeric_limits<double>::infinity();
  for (const std::uint32_t i : system.houses) {
    const std::uint32_t r = world.houses[i].coin;
    const double equity = reserve_cash(world, w, r) + debt_units(w, r) - supply_units(w, r);
    if (equity < least) {
      least = equity;
      house = i;
    }
  }
  return house;
}

/// Somebody bids what the tokens are worth, if the auction takes that.
void bid_for(const Snapshot& world, Workspace& w, std::uint32_t s, DebtAuction& a) {
  const CoinSystem& system = world.systems[s];
  const double most = a.lot / system.books.bids.beg;
  const double fair = a.bid * w.market.spot[system.coin.value] / w.market.spot[system.token.value];
  if (!(fair <= most)) return;
  const BidFlow f = bid_for_tokens(system.books, w.auctions.systems[s].books, a, fair, 0, w.now_s);
  if (f.refusal != AuctionRefusal::none) return;
  const double coins = world.assets[system.coin.value].quantum.down(a.bid);
  const AuctionHouse& h = world.houses[neediest(world, w, system)];
  w.ledger.post(world.boundary[system.coin.value], world.reserves[h.coin].cash, coins);
  w.outcome.systems[s].token_usd += coins * w.market.spot[system.coin.value];
  w.quiet = false;
}

/// Tokens for who won: everybody else has so much less of the whole.
void issue_tokens(const Snapshot& world, Workspace& w, std::uint32_t s, double lot) {
  const CoinSystem& system = world.systems[s];
  const std::uint32_t t = system.token.value;
  SystemOutcome& out = w.outcome.systems[s];
  const double minted = world.assets[t].quantum.up(lot);
  const double given_up = dilution(world.assets[t].supply + w.minted[t], minted);
  w.ledger.mint(world.boundary[t], minted);
  w.minted[t] += minted;
  w.market.permanent[t] *= 1 - given_up;
  w.impact_due = true;
  out.tokens_minted += minted;
  out.diluted = 1 - (1 - out.diluted) * (1 - given_up);
  w.quiet = false;
  if (!w.record) return;
  tell(w, "auction", system.name,
       fmt::format("{:.6g} {} minted against losses, worth {{}}", minted, world.assets[t].name),
       {minted * w.market.spot[t]});
}

void auction_debt(const Snapshot& world, Workspace& w, std::uint32_t s) {
  const SystemBookTerms& terms = world.systems[s].books;
  SystemRun& run = w.auctions.systems[s];
  while (may_auction_debt(terms, run.books)) {
    run.debt.push_back(start_debt_auction(terms, run.books, w.now_s));
    w.quiet = false;
  }
  for (DebtAuction& a : run.debt) {
    if (retry_debt_auction(terms, a, w.now_s)) w.quiet = false;
    if (!a.clock.has_bid) bid_for(world, w, s, a);
    const double lot = settle_debt_auction(run.books, a, w.now_s);
    if (lot > 0) issue_tokens(world, w, s, lot);
  }
  std::erase_if(run.debt, [](const DebtAuction& a) { return a.bid == 0; });
}

double owed_in_auctions(const Workspace& w, const CoinSystem& system) {
  double coins = 0;
  for (const std::uint32_t house : system.houses) coins += w.auctions.houses[house].owed;
  return coins;
}

}  // namespace

double system_equity(const Snapshot& world, const Workspace& w, const CoinSystem& system) {
  double coins = 0;
  for (const std::uint32_t house : system.houses) {
    const std::uint32_t r = world.houses[house].coin;
    coins += reserve_cash(world, w, r) + debt_units(w, r) - supply_units(w, r);
  }
  return coins;
}

double system_funds_usd(const Snapshot& world, const Workspace& w, std::uint32_t house) {
  const CoinSystem& system = world.systems[world.houses[house].system];
  const double coins = system_equity(world, w, system) + owed_in_auctions(w, system);
  return std::max(0.0, coins) * w.market.spot[system.coin.value];
}

void balance_books(const Snapshot& world, Workspace& w) {
  for (std::uint32_t s = 0; s < world.systems.size(); ++s) {
    const CoinSystem& system = world.systems[s];
    SystemRun& run = w.auctions.systems[s];
    if (run.books.sin == 0 && run.debt.empty()) continue;
    const Quantum& q = world.assets[system.coin.value].quantum;
    run.books.surplus = std::max(0.0, q.down(system_equity(world, w, system) + run.books.sin));
    release_queued(system.books, run.books, w.now_s);
    heal(run.books);
    if (system.mints && w.transmission) auction_debt(world, w, s);
  }
}

bool auctions_pending(const Snapshot& world, const Workspace& w) {
  if (!w.auctions.open.empty()) return true;
  for (std::uint32_t s = 0; s < world.systems.size(); ++s) {
    const SystemRun& run = w.auctions.systems[s];
    if (!run.debt.empty() || (world.systems[s].mints && !run.books.queue.empty())) return true;
  }
  return false;
}

void open_systems(const Snapshot& world, Workspace& w) {
  for (std::uint32_t s = 0; s < world.systems.size(); ++s) {
    const CoinSystem& system = world.systems[s];
    w.outcome.systems[s].surplus_start_usd =
        std::max(0.0, system_equity(world, w, system)) * w.market.spot[system.coin.value];
  }
}

void close_systems(const Snapshot& world, Workspace& w) {
  for (std::uint32_t s = 0; s < world.systems.size(); ++s) {
    const CoinSystem& system = world.systems[s];
    const double usd = (system_equity(world, w, system) + owed_in_auctions(w, system)) *
                       w.market.spot[system.coin.value];
    w.outcome.systems[s].surplus_end_usd = std::max(0.0, usd);
    w.outcome.systems[s].deficit_usd = std::max(0.0, -usd);
  }
}

}  // namespace faultline
