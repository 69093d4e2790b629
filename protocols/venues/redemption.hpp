// An exit queue: the issuer of a claim takes it back at its contract rate, as fast as the queue
// lets out. One way only; what it pays comes from the claim's backing.
//   paid   = (1 - fee) * rate * given       rate: base's contract rate over quote's
//   room   = min(window * capacity, room + capacity * dt)     capacity in quote per second
// Or a vault's own: it pays holders of its shares out of the cash it can reach, which the engine
// tells it as its room.
// Whoever gets a place is paid at once: the time spent waiting is an arbitrageur's `turnover`
// (on Ethereum 256 ETH of validators may leave an epoch of 384 s, 57,600 ETH a day: EIP-7251).
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "protocols/venues/curve.hpp"

namespace faultline {

struct Redemption {
  static constexpr std::string_view name = "redemption";
  static constexpr bool priced_by_oracle = true;  // it pays by contract: no news of any worth

  struct Spec {
    Pair pair;
    Flow capacity;
    Seconds window{3600};
    Ratio fee{0};
    bool of_vault = false;  // not written: shares of a vault, paid by it

    template <class V>
    void fields(V& v) {
      v("pair", pair,
        Field{.help = "the claim and what it is paid in, CLAIM/ASSET",
              .required = true,
              .refers = Refers::asset});
      v("capacity", capacity,
        Field{.help = "what the queue lets out, as `57600 ETH/d`", .lo = 0, .required = true});
      v("window", window,
        Field{.help = "places nobody took are kept so long",
              .lo = 1,
              .hi = 3.2e7,
              .source = "our choice: an hour"});
      v("fee", fee,
        Field{.help = "share of each claim the issuer keeps",
              .lo = 0,
              .hi = 0.5,
              .source = "none at Lido and Rocket Pool"});
    }
  };

  struct Params {
    double per_s = 0;  // quote tokens
    double window_s = 0;
    double rate = 1;  // at the opening
    double fee = 0;
    bool of_vault = false;
  };
  struct State {
    double rate = 1;
    double room = 0;  // quote tokens that may leave now
    double open = 1;  // share of the queue that still works
    double fee = 0;
  };

  /// Params from a Spec; problem says what to write instead.
  static Compiled<Redemption> compile(const Spec& spec, const Opening& at) {
    Params p;
    p.per_s = in_quote({spec.capacity.per_second, spec.capacity.unit}, at);
    p.window_s = spec.window.value;
    p.rate = at.base_rate / at.quote_rate;
    p.fee = spec.fee.value;
    p.of_vault = spec.of_vault;
    if (p.of_vault) {
      // Less than any rounding of what the vault owes: it is never asked for more.
      p.fee = 0x1p-46;
      p.per_s = 0;
      return {p, {}};
    }
    if (!at.claims) return {p, "let the first of the pair be a claim with a rate in the second"};
    if (!(p.per_s > 0)) return {p, "write a capacity above zero in $, base or quote a day"};
    return {p, {}};
  }

  static State open(const Params& p) { return {p.rate, p.per_s * p.window_s, 1, p.fee}; }
  static bool moves_with_time(const Params&) { return true; }
  static double fee(const Params&, const State& s) { return s.fee; }
  static double marginal(const Params&, const State& s) { return s.rate; }
  static double base_held(const Params&, const State&) { return 0; }  // the issuer's, off the books
  static double quote_held(const Params&, const State&) { return 0; }
  static bool takes(const Params& p, const State& s, Side side) { return most_in(p, s, side) > 0; }

  static Fill fill(const Params& p, const State& s, Side side, double in) {
    const double most = most_in(p, s, side), kept = (1 - s.fee) * s.rate;
    if (side == Side::buy) return {0, s.rate, 0};
    return {std::min(in, most) * kept, s.rate, most > 0 ? kept : 0};
  }
  static double out_given_in(const Params& p, const State& s, Side side, double in) {
    return fill(p, s, side, in).out;
  }
  static double price_after(const Params&, const State& s, Side, double) { return s.rate; }
  /// All there is room for moves no price.
  static double in_to_price(const Params& p, const State& s, Side side, double target) {
    return side == Side::sell && target < s.rate ? most_in(p, s, side) : 0;
  }
  static double in_to_rate(const Params& p, const State& s, Side side, double rate) {
    return (1 - s.fee) * s.rate >= rate ? most_in(p, s, side) : 0;
  }
  static double in_for_average(const Params& p, const State& s, Side side, double limit) {
    return in_to_rate(p, s, side, limit);
  }
  static double most_in(const Params&, const State& s, Side side) {
    return side == Side::sell ? s.room / ((1 - s.fee) * s.rate) : 0;
  }
  static void apply(const Params&, State& s, Side, double, double taken) {
    s.room = std::max(0.0, s.room - taken);
  }
  /// dt seconds pass: the queue lets out more.
  static bool relax(const Params& p, State& s, double dt, double) {
    if (p.of_vault) return false;
    const double most = s.open * p.per_s * p.window_s;
    const double room = std::min(most, s.room + s.open * p.per_s * dt);
    if (room == s.room) return false;
    s.room = room;
    return true;
  }
  /// The coins' contract rates are now these; whether any byte changed.
  static bool re_rate(const Params&, State& s, double base_rate, double quote_rate) {
    const double rate = base_rate / quote_rate;
    if (!(rate > 0) || !std::isfinite(rate) || rate == s.rate) return false;
    s.rate = rate;
    return true;
  }
  /// A share of the queue closes, for good.
  static void withdraw(const Params&, State& s, double share) {
    s.open *= 1 - share;
    s.room *= 1 - share;
  }
  static void hold(const Params&, State&, double, double) {}
};

static_assert(VenueCurve<Redemption>);

}  // namespace faultline
