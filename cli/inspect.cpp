#include "cli/verbs.hpp"

namespace faultline {

int inspect_verb(const InspectOptions&) {
  return 2;
}

}  // namespace faultline
