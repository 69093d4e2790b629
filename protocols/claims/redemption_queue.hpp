// Withdrawals from a staking pool, first come, first served: Lido's queue [lido_code].
//   a request fixes amount and shares = amount / rate;  paid = min(amount, shares x rate at the
//   end): it earns nothing while it waits and still bears slashing
//   finalised in order until the next one would cost more than the budget or is younger than the
//   margin; nobody overtakes, however small. What is burned never hurts those who stay:
//   (pool - paid) / (shares - burned) >= pool / shares
// The budget is what lies ready: deposits, rewards and what validators that left brought. In bunker
// mode the border of age is set before the loss. Desks pay the next in line in part
// (sim/claims/redemption_desks.cpp). (`venues/redemption.hpp` is the other view: what an
// arbitrageur can redeem per second, at once.)
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <ranges>

namespace faultline {

/// One place in the queue.
struct QueuedRequest {
  double amount = 0;  // claims given, in the asset at the rate then
  double shares = 0;
  double placed_s = 0;
  std::uint32_t owner = 0;
};

/// Places a request at a share rate.
inline QueuedRequest queue_up(double amount, double share_rate, double now_s, std::uint32_t owner) {
  return {amount, amount / share_rate, now_s, owner};
}

/// What it is paid at this share rate.
inline double payout(const QueuedRequest& r, double share_rate) {
  return std::min(r.amount, r.shares * share_rate);
}

/// What one report finalises.
struct Finalised {
  std::size_t count = 0;
  double paid = 0;    // set aside for these requests
  double shares = 0;  // burned
  double amount = 0;  // what they had asked for
  double budget_left = 0;
};

/// Goes through a queue from its head. latest_s: requests placed later wait for another report.
template <std::ranges::forward_range Queue>
Finalised finalise(const Queue& queue, double share_rate, double budget,
                   double latest_s = std::numeric_limits<double>::infinity()) {
  Finalised f{.budget_left = budget};
  for (const QueuedRequest& r : queue) {
    const double due = payout(r, share_rate);
    if (r.placed_s > latest_s || due > f.budget_left) break;
    ++f.count;
    f.paid += due;
    f.shares += r.shares;
    f.amount += r.amount;
    f.budget_left -= due;
  }
  return f;
}

/// Share rate of a batch of requests, from sums of amounts and shares before and at its end.
inline double batch_share_rate(double amount_before, double amount, double shares_before,
                               double shares) {
  return (amount - amount_before) / (shares - shares_before);
}

/// Seconds until a request of place `ahead` (amount before it, its own included) is paid, with
/// `ready` there and `per_s` coming; infinite if nothing comes.
inline double queue_wait(double ahead, double ready, double per_s) {
  if (ahead <= ready) return 0;
  return per_s > 0 ? (ahead - ready) / per_s : std::numeric_limits<double>::infinity();
}

}  // namespace faultline
