#include "cli/run_parts.hpp"

#include <fmt/format.h>

#include "cli/text_table.hpp"
#include "data/units.hpp"

namespace faultline {

void print_shares(const RunReport& r) {
  if (r.world.shares.empty()) return;
  TextTable table({{"share of", true},
                   {"fair value"},
                   {"at the end"},
                   {"leaving brings"},
                   {"reserves say, at most"},
                   {"burnt"},
                   {"for"},
                   {"of fair value"}});
  for (std::size_t s = 0; s < r.world.shares.size(); ++s) {
    const PoolShare& share = r.world.shares[s];
    const PoolShareOutcome& o = r.run.full.pool_shares[s];
    table.add({fmt::format("{} ({})", r.world.venues[share.pool.value].name,
                           r.world.assets[share.asset.value].name),
               format_usd(o.fair_start, 5), format_usd(o.fair_end, 5), format_usd(o.market_end, 5),
               fmt::format("{} of it", percent(o.reserves_most, 2)),
               percent(o.supply_start > 0 ? o.burnt / o.supply_start : 0, 1), dollars(o.paid_usd),
               dollars(o.fair_usd)});
  }
  fmt::print("\n{}", table.text());
}

void add_shares(const RunReport& r, nlohmann::json& out) {
  for (std::size_t s = 0; s < r.world.shares.size(); ++s) {
    const PoolShare& share = r.world.shares[s];
    const PoolShareOutcome& o = r.run.full.pool_shares[s];
    out["assets"][r.world.assets[share.asset.value].name]["pool_share"] = {
        {"of", r.world.venues[share.pool.value].name},
        {"supply_start", o.supply_start},
        {"supply_end", o.supply_end},
        {"burnt", o.burnt},
        {"paid_usd", o.paid_usd},
        {"burnt_fair_usd", o.fair_usd},
        {"fair_start_usd", o.fair_start},
        {"fair_end_usd", o.fair_end},
        {"market_end_usd", o.market_end},
        {"reserves_over_fair_most", o.reserves_most}};
  }
}

}  // namespace faultline
