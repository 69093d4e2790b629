// The shape of the code, held by tests: who may include whom, how long a function and a header may
// be, and that what a kernel cites can be found. On failure read docs/architecture.md.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

// core <- graph <- {oracles, protocols} <- sim <- {data, viz} <- cli. Siblings do not include each
// other.
const std::map<std::string, std::set<std::string>> may_include{
    {"core", {"core"}},
    {"graph", {"core", "graph"}},
    {"oracles", {"core", "graph", "oracles"}},
    {"protocols", {"core", "graph", "protocols"}},
    {"sim", {"core", "graph", "oracles", "protocols", "sim"}},
    {"data", {"core", "graph", "oracles", "protocols", "sim", "data"}},
    {"viz", {"core", "graph", "oracles", "protocols", "sim", "viz"}},
    {"cli", {"core", "graph", "oracles", "protocols", "sim", "data", "viz", "cli"}},
};

// Libraries seen by one folder only.
const std::vector<std::pair<std::string, std::string>> only_in{
    {"tbb/", "core"},      {"oneapi/tbb", "core"}, {"sleef", "core"},
    {"yaml-cpp/", "data"}, {"zlib.h", "data"},     {"boost/graph/", "graph"},
    {"graphviz/", "viz"},  {"gvc.h", "viz"},       {"cgraph.h", "viz"},
    {"CLI/", "cli"}};

// Rooms within a room, and what of it they never include.
const std::vector<std::pair<std::string, std::string>> never = [] {
  std::vector<std::pair<std::string, std::string>> out{{"sim/compile/", "sim/studies/"},
                                                       {"sim/studies/", "sim/compile/"}};
  for (const char* room :
       {"sim/", "sim/credit/", "sim/perpetuals/", "sim/claims/", "sim/agents/"}) {
    for (const char* above : {"sim/compile/", "sim/studies/"}) out.emplace_back(room, above);
    if (std::string_view(room) == "sim/") continue;  // what phases call knows nothing of them
    for (const char* above : {"sim/engine.hpp", "sim/phases.hpp", "sim/accounting.hpp"}) {
      out.emplace_back(room, above);
    }
  }
  return out;
}();

constexpr std::size_t longest_function = 70, longest_header = 300;
const std::string page = " (read docs/architecture.md)";

struct SourceFile {
  std::string name;    // from the root: sim/engine.cpp
  std::string folder;  // sim
  std::vector<std::string> lines;
};

std::vector<std::string> lines_of(const fs::path& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<SourceFile> sources() {
  std::vector<SourceFile> out;
  const fs::path root = FAULTLINE_ROOT;
  for (const auto& [folder, allowed] : may_include) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string extension = entry.path().extension();
      if (extension != ".hpp" && extension != ".cpp") continue;
      out.push_back({fs::relative(entry.path(), root), folder, lines_of(entry.path())});
    }
  }
  std::sort(out.begin(), out.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.name < b.name; });
  return out;
}

/// The paths a file includes.
std::vector<std::string> includes(const SourceFile& file) {
  static const std::regex include(R"re(^\s*#\s*include\s*["<]([^">]+)[">])re");
  std::vector<std::string> out;
  std::smatch match;
  for (const std::string& line : file.lines) {
    if (std::regex_search(line, match, include)) out.push_back(match[1]);
  }
  return out;
}

std::string show(const std::vector<std::string>& mistakes) {
  std::string out;
  for (const std::string& m : mistakes) out += m + "\n";
  return out;
}

/// A text with comments and literals blanked, so that its braces are those of the code.
class Blanked {
 public:
  explicit Blanked(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) lines_.push_back(blank(line));
  }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::string blank(const std::string& line) {
    std::string out;
    for (std::size_t i = 0; i < line.size(); ++i) {
      const std::string_view rest = std::string_view(line).substr(i);
      if (in_comment_) {
        if (rest.starts_with("*/")) in_comment_ = false, ++i;
      } else if (!raw_end_.empty()) {
        if (rest.starts_with(raw_end_)) i += raw_end_.size() - 1, raw_end_.clear();
      } else if (rest.starts_with("//")) {
        break;
      } else if (rest.starts_with("/*")) {
        in_comment_ = true, ++i;
      } else if (rest.starts_with("R\"")) {
        const std::size_t open = line.find('(', i);
        raw_end_ = ")" + line.substr(i + 2, open - i - 2) + "\"";
        i = open;
      } else if (line[i] == '"' || (line[i] == '\'' && !(i > 0 && std::isalnum(line[i - 1])))) {
        const char quote = line[i];
        for (++i; i < line.size() && line[i] != quote; ++i) i += line[i] == '\\' ? 1 : 0;
      } else {
        out += line[i];
      }
    }
    return out;
  }

  std::vector<std::string> lines_;
  bool in_comment_ = false;
  std::string raw_end_;
};

/// Whether the code before a brace opens a namespace, a type or a list, not a body.
bool opens_scope(const std::string& head) {
  static const std::regex scope(R"(\b(namespace|struct|class|enum|union|extern)\b)");
  static const std::regex body(R"(\)\s*(const|noexcept|override|final|->.*|:.*)*\s*$)");
  if (std::regex_search(head, body)) return false;
  return std::regex_search(head, scope) || head.find('(') == std::string::npos;
}

/// Functions longer than allowed, as "file:line: n lines".
std::vector<std::string> long_functions(const SourceFile& file) {
  const Blanked code(file.lines);
  std::vector<std::string> out;
  std::string head;
  int depth = 0, body_at = -1;  // depth at which the body that is open began
  std::size_t began = 0;
  for (std::size_t n = 0; n < code.lines().size(); ++n) {
    if (code.lines()[n].starts_with("#")) continue;
    for (const char c : code.lines()[n]) {
      if (c == '{') {
        if (body_at < 0 && !opens_scope(head)) {
          body_at = depth;
          began = n;
        }
        ++depth;
        head.clear();
      } else if (c == '}') {
        --depth;
        head.clear();
        if (depth != body_at) continue;
        body_at = -1;
        const std::size_t length = n - began + 1;
        if (length > longest_function) {
          out.push_back(file.name + ":" + std::to_string(began + 1) + ": a function of " +
                        std::to_string(length) + " lines");
        }
      } else if (c == ';' && body_at < 0 &&
                 std::count(head.begin(), head.end(), '(') ==
                     std::count(head.begin(), head.end(), ')')) {
        head.clear();
      } else {
        head += c;
      }
    }
    head += ' ';
  }
  return out;
}

/// Keys a line cites, in brackets, parentheses or a row of either: [aave_v3_code],
/// (adams2020, 2.4). A key ends in a year, in `_code` or in `_features`.
std::vector<std::string> citations(const std::string& line) {
  static const std::regex cited(
      R"re([\[(,;]\s?([a-z][a-z0-9_]*(?:(?:19|20)\d\d|_code|_features))(?=[\]),;]))re");
  std::vector<std::string> out;
  for (std::sregex_iterator at(line.begin(), line.end(), cited), end; at != end; ++at) {
    out.push_back((*at)[1]);
  }
  return out;
}

}  // namespace

TEST_CASE("dependencies run one way") {
  std::vector<std::string> mistakes;
  for (const SourceFile& file : sources()) {
    for (const std::string& path : includes(file)) {
      const std::string folder = path.substr(0, path.find('/'));
      const bool ours = path.find('/') != std::string::npos && may_include.contains(folder);
      if (ours && !may_include.at(file.folder).contains(folder)) {
        mistakes.push_back(file.name + " includes " + path + page);
      }
      for (const auto& [from, to] : never) {
        if (file.name.substr(0, file.name.rfind('/') + 1) == from && path.starts_with(to)) {
          mistakes.push_back(file.name + " includes " + path + page);
        }
      }
      for (const auto& [library, home] : only_in) {
        if (path.starts_with(library) && file.folder != home) {
          mistakes.push_back(file.name + " includes " + path + ", seen by " + home + "/ only" +
                             page);
        }
      }
    }
  }
  CHECK(show(mistakes) == "");
}

TEST_CASE("the table covers every folder of code") {
  const std::set<std::string> others{"tests", "bench", "build", "docs", "scripts", "python"};
  std::set<std::string> folders;
  for (const auto& entry : fs::directory_iterator(FAULTLINE_ROOT)) {
    const std::string name = entry.path().filename();
    if (!entry.is_directory() || name.starts_with(".") || others.contains(name)) continue;
    folders.insert(name);
  }
  std::set<std::string> table;
  for (const auto& [folder, allowed] : may_include) table.insert(folder);
  CHECK(folders == table);
}

TEST_CASE("docs/results.md names every kind of event") {
  const auto joined = [](const std::vector<std::string>& lines) {
    std::string all;
    for (const std::string& line : lines) all += line + "\n";
    return all;
  };
  const std::string text = joined(lines_of(fs::path(FAULTLINE_ROOT) / "docs/results.md"));
  const std::regex told(R"re(tell\(\s*w,\s*"([a-z_]+)")re");
  std::set<std::string> missing;
  int kinds = 0;
  for (const SourceFile& file : sources()) {
    const std::string all = joined(file.lines);
    for (std::sregex_iterator it(all.begin(), all.end(), told), end; it != end; ++it, ++kinds) {
      const std::string kind = (*it)[1];
      if (text.find("`" + kind + "`") == std::string::npos) missing.insert(kind);
    }
  }
  CHECK(kinds > 40);
  CHECK(missing == std::set<std::string>{});
}

TEST_CASE("functions fit on a screen and headers stay short") {
  std::vector<std::string> mistakes;
  for (const SourceFile& file : sources()) {
    for (const std::string& m : long_functions(file)) mistakes.push_back(m + page);
    if (file.name.ends_with(".hpp") && file.lines.size() > longest_header) {
      mistakes.push_back(file.name + ": a header of " + std::to_string(file.lines.size()) +
                         " lines" + page);
    }
  }
  CHECK(show(mistakes) == "");
}

TEST_CASE("the length of a function is measured") {
  std::vector<std::string> lines{"namespace x {", "int f(const A& a) const {", "  call({1, 2});"};
  for (int i = 0; i < 70; ++i) lines.emplace_back("  // a brace in a comment {");
  lines.emplace_back("}");
  lines.emplace_back("}");
  CHECK(long_functions({"x.cpp", "x", lines}) ==
        std::vector<std::string>{"x.cpp:2: a function of 73 lines"});
  lines.erase(lines.begin() + 3, lines.begin() + 6);
  CHECK(long_functions({"x.cpp", "x", lines}).empty());
}

TEST_CASE("headers are included once") {
  std::vector<std::string> mistakes;
  for (const SourceFile& file : sources()) {
    const bool once =
        std::find(file.lines.begin(), file.lines.end(), "#pragma once") != file.lines.end();
    if (file.name.ends_with(".hpp") && !once) mistakes.push_back(file.name + page);
  }
  CHECK(show(mistakes) == "");
}

TEST_CASE("what code cites is in docs/references.bib") {
  CHECK(citations("// out = x (adams2020, 2.4), [aave_v3_code, aave_v3_3_features]; f(a)[i]") ==
        std::vector<std::string>{"adams2020", "aave_v3_code", "aave_v3_3_features"});
  std::set<std::string> known;
  static const std::regex entry(R"re(@\w+\s*\{\s*([^,\s]+)\s*,)re");
  for (const std::string& line : lines_of(fs::path(FAULTLINE_ROOT) / "docs" / "references.bib")) {
    std::smatch match;
    if (std::regex_search(line, match, entry)) known.insert(match[1]);
  }
  std::vector<std::string> mistakes;
  std::size_t found = 0;
  for (const SourceFile& file : sources()) {
    for (std::size_t n = 0; n < file.lines.size(); ++n) {
      for (const std::string& key : citations(file.lines[n])) {
        ++found;
        if (known.contains(key)) continue;
        mistakes.push_back(file.name + ":" + std::to_string(n + 1) + ": " + key +
                           " is not in docs/references.bib" + page);
      }
    }
  }
  CHECK(show(mistakes) == "");
  CHECK(found > 20);
}
