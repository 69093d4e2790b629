// Events as written -> a Scenario of ids and seconds.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "core/diagnostics.hpp"
#include "sim/ecosystem.hpp"
#include "sim/scenario.hpp"

namespace faultline {

/// Turns `path` and a text value of a `set` event into changes; the reader of files supplies it.
using ResolveSet = std::function<std::vector<SettingChange>(const std::string& path,
                                                            const std::string& text, Span at)>;

/// Compiles one scenario. Followed paths are stored in `paths`, which must outlive the result.
Scenario compile_scenario(const Snapshot& world, const ScenarioSpec& spec,
                          const ResolveSet& resolve, std::deque<FollowedPath>& paths,
                          Diagnostics& diagnostics);

}  // namespace faultline
