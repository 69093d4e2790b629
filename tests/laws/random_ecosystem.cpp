#include "tests/laws/random_ecosystem.hpp"

#include <cmath>

#include <fmt/format.h>

#include "sim/compile/expand_contracts.hpp"
#include "tests/laws/random_sketch.hpp"
#include "tests/laws/vary.hpp"

namespace faultline::laws {

namespace {

void add_assets(Sketch& s) {
  const auto size = static_cast<std::size_t>(s.options.size);
  s.usd[quote_asset] = 1;
  for (std::size_t i = 0; i < 1 + size / 2; ++i) {
    const std::string name = fmt::format("{}R{}", s.prefix, i);
    AssetSpec spec;
    spec.price = Amount{s.draw.log_between(0.01, 5e4), "$"};
    s.usd[name] = spec.price->value;
    if (s.draw.chance(0.3)) spec.supply = Amount{s.draw.log_between(1e8, 1e10), "$"};
    s.eco.assets.push_back({name, {}, {}, {}, spec});
    s.roots.push_back(name);
  }
  for (std::size_t i = 0; i < size / 2; ++i) {
    const std::string name = fmt::format("{}C{}", s.prefix, i);
    const std::string base = s.draw.pick(s.holdings());
    AssetSpec spec;
    spec.rate = Rate{s.draw.between(0.5, 2), base};
    if (s.draw.chance(0.4)) spec.discount = Ratio{s.draw.between(0, 0.05)};
    if (s.draw.chance(0.5)) spec.supply = Amount{s.draw.log_between(1e8, 1e10), "$"};
    s.usd[name] =
        spec.rate->value * s.usd.at(base) * (1 - (spec.discount ? spec.discount->value : 0));
    s.eco.assets.push_back({name, {}, {}, {}, spec});
    s.claims.push_back(name);
  }
  if (s.draw.chance(0.2)) s.unpriced = s.prefix + "N";
  if (!s.unpriced.empty()) s.eco.assets.push_back({s.unpriced, {}, {}, {}, AssetSpec{}});
}

void add_component(Draw& draw, const Options& options, Ecosystem& eco, const std::string& prefix) {
  Sketch s{.draw = draw, .options = options, .eco = eco, .prefix = prefix};
  add_assets(s);
  add_venues(s);
  add_oracles(s);
  add_markets(s);
  add_curated_vaults(s);
  add_agents(s);
  for (const std::string& a : s.holdings()) eco.exploitable.insert(a);
  add_pool_rules(eco, options, prefix);
  add_coins(eco, options, prefix);
  add_claims(eco, options, prefix);
  add_shares(eco, options, prefix);
}

}  // namespace

double Draw::log_between(double lo, double hi) {
  return lo * std::exp(uniform() * std::log(hi / lo));
}

Ecosystem random_ecosystem(const Options& options) {
  Draw draw(options.seed);
  Ecosystem eco;
  eco.name = fmt::format("random world {}", options.seed);
  vary(eco.clock, draw);
  eco.clock.round.value = draw.chance(0.5) ? 12 : 60;
  eco.clock.horizon.value = eco.clock.round.value * (20 + static_cast<double>(draw.below(30)));
  AssetSpec quote;
  quote.price = Amount{1, "$"};
  eco.assets.push_back({quote_asset, {}, {}, {}, quote});
  ChainSpec chain;
  chain.gas = {draw.between(0, 30), "$"};
  eco.chains.push_back({"chain", {}, {}, {}, chain});
  add_component(draw, options, eco, options.components ? "a" : "");
  if (options.components) add_component(draw, options, eco, "b");
  if (!options.components && draw.chance(0.3)) {  // some of it stands on another chain
    ChainSpec far;
    far.gas = {draw.between(0, 300), "$"};
    for (const auto& v : eco.venues) {
      if (draw.chance(0.4)) far.hosts.push_back({v.name});
    }
    for (const auto& m : eco.markets) {
      if (draw.chance(0.4)) far.hosts.push_back({m.name});
    }
    if (!far.hosts.empty()) eco.chains.push_back({"far", {}, {}, {}, far});
  }
  expand_contracts(eco);
  return eco;
}

}  // namespace faultline::laws
