// What the tests of this folder share: a reading with its findings rendered as users see them.
#pragma once

#include <string>

#include "data/field_reader.hpp"
#include "data/overlay.hpp"

namespace faultline::test {

struct Desk {
  Sources sources;
  Diagnostics diagnostics;
  Reading reading{sources, diagnostics};
  ReadContext context{reading};

  std::string findings() const {
    std::string out;
    for (const Diagnostic& d : diagnostics.sorted()) out += render(d, sources);
    return out;
  }
  Node parse(std::string text) { return parse_yaml_text("t.yaml", std::move(text), reading); }
};

/// The tree as one line of text, for comparing: {a: 1, b: [x, y]}; null is ~.
inline std::string show(const Node& node) {
  if (node.is_null()) return "~";
  if (node.is_scalar()) return node.quoted ? "'" + node.text + "'" : node.text;
  std::string out;
  if (node.is_list()) {
    for (const Node& item : node.items) out += (out.empty() ? "" : ", ") + show(item);
    return "[" + out + "]";
  }
  for (const Entry& e : node.entries)
    out += (out.empty() ? "" : ", ") + e.key + ": " + show(e.value);
  return "{" + out + "}";
}

}  // namespace faultline::test
