// Accounts from a stated distribution, where a file gives totals and a shape instead of a list.
#pragma once

#include "sim/compile/context.hpp"

namespace faultline {

/// Adds the groups of a market to its gathered accounts so that the stated totals are met and
/// nobody starts in breach: debts lognormal, health lognormal through its two stated quantiles and
/// cut at 1. A market with totals and neither list nor group gets one group of 1,000. Draws are
/// keyed by market, group and account: the order of groups means nothing.
void generate_accounts(CompileContext& c, const Named<MarketNode>& node, std::uint32_t market);

/// Health with a group's stated median and low quantile at a draw `u`, never below what leaves the
/// opening price some room.
double draw_health(const AccountGroup& g, double u);

}  // namespace faultline
