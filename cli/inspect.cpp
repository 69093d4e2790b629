// `inspect`: what is in an ecosystem before anything happens to it. Accounts, the static
// liquidation map, venues, oracles, markets, vaults, dealers' gamma; nothing is run.
#include <algorithm>

#include <fmt/format.h>

#include "cli/inspect_parts.hpp"

namespace faultline {

namespace {

/// Markets named by --market, a name or a family; all without it. False: there is none.
bool choose_markets(Inspection& in) {
  const Snapshot& world = in.world();
  const std::string& wanted = in.options.market;
  for (std::uint32_t m = 0; m < world.markets.size(); ++m) {
    const Market& market = world.markets[m];
    if (wanted.empty() || market.name == wanted || market.cluster == wanted)
      in.markets.push_back(m);
  }
  if (!in.markets.empty() || wanted.empty()) return true;
  std::vector<std::string_view> names;
  for (const Market& m : world.markets) {
    names.push_back(m.name);
    if (m.cluster != m.name) names.push_back(m.cluster);
  }
  const std::string near = nearest_name(wanted, names);
  fmt::print(stderr, "error: no market '{}'{}\n", wanted,
             near.empty() ? "" : ": did you mean '" + near + "'?");
  return false;
}

}  // namespace

int inspect_verb(const InspectOptions& options) {
  const bool by_market = options.what != "venues" && options.what != "oracles" &&
                         options.what != "gamma" && options.what != "vaults";
  if (!options.market.empty() && !by_market) {
    fmt::print(stderr, "error: --market goes with positions, markets and drops\n");
    return 2;
  }
  if (!options.drops.empty() && options.what != "drops") {
    fmt::print(stderr, "error: --drop goes with drops\n");
    return 2;
  }
  OpenedWorld opened;
  open_world(options.common, opened, false);
  if (!opened.ok) return 2;
  Inspection in{options, opened, {}};
  if (!choose_markets(in)) return 2;
  if (options.what == "positions") return inspect_positions(in);
  if (options.what == "drops") return inspect_drops(in);
  if (options.what == "venues") return inspect_venues(in);
  if (options.what == "oracles") return inspect_oracles(in);
  if (options.what == "gamma") return inspect_gamma(in);
  if (options.what == "vaults") return inspect_vaults(in);
  return inspect_markets(in);
}

}  // namespace faultline
