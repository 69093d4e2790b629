// Buyers of cheap collateral: which markets they post it in, and where they buy it.
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "sim/compile/context.hpp"

namespace faultline {

namespace {

/// Venues where an asset can be bought for one they do not watch themselves.
void add_offers(const Snapshot& world, CheapBuyersInfo& info) {
  const auto watched = [&](AssetId a) {
    return std::find(info.buys.begin(), info.buys.end(), a) != info.buys.end();
  };
  for (const AssetId a : info.buys) {
    for (std::uint32_t v = 0; v < world.venues.size(); ++v) {
      const VenueInfo& venue = world.venues[v];
      if (venue.priced_by_oracle || venue.leaves() || (venue.base != a && venue.quote != a))
        continue;
      const bool is_base = venue.base == a;
      const AssetId money = is_base ? venue.quote : venue.base;
      if (watched(money) || world.assets[money.value].contract) continue;
      info.offers.push_back({a, money, VenueId{v}, is_base ? Side::buy : Side::sell});
    }
  }
}

/// Whether a market is one they name; all of them where they name none.
bool serves(const CheapBuyersSpec& spec, const Market& market) {
  return spec.in.empty() || std::any_of(spec.in.begin(), spec.in.end(), [&](const Name& n) {
           return n.text == market.name || n.text == market.cluster;
         });
}

void add_places(CompileContext& c, const CheapBuyersSpec& spec, CheapBuyersInfo& info) {
  const Snapshot& world = c.world;
  for (std::uint32_t m = 0; m < world.markets.size(); ++m) {
    const Market& market = world.markets[m];
    if (market.perp >= 0 || market.house >= 0 || !serves(spec, market)) continue;
    CheapPlace place{MarketId{m}, 0xffffffffu, {}};
    for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
         ++r) {
      const Reserve& reserve = world.reserves[r];
      const bool bought =
          std::find(info.buys.begin(), info.buys.end(), reserve.asset) != info.buys.end();
      if (bought && reserve.emode < 0 && reserve.terms.lt > 0) place.reserves.push_back(r);
    }
    if (!place.reserves.empty()) info.places.push_back(std::move(place));
  }
}

void check_names(CompileContext& c, const std::string& path, const CheapBuyersSpec& spec,
                 const CheapBuyersInfo& info) {
  std::vector<std::string_view> names;
  for (const Market& m : c.world.markets) names.push_back(m.name);
  for (const Name& n : spec.in) {
    const bool found =
        std::any_of(c.world.markets.begin(), c.world.markets.end(),
                    [&](const Market& m) { return m.name == n.text || m.cluster == n.text; });
    if (found) continue;
    const std::string near = nearest_name(n.text, names);
    c.diagnostics.error("E0597", c.at(path + ".in"), "no market '" + n.text + "'",
                        near.empty() ? "name one under markets" : "did you mean '" + near + "'?");
  }
  if (!info.places.empty() || c.diagnostics.failed()) return;
  c.diagnostics.error("E0598", c.at(path + ".buys"), "no market takes what they buy as collateral",
                      "name assets with an lt above 0 in a lending market");
}

}  // namespace

void compile_cheap_buyers(CompileContext& c) {
  Snapshot& world = c.world;
  std::uint32_t watches = 0;
  for (const auto& node : c.nodes.agents) {
    const auto* spec = std::get_if<CheapBuyersSpec>(&node.spec);
    if (spec == nullptr) continue;
    const std::string path = "agents." + node.name;
    CheapBuyersInfo info;
    info.name = node.name;
    info.capital_usd = spec->capital ? c.usd(*spec->capital, path + ".capital")
                                     : std::numeric_limits<double>::infinity();
    info.turnover_s = spec->turnover.value;
    info.latency_s = spec->latency.value;
    info.gas_usd =
        spec->gas ? c.usd(*spec->gas, path + ".gas") : std::numeric_limits<double>::quiet_NaN();
    for (const Name& n : spec->buys) {
      const AssetId a = c.asset(n.text, path + ".buys");
      if (a.valid()) info.buys.push_back(a);
    }
    add_offers(world, info);
    add_places(c, *spec, info);
    check_names(c, path, *spec, info);
    info.first_watch = watches;
    for (const CheapPlace& place : info.places) {
      watches += static_cast<std::uint32_t>(place.reserves.size());
    }
    const auto owner = static_cast<std::uint32_t>(world.cheap_buyers.size());
    for (std::uint32_t a = 0; a < world.assets.size(); ++a) {
      info.purse.push_back(c.account(Bearer::attacker, owner + 1, AssetId{a}));
    }
    world.cheap_buyers.push_back(std::move(info));
  }
}

void cheap_buyer_legs(const CompileContext& c, const CheapBuyersInfo& info, MarketId m,
                      std::vector<LegInput>& legs) {
  const Snapshot& world = c.world;
  const Market& market = world.markets[m.value];
  legs.clear();
  for (const CheapPlace& place : info.places) {
    if (place.market != m) continue;
    for (const std::uint32_t r : place.reserves) {
      legs.push_back({world.reserves[r].collateral_factor, 0, false});
    }
  }
  for (const std::uint32_t r : market.by_saleability) {
    if (world.reserves[r].emode < 0 && legs.size() < kMostLegs) {
      legs.push_back({world.reserves[r].debt_factor, 0, true});
    }
  }
  std::sort(legs.begin(), legs.end(), [](const LegInput& a, const LegInput& b) {
    return a.debt != b.debt ? !a.debt : a.factor < b.factor;
  });
}

}  // namespace faultline
