#include "core/math.hpp"

#include <sleef.h>

namespace faultline::math {

double exp(double x) {
  return Sleef_cinz_expd1_u10purec(x);
}
double log(double x) {
  return Sleef_cinz_logd1_u10purec(x);
}
double pow(double x, double y) {
  return Sleef_cinz_powd1_u10purec(x, y);
}
double sin(double x) {
  return Sleef_cinz_sind1_u10purec(x);
}
double cos(double x) {
  return Sleef_cinz_cosd1_u10purec(x);
}

}  // namespace faultline::math
