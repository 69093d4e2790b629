#include "cli/verbs.hpp"

namespace faultline {

int sweep_verb(const SweepOptions&) {
  return 2;
}

}  // namespace faultline
