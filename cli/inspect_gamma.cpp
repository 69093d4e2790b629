// `inspect gamma`: what option dealers would have to trade as the price moves, level by level,
// where its sign flips, and how the venue they hedge at would answer.
#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/inspect_parts.hpp"
#include "cli/text_table.hpp"
#include "data/units.hpp"
#include "sim/agents/flows.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

using nlohmann::json;

struct Level {
  double price = 0;
  double gamma_usd = 0;  // per 1% move
};

/// The desk of all dealers who hedge one asset at one venue.
struct Desk {
  AssetId asset;
  VenueId venue;
  double price = 0, gamma_usd = 0, gain = 0;
  std::vector<std::string> names;
  std::vector<Level> levels;
  std::optional<double> flip;
};

bool deals(const FlowAgentInfo& a) {
  return a.slot.kind == kind_index<OptionDealers>(FlowKinds{});
}

/// Share of the price one dollar sold there moves it by, from a move of a ten-thousandth.
double impact_per_dollar(const Snapshot& world, const FlowAgentInfo& a, double price) {
  constexpr double step = 1e-4;
  const VenueStates& states = world.opening.venues;
  const double mid = venue_marginal(world, states, a.venue);
  const double to = a.sells == Side::sell ? mid * (1 - step) : mid / (1 - step);
  const double in = venue_in_to_price(world, states, a.venue, a.sells, to) * price;
  return in > 0 ? step / in : 0;
}

double exposure(const Desk& desk, const Workspace& w, double price) {
  double sum = 0;
  for (std::uint32_t i = 0; i < w.world->flow_agents.size(); ++i) {
    const FlowAgentInfo& a = w.world->flow_agents[i];
    if (deals(a) && a.asset == desk.asset && a.venue == desk.venue) {
      sum += gamma_exposure_usd(*w.world, w, i, price);
    }
  }
  return sum;
}

/// The price nearest to the opening one, within a factor of two, where the exposure changes sign.
std::optional<double> nearest_flip(const Desk& desk, const Workspace& w) {
  constexpr double step = 1.001;
  const auto sign = [&](double price) {
    const double x = exposure(desk, w, price);
    return x > 0 ? 1 : x < 0 ? -1 : 0;
  };
  const int here = sign(desk.price);
  if (here == 0) return std::nullopt;
  for (double up = step; up < 2; up *= step) {
    for (const double at : {desk.price / up, desk.price * up}) {
      if (sign(at) != -here) continue;
      double inside = at < desk.price ? at * step : at / step, outside = at;
      for (int i = 0; i < 50; ++i) {
        const double middle = 0.5 * (inside + outside);
        (sign(middle) == -here ? outside : inside) = middle;
      }
      return outside;
    }
  }
  return std::nullopt;
}

std::vector<Desk> gather(const Snapshot& world, const Workspace& w) {
  std::vector<Desk> out;
  for (const FlowDesk& of : world.flow_desks) {
    Desk desk;
    desk.asset = of.asset;
    desk.venue = of.venue;
    const FlowAgentInfo& first = world.flow_agents[of.agents[0]];
    for (const std::uint32_t i : of.agents) {
      if (deals(world.flow_agents[i])) desk.names.push_back(world.flow_agents[i].name);
    }
    if (desk.names.empty()) continue;
    desk.price = flow_price(world, world.opening.market, first);
    desk.gamma_usd = exposure(desk, w, desk.price);
    desk.gain = -desk.gamma_usd * 100 * impact_per_dollar(world, first, desk.price);
    for (int percent_off = -25; percent_off <= 25; percent_off += 5) {
      const double price = desk.price * (1 + percent_off / 100.0);
      desk.levels.push_back({price, exposure(desk, w, price)});
    }
    desk.flip = nearest_flip(desk, w);
    out.push_back(std::move(desk));
  }
  return out;
}

void print(const Snapshot& world, const Desk& desk) {
  const std::string& asset = world.assets[desk.asset.value].name;
  fmt::print("{} hedge {} at {}: {} per 1% at {}\n\n", fmt::join(desk.names, ", "), asset,
             world.venues[desk.venue.value].name, format_usd(desk.gamma_usd),
             format_usd(desk.price, 6));
  TextTable table({{"price"}, {"move"}, {"gamma per 1%"}, {"they trade", true}});
  for (const Level& l : desk.levels) {
    table.add({format_usd(l.price, 6), percent(l.price / desk.price - 1, 0, true),
               l.gamma_usd == 0 ? "none" : format_usd(l.gamma_usd),
               l.gamma_usd < 0   ? "with the move"
               : l.gamma_usd > 0 ? "against it"
                                 : ""});
  }
  fmt::print("{}\n", table.text());
  fmt::print("  its sign flips {}\n", desk.flip ? "at " + format_usd(*desk.flip, 6)
                                                : std::string("nowhere within a factor of two"));
  fmt::print("  gain of the loop here {:.3f}: a small shock ends at {}\n", desk.gain,
             desk.gain < 1 ? fmt::format("{:.2f} times itself", 1 / (1 - desk.gain))
                           : std::string("the end of the book at risk"));
}

json as_json(const Snapshot& world, const Desk& desk) {
  json levels = json::array();
  for (const Level& l : desk.levels) {
    levels.push_back({{"price", l.price}, {"gamma_usd_per_percent", l.gamma_usd}});
  }
  return {{"asset", world.assets[desk.asset.value].name},
          {"venue", world.venues[desk.venue.value].name},
          {"dealers", desk.names},
          {"price", desk.price},
          {"gamma_usd_per_percent", desk.gamma_usd},
          {"flip_price", desk.flip ? json(*desk.flip) : json(nullptr)},
          {"loop_gain", desk.gain},
          {"amplification", desk.gain < 1 ? json(1 / (1 - desk.gain)) : json(nullptr)},
          {"levels", levels}};
}

}  // namespace

int inspect_gamma(const Inspection& in) {
  const Snapshot& world = in.world();
  Workspace w(world);
  w.reset();
  const std::vector<Desk> desks = gather(world, w);
  if (in.json()) {
    json out{{"schema", 1}, {"name", world.name}, {"desks", json::array()}};
    for (const Desk& desk : desks) out["desks"].push_back(as_json(world, desk));
    fmt::print("{}\n", out.dump(2));
    return 0;
  }
  if (desks.empty()) fmt::print("{}: nobody deals in options\n", world.name);
  for (std::size_t i = 0; i < desks.size(); ++i) {
    if (i > 0) fmt::print("\n");
    print(world, desks[i]);
  }
  return 0;
}

}  // namespace faultline
