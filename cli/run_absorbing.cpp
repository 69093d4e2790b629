// What `run` tells of markets that absorb failing accounts: what they took, sold and still hold,
// and what became of their reserves.
#include <fmt/format.h>

#include "cli/run_parts.hpp"
#include "cli/text_table.hpp"
#include "data/units.hpp"

namespace faultline {

namespace {

const std::string& name_of(const RunReport& r, std::size_t i) {
  return r.world.markets[r.world.absorbing[i].market.value].name;
}

}  // namespace

void print_absorbing(const RunReport& r) {
  TextTable table({{"absorbing markets", true},
                   {"accounts"},
                   {"debt"},
                   {"taken"},
                   {"credited"},
                   {"sold"},
                   {"unsold"},
                   {"at most"},
                   {"reserves"},
                   {"least"},
                   {"at first"},
                   {"negative"}});
  bool any = false;
  for (std::size_t i = 0; i < r.world.absorbing.size(); ++i) {
    const AbsorbingOutcome& o = r.run.full.absorbing[i];
    if (o.absorptions == 0) continue;
    any = true;
    table.add({name_of(r, i), thousands(static_cast<std::uint64_t>(o.absorptions)),
               dollars(o.absorbed_usd), dollars(o.seized_usd), dollars(o.credited_usd),
               dollars(o.sold_usd), dollars(o.inventory_usd), dollars(o.inventory_most_usd),
               dollars(o.reserves_end_usd), dollars(o.reserves_least_usd),
               dollars(o.reserves_start_usd),
               o.negative_s < 0 ? "never" : "after " + format_duration(o.negative_s)});
  }
  if (any) fmt::print("\n{}", table.text());
}

void add_absorbing(const RunReport& r, nlohmann::json& out) {
  for (std::size_t i = 0; i < r.world.absorbing.size(); ++i) {
    const AbsorbingOutcome& o = r.run.full.absorbing[i];
    out["nodes"][name_of(r, i)]["absorbing"] = {
        {"absorptions", o.absorptions},
        {"absorbed_usd", o.absorbed_usd},
        {"seized_usd", o.seized_usd},
        {"credited_usd", o.credited_usd},
        {"sold_usd", o.sold_usd},
        {"inventory_usd", o.inventory_usd},
        {"inventory_most_usd", o.inventory_most_usd},
        {"reserves_start_usd", o.reserves_start_usd},
        {"reserves_end_usd", o.reserves_end_usd},
        {"reserves_least_usd", o.reserves_least_usd},
        {"negative_s", o.negative_s < 0 ? nlohmann::json(nullptr) : nlohmann::json(o.negative_s)}};
  }
}

}  // namespace faultline
