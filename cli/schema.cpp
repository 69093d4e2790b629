#include "cli/verbs.hpp"

namespace faultline {

int schema_verb(const SchemaOptions&) {
  return 2;
}

}  // namespace faultline
