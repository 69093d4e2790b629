// The books of a system that mints a coin (protocols/losses/surplus_and_debt_auctions.hpp). What
// liquidations left unpaid is paid out of the surplus once it has waited, then by who buys newly
// minted tokens; what neither pays is behind no coin. Surplus beyond a buffer is sold for tokens,
// which are burned. Tokens minted lower what each is worth, tokens burned raise it:
//
//   reference of the token  *= supply / (supply + minted),  supply / (supply - burned)
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/credit/auctions.hpp"
#include "sim/readings.hpp"

namespace faultline {

namespace {

constexpr std::size_t most_lots = 4096;  // at a time, of either kind: others wait a round
constexpr double most_bid = 0.5;         // of a token's supply: nobody can buy more at its price

/// The market of a system whose vaults are worth least beside its coins gets what is paid in, the
/// one where they are worth most pays out.
std::uint32_t house_by_equity(const Snapshot& world, const Workspace& w, const CoinSystem& system,
                              bool most) {
  const auto equity = [&](std::uint32_t house) {
    const std::uint32_t r = world.houses[house].coin;
    return reserve_cash(world, w, r) + debt_units(w, r) - supply_units(w, r);
  };
  const auto less = [&](std::uint32_t a, std::uint32_t b) { return equity(a) < equity(b); };
  const auto& all = system.houses;
  return most ? *std::max_element(all.begin(), all.end(), less)
              : *std::min_element(all.begin(), all.end(), less);
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
  const AuctionHouse& h = world.houses[house_by_equity(world, w, system, false)];
  w.ledger.post(world.boundary[system.coin.value], world.reserves[h.coin].cash, coins);
  w.outcome.systems[s].token_usd += coins * w.market.spot[system.coin.value];
  w.quiet = false;
}

double token_supply(const Snapshot& world, const Workspace& w, const CoinSystem& system) {
  return world.assets[system.token.value].supply + w.minted[system.token.value];
}

/// Each token is worth so many times what it was.
void revalue_token(Workspace& w, AssetId token, double times) {
  w.market.permanent[token.value] *= times;
  w.impact_due = true;
}

/// Tokens for who won: everybody else has so much less of the whole.
void issue_tokens(const Snapshot& world, Workspace& w, std::uint32_t s, double lot) {
  const CoinSystem& system = world.systems[s];
  const std::uint32_t t = system.token.value;
  SystemOutcome& out = w.outcome.systems[s];
  const double minted = world.assets[t].quantum.up(lot);
  const double given_up = dilution(token_supply(world, w, system), minted);
  w.ledger.mint(world.boundary[t], minted);
  w.minted[t] += minted;
  revalue_token(w, system.token, 1 - given_up);
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
  while (run.debt.size() < most_lots && may_auction_debt(terms, run.books)) {
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

/// Somebody bids what the coins are worth, in tokens he buys.
void bid_for_coins(const Snapshot& world, Workspace& w, std::uint32_t s, SurplusAuction& a) {
  const CoinSystem& system = world.systems[s];
  const double fair = world.assets[system.token.value].quantum.down(
      a.lot * w.market.spot[system.coin.value] / w.market.spot[system.token.value]);
  double standing = 0;
  for (const SurplusAuction& other : w.auctions.systems[s].surplus) standing += other.bid;
  if (!(fair > 0 && standing + fair <= most_bid * token_supply(world, w, system))) return;
  if (bid_for_surplus(system.books, a, fair, 0, w.now_s).refusal == AuctionRefusal::none) {
    w.quiet = false;
  }
}

/// Coins for who won; his tokens are gone.
void burn_tokens(const Snapshot& world, Workspace& w, std::uint32_t s, double lot, double burned) {
  const CoinSystem& system = world.systems[s];
  const AssetId t = system.token;
  SystemOutcome& out = w.outcome.systems[s];
  const double supply = token_supply(world, w, system);
  const double coins = world.assets[system.coin.value].quantum.down(lot);
  const AuctionHouse& pays = world.houses[house_by_equity(world, w, system, true)];
  issue_coins(world, w, pays.coin, world.boundary[system.coin.value], coins);
  w.ledger.burn(world.boundary[t.value], burned);
  w.minted[t.value] -= burned;
  revalue_token(w, t, supply / (supply - burned));
  out.tokens_burned += burned;
  out.sold_usd += coins * w.market.spot[system.coin.value];
  w.quiet = false;
  if (!w.record) return;
  tell(w, "auction", system.name,
       fmt::format("{:.6g} {} burned for surplus of {{}}", burned, world.assets[t.value].name),
       {coins * w.market.spot[system.coin.value]});
}

void auction_surplus(const Snapshot& world, Workspace& w, std::uint32_t s) {
  const CoinSystem& system = world.systems[s];
  SystemRun& run = w.auctions.systems[s];
  while (run.surplus.size() < most_lots && may_auction_surplus(system.books, run.books)) {
    run.surplus.push_back(start_surplus_auction(system.books, run.books, w.now_s));
    w.quiet = false;
  }
  for (SurplusAuction& a : run.surplus) {
    if (retry_surplus_auction(system.books, a, w.now_s)) w.quiet = false;
    if (!a.clock.has_bid) bid_for_coins(world, w, s, a);
    const double bid = a.bid;
    const double coins = settle_surplus_auction(run.books, a, w.now_s);
    if (coins > 0) burn_tokens(world, w, s, coins, bid);
  }
  std::erase_if(run.surplus, [](const SurplusAuction& a) { return a.lot == 0; });
}

/// Surplus that is being sold: coins.
double on_sale(const SystemRun& run) {
  double coins = 0;
  for (const SurplusAuction& a : run.surplus) coins += a.lot;
  return coins;
}

double owed_in_auctions(const Workspace& w, const CoinSystem& system) {
  double coins = 0;
  for (const std::uint32_t house : system.houses) coins += w.auctions.houses[house].owed;
  return coins;
}

}  // namespace

void issue_coins(const Snapshot& world, Workspace& w, std::uint32_t reserve, AccountId to,
                 double coins) {
  w.ledger.mint(to, coins);
  w.minted[world.reserves[reserve].asset.value] += coins;
  w.reserves[reserve].supply_scaled += coins;
  w.reserves[reserve].lender_scaled += coins;
}

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
  return coins * w.market.spot[system.coin.value];
}

void balance_books(const Snapshot& world, Workspace& w) {
  for (std::uint32_t s = 0; s < world.systems.size(); ++s) {
    const CoinSystem& system = world.systems[s];
    SystemRun& run = w.auctions.systems[s];
    if (run.books.sin == 0 && !run.auctions() && !system.sells) continue;
    const Quantum& q = world.assets[system.coin.value].quantum;
    const double surplus = system_equity(world, w, system) + run.books.sin - on_sale(run);
    run.books.surplus = std::max(0.0, q.down(surplus));
    release_queued(system.books, run.books, w.now_s);
    heal(run.books);
    if (system.mints && w.transmission) auction_debt(world, w, s);
    if (system.sells && w.transmission) auction_surplus(world, w, s);
  }
}

bool auctions_pending(const Snapshot& world, const Workspace& w) {
  if (!w.auctions.open.empty()) return true;
  for (std::uint32_t s = 0; s < world.systems.size(); ++s) {
    const SystemRun& run = w.auctions.systems[s];
    if (run.auctions() || (world.systems[s].mints && !run.books.queue.empty())) return true;
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
