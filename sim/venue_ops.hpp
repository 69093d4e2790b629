// The engine's view of a venue: one call per operation of the VenueKind concept, dispatched by
// kind.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "protocols/agents/split.hpp"
#include "protocols/claims/pool_share.hpp"
#include "protocols/venues/pool_exit.hpp"
#include "sim/snapshot.hpp"

namespace faultline {

using VenueStates = KindStates<VenueKinds>;

/// Calls f.operator()<Kind>(params, state) for the venue's kind; for the way out of a pool with its
/// PoolExit, on the pool's state.
template <class States, class F>
decltype(auto) on_venue(const Snapshot& world, States& states, VenueId v, F&& f) {
  const VenueInfo& venue = world.venues[v.value];
  return visit_kind(VenueKinds{}, venue.slot, [&]<class K>(std::uint32_t i) {
    const typename K::Params& params = world.venue_params.of<K>()[i];
    auto& state = states.template of<K>()[i];
    if constexpr (SharedPool<K>) {
      if (venue.leaves()) {
        const typename PoolExit<K>::Params out{&params, venue.leaves_in};
        return f.template operator()<PoolExit<K>>(out, state);
      }
    }
    return f.template operator()<K>(params, state);
  });
}

inline double venue_marginal(const Snapshot& world, const VenueStates& s, VenueId v) {
  return on_venue(world, s, v,
                  []<class K>(const auto& p, const auto& state) { return K::marginal(p, state); });
}

inline double venue_fee(const Snapshot& world, const VenueStates& s, VenueId v) {
  return on_venue(world, s, v,
                  []<class K>(const auto& p, const auto& state) { return K::fee(p, state); });
}

/// What giving `in` would bring: taken, price and rate after (protocols/venues/curve.hpp).
inline Fill venue_fill(const Snapshot& world, const VenueStates& s, VenueId v, Side side,
                       double in) {
  return on_venue(world, s, v, [&]<class K>(const auto& p, const auto& state) {
    return K::fill(p, state, side, in);
  });
}

/// The input whose last unit brings `rate` taken per given, net of fee; 0 where none does.
inline double venue_in_to_rate(const Snapshot& world, const VenueStates& s, VenueId v, Side side,
                               double rate) {
  return on_venue(world, s, v, [&]<class K>(const auto& p, const auto& state) {
    return K::in_to_rate(p, state, side, rate);
  });
}

/// The input that moves the marginal price to `price`; 0 where it is already beyond.
inline double venue_in_to_price(const Snapshot& world, const VenueStates& s, VenueId v, Side side,
                                double price) {
  return on_venue(world, s, v, [&]<class K>(const auto& p, const auto& state) {
    return K::in_to_price(p, state, side, price);
  });
}

inline double venue_most_in(const Snapshot& world, const VenueStates& s, VenueId v, Side side) {
  return on_venue(world, s, v, [&]<class K>(const auto& p, const auto& state) {
    return K::most_in(p, state, side);
  });
}

/// Whether it takes that much: in <= venue_most_in.
inline bool venue_fits(const Snapshot& world, const VenueStates& s, VenueId v, Side side,
                       double in) {
  return on_venue(world, s, v, [&]<class K>(const auto& p, const auto& state) {
    return fits<K>(p, state, side, in);
  });
}

/// Trades `in` for what `agree` makes of what it would bring (protocols/venues/curve.hpp).
template <class Agree>
double venue_trade(const Snapshot& world, VenueStates& s, VenueId v, Side side, double in,
                   Agree&& agree) {
  return on_venue(world, s, v, [&]<class K>(const auto& p, auto& state) {
    return trade_at<K>(p, state, side, in, agree);
  });
}

inline void venue_apply(const Snapshot& world, VenueStates& s, VenueId v, Side side, double in,
                        double out) {
  on_venue(world, s, v,
           [&]<class K>(const auto& p, auto& state) { K::apply(p, state, side, in, out); });
}

/// Worth of all a pool's LPs hold at these prices of its two assets, by one reading or the other
/// (protocols/claims/pool_share.hpp).
inline double venue_lp_value(const Snapshot& world, const VenueStates& s, VenueId v,
                             double base_price, double quote_price,
                             ShareReading reading = ShareReading::fair) {
  return visit_kind(VenueKinds{}, world.venues[v.value].slot, [&]<class K>(std::uint32_t i) {
    if constexpr (SharedPool<K>) {
      return pool_value<K>(world.venue_params.of<K>()[i], s.of<K>()[i], reading, base_price,
                           quote_price);
    }
    return 0.0;
  });
}

/// The LP shares there are of a pool, where they are an asset; 0 where they are none.
inline double venue_shares(const Snapshot& world, const VenueStates& s, VenueId v) {
  return visit_kind(VenueKinds{}, world.venues[v.value].slot, [&]<class K>(std::uint32_t i) {
    if constexpr (SharedPool<K>) return s.of<K>()[i].shares;
    return 0.0;
  });
}
inline void set_venue_shares(const Snapshot& world, VenueStates& s, VenueId v, double shares) {
  visit_kind(VenueKinds{}, world.venues[v.value].slot, [&]<class K>(std::uint32_t i) {
    if constexpr (SharedPool<K>) s.of<K>()[i].shares = shares;
  });
}
/// What a pool stands on, the administrator's part included: base, then quote.
inline std::pair<double, double> venue_holds(const Snapshot& world, const VenueStates& s,
                                             VenueId v) {
  return on_venue(world, s, v, []<class K>(const auto& p, const auto& state) {
    return std::pair{K::base_held(p, state), K::quote_held(p, state)};
  });
}

/// Whether LPs may leave a venue's pool in one coin.
inline bool exits_in_one_coin(const Snapshot& world, VenueId v) {
  return visit_kind(VenueKinds{}, world.venues[v.value].slot,
                    []<class K>(std::uint32_t) { return SharedPool<K>; });
}

inline AssetId asset_given(const VenueInfo& v, Side side) {
  return side == Side::sell ? v.base : v.quote;
}
inline AssetId asset_taken(const VenueInfo& v, Side side) {
  return side == Side::sell ? v.quote : v.base;
}
inline AccountId account_given(const VenueInfo& v, Side side) {
  return side == Side::sell ? v.base_account : v.quote_account;
}
inline AccountId account_taken(const VenueInfo& v, Side side) {
  return side == Side::sell ? v.quote_account : v.base_account;
}
/// A contract is hedged by what it follows: who buys it sells that, and holds both.
inline AssetId hedge_of(const Snapshot& world, AssetId a) {
  return world.assets[a.value].contract ? world.assets[a.value].base : a;
}
inline Side opposite(Side side) {
  return side == Side::sell ? Side::buy : Side::sell;
}

/// What one token pays by contract, in the asset at the end of its chain of rates (1 for that one).
inline double contract_worth(const Snapshot& world, const MarketState& market, AssetId a) {
  double worth = 1;
  for (; world.assets[a.value].base.valid(); a = world.assets[a.value].base) {
    worth *= market.contract_rate[a.value];
  }
  return worth;
}

/// A venue as it stands, one leg of trades (protocols/agents/arbitrage.hpp). Halted, it takes
/// nothing.
struct StandingVenue {
  const Snapshot& world;
  const VenueStates& states;
  Hop hop;
  bool halted = false;
  Fill fill(double x) const { return venue_fill(world, states, hop.venue, hop.side, x); }
  double in_to_rate(double rate) const {
    return halted ? 0 : venue_in_to_rate(world, states, hop.venue, hop.side, rate);
  }
  double most() const { return halted ? 0 : venue_most_in(world, states, hop.venue, hop.side); }
};

/// Shares `in` among the venues of a hop so that the last unit brings the same at each
/// (protocols/agents/split.hpp). False, and parts are zero, where it is more than they take.
inline bool split_hop(const Snapshot& world, const VenueStates& states, const MarketState& market,
                      const Hop& hop, double in, std::vector<double>& parts) {
  const std::span<const Hop> venues = world.venues_of(hop);
  std::vector<StandingVenue> legs;
  for (const Hop& h : venues) {
    legs.push_back({world, states, h, market.halted[h.venue.value] != 0});
  }
  parts.assign(venues.size(), 0.0);
  return split_order<StandingVenue>(legs, in, parts);
}

/// Where `MarketState::venue_rate` holds what one unit given brings at the margin, net of fee.
inline std::uint32_t rate_place(VenueId v, Side side) {
  return 2 * v.value + (side == Side::sell ? 0 : 1);
}

/// The same for a hop: where several venues trade the pair, the place of the best of them.
inline std::uint32_t rate_place(const Snapshot& world, const Hop& hop) {
  if (hop.bundle == Hop::alone) return rate_place(hop.venue, hop.side);
  return static_cast<std::uint32_t>(2 * world.venues.size() + 2) + hop.bundle;
}

/// Puts a venue's price and rates on the board: a side on which nobody can trade brings nothing.
inline void post_price(const Snapshot& world, const VenueStates& s, VenueId v,
                       MarketState& market) {
  on_venue(world, s, v, [&]<class K>(const auto& p, const auto& state) {
    const double price = K::marginal(p, state);
    market.venue_price[v.value] = price;
    double& sell = market.venue_rate[rate_place(v, Side::sell)];
    double& buy = market.venue_rate[rate_place(v, Side::buy)];
    if constexpr (requires { K::priced_by_oracle; }) {  // its two sides may differ, or be empty
      sell = K::fill(p, state, Side::sell, 0).rate;
      buy = K::fill(p, state, Side::buy, 0).rate;
    } else {
      const double keep = 1 - K::fee(p, state);
      sell = price * keep;
      buy = keep / price;
    }
    if constexpr (requires { K::takes(p, state, Side::sell); }) {
      if (!K::takes(p, state, Side::sell)) sell = 0;
      if (!K::takes(p, state, Side::buy)) buy = 0;
    }
    if (market.halted[v.value]) sell = buy = 0;
  });
}

}  // namespace faultline
