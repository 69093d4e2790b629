// What `inspect vaults` shows of LP shares that are assets.
#include <fmt/format.h>

#include "cli/inspect_parts.hpp"
#include "cli/text_table.hpp"
#include "data/units.hpp"
#include "sim/claims/pool_shares.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

using nlohmann::json;

namespace {

/// What leaving with a part of all shares brings of their fair value, in each coin.
constexpr double parts[] = {0.001, 0.01, 0.05, 0.2};

struct ShareWorth {
  double shares = 0, free = 0, fair = 0, reserves = 0, market = 0;
};
ShareWorth read(const Snapshot& world, const PoolShare& s) {
  const std::vector<double>& reference = world.opening.market.reference;
  ShareWorth out;
  out.shares = world.total_supply[s.asset.value];
  out.free = world.opening.balances[s.holders.value];
  out.fair = reference[s.asset.value];
  out.reserves = venue_lp_value(world, world.opening.venues, s.pool, reference[s.base.value],
                                reference[s.quote.value], ShareReading::reserves) /
                 out.shares;
  out.market = world.opening.market.spot[s.asset.value];
  return out;
}

/// Dollars that so many shares bring in one coin, over their fair value.
double kept(const Snapshot& world, const PoolShare& s, VenueId out, AssetId coin, double part) {
  const std::vector<double>& reference = world.opening.market.reference;
  const double given = part * world.total_supply[s.asset.value];
  const double taken = venue_fill(world, world.opening.venues, out, Side::sell, given).out;
  return taken * reference[coin.value] / (given * reference[s.asset.value]);
}

}  // namespace

void print_share(const Snapshot& world, std::uint32_t i) {
  const PoolShare& s = world.shares[i];
  const ShareWorth r = read(world, s);
  const std::string& name = world.assets[s.asset.value].name;
  fmt::print("\n{}: {} {} on '{}', {} of them with no market, venue or agent\n", s.name,
             format_number(r.shares, 6), name, world.venues[s.pool.value].name,
             percent(r.free / r.shares, 1));
  fmt::print(
      "  one is worth {} by fair value, {} by the reserves as they stand, {} to who leaves\n",
      format_usd(r.fair, 6), format_usd(r.reserves, 6), format_usd(r.market, 6));
  TextTable table({{"leaving with", true},
                   {"in " + world.assets[s.base.value].name},
                   {"in " + world.assets[s.quote.value].name}});
  for (const double part : parts) {
    table.add({percent(part, 1) + " of all",
               percent(kept(world, s, s.out_in_base, s.base, part), 2),
               percent(kept(world, s, s.out_in_quote, s.quote, part), 2)});
  }
  fmt::print("{}  of fair value, at outside prices of the coin\n", table.text());
}

json share_json(const Snapshot& world, std::uint32_t i) {
  const PoolShare& s = world.shares[i];
  const ShareWorth r = read(world, s);
  json out{{"kind", "lp_share"},
           {"of", world.venues[s.pool.value].name},
           {"issues", world.assets[s.asset.value].name},
           {"shares", r.shares},
           {"held_by_providers", r.free},
           {"fair_usd", r.fair},
           {"reserves_usd", r.reserves},
           {"market_usd", r.market},
           {"leaving", json::array()}};
  for (const double part : parts) {
    out["leaving"].push_back({{"share", part},
                              {"base", kept(world, s, s.out_in_base, s.base, part)},
                              {"quote", kept(world, s, s.out_in_quote, s.quote, part)}});
  }
  return out;
}

}  // namespace faultline
