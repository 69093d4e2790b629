// Markets that absorb failing accounts: their base asset, the collateral they hold, and the counter
// where they sell what they took.
#include <algorithm>

#include <fmt/format.h>

#include "sim/compile/context.hpp"

namespace faultline {

namespace {

/// Whether one collateral's terms can be meant; reports where they cannot.
bool sound_terms(CompileContext& c, const AbsorbedCollateralSpec& spec, const std::string& path,
                 AssetId asset, AssetId base) {
  const std::string& name = c.world.assets[asset.value].name;
  if (asset == base) {
    c.diagnostics.error("E0600", c.at(path),
                        name + " is the base asset and cannot be collateral for itself",
                        "take it out of `collateral`");
    return false;
  }
  if (spec.borrow_cf.value < spec.liquidate_cf.value) return true;
  c.diagnostics.error("E0604", c.at(path + ".liquidate_cf"),
                      fmt::format("one may borrow {:.4g}% of {} and is absorbed at {:.4g}%",
                                  100 * spec.borrow_cf.value, name, 100 * spec.liquidate_cf.value),
                      "state a liquidate_cf above borrow_cf");
  return false;
}

void add_collateral_of(CompileContext& c, MarketId id, std::uint32_t place, AssetId asset,
                       const AbsorbedCollateralSpec& spec, const std::string& path) {
  const std::uint32_t base = c.world.absorbing[place].base;
  Reserve& posted = add_reserve(c, id, asset, path, spec.oracle);
  posted.terms = {.ltv = spec.borrow_cf.value, .lt = spec.liquidate_cf.value};
  posted.lent = posted.takes_debt = false;
  if (spec.supply_cap) posted.supply_cap = c.units(*spec.supply_cap, asset, path + ".supply_cap");
  const auto r = static_cast<std::uint32_t>(c.world.reserves.size() - 1);
  c.world.counters.push_back(
      {place, r, spec.liquidation_factor.value, c.account(Bearer::depositor, base, asset)});
}

}  // namespace

void add_absorbing(CompileContext& c, Market& market, MarketId id,
                   const AbsorbingMarket::Spec& spec) {
  const std::string path = "markets." + market.name;
  const AssetId lent = c.asset(spec.lends.text, path + ".lends");
  if (!lent.valid()) return;
  if (spec.collateral.empty()) {
    c.diagnostics.error("E0602", c.at(path + ".collateral"),
                        "'" + market.name + "' takes no collateral, so nobody can borrow",
                        "name an asset: `collateral: {WETH: {}}`");
    return;
  }
  AbsorbingInfo a;
  a.market = id;
  a.base = static_cast<std::uint32_t>(c.world.reserves.size());
  a.terms.price_factor = spec.price_factor.value;
  a.terms.target_reserves = c.units(spec.target_reserves, lent, path + ".target_reserves");
  a.pays_gas = spec.pays_gas;
  a.first_counter = static_cast<std::uint32_t>(c.world.counters.size());
  Reserve& base = add_reserve(c, id, lent, path, spec.loan_oracle);
  base.terms = {};
  base.rate = compile_rate(spec.rate);
  if (spec.supplied) c.supplied.back() = c.units(*spec.supplied, lent, path + ".supplied");
  if (spec.borrowed) c.borrowed.back() = c.units(*spec.borrowed, lent, path + ".borrowed");
  if (spec.protocol_reserves) {
    c.protocol.back() = c.units(*spec.protocol_reserves, lent, path + ".protocol_reserves");
  }
  const auto place = static_cast<std::uint32_t>(c.world.absorbing.size());
  c.world.absorbing.push_back(a);
  for (const auto& [name, terms] : spec.collateral) {
    const std::string at = path + ".collateral." + name;
    const AssetId asset = c.asset(name, at);
    if (asset.valid() && sound_terms(c, terms, at, asset, lent)) {
      add_collateral_of(c, id, place, asset, terms, at);
    }
  }
  AbsorbingInfo& made = c.world.absorbing.back();
  made.counters = static_cast<std::uint32_t>(c.world.counters.size()) - made.first_counter;
  market.absorbs = static_cast<std::int32_t>(place);
  if (spec.target_reserves.value > 0) return;
  c.diagnostics.warning(
      "W0600", c.at(path + ".target_reserves"),
      fmt::format("'{}' sells nothing at its counter until reserves are below zero", market.name),
      "state the `target_reserves` up to which it sells");
}

void check_absorbed_rows(CompileContext& c, const Market& market, const AccountRows& listed) {
  if (market.absorbs < 0 || c.diagnostics.failed()) return;
  const std::uint32_t base = c.world.absorbing[static_cast<std::size_t>(market.absorbs)].base;
  for (std::size_t i = 0; i < listed.size(); ++i) {
    bool lends = false, owes = false;
    listed.each_leg(i, [&](std::uint32_t r, double units, bool debt) {
      if (r == base && units > 0) (debt ? owes : lends) = true;
    });
    if (!lends || !owes) continue;
    c.diagnostics.error(
        "E0603", c.at("markets." + market.name + ".borrowers"),
        fmt::format("account {} of '{}' lends {} and owes it: there the two are "
                    "one balance",
                    i + 1, market.name, c.world.assets[c.world.reserves[base].asset.value].name),
        "state what is left of the two");
    return;
  }
}

void add_credit_leg(const Snapshot& world, const Market& market, std::vector<LegInput>& legs) {
  if (market.absorbs < 0) return;
  const std::uint32_t base = world.absorbing[static_cast<std::size_t>(market.absorbs)].base;
  const std::uint32_t factor = world.reserves[base].collateral_factor;
  const auto of_base = [&](const LegInput& l) { return l.factor == factor && !l.debt; };
  if (std::any_of(legs.begin(), legs.end(), of_base)) return;
  legs.insert(legs.begin(), {factor, 0, false});  // the first reserve of its market: first of all
}

}  // namespace faultline
