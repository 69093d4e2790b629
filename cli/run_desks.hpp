// What `run` tells of those who take claims back in their own time: what the claim was worth
// meanwhile, who was paid, what is missing.
#pragma once

#include "cli/run_text.hpp"

namespace faultline {

void print_desks(const RunReport& report);
void add_desks(const RunReport& report, nlohmann::json& out);

}  // namespace faultline
