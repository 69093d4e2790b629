// Any parameter by its path, as `set` events and sweep draws address it:
// `oracles.*.latency`, `agents.liquidators.capital`, `markets.pool.reserves.ETH.supply_cap`.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/diagnostics.hpp"
#include "sim/compile/scenario.hpp"
#include "sim/ecosystem.hpp"
#include "sim/scenario.hpp"

namespace faultline {

/// One parameter a path names.
struct Parameter {
  std::string path;                // without wildcards
  std::string unit;                // "ratio", "seconds", "$", "per year", "number", "word"
  std::vector<std::string> words;  // of a field of words; its number is a place
  std::function<SettingChange(double)> at_number;  // value in SI: shares of one, seconds, USD
  std::function<SettingChange(const std::string&, Diagnostics&, Span)> at_text;
};

/// All parameters a path matches; reports at `at` when there is none, or none that a run can
/// change.
std::vector<Parameter> find_parameters(const std::string& path, const Ecosystem& eco,
                                       const Snapshot& world, Diagnostics& diagnostics, Span at);

/// For compile_scenario.
ResolveSet set_resolver(const Ecosystem& eco, const Snapshot& world, Diagnostics& diagnostics);

}  // namespace faultline
