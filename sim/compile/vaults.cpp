// Curated vaults: names become places, in order of name; what they lend is part of what reserves
// are supplied, and their books open with it.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/claims/vault_exits.hpp"
#include "sim/compile/context.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

constexpr std::uint32_t nowhere = VaultPlace::none;

class VaultMaker {
 public:
  VaultMaker(CompileContext& c, const Named<CuratedVaultSpec>& node)
      : c_(c), world_(c.world), node_(node), spec_(node.spec), path_("vaults." + node.name) {}

  void make() {
    v_.name = node_.name;
    v_.cluster = node_.cluster;
    v_.curator = spec_.curator.value_or("");
    v_.asset = c_.asset(spec_.asset.text, path_ + ".asset");
    if (!v_.asset.valid()) return;
    v_.terms.loss = spec_.losses == "carry" ? VaultLoss::carry : VaultLoss::realise;
    v_.terms.performance_fee = spec_.performance_fee.value;
    v_.terms.management_fee = spec_.management_fee.value / year_s;
    if (spec_.max_rate) v_.terms.max_rate = spec_.max_rate->value / year_s;
    v_.terms.timelock_s = spec_.timelock.value;
    add_places();
    v_.supply_queue = queue(spec_.supply_queue, path_ + ".supply_queue");
    v_.withdraw_queue = queue(spec_.withdraw_queue, path_ + ".withdraw_queue");
    check_withdraw_queue();
    add_rule();
    issue();
    const auto owner = static_cast<std::uint32_t>(world_.vaults.size());
    const auto idle = spec_.allocates.find("idle");
    const double units =
        idle == spec_.allocates.end()
            ? 0
            : c_.units(idle->second, v_.asset, path_ + ".allocates.idle") * c_.eco.book_scale;
    v_.idle = c_.account(Bearer::vault, owner, v_.asset, units);
    v_.wallet = c_.account(Bearer::vault, owner, v_.asset);
    world_.vaults.push_back(std::move(v_));
  }

 private:
  /// The reserve of a market where the vault's asset is lent.
  std::uint32_t lending_reserve(const Market& m) const {
    if (m.perp >= 0) return nowhere;
    for (std::uint32_t r = m.first_reserve; r < m.first_reserve + m.reserve_count; ++r) {
      const Reserve& reserve = world_.reserves[r];
      if (reserve.asset == v_.asset && reserve.lent && reserve.takes_debt) return r;
    }
    return nowhere;
  }

  bool find_place(const std::string& name, VaultPlace& place, const std::string& at) {
    place.name = name;
    const auto market = c_.markets.find(name);
    const Named<CuratedVaultSpec>* other = nullptr;
    for (std::uint32_t i = 0; i < c_.nodes.curated.size(); ++i) {
      if (c_.nodes.curated[i].name != name) continue;
      place.vault = i;
      other = &c_.nodes.curated[i];
    }
    if (market != c_.markets.end()) {
      const Market& m = world_.markets[market->second];
      place.vault = nowhere;
      place.reserve = lending_reserve(m);
      for (std::uint32_t r = m.first_reserve; r < m.first_reserve + m.reserve_count; ++r) {
        const Reserve& reserve = world_.reserves[r];
        if (reserve.terms.lt > 0) place.collateral.push_back(reserve.asset);
      }
      if (place.reserve != nowhere) return true;
    } else if (other != nullptr) {
      if (other->spec.asset.text == spec_.asset.text) return true;
    } else {
      std::vector<std::string_view> names{"idle"};
      for (const auto& [known, id] : c_.markets) names.push_back(known);
      for (const auto& node : c_.nodes.curated) names.push_back(node.name);
      const std::string near = nearest_name(name, names);
      c_.diagnostics.error(
          "E0510", c_.at(at), "no market or vault '" + name + "' to lend to",
          near.empty() ? "name a market, a vault or idle" : "did you mean '" + near + "'?");
      return false;
    }
    c_.diagnostics.error("E0511", c_.at(at),
                         fmt::format("'{}' lends no {}", name, spec_.asset.text),
                         "name markets that lend the vault's asset, or change its `asset`");
    return false;
  }

  void add_places() {
    v_.first_place = static_cast<std::uint32_t>(world_.vault_places.size());
    std::map<std::string, double> places;  // by name, so that the order of keys means nothing
    for (const auto& [name, amount] : spec_.allocates) {
      if (name == "idle") continue;
      places[name] = c_.units(amount, v_.asset, path_ + ".allocates." + name) * c_.eco.book_scale;
    }
    for (const auto& [name, cap] : spec_.caps) places.try_emplace(name, 0.0);
    for (const auto& [name, units] : places) {
      const bool lent = spec_.allocates.contains(name);
      VaultPlace place;
      if (!find_place(name, place, path_ + (lent ? ".allocates." : ".caps.") + name)) continue;
      VaultPlaceState state;
      if (const auto cap = spec_.caps.find(name); cap != spec_.caps.end()) {
        state.cap = c_.units(cap->second, v_.asset, path_ + ".caps." + name) * c_.eco.book_scale;
        if (units > state.cap * (1 + 1e-9)) {
          c_.diagnostics.warning(
              "W0512", c_.at(path_ + ".caps." + name),
              fmt::format("'{}' lends {:.6g} {} to '{}', above its cap of {:.6g}", node_.name,
                          units, spec_.asset.text, name, state.cap),
              "caps only stop what comes in");
        }
      }
      if (place.reserve != nowhere) lend(place.reserve, units);
      world_.vault_places.push_back(std::move(place));
      world_.opening.vaults.places.push_back(state);
      c_.placed.push_back(units);
    }
    v_.places = static_cast<std::uint32_t>(world_.vault_places.size()) - v_.first_place;
  }

  void lend(std::uint32_t r, double units) {
    c_.vault_units[r] += units;
    std::string& lenders = c_.vault_lenders[r];
    lenders += fmt::format("{}{} {:.6g}", lenders.empty() ? "" : ", ", node_.name, units);
  }

  std::vector<std::uint32_t> queue(const std::vector<Name>& names, const std::string& at) {
    std::vector<std::uint32_t> out;
    for (std::uint32_t p = v_.first_place; names.empty() && p < world_.vault_places.size(); ++p) {
      out.push_back(p);
    }
    for (const Name& name : names) {
      const auto begin = world_.vault_places.begin() + v_.first_place;
      const auto found = std::find_if(begin, world_.vault_places.end(),
                                      [&](const VaultPlace& p) { return p.name == name.text; });
      if (found == world_.vault_places.end()) {
        c_.diagnostics.error("E0513", c_.at(at),
                             fmt::format("'{}' is no market of '{}'", name.text, node_.name),
                             "give it an allocation or a cap there");
      } else {
        out.push_back(static_cast<std::uint32_t>(found - world_.vault_places.begin()));
      }
    }
    return out;
  }

  void check_withdraw_queue() {
    for (std::uint32_t p = v_.first_place; p < v_.first_place + v_.places; ++p) {
      const auto& q = v_.withdraw_queue;
      if (std::count(q.begin(), q.end(), p) == 1 || c_.diagnostics.failed()) continue;
      c_.diagnostics.error(
          "E0514", c_.at(path_ + ".withdraw_queue"),
          fmt::format("the withdraw queue of '{}' names '{}' {}", node_.name,
                      world_.vault_places[p].name,
                      std::count(q.begin(), q.end(), p) == 0 ? "nowhere" : "twice"),
          "name every market it lends to once");
    }
  }

  void add_rule() {
    if (!spec_.reallocates) return;
    const ReallocationSpec& s = *spec_.reallocates;
    CuratorRule& rule = v_.rule;
    rule.acts = true;
    rule.after_s = s.after.value;
    rule.off = s.off.value;
    rule.full = s.full.value;
    rule.raises_caps = s.raises_caps;
    if (s.gives_up) rule.gives_up_s = s.gives_up->value;
    for (const Name& what : s.out_of) {
      if (what.text == "full") {
        rule.out_of_full = true;
      } else if (what.text == "bad") {
        rule.out_of_bad = true;
      } else {
        const AssetId a = c_.asset(what.text, path_ + ".reallocates.out_of");
        if (a.valid()) rule.out_of.push_back(a);
      }
    }
  }

  void issue() {
    if (!spec_.issues) return;
    const std::string at = path_ + ".issues";
    v_.issued = c_.asset(spec_.issues->text, at);
    if (!v_.issued.valid()) return;
    AssetInfo& share = world_.assets[v_.issued.value];
    if (share.base != v_.asset) {
      c_.diagnostics.error(
          "E0515", c_.at(at), fmt::format("a share of '{}' pays {}", node_.name, spec_.asset.text),
          fmt::format("declare it as `{}: {{rate: 1 {}}}`", share.name, spec_.asset.text));
    } else if (share.issuer >= 0 || share.vault >= 0) {
      c_.diagnostics.error("E0497", c_.at(at), share.name + " is issued by another vault already",
                           "let one vault issue it");
    }
    share.vault = static_cast<std::int32_t>(world_.vaults.size());
    for (const auto& asset : c_.nodes.assets) {
      if (asset.name != share.name || !asset.spec.redeem) continue;
      c_.diagnostics.error("E0680", c_.at("assets." + asset.name + ".redeem"),
                           fmt::format("'{}' takes {} back already", node_.name, share.name),
                           "leave `redeem` out: the vault pays what cash it can reach");
    }
  }

  CompileContext& c_;
  Snapshot& world_;
  const Named<CuratedVaultSpec>& node_;
  const CuratedVaultSpec& spec_;
  std::string path_;
  CuratedVaultInfo v_;
};

/// Puts a vault after those it lends to; a circle is an error.
bool place_vault(CompileContext& c, std::uint32_t v, std::vector<int>& marks) {
  if (marks[v] == 2) return true;
  const CuratedVaultInfo& info = c.world.vaults[v];
  if (marks[v] == 1) {
    c.diagnostics.error("E0516", c.at("vaults." + info.name + ".allocates"),
                        "'" + info.name + "' lends to itself, through other vaults",
                        "let one of them lend to markets only");
    return false;
  }
  marks[v] = 1;
  for (std::uint32_t p = info.first_place; p < info.first_place + info.places; ++p) {
    const std::uint32_t other = c.world.vault_places[p].vault;
    if (other != nowhere && !place_vault(c, other, marks)) return false;
  }
  marks[v] = 2;
  c.world.vault_order.push_back(v);
  return true;
}

/// Claims on reserves, whole and no more than lenders have; gives units of them and what is idle.
double open_claims(CompileContext& c, const CuratedVaultInfo& v) {
  Snapshot& world = c.world;
  double units = world.opening.balances[v.idle.value];
  for (std::uint32_t p = v.first_place; p < v.first_place + v.places; ++p) {
    const VaultPlace& place = world.vault_places[p];
    VaultPlaceState& state = world.opening.vaults.places[p];
    if (place.vault != nowhere) {
      const CuratedVaultState& other = world.opening.vaults.vaults[place.vault];
      state.claim = c.placed[p] / other.price0;
      units += state.claim * other.price0;
      continue;
    }
    ReserveState& reserve = world.opening.reserves[place.reserve];
    const Quantum& q = world.assets[v.asset.value].quantum;
    state.claim = std::min(q.down(c.placed[p]),
                           reserve.lender_scaled - reserve.vault_scaled - reserve.staked_scaled);
    reserve.vault_scaled += state.claim;
    units += state.claim;
  }
  return units;
}

/// Vaults of one curator get one number.
void number_curators(Snapshot& world) {
  std::map<std::string, std::int32_t> numbers;
  for (CuratedVaultInfo& v : world.vaults) {
    if (v.curator.empty()) continue;
    v.curator_number =
        numbers.try_emplace(v.curator, static_cast<std::int32_t>(numbers.size())).first->second;
  }
}

/// Units a vault could pay at the opening, as `vault_payable` says it of a run.
double payable_at_opening(const Snapshot& world, std::uint32_t v) {
  const CuratedVaultInfo& info = world.vaults[v];
  double units = world.opening.balances[info.idle.value];
  for (const std::uint32_t p : info.withdraw_queue) {
    const VaultPlace& place = world.vault_places[p];
    const double claim = world.opening.vaults.places[p].claim;
    if (place.vault != nowhere) {
      const double owed = claim * world.opening.vaults.vaults[place.vault].price0;
      units += std::min(owed, payable_at_opening(world, place.vault));
    } else {
      const AccountId cash = world.reserves[world.reserves[place.reserve].pot].cash;
      units += std::min(claim, std::max(0.0, world.opening.balances[cash.value]));
    }
  }
  return units;
}

/// Shares of a vault that other vaults hold, pools and markets; whoever quotes or trades on credit
/// of the outside world holds none.
double shares_elsewhere(const Snapshot& world, std::uint32_t v) {
  double shares = 0;
  for (std::size_t p = 0; p < world.vault_places.size(); ++p) {
    if (world.vault_places[p].vault == v) shares += world.opening.vaults.places[p].claim;
  }
  const AssetId issued = world.vaults[v].issued;
  for (std::size_t i = 0; i < world.accounts.size() && issued.valid(); ++i) {
    const AccountInfo& a = world.accounts[i];
    const bool holds = a.bearer == Bearer::lp || a.bearer == Bearer::depositor;
    if (a.asset == issued && holds) shares += world.opening.balances[i];
  }
  return shares;
}

/// A vault's exit is as deep a way out as the vault is large: how much cash it has will change.
void find_exit(CompileContext& c, VenueId exit) {
  Snapshot& world = c.world;
  const VenueInfo& venue = world.venues[exit.value];
  if (!venue.of_vault) return;
  const auto& v = world.vaults[static_cast<std::size_t>(world.assets[venue.base.value].vault)];
  double& room = world.opening.venues.of<Redemption>()[venue.slot.index].room;
  room = world.opening.balances[v.idle.value];
  for (std::uint32_t p = v.first_place; p < v.first_place + v.places; ++p) room += c.placed[p];
  world.vault_exits.push_back(exit);
}

}  // namespace

void gather_vaults(CompileContext& c) {
  c.vault_units.assign(c.world.reserves.size(), 0);
  c.vault_lenders.assign(c.world.reserves.size(), {});
  for (const auto& node : c.nodes.curated) VaultMaker(c, node).make();
  if (c.diagnostics.failed()) return;
  for (std::uint32_t v = 0; v < c.world.venues.size(); ++v) find_exit(c, VenueId{v});
  number_curators(c.world);
  std::vector<int> marks(c.world.vaults.size(), 0);
  for (std::uint32_t v = 0; v < c.world.vaults.size(); ++v) {
    if (!place_vault(c, v, marks)) return;
  }
}

void open_vaults(CompileContext& c) {
  Snapshot& world = c.world;
  std::vector<CuratedVaultState>& states = world.opening.vaults.vaults;
  states.resize(world.vaults.size());
  for (const std::uint32_t v : world.vault_order) {
    const CuratedVaultInfo& info = world.vaults[v];
    CuratedVaultState& s = states[v];
    s.books.assets = open_claims(c, info);
    const double rate =
        info.issued.valid() ? world.opening.market.contract_rate[info.issued.value] : 1;
    s.books.shares = s.books.assets / rate;
    s.price0 = s.said = s.worth = s.books.shares > 0 ? vault_price(info.terms, s.books) : rate;
    s.rate = rate;
    s.opening_units = s.real = s.books.assets;
  }
  for (std::uint32_t v = 0; v < world.vaults.size(); ++v) {
    const double owed = states[v].opening_units;
    world.vaults[v].opening_used =
        owed > 0 ? std::max(0.0, 1 - payable_at_opening(world, v) / owed) : 1;
  }
  for (std::uint32_t v = 0; v < world.vaults.size(); ++v) {
    const CuratedVaultInfo& info = world.vaults[v];
    const double elsewhere = shares_elsewhere(world, v);
    states[v].depositors = std::max(0.0, states[v].books.shares - elsewhere);
    if (info.issued.valid()) world.assets[info.issued.value].supply = states[v].books.shares;
    if (elsewhere <= states[v].books.shares * (1 + 1e-9)) continue;
    c.diagnostics.error(
        "E0517", c.at("vaults." + info.name + ".allocates"),
        fmt::format("{:.6g} shares of '{}' are held and posted, it has issued {:.6g}", elsewhere,
                    info.name, states[v].books.shares),
        "let it lend more, or let others hold less of it");
  }
}

void open_vault_exits(CompileContext& c) {
  Snapshot& world = c.world;
  if (world.vault_exits.empty() || c.diagnostics.failed()) return;
  Workspace w(world);
  w.reset();
  refresh_vault_exits(world, w, false);
  world.opening.venues.of<Redemption>() = w.venues.of<Redemption>();
  for (const VenueId exit : world.vault_exits) {
    post_price(world, world.opening.venues, exit, world.opening.market);
  }
}

}  // namespace faultline
