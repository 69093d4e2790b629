// The shape of an event beside what was reported of it.
#pragma once

#include "cli/run_text.hpp"

namespace faultline {

/// Prints it where the file reports something of the run's scenario.
void print_shape(const RunReport& report);
/// Under `shape`, by name: `here`, `reported` where it is, `unit`.
void add_shape(const RunReport& report, nlohmann::json& out);

}  // namespace faultline
