// How makers retreat from prices that move: less depth and a wider spread as volatility rises.
//   d        log mid less its own exponential mean over tau (`sampled`)
//   v        exponential mean, half-life `memory`, of (2/tau) d^2: log variance per second
//   u        = max(1, sqrt(v) / usual)
//   depth    -> max(down_to, u^-exponent), with half-life `leave` downwards and `back` upwards
//   spread   = s0 * u^spread                            (mechanics-markets, section 2)
// v is an exponentially weighted variance (riskmetrics1996) without a sampling grid: a jump of J
// adds exactly J^2 to its integral, a random walk of s^2 per second has E v = s^2 (the mean of
// (2/tau) d^2 over a step is taken in closed form), and a slow slide counts by how far it goes
// within tau; none of this depends on how often it is looked at.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "core/fields.hpp"
#include "core/math.hpp"
#include "core/values.hpp"

namespace faultline {

struct RetreatSpec {
  PerYear volatility{0.6};
  Seconds sampled{60}, memory{300};
  double exponent = 1.5;
  std::optional<Ratio> at_volatility;
  Ratio down_to{0.03};
  double spread = 1;
  Seconds leave{15}, back{600};

  template <class V>
  void fields(V& v) {
    v("volatility", volatility,
      Field{.help = "usual volatility of the mid, as a share of the price over a year; up to it "
                    "all depth stands",
            .lo = 1e-4,
            .hi = 1000,
            .source = "our choice: ETH in calm years"});
    v("sampled", sampled,
      Field{.help = "length of the moves volatility is measured over",
            .lo = 0.1,
            .hi = 86400,
            .source = "our choice: a minute"});
    v("memory", memory,
      Field{.help = "half-life with which a move is forgotten; not below `sampled`",
            .lo = 0.1,
            .hi = 1e7,
            .source = "our choice: five minutes"});
    v("exponent", exponent,
      Field{.help = "a in depth = (usual / volatility)^a",
            .lo = 0,
            .hi = 10,
            .source = "illustrative value of mechanics-markets 8"});
    v("at_volatility", at_volatility,
      Field{.help = "instead of the exponent: multiple of the usual volatility at which depth is "
                    "`down_to`",
            .lo = 1.01,
            .hi = 1e6});
    v("down_to", down_to,
      Field{.help = "share of the depth that stands whatever happens",
            .lo = 1e-6,
            .hi = 1,
            .source = "10 October 2025: depth down 90-98% (mechanics-markets 2)"});
    v("spread", spread,
      Field{.help = "b in half-spread = half_spread * (volatility / usual)^b",
            .lo = 0,
            .hi = 4,
            .source = "our choice: in proportion (mechanics-markets 2 gives the form)"});
    v("leave", leave,
      Field{.help = "half-life with which quotes are pulled",
            .lo = 0,
            .hi = 1e7,
            .source = "our choice: seconds"});
    v("back", back,
      Field{.help = "half-life with which quotes come back",
            .lo = 0,
            .hi = 1e7,
            .source = "our choice: minutes to hours after a crash (mechanics-markets 2)"});
  }
};

struct RetreatParams {
  double usual = 0;                   // log variance per second; 0: nobody retreats
  double sampled_s = 60, forget = 0;  // tau; ln 2 / memory, per second
  double exponent = 1.5, down_to = 0.03, spread = 1;
  double leave_s = 15, back_s = 600;

  bool on() const { return usual > 0; }
};

/// The numbers of a Spec; `problem` is empty, or says what must be written instead.
inline RetreatParams compile_retreat(const RetreatSpec& spec, std::string& problem) {
  constexpr double seconds_a_year = 31536000, ln2 = 0.693147180559945309417;
  if (spec.memory.value < spec.sampled.value) {
    problem = "write a retreat whose memory is no shorter than `sampled`";
  }
  RetreatParams p;
  p.usual = spec.volatility.value * spec.volatility.value / seconds_a_year;
  p.sampled_s = spec.sampled.value;
  p.forget = ln2 / spec.memory.value;
  p.down_to = spec.down_to.value;
  p.exponent = spec.at_volatility ? -math::log(p.down_to) / math::log(spec.at_volatility->value)
                                  : spec.exponent;
  p.spread = spec.spread;
  p.leave_s = spec.leave.value;
  p.back_s = spec.back.value;
  return p;
}

/// Realised volatility of one price.
struct Gauge {
  double deviation = 0;  // d
  double variance = 0;   // v, per second

  bool at_rest() const { return deviation == 0 && variance == 0; }
};

/// The log price moved by `move` and then stood for dt > 0 seconds. Rests once what is left is far
/// below the usual.
inline void observe(const RetreatParams& p, Gauge& g, double move, double dt) {
  const double d = g.deviation + move, rate = 2 / p.sampled_s;
  const double faded = math::exp(-0.5 * rate * dt), kept = math::exp(-p.forget * dt);
  const double share = p.forget / (rate - p.forget) * (kept - faded * faded);
  g.variance = g.variance * kept + rate * d * d * share;
  g.deviation = d * faded;
  if (rate * g.deviation * g.deviation < 0x1p-30 * p.usual) g.deviation = 0;
  if (g.deviation == 0 && g.variance < 0x1p-20 * p.usual) g.variance = 0;
}

/// Where makers stand: share of their depth, and how many times their spread is the calm one.
struct Stance {
  double stands = 1, widened = 1;

  bool calm() const { return stands == 1 && widened == 1; }
};

/// The stance a log variance per second calls for.
inline Stance stance_at(const RetreatParams& p, double variance) {
  if (!p.on() || !(variance > p.usual)) return {};
  const double log_u = 0.5 * math::log(variance / p.usual);
  return {std::max(p.down_to, math::exp(-p.exponent * log_u)), math::exp(p.spread * log_u)};
}

/// dt > 0 seconds on: the spread is what is called for at once, the depth gets there with its
/// half-life.
inline void follow(const RetreatParams& p, Stance& s, const Stance& called, double dt) {
  constexpr double ln2 = 0.693147180559945309417;
  const double half = called.stands < s.stands ? p.leave_s : p.back_s;
  const double kept = half > 0 ? math::exp(-ln2 * dt / half) : 0;
  s.stands = called.stands + (s.stands - called.stands) * kept;
  if (std::fabs(s.stands - called.stands) < 0x1p-30) s.stands = called.stands;
  s.widened = called.widened;
}

}  // namespace faultline
