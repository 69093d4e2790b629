// Band pool, the LLAMMA of crvUSD (egorov2022): collateral (base) lies in narrow bands of an
// outside price, the oracle p. Band k reaches from u_k = c*((A-1)/A)^k down to u_(k+1).
//   (f + x)*(g + y) = p*A^2*y0^2,  f = A*y0*p^2/u,  g = (A-1)*y0*u/p,  x quote and y base in the
//   band p*A*y0^2 - y0*((A-1)*x*u/p + A*y*p^2/u) - x*y = 0 price = (f + x)/(g + y), from p^3/u_k^2
//   (all base) up to p^3/u_(k+1)^2 (all quote)
// As p falls through a band the price falls faster, so arbitrageurs buy the base: collateral turns
// into the quote, and back as p rises. The fee, on the input, joins the band it was paid in.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "protocols/venues/curve.hpp"

namespace faultline {

struct BandPool {
  static constexpr std::string_view name = "band_pool";
  static constexpr std::size_t most_bands = 1088;  // crvUSD: 1024 below the active one
  static constexpr bool priced_by_oracle = true;   // its price says nothing new of its assets

  /// Collateral spread evenly over bands below the price.
  struct Deposit {
    Amount base;
    long bands = 10;
    Ratio below{0.05};

    template <class V>
    void fields(V& v) {
      v("base", base, Field{.help = "collateral in these bands", .lo = 0, .required = true});
      v("bands", bands,
        Field{.help = "how many bands share it",
              .lo = 1,
              .hi = 128,
              .source = "crvUSD: 4 to 50, its page begins with 10"});
      v("below", below,
        Field{
            .help = "how far below the opening price the first of them begins; rounded to the grid",
            .lo = 0,
            .hi = 0.95,
            .source = "our choice"});
    }
  };

  struct Spec {
    Pair pair;
    std::map<std::string, Deposit> deposits;
    double amplification = 100;
    Ratio fee{0.006}, admin_fee{0};
    std::optional<Name> oracle;
    Seconds oracle_half_life{600};
    std::optional<Ratio> oracle_limit;
    bool rests_loans = false;  // not written: its collateral is that of a market's loans

    template <class V>
    void fields(V& v) {
      v("pair", pair,
        Field{.help = "collateral and stablecoin, BASE/QUOTE",
              .required = true,
              .refers = Refers::asset});
      v("deposits", deposits, Field{.help = "collateral by name of who brought it"});
      v("amplification", amplification,
        Field{.help = "A: a band is 1/A wide",
              .lo = 2,
              .hi = 10000,
              .source = "100 in crvUSD's markets"});
      v("fee", fee,
        Field{.help = "share of the input kept by the bands",
              .lo = 0,
              .hi = 0.5,
              .source = "0.6% in crvUSD's markets"});
      v("admin_fee", admin_fee,
        Field{.help = "share of the fee that leaves the bands", .lo = 0, .hi = 1});
      v("oracle", oracle,
        Field{.help =
                  "feed of the base asset it reads, as published in the round before; left out: "
                  "the outside price",
              .refers = Refers::oracle});
      v("oracle_half_life", oracle_half_life,
        Field{.help = "half-life of the average it takes of that; 0: none",
              .lo = 0,
              .source = "crvUSD's oracles average over about 10 minutes"});
      v("oracle_limit", oracle_limit,
        Field{.help = "how far that average may lie off what it is taken of; left out: no limit",
              .lo = 0,
              .hi = 1,
              .source = "1.5% about Chainlink's price while a market's `use_chainlink` is on "
                        "(crvusd_oracle_code)"});
    }
  };

  struct Params {
    std::size_t count = 0;
    long first = 0;  // number of the first band, where loans name theirs
    double a = 100;
    double fee = 0.006, admin_fee = 0;
    double half_life_s = 600;
    double limit = std::numeric_limits<double>::infinity();  // of the average, off the feed
    double price = 1;                                        // the oracle at the opening
    std::array<double, most_bands + 1> up{};  // upper edge of each band, and the lowest edge
    std::array<double, most_bands> base{};    // tokens in each at the opening
  };

  struct State {
    std::array<double, most_bands> quote_in{}, base_in{};
    std::size_t active = 0;      // bands before it hold quote only, bands after it base only
    double average = 1;          // of the feed
    double oracle = 1;           // the average within its limit
    double base = 0, quote = 0;  // tokens held, the administrator's included
    double fee = 0;
    std::uint32_t traded_low = most_bands,
                  traded_high = 0;  // bands trades reached, until forgotten
  };

  /// Params from a Spec; problem says what to write instead.
  static Compiled<BandPool> compile(const Spec& spec, const Opening& at);

  /// Lays `count` bands from number `first` down, of which band 0 begins at `top`, all empty.
  static void lay(Params& p, double top, long first, std::size_t count);
  static State open(const Params& p);
  static bool moves_with_time(const Params&) { return true; }
  static double fee(const Params&, const State& s) { return s.fee; }
  static double marginal(const Params& p, const State& s);
  static double base_held(const Params&, const State& s) { return s.base; }
  static double quote_held(const Params&, const State& s) { return s.quote; }
  /// The rate of an input of 0 is that of the first unit, 0 where that side is empty.
  static Fill fill(const Params& p, const State& s, Side side, double in);
  static double out_given_in(const Params& p, const State& s, Side side, double in) {
    return fill(p, s, side, in).out;
  }
  static double price_after(const Params& p, const State& s, Side side, double in) {
    return fill(p, s, side, in).price;
  }
  static double in_to_price(const Params& p, const State& s, Side side, double target);
  static double in_to_rate(const Params& p, const State& s, Side side, double rate);
  static double in_for_average(const Params& p, const State& s, Side side, double limit) {
    return in_for_average_by_bracket<BandPool>(p, s, side, limit);
  }
  static double most_in(const Params& p, const State& s, Side side);
  static bool fits(const Params& p, const State& s, Side side, double in);
  static void apply(const Params& p, State& s, Side side, double given, double taken);
  /// The oracle's average moves toward `observed` (quote per base; NaN: it stays).
  static bool relax(const Params& p, State& s, double dt, double observed);
  static void withdraw(const Params&, State& s, double share);
  /// The band an oracle price lies in; the first or last where it lies in none.
  static std::size_t band_at(const Params& p, double price);
  static void hold(const Params&, State& s, double base, double quote) {
    s.base = base;
    s.quote = quote;
  }
};

static_assert(VenueCurve<BandPool>);

}  // namespace faultline
