#include "data/presets.hpp"

#include <catch2/catch.hpp>

#include "data/overlay.hpp"
#include "oracles/feed.hpp"
#include "protocols/margin/registry.hpp"
#include "protocols/venues/registry.hpp"
#include "tests/data/findings.hpp"

using namespace faultline;
using faultline::test::Desk;
using faultline::test::show;

namespace {

/// Reads a node into the spec of the kind it names; false if no kind bears that name.
template <class Spec>
bool read_spec(std::string_view name, const std::string& kind, const Node& node, Desk& desk) {
  constexpr std::array<std::string_view, 5> aside{"kind", "preset", "reserve_defaults",
                                                  "collateral_defaults", "vault_defaults"};
  if (kind != name) return false;
  Spec spec;
  read_fields(node, spec, "node", {"node", kind, {}}, desk.context, aside);
  return true;
}

template <template <class...> class List, class... Kinds>
bool read_kind(List<Kinds...>, const std::string& kind, const Node& node, Desk& desk) {
  return (read_spec<typename Kinds::Spec>(Kinds::name, kind, node, desk) || ...);
}

}  // namespace

TEST_CASE("every preset reads, and its values fit its kind") {
  CHECK(all_presets().size() >= 9);
  for (const PresetFile& file : all_presets()) {
    INFO(file.name);
    Desk desk;
    const auto preset = read_preset(file, desk.reading);
    CHECK(desk.findings() == "");
    REQUIRE(preset);
    CHECK(preset_family(file.name) == preset->family);
    Node node = preset->values;
    for (const std::string map : {"reserve", "collateral", "vault"}) {
      const Node* defaults = node.find(map + "_defaults");
      if (defaults == nullptr) continue;
      Node each = *defaults;  // every asset the preset knows
      std::erase_if(each.entries, [](const Entry& e) { return e.key == "*"; });
      node.entries.push_back({map == "collateral" ? map : map + "s", {}, std::move(each), {}});
    }
    bool known = true;
    if (preset->family == "venues") known = read_kind(VenueKinds{}, preset->kind, node, desk);
    if (preset->family == "markets") known = read_kind(MarketKinds{}, preset->kind, node, desk);
    if (preset->family == "oracles") {
      FeedSpec feed;
      read_fields(node, feed, "node", {"oracle", preset->name, {}}, desk.context);
    }
    CHECK(known);
    for (const Diagnostic& d : desk.diagnostics.all()) {
      INFO(render(d, desk.sources));
      CHECK(d.code == "E0204");  // only what a preset cannot know may be missing
    }
  }
}

TEST_CASE("a preset lies beneath the node's own keys, and says so") {
  Desk desk;
  Node root = load_tree_text("t.yaml",
                             "venues:\n"
                             "  dex: {preset: uniswap_v3, each: {ETH/USDC: {fee: 5bps}, A/B: {}}}\n"
                             "markets:\n"
                             "  pool:\n"
                             "    preset: aave_v3\n"
                             "    reserves: {wstETH: {bonus: 9%}, NEW: {ltv: 1%}}\n"
                             "  m: {preset: morpho, each: {rsETH: {lltv: 86%}}}\n",
                             default_sections(), desk.reading);
  resolve_presets(root, default_sections(), desk.reading);
  CHECK(desk.findings() == "");
  CHECK(show(*root.find("venues")) ==
        "{dex.ETH/USDC: {fee: 5bps, preset: uniswap_v3, pair: ETH/USDC, kind: "
        "concentrated_liquidity}, dex.A/B: {fee: 30bps, preset: uniswap_v3, pair: A/B, kind: "
        "concentrated_liquidity}}");
  const Node& reserves = *root.find("markets")->find("pool")->find("reserves");
  const Node& wsteth = *reserves.find("wstETH");
  CHECK(wsteth.find("bonus")->text == "9%");
  CHECK(wsteth.find("bonus")->origin == 0);
  CHECK(wsteth.find("ltv")->text == "78.5%");
  CHECK(wsteth.find("close_factor")->text == "50%");
  const Origin& origin = desk.reading.origins[wsteth.find("close_factor")->origin];
  CHECK(origin.preset == "aave_v3");
  CHECK(origin.source == "aave_v3_code");
  CHECK(origin.as_of == "v3.3");
  CHECK(reserves.find("NEW")->find("close_factor")->text == "50%");
  CHECK(root.find("markets")->find("m.rsETH")->find("collateral")->text == "rsETH");
  CHECK(root.find("markets")->find("pool")->find("reserve_defaults") == nullptr);
}

TEST_CASE("what a preset says is an assumption of the run") {
  Desk desk;
  Node root = load_tree_text("t.yaml", "oracles: {ETH: {preset: chainlink, latency: 9s}}\n",
                             default_sections(), desk.reading);
  resolve_presets(root, default_sections(), desk.reading);
  FeedSpec feed;
  constexpr std::array<std::string_view, 2> aside{"preset", "kind"};
  CHECK(read_fields(*root.find("oracles")->find("ETH"), feed, "oracles.ETH", {"oracle", "ETH", {}},
                    desk.context, aside));
  CHECK(feed.latency.value == 9);
  CHECK(feed.deviation.value == 0.005);
  bool said = false;
  for (const Assumption& a : desk.context.assumptions) {
    CHECK(a.path != "oracles.ETH.latency");
    said = said || (a.path == "oracles.ETH.heartbeat" && a.text == "1h" &&
                    a.source == "chainlink: Chainlink ETH/USD on Ethereum mainnet (2024-01-01)");
  }
  CHECK(said);
}

TEST_CASE("off overrules a preset") {
  Desk desk;
  Node root = load_tree_text("t.yaml", "oracles: {ETH: {preset: chainlink, heartbeat: off}}\n",
                             default_sections(), desk.reading);
  resolve_presets(root, default_sections(), desk.reading);
  FeedSpec feed;
  constexpr std::array<std::string_view, 2> aside{"preset", "kind"};
  read_fields(*root.find("oracles")->find("ETH"), feed, "oracles.ETH", {"oracle", "ETH", {}},
              desk.context, aside);
  CHECK_FALSE(feed.heartbeat);
}

TEST_CASE("a preset nobody knows, or of another section") {
  Desk desk;
  Node root = load_tree_text("t.yaml",
                             "oracles: {ETH: {preset: chianlink}}\n"
                             "venues: {a: {preset: morpho}, b: {preset: [x]}, c: {preset: zzz}}\n",
                             default_sections(), desk.reading);
  resolve_presets(root, default_sections(), desk.reading);
  CHECK(
      desk.findings() ==
      "t.yaml:1:25: error E0207: no preset 'chianlink' for oracles\n"
      "    1 | oracles: {ETH: {preset: chianlink}}\n"
      "      |                         ^^^^^^^^^ did you mean 'chainlink'?\n"
      "t.yaml:2:22: error E0209: 'morpho' is a preset of markets\n"
      "    2 | venues: {a: {preset: morpho}, b: {preset: [x]}, c: {preset: zzz}}\n"
      "      |                      ^^^^^^ move the node to 'markets'\n"
      "t.yaml:2:43: error E0201: 'preset' takes one name\n"
      "    2 | venues: {a: {preset: morpho}, b: {preset: [x]}, c: {preset: zzz}}\n"
      "      |                                           ^ write 'preset: aave_v3'\n"
      "t.yaml:2:61: error E0207: no preset 'zzz' for venues\n"
      "    2 | venues: {a: {preset: morpho}, b: {preset: [x]}, c: {preset: zzz}}\n"
      "      |                                                             ^^^ there are: "
      "balancer_stable, balancer_weighted, curve_crypto, gmx_v2_swap, llamma, order_book, outside, "
      "stableswap, stableswap_ng, uniswap_v2, uniswap_v3\n");
}
