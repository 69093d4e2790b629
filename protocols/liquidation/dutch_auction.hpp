// Collateral sold by a clock: Maker's liquidations 2.0, Dog and Clip [maker_dss_code].
//   room   min(Hole - Dirt, hole_i - dirt_i);  dart = min(art, room / (rate chop)), and the whole
//          vault where what would stay owes less than dust (then Hole is exceeded)
//   tab    dart rate chop;  lot = ink dart / art;  the system's books lose dart rate at once
//   price  top = feed buf at the start, then   linear       top (tau - t) / tau
//                                              stairstep    top cut^floor(t / step)
//                                              exponential  top cut^t
//   take   slice = min(lot, asked), owe = slice price; more than tab: owe = tab. A rest of tab
//          below chost = dust chop beside a rest of the lot is not left: owe = tab - chost
//   end    lot gone: what of tab was not raised is lost. tab raised: the owner gets the lot back
//   reset  needed (and takes refused) once t > tail or price / top < cusp; pays tip + chip tab
// Nobody bids against anybody: what the system loses follows from the delay until price reaches
// the market's and from room, which holds liquidations back while prices fall on.
#pragma once

#include <cstdint>
#include <limits>

namespace faultline {

enum class PriceDecay : std::uint8_t { linear, stairstep, exponential };

/// How an auction's price falls. The contracts keep time in whole seconds; these functions do not
/// round it.
struct DecayTerms {
  PriceDecay kind = PriceDecay::stairstep;
  double tau_s = 0;   // linear: price is zero after it
  double cut = 0.99;  // factor per step (stairstep) or per second (exponential), in (0, 1)
  double step_s = 90;
};

/// Price `elapsed_s` >= 0 after the auction began at `top`.
double decayed_price(const DecayTerms& terms, double top, double elapsed_s);

/// Seconds until the price is at or below `price`; infinite if it never is.
double time_to_price(const DecayTerms& terms, double top, double price);

/// One kind of vault's terms. Amounts in the debt's unit.
struct DutchAuctionTerms {
  DecayTerms decay{};
  double buf = 1.2;      // first price over the feed's
  double tail_s = 8400;  // an auction older than this must be reset
  double cusp = 0.4;     // and one whose price fell below this share of its first
  double chop = 1.13;    // what is to be raised over what is owed
  double dust = 0;       // least debt of a vault
  double hole = std::numeric_limits<double>::infinity();  // most `tab` of this kind under way
  double tip = 0;   // paid by the system to whoever starts or resets an auction
  double chip = 0;  // and this share of what is to be raised
};

/// Least `tab` a partial take may leave.
inline double least_tab(const DutchAuctionTerms& terms) {
  return terms.dust * terms.chop;
}

/// A vault: debt = art x rate.
struct AuctionedVault {
  double ink = 0;  // collateral units
  double art = 0;  // debt before interest
  double rate = 1;
};

/// Whether a vault may be liquidated: ink feed / mat < art rate.
inline bool vault_unsafe(const AuctionedVault& v, double feed, double mat) {
  return v.art > 0 && v.ink * feed / mat < v.art * v.rate;
}

enum class AuctionRefusal : std::uint8_t {
  none,
  no_room,      // as much is under way as may be
  dusty,        // the part that fits into the room owes less than dust
  nothing,      // no collateral, no debt, nothing asked
  expired,      // reset it first
  above_limit,  // the price is above the taker's
  no_partial,   // so little is left to raise that it must be raised whole
  too_low,      // English: does not beat the last bid by enough
  over,         // English: it ended
};

/// How much of a vault goes to auction.
struct Barked {
  double art = 0;  // taken from the vault, before interest
  double ink = 0;  // the auction's lot
  double due = 0;  // debt the system now carries on its own books, art x rate
  double tab = 0;  // to be raised; counts against room until raised or given up
  AuctionRefusal refusal = AuctionRefusal::none;
};

/// Sizes one liquidation. under_way: of this kind of vault; all_under_way and all_hole: of all
/// kinds. Does not ask whether the vault is unsafe.
Barked bark(const DutchAuctionTerms& terms, const AuctionedVault& vault, double under_way,
            double all_under_way, double all_hole);

/// An auction under way.
struct DutchAuction {
  double tab = 0;  // to be raised
  double lot = 0;  // collateral left
  double top = 0;  // first price
  double elapsed_s = 0;
};

/// Begins one at the feed's price.
inline DutchAuction start_auction(const DutchAuctionTerms& terms, double tab, double lot,
                                  double feed) {
  return {tab, lot, feed * terms.buf, 0};
}

/// What the system pays whoever started an auction.
inline double start_reward(const DutchAuctionTerms& terms, double tab) {
  return terms.tip + terms.chip * tab;
}

/// Its price now.
inline double auction_price(const DutchAuctionTerms& terms, const DutchAuction& a) {
  return decayed_price(terms.decay, a.top, a.elapsed_s);
}

/// Whether it must be reset before anyone may take.
bool needs_reset(const DutchAuctionTerms& terms, const DutchAuction& a);

/// Begins it anew at the feed's price. Gives what the system pays for that: nothing for crumbs
/// (tab or the lot's worth below chost). Call only where `needs_reset`.
double reset_auction(const DutchAuctionTerms& terms, DutchAuction& a, double feed);

/// What one taker pays and gets.
struct Taken {
  double paid = 0;      // debt units, to the system
  double got = 0;       // collateral units
  double returned = 0;  // collateral to the vault's owner
  double unraised = 0;  // of tab, given up as the lot is gone
  double freed = 0;     // room for other liquidations, paid + unraised
  bool closed = false;
  AuctionRefusal refusal = AuctionRefusal::none;
};

/// Takes up to `amount` of the lot at a price of at most `limit`.
Taken take_slice(const DutchAuctionTerms& terms, DutchAuction& a, double amount,
                 double limit = std::numeric_limits<double>::infinity());

/// Collateral and tab of an auction called off (shutdown): gives the rest, closes it.
struct Yanked {
  double lot = 0;
  double tab = 0;  // freed as room; whoever called it off owes it
};
Yanked yank(DutchAuction& a);

}  // namespace faultline
