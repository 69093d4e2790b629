// Tables of positions: CSV, plain or gzip. The text stays where it was read; cells are views into
// it and numbers are read on demand, so a million legs cost one pass.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/diagnostics.hpp"

namespace faultline {

/// What bounds a hostile table.
struct CsvLimits {
  std::size_t bytes = std::size_t{1} << 30;  // after decompression
  std::size_t columns = 1024;
  std::size_t findings = 20;  // per column and per file; the rest are counted
};

/// A table with a header row. It refers to the Sources it was read into and must not outlive them.
class CsvTable {
 public:
  std::size_t rows() const { return lines_.size(); }
  std::size_t columns() const { return names_.size(); }
  const std::vector<std::string>& names() const { return names_; }
  /// The place of a column; none if there is no such name.
  std::optional<std::size_t> column(std::string_view name) const;
  /// The same, reporting a missing column with the nearest name. `what` says what it is wanted for.
  std::optional<std::size_t> need(std::string_view name, std::string_view what,
                                  Diagnostics& diagnostics) const;
  /// A cell's text, without quotes.
  std::string_view text(std::size_t row, std::size_t column) const;
  /// Where a cell stands.
  Span span(std::size_t row, std::size_t column) const;
  /// A cell as a number; none if it is not a finite one.
  std::optional<double> number(std::size_t row, std::size_t column) const;
  /// A column as numbers; bad cells are reported and read as 0. Empty cells are `if_empty`, or bad.
  std::vector<double> numbers(std::size_t column, Diagnostics& diagnostics,
                              std::optional<double> if_empty = std::nullopt) const;

 private:
  friend class CsvParser;
  friend CsvTable read_csv_text(std::string, std::string, Diagnostics&, Sources&, CsvLimits);
  struct Cell {
    std::uint32_t begin = 0;
    std::uint32_t size = 0;  // top bit: the text is unescaped_[begin]
  };
  const Sources* sources_ = nullptr;
  std::uint32_t file_ = 0;
  CsvLimits limits_;
  std::vector<std::string> names_;
  std::vector<Cell> cells_;            // row by row, columns() each
  std::vector<std::uint32_t> lines_;   // line of each row
  std::vector<std::uint32_t> starts_;  // offset at which that line begins
  std::deque<std::string> unescaped_;  // cells that held doubled quotes
};

/// Reads a file; an empty table and findings if it cannot be read. `shown` names it in diagnostics.
CsvTable read_csv(const std::string& path, const std::string& shown, Span asked_at,
                  Diagnostics& diagnostics, Sources& sources, CsvLimits limits = {});
/// The same with the path as its shown name.
CsvTable read_csv(const std::string& path, Diagnostics& diagnostics, Sources& sources);
/// The same for a text in memory.
CsvTable read_csv_text(std::string shown, std::string text, Diagnostics& diagnostics,
                       Sources& sources, CsvLimits limits = {});

}  // namespace faultline
