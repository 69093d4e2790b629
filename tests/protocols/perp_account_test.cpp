// Perpetual accounts against published numbers: freqtrade's tests of Binance, OKX, Gate and Bybit,
// Hyperliquid's and Bybit's documentation, dYdX's unit tests.
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "protocols/margin/perp_account.hpp"
#include "tests/known_vectors.hpp"

using namespace faultline;
using nlohmann::json;

namespace {

double number(const json& j) {
  return j.is_string() ? std::stod(j.get<std::string>()) : j.get<double>();
}

void near(double got, double expected, double relative) {
  INFO("got " << got << " expected " << expected);
  CHECK(std::fabs(got - expected) <= relative * std::fabs(expected));
}

std::vector<MarginTier> flat(double maintenance, double initial) {
  return {{.floor = 0, .maintenance = maintenance, .initial = initial, .deduction = 0}};
}

}  // namespace

TEST_CASE("perp accounts: liquidation prices match cex_liquidation_prices.json") {
  const json file = test::known("markets/cex_liquidation_prices");
  int compared = 0;
  for (const json& c : file["cases"]) {
    INFO(c["name"]);
    const double side = c["side"], size = side * number(c["size"]), entry = number(c["entry"]);
    const double rate = number(c["mmr"]);
    const double margin = c.contains("wallet")
                              ? number(c["wallet"])
                              : std::fabs(size) * entry / c["leverage"].get<double>();
    double got = 0;
    if (c["type"] == "binance") {
      double equity = margin, other_maintenance = 0;
      for (const json& o : c["others"]) {
        const double q = number(o["size"]), mark = number(o["mark"]);
        equity += linear_pnl(q, number(o["entry"]), mark);
        other_maintenance += q * mark * number(o["mmr"]) - number(o["cum"]);
      }
      for (const double mark : {entry, 0.9 * entry, 2 * entry}) {  // wherever the mark stands now
        const double now = equity + linear_pnl(size, entry, mark);
        got = liquidation_price(now, other_maintenance, size, mark, rate, number(c["cum"]));
        CHECK(std::fabs(got - number(c["expected"])) <= number(c["tol"]));
      }
    } else if (c["type"] == "fee_in_denominator") {
      got = liquidation_price_with_fee(margin, size, entry, rate, number(c["taker_fee"]));
    } else {
      REQUIRE(c["type"] == "mm_at_entry");
      got = liquidation_price_at_entry(margin, size, entry, rate);
    }
    CHECK(std::fabs(got - number(c["expected"])) <= number(c["tol"]));
    ++compared;
  }
  CHECK(compared == 25);
}

TEST_CASE("perp accounts: isolated linear positions match perp_liquidation.json") {
  const json file = test::known("markets/perp_liquidation");
  for (const json& c : file["cases"]) {
    INFO(c["name"]);
    const double size = c["side"] == "long" ? c["size"].get<double>() : -c["size"].get<double>();
    const double entry = c["entry"], margin = c["isolated_margin"], l = c["maintenance_fraction"];
    const json& expected = c["expected"];
    const double price = liquidation_price(margin, 0, size, entry, l);
    near(price, expected["liquidation_price"], 1e-12);
    // Hyperliquid's documented form of the same
    const double side = size > 0 ? 1 : -1, available = margin - std::fabs(size) * entry * l;
    near(entry - side * available / std::fabs(size) / (1 - l * side), price, 1e-12);
    near(margin + linear_pnl(size, entry, price), expected["equity_at_liquidation"], 1e-9);
    near(bankruptcy_price(margin, size, entry, 1, 1), expected["bankruptcy_price"], 1e-12);
  }
}

TEST_CASE("perp accounts: inverse contracts match Bybit's published prices") {
  const json file = test::known("markets/perp_liquidation");
  const json& cross = file["inverse"][0];
  const json& in = cross["inputs"];
  const double face = in["contracts"], entry = in["entry"], balance = in["balance_btc"];
  near(inverse_bankruptcy_price(face, entry, balance, in["taker_fee"]),
       cross["expected"]["bankruptcy_price"], 1e-12);
  near(inverse_liquidation_price(face, entry, balance, in["maintenance"], in["taker_fee"]),
       cross["expected"]["liquidation_price"], 1e-12);
  const json& isolated = file["inverse"][1];
  const double f = isolated["inputs"]["contracts"], e = isolated["inputs"]["entry"];
  const double leverage = isolated["inputs"]["leverage"];
  near(inverse_liquidation_price(-f, e, f / e / leverage, isolated["inputs"]["mmr"]),
       isolated["expected"], 1e-12);
  // E L / (L + 1) long, E L / (L - 1) short; at 1x nothing bankrupts a short
  for (const double l : {2.0, 5.0, 20.0, 100.0}) {
    near(inverse_bankruptcy_price(f, e, f / e / l), e * l / (l + 1), 1e-14);
    near(inverse_bankruptcy_price(-f, e, f / e / l), e * l / (l - 1), 1e-13);
  }
  CHECK(std::isinf(inverse_bankruptcy_price(-f, e, f / e)));
  CHECK(std::isinf(inverse_liquidation_price(-f, e, 2 * f / e, 0.005)));
  // at the bankruptcy price the margin is gone
  for (const double s : {f, -f}) {
    const double p = inverse_bankruptcy_price(s, e, 0.1);
    CHECK(std::fabs(0.1 + inverse_pnl(s, e, p)) < 1e-15);
  }
  CHECK(inverse_pnl(10000, 8000, 5000) == Approx(-0.75));
}

TEST_CASE("perp accounts: bankruptcy and fillable prices match dYdX's unit tests") {
  // v4-chain, x/clob/keeper/liquidations_test.go, TestGetBankruptcyPriceInQuoteQuantums and
  // TestGetFillablePrice: BTC at $50,000 and ETH at $3,000, maintenance 10%, USD.
  struct Case {
    double quote, btc, eth;         // balances
    double change_btc, change_eth;  // what the order closes
    double bankruptcy;              // quote to receive
  };
  for (const Case& c : std::vector<Case>{{-4501, .1, 0, -.1, 0, 4501},
                                         {5499, -.1, 0, .1, 0, -5499},
                                         {-5000, .1, 0, -.1, 0, 5000},
                                         {-5000, .1, 0, -.05, 0, 2500},
                                         {5000, -.1, 0, .05, 0, -2500},
                                         {-5100, .1, 0, -.1, 0, 5100},
                                         {4900, -.1, 0, .1, 0, -4900},
                                         {-490, .004, .1, 0, -.1, 294},
                                         {510, -.004, -.1, 0, .1, -306},
                                         {110, .004, -.1, 0, .1, -306},
                                         {-13, 1, 0, -.00021347, 0, .00277511},
                                         {1, 1, 0, -1, 0, -1}}) {
    const double equity = c.quote + c.btc * 50000 + c.eth * 3000;
    const double total = 0.1 * (std::fabs(c.btc) * 50000 + std::fabs(c.eth) * 3000);
    const bool eth = c.change_eth != 0;
    const double change = eth ? c.change_eth : c.change_btc, mark = eth ? 3000 : 50000;
    const double released = 0.1 * std::fabs(change) * mark;
    CHECK(bankruptcy_quote(equity, change, mark, released, total) ==
          Approx(c.bankruptcy).epsilon(1e-9));
    const double size = eth ? c.eth : c.btc;  // the price of the whole position agrees
    CHECK(bankruptcy_price(equity, size, mark, 0.1 * std::fabs(size) * mark, total) ==
          Approx(c.bankruptcy / -change).epsilon(1e-9));
  }
  struct Fillable {
    double quote, btc, eth, adjustment, spread, price;
  };
  const double highest = 4294.967295;  // the greatest adjustment the chain can store
  for (const Fillable& c : std::vector<Fillable>{{-4501, .1, 0, 1, .1, 49999},
                                                 {-4501, .1, 0, 2, .1, 49998},
                                                 {-4501, .1, 0, 1, .2, 49998},
                                                 {5499, -.1, 0, 1, .1, 50001},
                                                 {5499, -.1, 0, 2, .1, 50002},
                                                 {5499, -.1, 0, 1, .2, 50002},
                                                 {-5000, .1, 0, 1, .1, 49500},
                                                 {5000, -.1, 0, 1, .1, 50500},
                                                 {-5500, .1, 0, 1, .1, 49500},
                                                 {4500, -.1, 0, 1, .1, 50500},
                                                 {-490, .004, .1, 1, .1, 2976},
                                                 {-4501, .1, 0, highest, .1, 49500},
                                                 {-4501, .1, 0, 1, 1e-6, 49999.99999},
                                                 {-4501, .1, 0, 1, 1, 49990}}) {
    const double equity = c.quote + c.btc * 50000 + c.eth * 3000;
    const double total = 0.1 * (std::fabs(c.btc) * 50000 + std::fabs(c.eth) * 3000);
    const double size = c.eth != 0 ? c.eth : c.btc, mark = c.eth != 0 ? 3000 : 50000;
    CHECK(fillable_price(equity, size, mark, 0.1 * std::fabs(size) * mark, total, c.adjustment,
                         c.spread) == Approx(c.price).epsilon(1e-12));
  }
}

TEST_CASE("perp accounts: over tiers the first line met decides") {
  MarginTiersSpec spec;
  spec.tiers = {MarginTierSpec{.above = {0, "$"}, .max_leverage = Ratio{40}},
                MarginTierSpec{.above = {1e6, "$"}, .max_leverage = Ratio{20}},
                MarginTierSpec{.above = {4e6, "$"}, .max_leverage = Ratio{5}}};
  const auto tiers = compile_tiers(spec);
  for (const double size : {15.0, 40.0, 90.0, -9.0, -35.0, -90.0}) {
    const double mark = 50000, margin = std::fabs(size) * mark / 7 + 1e5, others = 2e4;
    const double price = liquidation_price(margin, others, size, mark, tiers);
    const auto slack = [&](double p) {
      return margin + linear_pnl(size, mark, p) - others -
             maintenance_margin(tiers, std::fabs(size) * p);
    };
    INFO(size << " at " << price);
    CHECK(std::fabs(slack(price)) < 1e-6);
    CHECK(slack(price * (size > 0 ? 1.0001 : 0.9999)) > 0);
    CHECK(slack(price * (size > 0 ? 0.9999 : 1.0001)) < 0);
  }
}

TEST_CASE("perp accounts: equity, haircuts and withdrawals") {
  const auto btc = flat(0.01, 0.02), eth = flat(0.02, 0.04);
  const std::vector<PostedBalance> posted{{1000, 1, 1}, {2, 3000, 0.9}, {-0.5, 3000, 0.9}};
  const std::vector<PerpPosition> positions{{0.5, 40000, 50000, btc}, {-3, 2800, 3000, eth}};
  const AccountMargin a = account_margin(posted, positions);
  // 1000 + 5400 - 1500 (owed: no haircut) + 5000 - 600
  CHECK(a.equity == 9300);
  CHECK(a.maintenance == 250 + 180);
  CHECK(a.initial == 500 + 360);
  CHECK(a.notional == 34000);
  CHECK(withdrawable(a, 0) == 9300 - 860);
  CHECK(withdrawable(a, 0.10) == 9300 - 3400);
  CHECK(withdrawable(a, 0.50) == 0);
  // half of profit up to $1,000 counts, losses in full
  const AccountMargin capped = account_margin(posted, positions, {.weight = 0.5, .cap = 1000});
  CHECK(capped.equity == 4900 + 500 - 600);
}

TEST_CASE("perp accounts: the portfolio margin ratio haircuts what is held, not what is owed") {
  const std::vector<PostedBalance> coins{{100, 1, 1}, {50, 2, 0.95}, {-10, 5, 0.5}};
  CHECK(portfolio_margin_ratio(coins, 100) == Approx(1.45));
  CHECK(std::isinf(portfolio_margin_ratio(coins, 0)));
  CHECK(portfolio_state(1.51) == PortfolioState::free);
  CHECK(portfolio_state(1.2) == PortfolioState::reduce_only);
  CHECK(portfolio_state(1.05) == PortfolioState::liquidation);
  CHECK(portfolio_state(1.19, 1.5, 1.2) == PortfolioState::liquidation);  // the older programme
}
