// Counter-based randomness (Philox 4x32-10): a draw is a pure function of who asks and what for, so
// it never depends on order, threads or what else was drawn.
#pragma once

#include <cstdint>

namespace faultline {

/// The identity of one draw. `entity` and `purpose` are stable numbers (hashes of names).
struct DrawKey {
  std::uint64_t seed = 1;
  std::uint64_t scenario = 0;
  std::uint32_t entity = 0;
  std::uint32_t purpose = 0;
  std::uint32_t index = 0;
};

/// Uniform in the open interval (0, 1), 52 bits, never 0 or 1.
double uniform(const DrawKey& key);

/// Standard normal by inversion of `uniform` (see inverse_normal).
double standard_normal(const DrawKey& key);

/// The normal quantile, relative error below 1e-14 for p in (1e-300, 1 - 1e-16).
/// Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37 (1988).
double inverse_normal(double p);

/// A stable 32-bit number for a name (FNV-1a), to key draws by identity.
std::uint32_t name_key(const char* text);

}  // namespace faultline
