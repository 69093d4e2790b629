// A small map from position numbers to values that keeps its memory when cleared; clearing costs
// what it holds. Never iterated for results: order of slots is not an order of anything.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace faultline {

template <class Value>
class FlatMap {
 public:
  /// The value under `key`, made from `fresh` if there is none; second: whether it was made.
  std::pair<Value*, bool> try_emplace(std::uint32_t key, const Value& fresh) {
    if (2 * (used_.size() + 1) > slots_.size()) grow();
    const std::size_t i = slot_of(key);
    if (slots_[i].full) return {&slots_[i].value, false};
    slots_[i] = {key, true, fresh};
    used_.push_back(static_cast<std::uint32_t>(i));
    return {&slots_[i].value, true};
  }
  const Value* find(std::uint32_t key) const {
    if (slots_.empty()) return nullptr;
    const std::size_t i = slot_of(key);
    return slots_[i].full ? &slots_[i].value : nullptr;
  }
  std::size_t size() const { return used_.size(); }
  void clear() {
    for (const std::uint32_t i : used_) slots_[i].full = false;
    used_.clear();
  }

 private:
  struct Entry {
    std::uint32_t key = 0;
    bool full = false;
    Value value{};
  };
  std::size_t slot_of(std::uint32_t key) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t i = (key * 0x9e3779b1u) & mask;
    while (slots_[i].full && slots_[i].key != key) i = (i + 1) & mask;
    return i;
  }
  // What was taken once serves again, even where a smaller map was copied over this one since.
  void grow() {
    old_ = slots_;
    old_used_ = used_;
    slots_.assign(old_.empty() ? 64 : 2 * old_.size(), Entry{});
    used_.clear();
    used_.reserve(slots_.size() / 2 + 1);
    for (const std::uint32_t i : old_used_) try_emplace(old_[i].key, old_[i].value);
  }

  std::vector<Entry> slots_, old_;  // old_: scratch of `grow`
  std::vector<std::uint32_t> used_, old_used_;
};

}  // namespace faultline
