#include "data/canonical_yaml.hpp"

#include <algorithm>
#include <vector>

namespace faultline {

namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out + "\"";
}

void write_sorted(const Node& node, int depth, std::string& out) {
  const std::string pad(static_cast<std::size_t>(2 * depth), ' ');
  switch (node.kind) {
    case Node::Kind::null:
      out += " ~\n";
      return;
    case Node::Kind::scalar:
      out += " " + (node.is_off() ? node.text : quoted(node.text)) + "\n";
      return;
    case Node::Kind::list:
      out += node.items.empty() ? " []\n" : "\n";
      for (const Node& item : node.items) {
        out += pad + "-";
        write_sorted(item, depth + 1, out);
      }
      return;
    case Node::Kind::map:
      break;
  }
  out += node.entries.empty() ? " {}\n" : "\n";
  std::vector<const Entry*> entries;
  for (const Entry& entry : node.entries) entries.push_back(&entry);
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry* a, const Entry* b) { return a->key < b->key; });
  for (const Entry* entry : entries) {
    out += pad + quoted(entry->key) + ":";
    write_sorted(entry->value, depth + 1, out);
  }
}

}  // namespace

std::string canonical_yaml(const Node& root) {
  std::string out;
  write_sorted(root, 0, out);
  if (!out.empty() && out.front() == '\n') out.erase(0, 1);
  return out;
}

}  // namespace faultline
