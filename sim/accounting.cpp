#include "sim/accounting.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "sim/phases.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

const char* bearer_name(Bearer b) {
  switch (b) {
    case Bearer::lp:
      return "lps";
    case Bearer::maker:
      return "makers";
    case Bearer::outside:
      return "outside";
    case Bearer::depositor:
      return "depositors";
    case Bearer::borrower:
      return "borrowers";
    case Bearer::liquidator:
      return "liquidators";
    case Bearer::arbitrageur:
      return "arbitrageurs";
    case Bearer::attacker:
      return "attackers";
    case Bearer::chain:
      return "chains";
    case Bearer::dust:
      return "dust";
  }
  return "";
}

const char* stop_text(Stop s) {
  switch (s) {
    case Stop::horizon:
      return "horizon";
    case Stop::settled:
      return "settled";
    case Stop::not_finite:
      return "not finite";
    case Stop::not_whole:
      return "not whole";
    case Stop::not_conserved:
      return "not conserved";
    case Stop::capacity:
      return "capacity";
  }
  return "";
}

double Outcome::total(double MarketOutcome::*field) const {
  double sum = 0;
  for (const MarketOutcome& m : markets) sum += m.*field;
  return sum;
}
double Outcome::bad_debt_usd() const {
  return total(&MarketOutcome::bad_debt_usd);
}

namespace {

std::size_t at(Bearer b) {
  return static_cast<std::size_t>(b);
}

double outstanding_holes(const Workspace& w) {
  double sum = 0;
  for (const double h : w.hole_usd) sum += h;
  return sum;
}

/// Wealth by bearer at market values. A reserve's cash belongs to its claims: lenders' and
/// borrowers' supply less borrowers' debt, the rest the protocol's; a hole is borne by the
/// depositors.
std::array<double, bearer_count> wealth(const Snapshot& world, const Workspace& w) {
  std::array<double, bearer_count> usd{};
  for (std::size_t i = 0; i < world.accounts.size(); ++i) {
    const AccountInfo& a = world.accounts[i];
    if (a.bearer == Bearer::depositor) continue;
    usd[at(a.bearer)] += w.ledger.balances()[i] * w.market.spot[a.asset.value];
  }
  for (std::uint32_t r = 0; r < world.reserves.size(); ++r) {
    const double price = w.market.spot[world.reserves[r].asset.value];
    const double cash = reserve_cash(world, w, r) * price;
    const double lenders = w.reserves[r].lender_scaled * w.market.supply_index[r] * price;
    const double posted = supply_units(w, r) * price - lenders;
    const double debt = debt_units(w, r) * price;
    usd[at(Bearer::borrower)] += posted - debt;
    usd[at(Bearer::depositor)] += cash - posted + debt;
  }
  const double hole = outstanding_holes(w);
  usd[at(Bearer::borrower)] += hole;
  usd[at(Bearer::depositor)] -= hole;
  return usd;
}

/// What selling `amount` of an asset at once would bring per unit, USD: along the best lane to any
/// debt asset of the market; the spot price where none is open.
double exit_price(const Snapshot& world, const Workspace& w, AssetId a, double amount) {
  double best = -1;
  for (const Lane& lane : world.lanes) {
    if (lane.from != a || !lane.open || lane.hops.empty()) continue;
    double x = amount;
    for (const Hop& hop : lane.hops) {
      const double takes = std::min(x, venue_most_in(world, w.venues, hop.venue, hop.side));
      x = takes > 0 ? venue_fill(world, w.venues, hop.venue, hop.side, takes).out : 0;
    }
    best = std::max(best, x / amount * w.market.spot[lane.to.value]);
  }
  return best < 0 ? w.market.spot[a.value] : std::min(best, w.market.spot[a.value]);
}

/// Hole of one row with collateral at exit prices, beyond what it had at the start.
double exit_hole(const Snapshot& world, const Workspace& w, std::uint32_t p) {
  double hole = 0;
  for (std::uint32_t leg = 0; leg < world.book->legs(p); ++leg) {
    const std::uint32_t f = world.book->factor(p, leg), r = f / 2;
    const double units = w.positions.amount(p, leg);
    hole -= leg < world.book->collateral_legs(p)
                ? units * w.market.supply_index[r] * w.exit_prices[world.reserves[r].asset.value]
                : -units * w.market_factors[f];
  }
  const auto legacy = std::lower_bound(world.legacy_rows.begin(), world.legacy_rows.end(), p);
  if (legacy != world.legacy_rows.end() && *legacy == p) {
    hole -= world.legacy_usd[static_cast<std::size_t>(legacy - world.legacy_rows.begin())];
  }
  return std::max(0.0, hole);
}

/// Bad debt if the collateral of every account in breach or under water were sold at once.
void measure_exit(const Snapshot& world, Workspace& w) {
  std::vector<std::uint32_t>& rows = w.exit_rows;
  rows.clear();
  std::set_union(w.breached.begin(), w.breached.end(), w.hollow.begin(), w.hollow.end(),
                 std::back_inserter(rows));
  std::vector<double>& amount = w.exit_amounts;
  amount.assign(world.assets.size(), 0);
  for (const std::uint32_t p : rows) {
    for (std::uint32_t leg = 0; leg < world.book->collateral_legs(p); ++leg) {
      const std::uint32_t r = world.book->factor(p, leg) / 2;
      amount[world.reserves[r].asset.value] +=
          w.positions.amount(p, leg) * w.market.supply_index[r];
    }
  }
  for (std::uint32_t a = 0; a < world.assets.size(); ++a) {
    w.exit_prices[a] = amount[a] > 0 && w.transmission
                           ? exit_price(world, w, AssetId{a}, amount[a])
                           : w.market.spot[a];
  }
  for (const std::uint32_t p : rows) {
    w.outcome.markets[world.positions[p].market.value].bad_debt_exit_usd += exit_hole(world, w, p);
  }
  for (std::uint32_t m = 0; m < world.markets.size(); ++m) {
    w.outcome.markets[m].bad_debt_exit_usd += w.realised_usd[m];
  }
}

/// Debt of accounts in breach that nobody served, and how long they have been waiting.
void measure_unserved(const Snapshot& world, Workspace& w) {
  reference_scan(*world.book, w.positions, w.factors, w.breached);
  std::vector<double>& waits = w.exit_amounts;
  waits.clear();
  for (const std::uint32_t p : w.breached) {
    double debt = 0;
    for (std::uint32_t leg = world.book->collateral_legs(p); leg < world.book->legs(p); ++leg) {
      debt += w.positions.amount(p, leg) * w.market_factors[world.book->factor(p, leg)];
    }
    w.outcome.markets[world.positions[p].market.value].unserved_usd += debt;
    const std::uint32_t* since = w.breach_since.find(p);
    waits.push_back(since == nullptr ? 0 : (w.round - *since) * world.round_s);
  }
  if (waits.empty()) return;
  std::sort(waits.begin(), waits.end());
  w.outcome.unserved_wait_p50_s = waits[(waits.size() - 1) / 2];
  w.outcome.unserved_wait_p95_s = waits[(waits.size() - 1) * 19 / 20];
}

void measure_venues(const Snapshot& world, Workspace& w) {
  for (std::uint32_t v = 0; v < world.venues.size(); ++v) {
    const VenueInfo& venue = world.venues[v];
    const auto gone = [&](AccountId account, AccountId wallet) {
      return world.opening.balances[account.value] - w.ledger.balance(account) +
             world.opening.balances[wallet.value] - w.ledger.balance(wallet);
    };
    w.outcome.venues[v].lp_loss_usd =
        gone(venue.base_account, venue.base_wallet) * w.market.spot[venue.base.value] +
        gone(venue.quote_account, venue.quote_wallet) * w.market.spot[venue.quote.value];
  }
}

}  // namespace

void open_books(const Snapshot& world, Workspace& w) {
  w.opening_wealth = wealth(world, w);
  for (std::size_t a = 0; a < world.assets.size(); ++a) {
    w.outcome.assets[a].price_start = w.outcome.assets[a].price_min = w.market.spot[a];
  }
  for (std::size_t m = 0; m < world.markets.size(); ++m) {
    w.outcome.markets[m].deposits_usd = world.markets[m].deposits_usd;
    w.outcome.markets[m].legacy_usd = world.markets[m].legacy_usd;
  }
}

void close_books(const Snapshot& world, Workspace& w) {
  Outcome& out = w.outcome;
  out.end_s = std::min(w.now_s, world.horizon_s);
  out.counters.rounds = w.round + (out.stop == Stop::horizon ? 0 : 1);
  out.counters.posts = w.ledger.posts();
  const std::array<double, bearer_count> end = wealth(world, w);
  for (std::size_t b = 0; b < bearer_count; ++b)
    out.bearer_gain_usd[b] = end[b] - w.opening_wealth[b];
  for (std::size_t a = 0; a < world.assets.size(); ++a) {
    out.assets[a].price_end = w.market.spot[a];
    const double held = world.total_supply[a];
    out.revaluation_usd +=
        held * (w.market.spot[a] - world.opening.market.spot[a]) + w.minted[a] * w.market.spot[a];
  }
  for (std::uint32_t r = 0; r < world.reserves.size(); ++r) {
    out.final_debt_usd += debt_units(w, r) * w.market.spot[world.reserves[r].asset.value];
  }
  if (!world.positions.empty()) {
    measure_unserved(world, w);
    measure_exit(world, w);
  }
  measure_venues(world, w);
  const std::string broken = audit(world, w, false);
  if (!broken.empty()) fail(w, Stop::not_conserved, broken);
}

std::string audit(const Snapshot& world, const Workspace& w, bool with_rows) {
  std::vector<double> sum(world.assets.size(), 0);
  for (std::size_t i = 0; i < world.accounts.size(); ++i) {
    const AssetId a = world.accounts[i].asset;
    const double balance = w.ledger.balances()[i];
    if (!world.assets[a.value].quantum.whole(balance)) {
      return fmt::format("{:.17g} {} is no whole amount", balance, world.assets[a.value].name);
    }
    sum[a.value] += balance;
  }
  for (std::size_t a = 0; a < sum.size(); ++a) {
    if (sum[a] != world.total_supply[a] + w.minted[a]) {
      return fmt::format("accounts of {} sum to {:.17g}, issued were {:.17g}", world.assets[a].name,
                         sum[a], world.total_supply[a] + w.minted[a]);
    }
  }
  if (!with_rows) return {};
  std::vector<double> supply(world.reserves.size(), 0), debt(world.reserves.size(), 0);
  for (std::uint32_t p = 0; p < world.positions.size(); ++p) {
    for (std::uint32_t leg = 0; leg < world.book->legs(p); ++leg) {
      const std::uint32_t f = world.book->factor(p, leg);
      (leg < world.book->collateral_legs(p) ? supply : debt)[f / 2] += w.positions.amount(p, leg);
    }
  }
  for (std::uint32_t r = 0; r < world.reserves.size(); ++r) {
    const ReserveState& s = w.reserves[r];
    if (supply[r] + s.lender_scaled != s.supply_scaled || debt[r] != s.debt_scaled) {
      return "scaled units of " + world.factor_text(2 * r) + " do not sum to their total";
    }
  }
  return {};
}

}  // namespace faultline
