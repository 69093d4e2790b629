// Bridged tokens and coins on money in banks in random worlds, with a lender who takes the bridged
// token at its rate. Drawn from a stream of their own, onto a world that is whole without them.
#include <algorithm>

#include <fmt/format.h>

#include "tests/laws/random_sketch.hpp"
#include "tests/laws/vary.hpp"

namespace faultline::laws {

namespace {

/// What both kinds share, of a claim of which so much may be handed in.
void draw_desk(Addition& c, DeskSpec& desk, const std::string& claim, const std::string& asset,
               double supply, double rate) {
  vary(desk, c.draw);
  desk.issues = {claim};
  desk.holds.reset();
  if (!c.options.still && c.draw.chance(0.3)) {
    desk.holds = Amount{supply * rate * c.draw.between(0.2, 1), asset};
  }
  desk.capacity.reset();
  if (c.draw.chance(0.6)) {
    desk.capacity = Flow{supply * rate * c.draw.log_between(1e-6, 1e-2), asset};
  }
  desk.fee.value = c.draw.chance(0.5) ? 0 : c.draw.between(0, 0.05);
  desk.mints = c.draw.chance(0.7);
  desk.doubt.value = c.draw.between(0, 1);
}

/// Holders of the claim who sell it at its pool.
void add_holders(Addition& c, const std::string& claim, const std::string& pool, double supply) {
  CoinHolders::Spec holders;
  vary(holders, c.draw);
  holders.asset = {claim};
  holders.at = Name{c.prefix + pool};
  holders.position = Amount{supply * c.draw.between(0.05, 0.3), claim};
  holders.capital.reset();
  holders.band.reset();
  holders.gas.reset();
  holders.every.value = holders.latency.value = 0;
  c.add(c.eco.agents, claim.substr(c.prefix.size()) + "_holders", AgentSpecs{holders});
}

/// A market that lends dollars against the bridged token by what it pays by contract.
void add_lender(Addition& c, const std::string& claim, double usd, double size) {
  IsolatedMarket::Spec spec;
  spec.lends = {quote_asset};
  spec.collateral = {claim};
  spec.lltv = Ratio{c.draw.between(0.6, 0.92)};
  spec.lt = *spec.lltv;
  spec.rate.kind = c.options.still ? "none" : "kink";
  MarketNode node;
  node.rows.assets = {claim, quote_asset};
  node.rows.first_leg = {0};
  double owed = 0;
  for (int i = 0; i < 2 * c.options.size; ++i) {
    const double debt = size * c.draw.log_between(1e-4, 1e-2);
    const double health = c.draw.between(c.options.still ? 1.1 : 1.01, 1.6);
    node.rows.legs.insert(node.rows.legs.end(), {{0, 0, 0}, {1, 1, 0}});
    node.rows.amounts.insert(node.rows.amounts.end(),
                             {debt * health / (usd * spec.lt.value), debt});
    node.rows.first_leg.push_back(static_cast<std::uint32_t>(node.rows.legs.size()));
    owed += debt;
  }
  spec.supplied = Amount{1.3 * owed, quote_asset};
  node.spec = spec;
  c.add(c.eco.markets, "far_market", node);
}

/// A token with a home, and the same on another chain.
void add_bridge(Addition& c) {
  const std::string home = c.prefix + "HT", far = c.prefix + "BT";
  AssetSpec token, bridged;
  const double usd = c.draw.log_between(0.01, 1e4), size = c.draw.log_between(1e5, 1e8);
  token.price = Amount{usd, "$"};
  bridged.rate = Rate{c.draw.between(0.5, 2), home};
  const double each = usd * bridged.rate->value, supply = size * c.draw.between(2, 20) / each;
  bridged.supply = Amount{supply, far};
  c.eco.assets.push_back({home, {}, {}, {}, token});
  c.eco.assets.push_back({far, {}, {}, {}, bridged});
  add_pool(c, "home_pool", {home, quote_asset}, size);
  add_pool(c, "far_pool", {far, quote_asset}, size);
  if (c.draw.chance(0.3)) add_pool(c, "pair_pool", {far, home}, size / 4);
  BridgeSpec bridge;
  draw_desk(c, bridge, far, home, supply, bridged.rate->value);
  bridge.delay.value = c.draw.chance(0.5) ? 0 : c.draw.between(0, 1200);
  bridge.pays = c.draw.chance(0.7) ? "first_come" : "pro_rata";
  if (c.draw.chance(0.4)) bridge.pauses_after = Seconds{c.draw.between(0, 900)};
  c.add(c.eco.bridges, "bridge", bridge);
  if (c.draw.chance(0.7)) add_lender(c, far, each, size);
  if (c.draw.chance(0.5)) add_holders(c, far, "far_pool", supply);
  c.eco.exploitable.insert(home);
  c.eco.exploitable.insert(far);
}

/// A coin on dollars in banks, which may be closed.
void add_fiat_coin(Addition& c) {
  const std::string coin = c.prefix + "FC";
  AssetSpec spec;
  const double size = c.draw.log_between(1e5, 1e8), supply = size * c.draw.between(2, 20);
  spec.rate = Rate{1, quote_asset};
  spec.supply = Amount{supply, coin};
  c.eco.assets.push_back({coin, {}, {}, {}, spec});
  add_pool(c, "fiat_pool", {coin, quote_asset}, size);
  FiatCoinSpec fiat;
  draw_desk(c, fiat, coin, quote_asset, supply, 1);
  fiat.delay.value = c.draw.chance(0.5) ? 0 : c.draw.between(0, 600);
  if (c.draw.chance(0.6)) {
    fiat.reserves["bank"] = {{c.draw.between(0, 0.5)}, {0}};
    fiat.reserves["bills"] = {{c.draw.between(0, 0.5)}, {c.draw.log_between(60, 1e5)}};
  }
  if (c.draw.chance(0.6)) {  // it closes or opens within most runs
    c.eco.clock.starts = "2023-03-10 20:45";
    fiat.open = fmt::format("mon-fri {}-21:{:02}", c.draw.chance(0.5) ? "13:00" : "20:50",
                            c.draw.below(30));
  }
  c.add(c.eco.fiat_coins, "bank_coin", fiat);
  if (c.draw.chance(0.6)) add_holders(c, coin, "fiat_pool", supply);
}

}  // namespace

void add_claims(Ecosystem& eco, const Options& options, std::string_view prefix) {
  Draw draw(options.seed ^ (prefix == "b" ? 0xd00d2 : 0xd00d1));
  Addition c{draw, options, eco, std::string(prefix)};
  if (draw.chance(0.5)) add_bridge(c);
  if (draw.chance(0.4)) add_fiat_coin(c);
}

}  // namespace faultline::laws
