#include "sim/position_table.hpp"

#include <algorithm>

namespace faultline {

void PositionTable::add(Run run) {
  if (run.count == 0) return;
  rows_ += run.count;
  ends_.push_back(rows_);
  runs_.push_back(std::move(run));
}

std::size_t PositionTable::run_of(std::uint32_t position) const {
  return static_cast<std::size_t>(std::upper_bound(ends_.begin(), ends_.end(), position) -
                                  ends_.begin());
}

PositionInfo PositionTable::operator[](std::uint32_t position) const {
  const std::size_t i = run_of(position);
  const Run& run = runs_[i];
  return {run.market, run.account + position - (ends_[i] - run.count)};
}

std::string PositionTable::name(std::uint32_t position) const {
  const std::size_t i = run_of(position);
  const Run& run = runs_[i];
  const std::uint32_t at = position - (ends_[i] - run.count);
  if (!run.group.empty()) return run.group + "-" + std::to_string(at + 1);
  return run.names.empty() ? std::string() : run.names[at];
}

}  // namespace faultline
