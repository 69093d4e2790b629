// The files of the language, whole: what a reading makes of them, and the session's two mistakes.
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "tests/data/findings.hpp"

using namespace faultline;
using faultline::test::Desk;
using faultline::test::show;

namespace {

std::string language_file(const std::string& name) {
  std::ifstream in(std::string(FAULTLINE_TEST_DIR) + "/language/" + name);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

struct Reserve {
  std::optional<Amount> supplied, borrowed, supply_cap;
  template <class V>
  void fields(V& v) {
    v("supplied", supplied, Field{.help = "units supplied", .lo = 0});
    v("borrowed", borrowed, Field{.help = "units owed", .lo = 0});
    v("supply_cap", supply_cap, Field{.help = "most", .lo = 0});
  }
};

struct Pool {
  std::map<std::string, Reserve> reserves;
  template <class V>
  void fields(V& v) {
    v("reserves", reserves, Field{.help = "by asset", .required = true, .refers = Refers::asset});
  }
};

struct Exploit {
  Amount mint;
  std::string then;
  template <class V>
  void fields(V& v) {
    v("mint", mint, Field{.help = "made from nothing", .lo = 0, .required = true});
    v("then", then, Field{.help = "what follows", .choices = "borrow_out sell hold"});
  }
};

/// Reads what is in the file of the pool and of the exploit.
void read_parts(const Node& root, Desk& desk) {
  desk.context.assets = {{"ETH", 2310}, {"USDC", 1}, {"wstETH", 2840}, {"rsETH", 2310 * 1.07}};
  for (const AssetHint& asset : desk.context.assets)
    desk.context.names[Refers::asset].insert(asset.name);
  Pool pool;
  constexpr std::array<std::string_view, 3> aside{"preset", "emodes", "borrowers"};
  read_fields(*root.find("markets")->find("pool"), pool, "markets.pool", {"market", "pool", {}},
              desk.context, aside);
  Exploit exploit;
  const Node& event = root.find("scenarios")->find("rseth_from_nothing")->items.at(0);
  read_fields(*event.find("exploit"), exploit, "scenarios.rseth_from_nothing.1.exploit",
              {{}, "exploit", {}}, desk.context);
}

}  // namespace

TEST_CASE("the session's two mistakes are reported as it shows them") {
  std::string text = language_file("two_vaults.yaml");
  const auto replace = [&](std::string_view from, std::string_view to) {
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
  };
  replace("wstETH: {supplied:", "wstETH: {suplied:");
  replace("{mint: 116500 rsETH,", "{mint: 116500,");
  Desk desk;
  const Node root = load_tree_text("two_vaults.yaml", text, default_sections(), desk.reading);
  read_parts(root, desk);
  CHECK(desk.findings() ==
        R"(two_vaults.yaml:40:16: error E0203: unknown key 'suplied' in reserve 'wstETH' of 'pool'
   40 |       wstETH: {suplied: 1.2m wstETH}
      |                ^^^^^^^ did you mean 'supplied'?
two_vaults.yaml:65:32: error E0310: 116500 of what? 'mint' takes an amount with its unit
   65 |     - {at: 1h, exploit: {mint: 116500, then: borrow_out}}
      |                                ^^^^^^ write '116500 rsETH' or '$288m'
)");
}

TEST_CASE("the language's designs lie over its files") {
  Desk desk;
  const Node vaults = load_tree_text("two_vaults.yaml", language_file("two_vaults.yaml"),
                                     default_sections(), desk.reading);
  CHECK(vaults.find("vaults")->find("curated.yield") != nullptr);
  CHECK(vaults.find("venues")->find("curve.loopUSD/USDC")->find("preset")->text == "stableswap");
  Node capped = vaults;
  merge_overlay(capped, *vaults.find("designs")->find("capped"), default_sections(), desk.reading);
  const Node& reserve = *capped.find("markets")->find("pool")->find("reserves")->find("rsETH");
  CHECK(show(reserve) == "{supplied: 420k rsETH, supply_cap: 450k rsETH}");
  read_parts(capped, desk);

  Node perps = load_tree_text("perp_and_lender.yaml", language_file("perp_and_lender.yaml"),
                              default_sections(), desk.reading);
  const Node designs = *perps.find("designs");
  merge_overlay(perps, *designs.find("no_breaker"), default_sections(), desk.reading);
  merge_overlay(perps, *designs.find("pro_rata"), default_sections(), desk.reading);
  CHECK(show(*perps.find("defences")) == "{}");
  CHECK(show(*perps.find("markets")->find("perps")->find("adl")) == "{rank: pro_rata}");
  CHECK(desk.findings() == "");
}
