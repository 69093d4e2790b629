#include "data/located_yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unordered_map>
#include <unordered_set>

namespace faultline {

bool Reading::first_time(std::string_view code, Span at) {
  if (full()) return false;
  if (!said_.emplace(at.file, at.line, at.column, std::string(code)).second) return false;
  if (full()) {
    diagnostics.error("E0199", at, "more than " + std::to_string(limits.findings) + " findings",
                      "the rest are not shown: mend these first");
    return false;
  }
  return true;
}

void Reading::error(std::string_view code, Span at, std::string message, std::string remedy) {
  if (first_time(code, at))
    diagnostics.error(std::string(code), at, std::move(message), std::move(remedy));
}

void Reading::warning(std::string_view code, Span at, std::string message, std::string remedy) {
  if (first_time(code, at))
    diagnostics.warning(std::string(code), at, std::move(message), std::move(remedy));
}

bool Reading::spend(std::size_t count, Span at) {
  const bool before = spent_ > limits.nodes;
  spent_ = count > limits.nodes ? limits.nodes + 1 : spent_ + count;
  if (spent_ <= limits.nodes) return true;
  if (!before) {
    error("E0103", at, "more than " + std::to_string(limits.nodes) + " values in all",
          "keep positions in a CSV file, and repeat less by '*' or 'each'");
  }
  spent_ = limits.nodes + 1;
  return false;
}

std::uint32_t Reading::origin_index(const Origin& origin) {
  for (std::size_t i = origins.size(); i-- > 0;) {
    const Origin& o = origins[i];
    if (o.preset == origin.preset && o.source == origin.source && o.as_of == origin.as_of)
      return static_cast<std::uint32_t>(i);
  }
  origins.push_back(origin);
  return static_cast<std::uint32_t>(origins.size() - 1);
}

const Entry* Node::entry(std::string_view key) const {
  for (const Entry& e : entries)
    if (e.key == key) return &e;
  return nullptr;
}

const Node* Node::find(std::string_view key) const {
  const Entry* e = entry(key);
  return e == nullptr ? nullptr : &e->value;
}

Node* Node::find(std::string_view key) {
  for (Entry& e : entries)
    if (e.key == key) return &e.value;
  return nullptr;
}

std::size_t Node::count() const {
  std::size_t n = 1;
  for (const Node& item : items) n += item.count();
  for (const Entry& e : entries) n += e.value.count();
  return n;
}

Node scalar_node(std::string text, Span span, std::uint32_t origin) {
  Node node;
  node.kind = Node::Kind::scalar;
  node.text = std::move(text);
  node.span = span;
  node.origin = origin;
  return node;
}

std::string suggest(std::string_view word, const std::vector<std::string_view>& candidates) {
  constexpr std::size_t most = 2000;  // measuring more of them is not worth the time
  std::vector<std::string_view> near;
  const std::size_t reach = word.size() / 3 + 1;
  for (const std::string_view name : candidates) {
    const std::size_t apart =
        name.size() > word.size() ? name.size() - word.size() : word.size() - name.size();
    if (apart <= reach && !name.empty() && near.size() < most) near.push_back(name);
  }
  return nearest_name(word, near);
}

namespace {

/// Thrown through yaml-cpp when nothing further can be read; the finding has been made.
struct Stop {};

std::string shown(std::string_view text) {
  constexpr std::size_t most = 48;
  std::string out(text.substr(0, most));
  if (text.size() > most) out += "...";
  std::replace(out.begin(), out.end(), '\n', ' ');
  return "'" + out + "'";
}

/// yaml-cpp's messages in plain words, with what to do.
struct Plain {
  std::string_view theirs, message, remedy;
};
constexpr std::array<Plain, 12> plain_words{{
    {"end of map flow not found", "a '{' is not closed, or a ',' is missing",
     "close it with '}', or put ',' between its entries"},
    {"end of sequence flow not found", "a '[' is not closed, or a ',' is missing",
     "close it with ']', or put ',' between its items"},
    {"end of map not found", "this line does not fit the map it stands in",
     "write 'key: value', indented like the lines beside it"},
    {"end of sequence not found", "this line does not fit the list it stands in",
     "begin it with '- ', indented like the items beside it"},
    {"illegal map value", "a second ': ' in one line",
     "put the value in quotes, or the inner map in {braces}"},
    {"illegal map key", "a key cannot stand here", "write 'key: value' on a line of its own"},
    {"illegal block entry", "a list item cannot stand here", "begin the list on a line of its own"},
    {"illegal flow end", "a closing bracket without an opening one", "remove it"},
    {"unknown token", "a character that cannot begin a value", "put the value in quotes"},
    {"alias not found after *", "'*' alone refers to nothing in YAML",
     "put it in quotes: '*' in a path means any name"},
    {"the referenced anchor is not defined", "this refers to an anchor that does not exist",
     "put it in quotes if '*' is to mean any name"},
    {"illegal EOF in scalar", "a quote is not closed", "close it"},
}};

class Builder : public YAML::EventHandler {
 public:
  Builder(std::uint32_t file, Reading& reading) : file_(file), reading_(reading) {}

  Node root;

  Span span_at(const YAML::Mark& mark, std::size_t length = 1) const {
    Span span;
    span.file = file_;
    span.line = static_cast<std::uint32_t>(std::max(mark.line, 0) + 1);
    span.column = static_cast<std::uint32_t>(std::max(mark.column, 0) + 1);
    span.length = static_cast<std::uint32_t>(std::max<std::size_t>(length, 1));
    return span;
  }

  /// The line of the innermost open bracket, 0 if none is open.
  std::uint32_t open_line() const {
    return stack_.empty() || !stack_.back().flow ? 0 : stack_.back().node.span.line;
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 1) return;
    if (rest_of_line(mark).substr(0, 3) == "---") {
      reading_.error("E0105", span_at(mark), "a second document begins here",
                     "keep one document to a file: remove the '---'");
    } else {
      reading_.error("E0101", span_at(mark),
                     "not readable as YAML: this line does not belong to what stands above it",
                     "write every line as 'key: value', indented alike");
    }
    throw Stop{};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    const std::string_view rest = rest_of_line(mark);
    for (const std::string_view word : {"~", "null", "Null", "NULL"}) {
      if (rest.substr(0, word.size()) == word) node.span = span_at(mark, word.size());
    }
    add(std::move(node), mark, anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      reading_.error("E0108", span_at(mark), "this value would contain itself", "write it out");
      throw Stop{};
    }
    if (!reading_.spend(found->second.nodes, span_at(mark))) throw Stop{};
    deepen(found->second.height, mark);
    if (!stack_.empty())
      stack_.back().height = std::max(stack_.back().height, found->second.height);
    place(found->second.node, span_at(mark));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_tag(mark, tag);
    Node node;
    node.kind = Node::Kind::scalar;
    node.quoted = tag == "!";
    node.text = value;
    node.span = span_at(mark, length_of(mark, node));
    if (node.quoted) check_closed(mark);
    add(std::move(node), mark, anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    open(Node::Kind::list, mark, tag, anchor, style == YAML::EmitterStyle::Flow);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    open(Node::Kind::map, mark, tag, anchor, style == YAML::EmitterStyle::Flow);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    Node node;
    YAML::anchor_t anchor = 0;
    bool flow = false;
    bool have_key = false;
    std::size_t height = 0;  // of the deepest child
    std::string key;
    Span key_span;
    std::unordered_map<std::string, Span> keys;
  };
  struct Anchored {
    Node node;
    std::size_t nodes = 0;
    std::size_t height = 0;
  };

  /// What stands from a mark to the end of its line. The line is kept: there may be one, of 64 MB.
  std::string_view rest_of_line(const YAML::Mark& mark) const {
    const std::uint32_t number = static_cast<std::uint32_t>(std::max(mark.line, 0) + 1);
    if (number != line_number_) {
      line_number_ = number;
      line_ = reading_.sources.line(file_, number);
    }
    const std::size_t column = static_cast<std::size_t>(std::max(mark.column, 0));
    return line_.substr(std::min(column, line_.size()));
  }

  /// The length a scalar takes in its first line.
  std::size_t length_of(const YAML::Mark& mark, const Node& node) const {
    const std::string_view rest = rest_of_line(mark);
    if (!node.quoted) return std::min(std::max<std::size_t>(node.text.size(), 1), rest.size());
    if (rest.empty() || (rest[0] != '"' && rest[0] != '\'')) return 1;  // a block scalar
    for (std::size_t i = 1; i < rest.size(); ++i) {
      if (rest[i] == '\\' && rest[0] == '"') {
        ++i;
      } else if (rest[i] == rest[0]) {
        if (rest[0] == '"' || rest.substr(i + 1, 1) != "'") return i + 1;
        ++i;
      }
    }
    return rest.size();
  }

  /// A bracket where a key should stand: yaml-cpp sees one too where a bracket is never closed.
  void report_bracket_key(const YAML::Mark& mark) {
    const std::string_view rest = rest_of_line(mark);
    const std::string_view text = reading_.sources.text(file_);
    std::size_t depth = 0;
    for (std::size_t i = static_cast<std::size_t>(rest.data() - text.data()); i < text.size();
         ++i) {
      if (text[i] == '[' || text[i] == '{') ++depth;
      if ((text[i] == ']' || text[i] == '}') && (depth == 0 || --depth == 0)) break;
    }
    if (depth == 0) {
      reading_.error("E0109", span_at(mark), "a key must be a word", "write 'key: value'");
    } else {
      const bool brace = rest.substr(0, 1) == "{";
      reading_.error(
          "E0101", span_at(mark),
          std::string("not readable as YAML: a '") + (brace ? "{" : "[") + "' is not closed",
          std::string("close it with '") + (brace ? "}'" : "]'"));
    }
  }

  /// yaml-cpp takes the end of the file for a closing quote.
  void check_closed(const YAML::Mark& mark) {
    const std::string_view rest = rest_of_line(mark);
    if (rest.empty() || (rest[0] != '"' && rest[0] != '\'')) return;
    const std::string_view text = reading_.sources.text(file_);
    const std::size_t begin = static_cast<std::size_t>(rest.data() - text.data());
    for (std::size_t i = begin + 1; i < text.size(); ++i) {
      if (text[i] == '\\' && rest[0] == '"') {
        ++i;
      } else if (text[i] == rest[0]) {
        if (rest[0] == '"' || text.substr(i + 1, 1) != "'") return;
        ++i;  // a doubled quote inside single ones
      }
    }
    reading_.error("E0101", span_at(mark), "not readable as YAML: a quote is not closed",
                   "close it");
    throw Stop{};
  }

  void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    reading_.error("E0107", span_at(mark), "tags are not part of this language",
                   "remove " + shown(tag));
  }

  void deepen(std::size_t more, const YAML::Mark& mark) {
    if (stack_.size() + more <= reading_.limits.depth) return;
    reading_.error("E0103", span_at(mark),
                   "nested deeper than " + std::to_string(reading_.limits.depth) + " levels",
                   "close some brackets");
    throw Stop{};
  }

  void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            bool flow) {
    check_tag(mark, tag);
    deepen(1, mark);
    if (!stack_.empty() && stack_.back().node.is_map() && !stack_.back().have_key) {
      report_bracket_key(mark);
      throw Stop{};
    }
    if (!reading_.spend(1, span_at(mark))) throw Stop{};
    Frame frame;
    frame.node.kind = kind;
    frame.node.span = span_at(mark);
    frame.anchor = anchor;
    frame.flow = flow;
    stack_.push_back(std::move(frame));
  }

  void close() {
    Frame done = std::move(stack_.back());
    stack_.pop_back();
    const std::size_t height = done.height + 1;
    if (!stack_.empty()) stack_.back().height = std::max(stack_.back().height, height);
    remember(done.node, done.anchor, height);
    const Span span = done.node.span;
    place(std::move(done.node), span);
  }

  void remember(const Node& node, YAML::anchor_t anchor, std::size_t height) {
    if (anchor == 0) return;
    const std::size_t nodes = node.count();
    if (!reading_.spend(nodes, node.span)) throw Stop{};
    anchors_.insert_or_assign(anchor, Anchored{node, nodes, height});
  }

  void add(Node&& node, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (!reading_.spend(1, span_at(mark))) throw Stop{};
    remember(node, anchor, 0);
    place(std::move(node), span_at(mark));
  }

  /// Puts a finished node where it belongs: the root, a list's next item, a map's key or value.
  void place(Node&& node, Span at) {
    if (stack_.empty()) {
      root = std::move(node);
      return;
    }
    Frame& top = stack_.back();
    if (top.node.is_list()) {
      if (node.is_null() && node.span.line == 0) node.span = at;
      top.node.items.push_back(std::move(node));
    } else if (!top.have_key) {
      take_key(top, node, at);
    } else {
      take_value(top, std::move(node));
    }
  }
  void place(const Node& node, Span at) {
    Node copy = node;
    place(std::move(copy), at);
  }

  void take_key(Frame& top, const Node& node, Span at) {
    if (!node.is_scalar()) {
      reading_.error("E0109", at, "a key must be a word", "write 'key: value'");
      throw Stop{};
    }
    top.key = node.text;
    top.key_span = node.span;
    top.have_key = true;
    if (!node.quoted && node.text == "<<") {
      reading_.error("E0108", at, "merge keys are not part of this language",
                     "use 'each', a preset or 'include'");
    } else if (node.text.empty()) {
      reading_.error("E0109", at, "a key must be a word", "write 'key: value'");
    }
  }

  void take_value(Frame& top, Node&& node) {
    top.have_key = false;
    if (node.is_null() && node.span.line == 0) node.span = top.key_span;
    if (top.flow && split_number(top, node)) return;
    const auto [first, fresh] = top.keys.emplace(top.key, top.key_span);
    if (!fresh) {
      reading_.error(
          "E0102", top.key_span, shown(top.key) + " is given twice",
          "it stands already in line " + std::to_string(first->second.line) + ": keep one of them");
      return;
    }
    top.node.entries.push_back({std::move(top.key), top.key_span, std::move(node), {}});
  }

  /// `{price: $2,310}` parses as price: $2 and a key 310 without a value: say what was meant.
  bool split_number(Frame& top, const Node& node) {
    if (!node.is_null() || top.node.entries.empty() || top.key.size() != 3) return false;
    if (node.span.column != top.key_span.column || node.span.line != top.key_span.line)
      return false;
    if (!std::all_of(top.key.begin(), top.key.end(), [](char c) { return c >= '0' && c <= '9'; }))
      return false;
    Node& before = top.node.entries.back().value;
    if (!before.is_scalar() || before.quoted || before.text.empty()) return false;
    if (before.text.back() < '0' || before.text.back() > '9') return false;
    if (before.span.line != top.key_span.line ||
        before.span.column + before.span.length + 1 != top.key_span.column)
      return false;
    Span whole = before.span;
    whole.length += 4;
    reading_.error("E0312", whole, "no commas in numbers", "write '" + before.text + top.key + "'");
    before.text += top.key;  // read on with what was meant
    return true;
  }

  std::uint32_t file_;
  Reading& reading_;
  int documents_ = 0;
  mutable std::uint32_t line_number_ = 0;  // the line last asked for
  mutable std::string_view line_;
  std::vector<Frame> stack_;
  std::unordered_map<YAML::anchor_t, Anchored> anchors_;
};

bool valid_utf8(std::string_view text, std::size_t& bad) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t k) {
      return k < text.size() ? static_cast<unsigned char>(text[k]) : 0U;
    };
    const unsigned c = byte(i);
    const std::size_t more = c < 0x80                ? 0
                             : c >= 0xc2 && c < 0xe0 ? 1
                             : c >= 0xe0 && c < 0xf0 ? 2
                             : c >= 0xf0 && c < 0xf5 ? 3
                                                     : 4;
    bad = i;
    if (more == 4 || c == 0x7f || (c < 0x20 && c != '\n' && c != '\r' && c != '\t')) return false;
    for (std::size_t k = 1; k <= more; ++k)
      if ((byte(i + k) & 0xc0) != 0x80) return false;
    if ((c == 0xe0 && byte(i + 1) < 0xa0) || (c == 0xf0 && byte(i + 1) < 0x90)) return false;
    i += more + 1;
  }
  return true;
}

/// The span of a byte of a file.
Span span_of(std::uint32_t file, std::string_view text, std::size_t at) {
  Span span{file, 1, 1, 1};
  std::size_t begin = 0;
  for (std::size_t i = 0; i < at && i < text.size(); ++i) {
    if (text[i] != '\n') continue;
    ++span.line;
    begin = i + 1;
  }
  span.column = static_cast<std::uint32_t>(at - begin + 1);
  return span;
}

/// What yaml-cpp would pass over or stumble upon: size, encoding, tabs. False: do not go on.
bool fit_to_parse(std::uint32_t file, std::string_view text, Reading& reading) {
  if (text.size() > reading.limits.bytes) {
    reading.error("E0103", Span{file, 1, 1, 1},
                  "larger than " + std::to_string(reading.limits.bytes >> 20) + " MB",
                  "keep positions in a CSV file");
    return false;
  }
  std::size_t bad = 0;
  if (!valid_utf8(text, bad)) {
    reading.error("E0104", span_of(file, text, bad), "a byte that is not text",
                  "save the file as plain UTF-8");
    return false;
  }
  bool good = true, indent = true;
  std::size_t tab = std::string_view::npos;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      indent = true;
      tab = std::string_view::npos;
    } else if (indent && text[i] == '\t' && tab == std::string_view::npos) {
      tab = i;
    } else if (indent && text[i] != ' ' && text[i] != '\t' && text[i] != '\r') {
      indent = false;
      if (tab == std::string_view::npos || text[i] == '#') continue;
      if (good)
        reading.error("E0106", span_of(file, text, tab), "a tab in the indentation", "use spaces");
      good = false;
    }
  }
  return good;
}

void report_syntax(std::uint32_t file, const YAML::Mark& mark, const std::string& theirs,
                   const Builder& builder, Reading& reading) {
  std::string message = theirs, remedy;
  for (const Plain& p : plain_words) {
    if (theirs.substr(0, p.theirs.size()) != p.theirs) continue;
    message = p.message;
    remedy = p.remedy;
  }
  if (const std::uint32_t line = builder.open_line();
      line != 0 && theirs.find("flow not found") != std::string::npos) {
    remedy += "; it opens in line " + std::to_string(line);
  }
  Span at = builder.span_at(mark);
  const std::string_view before =
      reading.sources.line(file, at.line).substr(0, at.column > 0 ? at.column - 1 : 0);
  if (theirs.substr(0, 17) == "illegal map value" && before.find(": ") == std::string_view::npos) {
    message = "this key is indented as if the value above went on";
    remedy = "align it with the keys beside it";
  }
  if (mark.is_null()) at = Span{file, 1, 1, 1};
  reading.error("E0101", at, "not readable as YAML: " + message, remedy);
}

}  // namespace

Node parse_yaml(std::uint32_t file, Reading& reading) {
  const std::string& text = reading.sources.text(file);
  if (!fit_to_parse(file, text, reading)) return {};
  Builder builder(file, reading);
  try {
    std::istringstream in(text);
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop&) {
    return {};
  } catch (const YAML::Exception& e) {
    report_syntax(file, e.mark, e.msg, builder, reading);
    return {};
  } catch (const std::exception& e) {
    reading.error("E0101", Span{file, 1, 1, 1}, std::string("not readable as YAML: ") + e.what());
    return {};
  }
  if (builder.root.span.line == 0) builder.root.span = Span{file, 1, 1, 1};
  return std::move(builder.root);
}

Node parse_yaml_text(std::string name, std::string text, Reading& reading) {
  if (text.substr(0, 3) == "\xef\xbb\xbf") text.erase(0, 3);  // a byte order mark
  return parse_yaml(reading.sources.add(std::move(name), std::move(text)), reading);
}

Node parse_yaml_file(const std::string& path, const std::string& shown_name, Span asked_at,
                     Reading& reading) {
  std::error_code status;
  const bool file = std::filesystem::is_regular_file(path, status);
  std::ifstream in;
  if (file) in.open(path, std::ios::binary);
  if (!in.is_open()) {
    const char* why = std::filesystem::exists(path, status)
                          ? (file ? "is not open to you" : "is not a file")
                          : "does not exist";
    reading.error("E0110", asked_at, "'" + shown_name + "' " + why, "check the path");
    return {};
  }
  std::string text;
  std::array<char, 65536> chunk{};
  while (text.size() <= reading.limits.bytes && in) {
    in.read(chunk.data(), chunk.size());
    text.append(chunk.data(), static_cast<std::size_t>(in.gcount()));
  }
  return parse_yaml_text(shown_name, std::move(text), reading);
}

}  // namespace faultline
