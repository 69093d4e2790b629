// What agents that trade by a rule did to prices, and what is behind synthetic dollars.
#include "cli/run_parts.hpp"

#include <cmath>
#include <set>

#include <fmt/format.h>

#include "cli/text_table.hpp"
#include "data/units.hpp"

namespace faultline {

namespace {

/// A fall by the run over the fall by its direct run; NaN where the direct run hardly moves.
double price_amplification(const RunReport& r, std::size_t a) {
  const auto move = [&](const Outcome& o) {
    return o.assets[a].price_end / o.assets[a].price_start - 1;
  };
  const double direct = move(r.run.direct);
  return std::fabs(direct) < 1e-5 ? std::nan("") : move(r.run.full) / direct;
}

}  // namespace

std::vector<std::string> price_sentences(const RunReport& r) {
  std::set<std::uint32_t> traded;
  for (const FlowAgentInfo& agent : r.world.flow_agents) traded.insert(agent.asset.value);
  std::vector<std::string> out;
  for (const std::uint32_t a : traded) {
    const AssetOutcome &o = r.run.full.assets[a], &d = r.run.direct.assets[a];
    const double times = price_amplification(r, a);
    out.push_back(
        fmt::format("{} ends at {:+.2f}%, without agents and all transmission at {:+.2f}%{}.",
                    r.world.assets[a].name, 100 * (o.price_end / o.price_start - 1),
                    100 * (d.price_end / d.price_start - 1),
                    std::isnan(times) ? "" : fmt::format(": {:.2f} times the shock", times)));
  }
  return out;
}

/// What agents that trade by a rule did, and what it made of the prices they trade at.
void print_agents(const RunReport& r) {
  const Outcome &full = r.run.full, &base = r.run.baseline;
  TextTable table(
      {{"agent", true}, {"trades", true}, {"bought"}, {"sold"}, {"paid out"}, {"unfilled"}});
  for (std::size_t i = 0; i < full.agents.size(); ++i) {
    const AgentOutcome &o = full.agents[i], &b = base.agents[i];
    const FlowAgentInfo& agent = r.world.flow_agents[i];
    table.add(
        {agent.name,
         r.world.assets[agent.asset.value].name + " at " + r.world.venues[agent.venue.value].name,
         dollars(o.bought_usd - b.bought_usd), dollars(o.sold_usd - b.sold_usd),
         dollars(o.paid_usd - b.paid_usd), dollars(o.unfilled_usd)});
  }
  if (table.empty()) return;
  fmt::print("\n{}", table.text());
  if (r.world.markets.empty()) return;  // it was the answer
  for (const std::string& text : price_sentences(r)) fmt::print("  {}\n", text);
}

void add_agents(const RunReport& r, nlohmann::json& out) {
  for (std::size_t i = 0; i < r.world.flow_agents.size(); ++i) {
    const AgentOutcome &o = r.run.full.agents[i], &b = r.run.baseline.agents[i];
    out["nodes"][r.world.flow_agents[i].name] = {{"kind", "agent"},
                                                 {"bought_usd", o.bought_usd - b.bought_usd},
                                                 {"sold_usd", o.sold_usd - b.sold_usd},
                                                 {"paid_usd", o.paid_usd - b.paid_usd},
                                                 {"unfilled_usd", o.unfilled_usd}};
    const std::uint32_t a = r.world.flow_agents[i].asset.value;
    const double times = price_amplification(r, a);
    out["assets"][r.world.assets[a].name]["price_amplification"] =
        std::isnan(times) ? nlohmann::json(nullptr) : nlohmann::json(times);
  }
}

/// What is behind synthetic dollars.
void print_dollars(const RunReport& r) {
  for (const DollarIssuer& d : r.world.dollars) {
    const BackstopOutcome& o = r.run.full.backstops[d.number];
    const AssetInfo& asset = r.world.assets[d.issued.value];
    if (o.start_usd == o.end_usd) continue;
    fmt::print("\n  {}: {} behind {} {} at the start, {} at the end\n", d.name,
               dollars(o.start_usd), format_number(asset.supply, 3), asset.name,
               dollars(o.end_usd));
  }
}

void add_dollars(const RunReport& r, nlohmann::json& out) {
  for (const DollarIssuer& d : r.world.dollars) {
    const BackstopOutcome& o = r.run.full.backstops[d.number];
    out["nodes"][d.name] = {{"kind", "vault"},
                            {"issues", r.world.assets[d.issued.value].name},
                            {"start_usd", o.start_usd},
                            {"end_usd", o.end_usd}};
  }
}

}  // namespace faultline
