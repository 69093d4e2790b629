// Auto-deleveraging: published formulas, the pro-rata and queue case of perp_liquidation.json, a
// plain sort as reference, and parts that add up to the quantum.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "core/rng.hpp"
#include "protocols/losses/adl.hpp"

using namespace faultline;
using nlohmann::json;

namespace {

constexpr AdlRank ranks[] = {AdlRank::hyperliquid, AdlRank::binance, AdlRank::bybit,
                             AdlRank::quantile,    AdlRank::random,  AdlRank::pro_rata};

double draw(std::uint32_t entity, std::uint32_t purpose) {
  return uniform({.seed = 7, .scenario = 0, .entity = entity, .purpose = purpose, .index = 0});
}

const Quantum unit = quantum_for(1e9);

/// Accounts long and short, in profit and in loss, some under water, many with equal scores.
std::vector<AdlCandidate> crowd(std::uint32_t count) {
  std::vector<AdlCandidate> out;
  for (std::uint32_t a = 0; a < count; ++a) {
    AdlCandidate c;
    c.account = a;
    const double side = draw(a, 1) < 0.4 ? 1 : -1;
    c.size = side * std::max(unit.step, unit.down(1 / (draw(a, 2) + 1e-3)));
    c.entry = a % 7 == 0 ? 110 : 80 + 40 * draw(a, 3);
    c.account_value = draw(a, 4) < 0.02 ? -5 : std::fabs(c.size) * (5 + 60 * draw(a, 5));
    if (a % 7 == 0) c.account_value = std::fabs(c.size) * 20;
    c.wallet = c.account_value - adl_profit(c, 100);
    c.maintenance = 0.03 * std::fabs(c.size) * 100;
    out.push_back(c);
  }
  return out;
}

double total(const std::vector<double>& parts) {
  return std::accumulate(parts.begin(), parts.end(), 0.0);
}

double sum_on_side(const std::vector<AdlCandidate>& all, double side) {
  double sum = 0;
  for (const AdlCandidate& c : all) {
    if (c.size * side > 0 && c.account_value > 0) sum += std::fabs(c.size);
  }
  return sum;
}

}  // namespace

TEST_CASE("adl: pro rata and queue as in perp_liquidation.json") {
  std::ifstream in(std::string(FAULTLINE_TEST_DIR) + "/known/markets/perp_liquidation.json");
  REQUIRE(in);
  const json adl = json::parse(in)["adl"];
  const double shortfall = adl["inputs"]["shortfall"], mark = 100;
  std::vector<AdlCandidate> winners;
  for (const json& w : adl["inputs"]["winners"]) {
    const double notional = w["notional"], pnl = w["pnl"];
    AdlCandidate c{.size = notional / mark};
    c.entry = (notional - pnl) / c.size;
    c.account_value = w["equity"];
    c.account = static_cast<std::uint32_t>(winners.size());
    winners.push_back(c);
  }
  const Quantum cents = quantum_for(1e6);
  const json& expected = adl["expected"];
  AdlTerms terms{.rank = AdlRank::bybit, .takes = AdlTakes::profit};
  for (std::size_t i = 0; i < winners.size(); ++i) {
    CHECK(adl_score(terms, winners[i], mark) ==
          Approx(expected["scores"][i].get<double>()).epsilon(1e-12));
  }
  AdlWork work;
  CHECK(take_profit(terms, winners, mark, 1, shortfall, cents, 0.5, work) == 0);
  const auto queue = expected["queue_haircuts_if_winner_pnl_is_taken_in_order"];
  for (std::size_t i = 0; i < 3; ++i) CHECK(work.parts[i] == queue[i].get<double>());
  terms.rank = AdlRank::pro_rata;
  CHECK(take_profit(terms, winners, mark, 1, shortfall, cents, 0.5, work) == 0);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(std::fabs(work.parts[i] - expected["pro_rata_haircuts"][i].get<double>()) <= cents.step);
  }
  CHECK(total(work.parts) == shortfall);
  // more than all profit cannot be had
  CHECK(take_profit(terms, winners, mark, 1, 1300, cents, 0.5, work) == Approx(300).margin(1e-6));
  // order of the queue: the second first, then the first, then the third
  terms.rank = AdlRank::bybit;
  CHECK(take_profit(terms, winners, mark, 1, 301, cents, 0.5, work) == 0);
  CHECK(work.parts[1] == Approx(300));
  CHECK(work.parts[0] == Approx(1));
  CHECK(work.parts[2] == 0);
  CHECK(take_profit(terms, winners, mark, -1, 120, cents, 0.5, work) == 120);  // nobody there
}

TEST_CASE("adl: scores as the venues write them") {
  AdlCandidate c{.size = 10, .entry = 80, .account_value = 500, .wallet = 300, .maintenance = 25};
  AdlTerms t;
  CHECK(adl_score(t, c, 100) == Approx(100.0 / 80 * 1000 / 500));
  t.rank = AdlRank::binance;
  CHECK(adl_score(t, c, 100) == Approx(200.0 / 300 * 25 / 500));
  c.wallet = 0.2;
  CHECK(adl_score(t, c, 100) == Approx(200.0 / 1 * 25 / 500));
  t.rank = AdlRank::bybit;
  CHECK(adl_score(t, c, 100) == Approx(0.25 * 2));
  CHECK(adl_score(t, c, 70) == Approx(-0.125 / (700.0 / 500)));
  c.size = -10;  // a short is in profit when the mark has fallen
  t.rank = AdlRank::hyperliquid;
  CHECK(adl_score(t, c, 50) == Approx(80.0 / 50 * 500 / 500));
  CHECK(adl_price(AdlPrice::bankruptcy, 1, 2, 3) == 1);
  CHECK(adl_price(AdlPrice::previous_mark, 1, 2, 3) == 2);
  CHECK(adl_price(AdlPrice::oracle, 1, 2, 3) == 3);
}

TEST_CASE("adl: partial selections take whom a sort would take") {
  AdlWork work;
  for (const std::uint32_t count : {1u, 5u, 33u, 1000u, 20000u}) {
    const auto all = crowd(count);
    for (const double side : {1.0, -1.0}) {
      const double there = sum_on_side(all, side);
      for (const AdlRank rank : {AdlRank::hyperliquid, AdlRank::binance, AdlRank::bybit}) {
        const AdlTerms terms{.rank = rank};
        for (const double share : {1e-9, 0.01, 0.3, 0.77, 1.0, 1.5}) {
          const double need = std::max(unit.step, unit.down(share * there));
          const double left = deleverage(terms, all, 100, side * need, unit, 0, work);
          std::vector<std::uint32_t> order;
          for (std::uint32_t i = 0; i < count; ++i) {
            if (all[i].size * side > 0 && all[i].account_value > 0) order.push_back(i);
          }
          std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
            return adl_score(terms, all[a], 100) > adl_score(terms, all[b], 100);
          });
          std::vector<double> expected(count, 0.0);
          double rest = need;
          for (const std::uint32_t i : order) {
            expected[i] = std::min(rest, std::fabs(all[i].size));
            rest -= expected[i];
          }
          CHECK(work.parts == expected);
          CHECK(left == rest);
        }
      }
    }
  }
}

TEST_CASE("adl: parts add up, stay within positions and leave those under water alone") {
  AdlWork work;
  const auto all = crowd(5000);
  const double there = sum_on_side(all, 1);
  for (const AdlRank rank : ranks) {
    const AdlTerms terms{.rank = rank};
    for (const double share : {0.001, 0.2, 0.9999999, 1.0, 1.25}) {
      const double need = unit.down(share * there);
      const double left = deleverage(terms, all, 100, need, unit, 0.37, work);
      CHECK(total(work.parts) + left == need);  // to the quantum
      CHECK(left == std::max(0.0, need - there));
      for (std::size_t i = 0; i < all.size(); ++i) {
        CHECK_FALSE(work.parts[i] > std::fabs(all[i].size));
        CHECK_FALSE(work.parts[i] < 0);
        CHECK(unit.whole(work.parts[i]));
        if (all[i].size < 0 || all[i].account_value <= 0) CHECK(work.parts[i] == 0);
      }
    }
  }
}

TEST_CASE("adl: pro rata hits everyone alike, bins one after the other, random goes round") {
  AdlWork work;
  const auto all = crowd(4000);
  const double there = sum_on_side(all, -1), need = unit.down(0.3 * there);
  deleverage({.rank = AdlRank::pro_rata}, all, 100, -need, unit, 0, work);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].size > 0 || all[i].account_value <= 0) continue;
    CHECK(std::fabs(work.parts[i] - need / there * -all[i].size) <= 1.01 * unit.step);
  }
  // a bin gives everything before the next gives anything, and its members give alike
  const AdlTerms bins{.rank = AdlRank::quantile, .quantiles = 5};
  deleverage(bins, all, 100, -need, unit, 0, work);
  double least_whole = 1e300, most_none = -1e300, partial = -1;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].size > 0 || all[i].account_value <= 0) continue;
    const double score = adl_score(bins, all[i], 100), share = work.parts[i] / -all[i].size;
    if (share == 1) least_whole = std::min(least_whole, score);
    if (share == 0) most_none = std::max(most_none, score);
    if (share > 0 && share < 1 && -all[i].size > 10) {
      if (partial >= 0) CHECK(share == Approx(partial).epsilon(1e-6));
      partial = share;
    }
  }
  CHECK(least_whole >= most_none);
  CHECK(partial > 0);
  // from a random account onwards, round the end
  std::vector<AdlCandidate> four;
  for (std::uint32_t a = 0; a < 4; ++a) {
    four.push_back({.size = 10, .entry = 100, .account_value = 50, .account = a});
  }
  deleverage({.rank = AdlRank::random}, four, 100, 25, unit, 0.6, work);
  CHECK(work.parts == std::vector<double>{5, 0, 10, 10});
}

TEST_CASE("adl: losses shared out") {
  // protocol-v2, math/liquidation/tests.rs: $100 over 7 long and 4 short is $9.090910 a contract
  CHECK(loss_per_contract(100, 7, 4) == Approx(9.090910).epsilon(1e-6));
  CHECK(loss_per_contract(100, 0, 0) == 0);
  const Quantum usd = quantum_for(1e12);
  const auto all = crowd(3000);
  std::vector<double> weights, parts(all.size());
  for (const Socialised by : {Socialised::both_sides, Socialised::winners, Socialised::holders}) {
    CHECK(socialise(by, all, 100, 12345, usd, weights, parts) == 0);
    CHECK(total(parts) == 12345);
  }
  // both sides bear alike, long or short
  socialise(Socialised::both_sides, all, 100, 12345, usd, weights, parts);
  double open = 0;
  for (const AdlCandidate& c : all) open += std::fabs(c.size);
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(parts[i] == Approx(12345 / open * std::fabs(all[i].size)).margin(2 * usd.step));
  }
  // winners never give more than they won
  double won = 0;
  for (const AdlCandidate& c : all) won += std::max(0.0, usd.down(adl_profit(c, 100)));
  const double left = socialise(Socialised::winners, all, 100, 1e9, usd, weights, parts);
  CHECK(total(parts) + left == 1e9);
  CHECK(total(parts) == won);
  CHECK(share_out(5, std::vector<double>{0, 0}, false, usd, std::span(parts).first(2)) == 5);
}

TEST_CASE("adl: who bore it") {
  std::vector<double> given{0, 30, 10, 0, 60};
  AdlBurden b = adl_burden(given, 80, 500);
  CHECK(b.hit == 3);
  CHECK(b.total == 100);
  CHECK(b.overshoot == 20);
  CHECK(b.top10 == 1);
  CHECK(b.gini == Approx(1.0 / 3));  // of 10, 30, 60: (2 (10 + 60 + 180) / 100 - 4) / 3
  given.assign(200, 1.0);
  given[17] = 801;
  b = adl_burden(given, 2000, 400);  // profits bound what is necessary
  CHECK(b.top10 == Approx(0.81));
  CHECK(b.top100 == Approx(0.9));
  CHECK(b.overshoot == 600);
  given.assign(50, 3.0);
  CHECK(adl_burden(given, 150, 1000).gini == Approx(0).margin(1e-12));
  CHECK(adl_burden(given, 150, 1000).overshoot == 0);
  given.assign(10, 0.0);
  CHECK(adl_burden(given, 150, 1000).hit == 0);
  CHECK(necessary_haircut(120, 1000) == 120);
  CHECK(necessary_haircut(120, 90) == 90);
}
