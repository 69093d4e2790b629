#include "sim/claims/vault_exits.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "sim/claims/curated_vaults.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

constexpr double no_limit = std::numeric_limits<double>::infinity();

std::uint32_t vault_of(const Snapshot& world, VenueId exit) {
  return static_cast<std::uint32_t>(world.assets[world.venues[exit.value].base.value].vault);
}

/// Most shares that orders of this round sell at an exit, in units of the vault's asset: what goes
/// there first is known, what comes to it by way of others is not; 0 where none does.
double wanted_at(const Snapshot& world, const Workspace& w, VenueId exit) {
  double shares = 0;
  for (const LiquidationOrder& o : w.orders) {
    if (o.fraction <= 0) continue;
    const std::vector<Hop>& hops = world.lanes[o.lane].hops;
    const auto leads = [&](const Hop& hop) {
      for (const Hop& at : world.venues_of(hop)) {
        if (at.venue == exit) return true;
      }
      return false;
    };
    const auto at = std::find_if(hops.begin(), hops.end(), leads);
    if (at == hops.end()) continue;
    if (at != hops.begin()) return no_limit;
    shares += o.to_liquidator;
  }
  return shares * venue_marginal(world, w.venues, exit);
}

}  // namespace

void refresh_vault_exits(const Snapshot& world, Workspace& w, bool granted) {
  CashDrawn drawn;
  for (const VenueId exit : world.vault_exits) {
    if (!granted || drawn.reserves.empty()) {
      drawn.idle.assign(world.vaults.size(), 0.0);
      drawn.reserves.assign(world.reserves.size(), 0.0);
      if (granted) drawn.reserves = w.reserve_wants;
    }
    const std::uint32_t v = vault_of(world, exit);
    CashDrawn without = drawn;
    const double room = draw_from_vault(world, w, v, no_limit, drawn);
    if (granted) {  // what nobody asks for is left to the next
      const double wanted = wanted_at(world, w, exit);
      if (wanted < room) {
        draw_from_vault(world, w, v, wanted, without);
        std::swap(drawn, without);
      }
    }
    auto& state = w.venues.of<Redemption>()[world.venues[exit.value].slot.index];
    if (room == state.room) continue;
    state.room = room;
    post_price(world, w.venues, exit, w.market);
    w.moved_venues.add(exit.value);
    w.quiet = false;
  }
}

void pay_shares(const Snapshot& world, Workspace& w, VenueId v, double given, double taken) {
  const VenueInfo& venue = world.venues[v.value];
  if (!venue.of_vault) return;
  const std::uint32_t vault = vault_of(world, v);
  w.ledger.burn(venue.base_account, given);
  w.minted[venue.base.value] -= given;
  const double paid = redeem_shares(world, w, vault, given, taken, venue.quote_account);
  if (paid != taken) {
    fail(w, Stop::capacity,
         fmt::format("'{}' could pay {:.6g} of {:.6g} {} for shares handed in",
                     world.vaults[vault].name, paid, taken, world.assets[venue.quote.value].name));
  }
  refresh_vault_exits(world, w, false);
}

}  // namespace faultline
