#include "protocols/margin/book.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <limits>
#include <new>
#include <unordered_map>
#include <utility>

namespace faultline {

namespace {

constexpr std::uint32_t kUniformRows = 256;  // rows of one mix that earn blocks of their own
constexpr std::uint32_t kPairRows = 64;      // rows of one dominant pair that do
constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
constexpr std::align_val_t kLine{64};

std::uint64_t mixed_hash(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
  return hash ^ (hash >> 32);
}

// Where a leg of a slot lies in its block's amounts: [tile][leg][row].
std::size_t amount_index(const Book::Block& block, std::uint32_t slot, std::uint32_t leg) {
  return (std::size_t{slot / kTileRows} * block.legs() + leg) * kTileRows + slot % kTileRows;
}

}  // namespace

AlignedDoubles::AlignedDoubles(std::size_t size)
    : data_(static_cast<double*>(::operator new[](size * sizeof(double), kLine))) {}

void AlignedDoubles::Free::operator()(double* data) const {
  ::operator delete[](data, kLine);
}

std::uint32_t Book::legs(std::uint32_t position) const {
  return blocks_[place(position).block].legs();
}

std::uint32_t Book::collateral_legs(std::uint32_t position) const {
  return blocks_[place(position).block].collateral_legs;
}

std::uint32_t Book::group(std::uint32_t position) const {
  return blocks_[place(position).block].group;
}

std::uint32_t Book::factor(std::uint32_t position, std::uint32_t leg) const {
  const auto [at, slot] = place(position);
  const Block& block = blocks_[at];
  const std::uint16_t* own = ids(block);
  return factors_of(
      families_[block.family])[own == nullptr ? leg : own[amount_index(block, slot, leg)]];
}

double Book::base_amount(std::uint32_t position, std::uint32_t leg) const {
  const auto [at, slot] = place(position);
  const Block& block = blocks_[at];
  return base_amounts(block)[amount_index(block, slot, leg)];
}

std::size_t Book::bytes() const {
  const auto of = [](const auto& column) { return column.capacity() * sizeof(column[0]); };
  return of(base_factors_) + of(blocks_) + of(families_) + of(factor_list_) + of(place_of_) +
         of(position_of_) + of(ids_) + amount_count_ * sizeof(double);
}

double* BookBuilder::new_amounts(std::uint32_t count, std::uint32_t& first) {
  if (chunk_used_ + std::max(count, 1u) > kChunk) {
    chunks_.emplace_back(new double[kChunk]);
    chunk_used_ = 0;
  }
  first = static_cast<std::uint32_t>((chunks_.size() - 1) * kChunk + chunk_used_);
  chunk_used_ += count;
  return chunks_.back().get() + (first % kChunk);
}

std::uint32_t BookBuilder::add_row(std::uint32_t group, std::span<const LegInput> legs) {
  assert(legs.size() <= kMostLegs);
  std::uint32_t factors[kMostLegs];
  Row row{};
  double* amounts = new_amounts(static_cast<std::uint32_t>(legs.size()), row.first_amount);
  std::uint32_t count = 0, collateral_legs = 0;
  for (const bool debt : {false, true}) {
    for (const LegInput& leg : legs) {
      if (leg.debt != debt) continue;
      assert(leg.amount >= 0.0 && leg.amount <= std::numeric_limits<double>::max());
      factors[count] = leg.factor;
      amounts[count++] = leg.amount;
    }
    if (!debt) collateral_legs = count;
  }
  row.mix = find_or_add_mix(group, {factors, count}, collateral_legs);
  ++mixes_[row.mix].rows;
  rows_.push_back(row);
  return static_cast<std::uint32_t>(rows_.size() - 1);
}

// The number of this list of factors; lists are kept once, found by open addressing.
std::uint32_t BookBuilder::find_or_add_mix(std::uint32_t group,
                                           std::span<const std::uint32_t> factors,
                                           std::uint32_t collateral_legs) {
  if (table_.size() < 2 * (mixes_.size() + 1)) grow_table();
  std::uint64_t hash = mixed_hash(group, (factors.size() << 8) | collateral_legs);
  for (const std::uint32_t factor : factors) hash = mixed_hash(hash, factor);
  std::size_t at = hash & (table_.size() - 1);
  for (; table_[at] != 0; at = (at + 1) & (table_.size() - 1)) {
    const Mix& mix = mixes_[table_[at] - 1];
    if (mix.group == group && mix.collateral_legs == collateral_legs &&
        std::size_t{mix.collateral_legs} + mix.debt_legs == factors.size() &&
        std::equal(factors.begin(), factors.end(), mix_factors_.begin() + mix.first_factor))
      return table_[at] - 1;
  }
  mixes_.push_back({group, static_cast<std::uint32_t>(mix_factors_.size()), 0,
                    static_cast<std::uint8_t>(collateral_legs),
                    static_cast<std::uint8_t>(factors.size() - collateral_legs)});
  mix_factors_.insert(mix_factors_.end(), factors.begin(), factors.end());
  table_[at] = static_cast<std::uint32_t>(mixes_.size());
  return table_[at] - 1;
}

void BookBuilder::grow_table() {
  table_.assign(std::max<std::size_t>(1024, table_.size() * 2), 0);
  for (std::uint32_t i = 0; i < mixes_.size(); ++i) {
    const Mix& mix = mixes_[i];
    const std::uint32_t legs = std::uint32_t{mix.collateral_legs} + mix.debt_legs;
    std::uint64_t hash = mixed_hash(mix.group, (std::uint64_t{legs} << 8) | mix.collateral_legs);
    for (std::uint32_t leg = 0; leg < legs; ++leg)
      hash = mixed_hash(hash, mix_factors_[mix.first_factor + leg]);
    std::size_t at = hash & (table_.size() - 1);
    while (table_[at] != 0) at = (at + 1) & (table_.size() - 1);
    table_[at] = i + 1;
  }
}

// Sorts a builder's rows into clusters, clusters into blocks, and fills the book's columns.
class BookAssembly {
 public:
  BookAssembly(BookBuilder& rows, Book& book) : in_(rows), book_(book) {}

  void run() {
    cluster_rows();
    order_rows();
    cut_blocks();
    for (std::uint32_t block = 0; block < book_.blocks_.size(); ++block) fill(block);
  }

 private:
  using Mix = BookBuilder::Mix;

  // Rows that may share blocks. Pairs of too few rows are thrown together with their like.
  struct Cluster {
    std::uint32_t mix;  // or kNone where rows differ in mix
    std::uint32_t rows;
  };
  struct Kind {
    std::uint32_t group, collateral_factor, debt_factor, legs;
    bool operator==(const Kind&) const = default;
  };
  struct KindHash {
    std::size_t operator()(const Kind& k) const {
      return mixed_hash(mixed_hash(mixed_hash(k.group, k.collateral_factor), k.debt_factor),
                        k.legs);
    }
  };
  using KindMap = std::unordered_map<Kind, std::uint32_t, KindHash>;

  const double* amounts(const BookBuilder::Row& row) const {
    return in_.chunks_[row.first_amount / BookBuilder::kChunk].get() +
           row.first_amount % BookBuilder::kChunk;
  }

  // Base health of a row; where `kind` is given, also the factors of its largest legs.
  double measure(const BookBuilder::Row& row, Kind* kind) const {
    const Mix& mix = in_.mixes_[row.mix];
    const std::uint32_t* factors = in_.mix_factors_.data() + mix.first_factor;
    const double* amount = amounts(row);
    double sum[2] = {0.0, 0.0};
    double most[2] = {-1.0, -1.0};
    std::uint32_t dominant[2] = {kNone, kNone};
    const std::uint32_t legs = std::uint32_t{mix.collateral_legs} + mix.debt_legs;
    for (std::uint32_t leg = 0; leg < legs; ++leg) {
      const int side = leg < mix.collateral_legs ? 0 : 1;
      const double value = amount[leg] * book_.base_factors_[factors[leg]];
      sum[side] += value;
      if (value > most[side]) {
        most[side] = value;
        dominant[side] = factors[leg];
      }
    }
    if (kind != nullptr)
      *kind = {mix.group, dominant[0], dominant[1],
               std::uint32_t{mix.collateral_legs} * 256 + mix.debt_legs};
    return sum[1] > 0.0 ? sum[0] / sum[1] : std::numeric_limits<double>::infinity();
  }

  std::uint32_t cluster_of(KindMap& map, const Kind& kind) {
    const auto [at, added] = map.try_emplace(kind, static_cast<std::uint32_t>(clusters_.size()));
    if (added) clusters_.push_back({kNone, 0});
    return at->second;
  }

  void cluster_rows() {
    std::vector<std::uint32_t> of_mix(in_.mixes_.size(), kNone);
    KindMap pairs, loose;
    health_.resize(in_.rows_.size());
    cluster_.resize(in_.rows_.size());
    for (std::size_t row = 0; row < in_.rows_.size(); ++row) {
      const std::uint32_t mix = in_.rows_[row].mix;
      Kind kind{};
      const bool uniform = in_.mixes_[mix].rows >= kUniformRows;
      health_[row] = measure(in_.rows_[row], uniform ? nullptr : &kind);
      if (uniform && of_mix[mix] == kNone) {
        of_mix[mix] = static_cast<std::uint32_t>(clusters_.size());
        clusters_.push_back({mix, 0});
      }
      cluster_[row] = uniform ? of_mix[mix] : cluster_of(pairs, kind);
      ++clusters_[cluster_[row]].rows;
    }
    std::vector<bool> few(clusters_.size());
    for (std::size_t i = 0; i < few.size(); ++i)
      few[i] = clusters_[i].mix == kNone && clusters_[i].rows < kPairRows;
    for (std::size_t row = 0; row < in_.rows_.size(); ++row) {
      if (!few[cluster_[row]]) continue;
      const Mix& mix = in_.mixes_[in_.rows_[row].mix];
      --clusters_[cluster_[row]].rows;
      cluster_[row] = cluster_of(
          loose, {mix.group, 0, 0, std::uint32_t{mix.collateral_legs} * 256 + mix.debt_legs});
      ++clusters_[cluster_[row]].rows;
    }
  }

  // order_: rows by cluster, then base health, then position.
  void order_rows() {
    std::vector<std::uint32_t> next(clusters_.size() + 1, 0);
    for (std::size_t i = 0; i < clusters_.size(); ++i) next[i + 1] = next[i] + clusters_[i].rows;
    order_.resize(in_.rows_.size());
    for (std::uint32_t row = 0; row < order_.size(); ++row) order_[next[cluster_[row]]++] = row;
    std::vector<std::uint32_t>().swap(cluster_);
    std::vector<std::pair<double, std::uint32_t>> sorted;
    std::size_t start = 0;
    for (const Cluster& cluster : clusters_) {
      sorted.clear();
      for (std::size_t i = 0; i < cluster.rows; ++i)
        sorted.emplace_back(health_[order_[start + i]], order_[start + i]);
      std::sort(sorted.begin(), sorted.end());
      for (const auto& entry : sorted) order_[start++] = entry.second;
    }
    std::vector<double>().swap(health_);
  }

  void cut_blocks() {
    std::uint32_t row = 0;
    for (const Cluster& cluster : clusters_) {
      for (std::uint32_t done = 0; done < cluster.rows; done += kBlockRows) {
        if (done == 0 || cluster.mix == kNone) add_family(cluster, row);
        const std::uint32_t rows = std::min(kBlockRows, cluster.rows - done);
        add_block(row, rows);
        row += rows;
      }
    }
    assert(book_.blocks_.size() <= (std::size_t{1} << 22));
    book_.position_of_ = std::move(order_);
    book_.place_of_.resize(row);
    book_.padded_tiles_ = tiles_;
    book_.ids_.resize(id_count_);
    book_.amounts_ = AlignedDoubles(book_.amount_count_);
  }

  // Begins a family whose first row in order_ is `row`; a mixed one gets its factors from its rows.
  void add_family(const Cluster& cluster, std::uint32_t row) {
    const Mix& mix = in_.mixes_[in_.rows_[order_[row]].mix];
    Book::Family family{};
    family.first_factor = static_cast<std::uint32_t>(book_.factor_list_.size());
    family.first_block = static_cast<std::uint32_t>(book_.blocks_.size());
    family.mixed = cluster.mix == kNone;
    family.inert = mix.debt_legs == 0;
    family.collateral_factors = mix.collateral_legs;
    family.debt_factors = mix.debt_legs;
    book_.families_.push_back(family);
    if (!family.mixed)
      for (std::uint32_t leg = 0; leg < family.collateral_factors + family.debt_factors; ++leg)
        book_.factor_list_.push_back(in_.mix_factors_[mix.first_factor + leg]);
  }

  // Adds to a mixed family the distinct factors its rows have on one side; returns how many.
  std::uint32_t list_factors(std::uint32_t row, std::uint32_t rows, bool debt) {
    scratch_.clear();
    for (std::uint32_t i = 0; i < rows; ++i) {
      const Mix& mix = in_.mixes_[in_.rows_[order_[row + i]].mix];
      const std::uint32_t legs = std::uint32_t{mix.collateral_legs} + mix.debt_legs;
      for (std::uint32_t leg = debt ? mix.collateral_legs : 0;
           leg < (debt ? legs : mix.collateral_legs); ++leg)
        scratch_.push_back(in_.mix_factors_[mix.first_factor + leg]);
    }
    std::sort(scratch_.begin(), scratch_.end());
    scratch_.erase(std::unique(scratch_.begin(), scratch_.end()), scratch_.end());
    book_.factor_list_.insert(book_.factor_list_.end(), scratch_.begin(), scratch_.end());
    return static_cast<std::uint32_t>(scratch_.size());
  }

  void add_block(std::uint32_t row, std::uint32_t rows) {
    const Mix& mix = in_.mixes_[in_.rows_[order_[row]].mix];
    Book::Family& family = book_.families_.back();
    if (family.mixed) {
      family.collateral_factors = list_factors(row, rows, false);
      family.debt_factors = list_factors(row, rows, true);
    }
    Book::Block block{};
    block.first_amount = book_.amount_count_;
    block.first_id = id_count_;
    block.first_ref = book_.ref_count_;
    block.first_row = row;
    block.first_tile = static_cast<std::uint32_t>(tiles_);
    block.family = static_cast<std::uint32_t>(book_.families_.size() - 1);
    block.group = mix.group;
    block.rows = static_cast<std::uint16_t>(rows);
    block.collateral_legs = mix.collateral_legs;
    block.debt_legs = mix.debt_legs;
    ++family.block_count;
    book_.amount_count_ += block.amounts();
    if (family.mixed) id_count_ += block.amounts();
    book_.ref_count_ += family.collateral_factors + family.debt_factors;
    tiles_ += (block.tiles() + 15) / 16 * 16;
    book_.blocks_.push_back(block);
  }

  void fill(std::uint32_t at) {
    Book::Block& block = book_.blocks_[at];
    const Book::Family& family = book_.families_[block.family];
    const std::uint32_t legs = block.legs();
    double* to = book_.amounts_.data() + block.first_amount;
    std::uint16_t* ids = family.mixed ? book_.ids_.data() + block.first_id : nullptr;
    std::fill_n(to, block.amounts(), 0.0);
    for (std::uint32_t slot = 0; slot < block.rows; ++slot) {
      const std::uint32_t position = book_.position_of_[block.first_row + slot];
      const BookBuilder::Row& row = in_.rows_[position];
      const double* from = amounts(row);
      const std::size_t first = amount_index(block, slot, 0);
      for (std::uint32_t leg = 0; leg < legs; ++leg) to[first + leg * kTileRows] = from[leg];
      if (ids != nullptr) fill_ids(block, row, ids + first);
      book_.place_of_[position] = at * kBlockRows + slot;
    }
  }

  // A row's places in its family's factor list, one every eight.
  void fill_ids(const Book::Block& block, const BookBuilder::Row& row, std::uint16_t* to) const {
    const Book::Family& family = book_.families_[block.family];
    const std::uint32_t* list = book_.factor_list_.data() + family.first_factor;
    const std::uint32_t* factors = in_.mix_factors_.data() + in_.mixes_[row.mix].first_factor;
    for (std::uint32_t leg = 0; leg < block.legs(); ++leg) {
      const bool debt = leg >= block.collateral_legs;
      const std::uint32_t* first = list + (debt ? family.collateral_factors : 0);
      const std::uint32_t* last =
          list + family.collateral_factors + (debt ? family.debt_factors : 0);
      to[leg * kTileRows] =
          static_cast<std::uint16_t>(std::lower_bound(first, last, factors[leg]) - list);
    }
  }

  BookBuilder& in_;
  Book& book_;
  std::vector<Cluster> clusters_;
  std::vector<std::uint32_t> cluster_;  // by row
  std::vector<double> health_;          // by row
  std::vector<std::uint32_t> order_;
  std::vector<std::uint32_t> scratch_;
  std::size_t tiles_ = 0;
  std::size_t id_count_ = 0;
};

Book BookBuilder::build(std::span<const double> base_factors) && {
  Book book;
  book.base_factors_.assign(base_factors.begin(), base_factors.end());
  BookAssembly(*this, book).run();
  return book;
}

Positions::Positions(const Book& book) : book_(&book), columns_(book.blocks().size()) {
  for (std::size_t i = 0; i < columns_.size(); ++i)
    columns_[i] = book.base_amounts(book.blocks()[i]);
  touched_.reserve(columns_.size());
}

double Positions::amount(std::uint32_t position, std::uint32_t leg) const {
  const auto [at, slot] = book_->place(position);
  return columns_[at][amount_index(book_->blocks()[at], slot, leg)];
}

RowLegs Positions::row(std::uint32_t position, Leg* legs) const {
  const auto [at, slot] = book_->place(position);
  const Book::Block& block = book_->blocks()[at];
  const std::uint32_t count = block.legs();
  const std::size_t first = amount_index(block, slot, 0);
  const double* amounts = columns_[at] + first;
  const std::uint16_t* ids = book_->ids(block);
  const std::uint32_t* factors = book_->factors_of(book_->families()[block.family]).data();
  for (std::uint32_t leg = 0; leg < count; ++leg) {
    const std::size_t i = std::size_t{leg} * kTileRows;
    legs[leg] = {factors[ids == nullptr ? leg : ids[first + i]], amounts[i]};
  }
  return {block.collateral_legs, count};
}

void Positions::set_amount(std::uint32_t position, std::uint32_t leg, double value) {
  assert(value >= 0.0 && value <= std::numeric_limits<double>::max());
  const auto [at, slot] = book_->place(position);
  const Book::Block& block = book_->blocks()[at];
  const std::size_t index = amount_index(block, slot, leg);
  const double* base = book_->base_amounts(block);
  if (columns_[at] == base) {
    columns_[at] = std::copy_n(base, block.amounts(), new_columns(block.amounts())) -
                   static_cast<std::ptrdiff_t>(block.amounts());
    touched_.push_back(at);
  }
  // The block's own copy, allocated above or by an earlier change.
  const_cast<double*>(columns_[at])[index] = value;
}

double* Positions::new_columns(std::size_t doubles) {
  if (slabs_.empty() || slab_used_ + doubles > kSlab) {
    if (!slabs_.empty()) ++slab_;
    if (slab_ == slabs_.size()) slabs_.emplace_back(kSlab);
    slab_used_ = 0;
  }
  slab_used_ += doubles;
  return slabs_[slab_].data() + slab_used_ - doubles;
}

void Positions::reset() {
  for (const std::uint32_t block : touched_)
    columns_[block] = book_->base_amounts(book_->blocks()[block]);
  touched_.clear();
  slab_ = slab_used_ = 0;
}

}  // namespace faultline
