// Agents: arbitrageurs and liquidators with their budgets and purses, makers with their books.
// Where nobody is named, default arbitrageurs and liquidators serve everything without limit.
// Flow agents: flows.cpp.
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "sim/compile/context.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

constexpr double unlimited = std::numeric_limits<double>::infinity();
constexpr double nothing_stated = std::numeric_limits<double>::quiet_NaN();

std::vector<AccountId> purses(CompileContext& c, Bearer bearer, std::uint32_t owner) {
  std::vector<AccountId> out;
  for (std::uint32_t a = 0; a < c.world.assets.size(); ++a) {
    out.push_back(c.account(bearer, owner, AssetId{a}));
  }
  return out;
}

template <class Nodes>
bool matches(const std::string& wanted, const Nodes& node) {
  return node.name == wanted || node.cluster == wanted;
}

void unknown(CompileContext& c, const std::string& path, const std::string& family,
             const std::string& name, const std::vector<std::string_view>& names) {
  const std::string near = nearest_name(name, names);
  c.diagnostics.error("E0431", c.at(path), "no " + family + " '" + name + "'",
                      near.empty() ? "" : "did you mean '" + near + "'?");
}

void add_arbitrageurs(CompileContext& c, const std::string& name, const ArbitrageurSpec& spec) {
  Snapshot& world = c.world;
  const std::string path = "agents." + name;
  ArbitrageurInfo info;
  info.name = name;
  info.capital_usd = spec.capital ? c.usd(*spec.capital, path + ".capital") : unlimited;
  info.turnover_s = spec.turnover.value;
  info.gas_usd = spec.gas ? c.usd(*spec.gas, path + ".gas") : nothing_stated;
  info.latency_s = spec.latency.value;
  for (std::uint32_t v = 0; v < world.venues.size(); ++v) {
    if (world.venues[v].is_outside || world.venues[v].leaves()) continue;
    const bool served = spec.between.empty() ||
                        std::any_of(spec.between.begin(), spec.between.end(), [&](const Name& n) {
                          return matches(n.text, world.venues[v]);
                        });
    if (served) info.venues.push_back(VenueId{v});
  }
  std::vector<std::string_view> names;
  for (const VenueInfo& v : world.venues) names.push_back(v.name);
  for (const Name& n : spec.between) {
    if (std::none_of(world.venues.begin(), world.venues.end(),
                     [&](const VenueInfo& v) { return matches(n.text, v); })) {
      unknown(c, path + ".between", "venue", n.text, names);
    }
  }
  info.purse =
      purses(c, Bearer::arbitrageur, static_cast<std::uint32_t>(world.arbitrageurs.size()));
  world.arbitrageurs.push_back(std::move(info));
}

void add_liquidators(CompileContext& c, const std::string& name, const LiquidatorSpec& spec) {
  Snapshot& world = c.world;
  const std::string path = "agents." + name;
  LiquidatorInfo info;
  info.name = name;
  info.capital_usd = spec.capital ? c.usd(*spec.capital, path + ".capital") : unlimited;
  info.turnover_s = spec.turnover.value;
  info.gas_usd = spec.gas ? c.usd(*spec.gas, path + ".gas") : nothing_stated;
  const auto who = static_cast<std::int32_t>(world.liquidators.size());
  std::vector<std::string_view> names;
  for (const auto& m : c.nodes.markets) names.push_back(m.name);
  world.liquidator_of.resize(c.nodes.markets.size(), -1);
  for (std::uint32_t m = 0; m < c.nodes.markets.size(); ++m) {
    const bool served = spec.serves.empty() ||
                        std::any_of(spec.serves.begin(), spec.serves.end(), [&](const Name& n) {
                          return matches(n.text, c.nodes.markets[m]);
                        });
    if (!served) continue;
    if (world.liquidator_of[m] >= 0) {
      c.diagnostics.error("E0432", c.at(path + ".serves"),
                          "two groups of liquidators serve '" + c.nodes.markets[m].name + "'",
                          "let each market be served by one group");
    }
    world.liquidator_of[m] = who;
    info.markets.push_back(MarketId{m});
  }
  for (const Name& n : spec.serves) {
    bool found = false;
    for (const auto& m : c.nodes.markets) found = found || matches(n.text, m);
    if (!found) unknown(c, path + ".serves", "market", n.text, names);
  }
  info.purse = purses(c, Bearer::liquidator, static_cast<std::uint32_t>(who));
  world.liquidators.push_back(std::move(info));
}

/// Dollars of base that move a book's price down by 1% at the opening.
double book_usd(const CompileContext& c, VenueId v) {
  const Snapshot& world = c.world;
  const double price = venue_marginal(world, world.opening.venues, v);
  return venue_in_to_price(world, world.opening.venues, v, Side::sell, 0.99 * price) *
         c.reference(world.venues[v.value].base);
}

/// The books a group names; reports what is none.
std::vector<VenueId> quoted_books(CompileContext& c, const std::string& path,
                                  const std::vector<Name>& quotes) {
  const Snapshot& world = c.world;
  std::vector<VenueId> books;
  std::vector<std::string_view> names;
  for (std::uint32_t v = 0; v < world.venues.size(); ++v) {
    const VenueInfo& venue = world.venues[v];
    const bool book = venue.slot.kind == kind_index<OrderBook>(VenueKinds{});
    if (book) names.push_back(venue.name);
    for (const Name& n : quotes) {
      if (!matches(n.text, venue)) continue;
      if (!book) {
        c.diagnostics.error("E0433", c.at(path), "'" + venue.name + "' is no order book",
                            "makers quote order books; LPs leave a pool by `withdraw`");
      } else if (books.empty() || books.back() != VenueId{v}) {
        books.push_back(VenueId{v});
      }
    }
  }
  for (const Name& n : quotes) {
    if (std::none_of(world.venues.begin(), world.venues.end(),
                     [&](const VenueInfo& v) { return matches(n.text, v); })) {
      unknown(c, path, "order book", n.text, names);
    }
  }
  return books;
}

void add_makers(CompileContext& c, const Named<AgentSpecs>& node, const MakerSpec& spec) {
  Snapshot& world = c.world;
  const std::string path = "agents." + node.name;
  MakersInfo info;
  info.name = node.name;
  info.cluster = node.cluster;
  info.capital_usd = spec.capital ? c.usd(*spec.capital, path + ".capital") : unlimited;
  std::string problem;
  if (spec.retreat) info.retreat = compile_retreat(*spec.retreat, problem);
  if (!problem.empty()) {
    c.diagnostics.error("E0434", c.at(path + ".retreat"), "'" + node.name + "' cannot retreat",
                        problem);
  }
  const auto group = static_cast<std::uint32_t>(world.makers.size());
  double usd = 0;
  for (const VenueId v : quoted_books(c, path + ".quotes", spec.quotes)) {
    const double share = spec.share ? spec.share->value : -1;  // below 0: what others leave
    info.books.push_back({v, share, book_usd(c, v)});
    world.makers_of[v.value].push_back({group, share});
    usd += info.books.back().weight;
  }
  for (QuotedBook& book : info.books) book.weight /= usd;
  world.makers.push_back(std::move(info));
}

/// Who states no share of a book takes what the others leave, in equal parts.
void share_books(CompileContext& c) {
  Snapshot& world = c.world;
  for (std::uint32_t v = 0; v < world.venues.size(); ++v) {
    double stated = 0;
    int unstated = 0;
    for (const BookMaker& m : world.makers_of[v]) {
      if (m.share < 0) ++unstated;
      if (m.share >= 0) stated += m.share;
    }
    if (stated > 1 + 1e-12) {
      c.diagnostics.error("E0435", c.at("venues." + world.venues[v].name),
                          fmt::format("makers quote {:.4g}% of the depth of '{}'", 100 * stated,
                                      world.venues[v].name),
                          "let their shares add up to no more than 100%");
    }
    for (BookMaker& m : world.makers_of[v]) {
      if (m.share < 0) m.share = std::max(0.0, 1 - stated) / unstated;
      for (QuotedBook& book : world.makers[m.group].books) {
        if (book.venue == VenueId{v}) book.share = m.share;
      }
    }
  }
}

/// Named makers stand at their books with what they quote in calm times.
void open_makers(Snapshot& world) {
  for (const MakersInfo& info : world.makers) {
    MakersState state;
    for (const QuotedBook& book : info.books) {
      state.books.push_back({{}, venue_marginal(world, world.opening.venues, book.venue)});
    }
    world.opening.makers.push_back(std::move(state));
  }
  for (std::uint32_t v = 0; v < world.venues.size(); ++v) {
    if (world.makers_of[v].empty()) continue;
    Stance named{0, 1};
    for (const BookMaker& m : world.makers_of[v]) named.stands += m.share;
    const std::uint32_t i = world.venues[v].slot.index;
    OrderBook::name_makers(world.venue_params.of<OrderBook>()[i],
                           world.opening.venues.of<OrderBook>()[i], named);
  }
}

}  // namespace

void compile_agents(CompileContext& c) {
  bool arbitrage = false, liquidation = false;
  c.world.makers_of.resize(c.world.venues.size());
  for (const auto& node : c.nodes.agents) {
    if (const auto* a = std::get_if<ArbitrageurSpec>(&node.spec)) {
      add_arbitrageurs(c, node.name, *a);
      arbitrage = true;
    } else if (const auto* l = std::get_if<LiquidatorSpec>(&node.spec)) {
      add_liquidators(c, node.name, *l);
      liquidation = true;
    } else if (const auto* m = std::get_if<MakerSpec>(&node.spec)) {
      add_makers(c, node, *m);
    }
  }
  share_books(c);
  open_makers(c.world);
  if (!arbitrage) add_arbitrageurs(c, "arbitrageurs", {});
  if (!liquidation && !c.nodes.markets.empty()) add_liquidators(c, "liquidators", {});
  c.world.liquidator_of.resize(c.nodes.markets.size(), -1);
  compile_flow_agents(c);
}

}  // namespace faultline
