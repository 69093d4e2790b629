#include "protocols/liquidation/dutch_auction.hpp"

#include <algorithm>
#include <cmath>

#include "core/math.hpp"

namespace faultline {

namespace {

constexpr double whole = 1 - 1e-12;  // of a sum: what the contract's whole units would call all

}  // namespace

// abaci.sol: LinearDecrease, StairstepExponentialDecrease, ExponentialDecrease [maker_dss_code]
double decayed_price(const DecayTerms& t, double top, double elapsed_s) {
  switch (t.kind) {
    case PriceDecay::linear:
      return elapsed_s >= t.tau_s ? 0 : top * (t.tau_s - elapsed_s) / t.tau_s;
    case PriceDecay::stairstep:
      return top * math::power(t.cut, static_cast<unsigned>(std::min(elapsed_s / t.step_s, 1e9)));
    case PriceDecay::exponential:
      return top * math::pow(t.cut, elapsed_s);
  }
  return 0;
}

double time_to_price(const DecayTerms& t, double top, double price) {
  if (price >= top) return 0;
  if (t.kind == PriceDecay::linear) return t.tau_s * (1 - std::max(0.0, price) / top);
  if (!(price > 0)) return std::numeric_limits<double>::infinity();
  const double steps = math::log(price / top) / math::log(t.cut);
  if (t.kind == PriceDecay::exponential) return steps;
  double passed = std::ceil(steps - 1e-9);  // a price met exactly at a step is not a step late
  if (decayed_price(t, top, passed * t.step_s) > price) ++passed;
  return passed * t.step_s;
}

// dog.sol, bark [maker_dss_code]
Barked bark(const DutchAuctionTerms& t, const AuctionedVault& v, double under_way,
            double all_under_way, double all_hole) {
  Barked b;
  if (!(v.art > 0) || !(v.ink > 0)) {
    b.refusal = AuctionRefusal::nothing;
    return b;
  }
  if (!(all_hole > all_under_way) || !(t.hole > under_way)) {
    b.refusal = AuctionRefusal::no_room;
    return b;
  }
  const double room = std::min(all_hole - all_under_way, t.hole - under_way);
  double art = std::min(v.art, room / v.rate / t.chop);
  if (v.art > art) {
    if ((v.art - art) * v.rate < t.dust) {
      art = v.art;
    } else if (art * v.rate < t.dust) {
      b.refusal = AuctionRefusal::dusty;
      return b;
    }
  }
  b.art = art;
  b.ink = art == v.art ? v.ink : v.ink * art / v.art;
  b.due = art * v.rate;
  b.tab = b.due * t.chop;
  return b;
}

// clip.sol, status [maker_dss_code]
bool needs_reset(const DutchAuctionTerms& t, const DutchAuction& a) {
  return a.elapsed_s > t.tail_s || auction_price(t, a) / a.top < t.cusp;
}

double reset_auction(const DutchAuctionTerms& t, DutchAuction& a, double feed) {
  a.elapsed_s = 0;
  a.top = feed * t.buf;
  const double least = least_tab(t);
  return a.tab >= least && a.lot * feed >= least ? start_reward(t, a.tab) : 0;
}

// clip.sol, take [maker_dss_code]
Taken take_slice(const DutchAuctionTerms& t, DutchAuction& a, double amount, double limit) {
  Taken out;
  const auto refuse = [&](AuctionRefusal why) {
    out.refusal = why;
    return out;
  };
  if (!(a.lot > 0) || !(a.tab > 0) || !(amount > 0)) return refuse(AuctionRefusal::nothing);
  if (needs_reset(t, a)) return refuse(AuctionRefusal::expired);
  const double price = auction_price(t, a);
  if (price > limit) return refuse(AuctionRefusal::above_limit);
  double slice = std::min(a.lot, amount), owe = slice * price;
  const double least = least_tab(t);
  if (owe >= a.tab * whole) {
    owe = a.tab;
    slice = std::min(a.lot, owe / price);
  } else if (owe < a.tab && slice < a.lot && a.tab - owe < least) {
    if (!(a.tab > least)) return refuse(AuctionRefusal::no_partial);
    owe = a.tab - least;
    slice = owe / price;
  }
  a.tab -= owe;
  a.lot -= slice;
  out.paid = owe;
  out.got = slice;
  if (a.lot == 0) {
    out.unraised = a.tab;
  } else if (a.tab == 0) {
    out.returned = a.lot;
  }
  out.closed = a.lot == 0 || a.tab == 0;
  out.freed = owe + out.unraised;
  if (out.closed) a.tab = a.lot = 0;
  return out;
}

Yanked yank(DutchAuction& a) {
  const Yanked rest{a.lot, a.tab};
  a.lot = a.tab = 0;
  return rest;
}

}  // namespace faultline
