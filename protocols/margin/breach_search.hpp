// Finding the rows in breach at a cost of what fails, not of what exists: keyed blocks (section 5
// of the design). With r the factors at an earlier instant,
//
//   worst(r -> y) = max over debt factors of y/r  /  min over collateral factors of y/r
//
// a row sound at r can be in breach at y only if its health at r, sum coll / sum debt, is at most
// worst(r -> y). Each block keeps the r it was last keyed at, and each tile of eight rows a key:
// the logarithm of its least health at r, rounded down. A visit to a block turns worst into a key
// w, rounded up, and evaluates the tiles with key <= w. Logarithms are bounds with stated errors,
// made of plain IEEE operations (`log_floor`, `key_of`), and keys give way for all of them and for
// the rounding of the sums, so no breach is missed and no libm decides what is visited.
//
// It departs from the design's sketch in four ways:
//   - keys belong to tiles, not rows: a tile is evaluated whole anyway (an eighth of the keys)
//   - keys have 16 bits and a step of 2^-14: with 2^-10, three quarters more rows are evaluated on
//     the benchmark's calm path and a third more on its crash
//   - a sleeping block wakes with the keys of the book, exact at the base factors, and is not read
//     whole for it
//   - only tiles evaluated for nothing count as spent: a rekey would not have saved the others
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "protocols/margin/book.hpp"

namespace faultline {

/// A block as the kernels see it: amounts, and ids where rows are mixed, are [tile][leg][row].
struct BlockColumns {
  const double* amounts;
  const std::uint16_t* ids;  // null: leg i is valued by y[i]
  std::uint32_t tiles;
  std::uint32_t collateral_legs;
  std::uint32_t debt_legs;
};

inline constexpr std::uint16_t kNeverKey = 0xffff;  // no row of the tile has debt

/// Writes each tile's key (log of least health at `y` in steps of 2^-14, rounded down; 0 also where
/// it is not known) and its rows in breach (bit i is row i). `y` holds the block's factor list.
void key_tiles(const BlockColumns& columns, const double* y, std::uint16_t* keys,
               std::uint8_t* breached);

/// Replaces `out` by every row in breach at factors `y`, in ascending position number, by reading
/// all blocks that have debt: the oracle of the search and its fallback.
void reference_scan(const Book& book, const Positions& positions, std::span<const double> y,
                    std::vector<std::uint32_t>& out);

/// A set of positions that is listed in ascending order at the cost of its members.
class PositionSet {
 public:
  explicit PositionSet(std::uint32_t size);
  /// Takes in what is out, puts out what is in.
  void toggle(std::uint32_t position);
  void append_to(std::vector<std::uint32_t>& out);
  void clear();  // costs the members

 private:
  std::vector<std::uint64_t> level_[3];  // a bit of level k + 1: that word of level k may not be 0
};

/// The search of one worker over one `Positions`, both of which, like the book, must stay where
/// they are while it lives. Not for two threads at once, save as `find` says.
class BreachSearch {
 public:
  /// What the search has done since `reset`.
  struct Counters {
    std::uint64_t blocks_visited = 0;
    std::uint64_t rows_evaluated = 0;  // slots whose slack was computed, rekeys included
    std::uint64_t rekeys = 0;          // blocks read whole
    std::uint64_t wakes = 0;           // blocks that left the book's keys
    std::uint64_t spent_rekeys =
        0;  // of the rekeys, those after evaluating a block's worth for nothing
  };

  /// Starts at the book's base factors with unchanged positions. All memory is taken here.
  BreachSearch(const Book& book, const Positions& positions);
  BreachSearch(BreachSearch&&) = default;

  /// Replaces `out` by every row in breach at `y` that is not parked, in ascending position number;
  /// a row is listed each round until it is cured or parked. Visits only blocks with a factor that
  /// moved since the last call or a row that was touched. Returns nothing, or the first factor that
  /// is negative or not finite: then `out` is empty and the search as before.
  std::optional<std::uint32_t> find(std::span<const double> y, std::vector<std::uint32_t>& out);

  /// The same where the caller knows which factors may have moved since the last call.
  std::optional<std::uint32_t> find(std::span<const double> y,
                                    std::span<const std::uint32_t> changed,
                                    std::vector<std::uint32_t>& out) {
    return find(y, changed, out, [](std::size_t count, auto&& visit_block) {
      for (std::size_t i = 0; i < count; ++i) visit_block(i);
    });
  }

  /// The same, blocks in parallel: `for_blocks(count, visit_block)` must call visit_block(i) once
  /// for each i < count, on any threads in any order, and return when all are done. Same bytes.
  template <class ForBlocks>
  std::optional<std::uint32_t> find(std::span<const double> y,
                                    std::span<const std::uint32_t> changed,
                                    std::vector<std::uint32_t>& out, ForBlocks&& for_blocks) {
    out.clear();
    if (const auto bad = begin(y, changed)) return bad;
    for_blocks(due_.size(), [this](std::size_t i) { visit(due_[i]); });
    finish(out);
    return std::nullopt;
  }

  /// Tells that a leg of the row changed; it is evaluated in the next `find`, and no longer parked.
  void touch(std::uint32_t position);

  /// Leaves a row in breach out of `find` until `unpark`, `touch`, or a rekey of its block, after
  /// which it is listed again if still in breach and the caller parks it again.
  void park(std::uint32_t position);
  void unpark(std::uint32_t position);
  bool is_parked(std::uint32_t position) const;

  /// Back to the base factors and unchanged positions; costs what was touched.
  void reset();

  const Counters& counters() const { return counters_; }

 private:
  static constexpr std::uint32_t kBlockTiles = kBlockRows / kTileRows;

  struct BlockState {
    bool awake = false;
    bool dirty = false;  // a row was touched since the last visit
    bool rekeyed = false;
    bool spent_rekey = false;
    std::uint32_t evaluated = 0;        // tiles, this visit
    std::uint32_t spent = 0;            // tiles for nothing, since the keys were made
    std::uint64_t changed[2] = {0, 0};  // this visit: tiles of which rows entered or left breach
    std::uint64_t queued = 0;           // the round it was last queued in
  };
  // The tiles of a block to evaluate, or that it is to be keyed anew.
  struct DueTiles {
    bool rekey;
    std::uint32_t count;
    std::uint8_t tiles[kBlockTiles + 8];  // room for writing eight at a time
  };
  struct FamilyState {
    std::uint32_t next_sleeper = 0;  // blocks before it, counted within the family, are awake
    std::uint32_t end_awake = 0;     // blocks from it on are asleep
    std::uint64_t queued = 0;
  };

  std::optional<std::uint32_t> begin(std::span<const double> y,
                                     std::span<const std::uint32_t> changed);
  void visit(std::uint32_t block);
  void finish(std::vector<std::uint32_t>& out);

  bool move_factor(std::uint32_t factor, double value);
  void queue_family(std::uint32_t family);
  void queue_block(std::uint32_t block);
  void wake_sleepers(std::uint32_t family);
  void wake(std::uint32_t block);
  bool has_wild_factor(const Book::Family& family) const;
  template <class Reference>
  std::int64_t key_move(std::uint32_t family, Reference&& reference) const;
  const double* load_factors(const Book::Block& block);
  void rekey(std::uint32_t block);
  void list_due(std::uint32_t block, DueTiles& due);
  template <bool kMixed>
  void evaluate(std::uint32_t block, const DueTiles& due);
  void publish(std::uint32_t block);
  void mark_stale(const Book::Block& block, std::uint32_t slot);
  void mark_dirty(std::uint32_t block);

  const Book* book_;
  const Positions* positions_;
  Counters counters_;
  std::uint64_t round_ = 0;
  bool first_ = true;

  std::vector<double> y_;  // by factor: as of the last find
  std::vector<std::int32_t> log_, base_log_;
  std::vector<std::uint8_t> moved_;  // by factor: listed in moved_list_
  std::vector<std::uint32_t> moved_list_;
  std::vector<std::uint32_t> all_factors_;
  std::uint32_t wild_ = 0;  // factors outside the range the keys are proven for; at the base
  std::uint32_t base_wild_ = 0;

  std::vector<BlockState> blocks_;
  std::vector<FamilyState> families_;
  std::vector<std::uint32_t> due_;  // blocks of this round
  std::vector<std::uint32_t> due_families_;
  std::vector<std::uint32_t> dirty_;
  std::vector<std::uint32_t> awake_;

  std::vector<double> ref_, now_;  // each block's factor list: at its keys' instant; scratch
  std::vector<std::int32_t> ref_log_;

  std::vector<std::uint16_t> keys_;     // by tile
  std::vector<std::uint8_t> stale_;     // by tile: key is 0 for want of a true one
  std::vector<std::uint8_t> breached_;  // by tile, a bit a row: in breach and not parked
  std::vector<std::uint8_t> listed_;    // as `breached_`, as far as `set_` knows
  std::vector<std::uint8_t> parked_;
  PositionSet set_;
};

}  // namespace faultline
