#include "core/rng.hpp"

#include <Random123/philox.h>

#include <algorithm>
#include <cmath>

#include "core/math.hpp"

namespace faultline {
namespace {

using Philox = r123::Philox4x32;

// The whole identity of a draw must reach the 128-bit counter and the 64-bit key. Scenario numbers
// below 2^32 fit as they are; the high half of a greater one is first mixed into the key.
Philox::key_type philox_key(const DrawKey& key) {
  const Philox::key_type seed = {
      {static_cast<std::uint32_t>(key.seed), static_cast<std::uint32_t>(key.seed >> 32)}};
  const auto high = static_cast<std::uint32_t>(key.scenario >> 32);
  if (high == 0) return seed;
  const Philox::ctr_type mixed = Philox()(Philox::ctr_type{{high, ~0u, ~0u, ~0u}}, seed);
  return Philox::key_type{{mixed[0], mixed[1]}};
}

// Horner's rule, highest power last in the array.
template <std::size_t n>
double polynomial(const double (&c)[n], double x) {
  double sum = c[n - 1];
  for (std::size_t i = n - 1; i-- > 0;) sum = sum * x + c[i];
  return sum;
}

}  // namespace

double uniform(const DrawKey& key) {
  const Philox::ctr_type counter = {
      {static_cast<std::uint32_t>(key.scenario), key.entity, key.purpose, key.index}};
  const Philox::ctr_type block = Philox()(counter, philox_key(key));
  const std::uint64_t word = (static_cast<std::uint64_t>(block[1]) << 32) | block[0];
  return (static_cast<double>(word >> 12) + 0.5) * 0x1p-52;
}

double standard_normal(const DrawKey& key) {
  return inverse_normal(uniform(key));
}

// z = q·A(r)/B(r), r = 0.180625 − q², q = p − ½, in the centre; in the tails a ratio in √(−ln p).
// Wichura, AS 241 (PPND16), 1988.
double inverse_normal(double p) {
  static constexpr double a[] = {3.3871328727963666080e0,  1.3314166789178437745e+2,
                                 1.9715909503065514427e+3, 1.3731693765509461125e+4,
                                 4.5921953931549871457e+4, 6.7265770927008700853e+4,
                                 3.3430575583588128105e+4, 2.5090809287301226727e+3};
  static constexpr double b[] = {1.0,
                                 4.2313330701600911252e+1,
                                 6.8718700749205790830e+2,
                                 5.3941960214247511077e+3,
                                 2.1213794301586595867e+4,
                                 3.9307895800092710610e+4,
                                 2.8729085735721942674e+4,
                                 5.2264952788528545610e+3};
  static constexpr double c[] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                 5.76949722146069140550e0,  3.64784832476320460504e0,
                                 1.27045825245236838258e0,  2.41780725177450611770e-1,
                                 2.27238449892691845833e-2, 7.74545014278341407640e-4};
  static constexpr double d[] = {1.0,
                                 2.05319162663775882187e0,
                                 1.67638483018380384940e0,
                                 6.89767334985100004550e-1,
                                 1.48103976427480074590e-1,
                                 1.51986665636164571966e-2,
                                 5.47593808499534494600e-4,
                                 1.05075007164441684324e-9};
  static constexpr double e[] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                 1.78482653991729133580e0,  2.96560571828504891230e-1,
                                 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                 2.71155556874348757815e-5, 2.01033439929228813265e-7};
  static constexpr double f[] = {1.0,
                                 5.99832206555887937690e-1,
                                 1.36929880922735805310e-1,
                                 1.48753612908506148525e-2,
                                 7.86869131145613259100e-4,
                                 1.84631831751005468180e-5,
                                 1.42151175831644588870e-7,
                                 2.04426310338993978564e-15};
  const double q = p - 0.5;
  if (std::fabs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * polynomial(a, r) / polynomial(b, r);
  }
  const double r = std::sqrt(-math::log(std::min(p, 1.0 - p)));
  const double z = r <= 5.0 ? polynomial(c, r - 1.6) / polynomial(d, r - 1.6)
                            : polynomial(e, r - 5.0) / polynomial(f, r - 5.0);
  return q < 0 ? -z : z;
}

std::uint32_t name_key(const char* text) {
  std::uint32_t hash = 2166136261u;
  for (; *text != '\0'; ++text) hash = (hash ^ static_cast<unsigned char>(*text)) * 16777619u;
  return hash;
}

}  // namespace faultline
