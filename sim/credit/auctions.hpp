// Vaults sold at auction (protocols/margin/cdp_market.hpp), through a round: who may take what is
// decided with all liquidations (4), takes trade with them (5), and then auctions end, begin anew
// and begin (6).
//
//   system's equity  E = sum over its markets of coins retired + debt of vaults - coins issued
//                      = surplus - sin;  an auction under way counts as sin until it has raised
//                        what its vault owed
#pragma once

#include <string>

#include "sim/snapshot.hpp"
#include "sim/workspace.hpp"

namespace faultline {

/// 4 assess: orders every slice somebody would gain by taking now.
void plan_takes(const Snapshot& world, Workspace& w);

/// 5 execute: whose the collateral is that an order sells.
AccountId sold_from(const Snapshot& world, const Workspace& w, const LiquidationOrder& order);
/// 5 execute: whether the part of a take that is done would leave too little to be raised.
bool leaves_crumbs(const Snapshot& world, const Workspace& w, const LiquidationOrder& order);
/// 5 execute: takes that were granted in part become what the house accepts.
void fit_takes(const Snapshot& world, Workspace& w);

/// 6 settle: what one take paid and got.
void settle_take(const Snapshot& world, Workspace& w, const LiquidationOrder& order);
/// 6 settle: auctions end and begin anew, vaults in breach go to auction, books meet losses.
void run_auctions(const Snapshot& world, Workspace& w);
/// One round of bidding; ends what has been won (sim/credit/english_auctions.cpp).
void run_english(const Snapshot& world, Workspace& w, Auction& auction);
/// Pays what losses have come due, out of surplus and newly minted tokens
/// (sim/credit/system_books.cpp).
void balance_books(const Snapshot& world, Workspace& w);

/// Coins newly made for somebody: the system of this reserve owes so many more.
void issue_coins(const Snapshot& world, Workspace& w, std::uint32_t reserve, AccountId to,
                 double coins);
/// Takes an auction off the books: what it did not raise is lost, what it did not sell goes home.
void close_auction(const Snapshot& world, Workspace& w, Auction& auction);
/// What an auction has raised comes off what it has to raise.
void note_raised(const Snapshot& world, Workspace& w, Auction& auction, double coins);

/// Whether something is being sold, or the books will change with time.
bool auctions_pending(const Snapshot& world, const Workspace& w);
/// What auctions of a house owe beyond what their lots are worth, USD, at collateral's price.
double auctions_hole(const Snapshot& world, const Workspace& w, std::uint32_t house,
                     double collateral_usd);
/// Surplus less what nothing stands behind, coins: of all a system's markets.
double system_equity(const Snapshot& world, const Workspace& w, const CoinSystem& system);
/// What a system can set against losses, USD, auctions under way counted whole.
double system_funds_usd(const Snapshot& world, const Workspace& w, std::uint32_t house);

/// Lots that would be sold if all were, by reserve.
void add_lots(const Snapshot& world, const Workspace& w, std::vector<double>& amounts);
void open_systems(const Snapshot& world, Workspace& w);
void close_systems(const Snapshot& world, Workspace& w);
/// Law 1 of lots: what is being sold is there; empty where it is.
std::string lots_balance(const Snapshot& world, const Workspace& w);

}  // namespace faultline
