// `schema`: the language for editors and readers, and the presets built into the binary.
#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/text_table.hpp"
#include "cli/verbs.hpp"
#include "data/language_schema.hpp"
#include "data/presets.hpp"

namespace faultline {

namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 10> families{"assets", "venues",  "oracles", "markets",
                                                    "vaults", "funds",   "agents",  "defences",
                                                    "chains", "entities"};

/// Every value of a preset with where it comes from.
void list_values(const Node& node, const std::string& path, const Reading& reading, json& out) {
  for (const Entry& e : node.entries) {
    list_values(e.value, path.empty() ? e.key : path + "." + e.key, reading, out);
  }
  if (node.is_map()) return;
  std::string text = node.text;
  for (const Node& item : node.items) text += (text.empty() ? "" : ", ") + item.text;
  const Origin& origin = reading.origins[node.origin];
  out.push_back(
      {{"path", path}, {"value", text}, {"source", origin.source}, {"as_of", origin.as_of}});
}

json head_json(const Preset& p) {
  return {{"preset", p.name},          {"family", p.family}, {"kind", p.kind},
          {"about", p.about},          {"as_of", p.as_of},   {"source", p.source},
          {"each_fills", p.each_fills}};
}

std::vector<Preset> read_all(Reading& reading) {
  std::vector<Preset> out;
  for (const PresetFile& file : all_presets()) {
    if (auto p = read_preset(file, reading)) out.push_back(std::move(*p));
  }
  return out;
}

int print_preset(const std::string& name, Format format) {
  const auto files = all_presets();
  const auto found =
      std::find_if(files.begin(), files.end(), [&](const PresetFile& f) { return f.name == name; });
  if (found == files.end()) {
    const std::vector<std::string_view> names = preset_names();
    const std::string near = nearest_name(name, names);
    fmt::print(stderr, "error: no preset '{}': {}\n", name,
               near.empty() ? fmt::format("there are {}", fmt::join(names, ", "))
                            : "did you mean '" + near + "'?");
    return 2;
  }
  if (format == Format::text) {
    fmt::print("{}{}", found->text, found->text.ends_with('\n') ? "" : "\n");
    return 0;
  }
  Sources sources;
  Diagnostics diagnostics;
  Reading reading(sources, diagnostics);
  const auto preset = read_preset(*found, reading);
  if (!preset) return report_findings(diagnostics, sources, format, true) ? 2 : 0;
  json out = head_json(*preset);
  out["schema"] = 1;
  out["yaml"] = found->text;
  out["values"] = json::array();
  list_values(preset->values, "", reading, out["values"]);
  fmt::print("{}\n", out.dump(2));
  return 0;
}

int print_presets(Format format) {
  Sources sources;
  Diagnostics diagnostics;
  Reading reading(sources, diagnostics);
  const std::vector<Preset> presets = read_all(reading);
  if (report_findings(diagnostics, sources, format, true)) return 2;
  if (format == Format::json) {
    json all = json::array();
    for (const Preset& p : presets) all.push_back(head_json(p));
    fmt::print("{}\n", json{{"schema", 1}, {"presets", all}}.dump(2));
    return 0;
  }
  bool first = true;
  for (const std::string_view family : families) {
    TextTable table({{std::string(family), true}, {"kind", true}, {"as of", true}, {"", true}});
    for (const Preset& p : presets)
      if (p.family == family) table.add({p.name, p.kind, p.as_of, p.about});
    if (table.empty()) continue;
    fmt::print("{}{}", first ? "" : "\n", table.text());
    first = false;
  }
  fmt::print("\n  schema --preset NAME prints one with the source and date of its values\n");
  return 0;
}

}  // namespace

int schema_verb(const SchemaOptions& options) {
  if (!options.preset.empty()) return print_preset(options.preset, options.format);
  if (options.presets) return print_presets(options.format);
  if (options.reference) {
    const std::string page = language_reference();
    if (options.format == Format::json) {
      fmt::print("{}\n", json{{"schema", 1}, {"markdown", page}}.dump(2));
    } else {
      fmt::print("{}", page);
    }
    return 0;
  }
  fmt::print("{}\n", language_schema().dump(2));
  return 0;
}

}  // namespace faultline
