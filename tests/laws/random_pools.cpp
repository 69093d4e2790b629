// What stands around pools in random worlds: categories, spokes, isolation, scaled thresholds,
// stakers, guardians and breakers. Drawn from a stream of its own, onto a world that is whole
// without it.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "tests/laws/random_ecosystem.hpp"
#include "tests/laws/vary.hpp"

namespace faultline::laws {

namespace {

struct Pool {
  Named<MarketNode>& node;
  PooledLending::Spec& spec;
};

std::vector<std::string> reserve_names(const PooledLending::Spec& spec) {
  std::vector<std::string> out;
  for (const auto& [asset, reserve] : spec.reserves) out.push_back(asset);
  return out;
}

std::vector<Name> some_of(Draw& draw, const std::vector<std::string>& from, double share) {
  std::vector<Name> out;
  for (const std::string& name : from) {
    if (draw.chance(share)) out.push_back({name});
  }
  if (out.empty()) out.push_back({draw.pick(from)});
  return out;
}

bool names(const std::vector<Name>& list, const std::string& text) {
  return std::any_of(list.begin(), list.end(), [&](const Name& n) { return n.text == text; });
}

/// Accounts whose debts a category lends join it, some of them.
void fill_emode(Draw& draw, Pool& pool, const std::string& name, const EmodeSpec& emode) {
  PositionRows& rows = pool.node.spec.rows;
  rows.emodes.push_back(name);
  rows.emode_of.resize(rows.size(), 0);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    bool may = rows.emode_of[i] == 0;
    for (std::uint32_t l = rows.first_leg[i]; l < rows.first_leg[i + 1]; ++l) {
      if (rows.legs[l].side == 1) may = may && names(emode.borrow, rows.assets[rows.legs[l].asset]);
    }
    if (may && draw.chance(0.6)) {
      rows.emode_of[i] = static_cast<std::uint16_t>(rows.emodes.size());
    }
  }
  for (AccountGroup& g : pool.node.spec.groups) {
    bool may = g.emode.empty();
    for (const auto& [asset, amount] : g.owes) may = may && names(emode.borrow, asset);
    if (may && draw.chance(0.5)) g.emode = name;
  }
}

void add_emodes(Draw& draw, Pool& pool) {
  const std::vector<std::string> assets = reserve_names(pool.spec);
  for (std::size_t i = 0; i < draw.below(3); ++i) {
    const std::string name = fmt::format("mode{}", i);
    EmodeSpec& emode = pool.spec.emodes[name];
    emode.collateral = some_of(draw, assets, 0.5);
    emode.borrow = some_of(draw, assets, 0.6);
    emode.lt.value = draw.between(0.9, 0.96);  // no account is the worse for it
    emode.ltv.value = emode.lt.value * draw.between(0.9, 1);
    emode.bonus.value = draw.between(0, 0.97 / emode.lt.value - 1);
    fill_emode(draw, pool, name, emode);
  }
}

void vary_reserves(Draw& draw, const Options& options, Pool& pool) {
  for (auto& [asset, reserve] : pool.spec.reserves) {
    reserve.siloed = draw.chance(0.1);
    reserve.borrowable_in_isolation = draw.chance(0.4);
    if (draw.chance(0.1)) reserve.debt_ceiling = Amount{draw.log_between(1e3, 1e7), "$"};
    if (draw.chance(0.2)) {
      vary(reserve.volatility_scaled.emplace(), draw);
      reserve.volatility_scaled->usual.value = draw.log_between(0.01, 2);
      reserve.volatility_scaled->half_life.value = draw.log_between(60, 1e4);
      reserve.volatility_scaled->ramp.value = draw.log_between(60, 1e4);
    }
    if (options.still) reserve.draw_cap.reset();
  }
}

/// Stakers behind one reserve; claims no more than lenders are sure to hold.
void add_module(Draw& draw, const Options& options, Pool& pool, Ecosystem& eco) {
  if (draw.chance(0.6)) return;
  const std::string asset = draw.pick(reserve_names(pool.spec));
  pool.spec.losses.bearers = {"reserve", "stakers"};
  if (draw.chance(0.5)) pool.spec.losses.bearers.push_back("haircut");
  SafetyModuleSpec module;
  vary(module, draw);
  module.covers = {pool.node.name + "." + asset};
  module.claim = draw.chance(0.4);
  module.holds = {draw.log_between(1e-2, 1e4), asset};
  if (draw.chance(0.4)) module.offset = Amount{module.holds.value * draw.uniform(), asset};
  module.fee.value = draw.chance(0.3) ? draw.between(0, 0.1) : 0;
  if (!options.still && draw.chance(0.4)) {
    module.leaving = Amount{module.holds.value * draw.uniform(), asset};
    module.leaves_in = Seconds{eco.clock.horizon.value * draw.between(0, 0.8)};
  }
  eco.safety_modules.push_back({"stakers of " + pool.node.name, {}, {}, {}, module});
}

/// A market that lends what the pool's lenders put in.
Named<MarketNode> spoke_of(Draw& draw, const Options& options, Pool& pool) {
  Named<MarketNode> out = pool.node;
  out.name = out.cluster = pool.node.name + "spoke";
  auto& spec = std::get<PooledLending::Spec>(out.spec.spec);
  spec.shares_cash_with = Name{pool.node.name};
  for (auto& [asset, reserve] : spec.reserves) {
    auto& stated = pool.spec.reserves.at(asset).supplied;
    if (stated) stated->value *= 3;  // twice as much is posted and owed
    reserve.supplied.reset();
    reserve.protocol_reserves.reset();
    if (!options.still) reserve.lt.value = std::max(reserve.ltv.value, reserve.lt.value * 0.98);
    if (draw.chance(0.5)) reserve.draw_cap = Amount{draw.log_between(1e3, 1e8), "$"};
  }
  return out;
}

void add_defences(Draw& draw, Ecosystem& eco, const std::vector<std::string>& pools,
                  const std::vector<std::string>& assets, std::string_view prefix) {
  if (pools.empty() || assets.empty()) return;
  if (draw.chance(0.4)) {
    GuardianSpec guardian;
    guardian.in = some_of(draw, pools, 0.5);
    guardian.freezes = some_of(draw, assets, 0.5);
    if (draw.chance(0.4)) guardian.watches = some_of(draw, assets, 0.4);
    guardian.after.value = draw.between(0, 0.4) * eco.clock.horizon.value;
    eco.guardians.push_back({std::string(prefix) + "guardian", {}, {}, {}, guardian});
  }
  if (draw.chance(0.4)) {
    BreakerSpec breaker;
    vary(breaker, draw);
    for (const std::string& pool : pools) {
      const double u = draw.uniform();
      breaker.pauses.push_back({pool + (u < 0.3 ? "" : u < 0.6 ? ".borrowing" : ".liquidation")});
    }
    breaker.when.price = {draw.pick(assets)};
    breaker.when.moves.value = draw.between(0.01, 0.3);
    breaker.when.within.value = draw.between(0, 0.5) * eco.clock.horizon.value;
    breaker.lasts.value = draw.between(0, 0.3) * eco.clock.horizon.value;
    breaker.grace.value = draw.chance(0.3) ? draw.between(0, 0.1) * eco.clock.horizon.value : 0;
    eco.breakers.push_back({std::string(prefix) + "breaker", {}, {}, {}, breaker});
  }
}

}  // namespace

void add_pool_rules(Ecosystem& eco, const Options& options, std::string_view prefix) {
  Draw draw(options.seed ^ (prefix == "b" ? 0xb001b : 0xa001a));
  std::vector<Named<MarketNode>> spokes;
  std::vector<std::string> pools;
  std::set<std::string> held;
  for (auto& node : eco.markets) {
    auto* spec = std::get_if<PooledLending::Spec>(&node.spec.spec);
    if (spec == nullptr || !node.name.starts_with(prefix)) continue;
    Pool pool{node, *spec};
    if (draw.chance(0.5)) add_emodes(draw, pool);
    vary_reserves(draw, options, pool);
    if (draw.chance(0.25)) spokes.push_back(spoke_of(draw, options, pool));
    add_module(draw, options, pool, eco);
    pools.push_back(node.name);
    for (const std::string& asset : reserve_names(*spec)) held.insert(asset);
  }
  for (auto& spoke : spokes) {
    pools.push_back(spoke.name);
    eco.markets.push_back(std::move(spoke));
  }
  std::vector<std::string> own;
  for (const std::string& asset : held) {
    if (asset.starts_with(prefix) && asset != "USDX") own.push_back(asset);
  }
  add_defences(draw, eco, pools, own, prefix);
}

}  // namespace faultline::laws
