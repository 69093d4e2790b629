// What `run` tells of stability pools: what they paid and got, what went to the other borrowers.
#include <fmt/format.h>

#include "cli/run_parts.hpp"
#include "cli/text_table.hpp"
#include "data/units.hpp"

namespace faultline {

namespace {

const std::string& name_of(const RunReport& r, std::size_t i) {
  return r.world.markets[r.world.troves[i].market.value].name;
}

}  // namespace

void print_troves(const RunReport& r) {
  TextTable table({{"stability pools", true},
                   {"loans"},
                   {"paid"},
                   {"got"},
                   {"handed on"},
                   {"with"},
                   {"given back"},
                   {"coins left"},
                   {"of"},
                   {"redeemed"},
                   {"least ratio"},
                   {"recovery mode"}});
  bool any = false;
  for (std::size_t i = 0; i < r.world.troves.size(); ++i) {
    const TroveOutcome& o = r.run.full.troves[i];
    if (o.liquidations == 0 && o.recovery_s == 0 && o.redeemed_usd == 0) continue;
    any = true;
    table.add({name_of(r, i), thousands(static_cast<std::uint64_t>(o.liquidations)),
               dollars(o.offset_usd), dollars(o.gained_usd), dollars(o.handed_usd),
               dollars(o.handed_collateral_usd), dollars(o.returned_usd), dollars(o.pool_end_usd),
               dollars(o.pool_start_usd), dollars(o.redeemed_usd), percent(o.least_ratio, 1),
               o.recovery_s > 0 ? format_duration(o.recovery_s) : "never"});
  }
  if (any) fmt::print("\n{}", table.text());
}

void add_troves(const RunReport& r, nlohmann::json& out) {
  for (std::size_t i = 0; i < r.world.troves.size(); ++i) {
    const TroveOutcome& o = r.run.full.troves[i];
    out["nodes"][name_of(r, i)]["stability_pool"] = {
        {"liquidations", o.liquidations},
        {"offset_usd", o.offset_usd},
        {"gained_usd", o.gained_usd},
        {"handed_usd", o.handed_usd},
        {"handed_collateral_usd", o.handed_collateral_usd},
        {"returned_usd", o.returned_usd},
        {"start_usd", o.pool_start_usd},
        {"end_usd", o.pool_end_usd},
        {"collateral_usd", o.pool_collateral_usd},
        {"recovery_s", o.recovery_s},
        {"redeemed_usd", o.redeemed_usd},
        {"fees_usd", o.fees_usd},
        {"least_ratio", o.least_ratio}};
  }
}

}  // namespace faultline
