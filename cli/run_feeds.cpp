// Feeds that were wrong, whom that hurt, and what bending them cost.
#include "cli/run_parts.hpp"

#include <fmt/format.h>

#include "cli/text_table.hpp"

namespace faultline {

namespace {

/// The gap a shock opened between a feed and the market, where it is more than the calm one.
double opened_gap(const RunReport& r, std::size_t feed) {
  const double gap = r.run.full.oracles[feed].largest_gap;
  return gap > r.run.baseline.oracles[feed].largest_gap ? gap : 0;
}

/// A feed's harms over all markets.
FeedHarm harm_by(const RunReport& r, std::uint32_t feed) {
  FeedHarm sum;
  for (const FeedHarm& h : r.run.full.feed_harms) {
    if (h.oracle != feed) continue;
    sum.false_liquidated_usd += h.false_liquidated_usd;
    sum.false_liquidations += h.false_liquidations;
    sum.missing_usd += h.missing_usd;
    sum.missing_accounts += h.missing_accounts;
    sum.missing_end_usd += h.missing_end_usd;
  }
  return sum;
}

nlohmann::json harm_json(const FeedHarm& h) {
  return {{"false_liquidated_usd", h.false_liquidated_usd},
          {"false_liquidations", h.false_liquidations},
          {"missing_usd", h.missing_usd},
          {"missing_accounts", h.missing_accounts},
          {"missing_end_usd", h.missing_end_usd}};
}

}  // namespace

/// Feeds that made or prevented liquidations, with the largest gap each had from the market.
void print_feeds(const RunReport& r) {
  TextTable table({{"feed", true},
                   {"largest gap"},
                   {"false liquidations"},
                   {"missing at worst"},
                   {"accounts"},
                   {"missing at the end"}});
  for (std::uint32_t o = 0; o < r.world.oracles.size(); ++o) {
    const FeedHarm h = harm_by(r, o);
    if (h.false_liquidations == 0 && h.missing_usd == 0) continue;
    table.add({r.world.oracles[o].name, percent(opened_gap(r, o), 1),
               dollars(h.false_liquidated_usd), dollars(h.missing_usd),
               thousands(static_cast<std::uint64_t>(h.missing_accounts)),
               dollars(h.missing_end_usd)});
  }
  if (!table.empty()) fmt::print("\n{}", table.text());
  for (std::size_t i = 0; i < r.run.full.manipulations.size(); ++i) {
    const ManipulationOutcome& m = r.run.full.manipulations[i];
    const Manipulation& what = r.scenario.manipulations[i];
    fmt::print("\n  manipulating {} by {} for {:.0f} {} cost {}; {} at most in a round\n",
               r.world.oracles[what.feed.value].name, percent(what.target - 1, 1, true), m.rounds,
               m.rounds == 1 ? "round" : "rounds", dollars(m.cost_usd), dollars(m.capital_usd));
  }
}

void add_feeds(const RunReport& r, nlohmann::json& out) {
  for (std::uint32_t o = 0; o < r.world.oracles.size(); ++o) {
    nlohmann::json entry = harm_json(harm_by(r, o));
    entry["largest_gap"] = r.run.full.oracles[o].largest_gap;
    entry["reports"] = r.run.full.oracles[o].reports;
    for (const FeedHarm& h : r.run.full.feed_harms) {
      if (h.oracle == o) entry["markets"][r.world.markets[h.market].name] = harm_json(h);
    }
    out["oracles"][r.world.oracles[o].name] = std::move(entry);
  }
  for (std::size_t i = 0; i < r.run.full.manipulations.size(); ++i) {
    const ManipulationOutcome& m = r.run.full.manipulations[i];
    const Manipulation& what = r.scenario.manipulations[i];
    out["manipulations"].push_back({{"oracle", r.world.oracles[what.feed.value].name},
                                    {"move", what.target - 1},
                                    {"at_s", what.start_s},
                                    {"rounds", m.rounds},
                                    {"cost_usd", m.cost_usd},
                                    {"capital_usd", m.capital_usd}});
  }
}

}  // namespace faultline
