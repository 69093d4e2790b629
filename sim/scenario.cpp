#include "sim/scenario.hpp"

#include <algorithm>

namespace faultline {

double Timing::share(double now_s) const {
  if (now_s < start_s) return 0;
  double in_force = 1;
  if (end_s > start_s && now_s < end_s) in_force = (now_s - start_s) / (end_s - start_s);
  if (now_s < undo_s) return in_force;
  if (now_s >= back_s) return 0;
  return in_force * (back_s - now_s) / (back_s - undo_s);
}

}  // namespace faultline
