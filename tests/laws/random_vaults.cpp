// Curated vaults of random worlds; their shares may be collateral of markets that either funds.
#include <algorithm>

#include <fmt/format.h>

#include "tests/laws/random_sketch.hpp"
#include "tests/laws/vary.hpp"

namespace faultline::laws {

namespace {

/// Makes room for a vault's loan in a market that lends the quote asset; what it lends there, USD,
/// or 0.
double lent_by_vault(Sketch& s, MarketNode& node) {
  const auto debt = [&] {
    const auto& assets = node.rows.assets;
    const auto at = std::find(assets.begin(), assets.end(), quote_asset);
    return at == assets.end() ? 0.0
                              : most_used(node.rows, static_cast<std::size_t>(at - assets.begin()));
  };
  if (auto* market = std::get_if<IsolatedMarket::Spec>(&node.spec)) {
    if (market->lends.text != quote_asset || !node.groups.empty()) return 0;
    if (market->supplied) return market->supplied->value * s.draw.between(0.1, 0.9);
    return debt() * s.draw.between(1.02, 2) + s.draw.log_between(1, 1e4);
  }
  if (auto* market = std::get_if<AbsorbingMarket::Spec>(&node.spec)) {
    if (market->lends.text != quote_asset) return 0;
    if (market->supplied) return market->supplied->value * s.draw.between(0.1, 0.9);
    return debt() * s.draw.between(1.02, 2) + s.draw.log_between(1, 1e4);
  }
  auto* pool = std::get_if<PooledLending::Spec>(&node.spec);
  if (pool == nullptr) return 0;
  const auto reserve = pool->reserves.find(quote_asset);
  if (reserve == pool->reserves.end() || !reserve->second.supplied) return 0;
  const double usd = s.draw.log_between(1e2, 1e6);
  reserve->second.supplied->value += usd;
  return usd;
}

CuratedVaultSpec drawn_vault(Sketch& s) {
  CuratedVaultSpec v;
  vary(v, s.draw);
  if (s.draw.chance(0.6)) v.curator = s.prefix + (s.draw.chance(0.7) ? "house" : "other");
  v.asset = {quote_asset};
  v.performance_fee.value = s.draw.chance(0.5) ? s.draw.between(0, 0.3) : 0;
  if (!s.options.still && s.draw.chance(0.2)) v.management_fee.value = s.draw.between(0, 0.05);
  if (v.losses == "realise" && s.draw.chance(0.3)) v.max_rate = PerYear{s.draw.between(0, 2)};
  v.timelock.value = s.draw.chance(0.5) ? 0 : s.draw.log_between(10, 1000);
  if (s.draw.chance(0.6)) v.allocates["idle"] = s.worth(s.draw.log_between(10, 1e6), quote_asset);
  if (s.draw.chance(0.5)) {
    ReallocationSpec& curator = v.reallocates.emplace();
    vary(curator, s.draw);
    curator.after.value = s.draw.chance(0.3) ? 0 : s.draw.log_between(10, 1000);
    if (s.options.still) curator.full.value = 1;
    if (s.draw.chance(0.5)) curator.out_of.push_back({s.draw.pick(s.holdings())});
    curator.raises_caps = s.draw.chance(0.5);
    if (s.draw.chance(0.7)) {
      curator.gives_up = Seconds{s.draw.log_between(1, 100)};
      curator.out_of.push_back({"bad"});
    }
  }
  return v;
}

/// A market that takes a vault's share as collateral: small, so that its shares suffice.
void add_share_market(Sketch& s, const std::string& name, const std::string& share) {
  IsolatedMarket::Spec spec;
  vary(spec.losses, s.draw);
  vary_terms(s, spec);
  vary_rate(s, spec.rate);
  spec.lends = {quote_asset};
  spec.collateral = {share};
  MarketNode node;
  node.rows.assets = {share, quote_asset};
  for (int i = 0; i < 2; ++i) add_account(s, node.rows, {0}, {spec.lt.value, 1}, 1);
  node.spec = spec;
  s.eco.markets.push_back({name, {}, name, {}, node});
  s.markets.push_back(name);
}

}  // namespace

void add_curated_vaults(Sketch& s) {
  if (s.draw.chance(0.4)) return;
  const std::size_t count = 1 + s.draw.below(2);
  std::vector<CuratedVaultSpec> vaults;
  for (std::size_t i = 0; i < count; ++i) vaults.push_back(drawn_vault(s));
  const auto name_of = [&](std::size_t i) { return fmt::format("{}cv.{}", s.prefix, i); };
  const auto lend = [&](std::size_t to, const std::string& market, double usd) {
    vaults[to].allocates[market] = {usd, "$"};
    if (s.draw.chance(0.4)) vaults[to].caps[market] = {usd * s.draw.between(1, 1.5), "$"};
  };
  for (auto& market : s.eco.markets) {
    if (!market.name.starts_with(s.prefix) || s.draw.chance(0.3)) continue;
    const double usd = lent_by_vault(s, market.spec);
    if (usd > 0) lend(s.draw.below(count), market.name, usd);
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (s.draw.chance(0.5)) continue;
    AssetSpec share;
    share.rate = Rate{s.draw.between(0.8, 1.5), quote_asset};
    const std::string asset = fmt::format("{}VS{}", s.prefix, i), market = s.prefix + "on" + asset;
    s.eco.assets.push_back({asset, {}, {}, {}, share});
    s.usd[asset] = share.rate->value;
    vaults[i].issues = Name{asset};
    add_share_market(s, market, asset);
    const PositionRows& rows = s.eco.markets.back().spec.rows;
    lend(s.draw.below(count), market, most_used(rows, 1) * 1.5);
    const bool traded = s.draw.chance(0.3);  // enough of it for those who post it, and for pools
    const double posted = most_used(rows, 0) * share.rate->value * s.draw.between(1, 3);
    vaults[i].allocates["idle"] = {traded ? 1e9 : posted, "$"};
    if (traded) add_venue(s, s.draw.below(VenueKinds::size), {asset, quote_asset});
  }
  if (count == 2 && s.draw.chance(0.4)) {
    Amount& idle = vaults[0].allocates["idle"];
    idle = {std::max(idle.value, 0.0) + 1e7, "$"};
    vaults[1].allocates[name_of(0)] = {s.draw.log_between(1e3, 1e6), "$"};
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (vaults[i].allocates.empty()) vaults[i].allocates["idle"] = {1e3, "$"};
    s.eco.curated.push_back({name_of(i), {}, s.prefix + "cv", {}, vaults[i]});
  }
}

}  // namespace faultline::laws
