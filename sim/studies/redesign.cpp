#include "sim/studies/redesign.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include <fmt/format.h>

namespace faultline {

namespace {

using MarketEntry = Named<MarketNode>;

constexpr double target_health = 1.05;     // dynamic: Aave v4's sizing [aave_v4_code]; our value
constexpr double full_bonus_below = 0.9;   // dynamic: our choice
constexpr double least_bonus_share = 0.5;  // dynamic: our choice
constexpr double breaker_moves = 0.2;      // dynamic: within an hour; our choices
constexpr double breaker_within_s = 3600, breaker_lasts_s = 1800;

bool meant(const DesignSpec& spec, const MarketEntry& node) {
  return spec.of.empty() || std::any_of(spec.of.begin(), spec.of.end(), [&](const Name& n) {
           return n.text == node.name || n.text == node.cluster;
         });
}

/// One leg of an account: units, and what they count in health.
struct HeldLeg {
  std::uint32_t reserve = 0;
  double units = 0, weighted_usd = 0;
};

/// An account as the book has it.
struct Held {
  std::string name;
  std::vector<HeldLeg> collateral, debt;
  double weighted_usd = 0, debt_usd = 0;
};

Held account_at(const Snapshot& world, std::uint32_t p) {
  Held a;
  a.name = world.positions.name(p);
  for (std::uint32_t leg = 0; leg < world.book->legs(p); ++leg) {
    const std::uint32_t f = world.book->factor(p, leg);
    const double units = world.book->base_amount(p, leg);
    if (!(units > 0)) continue;
    const double usd = units * world.opening.factors[f];
    const bool owed = leg >= world.book->collateral_legs(p);
    (owed ? a.debt : a.collateral).push_back({f / 2, units, usd});
    (owed ? a.debt_usd : a.weighted_usd) += usd;
  }
  return a;
}

std::string asset_name(const Snapshot& world, std::uint32_t r) {
  return world.assets[world.reserves[r].asset.value].name;
}

Amount units_of(const Snapshot& world, std::uint32_t r, double units) {
  return {units, asset_name(world, r)};
}

double reference_usd(const Snapshot& world, std::uint32_t r) {
  const double usd = world.opening.market.reference[world.reserves[r].asset.value];
  return std::isnan(usd) ? 0 : usd;
}

/// Whole parts of an amount in proportion to shares that sum to 1; the last takes what is left.
void cut(const Quantum& q, double amount, const std::vector<double>& shares,
         std::vector<double>& parts) {
  parts.clear();
  double left = amount;
  for (std::size_t i = 0; i + 1 < shares.size(); ++i) {
    parts.push_back(std::min(left, q.down(amount * shares[i])));
    left -= parts.back();
  }
  parts.push_back(left);
}

/// Appends an account of one collateral and one debt.
void add_account(PositionRows& rows, const std::string& name, double collateral, double debt) {
  if (rows.first_leg.empty()) rows.first_leg.push_back(0);
  if (collateral > 0) {
    rows.legs.push_back({0, 0, 0});
    rows.amounts.push_back(collateral);
  }
  if (debt > 0) {
    rows.legs.push_back({1, 1, 0});
    rows.amounts.push_back(debt);
  }
  rows.first_leg.push_back(static_cast<std::uint32_t>(rows.legs.size()));
  rows.accounts.push_back(name);
}

/// One market under construction: a collateral and a loan of the pool.
struct Part {
  PositionRows rows;
  double posted = 0, owed = 0;
};

/// What became of a market that vaults lend to: where its loan asset is lent now, and what share.
struct Successor {
  std::string market, loan;
  double share = 1;
};
using Successors = std::map<std::string, std::vector<Successor>>;

/// A cluster's vaults as the reserves of a pool; the terms of pairs are in its compiled categories.
PooledLending::Spec as_pool(const Cluster::Spec& cluster) {
  PooledLending::Spec out;
  for (const auto& [asset, vault] : cluster.vaults) {
    ReserveSpec& r = out.reserves[asset];
    r.oracle = vault.oracle;
    r.rate = vault.rate;
    r.supply_cap = vault.supply_cap;
    r.borrow_cap = vault.borrow_cap;
    r.close_factor = Ratio{1};
    r.trigger = "at_or_below";
  }
  out.losses = {.recognise = "collateral_gone", .bearers = {"haircut"}};
  return out;
}

PooledLending::Spec as_pool(const MarketKinds::Specs& spec) {
  const auto* cluster = std::get_if<Cluster::Spec>(&spec);
  return cluster != nullptr ? as_pool(*cluster) : std::get<PooledLending::Spec>(spec);
}

/// Takes a pool apart, or a cluster.
class Splitter {
 public:
  Splitter(const Snapshot& world, const DesignSpec& spec, const MarketEntry& node, std::uint32_t m)
      : world_(world),
        spec_(spec),
        node_(node),
        pool_(as_pool(node.spec.spec)),
        market_(world.markets[m]) {}

  void split(Redesigned& out, Successors& successors) {
    size_reserves();
    std::vector<Held> accounts;
    for (std::uint32_t p = 0; p < world_.positions.size(); ++p) {
      if (&world_.markets[world_.positions[p].market.value] != &market_) continue;
      accounts.push_back(account_at(world_, p));
      take_lenders(accounts.back());
    }
    for (const Held& a : accounts) {
      if (!a.debt.empty()) split_account(a);
    }
    for (auto& [pair, part] : parts_) {
      owed_[pair.second - market_.first_reserve] += part.owed;
      posted_[pot(pair.first) - market_.first_reserve] += part.posted;
      weighed_[pair.second - market_.first_reserve] += part.owed * threshold(pair.first);
    }
    note_gaps(out);
    const std::size_t markets = parts_.size();
    for (auto& [pair, part] : parts_) {
      const double supply = supply_of(pair.first, pair.second, part);
      MarketEntry market = make_market(pair.first, pair.second, part);
      const std::string loan = asset_name(world_, pair.second);
      const double all = std::max(needed(pair.second), supply);
      successors[node_.name].push_back({market.name, loan, supply / all});
      if (spec_.lenders == "vaults") {
        vaults_[loan].allocates[market.name] =
            units_of(world_, pair.second, supply * own_share(pair.second));
      }
      out.eco.markets.push_back(std::move(market));
    }
    for (auto& [loan, vault] : vaults_) {
      vault.asset = {loan};
      out.eco.curated.push_back({node_.name + "." + loan, {}, node_.name, node_.at, vault});
    }
    out.changes.push_back(
        fmt::format("{} becomes {} isolated markets", node_.name, std::to_string(markets)));
  }

 private:
  using Pair = std::pair<std::uint32_t, std::uint32_t>;  // collateral, loan

  double threshold(std::uint32_t r) const { return world_.reserves[r].terms.lt; }
  std::uint32_t local(std::uint32_t r) const { return r - market_.first_reserve; }
  std::uint32_t pot(std::uint32_t r) const { return world_.reserves[r].pot; }
  const Quantum& quantum(std::uint32_t r) const {
    return world_.assets[world_.reserves[r].asset.value].quantum;
  }

  /// What lenders without debt brought; what borrowers posted follows account by account.
  void size_reserves() {
    for (std::uint32_t i = 0; i < market_.reserve_count; ++i) {
      const std::uint32_t r = market_.first_reserve + i;
      const ReserveState& s = world_.opening.reserves[r];
      const double cash = world_.opening.balances[world_.reserves[r].cash.value];
      supplied_.push_back(s.supply_scaled);
      lent_.push_back(s.lender_scaled);
      protocol_.push_back(std::max(0.0, cash + s.debt_scaled - s.supply_scaled));
    }
    owed_.assign(market_.reserve_count, 0);
    posted_ = weighed_ = owed_;
  }

  /// What counts for no debt is merely lent: the account's lender is like any other.
  void take_lenders(const Held& a) {
    for (const HeldLeg& c : a.collateral) {
      if (a.debt.empty() || !(c.weighted_usd > 0)) lent_[local(pot(c.reserve))] += c.units;
    }
  }

  void split_account(const Held& a) {
    std::vector<const HeldLeg*> posts;
    for (const HeldLeg& c : a.collateral) {
      if (c.weighted_usd > 0) posts.push_back(&c);
    }
    if (posts.empty()) {
      for (const HeldLeg& d : a.debt) add(a, bare_market(d.reserve), d.reserve, 0, d.units);
      return;
    }
    std::vector<double> of_debt, of_weight;
    for (const HeldLeg& d : a.debt) of_debt.push_back(d.weighted_usd / a.debt_usd);
    for (const HeldLeg* c : posts) of_weight.push_back(c->weighted_usd / a.weighted_usd);
    std::vector<std::vector<double>> units(posts.size()), owed(a.debt.size());
    for (std::size_t i = 0; i < posts.size(); ++i) {
      cut(quantum(posts[i]->reserve), posts[i]->units, of_debt, units[i]);
    }
    for (std::size_t j = 0; j < a.debt.size(); ++j) {
      cut(quantum(a.debt[j].reserve), a.debt[j].units, of_weight, owed[j]);
    }
    for (std::size_t i = 0; i < posts.size(); ++i) {
      for (std::size_t j = 0; j < a.debt.size(); ++j) {
        add(a, posts[i]->reserve, a.debt[j].reserve, units[i][j], owed[j][i]);
      }
    }
  }

  /// Where a debt without any collateral goes: the loan's first market that stands, or one with the
  /// pool's first collateral.
  std::uint32_t bare_market(std::uint32_t loan) const {
    for (const auto& [pair, part] : parts_) {
      if (pair.second == loan) return pair.first;
    }
    for (std::uint32_t i = 0; i < market_.reserve_count; ++i) {
      if (threshold(market_.first_reserve + i) > 0) return market_.first_reserve + i;
    }
    return market_.first_reserve;
  }

  void add(const Held& a, std::uint32_t collateral, std::uint32_t loan, double units, double owed) {
    const double keeps = spec_.gap == "shrink" ? own_share(loan) : 1;
    units = quantum(collateral).down(units * keeps);
    owed = quantum(loan).up(owed * keeps);
    if (!(units > 0) && !(owed > 0)) return;
    Part& part = parts_[{collateral, loan}];
    add_account(part.rows, a.name, units, owed);
    part.posted += units;
    part.owed += owed;
  }

  /// Supply at which the pool's debt in an asset is used no more than it was, or than its rate
  /// aims at; lenders' own where that is more.
  double needed(std::uint32_t r) const {
    const double owed = world_.opening.reserves[r].debt_scaled, own = lent_[local(r)];
    const RateModel& rate = world_.reserves[r].rate;
    const double aim = rate.kind == RateKind::adaptive ? rate.target : rate.kink;
    const double used = owed / std::max(owed, supplied_[local(r)]);
    return std::max(own, owed > 0 ? owed / std::max(used, aim) : 0);
  }

  /// Share of that which lenders bring.
  double own_share(std::uint32_t r) const {
    const double all = needed(r);
    return all > 0 ? std::min(1.0, lent_[local(r)] / all) : 1;
  }

  void note_gaps(Redesigned& out) {
    for (std::uint32_t i = 0; i < market_.reserve_count; ++i) {
      const std::uint32_t r = market_.first_reserve + i;
      const double usd = reference_usd(world_, r);
      if (!(world_.opening.reserves[r].debt_scaled > 0)) {
        out.idle_usd += lent_[i] * usd;
        continue;
      }
      if (spec_.gap == "shrink") {
        out.shrunk_usd += (world_.opening.reserves[r].debt_scaled - owed_[i]) * usd;
        continue;
      }
      const double missing = needed(r) - lent_[i];
      if (missing > 0) out.gaps.push_back({asset_name(world_, r), missing, missing * usd});
    }
  }

  /// Supply of one part: its debt, and its share of what the pool has free.
  double supply_of(std::uint32_t collateral, std::uint32_t loan, const Part& part) const {
    const std::uint32_t j = local(loan);
    const double keeps = spec_.gap == "shrink" ? own_share(loan) : 1;
    const double all = std::max(needed(loan) * keeps, owed_[j]);
    if (parts_of(loan) == 1) return all;
    const double share = spec_.lenders == "risk_weighted" && weighed_[j] > 0
                             ? part.owed * threshold(collateral) / weighed_[j]
                             : part.owed / owed_[j];
    return part.owed + (all - owed_[j]) * share;
  }

  std::size_t parts_of(std::uint32_t loan) const {
    return static_cast<std::size_t>(std::count_if(
        parts_.begin(), parts_.end(), [&](const auto& p) { return p.first.second == loan; }));
  }

  MarketEntry make_market(std::uint32_t collateral, std::uint32_t loan, Part& part) {
    const ReserveSpec posts = terms_of(collateral);
    const ReserveSpec& lends = pool_.reserves.at(asset_name(world_, loan));
    IsolatedMarket::Spec m;
    static_cast<LendingTermsSpec&>(m) = posts;
    m.lends = {asset_name(world_, loan)};
    m.collateral = {asset_name(world_, collateral)};
    m.oracle = posts.oracle;
    m.loan_oracle = lends.oracle;
    m.rate = lends.rate;
    m.losses = pool_.losses;
    m.volatility_scaled = posts.volatility_scaled;
    m.supplied = units_of(world_, loan, supply_of(collateral, loan, part));
    const double of_loan = owed_[local(loan)] > 0 ? part.owed / owed_[local(loan)] : 0;
    m.protocol_reserves = units_of(world_, loan, protocol_[local(loan)] * of_loan);
    if (lends.borrow_cap) m.borrow_cap = scaled(*lends.borrow_cap, of_loan);
    const double all = posted_[local(pot(collateral))];
    if (posts.supply_cap && all > 0) m.supply_cap = scaled(*posts.supply_cap, part.posted / all);
    if (spec_.weights == std::optional<std::string>("own")) own_weights(m);
    MarketEntry out;
    out.name = node_.name + "." + m.collateral.text + "/" + m.lends.text + category(collateral);
    out.cluster = node_.name;
    out.at = node_.at;
    part.rows.assets = {m.collateral.text, m.lends.text};
    out.spec.rows = std::move(part.rows);
    out.spec.spec = std::move(m);
    return out;
  }

  /// A reserve as the pool states it, at the terms of the category it stands for.
  ReserveSpec terms_of(std::uint32_t r) const {
    ReserveSpec out = pool_.reserves.at(asset_name(world_, r));
    const std::int32_t emode = world_.reserves[r].emode;
    if (emode < 0) return out;
    if (market_.vault_cluster >= 0) {
      const LendingTerms& t = world_.reserves[r].terms;
      out.ltv.value = t.ltv;
      out.lt.value = t.lt;
      out.max_discount = Ratio{t.bonus / (1 + t.bonus)};
      return out;
    }
    const EmodeSpec& e = pool_.emodes.at(market_.emodes[static_cast<std::size_t>(emode)].name);
    out.lltv.reset();
    out.ltv = e.ltv;
    out.lt = e.lt;
    out.bonus = e.bonus;
    return out;
  }
  std::string category(std::uint32_t r) const {
    const std::int32_t emode = world_.reserves[r].emode;
    return emode < 0 || market_.vault_cluster >= 0
               ? ""
               : "@" + market_.emodes[static_cast<std::size_t>(emode)].name;
  }

  static Amount scaled(Amount a, double by) {
    a.value *= by;
    return a;
  }

  /// The parameters isolated markets have of their own: Morpho's LLTV and what follows from it.
  static void own_weights(IsolatedMarket::Spec& m) {
    const double lltv = lltv_at_least(m.lltv ? m.lltv->value : m.lt.value);
    static_cast<LendingTermsSpec&>(m) = LendingTermsSpec{};
    m.lltv = Ratio{lltv};
    m.losses = IsolatedMarket::Spec{}.losses;
  }

  const Snapshot& world_;
  const DesignSpec& spec_;
  const MarketEntry& node_;
  const PooledLending::Spec pool_;
  const Market& market_;
  std::map<Pair, Part> parts_;
  std::map<std::string, CuratedVaultSpec> vaults_;  // by loan asset
  // [reserve of the pool] units: all supply, lenders', the protocol's; owed, posted over all parts,
  // and owed times threshold.
  std::vector<double> supplied_, lent_, protocol_, owed_, posted_, weighed_;
};

/// A hub's cash is its spokes', too: it is not taken apart.
bool is_hub_or_spoke(const Snapshot& world, MarketId m) {
  return std::any_of(world.markets.begin(), world.markets.end(), [&](const Market& other) {
    return other.hub.valid() && (other.hub == m || other.name == world.markets[m.value].name);
  });
}

void isolate(const Snapshot& world, const DesignSpec& spec, Redesigned& out,
             Successors& successors) {
  std::vector<MarketEntry> sources;
  sources.swap(out.eco.markets);
  for (MarketEntry& node : sources) {
    const bool splits = std::holds_alternative<PooledLending::Spec>(node.spec.spec) ||
                        std::holds_alternative<Cluster::Spec>(node.spec.spec);
    if (!splits || !meant(spec, node) || is_hub_or_spoke(world, world.market(node.name))) {
      out.eco.markets.push_back(std::move(node));
      continue;
    }
    Splitter(world, spec, node, world.market(node.name).value).split(out, successors);
  }
}

// ---- isolated markets become a pool -----------------------------------------------------------

/// Markets of one family that a pool could hold.
std::map<std::string, std::vector<const MarketEntry*>> families(const Ecosystem& eco,
                                                                const DesignSpec& spec) {
  std::map<std::string, std::vector<const MarketEntry*>> out;
  for (const MarketEntry& node : eco.markets) {
    const auto* m = std::get_if<IsolatedMarket::Spec>(&node.spec.spec);
    if (m != nullptr && !m->stand_in && meant(spec, node)) out[node.cluster].push_back(&node);
  }
  std::erase_if(out, [](const auto& family) { return family.second.size() < 2; });
  for (auto& [name, members] : out) {
    std::sort(members.begin(), members.end(),
              [](const auto* a, const auto* b) { return a->name < b->name; });
  }
  return out;
}

/// Accounts of the joined markets, those of one name as one, in the order first met.
class Joiner {
 public:
  Joiner(const Snapshot& world, const std::vector<const MarketEntry*>& members) : world_(world) {
    for (const MarketEntry* member : members) take(*member);
  }

  MarketEntry pool(const std::string& name) {
    MarketEntry out;
    out.name = out.cluster = name;
    PooledLending::Spec spec;
    for (auto& [asset, r] : reserves_) {
      if (r.supplied) r.supplied->value += posted_[asset];
      spec.reserves.emplace(asset, r);
    }
    spec.losses = losses_;
    out.spec.spec = std::move(spec);
    PositionRows& rows = out.spec.rows;
    rows.first_leg.push_back(0);
    for (const Joined& a : accounts_) {
      for (const auto& [leg, units] : a.legs) {
        rows.legs.push_back({number(rows, leg.second), static_cast<std::uint8_t>(leg.first), 0});
        rows.amounts.push_back(units);
      }
      rows.first_leg.push_back(static_cast<std::uint32_t>(rows.legs.size()));
      rows.accounts.push_back(a.name);
    }
    return out;
  }

 private:
  struct Joined {
    std::string name;
    std::map<std::pair<int, std::string>, double> legs;  // side, asset: units
  };

  static std::uint16_t number(PositionRows& rows, const std::string& asset) {
    const auto at = std::find(rows.assets.begin(), rows.assets.end(), asset) - rows.assets.begin();
    if (static_cast<std::size_t>(at) == rows.assets.size()) rows.assets.push_back(asset);
    return static_cast<std::uint16_t>(at);
  }

  void take(const MarketEntry& node) {
    const auto& spec = std::get<IsolatedMarket::Spec>(node.spec.spec);
    const std::uint32_t m = world_.market(node.name).value;
    const std::uint32_t loan = world_.markets[m].first_reserve;
    losses_ = spec.losses;
    add_collateral(spec);
    add_loan(spec, loan);
    const bool listed = node.spec.groups.empty() && node.spec.rows.size() > 0;
    for (std::uint32_t p = 0; p < world_.positions.size(); ++p) {
      if (world_.positions[p].market.value != m) continue;
      const Held held = account_at(world_, p);
      if (held.collateral.empty() && held.debt.empty()) continue;
      Joined& a = account(held.name, listed);
      for (const HeldLeg& c : held.collateral) {
        a.legs[{0, asset_name(world_, c.reserve)}] += c.units;
        posted_[asset_name(world_, c.reserve)] += c.units;
      }
      for (const HeldLeg& d : held.debt) a.legs[{1, asset_name(world_, d.reserve)}] += d.units;
    }
  }

  void add_collateral(const IsolatedMarket::Spec& spec) {
    ReserveSpec& r = reserves_[spec.collateral.text];
    const double lt = spec.lltv ? spec.lltv->value : spec.lt.value;
    const double before = r.lltv ? r.lltv->value : r.lt.value;
    if (counted_.insert(spec.collateral.text).second || lt > before) {
      static_cast<LendingTermsSpec&>(r) = spec;
      r.oracle = spec.oracle;
    }
    r.collateral = true;
    if (!r.supplied) r.supplied = Amount{0, spec.collateral.text};
  }

  void add_loan(const IsolatedMarket::Spec& spec, std::uint32_t loan) {
    const std::string& asset = spec.lends.text;
    const bool fresh = !reserves_.contains(asset);
    ReserveSpec& r = reserves_[asset];
    if (fresh) r.collateral = false;
    const ReserveState& s = world_.opening.reserves[loan];
    const double cash = world_.opening.balances[world_.reserves[loan].cash.value];
    if (!r.supplied) r.supplied = Amount{0, asset};
    if (!r.protocol_reserves) r.protocol_reserves = Amount{0, asset};
    r.supplied->value += s.supply_scaled;
    r.protocol_reserves->value += std::max(0.0, cash + s.debt_scaled - s.supply_scaled);
    if (s.debt_scaled >= most_owed_[asset]) {
      most_owed_[asset] = s.debt_scaled;
      r.rate = spec.rate;
      if (!r.oracle) r.oracle = spec.loan_oracle;
    }
  }

  Joined& account(const std::string& name, bool listed) {
    if (listed && !name.empty()) {
      const auto [at, fresh] = by_name_.emplace(name, accounts_.size());
      if (!fresh) return accounts_[at->second];
    }
    accounts_.push_back({name, {}});
    return accounts_.back();
  }

  const Snapshot& world_;
  std::map<std::string, ReserveSpec> reserves_;
  std::map<std::string, double> posted_, most_owed_;
  std::set<std::string> counted_;
  LossSpec losses_;
  std::vector<Joined> accounts_;
  std::map<std::string, std::size_t> by_name_;
};

void join(const Snapshot& world, const DesignSpec& spec, Redesigned& out, Successors& successors) {
  const Ecosystem source = out.eco;
  for (const auto& [family, members] : families(source, spec)) {
    MarketEntry pool = Joiner(world, members).pool(family);
    for (const MarketEntry* m : members) {
      const std::string& loan = std::get<IsolatedMarket::Spec>(m->spec.spec).lends.text;
      successors[m->name].push_back({family, loan, 1});
    }
    std::erase_if(out.eco.markets, [&](const MarketEntry& node) {
      return std::any_of(members.begin(), members.end(),
                         [&](const MarketEntry* m) { return m->name == node.name; });
    });
    out.eco.markets.push_back(std::move(pool));
    out.changes.push_back(
        fmt::format("{} isolated markets of {} become one pool", members.size(), family));
  }
}

// ---- vaults lend on ---------------------------------------------------------------------------

/// Queues name every market once.
void rename_markets(const Successors& successors, const std::string& asset,
                    std::vector<Name>& queue) {
  std::vector<Name> out;
  const auto add = [&](const std::string& name) {
    const bool there =
        std::any_of(out.begin(), out.end(), [&](const Name& n) { return n.text == name; });
    if (!there) out.push_back({name});
  };
  for (const Name& n : queue) {
    const auto found = successors.find(n.text);
    if (found == successors.end()) {
      add(n.text);
      continue;
    }
    for (const Successor& s : found->second) {
      if (s.loan == asset) add(s.market);
    }
  }
  queue = std::move(out);
}

/// Amounts at markets that are no more go to what became of them.
void rename_markets(const Successors& successors, const std::string& asset,
                    std::map<std::string, Amount>& amounts) {
  std::map<std::string, Amount> out;
  const auto add = [&](const std::string& name, Amount amount) {
    const auto [at, fresh] = out.emplace(name, amount);
    if (!fresh) at->second.value += amount.value;
  };
  for (const auto& [name, amount] : amounts) {
    const auto found = successors.find(name);
    if (found == successors.end()) {
      add(name, amount);
      continue;
    }
    for (const Successor& s : found->second) {
      if (s.loan == asset) add(s.market, {amount.value * s.share, amount.unit});
    }
  }
  amounts = std::move(out);
}

void lend_on(const Successors& successors, Redesigned& out) {
  if (successors.empty()) return;
  for (Named<CuratedVaultSpec>& vault : out.eco.curated) {
    CuratedVaultSpec& v = vault.spec;
    rename_markets(successors, v.asset.text, v.allocates);
    rename_markets(successors, v.asset.text, v.caps);
    rename_markets(successors, v.asset.text, v.supply_queue);
    rename_markets(successors, v.asset.text, v.withdraw_queue);
  }
}

/// `pool.borrowing` at the markets that followed `pool`, each once; other names as they are.
std::vector<Name> at_successors(const Successors& successors, const std::vector<Name>& names) {
  std::vector<Name> out;
  for (const Name& n : names) {
    auto found = successors.find(n.text);
    std::string rest;
    for (const char* what : {".borrowing", ".liquidation"}) {
      if (!n.text.ends_with(what)) continue;
      rest = what;
      found = successors.find(n.text.substr(0, n.text.size() - rest.size()));
    }
    if (found == successors.end()) {
      out.push_back(n);
      continue;
    }
    for (const Successor& s : found->second) {
      const std::string name = s.market + rest;
      const bool there =
          std::any_of(out.begin(), out.end(), [&](const Name& o) { return o.text == name; });
      if (!there) out.push_back({name});
    }
  }
  return out;
}

void guard_on(const Successors& successors, Redesigned& out) {
  for (Named<GuardianSpec>& g : out.eco.guardians) {
    g.spec.in = at_successors(successors, g.spec.in);
  }
  for (Named<BreakerSpec>& b : out.eco.breakers) {
    b.spec.pauses = at_successors(successors, b.spec.pauses);
  }
}

// ---- dynamic ----------------------------------------------------------------------------------

void make_dynamic(LendingTermsSpec& terms) {
  terms.target_health = Ratio{target_health};
  terms.full_bonus_below = Ratio{full_bonus_below};
  terms.least_bonus_share = Ratio{least_bonus_share};
}

/// Nobody borrows from the market for a while once the price of this collateral has moved far.
void add_breaker(const std::string& market, const std::string& collateral, Redesigned& out) {
  Named<BreakerSpec> breaker;
  breaker.name = market + "." + collateral;
  breaker.spec.pauses.push_back({market + ".borrowing"});
  breaker.spec.when = {{collateral}, {breaker_moves}, {breaker_within_s}};
  breaker.spec.lasts.value = breaker_lasts_s;
  out.eco.breakers.push_back(std::move(breaker));
}

void make_dynamic(const DesignSpec& spec, Redesigned& out) {
  const bool own = spec.weights == std::optional<std::string>("own");
  for (MarketEntry& node : out.eco.markets) {
    if (!meant(spec, node)) continue;
    if (auto* pool = std::get_if<PooledLending::Spec>(&node.spec.spec)) {
      for (auto& [asset, r] : pool->reserves) {
        make_dynamic(r);
        if (!r.collateral) continue;
        add_breaker(node.name, asset, out);
        if (own) r.volatility_scaled.emplace();
      }
    } else if (auto* isolated = std::get_if<IsolatedMarket::Spec>(&node.spec.spec)) {
      if (isolated->stand_in) continue;
      make_dynamic(*isolated);
      add_breaker(node.name, isolated->collateral.text, out);
      if (own) isolated->volatility_scaled.emplace();
    } else {
      continue;
    }
    out.changes.push_back(fmt::format(
        "{} liquidates back to a health of {}, at a bonus that grows from half at 1 to the "
        "whole at {}; nobody borrows for {:.0f} min after a collateral moved {:.0f}% within an "
        "hour{}",
        node.name, target_health, full_bonus_below, breaker_lasts_s / 60, 100 * breaker_moves,
        own ? "; thresholds follow volatility" : ""));
  }
}

}  // namespace

double lltv_at_least(double threshold) {
  constexpr std::array<double, 8> enabled{0.385, 0.625, 0.77, 0.86, 0.915, 0.945, 0.965, 0.98};
  for (const double lltv : enabled) {
    if (lltv >= threshold) return lltv;
  }
  return threshold;
}

double Redesigned::gap_usd() const {
  double usd = 0;
  for (const DesignGap& g : gaps) usd += g.usd;
  return usd;
}

Redesigned redesign(const Ecosystem& eco, const Snapshot& world, const DesignSpec& spec) {
  Redesigned out;
  out.eco = eco;
  Successors successors;
  if (spec.redesign == "isolated") isolate(world, spec, out, successors);
  if (spec.redesign == "monolithic") join(world, spec, out, successors);
  lend_on(successors, out);
  guard_on(successors, out);
  if (spec.redesign == "dynamic") make_dynamic(spec, out);
  if (spec.redesign != "dynamic") out.eco.reported.clear();  // of markets that are no more
  return out;
}

}  // namespace faultline
