// `inspect venues`: what each venue quotes, takes and holds as the world opens.
#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/inspect_parts.hpp"
#include "cli/text_table.hpp"
#include "data/units.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

using nlohmann::json;

constexpr std::array<double, 3> distances{0.01, 0.05, 0.1};

struct VenueRow {
  VenueId id;
  double price = 0, gap = 0, fee = 0, held_usd = 0;
  bool unlimited = false;
  std::array<double, 3> sell_usd{}, buy_usd{};
};

VenueRow venue_row(const Snapshot& world, VenueId id) {
  const VenueInfo& v = world.venues[id.value];
  const VenueStates& states = world.opening.venues;
  const MarketState& market = world.opening.market;
  VenueRow row{.id = id};
  row.price = venue_marginal(world, states, id);
  row.gap = row.price * market.reference[v.quote.value] / market.reference[v.base.value] - 1;
  row.fee = venue_fee(world, states, id);
  const double base = on_venue(
      world, states, id, []<class K>(const auto& p, const auto& s) { return K::base_held(p, s); });
  const double quote = on_venue(
      world, states, id, []<class K>(const auto& p, const auto& s) { return K::quote_held(p, s); });
  row.held_usd = base * market.spot[v.base.value] + quote * market.spot[v.quote.value];
  row.unlimited = v.is_outside && base == 0 && quote == 0;
  for (std::size_t i = 0; i < distances.size(); ++i) {
    const auto depth = [&](Side side, double target, AssetId given) {
      const double in = std::min(venue_in_to_price(world, states, id, side, target),
                                 venue_most_in(world, states, id, side));
      return in * market.spot[given.value];
    };
    row.sell_usd[i] = depth(Side::sell, row.price * (1 - distances[i]), v.base);
    row.buy_usd[i] = depth(Side::buy, row.price * (1 + distances[i]), v.quote);
  }
  return row;
}

std::string pair_name(const Snapshot& world, const VenueInfo& v) {
  return world.assets[v.base.value].name + "/" + world.assets[v.quote.value].name;
}

const char* kind_name(const VenueInfo& v) {
  return v.leaves() ? "way out" : VenueKinds::names[v.slot.kind].data();
}

void print_venues(const Snapshot& world, const std::vector<VenueRow>& rows) {
  fmt::print("{}: {} venues at their opening\n\n", world.name, rows.size());
  TextTable table({{"venue", true},
                   {"pair", true},
                   {"price"},
                   {"vs ref"},
                   {"fee"},
                   {"sell 1%"},
                   {"5%"},
                   {"10%"},
                   {"buy 1%"},
                   {"5%"},
                   {"10%"},
                   {"held"}});
  for (const VenueRow& r : rows) {
    const VenueInfo& v = world.venues[r.id.value];
    std::vector<std::string> cells{v.name, pair_name(world, v), precise(r.price),
                                   percent(r.gap, 2, true), percent(r.fee, 2)};
    for (const double usd : r.sell_usd) cells.push_back(format_usd(usd));
    for (const double usd : r.buy_usd) cells.push_back(format_usd(usd));
    cells.push_back(r.unlimited ? "no limit" : format_usd(r.held_usd));
    table.add(std::move(cells));
  }
  fmt::print("{}", table.text());
  fmt::print(
      "\n  vs ref: against the reference prices; sell, buy: dollars of base (quote) given that "
      "move "
      "the price by so much\n");
}

json venues_json(const Snapshot& world, const std::vector<VenueRow>& rows) {
  json out{{"schema", 1}, {"name", world.name}, {"venues", json::object()}};
  for (const VenueRow& r : rows) {
    const VenueInfo& v = world.venues[r.id.value];
    json sell = json::object(), buy = json::object();
    for (std::size_t i = 0; i < distances.size(); ++i) {
      const std::string key = percent(distances[i], 0);
      sell[key] = r.sell_usd[i];
      buy[key] = r.buy_usd[i];
    }
    out["venues"][v.name] = {{"kind", kind_name(v)},
                             {"family", v.cluster},
                             {"base", world.assets[v.base.value].name},
                             {"quote", world.assets[v.quote.value].name},
                             {"price", r.price},
                             {"price_vs_reference", r.gap},
                             {"fee", r.fee},
                             {"sell_depth_usd", sell},
                             {"buy_depth_usd", buy},
                             {"held_usd", r.unlimited ? json(nullptr) : json(r.held_usd)}};
  }
  return out;
}

}  // namespace

int inspect_venues(const Inspection& in) {
  std::vector<VenueRow> rows;
  for (std::uint32_t v = 0; v < in.world().venues.size(); ++v) {
    rows.push_back(venue_row(in.world(), VenueId{v}));
  }
  if (in.json()) {
    fmt::print("{}\n", venues_json(in.world(), rows).dump(2));
  } else {
    print_venues(in.world(), rows);
  }
  return 0;
}

}  // namespace faultline
