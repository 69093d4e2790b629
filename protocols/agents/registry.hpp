// The kinds of flow agents, listed once. A new kind is a header that satisfies FlowAgentKind, and a
// name here.
#pragma once

#include "core/registry.hpp"
#include "protocols/agents/basis_traders.hpp"
#include "protocols/agents/coin_holders.hpp"
#include "protocols/agents/option_dealers.hpp"
#include "protocols/agents/portfolio_insurers.hpp"
#include "protocols/agents/trend_followers.hpp"

namespace faultline {

using FlowKinds =
    TypeList<OptionDealers, PortfolioInsurers, TrendFollowers, BasisTraders, CoinHolders>;

}  // namespace faultline
