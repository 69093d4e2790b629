// Finding the rows that entered or left breach at a cost of what changes, not of what exists: keyed
// blocks (section 5 of the design). With r the factors at an earlier instant,
//
//   worst(r -> y) = max over debt factors of y/r  /  min over collateral factors of y/r
//   best(r -> y)  = max over collateral factors of y/r  /  min over debt factors of y/r
//
// a row of health h = sum coll / sum debt at r that is sound can be in breach at y only if h is at
// most worst(r -> y), and one in breach can be sound again only if 1/h is at most best(r -> y).
// Each block keeps the r it was last keyed at, and each tile of eight rows two keys: the logarithm
// of the least h of its sound rows and of the least 1/h of its rows in breach, both at r, rounded
// down; a row far on either side costs nothing. A visit to a block turns worst and best into keys,
// rounded up, and evaluates the tiles with a key reached. Logarithms are bounds with stated errors,
// made of plain IEEE operations (`log_floor`, `key_of`), and keys give way for all of them and for
// the rounding of the sums, so no change is missed and no libm decides what is visited.
//
// Moves too small to matter to a key are not taken over at all: keys give way for those, too.
//
// A block is looked at only when factors may have moved far enough for its nearest key: the search
// adds up the way of all factors, largest rise plus largest fall a round, and each block knows the
// sum before which it need not be asked.
//
// It departs from the design's sketch in four ways:
//   - keys belong to tiles, not rows: a tile is evaluated whole anyway (an eighth of the keys)
//   - keys have 16 bits and a step of 2^-14: with 2^-10, three quarters more rows are evaluated on
//     the benchmark's calm path and a third more on its crash
//   - rows in breach have keys too, and changes are reported, not lists
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

/// Replaces `out` by every row in breach at factors `y`, in ascending position number, by reading
/// all blocks that have debt: the oracle of the search and its fallback.
void reference_scan(const Book& book, const Positions& positions, std::span<const double> y,
                    std::vector<std::uint32_t>& out);

/// A set of positions, emptied in ascending order at the cost of its members.
class PositionSet {
 public:
  explicit PositionSet(std::uint32_t size);
  void add(std::uint32_t position);
  /// Appends the members to `out`, ascending; none are left.
  void take_to(std::vector<std::uint32_t>& out);

 private:
  std::vector<std::uint64_t> level_[3];  // a bit of level k + 1: that word of level k is not 0
};

/// The search of one worker over one `Positions`, both of which, like the book, must stay where
/// they are while it lives. Not for two threads at once, save as `find` says.
class BreachSearch {
 public:
  /// What the search has done since `reset`.
  struct Counters {
    std::uint64_t blocks_visited = 0;  // blocks of which tiles were evaluated
    std::uint64_t rows_evaluated = 0;  // slots whose slack was computed, rekeys included
    std::uint64_t rekeys = 0;          // blocks read whole
    std::uint64_t spent_rekeys =
        0;  // of the rekeys, those after evaluating a block's worth for nothing
  };
  using Rows = std::vector<std::uint32_t>;  // position numbers, ascending

  /// Starts at factors `base` (each >= 0 and finite) with unchanged positions. All memory is taken
  /// here, and the whole book is read once.
  BreachSearch(const Book& book, const Positions& positions, std::span<const double> base);
  BreachSearch(const Book& book, const Positions& positions)
      : BreachSearch(book, positions, book.base_factors()) {}
  BreachSearch(BreachSearch&&) = default;

  /// Replaces `entered` by the rows in breach at `y` that were sound at the end of the last call or
  /// were touched since, and `left` by those sound now that were in breach then. The first call
  /// after `reset` reports all rows in breach. Returns nothing, or the first factor that is
  /// negative or not finite: then nothing is reported and the search is as before.
  std::optional<std::uint32_t> find(std::span<const double> y, Rows& entered, Rows& left) {
    return find(y, all_factors_, entered, left);
  }

  /// The same where the caller knows which factors may have moved since the last call.
  std::optional<std::uint32_t> find(std::span<const double> y,
                                    std::span<const std::uint32_t> changed, Rows& entered,
                                    Rows& left) {
    return find(y, changed, entered, left, [](std::size_t count, auto&& visit_block) {
      for (std::size_t i = 0; i < count; ++i) visit_block(i);
    });
  }

  /// The same, blocks in parallel: `for_blocks(count, visit_block)` must call visit_block(i) once
  /// for each i < count, on any threads in any order, and return when all are done. Same bytes.
  template <class ForBlocks>
  std::optional<std::uint32_t> find(std::span<const double> y,
                                    std::span<const std::uint32_t> changed, Rows& entered,
                                    Rows& left, ForBlocks&& for_blocks) {
    entered.clear();
    left.clear();
    if (const auto bad = begin(y, changed)) return bad;
    if (!due_.empty()) for_blocks(due_.size(), [this](std::size_t i) { visit(due_[i]); });
    finish(entered, left);
    return std::nullopt;
  }

  /// Tells that a leg of the row changed; the next `find` evaluates it and reports it if in breach.
  void touch(std::uint32_t position);

  /// Before the first `find`: rows in breach at the base are no news to it.
  void know_base() { first_ = false; }

  /// Appends all rows that were in breach at the end of the last call, ascending; costs a bit a
  /// row.
  void members(Rows& out);

  /// Back to the base factors and unchanged positions; costs what was touched.
  void reset();

  const Counters& counters() const { return counters_; }

 private:
  static constexpr std::uint32_t kBlockTiles = kBlockRows / kTileRows;

  struct BlockState {
    bool used = false;     // differs from the base
    bool touched = false;  // a row was, since the last visit
    bool visited = false;  // this call
    bool rekeyed = false;
    bool spent_rekey = false;
    std::uint16_t least[2] = {0, 0};    // keys of its tiles: of sound rows, of rows in breach
    std::uint32_t round = 0;            // the call it was last looked at in
    std::uint32_t queued = 0;           // the call it was last queued in
    std::uint32_t evaluated = 0;        // tiles, this visit
    std::uint32_t spent = 0;            // tiles for nothing, since the keys were made
    std::uint64_t changed[2] = {0, 0};  // this call: tiles with something to report
  };
  // ln worst and ln best since the block's keys were made, in units of `log_floor`.
  struct Moves {
    std::int64_t worst, best;
    std::uint32_t round;  // the call in which a factor last moved
  };
  // The tiles of a block to evaluate.
  struct DueTiles {
    std::uint32_t count = 0;
    std::uint8_t tiles[kBlockTiles + 8];  // room for writing eight at a time
  };
  struct FactorLog {
    std::int32_t log;
    std::uint32_t round;  // the call it last moved in
  };

  std::optional<std::uint32_t> begin(std::span<const double> y,
                                     std::span<const std::uint32_t> changed);
  void visit(std::uint32_t block);
  void finish(Rows& entered, Rows& left);

  void key_base(std::uint32_t block);
  void queue_due(std::int64_t way);
  void queue_block(std::uint32_t block);
  void use(std::uint32_t block);
  Moves moves(const Book::Block& block) const;
  bool has_wild_factor(const Book::Block& block) const;
  const double* load_factors(const Book::Block& block);
  void rekey(std::uint32_t block);
  void list_due(std::uint32_t block, const std::uint16_t* limits, DueTiles& due);
  template <bool kMixed>
  void evaluate(std::uint32_t block, const DueTiles& due);
  void note(std::uint32_t block, std::uint32_t tile, std::uint8_t found);
  void settle_least(std::uint32_t block);
  std::int64_t deadline(const BlockState& state, const Moves& at) const;
  void publish(std::uint32_t block);

  const Book* book_;
  const Positions* positions_;
  Counters counters_;
  std::uint32_t round_ = 0;
  bool first_ = true;
  std::int64_t travelled_ = 0;  // way of the factors since `reset`, in units of `log_floor`

  std::vector<double> y_, base_y_;  // by factor: as of the last find; at the base
  std::vector<double> taken_;       // of which `log_` is
  std::vector<FactorLog> log_, base_log_;
  // Of the factors taken in this call: which, what they are, `log_floor` of it.
  std::vector<std::uint32_t> fresh_;
  std::vector<double> fresh_y_;
  std::vector<std::int32_t> fresh_log_;
  std::vector<std::uint32_t> all_factors_;
  std::uint32_t wild_ = 0;  // factors outside the range the keys are proven for; at the base
  std::uint32_t base_wild_ = 0;

  std::vector<BlockState> blocks_, base_blocks_;
  std::vector<std::int64_t> deadline_, base_deadline_;  // by block: see `deadline`
  std::vector<std::uint32_t> due_, used_, touched_list_;
  std::vector<std::uint32_t> breached_at_base_;  // blocks

  std::vector<double> ref_, base_ref_, now_;  // each block's factor list: at its keys' instant
  std::vector<std::int32_t> ref_log_, base_ref_log_;

  // By tile; the last four have a bit a row.
  std::vector<std::uint16_t> keys_[2], base_keys_[2];  // of sound rows, of rows in breach
  std::vector<std::uint8_t> breached_, base_breached_;
  std::vector<std::uint8_t> touched_, entered_, left_;
  PositionSet entered_set_, left_set_;
};

}  // namespace faultline
