#include "sim/feed_audit.hpp"

#include <algorithm>
#include <cmath>

#include "sim/readings.hpp"

namespace faultline {

namespace {

double market_breach_factor(const Snapshot& world, const Workspace& w, std::uint32_t f) {
  const Reserve& reserve = world.reserves[f / 2];
  // A perpetual venue's mark is its market: its accounts are judged as it judges them.
  if (world.markets[reserve.market.value].perp >= 0) return w.factors[f];
  return breach_factor_at(w, f, w.market.spot[reserve.asset.value]);
}

/// Brings the factors to the market prices of now.
void refresh(const Snapshot& world, Workspace& w) {
  FeedAudit& audit = *w.feed_audit;
  audit.changed.clear();
  for (std::uint32_t f = 0; f < audit.factors.size(); ++f) {
    const double y = market_breach_factor(world, w, f);
    if (y == audit.factors[f]) continue;
    audit.factors[f] = y;
    audit.changed.push_back(f);
  }
}

/// Collateral less debt of a row at given factors, USD.
double slack(const Snapshot& world, const Workspace& w, std::uint32_t position,
             const std::vector<double>& factors) {
  const std::uint32_t split = world.book->collateral_legs(position);
  double sum = 0;
  for (std::uint32_t leg = 0; leg < world.book->legs(position); ++leg) {
    const double usd =
        w.positions.amount(position, leg) * factors[world.book->factor(position, leg)];
    sum += leg < split ? usd : -usd;
  }
  return sum;
}

/// Of a cluster, the same at published prices and the indices of now; 0 elsewhere.
double slack_by_feeds(const Snapshot& world, const Workspace& w, std::uint32_t position) {
  const MarketId market = world.positions[position].market;
  if (world.markets[market.value].vault_cluster < 0) return 0;
  const std::uint32_t split = world.book->collateral_legs(position);
  double sum = 0;
  for (std::uint32_t leg = 0; leg < world.book->legs(position); ++leg) {
    const double usd =
        w.positions.amount(position, leg) * breach_factor(w, world.book->factor(position, leg));
    sum += leg < split ? usd : -usd;
  }
  return sum;
}

/// The feed whose gap lifts (sign +1) or lowers (-1) the row's slack most above the market's.
std::uint32_t to_blame(const Snapshot& world, const Workspace& w, std::uint32_t position,
                       double sign) {
  const std::uint32_t split = world.book->collateral_legs(position);
  std::uint32_t feed = 0;
  double most = -1;
  for (std::uint32_t leg = 0; leg < world.book->legs(position); ++leg) {
    const std::uint32_t f = world.book->factor(position, leg);
    const double gap = w.factors[f] - w.feed_audit->factors[f];
    const double usd = sign * w.positions.amount(position, leg) * (leg < split ? gap : -gap);
    if (!(usd > most)) continue;
    most = usd;
    feed = world.reserves[f / 2].oracle.value;
  }
  return feed;
}

std::size_t harm_of(Workspace& w, std::uint32_t market, std::uint32_t feed) {
  std::vector<FeedHarm>& harms = w.outcome.feed_harms;
  const auto at = std::find_if(harms.begin(), harms.end(), [&](const FeedHarm& h) {
    return h.market == market && h.oracle == feed;
  });
  if (at != harms.end()) return static_cast<std::size_t>(at - harms.begin());
  harms.push_back({market, feed});
  return harms.size() - 1;
}

/// An error of a feed is an event once it concerns a hundredth of a market's deposits; the table
/// counts every dollar.
bool passes_telling(const Workspace& w, std::uint32_t market, double before_usd, double now_usd) {
  const double worth_telling = 1e-2 * w.outcome.markets[market].deposits_usd;
  return before_usd <= worth_telling && now_usd > worth_telling;
}

double debt_usd(const Snapshot& world, const Workspace& w, std::uint32_t position) {
  double usd = 0;
  for (std::uint32_t leg = world.book->collateral_legs(position); leg < world.book->legs(position);
       ++leg) {
    usd += w.positions.amount(position, leg) *
           w.feed_audit->factors[world.book->factor(position, leg)];
  }
  return usd;
}

/// Counts the liquidation of `usd` of a row's debt, if the row is healthy at market prices.
void audit_one(const Snapshot& world, Workspace& w, std::uint32_t position, MarketId market,
               double usd) {
  if (slack(world, w, position, w.feed_audit->factors) < 0) return;
  FeedHarm& harm = w.outcome.feed_harms[harm_of(w, market.value, to_blame(world, w, position, -1))];
  const double before = harm.false_liquidated_usd;
  harm.false_liquidated_usd += usd;
  if (passes_telling(w, harm.market, before, harm.false_liquidated_usd)) {
    tell(w, "false", world.markets[harm.market].name,
         "{} of debt liquidated of accounts that are healthy at market prices; feed " +
             world.oracles[harm.oracle].name,
         {harm.false_liquidated_usd});
  }
  harm.false_liquidations += 1;
}

}  // namespace

void open_feed_audit(const Snapshot& world, Workspace& w) {
  std::vector<double> factors;
  for (std::uint32_t f = 0; f < w.factors.size(); ++f)
    factors.push_back(market_breach_factor(world, w, f));
  w.feed_audit.emplace(*world.book, w.positions, std::move(factors));
}

void audit_vault(const Snapshot& world, Workspace& w, std::uint32_t position) {
  const MarketId market = world.positions[position].market;
  audit_one(world, w, position, market, debt_usd(world, w, position));
}

void audit_liquidations(const Snapshot& world, Workspace& w) {
  if (w.orders.empty() && w.auctions.vaults.empty() && w.absorbing.failing.empty()) return;
  refresh(world, w);
  w.feed_audit->changed_since.insert(w.feed_audit->changed_since.end(),
                                     w.feed_audit->changed.begin(), w.feed_audit->changed.end());
  for (const LiquidationOrder& o : w.orders) {
    if (!(o.fraction > 0) || o.redeems || o.of_lot() || o.unwinds) continue;
    const Reserve& debt = world.reserves[o.debt_reserve];
    audit_one(world, w, o.position, debt.market, o.repay * w.market.spot[debt.asset.value]);
  }
}

void audit_missing(const Snapshot& world, Workspace& w) {
  if (world.positions.empty()) return;
  FeedAudit& audit = *w.feed_audit;
  refresh(world, w);
  audit.changed.insert(audit.changed.end(), audit.changed_since.begin(), audit.changed_since.end());
  audit.changed_since.clear();
  if (w.find_rows(audit.search, audit.factors, audit.changed)) return;  // said by the other search
  update_rows(audit.rows, w.entered, w.left, w.row_scratch);
  std::vector<FeedHarm>& harms = w.outcome.feed_harms;
  audit.missing_usd.assign(harms.size(), 0);
  audit.missing_accounts.assign(harms.size(), 0);
  for (const std::uint32_t p : audit.rows) {
    const bool by_market = slack(world, w, p, audit.factors) < 0;
    // By both, or neither; or since the accounts were looked at, as shares of a vault fell.
    if (!by_market || slack(world, w, p, w.factors) < 0 || slack_by_feeds(world, w, p) < 0)
      continue;
    const std::size_t h = harm_of(w, world.positions[p].market.value, to_blame(world, w, p, 1));
    audit.missing_usd.resize(harms.size(), 0);
    audit.missing_accounts.resize(harms.size(), 0);
    audit.missing_usd[h] += debt_usd(world, w, p);
    audit.missing_accounts[h] += 1;
  }
  for (std::size_t h = 0; h < harms.size(); ++h) {
    FeedHarm& harm = harms[h];
    if (passes_telling(w, harm.market, harm.missing_usd, audit.missing_usd[h])) {
      tell(w, "missing", world.markets[harm.market].name,
           "accounts that owe {} are in breach at market prices and not by feed " +
               world.oracles[harm.oracle].name,
           {audit.missing_usd[h]});
    }
    harm.missing_end_usd = audit.missing_usd[h];
    if (audit.missing_usd[h] <= harm.missing_usd) continue;
    harm.missing_usd = audit.missing_usd[h];
    harm.missing_accounts = audit.missing_accounts[h];
  }
}

}  // namespace faultline
