// One text for files that say the same: what a results file keeps of its inputs.
#pragma once

#include <string>

#include "data/located_yaml.hpp"

namespace faultline {

/// The tree as YAML with the keys of every map in order of their bytes: equal for files that differ
/// in the order of keys, in comments or in layout only.
std::string canonical_yaml(const Node& root);

}  // namespace faultline
