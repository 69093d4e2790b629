// Stage 8: an average over time of what was published. What is in force from s to t weighs t - s,
// so the price of the present instant weighs nothing yet: a trade and the read that follows it in
// one block find the old average.
//
//   EMA            see ema.hpp
//   geometric      p exp(sum of ln(p_i / p) dt_i / W): reciprocal-consistent
//   [uniswap_v3_oracle_code] arithmetic     p + sum of (p_i - p) dt_i / W [uniswap_v2_oracle]
//   harmonic       the arithmetic mean of 1/p_i, inverted: the same pool read the other way round
//
// over the last W seconds, p the price in force now. Uniswap v3 rounds ln p down to whole basis
// points (ticks); here it is not rounded.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "oracles/ema.hpp"
#include "oracles/signal.hpp"

namespace faultline {

/// A step function of time over the last window: x in force from each time on. Lives beside
/// FeedState, since only feeds with a TWAP have one.
class PriceHistory {
 public:
  void clear();
  /// From `now_s`, not before the last one, x is in force.
  void add(double now_s, double x);
  /// Forgets what is no longer needed for windows that begin at `from_s` or later.
  void forget_before(double from_s);
  /// Integral of (x - against) from `from_s` to `to_s`; before the first entry `opening` was in
  /// force.
  double integral(double from_s, double to_s, double against, double opening) const;
  /// Whether more than one value, or a first one after `from_s`, lies in the window.
  bool flat(double from_s) const;
  std::size_t size() const { return entries_.size() - first_; }

 private:
  struct Entry {
    double at_s, x;
  };
  std::vector<Entry> entries_;
  std::size_t first_ = 0;
};

enum class Smoothing : std::uint8_t { none, ema, geometric, arithmetic, harmonic };

/// Mean over [now_s - window_s, now_s] of a history whose entries are `smoothing_entry`s.
double window_mean(Smoothing how, const PriceHistory& history, double window_s, double now_s,
                   double price_now, double opening_price);
/// What the history of a mean holds for a price; `opening_price` sets the scale of a logarithm.
double smoothing_entry(Smoothing how, double price, double opening_price);

struct Smooth {
  static constexpr const char* name = "smooth";

  struct Spec {
    std::optional<Seconds> ema;
    std::optional<Seconds> half_life;
    std::optional<Seconds> twap;
    std::string twap_mean = "geometric";

    template <class V>
    void fields(V& v) {
      v("ema", ema, Field{.help = "time constant of an exponential average", .lo = 1});
      v("half_life", half_life,
        Field{.help = "half-life of an exponential average, instead of ema", .lo = 1});
      v("twap", twap, Field{.help = "window of a time-weighted average", .lo = 1});
      v("twap_mean", twap_mean,
        Field{.help =
                  "of the window: geometric (Uniswap v3), arithmetic (v2), or harmonic (v2 read "
                  "from the other token)",
              .source = "Uniswap v3 OracleLibrary.consult (uniswap_v3_oracle_code)",
              .choices = "geometric arithmetic harmonic"});
    }
  };
  struct Params {
    double smooth_s = 0;  // time constant or window
    Smoothing smoothing = Smoothing::none;
  };
  struct State {
    Ema ema;
    double anchor = no_price;  // price at the opening, in force for ever before it
    bool settling = false;     // the average moves though the price stands
  };

  static Params compile(const Spec& s, bool live);
  static void start(const Params& p, State& s, double usd, double now_s);
  static void apply(const Params& p, State& s, FeedSignal& signal);
  static double due(const Params&, const State& s, double after_s) {
    return s.settling ? just_after(after_s) : never_s;
  }
};
static_assert(FeedStage<Smooth>);

}  // namespace faultline
