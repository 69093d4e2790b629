// What one run reports of markets that sell or take over what fails themselves: auctions, stability
// pools, counters, and the books of systems that mint a coin.
#pragma once

namespace faultline {

/// What one house sold.
struct AuctionOutcome {
  double started = 0, resets = 0, ended = 0;
  double failed = 0;          // ended with less raised than the vault owed
  double nothing = 0;         // sold for less than 1% of what was to be raised
  double nothing_usd = 0;     // what those lots were worth
  double raised_usd = 0;      // penalties included
  double unraised_usd = 0;    // debt that ended auctions did not raise
  double returned_usd = 0;    // collateral handed back to owners
  double in_auction_usd = 0;  // debt in auctions under way at the end
  double in_auction_most_usd = 0;
  bool operator==(const AuctionOutcome&) const = default;
};

/// What became of the failing loans of one market with a stability pool.
struct TroveOutcome {
  double liquidations = 0;
  double offset_usd = 0, gained_usd = 0;  // debt the pool paid, and what it got was worth then
  double handed_usd = 0, handed_collateral_usd = 0;  // to the other borrowers
  double returned_usd = 0;                           // collateral its owners may claim
  double pool_start_usd = 0, pool_end_usd = 0;       // coins
  double pool_collateral_usd = 0;                    // what it gained is worth at the end
  double recovery_s = 0;                             // in recovery mode
  double least_ratio = 0;                            // collateral over debt of all loans
  double redeemed_usd = 0, fees_usd = 0;             // coins taken back at face value; kept of it
  bool operator==(const TroveOutcome&) const = default;
};

/// What a market that absorbs failing accounts took over and sold.
struct AbsorbingOutcome {
  double absorptions = 0;
  double absorbed_usd = 0, seized_usd = 0;  // debt paid; what was taken for it was worth then
  double credited_usd = 0;                  // to its owners, as supply
  double sold_usd = 0;                      // paid at the counter
  double inventory_usd = 0, inventory_most_usd = 0;  // collateral nobody has bought: end, most
  double reserves_start_usd = 0, reserves_end_usd = 0, reserves_least_usd = 0;
  double negative_s = -1;  // reserves first below zero; -1: never
  bool operator==(const AbsorbingOutcome&) const = default;
};

/// What happened at one vault of a cluster: to debts of it, and to its shares.
struct ClusterVaultOutcome {
  double takeovers = 0;                        // of debts by liquidators, with their shares
  double taken_usd = 0, shares_usd = 0;        // debt; what the shares were worth then
  double repaid_usd = 0;                       // out of liquidators' capital, at once
  double unwound_usd = 0;                      // out of what they sold, later
  double held_debt_usd = 0, held_usd = 0;      // theirs at the end: debt, and shares
  double erased_usd = 0;                       // debt without collateral
  double share_lost = 0;                       // part of a share's worth that this took
  double second_accounts = 0, second_usd = 0;  // in breach only since other shares fell: debt
  bool operator==(const ClusterVaultOutcome&) const = default;
};

/// The books of a system that mints a coin, auctions under way counted whole.
struct SystemOutcome {
  double surplus_start_usd = 0, surplus_end_usd = 0;
  double token_usd = 0;      // paid for newly minted tokens
  double tokens_minted = 0;  // units
  double diluted = 0;        // share of the token its holders gave up
  double sold_usd = 0;       // surplus sold for tokens
  double tokens_burned = 0;  // units
  double deficit_usd = 0;    // at the end: behind no coin, its holders' loss
  bool operator==(const SystemOutcome&) const = default;
};

}  // namespace faultline
