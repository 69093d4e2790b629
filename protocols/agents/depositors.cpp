#include "protocols/agents/depositors.hpp"

#include <algorithm>
#include <limits>

#include "core/math.hpp"

namespace faultline {

DepositorRules compile_depositor_rules(const DepositorsSpec& spec) {
  constexpr double never = std::numeric_limits<double>::infinity();
  const auto threshold = [](const std::optional<Ratio>& r) { return r ? r->value : never; };
  DepositorRules out;
  out.hole = threshold(spec.sees.hole);
  out.deficit = threshold(spec.sees.deficit);
  out.depeg = threshold(spec.sees.depeg);
  out.full = threshold(spec.sees.full);
  out.reacts = spec.reacts.value;
  out.within_s = spec.within.value;
  out.herding = spec.herding.value;
  out.faster = spec.faster.value;
  out.fear = spec.fear.value;
  out.same_curator = spec.same_curator.value;
  out.same_asset = spec.same_asset.value;
  out.hearsay = spec.hearsay.value;
  out.borrows_out = spec.borrows_out.value;
  out.margin = spec.margin.value;
  return out;
}

double leaving(double stays, double members, double reacts, double rate, double dt_s) {
  constexpr double last = 1e-4;
  const double still = std::max(0.0, stays - (1 - reacts) * members);
  if (still <= last * reacts * members) return still;
  return still * (1 - math::exp(-rate * dt_s));
}

}  // namespace faultline
