#include "sim/attacker.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/borrowing.hpp"
#include "sim/pools.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

/// A reserve where the minted asset can be posted, a category's or the market's own, and what could
/// be borrowed against it there, USD.
struct Target {
  std::uint32_t market = 0, reserve = 0;
  double postable = 0, borrowable_usd = 0;
};

double price_of(const Snapshot& world, const Workspace& w, std::uint32_t r) {
  return w.market.published[world.reserves[r].oracle.value];
}

/// The attacker's account in a market for collateral of one reserve: that of its category.
std::uint32_t account_for(const Snapshot& world, std::uint32_t r) {
  const Reserve& reserve = world.reserves[r];
  return world.attacker_row[reserve.market.value] + static_cast<std::uint32_t>(reserve.emode + 1);
}

/// Whether an account with this collateral may owe that reserve: its category lends it, isolated
/// collateral allows it, and neither it nor anything owed so far is siloed.
bool may_owe(const Snapshot& world, const Workspace& w, std::uint32_t collateral, std::uint32_t r) {
  const Reserve &posts = world.reserves[collateral], &owes = world.reserves[r];
  if (posts.pot == owes.pot) return false;  // against itself
  if (posts.emode >= 0) {
    const Market& market = world.markets[posts.market.value];
    const auto& may = market.emodes[static_cast<std::size_t>(posts.emode)].borrowable;
    if (!std::binary_search(may.begin(), may.end(), r)) return false;
  }
  if (posts.isolation.isolated() && !owes.isolation.borrowable) return false;
  const std::uint32_t p = account_for(world, collateral);
  for (std::uint32_t leg = world.book->collateral_legs(p); leg < world.book->legs(p); ++leg) {
    const std::uint32_t other = world.book->factor(p, leg) / 2;
    if (other == r || !(w.positions.amount(p, leg) > 0)) continue;
    if (owes.isolation.siloed || world.reserves[other].isolation.siloed) return false;
  }
  return true;
}

/// What more may be owed against collateral of a reserve by its debt ceiling, USD.
double ceiling_room(const Snapshot& world, const Workspace& w, std::uint32_t r) {
  const Reserve& reserve = world.reserves[r];
  if (!reserve.isolation.isolated()) return reserve.isolation.ceiling_usd;
  return std::max(0.0, reserve.isolation.ceiling_usd - w.pools.isolated_usd[reserve.pot]);
}

Target target_at(const Snapshot& world, const Workspace& w, std::uint32_t rc, double amount) {
  Target t{world.reserves[rc].market.value, rc, 0, 0};
  const double weight = opening_weight(w, rc);
  if (!(weight > 0)) return t;
  t.postable = std::min(amount, supply_room(world, w, rc));
  if (!(t.postable > 0)) return t;
  const Market& market = world.markets[t.market];
  double cash_usd = 0, silo_usd = 0;
  for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
       ++r) {
    if (!may_owe(world, w, rc, r)) continue;
    const double usd = borrowable_units(world, w, r) * price_of(world, w, r);
    if (world.reserves[r].isolation.siloed) {
      silo_usd = std::max(silo_usd, usd);
    } else {
      cash_usd += usd;
    }
  }
  cash_usd = std::min(std::max(cash_usd, silo_usd), ceiling_room(world, w, rc));
  t.borrowable_usd = std::min(t.postable * price_of(world, w, rc) * weight, cash_usd);
  return t;
}

std::string category_text(const Snapshot& world, std::uint32_t r) {
  const Reserve& reserve = world.reserves[r];
  if (reserve.emode < 0) return {};
  const auto& emodes = world.markets[reserve.market.value].emodes;
  return " in e-mode " + emodes[static_cast<std::size_t>(reserve.emode)].name;
}

/// Posts what it can in one market and borrows the most saleable assets against it.
void borrow_out(const Snapshot& world, Workspace& w, const Target& t, AssetId asset) {
  const std::uint32_t rc = t.reserve, p = account_for(world, rc);
  const Quantum& qc = world.assets[asset.value].quantum;
  const double posted = qc.down(t.postable);
  w.ledger.post(world.attacker[asset.value], world.reserves[rc].cash, posted);
  const double scaled = qc.down(posted / w.market.supply_index[rc]);
  add_collateral(world, w, p, rc, scaled);
  pot_state(w, rc).supply_scaled += scaled;
  const double room = ceiling_room(world, w, rc);
  double credit = std::min(posted * price_of(world, w, rc) * opening_weight(w, rc), room);
  for (const std::uint32_t r : world.markets[t.market].by_saleability) {
    if (!(credit > 0) || !may_owe(world, w, rc, r)) continue;
    const Quantum& q = world.assets[world.reserves[r].asset.value].quantum;
    const double units =
        q.down(std::min(borrowable_units(world, w, r), credit / price_of(world, w, r)));
    if (!(units > 0)) continue;
    credit -= units * price_of(world, w, r);
    if (world.reserves[rc].isolation.isolated()) {
      w.pools.isolated_usd[world.reserves[rc].pot] += units * price_of(world, w, r);
    }
    lend_out(world, w, p, r, units, world.attacker[world.reserves[r].asset.value]);
    tell(w, "exploit", world.markets[t.market].name,
         fmt::format("{:.0f} {} posted{}, {:.0f} {} borrowed", posted,
                     world.assets[asset.value].name, category_text(world, rc), units,
                     world.assets[world.reserves[r].asset.value].name));
  }
}

/// Where most can be borrowed, a market or a category of it at a time, each an account of its own.
void borrow_wherever(const Snapshot& world, Workspace& w, AssetId asset) {
  const std::vector<std::uint32_t>& reserves = world.reserves_of_asset[asset.value];
  for (std::size_t done = 0; done < std::max(world.markets.size(), reserves.size()); ++done) {
    const double left = w.ledger.balance(world.attacker[asset.value]);
    Target best;
    for (const std::uint32_t r : reserves) {
      if (world.attacker_row[world.reserves[r].market.value] == 0xffffffffu) continue;
      const Target t = target_at(world, w, r, left);
      if (t.borrowable_usd > best.borrowable_usd) best = t;
    }
    if (!(best.borrowable_usd > 0)) return;
    borrow_out(world, w, best, asset);
  }
}

/// Gives whole units at one venue. Gives what they bring.
double sell_at(const Snapshot& world, Workspace& w, const Hop& hop, double in) {
  const VenueInfo& venue = world.venues[hop.venue.value];
  const AssetId held = asset_given(venue, hop.side), to = asset_taken(venue, hop.side);
  const double out =
      world.assets[to.value].quantum.down(venue_fill(world, w.venues, hop.venue, hop.side, in).out);
  w.ledger.post(world.attacker[held.value], account_given(venue, hop.side), in);
  w.ledger.post(account_taken(venue, hop.side), world.attacker[to.value], out);
  venue_apply(world, w.venues, hop.venue, hop.side, in, out);
  w.moved_venues.add(hop.venue.value);
  return out;
}

/// Sells all of it along the deepest way to the numeraire, at whatever it brings.
void sell_all(const Snapshot& world, Workspace& w, AssetId asset) {
  double amount = w.ledger.balance(world.attacker[asset.value]);
  for (const Hop& hop : world.exits[asset.value]) {
    const VenueInfo& deepest = world.venues[hop.venue.value];
    const Quantum& quantum = world.assets[asset_given(deepest, hop.side).value].quantum;
    const std::span<const Hop> venues = world.venues_of(hop);
    double room = 0, out = 0;
    for (const Hop& h : venues) {
      if (w.market.halted[h.venue.value]) continue;
      room += venue_most_in(world, w.venues, h.venue, h.side);
    }
    const double in = quantum.down(std::min(amount, room));
    if (!(in > 0)) return;
    if (venues.size() == 1) {
      out = sell_at(world, w, hop, in);
    } else {
      split_hop(world, w.venues, w.market, hop, in, w.parts);
      for (std::size_t i = 0; i < venues.size(); ++i) {
        const double part = quantum.down(w.parts[i]);
        if (part > 0) out += sell_at(world, w, venues[i], part);
      }
    }
    amount = out;
  }
}

}  // namespace

void launch_exploit(const Snapshot& world, const Exploit& exploit, Workspace& w) {
  const AssetInfo& info = world.assets[exploit.asset.value];
  const double amount = info.quantum.down(exploit.amount);
  const double issued =
      world.total_supply[exploit.asset.value] + w.minted[exploit.asset.value] + amount;
  if (!info.quantum.whole(issued)) {
    fail(w, Stop::not_whole,
         fmt::format("{:.6g} {} from nothing are more than its quanta can count; declare a "
                     "`max_supply`",
                     exploit.amount, info.name));
    return;
  }
  w.ledger.mint(world.attacker[exploit.asset.value], amount);
  w.minted[exploit.asset.value] += amount;
  w.quiet = false;
  tell(
      w, "exploit", world.assets[exploit.asset.value].name,
      fmt::format("{:.0f} {} appear from nothing", amount, world.assets[exploit.asset.value].name));
  backing_changed(world, w, exploit.asset);
  if (exploit.then == ExploitThen::borrow_out) borrow_wherever(world, w, exploit.asset);
  if (exploit.then == ExploitThen::sell && w.transmission) sell_all(world, w, exploit.asset);
}

}  // namespace faultline
