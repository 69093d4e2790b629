#include "protocols/agents/repayers.hpp"

#include "core/math.hpp"

namespace faultline {

double tolerance_of(const RepayersSpec& spec, double z) {
  return spec.bears.value * math::exp(spec.spread.value * z);
}

double delay_of(const RepayersSpec& spec, double u) {
  return -spec.within.value * math::log(u);
}

}  // namespace faultline
