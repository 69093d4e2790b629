#include "sim/accounting.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "sim/agents/depositors.hpp"
#include "sim/claims/algorithmic_coins.hpp"
#include "sim/claims/curated_vaults.hpp"
#include "sim/claims/pool_shares.hpp"
#include "sim/claims/redemption_desks.hpp"
#include "sim/claims/synthetic_dollars.hpp"
#include "sim/credit/absorbing_markets.hpp"
#include "sim/credit/auctions.hpp"
#include "sim/credit/band_loans.hpp"
#include "sim/credit/clusters.hpp"
#include "sim/credit/pools.hpp"
#include "sim/credit/repayments.hpp"
#include "sim/credit/troves.hpp"
#include "sim/perpetuals/pool_perps.hpp"
#include "sim/readings.hpp"
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
    case Bearer::dealer:
      return "dealers";
    case Bearer::attacker:
      return "attackers";
    case Bearer::chain:
      return "chains";
    case Bearer::dust:
      return "dust";
    case Bearer::trader:
      return "traders";
    case Bearer::vault:
      return "vaults";
    case Bearer::fund:
      return "funds";
    case Bearer::holder:
      return "holders";
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

/// What wealth is summed over: the holdings of one instant.
struct Holdings {
  const std::vector<double>& balances;
  const std::vector<ReserveState>& reserves;
  const MarketState& indices;
  const Positions* rows = nullptr;  // of perpetual venues' backstops; null: the book's
};

/// Market value of one row, USD.
double row_usd(const Snapshot& world, const Workspace& w, const Holdings& of, std::uint32_t p) {
  double usd = 0;
  for (std::uint32_t leg = 0; leg < world.book->legs(p); ++leg) {
    const std::uint32_t f = world.book->factor(p, leg);
    const double units = of.rows ? of.rows->amount(p, leg) : world.book->base_amount(p, leg);
    double price = w.market.spot[world.reserves[f / 2].asset.value];
    if (world.reserves[f / 2].contract) {
      price -= of.indices.funding[f] * w.market.spot[settlement_of(world, f / 2).value];
    }
    usd += (f % 2 == 0 ? units : -units) * price;
  }
  return usd;
}

/// Whose the rows of a market are, and who lends to them.
struct Sides {
  Bearer rows, rest;
};
Sides sides_of(const Snapshot& world, std::uint32_t market) {
  const std::int32_t perp = world.markets[market].perp;
  if (perp < 0) return {Bearer::borrower, Bearer::depositor};
  const bool pool = world.perps[static_cast<std::size_t>(perp)].pool.has_value();
  return {Bearer::trader, pool ? Bearer::lp : Bearer::fund};
}

/// What lenders have is the vaults' as far as they lend: their claims, less what is missing behind
/// them at the end.
void give_vaults_their_part(const Snapshot& world, const Workspace& w, const Holdings& of,
                            std::array<double, bearer_count>& usd) {
  for (std::uint32_t r = 0; r < world.reserves.size(); ++r) {
    if (of.reserves[r].vault_scaled == 0) continue;
    double part = of.reserves[r].vault_scaled * of.indices.supply_index[r] *
                  w.market.spot[world.reserves[r].asset.value];
    if (of.rows != nullptr) part *= behind_claim(world, w, r);
    usd[at(Bearer::vault)] += part;
    usd[at(Bearer::depositor)] -= part;
  }
}

/// What desks, vaults and pools hold is owed to whoever has their claims and shares: every one of
/// these, at market value.
void owe_claims(const Snapshot& world, const Workspace& w, const Holdings& of,
                std::array<double, bearer_count>& usd) {
  const auto owed_usd = [&](AssetId claim) {
    const double made = of.rows == nullptr ? 0 : w.minted[claim.value];
    return (world.total_supply[claim.value] + made) * w.market.spot[claim.value];
  };
  for (const RedemptionDesk& desk : world.desks) usd[at(Bearer::holder)] -= owed_usd(desk.claim);
  for (const PoolShare& share : world.shares) usd[at(Bearer::lp)] -= owed_usd(share.asset);
  for (const CuratedVaultInfo& v : world.vaults) {
    if (v.issued.valid()) usd[at(Bearer::vault)] -= owed_usd(v.issued);
  }
}

/// Rows of others than borrowers, as far as they are worth more than they owe: lenders who borrowed
/// stay lenders, and what liquidators took over of clusters is theirs.
void give_rows_to_owners(const Snapshot& world, const Workspace& w,
                         std::array<double, bearer_count>& usd) {
  for (const DepositPlace& place : world.places) {
    if (place.row == DepositPlace::none) continue;
    const double has = std::max(0.0, escaped_usd(world, w, place));
    usd[at(Bearer::borrower)] -= has;
    usd[at(Bearer::depositor)] += has;
  }
  for (const ClusterInfo& cluster : world.clusters) {
    for (const ClusterVault& vault : cluster.vaults) {
      if (vault.held == ClusterVault::none) continue;
      for (const std::uint32_t row : {vault.held, vault.held + 1}) {
        const double has = std::max(0.0, held_usd(world, w, row));
        usd[at(Bearer::borrower)] -= has;
        usd[at(Bearer::liquidator)] += has;
      }
    }
  }
}

/// Wealth by bearer of some holdings at today's market values. A reserve's cash belongs to its
/// claims: lenders' and borrowers' supply less borrowers' debt, the rest the protocol's.
std::array<double, bearer_count> wealth(const Snapshot& world, const Workspace& w,
                                        const Holdings& of) {
  std::array<double, bearer_count> usd{};
  for (std::size_t i = 0; i < world.accounts.size(); ++i) {
    const AccountInfo& a = world.accounts[i];
    const bool is_cash = a.bearer == Bearer::depositor && world.reserves[a.owner].cash.value == i;
    if (is_cash) continue;  // its claims' and the protocol's: below
    usd[at(a.bearer)] += of.balances[i] * w.market.spot[a.asset.value];
  }
  owe_claims(world, w, of, usd);
  for (std::uint32_t r = 0; r < world.reserves.size(); ++r) {
    if (!world.owns_pot(r)) continue;
    if (world.reserves[r].lies != Lies::in_cash) continue;  // in their pool's accounts: above
    const double price = w.market.spot[world.reserves[r].asset.value];
    const double index = of.indices.supply_index[r] * price;
    const double cash = of.balances[world.reserves[r].cash.value] * price;
    double posted = (of.reserves[r].supply_scaled - of.reserves[r].lender_scaled) * index;
    double debt = of.reserves[r].debt_scaled * of.indices.borrow_index[r] * price;
    if (world.reserves[r].contract) {  // less the funding paid for it
      const double quote = w.market.spot[settlement_of(world, r).value];
      posted -= of.reserves[r].supply_scaled * of.indices.funding[2 * r] * quote;
      debt -= of.reserves[r].debt_scaled * of.indices.funding[2 * r + 1] * quote;
    }
    const Sides sides = sides_of(world, world.reserves[r].market.value);
    usd[at(sides.rows)] += posted - debt;
    const double staked = of.reserves[r].staked_scaled * index;
    usd[at(sides.rest)] += cash - posted + debt - staked;
    if (staked != 0) usd[at(Bearer::fund)] += staked;
  }
  for (const PerpVenue& venue : world.perps) {
    for (const Backstop& b : venue.backstops) {
      const double has = row_usd(world, w, of, b.row);
      usd[at(Bearer::trader)] -= has;
      usd[at(b.takes_over ? Bearer::vault : Bearer::fund)] += has;
    }
  }
  give_vaults_their_part(world, w, of, usd);
  if (of.rows == nullptr) return usd;
  for (std::size_t a = 0; a < world.assets.size(); ++a) {  // they stay depositors of vaults
    const double moved = w.deposits.crossed[a] * w.market.spot[a];
    if (moved == 0) continue;
    usd[at(Bearer::depositor)] -= moved;
    usd[at(Bearer::vault)] += moved;
  }
  // Vaults at auction owe what they owed until it is raised; their lots are still their owners'.
  for (std::size_t h = 0; h < world.houses.size(); ++h) {
    const AssetId coin = world.reserves[world.houses[h].coin].asset;
    const double owed = w.auctions.houses[h].owed * w.market.spot[coin.value];
    usd[at(Bearer::borrower)] -= owed;
    usd[at(Bearer::depositor)] += owed;
  }
  give_rows_to_owners(world, w, usd);
  // What debtors owe beyond what they hold is borne by those who lent it; at a perpetual venue by
  // those it owes.
  for (std::uint32_t m = 0; m < world.markets.size(); ++m) {
    const double hole = std::max(0.0, w.hole_usd[m] - world.markets[m].legacy_usd);
    const Sides sides = sides_of(world, m);
    usd[at(sides.rows)] += hole;
    usd[at(sides.rest)] -= hole;
  }
  return usd;
}

/// Units of an asset that would be sold at once along lanes of one group, from every market whose
/// lanes share its venues.
double sold_together(const Snapshot& world, const Workspace& w, AssetId a, std::uint32_t group) {
  double units = 0;
  for (const std::uint32_t r : world.reserves_of_asset[a.value]) {
    const Market& m = world.markets[world.reserves[r].market.value];
    const auto shares = [&](std::uint32_t to) {
      if (!world.reserves[to].takes_debt) return false;
      const Lane& lane = world.lanes[world.lane(r, to)];
      return lane.open && !lane.hops.empty() && lane.group == group;
    };
    bool any = false;
    for (std::uint32_t i = 0; i < m.reserve_count; ++i) any = any || shares(m.first_reserve + i);
    if (any) units += w.exit_amounts[r];
  }
  return units;
}

/// What giving `in` at a hop would bring; what finds nobody brings nothing.
double exit_proceeds(const Snapshot& world, const Workspace& w, const Hop& hop, double in) {
  const std::span<const Hop> venues = world.venues_of(hop);
  double room = 0, out = 0;
  for (const Hop& h : venues) {
    if (w.market.halted[h.venue.value]) continue;
    room += venue_most_in(world, w.venues, h.venue, h.side);
  }
  const double takes = std::min(in, room);
  if (!(takes > 0)) return 0;
  if (venues.size() == 1) return venue_fill(world, w.venues, hop.venue, hop.side, takes).out;
  std::vector<double> parts;
  split_hop(world, w.venues, w.market, hop, takes, parts);
  for (std::size_t i = 0; i < venues.size(); ++i) {
    if (parts[i] > 0) {
      out += venue_fill(world, w.venues, venues[i].venue, venues[i].side, parts[i]).out;
    }
  }
  return out;
}

/// What selling a reserve's collateral at once would bring per unit, USD: along the best lane to
/// any debt asset of its market; the spot price where none is open.
double exit_price(const Snapshot& world, const Workspace& w, std::uint32_t r) {
  const AssetId a = world.reserves[r].asset;
  const Market& m = world.markets[world.reserves[r].market.value];
  double best = -1, amount = 0;
  std::uint32_t group = 0xffffffffu;  // that `amount` was found for
  for (std::uint32_t to = m.first_reserve; to < m.first_reserve + m.reserve_count; ++to) {
    if (!world.reserves[to].takes_debt) continue;
    const Lane& lane = world.lanes[world.lane(r, to)];
    if (!lane.open || lane.hops.empty()) continue;
    if (lane.group != group) amount = sold_together(world, w, a, group = lane.group);
    double x = amount;
    for (const Hop& hop : lane.hops) {
      x = exit_proceeds(world, w, hop, x);
    }
    best = std::max(best, x / amount * w.market.spot[lane.to.value]);
  }
  return best < 0 ? w.market.spot[a.value] : std::min(best, w.market.spot[a.value]);
}

/// Hole of one row with collateral at exit prices, beyond `legacy`, what it had at the start.
double exit_hole(const Snapshot& world, const Workspace& w, std::uint32_t p, double legacy) {
  double hole = 0;
  Leg legs[kMostLegs];
  const RowLegs row = w.positions.row(p, legs);
  for (std::uint32_t leg = 0; leg < row.count; ++leg) {
    const auto [f, units] = legs[leg];
    double exit = w.market.supply_index[f / 2] * w.exit_prices[f / 2];
    if (world.reserves[f / 2].contract) exit -= funding_paid(world, w, f);
    hole -= leg < row.collateral ? units * exit : -units * w.market_factors[f];
  }
  return std::max(0.0, hole - legacy);
}

/// Bad debt if the collateral of every account in breach or under water were sold at once.
void measure_exit(const Snapshot& world, Workspace& w) {
  std::vector<std::uint32_t>&rows = w.exit_rows, &hollow = w.entered;
  hollow.clear();
  w.underwater.members(hollow);
  rows.clear();
  std::set_union(w.breached.begin(), w.breached.end(), hollow.begin(), hollow.end(),
                 std::back_inserter(rows));
  std::vector<double>& amount = w.exit_amounts;
  amount.assign(world.reserves.size(), 0);
  Leg legs[kMostLegs];
  for (const std::uint32_t p : rows) {
    const RowLegs row = w.positions.row(p, legs);
    for (std::uint32_t leg = 0; leg < row.collateral; ++leg) {
      const std::uint32_t r = legs[leg].factor / 2;
      amount[r] += legs[leg].amount * w.market.supply_index[r];
    }
  }
  add_lots(world, w, amount);
  add_inventories(world, w, amount);
  for (std::uint32_t r = 0; r < world.reserves.size(); ++r) {
    w.exit_prices[r] = amount[r] > 0 && w.transmission
                           ? exit_price(world, w, r)
                           : w.market.spot[world.reserves[r].asset.value];
    if (world.reserves[r].lies == Lies::promised) w.exit_prices[r] = 0;
  }
  std::size_t next = 0;  // of the rows with a hole at the start, ascending like all
  for (const std::uint32_t p : rows) {
    while (next < world.legacy_rows.size() && world.legacy_rows[next] < p) ++next;
    const bool had = next < world.legacy_rows.size() && world.legacy_rows[next] == p;
    w.outcome.markets[world.positions[p].market.value].bad_debt_exit_usd +=
        exit_hole(world, w, p, had ? world.legacy_usd[next] : 0.0);
  }
  for (std::uint32_t m = 0; m < world.markets.size(); ++m) {
    const std::int32_t house = world.markets[m].house;
    w.outcome.markets[m].bad_debt_exit_usd += w.realised_usd[m];
    if (world.markets[m].absorbs >= 0) {
      w.outcome.markets[m].bad_debt_exit_usd +=
          counters_hole(world, w, static_cast<std::uint32_t>(world.markets[m].absorbs),
                        [&](std::uint32_t r) { return w.exit_prices[r]; });
    }
    if (house < 0) continue;
    const auto h = static_cast<std::uint32_t>(house);
    w.outcome.markets[m].bad_debt_exit_usd +=
        auctions_hole(world, w, h, w.exit_prices[world.houses[h].collateral]);
  }
}

/// Debt of accounts in breach that nobody served, and how long they have been waiting.
void measure_unserved(const Snapshot& world, Workspace& w) {
  const double until_s = counted_until_s(w);
  w.breach.find(w.factors, {}, w.entered, w.left);  // what the last settlement changed
  w.breached.clear();
  w.breach.members(w.breached);
  if (!world.band_books.empty() || !world.troves.empty()) {  // of which the search finds more
    std::erase_if(w.breached, [&](std::uint32_t p) {
      const Market& market = world.markets[world.positions[p].market.value];
      return (market.bands >= 0 && !loan_fails(world, w, p)) ||
             (market.troves >= 0 && !trove_fails(world, w, p));
    });
  }
  find_tiered(world, w, w.breached, w.perps.tiered);
  w.left.clear();
  update_rows(w.breached, w.perps.tiered, w.left, w.row_scratch);
  std::vector<double>& waits = w.exit_amounts;
  waits.clear();
  Leg legs[kMostLegs];
  for (const std::uint32_t p : w.breached) {
    double debt = 0;
    const RowLegs row = w.positions.row(p, legs);
    for (std::uint32_t leg = row.collateral; leg < row.count; ++leg) {
      debt += legs[leg].amount * w.market_factors[legs[leg].factor];
    }
    w.outcome.markets[world.positions[p].market.value].unserved_usd += debt;
    const std::uint32_t* since = w.breach_since.find(p);
    waits.push_back(since == nullptr ? 0 : until_s - *since * world.round_s);
  }
  if (waits.empty()) return;
  const auto quantile = [&](std::size_t rank) {
    const auto at = waits.begin() + static_cast<std::ptrdiff_t>(rank);
    std::nth_element(waits.begin(), at, waits.end());
    return *at;
  };
  w.outcome.unserved_wait_p50_s = quantile((waits.size() - 1) / 2);
  w.outcome.unserved_wait_p95_s = quantile((waits.size() - 1) * 19 / 20);
}

/// What had no cash to spare at the end had none to the horizon.
void measure_fullness(const Snapshot& world, Workspace& w) {
  const double until_s = counted_until_s(w);
  for (std::size_t r = 0; r < w.nearly_full_since.size(); ++r) {
    const double since = w.nearly_full_since[r];
    ReserveOutcome& out = w.outcome.reserves[r];
    if (since >= 0) out.nearly_full_s += until_s - since;
    if (out.full_at_s >= 0) out.rate_end = borrow_rate_now(world, w, static_cast<std::uint32_t>(r));
  }
}

void measure_venues(const Snapshot& world, Workspace& w) {
  for (std::uint32_t v = 0; v < world.venues.size(); ++v) {
    const VenueInfo& venue = world.venues[v];
    if (venue.leaves()) continue;     // its pool's
    if (venue.rests_loans) continue;  // it has no providers: its loss is its borrowers'
    const auto gone = [&](AccountId account, AccountId wallet) {
      return world.opening.balances[account.value] - w.ledger.balance(account) +
             world.opening.balances[wallet.value] - w.ledger.balance(wallet);
    };
    w.outcome.venues[v].lp_loss_usd =
        gone(venue.base_account, venue.base_wallet) * w.market.spot[venue.base.value] +
        gone(venue.quote_account, venue.quote_wallet) * w.market.spot[venue.quote.value];
  }
}

/// Who was deleveraged: how concentrated, and what they gave up beyond the accounts' shortfall.
void measure_burdens(const Snapshot& world, Workspace& w) {
  std::vector<double>& given = w.exit_amounts;
  for (std::size_t v = 0; v < world.perps.size(); ++v) {
    const PerpVenue& venue = world.perps[v];
    given.clear();
    const auto add = [&](std::uint32_t p) {
      if (const double* usd = w.perps.given_usd.find(p)) given.push_back(std::max(0.0, *usd));
    };
    for (std::uint32_t i = 0; i < venue.positions; ++i) add(venue.first_position + i);
    for (const Backstop& b : venue.backstops) add(b.row);
    if (given.empty()) continue;
    AdlBurden& burden = w.outcome.burdens[v];
    burden = adl_burden(given, 0, 0);
    burden.total = 0;
    for (const PerpContract& c : venue.contracts) {
      burden.total += w.outcome.perps[c.number].given_up_usd;
    }
    burden.overshoot = std::max(0.0, burden.total - w.perps.shortfall_usd[venue.market.value]);
  }
}

/// Puts 0 for what is not finite in a row of doubles; whether it had to.
template <class Row>
bool mend(Row& row) {
  auto numbers = std::bit_cast<std::array<double, sizeof(Row) / sizeof(double)>>(row);
  bool mended = false;
  for (double& x : numbers) {
    if (std::isfinite(x)) continue;
    x = 0;
    mended = true;
  }
  if (mended) row = std::bit_cast<Row>(numbers);
  return mended;
}

/// The same of rows without a name of their own.
template <class Rows>
void mend_all(Workspace& w, Rows& rows, const char* what) {
  for (auto& row : rows) {
    if (mend(row)) {
      fail(w, Stop::not_finite, std::string("a figure of ") + what + " is not a finite number");
    }
  }
}

template <class Rows, class Infos>
void mend_rows(Workspace& w, Rows& rows, const Infos& infos) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (mend(rows[i])) {
      fail(w, Stop::not_finite, "a figure of " + infos[i].name + " is not a finite number");
    }
  }
}

/// What vaults, funds and pools behind perpetual venues have, positions at the mark, and what is
/// behind synthetic dollars.
void value_backstops(const Snapshot& world, Workspace& w, double BackstopOutcome::*when) {
  for (const DollarIssuer& d : world.dollars) {
    w.outcome.backstops[d.number].*when = issuer_worth(world, w, d);
  }
  for (const SafetyModuleInfo& m : world.safety_modules) {
    w.outcome.backstops[m.number].*when = staked_usd(world, w, m);
  }
  for (const PerpVenue& venue : world.perps) {
    for (const Backstop& b : venue.backstops) {
      w.outcome.backstops[b.number].*when = view_trader(world, w, venue, b.row).equity;
    }
    if (venue.pool) w.outcome.backstops[venue.pool->number].*when = pool_worth(world, w, venue);
  }
}

/// What is admitted and carried at the end.
void measure_deficits(const Snapshot& world, Workspace& w) {
  for (std::uint32_t r = 0; r < world.reserves.size(); ++r) {
    w.outcome.reserves[r].deficit_usd =
        w.reserves[r].deficit * w.market.spot[world.reserves[r].asset.value];
  }
}

/// Law 7: no outcome holds a NaN or an infinity; where one arose the run says so.
void mend_outcome(const Snapshot& world, Workspace& w) {
  Outcome& out = w.outcome;
  mend_rows(w, out.markets, world.markets);
  mend_rows(w, out.assets, world.assets);
  mend_rows(w, out.venues, world.venues);
  mend_rows(w, out.oracles, world.oracles);
  mend_all(w, out.reserves, "a reserve");
  mend_all(w, out.perps, "a contract");
  mend_all(w, out.bands, "loans on bands");
  mend_all(w, out.backstops, "a vault or fund");
  mend_all(w, out.auctions, "auctions");
  mend_all(w, out.troves, "a stability pool");
  mend_all(w, out.absorbing, "a market that absorbs accounts");
  mend_all(w, out.cluster_vaults, "a vault of a cluster");
  mend_rows(w, out.systems, world.systems);
  mend_rows(w, out.agents, world.flow_agents);
  mend_rows(w, out.vaults, world.vaults);
  mend_rows(w, out.coins, world.coins);
  mend_rows(w, out.cheap_buyers, world.cheap_buyers);
  mend_rows(w, out.desks, world.desks);
  mend_rows(w, out.pool_shares, world.shares);
  bool mended = mend(out.bearer_gain_usd);
  mended = mend(out.bearer_result_usd) || mended;
  for (double* x : {&out.revaluation_usd, &out.gas_usd, &out.final_debt_usd}) {
    mended = mend(*x) || mended;
  }
  if (mended) fail(w, Stop::not_finite, "the gains of this run do not sum to a finite number");
}

/// An amount that is no whole number of quanta; empty where all are.
std::string unwhole(const Snapshot& world, const Workspace& w) {
  for (std::size_t i = 0; i < world.accounts.size(); ++i) {
    const AssetInfo& asset = world.assets[world.accounts[i].asset.value];
    const double balance = w.ledger.balances()[i];
    if (asset.quantum.whole(balance)) continue;
    return fmt::format("{:.17g} {} is no whole amount", balance, asset.name);
  }
  return {};
}

}  // namespace

bool countable(const Snapshot& world, Workspace& w, AssetId a) {
  const AssetInfo& info = world.assets[a.value];
  const double units = world.total_supply[a.value] + w.minted[a.value];
  if (info.quantum.whole(units)) return true;
  fail(w, Stop::not_whole,
       fmt::format("{:.6g} {} are more than its quanta can count; declare a larger `max_supply`",
                   units, info.name));
  return false;
}

double counted_until_s(const Workspace& w) {
  return w.outcome.stop == Stop::settled ? w.world->horizon_s : w.outcome.end_s;
}

void open_books(const Snapshot& world, Workspace& w) {
  w.opening_wealth =
      wealth(world, w, {world.opening.balances, world.opening.reserves, world.opening.market});
  for (std::size_t a = 0; a < world.assets.size(); ++a) {
    AssetOutcome& asset = w.outcome.assets[a];
    asset.price_start = asset.price_min = w.market.spot[a];
    asset.supply_start = asset.supply_most = world.total_supply[a];
  }
  for (std::size_t m = 0; m < world.markets.size(); ++m) {
    w.outcome.markets[m].deposits_usd = world.markets[m].deposits_usd;
    w.outcome.markets[m].legacy_usd = world.markets[m].legacy_usd;
  }
  value_backstops(world, w, &BackstopOutcome::start_usd);
  open_vault_outcomes(world, w);
  open_systems(world, w);
  open_absorbing_outcomes(world, w);
}

void close_books(const Snapshot& world, Workspace& w) {
  Outcome& out = w.outcome;
  out.end_s = std::min(w.now_s, world.horizon_s);
  out.counters.rounds = w.round + (out.stop == Stop::horizon ? 0 : 1);
  out.counters.posts = w.ledger.posts();
  const auto end = wealth(world, w, {w.ledger.balances(), w.reserves, w.market, &w.positions});
  const auto idle =
      wealth(world, w, {world.opening.balances, world.opening.reserves, world.opening.market});
  for (std::size_t b = 0; b < bearer_count; ++b) {
    out.bearer_gain_usd[b] = end[b] - w.opening_wealth[b];
    out.bearer_result_usd[b] = end[b] - idle[b];
  }
  for (std::size_t a = 0; a < world.assets.size(); ++a) {
    out.assets[a].price_end = w.market.spot[a];
    if (world.assets[a].owed_by_issuer()) continue;
    const double held = world.total_supply[a];
    out.revaluation_usd +=
        held * (w.market.spot[a] - world.opening.market.spot[a]) + w.minted[a] * w.market.spot[a];
  }
  for (std::uint32_t r = 0; r < world.reserves.size(); ++r) {
    if (world.reserves[r].contract || !world.owns_pot(r)) continue;
    out.final_debt_usd += debt_units(w, r) * w.market.spot[world.reserves[r].asset.value];
  }
  if (!world.positions.empty()) {
    measure_unserved(world, w);
    measure_exit(world, w);
  }
  close_supplies(world, w);
  close_desks(world, w);
  measure_fullness(world, w);
  measure_trapped(world, w);
  measure_deficits(world, w);
  measure_venues(world, w);
  close_shares(world, w);
  measure_bands(world, w);
  measure_burdens(world, w);
  value_backstops(world, w, &BackstopOutcome::end_usd);
  close_vault_outcomes(world, w);
  close_systems(world, w);
  close_troves(world, w);
  close_clusters(world, w);
  if (const std::string broken = unwhole(world, w); !broken.empty()) {
    fail(w, Stop::not_whole, broken);
  } else if (const std::string lost = audit(world, w, false); !lost.empty()) {
    fail(w, Stop::not_conserved, lost);
  }
  mend_outcome(world, w);
}

namespace {

/// A perpetual venue owes its accounts what it holds: cash = balances - funding due through
/// contracts. An identity of indices, held to 1e-12 of what is open.
std::string venues_balance(const Snapshot& world, const Workspace& w) {
  for (const PerpVenue& venue : world.perps) {
    if (venue.pool) continue;  // dollars of size are claims on the pool, none on cash
    const ReserveState& s = w.reserves[venue.settles];
    const double opening = world.opening.balances[world.reserves[venue.settles].cash.value] -
                           world.opening.reserves[venue.settles].supply_scaled +
                           world.opening.reserves[venue.settles].debt_scaled;
    double owed = s.supply_scaled - s.debt_scaled + opening, size = s.supply_scaled + s.debt_scaled;
    for (const PerpContract& c : venue.contracts) {
      const double longs = w.reserves[c.reserve].supply_scaled * w.market.funding[2 * c.reserve];
      const double shorts = w.reserves[c.reserve].debt_scaled * w.market.funding[2 * c.reserve + 1];
      owed -= longs - shorts;
      size += std::fabs(longs) + std::fabs(shorts);
    }
    const double cash = w.ledger.balance(world.reserves[venue.settles].cash);
    const double step = world.assets[world.reserves[venue.settles].asset.value].quantum.step;
    const double rounding = 4 * step * static_cast<double>(w.ledger.posts() + w.round + 16);
    if (std::fabs(cash - owed) > 1e-12 * size + rounding) {
      return fmt::format("'{}' holds {:.17g} and owes its accounts {:.17g}",
                         world.markets[venue.market.value].name, cash, owed);
    }
  }
  return {};
}

}  // namespace

std::string audit(const Snapshot& world, Workspace& w, bool with_rows) {
  if (const std::string broken = unwhole(world, w); !broken.empty()) return broken;
  std::vector<double>& sum = w.asset_sums;
  sum.assign(world.assets.size(), 0);
  for (std::size_t i = 0; i < world.accounts.size(); ++i) {
    sum[world.accounts[i].asset.value] += w.ledger.balances()[i];
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
      const std::uint32_t pot = world.reserves[world.book->factor(p, leg) / 2].pot;
      (leg < world.book->collateral_legs(p) ? supply : debt)[pot] += w.positions.amount(p, leg);
    }
  }
  std::vector<std::uint32_t> found, scanned;
  w.underwater.members(found);
  reference_scan(*world.book, w.positions, w.market_factors, scanned);
  if (found != scanned) return "the search and a scan differ on who is under water";
  for (std::uint32_t r = 0; r < world.reserves.size(); ++r) {
    const ReserveState& s = w.reserves[r];
    if (supply[r] + s.lender_scaled != s.supply_scaled || debt[r] != s.debt_scaled) {
      return "scaled units of " + world.factor_text(2 * r) + " do not sum to their total";
    }
    for (const std::uint32_t other : world.sharers[r]) {
      if (w.market.supply_index[other] == w.market.supply_index[r] &&
          w.market.borrow_index[other] == w.market.borrow_index[r]) {
        continue;
      }
      return "indices of " + world.factor_text(2 * other) + " are not those of its pot";
    }
  }
  if (const std::string broken = vaults_balance(world, w); !broken.empty()) return broken;
  if (const std::string lots = lots_balance(world, w); !lots.empty()) return lots;
  return venues_balance(world, w);
}

}  // namespace faultline
