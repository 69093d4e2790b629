// Eight rows at a time: the one SIMD type of the hot kernels, over std::experimental::simd, and the
// logarithm they bound health with. Every operation is one IEEE 754 operation per lane and nothing
// is ever added across lanes, so a lane's bits equal those of the same scalar expression.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <experimental/simd>

namespace faultline {

inline constexpr std::uint32_t kSimdRows = 8;

/// One double for each of eight rows.
class Rows8 {
  using Half = std::experimental::simd<double, std::experimental::simd_abi::deduce_t<double, 4>>;
  using HalfMask = Half::mask_type;

 public:
  /// Which of eight rows satisfy a comparison: bit i is row i.
  using Bits = std::uint32_t;

  Rows8() = default;
  /// `value` in every row.
  explicit Rows8(double value) : low_(value), high_(value) {}

  /// Eight doubles from `from`, which need not be aligned.
  [[gnu::always_inline]] static Rows8 load(const double* from) {
    return {Half(from, std::experimental::element_aligned),
            Half(from + 4, std::experimental::element_aligned)};
  }
  /// Row i is `table[index[i]]`.
  [[gnu::always_inline]] static Rows8 gather(const double* table, const std::uint16_t* index) {
    return {Half([=](auto i) { return table[index[i]]; }),
            Half([=](auto i) { return table[index[i + 4]]; })};
  }
  /// `value` in the rows whose bit is set (others of `bits` count for nothing), 0 elsewhere.
  [[gnu::always_inline]] static Rows8 where_set(Bits bits, double value) {
    const Half low(kSet[bits & 15], std::experimental::element_aligned);
    const Half high(kSet[(bits >> 4) & 15], std::experimental::element_aligned);
    return {low * value, high * value};
  }
  /// Writes eight doubles to `to`, which need not be aligned.
  [[gnu::always_inline]] void store(double* to) const {
    low_.copy_to(to, std::experimental::element_aligned);
    high_.copy_to(to + 4, std::experimental::element_aligned);
  }

  [[gnu::always_inline]] Rows8& operator+=(const Rows8& b) {
    low_ += b.low_;
    high_ += b.high_;
    return *this;
  }
  [[gnu::always_inline]] Rows8& operator-=(const Rows8& b) {
    low_ -= b.low_;
    high_ -= b.high_;
    return *this;
  }
  [[gnu::always_inline]] friend Rows8 operator+(const Rows8& a, const Rows8& b) {
    return {a.low_ + b.low_, a.high_ + b.high_};
  }
  [[gnu::always_inline]] friend Rows8 operator-(const Rows8& a, const Rows8& b) {
    return {a.low_ - b.low_, a.high_ - b.high_};
  }
  [[gnu::always_inline]] friend Rows8 operator*(const Rows8& a, const Rows8& b) {
    return {a.low_ * b.low_, a.high_ * b.high_};
  }
  [[gnu::always_inline]] friend Rows8 operator/(const Rows8& a, const Rows8& b) {
    return {a.low_ / b.low_, a.high_ / b.high_};
  }

  /// The rows in which a < b; a NaN is never less.
  [[gnu::always_inline]] friend Bits less(const Rows8& a, const Rows8& b) {
    return bits(a.low_ < b.low_, a.high_ < b.high_);
  }

  /// Becomes `value` where test < bound.
  [[gnu::always_inline]] void set_where_less(const Rows8& test, double bound, double value) {
    where(test.low_ < Half(bound), low_) = Half(value);
    where(test.high_ < Half(bound), high_) = Half(value);
  }

  /// Row by row, the smaller of two; no row may be NaN.
  [[gnu::always_inline]] friend Rows8 min(const Rows8& a, const Rows8& b) {
    return {std::experimental::min(a.low_, b.low_), std::experimental::min(a.high_, b.high_)};
  }
  [[gnu::always_inline]] friend Rows8 max(const Rows8& a, const Rows8& b) {
    return {std::experimental::max(a.low_, b.low_), std::experimental::max(a.high_, b.high_)};
  }
  /// The smallest of the eight rows; no row may be NaN (a minimum is the same in any order).
  [[gnu::always_inline]] double least() const {
    return std::experimental::hmin(std::experimental::min(low_, high_));
  }

 private:
  // For each four bits, 1 where one is set.
  static constexpr double kSet[16][4] = {{0, 0, 0, 0}, {1, 0, 0, 0}, {0, 1, 0, 0}, {1, 1, 0, 0},
                                         {0, 0, 1, 0}, {1, 0, 1, 0}, {0, 1, 1, 0}, {1, 1, 1, 0},
                                         {0, 0, 0, 1}, {1, 0, 0, 1}, {0, 1, 0, 1}, {1, 1, 0, 1},
                                         {0, 0, 1, 1}, {1, 0, 1, 1}, {0, 1, 1, 1}, {1, 1, 1, 1}};

  [[gnu::always_inline]] Rows8(Half low, Half high) : low_(low), high_(high) {}

  [[gnu::always_inline]] static Bits bits(HalfMask low, HalfMask high) {
    return static_cast<Bits>(low.__to_bitset().to_ulong() | (high.__to_bitset().to_ulong() << 4));
  }

  Half low_;
  Half high_;
};

/// Sixteen 16-bit keys at once.
class Keys16 {
  using Lanes = std::experimental::simd<std::uint16_t,
                                        std::experimental::simd_abi::deduce_t<std::uint16_t, 16>>;

 public:
  /// Bit i is set where keys[i] <= limit, i in 0..15; `keys` need not be aligned.
  static std::uint32_t at_most(const std::uint16_t* keys, std::uint16_t limit) {
    const Lanes lanes(keys, std::experimental::element_aligned);
    return static_cast<std::uint32_t>((lanes <= Lanes(limit)).__to_bitset().to_ulong());
  }
};

/// Natural logarithms are whole multiples of 2^-20 here, so that sums and comparisons are exact.
inline constexpr double kLogUnits = 1048576.0;

/// An integer n with ln(x) * 2^20 - 1.01 <= n <= ln(x) * 2^20, for normal x > 0: a lower bound that
/// no libm and no fused multiply-add can change. ln m = 2 artanh(t), t = (m - 1) / (m + 1), for the
/// mantissa m in [sqrt 1/2, sqrt 2): |t| <= 0.1716, and the series cut after t^9 errs by less than
/// 2 |t|^11 / 11 / (1 - t^2) < 7.2e-10, i.e. 0.0008 units; 1/256 of a unit is taken off for it.
inline std::int32_t log_floor(double x) {
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(x);
  const std::uint64_t mantissa = bits & 0xfffffffffffffull;
  const std::uint64_t upper = mantissa > 0x6a09e667f3bccull ? 1 : 0;  // above sqrt 2
  const double m = std::bit_cast<double>(mantissa | ((1023 - upper) << 52));
  const double exponent =
      static_cast<double>(static_cast<std::int32_t>((bits >> 52) + upper) - 1023);
  const double t = (m - 1.0) / (m + 1.0);
  const double t2 = t * t;
  const double series =
      t * (2.0 + t2 * (2.0 / 3.0 + t2 * (2.0 / 5.0 + t2 * (2.0 / 7.0 + t2 * (2.0 / 9.0)))));
  const double units = (exponent * 0.693147180559945309417 + series) * kLogUnits - 0.00390625;
  const auto cut = static_cast<std::int32_t>(units);  // towards zero
  return cut - (static_cast<double>(cut) > units ? 1 : 0);
}

/// out[i] = log_floor(x[i]), several at a time; any x but those for which it holds gives some
/// number.
inline void log_floors(const double* __restrict x, std::size_t count,
                       std::int32_t* __restrict out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = log_floor(x[i]);
}

/// Whether this processor runs code built for x86-64-v3; check once at start-up.
inline bool cpu_is_supported() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("x86-64-v3");
}

/// What to tell the user where `cpu_is_supported` says no.
inline constexpr const char* kCpuUnsupported =
    "faultline needs an x86-64-v3 processor (AVX2, BMI1, BMI2, FMA: Intel Haswell of 2013, AMD "
    "Excavator of 2015, or later); this one lacks them";

}  // namespace faultline
