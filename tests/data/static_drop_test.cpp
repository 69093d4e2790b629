// A static fall of x% finds the liquidatable debt a plain recomputation from the CSV rows finds,
// and the same accounts. The book holds whole quanta: an account may differ only where its distance
// from the threshold is below what that rounding can move.
#include <catch2/catch.hpp>

#include <set>

#include "protocols/margin/breach_search.hpp"
#include "tests/data/shipped_ecosystem.hpp"

namespace faultline::test {

namespace {

struct Terms {
  double price = 0, factor = 0;
};
using TermTable = std::map<std::string, Terms>;

TermTable terms_of(const std::string& markets_file) {
  TermTable out;
  for (const auto& [asset, row] : plain_table(markets_file, {"price_usd", "collateral_factor"})) {
    out[asset] = {row[0], row[1]};
  }
  return out;
}

struct Recomputed {
  double weighted = 0, debt = 0, rounding = 0;
};

Recomputed recompute(const Shipped& eco, const std::vector<PlainLeg>& legs, const TermTable& terms,
                     const std::set<std::string>& stable, double kept) {
  Recomputed r;
  for (const PlainLeg& leg : legs) {
    const Terms& t = terms.at(leg.asset);
    const double price = t.price * (stable.contains(leg.asset) ? 1.0 : kept);
    if (leg.side == "collateral") r.weighted += leg.amount * price * t.factor;
    if (leg.side == "debt") r.debt += leg.amount * price;
    if (leg.side != "supply") r.rounding += eco.quantum_usd(leg.asset, price);
  }
  return r;
}

/// The compiled book's factors after every asset that is not stable fell.
std::vector<double> fallen(const Snapshot& world, const std::set<std::string>& stable,
                           double kept) {
  std::vector<double> factors = world.opening.factors;
  for (std::size_t f = 0; f < factors.size(); ++f) {
    if (!stable.contains(world.assets[world.reserves[f / 2].asset.value].name)) factors[f] *= kept;
  }
  return factors;
}

void check_drops(const std::string& file, const std::string& market, const std::string& positions,
                 const std::set<std::string>& stable) {
  const Shipped eco(file);
  REQUIRE(eco.desk.diagnostics.errors() == 0);
  const auto rows = plain_rows(positions + ".csv.gz");
  const auto terms = terms_of(positions + ".markets.csv");
  const auto accounts = eco.accounts(market);
  REQUIRE(accounts.size() == rows.size());
  double before = 0;
  for (int percent = 5; percent <= 60; percent += 5) {
    const double kept = 1 - percent / 100.0;
    const std::vector<double> factors = fallen(eco.world, stable, kept);
    std::vector<std::uint32_t> breached;
    reference_scan(*eco.world.book, Positions(*eco.world.book), factors, breached);
    const std::set<std::uint32_t> found(breached.begin(), breached.end());
    double from_book = 0, from_rows = 0, disputed = 0, rounding = 0;
    std::size_t same = 0, wrong = 0;
    for (const auto& [name, legs] : rows) {
      const std::uint32_t p = accounts.at(name);
      const Recomputed plain = recompute(eco, legs, terms, stable, kept);
      const bool in_book = found.contains(p), in_rows = plain.weighted < plain.debt;
      if (in_book == in_rows) {
        if (!in_book) continue;
        ++same;
        from_book += eco.sums(p, factors).debt;
        from_rows += plain.debt;
        rounding += plain.rounding;
        continue;
      }
      disputed += plain.debt;
      if (std::fabs(plain.weighted - plain.debt) >
          plain.rounding + 1e-12 * (plain.weighted + plain.debt)) {
        ++wrong;
      }
    }
    INFO(file << " -" << percent << "%: book $" << from_book << ", rows $" << from_rows << ", "
              << same << " accounts in both, $" << disputed << " disputed, rounding $" << rounding);
    CHECK(wrong == 0);
    CHECK(same > 100);
    CHECK(std::fabs(from_book - from_rows) <= std::max(1e-9 * from_rows, rounding));
    CHECK(rounding < 0.05);  // dollars, over all accounts in breach
    CHECK(disputed < 100);   // dollars: accounts at the threshold to the last quantum
    CHECK(from_rows > before);
    before = from_rows;
  }
}

}  // namespace

TEST_CASE("a static fall of the Compound book equals the rows", "[shipped]") {
  check_drops("ethereum_2023.yaml", "compound", "compound_v2_2023-05-09",
              {"USDC", "USDT", "DAI", "TUSD", "USDP", "FEI", "SAI"});
}

TEST_CASE("a static fall of the Venus book equals the rows", "[shipped]") {
  check_drops("venus_2022.yaml", "venus", "venus_2022-02-27",
              {"USDC", "USDT", "BUSD", "DAI", "TUSD", "VAI"});
}

}  // namespace faultline::test
