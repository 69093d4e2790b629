// The one set of transcendental functions result-bearing code may call. They give the same bits on
// every x86-64-v3 machine: SLEEF's deterministic scalar functions with FMA (1.0 ULP), never libm's,
// which choose code by CPU at run time. `std::sqrt` is exact by IEEE 754 and needs no wrapper.
#pragma once

namespace faultline::math {

double exp(double x);
double log(double x);
/// exp(x) - 1 and log(1 + x), whole for small x.
double expm1(double x);
double log1p(double x);
/// x to the power y, x > 0.
double pow(double x, double y);
/// x to a whole power, by products: a rounding each.
double power(double x, unsigned n);
double sin(double x);
double cos(double x);
double tanh(double x);
/// 1 - erf(x), to 1.5 ULP also far out where it is tiny.
double erfc(double x);

}  // namespace faultline::math
