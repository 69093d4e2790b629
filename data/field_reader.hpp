// Reads a map of a YAML tree into a struct by the struct's own declaration of fields
// (core/fields.hpp). Besides the struct it leaves behind where every value stands (so later checks
// can point at it) and every value that was not given (so the run can say what it assumed).
//
// Fields may be: any type of core/values.hpp, bool, long, double, std::string; a struct with
// `fields`; std::optional<T>, std::vector<T>, std::map<std::string, T> of these. In YAML
//   - one value stands for a list of one;
//   - a bare name stands for {name: 100%} where a map of Ratio is wanted;
//   - a struct that declares `static constexpr std::string_view shorthand = "price";` may be
//   written
//     as the bare value of that field;
//   - `off` is "not given", whatever a preset says; in a map of names it removes the entry.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "data/located_yaml.hpp"
#include "data/read_context.hpp"
#include "data/units.hpp"

namespace faultline {

/// What the readers of every field of one map share; the template below adds the types.
class FieldReaderBase {
 public:
  FieldReaderBase(const Node& node, std::string path, Subject subject, ReadContext& context,
                  bool defaults_only);
  /// Reports unknown and missing keys; whether the whole map was read without an error.
  bool finish(std::span<const std::string_view> also_known);

 protected:
  const Entry* take(std::string_view name, const Field& field);
  std::string path_of(std::string_view name) const;
  Subject subject_of(std::string_view name) const;
  Subject subject_of(std::string_view name, std::string_view key) const;
  void fail(std::string_view code, Span at, std::string message, std::string remedy = {});
  bool want_scalar(const Node& value, std::string_view name, ValueKind kind);
  bool want_kind(const Node& value, Node::Kind kind, std::string_view name);
  bool accept(std::optional<ValueError> error, const Node& value);
  bool check_name(std::string_view word, Refers family, const Node& value);
  bool check_unit(const std::string& unit, const Node& value);
  Wanted wanted(std::string_view name, const Field& field, bool with_hints);
  void place(const std::string& path, Span key, const Node& value);
  void assume(const std::string& path, std::string text, std::string source);
  void note_origin(const std::string& path, const Node& value);

  const Node& node_;
  std::string path_;
  Subject subject_;
  ReadContext& context_;
  bool defaults_only_;  // the struct was not written: record defaults, demand nothing
  bool ok_ = true;

 private:
  void report_unknown(const Entry& entry, std::span<const std::string_view> also_known);
  void add_hint(std::string_view word);
  void make_hints(std::string_view name);

  std::vector<std::string_view> declared_;
  std::vector<std::string_view> missing_;
  std::vector<const Entry*> taken_;
  std::vector<AssetHint> hints_;
};

namespace read_detail {
struct Probe {
  template <class T>
  void operator()(std::string_view, T&, const Field&) {}
};
template <class T>
struct Shape {
  static constexpr bool optional = false, list = false, map = false;
};
template <class T>
struct Shape<std::optional<T>> {
  static constexpr bool optional = true, list = false, map = false;
};
template <class T>
struct Shape<std::vector<T>> {
  static constexpr bool optional = false, list = true, map = false;
};
template <class T>
struct Shape<std::map<std::string, T>> {
  static constexpr bool optional = false, list = false, map = true;
};
}  // namespace read_detail

/// A struct that declares its fields.
template <class T>
concept HasFields = requires(T& t, read_detail::Probe& v) {
  t.fields(v);
};

/// A struct that may be written as one of its fields.
template <class T>
concept HasShorthand = requires {
  { T::shorthand } -> std::convertible_to<std::string_view>;
};

template <class Spec>
bool read_fields(const Node& node, Spec& spec, std::string path, Subject subject,
                 ReadContext& context, std::span<const std::string_view> also_known = {},
                 bool defaults_only = false);

/// The visitor handed to `Spec::fields`.
class FieldReader : public FieldReaderBase {
 public:
  using FieldReaderBase::FieldReaderBase;

  template <class T>
  void operator()(std::string_view name, T& out, const Field& field) {
    const Entry* entry = take(name, field);
    const std::string path = path_of(name);
    if (entry == nullptr || removed<T>(entry->value)) {
      if (entry != nullptr) {
        place(path, entry->key_span, entry->value);
        if constexpr (read_detail::Shape<T>::optional) out.reset();
      }
      assume_default(path, out, name, field);
      return;
    }
    place(path, entry->key_span, entry->value);
    if (!read(entry->value, out, name, field, path, subject_of(name))) ok_ = false;
  }

 private:
  /// `off` removes, except where it is a value: bool, and words that list it among their choices.
  template <class T>
  static bool removed(const Node& value) {
    return value.is_off() && !std::is_same_v<T, bool> && !std::is_same_v<T, std::optional<bool>> &&
           !std::is_same_v<T, std::string> && !std::is_same_v<T, AnyText>;
  }

  template <class T>
  void assume_default(const std::string& path, T& out, std::string_view name, const Field& field) {
    if constexpr (read_detail::Shape<T>::optional) {
      if (out) {
        assume_default(path, *out, name, field);
      } else if (!field.source.empty()) {
        assume(path, "none", std::string(field.source));
      }
    } else if constexpr (read_detail::Shape<T>::list || read_detail::Shape<T>::map) {
      if (!field.source.empty()) assume(path, "none", std::string(field.source));
    } else if constexpr (HasFields<T>) {
      const Node empty;
      read_fields(empty, out, path, subject_of(name), context_, {}, true);
    } else {
      std::string text = format_value(out);
      if (!text.empty() && !field.required)
        assume(path, std::move(text), std::string(field.source));
    }
  }

  template <class T>
  bool read(const Node& value, T& out, std::string_view name, const Field& field,
            const std::string& path, const Subject& subject) {
    if constexpr (read_detail::Shape<T>::optional) {
      const bool good = read(value, out.emplace(), name, field, path, subject);
      if (!good) out.reset();
      return good;
    } else if constexpr (read_detail::Shape<T>::list) {
      return read_list(value, out, name, field, path);
    } else if constexpr (read_detail::Shape<T>::map) {
      return read_map(value, out, name, field, path);
    } else if constexpr (HasFields<T>) {
      return read_fields(value, out, path, subject, context_);
    } else {
      return read_leaf(value, out, name, field, path);
    }
  }

  template <class T>
  bool read_leaf(const Node& value, T& out, std::string_view name, const Field& field,
                 const std::string& path) {
    if (!want_scalar(value, name, value_kind<T>())) return false;
    std::optional<ValueError> error = parse_value(value.text, out, wanted(name, field, false));
    if (error && error->code == "E0310") {
      error = parse_value(value.text, out, wanted(name, field, true));
    }
    if (!accept(std::move(error), value)) return false;
    note_origin(path, value);
    if constexpr (std::is_same_v<T, Name>) return check_name(out.text, field.refers, value);
    if constexpr (std::is_same_v<T, Amount> || std::is_same_v<T, Flow>)
      return check_unit(out.unit, value);
    if constexpr (std::is_same_v<T, Depth>) return check_unit(out.amount.unit, value);
    if constexpr (std::is_same_v<T, Pair>)
      return check_name(out.base, Refers::asset, value) &&
             check_name(out.quote, Refers::asset, value);
    return true;
  }

  template <class T>
  bool read_list(const Node& value, std::vector<T>& out, std::string_view name, const Field& field,
                 const std::string& path) {
    out.clear();
    if (!value.is_list()) {
      T item{};
      if (!read(value, item, name, field, path, subject_of(name))) return false;
      out.push_back(std::move(item));
      return true;
    }
    bool good = true;
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      const std::string number = std::to_string(i + 1);
      const std::string item_path = path + "." + number;
      place(item_path, value.items[i].span, value.items[i]);
      T item{};
      if (read(value.items[i], item, name, field, item_path, subject_of(name, number))) {
        out.push_back(std::move(item));
      } else {
        good = false;
      }
    }
    return good;
  }

  template <class T>
  bool read_map(const Node& value, std::map<std::string, T>& out, std::string_view name,
                const Field& field, const std::string& path) {
    out.clear();
    if constexpr (std::is_same_v<T, Ratio>) {
      if (value.is_scalar()) {
        note_origin(path, value);
        out[value.text] = Ratio{1};
        return check_name(value.text, field.refers, value);
      }
    }
    if (!want_kind(value, Node::Kind::map, name)) return false;
    bool good = true;
    for (const Entry& entry : value.entries) {
      if (entry.key.empty() || removed<T>(entry.value)) continue;
      const std::string item_path = path + "." + entry.key;
      place(item_path, entry.key_span, entry.value);
      Node key = scalar_node(entry.key, entry.key_span, entry.value.origin);
      if (!check_name(entry.key, field.refers, key)) good = false;
      T item{};
      if (read(entry.value, item, entry.key, field, item_path, subject_of(name, entry.key))) {
        out.insert_or_assign(entry.key, std::move(item));
      } else {
        good = false;
      }
    }
    return good;
  }
};

/// Reads a map (or a shorthand value) into `spec`; keys in `also_known` are left to the caller.
/// Gives whether no error was found; what could be read is in `spec` either way.
template <class Spec>
bool read_fields(const Node& node, Spec& spec, std::string path, Subject subject,
                 ReadContext& context, std::span<const std::string_view> also_known,
                 bool defaults_only) {
  const Node* source = &node;
  Node wrapped;
  if constexpr (HasShorthand<Spec>) {
    if (node.is_scalar() || node.is_list()) {
      wrapped.kind = Node::Kind::map;
      wrapped.span = node.span;
      wrapped.origin = node.origin;
      wrapped.entries.push_back({std::string(Spec::shorthand), node.span, node, {}});
      source = &wrapped;
    } else if (node.entry("") != nullptr) {
      wrapped = node;
      const bool given = node.entry(Spec::shorthand) != nullptr;
      std::erase_if(wrapped.entries, [&](const Entry& e) { return given && e.key.empty(); });
      for (Entry& entry : wrapped.entries)
        if (entry.key.empty()) entry.key = Spec::shorthand;
      source = &wrapped;
    }
  }
  FieldReader reader(*source, std::move(path), std::move(subject), context, defaults_only);
  spec.fields(reader);
  return reader.finish(also_known);
}

}  // namespace faultline
