#include "cli/verbs.hpp"

namespace faultline {

int render_verb(const RenderOptions&) {
  return 2;
}

}  // namespace faultline
