// Who owns each row of the position book. Rows of one list or one group follow each other, so a run
// of them is told once, and a name is made when somebody asks for it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/ids.hpp"

namespace faultline {

/// Owner of a row of the position book.
struct PositionInfo {
  MarketId market;
  std::uint32_t account = 0;  // number within its market's list, for messages
};

class PositionTable {
 public:
  /// Rows of one market that follow each other, `account` and up.
  struct Run {
    MarketId market;
    std::uint32_t account = 0;       // of the first
    std::uint32_t count = 0;         // of rows
    std::vector<std::string> names;  // as listed; empty: none was
    std::string group;               // generated: its name, or empty
  };

  /// Appends rows.
  void add(Run run);

  std::uint32_t size() const { return rows_; }
  bool empty() const { return rows_ == 0; }
  PositionInfo operator[](std::uint32_t position) const;
  /// As its list names it, "GROUP-NUMBER" where it was generated, empty where nobody named it.
  std::string name(std::uint32_t position) const;

 private:
  std::size_t run_of(std::uint32_t position) const;

  std::vector<Run> runs_;
  std::vector<std::uint32_t> ends_;  // by run: the position past its last row
  std::uint32_t rows_ = 0;
};

}  // namespace faultline
