// What `run` tells of LP shares that are assets: what one was worth, and what leaving brought.
#pragma once

#include "cli/run_text.hpp"

namespace faultline {

void print_shares(const RunReport& report);
void add_shares(const RunReport& report, nlohmann::json& out);

}  // namespace faultline
