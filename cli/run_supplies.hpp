// What `run` tells of coins that are minted and burnt: how much there was of them day by day, what
// their issuers did, and who bought cheap collateral.
#pragma once

#include "cli/run_text.hpp"

namespace faultline {

void print_supplies(const RunReport& report);
void add_supplies(const RunReport& report, nlohmann::json& out);

}  // namespace faultline
