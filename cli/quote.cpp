#include "cli/verbs.hpp"

namespace faultline {

int quote_verb(const QuoteOptions&) {
  return 2;
}

}  // namespace faultline
