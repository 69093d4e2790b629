// What became of perpetual contracts and of who stands behind them.
#include "cli/run_parts.hpp"

#include <fmt/format.h>

#include "cli/text_table.hpp"

namespace faultline {

namespace {

struct BackstopRow {
  std::string name;
  const char* kind;
  std::uint32_t number;
};

/// The vaults and funds behind a perpetual venue, or the pool that is its counterparty.
std::vector<BackstopRow> backstops_of(const Snapshot& world, const PerpVenue& venue) {
  std::vector<BackstopRow> rows;
  for (const Backstop& b : venue.backstops) {
    rows.push_back({b.name, b.takes_over ? "vault" : "fund", b.number});
  }
  if (venue.pool) {
    rows.push_back({world.venues[venue.pool->venue.value].name, "venue", venue.pool->number});
  }
  return rows;
}

}  // namespace

/// What became of each perpetual contract.
void print_contracts(const RunReport& r) {
  for (const PerpVenue& venue : r.world.perps) {
    for (const PerpContract& c : venue.contracts) {
      const PerpOutcome& o = r.run.full.perps[c.number];
      if (o == PerpOutcome{}) continue;
      fmt::print("\n  {}: {} closed {}, {} taken over, {} deleveraged", c.name,
                 dollars(o.liquidated_usd), venue.pool ? "against its pool" : "in its book",
                 dollars(o.takeover_usd), dollars(o.deleveraged_usd));
      if (o.liquidated_usd > 0 && o.deleveraged_usd > 0) {
        fmt::print(" ({:.0f}% of what was closed)", 100 * o.deleveraged_usd / o.liquidated_usd);
      }
      fmt::print("; mark {:+.1f}% to {:+.1f}% off its index; funding {:+.3f}% to {:+.3f}%\n",
                 100 * o.basis_least, 100 * o.basis_most, 100 * o.funding_least,
                 100 * o.funding_most);
    }
    for (const auto& [name, kind, number] : backstops_of(r.world, venue)) {
      const BackstopOutcome& o = r.run.full.backstops[number];
      if (o.start_usd == o.end_usd) continue;
      fmt::print("  {}: {} at the start, {} at the end\n", name, dollars(o.start_usd),
                 dollars(o.end_usd));
    }
    const AdlBurden& b = r.run.full.burdens[venue.number];
    if (b.hit == 0) continue;
    fmt::print(
        "  {}: {} accounts deleveraged, the ten largest bore {:.0f}%, the hundred {:.0f}%; "
        "they gave up {}, {} more than was missing\n",
        r.world.markets[venue.market.value].name, b.hit, 100 * b.top10, 100 * b.top100,
        dollars(b.total), dollars(b.overshoot));
  }
}

void add_perps(const RunReport& r, nlohmann::json& out) {
  using nlohmann::json;
  for (const PerpVenue& venue : r.world.perps) {
    for (const PerpContract& c : venue.contracts) {
      const PerpOutcome& o = r.run.full.perps[c.number];
      out["contracts"][c.name] = {
          {"liquidated_usd", o.liquidated_usd},
          {"takeover_usd", o.takeover_usd},
          {"deleveraged_usd", o.deleveraged_usd},
          {"first_deleveraged_s",
           o.first_deleveraged_s < 0 ? json(nullptr) : json(o.first_deleveraged_s)},
          {"funding_least", o.funding_least},
          {"funding_most", o.funding_most},
          {"basis_least", o.basis_least},
          {"basis_most", o.basis_most}};
    }
  }
  for (const PerpVenue& venue : r.world.perps) {
    for (const auto& [name, kind, number] : backstops_of(r.world, venue)) {
      const BackstopOutcome& o = r.run.full.backstops[number];
      out["nodes"][name] = {{"kind", kind}, {"start_usd", o.start_usd}, {"end_usd", o.end_usd}};
    }
  }
  for (std::size_t v = 0; v < r.world.perps.size(); ++v) {
    const AdlBurden& b = r.run.full.burdens[v];
    out["deleveraging"][r.world.markets[r.world.perps[v].market.value].name] = {
        {"accounts", b.hit},      {"given_up_usd", b.total},  {"overshoot_usd", b.overshoot},
        {"top10_share", b.top10}, {"top100_share", b.top100}, {"gini", b.gini}};
  }
}

}  // namespace faultline
