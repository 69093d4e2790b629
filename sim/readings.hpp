// What phases and the rooms they call read of the world as it stands, and what they note of what
// they did.
#pragma once

#include "sim/snapshot.hpp"
#include "sim/workspace.hpp"

namespace faultline {

/// Market value of one asset, given those before it in `spot_order`; NaN where it has none.
double market_value(const Snapshot& world, const MarketState& market, AssetId a);

/// Marginal prices of the venues that moved.
void refresh_venue_prices(const Snapshot& world, Workspace& w);
/// Market value of every asset whose venue or whose base moved (used by align and mark_down).
void refresh_spots(const Snapshot& world, Workspace& w);

/// Cash of the pot a reserve draws on, its supply claims and debt, in units of its asset. Sums over
/// reserves take each pot once: `owns_pot`.
inline double reserve_cash(const Snapshot& world, const Workspace& w, std::uint32_t r) {
  return w.ledger.balance(world.reserves[r].cash);
}
inline double supply_units(const Workspace& w, std::uint32_t r) {
  const std::uint32_t pot = w.world->reserves[r].pot;
  return w.reserves[pot].supply_scaled * w.market.supply_index[pot];
}
inline double debt_units(const Workspace& w, std::uint32_t r) {
  const std::uint32_t pot = w.world->reserves[r].pot;
  return w.reserves[pot].debt_scaled * w.market.borrow_index[pot];
}
/// The quantum of a reserve's asset.
inline const Quantum& quantum_of(const Snapshot& world, std::uint32_t r) {
  return world.assets[world.reserves[r].asset.value].quantum;
}
/// The market price of a reserve's asset, USD.
inline double spot_of(const Snapshot& world, const Workspace& w, std::uint32_t r) {
  return w.market.spot[world.reserves[r].asset.value];
}

/// The state behind a reserve: totals of the pot it draws on.
inline ReserveState& pot_state(Workspace& w, std::uint32_t r) {
  return w.reserves[w.world->reserves[r].pot];
}
/// After a pot's indices moved: those of reserves that share it follow.
inline void share_indices(const Snapshot& world, Workspace& w, std::uint32_t pot) {
  for (const std::uint32_t r : world.sharers[pot]) {
    w.market.supply_index[r] = w.market.supply_index[pot];
    w.market.borrow_index[r] = w.market.borrow_index[pot];
    for (const std::uint32_t f : {2 * r, 2 * r + 1}) {
      w.changed_factors.push_back(f);
      w.changed_market_factors.push_back(f);
    }
  }
}

/// What a transaction costs now whoever states no gas of his own (`own` is NaN), USD.
inline double gas_usd(const Snapshot& world, const Workspace& w, double own, std::uint32_t chain) {
  const bool stated = !std::isnan(own) || chain == ChainInfo::none;
  return stated ? world.gas_usd(own, chain) : world.chains[chain].gas_usd * w.gas_factor[chain];
}

/// The perpetual venue a contract's reserve belongs to.
inline const PerpVenue& venue_of_contract(const Snapshot& world, std::uint32_t r) {
  const Market& market = world.markets[world.reserves[r].market.value];
  return world.perps[static_cast<std::size_t>(market.perp)];
}
/// The asset a contract is settled in.
inline AssetId settlement_of(const Snapshot& world, std::uint32_t r) {
  return world.reserves[venue_of_contract(world, r).settles].asset;
}
/// What one contract of a side has paid so far, USD: at market value of the settlement asset.
inline double funding_paid(const Snapshot& world, const Workspace& w, std::uint32_t factor) {
  return w.market.funding[factor] * w.market.spot[settlement_of(world, factor / 2).value];
}

/// Adds the factors of contracts whose funding counts in a reserve's asset, whose price moved.
inline void add_contracts_settled_in(const Snapshot& world, std::uint32_t r,
                                     std::vector<std::uint32_t>& factors) {
  const Market& market = world.markets[world.reserves[r].market.value];
  if (market.perp < 0) return;
  const PerpVenue& venue = world.perps[static_cast<std::size_t>(market.perp)];
  if (venue.settles != r) return;
  for (const PerpContract& c : venue.contracts) {
    factors.push_back(2 * c.reserve);
    factors.push_back(2 * c.reserve + 1);
  }
}

/// What every market's debtors owe beyond what they hold, at the market factors as they are; false:
/// one of `changed_market_factors` is not finite, and the run has stopped.
bool measure_holes(const Snapshot& world, Workspace& w);

/// Share of what a claim promises that is behind it: losses not yet admitted, units from nothing.
double backed_share(const Snapshot& world, const Workspace& w, AssetId asset);
/// The least of an asset's market price and of what is behind it, USD.
double worth(const Snapshot& world, const Workspace& w, AssetId asset);
/// Whether a feed would still publish something new if its sources stayed as they are.
bool feed_may_change(const Snapshot& world, const Workspace& w, std::uint32_t oracle);
/// The factor of the breach search: published price x index (x liquidation threshold).
double breach_factor(const Workspace& w, std::uint32_t factor);
/// The same at a price of the asset.
double breach_factor_at(const Workspace& w, std::uint32_t factor, double price);
/// Tells that the backing of an asset changed: claims on it, at any remove, are worth something
/// else.
void backing_changed(const Snapshot& world, Workspace& w, AssetId asset);
/// The factor of the bad-debt search: market price x index, collateral at no more than its backing.
double market_factor(const Snapshot& world, const Workspace& w, std::uint32_t factor);

/// A trade that moved the price for good, by `move` of it: so moves the asset's reference, or that
/// of what a contract follows.
void note_impact(const Snapshot& world, Workspace& w, VenueId venue, double move);

/// So much debt of a market is liquidated, in one call or at the start of one auction.
void note_liquidation(Workspace& w, MarketId market, double usd);

/// A market's books admit so much bad debt, of which its funds (reserves, stakers, pools) paid a
/// part.
void note_loss(Workspace& w, MarketId market, double usd, double paid_usd);

/// Whether what there is of an asset can still be counted in its quanta; if not, the run has
/// stopped.
bool countable(const Snapshot& world, Workspace& w, AssetId asset);

/// Until when the state a run ended in counts: to the horizon where nothing was pending any more.
double counted_until_s(const Workspace& w);

/// Stops the run with a reason; the first reason stands.
void fail(Workspace& w, Stop stop, std::string detail);

/// Adds a line to the run's story, when it is recorded; "{}" in the text stands for amounts of
/// `usd`.
void tell(Workspace& w, const char* kind, std::string node, std::string text,
          std::vector<double> usd = {});

}  // namespace faultline
