// One declaration of a kind's fields drives the reader, range checks, suggestions, the JSON Schema,
// the reference page, `set` events and the scale law. A kind writes
//
//   struct Spec {
//     Ratio fee{0.003};
//     template <class V>
//     void fields(V& v) {
//       v("fee", fee, Field{.help = "share of the input kept by the pool", .lo = 0, .hi = 0.1,
//                           .source = "Uniswap v2 core"});
//     }
//   };
//
// and every visitor below is a class with `operator()(std::string_view, T&, const Field&)` for each
// type of core/values.hpp, bool, long, std::string, std::optional<T>, std::vector<T>, std::map of
// name to a nested struct with its own `fields`, and such nested structs themselves.
#pragma once

#include <limits>
#include <string_view>

namespace faultline {

/// Families a `Name` may refer to; `price`: a venue or an oracle.
enum class Refers { nothing, asset, venue, oracle, price, market, vault, fund, agent, chain, any };

/// How an amount or a depth scales when every quantity of the world is doubled (law 5): prices and
/// contract rates do not. Other types of field never scale.
enum class Scales { no, with_quantities };

/// What a declaration says of one field, besides its name and type.
struct Field {
  std::string_view help = {};                            // one line, for the reference and editors
  double lo = -std::numeric_limits<double>::infinity();  // least value allowed, inclusive
  double hi = std::numeric_limits<double>::infinity();   // greatest value allowed, inclusive
  std::string_view source = {};                          // where the default comes from
  bool required = false;                                 // an absent field is an error
  Refers refers = Refers::nothing;                       // for Name fields
  std::string_view choices = {};                         // for text: allowed words, space separated
  Scales scales = Scales::with_quantities;               // for amounts and depths
};

}  // namespace faultline
