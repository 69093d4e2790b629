// Capital that agents put into trades comes back when the trades have settled, a stated time later;
// until then they have less to spend.
//   free at round t = capital - sum of what was committed after t - ceil(turnover / round)
#pragma once

#include <cstdint>
#include <vector>

namespace faultline {

class CapitalOut {
 public:
  /// `rounds[a]` is how many rounds pass until what agent `a` commits is back, at least 1: then it
  /// is free in the next round.
  void open(std::vector<std::uint32_t> rounds) {
    rounds_ = std::move(rounds);
    for (const std::uint32_t r : rounds_) depth_ = r > depth_ ? r : depth_;
    out_.resize(rounds_.size() * depth_);
  }
  void reset() {
    for (Slot& s : out_) s = {};
  }
  /// What agent `a` committed before this round and has not back, USD.
  double before(std::size_t a, std::uint32_t round) const {
    double usd = 0;
    for (std::uint32_t back = 1; back < rounds_[a] && back <= round; ++back) {
      const Slot& s = out_[a * depth_ + (round - back) % depth_];
      if (s.round == round - back) usd += s.usd;
    }
    return usd;
  }
  void commit(std::size_t a, std::uint32_t round, double usd) {
    Slot& s = out_[a * depth_ + round % depth_];
    if (s.round != round) s = {round, 0};
    s.usd += usd;
  }

 private:
  struct Slot {
    std::uint32_t round = 0xffffffffu;
    double usd = 0;
  };
  std::vector<std::uint32_t> rounds_;
  std::uint32_t depth_ = 1;
  std::vector<Slot> out_;  // [agent * depth + round % depth]
};

}  // namespace faultline
