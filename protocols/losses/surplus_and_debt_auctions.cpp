#include "protocols/losses/surplus_and_debt_auctions.hpp"

#include <algorithm>

namespace faultline {

namespace {

constexpr double near = 1e-12;  // relative; the contract counts whole units

}  // namespace

// vow.sol: fess, flog, heal [maker_dss_code]
void take_on(SystemBooks& b, double due, double now_s) {
  b.sin += due;
  b.queued += due;
  b.queue.push_back({now_s, due});
}

void release_queued(const SystemBookTerms& t, SystemBooks& b, double now_s) {
  std::size_t n = 0;
  for (; n < b.queue.size() && b.queue[n].at_s + t.wait_s <= now_s; ++n) {
    b.queued -= b.queue[n].amount;
  }
  b.queue.erase(b.queue.begin(), b.queue.begin() + static_cast<std::ptrdiff_t>(n));
  if (b.queue.empty()) b.queued = 0;
}

double heal(SystemBooks& b) {
  const double paid = std::max(0.0, std::min(b.surplus, b.free_sin()));
  b.surplus -= paid;
  b.sin -= paid;
  return paid;
}

// vow.sol: flop; flop.sol [maker_dss_code]
bool may_auction_debt(const SystemBookTerms& t, const SystemBooks& b) {
  return b.surplus == 0 && b.free_sin() >= t.debt_lot;
}

DebtAuction start_debt_auction(const SystemBookTerms& t, SystemBooks& b, double now_s) {
  b.on_auction += t.debt_lot;
  DebtAuction a{t.debt_lot, t.first_tokens, {}};
  a.clock.restart(t.bids, now_s);
  return a;
}

BidFlow bid_for_tokens(const SystemBookTerms& t, SystemBooks& b, DebtAuction& a, double lot,
                       std::uint32_t who, double now_s) {
  if (!a.clock.open(now_s)) return {.refusal = AuctionRefusal::over};
  if (!(lot < a.lot) || t.bids.beg * lot > a.lot * (1 + near)) {
    return {.refusal = AuctionRefusal::too_low};
  }
  BidFlow flow;
  if (a.clock.has_bid) {
    flow.refund = a.bid;
    flow.refunded = a.clock.bidder;
  } else {
    flow.to_system = a.bid;  // comes as surplus and pays what was being auctioned
    const double paid = std::min(a.bid, b.on_auction);
    b.on_auction -= paid;
    b.sin -= paid;
    b.surplus += a.bid - paid;
  }
  a.lot = lot;
  a.clock.lead(t.bids, who, now_s);
  return flow;
}

bool retry_debt_auction(const SystemBookTerms& t, DebtAuction& a, double now_s) {
  if (!a.clock.stale(now_s)) return false;
  a.lot *= t.pad;
  a.clock.restart(t.bids, now_s);
  return true;
}

double settle_debt_auction(SystemBooks& b, DebtAuction& a, double now_s) {
  if (!a.clock.finished(now_s)) return 0;
  const double minted = a.lot;
  b.minted += minted;
  a = {};
  return minted;
}

// vow.sol: flap; flap.sol [maker_dss_code]
bool may_auction_surplus(const SystemBookTerms& t, const SystemBooks& b) {
  return b.free_sin() == 0 && b.surplus >= b.sin + t.surplus_lot + t.buffer;
}

SurplusAuction start_surplus_auction(const SystemBookTerms& t, SystemBooks& b, double now_s) {
  b.surplus -= t.surplus_lot;
  SurplusAuction a{t.surplus_lot, 0, {}};
  a.clock.restart(t.surplus_bids, now_s);
  return a;
}

BidFlow bid_for_surplus(const SystemBookTerms& t, SurplusAuction& a, double bid, std::uint32_t who,
                        double now_s) {
  if (!a.clock.open(now_s)) return {.refusal = AuctionRefusal::over};
  if (!(bid > a.bid) || bid < t.surplus_bids.beg * a.bid * (1 - near)) {
    return {.refusal = AuctionRefusal::too_low};
  }
  const BidFlow flow{.refund = a.bid, .refunded = a.clock.bidder};
  a.bid = bid;
  a.clock.lead(t.surplus_bids, who, now_s);
  return flow;
}

bool retry_surplus_auction(const SystemBookTerms& t, SurplusAuction& a, double now_s) {
  if (!a.clock.stale(now_s)) return false;
  a.clock.restart(t.surplus_bids, now_s);
  return true;
}

double settle_surplus_auction(SystemBooks& b, SurplusAuction& a, double now_s) {
  if (!a.clock.finished(now_s)) return 0;
  const double coins = a.lot;
  b.burned += a.bid;
  a = {};
  return coins;
}

}  // namespace faultline
