#include "data/overlay.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "data/presets.hpp"

namespace faultline {

namespace {

constexpr std::array<std::string_view, 10> node_sections{"assets", "venues",  "oracles", "markets",
                                                         "vaults", "funds",   "agents",  "defences",
                                                         "chains", "entities"};

std::string in_quotes(std::string_view text) {
  constexpr std::size_t most = 60;
  return "'" + std::string(text.substr(0, most)) + (text.size() > most ? "...'" : "'");
}

bool holds(std::span<const std::string_view> words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::vector<std::string_view> split(std::string_view key) {
  std::vector<std::string_view> out;
  std::size_t begin = 0;
  while (true) {
    const std::size_t dot = std::min(key.find('.', begin), key.size());
    out.push_back(key.substr(begin, dot - begin));
    if (dot == key.size()) return out;
    begin = dot + 1;
  }
}

/// Makes a map of what is none; a value is kept under the key "" for the struct's shorthand.
void make_map(Node& node) {
  if (node.is_map()) return;
  Node map;
  map.kind = Node::Kind::map;
  map.span = node.span;
  if (node.is_scalar() && !node.is_off())
    map.entries.push_back({{}, node.span, std::move(node), {}});
  node = std::move(map);
}

/// Finds keys fast in a map that many keys are laid over.
class KeyIndex {
 public:
  KeyIndex(const Node& map, std::size_t lookups) {
    if (lookups < 16) return;
    use_ = true;
    for (std::size_t i = 0; i < map.entries.size(); ++i) at_.emplace(map.entries[i].key, i);
  }
  bool in_use() const { return use_; }
  Entry* find(Node& map, std::string_view key) const {
    if (!use_) {
      const Entry* found = map.entry(key);
      return found == nullptr ? nullptr
                              : &map.entries[static_cast<std::size_t>(found - map.entries.data())];
    }
    const auto found = at_.find(std::string(key));
    return found == at_.end() ? nullptr : &map.entries[found->second];
  }
  Entry& add(Node& map, Entry entry) {
    if (use_) at_.emplace(entry.key, map.entries.size());
    map.entries.push_back(std::move(entry));
    return map.entries.back();
  }

 private:
  bool use_ = false;
  std::unordered_map<std::string, std::size_t> at_;
};

using Path = std::span<const std::string_view>;

/// Lays one tree over another by paths.
class Merger {
 public:
  Merger(const Sections& sections, Reading& reading) : sections_(sections), reading_(reading) {}

  void lay(Node& base, const Node& overlay, std::size_t depth, bool in_nodes) {
    make_map(base);
    KeyIndex index(base, overlay.entries.size());
    for (const Entry& entry : overlay.entries) {
      if (!reading_.spend(1, entry.key_span)) return;
      const bool literal = !entry.member.empty() || (depth >= 1 && !in_nodes);
      const std::vector<std::string_view> path =
          literal ? std::vector<std::string_view>{entry.key} : split(entry.key);
      step(base, index, path, {entry, path.size() > 1, literal, true}, depth, in_nodes);
    }
  }

 private:
  /// The key a path came from.
  struct Source {
    const Entry& entry;
    bool dotted;   // written with dots
    bool literal;  // not to be read as a path
    bool whole;    // nothing of the path is used up yet
  };
  struct Match {
    std::size_t entry;
    std::size_t used;
  };

  void step(Node& base, KeyIndex& index, Path path, Source source, std::size_t depth,
            bool in_nodes) {
    if (depth + path.size() > reading_.limits.depth) {
      reading_.error("E0103", source.entry.key_span, "a path of too many steps", "shorten it");
      return;
    }
    const std::vector<Match> matches = find(base, index, path, source, depth, in_nodes);
    if (matches.empty()) {
      create(base, index, path, source, depth, in_nodes);
      return;
    }
    for (const Match& match : matches) {
      Entry& found = base.entries[match.entry];
      descend(found, path.subspan(match.used), source, depth, in_nodes);
    }
  }

  /// Goes on below an entry that the path named: to its end, or another step.
  void descend(Entry& at, Path rest, Source source, std::size_t depth, bool in_nodes) {
    const bool nodes = depth == 0 ? holds(sections_.of_nodes, at.key) : in_nodes;
    source.whole = false;
    if (rest.empty()) {
      put(at.value, source.entry.value, depth + 1, nodes);
      return;
    }
    make_map(at.value);
    KeyIndex plain(at.value, 0);
    step(at.value, plain, rest, source, depth + 1, nodes);
  }

  void put(Node& target, const Node& value, std::size_t depth, bool in_nodes) {
    if (value.is_map()) {
      lay(target, value, depth, in_nodes);
    } else if (reading_.spend(value.items.size() + 1, value.span)) {
      const bool removed = value.is_off() && !target.is_null();
      target = value;
      target.removed = removed;
    }
  }

  std::vector<Match> find(Node& base, const KeyIndex& index, Path path, const Source& source,
                          std::size_t depth, bool in_nodes) {
    std::vector<Match> out;
    const auto place_of = [&](const Entry* e) {
      return static_cast<std::size_t>(e - base.entries.data());
    };
    const bool any = !source.literal && std::any_of(path.begin(), path.end(), [](auto s) {
      return s.find('*') != std::string_view::npos;
    });
    const std::size_t looked_at = index.in_use() && !any ? 1 : base.entries.size() + 1;
    if (!spend_steps(looked_at, source)) return out;
    std::string joined;
    std::size_t joined_size = 0;
    for (const std::string_view part : path)
      joined += (joined_size++ ? "." : "") + std::string(part);
    for (std::size_t used = path.size(); used > 0; --used) {  // the longest name first
      if (const Entry* found = index.find(base, joined)) return {{place_of(found), used}};
      joined.resize(joined.size() - path[used - 1].size() - (used > 1 ? 1 : 0));
    }
    if (any) {
      for (std::size_t i = 0; i < base.entries.size(); ++i) {
        const std::size_t used = matches(base.entries[i].key, path);
        if (used > 0) out.push_back({i, used});
      }
    }
    if (!out.empty() || depth != 1 || !in_nodes || source.literal) return out;
    if (!spend_steps(base.entries.size(), source)) return out;
    for (std::size_t i = 0; i < base.entries.size(); ++i) {  // a family's name: all its members
      const Entry& e = base.entries[i];
      if (!e.member.empty() && e.key.size() == path[0].size() + 1 + e.member.size() &&
          e.key.compare(0, path[0].size(), path[0]) == 0)
        out.push_back({i, 1});
    }
    return out;
  }

  /// How many parts of the path a key takes: part by part, or all of it for one `*`; 0 if none.
  static std::size_t matches(std::string_view key, Path path) {
    if (key.empty()) return 0;
    const std::vector<std::string_view> parts = split(key);
    bool same = parts.size() <= path.size();
    for (std::size_t i = 0; same && i < parts.size(); ++i)
      same = path[i] == "*" || path[i] == parts[i];
    return same ? parts.size() : path[0] == "*" ? 1 : 0;
  }

  bool spend_steps(std::size_t count, const Source& source) {
    constexpr std::size_t most = 500'000'000;
    steps_ += count;
    if (steps_ <= most) return true;
    reading_.error("E0103", source.entry.key_span, "too many paths in too large a file",
                   "nest the keys instead of writing paths");
    return false;
  }

  void create(Node& base, KeyIndex& index, Path path, Source source, std::size_t depth,
              bool in_nodes) {
    const Entry& entry = source.entry;
    const bool star = !source.literal && path[0].find('*') != std::string_view::npos;
    const bool absent_node =
        source.dotted && (depth == 1 ? in_nodes : depth == 0 && holds(sections_.of_nodes, path[0]));
    if (star || absent_node) {
      std::vector<std::string_view> known;
      for (const Entry& e : base.entries) known.push_back(e.key);
      const std::string near =
          star || depth == 0 || reading_.full() ? std::string{} : suggest(path[0], known);
      reading_.error("E0206", entry.key_span,
                     "the path " + in_quotes(entry.key) + " matches nothing",
                     !near.empty() ? "did you mean '" + near + "' for " + in_quotes(path[0]) + "?"
                     : star        ? "'*' stands for one whole name that exists"
                                   : "nothing is called " + in_quotes(path[0]));
      return;
    }
    const bool verbatim = source.literal || (source.whole && depth >= 2);
    Entry made{verbatim ? entry.key : std::string(path[0]), entry.key_span, {}, entry.member};
    made.value.span = entry.value.span;
    if (depth == 0 || !entry.value.is_off() || !in_nodes || depth > 1) {
      descend(index.add(base, std::move(made)), verbatim ? Path{} : path.subspan(1), source, depth,
              in_nodes);
      return;
    }
    reading_.error("E0206", entry.key_span, "there is no " + in_quotes(entry.key) + " to turn off",
                   "remove this line");
  }

  const Sections& sections_;
  Reading& reading_;
  std::size_t steps_ = 0;
};

void drop_removed_nodes(Node& root, const Sections& sections) {
  for (Entry& section : root.entries) {
    if (!holds(sections.of_nodes, section.key)) continue;
    std::erase_if(section.value.entries, [](const Entry& e) { return e.value.is_off(); });
  }
}

/// Expands one family into `out`.
void expand_family(const Entry& family, std::vector<Entry>& out, Reading& reading) {
  Node shared = family.value;
  const Node each = *family.value.find("each");
  std::erase_if(shared.entries, [](const Entry& e) { return e.key == "each"; });
  std::vector<Entry> members = each.entries;
  for (const Node& item : each.items) {
    if (item.is_scalar()) members.push_back({item.text, item.span, {}, {}});
  }
  if (members.empty() || members.size() < each.items.size()) {
    reading.error("E0208", each.span, "'each' of " + in_quotes(family.key) + " takes names",
                  "write 'each: {NAME: {...}}'");
    return;
  }
  const std::size_t shared_nodes = shared.count();
  for (Entry& member : members) {
    if (!reading.spend(shared_nodes + 1, member.key_span)) return;
    Entry made{family.key + "." + member.key, member.key_span, {}, member.key};
    if (member.value.is_off()) {
      made.value = std::move(member.value);
    } else {
      const Span span = member.value.span.line != 0 ? member.value.span : member.key_span;
      make_map(member.value);
      made.value = merge_plain(shared, member.value, reading);
      made.value.span = span;
    }
    out.push_back(std::move(made));
  }
}

/// What the includes of one load share.
struct Loader {
  const Sections& sections;
  Reading& reading;
  std::filesystem::path root{};  // directory of the top file
  std::vector<std::pair<std::filesystem::path, std::string>>
      open{};  // being read, with shown names
  std::size_t files = 0;
};

Node load(Loader& loader, const std::filesystem::path& path, const std::string& shown,
          Span asked_at);

/// Checks one included path; none if it was refused.
std::optional<std::filesystem::path> included_path(const Loader& loader, const Node& item) {
  Reading& reading = loader.reading;
  if (!item.is_scalar() || item.text.empty()) {
    reading.error("E0201", item.span, "'include' takes a list of files",
                  "write 'include: [base.yaml]'");
    return std::nullopt;
  }
  const std::filesystem::path asked(item.text);
  std::error_code status;
  const std::filesystem::path path =
      std::filesystem::weakly_canonical(loader.open.back().first.parent_path() / asked, status);
  const auto [root_end, unused] =
      std::mismatch(loader.root.begin(), loader.root.end(), path.begin(), path.end());
  if (asked.is_absolute() || status || root_end != loader.root.end()) {
    reading.error("E0112", item.span, "an include may not leave the directory of the first file",
                  "copy the file beside it, and name it from there");
    return std::nullopt;
  }
  for (std::size_t i = 0; i < loader.open.size(); ++i) {
    if (loader.open[i].first != path) continue;
    std::string chain;
    for (std::size_t k = i; k < loader.open.size(); ++k) chain += loader.open[k].second + " -> ";
    reading.error("E0111", item.span, "files include each other: " + chain + loader.open[i].second,
                  "break the circle");
    return std::nullopt;
  }
  return path;
}

/// Lays the files a tree includes beneath it; the key `include` is consumed.
Node with_includes(Loader& loader, Node&& tree) {
  constexpr std::size_t most_files = 64;
  const Node* include = tree.find("include");
  if (include == nullptr) return std::move(tree);
  const std::vector<Node> wanted =
      include->is_list() ? include->items : std::vector<Node>{*include};
  Node base;
  base.kind = Node::Kind::map;
  base.span = tree.span;
  for (const Node& item : wanted) {
    const std::optional<std::filesystem::path> path = included_path(loader, item);
    if (!path) continue;
    if (++loader.files > most_files) {
      loader.reading.error("E0103", item.span, "more than 64 files are included", "join some");
      break;
    }
    const std::filesystem::path from(loader.open.back().second);
    const std::string shown = (from.parent_path() / item.text).lexically_normal().string();
    const Node below = load(loader, *path, shown, item.span);
    merge_overlay(base, below, loader.sections, loader.reading);
  }
  std::erase_if(tree.entries, [](const Entry& e) { return e.key == "include"; });
  merge_overlay(base, tree, loader.sections, loader.reading);
  return base;
}

Node load(Loader& loader, const std::filesystem::path& path, const std::string& shown,
          Span asked_at) {
  Node tree = parse_yaml_file(path.string(), shown, asked_at, loader.reading);
  if (tree.is_null() || !tree.is_map()) {
    if (tree.span.line != 0)
      loader.reading.error("E0100", tree.span, "this file describes nothing",
                           "begin it with 'faultline: 1'");
    return {};
  }
  loader.open.emplace_back(path, shown);
  tree = with_includes(loader, std::move(tree));
  loader.open.pop_back();
  expand_each(tree, loader.sections, loader.reading);
  return tree;
}

void shift(Node& node, std::uint32_t file, std::uint32_t columns) {
  node.span.file = file;
  node.span.column += columns;
  for (Node& item : node.items) shift(item, file, columns);
  for (Entry& e : node.entries) {
    e.key_span.file = file;
    e.key_span.column += columns;
    shift(e.value, file, columns);
  }
}

/// Lays the defaults per asset beneath each entry of a map by asset.
void fill_reserves(Node& node, std::string_view map, const Node& defaults, Reading& reading) {
  Node* reserves = node.find(map);
  if (reserves == nullptr || !reserves->is_map()) return;
  for (Entry& reserve : reserves->entries) {
    const Node* own = defaults.find(reserve.key);
    const Node* any = defaults.find("*");
    if (reserve.value.is_off() || (own == nullptr && any == nullptr)) continue;
    Node lower = any == nullptr ? *own : own == nullptr ? *any : merge_plain(*any, *own, reading);
    if (!lower.is_map()) continue;
    if (!reading.spend(lower.count(), reserve.key_span)) return;
    const Span span = reserve.value.span;
    make_map(reserve.value);
    reserve.value = merge_plain(lower, reserve.value, reading);
    reserve.value.span = span;
  }
}

/// Lays one node over its preset.
void lay_over(Entry& entry, const Preset& preset, Reading& reading) {
  Node& node = entry.value;
  if (!reading.spend(preset.values.count(), entry.key_span)) return;
  const Span span = node.span;
  Node merged = merge_plain(preset.values, node, reading);
  merged.span = span;
  constexpr std::pair<std::string_view, std::string_view> beneath[] = {
      {"reserve_defaults", "reserves"},
      {"collateral_defaults", "collateral"},
      {"vault_defaults", "vaults"}};
  for (const auto& [key, map] : beneath) {
    const Node* found = merged.find(key);
    if (found == nullptr) continue;
    const Node defaults = *found;
    std::erase_if(merged.entries, [&](const Entry& e) { return e.key == key; });
    if (defaults.is_map()) fill_reserves(merged, map, defaults, reading);
  }
  const auto add = [&](std::string_view key, const std::string& text, Span at) {
    if (key.empty() || text.empty() || merged.find(key) != nullptr) return;
    merged.entries.push_back({std::string(key), at, scalar_node(text, at), {}});
  };
  add(preset.each_fills, entry.member, entry.key_span);
  add("kind", preset.kind, merged.find("preset")->span);
  node = std::move(merged);
}

}  // namespace

Sections default_sections() {
  return {node_sections};
}

Node merge_plain(const Node& lower, const Node& upper, Reading& reading) {
  if (!upper.is_map() || lower.is_null() || lower.is_list() || lower.is_off()) return upper;
  Node out = lower;
  make_map(out);
  out.span = upper.span;
  KeyIndex index(out, upper.entries.size());
  for (const Entry& entry : upper.entries) {
    if (!reading.spend(1, entry.key_span)) return out;
    if (Entry* found = index.find(out, entry.key)) {
      found->value = merge_plain(found->value, entry.value, reading);
      found->key_span = entry.key_span;
    } else {
      index.add(out, entry);
    }
  }
  return out;
}

void merge_overlay(Node& base, const Node& overlay, const Sections& sections, Reading& reading) {
  if (overlay.is_null()) return;
  if (!overlay.is_map()) {
    reading.error("E0201", overlay.span, "an overlay is a map of what differs",
                  "write 'markets.pool.supply_cap: 450k ETH'");
    return;
  }
  Node expanded = overlay;
  expand_each(expanded, sections, reading);
  Merger(sections, reading).lay(base, expanded, 0, false);
  drop_removed_nodes(base, sections);
}

void expand_each(Node& root, const Sections& sections, Reading& reading) {
  for (Entry& section : root.entries) {
    if (!holds(sections.of_nodes, section.key) || !section.value.is_map()) continue;
    const bool any = std::any_of(section.value.entries.begin(), section.value.entries.end(),
                                 [](const Entry& e) { return e.value.find("each") != nullptr; });
    if (!any) continue;
    std::vector<Entry> out;
    for (Entry& entry : section.value.entries) {
      if (entry.value.find("each") != nullptr) {
        expand_family(entry, out, reading);
      } else {
        out.push_back(std::move(entry));
      }
    }
    std::unordered_set<std::string> seen;
    std::erase_if(out, [&](const Entry& e) {
      if (seen.insert(e.key).second) return false;
      reading.error("E0102", e.key_span, in_quotes(e.key) + " is given twice", "keep one of them");
      return true;
    });
    section.value.entries = std::move(out);
  }
}

Node load_tree(const std::string& path, const std::string& shown, const Sections& sections,
               Reading& reading) {
  std::error_code status;
  const std::filesystem::path top = std::filesystem::weakly_canonical(path, status);
  Loader loader{sections, reading};
  loader.root = top.parent_path();
  return load(loader, status ? std::filesystem::path(path) : top, shown, {});
}

Node load_tree_text(const std::string& shown, std::string text, const Sections& sections,
                    Reading& reading) {
  Node tree = parse_yaml_text(shown, std::move(text), reading);
  if (const Entry* include = tree.entry("include")) {
    reading.error("E0112", include->key_span, "only a file can include others", "remove this line");
  }
  expand_each(tree, sections, reading);
  return tree;
}

Node set_option(std::string_view path_equals_value, Reading& reading) {
  const std::uint32_t file = reading.sources.add("--set", std::string(path_equals_value));
  const std::size_t equals = path_equals_value.find('=');
  const Span whole{file, 1, 1,
                   static_cast<std::uint32_t>(std::max<std::size_t>(path_equals_value.size(), 1))};
  if (equals == 0 || equals == std::string_view::npos || equals + 1 == path_equals_value.size() ||
      path_equals_value.find('\n') != std::string_view::npos) {
    reading.error("E0113", whole, "'--set' takes a path and a value",
                  "write --set markets.pool.fee=5%");
    return {};
  }
  Sources inner_sources;
  Diagnostics inner_findings;
  Reading inner(inner_sources, inner_findings, reading.limits);
  Node value = parse_yaml_text("--set", std::string(path_equals_value.substr(equals + 1)), inner);
  const std::uint32_t columns = static_cast<std::uint32_t>(equals + 1);
  for (const Diagnostic& d : inner_findings.all()) {
    Span at = d.at;
    at.file = file;
    at.column += columns;
    reading.error(d.code, at, d.message, d.remedy);
  }
  shift(value, file, columns);
  Node overlay;
  overlay.kind = Node::Kind::map;
  overlay.span = whole;
  Span key = whole;
  key.length = static_cast<std::uint32_t>(equals);
  if (!inner_findings.failed() && reading.spend(value.count(), whole))
    overlay.entries.push_back(
        {std::string(path_equals_value.substr(0, equals)), key, std::move(value), {}});
  return overlay;
}

void resolve_presets(Node& root, const Sections& sections, Reading& reading) {
  drop_removed_nodes(root, sections);
  std::map<std::string, std::optional<Preset>> known;  // by family and name
  for (Entry& section : root.entries) {
    if (!holds(sections.of_nodes, section.key) || !section.value.is_map()) continue;
    for (Entry& entry : section.value.entries) {
      const Node* name = entry.value.find("preset");
      if (name == nullptr || name->is_off()) continue;
      if (!name->is_scalar()) {
        reading.error("E0201", name->span, "'preset' takes one name", "write 'preset: aave_v3'");
        continue;
      }
      auto [found, fresh] = known.try_emplace(section.key + "." + name->text);
      if (fresh || !found->second)
        found->second = find_preset(name->text, section.key, name->span, reading);
      if (found->second) lay_over(entry, *found->second, reading);
    }
  }
}

}  // namespace faultline
