// Tables and numbers for people: columns as wide as their widest cell, numbers to the right.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace faultline {

/// Rows of cells under heads; `print` writes them indented by two, two blanks between columns.
class TextTable {
 public:
  /// A column's head; text columns stand left, numbers right.
  struct Column {
    std::string head;
    bool left = false;
  };
  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// As many cells as there are columns.
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  bool empty() const { return rows_.empty(); }
  std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// 8851 is "8,851".
std::string thousands(std::uint64_t n);
/// About six digits: 19920.31 is "19,920.3", 0.00012345 is "0.00012345".
std::string precise(double x);
/// A share as "12.5%", with a sign where asked for; "-" for NaN.
std::string percent(double share, int digits, bool with_sign = false);
/// Dollars: less than one is nothing (JSON keeps every digit).
std::string dollars(double usd);
/// The text cut to `most` characters with its middle left out: "0x1f9840…c3d1".
std::string shortened(const std::string& text, std::size_t most);

}  // namespace faultline
