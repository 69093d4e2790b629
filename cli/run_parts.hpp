// The parts of what a run prints: each file run_*.cpp tells one thing, as text and as JSON. Private
// to them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/run_text.hpp"

namespace faultline {

// run_answer.cpp
/// The answer in sentences: what the scenario leaves of debt, who fails, who cannot leave; in a
/// world without markets, what became of prices. Empty where there is neither.
std::string answer(const RunReport& report);
/// A market's or a vault's figure beyond the baseline's.
double net(const RunReport& report, double MarketOutcome::*field, std::size_t market);
double net(const RunReport& report, double VaultOutcome::*field, std::size_t vault);
const char* standing_text(Standing standing);
/// How a market stands at the end of the run, beyond the baseline.
const char* state_text(const RunReport& report, std::size_t market);

// run_timeline.cpp
/// All that happened in order of time, what the scenario does before what follows.
std::vector<TimelineEvent> whole_story(const RunReport& report);
/// An event's text with its amounts in it.
std::string event_text(const TimelineEvent& event);
void print_timeline(const RunReport& report, bool whole);

// run_agents.cpp
/// What became of each price that agents who trade by a rule move, and how often the shock that is.
std::vector<std::string> price_sentences(const RunReport& report);
void print_agents(const RunReport& report);
void add_agents(const RunReport& report, nlohmann::json& out);
void print_dollars(const RunReport& report);
void add_dollars(const RunReport& report, nlohmann::json& out);

// run_contracts.cpp
void print_contracts(const RunReport& report);
void add_perps(const RunReport& report, nlohmann::json& out);

// run_bands.cpp
void print_bands(const RunReport& report);
void add_bands(const RunReport& report, nlohmann::json& out);

// run_supplies.cpp: coins that are minted and burnt day by day, their issuers, and who bought cheap
// collateral.
void print_supplies(const RunReport& report);
void add_supplies(const RunReport& report, nlohmann::json& out);

// run_desks.cpp: who takes claims back in his own time, what they were worth meanwhile, who was
// paid.
void print_desks(const RunReport& report);
void add_desks(const RunReport& report, nlohmann::json& out);

// run_shares.cpp: LP shares that are assets, what one was worth and what leaving brought.
void print_shares(const RunReport& report);
void add_shares(const RunReport& report, nlohmann::json& out);

// run_auctions.cpp: lots sold at auction and the systems behind them.
void print_auctions(const RunReport& report);
void add_auctions(const RunReport& report, nlohmann::json& out);

// run_troves.cpp: loans paid out of stability pools or handed to other borrowers.
void print_troves(const RunReport& report);
void add_troves(const RunReport& report, nlohmann::json& out);

// run_absorbing.cpp: markets that absorb failing accounts and sell over a counter.
void print_absorbing(const RunReport& report);
void add_absorbing(const RunReport& report, nlohmann::json& out);

// run_clusters.cpp: vaults of clusters, debts taken over, shares that lost worth.
void print_clusters(const RunReport& report);
void add_clusters(const RunReport& report, nlohmann::json& out);

// run_pools.cpp: pools beyond the table of markets.
void print_pools(const RunReport& report);
void add_pools(const RunReport& report, nlohmann::json& out);

// run_shape.cpp: the shape of an event beside what was reported of it, where the file reports any.
void print_shape(const RunReport& report);
/// Under `shape`, by name: `here`, `reported` where it is, `unit`.
void add_shape(const RunReport& report, nlohmann::json& out);

// run_feeds.cpp
void print_feeds(const RunReport& report);
void add_feeds(const RunReport& report, nlohmann::json& out);

}  // namespace faultline
