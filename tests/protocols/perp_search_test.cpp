// The breach search over cross-margin perpetual accounts: a long is collateral q (P (1 - m) - F), a
// short debt q (P (1 + m) - F), cash by its sign. Held against the scan, and the scan against the
// account's own equity and maintenance margin. bench_perp_search --books does it at length.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "core/math.hpp"
#include "core/rng.hpp"
#include "protocols/margin/breach_search.hpp"
#include "protocols/margin/perp_account.hpp"

using namespace faultline;

namespace {

constexpr std::uint32_t kCoins = 20, kCash = 2 * kCoins;

struct Draws {
  std::uint32_t book;
  std::uint32_t next = 0;
  double operator()() {
    return uniform({.seed = 11, .scenario = 0, .entity = book, .purpose = 1, .index = next++});
  }
};

struct Account {
  double cash = 0;
  std::vector<std::pair<std::uint32_t, double>> sizes;  // coin, signed size
};

struct Market {
  std::vector<double> price = std::vector<double>(kCoins), margin = std::vector<double>(kCoins),
                      funding = std::vector<double>(kCoins, 0.0),
                      y = std::vector<double>(kCash + 1, 1.0);
  void set() {
    for (std::uint32_t a = 0; a < kCoins; ++a) {
      y[2 * a] = std::max(0.0, price[a] * (1 - margin[a]) - funding[a]);
      y[2 * a + 1] = std::max(0.0, price[a] * (1 + margin[a]) - funding[a]);
    }
  }
};

Account open_account(Draws& draw, const Market& market) {
  Account account;
  double net = 0, gross = 0;
  const auto first = static_cast<std::uint32_t>(draw() * kCoins);
  const auto count = 1 + static_cast<std::uint32_t>(draw() * draw() * kCoins);
  for (std::uint32_t n = 0; n < count; ++n) {
    const std::uint32_t coin = (first + n) % kCoins;
    const double value = (draw() < 0.35 ? -1 : 1) * (10 + 1000 * draw());
    account.sizes.emplace_back(coin, value / market.price[coin]);
    net += value;
    gross += std::fabs(value);
  }
  account.cash = gross / (1.5 + 20 * draw()) - net;
  return account;
}

std::vector<LegInput> legs_of(const Account& account) {
  std::vector<LegInput> legs{{kCash, std::max(account.cash, 0.0), false},
                             {kCash, std::max(-account.cash, 0.0), true}};
  for (const auto& [coin, size] : account.sizes) {
    legs.push_back({2 * coin + (size < 0 ? 1u : 0u), std::fabs(size), size < 0});
  }
  return legs;
}

/// Equity less maintenance margin, by account_margin, funding paid out of cash.
double slack_of(const Account& account, const Market& market) {
  std::vector<std::vector<MarginTier>> tiers;
  std::vector<PerpPosition> positions;
  double cash = account.cash;
  for (const auto& [coin, size] : account.sizes) {
    tiers.push_back({{.floor = 0, .maintenance = market.margin[coin], .initial = 1}});
    cash -= size * market.funding[coin];
  }
  for (std::size_t n = 0; n < account.sizes.size(); ++n) {
    const auto& [coin, size] = account.sizes[n];
    positions.push_back({.size = size, .entry = 0, .mark = market.price[coin], .tiers = tiers[n]});
  }
  const PostedBalance posted{.amount = cash};
  const AccountMargin m = account_margin(std::span(&posted, 1), positions);
  return m.equity - m.maintenance;
}

void shock(Draws& draw, Market& market) {
  const double kind = draw();
  const double common = kind < 0.25 ? 0.2 * (draw() - 0.6) : 0;
  const auto one = kind > 0.7 ? static_cast<std::uint32_t>(draw() * kCoins) : kCoins;
  for (std::uint32_t a = 0; a < kCoins; ++a) {
    market.price[a] *= math::exp(common + 0.01 * (draw() - 0.5) + (a == one ? draw() - 0.5 : 0));
    if (kind > 0.6 && kind < 0.7) market.margin[a] *= 1.1;
    if (kind < 0.1) market.funding[a] += (draw() - 0.5) * 1e-3 * market.price[a];
  }
  market.set();
}

}  // namespace

TEST_CASE("perp search: cross-margin accounts in breach, exactly, under mixed shocks") {
  std::uint64_t breaches = 0, wrong = 0, astray = 0;
  std::vector<std::uint32_t> entered, left, members, scanned;
  for (std::uint32_t n = 0; n < 300; ++n) {
    Draws draw{n};
    Market market;
    for (std::uint32_t a = 0; a < kCoins; ++a) {
      market.price[a] = math::exp(6 * draw());
      market.margin[a] = 0.0125 + 0.05 * draw();
    }
    market.set();
    std::vector<Account> accounts;
    BookBuilder builder;
    for (std::uint32_t i = 0; i < 60 + n; ++i) {
      accounts.push_back(open_account(draw, market));
      builder.add_row(0, legs_of(accounts.back()));
    }
    const Book book = std::move(builder).build(market.y);
    Positions positions(book);
    BreachSearch search(book, positions);
    for (std::uint32_t round = 0; round < 10; ++round) {
      if (round > 0) shock(draw, market);
      REQUIRE_FALSE(search.find(market.y, entered, left));
      members.clear();
      search.members(members);
      reference_scan(book, positions, market.y, scanned);
      wrong += members != scanned ? 1 : 0;
      breaches += scanned.size();
      for (std::uint32_t i = 0; i < accounts.size(); ++i) {
        const double slack = slack_of(accounts[i], market);
        const bool listed = std::binary_search(scanned.begin(), scanned.end(), i);
        if (std::fabs(slack) > 1e-6 && listed != (slack < 0)) ++astray;
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(astray == 0);  // funding moved factors only, and equity agrees
  CHECK(breaches > 50000);
}
