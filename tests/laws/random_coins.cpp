// Algorithmic coins and buyers of cheap collateral in random worlds. Drawn from a stream of its
// own, onto a world that is whole without them.
#include <algorithm>

#include "tests/laws/random_sketch.hpp"
#include "tests/laws/vary.hpp"

namespace faultline::laws {

namespace {

struct Coins : Addition {
  std::string coin, token;
  double token_usd = 1;
};

/// A book that trades move for good, so that nobody brings its price back.
void add_book(Coins& c, const std::string& name, const Pair& pair, double size) {
  OrderBook::Spec book;
  vary(book, c.draw);
  book.pair = pair;
  book.depth = {{size / 10, "$"}, c.draw.between(0.005, 0.02)};
  book.permanent.value = c.draw.between(0.1, 1);
  c.add(c.eco.venues, name, VenueNode{book, {}});
}

void add_issuer(Coins& c) {
  AlgorithmicCoinSpec issuer;
  vary(issuer, c.draw);
  issuer.coin = {c.coin};
  issuer.token = {c.token};
  issuer.peg = {1, "$"};
  issuer.base_pool = {c.draw.log_between(1e4, 1e8), "$"};
  issuer.recovery = c.draw.log_between(1, 100);
  issuer.block.value = c.draw.between(1, 60);
  issuer.least_spread.value = c.draw.between(0, 0.1);
  issuer.daily_cap.reset();
  if (!c.options.still && c.draw.chance(0.3)) {
    issuer.daily_cap = Amount{c.draw.log_between(1e4, 1e8), c.draw.chance(0.5) ? "$" : c.coin};
  }
  issuer.halts_at.reset();
  if (c.draw.chance(0.3)) {
    const AssetSpec& token = c.eco.assets.back().spec;
    issuer.halts_at = Amount{token.supply->value * c.draw.between(1.001, 2), c.token};
  }
  c.add(c.eco.coins, "mint", issuer);
}

void add_coin(Coins& c) {
  AssetSpec coin, token;
  coin.price = Amount{1, "$"};
  token.price = Amount{c.token_usd, "$"};
  const double size = c.draw.log_between(1e5, 1e8);
  coin.supply = Amount{size * c.draw.between(2, 20), c.coin};
  token.supply = Amount{size * c.draw.between(10, 40) / c.token_usd, c.token};
  token.max_supply = Amount{1e6 * token.supply->value, c.token};
  c.eco.assets.push_back({c.coin, {}, {}, {}, coin});
  c.eco.assets.push_back({c.token, {}, {}, {}, token});
  add_pool(c, "coin_pool", {c.coin, quote_asset}, size);
  if (c.draw.chance(0.5)) {
    add_pool(c, "token_pool", {c.token, quote_asset}, size);
  } else {
    add_book(c, "token_book", {c.token, quote_asset}, size);
  }
  if (c.draw.chance(0.3)) add_pool(c, "coin_token_pool", {c.token, c.coin}, size / 4);
  add_issuer(c);
  if (c.draw.chance(0.3)) return;
  CoinHolders::Spec holders;
  vary(holders, c.draw);
  holders.asset = {c.coin};
  holders.at = Name{c.prefix + "coin_pool"};
  holders.position = Amount{coin.supply->value * c.draw.between(0.05, 0.4), c.coin};
  holders.capital.reset();
  holders.band.reset();
  holders.gas.reset();
  holders.every.value = holders.latency.value = 0;
  c.add(c.eco.agents, "coin_holders", AgentSpecs{holders});
}

/// Who watches what some pools take.
void add_buyers(Coins& c) {
  CheapBuyersSpec buyers;
  vary(buyers, c.draw);
  for (const auto& node : c.eco.markets) {
    const auto* pool = std::get_if<PooledLending::Spec>(&node.spec.spec);
    if (pool == nullptr || !node.name.starts_with(c.prefix) || pool->shares_cash_with) continue;
    for (const auto& [asset, reserve] : pool->reserves) {
      const bool taken = reserve.collateral && reserve.lt.value > 0 && asset != quote_asset;
      const bool known = std::any_of(buyers.buys.begin(), buyers.buys.end(),
                                     [&](const Name& n) { return n.text == asset; });
      if (!taken || known || !asset.starts_with(c.prefix)) continue;
      buyers.buys.push_back({asset});
      if (buyers.in.empty() || buyers.in.back().text != node.name) buyers.in.push_back({node.name});
    }
  }
  if (buyers.buys.empty()) return;
  buyers.capital.reset();
  if (c.draw.chance(0.7)) buyers.capital = Amount{c.draw.log_between(1e3, 1e7), "$"};
  buyers.gas.reset();
  buyers.latency.value = c.draw.chance(0.5) ? 0 : c.draw.between(0, 300);
  buyers.turnover.value = c.draw.log_between(10, 3000);
  c.add(c.eco.agents, "cheap_collateral_buyers", AgentSpecs{buyers});
}

}  // namespace

void add_coins(Ecosystem& eco, const Options& options, std::string_view prefix) {
  Draw draw(options.seed ^ (prefix == "b" ? 0xc002c : 0xc001c));
  const std::string own(prefix);
  Coins c{{draw, options, eco, own}, own + "AC", own + "AT", 1};
  c.token_usd = draw.log_between(0.01, 1e3);
  if (draw.chance(0.5)) add_coin(c);
  if (draw.chance(0.5)) add_buyers(c);
}

}  // namespace faultline::laws
