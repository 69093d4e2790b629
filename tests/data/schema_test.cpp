#include "data/schema.hpp"

#include <catch2/catch.hpp>

using namespace faultline;

namespace {

struct Inner {
  static constexpr std::string_view shorthand = "median";
  Ratio median{0.5};
  template <class V>
  void fields(V& v) {
    v("median", median, Field{.help = "the middle", .lo = 0, .hi = 1, .source = "Aave | v3"});
  }
};

struct Outer {
  Ratio fee{0.003};
  long count = 0;
  bool open = true;
  std::string base = "reserve";
  std::optional<Amount> cap;
  std::vector<Name> serves;
  std::map<std::string, Inner> by_asset;
  template <class V>
  void fields(V& v) {
    v("fee", fee, Field{.help = "kept", .lo = 0, .hi = 0.1, .source = "Uniswap v2 core"});
    v("count", count, Field{.help = "accounts", .lo = 1, .required = true});
    v("open", open, Field{.help = "whether open"});
    v("base", base, Field{.help = "of what", .choices = "reserve total"});
    v("cap", cap, Field{.help = "most", .lo = 0});
    v("serves", serves, Field{.help = "markets"});
    v("by_asset", by_asset, Field{.help = "per asset"});
  }
};

}  // namespace

TEST_CASE("a JSON Schema follows from the fields") {
  const nlohmann::json schema = json_schema_of<Outer>();
  CHECK(schema["type"] == "object");
  CHECK(schema["additionalProperties"] == false);
  CHECK(schema["required"] == nlohmann::json::array({"count"}));
  const auto& fee = schema["properties"]["fee"];
  CHECK(fee["description"] == "kept; 0% to 10% [Uniswap v2 core]");
  CHECK(fee["default"] == "0.3%");
  CHECK(fee["anyOf"][0]["pattern"] == std::string(value_kind<Ratio>().pattern));
  CHECK(schema["properties"]["count"]["anyOf"][0]["minimum"] == 1);
  CHECK(schema["properties"]["base"]["enum"] == nlohmann::json::array({"reserve", "total"}));
  const auto& inner = schema["properties"]["by_asset"]["additionalProperties"]["anyOf"];
  CHECK(inner[1]["properties"].contains("median"));
  CHECK(inner[0].contains("anyOf"));
  CHECK(schema["properties"]["serves"]["anyOf"][0]["type"] == "array");
}

TEST_CASE("a reference table follows from the fields") {
  CHECK(markdown_of<Outer>("pool") ==
        R"(## pool

| field | takes | default | range | meaning | source |
|---|---|---|---|---|---|
| `fee` | a share with its unit | 0.3% | 0% to 10% | kept | Uniswap v2 core |
| `count` | a whole number | required | at least 1 | accounts |  |
| `open` | on or off | on |  | whether open |  |
| `base` | one of: reserve total | reserve |  | of what |  |
| `cap` | an amount with its unit |  | at least 0 | most |  |
| `serves` | list of a name |  |  | markets |  |
| `by_asset` | by name: map |  |  | per asset |  |

### pool.by_asset.NAME

| field | takes | default | range | meaning | source |
|---|---|---|---|---|---|
| `median` | a share with its unit | 50% | 0% to 100% | the middle | Aave \| v3 |
)");
}
