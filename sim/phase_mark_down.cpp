// Phase 7: market values follow the venues; a claim is worth no more than its backing; holes are
// measured and what the round did is noted.
//
//   spot      pricing venue's marginal price x spot of its quote; a claim nobody trades: contract
//             rate x spot of its base x (1 - discount); else the reference
//   worth     min(spot, contract rate x backing share x spot of the base)
//   bad debt  sum over debtors of max(0, debt at spot - collateral at worth), less what was there
//             at the start, plus what was written off
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/agents/depositors.hpp"
#include "sim/claims/algorithmic_coins.hpp"
#include "sim/claims/curated_vaults.hpp"
#include "sim/claims/pool_shares.hpp"
#include "sim/claims/redemption_desks.hpp"
#include "sim/claims/synthetic_dollars.hpp"
#include "sim/credit/absorbing_markets.hpp"
#include "sim/credit/auctions.hpp"
#include "sim/credit/pools.hpp"
#include "sim/credit/repayments.hpp"
#include "sim/credit/troves.hpp"
#include "sim/feed_audit.hpp"
#include "sim/narration.hpp"
#include "sim/perpetuals/pool_perps.hpp"
#include "sim/phases.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

/// Takes a row's amounts into the sums of its factors, or out: as they went in. Whole quanta add up
/// to the same in any order.
void count_hollow(Workspace& w, std::uint32_t position, bool on) {
  Leg legs[kMostLegs];
  const RowLegs row = w.positions.row(position, legs);
  const auto [at, fresh] =
      w.hollow.at.try_emplace(position, static_cast<std::uint32_t>(w.hollow.legs.size()));
  if (fresh) w.hollow.legs.resize(w.hollow.legs.size() + row.count, 0.0);
  double* counted = w.hollow.legs.data() + *at;
  for (std::uint32_t leg = 0; leg < row.count; ++leg) {
    const double amount = on ? legs[leg].amount : 0.0;
    w.hollow.units[legs[leg].factor] += amount - counted[leg];
    counted[leg] = amount;
  }
}

bool recognised_at_once(const Snapshot& world, std::uint32_t position) {
  const Market& market = world.markets[world.positions[position].market.value];
  return market.losses.recognition == Recognition::at_once;
}

/// Takes over what the search found: which rows owe more than they hold.
void count_changes(const Snapshot& world, Workspace& w) {
  if (!w.holes_found && w.opening_rows) w.hollow = w.opening_rows->hollow;
  w.holes_found = true;
  for (const std::uint32_t p : w.left) count_hollow(w, p, false);
  for (const std::uint32_t p : w.entered) count_hollow(w, p, true);
  const auto later = [&](std::uint32_t p) { return !recognised_at_once(world, p); };
  std::erase_if(w.entered, later);
  std::erase_if(w.left, later);
  update_rows(w.hollow.at_once, w.entered, w.left, w.row_scratch);
}

/// What one market's debtors owe beyond what they hold, legacy included, in USD: factor by factor.
double market_hole(const Snapshot& world, const Workspace& w, std::uint32_t m) {
  const Market& market = world.markets[m];
  double owed = 0, held = 0;
  for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
       ++r) {
    const Reserve& reserve = world.reserves[r];
    owed += w.hollow.units[reserve.debt_factor] * w.market_factors[reserve.debt_factor];
    held += w.hollow.units[reserve.collateral_factor] * w.market_factors[reserve.collateral_factor];
  }
  const double rows = std::max(0.0, world.whole_usd(owed - held));
  if (market.house < 0) return rows;
  const auto house = static_cast<std::uint32_t>(market.house);
  const std::uint32_t collateral = world.houses[house].collateral;
  return rows + auctions_hole(world, w, house, w.market_factors[2 * collateral]);
}

/// What stands behind a market's debts before its lenders: below 0 where that has been overdrawn.
double funds_left_usd(const Snapshot& world, const Workspace& w, std::uint32_t m) {
  const Market& own_market = world.markets[m];
  const Market& market = own_market.hub.valid() ? world.markets[own_market.hub.value] : own_market;
  double usd = 0;
  if (market.perp >= 0) {
    const PerpVenue& venue = world.perps[static_cast<std::size_t>(market.perp)];
    if (venue.pool) return pool_worth(world, w, venue);
    for (const Backstop& b : venue.backstops) {
      usd += std::max(0.0, view_trader(world, w, venue, b.row).equity);
    }
    return usd;
  }
  if (market.troves >= 0) {
    return pool_funds_usd(world, w, world.troves[static_cast<std::size_t>(market.troves)]);
  }
  if (market.absorbs >= 0) {
    return absorbing_funds(world, w, static_cast<std::uint32_t>(market.absorbs));
  }
  if (market.house >= 0) {
    return system_funds_usd(world, w, static_cast<std::uint32_t>(market.house));
  }
  for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
       ++r) {
    if (!world.owns_pot(r)) continue;
    const double own = reserve_cash(world, w, r) + debt_units(w, r) - supply_units(w, r);
    const double staked =
        own_market.losses.pays(Absorber::stakers) ? staked_cover(world, w, r, debt_units(w, r)) : 0;
    usd += (std::max(0.0, own) + staked) * w.market.spot[world.reserves[r].asset.value];
  }
  return usd;
}

/// What a market that absorbed accounts paid for what it has not sold, beyond its worth, USD.
double unsold_hole(const Snapshot& world, const Workspace& w, std::uint32_t m) {
  const std::int32_t place = world.markets[m].absorbs;
  if (place < 0) return 0;
  return counters_hole(world, w, static_cast<std::uint32_t>(place), [&](std::uint32_t r) {
    return w.market_factors[world.reserves[r].collateral_factor];
  });
}

void note_market(const Snapshot& world, Workspace& w, std::uint32_t m) {
  MarketOutcome& out = w.outcome.markets[m];
  // A legacy debt that is written off leaves the one sum for the other: legacy comes off both.
  const double hole =
      std::max(0.0, w.hole_usd[m] + w.realised_usd[m] - world.markets[m].legacy_usd) +
      unsold_hole(world, w, m);
  out.bad_debt_end_usd = hole;
  out.bad_debt_usd = std::max(out.bad_debt_usd, hole);
  const MarketId hub = world.markets[m].hub;
  const double deposits_usd = world.markets[hub.valid() ? hub.value : m].deposits_usd;
  if (out.insolvent_s >= 0 || !(hole > 0.001 * deposits_usd)) return;
  const double funds = std::max(0.0, funds_left_usd(world, w, m) + w.paid_usd[m]);
  if (!(hole > funds)) return;
  out.insolvent_s = w.now_s;
  if (w.record) note_insolvency(world, w, m, hole, funds);
}

/// Since when a reserve can hardly pay anybody, and for how long it could not before.
void note_fullness(const Snapshot& world, Workspace& w, std::uint32_t r, double used) {
  constexpr double full = 0.9999, nearly_full = 0.995;
  ReserveOutcome& out = w.outcome.reserves[r];
  if (used >= full && out.full_at_s < 0) {
    out.full_at_s = w.now_s;
    out.full_rate = borrow_rate_now(world, w, r);
  }
  double& since = w.nearly_full_since[r];
  if (used >= nearly_full) {
    if (since < 0) since = w.now_s;
  } else if (since >= 0) {
    out.nearly_full_s += w.now_s - since;
    since = -1;
  }
}

void note_utilisation(const Snapshot& world, Workspace& w) {
  for (std::uint32_t r = 0; r < world.reserves.size(); ++r) {
    const double debt = debt_units(w, r);
    if (debt == 0 || !world.reserves[r].lent || !world.owns_pot(r)) continue;
    MarketOutcome& out = w.outcome.markets[world.reserves[r].market.value];
    const double used = utilisation(reserve_cash(world, w, r), debt);
    out.utilisation_peak = std::max(out.utilisation_peak, used);
    note_fullness(world, w, r, used);
  }
}

void note_gaps(const Snapshot& world, Workspace& w) {
  for (std::uint32_t o = 0; o < world.oracles.size(); ++o) {
    const OracleInfo& oracle = world.oracles[o];
    double spot = w.market.spot[oracle.asset.value];
    if (oracle.unit.valid()) spot /= w.market.spot[oracle.unit.value];
    const double gap = std::fabs(w.market.published[o] / spot - 1);
    if (gap > w.outcome.oracles[o].largest_gap) w.outcome.oracles[o].largest_gap = gap;
  }
}

/// Whether a claim, or one it rests on, is backed by less than it promises: its worth then follows
/// the worth of its base.
bool marked_down(const Snapshot& world, const Workspace& w, AssetId claim) {
  for (AssetId a = claim; world.assets[a.value].base.valid(); a = world.assets[a.value].base) {
    if (backed_share(world, w, a) < 1) return true;
    const std::int32_t share = world.assets[a.value].share;
    if (share < 0) continue;
    if (marked_down(world, w, world.shares[static_cast<std::size_t>(share)].base)) return true;
  }
  return false;
}

/// Market factors that may have changed, each once; their list keeps those that did.
void refresh_market_factors(const Snapshot& world, Workspace& w) {
  std::size_t kept = 0;
  for (const std::uint32_t f : w.changed_market_factors) {
    if (w.marked_in_round[f] == w.round + 1) continue;
    w.marked_in_round[f] = w.round + 1;
    const double value = market_factor(world, w, f);
    if (value == w.market_factors[f]) continue;
    w.market_factors[f] = value;
    w.changed_market_factors[kept++] = f;
  }
  w.changed_market_factors.resize(kept);
}

/// What is behind synthetic dollars rests on those factors, and moves others; whether it did.
bool refresh_backed_factors(const Snapshot& world, Workspace& w) {
  std::vector<std::uint32_t>& list = w.changed_market_factors;
  std::size_t kept = list.size();
  if (!back_dollars(world, w)) return false;
  for (std::size_t i = kept; i < list.size(); ++i) {
    const std::uint32_t f = list[i];
    const double value = market_factor(world, w, f);
    if (value == w.market_factors[f]) continue;
    w.market_factors[f] = value;
    const auto end = list.begin() + static_cast<std::ptrdiff_t>(kept);
    if (std::find(list.begin(), end, f) == end) list[kept++] = f;
  }
  list.resize(kept);
  return true;
}

}  // namespace

double market_value(const Snapshot& world, const MarketState& market, AssetId a) {
  const AssetInfo& info = world.assets[a.value];
  if (info.pricing.valid()) {
    const VenueInfo& venue = world.venues[info.pricing.value];
    const double price = market.venue_price[info.pricing.value];
    return info.pricing_is_quote ? market.spot[venue.base.value] / price
                                 : price * market.spot[venue.quote.value];
  }
  if (info.base.valid()) {
    return market.contract_rate[a.value] * market.spot[info.base.value] *
           (1 - market.discount[a.value]);
  }
  return market.reference[a.value];
}

void refresh_venue_prices(const Snapshot& world, Workspace& w) {
  follow_pools(world, w, false);
  for (const std::uint32_t v : w.moved_venues.members()) {
    post_price(world, w.venues, VenueId{v}, w.market);
  }
}

void refresh_spots(const Snapshot& world, Workspace& w) {
  if (w.moved_venues.empty() && w.moved_references.empty() && w.round != 0) return;
  for (const AssetId a : world.spot_order) {
    const double spot =
        w.transmission ? market_value(world, w.market, a) : w.market.reference[a.value];
    if (std::isnan(spot) || spot == w.market.spot[a.value]) continue;
    if (!(spot > 0) || std::isinf(spot)) {
      fail(w, Stop::not_finite,
           "the market price of " + world.assets[a.value].name + " left the positive numbers");
      return;
    }
    w.market.spot[a.value] = spot;
    double& lowest = w.outcome.assets[a.value].price_min;
    lowest = std::min(lowest, spot);
    w.moved_spots.add(a.value);
    w.quiet = false;
    for (const std::uint32_t r : world.reserves_of_asset[a.value]) {
      w.changed_market_factors.push_back(world.reserves[r].collateral_factor);
      w.changed_market_factors.push_back(world.reserves[r].debt_factor);
      add_contracts_settled_in(world, r, w.changed_market_factors);
    }
    for (const AssetId claim : world.claims_on[a.value]) {
      if (!marked_down(world, w, claim)) continue;  // worth its own market price
      for (const std::uint32_t r : world.reserves_of_asset[claim.value]) {
        w.changed_market_factors.push_back(world.reserves[r].collateral_factor);
      }
    }
  }
}

double backed_share(const Snapshot& world, const Workspace& w, AssetId a) {
  const AssetInfo& info = world.assets[a.value];
  if (info.desk >= 0)
    return share_behind(world, w, world.desks[static_cast<std::size_t>(info.desk)]);
  const bool counted = info.algorithmic || info.share >= 0;  // what is minted is in its rate
  const double supply = info.supply, minted = counted ? 0 : w.minted[a.value];
  double share = w.backing[a.value];
  if (info.issuer >= 0) share *= unadmitted_share(w, info.issuer);
  if (info.vault >= 0) share *= unadmitted_share_of(w, info.vault);
  return minted > 0 ? share * (supply / (supply + minted)) : share;
}

double worth(const Snapshot& world, const Workspace& w, AssetId a) {
  const AssetInfo& info = world.assets[a.value];
  const double spot = w.market.spot[a.value];
  if (!info.base.valid()) return spot;
  if (info.share >= 0) {
    return share_worth(world, w, world.shares[static_cast<std::size_t>(info.share)]);
  }
  const double share = backed_share(world, w, a);
  const double base = worth(world, w, info.base);
  if (share >= 1 && base >= w.market.spot[info.base.value]) return spot;
  return std::min(spot, w.market.contract_rate[a.value] * share * base);
}

void backing_changed(const Snapshot& world, Workspace& w, AssetId a) {
  const auto worth_changed = [&](AssetId asset) {
    for (const std::uint32_t r : world.reserves_of_asset[asset.value]) {
      w.changed_market_factors.push_back(world.reserves[r].collateral_factor);
    }
  };
  worth_changed(a);
  for (std::uint32_t o = 0; o < world.oracles.size(); ++o) {
    const OracleInfo& oracle = world.oracles[o];
    if (oracle.asset == a && oracle.params.source == SourceKind::backing) w.feed_due[o] = w.now_s;
  }
  for (const AssetId claim : world.claims_on[a.value]) worth_changed(claim);
  w.quiet = false;
}

double market_factor(const Snapshot& world, const Workspace& w, std::uint32_t factor) {
  const std::uint32_t r = factor / 2;
  const AssetId a = world.reserves[r].asset;
  const bool owed = factor == world.reserves[r].debt_factor;
  if (!owed && world.reserves[r].lies == Lies::promised) return 0;
  const double index = owed ? w.market.borrow_index[r] : w.market.supply_index[r];
  if (world.reserves[r].contract) {  // at its mark: the book's mid is what forced sales left of it
    const double mark = w.market.published[world.reserves[r].oracle.value];
    return (mark > 0 ? mark : w.market.spot[a.value]) * index - funding_paid(world, w, factor);
  }
  return (owed ? w.market.spot[a.value] : worth(world, w, a)) * index;
}

void find_opening_holes(const Snapshot& world, Workspace& w) {
  w.find_rows(w.underwater, w.market_factors, {});
  count_changes(world, w);
}

bool measure_holes(const Snapshot& world, Workspace& w) {
  if (const auto bad = w.find_rows(w.underwater, w.market_factors, w.changed_market_factors)) {
    fail(w, Stop::not_finite,
         "the market value of " + world.factor_text(*bad) + " is not a finite number");
    return false;
  }
  count_changes(world, w);
  for (std::uint32_t m = 0; m < world.markets.size(); ++m) {
    w.hole_usd[m] = market_hole(world, w, m);
  }
  return true;
}

void mark_down(const Snapshot& world, const Scenario&, Workspace& w) {
  refresh_venue_prices(world, w);
  refresh_spots(world, w);
  const bool settled =
      !w.orders.empty() || w.perps.acts() || !w.auctions.open.empty() || w.rows_changed;
  w.rows_changed = false;
  bool changed = !w.changed_market_factors.empty() || settled || w.round == 0;
  if (changed) restart_shares(world, w);
  refresh_market_factors(world, w);
  changed = refresh_backed_factors(world, w) || changed;
  if (changed && !world.positions.empty()) {
    if (!measure_holes(world, w) || !back_shares(world, w)) return;
    for (std::uint32_t m = 0; m < world.markets.size(); ++m) note_market(world, w, m);
    note_utilisation(world, w);
  }
  note_absorbing(world, w);
  if (!w.quiet || w.round == 0) note_gaps(world, w);
  watch_deposits(world, w);
  if (w.record) audit_missing(world, w);
  w.changed_market_factors.clear();
  note_supplies(world, w);
  note_desks(world, w);
  note_shares(world, w);
}

}  // namespace faultline
