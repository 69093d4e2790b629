// The shipped ecosystems against the totals of their own sources.
#include <catch2/catch.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "sim/credit/band_loans.hpp"
#include "tests/data/shipped_ecosystem.hpp"

namespace faultline::test {

namespace {

/// What rounding each leg to whole quanta may do to an account's health, relative.
double rounding_of(const Shipped& eco, std::uint32_t p, const Shipped::Sums& s) {
  double bound = 0;
  for (std::uint32_t leg = 0; leg < eco.world.book->legs(p); ++leg) {
    const std::uint32_t f = eco.world.book->factor(p, leg);
    const AssetId a = eco.world.reserves[f / 2].asset;
    const double usd = eco.world.assets[a.value].quantum.step * eco.world.opening.factors[f];
    bound += usd / (leg < eco.world.book->collateral_legs(p) ? s.weighted : s.debt);
  }
  return bound;
}

/// Quantile q of sorted values, the lower one.
double quantile(const std::vector<double>& sorted, double q) {
  return sorted[static_cast<std::size_t>(q * static_cast<double>(sorted.size() - 1))];
}

/// Accounts of a market by their health at the file's date against `source` at its own date; but
/// for those set `apart`.
void check_healths(const Shipped& eco, const std::string& market,
                   const std::map<std::string, double>& source,
                   const std::map<std::string, double>& apart = {}) {
  std::vector<double> here, there;
  std::size_t off = 0, big = 0, dust = 0;
  for (const auto& [name, p] : eco.accounts(market)) {
    INFO(market << " " << name);
    if (apart.contains(name)) continue;
    REQUIRE(source.contains(name));
    const Shipped::Sums s = eco.sums(p, eco.world.opening.factors);
    if (s.debt < 1e-4) {  // a loan of 3.5 millionths: its collateral is below one quantum
      ++dust;
      continue;
    }
    const double want = source.at(name), rounding = rounding_of(eco, p, s);
    if (std::fabs(s.health() / want - 1) > 1e-12 + rounding) {
      ++off;
      UNSCOPED_INFO(s.health() << ", source " << want << ", owes $" << s.debt);
    }
    if (s.debt < 1e4) continue;  // a quantum is far below 1e-9 of these
    ++big;
    here.push_back(s.health());
    there.push_back(want);
  }
  CHECK(off == 0);
  CHECK(dust <= 1);
  REQUIRE(big > 10);
  std::sort(here.begin(), here.end());
  std::sort(there.begin(), there.end());
  for (const double q : {0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0}) {
    INFO("quantile " << q);
    CHECK(std::fabs(quantile(here, q) / quantile(there, q) - 1) < 1e-9);
  }
}

int run_quietly(const std::string& arguments) {
  const std::string command =
      std::string(FAULTLINE_BINARY) + " " + arguments + " > /dev/null 2> /dev/null";
  return std::system(command.c_str());
}

}  // namespace

TEST_CASE("Compound's rows reproduce the totals the source states", "[shipped]") {
  const auto rows = plain_rows("compound_v2_2023-05-09.csv.gz");
  const auto stated = plain_table("compound_v2_2023-05-09.accounts.csv.gz",
                                  {"total_borrow_eth", "total_collateral_eth"});
  const auto terms =
      plain_table("compound_v2_2023-05-09.markets.csv", {"price_eth", "collateral_factor"});
  REQUIRE(rows.size() == 8851);
  REQUIRE(stated.size() == 8851);
  std::size_t collateral_off = 0, debt_off = 0;
  for (const auto& [name, legs] : rows) {
    double debt = 0, collateral = 0;
    for (const PlainLeg& leg : legs) {
      const std::vector<double>& t = terms.at(leg.asset);
      if (leg.side == "debt") debt += leg.amount * t[0];
      if (leg.side == "collateral") collateral += leg.amount * t[0] * t[1];
    }
    const std::vector<double>& want = stated.at(name);
    if (std::fabs(debt - want[0]) > 1e-12 * want[0]) ++debt_off;
    if (std::fabs(collateral - want[1]) > 1e-9 * want[1]) ++collateral_off;
  }
  CHECK(debt_off == 0);
  CHECK(collateral_off == 0);
}

TEST_CASE("the Compound market of ethereum_2023 holds what the source states", "[shipped]") {
  const Shipped eco("ethereum_2023.yaml");
  REQUIRE(eco.desk.diagnostics.errors() == 0);
  const auto stated = plain_table("compound_v2_2023-05-09.accounts.csv.gz",
                                  {"total_borrow_eth", "total_collateral_eth"});
  const auto rows = plain_rows("compound_v2_2023-05-09.csv.gz");
  const auto prices = plain_table("compound_v2_2023-05-09.markets.csv", {"price_usd"});
  const double eth = prices.at("ETH")[0];
  const auto accounts = eco.accounts("compound");
  REQUIRE(accounts.size() == 8851);
  std::size_t off = 0, large = 0, large_off = 0;
  for (const auto& [name, p] : accounts) {
    const Shipped::Sums s = eco.sums(p, eco.world.opening.factors);
    double rounding = 0;  // whole quanta: at most one a leg
    for (const PlainLeg& leg : rows.at(name)) {
      if (leg.side != "supply") rounding += eco.quantum_usd(leg.asset, prices.at(leg.asset)[0]);
    }
    const double debt = stated.at(name)[0] * eth, weighted = stated.at(name)[1] * eth;
    if (std::fabs(s.debt - debt) > 1e-12 * debt + rounding) ++off;
    if (std::fabs(s.weighted - weighted) > 1e-9 * weighted + rounding) ++off;
    if (debt < 1e5) continue;  // a quantum is far below 1e-9 of these
    ++large;
    if (std::fabs(s.debt - debt) > 1e-9 * debt) ++large_off;
    if (std::fabs(s.weighted - weighted) > 1e-9 * weighted) ++large_off;
  }
  CHECK(off == 0);
  CHECK(large > 200);
  CHECK(large_off == 0);
}

TEST_CASE("Venus' healths are the source's own on loans above a dollar", "[shipped]") {
  const Shipped eco("venus_2022.yaml");
  REQUIRE(eco.desk.diagnostics.errors() == 0);
  const auto stated =
      plain_table("venus_2022-02-27.accounts.csv.gz", {"health_factor", "loan_usd"});
  const auto accounts = eco.accounts("venus");
  REQUIRE(accounts.size() == 8382);
  std::size_t compared = 0, off = 0;
  for (const auto& [name, p] : accounts) {
    const std::vector<double>& want = stated.at(name);
    if (!(want[1] > 1) || !(want[0] > 0)) continue;
    ++compared;
    const Shipped::Sums s = eco.sums(p, eco.world.opening.factors);
    const double error = std::fabs(s.health() - want[0]);
    // Two loans have next to no collateral the source had valued: health 4e-6, a few quanta.
    const double allowed = want[0] < 1e-4 ? 1e-8 : 1e-6 * want[0];
    if (error <= allowed) continue;
    ++off;
    UNSCOPED_INFO(name << ": " << s.health() << ", source " << want[0] << ", owes $" << s.debt);
  }
  CHECK(off == 0);
  CHECK(compared == 6226);
}

TEST_CASE("the inferred VAI of Venus is marked and summed", "[shipped]") {
  const Shipped eco("venus_2022.yaml");
  double vai = 0;
  std::size_t marked = 0, other = 0;
  for (const auto& node : eco.loaded.eco.markets) {
    const PositionRows& rows = node.spec.rows;
    for (std::size_t l = 0; l < rows.legs.size(); ++l) {
      if (rows.legs[l].marked == 0) continue;
      if (rows.assets[rows.legs[l].asset] == "VAI") {
        vai += rows.amounts[l];
        ++marked;
      } else {
        ++other;
      }
    }
  }
  CHECK(marked == 713);
  CHECK(other == 0);
  CHECK(vai == Approx(33605806).margin(1));
}

TEST_CASE("Maker vaults keep the health of 13 January 2023", "[shipped]") {
  const Shipped eco("ethereum_2023.yaml");
  std::map<std::string, double> source;
  for (const auto& [name, legs] : plain_rows("maker_ethb_2023-01-13.csv.gz")) {
    double ether = 0, dai = 0;
    for (const PlainLeg& leg : legs) (leg.side == "debt" ? dai : ether) += leg.amount;
    source[name] = ether * 1417.134909 / (1.3 * dai);
  }
  REQUIRE(source.size() == 91);
  REQUIRE(eco.accounts("maker.ETH").size() == 91);
  check_healths(eco, "maker.ETH", source);
}

// Health = (1 - liquidation discount) x what the bands become / debt, where band n begins at
// base_price x rate_mul x 0.99^n (data/positions/README.md). Loans of coins alone become those.
TEST_CASE("crvUSD loans keep the bands and the health of 30 January 2024", "[shipped]") {
  const Shipped eco("ethereum_2023.yaml");
  const auto markets = plain_table("crvusd_2024-01-30.markets.csv",
                                   {"base_price", "rate_mul", "liquidation_discount"});
  const auto stated =
      plain_table("crvusd_2024-01-30.accounts.csv.gz", {"health", "n1", "n2", "debt"});
  std::map<std::string, std::map<std::string, double>> source, apart;
  std::vector<double> off_source;  // of loans of collateral alone, against what the source states
  std::size_t coins_only = 0;
  for (const auto& [name, legs] : plain_rows("crvusd_2024-01-30.csv.gz")) {
    const std::string market = name.substr(name.find('@') + 1);
    const std::vector<double>&m = markets.at(market), &a = stated.at(name);
    double posted = 0, held = 0, debt = 0;
    for (const PlainLeg& leg : legs) {
      (leg.side == "debt" ? debt : leg.asset == "crvUSD" ? held : posted) += leg.amount;
    }
    if (posted > 0 && held > 0) {
      apart["crvusd." + market][name] = a[0];
      continue;
    }
    double becomes = held;
    for (double n = a[1]; n <= a[2]; ++n) {
      const double top = m[0] * m[1] * std::pow(0.99, n);
      becomes += posted / (a[2] - a[1] + 1) * top * std::sqrt(0.99);
    }
    const double health = (1 - m[2]) * becomes / debt;
    source["crvusd." + market][name] = health;
    coins_only += posted == 0 ? 1 : 0;
    if (posted > 0) off_source.push_back(std::fabs(health - 1 - a[0]));
  }
  CHECK(coins_only == 16);
  REQUIRE(off_source.size() == 742);
  std::sort(off_source.begin(), off_source.end());
  CHECK(quantile(off_source, 0.5) < 5e-5);
  CHECK(quantile(off_source, 0.99) < 2e-3);
  REQUIRE(source.size() == 5);
  std::size_t loans = 0, both = 0;
  for (const auto& [market, healths] : source) {
    const auto accounts = eco.accounts(market);
    loans += accounts.size();
    REQUIRE(accounts.size() == healths.size() + apart[market].size());
    check_healths(eco, market, healths, apart[market]);
    for (const auto& [name, p] : accounts) {
      const BandLoanView loan = view_band_loan(eco.world, p);
      INFO(name);
      CHECK(static_cast<double>(loan.first) == stated.at(name)[1]);
      CHECK(static_cast<double>(loan.last) == stated.at(name)[2]);
      if (!apart[market].contains(name)) continue;
      ++both;  // their coins and collateral are the source's; in which bands, we say
      const Shipped::Sums s = eco.sums(p, eco.world.opening.factors);
      if (s.debt > 100) CHECK(s.health() - 1 == Approx(apart[market].at(name)).margin(0.03));
    }
  }
  CHECK(loans == 773);
  CHECK(both == 15);
}

namespace {
/// Names of the ecosystems in data/.
std::vector<std::string> shipped_files() {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(data_file("ecosystems"))) {
    if (entry.is_regular_file()) out.push_back(entry.path().filename().string());
  }
  return out;
}
}  // namespace

TEST_CASE("every market of the composite says what it was measured from", "[shipped]") {
  const Shipped eco("ethereum_2023.yaml");
  CHECK(eco.loaded.eco.name.find("composite") != std::string::npos);
  CHECK(eco.loaded.eco.about.find("not an event") != std::string::npos);
  for (const Market& m : eco.world.markets) {
    INFO(m.name << ": " << m.note);
    CHECK(m.note.rfind("measured: ", 0) == 0);
  }
}

TEST_CASE("no stand-in is left in a shipped ecosystem", "[shipped]") {
  for (const std::string& name : shipped_files()) {
    const Shipped eco(name);
    for (const auto& node : eco.loaded.eco.markets) {
      INFO(name << " " << node.name);
      const Market& market = eco.world.markets[eco.world.market(node.name).value];
      CHECK_FALSE(market.stand_in);
      CHECK(market.note.find("stand-in") == std::string::npos);
      const auto is_of = [&](const char* family) {
        return node.cluster == family || node.origin.rfind(family, 0) == 0;
      };
      CHECK((!is_of("crvusd") || std::holds_alternative<BandMarket::Spec>(node.spec.spec)));
      CHECK((!is_of("maker") || std::holds_alternative<CdpMarket::Spec>(node.spec.spec)));
    }
  }
}

TEST_CASE("shipped ecosystems check, compile fast and run their default to the end", "[shipped]") {
  for (const std::string& name : shipped_files()) {
    INFO(name);
    const auto start = std::chrono::steady_clock::now();
    const Shipped eco(name);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    INFO(eco.desk.findings());
    CHECK(eco.desk.diagnostics.errors() == 0);
    CHECK(took.count() < 2.0);
    CHECK(!eco.loaded.eco.default_scenario.empty());
    CHECK(run_quietly("check " + data_file("ecosystems/" + name)) == 0);
    CHECK(run_quietly("run " + data_file("ecosystems/" + name)) == 0);
  }
}

TEST_CASE("shipped sweeps are read over the ecosystem they name", "[shipped]") {
  for (const std::string sweep : {"ethereum_2023.yaml", "book_scale.yaml"}) {
    INFO(sweep);
    const std::string results =
        (std::filesystem::temp_directory_path() / ("faultline_shipped_" + sweep + ".sqlite"))
            .string();
    CHECK(run_quietly("sweep " + data_file("ecosystems/ethereum_2023.yaml") + " " +
                      data_file("sweeps/" + sweep) + " --fresh --limit 2 --threads 1 -o " +
                      results) == 0);
    std::remove(results.c_str());
  }
}

}  // namespace faultline::test
