#include "data/presets.hpp"

#include <algorithm>
#include <array>

#include "data/field_reader.hpp"

namespace faultline {

namespace {

/// The head of a preset file.
struct Head {
  std::string preset, family, kind, about, as_of, source, each_fills;
  template <class V>
  void fields(V& v) {
    v("preset", preset, Field{.help = "its name", .required = true});
    v("family", family,
      Field{
          .help = "the section its nodes stand in",
          .required = true,
          .choices = "assets venues oracles markets vaults funds agents defences chains entities"});
    v("kind", kind, Field{.help = "the mechanism it sets", .required = true});
    v("about", about, Field{.help = "one line", .required = true});
    v("as_of", as_of, Field{.help = "date of the values", .required = true});
    v("source", source, Field{.help = "where the values come from", .required = true});
    v("each_fills", each_fills, Field{.help = "field that takes the entry's name under 'each'"});
  }
};

std::string text_of(const Node* node) {
  return node == nullptr ? std::string{} : node->text;
}

/// Marks every value with where it comes from; `{is: V, source: S, as_of: D}` becomes V.
void mark_origin(Node& node, const Origin& origin, Reading& reading) {
  Origin own = origin;
  if (const Node* is = node.find("is")) {
    if (node.find("source") != nullptr) own.source = text_of(node.find("source"));
    if (node.find("as_of") != nullptr) own.as_of = text_of(node.find("as_of"));
    for (const Entry& entry : node.entries) {
      if (entry.key != "is" && entry.key != "source" && entry.key != "as_of") {
        reading.error("E0203", entry.key_span, "unknown key '" + entry.key + "' beside 'is'",
                      "known here: is, source, as_of");
      }
    }
    Node value = *is;
    node = std::move(value);
  }
  node.origin = reading.origin_index(own);
  for (Node& item : node.items) mark_origin(item, own, reading);
  for (Entry& entry : node.entries) mark_origin(entry.value, own, reading);
}

/// The value of a top-level `key: value` line, without reading the file as YAML.
std::string_view head_line(std::string_view text, std::string_view key) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    if (line.substr(0, key.size()) != key || line.substr(key.size(), 2) != ": ") continue;
    std::string_view value = line.substr(key.size() + 2);
    value = value.substr(0, value.find('#'));
    while (!value.empty() && value.back() == ' ') value.remove_suffix(1);
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    return value;
  }
  return {};
}

}  // namespace

std::string_view preset_family(std::string_view name) {
  for (const PresetFile& file : all_presets())
    if (file.name == name) return head_line(file.text, "family");
  return {};
}

std::vector<std::string_view> preset_names(std::string_view family) {
  std::vector<std::string_view> out;
  for (const PresetFile& file : all_presets())
    if (family.empty() || head_line(file.text, "family") == family) out.push_back(file.name);
  return out;
}

std::optional<Preset> read_preset(const PresetFile& file, Reading& reading) {
  const std::size_t before = reading.diagnostics.errors();
  Node tree = parse_yaml_text("preset " + std::string(file.name), std::string(file.text), reading);
  ReadContext scratch(reading);
  Head head;
  constexpr std::array<std::string_view, 1> aside{"values"};
  const bool good =
      read_fields(tree, head, "", Subject{"preset", std::string(file.name), {}}, scratch, aside);
  if (!good || reading.diagnostics.errors() != before) return std::nullopt;
  if (head.preset != file.name) {
    reading.error("E0210", tree.find("preset")->span,
                  "this file is called '" + std::string(file.name) + "'", "give both one name");
    return std::nullopt;
  }
  Preset out{head.preset, head.family, head.kind,       head.about,
             head.as_of,  head.source, head.each_fills, {}};
  if (Node* values = tree.find("values")) out.values = std::move(*values);
  if (!out.values.is_map()) {
    out.values = {};
    out.values.kind = Node::Kind::map;
  }
  mark_origin(out.values, Origin{out.name, out.source, out.as_of}, reading);
  return reading.diagnostics.errors() == before ? std::optional<Preset>(std::move(out))
                                                : std::nullopt;
}

std::optional<Preset> find_preset(std::string_view name, std::string_view family, Span at,
                                  Reading& reading) {
  const auto files = all_presets();
  const auto found = std::find_if(files.begin(), files.end(),
                                  [&](const PresetFile& file) { return file.name == name; });
  const std::string shown(name.substr(0, 48));
  if (found == files.end()) {
    const std::vector<std::string_view> names = preset_names(family);
    const std::string near = reading.full() ? std::string{} : suggest(name, names);
    std::string list;
    for (const std::string_view n : names) list += (list.empty() ? "" : ", ") + std::string(n);
    reading.error("E0207", at, "no preset '" + shown + "' for " + std::string(family),
                  !near.empty() ? "did you mean '" + near + "'?" : "there are: " + list);
    return std::nullopt;
  }
  const std::string_view own = head_line(found->text, "family");
  if (!family.empty() && own != family) {
    reading.error("E0209", at, "'" + shown + "' is a preset of " + std::string(own),
                  "move the node to '" + std::string(own) + "'");
    return std::nullopt;
  }
  return read_preset(*found, reading);
}

}  // namespace faultline
