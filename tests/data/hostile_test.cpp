// Broken and hostile texts: whatever comes in, the reader answers with findings, never with a
// crash.
#include <catch2/catch.hpp>
#include <fstream>
#include <random>
#include <sstream>

#include "data/csv.hpp"
#include "data/overlay.hpp"
#include "oracles/feed.hpp"
#include "tests/data/findings.hpp"

using namespace faultline;
using faultline::test::Desk;

namespace {

struct Anything {
  Amount amount;
  Ratio ratio;
  Seconds seconds;
  PerYear per_year;
  Depth depth;
  Pair pair;
  Move move;
  Flow flow;
  std::optional<long> whole;
  std::optional<double> number;
  std::map<std::string, Ratio> shares;
  std::vector<AnyText> texts;
  bool flag = false;
  template <class V>
  void fields(V& v) {
    v("supplied", amount, Field{.help = "", .lo = 0});
    v("lltv", ratio, Field{.help = "", .lo = 0, .hi = 1});
    v("latency", seconds, Field{.help = "", .lo = 0});
    v("growth", per_year, Field{});
    v("depth", depth, Field{.help = "", .lo = 0});
    v("pair", pair, Field{.help = "", .refers = Refers::asset});
    v("price", move, Field{});
    v("redeem", flow, Field{});
    v("count", whole, Field{.help = "", .required = true});
    v("dof", number, Field{});
    v("posts", shares, Field{});
    v("losses", texts, Field{});
    v("open", flag, Field{});
  }
};

/// Goes through all a reading does: parse, expand, overlay on itself, presets, fields, render.
void swallow(const std::string& text) {
  Desk desk;
  desk.context.assets = {{"ETH", 2310}};
  Node root = load_tree_text("f.yaml", text, default_sections(), desk.reading);
  Node copy = root;
  merge_overlay(copy, root, default_sections(), desk.reading);
  if (const Node* designs = root.find("designs")) {
    for (const Entry& design : designs->entries)
      merge_overlay(copy, design.value, default_sections(), desk.reading);
  }
  resolve_presets(copy, default_sections(), desk.reading);
  for (const Entry& section : copy.entries) {
    Anything spec;
    read_fields(section.value, spec, section.key, {"section", section.key, {}}, desk.context);
    for (const Entry& node : section.value.entries) {
      Anything inner;
      read_fields(node.value, inner, section.key + "." + node.key, {"node", node.key, {}},
                  desk.context);
    }
  }
  CHECK(desk.findings().size() < 50'000'000);
}

std::string language_file(const std::string& name) {
  std::ifstream in(std::string(FAULTLINE_TEST_DIR) + "/language/" + name + ".yaml");
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("no truncation or mutation of the language files crashes the reader") {
  std::mt19937_64 random(11);
  const std::string marks = "{}[]:,-#&*!|>'\"%@`$.0 \n\tm\\\x80\xc3";
  for (const char* name : {"two_vaults", "perp_and_lender", "bad_days"}) {
    const std::string text = language_file(name);
    REQUIRE(text.size() > 500);
    for (std::size_t end = 0; end < text.size(); end += 7) swallow(text.substr(0, end));
    for (int round = 0; round < 400; ++round) {
      std::string broken = text;
      const std::size_t changes = 1 + random() % 6;
      for (std::size_t k = 0; k < changes; ++k) {
        const std::size_t at = random() % broken.size();
        switch (random() % 3) {
          case 0:
            broken[at] = marks[random() % marks.size()];
            break;
          case 1:
            broken.insert(at, 1, marks[random() % marks.size()]);
            break;
          default:
            broken.erase(at, 1 + random() % 20);
        }
        if (broken.empty()) broken = "a";
      }
      swallow(broken);
    }
  }
}

TEST_CASE("random bytes and random punctuation crash nothing") {
  std::mt19937_64 random(12);
  const std::string letters = "ab{}[]:,-#&*!|>'\"%@`$.01 \n  \n: ?~<=";
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    const std::size_t size = random() % 200;
    for (std::size_t i = 0; i < size; ++i)
      text += round % 4 == 0 ? static_cast<char>(random()) : letters[random() % letters.size()];
    swallow(text);
    Desk desk;
    read_csv_text("f.csv", text, desk.diagnostics, desk.sources).numbers(0, desk.diagnostics);
    set_option(text, desk.reading);
    CHECK(desk.findings().size() < 10'000'000);
  }
}

TEST_CASE("large maps are laid over each other in linear time") {
  std::string text = "markets:\n", paths;
  for (int i = 0; i < 60000; ++i) text += "  n" + std::to_string(i) + ": {a: 1}\n";
  Desk desk;
  Node root = load_tree_text("t.yaml", text, default_sections(), desk.reading);
  const Node same = root;
  merge_overlay(root, same, default_sections(), desk.reading);
  CHECK(desk.findings().empty());
  for (int i = 0; i < 60000; ++i) paths += "markets.n" + std::to_string(i) + ".a: 2\n";
  const Node dotted = desk.parse(paths);
  merge_overlay(root, dotted, default_sections(), desk.reading);
  CHECK(desk.findings().find("too many paths") != std::string::npos);
}

TEST_CASE("a hundred thousand mistakes are a thousand findings") {
  std::string text = "a:\n";
  for (int i = 0; i < 100000; ++i) text += "  k" + std::to_string(i) + ": 1\n";
  swallow(text);
}
