#include "data/schema.hpp"

#include <cmath>

namespace faultline::schema_detail {

const char* const table_head =
    "| field | takes | default | range | meaning | source |\n|---|---|---|---|---|---|\n";

std::string range_text(double lo, double hi, std::string (*show)(double)) {
  const bool low = std::isfinite(lo), high = std::isfinite(hi);
  if (low && high) return show(lo) + " to " + show(hi);
  if (low) return "at least " + show(lo);
  if (high) return "at most " + show(hi);
  return {};
}

std::string describe(const Field& field, const std::string& range) {
  std::string out(field.help);
  if (!range.empty()) out += (out.empty() ? "" : "; ") + range;
  if (!field.source.empty()) out += " [" + std::string(field.source) + "]";
  return out;
}

nlohmann::json leaf_schema(ValueKind kind, const Field& field, const std::string&) {
  using nlohmann::json;
  json out{{"type", "string"}};
  if (!field.choices.empty()) {
    json words = json::array();
    std::string_view rest = field.choices;
    while (!rest.empty()) {
      const std::size_t space = std::min(rest.find(' '), rest.size());
      if (space > 0) words.push_back(std::string(rest.substr(0, space)));
      rest.remove_prefix(std::min(space + 1, rest.size()));
    }
    out["enum"] = std::move(words);
    return out;
  }
  if (kind.pattern.empty()) return out;
  out["pattern"] = std::string(kind.pattern);
  out["examples"] = json::array({std::string(kind.example)});
  return json{{"anyOf", {out, json{{"enum", {0, "off"}}}}}};
}

nlohmann::json number_schema(const Field& field, bool whole) {
  using nlohmann::json;
  json number{{"type", whole ? "integer" : "number"}};
  if (std::isfinite(field.lo)) number["minimum"] = field.lo;
  if (std::isfinite(field.hi)) number["maximum"] = field.hi;
  const json text{{"type", "string"}, {"pattern", std::string(value_kind<double>().pattern)}};
  return json{{"anyOf", {number, text}}};
}

nlohmann::json bool_schema() {
  return {{"enum", {true, false, "on", "off", "yes", "no"}}};
}

std::string table_row(std::string_view name, std::string_view type, std::string_view fallback,
                      std::string_view range, const Field& field) {
  const auto cell = [](std::string_view text) {
    std::string out;
    for (const char c : text) {
      if (c == '|') out += '\\';
      out += c == '\n' ? ' ' : c;
    }
    return out;
  };
  std::string takes(type);
  if (!field.choices.empty()) takes = "one of: " + std::string(field.choices);
  return "| `" + cell(name) + "` | " + cell(takes) + " | " +
         (field.required ? "required" : cell(fallback)) + " | " + cell(range) + " | " +
         cell(field.help) + " | " + cell(field.source) + " |\n";
}

}  // namespace faultline::schema_detail
