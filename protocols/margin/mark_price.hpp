// The price a perpetual venue values accounts at: the median of what its documents name.
//
//   premium   index + average over 150 s of (book - index)         robust to one print
//   book      the mid of its own book                              follows at once
//   average   average of that over 30 s                            where no other venue is read
//   index     the index feed as it is
//
// Hyperliquid: the first two and other venues' books; "if exactly two inputs exist, the 30 s EMA is
// added" [hyperliquid_docs]. Binance: index with its funding, index plus mean premium, last price
// [binance_mark]. dYdX v4 and Drift v2 value at the index [dydx_v4_code, drift_v2_code].
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/fields.hpp"
#include "core/values.hpp"

namespace faultline {

struct MarkSpec {
  static constexpr std::string_view shorthand = "median";
  std::vector<std::string> median{"premium", "book", "average"};
  Seconds premium_ema{150}, book_ema{30};

  template <class V>
  void fields(V& v) {
    v("median", median,
      Field{.help = "prices whose median it is; of two, their mean",
            .source = "Hyperliquid Docs, Robust price indices, no other venue read "
                      "(hyperliquid_docs)",
            .choices = "premium book average index"});
    v("premium_ema", premium_ema,
      Field{.help = "time constant of the average premium of the book over the index",
            .lo = 1,
            .source = "Hyperliquid Docs, Robust price indices (hyperliquid_docs)"});
    v("book_ema", book_ema,
      Field{.help = "time constant of the average of the book",
            .lo = 1,
            .source = "Hyperliquid Docs, Robust price indices (hyperliquid_docs)"});
  }
};

}  // namespace faultline
