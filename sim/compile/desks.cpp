// Who takes claims back in his own time: what he holds, what he goes by, and the ways by which
// somebody earns from it.
#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "sim/compile/context.hpp"

namespace faultline {

namespace {

constexpr double unlimited = std::numeric_limits<double>::infinity();
constexpr double year_s = 365 * 86400.0;

/// The claim of a desk and what it is paid in; reports what cannot be one.
bool find_assets(CompileContext& c, const std::string& name, const DeskSpec& spec,
                 RedemptionDesk& desk) {
  const std::string path = "vaults." + name + ".issues";
  desk.claim = c.asset(spec.issues.text, path);
  if (!desk.claim.valid()) return false;
  const AssetInfo& claim = c.world.assets[desk.claim.value];
  if (!claim.base.valid() || !(claim.supply > 0) || claim.contract) {
    c.diagnostics.error(
        "E0630", c.at(path), fmt::format("how much of {} is owed, and in what?", claim.name),
        fmt::format("give it both: `{0}: {{rate: 1 ETH, supply: 5m {0}}}`", claim.name));
    return false;
  }
  desk.asset = claim.base;
  const auto taken = [&](const std::string& other) {
    c.diagnostics.error("E0631", c.at(path),
                        fmt::format("{} is issued by '{}' already", claim.name, other),
                        "let one vault hold all that is behind it");
    return false;
  };
  for (const RedemptionDesk& other : c.world.desks) {
    if (other.claim == desk.claim) return taken(other.name);
  }
  if (claim.issuer >= 0) {
    return taken(c.world.dollars[static_cast<std::size_t>(claim.issuer)].name);
  }
  for (const auto& vault : c.nodes.curated) {
    if (vault.spec.issues && vault.spec.issues->text == claim.name) return taken(vault.name);
  }
  if (claim.algorithmic) return taken("an algorithm");
  for (const auto& asset : c.nodes.assets) {
    if (asset.name != claim.name || !asset.spec.redeem) continue;
    c.diagnostics.error("E0637", c.at("assets." + asset.name + ".redeem"),
                        fmt::format("'{}' takes {} back already", name, claim.name),
                        fmt::format("leave `redeem` out, and write a `capacity` at '{}'", name));
    return false;
  }
  return true;
}

/// The hours a coin's desk keeps; reports what cannot be read, and hours without a start.
BankingHours hours_of(CompileContext& c, const std::string& name, const std::string& open) {
  const std::optional<BankingHours> hours = parse_hours(open);
  if (!hours) {
    c.diagnostics.error("E0633", c.at("vaults." + name + ".open"),
                        fmt::format("'{}' are no hours", open),
                        "write days and a span in UTC, `mon-fri 14:00-22:00`, or `always`");
    return {};
  }
  if (hours->always) return *hours;
  const std::optional<std::string>& starts = c.eco.clock.starts;
  const std::optional<double> start = starts ? parse_week_time(*starts) : std::nullopt;
  BankingHours out = *hours;
  if (start) {
    out.start_s = *start;
  } else if (starts) {
    c.diagnostics.error("E0634", c.at("clock.starts"), fmt::format("'{}' is no time", *starts),
                        "write a date and a time of day in UTC: `starts: 2023-03-10 21:00`");
  } else {
    c.diagnostics.error("E0634", c.at("vaults." + name + ".open"),
                        fmt::format("'{}' keeps hours, and the run starts on no day", name),
                        "say when it starts, in UTC: `clock: {starts: 2023-03-10 21:00}`");
  }
  return out;
}

DeskTerms terms_of(CompileContext& c, const std::string& name, const DeskSpec& spec,
                   const RedemptionDesk& desk) {
  DeskTerms t;
  t.per_s = unlimited;
  if (spec.capacity) {
    const std::string path = "vaults." + name + ".capacity";
    t.per_s = c.units({spec.capacity->per_second, spec.capacity->unit}, desk.asset, path);
    if (!(t.per_s > 0)) {
      c.diagnostics.error("E0636", c.at(path), fmt::format("'{}' would never pay anybody", name),
                          "write a capacity above zero, or leave it out for no limit");
    }
  }
  t.window_s = spec.window.value;
  t.fee = spec.fee.value;
  t.carry_per_s = spec.carry.value / year_s;
  t.doubt = spec.doubt.value;
  t.mints = spec.mints;
  t.pauses_after_s = unlimited;
  return t;
}

/// Where its reserves lie: an account each, and what is left as cash.
void place_reserves(CompileContext& c, const std::string& name,
                    const std::map<std::string, ReservePartSpec>& parts, double held,
                    RedemptionDesk& desk) {
  const auto owner = static_cast<std::uint32_t>(c.world.desks.size());
  double shares = 0;
  for (const auto& [part, spec] : parts) {
    shares += spec.share.value;
    const double units = spec.share.value * held;
    desk.parts.push_back(static_cast<std::uint32_t>(c.world.reserve_parts.size()));
    c.world.reserve_parts.push_back(
        {name + "." + part, c.account(Bearer::holder, owner, desk.asset, units),
         spec.within.value > 0 ? units / spec.within.value : unlimited});
  }
  if (shares > 1 + 1e-12) {
    c.diagnostics.error(
        "E0632", c.at("vaults." + name + ".reserves"),
        fmt::format("its reserves add up to {:.4g}% of what it holds", 100 * shares),
        "let their shares add up to 100% or less: the rest is cash");
  }
  desk.cash = c.account(Bearer::holder, owner, desk.asset, std::max(0.0, 1 - shares) * held);
}

/// What both kinds share; false where it cannot be a desk.
bool begin(CompileContext& c, const std::string& name, const std::string& cluster,
           const DeskSpec& spec, const std::map<std::string, ReservePartSpec>& parts,
           RedemptionDesk& desk) {
  desk.name = name;
  if (!find_assets(c, name, spec, desk)) return false;
  const AssetInfo& claim = c.world.assets[desk.claim.value];
  const double owed = claim.supply * c.world.opening.market.contract_rate[desk.claim.value];
  const double held =
      spec.holds ? c.units(*spec.holds, desk.asset, "vaults." + name + ".holds") : owed;
  desk.terms = terms_of(c, name, spec, desk);
  desk.rounding = spec.holds ? 0 : 1;  // found once amounts are whole
  desk.chain = c.chain_of(name, cluster);
  place_reserves(c, name, parts, held, desk);
  const auto owner = static_cast<std::uint32_t>(c.world.desks.size());
  desk.holders = c.account(Bearer::holder, owner, desk.claim);
  desk.paid = c.account(Bearer::holder, owner, desk.asset);
  c.holdings[desk.asset.value] += held;  // room for what it may come to hold
  return true;
}

/// Both directions through a desk at one venue, where money and its asset can be exchanged.
void add_trips(Snapshot& world, std::uint32_t d, std::uint32_t v) {
  const RedemptionDesk& desk = world.desks[d];
  const VenueInfo& venue = world.venues[v];
  if (venue.is_outside || venue.priced_by_oracle || venue.leaves()) return;
  if (venue.base != desk.claim && venue.quote != desk.claim) return;
  const bool is_base = venue.base == desk.claim;
  const AssetId money = is_base ? venue.quote : venue.base;
  if (world.assets[money.value].contract) return;
  const auto add = [&](bool redeems) {
    const Side side = is_base == redeems ? Side::buy : Side::sell;
    const WayBack rest =
        redeems ? way_back(world, desk.asset, money) : way_back(world, money, desk.asset);
    if (!rest.exists) return;
    world.desk_trips.push_back({d, redeems, static_cast<std::uint32_t>(world.desk_routes.size())});
    world.desk_routes.push_back({money, {VenueId{v}, side}, rest});
  };
  add(true);
  if (desk.terms.mints) add(false);
}

/// Every way through a desk; says where there is none.
void find_trips(CompileContext& c, std::uint32_t d) {
  Snapshot& world = c.world;
  const std::size_t before = world.desk_trips.size();
  for (std::uint32_t v = 0; v < world.venues.size(); ++v) add_trips(world, d, v);
  if (world.desk_trips.size() > before) return;
  const RedemptionDesk& desk = world.desks[d];
  const std::string& claim = world.assets[desk.claim.value].name;
  c.diagnostics.warning(
      "W0630", c.at("vaults." + desk.name),
      fmt::format("nobody can earn by bringing {} back to its rate", claim),
      fmt::format("give {} a venue against an asset that {} can be exchanged for outside", claim,
                  world.assets[desk.asset.value].name));
}

}  // namespace

void mark_desks(CompileContext& c) {
  std::int32_t desk = 0;
  const auto mark = [&](const auto& nodes) {
    for (const auto& node : nodes) {
      const auto found = c.assets.find(node.spec.issues.text);
      if (found != c.assets.end()) c.world.assets[found->second].desk = desk;
      ++desk;
    }
  };
  mark(c.nodes.bridges);
  mark(c.nodes.fiat_coins);
}

void compile_desks(CompileContext& c) {
  Snapshot& world = c.world;
  for (const auto& node : c.nodes.bridges) {
    RedemptionDesk desk;
    desk.bridge = true;
    if (!begin(c, node.name, node.cluster, node.spec, {}, desk)) return;
    desk.terms.delay_s = node.spec.delay.value;
    desk.terms.pro_rata = node.spec.pays == "pro_rata";
    if (node.spec.pauses_after) desk.terms.pauses_after_s = node.spec.pauses_after->value;
    world.desks.push_back(std::move(desk));
  }
  for (const auto& node : c.nodes.fiat_coins) {
    RedemptionDesk desk;
    if (!begin(c, node.name, node.cluster, node.spec, node.spec.reserves, desk)) return;
    desk.terms.delay_s = node.spec.delay.value;
    desk.terms.hours = hours_of(c, node.name, node.spec.open);
    const double hours_s = desk.terms.hours.closes_s - desk.terms.hours.opens_s;
    desk.terms.per_s *= 86400 / hours_s;  // a day's worth in a day's hours
    world.desks.push_back(std::move(desk));
  }
  for (std::uint32_t d = 0; d < world.desks.size(); ++d) find_trips(c, d);
  for (ArbitrageurInfo& a : world.arbitrageurs) {
    for (std::uint32_t t = 0; t < world.desk_trips.size(); ++t) {
      const VenueId at = world.desk_routes[world.desk_trips[t].route].at.venue;
      const bool stands = std::find(a.venues.begin(), a.venues.end(), at) != a.venues.end();
      if (stands) a.desk_trips.push_back(t);
    }
  }
}

void open_desks(CompileContext& c) {
  Snapshot& world = c.world;
  for (RedemptionDesk& desk : world.desks) {
    const AssetInfo& claim = world.assets[desk.claim.value];
    double elsewhere = 0, held = world.opening.balances[desk.cash.value];
    for (std::size_t i = 0; i < world.accounts.size(); ++i) {
      if (world.accounts[i].asset == desk.claim) elsewhere += world.opening.balances[i];
    }
    for (const std::uint32_t p : desk.parts) {
      held += world.opening.balances[world.reserve_parts[p].account.value];
    }
    const double supply = claim.quantum.down(claim.supply);
    if (elsewhere > supply) {
      c.diagnostics.error("E0635", c.at("assets." + claim.name + ".supply"),
                          fmt::format("{:.6g} {} are held, more than the {:.6g} there are",
                                      elsewhere, claim.name, claim.supply),
                          "raise the supply, or let venues, markets and agents hold less");
      continue;
    }
    world.opening.balances[desk.holders.value] = supply - elsewhere;
    world.total_supply[desk.claim.value] = supply;
    const double owed = supply * world.opening.market.contract_rate[desk.claim.value];
    desk.opening_held = held;
    desk.rounding = desk.rounding > 0 ? std::max(0.0, owed - held) : 0;
  }
}

}  // namespace faultline
