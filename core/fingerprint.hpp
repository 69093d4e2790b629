// A stable 64-bit hash of results and inputs: same bytes, same value, on every machine.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace faultline {

/// FNV-1a over 8-byte words with a final avalanche; order matters.
class Fingerprint {
 public:
  void add(std::uint64_t word) {
    hash_ = (hash_ ^ word) * 0x100000001b3ull;
    hash_ ^= hash_ >> 29;
  }
  void add(double value) { add(std::bit_cast<std::uint64_t>(value)); }
  void add(std::string_view text);
  std::uint64_t value() const;
  /// Twelve hexadecimal digits, as printed beside results.
  std::string text() const;

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325ull;
};

}  // namespace faultline
