#include "core/rng.hpp"

#include <Random123/philox.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <set>
#include <vector>

namespace faultline {
namespace {

// The value `uniform` must give when Philox answers with these first two words.
double expected_uniform(std::uint32_t w0, std::uint32_t w1) {
  const std::uint64_t word = (static_cast<std::uint64_t>(w1) << 32) | w0;
  return (static_cast<double>(word >> 12) + 0.5) / 4503599627370496.0;
}

}  // namespace

// Random123 1.14, tests/kat_vectors, the three lines "philox4x32 10". Our counter is (scenario,
// entity, purpose, index) and the key is the seed, so the published vectors are reached as draws.
TEST_CASE("philox4x32-10 gives Random123's published answers", "[rng]") {
  CHECK(uniform({.seed = 0, .scenario = 0}) == expected_uniform(0x6627e8d5, 0xe169c58d));
  CHECK(uniform(
            {.seed = ~0ull, .scenario = 0xffffffff, .entity = ~0u, .purpose = ~0u, .index = ~0u}) ==
        expected_uniform(0x408f276d, 0x41c83b0e));
  CHECK(uniform({.seed = 0x299f31d0a4093822,
                 .scenario = 0x243f6a88,
                 .entity = 0x85a308d3,
                 .purpose = 0x13198a2e,
                 .index = 0x03707344}) == expected_uniform(0xd16cfe09, 0x94fdcceb));
  const r123::Philox4x32::ctr_type pi = r123::Philox4x32()(
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, {{0xa4093822, 0x299f31d0}});
  CHECK(pi[2] == 0x5001e420);
  CHECK(pi[3] == 0x24126ea1);
}

TEST_CASE("every part of a key matters", "[rng]") {
  const DrawKey base{.seed = 7, .scenario = 3, .entity = 11, .purpose = 13, .index = 17};
  std::set<double> seen{uniform(base)};
  for (int part = 0; part < 7; ++part) {
    DrawKey k = base;
    if (part == 0) k.seed ^= 1;
    if (part == 1) k.seed ^= 1ull << 63;
    if (part == 2) k.scenario ^= 1;
    if (part == 3) k.scenario ^= 1ull << 40;
    if (part == 4) k.entity ^= 1;
    if (part == 5) k.purpose ^= 1;
    if (part == 6) k.index ^= 1;
    seen.insert(uniform(k));
  }
  CHECK(seen.size() == 8);
  CHECK(uniform(base) == uniform(base));
}

TEST_CASE("uniform fills the open unit interval evenly", "[rng]") {
  constexpr int n = 200000;
  double sum = 0, least = 1, greatest = 0;
  std::vector<int> bins(100);
  for (int i = 0; i < n; ++i) {
    const double u = uniform({.seed = 5, .scenario = static_cast<std::uint64_t>(i)});
    sum += u;
    least = std::min(least, u);
    greatest = std::max(greatest, u);
    ++bins[static_cast<std::size_t>(u * 100)];
  }
  CHECK(least > 0);
  CHECK(greatest < 1);
  CHECK(std::fabs(sum / n - 0.5) < 5 * 0.2887 / std::sqrt(n));
  double chi2 = 0;
  for (const int c : bins) chi2 += (c - n / 100.0) * (c - n / 100.0) / (n / 100.0);
  CHECK(chi2 < 149.4);  // chi-squared, 99 degrees of freedom, p = 0.999 -> 148.2
}

// AS 241's own check values, and quantiles from mpmath at 60 digits (erfc inverted).
TEST_CASE("inverse_normal gives tabulated quantiles", "[rng]") {
  const auto near = [](double p, double z) {
    INFO("p = " << p);
    CHECK(std::fabs(inverse_normal(p) - z) <= 2e-15 * std::fabs(z));
  };
  CHECK(inverse_normal(0.5) == 0.0);
  near(0.25, -0.6744897501960817);     // AS 241
  near(0.001, -3.090232306167813535);  // AS 241
  near(1e-20, -9.262340089798408);     // AS 241
  near(0.975, 1.959963984540054);
  near(0.95, 1.6448536269514722);
  near(0.99, 2.3263478740408408);
  near(0.995, 2.5758293035489004);
  near(0.84134474606854293, 1.0);
  near(1e-10, -6.361340902404056199);
  near(1e-300, -37.04709629936120);
}

TEST_CASE("inverse_normal is odd and increasing", "[rng]") {
  double last = -40;
  for (int i = 1; i < 4096; ++i) {
    const double p = i / 4096.0;
    const double z = inverse_normal(p);
    CHECK(z > last);
    CHECK(z == -inverse_normal(1 - p));
    last = z;
  }
}

TEST_CASE("standard normals have the moments of a normal", "[rng]") {
  constexpr int n = 200000;
  double s1 = 0, s2 = 0, s4 = 0;
  for (int i = 0; i < n; ++i) {
    const double z = standard_normal({.seed = 2, .index = static_cast<std::uint32_t>(i)});
    s1 += z;
    s2 += z * z;
    s4 += z * z * z * z;
  }
  CHECK(std::fabs(s1 / n) < 0.01);
  CHECK(std::fabs(s2 / n - 1) < 0.015);
  CHECK(std::fabs(s4 / n - 3) < 0.12);
}

// FNV-1a test vectors of the authors (isthe.com, fnv32a: "", "a", "foobar").
TEST_CASE("name_key is FNV-1a", "[rng]") {
  CHECK(name_key("") == 0x811c9dc5);
  CHECK(name_key("a") == 0xe40c292c);
  CHECK(name_key("foobar") == 0xbf9cf968);
}

}  // namespace faultline
