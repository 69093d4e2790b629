// A sweep file and its ecosystem -> a plan that can be run.
#pragma once

#include <deque>

#include "data/ecosystem_file.hpp"
#include "data/sweep_file.hpp"
#include "sim/studies/sweep.hpp"

namespace faultline {

/// Compiles a sweep: one world per value of `book_scale` (`base`, compiled from `loaded`, is the
/// one at scale 1), the named scenario and what every input does in each. Mistakes become findings;
/// the plan may be run only if there are none. `followed` keeps the paths of the named scenario and
/// must outlive the plan.
SweepPlan plan_sweep(const SweepFile& file, const LoadedEcosystem& loaded, Snapshot base,
                     std::deque<FollowedPath>& followed, Diagnostics& diagnostics);

}  // namespace faultline
