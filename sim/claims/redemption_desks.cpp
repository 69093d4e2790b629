#include "sim/claims/redemption_desks.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include <fmt/format.h>

#include "core/math.hpp"
#include "sim/agents/purse_trade.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

constexpr double unlimited = std::numeric_limits<double>::infinity();
constexpr double told_step = 0.05;
constexpr double path_step_s = 6 * 3600;

double rate_of(const Workspace& w, const RedemptionDesk& desk) {
  return w.market.contract_rate[desk.claim.value];
}
double price_of(const Workspace& w, const RedemptionDesk& desk) {
  return w.market.spot[desk.asset.value];
}
const Quantum& claims_quantum(const Snapshot& world, const RedemptionDesk& desk) {
  return world.assets[desk.claim.value].quantum;
}
const Quantum& asset_quantum(const Snapshot& world, const RedemptionDesk& desk) {
  return world.assets[desk.asset.value].quantum;
}

/// Of what was there at the opening, lost though nobody has admitted it: units.
double lost_units(const Workspace& w, const RedemptionDesk& desk) {
  const double lost = 1 - w.backing[desk.claim.value];
  return lost > 0 ? lost * desk.opening_held : 0;
}

double frozen_units(const Snapshot& world, const Workspace& w, const RedemptionDesk& desk) {
  double units = 0;
  for (const std::uint32_t p : desk.parts) {
    if (w.desks.frozen[p]) units += w.ledger.balance(world.reserve_parts[p].account);
  }
  return units;
}

/// What a claim is paid now, before the fee.
double unit_pay(const Snapshot& world, const Workspace& w, const RedemptionDesk& desk) {
  const double share = desk.terms.pro_rata ? share_behind(world, w, desk) : 1;
  return rate_of(w, desk) * share;
}

/// Looks anew at what of the holdings is out of reach: whoever carries claims goes by it.
void look_at_reserves(const Snapshot& world, Workspace& w, std::uint32_t d) {
  const RedemptionDesk& desk = world.desks[d];
  DeskState& s = w.desks.desks[d];
  const double held = held_behind(world, w, desk);
  const double out = held > 0 ? 1 - within_reach(world, w, desk) / held : 1;
  if (out == s.out_of_reach) return;
  s.out_of_reach = out;
  s.moved = true;
}

/// Freezes take hold of reserves, or end.
void freeze_reserves(const Snapshot& world, Workspace& w, std::uint32_t d) {
  for (const std::uint32_t p : world.desks[d].parts) {
    if (w.desks.frozen[p] == w.desks.frozen_next[p]) continue;
    w.desks.frozen[p] = w.desks.frozen_next[p];
    const ReservePart& part = world.reserve_parts[p];
    w.quiet = false;
    tell(w, "freeze", part.name,
         w.desks.frozen[p] ? "{} of reserves are out of reach" : "{} of reserves are back",
         {w.ledger.balance(part.account) * price_of(w, world.desks[d])});
  }
}

/// Holders hand in what the scenario has them ask for, or take it back, youngest first.
void follow_holders(const Snapshot& world, Workspace& w, std::uint32_t d) {
  const RedemptionDesk& desk = world.desks[d];
  DeskState& s = w.desks.desks[d];
  const double all = world.opening.balances[desk.holders.value];
  const double wish = claims_quantum(world, desk).down(all * (1 - s.left));
  if (wish > s.asked) {
    hand_in(world, w, d, DeskRequest::holders, wish - s.asked, 0, 0);
    s.asked = wish;
  }
  for (std::size_t i = s.queue.size(); i > s.head && wish < s.asked; --i) {
    DeskRequest& r = s.queue[i - 1];
    if (r.owner != DeskRequest::holders || r.shares == 0) continue;
    const double back = std::min(r.shares, s.asked - wish);
    r.amount *= (r.shares - back) / r.shares;
    r.shares -= back;
    s.queued -= back;
    s.asked -= back;
    s.moved = true;
  }
}

/// A guardian stops a bridge a stated time after less than all is behind it.
void watch_escrow(const Snapshot& world, Workspace& w, std::uint32_t d) {
  const RedemptionDesk& desk = world.desks[d];
  DeskState& s = w.desks.desks[d];
  if (s.paused || !std::isfinite(desk.terms.pauses_after_s)) return;
  if (!(backed_share(world, w, desk.claim) < 1)) return;
  if (s.hole_since_s < 0) s.hole_since_s = w.now_s;
  w.quiet = false;
  if (w.now_s < s.hole_since_s + desk.terms.pauses_after_s) return;
  s.paused = s.moved = true;
  w.outcome.desks[d].paused_s = w.now_s;
  tell(w, "guardian", desk.name,
       fmt::format("stopped: nobody hands {} in any more", world.assets[desk.claim.value].name));
}

/// What the queue lacks in cash comes out of the other reserves, in order of name, each as fast as
/// it can be sold.
void raise_cash(const Snapshot& world, Workspace& w, std::uint32_t d, double open_s) {
  const RedemptionDesk& desk = world.desks[d];
  const DeskState& s = w.desks.desks[d];
  double lacks = s.queued * unit_pay(world, w, desk) - w.ledger.balance(desk.cash);
  for (const std::uint32_t p : desk.parts) {
    if (!(lacks > 0)) return;
    const ReservePart& part = world.reserve_parts[p];
    if (w.desks.frozen[p]) continue;
    const double sold = std::isfinite(part.per_s) ? part.per_s * open_s : unlimited;
    const double units =
        asset_quantum(world, desk).down(std::min({lacks, sold, w.ledger.balance(part.account)}));
    if (!(units > 0)) continue;
    w.ledger.post(part.account, desk.cash, units);
    lacks -= units;
  }
}

/// An arbitrageur who has been paid sells that outside for the numeraire, as far as the last unit
/// brings what it cost him; the rest he keeps.
void sell_paid(const Snapshot& world, Workspace& w, const DeskRequest& r, double units,
               double cost_usd) {
  const WayBack& rest = world.desk_routes[world.desk_trips[r.trip].route].rest;
  const RedemptionDesk& desk = world.desks[world.desk_trips[r.trip].desk];
  if (rest.count == 0 || desk.asset == world.numeraire) return;
  const Hop& hop = rest.hops[0];
  const AssetId takes = asset_taken(world.venues[hop.venue.value], hop.side);
  const double least = cost_usd / units / w.market.spot[takes.value];
  const double in =
      asset_quantum(world, desk)
          .down(std::min(units, venue_in_to_rate(world, w.venues, hop.venue, hop.side, least)));
  if (w.market.halted[hop.venue.value] || !(in > 0)) return;
  const std::vector<AccountId>& purse = world.arbitrageurs[r.owner].purse;
  trade_from_purse(world, w, hop, purse[desk.asset.value], purse[takes.value], in, false);
}

/// Pays so many claims of a request so much.
void pay(const Snapshot& world, Workspace& w, std::uint32_t d, DeskRequest& r, double claims,
         double units) {
  const RedemptionDesk& desk = world.desks[d];
  DeskState& s = w.desks.desks[d];
  const bool holders = r.owner == DeskRequest::holders;
  const std::vector<AccountId>* purse = holders ? nullptr : &world.arbitrageurs[r.owner].purse;
  w.ledger.post(desk.cash, holders ? desk.paid : (*purse)[desk.asset.value], units);
  w.ledger.burn(holders ? desk.holders : (*purse)[desk.claim.value], claims);
  w.minted[desk.claim.value] -= claims;
  const double share = claims / r.shares;
  s.room -= units;
  s.queued -= claims;
  s.moved = true;
  const double cost_usd = share * r.tied_usd;
  if (!holders) w.desks.tied_usd[r.owner] -= cost_usd;
  r.tied_usd -= cost_usd;
  r.amount *= 1 - share;
  r.shares -= claims;
  DeskOutcome& o = w.outcome.desks[d];
  o.redeemed_usd += units * price_of(w, desk);
  o.longest_wait_s = std::max(o.longest_wait_s, w.now_s - r.placed_s);
  w.quiet = false;
  if (!holders) sell_paid(world, w, r, units, cost_usd);
}

/// Pays from the head of the queue: whole requests while the budget lasts, then a part of the next.
void pay_queue(const Snapshot& world, Workspace& w, std::uint32_t d) {
  const RedemptionDesk& desk = world.desks[d];
  DeskState& s = w.desks.desks[d];
  const double latest = w.now_s - desk.terms.delay_s, keep = 1 - desk.terms.fee;
  const double unit = unit_pay(world, w, desk) * keep;
  if (!(unit > 0)) return;
  const double budget =
      std::min({s.room, w.ledger.balance(desk.cash), within_reach(world, w, desk)});
  const Finalised done = finalise(std::span(s.queue).subspan(s.head), unit, budget, latest);
  const auto settle = [&](DeskRequest& r, double claims) {
    const double units = asset_quantum(world, desk).down(claims / r.shares * payout(r, unit));
    if (claims > 0 && units > 0) pay(world, w, d, r, claims, units);
  };
  for (std::size_t i = 0; i < done.count; ++i) {
    DeskRequest& r = s.queue[s.head++];
    if (r.shares > 0) settle(r, r.shares);
    s.queued -= r.shares;  // what is worth less than a quantum
    if (r.owner != DeskRequest::holders) w.desks.tied_usd[r.owner] -= r.tied_usd;
  }
  if (s.head < s.queue.size() && s.queue[s.head].placed_s <= latest && done.budget_left > 0) {
    DeskRequest& r = s.queue[s.head];
    const double part = done.budget_left / payout(r, unit);
    settle(r, std::min(r.shares, claims_quantum(world, desk).down(r.shares * part)));
  }
  if (s.head == s.queue.size()) {
    s.queue.clear();
    s.head = 0;
  }
}

/// The first time nothing is left but crumbs.
void note_empty(const Snapshot& world, Workspace& w, std::uint32_t d) {
  const RedemptionDesk& desk = world.desks[d];
  DeskOutcome& o = w.outcome.desks[d];
  const double crumbs =
      2 * (asset_quantum(world, desk).step + claims_quantum(world, desk).step * rate_of(w, desk));
  if (o.emptied_s >= 0 || within_reach(world, w, desk) > crumbs) return;
  o.emptied_s = w.now_s;
  tell(w, "exhaustion", desk.name, "nothing is left to pay out; {} wait",
       {w.desks.desks[d].queued * rate_of(w, desk) * price_of(w, desk)});
}

/// Tells that a desk somebody waits at opens or closes.
void tell_hours(const Snapshot& world, Workspace& w, std::uint32_t d, double dt) {
  const BankingHours& hours = world.desks[d].terms.hours;
  if (!w.record || hours.always || dt <= 0) return;
  const DeskState& s = w.desks.desks[d];
  const bool open = hours.open_at(w.now_s), was = hours.open_at(w.now_s - dt);
  if (open == was) return;
  if (!(s.queued > 0)) return;
  const double usd = s.queued * rate_of(w, world.desks[d]) * price_of(w, world.desks[d]);
  tell(w, "hours", world.desks[d].name,
       open ? "opens; {} wait to be paid"
            : fmt::format("closes for {:.1f} h; {{}} wait to be paid",
                          (hours.time_after(w.now_s, 0) - w.now_s) / 3600),
       {usd});
}

void step_desk(const Snapshot& world, Workspace& w, std::uint32_t d, double dt) {
  const RedemptionDesk& desk = world.desks[d];
  DeskState& s = w.desks.desks[d];
  s.moved = w.round == 0;
  freeze_reserves(world, w, d);
  watch_escrow(world, w, d);
  look_at_reserves(world, w, d);
  note_backing(world, w, d);
  if (!w.transmission) return;
  follow_holders(world, w, d);
  tell_hours(world, w, d, dt);
  const double open_s = dt > 0 ? desk.terms.hours.open_between(w.now_s - dt, w.now_s) : 0;
  if (s.room < desk.terms.most_room() && open_s > 0) {
    s.room = std::min(desk.terms.most_room(), s.room + desk.terms.per_s * open_s);
    s.moved = true;
  }
  if (s.head == s.queue.size() || s.paused || !desk.terms.hours.open_at(w.now_s)) return;
  raise_cash(world, w, d, open_s);
  pay_queue(world, w, d);
  note_backing(world, w, d);
  note_empty(world, w, d);
}

}  // namespace

double claims_owed(const Snapshot& world, const Workspace& w, const RedemptionDesk& desk) {
  return world.total_supply[desk.claim.value] + w.minted[desk.claim.value];
}

double held_behind(const Snapshot& world, const Workspace& w, const RedemptionDesk& desk) {
  double units = w.ledger.balance(desk.cash);
  for (const std::uint32_t p : desk.parts) {
    units += w.ledger.balance(world.reserve_parts[p].account);
  }
  return units;
}

double within_reach(const Snapshot& world, const Workspace& w, const RedemptionDesk& desk) {
  return std::max(0.0,
                  held_behind(world, w, desk) - frozen_units(world, w, desk) - lost_units(w, desk));
}

double share_behind(const Snapshot& world, const Workspace& w, const RedemptionDesk& desk) {
  const double owed = claims_owed(world, w, desk) * rate_of(w, desk);
  const double held = held_behind(world, w, desk) - lost_units(w, desk) + desk.rounding;
  return held < owed * (1 - 1e-9) ? std::max(0.0, held / owed) : 1;
}

double wait_for_desk(const Snapshot& world, const Workspace& w, std::uint32_t d) {
  const RedemptionDesk& desk = world.desks[d];
  const DeskState& s = w.desks.desks[d];
  if (s.paused) return unlimited;
  const double ahead = s.queued * rate_of(w, desk);
  const double open_s =
      std::isfinite(desk.terms.per_s) ? queue_wait(ahead, s.room, desk.terms.per_s) : 0;
  const BankingHours& hours = desk.terms.hours;
  return std::max(hours.time_after(w.now_s, open_s),
                  hours.time_after(w.now_s + desk.terms.delay_s, 0)) -
         w.now_s;
}

double carried_value(const Snapshot& world, const Workspace& w, std::uint32_t d) {
  const RedemptionDesk& desk = world.desks[d];
  const DeskTerms& t = desk.terms;
  const double wait = wait_for_desk(world, w, d);
  if (!std::isfinite(wait)) return 0;
  return unit_pay(world, w, desk) * (1 - t.fee) * (1 - t.doubt * w.desks.desks[d].out_of_reach) *
         math::exp(-t.carry_per_s * wait);
}

void drain_escrow(const Snapshot& world, Workspace& w, std::uint32_t d, double units) {
  const RedemptionDesk& desk = world.desks[d];
  const double taken =
      asset_quantum(world, desk).down(std::min(units, w.ledger.balance(desk.cash)));
  w.ledger.post(desk.cash, world.attacker[desk.asset.value], taken);
  w.outcome.desks[d].drained_usd += taken * price_of(w, desk);
  w.desks.desks[d].moved = true;
  note_backing(world, w, d);
  note_empty(world, w, d);
}

void hand_in(const Snapshot& world, Workspace& w, std::uint32_t d, std::uint32_t owner,
             double units, std::uint32_t trip, double tied_usd) {
  const RedemptionDesk& desk = world.desks[d];
  DeskState& s = w.desks.desks[d];
  if (!(units > 0)) return;
  const double rate = rate_of(w, desk);
  if (s.queued == 0) {
    const double wait = wait_for_desk(world, w, d);
    tell(w, "queue", desk.name,
         std::isfinite(wait) ? fmt::format("{{}} of {} handed in, to be paid in {:.1f} h",
                                           world.assets[desk.claim.value].name, wait / 3600)
                             : fmt::format("{{}} of {} handed in, and nobody is paid",
                                           world.assets[desk.claim.value].name),
         {units * rate * price_of(w, desk)});
  }
  DeskRequest r;
  static_cast<QueuedRequest&>(r) =
      queue_up(units * rate * (1 - desk.terms.fee), rate, w.now_s, owner);
  r.shares = units;
  r.trip = trip;
  r.tied_usd = tied_usd;
  if (owner != DeskRequest::holders) w.desks.tied_usd[owner] += tied_usd;
  s.queue.push_back(r);
  s.queued += units;
  s.moved = true;
  w.quiet = false;
}

void note_backing(const Snapshot& world, Workspace& w, std::uint32_t d) {
  const RedemptionDesk& desk = world.desks[d];
  DeskState& s = w.desks.desks[d];
  const double behind = share_behind(world, w, desk);
  if (behind == s.behind) return;
  s.behind = behind;
  s.moved = true;
  backing_changed(world, w, desk.claim);
  if (std::fabs(behind - s.told) < told_step && (behind < 1 || s.told == 1)) return;
  s.told = behind;
  tell(w, "backing", desk.name,
       fmt::format("{:.1f}% of what is owed on {} is there: {{}}", 100 * behind,
                   world.assets[desk.claim.value].name),
       {held_behind(world, w, desk) * price_of(w, desk)});
}

void open_desk_run(const Snapshot& world, Workspace& w) {
  DeskRun& run = w.desks;
  run.desks.resize(world.desks.size());
  w.outcome.desks.assign(world.desks.size(), DeskOutcome{});
  w.outcome.claim_path.clear();
  run.frozen.assign(world.reserve_parts.size(), 0);
  run.frozen_next = run.frozen;
  run.tied_usd.assign(world.desks.empty() ? 0 : world.arbitrageurs.size(), 0.0);
  run.open_since.assign(world.desk_trips.size(), -1.0);
  run.gap.assign(world.desk_trips.size(), 0);
  for (std::uint32_t d = 0; d < world.desks.size(); ++d) {
    DeskState& s = run.desks[d];
    s.queue.clear();
    s.head = 0;
    s.queued = s.asked = s.out_of_reach = 0;
    s.left = 1;
    s.room = world.desks[d].terms.most_room();
    s.hole_since_s = -1;
    s.paused = false;
    s.moved = true;
    s.behind = s.told = share_behind(world, w, world.desks[d]);
    DeskOutcome& o = w.outcome.desks[d];
    o.behind_start = o.behind_least = o.behind_end = s.behind;
  }
}

void step_desks(const Snapshot& world, Workspace& w, double dt) {
  for (std::uint32_t d = 0; d < world.desks.size(); ++d) step_desk(world, w, d, dt);
}

bool desks_pending(const Snapshot& world, const Workspace& w) {
  for (std::uint32_t d = 0; d < world.desks.size(); ++d) {
    const DeskState& s = w.desks.desks[d];
    const bool pays = !s.paused && within_reach(world, w, world.desks[d]) > 0;
    if ((s.queued > 0 && pays) || (s.hole_since_s >= 0 && !s.paused)) return true;
  }
  for (std::size_t t = 0; t < world.desk_trips.size(); ++t) {
    if (w.desks.gap[t] && !w.desks.desks[world.desk_trips[t].desk].paused) return true;
  }
  return false;
}

namespace {

void add_points(const Snapshot& world, Workspace& w) {
  for (const RedemptionDesk& desk : world.desks) {
    w.outcome.claim_path.push_back(
        {desk.claim.value, w.now_s, claims_owed(world, w, desk), w.market.spot[desk.claim.value]});
  }
}

}  // namespace

void note_desks(const Snapshot& world, Workspace& w) {
  if (world.desks.empty()) return;
  for (std::uint32_t d = 0; d < world.desks.size(); ++d) {
    const RedemptionDesk& desk = world.desks[d];
    DeskOutcome& o = w.outcome.desks[d];
    const double waits = w.desks.desks[d].queued * rate_of(w, desk) * price_of(w, desk);
    o.waiting_most_usd = std::max(o.waiting_most_usd, waits);
    o.behind_least = std::min(o.behind_least, backed_share(world, w, desk.claim));
  }
  const double before = w.now_s - world.round_s;
  if (w.round == 0 || std::floor(w.now_s / path_step_s) > std::floor(before / path_step_s)) {
    add_points(world, w);
  }
}

void close_desks(const Snapshot& world, Workspace& w) {
  if (world.desks.empty()) return;
  for (std::uint32_t d = 0; d < world.desks.size(); ++d) {
    const RedemptionDesk& desk = world.desks[d];
    DeskOutcome& o = w.outcome.desks[d];
    const double owed_usd = claims_owed(world, w, desk) * rate_of(w, desk) * price_of(w, desk);
    o.waiting_end_usd = w.desks.desks[d].queued * rate_of(w, desk) * price_of(w, desk);
    o.behind_end = backed_share(world, w, desk.claim);
    o.missing_end_usd = (1 - o.behind_end) * owed_usd;
  }
  if (w.outcome.claim_path.empty() || w.outcome.claim_path.back().at_s < w.now_s) {
    add_points(world, w);
  }
}

}  // namespace faultline
