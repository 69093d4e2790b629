// Flow agents: what each trades, where, and what it holds at the opening. They open where they have
// nothing to trade, so what they hold is found when the venues stand as they will open.
#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "sim/agents/flows.hpp"
#include "sim/compile/context.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

constexpr double unlimited = std::numeric_limits<double>::infinity();

/// The venue an agent names, or the one that prices its asset; reports where there is none.
VenueId venue_of(CompileContext& c, const FlowSpec& spec, AssetId asset, const std::string& path) {
  Snapshot& world = c.world;
  const std::string& name = world.assets[asset.value].name;
  if (!spec.at) {
    if (!world.assets[asset.value].pricing.valid()) {
      c.diagnostics.error("E0481", c.at(path + ".asset"), "no venue prices " + name,
                          "give it a venue, or say `at:` which one");
    }
    return world.assets[asset.value].pricing;
  }
  const VenueId v = world.venue(spec.at->text);
  std::vector<std::string_view> names;
  for (const VenueInfo& info : world.venues) {
    if (info.base == asset || info.quote == asset) names.push_back(info.name);
  }
  if (v.valid() && std::find(names.begin(), names.end(), spec.at->text) != names.end()) return v;
  const std::string near = nearest_name(spec.at->text, names);
  c.diagnostics.error("E0482", c.at(path + ".at"),
                      fmt::format("no venue '{}' trades {}", spec.at->text, name),
                      !near.empty()   ? "did you mean '" + near + "'?"
                      : names.empty() ? "give it a venue"
                                      : fmt::format("those that do: {}", fmt::join(names, ", ")));
  return VenueId::none();
}

template <class Kind>
void add_agent(CompileContext& c, const std::string& name, const typename Kind::Spec& spec) {
  Snapshot& world = c.world;
  const std::string path = "agents." + name;
  FlowAgentInfo a;
  a.name = name;
  a.asset = c.asset(spec.asset.text, path + ".asset");
  if (!a.asset.valid()) return;
  a.venue = venue_of(c, spec, a.asset, path);
  if (!a.venue.valid()) return;
  const VenueInfo& venue = world.venues[a.venue.value];
  a.money = venue.base == a.asset ? venue.quote : venue.base;
  a.sells = venue.base == a.asset ? Side::sell : Side::buy;
  if (world.assets[a.asset.value].contract || world.assets[a.money.value].contract) {
    c.diagnostics.error("E0487", c.at(path + ".at"), "they cannot hold a perpetual contract",
                        "let them trade the asset it follows");
    return;
  }
  if (world.assets[a.money.value].pricing == a.venue) {
    const std::string& money = world.assets[a.money.value].name;
    c.diagnostics.error(
        "E0486", c.at(path + ".at"),
        fmt::format(
            "the worth of {} is read off '{}' itself: no trade there moves the dollar price "
            "of {}",
            money, venue.name, world.assets[a.asset.value].name),
        fmt::format("let them trade at a venue whose other asset is priced elsewhere, or give {} a "
                    "deeper venue",
                    money));
    return;
  }
  a.capital_usd = spec.capital ? c.usd(*spec.capital, path + ".capital") : unlimited;
  a.gas_usd = spec.gas ? c.usd(*spec.gas, path + ".gas") : std::numeric_limits<double>::quiet_NaN();
  a.band = spec.band ? c.units(*spec.band, a.asset, path + ".band") : 0;
  a.every_s = spec.every.value;
  a.latency_s = spec.latency.value;
  a.on_credit = Kind::on_credit;
  const double price = c.reference(a.asset);
  if (!(price > 0)) {
    c.diagnostics.error("E0483", c.at(path + ".asset"),
                        world.assets[a.asset.value].name + " has no price to open at",
                        "give it a price or a rate");
    return;
  }
  const Compiled<Kind> compiled = Kind::compile(spec, {world.assets[a.asset.value].name, price});
  if (!compiled.problem.empty()) {
    c.diagnostics.error("E0484", c.at(path), "'" + name + "' is not complete", compiled.problem);
    return;
  }
  if constexpr (requires { compiled.params.size; }) a.size = compiled.params.size;
  const auto index = static_cast<std::uint32_t>(world.flow_agents.size());
  const Bearer bearer = std::is_same_v<Kind, OptionDealers> ? Bearer::dealer : Bearer::trader;
  a.units = c.account(bearer, index, a.asset);
  a.cash = c.account(bearer, index, a.money);
  // Room for what it may come to hold, and for the money that moves for it.
  const double most = 4 * Kind::most(compiled.params);
  c.holdings[a.asset.value] += most;
  c.holdings[a.money.value] += most * price / c.reference(a.money);
  a.slot = {kind_index<Kind>(FlowKinds{}),
            static_cast<std::uint32_t>(world.flow_params.of<Kind>().size())};
  world.flow_params.of<Kind>().push_back(compiled.params);
  world.flow_agents.push_back(std::move(a));
}

/// A dealer's book as written, then the puts others say they hold of it, by their names.
OptionDealers::Spec whole_book(const CompileContext& c, const std::string& name,
                               OptionDealers::Spec spec) {
  for (const auto& node : c.nodes.agents) {
    const auto* held = std::get_if<PutHolderSpec>(&node.spec);
    if (held == nullptr || held->from.text != name) continue;
    OptionSpec row{"put", held->strike, held->expiry, held->size, held->iv};
    row.size.value = -row.size.value;
    spec.options.push_back(row);
  }
  return spec;
}

/// The spec an agent is compiled from.
template <class Spec>
Spec completed(const CompileContext& c, const std::string& name, const Spec& spec) {
  if constexpr (std::is_same_v<Spec, OptionDealers::Spec>) {
    return whole_book(c, name, spec);
  } else {
    return spec;
  }
}

void add_put_holder(CompileContext& c, const std::string& name, const PutHolderSpec& spec) {
  Snapshot& world = c.world;
  for (std::uint32_t i = 0; i < world.flow_agents.size(); ++i) {
    const FlowAgentInfo& writer = world.flow_agents[i];
    const bool deals = writer.slot.kind == kind_index<OptionDealers>(FlowKinds{});
    if (!deals || writer.name != spec.from.text) continue;
    const auto index =
        static_cast<std::uint32_t>(world.flow_agents.size() + world.put_holders.size());
    world.put_holders.push_back({name, i, c.account(Bearer::trader, index, writer.money)});
    return;
  }
  c.diagnostics.error("E0485", c.at("agents." + name + ".from"),
                      "'" + spec.from.text + "' are no option dealers",
                      "name an agent of kind option_dealers");
}

template <class... Kinds>
void add_any(TypeList<Kinds...>, CompileContext& c, const Named<AgentSpecs>& node) {
  const auto try_kind = [&]<class Kind>(const Kind*) {
    if (const auto* spec = std::get_if<typename Kind::Spec>(&node.spec)) {
      add_agent<Kind>(c, node.name, completed(c, node.name, *spec));
    }
  };
  (try_kind(static_cast<const Kinds*>(nullptr)), ...);
}

void open_desks(Snapshot& world) {
  for (std::uint32_t i = 0; i < world.flow_agents.size(); ++i) {
    const FlowAgentInfo& a = world.flow_agents[i];
    const auto same = [&](const FlowDesk& d) { return d.venue == a.venue && d.asset == a.asset; };
    auto desk = std::find_if(world.flow_desks.begin(), world.flow_desks.end(), same);
    if (desk == world.flow_desks.end()) {
      desk = world.flow_desks.insert(desk, {a.venue, a.asset, {}});
    }
    desk->agents.push_back(i);
  }
}

/// Compiles an agent again, now at the price its venue opens at, and fills its purse.
template <class Kind>
void open_agent(CompileContext& c, FlowAgentInfo& a, const typename Kind::Spec& spec) {
  Snapshot& world = c.world;
  const double price = flow_price(world, world.opening.market, a);
  const auto params = Kind::compile(spec, {world.assets[a.asset.value].name, price}).params;
  const auto state = Kind::open(params);
  FlowHoldings holds = Kind::holds(params, state, price);
  const double most = a.capital_usd / price;
  if (std::fabs(holds.units) > most) {  // what its capital does not allow stays in cash
    const double allowed = std::copysign(most, holds.units);
    if (!a.on_credit) holds.cash += (holds.units - allowed) * price;
    holds.units = allowed;
  }
  const double cash = holds.cash / world.opening.market.spot[a.money.value];
  const auto whole = [&](AssetId asset,
                         double x) {  // towards zero, so that next to nothing is none
    return std::copysign(world.assets[asset.value].quantum.down(std::fabs(x)), x) + 0.0;
  };
  world.opening.balances[a.units.value] = whole(a.asset, holds.units);
  world.opening.balances[a.cash.value] = whole(a.money, cash);
  world.flow_params.of<Kind>()[a.slot.index] = params;
  world.opening.flows.of<Kind>().push_back(state);
}

/// What the rows of a dealer's book pay, and whom: those after the first `listed` their holders,
/// who stand in the same order, all others the outside.
void add_contracts(Snapshot& world, std::uint32_t writer, std::size_t listed) {
  const FlowAgentInfo& a = world.flow_agents[writer];
  std::vector<AccountId> holders;
  for (const PutHolderInfo& h : world.put_holders) {
    if (h.writer == writer) holders.push_back(h.cash);
  }
  const std::vector<BookRow>& book = world.flow_params.of<OptionDealers>()[a.slot.index].book;
  for (std::size_t i = 0; i < book.size(); ++i) {
    const BookRow& row = book[i];
    const bool held = i >= listed && i - listed < holders.size();
    const AccountId others = held ? holders[i - listed] : world.boundary[a.money.value];
    const bool short_ = row.size < 0;
    world.option_contracts.push_back({writer, row.expiry_s, row.terms.kind, row.terms.strike,
                                      std::fabs(row.size), short_ ? a.cash : others,
                                      short_ ? others : a.cash});
  }
}

}  // namespace

void compile_flow_agents(CompileContext& c) {
  for (const auto& node : c.nodes.agents) add_any(FlowKinds{}, c, node);
  if (c.diagnostics.failed()) return;
  for (const auto& node : c.nodes.agents) {
    if (const auto* held = std::get_if<PutHolderSpec>(&node.spec)) {
      add_put_holder(c, node.name, *held);
    }
  }
}

void open_flow_agents(CompileContext& c) {
  Snapshot& world = c.world;
  for (const auto& node : c.nodes.agents) {
    for (std::uint32_t i = 0; i < world.flow_agents.size(); ++i) {
      FlowAgentInfo& a = world.flow_agents[i];
      if (a.name != node.name) continue;
      visit_kind(FlowKinds{}, a.slot, [&]<class Kind>(std::uint32_t) {
        open_agent<Kind>(c, a, completed(c, node.name, std::get<typename Kind::Spec>(node.spec)));
      });
      if (const auto* dealers = std::get_if<OptionDealers::Spec>(&node.spec)) {
        add_contracts(world, i, dealers->options.size());
      }
    }
  }
  std::stable_sort(
      world.option_contracts.begin(), world.option_contracts.end(),
      [](const OptionContract& a, const OptionContract& b) { return a.expiry_s < b.expiry_s; });
  open_desks(world);
}

}  // namespace faultline
