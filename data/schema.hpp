// A JSON Schema (draft-07) and a reference table from the same declarations the reader uses.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>

#include <nlohmann/json.hpp>

#include "core/fields.hpp"
#include "data/field_reader.hpp"
#include "data/units.hpp"

namespace faultline {

namespace schema_detail {
/// "between 0% and 10%", "at least $0", or empty; in the unit of the value's type.
std::string range_text(double lo, double hi, std::string (*show)(double));
nlohmann::json leaf_schema(ValueKind kind, const Field& field, const std::string& range);
nlohmann::json number_schema(const Field& field, bool whole);
nlohmann::json bool_schema();
std::string describe(const Field& field, const std::string& range);
/// One row of the reference table; `|` in a cell is escaped.
std::string table_row(std::string_view name, std::string_view type, std::string_view fallback,
                      std::string_view range, const Field& field);
extern const char* const table_head;

template <class T>
std::string range_of(const Field& field) {
  if constexpr (std::is_same_v<T, Ratio> || std::is_same_v<T, Move>) {
    return range_text(
        field.lo, field.hi, +[](double x) { return format_ratio(x); });
  } else if constexpr (std::is_same_v<T, Seconds>) {
    return range_text(
        field.lo, field.hi, +[](double x) { return format_duration(x); });
  } else if constexpr (std::is_same_v<T, PerYear>) {
    return range_text(
        field.lo, field.hi, +[](double x) { return format_value(PerYear{x}); });
  } else if constexpr (read_detail::Shape<T>::optional || read_detail::Shape<T>::list) {
    return range_of<typename T::value_type>(field);
  } else if constexpr (read_detail::Shape<T>::map) {
    return range_of<typename T::mapped_type>(field);
  } else {
    return range_text(
        field.lo, field.hi, +[](double x) { return format_number(x); });
  }
}

template <class T>
std::string type_name() {
  if constexpr (read_detail::Shape<T>::optional) {
    return type_name<typename T::value_type>();
  } else if constexpr (read_detail::Shape<T>::list) {
    return "list of " + type_name<typename T::value_type>();
  } else if constexpr (read_detail::Shape<T>::map) {
    return "by name: " + type_name<typename T::mapped_type>();
  } else if constexpr (HasFields<T>) {
    return "map";
  } else {
    return std::string(value_kind<T>().what);
  }
}

template <class T>
std::string default_text(const T& value) {
  if constexpr (HasFields<T> || read_detail::Shape<T>::optional || read_detail::Shape<T>::list ||
                read_detail::Shape<T>::map) {
    return {};
  } else {
    return format_value(value);
  }
}
}  // namespace schema_detail

/// The JSON Schema of a struct's map; `spec` has what stands where nothing is written.
template <class Spec>
nlohmann::json json_schema_of(Spec spec = {});

/// The schema of one field's values, of which `value` is what stands where nothing is written.
template <class T>
nlohmann::json value_schema(const Field& field, const T& value = {}) {
  using nlohmann::json;
  if constexpr (read_detail::Shape<T>::optional) {
    return value_schema<typename T::value_type>(field);
  } else if constexpr (read_detail::Shape<T>::list) {
    const json item = value_schema<typename T::value_type>(field);
    return json{{"anyOf", {json{{"type", "array"}, {"items", item}}, item}}};
  } else if constexpr (read_detail::Shape<T>::map) {
    const json map{{"type", "object"},
                   {"additionalProperties", value_schema<typename T::mapped_type>(field)}};
    if constexpr (std::is_same_v<typename T::mapped_type, Ratio>) {
      return json{{"anyOf", {map, json{{"type", "string"}}}}};
    }
    return map;
  } else if constexpr (HasFields<T>) {
    return json_schema_of<T>(value);
  } else if constexpr (std::is_same_v<T, double> || std::is_same_v<T, long>) {
    return schema_detail::number_schema(field, std::is_same_v<T, long>);
  } else if constexpr (std::is_same_v<T, bool>) {
    return schema_detail::bool_schema();
  } else {
    return schema_detail::leaf_schema(value_kind<T>(), field, schema_detail::range_of<T>(field));
  }
}

/// The visitor that collects the properties of one struct.
struct SchemaVisitor {
  nlohmann::json properties = nlohmann::json::object();
  nlohmann::json required = nlohmann::json::array();
  nlohmann::json shorthand;
  std::string_view shorthand_name;

  template <class T>
  void operator()(std::string_view name, T& value, const Field& field) {
    nlohmann::json schema = value_schema<T>(field, value);
    if (name == shorthand_name) shorthand = schema;
    schema["description"] = schema_detail::describe(field, schema_detail::range_of<T>(field));
    const std::string fallback = schema_detail::default_text(value);
    if (!fallback.empty() && !field.required) schema["default"] = fallback;
    properties[std::string(name)] = std::move(schema);
    if (field.required) required.push_back(std::string(name));
  }
};

template <class Spec>
nlohmann::json json_schema_of(Spec spec) {
  using nlohmann::json;
  SchemaVisitor visitor;
  if constexpr (HasShorthand<Spec>) visitor.shorthand_name = Spec::shorthand;
  spec.fields(visitor);
  json out{{"type", "object"},
           {"properties", std::move(visitor.properties)},
           {"additionalProperties", false}};
  if (!visitor.required.empty()) out["required"] = std::move(visitor.required);
  if (!visitor.shorthand.is_null()) return json{{"anyOf", {visitor.shorthand, out}}};
  return out;
}

/// The visitor that writes the reference table of one struct, and of the structs in it below.
struct MarkdownVisitor {
  std::string title;
  std::string rows;
  std::string below;

  template <class T>
  void operator()(std::string_view name, T& value, const Field& field) {
    rows += schema_detail::table_row(name, schema_detail::type_name<T>(),
                                     schema_detail::default_text(value),
                                     schema_detail::range_of<T>(field), field);
    nested(value, title + "." + std::string(name));
  }

 private:
  /// value: what stands where nothing is written.
  template <class T>
  void nested(T value, const std::string& path) {
    if constexpr (read_detail::Shape<T>::optional || read_detail::Shape<T>::list) {
      nested(typename T::value_type{}, path);
    } else if constexpr (read_detail::Shape<T>::map) {
      nested(typename T::mapped_type{}, path + ".NAME");
    } else if constexpr (HasFields<T>) {
      MarkdownVisitor inner{path, {}, {}};
      value.fields(inner);
      below += "\n### " + path + "\n\n" + schema_detail::table_head + inner.rows + inner.below;
    }
  }
};

/// The reference page's part for a struct: a heading and a table, nested structs below.
template <class Spec>
std::string markdown_of(std::string_view name) {
  MarkdownVisitor visitor{std::string(name), {}, {}};
  Spec spec{};
  spec.fields(visitor);
  return "## " + std::string(name) + "\n\n" + schema_detail::table_head + visitor.rows +
         visitor.below;
}

}  // namespace faultline
