#include "oracles/ema.hpp"

#include <cmath>

#include "core/math.hpp"

namespace faultline {

void Ema::step(double tau_s, double now_s, double x) {
  constexpr double close = 0x1p-40;  // a trillionth: arrived
  if (value != held && now_s > at_s) {
    value = held + (value - held) * math::exp(-(now_s - at_s) / tau_s);
    if (std::fabs(value - held) <= close * std::fabs(held)) value = held;
  }
  held = x;
  at_s = now_s;
}

}  // namespace faultline
