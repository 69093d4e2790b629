#include "protocols/margin/breach_search.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "core/simd.hpp"

namespace faultline {

namespace {

// Keys count steps of 2^-14 in the logarithm; 64 units of `log_floor` are one step.
constexpr double kKeysPerLog = 16384.0;
constexpr std::int32_t kUnitsPerKey = 64;
// A key of 0 is always reached; one of kNeverKey, where no row of the side has debt, by no move the
// keys are proven for. Between them lies the logarithm, +-2.
constexpr std::int32_t kZeroKey = 0x8000;
constexpr std::uint16_t kMostKey = 0xfffe, kNeverKey = 0xffff;
constexpr std::int64_t kAlways = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
// A factor whose logarithm was taken is taken anew once it is farther from then than this share,
// 2.0001 units of `log_floor`: interest moves all factors in all rounds, by a hundredth of that.
constexpr double kTakenWithin = 0x1p-19;
// What a key gives way for, in steps: two moves between factors within that of what was taken, 4.01
// units each, two logarithms, 1.01 units each, and the rounding of sums of 64 products and of the
// series, below 1 unit: 11.1 / 64 at most.
constexpr double kKeyMargin = 0.1875;
// Sums and factors for which no product of the proof leaves the range of normal doubles: a sum at
// least 2^-200 stays above 2^-1000 while factors move between 2^-400 and 2^400.
constexpr double kLeastSum = 0x1p-200, kMostSum = 0x1p200;
constexpr double kLeastFactor = 0x1p-400, kMostFactor = 0x1p400;
// The logarithm of 0: its difference to itself is 0, to any other beyond every key.
constexpr std::int32_t kLogOfZero = -1'200'000'000;
constexpr double kNoRow = 2.0;      // above every surplus
constexpr double kOtherSide = 8.0;  // added to a surplus takes it above every other
constexpr double kLeastDouble = std::numeric_limits<double>::denorm_min();
constexpr std::uint32_t kKeysAtOnce = 16;
constexpr std::size_t kBlocksAtOnce = 8;
constexpr std::uint32_t kTilesAhead = 8;      // that processors do not foresee beyond a page
constexpr std::uint32_t kUnkeyed = 1u << 30;  // tiles spent, where keys hold for no move at all

std::uint8_t row_bit(std::uint32_t slot) {
  return static_cast<std::uint8_t>(1u << (slot % kTileRows));
}

bool is_wild(double y) {
  return y != 0.0 && !(y >= kLeastFactor && y <= kMostFactor);
}

std::int32_t factor_log(double y) {
  if (y == 0.0) return kLogOfZero;
  return is_wild(y) ? 0 : log_floor(y);
}

// Asks for a tile's amounts ahead of time; one beyond the last does no harm.
[[gnu::always_inline]] inline void prefetch_tile(const BlockColumns& c, std::uint32_t tile) {
  const std::size_t doubles = std::size_t{c.collateral_legs + c.debt_legs} * kTileRows;
  const double* amounts = c.amounts + tile * doubles;
  for (std::size_t line = 0; line < doubles; line += kTileRows) __builtin_prefetch(amounts + line);
}

// One leg of the rows of a tile.
template <bool kMixed>
[[gnu::always_inline]] inline Rows8 leg_value(const double* amounts, const std::uint16_t* ids,
                                              const double* y, std::uint32_t leg) {
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

// The sides of eight rows: sums of their collateral and of their debt.
struct TileSums {
  Rows8 collateral, debt;
  Rows8::Bits breached;
};

template <bool kMixed>
[[gnu::always_inline]] inline TileSums tile_sums(const BlockColumns& c, std::uint32_t tile,
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
  return {collateral, debt, less(slack, Rows8(0.0))};
}

// (C - D) / (C + D) = tanh(ln health / 2), least of the rows not in `breached`, and its negative,
// least of those in it: -1 where a row is not to be trusted, above 1 where there is none.
struct LeastSurplus {
  double sound, failed;
};

[[gnu::always_inline]] inline LeastSurplus least_surplus(const TileSums& of, Rows8::Bits breached) {
  const Rows8 sum = of.collateral + of.debt, less_side = min(of.collateral, of.debt);
  Rows8 surplus = (of.collateral - of.debt) / sum;
  Rows8 deficit = Rows8(0.0) - surplus;
  if ((less(less_side, Rows8(kLeastSum)) | less(Rows8(kMostSum), sum)) != 0) {
    const Rows8 negative_sum = Rows8(0.0) - sum;
    surplus.set_where_less(less_side, kLeastSum, -1.0);
    surplus.set_where_less(negative_sum, -kMostSum, -1.0);
    surplus.set_where_less(of.debt, kLeastDouble, kNoRow);
    deficit.set_where_less(of.debt, kLeastSum, -1.0);
    deficit.set_where_less(negative_sum, -kMostSum, -1.0);
  }
  return {(surplus + Rows8::where_set(breached, kOtherSide)).least(),
          (deficit + Rows8::where_set(~breached, kOtherSide)).least()};
}

// ln health = 2 artanh(surplus), its series cut short: never above the truth, a millionth below it
// at health 1.25, a fiftieth of a percent at 2. Below 0 what was cut is less than the first term of
// it over 1 - t^2, and is taken off. Without branches, so that many are made at once.
void keys_of(const double* __restrict surplus, std::uint32_t count, std::uint16_t* __restrict out) {
  for (std::uint32_t i = 0; i < count; ++i) {
    const double t = surplus[i], t2 = t * t;
    const double cut = t < 0.0 ? 2.0 / 7.0 * t2 * t2 * t2 * t / (1.0 - t2) : 0.0;
    const double log = t * (2.0 + t2 * (2.0 / 3.0 + t2 * (2.0 / 5.0))) + cut;
    double key = log * kKeysPerLog - kKeyMargin + kZeroKey;
    key = key > 0.0 ? key : 0.0;
    key = key < double{kMostKey} ? key : double{kMostKey};
    key = t < 0.0 && t2 >= 0.9 ? 0.0 : key;
    key = t > 1.0 ? double{kNeverKey} : key;
    out[i] = static_cast<std::uint16_t>(static_cast<std::int32_t>(key));
  }
}

// Writes each tile's keys (of sound rows, of rows in breach) and its rows in breach, bit i row i.
template <bool kMixed>
void key_tiles_of(const BlockColumns& columns, const double* y, std::uint16_t* sound,
                  std::uint16_t* failed, std::uint8_t* breached) {
  double surplus[kBlockRows / kTileRows], deficit[kBlockRows / kTileRows];
  for (std::uint32_t tile = 0; tile < columns.tiles; ++tile) {
    prefetch_tile(columns, tile + kTilesAhead);
    const TileSums sums = tile_sums<kMixed>(columns, tile, y);
    const LeastSurplus least = least_surplus(sums, sums.breached);
    breached[tile] = static_cast<std::uint8_t>(sums.breached);
    surplus[tile] = least.sound;
    deficit[tile] = least.failed;
  }
  keys_of(surplus, columns.tiles, sound);
  keys_of(deficit, columns.tiles, failed);
}

void key_tiles(const BlockColumns& columns, const double* y, std::uint16_t* sound,
               std::uint16_t* failed, std::uint8_t* breached) {
  if (columns.ids != nullptr) {
    key_tiles_of<true>(columns, y, sound, failed, breached);
  } else {
    key_tiles_of<false>(columns, y, sound, failed, breached);
  }
}

// A move in units of `log_floor` as a key, rounded up.
std::uint16_t limit_of(std::int64_t move) {
  const std::int64_t steps = (move + kUnitsPerKey - 1) >> 6;
  return static_cast<std::uint16_t>(std::clamp<std::int64_t>(steps + kZeroKey, 0, kNeverKey));
}
static_assert(kUnitsPerKey == 64);

// The least move whose key reaches `key`.
std::int64_t reach_of(std::uint16_t key) {
  return (std::int64_t{key} - kZeroKey) * kUnitsPerKey - (kUnitsPerKey - 1);
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

void reference_scan(const Book& book, const Positions& positions, std::span<const double> y,
                    std::vector<std::uint32_t>& out) {
  out.clear();
  thread_local std::vector<double> now;  // a family's factors; kept, so that runs take no memory
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

void PositionSet::add(std::uint32_t position) {
  level_[0][position >> 6] |= std::uint64_t{1} << (position & 63);
  level_[1][position >> 12] |= std::uint64_t{1} << ((position >> 6) & 63);
  level_[2][position >> 18] |= std::uint64_t{1} << ((position >> 12) & 63);
}

void PositionSet::take_to(std::vector<std::uint32_t>& out) {
  for (std::size_t i = 0; i < level_[2].size(); ++i) {
    for (std::uint64_t high = std::exchange(level_[2][i], 0); high != 0; high &= high - 1) {
      const std::size_t j = i * 64 + static_cast<std::size_t>(std::countr_zero(high));
      for (std::uint64_t low = std::exchange(level_[1][j], 0); low != 0; low &= low - 1) {
        const std::size_t k = j * 64 + static_cast<std::size_t>(std::countr_zero(low));
        for (std::uint64_t word = std::exchange(level_[0][k], 0); word != 0; word &= word - 1)
          out.push_back(static_cast<std::uint32_t>(
              k * 64 + static_cast<std::size_t>(std::countr_zero(word))));
      }
    }
  }
}

BreachSearch::BreachSearch(const Book& book, const Positions& positions,
                           std::span<const double> base)
    : book_(&book),
      positions_(&positions),
      base_y_(base.begin(), base.begin() + book.factor_count()),
      base_log_(book.factor_count()),
      fresh_(book.factor_count()),
      fresh_y_(book.factor_count()),
      fresh_log_(book.factor_count()),
      all_factors_(book.factor_count()),
      base_blocks_(book.blocks().size()),
      base_deadline_((book.blocks().size() + kBlocksAtOnce - 1) / kBlocksAtOnce * kBlocksAtOnce,
                     kNever),
      base_ref_(book.ref_count()),
      now_(book.ref_count()),
      base_ref_log_(book.ref_count()),
      base_breached_(book.padded_tiles()),
      touched_(book.padded_tiles()),
      entered_(book.padded_tiles()),
      left_(book.padded_tiles()),
      entered_set_(book.rows()),
      left_set_(book.rows()) {
  for (std::uint32_t f = 0; f < book.factor_count(); ++f) {
    assert(base[f] >= 0.0 && base[f] <= std::numeric_limits<double>::max());
    all_factors_[f] = f;
    base_log_[f] = {factor_log(base[f]), 0};
    base_wild_ += is_wild(base[f]) ? 1 : 0;
  }
  y_ = base_y_;
  taken_ = base_y_;
  log_ = base_log_;
  wild_ = base_wild_;
  for (auto& keys : base_keys_) keys.assign(book.padded_tiles(), kNeverKey);
  for (std::uint32_t block = 0; block < base_blocks_.size(); ++block) key_base(block);
  blocks_ = base_blocks_;
  deadline_ = base_deadline_;
  ref_ = base_ref_;
  ref_log_ = base_ref_log_;
  for (int side = 0; side < 2; ++side) keys_[side] = base_keys_[side];
  breached_ = base_breached_;
  for (auto* list : {&due_, &used_, &touched_list_}) list->reserve(blocks_.size());
}

// One block's state at the base factors.
void BreachSearch::key_base(std::uint32_t block) {
  const Book::Block& at = book_->blocks()[block];
  base_deadline_[block] = kNever;
  if (book_->families()[at.family].inert) return;
  const auto factors = book_->factors_of(book_->families()[at.family]);
  for (std::size_t i = 0; i < factors.size(); ++i) {
    base_ref_[at.first_ref + i] = base_y_[factors[i]];
    base_ref_log_[at.first_ref + i] = base_log_[factors[i]].log;
  }
  std::uint16_t* sound = base_keys_[0].data() + at.first_tile;
  std::uint16_t* failed = base_keys_[1].data() + at.first_tile;
  std::uint8_t* breached = base_breached_.data() + at.first_tile;
  key_tiles(columns_of(*book_, *positions_, block), base_ref_.data() + at.first_ref, sound, failed,
            breached);
  BlockState& state = base_blocks_[block];
  state.least[0] = *std::min_element(sound, sound + at.tiles());
  state.least[1] = *std::min_element(failed, failed + at.tiles());
  if (has_wild_factor(at)) state.spent = kUnkeyed;
  base_deadline_[block] = deadline(state, {0, 0, 0});
  if (std::any_of(breached, breached + at.tiles(), [](std::uint8_t bits) { return bits != 0; }))
    breached_at_base_.push_back(block);
}

// Takes over the factors that moved and lists the blocks to look at.
std::optional<std::uint32_t> BreachSearch::begin(std::span<const double> y,
                                                 std::span<const std::uint32_t> changed) {
  assert(y.size() >= book_->factor_count());
  for (const std::uint32_t f : changed)
    if (!(y[f] >= 0.0 && y[f] <= std::numeric_limits<double>::max())) return f;
  ++round_;
  due_.clear();
  std::size_t moved = 0;
  bool any = false, wild = false;
  for (const std::uint32_t f : changed) {
    const double now = y[f];
    if (now == y_[f]) continue;
    any = true;
    y_[f] = now;
    log_[f].round = round_;
    const double before = taken_[f];
    if (std::fabs(now - before) <= before * kTakenWithin) continue;
    taken_[f] = now;
    fresh_[moved] = f;
    fresh_y_[moved++] = now;
    const bool was = wild_ != 0 && is_wild(before), is = is_wild(now);
    wild = wild || was || is;
    wild_ += (is ? 1u : 0u) - (was ? 1u : 0u);
  }
  log_floors(fresh_y_.data(), moved, fresh_log_.data());
  std::int32_t rise = 0, fall = 0;
  for (std::size_t i = 0; i < moved; ++i) {
    const double now = fresh_y_[i];
    const std::int32_t log = now == 0.0 ? kLogOfZero : wild && is_wild(now) ? 0 : fresh_log_[i];
    FactorLog& at = log_[fresh_[i]];
    rise = std::max(rise, log - at.log);
    fall = std::max(fall, at.log - log);
    at.log = log;
  }
  travelled_ += std::int64_t{rise} + fall;
  for (const std::uint32_t block : touched_list_) queue_block(block);
  touched_list_.clear();
  if (any) queue_due(wild ? kNever - 1 : travelled_);
  return std::nullopt;
}

// Queues the blocks whose deadline is no later than `way`, eight asked at once.
void BreachSearch::queue_due(std::int64_t way) {
  for (std::size_t start = 0; start < deadline_.size(); start += kBlocksAtOnce) {
    std::int64_t any = 0;
    for (std::size_t i = 0; i < kBlocksAtOnce; ++i) any |= deadline_[start + i] <= way ? -1 : 0;
    if (any == 0) continue;
    for (std::size_t i = 0; i < kBlocksAtOnce; ++i) {
      if (deadline_[start + i] <= way) queue_block(static_cast<std::uint32_t>(start + i));
    }
  }
}

void BreachSearch::queue_block(std::uint32_t block) {
  if (blocks_[block].queued == round_) return;
  blocks_[block].queued = round_;
  due_.push_back(block);
  use(block);
}

void BreachSearch::use(std::uint32_t block) {
  if (blocks_[block].used) return;
  blocks_[block].used = true;
  used_.push_back(block);
}

BreachSearch::Moves BreachSearch::moves(const Book::Block& block) const {
  const Book::Family& family = book_->families()[block.family];
  const std::uint32_t* factor = book_->factors_of(family).data();
  const std::int32_t* ref = ref_log_.data() + block.first_ref;
  std::int32_t least[2], most[2];  // of collateral factors, of debt factors
  std::uint32_t round = 0;
  for (int side = 0; side < 2; ++side) {
    const std::uint32_t count = side == 0 ? family.collateral_factors : family.debt_factors;
    std::int32_t low = count > 0 ? std::numeric_limits<std::int32_t>::max() : 0;
    std::int32_t high = count > 0 ? std::numeric_limits<std::int32_t>::min() : 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      const FactorLog& now = log_[factor[i]];
      const std::int32_t move = now.log - ref[i];
      low = std::min(low, move);
      high = std::max(high, move);
      round = std::max(round, now.round);
    }
    least[side] = low;
    most[side] = high;
    factor += count;
    ref += count;
  }
  return {std::int64_t{most[1]} - least[0], std::int64_t{most[0]} - least[1], round};
}

bool BreachSearch::has_wild_factor(const Book::Block& block) const {
  const auto factors = book_->factors_of(book_->families()[block.family]);
  return std::any_of(factors.begin(), factors.end(),
                     [&](std::uint32_t f) { return is_wild(y_[f]); });
}

// The way at which the block must be looked at again.
std::int64_t BreachSearch::deadline(const BlockState& state, const Moves& at) const {
  if (state.spent >= kUnkeyed || state.least[0] == 0 || state.least[1] == 0) return kAlways;
  return travelled_ +
         std::min(reach_of(state.least[0]) - at.worst, reach_of(state.least[1]) - at.best);
}

// Brings one block up to date. Writes only what belongs to the block, so that others may be visited
// meanwhile.
void BreachSearch::visit(std::uint32_t block) {
  const Book::Block& at = book_->blocks()[block];
  BlockState& state = blocks_[block];
  Moves move = moves(at);
  if (!state.touched && move.round <= state.round) return;  // nothing of it moved
  state.round = round_;
  const std::uint16_t limits[2] = {limit_of(move.worst), limit_of(move.best)};
  const bool unkeyed = state.spent >= kUnkeyed || (wild_ != 0 && has_wild_factor(at)) ||
                       std::max(limits[0], limits[1]) > kMostKey;
  if (unkeyed || limits[0] >= state.least[0] || limits[1] >= state.least[1]) {
    state.visited = true;
    state.touched = false;
    state.spent_rekey = state.spent >= at.tiles();
    if (unkeyed || state.spent_rekey) {
      rekey(block);
      move.worst = move.best = 0;
    } else {
      DueTiles due;
      list_due(block, limits, due);
      if (book_->ids(at) != nullptr) {
        evaluate<true>(block, due);
      } else {
        evaluate<false>(block, due);
      }
    }
  }
  deadline_[block] = deadline(state, move);
}

// Lists the tiles with a key the moves since the block's keys were made reach, asking for their
// amounts meanwhile, as they lie far apart.
void BreachSearch::list_due(std::uint32_t block, const std::uint16_t* limits, DueTiles& due) {
  const Book::Block& at = book_->blocks()[block];
  const std::uint16_t* sound = keys_[0].data() + at.first_tile;
  const std::uint16_t* failed = keys_[1].data() + at.first_tile;
  for (std::uint32_t start = 0; start < at.tiles(); start += kKeysAtOnce) {
    const std::uint32_t found =
        Keys16::at_most(sound + start, limits[0]) | Keys16::at_most(failed + start, limits[1]);
    due.count += append_bits(found & 0xff, start, due.tiles + due.count);
    due.count += append_bits(found >> 8, start + 8, due.tiles + due.count);
  }
  const BlockColumns columns = columns_of(*book_, *positions_, block);
  for (std::uint32_t i = 0; i < due.count; ++i) {
    prefetch_tile(columns, due.tiles[i]);
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

// Takes down a tile's rows in breach and what is to be reported of them.
void BreachSearch::note(std::uint32_t block, std::uint32_t tile, std::uint8_t found) {
  const std::uint32_t i = book_->blocks()[block].first_tile + tile;
  const std::uint8_t before = breached_[i];
  entered_[i] = static_cast<std::uint8_t>(found & (~before | touched_[i]));
  left_[i] = static_cast<std::uint8_t>(first_ ? 0 : before & ~found);
  breached_[i] = found;
  const std::uint64_t differs = (entered_[i] | left_[i] | touched_[i]) != 0 ? 1 : 0;
  blocks_[block].changed[tile / 64] |= differs << (tile % 64);
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
    ref_log_[at.first_ref + i] = log_[factors[i]].log;
    if (is_wild(y_[factors[i]])) state.spent = kUnkeyed;
  }
  std::uint8_t breached[kBlockTiles];
  key_tiles(columns_of(*book_, *positions_, block), ref_.data() + at.first_ref,
            &keys_[0][at.first_tile], &keys_[1][at.first_tile], breached);
  for (std::uint32_t tile = 0; tile < at.tiles(); ++tile)
    if (breached[tile] != breached_[at.first_tile + tile] || touched_[at.first_tile + tile] != 0)
      note(block, tile, breached[tile]);
  settle_least(block);
}

// Evaluates the tiles listed. Where a row changed sides or was touched, the tile's keys are made
// anew. A branch on what was found would be mispredicted, so these tiles are listed first.
template <bool kMixed>
void BreachSearch::evaluate(std::uint32_t block, const DueTiles& due) {
  const Book::Block& at = book_->blocks()[block];
  BlockState& state = blocks_[block];
  state.evaluated = due.count;
  if (due.count == 0) return;
  const BlockColumns columns = columns_of(*book_, *positions_, block);
  const std::uint8_t* touched = touched_.data() + at.first_tile;
  const std::uint8_t* breached = breached_.data() + at.first_tile;
  const double* now = load_factors(at);
  std::uint8_t found[kBlockTiles], changed[kBlockTiles];
  std::uint32_t changed_count = 0;
  for (std::uint32_t i = 0; i < due.count; ++i) {
    const std::uint32_t tile = due.tiles[i];
    found[i] = static_cast<std::uint8_t>(tile_breached<kMixed>(columns, tile, now));
    changed[changed_count] = static_cast<std::uint8_t>(i);
    changed_count += ((found[i] ^ breached[tile]) | touched[tile]) != 0 ? 1 : 0;
  }
  state.spent += due.count - changed_count;
  if (changed_count == 0) return;
  const double* ref = ref_.data() + at.first_ref;
  double surplus[kBlockTiles], deficit[kBlockTiles];
  for (std::uint32_t i = 0; i < changed_count; ++i) {
    const std::uint8_t in_breach = found[changed[i]];
    note(block, due.tiles[changed[i]], in_breach);
    const LeastSurplus least =
        least_surplus(tile_sums<kMixed>(columns, due.tiles[changed[i]], ref), in_breach);
    surplus[i] = least.sound;
    deficit[i] = least.failed;
  }
  std::uint16_t keys[2][kBlockTiles];
  keys_of(surplus, changed_count, keys[0]);
  keys_of(deficit, changed_count, keys[1]);
  for (std::uint32_t i = 0; i < changed_count; ++i) {
    const std::uint32_t key = at.first_tile + due.tiles[changed[i]];
    for (int side = 0; side < 2; ++side) keys_[side][key] = keys[side][i];
  }
  settle_least(block);
}

// The block's nearest keys.
void BreachSearch::settle_least(std::uint32_t block) {
  const Book::Block& at = book_->blocks()[block];
  for (int side = 0; side < 2; ++side) {
    const std::uint16_t* keys = keys_[side].data() + at.first_tile;
    std::uint16_t least = kNeverKey;
    for (std::uint32_t tile = 0; tile < at.tiles(); ++tile) least = std::min(least, keys[tile]);
    blocks_[block].least[side] = least;
  }
}

// Adds up what the visits found, block by block, and lists the rows.
void BreachSearch::finish(Rows& entered, Rows& left) {
  if (first_) {
    // Rows in breach at the base are news, as far as no visit found them otherwise.
    for (const std::uint32_t block : breached_at_base_) {
      const Book::Block& at = book_->blocks()[block];
      for (std::uint32_t tile = 0; tile < at.tiles(); ++tile) {
        entered_[at.first_tile + tile] = breached_[at.first_tile + tile];
        if (breached_[at.first_tile + tile] != 0)
          blocks_[block].changed[tile / 64] |= std::uint64_t{1} << (tile % 64);
      }
      publish(block);
    }
  }
  first_ = false;
  for (const std::uint32_t block : due_) {
    BlockState& state = blocks_[block];
    if (!state.visited) continue;
    state.visited = false;
    ++counters_.blocks_visited;
    counters_.rows_evaluated += std::uint64_t{state.evaluated} * kTileRows;
    counters_.rekeys += state.rekeyed ? 1 : 0;
    counters_.spent_rekeys += state.rekeyed && state.spent_rekey ? 1 : 0;
    if ((state.changed[0] | state.changed[1]) != 0) publish(block);
    state.rekeyed = false;
  }
  entered_set_.take_to(entered);
  left_set_.take_to(left);
}

// Puts a block's changes into the sets.
void BreachSearch::members(Rows& out) {
  const auto blocks = book_->blocks();
  for (const Book::Block& block : blocks) {
    for (std::uint32_t tile = 0; tile < block.tiles(); ++tile) {
      for (unsigned bits = breached_[block.first_tile + tile]; bits != 0; bits &= bits - 1) {
        const auto row = static_cast<std::uint32_t>(std::countr_zero(bits));
        entered_set_.add(book_->position(block, tile * kTileRows + row));
      }
    }
  }
  entered_set_.take_to(out);
}

void BreachSearch::publish(std::uint32_t block) {
  const Book::Block& at = book_->blocks()[block];
  for (std::uint32_t half = 0; half < 2; ++half) {
    std::uint64_t& changed = blocks_[block].changed[half];
    for (; changed != 0; changed &= changed - 1) {
      const std::uint32_t tile = half * 64 + static_cast<std::uint32_t>(std::countr_zero(changed));
      const std::uint32_t i = at.first_tile + tile;
      const auto add = [&](std::uint32_t rows, PositionSet& set) {
        for (; rows != 0; rows &= rows - 1)
          set.add(book_->position(
              at, tile * kTileRows + static_cast<std::uint32_t>(std::countr_zero(rows))));
      };
      add(entered_[i], entered_set_);
      add(left_[i], left_set_);
      entered_[i] = left_[i] = touched_[i] = 0;
    }
  }
}

void BreachSearch::touch(std::uint32_t position) {
  const auto [block, slot] = book_->place(position);
  const Book::Block& at = book_->blocks()[block];
  if (book_->families()[at.family].inert) return;
  const std::uint32_t tile = at.first_tile + slot / kTileRows;
  touched_[tile] |= row_bit(slot);
  BlockState& state = blocks_[block];
  keys_[0][tile] = state.least[0] = 0;
  if (state.touched) return;
  state.touched = true;
  touched_list_.push_back(block);
  use(block);
}

void BreachSearch::reset() {
  y_ = taken_ = base_y_;
  log_ = base_log_;
  wild_ = base_wild_;
  const auto restore = [](auto& to, const auto& from, std::size_t first, std::size_t count) {
    std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(first), count,
                to.begin() + static_cast<std::ptrdiff_t>(first));
  };
  for (const std::uint32_t block : used_) {
    const Book::Block& at = book_->blocks()[block];
    const std::size_t factors = book_->factors_of(book_->families()[at.family]).size();
    blocks_[block] = base_blocks_[block];
    deadline_[block] = base_deadline_[block];
    restore(ref_, base_ref_, at.first_ref, factors);
    restore(ref_log_, base_ref_log_, at.first_ref, factors);
    for (int side = 0; side < 2; ++side)
      restore(keys_[side], base_keys_[side], at.first_tile, at.tiles());
    restore(breached_, base_breached_, at.first_tile, at.tiles());
    std::fill_n(touched_.begin() + at.first_tile, at.tiles(), std::uint8_t{0});
  }
  used_.clear();
  touched_list_.clear();
  counters_ = Counters{};
  travelled_ = 0;
  round_ = 0;
  first_ = true;
}

}  // namespace faultline
