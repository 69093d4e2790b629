#include "protocols/margin/breach_search.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>
#include <limits>

#include "core/simd.hpp"

namespace faultline {

namespace {

// Keys count steps of 2^-14 in the logarithm; 64 units of `log_floor` are one step.
constexpr double kKeysPerLog = 16384.0;
constexpr std::int32_t kUnitsPerKey = 64;
constexpr std::uint16_t kMostKey = 0xfffe;  // of a tile with debt
// What a key gives way for, in steps: two logarithms of factors, 1.01 units each, and the rounding
// of sums of 64 products and of the series, below 1 unit: 3.02 / 64 at most.
constexpr double kKeyMargin = 0.0625;
// Sums and factors for which no product of the proof leaves the range of normal doubles: a sum at
// least 2^-200 stays above 2^-1000 while factors move between 2^-400 and 2^400.
constexpr double kLeastSum = 0x1p-200, kMostSum = 0x1p200;
constexpr double kLeastFactor = 0x1p-400, kMostFactor = 0x1p400;
// The logarithm of 0: its difference to itself is 0, to any other beyond every key.
constexpr std::int32_t kLogOfZero = -1'200'000'000;
constexpr double kNoDebt = 2.0;
constexpr double kLeastDouble = std::numeric_limits<double>::denorm_min();
constexpr std::uint32_t kKeysAtOnce = 16;
constexpr std::uint32_t kUnkeyed = 1u << 30;  // tiles spent, where keys hold for no move at all

std::uint8_t row_bit(std::uint32_t slot) {
  return static_cast<std::uint8_t>(1u << (slot % kTileRows));
}

std::size_t padded_tiles(const Book::Block& block) {
  return (block.tiles() + kKeysAtOnce - 1) / kKeysAtOnce * kKeysAtOnce;
}

bool is_wild(double y) {
  return y != 0.0 && !(y >= kLeastFactor && y <= kMostFactor);
}

std::int32_t factor_log(double y) {
  if (y == 0.0) return kLogOfZero;
  return is_wild(y) ? 0 : log_floor(y);
}

// One leg of the rows of a tile.
template <bool kMixed>
Rows8 leg_value(const double* amounts, const std::uint16_t* ids, const double* y,
                std::uint32_t leg) {
  const Rows8 amount = Rows8::load(amounts + std::size_t{leg} * kTileRows);
  if constexpr (kMixed) {
    return amount * Rows8::gather(y, ids + std::size_t{leg} * kTileRows);
  } else {
    return amount * Rows8(y[leg]);
  }
}

// slack = sum coll * y - sum debt * y, left to right (the definition of breach).
template <bool kMixed>
[[gnu::always_inline]] inline Rows8::Bits tile_breached(const BlockColumns& c, std::uint32_t tile,
                                                        const double* y) {
  const std::size_t start = std::size_t{tile} * kTileRows * (c.collateral_legs + c.debt_legs);
  const double* amounts = c.amounts + start;
  const std::uint16_t* ids = kMixed ? c.ids + start : nullptr;
  Rows8 slack(0.0);
  for (std::uint32_t leg = 0; leg < c.collateral_legs; ++leg)
    slack += leg_value<kMixed>(amounts, ids, y, leg);
  for (std::uint32_t leg = c.collateral_legs; leg < c.collateral_legs + c.debt_legs; ++leg)
    slack -= leg_value<kMixed>(amounts, ids, y, leg);
  return less(slack, Rows8(0.0));
}

struct TileHealth {
  Rows8::Bits breached;
  Rows8 surplus;  // (C - D) / (C + D) = tanh(ln health / 2); -1 where not to be trusted, 2: no debt
};

template <bool kMixed>
[[gnu::always_inline]] inline TileHealth tile_health(const BlockColumns& c, std::uint32_t tile,
                                                     const double* y) {
  const std::size_t start = std::size_t{tile} * kTileRows * (c.collateral_legs + c.debt_legs);
  const double* amounts = c.amounts + start;
  const std::uint16_t* ids = kMixed ? c.ids + start : nullptr;
  Rows8 collateral(0.0), debt(0.0);
  for (std::uint32_t leg = 0; leg < c.collateral_legs; ++leg)
    collateral += leg_value<kMixed>(amounts, ids, y, leg);
  Rows8 slack = collateral;
  for (std::uint32_t leg = c.collateral_legs; leg < c.collateral_legs + c.debt_legs; ++leg) {
    const Rows8 value = leg_value<kMixed>(amounts, ids, y, leg);
    slack -= value;
    debt += value;
  }
  const Rows8 sum = collateral + debt;
  Rows8 surplus = (collateral - debt) / sum;
  surplus.set_where_less(min(collateral, debt), kLeastSum, -1.0);
  surplus.set_where_less(Rows8(0.0) - sum, -kMostSum, -1.0);
  surplus.set_where_less(debt, kLeastDouble, kNoDebt);
  return {less(slack, Rows8(0.0)), surplus};
}

// ln health = 2 artanh(surplus), its series cut short: never above the truth, a millionth below it
// at health 1.25, a fiftieth of a percent at 2.
std::uint16_t key_of(double surplus) {
  if (surplus > 1.0) return kNeverKey;
  const double t = std::max(surplus, 0.0), t2 = t * t;
  const double log = t * (2.0 + t2 * (2.0 / 3.0 + t2 * (2.0 / 5.0)));
  return static_cast<std::uint16_t>(std::max(0.0, log * kKeysPerLog - kKeyMargin));
}

template <bool kMixed>
void key_tiles_of(const BlockColumns& columns, const double* y, std::uint16_t* keys,
                  std::uint8_t* breached) {
  for (std::uint32_t tile = 0; tile < columns.tiles; ++tile) {
    const TileHealth found = tile_health<kMixed>(columns, tile, y);
    breached[tile] = static_cast<std::uint8_t>(found.breached);
    keys[tile] = key_of(found.surplus.least());
  }
}

// The key of one tile at the block's reference, its parked rows left out.
template <bool kMixed>
std::uint16_t key_of_tile(const BlockColumns& columns, std::uint32_t tile, const double* ref,
                          std::uint8_t parked) {
  const Rows8 surplus = tile_health<kMixed>(columns, tile, ref).surplus;
  if (parked == 0) return key_of(surplus.least());
  double rows[kTileRows];
  surplus.store(rows);
  double least = kNoDebt;
  for (std::uint32_t row = 0; row < kTileRows; ++row)
    if (((parked >> row) & 1) == 0) least = std::min(least, rows[row]);
  return key_of(least);
}

// For each byte the places of its bits, lowest first.
constexpr auto kPlaces = [] {
  std::array<std::array<std::uint8_t, 8>, 256> places{};
  for (std::size_t byte = 0; byte < 256; ++byte)
    for (std::size_t bit = 0, count = 0; bit < 8; ++bit)
      if ((byte >> bit) & 1) places[byte][count++] = static_cast<std::uint8_t>(bit);
  return places;
}();

// Writes start + the place of each bit of a byte to `to`, eight bytes in all; returns how many
// count.
std::uint32_t append_bits(std::uint32_t byte, std::uint32_t start, std::uint8_t* to) {
  std::uint64_t places = 0;
  std::memcpy(&places, kPlaces[byte].data(), sizeof places);
  places += start * 0x0101010101010101ull;
  std::memcpy(to, &places, sizeof places);
  return static_cast<std::uint32_t>(std::popcount(byte));
}

BlockColumns columns_of(const Book& book, const Positions& positions, std::uint32_t block) {
  const Book::Block& at = book.blocks()[block];
  return {positions.amounts(block), book.ids(at), at.tiles(), at.collateral_legs, at.debt_legs};
}

// Calls fn(slot) for each row of the block in breach at `y`, its factor list.
template <bool kMixed, class Fn>
void scan_block(const BlockColumns& columns, const double* y, Fn&& fn) {
  for (std::uint32_t tile = 0; tile < columns.tiles; ++tile) {
    Rows8::Bits bits = tile_breached<kMixed>(columns, tile, y);
    for (; bits != 0; bits &= bits - 1)
      fn(tile * kTileRows + static_cast<std::uint32_t>(std::countr_zero(bits)));
  }
}

}  // namespace

void key_tiles(const BlockColumns& columns, const double* y, std::uint16_t* keys,
               std::uint8_t* breached) {
  if (columns.ids != nullptr) {
    key_tiles_of<true>(columns, y, keys, breached);
  } else {
    key_tiles_of<false>(columns, y, keys, breached);
  }
}

void reference_scan(const Book& book, const Positions& positions, std::span<const double> y,
                    std::vector<std::uint32_t>& out) {
  out.clear();
  std::vector<double> now;
  const auto blocks = book.blocks();
  for (const Book::Family& family : book.families()) {
    if (family.inert) continue;
    now.clear();
    for (const std::uint32_t factor : book.factors_of(family)) now.push_back(y[factor]);
    for (std::uint32_t i = 0; i < family.block_count; ++i) {
      const std::uint32_t block = family.first_block + i;
      const BlockColumns columns = columns_of(book, positions, block);
      const auto emit = [&](std::uint32_t slot) {
        out.push_back(book.position(blocks[block], slot));
      };
      if (family.mixed) {
        scan_block<true>(columns, now.data(), emit);
      } else {
        scan_block<false>(columns, now.data(), emit);
      }
    }
  }
  std::sort(out.begin(), out.end());
}

PositionSet::PositionSet(std::uint32_t size) {
  std::size_t words = size;
  for (auto& level : level_) {
    words = (words + 63) / 64;
    level.assign(words, 0);
  }
}

void PositionSet::toggle(std::uint32_t position) {
  level_[0][position >> 6] ^= std::uint64_t{1} << (position & 63);
  level_[1][position >> 12] |= std::uint64_t{1} << ((position >> 6) & 63);
  level_[2][position >> 18] |= std::uint64_t{1} << ((position >> 12) & 63);
}

void PositionSet::append_to(std::vector<std::uint32_t>& out) {
  for (std::size_t i = 0; i < level_[2].size(); ++i) {
    for (std::uint64_t high = level_[2][i]; high != 0; high &= high - 1) {
      const std::size_t j = i * 64 + static_cast<std::size_t>(std::countr_zero(high));
      for (std::uint64_t low = level_[1][j]; low != 0; low &= low - 1) {
        const std::size_t k = j * 64 + static_cast<std::size_t>(std::countr_zero(low));
        if (level_[0][k] == 0) level_[1][j] ^= low & -low;
        for (std::uint64_t word = level_[0][k]; word != 0; word &= word - 1)
          out.push_back(static_cast<std::uint32_t>(
              k * 64 + static_cast<std::size_t>(std::countr_zero(word))));
      }
      if (level_[1][j] == 0) level_[2][i] ^= high & -high;
    }
  }
}

void PositionSet::clear() {
  for (std::size_t i = 0; i < level_[2].size(); ++i) {
    for (std::uint64_t high = level_[2][i]; high != 0; high &= high - 1) {
      const std::size_t j = i * 64 + static_cast<std::size_t>(std::countr_zero(high));
      for (std::uint64_t low = level_[1][j]; low != 0; low &= low - 1)
        level_[0][j * 64 + static_cast<std::size_t>(std::countr_zero(low))] = 0;
      level_[1][j] = 0;
    }
    level_[2][i] = 0;
  }
}

BreachSearch::BreachSearch(const Book& book, const Positions& positions)
    : book_(&book),
      positions_(&positions),
      y_(book.base_factors().begin(), book.base_factors().end()),
      log_(book.factor_count()),
      base_log_(book.factor_count()),
      moved_(book.factor_count()),
      all_factors_(book.factor_count()),
      blocks_(book.blocks().size()),
      families_(book.families().size()),
      ref_(book.ref_count()),
      now_(book.ref_count()),
      ref_log_(book.ref_count()),
      keys_(book.padded_tiles()),
      stale_(book.padded_tiles()),
      breached_(book.padded_tiles()),
      listed_(book.padded_tiles()),
      parked_(book.padded_tiles()),
      set_(book.rows()) {
  for (std::uint32_t f = 0; f < book.factor_count(); ++f) {
    all_factors_[f] = f;
    base_log_[f] = log_[f] = factor_log(y_[f]);
    base_wild_ += is_wild(y_[f]) ? 1 : 0;
  }
  wild_ = base_wild_;
  moved_list_.reserve(book.factor_count());
  due_.reserve(blocks_.size());
  due_families_.reserve(families_.size());
  dirty_.reserve(blocks_.size());
  awake_.reserve(blocks_.size());
}

std::optional<std::uint32_t> BreachSearch::find(std::span<const double> y,
                                                std::vector<std::uint32_t>& out) {
  return find(y, all_factors_, out);
}

// Takes over the factors that moved and lists the blocks to visit.
std::optional<std::uint32_t> BreachSearch::begin(std::span<const double> y,
                                                 std::span<const std::uint32_t> changed) {
  assert(y.size() >= book_->factor_count());
  for (const std::uint32_t f : changed)
    if (!(y[f] >= 0.0 && y[f] <= std::numeric_limits<double>::max())) return f;
  ++round_;
  due_.clear();
  due_families_.clear();
  if (first_)
    for (const std::uint32_t family : book_->families_due_at_base()) queue_family(family);
  first_ = false;
  for (const std::uint32_t f : changed)
    if (move_factor(f, y[f]))
      for (const std::uint32_t family : book_->families_of(f)) queue_family(family);
  for (const std::uint32_t family : due_families_) {
    wake_sleepers(family);
    const std::uint32_t first = book_->families()[family].first_block;
    for (std::uint32_t i = 0; i < families_[family].end_awake; ++i)
      if (blocks_[first + i].awake) queue_block(first + i);
  }
  for (const std::uint32_t block : dirty_) {
    blocks_[block].dirty = false;
    queue_block(block);
  }
  dirty_.clear();
  return std::nullopt;
}

bool BreachSearch::move_factor(std::uint32_t factor, double value) {
  const double before = y_[factor];
  if (value == before) return false;
  y_[factor] = value;
  log_[factor] = factor_log(value);
  wild_ += (is_wild(value) ? 1u : 0u) - (is_wild(before) ? 1u : 0u);
  if (moved_[factor] == 0) {
    moved_[factor] = 1;
    moved_list_.push_back(factor);
  }
  return true;
}

void BreachSearch::queue_family(std::uint32_t family) {
  if (families_[family].queued == round_) return;
  families_[family].queued = round_;
  due_families_.push_back(family);
}

void BreachSearch::queue_block(std::uint32_t block) {
  if (blocks_[block].queued == round_) return;
  blocks_[block].queued = round_;
  due_.push_back(block);
}

// ln worst(reference -> now) in steps of a key, rounded up, not below 0; `reference(i)` is the log
// of the family's i-th factor at the reference.
template <class Reference>
std::int64_t BreachSearch::key_move(std::uint32_t family, Reference&& reference) const {
  const Book::Family& at = book_->families()[family];
  const auto factors = book_->factors_of(at);
  std::int32_t collateral = std::numeric_limits<std::int32_t>::max();
  std::int32_t debt = std::numeric_limits<std::int32_t>::min();
  for (std::uint32_t i = 0; i < at.collateral_factors; ++i)
    collateral = std::min(collateral, log_[factors[i]] - reference(i));
  for (std::uint32_t i = at.collateral_factors; i < factors.size(); ++i)
    debt = std::max(debt, log_[factors[i]] - reference(i));
  if (at.collateral_factors == 0) collateral = 0;
  const std::int64_t move = std::int64_t{debt} - collateral;
  return move <= 0 ? 0 : (move + kUnitsPerKey - 1) / kUnitsPerKey;
}

// Wakes the blocks of a family that the move from the base factors to now can have put in breach.
void BreachSearch::wake_sleepers(std::uint32_t family) {
  const Book::Family& at = book_->families()[family];
  FamilyState& state = families_[family];
  if (state.next_sleeper == at.block_count) return;
  const auto factors = book_->factors_of(at);
  std::int64_t limit = key_move(family, [&](std::uint32_t i) { return base_log_[factors[i]]; });
  if (wild_ + base_wild_ != 0 && std::any_of(factors.begin(), factors.end(), [&](std::uint32_t f) {
        return is_wild(y_[f]) || is_wild(book_->base_factors()[f]);
      }))
    limit = kNeverKey;
  const auto blocks = book_->blocks();
  while (state.next_sleeper < at.block_count) {
    const std::uint32_t block = at.first_block + state.next_sleeper;
    if (!blocks_[block].awake) {
      if (blocks[block].base_key > limit) return;
      wake(block);
    }
    ++state.next_sleeper;
  }
}

void BreachSearch::wake(std::uint32_t block) {
  const Book::Block& at = book_->blocks()[block];
  const Book::Family& family = book_->families()[at.family];
  BlockState& state = blocks_[block];
  state.awake = true;
  state.spent = 0;
  awake_.push_back(block);
  FamilyState& kin = families_[at.family];
  kin.end_awake = std::max(kin.end_awake, block - family.first_block + 1);
  ++counters_.wakes;
  const auto factors = book_->factors_of(family);
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const double y = book_->base_factors()[factors[i]];
    ref_[at.first_ref + i] = y;
    ref_log_[at.first_ref + i] = base_log_[factors[i]];
    if (is_wild(y)) state.spent = kUnkeyed;
  }
  const std::size_t padded = padded_tiles(at);
  std::memcpy(&keys_[at.first_tile], book_->base_keys(at), padded * sizeof(std::uint16_t));
  for (auto* column : {&stale_, &breached_, &listed_, &parked_})
    std::memset(column->data() + at.first_tile, 0, padded);
}

bool BreachSearch::has_wild_factor(const Book::Family& family) const {
  const auto factors = book_->factors_of(family);
  return std::any_of(factors.begin(), factors.end(),
                     [&](std::uint32_t f) { return is_wild(y_[f]); });
}

// Brings one block up to date. Writes only what belongs to the block, so that others may be visited
// meanwhile.
void BreachSearch::visit(std::uint32_t block) {
  DueTiles due;
  list_due(block, due);
  if (due.rekey) {
    rekey(block);
  } else if (book_->ids(book_->blocks()[block]) != nullptr) {
    evaluate<true>(block, due);
  } else {
    evaluate<false>(block, due);
  }
}

// Lists the tiles whose key is at most the move since the block's keys were made, asking for their
// amounts meanwhile, as they lie far apart; or says that the block is to be keyed anew.
void BreachSearch::list_due(std::uint32_t block, DueTiles& due) {
  const Book::Block& at = book_->blocks()[block];
  BlockState& state = blocks_[block];
  const std::int32_t* ref_log = ref_log_.data() + at.first_ref;
  const std::int64_t limit = key_move(at.family, [&](std::uint32_t i) { return ref_log[i]; });
  state.spent_rekey = state.spent >= at.tiles();
  due.rekey = state.spent_rekey || limit > kMostKey ||
              (wild_ != 0 && has_wild_factor(book_->families()[at.family]));
  due.count = 0;
  if (due.rekey) return;
  const std::uint16_t* keys = keys_.data() + at.first_tile;
  for (std::uint32_t start = 0; start < at.tiles(); start += kKeysAtOnce) {
    const std::uint32_t found = Keys16::at_most(keys + start, static_cast<std::uint16_t>(limit));
    due.count += append_bits(found & 0xff, start, due.tiles + due.count);
    due.count += append_bits(found >> 8, start + 8, due.tiles + due.count);
  }
  const std::size_t tile_doubles = std::size_t{at.legs()} * kTileRows;
  for (std::uint32_t i = 0; i < due.count; ++i) {
    const double* amounts = positions_->amounts(block) + due.tiles[i] * tile_doubles;
    for (std::size_t line = 0; line < tile_doubles; line += kTileRows)
      __builtin_prefetch(amounts + line);
    book_->prefetch_position(at, due.tiles[i] * kTileRows);
  }
}

// The block's factor list as of now, in `now_`.
const double* BreachSearch::load_factors(const Book::Block& block) {
  const auto factors = book_->factors_of(book_->families()[block.family]);
  double* now = now_.data() + block.first_ref;
  for (std::size_t i = 0; i < factors.size(); ++i) now[i] = y_[factors[i]];
  return now;
}

void BreachSearch::rekey(std::uint32_t block) {
  const Book::Block& at = book_->blocks()[block];
  const auto factors = book_->factors_of(book_->families()[at.family]);
  BlockState& state = blocks_[block];
  state.spent = 0;
  state.evaluated = at.tiles();
  state.rekeyed = true;
  for (std::size_t i = 0; i < factors.size(); ++i) {
    ref_[at.first_ref + i] = y_[factors[i]];
    ref_log_[at.first_ref + i] = log_[factors[i]];
    if (is_wild(y_[factors[i]])) state.spent = kUnkeyed;
  }
  std::uint16_t* keys = keys_.data() + at.first_tile;
  std::uint8_t* breached = breached_.data() + at.first_tile;
  key_tiles(columns_of(*book_, *positions_, block), ref_.data() + at.first_ref, keys, breached);
  std::memset(parked_.data() + at.first_tile, 0, at.tiles());
  for (std::uint32_t tile = 0; tile < at.tiles(); ++tile) {
    stale_[at.first_tile + tile] = breached[tile] != 0;
    if (breached[tile] != 0) keys[tile] = 0;
    const bool differs = breached[tile] != listed_[at.first_tile + tile];
    state.changed[tile / 64] |= std::uint64_t{differs} << (tile % 64);
  }
}

// Evaluates the tiles listed. A tile with a row in breach has key 0, so that it is evaluated until
// none is left; then, as after any change, its key is made anew. A branch on what was found would
// be mispredicted, so the tiles to key are listed first.
template <bool kMixed>
void BreachSearch::evaluate(std::uint32_t block, const DueTiles& due) {
  const Book::Block& at = book_->blocks()[block];
  BlockState& state = blocks_[block];
  state.evaluated = due.count;
  if (due.count == 0) return;
  const BlockColumns columns = columns_of(*book_, *positions_, block);
  std::uint16_t* keys = keys_.data() + at.first_tile;
  std::uint8_t* stale = stale_.data() + at.first_tile;
  std::uint8_t* breached = breached_.data() + at.first_tile;
  const std::uint8_t* parked = parked_.data() + at.first_tile;
  const double* now = load_factors(at);
  std::uint8_t unkeyed[kBlockTiles];
  std::uint32_t unkeyed_count = 0;
  for (std::uint32_t i = 0; i < due.count; ++i) {
    const std::uint32_t tile = due.tiles[i];
    const auto found =
        static_cast<std::uint8_t>(tile_breached<kMixed>(columns, tile, now) & ~parked[tile] & 0xff);
    state.changed[tile / 64] |= std::uint64_t{found != breached[tile]} << (tile % 64);
    breached[tile] = found;
    const std::uint32_t sound = found == 0 ? 1 : 0;
    unkeyed[unkeyed_count] = static_cast<std::uint8_t>(tile);
    unkeyed_count += sound & stale[tile];
    state.spent += sound & ~std::uint32_t{stale[tile]};
    keys[tile] = static_cast<std::uint16_t>(keys[tile] * sound);
    stale[tile] = static_cast<std::uint8_t>(1 - sound);
  }
  const double* ref = ref_.data() + at.first_ref;
  for (std::uint32_t i = 0; i < unkeyed_count; ++i)
    keys[unkeyed[i]] = key_of_tile<kMixed>(columns, unkeyed[i], ref, parked[unkeyed[i]]);
}

// Adds up what the visits found, block by block, and lists the rows.
void BreachSearch::finish(std::vector<std::uint32_t>& out) {
  counters_.blocks_visited += due_.size();
  for (const std::uint32_t block : due_) {
    BlockState& state = blocks_[block];
    counters_.rows_evaluated += std::uint64_t{state.evaluated} * kTileRows;
    counters_.rekeys += state.rekeyed ? 1 : 0;
    counters_.spent_rekeys += state.rekeyed && state.spent_rekey ? 1 : 0;
    if ((state.changed[0] | state.changed[1]) != 0) publish(block);
    state.rekeyed = false;
  }
  set_.append_to(out);
}

// Brings the set up to date with a block's rows in breach.
void BreachSearch::publish(std::uint32_t block) {
  const Book::Block& at = book_->blocks()[block];
  std::uint8_t* listed = listed_.data() + at.first_tile;
  const std::uint8_t* breached = breached_.data() + at.first_tile;
  for (std::uint32_t half = 0; half < 2; ++half) {
    std::uint64_t& changed = blocks_[block].changed[half];
    for (; changed != 0; changed &= changed - 1) {
      const std::uint32_t tile = half * 64 + static_cast<std::uint32_t>(std::countr_zero(changed));
      for (std::uint32_t rows = listed[tile] ^ breached[tile]; rows != 0; rows &= rows - 1) {
        const auto row = static_cast<std::uint32_t>(std::countr_zero(rows));
        set_.toggle(book_->position(at, tile * kTileRows + row));
      }
      listed[tile] = breached[tile];
    }
  }
}

// The tile's key is no longer true: it is evaluated in the block's next visit.
void BreachSearch::mark_stale(const Book::Block& block, std::uint32_t slot) {
  keys_[block.first_tile + slot / kTileRows] = 0;
  stale_[block.first_tile + slot / kTileRows] = 1;
}

void BreachSearch::mark_dirty(std::uint32_t block) {
  if (blocks_[block].dirty) return;
  blocks_[block].dirty = true;
  dirty_.push_back(block);
}

void BreachSearch::touch(std::uint32_t position) {
  const auto [block, slot] = book_->place(position);
  const Book::Block& at = book_->blocks()[block];
  if (book_->families()[at.family].inert) return;
  if (!blocks_[block].awake) wake(block);
  parked_[at.first_tile + slot / kTileRows] &= static_cast<std::uint8_t>(~row_bit(slot));
  mark_stale(at, slot);
  mark_dirty(block);
}

void BreachSearch::park(std::uint32_t position) {
  const auto [block, slot] = book_->place(position);
  if (!blocks_[block].awake) return;  // a sleeping row is sound
  const Book::Block& at = book_->blocks()[block];
  const std::uint32_t tile = at.first_tile + slot / kTileRows;
  parked_[tile] |= row_bit(slot);
  if (listed_[tile] & row_bit(slot)) set_.toggle(position);
  listed_[tile] &= static_cast<std::uint8_t>(~row_bit(slot));
  breached_[tile] &= static_cast<std::uint8_t>(~row_bit(slot));
  mark_stale(at, slot);
}

void BreachSearch::unpark(std::uint32_t position) {
  if (is_parked(position)) touch(position);
}

bool BreachSearch::is_parked(std::uint32_t position) const {
  const auto [block, slot] = book_->place(position);
  const std::uint32_t tile = book_->blocks()[block].first_tile + slot / kTileRows;
  return blocks_[block].awake && (parked_[tile] & row_bit(slot)) != 0;
}

void BreachSearch::reset() {
  for (const std::uint32_t f : moved_list_) {
    y_[f] = book_->base_factors()[f];
    log_[f] = base_log_[f];
    moved_[f] = 0;
  }
  moved_list_.clear();
  wild_ = base_wild_;
  for (const std::uint32_t block : awake_) {
    blocks_[block].awake = blocks_[block].dirty = false;
    FamilyState& kin = families_[book_->blocks()[block].family];
    kin.next_sleeper = kin.end_awake = 0;
  }
  awake_.clear();
  dirty_.clear();
  set_.clear();
  counters_ = Counters{};
  first_ = true;
}

}  // namespace faultline
