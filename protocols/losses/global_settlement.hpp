// A system shut down and shared out: Maker's End [maker_dss_code]. The coin's holders get a basket.
//   cage  tag_i = par / price_i, collateral units a coin is worth; prices are fixed
//   skip  auctions under way are undone: the lot back to the vault with tab as its debt
//   skim  each vault gives min(ink, art rate tag_i); what it lacks goes into gap_i
//   free  the owner takes the rest, before and in preference to the coin's holders
//   flow  fix_i = (Art_i rate_i tag_i - gap_i) / all coins, units of i for every coin
//   cash  a holder of n coins gets n fix_i of every i
// A hole under one collateral is borne by all holders alike, whatever stands behind the others:
// monolithic loss sharing in its purest form.
#pragma once

#include <algorithm>
#include <span>

namespace faultline {

/// One collateral in settlement.
struct SettledCollateral {
  double tag = 0;  // units per coin
  double rate = 1;
  double art = 0;  // of all vaults, auctions undone included
  double gap = 0;  // units vaults lacked
  double pot = 0;  // units taken in
  double fix = 0;  // units for every coin, once shared out
};

/// Fixes a collateral's price. par: what a coin is worth in the price's unit.
inline SettledCollateral cage(double price, double art, double rate, double par = 1) {
  return {.tag = par / price, .rate = rate, .art = art};
}

/// An auction undone: its tab becomes debt of the vault again, which gets the lot back. A bidder
/// who leads is refunded out of the system's books. Gives the debt before interest.
inline double undo_auction(SettledCollateral& c, double tab) {
  const double art = tab / c.rate;
  c.art += art;
  return art;
}

/// What a vault gives and what is left to its owner.
struct Skimmed {
  double taken = 0;  // units
  double freed = 0;  // units, the owner's
  double lacked = 0;
};

inline Skimmed skim(SettledCollateral& c, double ink, double art) {
  const double owed = art * c.rate * c.tag;
  const Skimmed s{std::min(ink, owed), ink - std::min(ink, owed), owed - std::min(ink, owed)};
  c.gap += s.lacked;
  c.pot += s.taken;
  return s;
}

/// Shares a collateral out among all coins there are, those nothing stands behind included, once
/// the system's surplus has paid what sin it could.
inline void share_out_collateral(SettledCollateral& c, double coins) {
  c.fix = std::max(0.0, c.art * c.rate * c.tag - c.gap) / coins;
}

/// What holders get for each coin, in the prices' unit, at these prices now.
inline double worth_of_coin(std::span<const SettledCollateral> all,
                            std::span<const double> prices) {
  double sum = 0;
  for (std::size_t i = 0; i < all.size(); ++i) sum += all[i].fix * prices[i];
  return sum;
}

/// Units a holder of `coins` takes out of the pot.
inline double cash_out(SettledCollateral& c, double coins) {
  const double out = std::min(c.pot, coins * c.fix);
  c.pot -= out;
  return out;
}

}  // namespace faultline
