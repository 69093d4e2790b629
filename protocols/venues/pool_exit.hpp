// The way out of a pool in one coin, as a venue SHARE/COIN that only takes shares: whoever gives
// them burns them, and the pool pays as its kernel `exit` says (each kind's own header).
//   out(x) = exit(x / S),   S: shares there are;   rate = d out / d x = exit'(x / S) / S
// Its state is the pool's own: leaving moves the price of whoever trades there, and their trades
// move what leaving brings. Nobody enters here.
// exit' is the kind's own where it has one; else by second differences over `step`, so that a
// marginal price is right to about 1e-7 of itself; what is paid out never depends on it.
#pragma once

#include <algorithm>

#include "protocols/venues/curve.hpp"

namespace faultline {

/// A pool whose LP shares are all alike, so that they can be an asset: it lets out in one coin.
template <class K>
concept SharedPool = requires(const typename K::Params& p, typename K::State& s, Side side,
                              double x) {
  { K::exit(p, s, side, x) } -> std::same_as<double>;
  K::apply_exit(p, s, side, x, x);
  { s.shares } -> std::same_as<double&>;
};

/// `sell` gives shares and takes the coin; there is no `buy`. Inputs in shares.
template <SharedPool K>
struct PoolExit {
  static constexpr std::string_view name = K::name;
  using State = typename K::State;
  struct Params {
    const typename K::Params* pool = nullptr;
    Side takes = Side::sell;  // the coin, as the pool's exit names it: quote, or base
  };

  /// Share of all claims that may leave in one fill; our choice where the kind states none: an
  /// empty pool has no price.
  static constexpr double most_leaving() {
    if constexpr (requires { K::most_leaving; }) {
      return K::most_leaving;
    } else {
      return 1 - 0x1p-6;
    }
  }
  static constexpr double step() {
    if constexpr (requires { K::exit_step; }) {
      return K::exit_step;
    } else {
      return 0x1p-17;
    }
  }

  static State open(const Params& p) { return K::open(*p.pool); }
  static double fee(const Params&, const State&) { return 0; }  // in what leaving brings
  static double marginal(const Params& p, const State& s) { return rate_at(p, s, 0); }
  static double base_held(const Params&, const State&) { return 0; }  // shares given are burnt
  static double quote_held(const Params&, const State&) { return 0; }
  static bool takes(const Params&, const State& s, Side side) {
    return side == Side::sell && s.shares > 0;
  }

  /// d out / d x once `share` of all have left.
  static double rate_at(const Params& p, const State& s, double share) {
    if (!(s.shares > 0)) return 0;
    if constexpr (requires { K::exit_rate(*p.pool, s, p.takes, share); }) {
      return K::exit_rate(*p.pool, s, p.takes, share) / s.shares;
    } else {
      const auto out = [&](double x) { return K::exit(*p.pool, s, p.takes, x); };
      const double h = step();
      if (share < h) {
        const double ahead = 4 * out(share + h) - out(share + 2 * h) - 3 * out(share);
        return ahead / (2 * h) / s.shares;
      }
      return (out(share + h) - out(share - h)) / (2 * h) / s.shares;
    }
  }
  static Fill fill(const Params& p, const State& s, Side side, double in) {
    if (side == Side::buy || !(s.shares > 0)) return {0, marginal(p, s), 0};
    const double share = std::min(in / s.shares, most_leaving());
    const double rate = rate_at(p, s, share);
    return {share > 0 ? K::exit(*p.pool, s, p.takes, share) : 0, rate, rate};
  }
  static double out_given_in(const Params& p, const State& s, Side side, double in) {
    if (side == Side::buy || !(s.shares > 0) || !(in > 0)) return 0;
    return K::exit(*p.pool, s, p.takes, std::min(in / s.shares, most_leaving()));
  }
  static double price_after(const Params& p, const State& s, Side side, double in) {
    return fill(p, s, side, in).price;
  }
  static double in_to_price(const Params& p, const State& s, Side side, double target) {
    return in_to_rate(p, s, side, target);
  }
  /// By bracket: what the next share brings falls as shares leave.
  static double in_to_rate(const Params& p, const State& s, Side side, double rate) {
    if (side == Side::buy || !(s.shares > 0)) return 0;
    if (!(rate > 0)) return most_in(p, s, side);
    return s.shares * input_by_bracket([&](double x) { return rate_at(p, s, x) / rate - 1; },
                                       0x1p-10, most_leaving());
  }
  static double in_for_average(const Params& p, const State& s, Side side, double limit) {
    if (side == Side::buy || !(s.shares > 0)) return 0;
    return in_for_average_by_bracket<PoolExit>(p, s, side, limit);
  }
  static double most_in(const Params&, const State& s, Side side) {
    return side == Side::sell ? most_leaving() * s.shares : 0;
  }
  static void apply(const Params& p, State& s, Side, double given, double taken) {
    K::apply_exit(*p.pool, s, p.takes, std::min(given / s.shares, most_leaving()), taken);
    s.shares -= given;
  }
  // Time, the scenario and the ledger move the pool itself.
  static bool relax(const Params&, State&, double, double) { return false; }
  static void withdraw(const Params&, State&, double) {}
  static void hold(const Params&, State&, double, double) {}
};

}  // namespace faultline
