// One root finder for every monotone curve without a closed form: Brent's zeroin, which keeps a
// bracket, tries interpolation first and bisects when that is slow (brent1973, chapter 4).
//   x_new = b + p/q by secant or inverse quadratic interpolation, else the bracket's midpoint
// Stops when the bracket is narrower than 2^-40 of its far end. Every step is homogeneous in x and
// in f, so a problem scaled by 2^n takes the same steps to 2^n times the same answer.
#pragma once

#include <algorithm>
#include <cmath>

namespace faultline {

/// The final bracket: f(good) >= 0, f(bad) < 0 and both within 2^-40 of each other, relative.
struct Root {
  double good = 0;
  double bad = 0;
};

/// Zero of a continuous or jumping f between a and b, whose values fa and fb have unlike signs
/// (f >= 0 counts as positive) and are finite. f: double -> double; at most 200 evaluations. A
/// point where f is at least 0 and at most `enough` ends it.
template <class F>
Root bracketed_root(F&& f, double a, double fa, double b, double fb, double enough = 0) {
  constexpr double relative = 0x1p-41;
  double c = a, fc = fa, step = b - a, before = step;
  for (int i = 0; i < 200; ++i) {
    if ((fb >= 0) == (fc >= 0)) c = a, fc = fa, step = before = b - a;
    if (std::fabs(fc) < std::fabs(fb)) {
      a = b, b = c, c = a;
      fa = fb, fb = fc, fc = fa;
    }
    const double tolerance = relative * std::max(std::fabs(b), std::fabs(c));
    const double middle = 0.5 * (c - b);
    if (std::fabs(middle) <= tolerance || (fb >= 0 && fb <= enough)) break;
    if (std::fabs(before) < tolerance || std::fabs(fa) <= std::fabs(fb)) {
      step = before = middle;
    } else {
      double p, q;
      const double s = fb / fa;
      if (a == c) {
        p = 2 * middle * s;
        q = 1 - s;
      } else {
        const double t = fa / fc, r = fb / fc;
        p = s * (2 * middle * t * (t - r) - (b - a) * (r - 1));
        q = (t - 1) * (r - 1) * (s - 1);
      }
      if (p > 0) {
        q = -q;
      } else {
        p = -p;
      }
      const bool inside =
          2 * p < std::min(3 * middle * q - std::fabs(tolerance * q), std::fabs(before * q));
      before = inside ? step : middle;
      step = inside ? p / q : middle;
    }
    a = b, fa = fb;
    b += std::fabs(step) > tolerance ? step : (middle > 0 ? tolerance : -tolerance);
    fb = f(b);
  }
  return fb >= 0 ? Root{b, c} : Root{c, b};
}

}  // namespace faultline
