// YAML text as a tree of plain text with places. Scalars stay text until a field says what they are
// (so `010` is never octal and `no` is never false by accident); duplicate keys, tags, merge keys,
// second documents and hostile sizes are errors. This is the only reader of YAML in the program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/diagnostics.hpp"

namespace faultline {

/// Where a value came from if not from the user: index 0 of Reading::origins is the user.
struct Origin {
  std::string preset;  // "aave_v3"; empty: the user wrote it
  std::string source;
  std::string as_of;
};

/// What bounds a hostile file. Nodes are counted over everything one Reading makes.
struct YamlLimits {
  std::size_t bytes = std::size_t{64} << 20;
  std::size_t depth = 64;
  std::size_t nodes = 2'000'000;
  std::size_t findings = 1000;
};

/// What one reading shares: the files, the findings, the origins of values and the budget of nodes.
class Reading {
 public:
  Reading(Sources& sources_in, Diagnostics& diagnostics_in, YamlLimits limits_in = {})
      : sources(sources_in), diagnostics(diagnostics_in), limits(limits_in) {}

  /// Reports an error, once per place and code: a value shared by `each` or an alias fails once.
  void error(std::string_view code, Span at, std::string message, std::string remedy = {});
  /// As `error`, for a warning.
  void warning(std::string_view code, Span at, std::string message, std::string remedy = {});
  /// Whether so many findings were made that no more will be kept: skip costly suggestions.
  bool full() const { return said_.size() > limits.findings; }
  /// Takes `count` nodes from the budget; false once, with a diagnostic at `at`, when it is spent.
  bool spend(std::size_t count, Span at);
  /// The index of an origin, added if new.
  std::uint32_t origin_index(const Origin& origin);

  Sources& sources;
  Diagnostics& diagnostics;
  YamlLimits limits;
  std::vector<Origin> origins{1};

 private:
  bool first_time(std::string_view code, Span at);

  std::set<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::string>> said_;
  std::size_t spent_ = 0;
};

struct Entry;

/// One value of a YAML tree.
struct Node {
  enum class Kind : std::uint8_t { null, scalar, list, map };

  Kind kind = Kind::null;
  bool quoted = false;         // the scalar stood in quotes
  bool removed = false;        // `off`, laid over a value
  std::uint32_t origin = 0;    // into Reading::origins
  Span span;                   // the value's own text
  std::string text;            // scalars
  std::vector<Node> items;     // lists
  std::vector<Entry> entries;  // maps, in the order written

  bool is_map() const { return kind == Kind::map; }
  bool is_list() const { return kind == Kind::list; }
  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_null() const { return kind == Kind::null; }
  /// Whether this is the unquoted word `off`, which removes.
  bool is_off() const { return is_scalar() && !quoted && text == "off"; }
  /// The value under `key` of a map; null if there is none.
  const Node* find(std::string_view key) const;
  Node* find(std::string_view key);
  /// The entry under `key` of a map; null if there is none.
  const Entry* entry(std::string_view key) const;
  /// This node and all below it.
  std::size_t count() const;
};

/// One `key: value` of a map. The key "" holds a value that an overlay met where it needed a map
/// (`ETH: $2310` under `ETH.issuer: x`); readers take it for the struct's shorthand field.
struct Entry {
  std::string key;
  Span key_span;
  Node value;
  std::string member;  // the entry's own name, if `each` made it: key is then `family.member`
};

/// Makes a scalar, for code that adds a value the user implied.
Node scalar_node(std::string text, Span span, std::uint32_t origin = 0);

/// Parses a text already in `reading.sources`. Mistakes become findings; what could be understood
/// is returned (a null node for nothing).
Node parse_yaml(std::uint32_t file, Reading& reading);

/// Adds `text` to the sources under `name` and parses it.
Node parse_yaml_text(std::string name, std::string text, Reading& reading);

/// Reads a file and parses it; `shown` is its name in diagnostics, `asked_at` where it was asked
/// for.
Node parse_yaml_file(const std::string& path, const std::string& shown, Span asked_at,
                     Reading& reading);

/// The nearest of many names (cheap filter first); empty if none is near.
std::string suggest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace faultline
