// Perpetual venues: reserves for what is posted and for every contract, accounts drawn so that the
// stated open interest is met on both sides and nobody starts in breach.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/math.hpp"
#include "core/rng.hpp"
#include "sim/compile/context.hpp"
#include "sim/compile/expand_contracts.hpp"

namespace faultline {

namespace {

/// Amounts written in any asset, in dollars at the opening.
void to_dollars(CompileContext& c, Amount& amount, const std::string& path) {
  amount = Amount{c.usd(amount, path), "$"};
}
void to_dollars(CompileContext& c, std::optional<Amount>& amount, const std::string& path) {
  if (amount) to_dollars(c, *amount, path);
}

PerpLiquidationTerms liquidation_terms(CompileContext& c, PerpLiquidationSpec spec,
                                       const std::string& path) {
  to_dollars(c, spec.slice_above, path + ".slice_above");
  to_dollars(c, spec.block_least, path + ".block_least");
  to_dollars(c, spec.block_most, path + ".block_most");
  to_dollars(c, spec.small, path + ".small");
  return compile_perp_liquidation(spec);
}

InsuranceTerms insurance_terms(CompileContext& c, FundSpec spec, const std::string& path) {
  to_dollars(c, spec.cap, path + ".cap");
  to_dollars(c, spec.contract_cap, path + ".contract_cap");
  return compile_insurance(spec);
}

constexpr double least_health = 1.02;  // equity over the margin of liquidation at the start

void add_collateral(CompileContext& c, MarketId id, AssetId asset, const std::string& path,
                    const PerpCollateralSpec& spec, bool settles) {
  Reserve& r = add_reserve(c, id, asset, path, spec.oracle);
  r.terms.lt = spec.weight.value;
  r.terms.bonus = spec.bonus.value;
  r.lent = false;
  r.takes_debt = settles;
}

/// Margin of the lowest tier, at the venue's multiple, goes into the weights of both sides;
/// accounts in higher ones are found beside the search (find_tiered).
void add_contract(CompileContext& c, MarketId id, PerpVenue& venue, const std::string& path,
                  const std::string& underlying, PerpContractSpec spec,
                  const PerpMarket::Spec& market) {
  const std::string name = contract_name(c.nodes.markets[id.value].name, underlying);
  for (MarginTierSpec& tier : spec.tiers) to_dollars(c, tier.above, path + ".tiers");
  if (const auto problem = tiers_problem(spec); !problem.empty()) {
    c.diagnostics.error("E0461", c.at(path), "the margin of '" + name + "' cannot be used",
                        std::string(problem));
    return;
  }
  const AssetId asset = c.asset(name, path);
  if (!asset.valid()) return;
  PerpContract contract;
  contract.tiers = compile_tiers(spec);
  contract.funding =
      compile_funding(market.funding, contract.tiers[0].initial, contract.tiers[0].maintenance);
  contract.inverse = spec.inverse.has_value();
  if (contract.inverse) contract.funding.interest = -contract.funding.interest;
  contract.impact_usd = c.usd(market.impact, path + ".impact");
  contract.book = VenueId{c.venues.at(name)};
  contract.reserve = static_cast<std::uint32_t>(c.world.reserves.size());
  contract.index = feed_of(c, c.world.assets[asset.value].base);
  if (spec.oracle) {
    const auto found = c.oracles.find(spec.oracle->text);
    if (found == c.oracles.end()) {
      c.diagnostics.error("E0441", c.at(path + ".oracle"), "no oracle '" + spec.oracle->text + "'",
                          "declare it under oracles");
    } else {
      contract.index = OracleId{found->second};
    }
  }
  Reserve& r = add_reserve(c, id, asset, path, std::nullopt);
  r.terms.bonus = 0;
  r.terms.lt = 1 - venue.liquidate_at * contract.tiers[0].maintenance;
  r.debt_weight = 1 + venue.liquidate_at * contract.tiers[0].maintenance;
  r.contract = true;
  r.lent = r.takes_debt = false;
  contract.name = name;
  contract.number = c.world.contracts++;
  venue.contracts.push_back(std::move(contract));
}

/// The vault or fund of a name, as a backstop of the venue; none where no such node exists.
std::optional<Backstop> find_backstop(CompileContext& c, const std::string& name,
                                      const std::string& market, const std::string& path) {
  Backstop b;
  b.name = name;
  for (const auto& node : c.nodes.vaults) {
    if (node.name != name) continue;
    b.takes_over = true;
    b.holds_usd = c.usd(node.spec.holds, "vaults." + name + ".holds");
    b.unwind_s = node.spec.unwind.value;
    return b;
  }
  for (const auto& node : c.nodes.funds) {
    if (node.name != name) continue;
    b.holds_usd = c.usd(node.spec.holds, "funds." + name + ".holds");
    b.insurance = insurance_terms(c, node.spec, "funds." + name);
    const auto covers = [&](const Name& n) { return n.text == market; };
    if (!node.spec.covers.empty() &&
        std::none_of(node.spec.covers.begin(), node.spec.covers.end(), covers)) {
      c.diagnostics.error("E0465", c.at(path), "'" + name + "' does not cover '" + market + "'",
                          "add it to what the fund covers");
    }
    return b;
  }
  return std::nullopt;
}

/// Who bears losses, in the order written.
void add_absorbers(CompileContext& c, PerpVenue& venue, const std::string& path,
                   const PerpMarket::Spec& spec) {
  using Kind = PerpAbsorber::Kind;
  const std::string& market = c.nodes.markets[venue.market.value].name;
  for (const std::string& word : spec.losses) {
    if (word == "margin") continue;  // the account's own, always first
    if (word == "adl") {
      venue.absorbers.push_back({Kind::deleverage, 0});
    } else if (word == "socialise") {
      venue.absorbers.push_back({Kind::socialise, 0});
    } else if (auto b = find_backstop(c, word, market, path + ".losses")) {
      b->number = c.world.backstops++;
      venue.absorbers.push_back(
          {Kind::backstop, static_cast<std::uint32_t>(venue.backstops.size())});
      venue.backstops.push_back(std::move(*b));
    } else {
      c.diagnostics.error("E0464", c.at(path + ".losses"),
                          "'" + word + "' is no vault, no fund, and no way to bear a loss",
                          "write margin, adl, socialise, or declare it under vaults or funds");
    }
  }
  const bool vault = std::any_of(venue.backstops.begin(), venue.backstops.end(),
                                 [](const Backstop& b) { return b.takes_over; });
  if (!vault) venue.rules.liquidation.takeover_below = 0;
}

/// Whether a group holds contracts long: of inverse ones, whoever is short of the coin does.
bool holds_long(const TraderGroup& g, const PerpMarket::Spec& spec) {
  const bool inverse = !spec.contracts.empty() && spec.contracts.begin()->second.inverse;
  return g.is_long != inverse;
}

/// Draws the traders of one side of a venue.
class TraderMaker {
 public:
  TraderMaker(CompileContext& c, const Named<MarketNode>& node, std::uint32_t m, bool is_long)
      : c_(c),
        node_(node),
        spec_(std::get<PerpMarket::Spec>(node.spec.spec)),
        market_(c.world.markets[m]),
        venue_(c.world.perps[static_cast<std::size_t>(market_.perp)]),
        out_(c.gathered[m]),
        is_long_(is_long) {}

  void make() {
    if (!gather_open_interest()) return;
    if (!is_long_) add_hedges();
    for (const TraderGroup& g : node_.spec.traders) {
      if (holds_long(g, spec_) == is_long_) draw_sizes(g);
    }
    if (traders_.empty()) return write_hedges();
    std::vector<double> total(venue_.contracts.size(), 0);
    for (const Trader& t : traders_) {
      for (const auto& [contract, usd] : t.holds) total[contract] += usd;
    }
    for (std::size_t k = 0; k < total.size(); ++k) {  // nobody drew it: somebody holds it
      if (total[k] > 0 || open_usd_[k] == 0) continue;
      traders_[k % traders_.size()].holds.emplace_back(k, 1);
      total[k] = 1;
    }
    for (Trader& t : traders_) {
      for (auto& [contract, usd] : t.holds) usd *= open_usd_[contract] / total[contract];
      write(t);
    }
    write_hedges();
  }

 private:
  struct Trader {
    const TraderGroup* group;
    std::uint32_t number;
    std::uint32_t key;
    std::vector<std::pair<std::size_t, double>> holds;  // contract, USD
  };
  struct HeldShort {
    std::string name;
    const BasisTraders::Spec* spec;
    std::size_t contract;
    double units, usd;
  };

  double draw(const Trader& t, std::uint32_t purpose) const {
    return uniform({c_.world.seed, 0, t.key, t.number, purpose});
  }

  bool gather_open_interest() {
    std::size_t at = 0;
    for (const auto& [underlying, contract] : spec_.contracts) {
      const std::string path = "markets." + node_.name + ".contracts." + underlying;
      if (!contract.open_interest) {
        c_.diagnostics.error("E0462", c_.at(path),
                             fmt::format("how much of {} is open?", underlying),
                             "write `open_interest: $1.6bn`");
        return false;
      }
      const Reserve& r = c_.world.reserves[venue_.contracts[at].reserve];
      const AssetId base = c_.world.assets[r.asset.value].base;
      const double units = c_.units(*contract.open_interest, base, path + ".open_interest");
      open_usd_.push_back(units * c_.reference(r.asset) * c_.eco.book_scale);
      sum_usd_ += open_usd_.back();
      ++at;
    }
    return sum_usd_ > 0;
  }

  /// Carry traders hold part of the shorts that are open.
  void add_hedges() {
    for (const auto& node : c_.nodes.agents) {
      const auto* spec = std::get_if<BasisTraders::Spec>(&node.spec);
      if (spec == nullptr || spec->market.text != node_.name) continue;
      const std::string path = "agents." + node.name;
      const auto found = spec_.contracts.find(spec->asset.text);
      if (found == spec_.contracts.end() || found->second.inverse) {
        c_.diagnostics.error(
            "E0493", c_.at(path + ".asset"),
            fmt::format("'{}' has no linear contract on {}", node_.name, spec->asset.text),
            "name an asset it follows");
        continue;
      }
      const auto at = static_cast<std::size_t>(std::distance(spec_.contracts.begin(), found));
      const AssetId base = c_.asset(spec->asset.text, path + ".asset");
      const AssetId contract = c_.world.reserves[venue_.contracts[at].reserve].asset;
      const double units = c_.units(spec->position, base, path + ".position");
      const double usd = units * c_.reference(contract);
      if (usd > open_usd_[at]) {
        c_.diagnostics.error("E0494", c_.at(path + ".position"),
                             fmt::format("it is short of ${:.0f}, of ${:.0f} open in '{}'", usd,
                                         open_usd_[at], venue_.contracts[at].name),
                             "lower it, or state more `open_interest`");
        continue;
      }
      open_usd_[at] -= usd;
      sum_usd_ -= usd;
      hedges_.push_back({node.name, spec, at, units, usd});
    }
  }

  void write_hedges() {
    for (const HeldShort& h : hedges_) {
      const double equity = h.usd / h.spec->leverage.value;
      const Reserve& settles = c_.world.reserves[venue_.settles];
      const double quote = c_.reference(settles.asset);
      const std::uint32_t posts =
          h.spec->posts
              ? collateral_reserve(h.spec->posts->text, c_.at("agents." + h.name + ".posts"))
              : venue_.settles;
      const double balance = h.usd / quote;
      write_money(posts, equity, balance, quote);
      leg(venue_.contracts[h.contract].reserve, h.units, true, h.usd / h.units / quote);
      c_.hedges.push_back({h.name, static_cast<std::uint32_t>(&out_ - c_.gathered.data()),
                           static_cast<std::uint32_t>(out_.made.first_leg.size() - 1)});
      out_.made.first_leg.push_back(static_cast<std::uint32_t>(out_.made.legs.size()));
      out_.hedged.push_back(h.name);
    }
  }

  /// The reserve of a collateral asset; that of the settlement asset, and an error, where the venue
  /// takes none of it.
  std::uint32_t collateral_reserve(const std::string& asset, Span where) {
    for (std::uint32_t r = market_.first_reserve; r < venue_.contracts[0].reserve; ++r) {
      if (c_.world.assets[c_.world.reserves[r].asset.value].name == asset) return r;
    }
    c_.diagnostics.error("E0451", where,
                         fmt::format("'{}' takes no {} as collateral", market_.name, asset),
                         "name one of its collateral assets");
    return venue_.settles;
  }

  /// A contract by its share of the open interest that the account does not hold yet.
  std::size_t pick(const Trader& t, double u) const {
    double free = sum_usd_;
    for (const auto& held : t.holds) free -= open_usd_[held.first];
    double left = u * free;
    std::size_t last = 0;
    for (std::size_t k = 0; k < open_usd_.size(); ++k) {
      const bool held =
          std::any_of(t.holds.begin(), t.holds.end(), [&](const auto& h) { return h.first == k; });
      if (held || open_usd_[k] == 0) continue;
      last = k;
      if (left < open_usd_[k]) return k;
      left -= open_usd_[k];
    }
    return last;
  }

  void draw_sizes(const TraderGroup& g) {
    const auto n = static_cast<std::uint32_t>(g.count);
    const auto open = static_cast<long>(
        std::count_if(open_usd_.begin(), open_usd_.end(), [](double usd) { return usd > 0; }));
    for (std::uint32_t i = 0; i < n; ++i) {
      Trader t{&g, i, name_key((market_.name + "/" + g.name).c_str()), {}};
      const double size = math::exp(g.size_sd * inverse_normal(draw(t, 0)));
      const long held = std::min(g.contracts, open);
      for (long k = 0; k < held; ++k) {
        const double u = draw(t, static_cast<std::uint32_t>(8 + k));
        // Stratified in the first, so that every contract with a share of 1/n has traders.
        t.holds.emplace_back(pick(t, k == 0 ? (i + u) / n : u), size / static_cast<double>(held));
      }
      traders_.push_back(std::move(t));
    }
  }

  std::uint32_t posted_reserve(const Trader& t) {
    if (t.group->posts.empty()) return venue_.settles;
    double left = draw(t, 2), sum = 0;
    for (const auto& [asset, share] : t.group->posts) sum += share;
    for (const auto& [asset, share] : t.group->posts) {
      left -= share / sum;
      if (left > 0 && asset != t.group->posts.rbegin()->first) continue;
      return collateral_reserve(asset, t.group->at);
    }
    return venue_.settles;
  }

  void leg(std::uint32_t reserve, double units, bool owed, double entry = 0) {
    out_.made.legs.push_back({static_cast<std::uint16_t>(reserve - market_.first_reserve),
                              static_cast<std::uint8_t>(owed), 0});
    out_.made.amounts.push_back(units);
    out_.entries.push_back(entry);
  }

  /// What an account has and owes beside its contracts: equity (USD) in what it posts, and what its
  /// contracts traded for, in the settlement asset.
  void write_money(std::uint32_t posts, double equity, double balance, double quote) {
    if (posts == venue_.settles) {
      balance += equity / quote;
    } else {
      const Reserve& r = c_.world.reserves[posts];
      leg(posts, equity / (r.terms.lt * c_.reference(r.asset)), false);
    }
    leg(venue_.settles, std::max(0.0, balance), false);
    leg(venue_.settles, std::max(0.0, -balance), true);
  }

  void write(const Trader& t) {
    double notional = 0, maintenance = 0;
    for (const auto& [contract, usd] : t.holds) {
      notional += usd;
      maintenance += maintenance_margin(venue_.contracts[contract].tiers, usd);
    }
    const double most = notional / (least_health * venue_.liquidate_at * maintenance);
    const double equity = notional / draw_leverage(*t.group, draw(t, 1), most);
    const Reserve& settles = c_.world.reserves[venue_.settles];
    const double quote = c_.reference(settles.asset);
    const std::uint32_t posts = posted_reserve(t);
    const double balance = (is_long_ ? -notional : notional) / quote;
    write_money(posts, equity, balance, quote);
    for (std::size_t k = 0; k < t.holds.size(); ++k) {
      const auto& [contract, usd] = t.holds[k];
      const std::uint32_t r = venue_.contracts[contract].reserve;
      const double mark = c_.reference(c_.world.reserves[r].asset);
      const double z = inverse_normal(draw(t, static_cast<std::uint32_t>(40 + k)));
      leg(r, usd / mark, !is_long_, mark / quote * math::exp(t.group->entry_sd * z));
    }
    out_.made.first_leg.push_back(static_cast<std::uint32_t>(out_.made.legs.size()));
  }

  CompileContext& c_;
  const Named<MarketNode>& node_;
  const PerpMarket::Spec& spec_;
  const Market& market_;
  const PerpVenue& venue_;
  CompileContext::Gathered& out_;
  bool is_long_;
  std::vector<double> open_usd_;  // [contract]
  double sum_usd_ = 0;
  std::vector<Trader> traders_;
  std::vector<HeldShort> hedges_;
};

/// Accounts of the ledger that hold a contract beside the venue's own, and where their owner keeps
/// the settlement asset.
void find_holders(const Snapshot& world, const PerpVenue& venue, PerpContract& contract) {
  const AssetId asset = world.reserves[contract.reserve].asset;
  const AssetId quote = world.reserves[venue.settles].asset;
  for (std::uint32_t i = 0; i < world.accounts.size(); ++i) {
    const AccountInfo& a = world.accounts[i];
    if (a.asset != asset || a.bearer == Bearer::depositor) continue;
    for (std::uint32_t k = 0; k < world.accounts.size(); ++k) {
      const AccountInfo& other = world.accounts[k];
      if (other.bearer != a.bearer || other.owner != a.owner || other.asset != quote) continue;
      contract.holders.emplace_back(AccountId{i}, AccountId{k});
      break;
    }
  }
}

/// Accounts of a contract whose margin rises with size, the largest first.
void rank_by_size(const Positions& positions, const PerpVenue& venue, PerpContract& contract) {
  if (contract.tiers.size() < 2) return;
  for (std::uint32_t i = 0; i < venue.positions; ++i) {
    const std::uint32_t p = venue.first_position + i;
    Leg legs[kMostLegs];
    const RowLegs row = positions.row(p, legs);
    for (std::uint32_t leg = 0; leg < row.count; ++leg) {
      const auto [f, amount] = legs[leg];
      if (f / 2 == contract.reserve && amount > 0) contract.by_size.push_back({amount, p});
    }
  }
  std::stable_sort(contract.by_size.begin(), contract.by_size.end(),
                   [](const SizedRow& a, const SizedRow& b) { return a.size > b.size; });
}

/// Accounts so small that the least margin a pool asks is more than its share of their size.
void find_small(const Positions& positions, PerpVenue& venue) {
  const PoolPerpTerms& terms = venue.pool->terms;
  for (std::uint32_t i = 0; i < venue.positions; ++i) {
    const std::uint32_t p = venue.first_position + i;
    Leg legs[kMostLegs];
    const RowLegs row = positions.row(p, legs);
    for (std::uint32_t leg = 0; leg < row.count; ++leg) {
      const auto [f, size] = legs[leg];
      if (f / 2 == venue.settles && size * terms.min_collateral < terms.least_collateral_usd) {
        venue.pool->small.push_back(p);
      }
    }
  }
}

/// Inverse contracts are paid in their own coin, and share margin with no linear one.
void check_inverse(CompileContext& c, const PerpMarket::Spec& spec, const std::string& settles,
                   const std::string& path) {
  const auto inverse = [](const auto& entry) { return entry.second.inverse.has_value(); };
  const auto count = std::count_if(spec.contracts.begin(), spec.contracts.end(), inverse);
  if (count == 0) return;
  if (count < static_cast<std::ptrdiff_t>(spec.contracts.size())) {
    c.diagnostics.error("E0488", c.at(path + ".contracts"),
                        "inverse and linear contracts share no margin",
                        "give them markets of their own");
  }
  for (const auto& [underlying, contract] : spec.contracts) {
    if (!contract.inverse || underlying == settles) continue;
    c.diagnostics.error("E0488", c.at(path + ".contracts." + underlying),
                        "an inverse contract on " + underlying + " is paid in " + underlying,
                        "let the market settle in it: `settles: " + underlying + "`");
  }
}

}  // namespace

void add_perpetuals(CompileContext& c, Market& market, MarketId id, const PerpMarket::Spec& spec) {
  const std::string path = "markets." + market.name;
  market.perp = static_cast<std::int32_t>(c.world.perps.size());
  market.losses.recognition = Recognition::never;
  PerpVenue venue;
  venue.market = id;
  venue.number = static_cast<std::uint32_t>(market.perp);
  venue.settles = static_cast<std::uint32_t>(c.world.reserves.size());
  venue.liquidate_at = spec.liquidate_at.value;
  venue.rules.liquidation = liquidation_terms(c, spec.liquidation, path + ".liquidation");
  venue.rules.adl = compile_adl(spec.adl);
  if (const auto problem = funding_problem(spec.funding); !problem.empty()) {
    c.diagnostics.error("E0463", c.at(path + ".funding"),
                        "the funding of '" + market.name + "' cannot be used",
                        std::string(problem));
    return;
  }
  const std::string quote = settlement_asset(spec);
  const AssetId settles = c.asset(quote, path + ".settles");
  if (!settles.valid()) return;
  const auto stated = spec.collateral.find(quote);
  add_collateral(c, id, settles, path,
                 stated == spec.collateral.end() ? PerpCollateralSpec{} : stated->second, true);
  for (const auto& [name, collateral] : spec.collateral) {
    const std::string at = path + ".collateral." + name;
    const AssetId asset = c.asset(name, at);
    if (asset.valid() && name != quote) add_collateral(c, id, asset, at, collateral, false);
  }
  for (const auto& [underlying, contract] : spec.contracts) {
    add_contract(c, id, venue, path + ".contracts." + underlying, underlying, contract, spec);
  }
  check_inverse(c, spec, quote, path);
  add_absorbers(c, venue, path, spec);
  c.world.perps.push_back(std::move(venue));
}

double draw_leverage(const TraderGroup& g, double u, double most) {
  const double mu = math::log(g.leverage_median);
  const double sigma = (math::log(g.leverage_high) - mu) / inverse_normal(g.leverage_high_quantile);
  const double end = (math::log(most) - mu) / sigma;
  double z = inverse_normal(u);
  if (z > end) z = std::min(end, -z);
  return math::exp(mu + sigma * z);
}

namespace {

void generate_book_traders(CompileContext& c, const Named<MarketNode>& node, std::uint32_t m) {
  for (const bool is_long : {true, false}) {
    TraderMaker(c, node, m, is_long).make();
    for (const TraderGroup& g : node.spec.traders) {
      if (holds_long(g, std::get<PerpMarket::Spec>(node.spec.spec)) == is_long) {
        c.gathered[m].groups.emplace_back(g.name, static_cast<std::uint32_t>(g.count));
      }
    }
  }
  for (const std::string& agent : c.gathered[m].hedged) {
    c.gathered[m].groups.emplace_back(agent, 1);
  }
}

}  // namespace

void generate_traders(CompileContext& c, const Named<MarketNode>& node, std::uint32_t m) {
  CompileContext::Gathered& gathered = c.gathered[m];
  const Market& market = c.world.markets[m];
  gathered.made.first_leg.push_back(0);
  if (c.world.perps[static_cast<std::size_t>(market.perp)].pool) {
    generate_pool_traders(c, node, m);
  } else {
    generate_book_traders(c, node, m);
  }
  gathered.generated.rows = &gathered.made;
  for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
       ++r) {
    for (auto& reserve_of : gathered.generated.reserve_of) reserve_of.push_back(r);
  }
}

void backstop_legs(const CompileContext& c, const PerpVenue& venue, const Backstop& backstop,
                   std::vector<LegInput>& legs) {
  const Snapshot& world = c.world;
  const Market& market = world.markets[venue.market.value];
  const Reserve& settles = world.reserves[venue.settles];
  const Quantum& q = world.assets[settles.asset.value].quantum;
  legs.clear();
  for (const bool debt : {false, true}) {
    for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
         ++r) {
      const Reserve& reserve = world.reserves[r];
      if (debt && !reserve.contract && r != venue.settles) continue;
      const double holds =
          !debt && r == venue.settles ? q.down(backstop.holds_usd / c.reference(settles.asset)) : 0;
      legs.push_back({debt ? reserve.debt_factor : reserve.collateral_factor, holds, debt});
    }
  }
}

void number_traders(CompileContext& c) {
  Snapshot& world = c.world;
  std::uint32_t position = 0;
  for (std::uint32_t m = 0; m < world.markets.size(); ++m) {
    const CompileContext::Gathered& g = c.gathered[m];
    const auto accounts = static_cast<std::uint32_t>(g.listed.size() + g.generated.size());
    if (world.markets[m].perp >= 0) {
      PerpVenue& venue = world.perps[static_cast<std::size_t>(world.markets[m].perp)];
      venue.first_position = position;
      venue.positions = accounts;
      venue.entry_first.push_back(0);
      std::vector<std::pair<std::uint32_t, double>> legs;  // factor, entry
      for (std::uint32_t i = 0; i < accounts; ++i) {
        legs.clear();
        for (std::uint32_t l = g.made.first_leg[i]; l < g.made.first_leg[i + 1]; ++l) {
          const PositionRows::Leg leg = g.made.legs[l];
          const std::uint32_t r = world.markets[m].first_reserve + leg.asset;
          if (world.reserves[r].contract) legs.emplace_back(2 * r + leg.side, g.entries[l]);
        }
        std::sort(legs.begin(), legs.end(), [](const auto& a, const auto& b) {
          return a.first % 2 != b.first % 2 ? a.first % 2 < b.first % 2 : a.first < b.first;
        });
        for (const auto& [factor, entry] : legs) venue.entry.push_back(entry);
        venue.entry_first.push_back(static_cast<std::uint32_t>(venue.entry.size()));
      }
      if (!venue.pool) {
        for (PerpContract& contract : venue.contracts) find_holders(world, venue, contract);
      }
    }
    position += accounts;
    if (world.attacker_row[m] != 0xffffffffu) {
      position += 1 + static_cast<std::uint32_t>(world.markets[m].emodes.size());
    }
    if (world.markets[m].perp < 0) continue;
    position += static_cast<std::uint32_t>(
        world.perps[static_cast<std::size_t>(world.markets[m].perp)].backstops.size());
  }
}

void find_hedges(CompileContext& c) {
  Snapshot& world = c.world;
  for (const CompileContext::HedgeAccount& h : c.hedges) {
    const PerpVenue& venue = world.perps[static_cast<std::size_t>(world.markets[h.market].perp)];
    for (FlowAgentInfo& a : world.flow_agents) {
      if (a.name != h.agent) continue;
      a.hedge.row = venue.first_position + h.account;
      for (std::uint32_t leg = 0; leg < world.book->legs(a.hedge.row); ++leg) {
        const std::uint32_t f = world.book->factor(a.hedge.row, leg);
        if (f % 2 == 0 || !world.reserves[f / 2].contract) continue;
        a.hedge.leg = leg;
        a.hedge.index = venue.contract_of(f / 2).index;
        const AssetId contract = world.reserves[f / 2].asset;
        a.hedge.rounding =
            world.assets[contract.value].quantum.step + world.assets[a.asset.value].quantum.step;
      }
    }
  }
}

void check_hedges(CompileContext& c) {
  for (const auto& node : c.nodes.agents) {
    const auto* spec = std::get_if<BasisTraders::Spec>(&node.spec);
    if (spec == nullptr) continue;
    const auto found = c.markets.find(spec->market.text);
    if (found != c.markets.end()) {
      const std::int32_t perp = c.world.markets[found->second].perp;
      if (perp >= 0 && !c.world.perps[static_cast<std::size_t>(perp)].pool) continue;
    }
    c.diagnostics.error("E0499", c.at("agents." + node.name + ".market"),
                        "'" + spec->market.text + "' has no contracts to be short of",
                        "name a market of kind perpetuals");
  }
}

void rank_traders(Snapshot& world) {
  if (world.perps.empty()) return;
  const Positions positions(*world.book);
  for (PerpVenue& venue : world.perps) {
    for (PerpContract& contract : venue.contracts) rank_by_size(positions, venue, contract);
    if (venue.pool) find_small(positions, venue);
  }
}

}  // namespace faultline
