// Scenarios: named lists of events.
#pragma once

#include <string>
#include <vector>

#include "data/ecosystem_file.hpp"

namespace faultline {

/// Reads `scenarios:` into the ecosystem; paths are loaded from their files.
void read_scenarios(const Node& node, const std::string& folder, ReadContext& context,
                    Ecosystem& eco, std::vector<DataFile>& files);

}  // namespace faultline
