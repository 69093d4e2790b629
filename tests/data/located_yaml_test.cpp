#include "data/located_yaml.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/data/findings.hpp"

using namespace faultline;
using faultline::test::Desk;
using faultline::test::show;

namespace {

std::string findings_of(std::string text) {
  Desk desk;
  desk.parse(std::move(text));
  return desk.findings();
}

}  // namespace

TEST_CASE("scalars stay text, with their places") {
  Desk desk;
  const Node root = desk.parse("a: 010\nb: {c: no, d: \"x y\"}\ne: [1, .inf]\n");
  CHECK(desk.findings().empty());
  CHECK(show(root) == "{a: 010, b: {c: no, d: 'x y'}, e: [1, .inf]}");
  const Node& d = *root.find("b")->find("d");
  CHECK(d.quoted);
  CHECK(d.span.line == 2);
  CHECK(d.span.column == 15);
  CHECK(d.span.length == 5);
  CHECK(root.find("b")->entry("d")->key_span.column == 12);
  CHECK(root.find("e")->items[1].span.column == 8);
}

TEST_CASE("a key given twice is an error") {
  CHECK(findings_of("a: 1\nb: 2\na: 3\n") ==
        "t.yaml:3:1: error E0102: 'a' is given twice\n"
        "    3 | a: 3\n"
        "      | ^ it stands already in line 1: keep one of them\n");
}

TEST_CASE("YAML features that are not part of the language are refused") {
  CHECK(findings_of("a: 1\n---\nb: 2\n") ==
        "t.yaml:2:1: error E0105: a second document begins here\n"
        "    2 | ---\n"
        "      | ^ keep one document to a file: remove the '---'\n");
  CHECK(findings_of("a: !!str 1\n") ==
        "t.yaml:1:4: error E0107: tags are not part of this language\n"
        "    1 | a: !!str 1\n"
        "      |    ^ remove 'tag:yaml.org,2002:str'\n");
  CHECK(findings_of("a: &x {b: 1}\nc: {<<: *x}\n") ==
        "t.yaml:2:5: error E0108: merge keys are not part of this language\n"
        "    2 | c: {<<: *x}\n"
        "      |     ^ use 'each', a preset or 'include'\n");
  CHECK(findings_of("? [a, b]\n: 1\n") ==
        "t.yaml:1:3: error E0109: a key must be a word\n"
        "    1 | ? [a, b]\n"
        "      |   ^ write 'key: value'\n");
  CHECK(findings_of("a: 1\n\tb: 2\n") ==
        "t.yaml:2:1: error E0106: a tab in the indentation\n"
        "    2 |  b: 2\n"
        "      | ^ use spaces\n");
}

TEST_CASE("syntax errors say what to do") {
  CHECK(findings_of("a: {b: 1\nc: 2\n") ==
        "t.yaml:2:2: error E0101: not readable as YAML: a '{' is not closed, or a ',' is missing\n"
        "    2 | c: 2\n"
        "      |  ^ close it with '}', or put ',' between its entries; it opens in line 1\n");
  CHECK(findings_of("a: b: c\n") ==
        "t.yaml:1:5: error E0101: not readable as YAML: a second ': ' in one line\n"
        "    1 | a: b: c\n"
        "      |     ^ put the value in quotes, or the inner map in {braces}\n");
  CHECK(findings_of("a: 1\n  b: 2\n") ==
        "t.yaml:2:4: error E0101: not readable as YAML: this key is indented as if the value above "
        "went on\n"
        "    2 |   b: 2\n"
        "      |    ^ align it with the keys beside it\n");
  CHECK(findings_of("a: 'it''s\nb: 1\n") ==
        "t.yaml:1:4: error E0101: not readable as YAML: a quote is not closed\n"
        "    1 | a: 'it''s\n"
        "      |    ^ close it\n");
  CHECK(findings_of("- a\nb: 1\n") ==
        "t.yaml:2:1: error E0101: not readable as YAML: this line does not belong to what stands "
        "above it\n"
        "    2 | b: 1\n"
        "      | ^ write every line as 'key: value', indented alike\n");
  CHECK(findings_of("oracles: {*.latency: 5s}\n") ==
        "t.yaml:1:11: error E0101: not readable as YAML: this refers to an anchor that does not "
        "exist\n"
        "    1 | oracles: {*.latency: 5s}\n"
        "      |           ^ put it in quotes if '*' is to mean any name\n");
}

TEST_CASE("anchors keep the place of what they name, and cannot hold themselves") {
  Desk desk;
  const Node root = desk.parse("a: &x {b: 5}\nc: *x\n");
  CHECK(show(root) == "{a: {b: 5}, c: {b: 5}}");
  CHECK(root.find("c")->find("b")->span.line == 1);
  CHECK(findings_of("a: &x [*x]\n").find("this value would contain itself") != std::string::npos);
}

TEST_CASE("a comma in a number inside braces is seen for what it is") {
  CHECK(findings_of("ETH: {price: $2,310, supply: 1m ETH}\n") ==
        "t.yaml:1:14: error E0312: no commas in numbers\n"
        "    1 | ETH: {price: $2,310, supply: 1m ETH}\n"
        "      |              ^^^^^^ write '$2310'\n");
}

TEST_CASE("hostile files are refused by size, depth and number of values") {
  CHECK(findings_of(std::string(100, '[') + std::string(100, ']')).find("E0103") !=
        std::string::npos);
  CHECK(findings_of("a: " + std::string(100000, '[')).find("is not closed") != std::string::npos);
  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int k = 0; k < 9; ++k) laughs += ", " + before;
    laughs += "]\n";
  }
  CHECK(findings_of(laughs).find("more than 2000000 values in all") != std::string::npos);
  std::string deep = "a0: &a0 [x]\n";
  for (int i = 1; i < 80; ++i)
    deep += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) +
            "]\n";
  CHECK(findings_of(deep).find("nested deeper than 64") != std::string::npos);
  Desk small;
  small.reading.limits.bytes = 10;
  small.parse("a: 12345678901234\n");
  CHECK(small.findings().find("E0103") != std::string::npos);
  CHECK(findings_of(std::string("a: \0b\n", 6)) ==
        "t.yaml:1:4: error E0104: a byte that is not text\n" + std::string("    1 | a: \0b\n", 14) +
            "      |    ^ save the file as plain UTF-8\n");
  CHECK(findings_of("a: \xff\n").find("E0104") != std::string::npos);
}

TEST_CASE("findings are bounded and not repeated") {
  Desk desk;
  desk.reading.limits.findings = 5;
  for (std::uint32_t i = 0; i < 100; ++i) desk.reading.error("E1", Span{0, i + 1, 1, 1}, "x");
  CHECK(desk.diagnostics.errors() == 6);
  Desk twice;
  twice.reading.error("E1", Span{0, 1, 1, 1}, "x");
  twice.reading.error("E1", Span{0, 1, 1, 1}, "x");
  CHECK(twice.diagnostics.errors() == 1);
}

TEST_CASE("a file that is not there") {
  Desk desk;
  parse_yaml_file("/nowhere/at/all.yaml", "all.yaml", {}, desk.reading);
  CHECK(desk.findings() == "error E0110: 'all.yaml' does not exist\n      check the path\n");
}

TEST_CASE("the three files of the language parse") {
  for (const char* name : {"two_vaults", "perp_and_lender", "bad_days"}) {
    Desk desk;
    const std::string path = std::string(FAULTLINE_TEST_DIR) + "/language/" + name + ".yaml";
    const Node root = parse_yaml_file(path, path, {}, desk.reading);
    CHECK(desk.findings().empty());
    CHECK(root.find("faultline") != nullptr);
  }
}
