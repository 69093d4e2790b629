#include "sim/agents/depositors.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "sim/agents/deposit_places.hpp"
#include "sim/agents/deposits.hpp"
#include "sim/credit/borrowing.hpp"
#include "sim/credit/pools.hpp"
#include "sim/readings.hpp"

namespace faultline {

namespace {

const Quantum& quantum_at(const Snapshot& world, const DepositPlace& place) {
  return world.assets[asset_at(world, place).value].quantum;
}
const DepositorRules& rules_of(const Workspace& w, const DepositPlace& place) {
  return w.settings.depositors[static_cast<std::size_t>(place.crowd)];
}

/// A run begins with the plain lenders of the opening.
void open_place(const Snapshot& world, const DepositPlace& place, PlaceRun& p) {
  const double plain = opening_claims(world, place);
  const double large =
      place.crowd < 0 ? 0 : world.depositors[static_cast<std::size_t>(place.crowd)].large;
  p.members = p.stays = {plain * (1 - large), plain * large};
}

/// Where lenders of a reserve keep what they took out.
AccountId wallet_of(const Snapshot& world, std::uint32_t reserve) {
  for (const DepositPlace& place : world.places) {
    if (!is_vault(place) && place.reserve == reserve) return place.wallet;
  }
  return AccountId::none();
}

/// Money that comes out of a place; below zero: goes in.
void note_flow(Workspace& w, const DepositPlace& place, double usd) {
  if (!w.record || usd == 0) return;
  const auto number = static_cast<std::uint32_t>(&place - w.world->places.data());
  w.outcome.deposit_flows.push_back({w.now_s, number, usd});
}

void join_queue(const Workspace& w, PlaceRun& p, double scaled, bool crowd) {
  if (!(scaled > 0)) return;
  p.queue.push_back({w.now_s, scaled, crowd});
  p.waiting += scaled;
}

/// Takes up to `scaled` out of the queue, of one kind, youngest first. Gives what it took.
double leave_queue(PlaceRun& p, double scaled, bool crowd) {
  double taken = 0;
  for (std::size_t i = p.queue.size(); i > p.head && taken < scaled; --i) {
    Waiting& last = p.queue[i - 1];
    if (last.crowd != crowd) continue;
    const double part = std::min(last.scaled, scaled - taken);
    last.scaled -= part;
    taken += part;
  }
  p.waiting -= taken;
  while (p.queue.size() > p.head && p.queue.back().scaled == 0) p.queue.pop_back();
  if (p.queue.size() == p.head) p.waiting = 0;
  return taken;
}

/// Since when the first in the queue waits.
double first_since_s(const PlaceRun& p) {
  std::size_t i = p.head;
  while (p.queue[i].scaled == 0) ++i;
  return p.queue[i].since_s;
}

double crowd_waiting(const PlaceRun& p) {
  double sum = 0;
  for (std::size_t i = p.head; i < p.queue.size(); ++i) {
    if (p.queue[i].crowd) sum += p.queue[i].scaled;
  }
  return sum;
}

void scale_members(PlaceRun& p, double factor) {
  for (std::size_t k = 0; k < 2; ++k) {
    p.stays[k] *= factor;
    p.members[k] *= factor;
  }
}

/// The scenario's share of lenders asks; or takes its wish back: first who waits, then who was paid
/// lends again.
void follow_scenario(const Snapshot& world, Workspace& w, const DepositPlace& place, PlaceRun& p) {
  if (p.left == p.left_before) return;
  const Quantum& q = quantum_at(world, place);
  const double plain = opening_claims(world, place);
  const double stay = p.stays[0] + p.stays[1];
  const double half = is_vault(place) ? 0 : 0.5 * q.step;  // to the nearest
  const double out = whole_claim(world, place, plain * (1 - p.left) + half);
  w.quiet = false;
  if (p.left < p.left_before) {
    const double asks =
        std::max(0.0, std::min(whole_claim(world, place, stay), out - p.by_scenario));
    if (asks > 0) scale_members(p, 1 - asks / stay);
    p.by_scenario += asks;
    join_queue(w, p, asks, false);
  } else {
    const double back = std::max(0.0, p.by_scenario - out);
    double returned = leave_queue(p, back, false);
    const double units = q.down(std::min((back - returned) * units_per_claim(world, w, place),
                                         w.ledger.balance(place.wallet)));
    if (units > 0 && room_at(world, w, place) >= units) {
      lend_at(world, w, place, units, returned, place.wallet);
      note_flow(w, place, -units * w.market.spot[asset_at(world, place).value]);
    }
    p.by_scenario -= back;
    p.stays[0] += returned;
    p.members[0] += returned;
  }
  p.left_before = p.left;
}

/// Those who watch and react ask for their money, each class at its own pace.
void ask_in_fear(const Snapshot& world, Workspace& w, const DepositPlace& place, PlaceRun& p) {
  if (!(p.reacts > 0)) return;
  const DepositorRules& rules = rules_of(w, place);
  const double members = p.members[0] + p.members[1];
  if (!(members > 0)) return;
  const double gone = 1 - (p.stays[0] + p.stays[1]) / members;
  double asks = 0;
  for (std::size_t k = 0; k < 2; ++k) {
    const double part =
        leaving(p.stays[k], p.members[k], p.reacts, leaving_rate(rules, k == 1, gone) / p.slower,
                w.round == 0 ? 0 : world.round_s);
    p.stays[k] -= part;
    asks += part;
  }
  if (!(asks > 0)) return;
  w.quiet = false;
  p.asked += asks;
  const double whole = whole_claim(world, place, p.asked);
  join_queue(w, p, whole - p.asked_whole, true);
  p.asked_whole = whole;
}

/// Pays the queue from its head, at most so much of what it claims, as far as there is cash. Gives
/// whether it was paid.
bool serve(const Snapshot& world, Workspace& w, const DepositPlace& place, PlaceRun& p,
           double most) {
  const double asks = std::min(p.waiting, most);
  double left = asks;
  const double paid = pay_lenders(world, w, place, left);
  double burned = asks - left, by_crowd = 0;
  if (!(burned > 0)) return false;
  p.waiting -= burned;
  ReserveOutcome* const out = told_at(w, place);
  const double all = burned;
  while (burned > 0 && p.head < p.queue.size()) {
    Waiting& first = p.queue[p.head];
    const double part = std::min(first.scaled, burned);
    if (part > 0 && out != nullptr) {
      out->trapped_longest_s = std::max(out->trapped_longest_s, w.now_s - first.since_s);
    }
    first.scaled -= part;
    burned -= part;
    if (first.crowd) by_crowd += part;
    if (first.scaled == 0) ++p.head;
  }
  if (p.head == p.queue.size()) p.waiting = 0;
  const double usd = paid * w.market.spot[asset_at(world, place).value];
  if (out != nullptr) out->withdrawn_usd += usd;
  note_flow(w, place, usd);
  if (by_crowd > 0) p.paid_now += paid * (by_crowd / all);
  return left == 0;
}

/// What the first in a vault's queue claims, with those behind him while it is worth no quantum.
double first_claim(const Snapshot& world, const Workspace& w, std::uint32_t number) {
  const DepositPlace& place = world.places[number];
  const PlaceRun& p = w.deposits.places[number];
  const Quantum& q = quantum_at(world, place);
  const double each = units_per_claim(world, w, place);
  double claim = 0;
  for (std::size_t i = p.head; i < p.queue.size(); ++i) {
    claim += p.queue[i].scaled;
    if (q.down(claim * each) > 0) break;
  }
  return claim;
}

/// Vaults draw on the same markets, so their queues are one: whoever has waited longest is first,
/// ties by identity. A vault that cannot pay all of it waits for the next round.
void serve_vaults(const Snapshot& world, Workspace& w) {
  for (PlaceRun& p : w.deposits.places) p.unpaid = false;
  for (;;) {
    std::uint32_t oldest = DepositPlace::none;
    double since_s = 0;
    for (std::uint32_t i = 0; i < world.places.size(); ++i) {
      const PlaceRun& p = w.deposits.places[i];
      if (!is_vault(world.places[i]) || p.unpaid || !(p.waiting > 0)) continue;
      const double first = first_since_s(p);
      if (oldest != DepositPlace::none && !(first < since_s)) continue;
      oldest = i;
      since_s = first;
    }
    if (oldest == DepositPlace::none) return;
    PlaceRun& p = w.deposits.places[oldest];
    p.unpaid = !serve(world, w, world.places[oldest], p, first_claim(world, w, oldest));
  }
}

/// Trapped lenders borrow another asset against their claims, who came last first: nobody who would
/// be paid soon does. Limited by what can be borrowed at all.
void borrow_out(const Snapshot& world, Workspace& w, const DepositPlace& place, PlaceRun& p) {
  const std::uint32_t r = place.reserve;
  if (place.row == DepositPlace::none || !w.transmission || !(p.waiting > 0) || w.round == 0)
    return;
  const double weight = opening_weight(w, r);
  if (!(weight > 0) || !w.market.usable[world.reserves[r].oracle.value]) return;
  const DepositorRules& rules = rules_of(w, place);
  const double trapped = crowd_waiting(p);
  const double still = std::max(0.0, rules.borrows_out * (trapped + p.tied) - p.tied);
  const double wants =
      std::min(trapped, leaving(still, still, 1, 1 / rules.within_s, world.round_s));
  const auto published = [&](std::uint32_t reserve) {
    return w.market.published[world.reserves[reserve].oracle.value];
  };
  const double per_claim = w.market.supply_index[r] * published(r) * weight * rules.margin;
  double can_usd = 0;
  for (const std::uint32_t to : world.markets[market_at(world, place).value].by_saleability) {
    if (to != r) can_usd += borrowable_units(world, w, to) * published(to);
  }
  const Quantum& q = quantum_at(world, place);
  const double ties = q.down(std::min(wants, can_usd / per_claim));
  if (!(ties > 0)) return;
  leave_queue(p, ties, true);
  p.tied += ties;
  w.reserves[r].lender_scaled -= ties;
  add_collateral(world, w, place.row, r, ties);
  double credit = ties * per_claim;
  for (const std::uint32_t to : world.markets[market_at(world, place).value].by_saleability) {
    if (to == r || !(credit > 0)) continue;
    const AssetInfo& asset = world.assets[world.reserves[to].asset.value];
    const double units =
        asset.quantum.down(std::min(borrowable_units(world, w, to), credit / published(to)));
    if (!(units > 0)) continue;
    credit -= units * published(to);
    lend_out(world, w, place.row, to, units, wallet_of(world, to));
    if (!p.borrows) {
      tell(w, "run", node_of(world, place),
           fmt::format("trapped {} lenders begin to borrow {} against their claims",
                       world.assets[asset_at(world, place).value].name, asset.name));
    }
    p.borrows = true;
    claims_changed(world, w, to);
  }
  claims_changed(world, w, r);
}

/// Who was paid lends again where he feels safe, within caps; the rest stays in his wallet.
void seek_havens(const Snapshot& world, Workspace& w, const DepositPlace& place,
                 const PlaceRun& p) {
  if (!(p.paid_now > 0)) return;
  const Quantum& q = quantum_at(world, place);
  for (const Haven& haven : place.havens) {
    const DepositPlace& to = world.places[haven.place];
    PlaceRun& there = w.deposits.places[haven.place];
    if (there.reacts > 0) continue;  // no longer one
    const double units = q.down(std::min(p.paid_now * haven.share, room_at(world, w, to)));
    if (!(units > 0)) continue;
    double claim = 0;
    lend_at(world, w, to, units, claim, place.wallet);
    note_flow(w, to, -units * w.market.spot[asset_at(world, to).value]);
    there.stays[0] += claim;
    there.members[0] += claim;
    if (is_vault(place) != is_vault(to)) {
      w.deposits.crossed[asset_at(world, to).value] += is_vault(place) ? units : -units;
    }
  }
}

/// What is trapped now, at market value; where that changed what it was counts until now.
void count_trapped(const Snapshot& world, Workspace& w, const DepositPlace& place, PlaceRun& p) {
  if (is_vault(place)) {
    w.vaults.vaults[place.vault].waiting = p.waiting;
    return;
  }
  const double units = quantum_at(world, place).down(p.waiting * units_per_claim(world, w, place));
  const double usd = units * w.market.spot[asset_at(world, place).value];
  if (usd == p.trapped_usd) return;
  const double now = std::min(w.now_s, world.horizon_s);
  told_at(w, place)->trapped_usd_s += p.trapped_usd * (now - p.trapped_since_s);
  const bool began = p.trapped_usd == 0, ended = usd == 0;
  p.trapped_usd = usd;
  p.trapped_since_s = now;
  const std::string& asset = world.assets[asset_at(world, place).value].name;
  if (began) {
    tell(w, "run", node_of(world, place),
         fmt::format("out of {}: {{}} of its lenders are waiting", asset), {usd});
  } else if (ended) {
    tell(w, "run", node_of(world, place), fmt::format("pays out {} again", asset));
  }
}

/// Whoever waits for less than a quantum is let go.
void drop_dust(const Snapshot& world, const Workspace& w, const DepositPlace& place, PlaceRun& p) {
  const Quantum& q = quantum_at(world, place);
  if (p.waiting > 0 && q.down(p.waiting * units_per_claim(world, w, place)) > 0) return;
  p.queue.clear();
  p.head = 0;
  p.waiting = 0;
}

}  // namespace

void settle_withdrawals(const Snapshot& world, Workspace& w) {
  DepositRun& run = w.deposits;
  if (w.round == 0) {
    for (std::size_t i = 0; i < world.places.size(); ++i) {
      open_place(world, world.places[i], run.places[i]);
    }
  }
  if (!run.awake) return;
  const auto each = [&](auto&& act) {
    for (std::size_t i = 0; i < world.places.size(); ++i) {
      act(world, w, world.places[i], run.places[i]);
    }
  };
  each([](auto&... with) {
    follow_scenario(with...);
    ask_in_fear(with...);
  });
  each([](const Snapshot& of, Workspace& in, const DepositPlace& place, PlaceRun& p) {
    p.paid_now = 0;
    constexpr double all_of_it = std::numeric_limits<double>::infinity();
    if (!is_vault(place) && p.waiting > 0) serve(of, in, place, p, all_of_it);
  });
  serve_vaults(world, w);
  each([](auto&... with) { borrow_out(with...); });
  each([](auto&... with) { seek_havens(with...); });
  run.awake = false;
  each([&](auto&... with) {
    drop_dust(with...);
    count_trapped(with...);
  });
  for (const PlaceRun& p : run.places) run.awake = run.awake || p.waiting > 0 || p.reacts > 0;
}

void measure_trapped(const Snapshot& world, Workspace& w) {
  const double until_s = counted_until_s(w);
  for (std::size_t i = 0; i < world.places.size(); ++i) {
    const PlaceRun& p = w.deposits.places[i];
    if (is_vault(world.places[i])) continue;
    ReserveOutcome& out = *told_at(w, world.places[i]);
    if (p.waiting > 0) {
      out.trapped_usd = p.trapped_usd;
      out.trapped_usd_s += p.trapped_usd * (until_s - p.trapped_since_s);
      out.trapped_longest_s = std::max(out.trapped_longest_s, until_s - first_since_s(p));
    }
    MarketOutcome& market = w.outcome.markets[market_at(world, world.places[i]).value];
    market.withdrawn_usd += out.withdrawn_usd;
    market.trapped_usd += out.trapped_usd;
    market.trapped_usd_s += out.trapped_usd_s;
    market.trapped_longest_s = std::max(market.trapped_longest_s, out.trapped_longest_s);
  }
}

double escaped_usd(const Snapshot& world, const Workspace& w, const DepositPlace& place) {
  double usd = 0;
  for (std::uint32_t leg = 0; leg < world.book->legs(place.row); ++leg) {
    const std::uint32_t f = world.book->factor(place.row, leg), r = f / 2;
    const double price = w.market.spot[world.reserves[r].asset.value];
    const double index = f % 2 == 0 ? w.market.supply_index[r] : -w.market.borrow_index[r];
    usd += w.positions.amount(place.row, leg) * index * price;
  }
  return usd;
}

bool is_escape(const Snapshot& world, std::uint32_t row) {
  return std::any_of(world.places.begin(), world.places.end(),
                     [&](const DepositPlace& place) { return place.row == row; });
}

std::string place_name(const Snapshot& world, const DepositPlace& place) {
  if (is_vault(place)) return node_of(world, place);
  const Market& market = world.markets[market_at(world, place).value];
  const auto in_market = [&](const DepositPlace& p) {
    return !is_vault(p) && market_at(world, p) == market_at(world, place);
  };
  if (std::count_if(world.places.begin(), world.places.end(), in_market) == 1) return market.name;
  return market.name + "." + world.assets[asset_at(world, place).value].name;
}

std::vector<std::uint32_t> places_named(const Snapshot& world, std::string_view who) {
  std::vector<std::uint32_t> out;
  for (std::uint32_t i = 0; i < world.places.size(); ++i) {
    const DepositPlace& place = world.places[i];
    const bool crowd =
        place.crowd >= 0 && world.depositors[static_cast<std::size_t>(place.crowd)].name == who;
    const std::string& cluster = is_vault(place)
                                     ? world.vaults[place.vault].cluster
                                     : world.markets[market_at(world, place).value].cluster;
    const std::string& node = node_of(world, place);
    const std::string& asset = world.assets[asset_at(world, place).value].name;
    if (crowd || who == "depositors" || who == node || who == cluster ||
        (!is_vault(place) && who == node + "." + asset)) {
      out.push_back(i);
    }
  }
  return out;
}

}  // namespace faultline
