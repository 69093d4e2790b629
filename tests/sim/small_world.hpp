// What tests that build a world by hand share: nodes by name, amounts, and the loans they
// liquidate.
#pragma once

#include <catch2/catch.hpp>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "core/diagnostics.hpp"
#include "sim/ecosystem.hpp"

namespace faultline::test {

inline Amount of(double value, const char* unit) {
  return {value, unit};
}
inline Amount usd(double value) {
  return {value, "$"};
}

template <class Spec>
void add(std::vector<Named<Spec>>& to, const std::string& name, Spec spec) {
  to.push_back({name, {}, name, {}, std::move(spec)});
}

/// Requires that nothing was wrong; a failure tells every finding.
inline void require_sound(const Diagnostics& diagnostics) {
  for (const Diagnostic& d : diagnostics.all()) UNSCOPED_INFO(d.message << ": " << d.remedy);
  REQUIRE(!diagnostics.failed());
}

inline AssetSpec priced(double usd_each) {
  AssetSpec spec;
  spec.price = usd(usd_each);
  return spec;
}
inline void add_assets(Ecosystem& eco,
                       std::initializer_list<std::pair<const char*, double>> prices) {
  for (const auto& [name, price] : prices) add(eco.assets, name, priced(price));
}

/// One trader, at just this leverage, entered at the opening price.
inline TraderGroup trader(const char* name, bool is_long, double leverage) {
  TraderGroup g;
  g.name = name;
  g.count = 1;
  g.is_long = is_long;
  g.leverage_median = g.leverage_high = leverage;
  g.size_sd = g.entry_sd = 0;
  return g;
}

/// A feed that publishes every move in the round it happens.
inline FeedSpec prompt_feed() {
  FeedSpec feed;
  feed.deviation.value = feed.latency.value = 0;
  return feed;
}

/// An isolated market of `count` loans, each of 14,400 USD against 20 ETH, at an LLTV of 80%: in
/// breach below $900. Closed whole at a bonus of 8%, without interest.
inline MarketNode eth_loans(double supplied_usd, std::size_t count) {
  IsolatedMarket::Spec market;
  market.lends = {"USD"};
  market.collateral = {"ETH"};
  market.ltv.value = market.lt.value = 0.8;
  market.bonus = Ratio{0.08};
  market.close_factor = Ratio{1};
  market.rate.kind = "none";
  market.supplied = of(supplied_usd, "USD");
  MarketNode node;
  node.spec = market;
  node.rows.assets = {"ETH", "USD"};
  node.rows.first_leg = {0};
  for (std::size_t i = 0; i < count; ++i) {
    node.rows.legs.insert(node.rows.legs.end(), {{0, 0, 0}, {1, 1, 0}});
    node.rows.amounts.insert(node.rows.amounts.end(), {20, 14400});
    node.rows.first_leg.push_back(static_cast<std::uint32_t>(node.rows.legs.size()));
  }
  return node;
}

}  // namespace faultline::test
