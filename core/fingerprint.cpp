#include "core/fingerprint.hpp"

namespace faultline {

void Fingerprint::add(std::string_view text) {
  add(static_cast<std::uint64_t>(text.size()));
  for (const char c : text) add(static_cast<std::uint64_t>(static_cast<unsigned char>(c)));
}

std::uint64_t Fingerprint::value() const {
  std::uint64_t h = hash_;
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccdull;
  h ^= h >> 33;
  h *= 0xc4ceb9fe1a85ec53ull;
  return h ^ (h >> 33);
}

std::string Fingerprint::text() const {
  static constexpr char digits[] = "0123456789abcdef";
  std::uint64_t v = value();
  std::string out(12, '0');
  for (std::size_t i = 12; i-- > 0; v >>= 4) out[i] = digits[v & 15u];
  return out;
}

}  // namespace faultline
