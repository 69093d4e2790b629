// What tests of the shipped ecosystems share: the file compiled, and its sources read again by
// other means: plain rows of the CSV files, added up in the order they stand.
#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "data/csv.hpp"
#include "data/ecosystem_file.hpp"
#include "sim/engine.hpp"
#include "sim/snapshot.hpp"
#include "tests/data/findings.hpp"

namespace faultline::test {

inline std::string data_file(const std::string& name) {
  return std::string(FAULTLINE_ROOT) + "/data/" + name;
}

/// A shipped ecosystem, read and compiled.
struct Shipped {
  Desk desk;
  LoadedEcosystem loaded;
  Snapshot world;

  explicit Shipped(const std::string& name)
      : loaded(load_ecosystem(data_file("ecosystems/" + name), {}, desk.reading)),
        world(compile(loaded.eco, desk.diagnostics, loaded.spans())) {}

  /// Position ids by account name, of one market.
  std::map<std::string, std::uint32_t> accounts(const std::string& market) const {
    std::map<std::string, std::uint32_t> out;
    const MarketId m = world.market(market);
    for (std::uint32_t p = 0; p < world.positions.size(); ++p) {
      if (world.positions[p].market == m) out.emplace(world.positions.name(p), p);
    }
    return out;
  }

  /// Weighted collateral and debt of one account at given factors, and by how much rounding each
  /// leg to whole quanta may have moved either. USD.
  struct Sums {
    double weighted = 0, debt = 0, rounding = 0;
    double health() const { return weighted / debt; }
  };
  Sums sums(std::uint32_t p, const std::vector<double>& factors) const {
    Sums s;
    for (std::uint32_t leg = 0; leg < world.book->legs(p); ++leg) {
      const std::uint32_t f = world.book->factor(p, leg);
      const double value = world.book->base_amount(p, leg) * factors[f];
      (leg < world.book->collateral_legs(p) ? s.weighted : s.debt) += value;
    }
    return s;
  }
  /// Dollars of one quantum of an asset at its factor, for legs of the CSV (a leg below one quantum
  /// leaves the book).
  double quantum_usd(const std::string& asset, double price) const {
    return world.assets[world.asset(asset).value].quantum.step * price;
  }
};

/// One leg of a positions file.
struct PlainLeg {
  std::string side, asset;
  double amount = 0;
};

/// A positions file by account.
inline std::map<std::string, std::vector<PlainLeg>> plain_rows(const std::string& file) {
  Desk desk;
  const CsvTable csv =
      read_csv(data_file("positions/" + file), desk.reading.diagnostics, desk.sources);
  const std::size_t account = *csv.column("account"), side = *csv.column("side"),
                    asset = *csv.column("asset"), amount = *csv.column("amount");
  std::map<std::string, std::vector<PlainLeg>> out;
  for (std::size_t r = 0; r < csv.rows(); ++r) {
    out[std::string(csv.text(r, account))].push_back(
        {std::string(csv.text(r, side)), std::string(csv.text(r, asset)), *csv.number(r, amount)});
  }
  return out;
}

/// Columns of a table as numbers, by its first column.
inline std::map<std::string, std::vector<double>> plain_table(
    const std::string& file, const std::vector<std::string>& columns) {
  Desk desk;
  const CsvTable csv =
      read_csv(data_file("positions/" + file), desk.reading.diagnostics, desk.sources);
  std::map<std::string, std::vector<double>> out;
  for (std::size_t r = 0; r < csv.rows(); ++r) {
    std::vector<double>& row = out[std::string(csv.text(r, 0))];
    for (const std::string& c : columns) row.push_back(*csv.number(r, *csv.column(c)));
  }
  return out;
}

}  // namespace faultline::test
