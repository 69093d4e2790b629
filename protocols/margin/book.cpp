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
constexpr std::uint8_t kNoLeg = 0xff;
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

struct BookAssembly::Kinds {
  struct Kind {
    std::uint32_t group, collateral_factor, debt_factor, legs;
    bool operator==(const Kind&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Kind& k) const {
      return mixed_hash(mixed_hash(mixed_hash(k.group, k.collateral_factor), k.debt_factor),
                        k.legs);
    }
  };
  std::unordered_map<Kind, std::uint32_t, Hash> clusters;
};

BookAssembly::BookAssembly(std::span<const double> base_factors, std::size_t rows) {
  book_.base_factors_.assign(base_factors.begin(), base_factors.end());
  rows_.reserve(rows);
  order_by_.reserve(rows);
}

std::uint32_t BookAssembly::add_row(std::uint32_t group, std::span<const LegInput> legs,
                                    std::optional<double> order) {
  assert(legs.size() <= kMostLegs);
  double sum[2] = {0.0, 0.0}, most[2] = {-1.0, -1.0};
  Row row{0, {kNoLeg, kNoLeg}};
  std::uint32_t collateral_legs = 0;
  for (std::size_t leg = 0; leg < legs.size(); ++leg) {
    assert(legs[leg].amount >= 0.0 && legs[leg].amount <= std::numeric_limits<double>::max());
    assert(leg == 0 || legs[leg].debt || !legs[leg - 1].debt);
    const int side = legs[leg].debt ? 1 : 0;
    const double value = legs[leg].amount * book_.base_factors_[legs[leg].factor];
    sum[side] += value;
    if (value > most[side]) {
      most[side] = value;
      row.largest[side] = static_cast<std::uint8_t>(leg);
    }
    collateral_legs += side == 0 ? 1 : 0;
  }
  row.mix = find_or_add_mix(group, legs, collateral_legs);
  ++mixes_[row.mix].rows;
  rows_.push_back(row);
  const double health = sum[1] > 0.0 ? sum[0] / sum[1] : std::numeric_limits<double>::infinity();
  order_by_.push_back(order.value_or(health));
  return static_cast<std::uint32_t>(rows_.size() - 1);
}

// The number of this list of factors; lists are kept once, found by open addressing.
std::uint32_t BookAssembly::find_or_add_mix(std::uint32_t group, std::span<const LegInput> legs,
                                            std::uint32_t collateral_legs) {
  if (table_.size() < 2 * (mixes_.size() + 1)) grow_table();
  std::uint64_t hash = mixed_hash(group, (legs.size() << 8) | collateral_legs);
  for (const LegInput& leg : legs) hash = mixed_hash(hash, leg.factor);
  std::size_t at = hash & (table_.size() - 1);
  for (; table_[at] != 0; at = (at + 1) & (table_.size() - 1)) {
    const Mix& mix = mixes_[table_[at] - 1];
    if (mix.group == group && mix.collateral_legs == collateral_legs && mix.legs() == legs.size() &&
        std::equal(legs.begin(), legs.end(), mix_factors_.begin() + mix.first_factor,
                   [](const LegInput& leg, std::uint32_t factor) { return leg.factor == factor; }))
      return table_[at] - 1;
  }
  mixes_.push_back({group, static_cast<std::uint32_t>(mix_factors_.size()), 0,
                    static_cast<std::uint8_t>(collateral_legs),
                    static_cast<std::uint8_t>(legs.size() - collateral_legs)});
  for (const LegInput& leg : legs) mix_factors_.push_back(leg.factor);
  table_[at] = static_cast<std::uint32_t>(mixes_.size());
  return table_[at] - 1;
}

void BookAssembly::grow_table() {
  table_.assign(std::max<std::size_t>(1024, table_.size() * 2), 0);
  for (std::uint32_t i = 0; i < mixes_.size(); ++i) {
    const Mix& mix = mixes_[i];
    std::uint64_t hash =
        mixed_hash(mix.group, (std::uint64_t{mix.legs()} << 8) | mix.collateral_legs);
    for (std::uint32_t leg = 0; leg < mix.legs(); ++leg)
      hash = mixed_hash(hash, mix_factors_[mix.first_factor + leg]);
    std::size_t at = hash & (table_.size() - 1);
    while (table_[at] != 0) at = (at + 1) & (table_.size() - 1);
    table_[at] = i + 1;
  }
}

void BookAssembly::place_rows() {
  cluster_rows();
  order_rows();
  cut_blocks();
}

// The factor of a row's largest leg of a side.
std::uint32_t BookAssembly::factor_of(const Row& row, int side) const {
  if (row.largest[side] == kNoLeg) return kNone;
  return mix_factors_[mixes_[row.mix].first_factor + row.largest[side]];
}

// The cluster of rows with as many legs, and by_pair the same factors of the largest.
std::uint32_t BookAssembly::cluster_of(Kinds& kinds, std::uint32_t row, bool by_pair) {
  const Mix& mix = mixes_[rows_[row].mix];
  const Kinds::Kind kind{mix.group, by_pair ? factor_of(rows_[row], 0) : 0,
                         by_pair ? factor_of(rows_[row], 1) : 0,
                         std::uint32_t{mix.collateral_legs} * 256 + mix.debt_legs};
  const auto [at, added] =
      kinds.clusters.try_emplace(kind, static_cast<std::uint32_t>(clusters_.size()));
  if (added) clusters_.push_back({kNone, 0});
  return at->second;
}

void BookAssembly::cluster_rows() {
  std::vector<std::uint32_t> of_mix(mixes_.size(), kNone);
  Kinds pairs, loose;
  cluster_.resize(rows_.size());
  for (std::uint32_t row = 0; row < rows_.size(); ++row) {
    const std::uint32_t mix = rows_[row].mix;
    const bool uniform = mixes_[mix].rows >= kUniformRows;
    if (uniform && of_mix[mix] == kNone) {
      of_mix[mix] = static_cast<std::uint32_t>(clusters_.size());
      clusters_.push_back({mix, 0});
    }
    cluster_[row] = uniform ? of_mix[mix] : cluster_of(pairs, row, true);
    ++clusters_[cluster_[row]].rows;
  }
  std::vector<bool> few(clusters_.size());
  for (std::size_t i = 0; i < few.size(); ++i)
    few[i] = clusters_[i].mix == kNone && clusters_[i].rows < kPairRows;
  for (std::uint32_t row = 0; row < rows_.size(); ++row) {
    if (!few[cluster_[row]]) continue;
    --clusters_[cluster_[row]].rows;
    cluster_[row] = cluster_of(loose, row, false);
    ++clusters_[cluster_[row]].rows;
  }
}

void BookAssembly::order_rows() {
  std::vector<std::uint32_t> next(clusters_.size() + 1, 0);
  for (std::size_t i = 0; i < clusters_.size(); ++i) next[i + 1] = next[i] + clusters_[i].rows;
  order_.resize(rows_.size());
  for (std::uint32_t row = 0; row < order_.size(); ++row) order_[next[cluster_[row]]++] = row;
  std::vector<std::uint32_t>().swap(cluster_);
  std::vector<std::pair<double, std::uint32_t>> sorted;
  std::size_t start = 0;
  for (const Cluster& cluster : clusters_) {
    sorted.clear();
    for (std::size_t i = 0; i < cluster.rows; ++i)
      sorted.emplace_back(order_by_[order_[start + i]], order_[start + i]);
    std::sort(sorted.begin(), sorted.end());
    for (const auto& entry : sorted) order_[start++] = entry.second;
  }
  std::vector<double>().swap(order_by_);
}

void BookAssembly::cut_blocks() {
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
  for (std::uint32_t at = 0; at < book_.blocks_.size(); ++at) {
    const Book::Block& block = book_.blocks_[at];
    for (std::uint32_t slot = 0; slot < block.rows; ++slot)
      book_.place_of_[book_.position(block, slot)] = at * kBlockRows + slot;
  }
  std::vector<Row>().swap(rows_);
  book_.padded_tiles_ = tiles_;
  book_.ids_.resize(id_count_);
  book_.amounts_ = AlignedDoubles(book_.amount_count_);
  std::fill_n(book_.amounts_.data(), book_.amount_count_, 0.0);
}

// Begins a family whose first row in order_ is `row`; a mixed one gets its factors from its rows.
void BookAssembly::add_family(const Cluster& cluster, std::uint32_t row) {
  const Mix& mix = mixes_[rows_[order_[row]].mix];
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
      book_.factor_list_.push_back(mix_factors_[mix.first_factor + leg]);
}

// Adds to a mixed family the distinct factors its rows have on one side; returns how many.
std::uint32_t BookAssembly::list_factors(std::uint32_t row, std::uint32_t rows, bool debt) {
  scratch_.clear();
  for (std::uint32_t i = 0; i < rows; ++i) {
    const Mix& mix = mixes_[rows_[order_[row + i]].mix];
    const std::uint32_t legs = std::uint32_t{mix.collateral_legs} + mix.debt_legs;
    for (std::uint32_t leg = debt ? mix.collateral_legs : 0;
         leg < (debt ? legs : mix.collateral_legs); ++leg)
      scratch_.push_back(mix_factors_[mix.first_factor + leg]);
  }
  std::sort(scratch_.begin(), scratch_.end());
  scratch_.erase(std::unique(scratch_.begin(), scratch_.end()), scratch_.end());
  book_.factor_list_.insert(book_.factor_list_.end(), scratch_.begin(), scratch_.end());
  return static_cast<std::uint32_t>(scratch_.size());
}

void BookAssembly::add_block(std::uint32_t row, std::uint32_t rows) {
  const Mix& mix = mixes_[rows_[order_[row]].mix];
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

void BookAssembly::fill_row(std::uint32_t position, std::span<const LegInput> legs) {
  const auto [at, slot] = book_.place(position);
  const Book::Block& block = book_.blocks_[at];
  assert(legs.size() == block.legs());
  const std::size_t first = amount_index(block, slot, 0);
  double* to = book_.amounts_.data() + block.first_amount + first;
  for (std::size_t leg = 0; leg < legs.size(); ++leg) to[leg * kTileRows] = legs[leg].amount;
  const Book::Family& family = book_.families_[block.family];
  if (!family.mixed) return;
  // A row's places in its family's factor list, one every eight.
  std::uint16_t* ids = book_.ids_.data() + block.first_id + first;
  const auto list = book_.factors_of(family);
  const auto middle = list.begin() + family.collateral_factors;
  for (std::size_t leg = 0; leg < legs.size(); ++leg) {
    const auto found = legs[leg].debt ? std::lower_bound(middle, list.end(), legs[leg].factor)
                                      : std::lower_bound(list.begin(), middle, legs[leg].factor);
    ids[leg * kTileRows] = static_cast<std::uint16_t>(found - list.begin());
  }
}

std::uint32_t BookBuilder::add_row(std::uint32_t group, std::span<const LegInput> legs) {
  for (const bool debt : {false, true}) {
    for (const LegInput& leg : legs)
      if (leg.debt == debt) legs_.push_back(leg);
  }
  groups_.push_back(group);
  ends_.push_back(static_cast<std::uint32_t>(legs_.size()));
  return static_cast<std::uint32_t>(groups_.size() - 1);
}

Book BookBuilder::build(std::span<const double> base_factors) && {
  BookAssembly assembly(base_factors, groups_.size());
  const auto legs_of = [&](std::uint32_t row) {
    const std::uint32_t first = row == 0 ? 0 : ends_[row - 1];
    return std::span<const LegInput>(legs_).subspan(first, ends_[row] - first);
  };
  for (std::uint32_t row = 0; row < groups_.size(); ++row)
    assembly.add_row(groups_[row], legs_of(row));
  assembly.place_rows();
  for (std::uint32_t row = 0; row < groups_.size(); ++row) assembly.fill_row(row, legs_of(row));
  return std::move(assembly).finish();
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
