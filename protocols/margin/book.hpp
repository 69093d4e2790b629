// Positions as columns. A book is built once and shared; `Positions` is what one run changes of it.
//
//   slack(row) = sum collateral.amount * y[factor] - sum debt.amount * y[factor]
//
// left to right, collateral legs before debt legs; a row is in breach where slack < 0. Factors y
// are price * index * weight (docs: section 5 of the design). Rows lie in blocks of at most 1024
// rows of one group, by base health and then position number. A block's amounts are tiles of eight
// rows, [tile][leg][row], so that one tile is one run of cache lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace faultline {

inline constexpr std::uint32_t kBlockRows = 1024;  // most rows in one block
inline constexpr std::uint32_t kTileRows = 8;      // rows evaluated together
inline constexpr std::uint32_t kMostLegs = 64;     // most legs of one row

/// One leg of a row: `amount` >= 0 and finite, in units that `y[factor]` values. A leg of amount 0
/// reserves a slot that a run may fill later.
struct LegInput {
  std::uint32_t factor;
  double amount;
  bool debt;
};

/// Doubles that begin on a cache line; moved, never copied.
class AlignedDoubles {
 public:
  AlignedDoubles() = default;
  explicit AlignedDoubles(std::size_t size);  // not initialised
  double* data() { return data_.get(); }
  const double* data() const { return data_.get(); }

 private:
  struct Free {
    void operator()(double* data) const;
  };
  std::unique_ptr<double[], Free> data_;
};

/// Every position at the start of all runs, immutable. Positions are numbered in the order added.
class Book {
 public:
  /// Blocks that share one list of factors: all blocks of one mix, or one block of mixed rows. The
  /// list is `factors_of`: first those of collateral legs, then those of debt legs.
  struct Family {
    std::uint32_t first_factor;
    std::uint32_t collateral_factors;
    std::uint32_t debt_factors;
    std::uint32_t first_block;
    std::uint32_t block_count;
    bool mixed;  // rows name their factors by place in the list; else leg i uses factor i of it
    bool inert;  // no debt legs: never in breach
  };

  struct Block {
    std::uint64_t first_amount;  // in doubles, [tile][leg][row]
    std::uint64_t first_id;      // mixed blocks: where [tile][leg][row] ids begin
    std::uint64_t first_ref;     // where this block's copy of its factor list begins
    std::uint32_t first_row;     // slot 0 in the order of blocks
    std::uint32_t first_tile;    // padded to 16 tiles a block, as keys are read 16 at a time
    std::uint32_t family;
    std::uint32_t group;
    std::uint16_t rows;
    std::uint8_t collateral_legs;
    std::uint8_t debt_legs;

    std::uint32_t legs() const { return std::uint32_t{collateral_legs} + debt_legs; }
    std::uint32_t tiles() const { return (rows + kTileRows - 1) / kTileRows; }
    std::size_t amounts() const { return std::size_t{tiles()} * kTileRows * legs(); }
  };

  /// Where a position lies.
  struct Place {
    std::uint32_t block;
    std::uint32_t slot;
  };

  Book(Book&&) = default;
  Book& operator=(Book&&) = default;

  std::uint32_t rows() const { return static_cast<std::uint32_t>(place_of_.size()); }
  std::uint32_t factor_count() const { return static_cast<std::uint32_t>(base_factors_.size()); }

  /// Legs of a position: collateral legs in the order added, then debt legs in the order added.
  std::uint32_t legs(std::uint32_t position) const;
  std::uint32_t collateral_legs(std::uint32_t position) const;
  /// The factor that values leg `leg` (numbered as above).
  std::uint32_t factor(std::uint32_t position, std::uint32_t leg) const;
  double base_amount(std::uint32_t position, std::uint32_t leg) const;
  /// The group number the row was added with.
  std::uint32_t group(std::uint32_t position) const;

  Place place(std::uint32_t position) const {
    return {place_of_[position] / kBlockRows, place_of_[position] % kBlockRows};
  }
  /// The position in a slot of a block: inverse of `place`.
  std::uint32_t position(const Block& block, std::uint32_t slot) const {
    return position_of_[block.first_row + slot];
  }
  /// Asks the memory for `position(block, slot)` ahead of time.
  void prefetch_position(const Block& block, std::uint32_t slot) const {
    __builtin_prefetch(position_of_.data() + block.first_row + slot);
  }

  std::span<const Block> blocks() const { return blocks_; }
  std::span<const Family> families() const { return families_; }
  std::span<const std::uint32_t> factors_of(const Family& family) const {
    return {factor_list_.data() + family.first_factor,
            std::size_t{family.collateral_factors} + family.debt_factors};
  }
  const double* base_amounts(const Block& block) const {
    return amounts_.data() + block.first_amount;
  }
  /// Ids into `factors_of`, laid out like amounts; null where the family is not mixed.
  const std::uint16_t* ids(const Block& block) const {
    return families_[block.family].mixed ? ids_.data() + block.first_id : nullptr;
  }
  std::span<const double> base_factors() const { return base_factors_; }
  /// Tiles of all blocks, each block's padded to whole sixteens.
  std::size_t padded_tiles() const { return padded_tiles_; }
  std::size_t ref_count() const { return ref_count_; }

  /// Bytes held, in all columns.
  std::size_t bytes() const;

 private:
  friend class BookAssembly;
  Book() = default;

  std::vector<double> base_factors_;
  std::vector<Block> blocks_;
  std::vector<Family> families_;
  std::vector<std::uint32_t> factor_list_;
  std::vector<std::uint32_t> place_of_;     // position -> block * 1024 + slot
  std::vector<std::uint32_t> position_of_;  // row in the order of blocks -> position
  std::vector<std::uint16_t> ids_;
  AlignedDoubles amounts_;
  std::size_t amount_count_ = 0;
  std::size_t ref_count_ = 0;
  std::size_t padded_tiles_ = 0;
};

/// Sorts rows into blocks without keeping them: each row is shown twice, in the order of positions.
/// First `add_row` for all, then `place_rows`, then `fill_row` for all, then `finish`. Rows with
/// the same factors in the same order share a mix, so give legs in one order (say, by factor
/// number).
class BookAssembly {
 public:
  /// `base_factors` (>= 0, finite) must cover every factor named by a leg; `rows` may be expected.
  explicit BookAssembly(std::span<const double> base_factors, std::size_t rows = 0);

  /// Takes down a row of at most 64 legs, collateral before debt, and returns its position number:
  /// 0, 1, 2, ... Rows of different groups (markets) never share a block. Rows whose `order` is
  /// near lie near; left out, it is their health.
  std::uint32_t add_row(std::uint32_t group, std::span<const LegInput> legs,
                        std::optional<double> order = std::nullopt);
  /// All rows were added: gives each its place.
  void place_rows();
  /// Writes the legs of a row as they were added; rows left out have amounts of 0.
  void fill_row(std::uint32_t position, std::span<const LegInput> legs);
  /// The book; the assembly is spent.
  Book finish() && { return std::move(book_); }

 private:
  // A list of factors that some rows have.
  struct Mix {
    std::uint32_t group;
    std::uint32_t first_factor;
    std::uint32_t rows;
    std::uint8_t collateral_legs;
    std::uint8_t debt_legs;

    std::uint32_t legs() const { return std::uint32_t{collateral_legs} + debt_legs; }
  };
  struct Row {
    std::uint32_t mix;
    std::uint8_t largest[2];  // legs: of collateral, of debt; kNoLeg without
  };
  // Rows that may share blocks. Pairs of too few rows are thrown together with their like.
  struct Cluster {
    std::uint32_t mix;  // or none where rows differ in mix
    std::uint32_t rows;
  };
  struct Kinds;

  std::uint32_t find_or_add_mix(std::uint32_t group, std::span<const LegInput> legs,
                                std::uint32_t collateral_legs);
  void grow_table();
  std::uint32_t factor_of(const Row& row, int side) const;
  std::uint32_t cluster_of(Kinds& kinds, std::uint32_t row, bool by_pair);
  void cluster_rows();
  void order_rows();
  void cut_blocks();
  void add_family(const Cluster& cluster, std::uint32_t row);
  std::uint32_t list_factors(std::uint32_t row, std::uint32_t rows, bool debt);
  void add_block(std::uint32_t row, std::uint32_t rows);

  Book book_;
  std::vector<Row> rows_;
  std::vector<double> order_by_;  // by row
  std::vector<Mix> mixes_;
  std::vector<std::uint32_t> mix_factors_;
  std::vector<std::uint32_t> table_;  // open addressing: mix + 1, 0 is empty
  std::vector<Cluster> clusters_;
  std::vector<std::uint32_t> cluster_;  // by row
  std::vector<std::uint32_t> order_;    // rows by cluster, then `order_by_`, then position
  std::vector<std::uint32_t> scratch_;
  std::size_t tiles_ = 0;
  std::size_t id_count_ = 0;
};

/// Collects rows that exist nowhere else, then makes a book of them.
class BookBuilder {
 public:
  /// As `BookAssembly::add_row`, with legs in any order.
  std::uint32_t add_row(std::uint32_t group, std::span<const LegInput> legs);
  std::uint32_t add_row(std::span<const LegInput> legs) { return add_row(0, legs); }

  /// The book; the builder is spent.
  Book build(std::span<const double> base_factors) &&;

 private:
  std::vector<LegInput> legs_;
  std::vector<std::uint32_t> groups_, ends_;  // by row; where its legs end
};

/// One leg of a row as it is now.
struct Leg {
  std::uint32_t factor;
  double amount;
};

/// How many legs a row has, and of which the first are collateral.
struct RowLegs {
  std::uint32_t collateral;
  std::uint32_t count;
};

/// The amounts of one run: the book's until changed. The first change in a block copies its amounts
/// into a pool, which `reset` keeps, so that the same work allocates once. The book must stay where
/// it is.
class Positions {
 public:
  explicit Positions(const Book& book);
  Positions(Positions&&) = default;

  const Book& book() const { return *book_; }
  double amount(std::uint32_t position, std::uint32_t leg) const;
  /// Copies a row's legs to `legs` (room for `kMostLegs`), collateral first: where many are asked.
  RowLegs row(std::uint32_t position, Leg* legs) const;
  /// Sets a leg to `value` >= 0, finite. A search over these positions must be told (`touch`).
  void set_amount(std::uint32_t position, std::uint32_t leg, double value);
  /// A block's amounts as they are now, laid out as in the book.
  const double* amounts(std::uint32_t block) const { return columns_[block]; }

  /// Back to the book; costs what was touched.
  void reset();

  std::size_t touched_blocks() const { return touched_.size(); }
  /// Bytes the pool has ever taken from the system: constant once a run has been seen.
  std::size_t pool_bytes() const { return slabs_.size() * kSlab * sizeof(double); }

 private:
  static constexpr std::size_t kSlab = 1u << 18;  // doubles: 2 MiB, more than any block

  double* new_columns(std::size_t doubles);

  const Book* book_;
  std::vector<const double*> columns_;
  std::vector<std::uint32_t> touched_;
  std::vector<AlignedDoubles> slabs_;
  std::size_t slab_ = 0;       // slab in use
  std::size_t slab_used_ = 0;  // doubles taken from it
};

}  // namespace faultline
