// The JSON Schema of the language judges files as the reader does: what ships is valid, what the
// reader refuses by form is not. A small validator of the keywords the schema uses stands here.
#include "data/language_schema.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

#include "data/borrowers_spec.hpp"
#include "data/ecosystem_file.hpp"
#include "data/presets.hpp"
#include "data/schema.hpp"
#include "tests/data/findings.hpp"

namespace faultline::test {

namespace {

using nlohmann::json;

/// A tree as an editor sees it: YAML 1.2 scalars, numbers and `true` alone are not text.
json as_json(const Node& node) {
  if (node.is_null()) return nullptr;
  if (node.is_list()) {
    json out = json::array();
    for (const Node& item : node.items) out.push_back(as_json(item));
    return out;
  }
  if (node.is_map()) {
    json out = json::object();
    for (const Entry& e : node.entries) out[e.key] = as_json(e.value);
    return out;
  }
  static const std::regex number(R"([-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?)");
  if (!node.quoted && std::regex_match(node.text, number)) return std::stod(node.text);
  if (!node.quoted && node.text == "true") return true;
  return node.text;
}

bool is_type(const json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "null") return value.is_null();
  if (type == "number") return value.is_number();
  if (type == "integer") {
    return value.is_number() && value.get<double>() == std::floor(value.get<double>());
  }
  FAIL("type " << type);
  return false;
}

class Validator {
 public:
  explicit Validator(const json& root) : root_(root) {}

  bool valid(const json& value, const json& schema) const {
    for (const auto& [key, rule] : schema.items()) {
      if (!keyword(key, rule, value, schema)) return false;
    }
    return true;
  }

 private:
  bool any_of(const json& rule, const json& value) const {
    return std::any_of(rule.begin(), rule.end(), [&](const json& s) { return valid(value, s); });
  }
  bool members(const json& value, const json& schema) const {
    if (!value.is_object()) return true;
    for (const auto& [name, member] : value.items()) {
      bool known = false;
      if (schema.contains("properties") && schema["properties"].contains(name)) {
        known = true;
        if (!valid(member, schema["properties"][name])) return false;
      }
      if (schema.contains("patternProperties")) {
        for (const auto& [pattern, rule] : schema["patternProperties"].items()) {
          if (!std::regex_search(name, std::regex(pattern, std::regex::ECMAScript))) continue;
          known = true;
          if (!valid(member, rule)) return false;
        }
      }
      if (known || !schema.contains("additionalProperties")) continue;
      const json& rest = schema["additionalProperties"];
      if (rest == false || (rest.is_object() && !valid(member, rest))) return false;
    }
    return true;
  }
  bool keyword(const std::string& key, const json& rule, const json& value,
               const json& schema) const {
    if (key == "$ref") {
      return valid(value, root_.at("definitions").at(rule.get<std::string>().substr(14)));
    }
    if (key == "type") return is_type(value, rule);
    if (key == "enum") return std::find(rule.begin(), rule.end(), value) != rule.end();
    if (key == "const") return rule == value;
    if (key == "anyOf") return any_of(rule, value);
    if (key == "not") return !valid(value, rule);
    if (key == "allOf") {
      return std::all_of(rule.begin(), rule.end(), [&](const json& s) { return valid(value, s); });
    }
    if (key == "if") return !valid(value, rule) || valid(value, schema.at("then"));
    if (key == "properties" || key == "patternProperties" || key == "additionalProperties") {
      return members(value, schema);
    }
    if (key == "required" && value.is_object()) {
      return std::all_of(rule.begin(), rule.end(),
                         [&](const json& name) { return value.contains(name); });
    }
    if (key == "items" && value.is_array()) {
      return std::all_of(value.begin(), value.end(), [&](const json& i) { return valid(i, rule); });
    }
    if (key == "pattern" && value.is_string()) {
      return std::regex_search(value.get<std::string>(), std::regex(rule.get<std::string>()));
    }
    if (key == "minimum" && value.is_number()) return value >= rule;
    if (key == "maximum" && value.is_number()) return value <= rule;
    return true;
  }

  const json& root_;
};

std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool accepts(const std::string& yaml) {
  static const json schema = language_schema();
  Desk desk;
  const Node tree = desk.parse(yaml);
  REQUIRE(desk.findings().empty());
  return Validator(schema).valid(as_json(tree), schema);
}

const std::string good = R"(faultline: 1
clock: {round: 12s, horizon: 1h}
assets:
  ETH: $2000
  USDC: {price: $1, origin: unit}
venues:
  amm: {preset: uniswap_v2, pair: ETH/USDC, liquidity: $50m}
  world: {preset: outside, each: {ETH/USDC: {depth: $20m within 1%, refill: 2min}}}
oracles:
  ETH: {preset: chainlink, latency: 24s}
markets:
  pool:
    preset: compound_v2
    reserves:
      ETH: {supplied: 300k ETH, rate: {kind: fixed, base: 2%/y}}
      USDC: {supplied: $400m, borrowed: $250m}
    borrowers: {count: 2000, posts: ETH, health: {median: 1.5, p1: 1.02}}
agents:
  liquidators: {capital: $40m}
  slow: {kind: arbitrageurs, latency: 24s}
default: crash
scenarios:
  crash:
    - {at: 1min, price: {ETH: -30%}, over: 5min}
    - {at: 1min, set: {oracles.*.latency: 15min}}
)";

std::string with(const std::string& from, const std::string& to) {
  std::string out = good;
  const std::size_t at = out.find(from);
  REQUIRE(at != std::string::npos);
  return out.replace(at, from.size(), to);
}

/// The names a spec declares, as the remedy of E0203 lists them.
struct Names {
  std::string text;
  template <class T>
  void operator()(std::string_view name, T&, const Field&) {
    text += (text.empty() ? "" : ", ") + std::string(name);
  }
};
template <class Spec>
std::string names_of() {
  Names names;
  Spec spec{};
  spec.fields(names);
  return "known here: " + names.text;
}

}  // namespace

TEST_CASE("every shipped ecosystem satisfies the schema") {
  std::size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(
           std::filesystem::path(FAULTLINE_ROOT) / "data/ecosystems")) {
    if (file.path().extension() != ".yaml") continue;
    INFO(file.path().filename());
    CHECK(accepts(contents(file.path())));
    ++files;
  }
  CHECK(files >= 2);
}

TEST_CASE("the schema takes every form of a node") {
  CHECK(accepts(good));
  CHECK(accepts(with("ETH: $2000", "ETH: {price: $2000}")));
  CHECK(accepts(with("{preset: uniswap_v2,", "{kind: constant_product,")));
  CHECK(accepts(with("supplied: 300k ETH", "supplied: off")));
  CHECK(accepts(with("rate: {kind: fixed, base: 2%/y}", "rate: off")));
  CHECK(accepts(with("{count: 2000, posts: ETH, health: {median: 1.5, p1: 1.02}}",
                     "[{name: a, posts: [10 ETH], owes: [5000 USDC]}]")));
  CHECK(accepts(with("{count: 2000, posts: ETH, health: {median: 1.5, p1: 1.02}}",
                     "{loopers: {count: 20, posts: {ETH: 60%}}, others: {count: 5k}}")));
  CHECK(accepts(with("{count: 2000, posts: ETH, health: {median: 1.5, p1: 1.02}}",
                     "{file: p.csv.gz, columns: {marked: m}, rescale: 1.5x}")));
  CHECK(accepts(with("default: crash", "default: crash\nmarkets.pool.stand_in: yes")));
}

TEST_CASE("the schema refuses what the reader refuses by form") {
  const std::pair<const char*, const char*> mistakes[] = {
      {"supplied: 300k ETH", "suplied: 300k ETH"},
      {"supplied: 300k ETH", "supplied: 300k"},
      {"$20m within 1%", "$20m"},
      {"preset: uniswap_v2", "preset: uniswap_v9"},
      {"preset: uniswap_v2", "kind: constant_products"},
      {"refill: 2min", "refill: 2"},
      {"refill: 2min", "refil: 2min"},
      {"round: 12s", "round: 12"},
      {"count: 2000", "count: many"},
      {"count: 2000, posts", "size_sd: 2, posts"},
      {"price: {ETH: -30%}", "price: {ETH: 30}"},
      {"over: 5min", "ovr: 5min"},
      {"kind: fixed", "kind: fixt"},
      {"clock:", "clok:"},
      {"faultline: 1", "faultline: 2"},
      {"capital: $40m", "capital: 40m"},
      {"kind: arbitrageurs", "kind: arbitrageur"},
      {"kind: arbitrageurs, latency", "kind: liquidators, latency"},
      {"preset: chainlink, latency", "preset: chainlink, latenzy"},
  };
  for (const auto& [from, to] : mistakes) {
    INFO(to);
    CHECK_FALSE(accepts(with(from, to)));
  }
}

TEST_CASE("the forms of borrowers in the schema are those the reader reads") {
  const auto known_here = [](const std::string& borrowers) {
    const std::string yaml =
        "faultline: 1\nassets: {ETH: $2000}\nmarkets:\n  pool:\n    kind: pooled_lending\n"
        "    reserves: {ETH: {}}\n    borrowers: " +
        borrowers + "\n";
    Desk desk;
    load_ecosystem_text("t.yaml", yaml, "", desk.reading);
    for (const Diagnostic& d : desk.diagnostics.all())
      if (d.code == "E0203") return d.remedy;
    return desk.findings();
  };
  CHECK(known_here("{file: p.csv, zzzzzzzzz: 1}") == names_of<CsvSpec>());
  CHECK(known_here("{file: p.csv, columns: {zzzzzzzzz: 1}}") == names_of<LegColumns>());
  CHECK(known_here("{count: 9, zzzzzzzzz: 1}") == names_of<GroupSpec>());
  CHECK(known_here("{count: 9, health: {zzzzzzzzz: 1}}") == names_of<HealthSpec>());
  CHECK(known_here("[{zzzzzzzzz: 1}]") == names_of<ListedAccount>());
}

TEST_CASE("the reference names every section and preset") {
  const std::string page = language_reference();
  for (const char* heading :
       {"\n## clock\n", "\n## assets.NAME\n", "\n## venues.NAME (constant_product)\n",
        "\n## venues.NAME (concentrated_liquidity)\n", "\n## venues.NAME (order_book)\n",
        "\n## venues.NAME (outside)\n", "\n## oracles.NAME\n",
        "\n## markets.NAME (pooled_lending)\n", "\n## markets.NAME (isolated_market)\n",
        "\n## borrowers (CSV)\n", "\n## agents.liquidators\n", "\n## scenarios.NAME[]\n"}) {
    INFO(heading);
    CHECK(page.find(heading) != std::string::npos);
  }
  for (const std::string_view preset : preset_names())
    CHECK(page.find("| `" + std::string(preset) + "` |") != std::string::npos);
}

}  // namespace faultline::test
