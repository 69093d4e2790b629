#include "core/math.hpp"

#include <sleef.h>

namespace faultline::math {

double exp(double x) {
  return Sleef_finz_expd1_u10purecfma(x);
}
double log(double x) {
  return Sleef_finz_logd1_u10purecfma(x);
}
double expm1(double x) {
  return Sleef_finz_expm1d1_u10purecfma(x);
}
double log1p(double x) {
  return Sleef_finz_log1pd1_u10purecfma(x);
}
double pow(double x, double y) {
  return Sleef_finz_powd1_u10purecfma(x, y);
}
double power(double x, unsigned n) {
  double result = 1;
  for (; n > 0; n >>= 1, x *= x) {
    if (n & 1) result *= x;
  }
  return result;
}
double sin(double x) {
  return Sleef_finz_sind1_u10purecfma(x);
}
double cos(double x) {
  return Sleef_finz_cosd1_u10purecfma(x);
}
double tanh(double x) {
  return Sleef_finz_tanhd1_u10purecfma(x);
}
double erfc(double x) {
  return Sleef_finz_erfcd1_u15purecfma(x);
}

}  // namespace faultline::math
