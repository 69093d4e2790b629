#include "sim/depositors.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "sim/accounting.hpp"
#include "sim/borrowing.hpp"
#include "sim/deposits.hpp"
#include "sim/pools.hpp"

namespace faultline {

namespace {

// What a place is: the only lines that know it is a reserve.

const AssetInfo& asset_of(const Snapshot& world, const DepositPlace& place) {
  return world.assets[world.reserves[place.reserve].asset.value];
}
double price_of(const Snapshot& world, const Workspace& w, const DepositPlace& place) {
  return w.market.spot[world.reserves[place.reserve].asset.value];
}
MarketId market_of(const Snapshot& world, const DepositPlace& place) {
  return world.reserves[place.reserve].market;
}
ReserveOutcome& outcome_of(Workspace& w, const DepositPlace& place) {
  return w.outcome.reserves[place.reserve];
}
/// Scaled claims of its plain lenders at the opening: of no vault, and nobody who owes.
double opening_claims(const Snapshot& world, const DepositPlace& place) {
  const ReserveState& opening = world.opening.reserves[place.reserve];
  return opening.lender_scaled - opening.vault_scaled - opening.staked_scaled;
}
/// Units a scaled claim is worth.
double units_per_claim(const Workspace& w, const DepositPlace& place) {
  return w.market.supply_index[place.reserve];
}
/// Pays what there is for a claim into its lenders' wallet. Gives the units.
double pay(const Snapshot& world, Workspace& w, const DepositPlace& place, double& claim_scaled) {
  constexpr double all_of_it = std::numeric_limits<double>::infinity();
  return pay_out(world, w, place.reserve, all_of_it, claim_scaled, place.wallet);
}
/// Takes units of a wallet in; adds to a claim.
void lend(const Snapshot& world, Workspace& w, const DepositPlace& place, double units,
          double& claim_scaled, AccountId from) {
  pay_in(world, w, place.reserve, units, claim_scaled, from);
}
/// Units that could still be lent there.
double room_in(const Snapshot& world, const Workspace& w, const DepositPlace& place) {
  return supply_room(world, w, place.reserve);
}

const std::string& market_name(const Snapshot& world, const DepositPlace& place) {
  return world.markets[market_of(world, place).value].name;
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
    if (place.reserve == reserve) return place.wallet;
  }
  return AccountId::none();
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
  const Quantum& q = asset_of(world, place).quantum;
  const double plain = opening_claims(world, place);
  const double stay = p.stays[0] + p.stays[1];
  const double out = q.down(plain * (1 - p.left) + 0.5 * q.step);  // to the nearest
  w.quiet = false;
  if (p.left < p.left_before) {
    const double asks = std::max(0.0, std::min(q.down(stay), out - p.by_scenario));
    if (asks > 0) scale_members(p, 1 - asks / stay);
    p.by_scenario += asks;
    join_queue(w, p, asks, false);
  } else {
    const double back = std::max(0.0, p.by_scenario - out);
    double returned = leave_queue(p, back, false);
    const double units = q.down(
        std::min((back - returned) * units_per_claim(w, place), w.ledger.balance(place.wallet)));
    if (units > 0) lend(world, w, place, units, returned, place.wallet);
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
        leaving(p.stays[k], p.members[k], p.reacts, leaving_rate(rules, k == 1, gone),
                w.round == 0 ? 0 : world.round_s);
    p.stays[k] -= part;
    asks += part;
  }
  if (!(asks > 0)) return;
  w.quiet = false;
  p.asked += asks;
  const double whole = asset_of(world, place).quantum.down(p.asked);
  join_queue(w, p, whole - p.asked_whole, true);
  p.asked_whole = whole;
}

/// Pays the queue from its head, as far as there is cash.
void serve(const Snapshot& world, Workspace& w, const DepositPlace& place, PlaceRun& p) {
  p.paid_now = 0;
  if (!(p.waiting > 0)) return;
  const double waited = p.waiting;
  const double paid = pay(world, w, place, p.waiting);
  double burned = waited - p.waiting, by_crowd = 0;
  ReserveOutcome& out = outcome_of(w, place);
  while (burned > 0 && p.head < p.queue.size()) {
    Waiting& first = p.queue[p.head];
    const double part = std::min(first.scaled, burned);
    if (part > 0) out.trapped_longest_s = std::max(out.trapped_longest_s, w.now_s - first.since_s);
    first.scaled -= part;
    burned -= part;
    if (first.crowd) by_crowd += part;
    if (first.scaled == 0) ++p.head;
  }
  out.withdrawn_usd += paid * price_of(world, w, place);
  if (by_crowd > 0) p.paid_now = paid * (by_crowd / (waited - p.waiting));
}

/// Trapped lenders borrow another asset against their claims, who came last first: nobody who would
/// be paid soon does. Limited by what can be borrowed at all.
void borrow_out(const Snapshot& world, Workspace& w, const DepositPlace& place, PlaceRun& p) {
  const std::uint32_t r = place.reserve;
  const double weight = opening_weight(w, r);
  if (place.row == DepositPlace::none || !w.transmission || !(p.waiting > 0) || w.round == 0)
    return;
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
  for (const std::uint32_t to : world.markets[market_of(world, place).value].by_saleability) {
    if (to != r) can_usd += borrowable_units(world, w, to) * published(to);
  }
  const Quantum& q = asset_of(world, place).quantum;
  const double ties = q.down(std::min(wants, can_usd / per_claim));
  if (!(ties > 0)) return;
  leave_queue(p, ties, true);
  p.tied += ties;
  w.reserves[r].lender_scaled -= ties;
  add_collateral(world, w, place.row, r, ties);
  double credit = ties * per_claim;
  for (const std::uint32_t to : world.markets[market_of(world, place).value].by_saleability) {
    if (to == r || !(credit > 0)) continue;
    const AssetInfo& asset = world.assets[world.reserves[to].asset.value];
    const double units =
        asset.quantum.down(std::min(borrowable_units(world, w, to), credit / published(to)));
    if (!(units > 0)) continue;
    credit -= units * published(to);
    lend_out(world, w, place.row, to, units, wallet_of(world, to));
    if (!p.borrows) {
      tell(w, "run", market_name(world, place),
           fmt::format("trapped {} lenders begin to borrow {} against their claims",
                       asset_of(world, place).name, asset.name));
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
  const Quantum& q = asset_of(world, place).quantum;
  for (const Haven& haven : place.havens) {
    const DepositPlace& to = world.places[haven.place];
    PlaceRun& there = w.deposits.places[haven.place];
    if (there.reacts > 0) continue;  // no longer one
    const double units = q.down(std::min(p.paid_now * haven.share, room_in(world, w, to)));
    if (!(units > 0)) continue;
    double claim = 0;
    lend(world, w, to, units, claim, place.wallet);
    there.stays[0] += claim;
    there.members[0] += claim;
  }
}

/// What is trapped now, at market value; where that changed what it was counts until now.
void count_trapped(const Snapshot& world, Workspace& w, const DepositPlace& place, PlaceRun& p) {
  const double units = asset_of(world, place).quantum.down(p.waiting * units_per_claim(w, place));
  const double usd = units * price_of(world, w, place);
  if (usd == p.trapped_usd) return;
  const double now = std::min(w.now_s, world.horizon_s);
  outcome_of(w, place).trapped_usd_s += p.trapped_usd * (now - p.trapped_since_s);
  const bool began = p.trapped_usd == 0, ended = usd == 0;
  p.trapped_usd = usd;
  p.trapped_since_s = now;
  const std::string& asset = asset_of(world, place).name;
  if (began) {
    tell(w, "run", market_name(world, place),
         fmt::format("out of {}: {{}} of its lenders are waiting", asset), {usd});
  } else if (ended) {
    tell(w, "run", market_name(world, place), fmt::format("pays out {} again", asset));
  }
}

/// Whoever waits for less than a quantum is let go.
void drop_dust(const Snapshot& world, const Workspace& w, const DepositPlace& place, PlaceRun& p) {
  const Quantum& q = asset_of(world, place).quantum;
  if (p.waiting > 0 && q.down(p.waiting * units_per_claim(w, place)) > 0) return;
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
    serve(with...);
  });
  each([](auto&... with) { borrow_out(with...); });
  each([](auto&... with) { seek_havens(with...); });
  run.awake = false;
  each([&](auto&... with) {
    drop_dust(with...);
    count_trapped(with...);
  });
  for (const PlaceRun& p : run.places) run.awake = run.awake || p.waiting > 0 || p.reacts > 0;
}

namespace {

/// Market value of an asset below what its code pays, or what a feed says of it: a share.
double depeg(const Snapshot& world, const MarketState& market, AssetId a, OracleId feed) {
  const AssetInfo& info = world.assets[a.value];
  double stated = market.published[feed.value];
  if (info.base.valid()) {
    const double contract = market.contract_rate[a.value] * market.spot[info.base.value];
    stated = stated > contract ? stated : contract;
  }
  return stated > 0 ? 1 - market.spot[a.value] / stated : 0;
}

/// The collateral most of a market's hole stands against, at market value.
AssetId hole_asset(const Snapshot& world, const Workspace& w, std::uint32_t m) {
  const Market& market = world.markets[m];
  AssetId most = AssetId::none();
  double usd = 0;
  for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
       ++r) {
    const std::uint32_t f = world.reserves[r].collateral_factor;
    const double held = w.hollow_units[f] * w.market_factors[f];
    if (!(held > usd)) continue;
    usd = held;
    most = world.reserves[r].asset;
  }
  return most;
}

/// What anybody can see of a market.
MarketSight look(const Snapshot& world, const Workspace& w, const DepositorRules& rules,
                 std::uint32_t m) {
  const Market& market = world.markets[m];
  const MarketOutcome& out = w.outcome.markets[m];
  const double hole = out.bad_debt_end_usd / out.deposits_usd;
  const double deficit = out.recognised_usd / out.deposits_usd;
  if (hole > rules.hole)
    return {"it has bad debt of {:.2g}% of deposits", hole, hole_asset(world, w, m)};
  if (deficit > rules.deficit) {
    return {"its books admit a loss of {:.2g}% of deposits", deficit, hole_asset(world, w, m)};
  }
  for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
       ++r) {
    const Reserve& reserve = world.reserves[r];
    if (!reserve.lent && !(reserve.terms.lt > 0)) continue;
    const double gap = depeg(world, w.market, reserve.asset, reserve.oracle) -
                       depeg(world, world.opening.market, reserve.asset, reserve.oracle);
    if (gap > rules.depeg)
      return {"{1} trades {0:.2g}% below its stated value", gap, reserve.asset};
  }
  return {};
}

/// Whether a reserve is lent out that was not at the opening.
bool filled_up(const Snapshot& world, const Workspace& w, std::uint32_t r, double full) {
  const ReserveState& opening = world.opening.reserves[r];
  const double was =
      utilisation(world.opening.balances[world.reserves[r].cash.value], opening.debt_scaled);
  return was < full && utilisation(reserve_cash(world, w, r), debt_units(w, r)) >= full;
}

/// A market in trouble with collateral that `m` takes too; null: none.
const MarketSight* feared(const Snapshot& world, const Workspace& w, const DepositorsInfo& crowd,
                          MarketId m) {
  const Market& market = world.markets[m.value];
  for (const MarketId other : crowd.markets) {
    const MarketSight& sight = w.deposits.sights[other.value];
    if (other == m || sight.trouble == nullptr || !sight.culprit.valid()) continue;
    for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
         ++r) {
      if (world.reserves[r].asset == sight.culprit && world.reserves[r].terms.lt > 0) return &sight;
    }
  }
  return nullptr;
}

void see(const Snapshot& world, Workspace& w, const DepositPlace& place, PlaceRun& p) {
  const DepositorRules& rules = rules_of(w, place);
  const DepositorsInfo& crowd = world.depositors[static_cast<std::size_t>(place.crowd)];
  const MarketId m = market_of(world, place);
  const MarketSight& sight = w.deposits.sights[m.value];
  std::string why;
  double reacts = 0;
  if (sight.trouble != nullptr) {
    reacts = rules.reacts;
    if (w.record) {
      const std::string culprit =
          sight.culprit.valid() ? world.assets[sight.culprit.value].name : std::string();
      why = fmt::format(fmt::runtime(sight.trouble), 100 * sight.size, culprit);
    }
  } else if (filled_up(world, w, place.reserve, rules.full)) {
    reacts = rules.reacts;
    why = "all of it is lent out";
  } else if (const MarketSight* other = feared(world, w, crowd, m); rules.fear > 0 && other) {
    reacts = rules.reacts * rules.fear;
    why = "another market is in trouble with " + world.assets[other->culprit.value].name;
  }
  if (reacts == p.reacts) return;
  if (p.reacts == 0) {
    tell(w, "run", market_name(world, place),
         fmt::format("{} lenders begin to leave: {}", asset_of(world, place).name, why));
  }
  p.reacts = reacts;
  w.quiet = false;
  w.deposits.awake = true;
}

}  // namespace

void watch_deposits(const Snapshot& world, Workspace& w) {
  if (world.depositors.empty() || !w.transmission || (w.quiet && w.round > 0)) return;
  for (std::size_t i = 0; i < world.depositors.size(); ++i) {
    const DepositorsInfo& crowd = world.depositors[i];
    for (const MarketId m : crowd.markets) {
      w.deposits.sights[m.value] = look(world, w, w.settings.depositors[i], m.value);
    }
    for (const std::uint32_t place : crowd.places) {
      see(world, w, world.places[place], w.deposits.places[place]);
    }
  }
}

void measure_trapped(const Snapshot& world, Workspace& w) {
  const double until_s = counted_until_s(w);
  for (std::size_t i = 0; i < world.places.size(); ++i) {
    const PlaceRun& p = w.deposits.places[i];
    ReserveOutcome& out = outcome_of(w, world.places[i]);
    if (p.waiting > 0) {
      out.trapped_usd = p.trapped_usd;
      out.trapped_usd_s += p.trapped_usd * (until_s - p.trapped_since_s);
      out.trapped_longest_s = std::max(out.trapped_longest_s, until_s - first_since_s(p));
    }
    MarketOutcome& market = w.outcome.markets[market_of(world, world.places[i]).value];
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
  const Market& market = world.markets[market_of(world, place).value];
  const auto in_market = [&](const DepositPlace& p) {
    return market_of(world, p) == market_of(world, place);
  };
  if (std::count_if(world.places.begin(), world.places.end(), in_market) == 1) return market.name;
  return market.name + "." + asset_of(world, place).name;
}

std::vector<std::uint32_t> places_named(const Snapshot& world, std::string_view who) {
  std::vector<std::uint32_t> out;
  for (std::uint32_t i = 0; i < world.places.size(); ++i) {
    const DepositPlace& place = world.places[i];
    const Market& market = world.markets[market_of(world, place).value];
    const bool crowd =
        place.crowd >= 0 && world.depositors[static_cast<std::size_t>(place.crowd)].name == who;
    if (crowd || who == "depositors" || who == market.name || who == market.cluster ||
        who == market.name + "." + asset_of(world, place).name) {
      out.push_back(i);
    }
  }
  return out;
}

}  // namespace faultline
