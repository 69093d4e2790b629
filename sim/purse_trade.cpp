#include "sim/purse_trade.hpp"

#include <algorithm>
#include <span>

#include "sim/pool_shares.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

double trade_from_purse(const Snapshot& world, Workspace& w, const Hop& hop, AccountId pays,
                        AccountId takes, double in, bool lasting) {
  const VenueInfo& venue = world.venues[hop.venue.value];
  const Quantum& quantum = world.assets[asset_taken(venue, hop.side).value].quantum;
  double out = 0;
  const double move =
      on_venue(world, w.venues, hop.venue, [&]<class K>(const auto& p, auto& s) -> double {
        const auto before = s;
        out = trade_at<K>(p, s, hop.side, in, [&](double& brings) {
          brings = quantum.down(brings);
          return brings > 0;
        });
        if constexpr (requires { K::permanent_move(p, before, s); }) {
          return lasting && out > 0 ? K::permanent_move(p, before, s) : 0.0;
        } else {
          return 0.0;
        }
      });
  if (!(out > 0)) return 0;
  w.ledger.post(pays, account_given(venue, hop.side), in);
  w.ledger.post(account_taken(venue, hop.side), takes, out);
  burn_given(world, w, hop.venue, in, out);
  note_impact(world, w, hop.venue, move);
  post_price(world, w.venues, hop.venue, w.market);
  w.moved_venues.add(hop.venue.value);
  w.outcome.venues[world.pool_of(hop.venue).value].volume_usd +=
      in * w.market.spot[asset_given(venue, hop.side).value];
  return out;
}

namespace {

/// Gives whole units at one venue. Gives what they bring.
double sell_at(const Snapshot& world, Workspace& w, const std::vector<AccountId>& purse,
               const Hop& hop, double in) {
  const VenueInfo& venue = world.venues[hop.venue.value];
  const AssetId held = asset_given(venue, hop.side), to = asset_taken(venue, hop.side);
  const double out =
      world.assets[to.value].quantum.down(venue_fill(world, w.venues, hop.venue, hop.side, in).out);
  w.ledger.post(purse[held.value], account_given(venue, hop.side), in);
  w.ledger.post(account_taken(venue, hop.side), purse[to.value], out);
  venue_apply(world, w.venues, hop.venue, hop.side, in, out);
  burn_given(world, w, hop.venue, in, out);
  w.moved_venues.add(hop.venue.value);
  return out;
}

}  // namespace

void sell_purse(const Snapshot& world, Workspace& w, const std::vector<AccountId>& purse,
                AssetId asset) {
  double amount = w.ledger.balance(purse[asset.value]);
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
      out = sell_at(world, w, purse, hop, in);
    } else {
      split_hop(world, w.venues, w.market, hop, in, w.parts);
      for (std::size_t i = 0; i < venues.size(); ++i) {
        const double part = quantum.down(w.parts[i]);
        if (part > 0) out += sell_at(world, w, purse, venues[i], part);
      }
    }
    amount = out;
  }
}

}  // namespace faultline
