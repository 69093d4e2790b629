// Coins that are minted and burnt against tokens (protocols/claims/algorithmic_coin.hpp), and who
// earns by it: whoever buys the coin below its peg, burns it and sells the tokens, or the reverse.
#pragma once

#include "sim/readings.hpp"

namespace faultline {

/// What a run starts with.
void open_coin_run(const Snapshot& world, Workspace& w);

/// 1 shock: pools go back to where they rest, room under daily caps comes back.
void replenish_coins(const Snapshot& world, Workspace& w, double dt);

/// 2 align: an arbitrageur swaps through issuers as far as it pays, the best return first; dollars
/// of capital that took. busy_usd: of it in other trades of this round.
double swap_coins(const Snapshot& world, Workspace& w, std::uint32_t arbitrageur, double busy_usd);

/// Tokens that giving so many coins to an issuer would bring, or coins for tokens; 0 where it does
/// not take them now. By the price its oracle last published.
double swap_gives(const Snapshot& world, const Workspace& w, std::uint32_t coin, bool redeems,
                  double in);

/// 7 mark-down: how much there is of what is minted and burnt, at the opening and once a day.
void note_supplies(const Snapshot& world, Workspace& w);
/// At the end: the last entry of each, and what there is of it.
void close_supplies(const Snapshot& world, Workspace& w);

}  // namespace faultline
