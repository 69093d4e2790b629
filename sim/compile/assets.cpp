// Assets: ids by name, opening references, and the order in which prices rest on each other.
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "sim/compile/context.hpp"

namespace faultline {

namespace {

enum class Mark : std::uint8_t { fresh, open, done };

/// Places `a` after the asset its rate is counted in; a circle of rates is an error.
bool place(CompileContext& c, std::uint32_t a, std::vector<Mark>& marks) {
  if (marks[a] == Mark::done) return true;
  const auto& node = c.nodes.assets[a];
  if (marks[a] == Mark::open && !node.spec.beside.empty()) {
    c.diagnostics.error(
        "E0667", c.at("vaults." + node.name),
        "the pool of '" + node.name + "' holds its own share, itself or by way of others",
        "let the pools of the circle trade something else");
    return false;
  }
  if (marks[a] == Mark::open) {
    c.diagnostics.error("E0403", c.at("assets." + node.name + ".rate"),
                        "the rate of '" + node.name + "' leads back to itself",
                        "give one asset of the circle a price");
    return false;
  }
  marks[a] = Mark::open;
  const AssetId base = c.world.assets[a].base;
  if (base.valid() && !place(c, base.value, marks)) return false;
  const auto beside = c.assets.find(node.spec.beside);  // the other coin of a share's pool
  if (beside != c.assets.end() && !place(c, beside->second, marks)) return false;
  marks[a] = Mark::done;
  c.world.price_order.push_back(AssetId{a});
  return true;
}

/// Which claims rest on each asset, at any remove; a pool's share rests on both its coins.
void note_claims(CompileContext& c) {
  Snapshot& world = c.world;
  world.claims_on.resize(world.assets.size());
  const auto note = [&](AssetId claim, AssetId issuer, auto&& again) -> void {
    for (; issuer.valid(); issuer = world.assets[issuer.value].base) {
      std::vector<AssetId>& claims = world.claims_on[issuer.value];
      if (claims.empty() || claims.back() != claim) claims.push_back(claim);
      const auto beside = c.assets.find(c.nodes.assets[issuer.value].spec.beside);
      if (beside != c.assets.end()) again(claim, AssetId{beside->second}, again);
    }
  };
  for (AssetId claim{0}; claim.value < world.assets.size(); ++claim.value) {
    note(claim, world.assets[claim.value].base, note);
    const auto beside = c.assets.find(c.nodes.assets[claim.value].spec.beside);
    if (beside != c.assets.end()) note(claim, AssetId{beside->second}, note);
  }
}

double opening_reference(CompileContext& c, std::uint32_t a) {
  const auto& node = c.nodes.assets[a];
  const AssetInfo& info = c.world.assets[a];
  if (!node.spec.beside.empty()) {  // a pool's share: once the pool stands
    return std::numeric_limits<double>::quiet_NaN();
  }
  if (info.base.valid()) {
    const double discount = node.spec.discount ? node.spec.discount->value : 0;
    return node.spec.rate->value * c.world.opening.market.reference[info.base.value] *
           (1 - discount);
  }
  return node.spec.price ? node.spec.price->value : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

void compile_assets(CompileContext& c) {
  Snapshot& world = c.world;
  for (std::uint32_t a = 0; a < c.nodes.assets.size(); ++a) {
    c.assets.emplace(c.nodes.assets[a].name, a);
    AssetInfo info;
    info.name = c.nodes.assets[a].name;
    info.illiquid = c.nodes.assets[a].spec.illiquid;
    info.contract = c.nodes.assets[a].spec.contract;
    world.assets.push_back(std::move(info));
    const AssetSpec& spec = c.nodes.assets[a].spec;
    if (spec.redeem && !spec.rate) {
      const std::string& name = c.nodes.assets[a].name;
      c.diagnostics.error("E0489", c.at("assets." + name + ".redeem"),
                          "nobody redeems '" + name + "': it is no claim",
                          "give it a rate, or leave `redeem` out");
    }
  }
  const std::size_t n = world.assets.size();
  MarketState& market = world.opening.market;
  market.reference.assign(n, std::numeric_limits<double>::quiet_NaN());
  market.contract_rate.assign(n, 1);
  market.discount.assign(n, 0);
  market.permanent.assign(n, 1);
  c.holdings.assign(n, 0);
  for (std::uint32_t a = 0; a < n; ++a) {
    const auto& node = c.nodes.assets[a];
    const std::string path = "assets." + node.name;
    if (node.spec.price && node.spec.rate) {
      c.diagnostics.error("E0402", c.at(path + ".rate"),
                          "'" + node.name + "' has both a price and a rate",
                          "keep the rate: its price follows from the asset it is counted in");
    }
    if (node.spec.price && node.spec.price->unit != "$") {
      c.diagnostics.error("E0402", c.at(path + ".price"), "a price is in dollars",
                          "write `rate: ...` for what one unit pays in another asset");
    }
    if (node.spec.rate) {
      world.assets[a].base = c.asset(node.spec.rate->unit, path + ".rate");
      market.contract_rate[a] = node.spec.rate->value;
      if (node.spec.discount) market.discount[a] = node.spec.discount->value;
    }
  }
  std::vector<Mark> marks(n, Mark::fresh);
  for (std::uint32_t a = 0; a < n; ++a) {
    if (!place(c, a, marks)) return;
  }
  world.claims_on.resize(n);
  note_claims(c);
  for (const AssetId a : world.price_order)
    market.reference[a.value] = opening_reference(c, a.value);
  for (std::uint32_t a = 0; a < n; ++a) {
    const auto& supply = c.nodes.assets[a].spec.supply;
    if (supply) world.assets[a].supply = c.units(*supply, AssetId{a}, "assets");
  }
}

}  // namespace faultline
