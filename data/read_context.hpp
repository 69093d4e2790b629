// What field readers share and leave behind: where every value stands, what was assumed, and which
// names and assets exist.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/fields.hpp"
#include "data/located_yaml.hpp"
#include "data/units.hpp"

namespace faultline {

/// Where a key and its value stand; `value.line` is 0 for what is nowhere.
struct Place {
  Span key;
  Span value;
};

/// A value nobody wrote: the path of the field, what it was taken to be, and on whose word.
struct Assumption {
  std::string path;
  std::string text;
  std::string source;
};

/// What is being read, for messages: {"market", "pool"} is market 'pool'; inside it, {"reserve",
/// "ETH", "'pool'"} is reserve 'ETH' of 'pool'.
struct Subject {
  std::string noun;
  std::string name;
  std::string of;
  std::string text() const;
  /// How things inside refer to this one.
  std::string owner() const;
};

/// What all field readers of one reading share. Fill `assets` and `names` as soon as they are
/// known.
struct ReadContext {
  explicit ReadContext(Reading& reading_in) : reading(reading_in) {}

  Reading& reading;
  std::vector<AssetHint> assets;  // offered as units; prices if known
  std::map<Refers, std::set<std::string, std::less<>>>
      names;                                      // a family listed here has its names checked
  std::unordered_map<std::string, Place> places;  // by path: markets.pool.reserves.ETH.supplied
  std::vector<Assumption> assumptions;            // in the order read

  /// The place of a path, or of the nearest path above it that was written.
  Span at(std::string_view path) const;
};

}  // namespace faultline
