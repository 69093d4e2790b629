#include "sim/agents/purse_trade.hpp"

#include <algorithm>
#include <span>

#include "sim/claims/pool_shares.hpp"
#include "sim/claims/vault_exits.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

void hand_in_shares(const Snapshot& world, Workspace& w, VenueId venue, double given,
                    double taken) {
  burn_given(world, w, venue, given, taken);
  pay_shares(world, w, venue, given, taken);
}

double trade_from_purse(const Snapshot& world, Workspace& w, const Hop& hop, AccountId pays,
                        AccountId takes, double in, bool lasting) {
  const VenueInfo& venue = world.venues[hop.venue.value];
  const Quantum& quantum = world.assets[asset_taken(venue, hop.side).value].quantum;
  const auto agree = [&](double& brings) {
    brings = quantum.down(brings);
    return brings > 0;
  };
  double out = 0, move = 0;
  if (!lasting) {
    out = venue_trade(world, w.venues, hop.venue, hop.side, in, agree);
  } else {
    on_venue(world, w.venues, hop.venue, [&]<class K>(const auto& p, auto& s) {
      const auto before = s;
      out = trade_at<K>(p, s, hop.side, in, agree);
      if constexpr (requires { K::permanent_move(p, before, s); }) {
        if (out > 0) move = K::permanent_move(p, before, s);
      }
    });
  }
  if (!(out > 0)) return 0;
  w.ledger.post(pays, account_given(venue, hop.side), in);
  w.ledger.post(account_taken(venue, hop.side), takes, out);
  hand_in_shares(world, w, hop.venue, in, out);
  note_impact(world, w, hop.venue, move);
  post_price(world, w.venues, hop.venue, w.market);
  w.moved_venues.add(hop.venue.value);
  w.outcome.venues[world.pool_of(hop.venue).value].volume_usd +=
      in * w.market.spot[asset_given(venue, hop.side).value];
  return out;
}

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
    const auto sell_at = [&](const Hop& at, double units) {
      const VenueInfo& venue = world.venues[at.venue.value];
      return trade_from_purse(world, w, at, purse[asset_given(venue, at.side).value],
                              purse[asset_taken(venue, at.side).value], units, false);
    };
    if (venues.size() == 1) {
      out = sell_at(hop, in);
    } else {
      split_hop(world, w.venues, w.market, hop, in, w.parts);
      for (std::size_t i = 0; i < venues.size(); ++i) {
        const double part = quantum.down(w.parts[i]);
        if (part > 0) out += sell_at(venues[i], part);
      }
    }
    amount = out;
  }
}

}  // namespace faultline
