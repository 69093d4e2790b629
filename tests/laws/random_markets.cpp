// Markets of random worlds and their accounts: one generator per kind.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "sim/compile/expand_contracts.hpp"
#include "tests/laws/random_sketch.hpp"
#include "tests/laws/vary.hpp"

namespace faultline::laws {

void vary_terms(Sketch& s, LendingTermsSpec& t) {
  vary(t, s.draw);
  t.lltv.reset();
  t.lt.value = s.draw.between(0.5, 0.9);
  t.ltv.value = t.lt.value * s.draw.between(0.7, 1);
  t.bonus = Ratio{s.draw.between(0, std::min(0.15, 0.97 / t.lt.value - 1))};
  t.seize_share.value = s.draw.chance(0.3) ? s.draw.between(0, 0.03) : 0;
  t.protocol_fee.value = s.draw.chance(0.5) ? s.draw.between(0, 0.2) : 0;
  if (s.draw.chance(0.5)) t.close_factor = Ratio{s.draw.between(0.2, 1)};
  if (s.draw.chance(0.5)) t.full_below_hf = Ratio{s.draw.between(0.8, 1)};
  if (s.draw.chance(0.5)) t.small = Amount{s.draw.log_between(1, 5000), "$"};
  if (s.draw.chance(0.3)) t.min_leftover = Amount{s.draw.log_between(1, 2000), "$"};
  t.target_health.reset();
  t.full_bonus_below.reset();
  t.max_discount.reset();
  if (s.draw.chance(0.2)) t.target_health = Ratio{s.draw.between(1, 1.3)};
  if (s.draw.chance(0.2)) t.full_bonus_below = Ratio{s.draw.between(0.6, 0.99)};
  if (s.draw.chance(0.1)) {
    t.max_discount = Ratio{s.draw.between(0, std::min(0.2, 1 - t.lt.value / 0.97))};
  }
}

void vary_rate(Sketch& s, RateSpec& rate) {
  vary(rate, s.draw);
  if (s.options.still || s.draw.chance(0.3)) rate.kind = "none";
}

void add_account(Sketch& s, PositionRows& rows, const std::vector<std::size_t>& collateral,
                 const std::vector<double>& weights, std::size_t debt) {
  if (rows.first_leg.empty()) rows.first_leg.push_back(0);
  const double owed = s.draw.log_between(50, 3e5);
  const double health =
      s.options.still ? s.draw.between(1.3, 3) : std::exp(s.draw.between(-0.06, 0.8));
  const double share = s.draw.between(0.2, 0.8);
  for (std::size_t i = 0; i < collateral.size(); ++i) {
    const double part = collateral.size() == 1 ? 1 : i == 0 ? share : 1 - share;
    const std::string& asset = rows.assets[collateral[i]];
    rows.legs.push_back({static_cast<std::uint16_t>(collateral[i]), 0, 0});
    rows.amounts.push_back(owed * health * part / (weights[collateral[i]] * s.usd.at(asset)));
  }
  rows.legs.push_back({static_cast<std::uint16_t>(debt), 1, 0});
  rows.amounts.push_back(owed / s.usd.at(rows.assets[debt]));
  rows.first_leg.push_back(static_cast<std::uint32_t>(rows.legs.size()));
  rows.accounts.push_back(fmt::format("account-{}", rows.accounts.size()));
}

double most_used(const PositionRows& rows, std::size_t asset) {
  double posted = 0, owed = 0;
  for (std::size_t l = 0; l < rows.legs.size(); ++l) {
    if (rows.legs[l].asset == asset) (rows.legs[l].side == 1 ? owed : posted) += rows.amounts[l];
  }
  return std::max(posted, owed);
}

namespace {

template <class Kind>
struct MarketGenerator;

template <>
struct MarketGenerator<PooledLending> {
  static MarketNode make(Sketch& s) {
    PooledLending::Spec spec;
    vary(spec.losses, s.draw);
    MarketNode node;
    node.rows.assets = s.holdings();
    node.rows.assets.push_back(quote_asset);
    std::vector<double> weights;
    for (const std::string& a : node.rows.assets) {
      ReserveSpec& r = spec.reserves[a];
      vary_terms(s, r);
      vary_rate(s, r.rate);
      r.collateral = true;
      weights.push_back(r.lt.value);
    }
    const std::size_t n = node.rows.assets.size();
    const bool grouped = !s.options.still && s.draw.chance(0.25);
    for (int i = 0; !grouped && i < 3 * s.options.size * s.options.size; ++i) {
      std::vector<std::size_t> collateral{s.draw.below(n)};
      const std::size_t second = s.draw.below(n);
      if (s.draw.chance(0.4) && second != collateral[0]) collateral.push_back(second);
      add_account(s, node.rows, collateral, weights, s.draw.below(n));
    }
    for (std::size_t a = 0; a < n; ++a) size_reserve(s, node, a, spec.reserves, grouped);
    if (!s.unpriced.empty()) {
      ReserveSpec& r = spec.reserves[s.unpriced];
      vary_terms(s, r);
      vary_rate(s, r.rate);
      r.supplied = Amount{s.draw.log_between(1, 1e6), s.unpriced};
    }
    node.spec = spec;
    return node;
  }

 private:
  static void size_reserve(Sketch& s, MarketNode& node, std::size_t a,
                           std::map<std::string, ReserveSpec>& reserves, bool grouped) {
    const std::string& asset = node.rows.assets[a];
    ReserveSpec& r = reserves[asset];
    const double used = most_used(node.rows, a);
    if (grouped && s.draw.chance(0.5)) {
      r.borrowed = s.worth(s.draw.log_between(1e4, 1e6), asset);
      AccountGroup g;
      g.name = "group-" + asset;
      g.count = static_cast<long>(4 + s.draw.below(12));
      g.owes[asset] = *r.borrowed;
      node.groups.push_back(g);
    } else if (used > 0 && s.draw.chance(0.7)) {
      r.supplied = Amount{used * s.draw.between(1.02, 2), asset};
    }
    if (s.draw.chance(0.3)) r.supply_cap = s.worth(s.draw.log_between(1e5, 1e8), asset);
    if (s.draw.chance(0.3)) r.borrow_cap = s.worth(s.draw.log_between(1e5, 1e8), asset);
    if (s.draw.chance(0.3)) r.protocol_reserves = s.worth(s.draw.log_between(10, 1e5), asset);
  }
};

template <>
struct MarketGenerator<IsolatedMarket> {
  static MarketNode make(Sketch& s) {
    IsolatedMarket::Spec spec;
    vary(spec.losses, s.draw);
    vary_terms(s, spec);
    vary_rate(s, spec.rate);
    if (s.draw.chance(0.5)) {
      spec.lltv = Ratio{s.draw.between(0.6, 0.92)};
      spec.bonus.reset();
      spec.lt = *spec.lltv;
      spec.max_discount.reset();
    }
    MarketNode node;
    const std::string collateral = s.draw.pick(s.holdings());
    std::string loan = s.draw.chance(0.5) ? quote_asset : s.roots[0];
    if (loan == collateral) loan = quote_asset;
    spec.lends = {loan};
    spec.collateral = {collateral};
    node.rows.assets = {collateral, loan};
    for (int i = 0; i < s.options.size * s.options.size; ++i) {
      add_account(s, node.rows, {0}, {spec.lt.value, 1}, 1);
    }
    if (s.draw.chance(0.6)) {
      spec.supplied = Amount{most_used(node.rows, 1) * s.draw.between(1.02, 2), loan};
    }
    node.spec = spec;
    return node;
  }
};

template <>
struct MarketGenerator<BandMarket> {
  static MarketNode make(Sketch& s) {
    BandMarket::Spec spec;
    vary(spec, s.draw);
    vary_rate(s, spec.rate);
    MarketNode node;
    const std::string collateral = s.draw.pick(s.holdings());
    std::string coin = s.draw.chance(0.5) ? quote_asset : s.roots[0];
    if (coin == collateral) coin = quote_asset;
    spec.lends = {coin};
    spec.collateral = {collateral};
    spec.amplification = s.draw.between(50, 200);
    spec.oracle.reset();
    spec.base_price.reset();
    spec.supplied.reset();
    spec.borrowed.reset();
    spec.fee.value = s.draw.between(0.0005, 0.02);
    spec.loan_discount.value = s.draw.between(0.05, 0.2);
    spec.liquidation_discount.value = s.draw.between(0.02, spec.loan_discount.value);
    spec.oracle_half_life.value = s.draw.chance(0.3) ? 0 : s.draw.log_between(30, 3000);
    node.rows.assets = {collateral, coin};
    if (s.draw.chance(0.4)) {
      AccountGroup g;
      g.name = "loans";
      g.count = static_cast<long>(4 + s.draw.below(20));
      g.owes[coin] = s.worth(s.draw.log_between(1e4, 1e6), coin);
      g.bands = s.draw.chance(0.5) ? 0 : static_cast<long>(4 + s.draw.below(20));
      node.groups.push_back(g);
    }
    // What a loan of `bands` becomes at the price, less the discount, is its collateral's weight.
    const double weight = (1 - spec.liquidation_discount.value) *
                          (1 - static_cast<double>(spec.bands) / (2 * spec.amplification));
    for (int i = 0; i < s.options.size * s.options.size; ++i) {
      add_account(s, node.rows, {0}, {weight, 1}, 1);
      if (!s.options.still && s.draw.chance(0.4)) lay_somewhere(s, node.rows);
    }
    if (s.draw.chance(0.4)) {
      spec.supplied = Amount{most_used(node.rows, 1) * s.draw.between(1.02, 2) +
                                 (node.groups.empty() ? 0 : 2e6 / s.usd.at(coin)),
                             coin};
    }
    node.spec = spec;
    return node;
  }

 private:
  /// The last account's loan lies where the price has been, and holds coins.
  static void lay_somewhere(Sketch& s, PositionRows& rows) {
    rows.bands.resize(rows.accounts.size());
    const long first = static_cast<long>(s.draw.below(60)) - 20;
    rows.bands.back() = {first, first + 3 + static_cast<long>(s.draw.below(30))};
    if (s.draw.chance(0.5)) return;
    rows.legs.push_back({1, 0, 0});
    rows.amounts.push_back(s.draw.log_between(50, 1e4) / s.usd.at(rows.assets[1]));
    rows.first_leg.back() = static_cast<std::uint32_t>(rows.legs.size());
  }
};

/// Who bears the losses of a perpetual venue; its vaults and funds are added to the world.
std::vector<std::string> absorbers(Sketch& s) {
  std::vector<std::string> out{"margin"};
  const std::string suffix = std::to_string(s.eco.vaults.size() + s.eco.funds.size());
  if (s.draw.chance(0.5)) {
    VaultSpec vault;
    vary(vault, s.draw);
    vault.holds = s.worth(s.draw.log_between(1e4, 1e7), s.roots[0]);
    s.eco.vaults.push_back({s.prefix + "vault" + suffix, {}, {}, {}, vault});
    out.push_back(s.eco.vaults.back().name);
  }
  if (s.draw.chance(0.5)) {
    FundSpec fund;
    vary(fund, s.draw);
    fund.holds = s.worth(s.draw.log_between(1e3, 1e6), s.roots[0]);
    if (s.draw.chance(0.4)) fund.cap = s.worth(s.draw.log_between(1e2, 1e5), s.roots[0]);
    s.eco.funds.push_back({s.prefix + "fund" + suffix, {}, {}, {}, fund});
    out.push_back(s.eco.funds.back().name);
  }
  if (s.draw.chance(0.7)) out.push_back("adl");
  if (s.draw.chance(0.5)) out.push_back("socialise");
  return out;
}

/// Margin that rises with the size of a position, at notionals some accounts reach.
void add_tiers(Sketch& s, PerpContractSpec& contract, double open_usd) {
  if (s.draw.chance(0.5)) return;
  contract.tiers.resize(1);
  MarginTierSpec& first = contract.tiers[0];
  first.above = {0, "$"};
  first.maintenance.reset();
  first.max_leverage.value = s.draw.between(15, 40);
  double above = open_usd * s.draw.log_between(1e-3, 0.05), leverage = first.max_leverage.value;
  for (std::size_t n = 0; n < 1 + s.draw.below(3); ++n) {
    MarginTierSpec next;
    next.above = s.worth(above, quote_asset);
    leverage *= s.draw.between(0.4, 0.9);
    next.max_leverage.value = std::max(1.0, leverage);
    contract.tiers.push_back(next);
    above *= s.draw.between(1.5, 4);
  }
}

/// Traders of both sides, posting the assets of `posts` in some proportion.
void add_traders(Sketch& s, MarketNode& node, const std::vector<std::string>& posts,
                 std::size_t most_contracts) {
  for (const bool is_long : {true, false}) {
    TraderGroup g;
    g.name = is_long ? "longs" : "shorts";
    g.is_long = is_long;
    g.count = static_cast<long>(5 + s.draw.below(20));
    g.leverage_median = s.draw.between(1.5, 8);
    g.leverage_high = g.leverage_median * s.draw.between(1.5, 4);
    g.entry_sd = 0.05;
    g.contracts = static_cast<long>(1 + s.draw.below(most_contracts));
    for (const std::string& asset : posts) {
      if (s.draw.chance(0.7)) g.posts[asset] = s.draw.between(0.1, 1);
    }
    node.traders.push_back(g);
  }
}

template <>
struct MarketGenerator<PerpMarket> {
  static MarketNode make(Sketch& s) {
    PerpMarket::Spec spec;
    spec.collateral[quote_asset];
    if (s.draw.chance(0.6)) {
      PerpCollateralSpec& posted = spec.collateral[s.draw.pick(s.holdings())];
      vary(posted, s.draw);
      posted.weight.value = s.draw.between(0.5, 0.99);
    }
    spec.settles = Name{quote_asset};
    spec.mark.median.clear();
    for (const char* part : {"premium", "book", "average", "index"}) {
      if (s.options.still && std::string_view(part) == "index") continue;  // it may be off
      if (s.draw.chance(0.5)) spec.mark.median.push_back(part);
    }
    if (spec.mark.median.empty()) spec.mark.median.push_back("book");
    vary(spec.liquidation, s.draw);
    vary(spec.adl, s.draw);
    vary(spec.funding, s.draw);
    if (!funding_problem(spec.funding).empty()) {
      spec.funding = {};
      spec.funding.kind = "premium";
    }
    if (s.options.still || s.draw.chance(0.3)) spec.funding.kind = "none";
    if (s.draw.chance(0.6)) spec.liquidation.takeover_below = Ratio{s.draw.between(0.3, 0.9)};
    spec.liquidate_at.value = s.draw.chance(0.3) ? s.draw.between(1, 1.2) : 1;
    spec.losses = absorbers(s);
    MarketNode node;
    for (const std::string& root : s.roots) {
      if (!spec.contracts.empty() && s.draw.chance(0.5)) continue;
      PerpContractSpec& contract = spec.contracts[root];
      vary(contract, s.draw);
      const double size = s.draw.log_between(1e5, 1e7);
      contract.open_interest = s.worth(size, root);
      contract.depth = {s.worth(size * s.draw.between(0.005, 0.5), root), 0.01};
      contract.permanent.value = 0;
      add_tiers(s, contract, size);
    }
    if (s.draw.chance(0.25)) {  // coin-margined: one contract, paid in its coin
      const std::string coin = spec.contracts.begin()->first;
      PerpContractSpec contract = spec.contracts.begin()->second;
      contract.inverse = Name{quote_asset};
      spec.settles = Name{coin};
      spec.collateral.clear();
      spec.collateral[coin];
      spec.contracts = {{coin, contract}};
    }
    std::vector<std::string> posts;
    for (const auto& [asset, collateral] : spec.collateral) posts.push_back(asset);
    add_traders(s, node, posts, 3);
    node.spec = spec;
    return node;
  }
};

template <>
struct MarketGenerator<PoolPerps> {
  static MarketNode make(Sketch& s) {
    const std::string root = s.draw.pick(s.roots);
    const std::string pool = fmt::format("{}gm{}", s.prefix, s.eco.venues.size());
    VenueNode venue = drawn_oracle_pool(s, {root, quote_asset});
    auto& swaps = std::get<OraclePool::Spec>(venue.spec);
    const double size = s.draw.log_between(1e6, 1e7);
    swaps.liquidity = s.worth(size, root);
    s.eco.venues.push_back({pool, {}, pool, {}, venue});
    s.venues.push_back(pool);
    PoolPerps::Spec spec;
    vary(spec, s.draw);
    spec.pool = {pool};
    spec.impact_positive.value = std::min(spec.impact_positive.value, spec.impact_negative.value);
    spec.impact_at = s.worth(size, root);
    spec.min_collateral.value = s.draw.between(0.002, 0.03);
    spec.liquidation_impact.value = s.draw.chance(0.3) ? s.draw.between(0, 0.01) : 0;
    spec.least_collateral = s.worth(s.draw.log_between(1, 1e3), root);
    spec.adl_above.value = s.draw.between(0.05, 0.9);
    spec.adl_until.value = spec.adl_above.value * s.draw.between(0.3, 0.95);
    spec.open_long = s.worth(size * s.draw.between(0.1, 1), root);
    spec.open_short = s.worth(size * s.draw.between(0.1, 1), root);
    spec.funding = {};
    if (!s.options.still && s.draw.chance(0.7)) {
      spec.funding.kind = "adaptive";
      if (s.draw.chance(0.5)) spec.funding.every.value = 0;
    }
    if (s.options.still) spec.borrow_base.value = spec.borrow_above.value = 0;
    MarketNode node;
    add_traders(s, node, {root, quote_asset}, 1);
    for (TraderGroup& g : node.traders) {
      if (s.options.still) g.entry_sd = 0;  // gains could close them at once
    }
    node.spec = spec;
    return node;
  }
};

template <>
struct MarketGenerator<TroveMarket> {
  static MarketNode make(Sketch& s) {
    TroveMarket::Spec spec;
    vary(spec, s.draw);
    const std::string collateral = s.draw.pick(s.holdings());
    std::string coin = s.draw.chance(0.5) ? quote_asset : s.roots[0];
    if (coin == collateral) coin = quote_asset;
    spec.lends = {coin};
    spec.collateral = {collateral};
    spec.mcr.value = s.draw.between(1.05, 1.5);
    spec.ccr.value = spec.mcr.value + s.draw.between(0, 1);
    spec.recovery_mode = !s.options.still && s.draw.chance(0.6);
    spec.caller_share.value = s.draw.between(0, 0.02);
    spec.fee.value = s.options.still || s.draw.chance(0.5) ? 0 : s.draw.between(0, 0.2);
    spec.line = s.worth(s.draw.log_between(1e5, 1e8), coin);
    if (s.draw.chance(0.3)) spec.caller_most = s.worth(s.draw.log_between(1, 1e3), collateral);
    if (s.draw.chance(0.4)) spec.pool_penalty = Ratio{s.draw.between(0, 0.2)};
    if (s.draw.chance(0.4)) spec.others_penalty = Ratio{s.draw.between(0, 0.2)};
    spec.pool_keeps = s.worth(s.draw.log_between(0.1, 10), coin);
    if (!s.options.still && s.draw.chance(0.6)) {
      spec.redemption = CoinRedemptionSpec{};
      spec.redemption->fee.value = s.draw.between(0, 0.02);
      spec.redemption->beta = s.draw.log_between(0.5, 10);
      spec.redemption->half_life.value = s.draw.log_between(60, 1e5);
    }
    MarketNode node;
    node.rows.assets = {collateral, coin};
    for (int i = 0; i < s.options.size * s.options.size; ++i) {
      add_account(s, node.rows, {0}, {1 / spec.mcr.value, 1}, 1);
    }
    double owed = 0;
    for (std::size_t l = 0; l < node.rows.legs.size(); ++l) {
      if (node.rows.legs[l].side == 1) owed += node.rows.amounts[l];
    }
    if (s.draw.chance(0.8)) spec.pool = Amount{owed * s.draw.between(0, 0.95), coin};
    node.spec = spec;
    return node;
  }
};

template <>
struct MarketGenerator<AbsorbingMarket> {
  static MarketNode make(Sketch& s) {
    AbsorbingMarket::Spec spec;
    const bool of_quote = s.draw.chance(0.6) || s.holdings().size() == 1;
    const std::string base = of_quote ? quote_asset : s.roots[0];
    MarketNode node;
    std::vector<double> weights;
    std::vector<std::string> taken = s.holdings();
    if (base != quote_asset && s.draw.chance(0.5)) taken.push_back(quote_asset);
    for (const std::string& asset : taken) {
      if (asset == base) continue;
      AbsorbedCollateralSpec& c = spec.collateral[asset];
      c.liquidate_cf.value = s.draw.between(0.5, 0.92);
      c.borrow_cf.value = c.liquidate_cf.value * s.draw.between(0.7, 0.99);
      c.liquidation_factor.value =
          s.draw.chance(0.1) ? 0 : s.draw.between(c.liquidate_cf.value * 0.95, 1);
      if (s.draw.chance(0.3)) c.supply_cap = s.worth(s.draw.log_between(1e5, 1e8), asset);
      node.rows.assets.push_back(asset);
      weights.push_back(c.liquidate_cf.value);
    }
    const std::size_t n = node.rows.assets.size();
    node.rows.assets.push_back(base);
    weights.push_back(1);
    spec.lends = {base};
    vary_rate(s, spec.rate);
    spec.price_factor.value = s.draw.between(0, 1);
    spec.pays_gas = s.draw.chance(0.4);
    if (s.draw.chance(0.8)) spec.target_reserves = s.worth(s.draw.log_between(10, 1e6), base);
    if (s.draw.chance(0.6)) spec.protocol_reserves = s.worth(s.draw.log_between(10, 1e5), base);
    for (int i = 0; i < 2 * s.options.size * s.options.size; ++i) {
      std::vector<std::size_t> collateral{s.draw.below(n)};
      const std::size_t second = s.draw.below(n);
      if (s.draw.chance(0.4) && second != collateral[0]) collateral.push_back(second);
      add_account(s, node.rows, collateral, weights, n);
    }
    if (s.draw.chance(0.7)) {
      spec.supplied = Amount{most_used(node.rows, n) * s.draw.between(1.02, 2), base};
    }
    node.spec = spec;
    return node;
  }
};

template <>
struct MarketGenerator<Cluster> {
  static MarketNode make(Sketch& s) {
    Cluster::Spec spec;
    MarketNode node;
    node.rows.assets = s.holdings();
    if (node.rows.assets.size() > 4) node.rows.assets.resize(4);
    node.rows.assets.push_back(quote_asset);
    const std::size_t n = node.rows.assets.size();
    std::vector<std::vector<double>> lt(n, std::vector<double>(n, 0));  // [owed][posted]
    std::vector<std::size_t> lend;
    for (std::size_t d = 0; d < n; ++d) {
      ClusterVaultSpec& v = spec.vaults[node.rows.assets[d]];
      vary_vault(s, v, node.rows.assets[d]);
      v.escrow = d + 1 < n && s.draw.chance(0.2);
      for (std::size_t c = 0; !v.escrow && c < n; ++c) {
        if (c == d || !(s.draw.chance(0.7) || (d + 1 == n && c == 0))) continue;
        ClusterPairSpec& pair = v.collateral[node.rows.assets[c]];
        lt[d][c] = pair.lt.value = s.draw.between(0.5, 0.95);
        if (s.draw.chance(0.5)) pair.ltv = Ratio{lt[d][c] * s.draw.between(0.8, 1)};
      }
      if (!v.collateral.empty()) lend.push_back(d);
    }
    for (int i = 0; i < 3 * s.options.size * s.options.size; ++i) {
      const std::size_t d = s.draw.pick(lend);
      std::vector<std::size_t> taken;
      for (std::size_t c = 0; c < n; ++c) {
        if (lt[d][c] > 0) taken.push_back(c);
      }
      std::vector<std::size_t> collateral{s.draw.pick(taken)};
      const std::size_t second = s.draw.pick(taken);
      if (s.draw.chance(0.4) && second != collateral[0]) collateral.push_back(second);
      add_account(s, node.rows, collateral, lt[d], d);
    }
    for (std::size_t a = 0; a < n; ++a) {
      ClusterVaultSpec& v = spec.vaults[node.rows.assets[a]];
      const double used = most_used(node.rows, a);
      if (s.draw.chance(0.7))
        v.supplied = Amount{used * s.draw.between(1.02, 2), node.rows.assets[a]};
    }
    node.spec = spec;
    return node;
  }

 private:
  static void vary_vault(Sketch& s, ClusterVaultSpec& v, const std::string& asset) {
    vary_rate(s, v.rate);
    v.max_discount.value = s.draw.between(0, 0.3);
    v.ramp.value = s.draw.chance(0.5) ? s.draw.log_between(60, 1e5) : 0;
    v.socialise = s.draw.chance(0.7);
    if (s.draw.chance(0.3)) v.least_socialised = s.worth(s.draw.log_between(1, 1e4), asset);
    if (s.draw.chance(0.2)) v.borrow_cap = s.worth(s.draw.log_between(1e5, 1e8), asset);
  }
};

template <>
struct MarketGenerator<CdpMarket> {
  static MarketNode make(Sketch& s) {
    CdpMarket::Spec spec;
    vary(spec, s.draw);
    const std::string collateral = s.draw.pick(s.holdings());
    std::string coin = s.draw.chance(0.5) ? quote_asset : s.roots[0];
    if (coin == collateral) coin = quote_asset;
    spec.lends = {coin};
    spec.collateral = {collateral};
    spec.mat.value = s.draw.between(1.05, 2);
    spec.fee.value = s.options.still || s.draw.chance(0.3) ? 0 : s.draw.between(0, 0.2);
    spec.line = s.worth(s.draw.log_between(1e5, 1e8), coin);
    if (s.draw.chance(0.4)) spec.dust = s.worth(s.draw.log_between(1, 1e4), coin);
    if (s.draw.chance(0.4)) spec.hole = s.worth(s.draw.log_between(1e3, 1e6), coin);
    if (s.draw.chance(0.3)) spec.system_hole = s.worth(s.draw.log_between(1e3, 1e6), coin);
    if (s.draw.chance(0.6)) spec.surplus = s.worth(s.draw.log_between(1, 1e5), coin);
    vary_auction(s, spec.auction, coin, collateral);
    if (s.draw.chance(0.6)) spec.debt_auction = debt_auction(s, coin, collateral);
    if (!s.options.still && s.draw.chance(0.4))
      spec.surplus_auction = surplus_auction(s, coin, collateral);
    MarketNode node;
    node.rows.assets = {collateral, coin};
    for (int i = 0; i < s.options.size * s.options.size; ++i) {
      add_account(s, node.rows, {0}, {1 / spec.mat.value, 1}, 1);
    }
    node.spec = spec;
    return node;
  }

 private:
  static void vary_auction(Sketch& s, AuctionSpec& a, const std::string& coin,
                           const std::string& collateral) {
    a.buf.value = s.draw.between(0.8, 1.3);
    a.cut.value =
        a.decay == "exponential" ? s.draw.between(0.99, 0.9999) : s.draw.between(0.8, 0.99);
    a.step.value = s.draw.log_between(1, 120);
    a.tail.value = s.draw.log_between(60, 3000);
    a.cusp.value = s.draw.between(0, 0.9);
    a.tau.value = s.draw.log_between(100, 3000);
    a.ttl.value = s.draw.log_between(10, 600);
    if (s.draw.chance(0.5)) a.tip = s.worth(s.draw.log_between(1, 300), coin);
    if (s.draw.chance(0.5)) a.lump = s.worth(s.draw.log_between(1e3, 1e6), collateral);
    if (s.draw.chance(0.3)) a.dunk = s.worth(s.draw.log_between(1e3, 1e6), coin);
    a.bidders = static_cast<long>(1 + s.draw.below(4));
    if (s.draw.chance(0.4)) a.pays = Amount{s.draw.between(0, 60), "$"};
  }
  /// An asset whose supply is known, if there is one.
  static Name governance_token(const Sketch& s, const std::string& coin,
                               const std::string& collateral) {
    Name token;
    for (const auto& asset : s.eco.assets) {
      const bool other =
          asset.name != coin && asset.name != collateral && s.usd.contains(asset.name);
      if (other && asset.spec.price && asset.spec.supply) token = {asset.name};
    }
    return token;
  }
  static std::optional<SurplusAuctionSpec> surplus_auction(Sketch& s, const std::string& coin,
                                                           const std::string& collateral) {
    SurplusAuctionSpec a;
    a.token = governance_token(s, coin, collateral);
    if (a.token.text.empty()) return std::nullopt;
    a.lot = s.worth(s.draw.log_between(1e2, 1e4), coin);
    a.buffer = s.worth(s.draw.log_between(1, 1e4), coin);
    a.ttl.value = s.draw.log_between(10, 300);
    a.tau.value = s.draw.log_between(100, 1000);
    return a;
  }
  static std::optional<DebtAuctionSpec> debt_auction(Sketch& s, const std::string& coin,
                                                     const std::string& collateral) {
    DebtAuctionSpec d;
    d.token = governance_token(s, coin, collateral);
    if (d.token.text.empty()) return std::nullopt;
    const double size = s.draw.log_between(1e2, 1e5);
    d.lot = s.worth(size, coin);
    d.offers = s.worth(size * s.draw.between(0.5, 3), d.token.text);
    d.wait.value = s.draw.chance(0.5) ? 0 : s.draw.log_between(10, 1000);
    d.ttl.value = s.draw.log_between(10, 300);
    d.tau.value = s.draw.log_between(100, 1000);
    return d;
  }
};

template <class... Kinds>
MarketNode make_market(MarketTypeList<Kinds...>, std::size_t n, Sketch& s) {
  using Make = MarketNode (*)(Sketch&);
  constexpr std::array<Make, sizeof...(Kinds)> makes{&MarketGenerator<Kinds>::make...};
  return makes[n % sizeof...(Kinds)](s);
}

}  // namespace

void add_markets(Sketch& s) {
  const std::size_t count = 1 + s.draw.below(static_cast<std::size_t>(s.options.size));
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = fmt::format("{}m{}", s.prefix, i);
    s.markets.push_back(name);
    s.eco.markets.push_back(
        {name, {}, name, {}, make_market(MarketKinds{}, i + s.options.seed, s)});
    if (std::holds_alternative<BandMarket::Spec>(s.eco.markets.back().spec.spec)) {
      s.venues.push_back(band_pool_name(name));
    }
  }
}

}  // namespace faultline::laws
