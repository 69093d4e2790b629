// Greeks against published tables and 40-digit values, gamma exposure and the hedging loop against
// options_gex.json, and what must hold between greeks whatever the numbers.
#include "protocols/agents/options.hpp"
#include "tests/known_vectors.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

using namespace faultline;
using nlohmann::json;

namespace {

OptionKind kind(const json& j) {
  return j == "call" ? OptionKind::call : OptionKind::put;
}

double greek(const Greeks& g, const std::string& name) {
  if (name == "price") return g.price;
  if (name == "delta") return g.delta;
  if (name == "gamma") return g.gamma;
  if (name == "vega") return g.vega;
  if (name == "theta") return g.theta;
  REQUIRE(name == "rho");
  return g.rho;
}

void near(double got, double expected, double relative) {
  INFO("got " << got << " expected " << expected);
  CHECK(std::fabs(got - expected) <= relative * std::fabs(expected));
}

std::vector<BookRow> book_of(const json& inputs) {
  std::vector<BookRow> book;
  for (const json& r : inputs["rows"]) {
    const OptionTerms terms{kind(r["kind"]), r["K"], r["T"], r["sigma"], inputs["r"]};
    const double sign = r["kind"] == "call" ? 1 : -1;  // dealers long calls, short puts
    const double contracts = r["open_interest"], units = inputs["multiplier"];
    book.push_back({terms, terms.years * 365 * 86400, sign * contracts * units});
  }
  return book;
}

}  // namespace

TEST_CASE("options: greeks match Haug's tables") {
  const json file = test::known("markets/option_greeks_haug");
  const double tolerance = file["tolerance"]["abs"];
  for (const json& c : file["cases"]) {
    const OptionTerms o{kind(c["type"]), c["K"], c["T"], c["vol"], c["r"], c["q"]};
    const double got = greek(greeks(o, c["S"]), c["greek"]);
    INFO(c["name"] << ": got " << got << " expected " << c["expected"]);
    CHECK(std::fabs(got - c["expected"].get<double>()) <= tolerance);
  }
}

TEST_CASE("options: greeks match options_gex.json to 1e-10") {
  for (const json& c : test::known("markets/options_gex")["options"]) {
    const json& in = c["inputs"];
    const OptionTerms o{kind(in["kind"]), in["K"], in["T"], in["sigma"], in["r"]};
    const Greeks g = greeks(o, in["S"]);
    INFO(c["name"]);
    for (const auto& [name, expected] : c["expected"].items())
      near(greek(g, name), expected, 1e-10);
    CHECK(option_delta(o, in["S"]) == g.delta);
  }
}

TEST_CASE("options: gamma exposure and its flip match options_gex.json") {
  for (const json& c : test::known("markets/options_gex")["gex"]) {
    const json &in = c["inputs"], &out = c["expected"];
    const std::vector<BookRow> book = book_of(in);
    const double s = in["S"];
    INFO(c["name"]);
    for (std::size_t i = 0; i < book.size(); ++i) {
      near(book_greeks({book[i]}, s, 0, 0).gamma, out["per_row"][i], 1e-10);
    }
    const double gamma = book_greeks(book, s, 0, 0).gamma;
    near(gamma, out["gex_units_per_point"], 1e-10);
    near(dollars_per_percent(gamma, s), out["gex_dollars_per_1pct_move"], 1e-10);
    const auto flip = flip_price(book, 0.5 * s, 2 * s, 0, 0);
    REQUIRE(flip.has_value() == !out["lowest_flip_price"].is_null());
    if (flip) near(*flip, out["lowest_flip_price"], 1e-10);
  }
}

TEST_CASE("options: the hedging loop matches options_gex.json") {
  for (const json& c : test::known("markets/options_gex")["hedging_feedback"]) {
    const json &in = c["inputs"], &out = c["expected"];
    const HedgingFeedback f =
        hedging_feedback(in["dealer_gamma_units_per_dollar"], in["S"],
                         in["impact_relative_per_unit"], in["exogenous_return"]);
    near(f.gain, out["loop_gain"], 1e-10);
    near(f.amplification, out["amplification"], 1e-10);
    near(f.total_return, out["total_return_linear"], 1e-10);
  }
}

TEST_CASE("options: parity, symmetry and derivatives hold on a grid") {
  for (const double s : {0.3, 0.9, 1.0, 1.1, 4.0}) {
    for (const double years : {0.002, 0.3, 2.0}) {
      for (const double v : {0.05, 0.6, 2.0}) {
        const OptionTerms call{OptionKind::call, 1, years, v, 0.03, 0.01};
        OptionTerms put = call;
        put.kind = OptionKind::put;
        const Greeks c = greeks(call, s), p = greeks(put, s);
        CAPTURE(s, years, v);
        const double forward = s * std::exp(-0.01 * years) - std::exp(-0.03 * years);
        CHECK(c.price - p.price == Approx(forward).margin(1e-14));
        CHECK(c.gamma == p.gamma);
        CHECK(c.vega == p.vega);
        const auto slope = [&](auto value, double h) { return (value(h) - value(-h)) / (2 * h); };
        const double h = 1e-5;
        const auto moved = [&](double ds, double dv, double dt) {
          OptionTerms o = call;
          o.volatility += dv;
          o.years -= dt;
          return greeks(o, s + ds);
        };
        const double margin = 2e-6 * (1 + c.gamma + std::fabs(c.charm));
        CHECK(c.delta ==
              Approx(slope([&](double x) { return moved(x, 0, 0).price; }, h * s)).margin(margin));
        CHECK(c.vanna ==
              Approx(slope([&](double x) { return moved(0, x, 0).delta; }, h)).margin(1e-3 * v));
        const double day = 1e-4 * years;
        CHECK(c.charm == Approx(slope([&](double x) { return moved(0, 0, x).delta; }, day))
                             .epsilon(1e-5)
                             .margin(1e-6));
      }
    }
  }
}

TEST_CASE("options: an option at its end pays the difference") {
  const OptionTerms put{OptionKind::put, 100, 0, 0.5};
  CHECK(greeks(put, 90).price == 10);
  CHECK(greeks(put, 90).delta == -1);
  CHECK(greeks(put, 110).delta == 0);
  CHECK(greeks(put, 90).gamma == 0);
  CHECK(option_payoff(OptionKind::call, 100, 120) == 20);
  const std::vector<BookRow> book{{put, 50, -3}};
  CHECK(book_delta(book, 90, 60, 0) == 0);  // past: nothing is left to hedge
  CHECK(book_delta(book, 90, 49.999, 0) == Approx(3));
}

TEST_CASE("options: the normal distribution to the last bits, far into both tails") {
  // Values to 18 digits by mpmath.
  const auto check = [](double x, double expected) {
    near(normal_cdf(x), expected, (2 + x * x) * 0x1p-52);
  };
  check(0, 0.5);
  check(1, 0.841344746068542949);
  check(-2, 0.0227501319481792072);
  check(-8, 6.22096057427178412e-16);
  check(-20, 2.7536241186062337e-89);
}
