#include "sim/attacker.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/borrowing.hpp"
#include "sim/phases.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

/// A market where the minted asset can be posted, and what could be borrowed there, USD.
struct Target {
  std::uint32_t market = 0, reserve = 0;
  double postable = 0, borrowable_usd = 0;
};

double room(double cap, double used) {
  return std::max(0.0, cap - used);
}

double price_of(const Snapshot& world, const Workspace& w, std::uint32_t r) {
  return w.market.published[world.reserves[r].oracle.value];
}

Target target_in(const Snapshot& world, const Workspace& w, std::uint32_t m, AssetId asset,
                 double amount) {
  Target t{m, 0, 0, 0};
  const Market& market = world.markets[m];
  double cash_usd = 0;
  for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
       ++r) {
    const Reserve& reserve = w.settings.reserves[r];
    if (reserve.asset == asset && reserve.terms.ltv > 0) {
      t.reserve = r;
      t.postable = std::min(amount, room(reserve.supply_cap, supply_units(w, r)));
    } else {
      cash_usd += borrowable_units(world, w, r) * price_of(world, w, r);
    }
  }
  const double credit =
      t.postable * price_of(world, w, t.reserve) * w.settings.reserves[t.reserve].terms.ltv;
  t.borrowable_usd = t.postable > 0 ? std::min(credit, cash_usd) : 0;
  return t;
}

/// Posts what it can in one market and borrows the most saleable assets against it.
void borrow_out(const Snapshot& world, Workspace& w, const Target& t, AssetId asset) {
  const std::uint32_t p = world.attacker_row[t.market], rc = t.reserve;
  const Quantum& qc = world.assets[asset.value].quantum;
  const double posted = qc.down(t.postable);
  w.ledger.post(world.attacker[asset.value], world.reserves[rc].cash, posted);
  const double scaled = qc.down(posted / w.market.supply_index[rc]);
  add_collateral(world, w, p, rc, scaled);
  w.reserves[rc].supply_scaled += scaled;
  double credit = posted * price_of(world, w, rc) * w.settings.reserves[rc].terms.ltv;
  for (const std::uint32_t r : world.markets[t.market].by_saleability) {
    if (r == rc || !(credit > 0)) continue;
    const Quantum& q = world.assets[world.reserves[r].asset.value].quantum;
    const double units =
        q.down(std::min(borrowable_units(world, w, r), credit / price_of(world, w, r)));
    if (!(units > 0)) continue;
    credit -= units * price_of(world, w, r);
    lend_out(world, w, p, r, units, world.attacker[world.reserves[r].asset.value]);
    tell(w, "exploit", world.markets[t.market].name,
         fmt::format("{:.0f} {} posted, {:.0f} {} borrowed", posted, world.assets[asset.value].name,
                     units, world.assets[world.reserves[r].asset.value].name));
  }
}

void borrow_wherever(const Snapshot& world, Workspace& w, AssetId asset) {
  for (std::uint32_t done = 0; done < world.markets.size(); ++done) {
    const double left = w.ledger.balance(world.attacker[asset.value]);
    Target best;
    for (std::uint32_t m = 0; m < world.markets.size(); ++m) {
      if (world.attacker_row[m] == 0xffffffffu) continue;
      const Target t = target_in(world, w, m, asset, left);
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
