#include "protocols/liquidation/english_auction.hpp"

#include <algorithm>

namespace faultline {

namespace {

constexpr double near = 1e-12;  // relative; the contract counts whole units

BidFlow refused(AuctionRefusal why) {
  return {.refusal = why};
}

}  // namespace

// cat.sol, bite: 1.0 by lump, 1.1 by dunk and box [maker_dss_code]
Barked bite(const BiteTerms& t, const AuctionedVault& v, double room) {
  Barked b;
  if (!(v.art > 0) || !(v.ink > 0)) {
    b.refusal = AuctionRefusal::nothing;
    return b;
  }
  if (!(room > 0) || room < t.dust) {
    b.refusal = AuctionRefusal::no_room;
    return b;
  }
  const double by_lump = std::min(1.0, t.lump / v.ink);
  const double by_debt = std::min(1.0, std::min(t.dunk, room) / (v.art * v.rate * t.chop));
  const double share = std::min(by_lump, by_debt);
  b.art = share < 1 ? v.art * share : v.art;
  b.ink = share < 1 ? v.ink * share : v.ink;
  b.due = b.art * v.rate;
  b.tab = b.due * t.chop;
  return b;
}

// flip.sol [maker_dss_code]
BidFlow tend(const BidTerms& t, EnglishAuction& a, double bid, std::uint32_t who, double now_s) {
  if (!a.clock.open(now_s)) return refused(AuctionRefusal::over);
  const bool full = bid >= a.tab * (1 - near) && bid <= a.tab * (1 + near);
  if (full) bid = a.tab;
  const bool first_of_all = !a.clock.has_bid && bid == 0;
  if (bid > a.tab || (!(bid > a.bid) && !first_of_all)) return refused(AuctionRefusal::too_low);
  if (!full && bid < t.beg * a.bid * (1 - near)) return refused(AuctionRefusal::too_low);
  const BidFlow flow{.to_system = bid - a.bid, .refund = a.bid, .refunded = a.clock.bidder};
  a.bid = bid;
  a.clock.lead(t, who, now_s);
  return flow;
}

BidFlow dent(const BidTerms& t, EnglishAuction& a, double lot, std::uint32_t who, double now_s) {
  if (!a.clock.open(now_s)) return refused(AuctionRefusal::over);
  if (a.bid != a.tab || !(lot < a.lot) || t.beg * lot > a.lot * (1 + near)) {
    return refused(AuctionRefusal::too_low);
  }
  const BidFlow flow{.refund = a.bid, .refunded = a.clock.bidder, .to_owner = a.lot - lot};
  a.lot = lot;
  a.clock.lead(t, who, now_s);
  return flow;
}

EnglishEnd deal(EnglishAuction& a, double now_s) {
  if (!a.clock.finished(now_s)) return {};
  const EnglishEnd end{true, a.clock.bidder, a.lot, a.tab - a.bid};
  a = {};
  return end;
}

std::optional<NextBid> next_bid(const BidTerms& t, const EnglishAuction& a, const Bidder& b,
                                double opening) {
  if (a.clock.has_bid && a.clock.bidder == b.id) return std::nullopt;
  const double first = a.clock.has_bid ? std::max(opening, a.tab * 1e-6) : opening;
  NextBid n{std::min(a.tab, a.bid > 0 ? a.bid * t.beg : first), a.lot};
  if (a.bid == a.tab) n = {a.tab, a.lot / t.beg};
  if (n.bid > b.capital || n.lot * b.worth - n.bid - b.cost <= 0) return std::nullopt;
  return n;
}

BiddingOut bid_out(const BidTerms& t, EnglishAuction& a, std::span<const Bidder> bidders,
                   double opening, double now_s) {
  BiddingOut out;
  for (bool again = true; again;) {
    again = false;
    for (const Bidder& b : bidders) {
      const auto n = next_bid(t, a, b, opening);
      if (!n) continue;
      const BidFlow f = place_bid(t, a, *n, b.id, now_s);
      if (f.refusal != AuctionRefusal::none) continue;
      out.to_system += f.to_system;
      out.to_owner += f.to_owner;
      ++out.bids;
      again = true;
    }
  }
  return out;
}

BidFlow place_bid(const BidTerms& t, EnglishAuction& a, const NextBid& n, std::uint32_t who,
                  double now_s) {
  return a.bid == a.tab ? dent(t, a, n.lot, who, now_s) : tend(t, a, n.bid, who, now_s);
}

}  // namespace faultline
